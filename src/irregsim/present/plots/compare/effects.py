"""Pictures of effects over the whole window: main effects, forest, trade-off, cities, groups, responses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from irregsim.present.headline import percent_of
from irregsim.present.main_effects import first_in_panel, main_effects
from irregsim.present.plots.compare.base import (
    WIDTH,
    Inputs,
    Part,
    effect_text,
    finish,
    intervals,
    keep_edges_free,
    rows_axis,
    signed_axis,
    together,
    unit_words,
    wrapped,
)
from irregsim.present.plots.style import MODEL, Drawing, new_figure, settings
from irregsim.present.words import has_direction, outcome_words, plain_words, upper, verdict_words
from irregsim.vocabulary.codes import CITIES
from irregsim.vocabulary.labels import label, labels

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import FigureBase

#: Parts of the first page, in their order.
PANELS: Final = ("presence", "living", "labour", "services")

#: Kinds of outcome that a forest leaves to the tables.
_NOT_IN_FOREST: Final = ("flow", "index")

#: Beyond this change in percent an axis ends; longer intervals run out of the picture.
_WIDEST: Final = 150.0

#: And beyond so many times the middle one of all.
_TIMES: Final = 3.0

#: Most rows of a forest from each panel.
_MOST_ROWS: Final = 8

#: Two ways of return, and what is set against them.
RETURNS: Final = ("exit:tvangsretur", "exit:assistert_retur")
HOME: Final = "outcome:homeless_person_months"

_MARKERS: Final = ("o", "s", "^", "D", "v", "P", "X", "<", ">", "h")


def relative(row: Mapping[str, Any]) -> dict[str, Any] | None:
    """A row's effect and intervals in percent of the reference, which is then 100; None where the reference is zero."""
    base = float(row["reference_mean"])
    if not base > 0:
        return None
    names = [name for name in ("mean", "lo", "hi", "lo50", "hi50") if name in row and row[name] == row[name]]
    # Ends are ratios of their own, replicate by replicate, where the table has them.
    ends = {name: row.get(f"percent_{name}", 100.0 * float(row[name]) / base) for name in names}
    return {**row, **{name: float(value) for name, value in ends.items()}, "reference_mean": 100.0}


def draw_main(inputs: Inputs) -> Drawing | None:
    """The main effects of every scenario in percent of the reference, with 50 and 95 % intervals.

    Returns:
        The drawing; its data has ``scenario``, ``outcome``, ``mean``, ``lo``, ``hi`` (percent) and ``verdict``. None
        without key figures.
    """
    shown = {one.scenario: main_rows(one) for one in inputs.each()}
    reach = reach_of([row for rows in shown.values() for row in rows])
    return together(inputs, "main", lambda one: main_part(one, shown[one.scenario], reach), inputs.words("forest_note"))


def main_rows(inputs: Inputs) -> list[dict[str, Any]]:
    """Main effects of a scenario in percent; those without a reference are left out."""
    return [found for row in main_effects(inputs.rows(), inputs.declared) if (found := relative(row)) is not None]


def main_part(inputs: Inputs, rows: Sequence[Mapping[str, Any]], reach: float, *, letters: float = 11.0) -> Part | None:
    """The main effects of a scenario; None where there are none.

    Args:
        inputs: Of the scenario.
        rows: Its main effects in percent.
        reach: Where the axis ends on both sides.
        letters: Size of the words in points.
    """
    import pandas as pd

    if not rows:
        return None

    def draw(figure: FigureBase) -> pd.DataFrame:
        axes = figure.subplots()
        intervals(axes, rows, reach=reach)
        rows_axis(axes, [plain_words(str(row["outcome"]), inputs.lang) for row in rows], width=48)
        axes.tick_params(axis="y", labelsize=letters)
        axes.set_xlim(-reach, reach)
        signed_axis(axes, inputs, x=True)
        axes.set_xlabel(inputs.words("axis_percent_of_reference"), fontsize=letters)
        for place, row in enumerate(rows):
            _at_right(axes, place, _said(row, inputs.lang, reach), letters)
        return pd.DataFrame(rows)[["outcome", "mean", "lo", "hi", "verdict"]]

    return Part(draw, 0.9 + 0.5 * len(rows), inputs.message())


def _said(row: Mapping[str, Any], lang: str, reach: float) -> str:
    """An effect in percent, whether it is off the scale, and how sure it is; only the last where it has no direction.

    The number is that of the title (`headline.percent_of`).
    """
    said = upper(verdict_words(row, lang))
    if not has_direction(row):
        return said
    mean, lo, hi = (float(row[name]) for name in ("mean", "lo", "hi"))
    text = percent_of(mean, lo, hi, lang, signed=True)
    if abs(mean) > reach:
        return f"{label('compare.off_scale', lang).format(amount=text)}.\n{said}"
    return f"{text}. {said}"


def _at_right(axes: Axes, place: float, text: str, letters: float) -> None:
    """Words right of a row, and of an arrow that ends there; lines are kept."""
    axes.annotate(
        "\n".join(wrapped(line, 32) for line in text.split("\n")),
        (1.0, place),
        xycoords=axes.get_yaxis_transform(),
        xytext=(10, 0),
        textcoords="offset points",
        va="center",
        fontsize=letters - 1.5,
        color="#444444",
        linespacing=1.0,
    )


def reach_of(rows: Sequence[Mapping[str, Any]]) -> float:
    """Where an axis of percent ends on both sides.

    One very large effect would press all others together, so that the axis ends at `_TIMES` the usual extent: what is
    beyond is drawn as an arrow at its edge (`intervals`).
    """
    extents = sorted(max(abs(float(row[end])) for end in ("lo", "hi")) for row in rows)
    if not extents:
        return 5.0
    usual = extents[len(extents) // 2]
    return max(5.0, min(_WIDEST, extents[-1], _TIMES * usual)) * 1.08


def draw_forest(inputs: Inputs) -> Drawing | None:
    """Outcomes' effects in percent of the reference, with 50 and 95 % intervals, a column a scenario.

    Returns:
        The drawing; its data has ``scenario``, ``panel``, ``outcome``, ``mean``, ``lo``, ``hi`` (percent), ``verdict``
        and the effect in its own unit as text. None without key figures.
    """
    import pandas as pd

    every = inputs.each()
    found = [
        {**row, "scenario": one.scenario}
        for one in every
        for row in (relative(row) for row in one.rows())
        if row is not None and str(row["outcome"]).partition(":")[0] not in _NOT_IN_FOREST
    ]
    declared = [name for one in every for name in one.declared]
    panels = {panel: [row for row in found if row["panel"] == panel] for panel in PANELS}
    names = [(panel, name) for panel, rows in panels.items() for name in first_in_panel(rows, declared, _MOST_ROWS)]
    if not names:
        return None
    reach = reach_of(found)
    chosen = []
    with settings():
        figure = new_figure((WIDTH, max(6.75, 2.2 + 0.34 * len(names))))
        if len(every) == 1:
            title = every[0].heading("title_forest", _told_of(every[0], found))
        else:
            title = inputs.words("title_forest")
        figure.suptitle(title, x=0.01, ha="left")
        keep_edges_free(figure)
        grid = figure.subplots(1, len(every), sharey=True, squeeze=False)[0]
        for axes, one in zip(grid, every, strict=True):
            here = {str(row["outcome"]): row for row in found if row["scenario"] == one.scenario}
            for place, (panel, name) in enumerate(names):
                if place and panel != names[place - 1][0]:
                    axes.axhline(place - 0.5, color="#999999", linewidth=0.8)
                if name not in here:
                    continue
                intervals(axes, [here[name]], height=place, reach=reach)
                chosen.append({**here[name], "effect": effect_text(here[name], one)})
                if len(every) == 1:
                    _at_right(axes, place, chosen[-1]["effect"], 11.0)
            axes.set_xlim(-reach, reach)
            signed_axis(axes, inputs, x=True)
            axes.locator_params(axis="x", nbins=5)
            axes.set_xlabel(inputs.words("axis_percent_of_reference"), fontsize=10)
            rows_axis(axes, [outcome_words(name, inputs.lang) for _, name in names], width=44)
            if len(every) > 1:
                axes.set_title(f"{wrapped(one.title(), 30)}\n{wrapped(_told_of(one, found), 34)}", fontsize=11)
        finish(figure, inputs, inputs.words("forest_note"))
    columns = ["scenario", "panel", "outcome", "mean", "lo", "hi", "lo50", "hi50", "verdict", "effect"]
    data = pd.DataFrame(chosen)
    data = data[[column for column in columns if column in data]]
    told = [f"{outcome_words(str(r['outcome']), inputs.lang)}: {r['effect']}" for r in chosen]
    return Drawing(figure, data, f"{inputs.words('title_forest')}. {upper('; '.join(told))}.")


def _told_of(inputs: Inputs, rows: Sequence[Mapping[str, Any]]) -> str:
    """How many of the effects of a scenario have a direction."""
    here = [row for row in rows if row["scenario"] == inputs.scenario]
    return inputs.words("told_of", told=sum(map(has_direction, here)), number=len(here))


def draw_tradeoff(inputs: Inputs) -> Drawing | None:
    """Returns against person-months without a home, every scenario with its intervals; nothing is ranked.

    Returns:
        The drawing; its data has ``scenario``, ``returns`` (the outcome), ``x``, ``x_lo``, ``x_hi``, ``y``, ``y_lo``,
        ``y_hi``. None unless both sides are known.
    """
    import pandas as pd
    from matplotlib.lines import Line2D

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
            for number, scenario in enumerate(scenarios):
                x, y = found.get((scenario, one)), found.get((scenario, HOME))
                if x is None or y is None:
                    continue
                units |= {one: str(x.get("unit", "")), HOME: str(y.get("unit", ""))}
                axes.plot([x["lo"], x["hi"]], [y["mean"]] * 2, color=MODEL, linewidth=1.2)
                axes.plot([x["mean"]] * 2, [y["lo"], y["hi"]], color=MODEL, linewidth=1.2)
                marker = _MARKERS[number % len(_MARKERS)]
                axes.plot([x["mean"]], [y["mean"]], marker, color=MODEL, markersize=9, markeredgecolor="white")
                cells = {f"x{end}": float(x[name]) for end, name in (("", "mean"), ("_lo", "lo"), ("_hi", "hi"))}
                cells |= {f"y{end}": float(y[name]) for end, name in (("", "mean"), ("_lo", "lo"), ("_hi", "hi"))}
                rows.append({"scenario": scenario, "returns": one, **cells})
            signed_axis(axes, inputs)
            signed_axis(axes, inputs, x=True)
            axes.grid(visible=True, axis="both")
            axes.margins(0.12)
            axes.set_xlabel(_difference_of(one, units.get(one, ""), inputs))
        grid[0].set_ylabel(_difference_of(HOME, units.get(HOME, ""), inputs))
        # Names beside the points would lie on intervals and axes: a marker for each is in the legend.
        handles = [
            Line2D([], [], color=MODEL, marker=_MARKERS[i % len(_MARKERS)], linestyle="none", markersize=9,
                   label=wrapped(inputs.title(scenario), 24))
            for i, scenario in enumerate(scenarios)
        ]  # fmt: skip
        figure.legend(handles=handles, loc="outside right upper", fontsize=10.5)
        finish(figure, inputs, inputs.words("tradeoff_note"))
    alt = f"{inputs.words('title_tradeoff')}. {inputs.words('alt_tradeoff', number=len(scenarios))}"
    return Drawing(figure, pd.DataFrame(rows), alt)


def draw_cities(inputs: Inputs) -> Drawing | None:
    """The cities side by side: effects on living conditions and services in percent of the reference.

    Returns:
        The drawing; its data has ``scenario``, ``city``, ``outcome``, ``mean``, ``lo``, ``hi`` (percent). None without
        the table ``cities``.
    """
    import pandas as pd

    reach = reach_of(_in_percent(inputs, "cities"))

    def part_of(one: Inputs) -> Part | None:
        found = _in_percent(one, "cities")
        outcomes = list(dict.fromkeys(str(row["outcome"]) for row in found))[:8]
        if not outcomes:
            return None

        def draw(figure: FigureBase) -> pd.DataFrame:
            grid = figure.subplots(1, len(CITIES), sharex=True, sharey=True)
            for axes, city in zip(np.atleast_1d(grid), CITIES, strict=True):
                for place, row in enumerate(_of(found, "city", city, outcomes)):
                    if row is not None:
                        intervals(axes, [row], height=place, reach=reach)
                _percent_axis(axes, one, reach)
                axes.set_title(label(f"city.{city}", one.lang), fontweight="bold")
                rows_axis(axes, [outcome_words(name, one.lang) for name in outcomes], width=30)
            drawn = pd.DataFrame([row for row in found if row["outcome"] in outcomes])
            return drawn[["city", "outcome", "mean", "lo", "hi"]]

        return Part(draw, 1.3 + 0.45 * len(outcomes), _number_told(one, found))

    return together(inputs, "cities", part_of, inputs.words("relative_note"))


def _in_percent(inputs: Inputs, table: str) -> list[dict[str, Any]]:
    """Rows of a table in percent of the reference, where that is above zero."""
    rows = inputs.table(table)
    if rows is None:
        return []
    return [one for one in (relative(_record(row)) for row in rows.to_dict("records")) if one is not None]


def _number_told(inputs: Inputs, rows: Sequence[Mapping[str, Any]]) -> str:
    """How many effects have a direction; nothing where the table does not say."""
    if not all("verdict" in row for row in rows):
        return ""
    return inputs.words("told_of", told=sum(map(has_direction, rows)), number=len(rows))


def draw_groups(inputs: Inputs) -> Drawing | None:
    """Who is affected: the effect in each group in percent of the same group in the reference.

    Returns:
        The drawing; its data has ``scenario``, ``dimension``, ``group``, ``outcome``, ``mean``, ``lo``, ``hi``
        (percent). None without the table ``groups``.
    """
    import pandas as pd

    reach = reach_of(_in_percent(inputs, "groups"))

    def part_of(one: Inputs) -> Part | None:
        found = _in_percent(one, "groups")
        outcomes = list(dict.fromkeys(str(row["outcome"]) for row in found))[:3]
        if not outcomes:
            return None
        groups = list(dict.fromkeys((str(row["dimension"]), str(row["group"])) for row in found))
        dimensions, order = list(dict.fromkeys(dimension for dimension, _ in groups)), list(labels())
        groups.sort(key=lambda group: (dimensions.index(group[0]), order.index(_group_key(*group) or order[-1])))

        def draw(figure: FigureBase) -> pd.DataFrame:
            grid = figure.subplots(1, len(outcomes), sharey=True, squeeze=False)[0]
            for axes, outcome in zip(grid, outcomes, strict=True):
                here = {(str(o["dimension"]), str(o["group"])): o for o in found if o["outcome"] == outcome}
                for place, group in enumerate(groups):
                    if group in here:
                        intervals(axes, [here[group]], height=place, reach=reach)
                    if place and group[0] != groups[place - 1][0]:
                        axes.axhline(place - 0.5, color="#999999", linewidth=0.8)
                _percent_axis(axes, one, reach)
                axes.set_title(wrapped(outcome_words(outcome, one.lang), 28), fontsize=11)
                rows_axis(axes, [group_words(*group, one.lang) for group in groups])
            return pd.DataFrame(found)[["dimension", "group", "outcome", "mean", "lo", "hi"]]

        return Part(draw, 1.4 + 0.33 * len(groups), _number_told(one, found))

    return together(inputs, "groups", part_of, inputs.words("relative_note"))


def draw_responses(inputs: Inputs) -> Drawing | None:
    """Effects under deterrence, under displacement and in between; few replicates each, so no dot is filled.

    Returns:
        The drawing; its data is the table ``responses``. None without it.
    """
    wanted = ["exit:videre", "exit:tvangsretur", "stock:hidden", "stock:fritt_fall", HOME]
    thirds = ("deterrence", "between", "displacement")

    def part_of(one: Inputs) -> Part | None:
        rows = one.table("responses")
        if rows is None:
            return None
        known = list(dict.fromkeys(rows["outcome"].astype(str)))
        outcomes = ([name for name in wanted if name in known] or known)[:5]

        def draw(figure: FigureBase) -> pd.DataFrame:
            grid = figure.subplots(1, len(outcomes), sharey=True, squeeze=False)[0]
            number = {str(row["third"]): int(row["n"]) for row in rows.to_dict("records")}
            for axes, outcome in zip(grid, outcomes, strict=True):
                here = {str(r["third"]): _record(r) for r in rows[rows["outcome"] == outcome].to_dict("records")}
                for place, third in enumerate(thirds):
                    if third in here:
                        intervals(axes, [{**here[third], "verdict": "cannot tell"}], height=place)
                signed_axis(axes, one, x=True)
                axes.locator_params(axis="x", nbins=3)
                axes.set_xlabel(unit_words(rows[rows["outcome"] == outcome], one.lang), fontsize=10)
                axes.set_title(wrapped(outcome_words(outcome, one.lang), 22), fontsize=11)
                names = [f"{one.words(f'third_{third}')} (n = {number.get(third, 0)})" for third in thirds]
                rows_axis(axes, names, width=24)
            kept = rows[rows["outcome"].isin(outcomes)].drop(columns=["reference_mean", "scenario"], errors="ignore")
            return kept.reset_index(drop=True)

        return Part(draw, 3.0)

    return together(inputs, "responses", part_of, inputs.words("responses_note"))


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


def _percent_axis(axes: Axes, inputs: Inputs, reach: float) -> None:
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
