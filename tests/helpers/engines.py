"""Worlds under either engine, for tests that compare them."""

from __future__ import annotations

import functools
import importlib.util

import pytest

from helpers.whole_world import digest
from irregsim.model import compiled
from irregsim.model.draws import Draws
from irregsim.model.engine import Contest, Rule
from irregsim.model.month import MONTH
from irregsim.model.parameters import point_draw
from irregsim.model.simulate import advance_month, start
from irregsim.model.values import Values
from irregsim.scenario import load_scenario
from irregsim.vocabulary.codes import Exit

HAS_NUMBA = importlib.util.find_spec("numba") is not None
needs_numba = pytest.mark.skipif(not HAS_NUMBA, reason="numba is not installed")


@functools.cache
def levers_of(scenario):
    return load_scenario(scenario).levers


def world_of(scenario="baseline", draw=None, seed=1, scale=0.05, months=0, parts=MONTH):
    world = start(Values(levers_of(scenario), draw or point_draw(), scale), Draws(seed, 0), True, False)
    for _ in range(months):
        advance_month(world, parts)
    return world


def same_by_both(engine, **changes):
    found = {}
    for name in compiled.ENGINES:
        engine(name)
        found[name] = digest(world_of(**changes))
    return found["numpy"] == found["compiled"]


class Own(Contest):
    """A part of one's own; it moves nobody that a rule of the month does not move too."""

    name = "own"
    step = 9

    def __init__(self, *hazards):
        names = ("care_need", "offence", "reconsider", "onward")  # any channels of the registry serve
        self.rules = tuple(
            Rule(channel=name, hazard=hazard, mechanisms=(), source="", grade="D", enters=Exit.VIDERE, cause="onward")
            for name, hazard in zip(names, hazards, strict=False)
        )

    def at_risk(self, world, at):
        return world.everyone()
