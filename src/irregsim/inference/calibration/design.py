"""Which parameter values are tried: draws of the prior on the scale of standard normals.

Every parameter that is not fixed varies, also those that no count informs: what they do to the counts is then part of
the uncertainty instead of being forgotten. A value is keyed by the parameter's name and the trial's number, so a new
parameter leaves the values of all others as they were.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from functools import cache

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr, ndtri

from irregsim.model.draws import Draws
from irregsim.model.parameters import Parameter, parameters

FloatArray = npt.NDArray[np.float64]

#: Trials try values of a parameter whose prior was made from targets this much more widely than its prior, on its own
#: scale (normal, log or logit), since in a fit it has another prior, without those counts (`priors`).
WIDER = 2.0

#: Beyond this many standard deviations nothing is tried: quantiles of a computer's normal distribution end near 8.
_FARTHEST = 6.0


@cache
def varied() -> tuple[Parameter, ...]:
    """Every parameter that is not fixed, in the order of ``data/parameters.csv``."""
    return tuple(what for what in parameters().values() if what.distribution != "fixed")


def names() -> tuple[str, ...]:
    """Names of `varied`."""
    return tuple(what.name for what in varied())


def standard_normals(seed: int, numbers: npt.NDArray[np.int64], wave: int = 0) -> FloatArray:
    """Standard normals of some trials, before they are moved anywhere.

    Args:
        seed: Random seed of the calibration.
        numbers: Numbers of the trials, 0 or more, shape (n,).
        wave: Number of the wave, 0 or more.

    Returns:
        Shape (n, parameters), in the order of `varied`.
    """
    draws = Draws(seed, wave)
    keys = draws.keys(numbers.astype(np.uint64) + np.uint64(9 << 58))
    columns = [ndtri(draws.uniform("design", zlib.crc32(name.encode()), keys)) for name in names()]
    return np.clip(np.stack(columns, axis=1), -_FARTHEST, _FARTHEST)


def spread(what: Parameter) -> float:
    """How widely trials try a parameter, relative to its own prior."""
    return WIDER if what.targets and what.distribution in ("normal", "lognormal", "logitnormal") else 1.0


def widened() -> npt.NDArray[np.int64]:
    """Columns of the parameters that trials try more widely than their priors.

    Their priors were made from counts that are in the fit, and those counts must determine them again.
    """
    return np.array([i for i, what in enumerate(varied()) if spread(what) > 1.0], dtype=np.int64)


def values(z: FloatArray) -> dict[str, float]:
    """Parameter values of one trial.

    Args:
        z: Standard normals in the order of `varied`, shape (parameters,).

    Returns:
        Value of every parameter by name, the fixed ones included.
    """
    out = {name: what.median for name, what in parameters().items()}
    for what, number in zip(varied(), z, strict=True):
        u = float(ndtr(np.clip(number * spread(what), -_FARTHEST, _FARTHEST)))
        out[what.name] = what.quantile(u)
    return out


def standardised(draw: Mapping[str, float]) -> FloatArray:
    """The standard normals that give a draw; the inverse of `values`.

    Args:
        draw: Value of every parameter by name.

    Returns:
        Shape (parameters,), found by bisection on the quantile, to about 1e-9.
    """
    out = np.zeros(len(varied()))
    for i, what in enumerate(varied()):
        low, high = -_FARTHEST, _FARTHEST
        for _ in range(60):
            middle = 0.5 * (low + high)
            if what.quantile(float(ndtr(middle))) < draw[what.name]:
                low = middle
            else:
                high = middle
        out[i] = 0.5 * (low + high) / spread(what)
    return out
