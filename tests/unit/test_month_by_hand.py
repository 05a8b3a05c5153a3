"""Single numbers of the month by hand: costs, beds, durations, children, and who a part applies to."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from helpers.scenes import DEALER, FALLING, GUEST, PLACE, RESIDENT, SELLER, WORKER, Scene
from helpers.statistics import assert_count_plausible
from irregsim.model.centres import NO_LIMIT
from irregsim.model.employers import DAYS_PER_MONTH
from irregsim.model.month import MONTH
from irregsim.model.month.choice import Choice, stay_away
from irregsim.model.month.exits import assisted_factor
from irregsim.model.month.inflow import _add_children
from irregsim.model.month.placing import ordinary_places
from irregsim.model.parameters import point_draw
from irregsim.model.registers import Observer
from irregsim.model.registers.duty_to_leave import DUTY_TO_LEAVE
from irregsim.model.simulate import GROUP_SHAPE, record
from irregsim.vocabulary import reference
from irregsim.vocabulary.codes import CITIES, Household, Route, year_of


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
    at = s.under(children_per_guardian_mean=1.9)
    n = 40_000
    rows = s.add({**RESIDENT, "household": int(Household.GUARDIAN)}, copies=n)
    _add_children(s.world, at, rows)
    p = s.world.population
    children = np.bincount(p.guardian[p.guardian >= 0], minlength=n)[rows]
    assert (p.guardian >= 0).sum() == children.sum() > n
    for number, share in enumerate(stats.binom.pmf(range(4), 3, 0.3), start=1):
        assert_count_plausible(
            int((children == number).sum()), trials=n, probability=share, false_alarm=1e-6, must_see=0.3
        )
    kids = np.flatnonzero(p.guardian >= 0)
    for name in ("country", "place", "strategy", "is_sought_asylum", "entry_month"):
        assert np.array_equal(getattr(p, name)[kids], getattr(p, name)[p.guardian[kids]]), name


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
