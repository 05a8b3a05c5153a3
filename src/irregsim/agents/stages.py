"""One month, part by part, decided by one person at a time.

`simulate.advance_month` asks all persons at risk in one call. Here each is asked in a call of its own, and the part is
settled when the last has answered: limits are resolved between the parts, never within one. Since `Part.decide` is a
function of single rows, the lives are the same. `model.alone` says how a person decides without that call's overhead.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from irregsim.model import simulate
from irregsim.model.alone import Alone
from irregsim.model.engine import Part
from irregsim.model.month import MONTH
from irregsim.model.world import World

#: Names of the parts of a month, in order.
STAGES: tuple[str, ...] = tuple(part.name for part in MONTH)


class OpenMonth:
    """A month that has begun and not ended.

    Begins the month, and with it the first part, so that newcomers are present at once. Every later part begins when
    its first person is asked. Those who were not asked decide together, when the part is settled;
    nobody's life depends on which way it went.

    Args:
        world: The replicate, between two months.
        parts: Parts of the month, in order.
    """

    def __init__(self, world: World, parts: Sequence[Part] = MONTH) -> None:
        self._world = world
        self._parts = tuple(parts)
        self._stages = tuple(part.name for part in parts)
        self._at = simulate.begin_month(world)
        self._position = -1
        self._alone: Alone | None = None
        self._begin_next()

    @property
    def stage(self) -> str:
        """Name of the part that began last."""
        return self._stages[self._position]

    def ask(self, stage: str, row: int) -> bool:
        """One person decides in a part; parts before it that are not settled are settled first.

        Args:
            stage: Name of the part.
            row: Row of the person. Who is not at risk, or has answered, is not asked.

        Returns:
            Whether anything changed for anybody: a part began or was settled.

        Raises:
            RuntimeError: If the part is over.
            ValueError: If there is no such part.
        """
        changed = stage != self.stage and self._reach(stage)
        place = self._places.get(row)
        if place is None or self._answered[place] or self._settled:
            return changed
        if self._alone is None:
            self._alone = Alone(self._parts[self._position], self._world, self._at, self._rows)
        self._code[place] = self._alone.code(place)
        self._answered[place] = True
        self._left -= 1
        if self._left == 0:
            self._settle()
            changed = True
        return changed

    def settle(self, stage: str) -> None:
        """Settles a part and all before it; nothing happens when it is settled already.

        Raises:
            RuntimeError: If a later part has begun.
            ValueError: If there is no such part.
        """
        self._reach(stage)
        self._settle()

    def end(self) -> None:
        """Settles what is left, and ends the month."""
        self.settle(self._stages[-1])
        simulate.end_month(self._world, self._at)

    def _reach(self, stage: str) -> bool:
        wanted = self._position_of(stage)
        if wanted < self._position:
            raise RuntimeError(f"{stage} is over this month: {self.stage} has begun")
        moved = wanted > self._position
        while self._position < wanted:
            self._settle()
            self._begin_next()
        return moved

    def _position_of(self, stage: str) -> int:
        if stage not in self._stages:
            raise ValueError(f"{stage!r} is not a stage of the month; the stages are {', '.join(self._stages)}")
        return self._stages.index(stage)

    def _begin_next(self) -> None:
        self._position += 1
        part = self._parts[self._position]
        part.begin(self._world, self._at)
        self._rows = part.at_risk(self._world, self._at)
        self._alone = None
        n = len(self._rows)
        self._places = {int(row): place for place, row in enumerate(self._rows)}
        self._code: npt.NDArray[np.int64] = np.empty(n, dtype=np.int64)
        self._answered = np.zeros(n, dtype=np.bool_)
        self._left = n
        self._settled = False

    def _settle(self) -> None:
        if self._settled:
            return
        part = self._parts[self._position]
        silent = np.flatnonzero(~self._answered)
        if len(silent):
            self._code[silent] = part.decide(self._world, self._at, self._rows[silent]).code
        self._settled = True
        # A part without persons at risk is not settled by the engine either.
        if len(self._rows):
            # In the order in which they came to be at risk, regardless of who was asked first.
            part.settle(self._world, self._at, part.decided(self._rows, self._code))
