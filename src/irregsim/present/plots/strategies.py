"""Ways of getting by over time: those in reception centres as counted, the hidden ones as an index."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from irregsim.inference.targets import for_register
from irregsim.present.plots.messages import stocks_change
from irregsim.present.plots.style import (
    COLOURS,
    DASHES,
    Drawing,
    Options,
    apart,
    band,
    count_axis,
    fit_to_known,
    footnote,
    new_figure,
    observed_points,
    settings,
    shade_assumptions,
    year_axis,
)
from irregsim.study.summaries import hidden_index, spread
from irregsim.vocabulary.codes import HIDDEN, month_number, year_of
from irregsim.vocabulary.labels import label

if TYPE_CHECKING:
    from irregsim.study.summaries import Series


def year_fraction(month: str) -> float:
    """Place of a month's end on an axis of years: 2019-12 is at 2020.0."""
    number = month_number(month)
    return year_of(number) + (number % 12 + 1) / 12


def draw_strategies(series: Sequence[Series], options: Options) -> Drawing:
    """Draw the five strategies over time.

    Args:
        series: The series of every replicate.
        options: How to draw it.

    Returns:
        The drawing; its data has columns ``strategy``, ``month``, ``unit``, ``q025``, ``q50``, ``q975``.
    """
    import pandas as pd

    lang, show_levels = options.lang, options.show_levels
    months = list(series[0].stocks.index)
    x = np.array([year_fraction(month) for month in months])
    hidden = list(HIDDEN)
    counts = np.stack([one.stocks["synlig"].to_numpy() for one in series], axis=-1)
    parts = [one.stocks[hidden] if show_levels else hidden_index(one.stocks) for one in series]
    values = np.stack([part.to_numpy(dtype="float64") for part in parts], axis=-1)
    unit = "persons" if show_levels else "index"

    with settings():
        figure = new_figure()
        left, right = figure.subplots(1, 2, width_ratios=(2, 3))
        title = "title.strategies" if show_levels else "title.strategies_index"
        figure.suptitle(options.heading(title, stocks_change(series, options.assumed[0], lang)), x=0.01, ha="left")
        drawn = [("synlig", "persons", spread(counts))]
        band(left, x, drawn[0][2], COLOURS["synlig"], DASHES["synlig"])
        observed = [
            t for t in for_register("udi_return_duty_stock") if t.dimension == "total" and t.period >= months[0]
        ]
        observed = [t for t in observed if t.period <= months[-1] and options.is_country]
        if observed:
            places = [year_fraction(t.period) for t in observed]
            observed_points(left, places, [t.value for t in observed], label("legend.observed", lang))
            left.legend(loc="upper right", fontsize=10.5, bbox_to_anchor=(1, 0.94))
        left.set_title(label("strategy.synlig", lang), color=COLOURS["synlig"])
        left.set_ylabel(label("axis.persons", lang))

        ends = []
        for i, code in enumerate(hidden):
            cuts = spread(values[:, i, :])
            drawn.append((code, unit, cuts))
            if show_levels:  # an interval only: assumptions set it, and a line would read as an estimate
                right.fill_between(x, cuts["q025"], cuts["q975"], color=COLOURS[code], alpha=0.35, linewidth=0)
                for q in ("q025", "q975"):
                    right.plot(x, cuts[q], color=COLOURS[code], linewidth=1.0, linestyle=DASHES[code])
                ends.append(float((cuts["q025"][-1] + cuts["q975"][-1]) / 2))
            else:
                band(right, x, cuts, COLOURS[code], DASHES[code])
                ends.append(float(cuts["q50"][-1]))
        right.set_ylabel(label("axis.persons" if show_levels else "axis.index_hidden", lang))
        for axes in (left, right):
            year_axis(axes, float(x[0]) - 1 / 12, float(x[-1]))
            shade_assumptions(axes, float(x[-1]), options.assumed, lang, words=axes is right)
            count_axis(axes, lang)
        words = [label(f"strategy.{code}", lang) for code in hidden]
        fit_to_known(left, x, [drawn[0][2]], options, counts=[t.value for t in observed])
        fit_to_known(right, x, [cuts for _, _, cuts in drawn[1:]], options, names=words)
        top = right.get_ylim()[1]
        right.set_ylim(0, top * 1.08)  # room for the words over the assumption years
        left.set_ylim(0, left.get_ylim()[1] * 1.08)
        for code, end in zip(hidden, apart([e if np.isfinite(e) else 0.0 for e in ends], 0.062 * top), strict=True):
            right.annotate(
                label(f"strategy.{code}", lang),
                (x[-1], end),
                xytext=(7, 0),
                textcoords="offset points",
                color=COLOURS[code],
                va="center",
                annotation_clip=False,
                fontsize=12,
                fontweight="bold",
            )
        spread_words = f"{label('legend.median', lang)}; {label('legend.band', lang)}.".capitalize()
        sentences = [label("sentence.synthetic_persons", lang), spread_words]
        sentences.insert(0, label("sentence.hidden_levels" if show_levels else "sentence.ideal_types", lang))
        footnote(figure, options.sentences(*sentences, has_counts=True))
    data = pd.concat(
        [
            pd.DataFrame(
                {"strategy": code, "month": months, "unit": unit_, **{q: cuts[q] for q in ("q025", "q50", "q975")}}
            )
            for code, unit_, cuts in drawn
        ],
        ignore_index=True,
    )
    if show_levels:
        data.loc[data["strategy"].isin(hidden), "q50"] = np.nan
    return Drawing(figure, data, label("title.strategies" if show_levels else "title.strategies_index", lang))
