"""Words for readers, by language.

Codes in tables are fixed; what readers see of them in plots, reports and the browser is in ``data/labels.csv``: one row
a key, one column a language. Keys begin with what they name: ``strategy.synlig``, ``exit.videre``,
``outcome.care_needed``, ``title.exits``, ``sentence.hidden_levels``. A language is added as a column. A city needs
no row: it has its own name in every language.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

from irregsim.vocabulary.codes import CITIES
from irregsim.vocabulary.shipped import DataError, columns_of, read_table

_TABLE: Final = "labels.csv"

#: Languages there are words in: the columns of the table after the key.
LANGUAGES: Final = columns_of(_TABLE)[1:]


def read_labels(rows: Sequence[Mapping[str, str]]) -> dict[str, dict[str, str]]:
    """Labels from rows of the table, checked.

    Args:
        rows: With the column ``key`` and one for each of `LANGUAGES`.

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
            faults.append(f"labels.csv:{number}: duplicate {key}")
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
    cities = {f"city.{city}": dict.fromkeys(LANGUAGES, city) for city in CITIES}
    return cities | read_labels(read_table(_TABLE))


def label(key: str, lang: str = "en") -> str:
    """The words for a key.

    Args:
        key: Such as ``strategy.synlig``.
        lang: One of `LANGUAGES`.

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


@dataclass(frozen=True)
class Words:
    """Words of one language whose keys begin alike; called with the end of a key.

    Attributes:
        lang: One of `LANGUAGES`.
        space: What the keys begin with, such as ``compare``; empty where whole keys are given.
    """

    lang: str
    space: str = ""

    def __call__(self, key: str, **values: object) -> str:
        """The words for a key, with values put in where the text has places for them.

        Raises:
            KeyError: If there is no such language, key or place.
        """
        text = label(f"{self.space}.{key}" if self.space else key, self.lang)
        return text.format(**values) if values else text
