"""Drivers after their last count: they walk alike in every scenario, as far as they did before, and never earlier."""

from __future__ import annotations

import math
from functools import cache

import numpy as np
import pytest
from scipy.stats import chi2

from irregsim.inference.driver_changes import Changes, changes_of, driver_changes
from irregsim.model.asylum_counts import FIRST_COUNTED, most_decided
from irregsim.model.draws import Draws
from irregsim.model.month.asylum_cases import queue
from irregsim.model.month.cohorts import expected_inflow
from irregsim.model.parameters import parameters, point_draw
from irregsim.model.simulate import simulate, start
from irregsim.model.values import Values
from irregsim.model.walks import WALKING, first_year, log_walks, walk_parameter
from irregsim.scenario import load_scenario, shipped_scenarios
from irregsim.vocabulary.codes import Route, month_number
from irregsim.vocabulary.knowledge import STATES, Knowledge

pytestmark = pytest.mark.once

REPLICATES = 2000
#: Probability that a right model fails one comparison; some 150 are made.
FALSE_ALARM = 1e-7
MONTHS = month_number("2030-12") + 1
HELD = "assumptions.driver_walks=false"


@cache
def values(*overrides: str, name: str = "baseline") -> Values:
    return Values(load_scenario(name, overrides=list(overrides)).levers, point_draw())


@cache
def many() -> dict[str, np.ndarray]:
    """Walks of many replicates by driver, in standard deviations of a step; shape (replicates, years 2021-2030)."""
    draw = point_draw() | {walk_parameter(driver): 1.0 for driver in WALKING}
    januaries = slice(month_number("2021-01"), MONTHS, 12)
    found = [log_walks(Draws(7, replicate), draw, Knowledge(), MONTHS) for replicate in range(REPLICATES)]
    return {driver: np.array([walk[driver][januaries] for walk in found]) for driver in WALKING}


def begun(driver: str) -> np.ndarray:
    """Steps taken in each year 2021-2030."""
    return np.maximum(0, np.arange(2021, 2031) - first_year(driver, Knowledge()) + 1)


# -- priors ------------------------------------------------------------------------------------------------------------


def test_the_stored_priors_are_those_of_the_data():
    found = driver_changes()
    assert found.keys() == WALKING.keys()
    for driver, changes in found.items():
        prior = parameters()[walk_parameter(driver)]
        assert (prior.distribution, prior.p1, prior.p2) == (
            "lognormal",
            round(changes.log_sd, 2),
            round(changes.log_sd_error, 2),
        ), driver
        assert f"{changes.count} changes" in prior.source
        assert prior.acts_after_fit
        assert prior.grade in "CD"


def test_a_change_over_two_years_is_two_steps():
    found = changes_of({2013: math.e**3, 2010: 1.0, 2011: math.e})
    assert found.count == len(("2010-2011", "2011-2013"))
    assert math.isclose(found.log_sd, math.sqrt((1.0 + 4.0 / 2) / 2))
    assert math.isclose(changes_of({2010: 1.0, 2011: math.e}, share=0.25).log_sd, 0.5)
    with pytest.raises(ValueError, match="1 year has no change"):
        changes_of({2010: 1.0})


def test_the_width_is_that_of_so_many_normal_changes():
    """Over many series the logarithm of the estimate varies as it says."""
    count, series = 4, 20_000
    steps = np.random.default_rng(1).normal(size=(series, count))
    logs = 0.5 * np.log((steps**2).mean(axis=1))
    # An estimate of a standard deviation from n values is off by about sqrt((kurtosis - 1) / 4 n) of itself.
    kurtosis = ((logs - logs.mean()) ** 4).mean() / logs.var() ** 2
    error = math.sqrt((kurtosis - 1) / (4 * series))
    assert abs(logs.std() / Changes(1.0, count).log_sd_error - 1.0) < 5 * error


# -- the walk ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("driver", WALKING)
def test_its_mean_is_zero_and_its_spread_grows_with_the_root_of_years(driver):
    steps = begun(driver)
    walks = many()[driver]
    assert (walks[:, steps == 0] == 0.0).all()
    sd = np.sqrt(steps[steps > 0])
    walks = walks[:, steps > 0] / sd
    # A mean of n standard normals, and the sum of their squares.
    assert np.abs(walks.mean(axis=0)).max() < 5.4 / math.sqrt(REPLICATES)
    squares = (walks**2).sum(axis=0)
    assert (chi2.ppf(FALSE_ALARM, REPLICATES) < squares).all()
    assert (squares < chi2.isf(FALSE_ALARM, REPLICATES)).all()


def test_drivers_walk_apart():
    last = np.array([walks[:, -1] for walks in many().values()])
    apart = np.corrcoef(last)[np.triu_indices(len(last), 1)]
    assert np.abs(apart).max() < 5.4 / math.sqrt(REPLICATES)


@pytest.mark.parametrize("state", STATES)
def test_nothing_moves_before_the_last_count(state):
    knowledge = Knowledge(state)
    draw = {**point_draw(), **{walk_parameter(driver): 5.0 for driver in WALKING}}
    for driver, walk in log_walks(Draws(1, 0), draw, knowledge, MONTHS).items():
        year = first_year(driver, knowledge)
        assert year == (STATES[state] + 1 if driver == "asylum_rejections" else 2021)
        begins = month_number(f"{year}-01")
        assert (walk[:begins] == 0.0).all()
        yearly = walk[begins:].reshape(-1, 12)
        assert (yearly == yearly[:, :1]).all()
        assert len(set(yearly[:, 0])) == len(yearly)


def test_drivers_keep_their_steps_whatever_is_known():
    """A step belongs to its year: a later state of knowledge begins later and then moves alike."""
    walks = [log_walks(Draws(1, 0), point_draw(), Knowledge(state), MONTHS)["asylum_rejections"] for state in STATES]
    steps = [np.diff(walk)[month_number("2026-01") :] for walk in walks]
    np.testing.assert_allclose(steps[0], steps[1], atol=1e-12)
    assert np.abs(steps[0]).max() > 0.01


# -- what it does ------------------------------------------------------------------------------------------------------


def test_every_scenario_of_a_replicate_has_the_same_walk():
    central = values().of_replicate(Draws(3, 4)).walks
    for name in shipped_scenarios():
        other = Values(load_scenario(name, end="2030-12").levers, point_draw()).of_replicate(Draws(3, 4))
        for driver, walk in other.walks.items():
            np.testing.assert_array_equal(walk, central[driver], err_msg=f"{name} {driver}")
    assert any((values().of_replicate(Draws(3, 5)).walks[driver] != central[driver]).any() for driver in WALKING)


def test_a_copied_world_walks_as_the_first():
    world = start(Values(load_scenario("baseline").levers, point_draw(), 0.01), Draws(3, 4))
    other = Values(load_scenario("baseline", overrides=["assumptions.pu_effort=2"]).levers, point_draw(), 0.01)
    assert other.walk_ratio("pu_effort").max() == 1.0
    fork = world.copy(other)
    for driver in WALKING:
        np.testing.assert_array_equal(fork.values.walks[driver], world.values.walks[driver])
    later = month_number("2025-06")
    assert math.isclose(fork.values.at(later).pu_effort, 2 * world.values.at(later).pu_effort)
    assert world.values.at(later).pu_effort != values().at(later).pu_effort
    assert world.values.of_replicate(world.draws) is world.values


@pytest.mark.parametrize("driver", WALKING)
def test_each_walk_moves_its_own_driver_alone(driver):
    """By the parameter of one driver, all others at 0: what moves, and by how much."""
    draw = point_draw() | {walk_parameter(one): 0.0 for one in WALKING} | {walk_parameter(driver): 0.3}
    still = Values(load_scenario("baseline").levers, draw)
    moved = still.of_replicate(Draws(3, 4))
    ratio, later = moved.walk_ratio(driver), month_number("2028-06")
    paths = {
        name for name, path in moved._paths.items() if not np.array_equal(path, still._paths[name], equal_nan=True)
    }
    before, after = expected_inflow(still), expected_inflow(moved)
    routes = {Route(r) for r in np.flatnonzero((before.by_route != after.by_route).any(axis=(0, 2)))}
    never = {
        Route.WITHOUT_PERMIT,
        Route.VISA_OVERSTAY,
        Route.FAMILY_PERMIT_LOST,
        Route.MARRIAGE_BROKEN,
        Route.WORK_PERMIT_LOST,
        Route.AU_PAIR,
        Route.STUDENT,
        Route.PERMIT_REVOKED,
        Route.LAPSED_YOUNG,
    }
    expected: dict[str, tuple[set[str], set[Route]]] = {
        "assisted_scheme": ({"assisted_scheme"}, set()),
        "pu_effort": ({"pu_effort"}, set()),
        "control_effort": (
            {"control_effort", "exit_control_detection_share"},
            {Route.SHORT_STAY, Route.VISA_LOST},
        ),
        "dublin_rate": ({"dublin_effort"}, set()),
        "dublin_cases": (set(), {Route.DUBLIN}),
        "asylum_rejections": (set(), {Route.ASYLUM_REJECTED, Route.AGED_OUT, Route.LEFT_CARE}),
        "never_asylum_inflow": (set(), never),
        "penal_inflow": (set(), {Route.PENAL_EXPULSION}),
    }
    assert (paths, routes) == expected[driver]
    for name in paths:
        assert math.isclose(moved._paths[name][later], still._paths[name][later] * ratio[later])
    # Rejections become final later, in a queue.
    for route in routes if driver != "asylum_rejections" else ():
        np.testing.assert_allclose(after.by_route[later, route], before.by_route[later, route] * ratio[later])


def test_without_a_spread_or_with_the_drivers_held_nothing_moves():
    levers, draw = load_scenario("baseline").levers, point_draw()
    neutral = Values(levers, draw | {walk_parameter(driver): 0.0 for driver in WALKING})
    assert neutral.of_replicate(Draws(3, 4)) is neutral
    held = values(HELD)
    assert held.of_replicate(Draws(3, 4)) is held
    assert values().of_replicate(Draws(3, 4)) is not values()


def rejections(of: Values, year: int) -> float:
    return 12 * float(queue(of).rejected[12 * (year - FIRST_COUNTED)].sum())


def test_a_count_and_a_stated_number_stay_and_the_walk_goes_on_from_them():
    stated = values("assumptions.asylum_rejections_per_year={2028: 900}")
    moved = stated.of_replicate(Draws(3, 4))
    walk = {year: moved.walks["asylum_rejections"][month_number(f"{year}-01")] for year in range(2025, 2031)}
    for year in range(2021, 2026):
        assert rejections(moved, year) == rejections(stated, year)
    last = rejections(stated, 2025)
    for year, base, since in ((2026, last, 2025), (2027, last, 2025), (2029, 900.0, 2028), (2030, 900.0, 2028)):
        assert math.isclose(rejections(moved, year), base * math.exp(walk[year] - walk[since])), year
    assert math.isclose(rejections(moved, 2028), 900.0)


def test_no_year_has_more_rejections_than_were_ever_decided():
    wild = Values(values().levers, point_draw() | {walk_parameter("asylum_rejections"): 8.0})
    found = [rejections(wild.of_replicate(Draws(1, replicate)), 2030) for replicate in range(20)]
    assert math.isclose(max(found), most_decided())
    assert min(found) < 1.0
    high = values("assumptions.asylum_rejections_per_year={2027: 40000}")
    wild = Values(high.levers, wild.draw)
    assert max(rejections(wild.of_replicate(Draws(1, replicate)), 2028) for replicate in range(9)) == 40_000.0


def test_lives_are_the_same_to_2020_and_differ_after():
    worlds = [
        simulate(
            load_scenario("baseline", end="2022-12", overrides=overrides), point_draw(), seed=3, replicate=0, scale=0.03
        )
        for overrides in ([], [HELD])
    ]
    first, second = (world.history.stocks for world in worlds)
    year = month_number("2021-01")
    np.testing.assert_array_equal(first[:year], second[:year])
    assert (first[year:] != second[year:]).any()
    for tables in (lambda h: h.flow_counts(), lambda h: h.register_counts()):
        one, two = (tables(world.history) for world in worlds)
        for name, column in one.items():
            np.testing.assert_array_equal(column[one["month"] < year], two[name][two["month"] < year])
