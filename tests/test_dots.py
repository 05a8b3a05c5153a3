"""Persons as dots: who is one, what a dot says, and that dots are in proportion to stocks."""

from __future__ import annotations

import numpy as np
import pytest

from irregsim.agents import Beginnings, PairedModel
from irregsim.scenario import load_scenario
from irregsim.vocabulary.codes import Strategy
from irregsim.vocabulary.disclosure import SMALL
from irregsim.workshop.live.dots import DOTS, dots, share_of

pytestmark = pytest.mark.once


@pytest.fixture(scope="module")
def model():
    made = PairedModel(
        load_scenario("close-remaining-centres"),
        load_scenario("baseline"),
        start="2012-03",
        beginnings=Beginnings(20),
        scale=0.05,
        draws="point",
    )
    for _ in range(3):
        made.step()
    return made


def test_a_dot_stands_for_as_many_persons_as_the_smallest_number_that_is_shown():
    assert share_of(1e6) == DOTS / 1e6
    for few in (0.0, 1.0, 50.0, DOTS * SMALL):
        assert share_of(few) == 1.0 / SMALL


def test_dots_are_in_proportion_and_the_same_persons_from_month_to_month(model):
    world = model.world
    p = world.population
    here = p.strategy[p.is_here]
    everybody = dots(world, 1.0)
    assert len(everybody.names) == len(here) and sorted(everybody.ways) == sorted(map(str, here.tolist()))
    some = dots(world, 0.5)
    assert set(some.names) < set(everybody.names)
    # Keys are uniform: a binomial share lies within five standard deviations.
    assert abs(len(some.names) - 0.5 * len(here)) < 5 * np.sqrt(0.25 * len(here))
    before = dict(zip(some.names, some.ways, strict=True))
    model.step()
    after = dots(model.world, 0.5)
    kept = [name for name in after.names if name in before]
    assert len(kept) > 0.8 * len(before), "most are here a month later, under the same name"
    assert set(after.ways) <= {str(int(one)) for one in Strategy}
    assert after.message() == [list(after.names), after.ways]


def test_a_dot_says_nothing_of_the_person(model):
    p = model.world.population
    names = set(dots(model.world, 1.0).names)
    assert len(names) == int(p.is_here.sum()), "each has a name of its own"
    assert not names & set((p.person_id[p.is_here] & np.uint64(0xFFFFFFFF)).tolist())
