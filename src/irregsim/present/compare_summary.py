"""What `irregsim compare` prints: key figures that clearly changed, and how many replicates others would need."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from irregsim.present.publication.one_scale import one_scale
from irregsim.present.terminal import table
from irregsim.present.words import certainty_of, effect_text, has_direction, outcome_words, title_of, verdict_words
from irregsim.vocabulary.labels import label, labels

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
        told = [row for row in rows.to_dict("records") if has_direction(row)]
        lines += ["", f"{name}: {title_of(name, about, lang)} (from {about['first_effective'][name]})"]
        if told:
            head = ["change", "95 % of replicates", "unit", "direction"]
            cells = [
                [
                    outcome_words(row["outcome"], lang),
                    effect_text(row, lang),
                    f"{label(key, lang) if (key := 'unit.' + row['unit']) in labels() else row['unit']}, "
                    + label(f"compare.how_{row['kind']}", lang),
                    verdict_words(row, lang),
                ]
                for row in told
            ]
            lines.append(table([head, *cells], left=4))
        else:
            lines.append(f"  {label('compare.nothing_told', lang)}")
        lines += [f"  {line}" for line in _unclear(rows, about["replicates"])]
    if about["caveat"]:
        lines += ["", label(str(about["caveat"]), lang)]
    if about["scale"] != 1.0:
        lines.append(f"Population scale {about['scale']:g}: a trial run; counts do not apply to the whole country.")
    return "\n".join(lines)


def _unclear(rows: pd.DataFrame, replicates: int) -> list[str]:
    """Why some key figures have no clear direction, and how many more replicates would give them one."""
    from irregsim.study.comparison.verdicts import INTERVAL, MONTE_CARLO, NOTHING, by_chance

    why = {reason: int((rows["why"] == reason).sum()) for reason in (NOTHING, INTERVAL, MONTE_CARLO)}
    lines = []
    grades = [certainty_of({str(key): value for key, value in row.items()}) for row in rows.to_dict("records")]
    chance = by_chance(grades, [replicates] * len(grades))
    if chance.looked_at:
        told = math.ceil(10.0 * chance.told) / 10.0
        lines.append(f"by chance alone at most about {told:.1f} of the {chance.looked_at} that differ would be told")
    if why[NOTHING]:
        lines.append(f"no difference in any replicate: {_outcomes(why[NOTHING])}")
    if why[INTERVAL]:
        lines.append(
            f"no clear direction: {_outcomes(why[INTERVAL])}, whose replicates go both ways "
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
