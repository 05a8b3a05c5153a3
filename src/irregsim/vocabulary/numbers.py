"""Numbers, months, lists and countries as a language writes them.

Babel has the signs and words of a language. Two things are the same in all of them: minus is a minus sign, so that it
is as wide as a plus, and percent follows a no-break space, as in the texts of ``data/labels.csv``. A language that
Babel does not know is written as English.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from decimal import Decimal
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Final

from irregsim.vocabulary.codes import FIRST_YEAR
from irregsim.vocabulary.disclosure import beside_zero, has_no_width, in_steps, interval_step, is_few, kind_of, rounded
from irregsim.vocabulary.labels import label
from irregsim.vocabulary.reference import countries

if TYPE_CHECKING:
    from babel import Locale
    from babel.numbers import NumberPattern

MINUS: Final = "\N{MINUS SIGN}"

#: Lists in British English have no comma before the last name.
_LOCALES: Final = {"nb": "nb_NO", "en": "en_GB"}


# Babel takes 40 ms to import and its patterns some microseconds to parse, so both wait for the first number.
@cache
def _locale(lang: str) -> Locale:
    from babel import Locale, UnknownLocaleError

    try:
        return Locale.parse(_LOCALES.get(lang, lang))
    except (UnknownLocaleError, ValueError):
        return Locale.parse(_LOCALES["en"])


@cache
def _pattern(decimals: int) -> NumberPattern:
    from babel.numbers import parse_pattern

    return parse_pattern("#,##0" + ("." + "0" * decimals if decimals else ""))


# Monthly pictures write the same ticks repeatedly.
@lru_cache(maxsize=8192)
def _written(digits: str, decimals: int, lang: str) -> str:
    return str(_pattern(decimals).apply(Decimal(digits), _locale(lang)))


def number(value: float, lang: str, *, decimals: int | None = None, signed: bool = False, missing: str = "") -> str:
    """A number for readers.

    Args:
        value: Any number.
        lang: Language.
        decimals: How many; None: none from 20 on and for whole numbers, else one.
        signed: Whether a plus is shown too; what rounds to zero never has a sign.
        missing: What is shown for a missing number.
    """
    if value != value:
        return missing
    if decimals is None:
        decimals = 0 if abs(value) >= 20 or value == round(value) else 1
    digits = f"{abs(value):.{decimals}f}"
    text = _written(digits, decimals, lang)
    if not digits.strip("0."):
        return text
    return (MINUS if value < 0 else "+" if signed else "") + text


def signed(value: float, lang: str, *, decimals: int = 1) -> str:
    """A change with its sign; empty where missing."""
    return number(value, lang, decimals=decimals, signed=True)


def drawn(value: float, lang: str, *, signed: bool = False) -> str:
    """A number in a picture: no needless decimals, none from 10 on, one from 1 on, else two; a dash where missing."""
    if value != value:
        return "–"
    size = abs(value)
    whole = size >= 10 or size < 0.005 or abs(value - round(value)) < 1e-9
    return number(value, lang, decimals=0 if whole else 1 if size >= 1 else 2, signed=signed)


def plain(digits: str, lang: str) -> str:
    """A number already in digits, such as ``-0.25``, with the signs of a language and no thousands separator."""
    from babel.numbers import get_decimal_symbol

    text = digits.replace(".", get_decimal_symbol(_locale(lang)))
    return MINUS + text[1:] if text.startswith("-") else text


def percent(share: float, lang: str) -> str:
    """A share as a whole percentage."""
    return with_percent(number(100.0 * share, lang, decimals=0))


def with_percent(text: str) -> str:
    """A number in words of a language, and percent behind it."""
    return f"{text}\N{NO-BREAK SPACE}%"


@cache
def month_words(month: int, lang: str) -> str:
    """A month in words, such as ``mars 2024``.

    Args:
        month: Months since 2009-01.
        lang: Language.
    """
    import datetime

    from babel.dates import format_skeleton

    return str(
        format_skeleton("yMMMM", datetime.date(FIRST_YEAR + month // 12, month % 12 + 1, 1), locale=_locale(lang))
    )


def country_name(name: str, lang: str) -> str:
    """A country in a language.

    Args:
        name: As in tabell 10.4, which is in Norwegian.
        lang: Language.

    Returns:
        In Norwegian and English the names that scenario files take, in other languages Babel's; the English one where
        Babel has none, and the name itself where it is no country of the table.
    """
    country = next((one for one in countries() if one.name == name), None)
    if lang == "nb" or country is None:
        return name
    if _locale(lang) == _locale("en"):
        return country.name_en
    return str(_locale(lang).territories.get(country.iso, country.name_en))


def listed(names: Sequence[str], lang: str) -> str:
    """Names in a row: a, b and c."""
    from babel.lists import format_list

    return format_list(list(names), locale=_locale(lang))


def rounded_text(
    mean: float, lo: float, hi: float, unit: str, lang: str, *, told: bool = False, whole: float = math.inf
) -> str:
    """An effect with its 95 % interval, rounded to the precision of that interval (`disclosure.interval_step`).

    No rounding contradicts what is said of the effect: an end is never rounded to zero or over it, nor is the mean of
    an effect that has a direction, and a fall is never rounded to more than there was.

    Args:
        mean: Mean.
        lo: Lower end.
        hi: Upper end.
        unit: Its unit; what counts persons or cases is rounded to steps of 5 or more.
        lang: Language.
        told: Whether the effect is said to go up or down.
        whole: Mean of the reference, of which a fall is a part.

    Returns:
        Such as ``+125 (+80 to +160)``; for fewer than 5 persons at both ends only that. Where the mean is rounded onto
        an end, the interval alone, such as ``between −10 and −5``: ``−5 (−10 to −5)`` would seem to be an error.
        An effect that is the same in every replicate is one number.
    """
    if mean == lo == hi == 0.0:
        return label("compare.no_change", lang)
    if kind_of(unit).is_count and is_few(mean, lo, hi):
        return label("compare.under_five", lang)
    one, low, high = rounded_effect(mean, lo, hi, unit, lang, told=told, whole=whole)
    if has_no_width(lo, hi):
        return one
    if told and lo < 0.0 < hi and one in (low, high):
        # The interval alone would leave out the direction that is said of the effect.
        return label("compare.interval", lang).format(mean=about(one, lang), low=low, high=high)
    return with_interval(one, low, high, lang)


def with_interval(one: str, low: str, high: str, lang: str) -> str:
    """A rounded number with its interval; the interval alone where an end is the same number, one number if both are.

    Args:
        one: The number as it is shown.
        low: Lower end, likewise.
        high: Upper end.
        lang: Language.
    """
    if one == low == high:
        return about(one, lang)
    if one in (low, high):
        return label("compare.between", lang).format(low=low, high=high)
    return label("compare.interval", lang).format(mean=one, low=low, high=high)


def about(amount: str, lang: str) -> str:
    """A number of which little more is known than its size."""
    return label("compare.about", lang).format(amount=amount)


def rounded_effect(
    mean: float, lo: float, hi: float, unit: str, lang: str, *, told: bool = False, whole: float = math.inf
) -> tuple[str, str, str]:
    """Mean and ends of an effect as `rounded_text` has them; its arguments, of which not all are zero."""
    *values, decimals = rounded_numbers(mean, lo, hi, unit, told=told, whole=whole)
    one, low, high = (number(value, lang, decimals=decimals, signed=True) for value in values)
    return one, low, high


def rounded_numbers(
    mean: float, lo: float, hi: float, unit: str, *, told: bool = False, whole: float = math.inf
) -> tuple[float, float, float, int]:
    """Mean and ends of an effect as `rounded_text` has them, as numbers, and how many decimals they have."""
    step = interval_step(mean, lo, hi, unit)
    middle = beside_zero(mean, step) if told else in_steps(mean, step)
    there = rounded(whole, unit) if whole < math.inf else whole
    if -middle > there >= step:
        middle = -math.floor(there / step + 1e-9) * step
    decimals = max(0, -math.floor(math.log10(step)))
    middle, low, high = (
        round(value, decimals) + 0.0 for value in (middle, beside_zero(lo, step), beside_zero(hi, step))
    )
    return middle, low, high, decimals
