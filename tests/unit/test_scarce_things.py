"""What is scarce or feared, by hand: the expected cost of an informal job, and beds in shelters."""

from __future__ import annotations

import numpy as np
import pytest

from helpers.scenes import FALLING, PLACE, Scene
from irregsim.model.employers import DAYS_PER_MONTH
from irregsim.model.month.choice import Choice, stay_away
from irregsim.model.parameters import point_draw
from irregsim.vocabulary.codes import CITIES


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
