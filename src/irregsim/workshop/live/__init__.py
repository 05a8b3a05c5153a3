"""What is seen of a simulation while it runs: exact records, what may be shown of them, and single lives."""

from __future__ import annotations

from irregsim.workshop.live.followed import Outcome, outcome, outcomes
from irregsim.workshop.live.lives import Life, Spell, Twin, facts, life, someone, twins
from irregsim.workshop.live.record import PANELS, Record
from irregsim.workshop.live.shown import Pair
from irregsim.workshop.live.snapshot import Flow, Look, SideLook, look

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
