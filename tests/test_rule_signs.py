"""Exact signs, rule by rule: a hazard moves the way it should, and is zero for whom it does not concern."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from helpers.scenes import (
    COUNTRY,
    DEALER,
    FALLING,
    GUEST,
    MONTH,
    PLACE,
    REMOTE,
    RESIDENT,
    SELLER,
    WITH_PARTNER,
    WITH_RELATIVE,
    WORKER,
    Columns,
    Scene,
)
from irregsim.model.centres import IS_ALTERNATIVE
from irregsim.model.engine import Rule
from irregsim.model.month import MONTH as PARTS
from irregsim.model.parameters import point_draw
from irregsim.vocabulary.codes import DISTRICTS, Household, Route

RULES: dict[str, Rule] = {rule.channel: rule for part in PARTS for rule in part.rules}
UP, DOWN, SAME = 1, -1, 0

DUBLIN: Columns = {**RESIDENT, "route": int(Route.DUBLIN)}
NO_RETURN: Columns = {**RESIDENT, "country": COUNTRY["Eritrea"]}
NO_PAPERS: Columns = {**FALLING, "is_identity_established": False}
#: A place of alternative placement.
ALTERNATIVE = int(np.flatnonzero(IS_ALTERNATIVE)[0])
ABUSED: Columns = {**WITH_PARTNER, "in_violence": True}
HELD_CARD: Columns = {**WORKER, "has_tax_card": True}
SIDE: Columns = {**RESIDENT, "side_employer": 0}
CHILD_PERMIT = {"child_status": 1}

#: Rule, person, what differs in the person, sign of the difference it makes.
PERSONS: tuple[tuple[str, Columns, Columns, int], ...] = (
    ("tie_forms", RESIDENT, {"centre": REMOTE}, DOWN),
    ("tie_forms", RESIDENT, {"has_care_need": True}, SAME),
    ("tie_wears", FALLING, {"tie_1": 0}, UP),
    ("city_move", FALLING, {"decision": 2}, UP),
    ("city_move", FALLING, DEALER, UP),
    ("walkout", RESIDENT, {"country": COUNTRY["Eritrea"]}, DOWN),
    ("walkout", RESIDENT, {"is_identity_established": False}, DOWN),
    ("walkout", RESIDENT, {"household": int(Household.GUARDIAN)}, DOWN),
    ("walkout", RESIDENT, {"has_care_need": True}, DOWN),
    ("walkout", RESIDENT, {"centre": REMOTE}, UP),
    ("walkout", RESIDENT, {"tie_0": 0}, UP),
    ("walkout", RESIDENT, {"entry_month": MONTH - 60}, DOWN),
    ("walkout", RESIDENT, {"is_female": True}, SAME),
    ("pu_fetch", RESIDENT, {"country": COUNTRY["Eritrea"]}, DOWN),
    ("pu_fetch", RESIDENT, {"is_identity_established": False}, DOWN),
    ("pu_fetch", RESIDENT, {"has_care_need": True}, DOWN),
    ("pu_fetch", RESIDENT, {"household": int(Household.GUARDIAN)}, DOWN),
    ("pu_fetch", RESIDENT, {"centre": ALTERNATIVE}, DOWN),
    ("identity", NO_PAPERS, {"country": COUNTRY["Irak"]}, DOWN),
    ("identity", NO_PAPERS, {"is_sought_asylum": False}, SAME),
    ("birth", FALLING, {"is_female": True}, UP),
    ("dublin_transfer", RESIDENT, {"route": int(Route.DUBLIN)}, UP),
    ("dublin_abscond", RESIDENT, {"route": int(Route.DUBLIN)}, UP),
    ("inspection", WORKER, {"has_forged_papers": True}, DOWN),
    ("inspection", WORKER, {"is_sought_asylum": True}, SAME),
    ("job_loss", WORKER, {"entry_month": MONTH - 60}, SAME),
    ("tax_card_loss", WORKER, {"has_tax_card": True}, UP),
    ("side_inspection", SIDE, {"has_forged_papers": True}, DOWN),
    ("side_job_ends", SIDE, {"has_care_need": True}, SAME),
    ("job_offer", FALLING, {"tie_0": 0}, UP),
    ("job_offer", FALLING, {"has_care_need": True}, DOWN),
    ("job_offer", FALLING, {"birth_month": MONTH - 70 * 12}, DOWN),
    ("job_offer", GUEST, {"pays_rent": True}, UP),
    ("host_ends_stay", GUEST, {"strategy_start": MONTH - 60}, UP),
    ("host_ends_stay", GUEST, WITH_RELATIVE, DOWN),
    ("host_ends_stay", GUEST, {"pays_rent": True}, UP),
    ("host_ends_stay", {**GUEST, "pays_rent": True}, {"side_employer": 0}, DOWN),
    ("host_ends_stay", GUEST, WITH_PARTNER, DOWN),
    ("break_up", GUEST, WITH_PARTNER, UP),
    ("rent_demand", GUEST, {"pays_rent": True}, DOWN),
    ("rent_demand", GUEST, WITH_RELATIVE, DOWN),
    ("violence_begins", GUEST, WITH_PARTNER, UP),
    ("violence_begins", WITH_PARTNER, {"in_violence": True}, DOWN),
    ("violence_breaks", WITH_PARTNER, {"in_violence": True}, UP),
    ("benefits_stopped", GUEST, WITH_RELATIVE, UP),
    ("way_out", SELLER, DEALER, DOWN),
    ("way_out", SELLER, {"decision": 3}, DOWN),
    ("market_loss", SELLER, {"decision": 3}, SAME),
    ("reconsider", FALLING, GUEST, UP),
    ("identity_control", FALLING, GUEST, DOWN),
    ("identity_control", FALLING, WORKER, DOWN),
    ("identity_control", FALLING, RESIDENT, DOWN),
    ("identity_control", FALLING, {"is_sought_asylum": True}, SAME),
    ("crime_control", SELLER, DEALER, UP),
    ("sex_market_control", DEALER, SELLER, UP),
    ("assisted_return", RESIDENT, {"country": COUNTRY["Eritrea"]}, DOWN),
    ("assisted_return", RESIDENT, {"entry_month": MONTH - 60}, DOWN),
    ("assisted_return", {**RESIDENT, "entry_month": MONTH}, {"entry_month": MONTH - 1}, DOWN),
    ("assisted_return", RESIDENT, {"centre": ALTERNATIVE}, DOWN),
    ("onward", GUEST, {"entry_month": MONTH - 60}, DOWN),
    ("assisted_return", RESIDENT, {"strategy": int(GUEST["strategy"]), "centre": -1}, DOWN),
    ("assisted_return", {**GUEST, "is_sought_asylum": True}, {"pays_rent": True}, UP),
    ("onward", RESIDENT, {"strategy": int(GUEST["strategy"]), "centre": -1}, UP),
    ("onward", GUEST, {"is_sought_asylum": True}, DOWN),
    ("onward", GUEST, {"in_violence": True}, UP),
    ("regularised", FALLING, CHILD_PERMIT, UP),
    ("regularised", FALLING, {"decision": 2}, DOWN),
    ("regularised", GUEST, WITH_PARTNER, UP),
    ("temporary_permit", RESIDENT, {"country": COUNTRY["Eritrea"]}, UP),
    ("temporary_permit", NO_RETURN, {"is_identity_established": False}, DOWN),
    ("temporary_permit", NO_RETURN, {"entry_month": MONTH - 36}, UP),
    ("temporary_permit", NO_RETURN, {"is_sought_asylum": False}, DOWN),
    ("death", FALLING, {"birth_month": MONTH - 70 * 12}, UP),
    ("death", FALLING, {"has_care_need": True}, SAME),
    ("care_need", FALLING, {"has_care_need": True}, UP),
    ("care_need", FALLING, {"birth_month": MONTH - 70 * 12}, UP),
    ("offence", GUEST, SELLER, UP),
    ("offence", GUEST, {"in_violence": True}, UP),
)

CITY_FLAGS = np.ones(5, dtype=np.bool_)
ALL = np.ones(len(DISTRICTS))
TAKES_BACK = np.ones(len(COUNTRY))

#: Rule, person, values before and after, sign of the difference they make.
SITUATIONS: tuple[tuple[str, Columns, Columns, Columns, int], ...] = (
    ("walkout", RESIDENT, {"basic_allowance_nok": 1960.0}, {"basic_allowance_nok": 3000.0}, DOWN),
    ("pu_fetch", RESIDENT, {"pu_effort": 1.0}, {"pu_effort": 2.0}, UP),
    ("identity", NO_PAPERS, {"pu_effort": 1.0}, {"pu_effort": 2.0}, UP),
    ("identity", NO_PAPERS, {"identity_cooperation": TAKES_BACK}, {"identity_cooperation": 0.0 * TAKES_BACK}, DOWN),
    ("dublin_transfer", DUBLIN, {"dublin_effort": 1.0}, {"dublin_effort": 2.0}, UP),
    ("inspection", WORKER, {"workplace_inspections": ALL}, {"workplace_inspections": 2.0 * ALL}, UP),
    ("side_inspection", SIDE, {"workplace_inspections": ALL}, {"workplace_inspections": 2.0 * ALL}, UP),
    ("inspection", HELD_CARD, {"tax_card": False}, {"tax_card": True}, DOWN),
    ("job_loss", HELD_CARD, {"tax_card": False}, {"tax_card": True}, DOWN),
    ("job_loss", WORKER, {"tax_card": False}, {"tax_card": True}, SAME),
    ("tax_card_loss", HELD_CARD, {"tax_card": False}, {"tax_card": True}, DOWN),
    ("job_offer", RESIDENT, {"basic_allowance_nok": 1960.0}, {"basic_allowance_nok": 3000.0}, DOWN),
    ("job_offer", GUEST, {"basic_allowance_nok": 1960.0}, {"basic_allowance_nok": 3000.0}, SAME),
    (
        "job_offer",
        FALLING,
        {"directive_in_force": False, "directive_duty_to_check": True},
        {"directive_in_force": True, "directive_duty_to_check": True},
        DOWN,
    ),
    ("violence_breaks", ABUSED, {"no_removal_when_reporting": False}, {"no_removal_when_reporting": True}, UP),
    ("violence_breaks", ABUSED, {"crisis_centre_admission": ~CITY_FLAGS}, {"crisis_centre_admission": CITY_FLAGS}, UP),
    ("market_loss", SELLER, {"pandemic": False}, {"pandemic": True}, UP),
    ("market_loss", DEALER, {"pandemic": False}, {"pandemic": True}, SAME),
    ("identity_control", FALLING, {"control_effort": 1.0}, {"control_effort": 2.0}, UP),
    ("identity_control", FALLING, {"identity_checks": ALL}, {"identity_checks": 2.0 * ALL}, UP),
    ("identity_control", FALLING, {"workplace_inspections": ALL}, {"workplace_inspections": 2.0 * ALL}, SAME),
    ("crime_control", DEALER, {"penal_priority": 1.0}, {"penal_priority": 2.0}, UP),
    ("crime_control", DEALER, {"identity_checks": ALL}, {"identity_checks": 2.0 * ALL}, SAME),
    ("sex_market_control", SELLER, {"identity_checks": ALL}, {"identity_checks": 2.0 * ALL}, UP),
    ("sex_market_control", SELLER, {"penal_priority": 1.0}, {"penal_priority": 2.0}, SAME),
    ("assisted_return", RESIDENT, {"assisted_support_nok": 20000.0}, {"assisted_support_nok": 40000.0}, UP),
    ("assisted_return", RESIDENT, {"assisted_information": 1.0}, {"assisted_information": 2.0}, UP),
    ("assisted_return", GUEST, {"assisted_open_to_all": False}, {"assisted_open_to_all": True}, UP),
    ("assisted_return", RESIDENT, {"assisted_open_to_all": False}, {"assisted_open_to_all": True}, SAME),
)

#: Rule and somebody whom it never concerns.
NEVER: tuple[tuple[str, Columns], ...] = (
    ("tie_wears", FALLING),
    ("walkout", DUBLIN),
    ("pu_fetch", DUBLIN),
    ("dublin_transfer", RESIDENT),
    ("dublin_abscond", RESIDENT),
    ("tax_card_loss", WORKER),
    ("host_ends_stay", WITH_PARTNER),
    ("break_up", GUEST),
    ("rent_demand", WITH_RELATIVE),
    ("violence_begins", ABUSED),
    ("violence_breaks", WITH_PARTNER),
    ("benefits_stopped", GUEST),
    ("reconsider", FALLING),
    ("identity_control", DEALER),
    ("crime_control", SELLER),
    ("sex_market_control", DEALER),
    ("assisted_return", DUBLIN),
    ("assisted_return", GUEST),
    ("assisted_return", {**FALLING, "is_sought_asylum": True}),
    ("onward", FALLING),
    ("temporary_permit", RESIDENT),
    ("temporary_permit", {**NO_RETURN, "is_identity_established": False}),
    ("temporary_permit", {**RESIDENT, "is_identity_established": False}),
    ("birth", FALLING),
    ("birth", {**FALLING, "is_female": True, "birth_month": MONTH - 17 * 12}),
    ("birth", {**FALLING, "is_female": True, "birth_month": MONTH - 45 * 12}),
    ("temporary_permit", {**NO_RETURN, "route": int(Route.DUBLIN)}),
)

#: Rules of one plain rate: the parameter is all that moves them.
RATES = {
    "tie_forms": "tie_forms_hazard",
    "tie_wears": "tie_wears_hazard",
    "side_job_ends": "job_loss_hazard",
    "rent_demand": "rent_demand_hazard",
    "identity": "identity_hazard",
    "birth": "birth_hazard",
    "benefits_stopped": "benefits_stopped_hazard",
    "reconsider": "reconsider_hazard",
    "dublin_abscond": "dublin_abscond_hazard",
}


def scene() -> Scene:
    s = Scene(point_draw())
    # Hosts of the same kind, so that only what a case names differs.
    s.world.hosts.patience[0] = 1.0
    s.world.hosts.is_exploitative[0] = False
    return s


def asked(s: Scene, channel: str, *persons: Columns, **values: Any) -> np.ndarray:
    hazard = np.asarray(RULES[channel].hazard(s.who(*persons), s.under(**values)), dtype=float)
    assert hazard.shape == (len(persons),)
    assert np.isfinite(hazard).all() and (hazard >= 0).all()
    return hazard


@pytest.mark.parametrize(("channel", "person", "change", "sign"), PERSONS)
def test_a_hazard_differs_between_persons_as_it_should(channel: str, person: Columns, change: Columns, sign: int):
    plain, other = asked(scene(), channel, person, {**person, **change})
    assert np.sign(other - plain) == sign, (plain, other)


@pytest.mark.parametrize(("channel", "person", "before", "after", "sign"), SITUATIONS)
def test_a_hazard_differs_between_situations_as_it_should(
    channel: str, person: Columns, before: Columns, after: Columns, sign: int
):
    s = scene()
    was, is_ = asked(s, channel, person, **before)[0], asked(s, channel, person, **after)[0]
    assert np.sign(is_ - was) == sign, (was, is_)


@pytest.mark.parametrize(("channel", "person"), NEVER)
def test_a_hazard_is_zero_for_whom_it_does_not_concern(channel: str, person: Columns):
    assert asked(scene(), channel, person)[0] == 0.0


@pytest.mark.parametrize("channel", RATES)
def test_a_plain_rate_moves_its_hazard_in_proportion(channel: str):
    person = {
        "tie_wears": {**FALLING, "tie_0": 0},
        "side_job_ends": SIDE,
        "benefits_stopped": WITH_RELATIVE,
        "dublin_abscond": DUBLIN,
        "tie_forms": FALLING,
        "identity": NO_PAPERS,
        "birth": {**FALLING, "is_female": True},
    }.get(channel, GUEST)
    s, name = scene(), RATES[channel]
    once, twice = (asked(s, channel, person, **{name: k * point_draw()[name]})[0] for k in (1.0, 2.0))
    assert once > 0
    assert twice == pytest.approx(2.0 * once, rel=1e-12)


def test_fear_moves_hazards_by_the_stated_form():
    """``exp(slope * 4 * risk)``, for walking out and assisted return alike."""
    s = scene()
    s.world.perceived[:] = 0.0
    s.world.perceived[COUNTRY["Kosovo"]] = 0.25
    afraid = {**RESIDENT, "country": COUNTRY["Kosovo"]}
    for channel, slope in (("walkout", "walkout_risk_slope"), ("assisted_return", "assisted_risk_slope")):
        calm, fear = asked(s, channel, RESIDENT, afraid)
        assert fear / calm == pytest.approx(np.exp(point_draw()[slope]), rel=1e-12)


def test_control_follows_the_district_of_the_person():
    s = scene()
    effort = ALL.copy()
    effort[0] = 3.0  # Oslo
    oslo, bergen = asked(
        s,
        "identity_control",
        FALLING,
        {**FALLING, "place": PLACE["Vest/Bergen"]},
        identity_checks=effort,
        district_control=ALL,  # else the districts differ by themselves
    )
    assert oslo == pytest.approx(3.0 * bergen, rel=1e-12)


def test_every_rule_has_a_sign():
    signed = {row[0] for row in PERSONS + SITUATIONS if row[-1] != SAME} | RATES.keys()
    missing = sorted(RULES.keys() - signed)
    assert missing == [], (
        f"rules without a sign: {', '.join(missing)}. Add a row to PERSONS (rule, person, what differs in the person, "
        "UP or DOWN) or to SITUATIONS (rule, person, values before and after, UP or DOWN); a rule of one plain rate "
        "goes to RATES with the parameter that is its rate."
    )
    assert {row[0] for row in NEVER} <= RULES.keys()
