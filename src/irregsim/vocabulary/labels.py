"""Words for readers, in Norwegian and English.

Codes in tables are fixed; what readers see of them in plots, reports and the browser stands in
``data/labels.csv``, one row a key. Keys begin with what they name: ``strategy.synlig``, ``exit.videre``,
``outcome.care_needed``, ``title.exits``, ``sentence.hidden_levels``.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Final

from irregsim.vocabulary.reference import DataError, read_table

LANGUAGES: Final = ("nb", "en")


def read_labels(rows: Sequence[Mapping[str, str]]) -> dict[str, dict[str, str]]:
    """Labels from rows of the table, checked.

    Args:
        rows: With the columns ``key``, ``nb`` and ``en``.

    Returns:
        Texts by key, then by language, in the order of the rows.

    Raises:
        DataError: With every fault, one a line.
    """
    faults: list[str] = []
    found: dict[str, dict[str, str]] = {}
    for number, row in enumerate(rows, start=2):
        if tuple(row) != ("key", *LANGUAGES) or any(row[column] is None for column in row):
            faults.append(f"labels.csv:{number}: expected the columns key,{','.join(LANGUAGES)}")
            continue
        key = row["key"]
        if key in found:
            faults.append(f"labels.csv:{number}: {key} stands twice")
        faults.extend(
            f"labels.csv:{number}: {key} has no text in {language}"
            for language in LANGUAGES
            if not row[language].strip()
        )
        found[key] = {language: row[language] for language in LANGUAGES}
    if faults:
        raise DataError("\n".join(faults))
    return found


@cache
def labels() -> Mapping[str, Mapping[str, str]]:
    """Every text by key, then by language.

    Raises:
        DataError: If the table is not sound; with every fault.
    """
    return read_labels(read_table("labels.csv"))


def label(key: str, lang: str = "en") -> str:
    """The words for a key.

    Args:
        key: Such as ``strategy.synlig``.
        lang: ``nb`` or ``en``.

    Raises:
        KeyError: If there is no such language or key; the message gives the nearest key.
    """
    if lang not in LANGUAGES:
        raise KeyError(f"no language {lang!r}; there are {', '.join(LANGUAGES)}")
    known = labels()
    if key not in known:
        near = difflib.get_close_matches(key, known, n=1)
        hint = f" (did you mean {near[0]}?)" if near else ""
        raise KeyError(f"no label {key!r}{hint}")
    return known[key][lang]
