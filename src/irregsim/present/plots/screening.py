"""The picture of a screening: how far each move changes an effect, beside what random numbers alone change."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from irregsim.present.plots.saving import save
from irregsim.present.plots.sensitivity import named_rows
from irregsim.present.plots.style import INK, MODEL, SHADE, Drawing, footnote, new_figure, settings
from irregsim.present.screening import heading, move_words, picture_title, shown_moves
from irregsim.study.exploration.screening import CHANCE, DRAWS
from irregsim.vocabulary.labels import Words

if TYPE_CHECKING:
    import pandas as pd

_FULL: dict[str, Any] = {"color": MODEL, "markeredgecolor": INK}
_HOLLOW: dict[str, Any] = {"color": "white", "markeredgecolor": INK}


def draw_moves(
    frames: Mapping[str, pd.DataFrame], about: Mapping[str, Any], policy: str, outcome: str, lang: str
) -> Drawing:
    """A line for each move: the size of the change with its interval, and the change when it goes up.

    Args:
        frames: Tables of the study.
        about: What ``explore.json`` says.
        policy: Its name.
        outcome: Of which it has effects.
        lang: Language.

    Returns:
        The drawing; its data has the columns of the table ``screening``.
    """
    import pandas as pd

    say = Words(lang, "screening")
    rows = shown_moves(frames, policy, outcome)
    title = picture_title(rows, about, lang)
    with settings():
        figure = new_figure()
        figure.suptitle("\n".join(textwrap.wrap(title, 100)), x=0.01, ha="left")
        axes = figure.subplots()
        chance = next(row for row in rows if row["kind"] == CHANCE)
        axes.axvspan(-float(chance["mu_star"]), float(chance["mu_star"]), color=SHADE, zorder=0, label=say("band"))
        axes.axvline(0.0, color=INK, linewidth=1, zorder=1)
        for place, row in enumerate(rows):
            own = row["kind"] not in (DRAWS, CHANCE)
            ends = [float(row[f"mu_star_{end}"]) for end in ("lo", "hi")]
            label: dict[str, Any] = {"label": say("size")} if place == 0 else {}
            axes.plot(ends, [place, place], color=INK, linewidth=2, zorder=2)
            axes.plot(float(row["mu_star"]), place, "o", zorder=3, **(_FULL if own else _HOLLOW), **label)
            if np.isfinite(float(row["mu"])):
                label = {"label": say("up")} if place == _first_own(rows) else {}
                axes.plot(float(row["mu"]), place, "D", markersize=6, zorder=4, **_HOLLOW, **label)
        texts = [
            move_words(row, about, lang) + ("" if row["stands_out"] or row["kind"] == CHANCE else " *") for row in rows
        ]
        named_rows(axes, texts, say("axis"), lang)
        footnote(figure, [heading(frames, about, lang), f"* {say('does_not')}"])
    return Drawing(figure, pd.DataFrame(rows), title)


def _first_own(rows: list[Any]) -> int:
    """Place of the first move that has a direction."""
    return next(i for i, row in enumerate(rows) if np.isfinite(float(row["mu"])))


def save_moves(frames: Mapping[str, pd.DataFrame], about: Mapping[str, Any], folder: Path, lang: str) -> list[str]:
    """A picture of each policy and outcome, as PNG, SVG and CSV.

    Returns:
        Names of the files.
    """
    files = []
    for policy in about["scenarios"]:
        for outcome in about["outcomes"]:
            if shown_moves(frames, policy, outcome):
                name = f"screening-{policy}-{outcome.replace(':', '-')}"
                files += save(draw_moves(frames, about, policy, outcome, lang), folder, name, str(about["run_id"]))
    return files
