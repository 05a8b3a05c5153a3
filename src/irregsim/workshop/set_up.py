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
        for number in range(len(exercise.variants)):
            if is_set_up(exercise, settings, number):
                effect = stored(exercise.id, number).effects.get(key)
                return None if effect is None else effect.band()
    return None
