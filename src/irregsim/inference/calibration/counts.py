"""The scale on which counts of the model and of agencies are compared: logs, and logits of shares."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

import numpy as np
import numpy.typing as npt

from irregsim.inference import soft
from irregsim.inference.check.counts import answers
from irregsim.inference.soft import SoftTarget

if TYPE_CHECKING:
    from irregsim.inference.calibration.bank import Bank
    from irregsim.inference.targets import Target

FloatArray = npt.NDArray[np.float64]

#: Added to a count before its log, so that a published 0 can be compared; negligible in all but the smallest districts.
FLOOR: Final = 2.0

#: Counts up to this one are fitted as counts: their random variation is Poisson's, not a normal one of their log.
SMALL: Final = 60.0

#: Share of the variance of a target's error that all counts of its register have in common (docs/calibration.md).
SHARED: Final = 0.5


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
    registers = bank.registers.assign(count=bank.registers[column])
    hard, gentle = (
        [t for t in targets if not isinstance(t, SoftTarget)],
        [t for t in targets if isinstance(t, SoftTarget)],
    )
    values = np.empty((len(bank.z), len(targets)))
    is_soft = np.array([isinstance(target, SoftTarget) for target in targets], dtype=np.bool_)
    values[:, ~is_soft] = answers(registers[registers["register"] != soft.STATE], hard)
    if gentle:
        values[:, is_soft] = soft.answers(registers, gentle)
    share = np.array([is_share(target) for target in targets])
    # A trial in which nobody is in the total has no share; the middle represents not knowing.
    values = np.where(np.isnan(values), 50.0, values)
    return on_scale(values / np.where(share, 1.0, bank.scale), targets)


def observed(targets: Sequence[Target]) -> FloatArray:
    """What the agencies published, on the same scale, shape (targets,)."""
    return on_scale(np.array([target.value for target in targets]), targets)


@dataclass(frozen=True)
class Errors:
    """What the model may miss of each count beyond its registers' own noise, and how these errors go together.

    Errors are of the logs of counts and shares. On the scale of `on_scale` they are smaller for a small count
    (`FLOOR`) and larger for a large share; `at` gives them where counts are expected to be.

    Attributes:
        root: Loadings of independent standard normals, shape (counts, normals): ``root @ root.T`` is the covariance.
        floor: What the scale adds to each count, shape (counts,); 0 for a plain log.
        share: Which are percentages, shape (counts,).
        common: Standard deviation of the part that all counts of a register have in common, shape (counts,).
        small: Which are fitted as counts, shape (counts,); all others by their logs or logits.
    """

    root: FloatArray
    floor: FloatArray
    share: npt.NDArray[np.bool_]
    common: FloatArray
    small: npt.NDArray[np.bool_]

    @classmethod
    def independent(cls, sd: FloatArray) -> Errors:
        """Errors that have nothing to do with each other, the same wherever the counts are, shape (counts,)."""
        none = np.zeros(len(sd), dtype=np.bool_)
        return cls(np.diag(sd), np.zeros(len(sd)), none, np.zeros(len(sd)), none)

    def __len__(self) -> int:
        return len(self.floor)

    def steepness(self, mean: FloatArray) -> FloatArray:
        """How fast the scale moves with the log of a count or share where it is ``mean``; of the shape of ``mean``."""
        count = np.clip(1.0 - self.floor * np.exp(-np.maximum(mean, 0.0)), 0.0, 1.0)
        # The logit of a share p moves by 1 / (1 - p) with its log; beyond 99 % no faster.
        return np.where(self.share, 1.0 + np.exp(np.minimum(mean, np.log(99.0))), count)

    def at(self, mean: FloatArray) -> FloatArray:
        """Covariance of the errors where counts are expected to be ``mean``, (..., counts); (..., counts, counts)."""
        steep = self.steepness(mean)
        return np.asarray((self.root @ self.root.T) * steep[..., :, None] * steep[..., None, :])

    def sd(self, mean: FloatArray) -> FloatArray:
        """Standard deviations, of the shape of ``mean``."""
        return np.asarray(self.steepness(mean) * np.sqrt((self.root**2).sum(axis=1)))

    def part(self, columns: npt.NDArray[np.int64]) -> Errors:
        """The errors of some of the counts."""
        return Errors(
            self.root[columns], self.floor[columns], self.share[columns], self.common[columns], self.small[columns]
        )


def errors(targets: Sequence[Target], scale: float = 1.0) -> Errors:
    """What the model may miss of each target, with rounding.

    `SHARED` of the variance of each register's counts is common to all of them: an agency that counts more widely than
    the model does so everywhere and every year. A percentage has no part in it, since a level cancels. A soft target
    has instead the unknown level of its block. Where the cells
    of a total are targets themselves, the rest of the total's error is what the cells' own errors add up to.

    Args:
        targets: What is compared.
        scale: Population scale of the trials that judge the surface. Only at 1 are their counts as small as those
            published, so that small ones can be fitted as counts.
    """
    number = len(targets)
    own = np.array([float(target.error_log_sd or 0.0) for target in targets])
    share = np.array([is_share(target) for target in targets])
    value = np.array([target.value for target in targets])
    level = np.array([t.level_log_sd if isinstance(t, SoftTarget) else 0.0 for t in targets])
    alone = np.diag(own * np.where(share | (level > 0.0), 1.0, np.sqrt(1.0 - SHARED)))
    for i, target in enumerate(targets):
        cells = cells_of(target, targets)
        if cells:
            alone[i] = (value[cells] / value[cells].sum()) @ alone[cells]
    groups = [t.block if isinstance(t, SoftTarget) else t.register for t in targets]
    names = list(dict.fromkeys(groups))
    common = np.zeros((number, len(names)))
    common[np.arange(number), [names.index(name) for name in groups]] = np.where(
        level > 0, level, own * np.sqrt(SHARED)
    )
    common[share] = 0.0
    # A number rounded to u is anywhere within u / 2: standard deviation u / sqrt(12), on the log scale over the level.
    # A plain count is not rounded: between whole numbers there is nothing.
    unit = np.array([float(target.rounding or 1.0) for target in targets])
    unit = np.where((unit <= 1.0) & ~share, 0.0, unit)
    rounding = np.diag(unit / np.sqrt(12.0) / np.maximum(1.0, value))
    used = np.concatenate([alone, common, rounding], axis=1)
    used = used[:, (used != 0.0).any(axis=0)]
    small = (value <= SMALL) & ~share & (scale == 1.0)
    return Errors(used, np.where(share, 0.0, FLOOR), share, common.sum(axis=1), small)


def cells_of(target: Target, targets: Sequence[Target]) -> list[int]:
    """Which targets are the cells that add up to a total; none where they are not all there.

    Args:
        target: A total of its register or dimension, or another count.
        targets: Among which cells are looked for.
    """
    if target.key != "total":
        return []
    for dimension in dict.fromkeys(one.dimension for one in targets):
        cells = [
            i
            for i, one in enumerate(targets)
            if (one.register, one.period, one.dimension) == (target.register, target.period, dimension)
            and one.key != "total"
            and target.dimension in ("total", dimension)
            and not is_share(one)
        ]
        if len(cells) > 1 and abs(sum(targets[i].value for i in cells) - target.value) <= 0.5:
            return cells
    return []
