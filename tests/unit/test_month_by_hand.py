"""Single numbers of the month by hand: costs, beds, durations, children, and who a part applies to."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from helpers.scenes import COUNTRY, DEALER, FALLING, GUEST, PLACE, RESIDENT, SELLER, WORKER, Scene
from helpers.scenes import MONTH as MONTH_OF_SCENES
from helpers.statistics import assert_count_plausible
from irregsim.model.centres import NO_LIMIT
from irregsim.model.employers import DAYS_PER_MONTH
from irregsim.model.engine import Part
from irregsim.model.month import MONTH
from irregsim.model.month.choice import Choice, stay_away
from irregsim.model.month.control import EXPELLED, PRISON, hold
from irregsim.model.month.exits import assisted_factor
from irregsim.model.month.network import cut_ties
from irregsim.model.month.newcomers import newcomers
from irregsim.model.month.placing import ordinary_places
from irregsim.model.parameters import point_draw
from irregsim.model.registers import Observer
from irregsim.model.registers.duty_to_leave import DUTY_TO_LEAVE
from irregsim.model.simulate import GROUP_SHAPE, communities, learn, record
from irregsim.vocabulary import reference
from irregsim.vocabulary.codes import (
    CAUSE_CODE,
    CITIES,
    DISTRICTS,
    Decision,
    Exit,
    Household,
    RegisterEvent,
    Route,
    Side,
    year_of,
)


@pytest.mark.parametrize("documented", [0.0, 0.3])
@pytest.mark.parametrize("directive", [False, True])
def test_the_expected_cost_of_a_job_is_chance_times_amount(documented, directive):
    s = Scene(point_draw())
    at = s.under(
        documented_workdays_share=documented,
        directive_in_force=directive,
        directive_complaint_route=directive,
        directive_back_pay_months=3.0,
        confiscate_profit_share=0.2,
    )
    employers, months, found = s.world.employers, 8.0, 0.01
    base = at.employer_sanction_share / (1 - at.employer_sanction_share) * employers.case_ratio[0]
    base *= at.case_mix[_district(employers, 0)]
    # A documented case has other odds; the mean over cases is what counts.
    odds = (1 - documented) * base + documented * base * at.sanction_after_documentation_ratio
    days = DAYS_PER_MONTH * min(months, at.documented_months_cap)
    amount = at.employer_base_nok + at.employer_per_workday_nok * documented * days
    amount += 0.2 * at.wage_gap_nok * employers.gap_ratio[0] * months
    if directive:
        amount += (3.0 + documented * 5.0) * at.agreed_wage_nok * (1 + at.payroll_tax_share)
    caught = found * odds / (1 + odds) * at.perceived_inspection_ratio
    caught += at.job_loss_hazard * at.complaint_share if directive else 0.0
    cost = employers.expected_cost(at, np.full(len(employers.key), found), months)
    assert cost[0] == pytest.approx(caught * employers.perceived[0] * amount, rel=1e-12)


def _district(employers, number):
    from irregsim.model.history import DISTRICT_OF

    return int(DISTRICT_OF[employers.place[number]])


def test_free_beds_are_shared_by_lot_among_those_who_come():
    s = Scene(point_draw())
    at = s.under(shelter_beds=np.array([0.0, 100.0, 0.0, 0.0, 0.0]), shelter_free_bed_share=0.3, scale=0.1)
    place = next(number for name, number in PLACE.items() if name.endswith("Bergen"))
    s.add({**FALLING, "place": place}, copies=60)
    Choice().begin(s.world, at)
    come = 1.0 - stay_away(at)
    bergen = CITIES.index("Bergen")
    # Three free beds at this scale, for sixty who would come but for those whom controls keep away.
    assert s.world.bed_share[bergen] == pytest.approx(3.0 / (60 * come[bergen]) * come[bergen])
    assert np.delete(s.world.bed_share, bergen).tolist() == [0.0] * len(CITIES)


@pytest.mark.parametrize(("beds", "persons", "share"), [(300.0, 2, 1.0), (5.0, 8, 5 / 8), (0.3, 1, 0.3), (0.0, 3, 0.0)])
def test_nobody_has_more_than_a_bed(beds, persons, share):
    """A part of a bed is that part of the nights, also where less than one person asks."""
    s = Scene(point_draw())
    at = s.under(
        shelter_beds=np.array([0.0, beds, 0.0, 0.0, 0.0]), shelter_free_bed_share=1.0, scale=1.0,
        shelter_avoid_share=0.0,
    )  # fmt: skip
    s.add({**FALLING, "place": PLACE["Vest/Bergen"]}, copies=persons)
    Choice().begin(s.world, at)
    assert s.world.bed_share[CITIES.index("Bergen")] == pytest.approx(share, rel=1e-12)


@pytest.mark.parametrize("interactions", [True, False])
def test_those_who_keep_away_have_no_bed(interactions):
    s = Scene(point_draw())
    at = s.under(
        shelter_beds=np.full(5, 1e4), shelter_free_bed_share=0.25, shelter_avoid_share=0.3, interactions=interactions,
        identity_checks=np.linspace(1.0, 3.0, len(DISTRICTS)),
    )  # fmt: skip
    away = stay_away(at)
    assert away[CITIES.index("Oslo")] == pytest.approx(0.3, rel=1e-12) and away[-1] == pytest.approx(0.3, rel=1e-12)
    assert (away <= 1.0).all() and away.max() > 0.3
    s.add(FALLING)
    Choice().begin(s.world, at)
    free = 1.0 if interactions else 0.25
    assert s.world.bed_share[CITIES.index("Oslo")] == pytest.approx(0.7 * free, rel=1e-12)
    assert s.world.bed_share[-1] == 0.0


@pytest.mark.parametrize(
    ("months", "group"), [(11, 0), (12, 1), (59, 1), (60, 2), (119, 2), (120, 3), (191, 3), (192, 4)]
)
def test_durations_change_group_after_whole_years(months, group):
    s = Scene(point_draw())
    s.add({**FALLING, "entry_month": s.world.month - months})
    record(s.world)
    table = s.world.history.groups[year_of(s.world.month)].reshape(GROUP_SHAPE)
    assert table.sum() == 1 and table.sum(axis=(0, 1, 2, 3, 4, 6)).tolist() == np.eye(5)[group].tolist()


def test_assisted_return_follows_a_power_of_one_and_half_years():
    s = Scene(point_draw())
    at = s.under(assisted_duration_power=0.7, assisted_support_after_deadline_share=1.0)
    times = [0, 6, 18]
    factor = assisted_factor(s.who(*({**FALLING, "entry_month": s.world.month - m} for m in times)), at)
    assert (factor / factor[0]).tolist() == pytest.approx([1.0, 2.0**0.7, 4.0**0.7], rel=1e-12)


def test_support_is_lower_from_a_month_after_the_rejection():
    s = Scene(point_draw())
    at = s.under(
        assisted_duration_power=0.0, assisted_support_after_deadline_share=0.25, assisted_support_elasticity=0.5
    )
    factor = assisted_factor(s.who(*({**FALLING, "entry_month": s.world.month - m} for m in (0, 1, 60))), at)
    assert (factor / factor[0]).tolist() == pytest.approx([1.0, 0.5, 0.5], rel=1e-12)


def test_a_guardian_has_one_child_and_a_binomial_of_three_more():
    s = Scene(point_draw())
    at = s.under(children_per_guardian_mean=1.9, child_share_in_centre=0.4)
    groups = (np.array([x]) for x in (int(Route.ASYLUM_REJECTED), COUNTRY["Somalia"], 200_000))
    columns, guardian = newcomers(s.world, at, s.world.month, *groups)
    heads = len(columns["guardian"]) - len(guardian)
    guardians = columns["household"][:heads] == Household.GUARDIAN
    children = np.bincount(guardian, minlength=heads)[guardians]
    n = int(guardians.sum())
    assert len(guardian) == children.sum() > n > 40_000
    for number, share in enumerate(stats.binom.pmf(range(4), 3, 0.3), start=1):
        assert_count_plausible(
            int((children == number).sum()), trials=n, probability=share, false_alarm=1e-6, must_see=0.3
        )
    for name in ("country", "place", "strategy", "is_sought_asylum", "entry_month"):
        assert np.array_equal(columns[name][heads:], columns[name][guardian]), name
    assert np.array_equal(columns["guardian"][heads:], len(s.world.population) + guardian)


def test_guardians_arrive_with_their_children():
    s = Scene(point_draw())
    heads = s.newcomers(Route.ASYLUM_REJECTED)
    p = s.world.population
    guardians = heads[p.household[heads] == Household.GUARDIAN]
    assert len(guardians) > 10 and set(p.guardian[p.guardian >= 0].tolist()) == set(guardians.tolist())


def test_identity_controls_meet_everybody_free_but_the_marginalised():
    s = Scene(point_draw())
    rows = s.add(RESIDENT, FALLING, GUEST, WORKER, SELLER, DEALER)
    part = next(part for part in MONTH if part.name == "street_control")
    assert part.at_risk(s.world, s.at).tolist() == rows[:4].tolist()


def test_adapted_units_are_no_ordinary_places():
    s = Scene(point_draw())
    places = ordinary_places(s.world)
    names = [centre.name for centre in reference.centres()]
    assert places[names.index("Kristiansand")] == 0 < s.world.centres.capacity[names.index("Kristiansand")]
    # Hå has the places that the data give it, at the scale of the scene, and refuses nobody.
    assert places[names.index("Hå")] == 175 * s.world.values.scale
    assert s.world.centres.capacity[names.index("Hå")] == NO_LIMIT


def test_residents_under_a_dublin_decision_are_counted_in_whole_persons():
    world = Scene(point_draw()).world
    draw, years = {**world.values.draw, "dublin_in_register_share": 0.5}, range(2012, 2013)
    observer = Observer(world.history, world.draws, draw, years)
    world.history.dublin_in_centres[47] = 0
    world.history.duty_in_centres[47] = 0
    world.history.dublin_in_centres[47, 3] = 1001
    (total, *_) = DUTY_TO_LEAVE.observe(observer)
    expected = Observer(world.history, world.draws, draw, years, is_expected=True)
    ratio = draw["duty_register_break_ratio"]
    assert DUTY_TO_LEAVE.observe(expected)[0][3] == pytest.approx(500.5 * ratio)
    assert total[3] == int(total[3])


@pytest.mark.parametrize(
    ("months", "group"), [(0, 0), (18 * 12 - 1, 0), (18 * 12, 1), (67 * 12 - 1, 1), (67 * 12, 2), (90 * 12, 2)]
)
def test_ages_change_group_at_eighteen_and_sixty_seven(months, group):
    s = Scene(point_draw())
    s.add({**FALLING, "birth_month": s.world.month - months})
    record(s.world)
    table = s.world.history.groups[year_of(s.world.month)].reshape(GROUP_SHAPE)
    assert table.sum(axis=(0, 1, 2, 4, 5, 6)).tolist() == np.eye(3)[group].tolist()


def test_the_record_of_a_december_counts_those_without_a_rejection():
    s = Scene(point_draw(), month=12 * 9 + 11)
    former = {**FALLING, "is_sought_asylum": True, "country": 3, "decision": int(Decision.DUTY_TO_LEAVE)}
    vanished = {**former, "route": int(Route.VANISHED), "decision": int(Decision.NONE)}
    gone = {**vanished, "strategy": int(Exit.VIDERE)}
    never = {**FALLING, "is_sought_asylum": False, "route": int(Route.WITHOUT_PERMIT), "decision": int(Decision.NONE)}
    s.add(former, vanished, {**vanished, "decision": int(Decision.EXPELLED_IMMIGRATION_ACT)}, gone, never)
    record(s.world)
    table = s.world.history.without_rejection[s.world.month]
    assert table[3] == 2 and table.sum() == 2


def test_the_record_of_a_december_counts_each_resident_once_and_dublin_cases_apart():
    s = Scene(point_draw(), month=12 * 9 + 11)
    seeker = {**RESIDENT, "country": 3}
    gone = {**FALLING, "strategy": int(Exit.VIDERE)}
    s.add(
        seeker, seeker, {**seeker, "route": int(Route.DUBLIN)}, {**FALLING, "country": 3}, {**GUEST, "country": 5}, gone
    )
    record(s.world)
    history, month = s.world.history, s.world.month
    assert history.duty_in_centres[month].nonzero()[0].tolist() == [3] and history.duty_in_centres[month, 3] == 2
    assert history.dublin_in_centres[month].nonzero()[0].tolist() == [3] and history.dublin_in_centres[month, 3] == 1
    # In centres and outside, by country.
    by_country = history.by_country[month].reshape(-1, 2)
    assert by_country[[3, 5]].tolist() == [[3, 1], [0, 1]] and by_country.sum() == 5
    stocks = history.stocks[month].reshape(5, len(PLACE), 2)
    # Never sought asylum, and did.
    assert stocks[:, PLACE["Oslo"]].tolist() == [[0, 3], [1, 0], [0, 0], [0, 0], [1, 0]] and stocks.sum() == 5
    record(s.world)
    assert history.groups[year_of(month)].sum() == 2 * 5, "months of a year are added"


def test_stocks_at_the_end_of_other_months_are_no_count_of_a_year():
    s = Scene(point_draw(), month=12 * 9 + 10)
    s.add(RESIDENT)
    record(s.world)
    assert not s.world.history.duty_in_centres[s.world.month].any()


@pytest.mark.parametrize(("returned", "expected"), [(0, 0.0), (1, 0.5 * 12 / 21), (400, 1.0)])
def test_what_is_learnt_of_forced_returns_is_a_chance(returned, expected):
    """Half of what is believed is replaced by the yearly rate, and no belief is above certainty."""
    s = Scene(point_draw())
    at = s.under(risk_learning_share=0.5, risk_learning_prior_persons=20.0)
    s.world.perceived[:] = s.world.perceived_in_circle[:] = 0.0
    s.world.forced[3] = returned
    s.world.forced_in_circle[7] = returned
    learn(s.world, at)
    assert s.world.perceived[3] == pytest.approx(min(1.0, expected), rel=1e-12)
    assert s.world.perceived_in_circle[7] == pytest.approx(min(1.0, expected), rel=1e-12)
    assert np.delete(s.world.perceived, 3).tolist() == [0.0] * (len(s.world.perceived) - 1)


def test_dublin_cases_are_no_part_of_the_community_that_learns():
    s = Scene(point_draw())
    seeker = {**FALLING, "is_sought_asylum": True, "country": 3, "tie_0": 0}
    s.add(
        seeker,
        {**seeker, "route": int(Route.DUBLIN)},
        {**seeker, "strategy": int(Exit.VIDERE)},
        {**FALLING, "country": 3},
    )
    stock, members = communities(s.world)
    assert stock[3] == stock.sum() == 2, "all others do, whether they sought asylum or not"
    assert members[s.world.hosts.circle[0]] == 1


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_ties_are_cut_all_or_none(share):
    s = Scene(point_draw())
    rows = s.add({**FALLING, "tie_0": 0, "tie_1": 1, "tie_2": 2}, {**FALLING, "tie_0": 3})
    cut_ties(s.world, rows[:1], share)
    ties = [
        [int(column[row]) for column in (s.world.population.tie_0, s.world.population.tie_1, s.world.population.tie_2)]
        for row in rows
    ]
    assert ties == [[-1, -1, -1] if share else [0, 1, 2], [3, -1, -1]]


@pytest.mark.parametrize(("mean", "allowed"), [(1.0, {1}), (1.5, {1, 2}), (2.0, {2})])
def test_a_decision_takes_one_or_two_months(mean, allowed):
    s = Scene(point_draw())
    at = s.under(
        decision_delay_months=mean, police_look_away_share=0.0, penal_ground_share=0.0, interactions=False,
        bortvist_from_resident_share=0.0, detention_near_share=0.0, detention_far_share=0.0,
        leave_after_decision_share=0.0, trafficking_identification_share=0.0,
    )  # fmt: skip
    rows = s.add({**FALLING, "met": CAUSE_CODE["identity_control"]}, copies=200)
    part = next(part for part in MONTH if part.name == "tracks")
    part.settle(s.world, at, part.decided(rows, np.full(len(rows), part.outcomes["identity_control"])))
    counts = s.world.history.register_counts()
    later = counts["month"][counts["event"] == RegisterEvent.EXPULSION_IMMIGRATION_ACT] - s.world.month
    assert set(later.tolist()) == allowed


def test_those_held_count_against_the_limit_of_persons_not_of_places():
    """Places at this scale times persons per place and month."""
    s = Scene(point_draw())
    at = s.under(detention_capacity=30.0, detention_turnover_count=2.0, scale=0.1, interactions=True)
    rows = s.add(FALLING, copies=9)
    served = hold(s.world, at, rows, EXPELLED, np.ones(len(rows), dtype=np.int64))
    assert served.sum() == 6
    assert (s.world.population.transport_due[rows[served]] == s.world.month + 1).all()
    more = s.add(FALLING, copies=2)
    assert not hold(s.world, at, more, EXPELLED, np.ones(2, dtype=np.int64)).any()
    assert hold(s.world, at, more, PRISON, np.ones(2, dtype=np.int64)).all(), "prison has no such limit"


#: One of each kind of person, by name.
PERSONS = {
    "guest": GUEST,
    "resident": RESIDENT,
    "worker": WORKER,
    "seller": SELLER,
    "dealer": DEALER,
    "falling": FALLING,
    "child of a guest": {**GUEST, "guardian": 0, "household": int(Household.CHILD)},
    "child": {**RESIDENT, "guardian": 1, "household": int(Household.CHILD)},
    "child in free fall": {**FALLING, "guardian": 5, "household": int(Household.CHILD)},
    "with a side job": {**RESIDENT, "side_employer": 0, "side": int(Side.WORK)},
    "met": {**FALLING, "met": CAUSE_CODE["identity_control"]},
    "held": {**FALLING, "transport_due": MONTH_OF_SCENES + 1, "track": EXPELLED},
    "due": {**WORKER, "transport_due": MONTH_OF_SCENES, "track": EXPELLED},
    "away for a time": {**FALLING, "strategy": int(Exit.MIDLERTIDIG), "back_due": MONTH_OF_SCENES},
    "gone": {**FALLING, "strategy": int(Exit.VIDERE)},
}

OUTSIDE = {"guest", "worker", "seller", "dealer"}
FREE = {"resident", "with a side job", "falling", "met", *OUTSIDE}
#: Whom each part of the month asks.
ASKED = {
    "ties": FREE,
    "moves": {"seller", "dealer", "falling", "met"},
    "births": FREE,
    "identity": FREE,
    "transfers": set(),
    "residence": {"resident", "with a side job"},
    "dismissal": set(),
    "work": {"worker"},
    "side_work": {"with a side job"},
    "support": {"guest"},
    "livelihood": {"seller", "dealer"},
    "reconsider": OUTSIDE,
    "offers": {"resident", "guest", "falling", "met"},
    "choice": {"falling", "met"},
    "transport": {"due"},
    "street_control": FREE - {"seller", "dealer"},
    "crime_control": {"seller", "dealer"},
    "tracks": {"met"},
    "schemes": set(),
    "departures": FREE,
    "needs": FREE | {"child of a guest", "child", "child in free fall"},
}


@pytest.mark.parametrize("name", [part.name for part in MONTH if type(part).at_risk is not Part.at_risk])
def test_whom_a_part_asks(name):
    s = Scene(point_draw())
    s.add(*PERSONS.values())
    s.world.population.is_identity_established[:] = name != "identity"
    part = next(part for part in MONTH if part.name == name)
    part.begin(s.world, s.at)
    # There are beds and jobs for all.
    s.world.centres.capacity[:] = 50
    s.world.employers.open_jobs[:] = 50
    names = list(PERSONS)
    assert {names[row] for row in part.at_risk(s.world, s.at)} == ASKED[name]


def test_the_chance_that_is_kept_beside_an_event_is_its_share_of_the_chance_of_any():
    s = Scene(point_draw())
    at = s.under(care_need_hazard=0.3, care_need_elderly_ratio=1.0, care_need_ill_ratio=1.0, offence_hazard=0.1,
                 offence_exposed_ratio=1.0)  # fmt: skip
    rows = s.add(GUEST, copies=3)
    part = next(part for part in MONTH if part.name == "needs")
    for channel, hazard in (("care_need", 0.3), ("offence", 0.1)):
        expected = 3 * hazard / 0.4 * (1 - np.exp(-0.4))
        assert s.chance(channel, lambda: part.decide(s.world, at, rows)) == pytest.approx(expected, rel=1e-12)
