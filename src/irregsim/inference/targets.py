"""Published counts the model is compared with, in the words of its own registers.

``data/targets.csv`` holds one count a row under the register, dimension, key and period that a run writes to
``registers.parquet``. ``scope`` says what the agency counted, ``role`` what the count may be used for and
``error_log_sd`` how closely the model is held to it. A count whose scope is wider than the model's is ``context`` and
is never fitted. When an agency revises a register, a table of the same columns is read with `read` and `compare` says
what moved.
"""

from __future__ import annotations

import csv
import difflib
import io
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from irregsim.model import registers
from irregsim.scenario.faults import MOST_FAULTS
from irregsim.vocabulary.plain_text import plain
from irregsim.vocabulary.reference import DataError, read_table

COLUMNS: Final = (
    "id",
    "register",
    "dimension",
    "key",
    "period",
    "value",
    "unit",
    "scope",
    "source",
    "use",
    "role",
    "error_log_sd",
    "rounding",
    "vintage",
    "block",
    "note",
)

#: Dimensions of every register of ``registers.parquet``, and the keys of each.
REGISTERS: Final[Mapping[str, Mapping[str, tuple[str, ...]]]] = {
    register.name: register.dimensions for register in registers.REGISTERS
}

#: Whether the model's register counts what the agency counted.
USES: Final[dict[str, str]] = {
    "primary": "same scope as the register of the model: may be fitted",
    "lower_bound": "a published lower bound",
    "context": "another scope: shows the shape over time, never fitted",
}

#: What a count is used for.
ROLES: Final[dict[str, str]] = {
    "fit": "parameters are fitted to it",
    "check": "held out, compared with the fit: the model's tables use it as weights, or it is part of a fitted sum",
    "context": "shown only: another scope, a bound, or the burn-in of 2009-2011",
}

#: No ``error_log_sd`` is larger: a count that may be off by a factor of three or more carries no information.
LARGEST_ERROR: Final = 1.0

#: A table of targets is smaller; what is larger is some other file.
_LARGEST_FILE: Final = 5_000_000

_PERIOD: Final = re.compile(r"(?P<first>[0-9]{4})(-(?P<month>0[1-9]|1[0-2])|-(?P<last>[0-9]{4}))?")
_VINTAGE: Final = re.compile(r"([0-9]{4})(?:-(0[1-9]|1[0-2]))?")
_NUMBER: Final = re.compile(r"[0-9]+(\.[0-9]+)?")
_NAME: Final = re.compile(r"[a-z][a-z_]*")


@dataclass(frozen=True)
class Target:
    """One published count.

    Attributes:
        id: ``register/dimension/key/period``.
        register: A key of `REGISTERS`.
        dimension: One of its dimensions; rows not to be fitted may have a ``total`` their register lacks.
        key: The cell, such as ``Øst`` or ``Kina:straff``; keys joined by ``+`` are counted together; ``total`` for the
            whole country.
        period: A year, a month (``2019-12``) or a span of years (``2016-2019``).
        value: The count, 0 or more; a percentage where ``unit`` says so.
        unit: Unit of the value.
        scope: Whom and what the agency counted.
        source: Section or table of Fafo-rapport 2021:15, or the row of ``data/external/public_figures.csv``.
        use: A key of `USES`.
        role: A key of `ROLES`.
        error_log_sd: Standard deviation of the logarithm of what the agency's count may differ from the model's
            register, beyond the register's own noise and beyond rounding: what the model leaves out, and what the
            agency defined otherwise. Above 0, at most `LARGEST_ERROR`; None for ``context``.
        rounding: Unit to which the value was rounded, in its own unit, above 0: 1 for a plain count; for a value that
            was derived from rounded ones, the width of what it may be.
        vintage: When it was published, ``2021`` or ``2021-05``.
        block: The series of counts that are judged together, such as ``orders``. A sum and its cells are of one block.
        note: Warnings: rounding, derivation, breaks; how the edition is known.
    """

    id: str
    register: str
    dimension: str
    key: str
    period: str
    value: float
    unit: str
    scope: str
    source: str
    use: str
    role: str
    error_log_sd: float | None
    rounding: float
    vintage: str
    block: str
    note: str

    @property
    def half_rounding(self) -> float:
        """How far rounding may have moved the value, in its unit; 0 for a plain count."""
        if self.rounding == 1.0 and "percent" not in self.unit:
            return 0.0
        return 0.5 * self.rounding


@dataclass(frozen=True)
class Move:
    """What became of one count between two editions of the counts.

    Attributes:
        id: Of the target.
        old: Value before; None for a count that is new.
        new: Value now; None for a count that is gone.
        ratio: ``new`` over ``old``; None where one is missing, where ``old`` is 0 or where the unit changed.
        role: Now; of a count that is gone, before.
        vintages: Before and now; empty where it is missing.
        changed: Columns that differ, of those that a fit or a reader of it depends on (`MOVES_BY`); none for a count
            that is new or gone.
        within_rounding: Whether rounding alone can explain the difference of the values.
    """

    id: str
    old: float | None
    new: float | None
    ratio: float | None
    role: str
    vintages: tuple[str, str]
    changed: tuple[str, ...]
    within_rounding: bool


#: Columns of which a difference is a move. A count that was only republished, or described differently, has not moved.
MOVES_BY: Final = ("value", "unit", "scope", "use", "role", "error_log_sd", "rounding", "block")


def _near(name: str, names: Sequence[str]) -> str:
    near = difflib.get_close_matches(name, names, n=1)
    return f" (did you mean {near[0]}?)" if near else ""


def _number(text: str) -> float:
    """A number in plain digits; NaN for anything else, such as ``1_000``, ``1 000`` or ``inf``."""
    return float(text) if _NUMBER.fullmatch(text) else math.nan


def _cell_faults(row: Mapping[str, str]) -> list[str]:
    """What is wrong with the cell that a row names."""
    register, dimension = row["register"], row["dimension"]
    if register not in REGISTERS:
        return [f"no register {register!r}{_near(register, list(REGISTERS))}; there are {', '.join(REGISTERS)}"]
    if dimension not in REGISTERS[register] and (dimension != "total" or row["use"] == "primary"):
        return [f"{register} has no dimension {dimension!r}; it has {', '.join(REGISTERS[register])}"]
    # A count of a wider scope may be of the whole, though the register has no such total.
    keys = REGISTERS[register].get(dimension, ("total",))
    wrong = [key for key in row["key"].split("+") if key not in keys]
    return [f"{dimension} has no key {key!r}{_near(key, keys)}" for key in wrong]


def _date_faults(row: Mapping[str, str]) -> list[str]:
    """What is wrong with the period and the edition of a row."""
    faults = []
    period, vintage = _PERIOD.fullmatch(row["period"]), _VINTAGE.fullmatch(row["vintage"])
    if not period or (period["last"] and period["last"] <= period["first"]):
        faults.append(f"period {row['period']!r} is not a year, month or span of years")
        period = None
    if not vintage:
        faults.append(f"vintage {row['vintage']!r} is not a year or month")
    elif period:
        end = (period["last"] or period["first"], period["month"] or "12")
        if (vintage[1], vintage[2] or "12") < end:
            faults.append(f"vintage {row['vintage']} is before the end of the period {row['period']}")
    return faults


def _use_faults(row: Mapping[str, str]) -> list[str]:
    """What is wrong with use, role and error of a row."""
    faults = []
    for column, known in (("use", USES), ("role", ROLES)):
        if row[column] not in known:
            faults.append(f"{column} is {row[column]!r}, must be one of {', '.join(known)}")
    if row["use"] in USES and row["use"] != "primary" and row["role"] in ("fit", "check"):
        faults.append(f"use {row['use']} allows no role but context, not {row['role']}")
    text = row["error_log_sd"]
    if row["role"] == "context" and text:
        faults.append("error_log_sd must be empty for context, which is compared with nothing")
    elif row["role"] in ("fit", "check") and not 0.0 < _number(text) <= LARGEST_ERROR:
        faults.append(f"error_log_sd {text!r} is not a number above 0 and at most {LARGEST_ERROR:g}")
    return faults


def _faults(row: Mapping[str, str]) -> list[str]:
    """Everything that is wrong with one row."""
    faults = []
    expected = "/".join(row[column] for column in ("register", "dimension", "key", "period"))
    if row["id"] != expected:
        faults.append(f"the id must be {expected}")
    faults += _cell_faults(row) + _date_faults(row) + _use_faults(row)
    faults += [f"{column} is empty" for column in ("unit", "scope", "source") if not row[column].strip()]
    value = _number(row["value"])
    if not math.isfinite(value):
        faults.append(f"value {row['value']!r} is not a number of 0 or more in plain digits")
    elif "percent" in row["unit"] and value > 100.0:
        faults.append(f"value {row['value']} is more than 100 percent")
    if row["rounding"] and not 0.0 < _number(row["rounding"]) < math.inf:
        faults.append(f"rounding {row['rounding']!r} is not a number above 0 (leave it empty for a plain count)")
    if not _NAME.fullmatch(row["block"]):
        faults.append(f"block {row['block']!r} must be a word of small letters, such as orders")
    return faults


def _target(row: Mapping[str, str]) -> Target:
    """A target from a row without faults."""
    texts = {column: row[column] for column in COLUMNS if column not in ("value", "error_log_sd", "rounding")}
    error = float(row["error_log_sd"]) if row["error_log_sd"] else None
    return Target(**texts, value=float(row["value"]), error_log_sd=error, rounding=float(row["rounding"] or 1))


def read_targets(
    rows: Sequence[Mapping[str, str]], name: str = "targets.csv", lines: Sequence[int] | None = None
) -> tuple[Target, ...]:
    """Targets from rows of the table, checked.

    Args:
        rows: With the columns of `COLUMNS`, all as text.
        name: Of the file, for faults.
        lines: Line of the file on which each row ends; the second, third and so on if not given.

    Raises:
        DataError: With every fault, one a line.
    """
    faults: list[str] = []
    found: dict[str, Target] = {}
    first: dict[str, int] = {}
    for line, row in zip(lines if lines is not None else range(2, len(rows) + 2), rows, strict=True):
        if len(faults) >= MOST_FAULTS:
            faults.append(f"{name}:{line}: {len(faults)} faults are listed; mend these first, since there may be more")
            break
        if tuple(row) != COLUMNS or any(row[column] is None for column in COLUMNS):
            faults.append(f"{name}:{line}: expected the columns {','.join(COLUMNS)}")
            continue
        where = f"{name}:{line}: {row['id'] or '(no id)'}"
        if row["id"] in first:
            faults.append(f"{where}: duplicate, first on line {first[row['id']]}")
        first.setdefault(row["id"], line)
        wrong = _faults(row)
        faults += [f"{where}: {fault}" for fault in wrong]
        if not wrong:
            found.setdefault(row["id"], _target(row))
    if not rows:
        faults.append(f"{name}: holds no targets")
    if faults:
        raise DataError(plain("\n".join(faults)))
    return tuple(found.values())


@cache
def targets() -> tuple[Target, ...]:
    """Every published count, in the order of ``data/targets.csv``.

    Raises:
        DataError: If the table contradicts itself; with every fault.
    """
    return read_targets(read_table("targets.csv"))


def read(path: str | Path) -> tuple[Target, ...]:
    """Another edition of the table: a whole table with the columns of `COLUMNS`, in their order.

    Args:
        path: CSV file in UTF-8, cells separated by commas.

    Returns:
        Its targets, in its order.

    Raises:
        DataError: If the file cannot be read or is wrong; with every fault, one a line.
    """
    file = Path(path)
    name = file.name
    try:
        if file.exists() and not file.is_file():
            raise DataError(f"{path}: is not a file")
        if file.stat().st_size > _LARGEST_FILE:
            raise DataError(f"{path}: is larger than {_LARGEST_FILE // 1_000_000} MB, too large for a table of targets")
        raw = file.read_bytes()
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror}") from None
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise DataError(f"{name}:{line}: is not UTF-8 (save it as CSV UTF-8)") from None
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        header = next(reader, [])
        if tuple(header) != COLUMNS:
            raise DataError(f"{name}:1: {_header_fault(header)}; expected the columns {','.join(COLUMNS)}")
        cells, lines = [], []
        for row in reader:
            if row:  # an empty line is nothing
                cells.append(row)
                lines.append(reader.line_num)
    except csv.Error as error:
        raise DataError(f"{name}:{reader.line_num}: is not CSV: {error}") from None
    # A row of another length keeps its faults apart from those of the others: it is refused by its columns.
    rows = [dict(zip(COLUMNS, row, strict=True)) if len(row) == len(COLUMNS) else {} for row in cells]
    return read_targets(rows, name, lines)


def _header_fault(header: Sequence[str]) -> str:
    """What is wrong with a first line."""
    if len(header) == 1 and ";" in header[0]:
        return "cells are separated by semicolons (save it with commas)"
    missing = [column for column in COLUMNS if column not in header]
    more = [column for column in header if column not in COLUMNS]
    parts = [f"{word} {', '.join(map(repr, names))}" for word, names in (("no", missing), ("unknown", more)) if names]
    return "columns: " + "; ".join(parts) if parts else "duplicate columns, or columns in another order"


def compare(old: Sequence[Target], new: Sequence[Target]) -> tuple[Move, ...]:
    """Counts that moved from one edition to another, those that are new and those that are gone.

    Args:
        old: A whole edition.
        new: Another.

    Returns:
        In the order of ``old``, those that are new last. A count of which nothing in `MOVES_BY` changed is left out.
    """
    before, now = ({target.id: target for target in one} for one in (old, new))
    moves = (_move(before.get(name), now.get(name)) for name in dict.fromkeys([*before, *now]))
    return tuple(move for move in moves if move.changed or move.old is None or move.new is None)


def _move(old: Target | None, new: Target | None) -> Move:
    """What became of a count that is in at least one edition."""
    one = new or old
    assert one is not None  # ids come from the two tables
    vintages = (old.vintage if old else "", new.vintage if new else "")
    if old is None or new is None:
        values = (old.value if old else None, new.value if new else None)
        return Move(one.id, *values, None, one.role, vintages, (), False)
    changed = tuple(column for column in MOVES_BY if getattr(old, column) != getattr(new, column))
    ratio = new.value / old.value if old.value and old.unit == new.unit else None
    near = old.unit == new.unit and abs(new.value - old.value) <= old.half_rounding + new.half_rounding
    return Move(one.id, old.value, new.value, ratio, one.role, vintages, changed, near)


def for_register(name: str) -> tuple[Target, ...]:
    """Counts of one register; none for a register nobody has published.

    Args:
        name: A key of `REGISTERS`.

    Raises:
        KeyError: If there is no such register; the message gives the nearest.
    """
    if name not in REGISTERS:
        raise KeyError(f"no register {name!r}{_near(name, list(REGISTERS))}; there are {', '.join(REGISTERS)}")
    return tuple(target for target in targets() if target.register == name)
