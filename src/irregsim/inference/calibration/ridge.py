"""Ridge regression of each count on many parameters and their products, where products of strong terms count more.

The log of a sum of parts, each a power of some parameters, bends where it is steep: its second derivatives are products
of its slopes, less what the parts share. So a product of two parameters is expected to matter as far as both of them
do (the principle of heredity; Chipman 1996), and each count gets scales of its own: first its slopes by one ridge
regression (Hoerl and Kennard 1970), then a second one in which a slope may be as large as it was found and a product
as large as the product of both. In trials that were left out this halves the squared error of equal scales for all.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.linalg import eigh

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

#: Penalty of the first regression, for each trial: as large as the noise of a correlation of a tenth.
_FIRST: Final = 0.02
#: What a slope may be beside what was found, relative to the largest of its count.
_STILL: Final = 0.05
#: Products are formed of this many parameters of each count, those with the largest slopes.
STRONGEST: Final = 40
#: Penalties that are tried for each count.
_PENALTIES: Final = (1.0, 3.0, 10.0, 30.0, 100.0)
#: Prior variance of a term that is hardly shrunk.
_FREE: Final = 100.0
#: Least prior variance of a product.
_LEAST: Final = 1e-6


@dataclass(frozen=True)
class Slopes:
    """A fitted regression of all counts.

    Attributes:
        free: Coefficients of the terms that are hardly shrunk, shape (terms, counts).
        linear: Coefficients of the parameters, shape (parameters, counts).
        products: Coefficients of the products, shape (pairs, counts); 0 for those a count does not use.
        left: What is left of each trial when it is left out, shape (trials, counts).
    """

    free: FloatArray
    linear: FloatArray
    products: FloatArray
    left: FloatArray


def fit(
    x: FloatArray, products: FloatArray, free: FloatArray, y: FloatArray, weight: FloatArray, followed: IntArray
) -> Slopes:
    """Fits all counts; every column has a weighted mean of 0.

    How strongly the terms of a count are shrunk is chosen by leaving trials out one by one, which for ridge regression
    is exact and cheap (Allen 1974).

    Args:
        x: Parameters, shape (trials, parameters).
        products: Products of the followed parameters in the order of ``np.triu_indices``, shape (trials, pairs).
        free: Terms that are hardly shrunk, shape (trials, terms), any number of them.
        y: Counts in units of their standard deviation, shape (trials, counts).
        weight: Weight of each trial, mean 1.
        followed: Columns of ``x`` of which ``products`` are made.
    """
    root = np.sqrt(weight)[:, None]
    columns = root * np.concatenate([free, x, products], axis=1)
    unit = root * y
    gram, towards = columns.T @ columns, columns.T @ unit
    terms, plain = free.shape[1], free.shape[1] + x.shape[1]
    penalty = np.full(plain, _FIRST * len(x))
    penalty[:terms] /= _FREE
    first = np.linalg.solve(gram[:plain, :plain] + np.diag(penalty), towards[:plain])[terms:]
    one, other = np.triu_indices(len(followed))
    coefficients, left = np.zeros((columns.shape[1], y.shape[1])), np.empty_like(unit)
    for k in range(y.shape[1]):
        strength = np.abs(first[:, k]) / max(float(np.abs(first[:, k]).max()), 1e-12)
        mine = strength[followed]
        chosen = np.zeros(len(followed), dtype=np.bool_)
        chosen[np.argsort(-mine, kind="stable")[:STRONGEST]] = True
        pairs = np.flatnonzero(chosen[one] & chosen[other])
        used = np.concatenate([np.arange(plain), plain + pairs])
        variance = [np.full(terms, _FREE), strength + _STILL, mine[one[pairs]] * mine[other[pairs]] + _LEAST]
        scale = np.sqrt(np.concatenate(variance))
        coefficients[used, k], left[:, k] = _one(
            columns[:, used] * scale, gram[np.ix_(used, used)] * scale[:, None] * scale, unit[:, k]
        )
        coefficients[used, k] *= scale
    parts = np.split(coefficients, [terms, plain])
    return Slopes(parts[0], parts[1], parts[2], left / np.maximum(root, 1e-12))


def _one(x: FloatArray, gram: FloatArray, y: FloatArray) -> tuple[FloatArray, FloatArray]:
    """One count: coefficients, and what is left of each trial when it is left out, at the best penalty."""
    values, vectors = eigh(gram, driver="evd", check_finite=False)
    values = np.maximum(values, 0.0)
    turned = x @ vectors
    towards, square = turned.T @ y, turned**2
    best, found = np.inf, (vectors[:, 0], y)
    for penalty in _PENALTIES:
        shrunk = towards / (values + penalty)
        left = (y - turned @ shrunk) / (1.0 - square @ (1.0 / (values + penalty)))
        if (score := float((left**2).sum())) < best:
            best, found = score, (vectors @ shrunk, left)
    return found
