"""An exercise without the page: a notebook runs both sides to a month and shows the page's pictures, a line for each.

lesson = Lesson("centre-closes", "en", scale=0.05)
lesson.run_to("2023-06")
lesson.vessels()
"""

from __future__ import annotations

from html import escape

from irregsim.agents import PairedModel
from irregsim.scenario import load_scenario
from irregsim.vocabulary.codes import month_number
from irregsim.vocabulary.labels import Text, in_language, label
from irregsim.workshop.exercises import material
from irregsim.workshop.live import Pair, look, outcome
from irregsim.workshop.live.lives import cause_codes, twins
from irregsim.workshop.live.record import Record
from irregsim.workshop.pictures.difference import draw_difference
from irregsim.workshop.pictures.iceberg import draw_iceberg
from irregsim.workshop.pictures.life import draw_life
from irregsim.workshop.pictures.vessels import draw_vessels
from irregsim.workshop.pictures.words import PictureWords


class Shown:
    """A picture that a notebook shows.

    Attributes:
        svg: The ``<svg>`` element.
    """

    def __init__(self, svg: str) -> None:
        self.svg = svg

    def _repr_svg_(self) -> str:
        return self.svg


class Texts:
    """Texts that a notebook shows as a list, or as paragraphs.

    Args:
        texts: Texts in both languages.
        lang: Language.
        is_list: Whether they are a list.
    """

    def __init__(self, texts: tuple[Text, ...], lang: str, *, is_list: bool = True) -> None:
        self.lines = [text(lang) for text in texts]
        self.is_list = is_list

    def _repr_html_(self) -> str:
        if not self.is_list:
            return "".join(f"<p>{escape(line)}</p>" for line in self.lines)
        return f"<ul>{''.join(f'<li>{escape(line)}</li>' for line in self.lines)}</ul>"


class Lesson:
    """Both sides of an exercise, for the same synthetic persons.

    Attributes:
        exercise: The exercise.
        model: Both sides in step, as a Mesa model.
        pair: What may be shown of both sides, at the month they are at.
    """

    def __init__(self, exercise: str, lang: str, *, scale: float = 1.0, variant: int = 0) -> None:
        """Sets both sides up, at the month before the first one shown.

        Args:
            exercise: Name of an exercise.
            lang: Language of the pictures.
            scale: Size of the population relative to Norway's.
            variant: Number of the variant, from 0.

        Raises:
            KeyError: If there is no such exercise.
        """
        self.exercise = material().exercise(exercise)
        chosen = self.exercise.variants[variant]
        self._lang = lang
        sides = [load_scenario(name, overrides=chosen.assume) for name in (chosen.scenario, "baseline")]
        scenario, reference = (in_language(side.title, lang) for side in sides)
        self._words = PictureWords(lang, reference, scenario)
        self.model = PairedModel(*sides, start=self.exercise.start, seed=self.exercise.seed, scale=scale)
        self.pair = self._seen()

    def run_to(self, month: str) -> None:
        """Runs both sides up to a month, ``YYYY-MM``; does nothing where they are there."""
        while self.model.world.month < month_number(month):
            self.model.step()
        self.pair = self._seen()

    def _seen(self) -> Pair:
        pair = self.model.look(lambda one, other: Pair(Record.of(one), Record.of(other), self.model.first))
        # One record stands for both as long as nothing differs.
        return pair if self.model.has_parted else Pair(pair.reference, pair.reference, pair.first)

    def vessels(self) -> Shown:
        """The five ways of getting by, and the moves of the month."""
        return Shown(draw_vessels(look(self.pair), self._words).svg)

    def difference(self, name: str) -> Shown:
        """An outcome of both sides, such as ``index:hidden``, and how their difference grows."""
        found = outcome(self.pair, name, relative=True)  # as everything in an exercise
        return Shown(draw_difference(found, self._words, self.model.first, self.model.resolved.end).svg)

    def iceberg(self) -> Shown:
        """What registers counted in the last year, above what nobody counts."""
        return Shown(draw_iceberg(look(self.pair), self._words).svg)

    def twin(self) -> tuple[Shown, tuple[str, ...]]:
        """One person on both sides, and why something changed for this person, a line for each reason."""
        found = self.model.look(twins)
        one = next((one for one in found if one.lives[0] and one.lives[1]), found[0])
        said = (
            f"{label(f'cause.{cause}', self._lang)}: {label(f'reason.{cause}', self._lang)}"
            for cause in cause_codes(one.lives)
        )
        return Shown(draw_life(one, self._words, self.model.world.month).svg), tuple(said)
