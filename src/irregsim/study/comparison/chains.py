"""From a lever to the flows it acts on: what levers, rules and the parts of a month say of themselves.

Nothing is listed here. Which values of the month a lever changes is found by making the values with and without it;
which part of the month reads such a value is in the text of its procedures, as ``at.NAME``; which claims of the report
a lever works through and a rule implements is declared with each; and the causes of moves are named where persons are
moved. A part that reads nothing of a lever but implements one of its claims is a link too, since what a lever does may
reach it through what persons have learnt.
"""

from __future__ import annotations

import ast
import inspect
import re
import textwrap
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from types import FunctionType, ModuleType
from typing import Any, Final

import numpy as np

from irregsim.model import world as world_module
from irregsim.model.engine import Part, Rule
from irregsim.model.month import MONTH
from irregsim.model.parameters import point_draw
from irregsim.model.simulate import advance_month
from irregsim.model.values import Values
from irregsim.scenario import Scenario
from irregsim.scenario.levers import REGISTRY, Lever
from irregsim.vocabulary.codes import CAUSE_CODE

_MODEL: Final = "irregsim.model"
_IDS: Final = re.compile(r"\bM(\d{3})(?:\s*-\s*M(\d{3}))?\b")

#: What every part inherits: it moves persons for all of them, and is about none.
_GENERAL: Final = f"{_MODEL}.engine"

#: What is done before the first part of a month, such as opening and closing places in centres.
OPENING: Final = "month"

#: Calls whose words are names of draws, or of what was decided.
_ASKING: Final = ("of", "drawn", "uniform", "uniforms", "expect")


@dataclass(frozen=True)
class Says:
    """What the text of some procedures says.

    Attributes:
        reads: Names of the values of a month that they read, and of the fields of levers.
        claims: Ids of the claims that their docstrings name.
        causes: Causes of moves that they name.
    """

    reads: frozenset[str] = frozenset()
    claims: frozenset[str] = frozenset()
    causes: frozenset[str] = frozenset()

    def __or__(self, other: Says) -> Says:
        return Says(self.reads | other.reads, self.claims | other.claims, self.causes | other.causes)


@dataclass(frozen=True)
class Link:
    """A part of the month, or one of its rules, that a lever acts on.

    Attributes:
        part: Name of the part.
        step: Number of its step in docs/odd.md.
        rule: Channel of the rule; empty for what the part itself does.
        reads: Values that the lever changes and the rule reads; none where only a claim joins them.
        claims: Claims of the lever that it implements.
        grade: Evidence of the rule, A to D; empty for what the part itself does.
        causes: Causes of the moves that follow from it.
    """

    part: str
    step: int
    rule: str
    reads: tuple[str, ...]
    claims: tuple[str, ...]
    grade: str
    causes: tuple[str, ...]


@dataclass(frozen=True)
class Chain:
    """A lever that a scenario changes, and what it acts on.

    Attributes:
        lever: Its entry in the registry.
        values: Names of the values of a month that differ because of it.
        links: In the order of the month; a part that reads a value before those that share a claim only.
    """

    lever: Lever
    values: tuple[str, ...]
    links: tuple[Link, ...]


def claims_in(text: str) -> frozenset[str]:
    """Ids of the claims that a text names; ``M013-M019`` means all seven."""
    return frozenset(
        f"M{number:03d}" for first, last in _IDS.findall(text) for number in range(int(first), int(last or first) + 1)
    )


def chains(reference: Scenario, scenario: Scenario) -> tuple[Chain, ...]:
    """The chain of every lever and assumption in which two scenarios differ, in the order of the registry.

    Args:
        reference: What the scenario is compared with; of the same period.
        scenario: The scenario.
    """
    out = []
    seen: set[str] = set()
    for lever in REGISTRY:
        fields = {name: getattr(scenario.levers, name) for name in lever.fields}
        alone = reference.levers.replaced(**fields)
        # What two levers set in common is told with the first: centres close and open by one field.
        rest = {name: value for name, value in fields.items() if name not in seen}
        if reference.levers.replaced(**rest).first_difference(reference.levers, since=reference.start) is None:
            continue
        # Opening and closing a centre are one path: the second entry has nothing to add.
        seen.update(lever.fields)
        changed = changed_values(reference, alone)
        out.append(Chain(lever, changed, links(lever, {*changed, *lever.fields})))
    return tuple(out)


def changed_values(reference: Scenario, levers: Any) -> tuple[str, ...]:
    """Names of the values of a month (`Values.at`) that other levers change, with the medians of the priors.

    Args:
        reference: The scenario with its own levers.
        levers: The others, of the same months.
    """
    one, other = Values(reference.levers, point_draw()), Values(levers, point_draw())
    differ: set[str] = set()
    for month in range(reference.start, reference.end + 1):
        mine, theirs = vars(one.at(month)), vars(other.at(month))
        differ |= {name for name in mine if name not in differ and not _equal(mine[name], theirs[name])}
    return tuple(sorted(differ))


def _equal(one: object, other: object) -> bool:
    if isinstance(one, np.ndarray) and isinstance(other, np.ndarray):
        return bool(np.array_equal(one, other, equal_nan=one.dtype.kind == "f"))
    return bool(one == other) or (one != one and other != other)


def links(lever: Lever, values: set[str], parts: Sequence[Part] = MONTH) -> tuple[Link, ...]:
    """The parts and rules of a month that read some values, or that implement a claim of a lever.

    Args:
        lever: The lever.
        values: Names of values that it changes.
        parts: Parts of the month.
    """
    mine = frozenset(lever.mechanisms)
    begun = _said(advance_month)
    found = [Link(OPENING, 1, "", tuple(sorted(begun.reads & values)), tuple(sorted(begun.claims & mine)), "", ())]
    for part in parts:
        for rule in part.rules:
            told = said_by_rule(rule)
            found.append(_link(part, rule, told.reads & values, told.claims & mine))
        told = said_by_part(part)
        found.append(_link(part, None, told.reads & values, told.claims & mine))
    there = [link for link in found if link.reads or link.claims]
    return tuple(sorted(there, key=lambda link: not link.reads))


def _link(part: Part, rule: Rule | None, reads: frozenset[str], claims: frozenset[str]) -> Link:
    return Link(
        part.name,
        part.step,
        "" if rule is None else rule.channel,
        tuple(sorted(reads)),
        tuple(sorted(claims)),
        "" if rule is None else rule.grade,
        causes_of(part, rule),
    )


def causes_of(part: Part, rule: Rule | None = None) -> tuple[str, ...]:
    """Causes of the moves that a part, or one of its rules, makes; in the order of storage.

    A rule without a cause of its own leaves it to its part: the cause of its name where the part names that, else all
    that the part names and none of its rules has.
    """
    if rule is not None and rule.cause is not None:
        return (rule.cause,)
    named = said_by_part(part).causes
    if rule is not None and rule.channel in named:
        return (rule.channel,)
    by_rules = {other.cause for other in part.rules if other.cause is not None}
    by_rules |= {other.channel for other in part.rules} if rule is not None else set()
    return tuple(sorted(named - by_rules, key=CAUSE_CODE.__getitem__))


@cache
def makers(parts: tuple[Part, ...] = MONTH) -> Mapping[str, tuple[tuple[Part, Rule | None], ...]]:
    """Which rules and parts make the moves of a cause, by cause; a part only where none of its rules does."""
    out: dict[str, list[tuple[Part, Rule | None]]] = {}
    for part in parts:
        by_rule: set[str] = set()
        for rule in part.rules:
            if rule.cause is not None or rule.channel in said_by_part(part).causes:
                cause = rule.cause or rule.channel
                out.setdefault(cause, []).append((part, rule))
                by_rule.add(cause)
        for cause in said_by_part(part).causes - by_rule:
            out.setdefault(cause, []).append((part, None))
    return {cause: tuple(found) for cause, found in out.items()}


# ---------------------------------------------------------------------------------------------------------
# What the text says


def said_by_rule(rule: Rule) -> Says:
    """What a rule says: its hazard, and the claims and the cause it declares."""
    causes = frozenset() if rule.cause is None else frozenset((rule.cause,))
    return Says(_said(rule.hazard).reads, frozenset(rule.mechanisms), causes)


@cache
def said_by_part(part: Part) -> Says:
    """What a part says in its own procedures, without the hazards of its rules."""
    told = Says(claims=claims_in(type(part).__doc__ or ""))
    for kind in type(part).__mro__:
        if kind.__module__ != _GENERAL and kind.__module__.startswith(_MODEL):
            for value in vars(kind).values():
                told |= _said_by(value)
    return told


def _said_by(value: object) -> Says:
    if isinstance(value, property):
        return _said_by(value.fget)
    function = inspect.unwrap(value) if callable(value) else value
    return _said(function) if isinstance(function, FunctionType) else Says()


def _said(function: Callable[..., Any]) -> Says:
    """What a procedure of the model says, and those that it calls."""
    told, todo, seen = Says(), [function], set[Any]()
    while todo:
        one = inspect.unwrap(todo.pop())
        if one in seen or not isinstance(one, FunctionType):
            continue
        seen.add(one)
        own, called = _read(one)
        told |= own
        todo += called
    return told


@cache
def _read(function: FunctionType) -> tuple[Says, tuple[Callable[..., Any], ...]]:
    """What the text of one procedure says, and the procedures of the model that it names."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    reads, causes, called = set[str](), set[str](), []
    asked = {id(one) for node in ast.walk(tree) for one in _asked(node)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            base = node.value
            if (isinstance(base, ast.Name) and base.id in ("at", "levers")) or (
                isinstance(base, ast.Attribute) and base.attr == "levers"
            ):
                reads.add(node.attr)
        elif isinstance(node, ast.Constant) and node.value in CAUSE_CODE and id(node) not in asked:
            causes.add(node.value)
        called += [one for one in _named(node, function.__globals__) if one.__module__.startswith(_MODEL)]
    claims = claims_in(function.__doc__ or "")
    return Says(frozenset(reads), claims, frozenset(causes)), tuple(called)


def _asked(node: ast.AST) -> list[ast.expr]:
    """Words that a call asks by, which are names of draws and of what was decided, and no causes of moves."""
    if not isinstance(node, ast.Call):
        return []
    name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    return node.args if name in _ASKING else []


def _named(node: ast.AST, space: Mapping[str, Any]) -> Iterator[FunctionType]:
    """Procedures that a node of a text names: by name, of a module, or of a part of the world (``world.centres``)."""
    found: object = None
    if isinstance(node, ast.Name):
        found = space.get(node.id)
    elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        owner = space.get(node.value.id)
        found = getattr(owner, node.attr, None) if isinstance(owner, ModuleType) else None
    elif (
        isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Attribute)
        and isinstance(node.value.value, ast.Name)
        and node.value.value.id == "world"
    ):
        kind = vars(world_module).get(node.value.attr.capitalize())
        found = getattr(kind, node.attr, None) if isinstance(kind, type) else None
    if callable(found):
        function = inspect.unwrap(found)
        if isinstance(function, FunctionType):
            yield function
