"""Faults of a scenario file in the reader's language.

Whoever reads a file notes a fault in English, since its text is part of what decides a run. Here it is put into other
languages, by the table ``data/fault_words.csv``: a row for each kind, ``{}`` or ``{=}`` for what differs, and ``{0}``,
``{1}`` where it goes. What stands in ``{}`` is put into the language too where the table, or the words of a lever, have
it; what stands in ``{=}`` is of the file, and stays. A kind that the table lacks stays in English.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

from irregsim.scenario import Fault
from irregsim.vocabulary.labels import labels
from irregsim.vocabulary.plain_text import plain
from irregsim.vocabulary.shipped import columns_of, read_table

#: The table of faults; its first column is the text as it is noted.
TABLE: Final = "fault_words.csv"

_NOTED: Final = "en"

#: A hint at the end of a message.
_HINT: Final = re.compile(r"(?s)(.+?) \(([^()]*(?:\([^()]*\)[^()]*)*)\)")

#: Where a fault is: a path of keys, such as ``levers.controls.identity_checks.Oslo[0]``.
_PATH: Final = re.compile(r"(?s)([A-Za-z_][\w.\[\]æøåÆØÅ -]*): (.+)")

_PLACE: Final = re.compile(r"\{=?\}")

#: Places within places, at most.
_DEEPEST: Final = 4


def fault_words(message: str, lang: str) -> str:
    """The message of a fault in a language, as far as there are words for it.

    Args:
        message: As `irregsim.scenario.Fault` has it.
        lang: Language.
    """
    if lang == _NOTED or lang not in columns_of(TABLE):
        return message
    return _said(message, lang) or message


def fault_line(text: str, lang: str) -> str:
    """A path of keys and a message behind it, or a message alone, in a language."""
    whole = fault_words(text, lang)
    found = _PATH.fullmatch(text)
    if whole != text or found is None:
        return whole
    return f"{found[1]}: {fault_words(found[2], lang)}"


def fault_text(fault: Fault, lang: str) -> str:
    """A fault on a line, with file, line and column before it as editors read them, and its message in a language."""
    line, noted = str(fault), plain(fault.message)
    said = plain(fault_words(fault.message, lang))
    return line.removesuffix(noted) + said if line.endswith(noted) else line


def _said(text: str, lang: str, depth: int = 0) -> str | None:
    """A text in a language; None where there are no words for it."""
    if depth > _DEEPEST:
        return None
    hinted = _HINT.fullmatch(text)
    for kind in _kinds(lang):
        # A hint belongs to a row that ends with one; behind any other it is taken off first.
        found = None if hinted and not kind.has_hint else kind.pattern.fullmatch(text)
        if found is None or not all(map(_is_whole, found.groups())):
            continue
        return kind.filled(
            [
                part if stays else _said(part, lang, depth + 1) or part
                for part, stays in zip(found.groups(), kind.stays, strict=True)
            ]
        )
    if hinted:
        said = _said(hinted[1], lang, depth + 1)
        return None if said is None else f"{said} ({_said(hinted[2], lang, depth + 1) or hinted[2]})"
    return _words_of_levers(lang).get(text)


def _is_whole(part: str) -> bool:
    """Whether no parenthesis begins or ends outside a part."""
    depth = 0
    for letter in part:
        depth += (letter == "(") - (letter == ")")
        if depth < 0:
            return False
    return depth == 0


@dataclass(frozen=True)
class _Kind:
    """A row of the table: the pattern of the text, which places stay as they are, and what is said."""

    pattern: re.Pattern[str]
    stays: tuple[bool, ...]
    has_hint: bool
    said: str

    def filled(self, parts: Sequence[str]) -> str:
        """What is said, with its places filled; not by `format`, since texts have braces of their own."""
        return re.sub(r"\{(\d)\}", lambda place: parts[int(place[1])], self.said)


@cache
def _kinds(lang: str) -> tuple[_Kind, ...]:
    """Every row: text of the file first, in which anything may stand; then what ends a message; then by own letters."""

    def order(row: Mapping[str, str]) -> tuple[bool, bool, int]:
        noted = row[_NOTED]
        return not noted.startswith("the text"), not noted.startswith("{}"), -len(_PLACE.sub("", noted))

    out = []
    for row in sorted(read_table(TABLE), key=order):
        noted = row[_NOTED]
        pattern = re.compile("(?s)" + "(.+?)".join(map(re.escape, _PLACE.split(noted))))
        stays = tuple(place == "{=}" for place in _PLACE.findall(noted))
        out.append(_Kind(pattern, stays, noted.endswith(")"), row[lang]))
    return tuple(out)


@cache
def _words_of_levers(lang: str) -> dict[str, str]:
    """Units and meanings of levers, by their English text."""
    return {
        texts[_NOTED]: texts[lang]
        for key, texts in labels().items()
        if key.startswith(("lever_unit.", "lever_part.", "lever.")) and _NOTED in texts and lang in texts
    }
