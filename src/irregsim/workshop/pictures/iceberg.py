"""The iceberg: what the registers counted above the water, what nobody counts below it."""

from __future__ import annotations

from irregsim.present.colours import COLOURS
from irregsim.vocabulary.codes import FIRST_YEAR, HIDDEN
from irregsim.vocabulary.disclosure import in_steps
from irregsim.vocabulary.labels import label
from irregsim.vocabulary.numbers import drawn
from irregsim.workshop.live.record import PANELS
from irregsim.workshop.live.snapshot import Look, SideLook
from irregsim.workshop.pictures.chart import level_text
from irregsim.workshop.pictures.registers import published
from irregsim.workshop.pictures.svg import INK, PAPER, SIDES, SOFT, Picture, Svg, alone, shifted
from irregsim.workshop.pictures.words import PictureWords, panel_words, short

_WIDTH, _HEIGHT = 640.0, 690.0
_WATER = 350.0
_MIDDLE = 185.0


def draw_iceberg(look: Look, words: PictureWords) -> Picture:
    """Draws one side, or both side by side once they have parted."""
    sides = look.sides
    year = FIRST_YEAR + (look.month + 1) // 12 - 1
    beside = len(sides) if words.place is None else 1
    svg = Svg(_WIDTH * max(beside, alone(words.place)), _HEIGHT * len(sides) / beside,
              words("alt_iceberg", year=year), words.place, scrolls=True)  # fmt: skip
    for row in range(len(sides) // beside):
        svg.rect(0, _HEIGHT * row + _WATER, svg.width, _HEIGHT - _WATER, "#EAF2F8")
        svg.line(0, _HEIGHT * row + _WATER, svg.width, _HEIGHT * row + _WATER, "#7A9CB8", 2)
    for number, side in enumerate(sides):
        with svg.group(transform=shifted(svg, number, _WIDTH, _HEIGHT, beside), class_=SIDES[number]):
            svg.paragraph(_WIDTH / 2, 22, words.title(number), _WIDTH - 40, 16, most=1, anchor="middle", bold=True)
            _above(svg, side, year, words)
            _below(svg, side, words)
    return svg.done()


def _above(svg: Svg, side: SideLook, year: int, words: PictureWords) -> None:
    tip = [
        (_MIDDLE - 92, _WATER),
        (_MIDDLE - 74, _WATER - 64),
        (_MIDDLE - 54, _WATER - 46),
        (_MIDDLE - 36, _WATER - 96),
    ]
    svg.path([*tip, (_MIDDLE + 4, _WATER)], close=True, fill="#F7FAFC", stroke="#7A9CB8", stroke_width=2)
    told = [(panel, side.registers.get(panel, {}).get(year)) for panel in PANELS]
    x, y = 190.0, 56.0
    has_counts = any(count is not None for _, count in told)
    svg.paragraph(x, y, words("above", year=year) if has_counts else words("above_none"), (_WIDTH - x) * 0.85, 14,
                  bold=True)  # fmt: skip
    for panel, count in told:
        if count is None:
            continue
        y += max(22.0, svg.sized(11.5) * 1.45)
        svg.text(x + 62, y, drawn(in_steps(count), words.lang), 15, anchor="end", bold=True)
        seen = published(panel).get(year)
        name = panel_words(panel, words.lang)
        if seen is not None:
            name += f" ({words('published', number=drawn(seen, words.lang))})"
        y = svg.paragraph(x + 70, y, name, _WIDTH - x - 74, 11.5, most=4) - svg.sized(11.5) * 1.3


def _below(svg: Svg, side: SideLook, words: PictureWords) -> None:
    """Layers whose areas are in proportion to the index: all as wide, so that a thickness is a number."""
    last = side.hidden[-1]
    total = float(last.sum())
    wide = min(130.0 * (total / 100 if total == total else 1.0), _MIDDLE - 8)
    deep = 245.0
    y, at = _WATER, _WATER + 58
    order = ("avhengig", "arbeidende", "marginalisert", "fritt_fall")
    svg.text(_MIDDLE + 190, _WATER + 26, words("below"), 14, bold=True)
    told = words("below_index", number=drawn(round(total), words.lang)) if total == total else ""
    svg.text(_MIDDLE + 190, _WATER + 50, told, 20, bold=True, class_="level")
    for code in order:
        share = float(last[HIDDEN.index(code)]) / total if total > 0 else 0.25
        top, bottom = wide, wide
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
        at = max(middle, at + svg.sized(13.5) * 1.15)
        svg.text(_MIDDLE + 190, at, name, 13.5, colour=INK, hint=hint)
        y += deep * share
    # The counts do not say where it ends.
    for row in range(4):
        half = wide * (1 - row * 0.22)
        svg.line(_MIDDLE - half, y + 9 + row * 11, _MIDDLE + half, y + 9 + row * 11, "#7A9CB8", 2, "3 7")
    svg.text(_MIDDLE, y + 70, "?", 30, colour="#56708A", anchor="middle", bold=True)
    svg.paragraph(_MIDDLE + 190, max(y, at) + 26, words("depth"), 250, 12, colour=SOFT, most=5)
