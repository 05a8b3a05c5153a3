"""Pictures of a comparison: the effects, their intervals, how many replicates they take, and what they depend on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from irregsim.present.colours import COLOURS
from irregsim.present.plots.compare import PICTURES, Inputs
from irregsim.present.plots.compare.base import intervals, rows_axis
from irregsim.present.plots.lesson.frame import Picture, below, of_outcome
from irregsim.present.plots.style import DASHES, INK, MODEL, new_figure, settings
from irregsim.present.words import upper
from irregsim.vocabulary.labels import Words, label

_GREY = "#777777"


def effects(table: pd.DataFrame, lang: str, *, title: str = "", period: str = "") -> Picture:
    """The effect on each way of getting by: a bar is the mean, a dot a replicate.

    Args:
        table: A row for each replicate and a column for each way of getting by; in percent of the reference.
        lang: Language.
        title: Title of the scenario.
        period: Years, as the axis has them.
    """
    with settings():
        figure = new_figure((11, 4.2))
        axes = figure.subplots()
        for row, way in enumerate(map(str, table)):
            axes.barh(row, table[way].mean(), color=COLOURS[way], height=0.6, alpha=0.85)
            axes.plot(table[way], [row] * len(table), "o", color="white", markeredgecolor=INK, markersize=7)
        axes.axvline(0, color=_GREY)
        axes.set_yticks(range(table.shape[1]), [upper(label(f"strategy.{way}", lang)) for way in table])
        axes.invert_yaxis()
        told = label("compare.axis_percent_of_reference", lang)
        axes.set_xlabel(", ".join([told, period] if period else [told]))
        figure.suptitle(title, x=0.01, ha="left")
        below(figure, lang)
    return Picture(figure)


def report(readable: Mapping[str, pd.DataFrame], about: Mapping[str, Any], name: str, kind: str, lang: str) -> Picture:
    """A picture of the page of a comparison.

    Args:
        readable: The tables as the page reads them (`irregsim.commands.compare_folder.for_readers`).
        about: What the tables are about, as a comparison has it.
        name: Name of the scenario.
        kind: Name of the picture, one of `irregsim.present.plots.compare.PICTURES`, such as ``forest``.
        lang: Language.

    Raises:
        KeyError: If there is no such picture.
        ValueError: If there is nothing to draw.
    """
    draw = {picture.name: picture.draw for picture in PICTURES}[kind]
    with settings():
        drawing = draw(Inputs(readable, about, name, lang))
    if drawing is None:
        raise ValueError(f"nothing to draw for {kind} of {name}")
    return Picture(drawing.figure)


def differences(table: pd.DataFrame, lang: str, period: str = "") -> Picture:
    """Differences with their intervals, in percent of the reference.

    Args:
        table: A row for each outcome, by its name (``stock:fritt_fall``, ``flow:a>b``): ``mean``, ``lo`` and ``hi`` (95
            % of the replicates), and if known ``lo50``, ``hi50`` and ``verdict``.
        lang: Language.
        period: Months or years, as the axis has them.
    """
    say = Words(lang, "lesson")
    with settings():
        figure = new_figure((11, 4.6))
        axes = figure.subplots()
        intervals(axes, [dict(row) for _, row in table.iterrows()])
        axes.axvline(0, color=_GREY, linewidth=1)
        rows_axis(axes, [of_outcome(str(name), lang) for name in table.index], width=60)
        told = label("compare.axis_percent_of_reference", lang)
        axes.set_xlabel(", ".join([told, period] if period else [told]))
        below(figure, lang, say("intervals_50" if "lo50" in table else "intervals"))
    return Picture(figure)


def precision(figures: pd.DataFrame, outcomes: Sequence[str], replicates: int, lang: str, most: int = 100) -> Picture:
    """How the error of a mean shrinks with more replicates, relative to the mean.

    Args:
        figures: Key figures by outcome, with ``mean`` and ``mc_se`` (standard error of the mean).
        outcomes: Rows to draw.
        replicates: How many the figures are from, 2 or more.
        lang: Language.
        most: How many replicates the axis goes to.
    """
    from scipy.stats import t

    say = Words(lang, "lesson")
    more = np.arange(replicates, most + 1)
    with settings():
        figure = new_figure((10, 4.2))
        axes = figure.subplots()
        for outcome in outcomes:
            one = figures.loc[outcome]
            # Half the 95 % interval of the mean.
            reach = t.ppf(0.975, more - 1) * one["mc_se"] * np.sqrt(replicates / more)
            code = outcome.partition(":")[2]
            axes.plot(more, reach / abs(one["mean"]), color=COLOURS.get(code, MODEL), linestyle=DASHES.get(code, "-"),
                      linewidth=2.2, label=of_outcome(outcome, lang))  # fmt: skip
        axes.axhline(1, color=_GREY, linewidth=1)
        axes.set_ylim(bottom=0)
        axes.set_xlabel(say("replicates"))
        axes.set_ylabel(say("relative_error"))
        axes.legend()
        below(figure, lang, say("below_one"))
    return Picture(figure)


def against(
    parameter: npt.NDArray[np.float64],
    found: Mapping[str, npt.NDArray[np.float64]],
    draw: npt.NDArray[np.int64],
    name: str,
    lang: str,
) -> Picture:
    """Effects against a parameter that differs by draw; a line joins the replicates of a draw.

    Args:
        parameter: Its value in each replicate, shape (replicates,).
        found: The effect in each replicate by outcome, in percent of the reference; a panel for each.
        draw: Number of the draw of each replicate.
        name: The parameter in words.
        lang: Language.
    """
    with settings():
        figure = new_figure((12, 4.6))
        grid = figure.subplots(1, len(found), squeeze=False)
        for axes, (outcome, values) in zip(grid[0], found.items(), strict=True):
            colour = COLOURS.get(outcome.partition(":")[2], MODEL)
            for one in np.unique(draw):
                axes.plot(parameter[draw == one], values[draw == one], "-o", color=colour, linewidth=1.5, markersize=7)
            axes.axhline(0, color=_GREY, linewidth=1)
            axes.axvline(0, color=_GREY, linewidth=1, linestyle=(0, (1, 2)))
            axes.set_title(of_outcome(outcome, lang), color=colour)
            axes.set_xlabel(name)
            axes.set_ylabel(label("compare.axis_percent_of_reference", lang), fontsize=11)
        below(figure, lang)
    return Picture(figure)
