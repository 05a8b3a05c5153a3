"""YAML text to nodes that know their line and column: YAML 1.2 scalars, and nothing that can run or explode.

PyYAML only splits the text into events. Nodes are built here, without recursion, with bounds on depth and on
what aliases expand to. Scalars follow the YAML 1.2 core schema, so ``NO``, ``on`` and ``12:30`` are text.
Tags, merge keys, directives and second documents are refused: a scenario needs none of them, and tags are how
YAML runs code.
"""

from __future__ import annotations

import itertools
import os
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import yaml

from irregsim.scenario.faults import MOST_FAULTS, NO_FILE, Fault, ScenarioError, and_more, shorten

MAX_BYTES = 1_000_000
MAX_DEPTH = 20
MAX_NODES = 100_000
MAX_EXPANDED_NODES = 10_000

# libyaml is 6 to 10 times faster; the pure Python loader gives the same events.
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

_INTEGER = re.compile(r"[-+]?[0-9]+")
_OCTAL = re.compile(r"0o[0-7]+")
_HEXADECIMAL = re.compile(r"0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_INFINITY = re.compile(r"[-+]?\.(inf|Inf|INF)")
#: U+0085, U+2028 and U+2029 end a line in YAML 1.1, and so in the parser; in YAML 1.2 they do not.
_NOT_ALLOWED = re.compile(r"[^\t\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_LINE_END = re.compile(r"\r\n|\r|\n")
#: The end of a line after which a block of text begins.
_BLOCK = re.compile(r"(^|[\s:-])[|>][-+0-9]*[ \t]*(#.*)?$")
_MOST_DIGITS = 30


@dataclass(frozen=True)
class Mark:
    """Place in a file; both from 1."""

    line: int
    column: int


TOP = Mark(1, 1)
"""Place of what has no lines."""


@dataclass
class Node:
    """A scalar, list or mapping with its place in the file.

    Attributes:
        kind: What it is.
        mark: Where it begins.
        value: Value of a scalar by YAML 1.2: None, bool, int, float or str.
        text: A scalar as written, without quotes.
        quoted: Whether a scalar was in quotes or in a block, and so is text whatever it looks like.
        items: Nodes of a list.
        pairs: Keys and values of a mapping, in the order of the file.
        size: Nodes in it, itself included, with aliases expanded.
    """

    kind: Literal["scalar", "list", "mapping"]
    mark: Mark
    value: bool | int | float | str | None = None
    text: str = ""
    quoted: bool = False
    items: list[Node] = field(default_factory=list)
    pairs: list[tuple[Node, Node]] = field(default_factory=list)
    size: int = 1


def plain_value(text: str) -> bool | int | float | str | None:
    """Value of a plain (unquoted) scalar in the YAML 1.2 core schema."""
    if text in ("", "~", "null", "Null", "NULL"):
        return None
    if text in ("true", "True", "TRUE"):
        return True
    if text in ("false", "False", "FALSE"):
        return False
    if _INTEGER.fullmatch(text):
        # Python refuses to read integers of thousands of digits; as a float they are out of any range.
        return int(text) if len(text) <= _MOST_DIGITS else float(text)
    if _OCTAL.fullmatch(text):
        return int(text[2:], 8) if len(text) <= _MOST_DIGITS else float("inf")
    if _HEXADECIMAL.fullmatch(text):
        return int(text[2:], 16) if len(text) <= _MOST_DIGITS else float("inf")
    if _FLOAT.fullmatch(text):
        return float(text)
    if _INFINITY.fullmatch(text):
        return float("-inf") if text.startswith("-") else float("inf")
    if text in (".nan", ".NaN", ".NAN"):
        return float("nan")
    return text


def read_text(path: Path, shown: str) -> str:
    """Text of a scenario file.

    Args:
        path: The file.
        shown: Its name in messages.

    Raises:
        ScenarioError: If it is missing, not a regular file, over 1 MB, not UTF-8, or holds control
            characters.
    """

    def refuse(message: str, line: int = 1, column: int = 1) -> ScenarioError:
        return ScenarioError([Fault(shown, line, column, "", message)])

    try:
        # Looked at before it is opened: opening a named pipe would wait forever.
        if not stat.S_ISREG(os.stat(path).st_mode):
            raise refuse("not a regular file (a scenario is a text file ending in .yaml)")
        with open(path, "rb") as handle:
            data = handle.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise refuse(NO_FILE) from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else "not a usable file name"
        raise refuse(f"cannot be read: {reason}") from None
    if len(data) > MAX_BYTES:
        raise refuse("over 1 MB; a scenario is a short text file")
    # A byte order mark says nothing in UTF-8; Windows editors write one.
    data = data.removeprefix(b"\xef\xbb\xbf")
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise refuse("not UTF-8 but UTF-16; save the file as UTF-8")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        before = data[: error.start].decode("utf-8")
        line = before.count("\n") + 1
        column = len(before) - (before.rfind("\n") + 1) + 1
        raise refuse(f"byte 0x{data[error.start]:02x} is not UTF-8; save the file as UTF-8", line, column) from None


def parse(text: str, shown: str) -> Node:
    """The one document in a text.

    Args:
        text: YAML text.
        shown: Name of the file in messages.

    Returns:
        The root node.

    Raises:
        ScenarioError: If the text is not YAML, is empty, or uses what scenarios may not use.
    """
    bad = itertools.islice(_bad_characters(text), MOST_FAULTS)
    faults = [Fault(shown, mark.line, mark.column, "", message) for mark, message in bad]
    if faults:
        raise ScenarioError([*faults, and_more(faults)] if len(faults) == MOST_FAULTS else faults)
    builder = _Builder(shown)
    try:
        for event in yaml.parse(text, Loader=_LOADER):  # type: ignore[no-untyped-call, unused-ignore]
            builder.take(event)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        tabs = list(itertools.islice(_tabs(text, line), MOST_FAULTS))
        if tabs and tabs[0].line == line:
            faults = [Fault(shown, tab.line, tab.column, "", "tab used as indent; indent with spaces") for tab in tabs]
        else:
            faults = [Fault(shown, line, column, "", _plainer(error))]
        raise ScenarioError(faults) from None
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise ScenarioError([Fault(shown, 1, 1, "", f"not YAML: {shorten(str(error), 120)}")]) from None
    if builder.root is None:
        raise ScenarioError([Fault(shown, 1, 1, "", "the file is empty (`irregsim new` writes one to edit)")])
    return builder.root


def _lines(text: str) -> list[str]:
    """Lines as YAML 1.2 has them: ended by LF, CR LF or CR, and by nothing else."""
    return _LINE_END.split(text)


def _bad_characters(text: str) -> Iterator[tuple[Mark, str]]:
    """Control characters, and what the parser takes for the end of a line although YAML 1.2 does not."""
    for number, line in enumerate(_lines(text), start=1):
        for bad in _NOT_ALLOWED.finditer(line):
            code = f"U+{ord(bad.group()):04X}"
            what = "line separator" if bad.group() in "\x85\u2028\u2029" else "control character"
            yield Mark(number, bad.start() + 1), f"{what} {code}; delete it"
            break  # one a line


def _tabs(text: str, first: int) -> Iterator[Mark]:
    """Tabs used as indent from a line on; a tab inside the text of a block is text.

    Args:
        text: The file.
        first: The line, from 1.
    """
    block: int | None = None  # indent of the line that begins a block of text
    for number, line in enumerate(_lines(text), start=1):
        indent = line[: len(line) - len(line.lstrip(" \t"))]
        spaces = len(indent) - len(indent.lstrip(" "))
        if block is not None and (not line.strip() or spaces > block):
            continue
        block = spaces if _BLOCK.search(line) else None
        if number >= first and "\t" in indent and line.strip() and not line.lstrip().startswith("#"):
            yield Mark(number, indent.index("\t") + 1)


def _plainer(error: yaml.MarkedYAMLError) -> str:
    """The parser's complaint, with what to do for the common ones."""
    problem = error.problem or "not YAML"
    if "mapping values are not allowed" in problem:
        return "unexpected colon (put text that contains `: ` in quotes, or check the indent)"
    if "character '\\t'" in problem:
        return "tab used as indent; indent with spaces"
    if "that cannot start any token" in problem:
        return f"{problem} (put the text in quotes)"
    if "undefined alias" in problem:
        return f"{problem} (put text that begins with * in quotes)"
    if "could not find expected ':'" in problem:
        return "a line without `key: value` (is a colon or a space after it missing?)"
    if "expected <block end>" in problem or "did not find expected key" in problem:
        return "the indent does not fit the lines above, or quotes or a colon are missing"
    if "',' or '" in problem:
        return "a bracket [ or { that is not closed, or a comma that is missing"
    if "nesting" in problem.lower():
        return f"nested deeper than {MAX_DEPTH} levels"
    context = f" {error.context}" if error.context else ""
    return f"not YAML: {problem}{context}"


class _Builder:
    """Builds nodes from parser events, keeping the open collections on a stack."""

    def __init__(self, shown: str) -> None:
        self.shown = shown
        self.root: Node | None = None
        self.stack: list[Node] = []
        self.keys: list[Node | None] = []
        self.anchors: dict[str, Node | None] = {}
        self.anchor_names: list[str | None] = []
        self.nodes = 0
        self.expanded = 0

    def refuse(self, mark: Any, message: str) -> ScenarioError:
        return ScenarioError([Fault(self.shown, mark.line + 1, mark.column + 1, "", message)])

    def take(self, event: Any) -> None:
        """Add one parser event.

        Raises:
            ScenarioError: If the event is something a scenario may not use.
        """
        mark = event.start_mark
        if isinstance(event, yaml.DocumentStartEvent):
            if event.version or event.tags:
                raise self.refuse(mark, "YAML directives (lines that begin with %) are not used here; delete it")
            if self.root is not None:
                raise self.refuse(mark, "a second document (---) in the file; write one scenario per file")
        elif isinstance(event, yaml.AliasEvent):
            self._alias(event, mark)
        elif isinstance(event, yaml.ScalarEvent | yaml.CollectionStartEvent):
            if event.tag is not None:
                raise self.refuse(mark, f"YAML tags such as {shorten(event.tag)} are not allowed; delete it")
            self.nodes += 1
            if self.nodes > MAX_NODES:
                raise self.refuse(mark, f"more than {MAX_NODES} values in one file")
            if isinstance(event, yaml.ScalarEvent):
                plain = event.style is None or event.style == ""
                value = plain_value(event.value) if plain else event.value
                node = Node("scalar", _mark(mark), value, event.value, quoted=not plain)
                if event.anchor is not None:
                    self.anchors[event.anchor] = node
                self._add(node)
            else:
                if len(self.stack) >= MAX_DEPTH:
                    raise self.refuse(mark, f"nested deeper than {MAX_DEPTH} levels")
                kind: Literal["list", "mapping"] = "list" if isinstance(event, yaml.SequenceStartEvent) else "mapping"
                if event.anchor is not None:
                    self.anchors[event.anchor] = None  # open: an alias to it would be a loop
                self.stack.append(Node(kind, _mark(mark)))
                self.keys.append(None)
                self.anchor_names.append(event.anchor)
        elif isinstance(event, yaml.CollectionEndEvent):
            node = self.stack.pop()
            self.keys.pop()
            anchor = self.anchor_names.pop()
            if anchor is not None:
                self.anchors[anchor] = node
            self._add(node)

    def _alias(self, event: Any, mark: Any) -> None:
        if event.anchor not in self.anchors:
            raise self.refuse(
                mark, f"*{shorten(event.anchor)} refers to nothing (put text that begins with * in quotes)"
            )
        node = self.anchors[event.anchor]
        if node is None:
            raise self.refuse(mark, f"*{shorten(event.anchor)} is inside the value that it refers to")
        self.expanded += node.size
        if self.expanded > MAX_EXPANDED_NODES:
            raise self.refuse(mark, f"aliases expand to more than {MAX_EXPANDED_NODES} values")
        self._add(node)

    def _add(self, node: Node) -> None:
        if not self.stack:
            self.root = node
            return
        parent = self.stack[-1]
        parent.size += node.size
        if parent.kind == "list":
            parent.items.append(node)
        elif self.keys[-1] is None:
            self.keys[-1] = node
        else:
            parent.pairs.append((self.keys[-1], node))
            self.keys[-1] = None


def _mark(mark: Any) -> Mark:
    return Mark(mark.line + 1, mark.column + 1)
