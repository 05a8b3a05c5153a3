"""What `irregsim explore` prints of a screening: what moves each effect, beside what random numbers alone move."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from irregsim.present.exploration import Row, quoted_title, records
from irregsim.present.sensitivity import choices_of, driver_words, percent_of
from irregsim.present.terminal import table
from irregsim.present.words import outcome_words, plain_words, upper
from irregsim.study.exploration.screening import CHANCE, DRAWS
from irregsim.study.sensitivity.tables import DIFFERENCE
from irregsim.vocabulary.labels import Words, in_language

if TYPE_CHECKING:
    import pandas as pd

#: Moves that are shown of each effect, besides those of draws and of random numbers.
TOP: Final = 8


def shown_moves(frames: Mapping[str, pd.DataFrame], policy: str, outcome: str) -> list[Row]:
    """The rows of an effect that are shown, the largest first; none where some point has no value."""
    rows = records(frames["screening"], policy=policy, outcome=outcome, quantity=DIFFERENCE)
    own = [row for row in rows if row["kind"] not in (DRAWS, CHANCE)][:TOP]
    kept = {str(row["name"]) for row in own} | {DRAWS, CHANCE}
    return [row for row in rows if row["name"] in kept]


def move_words(row: Row, about: Row, lang: str) -> str:
    """A move in words: over half of which range, or to what."""
    say = Words(lang, "screening")
    name = str(row["name"])
    if name in (DRAWS, CHANCE):
        return say(name)
    choices = choices_of(name, about, lang)
    text = driver_words(name, lang)
    if choices is None:
        return text
    return Words(lang, "sensitivity")("choices", name=text, first=choices[0], last=choices[1])


def message(rows: list[Row], about: Row, lang: str) -> str:
    """What moves an effect most, in a sentence.

    Args:
        rows: From `shown_moves`, at least one.
        about: What ``explore.json`` says.
        lang: Language.
    """
    say = Words(lang, "screening")
    chance = next(row for row in rows if row["kind"] == CHANCE)
    told: dict[str, Any] = {
        "policy": quoted_title(str(rows[0]["policy"]), about, lang),
        "outcome": plain_words(str(rows[0]["outcome"]), lang),
        "chance": percent_of(float(chance["mu_star"]), lang, signed=False),
    }
    clear = [row for row in rows if row["stands_out"] and row["kind"] != DRAWS]
    if not clear:
        return upper(say("nothing", **told))
    first = clear[0]
    columns = {"size": "mu_star", "lo": "mu_star_lo", "hi": "mu_star_hi"}
    ends = {key: percent_of(float(first[column]), lang, signed=False) for key, column in columns.items()}
    return upper(say("message", name=driver_words(str(first["name"]), lang), **ends, **told))


def summary(frames: Mapping[str, pd.DataFrame], about: Row, lang: str) -> str:
    """The moves of every effect for a terminal.

    Args:
        frames: Tables of the study.
        about: What ``explore.json`` says.
        lang: Language.
    """
    say = Words(lang, "screening")
    lines = [heading(frames, about, lang)]
    for policy in about["scenarios"]:
        for outcome in about["outcomes"]:
            rows = shown_moves(frames, policy, outcome)
            if not rows:
                continue
            cells = [[say(f"c_{key}") for key in ("move", "size", "interval", "up", "spread", "grade")]]
            for row in rows:
                lo, hi = (percent_of(float(row[f"mu_star_{end}"]), lang, signed=False) for end in ("lo", "hi"))
                size, spread = (percent_of(float(row[key]), lang, signed=False) for key in ("mu_star", "sigma"))
                up = percent_of(float(row["mu"]), lang) if np.isfinite(float(row["mu"])) else ""
                mark = "" if row["stands_out"] or row["kind"] == CHANCE else " *"
                between = Words(lang, "sensitivity")("to", lo=lo, hi=hi)
                cells.append([f"{move_words(row, about, lang)}{mark}", size, between, up, spread, str(row["grade"])])
            lines += ["", message(rows, about, lang), table(cells)]
    return "\n".join([*lines, "", f"  * {say('does_not')}", say("units")])


def heading(frames: Mapping[str, pd.DataFrame], about: Row, lang: str) -> str:
    """Which study, and how many blocks of moves."""
    reference = quoted_title(str(about["reference"]), about, lang)
    blocks = int(frames["screening"]["blocks"].max()) if len(frames["screening"]) else 0
    title = in_language(about["title"], lang)
    return Words(lang, "screening")("heading", title=title, points=about["points"], blocks=blocks, reference=reference)


def picture_title(rows: list[Row], about: Row, lang: str) -> str:
    """What a picture says first: the outcome, and what moves the effect on it."""
    return f"{upper(outcome_words(str(rows[0]['outcome']), lang))}. {message(rows, about, lang)}"
