"""What `irregsim compare` prints: the key figures that clearly changed, and how many replicates would show more."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from irregsim.present.publication.one_scale import one_scale
from irregsim.present.terminal import table
from irregsim.present.words import outcome_words, title_of
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
    against = f"{first} to {last}, against {about['reference']}"
    lines = [f"Comparison {about['comparison_id']}: {about['replicates']} replicates, {against}"]
    for name in about["scenarios"]:
        rows = figures[figures["scenario"] == name]
        told = rows[rows["verdict"] != "cannot tell"]
        lines += ["", f"{name}: {title_of(name, about, lang)} (from {about['first_effective'][name]})"]
        if len(told):
            texts = zip(told["outcome"], told[f"rounded_text_{lang}"], told["unit"], told["kind"], strict=True)
            head = ["change", "95 % of replicates", "unit"]
            cells = [[outcome_words(o, lang), text, f"{unit}, {kind}"] for o, text, unit, kind in texts]
            lines.append(table([head, *cells], left=3))
        else:
            lines.append("  no effect can be told from nothing")
        lines += [f"  {line}" for line in _untold(rows, about["replicates"])]
    if about["caveat"]:
        lines += ["", label(str(about["caveat"]), lang)]
    if about["scale"] != 1.0:
        lines.append(f"Population scale {about['scale']:g}: a trial; counts are not those of the country.")
    return "\n".join(lines)


def _untold(rows: pd.DataFrame, replicates: int) -> list[str]:
    """Why some key figures cannot be told, and how many more replicates would tell."""
    from irregsim.study.comparison.key_figures import INTERVAL, MONTE_CARLO, NOTHING

    why = {reason: int((rows["why"] == reason).sum()) for reason in (NOTHING, INTERVAL, MONTE_CARLO)}
    lines = []
    if why[NOTHING]:
        lines.append(f"{why[NOTHING]} outcomes are the same in every replicate")
    if why[INTERVAL]:
        lines.append(
            f"{why[INTERVAL]} outcomes cannot be told: replicates go both ways, and more of them would not help"
        )
    if why[MONTE_CARLO]:
        more = sorted(int(number) for number in rows["more_replicates"].dropna())
        line = f"{why[MONTE_CARLO]} outcomes cannot be told for want of replicates"
        if more:
            half = more[(len(more) - 1) // 2]
            line += f"; --replicates {replicates + half} would tell half of those that more can tell"
        lines.append(line)
    return lines
