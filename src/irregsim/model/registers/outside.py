"""Parts of published totals that are outside the latent population: citizens of the EU and EEA.

They are dated counts as published (`data/register_scope.csv`), taken as given. Nothing is fitted, filled in or carried
to another year: a year without a published part has no wider count.
"""

from __future__ import annotations

from functools import cache
from typing import Final

import numpy as np

from irregsim.vocabulary.reference import DataError, read_table

FILE: Final = "register_scope.csv"
COLUMNS: Final = ("register", "part", "year", "count", "unit", "status", "evidence_grade", "source", "url", "note")

#: Published totals wider than the register's own, and where the register has its wider count: from register,
#: dimension and key of a target of use ``context`` to dimension and key of a run's registers.
WIDER: Final[dict[tuple[str, str, str], tuple[str, str]]] = {
    ("udi_expulsions", "total", "total"): ("scope", "with_eu_eea"),
}


@cache
def outside_parts() -> dict[tuple[str, str], dict[int, int]]:
    """Published counts outside the latent population: (register, part) to year to count.

    Raises:
        DataError: With every fault of the file.
    """
    out: dict[tuple[str, str], dict[int, int]] = {}
    faults: list[str] = []
    for number, row in enumerate(read_table(FILE), start=2):
        where = f"{FILE}:{number}"
        if tuple(row) != COLUMNS:
            faults.append(f"{where}: expected the columns {','.join(COLUMNS)}")
            continue
        if not row["count"].isdigit() or not row["year"].isdigit():
            faults.append(f"{where}: year and count must be whole numbers of 0 or more")
            continue
        if row["evidence_grade"] not in ("A", "B", "C", "D") or not row["source"].strip():
            faults.append(f"{where}: every count has a source and a grade A to D")
        years = out.setdefault((row["register"], row["part"]), {})
        if int(row["year"]) in years:
            faults.append(f"{where}: duplicate {row['year']}")
        years[int(row["year"])] = int(row["count"])
    if faults:
        raise DataError("\n".join(faults))
    return out


def outside(register: str, part: str, year: int, scale: float = 1.0) -> int | None:
    """Published count of a part outside the latent population.

    Args:
        register: Name of the register.
        part: Such as ``eu_eea``.
        year: Calendar year.
        scale: Size of the population relative to Norway's; the part is scaled and rounded half up.

    Returns:
        The count, or None where none was published for that year.
    """
    count = outside_parts().get((register, part), {}).get(year)
    return None if count is None else int(np.floor(count * scale + 0.5))
