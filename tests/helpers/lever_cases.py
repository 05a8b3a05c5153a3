"""One or more settings for every lever and assumption: what tests move, and how far.

Numbers, flags and options are moved to each end of the range that the registry states, so a new lever of these kinds
has its cases at once. Levers of other shapes are written out below; a new one without a case fails
`tests/test_levers_act.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from helpers.worlds import settings_of
from irregsim.model.asylum_counts import rejected_in
from irregsim.scenario import Levers
from irregsim.scenario.levers import LEVERS, REGISTRY, By, Holds, Kind, Lever, number_text
from irregsim.scenario.resolved import Scheme
from irregsim.vocabulary import reference


@dataclass(frozen=True)
class Case:
    """A comparison: the baseline with some settings against the baseline with others.

    Attributes:
        changed: ``--set`` settings; ``{month}`` stands for the month in which they first bite, ``{year}`` for its
            year.
        reference: Settings of the other side; none is the baseline itself.
    """

    changed: tuple[str, ...]
    reference: tuple[str, ...] = ()


def _ends(lever: Lever) -> list[str]:
    if lever.holds is Holds.NUMBER:
        return [number_text(lever.low), number_text(lever.high)]
    if lever.holds is Holds.TRUE_FALSE:
        return ["false", "true"]
    return list(lever.options)


def _dated(lever: Lever) -> list[Case]:
    places = {By.CENTRE: ("Trondheim", "Sør-Øst samlet", "Kristiansand")}.get(lever.by, ())
    out = []
    for value in _ends(lever):
        path = f"[{{from: {{month}}, value: {value}}}]"
        if places:
            path = "{" + ", ".join(f"{place}: {path}" for place in places) + "}"
        out.append(Case((f"{lever.path}={path}",)))
    return out


def _pairs(key: str, template: str, plain: str, parts: dict[str, str]) -> dict[str, list[Case]]:
    """Cases of the keys inside an entry: the entry with one key changed, against the entry as it is."""
    return {
        f"{key}.{part}": [Case((template % f"{plain}, {value}",), (template % plain,))] for part, value in parts.items()
    }


_DIRECTIVE = "levers.employer_sanctions_directive={from: {month}, %s}"
_NEW_CENTRE = "levers.reception_centres.open=[{centre: Bodø, district: Andre, places: %d, on: {month}}]"
_SCHEME = "levers.regularisation=[{from: {month}, %s}]"

_WRITTEN: dict[str, list[Case]] = {
    "return_agreements": [
        Case(("levers.return_agreements=[{country: Eritrea, from: {month}, effectiveness: 1}]",)),
        Case(("levers.return_agreements=[{country: Marokko, from: {month}, effectiveness: 0}]",)),
    ],
    "return_agreements.to": [
        Case(
            ("levers.return_agreements=[{country: Iran, from: {month}, to: {month}, effectiveness: 1}]",),
            ("levers.return_agreements=[{country: Iran, from: {month}, effectiveness: 1}]",),
        )
    ],
    "reception_centres.close": [Case(("levers.reception_centres.close=[{centre: Sør-Øst samlet, on: {month}}]",))],
    "reception_centres.open": [
        Case(("levers.reception_centres.open=[{centre: Stavanger, on: {month}}]",)),
        Case((_NEW_CENTRE % 600,)),
    ],
    "reception_centres.open.places": [Case((_NEW_CENTRE % 600,), (_NEW_CENTRE % 5,))],
    "employer_sanctions_directive": [
        Case((_DIRECTIVE % "back_pay_months: 60, duty_to_check: true, complaint_route: true",))
    ],
    "employer_sanctions_directive.back_pay_months": [
        Case(
            (_DIRECTIVE % "back_pay_months: 60, duty_to_check: false, complaint_route: false",),
            (_DIRECTIVE % "back_pay_months: 0, duty_to_check: false, complaint_route: false",),
        )
    ],
    "employer_sanctions_directive.duty_to_check": [
        Case(
            (_DIRECTIVE % "back_pay_months: 3, duty_to_check: true, complaint_route: false",),
            (_DIRECTIVE % "back_pay_months: 3, duty_to_check: false, complaint_route: false",),
        )
    ],
    "employer_sanctions_directive.complaint_route": [
        Case(
            (_DIRECTIVE % "back_pay_months: 3, duty_to_check: false, complaint_route: true",),
            (_DIRECTIVE % "back_pay_months: 3, duty_to_check: false, complaint_route: false",),
        )
    ],
    "regularisation": [Case((_SCHEME % "min_years: 3",))],
    "regularisation.min_years": [Case((_SCHEME % "min_years: 8",), (_SCHEME % "min_years: 3",))],
    **_pairs(
        "regularisation",
        _SCHEME,
        "min_years: 3",
        {
            "to": "to: {month}",
            "min_age_plus_years": "min_age_plus_years: 64",
            "no_conviction": "no_conviction: true",
            "sought_asylum_only": "sought_asylum_only: true",
            "families_only": "families_only: true",
        },
    ),
    "asylum_rejections_per_year": [
        Case(("assumptions.asylum_rejections_per_year={{year}: 0}",)),
        Case(("assumptions.asylum_rejections_per_year={{year}: 50000}",)),
    ],
    "pandemic": [Case(("assumptions.pandemic={from: {month}, to: {later}}",))],
    "inflow_pull": [Case(("assumptions.inflow_pull=true",))],
    "interactions": [Case(("assumptions.interactions=false",))],
    **{
        f"response.{name}": [Case((f"assumptions.response.{name}={end}",)) for end in (-10, 10)]
        for name in ("departure_from_hardship", "arrival_from_conditions", "return_risk")
    },
}

#: Keys inside entries that say no more than the entry does.
_SAID_BY_THE_ENTRY = {"from", "reference", "country", "effectiveness", "centre", "district", "on", "value"}


def keys_needed() -> set[str]:
    """Every key that a scenario can set, with the keys inside entries."""
    out = set()
    for lever in REGISTRY:
        out.add(lever.key)
        if lever.kind in (Kind.DIRECTIVE, Kind.SCHEMES, Kind.AGREEMENTS):
            out |= {f"{lever.key}.{part.name}" for part in lever.parts if part.name not in _SAID_BY_THE_ENTRY}
    return out


#: A directive that ends is the same entry as one that begins; `to` of it is covered by its own case below.
_WRITTEN["employer_sanctions_directive.to"] = [
    Case(
        (_DIRECTIVE % "to: {month}, back_pay_months: 60, duty_to_check: true, complaint_route: true",),
        (_DIRECTIVE % "back_pay_months: 60, duty_to_check: true, complaint_route: true",),
    )
]

CASES: dict[str, list[Case]] = {
    **{lever.key: _dated(lever) for lever in REGISTRY if lever.kind is Kind.DATED},
    **_WRITTEN,
}


def filled(setting: str, month: str, later: str) -> str:
    """A setting with its dates.

    Args:
        setting: A template of `Case`.
        month: ``YYYY-MM`` in which it first bites.
        later: ``YYYY-MM`` of the last month of what ends.
    """
    return setting.replace("{month}", month).replace("{later}", later).replace("{year}", month[:4])


#: Dated levers for the property "nothing before it bites": key and number of the case, to its settings.
DATED: dict[str, tuple[str, ...]] = {
    f"{key} {number}": case.changed
    for key, cases in CASES.items()
    for number, case in enumerate(cases)
    if "{month}" in "".join(case.changed)
}


# -- levers that stand idle --------------------------------------------------------------------------------------

#: From the baseline and a month to the levers of two sides that must be equal in every number.
Idle = Callable[[Levers, int], tuple[Levers, Levers]]

_COUNTRY = {c.name: c.index for c in reference.countries()}
_CENTRE = {c.name: c.index for c in reference.centres()}


def _column(levers: Levers, name: str, month: int, index: int, value: float | bool) -> Levers:
    path = np.array(getattr(levers, name)[month:])
    path[:, index] = value
    return settings_of(levers, **{name: (month, path)})


def _as_they_are(levers: Levers, month: int) -> tuple[Levers, Levers]:
    """Every dated lever set, from that month, to the values it has anyway."""
    names = [field for lever in LEVERS if lever.kind is Kind.DATED for field in lever.fields]
    return levers, settings_of(levers, **{name: (month, np.array(getattr(levers, name)[month:])) for name in names})


def _alone(**paths: object) -> Idle:
    """Some fields set from the month on, against the baseline."""
    return lambda levers, month: (levers, settings_of(levers, **{name: (month, v) for name, v in paths.items()}))


def _beside(given: dict[str, object], idle: dict[str, object]) -> Idle:
    """Fields that make another idle, on both sides; the idle one on the second."""

    def sides(levers: Levers, month: int) -> tuple[Levers, Levers]:
        one = settings_of(levers, **{name: (month, value) for name, value in given.items()})
        return one, settings_of(one, **{name: (month, value) for name, value in idle.items()})

    return sides


def _agreement(country: str, effectiveness: float) -> Idle:
    return lambda levers, month: (
        levers,
        _column(levers, "agreement_effectiveness", month, _COUNTRY[country], effectiveness),
    )


def _closed_centre(levers: Levers, month: int) -> tuple[Levers, Levers]:
    closed = _column(levers, "centre_open", month, _CENTRE["Trondheim"], False)
    return closed, _column(closed, "centre_capacity", month, _CENTRE["Trondheim"], 500.0)


def _scheme(after: int = 0, **conditions: float) -> Idle:
    def sides(levers: Levers, month: int) -> tuple[Levers, Levers]:
        scheme = Scheme(
            start=month + after,
            end=None,
            min_years=conditions.get("min_years", 0.0),
            min_age_plus_years=conditions.get("min_age_plus_years", 0.0),
            no_conviction=False,
            sought_asylum_only=False,
            families_only=False,
        )
        return levers, settings_of(levers, regularisation=(scheme,))

    return sides


def _observed_rejections(levers: Levers, month: int) -> tuple[Levers, Levers]:
    stated = tuple((year, rejected_in(year)) for year in (2012, 2013, 2014))
    return levers, settings_of(levers, asylum_rejections_per_year=stated)


#: Levers that act on nobody; each must leave every number as it is.
IDLE: dict[str, Idle] = {
    "agreement of effectiveness 0": _agreement("Eritrea", 0.0),
    "agreement weaker than what is feasible without it": _agreement("Russland", 0.05),
    "places in a centre that is closed": _closed_centre,
    "directive whose parts are set but which is not in force": _alone(
        directive_duty_to_check=True, directive_complaint_route=True, directive_back_pay_months=12.0
    ),
    "rate per workday where no workday is documented": _beside(
        {"documented_workdays_share": 0.0}, {"employer_per_workday_nok": 1e6}
    ),
    "fine of the worker where the worker bears no consequence": _beside(
        {"worker_consequences": False}, {"worker_nok": 1e7}
    ),
    "detention places that nobody needs": _beside({"detention_capacity": 5e4}, {"detention_capacity": 1e5}),
    "scheme for those with a hundred years": _scheme(min_years=100.0),
    "scheme for those of age and years of two hundred": _scheme(min_age_plus_years=200.0),
    "scheme that begins later": _scheme(after=5),
    "no pandemic where there was none": _alone(pandemic=False),
    "rejections stated as they were counted": _observed_rejections,
    "all multiples at 1": _alone(
        workplace_inspections=1.0,
        identity_checks=1.0,
        penal_priority=1.0,
        assisted_information=1.0,
        never_asylum_inflow=1.0,
        control_effort=1.0,
        pu_effort=1.0,
        assisted_scheme=1.0,
        dublin_rate=1.0,
    ),
    "every dated lever as it is": _as_they_are,
}
