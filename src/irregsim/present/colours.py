"""The colour of every state, the same in pictures and pages.

Colours of strategies come from the palette of Okabe and Ito, which colour-blind readers can distinguish; its red is
left out, because no strategy is an alarm. Exits and other states are shades of one grey-blue.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

#: The colour of a strategy.
COLOURS: Final[Mapping[str, str]] = {
    "synlig": "#0072B2",
    "avhengig": "#E69F00",
    "arbeidende": "#009E73",
    "marginalisert": "#CC79A7",
    "fritt_fall": "#333333",
}

#: Exits and other states that are no strategy.
OTHER_COLOURS: Final[Mapping[str, str]] = {
    "tvangsretur": "#3B4D61",
    "assistert_retur": "#56708A",
    "bortvist": "#7A8FA5",
    "videre": "#9DB0C2",
    "regularisert": "#B9C6D3",
    "midlertidig": "#CBD5DF",
    "dod": "#8C8C8C",
    "inflow": "#D9D9D9",
    "opening": "#C8C8C8",
    "not here": "#E3E3E3",
}


def colour_of(state: str) -> str:
    """Colour of a state; a grey-blue for one without its own."""
    return COLOURS.get(state) or OTHER_COLOURS.get(state, "#56708A")
