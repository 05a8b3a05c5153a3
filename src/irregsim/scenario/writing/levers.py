"""What a written scenario file says of each lever: the branches that differ from its parent's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from irregsim.scenario.attributes import Form, attributes, names_of, part_fields
from irregsim.scenario.document import Entry
from irregsim.scenario.faults import Fault, shorten
from irregsim.scenario.inheritance import resolve
from irregsim.scenario.levers import REGISTRY, By, Kind, Lever, number_text
from irregsim.scenario.reading import ReadFile
from irregsim.scenario.resolved import Levers, Scenario, Scheme
from irregsim.scenario.writing.yaml_layout import Branch, Flow, Row, scalar, yaml_text
from irregsim.vocabulary import reference
from irregsim.vocabulary.codes import DISTRICTS, FIRST_YEAR, month_text, year_of

Column = npt.NDArray[Any]


@dataclass(frozen=True)
class Task:
    """What is to be written, and against what.

    Attributes:
        scenario: What the file shall give.
        above: Its parent, as read.
        references: Reference by key path and what it is about.
        faults: Collects what cannot be written.
    """

    scenario: Scenario
    above: ReadFile
    references: Mapping[tuple[str, str], str]
    faults: list[Fault]

    @property
    def start(self) -> int:
        """First month that the file can say something about."""
        return self.scenario.start

    @property
    def end(self) -> int:
        """Last month."""
        return self.scenario.end

    def refuse(self, path: str, message: str) -> None:
        """Note something that cannot be written."""
        self.faults.append(Fault(shorten(self.scenario.name), 1, 1, path, message))

    def entry(self, path: str, about: str, row: Row) -> Flow:
        """An entry, with its reference if the scenario has one for it."""
        text = self.references.get((path, about))
        return Flow(row if text is None else {**row, "reference": yaml_text(text)})

    def inherited(self, lever: Lever) -> list[Entry]:
        """The parent's entries of a lever that holds a list."""
        return list(cast(dict[tuple[object, ...], Entry], self.above.layer[lever.path]).values())


def sections(task: Task) -> dict[str, Branch]:
    """Levers and assumptions that differ from the parent's, nested as in a file."""
    writers = {
        Kind.DATED: _dated,
        Kind.SETTING: _setting,
        Kind.YEARS: _years,
        Kind.AGREEMENTS: _agreements,
        Kind.CENTRE_DATES: _centre_dates,
        Kind.SCHEMES: _schemes,
        Kind.DIRECTIVE: _span,
        Kind.WINDOW: _span,
    }
    base = resolve(task.above.layer, task.end + 1, task.above.knowledge)
    out: dict[str, Branch] = {}
    for lever in REGISTRY:
        branch = writers[lever.kind](task, lever, base)
        if branch is not None:
            node = out
            *heads, last = lever.path.split(".")
            for head in heads:
                node = cast(dict[str, Branch], node.setdefault(head, {}))
            node[last] = branch
    return out


def _alike(one: Column, two: Column) -> npt.NDArray[np.bool_]:
    """Where two paths are equal; NaN equals itself."""
    same: npt.NDArray[np.bool_] = one == two
    return same | (np.isnan(one) & np.isnan(two)) if one.dtype.kind == "f" else same


def _differing(task: Task, target: Column, base: Column) -> list[int]:
    """Months of the period in which two paths differ."""
    return [task.start + int(month) for month in np.flatnonzero(~_alike(target, base)[task.start :])]


def _runs(column: Column, first: int, last: int) -> list[tuple[int, int]]:
    """First and last month of each stretch of equal values."""
    later, earlier = column[first + 1 : last + 1], column[first:last]
    starts = [first, *(first + 1 + int(month) for month in np.flatnonzero(~_alike(later, earlier)))]
    return list(zip(starts, [*(start - 1 for start in starts[1:]), last], strict=True))


def _dated(task: Task, lever: Lever, base: Levers) -> Branch | None:
    field = lever.fields[0]
    target, inherited = getattr(task.scenario.levers, field), getattr(base, field)
    if not lever.by:
        months = _differing(task, target, inherited)
        return _path(task, lever, target, months[0], [lever.path]) if months else None
    names = names_of(lever.by)
    columns = {name: (target[:, index], inherited[:, index]) for index, name in enumerate(names)}
    differing = {name: _differing(task, *pair) for name, pair in columns.items()}
    first = {name: months[0] for name, months in differing.items() if months}
    if not first:
        return None
    earliest = min(first.values())
    everywhere = bool(_alike(target[earliest:], target[earliest:, :1]).all())
    if len(first) > 1 and everywhere and lever.by is not By.CENTRE:
        return _path(task, lever, target[:, 0], earliest, [f"{lever.path}.{name}" for name in names])
    return {
        name: _path(task, lever, columns[name][0], month, [f"{lever.path}.{name}"]) for name, month in first.items()
    }


def _path(task: Task, lever: Lever, column: Column, first: int, paths: Sequence[str]) -> Branch:
    """A path from its first differing month on, for one place or for all (``paths``)."""
    rows: list[Flow] = []
    runs = _runs(column, first, task.end)
    for month, _ in runs:
        row = {"from": month_text(month), "value": scalar(attributes()[lever.fields[0]].written(column[month]))}
        told = {task.references.get((path, row["from"])) for path in paths}
        rows.append(task.entry(paths[0], row["from"], row) if len(told) == 1 else Flow(row))
    if first == task.start and len(runs) == 1 and "reference" not in rows[0].row:
        return rows[0].row["value"]
    return rows


def _setting(task: Task, lever: Lever, base: Levers) -> Branch | None:
    value = getattr(task.scenario.levers, lever.fields[0])
    return None if value == getattr(base, lever.fields[0]) else scalar(value)


def _years(task: Task, lever: Lever, base: Levers) -> Branch | None:
    inherited = dict(getattr(base, lever.fields[0]))
    target = dict(getattr(task.scenario.levers, lever.fields[0]))
    out: dict[str, Branch] = {}
    for year in _own_years(task.start, task.end):
        if year in target and target[year] != inherited.get(year):
            flow = task.entry(lever.path, str(year), {"value": scalar(target[year])})
            out[str(year)] = flow if len(flow.row) > 1 else flow.row["value"]
        elif year in inherited and year not in target:
            out[str(year)] = "null"
    return out or None


def _own_years(start: int, end: int) -> range:
    """Years that a file can state: those whose January falls in its period."""
    return range(FIRST_YEAR + -(-start // 12), year_of(end) + 1)


# ---- agreements -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Agreement:
    """An agreement of one country; without a value it removes the inherited one from that month."""

    start: int
    end: int | None
    value: float | None


def _agreements(task: Task, lever: Lever, base: Levers) -> Branch | None:
    rows: list[Flow] = []
    every, below = (getattr(one, lever.fields[0]) for one in (task.scenario.levers, base))
    for country in reference.countries():
        target = every[:, country.index]
        months = _differing(task, target, below[:, country.index])
        if not months:
            continue
        inherited = [
            _Agreement(cast(int, one.month("from")), one.month("to"), cast(float, one.values["effectiveness"]))
            for one in task.inherited(lever)
            if one.values["country"] == country.name
        ]
        ended = bool(np.isnan(target[months[0]]))
        plans = [_own_agreements(task, target, inherited, months, trim=trim) for trim in (ended, not ended)]
        for one in min(plans, key=len):
            since = month_text(one.start)
            row = {"country": yaml_text(country.name), "from": since}
            if one.end is not None:
                row["to"] = month_text(one.end)
            row["effectiveness"] = scalar(one.value)
            removed = one.value is None
            rows.append(Flow(row) if removed else task.entry(lever.path, f"{country.name} {since}", row))
    return rows or None


def _own_agreements(
    task: Task, target: Column, inherited: Sequence[_Agreement], months: Sequence[int], *, trim: bool
) -> list[_Agreement]:
    """Own entries that give the path of one country, which differs from the inherited one in some months.

    With ``trim``, inherited entries in force end before the first of these months; otherwise they are covered. What
    is inherited after the last of them stays.
    """
    first, last = months[0], months[-1]
    own: dict[int, _Agreement] = {}
    below: list[_Agreement] = []
    for one in inherited:
        ends = trim and one.start < first and (one.end is None or one.end >= first)
        if first <= one.start <= last or (ends and first == task.start):
            own[one.start] = _Agreement(one.start, None, None)
        elif ends:
            own[one.start] = replace(one, end=first - 1)
            below.append(own[one.start])
        else:
            below.append(one)
    under = _in_force(below, task.end)
    runs = _runs(target, first, task.end)
    needed = [not _alike(target[a : b + 1], under[a : b + 1]).all() for a, b in runs]
    for index, (a, b) in enumerate(runs):
        if needed[index]:
            value = 0.0 if np.isnan(target[a]) else float(target[a])
            own[a] = _Agreement(a, None if all(needed[index:]) else b, value)
    return [own[start] for start in sorted(own)]


def _in_force(entries: Sequence[_Agreement], end: int) -> npt.NDArray[np.float64]:
    """Effectiveness by month; the latest agreement in force counts, and one of 0 is none."""
    out = np.full(end + 1, np.nan)
    for one in sorted(entries, key=lambda one: one.start):
        out[one.start : None if one.end is None else one.end + 1] = one.value or np.nan
    return out


# ---- centres, windows, schemes --------------------------------------------------------------------------------


def _centre_dates(task: Task, lever: Lever, base: Levers) -> Branch | None:
    word = lever.key.rpartition(".")[2]
    rows: list[Flow] = []
    for centre in reference.centres():
        target = task.scenario.levers.centre_open[:, centre.index]
        if not _differing(task, target, base.centre_open[:, centre.index]):
            continue
        dates = _closing_and_opening(task, centre.name, target)
        if dates is None and word == "close":
            changes = ", ".join(month_text(start) for start, _ in _runs(target, task.start, task.end)[1:])
            message = f"{centre.name} changes in {changes}; a file can hold only one closing and one later opening"
            task.refuse(lever.path, message)
        if dates is not None and word in dates:
            month = dates[word]
            row = {"centre": yaml_text(centre.name), "on": "null" if month is None else month_text(month)}
            rows.append(Flow(row) if month is None else task.entry(lever.path, f"{centre.name} {row['on']}", row))
    if word == "open":
        rows += _new_centres(task, lever, base)
    return rows or None


def _new_centres(task: Task, lever: Lever, base: Levers) -> list[Flow]:
    """Openings of centres that are not in the data; each opens once, with the same places to the end."""
    rows: list[Flow] = []
    places = reference.places()
    paths = task.scenario.levers.new_centre_places
    # District to what has opened in it so far: month and name, since a file numbers them in this order.
    before: dict[int, list[tuple[int, str]]] = {}
    for centre in reference.new_centres():
        target, inherited = paths[:, centre.index], base.new_centre_places[:, centre.index]
        district = places[centre.place].district
        there = before.setdefault(district, [])
        name = task.scenario.new_names.get(centre.name, f"{centre.name} (ny)")
        starts = [start for start, _ in _runs(target, task.start, task.end) if target[start] or start > task.start]
        if target.any():
            there.append((int(np.flatnonzero(target)[0]), name))
        if not _differing(task, target, inherited):
            continue
        number = 1 + centre.index % reference.NEW_IN_DISTRICT
        if inherited.any() or len(starts) != 1 or len(there) != number or there != sorted(there):
            message = f"the new centre {centre.name} is not one that opens once and stays; a file cannot say that"
            task.refuse(lever.path, message)
            continue
        (start,) = starts
        row = {
            "centre": yaml_text(name),
            "district": yaml_text(DISTRICTS[district]),
            "places": number_text(float(target[start])),
            "on": month_text(start),
        }
        rows.append(task.entry(lever.path, f"{name} {row['on']}", row))
    return rows


def _closing_and_opening(task: Task, name: str, target: Column) -> dict[str, int | None] | None:
    """The fewest changes of the inherited dates that give a centre's path; None if there are none."""
    inherited: dict[str, int | None] = {}
    for word in ("close", "open"):
        entries = task.above.layer[f"levers.reception_centres.{word}"]
        entry = cast(dict[tuple[object, ...], Entry], entries).get((name,))
        inherited[word] = None if entry is None else entry.month("on")
    starts = [start for start, _ in _runs(target, task.start, task.end)]
    tries: dict[str, list[int | None]] = {
        "close": [start for start in starts if not target[start]],
        "open": [start for start in starts[1:] if target[start]],
    }
    for word, month in inherited.items():
        tries[word] = list(dict.fromkeys([month, *tries[word], None]))
    # In this order the first pair that fits has the fewest changes.
    for close, open_ in product(tries["close"], tries["open"]):
        values = np.ones(task.end + 1, dtype=np.bool_)
        for on, is_open in sorted((on, is_open) for on, is_open in ((close, False), (open_, True)) if on is not None):
            values[on:] = is_open
        if (values == target)[task.start :].all():
            return {word: on for word, on in (("close", close), ("open", open_)) if on != inherited[word]}
    return None


def _span(task: Task, lever: Lever, base: Levers) -> Branch | None:
    """The directive or the pandemic: one window, with what holds in it."""
    paths = {field: getattr(task.scenario.levers, field) for field in lever.fields}
    if not any(_differing(task, path, getattr(base, field)) for field, path in paths.items()):
        return None
    stacked = np.stack([path.astype(np.float64) for path in paths.values()], axis=1)
    codes = np.unique(stacked, axis=0, return_inverse=True)[1].reshape(-1)
    spans = [run for run in _runs(codes, task.start, task.end) if stacked[run[0]].any()]
    if not spans:
        return "null"
    if len(spans) > 1:
        told = ", ".join(month_text(start) for start, _ in spans)
        task.refuse(lever.path, f"changes in {told}; a file can hold only one period with the same conditions")
        return None
    ((first, last),) = spans
    row = {"from": month_text(first)}
    if last < task.end or any(part.name == "to" and part.required for part in lever.parts):
        row["to"] = month_text(last)
    fields = part_fields(lever)
    for part in lever.parts:
        if part.name in fields:
            name = fields[part.name]
            row[part.name] = scalar(attributes()[name].written(paths[name][first]))
    return task.entry(lever.path, row["from"], row)


def _schemes(task: Task, lever: Lever, base: Levers) -> Branch | None:
    missing = _clipped(getattr(task.scenario.levers, lever.fields[0]), task.start, task.end)
    months: dict[int, Flow] = {}
    kept: set[int] = set()
    for inherited in getattr(base, lever.fields[0]):
        for piece in _clipped((inherited,), task.start, task.end):
            if piece in missing:
                missing.remove(piece)
                kept.add(inherited.start)
            else:
                months[inherited.start] = Flow({"from": month_text(inherited.start), "min_years": "null"})
    added: set[int] = set()
    for scheme in missing:
        if scheme.start in added | kept:
            when = month_text(scheme.start)
            task.refuse(lever.path, f"two schemes begin in {when}; a file can hold only one per month")
            continue
        added.add(scheme.start)
        row = {"from": month_text(scheme.start)}
        if scheme.end is not None:
            row["to"] = month_text(scheme.end)
        for part in lever.parts:
            value = getattr(scheme, part.name, None)
            if value is not None and (part.required or value != part.default):
                row[part.name] = scalar(value)
        months[scheme.start] = task.entry(lever.path, row["from"], row)
    return [months[month] for month in sorted(months)] or None


def _clipped(schemes: Sequence[Scheme], start: int, end: int) -> list[Scheme]:
    """Schemes as they act within a period."""
    return sorted(
        (
            replace(one, start=max(one.start, start), end=None if one.end is None or one.end >= end else one.end)
            for one in schemes
            if one.start <= end and (one.end is None or one.end >= start)
        ),
        key=lambda one: (one.start, repr(one)),
    )


# ---- what acts differently ----------------------------------------------------------------------------------


def different_fields(one: Levers, two: Levers, start: int, end: int) -> list[str]:
    """Fields of two sets of levers that act differently within a period."""
    out: list[str] = []
    for name, item in attributes().items():
        first, second = getattr(one, name), getattr(two, name)
        if item.form is Form.PATH:
            one_path, two_path = first[start : end + 1], second[start : end + 1]
            same = one_path.shape == two_path.shape and bool(_alike(one_path, two_path).all())
        elif item.form is Form.SCHEMES:
            same = _clipped(first, start, end) == _clipped(second, start, end)
        elif item.form is Form.YEARS:
            same = _by_year(one, name, start, end) == _by_year(two, name, start, end)
        else:
            same = first == second
        if not same:
            out.append(name)
    return out


def _by_year(levers: Levers, name: str, start: int, end: int) -> list[object]:
    """Values stated in a period's own years, and those held in each of its years."""
    stated = dict(getattr(levers, name))
    held = [levers.in_year(name, year) for year in range(year_of(start), year_of(end) + 1)]
    return [*(stated.get(year) for year in _own_years(start, end)), *held]
