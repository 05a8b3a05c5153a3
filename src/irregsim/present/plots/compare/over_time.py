"""Pictures over time: stocks, exits, fans of effects, the iceberg, and registers compared with published counts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from irregsim.inference.targets import Target, for_register
from irregsim.model.registers import REGISTERS as ALL_REGISTERS
from irregsim.present.plots.compare.base import (
    BANDS,
    REFERENCE_DASHES,
    Inputs,
    bands,
    effect_text,
    finish,
    indexed,
    legend_panel,
    lever_strip,
    mark_start,
    places,
    signed_axis,
    strip_height,
    unit_words,
    values,
    wrapped,
)
from irregsim.present.plots.style import (
    COLOURS,
    DASHES,
    INK,
    MODEL,
    OBSERVED,
    Drawing,
    count_axis,
    new_figure,
    observed_points,
    settings,
    shade_assumptions,
    year_axis,
)
from irregsim.present.words import outcome_words, state_words, upper
from irregsim.vocabulary.codes import EXITS, HIDDEN, STRATEGIES
from irregsim.vocabulary.labels import label
from irregsim.vocabulary.numbers import plain

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: Outcomes of the fans, in order; the first six that a comparison has are drawn.
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
    """The five strategies: «de synlige» in persons, the hidden ones as an index of the reference (= 100).

    Returns:
        The drawing; its data has ``outcome``, ``month``, ``unit``, ``reference``, ``mean``, ``lo``, ``hi``. None
        without stocks.
    """
    import pandas as pd

    found = {code: inputs.outcome(f"stock:{code}") for code in STRATEGIES}
    if all(rows is None for rows in found.values()):
        return None
    with settings():
        figure, grid = _grid(inputs, "title_stocks", 2, 3)
        tables = []
        for code, rows, axes in _panels(found, grid):
            x, colour = places(rows), COLOURS[code]
            is_index = code in HIDDEN
            if is_index:
                cuts = indexed(rows)
                reference = np.full(len(x), 100.0)
                if cuts is None:
                    cuts = dict.fromkeys(("mean", "lo", "hi"), np.full(len(x), np.nan))
            else:
                reference = values(rows, "reference_mean")
                cuts = {name: reference + values(rows, name) for name in ("mean", "lo", "hi")}
            bands(axes, x, cuts, colour, widest_only=True)
            axes.plot(x, reference, color=INK, linestyle=REFERENCE_DASHES, linewidth=1.6)
            axes.plot(x, cuts["mean"], color=colour, linewidth=2.4, linestyle=DASHES[code])
            _years(axes, inputs)
            if is_index:
                _around_hundred(axes, cuts)
            else:
                count_axis(axes, inputs.lang)
            axes.set_title(wrapped(state_words(code, inputs.lang)), color=colour, fontweight="bold", fontsize=12)
            axes.set_ylabel(label("axis.index" if is_index else "axis.persons", inputs.lang), fontsize=10)
            tables.append(
                pd.DataFrame(
                    {
                        "outcome": f"stock:{code}",
                        "month": rows["month"].to_numpy(),
                        "unit": "index" if is_index else "persons",
                        "reference": reference,
                        **{name: cuts[name] for name in ("mean", "lo", "hi")},
                    }
                )
            )
        legend_panel(grid[5], inputs)
        finish(figure, inputs, label("sentence.index", inputs.lang))
    return Drawing(figure, pd.concat(tables, ignore_index=True), _alt(inputs, "stocks"))


def draw_exits(inputs: Inputs) -> Drawing | None:
    """Cumulative difference of every exit since the first effective month.

    Returns:
        The drawing; its data has ``exit``, ``month``, ``unit``, ``mean``, ``lo``, ``hi``. None without exits.
    """
    import pandas as pd

    found = {code: inputs.outcome(f"exit:{code}") for code in EXITS}
    if all(rows is None for rows in found.values()):
        return None
    with settings():
        figure, grid = _grid(inputs, "title_exits", 2, 4)
        tables = []
        for code, rows, axes in _panels(found, grid):
            x = places(rows)
            cuts = {name: values(rows, f"cumulative_{name}") for name in ("mean", "lo", "hi")}
            unit = unit_words(rows, inputs.lang)
            bands(axes, x, cuts, MODEL, widest_only=True)
            axes.plot(x, cuts["mean"], color=MODEL, linewidth=2.2)
            _years(axes, inputs)
            signed_axis(axes, inputs)
            axes.set_title(wrapped(state_words(code, inputs.lang), 24), fontweight="bold", fontsize=11.5)
            axes.set_ylabel(unit, fontsize=10)
            told = str(rows["unit"].iloc[0])
            tables.append(pd.DataFrame({"exit": code, "month": rows["month"].to_numpy(), "unit": told, **cuts}))
        _difference_legend(grid[len(EXITS)], inputs)
        figure.supylabel(inputs.words("axis_cumulative"), fontsize=12)
        finish(figure, inputs)
    return Drawing(figure, pd.concat(tables, ignore_index=True), _alt(inputs, "exits"))


def draw_fans(inputs: Inputs) -> Drawing | None:
    """Month by month differences of six outcomes with 50, 80 and 95 % of the paired differences.

    Returns:
        The drawing; its data has ``outcome``, ``month``, ``unit``, ``mean`` and the ends of the intervals. None without
        rows.
    """
    import pandas as pd

    found = [(name, rows) for name in FANS if (rows := inputs.outcome(name)) is not None][:6]
    if not found:
        return None
    with settings():
        figure, grid = _grid(inputs, "title_fans", 2, 3)
        tables = []
        for (name, rows), axes in zip(found, grid, strict=False):
            kind, _, code = name.partition(":")
            colour = COLOURS.get(code, MODEL) if kind == "stock" else MODEL
            x = places(rows)
            columns = ["mean", *(c for lo, hi, _ in BANDS for c in (lo, hi) if c in rows)]
            cuts = {column: values(rows, column) for column in columns}
            bands(axes, x, cuts, colour)
            axes.plot(x, cuts["mean"], color=colour, linewidth=1.8)
            _years(axes, inputs)
            signed_axis(axes, inputs)
            axes.set_title(
                wrapped(outcome_words(name, inputs.lang), 28), color=colour, fontweight="bold", fontsize=11.5
            )
            axes.set_ylabel(unit_words(rows, inputs.lang), fontsize=10)
            unit = str(rows["unit"].iloc[0])
            tables.append(pd.DataFrame({"outcome": name, "month": rows["month"].to_numpy(), "unit": unit, **cuts}))
        for axes in grid[len(found) :]:
            axes.set_axis_off()
        figure.supylabel(inputs.words("axis_difference_month"), fontsize=12)
        finish(figure, inputs, inputs.words("fan_note"))
    return Drawing(figure, pd.concat(tables, ignore_index=True), _alt(inputs, "fans"))


def draw_iceberg(inputs: Inputs) -> Drawing | None:
    """What registers see above the line, what none sees below it; both as an index of the reference (= 100).

    Returns:
        The drawing; its data has ``part`` (``seen``, ``unseen``), ``month``, ``mean``, ``lo``, ``hi``. None without the
        index of the hidden population.
    """
    import pandas as pd

    seen, hidden = inputs.outcome("stock:synlig"), inputs.outcome("index:hidden")
    if seen is None or hidden is None:
        return None
    above = indexed(seen)
    below = {name: 100.0 + values(hidden, name) for name in ("mean", "lo", "hi")}
    if above is None:
        return None
    with settings():
        figure = new_figure()
        figure.suptitle(inputs.heading("title_iceberg"), x=0.01, ha="left")
        strip, *panels = figure.subplots(3, 1, height_ratios=(1.4 * strip_height(inputs), 1, 2))
        lever_strip(strip, inputs)
        tables = []
        drawn: tuple[tuple[str, Any, dict[str, np.ndarray], str], ...] = (
            ("seen", seen, above, COLOURS["synlig"]),
            ("unseen", hidden, below, MODEL),
        )
        for (part, rows, cuts, colour), axes in zip(drawn, panels, strict=True):
            x = places(rows)
            bands(axes, x, cuts, colour, widest_only=True)
            axes.axhline(100.0, color=INK, linestyle=REFERENCE_DASHES, linewidth=1.4)
            axes.plot(x, cuts["mean"], color=colour, linewidth=2.4)
            _years(axes, inputs, words=part == "unseen")
            _around_hundred(axes, cuts)
            axes.set_title(inputs.words(f"iceberg_{part}"), color=colour, fontweight="bold", fontsize=12)
            axes.set_ylabel(label("axis.index", inputs.lang), fontsize=10)
            if part == "unseen":
                axes.set_facecolor("#F3F7FA")
            tables.append(
                pd.DataFrame(
                    {
                        "part": part,
                        "month": rows["month"].to_numpy(),
                        **{name: cuts[name] for name in ("mean", "lo", "hi")},
                    }
                )
            )
        finish(figure, inputs, label("sentence.index", inputs.lang))
    return Drawing(figure, pd.concat(tables, ignore_index=True), _alt(inputs, "iceberg"))


def draw_registers(inputs: Inputs) -> Drawing | None:
    """What the registers would have shown, with the published counts, and with the calibration period marked.

    Returns:
        The drawing; its data has ``register``, ``month``, ``source`` (``model``, ``published``), ``reference``,
        ``mean``, ``lo``, ``hi``. Published counts are left out, with a note, where the population scale is not 1. None
        without registers.
    """
    import pandas as pd

    found = [(name, rows) for name in REGISTERS if (rows := inputs.outcome(f"register:{name}")) is not None]
    if not found:
        return None
    # Counts of a scaled-down country would be too low; scaled up, random variation would look like fact.
    scale = float(inputs.about.get("scale", 1.0))
    is_country = scale == 1.0
    with settings():
        # One more place than panels, for the legend.
        figure, grid = _grid(inputs, "title_registers", max(2, len(found) // 4 + 1), 4)
        tables = []
        for (name, rows), axes in zip(found, grid, strict=False):
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
            _years(axes, inputs)
            if is_country:
                _calibration(axes, inputs)
            top = max([float(np.nanmax(cuts["hi"])), float(np.nanmax(reference)), *(c for _, c, _ in published), 1.0])
            axes.set_ylim(0, 1.15 * top)
            count_axis(axes, inputs.lang)
            axes.set_title(wrapped(label(f"register_short.{name}", inputs.lang), 30), fontweight="bold", fontsize=11)
            tables.append(
                pd.DataFrame(
                    {
                        "register": name,
                        "month": rows["month"].to_numpy(),
                        "source": "model",
                        "reference": reference,
                        **cuts,
                    }
                )
            )
            tables.append(
                pd.DataFrame(
                    [
                        {"register": name, "month": period, "source": "published", "mean": count}
                        for _, count, period in published
                    ]
                )
            )
        _register_legend(grid[len(found)], inputs, is_country=is_country)
        for axes in grid[len(found) + 1 :]:
            axes.set_axis_off()
        told = plain(f"{scale:g}", inputs.lang)
        note = [] if is_country else [inputs.words("registers_scale", scale=told)]
        finish(figure, inputs, *note, label("sentence.behaviour_or_measurement", inputs.lang))
    data = pd.concat([one for one in tables if len(one)], ignore_index=True)
    return Drawing(figure, data, _alt(inputs, "registers"))


def _grid(inputs: Inputs, title: str, rows: int, columns: int) -> tuple[Figure, list[Axes]]:
    """A figure with the levers above and panels below, row by row."""
    figure = new_figure()
    figure.suptitle(inputs.heading(title), x=0.01, ha="left")
    outer = figure.add_gridspec(rows + 1, columns, height_ratios=(strip_height(inputs), *(1.0,) * rows))
    lever_strip(figure.add_subplot(outer[0, :]), inputs)
    return figure, [figure.add_subplot(outer[row + 1, column]) for row in range(rows) for column in range(columns)]


def _panels(found: Mapping[str, pd.DataFrame | None], grid: Sequence[Axes]) -> Iterator[tuple[str, pd.DataFrame, Axes]]:
    """Codes that have rows, each with its panel; those of the others are empty."""
    for (code, rows), axes in zip(found.items(), grid, strict=False):
        if rows is None:
            axes.set_axis_off()
        else:
            yield code, rows, axes


def _years(axes: Axes, inputs: Inputs, *, words: bool = False) -> None:
    first, last = inputs.months()
    year_axis(axes, first, last, ticks=4)
    shade_assumptions(axes, last, inputs.assumed, inputs.lang, words=words)
    mark_start(axes, inputs, words=words)


def _around_hundred(axes: Axes, cuts: dict[str, np.ndarray]) -> None:
    """An axis around 100, never so narrow that a fraction of a percent looks like much."""
    from matplotlib.ticker import MaxNLocator

    low, high = (
        (float(np.nanmin(cuts["lo"])), float(np.nanmax(cuts["hi"]))) if np.isfinite(cuts["lo"]).any() else (99, 101)
    )
    reach = max(2.0, 100.0 - low, high - 100.0) * 1.1
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


def _difference_legend(axes: Axes, inputs: Inputs) -> None:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    axes.set_axis_off()
    handles = [
        Line2D([], [], color=MODEL, linewidth=2.2, label=inputs.words("legend_mean")),
        Patch(color=MODEL, alpha=0.2, linewidth=0, label=inputs.words("legend_band")),
    ]
    axes.legend(handles=handles, loc="center", fontsize=10.5)


def _alt(inputs: Inputs, picture: str) -> str:
    """What a picture shows: title, then how, then the largest changes in numbers where key figures are known."""
    parts = [inputs.alt(picture)]
    figures = inputs.table("key_figures")
    wanted = {"stocks": "stock:", "exits": "exit:", "registers": "register:"}.get(picture)
    if figures is not None and wanted is not None:
        for row in figures.to_dict("records"):
            outcome = str(row["outcome"])
            if not outcome.startswith(wanted):
                continue
            parts.append(f"{upper(outcome_words(outcome, inputs.lang))}: {effect_text(row, inputs)}.")
    return " ".join(parts)
