"""What a class predicted of an outcome, as a histogram, with what the stored runs show once it is revealed."""

from __future__ import annotations

import numpy as np

from irregsim.present.plots.style import MODEL
from irregsim.vocabulary.numbers import drawn, with_percent
from irregsim.workshop.gathering import Tally
from irregsim.workshop.pictures.svg import INK, SOFT, Picture, Svg
from irregsim.workshop.pictures.words import PictureWords
from irregsim.workshop.stored_runs import Effect

_WIDTH, _HEIGHT = 900.0, 300.0
_LEFT, _RIGHT = 40.0, 860.0
_TOP, _BOTTOM = 84.0, 218.0

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
    svg = Svg(_WIDTH, _HEIGHT, _alt(tally, name, words, effect), words.place)
    svg.paragraph(_LEFT, 24, name, _RIGHT - _LEFT - 120, 17, bold=True, most=2)
    svg.text(_RIGHT, 24, words("votes_number", number=tally.number), 15, colour=SOFT, anchor="end")
    if effect is not None:
        _band(svg, tally, effect)
    _bars(svg, tally)
    svg.line(_LEFT, _BOTTOM, _RIGHT, _BOTTOM, SOFT)
    below = _BOTTOM + 1.3 * svg.sized(14)
    for share in (-1.0, -0.5, 0.5, 1.0):
        text = with_percent(drawn(share * tally.most, words.lang, signed=True))
        anchor = "start" if share == -1 else "end" if share == 1 else "middle"
        svg.text(_px(share), below, text, 14, colour=SOFT, anchor=anchor)
    svg.text(_px(0.0), below, words("votes_same"), 14, colour=SOFT, anchor="middle")
    told = words("votes_axis")
    if effect is not None:
        told = words("votes_band", text=effect.text(words.lang))
    svg.text(
        _LEFT, below + 1.5 * svg.sized(15), told, 15, colour=SOFT if effect is None else INK, bold=effect is not None
    )
    return svg.done()


def _px(share: float) -> float:
    """Place of a change, as a share of the scale from -1 to 1; the bar of "about the same" is in between."""
    middle, half = (_LEFT + _RIGHT) / 2, (_RIGHT - _LEFT) / 2
    if share == 0:
        return middle
    away = half * (_SAME + (1 - _SAME) * min(abs(share), 1.0))
    return middle + (away if share > 0 else -away)


def _bars(svg: Svg, tally: Tally) -> None:
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
        high = (_BOTTOM - _TOP - svg.sized(15)) * number / largest
        colour = SOFT if away == 0 else _BAR
        svg.rect(left + 3, _BOTTOM - high, right - left - 6, high, colour, class_="votes")
        svg.text((left + right) / 2, _BOTTOM - high - 5, f"{number}", 15, anchor="middle", bold=True)


def _band(svg: Svg, tally: Tally, effect: Effect) -> None:
    low, mean, high = (float(values[-1]) / tally.most for values in (effect.lo, effect.mean, effect.hi))
    left, right = _px(low), _px(high)
    wide = max(right - left, 4.0)
    svg.rect((left + right - wide) / 2, _TOP, wide, _BOTTOM - _TOP, MODEL, fill_opacity=0.3, class_="band")
    svg.line(_px(mean), _TOP, _px(mean), _BOTTOM, MODEL, 3)


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
