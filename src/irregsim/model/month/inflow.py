"""Step 2, inflow: who becomes a person without legal stay this month, and how they begin.

Arrivals of a route and country are a quantile of one keyed uniform, so a scenario with more inflow has the same
persons and some more. Who a person is depends on their identity alone.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt
from scipy.special import gammaincinv

from irregsim.model.centres import PLACE_OF
from irregsim.model.chance import pick, poisson_quantile
from irregsim.model.engine import Part, drawn
from irregsim.model.history import NO_PLACE
from irregsim.model.hosts import slot_keys
from irregsim.model.month.cohorts import conditions_ratio, expected_inflow
from irregsim.model.month.control import ASYLUM, hold
from irregsim.model.month.discretion import sent_ratio
from irregsim.model.month.exits import back_later
from irregsim.model.month.identity import established_at_entry
from irregsim.model.month.placing import (
    jobs_filled,
    place_in_centres,
    place_in_jobs,
    place_with_hosts,
)
from irregsim.model.population import person_ids
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

_FORMER = np.cumsum([p.former_asylum_share for p in reference.places()])
_NEVER = np.cumsum([p.never_asylum_share for p in reference.places()])
_START = np.array([s.start_shares for s in reference.route_starts()])
_OST = next(p.index for p in reference.places() if p.name == "Øst")
_COUNTRIES = len(reference.countries())
#: Subjects of arrivals and of register events that have no person: route and country.
_CELL = (np.arange(len(Route))[:, None] * 64 + np.arange(_COUNTRIES)[None, :]).astype(np.uint64)


#: Draws that make a person, once in a lifetime.
_BIRTH = (
    "birth_age",
    "birth_sex",
    "birth_place",
    "birth_family",
    "birth_identity",
    "birth_forged_papers",
    "birth_care_need",
    "birth_tax_card",
    "birth_elderly_parent",
    "birth_past_months",
    "birth_conviction",
)
#: Longest stay before the first month, months.
LONGEST_PAST = 420.0
_QUANTILES = np.linspace(0.0, 0.9999, 4096)


@lru_cache(maxsize=8)
def _gamma_ages(mean: float, sd: float) -> FloatArray:
    """Quantiles of a gamma distribution at `_QUANTILES`, years; a table, because the inverse is slow."""
    shape = (mean / sd) ** 2
    return np.asarray(gammaincinv(shape, _QUANTILES) * mean / shape)


class Inflow(Part):
    """Arrivals, returns from temporary stay, short stays sent out and penal removals straight from prison."""

    name = "inflow"
    step = 2

    def begin(self, world: World, at: At) -> None:
        """Admits everybody of the month; nobody decides anything."""
        if world.month == 0:
            self._initial(world, at)
        come_of_age(world)
        self._come_back(world, at)
        expected = world.values.made(expected_inflow)
        mean = expected.by_route[world.month] * conditions_ratio(world, at)
        keys = world.draws.keys(_CELL.ravel() + np.uint64(1 << 62))
        count = poisson_quantile(world.draws.uniform("inflow", world.month, keys), mean.ravel()).reshape(mean.shape)
        self._short_stay(world, at, count[Route.SHORT_STAY])
        self._penal_direct(world, expected.penal_direct[world.month])
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
        keys = world.draws.keys(_CELL.ravel() + np.uint64(1 << 62))
        count = poisson_quantile(world.draws.uniform("inflow", -1, keys), mean.ravel()).reshape(mean.shape)
        route, country = np.nonzero(count)
        admit(world, at, -1, route, country, count[route, country])

    def _come_back(self, world: World, at: At) -> None:
        """Temporary stays that end: most come back to life without legal stay (docs/odd.md; M096)."""
        p = world.population
        due = np.flatnonzero((p.back_due == world.month) & (p.guardian < 0))
        if len(due) == 0:
            return
        u = world.draws.uniform("temporary_permit_ends", world.month, p.key[due])
        # Where return is still hardly possible most permits are renewed, which is no new grant (F 2.1 fn 6).
        cannot = at.feasibility[p.country[due]] < at.temporary_permit_feasibility_limit
        renewed = np.where(cannot & p.is_sought_asylum[due], at.temporary_permit_renewed_share, 0.0)
        again = u < renewed
        back_later(world, at, due[again])
        due, u = due[~again], ((u - renewed) / (1.0 - renewed))[~again]
        back = due[u < at.temporary_permit_return_share]
        kids, _ = world.children_of(due)
        p.back_due[np.concatenate([due, kids])] = -1
        kids, _ = world.children_of(back)
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
        """Visitors sent out within days: an event, not a stock (F 4.1, 4.6; M077, M088)."""
        country = np.repeat(np.arange(_COUNTRIES), count)
        if len(country) == 0:
            return
        rank = np.concatenate([np.arange(c) for c in count])
        ids = person_ids(world.month, int(Route.SHORT_STAY), country, rank, 0)
        keys = world.draws.keys(ids)
        u = world.draws.uniform("birth_place", -1, keys)
        airport = at.airport_share_of_short_stay
        place = np.where(u < airport, _OST, pick(_NEVER, np.clip((u - airport) / (1 - airport), 0.0, 1 - 1e-12)))
        world.history.flow(
            world.month, CAUSE_CODE["short_stay"], INFLOW, int(Exit.BORTVIST), NO_PLACE, NO_PLACE, country
        )
        world.history.register(world.month, RegisterEvent.ORDER_BORTVIST, place, country)
        world.history.register(world.month, RegisterEvent.TRANSPORT_BORTVIST, place, country)

    def _penal_direct(self, world: World, mean: FloatArray) -> None:
        """Penal expulsions that go from prison to transport: register events without a person here (M081, M083).

        ``mean`` is the number expected this month, shape (countries,).
        """
        keys = world.draws.keys(_CELL[Route.PENAL_EXPULSION] + np.uint64(3 << 61))
        count = poisson_quantile(world.draws.uniform("inflow", world.month, keys), mean)
        country = np.repeat(np.arange(_COUNTRIES), count)
        if len(country) == 0:
            return
        rank = np.concatenate([np.arange(c) for c in count])
        u = world.draws.uniform(
            "birth_place", -1, world.draws.keys(person_ids(world.month, int(Route.PENAL_EXPULSION), country, rank, 15))
        )
        place = pick(_NEVER, u)
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
    lives = (p.strategy[kids] == Strategy.SYNLIG) | (p.strategy[kids] == Strategy.FRITT_FALL)
    grown = kids[lives & (p.birth_month[kids] <= world.month - 18 * 12) & (p.transport_due[p.guardian[kids]] < 0)]
    if len(grown) == 0:
        return
    guardians = np.unique(p.guardian[grown])
    for column in (p.tie_0, p.tie_1, p.tie_2):
        column[grown] = column[p.guardian[grown]]
    p.guardian[grown] = -1
    p.household[grown] = int(Household.ALONE)
    p.child_status[grown] = 0
    p.list_families()
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
    draws, p = world.draws, world.population
    route, country = np.repeat(route, count), np.repeat(country, count)
    rank = np.arange(len(route)) - np.repeat(np.cumsum(count) - count, count)
    # Means count persons; a route with children admits fewer heads: those ranks that a thinning draw keeps.
    ids = person_ids(entry_month, route, country, rank, 0)
    key = draws.keys(ids)
    sought = (route == Route.ASYLUM_REJECTED) | (route == Route.DUBLIN)
    lost_permit = (route >= Route.FAMILY_PERMIT_LOST) & (route <= Route.PERMIT_REVOKED)
    child_share = np.where(sought, at.child_share_in_centre, np.where(lost_permit, at.child_share_permit_lost, 0.0))
    kept = draws.uniform("birth_rank", -1, key) >= child_share
    route, country, ids, key, sought = route[kept], country[kept], ids[kept], key[kept], sought[kept]
    child_share = child_share[kept]
    n = len(ids)

    u = dict(zip(_BIRTH, draws.uniforms(_BIRTH, -1, key), strict=True))
    guardian_chance = child_share / ((1.0 - child_share) * at.children_per_guardian_mean)
    is_guardian = u["birth_family"] < guardian_chance
    women = np.where(sought, at.women_share_former_asylum, at.women_share_never_asylum)
    women = np.where(route == Route.VISA_LOST, at.women_share_visa_lost, women)
    young = route == Route.LAPSED_YOUNG
    women = np.where(young, at.women_share_lapsed_young, women)
    is_female = u["birth_sex"] < women
    overstay = route == Route.VISA_OVERSTAY
    is_elderly = overstay & (u["birth_elderly_parent"] < at.elderly_parent_share * at.overstay_relative_share)
    age_u = u["birth_age"]
    mean = at.age_at_entry_mean_years - 18.0
    adult = 18.0 + np.interp(age_u, _QUANTILES, _gamma_ages(mean, at.age_at_entry_sd_years))
    age = np.where(is_elderly, 67.0 + 18.0 * age_u, adult)
    # Young persons after child welfare (F 4.6; M084).
    age = np.where(young, 18.0 + 6.0 * age_u, age)
    past = np.zeros(n)
    if entry_month < 0:
        # A few have been here for very long (F 2.1: the scheme of 2021): a tail longer than the exponential's.
        past = (-np.log(u["birth_past_months"])) ** at.initial_months_power * at.initial_months_mean
    begun = np.full(n, max(entry_month, 0)) - np.floor(np.minimum(past, LONGEST_PAST)).astype(np.int64)
    place = np.where(sought, pick(_FORMER, u["birth_place"]), pick(_NEVER, u["birth_place"]))
    penal = route == Route.PENAL_EXPULSION
    decision = np.where(sought, int(Decision.DUTY_TO_LEAVE), int(Decision.NONE))
    decision = np.where(penal, int(Decision.EXPELLED_PENAL), decision)
    ill_chance = at.care_need_at_entry_share * np.where(age >= 67, at.care_need_elderly_ratio, 1.0)
    works = (route == Route.WITHOUT_PERMIT) | overstay
    rows = p.add(
        person_id=ids,
        key=key,
        country=country,
        route=route,
        place=place,
        strategy=np.full(n, int(Strategy.FRITT_FALL)),
        entry_month=begun,
        strategy_start=np.full(n, world.month),
        birth_month=world.month - np.floor(age * 12).astype(np.int64),
        is_sought_asylum=sought,
        is_female=is_female,
        household=np.where(is_guardian, int(Household.GUARDIAN), int(Household.ALONE)),
        child_status=np.where(is_guardian, child_statuses(world, at, key), 0),
        decision=decision,
        is_identity_established=u["birth_identity"] < established_at_entry(at, country, sought),
        has_forged_papers=works & ~sought & (u["birth_forged_papers"] < at.forged_papers_share),
        has_care_need=u["birth_care_need"] < np.minimum(1.0, ill_chance),
        is_convicted=penal | (u["birth_conviction"] < at.conviction_share),
        has_tax_card=sought & at.tax_card & (u["birth_tax_card"] < at.tax_card_at_entry_share),
    )
    world.set_cell(rows)
    _give_ties(world, at, rows)
    _add_children(world, at, rows)
    _begin(world, at, rows)
    visa = rows[route == Route.VISA_LOST]
    world.note(RegisterEvent.ORDER_BORTVIST, visa)
    _asylum_case_expulsions(world, at, rows)
    if entry_month >= 0:
        _held_at_rejection(world, at, rows)
        world.note(RegisterEvent.EXPULSION_PENAL, rows[penal])
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


def child_statuses(world: World, at: At, key: npt.NDArray[np.uint64]) -> IntArray:
    """Status of a guardian's children: 0 none, 1 permit, 2 citizen (F 6.4; shares are assumptions)."""
    u = world.draws.uniform("birth_child_status", -1, key)
    citizen, permit = at.child_citizen_share, at.child_permit_share
    return np.where(u < citizen, 2, np.where(u < citizen + permit, 1, 0))


def _give_ties(world: World, at: At, rows: IntArray) -> None:
    """Hosts each newcomer could turn to: none for many, several for some (F 4.3, 4.4; M019, M041, M042)."""
    p, draws = world.population, world.draws
    key = p.key[rows]
    some = np.where(p.is_sought_asylum[rows], at.tie_at_entry_former_asylum_share, at.tie_at_entry_never_asylum_share)
    has_any = draws.uniform("birth_has_tie", -1, key) < some
    # One tie, and more with a chance that gives the stated mean over all persons.
    more = max(
        0.0,
        1.0
        - 0.5 * (at.tie_at_entry_former_asylum_share + at.tie_at_entry_never_asylum_share) / at.hosts_per_migrant_mean,
    )
    extra = np.floor(np.log(draws.uniform("birth_tie_count", -1, key)) / np.log(max(more, 1e-9)))
    ties = np.where(has_any, 1 + np.minimum(extra, 2).astype(np.int64), 0)
    for slot, column in enumerate((p.tie_0, p.tie_1, p.tie_2)):
        keys = slot_keys(draws, key, slot)
        far = draws.uniform("birth_tie_far", -1, keys) < at.tie_in_oslo_share
        where = np.where(far, 0, p.place[rows])
        host = world.hosts.of(p.country[rows], where, draws.uniform("birth_tie_host", -1, keys))
        column[rows] = np.where(ties > slot, host, -1)


def _add_children(world: World, at: At, rows: IntArray) -> None:
    """Children of guardians: persons of their own who go where the guardian goes (F 6; M014)."""
    p = world.population
    guardians = rows[p.household[rows] == Household.GUARDIAN]
    if len(guardians) == 0:
        return
    u = world.draws.uniform("birth_children", -1, p.key[guardians])
    # One to four children, mean `children_per_guardian_mean`: one, and a binomial of three.
    share = (at.children_per_guardian_mean - 1.0) / 3.0
    cumulative = np.cumsum([(1 - share) ** 3, 3 * share * (1 - share) ** 2, 3 * share**2 * (1 - share), share**3])
    children = 1 + pick(cumulative, u)
    guardian = np.repeat(guardians, children)
    number = np.arange(len(guardian)) - np.repeat(np.cumsum(children) - children, children) + 1
    ids = p.person_id[guardian] + number.astype(np.uint64)
    key = world.draws.keys(ids)
    age = world.draws.uniform("birth_age", -1, key) * 16.0
    kids = p.add(
        person_id=ids,
        key=key,
        guardian=guardian,
        household=np.full(len(ids), int(Household.CHILD)),
        is_female=world.draws.uniform("birth_sex", -1, key) < 0.5,
        birth_month=world.month - np.floor(age * 12).astype(np.int64),
        has_care_need=world.draws.uniform("birth_care_need", -1, key) < at.care_need_at_entry_share,
        strategy_start=np.full(len(ids), world.month),
        **{
            name: getattr(p, name)[guardian]
            for name in (
                "country",
                "route",
                "place",
                "strategy",
                "entry_month",
                "is_sought_asylum",
                "decision",
                "is_identity_established",
                "child_status",
            )
        },
    )
    world.set_cell(kids)


def _begin(world: World, at: At, rows: IntArray) -> None:
    """Starting strategies by route; who finds no bed, job or host begins in free fall (docs/odd.md)."""
    p, draws = world.population, world.draws
    shares = _START[p.route[rows]].copy()
    asylum = p.route[rows] == Route.ASYLUM_REJECTED
    initial_never = (p.entry_month[rows] < 0) & ~p.is_sought_asylum[rows]
    centre = at.initial_former_asylum_centre_share if world.month == 0 else at.centre_start_share
    shares[asylum] *= 1.0 - centre
    shares[asylum, Strategy.SYNLIG] = centre
    shares[initial_never] = _START[[Route.WITHOUT_PERMIT, Route.VISA_OVERSTAY]].mean(axis=0)
    cumulative = np.cumsum(shares, axis=1)
    u = draws.uniform("birth_strategy", -1, p.key[rows])
    wanted = np.minimum((u[:, None] >= cumulative).sum(axis=1), len(Strategy) - 1)
    elderly = world.month - p.birth_month[rows] >= 67 * 12
    wanted = np.where(elderly & (wanted == Strategy.ARBEIDENDE), int(Strategy.AVHENGIG), wanted)
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
    host = p.tie_0[rows[seek]]
    # Those who begin with a provider came to somebody, known beforehand or of the same background.
    someone = world.hosts.of(
        p.country[rows[seek]], p.place[rows[seek]], draws.uniform("birth_substrategy", -1, p.key[rows[seek]])
    )
    host = np.where(host >= 0, host, someone)
    p.tie_0[rows[seek]] = host
    served = place_with_hosts(world, at, rows[seek], host)
    p.host[rows[seek]] = np.where(served, host, -1)
    home[seek[served]] = world.hosts.place[host[served]]
    wanted[seek[~served]] = int(Strategy.FRITT_FALL)
    sub[seek[served]] = world.hosts.type[host[served]]
    # Old parents who were brought in live with their children, whatever else the host is (F 4.4; M092).
    parent = seek[served & elderly[seek]]
    sub[parent] = int(Substrategy.RELATIVE)

    seek = np.flatnonzero(wanted == Strategy.ARBEIDENDE)
    if world.month == 0:
        world.employers.decide(at, world.employers.inspections(at))
    vacancies = world.employers.open_jobs - jobs_filled(world)
    closeness = (p.tie_0[rows[seek]] >= 0).astype(np.int64)
    employer = place_in_jobs(world, at, rows[seek], closeness, vacancies)
    p.employer[rows[seek]] = employer
    wanted[seek[employer < 0]] = int(Strategy.FRITT_FALL)
    hired = rows[seek[employer >= 0]]
    p.is_exploited[hired] = draws.uniform("exploited_at_work", -1, p.key[hired]) < at.exploited_worker_share

    margin = np.flatnonzero(wanted == Strategy.MARGINALISERT)
    sub[margin] = marginal_subtype(world, at, rows[margin])
    p.substrategy[rows], p.strategy[rows] = sub, wanted
    kids, where = world.children_of(rows)
    p.place[rows], p.place[kids] = home, home[where]
    world.set_cell(np.concatenate([rows, kids]))
    p.strategy[kids] = np.where(
        (wanted[where] == Strategy.ARBEIDENDE) | (wanted[where] == Strategy.MARGINALISERT),
        int(Strategy.AVHENGIG),
        wanted[where],
    )
    p.substrategy[kids] = np.where(p.strategy[kids] == Strategy.AVHENGIG, int(Substrategy.RELATIVE), 0)
    p.centre[kids] = p.centre[rows][where]
    p.host[kids] = p.host[rows][where]
    all_rows, all_cause = np.concatenate([rows, kids]), np.concatenate([cause, cause[where]])
    for code in np.unique(all_cause):
        these = all_rows[all_cause == code]
        world.history.flow(
            world.month, int(code), INFLOW, p.strategy[these], NO_PLACE, p.place[these], p.country[these]
        )


def marginal_subtype(world: World, at: At, rows: IntArray) -> IntArray:
    """Sale of sex, drugs or property crime, by sex (F 4.6; shares are assumptions)."""
    p = world.population
    u = world.draws.uniform("birth_substrategy", -1, p.key[rows])
    sex_sale = np.where(p.is_female[rows], at.sex_sale_share_women, at.sex_sale_share_men)
    drugs = sex_sale + (1 - sex_sale) * at.drugs_share_of_rest
    return np.where(
        u < sex_sale, int(Substrategy.SEX_SALE), np.where(u < drugs, int(Substrategy.DRUGS), int(Substrategy.PROPERTY))
    )


def _asylum_case_expulsions(world: World, at: At, rows: IntArray) -> None:
    """Some rejected and Dublin persons get an Immigration Act expulsion too, a decision of its own (M058)."""
    p = world.population
    asylum = rows[p.is_sought_asylum[rows]]
    if world.month == 0:
        asylum = asylum[p.entry_month[asylum] >= 0]
    u = world.draws.uniform("asylum_case_expulsion", -1, p.key[asylum])
    expelled = asylum[u < at.asylum_case_share]
    world.history.expect(
        "asylum_case_expulsion", world.month, p.cell[asylum], np.full(len(asylum), float(at.asylum_case_share))
    )
    p.decision[expelled] = int(Decision.EXPELLED_IMMIGRATION_ACT)
    world.note(RegisterEvent.EXPULSION_IMMIGRATION_ACT, expelled, delay=round(at.asylum_case_delay_months))
