"""Parts 2 to 13 of the month: ties, moves, births, reception, identity, work, support, margins, reconsidering."""

from __future__ import annotations

import math

from .drivers import CITIES, congregations, places
from .shared import expelled, is_dublin, months_here, response, risk, says_yes, sent_ratio
from .state import (
    ALONE,
    CENTRE,
    CHILD,
    FALL,
    GUARDIAN,
    GUEST,
    MARGIN,
    WORKER,
    Centre,
    Employer,
    Person,
    World,
)

WORKDAYS_PER_MONTH = 20


def reception_capacity(w: World) -> None:
    """Step 4: contracts follow residents at an occupancy, with a delay; pools share what named centres leave."""
    residents = sum(x.strategy == CENTRE and not is_dublin(x) and w.age(x) >= 1 for x in w.persons)
    wanted = (w.drivers.others(w.month) + residents) / w.p["reception_occupancy_share"]
    w.contracts += (wanted - w.contracts) / max(1.0, w.p["reception_delay_months"])
    open_now = list(w.drivers.lever("centre_open", w.month))
    for c, is_open in zip(w.centres, open_now, strict=False):
        c.closing, c.is_open = float(c.is_open and not is_open), bool(is_open)
        if c.kind == "ordinary" and not c.pool_share:
            c.places = c.named_places if c.is_open else 0.0
    new_places = float(w.drivers.lever("new_centre_places", w.month).sum()) * w.scale
    pools = w.contracts - new_places - sum(c.named_places for c in w.centres if c.is_open and c.kind == "ordinary")
    for c in w.centres:
        if c.kind == "ordinary" and c.pool_share > 0:
            new = max(0.0, pools) * c.pool_share
            closing = max(0.0, 1 - max(0.0, pools) / w.pools) if w.pools > 0 else 0.0
            c.closing = max(c.closing, closing)
            c.places = new if c.is_open else 0.0
    w.pools = max(0.0, pools)


def ordinary_centre(w: World) -> int:
    """A newcomer comes to an ordinary centre in proportion to places; -1 if none is open."""
    open_ones = [i for i, c in enumerate(w.centres) if c.is_open and c.kind == "ordinary" and c.places > 0]
    if not open_ones:
        return -1
    return w.rng.choices(open_ones, [w.centres[i].places for i in open_ones])[0]


def ties(w: World) -> None:
    """Step 3: a tie forms or wears; a full set of three takes no more; a worn tie empties the last one filled."""
    p = w.p
    for x in w.free():
        count = sum(t >= 0 for t in x.ties)
        forms = p["tie_forms_hazard"] * congregations()[x.country] ** p["congregation_tie_power"]
        if count:
            forms *= p["introduction_ratio"]
        if x.strategy == CENTRE:
            forms *= 1 - (1 - p["remote_tie_ratio"]) * w.centres[x.centre].remoteness
        hazards = {"tie_forms": forms, "tie_wears": p["tie_wears_hazard"] if count else 0.0}
        found = w.first(x, hazards)
        if found == "tie_wears":
            x.ties[max(i for i in range(3) if x.ties[i] >= 0)] = -1
        elif found == "tie_forms":
            if count and w.rng.random() < p["tie_within_circle_share"]:
                first = next(t for t in x.ties if t >= 0)
                new = w.rng.choice(w.hosts_of[w.hosts[first].circle])
            else:
                known = w.hosts_at.get((x.country, x.place), [])
                new = w.rng.choice(known) if known else -1
            add_tie(x, new)


def add_tie(x: Person, host: int) -> None:
    """A new tie fills the first empty slot; a full set takes no more."""
    if -1 in x.ties:
        x.ties[x.ties.index(-1)] = host


def lose_ties(w: World, x: Person) -> None:
    """Step 3: each tie is lost with a share when a person is transferred to another place."""
    for i in range(3):
        if x.ties[i] >= 0 and w.rng.random() < w.p["tie_loss_at_transfer_share"]:
            x.ties[i] = -1


def moves(w: World) -> None:
    """Step 3: the marginalised and those in free fall move, towards larger markets, more often after an expulsion."""
    p = w.p
    for x in w.free():
        if x.strategy not in (MARGIN, FALL):
            continue
        hazard = p["intercity_move_hazard"] * (p["marginalised_move_ratio"] if x.strategy == MARGIN else 1)
        if expelled(x):
            hazard *= p["expelled_move_ratio"]
        if w.first(x, {"city_move": hazard}):
            weights = [at.people * at.market ** p["market_size_power"] for at in places()]
            w.relocate(x, w.rng.choices(range(len(weights)), weights)[0], "city_move")


def births(w: World) -> None:
    """Step 3: women of 18 to 44 years; the child lives as its mother does, and she is a guardian from then on."""
    for x in w.free():
        fertile = x.female and 18 <= w.age(x) < 45
        if not w.first(x, {"birth": w.p["birth_hazard"] if fertile else 0.0}):
            continue
        strategy = GUEST if x.strategy in (WORKER, MARGIN) else x.strategy
        child = Person(
            x.country, x.route, x.place, strategy, "none", w.month, w.month, w.month, CHILD, x.decision, x.sought,
            w.rng.random() < 0.5, x.identity, x.child_status, centre=x.centre, guardian=x,
        )  # fmt: skip
        x.household = GUARDIAN
        x.children.append(child)
        w.persons.append(child)
        w.flows[w.month, "inflow", strategy, "birth"] += 1


def transfers(w: World) -> None:
    """Step 4: households of a unit that closes walk out with a share (less for families) or go along elsewhere."""
    p = w.p
    for x in w.persons:
        if x.strategy != CENTRE or x.household == CHILD:
            continue
        closing = w.centres[x.centre].closing
        if closing <= 0 or w.rng.random() >= closing:
            continue
        share = p["walkout_at_transfer_share"] * (p["family_walkout_ratio"] if x.household == GUARDIAN else 1)
        if w.rng.random() < share:
            w.move(x, FALL, "transfer_walkout")
            continue
        to = ordinary_centre(w)
        old = w.centres[x.centre]
        old.residents -= 1 + len(x.children)
        if to < 0:
            w.move(x, FALL, "no_place")
            continue
        if w.centres[to].place != old.place:
            lose_ties(w, x)
        w.place_in_centre(x, to, "transfer")


def allowance_ratio(w: World) -> float:
    """Step 4: the allowance counts relative to its reference, a hundredth at least."""
    return max(w.policy("basic_allowance_nok") / w.p["allowance_reference_nok"], 0.01)


def residence(w: World) -> None:
    """Step 4: walkout, fetched by PU; Dublin persons are transferred or lost to view instead."""
    p = w.p
    for x in w.free():
        if x.strategy != CENTRE:
            continue
        if is_dublin(x):
            hazards = {
                "dublin_transfer": p["dublin_transfer_hazard"] * w.drivers.dublin(w.month),
                "dublin_abscond": p["dublin_abscond_hazard"],
            }
        else:
            c = w.centres[x.centre]
            walk = (
                p["walkout_hazard"]
                * allowance_ratio(w) ** -p["allowance_walkout_elasticity"]
                * response(p["walkout_risk_slope"], risk(w, x))
                * (1 + months_here(w, x) / 6) ** p["walkout_duration_power"]
                * (1 + (p["remote_walkout_ratio"] - 1) * c.remoteness)
            )
            if x.household == GUARDIAN:
                walk *= p["family_walkout_ratio"]
            elif w.age(x) >= 67:
                walk *= p["elderly_walkout_ratio"]
            if x.ill:
                walk *= p["ill_walkout_ratio"]
            if all(t < 0 for t in x.ties):
                walk *= p["walkout_no_tie_ratio"]
            alternative = p["alternative_return_ratio"] if c.kind == "alternative" else 1.0
            fetch = alternative * p["pu_fetch_hazard"] * w.drivers.pu_effort(w.month) * sent_ratio(w, x)
            hazards = {"walkout": walk, "pu_fetch": fetch}
        found = w.first(x, hazards)
        if found in ("walkout", "dublin_abscond"):
            w.move(x, FALL, found)
        elif found:
            w.move(x, "tvangsretur", found)


def identity(w: World) -> None:
    """Step 4: by PU's effort and the country's cooperation, its feasibility relative to the highest group's."""
    p = w.p
    for x in w.free():
        if not x.identity:
            cooperation = w.drivers.feasibility(x.country, w.month) / p["feasibility_high_share"]
            hazard = p["identity_hazard"] * w.drivers.pu_effort(w.month) * min(1.0, cooperation)
            if w.first(x, {"identity": hazard}):
                for one in (x, *x.children):
                    one.identity = True


def inspection_hazard(w: World, e: Employer) -> float:
    """Step 5: by control effort, district and kind of workplace."""
    found = w.p["workplace_inspection_hazard"] * w.drivers.inspections(places()[e.place].district, w.month)
    return found * (w.p["private_household_inspection_ratio"] if e.is_home else 1.0)


def sanction_chance(w: World, e: Employer) -> float:
    """Parameters: odds times the employer's own ratio, doubled where workdays are documented."""
    odds = w.p["employer_sanction_share"] / (1 - w.p["employer_sanction_share"]) * e.case_ratio
    odds *= w.drivers.case_mix[places()[e.place].district] * (not e.is_own_account)
    odds *= 1 + w.policy("documented_workdays_share") * (w.p["sanction_after_documentation_ratio"] - 1)
    return odds / (1 + odds)


def expected_cost(w: World, e: Employer) -> float:
    """Step 5, the formula: fines, confiscated profit and, under the directive, back pay and complaints."""
    p, mean_job = w.p, 1 / w.p["job_loss_hazard"]
    documented = w.policy("documented_workdays_share")
    days = WORKDAYS_PER_MONTH * min(p["documented_months_cap"], mean_job)
    sanction = w.policy("employer_base_nok") + w.policy("employer_per_workday_nok") * documented * days
    sanction += w.policy("confiscate_profit_share") * p["wage_gap_nok"] * e.gap * mean_job
    complaints = 0.0
    if w.policy("directive_in_force"):
        presumed = w.policy("directive_back_pay_months")
        owed = presumed + documented * max(0.0, mean_job - presumed)
        sanction += owed * p["agreed_wage_nok"] * (1 + p["payroll_tax_share"])
        complaints = p["job_loss_hazard"] * p["complaint_share"] * bool(w.policy("directive_complaint_route"))
    caught = inspection_hazard(w, e) * sanction_chance(w, e) * p["perceived_inspection_ratio"] + complaints
    return caught * e.perceived * sanction


def employers_decide(w: World) -> None:
    """Step 5: experience fades, and each employer decides on the jobs of the month."""
    p = w.p
    for e in w.employers:
        e.perceived += p["employer_forgetting_share"] * (1 - e.perceived)
        e.is_own_account = False
        gain = p["wage_gap_nok"] * e.gap
        cost = e.first_cost + (1 - p["wage_pass_through_share"]) * (expected_cost(w, e) - e.first_cost)
        left, first = max(0.0, 1 - cost / gain), max(1e-9, 1 - e.first_cost / gain)
        share = 0.5 * (left / first) ** p["employer_elasticity"]
        own = share + p["own_account_share"] * max(0.0, 0.5 - share)
        e.is_own_account = share <= e.readiness < own
        e.open_jobs = math.floor(e.jobs * w.drivers.demand(w.month) + 0.5) if e.readiness < max(share, own) else 0


def dismissal(w: World) -> None:
    """Step 5: who has more workers than jobs lets people go, by rank."""
    employers_decide(w)
    for i, e in enumerate(w.employers):
        surplus = e.main + e.sides - e.open_jobs
        if surplus <= 0:
            continue
        people = [x for x in w.persons if i in (x.employer, x.side)]
        for x in w.rng.sample(people, surplus):
            if x.side == i:
                w.end_side(x)
            else:
                w.move(x, FALL, "employer_stops")


def found_at_work(w: World, x: Person) -> bool:
    """Step 5: the work of who cannot be sent may be overlooked; else the employer learns and the police come later."""
    if w.rng.random() < w.p["work_overlooked_share"] * (1 - sent_ratio(w, x)):
        return False
    where = w.employers[max(x.employer, x.side)]
    where.found = min(3, where.found + 1)
    return True


def found_at_main_job(w: World, x: Person) -> None:
    """Step 5: protection for a few who are exploited; colleagues are shaken; some lose the job at once."""
    p = w.p
    if not found_at_work(w, x):
        return
    victim = p["trafficking_identification_share"] * p["trafficking_worker_ratio"]
    if x.exploited and w.rng.random() < victim:
        w.move(x, "midlertidig", "trafficking_protection")
        return
    if w.policy("worker_consequences"):
        x.met = x.met or "work"
    for y in w.persons if w.policy("worker_consequences") else ():
        if y.employer == x.employer and y is not x and y.due < 0 and w.rng.random() < p["colleague_news_share"]:
            y.shaken = True
    if w.rng.random() < p["sent_from_site_share"]:
        w.move(x, FALL, "inspection")


def _exposure(w: World, x: Person, e: Employer) -> float:
    found = inspection_hazard(w, e) * (w.p["forged_recognition_ratio"] if x.forged else 1.0)
    return found * (w.p["tax_card_inspection_ratio"] if has_valid_card(w, x) else 1.0)


def has_valid_card(w: World, x: Person) -> bool:
    """Step 5: a card is valid while those rejected may keep it."""
    return x.card and bool(w.policy("tax_card"))


def work(w: World) -> None:
    """Step 5: inspection, job loss, and loss of the card with the job."""
    p = w.p
    for x in w.free():
        if x.strategy != WORKER:
            continue
        hazards = {
            "inspection": _exposure(w, x, w.employers[x.employer]),
            "job_loss": p["job_loss_hazard"] * (p["tax_card_job_loss_ratio"] if has_valid_card(w, x) else 1.0),
            "tax_card_loss": w.drivers.card_loss(w.month) if x.card else 0.0,
        }
        event = w.first(x, hazards)
        if event == "inspection":
            found_at_main_job(w, x)
        elif event:
            if event == "tax_card_loss":
                x.card = False
            w.move(x, FALL, event)


def side_work(w: World) -> None:
    """Step 5: a side job is exposed as a main job is, ends as often, and ends when the person is found."""
    for x in w.free():
        if x.side < 0:
            continue
        event = w.first(
            x,
            {
                "side_inspection": _exposure(w, x, w.employers[x.side]),
                "side_job_ends": w.p["job_loss_hazard"],
            },
        )
        if event == "side_job_ends":
            w.end_side(x)
        elif event and found_at_work(w, x):
            w.end_side(x)
            if w.policy("worker_consequences"):
                x.met = x.met or "work"


def admission(w: World, x: Person) -> float:
    """Step 6: a crisis centre admits where that is the rule, else by discretion."""
    city = w.city(x)
    if city and w.policy("crisis_centre_admission", CITIES.index(city)):
        return 1.0
    return says_yes(w, x, w.p["crisis_centre_yes_share"])


def support(w: World) -> None:
    """Step 6: what ends or sours a stay with somebody."""
    p = w.p
    for x in w.free():
        if x.strategy != GUEST:
            continue
        h = w.hosts[x.host]
        stay = p["host_ends_stay_hazard"] * (1 + (w.month - x.start) / 12) ** p["host_fatigue"] / h.patience
        intimate = x.subtype in ("partner", "survival_sex")
        ratio = {"relative": p["partner_hazard_ratio"], "congregation": p["congregation_hazard_ratio"]}
        unpaid = p["rent_unpaid_ratio"] if x.rent and x.side < 0 else 1.0
        apart = p["partner_hazard_ratio"] * p["break_up_ratio"] if x.subtype == "partner" else 1.0
        onset = p["violence_onset_hazard"] * (p["exploitative_violence_ratio"] if h.exploits else 1)
        admitted = admission(w, x)
        breaks = p["violence_hazard"] * p["violence_exposure_ratio"]
        breaks *= p["safe_reporting_leave_ratio"] if w.policy("no_removal_when_reporting") else 1.0
        breaks *= 1 + (p["crisis_centre_leave_ratio"] - 1) * admitted
        event = w.first(
            x,
            {
                "host_ends_stay": 0.0 if intimate else stay * ratio.get(x.subtype, 1.0) * unpaid,
                "break_up": stay * apart if intimate else 0.0,
                "rent_demand": p["rent_demand_hazard"] if x.subtype == "friend" and not x.rent else 0.0,
                "violence_begins": onset if (intimate or h.exploits) and not x.violence else 0.0,
                "violence_breaks": breaks if x.violence else 0.0,
                "benefits_stopped": p["benefits_stopped_hazard"] if x.subtype == "relative" else 0.0,
            },
        )
        if event == "rent_demand":
            x.rent = True
        elif event == "violence_begins":
            x.violence = True
        elif event == "benefits_stopped":
            x.rent = x.shaken = True
        elif event == "violence_breaks":
            w.use_up(x)
            share = admitted * p["abuse_permit_admitted_share"] + (1 - admitted) * p["abuse_permit_share"]
            permit = w.rng.random() < share
            w.move(x, "regularisert" if permit else FALL, "permit" if permit else "violence")
        elif event:
            w.use_up(x)
            w.move(x, FALL, event)


def livelihood(w: World) -> None:
    """Step 6: the marginalised find a way out through help, or their market fails."""
    p = w.p
    for x in w.free():
        if x.strategy != MARGIN:
            continue
        out = p["way_out_hazard"] * (p["expelled_way_out_ratio"] if expelled(x) else 1)
        if x.subtype == "drugs":
            out *= p["drug_debt_ratio"] * p["no_treatment_ratio"]
        loss = p["market_loss_hazard"]
        if x.subtype == "sex_sale" and w.policy("pandemic"):
            loss += p["pandemic_sex_market_hazard"]
        event = w.first(x, {"way_out": out, "market_loss": loss})
        if event:
            w.move(x, FALL, event)


def reconsider(w: World) -> None:
    """Step 7: a few dependents, workers and marginalised give up a way of living and choose again."""
    for x in w.free():
        if x.strategy in (GUEST, WORKER, MARGIN) and w.first(x, {"reconsider": w.p["reconsider_hazard"]}):
            w.move(x, FALL, "reconsider")


def begins_alone(x: Person) -> bool:
    """For places in the adapted unit: ill single persons only (step 4)."""
    return x.ill and x.household == ALONE


def remoteness_of_free_beds(centres: list[Centre]) -> float:
    """Section 9: the mean remoteness of free beds enters the choice; weighted by places here."""
    found = [c for c in centres if c.is_open and c.kind == "ordinary" and c.places > 0]
    total = sum(c.places for c in found)
    return sum(c.places * c.remoteness for c in found) / total if total else math.nan
