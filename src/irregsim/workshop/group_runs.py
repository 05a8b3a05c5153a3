"""What came of the levers that the groups of a class have set: each beside the reference, in separate processes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from types import MappingProxyType

from irregsim.inference.posterior import choose
from irregsim.model.draws import Draws
from irregsim.scenario import Scenario
from irregsim.workshop.exercises import Exercise
from irregsim.workshop.gathering import Gathering, asked_of
from irregsim.workshop.live.followed import outcome
from irregsim.workshop.live.shown import Pair
from irregsim.workshop.replicate_band import Runs, pairs_together
from irregsim.workshop.set_up import set_up
from irregsim.workshop.settings import Settings


@dataclass(frozen=True)
class Asked:
    """A group's lever as it is run.

    Attributes:
        number: Of the group, from 1.
        lever: Path of the lever.
        value: Its value.
    """

    number: int
    lever: str
    value: float


def asked_for(gathering: Gathering) -> tuple[Asked, ...]:
    """The groups that have a value, in order."""
    values = [(number, group.lever, gathering.value(number)[0]) for number, group in enumerate(gathering.groups, 1)]
    return tuple(Asked(number, lever, value) for number, lever, value in values if value is not None)


def settings_of(exercise: Exercise, settings: Settings, asked: Asked) -> Settings:
    """The reference of an exercise with a group's lever from its first month on, everywhere.

    Args:
        exercise: Gives first month, seed and replicate.
        settings: Of the page: size and parameters stay.
        asked: The lever.

    Raises:
        ScenarioError: If the value cannot be set.
    """
    first = set_up(exercise, settings)
    plain = replace(first, base=first.reference_base, changes=MappingProxyType({}))
    return plain.with_value(asked.lever, "", exercise.start, asked.value).checked()


class GroupRuns(Runs):
    """A run for each group, beside the reference with the same parameters and random numbers.

    Args:
        exercise: The exercise: first and last month, seed, replicate, outcomes.
        settings: Of the page.
        asked: The groups, at least one.
        told: As for `Runs`; likewise ``jobs``.

    Attributes:
        exercise: The exercise.
        asked: The groups.

    Raises:
        ScenarioError: If a value cannot be set.
    """

    def __init__(
        self,
        exercise: Exercise,
        settings: Settings,
        asked: Sequence[Asked],
        told: Callable[[], None],
        jobs: int | None = None,
    ) -> None:
        self.exercise, self.asked = exercise, tuple(asked)
        sides = [settings_of(exercise, settings, one) for one in asked]
        s = sides[0]
        chosen, _ = choose(s.draws)
        work = partial(
            _pair_of_group,
            tuple((side.scenario, side.reference) for side in sides),
            {s.replicate: chosen.values[chosen.index(s.replicate)]},
            s.seed,
            s.scale,
            exercise.first,
            exercise.last,
        )
        super().__init__(work, len(sides), exercise.last, told, jobs)

    def changes(self, place: int) -> dict[str, float] | None:
        """What came of a group, by key of the outcome.

        Args:
            place: Of the group among those that are run, from 0.

        Returns:
            Change in percent of the reference in the last month, missing where too few are behind it; None while the
            group has not been run.
        """
        if place >= len(self.pairs):
            return None
        pair = self.pairs[place]
        found = {}
        for key in asked_of(self.exercise):
            name, _, city = key.partition("@")
            found[key] = float(outcome(pair, name, city, relative=True).difference[-1])
        return found


def _pair_of_group(
    sides: Sequence[tuple[Scenario, Scenario]],
    draw: Mapping[int, Mapping[str, float]],
    seed: int,
    scale: float,
    first: int,
    until: int,
    number: int,
) -> Pair:
    ((replicate, values),) = draw.items()
    # Only the world before the first month is kept on disk, which all have in common: what a group chose is not.
    (pair,) = pairs_together([sides[number]], values, Draws(seed, replicate), scale, first, until, partings=(first,))
    return pair
