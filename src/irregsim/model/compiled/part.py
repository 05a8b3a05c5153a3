"""What every compiled part of the month has: a kernel, and the numbers and tables of the month that it reads."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from math import prod
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from irregsim.model.compiled import store
from irregsim.model.compiled.reader import TABULATED
from irregsim.model.compiled.tree import FLAG, Reading
from irregsim.model.compiled.writer import month_text, positions
from irregsim.model.values import At
from irregsim.model.world import World

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

#: Row of each column of the population in its block.
POSITION: Final = {name: row for name, (_, row) in positions().items()}
_WHOLE_NUMBERS: Final = np.arange(TABULATED, dtype=np.float64)


@lru_cache(maxsize=256)
def _shapes(shapes: tuple[tuple[int, ...], ...]) -> IntArray:
    """Start and lengths of the axes of tables that stand one after the other, shape (tables, 4); not to be changed."""
    out: IntArray = np.zeros((max(1, len(shapes)), 4), dtype=np.int64)
    start = 0
    for row, shape in zip(out, shapes, strict=False):
        row[0], row[1 : 1 + len(shape)] = start, shape
        start += prod(shape)
    return out


class Compiled:
    """A part of the month as read, and its kernel.

    Args:
        name: Of the part.
        reading: What was read of it.
        text: The module of its kernel, in which the kernel is called ``kernel``.
        more: Names of what the month's part reads beside the values of the month and the world.

    Attributes:
        name: Of the part.
        text: The module of its kernel.
    """

    def __init__(self, name: str, reading: Reading, text: str, more: tuple[str, ...] = ()) -> None:
        self.name = name
        self.text = text
        self._reading = reading
        self._tables: dict[int, tuple[tuple[Any, ...], FloatArray]] = {}
        space = {**reading.names, "kept": self._keep}
        exec(compile(month_text(reading, more), f"<month of {name}>", "exec"), space)
        self._month: Callable[..., tuple[tuple[Any, ...], ...]] = space["month"]
        self._kernel: Callable[..., Any] | None = None

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
        self._kernel = store.module_of(self.text).kernel

    def compile(self, world: World) -> None:
        """Makes the machine code of the kernel, or loads it.

        Args:
            world: Any world; it gives the types of arrays.
        """
        self.load()
        self.for_nobody(world)
        store.mark_ready(self.text)

    def for_nobody(self, world: World) -> None:
        """Decides for no person, for the types of arrays alone."""
        raise NotImplementedError

    def _keep(self, number: int, by: tuple[Any, ...], make: Callable[[], FloatArray]) -> FloatArray:
        """A table that depends on some numbers alone; made again where one of them is another."""
        if np.ndarray in map(type, by):  # arrays are not compared
            return make()
        found = self._tables.get(number)
        if found is None or found[0] != by:
            found = self._tables[number] = (by, make())
        return found[1]

    def _of_month(
        self, world: World, at: At, *more: object
    ) -> tuple[FloatArray, FloatArray, IntArray, tuple[npt.NDArray[Any], ...]]:
        """Scalars, tables, their shapes, and arrays of the world, as the rules' own text makes them."""
        scalars, made, raw = self._month(at, world, _WHOLE_NUMBERS, *more)
        for number in self._reading.flags:
            assert isinstance(scalars[number], (bool, np.bool_)), (
                f"{self.name}: {self._reading.scalars[number]} is used with & or |, and is no flag"
            )
        for (kind, number), holds in self._reading.holds.items():
            table = (made if kind == "made" else raw)[number]
            assert (np.asarray(table).dtype == np.bool_) == (holds == FLAG), (
                f"{self.name}: a table holds {np.asarray(table).dtype} where {holds} is meant"
            )
        made = tuple(map(np.asarray, made))
        shapes = _shapes(tuple(table.shape for table in made))
        tables = np.concatenate(made, axis=None, dtype=np.float64, casting="unsafe") if made else np.zeros(1)
        numbers = np.array(scalars if scalars else (0.0,), dtype=np.float64)
        assert numbers.ndim == 1, f"{self.name}: a number of the month is an array"
        return numbers, tables, shapes, raw
