"""The strategies as communicating vessels: the level in each, and the flows between them this month."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from irregsim.present.colours import COLOURS, OTHER_COLOURS
from irregsim.vocabulary.codes import EXITS, HIDDEN
from irregsim.vocabulary.labels import label
from irregsim.vocabulary.numbers import drawn
from irregsim.workshop.live.snapshot import Flow, Look, SideLook
from irregsim.workshop.pictures.chart import level_text, top_of
from irregsim.workshop.pictures.svg import (
    INK,
    LINE,
    PAPER,
    SIDES,
    SOFT,
    Picture,
    Svg,
    columns,
    lines_of,
    shifted,
    whole,
    width_of,
)
from irregsim.workshop.pictures.words import PictureWords, short

#: Size of one side.
_WIDTH, _HEIGHT = 640.0, 590.0

#: Vessels from left to right; free fall is below, as the pipe that joins them.
_ABOVE = ("synlig", "avhengig", "arbeidende", "marginalisert")
_TOP, _DEEP, _WIDE = 122.0, 168.0, 88.0
_BASIN_TOP, _BASIN_DEEP, _BASIN_LEFT, _BASIN_LONG = 392.0, 46.0, 50.0, 540.0

#: How far apart ways out are, how long their arrows, and where their names are.
_EXIT_STEP, _EXIT_LONG, _EXITS_TOP = 23.0, 25.0, 500.0

#: Columns of the names of ways out.
_EXIT_COLUMNS = 3

#: Shaft of the widest arrow.
_THICK = 15.0


def draw_vessels(look: Look, words: PictureWords) -> Picture:
    """Draws one side, or both side by side once they have parted.

    Args:
        look: What may be shown.
        words: Language and titles.
    """
    sides = look.sides
    alt = words("alt_vessels", month=words.month(look.month))
    beside = columns(_WIDTH, _HEIGHT, len(sides), words.place)
    size = whole(_WIDTH, _HEIGHT, len(sides), beside, words.place)
    svg = Svg(size.width, size.height, alt, words.place, scrolls=size.scrolls)
    # Of the months shown: what was before would only make the vessels too deep.
    start = max(0, look.first - 1 - int(look.months[0]))
    most = top_of(*(side.hidden[start:] for side in sides), least=10.0)
    seen = top_of(*(side.visible_index[start:] for side in sides), least=100.0)
    for number, side in enumerate(sides):
        with svg.group(transform=shifted(svg, number, _WIDTH, _HEIGHT, beside), class_=SIDES[number]):
            _side(svg, look, number, side, (most, seen), words)
    if beside > 1:
        svg.line(_WIDTH, 8, _WIDTH, _HEIGHT - 8, LINE)
    return svg.done()


def _side(svg: Svg, look: Look, number: int, side: SideLook, scales: tuple[float, float], words: PictureWords) -> None:
    svg.paragraph(_WIDTH / 2, 24, words.title(number), _WIDTH - 40, 16, most=2, anchor="middle", bold=True)
    # Ways out leave from the vessel of those who take them.
    flows = {(flow.origin, flow.destination): flow for flow in side.flows}
    start = max(0, look.first - 1 - int(look.months[0]))
    centres = np.linspace(_WIDTH * 0.125, _WIDTH * 0.875, len(_ABOVE))
    for place, code in zip(centres.tolist(), _ABOVE, strict=True):
        counted = code == "synlig"
        column = side.visible_index if counted else side.hidden[:, HIDDEN.index(code)]
        before = look.reference.visible_index if counted else look.reference.hidden[:, HIDDEN.index(code)]
        scale = scales[1] if counted else scales[0]
        _vessel(svg, place, code, float(column[-1]), float(column[min(start, len(column) - 1)]), scale, words)
        if number:
            _ghost(svg, place, float(before[-1]), scale)
        _newcomers(svg, place, flows.get(("inflow", code)), words)
        _pipes(svg, place, code, flows, words)
        for row, way in enumerate(EXITS):
            start_at = (place + _WIDE / 2 + 3, _TOP + 14 + _EXIT_STEP * row)
            _exit(svg, flows.get((code, way)), start_at, (_EXIT_LONG, 0.0), words)
    _basin(svg, side, look, number, start, scales[0], flows, words)
    _exits(svg, words)


def _depth(value: float, scale: float) -> float:
    return min(1.0, max(0.0, value / scale)) * _DEEP if value == value else 0.0


def _vessel(svg: Svg, place: float, code: str, value: float, start: float, scale: float, words: PictureWords) -> None:
    left, colour = place - _WIDE / 2, COLOURS[code]
    deep = _depth(value, scale)
    hint = f"{label(f'strategy.{code}', words.lang)}: {label(f'strategy_note.{code}', words.lang)}"
    counted = code == "synlig"
    with svg.group(hint=f"{hint} ({words('own_scale')})" if counted else hint, class_=f"vessel {code}"):
        svg.rect(left, _TOP, _WIDE, _DEEP, PAPER, rx=6)
        svg.rect(left, _TOP + _DEEP - deep, _WIDE, deep, colour, fill_opacity=0.85)
        svg.add(
            "path",
            d=f"M{left:g} {_TOP:g}V{_TOP + _DEEP:g}H{left + _WIDE:g}V{_TOP:g}",
            fill="none",
            stroke=INK,
            stroke_width=2,
            stroke_dasharray="6 4" if counted else None,
        )
        mark = _TOP + _DEEP - _depth(start, scale)
        svg.line(left - 6, mark, left + 8, mark, INK, 1.5)
        inside = deep > 34
        if counted and words.place is None:  # large type has no room for it: the hint and the note say it
            svg.text(place, _TOP + _DEEP + 15, words("own_scale"), 11, colour=SOFT, anchor="middle")
        svg.text(
            place,
            _TOP + _DEEP - deep + (25 if inside else -7),
            level_text(value, words.lang),
            21,
            colour=PAPER if inside and code != "avhengig" else INK,
            anchor="middle",
            bold=True,
            class_="level",
            paint_order="stroke",
            stroke=None if inside else PAPER,
            stroke_width=None if inside else 4,
        )
        size = svg.sized(13)
        name = lines_of(short(code, words.lang), 118, size)
        for row, line in enumerate(name):
            y = _TOP - 42 - size * 1.15 * (len(name) - 1 - row)
            at = min(place, _WIDTH - 2 - width_of(line, size) * 0.58)
            svg.text(at, y, line, 13, colour=INK, anchor="middle", bold=True)


def _ghost(svg: Svg, place: float, value: float, scale: float) -> None:
    """Level of the same vessel in the reference."""
    level = _TOP + _DEEP - _depth(value, scale)
    svg.line(place - _WIDE / 2, level, place + _WIDE / 2, level, INK, 2, "3 3", class_="ghost")


def _newcomers(svg: Svg, place: float, flow: Flow | None, words: PictureWords) -> None:
    if flow is None:
        return
    with svg.group(hint=_new(flow, words)):
        svg.arrow(place, _TOP - 33, place, _TOP - 4, 2 + 10 * flow.width, OTHER_COLOURS["dod"])
        if flow.points is not None:
            svg.text(place + 15, _TOP - 13, drawn(flow.points, words.lang), 13, colour=SOFT, class_="points")


def _pipes(svg: Svg, place: float, code: str, flows: Mapping[tuple[str, str], Flow], words: PictureWords) -> None:
    """To free fall and from it."""
    top, end = _TOP + _DEEP + 22, _BASIN_TOP - 4
    for shift, key, colour in ((-19, (code, "fritt_fall"), COLOURS[code]), (19, ("fritt_fall", code), "#777777")):
        flow = flows.get(key)
        if flow is None:
            continue
        first, last = (top, end) if shift < 0 else (end, top)
        with svg.group(hint=_told(flow, words)):
            svg.arrow(place + shift, first, place + shift, last, 2 + _THICK * flow.width, colour, class_="pipe")
            if flow.points is not None:
                side = -1 if shift < 0 else 1
                svg.text(
                    place + shift + side * (9 + _THICK * flow.width / 2),
                    (top + end) / 2 + 5,
                    drawn(flow.points, words.lang),
                    13,
                    anchor="end" if side < 0 else "start",
                    class_="points",
                )


def _new(flow: Flow, words: PictureWords) -> str:
    """What a newcomers' arrow says where the pointer rests on it."""
    told = "" if flow.per_100 is None else f": {drawn(flow.per_100, words.lang)}"
    return words("newcomers") + told


def _told(flow: Flow, words: PictureWords) -> str:
    origin = label(f"strategy.{flow.origin}", words.lang)
    if flow.per_100 is not None:
        return words("of_100", origin=origin, number=drawn(flow.per_100, words.lang))
    return words("no_rate" if flow.origin == "synlig" else "few_went", origin=origin)


def _basin(
    svg: Svg,
    side: SideLook,
    look: Look,
    number: int,
    start: int,
    scale: float,
    flows: Mapping[tuple[str, str], Flow],
    words: PictureWords,
) -> None:
    column = side.hidden[:, HIDDEN.index("fritt_fall")]
    value, colour = float(column[-1]), COLOURS["fritt_fall"]
    # The same length for each point of the index as in the vessels above.
    unit = _DEEP / scale
    fill = min(_BASIN_LONG, max(0.0, value * unit if value == value else 0.0))
    hint = f"{label('strategy.fritt_fall', words.lang)}: {label('strategy_note.fritt_fall', words.lang)}"
    with svg.group(hint=hint, class_="vessel fritt_fall"):
        svg.rect(_BASIN_LEFT, _BASIN_TOP, _BASIN_LONG, _BASIN_DEEP, PAPER, rx=8)
        svg.rect(_BASIN_LEFT, _BASIN_TOP, fill, _BASIN_DEEP, colour, fill_opacity=0.85, rx=4)
        svg.add(
            "rect",
            x=_BASIN_LEFT,
            y=_BASIN_TOP,
            width=_BASIN_LONG,
            height=_BASIN_DEEP,
            rx=8,
            fill="none",
            stroke=INK,
            stroke_width=2,
        )
        mark = _BASIN_LEFT + np.nan_to_num(float(column[min(start, len(column) - 1)])) * unit
        svg.line(mark, _BASIN_TOP + _BASIN_DEEP - 8, mark, _BASIN_TOP + _BASIN_DEEP + 6, INK, 1.5)
        if number:
            ghost = _BASIN_LEFT + np.nan_to_num(float(look.reference.hidden[-1, HIDDEN.index("fritt_fall")])) * unit
            svg.line(ghost, _BASIN_TOP, ghost, _BASIN_TOP + _BASIN_DEEP, "#AAAAAA", 2, "3 3", class_="ghost")
        middle = _BASIN_TOP + _BASIN_DEEP / 2
        svg.text(_BASIN_LEFT + fill + 9, middle + 8, level_text(value, words.lang), 21, bold=True, class_="level")
        name = short("fritt_fall", words.lang)
        svg.text(_BASIN_LEFT + _BASIN_LONG - 12, middle + 5, name, 13.5, anchor="end", bold=True)
    flow = flows.get(("inflow", "fritt_fall"))
    if flow is not None:
        place = _BASIN_LEFT + _BASIN_LONG + 40
        with svg.group(hint=_new(flow, words)):
            svg.arrow(place, middle, place - 34, middle, 2 + 10 * flow.width, OTHER_COLOURS["dod"])
            if flow.points is not None:
                told = drawn(flow.points, words.lang)
                svg.text(place - 8, middle - 13, told, 13, colour=SOFT, anchor="middle", class_="points")
    for row, way in enumerate(EXITS):
        place = _BASIN_LEFT + _BASIN_LONG * (row + 0.5) / len(EXITS)
        _exit(svg, flows.get(("fritt_fall", way)), (place, _BASIN_TOP + _BASIN_DEEP + 5), (0.0, 26.0), words)


def _exit(
    svg: Svg, flow: Flow | None, start: tuple[float, float], along: tuple[float, float], words: PictureWords
) -> None:
    """One way out of one vessel."""
    if flow is None:
        return
    (x, y), (dx, dy) = start, along
    colour = OTHER_COLOURS[flow.destination]
    with svg.group(hint=f"{label(f'exit.{flow.destination}', words.lang)}. {_told(flow, words)}"):
        svg.arrow(x, y, x + dx, y + dy, 2 + _THICK * flow.width * 0.6, colour, opacity=1,
                  class_=f"exit {flow.destination} from-{flow.origin}")  # fmt: skip


def _exits(svg: Svg, words: PictureWords) -> None:
    """Names of the ways out, in the colours of their arrows."""
    size = svg.sized(12.5)
    rows = -(-len(EXITS) // _EXIT_COLUMNS)
    for number, code in enumerate(EXITS):
        column, row = number // rows, number % rows
        x, y = 24 + column * (_WIDTH - 30) / _EXIT_COLUMNS, _EXITS_TOP + 10 + row * max(24.0, size * 1.3)
        svg.arrow(x, y - size * 0.32, x + 22, y - size * 0.32, 6, OTHER_COLOURS[code], opacity=1)
        svg.text(x + 28, y, label(f"live.exit_{code}", words.lang), 12.5, hint=label(f"exit.{code}", words.lang))
