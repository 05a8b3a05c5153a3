"""What a reader makes of the rules of a contest: expressions of single persons, and what the month alone decides."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

#: Kinds of a number: flag, whole number, real number, or what a table holds, which is known once there is a world.
FLAG, WHOLE, REAL, HELD = "flag", "whole", "real", "held"

#: Operators of two numbers, as written in Python.
ARITHMETIC: Final = ("+", "-", "*", "/", "**", "//")
COMPARISONS: Final = ("<", "<=", ">", ">=", "==", "!=")


#: The operators of `ast` among them.
OPERATORS: Final[Mapping[type[ast.AST], str]] = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "/",
    ast.Pow: "**",
    ast.FloorDiv: "//",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.Eq: "==",
    ast.NotEq: "!=",
}


class Unreadable(Exception):
    """A rule has a form that is not in the list of the reader; the message says which."""


@dataclass(frozen=True, eq=False, slots=True)
class Node:
    """One operation on numbers of one person.

    Attributes:
        op: What is done. ``constant``, ``scalar`` (of the month), ``month``, ``column``, ``given`` (a flag of the
            person that the part hands over), ``hand_written``, ``index`` (of a table made each month), ``raw_index``
            (of an array of the world), ``where``, ``minimum``, ``maximum``, ``exp``, ``log``, ``negative``, ``and``,
            ``or``, ``not``, or one of `ARITHMETIC` and `COMPARISONS`.
        args: What it is done to.
        value: The constant, the number of the scalar, table or flag, or the name of the column or attribute.
        kind: `FLAG`, `WHOLE`, `REAL` or `HELD`.
    """

    op: str
    args: tuple[Node, ...] = ()
    value: Any = None
    kind: str = REAL


@dataclass(frozen=True, slots=True)
class Static:
    """An expression of the month alone: text that is evaluated once a month."""

    text: str


class Person:
    """Stands for the persons at risk while a rule is read."""


PERSON: Final = Person()


@dataclass(slots=True)
class Table:
    """A table with a row for each option and a column for each person, while it is filled.

    Attributes:
        rows: What each option has for one person, by its code.
    """

    rows: dict[int, Node]


@dataclass(slots=True)
class Reading:
    """The rules of one contest as read.

    Attributes:
        rules: The hazard of each rule, by channel, in the order of the contest.
        month: Statements of the month's part, in order.
        scalars: Names in them of the numbers that a person's part reads.
        made: Names in them of the tables that a person's part reads.
        raw: Arrays of the world that a person's part reads as they are, as text such as ``world.hosts.patience``.
        names: Values of the global names in the statements.
        flags: Numbers of the scalars that must be flags.
        holds: What a table must hold, `FLAG` or `REAL` (anything but flags), by ("made" or "raw", number), where the
            meaning of an operator depends on it.
    """

    rules: dict[str, Node] = field(default_factory=dict)
    month: list[str] = field(default_factory=list)
    scalars: list[str] = field(default_factory=list)
    made: list[str] = field(default_factory=list)
    raw: list[str] = field(default_factory=list)
    names: dict[str, Any] = field(default_factory=dict)
    flags: set[int] = field(default_factory=set)
    holds: dict[tuple[str, int], str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class HandWritten:
    """An attribute of a person whose scalar form is written by hand in `loops`.

    Attributes:
        reads: Attributes of the person that it reads, in the order of its arguments.
        scalars: Numbers of the world that it reads, after them.
        arrays: Arrays of the world that it reads, last.
        kind: Of its result.
    """

    reads: tuple[str, ...]
    scalars: tuple[str, ...]
    arrays: tuple[str, ...]
    kind: str


_CIRCLES: Final = ("tie_0", "tie_1", "tie_2", "host")
#: They go through a person's circles, which no form of the reader covers. Each has a function of its name in `loops`
#: and a range in `ranges`; tests compare them with what `world.Rows` gives.
HAND_WRITTEN: Final[Mapping[str, HandWritten]] = {
    "perceived_risk": HandWritten(
        (*_CIRCLES, "country", "can_be_sent", "is_shaken"),
        ("world.circle_news_share", "world.unknown_risk_ratio", "world.shaken_risk_ratio"),
        ("world.hosts.circle", "world.perceived", "world.perceived_in_circle"),
        REAL,
    ),
    "knows_worker": HandWritten(_CIRCLES, (), ("world.hosts.circle", "world.has_worker_in_circle"), FLAG),
    "in_congregation": HandWritten(_CIRCLES, (), ("world.hosts.circle", "world.hosts.is_congregation_circle"), FLAG),
}
