"""How many come and who gets what is scarce, as loops: numbers in, numbers out, whatever the places are.

As in `machinery`, each function does what the function named in `TWINS` does with numpy, and gives the same bits.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from irregsim.model.centres import IS_ADAPTED, IS_ALTERNATIVE, PLACE_OF
from irregsim.model.compiled.loops import compiled
from irregsim.model.month.placing import fractions

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]

#: Kinds of units: any household, single persons of the first group only, families who live there only.
_ORDINARY, _ADAPTED, _ALTERNATIVE = 0, 1, 2
_KIND: Final = np.where(IS_ALTERNATIVE, _ALTERNATIVE, np.where(IS_ADAPTED, _ADAPTED, _ORDINARY))


@compiled
def _fill(
    free: Any,
    kind: Any,
    place_of: Any,
    reserved: int,
    by_rank: Any,
    by_where: Any,
    where: Any,
    beds: Any,
    is_first: Any,
    home: Any,
    spread: Any,
) -> Any:
    units, n = len(free), len(beds)
    left = free.copy()
    result = np.full(n, -1, np.int64)
    fits = np.empty(units, np.bool_)
    room: Any = -reserved
    for c in range(units):
        if kind[c] == 0:
            room += max(0, free[c])
    room = max(0, room)
    needed = 0
    for i in by_rank:
        needed += beds[i]
        if beds[i] > 1:
            total, found = 0, False
            for c in range(units):
                fits[c] = kind[c] == 2 and place_of[c] == home[i] and left[c] >= beds[i]
                if fits[c]:
                    total += left[c]
                    found = True
            if not found and needed <= room:
                for c in range(units):
                    fits[c] = kind[c] == 0 and left[c] >= beds[i]
                    if fits[c]:
                        total += left[c]
            threshold = where[i] * total
            for c in range(units):
                if fits[c]:
                    threshold -= left[c]
                    if threshold < 0:
                        result[i] = c
                        left[c] -= beds[i]
                        break
    served = np.empty(n, np.bool_)
    for group in (1, 0):
        stock = 0
        for c in range(units):
            if kind[c] == group:
                stock += max(0, left[c])
        most = stock if group == 1 else stock - reserved
        count = 0
        served[:] = False
        for i in by_rank:
            if count < most and result[i] < 0 and beds[i] == 1 and (group == 0 or is_first[i]):
                served[i] = True
                count += 1
        if count == 0:
            continue
        taken = np.empty(count, np.int64)
        found_beds = 0
        for bed in spread:
            if bed < stock:
                before = 0
                for c in range(units):
                    if kind[c] == group:
                        before += max(0, left[c])
                        if bed < before:
                            taken[found_beds] = c
                            break
                found_beds += 1
                if found_beds == count:
                    break
        at = 0
        for i in by_where:
            if served[i]:
                result[i] = taken[at]
                at += 1
        for one in taken:
            left[one] -= 1
    return result


@lru_cache(maxsize=4)
def _spread(power: int) -> IntArray:
    return np.argsort(fractions(power))


def fill_beds(
    free: IntArray,
    reserved: int,
    rank: FloatArray,
    where: FloatArray,
    beds: IntArray,
    is_ill: BoolArray,
    home: IntArray,
) -> IntArray:
    """Twin of `placing.fill_beds`."""
    spread = _spread(int(np.maximum(free, 0).sum()).bit_length())
    lines = np.argsort(rank), np.argsort(where)
    return np.asarray(_fill(free, _KIND, PLACE_OF, int(reserved), *lines, where, beds, is_ill, home, spread))


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
