"""What the pictures of a comparison share: what they read, their titles and footers, and their small multiples.

A picture is of all scenarios, a part for each, one below the other (`together`). Its title is a message; below it stand
what is shaded, where it comes from, how many replicates there are and the id of the comparison, so that it can be
understood and found again when it is cut out of the page.
"""

from __future__ import annotations

import math
import textwrap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from irregsim.inference.check_words import caveat_words
from irregsim.present import words
from irregsim.present.headline import answer, sentence
from irregsim.present.main_effects import by_certainty, meant
from irregsim.present.plots.strategies import year_fraction
from irregsim.present.plots.style import (
    INK,
    MODEL,
    Drawing,
    assumption_patches,
    assumption_sentence,
    drawable,
    footnote,
    new_figure,
    settings,
)
from irregsim.present.words import has_direction, short_title, title_of, upper
from irregsim.vocabulary.codes import month_number, month_text
from irregsim.vocabulary.labels import Words, label, labels
from irregsim.vocabulary.numbers import drawn, plain

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure, FigureBase

#: The reference is drawn in the same way in every picture.
REFERENCE_DASHES: Final = (0, (4, 2))

#: Widest interval first: name of the columns to how strong it is drawn.
BANDS: Final = (("lo", "hi", 0.16), ("lo80", "hi80", 0.2), ("lo50", "hi50", 0.28))

#: An axis of time begins so many months before the first change: before it nothing differs.
MONTHS_BEFORE: Final = 24

#: Width of every picture in inches, effects and letters to a line of its title, and height of title and footer.
WIDTH: Final = 12.0
MOST_IN_TITLE: Final = 2
TITLE_LETTERS: Final = 106
_AROUND: Final = 1.15


@dataclass(frozen=True)
class Inputs:
    """What pictures are drawn from.

    Attributes:
        frames: Tables of the comparison folder by name; a picture whose table is missing or empty is left out.
        about: What the comparison is about (`irregsim.present.pages.compare` lists its keys).
        scenario: The scenario of a part of a picture; empty for the whole.
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
        chosen = frame[frame["scenario"] == self.scenario]
        return None if chosen.empty else chosen

    def each(self) -> list[Inputs]:
        """The same for each scenario; for one of them, itself."""
        names = [self.scenario] if self.scenario else [str(name) for name in self.about["scenarios"]]
        return [replace(self, scenario=name) for name in names]

    def outcome(self, outcome: str, *, whole: bool = False) -> pd.DataFrame | None:
        """Rows of ``differences`` for one outcome, in the order of months; None where there are none.

        Args:
            outcome: Its name.
            whole: Every month of the period, and not only those of the axis of time.
        """
        rows = self.table("differences")
        if rows is None:
            return None
        rows = rows[rows["outcome"] == outcome]
        if rows.empty:
            return None
        rows = rows.assign(month=rows["month"].astype(str)).sort_values("month")
        shown = rows if whole else rows[rows["month"] >= self.first_month]
        return None if shown.empty else shown.reset_index(drop=True)

    @property
    def first_month(self) -> str:
        """The first month of the axis of time, the same for every scenario: `MONTHS_BEFORE` before the first change."""
        first = month_number(str(self.about["period"][0]))
        changes = [month_number(str(one)) for one in self.about.get("first_effective", {}).values() if one]
        return month_text(max(first, min(changes, default=first) - MONTHS_BEFORE))

    def rows(self) -> list[dict[str, Any]]:
        """Rows of ``key_figures``."""
        figures = self.table("key_figures")
        return [] if figures is None else [{str(k): v for k, v in row.items()} for row in figures.to_dict("records")]

    @property
    def declared(self) -> tuple[str, ...]:
        """Outcomes that the scenario is declared to move."""
        levers, expects = self.about.get("levers", {}), self.about.get("expects", {})
        return meant(levers.get(self.scenario, ()), expects.get(self.scenario, ()))

    def message(self, about: Callable[[str], bool] | None = None) -> str:
        """What is found for the scenario, in few words: of the outcomes named, or of all.

        Args:
            about: Says of an outcome whether the picture is about it.
        """
        rows = self.rows()
        if about is None:
            return answer(rows, self.declared, self.lang, short=True) if rows else ""
        rows = sorted((row for row in rows if about(str(row["outcome"]))), key=by_certainty)
        told = [row for row in rows if has_direction(row)]
        if told:
            text = sentence(told[:MOST_IN_TITLE], self.lang, short=True)
            more = len(told) - MOST_IN_TITLE
            return f"{text}; {self.words('more_told', number=more)}" if more > 0 else text
        if len(rows) <= MOST_IN_TITLE:
            return sentence(rows, self.lang, short=True)
        return self.words("none_told", number=len(rows))

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

    def drawn_title(self) -> str:
        """Title of this scenario as a picture can show it: its name where the font lacks a letter."""
        return drawable(self.title(), self.scenario)

    def drawn_reference(self) -> str:
        """Title of the reference up to the end of its first sentence, as a picture can show it."""
        return drawable(short_title(self.reference, self.about, self.lang), self.reference)

    def topic(self, key: str) -> str:
        """What a picture shows, before a comma or a colon: a question is not at its end there."""
        return self.words(key).rstrip("?")

    def heading(self, key: str, message: str = "") -> str:
        """Title of a picture of one scenario: the message, and below it what is shown."""
        reference = self.words("against", name=self.drawn_reference())
        topic = f"{self.topic(key)}: {self.words('quoted', name=self.drawn_title())}, {reference}"
        return "\n".join([*textwrap.wrap(upper(message), TITLE_LETTERS), *textwrap.wrap(topic, TITLE_LETTERS)])

    def part_heading(self, message: str) -> str:
        """Title of the part of a scenario in a picture of several."""
        quoted = self.words("quoted", name=self.drawn_title())
        return "\n".join(textwrap.wrap(f"{quoted}: {message}" if message else quoted, TITLE_LETTERS))

    def alt(self, picture: str) -> str:
        """What a picture shows: its title, the message of each scenario, and how it is read."""
        told = [f"{one.words('quoted', name=one.title())}: {one.message()}" for one in self.each()]
        return f"{self.words(f'title_{picture}')}. {'. '.join(told)}. {self.words(f'alt_{picture}')}"

    def months(self) -> tuple[float, float]:
        """First and last place of the axis of years."""
        return year_fraction(self.first_month) - 1 / 12, year_fraction(str(self.about["period"][1]))

    @property
    def assumed(self) -> tuple[str, str]:
        """Months from which what is compared rests on assumptions in part, and alone."""
        partly, wholly = self.about["assumed"]
        return str(partly), str(wholly)

    def effective(self) -> float | None:
        """Place of the beginning of the first effective month."""
        month = self.about.get("first_effective", {}).get(self.scenario)
        return None if not month else year_fraction(month) - 1 / 12

    @property
    def caveat(self) -> str:
        """What is to be known of draws that are not calibrated; empty where they are."""
        return caveat_words(self.about.get("caveat"), self.about.get("red", ()), self.lang)

    def sentences(self, *more: str) -> list[str]:
        """Sentences below a picture: those given, what is shaded, caveats, synthetic persons, and where it is from."""
        out = [*more, assumption_sentence(self.assumed, self.lang)]
        if self.caveat:
            out.append(self.caveat)
        if self.shows_levels:
            out.append(label("sentence.hidden_levels", self.lang))
        return [*out, label("sentence.synthetic_persons", self.lang), self.source()]

    def source(self) -> str:
        """Where a picture comes from: program, comparison, date, replicates, draws, seed and scale."""
        about = self.about
        return self.words(
            "made_by",
            version=about.get("versions", {}).get("irregsim", ""),
            id=about["comparison_id"],
            date=about.get("date", ""),
            replicates=about["replicates"],
            draws=label(f"fit.source_{about['draws']}", self.lang),
            seed=about["seed"],
            scale=plain(f"{float(about.get('scale', 1.0)):g}", self.lang),
        )


@dataclass(frozen=True)
class Part:
    """What a picture shows of one scenario.

    Attributes:
        draw: Draws it on a figure or a part of one, and returns every number drawn.
        height: Its height in inches.
        message: Its title.
    """

    draw: Callable[[FigureBase], pd.DataFrame]
    height: float
    message: str = ""


def together(
    inputs: Inputs, name: str, part_of: Callable[[Inputs], Part | None], *notes: str, alt: str = ""
) -> Drawing | None:
    """A picture of all scenarios, a part for each, one below the other.

    Args:
        inputs: What it is drawn from.
        name: The picture; its topic is the label ``compare.title_<name>``.
        part_of: What it shows of a scenario; None for nothing.
        notes: Sentences below it.
        alt: What it shows in words; by default `Inputs.alt`.

    Returns:
        The drawing; its data is that of the parts with a column ``scenario``. None where no scenario has a part.
    """
    import pandas as pd

    found = [(one, part) for one in inputs.each() if (part := part_of(one)) is not None]
    if not found:
        return None
    with settings():
        heights = [part.height for _, part in found]
        figure = new_figure((WIDTH, sum(heights) + _AROUND))
        keep_edges_free(figure)
        if len(found) == 1:
            places: list[FigureBase] = [figure]
            titles = [found[0][0].heading(f"title_{name}", found[0][1].message)]
        else:
            parts: Any = figure.subfigures(len(found), 1, height_ratios=heights)
            places = list(parts)
            reference = inputs.words("against", name=inputs.drawn_reference())
            topic = f"{inputs.topic(f'title_{name}')}, {reference}"
            figure.suptitle("\n".join(textwrap.wrap(topic, TITLE_LETTERS)), x=0.01, ha="left", fontsize=12)
            titles = [one.part_heading(part.message) for one, part in found]
        tables = []
        for (one, part), place, title in zip(found, places, titles, strict=True):
            place.suptitle(title, x=0.01, ha="left", fontsize=13)
            tables.append(part.draw(place).assign(scenario=one.scenario))
        finish(figure, inputs, *notes)
    data = pd.concat(tables, ignore_index=True)
    data.insert(0, "scenario", data.pop("scenario"))
    return Drawing(figure, data, alt or inputs.alt(name))


def keep_edges_free(figure: Figure, *, is_slide: bool = False) -> None:
    """Keep a strip free on both sides, for words that run a little wider than measured; a wider one on a slide."""
    engine: Any = figure.get_layout_engine()
    engine.set(rect=(0.012, 0.0, 0.962, 0.99) if is_slide else (0.004, 0.0, 0.984, 0.996))


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


def mark_start(axes: Axes, inputs: Inputs) -> None:
    """A thin line where the scenario first differs."""
    place = inputs.effective()
    if place is not None:
        axes.axvline(place, color="#777777", linewidth=1.0, linestyle=(0, (1, 2)))


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
    text = words.effect_text(row, inputs.lang)
    unit = f"unit.{row.get('unit', '')}"
    text = f"{text} {label(unit, inputs.lang)}" if unit in labels() and unit != "unit.count" else text
    return words.graded(row, text, inputs.lang)


def intervals(
    axes: Axes,
    rows: Sequence[Mapping[str, Any]],
    colour: str = MODEL,
    *,
    height: float = 0.0,
    marker: str = "o",
    reach: float = math.inf,
) -> None:
    """Dots with intervals, the first row at the top.

    Args:
        axes: Where to draw; x is the value.
        rows: Each with ``mean``, ``lo``, ``hi``, and if known ``lo50``, ``hi50`` and ``verdict``; a dot is open where
            the effect has no clear direction.
        colour: Of lines and dots.
        height: Added to every place, to separate two scenarios.
        marker: Shape of the dots.
        reach: Where the axis ends on both sides; a mean beyond it is an arrow at the edge instead of a dot, and an
            interval that goes on beyond it ends in a small one.
    """
    for place, row in enumerate(rows):
        y = place + height
        axes.plot([row["lo"], row["hi"]], [y, y], color=colour, linewidth=1.4, solid_capstyle="butt")
        if row.get("lo50") is not None:
            axes.plot([row["lo50"], row["hi50"]], [y, y], color=colour, linewidth=4.5, solid_capstyle="butt", alpha=0.6)
        clear = row.get("verdict", "") != "cannot tell" and not row["lo"] <= 0.0 <= row["hi"]
        face = colour if clear else "white"
        mean = float(row["mean"])
        # Arrows are as far inside the edge as they are long.
        for end in (float(row["lo"]), float(row["hi"])):
            if abs(end) > reach:
                axes.plot([math.copysign(0.99 * reach, end)], [y], ">" if end > 0 else "<", color=colour, markersize=6)
        if abs(mean) > reach:
            axes.plot([math.copysign(0.985 * reach, mean)], [y], ">" if mean > 0 else "<", color=colour, markersize=9,
                      markerfacecolor=face)  # fmt: skip
            continue
        axes.plot([mean], [y], marker, color=colour, markersize=7, markerfacecolor=face, markeredgewidth=1.6)


def rows_axis(axes: Axes, names: Sequence[str], *, width: int = 38) -> None:
    """A y axis of names, the first at the top."""
    axes.set_yticks(range(len(names)), [wrapped(name, width) for name in names])
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.grid(visible=True, axis="x")
    axes.grid(visible=False, axis="y")


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
