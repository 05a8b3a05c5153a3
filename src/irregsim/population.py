"""The persons, as a table of columns.

A row is a synthetic person; a column is an attribute. Rows have no order that matters: every rule is a pure function
of rows and every draw is keyed by the person's identity. Children are rows of their own that follow their guardian's
moves.
"""

from __future__ import annotations

import hashlib

import numpy as np
import numpy.typing as npt

from irregsim.draws import UInt64Array

IntArray = npt.NDArray[np.int64]

#: Columns and their storage types. Codes used as an index are 64-bit; see `docs/odd.md` for meanings.
COLUMNS: dict[str, type] = {
    "person_id": np.uint64,  # identity: entry month, route, country, rank
    "key": np.uint64,  # of the draws of this replicate
    "country": np.int64,
    "route": np.int64,
    "place": np.int64,
    "strategy": np.int64,  # a Strategy, or an Exit for a person who has left
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
    "is_convicted": np.bool_,
    "is_exploited": np.bool_,
    "in_violence": np.bool_,
    "pays_rent": np.bool_,
    "transport_due": np.int64,  # month a detained person's transport is due; -1 when not held
    "back_due": np.int64,  # month a temporary stay ends; -1 when none
    "track": np.int64,  # return track of a held person
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

#: How many hosts a person keeps in mind at most.
TIE_SLOTS = 3

_INITIAL = {
    name: -1
    for name in (
        "guardian",
        "transport_due",
        "back_due",
        "centre",
        "employer",
        "side_employer",
        "host",
        "offer",
        "tie_0",
        "tie_1",
        "tie_2",
    )
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
    fields = [np.asarray(x).astype(np.uint64) for x in (np.asarray(entry_month) + 1, route, country, rank, child)]
    shifts = (44, 38, 28, 4, 0)
    out = np.zeros(np.broadcast_shapes(*[f.shape for f in fields]), dtype=np.uint64)
    for field, shift in zip(fields, shifts, strict=True):
        out |= field << np.uint64(shift)
    return out


def person_code(person_id: int) -> str:
    """Sixteen hexadecimal digits that stand for a person in every table and tell nothing about them."""
    return hashlib.blake2b(int(person_id).to_bytes(8, "big"), digest_size=8, person=b"irregsim-person1").hexdigest()


class Population:
    """Columns of all persons; grows by `add`, shrinks by `drop`."""

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
    is_convicted: npt.NDArray[np.bool_]
    is_exploited: npt.NDArray[np.bool_]
    in_violence: npt.NDArray[np.bool_]
    pays_rent: npt.NDArray[np.bool_]
    transport_due: IntArray
    back_due: IntArray
    track: IntArray
    centre: IntArray
    employer: IntArray
    side_employer: IntArray
    host: IntArray
    offer: IntArray
    tie_0: IntArray
    tie_1: IntArray
    tie_2: IntArray
    transfer_count: IntArray

    def __init__(self) -> None:
        for name, kind in COLUMNS.items():
            setattr(self, name, np.empty(0, dtype=kind))
        self.kid_rows: IntArray = np.empty(0, dtype=np.int64)

    def __len__(self) -> int:
        return len(self.person_id)

    def add(self, **columns: npt.NDArray[np.generic]) -> IntArray:
        """Appends persons.

        Args:
            columns: Arrays of equal length by column name; a column left out gets 0, False or -1 (none).

        Returns:
            Rows of the new persons.
        """
        old, n = len(self), len(columns["person_id"])
        for name, kind in COLUMNS.items():
            new = columns.get(name)
            if new is None:
                new = np.full(n, _INITIAL.get(name, 0), dtype=kind)
            setattr(self, name, np.concatenate([getattr(self, name), np.asarray(new, dtype=kind)]))
        self.kid_rows = np.flatnonzero(self.guardian >= 0)
        return np.arange(old, old + n)

    def take(self, rows: IntArray) -> None:
        """Keeps the rows given, in that order; guardians of children are found again.

        Raises:
            AssertionError: If a child is kept without its guardian.
        """
        position = np.full(len(self) + 1, -1, dtype=np.int64)
        position[rows] = np.arange(len(rows))
        for name in COLUMNS:
            setattr(self, name, getattr(self, name)[rows])
        kids = np.flatnonzero(self.guardian >= 0)
        self.guardian[kids] = position[self.guardian[kids]]
        self.kid_rows = kids
        assert (self.guardian[kids] >= 0).all(), "a child is never in the model without its guardian"

    def drop_gone(self) -> None:
        """Forgets persons who have left for good, once they are many enough to slow the month down."""
        gone = (self.strategy >= 8) & (self.back_due < 0)
        count = int(gone.sum())
        if count * 12 > len(self):
            # A child leaves with its guardian, so none is left behind by this.
            self.take(np.flatnonzero(~gone))

    def copy(self) -> Population:
        """An independent copy."""
        other = Population.__new__(Population)
        for name in COLUMNS:
            setattr(other, name, getattr(self, name).copy())
        other.kid_rows = self.kid_rows.copy()
        return other
