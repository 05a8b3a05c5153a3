"""Jobs follow what is left of the gain: no threshold, and two margins beside giving up (F 8.3, 11.5)."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from docs_tools import employers as picture
from helpers.scenes import Scene
from irregsim.model.draws import Draws
from irregsim.model.employers import Employers, job_share
from irregsim.model.parameters import parameters, point_draw
from irregsim.model.values import At, Values
from irregsim.scenario import first_month_of_history, load_scenario
from irregsim.vocabulary.codes import month_number

pytestmark = pytest.mark.once

#: Chance that a right registry fails a comparison with the closed form.
FALSE_ALARM = 1e-6
COUNT = 20_000
#: Expected sanction relative to the gain.
COSTS = np.arange(10) / 10


def registry(**values: Any) -> tuple[Employers, At]:
    """Many employers and the month's values, with demand for as many jobs as they have."""
    s = Scene(point_draw())
    at = s.under(
        scale=1.0,
        employers_count=COUNT,
        informal_jobs_count=2 * COUNT,
        job_demand_ratio=1.0,
        own_account_share=0.0,
        **values,
    )
    return Employers(Draws(3, 0), at), at


def jobs_at(employers: Employers, at: At, cost: float, reference: float = 0.0) -> np.ndarray:
    """Jobs offered by each employer where the expected sanction is a part of the gain, after a first month's part."""
    gain = at.wage_gap_nok * employers.gap_ratio
    employers.reference_cost = reference * gain
    employers.expected_cost = lambda *_: cost * gain  # type: ignore[method-assign]
    employers.decide(at, employers.inspections(at))
    return employers.open_jobs


def closed_form(at: At, cost: np.ndarray | float, reference: float = 0.0) -> np.ndarray:
    """Half of all jobs at the first month's cost; what is left of the gain to the power of the elasticity."""
    borne = reference + (1.0 - at.wage_pass_through_share) * (np.asarray(cost) - reference)
    return 0.5 * ((1.0 - borne) / (1.0 - reference)) ** at.employer_elasticity


@pytest.mark.parametrize("elasticity", [0.4, 1.2, 3.5])
def test_jobs_fall_by_the_closed_form(elasticity: float):
    employers, at = registry(employer_elasticity=elasticity, wage_pass_through_share=0.0)
    assert len(employers) == COUNT
    total = employers.jobs.sum()
    offered = [int(jobs_at(employers, at, cost).sum()) for cost in COSTS]
    share = closed_form(at, COSTS)
    # Each employer offers all of its jobs or none, so the jobs are a weighted sum of draws.
    error = np.sqrt((employers.jobs.astype(float) ** 2).sum() * share * (1 - share)) / total
    z = stats.norm.isf(FALSE_ALARM / 2 / len(COSTS))
    assert (np.abs(np.array(offered) / total - share) < z * error).all(), (offered, share * total)
    assert (np.diff(offered) < 0).all()


def test_no_cost_is_a_threshold():
    """In a hundred small steps of cost no step takes more jobs than the curve and chance allow.

    The curve falls by at most ``elasticity / 2`` of a step where the elasticity is 1 or more. Tolerance: Poisson around
    the employers that the curve takes in the step, as likely to fail as `FALSE_ALARM`.
    """
    employers, at = registry(employer_elasticity=1.2, wage_pass_through_share=0.0)
    costs = np.arange(0.0, 1.0, 0.01)
    willing = []
    for cost in costs:
        jobs_at(employers, at, float(cost))
        willing.append(employers.is_willing.copy())
    lost = -np.diff([w.sum() for w in willing])
    expected = -np.diff(closed_form(at, costs)) * COUNT
    most = stats.poisson.isf(FALSE_ALARM / len(expected), expected)
    least = stats.poisson.ppf(FALSE_ALARM / len(expected), expected)
    assert ((lost >= least) & (lost <= most)).all()
    assert least.min() > 0 and most.max() < 0.02 * COUNT
    # Who has given up at a cost does not come back at a higher one.
    assert all((after <= before).all() for before, after in pairwise(willing))


def test_half_of_the_jobs_are_offered_at_the_cost_of_the_first_month():
    for reference in (0.0, 0.02, 0.4):
        employers, at = registry()
        jobs_at(employers, at, reference, reference)
        assert np.array_equal(employers.is_willing, employers.readiness < 0.5)
        # A lower cost than at first opens jobs, and never more than there are.
        cheaper = job_share(at, np.full(1, reference), np.zeros(1))
        assert 0.5 <= cheaper[0] <= 1.0


def test_where_nothing_is_left_of_the_gain_no_job_is_offered():
    employers, at = registry(wage_pass_through_share=0.0)
    assert jobs_at(employers, at, 1.0).sum() == jobs_at(employers, at, 7.0).sum() == 0


@pytest.mark.parametrize("cost", [0.1, 0.5, 0.9])
def test_what_workers_bear_by_a_lower_wage_spares_jobs(cost: float):
    offered = []
    for share in (0.0, 0.3, 0.6, 1.0):
        employers, at = registry(wage_pass_through_share=share)
        offered.append(int(jobs_at(employers, at, cost).sum()))
    assert offered[0] < offered[1] < offered[2] < offered[3]
    # Who bears all of it loses no job.
    assert offered[3] == employers.jobs[employers.readiness < 0.5].sum()


@pytest.mark.parametrize("cost", [0.1, 0.5, 0.9, 2.0])
def test_a_part_of_the_jobs_given_up_goes_on_as_own_account_work(cost: float):
    employers, at = registry(wage_pass_through_share=0.0)
    given_up = employers.readiness < 0.5
    jobs_at(employers, at, cost)
    offers = employers.is_willing.copy()
    given_up &= ~offers
    own = At({**vars(at), "own_account_share": 0.4})
    employers.decide(own, employers.inspections(own))
    assert (employers.is_willing >= offers).all()
    assert np.array_equal(employers.is_own_account, employers.is_willing & ~offers)
    # Only where an employer gave up, and as many as stated.
    assert (employers.is_own_account <= given_up).all()
    low, high = stats.binom.interval(1.0 - FALSE_ALARM, int(given_up.sum()), 0.4)
    assert low <= employers.is_own_account.sum() <= high
    # Nobody can be charged for them.
    assert (employers.sanction_odds(own)[employers.is_own_account] == 0).all()
    assert (employers.sanction_odds(own)[~employers.is_own_account] > 0).all()


def test_own_account_work_ends_where_an_employer_is_willing_again():
    employers, at = registry(wage_pass_through_share=0.0)
    own = At({**vars(at), "own_account_share": 0.4})
    jobs_at(employers, own, 0.8)
    assert employers.is_own_account.any()
    jobs_at(employers, own, 0.0)
    assert not employers.is_own_account.any()


# -- the surface -------------------------------------------------------------------------------------------------------

ELASTICITIES = (0.37, 0.8, 1.2, 2.0, 3.9)
PERCEIVED = (0.0, 0.5, 1.0, 2.0, 4.0)


def fall(elasticity: float, perceived: float) -> float:
    """Share of the first month's jobs that fines ten times as high take, over the gains of all employers."""
    employers, at = registry(employer_elasticity=elasticity, perceived_inspection_ratio=perceived)
    dear = At({**vars(at), "employer_base_nok": 10 * at.employer_base_nok})
    gain = at.wage_gap_nok * employers.gap_ratio
    inspections, months = employers.inspections(at), 1.0 / at.job_loss_hazard
    before, after = (employers.expected_cost(now, inspections, months) / gain for now in (at, dear))
    jobs = employers.jobs
    first, then = ((job_share(at, before, cost) * jobs).sum() for cost in (before, after))
    return float(1.0 - then / first)


def test_the_effect_of_fines_is_a_surface_of_elasticity_and_of_what_employers_perceive():
    """One interval would hide that two unknowns decide: it grows with each and is nothing where either is nothing."""
    surface = np.array([[fall(e, p) for p in PERCEIVED] for e in ELASTICITIES])
    assert (surface[:, 0] == 0).all(), "who expects no inspection fears no fine"
    assert (np.diff(surface, axis=1) > 0).all() and (np.diff(surface[:, 1:], axis=0) > 0).all()
    assert ((surface >= 0) & (surface < 1)).all()
    # Small costs: the fall is about the elasticity times the part of the gain that is lost, so it doubles with both.
    assert surface[2, 2] / surface[2, 1] == pytest.approx(2.0, rel=0.1)
    low, high = (parameters()["employer_elasticity"].low, parameters()["employer_elasticity"].high)
    assert low == pytest.approx(ELASTICITIES[0], rel=0.05) and high == pytest.approx(ELASTICITIES[-1], rel=0.05)


def test_without_elasticity_nothing_but_a_ruinous_cost_matters():
    assert fall(1e-9, 1.0) == pytest.approx(0.0, abs=1e-8)


def test_the_number_of_jobs_belongs_to_the_rules_of_the_baseline_in_2009_whatever_a_scenario_begins_with():
    baseline = load_scenario("baseline").levers
    read = first_month_of_history(["employer_base_nok", "workplace_inspections"])
    assert read["employer_base_nok"] == baseline.employer_base_nok[0]
    assert read["workplace_inspections"].tolist() == baseline.workplace_inspections[0].tolist()
    one, _ = registry()
    other, dear = registry(employer_base_nok=1e6, directive_in_force=True, workplace_inspections=np.full(9, 7.0))
    assert other.reference_cost.tolist() == one.reference_cost.tolist()
    now = other.expected_cost(dear, other.inspections(dear), 1.0 / dear.job_loss_hazard)
    assert (now > other.reference_cost).all()
    with pytest.raises(KeyError):
        first_month_of_history(["no_such_lever"])


# -- the picture of docs/verification.md -------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def surface() -> pd.DataFrame:
    return picture.surface()


def test_the_stored_picture_has_the_numbers_of_the_model(surface):
    stored = pd.read_csv(Path(__file__).parent.parent / "docs" / "pictures" / "employers.csv")
    refresh = "run `python -m docs_tools.employers docs/pictures` and look at the picture"
    pd.testing.assert_frame_equal(stored, surface.round(picture.DECIMALS), obj=refresh)


def test_jobs_fall_more_where_employers_respond_more_or_expect_more(surface):
    for _, one in surface.groupby("scenario"):
        grid = one.pivot(index="elasticity", columns="perceived_chance", values="change").to_numpy()
        assert (grid < 0.0).all()
        assert (np.diff(grid, axis=0) < 0.0).all() and (np.diff(grid, axis=1) < 0.0).all()


def test_the_middle_of_the_picture_is_what_the_model_offers_at_the_medians(surface):
    scenario = load_scenario("directive-with-complaint")
    sides = [Values(levers, point_draw()) for levers in (scenario.parent_levers, scenario.levers)]
    own = Employers(Draws(1, 0), sides[0].at(0))

    def offered(at: At) -> float:
        gain = at.wage_gap_nok * own.gap_ratio
        cost = own.expected_cost(at, own.inspections(at), 1.0 / at.job_loss_hazard)
        return float(own.jobs @ job_share(at, own.reference_cost / gain, cost / gain))

    before, after = (offered(side.at(month_number("2023-01"))) for side in sides)
    middle = surface[surface["scenario"] == "directive-with-complaint"]
    median = parameters()[picture.ELASTICITY].median, parameters()[picture.PERCEIVED].median
    here = np.isclose(middle["elasticity"], median[0]) & np.isclose(middle["perceived_ratio"], median[1])
    assert middle.loc[here, "change"].item() == pytest.approx(after / before - 1.0)
