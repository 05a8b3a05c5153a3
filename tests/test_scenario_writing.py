"""A scenario written as a file and read again is the same scenario."""

from __future__ import annotations

import json
import unicodedata
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import yaml
from hypothesis import HealthCheck, given, reject, settings
from hypothesis import strategies as st

from irregsim.scenario import (
    Scenario,
    ScenarioError,
    Scheme,
    changes_nothing,
    load_scenario,
    scenario_text,
    shipped_scenarios,
)
from irregsim.scenario.levers import REGISTRY, By, Holds, Kind, Lever
from irregsim.vocabulary import reference
from irregsim.vocabulary.codes import CITIES, DISTRICTS, month_number
from irregsim.vocabulary.knowledge import DEFAULT_KNOWLEDGE, STATES
from scenario_files import child

pytestmark = pytest.mark.once

NAMES = list(shipped_scenarios())
CENTRES = [centre.name for centre in reference.centres()]
COUNTRIES = [country.name for country in reference.countries() if country.name != "Andre"]
KEPT = ("name", "title", "description", "start", "end", "replicates", "seed", "levers")


def reread(folder: Path, scenario: Scenario, parent: Scenario | None = None, **more) -> tuple[str, Scenario]:
    """A scenario's text and what it gives, which must be the scenario again, with the same text."""
    text = scenario_text(scenario, parent, **more)
    for event in yaml.parse(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
        assert not isinstance(event, yaml.AliasEvent)
        assert getattr(event, "anchor", None) is None
        assert getattr(event, "tag", None) is None
    assert all(line == line.rstrip(" ") for line in text.splitlines())
    path = folder / "x.yaml"
    path.write_text(text, encoding="utf-8", newline="\n")
    again = load_scenario(path)
    for key in KEPT:
        assert getattr(again, key) == more.get(key, getattr(scenario, key)), key
    assert again.extends == (parent.name if parent else "baseline")
    assert scenario_text(again, parent) == text
    return text, again


def refusal(scenario: Scenario, parent: Scenario | None = None, **more) -> str:
    with pytest.raises(ScenarioError) as caught:
        scenario_text(scenario, parent, **more)
    assert all((fault.line, fault.column) == (1, 1) for fault in caught.value.faults)
    return str(caught.value)


def levers_of(text: str) -> dict:
    """Levers and assumptions that a text states. Its words are read as YAML 1.1, where ``on`` is true."""
    read = yaml.safe_load(text)
    return {**read.get("levers", {}), **read.get("assumptions", {})}


# ---- shipped scenarios --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_a_shipped_scenario_comes_back(tmp_path, name):
    scenario = load_scenario(name)
    text, again = reread(tmp_path, scenario)
    assert text.startswith("# Written by irregsim; check it with: irregsim validate THIS-FILE.yaml\n")
    assert changes_nothing(again) == (name == "baseline")
    if scenario.extends == "baseline":
        assert (again.decides, again.expects) == (scenario.decides, scenario.expects)
    else:
        assert (again.decides, again.expects) == ((), ())


@pytest.mark.parametrize(("name", "parent"), list(zip(NAMES, NAMES[17:] + NAMES[:17], strict=True)))
def test_a_shipped_scenario_comes_back_over_another_one(tmp_path, name, parent):
    scenario = load_scenario(name)
    _, again = reread(tmp_path, scenario, load_scenario(parent))
    assert again.expects == (scenario.expects if scenario.extends == parent else ())


def test_a_scenario_over_its_own_parent_keeps_what_is_expected(tmp_path):
    scenario = load_scenario("package-humanitarian-high-arrivals")
    text, again = reread(tmp_path, scenario, load_scenario("package-humanitarian"))
    assert again.expects == scenario.expects != ()
    assert "levers:" not in text


def test_what_is_expected_of_other_values_is_left_out(tmp_path):
    changed = load_scenario("fines-tripled", overrides=["levers.fines.worker_nok=1"])
    assert changed.expects != ()
    _, again = reread(tmp_path, changed)
    assert (again.decides, again.expects) == ((), ())
    renamed = scenario_text(load_scenario("fines-tripled"), name="mine")
    assert "\nexpects:\n" in renamed


def test_a_text_over_itself_says_that_nothing_differs(tmp_path):
    scenario = load_scenario("package-restrictive")
    text, again = reread(tmp_path, scenario, scenario)
    assert (
        text.splitlines()[1] == "# No lever or assumption differs from package-restrictive: this file changes nothing."
    )
    assert changes_nothing(again)


@pytest.mark.parametrize("end", ["2012-01", "2020-06", "2023-01", "2025-12"])
@pytest.mark.parametrize("name", ["baseline", "regularisation-2021", "package-restrictive-high-arrivals"])
def test_a_scenario_that_ends_earlier_comes_back(tmp_path, name, end):
    text, again = reread(tmp_path, load_scenario(name, end=end))
    assert f"period: {{start: 2012-01, end: {end}}}" in text
    assert again.levers.months == month_number(end) + 1
    assert bool(again.expects) == (name == "regularisation-2021")


def test_a_scenario_from_a_manifest_comes_back(tmp_path):
    scenario = load_scenario("package-labour-market-high-arrivals")
    reread(tmp_path, Scenario.from_mapping(json.loads(json.dumps(scenario.to_mapping()))))


def test_a_scenario_without_a_parent_comes_back(tmp_path):
    text = "period: {start: 2015-07, end: 2026-03}\nrun: {replicates: 3, seed: 0}\n"
    scenario = child(tmp_path, text, extends=None)
    written, _ = reread(tmp_path, scenario)
    assert "- {country: Etiopia, from: 2012-01, effectiveness: null}" in written
    assert "run: {replicates: 3, seed: 0}" in written


def test_a_year_belongs_to_the_period_of_its_january(tmp_path):
    known = "as_known=2021-05"
    parent = load_scenario("high-arrivals-2015", overrides=[known])
    late = load_scenario("high-arrivals-2015", overrides=[known, "period.start=2023-07"])
    assert dict(late.levers.asylum_rejections_per_year)[2023] == 600 != 2103
    text, _ = reread(tmp_path, late, parent)
    assert "assumptions:" not in text
    assert "2023:" not in reread(tmp_path, late)[0]


def test_an_inherited_scheme_in_force_when_the_period_starts_is_not_written_again(tmp_path):
    late = load_scenario("regularisation-2021", overrides=["period.start=2025-01"])
    text, _ = reread(tmp_path, late, load_scenario("regularisation-2021"))
    assert "levers:" not in text


def test_a_pandemic_to_the_last_month_states_its_end(tmp_path):
    scenario = load_scenario("baseline", overrides=["assumptions.pandemic={from: 2029-01, to: 2030-12}"])
    assert "  pandemic: {from: 2029-01, to: 2030-12}\n" in reread(tmp_path, scenario)[0]


# ---- any settings -------------------------------------------------------------------------------------------

FIRST, LAST = month_number("2012-01"), month_number("2030-12")


@st.composite
def months(draw, first=FIRST, last=LAST):
    number = draw(st.integers(first, last))
    return f"{2009 + number // 12}-{number % 12 + 1:02d}"


def values(lever: Lever):
    if lever.holds is Holds.NUMBER:
        few = st.sampled_from([lever.low, lever.high, round(lever.high / 3, 3)])
        numbers = few | st.floats(lever.low, lever.high)
        return st.none() | numbers if lever.nullable else numbers
    return st.booleans() if lever.holds is Holds.TRUE_FALSE else st.sampled_from(lever.options)


def path(lever: Lever):
    entry = st.fixed_dictionaries({"from": months(), "value": values(lever)}, optional={"reference": st.just("R: #1")})
    return values(lever) | st.lists(entry, min_size=1, max_size=4, unique_by=lambda one: one["from"])


def entries(first, last="to", **parts):
    """An entry with a first and perhaps a last month."""

    def in_order(entry):
        if entry.get(last) and entry[last] < entry[first]:
            entry[first], entry[last] = entry[last], entry[first]
        return entry

    fixed = {first: months(), **parts}
    return st.fixed_dictionaries(fixed, optional={last: months(), "reference": st.just("F 1")}).map(in_order)


def states(lever: Lever):
    """What ``--set`` may give a lever."""
    share, flag = st.sampled_from([0, 0.05, 0.3, 0.6, 1]), st.booleans()
    if lever.kind is Kind.SETTING:
        return values(lever)
    if lever.kind is Kind.DATED and not lever.by:
        return path(lever)
    if lever.kind is Kind.DATED:
        names = {By.CENTRE: CENTRES, By.CITY: CITIES, By.DISTRICT: DISTRICTS}[lever.by]
        by_name = st.dictionaries(st.sampled_from(names), path(lever), min_size=1, max_size=5)
        return by_name if lever.by is By.CENTRE else by_name | path(lever)
    if lever.kind is Kind.YEARS:
        return st.dictionaries(st.integers(2012, 2030).map(str), st.integers(0, 9000), min_size=1, max_size=4)
    if lever.kind is Kind.AGREEMENTS:
        country = st.sampled_from(["Etiopia", "Marokko", "Eritrea"]) | st.sampled_from(COUNTRIES)
        known = st.just("2012-01") | st.just("2017-01")
        entry = entries("from", country=country, effectiveness=share)
        ended = entries("from", country=country, effectiveness=share, **{"from": known})
        return st.lists(entry | ended, max_size=4, unique_by=lambda one: (one["country"], one["from"]))
    if lever.kind is Kind.CENTRE_DATES:
        entry = st.fixed_dictionaries({"centre": st.sampled_from(CENTRES[:6]), "on": months()})
        return st.lists(entry, max_size=3, unique_by=lambda one: one["centre"])
    if lever.kind is Kind.SCHEMES:
        conditions = {"no_conviction": flag, "sought_asylum_only": flag, "families_only": flag}
        entry = entries("from", min_years=st.integers(0, 20), min_age_plus_years=st.sampled_from([0, 64]), **conditions)
        return st.lists(entry, max_size=3, unique_by=lambda one: one["from"])
    if lever.kind is Kind.WINDOW:
        return st.none() | st.builds(lambda one, two: {"from": min(one, two), "to": max(one, two)}, months(), months())
    pay = st.sampled_from([0, 3, 6.5])
    return st.none() | entries("from", back_pay_months=pay, duty_to_check=flag, complaint_route=flag)


@st.composite
def sets(draw):
    """``--set`` texts of any levers, and then perhaps of the period and the run."""
    chosen = draw(st.lists(st.sampled_from(REGISTRY), max_size=6))
    out = [f"{lever.path}={json.dumps(draw(states(lever)))}" for lever in chosen]
    removals = [
        "levers.return_agreements=[{country: Marokko, from: 2017-01, effectiveness: null}]",
        "levers.reception_centres.close=[{centre: Bergen, on: null}]",
        "assumptions.asylum_rejections_per_year={2022: null}",
        "run={replicates: 7, seed: 9}",
    ]
    out += draw(st.lists(st.sampled_from(removals), max_size=2, unique=True))
    period = st.one_of(st.just("2009-01"), months(0, FIRST + 140)), st.one_of(months(LAST - 60, LAST + 60))
    for key, month in zip(("start", "end"), period, strict=True):
        if draw(st.booleans()):
            out.append(f"period.{key}={draw(month)}")
    return out


@settings(
    max_examples=12,
    derandomize=True,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.sampled_from(NAMES), st.none() | st.sampled_from(NAMES), sets())
def test_any_settings_come_back(tmp_path, name, parent, overrides):
    try:
        scenario = load_scenario(name, overrides=overrides)
    except ScenarioError as error:
        # Only what depends on the parent: an opening in the month of a closing, a removal of what is not there.
        assert all("move one" in one.message or "nothing " in one.message for one in error.faults), error
        reject()
    starts = [max(scheme.start, scenario.start) for scheme in scenario.levers.regularisation]
    if len(set(starts)) < len(starts):
        assert "two schemes begin in" in refusal(scenario)
        return
    reread(tmp_path, scenario, load_scenario(parent) if parent else None)


# ---- form ---------------------------------------------------------------------------------------------------


GOLDEN = """\
# Written by irregsim; check it with: irregsim validate THIS-FILE.yaml
schema: 1
name: my-scenario
title:
  nb: "Mitt: forslag"
  en: My proposal
description: What it changes, and why.
extends: baseline
period: {start: 2012-01, end: 2030-12}

levers:
  return_agreements:
    - {country: Eritrea, from: 2023-01, to: 2024-12, effectiveness: 0.6}
    - {country: Marokko, from: 2017-01, to: 2022-12, effectiveness: 0.3, reference: "T18; short"}
  reception_centres:
    close:
      - {centre: Bergen, on: null}
      - {centre: Trondheim, on: 2024-07}
    open:
      - {centre: Trondheim, on: 2026-01}
    capacity:
      Trondheim:
        - {from: 2023-01, value: 60}
        - {from: 2024-01, value: null}
  fines:
    employer_base_nok:
      - {from: 2023-01, value: 150000, reference: Mine}
    employer_per_workday_nok: 2500
  employer_sanctions_directive: {from: 2024-01, back_pay_months: 3, duty_to_check: true, complaint_route: false}
  regularisation:
    - {from: 2023-01, to: 2023-12, min_years: 16, sought_asylum_only: true}
  municipal:
    shelter:
      Oslo: 81.5
    health_model:
      - {from: 2024-01, value: none}

assumptions:
  asylum_rejections_per_year:
    2021: null
    2024: 900
  pandemic: {from: 2020-03, to: 2020-05}
  response:
    return_risk: 1e-07
  interactions: false

run: {replicates: 100}
"""

SETTINGS = [
    "levers.return_agreements=[{country: ER, from: 2023-01, to: 2024-12, effectiveness: 0.6}]",
    "levers.return_agreements=[{country: MA, from: 2017-01, to: 2022-12, effectiveness: 0.3, reference: T18; short}]",
    "levers.reception_centres.close=[{centre: Bergen, on: null}, {centre: Trondheim, on: 2024-07}]",
    "levers.reception_centres.open=[{centre: Trondheim, on: 2026-01}, {centre: Hå, on: 2026-01}]",
    "levers.reception_centres.capacity.Trondheim=[{from: 2023-01, value: 60}, {from: 2024-01, value: null}]",
    "levers.fines.employer_base_nok=[{from: 2019-01, value: 50000}, {from: 2023-01, value: 150000, reference: Mine}]",
    "levers.fines.employer_per_workday_nok=2500.0",
    "levers.employer_sanctions_directive="
    "{from: 2024-01, back_pay_months: 3, duty_to_check: true, complaint_route: false}",
    "levers.regularisation=[{from: 2023-01, to: 2023-12, min_years: 16, sought_asylum_only: true}]",
    "levers.municipal.shelter.Oslo=81.5",
    "levers.municipal.health_model=[{from: 2024-01, value: none}]",
    "assumptions.asylum_rejections_per_year={2021: null, 2024: 900, 2023: 600}",
    "assumptions.pandemic={from: 2020-03, to: 2020-05}",
    "assumptions.response.return_risk=0.0000001",
    "assumptions.interactions=false",
    "run.replicates=100",
]


@pytest.mark.parametrize("state", STATES)
def test_the_text_is_pleasant_to_read(tmp_path, state):
    golden, settings = GOLDEN, SETTINGS
    if state != DEFAULT_KNOWLEDGE:  # it names its state
        period = "period: {start: 2012-01, end: 2030-12}\n"
        golden = golden.replace(period, f"{period}as_known: {state}\n")
    if state == "2026-06":
        # Nothing is assumed for 2021 and 2023, whose decisions are counted, and the fine of U03, which the setting of
        # the whole list removes, is undone by a line of its own.
        golden = golden.replace("    2021: null\n", "    2023: 600\n")
        mine = "      - {from: 2023-01, value: 150000"
        golden = golden.replace(mine, "      - {from: 2021-09, value: 50000}\n" + mine)
        settings = [one.replace("{2021: null, ", "{") for one in settings]
    scenario = load_scenario("baseline", overrides=[f"as_known={state}", *settings])
    words = {"nb": "Mitt: forslag", "en": "My proposal"}
    about = "What it changes, and why."
    text, _ = reread(tmp_path, scenario, name="my-scenario", title=words, description=about)
    assert text == golden.replace("description: What it changes, and why.", 'description: "What it changes, and why."')


def test_long_texts_stand_in_blocks(tmp_path):
    long = "A sentence of some length, with a # and a colon: here. " * 5
    words = {"nb": long.strip(), "en": "Two lines.\n\n  - the second: one"}
    text, _ = reread(tmp_path, load_scenario("baseline"), description=words)
    assert max(map(len, text.splitlines())) <= 120
    assert "\n  nb: >-\n    A sentence of" in text
    assert "\n  en: |-\n    Two lines.\n\n      - the second: one\n" in text


def test_long_entries_stand_on_several_lines(tmp_path):
    entry = "{from: 2023-01, value: 9, reference: '" + "x: " * 40 + "end'}"
    scenario = load_scenario("baseline", overrides=[f"levers.fines.worker_nok=[{entry}]"])
    text, again = reread(tmp_path, scenario)
    assert "      - from: 2023-01\n        value: 9\n        reference: " in text
    assert again.references == scenario.references


@pytest.mark.parametrize(
    ("given", "written"),
    [
        # Ended by `to`, removed where it never acts, replaced, interrupted, laid under an earlier one.
        (
            "{country: MA, from: 2023-01, effectiveness: 0}",
            [{"from": "2017-01", "to": "2022-12", "effectiveness": 0.3}],
        ),
        ("{country: MA, from: 2017-01, effectiveness: null}", [{"from": "2017-01", "effectiveness": None}]),
        ("{country: MA, from: 2017-01, effectiveness: 1}", [{"from": "2017-01", "effectiveness": 1}]),
        (
            "{country: MA, from: 2020-01, to: 2020-12, effectiveness: 0}",
            [{"from": "2020-01", "to": "2020-12", "effectiveness": 0}],
        ),
        (
            "{country: MA, from: 2014-01, to: 2016-12, effectiveness: 0.9}",
            [{"from": "2014-01", "to": "2016-12", "effectiveness": 0.9}],
        ),
        ("{country: MA, from: 2023-01, effectiveness: 0.9}", [{"from": "2023-01", "effectiveness": 0.9}]),
        ("{country: MA, from: 2023-01, effectiveness: 0.3}", []),
        (
            "{country: MA, from: 2019-01, effectiveness: 0.5}, {country: MA, from: 2021-01, effectiveness: 0.7}",
            [{"from": "2019-01", "effectiveness": 0.5}, {"from": "2021-01", "effectiveness": 0.7}],
        ),
    ],
)
def test_an_agreement_is_written_shortly(tmp_path, given, written):
    text, _ = reread(tmp_path, load_scenario("baseline", overrides=[f"levers.return_agreements=[{given}]"]))
    rows = levers_of(text).get("return_agreements", [])
    for row in rows:
        row.pop("reference", None)
    assert rows == [{"country": "Marokko", **row} for row in written]


def test_places_that_are_alike_share_an_entry(tmp_path):
    def told(*given):
        return levers_of(reread(tmp_path, load_scenario("baseline", overrides=given))[0])

    district = "levers.controls.identity_checks"
    assert told(f"{district}=2") == {"controls": {"identity_checks": 2}}
    assert told(f"{district}.Oslo=2") == {"controls": {"identity_checks": {"Oslo": 2}}}
    assert told(f"{district}=2", f"{district}.Oslo=1")["controls"]["identity_checks"] == dict.fromkeys(DISTRICTS[1:], 2)
    # The parent differs by city, and only some cities change; all are alike afterwards.
    model = told("levers.municipal.health_model=ngo_centre")
    assert model == {"municipal": {"health_model": "ngo_centre"}}
    # One city that becomes as the others are is the only one that is named.
    help_ = "levers.municipal.nav_emergency_help"
    assert told(f"{help_}.Stavanger=[{{from: 2020-03, value: rule_2014}}]")["municipal"]["nav_emergency_help"] == {
        "Stavanger": [{"from": "2020-03", "value": "rule_2014"}]
    }
    # A reference of one city is not the others'.
    entry = "{from: 2023-01, value: true%s}"
    only = [f"levers.municipal.alternative_placement=[{entry % ''}]"]
    only.append(f"levers.municipal.alternative_placement.Oslo=[{entry % ', reference: R'}]")
    assert told(*only) == {"municipal": {"alternative_placement": [{"from": "2023-01", "value": True}]}}
    # Capacity is never written for all centres at once.
    capacity = dict.fromkeys(CENTRES, 10)
    assert told(f"levers.reception_centres.capacity={json.dumps(capacity)}") == {
        "reception_centres": {"capacity": capacity}
    }
    most = dict.fromkeys(set(CITIES) - {"Stavanger"}, "none")
    assert told(f"levers.municipal.health_model={json.dumps(most)}") == {"municipal": {"health_model": "none"}}


def test_references_of_exactly_the_same_entry_are_kept(tmp_path):
    scenario = load_scenario("package-restrictive-high-arrivals")
    _, again = reread(tmp_path, scenario)
    own = set(scenario.references) - set(load_scenario("baseline").references)
    assert len(own) > 20
    assert own <= set(again.references) <= set(scenario.references)
    first = load_scenario("baseline", overrides=["levers.detention.capacity=[{from: 2012-01, value: 5, reference: R}]"])
    assert "      - {from: 2012-01, value: 5, reference: R}\n" in reread(tmp_path, first)[0]


# ---- hostile words ------------------------------------------------------------------------------------------

HOSTILE = [
    "a: b", "a :b", "a:", ": a", "#", "a # b", "# a", "- a", "-", "---", "...", "--- a", "'", '"', "'a'", '"a": b',
    "{", "}", "{a: b}", "[", "[a, b]", ",", "a, b", "&a", "*a", "!a", "!!int 5", "|", "|-", ">", "%YAML 1.2", "@a",
    "`a`", "?", "? a", "~", "null", "Null", "NO", "no", "true", "True", "on", "y", "<<", "=", "5", "5.0", "1e5", "0x1F",
    "0o17", ".5", ".inf", ".nan", "12:30", "2023-01", "2023-01-01", "1_000", "\\", "\\n", "a\\", "a\nb", "a\n\nb",
    "a\n b", "a\n\n\n# b", "a\n---\nb", "a\n...\nb", "a \nb", "a\r\nb", "a\tb", "a\n\tb", "a\x00b", "a\x07b", "a\x1bb",
    "a\x7fb", "a\x85b", "a\u2028b", "a\u2029b", "a\ufeffb", "a\u200bb", "a\u202eb", "a\u00a0b", "a\uffffb",
    "a\U0001f600b", "Ærlig «talt»", "नमस्ते", "a  b", "a" * 5000, "a b " * 1200 + "c", "x" * 130 + " y",
    "a  " * 60 + "b", "stock:synlig", "{{ x }}", "$(x)", "</script>", "extends: /etc/passwd", "a\nlevers: {}",
]  # fmt: skip


@pytest.mark.parametrize("number", range(0, len(HOSTILE), 3))
def test_hostile_words_come_back(tmp_path, number):
    """Three at a time, in each place that holds words."""
    one, other, third = (HOSTILE[(number + k) % len(HOSTILE)] for k in range(3))
    scenario = load_scenario("baseline", end="2012-03")
    reread(tmp_path, scenario, title={"nb": one, "en": other}, description=third)
    reread(tmp_path, scenario, title={"nb": third, "en": one}, description={"nb": "x", "en": other})


@pytest.mark.parametrize("words", ["", " ", "\n", " a", "a ", "a\n", "\ta", "e\u0301", "a" * 5001, "\ud800"])
def test_words_that_would_come_back_otherwise_are_refused(words):
    scenario = load_scenario("baseline", end="2012-03")
    refusal(scenario, title={"nb": words, "en": "x"})
    refusal(scenario, description={"nb": "x", "en": words})
    if words:
        refusal(scenario, description=words)


@settings(max_examples=15, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(), st.text(alphabet=" \n:#-{}[]'\"&*!|>%@`?,ab\\", min_size=1), st.text(max_size=8))
def test_any_words_come_back_or_are_refused(tmp_path, title, description, name):
    scenario = load_scenario("baseline", end="2012-03")
    try:
        reread(tmp_path, scenario, name="x", title={"nb": title, "en": description}, description=description)
    except ScenarioError:
        assert any(not one or one != unicodedata.normalize("NFC", one).strip() for one in (title, description))
    try:
        reread(tmp_path, scenario, name=name)
    except ScenarioError as error:
        assert [fault.path for fault in error.faults] == ["name"]


@pytest.mark.parametrize("name", ["null", "NO", "true", "5", "1e5", "0x1F", "2023-01", "baseline", "a_b-C", "x" * 64])
def test_hostile_names_come_back(tmp_path, name):
    reread(tmp_path, load_scenario("baseline", end="2012-03"), name=name)


@pytest.mark.parametrize("name", ["", " a", "a b", "-a", "../a", "a/b", "a.yaml", "æ", "a\nb", "a: b", "#", "x" * 65])
def test_names_of_no_folder_are_refused(name):
    assert ": name: " in refusal(load_scenario("baseline"), name=name)


def test_references_may_hold_anything(tmp_path):
    path = "levers.fines.worker_nok"
    month = [f"{2012 + index // 12}-{index % 12 + 1:02d}" for index in range(len(HOSTILE))]
    steps = [{"from": one, "value": index} for index, one in enumerate(month)]
    scenario = load_scenario("baseline", overrides=[f"{path}={json.dumps(steps)}"])
    rows = [(path, one, words) for one, words in zip(month, HOSTILE, strict=True)]
    _, again = reread(tmp_path, replace(scenario, references=tuple(rows)))
    assert [row for row in again.references if row[0] == path and row[1] != "2009-01"] == rows


# ---- titles, descriptions, parents --------------------------------------------------------------------------


def test_a_language_left_out_takes_the_words_of_the_other(tmp_path):
    text = scenario_text(load_scenario("baseline"), title={"en": "Only"}, description={"nb": "Bare"})
    assert "\ntitle: Only\ndescription:\n  nb: Bare\n  en: Bare\n" in text
    assert "description" not in reread(tmp_path, load_scenario("baseline"), description="")[0]
    assert "no such language" in refusal(load_scenario("baseline"), title={"en": "a", "de": "b"})


def test_only_a_shipped_scenario_can_be_the_parent(tmp_path):
    own = child(tmp_path, "", name="own")
    assert "extends: 'own' is not a shipped scenario" in refusal(own, own)


# ---- what a file cannot say ---------------------------------------------------------------------------------


def changed(**fields) -> Scenario:
    """The baseline with other values from month to month."""
    base = load_scenario("baseline")
    return replace(base, levers=base.levers.replaced(**fields))


def flags(*spans: tuple[str, str]) -> np.ndarray:
    out = np.zeros(load_scenario("baseline").levers.months, dtype=bool)
    for first, last in spans:
        out[month_number(first) : month_number(last) + 1] = True
    return out


def test_all_that_a_file_cannot_say_is_told_at_once():
    base = load_scenario("baseline").levers
    open_ = base.centre_open.copy()
    open_[:, CENTRES.index("Hå")] = flags(("2009-01", "2013-12"), ("2015-01", "2016-12"))
    scheme = Scheme(month_number("2023-01"), None, 5.0, 0.0, False, False, False)
    spans = ("2020-01", "2020-06"), ("2022-01", "2022-06")
    message = refusal(
        changed(
            centre_open=open_,
            directive_in_force=flags(*spans),
            directive_back_pay_months=flags(*spans) * 3.0,
            regularisation=(scheme, replace(scheme, min_years=6.0)),
            pandemic=flags(*spans),
        )
    )
    assert message.splitlines() == [
        "baseline:1:1: levers.reception_centres.close: Hå changes in 2014-01, 2015-01, 2017-01; a file can hold "
        "only one closing and one later opening",
        "baseline:1:1: levers.employer_sanctions_directive: changes in 2020-01, 2022-01; a file can hold "
        "only one period with the same conditions",
        "baseline:1:1: levers.regularisation: two schemes begin in 2023-01; a file can hold only one per month",
        "baseline:1:1: assumptions.pandemic: changes in 2020-01, 2022-01; a file can hold only one period with "
        "the same conditions",
    ]


def test_two_schemes_in_force_when_the_period_starts_are_refused():
    entries = "[{from: 2013-01, min_years: 5}, {from: 2014-01, min_years: 6}]"
    scenario = load_scenario("baseline", overrides=[f"levers.regularisation={entries}", "period.start=2020-01"])
    assert "two schemes begin in 2020-01; a file can hold only one per month" in refusal(scenario)
    # One that is inherited counts too.
    parent = load_scenario("regularisation-2021")
    (own,) = (scheme for scheme in parent.levers.regularisation if scheme.start >= month_number("2023-01"))
    both = changed(regularisation=(replace(own, min_years=5.0), own))
    assert "two schemes begin in 2023-01; a file can hold only one per month" in refusal(both, parent)


def test_values_that_no_file_gives_are_refused():
    base = load_scenario("baseline").levers
    pooled = base.agreement_effectiveness.copy()
    pooled[-12:, -1] = 0.5
    assert "levers.return_agreements[0].country: 'Andre' pools many" in refusal(changed(agreement_effectiveness=pooled))
    none = base.agreement_effectiveness.copy()
    none[-12:, 0] = 0.0
    assert "a file cannot express its values" in refusal(changed(agreement_effectiveness=none))
    assert "levers.fines.worker_nok: -1 is outside" in refusal(changed(worker_nok=base.worker_nok - 8001))


def test_a_closed_and_open_centre_takes_one_of_each(tmp_path):
    index = CENTRES.index("Hå")
    for spans in ([("2009-01", "2013-12"), ("2015-01", "2030-12")], [("2009-01", "2011-12"), ("2015-01", "2030-12")]):
        open_ = load_scenario("baseline").levers.centre_open.copy()
        open_[:, index] = flags(*spans)
        reread(tmp_path, changed(centre_open=open_))


def test_what_held_before_the_period_is_the_baselines(tmp_path):
    base = load_scenario("baseline").levers
    other = base.worker_nok.copy()
    other[:36] = 1.0
    text = scenario_text(changed(worker_nok=other))
    (tmp_path / "x.yaml").write_text(text, encoding="utf-8")
    assert load_scenario(tmp_path / "x.yaml").levers == base
