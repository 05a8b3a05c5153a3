"""What the pictures of a run say in their titles, from the numbers that they draw."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from irregsim.present.words import upper
from irregsim.vocabulary.codes import EXITS, HIDDEN, month_number
from irregsim.vocabulary.labels import label
from irregsim.vocabulary.numbers import month_words, percent

if TYPE_CHECKING:
    from irregsim.study.summaries import Series

#: A change of less than this share is "about as many".
_NO_CHANGE = 0.005


def stocks_change(series: Sequence[Series], assumed: str, lang: str) -> str:
    """Change of those in reception centres and of the hidden population over the months that are known.

    Args:
        series: The series of every replicate.
        assumed: First month that is assumed in part (``YYYY-MM``). A run that begins there or later is described
            to its end.
        lang: Language.

    Returns:
        A sentence without a full stop, of medians over replicates; empty where nobody was there at first.
    """
    months = [str(month) for month in series[0].stocks.index]
    known = [month for month in months if month < assumed]
    first, last = months[0], known[-1] if len(known) > 1 else months[-1]
    told = {}
    for name, codes in (("visible", ["synlig"]), ("hidden", list(HIDDEN))):
        sums = [one.stocks[codes].sum(axis=1) for one in series]
        ratios = [float(one[last] / one[first]) for one in sums if one[first] > 0]
        if len(ratios) < len(sums):
            return ""
        told[name] = _change(float(np.median(ratios)) - 1, lang)
    names = {key: month_words(month_number(month), lang) for key, month in (("first", first), ("last", last))}
    return label("message.stocks", lang).format(**told, **names)


def most_leave_by(series: Sequence[Series], lang: str) -> str:
    """The exit that most leave by, and its share of all exits over all years: the median over replicates.

    Args:
        series: The series of every replicate.
        lang: Language.

    Returns:
        A sentence without a full stop; empty where nobody leaves.
    """
    sums = np.array([one.flows[list(EXITS)].to_numpy(dtype="float64").sum(axis=0) for one in series])
    if not (sums.sum(axis=1) > 0).all():
        return ""
    shares = np.median(sums / sums.sum(axis=1, keepdims=True), axis=0)
    most, years = int(np.argmax(shares)), series[0].flows.index
    return label("message.exits", lang).format(
        exit=upper(label(f"exit.{EXITS[most]}", lang)),
        share=percent(float(shares[most]), lang),
        first=years[0],
        last=years[-1],
    )


def counts_inside(inside: Sequence[bool], lang: str) -> str:
    """How many published counts lie inside the band of the replicates.

    Args:
        inside: Of each count that is drawn.
        lang: Language.

    Returns:
        A sentence without a full stop; empty without counts.
    """
    if not inside:
        return ""
    return label("message.registers", lang).format(inside=sum(inside), counts=len(inside))


def _change(share: float, lang: str) -> str:
    if abs(share) < _NO_CHANGE:
        return label("message.as_many", lang)
    return label("message.fewer" if share < 0 else "message.more", lang).format(share=percent(abs(share), lang))
