"""Hazards and utilities of both programs in one state, person by person: no chance, and no tolerance but rounding."""

from __future__ import annotations

import numpy as np
import pytest

from helpers.worlds import drawn_parameters
from irregsim.model.month import MONTH
from irregsim.model.parameters import point_draw

from . import exact
from .compare import beginning, under

SCALE = 0.02


@pytest.mark.parametrize("seed", [None, 1, 2, 3])
def test_both_programs_ask_the_same_of_everybody(seed):
    """All rules that compete, and all options of the choice, at the medians and at drawn parameters."""
    draw = point_draw() if seed is None else drawn_parameters(seed)
    world = under(beginning(SCALE), draw)
    second, w = exact.of_second(world, draw, SCALE)
    package, begun = exact.of_package(world)
    rules = {rule.channel for part in MONTH for rule in getattr(part, "rules", ())}
    assert rules - exact.LEFT_OUT <= package.keys()
    assert exact.apart(package, second) == {}
    assert [e.open_jobs for e in w.employers] == begun.employers.open_jobs.tolist()
    assert [e.is_own_account for e in w.employers] == begun.employers.is_own_account.tolist()
    ordinary = [i for i, c in enumerate(w.centres) if c.kind == "ordinary"]
    np.testing.assert_allclose([w.centres[i].places for i in ordinary], begun.centres.places[ordinary], rtol=1e-12)
    closing = begun.centres.closing_share[ordinary]
    np.testing.assert_allclose([w.centres[i].closing for i in ordinary], closing, rtol=1e-9, atol=1e-12)


def test_a_rule_read_otherwise_is_seen():
    """A power of the time in a centre instead of the one in the text parts the programs, for every resident."""
    draw = point_draw()
    world = under(beginning(SCALE), draw)
    other = draw | {"walkout_duration_power": draw["walkout_duration_power"] * 1.01}
    second, _ = exact.of_second(world, other, SCALE)
    package, _ = exact.of_package(world)
    apart = exact.apart(package, second)
    longer = [
        row for row, hazard in package["walkout"].items() if hazard and world.population.entry_month[row] < world.month
    ]
    assert set(apart) == {"walkout"}
    assert apart["walkout"] == sorted(longer)
