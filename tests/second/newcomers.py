"""Part 1 of the month: who comes, who comes back, and where they begin (odd.md, sections 5 and 7, step 2)."""

from __future__ import annotations

import math

from .arrivals import Arrivals
from .before_choice import ordinary_centre
from .choosing import room
from .drivers import country_names, lasting_group, month_number, places, rows_of
from .shared import is_dublin, sent_ratio, takes_hardly_back
from .state import (
    CENTRE,
    CHILD,
    DUTY,
    EXPELLED_ACT,
    EXPELLED_PENAL,
    FALL,
    GUARDIAN,
    GUEST,
    MARGIN,
    NONE,
    STRATEGIES,
    WORKER,
    Person,
    World,
)

ASYLUM = ("asylum_rejected", "dublin", "vanished", "aged_out", "left_care")
MAY_FORGE = ("without_permit", "visa_overstay")
YOUNG = ("lapsed_young", "aged_out", "left_care")
OF_A_FAMILY = ("asylum_rejected", "dublin")


class Newcomers:
    """Draws the newcomers of a month.

    Args:
        arrivals: Expected arrivals.
    """

    def __init__(self, arrivals: Arrivals) -> None:
        self.expected = arrivals.expected()
        self.routes = {row["route"]: row for row in rows_of("route_mix.csv")}

    def arrive(self, w: World) -> list[Person]:
        """Heads of household of the month; children come with them."""
        found = []
        for route, by_month in self.expected.items():
            if route == "short_stay":
                continue
            for country, mean in enumerate(by_month[w.month]):
                for _ in range(poisson(w, mean * w.scale * (1 - child_share(w, route)))):
                    x = self._person(w, route, country)
                    w.persons += [x, *x.children]
                    found.append(x)
        w.rng.shuffle(found)
        for x in found:
            self._begin(w, x)
        return found

    def _person(self, w: World, route: str, country: int) -> Person:
        p, rng = w.p, w.rng
        sought = route in ASYLUM
        women = p["women_share_former_asylum"] if sought else p["women_share_never_asylum"]
        women = {
            "visa_lost": p["women_share_visa_lost"],
            **dict.fromkeys(YOUNG, p["women_share_lapsed_young"]),
        }.get(route, women)
        x = Person(
            country=country,
            route=route,
            place=rng.choices(range(len(places())), [place.newcomers(sought) for place in places()])[0],
            strategy=FALL,
            subtype="none",
            entry=w.month,
            start=w.month,
            birth=w.month - age_in_months(w, route),
            household=0,
            decision=decision(route),
            sought=sought,
            female=rng.random() < women,
            identity=rng.random() < identity_share(w, country, sought),
        )
        ill = p["care_need_at_entry_share"] * (p["care_need_elderly_ratio"] if w.age(x) >= 67 else 1)
        x.ill = rng.random() < ill
        x.forged = route in MAY_FORGE and rng.random() < p["forged_papers_share"]
        x.card = sought and rng.random() < p["tax_card_at_entry_share"] * cards_kept(w)
        x.ties = self._ties(w, x)
        kids = child_share(w, route)
        mean = p["children_per_guardian_mean"]
        if rng.random() < kids / (1 - kids) / mean:
            self._children(w, x)
        return x

    def _ties(self, w: World, x: Person) -> list[int]:
        """A share has at least one willing tie; each lies in Oslo with a share, else where the person lives."""
        p, rng = w.p, w.rng
        share = p["tie_at_entry_former_asylum_share"] if x.sought else p["tie_at_entry_never_asylum_share"]
        found = [-1, -1, -1]
        if rng.random() >= share:
            return found
        another = (
            1
            - (p["tie_at_entry_former_asylum_share"] + p["tie_at_entry_never_asylum_share"])
            / 2
            / p["hosts_per_migrant_mean"]
        )
        for slot in range(3):
            if slot and rng.random() >= another:
                break
            place = 0 if rng.random() < p["tie_in_oslo_share"] else x.place
            known = w.hosts_at.get((x.country, place))
            if known:
                found[slot] = rng.choice(known)
        return found

    def _children(self, w: World, x: Person) -> None:
        """One to four, drawn as one and a binomial of three; one status for all."""
        p, rng = w.p, w.rng
        x.household = GUARDIAN
        u = rng.random()
        citizen, permit = p["child_citizen_share"], p["child_permit_share"]
        x.child_status = 2 if u < citizen else 1 if u < citizen + permit else 0
        number = 1 + sum(rng.random() < (p["children_per_guardian_mean"] - 1) / 3 for _ in range(3))
        for _ in range(number):
            birth = w.month - rng.randrange(16 * 12)
            child = Person(
                x.country, x.route, x.place, FALL, "none", w.month, w.month, birth, CHILD, x.decision, x.sought,
                rng.random() < 0.5, x.identity, x.child_status, guardian=x,
            )  # fmt: skip
            child.ill = rng.random() < p["care_need_at_entry_share"]
            x.children.append(child)

    def _begin(self, w: World, x: Person) -> None:
        """Starting strategies follow the route; whoever finds no bed, host or job begins in free fall."""
        p, rng = w.p, w.rng
        centre = {"asylum_rejected": p["centre_start_share"], "aged_out": p["centre_start_share"], "dublin": 1.0}
        row = self.routes[x.route]
        if rng.random() < centre.get(x.route, 0.0) and (is_dublin(x) or w.policy("stay_after_rejection")):
            wanted = CENTRE
        else:
            weights = [float(row[name]) for name in STRATEGIES]
            wanted = rng.choices(STRATEGIES[1:], weights[1:])[0] if sum(weights[1:]) else FALL
        if wanted == WORKER and w.age(x) >= 67:
            wanted = GUEST
        to, subtype = FALL, "none"
        if wanted == CENTRE:
            index = ordinary_centre(w)
            if index >= 0:
                to = CENTRE
        elif wanted == GUEST:
            known = w.hosts_at.get((x.country, x.place))
            if x.ties[0] < 0 and known:
                x.ties[0] = rng.choice(known)
            host = x.ties[0]
            if room(w, host):
                to, subtype = GUEST, "relative" if w.age(x) >= 67 else w.hosts[host].type
                w.hosts[host].guests += 1
                for one in (x, *x.children):
                    one.host, one.place = host, w.hosts[host].place
        elif wanted == WORKER:
            jobs = [i for i, e in enumerate(w.employers) if e.place == x.place and e.open_jobs > e.main + e.sides]
            if jobs:
                to, x.employer = WORKER, rng.choice(jobs)
                w.employers[x.employer].main += 1
                x.exploited = rng.random() < p["exploited_worker_share"]
        elif wanted == MARGIN:
            sells = p["sex_sale_share_women"] if x.female else p["sex_sale_share_men"]
            rest = "drugs" if rng.random() < p["drugs_share_of_rest"] else "property"
            to, subtype = MARGIN, "sex_sale" if rng.random() < sells else rest
        for one in (x, *x.children):
            one.strategy = GUEST if one is not x and to in (WORKER, MARGIN) else to
            w.flows[w.month, "inflow", one.strategy, "start"] += 1
        x.subtype = subtype
        if to == CENTRE:
            for one in (x, *x.children):
                one.centre, one.place = index, w.centres[index].place
            w.centres[index].residents += 1 + len(x.children)
        if x.sought and x.decision == DUTY and rng.random() < p["asylum_case_expulsion_share"]:
            x.decision = EXPELLED_ACT
        if x.route == "asylum_rejected" and rng.random() < p["held_at_rejection_share"] * sent_ratio(w, x):
            x.due, x.sure = w.month + 1, True


def poisson(w: World, mean: float) -> int:
    """A Poisson number, by counting arrivals of a unit clock."""
    count, left = 0, mean
    while True:
        left -= w.rng.expovariate(1)
        if left < 0:
            return count
        count += 1


def child_share(w: World, route: str) -> float:
    """Share of children among the persons of a route."""
    if route in OF_A_FAMILY:
        return w.p["child_share_in_centre"]
    if route == "vanished":
        return w.p["child_share_vanished"]
    lost = ("family_permit_lost", "marriage_broken", "work_permit_lost", "au_pair", "student", "permit_revoked")
    return w.p["child_share_permit_lost"] if route in lost else 0.0


def decision(route: str) -> int:
    """A rejection carries the duty to leave; who vanished, left care or never sought asylum has no decision."""
    if route == "penal_expulsion":
        return EXPELLED_PENAL
    return DUTY if route in ("asylum_rejected", "dublin", "aged_out") else NONE


def age_in_months(w: World, route: str) -> int:
    """Adults by a gamma; some relatives of overstayers are elderly; minors are 18, or below."""
    p, rng = w.p, w.rng
    if route == "aged_out":
        return 18 * 12
    if route == "left_care":
        return 18 * 12 - 1 - rng.randrange(12)
    if route == "lapsed_young":
        return 18 * 12 + rng.randrange(6 * 12)
    if route == "visa_overstay" and rng.random() < p["overstay_relative_share"] * p["elderly_parent_share"]:
        return 12 * 67 + rng.randrange(12 * 13)
    mean, sd = p["age_at_entry_mean_years"] - 18, p["age_at_entry_sd_years"]
    return round(12 * (18 + rng.gammavariate((mean / sd) ** 2, sd**2 / mean)))


def identity_share(w: World, country: int, sought: bool) -> float:
    """Step 4, identity: a share by group of countries and ground."""
    p = w.p
    group = lasting_group(country_names()[country])
    odds = math.log(p["identity_established_share"] / (1 - p["identity_established_share"]))
    odds += {"high": p["identity_high_log_odds"], "middle": 0.0}.get(group, p["identity_low_log_odds"])
    odds += 0.0 if sought else p["identity_never_asylum_log_odds"]
    return 1 / (1 + math.exp(-odds))


def cards_kept(w: World) -> float:
    """While the practice let them keep a tax card; fewer after the withdrawals of 2011."""
    if not w.policy("tax_card"):
        return 0.0
    return 1 - w.p["tax_card_withdrawn_2011_share"] if w.month >= month_number("2011-12") else 1.0


def come_back(w: World) -> None:
    """Temporary stays that end: most are renewed where return is hardly possible, and of the others most come back."""
    p = w.p
    for x in w.persons:
        if x.strategy != "midlertidig" or x.back != w.month or x.household == CHILD:
            continue
        if x.sought and takes_hardly_back(w, x) and w.rng.random() < p["temporary_permit_renewed_share"]:
            x.back = w.month + round(p["temporary_permit_months"])
        elif w.rng.random() < p["temporary_permit_return_share"]:
            for one in (x, *x.children):
                one.strategy, one.start = FALL, w.month
                w.flows[w.month, "inflow", FALL, "permit_ended"] += 1
