"""Parts 14 and 15: vacancies are offered, and those in free fall choose (odd.md, section 7, steps 5 and 7)."""

from __future__ import annotations

import math

from .before_choice import add_tie, allowance_ratio, begins_alone, ordinary_centre, remoteness_of_free_beds
from .shared import assisted_factor, can_be_assisted, is_rejected, nav_help, risk
from .state import CENTRE, EXPELLED_PENAL, FALL, GUARDIAN, GUEST, MARGIN, WORKER, Person, World, places

OLD = 67


def offers(w: World) -> None:
    """Vacancies of the place: those with a tie first, then by rank; a side job is taken at once."""
    p = w.p
    w.working_circles = set()
    for x in w.here():
        if x.employer >= 0 or x.side >= 0:
            w.working_circles |= w.circles(x)
    heard: dict[int, list[Person]] = {}
    for x in w.free():
        main = x.strategy == FALL
        if not main and (x.strategy not in (CENTRE, GUEST) or x.side >= 0):
            continue
        x.offer = -1
        hazard = p["job_offer_hazard"] if main else p["side_job_hazard"]
        if w.age(x) >= OLD or x.ill:
            hazard = 0.0
        if main and not knows(x):
            hazard *= p["no_tie_offer_ratio"]
        if w.circles(x) & w.working_circles:
            hazard *= p["job_news_ratio"]
        if x.strategy == CENTRE:
            hazard *= allowance_ratio(w) ** -p["allowance_side_job_elasticity"]
        if w.policy("directive_in_force") and w.policy("directive_duty_to_check") and not x.forged:
            hazard *= 1 - p["unknowing_hire_share"]
        if x.rent and not main:
            hazard *= p["rent_side_job_ratio"]
        if w.first(x, {"job_offer": hazard}):
            heard.setdefault(x.place, []).append(x)
    for place, people in heard.items():
        vacant = [
            i
            for i, e in enumerate(w.employers)
            if e.place == place
            for _ in range(max(0, e.open_jobs - e.main - e.sides))
        ]
        w.rng.shuffle(vacant)
        w.rng.shuffle(people)
        people.sort(key=lambda x: -knows(x) - bool(w.circles(x) & w.working_circles))
        for x, job in zip(people, vacant, strict=False):
            if x.strategy == FALL:
                x.offer = job
            else:
                x.side = job
                w.employers[job].sides += 1


def knows(x: Person) -> bool:
    """Has a tie, the host lived with apart."""
    return any(t >= 0 for t in x.ties)


def share_beds(w: World) -> None:
    """Step 7: shelter beds are shared evenly; the share is that of whoever is in free fall, who keeps away included."""
    w.beds = {}
    for place in places():
        city = place.city
        people = sum(x.strategy == FALL and w.city(x) == city for x in w.persons)
        checks = w.drivers.checks(place.district, w.month) if city else 1.0
        come = 1 - min(1.0, w.p["shelter_avoid_share"] * checks)
        w.beds[city] = min(1.0, w.drivers.beds(city, w.month) / max(1.0, people * come)) * come


def room(w: World, host: int) -> bool:
    """Whether a host has a place."""
    return host >= 0 and w.hosts[host].guests < w.hosts[host].capacity


def utilities(w: World, x: Person, far: float, met: int) -> dict[str, float]:
    """The table of step 7: option to utility, of feasible options only."""
    p = w.p
    months, now, age = w.month - x.start, risk(w, x), w.age(x)
    pressure = p["free_fall_pressure"] * months
    bed = w.beds[w.city(x)]
    bed_is_open = is_rejected(x) and not math.isnan(far) and bool(w.policy("stay_after_rejection"))
    helped = nav_help(w, x, bed_is_open)
    hardship = p["departure_from_hardship_log_ratio"] * (1 - bed) * (1 - helped)
    family = x.household == GUARDIAN
    known = w.circles(x)
    found = {"stay": p["stay_utility"] - pressure + p["shelter_utility"] * bed + p["nav_utility"] * helped}
    if known & w.congregation_circles:
        found["stay"] += p["congregation_help_utility"]
    if bed_is_open:
        found["centre"] = p["centre_utility"] - p["centre_visibility"] * p["assisted_risk_slope"] * 4 * now
        allowance = w.policy("basic_allowance_nok") - p["allowance_reference_nok"]
        found["centre"] += p["allowance_utility_per_1000_nok"] * allowance / 1000
        if x.ill:
            found["centre"] += p["care_centre_utility"]
            if w.drivers.staff_help(w.city(x), w.month):
                found["centre"] += p["adapted_unit_help_utility"]
        if family:
            found["centre"] += p["family_centre_utility"]
        if knows(x):
            found["centre"] -= p["centre_remoteness_aversion"] * far
    if any(room(w, t) for t in x.ties):
        found["dependence"] = p["dependence_utility"]
    if x.offer >= 0:
        found["work"] = p["work_utility"] - p["work_visibility"] * 4 * now
    push = p["pressure_to_crime_ratio"] * pressure
    margin = push - p["marginalised_aversion"] + p["market_size_power"] * math.log(places()[x.place].market)
    if age > 50:
        margin -= p["marginalised_age_aversion"]
    if x.decision == EXPELLED_PENAL:
        margin += p["expelled_margin_utility"]
    crime = p["young_men_crime_utility"] * (1 if not x.female and age < 35 else -1)
    found["sex_sale"] = margin + p["women_sex_sale_utility"] * (1 if x.female else -1)
    found["drugs"] = margin + crime
    found["property"] = margin + crime + p["property_utility"]
    if can_be_assisted(w, x):
        found["assisted_return"] = p["assisted_return_utility"] + hardship + math.log(assisted_factor(w, x))
    ticket = p["nav_ticket_utility"] if w.drivers.nav_rule(w.city(x), w.month) == "rule_2014" else 0.0
    found["onward"] = p["onward_utility"] + hardship + ticket * helped
    if age < 60 and (x.female or age < 25) and room(w, met):
        found["survival_sex"] = push - p["survival_sex_aversion"]
    return found


def choice(w: World) -> None:
    """Each option adds a Gumbel number; scarce places are served by rank; who is not served stays for the month."""
    share_beds(w)
    far = remoteness_of_free_beds(w.centres)
    chosen: list[tuple[Person, str, int]] = []
    for x in w.free():
        if x.strategy != FALL:
            continue
        near = w.hosts_at.get((x.country, x.place))
        met = w.rng.choice(near) if near else -1
        values = utilities(w, x, far, met)
        best = max(values, key=lambda option: values[option] - math.log(w.rng.expovariate(1)))
        chosen.append((x, best, met))
    w.rng.shuffle(chosen)
    chosen.sort(key=lambda one: one[1] == "survival_sex")
    for x, option, met in chosen:
        serve(w, x, option, met)
        x.offer = -1


def serve(w: World, x: Person, option: str, met: int) -> None:
    """Carry a choice out, if there is still room for it."""
    w.events["chose", option] += 1
    if option in ("assisted_return", "onward"):
        w.move(x, "assistert_retur" if option == "assisted_return" else "videre", "choice")
    elif option == "centre":
        to = ordinary_centre(w)
        adapted = [i for i, c in enumerate(w.centres) if c.kind == "adapted" and c.residents < c.places]
        if begins_alone(x) and adapted:
            to = adapted[0]
        if to >= 0:
            w.move(x, CENTRE, "choice")
            w.place_in_centre(x, to, "choice")
    elif option in ("dependence", "survival_sex"):
        ready = [t for t in x.ties if room(w, t)] if option == "dependence" else [met] if room(w, met) else []
        if ready:
            host = ready[0]
            w.move(x, GUEST, "choice")
            for one in (x, *x.children):
                one.host = host
            x.subtype = w.hosts[host].type if option == "dependence" else option
            w.hosts[host].guests += 1
            w.relocate(x, w.hosts[host].place, "choice")
            if option == "survival_sex":
                add_tie(x, host)
    elif option == "work":
        job = x.offer
        w.move(x, WORKER, "choice")
        x.employer = job
        w.employers[job].main += 1
        x.exploited = w.rng.random() < w.p["exploited_worker_share"]
    elif option != "stay":
        w.move(x, MARGIN, "choice")
        x.subtype = option
