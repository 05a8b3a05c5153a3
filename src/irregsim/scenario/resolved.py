"""A scenario as the model reads it: every lever month by month, frozen, and its canonical form.

Arrays run from 2009-01 (month 0) to the last month of the scenario. Months before the period hold the values
of the shipped baseline.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np
import numpy.typing as npt

from irregsim.scenario.expectations import Expectation
from irregsim.scenario.faults import Fault, ScenarioError
from irregsim.scenario.levers import HEALTH_MODELS, NAV_RULES
from irregsim.vocabulary import reference
from irregsim.vocabulary.codes import CITIES, DISTRICTS, FIRST_YEAR, month_number, month_text, year_of

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Codes = npt.NDArray[np.int64]

_LAST_OBSERVED_YEAR = 2020


@dataclass(frozen=True, order=True)
class Scheme:
    """A regularisation scheme.

    Attributes:
        start: First month in force.
        end: Last month in force, or None for no end within the scenario.
        min_years: Years without legal stay at least.
        min_age_plus_years: Age and years together at least; 0 is no condition.
        no_conviction: Only persons without a penal conviction.
        sought_asylum_only: Only persons who once sought asylum.
        families_only: Only families with children.
    """

    start: int
    end: int | None
    min_years: float
    min_age_plus_years: float
    no_conviction: bool
    sought_asylum_only: bool
    families_only: bool


@dataclass(frozen=True, eq=False)
class Levers:
    """Levers and assumptions, month by month. T months from 2009-01; arrays are read-only.

    Attributes:
        agreement_effectiveness: Share of forced returns that an agreement makes possible, shape (T,
            countries) in the order of ``reference.countries()``; NaN where no agreement is in force.
        centre_open: Whether each centre is open, shape (T, centres) in the order of ``reference.centres()``.
        centre_capacity: Places for persons with a final rejection, shape (T, centres); NaN: as in the data.
        stay_after_rejection: Whether the finally rejected may stay in a centre, shape (T,).
        basic_allowance_nok: NOK per month of a single adult, shape (T,).
        employer_base_nok: Base fine, NOK, shape (T,).
        employer_per_workday_nok: NOK per documented workday, shape (T,).
        worker_nok: Fine of a worker, NOK, shape (T,).
        documented_workdays_share: Share of employer cases with documented workdays, shape (T,).
        directive_in_force: Whether the employer-sanctions directive is in force, shape (T,).
        directive_duty_to_check: Its duty to check papers, shape (T,).
        directive_complaint_route: Its complaint route, shape (T,).
        directive_back_pay_months: Its presumed months of back pay, shape (T,).
        tax_card: Whether rejected asylum seekers keep a valid tax card, shape (T,).
        confiscate_profit_share: Share of sanctioned employers whose profit is confiscated, shape (T,).
        worker_consequences: Whether the worker found is fined and expelled, shape (T,).
        workplace_inspections: Multiples of the baseline path, shape (T, 9) in the order of ``DISTRICTS``.
        identity_checks: Multiples of the baseline path, shape (T, 9).
        penal_priority: Multiple of 2019, shape (T,).
        no_removal_when_reporting: Whether reporting a crime is safe, shape (T,).
        detention_capacity: Places, shape (T,).
        assisted_support_nok: NOK per person, shape (T,).
        assisted_open_to_all: Whether those who never sought asylum are eligible, shape (T,).
        assisted_information: Multiple of 2019, shape (T,).
        regularisation: Schemes, by rising start.
        shelter_beds: Beds per night, shape (T, 5) in the order of ``CITIES``.
        nav_emergency_help: Index into ``NAV_RULES``, shape (T, 5).
        alternative_placement: Whether housing of the city may replace a centre, shape (T, 5).
        health_model: Index into ``HEALTH_MODELS``, shape (T, 5).
        crisis_centre_admission: Whether crisis centres admit persons without legal stay, shape (T, 5).
        asylum_rejections_per_year: Stated (year, first-instance rejections), by rising year.
        never_asylum_inflow: Multiple of the baseline path, shape (T,).
        control_effort: Multiple of the baseline path, shape (T,).
        pu_effort: Multiple of the baseline path, shape (T,).
        assisted_scheme: Multiple of the baseline path, shape (T,).
        dublin_rate: Multiple of the baseline path, shape (T,).
        pandemic: Whether the pandemic lowers arrivals, controls and transports, shape (T,).
        inflow_pull: Whether informal jobs draw new residents; for the whole simulation.
        departure_from_hardship: Fixed value of the response, or None for as drawn; for the whole simulation.
        arrival_from_conditions: Likewise.
        return_risk: Likewise.
        interactions: Whether capacity, ties and learning are on; for the whole simulation.
    """

    agreement_effectiveness: Floats
    centre_open: Flags
    centre_capacity: Floats
    stay_after_rejection: Flags
    basic_allowance_nok: Floats
    employer_base_nok: Floats
    employer_per_workday_nok: Floats
    worker_nok: Floats
    documented_workdays_share: Floats
    directive_in_force: Flags
    directive_duty_to_check: Flags
    directive_complaint_route: Flags
    directive_back_pay_months: Floats
    tax_card: Flags
    confiscate_profit_share: Floats
    worker_consequences: Flags
    workplace_inspections: Floats
    identity_checks: Floats
    penal_priority: Floats
    no_removal_when_reporting: Flags
    detention_capacity: Floats
    assisted_support_nok: Floats
    assisted_open_to_all: Flags
    assisted_information: Floats
    regularisation: tuple[Scheme, ...]
    shelter_beds: Floats
    nav_emergency_help: Codes
    alternative_placement: Flags
    health_model: Codes
    crisis_centre_admission: Flags
    asylum_rejections_per_year: tuple[tuple[int, float], ...]
    never_asylum_inflow: Floats
    control_effort: Floats
    pu_effort: Floats
    assisted_scheme: Floats
    dublin_rate: Floats
    pandemic: Flags
    inflow_pull: bool
    departure_from_hardship: float | None
    arrival_from_conditions: float | None
    return_risk: float | None
    interactions: bool

    def __post_init__(self) -> None:
        for item in fields(self):
            value = getattr(self, item.name)
            if isinstance(value, np.ndarray):
                value.flags.writeable = False

    def __setstate__(self, state: dict[str, Any]) -> None:
        # Pickling loses the read-only flag; a worker process must not be able to change what it was sent.
        self.__dict__.update(state)
        self.__post_init__()

    @property
    def months(self) -> int:
        """Number of months, T."""
        return len(self.stay_after_rejection)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Levers):
            return NotImplemented
        return all(_equal(getattr(self, item.name), getattr(other, item.name)) for item in fields(self))

    def __hash__(self) -> int:
        return hash((self.months, self.regularisation, self.asylum_rejections_per_year))

    def first_difference(self, other: Levers) -> int | None:
        """First month in which two sets of values may differ; None where they are the same throughout.

        Settings hold for the whole simulation, so they differ from month 0 on. Schemes count from their first month,
        also where only their end differs. Both must have the same number of months.
        """
        found: list[int] = []
        for item in fields(self):
            mine, theirs = getattr(self, item.name), getattr(other, item.name)
            if _equal(mine, theirs):
                continue
            if item.name in _SETTINGS:
                return 0
            if item.name == "regularisation":
                found.append(min(scheme.start for scheme in set(mine) ^ set(theirs)))
            elif item.name == "asylum_rejections_per_year":
                years = range(FIRST_YEAR, year_of(self.months - 1) + 1)
                unlike = [y for y in years if self.rejections_in_year(y) != other.rejections_in_year(y)]
                found += [(unlike[0] - FIRST_YEAR) * 12] if unlike else []
            else:
                same = (mine == theirs) | ((mine != mine) & (theirs != theirs))
                found.append(int(np.flatnonzero(~same.reshape(self.months, -1).all(axis=1))[0]))
        return min(found, default=None)

    def rejections_in_year(self, year: int) -> float | None:
        """First-instance rejections that the scenario states for a year; None where the data decide.

        After 2020 the last stated year is held.
        """
        stated = dict(self.asylum_rejections_per_year)
        while year > _LAST_OBSERVED_YEAR and year not in stated:
            year -= 1
        return stated.get(year)


def _equal(one: object, two: object) -> bool:
    if isinstance(one, np.ndarray) and isinstance(two, np.ndarray):
        if one.dtype != two.dtype or one.shape != two.shape:
            return False
        return bool(np.array_equal(one, two, equal_nan=one.dtype.kind == "f"))
    return type(one) is type(two) and one == two


def columns_of(name: str) -> tuple[str, ...] | None:
    """Names of the columns of an array of `Levers`; None for one value a month."""
    if name == "agreement_effectiveness":
        return tuple(country.name for country in reference.countries())
    if name in ("centre_open", "centre_capacity"):
        return tuple(centre.name for centre in reference.centres())
    if name in ("workplace_inspections", "identity_checks"):
        return DISTRICTS
    cities = ("shelter_beds", "nav_emergency_help", "alternative_placement", "health_model", "crisis_centre_admission")
    return CITIES if name in cities else None


_OPTIONS = {"nav_emergency_help": NAV_RULES, "health_model": HEALTH_MODELS}
_SETTINGS = ("inflow_pull", "departure_from_hardship", "arrival_from_conditions", "return_risk", "interactions")
_ASSUMPTIONS = (
    "asylum_rejections_per_year",
    "never_asylum_inflow",
    "control_effort",
    "pu_effort",
    "assisted_scheme",
    "dublin_rate",
    "pandemic",
    *_SETTINGS,
)


def written_value(name: str, value: Any) -> bool | float | str | None:
    """One value of an array of `Levers` as it is written: NaN as None, an index as its word."""
    if name in _OPTIONS:
        return _OPTIONS[name][int(value)]
    if isinstance(value, bool | np.bool_):
        return bool(value)
    number = float(value)
    return None if np.isnan(number) else number


def runs(name: str, column: npt.NDArray[Any]) -> list[dict[str, bool | float | str | None]]:
    """A monthly path as its changes: ``[{from: 2009-01, value: ...}, ...]``."""
    out: list[dict[str, bool | float | str | None]] = []
    for month, value in enumerate(column.tolist()):
        written = written_value(name, value)
        if not out or out[-1]["value"] != written:
            out.append({"from": month_text(month), "value": written})
    return out


@dataclass(frozen=True, eq=False)
class Scenario:
    """One resolved scenario.

    Attributes:
        name: Its name, which also names its output folder.
        title: Title by language (``nb``, ``en``).
        description: Description by language, or one text.
        extends: Parent as written in the file, or None.
        start: First reported month (month number, 2009-01 is 0).
        end: Last month.
        replicates: Replicates to run unless told otherwise.
        seed: Seed to use unless told otherwise.
        levers: Levers and assumptions month by month.
        references: (key path, what it is about, reference) of the entries in force that state one.
        decides: Who decides on what it changes (words of `expectations.DECIDERS`); empty if not stated.
        expects: What its author expects; never read by the model and no part of ``sha256``.
        parent_levers: The parent's values over the same months, where the scenario was read from a file with
            a parent.
    """

    name: str
    title: dict[str, str]
    description: dict[str, str] | str
    extends: str | None
    start: int
    end: int
    replicates: int
    seed: int
    levers: Levers
    references: tuple[tuple[str, str, str], ...] = ()
    decides: tuple[str, ...] = ()
    expects: tuple[Expectation, ...] = ()
    parent_levers: Levers | None = field(default=None, repr=False)

    def to_mapping(self) -> dict[str, Any]:
        """The canonical, resolved form: JSON-able, and enough for `from_mapping` to build an equal scenario.

        Paths are written as their changes from 2009-01 on. Of columns (countries, centres) only those appear
        that differ from "none", "open" or "as in the data" at some time.
        """
        groups: dict[str, dict[str, Any]] = {"levers": {}, "assumptions": {}}
        for item in fields(Levers):
            section = "assumptions" if item.name in _ASSUMPTIONS else "levers"
            groups[section][item.name] = _encode(item.name, getattr(self.levers, item.name))
        return {
            "schema": 1,
            "name": self.name,
            "title": dict(self.title),
            "description": dict(self.description) if isinstance(self.description, dict) else self.description,
            "extends": self.extends,
            "period": {"start": month_text(self.start), "end": month_text(self.end)},
            "run": {"replicates": self.replicates, "seed": self.seed},
            **groups,
            "references": [list(row) for row in self.references],
            "decides": list(self.decides),
            "expects": [expected.to_mapping() for expected in self.expects],
        }

    @classmethod
    def from_mapping(cls, mapping: Mapping[str, Any]) -> Scenario:
        """The scenario that `to_mapping` wrote, for example into a manifest.

        Raises:
            ScenarioError: If the mapping is not what `to_mapping` writes.
        """
        try:
            period, run = mapping["period"], mapping["run"]
            start, end = month_number(period["start"]), month_number(period["end"])
            if not 0 <= start <= end:
                raise ValueError(f"period {period['start']} to {period['end']}")
            given = {**mapping["levers"], **mapping["assumptions"]}
            names = {item.name for item in fields(Levers)}
            if set(given) != names:
                raise ValueError(f"levers {sorted(set(given) ^ names)}")
            description = mapping["description"]
            return cls(
                name=str(mapping["name"]),
                title=dict(mapping["title"]),
                description=dict(description) if isinstance(description, Mapping) else str(description),
                extends=mapping["extends"],
                start=start,
                end=end,
                replicates=int(run["replicates"]),
                seed=int(run["seed"]),
                levers=Levers(**{name: _decode(name, given[name], end + 1) for name in names}),
                references=tuple((str(a), str(b), str(c)) for a, b, c in mapping["references"]),
                # Mappings written before these keys existed lack them.
                decides=tuple(str(word) for word in mapping.get("decides", ())),
                expects=tuple(Expectation.from_mapping(row) for row in mapping.get("expects", ())),
            )
        except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
            message = f"not a resolved scenario: {type(error).__name__}: {error}"
            raise ScenarioError([Fault("scenario", 1, 1, "", message)]) from None

    @property
    def sha256(self) -> str:
        """SHA-256 of the canonical JSON without ``decides`` and ``expects``, 64 hex digits.

        Who decides and what is expected change nothing that is simulated.
        """
        mapping = {key: value for key, value in self.to_mapping().items() if key not in ("decides", "expects")}
        text = json.dumps(mapping, sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
        return hashlib.sha256(text.encode("utf-8")).hexdigest()

    def __eq__(self, other: object) -> bool:
        return self.to_mapping() == other.to_mapping() if isinstance(other, Scenario) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.sha256)


def _encode(name: str, value: Any) -> Any:
    if name == "regularisation":
        return [
            {
                "from": month_text(scheme.start),
                "to": None if scheme.end is None else month_text(scheme.end),
                "min_years": scheme.min_years,
                "min_age_plus_years": scheme.min_age_plus_years,
                "no_conviction": scheme.no_conviction,
                "sought_asylum_only": scheme.sought_asylum_only,
                "families_only": scheme.families_only,
            }
            for scheme in value
        ]
    if name == "asylum_rejections_per_year":
        return {str(year): count for year, count in value}
    if name in _SETTINGS:
        return value
    columns = columns_of(name)
    if columns is None:
        return runs(name, value)
    idle = {"agreement_effectiveness": None, "centre_capacity": None, "centre_open": True}
    paths = {column: runs(name, value[:, index]) for index, column in enumerate(columns)}
    if name in idle:
        paths = {column: path for column, path in paths.items() if [step["value"] for step in path] != [idle[name]]}
    return paths


def _decode(name: str, value: Any, months: int) -> Any:
    if name == "regularisation":
        return tuple(
            Scheme(
                start=month_number(row["from"]),
                end=None if row["to"] is None else month_number(row["to"]),
                min_years=float(row["min_years"]),
                min_age_plus_years=float(row["min_age_plus_years"]),
                no_conviction=_flag(row["no_conviction"]),
                sought_asylum_only=_flag(row["sought_asylum_only"]),
                families_only=_flag(row["families_only"]),
            )
            for row in value
        )
    if name == "asylum_rejections_per_year":
        return tuple(sorted((int(year), float(count)) for year, count in value.items()))
    if name in ("inflow_pull", "interactions"):
        return _flag(value)
    if name in _SETTINGS:
        return None if value is None else float(value)
    columns = columns_of(name)
    if columns is None:
        return _path(name, value, months)
    unknown = set(value) - set(columns)
    if unknown:
        raise ValueError(f"{name} of {sorted(unknown)}")
    idle: Any = [{"from": month_text(0), "value": True if name == "centre_open" else None}]
    if name not in ("agreement_effectiveness", "centre_capacity", "centre_open"):
        idle = None
    paths = [value[column] if idle is None else value.get(column, idle) for column in columns]
    return np.stack([_path(name, path, months) for path in paths], axis=1)


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError(f"{value!r} is not true or false")
    return value


def _path(name: str, steps: Sequence[Mapping[str, Any]], months: int) -> npt.NDArray[Any]:
    """The monthly path of its changes."""
    kind = field_type(name)
    out = np.zeros(months, dtype=kind)
    if month_number(steps[0]["from"]) != 0:
        raise ValueError(f"{name} does not begin in {month_text(0)}")
    for step in steps:
        value = step["value"]
        if name in _OPTIONS:
            value = _OPTIONS[name].index(value)
        elif kind == np.bool_:
            value = _flag(value)
        elif value is None:
            value = np.nan
        out[month_number(step["from"]) :] = value
    return out


def field_type(name: str) -> type[np.float64] | type[np.bool_] | type[np.int64]:
    """Type of the numbers in an array of `Levers`."""
    annotation = str(Levers.__annotations__[name])
    return {"Flags": np.bool_, "Codes": np.int64}.get(annotation, np.float64)
