"""Scarce places: beds, jobs and hosts are assigned by keyed ranks, never by the order of rows."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt

from irregsim.model import centres
from irregsim.model.centres import COUNT as CENTRES
from irregsim.model.centres import IS_ADAPTED, IS_ALTERNATIVE, PLACE_OF, POOL_SHARE
from irregsim.model.chance import by_rank, queue
from irregsim.model.compiled import twinned
from irregsim.model.history import PLACES
from irregsim.model.population import within_groups
from irregsim.model.values import At
from irregsim.model.world import World
from irregsim.vocabulary.codes import Route

_IS_ORDINARY = ~IS_ADAPTED & ~IS_ALTERNATIVE
_ORDINARY = np.flatnonzero(_IS_ORDINARY).tolist()
_ALTERNATIVE_IN = [np.flatnonzero(IS_ALTERNATIVE & (place == PLACE_OF)).tolist() for place in range(PLACES)]

FloatArray = npt.NDArray[np.float64]
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
    rows = np.flatnonzero(p.centre >= 0)
    return centres.count_in(p.centre[rows[p.route[rows] != Route.DUBLIN]], CENTRES)


def beds_of(world: World, rows: IntArray) -> IntArray:
    """Beds each household needs: one per head and one per child."""
    _, where = world.children_of(rows)
    return 1 + np.bincount(where, minlength=len(rows)).astype(np.int64)


def place_in_centres(world: World, at: At, rows: IntArray, channel: str, transfers_first: bool = False) -> IntArray:
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
        transfers_first: Whether beds are kept for residents whose units close this month.

    Returns:
        Centre of each, -1 where no place was left, shape (n,).
    """
    result = np.full(len(rows), -1, dtype=np.int64)
    dublin = world.population.route[rows] == Route.DUBLIN
    result[dublin] = _wherever_open(world, rows[dublin])
    if at.stay_after_rejection:
        result[~dublin] = _find_beds(world, at, rows[~dublin], channel, transfers_first)
    return result


def ordinary_places(world: World) -> IntArray:
    """Capacity of the ordinary centres, 0 for adapted units and alternative placement, shape (centres,)."""
    return np.where(_IS_ORDINARY, world.centres.capacity, 0)


def _wherever_open(world: World, rows: IntArray) -> IntArray:
    """An ordinary centre for each, by a keyed draw in proportion to capacity and without limit.

    Where all centres have closed to the finally rejected, reception of newcomers continues: it is spread as the pooled
    centres were.
    """
    capacity = ordinary_places(world)
    weight = np.cumsum(capacity if capacity.any() else POOL_SHARE)
    u = world.draws.uniform("centre_where", world.month, world.population.key[rows])
    return np.searchsorted(weight, u * weight[-1], side="right").astype(np.int64)  # type: ignore[no-any-return]


def _beds_for_transfers(world: World, residents: IntArray) -> int:
    """Beds that residents whose units close this month are likely to need elsewhere."""
    over = np.maximum(0, residents - world.centres.capacity)
    return int(np.ceil(np.maximum(residents * world.centres.closing_share, over).sum()))


def _find_beds(world: World, at: At, rows: IntArray, channel: str, transfers_first: bool) -> IntArray:
    if len(rows) == 0:
        return np.empty(0, dtype=np.int64)
    p, capacity = world.population, world.centres.capacity
    rank, where = world.draws.uniforms((channel, "centre_where"), world.month, p.key[rows])
    beds, is_ill, home = beds_of(world, rows), p.has_care_need[rows], p.place[rows]
    if at.interactions:
        residents = counted_residents(world)
        reserved = _beds_for_transfers(world, residents) if transfers_first else 0
        result = fill_beds(capacity - residents, reserved, rank, where, beds, is_ill, home)
    else:
        result = _without_limit(capacity > 0, rank, where, beds, is_ill, home)
    world.history.binds("centres", world.month, int((result < 0).sum()))
    return result


@twinned
def fill_beds(
    free: IntArray,
    reserved: int,
    rank: FloatArray,
    where: FloatArray,
    beds: IntArray,
    is_ill: BoolArray,
    home: IntArray,
) -> IntArray:
    """Centres of households that stand in line for free beds; see `place_in_centres`.

    Args:
        free: Free beds of each centre, below 0 counts as none, shape (centres,); not changed.
        reserved: Beds of ordinary centres that are kept for others.
        rank: Keyed numbers; the lowest go first, shape (n,). All different.
        where: Keyed numbers that say which centre it is, shape (n,).
        beds: Beds each household needs in one centre; shape (n,).
        is_ill: Whether a single person may live in an adapted unit, shape (n,).
        home: Place of each household, shape (n,).

    Returns:
        Centre of each, -1 where no place was left, shape (n,).
    """
    result = np.full(len(rank), -1, dtype=np.int64)
    order = np.argsort(rank)
    # Beds that a household and all before it in rank need: whom the ordinary centres have no room for is not in.
    needed = np.empty(len(rank), dtype=np.int64)
    needed[order] = np.cumsum(beds[order])
    is_in = needed <= max(0, int(np.maximum(free[_IS_ORDINARY], 0).sum()) - reserved)
    left = _place_families(result, free, order[beds[order] > 1], where, beds, home, is_in)
    single = beds == 1
    for group, kinds, kept in ((single & is_ill, IS_ADAPTED, 0), (single, _IS_ORDINARY, reserved)):
        who = order[(group & (result < 0))[order]]
        stock = np.where(kinds, np.maximum(left, 0), 0)
        served = who[: max(0, int(stock.sum()) - kept)]
        if len(served) == 0:
            continue
        # Which centre: the served draw from the free beds without replacement, in the order of `where`.
        bed = _spread(int(stock.sum()), len(served))
        taken = np.searchsorted(np.cumsum(stock), bed, side="right")
        result[served[np.argsort(where[served])]] = taken
        left = left - np.bincount(taken, minlength=len(left))
    return result


def _place_families(
    result: IntArray,
    free: IntArray,
    families: IntArray,
    where: FloatArray,
    beds: IntArray,
    home: IntArray,
    is_in: BoolArray,
) -> IntArray:
    """Writes the centre of each family: alternative placement where it lives, else an ordinary one where it is in.

    Returns:
        Beds that are left, shape (centres,).
    """
    left = free.tolist()
    for i in families.tolist():
        need = int(beds[i])
        fits = [c for c in _ALTERNATIVE_IN[home[i]] if left[c] >= need]
        if not fits and is_in[i]:
            fits = [c for c in _ORDINARY if left[c] >= need]
        # Centres with more free beds are likelier.
        total = where[i] * sum(left[c] for c in fits)
        for c in fits:
            total -= left[c]
            if total < 0:
                result[i] = c
                left[c] -= need
                break
    return np.array(left, dtype=np.int64)


def _without_limit(
    is_open: BoolArray, rank: FloatArray, where: FloatArray, beds: IntArray, is_ill: BoolArray, home: IntArray
) -> IntArray:
    """The same where everyone is served wherever a place exists at all."""
    result = np.full(len(where), -1, dtype=np.int64)
    order = np.argsort(rank)
    _place_families(result, np.where(is_open, 1 << 40, 0), order[beds[order] > 1], where, beds, home, beds > 0)
    single = beds == 1
    for group, kinds in ((single & is_ill, IS_ADAPTED), (single, _IS_ORDINARY)):
        who = np.flatnonzero(group & (result < 0))
        open_here = np.flatnonzero(kinds & is_open)
        if len(open_here):
            result[who] = open_here[(where[who] * len(open_here)).astype(np.int64)]
    return result


@lru_cache(maxsize=4)
def fractions(power: int) -> FloatArray:
    """Multiples of the golden ratio without their whole part, which spread evenly; shape (2**power,)."""
    return np.asarray((np.arange(1 << power) * 0.6180339887498949) % 1.0)


def _spread(beds: int, persons: int) -> IntArray:
    """Beds for some persons, spread evenly over all of them; with more persons, the same beds and some more.

    Args:
        beds: How many there are.
        persons: How many are taken, at most all.

    Returns:
        Numbers of beds, from 0, shape (persons,).
    """
    fraction = fractions(beds.bit_length())[:beds]
    # Those taken have the lowest fractions: about as many as persons are below their share of the beds.
    low = np.flatnonzero(fraction < (persons + 8) / max(beds, 1))
    if len(low) < persons:
        low = np.arange(beds)
    return low[np.argsort(fraction[low])[:persons]]


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
    if not open_jobs.any():
        world.history.binds("jobs", world.month, len(rows))
        return result
    place = p.place[rows]
    # The vacancies of a place are in a keyed order of their employers, each employer's second job after all firsts.
    hiring = np.flatnonzero(open_jobs)
    firsts = np.bincount(employers.place[hiring], minlength=PLACES)
    if (np.bincount(place, minlength=PLACES) <= firsts).all():
        # There are firsts enough for all who seek: others need no order.
        open_jobs = np.minimum(open_jobs, 1)
    offered = open_jobs[hiring]
    slots, number = np.repeat(hiring, offered), within_groups(offered)
    draw = np.repeat(world.draws.uniform("vacancy_rank", world.month, employers.key[hiring]), offered)
    slot_place = employers.place[slots]
    slot_order = by_rank(slot_place * (int(open_jobs.max()) + 1) + number, draw)
    rank = world.draws.uniform("job_rank", world.month, p.key[rows])
    seeker_order = by_rank(place * 4 - closeness, rank)
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
    employer = np.maximum(p.employer, p.side_employer)
    return centres.count_in(employer[employer >= 0], len(world.employers))


def free_host(world: World, rows: IntArray, has_room: BoolArray) -> IntArray:
    """First host among each person's ties who has a place free, -1 for none, shape (n,).

    Args:
        world: The replicate.
        rows: Persons, shape (n,).
        has_room: From `has_room`.
    """
    p = world.population
    result = np.full(len(rows), -1, dtype=np.int64)
    for slot in (p.tie_2, p.tie_1, p.tie_0):
        host = slot[rows]
        np.copyto(result, host, where=has_room[host])
    return result


def has_room(world: World, at: At, guests: IntArray) -> BoolArray:
    """Whether each host has a place free, shape (hosts + 1,); the last is for no host, which has none.

    Args:
        world: The replicate.
        at: Values of the month; without ``interactions`` every host has.
        guests: From `guests_of`.
    """
    room: BoolArray = np.zeros(len(world.hosts) + 1, dtype=np.bool_)
    room[:-1] = guests < world.hosts.capacity if at.interactions else True
    return room


def guests_of(world: World) -> IntArray:
    """Households each host has taken in, shape (hosts,)."""
    # Children have the host of their guardian, and those who have left have none.
    p = world.population
    rows = np.flatnonzero(p.host >= 0)
    return centres.count_in(p.host[rows[p.guardian[rows] < 0]], len(world.hosts))


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


def place_with_hosts(
    world: World, at: At, rows: IntArray, host: IntArray, channel: str = "host_rank", guests: IntArray | None = None
) -> BoolArray:
    """Who is taken in, when several ask the same host, by keyed rank.

    Args:
        world: The replicate.
        at: Values of the month.
        rows: Persons asking, shape (n,).
        host: Host each asks, -1 for none, shape (n,).
        channel: Channel of the rank.
        guests: From `guests_of`, where it has been asked already.
    """
    asks = host >= 0
    if not at.interactions:
        return asks
    free = world.hosts.capacity - (guests_of(world) if guests is None else guests)
    asking = np.flatnonzero(asks)
    rank = world.draws.uniform(channel, world.month, world.population.key[rows[asking]])
    served = np.zeros(len(rows), dtype=np.bool_)
    served[asking] = queue(host[asking], free, rank)
    world.history.binds("hosts", world.month, len(asking) - int(served.sum()))
    return served
