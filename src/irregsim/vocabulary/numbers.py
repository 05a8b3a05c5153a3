"""Numbers and months as a language writes them."""

from __future__ import annotations

import math
from typing import Final

from irregsim.vocabulary.codes import AMOUNTS

#: Counts of persons are published in steps of this, as everywhere (`irregsim.present.export`).
_STEP: Final = 5


def step_of(lo: float, hi: float) -> float:
    """Step to which an effect is rounded: the power of ten at half the width of its interval, or below."""
    half = (hi - lo) / 2.0
    return 10.0 ** math.floor(math.log10(half)) if half > 0 else 0.0


def rounded_text(mean: float, lo: float, hi: float, unit: str, lang: str) -> str:
    """An effect with its 95 % interval, rounded to the precision of that interval.

    Args:
        mean: Mean.
        lo: Lower end.
        hi: Upper end.
        unit: Its unit; what counts persons or cases is rounded to steps of 5 or more.
        lang: ``nb`` or ``en``.

    Returns:
        Such as ``+120 (+80 to +160)``; for fewer than 5 persons at both ends only that.
    """
    counts = unit not in (*AMOUNTS, "index", "months", "percent")
    if mean == lo == hi == 0.0:
        return {"nb": "ingen endring", "en": "no change"}[lang]
    if counts and max(abs(lo), abs(hi), abs(mean)) < _STEP:
        return {"nb": "under 5", "en": "under 5"}[lang]
    step = step_of(lo, hi) or 10.0 ** (math.floor(math.log10(abs(mean))) - 1)
    if counts:
        step = max(step, float(_STEP))
    decimals = max(0, -math.floor(math.log10(step)))
    one, low, high = (_signed(round(value / step) * step, decimals, lang) for value in (mean, lo, hi))
    return f"{one} ({low} {'til' if lang == 'nb' else 'to'} {high})"


def _signed(value: float, decimals: int, lang: str) -> str:
    text = f"{abs(value):,.{decimals}f}"
    if lang == "nb":
        text = text.replace(",", "\N{NO-BREAK SPACE}").replace(".", ",")
    if not text.strip("0.,"):
        return text
    return ("\N{MINUS SIGN}" if value < 0 else "+") + text
