"""Ways out per year, one small picture each, because they differ by orders of magnitude."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from irregsim.present.plots.messages import most_leave_by
from irregsim.present.plots.style import (
    MODEL,
    Drawing,
    Options,
    assumption_sentence,
    band,
    count_axis,
    fit_to_known,
    footnote,
    model_legend,
    new_figure,
    settings,
    shade_assumptions,
    year_axis,
)
from irregsim.study.summaries import spread
from irregsim.vocabulary.codes import EXITS
from irregsim.vocabulary.labels import label

if TYPE_CHECKING:
    from irregsim.study.summaries import Series


def draw_exits(series: Sequence[Series], options: Options) -> Drawing:
    """Draw the yearly number of persons who leave by each exit.

    Args:
        series: The series of every replicate.
        options: How to draw it.

    Returns:
        The drawing; its data has columns ``exit``, ``year``, ``q025``, ``q50``,
        ``q975``.
    """
    import pandas as pd

    lang = options.lang
    years = np.array(series[0].flows.index)
    columns = list(EXITS)
    values = np.stack([one.flows[columns].to_numpy(dtype="float64") for one in series], axis=-1)
    with settings():
        figure = new_figure()
        figure.suptitle(options.heading("title.exits", most_leave_by(series, lang)), x=0.01, ha="left")
        grid = figure.subplots(2, 4, sharex=True)
        tables = []
        for i, (code, axes) in enumerate(zip(columns, grid.flat, strict=False)):
            cuts = spread(values[:, i, :])
            # A year's total is drawn in the middle of its year.
            band(axes, years + 0.5, cuts, MODEL)
            axes.plot(years + 0.5, cuts["q50"], "o", color=MODEL, markersize=3)
            axes.set_title(_wrapped(label(f"exit.{code}", lang)), fontsize=12, fontweight="bold")
            year_axis(axes, float(years[0]), float(years[-1]) + 1, ticks=4)
            shade_assumptions(axes, float(years[-1]) + 1, options.assumed, lang, words=False)
            count_axis(axes, lang)
            fit_to_known(axes, years + 0.5, [cuts], options)
            tables.append(pd.DataFrame({"exit": code, "year": years, **{q: cuts[q] for q in ("q025", "q50", "q975")}}))
        model_legend(grid.flat[len(columns)], options.assumed, lang)
        figure.supylabel(label("axis.persons_per_year", lang), fontsize=12)
        footnote(
            figure,
            options.sentences(assumption_sentence(options.assumed, lang), label("sentence.synthetic_persons", lang)),
        )
    return Drawing(figure, pd.concat(tables, ignore_index=True), label("title.exits", lang))


def _wrapped(text: str, width: int = 24) -> str:
    import textwrap

    return "\n".join(textwrap.wrap(text[0].upper() + text[1:], width))
