"""The registry of levers says what the contract fixes, once, and says it in full."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import astuple, fields
from typing import Any

import pytest
import yaml

from irregsim.model.parameters import parameter
from irregsim.scenario import Levers, levers, shipped_scenarios
from irregsim.scenario.levers import ASSUMPTIONS, GROUPS, HEALTH_MODELS, LEVERS, NAV_RULES, REGISTRY, Holds, Kind, Lever
from irregsim.scenario.levers.readers import SAYS, term
from irregsim.vocabulary import report_tables as tables
from irregsim.vocabulary.codes import Exit, Strategy
from irregsim.vocabulary.labels import LANGUAGES
from test_labels import BANNED

CONTRACT_LEVERS = [
    "return_agreements",
    "reception_centres.close",
    "reception_centres.open",
    "reception_centres.capacity",
    "reception_centres.stay_after_rejection",
    "reception_centres.basic_allowance_nok",
    "fines.employer_base_nok",
    "fines.employer_per_workday_nok",
    "fines.worker_nok",
    "fines.documented_workdays_share",
    "employer_sanctions_directive",
    "work.tax_card",
    "work.confiscate_profit_share",
    "work.worker_consequences",
    "controls.workplace_inspections",
    "controls.identity_checks",
    "controls.penal_priority",
    "police.no_removal_when_reporting",
    "detention.capacity",
    "assisted_return.support_nok",
    "assisted_return.open_to_all",
    "assisted_return.information",
    "regularisation",
    "municipal.shelter",
    "municipal.nav_emergency_help",
    "municipal.alternative_placement",
    "municipal.health_model",
    "municipal.crisis_centre_admission",
]

CONTRACT_ASSUMPTIONS = [
    "asylum_rejections_per_year",
    "never_asylum_inflow",
    "control_effort",
    "pu_effort",
    "assisted_scheme",
    "dublin_rate",
    "pandemic",
    "inflow_pull",
    "response.departure_from_hardship",
    "response.arrival_from_conditions",
    "response.return_risk",
    "interactions",
]

OUTCOMES = [
    "roofless_person_months",
    "homeless_person_months",
    "exploitative_work_person_months",
    "exploitative_dependence_person_months",
    "violent_relation_person_months",
    "wages_withheld_nok",
    "care_needed",
    "care_sought",
    "care_received",
    "child_months_in_centre",
    "child_months_outside",
    "child_centre_moves",
    "citizen_children_with_parent_at_risk",
    "offences_reported",
    "offences_unreported",
    "detention_days",
    "centre_bed_days",
    "inspections",
    "fines_nok",
    "back_pay_nok",
]

REGISTERS = [
    "udi_return_duty_stock",
    "udi_expulsions",
    "pu_orders",
    "pu_returns_executed",
    "ssb_sanctions",
    "assisted_returns",
    "left_centre_without_address",
    "health_contacts",
]

#: Shipped values between two steps of a slider: no round step holds them, and they are meant as they are.
BETWEEN_STEPS = {
    # UDI's rates, as published.
    "levers.reception_centres.basic_allowance_nok": {1960.0, 1992.0},
    # What the districts of the west get when the number of controls in the country stays the same.
    "levers.controls.workplace_inspections": {1.86},
    "levers.controls.identity_checks": {1.504},
    # Counts of the years from 2009 and from 2015.
    "assumptions.asylum_rejections_per_year": {2103, 2176, 2371, 3148, 3764, 3843, 5966, 6229, 7714},
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


def test_the_keys_are_those_of_the_contract_in_its_order():
    assert [lever.key for lever in LEVERS] == CONTRACT_LEVERS
    assert [lever.key for lever in ASSUMPTIONS] == CONTRACT_ASSUMPTIONS


def test_options_are_those_of_the_contract():
    assert NAV_RULES == ("rule_2004", "rule_2014", "wide")
    assert set(HEALTH_MODELS) == {"ngo_centre", "municipal_asylum_only", "municipal_open", "none"}


def test_every_resolved_field_is_filled_by_a_lever_and_no_other():
    filled = {name for lever in REGISTRY for name in lever.fields}
    assert filled == {item.name for item in fields(Levers)}
    shared = [name for name in filled if sum(name in lever.fields for lever in REGISTRY) > 1]
    assert shared == ["centre_open"]  # closed by one lever and opened by another


@pytest.mark.parametrize("lever", REGISTRY, ids=lambda lever: lever.path)
def test_an_entry_is_complete(lever):
    for text in (lever.source, lever.example):
        assert text.strip()
    # A direction or the reason why there is none, never both; a direction says where it comes from.
    assert bool(lever.moves) != bool(lever.no_direction)
    assert bool(lever.moves) == bool(lever.basis)
    assert lever.basis in ("", "from the report", "from theory", "by construction")
    assert set(lever.moves.values()) <= {"up", "down", "none"}
    if lever.holds is Holds.NUMBER and lever.kind is not Kind.DIRECTIVE:
        assert lever.low < lever.high
        if isinstance(lever.default, float):
            assert lever.low <= lever.default <= lever.high
    if lever.holds is Holds.OPTION:
        assert lever.default in lever.options


@pytest.mark.parametrize("lever", LEVERS, ids=lambda lever: lever.path)
def test_a_direction_names_an_outcome_of_the_contract(lever):
    known = set(OUTCOMES)
    known |= {f"stock:{strategy.code}" for strategy in Strategy} | {f"exit:{code.code}" for code in Exit}
    known |= {f"register:{register}" for register in REGISTERS}
    assert set(lever.moves) <= known


def test_mechanisms_exist():
    known = {row["id"] for row in tables.load("mechanisms")}
    used = {mechanism for lever in REGISTRY for mechanism in lever.mechanisms}
    assert used <= known, used - known


def test_every_lever_but_switches_serves_a_mechanism():
    assert [lever.key for lever in REGISTRY if not lever.mechanisms] == ["interactions"]


@pytest.mark.parametrize("lever", REGISTRY, ids=lambda lever: lever.path)
@pytest.mark.parametrize("lang", LANGUAGES)
def test_explain_tells_meaning_range_default_and_source(lever, lang):
    text = levers.explain(lever.key, lang)
    own = levers.words(lever, lang)
    for piece in (lever.path, own.meaning, own.who_decides, own.no_direction, lever.source):
        assert piece in text
    default = SAYS[lang]["none"] if lever.default == () else levers.default_text(lever)
    assert f"\n  {SAYS[lang]['default']}: {default}\n" in text
    for part in lever.parts if lever.kind is not Kind.YEARS else ():
        assert f"- {part.name}: {levers.range_text(part, lang)}" in text
        assert levers.words(part, lang).meaning in text
    if lever.kind is Kind.DATED and lever.holds is Holds.NUMBER:
        to = {"en": "to", "nb": "til"}[lang]
        assert f"{levers.number_text(lever.low)} {to} {levers.number_text(lever.high)} ({own.unit})" in text


def test_explain_reads_so_in_english():
    assert levers.explain("detention.capacity").splitlines() == [
        "levers.detention.capacity",
        "  Places in the police immigration detention centre.",
        "  values: 0 to 2000 (places)",
        "  default: 220",
        "  raising it moves: detention_days up (by construction)",
        "  who decides: the Storting (budget) and PU",
        "  source: F 10.2 (Trandum); the number of places is an assumption, grade D",
        "  mechanisms: M060, M061",
        "  in a child: a dated child overrides from its first date on; a bare value overrides throughout "
        "(identity: month)",
        "  example: capacity: [{from: 2024-01, value: 300}]",
    ]


def test_explain_reads_so_in_norwegian():
    assert levers.explain("municipal.crisis_centre_admission", "nb").splitlines() == [
        "levers.municipal.crisis_centre_admission",
        "  Om krisesentre tar imot personer uten lovlig opphold.",
        "  verdier: true eller false (ja eller nei)",
        "  settes per: by",
        "  standardverdi: false",
        "  når den heves: violent_relation_person_months ned (ifølge rapporten)",
        "  hvem avgjør: kommunen (krisesentrene)",
        "  kilde: F 4.7; 9.2",
        "  mekanismer: M037, M038, M054, M105",
        "  i et scenario som bygger på et annet: daterte verdier overstyrer fra sin første dato; en enkelt verdi "
        "overstyrer hele veien (identitet: by og måned)",
        "  eksempel: crisis_centre_admission: {Oslo: true}",
    ]


def test_the_fixed_words_of_explain_stand_in_both_languages():
    assert SAYS["nb"].keys() == SAYS["en"].keys()
    assert [key for key, text in SAYS["nb"].items() if text == SAYS["en"][key]] == []
    terms = {lever.merge for lever in REGISTRY} | {lever.identity for lever in REGISTRY}
    terms |= {lever.basis for lever in REGISTRY} | {lever.by.value for lever in REGISTRY}
    terms |= {sign for lever in REGISTRY for sign in lever.moves.values()}
    # `from` is a key of a file, and has no other name in Norwegian.
    assert {text for text in terms if term(text, "nb") == text} == {"", "from"}
    assert all(term(text, "en") == text for text in terms)


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
        assert english.no_direction == spec.no_direction
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
    texts += [text for by_language in (*GROUPS.values(), *SAYS.values()) for text in by_language.values()]
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
    assert list(GROUPS)[-1] == "assumptions"
    for lang in LANGUAGES:
        headings = [words[lang] for words in GROUPS.values()]
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
    text = " ".join(f"{lever.meaning} {lever.meaning_nb}" for lever in REGISTRY).lower()
    for word in ("illegal", "ulovlig", "alien", "unreturnable", "ureturnerbar"):
        assert word not in text
