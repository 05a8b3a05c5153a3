"""The registers of both sides and the published counts."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType

import numpy as np

from irregsim.inference.targets import for_register
from irregsim.present.plots.style import MODEL, assumption_spans
from irregsim.vocabulary.codes import FIRST_YEAR
from irregsim.vocabulary.disclosure import in_steps
from irregsim.vocabulary.labels import label
from irregsim.workshop.live.followed import Band
from irregsim.workshop.live.record import FIRST_TOLD, PANELS
from irregsim.workshop.live.snapshot import Look
from irregsim.workshop.pictures.chart import ASSUMED, REFERENCE_DASH, Axes, top_of
from irregsim.workshop.pictures.svg import INK, PAPER, SOFT, Picture, Svg, width_of
from irregsim.workshop.pictures.words import PictureWords, panel_words

_WIDTH = 1300.0
_COLUMNS = 4
#: Height of a row of panels.
_ROW = 245.0


@cache
def published(panel: tuple[str, str, str]) -> dict[int, float]:
    """Published counts of a panel by year, of the same scope; none of spans of years."""
    register, dimension, key = panel
    return {
        int(target.period[:4]): target.value
        for target in for_register(register)
        if (target.dimension, target.key) == (dimension, key)
        and target.use == "primary"
        and "percent" not in target.unit
        and len(target.period) in (4, 7)
        and int(target.period[:4]) >= FIRST_TOLD
    }


def draw_registers(
    look: Look,
    words: PictureWords,
    last: int,
    scale: float = 1.0,
    bands: Mapping[tuple[str, str, str], Band | None] = MappingProxyType({}),
) -> Picture:
    """Draws a small panel for each register.

    Args:
        look: What may be shown.
        words: Language and titles.
        last: Last month of the axes.
        scale: Size of the population relative to Norway's, shown where it is not 1.
        bands: Spread of a panel over replicates, in its unit, if they have been run.
    """
    # Large type needs wider panels in fewer columns.
    across = _COLUMNS if words.place is None else 2
    rows = -(-len(PANELS) // across)
    row_high = _ROW + (0 if words.place is None else 20)
    height = 70 + row_high * rows
    wide = _WIDTH if words.place is None else 40 + 320.0 * across
    svg = Svg(
        wide,
        height + (40 if words.place is None else 120),
        words("alt_registers", month=words.month(look.month)),
        words.place,
        scrolls=True,
    )
    end = FIRST_YEAR + (last + 1) // 12
    for number, panel in enumerate(PANELS):
        column, row = number % across, number // across
        left, top = 50 + column * 320.0, 58 + row * row_high
        seen = published(panel)
        sides = [side.registers.get(panel, {}) for side in look.sides]
        values = [np.array(list(counts.values()), dtype=np.float64) for counts in sides]
        spread = _by_year(bands.get(panel))
        highest = top_of(*values, *(ends for _, ends in spread), np.array(list(seen.values()) or [1.0]), least=20.0)
        axes = Axes(svg, left, top, 262, 150, (float(FIRST_TOLD), float(end)), (0.0, highest), words.lang)
        svg.paragraph(left - 40, top - 28, panel_words(panel, words.lang), 298, 12.5, most=2, bold=True)
        axes.shade_assumptions()
        axes.values(3)
        axes.years(4)
        for side, (x, ends) in enumerate(spread[: len(sides)]):
            axes.area(x, ends[0], ends[1], INK if len(sides) > 1 and side == 0 else MODEL, 0.18)
        for side, counts in enumerate(sides):
            x = np.array([year + 0.5 for year in counts])
            y = in_steps(np.array(list(counts.values()), dtype=np.float64))
            both = len(sides) > 1
            colour, dash = (INK, REFERENCE_DASH) if both and side == 0 else (MODEL, None)
            axes.line(x, y, colour, 1.8 if dash else 2.6, dash)
        for year, value in seen.items():
            svg.add("circle", hint=f"{year}: {value:g}", cx=axes.px(year + 0.5), cy=axes.py(value), r=4.5, fill=PAPER,
                    stroke="#000000", stroke_width=1.6)  # fmt: skip
    runs = max((one.n for one in bands.values() if one is not None), default=0)
    _legend(svg, height - 24, len(look.sides) > 1, scale, runs, words)
    return svg.done()


def _by_year(band: Band | None) -> list[tuple[np.ndarray, np.ndarray]]:
    """Years, and both ends of the spread, of the reference and of the scenario; nothing without a band."""
    if band is None:
        return []
    ended = (band.months % 12 == 11) & (band.months >= (FIRST_TOLD - FIRST_YEAR) * 12)
    years = FIRST_YEAR + band.months[ended] // 12 + 0.5
    return [(years, ends[:, ended]) for ends in (band.reference, band.scenario)]


def _legend(svg: Svg, y: float, both: bool, scale: float, runs: int, words: PictureWords) -> None:
    """Names of lines, signs and shades, in rows that are as long as the names are."""
    size = svg.sized(13)
    x = 50.0

    def name(text: str) -> tuple[float, float]:
        nonlocal x, y
        wide = 42 + width_of(text, size) * 1.06 + 22
        if x > 50 and x + wide > svg.width:
            x, y = 50.0, y + size * 1.4
        at, x = x, x + wide
        svg.text(at + 42, y, text, 13)
        return at, y - size * 0.33

    if both:
        at, middle = name(label("legend.reference", words.lang))
        svg.line(at, middle, at + 34, middle, INK, 1.8, REFERENCE_DASH)
    at, middle = name(label("legend.scenario" if both else "legend.model", words.lang))
    svg.line(at, middle, at + 34, middle, MODEL, 2.6)
    at, middle = name(label("legend.observed", words.lang))
    svg.add("circle", cx=at + 24, cy=middle, r=4.5, fill=PAPER, stroke="#000000", stroke_width=1.6)
    if runs:
        at, middle = name(words("shade_of", number=runs))
        svg.rect(at + 10, middle - 7, 22, 14, MODEL, fill_opacity=0.18)
    for _, colour, text in assumption_spans(ASSUMED, words.lang):
        at, middle = name(text)
        svg.rect(at + 10, middle - 7, 22, 14, colour, stroke="#BBBBBB")
    if scale != 1.0:
        svg.paragraph(50, y + size * 1.5, words("scaled", percent=f"{100 * scale:g}"), svg.width - 60, 12, colour=SOFT)
