"""Where did they go: the same persons in the reference and in the scenario."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from irregsim.colours import colour_of
from irregsim.labels import label
from irregsim.plots.compare.base import Inputs, finish, signed_axis, signed_text, wrapped
from irregsim.plots.style import Drawing, apart, new_figure, settings
from irregsim.summaries import EXITS, STRATEGIES
from irregsim.wording import NOT_HERE, state_words, upper

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

#: Counts of persons are published in steps of this, and not below it.
SMALL: Final = 5

#: Room between two states, as a share of all that is drawn.
_GAP = 0.035


def moved(rows: pd.DataFrame) -> pd.DataFrame:
    """Cells of the last month in which a person is elsewhere than in the reference.

    Args:
        rows: Table ``alluvial`` of one scenario.

    Returns:
        ``reference_state``, ``scenario_state``, ``persons``, ``lo``, ``hi``; the largest first. Persons who are in the
        same place in both are left out: they would show levels, and are no effect.
    """
    rows = rows.astype(dict.fromkeys(("to_month", "reference_state", "scenario_state"), str))
    last = rows[rows["to_month"] == rows["to_month"].max()]
    elsewhere = last[(last["reference_state"] != last["scenario_state"]) & (last["persons"] > 0)]
    ordered: pd.DataFrame = elsewhere.sort_values("persons", ascending=False, kind="stable")
    return ordered.reset_index(drop=True)


def net(cells: pd.DataFrame) -> dict[str, float]:
    """Change of every state from cells of `moved`: who came less who left; the changes add up to zero."""
    out: dict[str, float] = {}
    for row in cells.to_dict("records"):
        out[row["reference_state"]] = out.get(row["reference_state"], 0.0) - float(row["persons"])
        out[row["scenario_state"]] = out.get(row["scenario_state"], 0.0) + float(row["persons"])
    order = [*STRATEGIES, *EXITS, NOT_HERE]
    return dict(sorted(out.items(), key=lambda one: (order.index(one[0]) if one[0] in order else len(order), one[0])))


def draw_displacement(inputs: Inputs) -> Drawing | None:
    """An alluvial of persons who are elsewhere than in the reference, and the balance it adds up to.

    Returns:
        The drawing; its data has ``to_month``, ``reference_state``, ``scenario_state``, ``persons``, ``lo``, ``hi``.
        None without the table ``alluvial`` or where nobody is elsewhere.
    """
    rows = inputs.table("alluvial")
    cells = None if rows is None else moved(rows)
    if cells is None or cells.empty:
        return None
    month = str(cells["to_month"].iloc[0])
    with settings():
        figure = new_figure((12.0, 7.6))
        figure.suptitle(inputs.heading("title_displacement"), x=0.01, ha="left")
        flows, bars = figure.subplots(1, 2, width_ratios=(3, 2))
        _alluvial(flows, cells, inputs)
        flows.set_title(wrapped(inputs.words("displacement_flows", month=month), 60), fontsize=12, pad=10)
        balance = net(cells)
        states = list(balance)
        for place, state in enumerate(states):
            bars.barh(place, balance[state], color=colour_of(state), edgecolor="#555555", linewidth=0.6, height=0.7)
            side = "left" if balance[state] >= 0 else "right"
            bars.annotate(
                _signed_count(balance[state], inputs),
                (balance[state], place),
                xytext=(4 if side == "left" else -4, 0),
                textcoords="offset points",
                ha=side,
                va="center",
                fontsize=10,
            )
        bars.set_yticks(range(len(states)), [wrapped(state_words(s, inputs.lang), 24) for s in states], fontsize=9.5)
        bars.set_ylim(len(states) - 0.4, -0.6)
        bars.grid(visible=False)
        bars.margins(x=0.2)
        signed_axis(bars, inputs, x=True)
        bars.locator_params(axis="x", nbins=3)
        bars.set_title(inputs.words("displacement_balance"), fontsize=12)
        finish(figure, inputs, inputs.words("displacement_note"))
    told = [
        f"{state_words(r['reference_state'], inputs.lang)} → {state_words(r['scenario_state'], inputs.lang)}: "
        f"{_count(float(r['persons']), inputs)}"
        for r in cells.head(6).to_dict("records")
    ]
    alt = f"{inputs.words('title_displacement')}: {inputs.title()}, {month}. {upper('; '.join(told))}."
    return Drawing(figure, _published(cells), alt)


def _alluvial(axes: Axes, cells: pd.DataFrame, inputs: Inputs) -> None:
    total = float(cells["persons"].sum())
    order = list(net(cells))
    tops: dict[tuple[str, str], float] = {}
    axes.set_axis_off()
    axes.set_xlim(-0.62, 1.62)
    bottoms = []
    for x, side in ((0.0, "reference_state"), (1.0, "scenario_state")):
        sums = cells.groupby(side, sort=False)["persons"].sum()
        present = [state for state in order if state in sums.index]
        y, middles = 0.0, []
        for state in present:
            height = float(sums[state]) / total
            axes.bar(x, height, bottom=y, width=0.05, color=colour_of(state), edgecolor="#555555", linewidth=0.5)
            tops[side, state] = y
            middles.append(y + height / 2)
            y += height + _GAP
        bottoms.append(y)
        for state, place in zip(present, apart(middles, 0.085), strict=True):
            axes.text(
                x + (-0.05 if x == 0 else 0.05),
                place,
                wrapped(f"{state_words(state, inputs.lang)}: {_count(float(sums[state]), inputs)}", 30),
                ha="right" if x == 0 else "left",
                va="center",
                fontsize=8.5,
                linespacing=1.0,
            )
        axes.text(
            x, -0.09, label("legend.reference" if x == 0 else "legend.scenario", inputs.lang), ha="center", fontsize=11
        )
    for row in _in_order(cells, order):
        height = float(row["persons"]) / total
        a, b = ("reference_state", row["reference_state"]), ("scenario_state", row["scenario_state"])
        t = np.linspace(0.0, 1.0, 41)
        ease = t * t * (3.0 - 2.0 * t)
        lower = tops[a] + (tops[b] - tops[a]) * ease
        axes.fill_between(0.025 + 0.95 * t, lower, lower + height, color=colour_of(row["reference_state"]), alpha=0.45,
                          linewidth=0)  # fmt: skip
        tops[a] += height
        tops[b] += height
    axes.set_ylim(max(bottoms) + 0.02, -0.13)


def _in_order(cells: pd.DataFrame, order: list[str]) -> list[dict[str, Any]]:
    rows = [{str(k): v for k, v in row.items()} for row in cells.to_dict("records")]
    return sorted(rows, key=lambda r: (order.index(r["reference_state"]), order.index(r["scenario_state"])))


def _count(persons: float, inputs: Inputs) -> str:
    """Persons as they are published: to the nearest 5, and no number below 5."""
    if persons < SMALL:
        return inputs.words("fewer_than_five")
    text = f"{round(persons / SMALL) * SMALL:,.0f}"
    return text.replace(",", " ") if inputs.lang == "nb" else text


def _signed_count(change: float, inputs: Inputs) -> str:
    if abs(change) < SMALL:
        return inputs.words("under_five")
    return signed_text(round(change / SMALL) * SMALL, inputs.lang)


def _published(cells: pd.DataFrame) -> pd.DataFrame:
    """Cells as they are published beside the picture: to the nearest 5; empty below 5."""
    out = cells.drop(columns=["scenario", "total"], errors="ignore")
    small = out["persons"] < SMALL
    for name in ("persons", "lo", "hi"):
        out[name] = ((out[name] / SMALL).round() * SMALL).where(~small)
    return out.assign(suppressed=small)
