"""What all pictures of a notebook have in common: how they are shown and saved, and the sentences below them."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from irregsim.present.plots.style import assumption_sentence, footnote, settings
from irregsim.present.words import outcome_words, upper
from irregsim.vocabulary.knowledge import Knowledge, assumed_from
from irregsim.vocabulary.labels import label

if TYPE_CHECKING:
    from matplotlib.figure import Figure

#: Dots to the inch on the screen of a notebook.
_SCREEN = 72


class Picture:
    """A picture of a notebook.

    Attributes:
        figure: The figure, to be changed or read.
    """

    def __init__(self, figure: Figure) -> None:
        self.figure = figure

    def _repr_png_(self) -> bytes:
        """What a notebook shows."""
        return self._drawn("png", _SCREEN)

    def save(self, path: str | Path) -> Path:
        """Writes the picture for a slide or a page, in the form that the ending says: ``.png``, ``.svg`` or ``.pdf``.

        Raises:
            ValueError: If the ending is another one.
        """
        path = Path(path)
        form = path.suffix.removeprefix(".").lower()
        if form not in ("png", "svg", "pdf"):
            raise ValueError(f"{path}: the name must end with .png, .svg or .pdf")
        path.write_bytes(self._drawn(form, 200))
        return path

    def _drawn(self, form: str, dpi: int) -> bytes:
        out = BytesIO()
        with settings():
            self.figure.savefig(out, format=form, dpi=dpi)
        return out.getvalue()


def of_outcome(code: str, lang: str) -> str:
    """An outcome in words, such as ``stock:fritt_fall``, beginning with a capital letter.

    Args:
        code: Its name, as tables have it.
        lang: Language.
    """
    return upper(outcome_words(code, lang))


def assumed() -> tuple[str, str]:
    """The months from which years rest in part, and wholly, on assumptions."""
    return assumed_from([Knowledge()])


def below(figure: Figure, lang: str, *more: str, shaded: bool = False) -> None:
    """Writes below a figure that persons are synthetic, and what else there is to say."""
    told = [*more, label("sentence.synthetic_persons", lang)]
    footnote(figure, [*told, *([assumption_sentence(assumed(), lang)] if shaded else [])])
