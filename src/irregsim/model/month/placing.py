"""Scarce places: beds, jobs and hosts are assigned by keyed ranks, never by the order of rows."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from irregsim.model import centres
from irregsim.model.centres import COUNT as CENTRES
from irregsim.model.centres import IS_ADAPTED, IS_ALTERNATIVE, NO_LIMIT, PLACE_OF, POOL_SHARE
from irregsim.model.chance import by_rank, queue
from irregsim.model.compiled import twinned
from irregsim.model.history import PLACES
from irregsim.model.population import within_groups
from irregsim.model.values import At
from irregsim.model.world import INFANT_MONTHS, World
from irregsim.vocabulary.codes import Route

_ADAPTED = np.flatnonzero(IS_ADAPTED).tolist()
_ALTERNATIVE_IN = [np.flatnonzero(IS_ALTERNATIVE & (place == PLACE_OF)).tolist() for place in range(PLACES)]

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]


def free_beds(world: World) -> IntArray:
    """Free places of each centre for persons with a final rejection, without limit in most; shape (centres,)."""
    return world.centres.capacity - counted_residents(world)


def counted_residents(world: World) -> IntArray:
    """Residents of each centre who take a place left to persons with a final rejection, shape (centres,).

    Persons under a Dublin decision wait for their transfer in places of the reception system's own, as applicants do,
    so the limit on what is left to the finally rejected neither holds nor counts them; an infant needs no place yet.
    """
    return _residents(world)


@twinned
def _residents(world: World) -> IntArray:
    p = world.population
    rows = np.flatnonzero(p.centre >= 0)
    rows = rows[(p.route[rows] != Route.DUBLIN) & (p.birth_month[rows] <= world.month - INFANT_MONTHS)]
    return centres.count_in(p.centre[rows], CENTRES)


def beds_of(world: World, rows: IntArray) -> IntArray:
    """Beds each household needs: one per head and one per child."""
    _, where = world.population.children_of(rows)
    return 1 + np.bincount(where, minlength=len(rows)).astype(np.int64)


def place_in_centres(world: World, at: At, rows: IntArray, channel: str) -> IntArray:
    """Finds centre places for households, by one keyed rank for families and single persons alike.

    Ordinary centres take everybody, by a keyed draw in proportion to their places, but for those that a scenario
    limits: these serve by rank, and who is left over goes to another centre while any has room. Adapted units take ill
    persons only; alternative placement takes families only (F 5.2, 7.2). Persons under a Dublin decision have places of
    their own (`counted_residents`), also where a final rejection ends the right to stay. With more places the same
    persons are served and some more, but for a household that no single centre has room for.

    Args:
        world: The replicate.
        at: Values of the month.
        rows: Heads of household, shape (n,).
        channel: Channel of the rank.

    Returns:
        Centre of each, -1 where no place was left, shape (n,).
    """
    result = np.full(len(rows), -1, dtype=np.int64)
    dublin = world.population.route[rows] == Route.DUBLIN
    result[dublin] = _wherever_open(world, rows[dublin])
    if at.stay_after_rejection:
        result[~dublin] = _find_beds(world, at, rows[~dublin], channel)
    return result


def ordinary_places(world: World) -> FloatArray:
    """Places of the ordinary centres for all residents, 0 for adapted units and alternative placement; by centre."""
    return world.centres.places


def _wherever_open(world: World, rows: IntArray) -> IntArray:
    """An ordinary centre for each, by a keyed draw in proportion to places and without limit.

    Where all centres have closed to the finally rejected, reception of newcomers continues: it is spread as the pooled
    centres were.
    """
    places = ordinary_places(world)
    weight = np.cumsum(places if places.any() else POOL_SHARE)
    u = world.draws.uniform("centre_where", world.month, world.population.key[rows])
    return np.searchsorted(weight, u * weight[-1], side="right").astype(np.int64)  # type: ignore[no-any-return]


def _find_beds(world: World, at: At, rows: IntArray, channel: str) -> IntArray:
    result = np.full(len(rows), -1, dtype=np.int64)
    if len(rows) == 0:
        return result
    p = world.population
    left = free_beds(world)
    if not at.interactions:
        left = np.where(world.centres.capacity > 0, NO_LIMIT, 0)
    beds = beds_of(world, rows)
    rank = world.draws.uniform(channel, world.month, p.key[rows])
    where = world.draws.uniform("centre_where", world.month, p.key[rows])
    result = _by_rank_in_centres(world, rows, beds, left, rank, where)
    world.history.binds("centres", world.month, int((result < 0).sum()))
    return result


@twinned
def _by_rank_in_centres(
    world: World, rows: IntArray, beds: IntArray, left: IntArray, rank: FloatArray, where: FloatArray
) -> IntArray:
    """The centre of each household, -1 for none; ``left`` are free beds by centre, and are used up."""
    p = world.population
    result = np.full(len(rows), -1, dtype=np.int64)
    order = np.argsort(rank)
    for i in order[(beds > 1)[order]].tolist():
        for c in _ALTERNATIVE_IN[int(p.place[rows[i]])]:
            if left[c] >= beds[i]:
                result[i], left[c] = c, left[c] - beds[i]
                break
    for i in order[((beds == 1) & p.has_care_need[rows])[order]].tolist():
        free = [c for c in _ADAPTED if left[c] >= 1]
        if not free:
            break
        result[i], left[free[0]] = free[0], left[free[0]] - 1
    places = np.where(left > 0, ordinary_places(world), 0.0)
    if places.any():
        rest = order[result[order] < 0]
        edges = np.cumsum(places)
        first = np.searchsorted(edges, where[rest] * edges[-1], side="right")
        boundless = left[first] > NO_LIMIT // 2
        result[rest[boundless]] = first[boundless]
        # Few centres have a limit, so few households are left for a walk in the order of rank.
        within = (where[rest] * edges[-1] - (edges - places)[first]) / places[first]
        for i, c, u in zip(
            rest[~boundless].tolist(), first[~boundless].tolist(), within[~boundless].tolist(), strict=True
        ):
            if left[c] < beds[i]:
                open_to = np.cumsum(np.where(left >= beds[i], places, 0.0))
                if open_to[-1] == 0:
                    continue
                c = int(np.searchsorted(open_to, u * open_to[-1], side="right"))
            result[i], left[c] = c, left[c] - beds[i]
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
    p = world.population
    if not at.interactions:
        return _any_willing(world, rows)
    open_jobs = np.maximum(vacancies, 0)
    if not open_jobs.any():
        world.history.binds("jobs", world.month, len(rows))
        return result
    rank = world.draws.uniform("job_rank", world.month, p.key[rows])
    result = _matched(world, p.place[rows], closeness, rank, open_jobs)
    world.history.binds("jobs", world.month, int((result < 0).sum()))
    return result


@twinned
def _matched(world: World, place: IntArray, closeness: IntArray, rank: FloatArray, open_jobs: IntArray) -> IntArray:
    """The employer of each seeker, -1 for none; ``open_jobs`` are vacancies by employer."""
    employers = world.employers
    result = np.full(len(place), -1, dtype=np.int64)
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
    seeker_order = by_rank(place * 4 - closeness, rank)
    slot_start = np.searchsorted(slot_place[slot_order], np.arange(PLACES + 1))
    seeker_place = place[seeker_order]
    position = np.arange(len(place)) - np.searchsorted(seeker_place, seeker_place, side="left")
    wanted = slot_start[seeker_place] + position
    served = wanted < slot_start[seeker_place + 1]
    result[seeker_order[served]] = slots[slot_order[wanted[served]]]
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
    return _workers(world)


@twinned
def _workers(world: World) -> IntArray:
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
    return _guests(world)


@twinned
def _guests(world: World) -> IntArray:
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
    kids, where = world.population.children_of(rows)
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
