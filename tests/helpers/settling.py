"""What one settlement changes, in short lines: who leaves for where and why, register events, outcomes, columns."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from helpers.scenes import MONTH, Columns, Scene
from irregsim.model.history import NO_PLACE, OUTCOMES, History
from irregsim.model.month import MONTH as PARTS
from irregsim.model.parameters import point_draw
from irregsim.model.population import COLUMNS, HELD_FLAGS, HELD_NUMBERS
from irregsim.model.values import At, Values
from irregsim.model.world import World
from irregsim.vocabulary import reference
from irregsim.vocabulary.codes import CAUSES, RegisterEvent, Substrategy, is_exit, state_code

BY_NAME = {part.name: part for part in PARTS}
_PLACES = [place.name for place in reference.places()]
#: Written by every move, and checked rather than listed.
_OF_A_MOVE = ("strategy", "strategy_start", "cell")


@dataclass(frozen=True)
class Case:
    """A settlement.

    Attributes:
        label: What it shows.
        part: Name of the part of the month.
        persons: Those in the world, the ones who decided first; later ones may be children (``guardian`` 0) or others.
        outcomes: Name of what each of the first persons decided, one word each.
        then: Everything that changes, as `changes` says it, joined by semicolons.
        given: Values of the month that differ from those of the scene.
        prepare: Changes the world before.
    """

    label: str
    part: str
    persons: tuple[Columns, ...]
    outcomes: str
    then: str
    given: Mapping[str, Any]
    prepare: Callable[[Scene], None] | None


class _Fixed:
    """Values of a scene that are the same whenever they are asked for."""

    def __init__(self, values: Values, at: At) -> None:
        self._values, self._at = values, at

    def at(self, month: int) -> At:
        return self._at

    def of_replicate(self, draws: Any) -> _Fixed:
        return self

    def __getattr__(self, name: str) -> Any:
        return getattr(self._values, name)


def settled(case: Case, usual: Mapping[str, Any]) -> list[str]:
    """What a case changes.

    Args:
        case: The case.
        usual: Values of the month in all cases, before ``case.given``.
    """
    s = Scene(point_draw())
    world = s.world
    world.history = History(world.values.months, keep_spells=True)
    world.hosts.is_exploitative[:] = False
    world.hosts.capacity[:] = 1
    world.employers.case_ratio[:] = 1.0
    given = {**usual, **case.given}
    assert given.keys() <= vars(s.at).keys(), "a value that nobody reads"
    at = s.under(**given)
    world.values = _Fixed(world.values, at)  # type: ignore[assignment]
    rows = s.add(*case.persons)
    if case.prepare is not None:
        case.prepare(s)
    part = BY_NAME[case.part]
    names = case.outcomes.split()
    before = _state(world)
    part.settle(world, at, part.decided(rows[: len(names)], np.array([part.outcomes[name] for name in names])))
    return changes(before, world)


def _state(world: World) -> dict[str, Any]:
    columns = {name: np.array(getattr(world.population, name)) for name in COLUMNS}
    return {**columns, "perceived": world.employers.perceived.copy()}


def _shown(column: str, value: Any) -> str:
    """A changed value in words; of numbers of hosts, centres and employers, whether there is one."""
    if COLUMNS[column] is np.bool_:
        return column if value else f"not {column}"
    if column == "substrategy":
        return Substrategy(int(value)).code
    if column == "place":
        return f"place {_PLACES[value]}"
    if column == "met":
        return "met none" if value < 0 else f"met {CAUSES[value]}"
    if column in (*HELD_NUMBERS, "offer", "tie_0", "tie_1", "tie_2"):
        return f"{column} none" if value < 0 else column
    if column in ("transport_due", "back_due") and value >= 0:
        return f"{column} +{value - MONTH}"
    return f"{column} {int(value)}"


def changes(before: Mapping[str, Any], world: World) -> list[str]:
    """Everything that differs from a state before a settlement.

    Args:
        before: Columns of the population, and what employers perceive.
        world: The world after it.

    Returns:
        Sorted lines such as ``0: synlig > tvangsretur (pu_fetch)``, ``0: substrategy friend``, ``1: born synlig``,
        ``event left_centre 1``,
        ``outcome fines_nok 100``, ``employers learn 1`` and ``detention turns away 1``.
    """
    p, history = world.population, world.history
    assert history.spells is not None
    out, moved = [], np.zeros(len(p), dtype=np.bool_)
    # Who is born is new, and has no column that could change.
    born = np.arange(len(before["strategy"]), len(p))
    before = {
        name: np.concatenate([was, getattr(p, name)[born]]) if name in COLUMNS else was for name, was in before.items()
    }
    out += [f"{person}: born {state_code(int(p.strategy[person]))}" for person in born]
    for persons, starts, causes, ends in zip(
        history.spells.person, history.spells.strategy, history.spells.cause, history.spells.destination, strict=True
    ):
        for person, origin, cause, end in zip(persons, starts, causes, ends, strict=True):
            out.append(f"{person}: {state_code(int(origin))} > {state_code(int(end))} ({CAUSES[cause]})")
            moved[int(person)] = True
    # A move leaves everything behind that was held, and nothing else changes the column it is kept in.
    assert np.array_equal(moved, before["strategy"] != p.strategy)
    assert (p.strategy_start[moved] == MONTH).all()
    assert (p.strategy_start[~moved] == before["strategy_start"][~moved]).all()
    was = p.cell.copy()
    world.set_cell(np.arange(len(p)))
    assert np.array_equal(was, p.cell), "place x ground is kept"
    left_behind = (*HELD_NUMBERS, *HELD_FLAGS, "side", "substrategy")
    for column in COLUMNS:
        if column in _OF_A_MOVE:
            continue
        now = getattr(p, column)
        for person in range(len(p)):
            if moved[person] and column in left_behind:
                if now[person] != (-1 if column in HELD_NUMBERS else 0):
                    out.append(f"{person}: {_shown(column, now[person])}")
            elif now[person] != before[column][person] and not (
                column == "transport_due" and is_exit(p.strategy[person : person + 1])[0]
            ):
                out.append(f"{person}: {_shown(column, now[person])}")
    flows = history.flow_counts()
    inside = flows["origin"] == flows["destination"]
    for start, end, cause, n in zip(
        *(flows[name][inside] for name in ("origin_place", "destination_place", "cause", "persons")), strict=True
    ):
        out.append(f"flow {_PLACES[start]} > {_PLACES[end]} ({CAUSES[cause]}) {n}")
    gone = is_exit(flows["destination"])
    assert (flows["destination_place"][gone] == NO_PLACE).all()
    assert flows["persons"][~inside].sum() == moved.sum() + len(born), "every move and every birth is a flow"
    events: Counter[str] = Counter()
    counts = history.register_counts()
    for month, event, n in zip(counts["month"], counts["event"], counts["count"], strict=True):
        later = "" if month == MONTH else f" +{month - MONTH}"
        events[RegisterEvent(int(event)).name.lower() + later] += int(n)
    out += [f"event {name} {n}" for name, n in events.items()]
    for name, amount in zip(OUTCOMES, history.outcomes[MONTH].sum(axis=1), strict=True):
        if amount:
            out.append(f"outcome {name} {round(float(amount), 6):g}")
    if world.forced.sum():
        out.append(f"compatriots hear of {world.forced.sum()}")
    learns = int((world.employers.perceived != before["perceived"]).sum())
    if learns:
        out.append(f"employers learn {learns}")
    out += [f"{limit} turns away {table[MONTH]}" for limit, table in sorted(history.binding.items()) if table[MONTH]]
    return sorted(out)


def child_of(guardian: int, **columns: Any) -> Columns:
    """A child of five years in the household of the person in a row."""
    return {"guardian": guardian, "household": 2, "birth_month": MONTH - 60, **columns}


def names_of(cases: Sequence[Case]) -> set[tuple[str, str]]:
    """Part and outcome of every decision that some cases settle."""
    return {(case.part, name) for case in cases for name in case.outcomes.split()}
