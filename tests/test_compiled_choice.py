"""The choice from free fall by compiled loops: what is read of its utilities, and the same options as by numpy."""

from __future__ import annotations

import numpy as np
import pytest

from helpers.engines import needs_numba, world_of
from irregsim.inference.posterior import prior_draws
from irregsim.model import chance, compiled
from irregsim.model.engine import Selection


def returns_one_row(who, at, offer):
    return at.stay_utility - 0.1 * who.months_in_strategy


def has_a_row_too_few(who, at, offer):
    out = np.full((2, len(who)), -np.inf)
    out[0] = at.stay_utility * who.is_female
    return out


def fills_by_month(who, at, offer):
    out = np.full((3, len(who)), -np.inf)
    out[int(at.interactions)] = at.stay_utility * who.is_female
    return out


def fills_under_a_condition(who, at, offer):
    out = np.full((3, len(who)), -np.inf)
    if at.interactions:
        out[0] = at.stay_utility * who.is_female
    return out


def adds_to_a_row(who, at, offer):
    out = np.full((3, len(who)), -np.inf)
    out[0] += at.stay_utility * who.is_female
    return out


class OwnChoice(Selection):
    """A choice of one's own."""

    name = "own_choice"
    step = 7
    options = ("choice_stay", "choice_work", "choice_onward")

    def __init__(self, function):
        self.function = function

    @property
    def utilities(self):
        return self.function


@pytest.mark.parametrize(
    ("utilities", "words"),
    [
        (returns_one_row, "returns no table with a row for each option"),
        (has_a_row_too_few, "returns no table with a row for each option"),
        (fills_by_month, "is not the same in every month"),
        (fills_under_a_condition, "writes into an array that is in use"),
        (adds_to_a_row, "is not a form"),
    ],
)
def test_utilities_of_another_form_are_refused_by_name(utilities, words):
    assert words in compiled.readable([OwnChoice(utilities)])["own_choice"]["utilities"]


@needs_numba
@pytest.mark.slow
@pytest.mark.parametrize("scenario", ["baseline", "package-restrictive"])
@pytest.mark.parametrize("number", range(2))
def test_every_choice_from_free_fall_is_the_same(engine, monkeypatch, scenario, number):
    from irregsim.model.compiled import chooser

    asked = []
    engine("compiled")
    monkeypatch.setattr(chooser.twin, "is_verifying", lambda: asked.append(1) or True)
    world_of(scenario, prior_draws(2)[number], seed=number, months=264, scale=0.2)
    assert len(asked) == 264


@needs_numba
def test_a_wrong_choice_is_found(engine, monkeypatch):
    from irregsim.model.compiled import chooser, twin

    engine("compiled")
    monkeypatch.setattr(chooser, "choose", lambda weights, uniforms: chance.choose(weights**2, uniforms))
    with pytest.raises(AssertionError, match=r"choice, month \d+: \d+ of \d+ choices differ"), twin.verifying():
        world_of(months=6)
