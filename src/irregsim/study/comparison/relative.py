"""Effects in percent of the reference, replicate by replicate.

Each difference is divided by the reference of its own replicate, so that a fall is at most all there was: -100 %. The
mean in percent is that of the differences over that of the references, which no replicate with a small reference can
carry away; only the ends of intervals are ends of ratios.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]

#: A denominator is taken as this share of the mean reference where it is smaller: over nearly nothing every ratio is
#: large. For sums so far: they are given in percent once the reference has had this share of its sum at the end.
NEAR_ZERO: Final = 0.1


def in_percent(difference: FloatArray, reference: FloatArray) -> FloatArray:
    """Differences in percent of the reference of the same replicate.

    Args:
        difference: Scenario less reference, shape (..., replicates).
        reference: Values of the reference, 0 or more, likewise.

    Returns:
        Shape (..., replicates), -100 or more; 0 where the reference is zero in every replicate, since nothing can be
        said in percent of it.
    """
    mean = reference.mean(axis=-1, keepdims=True)
    base = np.maximum(reference, NEAR_ZERO * mean)
    return np.asarray(np.where(mean > 0, 100.0 * difference / np.where(base > 0, base, 1.0), 0.0))
