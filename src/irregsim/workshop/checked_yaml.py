"""YAML read into dataclasses: every key and value is checked against the types, and every fault has its path.

A field may be text, a whole number, one of some words (``Literal``), another dataclass, or a tuple of one of these.
What a type cannot say is added with `Limits`: ``Annotated[int, Limits(least=5)]``. Text is never empty, unless it may
be left out.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields, is_dataclass
from typing import Annotated, Any, Literal, TypeVar, get_args, get_origin, get_type_hints

T = TypeVar("T")


@dataclass(frozen=True)
class Limits:
    """What a value must also be.

    Attributes:
        least: Smallest number, or fewest entries of a tuple.
        most: Largest number, or most entries.
        form: Pattern that the whole text must match.
    """

    least: int | None = None
    most: int | None = None
    form: str = ""


def read_as(kind: type[T], value: object, path: str, faults: list[str]) -> T | None:
    """A value of YAML as a dataclass.

    Args:
        kind: The dataclass.
        value: What was read.
        path: Where it is, such as ``exercises.0.title``; empty for the root.
        faults: Collects what is wrong, each with its path.

    Returns:
        The dataclass; None after a fault.
    """
    hints, optional = _hints(kind)
    known = ", ".join(hints)
    if not isinstance(value, Mapping):
        faults.append(f"{path or 'the file'}: must be a mapping with the keys {known}, found {_found(value)}")
        return None
    before = len(faults)
    below = f"{path}." if path else ""
    faults += [f"{below}{key}: no such key; known: {known}" for key in value if key not in hints]
    given: dict[str, Any] = {}
    for name, hint in hints.items():
        if name in value:
            given[name] = _value(hint, value[name], below + name, faults, may_be_empty=name in optional)
        elif name not in optional:
            faults.append(f"{below}{name}: is missing")
    return kind(**given) if len(faults) == before else None


def _hints(kind: type[Any]) -> tuple[dict[str, Any], frozenset[str]]:
    """Types of the fields of a dataclass, and the names of those that may be left out."""
    optional = frozenset(item.name for item in fields(kind) if item.default is not MISSING)
    return get_type_hints(kind, include_extras=True), optional


def _value(hint: Any, value: object, path: str, faults: list[str], *, may_be_empty: bool = False) -> Any:
    """A value of a type; what is wrong with it has been noted."""
    limits = Limits()
    if get_origin(hint) is Annotated:
        hint, limits = get_args(hint)
    if is_dataclass(hint):
        assert isinstance(hint, type), "a type, not a value"
        return read_as(hint, value, path, faults)
    if get_origin(hint) is Literal:
        if not any(value == word and type(value) is type(word) for word in get_args(hint)):
            faults.append(f"{path}: must be one of {', '.join(map(str, get_args(hint)))}, found {_found(value)}")
        return value
    if get_origin(hint) is tuple:
        if not isinstance(value, list):
            faults.append(f"{path}: must be a list, found {_found(value)}")
            return ()
        _within(len(value), limits, f"{path}: has {len(value)} entries", faults)
        return tuple(_value(get_args(hint)[0], one, f"{path}.{i}", faults) for i, one in enumerate(value))
    if type(value) is not hint:
        faults.append(f"{path}: must be {'text' if hint is str else 'a whole number'}, found {_found(value)}")
    elif isinstance(value, int):
        _within(value, limits, f"{path}: is {value}", faults)
    elif isinstance(value, str):
        if not value.strip() and not may_be_empty:
            faults.append(f"{path}: is empty text")
        elif limits.form and not re.fullmatch(limits.form, value):
            faults.append(f"{path}: {value!r} does not have the form {limits.form}")
    return value


def _within(number: int, limits: Limits, said: str, faults: list[str]) -> None:
    if limits.least is not None and number < limits.least:
        faults.append(f"{said}; at least {limits.least}")
    if limits.most is not None and number > limits.most:
        faults.append(f"{said}; at most {limits.most}")


def _found(value: object) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, Mapping):
        return "a mapping"
    return "a list" if isinstance(value, list) else repr(value)
