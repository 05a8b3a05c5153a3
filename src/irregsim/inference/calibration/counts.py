"""The scale on which counts of the model and of agencies are compared: logs, and logits of shares."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, Literal

import numpy as np
import numpy.typing as npt

from irregsim.inference.check.counts import answers

if TYPE_CHECKING:
    from irregsim.inference.calibration.bank import Bank
    from irregsim.inference.targets import Target

FloatArray = npt.NDArray[np.float64]

#: Added to a count before its log, so that a published 0 can be compared; negligible in all but the smallest districts.
FLOOR: Final = 2.0


def is_share(target: Target) -> bool:
    """Whether a target is a percentage of its register's total."""
    return "percent" in target.unit


def on_scale(values: FloatArray, targets: Sequence[Target]) -> FloatArray:
    """Counts as ``log(count + 2)``, percentages as logits drawn half a point away from 0 and 100.

    Args:
        values: In the targets' units, at population scale 1, last axis targets.
        targets: What they are of.
    """
    share = np.array([is_share(target) for target in targets])
    p = (np.where(share, values, 50.0) + 0.5) / 101.0
    return np.where(share, np.log(p / (1.0 - p)), np.log(np.where(share, 0.0, values) + FLOOR))


def back(y: FloatArray, targets: Sequence[Target]) -> FloatArray:
    """The inverse of `on_scale`."""
    share = np.array([is_share(target) for target in targets])
    p = 1.0 / (1.0 + np.exp(-np.where(share, y, 0.0)))
    return np.where(share, p * 101.0 - 0.5, np.exp(np.where(share, 0.0, y)) - FLOOR)


def simulated(bank: Bank, targets: Sequence[Target], column: Literal["count", "expected"] = "count") -> FloatArray:
    """What each trial's registers say, on the scale of `on_scale`, shape (trials, targets).

    Args:
        bank: Finished trials.
        targets: What is compared.
        column: ``count``, with the registers' own noise, or ``expected``, without it.
    """
    values = answers(bank.registers.assign(count=bank.registers[column]), targets)
    share = np.array([is_share(target) for target in targets])
    # A trial in which nobody is in the total has no share; the middle represents not knowing.
    values = np.where(np.isnan(values), 50.0, values)
    return on_scale(values / np.where(share, 1.0, bank.scale), targets)


def observed(targets: Sequence[Target]) -> FloatArray:
    """What the agencies published, on the same scale, shape (targets,)."""
    return on_scale(np.array([target.value for target in targets]), targets)


def errors(targets: Sequence[Target]) -> FloatArray:
    """Standard deviation of what the model may miss beyond its registers' own noise, and of rounding; (targets,)."""
    own = np.array([float(target.error_log_sd or 0.0) for target in targets])
    rounding = np.array([float(target.rounding or 1.0) for target in targets])
    value = np.array([target.value for target in targets])
    # The error of a percentage is that of its log too; its logit moves more, by 1 / (1 - share).
    share = np.array([is_share(target) for target in targets])
    steeper = np.where(share, 1.0 / (1.0 - np.clip(value / 100.0, 0.0, 0.99)), 1.0)
    level = np.maximum(1.0, value)
    # A number rounded to u is anywhere within u / 2: standard deviation u / sqrt(12), on the log scale over the level.
    # A plain count is not rounded: between whole numbers there is nothing.
    rounding = np.where((rounding <= 1.0) & ~share, 0.0, rounding)
    return np.asarray(steeper * np.sqrt(own**2 + (rounding / np.sqrt(12.0) / level) ** 2))
