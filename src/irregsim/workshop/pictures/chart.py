"""Axes, lines, areas and bands in an SVG drawing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from irregsim.present.plots.style import apart, assumption_spans
from irregsim.present.plots.ticks import ticks
from irregsim.vocabulary.codes import FIRST_YEAR
from irregsim.vocabulary.knowledge import DEFAULT_KNOWLEDGE, Knowledge, assumed_from
from irregsim.vocabulary.numbers import drawn
from irregsim.workshop.pictures.svg import INK, LINE, SOFT, Svg, width_of

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

#: Months from which what the page shows rests on assumptions in part, and wholly.
ASSUMED: Final = assumed_from([Knowledge(DEFAULT_KNOWLEDGE)])

#: The reference is drawn in the same way in every picture.
REFERENCE_DASH: Final = "9 5"


def year_of_months(months: npt.NDArray[np.integer]) -> FloatArray:
    """Ends of months on an axis of years: December 2019 is at 2020."""
    return FIRST_YEAR + (np.asarray(months, dtype=np.float64) + 1) / 12


def level_text(value: float, lang: str) -> str:
    """A whole number for readers; a dash where it is missing."""
    return drawn(value if value != value else round(value), lang)


@dataclass
class Axes:
    """A panel with a scale on both axes.

    Attributes:
        svg: The drawing.
        left: Place of the panel, in the drawing's units; likewise the next three.
        x: Ends of the x axis.
        y: Ends of the y axis.
        lang: Language.
    """

    svg: Svg
    left: float
    top: float
    width: float
    height: float
    x: tuple[float, float]
    y: tuple[float, float]
    lang: str

    def px(self, value: float) -> float:
        """Place of a value on the x axis."""
        low, high = self.x
        return self.left + self.width * (value - low) / max(high - low, 1e-9)

    def py(self, value: float) -> float:
        """Place of a value on the y axis."""
        low, high = self.y
        return self.top + self.height * (1 - (value - low) / max(high - low, 1e-9))

    @property
    def bottom(self) -> float:
        """Lower end of the panel."""
        return self.top + self.height

    @property
    def right(self) -> float:
        """Right end of the panel."""
        return self.left + self.width

    def points(self, x: FloatArray, y: FloatArray) -> list[list[tuple[float, float]]]:
        """Runs of places without a gap."""
        out: list[list[tuple[float, float]]] = [[]]
        for a, b in zip(x.tolist(), y.tolist(), strict=True):
            if b == b:
                out[-1].append((self.px(a), self.py(b)))
            elif out[-1]:
                out.append([])
        return [run for run in out if run]

    def line(self, x: FloatArray, y: FloatArray, colour: str, width: float = 2.4, dash: str | None = None) -> None:
        """A line, with gaps where values are missing; a dot where there is a single one."""
        for run in self.points(x, y):
            if len(run) == 1:
                self.svg.add("circle", cx=run[0][0], cy=run[0][1], r=width, fill=colour)
            self.svg.path(run, stroke=colour, stroke_width=width, stroke_dasharray=dash, stroke_linejoin="round")

    def area(self, x: FloatArray, low: FloatArray, high: FloatArray, colour: str, opacity: float = 0.85) -> None:
        """The area between two lines."""
        keep = np.isfinite(low) & np.isfinite(high)
        x, low, high = x[keep], low[keep], high[keep]
        up = [(self.px(a), self.py(b)) for a, b in zip(x.tolist(), high.tolist(), strict=True)]
        down = [(self.px(a), self.py(b)) for a, b in zip(x.tolist(), low.tolist(), strict=True)]
        self.svg.path([*up, *reversed(down)], close=True, fill=colour, fill_opacity=opacity)

    def shade_assumptions(self, words: bool = False) -> None:
        """Shades the months that rest on assumptions, in part and wholly, as all other pictures do.

        Args:
            words: Whether to say so at the top.
        """
        spans = assumption_spans(ASSUMED, self.lang)
        ends = [*(start for start, *_ in spans[1:]), self.x[1]]
        shown = []
        for (start, colour, text), end in zip(spans, ends, strict=True):
            left, right = max(start, self.x[0]), min(end, self.x[1])
            if right > left:
                self.svg.rect(self.px(left), self.top, self.px(right) - self.px(left), self.height, colour)
                # Large type that has no room is left out: the note below the picture says it.
                if self.svg.least == 0 or width_of(text, self.svg.sized(12)) * 1.15 < self.width:
                    shown.append((self.px(left) + 5, text))
        if not words:
            return
        # The last months may be few: their words end where the panel does, a line lower; above both shades.
        for row, (place, text) in enumerate(shown):
            at, anchor = (self.right - 4, "end") if place > self.left + 5 else (place, "start")
            down = self.svg.sized(12) * 1.25 * (row + 1)
            self.svg.text(at, self.top + down, text, 12, colour=SOFT, anchor=anchor)

    def years(self, most: int = 8) -> None:
        """Whole years below the panel."""
        room = int(self.width / (self.svg.sized(12.5) * 3.3))  # four digits and as much as a digit between them
        for tick in ticks(*self.x, max(2, min(most, room)), whole=True):
            place = self.px(tick)
            self.svg.line(place, self.bottom, place, self.bottom + 4, SOFT)
            below = self.svg.sized(12.5) * 1.4 + 1
            self.svg.text(place, self.bottom + below, f"{tick:.0f}", 12.5, colour=SOFT, anchor="middle")
        self.svg.line(self.left, self.bottom, self.right, self.bottom, SOFT)

    def values(self, most: int = 5, *, signed: bool = False, unit: str = "") -> None:
        """Numbers on the left, with thin lines across; the unit above."""
        for tick in ticks(*self.y, most):
            place = self.py(tick)
            heavy = signed and tick == 0
            self.svg.line(self.left, place, self.right, place, SOFT if heavy else LINE, 1.2 if heavy else 0.8)
            text = drawn(tick, self.lang, signed=signed)
            middle = min(place + self.svg.sized(12.5) * 0.32, self.bottom + 2)
            self.svg.text(self.left - 6, middle, text, 12.5, colour=SOFT, anchor="end")
        if unit:
            self.svg.text(self.left - 6, self.top - 8, unit, 12.5, colour=SOFT)

    def now(self, month: int) -> None:
        """A thin line at the latest month."""
        place = self.px(float(year_of_months(np.array([month]))[0]))
        self.svg.line(place, self.top, place, self.bottom, INK, 1, "2 3")

    def label_ends(self, ends: Sequence[tuple[float, str, str]], size: float = 13.5) -> None:
        """Names at the right end, moved apart: (value, words, colour) each; none where the value is missing."""
        ends = [end for end in ends if np.isfinite(end[0])]
        places = [self.py(value) for value, _, _ in ends]
        for place, (_, words, colour) in zip(apart(places, self.svg.sized(size) * 1.2), ends, strict=True):
            self.svg.text(self.right + 7, place + self.svg.sized(size) / 3, words, size, colour=colour, bold=True)


def top_of(*series: npt.NDArray[np.floating], least: float = 1.0) -> float:
    """A round upper end for an axis from 0 that includes all values, and rarely moves while they grow."""
    largest = max([least, *(float(np.nanmax(s)) for s in series if s.size and np.isfinite(s).any())])
    step = 10 ** np.floor(np.log10(largest)) / 2
    return float(np.ceil(largest * 1.04 / step) * step)


def ends_of(*series: npt.NDArray[np.floating], least: float = 1.0) -> tuple[float, float]:
    """Round ends for an axis of differences that include zero and all values."""
    finite = np.concatenate([s[np.isfinite(s)].ravel() for s in series] or [np.zeros(0)])
    low = -top_of(-finite[finite < 0], least=least / 3) if (finite < 0).any() else 0.0
    high = top_of(finite[finite > 0], least=least / 3) if (finite > 0).any() else 0.0
    if low == high == 0.0:
        return -least, least
    pad = (high - low) * 0.08
    return (low - pad if low == 0 else low), (high + pad if high == 0 else high)
