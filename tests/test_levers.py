"""The registry of levers says what the contract fixes, once, and says it in full."""

from __future__ import annotations

from dataclasses import fields

import pytest

from irregsim import levers, tables
from irregsim.levers import ASSUMPTIONS, HEALTH_MODELS, LEVERS, NAV_RULES, REGISTRY, Holds, Kind
from irregsim.scenario import Levers
from irregsim.vocabulary import Exit, Strategy

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
    for text in (lever.unit, lever.meaning, lever.meaning_nb, lever.who_decides, lever.source, lever.example):
        assert text.strip()
    assert lever.meaning != lever.meaning_nb
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
@pytest.mark.parametrize("lang", ["nb", "en"])
def test_explain_tells_meaning_range_default_and_source(lever, lang):
    text = levers.explain(lever.key, lang)
    meaning = lever.meaning_nb if lang == "nb" else lever.meaning
    for piece in (lever.path, meaning, f"default: {levers.default_text(lever)}", lever.who_decides, lever.source):
        assert piece in text
    if lever.kind is Kind.DATED and lever.holds is Holds.NUMBER:
        assert f"{levers.number_text(lever.low)} to {levers.number_text(lever.high)}" in text


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
