"""What a page of a class knows and does, without a browser: settings, rooms, more runs, and who may reach it."""

from __future__ import annotations

import importlib.metadata
import itertools
import os
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import fields, replace
from functools import partial
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pytest
from click.testing import CliRunner

from helpers.draw_sets import small_posterior
from irregsim.agents import Beginnings, PairedModel
from irregsim.cli import main
from irregsim.commands.run import WrongUse
from irregsim.inference import posterior
from irregsim.model.parameters import point_draw
from irregsim.model.population import Population
from irregsim.model.simulate import TooManyPersons
from irregsim.scenario import ScenarioError, diff_rows, load_scenario, scenario_text
from irregsim.scenario.levers import REGISTRY, By, Kind, find
from irregsim.study import forks
from irregsim.study.replicates import ReplicateError
from irregsim.study.workers import Elsewhere, in_order
from irregsim.vocabulary.codes import CITIES, DISTRICTS, Strategy, month_number, month_text
from irregsim.workshop import pace as pace_module
from irregsim.workshop import replicate_band as more_module
from irregsim.workshop import room as room_module
from irregsim.workshop.browser import serve as serving
from irregsim.workshop.browser.server import Server
from irregsim.workshop.browser.words import Say
from irregsim.workshop.exercises import Given, material
from irregsim.workshop.live.record import PANELS, Record
from irregsim.workshop.live.shown import Pair
from irregsim.workshop.replicate_band import More, pair_of
from irregsim.workshop.room import Room, RoomModel
from irregsim.workshop.settings import Change, Settings, load_file, places_of
from irregsim.workshop.stored_runs import pairs_of

pytestmark = pytest.mark.once

#: Seconds that a thread may take that has nothing to wait for.
SOON = 20

BASE_NOK = "levers.fines.employer_base_nok"
STAY = "levers.reception_centres.stay_after_rejection"
SHELTER = "levers.municipal.shelter"
DUBLIN = "assumptions.dublin_rate"


# -- settings ----------------------------------------------------------------------------------------------------


def assert_as_set(made: Settings, *overrides: str, base: str = "baseline", end: str | None = None) -> None:
    """Asserts that settings give the levers that ``--set`` gives."""
    assert made.scenario.levers == load_scenario(base, overrides=overrides, end=end).levers


@pytest.mark.parametrize("base", ["baseline", "fines-tripled", "package-humanitarian"])
@pytest.mark.parametrize(
    ("path", "place", "month", "value", "written"),
    [
        (BASE_NOK, "", "2021-03", 12345.5, "[{from: 2021-03, value: 12345.5}]"),
        (STAY, "", "2015-01", False, "[{from: 2015-01, value: false}]"),
        (SHELTER, "Bergen", "2020-02", 33, "{Bergen: [{from: 2020-02, value: 33}]}"),
        ("levers.municipal.health_model", "Oslo", "2022-01", "municipal_open",
         "{Oslo: [{from: 2022-01, value: municipal_open}]}"),
        ("levers.controls.identity_checks", "Øst", "2024-12", 3, "{Øst: [{from: 2024-12, value: 3}]}"),
        ("levers.reception_centres.capacity", "Trondheim", "2018-01", None,
         "{Trondheim: [{from: 2018-01, value: null}]}"),
        ("assumptions.pu_effort", "", "2025-01", 0, "[{from: 2025-01, value: 0}]"),
    ],
)  # fmt: skip
def test_a_value_is_what_the_command_line_would_set(base, path, place, month, value, written):
    made = Settings(base=base).with_value(path, place, month, value)
    assert_as_set(made, f"{path}={written}", base=base)
    assert made.changes
    assert made.value(find(path), place, month_number(month)) == value


@pytest.mark.parametrize(
    ("path", "whole", "written"),
    [
        ("levers.regularisation", [{"from": "2021-06", "min_years": 4}], "[{from: 2021-06, min_years: 4}]"),
        ("levers.return_agreements", [{"country": "Iran", "from": "2022-01", "effectiveness": 0.5}],
         "[{country: Iran, from: 2022-01, effectiveness: 0.5}]"),
        ("levers.reception_centres.close", [{"centre": "Trondheim", "on": "2020-05"}],
         "[{centre: Trondheim, on: 2020-05}]"),
        ("levers.employer_sanctions_directive",
         {"from": "2020-01", "back_pay_months": 3, "duty_to_check": True, "complaint_route": False},
         "{from: 2020-01, back_pay_months: 3, duty_to_check: true, complaint_route: false}"),
        ("assumptions.interactions", False, "false"),
        ("assumptions.response.return_risk", -1.5, "-1.5"),
        ("assumptions.asylum_rejections_per_year", {"2024": 100}, "{2024: 100}"),
        ("assumptions.pandemic", None, "null"),
    ],
)  # fmt: skip
def test_a_whole_is_what_the_command_line_would_set(path, whole, written):
    made = Settings().with_whole(path, whole)
    assert_as_set(made, f"{path}={written}")
    assert made.scenario.levers != Settings().scenario.levers
    assert_as_set(made.with_whole(path, whole), f"{path}={written}")
    assert_as_set(made.without(path))


def test_a_value_from_a_later_month_keeps_the_first():
    made = Settings().with_value(BASE_NOK, "", "2020-03", 1).with_value(BASE_NOK, "", "2022-05", 2)
    assert_as_set(made, f"{BASE_NOK}=[{{from: 2020-03, value: 1}}, {{from: 2022-05, value: 2}}]")
    third = made.with_value(BASE_NOK, "", "2023-01", 3)
    assert_as_set(third, f"{BASE_NOK}=[{{from: 2020-03, value: 1}}, {{from: 2022-05, value: 2}}, "
                         "{from: 2023-01, value: 3}]")  # fmt: skip


@pytest.mark.parametrize("month", ["2020-03", "2019-01"])
def test_a_value_from_an_earlier_or_the_same_month_replaces_what_came_after(month):
    made = Settings().with_value(BASE_NOK, "", "2020-03", 1).with_value(BASE_NOK, "", "2022-05", 2)
    assert_as_set(made.with_value(BASE_NOK, "", month, 3), f"{BASE_NOK}=[{{from: {month}, value: 3}}]")


def test_settings_are_replaced_and_never_changed():
    first = Settings()
    second = first.with_value(BASE_NOK, "", "2020-03", 1)
    third = second.with_value(BASE_NOK, "", "2021-03", 2)
    assert first == Settings()
    assert not first.changes
    assert dict(second.changes) == {(BASE_NOK, ""): Change((("2020-03", 1),))}
    assert third.without(BASE_NOK) == first
    with pytest.raises(TypeError):
        second.changes[BASE_NOK, ""] = Change()  # type: ignore[index]


def test_places_are_set_alone_or_all_alike():
    one = Settings().with_value(SHELTER, "Oslo", "2021-01", 7)
    assert_as_set(one, f"{SHELTER}={{Oslo: [{{from: 2021-01, value: 7}}]}}")
    every = one.with_value(SHELTER, "", "2022-01", 9)
    told = ", ".join(f"{city}: [{{from: 2022-01, value: 9}}]" for city in CITIES if city != "Oslo")
    assert_as_set(every, f"{SHELTER}={{Oslo: [{{from: 2021-01, value: 7}}, {{from: 2022-01, value: 9}}], {told}}}")
    assert_as_set(every.without(SHELTER, "Oslo"), f"{SHELTER}={{{told}}}")
    assert_as_set(every.without(SHELTER))
    two = one.with_value(BASE_NOK, "", "2021-01", 5)
    assert_as_set(two.without(SHELTER), f"{BASE_NOK}=[{{from: 2021-01, value: 5}}]")


def test_every_lever_with_places_knows_them():
    for lever in REGISTRY:
        expected = {By.CITY: CITIES, By.DISTRICT: DISTRICTS, By.NOTHING: ()}.get(lever.by)
        if expected is None:
            assert lever.by is By.CENTRE
            assert {"Oslo", "Trondheim", "Bergen"} < set(places_of(lever))
        else:
            assert places_of(lever) == expected


def test_assumptions_reach_the_reference_too_and_levers_do_not():
    made = (
        Settings(reference_base="fines-tripled")
        .with_value(DUBLIN, "", "2021-01", 2)
        .with_value(BASE_NOK, "", "2021-01", 5)
        .with_whole("assumptions.interactions", False)
    )
    assumed = (f"{DUBLIN}=[{{from: 2021-01, value: 2}}]", "assumptions.interactions=false")
    assert made.reference.levers == load_scenario("fines-tripled", overrides=assumed).levers
    assert_as_set(made, *assumed, f"{BASE_NOK}=[{{from: 2021-01, value: 5}}]")
    assert made.has_own_reference
    assert not Settings().with_value(BASE_NOK, "", "2021-01", 5).has_own_reference


def test_what_differs_is_told_as_the_command_tells_it():
    made = Settings().with_value(DUBLIN, "", "2021-01", 2).with_value(BASE_NOK, "", "2021-01", 5)
    # In two rows, since the reference has another fine from 2021-09 (U03).
    rows = [(row["key"], row["from"], row["to"], row["value"]) for row in made.differences]
    assert rows == [(BASE_NOK, "2021-01", "2021-08", "5"), (BASE_NOK, "2021-09", "2030-12", "5")]
    told = diff_rows([made.reference, made.scenario])
    assert [tuple(row.values()) for row in made.differences] == [tuple(row.values()) for row in told]


def test_the_command_line_goes_before_what_is_set_on_the_page():
    given = (f"{BASE_NOK}=[{{from: 2015-01, value: 1}}]", f"{DUBLIN}=[{{from: 2020-01, value: 3}}]")
    made = Settings(given=given, end="2025-06")
    assert_as_set(made, *given, end="2025-06")
    assert made.reference.levers == load_scenario("baseline", overrides=given[1:], end="2025-06").levers
    changed = made.with_value(BASE_NOK, "", "2021-01", 7)
    assert_as_set(changed, *given, f"{BASE_NOK}=[{{from: 2021-01, value: 7}}]", end="2025-06")
    assert changed.overrides()[:2] == given
    assert changed.has_own_reference, "an assumption was given"
    assert changed.without(BASE_NOK).scenario == made.scenario


@pytest.mark.parametrize(
    ("path", "place", "month", "value"),
    [
        (BASE_NOK, "", "2012-01", 10000),
        (BASE_NOK, "", "2019-01", 50000),
        ("levers.reception_centres.capacity", "Oslo", "2019-01", None),
        ("levers.municipal.nav_emergency_help", "", "2020-01", "rule_2014"),
        (STAY, "", "2030-12", True),
        ("assumptions.interactions", "", "2020-01", True),
        ("assumptions.response.return_risk", "", "2020-01", None),
    ],
)
def test_what_is_in_force_is_read_from_the_scenario(path, place, month, value):
    found = Settings().value(find(path), place, month_number(month))
    assert found == value
    assert isinstance(found, bool) == isinstance(value, bool)


def test_values_of_every_place_and_of_stated_years_are_read():
    made = Settings().with_value(SHELTER, "Bergen", "2021-03", 41)
    lever = find(SHELTER)
    column = made.scenario.levers.shelter_beds
    for month in (month_number("2021-02"), month_number("2021-03")):
        assert [made.value(lever, city, month) for city in CITIES] == column[month].tolist()
    assert made.value(lever, "Bergen", month_number("2021-03")) == 41
    stated = Settings().with_whole("assumptions.asylum_rejections_per_year", {"2024": 123})
    lever = find("assumptions.asylum_rejections_per_year")
    assert stated.value(lever, "", month_number("2024-06")) == 123
    assert stated.value(lever, "", month_number("2019-06")) is None


ROUND_TRIPS = {
    "nothing": Settings(),
    "an end": Settings(end="2025-12"),
    "another scenario with an end": Settings(base="fines-tripled", end="2026-03", seed=9),
    "a lever": Settings(base="fines-tripled", seed=77).with_value(BASE_NOK, "", "2024-02", 3),
    "places": Settings().with_value(SHELTER, "Oslo", "2021-01", 7).with_value(SHELTER, "", "2022-01", 9),
    "assumptions": Settings(reference_base="directive-with-complaint")
    .with_value(DUBLIN, "", "2021-01", 2)
    .with_whole("assumptions.asylum_rejections_per_year", {"2024": 123})
    .with_whole("assumptions.response.return_risk", 0.5),
    "entries": Settings(base="regularisation-2021").with_whole(
        "levers.regularisation", [{"from": "2025-01", "min_years": 3}]
    ),
    "given": Settings(given=(f"{BASE_NOK}=[{{from: 2015-01, value: 1}}]", "assumptions.interactions=false")),
}


@pytest.mark.parametrize("reference", [False, True], ids=["scenario", "reference"])
@pytest.mark.parametrize("name", ROUND_TRIPS)
def test_what_is_saved_is_what_is_set(tmp_path, name, reference):
    made = ROUND_TRIPS[name]
    wanted = made.reference if reference else made.scenario
    file = tmp_path / "saved.yaml"
    file.write_text(made.text("my-own", reference=reference), encoding="utf-8")
    again = load_scenario(file)
    assert again.levers == wanted.levers
    assert (again.name, again.start, again.end, again.seed) == ("my-own", wanted.start, wanted.end, made.seed)


def test_a_saved_file_can_be_loaded_and_saved_again(tmp_path):
    made = Settings(base="fines-tripled", seed=5, scale=0.1, start="2022-01").with_value(BASE_NOK, "", "2024-02", 3)
    file = tmp_path / "own.yaml"
    file.write_text(made.text(), encoding="utf-8")
    loaded = load_file(file, Settings(scale=0.1, start="2022-01"))
    assert (loaded.base, loaded.seed, loaded.start, loaded.scale) == (str(file), 5, "2022-01", 0.1)
    assert not loaded.changes
    assert loaded.scenario.levers == made.scenario.levers
    again = tmp_path / "again.yaml"
    again.write_text(loaded.text("again"), encoding="utf-8")
    assert load_scenario(again).levers == made.scenario.levers


def test_a_name_that_names_no_scenario_is_refused():
    with pytest.raises(ScenarioError):
        Settings().text("../x y")


HEAD = "schema: 1\nname: own\ntitle: {nb: Egen, en: Own. And more}\ndescription: For tests.\nextends: baseline\n"


def own_file(folder: Path, text: str = "", period: str = "{start: 2012-01, end: 2015-12}") -> Path:
    path = folder / "own.yaml"
    path.write_text(f"{HEAD}period: {period}\n{text}", encoding="utf-8")
    return path


def test_a_scenario_beyond_2050_is_refused(tmp_path):
    assert "2051-01 is after 2050-12" in refused(
        lambda: load_file(own_file(tmp_path, period="{start: 2012-01, end: 2051-01}"), Settings())
    )
    far = own_file(tmp_path, period="{start: 2012-01, end: 2050-12}")
    loaded = load_file(far, Settings(reference_base=str(far)))
    assert loaded.scenario.end == month_number("2050-12")


def refused(work: Callable[[], object]) -> str:
    with pytest.raises(ScenarioError) as caught:
        work()
    return str(caught.value)


@pytest.mark.parametrize("period", ["{start: 2015-01, end: 2020-12}", "{start: 2012-01, end: 2035-12}"])
def test_different_periods_are_refused(tmp_path, period):
    file = own_file(tmp_path, period=period)
    words = refused(lambda: load_file(file, Settings()))
    assert "is not that of the reference baseline" in words
    assert "give both the same" in words
    with pytest.raises(ScenarioError):
        Settings(base=str(file)).checked()


def test_the_reference_is_cut_to_an_earlier_end(tmp_path):
    loaded = load_file(own_file(tmp_path), Settings())
    assert loaded.reference.end == loaded.scenario.end == month_number("2015-12")
    assert loaded.reference.levers == load_scenario("baseline", end="2015-12").levers


@pytest.mark.parametrize(("before", "after"), [("2020-01", "2015-12"), ("2013-05", "2013-05"), ("2009-06", "2012-01")])
def test_a_loaded_file_brings_its_seed_and_the_start_is_kept_inside(tmp_path, before, after):
    file = own_file(tmp_path, "run: {replicates: 3, seed: 77}\n")
    old = Settings(start=before, seed=5, scale=0.2, draws="point").with_value(BASE_NOK, "", "2013-01", 1)
    new = load_file(file, old)
    assert (new.seed, new.start, new.scale, new.draws, dict(new.changes)) == (77, after, 0.2, "point", {})
    assert isinstance(new.changes, MappingProxyType)


def test_a_file_at_fault_is_refused_with_every_fault(tmp_path):
    file = own_file(tmp_path, "levers:\n  fines:\n    worker_nok: -1\n    employer_base: 5\n")
    with pytest.raises(ScenarioError) as caught:
        load_file(file, Settings())
    assert len(caught.value.faults) == 2


def test_a_value_that_no_file_may_say_is_refused():
    with pytest.raises(ScenarioError, match="outside 0 to 1"):
        Settings().with_value("levers.fines.documented_workdays_share", "", "2021-01", 40).checked()
    with pytest.raises(ScenarioError, match="2031-01"):
        Settings().with_value(BASE_NOK, "", "2031-01", 40).checked()


def test_titles_end_with_their_first_sentence(tmp_path):
    loaded = load_file(own_file(tmp_path), Settings())
    assert loaded.titles("en")[1] == "Own"
    assert loaded.titles("nb") == (load_scenario("baseline").title["nb"].partition(". ")[0], "Egen")


# -- rooms -------------------------------------------------------------------------------------------------------

TINY = {"scale": 0.01, "draws": "point", "start": "2012-01", "end": "2012-12"}
#: Worlds at the end of the burn-in, kept for all tests.
BEGUN = Beginnings(20)


def no_stay(settings: Settings, month: str = "2012-03") -> Settings:
    return settings.with_value(STAY, "", month, False)


def room_of(settings: Settings | None = None, **more) -> Room:
    return Room(settings or no_stay(Settings(**TINY)), BEGUN, **more)


def same_record(one: Record, other: Record) -> bool:
    for item in fields(Record):
        a, b = getattr(one, item.name), getattr(other, item.name)
        if not (np.array_equal(a, b) if isinstance(a, np.ndarray) else a == b):
            return False
    return True


def same_pair(one: Pair, other: Pair) -> bool:
    return (
        one.first == other.first
        and same_record(one.reference, other.reference)
        and same_record(one.scenario, other.scenario)
        and (one.reference is one.scenario) == (other.reference is other.scenario)
    )


def paired(settings: Settings, replicate: int = 0) -> PairedModel:
    """The model that a room makes, made without one."""
    return PairedModel(settings.scenario, settings.reference, start=settings.start, seed=settings.seed,
                       scale=settings.scale, draws=settings.draws, replicate=replicate, beginnings=BEGUN)  # fmt: skip


def pair_from(model: PairedModel, steps: int) -> Pair:
    for _ in range(steps):
        model.step()
    reference = Record.of(model.reference_world)
    return Pair(reference, Record.of(model.world) if model.has_parted else reference, model.first)


def test_a_room_makes_the_model_of_its_settings():
    room = room_of()
    assert room.model is None
    model = room.make()
    assert room.model is model
    assert isinstance(model, RoomModel)
    assert (model.month, model.first) == ("2011-12", month_number("2012-01"))
    for _ in range(4):
        model.step()
    assert model.has_parted
    assert same_pair(room.pair(), pair_from(paired(room.settings), 4))


def test_arguments_replace_settings():
    room = room_of()
    room.make(seed=3, start="2012-04")
    assert (room.settings.seed, room.settings.start, room.settings.scale) == (3, "2012-04", 0.01)
    assert (room.model.month, room.model.has_parted) == ("2012-03", True)


def test_what_is_seen_is_kept_until_a_month_runs():
    room = room_of()
    model = room.make()
    model.step()
    pair, seen, net = room.pair(), room.look(), room.network()
    assert room.pair() is pair
    assert room.look() is seen
    assert room.network() is net
    model.step()
    assert room.pair() is not pair
    assert room.pair().month == pair.month + 1
    assert room.look() is not seen
    assert room.look().month == seen.month + 1
    assert room.network() is not net
    room.make()
    assert room.pair().month == month_number("2011-12"), "of the new model"
    assert room.look().month == month_number("2011-12")


def test_nothing_is_kept_of_the_model_before():
    room = room_of()
    room.make()
    pair, seen, net = room.pair(), room.look(), room.network()
    room.make(seed=9)
    assert not same_pair(room.pair(), pair), "of another seed, after as many months"
    assert room.look() is not seen
    assert room.network() is not net
    assert same_pair(room.pair(), pair_from(paired(room.settings), 0))


def test_a_change_of_values_shows_at_once_what_is_there():
    room = room_of(Settings(**TINY))
    room.make().step()
    seen = room.look()
    assert room.set(no_stay)
    assert room.look() is not seen
    assert np.array_equal(room.look().reference.hidden, seen.reference.hidden)


def test_lives_and_outcomes_are_those_of_the_model():
    room = room_of()
    model = room.make()
    for _ in range(5):
        model.step()
    person = room.someone(2)
    assert room.someone(2) == person
    assert room.twin(person).person == person
    assert len(room.facts(person)) == 2
    assert room.facts(person)[1]["months"] >= 0
    assert room.facts(1) == (None, None)
    assert 0 < len(room.twins()) <= 12
    found = room.outcome("stock:synlig")
    assert found.months[-1] == model.world.month
    assert room.someone(0, Strategy.AVHENGIG) is not None


def test_a_change_from_the_next_month_goes_on():
    room = room_of(Settings(**TINY))
    model = room.make()
    assert room.next_month == "2012-01"
    for _ in range(2):
        model.step()
    assert room.next_month == "2012-03"
    assert room.set(no_stay) is True
    assert (room.problem, room.faults) == ("", ())
    assert room.settings == no_stay(Settings(**TINY))
    assert room.model is model
    for _ in range(2):
        model.step()
    assert same_pair(room.pair(), pair_from(paired(room.settings), 4))


def test_a_change_of_the_past_needs_a_new_beginning():
    room = room_of(Settings(**TINY))
    model = room.make()
    for _ in range(4):
        model.step()
    assert room.set(no_stay) is False
    assert (room.problem, room.faults) == ("needs_reset", ())
    assert room.settings == no_stay(Settings(**TINY)), "what was set stays set"
    assert room.model is model
    assert not model.has_parted
    again = room.make()
    assert room.problem == ""
    for _ in range(4):
        again.step()
    assert again.has_parted


def test_mesas_reset_begins_anew_as_make_does():
    room = room_of(Settings(**TINY))
    model = room.make()
    for _ in range(4):
        model.step()
    pair = room.pair()
    room.set(no_stay)
    assert room.problem == "needs_reset"
    again = RoomModel(room)  # as Mesa's controls do, with what they were given
    assert room.model is again
    assert (room.problem, room.more) == ("", None)
    assert room.pair() is not pair
    assert room.pair().month == month_number("2011-12")
    assert again.number != model.number


def test_what_is_at_fault_is_refused_and_nothing_changes():
    room = room_of(Settings(**TINY))
    model = room.make()
    model.step()
    before, changes = room.settings, model.changes
    assert room.set(lambda s: s.with_value("levers.fines.documented_workdays_share", "", "2012-05", 40)) is False
    assert room.problem == "refused"
    (fault,) = room.faults
    assert fault.startswith("levers.fines.documented_workdays_share[0].value: ")
    assert "outside 0 to 1" in fault
    assert room.settings is before
    assert model.changes == changes
    assert room.set(lambda s: s.with_value(BASE_NOK, "", "2012-05", 40)) is True
    assert (room.problem, room.faults) == ("", ())


def test_a_room_without_a_model_takes_settings():
    room = room_of(Settings(**TINY))
    assert room.set(no_stay) is False
    assert (room.problem, room.next_month) == ("", "2012-01")
    assert room.settings == no_stay(Settings(**TINY))


def test_too_many_persons_stop_the_model():
    room = room_of()
    model = room.make()
    room.most_persons = 5  # of the months shown; those before it have a test of their own
    assert model.running
    model.step()
    assert (model.running, room.problem) == (False, "too_many_persons")
    month = model.month
    model.step()
    assert model.month == month, "no month more"
    room.most_persons = 60_000
    again = room.make()
    again.step()
    assert (again.running, room.problem) == (True, "")


def test_more_arrivals_than_the_bound_stop_the_model_before_the_month():
    room = room_of()
    model = room.make()
    here = model.persons
    model.reference_world.population, model.world.population = Population(), Population()
    room.most_persons = 1
    before = model.month
    model.step()
    assert (model.running, room.problem, model.month) == (False, "too_many_persons", before)
    for lang, words in (("nb", "i januar 2012: Det er eller kommer flere enn 1 person"), ("en", "more than 1 person")):
        said = Say(lang).too_many(room.stopped_by)
        assert words in said and str(here) not in said, "how many there are is not shown"


def test_the_bound_counts_the_larger_side():
    room = room_of(no_stay(Settings(**TINY), "2012-01"))
    model = room.make()
    model.step()
    sides = sorted(int(world.population.is_here.sum()) for world in (model.reference_world, model.world))
    most, months = max(sides), 1
    while sides[0] == sides[1] and months < 24:  # until something differs
        model.step()
        sides = sorted(int(world.population.is_here.sum()) for world in (model.reference_world, model.world))
        most, months = max(most, *sides), months + 1
    assert sides[0] < sides[1], "this test needs sides of different size"
    for bound, runs in ((most, True), (sides[1] - 1, False)):
        one = Room(room.settings, BEGUN, most_persons=bound)
        one.make()
        for _ in range(months):
            one.model.step()
        assert one.model.running is runs


def test_two_rooms_share_nothing():
    one, other = room_of(), room_of()
    one.make()
    other.make()
    for _ in range(4):
        one.model.step()
    one.answers["x"] = {"a": Given("up", 5)}
    one.revealed["x"] = 1
    assert one.set(lambda s: s.with_value(BASE_NOK, "", "2012-06", 1))
    assert (other.answers, other.revealed, other.model.month) == ({}, {}, "2011-12")
    assert other.settings == no_stay(Settings(**TINY))
    for _ in range(4):
        other.model.step()
    assert same_pair(other.pair(), pair_from(paired(other.settings), 4))
    other.close()
    assert other.model is None
    assert one.model.month == "2012-04"
    one.model.step()


def test_what_the_model_collects_is_an_index_and_no_persons():
    room = room_of(no_stay(Settings(**TINY), "2012-02"))
    model = room.make()
    for _ in range(3):
        model.step()
    table = model.datacollector.get_model_vars_dataframe()
    assert list(table.columns) == ["month", *(f"index_{code}" for code in ("avhengig", "arbeidende", "marginalisert",
                                                                            "fritt_fall"))]  # fmt: skip
    seen = room.look().scenario.hidden
    assert table[[column for column in table if column != "month"]].to_numpy() == pytest.approx(seen)
    assert table["month"].tolist() == ["2012-01", "2012-02", "2012-03"]


# -- more runs ---------------------------------------------------------------------------------------------------


def few_runs(monkeypatch, number: int = 2, jobs: int = 1) -> None:
    """Rooms run so many more, in so many processes."""
    monkeypatch.setattr(room_module, "More", partial(More, number=number, jobs=jobs))


def by_hand(settings: Settings, until: int, replicate: int) -> Pair:
    """Both sides of a replicate to a month, each from its own model."""
    return pair_from(paired(settings, replicate), until + 1 - month_number(settings.start))


def check_more_runs(room: Room) -> None:
    told = []
    model = room.make()
    for _ in range(4):
        model.step()
    assert (room.pairs(), room.band("index:hidden"), room.register_bands()) == ((), None, {})
    work = room.run_more(lambda: told.append(len(work.pairs)))
    work.wait(120)
    assert (work.error, work.is_running, work.is_waiting) == ("", False, False)
    assert (len(work.pairs), work.total, work.until) == (2, 2, model.world.month)
    assert told == [1, 2, 2], "after each run, and at the end"
    for replicate, pair in enumerate(work.pairs, start=1):
        assert same_pair(pair, by_hand(room.settings, work.until, replicate)), replicate
    pairs = room.pairs()
    assert same_pair(pairs[0], room.pair())
    assert pairs[1:] == tuple(work.pairs)
    found = room.band("index:hidden")
    assert found.n == 3
    values = np.stack([100 * p.scenario.stocks[36:, 1:].sum(axis=1) / p.base for p in pairs])
    assert found.scenario == pytest.approx(np.quantile(values, (0.025, 0.975), axis=0))
    model.step()
    assert len(room.band("index:hidden").months) == len(found.months), "to the month that all have"
    bands = room.register_bands()
    assert set(bands) == set(PANELS)
    assert {one.n for one in bands.values()} == {3}
    assert same_pair(room.pairs()[1], pairs[1])


def test_more_runs_are_the_next_replicates_and_the_band_includes_the_one_on_the_page(monkeypatch):
    few_runs(monkeypatch)
    check_more_runs(room_of())


@pytest.mark.slow  # two processes, each of which imports everything
def test_more_runs_in_processes_of_their_own_are_the_same(monkeypatch):
    few_runs(monkeypatch, jobs=2)
    check_more_runs(room_of())


@pytest.mark.parametrize(
    "settings",
    [
        pytest.param(Settings(**TINY), id="never differs"),
        pytest.param(no_stay(Settings(**TINY), "2012-08"), id="differs later"),
        pytest.param(no_stay(Settings(**TINY), "2012-01"), id="differs at once"),
        pytest.param(
            Settings(reference_base="fines-tripled", base="fines-tripled", **TINY).with_whole(
                "levers.regularisation", [{"from": "2012-02", "min_years": 1}]
            ),
            id="another reference",
        ),
    ],
)
@pytest.mark.once
def test_a_pair_is_what_two_models_make(settings):
    until = month_number("2012-02")
    pair = pair_of(settings.scenario, settings.reference, {3: point_draw()}, settings.seed, settings.scale,
                   month_number(settings.start), until, 0)  # fmt: skip
    assert same_pair(pair, by_hand(settings, until, 3))
    assert pair.month == until
    page = pair_of(settings.scenario, settings.reference, {0: point_draw()}, settings.seed, settings.scale,
                   month_number(settings.start), until, 0)  # fmt: skip
    assert same_pair(page, by_hand(settings, until, 0))


def test_the_band_leaves_out_the_replicate_on_the_page(monkeypatch):
    few_runs(monkeypatch, number=3)
    seen = []
    monkeypatch.setattr(more_module, "in_order", lambda work, *_: seen.append(list(work.args[2])) or iter_of(()))
    for replicate in (0, 2, 7):
        room = room_of(Settings(**TINY, replicate=replicate))
        room.make()
        assert same_pair(room.pair(), by_hand(room.settings, room.model.world.month, replicate))
        room.run_more(lambda: None).wait(SOON)
    assert seen == [[1, 2, 3], [0, 1, 3], [0, 1, 2]]


def test_a_pair_whose_settings_differ_is_two_worlds_from_the_beginning(tmp_path):
    """An assumption that only a file of the scenario says: the page sets both sides."""
    file = own_file(tmp_path, "assumptions:\n  interactions: false\n", period="{start: 2012-01, end: 2012-12}")
    settings = Settings(**{**TINY, "end": None}, base=str(file))
    until = month_number("2012-01")
    pair = pair_of(settings.scenario, settings.reference, {1: point_draw()}, settings.seed, settings.scale,
                   month_number(settings.start), until, 0)  # fmt: skip
    assert pair.scenario is not pair.reference
    assert same_pair(pair, by_hand(settings, until, 1))


def test_each_replicate_has_its_own_draw(tmp_path, monkeypatch):
    made = small_posterior(tmp_path / "fit", count=3)
    few_runs(monkeypatch, number=3)
    seen = []
    monkeypatch.setattr(
        more_module, "in_order", lambda work, total, jobs, stopped: seen.append((work, total)) or iter_of(())
    )
    room = room_of(Settings(**{**TINY, "draws": str(tmp_path / "fit")}))
    room.make()
    room.run_more(lambda: None).wait(SOON)
    ((work, total),) = seen
    assert total == 3
    assert work.args[2] == {1: made.draws[1], 2: made.draws[2], 3: made.draws[0]}


def test_a_later_band_continues_the_one_before(tmp_path, monkeypatch):
    """Of the second one only the months that are new are simulated, and it is the same as in one go."""
    monkeypatch.setenv("IRREGSIM_CACHE", str(tmp_path))
    settings, first = no_stay(Settings(**TINY)), month_number("2012-01")
    months = []
    real = forks.advance_month
    monkeypatch.setattr(forks, "advance_month", lambda world, parts: (months.append(1), real(world, parts)))

    def pair(until: str, earlier: tuple[int, ...] = ()) -> Pair:
        months.clear()
        return pair_of(settings.scenario, settings.reference, {1: point_draw()}, settings.seed, settings.scale,
                       first, month_number(until), 0, earlier=earlier)  # fmt: skip

    pair("2012-05")
    assert len(months) == month_number("2012-06") + 3, "March to May twice"
    again = pair("2012-08", (month_number("2012-05"),))
    assert len(months) == 2 * 3
    assert same_pair(again, by_hand(settings, month_number("2012-08"), 1))
    pair("2012-04")
    assert len(months) == 2 * 2, "from where the two part"
    found = []
    read = forks.RunUps.find
    monkeypatch.setattr(forks.RunUps, "find", lambda *given: (found.append(1), read(*given))[1])
    assert same_pair(pair("2012-08"), again)
    assert months == [] and len(found) == 2, "the last world of each side, and none on the way"


@pytest.mark.once
@pytest.mark.slow
def test_variants_of_an_exercise_are_what_each_is_by_itself():
    exercise = next(one for one in material().exercises if len(one.variants) > 1)
    variants = exercise.variants[:2]
    together = pairs_of(exercise, variants, [2], scale=0.005)
    for variant, (pair,) in zip(variants, together, strict=True):
        ((alone,),) = pairs_of(exercise, [variant], [2], scale=0.005)
        assert same_pair(pair, alone)


def iter_of(items):
    """A generator of some items."""
    yield from items


class Turns:
    """Stands in for the runs: each is finished when the test says so."""

    def __init__(self, fails: bool = False) -> None:
        self.asked, self.closed = threading.Semaphore(0), threading.Event()
        self.go = threading.Semaphore(0)
        self.fails = fails

    def __call__(self, work, total, jobs, stopped):
        try:
            for _ in range(total):
                self.asked.release()
                assert self.go.acquire(timeout=SOON)
                if self.fails:
                    raise MemoryError("no room")
                yield by_standing_in()
        finally:
            self.closed.set()


def by_standing_in() -> Pair:
    record = Record(*(np.zeros((1, 5)) for _ in range(6)), np.zeros(1, dtype=bool), {})
    return Pair(record, record, 0)


@pytest.fixture
def turns(monkeypatch) -> Turns:
    made = Turns()
    monkeypatch.setattr(more_module, "in_order", made)
    return made


def test_runs_that_are_stopped_end_with_the_one_at_work(turns):
    room = room_of()
    room.make()
    told = []
    work = room.run_more(lambda: told.append(True))
    assert turns.asked.acquire(timeout=SOON)
    assert (work.is_running, work.is_waiting, room.pairs()) == (True, False, ())
    turns.go.release()
    assert turns.asked.acquire(timeout=SOON)
    assert len(work.pairs) == 1
    room.stop_more()
    assert (room.more, room.pairs(), work.is_running) == (None, (), False)
    turns.go.release()
    work.wait(SOON)
    assert turns.closed.is_set()
    assert len(work.pairs) <= 2 < work.total


@pytest.mark.parametrize("leave", ["close", "make", "set", "run_more"])
def test_whatever_begins_anew_ends_the_runs(turns, leave):
    room = room_of(Settings(**TINY))
    room.make()
    work = room.run_more(lambda: None)
    assert turns.asked.acquire(timeout=SOON)
    {
        "close": room.close,
        "make": room.make,
        "set": lambda: room.set(no_stay),
        "run_more": lambda: room.run_more(lambda: None),
    }[leave]()
    assert not work.is_running
    assert room.more is not work
    turns.go.release()
    work.wait(SOON)
    assert len(work.pairs) <= 1
    room.close()
    turns.go.release()


def test_others_wait_for_their_turn(turns):
    one, other = room_of(), room_of()
    one.make()
    other.make()
    first = one.run_more(lambda: None)
    assert turns.asked.acquire(timeout=SOON)
    second = other.run_more(lambda: None)
    assert (first.is_waiting, second.is_waiting, second.is_running) == (False, True, True)
    one.stop_more()
    turns.go.release()
    assert turns.asked.acquire(timeout=SOON), "now the second"
    assert not second.is_waiting
    other.stop_more()
    turns.go.release()
    second.wait(SOON)


def test_who_gives_up_waiting_never_begins(turns):
    one, other = room_of(), room_of()
    one.make()
    other.make()
    first = one.run_more(lambda: None)
    assert turns.asked.acquire(timeout=SOON)
    second = other.run_more(lambda: None)
    other.stop_more()
    one.stop_more()
    turns.go.release()
    for work in (first, second):
        work.wait(SOON)
    assert (second.is_waiting, second.pairs) == (True, [])
    assert not turns.asked.acquire(blocking=False)


def test_why_runs_ended_early_is_told(monkeypatch):
    turns = Turns(fails=True)
    monkeypatch.setattr(more_module, "in_order", turns)
    room = room_of()
    room.make()
    told = []
    work = room.run_more(lambda: told.append(work.is_running))
    turns.go.release()
    work.wait(SOON)
    assert work.error == "MemoryError: no room"
    assert (work.is_running, work.pairs, told) == (False, [], [False])


# After `needs_reset` the page still shows the old pair; with new settings the band would mix two scenarios.
def test_more_runs_are_of_the_pair_on_the_page(monkeypatch):
    seen = []
    monkeypatch.setattr(more_module, "in_order", lambda work, *_: seen.append(work) or iter_of(()))
    room = room_of(Settings(**TINY))
    model = room.make()
    for _ in range(4):
        model.step()
    assert room.set(no_stay) is False
    assert room.problem == "needs_reset"
    room.run_more(lambda: None).wait(SOON)
    (work,) = seen
    assert work.args[0].levers == model.resolved.levers
    assert work.args[1].levers == model.reference.levers


# -- the pace of steps and pictures (test_pace has the rest) -----------------------------------------------------


def test_steps_of_a_room_wait_for_its_own_picture(monkeypatch):
    monkeypatch.setattr(pace_module, "_PATIENCE", SOON)
    monkeypatch.setattr(pace_module, "_AHEAD", 1)
    room, other = room_of(), room_of()
    model = room.make()
    other.make()
    frame = room.pace.shown("a")

    def two_steps() -> None:
        model.step()
        model.step()

    stepping = threading.Thread(target=two_steps)
    stepping.start()
    while room.pair().month < month_number("2012-02"):
        time.sleep(0.01)
    stepping.join(0.2)
    assert stepping.is_alive(), "the second month has run, and waits for the picture"
    other.model.step()
    assert other.model.month == "2012-01", "another room is not held"
    hearing = threading.Thread(target=lambda: room.pace.drawn(frame))
    hearing.start()
    stepping.join(SOON)
    assert not stepping.is_alive()


# -- serving -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("host", "local"),
    [
        ("127.0.0.1", True),
        ("127.0.0.2", True),
        ("localhost", True),
        ("::1", True),
        ("0.0.0.0", False),
        ("::", False),
        ("192.168.1.20", False),
        ("10.0.0.1", False),
        ("example.org", False),
        ("localhost.example.org", False),
        ("", False),
    ],
)
def test_which_addresses_only_this_machine_reaches(host, local):
    assert serving.is_local(host) is local


def test_a_port_that_was_asked_for_is_taken_or_refused():
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(serving.ServeError, match=rf"--port {port}: cannot listen on 127.0.0.1:{port} \(.+\); give"):
            serving.free_port("127.0.0.1", port)
    assert serving.free_port("127.0.0.1", port) == port


class Sockets:
    """Stands in for sockets: some ports are taken."""

    def __init__(self, taken) -> None:
        self.taken, self.asked, self.families = taken, [], []

    def __call__(self, family):
        self.families.append(family)
        return self

    def __enter__(self):
        return self

    def __exit__(self, *error):
        return False

    def setsockopt(self, *arguments):
        pass

    def bind(self, address):
        self.asked.append(address)
        if address[1] in self.taken:
            raise OSError(98, "Address already in use")


def test_the_next_free_port_is_taken_where_none_was_asked_for(monkeypatch):
    sockets = Sockets({8765, 8766})
    monkeypatch.setattr(serving.socket, "socket", sockets)
    assert serving.free_port("127.0.0.1", None) == 8767
    assert sockets.asked == [("127.0.0.1", port) for port in (8765, 8766, 8767)]
    assert set(sockets.families) == {socket.AF_INET}
    assert serving.free_port("::1", None) == 8767
    assert sockets.families[-1] == socket.AF_INET6


def test_where_no_port_is_free_it_says_so(monkeypatch):
    monkeypatch.setattr(serving.socket, "socket", Sockets(range(8765, 9000)))
    with pytest.raises(serving.ServeError, match=r"no free port from 8765 to 8784 on 127.0.0.1 \(Address already"):
        serving.free_port("127.0.0.1", None)


VERSIONS = {"solara": "1.64.1", "solara-assets": "1.58.2", "ipyvue": "1.13.0", "ipyvuetify": "1.12.0"}


@pytest.mark.parametrize(
    ("found", "words"),
    [
        ({}, None),
        ({"solara": None}, "the page needs solara; install it with: "),
        ({"solara-assets": None, "ipyvue": None}, "the page needs solara-assets, ipyvue; install it with: "),
        (
            {"ipyvue": "3.0.0a2"},
            r"the page needs ipyvue<3 \(found 3.0.0a2\); install it with: .*-m pip install .*\"ipyvue<3\"",
        ),
        ({"ipyvuetify": "3.1"}, r"ipyvuetify<3 \(found 3.1\)"),
        ({"solara": "3.0"}, None),
        ({"ipyvuetify": "2.9"}, None),
    ],
)
def test_what_the_page_needs_is_looked_for(monkeypatch, found, words):
    versions = {**VERSIONS, **found}

    def version(name):
        if versions[name] is None:
            raise importlib.metadata.PackageNotFoundError(name)
        return versions[name]

    monkeypatch.setattr(importlib.metadata, "version", version)
    if words is None:
        serving.needed()
    else:
        with pytest.raises(serving.ServeError, match=words):
            serving.needed()


def test_first_settings_are_those_of_the_command(tmp_path, monkeypatch):
    file = own_file(tmp_path, "run: {replicates: 3, seed: 77}\n")
    given = (f"{BASE_NOK}=[{{from: 2013-01, value: 1}}]",)
    found = serving.first_settings(str(file), scale=0.1, draws="point", overrides=given, end="2014-06")
    assert (found.base, found.seed, found.scale, found.draws) == (str(file), 77, 0.1, "point")
    assert (found.start, found.scenario.end) == ("2014-06", month_number("2014-06")), "2020-01 lies beyond the end"
    assert found.given == given
    assert found.scenario.levers == load_scenario(file, overrides=given, end="2014-06").levers
    found = serving.first_settings("fines-tripled", seed=0, start="2022-03", draws="point")
    assert (found.base, found.seed, found.start, found.scale) == ("fines-tripled", 0, "2022-03", 1.0)
    assert serving.first_settings(None, draws="point").base == "baseline"
    # Whatever ships.
    monkeypatch.setattr(posterior, "SHIPPED", tmp_path / "none-ships")
    assert serving.first_settings(None).draws == "point"
    small_posterior(tmp_path / "none-ships", count=2)
    assert serving.first_settings(None).draws == "posterior"


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ({"scale": 0}, serving.ServeError, "--scale 0: must be above 0"),
        ({"scale": 10.5}, serving.ServeError, "--scale 10.5: must be above 0 and at most 10"),
        ({"start": "2031-01"}, serving.ServeError, "--start 2031-01: give a month from 2012-01 to 2030-12"),
        ({"start": "2011-12"}, serving.ServeError, "--start 2011-12"),
        ({"start": "January"}, serving.ServeError, "written YYYY-MM"),
        ({"start": "2020-13"}, serving.ServeError, "--start 2020-13"),
        ({"draws": "nowhere"}, WrongUse, "nowhere"),
        ({"scenario": "basline"}, ScenarioError, "baseline"),
        ({"end": "2011-01"}, ScenarioError, "2011-01"),
        ({"overrides": ("levers.fines.worker_nok=-1",)}, ScenarioError, "worker_nok"),
    ],
)
def test_what_cannot_be_served_is_refused(arguments, error, words):
    with pytest.raises(error, match=words):
        serving.first_settings(arguments.pop("scenario", None), **{"draws": "point", **arguments})


def test_a_server_has_so_many_places():
    server = Server(most_viewers=2)
    first, second = server.enter(), server.enter()
    assert first != second
    assert None not in (first, second)
    assert (server.enter(), server.viewers) == (None, 2)
    server.leave(None)
    server.leave(99)
    assert server.viewers == 2, "who had no place gives none back"
    server.leave(first)
    server.leave(first)
    assert server.viewers == 1
    third = server.enter()
    assert third not in (None, first, second), "a place is never given twice"
    assert server.enter() is None


def test_places_are_not_given_twice_to_those_who_come_at_once():
    server, found = Server(most_viewers=5), []
    threads = [threading.Thread(target=lambda: found.append(server.enter())) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(SOON)
    given = [place for place in found if place is not None]
    assert (len(given), len(set(given)), server.viewers) == (5, 5, 5)


def test_servers_share_nothing():
    one, other = Server(), Server()
    one.enter()
    assert other.viewers == 0
    assert one.beginnings is not other.beginnings


# -- the command -------------------------------------------------------------------------------------------------


@pytest.fixture
def served(monkeypatch):
    """What `irregsim serve` would have served; no server is started."""
    calls = []

    def serve(settings, **arguments):
        calls.append((settings, arguments))
        arguments["ready"](f"http://{arguments['host']}:{arguments['port']}")

    monkeypatch.setattr(serving, "needed", lambda: None)
    monkeypatch.setattr(serving, "serve", serve)
    monkeypatch.setattr(serving, "free_port", lambda host, port, first=8765: port or first)
    return calls


def command(*arguments: str):
    return CliRunner().invoke(main, ["serve", "--draws", "point", *arguments], prog_name="irregsim")


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.20", "::"])
def test_an_address_that_others_reach_is_warned_of(served, host):
    answer = command("--host", host)
    assert answer.exit_code == 0
    assert f"warning: {host} can be reached from other machines" in answer.stderr
    assert "no password" in answer.stderr
    assert served[0][1]["host"] == host


@pytest.mark.parametrize("arguments", [(), ("--host", "127.0.0.1"), ("--host", "localhost"), ("--host", "::1")])
def test_of_an_address_of_this_machine_there_is_no_warning(served, arguments):
    answer = command(*arguments)
    assert answer.exit_code == 0
    assert answer.stderr == ""
    assert answer.stdout.startswith("irregsim is at http://")


def test_the_command_hands_on_what_it_was_told(served):
    answer = command("fines-tripled", "--port", "9001", "--lang", "en", "--seed", "4", "--start", "2022-03", "--scale",
                     "0.25", "--viewers", "3", "--persons", "5000", "--no-browse", "--set", f"{BASE_NOK}=7",
                     "--end", "2025-12")  # fmt: skip
    assert answer.exit_code == 0, answer.output
    ((settings, arguments),) = served
    assert (settings.base, settings.seed, settings.start, settings.scale) == ("fines-tripled", 4, "2022-03", 0.25)
    assert (settings.end, settings.given) == ("2025-12", (f"{BASE_NOK}=7",))
    del arguments["ready"]
    assert arguments == {"host": "127.0.0.1", "port": 9001, "lang": "en", "viewers": 3, "persons": 5000,
                         "browse": False, "phones_at": None, "phones": 60}  # fmt: skip


def test_with_a_class_the_page_stays_on_this_machine_and_phones_have_a_port_of_their_own(served):
    answer = command("--port", "9001", "--class", "--class-host", "127.0.0.1", "--phones", "30")
    assert answer.exit_code == 0, answer.output
    ((_, arguments),) = served
    assert arguments["host"] == "127.0.0.1" and arguments["phones"] == 30
    assert arguments["phones_at"] == ("127.0.0.1", 9002)
    assert "warning" not in answer.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("--scale", "11"), 2, "--scale 11"),
        (("--start", "2040-01"), 2, "--start 2040-01"),
        (("nowhere.yaml",), 2, "nowhere.yaml"),
        (("--viewers", "0"), 2, "viewers"),
        (("--port", "0"), 2, "port"),
        (("--set", f"{BASE_NOK}=-1"), 2, "employer_base_nok"),
    ],
)
def test_what_the_command_cannot_serve_it_says_before_it_serves(served, arguments, code, words):
    answer = command(*arguments)
    assert answer.exit_code == code
    assert words in answer.stderr
    assert served == []


def test_without_the_extra_the_command_says_what_to_install(monkeypatch):
    def version(name):
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "version", version)
    answer = CliRunner().invoke(main, ["serve"], prog_name="irregsim")
    assert answer.exit_code == 2
    assert "-m pip install" in answer.stderr and '"solara>=1.44"' in answer.stderr


def test_levers_that_a_slider_can_set_all_make_a_scenario():
    """Every dated lever at both ends of what its slider offers, in its first place, is something a file can say."""
    dated = [lever for lever in REGISTRY if lever.kind is Kind.DATED and lever.usual is not None]
    assert len(dated) > 10
    for end in (0, 1):
        made = Settings(end="2022-12")
        for lever in dated:
            place = places_of(lever)[0] if places_of(lever) else ""
            made = made.with_value(lever.path, place, "2021-01", lever.usual[end])
        made.checked()
        for lever in dated:
            place = places_of(lever)[0] if places_of(lever) else ""
            assert made.value(lever, place, month_number("2021-01")) == lever.usual[end], lever.path
        assert month_text(made.scenario.end) == "2022-12"
        assert scenario_text(made.scenario)


# -- what a fresh reading found --------------------------------------------------------------------------------


@pytest.mark.parametrize("leave", ["make", "close"])
def test_a_model_that_nobody_looks_at_runs_no_further(leave):
    """Mesa's play asks a model for steps until it no longer runs, whatever has become of the page."""
    room = room_of()
    old = room.make()
    old.step()
    before = old.world.month
    if leave == "make":
        room.make()
    else:
        room.close()
    assert old.running
    old.step()
    assert not old.running and old.world.month == before


def test_a_model_that_mesas_reset_has_replaced_leaves_the_buttons_alone():
    """Its play ends by itself; were it to stop running, Mesa would take the new model for one that has ended."""
    room = room_of()
    old = room.make()
    RoomModel(room=room)
    before = old.world.month
    old.step()
    assert old.running and old.world.month == before


def test_too_many_persons_before_the_first_month_are_refused_and_the_old_model_stops():
    room = Room(Settings(**TINY))
    old = room.make()
    room.most_persons = 20
    with pytest.raises(TooManyPersons, match="more than 20"):
        room.make()
    before = old.world.month
    old.step()
    assert not old.running and old.world.month == before


def test_values_in_force_differ_when_a_lever_comes_into_force():
    room = room_of(Settings(**TINY).with_value("levers.fines.worker_nok", "", "2012-05", 100.0))
    model = room.make()
    seen = []
    for _ in range(6):
        seen.append(room.in_force())
        model.step()
    changes = [one != other for one, other in itertools.pairwise(seen)]
    assert changes.count(True) == 1
    assert room.in_force() == seen[-1]


def test_folders_of_files_that_are_not_set_are_removed():
    room = room_of()
    first, second = room.folder(), room.folder()
    assert first != second and not list(first.iterdir())
    room.settings = replace(room.settings, base=str(second / "one.yaml"))
    room.tidy()
    assert not first.exists() and second.exists()
    room.close()
    assert not second.exists()


def test_a_cut_reference_is_saved_beside_the_scenario():
    assert Settings(**TINY).has_own_reference
    assert not Settings(**{**TINY, "end": None}).has_own_reference
    assert not Settings().has_own_reference


def nap(number: int) -> int:
    time.sleep(60 if number else 0)
    return number


@pytest.mark.once
def test_work_in_processes_ends_soon_after_it_is_stopped():
    stopped = threading.Event()
    found = in_order(nap, 3, 2, stopped.is_set)
    assert next(found) == 0
    begun = time.monotonic()
    stopped.set()
    assert list(found) == []
    assert time.monotonic() - begun < SOON


def ends_at_once() -> None:
    os._exit(1)


@pytest.mark.once
def test_a_process_that_died_is_replaced():
    elsewhere = Elsewhere()
    try:
        with pytest.raises(ReplicateError, match="ended unexpectedly"):
            elsewhere(ends_at_once)
        assert elsewhere(partial(nap, 0)) == 0
    finally:
        elsewhere.close()


def which(number: int) -> int:
    return os.getpid()


@pytest.mark.once
def test_processes_stay_for_the_next_work_and_go_when_idle():
    standing = Elsewhere(1, idle=0.5)
    try:
        first, again = (set(standing.in_order(which, 3)) for _ in range(2))
        assert first == again and os.getpid() not in first
        (process,) = first
        for _ in range(100 * SOON):
            if not alive(process):
                break
            time.sleep(0.01)
        assert not alive(process), "its memory is free"
        (new,) = set(standing.in_order(which, 1))
        assert new != process
    finally:
        standing.close()


@pytest.mark.once
def test_work_that_comes_as_a_process_leaves_is_done():
    """Warnings are errors here, as under -W error: loky warns when it replaces the process."""
    standing = Elsewhere(1, idle=0.05)
    try:
        for pause in (3, 5, 7):
            time.sleep(0.01 * pause)
            assert standing._pool.submit(which, 0).result(timeout=100 * SOON) > 0
    finally:
        standing.close()


def alive(process: int) -> bool:
    """Whether a process runs still."""
    try:
        state = Path(f"/proc/{process}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


@pytest.mark.once
def test_work_that_is_stopped_does_not_keep_others_from_the_processes():
    stopped, standing = threading.Event(), Elsewhere(1)
    try:
        found = standing.in_order(nap, 2, stopped.is_set)
        assert next(found) == 0
        stopped.set()
        begun = time.monotonic()
        assert list(found) == []
        assert time.monotonic() - begun < SOON
    finally:
        standing.close()


def loaded(folder: Path, **files: str) -> Settings:
    page = pytest.importorskip("irregsim.workshop.browser.page", reason="the page comes with the extra viz")
    given = [{"name": name, "text": text} for name, text in files.items()]
    return page.uploaded(given, folder, Settings(), Say("en"))


FILE = "schema: 1\nname: {name}\ntitle: {{nb: A, en: A}}\ndescription: For a test.\nextends: {parent}\n"


@pytest.mark.parametrize("parent", ["z-parent.yaml", '"z-parent.yaml"', "  z-parent.yaml  # the parent"])
def test_of_several_files_the_one_that_no_other_extends_is_run(tmp_path, parent):
    files = {
        "a-child.yaml": FILE.format(name="a-child", parent=parent),
        "z-parent.yaml": FILE.format(name="z-parent", parent="baseline"),
    }
    assert Path(loaded(tmp_path, **files).base).name == "a-child.yaml"


def test_of_files_that_do_not_belong_together_none_is_run(tmp_path):
    files = {f"{name}.yaml": FILE.format(name=name, parent="baseline") for name in ("one", "two")}
    with pytest.raises(ScenarioError, match=r"one\.yaml, two\.yaml"):
        loaded(tmp_path, **files)
