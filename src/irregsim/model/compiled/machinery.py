"""What happens to whole columns every month, as loops: who is free to act, families, moves, draws.

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

from irregsim.model.compiled import places, stocks
from irregsim.model.compiled.loops import compiled
from irregsim.model.draws import UInt64Array
from irregsim.model.history import NO_PLACE
from irregsim.model.population import BLOCKS, HELD_FLAGS, HELD_NUMBERS, Population
from irregsim.model.world import World
from irregsim.vocabulary.codes import CAUSE_CODE, FIRST_EXIT, Strategy, Substrategy

IntArray = npt.NDArray[np.int64]

_HERE: Final = (1 << int(FIRST_EXIT)) - 1


# -- who is free to act ----------------------------------------------------------------------------------------------


@compiled
def _free(states: int, strategy: Any, guardian: Any, transport_due: Any) -> Any:
    out = np.empty(len(strategy), np.int64)
    count = 0
    for i in range(len(strategy)):
        out[count] = i
        count += ((states >> strategy[i]) & 1) & (guardian[i] < 0) & (transport_due[i] < 0)
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
    columns = vars(population)
    for block, names in zip(population.blocks, BLOCKS.values(), strict=True):
        for row, name in enumerate(names):
            columns[name] = block[row, : len(population)]
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


# -- moves -----------------------------------------------------------------------------------------------------------


@compiled
def _movers(
    rows: Any,
    target: Any,
    subtype: Any,
    why: Any,
    strategy: Any,
    substrategy: Any,
    by_guardian: Any,
    count: Any,
    start: Any,
    with_children: bool,
    codes: Any,
) -> Any:
    """Those whose state changes, heads before children, with their new state, its subtype and the cause."""
    first_exit, arbeidende, marginalisert, avhengig, relative = codes
    each_target, each_subtype, each_why = len(target) > 1, len(subtype) > 1, len(why) > 1
    total = len(rows)
    if with_children:
        for i in rows:
            total += count[i]
    out = np.empty((5, total), np.int64)
    found = 0
    for a in range(len(rows)):
        i, t, s = rows[a], target[a if each_target else 0], subtype[a if each_subtype else 0]
        if strategy[i] == t:
            substrategy[i] = s
        else:
            out[0, found], out[1, found], out[2, found] = i, t, s
            out[3, found], out[4, found] = why[a if each_why else 0], strategy[i]
            found += 1
    if total > len(rows):
        for a in range(len(rows)):
            t, s = target[a if each_target else 0], subtype[a if each_subtype else 0]
            if t in (arbeidende, marginalisert):
                t, s = avhengig, relative
            for k in range(start[rows[a]], start[rows[a]] + count[rows[a]]):
                i = by_guardian[k]
                if strategy[i] >= first_exit:
                    continue
                if strategy[i] == t:
                    substrategy[i] = s
                else:
                    out[0, found], out[1, found], out[2, found] = i, t, s
                    out[3, found], out[4, found] = why[a if each_why else 0], strategy[i]
                    found += 1
    return out, found


@compiled
def _moved(
    rows: Any,
    target: Any,
    subtype: Any,
    month: int,
    first_exit: int,
    strategy: Any,
    substrategy: Any,
    strategy_start: Any,
    side: Any,
    transport_due: Any,
    whole: Any,
    held_numbers: int,
    flags: Any,
    held_flags: int,
) -> None:
    for a in range(len(rows)):
        i = rows[a]
        strategy[i], substrategy[i], strategy_start[i], side[i] = target[a], subtype[a], month, 0
        for k in range(held_numbers):
            whole[k, i] = -1
        for k in range(held_flags):
            flags[k, i] = False
        if target[a] >= first_exit:
            transport_due[i] = -1


_MOVES: Final = np.array(
    (FIRST_EXIT, Strategy.ARBEIDENDE, Strategy.MARGINALISERT, Strategy.AVHENGIG, Substrategy.RELATIVE), dtype=np.int64
)


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
    p, history = world.population, world.history
    target, subtype, why = (
        np.array(x, dtype=np.int64, ndmin=1)
        for x in (destination, substrategy, CAUSE_CODE[cause] if isinstance(cause, str) else cause)
    )
    families = p._kids_sorted, p._kid_count, p._kid_start
    out, found = _movers(rows, target, subtype, why, p.strategy, p.substrategy, *families, bool(with_children), _MOVES)
    rows, target, subtype, why, origin = (row[:found] for row in out)
    place = p.place[rows]
    to = np.where(target >= FIRST_EXIT, NO_PLACE, place)
    history.flow(world.month, why, origin, target, place, to, p.country[rows])
    if history.spells is not None:
        # The record keeps these arrays.
        world._end_spells(rows.copy(), why.copy(), target.copy())
    whole, flags, _ = p.blocks
    columns = p.strategy, p.substrategy, p.strategy_start, p.side, p.transport_due
    held = whole, len(HELD_NUMBERS), flags, len(HELD_FLAGS)
    _moved(rows, target, subtype, world.month, FIRST_EXIT, *columns, *held)


# -- draws -----------------------------------------------------------------------------------------------------------


@compiled
def _uniforms(mixed: Any, out: Any) -> None:
    for k in range(len(mixed)):
        z = mixed[k]
        z ^= z >> np.uint64(30)
        z *= np.uint64(0xBF58476D1CE4E5B9)
        z ^= z >> np.uint64(27)
        z *= np.uint64(0x94D049BB133111EB)
        z ^= z >> np.uint64(31)
        out[k] = float((z >> np.uint64(11)) | np.uint64(1)) * 2.0**-53


def finalise(bits: UInt64Array) -> npt.NDArray[np.float64]:
    """Twin of `draws._finalise`."""
    out = np.empty(bits.shape)
    _uniforms(bits.reshape(-1), out.reshape(-1))
    return out


#: What each function with a twin is called (`compiled.twinned`), and its twin.
TWINS: Final[dict[str, Callable[..., Any]]] = {
    "World.who": who,
    "World.among": among,
    "World.everyone": everyone,
    "World.move": move,
    "_circles": circles,
    "count_in": count_in,
    "_finalise": finalise,
    "Population._show": show,
    "Population.children_of": children_of,
    "record": stocks.record,
    "communities": stocks.communities,
    "Needs._sums": stocks.sums,
    "fill_beds": places.fill_beds,
    "_by_sums": places.by_sums,
}


def text() -> str:
    """What the machine code of the machinery depends on."""
    return "".join(Path(str(file)).read_text(encoding="utf-8") for file in (__file__, places.__file__, stocks.__file__))
