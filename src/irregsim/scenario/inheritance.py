"""Inheritance: a file's entries applied on top of its parent's, and the result resolved month by month.

A *layer* is what a scenario says for every lever after merging with all its parents. Each lever merges by its
own identity (docs/scenarios.md): a dated path is overridden from the child's first date on, a bare
value throughout; entries of a list are added, replaced or removed by identity.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from irregsim.scenario.attributes import Attribute, Form, attributes, names_of, part_fields
from irregsim.scenario.document import ALWAYS, Document, Entry, Given, Path, Point, identity_of
from irregsim.scenario.faults import hinted
from irregsim.scenario.levers import REGISTRY, Kind, Lever
from irregsim.scenario.resolved import Levers, Scheme
from irregsim.scenario.yaml_nodes import Mark
from irregsim.vocabulary.codes import DISTRICTS, FIRST_YEAR, month_text, year_of
from irregsim.vocabulary.knowledge import Knowledge
from irregsim.vocabulary.reference import NEW_IN_DISTRICT

State = Path | dict[str, Path] | dict[int, Point] | dict[tuple[object, ...], Entry]
"""Merged entries of one lever: a path, paths by name, values by year, or entries by identity."""

Layer = Mapping[str, State]
"""Merged entries of all levers, by full path."""

Note = Callable[[Mark, str, str], None]


def defaults() -> dict[str, State]:
    """The layer below every file: the registry's defaults."""
    layer: dict[str, State] = {}
    for lever in REGISTRY:
        if lever.kind in (Kind.DATED, Kind.SETTING):
            path: Path = (Point(ALWAYS, cast(Any, lever.default)),)
            layer[lever.path] = dict.fromkeys(names_of(lever.by), path) if lever.by else path
        else:
            layer[lever.path] = {}
    return layer


def merge(document: Document, parent: Layer, note: Note) -> dict[str, State]:
    """A parent's layer with a file's entries applied on top of it.

    Args:
        document: The checked file.
        parent: Its parent's layer, or `defaults`.
        note: Called with place, path and message for an entry that removes what is not there.
    """
    layer = dict(parent)
    for lever in REGISTRY:
        if lever.path in document.given:
            layer[lever.path] = _merge_one(lever, parent[lever.path], document.given[lever.path], note)
    return layer


def _merge_one(lever: Lever, state: State, given: Given, note: Note) -> State:
    if lever.kind in (Kind.DATED, Kind.SETTING):
        if not lever.by:
            return overlay(cast(Path, state), cast(Path, given))
        by_name = dict(cast(dict[str, Path], state))
        for name, path in cast(dict[str, Path], given).items():
            by_name[name] = overlay(by_name[name], path)
        return by_name
    if lever.kind is Kind.YEARS:
        years = dict(cast(dict[int, Point], state))
        for year, point in cast(dict[int, Point], given).items():
            if point.value is not None:
                years[year] = point
            elif years.pop(year, None) is None:
                note(point.mark, f"{lever.path}.{year}", "nothing inherited to remove")
        return dict(sorted(years.items()))
    entries = cast(tuple[Entry, ...], given)
    if lever.kind in (Kind.DIRECTIVE, Kind.WINDOW):
        only: tuple[object, ...] = ()
        return {only: entries[0]} if entries else {}
    merged = dict(cast(dict[tuple[object, ...], Entry], state))
    removing = {Kind.AGREEMENTS: "effectiveness", Kind.CENTRE_DATES: "on", Kind.SCHEMES: "min_years"}[lever.kind]
    for entry in entries:
        identity = identity_of(lever, entry)
        if entry.values[removing] is not None:
            merged[identity] = entry
        elif merged.pop(identity, None) is None:
            inherited = "; ".join(_words(key) for key in merged if key[0] == identity[0]) or "; ".join(
                _words(key) for key in merged
            )
            hint = f"inherited: {inherited}" if inherited else "nothing is inherited here"
            note(entry.mark, entry.path, hinted(f"nothing to remove for {_words(identity)}", hint))
    return merged


def _words(identity: tuple[object, ...]) -> str:
    return " from ".join(month_text(part) if isinstance(part, int) else str(part) for part in identity)


def overlay(inherited: Path, own: Path) -> Path:
    """A path overridden from the first date of another on; a bare value overrides all of it."""
    first = own[0].month
    return tuple(point for point in inherited if point.month < first) + own


def check_dates(document: Document, parent: Layer, start: int, end: int, *, history: bool, note: Note) -> None:
    """Note every entry of a file's own that is outside its period.

    An entry that names an inherited one (to replace or to remove it) may carry that one's earlier date.

    Args:
        document: The checked file.
        parent: Its parent's layer.
        start: First month of the period.
        end: Last month of the period.
        history: Whether dates from 2009-01 are legal: the baseline states what held before its period.
        note: Called with place, path and message.
    """
    first = 0 if history else start
    period = f"the period {month_text(start)} to {month_text(end)}"

    def check(month: int | None, mark: Mark, path: str) -> None:
        if month is not None and month != ALWAYS and not first <= month <= end:
            hint = "levers act from the start of the period" if month < first else "nothing after its end is simulated"
            note(mark, path, f"{month_text(month)} is outside {period} ({hint})")

    def check_path(path: Path, where: str) -> None:
        for point in path:
            check(point.month, point.mark, where if point.index < 0 else f"{where}[{point.index}].from")

    for lever in REGISTRY:
        given = document.given.get(lever.path)
        if given is None:
            continue
        if lever.kind in (Kind.DATED, Kind.SETTING):
            if not lever.by:
                check_path(cast(Path, given), lever.path)
            else:
                by_name = cast(dict[str, Path], given)
                # One path written for all names is the same object under each: report it once.
                if len(by_name) > 1 and len({id(path) for path in by_name.values()}) == 1:
                    check_path(next(iter(by_name.values())), lever.path)
                else:
                    for name, path in by_name.items():
                        check_path(path, f"{lever.path}.{name}")
        elif lever.kind is Kind.YEARS:
            for year, point in cast(dict[int, Point], given).items():
                if not first <= point.month <= end:
                    hint = "it begins before the period does" if point.month < first else "it begins after the end"
                    note(point.mark, f"{lever.path}.{year}", f"{year} is outside {period} ({hint})")
        else:
            inherited = cast(dict[tuple[object, ...], Entry], parent[lever.path])
            for entry in cast(tuple[Entry, ...], given):
                known = lever.kind not in (Kind.DIRECTIVE, Kind.WINDOW) and identity_of(lever, entry) in inherited
                if not known:
                    check(entry.month("from"), entry.marks.get("from", entry.mark), f"{entry.path}.from")
                check(entry.month("to"), entry.marks.get("to", entry.mark), f"{entry.path}.to")
                check(entry.month("on"), entry.marks.get("on", entry.mark), f"{entry.path}.on")


def check_centres(layer: Layer, document: Document, note: Note) -> None:
    """Note centres that a file opens in the month in which they close, or opens although they never close.

    Only the file's own entries are looked at; an inherited pair has been checked in its own file.
    """
    close = cast(dict[tuple[object, ...], Entry], layer["levers.reception_centres.close"])
    for entry in cast(tuple[Entry, ...], document.given.get("levers.reception_centres.open", ())):
        other = close.get((entry.values["centre"],))
        month = entry.month("on")
        if month is not None and other is not None and other.month("on") == month:
            message = f"{entry.values['centre']} closes and opens in {month_text(month)}; move one of them"
            note(entry.marks.get("on", entry.mark), f"{entry.path}.on", message)
        district = entry.values.get("district")
        if month is not None and district is not None and len(new_centres_in(layer, str(district))) > NEW_IN_DISTRICT:
            message = (
                f"more than {NEW_IN_DISTRICT} new centres in {district}, inherited ones included; put their places "
                "together in one"
            )
            note(entry.marks.get("district", entry.mark), f"{entry.path}.district", message)


def new_centres_in(layer: Layer, district: str) -> list[Entry]:
    """Openings of new centres in a district, in the order in which they open.

    A scenario that opens more of them later has the earlier ones in the same order, so lives up to then are shared.
    """
    state = cast(dict[tuple[object, ...], Entry], layer["levers.reception_centres.open"])
    ours = [entry for entry in state.values() if entry.values.get("district") == district]
    return sorted(ours, key=lambda entry: (cast(int, entry.month("on")), str(entry.values["centre"])))


def new_centre_entries(layer: Layer) -> dict[str, Entry]:
    """Opening of each new centre by its name in the data (`reference.new_centres`)."""
    return {
        f"{district} {number + 1}": entry
        for district in DISTRICTS
        for number, entry in enumerate(new_centres_in(layer, district)[:NEW_IN_DISTRICT])
    }


def resolve(layer: Layer, months: int, knowledge: Knowledge) -> Levers:
    """A layer as monthly values from 2009-01 on.

    Args:
        layer: Merged entries of every lever.
        months: Number of months.
        knowledge: What counts as history in it.
    """
    out: dict[str, Any] = {}
    for lever in REGISTRY:
        state, name = layer[lever.path], lever.fields[0]
        one = attributes()[name]
        if lever.kind is Kind.SETTING:
            out[name] = cast(Path, state)[-1].value
        elif lever.kind is Kind.DATED:
            paths = cast(dict[str, Path], state) if lever.by else {"": cast(Path, state)}
            out[name] = _dated(one, paths, months)
        elif lever.kind is Kind.YEARS:
            years = cast(dict[int, Point], state)
            last = year_of(months - 1)
            out[name] = tuple(
                (year, float(cast(float, point.value))) for year, point in sorted(years.items()) if year <= last
            )
        else:
            entries = cast(dict[tuple[object, ...], Entry], state)
            if lever.kind is Kind.AGREEMENTS:
                out[name] = _agreements(one, entries, months)
            elif lever.kind is Kind.SCHEMES:
                out[name] = _schemes(entries, months)
            elif lever.kind is Kind.WINDOW:
                out[name] = _window(one, entries, months)
            elif lever.kind is Kind.DIRECTIVE:
                out |= _directive(lever, entries, months)
    out["centre_open"] = _centres(layer, months)
    out["new_centre_places"] = _new_centres(layer, months)
    return Levers(knowledge=knowledge, **out)


def _dated(one: Attribute, paths: Mapping[str, Path], months: int) -> npt.NDArray[Any]:
    """Paths by place (one without a name for the country) as monthly values; the default before their first date."""
    out = one.at_default(months)
    columns = [out] if one.columns is None else [out[:, index] for index in range(len(one.columns))]
    for column, name in zip(columns, one.columns or ("",), strict=True):
        for point in paths[name]:
            column[max(point.month, 0) :] = one.stored(cast(Any, point.value))
    return cast(npt.NDArray[Any], out)


def _span(entry: Entry, months: int) -> slice:
    """Months of a simulation in which an entry is in force."""
    start, end = entry.month("from"), entry.month("to")
    assert start is not None, "every entry with a span has `from`"
    return slice(start, months if end is None else end + 1)


def _agreements(one: Attribute, entries: Mapping[tuple[object, ...], Entry], months: int) -> npt.NDArray[Any]:
    assert one.columns is not None, "agreements are with countries"
    out: npt.NDArray[Any] = one.at_default(months)
    # By ascending `from`, so that the latest agreement in force counts.
    for entry in sorted(entries.values(), key=lambda entry: cast(int, entry.month("from"))):
        effectiveness = cast(float, entry.values["effectiveness"])
        # An agreement without any effect does not count as one (docs/scenarios.md).
        out[_span(entry, months), one.columns.index(str(entry.values["country"]))] = effectiveness or np.nan
    return out


def _centres(layer: Layer, months: int) -> npt.NDArray[Any]:
    """Open from 2009-01 unless closed; the later of an opening and a closing counts."""
    one = attributes()["centre_open"]
    assert one.columns is not None, "centres close one by one"
    out: npt.NDArray[Any] = one.at_default(months)
    events: list[tuple[int, bool, str]] = []
    for word, is_open in (("close", False), ("open", True)):
        state = cast(dict[tuple[object, ...], Entry], layer[f"levers.reception_centres.{word}"])
        ours = [entry for entry in state.values() if entry.values.get("district") is None]
        events += [(cast(int, e.month("on")), is_open, str(e.values["centre"])) for e in ours]
    for month, is_open, name in sorted(events):
        out[month:, one.columns.index(name)] = is_open
    return out


def _new_centres(layer: Layer, months: int) -> npt.NDArray[Any]:
    """Places of each new centre, from the month in which it opens to the end."""
    one = attributes()["new_centre_places"]
    assert one.columns is not None, "new centres open one by one"
    out: npt.NDArray[Any] = one.at_default(months)
    for name, entry in new_centre_entries(layer).items():
        out[cast(int, entry.month("on")) :, one.columns.index(name)] = entry.values["places"]
    return out


def _window(one: Attribute, entries: Mapping[tuple[object, ...], Entry], months: int) -> npt.NDArray[Any]:
    out: npt.NDArray[Any] = one.at_default(months)
    for entry in entries.values():
        out[_span(entry, months)] = True
    return out


def _directive(lever: Lever, entries: Mapping[tuple[object, ...], Entry], months: int) -> dict[str, npt.NDArray[Any]]:
    out: dict[str, npt.NDArray[Any]] = {name: attributes()[name].at_default(months) for name in lever.fields}
    for entry in entries.values():
        span = _span(entry, months)
        out[lever.fields[0]][span] = True
        for part, name in part_fields(lever).items():
            out[name][span] = entry.values[part]
    return out


def _schemes(entries: Mapping[tuple[object, ...], Entry], months: int) -> tuple[Scheme, ...]:
    schemes = []
    for entry in entries.values():
        span = _span(entry, months)
        if span.start < months:
            schemes.append(
                Scheme(
                    start=span.start,
                    end=None if span.stop >= months else span.stop - 1,
                    min_years=float(cast(float, entry.values["min_years"])),
                    min_age_plus_years=float(cast(float, entry.values["min_age_plus_years"])),
                    no_conviction=bool(entry.values["no_conviction"]),
                    sought_asylum_only=bool(entry.values["sought_asylum_only"]),
                    families_only=bool(entry.values["families_only"]),
                )
            )
    return tuple(sorted(schemes, key=_scheme_order))


def _scheme_order(scheme: Scheme) -> tuple[int, float, float, float]:
    end = float("inf") if scheme.end is None else float(scheme.end)
    return scheme.start, end, scheme.min_years, scheme.min_age_plus_years


def splice(before: Levers, after: Levers, month: int) -> Levers:
    """One set of levers before a month and another from it on.

    Settings and the state of knowledge, which hold for the whole simulation, come from ``after``.

    Args:
        before: Values of the months before.
        after: Values from the month on; decides the number of months.
        month: First month of ``after``.
    """
    out: dict[str, Any] = {}
    for name, item in attributes().items():
        one, two = getattr(before, name), getattr(after, name)
        if item.form is Form.PATH:
            out[name] = np.concatenate([one[:month], two[month:]])
        elif item.form is Form.SCHEMES:
            out[name] = _splice_schemes(one, two, month)
        elif item.form is Form.YEARS:
            # A year belongs to where its January falls.
            first = FIRST_YEAR + -(-month // 12)
            out[name] = tuple(row for row in one if row[0] < first) + tuple(row for row in two if row[0] >= first)
        else:
            out[name] = two
    return Levers(knowledge=after.knowledge, **out)


def _splice_schemes(before: tuple[Scheme, ...], after: tuple[Scheme, ...], month: int) -> tuple[Scheme, ...]:
    early = [scheme for scheme in before if scheme.start < month]
    late = [scheme for scheme in after if scheme.end is None or scheme.end >= month]
    out: list[Scheme] = []
    for scheme in early:
        reaches = scheme.end is None or scheme.end >= month
        # One that continues unchanged stays one scheme; it keeps its own start.
        same = next((s for s in late if reaches and s.start < month and s.conditions == scheme.conditions), None)
        if same is not None:
            late.remove(same)
        end = same.end if same is not None else (month - 1 if reaches else scheme.end)
        out.append(replace(scheme, end=end))
    out += [replace(scheme, start=max(scheme.start, month)) for scheme in late]
    return tuple(sorted(out, key=_scheme_order))


def references_of(layer: Layer, end: int) -> tuple[tuple[str, str, str], ...]:
    """(key path, what it is about, reference) of every entry up to a month that states where it comes from."""
    rows: dict[tuple[str, str, str], None] = {}

    def add_path(path: str, points: Path) -> None:
        for point in points:
            if point.reference and point.month <= end:
                rows[path, "" if point.month == ALWAYS else month_text(point.month), point.reference] = None

    for lever in REGISTRY:
        state = layer[lever.path]
        if isinstance(state, tuple):
            add_path(lever.path, state)
            continue
        for key, value in state.items():
            if isinstance(value, tuple):
                add_path(f"{lever.path}.{key}", value)
            elif isinstance(value, Point):
                if value.reference:
                    rows[lever.path, str(key), value.reference] = None
            elif value.values.get("reference"):
                first = value.month("from") if lever.kind is not Kind.CENTRE_DATES else value.month("on")
                if first is not None and first <= end:
                    about = [str(value.values[k]) for k in ("country", "centre") if k in value.values]
                    rows[lever.path, " ".join([*about, month_text(first)]), str(value.values["reference"])] = None
    return tuple(rows)
