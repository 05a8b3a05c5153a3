"""What is seen of a simulation while it runs: exact records, what may be shown of them, and single lives."""

from __future__ import annotations

from irregsim.workshop.live.lives import Life, Spell, Twin, facts, life, someone, twins
from irregsim.workshop.live.record import PANELS, Record
from irregsim.workshop.live.shown import Flow, Look, Outcome, Pair, SideLook, look, outcome, outcomes

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
