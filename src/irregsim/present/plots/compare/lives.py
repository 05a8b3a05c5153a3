"""Pictures of lives: states over time since the first effective month, sequences, time to exit, twins."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from irregsim.present.colours import colour_of
from irregsim.present.plots.compare.base import (
    Inputs,
    Part,
    intervals,
    plain_axis,
    rows_axis,
    signed_axis,
    together,
    wrapped,
)
from irregsim.present.plots.strategies import year_fraction
from irregsim.present.plots.style import COLOURS, INK, MODEL, Drawing, year_axis
from irregsim.present.words import NOT_HERE, state_words, upper
from irregsim.vocabulary.codes import EXITS, STRATEGIES
from irregsim.vocabulary.labels import label

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import FigureBase

#: Order in which states are stacked.
STATES: Final = (*STRATEGIES, *EXITS, NOT_HERE)

#: Sides and cohorts that are drawn; the joint clock is in the tables only.
SIDES: Final = ("reference", "scenario")
DIFFERENCE: Final = "difference"
COHORTS: Final = ("present", "entered")

#: In addition to the colour, for readers and printers without it: blue and green are alike in grey. No dots: each would
#: be a circle of curves, half of the file.
HATCHES: Final[Mapping[str, str]] = {"arbeidende": "///", "marginalisert": "\\\\\\", "videre": "xx"}

#: Lives in a sequence picture and pairs of life lines.
MOST_LIVES: Final = 100
MOST_TWINS: Final = 12


def cohorts_of(frame: pd.DataFrame) -> list[str]:
    """Cohorts of a table of lives that are drawn."""
    known = set(frame["cohort"].astype(str))
    return [cohort for cohort in COHORTS if cohort in known]


def cohort_words(cohort: str, inputs: Inputs) -> str:
    """A cohort in words."""
    return inputs.words(f"cohort_{cohort}")


def both_sides(inputs: Inputs, name: str, sides: Sequence[str] = SIDES) -> pd.DataFrame | None:
    """Rows of a table of lives for the reference and the scenario, or other sides; None where one is missing."""
    rows = inputs.table(name)
    if rows is None:
        return None
    rows = rows[rows["side"].astype(str).isin(sides) & rows["cohort"].astype(str).isin(COHORTS)]
    return rows.reset_index(drop=True) if set(rows["side"].astype(str)) == set(sides) else None


def of_side(rows: pd.DataFrame, side: str, cohort: str) -> pd.DataFrame:
    """Rows of one side and cohort."""
    return rows[(rows["side"] == side) & (rows["cohort"] == cohort)]


def draw_chronogram(inputs: Inputs) -> Drawing | None:
    """Share of a cohort in each state by months since: reference and scenario side by side.

    Returns:
        The drawing; its data is the table ``chronogram`` of both. None without it.
    """

    def part_of(one: Inputs) -> Part | None:
        rows = both_sides(one, "chronogram")
        if rows is None:
            return None
        cohorts = cohorts_of(rows)

        def draw(figure: FigureBase) -> pd.DataFrame:
            grid = figure.subplots(len(cohorts), 2, sharex=True, sharey=True, squeeze=False)
            shown: list[str] = []
            for line, cohort in zip(grid, cohorts, strict=True):
                for axes, name in zip(line, SIDES, strict=True):
                    shown += _stack(axes, of_side(rows, name, cohort))
                    axes.set_title(_panel_title(name, cohort, one), fontsize=10.5)
                line[0].set_ylabel(one.words("axis_percent"), fontsize=10)
            for axes in grid[-1]:
                axes.set_xlabel(one.words("axis_months_since"), fontsize=10)
            _state_legend(figure, [state for state in STATES if state in shown], one)
            return rows.drop(columns="scenario")

        return Part(draw, 0.9 + 2.6 * len(cohorts), one.message())

    return together(inputs, "chronogram", part_of, inputs.words("chronogram_note"))


def _stack(axes: Axes, rows: pd.DataFrame) -> list[str]:
    """Shares of states on top of each other; the states that are drawn."""
    table = rows.pivot_table(
        index="months_since", columns="state", values="share", aggfunc="sum", fill_value=0.0, observed=True
    )
    states = [state for state in STATES if state in table.columns and table[state].max() > 0.002]
    x = table.index.to_numpy(dtype="float64")
    axes.stackplot(
        x,
        [100.0 * table[state].to_numpy() for state in states],
        colors=[colour_of(state) for state in states],
        edgecolor="white",
        hatch=[HATCHES.get(state, "") for state in states],
        linewidth=0.4,
    )
    axes.set_xlim(x.min(), max(x.max(), x.min() + 1))
    axes.set_ylim(0, 100)
    return states


def draw_sequences(inputs: Inputs) -> Drawing | None:
    """Runs of states of sampled synthetic lives that begin after the change, a line a life, in the same order twice.

    Returns:
        The drawing; its data is the table ``sequences`` of the lives drawn. None without it.
    """
    import pandas as pd

    def part_of(one: Inputs) -> Part | None:
        rows = both_sides(one, "sequences")
        if rows is None:
            return None
        cohorts = cohorts_of(rows)

        def draw(figure: FigureBase) -> pd.DataFrame:
            grid = figure.subplots(len(cohorts), 2, sharex=True, squeeze=False)
            shown: set[str] = set()
            drawn = []
            for line, cohort in zip(grid, cohorts, strict=True):
                lives = _in_order(of_side(rows, "reference", cohort))[:MOST_LIVES]
                place = {life: i for i, life in enumerate(lives)}
                for axes, side in zip(line, SIDES, strict=True):
                    here = of_side(rows, side, cohort)
                    here = here[here["life"].isin(place)]
                    drawn.append(here)
                    for state, runs in here.groupby(here["state"].astype(str), sort=False):
                        at = [place[life] for life in runs["life"]]
                        start, months = (runs[name].to_numpy(dtype="float64") for name in ("start", "months"))
                        axes.barh(at, months, left=start, height=1.0, **_fill(str(state)), linewidth=0)
                        shown.add(str(state))
                    axes.set_title(_panel_title(side, cohort, one), fontsize=10.5)
                    axes.set_yticks([])
                    axes.grid(visible=False)
                    axes.set_ylim(len(lives) - 0.5, -0.5)
                line[0].set_ylabel(one.words("axis_lives", number=len(lives)), fontsize=10)
            for axes in grid[-1]:
                axes.set_xlabel(one.words("axis_months_since"), fontsize=10)
            _state_legend(figure, [state for state in STATES if state in shown], one)
            return pd.concat(drawn, ignore_index=True).drop(columns="scenario")

        return Part(draw, 4.6)

    return together(inputs, "sequences", part_of, inputs.words("sequences_note"))


def _in_order(rows: pd.DataFrame) -> list[Any]:
    """Lives sorted by their last state in the country or exit, then by how long they take to it."""
    keys = {}
    for life, runs in rows.sort_values("start").groupby("life", sort=False):
        last = str(runs["state"].iloc[-1])
        keys[life] = (STATES.index(last) if last in STATES else len(STATES), int(runs["start"].to_numpy()[-1]))
    return sorted(keys, key=lambda life: (*keys[life], life))


def draw_survival(inputs: Inputs) -> Drawing | None:
    """The difference in the share still present by months since (Kaplan-Meier), a panel a cohort.

    Both curves on each other would hide a difference of a percentage point, which is what most scenarios make.

    Returns:
        The drawing; its data is the difference in the table ``survival``. None without it.
    """

    def part_of(one: Inputs) -> Part | None:
        rows = both_sides(one, "survival", (DIFFERENCE,))
        if rows is None:
            return None
        cohorts = cohorts_of(rows)

        def draw(figure: FigureBase) -> pd.DataFrame:
            grid = figure.subplots(1, len(cohorts), sharey=True, squeeze=False)[0]
            for axes, cohort in zip(grid, cohorts, strict=True):
                _line(axes, of_side(rows, DIFFERENCE, cohort).sort_values("months"), "survival", one)
                axes.set_title(cohort_words(cohort, one), fontsize=11)
                axes.set_xlabel(one.words("axis_months_since"), fontsize=10)
            grid[0].set_ylabel(one.words("axis_points"), fontsize=10)
            return rows.drop(columns="scenario")

        return Part(draw, 3.0)

    return together(inputs, "survival", part_of, inputs.words("survival_note"))


def draw_incidence(inputs: Inputs) -> Drawing | None:
    """The difference in cumulative incidence by exit, of those who come to be without legal stay later.

    Returns:
        The drawing; its data is the difference in the table ``incidence``. None without it.
    """
    cohort = COHORTS[1]

    def part_of(one: Inputs) -> Part | None:
        rows = both_sides(one, "incidence", (DIFFERENCE,))
        if rows is None:
            return None
        exits = [code for code in EXITS if code in set(rows["exit"].astype(str))]

        def draw(figure: FigureBase) -> pd.DataFrame:
            grid = figure.subplots(math.ceil(len(exits) / 4), min(4, len(exits)), sharex=True, squeeze=False).ravel()
            for axes, code in zip(grid, exits, strict=False):
                here = of_side(rows, DIFFERENCE, cohort)
                _line(axes, here[here["exit"].astype(str) == code].sort_values("months"), "incidence", one)
                axes.set_title(wrapped(state_words(code, one.lang), 24), fontsize=11, fontweight="bold")
            for axes in grid[len(exits) :]:
                axes.set_axis_off()
            figure.supylabel(one.words("axis_points"), fontsize=10)
            figure.supxlabel(one.words("axis_months_since"), fontsize=10)
            return rows.drop(columns="scenario")

        return Part(draw, 0.7 + 2.0 * math.ceil(len(exits) / 4), one.message(lambda name: name.startswith("exit:")))

    return together(inputs, "incidence", part_of, f"{cohort_words(cohort, inputs)}.", inputs.words("incidence_note"))


def draw_mean_time(inputs: Inputs) -> Drawing | None:
    """Mean months in each strategy, reference and scenario, with intervals.

    Returns:
        The drawing; its data is the table ``mean_time`` of both. None without it.
    """

    def part_of(one: Inputs) -> Part | None:
        rows = both_sides(one, "mean_time")
        if rows is None:
            return None
        cohorts = cohorts_of(rows)

        def draw(figure: FigureBase) -> pd.DataFrame:
            grid = figure.subplots(1, len(cohorts), sharey=True, squeeze=False)[0]
            for axes, cohort in zip(grid, cohorts, strict=True):
                for name, shift in (("reference", -0.16), ("scenario", 0.16)):
                    here = of_side(rows, name, cohort)
                    by = {str(row["strategy"]): row for row in here.to_dict("records")}
                    for place, code in enumerate(STRATEGIES):
                        if code in by:
                            row = {"mean": by[code]["months"], "lo": by[code]["lo"], "hi": by[code]["hi"]}
                            is_reference = name == "reference"
                            intervals(axes, [row], INK if is_reference else COLOURS[code], height=place + shift,
                                      marker="D" if is_reference else "o")  # fmt: skip
                axes.set_xlim(left=0)
                plain_axis(axes, one.lang, x=True)
                rows_axis(axes, [state_words(code, one.lang) for code in STRATEGIES], width=28)
                axes.set_title(cohort_words(cohort, one), fontsize=11)
                axes.set_xlabel(one.words("axis_mean_months"), fontsize=10)
            return rows.drop(columns="scenario")

        return Part(draw, 3.6)

    return together(inputs, "mean_time", part_of, inputs.words("mean_time_note"))


def draw_twins(inputs: Inputs) -> Drawing | None:
    """Life lines of twins: the reference above, the scenario below, the first parting marked.

    Returns:
        The drawing; its data is the table ``twin_lives`` of the persons drawn. None without it and ``twins``.
    """

    def part_of(one: Inputs) -> Part | None:
        lives, twins = one.table("twin_lives"), one.table("twins")
        if lives is None or twins is None:
            return None
        chosen = twins.head(MOST_TWINS).to_dict("records")
        place = {(str(row["person"]), int(row["replicate"])): i for i, row in enumerate(chosen)}
        keys = zip(lives["person"].astype(str), lives["replicate"], strict=True)
        drawn = lives[[(person, int(replicate)) in place for person, replicate in keys]]

        def draw(figure: FigureBase) -> pd.DataFrame:
            first, last = (year_fraction(str(month)) for month in one.about["period"])
            axes = figure.subplots()
            shown: set[str] = set()
            for row in drawn.to_dict("records"):
                start = year_fraction(str(row["start"])) - 1 / 12
                end = year_fraction(str(row["end"])) - 1 / 12 if isinstance(row["end"], str) else last
                y = place[str(row["person"]), int(row["replicate"])] + (-0.19 if row["side"] == "reference" else 0.19)
                state = str(row["state"])
                shown.add(state)
                axes.barh(y, max(end - start, 1 / 24), left=start, height=0.3, **_fill(state), linewidth=0.5)
            for at, row in enumerate(chosen):
                x = year_fraction(str(row["first_parting"])) - 1 / 12
                axes.plot([x, x], [at - 0.44, at + 0.44], color="black", linewidth=2.0)
            # Whole lives: they begin before the change.
            begin = min([year_fraction(str(month)) - 1 / 12 for month in drawn["start"]], default=first)
            year_axis(axes, max(begin, first - 1 / 12), last, ticks=9)
            rows_axis(axes, [one.words("twin_number", number=i + 1) for i in range(len(chosen))])
            for at in range(1, len(chosen)):
                axes.axhline(at - 0.5, color="#DDDDDD", linewidth=0.8)
            _state_legend(figure, [state for state in STATES if state in shown], one, parting=True)
            return drawn.reset_index(drop=True).drop(columns="scenario")

        return Part(draw, max(3.4, 0.9 + 0.46 * len(chosen)))

    return together(inputs, "twins", part_of, inputs.words("twins_note"))


def _line(axes: Axes, rows: pd.DataFrame, column: str, inputs: Inputs) -> None:
    """A difference of shares in percentage points with its interval."""
    x = rows["months"].to_numpy(dtype="float64")
    low, middle, high = (100.0 * rows[name].to_numpy(dtype="float64") for name in ("lo", column, "hi"))
    axes.fill_between(x, low, high, color=MODEL, alpha=0.2, linewidth=0, step="post")
    axes.plot(x, middle, color=MODEL, drawstyle="steps-post", linewidth=2.0)
    signed_axis(axes, inputs)


def _state_legend(figure: Any, states: Sequence[str], inputs: Inputs, *, parting: bool = False) -> None:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    handles: list[Any] = [Patch(**_fill(s), linewidth=0.4, label=wrapped(state_words(s, inputs.lang), 24))
                          for s in states]  # fmt: skip
    if parting:
        words = wrapped(inputs.words("legend_parting"), 24)
        handles.append(
            Line2D([], [], color="black", marker="|", markersize=14, markeredgewidth=2.0, linestyle="none", label=words)
        )
    figure.legend(handles=handles, loc="outside right center", fontsize=9.5, labelspacing=0.7)


def _fill(state: str) -> dict[str, Any]:
    return {"facecolor": colour_of(state), "edgecolor": "white", "hatch": HATCHES.get(state, "")}


def _panel_title(side: str, cohort: str, inputs: Inputs) -> str:
    return f"{_side(side, inputs)}\n{wrapped(cohort_words(cohort, inputs), 52)}"


def _side(name: str, inputs: Inputs) -> str:
    return upper(label(f"legend.{name}", inputs.lang))
