"""Pictures over time: stocks, exits, fans of effects, the iceberg, and registers compared with published counts."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final, TypeVar

import numpy as np

from irregsim.inference.targets import Target, for_register
from irregsim.model.registers import REGISTERS as ALL_REGISTERS
from irregsim.present.main_effects import main_effects
from irregsim.present.plots.compare.base import (
    BANDS,
    REFERENCE_DASHES,
    Inputs,
    Part,
    bands,
    indexed,
    legend_panel,
    mark_start,
    places,
    signed_axis,
    together,
    unit_words,
    values,
    wrapped,
)
from irregsim.present.plots.strategies import year_fraction
from irregsim.present.plots.style import (
    COLOURS,
    DASHES,
    INK,
    MODEL,
    OBSERVED,
    Drawing,
    count_axis,
    observed_points,
    shade_assumptions,
    year_axis,
)
from irregsim.present.words import outcome_words, state_words
from irregsim.vocabulary.codes import EXITS, STRATEGIES
from irregsim.vocabulary.labels import label
from irregsim.vocabulary.numbers import plain

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import FigureBase

T = TypeVar("T")

#: Panels of a scenario's effects over time.
_MOST_FANS: Final = 5

#: Outcomes over time where the main effects of a scenario are few, in order.
FANS: Final = (
    "stock:synlig",
    "stock:fritt_fall",
    "stock:arbeidende",
    "outcome:homeless_person_months",
    "exit:tvangsretur",
    "exit:videre",
    "stock:avhengig",
    "exit:assistert_retur",
    "outcome:exploitative_work_person_months",
    "outcome:care_received",
)

#: Registers that have a total.
REGISTERS: Final = {register.name: register for register in ALL_REGISTERS if register.total}


def draw_stocks(inputs: Inputs) -> Drawing | None:
    """The five strategies as an index of the reference (= 100), each scenario below the other.

    Returns:
        The drawing; its data has ``scenario``, ``outcome``, ``month``, ``unit``, ``reference``, ``mean``, ``lo``,
        ``hi``. None without stocks.
    """
    import pandas as pd

    def part_of(one: Inputs) -> Part | None:
        found = [(code, rows) for code in STRATEGIES if (rows := one.outcome(f"stock:{code}")) is not None]
        if not found:
            return None

        def draw(figure: FigureBase) -> pd.DataFrame:
            tables = []
            cuts_of = {code: _index_of(rows) for code, rows in found}
            for (code, rows), axes in _panels(figure, found, 5):
                x, colour, cuts = places(rows), COLOURS[code], cuts_of[code]
                bands(axes, x, cuts, colour, widest_only=True)
                axes.plot(x, np.full(len(x), 100.0), color=INK, linestyle=REFERENCE_DASHES, linewidth=1.6)
                axes.plot(x, cuts["mean"], color=colour, linewidth=2.4, linestyle=DASHES[code])
                _years(axes, one)
                # The same for all five, so that what moves is seen to move.
                _around_hundred(axes, list(cuts_of.values()))
                axes.set_title(wrapped(state_words(code, one.lang), 20), color=colour, fontweight="bold", fontsize=11)
                ends = {name: cuts[name] for name in ("mean", "lo", "hi")}
                told = {"outcome": f"stock:{code}", "month": rows["month"].to_numpy(), "unit": "index"}
                tables.append(pd.DataFrame({**told, "reference": 100.0, **ends}))
            figure.supylabel(label("axis.index", one.lang), fontsize=10)
            return pd.concat(tables, ignore_index=True)

        return Part(draw, 3.3, one.message(lambda name: name.startswith("stock:")))

    return together(inputs, "stocks", part_of, label("sentence.index", inputs.lang), inputs.words("dashed_note"))


def _index_of(rows: pd.DataFrame) -> dict[str, np.ndarray]:
    """A stock as an index of the reference; missing where the reference is never above zero."""
    found = indexed(rows)
    return dict.fromkeys(("mean", "lo", "hi"), np.full(len(rows), np.nan)) if found is None else found


def draw_exits(inputs: Inputs) -> Drawing | None:
    """Cumulative difference of every exit since the first effective month, each scenario below the other.

    Returns:
        The drawing; its data has ``scenario``, ``exit``, ``month``, ``unit``, ``mean``, ``lo``, ``hi``. None without
        exits.
    """
    import pandas as pd

    def part_of(one: Inputs) -> Part | None:
        found = [(code, rows) for code in EXITS if (rows := one.outcome(f"exit:{code}")) is not None]
        if not found:
            return None

        def draw(figure: FigureBase) -> pd.DataFrame:
            tables = []
            for (code, rows), axes in _panels(figure, found, 4):
                x = places(rows)
                cuts = {name: values(rows, f"cumulative_{name}") for name in ("mean", "lo", "hi")}
                bands(axes, x, cuts, MODEL, widest_only=True)
                axes.plot(x, cuts["mean"], color=MODEL, linewidth=2.2)
                _years(axes, one)
                signed_axis(axes, one)
                axes.set_title(wrapped(state_words(code, one.lang), 26), fontweight="bold", fontsize=11)
                axes.set_ylabel(unit_words(rows, one.lang), fontsize=10)
                told = str(rows["unit"].iloc[0])
                tables.append(pd.DataFrame({"exit": code, "month": rows["month"].to_numpy(), "unit": told, **cuts}))
            return pd.concat(tables, ignore_index=True)

        height = 0.5 + 2.1 * math.ceil(len(found) / 4)
        return Part(draw, height, one.message(lambda name: name.startswith("exit:")))

    return together(inputs, "exits", part_of, inputs.words("band_note"))


def draw_fans(inputs: Inputs) -> Drawing | None:
    """The main effects month by month with 50, 80 and 95 % of the paired differences, each scenario below the other.

    Returns:
        The drawing; its data has ``scenario``, ``outcome``, ``month``, ``unit``, ``mean`` and the ends of the
        intervals. None without rows.
    """
    import pandas as pd

    def part_of(one: Inputs) -> Part | None:
        found = _main_over_time(one)
        if not found:
            return None

        def draw(figure: FigureBase) -> pd.DataFrame:
            tables = []
            for (name, rows), axes in _panels(figure, found, _MOST_FANS):
                tables.append(fan(axes, name, rows, one))
                axes.set_title(wrapped(outcome_words(name, one.lang), 20), fontweight="bold", fontsize=10.5)
            return pd.concat(tables, ignore_index=True)

        return Part(draw, 3.0, one.message())

    return together(inputs, "fans", part_of, inputs.words("fan_note"))


def _main_over_time(inputs: Inputs) -> list[tuple[str, pd.DataFrame]]:
    """Rows month by month of the main effects of a scenario, and where these are few of others."""
    own = [str(row["outcome"]) for row in main_effects(inputs.rows(), inputs.declared)]
    names = dict.fromkeys([*own[: _MOST_FANS - 1], *own[-1:], *FANS])
    found = [(name, rows) for name in names if (rows := inputs.outcome(name)) is not None and len(rows) > 1]
    return found[:_MOST_FANS]


def fan(axes: Axes, name: str, rows: pd.DataFrame, inputs: Inputs) -> pd.DataFrame:
    """Differences of an outcome month by month with their intervals, and every number drawn."""
    import pandas as pd

    kind, _, code = name.partition(":")
    colour = COLOURS.get(code, MODEL) if kind == "stock" else MODEL
    x = places(rows)
    columns = ["mean", *(c for lo, hi, _ in BANDS for c in (lo, hi) if c in rows)]
    cuts = {column: values(rows, column) for column in columns}
    bands(axes, x, cuts, colour)
    axes.plot(x, cuts["mean"], color=colour, linewidth=1.8)
    _years(axes, inputs)
    signed_axis(axes, inputs)
    axes.set_ylabel(unit_words(rows, inputs.lang), fontsize=10)
    unit = str(rows["unit"].iloc[0])
    return pd.DataFrame({"outcome": name, "month": rows["month"].to_numpy(), "unit": unit, **cuts})


def draw_iceberg(inputs: Inputs) -> Drawing | None:
    """What registers see, and what none sees; both as an index of the reference (= 100).

    Returns:
        The drawing; its data has ``scenario``, ``part`` (``seen``, ``unseen``), ``month``, ``mean``, ``lo``, ``hi``.
        None without the index of the hidden population.
    """
    import pandas as pd

    def part_of(one: Inputs) -> Part | None:
        seen, hidden = one.outcome("stock:synlig"), one.outcome("index:hidden")
        above = None if seen is None else indexed(seen)
        if seen is None or hidden is None or above is None:
            return None
        below = {name: 100.0 + values(hidden, name) for name in ("mean", "lo", "hi")}
        drawn = {"seen": (seen, above, COLOURS["synlig"]), "unseen": (hidden, below, MODEL)}

        def draw(figure: FigureBase) -> pd.DataFrame:
            tables = []
            for (part, (rows, cuts, colour)), axes in _panels(figure, list(drawn.items()), 2):
                x = places(rows)
                bands(axes, x, cuts, colour, widest_only=True)
                axes.axhline(100.0, color=INK, linestyle=REFERENCE_DASHES, linewidth=1.4)
                axes.plot(x, cuts["mean"], color=colour, linewidth=2.4)
                _years(axes, one)
                _around_hundred(axes, [above, below])
                axes.set_title(wrapped(one.words(f"iceberg_{part}"), 50), color=colour, fontweight="bold", fontsize=11)
                if part == "unseen":
                    axes.set_facecolor("#F3F7FA")
                ends = {name: cuts[name] for name in ("mean", "lo", "hi")}
                tables.append(pd.DataFrame({"part": part, "month": rows["month"].to_numpy(), **ends}))
            figure.supylabel(label("axis.index", one.lang), fontsize=10)
            return pd.concat(tables, ignore_index=True)

        return Part(draw, 3.0, one.message(lambda name: name in ("stock:synlig", "stock:hidden")))

    return together(inputs, "iceberg", part_of, label("sentence.index", inputs.lang), inputs.words("dashed_note"))


def draw_registers(inputs: Inputs) -> Drawing | None:
    """What the registers would have shown, with the published counts, and with the calibration period marked.

    The whole period is drawn, and not only from two years before the change: the published counts are of before it.

    Returns:
        The drawing; its data has ``scenario``, ``register``, ``month``, ``source`` (``model``, ``published``),
        ``reference``, ``mean``, ``lo``, ``hi``. Published counts are left out, with a note, where the population scale
        is not 1. None without registers.
    """
    import pandas as pd

    # Counts of a scaled-down country would be too low; scaled up, random variation would look like fact.
    scale = float(inputs.about.get("scale", 1.0))
    is_country = scale == 1.0

    def part_of(one: Inputs) -> Part | None:
        found = [
            (name, rows) for name in REGISTERS if (rows := one.outcome(f"register:{name}", whole=True)) is not None
        ]
        if not found:
            return None

        def draw(figure: FigureBase) -> pd.DataFrame:
            tables = []
            # One more place than panels, for the legend.
            grid = np.atleast_1d(figure.subplots(len(found) // 4 + 1, 4)).ravel()
            for (name, rows), axes in zip(found, grid, strict=False):
                tables += _register(axes, name, rows, one, is_country=is_country)
            _register_legend(grid[len(found)], one, is_country=is_country)
            for axes in grid[len(found) + 1 :]:
                axes.set_axis_off()
            return pd.concat([table for table in tables if len(table)], ignore_index=True)

        height = 0.5 + 2.3 * (len(found) // 4 + 1)
        return Part(draw, height, one.message(lambda name: name.startswith("register:")))

    told = plain(f"{scale:g}", inputs.lang)
    note = [] if is_country else [inputs.words("registers_scale", scale=told)]
    return together(inputs, "registers", part_of, *note, label("sentence.behaviour_or_measurement", inputs.lang))


def _register(axes: Axes, name: str, rows: pd.DataFrame, inputs: Inputs, *, is_country: bool) -> list[pd.DataFrame]:
    """A register's counts in the reference and the scenario, and those that were published."""
    import pandas as pd

    monthly = len(rows) > 1 and len({str(m)[:4] for m in rows["month"]}) < len(rows)
    # A year's total is drawn in the middle of its year; a stock at its month.
    x = places(rows) - (0.0 if monthly or REGISTERS[name].is_stock else 0.5)
    reference = values(rows, "reference_mean")
    cuts = {column: reference + values(rows, column) for column in ("mean", "lo", "hi")}
    bands(axes, x, cuts, MODEL, widest_only=True)
    axes.plot(x, reference, color=INK, linestyle=REFERENCE_DASHES, linewidth=1.6)
    axes.plot(x, cuts["mean"], color=MODEL, linewidth=2.2, marker="o", markersize=3)
    published = _published(name, inputs) if is_country else []
    observed_points(axes, [place for place, _, _ in published], [count for _, count, _ in published])
    first, last = (year_fraction(str(month)) for month in inputs.about["period"])
    _years(axes, inputs, (first - 1 / 12, last))
    if is_country:
        _calibration(axes, inputs)
    top = max([float(np.nanmax(cuts["hi"])), float(np.nanmax(reference)), *(c for _, c, _ in published), 1.0])
    axes.set_ylim(0, 1.15 * top)
    count_axis(axes, inputs.lang)
    axes.set_title(wrapped(label(f"register_short.{name}", inputs.lang), 26), fontweight="bold", fontsize=11)
    model = {"register": name, "month": rows["month"].to_numpy(), "source": "model", "reference": reference, **cuts}
    seen = [{"register": name, "month": period, "source": "published", "mean": count} for _, count, period in published]
    return [pd.DataFrame(model), pd.DataFrame(seen)]


def _panels(figure: FigureBase, found: Sequence[T], columns: int) -> list[tuple[T, Axes]]:
    """Panels in rows of so many columns, one for each that is found."""
    rows = math.ceil(len(found) / columns)
    grid = np.atleast_1d(figure.subplots(rows, min(columns, len(found)), squeeze=False)).ravel()
    for axes in grid[len(found) :]:
        axes.set_axis_off()
    return list(zip(found, grid, strict=False))


def _years(axes: Axes, inputs: Inputs, ends: tuple[float, float] | None = None) -> None:
    """The axis of time with what is shaded and where the change is; from two years before the first change."""
    first, last = ends or inputs.months()
    year_axis(axes, first, last, ticks=4)
    shade_assumptions(axes, last, inputs.assumed, inputs.lang, words=False, first=first)
    mark_start(axes, inputs)


def _around_hundred(axes: Axes, cuts: Sequence[Mapping[str, np.ndarray]]) -> None:
    """An axis around 100 that holds all that is given, never so narrow that a fraction of a percent looks like much."""
    from matplotlib.ticker import MaxNLocator

    ends = np.concatenate([one[name] for one in cuts for name in ("lo", "hi")])
    ends = ends[np.isfinite(ends)]
    reach = max([2.0, *np.abs(ends - 100.0)]) * 1.1
    axes.set_ylim(max(0.0, 100.0 - reach), 100.0 + reach)
    axes.yaxis.set_major_locator(MaxNLocator(nbins=5, steps=[1, 2, 5, 10], min_n_ticks=2))


def _published(register: str, inputs: Inputs) -> list[tuple[float, float, str]]:
    """Place, count and period of the published national totals within the period; sums over years as yearly means."""
    wanted = set(REGISTERS[register].total)
    first, last = (str(month) for month in inputs.about["period"])
    found: dict[str, dict[tuple[str, str], Target]] = {}
    for one in for_register(register):
        inside = first <= one.period <= last or first[:4] <= one.period <= last[:4]
        cell = (one.dimension, one.key)
        if cell in wanted and one.use == "primary" and "percent" not in one.unit and inside:
            found.setdefault(one.period, {})[cell] = one
    out = []
    for period, cells in sorted(found.items()):
        if set(cells) != wanted:
            continue  # a part is no total
        total = sum(cell.value for cell in cells.values())
        if len(period) == 9:
            start, end = (int(year) for year in period.split("-"))
            out.append(((start + end + 1) / 2, total / (end - start + 1), period))
        elif len(period) == 7:
            out.append((int(period[:4]) + int(period[5:]) / 12, total, period))
        else:
            out.append((int(period) + 0.5, total, period))
    return out


def _calibration(axes: Axes, inputs: Inputs) -> None:
    """A bar at the foot over the calibration period."""
    start, end = (int(str(month)[:4]) for month in inputs.about.get("fit_period", ("2012-01", "2020-12")))
    axes.plot(
        [start, end + 1],
        [0.0, 0.0],
        color="#E69F00",
        linewidth=5,
        solid_capstyle="butt",
        transform=axes.get_xaxis_transform(),
        clip_on=True,
        label="calibration",
    )


def _register_legend(axes: Axes, inputs: Inputs, *, is_country: bool) -> None:
    from matplotlib.lines import Line2D

    circle = Line2D([], [], color=OBSERVED, marker="o", linestyle="none", markerfacecolor="white", markeredgewidth=1.5,
                    label=label("legend.observed", inputs.lang))  # fmt: skip
    bar = Line2D([], [], color="#E69F00", linewidth=5, label=inputs.words("legend_calibration"))
    legend_panel(axes, inputs, more=[circle, bar] if is_country else [])
