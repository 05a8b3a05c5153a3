"""Police districts and cities as tiles: how the hidden strategies are made up in each. No place is larger than another.

The tiles are arranged roughly as the districts are. Neither size nor colour shows numbers or ranks places.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from irregsim.present.colours import COLOURS
from irregsim.vocabulary.codes import DISTRICTS, HIDDEN, OTHER_CITY
from irregsim.vocabulary.labels import label
from irregsim.vocabulary.numbers import percent
from irregsim.vocabulary.reference import places
from irregsim.workshop.live.snapshot import Look, SideLook
from irregsim.workshop.pictures.svg import LINE, PAPER, SIDES, SOFT, Picture, Svg, alone, shifted
from irregsim.workshop.pictures.words import PictureWords, short

#: Column and row of each district.
_PLACES: Final = {
    "Andre": (2, 0),
    "Trøndelag": (1, 1),
    "Vest": (0, 2),
    "Innlandet": (2, 2),
    "Sør-Vest": (0, 3),
    "Sør-Øst": (1, 3),
    "Oslo": (2, 3),
    "Øst": (3, 3),
    "Agder": (1, 4),
}

#: The cities inside each district.
_CITIES: Final = {name: tuple(p.city_name for p in places() if p.district == number and p.city_name != OTHER_CITY)
                  for number, name in enumerate(DISTRICTS)}  # fmt: skip
_CITY_Y: Final = 37.0
#: What the tiles are higher by where a district has more than one city.
_MORE: Final = _CITY_Y * (max(map(len, _CITIES.values())) - 1)

_WIDTH, _HEIGHT = 640.0, 590.0 + 5 * _MORE
_LEFT, _TOP, _STEP_X, _STEP_Y, _TILE_X, _TILE_Y = 10.0, 44.0, 156.0, 104.0 + _MORE, 148.0, 96.0 + _MORE


def draw_tiles(look: Look, words: PictureWords) -> Picture:
    """Draws one side, or both side by side once they have parted."""
    sides = look.sides
    # Tiles are full of small words, so that a projector shows one side below the other, as wide as there is room.
    beside = len(sides) if words.place is None else 1
    svg = Svg(_WIDTH * max(beside, alone(words.place)), _HEIGHT * len(sides) / beside,
              words("alt_tiles", month=words.month(look.month)), words.place, scrolls=True)  # fmt: skip
    for number, side in enumerate(sides):
        with svg.group(transform=shifted(svg, number, _WIDTH, _HEIGHT, beside), class_=SIDES[number]):
            svg.paragraph(_WIDTH / 2, 22, words.title(number), _WIDTH - 40, 16, most=1, anchor="middle", bold=True)
            for district, (column, row) in _PLACES.items():
                _tile(svg, _LEFT + column * _STEP_X, _TOP + row * _STEP_Y, district, side, words)
            if number == 0:
                _legend(svg, _LEFT, _TOP, words)
    return svg.done()


def _tile(svg: Svg, x: float, y: float, district: str, side: SideLook, words: PictureWords) -> None:
    names = side.open_centres[district]
    with svg.group(class_="tile"):
        svg.rect(x, y, _TILE_X, _TILE_Y, PAPER, stroke=LINE, rx=6)
        svg.text(x + 8, y + 17, district, 13, bold=True, hint=label(f"district.{district}", words.lang))
        told = words("centre_count", number=len(names)) if names else ""
        hint = words("centres_here", names=", ".join(names)) if names else words("no_centre")
        svg.text(x + _TILE_X - 8, y + 17, told or "–", 11, colour=COLOURS["synlig"] if names else SOFT, anchor="end",
                 hint=hint)  # fmt: skip
        cities = _CITIES[district]
        if cities == (district,):
            _bar(svg, x + 8, y + 30, side.shares[f"city:{district}"], words, 26)
            return
        _bar(svg, x + 8, y + 25, side.shares[district], words, 20)
        for number, city in enumerate(cities):
            top = y + _CITY_Y * number
            svg.text(x + 8, top + 66, label(f"city.{city}", words.lang), 12)
            _bar(svg, x + 8, top + 71, side.shares[f"city:{city}"], words, 16)


def _bar(svg: Svg, x: float, y: float, shares: np.ndarray | None, words: PictureWords, high: float) -> None:
    wide = _TILE_X - 16
    if shares is None:
        svg.text(x, y + high - 6, words("too_few"), 11, colour=SOFT)
        return
    for code, share in zip(HIDDEN, shares.tolist(), strict=True):
        hint = f"{label(f'strategy.{code}', words.lang)}: {percent(share / 100.0, words.lang)}"
        svg.rect(x, y, wide * share / 100, high, COLOURS[code], hint=hint, fill_opacity=0.85)
        if share >= 20:
            svg.text(x + wide * share / 200, y + high / 2 + 4, f"{share:.0f}", 11,
                     colour=PAPER if code != "avhengig" else "#333333", anchor="middle")  # fmt: skip
        x += wide * share / 100


def _legend(svg: Svg, x: float, y: float, words: PictureWords) -> None:
    for row, code in enumerate(HIDDEN):
        svg.rect(x, y + row * 21, 14, 14, COLOURS[code], fill_opacity=0.85)
        svg.text(x + 21, y + row * 21 + 12, short(code, words.lang), 13)
    svg.paragraph(x, y + 4 * 21 + 14, words("shares_note"), 140, 11, colour=SOFT, most=7)
