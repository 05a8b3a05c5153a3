"""What happens to whole columns every month, as loops: who is free to act, families, moves.

Each function here does what the function named in `TWINS` does with numpy, and gives the same bits: whole numbers are
counted, and real numbers are added in the order of the rows. This module needs numba and, as `loops`, reads no number
of another file in its compiled functions.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from irregsim.model.compiled import arrivals, beginnings, keyed, places, stocks
from irregsim.model.compiled.loops import compiled
from irregsim.model.history import DISTRICT_OF, EVENT, FLOW, GROUNDS, NO_PLACE
from irregsim.model.population import BLOCKS, HELD_FLAGS, HELD_NUMBERS, Population
from irregsim.model.world import World
from irregsim.vocabulary.codes import (
    CAUSE_CODE,
    FIRST_EXIT,
    Decision,
    Ground,
    RegisterEvent,
    Route,
    Strategy,
    Substrategy,
)

IntArray = npt.NDArray[np.int64]

_HERE: Final = (1 << int(FIRST_EXIT)) - 1


# -- who is free to act ----------------------------------------------------------------------------------------------


@compiled
def _free(states: int, strategy: Any, guardian: Any, transport_due: Any) -> Any:
    n = len(strategy)
    is_free, out = np.empty(n, np.uint8), np.empty(n, np.int64)
    for i in range(n):  # many at once, since none waits for how many were found before it
        is_free[i] = ((states >> strategy[i]) & 1) & (guardian[i] < 0) & (transport_due[i] < 0)
    count = 0
    for i in range(n):
        out[count] = i
        count += is_free[i]
    return out[:count]


def _free_in(world: World, states: int) -> IntArray:
    p = world.population
    return np.asarray(_free(states, p.strategy, p.guardian, p.transport_due))


def who(world: World, strategy: Strategy) -> IntArray:
    """Twin of `World.who`."""
    return _free_in(world, 1 << int(strategy))


def among(world: World, strategies: tuple[Strategy, ...]) -> IntArray:
    """Twin of `World.among`."""
    return _free_in(world, sum({1 << int(s) for s in strategies}))


def everyone(world: World) -> IntArray:
    """Twin of `World.everyone`."""
    return _free_in(world, _HERE)


# -- families --------------------------------------------------------------------------------------------------------


@compiled
def _families(guardian: Any) -> Any:
    n = len(guardian)
    kids = 0
    count = np.zeros(n, np.int64)
    for i in range(n):
        if guardian[i] >= 0:
            kids += 1
            count[guardian[i]] += 1
    start = np.empty(n, np.int64)
    at = 0
    for i in range(n):
        start[i] = at
        at += count[i]
    place = start.copy()
    rows, by_guardian = np.empty(kids, np.int64), np.empty(kids, np.int64)
    found = 0
    for i in range(n):
        g = guardian[i]
        if g >= 0:
            rows[found] = i
            found += 1
            by_guardian[place[g]] = i
            place[g] += 1
    return rows, by_guardian, count, start


def show(population: Population) -> None:
    """Twin of `Population._show`."""
    columns, count = vars(population), len(population)
    for block, names in zip(population.blocks, BLOCKS.values(), strict=True):
        for row, name in enumerate(names):
            columns[name] = block[row, :count]
    found = _families(population.guardian)
    population.kid_rows, population._kids_sorted, population._kid_count, population._kid_start = found


@compiled
def _children(rows: Any, by_guardian: Any, count: Any, start: Any) -> Any:
    total = 0
    for i in rows:
        total += count[i]
    out, where = np.empty(total, np.int64), np.empty(total, np.int64)
    at = 0
    for a in range(len(rows)):
        first = start[rows[a]]
        for k in range(first, first + count[rows[a]]):
            out[at], where[at] = by_guardian[k], a
            at += 1
    return out, where


def children_of(population: Population, rows: IntArray) -> tuple[IntArray, IntArray]:
    """Twin of `Population.children_of`."""
    out, where = _children(rows, population._kids_sorted, population._kid_count, population._kid_start)
    return out, where


# -- places and circles ----------------------------------------------------------------------------------------------


@compiled
def _count_in(index: Any, count: Any) -> bool:
    inside = True
    for k in index:
        if k >= 0:
            if k < len(count):
                count[k] += 1
            else:
                inside = False
        elif k < -1:
            inside = False
    return inside


def count_in(index: IntArray, size: int) -> IntArray:
    """Twin of `centres.count_in`."""
    out: IntArray = np.zeros(size, dtype=np.int64)
    assert _count_in(index, out), "an index column holds -1 or the number of what there is"
    return out


@compiled
def _circles(circle: Any, tie_0: Any, tie_1: Any, tie_2: Any, host: Any, nobody: int, out: Any) -> None:
    for i in range(len(host)):
        c0, c1, c2, c3 = circle[tie_0[i]], circle[tie_1[i]], circle[tie_2[i]], circle[host[i]]
        # As numpy has it, one that was taken out for being there before counts as nobody's for those after it.
        if c1 == c0:
            c1 = nobody
        if c2 in (c0, c1):
            c2 = nobody
        if c3 in (c0, c1, c2):
            c3 = nobody
        out[0, i], out[1, i], out[2, i], out[3, i] = c0, c1, c2, c3


def circles(world: World, tie_0: IntArray, tie_1: IntArray, tie_2: IntArray, host: IntArray) -> IntArray:
    """Twin of `world._circles`."""
    out: IntArray = np.empty((4, len(host)), dtype=np.int64)
    _circles(world.hosts.circle, tie_0, tie_1, tie_2, host, world.hosts.circle_count, out)
    return out


# -- moves and notes -------------------------------------------------------------------------------------------------


@compiled
def _packed(bounds: Any, fields: Any) -> int:
    """Several codes as one number, as `history.pack`; -1 if one is outside its bound."""
    out = 0
    for k in range(len(bounds)):
        if fields[k] < 0 or fields[k] >= bounds[k]:
            return -1
        out = out * bounds[k] + fields[k]
    return out


@compiled
def _movers(
    rows: Any,
    target: Any,
    subtype: Any,
    why: Any,
    whole: Any,
    by_guardian: Any,
    count: Any,
    start: Any,
    with_children: bool,
    month: int,
    columns: Any,
    states: Any,
    bounds: Any,
) -> Any:
    """Those whose state changes, heads before children.

    Returns:
        Their rows, new state, its subtype, cause, old state, place, country, and the flow as one number; and whether
        every code is inside its bound.
    """
    strategy, substrategy, place, country = columns
    first_exit, arbeidende, marginalisert, avhengig, relative, no_place = states
    each_target, each_subtype, each_why = len(target) > 1, len(subtype) > 1, len(why) > 1
    total = len(rows)
    if with_children:
        for i in rows:
            total += count[i]
    out = np.empty((8, total), np.int64)
    fields = np.empty(len(bounds), np.int64)
    found, is_inside = 0, True
    for of_children in range(2 if total > len(rows) else 1):
        for a in range(len(rows)):
            t, s = target[a if each_target else 0], subtype[a if each_subtype else 0]
            w = why[a if each_why else 0]
            first, last = 0, 1
            if of_children:
                first, last = start[rows[a]], start[rows[a]] + count[rows[a]]
                if t in (arbeidende, marginalisert):
                    t, s = avhengig, relative
            for k in range(first, last):
                i = by_guardian[k] if of_children else rows[a]
                origin, p, c = whole[strategy, i], whole[place, i], whole[country, i]
                if of_children and origin >= first_exit:
                    continue
                if origin == t:
                    whole[substrategy, i] = s
                    continue
                fields[0], fields[1], fields[2], fields[3], fields[4] = month, origin, t, w, p
                fields[5], fields[6] = (no_place if t >= first_exit else p), c
                flow = _packed(bounds, fields)
                is_inside = is_inside and flow >= 0
                out[0, found], out[1, found], out[2, found], out[3, found] = i, t, s, w
                out[4, found], out[5, found], out[6, found], out[7, found] = origin, p, c, flow
                found += 1
    return out[:, :found], is_inside


@compiled
def _moved(moved: Any, month: int, first_exit: int, whole: Any, flags: Any, columns: Any, held: Any) -> None:
    strategy, substrategy, strategy_start, side, transport_due = columns
    for a in range(moved.shape[1]):
        i, t = moved[0, a], moved[1, a]
        whole[strategy, i], whole[substrategy, i], whole[strategy_start, i], whole[side, i] = t, moved[2, a], month, 0
        for k in range(held[0]):
            whole[k, i] = -1
        for k in range(held[1]):
            flags[k, i] = False
        if t >= first_exit:
            whole[transport_due, i] = -1


def _positions(*names: str) -> tuple[int, ...]:
    return tuple(BLOCKS[np.int64].index(name) for name in names)


_READ: Final = _positions("strategy", "substrategy", "place", "country")
_WRITTEN: Final = _positions("strategy", "substrategy", "strategy_start", "side", "transport_due")
_STATES: Final = tuple(
    map(int, (FIRST_EXIT, Strategy.ARBEIDENDE, Strategy.MARGINALISERT, Strategy.AVHENGIG, Substrategy.RELATIVE))
)
_MOVES: Final = (*_STATES, NO_PLACE)
_HELD: Final = (len(HELD_NUMBERS), len(HELD_FLAGS))
_FLOW: Final = np.array(list(FLOW.values()))
_EVENT: Final = np.array(list(EVENT.values()))


def move(
    world: World,
    rows: IntArray,
    destination: int | IntArray,
    cause: str | IntArray,
    substrategy: int | IntArray = int(Substrategy.NONE),
    with_children: bool = True,
) -> None:
    """Twin of `World.move`."""
    if len(rows) == 0:
        return
    p, history, month = world.population, world.history, world.month
    target, subtype, why = (
        np.array(x, dtype=np.int64, ndmin=1)
        for x in (destination, substrategy, CAUSE_CODE[cause] if isinstance(cause, str) else cause)
    )
    whole, flags, _ = p.blocks
    how = bool(with_children), month
    families = p._kids_sorted, p._kid_count, p._kid_start
    moved, is_inside = _movers(rows, target, subtype, why, whole, *families, *how, _READ, _MOVES, _FLOW)
    rows, target, _, why, origin, place, country, flow = moved
    if is_inside:
        history.add_flows(month, flow.copy())
    else:  # it says which code it is
        history.flow(month, why, origin, target, place, np.where(target >= FIRST_EXIT, NO_PLACE, place), country)
    if history.spells is not None:
        # The record keeps these arrays.
        world._end_spells(rows.copy(), why.copy(), target.copy())
    _moved(moved, month, _STATES[0], whole, flags, _WRITTEN, _HELD)


@compiled
def _noted(
    rows: Any, delay: Any, where: Any, whole: Any, month: int, event: int, columns: Any, bounds: Any, packed: Any
) -> bool:
    strategy, place, country = columns
    fields = np.empty(len(bounds), np.int64)
    each_delay, elsewhere = len(delay) > 1, len(where) > 0
    is_inside = True
    for a in range(len(rows)):
        i = rows[a]
        fields[0], fields[1] = month + delay[a if each_delay else 0], event
        fields[2] = where[a] if elsewhere else whole[place, i]
        fields[3], fields[4] = whole[country, i], whole[strategy, i]
        packed[a] = _packed(bounds, fields)
        is_inside = is_inside and packed[a] >= 0
    return is_inside


_NOTED: Final = _positions("strategy", "place", "country")
_NOWHERE: Final = np.empty(0, dtype=np.int64)


def note(
    world: World, event: RegisterEvent, rows: IntArray, delay: npt.ArrayLike = 0, place: IntArray | None = None
) -> None:
    """Twin of `World.note`."""
    if len(rows) == 0:
        return
    p, history, month = world.population, world.history, world.month
    late = np.array(delay, dtype=np.int64, ndmin=1)
    packed: IntArray = np.empty(len(rows), dtype=np.int64)
    where = _NOWHERE if place is None else place
    if _noted(rows, late, where, p.blocks[0], month, int(event), _NOTED, _EVENT, packed):
        history.add_events(packed)
    else:  # it says which code it is
        history.register(month, event, where if len(where) else p.place[rows], p.country[rows], late, p.strategy[rows])


@compiled
def _cell(i: int, whole: Any, flags: Any, columns: Any, grounds: Any) -> None:
    place, cell, route, decision, sought = columns
    never, asylum, dublin_route, dublin, expelled, penal, count = grounds
    ground = asylum if flags[sought, i] else never
    if whole[route, i] == dublin_route:
        ground = dublin
    if whole[decision, i] == expelled:
        ground = penal
    whole[cell, i] = whole[place, i] * count + ground


@compiled
def _cells(rows: Any, whole: Any, flags: Any, columns: Any, grounds: Any) -> None:
    for i in rows:
        _cell(i, whole, flags, columns, grounds)


@compiled
def _relocated(
    rows: Any, place: Any, by_guardian: Any, count: Any, start: Any, whole: Any, flags: Any, how: Any, bounds: Any
) -> Any:
    """Those who live elsewhere from now on, heads before children.

    Returns:
        The flows of those who came to another district, as numbers; and whether every code is inside its bound.
    """
    month, cause, first_exit, strategy, country, columns, grounds, district = how
    total = len(rows)
    for i in rows:
        total += count[i]
    flows, fields = np.empty(total, np.int64), np.empty(len(bounds), np.int64)
    found, is_inside = 0, True
    for of_children in range(2 if total > len(rows) else 1):
        for a in range(len(rows)):
            first, last = 0, 1
            if of_children:
                first, last = start[rows[a]], start[rows[a]] + count[rows[a]]
            for k in range(first, last):
                i = by_guardian[k] if of_children else rows[a]
                old, state = whole[columns[0], i], whole[strategy, i]
                if state < first_exit and district[old] != district[place[a]]:
                    fields[0], fields[1], fields[2], fields[3] = month, state, state, cause
                    fields[4], fields[5], fields[6] = old, place[a], whole[country, i]
                    flows[found] = _packed(bounds, fields)
                    is_inside = is_inside and flows[found] >= 0
                    found += 1
                whole[columns[0], i] = place[a]
                _cell(i, whole, flags, columns, grounds)
    return flows[:found], is_inside


_OF_CELL: Final = (
    *_positions("place", "cell", "route", "decision"),
    BLOCKS[np.bool_].index("is_sought_asylum"),
)
_OF_FLOW: Final = _positions("strategy", "country")
_GROUNDS: Final = (
    *map(int, (Ground.NEVER_ASYLUM, Ground.ASYLUM, Route.DUBLIN, Ground.DUBLIN)),
    *map(int, (Decision.EXPELLED_PENAL, Ground.PENAL, GROUNDS)),
)


def set_cell(world: World, rows: IntArray) -> None:
    """Twin of `World.set_cell`."""
    if len(rows):
        whole, flags, _ = world.population.blocks
        _cells(rows, whole, flags, _OF_CELL, _GROUNDS)


def relocate(world: World, rows: IntArray, place: IntArray, cause: str) -> None:
    """Twin of `World.relocate`."""
    if len(rows) == 0:
        return
    p = world.population
    whole, flags, _ = p.blocks
    how = (world.month, CAUSE_CODE[cause], _STATES[0], *_OF_FLOW)
    families = p._kids_sorted, p._kid_count, p._kid_start
    flows, is_inside = _relocated(rows, place, *families, whole, flags, (*how, _OF_CELL, _GROUNDS, DISTRICT_OF), _FLOW)
    assert is_inside, "a move between districts has a code outside its bound in history.FLOW"
    world.history.add_flows(world.month, flows.copy())


#: Modules with further twins.
OTHERS: Final = (arrivals, beginnings, keyed, places, stocks)
#: What each function with a twin is called (`compiled.twinned`), and its twin.
TWINS: Final[dict[str, Callable[..., Any]]] = {
    "World.who": who,
    "World.among": among,
    "World.everyone": everyone,
    "World.move": move,
    "World.note": note,
    "World.relocate": relocate,
    "World.set_cell": set_cell,
    "History.outcome": stocks.outcome,
    "_circles": circles,
    "count_in": count_in,
    "_finalise": keyed.finalise,
    "Draws.uniform": keyed.uniform,
    "Population._show": show,
    "Population.children_of": children_of,
    "record": stocks.record,
    "communities": stocks.communities,
    "Needs._sums": stocks.sums,
    "_by_sums": places.by_sums,
    "_residents": places.residents,
    "_guests": places.guests,
    "_workers": places.workers,
    "_hosts_at_hand": places.hosts_at_hand,
    "_served": places.served,
    "_by_rank_in_centres": places.in_centres,
    "_matched": places.matched,
    "_arrive": arrivals.arrive,
    "_begin": beginnings.begin,
}


def text() -> str:
    """What the machine code of the machinery depends on."""
    files = (__file__, *(module.__file__ for module in OTHERS))
    return "".join(Path(str(file)).read_text(encoding="utf-8") for file in files)
