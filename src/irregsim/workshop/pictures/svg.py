"""Small drawings as SVG text, made in a millisecond, for pictures that are redrawn every month.

Elements are built with the standard library's ElementTree, which escapes whatever text is put in. Matplotlib, which
draws the pictures of run folders, takes a hundred times as long.
"""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final, NamedTuple
from xml.etree import ElementTree

INK: Final = "#333333"
SOFT: Final = "#555555"
LINE: Final = "#CCCCCC"
PAPER: Final = "#FFFFFF"

#: Fonts that every system has one of; widths differ little.
FONTS: Final = "system-ui, 'DejaVu Sans', Arial, sans-serif"

#: Mean width of a letter relative to the size of the type.
_LETTER: Final = 0.53

#: Smallest type in a picture that a projector shows, in pixels of the page; a little above 18, for rounding.
LEGIBLE: Final = 18.2

Number = float | int


def width_of(text: str, size: float) -> float:
    """About how wide a text is."""
    return len(text) * size * _LETTER


#: Classes of the two sides.
SIDES: Final = ("reference", "scenario")


def alone(place: tuple[float, float] | None) -> float:
    """How much wider than one side a picture of a single side is, so that it is no larger than one of two."""
    return 1.35 if place is None else 1.0


def shifted(svg: Svg, number: int, width: float, height: float, beside: int) -> str:
    """Where a side is: the first, or the second beside it or below it."""
    if beside > 1:
        return f"translate({width * number:g} 0)"
    return f"translate({(svg.width - width) / 2:g} {height * number:g})"


def lines_of(text: str, width: float, size: float) -> list[str]:
    """A text in lines of about a width."""
    return textwrap.wrap(text, max(8, int(width / (size * _LETTER))), break_long_words=False) or [""]


#: Sides that a place would make smaller than this are shown one above the other, and the page scrolls: large type would
#: have no room in them.
_NARROW: Final = 0.9


def whole(width: float, height: float, sides: int, beside: int, place: tuple[float, float] | None) -> Sized:
    """Width and height of a picture of sides of a size, and whether the page scrolls through it."""
    scrolls = place is not None and sides > beside
    return Sized(width * max(beside, 1.35 if scrolls else alone(place)), height * sides / beside, scrolls)


class Sized(NamedTuple):
    """Size of a picture.

    Attributes:
        width: In its own units; likewise the height.
        scrolls: As in `Svg`.
    """

    width: float
    height: float
    scrolls: bool


def columns(width: float, height: float, sides: int, place: tuple[float, float] | None) -> int:
    """In how many columns sides of a size are drawn larger: next to one another, or one above the other."""
    if place is None or sides < 2:
        return sides
    if place[0] / (width * sides) < _NARROW:
        return 1
    beside = min(place[0] / (width * sides), place[1] / height)
    above = min(place[0] / width, place[1] / (height * sides))
    return 1 if above > beside else sides


def size_of(size: float, width: float, height: Callable[[float], float], place: tuple[float, float] | None) -> float:
    """Size of type in a picture whose height has room for lines of that size.

    Args:
        size: Size where no projector shows it, in the drawing's units.
        width: Width of the picture.
        height: From a size of type to the height of the picture.
        place: As in `Svg`.
    """
    found = size
    if place is None:
        return found
    for _ in range(12):
        # A higher picture is shown smaller, so that its type must be larger; each round adds a third of the last.
        found = max(size, LEGIBLE / min(place[0] / width, place[1] / height(found)))
    return found


def number(value: Number) -> str:
    """A coordinate with two decimals at most."""
    return f"{float(value):.2f}".rstrip("0").rstrip(".")


@dataclass(frozen=True)
class Picture:
    """A drawing for a page.

    Attributes:
        svg: The ``<svg>`` element as text.
        alt: What it shows, in words, for those who cannot see it.
    """

    svg: str
    alt: str


#: An attribute of an element; None leaves it out.
Attribute = str | float | int | None


class Svg:
    """An SVG drawing that is being made.

    Args:
        width: Width in the drawing's own units; it is shown as wide as the page allows.
        height: Height in the same units.
        alt: What it shows, in words.
        place: Width and height of its place in pixels where it is shown by a projector: type is never smaller than
            `LEGIBLE` there. None where it is not.
        scrolls: Whether it is as wide as its place and may be higher.

    Attributes:
        least: Smallest size of type, in the drawing's units; 0 for any.
    """

    def __init__(
        self,
        width: Number,
        height: Number,
        alt: str,
        place: tuple[float, float] | None = None,
        *,
        scrolls: bool = False,
    ) -> None:
        self.width, self.height, self.alt = float(width), float(height), alt
        self.least, shown = 0.0, number(height)
        if place is not None:
            wide, high = place
            larger = wide / self.width if scrolls else min(wide / self.width, high / self.height)
            self.least = LEGIBLE / larger
            shown = number(self.height * larger)
        self._root = ElementTree.Element(
            "svg",
            {
                "xmlns": "http://www.w3.org/2000/svg",
                "viewBox": f"0 0 {number(width)} {number(height)}",
                "role": "img",
                "aria-label": alt,
                "font-family": FONTS,
                "style": f"width:100%;max-height:{shown}px;display:block",
            },
        )
        self._at = [self._root]

    def done(self) -> Picture:
        """The finished picture."""
        return Picture(ElementTree.tostring(self._root, encoding="unicode"), self.alt)

    def add(self, tag: str, /, *, hint: str = "", text: str = "", **attributes: Attribute) -> ElementTree.Element:
        """Adds an element.

        Args:
            tag: Such as ``rect``.
            hint: Words shown when the pointer rests on it.
            text: Its text.
            attributes: With ``_`` for ``-``; numbers are rounded, None left out.
        """
        return self._put(tag, hint, text, attributes)

    def _put(self, tag: str, hint: str, text: str, attributes: Mapping[str, Attribute]) -> ElementTree.Element:
        told = {
            name.rstrip("_").replace("_", "-"): number(value) if isinstance(value, int | float) else str(value)
            for name, value in attributes.items()
            if value is not None
        }
        element = ElementTree.SubElement(self._at[-1], tag, told)
        if text:
            element.text = text
        if hint:
            ElementTree.SubElement(element, "title").text = hint
        return element

    @contextmanager
    def group(self, *, hint: str = "", **attributes: Attribute) -> Iterator[None]:
        """Everything added inside belongs to one ``<g>``, with the same words where the pointer rests on any of it."""
        self._at.append(self._put("g", hint, "", attributes))
        try:
            yield
        finally:
            self._at.pop()

    def rect(
        self, x: Number, y: Number, width: Number, height: Number, fill: str, *, hint: str = "", **more: Attribute
    ) -> None:
        """A rectangle; none where it has no size."""
        if width > 0 and height > 0:
            box: dict[str, Attribute] = {"x": x, "y": y, "width": width, "height": height, "fill": fill}
            self._put("rect", hint, "", box | more)

    def line(
        self,
        x1: Number,
        y1: Number,
        x2: Number,
        y2: Number,
        colour: str = INK,
        width: Number = 1,
        dash: str | None = None,
        **more: Attribute,
    ) -> None:
        """A straight line."""
        ends: dict[str, Attribute] = {"x1": x1, "y1": y1, "x2": x2, "y2": y2}
        self._put("line", "", "", ends | {"stroke": colour, "stroke_width": width, "stroke_dasharray": dash} | more)

    def path(self, points: Sequence[tuple[Number, Number]], *, close: bool = False, **more: Attribute) -> None:
        """A line through points; none of fewer than two."""
        if len(points) > 1:
            d = "M" + "L".join(f"{number(x)} {number(y)}" for x, y in points) + ("Z" if close else "")
            drawn: dict[str, Attribute] = {"d": d, "fill": "none"}
            self._put("path", "", "", drawn | more)

    def sized(self, size: Number) -> float:
        """The size that type of a size has in this drawing."""
        return max(float(size), self.least)

    def text(
        self,
        x: Number,
        y: Number,
        text: str,
        size: Number = 14,
        *,
        colour: str = INK,
        anchor: str = "start",
        bold: bool = False,
        hint: str = "",
        **more: Attribute,
    ) -> None:
        """A line of text; ``anchor`` is ``start``, ``middle`` or ``end``."""
        told: dict[str, Attribute] = {
            "x": x,
            "y": y,
            "font_size": self.sized(size),
            "fill": colour,
            "text_anchor": anchor,
            "font_weight": 600 if bold else None,
        }
        self._put("text", hint, text, told | more)

    def paragraph(
        self,
        x: Number,
        y: Number,
        text: str,
        width: Number,
        size: Number = 14,
        *,
        most: int = 9,
        colour: str = INK,
        anchor: str = "start",
        bold: bool = False,
        hint: str = "",
    ) -> float:
        """Text in lines of a width; the last line ends in … where more would follow.

        Returns:
            Position of the next line.
        """
        size = self.sized(size)
        lines = textwrap.wrap(text, max(8, int(width / (size * _LETTER))))
        if len(lines) > most:
            lines = [*lines[: most - 1], lines[most - 1].rstrip(" .,;") + " …"]
        for line in lines:
            self.text(x, y, line, size, colour=colour, anchor=anchor, bold=bold, hint=hint)
            y += size * 1.3
        return float(y)

    def arrow(
        self,
        x1: Number,
        y1: Number,
        x2: Number,
        y2: Number,
        width: Number,
        colour: str,
        *,
        hint: str = "",
        opacity: Number = 0.75,
        class_: str | None = None,
    ) -> None:
        """A straight arrow with a head; ``width`` is that of its shaft."""
        length = ((x2 - x1) ** 2 + (y2 - y1) ** 2) ** 0.5
        if length == 0:
            return
        ux, uy = (x2 - x1) / length, (y2 - y1) / length
        head = min(length * 0.6, 5 + width * 0.9)
        half, wide = width / 2, width / 2 + 3 + width * 0.15
        bx, by = x2 - ux * head, y2 - uy * head
        corners = [
            (x1 - uy * half, y1 + ux * half),
            (bx - uy * half, by + ux * half),
            (bx - uy * wide, by + ux * wide),
            (x2, y2),
            (bx + uy * wide, by - ux * wide),
            (bx + uy * half, by - ux * half),
            (x1 + uy * half, y1 - ux * half),
        ]
        d = "M" + "L".join(f"{number(x)} {number(y)}" for x, y in corners) + "Z"
        self.add("path", hint=hint, d=d, fill=colour, fill_opacity=opacity, class_=class_)
