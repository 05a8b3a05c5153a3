"""A run or a comparison for readers of a workbook, a document or slides: titles, sentences and one table in words.

What is here may be passed on: the numbers and units of the page, never a level of the hidden population. The workbook's
first sheet, the document and the slides are made from it, so that they give one answer.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from irregsim import __version__
from irregsim.inference.check_words import caveat_words
from irregsim.present.pages.compare_facts import PANELS, Facts, Rows
from irregsim.present.pages.compare_first import answer_of
from irregsim.present.plots.style import assumption_sentence
from irregsim.present.words import (
    certainty_of,
    effect_text,
    has_direction,
    lever_name,
    lever_value,
    outcome_words,
    short_title,
    unequal_periods,
    upper,
    verdict_words,
)
from irregsim.study.comparison import verdicts
from irregsim.vocabulary.disclosure import PERCENT, is_few, kind_of
from irregsim.vocabulary.labels import Words, in_language, label, labels
from irregsim.vocabulary.numbers import listed, number, rounded_numbers

if TYPE_CHECKING:
    from irregsim.present.formats import ComparisonTables, RunTables

#: What a cell of a table in words holds; None is empty.
Cell = str | float | None

#: Years that a document shows of a run, where the run has them; its last is always shown.
YEARS = ("2012", "2019", "2020", "2025")


@dataclass(frozen=True)
class Table:
    """A table in words.

    Attributes:
        caption: What it shows.
        heads: Its columns.
        rows: Cells; numbers are rounded as they may be passed on.
        decimals: Decimals of the numbers of each row.
    """

    caption: str
    heads: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    decimals: Sequence[int] = ()


@dataclass(frozen=True)
class Picture:
    """A picture with the words beside it.

    Attributes:
        title: What it shows, in a line.
        alt: How it is read, in sentences; also for those who cannot see it.
        file: PNG.
        is_key: Whether it is one of the few that a document shows.
    """

    title: str
    alt: str
    file: Path
    is_key: bool = False


@dataclass(frozen=True)
class Part:
    """Heading, and what is under it: paragraphs, points and tables."""

    heading: str
    paragraphs: Sequence[str] = ()
    points: Sequence[str] = ()
    tables: Sequence[Table] = ()


@dataclass(frozen=True)
class Readable:
    """What readers are given.

    Attributes:
        lang: Language of all words.
        title: Of the whole.
        lead: What was asked, in paragraphs.
        cautions: What must be known before anything else is read.
        overview: Everything in one table.
        parts: The document after the cautions.
        pictures: In the order of the page.
        source: Where the numbers come from and how many replicates there are, in a line.
        settings: How to repeat it: names and values.
    """

    lang: str
    title: str
    lead: Sequence[str]
    cautions: Sequence[str]
    overview: Table
    parts: Sequence[Part]
    pictures: Sequence[Picture]
    source: str
    settings: Sequence[tuple[str, str]]


# ---------------------------------------------------------------------------------------------------------
# A comparison


def of_comparison(tables: ComparisonTables) -> Readable:
    """A finished comparison for readers.

    Args:
        tables: The comparison; of its tables only those that the page reads are used.
    """
    about = tables.about
    facts = Facts(tables.readable, about, is_page=False)
    lang, say = facts.lang, Words(facts.lang, "export")
    reference = short_title(str(about["reference"]), about, lang)
    quoted = [facts.words("quoted", name=facts.title(name)) for name in facts.scenarios]
    lead = [say("asked", reference=facts.words("quoted", name=reference))]
    lead += [str(text) for name in facts.scenarios if (text := about.get("descriptions", {}).get(name))]
    settings = [
        (say("about_comparison"), str(about["comparison_id"])),
        (say("about_replicates"), str(about["replicates"])),
        (say("about_seed"), str(about["seed"])),
        (say("about_scale"), number(float(about.get("scale", 1.0)), lang, decimals=2)),
        (say("about_draws"), label(f"fit.source_{about['draws']}", lang)),
        (say("about_version"), __version__),
        (label("fit.again", lang), str(about["command"])),
    ]
    return Readable(
        lang=lang,
        title=facts.words("title", names=listed(quoted, lang)),
        lead=lead,
        cautions=_cautions(
            lang,
            caveat_words(about.get("caveat"), about.get("red", ()), lang),
            float(about.get("scale", 1.0)),
            about["assumed"],
            unequal_periods(about, lang),
        ),
        overview=_overview(facts, say),
        parts=[part for name in facts.scenarios for part in _parts(facts, say, name)],
        pictures=_pictures(tables),
        source=say(
            "source_comparison",
            version=__version__,
            id=about["comparison_id"],
            replicates=number(float(about["replicates"]), lang),
            seed=about["seed"],
            scale=number(float(about.get("scale", 1.0)), lang, decimals=2),
            draws=label(f"fit.source_{about['draws']}", lang),
        ),
        settings=settings,
    )


def _cautions(lang: str, caveat: str, scale: float, assumed: Sequence[str], periods: str = "") -> list[str]:
    """Sentences before every result; of a comparison also that its scenarios begin in different months."""
    out = [caveat] if caveat else []
    if scale != 1.0:
        size = number(scale, lang, decimals=2)
        out.append(f"{label('fit.s_scale', lang)} {size}: {label('export.trial_is', lang)}.")
    if periods:
        out.append(periods)
    out.append(label("sentence.hidden_levels", lang))
    out.append(assumption_sentence((str(assumed[0]), str(assumed[1])), lang))
    return [*out, label("sentence.synthetic_persons", lang), label("sentence.source", lang)]


def _in_order(rows: Rows) -> Rows:
    """Rows of key figures in the order of the page."""
    panels = tuple(dict.fromkeys((*PANELS, *(str(row["panel"]) for row in rows))))
    return [row for panel in panels for row in rows if row["panel"] == panel]


def _panel(facts: Facts, row: Mapping[str, Any]) -> str:
    return facts.words(f"panel_{row['panel']}")


def _unit(facts: Facts, row: Mapping[str, Any]) -> str:
    """The unit of an effect in words; of what is in percent also of what."""
    unit = facts.unit(row)
    return label("export.percent_of_reference", facts.lang) if row["unit"] == PERCENT else unit


def _overview(facts: Facts, say: Words) -> Table:
    """A row for each scenario and outcome, as the page has them."""
    words = facts.words
    heads = [
        *(words("c_scenario"), say("aspect"), words("c_outcome"), words("c_effect"), words("c_unit"), words("c_over")),
        *(words("c_from"), words("c_to"), words("c_verdict")),
        *(say("difference"), say("low"), say("high"), words("c_percent"), words("c_per_year"), say("about_replicates")),
    ]
    rows: list[list[Cell]] = []
    decimals = []
    for name in facts.scenarios:
        for row in _in_order(facts.rows("key_figures", name)):
            *ends, places = _numbers(row)
            decimals.append(int(places or 0))
            rows.append(
                [
                    *(facts.title(name), _panel(facts, row), facts.outcome(str(row["outcome"]))),
                    *(effect_text(row, facts.lang), _unit(facts, row), facts.how(row)),
                    *(str(row["since"]), str(row["to"]), verdict_words(row, facts.lang)),
                    *(*ends, _percent(facts, row) or None, facts.a_year(row) or None),
                    float(facts.replicates(row)),
                ]
            )
    return Table(words("h_figures"), heads, rows, decimals)


def _percent(facts: Facts, row: Mapping[str, Any]) -> str:
    """An effect in percent of the reference; empty for the index, of which the reference is 100."""
    return "" if str(row["outcome"]).startswith("index:") else facts.percent_of(row)


def _numbers(row: Mapping[str, Any]) -> tuple[float | None, float | None, float | None, int | None]:
    """Difference and ends as numbers, rounded as their text is; none where they are of few persons, or missing."""
    mean, lo, hi = (float(row[name]) for name in ("mean", "lo", "hi"))
    unit = str(row["unit"])
    if mean == lo == hi == 0.0:
        return 0.0, 0.0, 0.0, 0
    if not all(map(math.isfinite, (mean, lo, hi))) or (kind_of(unit).is_count and is_few(mean, lo, hi)):
        return None, None, None, None
    whole = math.inf if unit == PERCENT else float(row["reference_mean"])
    return rounded_numbers(mean, lo, hi, unit, told=has_direction(row), whole=whole)


def _parts(facts: Facts, say: Words, name: str) -> list[Part]:
    """Findings, levers and key figures of a scenario."""
    rows = _in_order(facts.rows("key_figures", name))
    told = [row for grade in (verdicts.CLEAR, verdicts.PROBABLE) for row in rows if certainty_of(row) == grade]
    points = [
        say(
            "finding",
            outcome=facts.outcome_over(row),
            effect=facts.amount(row, unit=row["unit"] != PERCENT) + _of_reference(row, facts.lang),
            since=row["since"],
            to=row["to"],
            certainty=verdict_words(row, facts.lang),
        )
        for row in told
    ]
    rest = len(rows) - len(told)
    after = [say("others", number=rest)] if rest else []
    levers = [
        [
            lever_name(str(lever["key"]), facts.lang),
            *(lever_value(str(lever["key"]), str(lever[column]), facts.lang) for column in ("value", "reference")),
            *(str(lever[column]) for column in ("from", "to")),
        ]
        for lever in facts.about.get("levers", {}).get(name, ())
    ]
    lever_heads = [facts.words(head) for head in ("c_lever", "c_scenario", "c_reference", "c_from", "c_to")]
    figures = [
        [
            facts.outcome(str(row["outcome"])),
            effect_text(row, facts.lang),
            f"{_unit(facts, row)}, {facts.how(row)}",
            _percent(facts, row),
            verdict_words(row, facts.lang),
        ]
        for row in rows
    ]
    heads = [facts.words(head) for head in ("c_outcome", "c_effect", "c_unit", "c_percent", "c_verdict")]
    title = facts.title(name)
    said = [answer_of(facts, name), *([] if points else [say("no_findings")])]
    parts = [Part(f"{say('findings')}: {title}", [text for text in said if text], points)]
    if after and points:
        parts.append(Part("", after))
    if levers:
        parts.append(Part(say("levers"), tables=[Table(title, lever_heads, levers)]))
    caption = f"{title}, {facts.years(name)}"
    return [*parts, Part(say("figures", title=title), tables=[Table(caption, heads, figures)])]


def _of_reference(row: Mapping[str, Any], lang: str) -> str:
    return f" {label('export.percent_of_reference', lang)}" if row["unit"] == PERCENT else ""


def _pictures(tables: ComparisonTables) -> list[Picture]:
    """The pictures of the page that are there as PNG; the first of all scenarios, and of each, are the key ones."""
    found: list[Picture] = []
    seen = set()
    for one in tables.pictures:
        file = tables.target / "plots" / f"{one['name']}.png"
        if file.is_file():
            alt, scenario = str(one["alt"]), str(one["scenario"])
            title = str(one.get("title") or alt.partition(". ")[0])
            found.append(Picture(title, alt, file, is_key=scenario not in seen))
            seen.add(scenario)
    return found


# ---------------------------------------------------------------------------------------------------------
# A run


def of_run(tables: RunTables) -> Readable:
    """A finished run for readers.

    Args:
        tables: The run; its summary in the form for publication is used.
    """
    manifest, lang = tables.run.manifest, tables.lang
    say = Words(lang, "export")
    scenario = manifest["scenario"]
    title = in_language(scenario["title"], lang) if scenario.get("title") else str(scenario["name"])
    period = scenario["period"]
    scale, replicates = float(manifest["scale"]), int(manifest["replicates"])
    overview = _run_overview(tables, say)
    last = max((str(row[2]) for row in overview.rows), default="")
    chosen = [i for i, row in enumerate(overview.rows) if str(row[2])[:4] in (*YEARS, last[:4])]
    heads = [head for i, head in enumerate(overview.heads) if i in (1, 2, 3, 4, 5, 6)]
    figures = [_in_words(overview.rows[i][1:7], overview.decimals[i], lang) for i in chosen]
    draws = label(f"fit.source_{manifest['draws']}", lang)
    lead = say("run_lead", replicates=number(replicates, lang), start=period["start"], end=period["end"])
    pictures = [
        Picture(alt.partition(". ")[0], alt, tables.target / "plots" / f"{name}.png", is_key=True)
        for name, alt in tables.pictures.items()
    ]
    return Readable(
        lang=lang,
        title=say("run_title", title=title),
        lead=[lead],
        cautions=_cautions(lang, caveat_words(tables.caveat, tables.red, lang), scale, tables.assumed),
        overview=overview,
        parts=[Part(say("figures", title=title), tables=[Table(lead, heads, figures)])],
        pictures=[one for one in pictures if one.file.is_file()],
        source=say(
            "source_run",
            version=__version__,
            id=manifest["run_id"],
            scenario=scenario["name"],
            replicates=number(replicates, lang),
            seed=manifest["seed"],
            scale=number(scale, lang, decimals=2),
            draws=draws,
        ),
        settings=[
            (say("about_run_id"), str(manifest["run_id"])),
            (say("about_replicates"), str(replicates)),
            (say("about_seed"), str(manifest["seed"])),
            (say("about_scale"), number(scale, lang, decimals=2)),
            (say("about_draws"), draws),
            (say("about_version"), __version__),
            (label("fit.again", lang), str(manifest["command"])),
        ],
    )


def _run_overview(tables: RunTables, say: Words) -> Table:
    """A row for each outcome and year, in the form for publication."""
    lang = tables.lang
    heads = [
        *(say("aspect"), label("compare.c_outcome", lang), say("year"), label("compare.c_unit", lang)),
        *(say("median"), say("low"), say("high"), say("knowledge"), say("about_replicates")),
    ]
    rows: list[list[Cell]] = []
    decimals = []
    partly, wholly = tables.assumed
    for row in tables.shown.to_dict("records"):
        outcome, period = str(row["outcome"]), str(row["period"])
        kind = outcome.partition(":")[0]
        if outcome.count(":") > 1:  # a part of a register; its total is shown
            continue
        unit = str(row["unit"])
        # A year is as well known as its last month.
        month = period[-7:] if len(period) in (7, 12) else f"{period[-4:]}-12"
        known = "observed" if month < partly else "partly_assumed" if month < wholly else "assumed"
        few = bool(row["suppressed"])
        cells: list[Cell] = [None if row[q] != row[q] else float(row[q]) for q in ("q50", "q025", "q975")]
        decimals.append(kind_of(unit).decimals or 0)
        rows.append(
            [
                *(label(f"export.kind_{kind}", lang), upper(outcome_words(outcome, lang)), period),
                label(f"unit.{unit}", lang) if f"unit.{unit}" in labels() else unit,
                *([label("compare.fewer_than_five", lang), None, None] if few else cells),
                *(say(known), float(row["n"])),
            ]
        )
    return Table(label("compare.h_figures", lang), heads, rows, decimals)


def _in_words(cells: Sequence[Cell], decimals: int, lang: str) -> list[Cell]:
    """Cells with numbers as text."""
    return [number(cell, lang, decimals=decimals) if isinstance(cell, float) else cell for cell in cells]
