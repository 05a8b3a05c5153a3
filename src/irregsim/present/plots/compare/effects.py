"""Pictures of effects over the whole window: forest, trade-off, cities, groups, responses, evidence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from irregsim.present.plots.compare.base import (
    Inputs,
    effect_text,
    finish,
    intervals,
    rows_axis,
    signed_axis,
    unit_words,
    wrapped,
)
from irregsim.present.plots.style import MODEL, Drawing, apart, new_figure, settings
from irregsim.present.words import outcome_words, upper
from irregsim.vocabulary.codes import CITIES
from irregsim.vocabulary.labels import label, labels

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: Parts of the first page, in their order.
PANELS: Final = ("presence", "living", "labour", "services")

#: Kinds of outcome that a forest leaves to the tables.
_NOT_IN_FOREST: Final = ("flow", "index")

#: Beyond this change in percent an axis ends; longer intervals run out of the picture.
_WIDEST: Final = 150.0

#: Most rows of a forest from each panel.
_MOST_ROWS: Final = 8

#: Two ways of return, and what is set against them.
RETURNS: Final = ("exit:tvangsretur", "exit:assistert_retur")
HOME: Final = "outcome:homeless_person_months"

_MARKERS: Final = ("o", "s", "^", "D", "v", "P", "X", "<", ">", "h")


def relative(row: Mapping[str, Any]) -> dict[str, Any] | None:
    """A row's effect and intervals in percent of the reference; None where the reference is zero."""
    base = float(row["reference_mean"])
    if not base > 0:
        return None
    names = [name for name in ("mean", "lo", "hi", "lo50", "hi50") if name in row and row[name] == row[name]]
    # Ends are ratios of their own, replicate by replicate, where the table has them.
    ends = {name: row.get(f"percent_{name}", 100.0 * float(row[name]) / base) for name in names}
    return {**row, **{name: float(value) for name, value in ends.items()}}


def draw_forest(inputs: Inputs) -> Drawing | None:
    """Every outcome's effect in percent of the reference, with 50 and 95 % intervals.

    Returns:
        The drawing; its data has ``panel``, ``outcome``, ``mean``, ``lo``, ``hi`` (percent), ``verdict`` and the
        effect in its own unit as text. None without key figures.
    """
    import pandas as pd

    figures = inputs.table("key_figures")
    if figures is None:
        return None
    chosen: list[dict[str, Any]] = []
    for panel in PANELS:
        before = len(chosen)
        for one in figures[figures["panel"] == panel].to_dict("records"):
            found = relative(_record(one))
            wanted = str(one["outcome"]).partition(":")[0] not in _NOT_IN_FOREST
            if found is not None and wanted and len(chosen) - before < _MOST_ROWS:
                chosen.append(found)
    if not chosen:
        return None
    with settings():
        figure = new_figure((12.0, max(6.75, 1.9 + 0.32 * len(chosen))))
        figure.suptitle(inputs.heading("title_forest"), x=0.01, ha="left")
        _leave_right(figure)
        axes = figure.subplots()
        intervals(axes, chosen)
        rows_axis(axes, [outcome_words(str(row["outcome"]), inputs.lang) for row in chosen], width=46)
        reach = min(_WIDEST, max(5.0, *(abs(float(row[end])) for row in chosen for end in ("lo", "hi")))) * 1.08
        axes.set_xlim(-reach, reach)
        signed_axis(axes, inputs, x=True)
        axes.set_xlabel(inputs.words("axis_percent_of_reference"))
        for place, row in enumerate(chosen):
            if place and row["panel"] != chosen[place - 1]["panel"]:
                axes.axhline(place - 0.5, color="#999999", linewidth=0.8)
            axes.text(
                1.01,
                place,
                effect_text(row, inputs),
                transform=axes.get_yaxis_transform(),
                va="center",
                fontsize=9.5,
                color="#444444",
            )
        finish(figure, inputs, inputs.words("forest_note"))
    columns = ["panel", "outcome", "mean", "lo", "hi", "lo50", "hi50", "verdict", "effect"]
    data = pd.DataFrame([{**row, "effect": effect_text(row, inputs)} for row in chosen])
    data = data[[column for column in columns if column in data]]
    told = [f"{outcome_words(str(r['outcome']), inputs.lang)}: {effect_text(r, inputs)}" for r in chosen]
    return Drawing(figure, data, f"{inputs.words('title_forest')}: {inputs.title()}. {upper('; '.join(told))}.")


def draw_tradeoff(inputs: Inputs) -> Drawing | None:
    """Returns against person-months without a home, every scenario with its intervals; nothing is ranked.

    Returns:
        The drawing; its data has ``scenario``, ``returns`` (the outcome), ``x``, ``x_lo``, ``x_hi``, ``y``, ``y_lo``,
        ``y_hi``. None unless both sides are known.
    """
    import pandas as pd

    figures = inputs.frames.get("key_figures")
    if figures is None or figures.empty:
        return None
    found = {(str(r["scenario"]), str(r["outcome"])): r for r in figures.to_dict("records")}
    scenarios = list(dict.fromkeys(figures["scenario"].astype(str)))
    returns = [one for one in RETURNS if any((s, one) in found and (s, HOME) in found for s in scenarios)]
    if not returns:
        return None
    rows: list[dict[str, Any]] = []
    units: dict[str, str] = {}
    with settings():
        figure = new_figure()
        figure.suptitle(inputs.words("title_tradeoff"), x=0.01, ha="left")
        grid = figure.subplots(1, len(returns), sharey=True, squeeze=False)[0]
        for axes, one in zip(grid, returns, strict=True):
            points = []
            for number, scenario in enumerate(scenarios):
                x, y = found.get((scenario, one)), found.get((scenario, HOME))
                if x is None or y is None:
                    continue
                units |= {one: str(x.get("unit", "")), HOME: str(y.get("unit", ""))}
                axes.plot([x["lo"], x["hi"]], [y["mean"]] * 2, color=MODEL, linewidth=1.2)
                axes.plot([x["mean"]] * 2, [y["lo"], y["hi"]], color=MODEL, linewidth=1.2)
                marker = _MARKERS[number % len(_MARKERS)]
                axes.plot([x["mean"]], [y["mean"]], marker, color=MODEL, markersize=9, markeredgecolor="white")
                points.append((float(x["mean"]), float(y["mean"]), scenario))
                cells = {f"x{end}": float(x[name]) for end, name in (("", "mean"), ("_lo", "lo"), ("_hi", "hi"))}
                cells |= {f"y{end}": float(y[name]) for end, name in (("", "mean"), ("_lo", "lo"), ("_hi", "hi"))}
                rows.append({"scenario": scenario, "returns": one, **cells})
            signed_axis(axes, inputs)
            signed_axis(axes, inputs, x=True)
            axes.grid(visible=True, axis="both")
            axes.margins(0.12)
            _name_points(axes, points, inputs)
            axes.set_xlabel(_difference_of(one, units.get(one, ""), inputs))
        grid[0].set_ylabel(_difference_of(HOME, units.get(HOME, ""), inputs))
        finish(figure, inputs, inputs.words("tradeoff_note"))
    alt = f"{inputs.words('title_tradeoff')}. {inputs.words('alt_tradeoff', number=len(scenarios))}"
    return Drawing(figure, pd.DataFrame(rows), alt)


def draw_cities(inputs: Inputs) -> Drawing | None:
    """The cities side by side: effects on living conditions and services in percent of the reference.

    Returns:
        The drawing; its data has ``city``, ``outcome``, ``mean``, ``lo``, ``hi`` (percent). None without the table
        ``cities``.
    """
    rows = inputs.table("cities")
    if rows is None:
        return None
    found = [one for one in (relative(_record(r)) for r in rows.to_dict("records")) if one is not None]
    outcomes = list(dict.fromkeys(str(one["outcome"]) for one in found))[:8]
    if not outcomes:
        return None
    panels = {city: _of(found, "city", city, outcomes) for city in CITIES}
    return _small_multiples(inputs, "cities", {label(f"city.{c}", inputs.lang): r for c, r in panels.items()}, found)


def draw_groups(inputs: Inputs) -> Drawing | None:
    """Who is affected: the effect in each group in percent of the same group in the reference.

    Returns:
        The drawing; its data has ``dimension``, ``group``, ``outcome``, ``mean``, ``lo``, ``hi`` (percent). None
        without the table ``groups``.
    """
    import pandas as pd

    rows = inputs.table("groups")
    if rows is None:
        return None
    found = [one for one in (relative(_record(r)) for r in rows.to_dict("records")) if one is not None]
    outcomes = list(dict.fromkeys(str(one["outcome"]) for one in found))[:3]
    if not outcomes:
        return None
    groups = list(dict.fromkeys((str(one["dimension"]), str(one["group"])) for one in found))
    dimensions, order = list(dict.fromkeys(dimension for dimension, _ in groups)), list(labels())
    groups.sort(key=lambda group: (dimensions.index(group[0]), order.index(_group_key(*group) or order[-1])))
    with settings():
        figure = new_figure((12.0, max(6.75, 2.0 + 0.33 * len(groups))))
        figure.suptitle(inputs.heading("title_groups"), x=0.01, ha="left")
        grid = figure.subplots(1, len(outcomes), sharey=True, squeeze=False)[0]
        for axes, outcome in zip(grid, outcomes, strict=True):
            here = {(str(o["dimension"]), str(o["group"])): o for o in found if o["outcome"] == outcome}
            for place, group in enumerate(groups):
                if group in here:
                    intervals(axes, [here[group]], height=place)
                if place and group[0] != groups[place - 1][0]:
                    axes.axhline(place - 0.5, color="#999999", linewidth=0.8)
            _percent_axis(axes, inputs, [one for one in found if one["outcome"] == outcome])
            axes.set_title(wrapped(outcome_words(outcome, inputs.lang), 40), fontsize=11.5)
            rows_axis(axes, [group_words(*group, inputs.lang) for group in groups])
        figure.supylabel("")
        finish(figure, inputs, inputs.words("relative_note"))
    data = pd.DataFrame(found)[["dimension", "group", "outcome", "mean", "lo", "hi"]]
    return Drawing(figure, data, inputs.alt("groups"))


def draw_responses(inputs: Inputs) -> Drawing | None:
    """Effects under deterrence, under displacement and in between.

    Returns:
        The drawing; its data is the table ``responses``. None without it.
    """
    rows = inputs.table("responses")
    if rows is None:
        return None
    wanted = ["exit:videre", "exit:tvangsretur", "stock:hidden", "stock:fritt_fall", HOME]
    known = list(dict.fromkeys(rows["outcome"].astype(str)))
    outcomes = ([one for one in wanted if one in known] or known)[:5]
    thirds = ("deterrence", "between", "displacement")
    with settings():
        figure = new_figure()
        figure.suptitle(inputs.heading("title_responses"), x=0.01, ha="left")
        grid = figure.subplots(1, len(outcomes), sharey=True, squeeze=False)[0]
        for axes, outcome in zip(grid, outcomes, strict=True):
            here = {str(r["third"]): _record(r) for r in rows[rows["outcome"] == outcome].to_dict("records")}
            for place, third in enumerate(thirds):
                if third in here:
                    intervals(axes, [here[third]], height=place)
            signed_axis(axes, inputs, x=True)
            axes.locator_params(axis="x", nbins=3)
            axes.set_xlabel(unit_words(rows[rows["outcome"] == outcome], inputs.lang), fontsize=10)
            axes.set_title(wrapped(outcome_words(outcome, inputs.lang), 22), fontsize=11)
            rows_axis(axes, [inputs.words(f"third_{third}") for third in thirds], width=24)
        finish(figure, inputs, inputs.words("responses_note"))
    data = rows[rows["outcome"].isin(outcomes)].drop(columns="reference_mean", errors="ignore").reset_index(drop=True)
    return Drawing(figure, data, inputs.alt("responses"))


def group_words(dimension: str, group: str, lang: str) -> str:
    """A group of ``groups.parquet`` in words; its code where it has none."""
    key = _group_key(dimension, group)
    return label(key, lang) if key else group


def _group_key(dimension: str, group: str) -> str:
    """The label of a group; empty where it has none. Labels of a dimension are in their natural order."""
    for space in (dimension, dimension.removesuffix("_group")):
        for name in (group, group.lower()):
            if f"{space}.{name}" in labels():
                return f"{space}.{name}"
    return ""


def _small_multiples(
    inputs: Inputs,
    name: str,
    panels: Mapping[str, Sequence[Mapping[str, Any] | None]],
    found: Sequence[Mapping[str, Any]],
) -> Drawing:
    import pandas as pd

    outcomes = list(dict.fromkeys(str(one["outcome"]) for one in found))[:8]
    with settings():
        figure = new_figure()
        figure.suptitle(inputs.heading(f"title_{name}"), x=0.01, ha="left")
        grid = figure.subplots(1, len(panels), sharex=True, sharey=True)
        for axes, (title, rows) in zip(np.atleast_1d(grid), panels.items(), strict=True):
            for place, row in enumerate(rows):
                if row is not None:
                    intervals(axes, [row], height=place)
            _percent_axis(axes, inputs, found)
            axes.set_title(title, fontweight="bold")
            rows_axis(axes, [outcome_words(one, inputs.lang) for one in outcomes], width=30)
        finish(figure, inputs, inputs.words("relative_note"))
    data = pd.DataFrame([one for one in found if one["outcome"] in outcomes])[["city", "outcome", "mean", "lo", "hi"]]
    alt = inputs.alt(name)
    return Drawing(figure, data, alt)


def _leave_right(figure: Figure) -> None:
    """Keep a strip free on the right for words that run a little wider than measured."""
    engine: Any = figure.get_layout_engine()
    engine.set(rect=(0.0, 0.0, 0.97, 1.0))


def _percent_axis(axes: Axes, inputs: Inputs, rows: Sequence[Mapping[str, Any]]) -> None:
    reach = min(_WIDEST, max(5.0, *(abs(float(row[end])) for row in rows for end in ("lo", "hi")))) * 1.1
    axes.set_xlim(-reach, reach)
    signed_axis(axes, inputs, x=True)
    axes.locator_params(axis="x", nbins=4)
    axes.set_xlabel("%", fontsize=10)


def _of(
    rows: Sequence[Mapping[str, Any]], column: str, value: str, outcomes: Sequence[str]
) -> list[Mapping[str, Any] | None]:
    here = {str(row["outcome"]): row for row in rows if row[column] == value}
    return [here.get(outcome) for outcome in outcomes]


def _record(row: Mapping[Any, Any]) -> dict[str, Any]:
    return {str(key): value for key, value in row.items()}


def _difference_of(outcome: str, unit: str, inputs: Inputs) -> str:
    """Label of an axis: the outcome, and that it is a difference, in its unit."""
    told = f", {label(f'unit.{unit}', inputs.lang)}" if f"unit.{unit}" in labels() and unit != "count" else ""
    return f"{upper(outcome_words(outcome, inputs.lang))}\n({inputs.words('difference')}{told})"


def _name_points(axes: Axes, points: Sequence[tuple[float, float, str]], inputs: Inputs) -> None:
    """Names next to the points, spread out; a name is left of its point where the point is on the right."""
    if not points:
        return
    low, high = axes.get_ylim()
    left, right = axes.get_xlim()
    names = [wrapped(inputs.title(scenario), 40) for *_, scenario in points]
    # Room for as many lines as the longest name has.
    moved = apart([y for _, y, _ in points], (high - low) / 30 * (0.4 + max(name.count("\n") + 1 for name in names)))
    for (x, at, _), y, name in zip(points, moved, names, strict=True):
        is_right = x > (left + right) / 2
        axes.plot([x, x + (-1 if is_right else 1) * (right - left) / 80], [at, y], color="#999999", linewidth=0.8)
        axes.annotate(
            name,
            (x, y),
            xytext=(-9 if is_right else 9, 9),
            textcoords="offset points",
            ha="right" if is_right else "left",
            va="center",
            fontsize=9.5,
            bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.75, "pad": 0.5},
        )
