"""Parts 16 to 22, and what compatriots learn: transports, control, tracks, ways out, offences (steps 8 to 10)."""

from __future__ import annotations

import math

from .shared import (
    assisted_factor,
    can_be_assisted,
    expelled,
    is_dublin,
    months_here,
    response,
    risk,
    says_yes,
    sent_ratio,
)
from .state import (
    CENTRE,
    EXPELLED_ACT,
    EXPELLED_PENAL,
    FALL,
    GUARDIAN,
    GUEST,
    MARGIN,
    WORKER,
    Person,
    World,
    places,
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
    """A held person who cannot be sent is released into free fall, and shaken."""
    x.due = -1
    x.shaken = True
    if x.strategy != FALL:
        w.move(x, FALL, "released")
    else:
        w.let_go(x)


def transport(w: World) -> None:
    """Step 8: transports of former asylum seekers are carried out; others by how far somebody can be sent."""
    for x in w.here():
        if x.due >= 0 and x.due <= w.month:
            x.due = -1
            if x.sought or w.rng.random() < sent_ratio(w, x):
                w.move(x, "tvangsretur", "forced_transport")
            else:
                release(w, x)


def meeting_hazard(w: World, x: Person) -> float:
    """Steps 8: by way of living and district, and less for those who live in fear."""
    p = w.p
    found = p["identity_control_hazard"] * w.drivers.effort[places()[x.place].district]
    return found * response(-p["open_life_slope"], risk(w, x))


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
        hazard = meeting_hazard(w, x) * ratio[x.strategy]
        if x.strategy == FALL:
            hazard *= 1 + (p["shelter_check_ratio"] - 1) * w.beds.get(w.city(x), 0.0)
        if x.forged:
            hazard *= p["forged_recognition_ratio"]
        if w.happens(hazard) and not x.met:
            x.met = "street"


def crime_control(w: World) -> None:
    """Step 8: crime first, then the sale of sex."""
    for x in w.free():
        if x.strategy == MARGIN and w.happens(meeting_hazard(w, x) * w.p["marginalised_control_ratio"]):
            x.met = "sex" if x.subtype == "sex_sale" else "crime"


def tracks(w: World) -> None:
    """Step 8, the list 0 to 4."""
    places_left = 220 * w.scale * w.p["detention_turnover_count"]
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
    if how in ("street", "sex"):
        ratio = p["discretion_child_ratio"] if x.household == GUARDIAN else 1.0
        ratio *= p["discretion_not_returnable_ratio"] if sent_ratio(w, x) == 0 else 1.0
        if rng.random() < min(1.0, p["police_look_away_share"] * ratio):
            return 0
    w.events["met", how] += 1
    if how == "sex" and rng.random() < p["trafficking_identification_share"]:
        w.move(x, "midlertidig", "trafficking_protection")
        return 0
    if how == "crime" and rng.random() < p["penal_ground_share"]:
        x.decision, x.due = EXPELLED_PENAL, w.month + int(p["penal_sentence_months"])
        return 0
    if x.sought and x.route != "vanished":
        if x.route == "left_care" and w.age(x) < 18:
            return 0
        if has_room and rng.random() < sent_ratio(w, x):
            x.due = w.month + 1
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
        w.move(x, "bortvist", REFUSED[how])
        return 0
    delay = 1 if expelled(x) else 1 + (rng.random() < p["decision_delay_months"] - 1)
    if not expelled(x):
        x.decision = EXPELLED_ACT
    if has_room and rng.random() < w.drivers.detained[w.district(x)]:
        x.due = w.month + delay
        return 1
    if rng.random() < p["leave_after_decision_share"]:
        w.move(x, "videre", "leaves_after_decision")
    else:
        x.shaken = True
    return 0


def permit_hazard(w: World, x: Person) -> float:
    """Step 9: regularisation by reversal, family or humanitarian ground."""
    p = w.p
    found = p["regularisation_hazard"]
    if any(child.child_status for child in x.children):
        found *= p["child_permit_ratio"]
    if x.subtype == "partner":
        found *= p["partner_permit_ratio"]
    return found * (p["expelled_permit_ratio"] if expelled(x) else 1)


def temporary_hazard(w: World, x: Person) -> float:
    """Step 9: former asylum seekers with an identity who cannot be returned all the same."""
    p = w.p
    lowest = w.drivers.group(x.country, w.month) in ("none", "weak")
    limit = p["temporary_permit_feasibility_limit"]
    if not x.sought or is_dublin(x) or x.route == "vanished" or not x.identity or not lowest:
        return 0.0
    if w.drivers.feasibility(x.country, w.month) >= limit:
        return 0.0
    return p["temporary_permit_hazard"] * (p["temporary_permit_long_ratio"] if months_here(w, x) >= 36 else 1)


def departures(w: World) -> None:
    """Step 9: from free fall, assisted return and onward travel happen only through the choice."""
    p = w.p
    for x in w.free():
        hazards = {"permit": permit_hazard(w, x), "temporary_permit": temporary_hazard(w, x)}
        hazards["death"] = p["death_hazard_at_30"] * math.exp(p["death_log_slope"] * (w.age(x) - 30))
        if x.strategy != FALL:
            if can_be_assisted(x):
                hazards["assisted_return"] = p["assisted_return_hazard"] * assisted_factor(w, x)
                hazards["assisted_return"] *= 1 if x.strategy == CENTRE else p["assisted_hidden_ratio"]
            base = p["onward_former_asylum_hazard"] if x.sought else p["onward_never_asylum_hazard"]
            onward = base * (1 + months_here(w, x) / 12) ** p["onward_duration_power"]
            onward *= p["onward_centre_ratio"] if x.strategy == CENTRE else 1
            onward *= p["family_reunion_onward_ratio"] if x.subtype == "partner" else 1
            hazards["onward"] = onward
        event = w.first(hazards)
        to = {
            "permit": "regularisert",
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
                w.move(child, "regularisert", "orphan")
        elif event:
            w.move(x, to[event], event)


def needs(w: World) -> None:
    """Step 9: who reports an offence without protection meets the police the next month; care is left out."""
    p = w.p
    for x in w.free():
        exposed = x.strategy in (MARGIN, FALL) or x.exploited or x.violence
        if w.happens(p["offence_hazard"] * (p["offence_exposed_ratio"] if exposed else 1)):
            if w.rng.random() < p["offence_reported_share"] and w.rng.random() >= p["reporter_spared_share"]:
                x.met = "report"


def learn(w: World, found: set[int]) -> None:
    """Section 4, learning: forced departures as a yearly rate of those here are mixed into what was believed."""
    p = w.p
    share, weight = p["risk_learning_share"], p["risk_learning_prior_persons"]
    here = [0] * len(w.belief)
    members: dict[int, int] = {}
    for x in w.here():
        here[x.country] += 1
        for circle in w.circles(x):
            members[circle] = members.get(circle, 0) + 1
    for country, believed in enumerate(w.belief):
        count = here[country] + w.forced[country]
        seen = (12 * w.forced[country] + weight * believed) / (count + weight)
        w.belief[country] = min(1.0, (1 - share) * believed + share * seen)
    for circle, believed in w.circle_belief.items():
        forced = w.forced_in_circle[circle]
        seen = (12 * forced + weight * believed) / (members.get(circle, 0) + forced + weight)
        w.circle_belief[circle] = min(1.0, (1 - share) * believed + share * seen)
    w.forced.clear()
    w.forced_in_circle.clear()
    for i, e in enumerate(w.employers):
        e.perceived = 1 + (e.perceived - 1) * (1 - p["employer_forgetting_share"])
        if i in found:
            e.perceived += p["employer_learning_ratio"]


__all__ = ["says_yes"]
