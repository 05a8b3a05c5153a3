"""Words of pictures: none lies on another, on a mark or over the edge, in any picture and language."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import FigureBase
from matplotlib.patches import Rectangle
from matplotlib.text import Text
from matplotlib.transforms import Bbox

import comparison_frames
from irregsim.present.plots.compare import PICTURES, Inputs, Picture
from irregsim.present.plots.compare.displacement import draw_displacement
from irregsim.present.plots.style import new_figure, settings
from irregsim.vocabulary.codes import EXITS, STRATEGIES
from irregsim.vocabulary.labels import LANGUAGES

pytestmark = pytest.mark.once

#: Boxes of words are a little taller than their letters: so much may two of them share, in dots of 1/100 inch.
SHARED = 1.5


#: Pictures of a sweep need one; `test_sweep` looks at their words.
SHOWN = [one for one in PICTURES if not one.is_of_sweep]


def shown_words(figure: FigureBase) -> Iterator[Text]:
    """Every text that is drawn: titles, legends, words in panels, and the tick labels inside their axis."""
    yield from figure.texts
    yield from (text for legend in figure.legends for text in (*legend.get_texts(), legend.get_title()))
    for part in figure.subfigs:
        yield from shown_words(part)
    for axes in figure._localaxes:  # type: ignore[attr-defined]
        yield from axes.texts
        yield from (axes.title, axes._left_title, axes._right_title)
        if axes.get_legend() is not None:
            yield from axes.get_legend().get_texts()
        if axes.axison:
            for axis in (axes.xaxis, axes.yaxis):
                yield axis.label
                low, high = sorted(axis.get_view_interval())
                ticks = zip(axis.get_majorticklocs(), axis.get_majorticklabels(), strict=False)
                yield from (text for place, text in ticks if low - 1e-9 <= place <= high + 1e-9)


def boxes(figure: FigureBase) -> list[tuple[Text, Bbox]]:
    canvas = FigureCanvasAgg(figure)  # type: ignore[no-untyped-call]
    figure.draw_without_rendering()  # type: ignore[attr-defined]
    renderer = canvas.get_renderer()  # type: ignore[no-untyped-call]
    found = [text for text in shown_words(figure) if text.get_visible() and text.get_text().strip()]
    return [(text, Text.get_window_extent(text, renderer)) for text in found]


def faults(figure: FigureBase) -> list[str]:
    """What touches what."""
    found = boxes(figure)
    edge = figure.bbox
    out = [
        f"over the edge: {text.get_text()!r}"
        for text, box in found
        if box.x0 < edge.x0 - SHARED
        or box.y0 < edge.y0 - SHARED
        or box.x1 > edge.x1 + SHARED
        or box.y1 > edge.y1 + SHARED
    ]
    for (one, a), (other, b) in itertools.combinations(found, 2):
        wide, high = min(a.x1, b.x1) - max(a.x0, b.x0), min(a.y1, b.y1) - max(a.y0, b.y0)
        if wide > SHARED and high > SHARED:
            out.append(f"on each other: {one.get_text()!r} and {other.get_text()!r}")
    for text, box in found:
        if isinstance(text.axes, Axes) and text in text.axes.texts:
            out += [f"on a mark: {text.get_text()!r}" for _ in range(int(touches(text.axes, box)))]
    return out


def touches(axes: Axes, box: Bbox) -> bool:
    """Whether a box lies on a line or an edge of the panel, or partly on a bar.

    A number that is inside its bar is meant to be there.
    """
    inside = Bbox.from_extents(box.x0 + SHARED, box.y0 + SHARED, box.x1 - SHARED, box.y1 - SHARED)
    edges = {side: getattr(axes.bbox, {"left": "x0", "right": "x1"}[side]) for side in ("left", "right")}
    if any(axes.spines[side].get_visible() and box.x0 <= place <= box.x1 for side, place in edges.items()):
        return True
    for mark in axes.lines:
        path = mark.get_transform().transform_path(mark.get_path())
        is_here = mark.get_transform() == axes.transData and axes.bbox.overlaps(inside)
        if is_here and path.intersects_bbox(inside, filled=False):
            return True
    bars = [one.get_window_extent() for one in axes.patches if isinstance(one, Rectangle)]
    return any(bar.overlaps(inside) and not (bar.x0 <= box.x0 and box.x1 <= bar.x1) for bar in bars)


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("picture", SHOWN, ids=[one.name for one in SHOWN])
def test_no_word_lies_on_another_or_over_the_edge(picture: Picture, lang: str) -> None:
    scenario = comparison_frames.SCENARIOS[0] if picture.is_slide else ""
    drawing = picture.draw(Inputs(comparison_frames.frames(), comparison_frames.about(), scenario, lang))
    assert drawing is not None
    assert faults(drawing.figure) == []


@pytest.mark.parametrize("way", [-1.0, 1.0])
def test_a_number_of_the_balance_keeps_off_the_edge_however_long_its_interval(way: float) -> None:
    frames = comparison_frames.frames()
    lo, hi = sorted((1500.0 * way, 200.0 * way))
    balance = frames["balance"].assign(change_in_state=1240.0 * way, lo=lo, hi=hi)
    drawing = draw_displacement(Inputs({**frames, "balance": balance}, comparison_frames.about(), "", "en"))
    assert drawing is not None
    assert any("1,240" in text.get_text() for text, _ in boxes(drawing.figure))
    assert faults(drawing.figure) == []


def test_names_of_many_places_keep_off_each_other() -> None:
    frames = comparison_frames.frames()
    names = [*STRATEGIES, *EXITS]
    rows = frames["alluvial"].iloc[:1].astype({"reference_state": str, "scenario_state": str})
    many = pd.concat([rows.assign(reference_state=name, share=0.6) for name in names], ignore_index=True)
    drawing = draw_displacement(Inputs({**frames, "alluvial": many}, comparison_frames.about(), "", "en"))
    assert drawing is not None and len(names) > 10
    assert faults(drawing.figure) == []


def test_words_that_touch_are_found() -> None:
    with settings():
        figure = new_figure()
        figure.set_layout_engine("none")
        axes = figure.subplots()
        axes.plot(pd.Series([0.0, 1.0]), pd.Series([0.5, 0.5]))
        axes.set(xticks=[], yticks=[], xlim=(0.0, 1.0), ylim=(0.0, 1.0))
        axes.text(0.5, 0.5, "on the line", va="center")
        axes.text(0.2, 0.8, "one")
        axes.text(0.2, 0.8, "other")
        axes.text(2.0, 0.1, "outside")
        axes.text(0.0, 0.1, "on the edge", ha="center")
        kinds = sorted(fault.partition(":")[0] for fault in faults(figure))
    assert kinds == ["on a mark", "on a mark", "on each other", "over the edge"]
