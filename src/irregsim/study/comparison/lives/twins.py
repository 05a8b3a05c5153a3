"""Twins: the same synthetic person under two scenarios. When their lives part, by which cause, and what followed.

Two lives part at the first spell that is not the same in both: it begins or ends in another month, leads elsewhere,
or ends by another cause. Until then they are equal month by month. The table of twins is a keyed sample of lives
whose states differ at the end of some month; `partings` counts all that part, `apart` all whose states differ. Only
what is named here is shown of a twin, never the citizenship.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from irregsim.study.comparison.lives.states import (
    LASTS,
    NOT_HERE_STATE,
    NOTHING,
    STATES,
    STRATEGIES,
    IntArray,
    Overlay,
    Side,
    Spells,
    UInt64Array,
    Window,
    person_text,
    quantiles,
    sample_keys,
)
from irregsim.study.comparison.tables import TABLES
from irregsim.vocabulary.codes import month_text

if TYPE_CHECKING:
    import pandas as pd

#: Twins in the sample of a scenario.
SAMPLE = 200

TWIN_COLUMNS = TABLES["twins"].names
LIFE_COLUMNS = TABLES["twin_lives"].names
PARTING_COLUMNS = TABLES["partings"].names
APART_COLUMNS = TABLES["apart"].names

SIDES = ("reference", "scenario")

#: Causes of coming, not of leaving a state.
COMING = ("start", "permit_ended")

#: Events listed for the month of the first parting.
MOST_EVENTS = 10

#: A life as runs: state number, month begun, month ended (`LASTS`), cause of its end.
Life = tuple[tuple[int, int, int, str], ...]


@dataclass(frozen=True)
class Partings:
    """First parting of every pair of lives that part, in one replicate.

    Attributes:
        row: Rows of `Overlay.person`, rising; shape (m,).
        month: Month of parting; shape (m,).
        states: State right after it, of the reference and the scenario; shape (2, m).
        causes: Cause of what happened in that month, in words, `NOTHING` where nothing did; shape (2, m).
    """

    row: IntArray
    month: IntArray
    states: IntArray
    causes: npt.NDArray[np.str_]


@dataclass(frozen=True)
class Twin:
    """One pair of lives that part.

    Attributes:
        month: Of the parting: the first event that only one of the lives has, or that differs between them.
        first_apart: First month at whose end they are in different states, the month of the parting or later; None
            where they never are.
    """

    key: int
    person: int
    replicate: int
    sought_asylum: bool
    month: int
    states: tuple[int, int]
    causes: tuple[str, str]
    first_apart: int | None
    months_apart: int
    ends: tuple[int, int]
    lives: tuple[Life, Life]


@dataclass(frozen=True)
class Twins:
    """What one replicate contributes to the tables of twins.

    Attributes:
        persons: Everybody in either run, in the window.
        counts: Persons by (cause and state in the reference, cause and state in the scenario) of their parting:
            keys (cause_reference, cause_scenario, reference_state, scenario_state).
        apart: Persons whose states differ at the end of each month of the window, shape (months,).
        sample: The twins with the smallest keys, of those whose states differ at the end of some month.
        first: The first to part (the smallest number among those of that month); None where no lives part.
        earliest: Events in that month of those who part in it: (side, origin, destination, cause) to persons.
    """

    persons: int
    counts: dict[tuple[str, str, str, str], int]
    apart: IntArray
    sample: tuple[Twin, ...]
    first: Twin | None
    earliest: dict[tuple[str, str, str, str], int]


def partings(both: Overlay) -> Partings:
    """When and how the two lives of each person first differ.

    At a parting at which only one side has an event, the other side is as it was. Where somebody comes in one run and
    not (or later) in the other, the cause is ``start``, or ``permit_ended`` after a temporary legal stay.
    """
    n = len(both.person)
    first, count = zip(*(_rows(side, n) for _, side in both.sides), strict=True)
    a, b = both.reference.spells, both.scenario.spells
    causes = np.array(sorted({*a.causes, *b.causes, NOTHING, "start", "permit_ended"}))
    code = [np.append(np.searchsorted(causes, list(s.causes)).astype(np.int64), -1) for s in (a, b)]
    why = [c[s.cause] for c, s in zip(code, (a, b), strict=True)]

    # Position of each spell among its person's, and the spell at the same position on the other side.
    owner = both.reference.row[a.owner]
    position = np.arange(len(owner)) - first[0][owner]
    there = position < count[1][owner]
    other = np.where(there, first[1][owner] + position, 0)
    same = there & (len(b.start) > 0)
    if same.any():
        for mine, yours in ((a.strategy, b.strategy), (a.start, b.start), (a.end, b.end), (why[0], why[1])):
            same &= mine == yours[other]
        same &= a.destination == b.destination[other]
    # The first position at which they differ; where all spells of one side agree, the next one of the other.
    differs = np.minimum(count[0], count[1])
    np.minimum.at(differs, owner[~same], position[~same])
    row = np.flatnonzero((differs < count[0]) | (differs < count[1]))
    k = differs[row]
    return _first_difference(both, (a, b), (why[0], why[1]), causes, first, count, row, k)


def _rows(side: Side, n: int) -> tuple[IntArray, IntArray]:
    """First spell and number of spells of each row of the pair."""
    first, count = np.zeros(n, dtype=np.int64), np.zeros(n, dtype=np.int64)
    first[side.row], count[side.row] = side.spells.offset[:-1], np.diff(side.spells.offset)
    return first, count


def _first_difference(
    both: Overlay,
    spells: tuple[Spells, Spells],
    why: tuple[IntArray, IntArray],
    causes: npt.NDArray[np.str_],
    first: tuple[IntArray, ...],
    count: tuple[IntArray, ...],
    row: IntArray,
    k: IntArray,
) -> Partings:
    """What happened at spell number ``k`` of the persons of some rows, where the two sides differ."""
    start, end, strategy, destination, cause, before = ([], [], [], [], [], [])
    for side, reasons, f, c in zip(spells, why, first, count, strict=True):
        # The spell at which the lives differ, or -1 where this side has none; and the one before it.
        at = np.where(k < c[row], f[row] + k, -1)
        earlier = np.where((k > 0) & (k <= c[row]), f[row] + k - 1, -1)
        start.append(_taken(side.start, at, LASTS))
        end.append(_taken(side.end, at, LASTS))
        strategy.append(_taken(side.strategy, at, NOT_HERE_STATE))
        destination.append(_taken(side.destination, at, NOT_HERE_STATE))
        cause.append(_taken(reasons, at, -1))
        # Where this person was before: the exit that the last spell led to, which is the same on both sides.
        before.append(_taken(side.destination, earlier, NOT_HERE_STATE))
    begun, again, nothing = (int(np.searchsorted(causes, word)) for word in ("start", "permit_ended", NOTHING))

    comes = (start[0] != start[1]) | (strategy[0] != strategy[1])
    month = np.where(comes, np.minimum(start[0], start[1]), np.minimum(end[0], end[1]))
    states, reasons_out = [], []
    for i in (0, 1):
        # Who comes later than the month of becoming irregular comes back from temporary legal stay.
        came_back = _entry(both, i, row) < start[i]
        arrives, ends = start[i] == month, end[i] == month
        came = np.where(arrives, strategy[i], before[i])
        states.append(np.where(comes, came, np.where(ends, destination[i], strategy[i])))
        came_by = np.where(arrives, np.where(came_back, again, begun), nothing)
        reasons_out.append(np.where(comes, came_by, np.where(ends, cause[i], nothing)))
    return Partings(row, month, np.array(states), causes[np.array(reasons_out)])


def _taken(values: npt.NDArray[np.signedinteger], at: IntArray, missing: int) -> IntArray:
    """Values at some positions; ``missing`` where the position is -1."""
    return np.append(values.astype(np.int64), missing)[at]


def _entry(both: Overlay, i: int, row: IntArray) -> IntArray:
    """Month in which the persons of some rows became irregular, by one side; `LASTS` where they are not on it."""
    side = (both.reference, both.scenario)[i]
    entry = np.full(len(both.person), LASTS, dtype=np.int64)
    entry[side.row] = side.spells.entry
    return np.asarray(entry[row])


def twins_of(both: Overlay) -> Twins:
    """Counts and candidates for the sample, of one replicate."""
    found = partings(both)
    differ = both.reference.state[:, 1:] != both.scenario.state[:, 1:]
    keys = sample_keys(both.person, both.replicate)
    # Lives that part within a month only (by another cause, or by two moves that meet again) show a reader nothing.
    shown = np.flatnonzero(differ[found.row].any(axis=1))
    kept = shown[np.argsort(keys[found.row[shown]], kind="stable")[:SAMPLE]]
    counts: dict[tuple[str, str, str, str], int] = {}
    if len(found.row):
        names = np.array(STATES)
        table = np.stack([*found.causes, names[found.states[0]], names[found.states[1]]])
        cells, number = np.unique(table, axis=1, return_counts=True)
        counts = {(str(c[0]), str(c[1]), str(c[2]), str(c[3])): int(m) for c, m in zip(cells.T, number, strict=True)}
    first, events = None, dict[tuple[str, str, str, str], int]()
    if len(found.row):
        # Rows are in the order of the persons' numbers.
        earliest = [_twin(both, found, int(i), differ, keys) for i in np.flatnonzero(found.month == found.month.min())]
        first, events = earliest[0], _events(earliest)
    return Twins(
        persons=len(both.person),
        counts=counts,
        apart=differ.sum(axis=0).astype(np.int64),
        sample=tuple(_twin(both, found, int(i), differ, keys) for i in kept),
        first=first,
        earliest=events,
    )


def _events(twins: Sequence[Twin]) -> dict[tuple[str, str, str, str], int]:
    """What happened at the parting of some twins: (side, origin, destination, cause) to persons."""
    out: dict[tuple[str, str, str, str], int] = {}
    for twin in twins:
        for side, state, cause, life in zip(SIDES, twin.states, twin.causes, twin.lives, strict=True):
            if cause == NOTHING:
                continue
            after = [run[0] for run in life[1:]]
            # Of several moves in the month, the one that leads to the state right after the parting.
            left = [run[0] for run, to in zip(life, after, strict=False) if run[2] == twin.month and to == state]
            comes = cause in COMING or not left
            key = (side, "inflow" if comes else STATES[left[0]], STATES[state], cause)
            out[key] = out.get(key, 0) + 1
    return out


def _twin(both: Overlay, found: Partings, i: int, differ: npt.NDArray[np.bool_], keys: UInt64Array) -> Twin:
    row = int(found.row[i])
    person = both.person[row]
    apart = np.flatnonzero(differ[row])
    lives, sought = [], False
    for _, side in both.sides:
        at = int(np.searchsorted(side.spells.person, person))
        here = at < len(side.spells.person) and side.spells.person[at] == person
        lives.append(_life(side.spells, at) if here else ())
        sought = sought or (here and bool(side.spells.sought_asylum[at]))
    return Twin(
        key=int(keys[row]),
        person=int(person),
        replicate=both.replicate,
        sought_asylum=sought,
        month=int(found.month[i]),
        states=(int(found.states[0, i]), int(found.states[1, i])),
        causes=(str(found.causes[0, i]), str(found.causes[1, i])),
        first_apart=both.window.first + int(apart[0]) if len(apart) else None,
        months_apart=len(apart),
        ends=(int(both.reference.state[row, -1]), int(both.scenario.state[row, -1])),
        lives=(lives[0], lives[1]),
    )


def _life(spells: Spells, at: int) -> Life:
    """Spells of one person, and the exits between and after them."""
    runs: list[tuple[int, int, int, str]] = []
    rows = range(int(spells.offset[at]), int(spells.offset[at + 1]))
    for row in rows:
        end, cause = int(spells.end[row]), int(spells.cause[row])
        runs.append(
            (int(spells.strategy[row]), int(spells.start[row]), end, spells.causes[cause] if cause >= 0 else "")
        )
        destination = int(spells.destination[row])
        if end != LASTS and destination >= len(STRATEGIES):
            again = int(spells.start[row + 1]) if row + 1 in rows else LASTS
            runs.append((destination, end, again, "permit_ended" if again != LASTS else ""))
    return tuple(runs)


# ---------------------------------------------------------------------------------------------------------
# Tables


def twins_tables(name: str, twins: Sequence[Twins], window: Window) -> dict[str, pd.DataFrame]:
    """All tables of twins.

    Args:
        name: Name of the scenario.
        twins: One for each replicate, in order.
        window: Months compared.

    Returns:
        ``twins``: the keyed sample, of which the first rows are one too; ``cause_...`` is ``none`` on a side where
        nothing happened in the month of parting. ``first_parting`` is the month of the first event that differs, after
        which both may be in the same state for a while (one came there by another cause); ``first_month_apart`` is the
        first month at whose end they are in different states, and ``months_apart`` counts such months;
        ``end_...`` is the state at the end of the run.
        ``twin_lives``: their lives as runs of states from the spell that reaches into the window on; ``end`` and
        ``cause`` are missing for the last.
        ``partings``: all first partings by cause and state, mean over ``n`` replicates with 2.5 and 97.5 % quantiles.
        ``apart``: persons whose states differ at the end of each month, and their share of everybody in either run.
    """
    import pandas as pd

    # In the order of their keys, so that the first few are a sample as well.
    sample = smallest(twins)
    rows = [
        (
            *(name, person_text(t.person), t.replicate, month_text(t.month)),
            *(STATES[t.states[0]], STATES[t.states[1]], *t.causes),
            *(None if t.first_apart is None else month_text(t.first_apart), t.months_apart),
            *(STATES[t.ends[0]], STATES[t.ends[1]], t.sought_asylum),
        )
        for t in sample
    ]
    lives = [
        (
            *(name, person_text(t.person), t.replicate, side, run, STATES[state], month_text(start)),
            *(None if end == LASTS else month_text(end), cause or None),
        )
        for t in sample
        for side, life in zip(("reference", "scenario"), t.lives, strict=True)
        for run, (state, start, end, cause) in enumerate(life)
    ]
    return {
        "twins": pd.DataFrame(rows, columns=list(TWIN_COLUMNS)),
        "twin_lives": pd.DataFrame(lives, columns=list(LIFE_COLUMNS)),
        "partings": _parting_table(name, twins),
        "apart": _apart_table(name, twins, window),
    }


def smallest(twins: Sequence[Twins]) -> tuple[Twin, ...]:
    """The sample of several replicates: the twins with the smallest keys."""
    every = (twin for one in twins for twin in one.sample)
    return tuple(sorted(every, key=lambda t: (t.key, t.replicate, t.person))[:SAMPLE])


def _parting_table(name: str, twins: Sequence[Twins]) -> pd.DataFrame:
    import pandas as pd

    cells = sorted({cell for one in twins for cell in one.counts})
    counts = np.array([[one.counts.get(cell, 0) for cell in cells] for one in twins], dtype=np.int64)
    table = pd.DataFrame(cells, columns=list(PARTING_COLUMNS[1:5]))
    lo, hi = quantiles(counts.astype(np.float64)) if cells else (np.empty(0), np.empty(0))
    total = counts.sum(axis=0)
    table = table.assign(scenario=name, persons=total / len(twins), lo=lo, hi=hi, total=total, n=len(twins))
    # The most frequent first.
    order = np.lexsort((np.arange(len(table)), -total))
    return table.iloc[order].reset_index(drop=True)[list(PARTING_COLUMNS)]


def _apart_table(name: str, twins: Sequence[Twins], window: Window) -> pd.DataFrame:
    import pandas as pd

    counts = np.array([one.apart for one in twins], dtype=np.float64)
    shares = counts / np.maximum([one.persons for one in twins], 1)[:, None]
    lo, hi = quantiles(counts)
    return pd.DataFrame(
        {
            "scenario": name,
            "month": [month_text(m) for m in range(window.first, window.last + 1)],
            "persons": counts.mean(axis=0),
            "lo": lo,
            "hi": hi,
            "share": shares.mean(axis=0),
            "n": len(twins),
        }
    )[list(APART_COLUMNS)]


def first_parting(twins: Sequence[Twins]) -> dict[str, object] | None:
    """The first parting of all replicates, for the proof that two runs are paired.

    Returns:
        Keys ``month``, ``person``, ``replicate``, ``reference_state``, ``scenario_state``, ``cause_reference``,
        ``cause_scenario`` of the first person (of the first replicate with a parting in that month, the smallest
        number), and ``events``: what happened to all who part in that month, in any replicate, the most frequent
        first (at most `MOST_EVENTS`), each with ``side`` (on which it happened, and not on the other), ``origin``,
        ``destination``, ``cause`` and ``persons`` (over all replicates). None where no lives part.
    """
    found = [one.first for one in twins if one.first is not None]
    if not found:
        return None
    first = min(found, key=lambda t: (t.month, t.replicate, t.person))
    events: dict[tuple[str, str, str, str], int] = {}
    for one in twins:
        if one.first is not None and one.first.month == first.month:
            for key, persons in one.earliest.items():
                events[key] = events.get(key, 0) + persons
    ordered = sorted(events.items(), key=lambda item: (-item[1], item[0]))[:MOST_EVENTS]
    return {
        "month": month_text(first.month),
        "person": person_text(first.person),
        "replicate": first.replicate,
        "reference_state": STATES[first.states[0]],
        "scenario_state": STATES[first.states[1]],
        "cause_reference": first.causes[0],
        "cause_scenario": first.causes[1],
        "events": [
            {**dict(zip(("side", "origin", "destination", "cause"), key, strict=True)), "persons": persons}
            for key, persons in ordered
        ],
    }
