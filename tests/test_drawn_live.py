"""Live pictures are drawn to one scale: places read back from the SVG are those of the numbers."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest

from irregsim.workshop.live.followed import Band, Outcome
from irregsim.workshop.live.shown import DRAWN_FROM
from irregsim.workshop.pictures.difference import draw_difference
from irregsim.workshop.pictures.words import PictureWords

pytestmark = pytest.mark.once


def corners(element: ElementTree.Element) -> np.ndarray:
    """Points of a path, shape (n, 2)."""
    return np.array(re.findall(r"(-?[\d.]+)[ ,](-?[\d.]+)", element.get("d", "")), dtype=float)


def test_a_difference_on_the_page_is_drawn_to_one_scale():
    """Lines and bands of each panel lie on the same axis: a place is a linear function of month and number."""
    months = np.arange(DRAWN_FROM, DRAWN_FROM + 30)
    t = np.arange(30.0)
    reference, scenario = 100 + t, 100 + 2.5 * t - 0.05 * t**2
    ends = {name: np.stack([one - 3 - t / 9, one + 5 + t / 7]) for name, one in
            (("reference", reference), ("scenario", scenario), ("difference", scenario - reference))}  # fmt: skip
    found = Outcome("stock:synlig", "", "persons", months, reference, scenario, scenario - reference, False)
    words = PictureWords("en", "one", "other", ())
    picture = draw_difference(found, words, DRAWN_FROM + 1, DRAWN_FROM + 40, Band(9, months, **ends))
    paths = list(ElementTree.fromstring(picture.svg).iter("{http://www.w3.org/2000/svg}path"))
    areas = [corners(path) for path in paths if path.get("fill-opacity") and len(corners(path)) > 30]
    lines = [corners(path) for path in paths if not path.get("fill-opacity") and len(corners(path)) > 20]
    assert (len(areas), len(lines)) == (3, 3)
    numbers = [reference, scenario, scenario - reference]
    for i, panel in enumerate(([0, 1], [2])):
        drawn = [lines[one] for one in panel] + [areas[one] for one in panel]
        shown = [numbers[one] for one in panel]
        shown += [np.concatenate([end[1], end[0][::-1]]) for end in (list(ends.values())[one] for one in panel)]
        y, value = np.concatenate([one[:, 1] for one in drawn]), np.concatenate(shown)
        slope, zero = np.polyfit(value, y, 1)
        assert slope < 0
        assert np.abs(zero + slope * value - y).max() < 0.11, f"panel {i}"  # places have one decimal
        for one in drawn:
            x = one[: len(months), 0]
            assert np.abs(np.diff(x) - (x[-1] - x[0]) / (len(months) - 1)).max() < 0.11
