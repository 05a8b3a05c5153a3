"""Pictures of what makes a figure uncertain: chance, parameters, pairing and the years ahead."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from textwrap import fill
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from irregsim.present.colours import colour_of
from irregsim.present.plots.lesson.frame import Picture, assumed, below, of_outcome
from irregsim.present.plots.style import (
    INK,
    MODEL,
    assumption_sentence,
    footnote,
    new_figure,
    settings,
    shade_assumptions,
    year_axis,
)
from irregsim.vocabulary.labels import Words, label

_GREY = "#777777"
_DASHES: Sequence[Any] = ("-", (0, (4, 2)), (0, (1, 1)), (0, (6, 2, 1, 2)))


def twice(relative: pd.DataFrame, share: Sequence[float], lang: str) -> Picture:
    """Draws that were run twice: a line joins the two replicates of a draw.

    Args:
        relative: A row for each replicate, those of a draw beside each other, and a column for each outcome; in percent
            of the mean of all replicates.
        share: Share of each outcome's variance that comes from the parameters, 0 to 1.
        lang: Language.
    """
    say = Words(lang, "lesson")
    with settings():
        figure = new_figure((13, 4.4))
        grid = figure.subplots(1, relative.shape[1], sharey=True, squeeze=False)
        for axes, outcome, part in zip(grid[0], relative, share, strict=True):
            pairs = relative[outcome].to_numpy().reshape(-1, 2)
            for number, (one, two) in enumerate(pairs, start=1):
                axes.plot([number, number], [one, two], "-o", color=MODEL, linewidth=1.5, markersize=7)
            told = say("parameters", share=f"{100 * part:.0f}")
            axes.set_title(f"{fill(of_outcome(str(outcome), lang), 44)}\n{told}", fontsize=11)
            axes.set_xlabel(say("draw"))
            axes.set_xticks(range(1, len(pairs) + 1))
        grid[0][0].set_ylabel(say("of_mean"), fontsize=11)
        below(figure, lang)
    return Picture(figure)


def pairings(effects: Mapping[str, npt.NDArray[np.float64]], outcome: str, lang: str) -> Picture:
    """The same effect with replicates paired in several ways, a row of dots for each.

    Args:
        effects: By ``paired``, ``other_chance`` or ``other_draw``: effect by replicate, in percent of the reference.
        outcome: Name of the outcome.
        lang: Language.
    """
    say = Words(lang, "lesson")
    with settings():
        figure = new_figure((12, 3.8))
        axes = figure.subplots()
        for row, values in enumerate(effects.values()):
            axes.plot(values, [row] * len(values), "o", color=MODEL, alpha=0.6, markersize=8)
        axes.axvline(0, color=_GREY, linewidth=1)
        axes.set_yticks(range(len(effects)), [say(way) for way in effects])
        axes.set_ylim(len(effects) - 0.5, -0.5)
        axes.set_xlabel(f"{of_outcome(outcome, lang)}: {label('compare.axis_percent_of_reference', lang)}")
        below(figure, lang)
    return Picture(figure)


def draws(
    names: Sequence[str], prior: pd.DataFrame, posterior: pd.DataFrame, point: Mapping[str, float], lang: str
) -> Picture:
    """Where 90 % of the draws of some parameters lie, before and after the counts, relative to the prior's median.

    Args:
        names: Parameters, the first at the top.
        prior: Draws of the prior, a column for each parameter.
        posterior: Draws of the posterior, likewise.
        point: Median of each prior.
        lang: Language.
    """
    say = Words(lang, "lesson")
    with settings():
        figure = new_figure((12, 4.6))
        axes = figure.subplots()
        for row, name in enumerate(names):
            bars = ((prior, colour_of("regularisert"), -0.15, "prior"), (posterior, MODEL, 0.15, "posterior"))
            for values, colour, height, key in bars:
                ends = values[name].quantile([0.05, 0.95]) / point[name]
                axes.plot(ends, [row + height] * 2, color=colour, linewidth=7, solid_capstyle="butt",
                          label=None if row else say(key))  # fmt: skip
            axes.plot([1], [row], "|", color=INK, markersize=22, label=None if row else say("point"))
        axes.set_yticks(range(len(names)), names)
        axes.set_ylim(len(names) - 0.4, -0.6)
        axes.set_xscale("log")
        axes.set_xticks([0.25, 0.5, 1, 2, 4], ["1/4", "1/2", "1", "2", "4"])
        axes.minorticks_off()
        axes.set_xlabel(say("of_median"))
        axes.legend(loc="center left", bbox_to_anchor=(1, 0.5), fontsize=10.5)
    return Picture(figure)


def paths(
    stated: Mapping[str, pd.Series], counts: Mapping[int, float], uncounted: Sequence[int], name: str, lang: str
) -> Picture:
    """What scenarios state for years ahead, beside the counts of the years behind.

    Args:
        stated: By title of the scenario: a value for each year.
        counts: Value by year, as the data have it.
        uncounted: Years of ``counts`` that no count exists for, whose value is assumed.
        name: The quantity in words.
        lang: Language.
    """
    say = Words(lang, "lesson")
    years = [int(year) for line in stated.values() for year in line.index]
    first, last = min(years), max(years) + 1
    with settings():
        figure = new_figure((12, 4.6))
        axes = figure.subplots()
        for number, (title, line) in enumerate(stated.items()):
            axes.plot([year + 0.5 for year in line.index], line, color=MODEL, linewidth=2,
                      linestyle=_DASHES[number % len(_DASHES)], label=title)  # fmt: skip
        for known, face in ((True, INK), (False, "white")):
            chosen = [year for year in counts if first <= year < last and (year not in uncounted) == known]
            axes.plot([year + 0.5 for year in chosen], [counts[year] for year in chosen], "o", color=INK,
                      markerfacecolor=face, markersize=7, label=say("counted" if known else "assumed"))  # fmt: skip
        year_axis(axes, first, last)
        axes.set_ylim(0, 1.05 * max(*counts.values(), *(line.max() for line in stated.values())))
        shade_assumptions(axes, last, assumed(), lang)
        axes.set_ylabel(name, fontsize=11)
        axes.legend(loc="upper left", bbox_to_anchor=(1, 1), fontsize=10.5)
        footnote(figure, [assumption_sentence(assumed(), lang)])
    return Picture(figure)
