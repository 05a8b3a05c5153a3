"""The iceberg: what the registers counted above the water, what nobody counts below it."""

from __future__ import annotations

import numpy as np

from irregsim.present.colours import COLOURS
from irregsim.vocabulary.codes import FIRST_YEAR, HIDDEN
from irregsim.vocabulary.disclosure import in_steps
from irregsim.vocabulary.labels import label
from irregsim.vocabulary.numbers import drawn
from irregsim.workshop.live.record import PANELS
from irregsim.workshop.live.snapshot import Look, SideLook
from irregsim.workshop.pictures.chart import level_text
from irregsim.workshop.pictures.registers import published
from irregsim.workshop.pictures.svg import INK, PAPER, SOFT, Picture, Svg
from irregsim.workshop.pictures.words import PictureWords, panel_words, short

_WIDTH, _HEIGHT = 640.0, 590.0
_WATER = 250.0
_MIDDLE = 185.0


def draw_iceberg(look: Look, words: PictureWords) -> Picture:
    """Draws one side, or both side by side once they have parted."""
    sides = look.sides
    year = FIRST_YEAR + (look.month + 1) // 12 - 1
    svg = Svg(_WIDTH * max(len(sides), 1.35), _HEIGHT, words("alt_iceberg", year=year))
    svg.rect(0, _WATER, svg.width, _HEIGHT - _WATER, "#EAF2F8")
    svg.line(0, _WATER, svg.width, _WATER, "#7A9CB8", 2)
    for number, side in enumerate(sides):
        shift = _WIDTH * number if len(sides) > 1 else _WIDTH * 0.175
        with svg.group(transform=f"translate({shift:g} 0)", class_=("reference", "scenario")[number]):
            svg.paragraph(_WIDTH / 2, 22, words.title(number), _WIDTH - 40, 16, most=1, anchor="middle", bold=True)
            _above(svg, side, year, words)
            _below(svg, side, words)
    return svg.done()


def _above(svg: Svg, side: SideLook, year: int, words: PictureWords) -> None:
    tip = [
        (_MIDDLE - 62, _WATER),
        (_MIDDLE - 34, _WATER - 74),
        (_MIDDLE - 6, _WATER - 52),
        (_MIDDLE + 22, _WATER - 104),
    ]
    svg.path([*tip, (_MIDDLE + 66, _WATER)], close=True, fill="#F7FAFC", stroke="#7A9CB8", stroke_width=2)
    told = [(panel, side.registers.get(panel, {}).get(year)) for panel in PANELS]
    x, y = 268.0, 56.0
    svg.text(x, y, words("above", year=year) if any(n is not None for _, n in told) else words("above_none"), 14,
             bold=True)  # fmt: skip
    for panel, count in told:
        if count is None:
            continue
        y += 22
        svg.text(x + 62, y, drawn(in_steps(count), words.lang), 15, anchor="end", bold=True)
        name = panel_words(panel, words.lang)
        svg.text(x + 70, y, name if len(name) < 49 else name[:47] + "…", 11.5, hint=name)
        seen = published(panel).get(year)
        if seen is not None:
            svg.text(_MIDDLE + 58, y, words("published", number=drawn(seen, words.lang)), 11.5, colour=SOFT,
                     anchor="end")  # fmt: skip


def _below(svg: Svg, side: SideLook, words: PictureWords) -> None:
    """Layers as thick as their shares; as wide as the root of the index, since a berg is seen from one side."""
    last = side.hidden[-1]
    total = float(last.sum())
    wide = 150.0 * float(np.sqrt(total / 100)) if total == total else 150.0
    wide = min(wide, _MIDDLE - 8)
    deep = 245.0
    y = _WATER
    order = ("avhengig", "arbeidende", "marginalisert", "fritt_fall")
    svg.text(_MIDDLE + 190, _WATER + 26, words("below"), 14, bold=True)
    told = words("below_index", number=drawn(round(total), words.lang)) if total == total else ""
    svg.text(_MIDDLE + 190, _WATER + 50, told, 20, bold=True, class_="level")
    for code in order:
        share = float(last[HIDDEN.index(code)]) / total if total > 0 else 0.25
        top, bottom = _half(y, wide, deep), _half(y + deep * share, wide, deep)
        corners = [
            (_MIDDLE - top, y),
            (_MIDDLE + top, y),
            (_MIDDLE + bottom, y + deep * share),
            (_MIDDLE - bottom, y + deep * share),
        ]
        hint = f"{label(f'strategy.{code}', words.lang)}: {label(f'strategy_note.{code}', words.lang)}"
        svg.add(
            "path",
            hint=hint,
            d="M" + "L".join(f"{a:.1f} {b:.1f}" for a, b in corners) + "Z",
            fill=COLOURS[code],
            fill_opacity=0.8,
            stroke=PAPER,
        )
        middle = y + deep * share / 2 + 5
        svg.line(_MIDDLE + (top + bottom) / 2 + 4, middle - 5, _MIDDLE + 184, middle - 5, "#B9C6D3")
        name = f"{short(code, words.lang)} {level_text(float(last[HIDDEN.index(code)]), words.lang)}"
        svg.text(_MIDDLE + 190, max(middle, _WATER + 78), name, 13.5, colour=INK, hint=hint)
        y += deep * share
    # The counts do not say where it ends.
    for row in range(4):
        half = _half(y, wide, deep) * (1 - row * 0.22)
        svg.line(_MIDDLE - half, y + 9 + row * 11, _MIDDLE + half, y + 9 + row * 11, "#7A9CB8", 2, "3 7")
    svg.text(_MIDDLE, y + 70, "?", 30, colour="#56708A", anchor="middle", bold=True)
    svg.paragraph(_MIDDLE + 190, y + 20, words("depth"), 250, 12, colour=SOFT, most=5)


def _half(y: float, wide: float, deep: float) -> float:
    """Half the width of the berg at a depth: widest a third of the way down."""
    t = min(1.0, max(0.0, (y - _WATER) / deep))
    return wide * (0.62 + 0.75 * t) if t < 0.35 else wide * (0.8825 - 0.75 * (t - 0.35))
