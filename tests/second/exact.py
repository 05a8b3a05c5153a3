"""Person by person: the hazards and utilities of both programs in the same state, without any chance.

Nobody acts: every rule is asked about everybody at risk in the state that the month begins with.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from irregsim.model.month import MONTH
from irregsim.model.month.choice import OPTIONS, Choice, _hosts_at_hand, guests_of, has_room, utilities
from irregsim.model.simulate import begin_month

from . import after_choice as after
from . import before_choice as before
from .choosing import offers, room, share_beds
from .choosing import utilities as second_utilities
from .compare import NobodyComes
from .shared import grow_up
from .state import FALL, World
from .takeover import take_over

NAMES = {"choice_assisted": "assisted_return"}
#: The rule that has no counterpart: it moves nobody (section 7, step 9).
LEFT_OUT = {"care_need"}

Table = dict[str, dict[int, float]]


def of_second(world: Any, draw: dict[str, float], scale: float) -> tuple[Table, World]:
    """Rule to row to hazard in the second program, and utilities by option; the month has begun, nobody acted."""
    w = take_over(world, draw, scale, 0, world.values.levers.monthly)
    p = world.population
    rows = np.flatnonzero(p.is_here | (p.back_due >= 0))
    row_of = {id(x): int(row) for x, row in zip(w.persons, rows, strict=True)}
    w.month += 1
    grow_up(w)
    before.reception_capacity(w)
    w.rehearsal = {}
    before.employers_decide(w)
    quiet: list[Callable[[World], None]] = [
        before.ties, before.moves, before.births, before.residence, before.identity, before.work, before.side_work,
        before.support, before.livelihood, before.reconsider, offers, share_beds, after.street_control,
        after.crime_control, after.departures, after.needs,
    ]  # fmt: skip
    for part in quiet:
        part(w)
    found: Table = {}
    for rule, hazards in w.rehearsal.items():
        found[rule] = {row_of[key]: hazard for key, hazard in hazards.items()}
    far = before.remoteness_of_free_beds(w.centres)
    met = next(i for i in range(len(w.hosts)) if room(w, i))
    for x in w.free():
        if x.strategy == FALL:
            x.offer = 0
            for option, value in second_utilities(w, x, far, met).items():
                found.setdefault(f"utility of {option}", {})[row_of[id(x)]] = value
    return found, w


def of_package(world: Any) -> tuple[Table, Any]:
    """The same of the package; the world given is changed."""
    at = begin_month(world)
    NobodyComes().begin(world, at)
    found: Table = {}
    for part in MONTH[1:]:
        if part.name == "dismissal":
            part.begin(world, at)
        if part.name in ("offers", "choice"):
            part.begin(world, at)
        for rule in getattr(part, "rules", ()):
            if rule.channel not in LEFT_OUT:
                rows = part.at_risk(world, at)
                hazard = rule.hazard(world.rows(rows), at)
                found[rule.channel] = dict(zip(rows.tolist(), np.asarray(hazard).tolist(), strict=True))
    choice = Choice()
    rows = choice.at_risk(world, at)
    world.population.offer[rows] = 0
    known, _ = _hosts_at_hand(world, rows, has_room(world, at, guests_of(world)))
    values = utilities(world.rows(rows), at, choice.offer(world, at), known, np.ones(len(rows), dtype=np.bool_))
    for option, line in zip(OPTIONS, values, strict=True):
        name = NAMES.get(option, option.removeprefix("choice_"))
        kept = {row: value for row, value in zip(rows.tolist(), line.tolist(), strict=True) if np.isfinite(value)}
        found[f"utility of {name}"] = kept
    return found, world


def apart(one: Table, other: Table, tolerance: float = 1e-9) -> dict[str, list[int]]:
    """Rows whose hazard or utility differs by rule, beyond the rounding of floats; a missing one counts as 0."""
    found = {}
    for rule in sorted(one.keys() | other.keys()):
        a, b = one.get(rule, {}), other.get(rule, {})
        least = 0.0 if not rule.startswith("utility") else np.nan
        rows = [
            row
            for row in sorted(a.keys() | b.keys())
            if not np.isclose(a.get(row, least), b.get(row, least), rtol=tolerance, atol=1e-12)
        ]
        if rows:
            found[rule] = rows
    return found
