"""One viewer's room: the model that runs, what is read from it, and the additional runs.

A room knows nothing of a browser. Everything that reads the worlds does so while no month runs.
"""

from __future__ import annotations

import itertools
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Final

from irregsim.agents import Beginnings, PairedModel
from irregsim.model.simulate import TooManyPersons, check_size
from irregsim.scenario import ScenarioError
from irregsim.scenario.levers import REGISTRY, Kind
from irregsim.vocabulary.codes import HIDDEN, Strategy, month_number, month_text
from irregsim.workshop.exercises import Given
from irregsim.workshop.live import lives
from irregsim.workshop.live.dots import Dots, dots, share_of
from irregsim.workshop.live.followed import Band, Outcome, Spreads, outcome
from irregsim.workshop.live.network import Net, network
from irregsim.workshop.live.record import PANELS, CountedYears, Record
from irregsim.workshop.live.shown import Pair, index_of
from irregsim.workshop.live.snapshot import Look, look
from irregsim.workshop.pace import Pace
from irregsim.workshop.replicate_band import More
from irregsim.workshop.results import Results
from irregsim.workshop.set_up import exercise_of, stored_band
from irregsim.workshop.settings import Settings, places_of

#: More persons than this in a world, and the model stops: a laptop would not keep up.
MOST_PERSONS: Final = 60_000

#: A state of a room: number of its model, and how often that has changed.
_Now = tuple[int, int]

#: Seconds for which months are held after the page has said that it stopped.
_HOLDS: Final = 0.5

#: Earlier additional runs that later ones may continue from.
_BANDED: Final = 3


class Room:
    """What one viewer sees; nothing is shared with another but kept beginnings, which are never changed.

    Args:
        settings: What is set at first.
        beginnings: Kept worlds, shared with other rooms.
        most_persons: Persons in a world at which the model stops.

    Attributes:
        settings: What is set.
        running: The settings under which the model runs: those set, but for what needs a new beginning.
        model: The model that runs; None until `make` has been called.
        pace: Keeps steps and pictures together.
        more: Runs besides the one on the page; None where there are none.
        problem: Key of a label that says why something was refused or stopped; empty if nothing was.
        stopped_by: Why there are too many persons, where `problem` says so.
        faults: What is wrong with a scenario, a line each.
        tab: Number of the view that is shown; kept when the model is made again, as are the next five.
        outcome_name: Outcome of the view of differences; empty for the first.
        city: Its city, or empty for the country.
        exercise: Name of the exercise that is open.
        answers: Predictions by exercise, then by name of what is predicted.
        revealed: How many results have been seen, by exercise.
        results: What came in the exercises that were run.
        at_step: Number of the step of the exercise that was pressed last; 0 for none.
        order: Number of the latest order of a button to play, and the month to play to.
        wish: Month that the next model is to be played to; empty for none.
        space: Width and height of the place for a picture, in pixels of the page, where it is shown by a projector;
            None where it is not.
    """

    def __init__(
        self, settings: Settings, beginnings: Beginnings | None = None, most_persons: int = MOST_PERSONS
    ) -> None:
        self.settings = self.running = settings
        self.model: RoomModel | None = None
        self.pace = Pace()
        self.more: More | None = None
        self.problem = ""
        self.stopped_by: TooManyPersons | None = None
        self.faults: tuple[str, ...] = ()
        self.tab = 0
        self.outcome_name = self.city = ""
        self.exercise = ""
        self.answers: dict[str, dict[str, Given]] = {}
        self.revealed: dict[str, int] = {}
        self.results = Results()
        self.at_step = 0
        self.order: tuple[int, str] = (0, "")
        self.wish = ""
        self.space: tuple[float, float] | None = None
        self._until: int | None = None
        self._rest = 0.0
        self.most_persons = most_persons
        self._beginnings = beginnings
        self._files: tempfile.TemporaryDirectory[str] | None = None
        self._spreads = Spreads()
        self._forget()

    def _forget(self) -> None:
        """Forgets what was known of an earlier model."""
        self._look: tuple[_Now, Look] | None = None
        self._pair: tuple[_Now, Pair] | None = None
        self._counted = (CountedYears(), CountedYears())
        #: Last months of the latest additional runs, which later ones continue.
        self._banded: tuple[int, ...] = ()
        self._net: Net | None = None
        self._net_of: _Now | None = None

    # -- the model -----------------------------------------------------------------------------------------------

    def make(self, **arguments: Any) -> RoomModel:
        """A model of the settings, before its first month; what ran before is dropped.

        Args:
            arguments: ``seed``, ``start``, ``scale``, ``draws`` that replace those of the settings.

        Raises:
            TooManyPersons: If there are too many before the first month shown.
            ReplicateError: If the process that makes its beginning ends unexpectedly.
        """
        if arguments:
            self.settings = replace(self.settings, **arguments)
        self._leave()
        return RoomModel(self)

    def _leave(self) -> None:
        """Stops what ran before."""
        if self.model is not None:
            self.model.is_left = True

    def begin(self, model: RoomModel) -> None:
        """A model takes the place of the one before; Mesa's reset comes here too."""
        self.stop_more()
        self.problem = ""
        self._forget()
        self.running = self.settings
        self.model = model
        if self.wish:
            self.play_to(self.wish)
            self.wish = ""

    @property
    def beginnings(self) -> Beginnings | None:
        """Kept worlds."""
        return self._beginnings

    def set(self, change: Callable[[Settings], Settings]) -> bool:
        """Changes the settings, if the result is valid, and lets the model continue under them.

        Args:
            change: From the present settings to new ones.

        Returns:
            Whether the model continues; if not, it must be made again (`needs_reset` says so), or nothing was changed
            because of `faults`.
        """
        self.faults = ()
        self.problem = ""
        try:
            new = change(self.settings).checked()
        except ScenarioError as error:
            self.faults = tuple(fault.message if not fault.path else f"{fault.path}: {fault.message}"
                                for fault in error.faults)  # fmt: skip
            self.problem = "refused"
            return False
        self.settings = new
        self.stop_more()
        if self.model is None:
            return False
        goes_on = self.model.change(new.scenario, new.reference)
        if goes_on:
            self.running = new
        else:
            self.problem = "needs_reset"
        return goes_on

    @property
    def next_month(self) -> str:
        """The month that a change can begin in: the next one to run."""
        return month_text(self.settings.scenario.start if self.model is None else self.model.world.month + 1)

    # -- play ----------------------------------------------------------------------------------------------------

    def run_until(self, month: str) -> None:
        """Months are played up to one, and no further until the page has heard of it.

        Args:
            month: ``YYYY-MM``; empty where play goes on as long as it may. What is no month is taken as empty.
        """
        try:
            self._until = month_number(month)
        except ValueError:
            held = self._until
            if held is not None:
                # The page has stopped its play, but a month may just have been asked for.
                later = threading.Timer(_HOLDS, self._let_go, (held,))
                later.daemon = True
                later.start()

    def _let_go(self, held: int) -> None:
        if self._until == held:
            self._until = None

    def play_to(self, month: str) -> None:
        """Asks the page to play up to a month, ``YYYY-MM``, and to show its top; only the latter where empty."""
        self.order = (self.order[0] + 1, month)

    @property
    def is_exercise(self) -> bool:
        """Whether an exercise was set up: all changes are in percent then, whoever counts what changes."""
        return exercise_of(self.running) is not None

    def set_rest(self, seconds: float) -> None:
        """Seconds between months that are played, 0 to 5."""
        self._rest = min(max(0.0, float(seconds)), 5.0)

    def plays(self, month: int) -> bool:
        """Whether play goes on after a month; waits a moment where it rests or does not go on."""
        if self.pace.is_heard_here:
            self._until = None  # a single step was asked for
            return True
        if self._until is not None and month >= self._until:
            time.sleep(0.05)
            return False
        time.sleep(self._rest)
        return True

    # -- what is seen --------------------------------------------------------------------------------------------

    def pair(self) -> Pair:
        """Records of both sides at the end of the latest month."""
        return self._seen()[1]

    def _seen(self) -> tuple[_Now, Pair]:
        """The pair with the number of the state it was read from."""
        model, counted = self.model, self._counted
        assert model is not None, "a model has been made"
        with model.lock:
            now, known = (model.number, model.changes), self._pair
            if known is not None and known[0] == now:
                return known
            reference = Record.of(model.reference_world, counted[0].of(model.reference_world))
            scenario = reference
            if model.has_parted:
                scenario = Record.of(model.world, counted[1].of(model.world))
            found = (now, Pair(reference, scenario, model.first))
            self._pair = found
            return found

    def look(self) -> Look:
        """What may be shown of both sides."""
        now, pair = self._seen()
        known = self._look
        if known is None or known[0] != now:
            known = (now, look(pair))
            self._look = known
        return known[1]

    def outcome(self, name: str, city: str = "") -> Outcome:
        """One outcome of both sides."""
        return outcome(self.pair(), name, city, relative=self.is_exercise)

    def network(self) -> Net:
        """The support network of a sample, drawn on from the last one."""
        model = self.model
        assert model is not None, "a model has been made"
        with model.lock:
            now = (model.number, model.changes)
            if self._net is None or self._net_of != now:
                self._net_of = now
                self._net = network(model.reference_world, model.world, self._net)
        return self._net

    def dots(self) -> tuple[Dots, ...]:
        """A sample of persons of one side while both are the same, else of both, the reference first."""
        model, share = self.model, share_of(self.pair().base)
        assert model is not None, "a model has been made"
        return model.look(
            lambda reference, scenario: tuple(dots(one, share) for one in dict.fromkeys((reference, scenario)))
        )

    def twins(self) -> tuple[lives.Twin, ...]:
        """Persons whose lives are in different states now."""
        assert self.model is not None, "a model has been made"
        return self.model.look(lives.twins)

    def twin(self, person: int) -> lives.Twin:
        """One person on both sides."""
        assert self.model is not None, "a model has been made"
        return self.model.look(lambda reference, scenario: lives.twin(reference, scenario, person))

    def someone(self, number: int, strategy: Strategy | None = None) -> int | None:
        """A person of the scenario, the same for the same number."""
        assert self.model is not None, "a model has been made"
        return self.model.look(lambda _, scenario: lives.someone(scenario, number, strategy))

    def facts(self, person: int) -> tuple[dict[str, str | int] | None, dict[str, str | int] | None]:
        """What may be shown of a person who is here now, in the reference and in the scenario."""
        assert self.model is not None, "a model has been made"
        return self.model.look(
            lambda reference, scenario: (lives.facts(reference, person), lives.facts(scenario, person))
        )

    # -- more runs -----------------------------------------------------------------------------------------------

    def run_more(self, told: Callable[[], None]) -> More:
        """Begins more runs of the same pair, to the latest month.

        Args:
            told: Called from another thread whenever one is finished.
        """
        assert self.model is not None, "a model has been made"
        self.stop_more()
        model, s = self.model, self.running
        self.more = More(
            s.scenario,
            s.reference,
            draws=s.draws,
            seed=s.seed,
            replicate=s.replicate,
            scale=s.scale,
            first=model.first,
            until=model.world.month,
            told=told,
            earlier=self._banded,
        )
        self._banded = (*self._banded, model.world.month)[-_BANDED:]
        self.more.start()
        return self.more

    def stop_more(self) -> None:
        """Ends the additional runs and forgets them."""
        if self.more is not None:
            self.more.stop()
        self.more = None

    def pairs(self) -> tuple[Pair, ...]:
        """The run on the page and the additional ones, once those have ended: a band of few runs says too much."""
        if self.more is None or not self._has_more:
            return ()
        return (self.pair().until(self.more.until), *self.more.pairs)

    def band(self, name: str, city: str = "") -> Band | None:
        """Spread of an outcome over the runs; before there are any, over the stored runs of an exercise that runs.

        None where there are neither.
        """
        if not self._has_more:
            return stored_band(self.running, f"{name}@{city}" if city else name)
        return self._spreads.of(self.more, self.pairs, name, city, relative=self.is_exercise)

    def register_bands(self) -> dict[tuple[str, str, str], Band | None]:
        """Spread of the registers over the runs, in their own units, by panel; none before there are runs."""
        panels = PANELS if self._has_more else ()
        return {panel: self._spreads.of(self.more, self.pairs, f"register:{'/'.join(panel)}") for panel in panels}

    @property
    def _has_more(self) -> bool:
        return self.more is not None and not self.more.is_running and bool(self.more.pairs)

    def close(self) -> None:
        """The viewer has gone."""
        self.stop_more()
        self.results.stop()
        self._leave()
        self.model = None
        if self._files is not None:
            self._files.cleanup()
            self._files = None

    def folder(self) -> Path:
        """An empty folder of the room's own, for files that were loaded; gone with the room."""
        if self._files is None:
            self._files = tempfile.TemporaryDirectory(prefix="irregsim-")
        return Path(tempfile.mkdtemp(dir=self._files.name))

    def tidy(self) -> None:
        """Removes the folders of files that are not set."""
        if self._files is not None:
            used = {Path(self.settings.base).parent, Path(self.settings.reference_base).parent}
            for one in Path(self._files.name).iterdir():
                if one not in used:
                    shutil.rmtree(one, ignore_errors=True)

    def in_force(self) -> tuple[object, ...]:
        """Values of all dated levers in the next month: other ones must be shown when they change."""
        s = self.settings
        month = min(month_number(self.next_month), s.scenario.end)
        dated = (lever for lever in REGISTRY if lever.kind in (Kind.DATED, Kind.YEARS))
        return tuple(s.value(lever, place, month) for lever in dated for place in places_of(lever) or ("",))


_NUMBERS = itertools.count(1)


class RoomModel(PairedModel):
    """The model of a room, as Mesa's page makes it again at every reset.

    Args:
        room: The room.
        seed: Replaces that of the settings; likewise the others.

    Attributes:
        number: Identifies a model, whatever room it is in.
        is_left: Whether nobody is looking at it any more: the page was closed, or another was made in its place.
    """

    def __init__(
        self,
        room: Room,
        seed: int | None = None,
        start: str | None = None,
        scale: float | None = None,
        draws: str | None = None,
    ) -> None:
        given = {"seed": seed, "start": start, "scale": scale, "draws": draws}
        changed = {name: value for name, value in given.items() if value is not None}
        if changed:
            room.settings = replace(room.settings, **changed)  # type: ignore[arg-type]
        self.room = room
        self.is_left = False
        self._catches_up = False
        self.most_persons = room.most_persons
        s = room.settings
        super().__init__(
            s.scenario,
            s.reference,
            start=s.start,
            beginnings=room.beginnings,
            seed=s.seed,
            replicate=s.replicate,
            scale=s.scale,
            draws=s.draws,
        )
        self.number = next(_NUMBERS)
        room.begin(self)

    def step(self) -> None:
        """One month of both sides; none once another model is there or where play is to stop, none far ahead."""
        if self._catches_up:
            self._run_month()
            return
        if not self.is_left and not self.room.plays(self.world.month):
            self.steps -= 1  # Mesa counts calls, and no month has run
            return
        self.room.pace.begins()
        if self.is_left:
            self.running = False  # or Mesa's play would run it on to its last month
            return
        if self.room.model is not self:
            return  # reset meanwhile: Mesa's play has ended, and to stop running would disable the new model's buttons
        self._run_month()
        if not self.is_left:
            self.room.pace.ends()

    def run_to(self, month: int) -> None:
        """Months up to one, as fast as they run and without pictures: a page comes back to where it was.

        Args:
            month: Month number; none run if it has run already, and none after the last of the scenario.
        """
        self._catches_up = True
        try:
            while self.running and not self.is_left and self.world.month < month:
                self.step()
        finally:
            self._catches_up = False

    def _run_month(self) -> None:
        self.most_persons = self.room.most_persons
        try:
            super().step()
            for world in (self.reference_world, self.world):
                check_size(world, self.most_persons)
        except TooManyPersons as error:
            self.running = False
            self.room.problem, self.room.stopped_by = "too_many_persons", error

    def reporters(self) -> Mapping[str, Any]:
        """The hidden strategies as an index, and those in centres: what Mesa's own plot may show."""
        return {"month": "month", **{f"index_{code}": partial(_index, number=i) for i, code in enumerate(HIDDEN)}}


def _index(model: RoomModel, number: int) -> float:
    """A hidden strategy of the scenario as an index: all of them in the reference before the first month are 100."""
    stocks = model.reference_world.history.stocks[model.first - 1].reshape(len(Strategy), -1).sum(axis=1)
    strategy = next(s for s in Strategy if s.code == HIDDEN[number])
    return index_of(model.stock(strategy), float(stocks.sum() - stocks[Strategy.SYNLIG]))
