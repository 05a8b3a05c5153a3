"""What `irregsim explore` prints: in which worlds each policy lowers or raises an outcome, and how far it is behind."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from irregsim.model.parameters import parameters
from irregsim.present.sensitivity import axis_name, percent_of
from irregsim.present.terminal import table
from irregsim.present.words import lever_value, plain_words, short_title, upper
from irregsim.study.exploration.tables import CHOICE, FLIP
from irregsim.vocabulary.labels import Words, in_language, label
from irregsim.vocabulary.numbers import number, percent, plain

if TYPE_CHECKING:
    import pandas as pd

Row = Mapping[str, Any]


def records(frame: pd.DataFrame, **where: str) -> list[Row]:
    """Rows of a table in which columns have some texts."""
    for column, value in where.items():
        frame = frame[frame[column] == value]
    return [{str(key): value for key, value in row.items()} for row in frame.to_dict("records")]


def quoted_title(name: str, about: Row, lang: str) -> str:
    """The title of a scenario of a study up to its first full stop, in quotation marks."""
    return label("compare.quoted", lang).format(name=short_title(name, about, lang))


def axis_value(name: str, value: float, lang: str) -> str:
    """A value of it, with three digits that tell something."""
    short = float(f"{value:.3g}")
    if name in parameters():
        return number(short, lang, decimals=0) if abs(short) >= 1000 else plain(f"{short:g}", lang)
    return lever_value(name.partition("@")[0], f"{short:.15g}", lang)


def choice_words(name: str, choice: str, lang: str) -> str:
    """A choice in words: by the name that the study gives it, or its value."""
    return lever_value(name.partition("@")[0], choice, lang)


def limit_words(rows: Sequence[Row], lang: str) -> str:
    """The limits of a box in words.

    Args:
        rows: Of the table ``turns``, of one policy and outcome.
        lang: Language.
    """
    say = Words(lang, "sensitivity")
    limits = []
    for row in rows:
        name = str(row["name"])
        if row["choices"]:
            choices = ", ".join(choice_words(name, one, lang) for one in str(row["choices"]).split("; "))
            limits.append(label("explore.one_of", lang).format(name=axis_name(name, lang), choices=choices))
            continue
        for key, column in (("above", "low"), ("below", "high")):
            if np.isfinite(float(row[column])):
                value = axis_value(name, float(row[column]), lang)
                limits.append(say(key, parameter=axis_name(name, lang), value=value))
    return say("and").join(limits)


def finding(frames: Mapping[str, pd.DataFrame], about: Row, policy: str, outcome: str, lang: str) -> list[str]:
    """What a policy does to an outcome over all points, in sentences; the first alone says which way.

    Args:
        frames: Tables of the study.
        about: What ``explore.json`` says.
        policy: Its name.
        outcome: Its code.
        lang: Language.

    Returns:
        None where some point has no value.
    """
    say = Words(lang, "explore")
    rows = records(frames["effects"], policy=policy, outcome=outcome)
    if not rows:
        return []
    row = rows[0]
    names = {"policy": quoted_title(policy, about, lang), "outcome": plain_words(outcome, lang)}
    if not row["share_up"] + row["share_down"] > 0.0:
        return [say("same", **names)]
    way, other = ("down", "up") if row["mean"] < 0.0 else ("up", "down")
    ends = {key: percent_of(float(row[key]), lang) for key in ("mean", "lo", "hi")}
    lines = [say(way, **names, share=percent(float(row[f"share_{way}"]), lang), **ends)]
    share = percent(float(row["share_turned"]), lang)
    box = records(frames["turns"], policy=policy, outcome=outcome)
    if not row["share_turned"] > 0.0:
        lines.append(say("never"))
    elif not box:
        lines.append(say("turns_few", share=share))
    elif not box[0]["is_clear"]:
        lines.append(say("turns_anywhere", share=share))
    else:
        told = {key: percent(float(box[0][key]), lang) for key in ("coverage", "density")}
        lines.append(say(f"turns_{other}", share=share, limits=limit_words(box, lang), **told))
    return [*lines, *_thresholds(records(frames["thresholds"], policy=policy, outcome=outcome), lang)]


def _thresholds(rows: Sequence[Row], lang: str) -> list[str]:
    say = Words(lang, "explore")
    lines = []
    for row in rows:
        name = str(row["name"])
        if row["kind"] == FLIP:
            ends = {key: axis_value(name, float(row[key]), lang) for key in ("at", "lo", "hi")}
            way = "flip_up" if row["sign_below"] < 0 else "flip_down"
            lines.append(say(way, name=axis_name(name, lang), **ends))
        elif row["kind"] == CHOICE:
            ends = {key: percent_of(float(row[key]), lang) for key in ("at", "lo", "hi")}
            choice = choice_words(name, str(row["choice"]), lang)
            lines.append(say("choice", name=axis_name(name, lang), choice=choice, **ends))
    return lines or [say("no_flip")]


def summary(frames: Mapping[str, pd.DataFrame], about: Row, lang: str) -> str:
    """The findings of a study for a terminal.

    Args:
        frames: Tables of the study.
        about: What ``explore.json`` says.
        lang: Language.
    """
    say = Words(lang, "explore")
    reference = quoted_title(str(about["reference"]), about, lang)
    title = in_language(about["title"], lang)
    lines = [say("heading", title=title, points=about["points"], reference=reference)]
    for policy in about["scenarios"]:
        for outcome in about["outcomes"]:
            first, *more = finding(frames, about, policy, outcome, lang) or ("",)
            lines += ["", first, *(f"  {line}" for line in more)] if first else []
    for outcome, wanted in about["outcomes"].items():
        rows = records(frames["regret"], outcome=outcome)
        if rows:
            lines += ["", say("regret", outcome=upper(plain_words(outcome, lang)), wanted=say(wanted))]
            lines.append(_regret(rows, about, lang))
    return "\n".join([*lines, "", say("units")])


def _regret(rows: Sequence[Row], about: Row, lang: str) -> str:
    say = Words(lang, "explore")
    cells = [[say(f"c_{key}") for key in ("policy", "median", "q90", "worst", "best")]]
    for row in rows:
        ends = [number(float(row[f"regret_{key}"]), lang, decimals=1) for key in ("median", "q90", "worst")]
        cells.append([short_title(str(row["policy"]), about, lang), *ends, percent(float(row["share_best"]), lang)])
    return table(cells)
