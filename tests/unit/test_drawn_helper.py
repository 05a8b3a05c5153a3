"""The helper that reads marks back from figures: it finds every kind, and sees what is not as it should be."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from helpers.drawn import assert_drawn, band, bar, dot, dots, line, when

MODEL, INK = "#56708A", "#333333"


def panel() -> Axes:
    return Figure().subplots()


def test_marks_of_every_kind_are_read_back():
    axes = panel()
    axes.plot([0, 1, 2], [3, 4, np.nan], color="#111111")
    axes.plot([5, 5], [2, 1], color="#222222")
    axes.plot([1, 2], [3, 4], "o", color="#333333")
    axes.bar(1, 2, bottom=3, width=0.5, color="#444444")
    axes.barh(1, -2, left=3, height=0.5, color="#555555")
    axes.fill_between([0, 1], [2, 3], [4, 6], color="#666666", alpha=0.2, linewidth=0)
    axes.errorbar([1], [2], yerr=[[0.5], [1.5]], fmt="none", ecolor="#777777")
    axes.scatter([7, 8], [9, 10], color="#888888")
    axes.axvline(1, color="#999999")
    axes.axhspan(1, 2, color="#999999")
    wanted = [
        line("#111111", [0, 1], [3, 4]),
        line("#222222", [5, 5], [1, 2]),
        *dots("#333333", [1, 2], [3, 4]),
        bar("#444444", 0.75, 3, 1.25, 5),
        bar("#555555", 1, 0.75, 3, 1.25),
        band("#666666", [0, 1], [2, 3], [4, 6]),
        line("#777777", [1, 1], [1.5, 3.5]),
        *dots("#888888", [7, 8], [9, 10]),
    ]
    assert_drawn(axes, wanted)


def test_bands_in_steps_and_bands_with_a_gap_are_read_back():
    axes = panel()
    axes.fill_between([0, 1, 2], [1, 2, 3], [4, 5, 6], color=MODEL, step="post")
    assert_drawn(axes, [band(MODEL, [0, 1, 2], [1, 2, 3], [4, 5, 6])], steps=True)
    axes = panel()
    axes.fill_between([0, 1, 2, 3, 4], [1, 2, np.nan, 3, 3], [4, 5, 6, 7, 8], color=MODEL)
    assert_drawn(axes, [band(MODEL, [0, 1, 3, 4], [1, 2, 3, 3], [4, 5, 7, 8])])


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param([line(MODEL, [0, 1], [2.001, 3]), dot(INK, 1, 1)], id="a whisker that is too short"),
        pytest.param([line(INK, [0, 1], [2, 3]), dot(INK, 1, 1)], id="another colour"),
        pytest.param([line(MODEL, [0, 1], [2, 3])], id="a dot too many"),
        pytest.param([line(MODEL, [0, 1], [2, 3]), dot(INK, 1, 1), dot(INK, 1, 1)], id="a dot too few"),
        pytest.param([], id="nothing to compare"),
    ],
)
def test_marks_that_are_not_those_expected_are_seen(wrong):
    axes = panel()
    axes.plot([0, 1], [2, 3], color=MODEL)
    axes.plot([1], [1], "o", color=INK)
    assert_drawn(axes, [line(MODEL, [0, 1], [2, 3]), dot(INK, 1, 1)])
    with pytest.raises(AssertionError):
        assert_drawn(axes, wrong)


@pytest.mark.parametrize(("period", "place"), [("2019", 2019.5), ("2019-12", 2020.0), ("2016-2019", 2018.0)])
def test_periods_have_a_place_of_their_own(period, place):
    assert when(period) == place
