"""A scenario as the model reads it: every lever month by month, frozen, and its canonical form.

Arrays run from 2009-01 (month 0) to the last month of the scenario. Months before the period hold the values
of the shipped baseline.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np
import numpy.typing as npt

from irregsim.scenario.attributes import Attribute, Form, attributes, flag
from irregsim.scenario.expectations import Expectation
from irregsim.scenario.faults import Fault, ScenarioError
from irregsim.scenario.levers import Holds
from irregsim.vocabulary.codes import FIRST_YEAR, month_number, month_text, year_of
from irregsim.vocabulary.knowledge import LAST_COMMON_YEAR, Knowledge


@dataclass(frozen=True, order=True)
class Scheme:
    """A regularisation scheme.

    Attributes:
        start: First month in force.
        end: Last month in force, or None for no end within the scenario.
        min_years: Years without legal stay at least.
        min_age_plus_years: Least sum of age and years; 0 means no condition.
        no_conviction: Only persons without a penal conviction.
        sought_asylum_only: Only persons who once sought asylum.
        families_only: Only families with children.
    """

    start: int
    end: int | None
    min_years: float
    min_age_plus_years: float
    no_conviction: bool
    sought_asylum_only: bool
    families_only: bool

    @property
    def conditions(self) -> tuple[float | bool, ...]:
        """What it asks of a person, in the order of the attributes."""
        return tuple(getattr(self, name) for name in _CONDITIONS)

    @property
    def borders(self) -> tuple[int, ...]:
        """Its first month, and the month after its last, if it has one."""
        return (self.start,) if self.end is None else (self.start, self.end + 1)

    def is_in_force(self, month: int) -> bool:
        """Whether it is in force in a month."""
        return self.start <= month and (self.end is None or month <= self.end)


#: Conditions of a scheme and their types, as they are written in a mapping.
_CONDITIONS = {item.name: str(item.type) for item in fields(Scheme) if item.name not in ("start", "end")}


class Levers:
    """Levers and assumptions, month by month, from 2009-01; read-only.

    It has the attributes that the registry's entries name (``Lever.fields``; their forms are those of
    `attributes.attributes`): ``worker_nok``, ``shelter_beds`` and so on. With T months, a lever with a dated value is
    an array of shape (T,), or (T, places) in the order of the countries, centres, districts or cities; numbers are
    float64, an option is its index in the options of its entry, and NaN is null (no agreement in force, the capacity of
    the data). Schemes are a tuple of `Scheme` by rising start, values by year a tuple of (year, value) by rising year,
    and a setting is one value for the whole simulation.

    Args:
        knowledge: What counts as history in it (`knowledge`): a field of its own, since no entry sets it.
        **values: Every attribute by name.

    Raises:
        TypeError: If an attribute is missing, or the registry has no lever with it.
    """

    def __init__(self, *, knowledge: Knowledge | None = None, **values: Any) -> None:
        names = attributes()
        if values.keys() != names.keys():
            raise TypeError(f"levers that are missing or unknown: {', '.join(sorted(values.keys() ^ names.keys()))}")
        self.__setstate__({name: values[name] for name in names} | {"knowledge": knowledge or Knowledge()})

    def __setstate__(self, state: dict[str, Any]) -> None:
        # Pickling loses the read-only flag; a worker process must not be able to change what it was sent.
        self.__dict__.update(state)
        for value in state.values():
            if isinstance(value, np.ndarray):
                value.flags.writeable = False

    def __getattr__(self, name: str) -> Any:
        # Only for names that do not exist; it also shows mypy that names come from the registry.
        raise AttributeError(f"no lever has a field called {name}")

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"levers cannot be changed ({name}); `replaced` gives a copy")

    def __repr__(self) -> str:
        return f"Levers({self.months} months)"

    @property
    def months(self) -> int:
        """Number of months, T."""
        return next(len(path) for path in self.monthly.values())

    @property
    def monthly(self) -> dict[str, npt.NDArray[Any]]:
        """Values that are in force month by month, by name; shapes (T,) or (T, places)."""
        return {name: value for name, value in vars(self).items() if isinstance(value, np.ndarray)}

    @property
    def settings(self) -> dict[str, bool | float | None]:
        """Values that hold for the whole simulation, by name."""
        return {name: getattr(self, name) for name, one in attributes().items() if one.form is Form.SETTING}

    def replaced(self, **values: Any) -> Levers:
        """The same levers with other values of some attributes."""
        return Levers(**{**vars(self), **values})

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Levers):
            return NotImplemented
        mine, theirs = vars(self), vars(other)
        return mine.keys() == theirs.keys() and all(_equal(mine[name], theirs[name]) for name in mine)

    def __hash__(self) -> int:
        return hash((self.months, *(value for value in vars(self).values() if not isinstance(value, np.ndarray))))

    def first_difference(self, other: Levers, since: int = 0) -> int | None:
        """First month in which two sets of values act differently; None where they act alike.

        Args:
            other: Another set, of the same number of months.
            since: First month that is compared. Settings hold for the whole simulation, so they differ from it on.
        """
        found: list[int] = []
        known_apart = self.knowledge.first_difference(other.knowledge)
        if known_apart is not None and known_apart < self.months:
            found.append(max(known_apart, since))
        for name, one in attributes().items():
            mine, theirs = getattr(self, name), getattr(other, name)
            if _equal(mine, theirs):
                continue
            if one.form is Form.SETTING:
                return since
            if one.form is Form.SCHEMES:
                borders = {since, *(border for scheme in (*mine, *theirs) for border in scheme.borders)}
                months = (month for month in sorted(borders) if since <= month < self.months)
                found += [month for month in months if _in_force(mine, month) != _in_force(theirs, month)][:1]
            elif one.form is Form.YEARS:
                years = range(year_of(since), year_of(self.months - 1) + 1)
                unlike = [year for year in years if self.in_year(name, year) != other.in_year(name, year)]
                found += [max(month_number(f"{year}-01"), since) for year in unlike[:1]]
            else:
                same = ((mine == theirs) | ((mine != mine) & (theirs != theirs)))[since:]
                differs = ~same.reshape(len(same), -1).all(axis=1)
                found += [since + int(month) for month in np.flatnonzero(differs)[:1]]
        return min(found, default=None)

    def sha256_until(self, month: int) -> str:
        """SHA-256 of what acts before a month, and of the settings, which hold throughout; 64 hex digits.

        It is the same for two sets of levers whose `first_difference` is that month, a later one or None.
        """
        digest = hashlib.sha256(repr(self.knowledge.acts_before(month)).encode())
        for name, one in attributes().items():
            value = getattr(self, name)
            digest.update(f"{name}:".encode())
            if one.form is Form.PATH:
                digest.update(np.ascontiguousarray(value[:month]).tobytes())
                continue
            if one.form is Form.SCHEMES:
                borders = sorted({border for scheme in value for border in scheme.borders if border < month})
                value = [(border, sorted(_in_force(value, border))) for border in borders]
            elif one.form is Form.YEARS:
                value = [self.in_year(name, year) for year in range(FIRST_YEAR, FIRST_YEAR + -(-month // 12))]
            digest.update(f"{value!r};".encode())
        return digest.hexdigest()

    def in_year(self, name: str, year: int) -> float | None:
        """What a lever with values by year states for a year; None where it states nothing.

        After the last year that counts as history the last stated year is held.
        """
        stated = dict(getattr(self, name))
        last = self.knowledge.last_counted if name == "asylum_rejections_per_year" else LAST_COMMON_YEAR
        while year > last and year not in stated:
            year -= 1
        return stated.get(year)

    def rejections_in_year(self, year: int) -> float | None:
        """First-instance rejections that the scenario states for a year, as `in_year`."""
        return self.in_year("asylum_rejections_per_year", year)


def _equal(one: object, two: object) -> bool:
    if isinstance(one, np.ndarray) and isinstance(two, np.ndarray):
        if one.dtype != two.dtype or one.shape != two.shape:
            return False
        return bool(np.array_equal(one, two, equal_nan=one.dtype.kind == "f"))
    return type(one) is type(two) and one == two


def _in_force(schemes: Sequence[Scheme], month: int) -> set[tuple[float | bool, ...]]:
    """Conditions of the schemes in force in a month."""
    return {scheme.conditions for scheme in schemes if scheme.is_in_force(month)}


@dataclass(frozen=True, eq=False)
class Scenario:
    """One resolved scenario.

    Attributes:
        name: Its name, which also names its output folder.
        title: Title by language.
        description: Description by language, or one text.
        extends: Parent as written in the file, or None.
        start: First reported month (month number, 2009-01 is 0).
        end: Last month.
        replicates: Replicates to run by default.
        seed: Random seed to use by default.
        levers: Levers and assumptions month by month.
        references: (key path, what it is about, reference) of the entries in force that state one.
        decides: Who decides on what it changes (words of `expectations.DECIDERS`); empty if not stated.
        expects: What its author expects; never read by the model and no part of ``sha256``.
        parent_levers: The parent's values over the same months, where the scenario was read from a file with
            a parent.
        new_names: Names that its file gives to new centres, by theirs in the data (`reference.new_centres`); no part of
            ``sha256``.
        warnings: What in its file is probably not meant (`changes.centre_warnings`); no part of ``sha256``.
    """

    name: str
    title: dict[str, str]
    description: dict[str, str] | str
    extends: str | None
    start: int
    end: int
    replicates: int
    seed: int
    levers: Levers
    references: tuple[tuple[str, str, str], ...] = ()
    decides: tuple[str, ...] = ()
    expects: tuple[Expectation, ...] = ()
    parent_levers: Levers | None = field(default=None, repr=False)
    warnings: tuple[str, ...] = field(default=(), repr=False)
    new_names: Mapping[str, str] = field(default_factory=dict, repr=False)

    def to_mapping(self) -> dict[str, Any]:
        """The canonical, resolved form: JSON-able, and enough for `from_mapping` to build an equal scenario.

        Paths are written as their changes from 2009-01 on. Of columns (countries, centres) only those appear
        that differ from "none", "open" or "as in the data" at some time.
        """
        groups: dict[str, dict[str, Any]] = {"levers": {}, "assumptions": {}}
        for name, one in attributes().items():
            written = _encode(one, getattr(self.levers, name))
            if written or not one.is_rare:
                groups[one.section][name] = written
        return {
            "schema": 1,
            "name": self.name,
            "title": dict(self.title),
            "description": dict(self.description) if isinstance(self.description, dict) else self.description,
            "extends": self.extends,
            "period": {"start": month_text(self.start), "end": month_text(self.end)},
            "as_known": self.levers.knowledge.as_known,
            "facts_left_out": list(self.levers.knowledge.without),
            "run": {"replicates": self.replicates, "seed": self.seed},
            **groups,
            "references": [list(row) for row in self.references],
            "decides": list(self.decides),
            "expects": [expected.to_mapping() for expected in self.expects],
        }

    @classmethod
    def from_mapping(cls, mapping: Mapping[str, Any]) -> Scenario:
        """The scenario that `to_mapping` wrote, for example into a manifest.

        A mapping that was written before a lever was added is read with that lever at the default of its entry, which
        is what the scenario did without it. One from before states of knowledge has the first of them.

        Raises:
            ScenarioError: If the mapping is not what `to_mapping` writes. A lever that this version does not have was
                written by a later one, and what it did is not known here.
        """
        try:
            period, run = mapping["period"], mapping["run"]
            start, end = month_number(period["start"]), month_number(period["end"])
            if not 0 <= start <= end:
                raise ValueError(f"period {period['start']} to {period['end']}")
            given = {**mapping["levers"], **mapping["assumptions"]}
            names = attributes()
            unknown = sorted(given.keys() - names.keys())
            if unknown:
                message = (
                    f"this version of irregsim has no lever with the field {', '.join(unknown)}; read it with the "
                    "version that wrote it"
                )
                raise ScenarioError([Fault("scenario", 1, 1, "levers", message)])
            description = mapping["description"]
            return cls(
                name=str(mapping["name"]),
                title=dict(mapping["title"]),
                description=dict(description) if isinstance(description, Mapping) else str(description),
                extends=mapping["extends"],
                start=start,
                end=end,
                replicates=int(run["replicates"]),
                seed=int(run["seed"]),
                levers=Levers(
                    knowledge=Knowledge.of(mapping),
                    **{
                        name: _decode(one, given[name], end + 1) if name in given else one.at_default(end + 1)
                        for name, one in names.items()
                    },
                ),
                references=tuple((str(a), str(b), str(c)) for a, b, c in mapping["references"]),
                # Mappings written before these keys existed lack them.
                decides=tuple(str(word) for word in mapping.get("decides", ())),
                expects=tuple(Expectation.from_mapping(row) for row in mapping.get("expects", ())),
            )
        except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
            message = f"not a resolved scenario: {type(error).__name__}: {error}"
            raise ScenarioError([Fault("scenario", 1, 1, "", message)]) from None

    @property
    def sha256(self) -> str:
        """SHA-256 of the canonical JSON without ``decides`` and ``expects``, 64 hex digits.

        Who decides and what is expected change nothing that is simulated.
        """
        mapping = {key: value for key, value in self.to_mapping().items() if key not in ("decides", "expects")}
        text = json.dumps(mapping, sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
        return hashlib.sha256(text.encode("utf-8")).hexdigest()

    def __eq__(self, other: object) -> bool:
        return self.to_mapping() == other.to_mapping() if isinstance(other, Scenario) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.sha256)


def _encode(one: Attribute, value: Any) -> Any:
    if one.form is Form.SCHEMES:
        return [
            {
                "from": month_text(scheme.start),
                "to": None if scheme.end is None else month_text(scheme.end),
                **dict(zip(_CONDITIONS, scheme.conditions, strict=True)),
            }
            for scheme in value
        ]
    if one.form is Form.YEARS:
        return {str(year): count for year, count in value}
    if one.form is Form.SETTING:
        return value
    if one.columns is None:
        return _changes(one, value)
    paths = {column: _changes(one, value[:, index]) for index, column in enumerate(one.columns)}
    if one.is_sparse:
        return {column: path for column, path in paths.items() if [step["value"] for step in path] != [one.default]}
    return paths


def _changes(one: Attribute, column: npt.NDArray[Any]) -> list[dict[str, bool | float | str | None]]:
    """A monthly path as its changes: ``[{from: 2009-01, value: ...}, ...]``."""
    out: list[dict[str, bool | float | str | None]] = []
    # Only months whose stored value differs can differ as written; a missing number differs from itself, as stored.
    differs = np.flatnonzero(column[1:] != column[:-1]) + 1
    for month in (0, *differs.tolist()):
        written = one.written(column[month].item())
        if not out or out[-1]["value"] != written:
            out.append({"from": month_text(month), "value": written})
    return out


def _decode(one: Attribute, value: Any, months: int) -> Any:
    if one.form is Form.SCHEMES:
        return tuple(
            Scheme(
                start=month_number(row["from"]),
                end=None if row["to"] is None else month_number(row["to"]),
                **_conditions(row),
            )
            for row in value
        )
    if one.form is Form.YEARS:
        return tuple(sorted((int(year), float(count)) for year, count in value.items()))
    if one.form is Form.SETTING:
        return _setting(one, value)
    if one.columns is None:
        return _path(one, value, months)
    unknown = set(value) - set(one.columns)
    if unknown:
        raise ValueError(f"{one.name} of {sorted(unknown)}")
    idle = [{"from": month_text(0), "value": one.default}]
    paths = [value.get(column, idle) if one.is_sparse else value[column] for column in one.columns]
    return np.stack([_path(one, path, months) for path in paths], axis=1)


def _conditions(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: flag(row[name]) if kind == "bool" else float(row[name]) for name, kind in _CONDITIONS.items()}


def _setting(one: Attribute, value: Any) -> bool | float | str | None:
    if one.holds is Holds.TRUE_FALSE:
        return flag(value)
    if one.holds is Holds.OPTION:
        return one.options[one.options.index(value)]
    return None if value is None else float(value)


def _path(one: Attribute, steps: Sequence[Mapping[str, Any]], months: int) -> npt.NDArray[Any]:
    """The monthly path of its changes."""
    out = np.zeros(months, dtype=one.dtype)
    if month_number(steps[0]["from"]) != 0:
        raise ValueError(f"{one.name} does not begin in {month_text(0)}")
    for step in steps:
        out[month_number(step["from"]) :] = one.stored(step["value"])
    return out
