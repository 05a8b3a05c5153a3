"""Small worlds for tests: a shared past, branches from it, and comparisons of what happened."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np

from irregsim.model.draws import Draws
from irregsim.model.parameters import parameters, point_draw
from irregsim.model.population import COLUMNS
from irregsim.model.simulate import advance_month, start
from irregsim.model.values import Values
from irregsim.model.world import World
from irregsim.scenario import Levers, load_scenario
from irregsim.vocabulary.codes import INFLOW, OPENING, STATE_CODES, Strategy, month_number

#: Columns that hold row numbers, which differ between worlds with the same persons in other rows.
ROW_NUMBERS = ("guardian",)


@cache
def baseline(end: str, *overrides: str) -> Levers:
    """Levers of the shipped baseline to an end, with ``--set`` overrides."""
    return load_scenario("baseline", end=end, overrides=overrides).levers


@cache
def past(until: str, scale: float, seed: int = 1, replicate: int = 0, interactions: bool = True) -> World:
    """A baseline world at the end of a month, shared by tests: branch from it with `branch`, never advance it."""
    levers = baseline(until)
    if not interactions:
        levers = levers.replaced(interactions=False)
    world = start(Values(levers, point_draw(), scale), Draws(seed, replicate))
    for _ in range(month_number(until) + 1):
        advance_month(world)
    return world


def branch(world: World, levers: Levers, *, seed: int | None = None, draw: Mapping[str, float] | None = None) -> World:
    """An independent continuation of a world.

    Args:
        world: Where to continue from; not changed.
        levers: Of the continuation; months before now are not read.
        seed: Other draws from now on, for the persons there are and all to come; None: as before.
        draw: Other parameters from now on; None: as before.
    """
    # What was drawn once (employers, hosts) stays as it is: a past of one seed, a future of another.
    other = world.copy(Values(levers, draw or world.values.draw, world.values.scale))
    if seed is not None:
        other.draws = Draws(seed, 0)
        other.population.key[:] = other.draws.keys(other.population.person_id)
    return other


def drawn_parameters(seed: int) -> dict[str, float]:
    """One value per parameter from its prior, cut to the range of its row."""
    u = np.random.default_rng(seed).uniform(0.01, 0.99, size=len(parameters()))
    out = point_draw()
    for x, (name, parameter) in zip(u, parameters().items(), strict=True):
        out[name] = float(parameter.quantile(float(x)))
    return out


def advance(world: World, months: int) -> World:
    """The same world some months later."""
    for _ in range(months):
        advance_month(world)
    return world


def lives(world: World) -> dict[str, np.ndarray]:
    """Persons in the country or in temporary legal stay, by identity: columns in the order of `person_id`."""
    p = world.population
    rows = np.flatnonzero(p.is_here | (p.back_due >= 0))
    rows = rows[np.argsort(p.person_id[rows])]
    out = {name: np.array(getattr(p, name)[rows]) for name in COLUMNS if name not in ROW_NUMBERS}
    guardian = p.guardian[rows]
    # The guardian of each child by identity.
    out["guardian_id"] = np.where(guardian >= 0, p.person_id[guardian], np.uint64(0))
    return out


def whole_numbers(world: World, until: int) -> dict[str, np.ndarray]:
    """Everything counted up to a month (not included), as whole numbers."""
    h = world.history
    out = {
        name: getattr(h, name)[:until]
        for name in ("stocks", "by_country", "duty_in_centres", "dublin_in_centres", "side")
    }
    for kind, table in (("flows", h.flow_counts()), ("registers", h.register_counts())):
        keep = table["month"] < until
        out |= {f"{kind}:{name}": column[keep] for name, column in table.items()}
    out |= {f"groups:{year}": table for year, table in h.groups.items() if (year - 2009) * 12 + 12 <= until}
    out |= {f"binding:{limit}": table[:until] for limit, table in h.binding.items()}
    return out


def sums(world: World, until: int) -> dict[str, np.ndarray]:
    """Sums of floats up to a month: probabilities by rule, and outcomes."""
    h = world.history
    out = {f"expected:{rule}": table[:until] for rule, table in h.expected.items()}
    out["outcomes"] = h.outcomes[:until]
    return out


def differences(one: Mapping[str, np.ndarray], other: Mapping[str, np.ndarray], tolerance: float = 0.0) -> list[str]:
    """Names of what differs; a table that is missing counts as all zero."""
    out = []
    for name in sorted(one.keys() | other.keys()):
        a, b = one.get(name), other.get(name)
        if a is None or b is None:
            there = a if a is not None else b
            same = not np.any(there)
        elif tolerance:
            same = a.shape == b.shape and np.allclose(a, b, rtol=tolerance, atol=tolerance)
        else:
            same = np.array_equal(a, b)
        if not same:
            out.append(name)
    return out


def assert_same(one: World, other: World, *, until: int | None = None, tolerance: float = 0.0) -> None:
    """Asserts that two worlds have the same persons and the same past.

    Args:
        one: A world.
        other: Another, in the same month.
        until: Compare what happened before this month alone; None: all, and the persons too.
        tolerance: For sums of floats, whose last bits depend on the order of rows.
    """
    end = one.month + 1 if until is None else until
    differ = differences(whole_numbers(one, end), whole_numbers(other, end))
    differ += differences(sums(one, end), sums(other, end), tolerance)
    if until is None:
        differ += differences(lives(one), lives(other))
        if not np.allclose(one.perceived, other.perceived, rtol=tolerance, atol=0.0):
            differ.append("perceived")
    assert differ == [], f"in month {one.month}: {', '.join(differ)}"


def net_flows(world: World, month: int) -> np.ndarray:
    """Persons who came less persons who went, by strategy, in a month."""
    f = world.history.flow_counts()
    now = f["month"] == month
    moves = np.zeros((STATE_CODES, STATE_CODES), dtype=np.int64)
    np.add.at(moves, (f["origin"][now], f["destination"][now]), f["persons"][now])
    count = len(Strategy)
    return moves[:, :count].sum(axis=0) - moves[:count].sum(axis=1)


def stock(world: World) -> np.ndarray:
    """Persons in the country by strategy, counted from the population itself."""
    strategy = world.population.strategy
    return np.bincount(strategy[strategy < len(Strategy)], minlength=len(Strategy))


def came(world: World, month: int) -> int:
    """Persons who came in a month, or came back."""
    f = world.history.flow_counts()
    return int(f["persons"][(f["month"] == month) & np.isin(f["origin"], (INFLOW, OPENING))].sum())


def settings_of(levers: Levers, **paths: Any) -> Levers:
    """Levers with some fields replaced; arrays are copied, so that the original stays frozen.

    Args:
        levers: The original.
        paths: (month, value) for a path from that month on, or a plain value for a setting.
    """
    out: dict[str, Any] = {}
    for name, given in paths.items():
        old = getattr(levers, name)
        if isinstance(old, np.ndarray):
            month, value = given
            new = old.copy()
            new[month:] = value
            out[name] = new
        else:
            out[name] = given
    return levers.replaced(**out)
