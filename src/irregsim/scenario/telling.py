"""Scenarios told in text: when each lever is in force, and where scenarios differ."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from irregsim.levers import REGISTRY, Kind, Lever, number_text
from irregsim.scenario.resolved import Levers, Scenario, Scheme, columns_of, written_value
from irregsim.vocabulary import month_text, year_of

Value = bool | float | str | None

_SYMBOLS = "123456789abcdefghijklmnopqrstuvwxyz"
_WIDTH = 60


@dataclass(frozen=True)
class _Row:
    """One lever (for one country, centre, district or city) month by month."""

    group: str
    name: str
    values: tuple[Value, ...]
    default: Value

    @property
    def key(self) -> str:
        return f"{self.group}.{self.name}" if self.name else self.group


def value_text(value: Value) -> str:
    """A value as it would be written in a scenario."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else number_text(value)


def _rows(scenario: Scenario) -> list[_Row]:
    """Every lever and assumption over the scenario's period."""
    levers, months = scenario.levers, range(scenario.start, scenario.end + 1)
    out: list[_Row] = []
    for lever in REGISTRY:
        if lever.kind is Kind.SETTING:
            value = getattr(levers, lever.fields[0])
            out.append(_Row(lever.path, "", (value,) * len(months), _default(lever)))
        elif lever.kind is Kind.YEARS:
            stated = tuple(levers.rejections_in_year(year_of(month)) for month in months)
            out.append(_Row(lever.path, "", stated, None))
        elif lever.kind is Kind.DIRECTIVE:
            out.append(_Row(lever.path, "", tuple(_directive(levers, month) for month in months), None))
        elif lever.kind is Kind.SCHEMES:
            schemes = tuple(_schemes(levers.regularisation, month) for month in months)
            out.append(_Row(lever.path, "", schemes, None))
        elif lever.key == "reception_centres.close":
            continue  # `open` tells both: whether a centre is open
        else:
            out += _array_rows(lever, levers, scenario)
    return out


def _array_rows(lever: Lever, levers: Levers, scenario: Scenario) -> list[_Row]:
    name = lever.fields[0]
    array = getattr(levers, name)[scenario.start : scenario.end + 1]
    columns = columns_of(name)
    default = True if name == "centre_open" else _default(lever)
    if columns is None:
        values = tuple(written_value(name, value) for value in array.tolist())
        return [_Row(lever.path, "", values, False if lever.kind is Kind.WINDOW else default)]
    return [
        _Row(lever.path, column, tuple(written_value(name, value) for value in array[:, index].tolist()), default)
        for index, column in enumerate(columns)
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
        if scheme.start <= month and (scheme.end is None or month <= scheme.end):
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


def timeline(scenario: Scenario) -> str:
    """When each lever is in force: years across, a row per lever that changes or differs from its default.

    Each letter of a bar stands for some months (the first line says how many) and names the value in force at
    their end; a point is the default. The text beside the bar gives every value with the month it begins.
    """
    months = scenario.end - scenario.start + 1
    step = next((s for s in (1, 2, 3, 4, 6, 12, 24) if -(-months // s) <= _WIDTH), 24)
    rows = [row for row in _joined(_rows(scenario)) if any(value != row.default for value in row.values)]
    title = f"{scenario.name}: {month_text(scenario.start)} to {month_text(scenario.end)}"
    if not rows:
        return f"{title}\nevery lever and assumption is at its default throughout"
    width = max(len(row.key) for row in rows)
    lines = [
        f"{title} (one letter: {step} {'month' if step == 1 else 'months'}; . is the default)",
        f"{'':{width}}  {_years(scenario, step)}",
    ]
    for row in rows:
        bar, legend = _bar(row, scenario.start, step)
        lines.append(f"{row.key:{width}} |{bar}| {legend}")
    return "\n".join(lines)


def _joined(rows: Sequence[_Row]) -> list[_Row]:
    """Rows, with those of a lever that is the same everywhere told once."""
    groups: dict[str, list[_Row]] = {}
    for row in rows:
        groups.setdefault(row.group, []).append(row)
    out: list[_Row] = []
    for group, members in groups.items():
        same = len(members) > 1 and all(row.values == members[0].values for row in members)
        out += [_Row(group, "", members[0].values, members[0].default)] if same else members
    return out


def _years(scenario: Scenario, step: int) -> str:
    """The header: every year that finds room, at the letter of its January."""
    line = ""
    for year in range(year_of(scenario.start), year_of(scenario.end) + 1):
        place = max(0, (year - 2009) * 12 - scenario.start) // step
        if not line or place > len(line):
            line = line.ljust(place) + str(year)
    return line


def _bar(row: _Row, start: int, step: int) -> tuple[str, str]:
    symbols: dict[Value, str] = {row.default: "."}
    legend: list[str] = []
    for index, value in enumerate(row.values):
        symbols.setdefault(value, _SYMBOLS[min(len(symbols) - 1, len(_SYMBOLS) - 1)])
        if index == 0 or value != row.values[index - 1]:
            legend.append(f"{symbols[value]} {value_text(value)} from {month_text(start + index)}")
    ends = [min(i + step, len(row.values)) - 1 for i in range(0, len(row.values), step)]
    return "".join(symbols[row.values[i]] for i in ends), "; ".join(legend)


def diff_rows(scenarios: Sequence[Scenario]) -> list[dict[str, Any]]:
    """Where scenarios differ: a row per lever and stretch of months with different values.

    Args:
        scenarios: Two or more.

    Returns:
        Dicts with ``key`` (full key path), ``from`` and ``to`` (``YYYY-MM``, both included) and ``values``
        (one per scenario, in their order; ``none`` as None). Months outside a scenario's period have the text
        ``not simulated``.
    """
    if not scenarios:
        return []
    first, last = min(s.start for s in scenarios), max(s.end for s in scenarios)
    told = [{row.key: row for row in _rows(scenario)} for scenario in scenarios]
    groups = {row.key: row.group for row in told[0].values()}
    found: dict[str, list[tuple[int, int, tuple[Value, ...]]]] = {}
    for key in groups:
        stretches: list[tuple[int, int, tuple[Value, ...]]] = []
        for month in range(first, last + 1):
            values = tuple(
                rows[key].values[month - s.start] if s.start <= month <= s.end else "not simulated"
                for rows, s in zip(told, scenarios, strict=True)
            )
            if stretches and stretches[-1][2] == values:
                stretches[-1] = (stretches[-1][0], month, values)
            else:
                stretches.append((month, month, values))
        found[key] = [stretch for stretch in stretches if _differ(stretch[2])]
    out: list[dict[str, Any]] = []
    if any(s.start != first or s.end != last for s in scenarios):
        for name in ("start", "end"):
            texts = tuple(month_text(getattr(s, name)) for s in scenarios)
            if _differ(texts):
                out.append({"key": f"period.{name}", "from": "", "to": "", "values": texts})
    told_groups: set[str] = set()
    for key, group in groups.items():
        members = [k for k, g in groups.items() if g == group]
        if len(members) > 1 and all(found[k] == found[key] for k in members):
            if group in told_groups:
                continue
            told_groups.add(group)
            key_told = group
        else:
            key_told = key
        out += [
            {"key": key_told, "from": month_text(a), "to": month_text(b), "values": values}
            for a, b, values in found[key]
        ]
    return out


def _differ(values: Sequence[Value]) -> bool:
    """Whether the scenarios that are simulated at all differ."""
    known = [value for value in values if value != "not simulated"]
    return any(value != known[0] or type(value) is not type(known[0]) for value in known)
