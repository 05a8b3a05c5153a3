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
from irregsim.storage.paths import read_record

if TYPE_CHECKING:
    from irregsim.inference.targets import Target


class Unusable(ValueError):
    """A folder does not hold the trials of one finished calibration; the message says what is wrong."""


def stored(folder: Path, settings: fitting.Settings) -> tuple[list[trials.Bank], str]:
    """All waves of a finished bank, as they are.

    They may be trials of an earlier version of the model: nothing is added to them, so they need only be of one.

    Args:
        folder: Of the calibration.
        settings: What the calibration is.

    Returns:
        The waves, and the hash of the code and data that they were made with (`bank.model_sha256`).

    Raises:
        Unusable: If a wave or some of its trials are not there, or the waves are of different models.
    """
    waves: list[trials.Bank] = []
    made_with: list[tuple[str, ...]] = []
    for number in range(settings.near_waves + 1):
        place = folder / f"wave-{number}"
        try:
            told = read_record(place / "wave.json")
            z = trials.stored_design(place)
        except (OSError, ValueError) as error:
            raise Unusable(f"{place}: {error}; the calibration that makes its trials must be finished") from None
        if z is None or (missing := len(set(range(len(z))) - trials.Trials(place).finished())):
            left = "all" if z is None else missing
            raise Unusable(f"{place}: {left} trials are missing; the calibration that makes them must be finished")
        made_with.append(tuple(str(told.get(key)) for key in ("model", "version", "scenario", "seed")))
        if made_with[-1] != made_with[0]:
            raise Unusable(f"{place}: holds trials of another model or scenario than {folder / 'wave-0'}")
        waves.append(trials.read_wave(place, z, float(told["scale"])))
    return waves, made_with[0][0]


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
