"""A new lever is its entry, and the line of the rule that reads it; a new city says what it is for every rule.

Entries that no file has are put into the registry in memory and walked from the file to the rule. Run folders of the
time before a lever stay readable.
"""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.registry import registry_with
from irregsim.cli import main
from irregsim.model import values as values_module
from irregsim.model.parameters import parameters, point_draw
from irregsim.model.values import Values
from irregsim.scenario import (
    Scenario,
    ScenarioError,
    Scheme,
    changes_nothing,
    diff_rows,
    json_schema,
    load_scenario,
    scenario_text,
    shipped_scenarios,
    timeline,
)
from irregsim.scenario import levers as registry
from irregsim.scenario.attributes import Form, attributes
from irregsim.scenario.levers import By, Holds, Kind, Lever
from irregsim.storage.folder import MANIFEST, RunFolder
from irregsim.study.comparison.pairs import Run, first_difference
from irregsim.vocabulary.codes import CITIES, DISTRICTS, month_number, month_text
from irregsim.vocabulary.reference import DataError, readiness_parameters
from run_tools import leave_pictures_out, short_scenario, use_fake

pytestmark = pytest.mark.once


def entry(key: str, kind: Kind, holds: Holds, default: object, **more: object) -> Lever:
    """An entry of a lever that there is not."""
    given: dict[str, object] = {
        "section": "levers",
        "unit": "places",
        "who_decides": "districts",
        "source": "a source",
        "no_direction": "no_order",
        "fields": (key.rpartition(".")[2],),
        "example": "[{from: 2024-01, value: 2}]",
        "low": 0.0,
        "high": 10.0,
    }
    return Lever(key=key, kind=kind, holds=holds, default=default, **{**given, **more})  # type: ignore[arg-type]


def rows_of(lever: Lever) -> dict[str, dict[str, str]]:
    """The words of such a lever."""
    return {
        f"lever.{lever.key}.name": {"nb": f"Navn på {lever.key}", "en": f"Name of {lever.key}"},
        f"lever.{lever.key}.meaning": {"nb": f"Hva {lever.key} betyr.", "en": f"What {lever.key} means."},
    }


WINDOW_PARTS = registry.find("pandemic").parts

#: Entry, what a file may say of it from 2015-01 on, and its value in that month and the month before.
NEW = {
    "a number": (entry("police.patrols", Kind.DATED, Holds.NUMBER, 1.0), "[{from: 2015-01, value: 2}]", 2.0, 1.0),
    "a flag": (
        entry("police.cameras", Kind.DATED, Holds.TRUE_FALSE, False),
        "[{from: 2015-01, value: true}]",
        True,
        False,
    ),
    "an option by city": (
        entry("municipal.showers", Kind.DATED, Holds.OPTION, "none", by=By.CITY, options=("none", "some", "many")),
        "{Oslo: [{from: 2015-01, value: many}]}",
        [2, 0, 0, 0, 0],
        [0] * len(CITIES),
    ),
    "a number by district": (
        entry("controls.roadblocks", Kind.DATED, Holds.NUMBER, 0.0, by=By.DISTRICT),
        "[{from: 2015-01, value: 3}]",
        [3.0] * len(DISTRICTS),
        [0.0] * len(DISTRICTS),
    ),
    "a window": (
        entry(
            "strike", Kind.WINDOW, Holds.TRUE_FALSE, (), section="assumptions", parts=registry.find("pandemic").parts
        ),
        "{from: 2015-01, to: 2015-03}",
        True,
        False,
    ),
    "a setting": (
        entry("response.mood", Kind.SETTING, Holds.NUMBER, None, section="assumptions", nullable=True),
        "0.5",
        0.5,
        0.5,
    ),
}


@pytest.mark.parametrize("case", NEW)
def test_a_new_lever_is_its_entry(case, tmp_path):
    lever, said, after, before = NEW[case]
    name = lever.fields[0]
    month = month_number("2015-01")
    old = load_scenario("baseline", end="2016-12").to_mapping()
    with registry_with(lever, words=rows_of(lever)):
        # The baseline does not state it, so the default of the entry holds.
        baseline = load_scenario("baseline", end="2016-12")
        changed = load_scenario("baseline", end="2016-12", overrides=[f"{lever.path}={said}"])
        default = attributes()[name].at_default(changed.levers.months)
        assert np.array_equal(getattr(baseline.levers, name), default)

        # What a rule reads.
        values = Values(changed.levers, point_draw())
        assert np.array_equal(getattr(values.at(month), name), after)
        assert np.array_equal(getattr(values.at(month - 1), name), before)

        # Manifests of now, and of before the lever.
        again = Scenario.from_mapping(json.loads(json.dumps(changed.to_mapping())))
        assert again == changed and again.levers == changed.levers
        assert name in changed.to_mapping()[lever.section]
        assert Scenario.from_mapping(old) == baseline

        # What differs, and from when on.
        is_setting = lever.kind is Kind.SETTING
        assert changed.levers.first_difference(baseline.levers) == (0 if is_setting else month)
        rows = diff_rows([baseline, changed])
        assert {row["key"].rpartition(".")[0] if lever.by is By.CITY else row["key"] for row in rows} == {lever.path}
        assert lever.path in timeline(changed)

        # The way back to a file, which is read as any other.
        path = tmp_path / "again.yaml"
        path.write_text(scenario_text(changed, name="again"), encoding="utf-8")
        assert load_scenario(path).levers == changed.levers
        properties = json_schema()["properties"][lever.section]["anyOf"][0]["properties"]
        for key in lever.key.split("."):
            properties = properties.get(key) or properties
            properties = properties["anyOf"][0]["properties"] if "." in lever.key and key != name else properties
        assert registry.words(lever).meaning in properties["description"]
        answer = CliRunner().invoke(main, ["levers", lever.key])
        assert answer.exit_code == 0 and registry.words(lever).meaning in answer.output
        assert f"Hva {lever.key} betyr." in registry.explain(lever.key, "nb")
    with pytest.raises(ScenarioError, match="no such"):
        load_scenario("baseline", overrides=[f"{lever.path}={said}"])


def test_a_lever_without_words_is_named_with_the_row_that_is_missing():
    lever, _, _, _ = NEW["a number"]
    with registry_with(lever), pytest.raises(KeyError, match=r"no label 'lever.police.patrols.name'"):
        registry.words(lever, "nb")


def test_a_field_of_another_lever_is_refused():
    other = entry("fines.other", Kind.DATED, Holds.TRUE_FALSE, False, fields=("worker_nok",))
    told = r"levers.fines.other: its field worker_nok belongs to another lever"
    with registry_with(other), pytest.raises(ValueError, match=told):
        attributes()


# -- run folders of the time before a lever ----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def baseline() -> Scenario:
    return load_scenario("baseline", end="2014-12")


@pytest.mark.parametrize("name", attributes())
def test_a_mapping_without_a_lever_is_read_with_its_default(baseline, name):
    one = attributes()[name]
    plain = replace(baseline, levers=baseline.levers.replaced(**{name: one.at_default(baseline.levers.months)}))
    mapping = plain.to_mapping()
    mapping[one.section].pop(name, None)  # one that opens nothing is not written at all
    assert Scenario.from_mapping(mapping) == plain
    assert Scenario.from_mapping(mapping).levers == plain.levers


def test_a_mapping_with_an_unknown_lever_is_refused_by_name(baseline):
    mapping = baseline.to_mapping()
    mapping["levers"]["police_dogs"] = [{"from": "2009-01", "value": 0.0}]
    with pytest.raises(
        ScenarioError, match=r"no lever with the field police_dogs; read it with the version that wrote"
    ):
        Scenario.from_mapping(mapping)


def drop_lever(folder, name: str) -> None:
    """Make a run folder look as if it was written before there was a lever."""
    manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    del manifest["scenario"]["levers"][name]
    (folder / MANIFEST).write_text(json.dumps(manifest), encoding="utf-8")


@pytest.mark.once
def test_a_folder_of_the_time_before_a_lever_is_reproduced(tmp_path, monkeypatch):
    use_fake(monkeypatch)
    leave_pictures_out(monkeypatch)
    monkeypatch.chdir(tmp_path)
    request = ["run", str(short_scenario(tmp_path)), "--out", "out", "--replicates", "1", "--jobs", "1", "--quiet"]
    assert CliRunner().invoke(main, request).exit_code == 0
    drop_lever(tmp_path / "out", "assisted_open_to_all")
    # Both `compare` and `reproduce` read it.
    assert Run(RunFolder.open(tmp_path / "out"), 1).scenario.levers == load_scenario(tmp_path / "short.yaml").levers
    answer = CliRunner().invoke(main, ["reproduce", "out", "--jobs", "1", "--quiet"])
    assert answer.exit_code == 0, answer.output
    assert answer.stdout.splitlines()[-1].startswith("identical: ")


# -- the first month in which two scenarios differ -------------------------------------------------------------------


def told_first(one: Scenario, other: Scenario) -> str | None:
    """First month in which `irregsim diff` shows a difference."""
    months = [row["from"] for row in diff_rows([one, other]) if row["from"]]
    return min(months, default=None)


SCHEMES = st.builds(
    Scheme,
    start=st.integers(30, 50),
    end=st.one_of(st.none(), st.integers(50, 65)),
    min_years=st.sampled_from([3.0, 5.0]),
    min_age_plus_years=st.just(0.0),
    no_conviction=st.booleans(),
    sought_asylum_only=st.just(False),
    families_only=st.just(False),
)


@st.composite
def changed_levers(draw, scenario: Scenario):
    """A scenario in which one to three attributes have other values from some month on."""
    changes = {}
    # What a directive asks for counts only where it is in force, so a file never sets its parts alone.
    names = [name for name in attributes() if not name.startswith("directive_") or name == "directive_in_force"]
    for name in draw(st.lists(st.sampled_from(names), min_size=1, max_size=3, unique=True)):
        one, now = attributes()[name], getattr(scenario.levers, name)
        if one.form is Form.PATH:
            first = draw(st.integers(scenario.start, scenario.end))
            value = draw(st.integers(0, 1)) if one.dtype is not np.float64 else float(draw(st.integers(0, 2)))
            changes[name] = now.copy()
            changes[name][first : first + draw(st.integers(1, 12))] = value
        elif one.form is Form.SCHEMES:
            changes[name] = tuple(sorted(draw(st.lists(SCHEMES, max_size=1))))
        elif one.form is Form.YEARS:
            changes[name] = ((draw(st.integers(2012, 2014)), float(draw(st.integers(0, 9)))),)
        else:
            changes[name] = draw(st.booleans()) if one.holds is Holds.TRUE_FALSE else draw(st.sampled_from([None, 0.5]))
    return replace(scenario, levers=scenario.levers.replaced(**changes))


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_the_first_month_from_the_arrays_is_that_of_the_table_of_differences(data):
    scenario = load_scenario("baseline", end="2014-12")
    one, other = (data.draw(changed_levers(scenario)) for _ in range(2))
    assert first_difference(one, other) == first_difference(other, one) == told_first(one, other)
    found = one.levers.first_difference(other.levers)
    for month in (scenario.start, 40, 52):
        same = one.levers.sha256_until(month) == other.levers.sha256_until(month)
        assert same == (found is None or found >= month)


@pytest.mark.slow
def test_of_every_shipped_scenario_the_first_month_is_that_of_the_table_of_differences():
    reference = load_scenario("baseline")
    for name in shipped_scenarios():
        assert first_difference(reference, load_scenario(name)) == told_first(reference, load_scenario(name)), name


def test_the_first_month_of_all_shipped_scenarios_takes_no_time():
    scenarios = [load_scenario(name, end="2023-12") for name in shipped_scenarios()]
    assert sum(first_difference(scenarios[0], one) is None for one in scenarios) == 1
    assert {changes_nothing(one) for one in scenarios} == {False}


def test_months_are_written_as_text_only_at_the_border(baseline):
    changed = replace(baseline, levers=baseline.levers.replaced(interactions=False))
    assert changed.levers.first_difference(baseline.levers) == 0
    assert first_difference(baseline, changed) == month_text(baseline.start)


# -- a new city ------------------------------------------------------------------------------------------------------


@pytest.fixture
def drammen(monkeypatch):
    """A sixth city, which has the readiness parameter that is given."""
    monkeypatch.setattr(values_module, "CITIES", (*CITIES, "Drammen"))
    known = values_module.reference.readiness_parameters()

    def with_parameter(name):
        more = {"Drammen": name} if name else {}
        monkeypatch.setattr(values_module.reference, "readiness_parameters", lambda: {**known, **more})
        return {**point_draw(), "discretion_city_effect_5": -1.0}

    return with_parameter


def test_a_city_has_the_effect_that_its_row_names_or_that_of_all_other_places(drammen):
    before = values_module.city_effects(drammen(""))
    assert before[-2:].tolist() == [-1.0, -1.0]
    own = values_module.city_effects({**drammen("drammen_effect"), "drammen_effect": 0.5})
    assert own[-2:].tolist() == [0.5, -1.0]
    assert own[:-2].tolist() == before[:-2].tolist() == [point_draw()[f"discretion_city_effect_{i}"] for i in range(5)]


def test_a_city_that_names_a_parameter_that_there_is_not_is_refused(drammen):
    with pytest.raises(DataError, match=r"cities.csv: .*Drammen: no parameter drammen_effect .*leave the column empty"):
        values_module.city_effects(drammen("drammen_effect"))


def test_each_city_of_the_report_has_an_effect_of_its_own():
    own = readiness_parameters()
    assert list(own) == list(CITIES)
    assert len({*own.values(), values_module.OTHER_READINESS}) == len(CITIES) + 1
    for city, name in (*own.items(), ("all other places", values_module.OTHER_READINESS)):
        assert city in parameters()[name].meaning


def test_the_effects_of_districts_are_in_the_order_of_the_districts():
    for number, district in enumerate(DISTRICTS):
        assert f"intensity of {district}," in parameters()[f"district_control_effect_{number}"].meaning
        assert f"Leaning of {district} to" in parameters()[f"district_case_effect_{number}"].meaning
