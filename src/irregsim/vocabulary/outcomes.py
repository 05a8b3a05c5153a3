"""Living conditions and services that the model counts: one declaration for each outcome.

The line of the month that counts one is ``world.history.outcome("<code>", ...)``; its words are the label
``outcome.<code>``, and ``unit.<unit>`` where the unit is new. Tables, comparisons, pictures, pages and the rule of
disclosure follow from what is said here. A cost of an outcome is an entry of ``data/costs.yaml``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, get_args

from irregsim.vocabulary.codes import HIDDEN

#: Parts of a comparison's first page and of its key figures; none is above another.
Panel = Literal["presence", "living", "labour", "services"]

PANELS: Final[tuple[Panel, ...]] = get_args(Panel)

#: What a number may reveal: how many persons there are, or only an amount (money, days, visits) that identifies nobody.
Reveals = Literal["persons", "amount"]


@dataclass(frozen=True)
class Outcome:
    """An outcome kept as a sum of persons, events, nights or kroner, by month and city.

    Attributes:
        code: Name in outcomes.parquet, after ``outcome:`` elsewhere.
        unit: Unit of the sum.
        panel: Part of a comparison's first page and key figures that it belongs to.
        is_counted: Whether an agency or a centre counts it itself. All others are published as an index, or in percent
            of a reference.
        is_in_cities: Whether a comparison gives it for each city.
        reveals: Whether small numbers of the unit could point at persons. Outcomes of one unit agree.
        step: Step to which it is rounded while a model runs, at the size of the country; None for the usual five
            persons. For amounts that agencies count: what five persons or so make.
        persons: Code of the outcome that says how many persons an amount comes from, where the amount itself would
            give their number back; None where it would not.
    """

    code: str
    unit: str
    panel: Panel
    is_counted: bool = False
    is_in_cities: bool = False
    reveals: Reveals = "persons"
    step: float | None = None
    persons: str | None = None


#: In the order of storage: a new outcome is added at the end, and none is moved.
OUTCOMES: Final[tuple[Outcome, ...]] = (
    Outcome("roofless_person_months", "person-months", "living", is_in_cities=True),
    Outcome("homeless_person_months", "person-months", "living", is_in_cities=True),
    Outcome("exploitative_work_person_months", "person-months", "labour"),
    Outcome("exploitative_dependence_person_months", "person-months", "living", is_in_cities=True),
    Outcome("violent_relation_person_months", "person-months", "living", is_in_cities=True),
    Outcome("wages_withheld_nok", "NOK", "labour", reveals="amount", persons="exploitative_work_person_months"),
    Outcome("care_needed", "needs", "services"),
    Outcome("care_sought", "needs", "services", is_in_cities=True),
    Outcome("care_received", "needs", "services", is_in_cities=True),
    Outcome("child_months_in_centre", "person-months", "living", is_counted=True),
    Outcome("child_months_outside", "person-months", "living", is_in_cities=True),
    Outcome("child_centre_moves", "moves", "living", is_counted=True),
    Outcome("citizen_children_with_parent_at_risk", "person-months", "living"),
    Outcome("offences_reported", "offences", "services", is_counted=True),
    Outcome("offences_unreported", "offences", "services", is_in_cities=True),
    Outcome("detention_days", "days", "services", is_counted=True, reveals="amount", step=50.0),
    Outcome("centre_bed_days", "days", "services", is_counted=True, reveals="amount", step=200.0),
    Outcome("inspections", "inspections", "labour", is_counted=True, reveals="amount"),
    Outcome("fines_nok", "NOK", "labour", is_counted=True, reveals="amount", step=50_000.0),
    Outcome("back_pay_nok", "NOK", "labour", is_counted=True, reveals="amount", step=50_000.0),
    Outcome("sent_away_from_site", "persons", "presence"),
)

#: Outcomes that agencies or centres count themselves; all others are published as an index.
COUNTED_OUTCOMES: Final = frozenset(one.code for one in OUTCOMES if one.is_counted)

#: Units that count no persons, so that small numbers identify nobody.
AMOUNTS: Final = tuple(dict.fromkeys(one.unit for one in OUTCOMES if one.reveals == "amount"))


def first_then_others(first: tuple[str, ...], declared: tuple[str, ...]) -> tuple[str, ...]:
    """Names in a given order, and behind them those that are declared and not among them, in theirs.

    Args:
        first: Names whose order is given.
        declared: Names that may be among them.
    """
    return (*first, *(name for name in declared if name not in first))


def is_hidden(outcome: str) -> bool:
    """Whether no register counts an outcome, so that its level is not shown (only its change)."""
    kind, _, name = outcome.partition(":")
    if kind in ("stock", "person_months"):
        return name in (*HIDDEN, "hidden", "all")
    if kind == "flow":
        origin, _, destination = name.partition(">")
        return origin in HIDDEN or destination in HIDDEN
    return kind == "outcome" and name not in COUNTED_OUTCOMES


#: Exits and entries that no agency counts.
_UNCOUNTED: Final = ("exit:videre", "exit:dod", "inflow")


def is_uncounted(outcome: str) -> bool:
    """Whether nobody counts an outcome: hidden strategies and what is lived in them, onward travel, deaths, inflow."""
    return is_hidden(outcome) or outcome in _UNCOUNTED
