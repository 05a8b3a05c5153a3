"""How many come, as a loop: numbers in, numbers out.

As in `machinery`, each function does what the function named in `TWINS` does with numpy, and gives the same bits.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from irregsim.model.compiled.loops import compiled

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]


@compiled
def _sums(uniform: Any, mean: Any, nobody: Any) -> Any:
    k: Any = np.zeros(len(mean), np.int64)
    for j in range(len(mean)):
        term = below = nobody[j]
        while uniform[j] > below:
            k[j] += 1
            term = term * mean[j] / k[j]
            below = below + term if term > 0.0 else 1.0
    return k


def by_sums(uniform: FloatArray, mean: FloatArray, nobody: FloatArray) -> IntArray:
    """Twin of `chance._by_sums`."""
    return np.asarray(_sums(uniform, mean, nobody))
