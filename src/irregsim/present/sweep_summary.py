"""What `irregsim compare --vary` prints: the effects at each value, and the interactions of two settings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from irregsim.inference.check_words import caveat_words
from irregsim.present.publication.effects import for_readers
from irregsim.present.sweeps import Row, axis_label, chosen_outcomes, unit_words, value_words
from irregsim.present.terminal import table
from irregsim.present.words import effect_text, outcome_words, short_title, upper, verdict_words
from irregsim.study.comparison.sweeps import EFFECT, INTERACTION
from irregsim.vocabulary.labels import Words, label
from irregsim.vocabulary.numbers import number

if TYPE_CHECKING:
    import pandas as pd

#: Outcomes that are shown, by the number of settings: a grid has many lines for each.
_MOST: Final[Mapping[int, int]] = {1: 4, 2: 2}


def sweep_summary(sweep: pd.DataFrame, about: Mapping[str, Any], lang: str = "en") -> str:
    """A sweep in a few lines: of the outcomes that the settings move most, the effect at every value.

    Args:
        sweep: The exact table ``sweep``.
        about: What the comparison is about (`irregsim.present.pages.compare` lists the keys).
        lang: Language.
    """
    say, axes = Words(lang, "compare"), about["sweep"]["axes"]
    rows = [
        {str(k): v for k, v in row.items()} for row in for_readers({"sweep": sweep}, {})["sweep"].to_dict("records")
    ]
    months = say("over_months", since=rows[0]["since"], to=rows[0]["to"])
    reference = short_title(str(about["reference"]), about, lang)
    lines = [f"{axis['key']}: {axis_label(axis, lang)}" for axis in axes]
    replicates = number(float(about["replicates"]), lang)
    lines.append(say("sweep_head", reference=reference, replicates=replicates, months=months))
    for outcome in chosen_outcomes([row for row in rows if row["part"] == EFFECT], axes, _MOST[len(axes)]):
        for part in (EFFECT, INTERACTION):
            here = [row for row in rows if row["outcome"] == outcome and row["part"] == part]
            if here:
                name = f"{upper(outcome_words(outcome, lang))} ({unit_words(here[0], lang)})"
                lines += ["", name if part == EFFECT else f"{name}: {say('part_interaction').lower()}"]
                lines.append(table([_cells(row, axes, lang) for row in here], left=4))
    if about["caveat"]:
        lines += ["", caveat_words(about["caveat"], about.get("red", ()), lang)]
    if about["scale"] != 1.0:
        lines.append(say("sweep_trial", scale=number(float(about["scale"]), lang, decimals=2)))
    return "\n".join(lines)


def _cells(row: Row, axes: Sequence[Mapping[str, Any]], lang: str) -> list[str]:
    """The values of a scenario, the effect, and its direction."""
    values = [str(row[f"value_{i}"]) or str(axis["base"]) for i, axis in enumerate(axes, start=1)]
    told = [value_words(v, str(axis["base"]), lang).replace("\n", " ") for v, axis in zip(values, axes, strict=True)]
    effect = effect_text(row, lang).removesuffix(f" {label('unit.percent', lang)}")
    return [*told, *[""] * (2 - len(told)), effect, verdict_words(row, lang)]
