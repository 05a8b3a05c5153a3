"""How many come, how many places are taken and who gets one, as loops.

As in `machinery`, each function does what the function named in `TWINS` does with numpy, and gives the same bits.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from irregsim.model.centres import COUNT as CENTRES
from irregsim.model.centres import IS_ADAPTED, IS_ALTERNATIVE, NO_LIMIT, PLACE_OF
from irregsim.model.compiled.loops import bits, compiled, uniform
from irregsim.model.history import PLACES
from irregsim.model.hosts import slot_keys
from irregsim.model.population import BLOCKS
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
    n = len(centre)
    counts, found = np.empty(n, np.uint8), np.empty(n, np.int64)
    for i in range(n):  # many at once, since none waits for those before it
        counts[i] = (centre[i] >= 0) & (route[i] != dublin) & (birth_month[i] <= latest)
    count = 0
    for i in range(n):
        found[count] = centre[i]
        count += counts[i]
    for k in range(count):
        out[found[k]] += 1


def residents(world: World) -> IntArray:
    """Twin of `placing._residents`."""
    p = world.population
    out: IntArray = np.zeros(CENTRES, dtype=np.int64)
    _in_centres(p.centre, p.route, p.birth_month, int(Route.DUBLIN), world.month - INFANT_MONTHS, out)
    return out


@compiled
def _with_hosts(host: Any, guardian: Any, out: Any) -> None:
    found, count = np.empty(len(host), np.int64), 0
    for i in range(len(host)):
        found[count] = host[i]
        count += (host[i] >= 0) & (guardian[i] < 0)
    for k in range(count):
        out[found[k]] += 1


def guests(world: World) -> IntArray:
    """Twin of `placing._guests`."""
    p = world.population
    out: IntArray = np.zeros(len(world.hosts), dtype=np.int64)
    _with_hosts(p.host, p.guardian, out)
    return out


@compiled
def _with_employers(employer: Any, side_employer: Any, out: Any) -> None:
    found, count = np.empty(len(employer), np.int64), 0
    for i in range(len(employer)):
        found[count] = max(employer[i], side_employer[i])
        count += found[count] >= 0
    for k in range(count):
        out[found[k]] += 1


def workers(world: World) -> IntArray:
    """Twin of `placing._workers`."""
    p = world.population
    out: IntArray = np.zeros(len(world.employers), dtype=np.int64)
    _with_employers(p.employer, p.side_employer, out)
    return out


# -- who is served ---------------------------------------------------------------------------------------------------


@compiled
def _first_come(places: Any, limits: Any, rank: Any) -> Any:
    served = np.zeros(len(places), np.bool_)
    taken = np.zeros(len(limits), np.int64)
    for j in np.argsort(rank):
        if taken[places[j]] < limits[places[j]]:
            taken[places[j]] += 1
            served[j] = True
    return served


def served(places: IntArray, limits: IntArray, rank: FloatArray) -> BoolArray:
    """Twin of `chance._served`."""
    return np.asarray(_first_come(places, limits, rank))


@compiled
def _at_hand(rows: Any, whole: Any, keys: Any, columns: Any, salt: Any, slot: Any, hosts: Any, room: Any) -> Any:
    country, place, tie = columns
    size, start = hosts
    known, met = np.empty(len(rows), np.bool_), np.empty(len(rows), np.bool_)
    for j in range(len(rows)):
        i = rows[j]
        known[j] = room[whole[tie, i]] or room[whole[tie + 1, i]] or room[whole[tie + 2, i]]
        u = uniform((keys[1, i] + slot) ^ salt)
        c, p = whole[country, i], whole[place, i]
        met[j] = room[start[c, p] + int(u * size[c, p])]
    return known, met


_ASKED: Final = tuple(map(BLOCKS[np.int64].index, ("country", "place", "tie_0")))
_SEVENTH: Final = slot_keys(np.zeros(1, dtype=np.uint64), 7)[0]


def hosts_at_hand(world: World, rows: IntArray, room: BoolArray) -> tuple[BoolArray, BoolArray]:
    """Twin of `choice._hosts_at_hand`."""
    (salt,), hosts = world.draws.salts(("tie_forms_host",), world.month), world.hosts
    whole, _, keys = world.population.blocks
    known, met = _at_hand(rows, whole, keys, _ASKED, salt, _SEVENTH, (hosts.stratum_size, hosts.stratum_start), room)
    return known, met


@compiled
def _centres(
    place: Any, is_ill: Any, beds: Any, left: Any, rank: Any, where: Any, places: Any, registry: Any, no_limit: int
) -> Any:
    place_of, is_alternative, is_adapted = registry
    count = len(left)
    out = np.full(len(beds), -1, np.int64)
    order = np.argsort(rank)
    for j in order:
        if beds[j] > 1:
            for c in range(count):
                if is_alternative[c] and place_of[c] == place[j] and left[c] >= beds[j]:
                    out[j] = c
                    left[c] -= beds[j]
                    break
    for j in order:
        if beds[j] == 1 and is_ill[j]:
            for c in range(count):
                if is_adapted[c] and left[c] >= 1:
                    out[j] = c
                    left[c] -= 1
                    break
    open_places, edges = np.zeros(count), np.empty(count)
    total = 0.0
    for c in range(count):
        if left[c] > 0:
            open_places[c] = places[c]
        total += open_places[c]
        edges[c] = total
    if not total > 0.0:
        return out
    for j in order:
        if out[j] >= 0:
            continue
        at = where[j] * total
        c = np.searchsorted(edges, at, side="right")
        if left[c] <= no_limit:
            if left[c] < beds[j]:
                within = (at - (edges[c] - open_places[c])) / open_places[c]
                others = 0.0
                for k in range(count):
                    others += open_places[k] if left[k] >= beds[j] else 0.0
                if others == 0.0:
                    continue
                at, below, c = within * others, 0.0, 0
                while c < count:
                    below += open_places[c] if left[c] >= beds[j] else 0.0
                    if below > at:
                        break
                    c += 1
            left[c] -= beds[j]
        out[j] = c
    return out


_REGISTRY: Final = (PLACE_OF, IS_ALTERNATIVE, IS_ADAPTED)


def in_centres(
    world: World, rows: IntArray, beds: IntArray, left: IntArray, rank: FloatArray, where: FloatArray
) -> IntArray:
    """Twin of `placing._by_rank_in_centres`."""
    p = world.population
    columns = p.place[rows], p.has_care_need[rows]
    places = world.centres.places
    return np.asarray(_centres(*columns, beds, left, rank, where, places, _REGISTRY, NO_LIMIT // 2))


@compiled
def _jobs(place: Any, closeness: Any, rank: Any, open_jobs: Any, of: Any, key: Any, salt: Any, place_count: int) -> Any:
    seekers = len(place)
    # Seekers of each place by closeness, then by rank.
    first = np.zeros(place_count * 4 + 1, np.int64)
    for j in range(seekers):
        first[place[j] * 4 + 3 - closeness[j] + 1] += 1
    for g in range(place_count * 4):
        first[g + 1] += first[g]
    at = first.copy()
    order = np.empty(seekers, np.int64)
    for j in np.argsort(rank):
        g = place[j] * 4 + 3 - closeness[j]
        order[at[g]] = j
        at[g] += 1
    # As many vacancies of each place as it has seekers, the first job of every employer before any second one. Each
    # list is kept in order while it is filled: few of many employers have a draw low enough to be put in.
    slot, draw = np.empty(seekers, np.int64), np.empty(seekers)
    begin, found = np.empty(place_count, np.int64), np.empty(place_count, np.int64)
    for p in range(place_count):
        begin[p] = found[p] = first[p * 4]
    number, is_more = 0, True
    while is_more:
        is_more = False
        for e in range(len(open_jobs)):
            p = of[e]
            end = first[p * 4 + 4]
            if open_jobs[e] <= number or begin[p] >= end:
                continue
            is_more = True
            u = float(bits(key[e] ^ salt))
            if found[p] < end:
                k = found[p]
                found[p] += 1
            elif u < draw[end - 1]:
                k = end - 1
            else:
                continue
            while k > begin[p] and draw[k - 1] > u:
                slot[k], draw[k] = slot[k - 1], draw[k - 1]
                k -= 1
            slot[k], draw[k] = e, u
        number += 1
        begin[:] = found
    out = np.full(seekers, -1, np.int64)
    for p in range(place_count):
        for k in range(first[p * 4], found[p]):
            out[order[k]] = slot[k]
    return out


def matched(world: World, place: IntArray, closeness: IntArray, rank: FloatArray, open_jobs: IntArray) -> IntArray:
    """Twin of `placing._matched`."""
    employers, (salt,) = world.employers, world.draws.salts(("vacancy_rank",), world.month)
    return np.asarray(_jobs(place, closeness, rank, open_jobs, employers.place, employers.key, salt, PLACES))
