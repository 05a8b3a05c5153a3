"""One outcome of both sides, and how the difference between them grows."""

from __future__ import annotations

import numpy as np

from irregsim.present.plots.style import MODEL
from irregsim.vocabulary.disclosure import PERCENT
from irregsim.vocabulary.labels import label, labels
from irregsim.vocabulary.numbers import drawn, rounded_effect, with_percent
from irregsim.workshop.live.followed import Band, Outcome
from irregsim.workshop.pictures.chart import REFERENCE_DASH, Axes, ends_of, top_of, year_of_months
from irregsim.workshop.pictures.svg import INK, SOFT, Picture, Svg
from irregsim.workshop.pictures.words import PictureWords, outcome_name

_WIDTH, _HEIGHT = 1300.0, 520.0
_TOP, _HIGH = 74.0, 360.0


def draw_difference(outcome: Outcome, words: PictureWords, first: int, last: int, band: Band | None = None) -> Picture:
    """Draws both sides on the left and their difference on the right.

    Args:
        outcome: What is followed.
        words: Language and titles.
        first: First month shown: the axis begins a year before.
        last: Last month of the axis.
        band: Spread over replicates, if they have been run.
    """
    name = outcome_name(outcome.name, words.lang)
    if outcome.city:
        name += f", {label(f'city.{outcome.city}', words.lang)}"
    svg = Svg(_WIDTH, _HEIGHT, words("alt_difference", outcome=name), words.place)
    x = year_of_months(outcome.months)
    start = float(year_of_months(np.array([first - 13]))[0])
    axis = (start, float(year_of_months(np.array([last]))[0]))
    keep = x >= start
    svg.text(56, 26, name, 18, bold=True)
    unit = _unit(outcome, words)
    told = words("sum_of_year", unit=unit) if outcome.is_year else unit
    second = _second(svg)
    svg.paragraph(56, second, told, 640, 13, colour=SOFT, most=2)
    levels = [outcome.reference[keep], outcome.scenario[keep]]
    spread = [] if band is None else [side[:, band.months >= first - 13] for side in (band.reference, band.scenario)]
    highest = top_of(*levels, *spread, least=10.0)
    # Large type needs more room below the axes.
    high = _HIGH if words.place is None else _HIGH - 62.0
    top = _TOP + max(0.0, second - 47.0) * 2
    high -= top - _TOP
    left = Axes(svg, 56, top, 480, high, axis, (0.0, highest), words.lang)
    _sides(left, x[keep], levels, band, words)
    # Large type needs more room beside them, too: for a number such as "−100 %".
    wide = 440.0 if words.place is None else 390.0
    right = Axes(svg, 790, top, wide, high, axis, _ends(outcome, keep, band), words.lang)
    _gap(right, x[keep], outcome, keep, band, words)
    return svg.done()


def _second(svg: Svg) -> float:
    """Where the line below a name is: large type needs more room between the two."""
    return max(47.0, 26.0 + 1.15 * svg.sized(18))


def _unit(outcome: Outcome, words: PictureWords) -> str:
    if outcome.unit == PERCENT:
        return words("percent_of_start")
    key = f"unit.{outcome.unit}"
    return label(key, words.lang) if key in labels() else outcome.unit


def _said(number: str, outcome: Outcome) -> str:
    """A number in the form that it has in the tables too."""
    return with_percent(number) if outcome.unit == PERCENT and any(map(str.isdigit, number)) else number


def _ends_said(low: float, high: float, unit: str, lang: str) -> tuple[str, str]:
    """Both ends of a band, rounded as an interval is everywhere."""
    if not low < high:  # nothing to round to, or missing
        return drawn(low, lang, signed=True), drawn(high, lang, signed=True)
    _, *ends = rounded_effect((low + high) / 2, low, high, unit, lang)
    return ends[0], ends[1]


def _ends(outcome: Outcome, keep: np.ndarray, band: Band | None) -> tuple[float, float]:
    series = [outcome.difference[keep]]
    if band is not None:
        series.append(band.difference)
    return ends_of(*series, least=3.0)


def _sides(axes: Axes, x: np.ndarray, levels: list[np.ndarray], band: Band | None, words: PictureWords) -> None:
    axes.shade_assumptions(words=True)
    axes.values()
    axes.years(6)
    if band is not None:
        months = year_of_months(band.months)
        keep = months >= axes.x[0]
        for ends, colour in ((band.reference, INK), (band.scenario, MODEL)):
            axes.area(months[keep], ends[0][keep], ends[1][keep], colour, 0.14)
    axes.line(x, levels[0], INK, 2, REFERENCE_DASH)
    axes.line(x, levels[1], MODEL, 2.8)
    told: list[tuple[float, str, str]] = []
    for values, text, colour in (
        (levels[0], label("legend.reference", words.lang), INK),
        (levels[1], label("legend.scenario", words.lang), MODEL),
    ):
        finite = values[np.isfinite(values)]
        if finite.size:
            told.append((float(finite[-1]), f"{text} {drawn(float(finite[-1]), words.lang)}", colour))
    axes.label_ends(told, 14)


def _gap(axes: Axes, x: np.ndarray, outcome: Outcome, keep: np.ndarray, band: Band | None, words: PictureWords) -> None:
    svg, values = axes.svg, outcome.difference[keep]
    unit = words("percent_of_reference") if outcome.unit == PERCENT else _unit(outcome, words)
    told = words("difference")
    svg.text(axes.left, 26, told if words.place is None else told.partition(":")[0], 14.5, bold=True)
    svg.paragraph(axes.left, _second(svg), unit, 505, 13, colour=SOFT, most=2)
    axes.shade_assumptions()
    axes.values(signed=True)
    axes.years(6)
    if band is not None:
        months = year_of_months(band.months)
        kept = months >= axes.x[0]
        axes.area(months[kept], band.difference[0][kept], band.difference[1][kept], MODEL, 0.22)
    axes.line(x, values, MODEL, 3)
    finite = values[np.isfinite(values)]
    if not finite.size:
        svg.text(axes.left + 12, axes.top + 60, words("few_behind"), 14, colour=SOFT)
        return
    text = _said(drawn(float(finite[-1]), words.lang, signed=True), outcome)
    axes.label_ends([(float(finite[-1]), text, MODEL)], 17)
    size = svg.sized(13)
    below = axes.bottom + max(44.0, size * 3.0)
    if band is None:
        svg.paragraph(axes.left, below, words("one_run"), 500, 13, colour=SOFT, most=3)
        return
    low, high = (float(end[-1]) for end in band.difference)
    ends = _ends_said(low, high, outcome.unit, words.lang)
    told = words("band_says", number=band.n, low=_said(ends[0], outcome), high=_said(ends[1], outcome))
    then = svg.paragraph(axes.left, below, told, 500, 13, colour=INK, most=2)
    if low <= 0 <= high or low != low:
        below = below + 17 if words.place is None else then
        wide = 500 if words.place is None else 460  # bold letters are wider, which large type has no room for
        svg.paragraph(axes.left, below, words("cannot_tell"), wide, 13, colour=INK, bold=True, most=2)
