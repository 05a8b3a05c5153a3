"""Soft targets: figures that say something of the hidden half, of another scope than anything the model counts.

Each is compared with a state of the model times a ratio. How far the level may be off is a scope parameter of its own
block, one for all its figures, so two cities of one survey still say which has more; what else may be off is an error
of each figure. Both are wide, and what each figure moves is shown (docs/calibration.md).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

from irregsim.inference.targets import Target
from irregsim.vocabulary.reference import DataError, read_table

if TYPE_CHECKING:
    import pandas as pd

#: What trials call the state that soft targets are compared with (`calibration.trials`).
STATE: Final = "state"

_TEXTS: Final = ("id", "dimension", "key", "period", "unit", "scope", "source", "vintage", "block", "note")
#: Each is less: what is not known within a factor of ten says nothing.
_WIDEST: Final = 1.2


@dataclass(frozen=True)
class SoftTarget(Target):
    """A figure of another scope.

    Attributes:
        ratio: What the figure counts for each one in the model's state, above 0.
        level_log_sd: Standard deviation of the log of that ratio, common to the figures of a block, above 0.
    """

    ratio: float
    level_log_sd: float


@cache
def soft_targets() -> tuple[SoftTarget, ...]:
    """Every soft target, in the order of ``data/soft_targets.csv``.

    Raises:
        DataError: If the table contradicts itself; with the line.
    """
    found = []
    for line, row in enumerate(read_table("soft_targets.csv"), start=2):
        numbers: dict[str, Any] = {key: float(row[key]) for key in ("value", "ratio", "level_log_sd", "error_log_sd")}
        if row["id"] != "/".join((STATE, row["dimension"], row["key"], row["period"])):
            raise DataError(f"soft_targets.csv:{line}: {row['id']}: the id must be state/dimension/key/period")
        wide = [key for key in ("level_log_sd", "error_log_sd") if not 0.0 < numbers[key] <= _WIDEST]
        if wide or numbers["value"] <= 0.0 or numbers["ratio"] <= 0.0:
            raise DataError(
                f"soft_targets.csv:{line}: {row['id']}: value and ratio must be above 0, errors above 0 and at most "
                f"{_WIDEST:g}"
            )
        texts: dict[str, Any] = {name: row[name] for name in _TEXTS}
        found.append(SoftTarget(**texts, **numbers, register=STATE, use="primary", role="fit", rounding=1.0))
    return tuple(found)


def answers(registers: pd.DataFrame, chosen: Sequence[SoftTarget]) -> npt.NDArray[np.float64]:
    """What trials say of soft targets, at the trials' own population scale.

    Args:
        registers: As of `calibration.bank.Bank`.
        chosen: Which.

    Returns:
        Shape (trials, targets), trials in ascending order.

    Raises:
        ValueError: If trials lack a state; they are of an earlier version.
    """
    own = registers[registers["register"] == STATE]
    replicates = np.sort(registers["replicate"].unique())
    out = np.empty((len(replicates), len(chosen)))
    for i, one in enumerate(chosen):
        rows = own[(own["period"] == one.period) & (own["dimension"] == one.dimension) & (own["key"] == one.key)]
        values = rows.set_index("replicate")["count"].reindex(replicates)
        if values.isna().any():
            raise ValueError(f"{one.id}: the trials do not hold it")
        out[:, i] = one.ratio * values.to_numpy(dtype=np.float64)
    return out
