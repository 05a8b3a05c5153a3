"""Pictures of lives: states over time since the first effective month, sequences, time to exit, twins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from irregsim.present.colours import colour_of
from irregsim.present.plots.compare.base import (
    REFERENCE_DASHES,
    Inputs,
    finish,
    intervals,
    plain_axis,
    rows_axis,
    wrapped,
)
from irregsim.present.plots.strategies import year_fraction
from irregsim.present.plots.style import COLOURS, INK, MODEL, Drawing, new_figure, settings, year_axis
from irregsim.present.words import NOT_HERE, state_words, upper
from irregsim.vocabulary.codes import EXITS, STRATEGIES
from irregsim.vocabulary.labels import label

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: Order in which states are stacked.
STATES: Final = (*STRATEGIES, *EXITS, NOT_HERE)

#: Sides and cohorts that are drawn; the difference and the joint clock are in the tables only.
SIDES: Final = ("reference", "scenario")
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


def both_sides(inputs: Inputs, name: str) -> pd.DataFrame | None:
    """Rows of a table of lives for the reference and the scenario; None where either is missing."""
    rows = inputs.table(name)
    if rows is None:
        return None
    rows = rows[rows["side"].astype(str).isin(SIDES) & rows["cohort"].astype(str).isin(COHORTS)]
    return rows.reset_index(drop=True) if set(rows["side"].astype(str)) == set(SIDES) else None


def of_side(rows: pd.DataFrame, side: str, cohort: str) -> pd.DataFrame:
    """Rows of one side and cohort."""
    return rows[(rows["side"].astype(str) == side) & (rows["cohort"].astype(str) == cohort)]


def draw_chronogram(inputs: Inputs) -> Drawing | None:
    """Share of a cohort in each state by months since: reference and scenario side by side.

    Returns:
        The drawing; its data is the table ``chronogram`` of both. None without it.
    """
    rows = both_sides(inputs, "chronogram")
    if rows is None:
        return None
    cohorts = cohorts_of(rows)
    with settings():
        figure = new_figure((12.0, 4.4 + 2.9 * (len(cohorts) - 1) + 0.8))
        figure.suptitle(inputs.heading("title_chronogram"), x=0.01, ha="left")
        grid = figure.subplots(len(cohorts), 2, sharex=True, sharey=True, squeeze=False)
        shown: list[str] = []
        for line, cohort in zip(grid, cohorts, strict=True):
            for axes, name in zip(line, SIDES, strict=True):
                here = of_side(rows, name, cohort)
                table = here.pivot_table(index="months_since", columns="state", values="share", aggfunc="sum",
                                         fill_value=0.0, observed=True)  # fmt: skip
                states = [state for state in STATES if state in table.columns and table[state].max() > 0.002]
                shown += [state for state in states if state not in shown]
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
                axes.set_title(_panel_title(name, cohort, inputs), fontsize=10.5)
            line[0].set_ylabel(inputs.words("axis_percent"), fontsize=10)
        for axes in grid[-1]:
            axes.set_xlabel(inputs.words("axis_months_since"), fontsize=10)
        _state_legend(figure, [state for state in STATES if state in shown], inputs)
        finish(figure, inputs, *([inputs.words("chronogram_note")] if COHORTS[0] in cohorts else []))
    return Drawing(figure, rows.reset_index(drop=True), inputs.alt("chronogram"))


def draw_sequences(inputs: Inputs) -> Drawing | None:
    """Runs of states of sampled synthetic lives that begin after the change, a line a life, in the same order twice.

    Returns:
        The drawing; its data is the table ``sequences`` of the lives drawn. None without it.
    """
    rows = both_sides(inputs, "sequences")
    if rows is None:
        return None
    cohorts = cohorts_of(rows)
    with settings():
        figure = new_figure((12.0, 6.4))
        figure.suptitle(inputs.heading("title_sequences"), x=0.01, ha="left")
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
                axes.set_title(_panel_title(side, cohort, inputs), fontsize=10.5)
                axes.set_yticks([])
                axes.grid(visible=False)
                axes.set_ylim(len(lives) - 0.5, -0.5)
            line[0].set_ylabel(inputs.words("axis_lives", number=len(lives)), fontsize=10)
        for axes in grid[-1]:
            axes.set_xlabel(inputs.words("axis_months_since"), fontsize=10)
        _state_legend(figure, [state for state in STATES if state in shown], inputs)
        finish(figure, inputs, inputs.words("sequences_note"))
    import pandas as pd

    return Drawing(figure, pd.concat(drawn, ignore_index=True), inputs.alt("sequences"))


def _in_order(rows: pd.DataFrame) -> list[Any]:
    """Lives sorted by their last state in the country or exit, then by how long they take to it."""
    keys = {}
    for life, runs in rows.sort_values("start").groupby("life", sort=False):
        last = str(runs["state"].iloc[-1])
        keys[life] = (STATES.index(last) if last in STATES else len(STATES), int(runs["start"].to_numpy()[-1]))
    return sorted(keys, key=lambda life: (*keys[life], life))


def draw_survival(inputs: Inputs) -> Drawing | None:
    """Share still present by months since (Kaplan-Meier), reference and scenario, a panel a cohort.

    Returns:
        The drawing; its data is the table ``survival`` of both. None without it.
    """
    rows = both_sides(inputs, "survival")
    if rows is None:
        return None
    cohorts = cohorts_of(rows)
    with settings():
        figure, grid = _by_cohort(inputs, "survival", cohorts, 5.6, "axis_months_since")
        for axes, cohort in zip(grid, cohorts, strict=True):
            for name in SIDES:
                here = of_side(rows, name, cohort).sort_values("months")
                _line(axes, here, "survival", name, inputs, scale=100.0)
            axes.set_ylim(0, 100)
        grid[0].set_ylabel(inputs.words("axis_still_present"), fontsize=10)
        _line_legend(grid[-1], inputs)
        finish(figure, inputs, inputs.words("survival_note"))
    return Drawing(figure, rows.reset_index(drop=True), inputs.alt("survival"))


def draw_incidence(inputs: Inputs) -> Drawing | None:
    """Cumulative incidence by exit, reference and scenario, of those who come to be without legal stay later.

    Returns:
        The drawing; its data is the table ``incidence`` of both. None without it.
    """
    rows = both_sides(inputs, "incidence")
    if rows is None:
        return None
    cohort = COHORTS[1]
    exits = [code for code in EXITS if code in set(rows["exit"].astype(str))]
    with settings():
        figure = new_figure()
        figure.suptitle(inputs.heading("title_incidence"), x=0.01, ha="left")
        grid = figure.subplots(2, 4, sharex=True).ravel()
        for axes, code in zip(grid, exits, strict=False):
            for name in SIDES:
                here = of_side(rows, name, cohort)
                here = here[here["exit"].astype(str) == code]
                _line(axes, here.sort_values("months"), "incidence", name, inputs, scale=100.0)
            axes.set_ylim(bottom=0)
            plain_axis(axes, inputs.lang)
            axes.set_title(wrapped(state_words(code, inputs.lang), 24), fontsize=11, fontweight="bold")
        for axes in grid[len(exits) :]:
            axes.set_axis_off()
        _line_legend(grid[min(len(exits), 7)], inputs)
        figure.supylabel(inputs.words("axis_percent"), fontsize=11)
        finish(figure, inputs, cohort_words(cohort, inputs) + ".", inputs.words("incidence_note"))
    return Drawing(figure, rows.reset_index(drop=True), inputs.alt("incidence"))


def draw_mean_time(inputs: Inputs) -> Drawing | None:
    """Mean months in each strategy, reference and scenario, with intervals.

    Returns:
        The drawing; its data is the table ``mean_time`` of both. None without it.
    """
    rows = both_sides(inputs, "mean_time")
    if rows is None:
        return None
    cohorts = cohorts_of(rows)
    with settings():
        figure, grid = _by_cohort(inputs, "mean_time", cohorts, 5.2, "axis_mean_months")
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
            plain_axis(axes, inputs.lang, x=True)
            rows_axis(axes, [state_words(code, inputs.lang) for code in STRATEGIES], width=28)
        finish(figure, inputs, inputs.words("mean_time_note"))
    return Drawing(figure, rows.reset_index(drop=True), inputs.alt("mean_time"))


def draw_twins(inputs: Inputs) -> Drawing | None:
    """Life lines of twins: the reference above, the scenario below, the first parting marked.

    Returns:
        The drawing; its data is the table ``twin_lives`` of the persons drawn. None without it and ``twins``.
    """
    lives, twins = inputs.table("twin_lives"), inputs.table("twins")
    if lives is None or twins is None:
        return None
    chosen = twins.head(MOST_TWINS).to_dict("records")
    place = {(str(row["person"]), int(row["replicate"])): i for i, row in enumerate(chosen)}
    first, last = inputs.months()
    with settings():
        figure = new_figure((12.0, max(5.0, 2.0 + 0.52 * len(chosen))))
        figure.suptitle(inputs.heading("title_twins"), x=0.01, ha="left")
        axes = figure.subplots()
        shown: set[str] = set()
        keys = zip(lives["person"].astype(str), lives["replicate"], strict=True)
        drawn = lives[[(person, int(replicate)) in place for person, replicate in keys]]
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
        begin = min(year_fraction(str(month)) for month in drawn["start"]) - 1 / 12 if len(drawn) else first
        year_axis(axes, max(begin, first), last, ticks=9)
        rows_axis(axes, [inputs.words("twin_number", number=i + 1) for i in range(len(chosen))])
        for at in range(1, len(chosen)):
            axes.axhline(at - 0.5, color="#DDDDDD", linewidth=0.8)
        _state_legend(figure, [state for state in STATES if state in shown], inputs, parting=True)
        finish(figure, inputs, inputs.words("twins_note"))
    return Drawing(figure, drawn.reset_index(drop=True), inputs.alt("twins"))


def _by_cohort(
    inputs: Inputs, name: str, cohorts: Sequence[str], height: float, label_x: str
) -> tuple[Figure, Sequence[Axes]]:
    """A figure with a panel for each cohort side by side, ``height`` inches tall."""
    figure = new_figure((12.0, height))
    figure.suptitle(inputs.heading(f"title_{name}"), x=0.01, ha="left")
    grid = figure.subplots(1, len(cohorts), sharey=True, squeeze=False)[0]
    for axes, cohort in zip(grid, cohorts, strict=True):
        axes.set_title(cohort_words(cohort, inputs), fontsize=11.5)
        axes.set_xlabel(inputs.words(label_x), fontsize=10)
    return figure, grid


def _line(axes: Axes, rows: pd.DataFrame, column: str, name: str, inputs: Inputs, *, scale: float) -> None:
    is_reference = name == "reference"
    colour = INK if is_reference else MODEL
    x = rows["months"].to_numpy(dtype="float64")
    axes.fill_between(x, scale * rows["lo"].to_numpy(dtype="float64"), scale * rows["hi"].to_numpy(dtype="float64"),
                      color=colour, alpha=0.14, linewidth=0, step="post")  # fmt: skip
    axes.plot(x, scale * rows[column].to_numpy(dtype="float64"), color=colour, drawstyle="steps-post", linewidth=2.0,
              linestyle=REFERENCE_DASHES if is_reference else "-")  # fmt: skip


def _line_legend(axes: Axes, inputs: Inputs) -> None:
    from matplotlib.lines import Line2D

    names = [label(f"legend.{side}", inputs.lang) for side in SIDES]
    handles = [
        Line2D([], [], color=INK, linestyle=REFERENCE_DASHES, linewidth=2, label=names[0]),
        Line2D([], [], color=MODEL, linewidth=2, label=names[1]),
    ]
    axes.legend(handles=handles, loc="best" if axes.axison else "center", fontsize=10.5)


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
