"""What all pictures share: colours, sizes, axes and the shade over assumption years.

Colours are those of `irregsim.present.colours`. Every strategy also has a line style of its own, for readers and
printers without colour.
"""

from __future__ import annotations

import contextlib
import functools
import math
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from irregsim.present.colours import COLOURS as COLOURS
from irregsim.vocabulary.codes import FIRST_YEAR, month_number
from irregsim.vocabulary.knowledge import Knowledge, assumed_from
from irregsim.vocabulary.labels import label
from irregsim.vocabulary.numbers import number, plain

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: The line style of a strategy (matplotlib's dash patterns).
DASHES: Mapping[str, Any] = {
    "synlig": "-",
    "avhengig": (0, (6, 1.5)),
    "arbeidende": "-",
    "marginalisert": (0, (1.5, 1)),
    "fritt_fall": (0, (7, 1.5, 1.5, 1.5)),
}

#: Whatever is no strategy.
INK = "#333333"
MODEL = "#56708A"
OBSERVED = "#000000"
#: What rests on assumptions alone, and what does in part.
SHADE = "#E6E6E6"
LIGHT_SHADE = "#F0F0F0"

#: Room above what an axis must show: over the highest median, over the rest, and where words stand above it.
MEDIAN_ROOM, ROOM, ROOM_FOR_WORDS = 1.25, 1.12, 1.25

#: A band that is higher than what an axis must show by more than this leaves it; one that is not is shown whole.
LEAVES_ABOVE = 1.3

#: 16:9 in inches; 150 dots per inch fill a slide.
SIZE = (12.0, 6.75)
DPI = 150

#: Font of all pictures.
FONT = "DejaVu Sans"

_SETTINGS: dict[str, Any] = {
    "font.family": "sans-serif",
    "font.sans-serif": [FONT],  # comes with matplotlib, so text has the same size everywhere
    "font.size": 13.0,
    "axes.titlesize": 13.0,
    "axes.titlelocation": "left",
    "axes.labelsize": 12.0,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": "#666666",
    "axes.grid": True,
    "axes.grid.axis": "y",
    "axes.axisbelow": True,
    "grid.color": "#DDDDDD",
    "grid.linewidth": 0.8,
    "xtick.labelsize": 11.0,
    "ytick.labelsize": 11.0,
    "xtick.color": "#444444",
    "ytick.color": "#444444",
    "legend.frameon": False,
    "svg.fonttype": "none",  # text stays text: it can be searched, read aloud and edited
    "svg.hashsalt": "irregsim",
    "path.simplify": False,
    "text.parse_math": False,
}


@dataclass(frozen=True)
class Options:
    """How pictures are drawn.

    Attributes:
        lang: One of `LANGUAGES`.
        show_levels: Show hidden strategies in persons, as an interval, instead of as an index.
        calibrated: Whether parameters come from a fit that passed its calibration checks; if not, pictures of registers
            say so.
        caveat: Key of the sentence with which they say it.
        assumed: Months from which what is shown rests on assumptions in part, and alone (`assumed_from`).
        scenario: Title of the scenario; empty for none.
        scale: Population scale. Where it is not 1, published counts of the whole country are not drawn.
        source: Where the run comes from: its id, replicates, draws and seed, in a sentence; empty for none.
        red: Calibration checks that failed; the sentence of ``caveat`` names the counts among them.
    """

    lang: str = "en"
    show_levels: bool = False
    calibrated: bool = False
    caveat: str = "sentence.uncalibrated"
    assumed: tuple[str, str] = field(default_factory=lambda: assumed_from([Knowledge()]))
    scenario: str = ""
    scale: float = 1.0
    source: str = ""
    red: tuple[str, ...] = ()

    @property
    def is_country(self) -> bool:
        """Whether counts are of the whole country, as the published ones are."""
        return self.scale == 1.0

    def heading(self, key: str, message: str = "") -> str:
        """Title of a picture: its message, and below it what is shown, and the scenario.

        Args:
            key: Label of what is shown.
            message: What the numbers say; empty where they say nothing.
        """
        name = drawable(self.scenario, "")
        quoted = [label("compare.quoted", self.lang).format(name=name)] if name else []
        if not message:
            return "\n".join([label(key, self.lang), *(line for text in quoted for line in textwrap.wrap(text, 110))])
        shown = ". ".join([label(key, self.lang), *quoted])
        return "\n".join([*textwrap.wrap(message, 100), *textwrap.wrap(shown, 110)])

    def sentences(self, *sentences: str, has_counts: bool = False) -> list[str]:
        """Sentences below a picture: those given, that published counts are left out, and where it comes from.

        Args:
            sentences: In their order.
            has_counts: Whether the picture would have published counts.
        """
        told = plain(f"{self.scale:g}", self.lang)
        left_out = [label("compare.registers_scale", self.lang).format(scale=told)]
        return [
            *(left_out if has_counts and not self.is_country else []),
            *sentences,
            *([self.source] if self.source else []),
        ]


@dataclass(frozen=True)
class Drawing:
    """A picture and its numbers.

    Attributes:
        figure: The figure.
        data: Every number drawn, long format; written as CSV next to the picture.
        alt: What the picture shows, in words, for those who cannot see it.
    """

    figure: Figure
    data: pd.DataFrame
    alt: str


def font_file() -> str | None:
    """Where the font of all pictures is; None where it is missing."""
    from matplotlib.font_manager import findfont

    try:
        return str(findfont(FONT, fallback_to_default=False))
    except ValueError:
        return None


@functools.cache
def _letters() -> frozenset[int]:
    """Code points that the font of all pictures has; empty where it is missing."""
    from matplotlib.font_manager import get_font

    file = font_file()
    return frozenset(get_font(file).get_charmap()) if file else frozenset()


def drawable(text: str, instead: str) -> str:
    """Text of an author for a picture, or something else where the font lacks a letter of it.

    Args:
        text: Such as the title of a scenario.
        instead: Such as its name, which has letters of ASCII only.
    """
    has = _letters()
    return text if not has or all(ord(letter) in has for letter in text if not letter.isspace()) else instead


def new_figure(size: tuple[float, float] = SIZE) -> Figure:
    """An empty figure outside pyplot."""
    from matplotlib.figure import Figure

    return Figure(figsize=size, layout="constrained")


@contextlib.contextmanager
def settings() -> Iterator[None]:
    """Context in which figures are made and saved: the same settings whatever the user's own are."""
    import matplotlib as mpl

    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(_SETTINGS)  # type: ignore[arg-type]
        yield


def band(axes: Axes, x: np.ndarray, cuts: Mapping[str, np.ndarray], colour: str, dashes: Any = "-") -> None:
    """Median line and the band of 95 % of the replicates."""
    axes.fill_between(x, cuts["q025"], cuts["q975"], color=colour, alpha=0.18, linewidth=0)
    axes.plot(x, cuts["q50"], color=colour, linewidth=2.2, linestyle=dashes)


def fit_to_known(
    axes: Axes,
    x: np.ndarray,
    cuts: Sequence[Mapping[str, np.ndarray]],
    options: Options,
    *,
    names: Sequence[str] = (),
    counts: Sequence[float] = (),
) -> None:
    """Let the y axis end where medians, counts and the bands of months that are known at least in part need it to.

    A band that runs away in the months that are assumed would press all else flat. Where it leaves the axis, the
    picture says how far it goes.

    Args:
        axes: Axes whose x is a year with its fraction, and whose y begins at 0.
        x: Places of the values, shape (places,).
        cuts: Of each line ``q50`` and ``q975``, shape (places,).
        options: How it is drawn.
        names: Of each line, where there are several.
        counts: Published counts that are drawn too.
    """
    import numpy as np

    if not x.size:
        return
    known = x <= max(assumption_spans(options.assumed, options.lang)[-1][0], x[0])
    needed = [
        1.0,
        *counts,
        *(float(v) for one in cuts for v in (np.max(one["q975"][known]), MEDIAN_ROOM * np.max(one["q50"]))),
    ]
    top, highest = max(v for v in needed if v == v), [float(np.max(one["q975"])) for one in cuts]
    leaving = [
        (value, name) for value, name in zip(highest, names or [""] * len(cuts), strict=True) if value > 1.3 * top
    ]
    axes.set_ylim(0, ROOM_FOR_WORDS * top if leaving else ROOM * max([top, *(v for v in highest if v == v)]))
    reach = [
        label("legend.band_to", options.lang).format(value=number(value, options.lang, decimals=0))
        for value, _ in sorted(leaving)
    ]
    told = [f"{name}: {text}" if name else text for text, (_, name) in zip(reach, sorted(leaving), strict=True)]
    if told:
        # Under the words over the months that are assumed, where a picture has them.
        axes.annotate(
            "\n".join(reversed(told)),
            (1, 0.86 if names else 0.99),
            xycoords="axes fraction",
            xytext=(-3, 0),
            textcoords="offset points",
            ha="right",
            va="top",
            fontsize=10.0,
            color=INK,
            bbox={"facecolor": "white", "alpha": 0.85, "linewidth": 0, "pad": 1.5},
        )


def assumption_spans(assumed: tuple[str, str], lang: str) -> list[tuple[float, str, str]]:
    """What is shaded, from the left: where it begins on an axis of years, its colour and its words.

    Args:
        assumed: Months from which what is shown rests on assumptions in part, and alone; one span where they are one.
        lang: Language of the words.
    """
    partly, wholly = assumed
    spans = [] if partly == wholly else [(partly, LIGHT_SHADE, "legend.assumed_partly")]
    spans.append((wholly, SHADE, "legend.assumed"))
    return [
        (FIRST_YEAR + month_number(month) / 12, colour, label(key, lang).format(month=month))
        for month, colour, key in spans
    ]


def assumption_sentence(assumed: tuple[str, str], lang: str) -> str:
    """What a reader must know of the months that are shaded; see `assumption_spans`."""
    partly, wholly = assumed
    key = "sentence.assumed" if partly == wholly else "sentence.assumed_partly"
    return label(key, lang).format(partly=partly, month=wholly)


def shade_assumptions(
    axes: Axes, last: float, assumed: tuple[str, str], lang: str, *, words: bool = True, first: float = -math.inf
) -> None:
    """Shade the months that rest on assumptions, in part and alone, to the end of the axis.

    Args:
        axes: Axes whose x is a year with its fraction.
        last: End of the x axis.
        assumed: As in `assumption_spans`.
        lang: Language of the words at the top.
        words: Whether to write them.
        first: Beginning of the x axis.
    """
    spans = assumption_spans(assumed, lang)
    ends = [*(start for start, _, _ in spans[1:]), last]
    for (start, colour, text), end in zip(spans, ends, strict=True):
        if last <= start:
            break
        if end <= first:
            continue
        start = max(start, first)
        axes.axvspan(start, min(end, last), color=colour, linewidth=0, zorder=0)
        if words:
            axes.text(
                start + 0.15,
                0.985,
                # Two lines: the months in between may be few.
                textwrap.fill(text, 16),
                transform=axes.get_xaxis_transform(),
                va="top",
                fontsize=10.5,
                color="#555555",
            )


def assumption_patches(assumed: tuple[str, str], lang: str) -> list[Artist]:
    """Handles of a legend for what is shaded."""
    from matplotlib.patches import Patch

    return [
        Patch(facecolor=colour, edgecolor="#BBBBBB", linewidth=0.6, label=text)
        for _, colour, text in assumption_spans(assumed, lang)
    ]


def year_axis(axes: Axes, first: float, last: float, ticks: int = 7) -> None:
    """An x axis of whole years."""
    from matplotlib.ticker import MaxNLocator

    axes.set_xlim(first, last)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=ticks, integer=True, min_n_ticks=2))
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:.0f}")


def count_axis(axes: Axes, lang: str) -> None:
    """A y axis of numbers from 0, thousands apart as the language has them."""
    from matplotlib.ticker import MaxNLocator

    axes.set_ylim(bottom=0)
    # Fewer, whole ticks where all is small, so that no axis counts in tenths of a person.
    axes.yaxis.set_major_locator(MaxNLocator(nbins=5, steps=[1, 2, 5, 10], integer=True, min_n_ticks=2))
    axes.yaxis.set_major_formatter(lambda value, _: number(value, lang, decimals=0))


def apart(places: Sequence[float], gap: float) -> list[float]:
    """Move labels apart as little as their order allows.

    Args:
        places: Where the labels would be.
        gap: Smallest distance between two.

    Returns:
        Places in the same order as given, at least `gap` apart, their mean kept within each moved cluster.
    """
    order = sorted(range(len(places)), key=lambda i: places[i])
    clusters: list[tuple[float, list[int]]] = []  # centre and members, from below
    for i in order:
        centre, members = places[i], [i]
        while clusters:
            below, others = clusters[-1]
            if centre - below >= gap * (len(members) + len(others)) / 2:
                break
            clusters.pop()
            members = others + members
            centre = sum(places[m] for m in members) / len(members)
        clusters.append((centre, members))
    moved = list(places)
    for centre, members in clusters:
        for rank, member in enumerate(members):
            moved[member] = centre + (rank - (len(members) - 1) / 2) * gap
    return moved


def model_legend(axes: Axes, assumed: tuple[str, str], lang: str, more: Sequence[Artist] = ()) -> None:
    """Fill an empty panel with the words for line, band and shade.

    Args:
        axes: The panel; its frame is taken away.
        assumed: As in `assumption_spans`.
        lang: Language.
        more: Handles to put after the band.
    """
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    axes.set_axis_off()
    _label_years_above(axes)
    handles: list[Artist] = [
        Line2D([], [], color=MODEL, linewidth=2.2, label=label("legend.median", lang)),
        Patch(color=MODEL, alpha=0.18, linewidth=0, label=label("legend.band", lang)),
        *more,
        *assumption_patches(assumed, lang),
    ]
    axes.legend(handles=handles, loc="center", fontsize=10.5)


def _label_years_above(axes: Axes) -> None:
    """Give the panel above an empty one the years, which it would have left to the panel below."""
    place = axes.get_subplotspec()
    assert place is not None, "panels come from a grid"
    for other in axes.figure.axes:
        there = other.get_subplotspec()
        if there is not None and there.colspan == place.colspan and there.rowspan.stop == place.rowspan.start:
            other.tick_params(labelbottom=True)


def observed_points(axes: Axes, x: Sequence[float], y: Sequence[float], name: str | None = None) -> None:
    """Published counts, as open circles.

    Args:
        axes: Where to draw.
        x: Places on the axis of years; none for a handle of a legend only.
        y: Counts.
        name: Words for the legend.
    """
    axes.plot(x, y, "o", color=OBSERVED, markersize=6, markerfacecolor="white", markeredgewidth=1.5, label=name)


def footnote(figure: Figure, sentences: Sequence[str]) -> None:
    """Sentences that a picture must not be shown without, below it."""
    text = textwrap.fill("  ".join(sentences), 150)
    figure.supxlabel(text, x=0.01, ha="left", fontsize=10.0, color="#555555")
