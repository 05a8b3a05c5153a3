"""By how much one difference changes a hazard or a utility: each row of the tables says it in parameters of the model.

Where `tests/unit/test_hazards.py` asks which way, this asks how far. A wrong ratio moves every result and breaks
nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from helpers.scenes import (
    DEALER,
    FALLING,
    GUEST,
    MONTH,
    NEAR,
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
from irregsim.model.centres import REMOTENESS
from irregsim.model.month import MONTH as PARTS
from irregsim.model.month.choice import OPTIONS, BedOffer, bed_offer, utilities
from irregsim.model.parameters import point_draw
from irregsim.model.values import At
from irregsim.scenario.levers import HEALTH_MODELS, NAV_RULES
from irregsim.vocabulary import reference
from irregsim.vocabulary.codes import CITIES, DISTRICTS, Decision, Route, Substrategy

RULES = {rule.channel: rule for part in PARTS for rule in part.rules}
BERGEN = PLACE["Vest/Bergen"]
VEST, OSLO = (DISTRICTS.index(name) for name in ("Vest", "Oslo"))

#: Values that are not at their neutral setting, so that every ratio can be seen.
USUAL: dict[str, Any] = {
    "control_effort": 1.3,
    "district_control": np.linspace(0.5, 2.5, len(DISTRICTS)),
    "work_control": np.linspace(0.7, 1.9, len(DISTRICTS)),
    "workplace_inspections": np.linspace(3.0, 1.0, len(DISTRICTS)),
    "identity_checks": np.linspace(1.0, 4.0, len(DISTRICTS)),
    "identity_control_hazard": 0.011,
    "penal_priority": 1.7,
    "centre_control_ratio": 0.3,
    "dependent_control_ratio": 0.4,
    "worker_control_ratio": 0.6,
    "marginalised_control_ratio": 3.0,
    "open_life_slope": 0.0,
    "walkout_risk_slope": 0.0,
    "assisted_risk_slope": 0.0,
    "walkout_no_tie_ratio": 0.7,
    "family_walkout_ratio": 0.6,
    "ill_walkout_ratio": 0.5,
    "elderly_walkout_ratio": 0.8,
    "remote_walkout_ratio": 1.6,
    "walkout_duration_power": -0.4,
    "basic_allowance_nok": 2000.0,
    "allowance_reference_nok": 1000.0,
    "allowance_walkout_elasticity": 0.3,
    "allowance_side_job_elasticity": 0.2,
    "feasibility": np.full(len(reference.countries()), 0.5),
    "ill_fetch_ratio": 0.25,
    "tax_card": True,
    "tax_card_inspection_ratio": 0.35,
    "tax_card_job_loss_ratio": 0.45,
    "forged_recognition_ratio": 0.55,
    "private_household_inspection_ratio": 0.1,
    "no_tie_offer_ratio": 0.65,
    "job_news_ratio": 1.9,
    "rent_side_job_ratio": 1.4,
    "unknowing_hire_share": 0.4,
    "directive_in_force": False,
    "directive_duty_to_check": False,
    "host_fatigue": 1.5,
    "partner_hazard_ratio": 0.3,
    "congregation_hazard_ratio": 0.45,
    "rent_unpaid_ratio": 1.8,
    "break_up_ratio": 0.75,
    "exploitative_violence_ratio": 2.2,
    "safe_reporting_leave_ratio": 1.35,
    "crisis_centre_leave_ratio": 1.55,
    "no_removal_when_reporting": True,
    "crisis_centre_admission": np.zeros(len(CITIES), dtype=bool),
    "crisis_centre_yes_share": 0.0,
    "assisted_hidden_ratio": 0.2,
    "assisted_duration_power": -0.3,
    "assisted_open_to_all": False,
    "departure_from_hardship_log_ratio": 0.4,
    "onward_centre_ratio": 0.3,
    "family_reunion_onward_ratio": 0.5,
    "child_permit_ratio": 2.5,
    "partner_permit_ratio": 1.5,
    "expelled_permit_ratio": 0.2,
    "care_need_elderly_ratio": 2.4,
    "care_need_ill_ratio": 3.2,
    "offence_exposed_ratio": 2.6,
}


def scene() -> Scene:
    """An empty world whose hosts do not differ, and whose first employer is no home."""
    s = Scene(point_draw())
    s.world.hosts.patience[:] = 1.0
    s.world.hosts.is_exploitative[:] = False
    return s


def under(s: Scene, **given: Any) -> At:
    assert {*USUAL, *given} <= vars(s.at).keys(), "a value that nobody reads"
    return s.under(**{**USUAL, **given})


FALLEN: Columns = {**FALLING, "strategy_start": MONTH}
NEW_GUEST: Columns = {**GUEST, "strategy_start": MONTH}
TIED: Columns = {"tie_0": 0}
FORMER: Columns = {"is_sought_asylum": True}
OLD: Columns = {"birth_month": MONTH - 67 * 12}
NOT_YET_OLD: Columns = {"birth_month": MONTH - 67 * 12 + 1}
ILL: Columns = {"has_care_need": True}

#: Rule, a person, what is different, and the ratio of the hazards that follows.
# fmt: off
RATIOS: tuple[tuple[str, Columns, Columns, Callable[[At], float]], ...] = (
    ("walkout", RESIDENT, {"tie_0": 0}, lambda at: 1 / at.walkout_no_tie_ratio),
    ("walkout", RESIDENT, {"tie_1": 0}, lambda at: 1 / at.walkout_no_tie_ratio),
    ("walkout", RESIDENT, {"household": 1}, lambda at: at.family_walkout_ratio),
    ("walkout", RESIDENT, ILL, lambda at: at.ill_walkout_ratio),
    ("walkout", RESIDENT, OLD, lambda at: at.elderly_walkout_ratio),
    ("walkout", RESIDENT, NOT_YET_OLD, lambda at: 1.0),
    ("walkout", {**RESIDENT, "household": 1}, OLD, lambda at: 1.0),
    ("walkout", RESIDENT, {"centre": REMOTE}, lambda at: (1 + (at.remote_walkout_ratio - 1) * REMOTENESS[REMOTE])
        / (1 + (at.remote_walkout_ratio - 1) * REMOTENESS[NEAR])),
    ("walkout", {**RESIDENT, "entry_month": MONTH}, {"entry_month": MONTH - 6}, lambda at:
        2**at.walkout_duration_power),
    ("walkout", RESIDENT, {"route": int(Route.DUBLIN)}, lambda at: 0.0),
    ("pu_fetch", RESIDENT, ILL, lambda at: at.ill_fetch_ratio),
    ("pu_fetch", RESIDENT, {"is_identity_established": False}, lambda at: 0.0),
    ("identity_control", FALLEN, {"strategy": 0, "centre": NEAR}, lambda at: at.centre_control_ratio),
    ("identity_control", FALLEN, GUEST, lambda at: at.dependent_control_ratio),
    ("identity_control", FALLEN, WORKER, lambda at: at.worker_control_ratio),
    ("identity_control", FALLEN, {"place": BERGEN}, lambda at:
        at.district_control[VEST] * at.identity_checks[VEST] / (at.district_control[OSLO] * at.identity_checks[OSLO])),
    ("crime_control", DEALER, {"substrategy": int(Substrategy.PROPERTY)}, lambda at: 1.0),
    ("crime_control", DEALER, {"substrategy": int(Substrategy.SEX_SALE)}, lambda at: 0.0),
    ("crime_control", DEALER, {"place": BERGEN}, lambda at: at.district_control[VEST] / at.district_control[OSLO]),
    ("sex_market_control", SELLER, {"place": BERGEN}, lambda at:
        at.district_control[VEST] * at.identity_checks[VEST] / (at.district_control[OSLO] * at.identity_checks[OSLO])),
    ("sex_market_control", SELLER, {"substrategy": int(Substrategy.DRUGS)}, lambda at: 0.0),
    ("inspection", WORKER, {"has_forged_papers": True}, lambda at: at.forged_recognition_ratio),
    ("inspection", WORKER, {"has_tax_card": True}, lambda at: at.tax_card_inspection_ratio),
    ("job_loss", WORKER, {"has_tax_card": True}, lambda at: at.tax_card_job_loss_ratio),
    ("job_offer", FALLEN, TIED, lambda at: 1 / at.no_tie_offer_ratio),
    ("job_offer", FALLEN, OLD, lambda at: 0.0),
    ("job_offer", FALLEN, NOT_YET_OLD, lambda at: 1.0),
    ("job_offer", FALLEN, ILL, lambda at: 0.0),
    ("job_offer", FALLEN, {"strategy": 0, "centre": NEAR}, lambda at:
        at.side_job_hazard * 2.0**-at.allowance_side_job_elasticity / (at.job_offer_hazard * at.no_tie_offer_ratio)),
    ("job_offer", GUEST, {"pays_rent": True}, lambda at: at.rent_side_job_ratio),
    ("host_ends_stay", NEW_GUEST, {"strategy_start": MONTH - 12}, lambda at: 2**at.host_fatigue),
    ("host_ends_stay", NEW_GUEST, {"substrategy": int(Substrategy.RELATIVE)}, lambda at: at.partner_hazard_ratio),
    ("host_ends_stay", NEW_GUEST, {"substrategy": int(Substrategy.CONGREGATION)}, lambda at:
        at.congregation_hazard_ratio),
    ("host_ends_stay", NEW_GUEST, {"substrategy": int(Substrategy.PARTNER)}, lambda at: 0.0),
    ("host_ends_stay", NEW_GUEST, {"pays_rent": True}, lambda at: at.rent_unpaid_ratio),
    ("host_ends_stay", WITH_RELATIVE, {"pays_rent": True}, lambda at: at.rent_unpaid_ratio),
    ("host_ends_stay", NEW_GUEST, {"pays_rent": True, "side_employer": 0}, lambda at: 1.0),
    ("break_up", {**WITH_PARTNER, "strategy_start": MONTH}, {"strategy_start": MONTH - 24}, lambda at:
        3**at.host_fatigue),
    ("break_up", WITH_PARTNER, {"substrategy": int(Substrategy.SURVIVAL_SEX)}, lambda at:
        1 / (at.partner_hazard_ratio * at.break_up_ratio)),
    ("break_up", WITH_PARTNER, {"substrategy": int(Substrategy.FRIEND)}, lambda at: 0.0),
    ("rent_demand", GUEST, {"pays_rent": True}, lambda at: 0.0),
    ("rent_demand", GUEST, {"substrategy": int(Substrategy.RELATIVE)}, lambda at: 0.0),
    ("violence_begins", WITH_PARTNER, {"substrategy": int(Substrategy.SURVIVAL_SEX)}, lambda at: 1.0),
    ("violence_begins", WITH_PARTNER, {"in_violence": True}, lambda at: 0.0),
    ("violence_begins", WITH_PARTNER, {"substrategy": int(Substrategy.FRIEND)}, lambda at: 0.0),
    ("violence_breaks", {**WITH_PARTNER, "in_violence": True}, {"in_violence": False}, lambda at: 0.0),
    ("benefits_stopped", WITH_RELATIVE, {"substrategy": int(Substrategy.FRIEND)}, lambda at: 0.0),
    ("assisted_return", {**GUEST, **FORMER}, {"strategy": 0, "centre": NEAR}, lambda at: 1 / at.assisted_hidden_ratio),
    ("assisted_return", {**GUEST, **FORMER}, {"is_sought_asylum": False}, lambda at: 0.0),
    ("assisted_return", {**GUEST, **FORMER}, {"in_violence": True}, lambda at:
        np.exp(at.departure_from_hardship_log_ratio)),
    ("assisted_return", {**GUEST, **FORMER}, {"strategy": int(FALLING["strategy"])}, lambda at: 0.0),
    ("assisted_return", {**RESIDENT, "entry_month": MONTH}, {"entry_month": MONTH - 12}, lambda at:
        3**at.assisted_duration_power * at.assisted_support_after_deadline_share**at.assisted_support_elasticity),
    ("onward", {**GUEST, **FORMER}, {"strategy": 0, "centre": NEAR}, lambda at: at.onward_centre_ratio),
    ("onward", GUEST, FORMER, lambda at: at.onward_former_asylum_hazard / at.onward_never_asylum_hazard),
    ("onward", GUEST, {"substrategy": int(Substrategy.PARTNER)}, lambda at: at.family_reunion_onward_ratio),
    ("onward", WORKER, {"is_exploited": True}, lambda at: np.exp(at.departure_from_hardship_log_ratio)),
    ("onward", GUEST, {"pays_rent": True}, lambda at: np.exp(at.departure_from_hardship_log_ratio)),
    ("onward", GUEST, FALLING, lambda at: 0.0),
    ("regularised", GUEST, {"child_status": 1}, lambda at: at.child_permit_ratio),
    ("regularised", GUEST, {"child_status": 2}, lambda at: at.child_permit_ratio),
    ("regularised", GUEST, {"substrategy": int(Substrategy.PARTNER)}, lambda at: at.partner_permit_ratio),
    ("regularised", GUEST, {"decision": int(Decision.DUTY_TO_LEAVE)}, lambda at: 1.0),
    ("regularised", GUEST, {"decision": int(Decision.EXPELLED_IMMIGRATION_ACT)}, lambda at: at.expelled_permit_ratio),
    ("regularised", GUEST, {"decision": int(Decision.EXPELLED_PENAL)}, lambda at: at.expelled_permit_ratio),
    ("death", FALLEN, {"birth_month": MONTH - 50 * 12}, lambda at: np.exp(20 * at.death_log_slope)),
    ("death", FALLEN, {"birth_month": MONTH - 50 * 12 + 1}, lambda at: np.exp(19 * at.death_log_slope)),
    ("care_need", FALLEN, ILL, lambda at: at.care_need_ill_ratio),
    ("care_need", FALLEN, OLD, lambda at: at.care_need_elderly_ratio),
    ("care_need", FALLEN, NOT_YET_OLD, lambda at: 1.0),
    ("offence", WORKER, {"is_exploited": True}, lambda at: at.offence_exposed_ratio),
    ("offence", WORKER, FALLING, lambda at: at.offence_exposed_ratio),
    ("offence", WORKER, DEALER, lambda at: at.offence_exposed_ratio),
    ("offence", GUEST, {"in_violence": True}, lambda at: at.offence_exposed_ratio),
    ("offence", WORKER, GUEST, lambda at: 1.0),
)
# fmt: on


#: Rule, a person with no difference that counts, and the hazard itself.
# fmt: off
LEVELS: tuple[tuple[str, Columns, Callable[[At], float]], ...] = (
    ("walkout", {**RESIDENT, **TIED, "entry_month": MONTH}, lambda at:
        (1 + (at.remote_walkout_ratio - 1) * REMOTENESS[NEAR])
        * at.walkout_hazard * 2.0**-at.allowance_walkout_elasticity),
    ("pu_fetch", RESIDENT, lambda at: at.pu_fetch_hazard * at.pu_effort * 0.5),
    ("dublin_transfer", {**RESIDENT, "route": int(Route.DUBLIN)}, lambda at:
        at.dublin_transfer_hazard * at.dublin_effort),
    ("dublin_abscond", {**RESIDENT, "route": int(Route.DUBLIN)}, lambda at: at.dublin_abscond_hazard),
    ("identity_control", FALLEN, lambda at:
        at.identity_control_hazard * at.control_effort * at.district_control[OSLO] * at.identity_checks[OSLO]),
    ("crime_control", DEALER, lambda at: at.identity_control_hazard * at.marginalised_control_ratio
        * at.penal_priority * at.control_effort * at.district_control[OSLO]),
    ("sex_market_control", SELLER, lambda at: at.identity_control_hazard * at.marginalised_control_ratio
        * at.control_effort * at.district_control[OSLO] * at.identity_checks[OSLO]),
    ("job_loss", WORKER, lambda at: at.job_loss_hazard),
    ("job_offer", {**FALLEN, **TIED}, lambda at: at.job_offer_hazard),
    ("host_ends_stay", NEW_GUEST, lambda at: at.host_ends_stay_hazard),
    ("break_up", {**WITH_PARTNER, "strategy_start": MONTH}, lambda at:
        at.host_ends_stay_hazard * at.partner_hazard_ratio * at.break_up_ratio),
    ("rent_demand", GUEST, lambda at: at.rent_demand_hazard),
    ("violence_begins", WITH_PARTNER, lambda at: at.violence_onset_hazard),
    ("violence_breaks", {**WITH_PARTNER, "in_violence": True}, lambda at:
        at.violence_hazard * at.violence_exposure_ratio * at.safe_reporting_leave_ratio),
    ("benefits_stopped", WITH_RELATIVE, lambda at: at.benefits_stopped_hazard),
    ("reconsider", WORKER, lambda at: at.reconsider_hazard),
    ("onward", {**GUEST, "entry_month": MONTH}, lambda at: at.onward_never_asylum_hazard),
    ("onward", {**GUEST, "entry_month": MONTH - 36}, lambda at:
        at.onward_never_asylum_hazard * 4.0**at.onward_duration_power),
    ("regularised", GUEST, lambda at: at.regularisation_hazard),
    ("death", FALLEN, lambda at: at.death_hazard_at_30),
    ("care_need", FALLEN, lambda at: at.care_need_hazard),
    ("offence", WORKER, lambda at: at.offence_hazard),
)
# fmt: on


@pytest.mark.parametrize("row", LEVELS, ids=[row[0] for row in LEVELS])
def test_without_a_difference_a_hazard_is_the_parameters_own(row):
    channel, person, expected = row
    s = scene()
    at = _fixed(s, under(s))
    (hazard,) = RULES[channel].hazard(s.who(person), at)
    assert hazard == pytest.approx(expected(at), rel=1e-12) and hazard > 0


def ratio_of(channel: str, person: Columns, different: Columns, at: At, s: Scene) -> float:
    one, other = RULES[channel].hazard(s.who(person, {**person, **different}), at)
    assert one > 0, "the pair could not differ"
    return float(other / one)


@pytest.mark.parametrize("row", RATIOS, ids=[f"{row[0]} {number}" for number, row in enumerate(RATIOS)])
def test_one_difference_changes_a_hazard_by_this_ratio(row):
    channel, person, different, expected = row
    s = scene()
    at = under(s)
    values = _fixed(s, at)
    assert ratio_of(channel, person, different, at, s) == pytest.approx(expected(values), rel=1e-12)


def _fixed(s: Scene, at: At) -> At:
    """The same values, also where a rule asks the world for those of the month."""
    s.world.values.at(s.world.month).__dict__.update(vars(at))
    return at


#: Rule, a person, a value of the month, two settings, and the ratio of the hazards under the second and the first.
SETTINGS: tuple[tuple[str, Columns, str, Any, Any, float], ...] = (
    ("walkout", RESIDENT, "basic_allowance_nok", 1000.0, 500.0, 2**0.3),
    ("walkout", RESIDENT, "basic_allowance_nok", 10.0, 0.0, 1.0),  # never below a hundredth of the reference
    ("pu_fetch", RESIDENT, "pu_effort", 1.0, 1.7, 1.7),
    ("dublin_transfer", {**RESIDENT, "route": int(Route.DUBLIN)}, "dublin_effort", 1.0, 1.7, 1.7),
    ("identity_control", WORKER, "control_effort", 1.0, 1.7, 1.7),
    ("crime_control", DEALER, "penal_priority", 1.0, 1.7, 1.7),
    ("crime_control", DEALER, "control_effort", 1.0, 1.7, 1.7),
    ("sex_market_control", SELLER, "marginalised_control_ratio", 1.0, 1.7, 1.7),
    ("inspection", WORKER, "control_effort", 1.0, 1.7, 1.7),
    ("inspection", {**WORKER, "has_tax_card": True}, "tax_card", True, False, 1 / 0.35),
    ("job_loss", {**WORKER, "has_tax_card": True}, "tax_card", True, False, 1 / 0.45),
    ("job_offer", FALLEN, "directive_in_force", False, True, 1.0),
    ("violence_breaks", {**WITH_PARTNER, "in_violence": True}, "no_removal_when_reporting", True, False, 1 / 1.35),
    ("violence_breaks", {**WITH_PARTNER, "in_violence": True}, "crisis_centre_yes_share", 0.0, 0.5, 1 + 0.55 * 0.5),
    ("violence_breaks", {**WITH_PARTNER, "in_violence": True}, "crisis_centre_admission",
     np.zeros(len(CITIES), dtype=bool), np.ones(len(CITIES), dtype=bool), 1.55),
    ("assisted_return", RESIDENT, "assisted_scheme", 1.0, 1.7, 1.7),
    ("onward", WORKER, "onward_never_asylum_hazard", 0.01, 0.017, 1.7),
    ("offence", WORKER, "offence_hazard", 0.01, 0.017, 1.7),
)  # fmt: skip


@pytest.mark.parametrize("row", SETTINGS, ids=[f"{row[0]} {row[2]} {number}" for number, row in enumerate(SETTINGS)])
def test_one_value_of_the_month_changes_a_hazard_by_this_ratio(row):
    channel, person, name, before, after, expected = row
    s = scene()
    ones = s.under(discretion_by_city=np.ones(len(CITIES) + 1))
    s.at = ones
    who = s.who(person)
    (low,), (high,) = (RULES[channel].hazard(who, under(s, **{name: value})) for value in (before, after))
    assert low > 0
    assert high / low == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(("forged", "checks", "ratio"), [(False, False, 1.0), (False, True, 0.6), (True, True, 1.0)])
def test_a_duty_to_check_papers_stops_those_who_hire_unknowingly(forged, checks, ratio):
    s = scene()
    who = s.who({**FALLEN, "has_forged_papers": forged})
    hazard = RULES["job_offer"].hazard
    before = hazard(who, under(s))
    after = hazard(who, under(s, directive_in_force=True, directive_duty_to_check=checks))
    assert (after / before).tolist() == pytest.approx([ratio], rel=1e-12)


def test_the_support_and_information_of_the_scheme_have_an_elasticity_and_a_floor():
    s = scene()
    who = s.who(RESIDENT)
    hazard = RULES["assisted_return"].hazard

    def at_support(nok: float, information: float = 1.0) -> float:
        at = under(
            s, assisted_support_nok=nok, assisted_information=information, assisted_support_elasticity=0.5,
            assisted_information_elasticity=2.0,
        )  # fmt: skip
        return float(hazard(who, at)[0])

    assert at_support(40_000.0) / at_support(10_000.0) == pytest.approx(2.0, rel=1e-12)
    assert at_support(0.0) == at_support(100.0) > 0
    assert at_support(1.0e4, 3.0) / at_support(1.0e4) == pytest.approx(9.0, rel=1e-12)
    assert at_support(1.0e4, 0.0) == at_support(1.0e4, 0.01) > 0


# -- utilities of the choice from free fall -------------------------------------------------------------------------

#: Values of the month under which each term of the utilities is seen alone.
PLAIN: dict[str, Any] = {
    "discretion_by_city": np.ones(len(CITIES) + 1),
    "discretion_yes_share": 0.0,
    "child_welfare_yes_share": 0.0,
    "assisted_risk_slope": 0.0,
    "departure_from_hardship_log_ratio": 0.0,
    "health_model": np.full(len(CITIES), HEALTH_MODELS.index("none")),
    "nav_emergency_help": np.full(len(CITIES), NAV_RULES.index("rule_2014")),
    "assisted_open_to_all": True,
    "stay_after_rejection": True,
    "work_visibility": 0.0,
    "assisted_willingness": np.ones(len(reference.countries())),
}
PRESSED = ("choice_sex_sale", "choice_drugs", "choice_property", "choice_survival_sex")
AT_THE_MARGIN = PRESSED[:3]
WOMAN: Columns = {**FALLEN, "is_female": True, "is_sought_asylum": True}
MAN: Columns = {**FALLEN, "is_sought_asylum": True, "birth_month": MONTH - 40 * 12}
MUNICIPAL: dict[str, Any] = {"health_model": np.full(len(CITIES), HEALTH_MODELS.index("municipal_open"))}


def gain(person: Columns, different: Columns, at: At, s: Scene, bed: BedOffer | None = None) -> dict[str, float]:
    """By option, what a difference adds to the utility; options it does not touch, and closed ones, are left out."""
    who = s.who(person, {**person, **different})
    yes = np.ones(2, dtype=np.bool_)
    table = utilities(who, at, bed or BedOffer(True, 0.5), yes, yes)
    return {
        name: float(after - before)
        for name, (before, after) in zip(OPTIONS, table.tolist(), strict=True)
        if before != after
    }


# fmt: off
GAINS: tuple[tuple[Columns, Columns, dict[str, Any], Callable[[At], dict[str, float]]], ...] = (
    (WOMAN, {"strategy_start": MONTH - 3}, {}, lambda at: {
        "choice_stay": -3 * at.free_fall_pressure,
        **dict.fromkeys(PRESSED, 3 * at.pressure_to_crime_ratio * at.free_fall_pressure)}),
    (MAN, ILL, {}, lambda at: {"choice_centre": at.care_centre_utility}),
    (MAN, ILL, MUNICIPAL, lambda at: {"choice_centre": at.care_centre_utility + at.adapted_unit_help_utility}),
    (MAN, TIED, {}, lambda at: {"choice_centre": -0.5 * at.centre_remoteness_aversion}),
    (MAN, {"household": 1}, {}, lambda at: {"choice_centre": at.family_centre_utility}),
    (MAN, {"decision": 3}, {}, lambda at: dict.fromkeys(AT_THE_MARGIN, at.expelled_margin_utility)),
    (MAN, {"decision": 2}, {}, lambda at: {}),
    (MAN, {"birth_month": MONTH - 50 * 12 - 1}, {}, lambda at:
        dict.fromkeys(AT_THE_MARGIN, -at.marginalised_age_aversion)),
    (MAN, {"birth_month": MONTH - 50 * 12}, {}, lambda at: {}),
    (MAN, {"birth_month": MONTH - 35 * 12}, {}, lambda at: {}),
    (MAN, {"birth_month": MONTH - 35 * 12 + 1}, {}, lambda at:
        dict.fromkeys(("choice_drugs", "choice_property"), 2 * at.young_men_crime_utility)),
    (MAN, {"is_female": True}, {}, lambda at: {
        "choice_sex_sale": 2 * at.women_sex_sale_utility, "choice_survival_sex": np.inf}),
    (MAN, {"birth_month": MONTH - 25 * 12 + 1}, {}, lambda at: {
        "choice_survival_sex": np.inf,
        **dict.fromkeys(("choice_drugs", "choice_property"), 2 * at.young_men_crime_utility)}),
    ({**MAN, "birth_month": MONTH - 30 * 12}, {"birth_month": MONTH - 25 * 12}, {}, lambda at: {}),
    (WOMAN, {"birth_month": MONTH - 60 * 12}, {}, lambda at: {
        "choice_survival_sex": -np.inf, **dict.fromkeys(AT_THE_MARGIN, -at.marginalised_age_aversion)}),
    (MAN, {"offer": 0}, {}, lambda at: {"choice_work": np.inf}),
    (MAN, {"is_sought_asylum": False}, {}, lambda at: {"choice_centre": -np.inf}),
    (MAN, {"is_sought_asylum": False}, {"assisted_open_to_all": False}, lambda at: {
        "choice_centre": -np.inf, "choice_assisted": -np.inf}),
    (MAN, {"route": int(Route.DUBLIN)}, {}, lambda at: {"choice_centre": -np.inf, "choice_assisted": -np.inf}),
    (MAN, {"entry_month": MONTH - 18}, {"assisted_duration_power": 0.7}, lambda at: {
        "choice_assisted": 0.7 * np.log(4 / 3)}),
    (MAN, {"place": BERGEN}, {"market_size_power": 0.5}, lambda at:
        dict.fromkeys(AT_THE_MARGIN, 0.5 * np.log(_market(BERGEN) / _market(PLACE["Oslo"])))),
    # Help of child welfare goes to families: it counts for staying, and takes from hardship.
    (MAN, {"household": 1}, {"child_welfare_yes_share": 0.4, "departure_from_hardship_log_ratio": 0.5}, lambda at: {
        "choice_centre": at.family_centre_utility, "choice_stay": 0.4 * at.nav_utility, "choice_assisted": -0.5 * 0.4,
        "choice_onward": -0.5 * 0.4 + 0.4 * at.nav_ticket_utility}),
    (MAN, {"household": 1}, {"child_welfare_yes_share": 0.4, "nav_emergency_help": np.zeros(len(CITIES), dtype=int)},
     lambda at: {"choice_centre": at.family_centre_utility, "choice_stay": 0.4 * at.nav_utility}),
)
# fmt: on


def _market(place: int) -> float:
    return float(reference.places()[place].market_ratio)


@pytest.mark.parametrize("number", range(len(GAINS)))
def test_one_difference_adds_this_to_the_utilities_and_nothing_else(number):
    person, different, given, expected = GAINS[number]
    s = scene()
    at = s.under(**{**PLAIN, **given})
    s.world.bed_share[:] = 0.0
    assert gain(person, different, at, s) == pytest.approx(expected(at), rel=1e-9)


def test_a_bed_counts_for_staying_and_takes_from_hardship():
    s = scene()
    at = s.under(**{**PLAIN, "departure_from_hardship_log_ratio": 0.5})
    s.world.bed_share[CITIES.index("Bergen")] = 0.25
    gained = gain({**MAN, "place": PLACE["Oslo"]}, {"place": BERGEN}, at, s)
    assert gained["choice_stay"] == pytest.approx(0.25 * at.shelter_utility, rel=1e-9)
    for option in ("choice_onward", "choice_assisted"):
        assert gained[option] == pytest.approx(-0.5 * 0.25, rel=1e-9)


def test_utilities_that_stand_alone():
    """The constant of each option, for a man of forty who has just fallen, with an offer and a host."""
    s = scene()
    s.world.bed_share[:] = 0.0
    at = s.under(
        **PLAIN, basic_allowance_nok=3000.0, allowance_reference_nok=1000.0, assisted_scheme=2.0,
        assisted_duration_power=0.0, assisted_support_elasticity=0.0, assisted_information_elasticity=0.0,
        market_size_power=0.0,
    )  # fmt: skip
    yes = np.ones(1, dtype=np.bool_)
    table = utilities(s.who({**MAN, "offer": 0}), at, BedOffer(True, 0.5), yes, yes)
    drugs = -at.marginalised_aversion - at.young_men_crime_utility
    assert dict(zip(OPTIONS, table[:, 0].tolist(), strict=True)) == pytest.approx(
        {
            "choice_stay": at.stay_utility,
            "choice_centre": at.centre_utility + 2.0 * at.allowance_utility_per_1000_nok,
            "choice_dependence": at.dependence_utility,
            "choice_work": at.work_utility,
            "choice_sex_sale": -at.marginalised_aversion - at.women_sex_sale_utility,
            "choice_drugs": drugs,
            "choice_property": drugs + at.property_utility,
            "choice_assisted": at.assisted_return_utility + np.log(2.0),
            "choice_onward": at.onward_utility,
            "choice_survival_sex": -np.inf,
        }
    )


@pytest.mark.parametrize(
    ("given", "bed", "has_host", "can_provide", "closed"),
    [
        ({}, BedOffer(False, 0.0), True, True, {"choice_centre"}),
        ({"stay_after_rejection": False}, BedOffer(True, 0.0), True, True, {"choice_centre"}),
        ({}, BedOffer(True, 0.0), False, True, {"choice_dependence"}),
        ({}, BedOffer(True, 0.0), True, False, {"choice_survival_sex"}),
        ({"assisted_scheme": 0.0}, BedOffer(True, 0.0), True, True, {"choice_assisted"}),
        ({}, BedOffer(True, 0.0), True, True, set()),
    ],
)
def test_what_closes_an_option(given, bed, has_host, can_provide, closed):
    s = scene()
    who = s.who({**WOMAN, "offer": 0})
    table = utilities(who, s.under(**{**PLAIN, **given}), bed, np.array([has_host]), np.array([can_provide]))
    assert {name for name, value in zip(OPTIONS, table[:, 0], strict=True) if value == -np.inf} == closed


def test_the_offer_of_centres_is_the_mean_remoteness_of_the_free_beds():
    places = np.zeros(len(REMOTENESS))
    assert bed_offer(places) == BedOffer(False, 0.0)
    places[REMOTE], places[NEAR] = 1, 3
    assert bed_offer(places) == BedOffer(True, pytest.approx((REMOTENESS[REMOTE] + 3 * REMOTENESS[NEAR]) / 4))
