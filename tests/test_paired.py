"""Two worlds in step: each side is the model of its scenario, person by person, and one world while they may be one."""

from __future__ import annotations

import itertools
import pickle
import threading
import time
from collections import Counter
from functools import cache
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.lever_cases import CASES, Case, filled
from irregsim.agents import Beginnings, IrregularMigrationModel, PairedModel
from irregsim.agents.paired import LockedCollector
from irregsim.model import simulate
from irregsim.model.draws import Draws
from irregsim.model.history import History, WatchedHistory
from irregsim.model.parameters import point_draw
from irregsim.model.population import COLUMNS, person_code
from irregsim.model.values import Values
from irregsim.model.world import World
from irregsim.scenario import Scenario, diff_rows, load_scenario, shipped_scenarios
from irregsim.vocabulary.codes import INFLOW, STATE_CODES, Exit, Strategy, month_number, month_text

SCALE = 0.02
END = "2012-08"
NO_STAY = "levers.reception_centres.stay_after_rejection=[{from: 2012-03, value: false}]"
FINES = "levers.fines.employer_base_nok=[{from: 2012-03, value: 900000}]"
SHELTER = "levers.municipal.shelter={Oslo: [{from: 2012-05, value: 400}]}"

#: Worlds at the end of the burn-in, made once for the tests that do not look at how they are made.
BEGUN = Beginnings(40)


@cache
def read(*overrides: str, end: str = END) -> Scenario:
    """The baseline with some settings, to an end."""
    return load_scenario("baseline", overrides=overrides, end=end)


BASELINE = read()
CLOSED = read(NO_STAY)


def paired(scenario: Scenario, reference: Scenario = BASELINE, **arguments) -> PairedModel:
    arguments = {"scale": SCALE, "draws": "point", "beginnings": BEGUN, **arguments}
    return PairedModel(scenario, reference, **arguments)


def alone(scenario: Scenario, **arguments) -> IrregularMigrationModel:
    """The model of one scenario, with no other beside it."""
    return IrregularMigrationModel(scenario, **{"scale": SCALE, "draws": "point", **arguments})


def run(model: IrregularMigrationModel, months: int) -> IrregularMigrationModel:
    for _ in range(months):
        model.step()
    return model


class Walk:
    """States of a model of one scenario, by the number of steps; it is walked once for all tests."""

    def __init__(self, scenario: Scenario) -> None:
        self.model = alone(scenario)
        self.states = [state_of(self.model.world)]

    def at(self, steps: int) -> dict[str, np.ndarray]:
        while len(self.states) <= steps:
            self.model.step()
            self.states.append(state_of(self.model.world))
        return self.states[steps]


@cache
def walk(*overrides: str) -> Walk:
    return Walk(read(*overrides))


def alone_at(steps: int, *overrides: str) -> dict[str, np.ndarray]:
    """State of the model of one scenario, with no other beside it, after some months."""
    return walk(*overrides).at(steps)


def state_of(world: World) -> dict[str, np.ndarray]:
    """Everything that changes: persons in the order of their identity, registries, learning, history."""
    p, h = world.population, world.history
    order = np.argsort(p.person_id)
    out = {name: getattr(p, name)[order] for name in COLUMNS if name != "guardian"}
    guardian = p.guardian[order]
    out["guardian_id"] = np.where(guardian >= 0, p.person_id[guardian], np.uint64(0))
    for part in ("employers", "centres"):
        for name, value in vars(getattr(world, part)).items():
            if isinstance(value, np.ndarray):
                out[f"{part}.{name}"] = value.copy()
    for name, value in vars(world).items():
        if isinstance(value, np.ndarray):
            out[name] = value.copy()
    until = world.month + 1
    for name in ("stocks", "by_country", "duty_in_centres", "dublin_in_centres", "side", "outcomes"):
        out[f"history.{name}"] = getattr(h, name)[:until].copy()
    for kind, table in (("flows", h.flow_counts()), ("registers", h.register_counts())):
        # What is written down later depends on the end of the scenario.
        keep = table["month"] < until
        out |= {f"{kind}.{name}": values[keep] for name, values in table.items()}
    out |= {f"groups.{year}": table.copy() for year, table in h.groups.items()}
    out |= {f"binding.{name}": table[:until].copy() for name, table in h.binding.items()}
    out["month"] = np.array(world.month)
    return out


def unlike(one: World | dict, other: World | dict) -> list[str]:
    """Names of what differs between two states."""
    a, b = (state_of(side) if isinstance(side, World) else side for side in (one, other))
    return sorted(name for name in a.keys() | b.keys() if not np.array_equal(a.get(name), b.get(name)))


# -- each side is the model of its scenario ----------------------------------------------------------------------


def test_both_sides_are_the_models_of_their_scenarios():
    """Of another seed, replicate, size and draw than all other tests."""
    arguments = {
        "seed": 7,
        "replicate": 2,
        "scale": 0.03,
        "draw": {**point_draw(), "host_fatigue": 0.9},
        "draws": None,
    }
    scenario = read(SHELTER, FINES)
    model = paired(scenario, **arguments)
    one, other = alone(scenario, **arguments), alone(BASELINE, **arguments)
    assert model.parts_at == month_number("2012-03")
    for month in range(month_number("2012-01"), month_number("2012-07")):
        for mine in (model, one, other):
            mine.step()
        assert (model.world.month, model.reference_world.month) == (month, month)
        assert unlike(model.world, one.world) == [], month_text(month)
        assert unlike(model.reference_world, other.world) == [], month_text(month)
        assert model.has_parted == (model.world is not model.reference_world) == (month >= month_number("2012-03"))
    assert unlike(model.world, model.reference_world) != [], "the scenario acts, so this test can tell two worlds apart"


def test_it_is_one_world_until_the_first_difference_and_two_from_then_on():
    model = paired(CLOSED)
    parting = month_number("2012-03")
    assert model.parts_at == parting
    for steps in range(1, 6):
        model.step()
        month = model.world.month
        assert model.has_parted == (model.world is not model.reference_world) == (month >= parting), month_text(month)
        assert unlike(model.world, alone_at(steps, NO_STAY)) == [], month_text(month)
        assert unlike(model.reference_world, alone_at(steps)) == [], month_text(month)
        assert bool(unlike(model.world, model.reference_world)) == model.has_parted, "it acts at once"


def test_nothing_differs_before_the_first_difference():
    model = run(paired(CLOSED), 5)
    parting = month_number("2012-03")
    one, other = model.world.history, model.reference_world.history
    for name in ("stocks", "by_country", "side", "outcomes"):
        assert np.array_equal(getattr(one, name)[:parting], getattr(other, name)[:parting]), name
    for a, b in ((one.flow_counts(), other.flow_counts()), (one.register_counts(), other.register_counts())):
        for name in a:
            assert np.array_equal(a[name][a["month"] < parting], b[name][b["month"] < parting]), name
    assert not np.array_equal(one.stocks[parting], other.stocks[parting]), "it acts at once"


def test_the_model_and_its_data_show_the_scenario():
    pandas = pytest.importorskip("pandas")
    walk(NO_STAY).at(5)
    model, one = run(paired(CLOSED), 5), walk(NO_STAY).model
    pandas.testing.assert_frame_equal(
        model.datacollector.get_model_vars_dataframe(), one.datacollector.get_model_vars_dataframe().head(5)
    )
    assert {a.person for a in model.migrants} == {
        person_code(int(number)) for number in model.world.population.person_id[model.world.population.is_here]
    }
    synlig = int((model.reference_world.population.strategy == Strategy.SYNLIG).sum())
    assert model.stock(Strategy.SYNLIG) < synlig


def test_a_scenario_that_never_differs_keeps_one_world_to_the_end():
    model = paired(BASELINE, load_scenario("baseline", end=END))
    assert model.parts_at is None
    while model.running:
        model.step()
        assert model.world is model.reference_world
    assert (model.month, model.steps) == (END, 8)
    before = state_of(model.world)
    model.step()
    assert (model.month, model.steps, model.running) == (END, 8, False)
    assert unlike(before, model.world) == []
    assert unlike(model.world, alone_at(8)) == []


def test_after_the_last_month_no_side_goes_on():
    model = run(paired(CLOSED), 8)
    assert not model.running
    before = state_of(model.world), state_of(model.reference_world)
    model.step()
    assert (unlike(before[0], model.world), unlike(before[1], model.reference_world)) == ([], [])
    assert model.reference_world.month == model.world.month == month_number(END)


def test_without_a_reference_the_scenario_is_its_own():
    model = PairedModel(CLOSED, scale=SCALE, draws="point", beginnings=BEGUN)
    assert model.reference is model.resolved
    assert model.parts_at is None


@pytest.mark.parametrize(
    "override",
    [
        "assumptions.interactions=false",
        "assumptions.response.departure_from_hardship=3",
    ],
)
def test_settings_hold_throughout_so_the_worlds_differ_from_the_beginning(override):
    model = paired(read(override))
    assert model.parts_at == 0
    assert model.has_parted, "before the first month shown"
    assert unlike(model.world, alone_at(0, override)) == []
    assert unlike(model.world, model.reference_world) != []
    run(model, 2)
    assert unlike(model.world, alone_at(2, override)) == []
    assert unlike(model.reference_world, alone_at(2)) == []


# -- the first month shown ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("start", ["2012-03", "2012-07"])
def test_a_later_start_is_the_same_as_stepping_there(start):
    months = month_number(start) - month_number("2012-01")
    model = paired(CLOSED, start=start)
    assert (model.first, model.steps) == (month_number(start), 0)
    assert model.month == month_text(model.first - 1)
    assert model.has_parted == (start > "2012-03"), "the two differ in 2012-03"
    for steps in (months, months + 1, months + 2):
        assert unlike(model.world, alone_at(steps, NO_STAY)) == []
        assert unlike(model.reference_world, alone_at(steps)) == []
        model.step()
    assert model.has_parted
    assert model.running == (start == "2012-03"), "2012-08 is the last month"


@pytest.mark.parametrize("start", ["2011-12", "2012-09", "2012-13", "now"])
def test_a_start_outside_the_period_is_refused(start):
    with pytest.raises(ValueError, match=start):
        paired(CLOSED, start=start)


def test_the_refusal_says_which_months_there_are():
    with pytest.raises(ValueError, match="give a month from 2012-01 to 2012-08"):
        paired(CLOSED, start="2013-01")


def test_different_periods_are_refused():
    with pytest.raises(ValueError, match="baseline and baseline have different periods"):
        paired(read(end="2012-07"))


# -- changes while it runs ---------------------------------------------------------------------------------------


def changed_at(month: str, value: float = 900000) -> str:
    return f"levers.fines.employer_base_nok=[{{from: {month}, value: {value}}}]"


@pytest.mark.parametrize("steps", [0, 1, 4], ids=["before the first month", "before the parting", "after the parting"])
@pytest.mark.parametrize("side", ["scenario", "reference", "both"])
def test_a_change_from_next_month_on_gives_the_lives_of_a_model_made_with_it(steps, side):
    change = changed_at(month_text(month_number("2012-01") + steps))
    scenario = read(NO_STAY, change) if side != "reference" else CLOSED
    reference = read(change) if side != "scenario" else BASELINE
    model = run(paired(CLOSED), steps)
    changes = model.changes
    assert model.change(scenario, None if side == "scenario" else reference) is True
    assert (model.resolved, model.reference) == (scenario, reference)
    assert model.changes > changes, "views are renewed"
    fresh = run(paired(scenario, reference), steps)
    assert model.parts_at == fresh.parts_at
    for _ in range(3):
        model.step()
        fresh.step()
        assert unlike(model.world, fresh.world) == [], model.month
        assert unlike(model.reference_world, fresh.reference_world) == [], model.month
        assert model.has_parted == fresh.has_parted
    if side != "reference":
        assert unlike(model.world, alone_at(steps + 3, NO_STAY)) != [], "the change acts"


def test_a_change_can_make_one_world_two_and_keep_two_from_parting():
    model = run(paired(BASELINE), 1)
    assert model.parts_at is None
    assert model.change(CLOSED)
    assert model.parts_at == month_number("2012-03")
    assert model.change(BASELINE)
    assert model.parts_at is None
    run(model, 3)
    assert not model.has_parted
    assert unlike(model.world, alone_at(4)) == []


def test_two_sides_that_parted_stay_two_though_their_future_is_the_same():
    back = "levers.reception_centres.stay_after_rejection=[{from: 2012-03, value: false}, {from: 2012-05, value: true}]"
    model = run(paired(CLOSED), 4)
    assert model.change(read(back))
    run(model, 2)
    assert model.has_parted
    assert unlike(model.world, alone_at(6, back)) == []


@pytest.mark.parametrize(
    ("steps", "changes"),
    [
        (1, {"scenario": (NO_STAY, changed_at("2012-01"))}),
        (4, {"scenario": (NO_STAY, changed_at("2012-01"))}),
        (1, {"reference": (changed_at("2012-01"),)}),
        (4, {"reference": (changed_at("2012-04"),)}),
        (4, {"scenario": (NO_STAY, "assumptions.interactions=false")}),
        (1, {"reference": ("assumptions.response.return_risk=1",)}),
        (1, {"scenario": (NO_STAY,), "end": "2012-07"}),
        (4, {"reference": (), "end": "2012-07"}),
    ],
)
def test_a_change_of_the_past_or_of_the_period_is_refused_and_changes_nothing(steps, changes):
    model = run(paired(CLOSED), steps)
    held = dict(vars(model))
    values = model.world.values, model.reference_world.values
    before = state_of(model.world), state_of(model.reference_world)
    end = changes.get("end", END)
    scenario = read(*changes["scenario"], end=end) if "scenario" in changes else CLOSED
    reference = read(*changes["reference"], end=end) if "reference" in changes else None
    assert model.change(scenario, reference) is False
    assert {name for name, value in vars(model).items() if value is not held[name]} == set()
    assert (model.world.values, model.reference_world.values) == values
    assert (unlike(before[0], model.world), unlike(before[1], model.reference_world)) == ([], [])
    run(model, 2)
    assert unlike(model.world, alone_at(steps + 2, NO_STAY)) == []


@pytest.mark.parametrize(("month", "goes_on"), [("2012-01", False), ("2012-02", False), ("2012-03", True)])
def test_the_month_that_ran_last_is_past_and_the_next_is_not(month, goes_on):
    model = run(paired(BASELINE), 2)
    assert model.change(read(changed_at(month))) is goes_on
    assert model.change(BASELINE, read(changed_at(month))) is goes_on


# -- what belongs to Mesa's shell and holds here too -------------------------------------------------------------


@pytest.mark.parametrize("opened", [0, 1, 2, 3])
def test_a_month_opened_stage_by_stage_gives_the_same_lives(opened):
    model = run(paired(CLOSED), opened)
    model.begin_month()
    model.end_month()
    for steps in (opened + 1, opened + 2):
        assert unlike(model.world, alone_at(steps, NO_STAY)) == [], model.month
        assert unlike(model.reference_world, alone_at(steps)) == [], model.month
        model.step()


EARLY = """\
schema: 1
name: early
title: {nb: Tidlig, en: Early}
description: From the first month of all.
extends: baseline
period: {start: 2009-01, end: 2009-12}
"""


# Begun under the reference's settings, news through ties would stay off.
def test_settings_that_differ_give_two_worlds_also_from_the_first_month_of_all(tmp_path):
    file = tmp_path / "early.yaml"
    file.write_text(EARLY, encoding="utf-8")
    reference, scenario = load_scenario(file, overrides=["assumptions.interactions=false"]), load_scenario(file)
    model, one = (made(scenario, *more) for made, more in ((paired, (reference,)), (alone, ())))
    assert model.parts_at == model.first == 0
    run(model, 12)
    run(one, 12)
    assert unlike(model.world, one.world) == []


# -- kept beginnings ---------------------------------------------------------------------------------------------


def test_two_models_from_one_kept_world_do_not_influence_each_other():
    first = run(paired(CLOSED), 4)
    second = paired(CLOSED)
    assert second.world is not first.world
    assert unlike(second.world, alone_at(0)) == [], "the kept world has not been stepped"
    run(second, 2)
    third = paired(BASELINE)
    assert unlike(third.world, alone_at(0)) == []
    run(third, 1)
    run(second, 2)
    assert unlike(first.world, alone_at(4, NO_STAY)) == []
    assert unlike(second.world, alone_at(4, NO_STAY)) == []
    assert unlike(third.world, alone_at(1)) == []
    spells = [sum(len(ids) for ids in model.world.history.spells.person) for model in (first, second)]
    assert spells[0] == spells[1] > 0


class Asked(BaseException):
    """The key of a beginning, before anything is simulated."""


class Listening(Beginnings):
    def world(self, key, values, make, kept=None):
        raise Asked(key)


def key_of(scenario: Scenario, **arguments) -> str:
    """The key under which the world before the first month of a scenario is kept."""
    arguments = {"scale": SCALE, "draws": "point", "seed": 1, "beginnings": Listening(), **arguments}
    with pytest.raises(Asked) as asked:
        PairedModel(scenario, scenario, **arguments)
    return str(asked.value)


SCENARIOS = {
    "baseline": read(end="2013-12"),
    "lever in 2012-03": read(NO_STAY, end="2013-12"),
    "lever in 2012-05": read(SHELTER, end="2013-12"),
    "lever in 2013": read(changed_at("2013-02"), end="2013-12"),
    "rejections of 2012": read("assumptions.asylum_rejections_per_year={2012: 50}", end="2013-12"),
    "rejections of 2013": read("assumptions.asylum_rejections_per_year={2013: 50}", end="2013-12"),
    "scheme in 2012-06": read("levers.regularisation=[{from: 2012-06, min_years: 1}]", end="2013-12"),
    "scheme in 2013": read("levers.regularisation=[{from: 2013-06, min_years: 1}]", end="2013-12"),
    "agreement in 2012-04": read(
        "levers.return_agreements=[{country: Eritrea, from: 2012-04, effectiveness: 1}]", end="2013-12"
    ),
    "no interactions": read("assumptions.interactions=false", end="2013-12"),
    "response": read("assumptions.response.return_risk=1", end="2013-12"),
}
STARTS = ["2012-01", "2012-03", "2012-04", "2012-06", "2013-01", "2013-03"]
OTHER_DRAW = {**point_draw(), "host_fatigue": 0.9}


def test_the_key_tells_apart_values_of_the_past_and_none_of_the_future():
    keys = {(name, start): key_of(scenario, start=start) for name, scenario in SCENARIOS.items() for start in STARTS}
    for (one, start), (other, other_start) in itertools.product(keys, repeat=2):
        differs = SCENARIOS[one].levers.first_difference(SCENARIOS[other].levers)
        # Rejections are stated by the year, so those of a year that has begun count from its first month.
        same = start == other_start and (differs is None or differs >= month_number(start))
        assert (keys[one, start] == keys[other, other_start]) == same, (one, start, other, other_start)


@pytest.mark.parametrize(
    "other",
    [
        {"seed": 2},
        {"replicate": 1},
        {"scale": 0.01},
        {"start": "2012-03"},
        {"draw": OTHER_DRAW, "draws": None},
    ],
)
def test_anything_else_that_decides_the_world_gives_another_key(other):
    assert key_of(BASELINE, **other) != key_of(BASELINE)
    assert key_of(BASELINE, **other) == key_of(BASELINE, **other)


def test_another_model_of_a_month_gives_another_key():
    class Shorter(PairedModel):
        parts = PairedModel.parts[:-1]

    with pytest.raises(Asked) as asked:
        Shorter(BASELINE, BASELINE, scale=SCALE, draws="point", seed=1, beginnings=Listening())
    assert str(asked.value) != key_of(BASELINE)


def test_a_world_that_is_kept_for_one_scenario_goes_on_under_the_values_of_another():
    paired(BASELINE)
    model = paired(CLOSED, CLOSED)
    assert model.world.values.levers is CLOSED.levers
    assert unlike(run(model, 4).world, alone_at(4, NO_STAY)) == []


VALUES = Values(BASELINE.levers, point_draw(), 0.001)


def small() -> World:
    return simulate.start(VALUES, Draws(1, 0))


def test_at_most_so_many_are_kept_and_the_least_recently_used_goes_first():
    kept, made = Beginnings(2), Counter()

    def ask(key):
        def make():
            made[key] += 1
            return small()

        return kept.world(key, VALUES, make)

    for key in ("a", "b", "a"):
        ask(key)
    assert made == {"a": 1, "b": 1}
    ask("c")  # b goes
    ask("a")
    assert made == {"a": 1, "b": 1, "c": 1}
    ask("b")  # c goes
    ask("a")
    assert made == {"a": 1, "b": 2, "c": 1}
    ask("c")
    assert made["c"] == 2


def test_each_gets_a_copy_under_its_own_values():
    kept, other = Beginnings(), Values(CLOSED.levers, point_draw(), 0.001)
    one = kept.world("a", VALUES, small)
    two = kept.world("a", other, small)
    assert one is not two
    assert (one.values, two.values) == (VALUES, other)
    assert one.population is not two.population
    simulate.advance_month(one)
    assert (one.month, two.month, kept.world("a", VALUES, small).month) == (0, -1, -1)


def test_a_world_that_two_ask_for_at_once_is_made_once():
    kept, made, found = Beginnings(), [], {}
    begun, may_end = threading.Event(), threading.Event()

    def make():
        made.append(threading.current_thread().name)
        begun.set()
        assert may_end.wait(20)
        return small()

    def ask(name):
        found[name] = kept.world("a", VALUES, make)

    threads = [threading.Thread(target=ask, args=(name,), name=name) for name in ("one", "two")]
    threads[0].start()
    assert begun.wait(20)
    threads[1].start()
    # Another world is not held up by it.
    assert kept.world("b", VALUES, small).month == -1
    assert found == {}
    may_end.set()
    for thread in threads:
        thread.join(20)
    assert made == ["one"]
    assert found["one"] is not found["two"]
    assert unlike(found["one"], found["two"]) == []


def test_a_world_can_be_made_in_another_process():
    """What is handed over and what comes back can travel, and nothing is lost on the way."""
    kept, made = Beginnings(), []

    def elsewhere(make):
        there = pickle.loads(pickle.dumps(make))
        made.append(make)
        return pickle.loads(pickle.dumps(there()))

    kept.elsewhere = elsewhere
    model = paired(CLOSED, beginnings=kept)
    assert len(made) == 1
    assert unlike(model.world, alone_at(0)) == []
    run(model, 4)
    assert unlike(model.world, alone_at(4, NO_STAY)) == []
    assert unlike(model.reference_world, alone_at(4)) == []
    paired(CLOSED, beginnings=kept)
    assert len(made) == 1


def test_a_beginning_is_kept_on_disk_and_goes_on_as_if_it_had_been_simulated(tmp_path, monkeypatch):
    monkeypatch.setenv("IRREGSIM_CACHE", str(tmp_path))
    paired(CLOSED, beginnings=Beginnings())
    assert [path.parent.name for path in tmp_path.rglob("*.run-up")] == ["run-ups"]

    def again(make):
        raise AssertionError("simulated again")

    there = Beginnings()
    there.elsewhere = again
    model = run(paired(CLOSED, beginnings=there), 4)
    assert unlike(model.world, alone_at(4, NO_STAY)) == []
    assert unlike(model.reference_world, alone_at(4)) == []
    moves = run(alone(CLOSED), 4).world.history.moves_by_month()
    assert np.array_equal(model.world.history.moves_by_month(), moves) and moves.any()


def test_a_beginning_of_another_model_is_kept_nowhere(tmp_path, monkeypatch):
    monkeypatch.setenv("IRREGSIM_CACHE", str(tmp_path))

    class Shorter(PairedModel):
        parts = PairedModel.parts[:-1]

    Shorter(BASELINE, BASELINE, scale=0.001, draws="point", beginnings=Beginnings())
    assert list(tmp_path.rglob("*.run-up")) == []


def test_too_many_persons_in_a_kept_beginning_are_refused_too(tmp_path, monkeypatch):
    monkeypatch.setenv("IRREGSIM_CACHE", str(tmp_path))
    monkeypatch.setattr(PairedModel, "most_persons", None)
    here = paired(BASELINE, beginnings=Beginnings()).persons
    monkeypatch.setattr(PairedModel, "most_persons", here - 1)
    with pytest.raises(simulate.TooManyPersons, match=f"{here} persons, more than {here - 1}"):
        paired(BASELINE, beginnings=Beginnings())


def test_a_world_that_could_not_be_made_is_asked_for_anew():
    kept = Beginnings()

    def fails():
        raise MemoryError

    for _ in range(2):
        with pytest.raises(MemoryError):
            kept.world("a", VALUES, fails)
    assert kept.world("a", VALUES, small).month == -1


# -- reading from another thread ---------------------------------------------------------------------------------


def slowly(model) -> int:
    """The month, after a while in which another thread may come between."""
    time.sleep(0.0005)
    return model.world.month


class Slow(PairedModel):
    """Collects slowly, so that a reader finds it in the middle if it can."""

    def reporters(self):
        return {"a": lambda model: model.world.month, "b": slowly, "c": slowly, "d": slowly}


def reading(read_once, errors: list[str], until: threading.Event) -> threading.Thread:
    def work():
        while not until.is_set():
            try:
                read_once()
            except Exception as error:
                errors.append(f"{type(error).__name__}: {error}")
                return
            time.sleep(0)

    thread = threading.Thread(target=work)
    thread.start()
    return thread


def test_data_read_while_another_thread_steps_have_columns_of_one_length():
    pytest.importorskip("pandas")
    baseline = load_scenario("baseline", end="2028-12")
    model = Slow(baseline, baseline, scale=0.001, draws="point", beginnings=BEGUN)
    errors, lengths, done = [], set(), threading.Event()

    def read_once():
        frame = model.datacollector.get_model_vars_dataframe()
        lengths.add(len(frame))
        assert len(frame) == 0 or frame["a"].tolist() == frame["d"].tolist()

    thread = reading(read_once, errors, done)
    run(model, 200)
    done.set()
    thread.join(20)
    assert errors == []
    assert len(lengths) > 2, "it was read while it ran"
    assert len(model.datacollector.get_model_vars_dataframe()) == 200


def test_a_collector_can_be_read_while_it_collects_whoever_makes_it_collect():
    """Without a model that holds the lock for the whole month."""
    model = SimpleNamespace(world=SimpleNamespace(month=3), steps=0, _steps=0, time=0.0)
    collector = LockedCollector(threading.RLock(), {"a": lambda model: 1, "b": slowly, "c": slowly})
    errors, done = [], threading.Event()
    thread = reading(collector.get_model_vars_dataframe, errors, done)
    for _ in range(60):
        collector.collect(model)
    done.set()
    thread.join(20)
    assert errors == []
    assert len(collector.get_model_vars_dataframe()) == 60


def test_both_worlds_are_of_one_month_for_whoever_looks_from_another_thread():
    scenario = load_scenario("baseline", end="2014-12", overrides=[NO_STAY])
    reference = load_scenario("baseline", end="2014-12")
    model = paired(scenario, reference, scale=0.001)
    run(model, 3)
    errors, seen, done = [], set(), threading.Event()

    def read_once():
        months = model.look(lambda reference, scenario: (reference.month, scenario.month))
        seen.add(months)
        assert months[0] == months[1]

    thread = reading(read_once, errors, done)
    run(model, 30)
    done.set()
    thread.join(20)
    assert errors == []
    assert len(seen) > 2, "it was looked at while it ran"


def test_a_look_is_given_the_reference_first():
    model = run(paired(CLOSED), 3)
    assert model.look(lambda reference, scenario: (reference, scenario)) == (model.reference_world, model.world)


# -- the first difference of two sets of levers ------------------------------------------------------------------


def told_first(one: Scenario, other: Scenario) -> int | None:
    """First month in which `irregsim diff` tells a difference."""
    return min((month_number(row["from"]) for row in diff_rows([one, other]) if row["from"]), default=None)


def test_the_first_difference_of_every_shipped_scenario_is_the_first_that_is_told():
    # To a month after the last of them begins.
    loaded = {name: load_scenario(name, end="2023-08") for name in shipped_scenarios()}
    baseline = loaded.pop("baseline")
    told: dict[str, int] = {}
    for row in diff_rows([baseline, *loaded.values()]):
        for name in loaded:
            if row[name] != row["baseline"]:
                told[name] = min(told.get(name, 1 << 20), month_number(row["from"]))
    assert set(told) == set(loaded), "every one changes something"
    assert len(set(told.values())) > 3
    for name, scenario in loaded.items():
        assert baseline.levers.first_difference(scenario.levers) == told[name], name
        assert scenario.levers.first_difference(baseline.levers) == told[name], name


#: Settings hold throughout, so they differ from month 0 on; `irregsim diff` tells them from the period's start.
SETTINGS = ("inflow_pull", "interactions", "response.")
DATED = {key: cases for key, cases in CASES.items() if not key.startswith(SETTINGS)}


def sides_of(case: Case, month: str, later: str, end: str) -> tuple[Scenario, Scenario]:
    """The baseline with the settings of a case: what it is compared with, and what it changes."""
    one, other = (
        read(*(filled(text, month, later) for text in settings_), end=end)
        for settings_ in (case.reference, case.changed)
    )
    return one, other


@pytest.mark.parametrize("key", sorted(DATED))
def test_the_first_difference_is_the_first_that_is_told(key):
    for case in DATED[key]:
        one, other = sides_of(case, "2012-05", "2012-07", "2012-09")
        found = one.levers.first_difference(other.levers)
        assert other.levers.first_difference(one.levers) == found
        # An end past the last month and a value that holds anyway are the same.
        assert (found is None) == (one.levers == other.levers)
        assert found == told_first(one, other)


@pytest.mark.parametrize("override", ["assumptions.interactions=false", "assumptions.response.return_risk=0"])
def test_settings_differ_from_the_first_month_of_all(override):
    assert read(override).levers.first_difference(BASELINE.levers) == 0
    assert read(override).levers.first_difference(read(override).levers) is None


@pytest.mark.parametrize(
    ("one", "other", "month"),
    [
        ((), (changed_at("2012-06"), SHELTER), "2012-05"),
        ((changed_at("2012-02"),), (changed_at("2012-02", 5), SHELTER), "2012-02"),
        ((SHELTER, "assumptions.asylum_rejections_per_year={2012: 1}"), (), "2012-01"),
        (
            ("levers.regularisation=[{from: 2012-03, min_years: 3}]",),
            ("levers.regularisation=[{from: 2012-03, min_years: 3}, {from: 2012-06, min_years: 1}]",),
            "2012-06",
        ),
        (
            ("levers.regularisation=[{from: 2012-03, min_years: 3}]",),
            ("levers.regularisation=[{from: 2012-06, min_years: 3}]",),
            "2012-03",
        ),
        (("levers.regularisation=[{from: 2012-06, min_years: 3}]",), (SHELTER,), "2012-05"),
    ],
)
def test_of_several_differences_the_earliest_counts(one, other, month):
    sides = read(*one), read(*other)
    assert sides[0].levers.first_difference(sides[1].levers) == month_number(month)
    assert sides[1].levers.first_difference(sides[0].levers) == month_number(month)
    assert told_first(*sides) == month_number(month)


def test_schemes_differ_once_one_of_them_has_ended():
    sides = [read(f"levers.regularisation=[{{from: 2012-02, {to}min_years: 3}}]") for to in ("", "to: 2012-06, ")]
    assert told_first(*sides) == month_number("2012-07")
    assert sides[0].levers.first_difference(sides[1].levers) == month_number("2012-07")


# -- moves added up month by month -------------------------------------------------------------------------------


def moves_from(history: WatchedHistory, month: int) -> np.ndarray:
    """The moves of a month from the whole record."""
    flows = history.flow_counts()
    now = flows["month"] == month
    out = np.zeros((STATE_CODES, STATE_CODES), dtype=np.int64)
    np.add.at(out, (flows["origin"][now], flows["destination"][now]), flows["persons"][now])
    return out


def test_the_moves_of_each_month_are_those_of_the_record():
    model = run(paired(CLOSED, scale=0.03), 5)
    for world in (model.world, model.reference_world):
        for month in range(world.month + 1):
            assert np.array_equal(world.history.moves(month), moves_from(world.history, month)), month_text(month)
        assert world.history.moves(world.month)[INFLOW].sum() > 0
    last = model.world.history.moves(model.world.month)
    assert [model.exits(exit) for exit in Exit] == last[:, list(Exit)].sum(axis=0).tolist()


states = st.sampled_from([*Strategy, INFLOW, *Exit])
many = st.lists(st.tuples(states, st.integers(0, 30)), max_size=5)


@given(st.lists(st.tuples(st.integers(0, 3), states, many, st.booleans()), max_size=6))
@settings(deadline=None)
def test_moves_add_up_however_they_are_recorded(calls):
    history = WatchedHistory(4)
    for month, origin, persons, plain in calls:
        destination = np.array([int(state) for state, _ in persons], dtype=np.int64)
        country = np.array([number for _, number in persons], dtype=np.int64)
        if plain:  # one destination for all
            destination = int(destination[0]) if len(destination) else int(origin)
        history.flow(month, 3, int(origin), destination, 1, np.full(len(country), 2), country)
    for month in range(4):
        assert np.array_equal(history.moves(month), moves_from(history, month))
    plain = History(4)
    plain.take_codes(history.codes())
    assert np.array_equal(plain.moves_by_month(), history.moves_by_month())
    assert np.array_equal(WatchedHistory.of(plain).moves_by_month(), history.moves_by_month())


def test_a_copy_of_the_moves_goes_its_own_way():
    country = np.array([1, 2])
    history = WatchedHistory(5, keep_spells=True, keep_expected=False)
    history.flow(0, 1, 6, 4, 0, 0, country)
    other = history.copy(9)
    assert (other.months, other.keep_expected) == (9, False)
    assert other.spells is not None
    assert np.array_equal(other.moves(0), history.moves(0))
    assert other.moves(0)[6, 4] == 2
    other.flow(0, 1, 4, 1, 0, 0, country)
    other.flow(1, 1, 4, 1, 0, 0, country)
    history.flow(1, 1, 4, 2, 0, 0, country[:1])
    assert (history.moves(0)[4, 1], history.moves(1)[4, 1], history.moves(1)[4, 2]) == (0, 0, 1)
    assert (other.moves(0)[4, 1], other.moves(1)[4, 1], other.moves(1)[4, 2]) == (2, 2, 0)
    for one in (history, other):
        for month in (0, 1, 2):
            assert np.array_equal(one.moves(month), moves_from(one, month))
