"""One person alone decides as among all, and asks a rule only where the draw can matter."""

from __future__ import annotations

import dataclasses
import os
from functools import cache

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from helpers.lever_cases import DATED, filled
from helpers.worlds import baseline, branch, drawn_parameters, past
from irregsim.agents.stages import OpenMonth
from irregsim.model import alone
from irregsim.model.alone import MEASURED, VERIFIED, Alone, BoundBroken, Box
from irregsim.model.draws import OWN_CHANNELS, Draws, add_channel
from irregsim.model.engine import Contest, Rule
from irregsim.model.month import MONTH
from irregsim.model.parameters import point_draw
from irregsim.model.simulate import advance_month, begin_month, start
from irregsim.model.values import Values
from irregsim.scenario import load_scenario
from irregsim.vocabulary.codes import month_number

SCALE, UNTIL, END = 0.05, "2013-12", "2014-12"

#: More examples, and new ones each time: IRREGSIM_EXAMPLES=20 python -m pytest tests/test_alone.py
TIMES = int(os.environ.get("IRREGSIM_EXAMPLES", "1"))

seeds = st.integers(0, 2**63 - 1)


def here(interactions=True):
    return past(UNTIL, SCALE, interactions=interactions)


@cache
def world_in(scenario, month, draw_seed=None):
    """A world of a scenario before a month: branch from it, never advance it."""
    draw = point_draw() if draw_seed is None else drawn_parameters(draw_seed)
    world = start(Values(load_scenario(scenario).levers, draw, SCALE), Draws(3, 0), keep_expected=False)
    for _ in range(month_number(month)):
        advance_month(world)
    return world


def contests(world, parts=MONTH):
    """The contests of the next month, each when its turn has come: part, values of the month, rows at risk."""
    at = begin_month(world)
    for part in parts:
        part.begin(world, at)
        rows = part.at_risk(world, at)
        if len(rows):
            if isinstance(part, Contest):
                yield part, at, rows
            part.settle(world, at, part.decide(world, at, rows))


def one_by_one(part, world, at, rows):
    alone = Alone(part, world, at, rows)
    return [alone.code(place) for place in range(len(rows))]


def assert_alone_as_together(world, months=1, parts=MONTH):
    asked = set()
    for _ in range(months):
        for part, at, rows in contests(world, parts):
            assert one_by_one(part, world, at, rows) == part.decide(world, at, rows).code.tolist(), part.name
            asked.add(part.name)
    return asked


def assert_bounds_hold(world, rng):
    """No hazard is above its bound, of those at risk nor of others with their codes and any measures in the box."""
    for part, at, rows in contests(world):
        box = Box(world, rows)
        for rule in part.rules:
            bounds = box.bounds(rule, at)
            assert np.isfinite(bounds).all(), rule.channel
            assert (rule.hazard(world.rows(rows), at) <= bounds).all(), rule.channel
            anybody, own = world.rows(rows), world.rows(rows)
            for name in MEASURED.intersection(alone._READ.get(rule, ())):
                column = getattr(own, name)
                low, high = column.min(), column.max()
                inside = rng.integers(low, high + 1, len(rows)) if column.dtype.kind == "i" else None
                setattr(anybody, name, rng.uniform(low, high, len(rows)) if inside is None else inside)
            assert (rule.hazard(anybody, at) <= bounds).all(), rule.channel


# -- the same decisions ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("interactions", [True, False])
def test_everybody_alone_decides_as_among_all(interactions):
    levers = baseline(END).replaced(interactions=interactions)
    world = branch(here(interactions), levers)
    world.history.keep_expected = False
    asked = assert_alone_as_together(world, months=3)
    assert asked == {part.name for part in MONTH if isinstance(part, Contest)}


@pytest.mark.slow
@pytest.mark.parametrize("draw_seed", range(4))
@pytest.mark.parametrize("scenario", ["package-restrictive", "package-humanitarian", "directive-with-complaint"])
def test_everybody_alone_decides_as_among_all_in_other_scenarios(scenario, draw_seed):
    assert_alone_as_together(world_in(scenario, "2023-03", draw_seed).copy(), months=12)


def test_with_sums_of_probabilities_the_same_sums_come_out():
    whole, staged = (branch(here(), baseline(END)) for _ in range(2))
    assert whole.history.keep_expected
    advance_month(whole)
    month = OpenMonth(staged)
    for part in MONTH:
        for row in np.flatnonzero(staged.population.is_here).tolist():
            month.ask(part.name, row)
    month.end()
    one, other = whole.history.expected, staged.history.expected
    assert one.keys() == other.keys()
    for rule, sums in one.items():
        # Probabilities are added up in another order.
        np.testing.assert_allclose(sums, other[rule], rtol=1e-12, atol=1e-15, err_msg=rule)


def test_few_rules_are_asked(monkeypatch):
    """The speed of a person alone, without a clock: most draws settle the matter by themselves."""
    world = branch(here(), baseline(END))
    world.history.keep_expected = False
    asked, clocks, persons = [], 0, int(world.population.is_here.sum())
    first_clock = alone.first_clock
    monkeypatch.setattr(alone, "first_clock", lambda h, u: (asked.append(len(h)), first_clock(h, u))[1])
    for part, at, rows in contests(world):
        one_by_one(part, world, at, rows)
        clocks += len(part.rules) * len(rows)
    assert clocks > 10 * persons
    assert sum(asked) < persons


# -- bounds ------------------------------------------------------------------------------------------------------


@given(seeds, st.integers(0, 10**6), st.lists(st.sampled_from(sorted(DATED)), max_size=8, unique=True), st.booleans())
@settings(
    max_examples=12 * TIMES,
    derandomize=TIMES == 1,
    database=None,
    suppress_health_check=list(HealthCheck),
)
def test_no_hazard_is_above_its_bound(seed, draw_seed, chosen, interactions):
    """With parameters drawn from their priors and levers at an end of their range."""
    overrides = [filled(setting, "2014-01", END) for name in chosen for setting in DATED[name]]
    levers = baseline(END, *overrides).replaced(interactions=interactions)
    world = branch(here(interactions), levers, seed=seed, draw=drawn_parameters(draw_seed))
    assert_bounds_hold(world, np.random.default_rng(draw_seed))


@pytest.mark.once
@pytest.mark.parametrize("scenario", ["baseline", "package-restrictive"])
@pytest.mark.parametrize("month", ["2017-11", "2023-07"])
def test_no_hazard_is_above_its_bound_in_later_years(scenario, month):
    assert_bounds_hold(world_in(scenario, month).copy(), np.random.default_rng(1))


# -- rules that are not monotone ---------------------------------------------------------------------------------

LEVEL = 0.3


def peaked_hazard(who, at):
    """Highest in the middle of the range of months: its corners do not show it."""
    return np.where((who.months_irregular >= 6) & (who.months_irregular < 24), 2.0, LEVEL)


class Peaked(Contest):
    """Persons have a hard time in their second year."""

    name, step = "peaked", 9

    def __init__(self):
        add_channel("peaked", OWN_CHANNELS + 81)
        self.rules = (Rule(channel="peaked", hazard=peaked_hazard, mechanisms=(), source="a test", grade="D"),)

    def at_risk(self, world, at):
        return world.everyone()


def peaked_world():
    part = Peaked()
    world = branch(here(), baseline(END))
    world.draws = Draws(1, 0)
    world.history.keep_expected = False
    return part, world


def test_a_rule_of_ones_own_is_always_asked():
    part, world = peaked_world()
    for contest, at, rows in contests(world, (*MONTH, part)):
        if contest is part:
            together = part.decide(world, at, rows).code
            assert one_by_one(part, world, at, rows) == together.tolist()
            who = world.rows(rows)
            u = world.draws.uniform("peaked", world.month, who.key)
            assert ((together >= 0) & (u > LEVEL)).any(), "somebody is met whom the bound would not have let ask"


def test_a_hazard_above_its_bound_stops(monkeypatch):
    part, world = peaked_world()
    monkeypatch.setattr(alone, "VERIFIED", VERIFIED | set(part.rules))
    *_, (_, at, rows) = contests(world, (*MONTH, part))
    with pytest.raises(BoundBroken, match="peaked: a hazard in month 60 is above its bound"):
        one_by_one(part, world, at, rows)


def test_too_many_corners_are_no_bound(monkeypatch):
    world = branch(here(), baseline(END))
    part, at, rows = next(contests(world))
    monkeypatch.setattr(alone, "_MOST_CORNERS", 1)
    assert np.isinf(Box(world, rows).bounds(part.rules[0], at)).all()


def test_a_contest_that_decides_in_its_own_way_is_asked():
    class Everybody(Peaked):
        def decide(self, world, at, rows):
            return self.decided(rows, np.zeros(len(rows), dtype=np.int64))

    _, world = peaked_world()
    at = begin_month(world)
    rows = world.everyone()[:5]
    assert one_by_one(Everybody(), world, at, rows) == [0] * 5


def test_equal_rules_share_what_they_read_and_others_do_not():
    part, world = peaked_world()
    at = begin_month(world)
    rows = world.everyone()
    other = dataclasses.replace(part.rules[0], hazard=lambda who, at: 0.01 * who.is_female)
    box = Box(world, rows)
    assert set(np.unique(box.bounds(other, at)).tolist()) == {0.0, 0.01 * (1.0 + 1e-9)}
    assert box.bounds(part.rules[0], at).max() == pytest.approx(LEVEL)
