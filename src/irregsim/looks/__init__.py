"""What is seen of a simulation while it runs: exact records, what may be shown of them, and single lives."""

from __future__ import annotations

from irregsim.looks.lives import Life, Spell, Twin, facts, life, someone, twins
from irregsim.looks.record import PANELS, Record
from irregsim.looks.shown import Flow, Look, Outcome, Pair, SideLook, look, outcome, outcomes

__all__ = [
    "PANELS",
    "Flow",
    "Life",
    "Look",
    "Outcome",
    "Pair",
    "Record",
    "SideLook",
    "Spell",
    "Twin",
    "facts",
    "life",
    "look",
    "outcome",
    "outcomes",
    "someone",
    "twins",
]
