"""Pictures for notebooks: in both languages, nothing cut off, and written for a slide."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.text import Text as Drawn

from irregsim.present.plots import lesson
from irregsim.present.plots.style import settings
from irregsim.vocabulary.labels import LANGUAGES, label

pytestmark = pytest.mark.once

WAYS = ["synlig", "avhengig", "arbeidende", "marginalisert", "fritt_fall"]
OUTCOMES = ["stock:hidden", "stock:fritt_fall"]


def made(lang):
    """Every picture, of small tables."""
    months = [f"{year}-{month:02}" for year in (2012, 2013, 2014) for month in range(1, 13)]
    index = pd.MultiIndex.from_product([[0, 1], months], names=["replicate", "month"])
    table = pd.DataFrame({way: np.linspace(10, 30 + n, len(index)) for n, way in enumerate(WAYS)}, index)
    shares = pd.DataFrame(20.0, index=WAYS, columns=WAYS)
    line = pd.Series({"2012": 100.0, "2013": 90.0, "2014": 95.0})
    two = pd.DataFrame({"mean": [1.0, -2.0], "lo": [-1.0, -3.0], "hi": [2.0, -1.0], "mc_se": 0.5}, index=OUTCOMES)
    values = np.array([1.0, 2.0, -1.0, 0.5])
    draws = pd.DataFrame({"wage_gap_nok": [10.0, 20.0, 30.0]})
    yield "ways", lesson.ways({label("axis.index_hidden", lang): table}, lang)
    yield "destinations", lesson.destinations(shares, lang, "2012-2020")
    lines = {"register:udi_expulsions": line, "stock:hidden": line}
    yield "registers", lesson.registers(lines, [tuple(lines)], lang)
    yield "effects", lesson.effects(pd.DataFrame(1.0, index=[0, 1], columns=WAYS), lang, title="A")
    yield "differences", lesson.differences(two, lang, "2012")
    yield "precision", lesson.precision(two, OUTCOMES, 5, lang)
    yield "against", lesson.against(values, dict.fromkeys(OUTCOMES, values), np.array([0, 0, 1, 1]), "a", lang)
    yield "twice", lesson.twice(pd.DataFrame(dict.fromkeys(OUTCOMES, values)), [0.2, 0.8], lang)
    yield (
        "pairings",
        lesson.pairings(dict.fromkeys(("paired", "other_chance", "other_draw"), values), OUTCOMES[0], lang),
    )
    yield "draws", lesson.draws(["wage_gap_nok"], draws, draws, {"wage_gap_nok": 20.0}, lang)
    stated = {"A": pd.Series({2012: 5.0, 2013: 6.0})}
    yield "paths", lesson.paths(stated, {2012: 5.0, 2013: 7.0}, [2013], label("lesson.rejections", lang), lang)


def unseen(axis):
    """Labels of ticks beyond the ends of an axis, which are never drawn."""
    low, high = sorted(axis.get_view_interval())
    return [tick.label1 for tick in axis.get_major_ticks() if not low <= tick.get_loc() <= high]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_no_word_of_a_picture_is_cut_off(lang):
    seen = []
    for name, picture in made(lang):
        figure = picture.figure
        assert picture._repr_png_().startswith(b"\x89PNG")
        canvas = FigureCanvasAgg(figure)
        with settings():
            canvas.draw()
        renderer = canvas.get_renderer()
        edge = figure.bbox
        beyond = {label for axes in figure.axes for axis in (axes.xaxis, axes.yaxis) for label in unseen(axis)}
        for text in figure.findobj(Drawn):
            box = text.get_window_extent(renderer)
            if text in beyond or not text.get_visible() or not text.get_text().strip():
                continue
            across = box.x0 >= edge.x0 - 1 and box.x1 <= edge.x1 + 1
            assert across and box.y0 >= edge.y0 - 1 and box.y1 <= edge.y1 + 1, (name, text.get_text())
        seen.append(name)
    assert set(seen) == set(lesson.__all__) - {"Picture", "of_outcome", "report"}


def test_a_picture_is_written_for_a_slide(tmp_path):
    picture = dict(made("nb"))["effects"]
    assert picture.save(tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")
    assert "<svg" in picture.save(tmp_path / "a.svg").read_text("utf-8")
    with pytest.raises(ValueError, match=r"must end with .png"):
        picture.save(tmp_path / "a.gif")


def test_a_sentence_on_synthetic_persons_is_below():
    for name, picture in made("en"):
        texts = " ".join(text.get_text() for text in picture.figure.findobj(Drawn))
        told = "synthetic" in " ".join(texts.split())
        assert told or name in ("draws", "paths"), name  # parameters, and rejections that agencies count
