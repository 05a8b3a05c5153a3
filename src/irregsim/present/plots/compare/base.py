"""What the pictures of a comparison share: what they read, lines for reference and scenario, levers above the axis."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from irregsim.present import words
from irregsim.present.plots.strategies import year_fraction
from irregsim.present.plots.style import INK, MODEL, assumption_patches, assumption_sentence, footnote
from irregsim.present.words import short_title, title_of
from irregsim.vocabulary.labels import Words, label, labels
from irregsim.vocabulary.numbers import drawn, plain

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: The reference is drawn in the same way in every picture.
REFERENCE_DASHES: Final = (0, (4, 2))

#: Widest interval first: name of the columns to how strong it is drawn.
BANDS: Final = (("lo", "hi", 0.16), ("lo80", "hi80", 0.2), ("lo50", "hi50", 0.28))

#: Levers shown above a time axis; more are in the table of differences.
MOST_LEVERS: Final = 5


@dataclass(frozen=True)
class Inputs:
    """What pictures are drawn from.

    Attributes:
        frames: Tables of the comparison folder by name; a picture whose table is missing or empty is left out.
        about: What the comparison is about (`irregsim.present.pages.compare` lists its keys).
        scenario: The scenario of a picture of one scenario; empty for pictures of all.
        lang: One of `LANGUAGES`.
    """

    frames: Mapping[str, pd.DataFrame]
    about: Mapping[str, Any]
    scenario: str
    lang: str

    def words(self, key: str, **values: object) -> str:
        """Words of this module's kind: the label ``compare.<key>``."""
        return Words(self.lang, "compare")(key, **values)

    def table(self, name: str) -> pd.DataFrame | None:
        """Rows of a table for the scenario; None where there are none."""
        frame = self.frames.get(name)
        if frame is None or frame.empty:
            return None
        if not self.scenario:
            return frame
        chosen = frame[frame["scenario"].astype(str) == self.scenario]
        return None if chosen.empty else chosen

    def outcome(self, outcome: str) -> pd.DataFrame | None:
        """Rows of ``differences`` for one outcome, in the order of months; None where there are none."""
        rows = self.table("differences")
        if rows is None:
            return None
        rows = rows[rows["outcome"].astype(str) == outcome]
        if rows.empty:
            return None
        return rows.assign(month=rows["month"].astype(str)).sort_values("month")

    @property
    def reference(self) -> str:
        """Name of the reference."""
        return str(self.about["reference"])

    @property
    def shows_levels(self) -> bool:
        """Whether levels of the hidden population were asked for."""
        return bool(self.about.get("show_levels", False))

    def title(self, name: str | None = None) -> str:
        """Title of a scenario; of this one by default."""
        return title_of(self.scenario if name is None else name, self.about, self.lang)

    def heading(self, key: str) -> str:
        """Heading of a picture of one scenario."""
        reference = self.words("against", name=short_title(self.reference, self.about, self.lang))
        return "\n".join([self.words(key), *textwrap.wrap(f"{self.title()}, {reference}", 92)])

    def alt(self, picture: str) -> str:
        """What a picture of one scenario shows: its title, the scenario, and how it is read."""
        return f"{self.words(f'title_{picture}')}: {self.title()}. {self.words(f'alt_{picture}')}"

    def months(self) -> tuple[float, float]:
        """First and last place of the axis of years."""
        first, last = self.about["period"]
        return year_fraction(first) - 1 / 12, year_fraction(last)

    @property
    def assumed(self) -> tuple[str, str]:
        """Months from which what is compared rests on assumptions in part, and alone."""
        partly, wholly = self.about["assumed"]
        return str(partly), str(wholly)

    def effective(self) -> float | None:
        """Place of the beginning of the first effective month."""
        month = self.about.get("first_effective", {}).get(self.scenario)
        return None if not month else year_fraction(month) - 1 / 12

    def sentences(self, *more: str) -> list[str]:
        """Sentences below a picture: those given, what is shaded, caveats, synthetic persons."""
        out = [*more, assumption_sentence(self.assumed, self.lang)]
        if self.about.get("caveat"):
            out.append(label(str(self.about["caveat"]), self.lang))
        if self.shows_levels:
            out.append(label("sentence.hidden_levels", self.lang))
        out.append(label("sentence.synthetic_persons", self.lang))
        return out


def places(rows: pd.DataFrame) -> np.ndarray:
    """Place of each row's month on an axis of years."""
    return np.array([year_fraction(month) for month in rows["month"].astype(str)])


def unit_words(rows: pd.DataFrame, lang: str) -> str:
    """The unit of rows of one outcome in words; persons where it has none."""
    unit = f"unit.{rows['unit'].iloc[0]}"
    return label(unit if unit in labels() else "unit.persons", lang)


def values(rows: pd.DataFrame, column: str) -> np.ndarray:
    """A column as floats."""
    return rows[column].to_numpy(dtype="float64")


def indexed(rows: pd.DataFrame) -> dict[str, np.ndarray] | None:
    """Scenario as an index of the reference (= 100), month by month: mean and ends of its intervals.

    Returns:
        ``mean`` and whichever of `BANDS` the table has; None where the reference is never above zero. Months in which
        the reference is zero are missing.
    """
    reference = values(rows, "reference_mean")
    if not (reference > 0).any():
        return None
    base = np.where(reference > 0, reference, np.nan)
    names = ["mean", *(name for lo, hi, _ in BANDS for name in (lo, hi) if name in rows)]
    return {name: 100.0 * (1.0 + values(rows, name) / base) for name in names}


def bands(axes: Axes, x: np.ndarray, cuts: Mapping[str, np.ndarray], colour: str, *, widest_only: bool = False) -> None:
    """Intervals, the widest first; none has an edge."""
    for lo, hi, alpha in BANDS[:1] if widest_only else BANDS:
        if lo in cuts:
            axes.fill_between(x, cuts[lo], cuts[hi], color=colour, alpha=alpha, linewidth=0)


def mark_start(axes: Axes, inputs: Inputs, *, words: bool = False) -> None:
    """A thin line where the scenario first differs."""
    place = inputs.effective()
    if place is None:
        return
    axes.axvline(place, color="#777777", linewidth=1.0, linestyle=(0, (1, 2)))
    if words:
        late = place > sum(axes.get_xlim()) / 2
        axes.text(
            place,
            0.02,
            f" {inputs.words('first_month')} ",
            transform=axes.get_xaxis_transform(),
            ha="right" if late else "left",
            fontsize=9.5,
            color="#555555",
        )


def wrapped(text: str, width: int = 34) -> str:
    """A title in lines, with a capital first."""
    return "\n".join(textwrap.wrap(text[:1].upper() + text[1:], width))


def signed_axis(axes: Axes, inputs: Inputs, *, x: bool = False) -> None:
    """An axis of differences: a line at zero, numbers with their sign; of nothing but zeros from -1 to 1."""
    from matplotlib.ticker import MaxNLocator

    axis = axes.xaxis if x else axes.yaxis
    if max(map(abs, axis.get_view_interval())) < 0.1:
        (axes.set_xlim if x else axes.set_ylim)(-1.0, 1.0)
    axis.set_major_locator(MaxNLocator(nbins=5, steps=[1, 2, 2.5, 5, 10], min_n_ticks=2))
    axis.set_major_formatter(lambda value, _: drawn(value, inputs.lang, signed=True))
    (axes.axvline if x else axes.axhline)(0.0, color="#777777", linewidth=1.0)


def plain_axis(axes: Axes, lang: str, *, x: bool = False) -> None:
    """An axis of numbers without a sign, decimals as in the language."""
    axis = axes.xaxis if x else axes.yaxis
    axis.set_major_formatter(lambda value, _: plain(f"{value:g}", lang))


def effect_text(row: Mapping[Any, Any], inputs: Inputs) -> str:
    """The effect of a row of key figures with its interval and unit; or that it has no clear direction."""
    if row["verdict"] == "cannot tell":
        return inputs.words("verdict_cannot_tell")
    text = words.effect_text(row, inputs.lang)
    unit = f"unit.{row.get('unit', '')}"
    return f"{text} {label(unit, inputs.lang)}" if unit in labels() and unit != "unit.count" else text


def intervals(
    axes: Axes, rows: Sequence[Mapping[str, Any]], colour: str = MODEL, *, height: float = 0.0, marker: str = "o"
) -> None:
    """Dots with intervals, the first row at the top.

    Args:
        axes: Where to draw; x is the value.
        rows: Each with ``mean``, ``lo``, ``hi``, and if known ``lo50``, ``hi50`` and ``verdict``; a dot is open where
            the effect has no clear direction.
        colour: Of lines and dots.
        height: Added to every place, to separate two scenarios.
        marker: Shape of the dots.
    """
    for place, row in enumerate(rows):
        y = place + height
        axes.plot([row["lo"], row["hi"]], [y, y], color=colour, linewidth=1.4, solid_capstyle="butt")
        if row.get("lo50") is not None:
            axes.plot([row["lo50"], row["hi50"]], [y, y], color=colour, linewidth=4.5, solid_capstyle="butt", alpha=0.6)
        clear = row.get("verdict", "") != "cannot tell" and not row["lo"] <= 0.0 <= row["hi"]
        face = colour if clear else "white"
        axes.plot([row["mean"]], [y], marker, color=colour, markersize=7, markerfacecolor=face, markeredgewidth=1.6)


def rows_axis(axes: Axes, names: Sequence[str], *, width: int = 38) -> None:
    """A y axis of names, the first at the top."""
    axes.set_yticks(range(len(names)), [wrapped(name, width) for name in names])
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.grid(visible=True, axis="x")
    axes.grid(visible=False, axis="y")


def strip_height(inputs: Inputs) -> float:
    """Height of the strip of levers, with the height of a panel as 1."""
    keys = {row["key"] for row in inputs.about.get("levers", {}).get(inputs.scenario, ()) if row["from"]}
    return 0.08 + 0.11 * max(1, min(len(keys), MOST_LEVERS + 1))


def lever_strip(axes: Axes, inputs: Inputs) -> list[str]:
    """Above a time axis: a bar for each lever while it differs from the reference, with its value.

    Returns:
        The levers drawn, by key.
    """
    first, last = inputs.months()
    groups: dict[str, list[Mapping[str, Any]]] = {}
    for row in inputs.about.get("levers", {}).get(inputs.scenario, ()):
        if row["from"]:
            groups.setdefault(str(row["key"]), []).append(row)
    shown = list(groups)[:MOST_LEVERS]
    axes.set_xlim(first, last)
    axes.set_ylim(max(len(shown), 1) - 0.4, -0.6)
    axes.grid(visible=False)
    axes.set_yticks([])
    for side in ("left", "bottom"):
        axes.spines[side].set_visible(False)
    axes.tick_params(bottom=False, labelbottom=False)
    for place, key in enumerate(shown):
        for row in groups[key]:
            start = year_fraction(str(row["from"])) - 1 / 12
            axes.barh(place, year_fraction(str(row["to"])) - start, left=start, height=0.62, color="#B9C6D3")
        start = year_fraction(str(groups[key][0]["from"])) - 1 / 12
        value = str(groups[key][0]["value"])
        text = f"{key.partition('.')[2]} = {value if len(value) < 40 else value[:37] + '…'}"
        right = start > (first + last) / 2
        # Next to the bar, where there is room: before it when it starts late, else in it.
        axes.text(start, place, f"{text} " if right else f" {text}", ha="right" if right else "left", va="center",
                  fontsize=9.5, color=INK)  # fmt: skip
    if len(groups) > len(shown):
        axes.text(first, len(shown) - 0.45, inputs.words("more_levers", number=len(groups) - len(shown)), fontsize=9)
    axes.set_title(inputs.words("levers_above"), fontsize=10.5)
    return shown


def legend_panel(axes: Axes, inputs: Inputs, *, colour: str = MODEL, more: Sequence[Artist] = ()) -> None:
    """Fill an empty panel with the words for reference, scenario, band and shade."""
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    axes.set_axis_off()
    handles: list[Artist] = [
        Line2D(
            [], [], color=INK, linestyle=REFERENCE_DASHES, linewidth=1.8, label=label("legend.reference", inputs.lang)
        ),
        Line2D([], [], color=colour, linewidth=2.2, label=label("legend.scenario", inputs.lang)),
        Patch(color=colour, alpha=0.2, linewidth=0, label=inputs.words("legend_band")),
        *more,
        *assumption_patches(inputs.assumed, inputs.lang),
    ]
    axes.legend(handles=handles, loc="center", fontsize=10.5)


def finish(figure: Figure, inputs: Inputs, *more: str) -> None:
    """The sentences below a picture."""
    footnote(figure, inputs.sentences(*more))
