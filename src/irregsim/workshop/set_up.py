"""Settings of an exercise: the stored replicate of its scenario, with the spread of its stored runs behind it."""

from __future__ import annotations

import json
from dataclasses import replace
from types import MappingProxyType
from typing import Final

from irregsim.workshop.exercises import Exercise, material
from irregsim.workshop.live.followed import Band
from irregsim.workshop.settings import Change, Key, Settings
from irregsim.workshop.stored_runs import shown_replicate, stored

_BASELINE: Final = "baseline"


def set_up(exercise: Exercise, settings: Settings, variant: int = 0) -> Settings:
    """Settings of an exercise; size and parameters stay as they are, what the command line set does not.

    Args:
        exercise: The exercise.
        settings: Present settings.
        variant: Number of the variant.
    """
    chosen = exercise.variants[variant]
    new = replace(
        settings,
        base=chosen.scenario,
        reference_base=_BASELINE,
        changes=MappingProxyType(dict(map(assumed, chosen.assume))),
        given=(),
        end=None,
        start=exercise.start,
        seed=exercise.seed,
        replicate=shown_replicate(exercise.id),
    )
    return new.checked()


def assumed(text: str) -> tuple[Key, Change]:
    """An assumption of a variant as a change that the page has set, so that its control shows it."""
    path, _, value = text.partition("=")
    return (path, ""), Change(whole=json.loads(value))


def is_set_up(exercise: Exercise, settings: Settings, variant: int) -> bool:
    """Whether the settings are those of a variant, but for size and parameters."""
    chosen = exercise.variants[variant]
    return (
        settings.base == chosen.scenario
        and settings.reference_base == _BASELINE
        and dict(settings.changes) == dict(map(assumed, chosen.assume))
        and (settings.start, settings.seed, settings.given) == (exercise.start, exercise.seed, ())
        and settings.replicate == shown_replicate(exercise.id)
    )


def variant_of(exercise: Exercise, settings: Settings) -> int | None:
    """Number of the variant of an exercise that settings are; None where they have own changes."""
    return next((n for n in range(len(exercise.variants)) if is_set_up(exercise, settings, n)), None)


def exercise_of(settings: Settings, opened: str = "") -> Exercise | None:
    """The exercise that was set up, whatever has been changed since; None where none was.

    Args:
        settings: Under which the page runs.
        opened: Name of the exercise that comes first where several have the same settings.
    """
    found = [one for one in material().exercises if _begins_as(one, settings)]
    exact = [one for one in found if variant_of(one, settings) is not None]
    for some in (exact, found):
        if some:
            return next((one for one in some if one.id == opened), some[0])
    return None


def _begins_as(exercise: Exercise, settings: Settings) -> bool:
    """Whether settings have the run of an exercise and one of its scenarios."""
    return (
        (settings.start, settings.seed, settings.given) == (exercise.start, exercise.seed, ())
        and settings.replicate == shown_replicate(exercise.id)
        and settings.reference_base == _BASELINE
        and settings.base in {variant.scenario for variant in exercise.variants}
    )


def stored_band(settings: Settings, key: str) -> Band | None:
    """Spread of an outcome over the stored runs of an exercise, where a page runs one of its variants.

    Args:
        settings: Under which the page runs.
        key: Name of the outcome, ``outcome@city`` for one of a city.

    Returns:
        None where no exercise is set up, parameters are not those of the posterior, or the outcome is not stored.
    """
    if settings.draws != "posterior":
        return None
    for exercise in material().exercises:
        number = variant_of(exercise, settings)
        effect = None if number is None else stored(exercise.id, number).effects.get(key)
        if effect is not None:
            return effect.band()
    return None
