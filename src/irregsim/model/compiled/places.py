"""How many come and how many places are taken, as loops.

As in `machinery`, each function does what the function named in `TWINS` does with numpy, and gives the same bits.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from irregsim.model.centres import COUNT as CENTRES
from irregsim.model.compiled.loops import compiled
from irregsim.model.world import INFANT_MONTHS, World
from irregsim.vocabulary.codes import Route

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


@compiled
def _in_centres(centre: Any, route: Any, birth_month: Any, dublin: int, latest: int, out: Any) -> None:
    for i in range(len(centre)):
        if centre[i] >= 0 and route[i] != dublin and birth_month[i] <= latest:
            out[centre[i]] += 1


def residents(world: World) -> IntArray:
    """Twin of `placing._residents`."""
    p = world.population
    out: IntArray = np.zeros(CENTRES, dtype=np.int64)
    _in_centres(p.centre, p.route, p.birth_month, int(Route.DUBLIN), world.month - INFANT_MONTHS, out)
    return out


@compiled
def _with_hosts(host: Any, guardian: Any, out: Any) -> None:
    for i in range(len(host)):
        if host[i] >= 0 and guardian[i] < 0:
            out[host[i]] += 1


def guests(world: World) -> IntArray:
    """Twin of `placing._guests`."""
    p = world.population
    out: IntArray = np.zeros(len(world.hosts), dtype=np.int64)
    _with_hosts(p.host, p.guardian, out)
    return out


@compiled
def _with_employers(employer: Any, side_employer: Any, out: Any) -> None:
    for i in range(len(employer)):
        of = max(employer[i], side_employer[i])
        if of >= 0:
            out[of] += 1


def workers(world: World) -> IntArray:
    """Twin of `placing._workers`."""
    p = world.population
    out: IntArray = np.zeros(len(world.employers), dtype=np.int64)
    _with_employers(p.employer, p.side_employer, out)
    return out
