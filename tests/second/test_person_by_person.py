"""Hazards and utilities of both programs in one state, person by person: no chance, and no tolerance but rounding."""

from __future__ import annotations

import numpy as np
import pytest

from helpers.worlds import baseline, drawn_parameters
from irregsim.model.month import MONTH
from irregsim.model.parameters import point_draw
from irregsim.scenario import load_scenario
from irregsim.scenario.reading import shipped_scenarios

from . import exact
from .compare import states, under

SCALE, END = 0.02, "2020-12"
HELD = "assumptions.driver_walks=false"
#: In the month after each, a rule or a driver is new: support doubled in 2010 lasts, cards are withdrawn, control and
#: PU's effort change, cards end, families are offered more, a centre closes, levels of 2019 hold, the pandemic.
MONTHS = ("2011-04", "2014-12", "2016-10", "2017-11", "2018-12", "2020-05")


def same(world, levers, draw):
    """Asserts that both programs ask the same of everybody in the month that begins, and that something is asked."""
    branched = under(world, levers, draw)
    second, w = exact.of_second(branched, draw, SCALE)
    package, begun = exact.of_package(branched)
    rules = {rule.channel for part in MONTH for rule in getattr(part, "rules", ())}
    assert rules - exact.LEFT_OUT <= package.keys()
    assert exact.apart(package, second) == {}
    assert [e.open_jobs for e in w.employers] == begun.employers.open_jobs.tolist()
    assert [e.is_own_account for e in w.employers] == begun.employers.is_own_account.tolist()
    ordinary = [i for i, c in enumerate(w.centres) if c.kind == "ordinary"]
    np.testing.assert_allclose([w.centres[i].places for i in ordinary], begun.centres.places[ordinary], atol=1e-9)
    closing = begun.centres.closing_share[ordinary]
    np.testing.assert_allclose([w.centres[i].closing for i in ordinary], closing, atol=1e-12)


def test_both_programs_ask_the_same_of_everybody():
    """All rules that compete, and all options of the choice, at the medians and at drawn parameters."""
    for seed, world in enumerate(states(SCALE, MONTHS, END)):
        same(world, baseline(END, HELD), drawn_parameters(seed) if seed else point_draw())


@pytest.mark.slow
def test_both_programs_ask_the_same_under_every_shipped_scenario():
    """One state of 2026 under the levers of each scenario, each with other parameters."""
    (world,) = states(SCALE, ("2026-12",), "2027-12")
    names = sorted(shipped_scenarios())
    assert len(names) > 30
    for seed, name in enumerate(names):
        levers = load_scenario(name, end="2027-12", overrides=[HELD]).levers
        same(world, levers, drawn_parameters(seed))


def test_a_rule_read_otherwise_is_seen():
    """Another power of the time in a centre than the one of the draw parts the programs, for every resident."""
    draw, levers = point_draw(), baseline(END, HELD)
    (world,) = states(SCALE, ("2009-06",), END)
    other = draw | {"walkout_duration_power": draw["walkout_duration_power"] * 1.01}
    second, _ = exact.of_second(under(world, levers, draw), other, SCALE)
    package, _ = exact.of_package(under(world, levers, draw))
    apart = exact.apart(package, second)
    entry = world.population.entry_month
    longer = [row for row, hazard in package["walkout"].items() if hazard and entry[row] <= world.month]
    assert set(apart) == {"walkout"}
    assert apart["walkout"] == sorted(longer)
