"""The month's stocks, communities and sums of outcomes as loops, each the twin of a function with numpy.

As in `machinery`: the same bits, and no number of another file in the compiled functions.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from irregsim.model import simulate
from irregsim.model.compiled.loops import compiled
from irregsim.model.history import CITY_CODES, CITY_OF, COUNTRIES, OUTCOME_INDEX, PLACES, History
from irregsim.model.month.control import PRISON
from irregsim.model.month.needs import STAYS_LOOSELY
from irregsim.model.values import At
from irregsim.model.world import World
from irregsim.vocabulary.codes import FIRST_EXIT, Decision, Household, Route, Side, Strategy, Substrategy, year_of

IntArray = npt.NDArray[np.int64]

#: Days in a month, as in `month.needs`.
_DAYS: Final = 30.44


@compiled
def _record(
    strategy: Any,
    place: Any,
    country: Any,
    sought: Any,
    substrategy: Any,
    side: Any,
    route: Any,
    birth_month: Any,
    entry_month: Any,
    is_female: Any,
    household: Any,
    decision: Any,
    stocks: Any,
    by_country: Any,
    by_side: Any,
    groups: Any,
    duty: Any,
    dublin: Any,
    undecided: Any,
    feasibility: Any,
    codes: Any,
) -> None:
    month, first_exit, places, subs, sides, synlig, dublin_route, alone, vanished, none = codes
    for i in range(len(strategy)):
        s = strategy[i]
        if s >= first_exit:
            continue
        asked, c = (1 if sought[i] else 0), country[i]
        stocks[(s * places + place[i]) * 2 + asked] += 1
        by_country[c * 2 + (0 if s == synlig else 1)] += 1
        by_side[(s * subs + substrategy[i]) * sides + side[i]] += 1
        if s == synlig:
            if route[i] == dublin_route:
                dublin[c] += 1
            else:
                duty[c] += 1
        if sought[i] and (route[i] == vanished or decision[i] == none):
            undecided[c] += 1
        age, months = month - birth_month[i], month - entry_month[i]
        code = (s * 2 + asked) * 2 + (1 if is_female[i] else 0)
        code = (code * 3 + (age >= 216) + (age >= 804)) * 2 + (1 if household[i] != alone else 0)
        code = code * 5 + (months >= 12) + (months >= 60) + (months >= 120) + (months >= 192)
        groups[code * 4 + feasibility[c]] += 1


def record(world: World) -> None:
    """Twin of `simulate.record`."""
    p, history, month = world.population, world.history, world.month
    year = year_of(month)
    if year not in history.groups:
        history.groups[year] = np.zeros(int(np.prod(simulate.GROUP_SHAPE)), dtype=np.int64)
    tables = history.stocks[month], history.by_country[month], history.side[month]
    for table in tables:
        table[:] = 0
    duty, dublin = history.duty_in_centres[month], history.dublin_in_centres[month]
    undecided = history.without_rejection[month]
    if month % 12 != 11:  # counted at the end of a year only
        duty, dublin, undecided = np.zeros((3, COUNTRIES), np.int64)
    for table in (duty, dublin, undecided):
        table[:] = 0
    codes = np.array(
        (
            *(month, FIRST_EXIT, PLACES, len(Substrategy), len(Side), Strategy.SYNLIG, Route.DUBLIN, Household.ALONE),
            *(Route.VANISHED, Decision.NONE),
        )
    )
    _record(
        p.strategy,
        p.place,
        p.country,
        p.is_sought_asylum,
        p.substrategy,
        p.side,
        p.route,
        p.birth_month,
        p.entry_month,
        p.is_female,
        p.household,
        p.decision,
        *tables,
        history.groups[year],
        duty,
        dublin,
        undecided,
        simulate.feasibility_groups(month, world.values.knowledge),
        codes,
    )


@compiled
def _communities(
    strategy: Any,
    route: Any,
    country: Any,
    tie_0: Any,
    tie_1: Any,
    tie_2: Any,
    host: Any,
    circle: Any,
    stock: Any,
    members: Any,
    first_exit: int,
    dublin: int,
) -> None:
    nobody = len(members) - 1
    for i in range(len(strategy)):
        if strategy[i] < first_exit and route[i] != dublin:
            stock[country[i]] += 1
            c0, c1, c2, c3 = circle[tie_0[i]], circle[tie_1[i]], circle[tie_2[i]], circle[host[i]]
            if c1 == c0:
                c1 = nobody
            if c2 in (c0, c1):
                c2 = nobody
            if c3 in (c0, c1, c2):
                c3 = nobody
            members[c0] += 1
            members[c1] += 1
            members[c2] += 1
            members[c3] += 1


def communities(world: World) -> tuple[IntArray, IntArray]:
    """Twin of `simulate.communities`."""
    p, hosts = world.population, world.hosts
    stock: IntArray = np.zeros(COUNTRIES, dtype=np.int64)
    members: IntArray = np.zeros(hosts.circle_count + 1, dtype=np.int64)
    columns = p.strategy, p.route, p.country, p.tie_0, p.tie_1, p.tie_2, p.host
    _communities(*columns, hosts.circle, stock, members, int(FIRST_EXIT), int(Route.DUBLIN))
    return stock, members


#: Outcomes of `month.needs` in the order of the rows of `_sums`; the last is added to one that has a row already.
_OUTCOMES: Final = (
    "roofless_person_months",
    "homeless_person_months",
    "exploitative_work_person_months",
    "wages_withheld_nok",
    "exploitative_dependence_person_months",
    "violent_relation_person_months",
    "child_months_in_centre",
    "child_months_outside",
    "citizen_children_with_parent_at_risk",
    "centre_bed_days",
    "detention_days",
    "homeless_person_months",
)


@compiled
def _sums(
    strategy: Any,
    place: Any,
    guardian: Any,
    substrategy: Any,
    host: Any,
    is_exploited: Any,
    in_violence: Any,
    child_status: Any,
    household: Any,
    transport_due: Any,
    track: Any,
    city_of: Any,
    exploitative_host: Any,
    loosely: Any,
    bed: Any,
    codes: Any,
    numbers: Any,
    sums: Any,
) -> None:
    first_exit, synlig, avhengig, falls, survival_sex, child, prison = codes
    roofless, wage, days, held_days = numbers
    for i in range(len(strategy)):
        s = strategy[i]
        if s >= first_exit:
            continue
        c, is_child = city_of[place[i]], guardian[i] >= 0
        if s == falls:
            sums[0, c] += roofless * (1.0 - bed[c])
            sums[1, c] += 1.0
        elif s == avhengig:
            if loosely[substrategy[i]]:
                sums[11, c] += 1.0
            if not is_child and (exploitative_host[host[i]] or substrategy[i] == survival_sex):
                sums[4, c] += 1.0
        elif s == synlig:
            sums[9, c] += days
        if is_exploited[i]:
            sums[2, c] += 1.0
            sums[3, c] += wage
        if in_violence[i]:
            sums[5, c] += 1.0
        if is_child:
            sums[6 if s == synlig else 7, c] += 1.0
            if child_status[i] == 2 and household[i] == child:
                sums[8, c] += 1.0
        if transport_due[i] >= 0 and track[i] != prison:
            sums[10, c] += held_days


def sums(part: object, world: World, at: At) -> None:
    """Twin of `month.needs.Needs._sums`."""
    p = world.population
    out = np.zeros((len(_OUTCOMES), CITY_CODES))
    ways = Strategy.SYNLIG, Strategy.AVHENGIG, Strategy.FRITT_FALL, Substrategy.SURVIVAL_SEX
    codes = np.array((FIRST_EXIT, *ways, Household.CHILD, PRISON))
    numbers = np.array((at.roofless_share, at.wage_gap_nok, _DAYS, _DAYS / at.detention_turnover_count))
    _sums(
        p.strategy,
        p.place,
        p.guardian,
        p.substrategy,
        p.host,
        p.is_exploited,
        p.in_violence,
        p.child_status,
        p.household,
        p.transport_due,
        p.track,
        CITY_OF,
        world.hosts.is_exploitative,
        STAYS_LOOSELY,
        world.bed_share,
        codes,
        numbers,
        out,
    )
    table = world.history.outcomes[world.month]
    for name, row in zip(_OUTCOMES, out, strict=True):
        table[OUTCOME_INDEX[name]] += row


@compiled
def _outcome(place: Any, amount: Any, city_of: Any, row: Any) -> None:
    sums = np.zeros(len(row))
    for j in range(len(place)):
        sums[city_of[place[j]]] += amount[j if len(amount) > 1 else 0]
    for c in range(len(row)):
        row[c] += sums[c]


_ONE_EACH: Final = np.ones(1)


def outcome(history: History, name: str, month: int, place: npt.ArrayLike, amount: npt.ArrayLike | None = None) -> None:
    """Twin of `History.outcome`."""
    where = np.atleast_1d(place)
    if len(where):
        each = _ONE_EACH if amount is None else np.array(amount, dtype=np.float64, ndmin=1)
        _outcome(where, each, CITY_OF, history.outcomes[month, OUTCOME_INDEX[name]])
