"""Who arrives: what is true of everybody of a route once each share is none or all, and where each one begins."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from helpers.scenes import FALLING, GUEST, MONTH, PLACE, RESIDENT, WORKER, Scene
from helpers.settling import child_of
from irregsim.model.month.inflow import admit, come_of_age
from irregsim.model.parameters import point_draw
from irregsim.vocabulary import reference
from irregsim.vocabulary.codes import Decision, Household, RegisterEvent, Route, Strategy, Substrategy

#: A share so small that nobody is meant.
NOBODY = 1e-9

#: Nothing is left to chance but places, ages and the mix of beginnings.
USUAL: dict[str, Any] = {
    "child_share_in_centre": 0.0,
    "child_share_permit_lost": 0.0,
    "child_share_vanished": 0.0,
    "women_share_former_asylum": 0.0,
    "women_share_never_asylum": 0.0,
    "women_share_visa_lost": 0.0,
    "women_share_lapsed_young": 0.0,
    "elderly_parent_share": 0.0,
    "identity_established_share": 0.0,
    "forged_papers_share": 0.0,
    "care_need_at_entry_share": 0.0,
    "conviction_share": 0.0,
    "tax_card": False,
    "tax_card_at_entry_share": 0.0,
    "tax_card_kept_ratio": 1.0,
    "held_at_rejection_share": 0.0,
    "asylum_case_share": 0.0,
    "centre_start_share": 0.0,
    "tie_at_entry_former_asylum_share": NOBODY,
    "tie_at_entry_never_asylum_share": NOBODY,
    "interactions": False,
}

SOUGHT = (Route.ASYLUM_REJECTED, Route.DUBLIN, Route.VANISHED, Route.AGED_OUT, Route.LEFT_CARE)
#: Of those, who vanished before a decision has none, and a minor's duty to leave begins at 18.
REJECTED = (Route.ASYLUM_REJECTED, Route.DUBLIN, Route.AGED_OUT)
YOUNG = (Route.LAPSED_YOUNG, Route.AGED_OUT, Route.LEFT_CARE)
FORGERS = (Route.WITHOUT_PERMIT, Route.VISA_OVERSTAY)
ADMITTED = tuple(route for route in Route if route != Route.SHORT_STAY)


def arrived(route: Route, **given: Any) -> tuple[Scene, np.ndarray]:
    """A world with the newcomers of a route, and their rows."""
    s = Scene(point_draw())
    s.at = s.under(**{**USUAL, **given})
    return s, s.newcomers(route)


#: A share that is set to all, the column it decides, and the routes in which everybody then has it.
OF_A_SHARE = (
    ({"women_share_former_asylum": 1.0}, "is_female", tuple(r for r in SOUGHT if r not in YOUNG)),
    ({"women_share_never_asylum": 1.0}, "is_female",
     tuple(r for r in ADMITTED if r not in (*SOUGHT, *YOUNG, Route.VISA_LOST))),
    ({"women_share_visa_lost": 1.0}, "is_female", (Route.VISA_LOST,)),
    ({"women_share_lapsed_young": 1.0}, "is_female", YOUNG),
    ({}, "is_sought_asylum", SOUGHT),
    ({"identity_established_share": 1e-300, "identity_never_asylum_log_odds": 1e6}, "is_identity_established",
     tuple(r for r in ADMITTED if r not in SOUGHT)),
    ({"identity_established_share": 1.0}, "is_identity_established", ADMITTED),
    ({"forged_papers_share": 1.0}, "has_forged_papers", FORGERS),
    ({"care_need_at_entry_share": 1.0}, "has_care_need", ADMITTED),
    ({}, "is_convicted", (Route.PENAL_EXPULSION,)),
    ({"conviction_share": 1.0}, "is_convicted", ADMITTED),
    ({"tax_card": True, "tax_card_at_entry_share": 1.0}, "has_tax_card", SOUGHT),
    ({"tax_card": False, "tax_card_at_entry_share": 1.0}, "has_tax_card", ()),
    ({"tax_card": True, "tax_card_at_entry_share": 1.0, "tax_card_kept_ratio": 0.0}, "has_tax_card", ()),
)  # fmt: skip


@pytest.mark.parametrize(("given", "column", "routes"), OF_A_SHARE)
def test_a_share_is_of_these_routes_and_no_other(given, column, routes):
    for route in ADMITTED:
        s, rows = arrived(route, **given)
        values = getattr(s.world.population, column)[rows]
        assert len(rows) > 100 and values.all() == values.any() == (route in routes), route.name


@pytest.mark.parametrize("route", ADMITTED)
def test_what_decision_a_newcomer_holds(route):
    expected = Decision.DUTY_TO_LEAVE if route in REJECTED else Decision.NONE
    expected = Decision.EXPELLED_PENAL if route == Route.PENAL_EXPULSION else expected
    s, rows = arrived(route)
    assert set(s.world.population.decision[rows].tolist()) == {int(expected)}
    s, rows = arrived(route, asylum_case_share=1.0)
    expected = Decision.EXPELLED_IMMIGRATION_ACT if route in REJECTED else expected
    assert set(s.world.population.decision[rows].tolist()) == {int(expected)}


def months_of(s: Scene, event: RegisterEvent) -> dict[int, int]:
    """How many of an event there are, by months from now."""
    counts = s.world.history.register_counts()
    chosen = counts["event"] == event
    later = counts["month"][chosen] - MONTH
    return {int(m): int(counts["count"][chosen][later == m].sum()) for m in np.unique(later)}


def test_events_of_an_arrival():
    s, rows = arrived(Route.ASYLUM_REJECTED, asylum_case_share=1.0, asylum_case_delay_months=3.4)
    assert months_of(s, RegisterEvent.EXPULSION_IMMIGRATION_ACT) == {3: len(rows)}
    s, rows = arrived(Route.PENAL_EXPULSION)
    assert months_of(s, RegisterEvent.EXPULSION_PENAL) == {0: len(rows)}
    s, rows = arrived(Route.VISA_LOST)
    assert months_of(s, RegisterEvent.ORDER_BORTVIST) == {0: len(rows)}
    s, rows = arrived(Route.VISA_OVERSTAY)
    assert not len(s.world.history.register_counts()["month"])


@pytest.mark.parametrize(("feasible", "expected"), [(0.0, False), (1.0, True)])
def test_who_is_held_when_told_of_the_rejection(feasible, expected):
    feasibility = np.full(len(reference.countries()), feasible)
    s = Scene(point_draw())
    s.at = s.under(**{**USUAL, "held_at_rejection_share": 1.0, "identity_established_share": 1.0})
    s.world.values.at(MONTH).feasibility[:] = feasibility
    rows = s.newcomers(Route.ASYLUM_REJECTED, 50)
    held = s.world.population.transport_due[rows] >= 0
    assert held.all() == held.any() == expected
    others = s.newcomers(Route.DUBLIN, 50)
    assert not (s.world.population.transport_due[others] >= 0).any()


def years(s: Scene, rows: np.ndarray) -> np.ndarray:
    return (MONTH - s.world.population.birth_month[rows]) / 12.0


def test_ages_at_arrival():
    s, rows = arrived(Route.ASYLUM_REJECTED, age_at_entry_mean_years=30.0, age_at_entry_sd_years=8.0)
    ages = years(s, rows)
    # 18 and a gamma distribution: its mean within four standard errors, and months are cut off.
    assert ages.min() >= 18.0
    assert abs(ages.mean() - 30.0 + 1 / 24) < 4 * 8.0 / np.sqrt(len(rows))
    assert 0.75 * 8 < ages.std() < 1.25 * 8
    s, rows = arrived(Route.LAPSED_YOUNG)
    ages = years(s, rows)
    assert 18.0 <= ages.min() < 18.3 and 23.7 < ages.max() <= 24.0 + 1 / 12
    s, rows = arrived(Route.VISA_OVERSTAY, elderly_parent_share=1.0, overstay_relative_share=1.0)
    ages = years(s, rows)
    assert 67.0 <= ages.min() < 67.5 and 84.0 < ages.max() <= 85.0 + 1 / 12


def test_old_parents_begin_with_a_relative_and_never_at_work():
    s, rows = arrived(Route.VISA_OVERSTAY, elderly_parent_share=1.0, overstay_relative_share=1.0)
    p = s.world.population
    strategy = p.strategy[rows]
    assert not (strategy == Strategy.ARBEIDENDE).any()
    guests = rows[strategy == Strategy.AVHENGIG]
    assert len(guests) > 50 and (p.substrategy[guests] == Substrategy.RELATIVE).all()


def test_who_begins_where():
    """Everybody has what carries the beginning, and begins where it is."""
    s, rows = arrived(Route.WITHOUT_PERMIT, exploited_worker_share=1.0)
    p, world = s.world.population, s.world
    strategy = p.strategy[rows]
    assert not (strategy == Strategy.SYNLIG).any()
    workers, guests = (rows[strategy == one] for one in (Strategy.ARBEIDENDE, Strategy.AVHENGIG))
    others = rows[(strategy != Strategy.ARBEIDENDE) & (strategy != Strategy.AVHENGIG)]
    assert len(workers) > 20 and len(guests) > 5 and len(others) > 20
    assert (p.employer[workers] >= 0).all() and p.is_exploited[workers].all()
    assert (p.place[workers] == world.employers.place[p.employer[workers]]).all()
    assert (p.host[guests] >= 0).all() and (p.tie_0[guests] == p.host[guests]).all()
    assert (p.place[guests] == world.hosts.place[p.host[guests]]).all()
    kind = np.where(years(s, guests) >= 67, int(Substrategy.RELATIVE), world.hosts.type[p.host[guests]])
    assert p.substrategy[guests].tolist() == kind.tolist()
    assert (p.host[others] == -1).all() and (p.employer[others] == -1).all() and not p.is_exploited[others].any()
    s, rows = arrived(Route.ASYLUM_REJECTED, centre_start_share=1.0)
    assert (s.world.population.strategy[rows] == Strategy.SYNLIG).all()
    assert (s.world.population.centre[rows] >= 0).all()


def test_without_a_place_a_host_or_a_job_the_beginning_is_free_fall():
    s = Scene(point_draw())
    s.at = s.under(**{**USUAL, "interactions": True, "centre_start_share": 1.0, "job_demand_ratio": 0.0})
    s.world.hosts.capacity[:] = 0
    s.world.centres.capacity[:] = 0
    for route in (Route.ASYLUM_REJECTED, Route.WITHOUT_PERMIT):
        rows = s.newcomers(route)
        p = s.world.population
        assert set(p.strategy[rows].tolist()) <= {int(Strategy.FRITT_FALL), int(Strategy.MARGINALISERT)}
        for column in ("centre", "host", "employer"):
            assert (getattr(p, column)[rows] == -1).all()
        if route == Route.ASYLUM_REJECTED:
            assert (p.strategy[rows] == Strategy.FRITT_FALL).all()


@pytest.mark.parametrize(
    ("women", "of_women", "of_men", "of_rest", "expected"),
    [
        (1.0, 1.0, 0.0, 1.0, Substrategy.SEX_SALE),
        (0.0, 0.0, 1.0, 1.0, Substrategy.SEX_SALE),
        (1.0, 0.0, 1.0, 1.0, Substrategy.DRUGS),
        (0.0, 1.0, 0.0, 0.0, Substrategy.PROPERTY),
    ],
)
def test_what_the_marginalised_live_by(women, of_women, of_men, of_rest, expected):
    s, rows = arrived(
        Route.WITHOUT_PERMIT, women_share_never_asylum=women, sex_sale_share_women=of_women, sex_sale_share_men=of_men,
        drugs_share_of_rest=of_rest,
    )  # fmt: skip
    p = s.world.population
    margin = rows[p.strategy[rows] == Strategy.MARGINALISERT]
    assert len(margin) and set(p.substrategy[margin].tolist()) == {int(expected)}


@pytest.mark.parametrize(("share", "expected"), [(0.0, 0), (1.0, 1)])
@pytest.mark.parametrize("route", [Route.ASYLUM_REJECTED, Route.LAPSED_YOUNG])
def test_ties_at_arrival(route, share, expected):
    name = "tie_at_entry_former_asylum_share" if route in SOUGHT else "tie_at_entry_never_asylum_share"
    other = {"tie_at_entry_never_asylum_share", "tie_at_entry_former_asylum_share"} - {name}
    s, rows = arrived(route, **{name: share, other.pop(): NOBODY}, tie_in_oslo_share=1.0, hosts_per_migrant_mean=0.5)
    p, hosts = s.world.population, s.world.hosts
    free = rows[p.strategy[rows] != Strategy.AVHENGIG]
    assert len(free) > 50 and ((p.tie_0[free] >= 0) == bool(expected)).all()
    for column in (p.tie_0, p.tie_1, p.tie_2):
        known = column[free][column[free] >= 0]
        assert (hosts.place[known] == PLACE["Oslo"]).all()
    # Half of the mean tie to half of a host: as many have no second tie as no mean asks for.
    assert (p.tie_1[free] == -1).all()


def test_more_ties_come_one_after_the_other():
    """One more has the chance 1 less the mean share with a tie over the mean number: here 3/4, at most three in all."""
    s, rows = arrived(
        Route.ASYLUM_REJECTED, tie_at_entry_former_asylum_share=0.9999999, tie_at_entry_never_asylum_share=NOBODY,
        hosts_per_migrant_mean=2.0,
    )  # fmt: skip
    p = s.world.population
    free = rows[p.strategy[rows] != Strategy.AVHENGIG]
    n = len(free)
    second, third = ((column[free] >= 0) for column in (p.tie_1, p.tie_2))
    assert not (third & ~second).any()
    for share, expected in ((second.mean(), 0.75), (third.mean(), 0.75**2)):
        assert abs(share - expected) < 4 * np.sqrt(expected * (1 - expected) / n)


def test_children_come_of_age_in_a_centre_and_in_free_fall():
    s = Scene(point_draw())
    guardian = {"household": int(Household.GUARDIAN), "child_status": 2}
    grown, not_yet = {"birth_month": MONTH - 18 * 12}, {"birth_month": MONTH - 18 * 12 + 1}
    s.add(
        {**RESIDENT, **guardian, "tie_0": 3, "tie_1": 4, "tie_2": 5},
        child_of(0, **RESIDENT) | grown | {"child_status": 2},
        {**FALLING, **guardian}, child_of(2, **FALLING) | grown, child_of(2, **FALLING) | not_yet,
        {**GUEST, **guardian}, child_of(5, **GUEST) | grown,
        {**WORKER, **guardian}, child_of(7, **{**WORKER, "strategy": int(Strategy.AVHENGIG)}) | grown,
        {**RESIDENT, **guardian, "transport_due": MONTH + 1}, child_of(9, **RESIDENT) | grown,
    )  # fmt: skip
    come_of_age(s.world)
    p = s.world.population
    assert p.guardian.tolist() == [-1, -1, -1, -1, 2, -1, 5, -1, 7, -1, 9]
    alone, head, child = int(Household.ALONE), int(Household.GUARDIAN), int(Household.CHILD)
    assert p.household.tolist() == [alone, alone, head, alone, child, head, child, head, child, head, child]
    assert [p.tie_0[1], p.tie_1[1], p.tie_2[1]] == [3, 4, 5] and p.child_status[1] == 0


def test_a_single_child_comes_of_age_too():
    s = Scene(point_draw())
    grown = {"birth_month": MONTH - 18 * 12}
    s.add({**FALLING, "household": int(Household.GUARDIAN)}, child_of(0, **FALLING) | grown)
    come_of_age(s.world)
    assert s.world.population.guardian.tolist() == [-1, -1]
    assert s.world.population.household.tolist() == [int(Household.ALONE)] * 2


def test_those_of_the_first_month_begin_then_and_the_stock_before_them_up_to_thirty_five_years_earlier():
    mean, count = 60.0, 3000
    groups = (np.array([int(Route.WITHOUT_PERMIT)]), np.array([3]), np.array([count]))
    s = Scene(point_draw(), month=0)
    s.at = s.under(**USUAL, initial_months_mean=mean, initial_months_power=1.0)
    rows = [admit(s.world, s.at, month, *groups) for month in (0, -1)]
    now, before = (s.world.population.entry_month[these] for these in rows)
    assert now.tolist() == [0] * count
    assert before.max() == 0 and before.min() >= -420
    # Whole months of an exponential time that ends at 420: the mean of its cut-off part.
    k = np.arange(1, 421)
    assert abs(-before.mean() - np.exp(-k / mean).sum()) < 4 * mean / np.sqrt(count)


def test_a_power_makes_the_tail_of_the_stock_longer_and_nobody_came_earlier_than_thirty_five_years():
    groups = (np.array([int(Route.WITHOUT_PERMIT)]), np.array([3]), np.array([3000]))
    came = {}
    for power in (1.0, 2.0):
        s = Scene(point_draw(), month=0)
        s.at = s.under(**USUAL, initial_months_mean=60.0, initial_months_power=power)
        rows = admit(s.world, s.at, -1, *groups)
        came[power] = s.world.population.entry_month[rows]
    assert (came[2.0] < -400).sum() > (came[1.0] < -400).sum() + 50
    assert came[2.0].min() == -420


def test_the_first_employer_exploits_as_the_others_do():
    s = Scene(point_draw())
    s.at = s.under(**USUAL, exploited_worker_share=1.0)
    s.world.employers.readiness[:] = 1.0
    s.world.employers.readiness[0] = 0.0
    rows = s.newcomers(Route.WITHOUT_PERMIT)
    p = s.world.population
    workers = rows[p.strategy[rows] == Strategy.ARBEIDENDE]
    assert len(workers) and (p.employer[workers] == 0).all() and p.is_exploited[workers].all()


def test_where_the_stock_of_the_first_month_is():
    """Former asylum seekers by a share of their own; all others as those do who came without a permit or overstayed."""
    starts = {start.route: np.array(start.start_shares) for start in reference.route_starts()}
    common = (starts[Route.WITHOUT_PERMIT] + starts[Route.VISA_OVERSTAY]) / 2
    assert np.abs(common - starts[Route.FAMILY_PERMIT_LOST]).max() > 0.05, "else it could not be seen"
    s = Scene(point_draw(), month=0)
    s.at = s.under(
        **USUAL, initial_months_mean=1e4, initial_former_asylum_centre_share=1.0, age_at_entry_sd_years=1.0,
    )  # fmt: skip
    strategies = {}
    for route in (Route.ASYLUM_REJECTED, Route.FAMILY_PERMIT_LOST):
        rows = admit(s.world, s.at, -1, np.array([int(route)]), np.array([3]), np.array([3000]))
        rows = rows[s.world.population.entry_month[rows] < 0]
        strategies[route] = np.bincount(s.world.population.strategy[rows], minlength=5) / len(rows)
    assert strategies[Route.ASYLUM_REJECTED].tolist() == [1.0, 0.0, 0.0, 0.0, 0.0]
    # Work without a willing employer nearby is free fall: the two together.
    found = strategies[Route.FAMILY_PERMIT_LOST]
    for one in ([1], [3], [2, 4]):
        share = common[one].sum()
        assert abs(found[one].sum() - share) < 4 * np.sqrt(share * (1 - share) / 3000) + 1e-12, one
