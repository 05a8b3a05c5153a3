"""The text of a function, as a tree, and only if it is the text of the code that would run."""

from __future__ import annotations

import ast
import inspect
import types
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

from irregsim.model.compiled.tree import Unreadable


def tree_of(function: Callable[..., Any]) -> ast.FunctionDef | ast.Lambda:
    """The tree of a plain function or lambda.

    Raises:
        Unreadable: If it is something else, carries values from where it was made, or its text cannot be found or is
            not what runs, as when a file was edited after it was imported.
    """
    if not isinstance(function, types.FunctionType):
        raise Unreadable(f"{function!r} is not a plain function")
    name, code = function.__name__, function.__code__
    if code.co_freevars:
        raise Unreadable(f"{name} reads {', '.join(code.co_freevars)} of the function that made it")
    try:
        lines, _ = inspect.findsource(code)
    except (OSError, TypeError):
        raise Unreadable(f"the text of {name} cannot be found") from None
    node, compiled = _functions("".join(lines)).get(code.co_firstlineno, {}).get(name, (None, None))
    if node is None or compiled is None or not _same(code, compiled):
        raise Unreadable(f"the text of {name} is not what runs (decorated, or edited since it was imported)")
    return node


@cache
def _functions(text: str) -> dict[int, dict[str, tuple[ast.FunctionDef | ast.Lambda, types.CodeType]]]:
    """Functions without decorators and lambdas of a file, with their code, by the line they begin on and name.

    Of several lambdas on a line none is kept, since it could not be said which is which.
    """
    found: dict[int, dict[str, ast.FunctionDef | ast.Lambda]] = {}
    twice: set[int] = set()
    tree = ast.parse(text)
    for node in ast.walk(tree):
        if isinstance(node, ast.Lambda):
            if "<lambda>" in found.setdefault(node.lineno, {}):
                twice.add(node.lineno)
            found[node.lineno]["<lambda>"] = node
        elif isinstance(node, ast.FunctionDef) and not node.decorator_list:
            found.setdefault(node.lineno, {})[node.name] = node
    out: dict[int, dict[str, tuple[ast.FunctionDef | ast.Lambda, types.CodeType]]] = {}
    # The whole file is compiled, since what a module imports has a say in the code of its functions.
    for code in _inside(compile(tree, "<rules>", "exec", dont_inherit=True)):
        line, name = code.co_firstlineno, code.co_name
        if name in found.get(line, {}) and not (name == "<lambda>" and line in twice):
            out.setdefault(line, {})[name] = (found[line][name], code)
    return out


def _inside(code: types.CodeType) -> Iterator[types.CodeType]:
    for inner in code.co_consts:
        if isinstance(inner, types.CodeType):
            yield inner
            yield from _inside(inner)


def _same(one: types.CodeType, other: types.CodeType) -> bool:
    """Whether two pieces of code do the same, wherever they come from."""
    if (one.co_code, one.co_names, one.co_varnames) != (other.co_code, other.co_names, other.co_varnames):
        return False
    pairs = list(zip(one.co_consts, other.co_consts, strict=False))
    if len(one.co_consts) != len(other.co_consts):
        return False
    return all(
        _same(a, b)
        if isinstance(a, types.CodeType) and isinstance(b, types.CodeType)
        else (type(a) is type(b) and repr(a) == repr(b))
        for a, b in pairs
    )
