"""Behaviour or measurement: why a register's events differ between two runs.

A register's events in a cell (strategy and district) are the person-months lived there times a rate, the events per
person-month. Between a reference and a changed run both may differ. The decomposition of Kitagawa (1955), Components of
a difference between two rates, Journal of the American Statistical Association 50, gives each its part, exactly:

    change = sum of (E1 - E0) (R0 + R1) / 2     how many live how, and where: behaviour
           + sum of (R1 - R0) (E0 + E1) / 2     how often the same kind of person is met and recorded: measurement
           + what happened outside every stock  visitors, penal cases from prison

where E is person-months and R the rate. It is symmetric: with the runs exchanged every part changes its sign.

What a rate means depends on the register (`irregsim.model.registers.Register.rate`, column ``rate_is``). For forced
returns it is an action of the state, which also ends the stay, and not only a measurement; for assisted returns,
centres left and health contacts it is mostly what persons choose. A rate is that of a cell: persons of one strategy
and district who differ in what the cell does not hold (time since the rejection, citizenship, a decision held) move it
when their mix changes. Expulsions recorded at the border are events of persons who leave, so more departures raise
that rate. Exposure counts persons at the ends of months, and returns lower it: a measurement of this month is behaviour
of the next. The parts describe where a change sits, not what caused it. They split events as the agencies meet them;
breaks in source, rounding and noise of the published counts come after.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from irregsim.model.registers import REGISTERS
from irregsim.storage.folder import FolderError, RunFolder

if TYPE_CHECKING:
    import pandas as pd

#: Parts of a change, in the order of the columns.
PARTS = ("exposure", "rate", "outside")

_CELL = ("replicate", "year", "register", "event", "strategy", "district")
_VALUES = ("events", "person_months")

#: Settings that must agree before two run folders are paired by replicate.
_PAIRING = ("seed", "replicates", "scale", "posterior_id")


def split(
    reference: pd.DataFrame, changed: pd.DataFrame, by: Sequence[str] = ("year", "register", "event")
) -> pd.DataFrame:
    """Change of every register's events between two runs, in parts, paired by replicate.

    Args:
        reference: Table ``detection`` of one run: columns ``replicate``, ``year``, ``register``, ``event``,
            ``strategy``, ``district``, ``events``, ``person_months``. A row that is left out is a cell of zeros.
        changed: The same of the other run, with the same replicates and years.
        by: Columns to keep apart in addition to the replicate; parts of cells are added over the others. May hold
            ``strategy`` and ``district``.

    Returns:
        One row for each replicate and combination of ``by``, in the order of ``by``: ``replicate``, the columns of
        ``by``, ``reference`` and ``changed`` (events), ``change``, its parts ``exposure``, ``rate`` and ``outside``
        (events, floats that add up to ``change``), and with ``register`` in ``by`` also ``rate_is``: ``measurement``,
        ``action`` or ``choice``. Events of a cell in which nobody was at any month's end have no rate: they count as
        ``outside``. The change of a cell with person-months in one run only is all exposure.

    Raises:
        ValueError: If a column is missing, a cell is duplicate, or replicates or years differ.
    """
    import numpy as np
    import pandas as pd

    unknown = [column for column in by if column not in _CELL[1:]]
    if unknown:
        raise ValueError(f"by: no column {unknown[0]!r}; the columns are {', '.join(_CELL[1:])}")
    sides = [_cells(frame, name) for frame, name in ((reference, "reference"), (changed, "changed"))]
    for column in ("replicate", "year"):
        first, second = (set(side.index.get_level_values(column)) for side in sides)
        if first != second:
            alone = sorted(first ^ second)
            raise ValueError(f"{column} {', '.join(map(str, alone))} is in only one of the two runs")
    cells = sides[0].index.union(sides[1].index).sort_values()
    (n0, e0), (n1, e1) = (side.reindex(cells, fill_value=0).to_numpy(dtype="float64").T for side in sides)
    in0, in1 = np.where(e0 > 0, n0, 0.0), np.where(e1 > 0, n1, 0.0)
    r0, r1 = in0 / np.where(e0 > 0, e0, 1.0), in1 / np.where(e1 > 0, e1, 1.0)
    # Where nobody lived so in one of the runs, its rate is not known: the change is that somebody does in the other.
    r0, r1 = np.where(e0 > 0, r0, r1), np.where(e1 > 0, r1, r0)
    rate = (r1 - r0) * (e0 + e1) / 2.0
    parts = pd.DataFrame(
        {
            "reference": n0.astype("int64"),
            "changed": n1.astype("int64"),
            "change": (n1 - n0).astype("int64"),
            # What is left is (e1 - e0) (r0 + r1) / 2; taken as the rest, the parts add up.
            "exposure": (in1 - in0) - rate,
            "rate": rate,
            "outside": (n1 - in1) - (n0 - in0),
        },
        index=cells,
    )
    out = parts.groupby(level=["replicate", *by]).sum().reset_index()
    if "register" in by:
        meaning: dict[str, str] = {register.name: register.rate for register in REGISTERS}
        out["rate_is"] = out["register"].map(meaning)
    return out


def split_folders(
    reference: str | Path, changed: str | Path, by: Sequence[str] = ("year", "register", "event")
) -> pd.DataFrame:
    """`split` of two finished run folders.

    Args:
        reference: Run folder of the reference.
        changed: Run folder of the changed scenario.
        by: As in `split`.

    Raises:
        FolderError: If one is no finished run, or the two cannot be paired by replicate: other seed, number of
            replicates, scale or posterior.
        ValueError: As `split`.
    """
    folders = [RunFolder.open(path) for path in (reference, changed)]
    for key in _PAIRING:
        values = [folder.manifest.get(key) for folder in folders]
        if values[0] != values[1]:
            raise FolderError(
                f"{changed}: {key} is {values[1]}, but {values[0]} in {reference}: "
                "replicates are paired only with the same settings; run one of them again"
            )
    first, second = (folder.table("detection") for folder in folders)
    return split(first, second, by)


def _cells(frame: pd.DataFrame, name: str) -> pd.DataFrame:
    """Events and person-months by cell; text as text, since the two runs have categories of their own."""
    missing = [column for column in (*_CELL, *_VALUES) if column not in frame.columns]
    if missing:
        raise ValueError(f"{name}: no column {missing[0]!r}; give the table detection of a run")
    text = {column: str for column in _CELL if column not in ("replicate", "year")}
    cells = frame.astype(text).set_index(list(_CELL))[list(_VALUES)]
    if not cells.index.is_unique:
        twice = cells.index[cells.index.duplicated()][0]
        raise ValueError(f"{name}: duplicate {', '.join(map(str, twice))}")
    return cells
