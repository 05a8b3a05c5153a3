"""Where every synthetic person is at the end of each month, read from the spells of two paired runs.

A person has the same sixteen digits in every scenario, so two runs of the same seed and replicate can be compared
person by person. Everything here is exact: whole numbers of persons, no estimates.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from irregsim.model.draws import mix, mix_array
from irregsim.storage.folder import RunFolder
from irregsim.vocabulary.codes import Exit, Strategy, month_number

#: State of somebody who has not arrived yet, or had left before the months that are compared.
NOT_HERE = "not here"

STRATEGIES: tuple[str, ...] = tuple(strategy.code for strategy in Strategy)
EXITS: tuple[str, ...] = tuple(exit_.code for exit_ in Exit)

#: All states in the order of their numbers: strategies from 0, exits after them, `NOT_HERE` last.
STATES: tuple[str, ...] = (*STRATEGIES, *EXITS, NOT_HERE)
_NUMBER = {state: number for number, state in enumerate(STATES)}
NOT_HERE_STATE = _NUMBER[NOT_HERE]

#: End of a spell that lasts beyond the last month; later than any month.
LASTS = np.iinfo(np.int32).max

#: Cause on the side where nothing happened.
NOTHING = "none"

IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]
UInt64Array = npt.NDArray[np.uint64]
StateArray = npt.NDArray[np.int8]


@dataclass(frozen=True)
class Window:
    """The months that are compared.

    Attributes:
        first: First effective month of the scenario (month number); nothing can differ before it.
        last: Last month that both runs have.
    """

    first: int
    last: int

    def __post_init__(self) -> None:
        if self.last < self.first:
            raise ValueError(f"the scenario takes effect in month {self.first}, after the last month, {self.last}")

    @property
    def months(self) -> int:
        """Number of months, at least 1."""
        return self.last - self.first + 1

    def column(self, month: IntArray) -> IntArray:
        """Column of a month in the matrix of `monthly_states`; column 0 is the end of the month before the first."""
        return month - self.first + 1

    def reported(self) -> list[int]:
        """Each December of the window, and its last month."""
        return [m for m in range(self.first, self.last + 1) if m % 12 == 11 or m == self.last]


@dataclass(frozen=True)
class Spells:
    """Spells of one replicate of one run that reach into the window, sorted by person and time.

    Attributes:
        person: Persons with a spell, sorted, each once; shape (p,).
        sought_asylum: Whether each sought asylum; shape (p,).
        entry: Month each became irregular (month number, may be below 0); shape (p,).
        offset: First row of each person among the spells, and the number of rows at the end; shape (p + 1,).
        strategy: State number of each spell; shape (s,).
        start: Month each began; shape (s,).
        end: Month each ended, `LASTS` where it lasts beyond the window; shape (s,).
        destination: State number each led to, -1 where it lasts.
        cause: Index in ``causes`` of what ended each, -1 where it lasts.
        causes: Words for ``cause``, sorted.
    """

    person: UInt64Array
    sought_asylum: BoolArray
    entry: IntArray
    offset: IntArray
    strategy: StateArray
    start: IntArray
    end: IntArray
    destination: StateArray
    cause: IntArray
    causes: tuple[str, ...]

    @property
    def owner(self) -> IntArray:
        """Position in ``person`` of each spell's person; shape (s,)."""
        return np.repeat(np.arange(len(self.person)), np.diff(self.offset))


def person_text(person: int) -> str:
    """A person as tables write it: sixteen hexadecimal digits."""
    return f"{person:016x}"


def read_spells(folder: RunFolder, replicate: int, window: Window) -> Spells:
    """One replicate's spells, from the end of the month before the window on.

    Spells that were over before the window are left out, and what comes after the window has not happened yet.

    Args:
        folder: A finished run with ``spells.parquet``.
        replicate: Number of the replicate.
        window: Months compared.
    """
    frame = folder.replicate(
        "spells",
        replicate,
        ("person", "strategy", "start", "end", "cause_of_end", "destination", "entry_month", "sought_asylum"),
    )
    digits = "".join(frame["person"].cat.categories.to_numpy(dtype=object))
    numbers = np.frombuffer(bytes.fromhex(digits), dtype=">u8").astype(np.uint64)
    person = numbers[frame["person"].cat.codes.to_numpy()]
    start, end = (_months(frame[column]) for column in ("start", "end"))
    end = np.where(end > window.last, LASTS, end)
    causes = tuple(sorted(frame["cause_of_end"].cat.categories))
    cause = _coded(frame["cause_of_end"], {name: code for code, name in enumerate(causes)}, end)
    destination = _coded(frame["destination"], _NUMBER, end).astype(np.int8)
    strategy = _coded(frame["strategy"], _NUMBER).astype(np.int8)
    kept = np.flatnonzero((end >= window.first) & (start <= window.last))
    # The table has the spells of a person in order of time; a stable sort keeps it.
    order = kept[np.argsort(person[kept], kind="stable")]
    persons, first = np.unique(person[order], return_index=True)
    entry = _months(frame["entry_month"])
    return Spells(
        person=persons,
        sought_asylum=frame["sought_asylum"].to_numpy(dtype=np.bool_)[order][first],
        entry=entry[order][first],
        offset=np.append(first, len(order)).astype(np.int64),
        strategy=strategy[order],
        start=start[order],
        end=end[order],
        destination=destination[order],
        cause=cause[order],
        causes=causes,
    )


def _months(column: object) -> IntArray:
    """Month numbers of a column of categories; `LASTS` where it is missing."""
    texts, codes = column.cat.categories, column.cat.codes.to_numpy()  # type: ignore[attr-defined]
    numbers = np.array([*(month_number(text) for text in texts), LASTS], dtype=np.int64)
    return np.asarray(numbers[codes])  # a missing value has code -1, the last number


def _coded(column: object, numbers: dict[str, int], end: IntArray | None = None) -> IntArray:
    """Numbers of a column of categories; -1 where it is missing or the spell lasts."""
    texts, codes = column.cat.categories, column.cat.codes.to_numpy()  # type: ignore[attr-defined]
    coded = np.array([*(numbers[text] for text in texts), -1], dtype=np.int64)[codes]
    return coded if end is None else np.where(end == LASTS, -1, coded)


@dataclass(frozen=True)
class Side:
    """One of the two lives of everybody, on the rows of `Overlay.person`.

    Attributes:
        spells: The spells as read.
        row: Row in `Overlay.person` of each person of ``spells``; shape (p,).
        state: State number at the end of each month, column 0 at the end of the month before the window; shape
            (persons of the pair, months + 1).
    """

    spells: Spells
    row: IntArray
    state: StateArray


@dataclass(frozen=True)
class Overlay:
    """One replicate of the reference and of a scenario, matched person by person.

    Attributes:
        replicate: Number of the replicate.
        window: Months compared.
        person: Everybody who is in either run at the end of the month before the window, or later; shape (n,).
        reference: Their lives in the reference.
        scenario: Their lives in the scenario.
    """

    replicate: int
    window: Window
    person: UInt64Array
    reference: Side
    scenario: Side

    @property
    def sides(self) -> tuple[tuple[str, Side], tuple[str, Side]]:
        """Names and lives of both sides."""
        return (("reference", self.reference), ("scenario", self.scenario))


def overlay(reference: Spells, scenario: Spells, replicate: int, window: Window) -> Overlay:
    """Match two runs person by person."""
    person = np.union1d(reference.person, scenario.person)
    sides = []
    for spells in (reference, scenario):
        row = np.searchsorted(person, spells.person).astype(np.int64)
        sides.append(Side(spells, row, monthly_states(spells, row, len(person), window)))
    return Overlay(replicate, window, person, sides[0], sides[1])


def monthly_states(spells: Spells, row: IntArray, persons: int, window: Window) -> StateArray:
    """State of each person at the end of every month of the window, and of the month before.

    Args:
        spells: Spells of one run.
        row: Row of each person of ``spells`` in the result.
        persons: Rows of the result; a row without spells is `NOT_HERE` all along.
        window: Months compared.

    Returns:
        State numbers, shape (persons, months + 1). After an exit the state is the exit, until a new spell begins.
    """
    months = window.months + 1
    state = np.full((persons, months), -1, dtype=np.int8)
    state[:, 0] = NOT_HERE_STATE
    owner = row[spells.owner]
    # Each spell writes twice: that it begins, and where it leads.
    begins = np.maximum(window.column(spells.start), 0)
    ends = np.where(spells.end == LASTS, months, window.column(np.minimum(spells.end, window.last)))
    columns = np.column_stack([begins, ends]).ravel()
    values = np.column_stack([spells.strategy, spells.destination]).ravel()
    rows = np.repeat(owner, 2)
    # Of two writes to one month the later one counts; NumPy does not promise an order, so the earlier one is dropped.
    last = np.append((rows[1:] != rows[:-1]) | (columns[1:] != columns[:-1]), True)[: len(rows)]
    written = last & (columns < months)
    state[rows[written], columns[written]] = values[written]
    filled = np.where(state >= 0, np.arange(months, dtype=np.int32), 0)
    np.maximum.accumulate(filled, axis=1, out=filled)
    return np.asarray(np.take_along_axis(state, filled, axis=1))


def sample_keys(person: UInt64Array, replicate: int) -> UInt64Array:
    """Keys by which lives are sampled: the smallest go first, whatever else is in the tables."""
    return mix_array(person ^ np.uint64(mix(replicate + 1)))


def quantiles(values: npt.NDArray[np.float64], ends: Sequence[float] = (0.025, 0.975)) -> npt.NDArray[np.float64]:
    """Quantiles over the first axis, the replicates; shape (ends, ...)."""
    return np.asarray(np.quantile(values, list(ends), axis=0))
