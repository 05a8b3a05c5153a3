"""What one scenario file says, once it is checked: a document of paths and entries with their places."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from irregsim.scenario.attributes import Written
from irregsim.scenario.expectations import Expectation
from irregsim.scenario.levers import Kind, Lever
from irregsim.scenario.yaml_nodes import TOP, Mark

ALWAYS = -1_000_000
"""Month of a bare value: before any month of any simulation."""


@dataclass(frozen=True)
class Point:
    """A value from a month on (`ALWAYS` for a bare value).

    Attributes:
        month: Month number, or ``ALWAYS``.
        value: Number, true or false, option, or None.
        reference: Where it comes from; may be empty.
        mark: Position in its file.
        index: Its place in the list in which it is written, from 0; -1 for a bare value.
    """

    month: int
    value: Written
    reference: str = ""
    mark: Mark = TOP
    index: int = field(default=-1, compare=False)


@dataclass(frozen=True)
class Entry:
    """An entry with several keys, such as a return agreement.

    Attributes:
        values: Value by key, defaults filled in; months as month numbers; a missing ``to`` is absent.
        marks: Place of each value that was written.
        mark: Place of the entry.
        path: Key path of the entry.
    """

    values: Mapping[str, Written | int]
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
        decides: Who decides; empty if the file does not say.
        expects: What the file expects of its levers.
        extends: Parent as written.
        extends_mark: Its position.
        start: First month of the period, if stated.
        end: Last month of the period, if stated.
        marks: Places of ``period.start`` and ``period.end``.
        replicates: Replicates, if stated.
        seed: Seed, if stated.
        as_known: State of knowledge, if stated.
        given: What the file says for each lever and assumption, by full path.
        warnings: What in it is probably not meant.
        mark: Place of the root.
        usable: False if it is not a mapping or its ``extends`` is not text, so that nothing follows from it.
    """

    shown: str
    name: str = ""
    title: dict[str, str] | None = None
    description: dict[str, str] | str | None = None
    decides: tuple[str, ...] = ()
    expects: tuple[Expectation, ...] = ()
    extends: str | None = None
    extends_mark: Mark = TOP
    start: int | None = None
    end: int | None = None
    marks: dict[str, Mark] = field(default_factory=dict)
    replicates: int | None = None
    seed: int | None = None
    as_known: str | None = None
    given: dict[str, Given] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    mark: Mark = TOP
    usable: bool = True


def identity_of(lever: Lever, entry: Entry) -> tuple[object, ...]:
    """What makes two entries of a list lever the same one."""
    if lever.kind is Kind.AGREEMENTS:
        return entry.values["country"], entry.values["from"]
    if lever.kind is Kind.CENTRE_DATES:
        return (entry.values["centre"],)
    return (entry.values["from"],)
