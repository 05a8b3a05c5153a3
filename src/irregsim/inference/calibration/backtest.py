"""Forecasts of every year from what was known before it, from a stored bank: nothing is simulated.

For each year the parameters are fitted again to the counts up to it, with the trials from the prior, which no later
count has guided, and the counts after it are forecast and scored. What is not of that year: the model and its priors,
which were made with a report of 2021, and the paths of what drives it (rejections, effort), which are as they came. So
it scores forecasts *given* those paths; the naive forecasts have only the counts.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from irregsim.inference.calibration import bank as trials
from irregsim.inference.calibration import counts, design, fitting, forecast, recovery
from irregsim.inference.calibration import emulator as response

if TYPE_CHECKING:
    from irregsim.inference.targets import Target
    from irregsim.scenario import Scenario


class Unfinished(ValueError):
    """A folder does not hold all trials of its calibration; the message says which wave."""


def stored(scenario: Scenario, folder: Path, settings: fitting.Settings) -> list[trials.Bank]:
    """All waves of a finished bank.

    Args:
        scenario: The baseline, to the end of the last year that is compared.
        folder: Of the calibration.
        settings: What the calibration is.

    Raises:
        Unfinished: If a wave or some of its trials are not there.
        OtherTrials: If they are of another design, code or data.
    """
    waves = []
    for number in range(settings.near_waves + 1):
        place = folder / f"wave-{number}"
        z = trials.stored_design(place)
        missing = "all" if z is None else len(set(range(len(z))) - trials.Trials(place).finished())
        if z is None or missing:
            raise Unfinished(
                f"{place}: {missing} trials are not there; the calibration that makes them must be finished"
            )
        scale = settings.near_scale if number else settings.scale
        # Checks that they are of this code, and runs none since none is missing.
        waves.append(trials.run_wave(scenario, z, place, seed=settings.seed, scale=scale))
    return waves


def years(targets: Sequence[Target]) -> list[int]:
    """Years up to which counts can be known so that some are known and some are later, rising."""
    all_ = sorted({forecast.year(target) for target in targets})
    return all_[:-1]


def backtest(
    targets: Sequence[Target],
    waves: Sequence[trials.Bank],
    settings: fitting.Settings,
    known_to: Sequence[int],
    finished: Callable[[int], None] = lambda year: None,
) -> list[dict[str, Any]]:
    """Forecasts of the counts after each year, and their scores.

    Args:
        targets: The counts that are fitted.
        waves: All waves of a bank, the first from the priors.
        settings: What the calibration is.
        known_to: Years, each among `years`.
        finished: Called with each year that is done.

    Returns:
        Rows as of `fitting.forecasts`, with ``known_to`` before them, in the order of the years.
    """
    observed, errors = counts.observed(targets), counts.errors(targets, settings.near_scale)
    first = fitting.Evidence.of(waves[:1], targets)
    followed = np.union1d(response.most_telling(first.z, first.expected), design.widened())
    all_ = fitting.Evidence.of(waves, targets)
    prior = ~all_.near
    coarse = all_.scale[prior] != all_.scale[0]
    surface = recovery.surface(all_.z[prior], all_.y[prior], all_.expected[prior], None, followed, coarse=coarse)
    rows = []
    for year in known_to:
        found = fitting.forecasts(targets, observed, errors, surface, settings, year)
        rows += [{"known_to": year, **row} for row in found]
        finished(year)
    return rows
