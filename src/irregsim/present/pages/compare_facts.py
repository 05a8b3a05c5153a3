"""What all parts of the report of a comparison share: its tables and words, and how numbers are written.

Levels of the hidden population are never shown, only changes, shares and an index; small counts are rounded.
"""

from __future__ import annotations

import base64
import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from irregsim.present.pages import isolated
from irregsim.present.words import effect_text, graded, has_direction, outcome_words, short_title, title_of, upper
from irregsim.study.comparison.series import is_averaged
from irregsim.vocabulary.codes import month_number
from irregsim.vocabulary.disclosure import PERCENT, SMALL, has_no_width, is_few, kind_of, rounded
from irregsim.vocabulary.labels import Words, label, labels
from irregsim.vocabulary.numbers import (
    about,
    number,
    rounded_effect,
    rounded_text,
    signed,
    with_interval,
    with_percent,
)
from irregsim.vocabulary.outcomes import PANELS as PANELS

if TYPE_CHECKING:
    import pandas as pd


Rows = list[dict[str, Any]]


class Facts:
    """The tables of a comparison and how they are shown.

    Attributes:
        frames: Tables by name.
        about: What the comparison is about (`irregsim.present.pages.compare` lists the keys).
        lang: Language of the page.
        words: Words of the labels ``compare.<key>``.
        scenarios: Names, without the reference.
        is_page: Whether titles are set apart as `irregsim.present.pages.render` wants them; elsewhere they are text.
    """

    def __init__(self, frames: Mapping[str, pd.DataFrame], about: Mapping[str, Any], *, is_page: bool = True) -> None:
        self.frames, self.about, self.is_page = frames, about, is_page
        self.lang = str(about.get("lang", "en"))
        self.words = Words(self.lang, "compare")
        self.scenarios = [str(name) for name in about["scenarios"]]

    def title(self, name: str) -> str:
        """Title of a scenario, set apart from the words around it."""
        return self._set_apart(title_of(name, self.about, self.lang))

    def reference_title(self) -> str:
        """Title of the reference up to the end of its first sentence, set apart."""
        return self._set_apart(short_title(str(self.about["reference"]), self.about, self.lang))

    def _set_apart(self, title: str) -> str:
        return isolated(title) if self.is_page else title

    def rows(self, table: str, scenario: str) -> Rows:
        """Rows of a table for a scenario; none where there is no such table."""
        frame = self.frames.get(table)
        if frame is None or frame.empty:
            return []
        chosen = frame[frame["scenario"].astype(str) == scenario]
        return [{str(key): value for key, value in row.items()} for row in chosen.to_dict("records")]

    def effect(self, row: Mapping[str, Any], *, unit: bool = True) -> str:
        """An effect with its interval, unit and share of replicates; or that it has no clear direction."""
        return graded(row, self.amount(row, unit=unit), self.lang)

    def amount(self, row: Mapping[str, Any], *, unit: bool = True) -> str:
        """An effect with its interval and unit, however sure it is."""
        text = effect_text(row, self.lang)
        # «count» and «index» add nothing to the name of a register or an index.
        return f"{text} {self.unit(row)}".strip() if unit and row.get("unit") not in ("count", "index") else text

    def how(self, row: Mapping[str, Any]) -> str:
        """Whether an effect is an average or a total of its months."""
        kind = row.get("kind") or ("mean" if is_averaged(str(row["outcome"])) else "sum")
        return self.words(f"how_{kind}")

    def outcome_over(self, row: Mapping[str, Any]) -> str:
        """The outcome of a row in words, and whether its number is an average or a total."""
        return f"{self.outcome(str(row['outcome']))}, {self.how(row)}"

    def a_year(self, row: Mapping[str, Any]) -> str:
        """A total as the mean of its years.

        Empty for averages, for what is in percent of the same months, for few persons, for less than a year, and
        where the mean is of few persons a year but an end is not: a step of five would say more than the total does.
        """
        if row.get("kind") != "sum" or row.get("unit") == PERCENT or self.is_of_few(row):
            return ""
        years = (month_number(str(row["to"])) - month_number(str(row["since"])) + 1) / 12.0
        if years < 1.0:
            return ""
        mean, lo, hi = (float(row[name]) / years for name in ("mean", "lo", "hi"))
        is_count = kind_of(str(row["unit"])).is_count
        if is_count and is_few(mean) and not is_few(mean, lo, hi):
            return ""
        return rounded_text(mean, lo, hi, str(row["unit"]), self.lang, told=has_direction(row))

    def is_of_few(self, row: Mapping[str, Any]) -> bool:
        """Whether an effect is of some, but few persons."""
        return kind_of(str(row.get("unit", ""))).is_count and is_few(
            *(float(row[name]) for name in ("mean", "lo", "hi"))
        )

    def years(self, scenario: str) -> str:
        """The months that effects are about: from the first that differs to the last."""
        return self.words("years", since=self.about["first_effective"][scenario], to=self.about["period"][1])

    def replicates(self, row: Mapping[str, Any]) -> int:
        """Replicates behind a row."""
        return int(row.get("n") or self.about["replicates"])

    def unit(self, row: Mapping[str, Any]) -> str:
        """The unit in words; as it is where it has none."""
        key = f"unit.{row.get('unit', '')}"
        return label(key, self.lang) if key in labels() else ""

    def outcome(self, outcome: str) -> str:
        """An outcome in words, with a capital first."""
        return upper(outcome_words(outcome, self.lang))

    def reference(self, row: Mapping[str, Any]) -> str:
        """The level of the reference with its own spread, where the table has that."""
        unit = str(row["unit"])
        text = self.rounded(float(row["reference_mean"]), unit)
        ends = [float(row.get(f"reference_{end}", math.nan)) for end in ("lo", "hi")]
        if any(end != end for end in ends) or text == self.words("fewer_than_five"):
            return text
        low, high = (self.rounded(end, unit) for end in ends)
        return text if low == high == text else with_interval(text, low, high, self.lang)

    def percent_of(self, row: Mapping[str, Any]) -> str:
        """An effect in percent of the reference; empty where that is zero, and where the effect is in percent.

        Empty too where the effect is of few persons: percent would give their number back.
        """
        if row.get("unit") == PERCENT or self.is_of_few(row):
            return ""
        base = float(row["reference_mean"])
        if not base > 0:
            return ""
        mean = 100.0 * float(row["mean"]) / base
        lo, hi = (float(row.get(f"percent_{end}", math.nan)) for end in ("lo", "hi"))
        if lo != lo or hi != hi:
            return signed(mean, self.lang)
        if mean == lo == hi == 0.0:
            return "0"
        return rounded_text(mean, lo, hi, PERCENT, self.lang, told=has_direction(row))

    def rounded(self, value: float, unit: str) -> str:
        """A level as it is published."""
        if kind_of(unit).is_count and is_few(value):
            return self.words("fewer_than_five")
        return number(rounded(value, unit), self.lang)

    def between(self, row: Mapping[str, Any], name: str, unit: str = "count") -> str:
        """A change with its ends in brackets as it is published; columns ``name``, ``name_lo``, ``name_hi``."""
        mean, lo, hi = (float(row[f"{name}{end}"]) for end in ("", "_lo", "_hi"))
        if mean != mean:
            return ""
        if mean == lo == hi == 0.0:
            return self.words("no_change")
        if kind_of(unit).is_count and is_few(mean, lo, hi):
            return self.words("under_five")
        one, low, high = rounded_effect(mean, lo, hi, unit, self.lang)
        if one == low == high:
            only = with_percent(one) if unit == PERCENT else one
            return only if has_no_width(lo, hi) else about(only, self.lang)
        if one in (low, high):
            both = f"{low} – {high}"
            return with_percent(both) if unit == PERCENT else both
        return f"{with_percent(one) if unit == PERCENT else one} ({low} – {high})"

    def ends(self, lo: float, hi: float, unit: str) -> str:
        """Both ends of a change as they are published."""
        if lo == hi == 0.0:
            return self.words("no_change")
        if kind_of(unit).is_count and is_few(lo, hi):
            return self.words("under_five")
        _, low, high = rounded_effect(lo or hi, lo, hi, unit, self.lang)
        return f"{low} – {high}"

    def signed(self, value: float, unit: str) -> str:
        """A change in the steps or decimals of its unit; what rounds to nothing is 0 without a sign."""
        shown = rounded(value, unit)
        return signed(shown, self.lang, decimals=(kind_of(unit).decimals or 0) if shown else 0)

    def change(self, value: float, unit: str) -> str:
        """A change as it is published, one of few persons in words."""
        if kind_of(unit).is_count and abs(value) < SMALL:
            return self.words("under_five")
        return self.signed(value, unit)

    def table(
        self, caption: str, heads: Sequence[str], groups: Sequence[Mapping[str, Any]], text: Sequence[int] = ()
    ) -> dict[str, Any]:
        """A table for the template; groups without rows are left out, and ``text`` are the columns of words."""
        names = [self.words(head) for head in heads]
        return {
            "caption": caption,
            "heads": names,
            "groups": [{**g, "size": len(g["rows"]) + 1} for g in groups if g["rows"]],
            "text": list(text),
        }

    def pictures(self, section: str, scenario: str) -> Rows:
        """Pictures of a section, ready for the page."""
        return [
            {
                "name": one["name"],
                "src": f"data:image/png;base64,{base64.b64encode(one['png']).decode('ascii')}",
                "alt": one["alt"],
                "caption": f"{str(one['alt']).partition('. ')[0].rstrip('?.')}.",
            }
            for one in self.about.get("pictures", ())
            if one["section"] == section and one["scenario"] == scenario
        ]

    def cause(self, cause: object) -> str:
        """The cause of a move in words; empty where there is none."""
        if not isinstance(cause, str) or cause in ("", "none"):
            return ""
        key = f"cause.{cause}"
        return label(key, self.lang) if key in labels() else cause
