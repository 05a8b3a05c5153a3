"""Who newcomers are: the columns of heads of household and their children, from their identities alone.

All newcomers of a month are made as one batch, since what is drawn for a person depends on no other.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import gammaincinv

from irregsim.model.chance import pick
from irregsim.model.compiled import twinned
from irregsim.model.draws import UInt64Array
from irregsim.model.hosts import slot_keys
from irregsim.model.month.identity import established_at_entry
from irregsim.model.month.minors import months_to_adulthood
from irregsim.model.population import person_ids, within_groups
from irregsim.model.values import At
from irregsim.model.world import World
from irregsim.vocabulary import reference
from irregsim.vocabulary.codes import Decision, Household, Route, Strategy

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]
#: Columns of some persons by name, each of shape (n,).
Columns = dict[str, npt.NDArray[Any]]

#: Cumulative shares of the places where former asylum seekers begin.
FORMER = np.cumsum([p.former_asylum_share for p in reference.places()])
#: Cumulative shares of the places where persons who never sought asylum begin.
NEVER = np.cumsum([p.never_asylum_share for p in reference.places()])
#: By route: who sought asylum, who lost a permit, and who may come with forged papers; and the decision held.
SOUGHT = np.isin(list(Route), (Route.ASYLUM_REJECTED, Route.DUBLIN, *range(Route.VANISHED, Route.LEFT_CARE + 1)))
_LOST_PERMIT = np.isin(list(Route), range(Route.FAMILY_PERMIT_LOST, Route.PERMIT_REVOKED + 1))
MAY_FORGE = np.isin(list(Route), (Route.WITHOUT_PERMIT, Route.VISA_OVERSTAY))
DECISION = np.where(SOUGHT, int(Decision.DUTY_TO_LEAVE), int(Decision.NONE))
DECISION[Route.PENAL_EXPULSION] = int(Decision.EXPELLED_PENAL)
# Who vanished before a decision has none; the duty to leave of a minor begins at 18 (F 9.1, 10.1; M115, M116).
DECISION[[Route.VANISHED, Route.LEFT_CARE]] = int(Decision.NONE)

#: Draws that say who arrives with whom: heads of household that a thinning keeps, and their children.
HOUSEHOLD = ("birth_rank", "birth_family", "birth_children")
#: Draws that make a head of household, once in a lifetime.
BIRTH = (
    "birth_age",
    "birth_sex",
    "birth_place",
    "birth_identity",
    "birth_forged_papers",
    "birth_care_need",
    "birth_tax_card",
    "birth_elderly_parent",
    "birth_past_months",
    "birth_conviction",
    "birth_child_status",
    "birth_has_tie",
    "birth_tie_count",
)
#: Draws that make a child.
CHILD_BIRTH = ("birth_age", "birth_sex", "birth_care_need")
#: Draws that make a tie, under a key for each.
TIE_BIRTH = ("birth_tie_far", "birth_tie_host")
#: What of a guardian's is its children's too.
_OF_GUARDIAN = (
    "country",
    "route",
    "place",
    "strategy",
    "entry_month",
    "strategy_start",
    "is_sought_asylum",
    "decision",
    "is_identity_established",
    "child_status",
)
#: Longest stay before the first month, months.
LONGEST_PAST = 420.0
QUANTILES = np.linspace(0.0, 0.9999, 4096)


@lru_cache(maxsize=8)
def _gamma_ages(mean: float, sd: float) -> FloatArray:
    """Quantiles of a gamma distribution at `QUANTILES`, years; a table, because the inverse is slow."""
    shape = (mean / sd) ** 2
    return np.asarray(gammaincinv(shape, QUANTILES) * mean / shape)


def arrive(
    world: World, at: At, entry_month: int, route: IntArray, country: IntArray, count: IntArray
) -> tuple[IntArray, IntArray, IntArray]:
    """Adds the persons of some (route, country) groups, who have yet to find a beginning.

    Args:
        world: The replicate.
        at: Values of the month.
        entry_month: As in `inflow.admit`, and so are the others.
        route: `Route` of each group, shape (groups,).
        country: Country index of each group, shape (groups,).
        count: Heads of each group, shape (groups,).

    Returns:
        Rows of heads of household, rows of their children, and where each child's guardian is among the heads.
    """
    heads, kids, guardian = _arrive(world, at, entry_month, route, country, count)
    return heads, kids, guardian


@twinned
def _arrive(
    world: World, at: At, entry_month: int, route: IntArray, country: IntArray, count: IntArray
) -> tuple[IntArray, IntArray, IntArray]:
    columns, guardian = newcomers(world, at, entry_month, route, country, count)
    everybody = world.population.add(**columns)
    heads, kids = np.split(everybody, [len(everybody) - len(guardian)])
    return heads, kids, guardian


def newcomers(
    world: World, at: At, entry_month: int, route: IntArray, country: IntArray, count: IntArray
) -> tuple[Columns, IntArray]:
    """Columns of the persons of some (route, country) groups, before they have found a beginning.

    Args:
        world: The replicate.
        at: Values of the month.
        entry_month: As in `inflow.admit`, and so are the others.
        route: `Route` of each group, shape (groups,).
        country: Country index of each group, shape (groups,).
        count: Heads of each group, shape (groups,).

    Returns:
        Columns of heads of household, then of children, and where each child's guardian is among the heads.
    """
    heads, children = _heads(world, at, entry_month, route, country, count)
    guardian = np.repeat(np.arange(len(children)), children)
    kids = _children(world, at, heads, guardian, within_groups(children) + 1)
    kids["guardian"] = len(world.population) + guardian
    # What children do not have is 0, or False, of them.
    none = {kind: np.zeros(len(guardian), dtype=kind) for kind in (np.int64, np.bool_)}
    columns = {
        name: np.concatenate([column, kids[name] if name in kids else none[column.dtype.type]])
        for name, column in heads.items()
    }
    return columns, guardian


def _heads(
    world: World, at: At, entry_month: int, route: IntArray, country: IntArray, count: IntArray
) -> tuple[Columns, IntArray]:
    """Columns of heads of household, as `admit` is given them, and how many children each has, shape (heads,)."""
    draws = world.draws
    rank = within_groups(count)
    route, country = np.repeat(route, count), np.repeat(country, count)
    ids = person_ids(entry_month, route, country, rank, 0)
    key = draws.keys(ids)
    # Means count persons; a route with children admits fewer heads: those ranks that a thinning draw keeps.
    rank_u, family_u, children_u = draws.uniforms(HOUSEHOLD, -1, key)
    share, guardians = family_shares(at)
    kept = np.flatnonzero(rank_u >= share[route])
    route, country, ids, key = route[kept], country[kept], ids[kept], key[kept]
    is_guardian = family_u[kept] < guardians[route]
    children = np.where(is_guardian, children_of_guardians(at, children_u[kept]), 0)

    u = dict(zip(BIRTH, draws.uniforms(BIRTH, -1, key), strict=True))
    n, sought, young = len(ids), SOUGHT[route], route == Route.LAPSED_YOUNG
    is_elderly = (route == Route.VISA_OVERSTAY) & (
        u["birth_elderly_parent"] < at.elderly_parent_share * at.overstay_relative_share
    )
    age_u = u["birth_age"]
    age = 18.0 + np.interp(age_u, QUANTILES, ages_at_entry(at))
    age[is_elderly] = 67.0 + 18.0 * age_u[is_elderly]
    # Young persons after child welfare (F 4.6; M084).
    age[young] = 18.0 + 6.0 * age_u[young]
    aged_out, left_care = route == Route.AGED_OUT, route == Route.LEFT_CARE
    age[aged_out] = 18.0 + age_u[aged_out] / 12.0
    age[left_care] = 18.0 - np.interp(age_u[left_care], QUANTILES, months_left(at)) / 12.0
    begun = np.full(n, max(entry_month, 0))
    if entry_month < 0:
        # A few have been here for very long (F 2.1: the scheme of 2021): a tail longer than the exponential's.
        past = (-np.log(u["birth_past_months"])) ** at.initial_months_power * at.initial_months_mean
        begun -= np.floor(np.minimum(past, LONGEST_PAST)).astype(np.int64)
    place = pick(NEVER, u["birth_place"])
    place[sought] = pick(FORMER, u["birth_place"][sought])
    penal = route == Route.PENAL_EXPULSION
    ill_chance = at.care_need_at_entry_share * np.where(age >= 67, at.care_need_elderly_ratio, 1.0)
    ties = _ties(world, at, key, country, place, sought, u)
    return {
        "person_id": ids,
        "key": key,
        "country": country,
        "route": route,
        "place": place,
        "strategy": np.full(n, int(Strategy.FRITT_FALL)),
        "entry_month": begun,
        "strategy_start": np.full(n, world.month),
        "birth_month": world.month - np.floor(age * 12).astype(np.int64),
        "is_sought_asylum": sought,
        "is_female": u["birth_sex"] < women_shares(at)[route],
        "household": np.where(is_guardian, int(Household.GUARDIAN), int(Household.ALONE)),
        "guardian": np.full(n, -1),
        "child_status": np.where(is_guardian, child_statuses(at, u["birth_child_status"]), 0),
        "decision": DECISION[route],
        "is_identity_established": u["birth_identity"] < established_at_entry(at, country, sought),
        "has_forged_papers": MAY_FORGE[route] & (u["birth_forged_papers"] < at.forged_papers_share),
        "has_care_need": u["birth_care_need"] < np.minimum(1.0, ill_chance),
        "is_convicted": penal | (u["birth_conviction"] < at.conviction_share),
        "has_tax_card": sought & (u["birth_tax_card"] < tax_card_share(at)),
        "tie_0": ties[0],
        "tie_1": ties[1],
        "tie_2": ties[2],
    }, children


def child_statuses(at: At, uniform: FloatArray) -> IntArray:
    """Status of a guardian's children: 0 none, 1 permit, 2 citizen (F 6.4; shares are assumptions)."""
    citizen, permit = at.child_citizen_share, at.child_permit_share
    return np.where(uniform < citizen, 2, np.where(uniform < citizen + permit, 1, 0))


def children_of_guardians(at: At, uniform: FloatArray) -> IntArray:
    """Children of each guardian, one to four: one, and a binomial of three (F 6; M014).

    Args:
        at: Reads ``children_per_guardian_mean``.
        uniform: In (0, 1), shape (n,).
    """
    return 1 + pick(child_numbers(at), uniform)


def child_numbers(at: At) -> FloatArray:
    """Cumulative shares of guardians with one to four children; reads ``children_per_guardian_mean``."""
    share = (at.children_per_guardian_mean - 1.0) / 3.0
    shares = [(1 - share) ** 3, 3 * share * (1 - share) ** 2, 3 * share**2 * (1 - share), share**3]
    return np.asarray(np.cumsum(shares))


def family_shares(at: At) -> tuple[FloatArray, FloatArray]:
    """Share of children among newcomers, and of guardians among the adults, by route, each of shape (routes,).

    Args:
        at: Reads ``child_share_in_centre``, ``child_share_permit_lost``, ``child_share_vanished`` and
            ``children_per_guardian_mean``.
    """
    share = np.where(SOUGHT, at.child_share_in_centre, np.where(_LOST_PERMIT, at.child_share_permit_lost, 0.0))
    share[Route.VANISHED] = at.child_share_vanished
    share[[Route.AGED_OUT, Route.LEFT_CARE]] = 0.0
    return share, share / ((1.0 - share) * at.children_per_guardian_mean)


def women_shares(at: At) -> FloatArray:
    """Share of women among heads of household by route, shape (routes,).

    Args:
        at: Reads ``women_share_former_asylum``, ``women_share_never_asylum``, ``women_share_visa_lost`` and
            ``women_share_lapsed_young``.
    """
    women = np.where(SOUGHT, at.women_share_former_asylum, at.women_share_never_asylum)
    women[Route.VISA_LOST] = at.women_share_visa_lost
    women[[Route.LAPSED_YOUNG, Route.AGED_OUT, Route.LEFT_CARE]] = at.women_share_lapsed_young
    return np.asarray(women)


def ages_at_entry(at: At) -> FloatArray:
    """Years above 18 at `QUANTILES`; reads ``age_at_entry_mean_years`` and ``age_at_entry_sd_years``."""
    return _gamma_ages(at.age_at_entry_mean_years - 18.0, at.age_at_entry_sd_years)


def months_left(at: At) -> FloatArray:
    """Months to the age of 18 at `QUANTILES` of those who leave care before it, as `months_to_adulthood`."""
    return months_to_adulthood(at, QUANTILES)


def _ties(
    world: World,
    at: At,
    key: UInt64Array,
    country: IntArray,
    place: IntArray,
    sought: BoolArray,
    u: Columns,
) -> IntArray:
    """Hosts each newcomer could turn to: none for many, several for some (F 4.3, 4.4; M019, M041, M042).

    Returns:
        Shape (3, n); -1 for none.
    """
    former, never = at.tie_at_entry_former_asylum_share, at.tie_at_entry_never_asylum_share
    has_any = u["birth_has_tie"] < np.where(sought, former, never)
    extra = np.floor(np.log(u["birth_tie_count"]) / np.log(another_tie_share(at)))
    count = np.where(has_any, 1 + np.minimum(extra, 2).astype(np.int64), 0)
    who, slot = np.repeat(np.arange(len(key)), count), within_groups(count)
    keys = slot_keys(key[who], slot)
    far_u, host_u = world.draws.uniforms(TIE_BIRTH, -1, keys)
    where = np.where(far_u < at.tie_in_oslo_share, 0, place[who])
    ties = np.full((3, len(key)), -1)
    ties[slot, who] = world.hosts.of(country[who], where, host_u)
    return ties


def another_tie_share(at: At) -> float:
    """Chance of one more tie for who has one: it gives the stated mean over all persons.

    Args:
        at: Reads ``tie_at_entry_former_asylum_share``, ``tie_at_entry_never_asylum_share`` and
            ``hosts_per_migrant_mean``.
    """
    former, never = at.tie_at_entry_former_asylum_share, at.tie_at_entry_never_asylum_share
    return float(max(1e-9, 1.0 - 0.5 * (former + never) / at.hosts_per_migrant_mean))


def tax_card_share(at: At) -> float:
    """Chance that a newcomer who sought asylum holds a tax card that is still good (M034; M114).

    Args:
        at: Reads the lever ``tax_card``, ``tax_card_at_entry_share`` and ``tax_card_kept_ratio``.
    """
    return float(at.tax_card_at_entry_share * at.tax_card_kept_ratio) if at.tax_card else 0.0


def _children(world: World, at: At, heads: Columns, guardian: IntArray, number: IntArray) -> Columns:
    """Children of guardians: persons of their own who go where the guardian goes (F 6; M014).

    Args:
        world: The replicate.
        at: Values of the month.
        heads: Columns of heads of household.
        guardian: Where each child's guardian is among the heads, shape (children,).
        number: The number of each among the guardian's children, from 1 up.

    Returns:
        Columns of the children, but for ``guardian``.
    """
    ids = heads["person_id"][guardian] + number.astype(np.uint64)
    key = world.draws.keys(ids)
    age, sex, care_need = world.draws.uniforms(CHILD_BIRTH, -1, key)
    none = np.full(len(ids), -1)
    return {
        "person_id": ids,
        "key": key,
        "household": np.full(len(ids), int(Household.CHILD)),
        "is_female": sex < 0.5,
        "birth_month": world.month - np.floor(age * 16.0 * 12).astype(np.int64),
        "has_care_need": care_need < at.care_need_at_entry_share,
        "tie_0": none,
        "tie_1": none,
        "tie_2": none,
        **{name: heads[name][guardian] for name in _OF_GUARDIAN},
    }
