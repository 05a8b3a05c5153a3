"""Shipped scenarios, the resolved form, and what is told about it."""

from __future__ import annotations

import json
import pickle
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from irregsim.scenario import (
    Scenario,
    ScenarioError,
    Scheme,
    changes_nothing,
    diff_rows,
    json_schema,
    load_scenario,
    new_scenario_text,
    shipped_scenarios,
    timeline,
)
from irregsim.scenario.levers import HEALTH_MODELS, NAV_RULES, REGISTRY, Kind, words
from irregsim.scenario.yaml_nodes import plain_value
from irregsim.vocabulary import reference
from irregsim.vocabulary.codes import CITIES, month_number
from irregsim.vocabulary.labels import LANGUAGES
from scenario_files import BAD, child, steps, write

SHIPPED = sorted(shipped_scenarios())
ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def baseline() -> Scenario:
    return load_scenario("baseline")


# ---- the shipped scenarios ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_scenario_reads_and_says_something(name):
    scenario = load_scenario(name)
    assert scenario.name == name
    assert set(scenario.title) == {"nb", "en"}
    assert scenario.title["nb"] != scenario.title["en"]
    assert name == "baseline" or not changes_nothing(scenario)


def test_the_same_by_name_and_by_path(baseline):
    assert load_scenario(shipped_scenarios()["baseline"]) == baseline
    assert load_scenario(str(ROOT / "scenarios" / "baseline.yaml")).sha256 == baseline.sha256


def test_the_baseline_says_that_the_future_is_assumed(baseline):
    assert "2021-2030" in baseline.title["nb"]
    assert "2021-2030" in baseline.title["en"]
    assert isinstance(baseline.description, dict)
    assert "antakelser" in baseline.description["nb"]
    assert "assumption" in baseline.description["en"]


def test_the_baseline_holds_the_dated_history(baseline):
    levers = baseline.levers
    assert (baseline.start, baseline.end) == (month_number("2012-01"), month_number("2030-12"))
    assert (baseline.replicates, baseline.seed) == (20, 2021)
    # T26: 50 000 and 5 000 per workday from 2019. T16: the tax card ends in 2015. T37: allowance of 2021.
    # U03: 30 000 for a small case from 2021-09, which is no history yet in May 2021.
    assert steps(levers.employer_base_nok, "2009-01")[-2:] == [("2019-01", 50000.0), ("2021-09", 30000.0)]
    oldest = load_scenario("baseline", overrides=["as_known=2021-05"]).levers
    assert steps(oldest.employer_base_nok, "2009-01")[-1:] == [("2019-01", 50000.0)]
    assert steps(levers.employer_per_workday_nok, "2009-01") == [("2009-01", 0.0), ("2019-01", 5000.0)]
    assert steps(levers.tax_card, "2009-01") == [("2009-01", True), ("2015-01", False)]
    assert steps(levers.basic_allowance_nok, "2009-01") == [("2009-01", 1960.0), ("2021-01", 1992.0)]
    # T11, T18: agreements with Ethiopia and Morocco, and no other.
    names = [country.name for country in reference.countries()]
    in_force = [
        name for name, column in zip(names, levers.agreement_effectiveness.T, strict=True) if not np.isnan(column).all()
    ]
    assert sorted(in_force) == ["Etiopia", "Marokko"]
    # T23, T24, T27: centres in Stavanger, Oslo and Bergen close; every other stays open.
    closed = {c.name for c in reference.centres() if not levers.centre_open[-1, c.index]}
    assert closed == {"Stavanger", "Oslo", "Bergen"}
    assert levers.centre_open[: month_number("2017-12")].all()
    # T06, T14, T29: emergency help; T09, T13: health centres; T31: shelter in Trondheim.
    stavanger, bergen, trondheim = (CITIES.index(city) for city in ("Stavanger", "Bergen", "Trondheim"))
    rules = [(month, NAV_RULES[code]) for month, code in steps(levers.nav_emergency_help[:, stavanger], "2009-01")]
    assert rules == [("2009-01", "rule_2004"), ("2014-01", "rule_2014"), ("2020-03", "wide"), ("2022-01", "rule_2014")]
    models = [(month, HEALTH_MODELS[code]) for month, code in steps(levers.health_model[:, bergen], "2009-01")]
    assert models == [("2009-01", "none"), ("2013-01", "ngo_centre")]
    assert steps(levers.shelter_beds[:, trondheim], "2009-01") == [("2009-01", 10.0), ("2020-03", 0.0)]
    # U01: the one-off scheme of 2021.
    window = month_number("2021-06"), month_number("2021-12")
    assert levers.regularisation == (Scheme(*window, 16.0, 65.0, True, True, False),)
    assert oldest.regularisation == ()
    assert not levers.directive_in_force.any()
    assert levers.interactions
    assert not levers.inflow_pull


def test_the_baseline_states_every_key_and_a_source_for_every_dated_one():
    tree = yaml.safe_load(shipped_scenarios()["baseline"].read_text(encoding="utf-8"))
    for lever in REGISTRY:
        node = tree
        for word in lever.path.split("."):
            assert word in node, f"{lever.path}: state it in scenarios/baseline.yaml, with a reference"
            node = node[word]
        lists = node.values() if isinstance(node, dict) else [node]
        for entries in lists:
            for entry in entries if isinstance(entries, list) else []:
                assert entry.get("reference"), f"{lever.path}: {entry}"


def test_references_are_kept(baseline):
    told = {key for key, _, _ in baseline.references}
    assert {"levers.return_agreements", "levers.municipal.shelter.Bergen", "assumptions.pandemic"} <= told
    assert ("levers.fines.employer_per_workday_nok", "2019-01", "F 8.3; T26.") in baseline.references
    short = load_scenario("baseline", end="2015-12")
    assert "assumptions.pandemic" not in {key for key, _, _ in short.references}


# ---- the resolved form --------------------------------------------------------------------------------------


RICH = """
title: {nb: Rik, en: Rich}
description: {en: Everything at once}
period: {start: 2013-04, end: 2026-09}
levers:
  return_agreements: [{country: Eritrea, from: 2023-01, to: 2024-12, effectiveness: 0.6}]
  reception_centres: {open: [{centre: Bergen, on: 2024-01}], capacity: {Hå: [{from: 2020-01, value: 3}]}}
  employer_sanctions_directive: {from: 2024-01, back_pay_months: 3, duty_to_check: true, complaint_route: true}
  regularisation: [{from: 2022-01, to: 2022-12, min_years: 16, min_age_plus_years: 64, no_conviction: true}]
  controls: {workplace_inspections: {Vest: 1.5}}
  municipal: {health_model: {Stavanger: municipal_open}, shelter: {Oslo: 0.1}}
assumptions:
  asylum_rejections_per_year: {2024: 0.1}
  response: {return_risk: -0.25}
  interactions: false
"""


def test_the_mapping_rebuilds_the_scenario_exactly(tmp_path, baseline):
    for scenario in (baseline, child(tmp_path, RICH)):
        mapping = json.loads(json.dumps(scenario.to_mapping(), allow_nan=False))
        again = Scenario.from_mapping(mapping)
        assert again == scenario
        assert again.levers == scenario.levers
        assert again.sha256 == scenario.sha256
        assert again.to_mapping() == scenario.to_mapping()
        assert hash(again) == hash(scenario)


def test_the_hash_tells_scenarios_apart(tmp_path, baseline):
    hashes = [baseline.sha256, load_scenario("baseline", end="2030-11").sha256]
    for override in ("levers.fines.worker_nok=[{from: 2030-12, value: 1}]", "run.seed=1", "name=x"):
        hashes.append(load_scenario("baseline", overrides=[override]).sha256)
    assert len(set(hashes)) == len(hashes)
    assert all(re.fullmatch("[0-9a-f]{64}", text) for text in hashes)
    # A rebuilt scenario does not know its file, and need not.
    assert replace(baseline, parent_levers=baseline.levers).sha256 == baseline.sha256


@pytest.mark.parametrize(
    "spoil",
    [
        lambda m: m.pop("period"),
        lambda m: m["levers"].update(worker_nok=[]),
        lambda m: m["levers"].update(worker_nok=[{"from": "2012-01", "value": 1}]),
        lambda m: m["levers"].update(tax_card=[{"from": "2009-01", "value": 1}]),
        lambda m: m["levers"].update(agreement_effectiveness={"Atlantis": []}),
        lambda m: m["levers"]["health_model"].update(Oslo=[{"from": "2009-01", "value": "x"}]),
        lambda m: m["period"].update(end="2000-01"),
        lambda m: m.update(levers=5),
        lambda m: m.update(references=[1]),
    ],
)
def test_a_spoilt_mapping_is_refused(baseline, spoil):
    mapping = json.loads(json.dumps(baseline.to_mapping()))
    spoil(mapping)
    with pytest.raises(ScenarioError, match="not a resolved scenario"):
        Scenario.from_mapping(mapping)


def test_levers_have_their_shapes_and_cannot_be_changed(baseline):
    months = baseline.end + 1
    shapes = {
        "agreement_effectiveness": (months, len(reference.countries())),
        "centre_open": (months, len(reference.centres())),
        "centre_capacity": (months, len(reference.centres())),
        "new_centre_places": (months, len(reference.new_centres())),
        "workplace_inspections": (months, 9),
        "identity_checks": (months, 9),
        **dict.fromkeys(
            ("shelter_beds", "nav_emergency_help", "alternative_placement", "health_model", "crisis_centre_admission"),
            (months, 5),
        ),
    }
    copies = pickle.loads(pickle.dumps(baseline.levers))
    assert copies == baseline.levers
    for levers in (baseline.levers, copies):
        for name, value in levers.monthly.items():
            assert value.shape == shapes.get(name, (months,)), name
            with pytest.raises(ValueError, match="read-only"):
                value[0] = value[0]
        with pytest.raises(AttributeError, match="cannot be changed"):
            levers.worker_nok = levers.worker_nok
    with pytest.raises(AttributeError, match="no lever has a field called fines"):
        _ = baseline.levers.fines
    with pytest.raises(TypeError, match="missing or unknown: fines"):
        baseline.levers.replaced(fines=1)


def test_levers_differ_when_one_month_differs(baseline):
    changed = baseline.levers.worker_nok.copy()
    changed[-1] += 1
    other = baseline.levers.replaced(worker_nok=changed)
    assert other != baseline.levers
    assert baseline.levers == baseline.levers.replaced()


# ---- a scenario that changes nothing ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "",
        "run: {seed: 5, replicates: 3}\n",
        "period: {start: 2015-01, end: 2020-12}\n",
        "period: {end: 2035-12}\n",
        "levers: {return_agreements: [{country: Eritrea, from: 2023-01, effectiveness: 0}]}\n",
        "levers: {fines: {worker_nok: 8000}}\n",
        "levers: {fines: {employer_base_nok: [{from: 2022-01, value: 30000}]}}\n",
        "as_known: 2026-06\n",
        "levers: {controls: {identity_checks: {Oslo: 1}}}\n",
        "levers: {employer_sanctions_directive: null}\n",
        "assumptions: {pandemic: {from: 2020-03, to: 2021-12}}\n",
    ],
)
def test_changes_nothing(tmp_path, text):
    scenario = child(tmp_path, text)
    assert changes_nothing(scenario)
    # Rebuilt from its mapping it still knows, because its parent is a shipped one.
    assert changes_nothing(Scenario.from_mapping(scenario.to_mapping()))


@pytest.mark.parametrize(
    "text",
    [
        "levers: {return_agreements: [{country: Eritrea, from: 2030-12, effectiveness: 0.01}]}\n",
        "levers: {fines: {worker_nok: [{from: 2030-12, value: 8001}]}}\n",
        "assumptions: {asylum_rejections_per_year: {2030: 601}}\n",
        "as_known: 2021-05\n",
        "levers: {regularisation: [{from: 2021-06, to: 2021-12, min_years: 16, min_age_plus_years: 66, "
        "no_conviction: true, sought_asylum_only: true}]}\n",
        "assumptions: {interactions: false}\n",
        "assumptions: {response: {return_risk: 0}}\n",
        "levers: {regularisation: [{from: 2030-12, min_years: 5}]}\n",
    ],
)
def test_changes_something(tmp_path, text):
    scenario = child(tmp_path, text)
    assert not changes_nothing(scenario)
    assert not changes_nothing(Scenario.from_mapping(scenario.to_mapping()))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "as_known: 2026-06\n",
        "levers: {fines: {employer_base_nok: [{from: 2022-01, value: 30000}]}}\n",
        "levers: {regularisation: [{from: 2021-06, to: 2021-12, min_years: 16, min_age_plus_years: 65, "
        "no_conviction: true, sought_asylum_only: true}]}\n",
    ],
)
def test_what_is_history_in_2026_changes_nothing_there(tmp_path, text):
    child(tmp_path, "as_known: 2026-06\n", name="newest")
    assert changes_nothing(child(tmp_path, text, extends="newest.yaml"))


def test_the_baseline_has_no_parent(baseline):
    assert not changes_nothing(baseline)
    assert not changes_nothing(load_scenario("baseline", overrides=["levers.fines.worker_nok=5"]))


# ---- telling ------------------------------------------------------------------------------------------------


def test_the_timeline_has_a_row_per_lever_in_force(tmp_path):
    text = (
        "period: {start: 2020-01, end: 2024-12}\nlevers: {fines: {worker_nok: [{from: 2022-01, "
        "value: 9}]}, controls: {identity_checks: 2}}\n"
    )
    lines = timeline(child(tmp_path, text, extends=None)).splitlines()
    head = "child: 2020-01 to 2024-12, known up to 2026-06 (as_known)"
    assert lines[0] == f"{head} (one letter: 1 month; . is the default)"
    assert re.sub(" +", " ", lines[1].strip()) == "2020 2021 2022 2023 2024"
    rows = {line.split("|")[0].strip(): line for line in lines[2:]}
    assert set(rows) == {"levers.fines.worker_nok", "levers.controls.identity_checks"}
    worker = rows["levers.fines.worker_nok"]
    assert worker.split("|")[1] == "." * 24 + "1" * 36
    assert worker.endswith("| . 8000 from 2020-01; 1 9 from 2022-01")
    # The years of the header stand over their Januaries.
    assert lines[1].index("2022") == worker.index("1" * 36)


def test_the_timeline_of_defaults_says_so(tmp_path):
    text = "period: {start: 2020-01, end: 2024-12}\n"
    assert "every lever and assumption is at its default" in timeline(child(tmp_path, text, extends=None))


def test_the_timeline_tells_windows_and_schemes(tmp_path):
    told = timeline(child(tmp_path, RICH))
    assert "levers.employer_sanctions_directive" in told
    assert "back pay 3 months, duty to check, complaint route from 2024-01" in told
    assert "16 years, age and years 64, no conviction from 2022-01; . none from 2023-01" in told
    assert max(len(line.split("|")[1]) for line in told.splitlines()[2:]) <= 60


def test_diff_rows_name_key_dates_and_values(tmp_path, baseline):
    text = (
        "levers: {fines: {employer_base_nok: [{from: 2023-01, value: 7}]}, "
        "controls: {identity_checks: 2, workplace_inspections: {Oslo: 3}}}\n"
    )
    rows = diff_rows([baseline, child(tmp_path, text), baseline])
    head = {"from": "2012-01", "to": "2030-12"}
    assert rows == [
        {"key": "levers.fines.employer_base_nok", "from": "2023-01", "to": "2030-12"}
        | {"baseline": "30000", "child": "7", "baseline (2)": "30000"},
        {"key": "levers.controls.workplace_inspections.Oslo"}
        | head
        | {"baseline": "1", "child": "3", "baseline (2)": "1"},
        {"key": "levers.controls.identity_checks"} | head | {"baseline": "1", "child": "2", "baseline (2)": "1"},
    ]


def test_diff_of_equals_is_empty(baseline):
    assert diff_rows([baseline, baseline]) == []
    assert diff_rows([]) == []


def test_diff_tells_periods(baseline):
    rows = diff_rows([baseline, load_scenario("baseline", end="2020-12")])
    assert rows == [{"key": "period.end", "from": "", "to": "", "baseline": "2030-12", "baseline (2)": "2020-12"}]


def test_diff_leaves_out_what_only_one_simulates(tmp_path, baseline):
    text = "period: {start: 2020-01}\nlevers: {fines: {worker_nok: [{from: 2029-01, value: 7}]}}\n"
    rows = diff_rows([baseline, child(tmp_path, text), child(tmp_path, "period: {end: 2028-12}\n", name="short")])
    assert rows == [
        {"key": "period.start", "from": "", "to": "", "baseline": "2012-01", "child": "2020-01", "short": "2012-01"},
        {"key": "period.end", "from": "", "to": "", "baseline": "2030-12", "child": "2030-12", "short": "2028-12"},
        {"key": "levers.fines.worker_nok", "from": "2029-01", "to": "2030-12"}
        | {"baseline": "8000", "child": "7", "short": "not simulated"},
    ]


# ---- a new scenario -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["my-scenario", "123", "true", "A_b"])
def test_a_new_scenario_reads_and_changes_nothing(tmp_path, name):
    path = tmp_path / "new.yaml"
    path.write_text(new_scenario_text(name), encoding="utf-8")
    scenario = load_scenario(path)
    assert scenario.name == name
    assert changes_nothing(scenario)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_new_scenario_is_the_same_in_every_language(tmp_path, lang):
    text = new_scenario_text("new", lang=lang)
    (tmp_path / "new.yaml").write_text(text, encoding="utf-8")
    assert changes_nothing(load_scenario(tmp_path / "new.yaml"))
    examples = [line.strip() for line in text.splitlines()]
    assert all(f"# {lever.key.rpartition('.')[2]}: {lever.example}" in examples for lever in REGISTRY)


def test_a_new_scenario_in_norwegian_explains_in_norwegian():
    text = new_scenario_text("new", lang="nb")
    assert "(0 til 500000; kroner per person; avgjør: Justisdepartementet og UDI)" in text
    assert "decides:" not in text and "# (true eller false; avgjør:" in text


def test_a_new_scenario_has_no_description_that_nobody_wrote(tmp_path):
    (tmp_path / "new.yaml").write_text(new_scenario_text("new"), encoding="utf-8")
    assert not load_scenario(tmp_path / "new.yaml").description


def test_a_new_scenario_may_extend_a_file(tmp_path):
    write(tmp_path, "", name="parent")
    (tmp_path / "new.yaml").write_text(new_scenario_text("new", "parent.yaml"), encoding="utf-8")
    assert load_scenario(tmp_path / "new.yaml").extends == "parent.yaml"


@pytest.mark.parametrize("lever", REGISTRY, ids=lambda lever: lever.path)
def test_every_example_of_a_new_scenario_can_be_taken_over(tmp_path, lever):
    lines = new_scenario_text("new").splitlines()
    head, _, tail = lever.key.rpartition(".")
    wanted = [i for i, line in enumerate(lines) if line.strip() == f"# {tail}: {lever.example}"]
    if head:
        wanted = [i for i in wanted if i > lines.index(f"  {head}:")][:1]
    assert len(wanted) == 1, lever.path
    lines[wanted[0]] = lines[wanted[0]].replace("# ", "", 1)
    (tmp_path / "new.yaml").write_text("\n".join(lines), encoding="utf-8")
    scenario = load_scenario(tmp_path / "new.yaml")
    # An example shows something: it differs from the baseline.
    assert not changes_nothing(scenario), lever.example


def test_a_new_scenario_needs_a_name_and_a_parent():
    with pytest.raises(ScenarioError, match="cannot name a folder"):
        new_scenario_text("a/b")
    with pytest.raises(ScenarioError, match="no shipped scenario"):
        new_scenario_text("ok", "nowhere")


# ---- YAML 1.2 -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("NO", "NO"), ("no", "no"), ("on", "on"), ("yes", "yes"), ("y", "y"), ("True", True), ("false", False),
        ("~", None), ("", None), ("null", None), ("12:30", "12:30"), ("012", 12), ("0o17", 15), ("0x1F", 31),
        ("1e3", 1000.0), ("1_000", "1_000"), ("2023-01", "2023-01"), ("2023-01-01", "2023-01-01"), (".5", 0.5),
        ("+.inf", float("inf")), ("５", "５"), ("-0", 0), ("1.", 1.0), ("none", "none"), ("=", "="), ("<<", "<<"),
    ],
)  # fmt: skip
def test_plain_scalars_are_read_as_yaml_1_2(text, value):
    found = plain_value(text)
    assert found == value
    assert type(found) is type(value)


def test_a_byte_order_mark_is_harmless(tmp_path):
    path = write(tmp_path, "levers: {fines: {worker_nok: 5}}\n")
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))
    assert load_scenario(path).levers.worker_nok[-1] == 5.0


def test_decomposed_letters_are_the_same_letters(tmp_path):
    import unicodedata

    text = "levers: {reception_centres: {capacity: {Hå: 7}, close: [{centre: Hå, on: 2024-01}]}}\n"
    path = write(tmp_path, unicodedata.normalize("NFD", text))
    index = next(c.index for c in reference.centres() if c.name == "Hå")
    assert load_scenario(path).levers.centre_capacity[-1, index] == 7.0


# ---- JSON Schema --------------------------------------------------------------------------------------------


def test_the_schema_knows_every_key():
    schema = json_schema()
    json.dumps(schema, allow_nan=False)
    for lever in REGISTRY:
        node = schema["properties"][lever.section]["anyOf"][0]
        for word in lever.key.split("."):
            node = node["anyOf"][0] if "properties" not in node else node
            assert word in node["properties"], lever.path
            node = node["properties"][word]
        assert words(lever).meaning in node["description"]


def as_json(path: Path):
    """A file as an editor's YAML 1.2 would hand it to the schema."""
    from irregsim.scenario.yaml_nodes import parse, read_text

    def plain(node):
        if node.kind == "list":
            return [plain(item) for item in node.items]
        if node.kind == "mapping":
            return {key.text: plain(value) for key, value in node.pairs}
        return node.value

    return plain(parse(read_text(path, "x"), "x"))


def test_the_schema_accepts_what_is_read_and_refuses_wrong_types(tmp_path):
    jsonschema = pytest.importorskip("jsonschema")
    validator = jsonschema.Draft202012Validator(json_schema())
    jsonschema.Draft202012Validator.check_schema(json_schema())
    for path in [*shipped_scenarios().values(), write(tmp_path, RICH)]:
        assert list(validator.iter_errors(as_json(path))) == []
    for name in (
        "quoted-number",
        "unknown-lever",
        "out-of-range",
        "unknown-city",
        "missing-parts",
        "yes-no",
        "short-month",
    ):
        assert list(validator.iter_errors(as_json(BAD / f"{name}.yaml"))), name


# ---- whatever is written, it comes back ---------------------------------------------------------------------


MONTHS = st.integers(36, 263).map(lambda m: f"{2009 + m // 12}-{m % 12 + 1:02d}")


@st.composite
def dated(draw, values):
    months = draw(st.lists(MONTHS, min_size=1, max_size=4, unique=True))
    bare = draw(st.booleans())
    return draw(values) if bare else [{"from": month, "value": draw(values)} for month in months]


@st.composite
def trees(draw):
    levers: dict = {}
    for lever in draw(st.lists(st.sampled_from(REGISTRY), max_size=5, unique_by=lambda lever: lever.path)):
        if lever.kind is not Kind.DATED or lever.by:
            continue
        high = min(lever.high, 100.0)
        values = st.booleans() if lever.holds.value == "true_false" else st.floats(0, high)
        node = levers.setdefault(lever.section, {})
        *heads, last = lever.key.split(".")
        for head in heads:
            node = node.setdefault(head, {})
        node[last] = draw(dated(values))
    return levers


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(trees())
def test_values_in_force_are_the_latest_written(tmp_path, baseline, tree):
    path = tmp_path / "any.yaml"
    path.write_text(yaml.safe_dump({"schema": 1, "name": "any", "extends": "baseline"} | tree), encoding="utf-8")
    scenario = load_scenario(path)
    for lever in REGISTRY:
        node = tree
        for word in lever.path.split("."):
            node = node.get(word, {}) if isinstance(node, dict) else {}
        if node == {}:
            continue
        array = getattr(scenario.levers, lever.fields[0]).tolist()
        inherited = getattr(baseline.levers, lever.fields[0]).tolist()
        dates = (
            sorted((month_number(entry["from"]), entry["value"]) for entry in node) if isinstance(node, list) else []
        )
        for month in range(scenario.end + 1):
            past = [value for date, value in dates if date <= month]
            wanted = past[-1] if past else inherited[month]
            if not dates and month >= scenario.start:
                wanted = node
            assert array[month] == wanted


# ---- the page about scenario files --------------------------------------------------------------------------


PAGE = (ROOT / "docs" / "scenarios.md").read_text(encoding="utf-8")


def test_the_example_of_the_page_reads(tmp_path):
    examples = re.findall("```yaml\n(.*?)```", PAGE, flags=re.S)
    assert len(examples) == 1
    (tmp_path / "example.yaml").write_text(examples[0], encoding="utf-8")
    scenario = load_scenario(tmp_path / "example.yaml")
    assert not changes_nothing(scenario)
    assert (scenario.name, scenario.replicates) == ("agreement-eritrea", 100)


def test_the_faults_of_the_page_are_what_is_said(tmp_path):
    text = "levers:\n  fines:\n    documented_workdays_share: 40\n    worker: 5\n"
    with pytest.raises(ScenarioError) as caught:
        load_scenario(write(tmp_path, text))
    told = re.findall(r"my\.yaml:\d+:\d+: (.*)", PAGE)
    assert [f"{fault.path}: {fault.message}" for fault in caught.value.faults] == told


def test_the_page_states_the_limits():
    from irregsim.scenario import file_checks as checking
    from irregsim.scenario import reading, yaml_nodes

    assert (yaml_nodes.MAX_BYTES, yaml_nodes.MAX_DEPTH, reading.MOST_PARENTS) == (1_000_000, 20, 20)
    assert (yaml_nodes.MAX_NODES, yaml_nodes.MAX_EXPANDED_NODES) == (100_000, 10_000)
    for key in checking.TOP_KEYS:
        assert f"`{key}`" in PAGE
