"""Lists and descriptions of run folders, as text and as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from irregsim.commands.registry import COMPARISON, DAMAGED, RUN, UNDER_WAY, Entry, page_of, with_inside
from irregsim.present.terminal import claim_lines, table
from irregsim.scenario import Scenario, ScenarioError, changes_text, load_scenario
from irregsim.scenario.faults import shorten
from irregsim.scenario.reading import BASELINE
from irregsim.storage.hashing import sha256_of_file
from irregsim.storage.paths import is_file
from irregsim.study.identity import code_sha256, data_sha256, scenario_in
from irregsim.vocabulary.codes import month_text
from irregsim.vocabulary.labels import Words, in_language
from irregsim.vocabulary.numbers import number, plain

#: Scenarios and files that a line names.
_NAMED = 3

#: Characters of an id in a list: enough to name one.
_SHORT_ID = 8


def size_text(size: int, lang: str) -> str:
    """Bytes for readers, such as ``24 MB``.

    Args:
        size: Bytes.
        lang: Language.
    """
    for unit, limit in (("kB", 1e6), ("MB", 1e9)):
        if size < limit:
            return f"{number(size / (limit / 1000), lang, decimals=0)} {unit}"
    return f"{number(size / 1e9, lang, decimals=1)} GB"


def list_text(found: Sequence[Entry], folder: str, lang: str, *, every: bool = False) -> str:
    """Run folders, a line each.

    Args:
        found: From `registry.entries`.
        folder: Where was looked.
        lang: Language.
        every: Whether runs inside comparisons and fits have lines too.
    """
    words = Words(lang, "runs")
    if not found:
        return words("nothing", folder=folder)
    every_one = with_inside(found)
    shown = every_one if every else list(found)
    heads = ("name", "kind", "id", "scenarios", "started", "replicates", "scale", "size")
    rows = [[words(head) for head in heads]]
    for one in shown:
        rows.append(
            [
                shorten(one.name, 80),
                words(f"kind_{one.kind}"),
                one.id[:_SHORT_ID],
                _named(one.scenarios),
                one.started.replace("T", " ")[:16],
                str(one.replicates) if one.kind != DAMAGED else "",
                plain(f"{float(one.about['scale']):g}", lang) if "scale" in one.about else "",
                size_text(one.size(), lang),
            ]
        )
    lines = [table(rows, left=5, indent="")]
    if len(every_one) > len(shown):
        lines += ["", words("inside", n=len(every_one) - len(shown))]
    by_id: dict[str, list[str]] = {}
    for one in every_one:
        if one.id and one.kind in (RUN, COMPARISON):
            by_id.setdefault(one.id, []).append(shorten(one.name, 80))
    lines += [words("twice", names=" = ".join(names)) for names in by_id.values() if len(names) > 1]
    return "\n".join([*lines, words("more")])


def _named(names: Sequence[str]) -> str:
    more = f" +{len(names) - _NAMED}" if len(names) > _NAMED else ""
    return ", ".join(shorten(name, 40) for name in names[:_NAMED]) + more


def as_json(one: Entry) -> dict[str, Any]:
    """A folder for programs: what `list_text` shows, in plain values."""
    return {
        "name": one.name,
        "path": str(one.path),
        "kind": one.kind,
        "id": one.id,
        "scenarios": list(one.scenarios),
        "replicates": one.replicates,
        "seed": one.about.get("seed"),
        "scale": one.about.get("scale"),
        "started": one.started,
        "bytes": one.size(),
        "fault": one.fault,
        "inside": [as_json(inner) for inner in one.inside],
    }


def show_text(one: Entry, width: int, lang: str, *, check: bool = False) -> str:
    """Everything about a folder that a person asks: what was run, how, when, and whether it can be used again.

    Args:
        one: The folder.
        width: Characters of a line.
        lang: Language.
        check: Whether the bytes of every file are compared with the manifest.
    """
    words, about = Words(lang, "runs"), one.about
    lines: list[tuple[str, str]] = [("folder", str(one.path)), ("kind", words(f"kind_{one.kind}")), ("id", one.id)]
    scenario = _scenario_of(one)
    lines.append(("scenarios", ", ".join(shorten(name) for name in one.scenarios)))
    if scenario is not None:
        lines.append(("title", shorten(in_language(scenario.title, lang), 200)))
        lines.append(("period", f"{month_text(scenario.start)} - {month_text(scenario.end)}"))
    lines.append(("replicates", str(one.replicates) if one.replicates else ""))
    if "seed" in about:
        lines.append(("seed", str(about["seed"])))
    if "scale" in about:
        lines.append(("scale", plain(f"{float(about['scale']):g}", lang)))
    if "draws" in about:
        lines.append(("draws", f"{about['draws']} {about.get('posterior_id', '')}".strip()))
    if "spells" in about:
        lines.append(("spells", words("kept" if about["spells"] else "not_kept")))
    lines.append(("started", one.started.replace("T", " ").rstrip("Z")))
    lines.append(("took", _took(one, words, lang)))
    lines.append(("command", shorten(str(about.get("command", "")), 400)))
    if "versions" in about:
        lines.append(("made_by", f"irregsim {about['versions']['irregsim']} {about.get('git_commit') or ''}".strip()))
    lines.append(("size", size_text(one.size(), lang)))
    lines.append(("files", str(len(about["outputs"])) if "outputs" in about else ""))
    lines.append(("runs_inside", ", ".join(inner.name for inner in one.inside)))
    lines.append(("page", str(page_of(one)) if page_of(one) != one.path else ""))
    lines.append(("fault", one.fault))
    lines.append(("state", _state(one, words, check=check)))
    shown = [[words(key), value] for key, value in lines if value]
    text = table(shown, left=2, indent="")
    if about.get("without"):
        text += f"\n{words('left_out')}:\n{_claims(list(about['without']))}"
    changes = None if scenario is None else _changes(scenario, width)
    return text if changes is None else f"{text}\n\n{changes}"


def _changes(scenario: Scenario, width: int) -> str | None:
    """What a scenario changes of the shipped baseline; None where it is the baseline, or its period does not fit."""
    try:
        knowledge = scenario.levers.knowledge
        baseline = load_scenario(BASELINE, end=month_text(scenario.end), without=knowledge.without)
    except ScenarioError:  # a period that ends after the baseline's
        return None
    if scenario.levers.first_difference(baseline.levers) is None:
        return None
    # Its last line is on an option of `validate`.
    return changes_text(replace(scenario, extends=BASELINE, parent_levers=baseline.levers), width).rpartition("\n")[0]


def _claims(ids: Sequence[str]) -> str:
    try:
        return claim_lines(ids)
    except KeyError:  # of another version of the report
        return "\n".join(f"  {shorten(id_)}" for id_ in ids)


def _scenario_of(one: Entry) -> Scenario | None:
    if one.kind != RUN:
        return None
    try:
        return scenario_in(one.about)
    except (KeyError, ScenarioError):  # of a later version
        return None


def _took(one: Entry, words: Words, lang: str) -> str:
    seconds = one.about.get("seconds")
    if not isinstance(seconds, int | float):
        return ""
    each = one.about.get("seconds_per_replicate")
    text = number(seconds, lang, decimals=0)
    if not isinstance(each, int | float):
        return words("seconds", seconds=text)
    return words("seconds_each", seconds=text, each=number(each, lang, decimals=1))


def _state(one: Entry, words: Words, *, check: bool) -> str:
    if one.kind == UNDER_WAY:
        return words("unfinished_state", n=one.kept)
    if one.kind == DAMAGED:
        return ""
    if check:
        outputs = one.about["outputs"]
        wrong = [
            name
            for name, digests in outputs.items()
            if not is_file(one.path / name) or sha256_of_file(one.path / name) != digests.get("sha256")
        ]
        if wrong:
            more = f" +{len(wrong) - _NAMED}" if len(wrong) > _NAMED else ""
            return words("changed", names=", ".join(wrong[:_NAMED]) + more)
        return words("intact", n=len(outputs))
    if one.kind != RUN:
        return ""
    same = (one.about.get("code_sha256"), one.about.get("data_sha256")) == (code_sha256(), data_sha256())
    return words("reusable" if same else "other_code")
