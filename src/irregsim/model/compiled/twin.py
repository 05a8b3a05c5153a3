"""A contest that decides by compiled loops: the same codes as numpy, row by row."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, NamedTuple, cast

import numpy as np
import numpy.typing as npt

from irregsim.model.chance import first_clock
from irregsim.model.compiled import loops, ranges, store
from irregsim.model.compiled.part import POSITION, Compiled
from irregsim.model.compiled.reader import read
from irregsim.model.compiled.tape import tape_of
from irregsim.model.compiled.writer import kernel_text
from irregsim.model.engine import Contest
from irregsim.model.values import At
from irregsim.model.world import World

if TYPE_CHECKING:
    from collections.abc import Iterator

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

#: Arrays of the world that are drawn once and never written to: their lowest and highest value are kept.
_FIXED: Final = frozenset(
    {"world.hosts.patience", "world.hosts.is_exploitative", "world.hosts.circle"}
    | {"world.employers.place", "world.employers.sector"}
)


_NO_LIMITS: Final = np.zeros(1)


_rooms = threading.local()


def _room(n: int) -> tuple[npt.NDArray[np.uint8], IntArray, npt.NDArray[np.uint64]]:
    """Arrays of at least n that every decision of this thread writes into: groups, persons found, and their rules."""
    kept = getattr(_rooms, "kept", None)
    if kept is None or len(kept[0]) < n:
        size = n * 5 // 4
        kept = np.empty(size, np.uint8), np.empty(size, np.int64), np.empty(size, np.uint64)
        _rooms.kept = kept
    return cast("tuple[npt.NDArray[np.uint8], IntArray, npt.NDArray[np.uint64]]", kept)


class BoundBroken(AssertionError):
    """A hazard is above the bound that says who is looked at; what was decided with it cannot be trusted."""


class _Outcome(NamedTuple):
    """What a twin decided.

    Attributes:
        code: Number of a rule, or -1, shape (n,).
        bound: Upper bound of each hazard by group, shape (rules, groups).
        group: Strategy x ground of each person, shape (n,).
        found: Positions of those with a rule, ascending.
    """

    code: IntArray
    bound: FloatArray
    group: npt.NDArray[np.uint8]
    found: IntArray


class Twin(Compiled):
    """The compiled form of one contest.

    Args:
        contest: All of its rules must be readable.

    Raises:
        Unreadable: If a rule has a form that is not known.
    """

    def __init__(self, contest: Contest) -> None:
        reading = read(contest)
        super().__init__(contest.name, reading, kernel_text(contest.name, reading, store.shared_loops()))
        self.contest = contest
        self._tape = tape_of(reading)
        self._channels = tuple(reading.rules)
        self._kept: dict[int, tuple[npt.NDArray[Any], FloatArray]] = {}

    def for_nobody(self, world: World) -> None:
        """Decides for no person, for the types of arrays alone."""
        nobody: IntArray = np.empty(0, dtype=np.int64)
        self._decide(world, world.values.at(world.month), nobody)

    def codes(self, world: World, at: At, rows: IntArray) -> tuple[IntArray, IntArray]:
        """What each person decides or meets: the number of a rule, or -1; and whom any rule concerns.

        Args:
            world: The replicate.
            at: Values of the month.
            rows: Persons at risk, shape (n,).

        Returns:
            Shape (n,), and the positions of those with a rule, ascending.

        Raises:
            BoundBroken: If somebody's hazard is above its bound.
        """
        if _verifying:
            self.verify(world, at, rows)
        outcome = self._decide(world, at, rows)
        return outcome.code, outcome.found

    def _decide(self, world: World, at: At, rows: IntArray, everybody: bool = False) -> _Outcome:
        """Codes and bounds; with ``everybody``, the hazards of all persons are worked out whatever the bounds."""
        assert self._kernel is not None, "it is loaded before it decides"
        whole, flags, keys = world.population.blocks
        keys = keys[POSITION["key"]]
        scalars, tables, shapes, raw = self._of_month(world, at)
        salts = world.draws.salts(self._channels, world.month)
        n, month, tape = len(rows), world.month, self._tape
        bound = np.empty((len(salts), loops.GROUPS))
        threshold: npt.NDArray[np.uint64] = np.empty((len(salts), loops.GROUPS), dtype=np.uint64)
        group, found, hits = _room(n + 1)
        code: IntArray = np.empty(n, dtype=np.int64)
        wrong, beyond, count = loops.look(
            whole,
            flags,
            keys,
            rows,
            POSITION["strategy"],
            POSITION["route"],
            POSITION["is_sought_asylum"],
            tape.nodes,
            tape.numbers,
            tape.results,
            scalars,
            month,
            ranges.of(world),
            ranges.limits(world) if tape.needs_limits else _NO_LIMITS,
            tables,
            shapes,
            self._ends(raw),
            salts,
            bound,
            threshold,
            group,
            found,
            hits,
            code,
            everybody,
        )
        if wrong >= 0:
            raise BoundBroken(
                f"{self.contest.name}, row {wrong}: strategy, route and is_sought_asylum do not go together, so there "
                "is no bound for this person"
            )
        if beyond >= 0:
            raise BoundBroken(
                f"{self.contest.name}: a rule reads a table beyond its end where a column is at its limit"
            )
        report = np.empty(2)
        fault, won = self._kernel(
            whole,
            flags,
            keys,
            rows,
            found,
            hits,
            count,
            group,
            salts,
            scalars,
            tables,
            shapes,
            month,
            bound,
            threshold,
            code,
            report,
            *raw,
        )
        if fault >= 0:
            row, rule = divmod(fault, len(self._channels))
            raise BoundBroken(self._too_high(self._channels[rule], row, report[0], report[1]))
        return _Outcome(code, bound, group[:n], found[:won].copy())

    def _ends(self, raw: tuple[npt.NDArray[Any], ...]) -> FloatArray:
        """Lowest and highest value and length of each array of the world, shape (arrays, 3)."""
        out = np.empty((len(raw), 3))
        for k, array in enumerate(raw):
            kept = self._kept.get(k)
            if kept is not None and kept[0] is array:
                out[k] = kept[1]
                continue
            loops.ends(array, out[k])
            if self._reading.raw[k] in _FIXED:
                self._kept[k] = (array, out[k])
        return out

    # -- checks ----------------------------------------------------------------------------------------------------

    def verify(self, world: World, at: At, rows: IntArray) -> None:
        """Compares with numpy, for every person: hazards with bounds, and codes with and without the bounds.

        Raises:
            BoundBroken: If somebody's hazard is above its bound.
            AssertionError: If a column is outside its range, or somebody's code is another.
        """
        ranges.check(world)
        if len(rows) == 0:
            return
        who = world.rows(rows)
        hazards = np.stack([np.broadcast_to(rule.hazard(who, at), len(rows)) for rule in self.contest.rules])
        by_bound = self._decide(world, at, rows)
        group = by_bound.group.copy()  # the next decision writes over it
        by_all = self._decide(world, at, rows, everybody=True)
        for channel, hazard, bound in zip(self._channels, hazards, by_bound.bound, strict=True):
            over = np.flatnonzero(~(hazard <= bound[group]))
            if len(over):
                j = over[0]
                raise BoundBroken(self._too_high(channel, int(rows[j]), hazard[j], bound[group[j]]))
        expected = first_clock(hazards, world.draws.uniforms(self._channels, world.month, who.key))
        for what, code in (("looked at by their draws", by_bound.code), ("all looked at", by_all.code)):
            other = np.flatnonzero(code != expected)
            assert len(other) == 0, (
                f"{self.contest.name}, month {world.month}, {what}: {len(other)} of {len(rows)} codes differ, first in "
                f"row {rows[other[0]]}: {code[other[0]]}, by numpy {expected[other[0]]}"
            )

    def _too_high(self, channel: str, row: int, hazard: float, bound: float) -> str:
        return (
            f"{self.contest.name}: the hazard of {channel} is {hazard:.9g} in row {row}, above its bound {bound:.9g}: "
            "a range in model/compiled/ranges.py is too narrow. Run with IRREGSIM_ENGINE=numpy"
        )


_verifying = False


def is_verifying() -> bool:
    """Whether decisions are checked against numpy now."""
    return _verifying


@contextmanager
def verifying() -> Iterator[None]:
    """Checks every decision of every compiled contest against numpy meanwhile, as `Twin.verify` does."""
    global _verifying
    before, _verifying = _verifying, True
    try:
        yield
    finally:
        _verifying = before
