"""The attributes of `Levers`: what each entry of the registry is once it is resolved month by month.

An entry says under which names its values are kept (``Lever.fields``); its kind says their form. Nothing else lists the
levers, so a new entry of a known kind has its attribute, its default and its place in a manifest at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from types import MappingProxyType
from typing import Any

import numpy as np

from irregsim.scenario.levers import REGISTRY, By, Holds, Kind, Lever
from irregsim.vocabulary import reference
from irregsim.vocabulary.codes import CITIES, DISTRICTS

Written = bool | float | str | None
"""One value as a scenario file writes it."""


class Form(StrEnum):
    """Form of an attribute of `Levers`."""

    PATH = "path"  # a value for each month, or a row of values
    SCHEMES = "schemes"
    YEARS = "years"
    SETTING = "setting"  # one value for the whole simulation


@dataclass(frozen=True)
class Attribute:
    """One attribute of `Levers`.

    Attributes:
        name: Its name.
        section: ``levers`` or ``assumptions``.
        form: Its form.
        holds: Number, true or false, or option, for paths and settings.
        default: Value where nothing is said, as it is written.
        columns: Names of the columns of a path that is set by place; None for one value a month.
        options: Words of an option; a path holds indices into them.
        is_sparse: Whether the mapping of a scenario leaves out the columns that are at the default throughout.
        is_rare: Whether it leaves out the attribute, too, where no column is left: of what most scenarios do not have.
    """

    name: str
    section: str
    form: Form
    holds: Holds
    default: Any
    columns: tuple[str, ...] | None = None
    options: tuple[str, ...] = ()
    is_sparse: bool = False
    is_rare: bool = False

    def at_default(self, months: int) -> Any:
        """The value that acts where nothing is said: for a path a new array, shape (months,) or (months, columns)."""
        if self.form is not Form.PATH:
            return self.default
        shape = (months,) if self.columns is None else (months, len(self.columns))
        return np.full(shape, self.stored(self.default), dtype=self.dtype)

    @property
    def dtype(self) -> type[np.float64] | type[np.bool_] | type[np.int64]:
        """Type of the numbers of a path."""
        if self.holds is Holds.TRUE_FALSE:
            return np.bool_
        return np.int64 if self.holds is Holds.OPTION else np.float64

    def stored(self, value: Written) -> float | bool | int:
        """A written value as a path stores it: an option as its index, null as NaN.

        Raises:
            TypeError: If it is not of the type that the attribute holds.
            ValueError: If it is not an option.
        """
        if self.holds is Holds.OPTION:
            return self.options.index(str(value))
        if self.holds is Holds.TRUE_FALSE:
            return flag(value)
        return np.nan if value is None else float(value)

    def written(self, value: Any) -> Written:
        """A stored value as it is written."""
        if self.holds is Holds.OPTION:
            return self.options[int(value)]
        if isinstance(value, bool | np.bool_):
            return bool(value)
        number = float(value)
        return None if np.isnan(number) else number


def flag(value: Any) -> bool:
    """A value that must be true or false.

    Raises:
        TypeError: If it is not.
    """
    if not isinstance(value, bool):
        raise TypeError(f"{value!r} is not true or false")
    return value


@cache
def attributes() -> Mapping[str, Attribute]:
    """All attributes by name, in the order of the registry.

    Raises:
        ValueError: If two entries fill one attribute in different ways.
    """
    found: dict[str, Attribute] = {}
    for lever in REGISTRY:
        for one in _attributes_of(lever):
            if found.setdefault(one.name, one) != one:
                raise ValueError(f"{lever.path}: its field {one.name} belongs to another lever; give it another name")
    return MappingProxyType(found)


@cache
def names_of(by: By) -> tuple[str, ...]:
    """Names that a lever can be set by, in their fixed order; empty for one value for the country."""
    if by is By.CENTRE:
        return tuple(centre.name for centre in reference.centres())
    return {By.DISTRICT: DISTRICTS, By.CITY: CITIES}.get(by, ())


def part_fields(lever: Lever) -> dict[str, str]:
    """Of a directive, the field of each part that has one: ``{"back_pay_months": "directive_back_pay_months"}``.

    The first field says whether the directive is in force; the others are named after it and the part.
    """
    prefix = lever.fields[0].removesuffix("in_force")
    return {name.removeprefix(prefix): name for name in lever.fields[1:]}


def _attributes_of(lever: Lever) -> Iterator[Attribute]:
    first, section = lever.fields[0], lever.section
    if lever.kind is Kind.DATED:
        yield Attribute(
            first,
            section,
            Form.PATH,
            lever.holds,
            lever.default,
            columns=names_of(lever.by) or None,
            options=lever.options,
            is_sparse=lever.by is By.CENTRE,
        )
    elif lever.kind is Kind.AGREEMENTS:
        countries = tuple(country.name for country in reference.countries())
        yield Attribute(first, section, Form.PATH, Holds.NUMBER, None, columns=countries, is_sparse=True)
    elif lever.kind is Kind.CENTRE_DATES:
        centres = names_of(By.CENTRE)
        yield Attribute(first, section, Form.PATH, Holds.TRUE_FALSE, True, columns=centres, is_sparse=True)
        new = tuple(centre.name for centre in reference.new_centres())
        for name in lever.fields[1:]:
            yield Attribute(name, section, Form.PATH, Holds.NUMBER, 0.0, columns=new, is_sparse=True, is_rare=True)
    elif lever.kind is Kind.WINDOW:
        yield Attribute(first, section, Form.PATH, Holds.TRUE_FALSE, False)
    elif lever.kind is Kind.DIRECTIVE:
        yield Attribute(first, section, Form.PATH, Holds.TRUE_FALSE, False)
        holds = {part.name: part.holds for part in lever.parts}
        for part, name in part_fields(lever).items():
            idle = False if holds[part] is Holds.TRUE_FALSE else 0.0
            yield Attribute(name, section, Form.PATH, holds[part], idle)
    elif lever.kind is Kind.SETTING:
        yield Attribute(first, section, Form.SETTING, lever.holds, lever.default, options=lever.options)
    else:
        form = {Kind.SCHEMES: Form.SCHEMES, Kind.YEARS: Form.YEARS}[lever.kind]
        yield Attribute(first, section, form, lever.holds, ())
