"""The tornado of a finding: how large it is where a parameter is low and where it is high."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from irregsim.present.plots.saving import save
from irregsim.present.plots.style import INK, MODEL, Drawing, footnote, new_figure, settings
from irregsim.present.sensitivity import choices_of, driver_words, drivers, heading, message, notes, percent_of
from irregsim.vocabulary.labels import Words

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes


def draw_tornado(rows: Sequence[Mapping[str, Any]], about: Mapping[str, Any], lang: str) -> Drawing:
    """The finding in the thirds of the draws in which each parameter is lowest (light) and highest (dark).

    Args:
        rows: From `irregsim.present.sensitivity.drivers`, at least one.
        about: As in `irregsim.commands.sensitivity.Sensitivity`.
        lang: Language.

    Returns:
        The drawing; its data has the columns of the table ``sensitivity``.
    """
    import pandas as pd

    say = Words(lang, "sensitivity")
    study = "_study" if "axes" in about else ""
    title = message(rows, about, lang)
    with settings():
        figure = new_figure()
        figure.suptitle("\n".join(textwrap.wrap(title, 100)), x=0.01, ha="left")
        axes = figure.subplots()
        for place, row in enumerate(rows):
            low, high = float(row["at_low"]), float(row["at_high"])
            axes.plot([low, high], [place, place], color="#BBBBBB", linewidth=9, solid_capstyle="butt", zorder=1)
            first, last = (say(f"low_third{study}"), say(f"high_third{study}")) if place == 0 else (None, None)
            axes.plot(low, place, "o", color="white", markeredgecolor=INK, markersize=11, zorder=2, label=first)
            axes.plot(high, place, "o", color=MODEL, markeredgecolor=INK, markersize=11, zorder=2, label=last)
            share = percent_of(100.0 * max(0.0, float(row["share"])), lang, signed=False)
            text = say("bar" if row["grade"] else "bar_range", share=share, grade=row["grade"])
            text += "" if row["stands_out"] else " *"
            axes.text(1.01, place, text, transform=axes.get_yaxis_transform(), va="center", fontsize=10)
        axes.axvline(float(rows[0]["mean"]), color=INK, linewidth=1, linestyle=":", label=say(f"mean{study}"))
        named_rows(axes, [_name(str(row["parameter"]), about, lang) for row in rows], say("axis"), lang)
        footnote(figure, [heading(str(rows[0]["scenario"]), about, lang), *notes(rows, about, lang)])
    return Drawing(figure, pd.DataFrame(rows), title)


def _name(name: str, about: Mapping[str, Any], lang: str) -> str:
    """A driver with, of choices, what low and high are."""
    choices = choices_of(name, about, lang)
    text = driver_words(name, lang)
    if choices is None:
        return text
    return Words(lang, "sensitivity")("choices", name=text, first=choices[0], last=choices[1])


def save_tornados(
    frames: Mapping[str, pd.DataFrame],
    about: Mapping[str, Any],
    outcomes: Sequence[str],
    folder: Path,
    lang: str,
) -> list[str]:
    """A tornado of each outcome and scenario, as PNG, SVG and CSV.

    Returns:
        Names of the files.
    """
    files = []
    for scenario in about["scenarios"]:
        for outcome in outcomes:
            rows = drivers(frames["sensitivity"], scenario, outcome, about)
            if rows:
                name = f"tornado-{scenario}-{outcome.replace(':', '-')}"
                files += save(draw_tornado(rows, about, lang), folder, name, str(about["comparison"]))
    return files


def named_rows(axes: Axes, names: Sequence[str], title: str, lang: str) -> None:
    """Rows with their names, the first on top, over an axis of percent.

    Args:
        axes: Axes that have something at each whole number from 0.
        names: Of the rows, from the top.
        title: Of the axis of percent.
        lang: Language.
    """
    axes.set_yticks(range(len(names)), ["\n".join(textwrap.wrap(name, 46)) for name in names], fontsize=10)
    axes.invert_yaxis()
    axes.xaxis.set_major_formatter(lambda value, _: percent_of(value, lang))
    axes.grid(visible=True, axis="x")
    axes.grid(visible=False, axis="y")
    axes.set_xlabel(title)
    axes.legend(loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=3, fontsize=9)
