"""Words of the page in the viewer's language."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from irregsim.model.simulate import TooManyPersons
from irregsim.scenario.levers import number_text
from irregsim.vocabulary.labels import Words
from irregsim.vocabulary.numbers import month_words, number, plain

#: Mesa's words, and our labels for them. Those of the buttons stay as they are in English.
_MESA: Final = {
    "Controls": "controls",
    "Play Interval (ms)": "play_interval",
    "Render Interval (steps)": "render_interval",
    "Information": "information",
    "Reset": "reset",
    "Step": "step",
}

#: A card of Mesa's that has no content here, and a switch that makes pause and reset answer late.
HIDDEN: Final = ["Model Parameters", "Use Threads"]


def value_words(value: float, lang: str) -> str:
    """The value of a lever: whole numbers with their thousands apart, others with all their decimals."""
    whole = value == round(value)
    return number(value, lang, decimals=0) if whole else plain(number_text(value), lang)


@dataclass(frozen=True)
class Say(Words):
    """Words of the labels ``page.<key>``."""

    space: str = field(default="page", init=False)

    def mesa(self) -> dict[str, str]:
        """Mesa's words to ours."""
        return {words: self(f"mesa_{key}") for words, key in _MESA.items()}

    def too_many(self, error: TooManyPersons) -> str:
        """When there were too many persons, and the bound; never how many there are, which would be a hidden level."""
        month, most = month_words(error.month, self.lang), number(error.most, self.lang, decimals=0)
        return self("too_many_persons", month=month, most=most)
