"""Fixed reference tables of the model: countries, places, centres and the yearly counts that drive inflow.

Each table is a CSV file in ``data/`` with its source and evidence grade in every row. Nothing here depends on a
scenario or on a parameter draw.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from irregsim.vocabulary.codes import CITIES, DISTRICTS, OTHER_CITY, Feasibility, Route, Strategy, month_number
from irregsim.vocabulary.knowledge import Knowledge
from irregsim.vocabulary.shipped import DataError as DataError
from irregsim.vocabulary.shipped import columns_of as columns_of
from irregsim.vocabulary.shipped import read_table as read_table


@dataclass(frozen=True)
class Country:
    """A citizenship: one of the 35 of tabell 10.4, or ``Andre`` for all others.

    ``iso3`` is its code in UNHCR's tables and ``origin_share`` its part of that code (Serbia and Kosovo share one).
    ``minor_ratio`` is the share of unaccompanied minors among its rejections, relative to Afghanistan's.
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
    minor_ratio: float


@dataclass(frozen=True)
class FeasibilityStep:
    """Feasibility group of a country from a month on, with a ratio on the group's feasibility.

    ``fact`` is the id of the fact it belongs to (`irregsim.vocabulary.knowledge`), empty for one that always holds.
    While the duty to leave is suspended nobody is sent, whatever agreement there is.
    """

    country: int
    start: int
    group: Feasibility
    ratio: float
    fact: str = ""
    is_suspended: bool = False


@dataclass(frozen=True)
class Place:
    """Where people live: a city, or the rest of a police district."""

    index: int
    name: str
    district: int
    city: int
    former_asylum_share: float
    never_asylum_share: float
    employer_sanctions_count: int
    market_ratio: float

    @property
    def city_name(self) -> str:
        """City, or ``other``."""
        return CITIES[self.city] if self.city < len(CITIES) else OTHER_CITY


@dataclass(frozen=True)
class PoliceDistrict:
    """A police district as public geography has it; several of them are one district of the report's tables.

    Attributes:
        name: Its name.
        district: Index in ``DISTRICTS``.
        km_to_trandum: Straight line from its headquarters to the police immigration detention centre, km.
        population: Registered residents on 1 January 2020 (SSB).
        akrim_start: Month number in which its centre against work crime (A-krim) opened; None where there is none.
    """

    name: str
    district: int
    km_to_trandum: float
    population: int
    akrim_start: int | None


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
            minor_ratio=float(row["minor_ratio"]),
        )
        for i, row in enumerate(read_table("countries.csv"))
    )


@cache
def feasibility_steps(knowledge: Knowledge | None = None) -> tuple[FeasibilityStep, ...]:
    """Dated feasibility groups; each country has a step at month 0.

    Args:
        knowledge: What counts as history; None for every row there is.
    """
    if knowledge is not None:
        return tuple(step for step in feasibility_steps() if knowledge.has(step.fact))
    index = {c.name: c.index for c in countries()}
    steps = tuple(
        FeasibilityStep(
            index[r["country"]],
            month_number(r["from"]),
            Feasibility[r["group"].upper()],
            float(r["ratio"]),
            r["fact"],
            r["suspended"] == "1",
        )
        for r in read_table("feasibility.csv")
    )
    missing = set(index.values()) - {s.country for s in steps if s.start == 0}
    if missing:
        raise DataError(f"feasibility.csv: no row from 2009-01 for {sorted(missing)}")
    return steps


#: Columns of both tables of where people live that add up over a district.
_SHARES = ("former_asylum_share", "never_asylum_share")
_COUNT = "employer_sanctions_2016_2019"


@cache
def readiness_parameters() -> dict[str, str]:
    """By city, the parameter of its front-line staff's readiness to help; only cities that have one of their own."""
    return {r["city"]: r["readiness_parameter"] for r in read_table("cities.csv") if r["readiness_parameter"]}


@cache
def places() -> tuple[Place, ...]:
    """Where people live: in each district its cities, in their order, then the rest, if the district has one.

    A row of ``districts.csv`` is a whole district; the rest is what its rows of ``cities.csv`` leave.

    Raises:
        DataError: If the districts do not add up to 1, or cities have more than their district; with every fault.
    """
    districts, cities = read_table("districts.csv"), read_table("cities.csv")
    faults = [
        f"cities.csv: {city['city']}: no district {city['district']!r}; there are {', '.join(DISTRICTS)}"
        for city in cities
        if city["district"] not in DISTRICTS
    ]
    out: list[Place] = []
    for number, district in enumerate(districts):
        name, inside = district["district"], [city for city in cities if city["district"] == district["district"]]
        # Shares have few decimals; rounding takes away what subtracting them in binary adds.
        rest: dict[str, float] = {
            s: round(float(district[s]) - sum(float(city[s]) for city in inside), 12) for s in _SHARES
        }
        rest[_COUNT] = int(district[_COUNT]) - sum(int(city[_COUNT]) for city in inside)
        faults += [
            f"districts.csv: {name}: its cities have {-rest[s]:g} more than its {s} (give them less in cities.csv)"
            for s in rest
            if rest[s] < 0
        ]
        if not district["rest"] and any(rest.values()):
            faults.append(f"districts.csv: {name}: what its cities leave needs a name in the column rest")
        for city in inside:
            alone = not district["rest"]
            out.append(_place(len(out), city["city"] if alone else f"{name}/{city['city']}", number, city))
        if district["rest"]:
            left = {**rest, "market_ratio": float(district["rest_market_ratio"]), "city": OTHER_CITY}
            out.append(_place(len(out), district["rest"], number, left))
    for column in _SHARES:
        total = sum(float(district[column]) for district in districts)
        if abs(total - 1) > 1e-9:
            faults.append(f"districts.csv: {column} adds up to {total}, not 1")
    if faults:
        raise DataError("\n".join(faults))
    return tuple(out)


def _place(index: int, name: str, district: int, row: Mapping[str, Any]) -> Place:
    city = CITIES.index(row["city"]) if row["city"] != OTHER_CITY else len(CITIES)
    return Place(
        index=index,
        name=name,
        district=district,
        city=city,
        former_asylum_share=float(row["former_asylum_share"]),
        never_asylum_share=float(row["never_asylum_share"]),
        employer_sanctions_count=int(row[_COUNT]),
        market_ratio=float(row["market_ratio"]),
    )


@cache
def police_districts() -> tuple[PoliceDistrict, ...]:
    """The twelve police districts, in the order of ``police_districts.csv``.

    Raises:
        DataError: If a row names no district of ``districts.csv``, or one of these has no row; with every fault.
    """
    rows = read_table("police_districts.csv")
    faults = [
        f"police_districts.csv: {row['police_district']}: no district {row['district']!r}; there are "
        f"{', '.join(DISTRICTS)}"
        for row in rows
        if row["district"] not in DISTRICTS
    ]
    named = {row["district"] for row in rows}
    faults += [
        f"police_districts.csv: {name}: no row (add its police district)" for name in DISTRICTS if name not in named
    ]
    if faults:
        raise DataError("\n".join(faults))
    return tuple(
        PoliceDistrict(
            name=row["police_district"],
            district=DISTRICTS.index(row["district"]),
            km_to_trandum=float(row["km_to_trandum"]),
            population=int(row["population_2020"]),
            akrim_start=month_number(row["akrim_from"]) if row["akrim_from"] else None,
        )
        for row in rows
    )


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


#: New centres that a scenario can open in each district.
NEW_IN_DISTRICT: Final = 2


@cache
def new_centres() -> tuple[Centre, ...]:
    """Centres that a scenario can open besides those of the data: `NEW_IN_DISTRICT` in each district.

    Each lies outside the city, where the district has such a place, as far off as the district's other centres
    (an assumption, grade D). It is named after the district and a number; the scenario gives it a name and its places.
    """
    by_district: dict[int, list[Place]] = {}
    for place in places():
        by_district.setdefault(place.district, []).append(place)
    out: list[Centre] = []
    for district, name in enumerate(DISTRICTS):
        here = by_district[district]
        place = next((one for one in here if one.city >= len(CITIES)), here[0])
        there = {one.index for one in here}
        ours = [one for one in centres() if one.place in there]
        remoteness = next((one for one in ours if one.places is None), ours[0]).remoteness
        for number in range(NEW_IN_DISTRICT):
            new = Centre(len(out), f"{name} {number + 1}", place.index, "ordinary", 0.0, 0.0, remoteness)
            out.append(new)
    return tuple(out)


#: Months over which a country's lasting group is taken: the years that the report tells of and the fit uses.
_YEARS_TOLD = range(month_number("2009-01"), month_number("2021-01"))


@cache
def lasting_feasibility_groups() -> tuple[Feasibility, ...]:
    """Lasting feasibility group of each country: its group in most months of 2009 to 2020, in the order of `countries`.

    What citizens bring with them (papers, how UNHCR files them) follows the lasting relation between the states, not a
    stop of returns for some years: returns to Somalia were stopped from October 2010 to October 2013 and carried out
    before and after (UNE 2010-10-14; F 10.5), so Somalia belongs to the middle group.
    """
    months = [[0] * len(Feasibility) for _ in countries()]
    steps = feasibility_steps()
    for country in countries():
        own = sorted((s for s in steps if s.country == country.index), key=lambda s: s.start)
        ends = [s.start for s in own[1:]] + [_YEARS_TOLD.stop]
        for step, end in zip(own, ends, strict=True):
            months[country.index][step.group] += max(0, min(end, _YEARS_TOLD.stop) - step.start)
    return tuple(max(Feasibility, key=lambda group: count[group]) for count in months)


@cache
def other_residents(knowledge: Knowledge) -> tuple[tuple[int, float], ...]:
    """Residents of reception centres without a duty to leave: (month, persons), by ascending month.

    Args:
        knowledge: What counts as history.
    """
    return tuple(
        (month_number(r["month"]), float(r["others"]))
        for r in read_table("reception_residents.csv")
        if knowledge.has(r["fact"])
    )


@cache
def yearly_series(series: str) -> dict[int, float]:
    """A yearly count of `rejections.csv`: year to number.

    ``first_instance`` and ``appeal_body`` are as the agencies published them; ``dublin`` and ``applications`` drive.
    """
    return {int(r["year"]): float(r["value"]) for r in read_table("rejections.csv") if r["series"] == series}


#: Citizens of the EU and EEA, whom the model does not cover, by UNHCR's code.
_EEA = frozenset(
    """AUT BEL BGR CHE CYP CZE DEU DNK ESP EST FIN FRA GBR GRC HRV HUN IRL ISL ITA LIE LTU LUX LVA MLT NLD POL PRT ROU
    SVK SVN SWE""".split()  # noqa: SIM905
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
