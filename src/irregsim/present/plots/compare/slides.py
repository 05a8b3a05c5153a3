"""Slides: one scenario, one panel and large letters, for the back row of a room."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from irregsim.present.main_effects import HIDDEN, main_effects
from irregsim.present.plots.compare.base import Inputs, keep_edges_free
from irregsim.present.plots.compare.effects import main_part, main_rows, reach_of
from irregsim.present.plots.compare.over_time import fan
from irregsim.present.plots.style import SIZE, Drawing, footnote, new_figure, settings
from irregsim.present.words import plain_words, upper

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import FigureBase

#: Sizes of letters in points, on 12 by 6.75 inches.
_TITLE: Final = 20.0
_TOPIC: Final = 14.0
_LETTERS: Final = 16.0


def draw_slide_main(inputs: Inputs) -> Drawing | None:
    """The main effects of a scenario.

    Returns:
        The drawing; its data is that of `draw_main`. None without key figures, and without a scenario.
    """
    rows = main_rows(inputs) if inputs.scenario else []
    part = main_part(inputs, rows, reach_of(rows), letters=_LETTERS)
    if part is None:
        return None
    return _slide(inputs, inputs.words("title_main"), part.draw, part.message, inputs.words("forest_note"))


def draw_slide_time(inputs: Inputs) -> Drawing | None:
    """The first of a scenario's main effects month by month, with 50, 80 and 95 % of the paired differences.

    Returns:
        The drawing; its data has ``outcome``, ``month``, ``unit``, ``mean`` and the ends of the intervals. None without
        them, and without a scenario.
    """
    if not inputs.scenario:
        return None
    names = [str(row["outcome"]) for row in main_effects(inputs.rows(), inputs.declared)]
    found = [(name, rows) for name in names if (rows := inputs.outcome(name)) is not None and len(rows) > 1]
    if not found:
        return None
    name, rows = next(((name, rows) for name, rows in found if name != HIDDEN), found[0])

    def draw(figure: FigureBase) -> pd.DataFrame:
        axes = figure.subplots()
        data = fan(axes, name, rows, inputs)
        axes.tick_params(labelsize=_LETTERS)
        axes.yaxis.label.set_fontsize(_LETTERS)
        return data

    topic = f"{upper(plain_words(name, inputs.lang))}, {inputs.words('axis_difference_month')}"
    return _slide(inputs, topic, draw, inputs.message(lambda one: one == name), inputs.words("fan_note"))


def _slide(
    inputs: Inputs, topic: str, draw: Callable[[FigureBase], pd.DataFrame], message: str, *notes: str
) -> Drawing:
    title = [*textwrap.wrap(message, 70), f"{inputs.words('quoted', name=inputs.drawn_title())}. {topic}"]
    with settings():
        figure = new_figure(SIZE)
        keep_edges_free(figure, is_slide=True)
        # The message in large letters, and below it what is shown.
        figure.suptitle("\n".join(textwrap.wrap(title[0], 70) + title[1:-1]), x=0.01, ha="left", fontsize=_TITLE)
        body: Any = figure.subfigures(1, 1)  # a single one is no array
        body.suptitle("\n".join(textwrap.wrap(title[-1], 100)), x=0.0, ha="left", fontsize=_TOPIC)
        data = draw(body)
        footnote(figure, [*notes, *([inputs.caveat] if inputs.caveat else []), inputs.source()])
    return Drawing(figure, data, f"{topic}: {inputs.title()}. {message}.")
