"""Scenarios in text: what each is about, when each lever is in force, and where scenarios differ."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

from irregsim.scenario.attributes import attributes
from irregsim.scenario.expectations import Expectation
from irregsim.scenario.levers import REGISTRY, Kind, Lever, number_text
from irregsim.scenario.resolved import Levers, Scenario, Scheme
from irregsim.vocabulary import reference
from irregsim.vocabulary.codes import month_text, year_of
from irregsim.vocabulary.knowledge import LAST_COMMON_YEAR
from irregsim.vocabulary.labels import Words, by_language, in_language, label

Value = bool | float | str | None

#: In a key, before the name of a centre that is not in the data.
NEW = "new"

_SYMBOLS = "123456789abcdefghijklmnopqrstuvwxyz"
_WIDTH = 60
_NOT_SIMULATED = "not simulated"

#: Of an outcome's family, the kind of label that names it; `hazard` has none, since rules have no labels.
_LABELLED: Mapping[str, str] = MappingProxyType(
    {"stock": "strategy", "exit": "exit", "register": "register", "outcome": "outcome"}
)


@dataclass(frozen=True)
class LeverRow:
    """One lever (for one country, centre, district or city) month by month.

    Attributes:
        group: Path of the lever.
        name: Country, centre, district or city; empty where it is set for the country.
        values: In every month of the scenario's period.
        default: Where nothing is said.
    """

    group: str
    name: str
    values: tuple[Value, ...]
    default: Value

    @property
    def key(self) -> str:
        """Path with the name."""
        return f"{self.group}.{self.name}" if self.name else self.group


def value_text(value: Value) -> str:
    """A value as it would be written in a scenario."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else number_text(value)


def lever_rows(scenario: Scenario, names: Mapping[str, str] | None = None) -> list[LeverRow]:
    """Every lever and assumption over the scenario's period."""
    levers, months = scenario.levers, range(scenario.start, scenario.end + 1)
    out: list[LeverRow] = []
    for lever in REGISTRY:
        if lever.kind is Kind.SETTING:
            value = getattr(levers, lever.fields[0])
            out.append(LeverRow(lever.path, "", (value,) * len(months), _default(lever)))
        elif lever.kind is Kind.YEARS:
            stated = tuple(levers.in_year(lever.fields[0], year_of(month)) for month in months)
            out.append(LeverRow(lever.path, "", stated, None))
        elif lever.kind is Kind.DIRECTIVE:
            out.append(LeverRow(lever.path, "", tuple(_directive(levers, month) for month in months), None))
        elif lever.kind is Kind.SCHEMES:
            schemes = tuple(_schemes(getattr(levers, lever.fields[0]), month) for month in months)
            out.append(LeverRow(lever.path, "", schemes, None))
        elif lever.key == "reception_centres.close":
            continue  # `open` covers both: whether a centre is open
        else:
            out += _array_rows(lever, levers, scenario)
        if lever.key == "reception_centres.open":
            out += _new_centre_rows(lever, scenario, scenario.new_names if names is None else names)
    return out


def _new_centre_rows(lever: Lever, scenario: Scenario, names: Mapping[str, str]) -> list[LeverRow]:
    """Places of the centres that are not in the data; only of those that open."""
    one = attributes()[lever.fields[1]]
    array = getattr(scenario.levers, one.name)[scenario.start : scenario.end + 1]
    own = opened(scenario)
    return [
        LeverRow(f"{lever.path}.{NEW}", names.get(slot, slot), tuple(array[:, index].tolist()), 0.0)
        for index, slot in enumerate(one.columns or ())
        if slot in names or slot in own
    ]


def opened(scenario: Scenario) -> tuple[str, ...]:
    """New centres that a scenario opens, by their names in the data (`reference.new_centres`)."""
    places = scenario.levers.new_centre_places
    return tuple(one.name for one in reference.new_centres() if places[:, one.index].any())


def _array_rows(lever: Lever, levers: Levers, scenario: Scenario) -> list[LeverRow]:
    one = attributes()[lever.fields[0]]
    array = getattr(levers, one.name)[scenario.start : scenario.end + 1]
    if one.columns is None:
        return [LeverRow(lever.path, "", tuple(one.written(value) for value in array.tolist()), one.default)]
    return [
        LeverRow(lever.path, column, tuple(one.written(value) for value in array[:, index].tolist()), one.default)
        for index, column in enumerate(one.columns)
    ]


def _default(lever: Lever) -> Value:
    default: Any = lever.default
    return None if default == () else default


def _directive(levers: Levers, month: int) -> Value:
    if not levers.directive_in_force[month]:
        return None
    parts = [f"back pay {number_text(float(levers.directive_back_pay_months[month]))} months"]
    if levers.directive_duty_to_check[month]:
        parts.append("duty to check")
    if levers.directive_complaint_route[month]:
        parts.append("complaint route")
    return ", ".join(parts)


def _schemes(schemes: tuple[Scheme, ...], month: int) -> Value:
    texts = []
    for scheme in schemes:
        if scheme.is_in_force(month):
            parts = [f"{number_text(scheme.min_years)} years"]
            if scheme.min_age_plus_years:
                parts.append(f"age and years {number_text(scheme.min_age_plus_years)}")
            flags = (
                (scheme.no_conviction, "no conviction"),
                (scheme.sought_asylum_only, "sought asylum"),
                (scheme.families_only, "families"),
            )
            parts += [word for flag, word in flags if flag]
            texts.append(", ".join(parts))
    return "; ".join(texts) or None


def timeline(scenario: Scenario, width: int | None = None) -> str:
    """When each lever is in force: years across, a row per lever that changes or differs from its default.

    Each letter of a bar represents some months (the first line says how many) and names the value in force at
    their end; a point is the default. The text next to the bar gives every value with the month it begins.

    Args:
        scenario: Any.
        width: Characters of a line: names, bars and values have lines of their own then. None for one line a lever.
    """
    months = scenario.end - scenario.start + 1
    letters = _WIDTH if width is None else min(_WIDTH, width - 6)
    step = next((s for s in (1, 2, 3, 4, 6, 12, 24) if -(-months // s) <= letters), 24)
    rows = [row for row in _joined(lever_rows(scenario)) if any(value != row.default for value in row.values)]
    title = f"{scenario.name}: {month_text(scenario.start)} to {month_text(scenario.end)}"
    if year_of(scenario.end) > LAST_COMMON_YEAR:
        title += f", {scenario.levers.knowledge.text()}"
    if not rows:
        return f"{title}\nevery lever and assumption is at its default throughout"
    if width is not None:
        return "\n".join(_narrow(scenario, title, rows, step, width))
    width = max(len(row.key) for row in rows)
    lines = [
        f"{title} (one letter: {step} {'month' if step == 1 else 'months'}; . is the default)",
        f"{'':{width}}  {_years(scenario, step)}",
    ]
    for row in rows:
        bar, legend = _bar(row, scenario.start, step)
        lines.append(f"{row.key:{width}} |{bar}| {legend}")
    return "\n".join(lines)


def _narrow(scenario: Scenario, title: str, rows: Sequence[LeverRow], step: int, width: int) -> list[str]:
    """The timeline with no line over a width."""
    months = f"(one letter: {step} {'month' if step == 1 else 'months'}; . is the default)"
    lines = [*textwrap.wrap(f"{title} {months}", width), f"    {_years(scenario, step)}"[:width].rstrip()]
    for row in rows:
        bar, legend = _bar(row, scenario.start, step)
        lines += [f"  {row.key}", f"   |{bar}|"]
        lines += textwrap.wrap(legend, width, initial_indent="    ", subsequent_indent="    ", break_on_hyphens=False)
    return lines


def _joined(rows: Sequence[LeverRow]) -> list[LeverRow]:
    """Rows, with those of a lever that is the same everywhere listed once."""
    groups: dict[str, list[LeverRow]] = {}
    for row in rows:
        groups.setdefault(row.group, []).append(row)
    out: list[LeverRow] = []
    for group, members in groups.items():
        same = len(members) > 1 and all(row.values == members[0].values for row in members)
        out += [LeverRow(group, "", members[0].values, members[0].default)] if same else members
    return out


def _years(scenario: Scenario, step: int) -> str:
    """The header: every year that finds room, at the letter of its January."""
    line = ""
    for year in range(year_of(scenario.start), year_of(scenario.end) + 1):
        place = max(0, (year - 2009) * 12 - scenario.start) // step
        if not line or place > len(line):
            line = line.ljust(place) + str(year)
    return line


def _bar(row: LeverRow, start: int, step: int) -> tuple[str, str]:
    symbols: dict[Value, str] = {row.default: "."}
    legend: list[str] = []
    for index, value in enumerate(row.values):
        symbols.setdefault(value, _SYMBOLS[min(len(symbols) - 1, len(_SYMBOLS) - 1)])
        if index == 0 or value != row.values[index - 1]:
            legend.append(f"{symbols[value]} {value_text(value)} from {month_text(start + index)}")
    ends = [min(i + step, len(row.values)) - 1 for i in range(0, len(row.values), step)]
    return "".join(symbols[row.values[i]] for i in ends), "; ".join(legend)


def explain_scenario(scenario: Scenario, lang: str = "en") -> str:
    """A scenario in plain words: what it is about, who decides, what it sets and what its author expects.

    Args:
        scenario: As read from a file; one from a mapping knows no parent, and what it sets is left out.
        lang: A language. Key paths, codes and values stay as they are written in a file.

    Returns:
        Lines without a final line break.
    """
    words = Words(lang, "scenario_says")
    about = in_language(by_language(scenario.description), lang)
    lines = [f"{scenario.name}: {in_language(scenario.title, lang)}"]
    lines += textwrap.wrap(about, 100, initial_indent="  ", subsequent_indent="  ")
    who = "; ".join(label(f"decider.{word}", lang) for word in scenario.decides) or words("undecided")
    lines.append(f"  {words('decides')}: {who}")
    lines.append(f"  {words('period')}: {month_text(scenario.start)} .. {month_text(scenario.end)}")
    if scenario.extends is None:
        return "\n".join(lines)
    lines.append(f"  {words('extends')}: {scenario.extends}")
    if scenario.parent_levers is not None:
        # The two columns are distinguished by position, not by name: a file may have its parent's name.
        parent = replace(scenario, levers=scenario.parent_levers)
        rows = [list(row.values()) for row in diff_rows([parent, scenario])]
        lines += ["", f"  {words('sets', parent=scenario.extends)}"] if rows else []
        lines += [f"    {key}, {first} .. {last}: {before} -> {after}" for key, first, last, before, after in rows]
    if not scenario.expects:
        return "\n".join([*lines, "", f"  {words('nothing_expected')}"])
    lines += ["", f"  {words('expects', parent=scenario.extends)}"]
    for expected in scenario.expects:
        lines += _expected(expected, lang)
    return "\n".join(lines)


def _expected(expected: Expectation, lang: str) -> list[str]:
    words = Words(lang, "scenario_says")
    family, _, code = expected.outcome.partition(":")
    kind = _LABELLED.get(family)
    name = label(f"{kind}.{code}", lang) if kind else words("rule", rule=code)
    ground = words("rests_on", ground=label(f"rests_on.{expected.rests_on}", lang))
    claims = f" ({', '.join(expected.mechanisms)})" if expected.mechanisms else ""
    return [
        f"    {name} [{expected.outcome}]: {words(expected.direction)}",
        *textwrap.wrap(in_language(expected.why, lang), 100, initial_indent="      ", subsequent_indent="      "),
        f"      {ground}{claims}",
    ]


def diff_rows(scenarios: Sequence[Scenario]) -> list[dict[str, str]]:
    """Where scenarios differ: a row per lever and stretch of months with different values.

    Args:
        scenarios: Two or more.

    Returns:
        Rows with ``key`` (full key path), ``from`` and ``to`` (``YYYY-MM``, both included) and a column per scenario,
        under its name, with the value as it would be written. A name that is taken gets a number. Months outside a
        scenario's period are ``not simulated``.
    """
    if not scenarios:
        return []
    columns: list[str] = []
    for scenario in scenarios:
        taken = [*columns, "key", "from", "to"]
        names = (f"{scenario.name} ({n})" if n > 1 else scenario.name for n in range(1, len(taken) + 2))
        columns.append(next(name for name in names if name not in taken))

    def row(key: str, start: str, end: str, values: Sequence[str]) -> dict[str, str]:
        return {"key": key, "from": start, "to": end, **dict(zip(columns, values, strict=True))}

    out = []
    for word in ("start", "end"):
        texts = [month_text(getattr(s, word)) for s in scenarios]
        if len(set(texts)) > 1:
            out.append(row(f"period.{word}", "", "", texts))
    texts = [scenario.levers.knowledge.text() for scenario in scenarios]
    if len(set(texts)) > 1:
        out.append(row("as_known", "", "", texts))
    new = {slot: slot for scenario in scenarios for slot in opened(scenario)}
    new |= {slot: name for scenario in scenarios for slot, name in scenario.new_names.items()}
    told = [{one.key: one for one in lever_rows(scenario, new)} for scenario in scenarios]
    groups = {one.key: one.group for rows in told for one in rows.values()}
    found = {key: _stretches([rows[key] for rows in told], scenarios) for key in groups}
    for key, group in groups.items():
        members = [other for other, other_group in groups.items() if other_group == group]
        shown = key
        if len(members) > 1 and all(found[other] == found[key] for other in members):
            if key != members[0]:
                continue  # the same everywhere: listed once, for the first
            shown = group
        out += [row(shown, month_text(a), month_text(b), values) for a, b, values in found[key]]
    return out


def _stretches(rows: Sequence[LeverRow], scenarios: Sequence[Scenario]) -> list[tuple[int, int, tuple[str, ...]]]:
    """Months in which one lever differs between scenarios: (first, last, value of each as text)."""
    out: list[tuple[int, int, tuple[str, ...]]] = []
    for month in range(min(s.start for s in scenarios), max(s.end for s in scenarios) + 1):
        values = tuple(
            value_text(row.values[month - s.start]) if s.start <= month <= s.end else _NOT_SIMULATED
            for row, s in zip(rows, scenarios, strict=True)
        )
        if out and out[-1][1:] == (month - 1, values):
            out[-1] = (out[-1][0], month, values)
        elif len(set(values) - {_NOT_SIMULATED}) > 1:
            out.append((month, month, values))
    return out
