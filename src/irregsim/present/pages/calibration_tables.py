"""The tables of docs/calibration.md, from what is known about a fit."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

import numpy as np

from irregsim.vocabulary.numbers import number

#: Two methods part in a parameter where their means are so many joint standard deviations apart.
PARTED: Final = 1.0

#: Scores closer than this share of each other count as equal: a block of a handful of counts shows no finer difference.
EQUAL: Final = 0.1


def verdicts(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Forecasts by block of series: mean scores of the model and of each naive forecast, over the counts both have.

    Args:
        rows: As `fitting.forward` gives them.

    Returns:
        One row per block, score and naive forecast, with ``better``, ``equal`` or ``worse`` of the model.
    """
    out = []
    for block in dict.fromkeys(row["block"] for row in rows):
        for score in ("crps", "interval_score"):
            for naive in ("last", "line"):
                both = [row for row in rows if row["block"] == block and row[f"{score}_{naive}"] is not None]
                if not both:
                    continue
                own = float(np.mean([row[score] for row in both]))
                other = float(np.mean([row[f"{score}_{naive}"] for row in both]))
                word = "better" if own < (1 - EQUAL) * other else "worse" if other < (1 - EQUAL) * own else "equal"
                out.append(
                    {
                        "block": block,
                        "score": score,
                        "naive": naive,
                        "counts": len(both),
                        "model": own,
                        "other": other,
                        "model_is": word,
                    }
                )
    return out


def inside(rows: Sequence[Mapping[str, Any]]) -> list[tuple[str, int, int, int]]:
    """How many later counts lie inside the central intervals of their forecasts, by block; the last row is all.

    Args:
        rows: As `fitting.forward` gives them.

    Returns:
        Block, counts, those inside 50 % and those inside 90 %.
    """
    out = []
    for block in [*dict.fromkeys(row["block"] for row in rows), "all"]:
        far = [abs(row["observed"] - row["mean"]) / row["sd"] for row in rows if block in (row["block"], "all")]
        out.append((block, len(far), sum(x < 0.6745 for x in far), sum(x < 1.6449 for x in far)))
    return out


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A Markdown table."""
    lines = [list(head), ["---"] * len(head), *[[str(cell) for cell in row] for row in rows]]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


#: Parts of the error that a fit uses, and their words.
ERRORS: Final[dict[str, str]] = {
    "stated": "stated",
    "common": "of it common to the register",
    "noise": "register's noise",
    "chance": "chance of events",
    "others": "parameters not followed",
    "surface": "surface's own",
    "used": "used in the fit",
}


def error_blocks(rows: Sequence[Mapping[str, Any]]) -> list[tuple[str, ...]]:
    """Root mean square of each part of the error by block of targets, as cells of a table."""
    out = []
    for block in dict.fromkeys(row.get("block", "") for row in rows):
        own = [row["errors"] for row in rows if row.get("block", "") == block and "errors" in row]
        cells = []
        for name in ERRORS:
            values = [errors[name] for errors in own if errors[name] is not None]
            cells.append(f"{np.sqrt(np.mean(np.square(values))):.2f}" if values else "-")
        if own:
            out.append((block, str(len(own)), *cells))
    return out


def _known(value: float | None, written: Callable[[float], str]) -> str:
    """A number in words, or that an older report does not hold it."""
    return "-" if value is None else written(value)


def _thirds(thirds: Sequence[Sequence[float]] | None) -> str:
    if thirds is None:
        return "-"
    return ", ".join(f"{100 * own:.0f} % ({100 * low:.0f} to {100 * high:.0f})" for own, low, high in thirds)


def _twice_text(found: Mapping[str, Any] | None) -> str:
    if found is None:
        return "Not known of this fit.\n"
    names = ", ".join(f"`{name}` {value:+.1f}" for name, value in found["farthest"])
    return (
        f"With the {found['parameters']} such priors twice as wide, {100 * found['within_half']:.0f} % of the "
        f"followed parameters move by less than half a posterior standard deviation; those that move most, in standard "
        f"deviations: {names}. Their own posteriors are then {found['wider']:.2f} times as wide (median), all others "
        f"{found['wider_others']:.2f} times.\n"
    )


def _soft_table(rows: Sequence[Mapping[str, Any]]) -> str:
    """What each soft target moves, a line each."""
    return table(
        ["figure", "moves, in posterior standard deviations", "narrows a parameter by at most"],
        [
            [
                row["id"],
                ", ".join(f"`{name}` {value:+.2f}" for name, value in row["moves"]),
                f"{100 * row['narrows_most']:.0f} %",
            ]
            for row in rows
        ],
    )


def _left_out_text(found: Mapping[str, Any] | None) -> str:
    if found is None:
        return "Not known of this fit.\n"
    own, low, high = found["spread"]
    return (
        f"Root mean square of the distances: {own:.2f}; in 99 of a hundred right fits it is between {low:.2f} and "
        f"{high:.2f}. A right fit has probabilities as uneven in {100 * found['evenness']:.0f} of a hundred cases. "
        f"{100 * found['inside_50']:.0f} % of the counts are inside the 50 % interval of their forecast, "
        f"{100 * found['inside_90']:.0f} % inside the 90 % interval.\n"
    )


def _second_text(found: Mapping[str, Any]) -> str:
    """What a second method says of the same trials."""
    second = found.get("second_method")
    if not second:
        return "Not run for this fit (`irregsim calibrate --second-method`).\n"
    far = {name: one["apart"] for name, one in second["parameters"].items() if abs(one["apart"]) >= PARTED}
    parted = (
        "They part by more than one joint standard deviation in "
        + ", ".join(f"`{name}` ({value:+.1f})" for name, value in sorted(far.items(), key=lambda one: -abs(one[1])))
        + "; whatever rests on these should not be trusted in detail."
        if far
        else "They part by more than one joint standard deviation in no parameter."
    )
    low, middle, high = second["width"]
    own, alone = second["loss"]
    histogram, chance = second["tarp"]
    return (
        f"Of {len(second['parameters'])} parameters {100 * second['within_one']:.0f} % have means within one joint "
        f"standard deviation. {parted} The second method's intervals are {middle:.2f} times as wide (median; {low:.2f} "
        f"to {high:.2f} for nine in ten parameters). Checks of the second method, on {second['trials']} trials that "
        f"its networks did not see: loss {own:.2f}, where one that knows nothing has {alone:.2f}; TARP in ten bins "
        f"{' '.join(map(str, histogram))} (p = {chance:.2f}); L-C2ST at the published counts "
        f"p = {second['classifier']:.2f}.\n"
    )


def _contraction_table(found: Mapping[str, Any], number: int = 10) -> str:
    """The parameters of which the counts say most and least, by both methods."""
    second = (found.get("second_method") or {}).get("parameters", {})
    rows = sorted(found["followed"], key=lambda row: -row["contraction"])
    chosen = rows if len(rows) <= 2 * number else [*rows[:number], *rows[-number:]]
    return table(
        ("parameter", "contraction", "by the second method", "means apart, in joint standard deviations"),
        [
            (
                f"`{row['name']}`",
                f"{row['contraction']:.2f}",
                *(
                    (f"{second[row['name']]['contraction']:.2f}", f"{second[row['name']]['apart']:+.2f}")
                    if row["name"] in second
                    else ("-", "-")
                ),
            )
            for row in chosen
        ],
    )


def _number(value: float) -> str:
    return number(value, "en", decimals=0) if abs(value) >= 100 else f"{value:.3g}"


def _interval(ends: Sequence[float]) -> str:
    return f"{_number(ends[1])} ({_number(ends[0])} to {_number(ends[2])})"


def _hidden_text(hidden: Mapping[str, Any] | None) -> str:
    if hidden is None:
        return ""
    prior, own = hidden["prior"], hidden["posterior"]
    return (
        f"**The hidden population.** Persons outside reception centres at the end of {hidden['year']}, as an index of "
        f"the prior's median (100): 90 % of prior trials are between {prior[0]:.0f} and {prior[2]:.0f}, of posterior "
        f"trials between {own[0]:.0f} and {own[2]:.0f}, with median {own[1]:.0f} ({hidden['trials']} trials each). The "
        f"spread on the log scale is {hidden['log_sd'][1]:.2f}, compared with {hidden['log_sd'][0]:.2f} in the prior. "
        "It is most correlated with "
        + ", ".join(f"`{name}` (correlation {r:+.2f})" for name, r in hidden["goes_with"])
        + ". The counts narrow it through what they say about detection and exits, and only given the assumptions on "
        "inflow, onward travel and ties. No count informs those, and other priors could move them beyond this "
        "interval. They do not identify the size of this population, and the report gives no estimate of it. Levels "
        "are therefore shown only on request.\n"
    )


def markdown(found: Mapping[str, Any]) -> dict[str, str]:
    """Blocks of docs/calibration.md by name.

    Args:
        found: What `about` gives, read from JSON or fresh.
    """
    recovery_rows = []
    for name, title in (
        ("prior", "truths from the prior, method of the first wave"),
        ("shipped", "truths near the data, shipped method"),
    ):
        one = found["recovery"][name]
        recovery_rows.append(
            (
                title,
                one["truths"],
                one["parameters"],
                f"{100 * one['coverage_50']:.0f} %",
                f"{100 * one['coverage_90']:.0f} % (± {100 * one['coverage_90_error']:.0f})",
                _thirds(one.get("thirds_90")),
                " ".join(str(n) for n in one["rank_histogram"]),
                f"{one['unevenness'][0]} ({one['unevenness'][1]:.3f})",
                one["mean_contraction"],
            )
        )
    forward = [
        (
            row["target"],
            *(f"{row[key]:.2f}" for key in ("observed", "mean", "sd", "crps")),
            *(("-" if row[key] is None else f"{row[key]:.2f}") for key in ("crps_last", "crps_line")),
            f"{row['interval_score']:.2f}",
            *(
                ("-" if row[key] is None else f"{row[key]:.2f}")
                for key in ("interval_score_last", "interval_score_line")
            ),
        )
        for row in found["forward"]
    ]
    gate = (
        "**All calibration checks passed.**"
        if found["gate"]["passed"]
        else "**A calibration check failed; this fit is not calibrated.**"
    )
    return {
        "gate": "\n".join([gate, *(f"- {line}" for line in found["gate"]["red"])]) + "\n",
        "settings": table(("setting", "value"), [(k, v) for k, v in found["settings"].items()]),
        "recovery": table(
            (
                "what",
                "truths",
                "parameters",
                "50 % intervals hold",
                "90 % intervals hold",
                "by thirds, nearest first (a right method)",
                "ranks in ten bins",
                "chi squared (p-value)",
                "contraction",
            ),
            recovery_rows,
        ),
        "parameters": table(
            ("parameter", "grade", "prior: median (90 %)", "posterior: median (90 %)", "contraction", "carried by"),
            [
                (
                    f"`{row['name']}`" + (" (prior of the fit)" if row["remade"] else ""),
                    row["grade"],
                    _interval(row["prior"]),
                    _interval(row["posterior"]),
                    f"{row['contraction']:.2f}",
                    f"`{row['carried_by']}`" if row["carried_by"] else "",
                )
                for row in sorted(found["followed"], key=lambda row: -row["contraction"])
            ],
        ),
        "pairs": table(
            ("first", "second", "correlation"),
            [(f"`{row['first']}`", f"`{row['second']}`", f"{row['r']:+.2f}") for row in found["pairs"]],
        ),
        "targets": table(
            (
                "target",
                "published",
                "fitted: median (90 %)",
                "the model at full scale",
                "distance",
                "from the others",
                "inside the prior's 90 %",
            ),
            [
                (
                    row["id"],
                    _number(row["observed"]),
                    _interval(row["fitted"]),
                    _known(row.get("full_scale"), _number),
                    _known(row.get("full_scale_distance"), "{:+.1f}".format),
                    _known(row.get("left_out"), "{:+.1f}".format),
                    "yes" if row["inside_prior_90"] else "no",
                )
                for row in found["targets"]
            ],
        ),
        "errors": table(
            ("target", *ERRORS.values()),
            [
                (row["id"], *(_known(row.get("errors", {}).get(name), "{:.2f}".format) for name in ERRORS))
                for row in found["targets"]
            ],
        ),
        "blocks": table(("block", "counts", *ERRORS.values()), error_blocks(found["targets"])),
        "left-out": _left_out_text(found.get("left_out")),
        "twice": _twice_text(found.get("twice")),
        "soft": _soft_table(found.get("soft", ())),
        "forward": table(
            (
                "count after 2016",
                "published (log)",
                "forecast",
                "sd",
                "CRPS",
                "last value",
                "line",
                "interval score",
                "last value",
                "line",
            ),
            forward,
        ),
        "hidden": _hidden_text(found.get("hidden")),
        "verdicts": table(
            ("block", "score", "against", "counts", "model", "naive", "the model is"),
            [
                (
                    row["block"],
                    {"crps": "CRPS", "interval_score": "interval score"}[row["score"]],
                    {"last": "last value", "line": "straight line"}[row["naive"]],
                    row["counts"],
                    f"{row['model']:.2f}",
                    f"{row['other']:.2f}",
                    f"**{row['model_is']}**",
                )
                for row in verdicts(found["forward"])
            ],
        ),
        "forward-inside": table(
            ("block", "counts after 2016", "inside the 50 % interval", "inside the 90 % interval"),
            [(block, *cells) for block, *cells in inside(found["forward"])],
        ),
        "second-method": _second_text(found),
        "contraction": _contraction_table(found),
    }
