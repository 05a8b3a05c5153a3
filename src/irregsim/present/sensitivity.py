"""What `irregsim sensitivity` prints: the drivers of each finding in words.

A driver is a parameter of the draws, or what a study varies: a lever, an assumption or a parameter with a range.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from irregsim.model.parameters import parameter, parameters
from irregsim.present.terminal import table
from irregsim.present.words import lever_name, lever_value, outcome_words, upper
from irregsim.study.comparison.evidence import CHANCE
from irregsim.study.sensitivity.tables import DIFFERENCE
from irregsim.vocabulary.codes import month_number
from irregsim.vocabulary.labels import Words, in_language, label
from irregsim.vocabulary.numbers import month_words, number, with_percent

if TYPE_CHECKING:
    import pandas as pd

#: Parameters that are shown of each finding.
TOP: Final = 5
TOP_OWN: Final = 8


def drivers(
    shares: pd.DataFrame, scenario: str, outcome: str, about: Mapping[str, Any] | None = None
) -> list[dict[str, Any]]:
    """The rows of what a difference depends on most; none where it does not vary.

    Args:
        shares: Table ``sensitivity``.
        scenario: Its name.
        outcome: Of the difference.
        about: As in `irregsim.commands.sensitivity.Sensitivity`.

    Returns:
        The `TOP` largest; of a study the `TOP_OWN` largest that it varies itself, and of all other parameters, of which
        the largest always seems large, the `TOP` that stand out.
    """
    mine = shares[(shares["scenario"] == scenario) & (shares["outcome"] == outcome)]
    mine = mine[mine["quantity"] == DIFFERENCE]
    rows = [{str(key): value for key, value in row.items()} for row in mine.to_dict("records")]
    if about is None or "axes" not in about:
        return rows[:TOP]
    own = [row for row in rows if is_own(str(row["parameter"]), about)][:TOP_OWN]
    others = [row for row in rows if row["stands_out"] and not is_own(str(row["parameter"]), about)][:TOP]
    return sorted([*own, *others], key=lambda row: -float(row["share"]))


def percent_of(value: float, lang: str, *, signed: bool = True) -> str:
    """A number in percent, with one decimal where it is small."""
    decimals = 0 if abs(value) >= 10.0 else 1
    return with_percent(number(value, lang, decimals=decimals, signed=signed))


def axis_name(name: str, lang: str) -> str:
    """What is not known in words: a lever with its unit and its month, or a parameter by its name."""
    if name in parameters():
        return name
    key, _, month = name.partition("@")
    text = lever_name(key, lang)
    if not month:
        return text
    return label("explore.since", lang).format(name=text, month=month_words(month_number(month), lang))


def driver_words(name: str, lang: str) -> str:
    """A driver in words: what a parameter means, or a lever with its unit and its month."""
    return parameter(name).meaning if name in parameters() else axis_name(name, lang)


def choices_of(name: str, about: Mapping[str, Any], lang: str) -> tuple[str, str] | None:
    """The first and the last choice of what a study varies, in words; None of a range and of a parameter."""
    for axis in about.get("axes", ()):
        if axis["name"] == name and "choices" in axis:
            first, *_, last = (lever_value(name.partition("@")[0], one, lang) for one in axis["choices"])
            return first, last
    return None


def is_own(name: str, about: Mapping[str, Any]) -> bool:
    """Whether a study varies it itself."""
    return any(axis["name"] == name for axis in about.get("axes", ()))


def message(rows: Sequence[Mapping[str, Any]], about: Mapping[str, Any], lang: str) -> str:
    """What drives a finding, in a sentence.

    Args:
        rows: From `drivers`, at least one.
        about: As in `irregsim.commands.sensitivity.Sensitivity`.
        lang: Language.
    """
    say = Words(lang, "sensitivity")
    outcome = upper(outcome_words(str(rows[0]["outcome"]), lang))
    clear = [row for row in rows if row["stands_out"]]
    if not clear:
        return say("nothing_stands_out" if "axes" in about else "none_stands_out", outcome=outcome)
    first = clear[0]
    name = str(first["parameter"])
    choices = choices_of(name, about, lang)
    key = "message" if name in parameters() else "message_range" if choices is None else "message_choices"
    return say(
        key,
        outcome=outcome,
        parameter=driver_words(name, lang),
        first=choices and choices[0],
        last=choices and choices[1],
        share=percent_of(100.0 * float(first["share"]), lang, signed=False),
        low=percent_of(float(first["at_low"]), lang),
        high=percent_of(float(first["at_high"]), lang),
    )


def grade_shares(evidence: pd.DataFrame, scenario: str, outcome: str) -> dict[str, float]:
    """Share of the variance of a finding by grade of the parameters, and what no group explains (`CHANCE`).

    Args:
        evidence: Table of the comparison.
        scenario: Its name.
        outcome: Of the finding.

    Returns:
        Empty where the table has no rows of it.
    """
    mine = evidence[(evidence["scenario"].astype(str) == scenario) & (evidence["outcome"].astype(str) == outcome)]
    found: dict[str, float] = {}
    for group, grade, share in zip(mine["group"].astype(str), mine["grade"].astype(str), mine["share"], strict=True):
        key = CHANCE if group == CHANCE else grade
        found[key] = found.get(key, 0.0) + float(share)
    return found


def notes(rows: Sequence[Mapping[str, Any]], about: Mapping[str, Any], lang: str) -> list[str]:
    """What the asterisk of drivers means that do not stand out; of a study by family. Nothing where all stand out."""
    say = Words(lang, "sensitivity")
    found = {}
    for row in rows:
        if not row["stands_out"]:
            key = "by_chance_own" if is_own(str(row["parameter"]), about) else "by_chance"
            found[key] = say(key, share=percent_of(100.0 * float(row["by_chance"]), lang, signed=False))
    return [f"* {text}" for text in found.values()]


def _finding(
    frames: Mapping[str, pd.DataFrame], about: Mapping[str, Any], rows: Sequence[Mapping[str, Any]], lang: str
) -> list[str]:
    say = Words(lang, "sensitivity")
    scenario, outcome = str(rows[0]["scenario"]), str(rows[0]["outcome"])
    lines = ["", message(rows, about, lang)]
    first = "parameter_study" if "axes" in about else "parameter"
    heads = [say(f"c_{key}") for key in (first, "share", "interval", "low", "high", "grade")]
    cells = []
    for row in rows:
        lo, hi = (percent_of(100.0 * float(row[end]), lang, signed=False) for end in ("share_lo", "share_hi"))
        share = percent_of(100.0 * max(0.0, float(row["share"])), lang, signed=False)
        mark = "" if row["stands_out"] else " *"
        ends = [percent_of(float(row[end]), lang) for end in ("at_low", "at_high")]
        name = str(row["parameter"])
        if (choices := choices_of(name, about, lang)) is not None:
            ends = [f"{end} ({choice})" for end, choice in zip(ends, choices, strict=True)]
        cells.append([f"{axis_name(name, lang)}{mark}", share, say("to", lo=lo, hi=hi), *ends, str(row["grade"])])
    lines.append(table([heads, *cells]))
    lines += [f"  {note}" for note in notes(rows, about, lang)]
    grades = grade_shares(frames["evidence"], scenario, outcome)
    if grades:
        told = {key: percent_of(100.0 * grades.get(key, 0.0), lang, signed=False) for key in ("D", CHANCE)}
        lines.append("  " + say("ledger", d=told["D"], rest=told[CHANCE]))
    apart = frames["chance"]
    apart = apart[(apart["scenario"] == scenario) & (apart["outcome"] == outcome) & (apart["quantity"] == DIFFERENCE)]
    for one in apart.to_dict("records"):
        told = {key: percent_of(100 * float(one[key]), lang, signed=False) for key in ("share", "share_lo", "share_hi")}
        lines.append("  " + say("chance_study" if "axes" in about else "chance", **told))
    return [*lines, *_turn(frames["turns"], scenario, outcome, lang)]


def _turn(turns: pd.DataFrame, scenario: str, outcome: str, lang: str) -> list[str]:
    """When the finding turns, in words; nothing where too few draws turn to look for it."""
    say = Words(lang, "sensitivity")
    mine = turns[(turns["scenario"] == scenario) & (turns["outcome"] == outcome)]
    if mine.empty:
        return []
    rows = mine.to_dict("records")
    first = rows[0]
    share = percent_of(100.0 * float(first["share_turned"]), lang, signed=False)
    if not first["is_clear"]:
        return ["  " + say("turns_anywhere", share=share)]
    limits = []
    for row in rows:
        ends = [(key, float(row[column])) for key, column in (("above", "low"), ("below", "high"))]
        limits += [
            say(key, parameter=row["parameter"], value=number(value, lang, decimals=2))
            for key, value in ends
            if np.isfinite(value)
        ]
    told = {key: percent_of(100.0 * float(first[key]), lang, signed=False) for key in ("coverage", "density")}
    return ["  " + say("turns", share=share, limits=say("and").join(limits), **told)]


def heading(scenario: str, about: Mapping[str, Any], lang: str) -> str:
    """Of what the drivers are, and from how many draws or points."""
    say = Words(lang, "sensitivity")
    titles = [in_language(about["titles"][one], lang) for one in (scenario, about["reference"])]
    key = "heading_study" if "axes" in about else "heading"
    return say(key, scenario=titles[0], reference=titles[1], draws=about["draws"])


def summary(frames: Mapping[str, pd.DataFrame], about: Mapping[str, Any], outcomes: Sequence[str], lang: str) -> str:
    """The drivers of each finding, for a terminal.

    Args:
        frames: Tables ``sensitivity``, ``chance``, ``turns`` and ``evidence``.
        about: As in `irregsim.commands.sensitivity.Sensitivity`.
        outcomes: Which are shown.
        lang: Language.
    """
    say = Words(lang, "sensitivity")
    lines = []
    for scenario in about["scenarios"]:
        lines += ["", heading(scenario, about, lang)]
        for outcome in outcomes:
            rows = drivers(frames["sensitivity"], scenario, outcome, about)
            if rows:
                lines += _finding(frames, about, rows, lang)
    study = "_study" if "axes" in about else ""
    if frames["chance"].empty:
        lines += ["", say(f"no_chance{study}")]
    return "\n".join([*lines, "", say(f"units{study}"), say(f"together{study}")]).lstrip("\n")
