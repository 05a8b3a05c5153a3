"""Pictures of a run: from series of every replicate to a figure and the numbers drawn in it.

Each picture is a function in a file of its own, listed in `PLOTS`; it returns a `Drawing`. Figures are made
without pyplot, so nothing here has a state, and saving gives the same bytes every time. Matplotlib is
imported only when a picture is drawn.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from irregsim.present.plots.exits import draw_exits
from irregsim.present.plots.registers import draw_registers
from irregsim.present.plots.saving import save
from irregsim.present.plots.strategies import draw_strategies
from irregsim.present.plots.style import Drawing, Options

if TYPE_CHECKING:
    from irregsim.study.summaries import Series

#: Draws a picture from the series of every replicate.
DrawFunction = Callable[["Sequence[Series]", Options], Drawing]

#: Every picture of a run folder, by the name of its file.
PLOTS: dict[str, DrawFunction] = {
    "strategies": draw_strategies,
    "exits": draw_exits,
    "registers": draw_registers,
}

__all__ = ["PLOTS", "Drawing", "Options", "save"]
