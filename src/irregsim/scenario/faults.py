"""What is wrong with a scenario file, and where."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import islice
from pathlib import Path

from irregsim.vocabulary.plain_text import is_unseen, plain

_LONGEST_WORD = 60

#: How a message begins that a file is not there.
NO_FILE = "no such file"

#: Files of a folder that are compared with a name, at most.
_MOST_FILES = 500

#: How the name of a scenario file ends.
_ENDINGS = (".yaml", ".yml")

MOST_FAULTS = 200
"""Faults listed of one file."""

MOST_NEAR = 20
"""Words of one file for which the nearest known one is looked for, which takes time."""


@dataclass(frozen=True, order=True)
class Fault:
    """One thing wrong, at one place of one file.

    Attributes:
        file: File as the user wrote it, or ``--set`` or ``--end``.
        line: Line, from 1; 1 where a file has no lines.
        column: Column, from 1.
        path: Dotted key path, such as ``levers.fines.worker_nok``; empty for the file as a whole.
        message: What is wrong, what is allowed, what to do.
    """

    file: str
    line: int
    column: int
    path: str
    message: str

    def __str__(self) -> str:
        # A file that is not there has no lines.
        place = "" if self.message.startswith(NO_FILE) else f":{self.line}:{self.column}"
        where = f"{self.file}{place}: "
        return plain(where + (f"{self.path}: {self.message}" if self.path else self.message))


class EnoughFaults(Exception):
    """A file has as many faults as are listed; the rest of it is not looked at."""


def and_more(faults: list[Fault]) -> Fault:
    """What is said behind the last of `MOST_FAULTS` faults of a file, where there may be more."""
    last = max(faults, key=lambda fault: (fault.line, fault.column))
    message = f"{len(faults)} faults are listed; mend these first, since there may be more"
    return Fault(last.file, last.line, last.column, "", message)


class ScenarioError(Exception):
    """A scenario cannot be used; ``faults`` holds every reason.

    Attributes:
        faults: At least one fault, by line and column within each file.
    """

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults: tuple[Fault, ...] = tuple(faults)
        super().__init__("\n".join(str(fault) for fault in self.faults))

    def __reduce__(self) -> tuple[type[ScenarioError], tuple[tuple[Fault, ...]]]:
        """Pickle by the faults, so that the error survives the way back from another process."""
        return ScenarioError, (self.faults,)


def shorten(text: str, limit: int = _LONGEST_WORD) -> str:
    """A piece of the user's text on one line, cut where it is long."""
    line = "".join(letter if letter.isprintable() else "?" for letter in text[: limit + 1])
    return line if len(line) <= limit else line[: limit - 3] + "..."


def invisible(text: str) -> int | None:
    """Where a text first has a character that looks like a space, or like nothing, and is no space; None where none."""
    for place, letter in enumerate(text[: 4 * _LONGEST_WORD]):
        if letter not in " \t\n" and (is_unseen(letter) or unicodedata.category(letter) == "Zs"):
            return place
    return None


def nearest(word: str, known: Iterable[str]) -> str:
    """``did you mean x?`` for the nearest known word, or nothing.

    Case is ignored. Long words are not compared, because comparing takes time with the square of the length.
    """
    if len(word) > _LONGEST_WORD:
        return ""
    lower = {name.lower(): name for name in known}
    found = get_close_matches(word.lower(), lower, n=1, cutoff=0.6)
    return f"did you mean {lower[found[0]]}?" if found else ""


def near_file(shown: str, folder: Path, shipped: Iterable[str]) -> str:
    """``did you mean x?`` for a scenario that is neither shipped nor a file.

    Args:
        shown: What was written: the name of a shipped scenario, or of a file.
        folder: Where files are looked for; at most `_MOST_FILES` of them.
        shipped: Names of the shipped scenarios.

    Returns:
        The file of that name with its ending, the shipped scenario of that name without it, or else the nearest of
        both; empty for none.
    """
    name = shown.replace("\\", "/").rpartition("/")[2]
    before = shown[: len(shown) - len(name)]
    try:
        near_by = [file.name for file in islice(folder.iterdir(), _MOST_FILES) if file.suffix in _ENDINGS]
        files = sorted(one for one in near_by if not one.startswith("."))
    except (OSError, ValueError):
        files = []
    for ending in _ENDINGS:
        if name + ending in files:
            return f"did you mean {before}{name}{ending}?"
    if name.removesuffix(".yaml") in shipped:
        return f"the shipped scenario is called {name.removesuffix('.yaml')}, without .yaml"
    known = {file: before + file for file in files} | ({} if before else {one: one for one in shipped})
    if len(name) > _LONGEST_WORD:
        return ""
    lower = {one.lower(): text for one, text in known.items()}
    near = get_close_matches(name.lower(), lower, n=1, cutoff=0.6)
    return f"did you mean {lower[near[0]]}?" if near else ""


def hinted(message: str, *hints: str) -> str:
    """A message followed by the first hint that says something, in parentheses."""
    hint = next((hint for hint in hints if hint), "")
    return f"{message} ({hint})" if hint else message
