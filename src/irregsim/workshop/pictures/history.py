"""The hidden strategies stacked over time, those in reception centres next to them, and the levers below."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from irregsim.present.colours import COLOURS
from irregsim.present.words import lever_change
from irregsim.vocabulary.codes import HIDDEN, month_number
from irregsim.vocabulary.labels import label
from irregsim.workshop.live.followed import Band
from irregsim.workshop.live.snapshot import Look
from irregsim.workshop.pictures.chart import REFERENCE_DASH, Axes, top_of, year_of_months
from irregsim.workshop.pictures.svg import INK, LINE, SOFT, Picture, Svg, size_of, width_of
from irregsim.workshop.pictures.words import PictureWords, short

_WIDTH = 1300.0
_TOP, _HIGH = 62.0, 300.0
_LOW = 110.0
_STRIP = 21.0

#: Months drawn before the first one shown.
_BEFORE = 13

#: Levers listed below the axis, and where a projector shows them; further ones are counted.
_MOST_LEVERS = 5
_MOST_LARGE = 3

#: From the ground up.
_STACKED = ("avhengig", "arbeidende", "marginalisert", "fritt_fall")


def draw_history(look: Look, words: PictureWords, last: int, total: Band | None = None) -> Picture:
    """Draws one side, or both side by side once they have parted.

    Args:
        look: What may be shown.
        words: Language, titles, and the levers that differ.
        last: Last month of the axis.
        total: Spread of ``index:hidden`` over replicates, if they have been run.
    """
    sides = look.sides
    levers = _bars(words.levers)
    most = _MOST_LEVERS if words.place is None else _MOST_LARGE
    rows = min(len(levers), most + 1)
    type_size = size_of(12.5, _WIDTH, lambda size: _places(size, rows)[-1], words.place)
    high, strip, height = _places(type_size, rows)
    # As wide as its place: names in large type leave little of a narrower one for the panels.
    width = _WIDTH if words.place is None else max(_WIDTH, height * words.place[0] / words.place[1])
    svg = Svg(width, height, words("alt_history", month=words.month(look.month)), words.place)
    months = look.months
    # A year before the first month shown: what was long before would make a difference too small to see.
    kept = months >= look.first - _BEFORE
    x = year_of_months(months[kept])
    axis = (float(x[0]) - 1 / 12, float(year_of_months(np.array([last]))[0]))
    tops = [side.hidden[kept].sum(axis=1) for side in sides]
    highest = top_of(*tops, *((total.reference, total.scenario) if total is not None else ()), least=100.0)
    seen = top_of(*(side.visible[kept] for side in sides), least=50.0)
    names = [width_of(short(code, words.lang), type_size) * 1.12 for code in _STACKED]
    gap = max(172.0, max(names) + 62)
    margin = max(56.0, width_of("00 000", type_size) * 1.12 + 8)
    wide = (width - margin - 4 - gap * len(sides)) / len(sides)
    for number, side in enumerate(sides):
        left = margin + (wide + gap) * number
        axes = Axes(svg, left, _TOP, wide, _HIGH, axis, (0.0, highest), words.lang)
        svg.paragraph(left, 20, words.title(number), wide + gap - 20, 15.5, most=2, bold=True)
        _stack(axes, x, side.hidden[kept], words)
        if total is not None:
            _spread(axes, total, number, words)
        axes.now(look.month)
        lower = Axes(svg, left, high, wide, _LOW, axis, (0.0, seen), words.lang)
        _visible(lower, x, look, kept, number, words)
    _strip(svg, levers, most, axis, margin, wide, strip, words)
    return svg.done()


def _places(size: float, rows: int) -> tuple[float, float, float]:
    """Top of the panel below, top of the strip of levers, and height of the picture, for type of a size.

    Below a panel are its years, then the name of what follows.
    """
    below = max(58.0, size * 3.6)
    high = _TOP + _HIGH + below
    strip = high + _LOW + max(50.0, size * 3.8)
    return high, strip, strip + _row_of(size) * max(rows, 1) + max(16.0, size * 0.8)


def _row_of(size: float) -> float:
    """Height of a row of the strip."""
    return max(_STRIP, size * 1.3)


def _stack(axes: Axes, x: np.ndarray, hidden: np.ndarray, words: PictureWords) -> None:
    axes.shade_assumptions(words=True)
    axes.values(unit=words("unit_index"))
    low = np.zeros(len(x))
    ends = []
    for code in _STACKED:
        high = low + hidden[:, HIDDEN.index(code)]
        axes.area(x, low, high, COLOURS[code])
        ends.append((float(low[-1] + high[-1]) / 2, short(code, words.lang), COLOURS[code]))
        low = high
    axes.line(x, low, INK, 1.2)
    axes.years()
    axes.label_ends(ends, 12.5)


def _spread(axes: Axes, total: Band, number: int, words: PictureWords) -> None:
    x = year_of_months(total.months)
    ends = (total.reference, total.scenario)[number]
    for end in ends:
        axes.line(x, end, INK, 1.3, "2 3")
    axes.svg.text(axes.left + 8, axes.top + 34, words("band_of", number=total.n), 12, colour=SOFT)


def _visible(axes: Axes, x: np.ndarray, look: Look, kept: np.ndarray, number: int, words: PictureWords) -> None:
    axes.shade_assumptions()
    axes.values(3)
    name = label("strategy.synlig", words.lang)
    axes.svg.text(axes.left, axes.top - 9, f"{name}, {label('unit.persons', words.lang)}", 13, colour=COLOURS["synlig"],
                  bold=True)  # fmt: skip
    if number:
        axes.line(x, look.reference.visible[kept], INK, 1.6, REFERENCE_DASH)
    axes.line(x, look.sides[number].visible[kept], COLOURS["synlig"])
    axes.years()
    axes.now(look.month)


def _bars(rows: Sequence[Mapping[str, str]]) -> dict[str, list[Mapping[str, str]]]:
    groups: dict[str, list[Mapping[str, str]]] = {}
    for row in rows:
        if row["from"]:
            groups.setdefault(row["key"], []).append(row)
    return groups


def _strip(
    svg: Svg,
    levers: Mapping[str, Sequence[Mapping[str, str]]],
    most: int,
    axis: tuple[float, float],
    left: float,
    wide: float,
    top: float,
    words: PictureWords,
) -> None:
    """A bar for each lever while it differs from the reference, with its value."""
    svg.text(left, top - max(6.0, 0.5 * svg.least), words("levers" if levers else "no_levers"), 13, bold=True)
    high = _row_of(svg.sized(12.5))
    axes = Axes(svg, left, top, wide, high * max(1, len(levers)), axis, (0.0, 1.0), words.lang)
    for row, (key, stretches) in enumerate(list(levers.items())[:most]):
        y = top + high * row + 4
        svg.line(axes.left, y + 7, axes.right, y + 7, LINE)
        for stretch in stretches:
            first = float(year_of_months(np.array([month_number(stretch["from"]) - 1]))[0])
            end = float(year_of_months(np.array([month_number(stretch["to"])]))[0])
            start, stop = axes.px(max(first, axis[0])), axes.px(min(end, axis[1]))
            hint = f"{key}: {stretch['reference']} → {stretch['value']}"
            svg.rect(start, y, stop - start, 14, "#9DB0C2", hint=hint, rx=2)
        told = lever_change(key, stretches[0]["value"], words.lang)
        letters = int((svg.width - axes.right - 8) / width_of("x", svg.sized(12.5)) / 1.06)
        shown = told if len(told) <= letters else told[: letters - 1] + "…"
        svg.text(axes.right + 8, y + 12, shown, 12.5, hint=told)
    if len(levers) > most:
        y = top + high * most + svg.sized(12.5) * 1.1
        svg.text(left, y, words("more_levers", number=len(levers) - most), 12.5, colour=SOFT)
