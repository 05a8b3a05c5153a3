"""One scenario file, checked against the registry of levers: nodes in, values and faults out.

Nothing here knows about parents: what depends on another file (inherited entries, the period) is checked
where layers are merged. A fault never stops the rest from being checked.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from functools import cache

from irregsim.scenario.attributes import Written, names_of
from irregsim.scenario.document import ALWAYS, Document, Entry, Given, Path, Point, identity_of
from irregsim.scenario.expectations import read_decides, read_expects
from irregsim.scenario.faults import hinted, shorten
from irregsim.scenario.levers import REGISTRY, By, Holds, Kind, Lever, Part, words
from irregsim.scenario.value_checks import BAD, LAST_MONTH, LONGEST_TEXT, Bad, ValueChecker, found, listed, unseen
from irregsim.scenario.yaml_nodes import Mark, Node
from irregsim.vocabulary.codes import month_number, month_text
from irregsim.vocabulary.knowledge import DEFAULT_KNOWLEDGE, STATES
from irregsim.vocabulary.labels import LANGUAGES, by_language

MOST_REPLICATES = 1_000_000
LARGEST_SEED = 2**63 - 1
NAME_PATTERN = "[A-Za-z0-9][A-Za-z0-9_-]{0,63}"
"""A scenario's name, which also names a folder."""

TOP_KEYS = (
    "schema",
    "name",
    "title",
    "description",
    "extends",
    "period",
    "levers",
    "assumptions",
    "as_known",
    "run",
    "decides",
    "expects",
)


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


def decimal_comma(before: Node | None, key: str) -> str:
    """A hint for ``{value: 0,6}``, which YAML reads as the value 0 and a key 6; else nothing.

    Args:
        before: The value before the key.
        key: The key that is not known.
    """
    is_comma = before is not None and re.fullmatch(r"-?[0-9]+", before.text) and re.fullmatch(r"[0-9]+", key)
    return f"decimals have a point, not a comma: {shorten(f'{before.text}.{key}')}" if before and is_comma else ""


class Checker(ValueChecker):
    """Checks one document and collects every fault."""

    # ---- whole file -------------------------------------------------------------------------------------

    def document(self, root: Node, *, partial: bool = False) -> Document:
        """Check a file.

        Args:
            root: Its root node.
            partial: Whether required keys may be missing, for ``--set``.

        Returns:
            All that could be read. It is complete only if no fault was noted.

        Raises:
            EnoughFaults: As `fault`.
        """
        document = Document(self.shown, mark=root.mark, usable=root.kind == "mapping")
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
            document.title = by_language(title) if isinstance(title, str) else title
        if "description" in seen:
            document.description = self._texts(seen["description"], "description")
        if "decides" in seen:
            document.decides = read_decides(self, seen["decides"])
        if "expects" in seen:
            document.expects = read_expects(self, seen["expects"])
        if "extends" in seen:
            document.extends = self.text(seen["extends"], "extends")
            document.extends_mark = seen["extends"].mark
            document.usable = document.extends is not None
        if "period" in seen:
            self._period(seen["period"], document)
        if "as_known" in seen:
            document.as_known = self._as_known(seen["as_known"])
        if "run" in seen:
            self._run(seen["run"], document)
        for section, tree in registry_tree().items():
            if section in seen:
                self._section(seen[section], section, tree, document)
        document.warnings = list(self.warnings)
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
        """One text, or a text by language, as `labels.by_language` completes it."""
        if node.kind == "scalar":
            return self.text(node, path)
        texts: dict[str, str] = {}
        for key, _, child in self.pairs(node, path, dict.fromkeys(LANGUAGES, ""), "language"):
            text = self.text(child, f"{path}.{key}")
            if text is not None:
                texts[key] = text
        if not texts:
            if node.kind == "mapping" and not node.pairs:
                how = ", ".join(f"{language}: ..." for language in LANGUAGES)
                self.fault(node.mark, path, f"has no text (write {{{how}}})")
            return None
        return by_language(texts)

    def _period(self, node: Node, document: Document) -> None:
        for key, _, child in self.pairs(node, "period", {"start": "", "end": ""}, "key of a period"):
            month = self.month(child, f"period.{key}")
            if month is not None:
                document.marks[key] = child.mark
                if key == "start":
                    document.start = month
                else:
                    document.end = month

    def _as_known(self, node: Node) -> str | None:
        state = self.text(node, "as_known")
        if state is not None and state not in STATES:
            self.fault(
                node.mark,
                "as_known",
                f"'{shorten(state)}' is not a state of knowledge; write one of {', '.join(STATES)}, or leave it "
                f"out for the parent's ({DEFAULT_KNOWLEDGE} without one)",
            )
            return None
        return state

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
            given = None if isinstance(value, Bad) else (Point(ALWAYS, value, "", node.mark),)
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
            self.fault(node.mark, path, f"must be a mapping with {listed(known)}, found {found(node)}")
            return
        first: dict[str, Mark] = {}
        for place_in, (key_node, value) in enumerate(node.pairs):
            if key_node.kind != "scalar":
                self.fault(key_node.mark, path, f"a key must be a word, found {found(key_node)}")
                continue
            key = key_node.text
            if len(key) <= LONGEST_TEXT:
                key = unicodedata.normalize("NFC", key)
            full = f"{path}.{shorten(key)}" if path else shorten(key)
            if key in first:
                self.fault(key_node.mark, full, f"duplicate (first on line {first[key].line}); keep one")
                continue
            first[key] = key_node.mark
            if key in known:
                yield key, key_node, value
            elif key == "<<":
                self.fault(key_node.mark, full, "merge keys are not used here (`extends` takes over a scenario)")
            else:
                place = (elsewhere or {}).get(key, "")
                before = node.pairs[place_in - 1][1] if place_in else None
                hint = (
                    unseen(key_node)
                    or decimal_comma(before, key)
                    or (f"it belongs at {place}" if place else self.nearest(key, known))
                )
                self.fault(key_node.mark, full, hinted(f"no such {what}", hint, f"known: {listed(known)}"))

    def entry(self, node: Node, path: str, parts: Sequence[Part], example: str) -> Entry | None:
        """A mapping with the given parts, or None after a fault."""
        if node.kind != "mapping":
            self.fault(node.mark, path, f"must look like {example}; found {found(node)}")
            return None
        before = len(self.faults)
        by_name = {part.name: part for part in parts}
        values: dict[str, Written | int] = {
            part.name: part.default for part in parts if not part.required and part.default is not None
        }
        marks: dict[str, Mark] = {}
        is_new = "district" in by_name and _names_a_new_centre(node)
        for key, _, child in self.pairs(node, path, dict.fromkeys(by_name, ""), "key here"):
            if is_new and key == "centre":
                value: Written | int | Bad = self.new_centre(child, f"{path}.{key}")
            else:
                value = self.value(child, f"{path}.{key}", by_name[key])
            marks[key] = child.mark
            if not isinstance(value, Bad):
                values[key] = value
        written = {key.text for key, _ in node.pairs}
        if "district" in by_name and ("district" in written) is not ("places" in written):
            missing = "places" if "district" in written else "district"
            message = "is missing: a new centre has a district and places; one of the data has neither here"
            self.fault(node.mark, f"{path}.{missing}", message)
        for part in parts:
            if part.required and part.name not in written:
                self.fault(node.mark, f"{path}.{part.name}", f"is missing ({words(part).meaning})")
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
                    f"duplicate {words} (first on line {first[identity].line}); keep one",
                )
                continue
            first[identity] = child.mark
            entries.append(entry)
        return tuple(entries)

    def path(self, node: Node, path: str, lever: Lever) -> Path | None:
        """A bare value or a list of ``{from, value}``, or None after a fault."""
        if node.kind == "scalar":
            value = self.value(node, path, lever)
            return None if isinstance(value, Bad) else (Point(ALWAYS, value, "", node.mark),)
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
        for index, child in enumerate(node.items):
            point = self._point(child, f"{path}[{index}]", lever, index)
            if point is None:
                continue
            if point.month in first:
                month, line = month_text(point.month), first[point.month].line
                self.fault(child.mark, f"{path}[{index}]", f"duplicate {month} (first on line {line}); keep one")
            first.setdefault(point.month, child.mark)
            points.append(point)
        if len(self.faults) > before:
            return None
        return tuple(sorted(points, key=lambda point: point.month))

    def _point(self, node: Node, path: str, lever: Lever, index: int) -> Point | None:
        """One ``{from, value}`` of a dated path, or None after a fault."""
        if node.kind != "mapping":
            self.fault(node.mark, path, f"an entry must look like {{from: 2024-01, value: ...}}; found {found(node)}")
            return None
        month: int | None = None
        value: Written | int | Bad = BAD
        reference_text = ""
        seen: set[str] = set()
        for key, _, item in self.pairs(node, path, {"from": "", "value": "", "reference": ""}, "key here"):
            seen.add(key)
            if key == "from":
                month = self.month(item, f"{path}.from")
            elif key == "value":
                value = self.value(item, f"{path}.value", lever)
            else:
                reference_text = self.text(item, f"{path}.reference") or ""
        for key in ("from", "value"):
            if key not in seen:
                self.fault(node.mark, path, f"an entry without `{key}` (write {{from: 2024-01, value: ...}})")
        if month is None or isinstance(value, Bad):
            return None
        return Point(month, value, reference_text, node.mark, index)

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
                self.fault(key.mark, path, f"duplicate (first on line {first[key.text].line}); keep one")
                continue
            first[key.text] = key.mark
            month = month_number(f"{key.text}-01")
            if not 0 <= month <= LAST_MONTH:
                self.fault(key.mark, path, f"{key.text} is outside 2009 to {month_text(LAST_MONTH)[:4]}")
                continue
            reference_text = ""
            year_value: Written | int | Bad
            if child.kind == "mapping":
                entry = self.entry(child, path, lever.parts, "900, or {value: 900, reference: ...}")
                if entry is None:
                    continue
                year_value = entry.values["value"]
                reference_text = str(entry.values.get("reference", ""))
            else:
                year_value = self.value(child, path, lever)
            if not isinstance(year_value, Bad):
                by_year[int(key.text)] = Point(month, year_value, reference_text, key.mark)
        return by_year


def _names_a_new_centre(node: Node) -> bool:
    """Whether an opening is of a centre that is not in the data, or takes one away that was inherited."""
    said = {key.text: value for key, value in node.pairs}
    removes = "on" in said and said["on"].kind == "scalar" and said["on"].value is None
    centre = said.get("centre")
    return "district" in said or (removes and centre is not None and centre.value not in names_of(By.CENTRE))


def _one(lever: Lever) -> str:
    if lever.holds is Holds.NUMBER:
        return "a number"
    return "true or false" if lever.holds is Holds.TRUE_FALSE else f"one of {', '.join(lever.options)}"
