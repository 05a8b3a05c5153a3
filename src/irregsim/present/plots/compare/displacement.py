"""Where did they go: the same persons in the reference and in the scenario."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from irregsim.present.colours import colour_of
from irregsim.present.plots.compare.base import Inputs, Part, rows_axis, signed_axis, together, wrapped
from irregsim.present.plots.style import Drawing
from irregsim.present.words import NOT_HERE, state_words, upper
from irregsim.vocabulary.codes import EXITS, STRATEGIES
from irregsim.vocabulary.disclosure import PERCENT
from irregsim.vocabulary.numbers import number

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import FigureBase, SubFigure

#: In addition to the colour, for readers and printers without it.
_HATCHES = {"arbeidende": "///", "marginalisert": "\\\\\\", "videre": "xx"}

#: Too small to be shown one by one.
REST = "rest"

#: Shares from here on have their number in the bar, in percent.
_NUMBERED = 8.0

#: Places that the bars of a scenario have room for, and inches for each more.
_ROWS, _ROW = 6, 0.35


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
    """Where persons are who are elsewhere than in the reference, and the balance of every account.

    Returns:
        The drawing; its data has ``scenario``, ``part`` (``moves``, ``balance``), ``to_month``, ``reference_state``,
        ``scenario_state`` (`REST` for all that are too few to be shown), ``share`` (of those elsewhere from the same
        place, 1 in all), ``state``, ``unit``, ``mean``, ``lo``, ``hi``. None without the table ``alluvial`` or where
        nobody is elsewhere.
    """
    import pandas as pd

    def part_of(one: Inputs) -> Part | None:
        rows = one.table("alluvial")
        if rows is None:
            return None
        cells = with_rest(moved(rows))
        month = str(cells["to_month"].iloc[0])
        accounts = _accounts(one, month)

        def draw(figure: FigureBase) -> pd.DataFrame:
            left, right = figure.subfigures(1, 2, width_ratios=(3, 2), squeeze=False)[0]
            _shares(left, cells, month, one)
            units = [unit for unit in ("persons", PERCENT) if (accounts["unit"] == unit).any()]
            if units:
                counts = [int((accounts["unit"] == unit).sum()) for unit in units]
                panels = np.atleast_1d(right.subplots(len(units), 1, height_ratios=counts))
                for axes, unit in zip(panels, units, strict=True):
                    _bars(axes, accounts[accounts["unit"] == unit].to_dict("records"), unit, one)
            drawn = pd.concat([cells.assign(part="moves"), accounts.assign(part="balance", to_month=month)])
            return drawn.reset_index(drop=True)

        places = cells["reference_state"].nunique()
        return Part(
            draw, 5.6 + _ROW * max(0, places - _ROWS), one.message(lambda name: name.startswith(("stock:", "exit:")))
        )

    told = []
    for one in inputs.each():
        rows = one.table("alluvial")
        for row in [] if rows is None else moved(rows).head(6).to_dict("records"):
            states = [state_words(row[name], one.lang) for name in ("reference_state", "scenario_state")]
            told.append(f"{one.words('quoted', name=one.title())}, {' → '.join(states)}: {_percent(row['share'])}")
    alt = f"{inputs.words('title_displacement')}. {upper('; '.join(told))}."
    return together(inputs, "displacement", part_of, inputs.words("displacement_note"), alt=alt)


def with_rest(cells: pd.DataFrame) -> pd.DataFrame:
    """Cells with a row for what is missing to 1 of each place they come from: cells too small to be shown."""
    import pandas as pd

    missing = (1.0 - cells.groupby("reference_state", sort=False)["share"].sum()).rename("share").reset_index()
    # Rounded shares may miss or exceed 1 by a little.
    missing = missing[missing["share"] > 0.015].assign(scenario_state=REST, to_month=cells["to_month"].iloc[0])
    return pd.concat([cells, missing[list(cells.columns)]], ignore_index=True) if len(missing) else cells


def _shares(figure: SubFigure, cells: pd.DataFrame, month: str, inputs: Inputs) -> None:
    """A bar for each place in the reference, of where its persons are in the scenario, 100 percent in all.

    How many they are is not drawn: beside those a register counts it would reveal how many are in hiding.
    """
    from matplotlib.patches import Patch

    axes = figure.subplots()
    sources = list(dict.fromkeys(cells["reference_state"]))
    here = set(cells["scenario_state"])
    targets = [state for state in (*STRATEGIES, *EXITS, NOT_HERE, REST) if state in here]
    shares = {(r["reference_state"], r["scenario_state"]): 100.0 * float(r["share"]) for r in cells.to_dict("records")}
    for place, source in enumerate(sources):
        left = 0.0
        for target in targets:
            wide = shares.get((source, target), 0.0)
            if not wide:
                continue
            axes.barh(place, wide, left=left, height=0.66, linewidth=0.6, **_fill(target))
            if wide >= _NUMBERED:
                axes.text(left + wide / 2, place, f"{wide:.0f}", ha="center", va="center", fontsize=9,
                          bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 1.0})  # fmt: skip
            left += wide
    rows_axis(axes, [state_words(state, inputs.lang) for state in sources], width=26)
    axes.set_ylabel(inputs.words("c_in_reference"), fontsize=10)
    axes.set_xlim(0, 103)
    axes.set_xlabel(inputs.words("axis_percent"), fontsize=10)
    axes.set_title(wrapped(inputs.words("displacement_flows", month=month), 60), fontsize=11)
    names = {state: inputs.words("too_few") if state == REST else state_words(state, inputs.lang) for state in targets}
    handles = [Patch(**_fill(state), linewidth=0.6, label=wrapped(name, 30)) for state, name in names.items()]
    figure.legend(handles=handles, loc="outside lower left", ncols=2, fontsize=9,
                  title=upper(inputs.words("c_in_scenario")), title_fontsize=9.5, alignment="left")  # fmt: skip


def _fill(state: str) -> dict[str, Any]:
    if state == REST:
        return {"facecolor": "white", "edgecolor": "#999999"}
    return {"facecolor": colour_of(state), "edgecolor": "white", "hatch": _HATCHES.get(state, "")}


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
    letters = 0
    for place, one in enumerate(accounts):
        axes.barh(place, one["mean"], color=colour_of(one["state"]), edgecolor="#555555", linewidth=0.6, height=0.7)
        axes.plot([one["lo"], one["hi"]], [place, place], color="#222222", linewidth=1.2)
        ends = (0.0, one["mean"], one["lo"], one["hi"])
        right = one["mean"] >= 0
        amount = _amount(one["mean"], unit, inputs.lang)
        letters = max(letters, len(amount))
        axes.annotate(
            amount,
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
    # Room for the longest number between the longest interval and the edge.
    axes.margins(x=0.1 + 0.07 * letters)
    signed_axis(axes, inputs, x=True)
    axes.locator_params(axis="x", nbins=3)
    axes.set_title(wrapped(inputs.words(f"balance_{unit}"), 24), fontsize=10.5)


def _amount(mean: float, unit: str, lang: str) -> str:
    """The number on a bar: percent with one decimal, persons in whole numbers."""
    return number(mean, lang, decimals=1 if unit == PERCENT else 0, signed=True)


def _percent(share: float) -> str:
    return f"{100.0 * share:.0f} %"
