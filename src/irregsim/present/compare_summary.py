"""What `irregsim compare` prints: key figures that clearly changed, and how many replicates others would need."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from irregsim.present.publication.one_scale import one_scale
from irregsim.present.terminal import table
from irregsim.present.words import effect_text, outcome_words, title_of
from irregsim.vocabulary.labels import label

if TYPE_CHECKING:
    import pandas as pd


def summary(key_figures: pd.DataFrame, about: Mapping[str, Any], lang: str = "en") -> str:
    """A comparison in a few lines.

    Args:
        key_figures: The exact table.
        about: What the comparison is about (`irregsim.present.pages.compare` lists the keys).
        lang: Language of the names of outcomes.
    """
    figures = one_scale({"key_figures": key_figures}, {})["key_figures"]
    first, last = about["period"]
    against = f"{first} to {last}, compared with {about['reference']}"
    lines = [f"Comparison {about['comparison_id']}: {about['replicates']} replicates, {against}"]
    for name in about["scenarios"]:
        rows = figures[figures["scenario"] == name]
        clear = rows[rows["verdict"] != "cannot tell"]
        lines += ["", f"{name}: {title_of(name, about, lang)} (from {about['first_effective'][name]})"]
        if len(clear):
            head = ["change", "95 % of replicates", "unit"]
            cells = [
                [outcome_words(row["outcome"], lang), effect_text(row, lang), f"{row['unit']}, {row['kind']}"]
                for row in clear.to_dict("records")
            ]
            lines.append(table([head, *cells], left=3))
        else:
            lines.append("  no effect differs clearly from zero")
        lines += [f"  {line}" for line in _unclear(rows, about["replicates"])]
    if about["caveat"]:
        lines += ["", label(str(about["caveat"]), lang)]
    if about["scale"] != 1.0:
        lines.append(f"Population scale {about['scale']:g}: a trial run; counts do not apply to the whole country.")
    return "\n".join(lines)


def _unclear(rows: pd.DataFrame, replicates: int) -> list[str]:
    """Why some key figures have no clear direction, and how many more replicates would give them one."""
    from irregsim.study.comparison.key_figures import INTERVAL, MONTE_CARLO, NOTHING

    why = {reason: int((rows["why"] == reason).sum()) for reason in (NOTHING, INTERVAL, MONTE_CARLO)}
    lines = []
    if why[NOTHING]:
        lines.append(f"no difference in any replicate: {_outcomes(why[NOTHING])}")
    if why[INTERVAL]:
        lines.append(
            f"no clear direction: {_outcomes(why[INTERVAL])}, whose 95 % interval includes zero "
            "(more replicates would not help)"
        )
    if why[MONTE_CARLO]:
        more = sorted(int(number) for number in rows["more_replicates"].dropna())
        line = f"too few replicates: {_outcomes(why[MONTE_CARLO])}"
        if more:
            half = more[(len(more) - 1) // 2]
            line += f"; --replicates {replicates + half} would give half of those that need more a clear direction"
        lines.append(line)
    return lines


def _outcomes(number: int) -> str:
    return f"{number} outcome" + ("" if number == 1 else "s")
