"""One scenario file, checked against the registry of levers: nodes in, values and faults out.

Nothing here knows about parents: what depends on another file (inherited entries, the period) is checked
where layers are merged. A fault never stops the rest from being checked.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache

from irregsim import reference
from irregsim.levers import REGISTRY, By, Holds, Kind, Lever, Part, number_text
from irregsim.scenario.faults import Fault, hinted, nearest, shorten
from irregsim.scenario.yaml_nodes import Mark, Node
from irregsim.vocabulary import CITIES, DISTRICTS, month_number, month_text

ALWAYS = -1_000_000
"""Month of a bare value: before any month of any simulation."""

LAST_MONTH = month_number("2100-12")
"""Latest month a scenario may name."""

MOST_REPLICATES = 1_000_000
LARGEST_SEED = 2**63 - 1
LONGEST_TEXT = 5_000
NAME_PATTERN = "[A-Za-z0-9][A-Za-z0-9_-]{0,63}"
"""A scenario's name, which also names a folder."""

TOP_KEYS = ("schema", "name", "title", "description", "extends", "period", "levers", "assumptions", "run")
LANGUAGES = ("nb", "en")

Value = bool | float | str | None


@dataclass(frozen=True)
class Point:
    """A value from a month on (`ALWAYS` for a bare value).

    Attributes:
        month: Month number, or ``ALWAYS``.
        value: Number, true or false, option, or None.
        reference: Where it comes from; may be empty.
        mark: Where it stands in its file.
    """

    month: int
    value: Value
    reference: str = ""
    mark: Mark = Mark(1, 1)


@dataclass(frozen=True)
class Entry:
    """An entry with several keys, such as a return agreement.

    Attributes:
        values: Value by key, defaults filled in; months as month numbers; a missing ``to`` is absent.
        marks: Place of each value that was written.
        mark: Place of the entry.
        path: Key path of the entry.
    """

    values: Mapping[str, Value | int]
    marks: Mapping[str, Mark]
    mark: Mark
    path: str

    def month(self, key: str) -> int | None:
        """Month number under a key, or None."""
        value = self.values.get(key)
        return value if isinstance(value, int) and not isinstance(value, bool) else None


Path = tuple[Point, ...]
Given = Path | dict[str, Path] | dict[int, Point] | tuple[Entry, ...]


@dataclass
class Document:
    """What one file says.

    Attributes:
        shown: Name of the file in messages.
        name: The scenario's name; empty when the file has none.
        title: Title by language.
        description: Description by language, or one text.
        extends: Parent as written.
        extends_mark: Where it stands.
        start: First month of the period, if stated.
        end: Last month of the period, if stated.
        marks: Places of ``period.start`` and ``period.end``.
        replicates: Replicates, if stated.
        seed: Seed, if stated.
        given: What the file says for each lever and assumption, by full path.
        mark: Place of the root.
    """

    shown: str
    name: str = ""
    title: dict[str, str] | None = None
    description: dict[str, str] | str | None = None
    extends: str | None = None
    extends_mark: Mark = Mark(1, 1)
    start: int | None = None
    end: int | None = None
    marks: dict[str, Mark] = field(default_factory=dict)
    replicates: int | None = None
    seed: int | None = None
    given: dict[str, Given] = field(default_factory=dict)
    mark: Mark = Mark(1, 1)


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


@cache
def names_of(by: By) -> tuple[str, ...]:
    """Names a lever can be set by, in their fixed order."""
    if by is By.CENTRE:
        return tuple(centre.name for centre in reference.centres())
    return {By.DISTRICT: DISTRICTS, By.CITY: CITIES}.get(by, ())


@cache
def registry_tree() -> dict[str, dict[str, Lever | dict[str, Lever]]]:
    """Levers and assumptions as they nest in a file: section, then lever or group of levers."""
    tree: dict[str, dict[str, Lever | dict[str, Lever]]] = {"levers": {}, "assumptions": {}}
    for lever in REGISTRY:
        head, _, tail = lever.key.partition(".")
        if not tail:
            tree[lever.section][head] = lever
        else:
            group = tree[lever.section].setdefault(head, {})
            assert isinstance(group, dict), f"{lever.key}: a lever cannot also be a group"
            group[tail] = lever
    return tree


def found(node: Node) -> str:
    """What stands at a node, for a message."""
    if node.kind != "scalar":
        return f"a {node.kind}"
    if node.value is None:
        return "nothing" if not node.text else "null"
    if isinstance(node.value, bool):
        return "true" if node.value else "false"
    if isinstance(node.value, str):
        return f"the text '{shorten(node.value)}'"
    return f"the number {shorten(node.text)}"


class Checker:
    """Checks one document and collects every fault.

    Args:
        shown: Name of the file in messages.
        fixed: Put every fault at 1:1, for text that is not from a file.
    """

    def __init__(self, shown: str, *, fixed: bool = False) -> None:
        self.shown = shown
        self.fixed = fixed
        self.faults: list[Fault] = []

    def fault(self, mark: Mark, path: str, message: str) -> None:
        """Note one fault."""
        line, column = (1, 1) if self.fixed else (mark.line, mark.column)
        self.faults.append(Fault(self.shown, line, column, path, message))

    # ---- whole file -------------------------------------------------------------------------------------

    def document(self, root: Node, *, partial: bool = False) -> Document:
        """Check a file.

        Args:
            root: Its root node.
            partial: Whether required keys may be missing, for ``--set``.

        Returns:
            All that could be read. It is complete only if no fault was noted.
        """
        document = Document(self.shown, mark=root.mark)
        if root.kind == "scalar" and root.value is None:
            self.fault(root.mark, "", "the file is empty (`irregsim new` writes one to edit)")
            return document
        if root.kind != "mapping":
            self.fault(root.mark, "", f"a scenario is a mapping of keys ({', '.join(TOP_KEYS)}), not {found(root)}")
            return document
        keys = dict.fromkeys(TOP_KEYS, "")
        seen = {key: node for key, _, node in self.pairs(root, "", keys, "key of a scenario")}
        if not partial:
            for key, what in (("schema", "write `schema: 1`"), ("name", "write `name: my-scenario`")):
                if key not in seen:
                    self.fault(root.mark, key, f"is missing ({what})")
        if "schema" in seen and not self._is_one(seen["schema"]):
            self.fault(seen["schema"].mark, "schema", f"must be 1, found {found(seen['schema'])}")
        if "name" in seen:
            document.name = self._name(seen["name"])
        if "title" in seen:
            title = self._texts(seen["title"], "title")
            document.title = dict.fromkeys(LANGUAGES, title) if isinstance(title, str) else title
        if "description" in seen:
            document.description = self._texts(seen["description"], "description")
        if "extends" in seen:
            document.extends = self.text(seen["extends"], "extends")
            document.extends_mark = seen["extends"].mark
        if "period" in seen:
            self._period(seen["period"], document)
        if "run" in seen:
            self._run(seen["run"], document)
        for section, tree in registry_tree().items():
            if section in seen:
                self._section(seen[section], section, tree, document)
        return document

    def _is_one(self, node: Node) -> bool:
        return node.kind == "scalar" and isinstance(node.value, int) and node.value is not True and node.value == 1

    def _name(self, node: Node) -> str:
        name = self.text(node, "name")
        if name is not None and not re.fullmatch(NAME_PATTERN, name):
            self.fault(
                node.mark,
                "name",
                f"'{shorten(name)}' cannot name a folder (letters a to z, digits, - and _; at most 64)",
            )
        return name or ""

    def _texts(self, node: Node, path: str) -> dict[str, str] | str | None:
        """One text, or a text by language; a missing language takes the other's words."""
        if node.kind == "scalar":
            return self.text(node, path)
        texts: dict[str, str] = {}
        for key, _, child in self.pairs(node, path, dict.fromkeys(LANGUAGES, ""), "language"):
            text = self.text(child, f"{path}.{key}")
            if text is not None:
                texts[key] = text
        if not texts:
            if node.kind == "mapping" and not node.pairs:
                self.fault(node.mark, path, "has no text (write {nb: ..., en: ...})")
            return None
        other = next(iter(texts.values()))
        return {language: texts.get(language, other) for language in LANGUAGES}

    def _period(self, node: Node, document: Document) -> None:
        for key, _, child in self.pairs(node, "period", {"start": "", "end": ""}, "key of a period"):
            month = self.month(child, f"period.{key}")
            if month is not None:
                document.marks[key] = child.mark
                if key == "start":
                    document.start = month
                else:
                    document.end = month

    def _run(self, node: Node, document: Document) -> None:
        if node.kind == "scalar" and node.value is None:
            return
        for key, _, child in self.pairs(node, "run", {"replicates": "", "seed": ""}, "key of run"):
            if key == "replicates":
                document.replicates = self.integer(child, "run.replicates", 1, MOST_REPLICATES, "replicates")
            else:
                document.seed = self.integer(child, "run.seed", 0, LARGEST_SEED, "a seed")

    def _section(
        self,
        node: Node,
        section: str,
        tree: Mapping[str, Lever | dict[str, Lever]],
        document: Document,
    ) -> None:
        if node.kind == "scalar" and node.value is None:
            return  # all its lines are commented out
        elsewhere = {lever.key.split(".")[-1]: lever.path for lever in REGISTRY}
        elsewhere |= {lever.key.split(".")[0]: lever.path.rpartition(".")[0] for lever in REGISTRY if "." in lever.key}
        what = "lever" if section == "levers" else "assumption"
        for key, _, child in self.pairs(node, section, dict.fromkeys(tree, ""), what, elsewhere):
            entry = tree[key]
            if isinstance(entry, Lever):
                self._lever(child, entry, document)
            elif child.kind == "scalar" and child.value is None:
                continue
            else:
                group = dict.fromkeys(entry, "")
                for name, _, grandchild in self.pairs(child, f"{section}.{key}", group, what, elsewhere):
                    self._lever(grandchild, entry[name], document)

    def _lever(self, node: Node, lever: Lever, document: Document) -> None:
        given: Given | None
        if lever.kind is Kind.SETTING:
            value = self.value(node, lever.path, lever)
            given = None if isinstance(value, _Bad) else (Point(ALWAYS, value, "", node.mark),)
        elif lever.kind is Kind.DATED:
            given = self.path_by_name(node, lever) if lever.by else self.path(node, lever.path, lever)
        elif lever.kind is Kind.YEARS:
            given = self.years(node, lever)
        elif lever.kind in (Kind.DIRECTIVE, Kind.WINDOW):
            if node.kind == "scalar" and node.value is None:
                given = ()
            else:
                entry = self.entry(node, lever.path, lever.parts, f"{lever.example}, or null")
                given = None if entry is None else (entry,)
        else:
            given = self.entries(node, lever)
        if given is not None:
            document.given[lever.path] = given

    # ---- mappings and entries ---------------------------------------------------------------------------

    def pairs(
        self,
        node: Node,
        path: str,
        known: Mapping[str, str],
        what: str,
        elsewhere: Mapping[str, str] | None = None,
    ) -> Iterator[tuple[str, Node, Node]]:
        """Known keys of a mapping with their key and value nodes; everything else is a fault.

        Args:
            node: The mapping.
            path: Its key path.
            known: Accepted keys.
            what: What a key is, for ``no such ...``.
            elsewhere: Keys known in other places, and where, for hints.
        """
        if node.kind != "mapping":
            self.fault(node.mark, path, f"must be a mapping with {_listed(known)}, found {found(node)}")
            return
        first: dict[str, Mark] = {}
        for key_node, value in node.pairs:
            if key_node.kind != "scalar":
                self.fault(key_node.mark, path, f"a key must be a word, found {found(key_node)}")
                continue
            key = unicodedata.normalize("NFC", key_node.text)
            full = f"{path}.{shorten(key)}" if path else shorten(key)
            if key in first:
                self.fault(key_node.mark, full, f"stands twice (first in line {first[key].line}); keep one")
                continue
            first[key] = key_node.mark
            if key in known:
                yield key, key_node, value
            elif key == "<<":
                self.fault(key_node.mark, full, "merge keys are not used here (`extends` takes over a scenario)")
            else:
                place = (elsewhere or {}).get(key, "")
                hint = f"it belongs at {place}" if place else nearest(key, known)
                self.fault(key_node.mark, full, hinted(f"no such {what}", hint, f"known: {_listed(known)}"))

    def entry(self, node: Node, path: str, parts: Sequence[Part], example: str) -> Entry | None:
        """A mapping with the given parts, or None after a fault."""
        if node.kind != "mapping":
            self.fault(node.mark, path, f"must look like {example}; found {found(node)}")
            return None
        before = len(self.faults)
        by_name = {part.name: part for part in parts}
        values: dict[str, Value | int] = {
            part.name: part.default for part in parts if not part.required and part.default is not None
        }
        marks: dict[str, Mark] = {}
        for key, _, child in self.pairs(node, path, dict.fromkeys(by_name, ""), "key here"):
            value = self.value(child, f"{path}.{key}", by_name[key])
            marks[key] = child.mark
            if not isinstance(value, _Bad):
                values[key] = value
        written = {key.text for key, _ in node.pairs}
        for part in parts:
            if part.required and part.name not in written:
                self.fault(node.mark, f"{path}.{part.name}", f"is missing ({part.meaning})")
        start, end = values.get("from"), values.get("to")
        if isinstance(start, int) and isinstance(end, int) and end < start:
            self.fault(marks["to"], f"{path}.to", f"{month_text(end)} is before from, {month_text(start)}")
        return Entry(values, marks, node.mark, path) if len(self.faults) == before else None

    def entries(self, node: Node, lever: Lever) -> tuple[Entry, ...] | None:
        """A list of entries with different identities."""
        if node.kind != "list":
            self.fault(node.mark, lever.path, f"must be a list such as {lever.example}; found {found(node)}")
            return None
        entries: list[Entry] = []
        first: dict[tuple[object, ...], Mark] = {}
        for index, child in enumerate(node.items):
            entry = self.entry(child, f"{lever.path}[{index}]", lever.parts, lever.example.strip("[]"))
            if entry is None:
                continue
            identity = identity_of(lever, entry)
            if identity in first:
                words = " ".join(month_text(part) if isinstance(part, int) else str(part) for part in identity)
                self.fault(
                    child.mark,
                    entry.path,
                    f"{words} stands twice (first in line {first[identity].line}); keep one",
                )
                continue
            first[identity] = child.mark
            entries.append(entry)
        return tuple(entries)

    def path(self, node: Node, path: str, lever: Lever) -> Path | None:
        """A bare value or a list of ``{from, value}``, or None after a fault."""
        if node.kind == "scalar":
            value = self.value(node, path, lever)
            return None if isinstance(value, _Bad) else (Point(ALWAYS, value, "", node.mark),)
        if node.kind == "mapping":
            keys = {key.text for key, _ in node.pairs}
            hint = "put it in a list: [{from: 2024-01, value: ...}]" if keys & {"from", "value"} else ""
            self.fault(
                node.mark, path, hinted(f"must be {_one(lever)} or a list of {{from, value}}, found a mapping", hint)
            )
            return None
        if not node.items:
            self.fault(node.mark, path, f"is an empty list; write {_one(lever)} or a list of {{from, value}}")
            return None
        points: list[Point] = []
        first: dict[int, Mark] = {}
        before = len(self.faults)
        for child in node.items:
            if child.kind != "mapping":
                self.fault(
                    child.mark, path, f"an entry must look like {{from: 2024-01, value: ...}}; found {found(child)}"
                )
                continue
            month: int | None = None
            value: Value | int | _Bad = _BAD
            reference_text = ""
            seen: set[str] = set()
            for key, _, item in self.pairs(child, path, {"from": "", "value": "", "reference": ""}, "key here"):
                seen.add(key)
                if key == "from":
                    month = self.month(item, path)
                    if month is not None and month in first:
                        self.fault(
                            item.mark,
                            path,
                            f"{month_text(month)} stands twice (first in line {first[month].line}); keep one",
                        )
                    elif month is not None:
                        first[month] = item.mark
                elif key == "value":
                    value = self.value(item, path, lever)
                else:
                    reference_text = self.text(item, f"{path}.reference") or ""
            for key in ("from", "value"):
                if key not in seen:
                    self.fault(child.mark, path, f"an entry without `{key}` (write {{from: 2024-01, value: ...}})")
            if month is not None and not isinstance(value, _Bad):
                points.append(Point(month, value, reference_text, child.mark))
        if len(self.faults) > before:
            return None
        return tuple(sorted(points, key=lambda point: point.month))

    def path_by_name(self, node: Node, lever: Lever) -> dict[str, Path] | None:
        """A path by centre, district or city; one for all may be written bare, except for centres."""
        names = names_of(lever.by)
        if node.kind == "mapping" or lever.by is By.CENTRE:
            if node.kind != "mapping":
                self.fault(
                    node.mark,
                    lever.path,
                    f"must be given by {lever.by.value}, such as {lever.example}; found {found(node)}",
                )
                return None
            by_name: dict[str, Path] = {}
            what = {By.CENTRE: "reception centre", By.DISTRICT: "police district", By.CITY: "city"}[lever.by]
            for name, _, child in self.pairs(node, lever.path, dict.fromkeys(names, ""), what):
                one = self.path(child, f"{lever.path}.{name}", lever)
                if one is not None:
                    by_name[name] = one
            return by_name
        everywhere = self.path(node, lever.path, lever)
        return None if everywhere is None else dict.fromkeys(names, everywhere)

    def years(self, node: Node, lever: Lever) -> dict[int, Point] | None:
        """A number by year."""
        if node.kind != "mapping":
            self.fault(node.mark, lever.path, f"must be given by year, such as {lever.example}; found {found(node)}")
            return None
        by_year: dict[int, Point] = {}
        first: dict[str, Mark] = {}
        for key, child in node.pairs:
            path = f"{lever.path}.{shorten(key.text) if key.kind == 'scalar' else '?'}"
            if key.kind != "scalar" or not re.fullmatch("[0-9]{4}", key.text):
                text = found(key) if key.kind != "scalar" else f"'{shorten(key.text)}'"
                self.fault(key.mark, path, f"{text} is not a year (four digits, such as 2023)")
                continue
            if key.text in first:
                self.fault(key.mark, path, f"stands twice (first in line {first[key.text].line}); keep one")
                continue
            first[key.text] = key.mark
            month = month_number(f"{key.text}-01")
            if not 0 <= month <= LAST_MONTH:
                self.fault(key.mark, path, f"{key.text} is outside 2009 to {month_text(LAST_MONTH)[:4]}")
                continue
            reference_text = ""
            value: Value | int | _Bad
            if child.kind == "mapping":
                entry = self.entry(child, path, lever.parts, "900, or {value: 900, reference: ...}")
                if entry is None:
                    continue
                value = entry.values["value"]
                reference_text = str(entry.values.get("reference", ""))
            else:
                value = self.value(child, path, lever)
            if not isinstance(value, _Bad):
                by_year[int(key.text)] = Point(month, value, reference_text, key.mark)
        return by_year

    # ---- single values ----------------------------------------------------------------------------------

    def value(self, node: Node, path: str, spec: Lever | Part) -> Value | int | _Bad:
        """A value of the type that a lever or a part holds; `_BAD` after a fault."""
        if spec.nullable and node.kind == "scalar" and node.value is None and not node.quoted:
            return None
        result: Value | int | None
        if spec.holds is Holds.NUMBER:
            result = self.number(node, path, spec.low, spec.high, spec.unit)
        elif spec.holds is Holds.TRUE_FALSE:
            result = self.true_false(node, path)
        elif spec.holds is Holds.MONTH:
            result = self.month(node, path)
        elif spec.holds is Holds.COUNTRY:
            result = self.country(node, path)
        elif spec.holds is Holds.CENTRE:
            result = self.one_of(node, path, names_of(By.CENTRE), "reception centre")
        elif spec.holds is Holds.OPTION:
            assert isinstance(spec, Lever), "only levers have options"
            result = self.one_of(node, path, spec.options, spec.unit)
        else:
            result = self.text(node, path)
        return _BAD if result is None else result

    def number(self, node: Node, path: str, low: float, high: float, unit: str) -> float | None:
        """A finite number in a range, or None after a fault."""
        value = node.value
        if node.kind != "scalar" or isinstance(value, bool | str) or value is None:
            expected = f"must be a number from {number_text(low)} to {number_text(high)} ({unit})"
            self.fault(node.mark, path, hinted(f"{expected}, found {found(node)}", _number_hint(node)))
            return None
        if not math.isfinite(value):
            self.fault(node.mark, path, f"{shorten(node.text)} is not a finite number ({unit})")
            return None
        if not low <= value <= high:
            hint = ""
            if high == 1.0 and 1 < value <= 100:
                hint = f"write {number_text(value)} percent as {number_text(round(value / 100, 6))}"
            self.fault(
                node.mark,
                path,
                hinted(f"{shorten(node.text)} is outside {number_text(low)} to {number_text(high)}, {unit}", hint),
            )
            return None
        return float(value) + 0.0  # -0.0 and 0.0 are one value

    def integer(self, node: Node, path: str, low: int, high: int, what: str) -> int | None:
        """A whole number in a range, or None after a fault."""
        value = node.value
        if node.kind != "scalar" or isinstance(value, bool) or not isinstance(value, int):
            hint = _number_hint(node) if not isinstance(value, float) else ""
            self.fault(
                node.mark, path, hinted(f"must be a whole number from {low} to {high}, found {found(node)}", hint)
            )
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
        self.fault(node.mark, path, hinted(f"must be true or false, found {found(node)}", hint))
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
            self.fault(node.mark, path, hinted(f"'{shorten(text)}' is not a month", _month_hint(text), "write YYYY-MM"))
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
        text = unicodedata.normalize("NFC", node.value).strip()
        if not text:
            self.fault(node.mark, path, "is empty text")
            return None
        if len(text) > LONGEST_TEXT:
            self.fault(node.mark, path, f"is longer than {LONGEST_TEXT} letters")
            return None
        return text

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
                nearest(text, [name for name in spellings if name.lower() in names]),
                "use a name of tabell 10.4, its English name or its ISO code",
            ),
        )
        return None

    def one_of(self, node: Node, path: str, known: Iterable[str], what: str) -> str | None:
        """One of some words, or None after a fault."""
        known = tuple(known)
        text = self.text(node, path)
        if text is None or text in known:
            return text
        self.fault(
            node.mark, path, hinted(f"no {what} '{shorten(text)}'", nearest(text, known), f"known: {_listed(known)}")
        )
        return None


class _Bad:
    """A value that could not be read; its fault has been noted."""


_BAD = _Bad()


def identity_of(lever: Lever, entry: Entry) -> tuple[object, ...]:
    """What makes two entries of a list lever the same one."""
    if lever.kind is Kind.AGREEMENTS:
        return entry.values["country"], entry.values["from"]
    if lever.kind is Kind.CENTRE_DATES:
        return (entry.values["centre"],)
    return (entry.values["from"],)


def _listed(words: Iterable[str]) -> str:
    return ", ".join(words)


def _one(lever: Lever) -> str:
    if lever.holds is Holds.NUMBER:
        return "a number"
    return "true or false" if lever.holds is Holds.TRUE_FALSE else f"one of {', '.join(lever.options)}"


def _number_hint(node: Node) -> str:
    """What a text that should be a number probably meant."""
    if node.kind != "scalar" or not isinstance(node.value, str):
        return ""
    text = node.value.strip()
    folded = unicodedata.normalize("NFKC", text)
    if re.fullmatch(r"[-+]?[0-9]+(\.[0-9]+)?([eE][-+]?[0-9]+)?", text):
        return "write it without quotes"
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
