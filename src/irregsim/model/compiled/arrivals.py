"""Newcomers as loops: who they are, from their identities alone, written straight into the population.

As in `machinery`: the twin of a function with numpy, the same bits, and no number of another file in the compiled
functions.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from irregsim.model.compiled.loops import compiled, mixed, uniform
from irregsim.model.history import COUNTRIES
from irregsim.model.hosts import slot_keys
from irregsim.model.month import newcomers
from irregsim.model.month.identity import established_at_entry
from irregsim.model.population import BLOCKS, DEFAULTS
from irregsim.model.values import At
from irregsim.model.world import World
from irregsim.vocabulary.codes import Household, Route, Strategy

IntArray = npt.NDArray[np.int64]


# -- draws, as in `draws` --------------------------------------------------------------------------------------------


@compiled
def _key(identity: Any, base: Any) -> Any:
    return mixed(mixed(identity + np.uint64(0x9E3779B97F4A7C15)) ^ base)


@compiled
def _pick(cumulative: Any, uniform: float) -> int:
    k = 0
    while k < len(cumulative) - 1 and cumulative[k] <= uniform:
        k += 1
    return k


@compiled
def _between(x: float, points: Any, values: Any) -> Any:
    """A value by straight lines between points at equal distances, the first at 0, as `numpy.interp`."""
    last = len(points) - 1
    if x > points[last]:
        return values[last]
    j = min(int(x / points[last] * last), last - 1)
    while points[j] > x:
        j -= 1
    while j < last and points[j + 1] <= x:
        j += 1
    if j == last:
        return values[last]
    return (values[j + 1] - values[j]) / (points[j + 1] - points[j]) * (x - points[j]) + values[j]


# -- who comes -------------------------------------------------------------------------------------------------------


@compiled
def _heads(
    entry_month: int, base: Any, groups: Any, salts: Any, share: Any, guardians: Any, child_numbers: Any, ids: Any
) -> Any:
    """Heads of household whom the thinning keeps.

    Returns:
        Their route, country and number of children, shape (3, heads); their identities and keys stand in ``ids``.
    """
    out = np.empty((3, ids.shape[1]), np.int64)
    found = 0
    for g in range(groups.shape[1]):
        route, country = groups[0, g], groups[1, g]
        first = ((entry_month + 1) << 44) | (route << 38) | (country << 28)
        for rank in range(groups[2, g]):
            identity = np.uint64(first | (rank << 4))
            key = _key(identity, base)
            if uniform(key ^ salts[0]) < share[route]:
                continue
            children = 0
            if uniform(key ^ salts[1]) < guardians[route]:
                children = 1 + _pick(child_numbers, uniform(key ^ salts[2]))
            ids[0, found], ids[1, found] = identity, key
            out[0, found], out[1, found], out[2, found] = route, country, children
            found += 1
    return out[:, :found]


@compiled
def _write(
    whole: Any,
    flags: Any,
    keys: Any,
    defaults: Any,
    columns: Any,
    flag_columns: Any,
    first: int,
    entry_month: int,
    month: int,
    base: Any,
    ids: Any,
    heads: Any,
    salts: Any,
    tie_salts: Any,
    slots: Any,
    by_route: Any,
    decision: Any,
    identity_share: Any,
    places: Any,
    points: Any,
    ages: Any,
    months_left: Any,
    hosts: Any,
    codes: Any,
    numbers: Any,
    guardian: Any,
) -> None:
    """Columns of heads of household, then of their children; see `newcomers._heads` and `newcomers._children`."""
    c_country, c_route, c_place, c_strategy, c_entry, c_start, c_birth = columns[:7]
    c_household, c_guardian, c_status, c_decision, c_tie = columns[7:]
    f_sought, f_female, f_identity, f_forged, f_care, f_card, f_convicted = flag_columns
    young, aged_out, left_care, overstay, penal, alone, is_guardian, is_child, falls = codes
    elderly_share, initial_power, initial_mean, longest, care_share, care_elderly_ratio = numbers[:6]
    citizen_share, citizen_or_permit_share, forged_share, convicted_share, card_share = numbers[6:11]
    tie_former, tie_never, log_another, far_share = numbers[11:]
    women, sought_of, may_forge = by_route
    size, start = hosts
    count, total = heads.shape[1], heads.shape[1] + len(guardian)
    for k in range(len(whole)):
        for i in range(first, first + total):
            whole[k, i] = defaults[0][k, 0]
    for k in range(len(flags)):
        for i in range(first, first + total):
            flags[k, i] = defaults[1][k, 0]
    child = 0
    for a in range(count):
        i, key = first + a, ids[1, a]
        route, country, children = heads[0, a], heads[1, a], heads[2, a]
        sought = sought_of[route]
        keys[0, i], keys[1, i] = ids[0, a], key
        u = uniform(key ^ salts[0])
        age = 18.0 + _between(u, points, ages)
        if route == overstay and uniform(key ^ salts[7]) < elderly_share:
            age = 67.0 + 18.0 * u
        if route == young:
            age = 18.0 + 6.0 * u
        if route == aged_out:
            age = 18.0 + u / 12.0
        if route == left_care:
            age = 18.0 - _between(u, points, months_left) / 12.0
        begun = max(entry_month, 0)
        if entry_month < 0:
            past = (-np.log(uniform(key ^ salts[8]))) ** initial_power * initial_mean
            begun -= int(np.floor(min(past, longest)))
        place = _pick(places[0 if sought else 1], uniform(key ^ salts[2]))
        whole[c_country, i], whole[c_route, i], whole[c_place, i] = country, route, place
        whole[c_strategy, i], whole[c_entry, i], whole[c_start, i] = falls, begun, month
        whole[c_birth, i] = month - int(np.floor(age * 12))
        whole[c_household, i] = is_guardian if children > 0 else alone
        if children > 0:
            u = uniform(key ^ salts[10])
            whole[c_status, i] = 2 if u < citizen_share else (1 if u < citizen_or_permit_share else 0)
        whole[c_decision, i] = decision[route]
        flags[f_sought, i] = sought
        flags[f_female, i] = uniform(key ^ salts[1]) < women[route]
        established = uniform(key ^ salts[3]) < identity_share[1 if sought else 0, country]
        flags[f_identity, i] = established
        flags[f_forged, i] = may_forge[route] and uniform(key ^ salts[4]) < forged_share
        ill = min(1.0, care_share * (care_elderly_ratio if age >= 67 else 1.0))
        flags[f_care, i] = uniform(key ^ salts[5]) < ill
        flags[f_convicted, i] = route == penal or uniform(key ^ salts[9]) < convicted_share
        flags[f_card, i] = sought and uniform(key ^ salts[6]) < card_share
        if uniform(key ^ salts[11]) < (tie_former if sought else tie_never):
            ties = 1 + int(min(np.floor(np.log(uniform(key ^ salts[12])) / log_another), 2.0))
            for slot in range(ties):
                tie = key + slots[slot]
                where = 0 if uniform(tie ^ tie_salts[0]) < far_share else place
                whole[c_tie + slot, i] = start[country, where] + int(uniform(tie ^ tie_salts[1]) * size[country, where])
        for number in range(1, children + 1):
            j = first + count + child
            guardian[child] = a
            child += 1
            identity = ids[0, a] + np.uint64(number)
            key = _key(identity, base)
            keys[0, j], keys[1, j] = identity, key
            whole[c_country, j], whole[c_route, j], whole[c_place, j] = country, route, place
            whole[c_strategy, j], whole[c_entry, j], whole[c_start, j] = falls, begun, month
            whole[c_birth, j] = month - int(np.floor(uniform(key ^ salts[0]) * 16.0 * 12))
            whole[c_household, j], whole[c_guardian, j] = is_child, i
            whole[c_status, j], whole[c_decision, j] = whole[c_status, i], decision[route]
            flags[f_sought, j], flags[f_identity, j] = sought, established
            flags[f_female, j] = uniform(key ^ salts[1]) < 0.5
            flags[f_care, j] = uniform(key ^ salts[5]) < care_share


def _positions(kind: type, *names: str) -> tuple[int, ...]:
    return tuple(BLOCKS[kind].index(name) for name in names)


_COLUMNS: Final = (
    *_positions(np.int64, "country", "route", "place", "strategy", "entry_month", "strategy_start", "birth_month"),
    *_positions(np.int64, "household", "guardian", "child_status", "decision", "tie_0"),
)
_FLAGS: Final = (
    *_positions(np.bool_, "is_sought_asylum", "is_female", "is_identity_established", "has_forged_papers"),
    *_positions(np.bool_, "has_care_need", "has_tax_card", "is_convicted"),
)
_CODES: Final = (
    *map(int, (Route.LAPSED_YOUNG, Route.AGED_OUT, Route.LEFT_CARE, Route.VISA_OVERSTAY, Route.PENAL_EXPULSION)),
    *map(int, (Household.ALONE, Household.GUARDIAN, Household.CHILD, Strategy.FRITT_FALL)),
)
_SLOTS: Final = slot_keys(np.zeros(3, dtype=np.uint64), np.arange(3))
_DEFAULTS: Final = (DEFAULTS[np.int64], DEFAULTS[np.bool_])
_PLACES: Final = (newcomers.FORMER, newcomers.NEVER)
_GRID: Final = np.tile(np.arange(COUNTRIES), 2), np.repeat([False, True], COUNTRIES)


def arrive(
    world: World, at: At, entry_month: int, route: IntArray, country: IntArray, count: IntArray
) -> tuple[IntArray, IntArray, IntArray]:
    """Twin of `newcomers._arrive`."""
    p, draws, hosts = world.population, world.draws, world.hosts
    groups = np.array((route, country, count), dtype=np.int64)
    ids: npt.NDArray[np.uint64] = np.empty((2, int(count.sum())), dtype=np.uint64)
    share, guardians = newcomers.family_shares(at)
    once = draws.salts(newcomers.HOUSEHOLD + newcomers.BIRTH + newcomers.TIE_BIRTH, -1)
    family, birth, tie = np.split(once, (len(newcomers.HOUSEHOLD), -len(newcomers.TIE_BIRTH)))
    heads = _heads(int(entry_month), draws.base, groups, family, share, guardians, newcomers.child_numbers(at), ids)
    guardian: IntArray = np.empty(int(heads[2].sum()), dtype=np.int64)
    total = heads.shape[1] + len(guardian)
    first = p.make_room(total)
    whole, flags, keys = p.blocks
    numbers = (
        at.elderly_parent_share * at.overstay_relative_share,
        at.initial_months_power,
        at.initial_months_mean,
        newcomers.LONGEST_PAST,
        at.care_need_at_entry_share,
        at.care_need_elderly_ratio,
        at.child_citizen_share,
        at.child_citizen_share + at.child_permit_share,
        at.forged_papers_share,
        at.conviction_share,
        newcomers.tax_card_share(at),
        at.tie_at_entry_former_asylum_share,
        at.tie_at_entry_never_asylum_share,
        np.log(newcomers.another_tie_share(at)),
        at.tie_in_oslo_share,
    )
    _write(
        whole,
        flags,
        keys,
        _DEFAULTS,
        _COLUMNS,
        _FLAGS,
        first,
        int(entry_month),
        world.month,
        draws.base,
        ids,
        heads,
        birth,
        tie,
        _SLOTS,
        (newcomers.women_shares(at), newcomers.SOUGHT, newcomers.MAY_FORGE),
        newcomers.DECISION,
        established_at_entry(at, *_GRID).reshape(2, COUNTRIES),
        _PLACES,
        newcomers.QUANTILES,
        newcomers.ages_at_entry(at),
        newcomers.months_left(at),
        (hosts.stratum_size, hosts.stratum_start),
        _CODES,
        tuple(map(float, numbers)),
        guardian,
    )
    p._show()
    everybody = np.arange(first, first + total)
    return everybody[: heads.shape[1]], everybody[heads.shape[1] :], guardian
