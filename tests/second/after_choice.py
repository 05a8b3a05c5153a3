"""Parts 16 to 22, and what compatriots learn: transports, control, tracks, ways out, offences (steps 8 to 10)."""

from __future__ import annotations

import math
from collections import Counter

from .shared import (
    assisted_factor,
    can_be_assisted,
    expelled,
    hardship,
    is_dublin,
    is_rejected,
    months_here,
    response,
    risk,
    says_yes,
    sent_ratio,
    takes_hardly_back,
)
from .state import (
    CENTRE,
    CHILD,
    EXPELLED_ACT,
    EXPELLED_PENAL,
    FALL,
    GUARDIAN,
    GUEST,
    MARGIN,
    NONE,
    WORKER,
    Person,
    World,
)

#: Cause of a refusal by how the police met the person.
REFUSED = {
    "street": "identity_control",
    "work": "inspection",
    "crime": "crime_control",
    "sex": "sex_market_control",
    "report": "identity_control",
}


def release(w: World, x: Person) -> None:
    """A held person who cannot be sent is released into free fall."""
    x.due = -1
    if x.strategy != FALL:
        w.move(x, FALL, "released")


def transport(w: World) -> None:
    """Step 8: who was held as a rejected asylum seeker is sent; others by how far somebody can be sent."""
    for x in w.here():
        if x.due >= 0 and x.due <= w.month:
            x.due = -1
            if x.sure or w.rng.random() < sent_ratio(w, x):
                w.move(x, "tvangsretur", "forced_transport")
            else:
                release(w, x)


def meeting_hazard(w: World, x: Person) -> float:
    """Steps 8: by way of living and district, and less for those who live in fear."""
    p = w.p
    found = p["identity_control_hazard"] * w.drivers.control_in(w.district(x), w.month)
    return found * (1.0 if x.strategy == CENTRE else response(-p["open_life_slope"], risk(w, x)))


def street_control(w: World) -> None:
    """Step 8: everybody free to act but the marginalised."""
    p = w.p
    ratio = {
        CENTRE: p["centre_control_ratio"],
        GUEST: p["dependent_control_ratio"],
        WORKER: p["worker_control_ratio"],
        FALL: 1.0,
    }
    for x in w.free():
        if x.strategy == MARGIN:
            continue
        hazard = meeting_hazard(w, x) * ratio[x.strategy] * w.drivers.checks(w.district(x), w.month)
        if x.strategy == FALL:
            hazard *= 1 + (p["shelter_check_ratio"] - 1) * w.beds.get(w.city(x), 0.0)
        if w.first(x, {"identity_control": hazard}):
            x.met = x.met or "street"


def crime_control(w: World) -> None:
    """Step 8: crime first, then the sale of sex."""
    for x in w.free():
        if x.strategy != MARGIN:
            continue
        hazard = meeting_hazard(w, x) * w.p["marginalised_control_ratio"]
        sells = x.subtype == "sex_sale"
        hazard *= w.drivers.checks(w.district(x), w.month) if sells else w.policy("penal_priority")
        found = w.first(x, {"sex_market_control" if sells else "crime_control": hazard})
        if found:
            x.met = x.met or ("sex" if sells else "crime")


def tracks(w: World) -> None:
    """Step 8, the list 0 to 4."""
    inside = sum(x.due >= 0 and not x.prison and x.household != CHILD for x in w.here())
    places_left = round(w.policy("detention_capacity") * w.p["detention_turnover_count"] * w.scale) - inside
    met = [x for x in w.free() if x.met]
    w.rng.shuffle(met)
    met.sort(key=lambda x: not x.sought)
    for x in met:
        how, x.met = x.met, ""
        held = follow_track(w, x, how, places_left >= 1)
        places_left -= held


def follow_track(w: World, x: Person, how: str, has_room: bool) -> int:
    """What follows for one whom the police met; 1 if a detention place is taken."""
    p, rng = w.p, w.rng
    if how != "crime":
        ratio = p["discretion_child_ratio"] if x.household == GUARDIAN else 1.0
        feasible = w.drivers.feasibility(x.country, w.month) * x.identity
        ratio *= 1 + (p["discretion_not_returnable_ratio"] - 1) * (1 - feasible)
        if rng.random() < says_yes(w, x, p["police_look_away_share"] * ratio):
            return 0
    w.events["met", how] += 1
    if how == "sex" and rng.random() < p["trafficking_identification_share"]:
        w.move(x, "midlertidig", "trafficking_protection")
        return 0
    if how == "crime" and x.decision != EXPELLED_PENAL and rng.random() < p["penal_ground_share"]:
        x.decision, x.due, x.sure = EXPELLED_PENAL, w.month + round(p["penal_sentence_months"]), False
        x.prison = True
        return 0
    if w.age(x) < 18:
        x.shaken = True
        return 0
    if x.sought and x.route != "vanished" and x.decision != NONE:
        if has_room and rng.random() < sent_ratio(w, x):
            x.due, x.sure, x.prison = w.month + 1, True, False
            return 1
        x.shaken = True
        return 0
    return never_asylum(w, x, how, has_room)


def never_asylum(w: World, x: Person, how: str, has_room: bool) -> int:
    """Track 4: sent away, refused, or expelled, then detained, leaves alone, or slips away with the decision."""
    p, rng = w.p, w.rng
    if rng.random() < p["sent_away_share"]:
        x.shaken = True
        return 0
    if not expelled(x) and rng.random() < p["bortvist_from_resident_share"]:
        if rng.random() < sent_ratio(w, x):
            w.move(x, "bortvist", REFUSED[how])
        return 0
    delay = 1 if expelled(x) else 1 + (rng.random() < p["decision_delay_months"] - 1)
    if not expelled(x):
        x.decision = EXPELLED_ACT
    if has_room and rng.random() < w.drivers.detained[w.district(x)]:
        x.due, x.sure, x.prison = w.month + delay, False, False
        return 1
    if rng.random() < p["leave_after_decision_share"]:
        w.move(x, "videre", "leaves_after_decision")
    elif x.strategy == WORKER:
        w.move(x, FALL, REFUSED[how])
    return 0


def permit_hazard(w: World, x: Person) -> float:
    """Step 9: regularisation by reversal, family or humanitarian ground."""
    p = w.p
    found = p["regularisation_hazard"]
    if x.child_status:
        found *= p["child_permit_ratio"]
    if x.subtype == "partner":
        found *= p["partner_permit_ratio"]
    return found * (p["expelled_permit_ratio"] if expelled(x) else 1)


def temporary_hazard(w: World, x: Person) -> float:
    """Step 9: former asylum seekers with an identity who cannot be returned all the same."""
    p = w.p
    if not is_rejected(x) or not x.identity or not takes_hardly_back(w, x):
        return 0.0
    return p["temporary_permit_hazard"] * (p["temporary_permit_long_ratio"] if months_here(w, x) >= 36 else 1)


def departures(w: World) -> None:
    """Step 9: from free fall, assisted return and onward travel happen only through the choice."""
    p = w.p
    for x in w.free():
        hazards = {"regularised": permit_hazard(w, x), "temporary_permit": temporary_hazard(w, x)}
        hazards["death"] = p["death_hazard_at_30"] * math.exp(p["death_log_slope"] * (int(w.age(x)) - 30))
        if x.strategy != FALL:
            if can_be_assisted(w, x):
                hazards["assisted_return"] = p["assisted_return_hazard"] * assisted_factor(w, x)
                hazards["assisted_return"] *= hardship(w, x)
                hazards["assisted_return"] *= 1 if x.strategy == CENTRE else p["assisted_hidden_ratio"]
            base = p["onward_former_asylum_hazard"] if x.sought else p["onward_never_asylum_hazard"]
            onward = base * (1 + months_here(w, x) / 12) ** p["onward_duration_power"]
            onward *= p["onward_centre_ratio"] if x.strategy == CENTRE else 1
            onward *= p["family_reunion_onward_ratio"] if x.subtype == "partner" else 1
            hazards["onward"] = onward * hardship(w, x)
        event = w.first(x, hazards)
        to = {
            "regularised": "regularisert",
            "temporary_permit": "midlertidig",
            "death": "dod",
            "assisted_return": "assistert_retur",
            "onward": "videre",
        }
        if event == "death":
            orphans, x.children = x.children, []
            w.move(x, "dod", event)
            for child in orphans:
                child.household, child.guardian = 0, None
                w.move(child, "regularisert", "family")
        elif event:
            w.move(x, to[event], "permit" if event == "regularised" else event)


def needs(w: World) -> None:
    """Step 9: who reports an offence without protection meets the police the next month; care is left out."""
    p = w.p
    for x in w.here():
        if x.due >= 0:
            continue
        exposed = x.strategy in (MARGIN, FALL) or x.exploited or x.violence
        victim = w.first(x, {"offence": p["offence_hazard"] * (p["offence_exposed_ratio"] if exposed else 1)})
        reports = victim and w.rng.random() < p["offence_reported_share"]
        if (
            reports
            and not w.policy("no_removal_when_reporting")
            and x.household != CHILD
            and w.rng.random() >= p["reporter_spared_share"]
        ):
            x.met = x.met or "report"


def learn(w: World) -> None:
    """Section 4, learning: the month's forced departures as a yearly rate are mixed into what was believed."""
    p = w.p
    share, more = p["risk_learning_share"], p["risk_learning_prior_persons"]
    here: Counter = Counter()
    members: Counter = Counter()
    for x in w.here():
        if not is_dublin(x):
            here[x.country] += 1
            members.update(w.circles(x))
    for country, believed in enumerate(w.belief):
        forced = w.forced[country]
        seen = 12 * forced / (here[country] + forced + more)
        w.belief[country] = min(1.0, (1 - share) * believed + share * seen)
    for circle, believed in w.circle_belief.items():
        forced = w.forced_in_circle[circle]
        seen = 12 * forced / (members[circle] + forced + more)
        w.circle_belief[circle] = min(1.0, (1 - share) * believed + share * seen)
    w.forced.clear()
    w.forced_in_circle.clear()
    for e in w.employers:
        e.perceived += p["employer_learning_ratio"] * e.found
        e.found = 0
