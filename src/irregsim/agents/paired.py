"""`PairedModel`: a scenario and its reference in step, on the same persons, as one Mesa model.

Both have the same seed, replicate and draw, so a person who lives in both is the same in both. Until the two first
differ in a lever they are one world, which is simulated once; then the scenario's is a copy that goes its own way.
"""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeVar

from mesa.datacollection import DataCollector

from irregsim.agents.mesa_model import REPORTERS, IrregularMigrationModel
from irregsim.model import simulate
from irregsim.model.draws import Draws
from irregsim.model.engine import Part
from irregsim.model.history import WatchedHistory
from irregsim.model.month import MONTH
from irregsim.model.values import Values
from irregsim.model.world import World
from irregsim.scenario import Scenario
from irregsim.study.forks import kept_before, world_before
from irregsim.study.run_ups import RunUps
from irregsim.vocabulary.codes import month_number, month_text

T = TypeVar("T")

#: Worlds after their burn-in that are kept, so that a second model of the same beginning is there at once.
KEPT: Final = 4


class Beginnings:
    """Worlds at the month before the first one shown, by all that decides them; shared by the viewers of a page.

    A kept world is never stepped: who asks gets a copy. The least recently used is let go of.

    Args:
        most: How many are kept.

    Attributes:
        elsewhere: Makes a world in another process, so that this one stays quick; None to make it here.
    """

    def __init__(self, most: int = KEPT) -> None:
        self.elsewhere: Callable[[Callable[[], World]], World] | None = None
        self._most = most
        self._kept: OrderedDict[str, World] = OrderedDict()
        self._lock = threading.Lock()
        self._making: dict[str, threading.Lock] = {}

    def world(
        self, key: str, values: Values, make: Callable[[], World], kept: Callable[[], World | None] | None = None
    ) -> World:
        """A copy of the world of a key, made if it is not kept.

        Args:
            key: Names all that decides the world up to now.
            values: Values with which the copy continues.
            make: Simulates it from 2009-01; must travel to another process. One thread at a time asks for a key.
            kept: Asked first, in this process: takes it from where it is kept for longer; None to ask nowhere.
        """
        with self._lock:
            mine = self._making.setdefault(key, threading.Lock())
        with mine:
            with self._lock:
                found = self._kept.get(key)
            if found is None and kept is not None:
                found = kept()
            if found is None:
                found = make() if self.elsewhere is None else self.elsewhere(make)
            with self._lock:
                self._kept[key] = found
                self._kept.move_to_end(key)
                while len(self._kept) > self._most:
                    self._making.pop(self._kept.popitem(last=False)[0], None)
        return found.copy(values)


def _beginning(
    values: Values,
    draws: Draws,
    month: int,
    parts: Sequence[Part],
    most_persons: int | None,
    run_ups: RunUps | None,
) -> World:
    """A world before a month, with its spells and the moves of every month; simulated, or kept on disk from before.

    Raises:
        TooManyPersons: If more than ``most_persons`` persons are in the country, or expected in the next month.
    """

    def count(world: World) -> None:
        _check(world, most_persons)

    how: Any = {"spells": True, "run_ups": run_ups, "parts": parts}
    return _watched(world_before(values, draws, month, **how, each_month=count), most_persons)


def _watched(world: World, most_persons: int | None) -> World:
    """A world that adds up its moves month by month from now on."""
    _check(world, most_persons)
    world.history = WatchedHistory.of(world.history)
    return world


def _check(world: World, most_persons: int | None) -> None:
    if most_persons is not None:
        simulate.check_size(world, most_persons)


class LockedCollector(DataCollector):
    """A data collector that can be read by one thread while another collects.

    Mesa's own gives rows of different length to a plot that is drawn in the middle of a step.
    """

    def __init__(self, lock: threading.RLock, reporters: Mapping[str, Any]) -> None:
        super().__init__(model_reporters=dict(reporters))
        self._reading = lock

    def collect(self, model: Any) -> None:
        """As Mesa's."""
        with self._reading:
            super().collect(model)

    def get_model_vars_dataframe(self) -> Any:
        """As Mesa's."""
        with self._reading:
            return super().get_model_vars_dataframe()


class PairedModel(IrregularMigrationModel):
    """A scenario and its reference side by side, month by month.

    The model itself, its agents and its data collector show the scenario; ``reference_world`` is the other side.

    Args:
        scenario: Name, file or `Scenario`, as for `IrregularMigrationModel`.
        reference: The scenario it is compared with, over the same period.
        start: First month shown, ``YYYY-MM``; None for that of the scenario's period. Months before it are simulated
            when the model is made.
        beginnings: Where worlds at that month are kept; None to keep none.
        **arguments: As for `IrregularMigrationModel`: ``seed``, ``replicate``, ``draw``, ``draws``, ``scale``.

    Raises:
        ValueError: If the periods differ, or the first month is outside them.

    Attributes:
        reference: The reference, resolved.
        first: First month shown (month number).
        reference_world: State of the reference; the same object as ``world`` until the two part.
        parts_at: First month in which the two may differ (month number), None where they never do.
        lock: Held while a month runs; hold it to read the worlds from another thread.
    """

    reference: Scenario

    #: Persons at which months before the first one shown are given up; None for no bound.
    most_persons: int | None = None

    def __init__(
        self,
        scenario: str | Path | Scenario = "baseline",
        reference: Scenario | None = None,
        *,
        start: str | None = None,
        beginnings: Beginnings | None = None,
        **arguments: Any,
    ) -> None:
        self.lock = threading.RLock()
        self._start = start
        self._given_reference = reference
        self._beginnings = beginnings
        super().__init__(scenario, **arguments)
        self.datacollector = LockedCollector(self.lock, self.reporters())

    def reporters(self) -> Mapping[str, Any]:
        """What the data collector collects; a subclass may say otherwise."""
        return dict(REPORTERS)

    # -- beginning -----------------------------------------------------------------------------------------------

    def _begun(self, values: Values, chance: Draws) -> World:
        self.reference = self._given_reference or self.resolved
        if (self.reference.start, self.reference.end) != (self.resolved.start, self.resolved.end):
            raise ValueError(
                f"{self.resolved.name} and {self.reference.name} have different periods: they cannot run in step"
            )
        self.first = self.resolved.start if self._start is None else month_number(self._start)
        if not self.resolved.start <= self.first <= self.resolved.end:
            raise ValueError(
                f"start is {self._start}: give a month from {month_text(self.resolved.start)} to "
                f"{month_text(self.resolved.end)}"
            )
        self.parts_at = self.resolved.levers.first_difference(self.reference.levers)
        self._chance, self._draw = chance, values.draw
        self._scale = values.scale
        self.reference_world = self._at_first(self._values(self.reference))
        # In the first month of all, settings that differ already differ in the world that is opened.
        if self.parts_at is not None and self.parts_at < max(self.first, 1):
            return self._at_first(values)
        return self.reference_world

    def _values(self, scenario: Scenario) -> Values:
        return Values(scenario.levers, self._draw, self._scale)

    def _at_first(self, values: Values) -> World:
        """A world before the first month shown."""
        make = partial(_beginning, values, self._chance, self.first, self.parts, self.most_persons, self._run_ups())
        if self._beginnings is None:
            return make()
        return self._beginnings.world(self._key(values), values, make, lambda: self._kept(values))

    def _kept(self, values: Values) -> World | None:
        """The world before the first month shown, where it is kept on disk."""
        world = kept_before(values, self._chance, self.first, spells=True, run_ups=self._run_ups())
        return None if world is None else _watched(world, self.most_persons)

    def _run_ups(self) -> RunUps | None:
        """Where beginnings are kept on disk; nowhere those of a month of other parts, which are another model's."""
        return RunUps.of_user() if tuple(self.parts) == tuple(MONTH) else None

    def _key(self, values: Values) -> str:
        """Hash over all that decides the world up to the first month shown."""
        digest = hashlib.sha256(f"{self.first} {self._chance.seed} {self._chance.replicate} {values.scale}".encode())
        digest.update(repr([type(part).__qualname__ for part in self.parts]).encode())
        digest.update(repr(sorted(values.draw.items())).encode())
        digest.update(values.levers.sha256_until(max(self.first, 1)).encode())
        return digest.hexdigest()

    # -- the month -----------------------------------------------------------------------------------------------

    @property
    def has_parted(self) -> bool:
        """Whether the two sides are worlds of their own by now."""
        return self.world is not self.reference_world

    def step(self) -> None:
        """One month of both sides. Does nothing after the last month.

        Raises:
            TooManyPersons: If a side has more than `most_persons`, or more would arrive; nothing has changed then.
        """
        with self.lock:
            if not self.running:
                super().step()
                return
            if self._open is None:
                self._part()
                for world in {id(one): one for one in (self.reference_world, self.world)}.values():
                    _check(world, self.most_persons)
            if self.has_parted:
                simulate.advance_month(self.reference_world, self.parts)
            super().step()

    def begin_month(self) -> None:
        """Opens the next month of the scenario, as `IrregularMigrationModel` does; the reference follows at its end."""
        with self.lock:
            if self._open is None and self.running:
                self._part()
            super().begin_month()

    def _part(self) -> None:
        """Gives the scenario a world of its own if the next month is the first in which the two may differ."""
        if not self.has_parted and self.parts_at is not None and self.world.month + 1 >= self.parts_at:
            self.world = self.reference_world.copy(self._values(self.resolved))

    def change(self, scenario: Scenario, reference: Scenario | None = None) -> bool:
        """Continues under other values from the next month on, if those of the past stay as they are.

        Args:
            scenario: The new scenario, over the same period.
            reference: The new reference; None to keep it.

        Returns:
            Whether the model continues; if not, nothing has changed, and a new model must be made.
        """
        with self.lock:
            new_reference = reference or self.reference
            periods = {(one.start, one.end) for one in (scenario, new_reference, self.resolved)}
            past = max(self.world.month, 0)
            for old, new in ((self.resolved, scenario), (self.reference, new_reference)):
                if len(periods) > 1:
                    return False
                differs = old.levers.first_difference(new.levers)
                if differs is not None and differs <= past:
                    return False
            self.resolved, self.reference = scenario, new_reference
            self.parts_at = scenario.levers.first_difference(new_reference.levers)
            self.reference_world.values = self._values(new_reference)
            if self.has_parted:
                self.world.values = self._values(scenario)
            self._changed()
            return True

    def look(self, at: Callable[[World, World], T]) -> T:
        """Reads both worlds while no month runs.

        Args:
            at: Is given the world of the reference and that of the scenario, the same one while they have not parted.
        """
        with self.lock:
            return at(self.reference_world, self.world)
