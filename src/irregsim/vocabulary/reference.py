"""Fixed reference tables of the model: countries, places, centres and the yearly counts that drive inflow.

Each table is a CSV file in ``data/`` with its source and evidence grade in every row. Nothing here depends on a
scenario or on a parameter draw.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from irregsim.vocabulary.codes import CITIES, DISTRICTS, OTHER_CITY, Feasibility, Route, Strategy, month_number


class DataError(Exception):
    """A shipped table contradicts itself; the message names the file and every fault."""


def read_table(name: str) -> list[dict[str, str]]:
    """Rows of a shipped CSV file under ``data/``.

    Args:
        name: Path inside ``data/``, such as ``countries.csv``.
    """
    text = (files("irregsim") / "data" / name).read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))


def columns_of(name: str) -> tuple[str, ...]:
    """Names of the columns of a shipped CSV file under ``data/``; reads its first line only."""
    with (files("irregsim") / "data" / name).open(encoding="utf-8") as stream:
        return tuple(next(csv.reader(stream)))


@dataclass(frozen=True)
class Country:
    """A citizenship: one of the 35 of tabell 10.4, or ``Andre`` for all others.

    ``iso3`` is its code in UNHCR's tables and ``origin_share`` its part of that code (Serbia and Kosovo share one).
    """

    index: int
    name: str
    name_en: str
    iso: str
    is_asylum_nationality: bool
    congregation_ratio: float
    immigration_act_count: int
    penal_count: int
    iso3: str
    origin_share: float
    work_tilt: float
    overstay_tilt: float
    permit_tilt: float
    short_stay_weight: float


@dataclass(frozen=True)
class FeasibilityStep:
    """Feasibility group of a country from a month on, with a ratio on the group's feasibility."""

    country: int
    start: int
    group: Feasibility
    ratio: float


@dataclass(frozen=True)
class Place:
    """Where people live: one of the five cities or the rest of a police district."""

    index: int
    name: str
    district: int
    city: int
    former_asylum_share: float
    never_asylum_share: float
    employer_sanctions_count: int
    market_ratio: float
    population_share: float

    @property
    def city_name(self) -> str:
        """City, or ``other``."""
        return CITIES[self.city] if self.city < len(CITIES) else OTHER_CITY


@dataclass(frozen=True)
class Centre:
    """A reception centre that the data name, or the pool of all others of a district.

    ``places`` counts places for all residents, of an adapted unit those for persons with a final rejection; None for a
    pool, which has its ``pool_share`` of what is left of the national number.
    """

    index: int
    name: str
    place: int
    kind: str
    places: float | None
    pool_share: float
    remoteness: float


@dataclass(frozen=True)
class RouteStart:
    """How one route divides: share of its inflow group, and starting strategies."""

    route: Route
    inflow_group: str
    share: float
    start_shares: tuple[float, ...]


@cache
def countries() -> tuple[Country, ...]:
    """The 36 citizenships in their fixed order (tabell 10.4; ``Andre`` last)."""
    return tuple(
        Country(
            index=i,
            name=row["country"],
            name_en=row["name_en"],
            iso=row["iso"],
            is_asylum_nationality=row["asylum_nationality"] == "1",
            congregation_ratio=float(row["congregation_ratio"]),
            immigration_act_count=int(row["immigration_act_2018_2020"]),
            penal_count=int(row["penal_2018_2020"]),
            iso3=row["iso3"],
            origin_share=float(row["origin_share"]),
            work_tilt=float(row["work_tilt"]),
            overstay_tilt=float(row["overstay_tilt"]),
            permit_tilt=float(row["permit_tilt"]),
            short_stay_weight=float(row["short_stay_weight"]),
        )
        for i, row in enumerate(read_table("countries.csv"))
    )


def country_name(name: str, lang: str) -> str:
    """A country's name; the report's tables have Norwegian ones, every other language has the English one."""
    if lang == "nb":
        return name
    return next((country.name_en for country in countries() if country.name == name), name)


@cache
def feasibility_steps() -> tuple[FeasibilityStep, ...]:
    """Dated feasibility groups; each country has a step at month 0."""
    index = {c.name: c.index for c in countries()}
    steps = tuple(
        FeasibilityStep(
            index[r["country"]], month_number(r["from"]), Feasibility[r["group"].upper()], float(r["ratio"])
        )
        for r in read_table("feasibility.csv")
    )
    missing = set(index.values()) - {s.country for s in steps if s.start == 0}
    if missing:
        raise DataError(f"feasibility.csv: no row from 2009-01 for {sorted(missing)}")
    return steps


@cache
def places() -> tuple[Place, ...]:
    """The 13 places: the five cities and the rest of each district."""
    rows = read_table("places.csv")
    out = []
    for i, row in enumerate(rows):
        city = CITIES.index(row["city"]) if row["city"] in CITIES else len(CITIES)
        out.append(
            Place(
                index=i,
                name=row["place"],
                district=DISTRICTS.index(row["district"]),
                city=city,
                former_asylum_share=float(row["former_asylum_share"]),
                never_asylum_share=float(row["never_asylum_share"]),
                employer_sanctions_count=int(row["employer_sanctions_2016_2019"]),
                market_ratio=float(row["market_ratio"]),
                population_share=float(row["population_share"]),
            )
        )
    for column in ("former_asylum_share", "never_asylum_share", "population_share"):
        total = sum(getattr(p, column) for p in out)
        if abs(total - 1) > 1e-9:
            raise DataError(f"places.csv: {column} adds up to {total}, not 1")
    return tuple(out)


@cache
def centres() -> tuple[Centre, ...]:
    """Reception centres open to persons with a final rejection, in a fixed order."""
    index = {p.name: p.index for p in places()}
    out = tuple(
        Centre(
            index=i,
            name=row["centre"],
            place=index[row["place"]],
            kind=row["kind"],
            places=float(row["places"]) if row["places"] else None,
            pool_share=float(row["pool_share"]),
            remoteness=float(row["remoteness"]),
        )
        for i, row in enumerate(read_table("centres.csv"))
    )
    total = sum(c.pool_share for c in out)
    if abs(total - 1) > 1e-9:
        raise DataError(f"centres.csv: pool_share adds up to {total}, not 1")
    return out


@cache
def feasibility_group_of_2012() -> tuple[Feasibility, ...]:
    """Feasibility group of each country at the beginning of 2012, in the order of `countries`."""
    out = [Feasibility.NONE] * len(countries())
    for step in feasibility_steps():
        if step.start <= month_number("2012-01"):
            out[step.country] = step.group
    return tuple(out)


@cache
def other_residents() -> tuple[tuple[int, float], ...]:
    """Residents of reception centres without a duty to leave: (month, persons), by ascending month."""
    return tuple((month_number(r["month"]), float(r["others"])) for r in read_table("reception_residents.csv"))


@cache
def yearly_series(series: str) -> dict[int, float]:
    """A yearly count: ``first_instance`` and ``appeal_body`` as the agencies published them, ``dublin``, ``applications``."""
    return {int(r["year"]): float(r["value"]) for r in read_table("rejections.csv") if r["series"] == series}


#: Citizens of the EU and EEA, whom the model does not cover, by UNHCR's code.
_EEA = frozenset(
    "AUT BEL BGR CHE CYP CZE DEU DNK ESP EST FIN FRA GBR GRC HRV HUN IRL ISL ITA LIE LTU LUX LVA MLT NLD POL PRT ROU SVK "
    "SVN SWE".split()
)


@dataclass(frozen=True)
class AsylumDecision:
    """Decisions of one year, instance and origin (UNHCR, CC BY 4.0); persons.

    Attributes:
        year: Calendar year.
        level: ``FI`` first instance, ``AR`` appeal, ``RA`` reopened.
        countries: Index and share of the model's citizenships that the origin stands for.
        recognised: Refugee status.
        other_protection: Other stay.
        rejected: On the merits.
        closed: Dublin cases, withdrawn and lapsed ones.
    """

    year: int
    level: str
    countries: tuple[tuple[int, float], ...]
    recognised: int
    other_protection: int
    rejected: int
    closed: int


@cache
def asylum_decisions() -> tuple[AsylumDecision, ...]:
    """Norway's asylum decisions by year, instance and origin outside the EU and EEA."""
    of_origin: dict[str, list[tuple[int, float]]] = {}
    for country in countries():
        of_origin.setdefault(country.iso3, []).append((country.index, country.origin_share))
    others = [(len(countries()) - 1, 1.0)]
    return tuple(
        AsylumDecision(
            year=int(row["year"]),
            level=row["level"],
            countries=tuple(of_origin.get(row["origin_iso3"], others)),
            recognised=int(row["recognised"]),
            other_protection=int(row["other_protection"]),
            rejected=int(row["rejected"]),
            closed=int(row["closed"]),
        )
        for row in read_table("external/unhcr_asylum_decisions_norway.csv")
        if row["origin_iso3"] not in _EEA
    )


@cache
def route_starts() -> tuple[RouteStart, ...]:
    """One entry per route, in the order of `Route`."""
    rows = {r["route"]: r for r in read_table("route_mix.csv")}
    return tuple(
        RouteStart(
            route=route,
            inflow_group=rows[route.code]["inflow_group"],
            share=float(rows[route.code]["share_of_inflow_group"]),
            start_shares=tuple(float(rows[route.code][s.code]) for s in Strategy),
        )
        for route in Route
    )
