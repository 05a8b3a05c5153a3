"""Pictures of a comparison: from its tables to figures, each with the numbers drawn in it.

Most pictures are of one scenario beside the reference; the trade-off is of all. A picture whose table is missing or
empty is left out. Nothing here reads runs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from irregsim.present.plots.compare.base import Inputs
from irregsim.present.plots.compare.displacement import draw_displacement
from irregsim.present.plots.compare.effects import draw_cities, draw_forest, draw_groups, draw_responses, draw_tradeoff
from irregsim.present.plots.compare.lives import (
    draw_chronogram,
    draw_incidence,
    draw_mean_time,
    draw_sequences,
    draw_survival,
    draw_twins,
)
from irregsim.present.plots.compare.over_time import draw_exits, draw_fans, draw_iceberg, draw_registers, draw_stocks
from irregsim.present.plots.style import Drawing, save

if TYPE_CHECKING:
    import pandas as pd

#: Draws a picture, or nothing where its table is missing.
DrawPicture = Callable[[Inputs], Drawing | None]

#: Pictures of one scenario beside the reference, in the order of the page.
OF_ONE: Final[Mapping[str, DrawPicture]] = {
    "forest": draw_forest,
    "stocks": draw_stocks,
    "displacement": draw_displacement,
    "exits": draw_exits,
    "fans": draw_fans,
    "responses": draw_responses,
    "iceberg": draw_iceberg,
    "registers": draw_registers,
    "cities": draw_cities,
    "groups": draw_groups,
    "chronogram": draw_chronogram,
    "sequences": draw_sequences,
    "mean_time": draw_mean_time,
    "survival": draw_survival,
    "incidence": draw_incidence,
    "twins": draw_twins,
}

#: Pictures of all scenarios at once.
OF_ALL: Final[Mapping[str, DrawPicture]] = {"tradeoff": draw_tradeoff}


def draw_all(
    frames: Mapping[str, pd.DataFrame], about: Mapping[str, Any], folder: Path, lang: str
) -> list[dict[str, Any]]:
    """Draw every picture of a comparison and write each as PNG, SVG and CSV.

    Args:
        frames: Tables of the comparison folder by name (``differences``, ``key_figures``, ...).
        about: What the comparison is about; see `irregsim.present.pages.compare` for the keys.
        folder: Where the files go; an existing folder.
        lang: ``nb`` or ``en``.

    Returns:
        One entry a picture, in the order of the page, for ``about["pictures"]`` of the page: ``name`` (of the files),
        ``kind``, ``scenario`` (empty for pictures of all), ``alt`` and ``svg`` (bytes).
    """
    out: list[dict[str, Any]] = []
    kinds = [(kind, draw, "") for kind, draw in OF_ALL.items()]
    kinds += [(kind, draw, scenario) for scenario in about["scenarios"] for kind, draw in OF_ONE.items()]
    for kind, draw, scenario in kinds:
        drawing = draw(Inputs(frames, about, scenario, lang))
        if drawing is None:
            continue
        name = "-".join(["compare", kind.replace("_", "-"), *([scenario] if scenario else [])])
        save(drawing, folder, name, str(about["comparison_id"]))
        svg = (folder / f"{name}.svg").read_bytes()
        out.append({"name": name, "kind": kind, "scenario": scenario, "alt": drawing.alt, "svg": svg})
    return out


__all__ = ["OF_ALL", "OF_ONE", "Inputs", "draw_all"]
