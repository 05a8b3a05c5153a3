"""Content of the page of a fit: words and numbers from its tables, ready for the template."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from irregsim import __version__
from irregsim.inference.check.agreement import ROLES
from irregsim.inference.check_words import check_words, target_words
from irregsim.present.pages import picture, render
from irregsim.vocabulary.labels import label
from irregsim.vocabulary.numbers import number, percent, signed, with_percent

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Picture:
    """A picture of the page.

    Attributes:
        name: Of its files.
        svg: Its drawing.
        alt: What it shows, in words.
    """

    name: str
    svg: bytes
    alt: str


@dataclass(frozen=True)
class FitContent:
    """What a page of a fit is made from.

    Attributes:
        lang: One of `LANGUAGES`.
        source: Kind of draws: ``posterior``, ``prior`` or ``point``.
        red: Calibration checks of a posterior that failed.
        scale: Population scale of the run.
        replicates: Of the run.
        judged: From `goodness.judged`.
        coverage: From `goodness.coverage`.
        worst: From `goodness.worst`.
        notes: Target id to the warnings of its table.
        reasons: Target id to why it is far from the model, in ``lang``.
        moved: From `goodness.moved`; None without another edition.
        newer: From `goodness.judged` with the other edition.
        pictures: In the order of the page.
        settings: Name (the end of a label ``fit.s_...``) and value, in order.
        command: That made the page.
        check_command: That repeats the run behind it.
    """

    lang: str
    source: str
    red: Sequence[str]
    scale: float
    replicates: int
    judged: pd.DataFrame
    coverage: pd.DataFrame
    worst: pd.DataFrame
    notes: Mapping[str, str]
    reasons: Mapping[str, str]
    moved: pd.DataFrame | None
    newer: pd.DataFrame | None
    pictures: Sequence[Picture]
    settings: Sequence[tuple[str, str]]
    command: str
    check_command: str


def fit_page(content: FitContent) -> str:
    """The page, as HTML."""
    lang = content.lang
    return render(
        "fit.html",
        lang,
        version=__version__,
        title=label("fit.title", lang),
        gate=gate_words(content.source, content.red, lang),
        red=[check_words(line, lang) for line in content.red],
        short=short_words(content.coverage, content.source, content.scale, lang),
        roles=_roles(content),
        coverage={"all": _coverage(content, overall=True), "by_register": _coverage(content, overall=False)},
        worst=[_case(content, row) for row in _records(content.worst)],
        worst_expected=_worst_expected(content),
        moved=_moved(content),
        tables=_tables(content),
        plots=[
            {"name": p.name, "src": picture(p.svg), "alt": p.alt, "caption": p.alt.partition(". ")[0] + "."}
            for p in content.pictures
        ],
        settings=[(label(f"fit.s_{name}", lang), value) for name, value in content.settings],
        command=content.command,
        check_command=content.check_command,
        limits=_limits(lang),
    )


def gate_words(source: str, red: Sequence[str], lang: str) -> str:
    """The result of the calibration checks in words, or that nothing was fitted."""
    if source == "posterior":
        return label("fit.gate_red" if red else "fit.gate_green", lang)
    return label("fit.gate_prior" if source == "prior" else "fit.gate_point", lang)


def short_words(coverage: pd.DataFrame, source: str, scale: float, lang: str) -> list[str]:
    """Coverage of both roles, with error, in a sentence each; and a warning for a trial run."""
    lines = [label("fit.short_scale", lang).format(scale=number(scale, lang, decimals=2))] if scale != 1.0 else []
    for role in ROLES:
        name = role_words(role, source, lang)
        name = name[0].upper() + name[1:]
        rows = _records(coverage[(coverage["role"] == role) & (coverage["register"] == "all")])
        if not rows:
            lines.append(label("fit.short_none", lang).format(role=name))
            continue
        values: dict[str, object] = {"role": name, "number": rows[0]["targets"]}
        for row in rows:
            values[f"inside{row['interval']}"] = row["inside_error"]
            values[f"share{row['interval']}"] = percent(row["share_error"], lang)
        lines.append(label("fit.short_coverage", lang).format(**values))
    return lines


def role_words(role: str, source: str, lang: str) -> str:
    """A role in words; without a fit, counts of role ``fit`` are those that a fit would use."""
    return label("fit.role_would" if role == "fit" and source != "posterior" else f"fit.role_{role}", lang)


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(name): value for name, value in row.items()} for row in frame.to_dict("records")]


def _interval(row: Mapping[str, Any], name: str, lang: str) -> str:
    return f"{number(row[f'lo{name}_error'], lang)}–{number(row[f'hi{name}_error'], lang)}"


def _in_unit(row: Mapping[str, Any], name: str, lang: str) -> str:
    text = number(row[name], lang)
    return with_percent(text) if "percent" in row["unit"] else text


def _row(row: Mapping[str, Any], lang: str) -> dict[str, Any]:
    """A line of the tables of counts."""
    words = target_words(row["register"], row["dimension"], row["key"], row["period"], lang, full=False)
    out = {"name": words + (" *" if row["of_prior"] else ""), "published": _in_unit(row, "observed", lang)}
    if isinstance(row["reason"], str):
        return {**out, "reason": row["reason"]}
    inside = "50" if row["inside50_error"] else "90" if row["inside90_error"] else "no"
    tail = row["tail_probability_error"]
    return {
        **out,
        "reason": "",
        "median": _in_unit(row, "median", lang),
        "interval50": _interval(row, "50", lang),
        "interval90": _interval(row, "90", lang),
        "tail": number(tail if tail == tail else row["tail_probability"], lang, decimals=2),
        "distance": signed(row["z"], lang),
        "inside": label(f"fit.inside_{inside}", lang),
        "is_outside": inside == "no",
    }


def _tables(content: FitContent) -> dict[str, Any]:
    lang = content.lang
    out: dict[str, Any] = {}
    for role in ROLES:
        chosen = content.judged[content.judged["role"] == role]
        out[role] = [
            {
                "name": _upper(label(f"register.{register}", lang)),
                "rows": [_row(row, lang) for row in _records(group)],
            }
            for register, group in chosen.groupby("register", sort=False)
        ]
        out[f"{role}_number"] = len(chosen)
    heading = "fit.h_table_fit" if content.source == "posterior" else "fit.h_table_would"
    return {**out, "fit_heading": label(heading, lang)}


def _roles(content: FitContent) -> dict[str, Any]:
    lang, judged = content.lang, content.judged
    names = (*ROLES, "context")
    heads = [_upper(role_words(role, content.source, lang)) for role in names]
    counts: list[list[int]] = []
    rows: list[dict[str, Any]] = []
    for register, group in judged.groupby("register", sort=False):
        cells = [int((group["role"] == role).sum()) for role in names]
        cells.append(int((group["median"].isna() & group["role"].isin(ROLES)).sum()))
        counts.append(cells)
        rows.append({"name": _upper(label(f"register.{register}", lang)), "cells": cells})
    total = [sum(column) for column in zip(*counts, strict=True)]
    rows.append({"name": _upper(label("fit.all", lang)), "cells": total})
    return {"heads": [*heads, label("fit.c_not_given", lang)], "rows": rows}


def _coverage(content: FitContent, *, overall: bool) -> list[dict[str, Any]]:
    lang = content.lang
    groups = []
    chosen = content.coverage[(content.coverage["register"] == "all") == overall]
    for role in ROLES:
        rows = []
        for row in _records(chosen[chosen["role"] == role]):
            name = label("fit.all", lang)
            if row["register"] != "all":
                register, dimension = row["register"], row["dimension"]
                name = f"{label(f'register_short.{register}', lang)}, {label(f'dimension.{dimension}', lang)}"
            rows.append(
                {
                    "name": _upper(name),
                    "interval": with_percent(str(row["interval"])),
                    "targets": row["targets"],
                    "without": _share(row, "", lang),
                    "with": _share(row, "_error", lang),
                    "expected": percent(row["expected"], lang),
                }
            )
        if rows:
            groups.append({"name": _upper(role_words(role, content.source, lang)), "rows": rows})
    return groups


def _share(row: Mapping[str, Any], end: str, lang: str) -> str:
    low, high = (number(100.0 * row[f"{name}{end}"], lang, decimals=0) for name in ("lo", "hi"))
    return f"{percent(row[f'share{end}'], lang)} ({low}–{high})"


def _case(content: FitContent, row: Mapping[str, Any]) -> dict[str, Any]:
    lang = content.lang
    none = "fit.reason_none" if content.source == "posterior" else "fit.reason_no_fit"
    return {
        "name": target_words(row["register"], row["dimension"], row["key"], row["period"], lang),
        "role": role_words(row["role"], content.source, lang),
        "published": _in_unit(row, "observed", lang),
        "median": _in_unit(row, "median", lang),
        "interval90": _interval(row, "90", lang),
        "distance": signed(row["z"], lang),
        "note": content.notes.get(row["id"], ""),
        "reason": content.reasons.get(row["id"]) or label(none, lang),
    }


def _worst_expected(content: FitContent) -> str:
    """How many counts a right model would have beyond two standard deviations."""
    judged = content.judged
    judged = judged[judged["role"].isin(ROLES) & (judged["use"] == "primary") & judged["z"].notna()]
    # Of a normal distribution 4.55 % is beyond 2 standard deviations.
    expected = number(0.0455 * len(judged), content.lang, decimals=0)
    return label("fit.worst_note_few", content.lang).format(number=len(judged), expected=expected)


def _moved(content: FitContent) -> dict[str, Any] | None:
    if content.moved is None or content.newer is None:
        return None
    lang = content.lang
    if content.moved.empty:
        return {"summary": label("fit.moved_none", lang), "rows": []}
    values: dict[str, int] = {}
    for name, frame in (("old", content.judged), ("new", content.newer)):
        chosen = frame[(frame["role"] == "fit") & frame["inside90_error"].notna()]
        values |= {f"{name}90": int(chosen["inside90_error"].sum()), f"{name}n": len(chosen)}
    # A count of role fit that the draws were not fitted to counts as held out here.
    roles = {
        id_: role
        for frame in (content.judged, content.newer)
        for id_, role in zip(frame["id"], frame["role"], strict=True)
    }
    rows = []
    for row in _records(content.moved):
        register, dimension, key, period = row["id"].split("/")
        changed = row["changed"]
        if changed in ("new", "gone"):
            changed = label(f"fit.moved_{changed}", lang)
        if row["within_rounding"]:
            changed += f" ({label('fit.within_rounding', lang)})"
        role = role_words(roles[row["id"]], content.source, lang)
        cells = [role, number(row["old"], lang), number(row["new"], lang)]
        cells.append(number(row["ratio"], lang, decimals=2))
        cells += [signed(row[f"z_{side}"], lang) for side in ("old", "new")]
        cells += [_inside(row, side, lang) for side in ("old", "new")]
        rows.append({"name": target_words(register, dimension, key, period, lang), "cells": cells, "changed": changed})
    return {"summary": label("fit.moved_summary", lang).format(**values), "rows": rows}


def _inside(row: Mapping[str, Any], side: str, lang: str) -> str:
    if not isinstance(row[f"inside90_error_{side}"], bool):  # missing: there is nothing to compare
        return ""
    name = "50" if row[f"inside50_error_{side}"] else "90" if row[f"inside90_error_{side}"] else "no"
    return label(f"fit.inside_{name}", lang)


def _limits(lang: str) -> list[str]:
    keys = ("fit.limit_hidden", "sentence.hidden_levels", "fit.limit_good_parameters", "fit.limit_in_sample")
    return [label(key, lang) for key in (*keys, "sentence.synthetic_persons", "sentence.source")]


def _upper(text: str) -> str:
    return text[0].upper() + text[1:]
