"""Who and what there is: persons, centres, employers, hosts, and the month's drivers (odd.md, sections 2, 3 and 6).

The drivers are those of 2018-01 to 2020-02 only, where efforts stand at their levels of 2018 and 2019.
"""

from __future__ import annotations

import csv
import math
import random
from collections import Counter
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from itertools import pairwise

CENTRE, GUEST, WORKER, MARGIN, FALL = "synlig", "avhengig", "arbeidende", "marginalisert", "fritt_fall"
STRATEGIES = (CENTRE, GUEST, WORKER, MARGIN, FALL)
EXITS = ("tvangsretur", "assistert_retur", "bortvist", "videre", "regularisert", "midlertidig", "dod")
SUBTYPES = ("none", "partner", "relative", "friend", "congregation", "survival_sex", "sex_sale", "drugs", "property")
NONE, DUTY, EXPELLED_ACT, EXPELLED_PENAL = range(4)
ALONE, GUARDIAN, CHILD = range(3)
CITIES = ("Oslo", "Bergen", "Trondheim", "Stavanger", "Kristiansand")


@dataclass(eq=False)
class Person:
    """Section 2, table of persons. `due` is the month of a held person's transport; `sure`, that it is carried out."""

    country: int
    route: str
    place: int
    strategy: str
    subtype: str
    entry: int
    start: int
    birth: int
    household: int
    decision: int
    sought: bool
    female: bool
    identity: bool
    child_status: int = 0
    forged: bool = False
    ill: bool = False
    card: bool = False
    shaken: bool = False
    exploited: bool = False
    violence: bool = False
    rent: bool = False
    due: int = -1
    met: str = ""
    sure: bool = False
    centre: int = -1
    employer: int = -1
    side: int = -1
    host: int = -1
    offer: int = -1
    ties: list[int] = field(default_factory=lambda: [-1, -1, -1])
    guardian: Person | None = None
    children: list[Person] = field(default_factory=list)


@dataclass(eq=False)
class Centre:
    """Section 2: place, kind, remoteness and, by month, places, open or not, and the share of units that close."""

    place: int
    kind: str
    remoteness: float
    named_places: float
    pool_share: float
    places: float = 0.0
    is_open: bool = True
    closing: float = 0.0
    residents: int = 0


@dataclass(eq=False)
class Employer:
    """Section 2 and 7, step 5."""

    place: int
    is_home: bool
    jobs: int
    readiness: float
    gap: float
    case_ratio: float
    perceived: float
    first_cost: float
    is_own_account: bool
    open_jobs: int = 0
    main: int = 0
    sides: int = 0
    found: int = 0


@dataclass(eq=False)
class Host:
    """Section 2: background, place, type, capacity in households, patience, exploits or not, circle."""

    country: int
    place: int
    type: str
    capacity: int
    patience: float
    exploits: bool
    circle: int
    guests: int = 0


def _rows(name: str) -> list[dict[str, str]]:
    with (files("irregsim") / "data" / name).open(encoding="utf-8") as lines:
        return list(csv.DictReader(lines))


def month_number(text: str) -> int:
    """Months since 2009-01 (section 2, time)."""
    year, month = text.split("-")
    return 12 * (int(year) - 2009) + int(month) - 1


@cache
def country_names() -> tuple[str, ...]:
    """The citizenships in the order of countries.csv."""
    return tuple(row["country"] for row in _rows("countries.csv"))


@dataclass(frozen=True)
class Place:
    """Section 2, space: the district, the city or None, the size of the market, the shares of newcomers."""

    district: str
    city: str | None
    market: float
    people: float


@cache
def places() -> tuple[Place, ...]:
    """Thirteen places: each district's cities, then its rest (districts.csv, cities.csv)."""
    cities = _rows("cities.csv")
    found = []
    for district in _rows("districts.csv"):
        left = float(district["former_asylum_share"]) + float(district["never_asylum_share"])
        for row in cities:
            if row["district"] == district["district"]:
                share = float(row["former_asylum_share"]) + float(row["never_asylum_share"])
                left -= share
                found.append(Place(row["district"], row["city"], float(row["market_ratio"]), share / 2))
        if district["rest"]:
            found.append(Place(district["district"], None, float(district["rest_market_ratio"]), left / 2))
    return tuple(found)


@cache
def district_names() -> tuple[str, ...]:
    """The districts in the order of districts.csv."""
    return tuple(row["district"] for row in _rows("districts.csv"))


@cache
def congregations() -> tuple[float, ...]:
    """How much stronger congregations a background has (countries.csv, congregation_ratio)."""
    return tuple(float(row["congregation_ratio"]) for row in _rows("countries.csv"))


def _log_linear(path: list[tuple[int, float]], month: int) -> float:
    """Section 6: efforts are log-linear between knots; taken for the residents of reception, too."""
    for (begin, low), (end, high) in pairwise(path):
        if begin <= month <= end:
            return low * (high / low) ** ((month - begin) / (end - begin))
    return path[-1][1]


class Drivers:
    """The month's values (step 1; section 6) for 2018-01 to 2020-02, from the baseline and the parameters."""

    def __init__(self, p: dict[str, float], scale: float) -> None:
        self.p, self.scale = p, scale
        self.others_path = [(month_number(r["month"]), float(r["others"])) for r in _rows("reception_residents.csv")]
        self.groups = _rows("feasibility.csv")
        self._districts()

    def _districts(self) -> None:
        """Section 7, step 8, districts: effort by distance and residents, inspections by A-krim, who is held."""
        p = self.p
        groups: dict[str, list[dict[str, str]]] = {}
        for row in _rows("police_districts.csv"):
            groups.setdefault(row["district"], []).append(row)
        share = {name: sum(x.people for x in places() if x.district == name) for name in groups}
        far, many, akrim = {}, {}, {}
        for name, rows in groups.items():
            people = [float(r["population_2020"]) for r in rows]
            km = [math.log2(float(r["km_to_trandum"])) for r in rows]
            far[name] = sum(n * x for n, x in zip(people, km, strict=True)) / sum(people)
            many[name] = math.log2(sum(people) / len(people))
            with_centre = sum(n for n, r in zip(people, rows, strict=True) if r["akrim_from"])
            akrim[name] = math.exp(p["akrim_inspection_log_ratio"] * with_centre / sum(people))
        effort = {
            name: math.exp(
                p["district_distance_log_ratio"] * (far[name] - far["Oslo"])
                + p["district_population_log_ratio"] * (many[name] - many["Oslo"])
            )
            for name in groups
        }
        mean, level = (sum(share[name] * x[name] for name in groups) for x in (effort, akrim))
        near, distant = (math.log(s / (1 - s)) for s in (p["detention_near_share"], p["detention_far_share"]))
        self.effort, self.inspections, self.detained, self.case_mix = {}, {}, {}, {}
        for i, name in enumerate(district_names()):
            own = math.exp(p["district_log_sd"] * p[f"district_control_effect_{i}"])
            self.case_mix[name] = math.exp(p["district_log_sd"] * p[f"district_case_effect_{i}"])
            self.effort[name] = effort[name] / mean * own
            self.inspections[name] = self.effort[name] * akrim[name] / level
            odds = near + (distant - near) * (far[name] - far["Oslo"]) / (far["Vest"] - far["Oslo"])
            self.detained[name] = 1 / (1 + math.exp(-odds))

    def feasibility(self, country: int, month: int) -> float:
        """Section 6: the group's share by date times a ratio; an agreement lifts it to its effectiveness if higher."""
        name, value = country_names()[country], 0.0
        for row in self.groups:
            if row["country"] == name and month_number(row["from"]) <= month:
                value = self.p[f"feasibility_{row['group']}_share"] * float(row["ratio"])
        return min(1.0, max(value, self.agreement(country)))

    def agreement(self, country: int) -> float:
        """Effectiveness of the return agreement in force (scenarios/baseline.yaml), 0 for none."""
        return {"Etiopia": 0.05, "Marokko": 0.3}.get(country_names()[country], 0.0)

    def group(self, country: int, month: int) -> str:
        """The group of countries (none, weak, middle, high) of a month."""
        name, value = country_names()[country], ""
        for row in self.groups:
            if row["country"] == name and month_number(row["from"]) <= month:
                value = row["group"]
        return value

    def others(self, month: int) -> float:
        """Residents of reception without a duty to leave, in persons of the model."""
        return _log_linear(self.others_path, month) * self.scale

    def beds(self, city: str | None, month: int) -> float:
        """Emergency beds of the baseline times the share that is free for persons outside the EEA."""
        winter = month % 12 in (10, 11, 0, 1, 2, 3)
        beds = {"Oslo": 80, "Bergen": 32, "Trondheim": 10, "Kristiansand": 10 if winter else 0}.get(city or "", 0)
        return beds * self.scale * self.p["shelter_free_bed_share"]

    def demand(self, month: int) -> float:
        """Section 6, demand for jobs: a trend per five years to 2019, 1 in the middle of that year."""
        year = 2009 + (month + 0.5) / 12
        return math.exp(self.p["job_demand_log_trend"] * (min(year, 2019.99) - 2019.5) / 5)

    def fine(self, month: int) -> tuple[float, float]:
        """Base fine and fine per workday of employers (scenarios/baseline.yaml)."""
        return (50000.0, 5000.0) if month >= month_number("2019-01") else (10000.0, 0.0)


@dataclass(eq=False)
class World:
    """Everything; `flows` counts moves by (month, origin, destination, cause)."""

    p: dict[str, float]
    scale: float
    month: int
    rng: random.Random
    persons: list[Person]
    centres: list[Centre]
    employers: list[Employer]
    hosts: list[Host]
    belief: list[float]
    circle_belief: dict[int, float]
    congregation_circles: set[int]
    contracts: float
    drivers: Drivers
    flows: Counter = field(default_factory=Counter)
    events: Counter = field(default_factory=Counter)
    forced: Counter = field(default_factory=Counter)
    forced_in_circle: Counter = field(default_factory=Counter)
    beds: dict[str | None, float] = field(default_factory=dict)
    rehearsal: dict[str, dict[int, float]] | None = None
    working_circles: set[int] = field(default_factory=set)
    hosts_at: dict[tuple[int, int], list[int]] = field(default_factory=dict)
    hosts_of: dict[int, list[int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Hosts by background and place, and by circle."""
        for i, h in enumerate(self.hosts):
            self.hosts_at.setdefault((h.country, h.place), []).append(i)
            self.hosts_of.setdefault(h.circle, []).append(i)

    def here(self) -> list[Person]:
        """Who is in the country."""
        return [x for x in self.persons if x.strategy in STRATEGIES]

    def free(self) -> list[Person]:
        """Section 3: free to act is who is no child and not held."""
        return [x for x in self.persons if x.strategy in STRATEGIES and x.household != CHILD and x.due < 0]

    def age(self, x: Person) -> float:
        """Years of age."""
        return (self.month - x.birth) / 12

    def city(self, x: Person) -> str | None:
        """The city, or None in the rest of a district."""
        return places()[x.place].city

    def district(self, x: Person) -> str:
        """The police district."""
        return places()[x.place].district

    def let_go(self, x: Person) -> None:
        """What a person holds comes free."""
        if x.centre >= 0:
            self.centres[x.centre].residents -= 1 + len(x.children)
            x.centre = -1
            for child in x.children:
                child.centre = -1
        if x.host >= 0:
            self.hosts[x.host].guests -= 1
            for one in (x, *x.children):
                one.host = -1
        if x.employer >= 0:
            self.employers[x.employer].main -= 1
            x.employer = -1
        self.end_side(x)
        x.exploited = x.violence = x.rent = False
        x.subtype, x.offer = "none", -1

    def end_side(self, x: Person) -> None:
        """A side job ends."""
        if x.side >= 0:
            self.employers[x.side].sides -= 1
            x.side = -1

    def use_up(self, x: Person) -> None:
        """Section 7, step 3: a tie is used up where the host, a break-up or violence ends the stay."""
        x.ties = [-1 if t == x.host else t for t in x.ties]

    def move(self, x: Person, to: str, cause: str) -> None:
        """A household moves as one (section 4, collectives); a child of workers or at the margins is a dependent."""
        if to in ("tvangsretur", "bortvist") and cause != "dublin_transfer":
            self.count_forced(x)
        self.let_go(x)
        for one in (x, *x.children):
            child = one is not x
            goal = GUEST if child and to in (WORKER, MARGIN) else to
            if one.strategy != goal:
                self.flows[self.month, one.strategy, goal, cause] += 1
                one.start = self.month
            one.strategy = goal
            if to in EXITS:
                one.due = -1
        if to in EXITS:
            self.events[to, cause] += 1

    def relocate(self, x: Person, place: int, cause: str) -> None:
        """A household lives elsewhere; within a strategy a move between districts is a flow."""
        for one in (x, *x.children):
            if places()[one.place].district != places()[place].district:
                self.flows[self.month, one.strategy, one.strategy, cause] += 1
            one.place = place

    def place_in_centre(self, x: Person, index: int, cause: str) -> None:
        """A household gets a place; residents live where their centre is (section 9)."""
        for one in (x, *x.children):
            one.centre = index
        self.relocate(x, self.centres[index].place, cause)
        self.centres[index].residents += 1 + len(x.children)

    def circles(self, x: Person) -> set[int]:
        """Section 2: ties, with the host lived with, give the circles."""
        return {self.hosts[h].circle for h in (*x.ties, x.host) if h >= 0}

    def count_forced(self, x: Person) -> None:
        """Section 4, learning: forced departures by citizenship and by circle, whatever the track."""
        for one in (x, *x.children):
            self.forced[one.country] += 1
            for circle in self.circles(one):
                self.forced_in_circle[circle] += 1

    def first(self, x: Person, hazards: dict[str, float]) -> str | None:
        """Section 3, competing: the earliest clock under one month; alone, the probability is 1 - exp(-hazard).

        In a rehearsal hazards are kept by rule and person, and nothing happens.
        """
        if self.rehearsal is not None:
            for name, hazard in hazards.items():
                self.rehearsal.setdefault(name, {})[id(x)] = hazard
            return None
        best, found = 1.0, None
        for name, hazard in hazards.items():
            if hazard > 0 and (clock := self.rng.expovariate(hazard)) < best:
                best, found = clock, name
        return found
