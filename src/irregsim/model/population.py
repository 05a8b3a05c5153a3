"""The persons, as a table of columns.

A row is a synthetic person; a column is an attribute. Rows have no order that matters: every rule is a pure function
of rows and every draw is keyed by the person's identity. Children are rows of their own that follow their guardian's
moves.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from irregsim.model.compiled import twinned
from irregsim.model.draws import UInt64Array
from irregsim.vocabulary.codes import Decision, Route, is_exit

IntArray = npt.NDArray[np.int64]

#: Columns and their storage types. Codes used as an index are 64-bit; see `docs/odd.md` for meanings.
COLUMNS: dict[str, type] = {
    "person_id": np.uint64,  # identity: entry month, route, country, rank
    "key": np.uint64,  # of the draws of this replicate
    "country": np.int64,
    "route": np.int64,
    "place": np.int64,
    "strategy": np.int64,  # state: a Strategy, or once the person has left an Exit; read `Population.is_here`
    "substrategy": np.int64,
    "side": np.int64,
    "cell": np.int64,  # place x ground, for sums of probabilities
    "entry_month": np.int64,  # month of becoming irregular; negative before 2009
    "strategy_start": np.int64,  # month the present spell began
    "birth_month": np.int64,
    "is_sought_asylum": np.bool_,
    "is_female": np.bool_,
    "household": np.int64,
    "guardian": np.int64,  # row of the guardian; -1 for all but children
    "child_status": np.int64,  # of a guardian's child: 0 none, 1 permit, 2 citizen
    "decision": np.int64,
    "is_identity_established": np.bool_,
    "has_forged_papers": np.bool_,
    "has_care_need": np.bool_,  # lasting illness, disability or dementia
    "has_tax_card": np.bool_,
    "has_bill": np.bool_,  # for health care, once received
    "is_shaken": np.bool_,  # was met by the police and let go
    "is_convicted": np.bool_,
    "is_exploited": np.bool_,
    "in_violence": np.bool_,
    "pays_rent": np.bool_,
    "transport_due": np.int64,  # month a detained person's transport is due; -1 when not held
    "back_due": np.int64,  # month a temporary stay ends; -1 when none
    "track": np.int64,  # return track of a held person
    "met": np.int64,  # how the police were met this month (a cause), -1 when not
    "centre": np.int64,  # -1 when none
    "employer": np.int64,
    "side_employer": np.int64,
    "host": np.int64,
    "offer": np.int64,  # employer whose job is on offer this month, -1 when none
    "tie_0": np.int64,  # hosts the person could turn to; -1 when none or used up
    "tie_1": np.int64,
    "tie_2": np.int64,
    "transfer_count": np.int64,
}

#: What a person holds only while in the present spell; a move sets all of it back to none at once.
HELD_NUMBERS = ("centre", "employer", "side_employer", "host")
HELD_FLAGS = ("is_exploited", "in_violence", "pays_rent")

_NONE_IS_MINUS_ONE = (
    *HELD_NUMBERS,
    "guardian",
    "transport_due",
    "back_due",
    "offer",
    "met",
    "tie_0",
    "tie_1",
    "tie_2",
)


def _block(kind: type, first: tuple[str, ...]) -> tuple[str, ...]:
    """Names of the columns of one storage type, those given first."""
    return (*first, *(name for name, own in COLUMNS.items() if own is kind and name not in first))


#: Columns of one type are rows of one block, so that all of them grow, shrink and are let go of together.
BLOCKS: dict[type, tuple[str, ...]] = {
    np.int64: _block(np.int64, HELD_NUMBERS),
    np.bool_: _block(np.bool_, HELD_FLAGS),
    np.uint64: _block(np.uint64, ()),
}
#: What a column holds of whom nothing is said, shape (columns, 1) for each storage type.
DEFAULTS: dict[type, npt.NDArray[np.generic]] = {
    kind: np.array([[-1 if name in _NONE_IS_MINUS_ONE else 0] for name in names]).astype(kind)
    for kind, names in BLOCKS.items()
}


def person_ids(
    entry_month: npt.ArrayLike, route: npt.ArrayLike, country: npt.ArrayLike, rank: npt.ArrayLike, child: npt.ArrayLike
) -> UInt64Array:
    """Identity of persons, equal in every scenario.

    Args:
        entry_month: Month of arrival in the model, -1 for the initial stock, shape (n,).
        route: `Route` codes.
        country: Country index.
        rank: Number within (month, route, country), from 0.
        child: 0 for the head of a household, 1, 2, ... for its children.
    """
    ids = (np.asarray(entry_month) + 1) << 44
    for field, shift in ((route, 38), (country, 28), (rank, 4), (child, 0)):
        ids = ids | (np.asarray(field) << shift)
    return ids.astype(np.uint64)


def within_groups(count: IntArray) -> IntArray:
    """0, 1, 2, ... within each of some groups that follow each other.

    Args:
        count: Members of each group, shape (groups,).

    Returns:
        Number of each member, shape (count.sum(),).
    """
    before = np.cumsum(count) - count
    return np.arange(int(count.sum())) - np.repeat(before, count)


#: Copied for each person, which takes half as long as a new one.
_UNNAMED: Final = hashlib.blake2b(digest_size=8, person=b"irregsim-person1")


def person_code(person_id: int) -> str:
    """Sixteen hexadecimal digits that identify a person in every table and reveal nothing else."""
    code = _UNNAMED.copy()
    code.update(int(person_id).to_bytes(8, "big"))
    return code.hexdigest()


_NOBODY: IntArray = np.empty(0, dtype=np.int64)


class Population:
    """Columns of all persons; grows by `add`, shrinks by `drop_gone`.

    The column ``strategy`` holds a person's state: how they get by while they are in the country, and how they left
    once they have gone. An exit is not a strategy: ask `is_here` before reading it as one.
    """

    # Columns are created from `COLUMNS`; the declarations below are for readers and the type checker.
    person_id: UInt64Array
    key: UInt64Array
    country: IntArray
    route: IntArray
    place: IntArray
    strategy: IntArray
    substrategy: IntArray
    side: IntArray
    cell: IntArray
    entry_month: IntArray
    strategy_start: IntArray
    birth_month: IntArray
    is_sought_asylum: npt.NDArray[np.bool_]
    is_female: npt.NDArray[np.bool_]
    household: IntArray
    guardian: IntArray
    child_status: IntArray
    decision: IntArray
    is_identity_established: npt.NDArray[np.bool_]
    has_forged_papers: npt.NDArray[np.bool_]
    has_care_need: npt.NDArray[np.bool_]
    has_tax_card: npt.NDArray[np.bool_]
    has_bill: npt.NDArray[np.bool_]
    is_shaken: npt.NDArray[np.bool_]
    is_convicted: npt.NDArray[np.bool_]
    is_exploited: npt.NDArray[np.bool_]
    in_violence: npt.NDArray[np.bool_]
    pays_rent: npt.NDArray[np.bool_]
    transport_due: IntArray
    back_due: IntArray
    track: IntArray
    met: IntArray
    centre: IntArray
    employer: IntArray
    side_employer: IntArray
    host: IntArray
    offer: IntArray
    tie_0: IntArray
    tie_1: IntArray
    tie_2: IntArray
    transfer_count: IntArray
    #: Rows of all children.
    kid_rows: IntArray

    def __init__(self) -> None:
        self._count = 0
        self._blocks: dict[type, npt.NDArray[Any]] = {
            kind: np.empty((len(names), 0), dtype=kind) for kind, names in BLOCKS.items()
        }
        self._show()

    def __len__(self) -> int:
        return self._count

    @property
    def is_here(self) -> npt.NDArray[np.bool_]:
        """Whether each person is in the country without legal stay, shape (persons,); the others have left."""
        return ~is_exit(self.strategy)

    def add(self, **columns: npt.NDArray[np.generic]) -> IntArray:
        """Appends persons.

        Args:
            columns: Arrays of equal length by column name; a column left out gets 0, False or -1 (none).

        Returns:
            Rows of the new persons.
        """
        old = self.make_room(len(columns["person_id"]))
        for kind, names in BLOCKS.items():
            added = self._blocks[kind][:, old : self._count]
            for new, name, default in zip(added, names, DEFAULTS[kind], strict=True):
                new[:] = columns.get(name, default)
        self._show()
        return np.arange(old, self._count)

    def make_room(self, count: int) -> int:
        """Adds rows whose columns have yet to be written, and then shown; returns the first of them."""
        first = self._count
        for kind, block in self._blocks.items():
            if block.shape[1] < first + count:
                # Room for later arrivals too, so that most months copy nothing.
                grown: npt.NDArray[Any] = np.empty((len(block), (first + count) * 5 // 4), dtype=kind)
                grown[:, :first] = block[:, :first]
                self._blocks[kind] = grown
        self._count = first + count
        return first

    @property
    def blocks(self) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_], UInt64Array]:
        """All columns of whole numbers, of flags and of keys, each of shape (columns, persons or more); see `BLOCKS`.

        They hold until persons are added or dropped.
        """
        return self._blocks[np.int64], self._blocks[np.bool_], self._blocks[np.uint64]

    @twinned
    def _show(self) -> None:
        """Lets every column be read under its name, and lists the children of each guardian."""
        for kind, names in BLOCKS.items():
            for row, name in enumerate(names):
                setattr(self, name, self._blocks[kind][row, : self._count])
        self.kid_rows = np.flatnonzero(self.guardian >= 0)
        guardian = self.guardian[self.kid_rows]
        self._kids_sorted = self.kid_rows[np.argsort(guardian, kind="stable")]
        self._kid_count = np.bincount(guardian, minlength=self._count)
        self._kid_start = np.cumsum(self._kid_count) - self._kid_count

    def end_childhood(self, rows: IntArray) -> None:
        """Children who come of age have no guardian any more; the lists of children lose them.

        Args:
            rows: Rows of children, each once, shape (n,).
        """
        self._kid_count = self._kid_count - np.bincount(self.guardian[rows], minlength=self._count)
        self._kid_start = np.cumsum(self._kid_count) - self._kid_count
        self.guardian[rows] = -1
        self.kid_rows = self.kid_rows[self.guardian[self.kid_rows] >= 0]
        self._kids_sorted = self._kids_sorted[self.guardian[self._kids_sorted] >= 0]

    def let_go(self, rows: IntArray) -> None:
        """Persons who leave a spell leave its place, job or host, and what came with it."""
        self._blocks[np.int64][: len(HELD_NUMBERS), rows] = -1
        self._blocks[np.bool_][: len(HELD_FLAGS), rows] = False

    def without_rejection(self, rows: IntArray) -> npt.NDArray[np.bool_]:
        """Whether each sought asylum and was never finally rejected, shape (n,): vanished before a decision (M115)."""
        vanished = (self.route[rows] == Route.VANISHED) | (self.decision[rows] == Decision.NONE)
        return np.asarray(self.is_sought_asylum[rows] & vanished)

    @twinned
    def children_of(self, rows: IntArray) -> tuple[IntArray, IntArray]:
        """Rows of the children of some guardians, and for each the position of its guardian in ``rows``."""
        count = self._kid_count[rows]
        total = int(count.sum())
        if total == 0:
            return _NOBODY, _NOBODY
        where = np.repeat(np.arange(len(rows)), count)
        return self._kids_sorted[self._kid_start[rows][where] + within_groups(count)], where

    def take(self, rows: IntArray) -> None:
        """Keeps the rows given, in that order; guardians of children are found again.

        Raises:
            AssertionError: If a child is kept without its guardian.
        """
        position = np.full(len(self) + 1, -1, dtype=np.int64)
        position[rows] = np.arange(len(rows))
        n = len(rows)
        for kind, block in self._blocks.items():
            # Room for later arrivals, so that most months copy nothing.
            kept: npt.NDArray[Any] = np.empty((len(block), n * 5 // 4), dtype=kind)
            np.take(block, rows, axis=1, out=kept[:, :n], mode="clip")
            self._blocks[kind] = kept
        self._count = n
        guardian = self._blocks[np.int64][BLOCKS[np.int64].index("guardian"), :n]
        kids = np.flatnonzero(guardian >= 0)
        guardian[kids] = position[guardian[kids]]
        assert (guardian[kids] >= 0).all(), "a child is never in the model without its guardian"
        self._show()

    def drop_gone(self) -> None:
        """Forgets persons who have left for good, once they are many enough to slow the month down."""
        gone = is_exit(self.strategy) & (self.back_due < 0)
        count = int(gone.sum())
        if count * 6 > len(self):
            # A child leaves with its guardian, so none is left behind by this.
            self.take(np.flatnonzero(~gone))

    def columns(self) -> dict[str, npt.NDArray[Any]]:
        """All columns as one block for each kind of number, by the kind's name; views of the population's own."""
        return {kind.__name__: block[:, : self._count] for kind, block in self._blocks.items()}

    @classmethod
    def of(cls, columns: Mapping[str, npt.NDArray[Any]]) -> Population:
        """The population that `columns` gave."""
        other = cls.__new__(cls)
        other._blocks = {kind: columns[kind.__name__] for kind in BLOCKS}
        other._count = other._blocks[np.int64].shape[1]
        other._show()
        return other

    def copy(self) -> Population:
        """An independent copy."""
        other = Population.__new__(Population)
        other._count, other._blocks = 0, {kind: block[:, :0] for kind, block in self._blocks.items()}
        other.make_room(len(self))  # and some for later arrivals
        for kind, block in self._blocks.items():
            other._blocks[kind][:, : len(self)] = block[:, : len(self)]
        other._show()
        return other
