"""The registers of both sides and the published counts."""

from __future__ import annotations

from functools import cache

import numpy as np

from irregsim.inference.targets import for_register
from irregsim.present.plots.style import MODEL, assumption_spans
from irregsim.vocabulary.codes import FIRST_YEAR
from irregsim.vocabulary.disclosure import in_steps
from irregsim.vocabulary.labels import label
from irregsim.workshop.live.record import FIRST_TOLD, PANELS
from irregsim.workshop.live.snapshot import Look
from irregsim.workshop.pictures.chart import ASSUMED, REFERENCE_DASH, Axes, top_of
from irregsim.workshop.pictures.svg import INK, PAPER, SOFT, Picture, Svg
from irregsim.workshop.pictures.words import PictureWords, panel_words

_WIDTH, _HEIGHT = 1300.0, 560.0
_COLUMNS = 4
#: Height of a row of panels; `_HEIGHT` has room for two.
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


def draw_registers(look: Look, words: PictureWords, last: int, scale: float = 1.0) -> Picture:
    """Draws a small panel for each register.

    Args:
        look: What may be shown.
        words: Language and titles.
        last: Last month of the axes.
        scale: Size of the population relative to Norway's, shown where it is not 1.
    """
    height = _HEIGHT + _ROW * max(0, -(-len(PANELS) // _COLUMNS) - 2)
    svg = Svg(_WIDTH, height + 18, words("alt_registers", month=words.month(look.month)))
    end = FIRST_YEAR + (last + 1) // 12
    for number, panel in enumerate(PANELS):
        column, row = number % _COLUMNS, number // _COLUMNS
        left, top = 50 + column * 320.0, 58 + row * _ROW
        seen = published(panel)
        sides = [side.registers.get(panel, {}) for side in look.sides]
        values = [np.array(list(counts.values()), dtype=np.float64) for counts in sides]
        highest = top_of(*values, np.array(list(seen.values()) or [1.0]), least=20.0)
        axes = Axes(svg, left, top, 262, 150, (float(FIRST_TOLD), float(end)), (0.0, highest), words.lang)
        svg.paragraph(left - 30, top - 26, panel_words(panel, words.lang), 290, 13, most=2, bold=True)
        axes.shade_assumptions()
        axes.values(3)
        axes.years(4)
        for side, counts in enumerate(sides):
            x = np.array([year + 0.5 for year in counts])
            y = in_steps(np.array(list(counts.values()), dtype=np.float64))
            both = len(sides) > 1
            colour, dash = (INK, REFERENCE_DASH) if both and side == 0 else (MODEL, None)
            axes.line(x, y, colour, 1.8 if dash else 2.6, dash)
        for year, value in seen.items():
            svg.add("circle", hint=f"{year}: {value:g}", cx=axes.px(year + 0.5), cy=axes.py(value), r=4.5, fill=PAPER,
                    stroke="#000000", stroke_width=1.6)  # fmt: skip
    _legend(svg, height - 20, len(look.sides) > 1, scale, words)
    return svg.done()


def _legend(svg: Svg, y: float, both: bool, scale: float, words: PictureWords) -> None:
    x = 50.0
    if both:
        svg.line(x, y - 4, x + 34, y - 4, INK, 1.8, REFERENCE_DASH)
        svg.text(x + 42, y, label("legend.reference", words.lang), 13)
        x += 150
    svg.line(x, y - 4, x + 34, y - 4, MODEL, 2.6)
    svg.text(x + 42, y, label("legend.scenario" if both else "legend.model", words.lang), 13)
    svg.add("circle", cx=x + 160, cy=y - 4, r=4.5, fill=PAPER, stroke="#000000", stroke_width=1.6)
    svg.text(x + 172, y, label("legend.observed", words.lang), 13)
    for k, (_, colour, text) in enumerate(assumption_spans(ASSUMED, words.lang)):
        svg.rect(x + 320, y - 13 + 18 * k, 22, 14, colour, stroke="#BBBBBB")
        svg.text(x + 350, y + 18 * k, text, 13)
    if scale != 1.0:
        svg.text(x + 550, y, words("scaled", percent=f"{100 * scale:g}"), 12, colour=SOFT)
