"""A scenario's effects in one sentence that is read aloud: for the first page and for the titles of pictures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from irregsim.present.main_effects import HIDDEN, main_effects
from irregsim.present.words import certainty_of, has_direction, is_very_little, plain_words, upper
from irregsim.study.comparison import verdicts
from irregsim.vocabulary.codes import month_number
from irregsim.vocabulary.disclosure import PERCENT, SMALL, beside_zero, interval_step, is_few, kind_of
from irregsim.vocabulary.labels import label, labels
from irregsim.vocabulary.numbers import about, number, rounded_effect, with_percent

Row = Mapping[str, Any]

#: Effects with a direction that one sentence tells, beside those without.
MOST_TOLD: Final = 3


def years_of(row: Row) -> float:
    """Years that an effect is a total of."""
    return (month_number(str(row["to"])) - month_number(str(row["since"])) + 1) / 12.0


def size(row: Row, lang: str, *, short: bool = False) -> str:
    """How large an effect is, without its sign and interval, such as ``8 persons a year (15 %)``.

    Args:
        row: Of ``key_figures``, as readers see it.
        lang: Language.
        short: In percent only, where that may be said.
    """
    unit = str(row["unit"])
    mean, lo, hi = (float(row[name]) for name in ("mean", "lo", "hi"))
    if unit == PERCENT:
        return percent_of(mean, lo, hi, lang)
    if kind_of(unit).is_count and is_few(mean, lo, hi):
        return _with_unit(label("compare.fewer_than_five", lang), unit, lang)
    base = float(row["reference_mean"])
    share = ""
    if base > 0:
        low, high = (float(row.get(f"percent_{end}", 100.0 * float(row[end]) / base)) for end in ("lo", "hi"))
        share = percent_of(100.0 * mean / base, low, high, lang)
    if short and share:
        return share
    is_sum = row.get("kind") == "sum"
    years = years_of(row) if is_sum else 1.0
    if years >= 1.0 and kind_of(unit).is_count and is_few(mean / years):
        # Some in all, but few in a year: a step of five would make 2 a year 5, and over seven years 35 of 15.
        years = 0.0
    amount = (
        _plain(mean / years, lo / years, hi / years, unit, lang) if years >= 1.0 else _plain(mean, lo, hi, unit, lang)
    )
    amount = _with_unit(amount, unit, lang)
    if is_sum:
        amount = label("compare.size_a_year" if years >= 1.0 else "compare.size_in_all", lang).format(amount=amount)
    return f"{amount} ({share})" if share else amount


def _with_unit(amount: str, unit: str, lang: str) -> str:
    """An amount with its unit, where that has a name."""
    key = f"unit.{unit}"
    return f"{amount} {label(key, lang)}" if unit not in ("count", "index") and key in labels() else amount


def percent_of(mean: float, lo: float, hi: float, lang: str, *, signed: bool = False) -> str:
    """An effect in percent of the reference without its interval; from 10 % on without decimals.

    Args:
        mean: Mean in percent.
        lo: Lower end.
        hi: Upper end.
        lang: Language.
        signed: Whether with its sign.
    """
    if mean == lo == hi == 0.0:
        return with_percent(number(0.0, lang))
    step = max(interval_step(mean, lo, hi, PERCENT), 1.0 if abs(mean) >= 10.0 else 0.1)
    value = beside_zero(mean, step)
    decimals = 0 if step >= 1.0 else 1
    return with_percent(number(value if signed else abs(value), lang, decimals=decimals, signed=signed))


def _plain(mean: float, lo: float, hi: float, unit: str, lang: str) -> str:
    """The mean as it is rounded beside its interval, without its sign."""
    if mean == lo == hi == 0.0:
        return number(0.0, lang)
    text = rounded_effect(mean, lo, hi, unit, lang, told=True)[0].lstrip("+\N{MINUS SIGN}")
    # The least step there is: of what is rounded to it, little more is known.
    return about(text, lang) if kind_of(unit).is_count and text == number(SMALL, lang) else text


def sentence(rows: Sequence[Row], lang: str, *, short: bool = False) -> str:
    """Effects in one sentence: those with a direction, each with its size, then those without.

    Args:
        rows: Of ``key_figures``, in the order in which they are told.
        lang: Language.
        short: Sizes in percent only, for titles.

    Returns:
        With a capital first, without a full stop; empty without rows.
    """
    parts = []
    for row in (row for row in rows if has_direction(row)):
        way = f"{certainty_of(row)}_{row['verdict']}{'_tiny' if is_very_little(row) else ''}"
        outcome = plain_words(str(row["outcome"]), lang)
        parts.append(label(f"compare.says_{way}", lang).format(outcome=outcome, size=size(row, lang, short=short)))
    for certainty, key in ((verdicts.UNCLEAR, "compare.says_unclear"), (verdicts.SAME, "compare.says_same")):
        names = [plain_words(str(row["outcome"]), lang) for row in rows if certainty_of(row) == certainty]
        if names:
            parts.append(label(key, lang).format(names=_either(names, lang)))
    return upper("; ".join(parts))


def _either(names: Sequence[str], lang: str) -> str:
    """Names joined by the word for or."""
    if len(names) < 2:
        return "".join(names)
    return label("compare.either", lang).format(names=", ".join(names[:-1]), last=names[-1])


def answer(rows: Sequence[Row], declared: Sequence[str], lang: str, *, short: bool = False) -> str:
    """The answer of a scenario in one sentence.

    Args:
        rows: Its rows of ``key_figures``, as readers see them.
        declared: Outcomes that it is declared to move.
        lang: Language.
        short: For titles.
    """
    chosen = main_effects(rows, declared)
    directed = [row for row in chosen if has_direction(row)]
    told = [row for row in directed if row["outcome"] != HIDDEN][: 2 if short else MOST_TOLD]
    told += [row for row in directed if row["outcome"] == HIDDEN]
    # What a lever is meant to move is told even where nothing can be said of it; what nobody asked for is not.
    asked = [*declared[: 1 if short else 3], HIDDEN]
    silent = [row for row in chosen if not has_direction(row) and str(row["outcome"]) in asked]
    text = sentence([*told, *silent], lang, short=short)
    return text if told else label("compare.says_nothing_clear", lang).format(rest=text)
