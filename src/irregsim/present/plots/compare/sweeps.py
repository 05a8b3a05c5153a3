"""Pictures of a sweep: effects at several values of a setting, and at every pair of values of two."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from irregsim.present import words
from irregsim.present.plots.compare.base import Inputs, finish, signed_axis, wrapped
from irregsim.present.plots.style import INK, MODEL, Drawing, new_figure, settings
from irregsim.present.sweeps import (
    axis_label,
    chosen_outcomes,
    farthest,
    in_order,
    lever_of,
    size_of,
    unit_words,
    value_words,
)
from irregsim.present.words import outcome_words, upper, verdict_words
from irregsim.scenario.levers import words as lever_words
from irregsim.study.comparison.sweeps import EFFECT, INTERACTION
from irregsim.study.comparison.verdicts import CLEAR
from irregsim.vocabulary.labels import label, labels
from irregsim.vocabulary.outcomes import is_uncounted

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: Panels of effects by value, and outcomes with a grid.
_MOST_PANELS: Final = 4
_MOST_GRIDS: Final = 2

#: Letters that have room side by side in a grid, over all its columns, and inches of a line of cells.
_LETTERS: Final = 66
_LINE: Final = 0.8

#: Values nearer than this share of the axis would be written over each other.
_NEAR: Final = 0.13

#: Below and above zero in a grid. The numbers in the cells have a sign, so grey says how large.
_BELOW, _ABOVE = "#C08A2E", MODEL

Row = Mapping[str, Any]


def draw_sweep(inputs: Inputs) -> Drawing | None:
    """Effects at each value of one setting, with 50 and 95 % intervals; the value of the reference is at zero.

    Returns:
        The drawing; its data has ``scenario``, ``value``, ``outcome``, ``mean``, ``lo``, ``hi``, ``unit``, ``verdict``,
        ``certainty``. None without a sweep of one setting.
    """
    import pandas as pd

    found = _rows(inputs, 1)
    if found is None:
        return None
    rows, (axis,) = found
    outcomes = chosen_outcomes(rows, (axis,), _MOST_PANELS)
    values = in_order(axis, [str(row["value_1"]) for row in rows])
    places = _places(values)
    with settings():
        figure = new_figure()
        last = [row for row in rows if row["outcome"] == outcomes[0] and row["value_1"] == farthest(values, axis)]
        figure.suptitle(_message(inputs, axis, last[0], str(last[0]["value_1"])), x=0.01, ha="left")
        columns = 1 if len(outcomes) == 1 else 2
        grid = figure.subplots(-(-len(outcomes) // columns), columns, squeeze=False, sharex=True).ravel()
        for panel, outcome in zip(grid, outcomes, strict=False):
            here = {str(row["value_1"]): row for row in rows if row["outcome"] == outcome}
            _panel(panel, inputs, here, values, places, axis)
        for panel in grid[len(outcomes) :]:
            panel.set_axis_off()
        for panel in grid[: len(outcomes)][-columns:]:
            panel.set_xlabel(axis_label(axis, inputs.lang))
            panel.tick_params(labelbottom=True)
        finish(figure, inputs, inputs.words("sweep_note"))
    data = pd.DataFrame([row for outcome in outcomes for row in rows if row["outcome"] == outcome])
    return Drawing(figure, _data(data, ["value_1"]), _alt(inputs, "sweep", (axis,), outcomes, rows))


def draw_grid(inputs: Inputs) -> Drawing | None:
    """Effects at every pair of values of two settings, and their interaction with how sure it is.

    Returns:
        The drawing; its data has ``scenario``, both values, ``part`` (effect or interaction), ``outcome``, ``mean``,
        ``lo``, ``hi``, ``unit``, ``verdict``, ``certainty``. None without a sweep of two settings.
    """
    import pandas as pd

    found = _rows(inputs, 2)
    if found is None:
        return None
    rows, axes = found
    outcomes = chosen_outcomes([row for row in rows if row["part"] == EFFECT], axes, _MOST_GRIDS)
    across, down = (in_order(axis, [str(row[f"value_{i}"]) for row in rows]) for i, axis in enumerate(axes, start=1))
    with settings():
        figure = new_figure((12.0, 2.4 + len(outcomes) * (1.3 + _LINE * max(2, len(down)))))
        figure.suptitle(_grid_message(inputs, rows, outcomes[0], axes), x=0.01, ha="left")
        grid = figure.subplots(len(outcomes), 2, squeeze=False)
        for line, outcome in zip(grid, outcomes, strict=True):
            # One scale of colours for both: a small interaction is pale.
            sizes = (abs(float(row["mean"])) for row in rows if row["outcome"] == outcome)
            reach = max(sizes, default=0.0) or 1.0
            for panel, part in zip(line, (EFFECT, INTERACTION), strict=True):
                here = [row for row in rows if row["outcome"] == outcome and row["part"] == part]
                # Alone, neither interacts with the other.
                bases = [str(axis["base"]) if part == INTERACTION else None for axis in axes]
                columns, lines = (
                    [v for v in values if v != b] for values, b in zip((across, down), bases, strict=True)
                )
                _cells(panel, inputs, here, columns, lines, axes, reach)
                unit = unit_words(here[0], inputs.lang) if here else ""
                name = upper(outcome_words(outcome, inputs.lang)) + (f" ({unit})" if unit else "")
                panel.set_title(f"{wrapped(name, 52)}\n{inputs.words(f'part_{part}')}", fontsize=11.5)
        finish(figure, inputs, inputs.words("grid_note"))
    data = pd.DataFrame([row for outcome in outcomes for row in rows if row["outcome"] == outcome])
    return Drawing(figure, _data(data, ["value_1", "value_2", "part"]), _alt(inputs, "grid", axes, outcomes, rows))


# ---------------------------------------------------------------------------------------------------------
# What is drawn


def _rows(inputs: Inputs, axes: int) -> tuple[list[Row], tuple[Mapping[str, Any], ...]] | None:
    """Rows of the table ``sweep`` and the settings, of a sweep of so many."""
    design, frame = inputs.about.get("sweep"), inputs.frames.get("sweep")
    if not design or frame is None or frame.empty or len(design["axes"]) != axes:
        return None
    return [{str(k): v for k, v in row.items()} for row in frame.to_dict("records")], tuple(design["axes"])


def _places(values: Sequence[str]) -> dict[str, float]:
    """Place of each value on an axis: itself where all are numbers, else its rank."""
    if all(size_of(value) is not None for value in values):
        return {value: float(value) for value in values}
    return {value: float(place) for place, value in enumerate(values)}


def _panel(
    axes: Axes,
    inputs: Inputs,
    rows: Mapping[str, Row],
    values: Sequence[str],
    places: Mapping[str, float],
    axis: Mapping[str, Any],
) -> None:
    """One outcome: a dot with its interval at each value, and the effect in words at the one farthest away."""
    base = str(axis["base"])
    drawn = [value for value in values if value in rows or value == base]
    line = [(places[value], float(rows[value]["mean"]) if value in rows else 0.0) for value in drawn]
    axes.plot(*zip(*line, strict=True), color=MODEL, linewidth=1.2, alpha=0.7)
    for value in drawn:
        x = places[value]
        if value not in rows:
            axes.plot([x], [0.0], "D", color=INK, markersize=7, markerfacecolor="white")
            continue
        row = rows[value]
        axes.plot([x, x], [row["lo"], row["hi"]], color=MODEL, linewidth=1.4, solid_capstyle="butt")
        axes.plot([x, x], [row["lo50"], row["hi50"]], color=MODEL, linewidth=4.5, solid_capstyle="butt", alpha=0.6)
        face = MODEL if words.has_direction(row) else "white"
        axes.plot([x], [row["mean"]], "o", color=MODEL, markersize=8, markerfacecolor=face, markeredgewidth=1.6)
    signed_axis(axes, inputs)
    axes.set_xticks([places[value] for value in drawn], _ticks(drawn, base, places, inputs.lang))
    # Room for the words beyond the interval of the last value.
    axes.margins(x=0.1, y=0.45)
    outcome = str(next(iter(rows.values()))["outcome"])
    axes.set_title(wrapped(upper(outcome_words(outcome, inputs.lang)), 50), fontsize=12)
    axes.set_ylabel(unit_words(next(iter(rows.values())), inputs.lang), fontsize=10.5)
    end = farthest([value for value in values if value in rows or value == base], axis)
    if end in rows:
        _at_its_point(axes, rows[end], places[end], inputs)


def _ticks(values: Sequence[str], base: str, places: Mapping[str, float], lang: str) -> list[str]:
    """Words of values below an axis: the reference on the second line, what is too near the one before on the third."""
    near = _NEAR * ((max(places.values()) - min(places.values())) or 1.0)
    last = -math.inf
    out = []
    for value in values:
        words_ = value_words(value, base, lang)
        if value == base:
            out.append("\n" + words_.replace("\n", " "))
        elif places[value] - last > near:
            last = places[value]
            out.append(words_)
        else:
            last = -math.inf
            out.append("\n\n" + words_)
    return out


def _at_its_point(axes: Axes, row: Row, x: float, inputs: Inputs) -> None:
    """The effect in words, beyond the end of the interval that is away from zero, so that it covers no line."""
    is_left = x < sum(axes.get_xlim()) / 2
    is_up = float(row["mean"]) >= 0.0
    text = f"{words.effect_text(row, inputs.lang)}\n{verdict_words(row, inputs.lang)}"
    axes.annotate(
        text,
        (x, float(row["hi" if is_up else "lo"])),
        xytext=(-10 if is_left else 10, 5 if is_up else -5),
        textcoords="offset points",
        ha="left" if is_left else "right",
        va="bottom" if is_up else "top",
        fontsize=10.0,
        color=INK,
    )


def _cells(
    axes: Axes,
    inputs: Inputs,
    rows: Sequence[Row],
    across: Sequence[str],
    down: Sequence[str],
    settings_: Sequence[Mapping[str, Any]],
    reach: float,
) -> None:
    """A grid of cells: effect or interaction, and how sure; those without a clear direction in grey."""
    from matplotlib.colors import LinearSegmentedColormap
    from matplotlib.patches import Rectangle

    bases = [str(axis["base"]) for axis in settings_]
    colours = LinearSegmentedColormap.from_list("effects", [_BELOW, "#FFFFFF", _ABOVE])
    cells = {(str(row["value_1"]) or bases[0], str(row["value_2"]) or bases[1]): row for row in rows}
    for i, first in enumerate(across):
        for j, second in enumerate(down):
            row = cells.get((first, second))
            # Half of the range of colours: dark cells would hide their numbers.
            share = 0.0 if row is None else 0.5 * float(row["mean"]) / reach
            is_open = row is not None and not words.has_direction(row)
            face = "#F2F2F2" if row is None else colours(0.5 + 0.5 * share)
            axes.add_patch(Rectangle((i - 0.5, j - 0.5), 1, 1, facecolor=face, edgecolor="#CCCCCC", linewidth=1.0))
            is_clear = row is not None and row["certainty"] == CLEAR
            axes.text(
                i,
                j,
                _cell_text(row, inputs, _LETTERS // len(across)),
                ha="center",
                va="center",
                fontsize=9.5,
                color="#777777" if is_open or row is None else INK,
                fontweight="bold" if is_clear else "normal",
            )
    axes.set_xlim(-0.5, len(across) - 0.5)
    axes.set_ylim(-0.5, len(down) - 0.5)
    axes.set_xticks(range(len(across)), [value_words(value, bases[0], inputs.lang) for value in across], fontsize=10)
    axes.set_yticks(range(len(down)), [value_words(value, bases[1], inputs.lang) for value in down], fontsize=10)
    axes.grid(visible=False)
    axes.tick_params(length=0)
    for side in ("left", "bottom"):
        axes.spines[side].set_visible(False)
    axes.set_xlabel(wrapped(axis_label(settings_[0], inputs.lang), 52), fontsize=10)
    axes.set_ylabel(wrapped(axis_label(settings_[1], inputs.lang), 30), fontsize=10)


def _cell_text(row: Row | None, inputs: Inputs, room: int) -> str:
    """The effect, its interval on one line or two where there is room for so many letters, and how sure it is."""
    if row is None:
        return "–"
    text = words.effect_text(row, inputs.lang).removesuffix(f" {label('unit.percent', inputs.lang)}")
    mean, space, interval = text.partition(" (")
    lines = [mean]
    if space:
        low, _, high = interval.partition(" ")
        whole = [f"({interval}"] if len(interval) < room else [f"({low}", high]
        lines += whole if max(map(len, whole)) <= room else []
    return "\n".join([*lines, inputs.words(f"sure_{words.certainty_of(row).replace(' ', '_')}")])


# ---------------------------------------------------------------------------------------------------------
# Words


def _effect_withunit_words(row: Row, lang: str) -> str:
    """An effect with its unit, once."""
    text, unit = words.effect_text(row, lang), label("unit.percent", lang)
    if is_uncounted(str(row["outcome"])) and text.endswith(unit):
        return text
    key = f"unit.{row['unit']}"
    return f"{text} {label(key, lang)}" if key in labels() and row["unit"] != "count" else text


def _message(inputs: Inputs, axis: Mapping[str, Any], row: Row, value: str) -> str:
    """The title: what the first outcome does at the value farthest away, or that it does nothing that is clear."""
    outcome = upper(outcome_words(str(row["outcome"]), inputs.lang))
    key = "sweep_message" if words.has_direction(row) else "sweep_message_none"
    first = inputs.words(
        key,
        outcome=outcome,
        effect=_effect_withunit_words(row, inputs.lang),
        value=value_words(value, "", inputs.lang),
        verdict=verdict_words(row, inputs.lang),
    )
    return "\n".join([*textwrap.wrap(first, 92), *textwrap.wrap(_against(inputs, (axis,), row), 100)])


def _grid_message(inputs: Inputs, rows: Sequence[Row], outcome: str, axes: Sequence[Mapping[str, Any]]) -> str:
    """The title: whether the effects of both settings on the first outcome add up."""
    mine = [row for row in rows if row["outcome"] == outcome and row["part"] == INTERACTION]
    told = [row for row in mine if words.has_direction(row)]
    name = upper(outcome_words(outcome, inputs.lang))
    most = max(told, key=lambda row: abs(float(row["mean"])), default=None)
    if most is None:
        first = inputs.words("grid_adds_up", outcome=name)
    else:
        first = inputs.words(
            "grid_interacts",
            outcome=name,
            number=len(told),
            cells=len(mine),
            effect=_effect_withunit_words(most, inputs.lang),
        )
    return "\n".join([*textwrap.wrap(first, 92), *textwrap.wrap(_against(inputs, axes, rows[0]), 100)])


def _against(inputs: Inputs, axes: Sequence[Mapping[str, Any]], row: Row) -> str:
    """What is varied, what it is compared with, and over which months."""
    names = [lever_words(lever, inputs.lang).name for axis in axes if (lever := lever_of(axis)) is not None]
    reference = inputs.words("against", name=inputs.drawn_reference())
    months = inputs.words("over_months", since=row["since"], to=row["to"])
    return f"{' × '.join(names or [str(axis['key']) for axis in axes])}, {reference}, {months}"


def _alt(
    inputs: Inputs, name: str, axes: Sequence[Mapping[str, Any]], outcomes: Sequence[str], rows: Sequence[Row]
) -> str:
    shown = ", ".join(outcome_words(outcome, inputs.lang) for outcome in outcomes)
    return f"{inputs.words(f'title_{name}')}: {_against(inputs, axes, rows[0])}. {shown}. {inputs.words(f'alt_{name}')}"


def _data(frame: Any, values: Sequence[str]) -> Any:
    columns = ["scenario", *values, "outcome", "mean", "lo", "hi", "unit", "verdict", "certainty"]
    return frame[columns].reset_index(drop=True)
