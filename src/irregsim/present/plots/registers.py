"""What the model's registers count, compared with what the agencies published."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from irregsim.inference.check_words import caveat_words
from irregsim.inference.targets import for_register
from irregsim.model.registers import shown_series
from irregsim.present.plots.messages import counts_inside
from irregsim.present.plots.style import (
    MODEL,
    OBSERVED,
    Drawing,
    Options,
    assumption_sentence,
    band,
    count_axis,
    fit_to_known,
    footnote,
    model_legend,
    new_figure,
    observed_points,
    settings,
    shade_assumptions,
    year_axis,
)
from irregsim.present.words import series_words, upper
from irregsim.study.summaries import spread
from irregsim.vocabulary.labels import label

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from irregsim.inference.targets import Target
    from irregsim.study.summaries import Series

#: Register, dimension and key of each small picture: UDI's first.
PANELS: tuple[tuple[str, str, str], ...] = shown_series(("udi_return_duty_stock", "udi_expulsions", "assisted_returns"))

_COLUMNS = 4


def draw_registers(series: Sequence[Series], options: Options) -> Drawing:
    """Draw register counts of the model and the published counts of the same scope.

    Args:
        series: The series of every replicate.
        options: How to draw it.

    Returns:
        The drawing; its data has columns ``register``, ``dimension``, ``key``, ``period``, ``source``
        (``model`` or ``published``), ``q025``, ``q50``, ``q975`` (equal for a published count).
    """
    import pandas as pd

    lang = options.lang
    tables = []
    inside: list[bool] = []
    years = [int(y) for y in series[0].flows.index]
    first, last = years[0], years[-1] + 1
    with settings():
        figure = new_figure()
        # One more place than panels, for the legend.
        grid = figure.subplots(len(PANELS) // _COLUMNS + 1, _COLUMNS, sharex=True)
        for axes in grid.flat[len(PANELS) + 1 :]:
            axes.set_axis_off()
        for panel, axes in zip(PANELS, grid.flat, strict=False):
            periods, values = _model(series, panel)
            cuts = spread(values)
            x = np.array([_place(period) for period in periods])
            band(axes, x, cuts, MODEL)
            targets = [t for t in _targets(panel) if first <= _place(t.period) <= last and options.is_country]
            for target in targets:
                _observed(axes, target)
            axes.set_title(_title(panel, lang), fontsize=10.5)
            year_axis(axes, first, last, ticks=4)
            shade_assumptions(axes, last, options.assumed, lang, words=False)
            count_axis(axes, lang)
            fit_to_known(axes, x, [cuts], options, counts=[_per_year(t) for t in targets])
            places = {period: i for i, period in enumerate(periods)}
            counted = [(t.value, places[t.period]) for t in targets if t.period in places]
            inside += [bool(cuts["q025"][i] <= value <= cuts["q975"][i]) for value, i in counted]
            tables.append(_rows(panel, "model", periods, cuts))
            seen = np.array([t.value for t in targets])
            tables.append(_rows(panel, "published", [t.period for t in targets], dict.fromkeys(_CUTS, seen)))
        figure.suptitle(options.heading("title.registers", counts_inside(inside, lang)), x=0.01, ha="left")
        _legend(grid.flat[len(PANELS)], options)
        sentences = [assumption_sentence(options.assumed, lang), label("sentence.synthetic_persons", lang)]
        if not options.calibrated:
            sentences.insert(1, caveat_words(options.caveat, options.red, lang))
        footnote(figure, options.sentences(*sentences, has_counts=True))
    return Drawing(figure, pd.concat(tables, ignore_index=True), label("title.registers", lang))


_CUTS = ("q025", "q50", "q975")


def _model(series: Sequence[Series], panel: tuple[str, str, str]) -> tuple[list[str], np.ndarray]:
    """Periods (years or months, not spans) and counts of shape (periods, replicates); 0 where none was counted."""
    name = "register:" + ":".join(panel)
    found = []
    for one in series:
        rows = one.registers[one.registers["outcome"] == name]
        found.append(dict(zip(rows["period"].astype(str), rows["value"], strict=True)))
    periods = sorted({p for counts in found for p in counts if len(p) in (4, 7)})
    return periods, np.array([[counts.get(p, 0) for counts in found] for p in periods], dtype="float64").reshape(
        len(periods), len(series)
    )


def _targets(panel: tuple[str, str, str]) -> list[Target]:
    register, dimension, key = panel
    return [
        t
        for t in for_register(register)
        if (t.dimension, t.key) == (dimension, key) and t.use == "primary" and "percent" not in t.unit
    ]


def _place(period: str) -> float:
    """Middle of a year or of a span of years; the end of a month."""
    if len(period) == 4:
        return int(period) + 0.5
    if len(period) == 7:
        return int(period[:4]) + int(period[5:]) / 12
    start, end = period.split("-")
    return (int(start) + int(end) + 1) / 2


def _per_year(target: Target) -> float:
    """A count of a span of years as a yearly mean."""
    if len(target.period) != 9:
        return target.value
    start, end = target.period.split("-")
    return target.value / (int(end) - int(start) + 1)


def _observed(axes: Axes, target: Target) -> None:
    if len(target.period) == 9:  # a sum over years: its yearly mean, as wide as the years
        start, end = (int(year) for year in target.period.split("-"))
        axes.plot([start, end + 1], [_per_year(target)] * 2, color=OBSERVED, linewidth=1.6)
    else:
        observed_points(axes, [_place(target.period)], [target.value])


def _legend(axes: Axes, options: Options) -> None:
    from matplotlib.lines import Line2D

    point = {"marker": "o", "linestyle": "none", "markerfacecolor": "white", "markeredgewidth": 1.5}
    handles = [
        Line2D([], [], color=OBSERVED, label=label("legend.observed", options.lang), **point),  # type: ignore[arg-type]
        Line2D([], [], color=OBSERVED, linewidth=1.6, label=label("legend.observed_mean", options.lang)),
    ]
    model_legend(axes, options.assumed, options.lang, handles if options.is_country else [])


def _title(panel: tuple[str, str, str], lang: str) -> str:
    return "\n".join(textwrap.wrap(upper(series_words(*panel, lang)), 34))


def _rows(
    panel: tuple[str, str, str], source: str, periods: Sequence[str], cuts: dict[str, np.ndarray]
) -> pd.DataFrame:
    import pandas as pd

    register, dimension, key = panel
    names = {"register": register, "dimension": dimension, "key": key}
    rows = pd.DataFrame({"period": list(periods), "source": source, **{q: cuts[q] for q in _CUTS}})
    return rows.assign(**names)[[*names, "period", "source", *_CUTS]]
