"""Pictures of one run: ways of getting by over time, where moves lead, and what a register counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import pandas as pd

from irregsim.present.colours import COLOURS, colour_of
from irregsim.present.plots.lesson.frame import Picture, assumed, below, of_outcome
from irregsim.present.plots.strategies import year_fraction
from irregsim.present.plots.style import DASHES, INK, apart, new_figure, settings, shade_assumptions, year_axis
from irregsim.present.words import state_words, upper
from irregsim.vocabulary.codes import STRATEGIES
from irregsim.vocabulary.labels import label

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: States whose colour is so dark that a number on it must be white.
_DARK = ("synlig", "fritt_fall", "arbeidende", "tvangsretur", "assistert_retur")

#: Least share that has a number in its bar, in percent: a smaller one has no room for it.
_LEAST = 5.0


def ways(panels: Mapping[str, pd.DataFrame], lang: str) -> Picture:
    """Ways of getting by over time, a panel for each table.

    Args:
        panels: By the words of the axis: an index with a row for each ``replicate`` and ``month`` (``YYYY-MM``), and a
            column for each way of getting by. Thin lines are replicates, the thick one their mean.
        lang: Language.
    """
    with settings():
        figure = new_figure((13, 5.2))
        for axes, (name, table) in zip(figure.subplots(1, len(panels), squeeze=False)[0], panels.items(), strict=True):
            _ways(axes, table, lang)
            axes.set_ylabel(name)
        figure.suptitle(label("title.strategies_index", lang), x=0.01, ha="left")
        below(figure, lang, shaded=True)
    return Picture(figure)


def _ways(axes: Axes, table: pd.DataFrame, lang: str) -> None:
    mean = table.groupby("month").mean()
    years = [year_fraction(month) for month in mean.index]
    for way in map(str, table):
        for _, one in table[way].groupby("replicate"):
            axes.plot(years, one, color=COLOURS[way], linewidth=0.8, alpha=0.6)
        axes.plot(years, mean[way], color=COLOURS[way], linestyle=DASHES[way], linewidth=2.4)
    axes.set_ylim(0, 1.1 * table.max().max())
    year_axis(axes, years[0] - 1 / 12, years[-1])
    shade_assumptions(axes, years[-1], assumed(), lang, words=False)
    gap = 0.07 * axes.get_ylim()[1]
    for way, place in zip(map(str, mean), apart(mean.iloc[-1].tolist(), gap), strict=True):
        name = upper(label(f"strategy.{way}", lang)).replace(" (", "\n(")
        axes.annotate(name, (years[-1], place), xytext=(6, 0), textcoords="offset points", va="center",
                      color=COLOURS[way], fontweight="bold", fontsize=11, annotation_clip=False)  # fmt: skip


def destinations(shares: pd.DataFrame, lang: str, period: str = "") -> Picture:
    """Where moves out of each way of getting by lead: a bar for each way, in percent.

    Args:
        shares: A row for each way of getting by and a column for each state that moves lead to; rows add up to 100.
        lang: Language.
        period: Years, as the axis has them.
    """
    with settings():
        figure = new_figure((13, 4.8))
        axes = figure.subplots()
        names = [upper(state_words(str(way), lang)) for way in shares.index]
        left = pd.Series(0.0, index=shares.index)
        for state in map(str, shares):
            height = 0.8 if state in STRATEGIES else 0.45  # thin: out of the population
            name = upper(state_words(state, lang))
            axes.barh(names, shares[state], height, left=left, color=colour_of(state), edgecolor="white", label=name)
            for row, share in enumerate(shares[state]):
                if share >= _LEAST:
                    axes.text(left.iloc[row] + share / 2, row, f"{share:.0f}", ha="center", va="center", fontsize=11,
                              color="white" if state in _DARK else INK)  # fmt: skip
            left += shares[state]
        axes.invert_yaxis()
        axes.set_xlim(0, 100)
        axes.grid(visible=False)
        told = f"{label('axis.share', lang)} ({label('unit.percent', lang)})"
        axes.set_xlabel(", ".join([told, period] if period else [told]))
        axes.legend(loc="center left", bbox_to_anchor=(1.01, 0.5), fontsize=10)
        figure.suptitle(label("title.flows", lang), x=0.01, ha="left")
        below(figure, lang)
    return Picture(figure)


def registers(lines: Mapping[str, pd.Series], pairs: Sequence[tuple[str, str]], lang: str) -> Picture:
    """What a register counts each year, beside what it is often taken to measure.

    Args:
        lines: An index by outcome: a value for each year, the first of which is 100.
        pairs: The register's count and what is there, a panel for each pair.
        lang: Language.
    """
    years = [int(year) for line in lines.values() for year in line.index]
    first, last = min(years), max(years) + 1
    with settings():
        figure = new_figure((13, 5))
        grid = figure.subplots(1, len(pairs), sharey=True, squeeze=False)
        for axes, (counted, there) in zip(grid[0], pairs, strict=True):
            colour = COLOURS.get(there.partition(":")[2], colour_of("assistert_retur"))
            for name, style in ((there, {"color": colour}), (counted, {"color": "black", "linestyle": (0, (4, 2))})):
                middle = [int(year) + 0.5 for year in lines[name].index]
                axes.plot(middle, lines[name], linewidth=2.4, label=of_outcome(name, lang), **style)
            year_axis(axes, first, last, ticks=6)
            shade_assumptions(axes, last, assumed(), lang, words=False)
            axes.set_ylim(0, 1.1 * max(line.max() for line in lines.values()))
            axes.set_ylabel(f"{label('unit.index', lang)} ({first} = 100)")
            axes.legend(loc="lower left", bbox_to_anchor=(0, 1), fontsize=11)
        below(figure, lang, shaded=True)
    return Picture(figure)
