"""All levers and assumptions together at the ends of their ranges: every month runs, balances and stays in bounds."""

from __future__ import annotations

import os
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import irregsim
from helpers.lever_cases import CASES, filled
from helpers.worlds import baseline, branch, drawn_parameters, net_flows, past, stock
from irregsim.commands.compare import compare
from irregsim.commands.request import RunFailed
from irregsim.model.draws import Draws
from irregsim.model.month import cohorts
from irregsim.model.month.cohorts import MOST_ARRIVALS, MOST_RATIO, TooManyPersons, conditions_ratio, expected_arrivals
from irregsim.model.parameters import point_draw
from irregsim.model.population import Population
from irregsim.model.simulate import advance_month, check_size, start
from irregsim.model.values import Values
from irregsim.model.world import World
from irregsim.scenario import Levers, load_scenario
from irregsim.scenario.levers import REGISTRY
from irregsim.study.replicates import LARGEST_SCALE
from irregsim.vocabulary.codes import Route, Strategy, month_number

pytestmark = pytest.mark.once

SCALE = 0.01
UNTIL = "2013-12"
END = "2015-12"
#: More examples, and new ones each time: IRREGSIM_EXAMPLES=20 python -m pytest tests/properties
TIMES = int(os.environ.get("IRREGSIM_EXAMPLES", "1"))

#: Levers and assumptions that have a case, in the order of the registry; what acts after these runs has none.
KEYS = [lever.key for lever in REGISTRY if lever.key in CASES]
#: What raises arrivals, or keeps those who have come.
MORE = {
    "asylum_rejections_per_year",
    "inflow_pull",
    "municipal.shelter",
    "never_asylum_inflow",
    "response.arrival_from_conditions",
}
#: The most that asks for: every response at its end, as one may find it in a file.
EXPLODING = (
    "assumptions.response.arrival_from_conditions=10",
    "assumptions.never_asylum_inflow=10",
    "assumptions.inflow_pull=true",
    "levers.municipal.shelter=2000",
)


def at_ends(chosen: dict[str, int], end: str = END) -> Levers:
    """Every lever and assumption at one of the ends of its range from 2014 on, chosen by number; 0 where none is."""
    overrides = []
    for key in KEYS:
        cases = CASES[key]
        case = cases[chosen.get(key, 0) % len(cases)]
        overrides += [filled(setting, "2014-01", end) for setting in case.changed]
    return baseline(end, *overrides)


def assert_balance(world: World, months: int) -> None:
    """Every month is simulated, and what came less what went is the change of each strategy."""
    before = stock(world)
    for _ in range(months):
        advance_month(world)
        world.check()
        after = stock(world)
        recorded = world.history.stocks[world.month].reshape(len(Strategy), -1).sum(axis=1)
        assert np.array_equal(after, recorded), "the record is the count of persons"
        assert np.array_equal(before + net_flows(world, world.month), after), "stock = stock + in - out"
        before = after
    for name, sums in world.history.expected.items():
        assert np.isfinite(sums).all(), name
    assert np.isfinite(world.history.outcomes).all()


ENDS = {
    "low": dict.fromkeys(KEYS, 0),
    "high": {key: len(CASES[key]) - 1 for key in KEYS},
    "most persons": {key: int(key in MORE) for key in KEYS},
}


@pytest.mark.parametrize("name", ENDS)
def test_all_levers_at_their_ends_run_and_balance(name):
    assert_balance(branch(past(UNTIL, SCALE), at_ends(ENDS[name])), 14)


ends = st.fixed_dictionaries({key: st.integers(0, len(CASES[key]) - 1) for key in KEYS})
quiet: dict[str, object] = {"database": None, "deadline": None, "suppress_health_check": list(HealthCheck)}


@given(ends, st.integers(0, 10**6))
@settings(max_examples=6 * TIMES, derandomize=TIMES == 1, **quiet)
def test_levers_at_any_ends_run_and_balance(chosen, draw_seed):
    """With parameters drawn from their priors."""
    world = branch(past(UNTIL, SCALE), at_ends(chosen), draw=drawn_parameters(draw_seed))
    assert_balance(world, 5)


@pytest.mark.slow
@pytest.mark.parametrize("name", ENDS)
def test_all_levers_at_their_ends_run_to_the_last_month(name):
    end = "2030-12"
    months = month_number(end) - month_number(UNTIL)
    assert_balance(branch(past(UNTIL, 0.002), at_ends(ENDS[name], end)), months)


@pytest.mark.slow
@given(ends, st.integers(0, 10**6))
@settings(max_examples=40 * TIMES, derandomize=TIMES == 1, **quiet)
def test_levers_at_many_ends_run_for_two_years(chosen, draw_seed):
    world = branch(past(UNTIL, SCALE), at_ends(chosen), draw=drawn_parameters(draw_seed))
    assert_balance(world, 24)


# -- the response of arrivals saturates ------------------------------------------------------------------------------


def test_no_response_multiplies_arrivals_by_more_than_a_scenario_may():
    world = branch(past(UNTIL, SCALE), baseline(END, *EXPLODING))
    ratio = conditions_ratio(world, world.values.at(world.month + 1))
    assert ratio.max() == MOST_RATIO == 10.0
    assert ratio[Route.ASYLUM_REJECTED] == 1.0
    path = next(lever for lever in REGISTRY if lever.key == "never_asylum_inflow")
    assert path.high == MOST_RATIO


def test_no_allowed_values_reach_the_bound_at_the_largest_scale():
    """So the bound refuses nothing that the ranges allow; the first month has the opening stock besides."""
    scenario = load_scenario("baseline", overrides=[*EXPLODING, "assumptions.asylum_rejections_per_year={2030: 50000}"])
    for seed in range(20):
        world = start(Values(scenario.levers, drawn_parameters(seed), LARGEST_SCALE), Draws(1, 0))
        for month in (month_number("2012-01"), month_number("2030-06")):
            assert expected_arrivals(world, world.values.at(month)).sum() < MOST_ARRIVALS


# -- the bound -------------------------------------------------------------------------------------------------------


def test_too_many_arrivals_are_refused_before_anybody_is_made(monkeypatch):
    monkeypatch.setattr(cohorts, "MOST_ARRIVALS", 3)
    world = branch(past(UNTIL, SCALE), baseline(END))
    before = len(world.population)
    with pytest.raises(TooManyPersons, match=r"^2014-01: \d+ persons would arrive, more than 3: take a smaller scale"):
        advance_month(world)
    assert len(world.population) == before


@pytest.mark.parametrize("count", [np.inf, np.nan, 1e300])
def test_an_inflow_that_is_no_number_is_too_many(count):
    draw = point_draw() | {"inflow_work_count": count}
    world = start(Values(baseline("2012-03"), draw, SCALE), Draws(1, 0))
    with pytest.raises(TooManyPersons, match="2009-01"):
        expected_arrivals(world, world.values.at(0))


def test_run_and_compare_say_month_persons_and_bound(monkeypatch):
    monkeypatch.setattr(cohorts, "MOST_ARRIVALS", 3)
    scenario = load_scenario("baseline", end="2012-02")
    other = replace(load_scenario("baseline", overrides=["levers.fines.worker_nok=9"], end="2012-02"), name="other")
    how = {"replicates": 2, "jobs": 1, "scale": 0.02, "draws": "point"}
    words = r"replicate 0 cannot be simulated: 2009-01: \d+ persons would arrive, more than 3: take a smaller scale"
    with pytest.raises(RunFailed, match=words):
        irregsim.run(scenario, **how)
    with pytest.raises(RunFailed, match=words):
        compare([scenario, other], spells=False, **how)


def test_a_world_is_looked_at_before_its_next_month():
    world = branch(past(UNTIL, SCALE), baseline(END, *EXPLODING))
    persons = int(world.population.is_here.sum())
    check_size(world, persons + 10_000)
    with pytest.raises(TooManyPersons, match=f"2013-12: {persons} persons, more than {persons - 1}"):
        check_size(world, persons - 1)
    calm = branch(past(UNTIL, SCALE), baseline(END))
    few, many = (float(expected_arrivals(one, one.values.at(world.month + 1)).sum()) for one in (calm, world))
    assert few < many
    # Nobody is left, so only those who would come count.
    world.population, calm.population = Population(), Population()
    check_size(calm, int(many) - 1)
    with pytest.raises(TooManyPersons, match=f"2014-01: {many:.0f} persons would arrive, more than {int(many) - 1}"):
        check_size(world, int(many) - 1)
