"""What is in force in a month of a scenario: the value of each lever, and the state of each reception centre."""

from __future__ import annotations

from dataclasses import dataclass

from irregsim.scenario.explain import Value, lever_rows
from irregsim.scenario.levers import Kind, Lever
from irregsim.scenario.resolved import Scenario
from irregsim.vocabulary import reference
from irregsim.vocabulary.codes import DISTRICTS


@dataclass(frozen=True)
class CentreState:
    """One reception centre in one month.

    Attributes:
        name: As it is written in a file.
        district: Police district of the report's tables.
        kind: ``ordinary`` or ``adapted``.
        places: Places of its own; None for the pool of a district's other centres.
        pool_share: Share of a pool in the places that no named centre has, 0 to 1.
        is_open: Whether it is open.
        since: First month of that state (months since 2009-01); None where it has held throughout.
        turns: First later month in which that changes; None where it does not.
    """

    name: str
    district: str
    kind: str
    places: float | None
    pool_share: float
    is_open: bool
    since: int | None
    turns: int | None


def in_force(scenario: Scenario, lever: Lever, month: int) -> dict[str, Value]:
    """Values of a lever in a month.

    Args:
        scenario: Any.
        lever: Of the registry.
        month: Months since 2009-01, within the scenario's period.

    Returns:
        By country, centre, district or city; under an empty name where it is set for the country. A closing or an
        opening has whether each centre is open.
    """
    path = "levers.reception_centres.open" if lever.kind is Kind.CENTRE_DATES else lever.path
    rows = [row for row in lever_rows(scenario) if row.group == path]
    return {row.name: row.values[month - scenario.start] for row in rows}


def centre_states(scenario: Scenario, month: int) -> list[CentreState]:
    """Every reception centre in a month, in the order of the data.

    Args:
        scenario: Any.
        month: Months since 2009-01, within the scenario.
    """
    places = reference.places()
    out = []
    for centre in reference.centres():
        path = scenario.levers.centre_open[:, centre.index].tolist()
        now = path[month]
        since = next((m for m in range(month, 0, -1) if path[m - 1] != now), None)
        turns = next((m for m in range(month + 1, len(path)) if path[m] != now), None)
        district = DISTRICTS[places[centre.place].district]
        out.append(CentreState(centre.name, district, centre.kind, centre.places, centre.pool_share, now, since, turns))
    return out
