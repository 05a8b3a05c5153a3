"""What the pictures of a running model need besides numbers: words, titles, levers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from irregsim.present.words import outcome_words, series_words, upper
from irregsim.vocabulary.labels import Words, label
from irregsim.vocabulary.numbers import month_words


@dataclass(frozen=True)
class PictureWords(Words):
    """Words of the labels ``live.<key>``, and titles.

    Attributes:
        lang: Language.
        reference: Title of the reference.
        scenario: Title of the scenario.
        levers: Rows of `irregsim diff` between the two: ``key``, ``from``, ``to``, ``reference``, ``value``.
        place: Width and height of the place for the picture, in pixels of the page, where it is shown by a projector:
            its type is large then. None where it is not.
    """

    space: str = field(default="live", init=False)
    reference: str = ""
    scenario: str = ""
    levers: Sequence[Mapping[str, str]] = field(default=())
    place: tuple[float, float] | None = None

    def title(self, side: int) -> str:
        """Title of a side: 0 the reference, 1 the scenario."""
        return (self.reference or label("legend.reference", self.lang)) if side == 0 else self.scenario

    def month(self, month: int) -> str:
        """A month in words, such as ``mars 2024``."""
        return month_words(month, self.lang)


def short(strategy: str, lang: str) -> str:
    """Name of a strategy without what follows it in brackets."""
    return label(f"strategy.{strategy}", lang).partition(" (")[0]


def outcome_name(outcome: str, lang: str) -> str:
    """An outcome in words; a register by what its panel counts.

    Args:
        outcome: One of `followed.outcomes`.
        lang: Language.
    """
    kind, _, code = outcome.partition(":")
    if kind != "register":
        return upper(outcome_words(outcome, lang))
    register, dimension, key = code.split("/")
    return panel_words((register, dimension, key), lang)


def panel_words(panel: tuple[str, str, str], lang: str) -> str:
    """What a panel of registers counts, in words."""
    return upper(series_words(*panel, lang))
