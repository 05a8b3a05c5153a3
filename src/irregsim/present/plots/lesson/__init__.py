"""Pictures for notebooks: each is one line in a cell, in the language and style of all other pictures.

What they are given is what a notebook works out, in percent, as an index or as a share; none works out a level of the
hidden population. Each function returns a `Picture`, which a notebook shows and `Picture.save` writes for a slide:

    from irregsim.present.plots import lesson
    lesson.ways({"index": table}, "en")
"""

from __future__ import annotations

from irregsim.present.plots.lesson.frame import Picture, of_outcome
from irregsim.present.plots.lesson.results import against, differences, effects, precision, report
from irregsim.present.plots.lesson.tour import destinations, registers, ways
from irregsim.present.plots.lesson.uncertainty import draws, pairings, paths, twice

__all__ = [
    "Picture",
    "against",
    "destinations",
    "differences",
    "draws",
    "effects",
    "of_outcome",
    "pairings",
    "paths",
    "precision",
    "registers",
    "report",
    "twice",
    "ways",
]
