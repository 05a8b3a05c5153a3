"""Where did they go: the same persons in the reference and in the scenario."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from irregsim.colours import colour_of
from irregsim.labels import label
from irregsim.plots.compare.base import Inputs, finish, signed_axis, signed_text, wrapped
from irregsim.plots.style import Drawing, apart, new_figure, settings
from irregsim.summaries import EXITS, STRATEGIES
from irregsim.wording import NOT_HERE, balance_row, state_words, upper

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
    """An alluvial of persons who are elsewhere than in the reference, and the balance of every account.

    Returns:
        The drawing; its data has ``part``, ``to_month``, ``reference_state``, ``scenario_state``, ``share`` (of those
        elsewhere from the same place; ``persons`` where levels were asked for), ``unit``, ``mean``, ``lo``, ``hi``.
        None without the table ``alluvial`` or where nobody is elsewhere.
    """
    import pandas as pd

    rows = inputs.table("alluvial")
    cells = None if rows is None else moved(rows)
    if cells is None or cells.empty:
        return None
    month = str(cells["to_month"].iloc[0])
    cells = cells.assign(share=cells["persons"] / cells.groupby("reference_state")["persons"].transform("sum"))
    with settings():
        figure = new_figure((12.0, 7.6))
        figure.suptitle(inputs.heading("title_displacement"), x=0.01, ha="left")
        left, right = figure.subfigures(1, 2, width_ratios=(3, 2), squeeze=False)[0]
        flows = left.subplots()
        _alluvial(flows, cells, inputs)
        flows.set_title(wrapped(inputs.words("displacement_flows", month=month), 60), fontsize=12, pad=10)
        accounts = _accounts(inputs, month)
        units = [unit for unit in ("persons", "percent") if any(one["unit"] == unit for one in accounts)]
        if units:
            counts = [sum(one["unit"] == unit for one in accounts) for unit in units]
            for axes, unit in zip(
                np.atleast_1d(right.subplots(len(units), 1, height_ratios=counts)), units, strict=True
            ):
                _bars(axes, [one for one in accounts if one["unit"] == unit], unit, inputs)
        note = "displacement_note_levels" if inputs.shows_levels else "displacement_note"
        finish(figure, inputs, inputs.words(note))
    told = [
        f"{state_words(r['reference_state'], inputs.lang)} → {state_words(r['scenario_state'], inputs.lang)}: "
        f"{_told(r, inputs)}"
        for r in cells.head(6).to_dict("records")
    ]
    alt = f"{inputs.words('title_displacement')}: {inputs.title()}, {month}. {upper('; '.join(told))}."
    data = pd.concat([_published(cells, inputs), pd.DataFrame(accounts).assign(part="balance", to_month=month)])
    return Drawing(figure, data.reset_index(drop=True), alt)


def _accounts(inputs: Inputs, month: str) -> list[dict[str, Any]]:
    """What the balance says of every account up to a month, without what rounds to nothing."""
    rows = inputs.table("balance")
    if rows is None:
        return []
    here = [balance_row(_text_keys(row)) for row in rows[rows["to_month"].astype(str) == month].to_dict("records")]
    return [one for one in here if one["mean"] == one["mean"]]


def _bars(axes: Axes, accounts: list[dict[str, Any]], unit: str, inputs: Inputs) -> None:
    """Changes of accounts with their intervals."""
    for place, one in enumerate(accounts):
        axes.barh(place, one["mean"], color=colour_of(one["state"]), edgecolor="#555555", linewidth=0.6, height=0.7)
        axes.plot([one["lo"], one["hi"]], [place, place], color="#222222", linewidth=1.2)
        ends = (0.0, one["mean"], one["lo"], one["hi"])
        right = one["mean"] >= 0
        axes.annotate(
            _signed_count(one["mean"], inputs)
            if unit == "persons"
            else signed_text(round(one["mean"], 1), inputs.lang),
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
    # Numbers of persons beside those a register counts would tell how many are in hiding: so each place they come
    # from is drawn equally tall, the largest first.
    weight = "persons" if inputs.shows_levels else "share"
    total = float(cells[weight].sum())
    order = list(net(cells))
    sizes = cells.groupby("reference_state")["persons"].sum()
    sources = order if inputs.shows_levels else sorted(sizes.index, key=lambda state: -sizes[state])
    tops: dict[tuple[str, str], float] = {}
    axes.set_axis_off()
    axes.set_xlim(-0.62, 1.62)
    bottoms = []
    for x, side in ((0.0, "reference_state"), (1.0, "scenario_state")):
        sums = cells.groupby(side, sort=False)[weight].sum()
        present = [state for state in (sources if x == 0 else order) if state in sums.index]
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
                wrapped(_named(state, float(sums[state]), inputs), 30),
                ha="right" if x == 0 else "left",
                va="center",
                fontsize=8.5,
                linespacing=1.0,
            )
        axes.text(
            x, -0.09, label("legend.reference" if x == 0 else "legend.scenario", inputs.lang), ha="center", fontsize=11
        )
    for row in _in_order(cells, sources, order):
        height = float(row[weight]) / total
        a, b = ("reference_state", row["reference_state"]), ("scenario_state", row["scenario_state"])
        t = np.linspace(0.0, 1.0, 41)
        ease = t * t * (3.0 - 2.0 * t)
        lower = tops[a] + (tops[b] - tops[a]) * ease
        axes.fill_between(0.025 + 0.95 * t, lower, lower + height, color=colour_of(row["reference_state"]), alpha=0.45,
                          linewidth=0)  # fmt: skip
        if not inputs.shows_levels and row["share"] >= 0.2 and row["persons"] >= SMALL:
            axes.text(0.04, tops[a] + height / 2, _told(row, inputs), va="center", fontsize=8.5)
        tops[a] += height
        tops[b] += height
    axes.set_ylim(max(bottoms) + 0.02, -0.13)


def _in_order(cells: pd.DataFrame, sources: list[str], order: list[str]) -> list[dict[str, Any]]:
    rows = [_text_keys(row) for row in cells.to_dict("records")]
    return sorted(rows, key=lambda r: (sources.index(r["reference_state"]), order.index(r["scenario_state"])))


def _text_keys(row: Mapping[Any, Any]) -> dict[str, Any]:
    return {str(key): value for key, value in row.items()}


def _named(state: str, persons: float, inputs: Inputs) -> str:
    words = state_words(state, inputs.lang)
    return f"{words}: {_count(persons, inputs)}" if inputs.shows_levels else words


def _told(row: Mapping[Any, Any], inputs: Inputs) -> str:
    """A cell in words: persons where levels were asked for, else its share."""
    if row["persons"] < SMALL or inputs.shows_levels:
        return _count(float(row["persons"]), inputs)
    return f"{100.0 * row['share']:.0f} %"


def _count(persons: float, inputs: Inputs) -> str:
    """Persons as they are published: to the nearest 5, and no number below 5."""
    if persons < SMALL:
        return inputs.words("fewer_than_five")
    text = f"{round(persons / SMALL) * SMALL:,.0f}"
    return text.replace(",", "\N{NO-BREAK SPACE}") if inputs.lang == "nb" else text


def _signed_count(change: float, inputs: Inputs) -> str:
    if abs(change) < SMALL:
        return inputs.words("under_five")
    return signed_text(round(change / SMALL) * SMALL, inputs.lang)


def _published(cells: pd.DataFrame, inputs: Inputs) -> pd.DataFrame:
    """Cells as they are published beside the picture: shares; empty below 5 persons."""
    small = cells["persons"] < SMALL
    out = cells[["to_month", "reference_state", "scenario_state"]].assign(
        part="moves", share=cells["share"].round(2).where(~small), suppressed=small
    )
    if inputs.shows_levels:
        out["persons"] = ((cells["persons"] / SMALL).round() * SMALL).where(~small)
    return out
