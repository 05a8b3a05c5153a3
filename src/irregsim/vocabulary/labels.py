"""Words for readers, by language.

Codes in tables are fixed; what readers see of them in plots, reports and the browser is in tables of words: one row a
key, one column a language. ``data/labels.csv`` is the first; those of the levers and of the workshop are beside it
(`TABLES`). Keys begin with what they name: ``strategy.synlig``, ``exit.videre``, ``lever.fines.worker_nok.meaning``,
``sentence.hidden_levels``.

A language is added as a column. Words that it lacks are taken from English, then from Norwegian (`ALWAYS`), which every
text has. The same order holds for what files say by language, such as the title of a scenario.
A city needs no row: it has its own name in every language.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

from irregsim.vocabulary.codes import CITIES
from irregsim.vocabulary.shipped import DataError, columns_of, read_table

#: Tables of words. The first names the languages; the others have the same columns, or fewer.
TABLES: Final = ("labels.csv", "labels_levers.csv", "labels_screen.csv", "labels_workshop.csv")

#: Languages there are words in: the columns of the first table after the key.
LANGUAGES: Final = columns_of(TABLES[0])[1:]

#: Languages that every text has, in the order in which they stand in for a missing one.
ALWAYS: Final = ("en", "nb")


def read_labels(tables: Mapping[str, Sequence[Mapping[str, str]]]) -> dict[str, dict[str, str]]:
    """Texts from rows of the tables, checked.

    Args:
        tables: Rows by the name of a table, with the columns ``key``, all of `ALWAYS` and any of `LANGUAGES`.

    Returns:
        Texts by key, then by language, in the order of the rows; without those that a language lacks.

    Raises:
        DataError: With every fault, one a line.
    """
    faults: list[str] = []
    found: dict[str, dict[str, str]] = {}
    for table, rows in tables.items():
        for number, row in enumerate(rows, start=2):
            where = f"{table}:{number}"
            columns = tuple(row)
            known = columns[:1] == ("key",) and set(ALWAYS) <= set(columns[1:]) <= set(LANGUAGES)
            if not known or any(text is None for text in row.values()):
                faults.append(f"{where}: expected the columns key,{','.join(LANGUAGES)}")
                continue
            key = row["key"]
            if key in found:
                faults.append(f"{where}: duplicate {key}")
            texts = {language: row[language] for language in columns[1:] if row[language].strip()}
            lacking = (one for one in LANGUAGES if one in ALWAYS and one not in texts)
            faults.extend(f"{where}: {key} has no text in {one}" for one in lacking)
            found[key] = texts
    if faults:
        raise DataError("\n".join(faults))
    return found


@cache
def labels() -> Mapping[str, Mapping[str, str]]:
    """Every text by key, then by language.

    Raises:
        DataError: If a table is not sound; with every fault.
    """
    cities = {f"city.{city}": dict.fromkeys(LANGUAGES, city) for city in CITIES}
    return cities | read_labels({table: read_table(table) for table in TABLES})


def label(key: str, lang: str = "en") -> str:
    """The words for a key; in a language that lacks them, those of the first of `ALWAYS`.

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
    return in_language(known[key], lang)


def in_language(texts: Mapping[str, str], lang: str) -> str:
    """One of the texts: in the language asked for, else in the first of `ALWAYS` that there is, else the first.

    Args:
        texts: By language; at least one.
        lang: Language.
    """
    return next(texts[one] for one in (lang, *ALWAYS, *texts) if one in texts)


def by_language(texts: str | Mapping[str, str]) -> dict[str, str]:
    """What a file says, by language: one text counts for all, and those of `ALWAYS` that it lacks take its first.

    Args:
        texts: One text, or by language.

    Returns:
        By language, in the order of `LANGUAGES`: all of `ALWAYS`, and the others that were written.
    """
    if isinstance(texts, str):
        return {lang: texts for lang in LANGUAGES if lang in ALWAYS}
    first = next(iter(texts.values()), "")
    wanted = (lang for lang in dict.fromkeys((*LANGUAGES, *texts)) if lang in texts or lang in ALWAYS)
    return {lang: texts.get(lang, first) for lang in wanted}


@dataclass(frozen=True)
class Text:
    """One text in every language there is of it; called with a language.

    Attributes:
        texts: By language.
        key: Of its row, if it has one.
    """

    texts: Mapping[str, str]
    key: str = ""

    def __call__(self, lang: str) -> str:
        """The words in a language, or those that stand in for them (`in_language`)."""
        return in_language(self.texts, lang)


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
