"""What a class predicted of an outcome, as a histogram, with what the stored runs show once it is revealed."""

from __future__ import annotations

import numpy as np

from irregsim.present.plots.style import MODEL
from irregsim.vocabulary.numbers import drawn, with_percent
from irregsim.workshop.gathering import Tally
from irregsim.workshop.pictures.svg import INK, LEGIBLE, PAPER, SOFT, Picture, Svg, lines_of, width_of
from irregsim.workshop.pictures.words import PictureWords
from irregsim.workshop.stored_runs import Effect

_WIDTH = 900.0
_LEFT, _RIGHT = 40.0, 860.0

#: Height of the panel with its numbers, and the space above the name.
_HIGH, _ABOVE = 150.0, 8.0

_NAME, _TEXT, _TICK = 17.0, 15.0, 14.0

#: Width of the bar of "about the same", as a share of the axis: it is no stretch of the scale.
_SAME = 0.12

#: Bars of predictions: the blue of what one can do on the page, since a prediction is no state of the model.
_BAR = "#1A5A96"


def draw_votes(tally: Tally, name: str, words: PictureWords, effect: Effect | None = None) -> Picture:
    """Draws how many predicted which change.

    Args:
        tally: The answers.
        name: What is predicted, in words.
        words: Language, and the place for the picture.
        effect: What the stored runs show; None before it is revealed.
    """
    told = words("votes_axis") if effect is None else words("votes_band", text=effect.text(words.lang))
    # As large as in `Svg`: large type takes more lines, and these more height.
    least = 0.0 if words.place is None else LEGIBLE * _WIDTH / words.place[0]
    name_size, text_size, tick_size = (max(size, least) for size in (_NAME, _TEXT, _TICK))
    names = min(2, len(lines_of(name, _RIGHT - _LEFT - 8 * text_size, name_size)))
    lines = min(2, len(lines_of(told, _RIGHT - _LEFT, text_size)))
    top = _ABOVE + 1.3 * name_size * names + 6
    bottom = top + _HIGH
    below = bottom + 1.3 * tick_size
    height = below + (0.4 + 1.3 * lines) * text_size + 4
    svg = Svg(_WIDTH, height, _alt(tally, name, words, effect), words.place)
    first = _ABOVE + name_size
    svg.paragraph(_LEFT, first, name, _RIGHT - _LEFT - 8 * text_size, _NAME, bold=True, most=2)
    svg.text(_RIGHT, first, words("votes_number", number=tally.number), _TEXT, colour=SOFT, anchor="end")
    if effect is not None:
        _band(svg, tally, effect, top, bottom)
    _bars(svg, tally, bottom)
    svg.line(_LEFT, bottom, _RIGHT, bottom, SOFT)
    # Large type has no room for the halves.
    wide = 2.2 * width_of(with_percent(drawn(tally.most, words.lang, signed=True)), tick_size)
    for share in (-1.0, -0.5, 0.5, 1.0) if wide < _px(1.0) - _px(0.5) else (-1.0, 1.0):
        text = with_percent(drawn(share * tally.most, words.lang, signed=True))
        anchor = "start" if share == -1 else "end" if share == 1 else "middle"
        svg.text(_px(share), below, text, _TICK, colour=SOFT, anchor=anchor)
    svg.text(_px(0.0), below, words("votes_same"), _TICK, colour=SOFT, anchor="middle")
    colour = SOFT if effect is None else INK
    svg.paragraph(_LEFT, below + 1.4 * text_size, told, _RIGHT - _LEFT, _TEXT, colour=colour, most=2)
    return svg.done()


def _px(share: float) -> float:
    """Place of a change, as a share of the scale from -1 to 1; the bar of "about the same" is in between."""
    middle, half = (_LEFT + _RIGHT) / 2, (_RIGHT - _LEFT) / 2
    if share == 0:
        return middle
    away = half * (_SAME + (1 - _SAME) * min(abs(share), 1.0))
    return middle + (away if share > 0 else -away)


def _bars(svg: Svg, tally: Tally, bottom: float) -> None:
    largest = max(1, *tally.bars)
    side, half = tally.middle, (_RIGHT - _LEFT) / 2
    for place, number in enumerate(tally.bars):
        away = place - side
        if away == 0:
            left, right = _px(0.0) - half * _SAME, _px(0.0) + half * _SAME
        else:
            inner, outer = ((abs(away) - 1) / side or 1e-9), abs(away) / side
            left, right = sorted((_px(np.sign(away) * inner), _px(np.sign(away) * outer)))
        if not number:
            continue
        high = (_HIGH - 1.5 * svg.sized(_TEXT)) * number / largest
        colour = SOFT if away == 0 else _BAR
        svg.rect(left + 3, bottom - high, right - left - 6, high, colour, class_="votes")
        # White behind it: it may be in front of the band.
        svg.text(
            (left + right) / 2,
            bottom - high - 6,
            f"{number}",
            _TEXT,
            anchor="middle",
            bold=True,
            stroke=PAPER,
            stroke_width=5,
            paint_order="stroke",
        )


def _band(svg: Svg, tally: Tally, effect: Effect, top: float, bottom: float) -> None:
    low, mean, high = (float(values[-1]) / tally.most for values in (effect.lo, effect.mean, effect.hi))
    left, right = _px(low), _px(high)
    wide = max(right - left, 4.0)
    svg.rect((left + right - wide) / 2, top, wide, bottom - top, MODEL, fill_opacity=0.3, class_="band")
    svg.line(_px(mean), top, _px(mean), bottom, MODEL, 3)


def _alt(tally: Tally, name: str, words: PictureWords, effect: Effect | None) -> str:
    side = tally.middle
    bars = []
    for place, number in enumerate(tally.bars):
        away = place - side
        if not number:
            continue
        far = with_percent(drawn(away / side * tally.most, words.lang, signed=True))
        bars.append(f"{words('votes_same') if away == 0 else far}: {number}")
    told = words("alt_votes", outcome=name, bars="; ".join(bars) or "0")
    return told if effect is None else f"{told}. {words('alt_votes_band', text=effect.text(words.lang))}"
