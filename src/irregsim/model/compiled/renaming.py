"""Names in what the month alone decides, as its part of a contest knows them."""

from __future__ import annotations

import ast
import builtins
import math
from collections.abc import Mapping
from typing import Any, Final, TypeAlias

import numpy as np

from irregsim.model.compiled.tree import Node, Person, Static, Table, Unreadable

Value: TypeAlias = Node | Static | Person | Table
Environment: TypeAlias = dict[str, Value]
Globals: TypeAlias = Mapping[str, Any]

#: Name under which methods of persons find the world.
WORLD: Final = "_the_world"


class OfWorld(ast.NodeTransformer):
    """``self._world``, in a method of persons, depends on no person."""

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:  # noqa: D102
        if node.attr == "_world" and isinstance(node.value, ast.Name) and node.value.id == "self":
            return ast.Name(WORLD, ast.Load())
        return self.generic_visit(node)


class Renamed(ast.NodeTransformer):
    """Names of a month's expression as they are called in the month's part."""

    def __init__(self, env: Environment, space: Globals, names: dict[str, Any]) -> None:
        self._env, self._space, self._names = env, space, names
        self._inner: list[set[str]] = []

    def visit_Lambda(self, node: ast.Lambda) -> ast.AST:  # noqa: D102
        return self._within({a.arg for a in node.args.args}, node)

    def visit_ListComp(self, node: ast.ListComp) -> ast.AST:  # noqa: D102
        return self._within(_targets(node.generators), node)

    def visit_GeneratorExp(self, node: ast.GeneratorExp) -> ast.AST:  # noqa: D102
        return self._within(_targets(node.generators), node)

    def visit_NamedExpr(self, node: ast.NamedExpr) -> ast.AST:  # noqa: D102
        raise Unreadable(f"`{text_of(node)}` gives a name within an expression")

    def visit_Name(self, node: ast.Name) -> ast.AST:  # noqa: D102
        if any(node.id in names for names in self._inner):
            return node
        if node.id in self._env:
            value = self._env[node.id]
            assert isinstance(value, Static), "the expression was found to be the month's"
            return ast.parse(value.text, mode="eval").body
        if node.id in self._space:
            value, alias = self._space[node.id], f"{self._space['__name__']}.{node.id}".replace(".", "_")
        elif hasattr(builtins, node.id):
            value, alias = getattr(builtins, node.id), node.id
        else:
            raise Unreadable(f"{node.id} is not known")
        self._names[alias] = value
        return ast.Name(alias, node.ctx)

    def _within(self, names: set[str], node: ast.AST) -> ast.AST:
        self._inner.append(names)
        self.generic_visit(node)
        self._inner.pop()
        return node


def _targets(generators: list[ast.comprehension]) -> set[str]:
    return {n.id for g in generators for n in ast.walk(g.target) if isinstance(n, ast.Name)}


def text_of(node: ast.AST) -> str:
    """What was written, in at most a line."""
    text = " ".join(ast.unparse(node).split())
    return text if len(text) <= 80 else text[:77] + "..."


def constant_of(text: str, names: Mapping[str, Any]) -> bool | int | float | None:
    """The value of a text in which nothing can change from month to month; None if it is no such number.

    Args:
        text: An expression.
        names: What is the same in every month, by name.
    """
    used = {n.id for n in ast.walk(ast.parse(text, mode="eval")) if isinstance(n, ast.Name)}
    if not used <= names.keys():
        return None
    value = eval(text, dict(names))
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, bool):
        return value
    if isinstance(value, int):
        return int(value)
    return value if isinstance(value, float) and math.isfinite(value) else None
