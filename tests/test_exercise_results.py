"""What a page knows of the exercises that were run: the table that stays, and all of it in percent of the reference."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from irregsim.vocabulary.disclosure import PERCENT
from irregsim.workshop import results as results_module
from irregsim.workshop.exercises import PLACE, material, texts_of
from irregsim.workshop.live.followed import is_counted
from irregsim.workshop.results import MOST_OWN, Results
from irregsim.workshop.set_up import exercise_of, set_up, stored_band, variant_of
from irregsim.workshop.settings import Settings
from irregsim.workshop.stored_runs import stored

pytestmark = pytest.mark.once

FINES = material().exercise("fines")


class Runs:
    """A run whose outcomes have made-up changes; counts how often it is read."""

    def __init__(self, change: float) -> None:
        self.change, self.read = change, 0

    def __call__(self):
        self.read += 1
        return SimpleNamespace(until=lambda month: self)


@pytest.fixture(autouse=True)
def made_up(monkeypatch):
    def outcome(pair, name, city, *, relative):
        assert relative, "everything in an exercise is in percent"
        return SimpleNamespace(difference=np.array([0.0, pair.change]))

    monkeypatch.setattr(results_module, "outcome", outcome)


def test_variants_fill_one_table_that_stays_and_can_be_cleared():
    table = Results()
    for variant, change in ((0, -1.0), (3, -10.0)):
        settings, run = set_up(FINES, Settings(), variant), Runs(change)
        assert not table.take(settings, FINES.last - 1, run) and run.read == 0
        assert table.take(settings, FINES.last, run) and table.has(FINES, variant)
        assert not table.take(settings, FINES.last + 1, Runs(99.0)), "the same run is taken once"
    assert table.came["fines", "0|stock:arbeidende"] == -1.0
    assert table.came["fines", "3|stock:marginalisert"] == -10.0
    assert not table.has(FINES, 1) and table.has_any("fines") and not table.has_any("agreement")
    table.clear("agreement")
    assert len(table.came) == 3
    table.clear("fines")
    assert not table.came and not table.has_any("fines")


def test_a_run_with_own_changes_has_rows_of_its_own():
    table = Results()
    begun = set_up(FINES, Settings(), 3)
    for number in range(MOST_OWN + 2):
        own = begun.with_value("levers.controls.workplace_inspections", "", "2023-01", 1.5 + number / 10)
        assert exercise_of(own) == FINES and variant_of(FINES, own) is None
        assert stored_band(own, "stock:arbeidende") is None, "nothing is stored of it"
        assert table.take(own, FINES.last, Runs(-20.0 - number))
        assert not table.take(own, FINES.last, Runs(0.0))
    rows = table.own["fines"]
    assert len(rows) == MOST_OWN and rows[-1].values["stock:arbeidende"] == -20.0 - MOST_OWN - 1
    assert table.came == {}


def test_nothing_is_taken_where_no_exercise_was_set_up():
    table = Results()
    assert exercise_of(Settings()) is None and not table.take(Settings(), 300, Runs(1.0))
    begun = set_up(FINES, Settings(), 0)
    for other in (
        replace(begun, seed=1),
        replace(begun, start="2020-01"),
        replace(begun, reference_base="no-pandemic"),
    ):
        assert exercise_of(other) is None


def test_of_exercises_with_the_same_runs_the_open_one_comes_first():
    flips, ranks = material().exercise("sign-flips"), material().exercise("rank-policies")
    settings = set_up(flips, Settings(), 1)
    assert variant_of(ranks, settings) == 3, "this test needs two exercises that share a run"
    assert exercise_of(settings, "rank-policies") == ranks and exercise_of(settings, "sign-flips") == flips
    assert exercise_of(settings, "fines") in (flips, ranks)
    assert stored_band(settings, "stock:avhengig") is not None
    assert stored_band(settings, "outcome:roofless_person_months") is not None


def test_no_number_of_an_exercise_can_be_divided_by_another_to_a_level():
    """A count beside a part of the hidden population would give its size: so nothing in an exercise is a count."""
    counted = 0
    for exercise in material().exercises:
        for number in range(len(exercise.variants)):
            for key, effect in stored(exercise.id, number).effects.items():
                assert effect.unit == PERCENT, (exercise.id, key)
                assert effect.text("en").count("%") == 1
                counted += is_counted(key.partition("@")[0])
    assert counted > 10, "some of what the exercises follow is counted by agencies"
    for text in texts_of(material().exercises):
        for lang, words in text.texts.items():
            for match in PLACE.finditer(words):
                after = words[match.end() : match.end() + 12].lower()
                assert not after.lstrip(" ").startswith(("person", "prosent", "percent", "of the ref", "av ref")), (
                    text.key,
                    lang,
                )
