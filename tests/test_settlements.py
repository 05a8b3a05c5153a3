"""What follows from each decision: a table of settlements, and everything that changes in each.

A row says who is in the world, what the first of them decided or met, and every change that follows; whatever is not
named must stay as it was. Chances inside a settlement are 0 or 1, so that each row shows one branch.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from helpers.scenes import (
    COUNTRY,
    DEALER,
    FALLING,
    GUEST,
    MONTH,
    NEAR,
    PLACE,
    REMOTE,
    RESIDENT,
    SELLER,
    THIEF,
    WITH_PARTNER,
    WITH_RELATIVE,
    WORKER,
    Columns,
    Scene,
)
from helpers.settling import Case, child_of, names_of, settled
from irregsim.model.centres import COUNT as CENTRES
from irregsim.model.history import CITY_CODES
from irregsim.model.month import MONTH as PARTS
from irregsim.model.month.control import ASYLUM, EXPELLED, PRISON
from irregsim.model.month.support import host_ends_stay_hazard
from irregsim.model.parameters import point_draw
from irregsim.model.simulate import learn
from irregsim.scenario.levers import HEALTH_MODELS
from irregsim.vocabulary import reference
from irregsim.vocabulary.codes import CITIES, DISTRICTS, Decision, Exit, Household, Route, Side, Substrategy

ALL, NONE = np.ones(len(reference.countries())), np.zeros(len(reference.countries()))
SURE = 1.0 - 1e-12  # of a chance that is written as odds

#: Values of the month in all rows: nothing happens by chance.
USUAL: dict[str, Any] = {
    "feasibility": ALL,
    "interactions": True,
    "tie_within_circle_share": 0.0,
    "tie_loss_at_transfer_share": 0.0,
    "documented_workdays_share": 0.0,
    "employer_sanction_share": 0.0,
    "case_mix": np.ones(len(DISTRICTS)),
    "confiscate_profit_share": 0.0,
    "worker_consequences": False,
    "worker_sanction_share": 0.0,
    "sent_from_site_share": 0.0,
    "trafficking_identification_share": 0.0,
    "trafficking_worker_ratio": 1.0,
    "directive_in_force": False,
    "directive_complaint_route": False,
    "directive_duty_to_check": False,
    "complaint_share": 0.0,
    "agreed_wage_nok": 1000.0,
    "employer_base_nok": 50_000.0,
    "employer_per_workday_nok": 10.0,
    "documented_months_cap": 24.0,
    "worker_nok": 700.0,
    "abuse_permit_share": 0.0,
    "abuse_permit_admitted_share": 0.0,
    "exploited_worker_share": 0.0,
    "forged_papers_share": 0.0,
    "police_look_away_share": 0.0,
    "penal_ground_share": 0.0,
    "bortvist_from_resident_share": 0.0,
    "detention_near_share": 0.0,
    "detention_far_share": 0.0,
    "leave_after_decision_share": 0.0,
    "decision_delay_months": 2.0,
    "detention_capacity": 10.0,
    "detention_turnover_count": 1.0,
    "scale": 1.0,
    "exit_control_detection_share": 0.0,
    "temporary_permit_months": 12.0,
    "care_sought_share": 0.0,
    "offence_reported_share": 0.0,
    "safe_reporting_ratio": 1.0,
    "no_removal_when_reporting": True,
    "roofless_share": 0.5,
    "wage_gap_nok": 100.0,
    "stay_after_rejection": True,
    "penal_sentence_months": 6.0,
    "ill_fetch_ratio": 1.0,
    "family_fetch_ratio": 1.0,
    "discretion_child_ratio": 1.0,
    "discretion_not_returnable_ratio": 1.0,
    "sent_away_share": 0.0,
    "work_overlooked_share": 0.0,
    "colleague_news_share": 0.0,
    "union_complaint_share": 0.0,
    "wage_taken_share": 0.0,
    "reporter_spared_share": 0.0,
    "care_need_at_entry_share": 0.0,
}

BERGEN = PLACE["Vest/Bergen"]
ASYLUM_SEEKER: Columns = {"is_sought_asylum": True}
EXPELLED_BEFORE: Columns = {"decision": int(Decision.EXPELLED_IMMIGRATION_ACT)}
GUARDIAN: Columns = {"household": int(Household.GUARDIAN)}
FAMILY = ({**RESIDENT, **GUARDIAN}, child_of(0, **RESIDENT))
FALLING_FAMILY = ({**FALLING, **GUARDIAN}, child_of(0, **FALLING))
DUBLIN: Columns = {**RESIDENT, "route": int(Route.DUBLIN)}
ABUSED: Columns = {**WITH_PARTNER, "in_violence": True, "tie_0": 0, "tie_1": 1}
SIDE: Columns = {**RESIDENT, "side_employer": 0, "side": int(Side.WORK)}
SEEKER: Columns = {**FALLING, **ASYLUM_SEEKER}
SEEKER_FAMILY = ({**SEEKER, **GUARDIAN}, child_of(0, **SEEKER))
#: Began the job two months ago.
NEW_AT_WORK: Columns = {**WORKER, "strategy_start": MONTH - 2}
#: Began the job ten months ago.
LONG_AT_WORK: Columns = {**WORKER, "strategy_start": MONTH - 10}
DIRECTIVE: Columns = {"directive_in_force": True, "directive_back_pay_months": 3}
FULL: Columns = {"detention_capacity": 0.0}
DETAINED: Columns = {"detention_near_share": 1.0}


def held(person: Columns, track: int, months: int = 0) -> Columns:
    """A person held for a transport some months from now."""
    return {**person, "transport_due": MONTH + months, "track": track}


#: A worker, and beside them a detained person and a prisoner.
IN_CUSTODY = (WORKER, held(DEALER, EXPELLED, 1), held(DEALER, PRISON, 1))


def beds(centre: int, number: int) -> Callable[[Scene], None]:
    """Free places in one centre, with a limit on them, and nowhere else."""

    def prepare(s: Scene) -> None:
        s.world.centres.capacity = np.zeros(CENTRES, dtype=np.int64)
        s.world.centres.capacity[centre] = number
        s.world.centres.places = (np.arange(CENTRES) == centre).astype(np.float64)

    return prepare


def one_job(s: Scene) -> None:
    """One vacancy, in Oslo."""
    s.world.employers.open_jobs[:] = 0
    s.world.employers.open_jobs[int(np.flatnonzero(s.world.employers.place == PLACE["Oslo"])[0])] = 1


def no_job(s: Scene) -> None:
    s.world.employers.open_jobs[:] = 0


def no_room(s: Scene) -> None:
    s.world.hosts.capacity[:] = 0


def hosts_in_oslo(s: Scene) -> None:
    """Hosts live where the guest is, so that nobody moves to another place."""
    s.world.hosts.place[:] = PLACE["Oslo"]
    s.world.hosts.type[:] = int(Substrategy.FRIEND)


def no_bed_tonight(s: Scene) -> None:
    s.world.bed_share = np.zeros(CITY_CODES)


def case(
    label: str,
    part: str,
    persons: Columns | tuple[Columns, ...],
    outcomes: str,
    then: str,
    prepare: Callable[[Scene], None] | None = None,
    **given: Any,
) -> Case:
    who = persons if isinstance(persons, tuple) else (persons,)
    return Case(label, part, who, outcomes, then, given, prepare)


#: What a row shows, the part, who is in the world, what the first of them decided or met, and all that changes.
# fmt: off
CASES = (
    # -- ties and moves
    case("a tie fills the first empty slot", "ties", FALLING, "tie_forms", "0: tie_0"),
    case("a second tie fills the next", "ties", {**FALLING, "tie_0": 0}, "tie_forms", "0: tie_1"),
    case("a full set stays", "ties", {**FALLING, "tie_0": 0, "tie_1": 1, "tie_2": 2}, "tie_forms", ""),
    case("the last tie wears", "ties", {**FALLING, "tie_0": 0, "tie_1": 1}, "tie_wears", "0: tie_1 none"),
    case("to the largest market", "moves", {**FALLING, "place": BERGEN}, "city_move",
         "0: place Oslo; flow Vest/Bergen > Oslo (city_move) 1", market_size_power=200.0),
    case("a child is born to a resident", "births", {**RESIDENT, "is_female": True}, "birth",
         "0: household 1; 1: born synlig"),
    case("a child is born to a worker", "births", {**WORKER, "is_female": True}, "birth",
         "0: household 1; 1: born avhengig"),
    # -- reception
    case("goes along to the same place", "transfers", FAMILY, "goes_along",
         "0: transfer_count 1; outcome child_centre_moves 1", prepare=beds(NEAR, 2)),
    case("goes along to another place", "transfers", ({**FAMILY[0], "tie_0": 0}, FAMILY[1]), "goes_along",
         "0: centre; 0: place Andre; 0: tie_0 none; 0: transfer_count 1; 1: centre; 1: place Andre; "
         "flow Oslo > Andre (transfer) 2; outcome child_centre_moves 1",
         prepare=beds(REMOTE, 2), tie_loss_at_transfer_share=1.0),
    case("finds no place", "transfers", FAMILY, "goes_along",
         "0: synlig > fritt_fall (no_place); 1: synlig > fritt_fall (no_place); centres turns away 1",
         prepare=beds(NEAR, 1)),
    case("walks out", "transfers", FAMILY, "walks_out",
         "0: synlig > fritt_fall (transfer_walkout); 1: synlig > fritt_fall (transfer_walkout); event left_centre 2"),
    case("loses the right to stay", "transfers", RESIDENT, "loses_right",
         "0: synlig > fritt_fall (right_to_stay_ended)"),
    case("leaves the centre", "residence", FAMILY, "walkout",
         "0: synlig > fritt_fall (walkout); 1: synlig > fritt_fall (walkout); event left_centre 2"),
    case("is fetched", "residence", FAMILY, "pu_fetch",
         "0: synlig > tvangsretur (pu_fetch); 1: synlig > tvangsretur (pu_fetch); compatriots hear of 2; "
         "event order_asylum 2; event transport_asylum 2"),
    case("is transferred to a Dublin state", "residence", DUBLIN, "dublin_transfer",
         "0: synlig > tvangsretur (dublin_transfer); event transport_dublin 1"),
    case("a Dublin case is lost to view", "residence", DUBLIN, "dublin_abscond",
         "0: synlig > fritt_fall (dublin_abscond); event dublin_left_centre 1"),
    case("an identity is established, for the children too", "identity",
         tuple({**one, "is_identity_established": False} for one in FAMILY), "identity",
         "0: is_identity_established; 1: is_identity_established"),
    # -- labour
    case("the employer stops", "dismissal", WORKER, "let_go", "0: arbeidende > fritt_fall (employer_stops)"),
    case("the employer of a side job stops", "dismissal", SIDE, "let_go", "0: side 0; 0: side_employer none"),
    case("found, and nothing comes of it", "work", WORKER, "inspection", "employers learn 1; outcome inspections 1"),
    case("the employer is fined", "work", LONG_AT_WORK, "inspection",
         "employers learn 1; event employer_sanction 1; outcome fines_nok 50000; outcome inspections 1",
         employer_sanction_share=SURE),
    case("workdays are documented", "work", LONG_AT_WORK, "inspection",
         "employers learn 1; event employer_sanction 1; outcome fines_nok 52000; outcome inspections 1",
         employer_sanction_share=SURE, documented_workdays_share=1.0),
    case("profit is confiscated", "work", LONG_AT_WORK, "inspection",
         "employers learn 1; event employer_sanction 1; outcome fines_nok 52000; outcome inspections 1",
         employer_sanction_share=SURE, confiscate_profit_share=1.0,
         prepare=lambda s: s.world.employers.gap_ratio.fill(2.0)),
    case("back pay of the presumed months", "work", LONG_AT_WORK, "inspection",
         "employers learn 1; event employer_sanction 1; outcome back_pay_nok 3000; outcome fines_nok 50000; "
         "outcome inspections 1",
         employer_sanction_share=SURE, **DIRECTIVE),
    case("back pay of the documented months, which are more", "work", LONG_AT_WORK, "inspection",
         "employers learn 1; event employer_sanction 1; outcome back_pay_nok 10000; outcome fines_nok 52000; "
         "outcome inspections 1",
         employer_sanction_share=SURE, documented_workdays_share=1.0, **DIRECTIVE),
    case("back pay of the presumed months, which are more", "work", NEW_AT_WORK, "inspection",
         "employers learn 1; event employer_sanction 1; outcome back_pay_nok 3000; outcome fines_nok 50400; "
         "outcome inspections 1",
         employer_sanction_share=SURE, documented_workdays_share=1.0, **DIRECTIVE),
    case("the worker is fined and meets the police", "work", WORKER, "inspection",
         "0: met inspection; employers learn 1; event worker_sanction 1; outcome fines_nok 700; outcome inspections 1",
         worker_consequences=True, worker_sanction_share=SURE),
    case("the police overlook the work of who cannot be sent", "work", WORKER, "inspection", "",
         work_overlooked_share=1.0, feasibility=NONE, worker_consequences=True),
    case("and see that of who can be", "work", WORKER, "inspection",
         "employers learn 1; outcome inspections 1", work_overlooked_share=1.0),
    case("the police take the wage found on the worker", "work", WORKER, "inspection",
         "0: met inspection; employers learn 1; outcome inspections 1; "
         "outcome wages_withheld_nok 900",
         worker_consequences=True, wage_taken_share=1.0),
    case("who works for the same employer hears of it", "work",
         (WORKER, WORKER, {**WORKER, "employer": 1}, held(WORKER, EXPELLED, 1)), "inspection",
         "0: met inspection; 1: is_shaken; employers learn 1; outcome inspections 1",
         worker_consequences=True, colleague_news_share=1.0),
    case("and does not without consequences for workers", "work", (WORKER, WORKER), "inspection",
         "employers learn 1; outcome inspections 1", colleague_news_share=1.0),
    case("the worker is sent from the site", "work", WORKER, "inspection",
         "0: arbeidende > fritt_fall (inspection); employers learn 1; outcome inspections 1", sent_from_site_share=1.0),
    case("an exploited worker is seen as a victim", "work", {**WORKER, "is_exploited": True}, "inspection",
         "0: arbeidende > midlertidig (trafficking_protection); 0: back_due +12; employers learn 1; "
         "outcome inspections 1",
         trafficking_identification_share=1.0, worker_consequences=True),
    case("a job is lost", "work", WORKER, "job_loss", "0: arbeidende > fritt_fall (job_loss)"),
    case("a job is lost and the employer reported", "work", LONG_AT_WORK, "job_loss",
         "0: arbeidende > fritt_fall (job_loss); employers learn 1; event employer_sanction 1; "
         "outcome back_pay_nok 3000; outcome fines_nok 50000; outcome offences_reported 1",
         directive_complaint_route=True, complaint_share=1.0, **DIRECTIVE),
    case("a union gets the wages paid", "work", LONG_AT_WORK, "job_loss",
         "0: arbeidende > fritt_fall (job_loss); outcome back_pay_nok 10000", union_complaint_share=1.0),
    case("what a union claims is not reported too", "work", LONG_AT_WORK, "job_loss",
         "0: arbeidende > fritt_fall (job_loss); outcome back_pay_nok 10000",
         union_complaint_share=1.0, directive_complaint_route=True, complaint_share=1.0, **DIRECTIVE),
    case("nobody owes wages to who works on own account", "work", LONG_AT_WORK, "job_loss",
         "0: arbeidende > fritt_fall (job_loss)", prepare=lambda s: s.world.employers.is_own_account.fill(True),
         union_complaint_share=1.0, directive_complaint_route=True, complaint_share=1.0, **DIRECTIVE),
    case("the tax card is lost, and the job", "work", {**WORKER, "has_tax_card": True}, "tax_card_loss",
         "0: arbeidende > fritt_fall (tax_card_loss); 0: not has_tax_card"),
    case("found in a side job", "side_work", SIDE, "side_inspection",
         "0: met inspection; 0: side 0; 0: side_employer none; employers learn 1; outcome inspections 1",
         worker_consequences=True),
    case("a side job is overlooked", "side_work", SIDE, "side_inspection", "",
         work_overlooked_share=1.0, feasibility=NONE, worker_consequences=True),
    case("a side job ends", "side_work", SIDE, "side_job_ends", "0: side 0; 0: side_employer none"),
    case("a job is offered to somebody in free fall", "offers", FALLING, "job_offer", "0: offer", prepare=one_job),
    case("a resident takes a side job at once", "offers", RESIDENT, "job_offer",
         "0: side 1; 0: side_employer", prepare=one_job),
    case("who knows somebody hears first", "offers", (FALLING, {**FALLING, "tie_0": 0}), "job_offer job_offer",
         "1: offer; jobs turns away 1", prepare=one_job),
    case("no vacancy", "offers", FALLING, "job_offer", "jobs turns away 1", prepare=no_job),
    # -- support
    case("the host ends the stay", "support", {**GUEST, "tie_0": 0, "tie_1": 1}, "host_ends_stay",
         "0: avhengig > fritt_fall (host_ends_stay); 0: tie_0 none"),
    case("a family loses its host", "support", ({**GUEST, **GUARDIAN}, child_of(0, **GUEST)), "host_ends_stay",
         "0: avhengig > fritt_fall (host_ends_stay); 1: avhengig > fritt_fall (host_ends_stay)"),
    case("a relation breaks", "support", WITH_PARTNER, "break_up", "0: avhengig > fritt_fall (break_up)"),
    case("the host asks for rent", "support", GUEST, "rent_demand", "0: pays_rent"),
    case("violence begins", "support", WITH_PARTNER, "violence_begins", "0: in_violence"),
    case("violence ends the stay", "support", ABUSED, "violence_breaks",
         "0: avhengig > fritt_fall (violence); 0: tie_0 none"),
    case("violence ends in a permit", "support", ABUSED, "violence_breaks",
         "0: avhengig > regularisert (permit); 0: tie_0 none; outcome offences_reported 1",
         abuse_permit_share=1.0, abuse_permit_admitted_share=1.0),
    case("the host's benefits are stopped", "support", WITH_RELATIVE, "benefits_stopped",
         "0: is_shaken; 0: pays_rent"),
    case("a way out", "livelihood", DEALER, "way_out", "0: marginalisert > fritt_fall (way_out)"),
    case("the market fails", "livelihood", SELLER, "market_loss", "0: marginalisert > fritt_fall (market_loss)"),
    case("reconsiders", "reconsider", WORKER, "reconsider", "0: arbeidende > fritt_fall (reconsider)"),
    # -- choice
    case("stays in free fall", "choice", FALLING, "choice_stay", ""),
    case("a centre has a bed", "choice", SEEKER_FAMILY, "choice_centre",
         "0: centre; 0: fritt_fall > synlig (choice); 1: centre; 1: fritt_fall > synlig (choice)",
         prepare=beds(NEAR, 2)),
    case("no centre has a bed", "choice", SEEKER, "choice_centre",
         "centres turns away 1", prepare=beds(NEAR, 0)),
    case("a tie takes somebody in", "choice", {**FALLING, "tie_0": 0}, "choice_dependence",
         "0: friend; 0: fritt_fall > avhengig (choice); 0: host", prepare=hosts_in_oslo),
    case("a tie has no room", "choice", {**FALLING, "tie_0": 0}, "choice_dependence", "", prepare=no_room),
    case("a provider met by chance", "choice", FALLING, "choice_survival_sex",
         "0: fritt_fall > avhengig (choice); 0: host; 0: survival_sex; 0: tie_0", prepare=hosts_in_oslo),
    case("takes the job on offer", "choice", {**FALLING, "offer": 0}, "choice_work",
         "0: employer; 0: fritt_fall > arbeidende (choice)"),
    case("the job is exploitative", "choice", {**FALLING, "offer": 0}, "choice_work",
         "0: employer; 0: fritt_fall > arbeidende (choice); 0: is_exploited", exploited_worker_share=1.0),
    case("a duty to check brings forged papers", "choice", {**FALLING, "offer": 0}, "choice_work",
         "0: employer; 0: fritt_fall > arbeidende (choice); 0: has_forged_papers",
         forged_papers_share=1.0, directive_duty_to_check=True, **DIRECTIVE),
    case("a former asylum seeker gets no forged papers", "choice", {**SEEKER, "offer": 0}, "choice_work",
         "0: employer; 0: fritt_fall > arbeidende (choice)",
         forged_papers_share=1.0, directive_duty_to_check=True, **DIRECTIVE),
    case("sells sex", "choice", FALLING_FAMILY, "choice_sex_sale",
         "0: fritt_fall > marginalisert (choice); 0: sex_sale; 1: fritt_fall > avhengig (choice); 1: relative"),
    case("lives by drugs", "choice", FALLING, "choice_drugs", "0: drugs; 0: fritt_fall > marginalisert (choice)"),
    case("lives by theft", "choice", FALLING, "choice_property", "0: fritt_fall > marginalisert (choice); 0: property"),
    case("accepts assisted return", "choice", FALLING_FAMILY, "choice_assisted",
         "0: fritt_fall > assistert_retur (choice); 1: fritt_fall > assistert_retur (choice); event assisted_return 2"),
    case("travels on", "choice", FALLING, "choice_onward",
         "0: fritt_fall > videre (choice); event expulsion_immigration_act 1", exit_control_detection_share=1.0),
    # -- control
    case("a former asylum seeker is sent", "transport", tuple(held(one, ASYLUM) for one in FAMILY), "sent",
         "0: synlig > tvangsretur (forced_transport); 1: synlig > tvangsretur (forced_transport); "
         "compatriots hear of 2; event transport_asylum 2"),
    case("an expelled person is sent", "transport", held(FALLING, EXPELLED), "sent",
         "0: fritt_fall > tvangsretur (forced_transport); compatriots hear of 1; event transport_expelled 1"),
    case("an ill person is not sent", "transport", held({**FALLING, "has_care_need": True}, EXPELLED), "released",
         "0: transport_due -1"),
    case("a held worker is released", "transport", held(WORKER, EXPELLED), "released",
         "0: arbeidende > fritt_fall (released); 0: transport_due -1"),
    case("met in the street", "street_control", FALLING, "identity_control", "0: met identity_control"),
    case("an offender is met", "crime_control", DEALER, "crime_control", "0: met crime_control"),
    case("a seller of sex is met", "crime_control", SELLER, "sex_market_control", "0: met sex_market_control"),
    case("the first meeting counts", "street_control", {**FALLING, "met": 12}, "identity_control", ""),
    case("the police look away", "tracks", FALLING, "identity_control", "", police_look_away_share=1e9),
    case("the police look away from a worker found", "tracks", WORKER, "inspection", "", police_look_away_share=1e9),
    case("and never from a crime", "tracks", THIEF, "crime_control",
         "0: decision 3; 0: is_convicted; 0: track 2; 0: transport_due +6; event expulsion_penal 1; "
         "event order_expelled +6 1",
         penal_ground_share=1.0, police_look_away_share=1e9),
    case("only sent away from the place", "tracks", WORKER, "inspection",
         "0: is_shaken; outcome sent_away_from_site 1",
         sent_away_share=1.0, bortvist_from_resident_share=1.0, **DETAINED),
    case("a rejected asylum seeker is not only sent away", "tracks", SEEKER, "identity_control",
         "0: transport_due +1; event order_asylum +1 1", sent_away_share=1.0),
    case("an ill person met by the police is not held", "tracks", {**SEEKER, "has_care_need": True}, "identity_control",
         "0: is_shaken; outcome sent_away_from_site 1", ill_fetch_ratio=0.0),
    case("a family met by the police is not held", "tracks", SEEKER_FAMILY, "identity_control",
         "0: is_shaken; outcome sent_away_from_site 1", family_fetch_ratio=0.0),
    case("a meeting is over when it is settled", "tracks", tuple({**one, "met": 0} for one in (FALLING, *IN_CUSTODY)),
         "identity_control", "0: met none; 1: met none; 2: met none; 3: met none", police_look_away_share=1e9),
    case("a victim of trafficking", "tracks", SELLER, "sex_market_control",
         "0: back_due +12; 0: marginalisert > midlertidig (trafficking_protection)",
         trafficking_identification_share=1.0),
    case("a penal case", "tracks", THIEF, "crime_control",
         "0: decision 3; 0: is_convicted; 0: track 2; 0: transport_due +6; event expulsion_penal 1; "
         "event order_expelled +6 1",
         penal_ground_share=1.0, **FULL),
    case("a penal case only once", "tracks", {**THIEF, "decision": int(Decision.EXPELLED_PENAL)}, "crime_control",
         "", penal_ground_share=1.0),
    case("a rejected asylum seeker is held", "tracks", SEEKER_FAMILY, "identity_control",
         "0: transport_due +1; event order_asylum +1 2"),
    case("a rejected asylum seeker who cannot be sent", "tracks", SEEKER, "identity_control",
         "0: is_shaken; outcome sent_away_from_site 1", feasibility=NONE),
    case("refused and sent", "tracks", FALLING, "identity_control",
         "0: fritt_fall > bortvist (identity_control); compatriots hear of 1; event order_bortvist 1; "
         "event transport_bortvist 1",
         bortvist_from_resident_share=1.0),
    case("refused and not sent", "tracks", FALLING, "identity_control",
         "event order_bortvist 1", bortvist_from_resident_share=1.0, feasibility=NONE),
    case("expelled and detained", "tracks", FALLING, "identity_control",
         "0: decision 2; 0: track 1; 0: transport_due +2; event expulsion_immigration_act +2 1; "
         "event order_expelled +2 1",
         **DETAINED),
    case("no place in detention", "tracks", FALLING, "identity_control",
         "0: decision 2; detention turns away 1; event expulsion_immigration_act +2 1", **DETAINED, **FULL),
    case("expelled before, no new decision", "tracks", {**FALLING, **EXPELLED_BEFORE}, "identity_control",
         "0: track 1; 0: transport_due +1; event order_expelled +1 1", **DETAINED),
    case("expelled and travels on", "tracks", FALLING, "identity_control",
         "0: decision 2; 0: fritt_fall > videre (leaves_after_decision); event expulsion_immigration_act +2 1",
         leave_after_decision_share=1.0, exit_control_detection_share=1.0),
    case("a worker who was found loses the job", "tracks", WORKER, "inspection",
         "0: arbeidende > fritt_fall (inspection); 0: decision 2; event expulsion_immigration_act +2 1"),
    case("a prisoner takes no place in detention", "tracks", (FALLING, held(THIEF, PRISON, 3)), "identity_control",
         "0: decision 2; 0: track 1; 0: transport_due +2; event expulsion_immigration_act +2 1; "
         "event order_expelled +2 1",
         **DETAINED, detention_capacity=1.0),
    case("a detained person does", "tracks", (FALLING, held(FALLING, EXPELLED, 3)), "identity_control",
         "0: decision 2; detention turns away 1; event expulsion_immigration_act +2 1",
         **DETAINED, detention_capacity=1.0),
    # -- exits
    case("a scheme grants stay", "schemes", FALLING_FAMILY, "granted",
         "0: fritt_fall > regularisert (scheme); 1: fritt_fall > regularisert (scheme)"),
    case("a scheme does not", "schemes", FALLING, "not_granted", ""),
    case("assisted return", "departures", FAMILY, "assisted_return",
         "0: synlig > assistert_retur (assisted_return); 1: synlig > assistert_retur (assisted_return); "
         "event assisted_return 2"),
    case("onward travel, unseen", "departures", FALLING_FAMILY, "onward",
         "0: fritt_fall > videre (onward); 1: fritt_fall > videre (onward)"),
    case("onward travel, seen at the border", "departures", FALLING, "onward",
         "0: fritt_fall > videre (onward); event expulsion_immigration_act 1", exit_control_detection_share=1.0),
    case("seen at the border, expelled before", "departures", {**FALLING, **EXPELLED_BEFORE}, "onward",
         "0: fritt_fall > videre (onward)", exit_control_detection_share=1.0),
    case("seen at the border, a former asylum seeker", "departures", RESIDENT, "onward",
         "0: synlig > videre (onward); event left_unnoticed 1", exit_control_detection_share=1.0),
    case("a family of former asylum seekers leaves unnoticed", "departures", SEEKER_FAMILY, "onward",
         "0: fritt_fall > videre (onward); 1: fritt_fall > videre (onward); event left_unnoticed 2"),
    case("a former asylum seeker travels on from free fall", "choice", SEEKER, "choice_onward",
         "0: fritt_fall > videre (choice); event left_unnoticed 1"),
    case("a permit", "departures", FAMILY, "regularised",
         "0: synlig > regularisert (permit); 1: synlig > regularisert (permit)"),
    case("a temporary permit", "departures", FAMILY, "temporary_permit",
         "0: back_due +12; 0: synlig > midlertidig (temporary_permit); 1: back_due +12; "
         "1: synlig > midlertidig (temporary_permit)"),
    case("a death", "departures", WORKER, "death", "0: arbeidende > dod (death)"),
    case("a guardian dies", "departures", FALLING_FAMILY, "death",
         "0: fritt_fall > dod (death); 1: fritt_fall > regularisert (family)"),
    # -- needs
    case("care is needed and not sought", "needs", FALLING, "care_need",
         "outcome care_needed 1; outcome homeless_person_months 1; outcome roofless_person_months 0.5",
         prepare=no_bed_tonight),
    case("care is sought and given where it is meant", "needs", FALLING, "care_need",
         "event health_contact 1; outcome care_needed 1; outcome care_received 1; outcome care_sought 1; "
         "outcome homeless_person_months 1; outcome roofless_person_months 0.5",
         prepare=no_bed_tonight, care_sought_share=1.0, care_fear_slope=0.0, care_ngo_share=1.0,
         health_model=np.full(len(CITIES), HEALTH_MODELS.index("ngo_centre"))),
    case("care by grace, with a bill", "needs", FALLING, "care_need",
         "0: has_bill; event health_contact 1; outcome care_needed 1; outcome care_received 1; "
         "outcome care_sought 1; outcome homeless_person_months 1; outcome roofless_person_months 0.5",
         prepare=no_bed_tonight, care_sought_share=1.0, care_fear_slope=0.0, care_none_share=0.99,
         discretion_by_city=np.ones(CITY_CODES), asks_per_month=1e6, care_bill_share=1.0,
         health_model=np.full(len(CITIES), HEALTH_MODELS.index("none"))),
    case("an offence is not reported", "needs", WORKER, "offence", "outcome offences_unreported 1"),
    case("an offence is reported in safety", "needs", WORKER, "offence",
         "outcome offences_reported 1", offence_reported_share=1.0),
    case("who reports unprotected meets the police", "needs", WORKER, "offence",
         "0: met identity_control; outcome offences_reported 1",
         offence_reported_share=1.0, no_removal_when_reporting=False),
    case("who reports unprotected and is spared", "needs", WORKER, "offence", "outcome offences_reported 1",
         offence_reported_share=1.0, no_removal_when_reporting=False, reporter_spared_share=1.0),
    case("what a resident family counts for", "needs", tuple({**one, "child_status": 2} for one in FAMILY), "offence",
         "outcome centre_bed_days 60.88; outcome child_months_in_centre 1; "
         "outcome citizen_children_with_parent_at_risk 1; outcome offences_unreported 1"),
    case("what an exploited worker counts for", "needs", {**WORKER, "is_exploited": True}, "offence",
         "outcome exploitative_work_person_months 1; outcome offences_unreported 1; outcome wages_withheld_nok 100"),
    case("what a guest in violence counts for", "needs", {**GUEST, "in_violence": True}, "offence",
         "outcome exploitative_dependence_person_months 1; outcome homeless_person_months 1; "
         "outcome offences_unreported 1; outcome violent_relation_person_months 1",
         prepare=lambda s: s.world.hosts.is_exploitative.fill(True)),
    case("what a detained person and a prisoner count for", "needs", IN_CUSTODY, "offence",
         "outcome detention_days 30.44; outcome offences_unreported 1"),
)
# fmt: on


@pytest.mark.parametrize("row", CASES, ids=[row.label for row in CASES])
def test_a_settlement_changes_this_and_nothing_else(row: Case):
    assert settled(row, USUAL) == (row.then.split("; ") if row.then else [])


#: Parts whose settlement is another part's: how somebody was met.
MET = ("identity_control", "inspection", "crime_control", "sex_market_control")


def test_every_decision_of_the_month_has_a_settlement():
    """A new rule or option needs a row of the table above: who, what happens, what changes."""
    known = names_of(CASES)
    for part in PARTS:
        outcomes = MET if part.name == "tracks" else part.outcomes
        missing = sorted({(part.name, name) for name in outcomes} - known)
        assert missing == [], (
            f"decisions without a settlement: {missing}. Add a case(...) to CASES: what happens in words, the part, "
            "who (helpers.scenes), the decision, and what it changes, as the test of the row shows it when it is wrong"
        )


def test_labels_are_different():
    assert len({row.label for row in CASES}) == len(CASES) > 60


# -- what single rows cannot show ----------------------------------------------------------------------------------


def test_places_in_detention_are_given_by_rank_and_no_more_than_there_are():
    held = "0: decision 2; 0: track 1; 0: transport_due +2; 1: decision 2; detention turns away 1"
    row = case("two for one place", "tracks", (FALLING, FALLING), " ".join(["identity_control"] * 2), held, **DETAINED)
    lines = settled(row, {**USUAL, "detention_capacity": 1.0})
    assert sum("transport_due" in line for line in lines) == 1
    assert "detention turns away 1" in lines
    assert "event order_expelled +2 1" in lines
    # Without interactions there is no limit.
    lines = settled(row, {**USUAL, "detention_capacity": 1.0, "interactions": False})
    assert sum("transport_due" in line for line in lines) == 2


def test_hosts_tire_by_the_year():
    """A year into the stay the hazard is 2 to the power of fatigue times that of the first month, two years in, 3."""
    s = Scene(point_draw())
    at = s.under(host_fatigue=2.0)
    years = [{**GUEST, "strategy_start": MONTH - 12 * n} for n in range(3)]
    first, second, third = host_ends_stay_hazard(s.who(*years), at)
    assert second == pytest.approx(4.0 * first, rel=1e-12)
    assert third == pytest.approx(9.0 * first, rel=1e-12)


def learnt(returned: int, stock: int, **values: Any) -> tuple[float, float]:
    """Perceived risk in a country, and in a circle, after a month with forced returns."""
    s = Scene(point_draw())
    iraq = COUNTRY["Irak"]
    s.world.perceived[:] = 0.0
    s.world.perceived_in_circle[:] = 0.0
    person = {**FALLING, "is_sought_asylum": True, "country": iraq, "tie_0": 0}
    s.add(person, copies=stock)
    s.world.hear_of(s.add(person, copies=returned))
    # Those returned have left when the month ends.
    s.world.population.strategy[stock:] = int(Exit.TVANGSRETUR)
    learn(s.world, s.under(risk_learning_share=0.5, risk_learning_prior_persons=20.0, **values))
    return float(s.world.perceived[iraq]), float(s.world.perceived_in_circle[s.world.hosts.circle[0]])


def test_the_risk_that_is_learnt_counts_the_returned_among_those_at_risk():
    """A yearly rate: 12 times the returned over the returned, those still here, and the prior stock."""
    rate = 12.0 * 2 / (30 + 2 + 20)
    national, circle = learnt(returned=2, stock=30)
    assert national == pytest.approx(0.5 * rate, rel=1e-12)
    assert circle == pytest.approx(0.5 * rate, rel=1e-12)


def test_nothing_is_learnt_without_interactions():
    with_, without = learnt(2, 30), learnt(2, 30, interactions=False, initial_perceived_risk_ratio=0.0)
    assert with_[0] > 0
    assert without == (0.0, 0.0)
