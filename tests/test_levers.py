"""The registry of levers says what the contract fixes, once, and says it in full."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import astuple, fields
from pathlib import Path
from typing import Any

import pytest
import yaml

from irregsim.model.history import OUTCOMES
from irregsim.model.parameters import parameter
from irregsim.model.registers import REGISTERS
from irregsim.scenario import levers, shipped_scenarios
from irregsim.scenario.levers import GROUPS, HEALTH_MODELS, LEVERS, NAV_RULES, REGISTRY, Holds, Kind, Lever
from irregsim.scenario.levers.readers import heading, term
from irregsim.vocabulary import report_tables as tables
from irregsim.vocabulary.codes import Exit, Strategy
from irregsim.vocabulary.labels import LANGUAGES, labels
from irregsim.vocabulary.labels import Words as Say
from test_labels import BANNED

#: Shipped values between two steps of a slider: no round step holds them, and they are meant as they are.
BETWEEN_STEPS = {
    # The extra offer of April to June 2016 held for some days of two months.
    "levers.assisted_return.support_nok": {22000},
    # UDI's rates, as published.
    "levers.reception_centres.basic_allowance_nok": {1960.0, 1992.0},
    # What the districts of the west get when the number of controls in the country stays the same.
    "levers.controls.workplace_inspections": {1.86},
    "levers.controls.identity_checks": {1.504},
    # Counts of the years from 2009 and from 2015, and of 2025.
    "assumptions.asylum_rejections_per_year": {1315, 2103, 2176, 2371, 3148, 3764, 3843, 5966, 6229, 7714},
}

#: Parameters that each response sets.
RESPONSES = {
    "response.departure_from_hardship": ["departure_from_hardship_log_ratio"],
    "response.arrival_from_conditions": ["arrival_from_conditions_log_ratio"],
    "response.return_risk": ["assisted_risk_slope", "walkout_risk_slope"],
}

PARTS = {(lever.path, part.name): part for lever in REGISTRY for part in lever.parts}

#: Everything with words of its own.
SPECS = {lever.path: lever for lever in REGISTRY} | {".".join(place): part for place, part in PARTS.items()}

NUMBERS = {
    place: spec
    for place, spec in SPECS.items()
    # The directive itself is in force or not; its numbers stand in its parts.
    if spec.holds is Holds.NUMBER and not (isinstance(spec, Lever) and spec.kind is Kind.DIRECTIVE)
}


def leaves(node: Any, key: str = "") -> Iterator[tuple[str, Any]]:
    """Values below a node of a scenario, each with the last key that is not a place in a list."""
    if isinstance(node, dict):
        for name, child in node.items():
            yield from leaves(child, str(name))
    elif isinstance(node, list):
        for child in node:
            yield from leaves(child, key)
    else:
        yield key, node


def shipped_numbers() -> dict[str, set[float]]:
    """Every number that a shipped scenario sets, by the lever or the key of an entry that it is for."""
    found: dict[str, set[float]] = {}
    for path in shipped_scenarios().values():
        tree = yaml.safe_load(path.read_text(encoding="utf-8"))
        for lever in REGISTRY:
            node: Any = tree
            for name in lever.path.split("."):
                node = (node or {}).get(name)
            for key, value in leaves(node):
                if isinstance(value, int | float) and not isinstance(value, bool):
                    # A bare number of a year stands for its key `value`.
                    key = "value" if lever.kind is Kind.YEARS else key
                    place = f"{lever.path}.{key}" if (lever.path, key) in PARTS else lever.path
                    found.setdefault(place, set()).add(value)
    return found


def steps_to(usual: tuple[float, float, float], value: float) -> float:
    low, _, step = usual
    return (value - low) / step


def is_whole(number: float) -> bool:
    return abs(number - round(number)) < 1e-9


def test_options_are_those_of_the_contract():
    assert NAV_RULES == ("rule_2004", "rule_2014", "wide")
    assert set(HEALTH_MODELS) == {"ngo_centre", "municipal_asylum_only", "municipal_open", "none"}


def test_every_lever_has_a_field_of_its_own():
    filled = [name for lever in REGISTRY for name in lever.fields]
    shared = {name for name in filled if filled.count(name) > 1}
    assert shared == {"centre_open"}, "give the new lever a field of its own"  # closed by one, opened by another


@pytest.mark.parametrize("lever", REGISTRY, ids=lambda lever: lever.path)
def test_an_entry_is_complete(lever):
    for text in (lever.source, lever.example):
        assert text.strip()
    # A direction or the reason why there is none, never both; a direction says where it comes from.
    assert bool(lever.moves) != bool(lever.no_direction)
    assert bool(lever.moves) == bool(lever.basis)
    assert lever.basis in ("", "report", "theory", "construction")
    assert set(lever.moves.values()) <= {"up", "down", "none"}
    if lever.holds is Holds.NUMBER and lever.kind is not Kind.DIRECTIVE:
        assert lever.low < lever.high
        if isinstance(lever.default, float):
            assert lever.low <= lever.default <= lever.high
    if lever.holds is Holds.OPTION:
        assert lever.default in lever.options


@pytest.mark.parametrize("lever", LEVERS, ids=lambda lever: lever.path)
def test_a_direction_names_an_outcome_stock_exit_or_register(lever):
    known = set(OUTCOMES)
    known |= {f"stock:{strategy.code}" for strategy in Strategy} | {f"exit:{code.code}" for code in Exit}
    known |= {f"register:{register.name}" for register in REGISTERS}
    assert set(lever.moves) <= known


def test_mechanisms_exist():
    known = {row["id"] for row in tables.load("mechanisms")}
    used = {mechanism for lever in REGISTRY for mechanism in lever.mechanisms}
    assert used <= known, used - known


def test_every_lever_but_switches_serves_a_mechanism():
    assert [lever.key for lever in REGISTRY if not lever.mechanisms] == ["interactions", "driver_walks"]


@pytest.mark.parametrize("lever", REGISTRY, ids=lambda lever: lever.path)
@pytest.mark.parametrize("lang", LANGUAGES)
def test_explain_has_everything_that_an_entry_says(lever, lang):
    text = levers.explain(lever, lang)
    assert text == levers.explain(lever.key, lang) == levers.explain(lever.path, lang)
    own, says = levers.words(lever, lang), Say(lang, "lever_says")
    assert text.startswith(f"{lever.path}: {own.name}\n  {own.meaning}\n  {says('unit')}: {own.unit}\n")
    for piece in (own.who_decides, own.no_direction, lever.source, lever.example, term("merge", lever.merge, lang)):
        assert piece in text
    for outcome, sign in lever.moves.items():
        assert f"{outcome} {term('sign', sign, lang)}" in text
    named = {"basis": lever.basis, "by": lever.by.value, "identity": lever.identity.removeprefix("none")}
    for kind, key in named.items():
        assert not key or term(kind, key, lang) in text
    for mechanism in lever.mechanisms:
        assert mechanism in text
    assert f"\n  {says('default')}: {levers.default_text(lever, lang)}\n" in text
    for option in lever.options:
        assert option in text
    for part in lever.parts:
        assert f"    - {part.name}: {levers.words(part, lang).meaning}" in text
        assert f"{says('accepts')}: {levers.range_text(part, lang)}" in text
    if lever.high > lever.low:
        assert f"  {says('values')}: {levers.range_text(lever, lang)}\n" in text


def test_explain_reads_so_in_english():
    assert levers.explain("detention.capacity").splitlines() == [
        "levers.detention.capacity: Places in immigration detention",
        "  Places in the police immigration detention centre.",
        "  unit: places",
        "  range: 0 to 2000",
        "  default: 220",
        "  in a scenario that extends another: dated values override from their first date on; a single value "
        "overrides the whole path",
        "  entries are matched by: month",
        "  expected when raised or turned on: detention_days up (by construction)",
        "  who decides: the Storting (budget) and PU",
        "  source: F 10.2 (Trandum); the number of places is an assumption, grade D",
        "  mechanisms: M060, M061",
        "  example: capacity: [{from: 2024-01, value: 300}]",
    ]


def test_explain_reads_so_in_norwegian():
    assert levers.explain("reception_centres.close", "nb").splitlines()[2:12] == [
        "  enhet: første måned mottaket er stengt",
        "  standardverdi: ingen",
        "  nøkler i en oppføring:",
        "    - centre: Navnet på mottaket. Godtar: et mottak; må være med.",
        "    - on: Første måned mottaket er stengt eller åpent; null fjerner. Godtar: en måned, ÅÅÅÅ-MM; må være med.",
        "    - reference: Hvor oppføringen er hentet fra. Godtar: tekst; kan utelates.",
        "  i et scenario som bygger på et annet: legges til; samme centre erstatter; on null fjerner",
        "  oppføringer kjennes igjen på: mottak",
        "  ventet når den heves eller slås på: stock:synlig ned, stock:fritt_fall opp (ifølge rapporten)",
        "  hvem avgjør: UDI, innenfor Stortingets budsjett",
    ]


def rows_asked_for() -> set[str]:
    """Keys of the words that the registry needs."""
    units = {spec.unit for spec in SPECS.values()}
    asked = {f"lever_group.{group}" for group in GROUPS} | {f"lever_unit.{unit}" for unit in units if unit}
    for lever in REGISTRY:
        shared = {
            "decides": lever.who_decides,
            "no_direction": lever.no_direction,
            "merge": lever.merge,
            "identity": lever.identity.removeprefix("none"),
            "by": lever.by.value,
            "basis": lever.basis,
        }
        asked |= {f"lever_{kind}.{key}" for kind, key in shared.items() if key}
        asked |= {f"lever.{lever.key}.{what}" for what in ("name", "meaning")}
    asked |= {f"lever_part.{part.words or part.name}.{what}" for part in PARTS.values() for what in ("name", "meaning")}
    return asked | {f"lever_sign.{sign}" for sign in ("up", "down", "none")}


def test_the_words_of_the_levers_are_those_that_the_registry_asks_for():
    rows = {key for key in labels() if key.partition(".")[0].startswith("lever")}
    assert {key for key in rows if not key.startswith("lever_says.")} == rows_asked_for()
    code = (Path(levers.__file__)).read_text(encoding="utf-8")
    said = {key.partition(".")[2] for key in rows if key.startswith("lever_says.")}
    by_value = {"month", "country", "centre", "district"}  # types of values
    assert {key for key in said - by_value if f'"{key}"' not in code and f"'{key}'" not in code} == set()


def test_the_shared_words_stand_in_both_languages():
    rows = {key: texts for key, texts in labels().items() if key.partition(".")[0].startswith("lever_")}
    # `from` is a key of a file, and has no other name in Norwegian.
    assert [key for key, texts in rows.items() if texts["nb"] == texts["en"]] == ["lever_identity.from"]


def test_an_unknown_language_is_refused():
    with pytest.raises(KeyError, match="no language 'nn'; there are nb, en"):
        levers.explain("shelter", "nn")


@pytest.mark.parametrize("place", SPECS)
def test_the_words_stand_in_both_languages(place):
    spec = SPECS[place]
    norwegian, english = (levers.words(spec, lang) for lang in ("nb", "en"))
    for field, own, other in zip(fields(norwegian), astuple(norwegian), astuple(english), strict=True):
        assert bool(own) == bool(other), field.name
        assert own == own.strip() and other == other.strip()
        assert own != other or not own, f"{field.name}: {own}"
    assert english.name and english.meaning
    if isinstance(spec, Lever):
        assert english.unit and english.who_decides
        assert bool(english.no_direction) == bool(spec.no_direction)
    else:
        assert bool(english.unit) == (spec.holds is Holds.NUMBER)


@pytest.mark.parametrize("place", SPECS)
@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_name_fits_a_control(place, lang):
    name = levers.words(SPECS[place], lang).name
    assert len(name) <= 38
    assert name[0].isupper()
    assert "." not in name


@pytest.mark.parametrize("lang", LANGUAGES)
def test_names_are_told_apart(lang):
    for together in (REGISTRY, *(lever.parts for lever in REGISTRY)):
        names = [levers.words(spec, lang).name for spec in together]
        assert sorted(names) == sorted(set(names))


@pytest.mark.parametrize("field", ["unit", "who_decides", "no_direction"])
def test_the_same_words_are_translated_in_the_same_way(field):
    pairs = {tuple(getattr(levers.words(spec, lang), field) for lang in ("en", "nb")) for spec in SPECS.values()}
    assert len(pairs) == len({english for english, _ in pairs}) == len({norwegian for _, norwegian in pairs})


def test_no_banned_word_in_any_words_of_the_levers():
    texts = [text for spec in SPECS.values() for lang in LANGUAGES for text in astuple(levers.words(spec, lang))]
    assert len(texts) > 400
    assert [text for text in texts if BANNED.search(text)] == []


def test_numbers_and_only_numbers_have_a_usual_range():
    assert {place for place, spec in SPECS.items() if spec.usual is not None} == set(NUMBERS)


@pytest.mark.parametrize("place", NUMBERS)
def test_a_usual_range_fits_a_slider(place):
    spec = NUMBERS[place]
    assert spec.usual is not None
    low, high, step = spec.usual
    assert spec.low <= low < high <= spec.high
    assert step > 0
    assert is_whole(steps_to(spec.usual, high))
    assert 10 <= steps_to(spec.usual, high) <= 80
    mantissa = step / 10 ** math.floor(math.log10(step))
    assert min(abs(mantissa - number) for number in (1, 2, 2.5, 5)) < 1e-9


def test_usual_ranges_hold_the_default_and_every_shipped_value_on_a_step():
    known = shipped_numbers()
    for place, spec in NUMBERS.items():
        if isinstance(spec.default, float):
            known.setdefault(place, set()).add(spec.default)
    # A value for what takes no number would slip through unseen.
    assert known.keys() <= NUMBERS.keys()
    assert sum(map(len, known.values())) > 40
    outside, between = {}, {}
    for place, values in known.items():
        usual = NUMBERS[place].usual
        assert usual is not None
        outside[place] = {value for value in values if not usual[0] <= value <= usual[1]}
        between[place] = {value for value in values if not is_whole(steps_to(usual, value))}
    assert {place: values for place, values in outside.items() if values} == {}
    years = "assumptions.asylum_rejections_per_year"
    between[years] = between.pop(f"{years}.value")
    assert {place: values for place, values in between.items() if values} == BETWEEN_STEPS


def test_a_lever_of_entries_has_the_range_of_its_number():
    for key, name in (
        ("return_agreements", "effectiveness"),
        ("regularisation", "min_years"),
        ("asylum_rejections_per_year", "value"),
    ):
        lever = levers.find(key)
        part = PARTS[lever.path, name]
        assert (part.low, part.high, part.usual, part.unit) == (lever.low, lever.high, lever.usual, lever.unit)


@pytest.mark.parametrize("key", RESPONSES)
def test_a_response_offers_three_standard_deviations_and_none(key):
    usual = levers.find(key).usual
    assert usual is not None
    assert is_whole(steps_to(usual, 0.0))
    for prior in map(parameter, RESPONSES[key]):
        assert prior.distribution == "normal"
        middle, deviation = prior.p1, prior.p2
        assert deviation is not None
        assert usual[0] <= middle - 3 * deviation + 1e-9
        assert usual[1] >= middle + 3 * deviation - 1e-9


def test_every_response_is_known():
    assert {lever.key for lever in REGISTRY if lever.key.startswith("response.")} == set(RESPONSES)


@pytest.mark.parametrize("lever", REGISTRY, ids=lambda lever: lever.path)
def test_a_lever_has_one_group(lever):
    group = levers.group_of(lever)
    assert group in GROUPS
    assert (group == "assumptions") == (lever.section == "assumptions")
    # Levers that stand together in a file stand together on the page.
    first = lever.key.partition(".")[0]
    beside = [other for other in REGISTRY if other.path.startswith(f"{lever.section}.{first}")]
    assert {levers.group_of(other) for other in beside} == {group}


def test_groups_are_few_and_none_is_empty():
    assert 6 <= len(GROUPS) <= 8
    assert set(GROUPS) == {levers.group_of(lever) for lever in REGISTRY}
    assert GROUPS[-1] == "assumptions"
    for lang in LANGUAGES:
        headings = [heading(group, lang) for group in GROUPS]
        assert len(set(headings)) == len(headings)
        assert all(re.match("[A-ZÆØÅ]", heading) for heading in headings)


def test_find_takes_the_last_part_where_it_is_enough():
    assert levers.find("shelter").key == "municipal.shelter"
    assert levers.find("levers.fines.worker_nok").key == "fines.worker_nok"


@pytest.mark.parametrize(
    ("name", "words"),
    [("capacity", "more than one"), ("shelters", "did you mean municipal.shelter"), ("xyzzy", "no lever")],
)
def test_find_says_what_is_near(name, words):
    with pytest.raises(KeyError, match=words):
        levers.find(name)


def test_words_for_people_are_kind():
    text = " ".join(levers.words(lever, lang).meaning for lever in REGISTRY for lang in LANGUAGES).lower()
    for word in ("illegal", "ulovlig", "alien", "unreturnable", "ureturnerbar"):
        assert word not in text
