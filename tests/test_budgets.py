"""Guards of speed that need no clock: what a month does, counted. Budgets fall, and are never raised."""

from __future__ import annotations

import sys
from collections import Counter

import numpy as np
import pytest

from helpers.engines import needs_numba
from irregsim.inference.posterior import choose
from irregsim.model.draws import Draws
from irregsim.model.simulate import advance_month, start
from irregsim.model.values import Values
from irregsim.scenario import load_scenario

pytestmark = pytest.mark.once  # other versions of Python and NumPy count other calls

#: Most calls of functions of the package, and of NumPy's own, in one month.
PYTHON_CALLS = 1_700
NUMPY_CALLS = 1_750
#: The same of a compiled month; loops are counted among the package's own.
COMPILED_PYTHON_CALLS = 1_580
COMPILED_NUMPY_CALLS = 970


@pytest.fixture(scope="module")
def world():
    levers = load_scenario("baseline", end="2013-12").levers
    world = start(Values(levers, choose("posterior")[0].values[0], 0.05), Draws(1, 0), False, keep_expected=False)
    for _ in range(50):
        advance_month(world)
    return world


def calls_of(world) -> Counter[str]:
    found: Counter[str] = Counter()

    def seen(frame, event, argument):
        if event == "call" and "irregsim" in frame.f_code.co_filename:
            found["python"] += 1
        elif event == "c_call":
            owner = getattr(argument, "__self__", None)
            module = str(getattr(argument, "__module__", None) or type(owner).__module__)
            if isinstance(argument, np.ufunc) or module.startswith("numpy") or isinstance(owner, np.ndarray):
                found["numpy"] += 1

    sys.setprofile(seen)
    try:
        advance_month(world)
    finally:
        sys.setprofile(None)
    return found


def test_a_month_keeps_to_its_budget_of_calls(world, monkeypatch):
    monkeypatch.setenv("IRREGSIM_ENGINE", "numpy")  # machine code may be ready on this machine
    found = calls_of(world.copy())
    assert found["python"] > 500 and found["numpy"] > 500, "they are counted"
    assert found["python"] <= PYTHON_CALLS, found
    assert found["numpy"] <= NUMPY_CALLS, found


@needs_numba
@pytest.mark.slow
def test_a_compiled_month_keeps_to_its_own_budget(world, engine):
    engine("compiled")
    advance_month(world.copy())  # loops are loaded when they are first called
    found = calls_of(world.copy())
    assert found["python"] > 500 and found["numpy"] > 300, "they are counted"
    assert found["python"] <= COMPILED_PYTHON_CALLS, found
    assert found["numpy"] <= COMPILED_NUMPY_CALLS, found


def test_calls_do_not_grow_with_the_number_of_persons(world):
    """A call a person would be hundreds more at ten times the population."""
    levers = load_scenario("baseline", end="2013-12").levers
    large = start(Values(levers, choose("posterior")[0].values[0], 0.5), Draws(1, 0), False, keep_expected=False)
    for _ in range(12):
        advance_month(large)
    small = calls_of(world.copy())
    assert calls_of(large)["python"] < 1.5 * small["python"]
