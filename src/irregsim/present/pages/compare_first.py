"""The first screen of the report of a comparison: what was asked, the answer, and the effects that matter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from irregsim.inference.check_words import caveat_words
from irregsim.present.headline import answer
from irregsim.present.main_effects import first_in_panel, main_effects, meant
from irregsim.present.pages.compare_facts import PANELS, Facts
from irregsim.present.words import lever_name, lever_value, plain_words, unequal_periods, upper, verdict_words
from irregsim.vocabulary.codes import month_number
from irregsim.vocabulary.numbers import listed, month_words, number

#: Rows of each of the four aspects, periods of a lever, and levers of a scenario, that the first screen has at most.
PANEL_ROWS: Final = 6
MOST_PERIODS: Final = 2
MOST_LEVERS: Final = 4

#: Levers of a scenario where there are several, so that the picture finds room on the first screen.
MOST_LEVERS_EACH: Final = 2


def declared(facts: Facts, scenario: str) -> tuple[str, ...]:
    """Outcomes that a scenario is declared to move, by itself and by its levers."""
    about = facts.about
    return meant(about.get("levers", {}).get(scenario, ()), about.get("expects", {}).get(scenario, ()))


def first_screen(facts: Facts) -> dict[str, Any]:
    """What was asked, and for each scenario what it changes, the answer, and its main effects.

    Returns:
        ``asked`` (with what it is compared, and how), ``notes`` (`notes`), ``scenarios`` (each with ``title``,
        ``levers``, ``answer`` and ``effects``), ``panels`` and ``picture`` (as `Facts.pictures`).
    """
    title = facts.reference_title()
    replicates = number(float(facts.about["replicates"]), facts.lang)
    return {
        "asked": facts.words("asked", reference=title, replicates=replicates),
        "notes": notes(facts),
        # A sweep has many scenarios, and its picture tells them.
        "scenarios": [] if facts.about.get("sweep") else [_scenario(facts, name) for name in facts.scenarios],
        "panels": [_panel(facts, panel) for panel in PANELS],
        "picture": facts.pictures("first", ""),
    }


def _scenario(facts: Facts, name: str) -> dict[str, Any]:
    rows, own = facts.rows("key_figures", name), declared(facts, name)
    heads = ("c_outcome", "c_effect", "c_percent", "c_per_year", "c_verdict")
    cells = [
        [
            _name(facts, row),
            facts.amount(row),
            facts.percent_of(row),
            facts.a_year(row),
            upper(verdict_words(row, facts.lang)),
        ]
        for row in main_effects(rows, own)
    ]
    caption = facts.words("main_caption", years=_period(facts, name))
    return {
        "title": facts.title(name),
        "levers": levers_told(facts, name),
        "answer": answer_of(facts, name),
        "effects": facts.table(caption, heads, [{"name": "", "rows": cells}], text=(4,)),
    }


def answer_of(facts: Facts, scenario: str) -> str:
    """The answer of a scenario in one sentence, with its years; empty where it has no effects."""
    rows = facts.rows("key_figures", scenario)
    found = answer(rows, declared(facts, scenario), facts.lang) if rows else ""
    years = _period(facts, scenario)
    return facts.words("answer", years=years, answer=found[:1].lower() + found[1:]) if found else ""


def _name(facts: Facts, row: Mapping[str, Any]) -> str:
    """The outcome of a row in the words of the answer, and whether its number is an average or a total."""
    return f"{upper(plain_words(str(row['outcome']), facts.lang))}, {facts.how(row)}"


def _period(facts: Facts, scenario: str) -> str:
    first, last = facts.about["first_effective"][scenario], facts.about["period"][1]
    return facts.words("years", since=_month(str(first), facts.lang), to=_month(str(last), facts.lang))


def _month(month: str, lang: str) -> str:
    return month_words(month_number(month), lang)


def levers_told(facts: Facts, scenario: str) -> list[str]:
    """What a scenario changes, a line for each lever: its value, from when to when, and that of the reference."""
    by: dict[str, list[Mapping[str, str]]] = {}
    for row in facts.about.get("levers", {}).get(scenario, ()):
        by.setdefault(str(row["key"]), []).append(row)
    lines = [_lever(facts, key, rows) for key, rows in by.items()]
    most = MOST_LEVERS if len(facts.scenarios) == 1 else MOST_LEVERS_EACH
    more = len(lines) - most
    # One line more than allowed takes the place of the line that would say so.
    return lines if more <= 1 else [*lines[:most], facts.words("more_levers", number=more)]


def _lever(facts: Facts, key: str, rows: Sequence[Mapping[str, str]]) -> str:
    lang, last = facts.lang, str(facts.about["period"][1])
    periods = []
    # One period more than allowed takes the place of the words that would say so.
    shown = rows if len(rows) <= MOST_PERIODS + 1 else rows[:MOST_PERIODS]
    for row in shown:
        value = lever_value(key, str(row["value"]), lang)
        before = lever_value(key, str(row["reference"]), lang)
        when = ""
        if row["from"]:
            to_end = str(row["to"]) == last
            when = facts.words(
                "lever_from" if to_end else "lever_between", since=_month(str(row["from"]), lang),
                to=_month(str(row["to"]), lang),
            )  # fmt: skip
        periods.append(facts.words("lever_told", value=value, when=when, reference=before))
    if len(rows) > len(shown):
        periods.append(facts.words("more_periods", number=len(rows) - len(shown)))
    return f"{lever_name(key, lang)}: {'; '.join(periods)}"


def _panel(facts: Facts, panel: str) -> dict[str, Any]:
    """One of the four aspects: what levers are meant to move and what is told first, then others."""
    found: dict[str, dict[str, str]] = {}
    names: dict[str, str] = {}
    rows_of_all = []
    own: list[str] = []
    for name in facts.scenarios:
        own += declared(facts, name)
        for row in facts.rows("key_figures", name):
            if row["panel"] == panel:
                rows_of_all.append(row)
                found.setdefault(str(row["outcome"]), {})[name] = facts.effect(row)
                names[str(row["outcome"])] = _name(facts, row)
    heads = [facts.title(name) for name in facts.scenarios] if len(facts.scenarios) > 1 else [facts.words("c_effect")]
    years = list(dict.fromkeys(map(facts.years, facts.scenarios)))
    chosen = first_in_panel(rows_of_all, own, PANEL_ROWS)
    return {
        "id": panel,
        "name": facts.words(f"panel_{panel}"),
        "note": f"{facts.words('panel_note')}, {listed(years, facts.lang)}",
        "heads": heads,
        "rows": [[names[o], *(found[o].get(name, "") for name in facts.scenarios)] for o in chosen],
    }


def notes(facts: Facts) -> list[str]:
    """What must be known before a number is read: failed checks, a trial run, changes that begin in different months.

    The shortest form; `limits` has the rest.
    """
    out: list[str] = []
    if facts.about.get("caveat"):
        out.append(caveat_words(facts.about["caveat"], facts.about.get("red", ()), facts.lang))
    if float(facts.about.get("scale", 1.0)) != 1.0:
        out.append(facts.words("caution_scale", scale=number(float(facts.about["scale"]), facts.lang, decimals=2)))
    if periods := unequal_periods(facts.about, facts.lang):
        out.append(periods)
    return out
