"""The text of a scenario file: the inverse of loading.

Only what differs from a shipped parent is written. The text is read back before it is handed out, so what a file
cannot say is refused and never written as something else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from irregsim.scenario.faults import Fault, ScenarioError, shorten
from irregsim.scenario.file_checks import Checker
from irregsim.scenario.levers import REGISTRY
from irregsim.scenario.loading import load_scenario
from irregsim.scenario.reading import (
    BASELINE,
    ReadFile,
    known_layer,
    merge_file,
    read_shipped,
    scenario_of,
    shipped_scenarios,
)
from irregsim.scenario.resolved import Scenario
from irregsim.scenario.writing.levers import Task, different_fields, sections
from irregsim.scenario.writing.yaml_layout import Branch, Flow, block_lines, paragraphs, yaml_text
from irregsim.scenario.yaml_nodes import MAX_BYTES, parse
from irregsim.vocabulary.codes import month_text
from irregsim.vocabulary.knowledge import Knowledge
from irregsim.vocabulary.labels import ALWAYS, by_language

HEAD = "# Written by irregsim; check it with: irregsim validate THIS-FILE.yaml"


def scenario_text(
    scenario: Scenario,
    parent: Scenario | None = None,
    *,
    name: str | None = None,
    title: Mapping[str, str] | None = None,
    description: Mapping[str, str] | str | None = None,
) -> str:
    """Text of a scenario file that says what differs from a shipped scenario.

    Read again, it gives the same monthly values within the period, the same period and the same run settings.
    ``decides`` and ``expects`` are kept where they were said against this parent, but not where a shipped scenario's
    values were changed since.

    Args:
        scenario: What to write.
        parent: The shipped scenario that the file extends, known by its name; by default the shipped baseline.
        name: Name instead of the scenario's.
        title: Title by language instead of the scenario's; completed as `labels.by_language` does.
        description: Description, one text or by language, instead of the scenario's; "" for none.

    Raises:
        ScenarioError: With every part that a file cannot say.
    """
    name = scenario.name if name is None else name
    wanted = replace(
        scenario,
        name=name,
        title=by_language(scenario.title if title is None else title),
        description=_described(scenario.description if description is None else description),
    )
    knowledge = scenario.levers.knowledge
    shipped = _shipped(BASELINE if parent is None else parent.name, name)
    above = replace(shipped, layer=known_layer(shipped, Knowledge(knowledge.as_known)), as_known=knowledge.as_known)
    if not _still_said(scenario, above.document.name):
        wanted = replace(wanted, decides=(), expects=())
    task = Task(wanted, above, {row[:2]: row[2] for row in scenario.references}, [])
    if knowledge.without:
        left = ", ".join(knowledge.without)
        task.refuse("as_known", f"a file cannot leave out single facts ({left}); use --without, and write it without")
    branches = sections(task)
    if task.faults:
        raise ScenarioError(task.faults)
    says_known = above.as_known != shipped.as_known
    text = "\n".join(_head(task, bool(branches), says_known) + _blocks(task, branches)) + "\n"
    _read_back(text, task)
    return text


def _shipped(name: str, shown: str) -> ReadFile:
    if name not in shipped_scenarios():
        message = f"'{shorten(name)}' is not a shipped scenario; a written file must extend one"
        raise ScenarioError([Fault(shorten(shown), 1, 1, "extends", message)])
    return read_shipped(name)


def _described(description: Mapping[str, str] | str) -> dict[str, str] | str:
    return description if isinstance(description, str) else by_language(description)


def _still_said(scenario: Scenario, parent: str) -> bool:
    """Whether ``decides`` and ``expects`` were said against this parent and, as far as is known, of these values."""
    if scenario.extends != parent or not (scenario.decides or scenario.expects):
        return False
    if scenario.name not in shipped_scenarios():
        return True
    shipped = load_scenario(scenario.name)
    end = min(shipped.end, scenario.end)
    same = different_fields(shipped.levers, scenario.levers, scenario.start, end) == []
    return same and shipped.start == scenario.start


# ---- file ----------------------------------------------------------------------------------------------------


def _head(task: Task, changes: bool, says_known: bool) -> list[str]:
    scenario, parent = task.scenario, task.above.document.name
    lines = (
        [HEAD]
        if changes or says_known
        else [HEAD, f"# No lever or assumption differs from {parent}: this file changes nothing."]
    )
    titles = list(scenario.title.values())
    one_title = scenario.title.keys() == set(ALWAYS) and len(set(titles)) == 1
    top: dict[str, Branch] = {
        "schema": "1",
        "name": yaml_text(scenario.name),
        "title": yaml_text(titles[0])
        if one_title
        else {yaml_text(key): yaml_text(text) for key, text in scenario.title.items()},
    }
    if scenario.description:
        top["description"] = paragraphs(scenario.description, 2)
    top["extends"] = yaml_text(parent)
    top["period"] = Flow({"start": month_text(scenario.start), "end": month_text(scenario.end)})
    if says_known:
        top["as_known"] = yaml_text(task.above.as_known)
    if scenario.decides:
        top["decides"] = f"[{', '.join(yaml_text(word) for word in scenario.decides)}]"
    return lines + block_lines(top)


def _blocks(task: Task, branches: Mapping[str, Branch]) -> list[str]:
    """What follows the head, each block after an empty line."""
    lines: list[str] = []
    for section, branch in branches.items():
        lines += ["", *block_lines({section: branch})]
    run = {
        key: str(getattr(task.scenario, key))
        for key in ("replicates", "seed")
        if getattr(task.scenario, key) != getattr(task.above, key)
    }
    if run:
        lines += ["", *block_lines({"run": Flow(run)})]
    if task.scenario.expects:
        lines += ["", "expects:"]
    for expected in task.scenario.expects:
        words = ", ".join(yaml_text(one) for one in expected.mechanisms)
        entry = block_lines(
            {
                "outcome": yaml_text(expected.outcome),
                "direction": yaml_text(expected.direction),
                "rests_on": yaml_text(expected.rests_on),
                "mechanisms": f"[{words}]",
                "why": paragraphs(expected.why, 6),
            },
            4,
        )
        lines += [f"  - {entry[0].lstrip()}", *entry[1:]]
    return lines


# ---- reading back ---------------------------------------------------------------------------------------------


def _read_back(text: str, task: Task) -> None:
    """Read a text as a file of its own would be read.

    Raises:
        ScenarioError: If it is refused, or gives something else than what was to be written.
    """
    wanted, shown = task.scenario, shorten(task.scenario.name)
    checker = Checker(shown, fixed=True)
    if len(text.encode("utf-8")) > MAX_BYTES:
        raise ScenarioError([Fault(shown, 1, 1, "", "over 1 MB as text; a scenario is a short text file")])
    try:
        root = parse(text, shown)
    except ScenarioError as error:
        raise ScenarioError([replace(fault, line=1, column=1) for fault in error.faults]) from None
    document = checker.document(root)
    read = merge_file(document, task.above, checker, history=False) if not checker.faults else None
    if checker.faults or read is None:
        raise ScenarioError(checker.faults)
    again = scenario_of(read, read, read.end, is_baseline=False)
    for key in ("name", "title", "description", "start", "end", "replicates", "seed", "decides", "expects"):
        one, two = getattr(wanted, key), getattr(again, key)
        if one != two:
            told = f"{shorten(repr(one))} would be read as {shorten(repr(two))}"
            task.refuse(key, f"{told} (spaces at the ends are removed, and accented letters are composed)")
    for field in different_fields(wanted.levers, again.levers, wanted.start, wanted.end):
        path = next(lever.path for lever in REGISTRY if field in lever.fields)
        task.refuse(path, f"a file cannot express its values from {month_text(wanted.start)} on")
    if task.faults:
        raise ScenarioError(task.faults)
