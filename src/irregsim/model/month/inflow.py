"""Step 2, inflow: who becomes a person without legal stay this month, and how they begin.

Arrivals of a route and country are a quantile of one keyed uniform, so a scenario with more inflow has the same
persons and some more. Who a person is depends on their identity alone.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from irregsim.model.centres import PLACE_OF
from irregsim.model.chance import pick, poisson_quantile
from irregsim.model.compiled import twinned
from irregsim.model.engine import Part, drawn
from irregsim.model.history import NO_PLACE
from irregsim.model.month.cohorts import expected_arrivals, expected_inflow
from irregsim.model.month.control import ASYLUM, hold
from irregsim.model.month.discretion import sent_ratio
from irregsim.model.month.exits import back_later
from irregsim.model.month.minors import come_of_age_outside_care
from irregsim.model.month.newcomers import NEVER, arrive
from irregsim.model.month.placing import (
    jobs_filled,
    place_in_centres,
    place_in_jobs,
    place_with_hosts,
)
from irregsim.model.population import person_ids, within_groups
from irregsim.model.values import At
from irregsim.model.world import World
from irregsim.vocabulary import reference
from irregsim.vocabulary.codes import (
    CAUSE_CODE,
    INFLOW,
    Decision,
    Exit,
    Household,
    RegisterEvent,
    Route,
    Strategy,
    Substrategy,
)

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]

_START = np.array([s.start_shares for s in reference.route_starts()])
_DISTRICT = np.array([p.district for p in reference.places()])
_OST = next(p.index for p in reference.places() if p.name == "Øst")
_COUNTRIES = len(reference.countries())
#: Subjects of arrivals and of register events that have no person: route and country.
_CELL = (np.arange(len(Route))[:, None] * 64 + np.arange(_COUNTRIES)[None, :]).astype(np.uint64)
#: The same for arrivals of the month; after them, penal expulsions straight from prison.
_ARRIVALS = np.concatenate([_CELL.ravel() + np.uint64(1 << 62), _CELL[Route.PENAL_EXPULSION] + np.uint64(3 << 61)])


class Inflow(Part):
    """Arrivals, returns from temporary stay, short stays sent out and penal removals straight from prison."""

    name = "inflow"
    step = 2

    def begin(self, world: World, at: At) -> None:
        """Admits everybody of the month; nobody decides anything."""
        if world.month == 0:
            self._initial(world, at)
        come_of_age(world)
        come_of_age_outside_care(world)
        self._come_back(world, at)
        mean = expected_arrivals(world, at).ravel()
        u = world.draws.uniform("inflow", world.month, world.draws.keys(_ARRIVALS))
        by_route = poisson_quantile(u, mean).reshape(-1, _COUNTRIES)
        count, penal_direct = by_route[:-1], by_route[-1]
        self._short_stay(world, at, count[Route.SHORT_STAY])
        self._penal_direct(world, penal_direct)
        count[Route.SHORT_STAY] = 0
        route, country = np.nonzero(count)
        admit(world, at, world.month, route, country, count[route, country])

    def _initial(self, world: World, at: At) -> None:
        """The stock at 2009-01 by country; its size is a wide prior, not a count (docs/data.md)."""
        inflow = world.values.made(expected_inflow).by_route[world.month]
        former = inflow[Route.ASYLUM_REJECTED]
        never = inflow[[Route.WITHOUT_PERMIT, Route.VISA_OVERSTAY, Route.FAMILY_PERMIT_LOST]].sum(axis=1)
        mean = np.zeros((len(Route), _COUNTRIES))
        mean[Route.ASYLUM_REJECTED] = at.initial_former_asylum_count * at.scale * former / former.sum()
        for i, start in enumerate((Route.WITHOUT_PERMIT, Route.VISA_OVERSTAY, Route.FAMILY_PERMIT_LOST)):
            mix = inflow[start]
            mean[start] = at.initial_never_asylum_count * at.scale * never[i] / never.sum() * mix / mix.sum()
        u = world.draws.uniform("inflow", -1, world.draws.keys(_ARRIVALS[: _CELL.size]))
        count = poisson_quantile(u, mean.ravel()).reshape(mean.shape)
        route, country = np.nonzero(count)
        admit(world, at, -1, route, country, count[route, country])

    def _come_back(self, world: World, at: At) -> None:
        """Temporary stays that end: most come back to life without legal stay (docs/odd.md; M096)."""
        p = world.population
        due = np.flatnonzero(p.back_due == world.month)
        due = due[p.guardian[due] < 0]
        if len(due) == 0:
            return
        u = world.draws.uniform("temporary_permit_ends", world.month, p.key[due])
        # Where return is still hardly possible most permits are renewed, which is no new grant (F 2.1 fn 6).
        cannot = at.takes_hardly_back[p.country[due]]
        renewed = np.where(cannot & p.is_sought_asylum[due], at.temporary_permit_renewed_share, 0.0)
        again = u < renewed
        back_later(world, at, due[again])
        due, u = due[~again], ((u - renewed) / (1.0 - renewed))[~again]
        back = due[u < at.temporary_permit_return_share]
        kids, _ = world.population.children_of(due)
        p.back_due[np.concatenate([due, kids])] = -1
        kids, _ = world.population.children_of(back)
        rows = np.concatenate([back, kids])
        world.history.flow(
            world.month,
            CAUSE_CODE["permit_ended"],
            INFLOW,
            int(Strategy.FRITT_FALL),
            NO_PLACE,
            p.place[rows],
            p.country[rows],
        )
        p.strategy[rows] = int(Strategy.FRITT_FALL)
        p.strategy_start[rows] = world.month

    def _short_stay(self, world: World, at: At, count: IntArray) -> None:
        """Visitors sent out within days: an event, not a stock (F 4.1, 4.6; M077, M088).

        Those not refused at the airport are met where persons of their kind live and control is: by the district's
        effort, as everybody else is (M062).
        """
        country = np.repeat(np.arange(_COUNTRIES), count)
        if len(country) == 0:
            return
        ids = person_ids(world.month, int(Route.SHORT_STAY), country, within_groups(count), 0)
        keys = world.draws.keys(ids)
        u = world.draws.uniform("birth_place", -1, keys)
        airport = at.airport_share_of_short_stay
        met = np.diff(NEVER, prepend=0.0) * at.district_control[_DISTRICT]
        inland = pick(np.cumsum(met / met.sum()), np.clip((u - airport) / (1 - airport), 0.0, 1 - 1e-12))
        place = np.where(u < airport, _OST, inland)
        world.history.flow(
            world.month, CAUSE_CODE["short_stay"], INFLOW, int(Exit.BORTVIST), NO_PLACE, NO_PLACE, country
        )
        world.history.register(world.month, RegisterEvent.ORDER_BORTVIST, place, country)
        world.history.register(world.month, RegisterEvent.TRANSPORT_BORTVIST, place, country)

    def _penal_direct(self, world: World, count: IntArray) -> None:
        """Penal expulsions that go from prison to transport: register events without a person here (M081, M083).

        ``count`` is how many there are this month, shape (countries,).
        """
        country = np.repeat(np.arange(_COUNTRIES), count)
        if len(country) == 0:
            return
        ids = person_ids(world.month, int(Route.PENAL_EXPULSION), country, within_groups(count), 15)
        place = pick(NEVER, world.draws.uniform("birth_place", -1, world.draws.keys(ids)))
        for event in (
            RegisterEvent.EXPULSION_PENAL,
            RegisterEvent.ORDER_EXPELLED,
            RegisterEvent.TRANSPORT_EXPELLED,
        ):
            world.history.register(world.month, event, place, country)


def come_of_age(world: World) -> None:
    """Children who turn 18 in a centre or in free fall are persons of their own from then on.

    Those who live with a host or with working parents are still of the household; they follow when it ends. A guardian
    whose last child has come of age is alone.
    """
    p = world.population
    kids = p.kid_rows
    grown = kids[p.birth_month[kids] <= world.month - 18 * 12]
    lives = (p.strategy[grown] == Strategy.SYNLIG) | (p.strategy[grown] == Strategy.FRITT_FALL)
    grown = grown[lives & (p.transport_due[p.guardian[grown]] < 0)]
    if len(grown) == 0:
        return
    guardians = np.unique(p.guardian[grown])
    for column in (p.tie_0, p.tie_1, p.tie_2):
        column[grown] = column[p.guardian[grown]]
    p.end_childhood(grown)
    p.household[grown] = int(Household.ALONE)
    p.child_status[grown] = 0
    _, where = p.children_of(guardians)
    alone = np.bincount(where, minlength=len(guardians)) == 0
    p.household[guardians[alone]] = int(Household.ALONE)


def admit(world: World, at: At, entry_month: int, route: IntArray, country: IntArray, count: IntArray) -> IntArray:
    """Makes the persons of some (route, country) groups and finds each a beginning.

    Args:
        world: The replicate.
        at: Values of the month.
        entry_month: Month of arrival, or -1 for the initial stock.
        route: `Route` of each group, shape (groups,).
        country: Country index of each group, shape (groups,).
        count: Heads of each group, shape (groups,). Children come on top, so means are of persons less children.

    Returns:
        Rows of the new heads of household.
    """
    if len(count) == 0 or count.sum() == 0:
        return np.empty(0, dtype=np.int64)
    rows, kids, guardian = arrive(world, at, entry_month, route, country, count)
    _begin(world, at, rows, kids, guardian)
    route = world.population.route[rows]
    world.note(RegisterEvent.ORDER_BORTVIST, rows[route == Route.VISA_LOST])
    _asylum_case_expulsions(world, at, rows)
    if entry_month >= 0:
        _held_at_rejection(world, at, rows)
        world.note(RegisterEvent.EXPULSION_PENAL, rows[route == Route.PENAL_EXPULSION])
    return rows


def _held_at_rejection(world: World, at: At, rows: IntArray) -> None:
    """Some who can be sent are held when they are notified of the rejection (F 10.2; M063).

    Reads ``held_at_rejection_share``, the share of those thought likely to hide among persons who can be sent.
    """
    p = world.population
    told = rows[p.route[rows] == Route.ASYLUM_REJECTED]
    chance = at.held_at_rejection_share * sent_ratio(world.rows(told), at)
    held = told[drawn(world, "held_at_rejection", told, chance)]
    hold(world, at, held, ASYLUM, np.ones(len(held), dtype=np.int64))


@twinned
def _begin(world: World, at: At, rows: IntArray, kids: IntArray, guardian: IntArray) -> None:
    """Starting strategies by route; who finds no bed, job or host begins in free fall (docs/odd.md).

    Args:
        world: The replicate.
        at: Values of the month.
        rows: Heads of household, shape (n,).
        kids: Their children.
        guardian: Where each child's guardian is among ``rows``.
    """
    p, draws = world.population, world.draws
    wanted = _wanted(world, at, rows)
    elderly = world.month - p.birth_month[rows] >= 67 * 12
    wanted[elderly & (wanted == Strategy.ARBEIDENDE)] = int(Strategy.AVHENGIG)
    cause = np.full(len(rows), CAUSE_CODE["start"])
    sub = np.zeros(len(rows), dtype=np.int64)

    seek = np.flatnonzero(wanted == Strategy.SYNLIG)
    got = place_in_centres(world, at, rows[seek], "birth_centre")
    p.centre[rows[seek]] = got
    # Where a person's centre or host is, there the person begins.
    home = p.place[rows]
    home[seek[got >= 0]] = PLACE_OF[got[got >= 0]]
    failed = seek[got < 0]
    wanted[failed], cause[failed] = int(Strategy.FRITT_FALL), CAUSE_CODE["no_place"]

    seek = np.flatnonzero(wanted == Strategy.AVHENGIG)
    guests = rows[seek]
    host = p.tie_0[guests]
    # Those who begin with a provider came to somebody, known beforehand or of the same background.
    unknown = np.flatnonzero(host < 0)
    alone = guests[unknown]
    u = draws.uniform("birth_substrategy", -1, p.key[alone])
    host[unknown] = world.hosts.of(p.country[alone], p.place[alone], u)
    p.tie_0[guests] = host
    served = place_with_hosts(world, at, guests, host)
    p.host[guests] = np.where(served, host, -1)
    home[seek[served]] = world.hosts.place[host[served]]
    wanted[seek[~served]] = int(Strategy.FRITT_FALL)
    sub[seek[served]] = world.hosts.type[host[served]]
    # Old parents who were brought in live with their children, whatever else the host is (F 4.4; M092).
    parent = seek[served & elderly[seek]]
    sub[parent] = int(Substrategy.RELATIVE)

    seek = np.flatnonzero(wanted == Strategy.ARBEIDENDE)
    employer = first_jobs(world, at, rows[seek])
    p.employer[rows[seek]] = employer
    wanted[seek[employer < 0]] = int(Strategy.FRITT_FALL)
    hired = rows[seek[employer >= 0]]
    p.is_exploited[hired] = draws.uniform("exploited_at_work", -1, p.key[hired]) < at.exploited_worker_share

    margin = np.flatnonzero(wanted == Strategy.MARGINALISERT)
    sub[margin] = marginal_subtype(world, at, rows[margin])
    p.substrategy[rows], p.strategy[rows], p.place[rows] = sub, wanted, home
    lives = wanted[guardian]
    lives[(lives == Strategy.ARBEIDENDE) | (lives == Strategy.MARGINALISERT)] = int(Strategy.AVHENGIG)
    p.substrategy[kids] = np.where(lives == Strategy.AVHENGIG, int(Substrategy.RELATIVE), 0)
    p.strategy[kids], p.place[kids] = lives, home[guardian]
    for column in (p.centre, p.host):
        column[kids] = column[rows[guardian]]
    everybody = np.concatenate([rows, kids])
    world.set_cell(everybody)
    cause = np.concatenate([cause, cause[guardian]])
    begins, place, country = p.strategy[everybody], p.place[everybody], p.country[everybody]
    world.history.flow(world.month, cause, INFLOW, begins, NO_PLACE, place, country)


def first_jobs(world: World, at: At, rows: IntArray) -> IntArray:
    """Employer of each newcomer who looks for work, -1 for none, shape (n,)."""
    if world.month == 0:
        world.employers.decide(at, world.employers.inspections(at))
    vacancies = world.employers.open_jobs - jobs_filled(world)
    closeness = (world.population.tie_0[rows] >= 0).astype(np.int64)
    return place_in_jobs(world, at, rows, closeness, vacancies)


def start_shares(world: World, at: At) -> FloatArray:
    """Cumulative shares of the strategies newcomers look for, shape (routes + 1, strategies).

    One row for each route, and one for those of the initial stock who never sought asylum.
    """
    centre = at.initial_former_asylum_centre_share if world.month == 0 else at.centre_start_share
    shares = np.vstack([_START, _START[[Route.WITHOUT_PERMIT, Route.VISA_OVERSTAY]].mean(axis=0)])
    # Who is 18 leaves care for a reception centre of adults, if for any.
    begin = [Route.ASYLUM_REJECTED, Route.AGED_OUT]
    shares[begin] *= 1.0 - centre
    shares[begin, Strategy.SYNLIG] = centre
    return np.cumsum(shares, axis=1)


def _wanted(world: World, at: At, rows: IntArray) -> IntArray:
    """The strategy each newcomer looks for, by route, shape (n,)."""
    p = world.population
    route = p.route[rows]
    route[(p.entry_month[rows] < 0) & ~p.is_sought_asylum[rows]] = len(Route)
    u = world.draws.uniform("birth_strategy", -1, p.key[rows])
    found = np.zeros(len(rows), dtype=np.int64)
    for cumulative in start_shares(world, at).T[:-1]:
        found += u >= cumulative[route]
    return found


def marginal_subtype(world: World, at: At, rows: IntArray) -> IntArray:
    """Sale of sex, drugs or property crime, by sex (F 4.6; shares are assumptions)."""
    p = world.population
    u = world.draws.uniform("birth_substrategy", -1, p.key[rows])
    sex_sale, drugs = marginal_shares(at)[:, p.is_female[rows].astype(np.int64)]
    return np.where(
        u < sex_sale, int(Substrategy.SEX_SALE), np.where(u < drugs, int(Substrategy.DRUGS), int(Substrategy.PROPERTY))
    )


def marginal_shares(at: At) -> FloatArray:
    """Share that sells sex, and that share with those who sell drugs; of men, then of women, shape (2, 2)."""
    sex_sale = np.array([at.sex_sale_share_men, at.sex_sale_share_women])
    return np.stack([sex_sale, sex_sale + (1 - sex_sale) * at.drugs_share_of_rest])


def _asylum_case_expulsions(world: World, at: At, rows: IntArray) -> None:
    """Some rejected and Dublin persons get an Immigration Act expulsion too, a decision of its own (M058)."""
    p = world.population
    asylum = rows[p.is_sought_asylum[rows] & (p.decision[rows] != Decision.NONE)]
    if world.month == 0:
        asylum = asylum[p.entry_month[asylum] >= 0]
    u = world.draws.uniform("asylum_case_expulsion", -1, p.key[asylum])
    expelled = asylum[u < at.asylum_case_share]
    chance = np.full(len(asylum), float(at.asylum_case_share))
    world.history.expect("asylum_case_expulsion", world.month, p.cell[asylum], chance)
    p.decision[expelled] = int(Decision.EXPELLED_IMMIGRATION_ACT)
    world.note(RegisterEvent.EXPULSION_IMMIGRATION_ACT, expelled, delay=round(at.asylum_case_delay_months))
