"""Published counts the model is compared with, in the words of its own registers.

``data/targets.csv`` holds one count a row under the register, dimension, key and period that a run writes to
``registers.parquet``. ``scope`` says what the agency counted. A count whose scope is wider than the model's
is ``context`` and is never fitted.
"""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

from irregsim.reference import DataError, read_table

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
    "note",
)

#: Dimensions of every register of ``registers.parquet``.
REGISTERS: Final[dict[str, tuple[str, ...]]] = {
    "udi_return_duty_stock": ("total", "country"),
    "udi_expulsions": ("ground", "country_ground"),
    "pu_orders": ("total", "district", "track"),
    "pu_returns_executed": ("track",),
    "ssb_sanctions": ("employer", "worker"),
    "assisted_returns": ("total",),
    "left_centre_without_address": ("total",),
    "health_contacts": ("city",),
}

#: What a count may be used for.
USES: Final[dict[str, str]] = {
    "primary": "same scope as the register of the model: may be fitted",
    "lower_bound": "published as more than this",
    "context": "another scope: shows the shape over time, never fitted",
}

_PERIOD: Final = re.compile(r"\d{4}|\d{4}-(0[1-9]|1[0-2])|\d{4}-\d{4}")


@dataclass(frozen=True)
class Target:
    """One published count.

    Attributes:
        id: ``register/dimension/key/period``.
        register: A key of `REGISTERS`.
        dimension: One of its dimensions; rows not to be fitted may have a ``total`` their register lacks.
        key: The cell, such as ``Øst`` or ``Kina:straff``; ``total`` for the whole country.
        period: A year, a month (``2019-12``) or a span of years (``2016-2019``).
        value: The count, 0 or more; a percentage where ``unit`` says so.
        unit: Unit of the value.
        scope: Whom and what the agency counted.
        source: Section or table of Fafo-rapport 2021:15, or the row of ``data/external/public_figures.csv``.
        use: A key of `USES`.
        note: Warnings: rounding, derivation, breaks.
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
    note: str


def _read_row(row: Mapping[str, str], faults: list[str]) -> Target | None:
    """A target from its row; what is wrong goes to ``faults``."""
    where = f"targets.csv: {row['id'] or '(no id)'}"
    before = len(faults)
    expected = "/".join(row[key] for key in ("register", "dimension", "key", "period"))
    if row["id"] != expected:
        faults.append(f"{where}: the id must be {expected}")
    if row["use"] not in USES:
        faults.append(f"{where}: use is {row['use']!r}, must be one of {', '.join(USES)}")
    if row["register"] not in REGISTERS:
        faults.append(f"{where}: no register {row['register']!r}; there are {', '.join(REGISTERS)}")
    elif row["dimension"] not in REGISTERS[row["register"]] and (
        row["dimension"] != "total" or row["use"] == "primary"
    ):
        faults.append(f"{where}: {row['register']} has no dimension {row['dimension']!r}")
    if not _PERIOD.fullmatch(row["period"]):
        faults.append(f"{where}: period {row['period']!r} is no year, month or span of years")
    needed = ("key", "unit", "scope", "source")
    faults.extend(f"{where}: {key} is empty" for key in needed if not row[key].strip())
    try:
        value = float(row["value"])
    except ValueError:
        value = math.nan
    if not (math.isfinite(value) and value >= 0.0):
        faults.append(f"{where}: value {row['value']!r} is no number of 0 or more")
    if len(faults) > before:
        return None
    return Target(**{key: row[key] for key in COLUMNS if key != "value"}, value=value)


def read_targets(rows: Sequence[Mapping[str, str]]) -> tuple[Target, ...]:
    """Targets from rows of the table, checked.

    Args:
        rows: With the columns of `COLUMNS`, all as text.

    Raises:
        DataError: With every fault, one a line.
    """
    faults: list[str] = []
    found: dict[str, Target] = {}
    for number, row in enumerate(rows, start=2):
        if tuple(row) != COLUMNS or any(row[key] is None for key in COLUMNS):
            faults.append(f"targets.csv:{number}: expected the columns {','.join(COLUMNS)}")
            continue
        target = _read_row(row, faults)
        if target is None:
            continue
        if target.id in found:
            faults.append(f"targets.csv: {target.id}: stands twice")
        found[target.id] = target
    if faults:
        raise DataError("\n".join(faults))
    return tuple(found.values())


@cache
def targets() -> tuple[Target, ...]:
    """Every published count, in the order of ``data/targets.csv``.

    Raises:
        DataError: If the table contradicts itself; with every fault.
    """
    return read_targets(read_table("targets.csv"))


def for_register(name: str) -> tuple[Target, ...]:
    """Counts of one register; none for a register nobody has published.

    Args:
        name: A key of `REGISTERS`.

    Raises:
        KeyError: If there is no such register; the message gives the nearest.
    """
    if name not in REGISTERS:
        near = difflib.get_close_matches(name, REGISTERS, n=1)
        hint = f" (did you mean {near[0]}?)" if near else ""
        raise KeyError(f"no register {name!r}{hint}; there are {', '.join(REGISTERS)}")
    return tuple(target for target in targets() if target.register == name)
