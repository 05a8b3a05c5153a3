"""YAML read into dataclasses: every key and value is checked against the types, and every fault has its path.

A field may be text, a whole number, one of some words (``Literal``), another dataclass, or a tuple of one of these.
What a type cannot say is added with `Limits`: ``Annotated[int, Limits(least=5)]``. Text is never empty, unless it may
be left out.

What readers see is not in the YAML but in a table of words: a field of the type `Text` has the row whose key is the
field's path, ``exercises.fines.title``, and a tuple of them the rows ``exercises.fines.steps.1``, ``.2`` and so on. In
a path, an entry of a list goes by its ``id``, and by its number, from 1, where it has none.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields, is_dataclass
from typing import Annotated, Any, Literal, TypeVar, get_args, get_origin, get_type_hints

from irregsim.vocabulary.labels import Text

T = TypeVar("T")

#: Rows of a table of words: texts by key, then by language.
Rows = Mapping[str, Mapping[str, str]]


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


def read_as(
    kind: type[T], value: object, path: str, faults: list[str], rows: Rows | None = None, key: str = ""
) -> T | None:
    """A value of YAML as a dataclass, with its words.

    Args:
        kind: The dataclass.
        value: What was read.
        path: Where it is, such as ``exercises.0.predict``; empty for the root.
        faults: Collects what is wrong, each with its path.
        rows: Words, where the dataclass has any.
        key: What the keys of its words begin with, such as ``exercises.fines``; empty for the root.

    Returns:
        The dataclass; None after a fault.
    """
    hints, optional = _hints(kind)
    worded = {name for name, hint in hints.items() if _is_worded(hint)}
    known = ", ".join(name for name in hints if name not in worded)
    if value is None and worded == set(hints):
        value = {}  # it has nothing but words
    if not isinstance(value, Mapping):
        faults.append(f"{path or 'the file'}: must be a mapping with the keys {known}, found {_found(value)}")
        return None
    before = len(faults)
    below = f"{path}." if path else ""
    ours = f"{key}." if key else ""
    for name in value:
        if name in worded:
            faults.append(f"{below}{name}: words are not written here but in a table, under {ours}{name}")
        elif name not in hints:
            faults.append(f"{below}{name}: no such key; known: {known}")
    given: dict[str, Any] = {}
    for name, hint in hints.items():
        if name in worded:
            given[name] = _words(hint, ours + name, faults, rows or {})
        elif name in value or _is_dataclass_of_words(hint):
            may_be_empty = name in optional
            given[name] = _value(
                hint, value.get(name), below + name, faults, rows, ours + name, may_be_empty=may_be_empty
            )
        elif name not in optional:
            faults.append(f"{below}{name}: is missing")
    return kind(**given) if len(faults) == before else None


def _hints(kind: type[Any]) -> tuple[dict[str, Any], frozenset[str]]:
    """Types of the fields of a dataclass, and the names of those that may be left out."""
    optional = frozenset(item.name for item in fields(kind) if item.default is not MISSING)
    return get_type_hints(kind, include_extras=True), optional


def _is_worded(hint: Any) -> bool:
    """Whether a field is text for readers, or a tuple of them."""
    hint = get_args(hint)[0] if get_origin(hint) is Annotated else hint
    return hint is Text or (get_origin(hint) is tuple and get_args(hint)[0] is Text)


def _is_dataclass_of_words(hint: Any) -> bool:
    """Whether a field is a dataclass that has nothing but words, and so nothing in the YAML."""
    return isinstance(hint, type) and is_dataclass(hint) and all(map(_is_worded, _hints(hint)[0].values()))


def _words(hint: Any, key: str, faults: list[str], rows: Rows) -> Any:
    """The words of a field: those of one row, or of rows with numbers from 1 on."""
    limits = Limits()
    if get_origin(hint) is Annotated:
        hint, limits = get_args(hint)
    if hint is Text:
        if key not in rows:
            faults.append(f"{key}: has no words; add its row")
            return Text({}, key)
        return Text(rows[key], key)
    numbers = itertools.takewhile(lambda number: f"{key}.{number}" in rows, itertools.count(1))
    found = tuple(Text(rows[f"{key}.{number}"], f"{key}.{number}") for number in numbers)
    at_least_one = Limits(least=limits.least or 1, most=limits.most)
    _within(len(found), at_least_one, f"{key}: has {len(found)} rows of words", faults)
    return found


def _value(
    hint: Any,
    value: object,
    path: str,
    faults: list[str],
    rows: Rows | None = None,
    key: str = "",
    *,
    may_be_empty: bool = False,
) -> Any:
    """A value of a type; what is wrong with it has been noted."""
    limits = Limits()
    if get_origin(hint) is Annotated:
        hint, limits = get_args(hint)
    if is_dataclass(hint):
        assert isinstance(hint, type), "a type, not a value"
        return read_as(hint, value, path, faults, rows, key)
    if get_origin(hint) is Literal:
        if not any(value == word and type(value) is type(word) for word in get_args(hint)):
            faults.append(f"{path}: must be one of {', '.join(map(str, get_args(hint)))}, found {_found(value)}")
        return value
    if get_origin(hint) is tuple:
        if not isinstance(value, list):
            faults.append(f"{path}: must be a list, found {_found(value)}")
            return ()
        _within(len(value), limits, f"{path}: has {len(value)} entries", faults)
        inner = get_args(hint)[0]
        return tuple(
            _value(inner, one, f"{path}.{i}", faults, rows, f"{key}.{_name_of(one, i + 1)}")
            for i, one in enumerate(value)
        )
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


def _name_of(entry: object, number: int) -> str:
    """What an entry of a list is called in the keys of its words."""
    return str(entry.get("id", number)) if isinstance(entry, Mapping) else str(number)


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
