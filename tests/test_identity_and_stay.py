"""Identity is a process, and decides who can be sent, who gets a permit under section 74 and who goes with support."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from helpers.scenes import COUNTRY, FALLING, MONTH, RESIDENT, Scene
from helpers.statistics import assert_count_plausible
from helpers.worlds import past
from irregsim.model.month import exits
from irregsim.model.month.births import Births, born_id
from irregsim.model.month.identity import Identity, established_at_entry, identity_hazard
from irregsim.model.parameters import point_draw
from irregsim.vocabulary import reference
from irregsim.vocabulary.codes import Feasibility, Household, RegisterEvent, Route, Strategy, month_number

pytestmark = pytest.mark.once

NO_PAPERS = {**FALLING, "is_sought_asylum": True, "is_identity_established": False}
THREE = [COUNTRY[name] for name in ("Eritrea", "Iran", "Etiopia")]


# -- identity in time --------------------------------------------------------------------------------------------------


def months_pass(s: Scene, number: int, **values: object) -> None:
    """Only the work on identities, month by month."""
    for _ in range(number):
        Identity().run(s.world, s.under(**values))
        s.world.month += 1


def test_identity_becomes_established_in_time():
    """After a year 1 - exp(-12 h) are known of those from a country that cooperates fully, each by an own clock."""
    s = Scene(point_draw())
    rows = s.add({**NO_PAPERS, "country": COUNTRY["Kosovo"]}, copies=20_000)
    monthly = 0.02
    cooperation = np.ones(len(COUNTRY))
    months_pass(s, 12, identity_hazard=monthly, pu_effort=1.5, identity_cooperation=cooperation)
    known = int(s.world.population.is_identity_established[rows].sum())
    share = 1.0 - np.exp(-12 * monthly * 1.5)
    assert_count_plausible(known, trials=20_000, probability=share, false_alarm=1e-6, must_see=0.1)


def test_identity_is_never_established_where_the_country_takes_nobody_back():
    s = Scene(point_draw(), 0)
    nobody = np.ones(len(COUNTRY))
    nobody[COUNTRY["Eritrea"]] = 0.0
    persons = ({**NO_PAPERS, "country": COUNTRY[name]} for name in ("Eritrea", "Kosovo"))
    eritrea, kosovo = (s.add(person, copies=300) for person in persons)
    months_pass(s, 120, identity_hazard=0.3, pu_effort=1.0, identity_cooperation=nobody)
    known = s.world.population.is_identity_established
    assert not known[eritrea].any() and known[kosovo].all()


def test_cooperation_is_feasibility_relative_to_the_highest_group():
    draw = {**point_draw(), "feasibility_none_share": 0.0}
    s = Scene(draw)
    high = draw["feasibility_high_share"]
    np.testing.assert_allclose(s.at.identity_cooperation, np.minimum(1.0, s.at.feasibility / high))
    hazard = identity_hazard(
        s.who(*({**NO_PAPERS, "country": COUNTRY[n]} for n in ("Eritrea", "Sudan", "Kosovo"))), s.at
    )
    assert 0.0 == hazard[0] < hazard[1] < hazard[2]


def test_identity_is_for_good_and_for_the_whole_household():
    s = Scene(point_draw())
    head = s.add({**NO_PAPERS, "country": COUNTRY["Kosovo"], "household": int(Household.GUARDIAN)})
    child = s.add({**NO_PAPERS, "country": COUNTRY["Kosovo"], "household": 2, "guardian": int(head[0])})
    known = s.world.population
    months_pass(s, 60, identity_hazard=1.0, pu_effort=1.0, identity_cooperation=np.ones(len(COUNTRY)))
    assert known.is_identity_established[head].all() and known.is_identity_established[child].all()
    assert Identity().at_risk(s.world, s.at).size == 0


def test_papers_at_entry_follow_the_country_and_the_ground():
    s = Scene(point_draw())
    countries = np.array([COUNTRY[name] for name in ("Eritrea", "Sudan", "Irak", "Kosovo")])
    asylum = established_at_entry(s.at, countries, np.ones(4, dtype=np.bool_))
    other = established_at_entry(s.at, countries, np.zeros(4, dtype=np.bool_))
    assert asylum[0] == asylum[1] < asylum[2] < asylum[3]
    assert (other > asylum).all()
    assert asylum[2] == pytest.approx(s.at.identity_established_share, rel=1e-12)
    # Log odds are added, so each is the stated number away from the middle group.
    odds = np.log(asylum / (1 - asylum))
    np.testing.assert_allclose(odds[3] - odds[2], s.at.identity_high_log_odds)
    np.testing.assert_allclose(odds[0] - odds[2], s.at.identity_low_log_odds)
    np.testing.assert_allclose(np.log(other / (1 - other)) - odds, s.at.identity_never_asylum_log_odds)


def test_a_stop_of_returns_for_some_years_makes_nobody_of_another_country():
    """Returns to Somalia were stopped from October 2010 to October 2013 (UNE) and carried out after that (F 10.5).

    So its citizens have the papers of the middle group before, in and after those years, and its rejections the error
    of that group; what can be done in those years is dated all the same.
    """
    groups = reference.lasting_feasibility_groups()
    assert groups[COUNTRY["Somalia"]] == groups[COUNTRY["Irak"]] == groups[COUNTRY["Afghanistan"]] == Feasibility.MIDDLE
    # F 2.1, 10.1: no agreement, or one with hardly any effect; visa-route countries (F 4.1).
    assert groups[COUNTRY["Eritrea"]] == groups[COUNTRY["Iran"]] == Feasibility.NONE
    assert groups[COUNTRY["Etiopia"]] == Feasibility.WEAK
    assert groups[COUNTRY["Russland"]] == groups[COUNTRY["Ukraina"]] == Feasibility.HIGH
    s = Scene(point_draw())
    for month in ("2009-06", "2012-06", "2015-06"):
        at = s.world.values.at(month_number(month))
        pair = np.array([COUNTRY["Somalia"], COUNTRY["Afghanistan"]])
        for sought in (True, False):
            somalia, afghanistan = established_at_entry(at, pair, np.full(2, sought))
            assert somalia == afghanistan
        stopped = at.feasibility[COUNTRY["Somalia"]] == point_draw()["feasibility_none_share"]
        assert stopped == (month == "2012-06")


def test_the_lasting_group_is_that_of_most_months():
    """Every country of the report's years but Somalia has one group in all of them."""
    told = {country.index: set() for country in reference.countries()}
    for step in reference.feasibility_steps():
        if step.start < month_number("2021-01"):
            told[step.country].add(step.group)
    several = {index for index, groups in told.items() if len(groups) > 1}
    assert several == {COUNTRY["Somalia"]}
    lasting = reference.lasting_feasibility_groups()
    assert all({lasting[index]} == groups for index, groups in told.items() if index not in several)


# -- section 74 --------------------------------------------------------------------------------------------------------


def test_nobody_without_established_identity_is_at_risk_of_a_permit_under_section_74():
    """Of everybody in the country, month by month: established identity, a country that takes hardly anybody back."""
    concerned = 0
    for until in ("2012-12", "2013-12"):
        world = past(until, 0.1)
        at = world.values.at(world.month)
        rows = np.flatnonzero(world.population.is_here & (world.population.guardian < 0))
        risk = np.asarray(exits.temporary_permit_hazard(world.rows(rows), at)) > 0
        p = world.population
        assert p.is_identity_established[rows[risk]].all()
        assert p.is_sought_asylum[rows[risk]].all() and (p.route[rows[risk]] != Route.DUBLIN).all()
        assert at.takes_hardly_back[p.country[rows[risk]]].all()
        # And without the condition on identity there would be more.
        hidden = p.is_sought_asylum[rows] & ~p.is_identity_established[rows]
        assert at.takes_hardly_back[p.country[rows[hidden]]].any()
        concerned += int(risk.sum())
    assert concerned > 20


def test_a_permit_under_section_74_is_likelier_after_three_years():
    s = Scene(point_draw())
    person = {**RESIDENT, "country": COUNTRY["Eritrea"]}
    early, late = exits.temporary_permit_hazard(
        s.who(*({**person, "entry_month": MONTH - months} for months in (35, 36))), s.at
    )
    assert early == pytest.approx(point_draw()["temporary_permit_hazard"], rel=1e-12)
    assert late / early == pytest.approx(point_draw()["temporary_permit_long_ratio"], rel=1e-12)


# -- assisted return ---------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def assisted() -> np.ndarray:
    """Assisted returns of 2013-2014 by citizenship: full scale, medians of the priors."""
    counts = past("2014-12", 1.0).history.register_counts()
    kept = (counts["event"] == RegisterEvent.ASSISTED_RETURN) & (counts["month"] >= month_number("2013-01"))
    return np.bincount(counts["country"][kept], weights=counts["count"][kept], minlength=len(COUNTRY)).astype(np.int64)


def test_few_of_those_who_go_with_support_are_from_countries_that_take_nobody_back(assisted: np.ndarray):
    """F 2.1; UDI: Eritrea, Iran and Ethiopia are under a tenth of assisted returns of 2013-2014.

    Tolerance: the binomial; a true share of a tenth or more would pass with chance below .001.
    """
    count, all_ = int(assisted[THREE].sum()), int(assisted.sum())
    assert stats.binom.cdf(count, all_, 0.1) < 1e-3, f"{count} of {all_}"


def test_the_largest_groups_are_those_that_udi_names(assisted: np.ndarray):
    """UDI, facts and figures 2013 and 2014: Russians, Iraqis and Afghans are the largest groups."""
    named = np.delete(np.arange(len(COUNTRY)), COUNTRY["Andre"])
    largest = named[np.argsort(-assisted[named])[:3]]
    assert set(largest.tolist()) == {COUNTRY[name] for name in ("Russland", "Irak", "Afghanistan")}


def test_they_are_fewer_than_their_part_of_those_who_could_go(assisted: np.ndarray):
    """Former asylum seekers in the country at the end of 2014 against those who went (Fisher's exact test)."""
    p = past("2014-12", 1.0).population
    there = np.bincount(p.country[p.is_here & p.is_sought_asylum & (p.route != Route.DUBLIN)], minlength=len(COUNTRY))
    table = [[int(n[THREE].sum()), int(np.delete(n, THREE).sum())] for n in (assisted, there)]
    assert stats.fisher_exact(table, alternative="less").pvalue < 1e-3, table


def test_willingness_is_dated_as_feasibility_is():
    """Somalia takes nobody back from October 2010 to October 2013, and fewer are willing to go then."""
    values = Scene(point_draw()).world.values
    somalia = COUNTRY["Somalia"]
    ratio = [
        values.at(month_number(m)).assisted_willingness[somalia] for m in ("2010-09", "2010-10", "2013-10", "2013-11")
    ]
    low = np.exp(point_draw()["assisted_willing_none_log_ratio"])
    np.testing.assert_allclose(ratio, [1.0, low, low, 1.0])
    assert len(values.at(0).assisted_willingness) == len(reference.countries())


def test_citizenships_that_the_counts_name_spread_around_their_group():
    """One standard deviation up for Iraq moves Iraq alone; without a spread everybody has the group's willingness."""
    group = {**point_draw(), "assisted_willing_log_sd": 0.0}
    spread = {**group, "assisted_willing_log_sd": 0.4}
    named = [COUNTRY[name] for name in ("Irak", "Afghanistan", "Somalia", "Russland")]
    month = month_number("2015-06")

    def willing(draw: dict[str, float]) -> np.ndarray:
        return np.asarray(Scene(draw).world.values.at(month).assisted_willingness)

    high = np.exp(group["assisted_willing_high_log_ratio"])
    np.testing.assert_allclose(willing(group)[named], [1.0, 1.0, 1.0, high])
    np.testing.assert_allclose(willing(spread), willing(group))
    for code, country in zip(("iq", "af", "so", "ru"), named, strict=True):
        ratio = willing({**spread, f"assisted_willing_effect_{code}": 1.0}) / willing(group)
        expected = np.ones(len(COUNTRY))
        expected[country] = np.exp(0.4)
        np.testing.assert_allclose(ratio, expected)
        np.testing.assert_allclose(willing({**group, f"assisted_willing_effect_{code}": 1.0}), willing(group))


def test_iraq_earns_no_permit_for_those_who_cannot_be_returned():
    """Returns to Iraq are carried out (F 10.5), however few a draw makes them; what works ends the ground."""
    draw = {**point_draw(), "feasibility_middle_share": 0.15, "feasibility_weak_share": 0.3}
    for month in ("2012-01", "2013-06", "2015-01", "2019-06"):
        hardly = Scene(draw).world.values.at(month_number(month)).takes_hardly_back
        assert not hardly[COUNTRY["Irak"]] and not hardly[COUNTRY["Afghanistan"]] and not hardly[COUNTRY["Russland"]]
        assert hardly[[COUNTRY[name] for name in ("Eritrea", "Iran", "Etiopia", "Sudan")]].all()
        # Morocco cooperates from 2017 on (the baseline's lever; F 9.1).
        assert hardly[COUNTRY["Marokko"]] == (month < "2017")


# -- births ------------------------------------------------------------------------------------------------------------


def born(s: Scene, mother: dict[str, object]) -> tuple[int, int]:
    """Rows of a mother and the child that she bears this month."""
    rows = s.add({**mother, "is_female": True})
    part = Births()
    part.settle(s.world, s.at, part.decided(rows, np.full(1, part.outcomes["birth"])))
    return int(rows[0]), len(s.world.population) - 1


@pytest.mark.parametrize("mother", [FALLING, RESIDENT, {**NO_PAPERS, "decision": 2, "country": COUNTRY["Iran"]}])
def test_a_child_shares_what_its_mother_has(mother: dict[str, object]):
    s = Scene(point_draw())
    head, child = born(s, mother)
    p = s.world.population
    for name in (
        "country",
        "route",
        "place",
        "is_sought_asylum",
        "decision",
        "is_identity_established",
        "centre",
        "host",
    ):
        assert getattr(p, name)[child] == getattr(p, name)[head], name
    assert p.strategy[child] == p.strategy[head]
    assert (p.guardian[child], p.household[child], p.household[head]) == (head, Household.CHILD, Household.GUARDIAN)
    assert p.birth_month[child] == p.entry_month[child] == p.strategy_start[child] == s.world.month
    assert p.tie_0[child] == p.employer[child] == p.transport_due[child] == p.back_due[child] == -1


def test_an_identity_at_birth_is_of_the_mother_and_the_month_alone():
    mothers = np.arange(1, 20_001, dtype=np.uint64)
    ids = np.concatenate([born_id(mothers, month) for month in (0, 1, 100)])
    assert len(np.unique(ids)) == len(ids)
    # The first bit sets them apart from all who came.
    assert (ids >> np.uint64(63) == 1).all()
    np.testing.assert_array_equal(born_id(mothers[:5], 7), born_id(mothers[:5], 7))


def test_births_follow_their_hazard():
    """Women of 18 to 44 years who are heads of household; children and men bear none."""
    s = Scene(point_draw())
    rows = s.add({**FALLING, "is_female": True}, copies=40_000)
    s.add(FALLING, copies=300)
    before = len(s.world.population)
    monthly = 0.05
    Births().run(s.world, s.under(birth_hazard=monthly))
    children = len(s.world.population) - before
    assert_count_plausible(children, trials=40_000, probability=1.0 - np.exp(-monthly), false_alarm=1e-6, must_see=0.2)
    p = s.world.population
    assert np.isin(p.guardian[before:], rows).all()
    assert (p.household[:before] == Household.GUARDIAN).sum() == children


def test_children_are_born_in_every_year_of_a_run():
    world = past("2013-12", 0.1)
    p = world.population
    here = p.is_here & (p.birth_month >= 0) & (p.birth_month == p.entry_month)
    assert (p.household[here] == Household.CHILD).all()
    assert set((p.birth_month[here] // 12).tolist()) == set(range(5))
    assert (p.strategy[here] != Strategy.ARBEIDENDE).all() and (p.strategy[here] != Strategy.MARGINALISERT).all()
