"""How newcomers begin, as loops: the twin of `inflow._begin`.

As in `machinery`: the same bits as with numpy, and no number of another file in the compiled functions. Places are
assigned by the functions of `month.placing`, between two loops.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from irregsim.model.centres import PLACE_OF
from irregsim.model.compiled.loops import compiled, uniform
from irregsim.model.history import FLOW, GROUNDS, NO_PLACE
from irregsim.model.month import inflow
from irregsim.model.month.placing import place_in_centres, place_with_hosts
from irregsim.model.population import BLOCKS
from irregsim.model.values import At
from irregsim.model.world import World
from irregsim.vocabulary.codes import CAUSE_CODE, INFLOW, Decision, Ground, Route, Strategy, Substrategy

IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]


@compiled
def _look(
    whole: Any, flags: Any, keys: Any, rows: Any, month: int, cumulative: Any, salts: Any, hosts: Any, codes: Any
) -> Any:
    """What each newcomer looks for, and whom they ask.

    Returns:
        The strategy of each, shape (n,); positions of those who look for a centre, a host and a job; the host asked.
    """
    c_route, c_country, c_place, c_entry, c_birth, c_tie, f_sought = codes[:7]
    synlig, arbeidende, avhengig, elderly_months = codes[7:]
    size, start = hosts
    n, others = len(rows), len(cumulative) - 1
    wanted = np.empty(n, np.int64)
    seek, count, host = np.empty((3, n), np.int64), np.zeros(3, np.int64), np.empty(n, np.int64)
    for a in range(n):
        i = rows[a]
        route = whole[c_route, i]
        if whole[c_entry, i] < 0 and not flags[f_sought, i]:
            route = others
        u = uniform(keys[1, i] ^ salts[0])
        s = 0
        for k in range(cumulative.shape[1] - 1):
            s += u >= cumulative[route, k]
        if s == arbeidende and month - whole[c_birth, i] >= elderly_months:
            s = avhengig
        wanted[a] = s
        if s == synlig:
            seek[0, count[0]] = a
            count[0] += 1
        elif s == avhengig:
            h = whole[c_tie, i]
            if h < 0:
                # Those who begin with a provider came to somebody, known beforehand or of the same background.
                c, p = whole[c_country, i], whole[c_place, i]
                h = start[c, p] + int(uniform(keys[1, i] ^ salts[1]) * size[c, p])
                whole[c_tie, i] = h
            host[count[1]] = h
            seek[1, count[1]] = a
            count[1] += 1
        elif s == arbeidende:
            seek[2, count[2]] = a
            count[2] += 1
    return wanted, seek[0, : count[0]], seek[1, : count[1]], seek[2, : count[2]], host[: count[1]]


@compiled
def _begin(
    whole: Any,
    flags: Any,
    keys: Any,
    rows: Any,
    kids: Any,
    guardian: Any,
    month: int,
    wanted: Any,
    seek: Any,
    centre: Any,
    host: Any,
    served: Any,
    employer: Any,
    salts: Any,
    shares: Any,
    tables: Any,
    columns: Any,
    strategies: Any,
    subtypes: Any,
    causes: Any,
    grounds: Any,
    bounds: Any,
    flows: Any,
) -> bool:
    """Writes how everybody begins, and their flows as numbers; returns whether every code is inside its bound."""
    to_centre, to_host, to_job = seek
    c_route, c_country, c_place, c_birth, c_decision, c_centre, c_host, c_employer = columns[:8]
    c_strategy, c_substrategy, c_cell, f_sought, f_female, f_exploited = columns[8:]
    falls, arbeidende, avhengig, marginalisert, inflow_code, no_place_code, elderly_months = strategies
    relative, sex_sale, drugs, property_crime = subtypes
    started, no_place = causes
    place_of, host_place, host_type = tables
    n = len(rows)
    sub, cause = np.zeros(n, np.int64), np.full(n, started)
    for k in range(len(to_centre)):
        a = to_centre[k]
        whole[c_centre, rows[a]] = centre[k]
        if centre[k] >= 0:
            whole[c_place, rows[a]] = place_of[centre[k]]
        else:
            wanted[a], cause[a] = falls, no_place
    for k in range(len(to_host)):
        a = to_host[k]
        i = rows[a]
        if served[k]:
            whole[c_host, i], whole[c_place, i] = host[k], host_place[host[k]]
            # Old parents who were brought in live with their children, whatever else the host is (F 4.4; M092).
            is_old = month - whole[c_birth, i] >= elderly_months
            sub[a] = relative if is_old else host_type[host[k]]
        else:
            whole[c_host, i] = -1
            wanted[a] = falls
    for k in range(len(to_job)):
        a = to_job[k]
        i = rows[a]
        whole[c_employer, i] = employer[k]
        if employer[k] < 0:
            wanted[a] = falls
        else:
            flags[f_exploited, i] = uniform(keys[1, i] ^ salts[2]) < shares[0, 0]
    is_inside = True
    for a in range(n + len(kids)):
        if a < n:
            i, s, why = rows[a], wanted[a], cause[a]
            t = sub[a]
            if s == marginalisert:
                u, sex = uniform(keys[1, i] ^ salts[1]), 1 if flags[f_female, i] else 0
                t = sex_sale if u < shares[1, sex] else (drugs if u < shares[2, sex] else property_crime)
        else:
            g = guardian[a - n]
            i, s, why = kids[a - n], wanted[g], cause[g]
            if s in (arbeidende, marginalisert):
                s = avhengig
            t = relative if s == avhengig else 0
            for c in (c_place, c_centre, c_host):
                whole[c, i] = whole[c, rows[g]]
        whole[c_strategy, i], whole[c_substrategy, i] = s, t
        place, ground = whole[c_place, i], grounds[1 if flags[f_sought, i] else 0]
        if whole[c_route, i] == grounds[2]:
            ground = grounds[3]
        if whole[c_decision, i] == grounds[4]:
            ground = grounds[5]
        whole[c_cell, i] = place * grounds[6] + ground
        fields = (month, inflow_code, s, why, no_place_code, place, whole[c_country, i])
        code = 0
        for k in range(len(fields)):
            is_inside = is_inside and 0 <= fields[k] < bounds[k]
            code = code * bounds[k] + fields[k]
        flows[a] = code
    return is_inside


def _positions(kind: type, *names: str) -> tuple[int, ...]:
    return tuple(BLOCKS[kind].index(name) for name in names)


def _codes(*codes: int) -> tuple[int, ...]:
    return tuple(map(int, codes))


_ELDERLY: Final = 67 * 12
_SALTS: Final = ("birth_strategy", "birth_substrategy", "exploited_at_work")
_LOOKS: Final = (
    *_positions(np.int64, "route", "country", "place", "entry_month", "birth_month", "tie_0"),
    *_positions(np.bool_, "is_sought_asylum"),
    *_codes(Strategy.SYNLIG, Strategy.ARBEIDENDE, Strategy.AVHENGIG, _ELDERLY),
)
_COLUMNS: Final = (
    *_positions(np.int64, "route", "country", "place", "birth_month", "decision", "centre", "host", "employer"),
    *_positions(np.int64, "strategy", "substrategy", "cell"),
    *_positions(np.bool_, "is_sought_asylum", "is_female", "is_exploited"),
)
_STRATEGIES: Final = (
    *_codes(Strategy.FRITT_FALL, Strategy.ARBEIDENDE, Strategy.AVHENGIG, Strategy.MARGINALISERT),
    *_codes(INFLOW, NO_PLACE, _ELDERLY),
)
_SUBTYPES: Final = _codes(Substrategy.RELATIVE, Substrategy.SEX_SALE, Substrategy.DRUGS, Substrategy.PROPERTY)
_CAUSES: Final = _codes(CAUSE_CODE["start"], CAUSE_CODE["no_place"])
_GROUNDS: Final = (
    *_codes(Ground.NEVER_ASYLUM, Ground.ASYLUM, Route.DUBLIN, Ground.DUBLIN),
    *_codes(Decision.EXPELLED_PENAL, Ground.PENAL, GROUNDS),
)
_BOUNDS: Final = np.array(list(FLOW.values()))


def begin(world: World, at: At, rows: IntArray, kids: IntArray, guardian: IntArray) -> None:
    """Twin of `inflow._begin`."""
    p, hosts, month = world.population, world.hosts, world.month
    whole, flags, keys = p.blocks
    salts = world.draws.salts(_SALTS, -1)
    strata = hosts.stratum_size, hosts.stratum_start
    cumulative = inflow.start_shares(world, at)
    wanted, *seek, host = _look(whole, flags, keys, rows, month, cumulative, salts, strata, _LOOKS)
    to_centre, to_host, to_job = seek
    centre = place_in_centres(world, at, rows[to_centre], "birth_centre")
    served = place_with_hosts(world, at, rows[to_host], host)
    employer = inflow.first_jobs(world, at, rows[to_job])
    shares = np.empty((3, 2))
    shares[0] = at.exploited_worker_share
    shares[1:] = inflow.marginal_shares(at)
    flows: IntArray = np.empty(len(rows) + len(kids), dtype=np.int64)
    is_inside = _begin(
        whole,
        flags,
        keys,
        rows,
        kids,
        guardian,
        month,
        wanted,
        (to_centre, to_host, to_job),
        centre,
        host,
        served,
        employer,
        salts,
        shares,
        (PLACE_OF, hosts.place, hosts.type),
        _COLUMNS,
        _STRATEGIES,
        _SUBTYPES,
        _CAUSES,
        _GROUNDS,
        _BOUNDS,
        flows,
    )
    assert is_inside, "a newcomer has a code outside its bound in history.FLOW"
    world.history.add_flows(month, flows)
