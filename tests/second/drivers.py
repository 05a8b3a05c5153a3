"""Places, countries and the month's values: policy as a scenario resolves it, and efforts (odd.md, section 6)."""

from __future__ import annotations

import csv
import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from itertools import pairwise
from typing import Any

CITIES = ("Oslo", "Bergen", "Trondheim", "Stavanger", "Kristiansand")
NAV_RULES = ("rule_2004", "rule_2014", "wide")
HEALTH_MODELS = ("ngo_centre", "municipal_asylum_only", "municipal_open", "none")


def rows_of(name: str) -> list[dict[str, str]]:
    with (files("irregsim") / "data" / name).open(encoding="utf-8") as lines:
        return list(csv.DictReader(lines))


def month_number(text: str) -> int:
    """Months since 2009-01 (section 2, time)."""
    year, month = text.split("-")
    return 12 * (int(year) - 2009) + int(month) - 1


@cache
def country_names() -> tuple[str, ...]:
    """The citizenships in the order of countries.csv."""
    return tuple(row["country"] for row in rows_of("countries.csv"))


@dataclass(frozen=True)
class Place:
    """Section 2, space: the district, the city or None, the size of the market, the shares of newcomers."""

    district: str
    city: str | None
    market: float
    people: float
    former: float
    never: float

    def newcomers(self, sought: bool) -> float:
        """Share of those who come that begin here, by whether they sought asylum."""
        return self.former if sought else self.never


@cache
def places() -> tuple[Place, ...]:
    """Thirteen places: each district's cities, then its rest (districts.csv, cities.csv)."""
    cities = rows_of("cities.csv")
    kinds = ("former_asylum_share", "never_asylum_share")
    found = []
    for district in rows_of("districts.csv"):
        left = [float(district[kind]) for kind in kinds]
        for row in cities:
            if row["district"] == district["district"]:
                own = [float(row[kind]) for kind in kinds]
                left = [a - b for a, b in zip(left, own, strict=True)]
                found.append(Place(row["district"], row["city"], float(row["market_ratio"]), sum(own) / 2, *own))
        if district["rest"]:
            market = float(district["rest_market_ratio"])
            found.append(Place(district["district"], None, market, sum(left) / 2, *left))
    return tuple(found)


@cache
def district_names() -> tuple[str, ...]:
    """The districts in the order of districts.csv."""
    return tuple(row["district"] for row in rows_of("districts.csv"))


@cache
def lasting_group(country: str) -> str:
    """The group of a citizenship in most months of 2009 to 2020."""
    rows = [r for r in rows_of("feasibility.csv") if r["country"] == country]
    end = month_number("2021-01")
    starts = [*(min(month_number(r["from"]), end) for r in rows), end]
    months: Counter = Counter()
    for row, (begins, ends) in zip(rows, pairwise(starts), strict=True):
        months[row["group"]] += ends - begins
    return months.most_common(1)[0][0]


@cache
def congregations() -> tuple[float, ...]:
    """How much stronger congregations a background has (countries.csv, congregation_ratio)."""
    return tuple(float(row["congregation_ratio"]) for row in rows_of("countries.csv"))


def log_linear(path: list[tuple[int, float]], month: int) -> float:
    """Section 6: efforts are log-linear between knots; residents of reception without a duty to leave, too."""
    if month <= path[0][0]:
        return path[0][1]
    for (begin, low), (end, high) in pairwise(path):
        if begin <= month <= end:
            return low * (high / low) ** ((month - begin) / (end - begin))
    return path[-1][1]


class Drivers:
    """The month's values (step 1; section 6).

    Args:
        p: Value of every parameter.
        scale: Scale of the population.
        policy: Levers and assumptions of a scenario by name, an array over months each.
    """

    def __init__(self, p: dict[str, float], scale: float, policy: Mapping[str, Any]) -> None:
        self.p, self.scale, self.policy = p, scale, policy
        self.others_path = [(month_number(r["month"]), float(r["others"])) for r in rows_of("reception_residents.csv")]
        self.groups: dict[str, list[tuple[int, str, float, bool]]] = {}
        for r in rows_of("feasibility.csv"):
            step = (month_number(r["from"]), r["group"], float(r["ratio"]), r["suspended"] == "1")
            self.groups.setdefault(r["country"], []).append(step)
        self._districts()

    def lever(self, name: str, month: int, *which: int) -> Any:
        """What a scenario says of a month; ``which`` is the number of a district, city or country."""
        return self.policy[name][(month, *which)]

    def _districts(self) -> None:
        """Section 7, step 8, districts: effort by distance and residents, inspections by A-krim, who is held."""
        p = self.p
        groups: dict[str, list[dict[str, str]]] = {}
        self.akrim: dict[str, list[tuple[float, int | None]]] = {}
        for row in rows_of("police_districts.csv"):
            groups.setdefault(row["district"], []).append(row)
        share = {name: sum(x.people for x in places() if x.district == name) for name in groups}
        far, many = {}, {}
        for name, rows in groups.items():
            people = [float(r["population_2020"]) for r in rows]
            km = [math.log2(float(r["km_to_trandum"])) for r in rows]
            far[name] = sum(n * x for n, x in zip(people, km, strict=True)) / sum(people)
            many[name] = math.log2(sum(people) / len(people))
            opened = [month_number(r["akrim_from"]) if r["akrim_from"] else None for r in rows]
            self.akrim[name] = [(n / sum(people), begins) for n, begins in zip(people, opened, strict=True)]
        effort = {
            name: math.exp(
                p["district_distance_log_ratio"] * (far[name] - far["Oslo"])
                + p["district_population_log_ratio"] * (many[name] - many["Oslo"])
            )
            for name in groups
        }
        mean = sum(share[name] * effort[name] for name in groups)
        self.akrim_level = sum(share[name] * self._akrim(name, month_number("2019-06")) for name in groups)
        near, distant = (math.log(s / (1 - s)) for s in (p["detention_near_share"], p["detention_far_share"]))
        self.effort, self.detained, self.case_mix = {}, {}, {}
        for i, name in enumerate(district_names()):
            own = math.exp(p["district_log_sd"] * p[f"district_control_effect_{i}"])
            self.case_mix[name] = math.exp(p["district_log_sd"] * p[f"district_case_effect_{i}"])
            self.effort[name] = effort[name] / mean * own
            odds = near + (distant - near) * (far[name] - far["Oslo"]) / (far["Vest"] - far["Oslo"])
            self.detained[name] = 1 / (1 + math.exp(-odds))

    def _akrim(self, district: str, month: int) -> float:
        """Inspections by the share of residents with a centre against work crime."""
        share = sum(share for share, begins in self.akrim[district] if begins is not None and begins <= month)
        return math.exp(self.p["akrim_inspection_log_ratio"] * share)

    def control_in(self, district: str, month: int) -> float:
        """Effort of control in a district."""
        return self.effort[district] * self.control(month)

    def inspections(self, district: str, month: int) -> float:
        """Effort of inspections in a district, the lever included."""
        lever = float(self.lever("workplace_inspections", month, district_names().index(district)))
        return self.control_in(district, month) * self._akrim(district, month) / self.akrim_level * lever

    def checks(self, district: str, month: int) -> float:
        """The lever on identity checks."""
        return float(self.lever("identity_checks", month, district_names().index(district)))

    def step(self, country: int, month: int) -> tuple[int, str, float, bool]:
        """The last row of feasibility.csv that has begun: month, group, ratio, suspended or not."""
        return [step for step in self.groups[country_names()[country]] if step[0] <= month][-1]

    def group(self, country: int, month: int) -> str:
        """The group of countries (none, weak, middle, high) of a month."""
        return self.step(country, month)[1]

    def agreement(self, country: int, month: int) -> float:
        """Effectiveness of the return agreement in force, 0 for none."""
        found = float(self.lever("agreement_effectiveness", month, country))
        return 0.0 if math.isnan(found) else found

    def feasibility(self, country: int, month: int) -> float:
        """The group's share by date times a ratio; an agreement lifts it if higher, unless the duty is suspended."""
        _, group, ratio, suspended = self.step(country, month)
        found = min(1.0, self.p[f"feasibility_{group}_share"] * ratio)
        return found if suspended else max(found, self.agreement(country, month))

    def control(self, month: int) -> float:
        """Effort of control: to 2013, 2015 and 2016, from 2018, log-linear between; less in the pandemic."""
        p = self.p
        path = [
            (month_number("2013-12"), p["control_effort_2013_ratio"]),
            (month_number("2015-01"), p["control_effort_2016_ratio"]),
            (month_number("2016-12"), p["control_effort_2016_ratio"]),
            (month_number("2018-01"), 1.0),
        ]
        pandemic = p["pandemic_control_ratio"] if self.lever("pandemic", month) else 1.0
        return log_linear(path, month) * pandemic * float(self.lever("control_effort", month))

    def pu_effort(self, month: int) -> float:
        """PU's effort: to mid 2012, 2013, mid 2014 to mid 2016, from 2018, log-linear between; less in the pandemic."""
        p = self.p
        path = [
            (month_number("2012-06"), p["pu_effort_2010_ratio"]),
            (month_number("2013-01"), 1.0),
            (month_number("2013-12"), 1.0),
            (month_number("2014-07"), p["pu_effort_2015_ratio"]),
            (month_number("2016-06"), p["pu_effort_2015_ratio"]),
            (month_number("2018-01"), p["pu_effort_2018_ratio"]),
        ]
        flight = p["pandemic_control_ratio"] * p["pandemic_pu_flight_ratio"] if self.lever("pandemic", month) else 1.0
        return log_linear(path, month) * flight * float(self.lever("pu_effort", month))

    def dublin(self, month: int) -> float:
        """Rate of Dublin transfers: lower in 2012 to 2015."""
        halted = month_number("2012-01") <= month < month_number("2016-01")
        return (self.p["dublin_2013_ratio"] if halted else 1.0) * float(self.lever("dublin_rate", month))

    def scheme(self, month: int) -> float:
        """The assisted scheme: another level from 2017."""
        later = self.p["assisted_scheme_2017_ratio"] if month >= month_number("2017-01") else 1.0
        return later * float(self.lever("assisted_scheme", month))

    def card_loss(self, month: int) -> float:
        """Hazard of losing a tax card with the job: a share withdrawn in 2011, and all once none may be kept."""
        if not self.lever("tax_card", month):
            return self.p["tax_card_loss_2015_hazard"]
        in_2011 = month_number("2011-01") <= month <= month_number("2011-12")
        return -math.log(1 - self.p["tax_card_withdrawn_2011_share"]) / 12 if in_2011 else 0.0

    def others(self, month: int) -> float:
        """Residents of reception without a duty to leave, in persons of the model."""
        return log_linear(self.others_path, month) * self.scale

    def beds(self, city: str | None, month: int) -> float:
        """Emergency beds times the share that is free for persons outside the EEA."""
        if city is None:
            return 0.0
        beds = float(self.lever("shelter_beds", month, CITIES.index(city)))
        return beds * self.scale * self.p["shelter_free_bed_share"]

    def demand(self, month: int) -> float:
        """Section 6, demand for jobs: a trend per five years to 2019, 1 in the middle of that year."""
        year = 2009 + (month + 0.5) / 12
        return math.exp(self.p["job_demand_log_trend"] * (min(year, 2019.99) - 2019.5) / 5)

    def nav_rule(self, city: str | None, month: int) -> str:
        """The rule in force at NAV; outside the cities the national one, Oslo's."""
        return NAV_RULES[int(self.lever("nav_emergency_help", month, CITIES.index(city or "Oslo")))]

    def staff_help(self, city: str | None, month: int) -> bool:
        """Whether municipal health staff help to apply for an adapted unit."""
        if city is None:
            return False
        return HEALTH_MODELS[int(self.lever("health_model", month, CITIES.index(city)))].startswith("municipal")
