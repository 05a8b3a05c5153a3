"""What `irregsim compare` prints: key figures that clearly changed, and how many replicates others would need."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from irregsim.inference.check_words import caveat_words
from irregsim.present.publication.one_scale import one_scale
from irregsim.present.terminal import table
from irregsim.present.words import (
    certainty_of,
    effect_text,
    has_direction,
    outcome_words,
    title_of,
    unequal_periods,
    verdict_words,
)
from irregsim.vocabulary.labels import Words, label, labels
from irregsim.vocabulary.numbers import number, plain

if TYPE_CHECKING:
    import pandas as pd


def summary(key_figures: pd.DataFrame, about: Mapping[str, Any], lang: str = "en") -> str:
    """A comparison in a few lines.

    Args:
        key_figures: The exact table.
        about: What the comparison is about (`irregsim.present.pages.compare` lists the keys).
        lang: Language.
    """
    figures = one_scale({"key_figures": key_figures}, {})["key_figures"]
    say = Words(lang, "screen")
    first, last = about["period"]
    lines = [
        say(
            "comparison",
            id=about["comparison_id"],
            replicates=about["replicates"],
            first=first,
            last=last,
            reference=about["reference"],
        )
    ]
    for name in about["scenarios"]:
        rows = figures[figures["scenario"] == name]
        told = [row for row in rows.to_dict("records") if has_direction(row)]
        title = title_of(name, about, lang)
        lines += ["", say("scenario_from", name=name, title=title, month=about["first_effective"][name])]
        if told:
            head = [say(f"c_{key}") for key in ("change", "interval", "unit", "direction")]
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
        lines += [f"  {line}" for line in _unclear(rows, about["replicates"], lang)]
    if about["caveat"]:
        lines += ["", caveat_words(about["caveat"], about.get("red", ()), lang)]
    if about["scale"] != 1.0:
        lines.append(say("scale", scale=plain(f"{about['scale']:g}", lang)))
    if periods := unequal_periods(about, lang):
        lines.append(periods)
    return "\n".join(lines)


def _unclear(rows: pd.DataFrame, replicates: int, lang: str) -> list[str]:
    """Why some key figures have no clear direction, and how many more replicates would give them one."""
    from irregsim.study.comparison.verdicts import INTERVAL, MONTE_CARLO, NOTHING, by_chance

    say = Words(lang, "screen")
    why = {reason: int((rows["why"] == reason).sum()) for reason in (NOTHING, INTERVAL, MONTE_CARLO)}
    lines = []
    grades = [certainty_of({str(key): value for key, value in row.items()}) for row in rows.to_dict("records")]
    chance = by_chance(grades, [replicates] * len(grades))
    if chance.looked_at:
        told = number(math.ceil(10.0 * chance.told) / 10.0, lang, decimals=1)
        lines.append(say("by_chance", told=told, number=chance.looked_at))
    for reason, key in ((NOTHING, "why_nothing"), (INTERVAL, "why_interval")):
        if why[reason]:
            lines.append(say(key, outcomes=_outcomes(why[reason], say)))
    if why[MONTE_CARLO]:
        more = sorted(int(one) for one in rows["more_replicates"].dropna())
        line = say("why_chance", outcomes=_outcomes(why[MONTE_CARLO], say))
        if more:
            half = more[(len(more) - 1) // 2]
            line += say("more", number=replicates + half)
        lines.append(line)
    return lines


def _outcomes(n: int, say: Words) -> str:
    return say("outcomes_one") if n == 1 else say("outcomes_many", number=n)
