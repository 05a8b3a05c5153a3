"""Where did they go: the same persons in the reference and in the scenario."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from irregsim.present.colours import colour_of
from irregsim.present.plots.compare.base import Inputs, finish, signed_axis, wrapped
from irregsim.present.plots.style import Drawing, apart, new_figure, settings
from irregsim.present.words import NOT_HERE, state_words, upper
from irregsim.vocabulary.codes import EXITS, STRATEGIES
from irregsim.vocabulary.disclosure import PERCENT
from irregsim.vocabulary.labels import label
from irregsim.vocabulary.numbers import drawn

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

#: Room between two states, as a share of all that is drawn.
_GAP = 0.035


def moved(rows: pd.DataFrame) -> pd.DataFrame:
    """Cells of the last month in which persons are elsewhere than in the reference.

    Args:
        rows: Table ``alluvial`` of one scenario, as published: those who are in the same place in both are not in it.

    Returns:
        ``to_month``, ``reference_state``, ``scenario_state``, ``share`` of all from the same place; the place that most
        are elsewhere from first.
    """
    rows = rows.astype(dict.fromkeys(("to_month", "reference_state", "scenario_state"), str))
    last: pd.DataFrame = rows[rows["to_month"] == rows["to_month"].max()]
    return last[["to_month", "reference_state", "scenario_state", "share"]].reset_index(drop=True)


def draw_displacement(inputs: Inputs) -> Drawing | None:
    """An alluvial of persons who are elsewhere than in the reference, and the balance of every account.

    Returns:
        The drawing; its data has ``part``, ``to_month``, ``reference_state``, ``scenario_state``, ``share`` (of those
        elsewhere from the same place), ``state``, ``unit``, ``mean``, ``lo``, ``hi``. None without the table
        ``alluvial`` or where nobody is elsewhere.
    """
    import pandas as pd

    rows = inputs.table("alluvial")
    if rows is None:
        return None
    cells = moved(rows)
    month = str(cells["to_month"].iloc[0])
    with settings():
        figure = new_figure((12.0, 7.6))
        figure.suptitle(inputs.heading("title_displacement"), x=0.01, ha="left")
        left, right = figure.subfigures(1, 2, width_ratios=(3, 2), squeeze=False)[0]
        flows = left.subplots()
        _alluvial(flows, cells, inputs)
        flows.set_title(wrapped(inputs.words("displacement_flows", month=month), 60), fontsize=12, pad=10)
        accounts = _accounts(inputs, month)
        units = [unit for unit in ("persons", PERCENT) if (accounts["unit"] == unit).any()]
        if units:
            counts = [int((accounts["unit"] == unit).sum()) for unit in units]
            panels = np.atleast_1d(right.subplots(len(units), 1, height_ratios=counts))
            for axes, unit in zip(panels, units, strict=True):
                _bars(axes, accounts[accounts["unit"] == unit].to_dict("records"), unit, inputs)
        finish(figure, inputs, inputs.words("displacement_note"))
    told = [
        f"{state_words(r['reference_state'], inputs.lang)} → {state_words(r['scenario_state'], inputs.lang)}: "
        f"{_percent(r['share'])}"
        for r in cells.head(6).to_dict("records")
    ]
    alt = f"{inputs.words('title_displacement')}: {inputs.title()}, {month}. {upper('; '.join(told))}."
    data = pd.concat([cells.assign(part="moves"), accounts.assign(part="balance", to_month=month)])
    return Drawing(figure, data.reset_index(drop=True), alt)


def _accounts(inputs: Inputs, month: str) -> pd.DataFrame:
    """What the balance says of every account up to a month: ``state``, ``unit``, ``mean``, ``lo``, ``hi``."""
    import pandas as pd

    rows = inputs.table("balance")
    columns = ["state", "unit", "mean", "lo", "hi"]
    if rows is None:
        return pd.DataFrame(columns=columns)
    rows = rows[(rows["to_month"].astype(str) == month) & rows["change_in_state"].notna()]
    return rows.rename(columns={"change_in_state": "mean"})[columns].astype({"state": str})


def _bars(axes: Axes, accounts: Sequence[Mapping[Any, Any]], unit: str, inputs: Inputs) -> None:
    """Changes of accounts with their intervals."""
    for place, one in enumerate(accounts):
        axes.barh(place, one["mean"], color=colour_of(one["state"]), edgecolor="#555555", linewidth=0.6, height=0.7)
        axes.plot([one["lo"], one["hi"]], [place, place], color="#222222", linewidth=1.2)
        ends = (0.0, one["mean"], one["lo"], one["hi"])
        right = one["mean"] >= 0
        axes.annotate(
            drawn(round(one["mean"], 1), inputs.lang, signed=True),
            (max(ends) if right else min(ends), place),
            xytext=(4 if right else -4, 0),
            textcoords="offset points",
            ha="left" if right else "right",
            va="center",
            fontsize=9.5,
        )
    axes.set_yticks(
        range(len(accounts)), [wrapped(state_words(one["state"], inputs.lang), 26) for one in accounts], fontsize=9
    )
    axes.set_ylim(len(accounts) - 0.4, -0.6)
    axes.grid(visible=False)
    axes.margins(x=0.25)
    signed_axis(axes, inputs, x=True)
    axes.locator_params(axis="x", nbins=3)
    axes.set_title(wrapped(inputs.words(f"balance_{unit}"), 24), fontsize=10.5)


def _alluvial(axes: Axes, cells: pd.DataFrame, inputs: Inputs) -> None:
    # Numbers of persons next to those a register counts would reveal how many are in hiding: so each place they come
    # from is drawn equally tall. Where cells are too small to be shown, a part of its height goes nowhere.
    sources = list(dict.fromkeys(cells["reference_state"]))
    here = set(cells["scenario_state"])
    targets = [state for state in (*STRATEGIES, *EXITS, NOT_HERE) if state in here]
    heights = {
        "reference_state": dict.fromkeys(sources, 1.0 / len(sources)),
        "scenario_state": {s: cells[cells["scenario_state"] == s]["share"].sum() / len(sources) for s in targets},
    }
    tops: dict[tuple[str, str], float] = {}
    axes.set_axis_off()
    axes.set_xlim(-0.62, 1.62)
    bottoms = []
    for x, side in ((0.0, "reference_state"), (1.0, "scenario_state")):
        y, middles = 0.0, []
        for state, height in heights[side].items():
            axes.bar(x, height, bottom=y, width=0.05, color=colour_of(state), edgecolor="#555555", linewidth=0.5)
            tops[side, state] = y
            middles.append(y + height / 2)
            y += height + _GAP
        bottoms.append(y)
        for state, place in zip(heights[side], apart(middles, 0.085), strict=True):
            axes.text(
                x + (-0.05 if x == 0 else 0.05),
                place,
                wrapped(state_words(state, inputs.lang), 30),
                ha="right" if x == 0 else "left",
                va="center",
                fontsize=8.5,
                linespacing=1.0,
            )
        axes.text(
            x, -0.09, label("legend.reference" if x == 0 else "legend.scenario", inputs.lang), ha="center", fontsize=11
        )
    rows = [(r["reference_state"], r["scenario_state"], float(r["share"])) for r in cells.to_dict("records")]
    for source, target, share in sorted(rows, key=lambda one: (sources.index(one[0]), targets.index(one[1]))):
        height = share / len(sources)
        a, b = ("reference_state", source), ("scenario_state", target)
        t = np.linspace(0.0, 1.0, 41)
        lower = tops[a] + (tops[b] - tops[a]) * t * t * (3.0 - 2.0 * t)
        axes.fill_between(0.025 + 0.95 * t, lower, lower + height, color=colour_of(source), alpha=0.45, linewidth=0)
        if share >= 0.2:
            axes.text(0.04, tops[a] + height / 2, _percent(share), va="center", fontsize=8.5)
        tops[a] += height
        tops[b] += height
    axes.set_ylim(max(bottoms) + 0.02, -0.13)


def _percent(share: float) -> str:
    return f"{100.0 * share:.0f} %"
