"""One life on both sides, as two lines of spells."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from irregsim.present.colours import colour_of
from irregsim.present.words import state_words, upper
from irregsim.vocabulary.labels import label
from irregsim.workshop.live.lives import Life, Twin
from irregsim.workshop.pictures.chart import Axes, year_of_months
from irregsim.workshop.pictures.svg import INK, PAPER, SOFT, Picture, Svg, width_of
from irregsim.workshop.pictures.words import PictureWords

_WIDTH, _LEFT, _WIDE = 1300.0, 150.0, 1100.0
_ROW = 46.0


def draw_life(twin: Twin, words: PictureWords, month: int, *, both: bool = True) -> Picture:
    """Draws the spells of a person, in the reference above the scenario.

    Args:
        twin: The person on both sides.
        words: Language and titles.
        month: The latest month.
        both: Whether the two sides have parted; if not, one line is drawn.
    """
    lives = twin.lives if both else twin.lives[:1]
    starts = [one[0].start for one in lives if one]
    first = min(starts, default=month)
    top = 34.0
    large = words.place is not None
    legend = top + _ROW * len(lives) + (66 if large else 56)
    svg = Svg(_WIDTH, legend + (24 if large else 20), words("alt_life"), words.place, scrolls=True)
    x = year_of_months(np.array([first - 1, max(month, first + 11)]))
    axes = Axes(svg, _LEFT, top, _WIDE, _ROW * len(lives), (float(x[0]), float(x[1])), (0.0, 1.0), words.lang)
    axes.shade_assumptions()
    unnamed: dict[str, None] = {}
    for row, one in enumerate(lives):
        y = top + _ROW * row + 7
        name = label("legend.reference" if row == 0 else "legend.scenario", words.lang) if both else ""
        svg.text(_LEFT - 12, y + 21, upper(name), 14, anchor="end")
        for state in _line(svg, axes, one, y, month, words):
            unnamed[state] = None
    axes.years(14)
    _legend(svg, legend, unnamed, words)
    if both and twin.parting is not None:
        place = axes.px(float(year_of_months(np.array([twin.parting - 1]))[0]))
        svg.line(place, top - 6, place, axes.bottom, INK, 2, "4 3")
        late = place > _LEFT + _WIDE * 0.6
        told = words("parting", month=words.month(twin.parting))
        svg.text(place + (-8 if late else 8), top - 10, told, 13, anchor="end" if late else "start", bold=True)
    return svg.done()


def _legend(svg: Svg, y: float, states: Iterable[str], words: PictureWords) -> None:
    """Names of the states whose spells are too short for them."""
    x, size = _LEFT, svg.sized(12.5)
    for state in states:
        name = _name(state, words)
        svg.rect(x, y, size, size, colour_of(state))
        svg.text(x + size * 1.4, y + size * 0.88, name, 12.5)
        x += size * 2.6 + width_of(name, size) * 1.06


def _name(state: str, words: PictureWords) -> str:
    return state_words(state, words.lang).partition(" (")[0]


def _line(svg: Svg, axes: Axes, life: Life, y: float, month: int, words: PictureWords) -> list[str]:
    """Draws a life.

    Returns:
        States of spells that are too short for a name.
    """
    unnamed = []
    if not life:
        svg.text(axes.left + 6, y + 21, words("not_come"), 13, colour=SOFT)
    for spell in life:
        end = month + 1 if spell.end is None else spell.end
        if end <= spell.start:
            continue  # over within the month
        left, right = (axes.px(float(year_of_months(np.array([m - 1]))[0])) for m in (spell.start, end))
        name = _name(spell.state, words)
        dark = spell.state not in ("avhengig", "regularisert", "midlertidig", "videre")
        svg.rect(left, y, max(right - left, 1.5), 31, colour_of(spell.state), hint=name, stroke=PAPER, stroke_width=1,
                 class_="spell")  # fmt: skip
        if width_of(name, svg.sized(12.5)) * 1.12 < right - left - 8:
            svg.text((left + right) / 2, y + 20, name, 12.5, colour=PAPER if dark else INK, anchor="middle")
        else:
            unnamed.append(spell.state)
    return unnamed
