"""Rules that several parts of the month share: risk, how far somebody can be sent, discretion, assisted return."""

from __future__ import annotations

import math

from .drivers import CITIES, country_names, month_number
from .state import CHILD, DUTY, EXPELLED_ACT, GUARDIAN, NONE, Person, World


def risk(w: World, x: Person) -> float:
    """Section 4, learning: national belief and the mean of the own circles, less without identity, more if shaken."""
    found = w.belief[x.country]
    circles = w.circles(x)
    if circles:
        share = w.p["news_through_ties_share"]
        near = sum(w.circle_belief.get(c, found) for c in circles) / len(circles)
        found = (1 - share) * found + share * near
    if not x.identity:
        found *= w.p["unknown_identity_risk_ratio"]
    if x.shaken:
        found *= w.p["shaken_risk_ratio"]
    return min(1.0, found)


def response(slope: float, risk_now: float) -> float:
    """Section 7: exp(slope * 4 * risk) everywhere."""
    return math.exp(slope * 4 * risk_now)


def sent_ratio(w: World, x: Person) -> float:
    """Section 4, discretion: feasibility times established identity, less for the ill and for families."""
    if not x.identity:
        return 0.0
    found = w.drivers.feasibility(x.country, w.month)
    if x.ill:
        found *= w.p["ill_fetch_ratio"]
    if x.household == GUARDIAN:
        found *= w.p["family_fetch_ratio"]
    return min(1.0, found)


def says_yes(w: World, x: Person, share: float, asks: float = 1.0) -> float:
    """Section 4: each who is asked says yes with a share, times the city's readiness; people ask until one does."""
    number = CITIES.index(w.city(x)) if w.city(x) else len(CITIES)
    ratio = math.exp(w.p["discretion_city_log_sd"] * w.p[f"discretion_city_effect_{number}"])
    return 1 - (1 - min(0.99, max(0.0, share * ratio))) ** asks


def months_here(w: World, x: Person) -> int:
    """Months since becoming irregular."""
    return w.month - x.entry


def expelled(x: Person) -> bool:
    """Holds an expulsion on either ground."""
    return x.decision >= EXPELLED_ACT


def is_rejected(x: Person) -> bool:
    """Holds a final rejection: no Dublin case, nobody who vanished before a decision (section 6)."""
    return x.sought and x.route not in ("dublin", "vanished") and x.decision > NONE


def takes_hardly_back(w: World, x: Person) -> bool:
    """Step 9: the country is of the two lowest groups, and no agreement of some effectiveness is in force."""
    lowest = w.drivers.group(x.country, w.month) in ("none", "weak")
    return lowest and w.drivers.agreement(x.country, w.month) < w.p["temporary_permit_feasibility_limit"]


def hardship(w: World, x: Person) -> float:
    """Step 9: with wages withheld, in violence or owing rent, as many more leave as hardship makes leave."""
    return math.exp(w.p["departure_from_hardship_log_ratio"]) if x.exploited or x.violence or x.rent else 1.0


def is_dublin(x: Person) -> bool:
    """Under a Dublin decision, and in a centre: outside they are former asylum seekers like others."""
    return x.route == "dublin"


def can_be_assisted(w: World, x: Person) -> bool:
    """M005: persons outside the asylum system cannot use the schemes unless open to all; no Dublin case can."""
    return (x.sought or bool(w.policy("assisted_open_to_all"))) and not is_dublin(x)


def assisted_factor(w: World, x: Person) -> float:
    """Section 7, steps 7 and 9: the common factor of risk, time and scheme."""
    p = w.p
    support = w.policy("assisted_support_nok")
    support *= p["assisted_support_after_deadline_share"] if months_here(w, x) >= 1 else 1.0
    if x.household == GUARDIAN and w.month in (month_number("2016-11"), month_number("2016-12")):
        children = p["children_per_guardian_mean"]
        support += p["assisted_family_offer_2016_nok"] * children / (1 + children)
    support = max(support, 100.0)
    group = w.drivers.group(x.country, w.month)
    willing = p.get(f"assisted_willing_{group}_log_ratio", 0.0)
    own = {"Irak": "iq", "Afghanistan": "af", "Somalia": "so", "Russland": "ru"}.get(country_names()[x.country])
    willing += p["assisted_willing_log_sd"] * p[f"assisted_willing_effect_{own}"] if own else 0.0
    return (
        response(p["assisted_risk_slope"], risk(w, x))
        * (1 + months_here(w, x) / 6) ** p["assisted_duration_power"]
        * w.drivers.scheme(w.month)
        * max(w.policy("assisted_information"), 0.01) ** p["assisted_information_elasticity"]
        * (support / p["assisted_support_reference_nok"]) ** p["assisted_support_elasticity"]
        * math.exp(willing)
    )


def nav_help(w: World, x: Person, bed_is_open: bool) -> float:
    """Steps 7 and 4 (discretion): the odds that NAV, or child welfare for a family, helps."""
    p = w.p
    family = p["family_discretion_ratio"] if x.household == GUARDIAN else 1.0
    rule = {"rule_2004": 1.0, "rule_2014": p["nav_rule_2014_ratio"], "wide": p["nav_wide_ratio"]}
    share = p["discretion_yes_share"] * rule[w.drivers.nav_rule(w.city(x), w.month)] * family
    nav = says_yes(w, x, share, p["asks_per_month"])
    if bed_is_open:
        nav *= p["nav_despite_bed_share"]
    if x.household == GUARDIAN:
        nav = 1 - (1 - nav) * (1 - says_yes(w, x, p["child_welfare_yes_share"]))
    return nav


def grow_up(w: World) -> None:
    """Step 2: children who turn 18 are persons of their own, with their guardian's ties, in a centre or free fall."""
    for x in w.persons:
        if x.route == "left_care" and x.decision == NONE and w.age(x) >= 18:
            x.decision = DUTY
        if x.household == CHILD and w.age(x) >= 18 and x.strategy in ("synlig", "fritt_fall"):
            guardian = x.guardian
            if guardian is not None and guardian.due >= 0:
                continue
            x.household, x.guardian = 0, None
            if guardian is not None:
                guardian.children.remove(x)
                x.ties = list(guardian.ties)
                if not guardian.children:
                    guardian.household = 0
