"""Single values of a scenario file: read, checked, and every fault noted with what was probably meant."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterable
from functools import cache

from irregsim.scenario.attributes import Written, names_of
from irregsim.scenario.faults import (
    MOST_FAULTS,
    MOST_NEAR,
    EnoughFaults,
    Fault,
    hinted,
    invisible,
    nearest,
    shorten,
)
from irregsim.scenario.levers import By, Holds, Lever, Part, number_text, words
from irregsim.scenario.yaml_nodes import Mark, Node
from irregsim.vocabulary import reference
from irregsim.vocabulary.codes import month_number, month_text

LAST_MONTH = month_number("2100-12")
"""Latest month a scenario may name."""

LONGEST_TEXT = 5_000

#: Letters of the name of a new reception centre, at most.
LONGEST_NAME = 40

#: Letters of a number or a month about which hints are given.
_LONGEST_HINTED = 60


@cache
def country_names() -> dict[str, str]:
    """Every accepted spelling of a country (lower case) to its name in tabell 10.4."""
    names: dict[str, str] = {}
    for country in reference.countries():
        if country.name != "Andre":
            for spelling in (country.name, country.name_en, country.iso):
                if spelling:
                    names.setdefault(spelling.lower(), country.name)
    return names


def found(node: Node) -> str:
    """What a node contains, for a message."""
    if node.kind != "scalar":
        return f"a {node.kind}"
    if node.value is None:
        return "nothing" if not node.text else "null"
    if isinstance(node.value, bool):
        return "true" if node.value else "false"
    if isinstance(node.value, str):
        return f"the text '{shorten(node.value)}'"
    return f"the number {shorten(node.text)}"


class Bad:
    """A value that could not be read; its fault has been noted."""


BAD = Bad()
"""The one `Bad`."""


class ValueChecker:
    """Checks single values and collects every fault.

    Args:
        shown: Name of the file in messages.
        fixed: Put every fault at 1:1, for text that is not from a file.
    """

    def __init__(self, shown: str, *, fixed: bool = False) -> None:
        self.shown = shown
        self.fixed = fixed
        self.faults: list[Fault] = []
        self.warnings: list[str] = []
        self._near = 0

    def fault(self, mark: Mark, path: str, message: str) -> None:
        """Note one fault.

        Raises:
            EnoughFaults: If as many have been noted as are listed of one file.
        """
        line, column = (1, 1) if self.fixed else (mark.line, mark.column)
        self.faults.append(Fault(self.shown, line, column, path, message))
        if len(self.faults) >= MOST_FAULTS:
            raise EnoughFaults

    def nearest(self, word: str, known: Iterable[str]) -> str:
        """As `faults.nearest`, for the first words that are not known; nothing for those after them."""
        self._near += 1
        return nearest(word, known) if self._near <= MOST_NEAR else ""

    def value(self, node: Node, path: str, spec: Lever | Part) -> Written | int | Bad:
        """A value of the type that a lever or a part holds; `BAD` after a fault."""
        if spec.nullable and node.kind == "scalar" and node.value is None and not node.quoted:
            return None
        result: Written | int | None
        if spec.holds is Holds.NUMBER:
            result = self.number(node, path, spec.low, spec.high, words(spec).unit)
        elif spec.holds is Holds.TRUE_FALSE:
            result = self.true_false(node, path)
        elif spec.holds is Holds.MONTH:
            result = self.month(node, path)
        elif spec.holds is Holds.COUNTRY:
            result = self.country(node, path)
        elif spec.holds is Holds.CENTRE:
            result = self.one_of(node, path, names_of(By.CENTRE), "reception centre")
        elif spec.holds is Holds.DISTRICT:
            result = self.one_of(node, path, names_of(By.DISTRICT), "police district")
        elif spec.holds is Holds.OPTION:
            assert isinstance(spec, Lever), "only levers have options"
            result = self.one_of(node, path, spec.options, words(spec).unit)
        else:
            result = self.text(node, path)
        return BAD if result is None else result

    def number(self, node: Node, path: str, low: float, high: float, unit: str) -> float | None:
        """A finite number in a range, or None after a fault."""
        value = node.value
        if node.kind != "scalar" or isinstance(value, bool | str) or value is None:
            expected = f"must be a number from {number_text(low)} to {number_text(high)} ({unit})"
            self.fault(node.mark, path, hinted(f"{expected}, found {found(node)}", _number_hint(node), unseen(node)))
            return None
        if not math.isfinite(value):
            self.fault(node.mark, path, f"{shorten(node.text)} is not a finite number ({unit})")
            return None
        if not low <= value <= high:
            hint = ""
            if high == 1.0 and 2 <= value <= 100:
                hint = f"write {number_text(value)} percent as {number_text(round(value / 100, 6))}"
            self.fault(
                node.mark,
                path,
                hinted(f"{shorten(node.text)} is outside {number_text(low)} to {number_text(high)}, {unit}", hint),
            )
            return None
        if _POINT_FOR_THOUSANDS.fullmatch(node.text) and not node.quoted and "NOK" in unit:
            meant = node.text.replace(".", "")
            self.warnings.append(
                f"{path}: {node.text} is {number_text(value)}, since a point begins the decimals; write {meant} if you "
                "mean that"
            )
        return float(value) + 0.0  # -0.0 and 0.0 are one value

    def integer(self, node: Node, path: str, low: int, high: int, what: str) -> int | None:
        """A whole number in a range, or None after a fault."""
        value = node.value
        if node.kind != "scalar" or isinstance(value, bool) or not isinstance(value, int):
            hint = _number_hint(node) if not isinstance(value, float) else ""
            expected = f"must be a whole number from {low} to {high}, found {found(node)}"
            self.fault(node.mark, path, hinted(expected, hint, unseen(node)))
            return None
        if not low <= value <= high:
            self.fault(node.mark, path, f"{shorten(node.text)} is outside {low} to {high}, {what}")
            return None
        return value

    def true_false(self, node: Node, path: str) -> bool | None:
        """True or false, or None after a fault."""
        if node.kind == "scalar" and isinstance(node.value, bool):
            return node.value
        hint = ""
        word = node.text.strip().lower()
        if node.kind == "scalar" and node.quoted and word in ("true", "false"):
            hint = f"write {word} without quotes"
        elif word in ("yes", "on", "y", "ja", "1"):
            hint = "write true"
        elif word in ("no", "off", "n", "nei", "0"):
            hint = "write false"
        self.fault(node.mark, path, hinted(f"must be true or false, found {found(node)}", unseen(node), hint))
        return None

    def month(self, node: Node, path: str) -> int | None:
        """A month number, or None after a fault."""
        if node.kind != "scalar" or not isinstance(node.value, str):
            hint = ""
            if node.kind == "scalar" and re.fullmatch("[0-9]{4}", node.text):
                hint = f"write {node.text}-01"
            self.fault(node.mark, path, hinted(f"must be a month, YYYY-MM, found {found(node)}", hint))
            return None
        text = node.value
        try:
            month = month_number(text)
        except ValueError:
            hints = (_month_hint(text), unseen(node), "write YYYY-MM")
            self.fault(node.mark, path, hinted(f"'{shorten(text)}' is not a month", *hints))
            return None
        if month < 0:
            self.fault(node.mark, path, f"{text} is before 2009-01, where every simulation begins")
            return None
        if month > LAST_MONTH:
            self.fault(node.mark, path, f"{text} is after {month_text(LAST_MONTH)}, the last month accepted")
            return None
        return month

    def text(self, node: Node, path: str) -> str | None:
        """Text that is not empty, or None after a fault."""
        if node.kind != "scalar" or not isinstance(node.value, str):
            hint = "put it in quotes" if node.kind == "scalar" and node.value is not None else ""
            self.fault(node.mark, path, hinted(f"must be text, found {found(node)}", hint))
            return None
        text = node.value.strip()
        if not text:
            self.fault(node.mark, path, "is empty text")
            return None
        # Looked at first: to compose a row of accents takes time with the square of its length.
        if len(text) > LONGEST_TEXT:
            self.fault(node.mark, path, f"is longer than {LONGEST_TEXT} letters")
            return None
        return unicodedata.normalize("NFC", text)

    def country(self, node: Node, path: str) -> str | None:
        """A country's name in tabell 10.4, or None after a fault."""
        text = self.text(node, path)
        if text is None:
            return None
        names = country_names()
        if text.lower() in names:
            return names[text.lower()]
        if text.lower() in ("andre", "other", "others"):
            self.fault(node.mark, path, f"'{text}' pools many countries; an agreement is with one country")
            return None
        spellings = [c.name for c in reference.countries()] + [c.name_en for c in reference.countries()]
        self.fault(
            node.mark,
            path,
            hinted(
                f"no country '{shorten(text)}'",
                self.nearest(text, [name for name in spellings if name.lower() in names]),
                "use a name of tabell 10.4, its English name or its ISO code",
            ),
        )
        return None

    def new_centre(self, node: Node, path: str) -> str | Bad:
        """The name of a centre that is not in the data; `BAD` after a fault."""
        text = self.text(node, path)
        if text is None:
            return BAD
        known = {name.casefold(): name for name in names_of(By.CENTRE)}
        if text.casefold() in known:
            name = known[text.casefold()]
            message = f"{name} is there already; to open it again leave out district and places, or give another name"
            self.fault(node.mark, path, message)
            return BAD
        if not 1 <= len(text) <= LONGEST_NAME:
            self.fault(node.mark, path, f"must be a name of 1 to {LONGEST_NAME} characters, found {len(text)}")
            return BAD
        return text

    def one_of(self, node: Node, path: str, known: Iterable[str], what: str) -> str | None:
        """One of some words, or None after a fault."""
        known = tuple(known)
        if node.kind != "scalar" or not isinstance(node.value, str):
            self.fault(node.mark, path, f"must be one of {listed(known)}, found {found(node)}")
            return None
        text = self.text(node, path)
        if text is None or text in known:
            return text
        self.fault(
            node.mark,
            path,
            hinted(f"no {what} '{shorten(text)}'", self.nearest(text, known), f"known: {listed(known)}"),
        )
        return None


def listed(words: Iterable[str]) -> str:
    """Words with commas."""
    return ", ".join(words)


#: A number that looks like thousands as they are written in Norway.
_POINT_FOR_THOUSANDS = re.compile(r"[1-9][0-9]{0,2}\.[0-9]{3}")


def unseen(node: Node) -> str:
    """Which character of a value cannot be seen, and where; nothing where all can."""
    if node.kind != "scalar":
        return ""
    place = invisible(node.text)
    if place is None:
        return ""
    letter = node.text[place]
    name = unicodedata.name(letter, "")
    where = "" if node.quoted else f" at column {node.mark.column + place}"
    return f"invisible character U+{ord(letter):04X}{f' {name}' if name else ''}{where}; delete it"


def _number_hint(node: Node) -> str:
    """What a text that should be a number probably meant."""
    if node.kind != "scalar" or not isinstance(node.value, str) or len(node.value) > _LONGEST_HINTED:
        return ""
    text = node.value.strip()
    folded = unicodedata.normalize("NFKC", text)
    if re.fullmatch(r"[-+]?[0-9]+(\.[0-9]+)?([eE][-+]?[0-9]+)?", text):
        return "write it without quotes" if node.quoted else unseen(node)
    if re.fullmatch(r"[0-9]{1,3}([ _'.\u00a0\u202f][0-9]{3})+", text):
        return f"write {re.sub('[^0-9]', '', text)}"
    if re.fullmatch(r"[0-9]+,[0-9]+", text):
        return f"write {text.replace(',', '.')} with a decimal point"
    if re.fullmatch(r"[0-9]+(\.[0-9]+)? ?%", text):
        return f"write {number_text(round(float(text.rstrip('% ')) / 100, 6))}"
    if re.fullmatch(r"[0-9]+(:[0-9]+)+", text):
        return "numbers with colons are not read as base 60"
    if folded != text and re.fullmatch(r"[-+]?[0-9.]+", folded):
        return f"write it with the digits 0 to 9: {folded}"
    return ""


def _month_hint(text: str) -> str:
    """What a text that should be a month probably meant."""
    if len(text) > _LONGEST_HINTED:
        return ""
    folded = unicodedata.normalize("NFKC", text)
    if folded != text and re.fullmatch("[0-9]{4}-[0-9]{2}", folded):
        return f"write it with the digits 0 to 9: {folded}"
    if re.fullmatch("[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
        return f"write the month alone: {text[:7]}"
    if re.fullmatch("[0-9]{4}-[0-9]", text):
        return f"write {text[:5]}0{text[5]}"
    if re.fullmatch("[0-9]{4}-[0-9]{2}", text):
        return f"there is no month {text[5:]}"
    return ""
