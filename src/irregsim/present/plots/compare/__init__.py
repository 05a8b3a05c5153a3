"""Pictures of a comparison: from its tables to figures, each with the numbers drawn in it.

A picture is of all scenarios, as small multiples; a slide is of one. A picture whose table is missing or empty is left
out. Nothing here reads runs. A new picture is a function, its entry in `PICTURES`, and its words.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from irregsim.present.plots.compare.base import Inputs
from irregsim.present.plots.compare.displacement import draw_displacement
from irregsim.present.plots.compare.effects import (
    draw_cities,
    draw_forest,
    draw_groups,
    draw_main,
    draw_responses,
    draw_tradeoff,
)
from irregsim.present.plots.compare.lives import (
    draw_chronogram,
    draw_incidence,
    draw_mean_time,
    draw_sequences,
    draw_survival,
    draw_twins,
)
from irregsim.present.plots.compare.over_time import draw_exits, draw_fans, draw_iceberg, draw_registers, draw_stocks
from irregsim.present.plots.compare.slides import draw_slide_main, draw_slide_time
from irregsim.present.plots.compare.sweeps import draw_grid, draw_sweep
from irregsim.present.plots.saving import save, uncollected
from irregsim.present.plots.style import Drawing
from irregsim.study.progress import Progress, Silent
from irregsim.study.workers import Hands, in_order

if TYPE_CHECKING:
    import pandas as pd

#: Draws a picture, or nothing where its table is missing.
DrawPicture = Callable[[Inputs], Drawing | None]


@dataclass(frozen=True)
class Picture:
    """A picture of a comparison.

    Its title is the label ``compare.title_<name>``, how it is read the label ``compare.alt_<name>``; see
    `Inputs.heading` and `Inputs.alt`.

    Attributes:
        name: Part of the name of its files, and of its labels.
        draw: Draws it.
        section: Section of the page that shows it, in the order of this list. A section that the page does not have
            yet comes last; its heading and its note are the labels ``compare.h_<section>`` and
            ``compare.note_<section>``.
        is_slide: Whether it is of one scenario at a time, with one panel and large letters; slides are not on the page.
        is_of_sweep: Whether it is of a sweep. A sweep has many scenarios, and only these pictures.
    """

    name: str
    draw: DrawPicture
    section: str
    is_slide: bool = False
    is_of_sweep: bool = False


#: Every picture, in the order of the page.
PICTURES: Final[tuple[Picture, ...]] = (
    Picture("sweep", draw_sweep, "first", is_of_sweep=True),
    Picture("grid", draw_grid, "first", is_of_sweep=True),
    Picture("main", draw_main, "first"),
    Picture("fans", draw_fans, "effects"),
    Picture("exits", draw_exits, "effects"),
    Picture("displacement", draw_displacement, "displacement"),
    Picture("registers", draw_registers, "measured"),
    Picture("forest", draw_forest, "figures"),
    Picture("tradeoff", draw_tradeoff, "figures"),
    Picture("stocks", draw_stocks, "figures"),
    Picture("iceberg", draw_iceberg, "figures"),
    Picture("responses", draw_responses, "responses"),
    Picture("cities", draw_cities, "cities"),
    Picture("groups", draw_groups, "groups"),
    Picture("chronogram", draw_chronogram, "lives"),
    Picture("sequences", draw_sequences, "lives"),
    Picture("mean_time", draw_mean_time, "lives"),
    Picture("survival", draw_survival, "lives"),
    Picture("incidence", draw_incidence, "lives"),
    Picture("twins", draw_twins, "twins"),
    Picture("slide_main", draw_slide_main, "slides", is_slide=True),
    Picture("slide_time", draw_slide_time, "slides", is_slide=True),
)

#: The section of pictures that are files only.
SLIDES: Final = "slides"


def draw_all(
    frames: Mapping[str, pd.DataFrame],
    about: Mapping[str, Any],
    folder: Path,
    lang: str,
    jobs: Hands = 1,
    progress: Progress | None = None,
    *,
    svg: bool = False,
) -> list[dict[str, Any]]:
    """Draw every picture of a comparison and write each as PNG and CSV.

    Args:
        frames: Tables of the comparison folder by name (``differences``, ``key_figures``, ...).
        about: What the comparison is about; see `irregsim.present.pages.compare` for the keys.
        folder: Where the files go; an existing folder.
        lang: One of `LANGUAGES`.
        jobs: Processes, at least 1, or a crew of them; the files are the same for any number.
        progress: Notified of finished pictures.
        svg: Whether each is written as SVG too; this takes as long again.

    Returns:
        One entry a picture, in the order of the page, for ``about["pictures"]`` of the page: ``name`` (of the files),
        ``kind`` and ``section`` (of the picture), ``scenario`` (empty for pictures of all), ``alt`` and ``png``
        (bytes). Slides come last.
    """
    chosen = [picture for picture in PICTURES if picture.is_of_sweep or not about.get("sweep")]
    wanted = [(picture, "") for picture in chosen if not picture.is_slide]
    wanted += [(picture, name) for name in about["scenarios"] for picture in chosen if picture.is_slide]
    work = partial(_drawn, frames, about, folder, lang, wanted, svg)
    progress = progress or Silent()
    progress.phase("writing pictures", len(wanted))
    drawn = []
    for one in in_order(work, len(wanted), jobs):
        progress.step()
        if one is not None:
            drawn.append(one)
    return drawn


def _drawn(
    frames: Mapping[str, pd.DataFrame],
    about: Mapping[str, Any],
    folder: Path,
    lang: str,
    wanted: Sequence[tuple[Picture, str]],
    svg: bool,
    which: int,
) -> dict[str, Any] | None:
    """One of the wanted pictures, of a scenario or of all, written; None where its table is missing."""
    picture, scenario = wanted[which]
    with uncollected():
        drawing = picture.draw(Inputs(frames, about, scenario, lang))
        if drawing is None:
            return None
        name = "-".join(["compare", picture.name.replace("_", "-"), *([scenario] if scenario else [])])
        save(drawing, folder, name, str(about["comparison_id"]), svg=svg)
    png = (folder / f"{name}.png").read_bytes()
    of = {"kind": picture.name, "section": picture.section, "scenario": scenario}
    return {"name": name, **of, "alt": drawing.alt, "png": png}


__all__ = ["PICTURES", "Inputs", "Picture", "draw_all"]
