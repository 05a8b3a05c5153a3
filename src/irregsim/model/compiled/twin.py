"""A contest that decides by compiled loops: the same codes as numpy, row by row."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

from irregsim.model.chance import first_clock
from irregsim.model.compiled import loops, ranges, store
from irregsim.model.compiled.reader import TABULATED, read
from irregsim.model.compiled.tape import tape_of
from irregsim.model.compiled.tree import FLAG
from irregsim.model.compiled.writer import kernel_text, month_text, positions
from irregsim.model.engine import Contest
from irregsim.model.values import At
from irregsim.model.world import World

if TYPE_CHECKING:
    from collections.abc import Iterator

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

_WHOLE_NUMBERS: Final = np.arange(TABULATED, dtype=np.float64)
_POSITION: Final = {name: row for name, (_, row) in positions().items()}
#: Arrays of the world that are drawn once and never written to: their lowest and highest value are kept.
_FIXED: Final = frozenset(
    {"world.hosts.patience", "world.hosts.is_exploitative", "world.hosts.circle"}
    | {"world.employers.place", "world.employers.sector"}
)


class BoundBroken(AssertionError):
    """A hazard is above the bound that says who is looked at; what was decided with it cannot be trusted."""


class Twin:
    """The compiled form of one contest.

    Args:
        contest: All of its rules must be readable.

    Attributes:
        text: The module of its kernel.

    Raises:
        Unreadable: If a rule has a form that is not known.
    """

    def __init__(self, contest: Contest) -> None:
        self.contest = contest
        self._reading = read(contest)
        self._tape = tape_of(self._reading)
        self._channels = tuple(self._reading.rules)
        self.text = kernel_text(contest.name, self._reading, store.shared_loops())
        space = dict(self._reading.names)
        exec(compile(month_text(self._reading), f"<month of {contest.name}>", "exec"), space)
        self._month: Callable[[At, World, FloatArray], tuple[tuple[Any, ...], ...]] = space["month"]
        self._kernel: Callable[..., int] | None = None
        self._kept: dict[int, tuple[npt.NDArray[Any], tuple[float, float]]] = {}

    @property
    def is_loaded(self) -> bool:
        """Whether it can decide at once."""
        return self._kernel is not None

    @property
    def is_ready(self) -> bool:
        """Whether its kernel has been compiled on this machine, so that it need only be loaded."""
        return store.is_ready(self.text)

    def load(self) -> None:
        """Finds the kernel; its machine code is loaded when it first decides, or made where there is none."""
        self._kernel = store.module_of(self.text).winners

    def compile(self, world: World) -> None:
        """Makes the machine code of the kernel, or loads it.

        Args:
            world: Any world; it gives the types of arrays.
        """
        self.load()
        nobody: IntArray = np.empty(0, dtype=np.int64)
        at = world.values.at(world.month)
        self._codes(world, nobody, *self._looked_at(world, at, nobody))
        store.mark_ready(self.text)

    def codes(self, world: World, at: At, rows: IntArray) -> IntArray:
        """What each person decides or meets: the number of a rule, or -1.

        Args:
            world: The replicate.
            at: Values of the month.
            rows: Persons at risk, shape (n,).

        Returns:
            Shape (n,).

        Raises:
            BoundBroken: If somebody's hazard is above its bound.
        """
        if _verifying:
            self.verify(world, at, rows)
        return self._codes(world, rows, *self._looked_at(world, at, rows))

    def _looked_at(self, world: World, at: At, rows: IntArray) -> tuple[Any, ...]:
        """Strategy and ground of each person, and the bounds of the month."""
        whole, flags, _ = world.population.blocks
        scalars, tables, shapes, raw = self._of_month(world, at)
        rules = len(self._channels)
        group: npt.NDArray[np.uint8] = np.empty(len(rows), dtype=np.uint8)
        present: IntArray = np.empty(loops.GROUPS, dtype=np.int64)
        where = (_POSITION["strategy"], _POSITION["route"], _POSITION["is_sought_asylum"])
        wrong = loops.sort_groups(whole, flags, rows, *where, group, present)
        if wrong >= 0:
            p = world.population
            raise BoundBroken(
                f"{self.contest.name}, row {wrong}: strategy {p.strategy[wrong]}, route {p.route[wrong]} and "
                f"is_sought_asylum {p.is_sought_asylum[wrong]} do not go together, so there is no bound for them"
            )
        bound = np.empty((rules, loops.GROUPS))
        threshold: npt.NDArray[np.uint64] = np.empty((rules, loops.GROUPS), dtype=np.uint64)
        ends = np.array([(*self._ends(k, array), len(array)) for k, array in enumerate(raw)]).reshape(-1, 3)
        tape = self._tape
        beyond = loops.bounds(
            tape.nodes,
            tape.numbers,
            tape.results,
            scalars,
            world.month,
            ranges.of(world),
            tables,
            shapes,
            ends,
            present,
            bound,
            threshold,
        )
        if beyond >= 0:
            raise BoundBroken(f"{self.contest.name}: a rule reads a table beyond its end where a column is at its limit")
        return group, present, bound, threshold, scalars, tables, shapes, raw

    def _codes(
        self,
        world: World,
        rows: IntArray,
        group: npt.NDArray[np.uint8],
        present: IntArray,
        bound: FloatArray,
        threshold: npt.NDArray[np.uint64],
        scalars: FloatArray,
        tables: FloatArray,
        shapes: IntArray,
        raw: tuple[npt.NDArray[Any], ...],
    ) -> IntArray:
        whole, flags, keys = world.population.blocks
        keys = keys[_POSITION["key"]]
        salts = world.draws.salts(self._channels, world.month)
        found: IntArray = np.empty(len(rows) + 1, dtype=np.int64)
        hits: npt.NDArray[np.uint64] = np.empty(len(rows) + 1, dtype=np.uint64)
        count = loops.candidates(keys, rows, group, salts, threshold, present, found, hits)
        code = np.full(len(rows), -1, dtype=np.int64)
        report = np.empty(2)
        assert self._kernel is not None, "it is loaded before it decides"
        fault = self._kernel(
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
            world.month,
            bound,
            threshold,
            code,
            report,
            *raw,
        )
        if fault >= 0:
            row, rule = divmod(fault, len(self._channels))
            raise BoundBroken(self._too_high(self._channels[rule], row, report[0], report[1]))
        return code

    def _of_month(self, world: World, at: At) -> tuple[FloatArray, FloatArray, IntArray, tuple[npt.NDArray[Any], ...]]:
        """Scalars, tables, their shapes, and arrays of the world, as the rules' own text makes them."""
        scalars, made, raw = self._month(at, world, _WHOLE_NUMBERS)
        for number in self._reading.flags:
            assert isinstance(scalars[number], (bool, np.bool_)), (
                f"{self.contest.name}: {self._reading.scalars[number]} is used with & or |, and is no flag"
            )
        for (kind, number), holds in self._reading.holds.items():
            table = (made if kind == "made" else raw)[number]
            assert (np.asarray(table).dtype == np.bool_) == (holds == FLAG), (
                f"{self.contest.name}: a table holds {np.asarray(table).dtype} where {holds} is meant"
            )
        shapes = np.zeros((max(1, len(made)), 4), dtype=np.int64)
        flat, start = [], 0
        for k, table in enumerate(made):
            table = np.asarray(table)
            shapes[k, 0] = start
            shapes[k, 1 : 1 + table.ndim] = table.shape
            start += table.size
            flat.append(table.ravel())
        tables = np.concatenate(flat).astype(np.float64, copy=False) if flat else np.zeros(1)
        numbers = np.array(scalars if scalars else (0.0,), dtype=np.float64)
        assert numbers.ndim == 1, f"{self.contest.name}: a number of the month is an array"
        return numbers, tables, shapes, raw

    def _ends(self, k: int, array: npt.NDArray[Any]) -> tuple[float, float]:
        """Lowest and highest value of an array of the world."""
        kept = self._kept.get(k)
        if kept is not None and kept[0] is array:
            return kept[1]
        ends = float(array.min()), float(array.max())
        if self._reading.raw[k] in _FIXED:
            self._kept[k] = (array, ends)
        return ends

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
        group, present, bound, threshold, *month = self._looked_at(world, at, rows)
        for k, (channel, hazard) in enumerate(zip(self._channels, hazards, strict=True)):
            over = np.flatnonzero(~(hazard <= bound[k, group]))
            if len(over):
                j = over[0]
                raise BoundBroken(self._too_high(channel, int(rows[j]), hazard[j], bound[k, group[j]]))
        expected = first_clock(hazards, world.draws.uniforms(self._channels, world.month, who.key))
        everybody = np.full_like(threshold, np.uint64(1) << np.uint64(53))
        for what, limit in (("looked at by their draws", threshold), ("all looked at", everybody)):
            code = self._codes(world, rows, group, present, bound, limit, *month)
            other = np.flatnonzero(code != expected)
            assert len(other) == 0, (
                f"{self.contest.name}, month {world.month}, {what}: {len(other)} of {len(rows)} codes differ, first in "
                f"row {rows[other[0]]}: {code[other[0]]}, by numpy {expected[other[0]]}"
            )

    def _too_high(self, channel: str, row: int, hazard: float, bound: float) -> str:
        return (
            f"{self.contest.name}: the hazard of {channel} is {hazard:.9g} in row {row}, above its bound {bound:.9g}; a "
            "range in model/compiled/ranges.py is too narrow. Run with IRREGSIM_ENGINE=numpy"
        )


_verifying = False


@contextmanager
def verifying() -> Iterator[None]:
    """Checks every decision of every compiled contest against numpy meanwhile, as `Twin.verify` does."""
    global _verifying
    before, _verifying = _verifying, True
    try:
        yield
    finally:
        _verifying = before
