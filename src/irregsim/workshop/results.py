"""The table of results of an exercise: what was predicted and what came, for each variant that was run.

It stays while variants and views change, and goes with the page: nothing is stored.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from irregsim.workshop.exercises import Exercise, Predicted
from irregsim.workshop.gathering import Gathering
from irregsim.workshop.group_runs import GroupRuns
from irregsim.workshop.live.followed import outcome
from irregsim.workshop.live.shown import Pair
from irregsim.workshop.set_up import exercise_of, variant_of
from irregsim.workshop.settings import Settings

#: Runs with own changes that are kept for an exercise; the oldest goes first.
MOST_OWN: Final = 6


@dataclass(frozen=True)
class Tried:
    """A run of an exercise with own changes of levers.

    Attributes:
        settings: What was set.
        values: Change in percent of the reference in the last month of the exercise, by key of the outcome; missing
            where too few are behind it.
    """

    settings: Settings
    values: dict[str, float]


class Results:
    """What came in the exercises of one viewer.

    Attributes:
        came: Change in percent of the reference in the last month, by exercise and name of what was predicted.
        own: Runs with own changes, by exercise.
        hands: What a class has answered without phones.
        groups: Runs of the levers of groups, by exercise.
    """

    def __init__(self) -> None:
        self.came: dict[tuple[str, str], float] = {}
        self.own: dict[str, list[Tried]] = {}
        self.hands = Gathering()
        self.groups: dict[str, GroupRuns] = {}

    def take(self, settings: Settings, month: int, pair: Callable[[], Pair], opened: str = "") -> bool:
        """Takes the numbers of a run that has come to the last month of an exercise.

        Args:
            settings: Under which the page runs.
            month: The latest month that has run.
            pair: Gives both sides; only called where there is something to take.
            opened: Exercise that is open: it comes first where the settings are those of several.

        Returns:
            Whether there was something.
        """
        exercise = exercise_of(settings, opened)
        if exercise is None or month < exercise.last:
            return False
        number = variant_of(exercise, settings)
        if number is None:
            return self._take_own(exercise, settings, pair)
        missing = [
            one for one in exercise.compared if one.variant == number and (exercise.id, one.name) not in self.came
        ]
        for one in missing:
            self.came[exercise.id, one.name] = _last(pair(), exercise, one)
        return bool(missing)

    def _take_own(self, exercise: Exercise, settings: Settings, pair: Callable[[], Pair]) -> bool:
        rows = self.own.setdefault(exercise.id, [])
        if any(row.settings == settings for row in rows):
            return False
        rows.append(Tried(settings, {one.key: _last(pair(), exercise, one) for one in exercise.compared}))
        del rows[:-MOST_OWN]
        return True

    def has(self, exercise: Exercise, variant: int) -> bool:
        """Whether a variant has been run to the last month."""
        return any((exercise.id, one.name) in self.came for one in exercise.compared if one.variant == variant)

    def has_any(self, exercise: str) -> bool:
        """Whether any variant of an exercise has been run to the last month."""
        return any(name == exercise for name, _ in self.came)

    def run_groups(self, exercise: str, runs: GroupRuns) -> None:
        """Begins the runs of groups, in the place of earlier ones of the exercise."""
        if exercise in self.groups:
            self.groups[exercise].stop()
        self.groups[exercise] = runs
        runs.start()

    def stop(self) -> None:
        """Ends the runs of groups; what is finished stays."""
        for runs in self.groups.values():
            runs.stop()

    def forget(self) -> None:
        """Forgets everything."""
        self.stop()
        self.came.clear()
        self.own.clear()
        self.groups.clear()
        self.hands.begin()

    def clear(self, exercise: str) -> None:
        """Forgets what came in an exercise.

        Args:
            exercise: Its name.
        """
        for key in [key for key in self.came if key[0] == exercise]:
            del self.came[key]
        self.own.pop(exercise, None)
        self.hands.forget(exercise)


def _last(pair: Pair, exercise: Exercise, one: Predicted) -> float:
    """Change in percent of the reference in the last month of an exercise."""
    found = outcome(pair.until(exercise.last), one.outcome, one.city, relative=True)
    return float(found.difference[-1])
