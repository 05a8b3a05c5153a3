"""Scarce places: beds, jobs and hosts are assigned by keyed ranks, never by the order of rows."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from irregsim.model import centres
from irregsim.model.centres import COUNT as CENTRES
from irregsim.model.centres import IS_ADAPTED, IS_ALTERNATIVE, PLACE_OF, POOL_SHARE
from irregsim.model.chance import queue
from irregsim.model.history import PLACES
from irregsim.model.values import At
from irregsim.model.world import World
from irregsim.vocabulary.codes import Route

_ORDINARY = np.flatnonzero(~IS_ADAPTED & ~IS_ALTERNATIVE).tolist()
_ALTERNATIVE_IN = [np.flatnonzero(IS_ALTERNATIVE & (place == PLACE_OF)).tolist() for place in range(PLACES)]

IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]


def free_beds(world: World) -> IntArray:
    """Free places of each centre for persons with a final rejection, shape (centres,)."""
    return world.centres.capacity - counted_residents(world)


def counted_residents(world: World) -> IntArray:
    """Residents of each centre who take a place left to persons with a final rejection, shape (centres,).

    Persons under a Dublin decision wait for their transfer in places of the reception system's own, as applicants do,
    so the limit on what is left to the finally rejected neither holds nor counts them.
    """
    p = world.population
    return centres.count_in(np.where(p.route == Route.DUBLIN, -1, p.centre), CENTRES)


def beds_of(world: World, rows: IntArray) -> IntArray:
    """Beds each household needs: one per head and one per child."""
    _, where = world.children_of(rows)
    return 1 + np.bincount(where, minlength=len(rows)).astype(np.int64)


def place_in_centres(world: World, at: At, rows: IntArray, channel: str, reserved: int = 0) -> IntArray:
    """Finds centre places for households, by one keyed rank for families and single persons alike.

    Whom the rank leaves in gets a bed; among those, families are placed before single persons, since a household needs
    its beds in one centre. Adapted units take ill persons only; alternative placement takes families only (F 5.2, 7.2).
    Persons under a Dublin decision have places in addition to these (`counted_residents`), also where a final
    rejection ends the right to stay. With more places the same persons are served and some more, but for a household
    that no single centre has room for.

    Args:
        world: The replicate.
        at: Values of the month.
        rows: Heads of household, shape (n,).
        channel: Channel of the rank.
        reserved: Beds kept for residents whose units close this month; they come before newcomers.

    Returns:
        Centre of each, -1 where no place was left, shape (n,).
    """
    result = np.full(len(rows), -1, dtype=np.int64)
    dublin = world.population.route[rows] == Route.DUBLIN
    result[dublin] = _wherever_open(world, rows[dublin])
    if at.stay_after_rejection:
        result[~dublin] = _find_beds(world, at, rows[~dublin], channel, reserved)
    return result


def ordinary_places(world: World) -> IntArray:
    """Capacity of the ordinary centres, 0 for adapted units and alternative placement, shape (centres,)."""
    return np.where(~IS_ADAPTED & ~IS_ALTERNATIVE, world.centres.capacity, 0)


def _wherever_open(world: World, rows: IntArray) -> IntArray:
    """An ordinary centre for each, by a keyed draw in proportion to capacity and without limit.

    Where all centres have closed to the finally rejected, reception of newcomers continues: it is spread as the pooled
    centres were.
    """
    capacity = ordinary_places(world)
    weight = np.cumsum(capacity if capacity.any() else POOL_SHARE)
    u = world.draws.uniform("centre_where", world.month, world.population.key[rows])
    return np.searchsorted(weight, u * weight[-1], side="right").astype(np.int64)  # type: ignore[no-any-return]


def beds_for_transfers(world: World, at: At) -> int:
    """Beds that residents whose units close this month are likely to need elsewhere; 0 without interactions."""
    if not at.interactions:
        return 0
    residents = counted_residents(world)
    over = np.maximum(0, residents - world.centres.capacity)
    return int(np.ceil(np.maximum(residents * world.centres.closing_share, over).sum()))


def _find_beds(world: World, at: At, rows: IntArray, channel: str, reserved: int) -> IntArray:
    result = np.full(len(rows), -1, dtype=np.int64)
    if len(rows) == 0:
        return result
    p = world.population
    free = free_beds(world)
    if not at.interactions:
        # Without limits everyone is served wherever a place exists at all.
        free = np.where(world.centres.capacity > 0, 1 << 40, 0)
    rank = world.draws.uniform(channel, world.month, p.key[rows])
    where = world.draws.uniform("centre_where", world.month, p.key[rows])
    beds = beds_of(world, rows)
    ordinary = ~IS_ADAPTED & ~IS_ALTERNATIVE
    order = np.argsort(rank)
    # Beds that a household and all before it in rank need: whom the ordinary centres have no room for is not in.
    needed = np.empty(len(rows), dtype=np.int64)
    needed[order] = np.cumsum(beds[order])
    room = max(0, int(np.maximum(free[ordinary], 0).sum()) - reserved)
    is_in = needed <= room
    family = order[(beds > 1)[order]]
    left = free.tolist()
    for i, need, home, u in zip(
        family.tolist(), beds[family].tolist(), p.place[rows[family]].tolist(), where[family].tolist(), strict=True
    ):
        fits = [c for c in _ALTERNATIVE_IN[home] if left[c] >= need]
        if not fits and is_in[i]:
            fits = [c for c in _ORDINARY if left[c] >= need]
        # Centres with more free beds are likelier.
        total = u * sum(left[c] for c in fits)
        for c in fits:
            total -= left[c]
            if total < 0:
                result[i] = c
                left[c] -= need
                break
    free = np.array(left)
    single = beds == 1
    ill = single & p.has_care_need[rows]
    for group, kinds in ((ill, IS_ADAPTED), (single, ordinary)):
        who = np.flatnonzero(group & (result < 0))
        if len(who) == 0:
            continue
        if not at.interactions:
            open_here = np.flatnonzero(kinds & (world.centres.capacity > 0))
            if len(open_here):
                result[who] = open_here[(where[who] * len(open_here)).astype(np.int64)]
            continue
        stock = np.where(kinds, np.maximum(free, 0), 0)
        most = int(stock.sum()) if kinds is IS_ADAPTED else max(0, int(stock.sum()) - reserved)
        served = who[np.argsort(rank[who])][:most]
        # Which centre: the served draw from the free beds without replacement, in the order of `where`.
        slots = np.repeat(np.arange(CENTRES), stock)
        spread = np.argsort((np.arange(len(slots)) * 0.6180339887498949) % 1.0)
        taken = slots[spread[: len(served)]]
        result[served[np.argsort(where[served])]] = taken
        free = free - np.bincount(taken, minlength=CENTRES)
    world.history.binds("centres", world.month, int((result < 0).sum()))
    return result


def place_in_jobs(world: World, at: At, rows: IntArray, closeness: IntArray, vacancies: IntArray) -> IntArray:
    """Matches job seekers to vacancies in their own place: ties first, then the market, by keyed rank.

    Args:
        world: The replicate.
        at: Values of the month.
        rows: Persons seeking, shape (n,).
        closeness: How well each is placed to hear of jobs (F 4.4): 0 knows nobody, 1 has a tie, 2 knows somebody who
            works; shape (n,).
        vacancies: Free jobs of each employer, shape (employers,); not changed.

    Returns:
        Employer of each, -1 where no vacancy was left, shape (n,).
    """
    result = np.full(len(rows), -1, dtype=np.int64)
    if len(rows) == 0:
        return result
    p, employers = world.population, world.employers
    if not at.interactions:
        return _any_willing(world, rows)
    open_jobs = np.maximum(vacancies, 0)
    slots = np.repeat(np.arange(len(employers)), open_jobs)
    if len(slots) == 0:
        world.history.binds("jobs", world.month, len(rows))
        return result
    rank = world.draws.uniform("job_rank", world.month, p.key[rows])
    place = p.place[rows]
    # The vacancies of a place are in a keyed order of their employers, each employer's second job after all firsts.
    number = np.arange(len(slots)) - np.repeat(np.cumsum(open_jobs) - open_jobs, open_jobs)
    draw = world.draws.uniform("vacancy_rank", world.month, employers.key)[slots]
    slot_place = employers.place[slots]
    slot_order = np.lexsort((draw, number, slot_place))
    seeker_order = np.lexsort((rank, -closeness, place))
    slot_start = np.searchsorted(slot_place[slot_order], np.arange(PLACES + 1))
    seeker_place = place[seeker_order]
    position = np.arange(len(rows)) - np.searchsorted(seeker_place, seeker_place, side="left")
    wanted = slot_start[seeker_place] + position
    served = wanted < slot_start[seeker_place + 1]
    result[seeker_order[served]] = slots[slot_order[wanted[served]]]
    world.history.binds("jobs", world.month, int((~served).sum()))
    return result


def _any_willing(world: World, rows: IntArray) -> IntArray:
    """A willing employer of each person's own place by a keyed draw, where jobs have no limit."""
    p, employers = world.population, world.employers
    willing = np.flatnonzero(employers.is_willing)
    order = willing[np.argsort(employers.place[willing], kind="stable")]
    first = np.searchsorted(employers.place[order], np.arange(PLACES + 1))
    place = p.place[rows]
    count = first[place + 1] - first[place]
    u = world.draws.uniform("job_rank", world.month, p.key[rows])
    at_place = np.minimum(first[place] + (u * count).astype(np.int64), max(len(order) - 1, 0))
    return np.where(count > 0, order[at_place] if len(order) else -1, -1)


def jobs_filled(world: World) -> IntArray:
    """Workers of each employer, main and side jobs alike, shape (employers,)."""
    p = world.population
    return centres.count_in(np.maximum(p.employer, p.side_employer), len(world.employers))


def free_host(world: World, at: At, rows: IntArray) -> IntArray:
    """First host among each person's ties who has a place free, -1 for none, shape (n,)."""
    p = world.population
    result = np.full(len(rows), -1, dtype=np.int64)
    guests = guests_of(world)
    for slot in (p.tie_2, p.tie_1, p.tie_0):
        host = slot[rows]
        able = host >= 0
        if at.interactions:
            able &= guests[host] < world.hosts.capacity[host]
        result = np.where(able, host, result)
    return result


def guests_of(world: World) -> IntArray:
    """Households each host has taken in, shape (hosts,)."""
    # Children have the host of their guardian, and those who have left have none.
    p, hosts = world.population, len(world.hosts)
    return np.asarray(centres.count_in(p.host, hosts) - centres.count_in(p.host[p.kid_rows], hosts))


def stay_with(world: World, rows: IntArray, host: IntArray, cause: str) -> None:
    """Guests and their children live where their host does.

    Args:
        world: The replicate.
        rows: Heads of household, shape (n,).
        host: Host of each.
        cause: Why they came; a name in `vocabulary.CAUSES`.
    """
    p = world.population
    kids, where = world.children_of(rows)
    p.host[rows] = host
    p.host[kids] = host[where]
    elsewhere = p.place[rows] != world.hosts.place[host]
    world.relocate(rows[elsewhere], world.hosts.place[host[elsewhere]], cause)


def place_with_hosts(world: World, at: At, rows: IntArray, host: IntArray, channel: str = "host_rank") -> BoolArray:
    """Who is taken in, when several ask the same host, by keyed rank.

    Args:
        world: The replicate.
        at: Values of the month.
        rows: Persons asking, shape (n,).
        host: Host each asks, -1 for none, shape (n,).
        channel: Channel of the rank.
    """
    asks = host >= 0
    if not at.interactions:
        return asks
    free = world.hosts.capacity - guests_of(world)
    rank = world.draws.uniform(channel, world.month, world.population.key[rows[asks]])
    served = np.zeros(len(rows), dtype=np.bool_)
    served[asks] = queue(host[asks], free, rank)
    world.history.binds("hosts", world.month, int(asks.sum() - served.sum()))
    return served
