"""Pictures of a fit: published counts compared with what the model's registers would have shown.

One picture for each register, with a panel for each national series (bands over the years) and one for its cells
(intervals, a row each); and two for the cells by citizenship. Error of the published numbers shows as thin lines beyond
the intervals.
"""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from irregsim.inference.targets import for_register
from irregsim.model.registers import REGISTERS
from irregsim.present.plots.style import MODEL, OBSERVED, SHADE, Drawing, count_axis, new_figure, settings, year_axis
from irregsim.vocabulary.labels import label
from irregsim.vocabulary.numbers import country_name, number

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: National series of each register that shows one and has published counts to compare it with: dimension and key.
SERIES: Final[dict[str, tuple[tuple[str, str], ...]]] = {
    register.name: tuple((one.dimension, one.key) for one in register.shown)
    for register in REGISTERS
    if register.shown and any(target.role in ("fit", "check") for target in for_register(register.name))
}

#: Dimensions drawn as cells next to the series of their register.
CELLS: Final[dict[str, tuple[str, ...]]] = {register.name: register.shown_as_cells for register in REGISTERS}

_STOCKS: Final = frozenset(register.name for register in REGISTERS if register.is_stock)

#: The dimension with pictures of its own, one for each ground.
BY_COUNTRY: Final = ("udi_expulsions", "country_ground")
GROUNDS: Final = ("utlendingsloven", "straff")

#: Another edition of a published number; from the same palette as the strategies, and a shape of its own.
NEWER: Final = "#D55E00"

_COLUMNS: Final = (
    "register",
    "dimension",
    "key",
    "period",
    "source",
    "role",
    "published",
    "median",
    "lo50",
    "hi50",
    "lo90",
    "hi90",
    "lo90_error",
    "hi90_error",
)


@dataclass(frozen=True)
class FitTables:
    """What the pictures are drawn from.

    Attributes:
        judged: From `goodness.judged`.
        bands: From `goodness.bands`, for `SERIES`.
        newer: As ``judged``, with another edition of the targets; None where there is none.
        fitted: Whether the draws were fitted to the targets of role ``fit``.
        sentences: Below every picture.
        lang: One of `LANGUAGES`.
    """

    judged: pd.DataFrame
    bands: pd.DataFrame
    newer: pd.DataFrame | None
    fitted: bool
    sentences: tuple[str, ...]
    lang: str


def fit_series() -> tuple[tuple[str, str, str], ...]:
    """Register, dimension and key of every series that `goodness.bands` must give."""
    return tuple((register, *where) for register, keys in SERIES.items() for where in keys)


def pictures(tables: FitTables) -> dict[str, Callable[[], Drawing]]:
    """Every picture of a fit, in the order of a page: name of the file to what draws it."""
    found: dict[str, Callable[[], Drawing]] = {}
    for register in SERIES:
        found[f"fit-{register.replace('_', '-')}"] = partial(_draw_register, tables, register)
        if register == BY_COUNTRY[0]:
            for ground in GROUNDS:
                found[f"fit-by-citizenship-{ground}"] = partial(_draw_countries, tables, ground)
    return found


def _draw_register(tables: FitTables, register: str) -> Drawing:
    lang = tables.lang
    title = _upper(label(f"register.{register}", lang))
    counts, cells = SERIES[register], CELLS[register]
    with settings():
        figure = new_figure()
        _leave_room(figure, title)
        kinds: list[tuple[str, str, str]] = [("series", *where) for where in counts]
        kinds += [("cells", dimension, "") for dimension in cells]
        rows = 2 if len(kinds) > 3 else 1
        columns = -(-len(kinds) // rows)
        # Sanctions: each series with its cells to the right.
        widths = [1.2 if kind == "cells" and columns == 3 else 1.0 for kind, *_ in kinds[:columns]]
        grid = figure.subplots(rows, columns, squeeze=False, width_ratios=widths)
        data, words = [], []
        for (kind, dimension, key), axes in zip(kinds, (grid.T if rows == 2 else grid).flat, strict=True):
            if kind == "series":
                chosen = _chosen(tables.judged, register, dimension, key)
                data.append(_series_panel(axes, tables, register, dimension, key))
                name = _series_name(register, dimension, key, lang)
            else:
                chosen = _cells_of(tables.judged, register, dimension)
                data.append(_cells_panel(axes, tables, register, dimension))
                name = _cells_name(register, dimension, lang)
            axes.set_title("\n".join(textwrap.wrap(name, 46 if columns < 3 else 34)), fontsize=12)
            words.append(_in_words(name, chosen, lang))
        shown = tables.judged[(tables.judged["register"] == register) & _judged(tables.judged)]
        shown = shown[shown["dimension"].isin([*(where[0] for where in counts), *cells])]
        _below(figure, tables, shown, has_series=True)
    return _drawing(figure, title, words, data, lang)


def _draw_countries(tables: FitTables, ground: str) -> Drawing:
    lang = tables.lang
    register, dimension = BY_COUNTRY
    register_words = _upper(label(f"register_short.{register}", lang))
    title = f"{register_words}: {label(f'key.{ground}', lang)}, {label('fit.by_citizenship', lang)}"
    chosen = _cells_of(tables.judged, register, dimension)
    chosen = chosen[chosen["key"].str.endswith(f":{ground}")]
    order = chosen.groupby("key")["observed"].sum().sort_values(ascending=False, kind="stable").index.tolist()
    half = -(-len(order) // 2)
    with settings():
        figure = new_figure()
        _leave_room(figure, title)
        panels = figure.subplots(1, 2)
        for keys, axes in zip((order[:half], order[half:]), panels, strict=True):
            names = [country_name(key.partition(":")[0], lang) for key in keys]
            _dots(axes, tables, chosen, keys, names)
            axes.set_xlabel(label("fit.axis_count", lang), fontsize=11)
        _below(figure, tables, chosen, has_series=False, periods=sorted(chosen["period"].unique()))
    words = [_in_words(title, chosen, lang)]
    return _drawing(figure, title, words, [_rows(chosen, "cell")], lang)


def _drawing(figure: Figure, title: str, words: Sequence[str], data: Sequence[pd.DataFrame], lang: str) -> Drawing:
    import pandas as pd

    table = pd.concat([part for part in data if len(part)], ignore_index=True)
    alt = f"{title}. {label('fit.alt', lang)} {' '.join(words)}"
    return Drawing(figure, table, alt)


# ---------------------------------------------------------------------------------------------------------
# Panels


def _series_panel(axes: Axes, tables: FitTables, register: str, dimension: str, key: str) -> pd.DataFrame:
    import pandas as pd

    bands = tables.bands
    bands = bands[(bands["register"] == register) & (bands["dimension"] == dimension) & (bands["key"] == key)]
    x = np.array([place(period) for period in bands["period"]])
    for name, alpha in (("90", 0.18), ("50", 0.30)):
        low, high = bands[f"lo{name}"].to_numpy(), bands[f"hi{name}"].to_numpy()
        axes.fill_between(x, low, high, color=MODEL, alpha=alpha, linewidth=0)
    axes.plot(x, bands["median"].to_numpy(), color=MODEL, linewidth=2.2)
    chosen = _chosen(tables.judged, register, dimension, key)
    first, last = _years(tables)
    if tables.fitted:
        _fitted_years(axes, chosen)
    tops = [1.0, *bands["hi90"].tolist()]
    for one in chosen.to_dict("records"):
        start, end = _span(str(one["period"]))
        years = end - start if end - start > 1 else 1.0  # a sum over years shows as its yearly mean
        centre = place(str(one["period"]))
        axes.plot([centre] * 2, [one["lo90_error"] / years, one["hi90_error"] / years], color=MODEL, linewidth=1.1)
        value = one["observed"] / years
        if years > 1:
            axes.plot([start, end], [value] * 2, color=OBSERVED, linewidth=1.4)
        _point(axes, centre, value, str(one["role"]))
        newer = _newer(tables, str(one["id"]))
        if newer is not None:
            axes.plot(centre, newer / years, "D", color=NEWER, markersize=6, zorder=5, clip_on=False)
        tops += [value, newer / years if newer is not None else 0.0]
        # A line that reaches far above everything else must not press the picture flat.
        tops.append(min(one["hi90_error"] / years, 1.5 * max(tops)))
    axes.set_ylim(0, max(tops) * 1.08)
    year_axis(axes, first, last + 0.1, ticks=6)
    count_axis(axes, tables.lang)
    axes.set_ylabel(label("axis.persons" if register in _STOCKS else "axis.count_per_year", tables.lang), fontsize=11)
    model = bands.assign(source="model", role=None, published=np.nan, lo90_error=np.nan, hi90_error=np.nan)
    return pd.concat([model[list(_COLUMNS)], _rows(chosen, "target")], ignore_index=True)


def _cells_panel(axes: Axes, tables: FitTables, register: str, dimension: str) -> pd.DataFrame:
    chosen = _cells_of(tables.judged, register, dimension)
    order = chosen.sort_values("observed", ascending=False, kind="stable")["key"].drop_duplicates().tolist()
    _dots(axes, tables, chosen, order, [_cell_name(dimension, key, tables.lang) for key in order])
    percent = chosen["unit"].str.contains("percent").any()
    unit = label("unit.percent", tables.lang) if percent else ""
    periods = ", ".join(_period(str(period)) for period in sorted(chosen["period"].unique()))
    axes.set_xlabel(f"{unit}, {periods}" if unit else f"{label('fit.axis_count', tables.lang)}, {periods}", fontsize=11)
    return _rows(chosen, "cell")


def _dots(
    axes: Axes,
    tables: FitTables,
    cells: pd.DataFrame,
    keys: Sequence[str],
    names: Sequence[str],
) -> None:
    """A row for each key, its periods below each other; interval bars and the published number."""
    from matplotlib.ticker import FixedLocator

    periods = sorted(cells["period"].unique())
    step = 0.8 / len(periods)
    height = 9.0 if len(periods) == 1 else 4.8
    for one in cells[cells["key"].isin(keys)].to_dict("records"):
        row = keys.index(one["key"])
        y = row + (periods.index(one["period"]) - (len(periods) - 1) / 2) * step
        axes.plot([one["lo90_error"], one["hi90_error"]], [y, y], color=MODEL, linewidth=0.9)
        for name, alpha in (("90", 0.35), ("50", 0.75)):
            ends = [one[f"lo{name}"], one[f"hi{name}"]]
            axes.plot(ends, [y, y], color=MODEL, alpha=alpha, linewidth=height * 0.75, solid_capstyle="butt")
        axes.plot(one["median"], y, "|", color="white", markersize=height * 0.8, markeredgewidth=1.2)
        _point(axes, one["observed"], y, one["role"], MARKERS[periods.index(one["period"]) % len(MARKERS)], height)
        value = _newer(tables, str(one["id"]))
        if value is not None:
            axes.plot(value, y, "D", color=NEWER, markersize=5, zorder=5, clip_on=False)
    axes.set_yticks(range(len(keys)), names)
    axes.set_ylim(len(keys) - 0.4, -0.6)
    axes.grid(axis="y", visible=False)
    for row in range(1, len(keys), 2):
        axes.axhspan(row - 0.5, row + 0.5, color="#F6F6F6", linewidth=0, zorder=0)
    # Square roots make the noise of counts about equally wide, and have room for zero.
    axes.set_xscale("function", functions=(lambda v: np.sqrt(np.maximum(v, 0.0)), np.square))
    shown = cells[cells["key"].isin(keys)]
    top = float(np.nanmax([shown["observed"].max(), shown["hi90"].max(), 1.0])) * 1.15
    axes.set_xlim(0, top)
    axes.xaxis.set_major_locator(FixedLocator(_apart([v for v in _TICKS if v <= top], top)))
    axes.xaxis.set_major_formatter(lambda value, _: number(value, tables.lang, decimals=0))
    axes.grid(axis="x", color="#DDDDDD", linewidth=0.8)
    axes.tick_params(axis="y", length=0, pad=8, labelsize=11)


#: Shapes of the years of a cell, in their order.
MARKERS: Final = ("o", "s", "^", "v")

#: Height of the room below the panels, as a share of the figure.
_ROOM: Final = 0.13

_TICKS: Final = (0, 1, 5, 10, 25, 50, 100, 200, 400, 800, 1600, 3200, 6400)


def _apart(ticks: Sequence[int], top: float) -> list[int]:
    """Ticks of an axis of square roots that leave room for their numbers, the largest first."""
    kept: list[int] = []
    for tick in sorted(ticks, reverse=True):
        room = 0.03 + 0.02 * len(str(tick))
        if not kept or np.sqrt(kept[-1]) - np.sqrt(tick) >= room * np.sqrt(top):
            kept.append(tick)
    return kept


def _point(axes: Axes, x: float, y: float, role: str, shape: str = "o", size: float = 7.0) -> None:
    """A published number: filled where it was in the fit, open where it was held out."""
    face = OBSERVED if role == "fit" else "white"
    axes.plot(
        x, y, shape, color=OBSERVED, markerfacecolor=face, markersize=size, markeredgewidth=1.3, zorder=4, clip_on=False
    )


def _fitted_years(axes: Axes, chosen: pd.DataFrame) -> None:
    """Shade the years from the first to the last fitted number of a series."""
    spans = [_span(str(period)) for period in chosen.loc[chosen["role"] == "fit", "period"]]
    if spans:
        low, high = min(low for low, _ in spans), max(high for _, high in spans)
        axes.axvspan(low, high, color=SHADE, alpha=0.8, linewidth=0, zorder=0)


def _leave_room(figure: Figure, title: str) -> None:
    """Title the figure, and keep its panels out of the room of legend and sentences."""
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    figure.suptitle("\n".join(textwrap.wrap(title, 90)), x=0.01, ha="left")
    layout = figure.get_layout_engine()
    assert isinstance(layout, ConstrainedLayoutEngine), "new_figure gives it"
    layout.set(rect=(0.0, _ROOM, 1.0, 1.0 - _ROOM))


def _below(
    figure: Figure, tables: FitTables, shown: pd.DataFrame, *, has_series: bool, periods: Sequence[str] = ()
) -> None:
    """Legend and sentences below the panels."""
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    lang = tables.lang
    point: dict[str, Any] = {"marker": "o", "linestyle": "none", "color": OBSERVED, "markersize": 7}
    roles = set(shown["role"])
    handles: list[Artist] = []
    if "fit" in roles:
        words = label("fit.legend_fit" if tables.fitted else "fit.legend_would", lang)
        handles.append(Line2D([], [], label=words, **point))
    if "check" in roles:
        handles.append(Line2D([], [], markerfacecolor="white", label=label("fit.legend_check", lang), **point))
    if any(_newer(tables, str(id_)) is not None for id_ in shown["id"]):
        handles.append(Line2D([], [], marker="D", linestyle="none", color=NEWER, label=label("fit.legend_newer", lang)))
    if has_series:
        handles.append(Line2D([], [], color=MODEL, linewidth=2.2, label=label("fit.legend_median", lang)))
    handles.append(Patch(color=MODEL, alpha=0.45, linewidth=0, label=label("fit.legend_50", lang)))
    handles.append(Patch(color=MODEL, alpha=0.2, linewidth=0, label=label("fit.legend_90", lang)))
    handles.append(Line2D([], [], color=MODEL, linewidth=1.1, label=label("fit.legend_error", lang)))
    if has_series and tables.fitted and "fit" in roles:
        handles.append(Patch(color=SHADE, linewidth=0, label=label("fit.legend_period", lang)))
    for i, period in enumerate(periods):
        look = {**point, "marker": MARKERS[i], "markerfacecolor": "white", "markersize": 6}
        handles.append(Line2D([], [], label=period, **look))
    legend = figure.legend(
        handles=handles, loc="upper left", bbox_to_anchor=(0.005, _ROOM), ncols=4, fontsize=10, handlelength=1.6
    )
    text = figure.text(0.01, 0.012, textwrap.fill("  ".join(tables.sentences), 165), fontsize=9.5, color="#555555")
    for artist in (legend, text):
        artist.set_in_layout(False)


# ---------------------------------------------------------------------------------------------------------
# Words, rows and places


def _chosen(judged: pd.DataFrame, register: str, dimension: str, key: str) -> pd.DataFrame:
    """Numbers of one series that are judged and can be given."""
    where = (judged["register"] == register) & (judged["dimension"] == dimension) & (judged["key"] == key)
    return judged[where & _judged(judged)]


def _cells_of(judged: pd.DataFrame, register: str, dimension: str) -> pd.DataFrame:
    """Numbers of the cells of a dimension that are judged and can be given, without its national series."""
    apart = [key for of, key in SERIES.get(register, ()) if of == dimension]
    where = (judged["register"] == register) & (judged["dimension"] == dimension) & ~judged["key"].isin(apart)
    return judged[where & _judged(judged)]


def _judged(judged: pd.DataFrame) -> pd.Series:
    return judged["role"].isin(["fit", "check"]) & judged["median"].notna()


def _newer(tables: FitTables, id_: str) -> float | None:
    """What another edition says about a target, where that is another number."""
    if tables.newer is None:
        return None
    values = [frame.loc[frame["id"] == id_, "observed"].tolist() for frame in (tables.judged, tables.newer)]
    return float(values[1][0]) if values[1] and values[0] != values[1] else None


def _rows(chosen: pd.DataFrame, source: str) -> pd.DataFrame:
    return chosen.assign(source=source, published=chosen["observed"])[list(_COLUMNS)]


def place(period: str) -> float:
    """Place of a period on an axis of years: the middle of a year or span of years, the end of a month."""
    if len(period) == 7:
        return int(period[:4]) + int(period[5:]) / 12
    low, high = _span(period)
    return (low + high) / 2


def _span(period: str) -> tuple[float, float]:
    """First and last end of a period on an axis of years."""
    if len(period) == 9:
        return float(period[:4]), float(period[5:]) + 1.0
    if len(period) == 7:
        return place(period) - 1 / 12, place(period)
    return float(period), float(period) + 1.0


def _years(tables: FitTables) -> tuple[float, float]:
    ends = [_span(str(period)) for period in tables.bands["period"]]
    return min((low for low, _ in ends), default=2012.0) // 1, max((high for _, high in ends), default=2021.0)


def _period(period: str) -> str:
    return period.replace("-", "–") if len(period) == 9 else period


def _series_name(register: str, dimension: str, key: str, lang: str) -> str:
    if dimension in ("employer", "worker"):
        return _upper(label(f"dimension.{dimension}", lang))
    return _upper(label("fit.whole_country" if key == "total" else f"key.{key}", lang))


def _cells_name(register: str, dimension: str, lang: str) -> str:
    if dimension in ("employer", "worker"):
        return _upper(f"{label(f'dimension.{dimension}', lang)}, {label('dimension.district', lang)}")
    return _upper(label(f"dimension.{dimension}", lang))


def _cell_name(dimension: str, key: str, lang: str) -> str:
    if dimension == "country":
        return "\n+ ".join(country_name(name, lang) for name in key.split("+"))
    return "PU" if key == "PU" else _upper(label(f"district.{key}", lang)) if key == "Andre" else key


def _in_words(name: str, chosen: pd.DataFrame, lang: str) -> str:
    """What a panel shows, for those who cannot see it."""
    if chosen.empty:
        return f"{name}: {label('fit.alt_none', lang)}."
    inside = int(chosen["inside90_error"].sum())
    periods = sorted(str(period) for period in chosen["period"].unique())
    years = periods[0] if len(periods) == 1 else f"{periods[0]} – {periods[-1]}"
    return label("fit.alt_panel", lang).format(name=name, number=len(chosen), years=years, inside=inside)


def _upper(text: str) -> str:
    return text[0].upper() + text[1:]
