"""Twins in the report of a comparison: both lives of the same synthetic person, and a chooser among them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from irregsim.present.colours import colour_of
from irregsim.present.pages.compare_facts import Facts, Rows
from irregsim.present.words import state_words, upper
from irregsim.vocabulary.codes import month_number
from irregsim.vocabulary.labels import label

#: Twins in the chooser.
TWINS: Final = 12


def twins(facts: Facts) -> list[dict[str, Any]]:
    """The chooser of twins: both lives of each, as lines and as a table."""
    out = []
    for name in facts.scenarios:
        lives: dict[tuple[str, int], Rows] = {}
        for row in facts.rows("twin_lives", name):
            lives.setdefault((str(row["person"]), int(row["replicate"])), []).append(row)
        told: Rows = []
        states: dict[str, None] = {}
        for row in facts.rows("twins", name)[:TWINS]:
            runs = lives.get((str(row["person"]), int(row["replicate"])), [])
            told.append(_twin(facts, len(told) + 1, row, runs))
            states |= dict.fromkeys(str(run["state"]) for run in runs)
        if told:
            legend = [{"colour": colour_of(s), "name": state_words(s, facts.lang)} for s in states]
            out.append({"title": facts.title(name), "lives": told, "legend": legend})
    return out


def _twin(facts: Facts, place: int, row: Mapping[str, Any], runs: Rows) -> dict[str, Any]:
    last = month_number(str(facts.about["period"][1])) + 1
    first = min([month_number(str(run["start"])) for run in runs], default=month_number(str(row["first_parting"])))
    wide = max(1, last - first)
    lines, events = [], dict[str, dict[str, str]]()
    for side in ("reference", "scenario"):
        drawn = []
        for run in (run for run in runs if run["side"] == side):
            start = month_number(str(run["start"]))
            goes_on = not isinstance(run["end"], str)
            end = last if goes_on else month_number(str(run["end"]))
            state = str(run["state"])
            drawn.append(
                {
                    "left": round(100.0 * (start - first) / wide, 3),
                    "width": round(100.0 * max(end - start, 0.4) / wide, 3),
                    "colour": colour_of(state),
                    "name": state_words(state, facts.lang),
                }
            )
            events.setdefault(str(run["start"]), {})[side] = state_words(state, facts.lang)
            if not goes_on:
                cause = facts.cause(run.get("cause"))
                there = events.setdefault(str(run["end"]), {})
                there.setdefault(side, facts.words("ended", cause=cause) if cause else facts.words("ended_plain"))
        lines.append({"name": upper(label(f"legend.{side}", facts.lang)), "runs": drawn})
    cells = [[month, by.get("reference", ""), by.get("scenario", "")] for month, by in sorted(events.items())]
    causes = [
        facts.cause(row.get(f"cause_{side}")) or facts.words("nothing_happened") for side in ("reference", "scenario")
    ]
    name = facts.words("twin_number", number=place)
    told = facts.words(
        "twin_told",
        month=row["first_parting"],
        reference=state_words(str(row["reference_state"]), facts.lang),
        scenario=state_words(str(row["scenario_state"]), facts.lang),
        cause_reference=causes[0],
        cause_scenario=causes[1],
        apart=row["months_apart"],
        end_reference=state_words(str(row["end_reference"]), facts.lang),
        end_scenario=state_words(str(row["end_scenario"]), facts.lang),
    )
    heads = ("c_month", "c_in_reference", "c_in_scenario")
    caption = facts.words("twin_caption", name=name)
    parting = round(100.0 * (month_number(str(row["first_parting"])) - first) / wide, 3)
    table = facts.table(caption, heads, [{"name": "", "rows": cells}], text=(1, 2))
    return {"name": name, "told": told, "lines": lines, "parting": parting, "table": table}
