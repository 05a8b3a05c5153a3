"""Pictures as files: PNG with a palette, SVG on demand, and the numbers beside them."""

from __future__ import annotations

import contextlib
import gc
import io
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from irregsim.present.plots.style import DPI, LIGHT_SHADE, Drawing, settings

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from PIL.Image import Image


@contextlib.contextmanager
def uncollected() -> Iterator[None]:
    """Context in which Python looks for no garbage: a figure makes so many objects that a tenth of the time is looking.

    What a picture leaves is found soon after it.
    """
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


def save(drawing: Drawing, folder: Path, name: str, run_id: str, *, svg: bool = True) -> list[str]:
    """Write a picture as PNG and SVG and its numbers as CSV.

    Args:
        drawing: What to write.
        folder: An existing folder.
        name: File name without ending.
        run_id: The run the picture belongs to; kept inside both pictures.
        svg: Whether the SVG is written.

    Returns:
        The names of the files.
    """
    about = {"Title": name, "Description": drawing.alt, "Source": f"irregsim run {run_id}"}
    with settings():
        # Find the layout once, without drawing: every file then has the same, and it takes a third of the time.
        engine = drawing.figure.get_layout_engine()
        if engine is not None:
            engine.execute(drawing.figure)
        # None at all: even an engine that does nothing makes every file be drawn twice, once for its layout.
        drawing.figure.set_layout_engine(None)
        _round_places(drawing.figure)
        _save_png(drawing.figure, folder / f"{name}.png", about)
        if svg:
            text = io.StringIO()
            drawing.figure.savefig(text, format="svg", metadata={"Date": None, "Creator": None, **about})
            (folder / f"{name}.svg").write_text(text.getvalue(), encoding="utf-8", newline="\n")
    drawing.data.to_csv(folder / f"{name}.csv", index=False, lineterminator="\n", encoding="utf-8")
    return [f"{name}.png", *([f"{name}.svg"] if svg else []), f"{name}.csv"]


def _round_places(figure: Figure) -> None:
    """Round where axes and parts of a figure are: the layout's last digits differ from process to process."""
    parts = list(figure.subfigs)
    while parts:
        part = parts.pop()
        part.bbox_relative.set_points(part.bbox_relative.get_points().round(6))
        parts += part.subfigs
    for axes in figure.axes:
        axes.set_position(tuple(round(value, 6) for value in axes.get_position().bounds))


def _save_png(figure: Figure, path: Path, about: Mapping[str, str]) -> None:
    """Write a figure as PNG with a palette: a third of the size, so that a page that holds many can be sent by mail."""
    from PIL import Image as images
    from PIL.PngImagePlugin import PngInfo

    raw = io.BytesIO()
    figure.savefig(raw, format="raw", dpi=DPI)
    # As matplotlib rounds it.
    size = (int(figure.get_figwidth() * DPI + 1e-6), int(figure.get_figheight() * DPI + 1e-6))
    image = images.frombytes("RGBA", size, raw.getvalue()).convert("RGB")
    words = PngInfo()
    for key, text in about.items():
        words.add_itxt(key, text)
    small = _with_palette(image)
    small.save(path, dpi=(DPI, DPI), pnginfo=words)


def _with_palette(image: Image) -> Image:
    """A picture of 256 colours, with white paper and the light shade as they are: both are lost among near colours."""
    import numpy as np
    from PIL import Image as images

    small = image.quantize(colors=255, method=images.Quantize.FASTOCTREE, dither=images.Dither.NONE)
    palette = (small.getpalette() or [])[: 255 * 3]
    cells = [palette[i : i + 3] for i in range(0, len(palette), 3)]
    shade = [int(LIGHT_SHADE[i : i + 2], 16) for i in (1, 3, 5)]
    cells = [[255] * 3 if min(cell) >= 249 else cell for cell in cells]
    indices = np.array(small)
    indices[(np.asarray(image) == shade).all(axis=-1)] = len(cells)
    small = images.fromarray(indices)
    small.putpalette([value for cell in [*cells, shade] for value in cell])
    return small
