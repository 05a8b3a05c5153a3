"""Who and what there is: persons, centres, employers, hosts, and how persons move (odd.md, sections 2 to 4)."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from .drivers import Drivers, places

CENTRE, GUEST, WORKER, MARGIN, FALL = "synlig", "avhengig", "arbeidende", "marginalisert", "fritt_fall"
STRATEGIES = (CENTRE, GUEST, WORKER, MARGIN, FALL)
EXITS = ("tvangsretur", "assistert_retur", "bortvist", "videre", "regularisert", "midlertidig", "dod")
SUBTYPES = ("none", "partner", "relative", "friend", "congregation", "survival_sex", "sex_sale", "drugs", "property")
NONE, DUTY, EXPELLED_ACT, EXPELLED_PENAL = range(4)
ALONE, GUARDIAN, CHILD = range(3)


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
    prison: bool = False
    back: int = -1
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
    pools: float
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

    def policy(self, name: str, *which: int) -> Any:
        """What the scenario says of the month."""
        return self.drivers.lever(name, self.month, *which)

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
            if to == "midlertidig":
                one.back = self.month + round(self.p["temporary_permit_months"])
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
