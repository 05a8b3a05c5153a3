"""Life courses under two scenarios, as the field draws them: states by month, sequences, rates, time to exit.

Two cohorts are followed, each with a clock of its own:

- ``present``: who is in the population at the end of the month before the first effective month, which is month 0;
  month 1 is the first effective month. The same persons in both runs.
- ``entered``: who becomes irregular in the first effective month or later. Month 0 is the month of entry.

Persons who are away on temporary legal stay at the first effective month and come back are in neither. For time to
exit there is a third, ``all``: both cohorts on the scale of months since becoming irregular, where those present come
under observation late (delayed entry). Everybody is censored at the last month of the run.

Estimators, in discrete time, of one replicate each:

- still present: Kaplan and Meier (1958) with left truncation, S(t) = product over s <= t of 1 - d(s) / n(s);
- cumulative incidence of an exit: Aalen and Johansen (1978), sum over s <= t of S(s - 1) d_exit(s) / n(s), so that
  the incidences of all exits and S add up to 1.

An exit at t is one in the t-th month of the clock; the first exit counts, temporary legal stay included. The tables
are in `irregsim.study.comparison.lives.course_tables`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from irregsim.study.comparison.lives.states import (
    EXITS,
    LASTS,
    STATES,
    STRATEGIES,
    BoolArray,
    IntArray,
    Overlay,
    Side,
    StateArray,
    Window,
    sample_keys,
)

if TYPE_CHECKING:
    pass

FloatArray = npt.NDArray[np.float64]

COHORTS = ("present", "entered")
#: Cohorts of the tables of time to exit.
CLOCKS = ("present", "entered", "all")

#: Lives in ``sequences``, half of them from each cohort.
SAMPLE = 200


@dataclass(frozen=True)
class TimeToExit:
    """Persons at risk and first exits of one cohort of one run, by month of the cohort's clock.

    Attributes:
        at_risk: Persons under observation in the month, shape (months,).
        exits: First exits in the month, shape (months, exits).
    """

    at_risk: IntArray
    exits: IntArray

    def still_present(self) -> FloatArray:
        """Kaplan and Meier's estimate of the share still present at the end of each month, shape (months,)."""
        lost = self.exits.sum(axis=1) / np.maximum(self.at_risk, 1)
        return np.cumprod(1.0 - lost)

    def incidence(self) -> FloatArray:
        """Aalen and Johansen's estimate of the share gone by each exit, shape (months, exits)."""
        before = np.concatenate([[1.0], self.still_present()[:-1]])
        return np.asarray(np.cumsum((before / np.maximum(self.at_risk, 1))[:, None] * self.exits, axis=0))


@dataclass(frozen=True)
class Sampled:
    """Lives that may come into the sample of one replicate: the smallest keys of each cohort."""

    key: int
    person: int
    replicate: int
    sought_asylum: bool
    #: State numbers by month of the clock, of the reference and of the scenario.
    states: tuple[StateArray, StateArray]


@dataclass(frozen=True)
class Lives:
    """Counts of one replicate, from which the tables are made; all keyed by cohort, then reference and scenario.

    Attributes:
        state: Persons by month of the clock and state, shape (months + 1, states).
        persons: Persons of the cohort.
        moves: Moves in the window from strategy to state, shape (strategies, states).
        exits: Time to exit.
        sample: Candidates for the sample.
    """

    state: Mapping[str, tuple[IntArray, IntArray]]
    persons: Mapping[str, tuple[int, int]]
    moves: Mapping[str, tuple[IntArray, IntArray]]
    exits: Mapping[str, tuple[TimeToExit, TimeToExit]]
    sample: Mapping[str, tuple[Sampled, ...]]


def cohort_of(side: Side, window: Window) -> dict[str, BoolArray]:
    """Who of the persons of one run is in each cohort; shape (p,) each, by position in ``side.spells.person``."""
    entry = side.spells.entry
    here = side.state[side.row, 0] < len(STRATEGIES)
    return {"present": here, "entered": (entry >= window.first) & ~here}


def lives_of(both: Overlay) -> Lives:
    """Everything the tables need of one replicate."""
    window = both.window
    pairs: dict[str, dict[str, list[Any]]] = {
        name: {cohort: [] for cohort in CLOCKS} for name in ("state", "persons", "moves", "exits")
    }
    clocks: list[IntArray] = []
    for _, side in both.sides:
        members = cohort_of(side, window)
        # Column of the matrix at which a person's clock shows 0.
        zero = {
            "present": np.zeros(int(members["present"].sum()), dtype=np.int64),
            "entered": window.column(side.spells.entry[members["entered"]]),
        }
        clock = np.full(len(both.person), -1, dtype=np.int64)
        gone, exit_ = first_exits(side, window)
        for cohort in COHORTS:
            chosen = members[cohort]
            rows = side.row[chosen]
            pairs["state"][cohort].append(states_by_clock(side.state[rows], zero[cohort]))
            pairs["persons"][cohort].append(int(chosen.sum()))
            pairs["moves"][cohort].append(moves_of(side, chosen, window))
            clock[rows] = zero[cohort] + window.months * 2 * (cohort == "entered")
        origin = {cohort: window.first - 1 + zero[cohort] for cohort in COHORTS}
        of = {cohort: (gone[members[cohort]], exit_[members[cohort]]) for cohort in COHORTS}
        for cohort in COHORTS:
            # Both are seen from month 0 of their clock on, in which nobody of those present can leave.
            late = np.zeros(len(origin[cohort]), dtype=np.int64)
            pairs["exits"][cohort].append(time_to_exit(*of[cohort], origin[cohort], late, window))
        entry = side.spells.entry[np.flatnonzero(members["present"])]
        entered = side.spells.entry[np.flatnonzero(members["entered"])]
        pairs["exits"]["all"].append(
            time_to_exit(
                np.concatenate([of["present"][0], of["entered"][0]]),
                np.concatenate([of["present"][1], of["entered"][1]]),
                np.concatenate([entry, entered]),
                np.concatenate([window.first - entry, np.zeros(len(entered), dtype=np.int64)]),
                window,
            )
        )
        clocks.append(clock)
    return Lives(
        state=_tuples(pairs["state"]),
        persons=_tuples(pairs["persons"]),
        moves=_tuples(pairs["moves"]),
        exits=_tuples(pairs["exits"]),
        sample=_candidates(both, clocks[0], clocks[1]),
    )


def _tuples(lists: Mapping[str, list[Any]]) -> dict[str, tuple[Any, Any]]:
    return {cohort: (values[0], values[1]) for cohort, values in lists.items() if values}


def states_by_clock(state: StateArray, zero: IntArray) -> IntArray:
    """Persons by month of their own clock and state.

    Args:
        state: State numbers by calendar month, shape (n, months + 1).
        zero: Column at which each person's clock shows 0, shape (n,).

    Returns:
        Shape (months + 1, states); a row adds up to the persons followed that long.
    """
    months = state.shape[1]
    since = np.arange(months)[None, :] - zero[:, None]
    followed = since >= 0
    cell = since[followed] * len(STATES) + state[followed]
    return np.bincount(cell, minlength=months * len(STATES)).reshape(months, len(STATES))


def moves_of(side: Side, chosen: BoolArray, window: Window) -> IntArray:
    """Moves in the window, of chosen persons, by strategy left and state entered; shape (strategies, states)."""
    spells = side.spells
    ended = chosen[spells.owner] & (spells.end != LASTS) & (spells.end >= window.first)
    cell = spells.strategy[ended].astype(np.int64) * len(STATES) + spells.destination[ended]
    return np.bincount(cell, minlength=len(STRATEGIES) * len(STATES)).reshape(len(STRATEGIES), len(STATES))


def first_exits(side: Side, window: Window) -> tuple[IntArray, IntArray]:
    """Month and kind of the first exit of every person of one run, from the first effective month on.

    Returns:
        Month of exit (`LASTS` where there is none), and the exit's position in `EXITS` (-1 where there is none);
        shape (p,) each.
    """
    spells = side.spells
    month = np.full(len(spells.person), LASTS, dtype=np.int64)
    exit_ = np.full(len(spells.person), -1, dtype=np.int64)
    out = np.flatnonzero((spells.destination >= len(STRATEGIES)) & (spells.end >= window.first))
    # Spells are in order of time, so the first of a person's is the earliest.
    persons, first = np.unique(spells.owner[out], return_index=True)
    month[persons] = spells.end[out[first]]
    exit_[persons] = spells.destination[out[first]].astype(np.int64) - len(STRATEGIES)
    return month, exit_


def time_to_exit(gone: IntArray, exit_: IntArray, origin: IntArray, late: IntArray, window: Window) -> TimeToExit:
    """Persons at risk and first exits by month of a clock.

    Args:
        gone: Month of first exit, `LASTS` where there is none by the last month; shape (n,).
        exit_: Position in `EXITS`, -1 where there is none.
        origin: Month at which each person's clock shows 0.
        late: First month of the clock in which each is under observation (delayed entry).
        window: Months compared; its last month censors.
    """
    until = np.minimum(gone, window.last) - origin
    size = int(until.max(initial=0)) + 1
    came = np.bincount(late, minlength=size + 1)[: size + 1]
    went = np.bincount(until + 1, minlength=size + 1)[: size + 1]
    event = gone != LASTS
    cell = until[event] * len(EXITS) + exit_[event]
    exits = np.bincount(cell, minlength=size * len(EXITS)).reshape(size, len(EXITS))
    return TimeToExit(np.cumsum(came - went)[:size].astype(np.int64), exits)


def _candidates(both: Overlay, reference: IntArray, scenario: IntArray) -> dict[str, tuple[Sampled, ...]]:
    """The lives of this replicate with the smallest keys, of those in the same cohort in both runs."""
    keys = sample_keys(both.person, both.replicate)
    second = both.window.months * 2  # the clock of an entered person shows more than that
    known = {
        int(p): bool(s)
        for side in (both.reference.spells, both.scenario.spells)
        for p, s in zip(side.person, side.sought_asylum, strict=True)
    }
    out = {}
    for cohort in COHORTS:
        entered = cohort == "entered"
        same = (reference == scenario) & (reference >= 0) & ((reference >= second) == entered)
        rows = np.flatnonzero(same)
        rows = rows[np.argsort(keys[rows], kind="stable")][: SAMPLE // 2]
        zero = reference[rows] - second * entered
        out[cohort] = tuple(
            Sampled(
                int(keys[row]),
                int(both.person[row]),
                both.replicate,
                known[int(both.person[row])],
                (both.reference.state[row, z:].copy(), both.scenario.state[row, z:].copy()),
            )
            for row, z in zip(rows, zero, strict=True)
        )
    return out
