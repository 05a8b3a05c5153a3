"""Single hazards for pairs of persons who differ in one thing: which way it moves them, and where a hazard is zero."""

from __future__ import annotations

import numpy as np
import pytest

from helpers.worlds import baseline, settings_of
from irregsim.model.draws import Draws
from irregsim.model.month import MONTH
from irregsim.model.parameters import point_draw
from irregsim.model.population import COLUMNS
from irregsim.model.simulate import begin_month, start
from irregsim.model.values import Values
from irregsim.vocabulary import reference
from irregsim.vocabulary.codes import Decision, Household, Route, Strategy, Substrategy

RULES = {rule.channel: rule for part in MONTH for rule in part.rules}
COUNTRY = {c.name: c.index for c in reference.countries()}
CENTRE = {c.name: c.index for c in reference.centres()}

#: A typical person in each way of living, former asylum seeker from Iraq in Oslo, thirty years old.
PERSON = {
    "country": COUNTRY["Irak"],
    "route": Route.ASYLUM_REJECTED,
    "birth_month": -360,
    "is_sought_asylum": True,
    "decision": Decision.DUTY_TO_LEAVE,
    "is_identity_established": True,
}
RESIDENT = {**PERSON, "strategy": Strategy.SYNLIG, "centre": CENTRE["Oslo"]}
GUEST = {**PERSON, "strategy": Strategy.AVHENGIG, "substrategy": Substrategy.FRIEND, "host": 0}
WORKER = {**PERSON, "strategy": Strategy.ARBEIDENDE, "employer": 0}
MARGIN = {**PERSON, "strategy": Strategy.MARGINALISERT, "substrategy": Substrategy.DRUGS}
FALLEN = {**PERSON, "strategy": Strategy.FRITT_FALL}


def hazards(channel: str, *people: dict[str, object], **levers: float | bool) -> list[float]:
    """Hazard of a rule for each person in the first month, with levers set to values."""
    settings = settings_of(baseline("2012-01"), **{name: (0, value) for name, value in levers.items()})
    world = start(Values(settings, point_draw(), 0.05), Draws(1, 0))
    at = begin_month(world)
    columns = {}
    for name in set().union(*people):
        none = -1 if name in ("centre", "host", "employer", "side_employer", "tie_0") else 0
        columns[name] = np.array([int(person.get(name, none)) for person in people]).astype(COLUMNS[name])
    ids = np.arange(len(people), dtype=np.uint64)
    rows = world.population.add(person_id=ids, key=world.draws.keys(ids), **columns)
    world.set_cell(rows)
    return np.asarray(RULES[channel].hazard(world.rows(rows), at), dtype=np.float64).tolist()


@pytest.mark.parametrize(
    ("channel", "person", "changed", "direction"),
    [
        ("walkout", RESIDENT, {"country": COUNTRY["Eritrea"]}, "lower"),  # nothing to fear: none is sent back
        ("walkout", RESIDENT, {"household": Household.GUARDIAN}, "lower"),
        ("walkout", RESIDENT, {"has_care_need": True}, "lower"),
        ("walkout", RESIDENT, {"tie_0": 3}, "higher"),
        ("walkout", RESIDENT, {"centre": CENTRE["Andre samlet"]}, "higher"),
        ("walkout", RESIDENT, {"entry_month": -60}, "lower"),
        ("walkout", RESIDENT, {"route": Route.DUBLIN}, "zero"),
        ("pu_fetch", RESIDENT, {"country": COUNTRY["Eritrea"]}, "lower"),
        ("pu_fetch", RESIDENT, {"is_identity_established": False}, "zero"),
        ("pu_fetch", RESIDENT, {"has_care_need": True}, "lower"),
        ("pu_fetch", RESIDENT, {"route": Route.DUBLIN}, "zero"),
        ("dublin_transfer", {**RESIDENT, "route": Route.DUBLIN}, {"route": Route.ASYLUM_REJECTED}, "zero"),
        ("inspection", WORKER, {"has_forged_papers": True}, "lower"),
        ("inspection", WORKER, {"has_tax_card": True}, "lower"),
        ("job_loss", WORKER, {"has_tax_card": True}, "lower"),
        ("job_offer", FALLEN, {"tie_0": 3}, "higher"),
        ("job_offer", FALLEN, {"has_care_need": True}, "zero"),
        ("job_offer", FALLEN, {"birth_month": -70 * 12}, "zero"),
        ("host_ends_stay", GUEST, {"strategy_start": -60}, "higher"),
        ("host_ends_stay", GUEST, {"substrategy": Substrategy.RELATIVE}, "lower"),
        ("host_ends_stay", GUEST, {"pays_rent": True}, "higher"),
        ("host_ends_stay", GUEST, {"substrategy": Substrategy.PARTNER}, "zero"),
        ("break_up", {**GUEST, "substrategy": Substrategy.PARTNER}, {"substrategy": Substrategy.FRIEND}, "zero"),
        ("rent_demand", GUEST, {"substrategy": Substrategy.RELATIVE}, "zero"),
        ("violence_breaks", {**GUEST, "in_violence": True}, {"in_violence": False}, "zero"),
        ("way_out", MARGIN, {"substrategy": Substrategy.SEX_SALE}, "higher"),
        ("way_out", MARGIN, {"decision": Decision.EXPELLED_PENAL}, "lower"),
        ("crime_control", MARGIN, {"substrategy": Substrategy.SEX_SALE}, "zero"),
        ("identity_control", FALLEN, WORKER, "lower"),
        ("identity_control", FALLEN, GUEST, "lower"),
        ("assisted_return", GUEST, RESIDENT, "higher"),
        ("assisted_return", GUEST, {"is_sought_asylum": False}, "zero"),
        ("assisted_return", GUEST, {"country": COUNTRY["Eritrea"]}, "lower"),
        ("assisted_return", GUEST, {"entry_month": -60}, "lower"),
        ("onward", GUEST, RESIDENT, "lower"),
        ("regularised", GUEST, {"child_status": 2}, "higher"),
        ("regularised", GUEST, {"decision": Decision.EXPELLED_IMMIGRATION_ACT}, "lower"),
        ("temporary_permit", {**GUEST, "country": COUNTRY["Eritrea"]}, {"country": COUNTRY["Irak"]}, "zero"),
        ("death", GUEST, {"birth_month": -70 * 12}, "higher"),
        ("care_need", GUEST, {"has_care_need": True}, "higher"),
        ("offence", GUEST, {"in_violence": True}, "higher"),
    ],
)
def test_one_difference_moves_a_hazard_its_way(channel, person, changed, direction):
    plain, other = hazards(channel, person, {**person, **changed})
    assert plain > 0, "the pair could not differ"
    if direction == "zero":
        assert other == 0
    else:
        assert (other > plain) if direction == "higher" else (0 < other < plain)


@pytest.mark.parametrize(
    ("channel", "person", "lever", "low", "high", "direction"),
    [
        ("walkout", RESIDENT, "basic_allowance_nok", 1000.0, 4000.0, "lower"),
        ("pu_fetch", RESIDENT, "pu_effort", 0.5, 2.0, "higher"),
        ("inspection", WORKER, "workplace_inspections", 0.5, 2.0, "higher"),
        ("identity_control", FALLEN, "identity_checks", 0.5, 2.0, "higher"),
        ("crime_control", MARGIN, "penal_priority", 0.5, 2.0, "higher"),
        ("violence_breaks", {**GUEST, "in_violence": True}, "no_removal_when_reporting", False, True, "higher"),
        ("violence_breaks", {**GUEST, "in_violence": True}, "crisis_centre_admission", False, True, "higher"),
        ("assisted_return", GUEST, "assisted_support_nok", 10_000.0, 40_000.0, "higher"),
        ("assisted_return", GUEST, "assisted_information", 0.5, 2.0, "higher"),
        ("assisted_return", GUEST, "assisted_scheme", 0.5, 2.0, "higher"),
        ("job_offer", FALLEN, "directive_in_force", False, True, "lower"),
    ],
)
def test_one_lever_moves_a_hazard_its_way(channel, person, lever, low, high, direction):
    beside = {"directive_duty_to_check": True} if lever == "directive_in_force" else {}
    (before,), (after,) = (
        hazards(channel, person, **{lever: low}, **beside),
        hazards(channel, person, **{lever: high}, **beside),
    )
    assert before > 0
    assert (after > before) if direction == "higher" else (0 < after < before)


@pytest.mark.parametrize("channel", sorted(RULES))
def test_hazards_are_numbers_from_zero_up_for_everybody(channel):
    values = hazards(channel, RESIDENT, {**GUEST, "in_violence": True}, WORKER, MARGIN, FALLEN)
    assert len(values) == 5
    assert all(np.isfinite(values))
    assert all(value >= 0 for value in values)
