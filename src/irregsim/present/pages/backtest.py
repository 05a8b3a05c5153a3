"""Scores of forecasts from every year, as tables of a page: docs/backtest.md between its markers."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from irregsim.present.pages.calibration_tables import EQUAL, inside, table
from irregsim.vocabulary.numbers import number

#: Naive forecasts and what they are called.
NAIVE: Final = {"last": "last value", "line": "straight line"}

START, END = "<!-- generated: backtest -->\n", "<!-- end -->"


def scores(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Mean scores by year that counts were known to, all counts together and by how many years ahead.

    Args:
        rows: Forecasts with ``known_to``.

    Returns:
        One row per year, ``ahead`` (``all``, ``1`` year, ``2 or more``) and ``naive`` forecast: ``counts`` that both
        have, mean ``crps`` and ``interval_score`` of the model and (``_naive``) of the naive forecast, and ``better``,
        ``equal`` or ``worse`` of the model's CRPS (`EQUAL`); rows without common counts are left out.
    """
    out = []
    for year in dict.fromkeys(row["known_to"] for row in rows):
        mine = [row for row in rows if row["known_to"] == year]
        for ahead, chosen in (
            ("all", mine),
            ("1", [row for row in mine if row["year"] == year + 1]),
            ("2 or more", [row for row in mine if row["year"] > year + 1]),
        ):
            for naive in NAIVE:
                both = [row for row in chosen if row[f"crps_{naive}"] is not None]
                if not both:
                    continue
                means = {
                    name: float(np.mean([row[name] for row in both]))
                    for name in ("crps", "interval_score", f"crps_{naive}", f"interval_score_{naive}")
                }
                own, other = means["crps"], means[f"crps_{naive}"]
                out.append(
                    {
                        "known_to": year,
                        "ahead": ahead,
                        "naive": naive,
                        "counts": len(both),
                        "crps": own,
                        "crps_naive": other,
                        "interval_score": means["interval_score"],
                        "interval_score_naive": means[f"interval_score_{naive}"],
                        "model_is": "better"
                        if own < (1 - EQUAL) * other
                        else "worse"
                        if other < (1 - EQUAL) * own
                        else "equal",
                    }
                )
    return out


def tables(rows: Sequence[Mapping[str, Any]]) -> str:
    """The tables of the page as Markdown: scores and intervals of every year.

    Args:
        rows: Forecasts with ``known_to``.
    """

    def two(value: float) -> str:
        return number(value, "en", decimals=2)

    head = (
        "known to",
        "years ahead",
        "naive forecast",
        "counts",
        "CRPS",
        "naive",
        "interval score",
        "naive",
        "model is",
    )
    lines = [
        (
            row["known_to"],
            row["ahead"],
            NAIVE[row["naive"]],
            row["counts"],
            two(row["crps"]),
            two(row["crps_naive"]),
            two(row["interval_score"]),
            two(row["interval_score_naive"]),
            f"**{row['model_is']}**",
        )
        for row in scores(rows)
    ]
    held = []
    for year in dict.fromkeys(row["known_to"] for row in rows):
        _, counts, half, most = inside([row for row in rows if row["known_to"] == year])[-1]
        held.append((year, counts, half, most))
    intervals = table(("known to", "later counts", "inside the 50 % interval", "inside the 90 % interval"), held)
    return f"{table(head, lines)}\n{intervals}"


def main() -> int:
    """Puts the tables of a folder of `irregsim backtest` into a page: ``FOLDER/backtest.md docs/backtest.md``."""
    if len(sys.argv) != 3:
        print("usage: python -m irregsim.present.pages.backtest FOLDER/backtest.md docs/backtest.md", file=sys.stderr)
        return 2
    made, page = Path(sys.argv[1]), Path(sys.argv[2])
    text = page.read_text(encoding="utf-8")
    before, _, rest = text.partition(START)
    after = rest.partition(END)[2]
    page.write_text(before + START + made.read_text(encoding="utf-8") + END + after, encoding="utf-8", newline="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
