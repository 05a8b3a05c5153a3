"""Run folders in place of scenarios: what a comparison takes from them, and where finished runs are looked for.

A run folder stands for its scenario with its settings (seed, draws, scale, claims left out, replicates). Its
replicates are used as they are where they can be paired with the others; else the scenario is simulated again, which
gives the same numbers.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, TypeVar

from irregsim.commands.registry import COMPARISON, RUN, Entry, entries, entry_of, found_entry, is_named, with_inside
from irregsim.commands.request import Request, WrongUse
from irregsim.present.words import lever_name, lever_of, lever_value
from irregsim.scenario import Scenario, ScenarioError, diff_rows, load_scenario, shipped_scenarios
from irregsim.scenario.file_checks import NAME_PATTERN
from irregsim.storage.folder import RunFolder
from irregsim.storage.paths import is_there, name_fault, user_path
from irregsim.study.identity import finished_run, part_key, part_key_of, run_id, scenario_in
from irregsim.study.replicates import Plan
from irregsim.vocabulary.labels import LANGUAGES, label

R = TypeVar("R", bound=Request)

#: Settings that all runs of a comparison share: key of the manifest, field of the request, and what is said of it.
_SHARED: Final = (
    ("seed", "seed", "--seed"),
    ("scale", "scale", "--scale"),
    ("per_draw", "per_draw", "--per-draw"),
    ("draws", "draws", "--draws"),
    ("without", "without", "--without"),
)


@dataclass(frozen=True)
class Given:
    """A run folder that was given as a scenario.

    Attributes:
        entry: The folder.
        scenario: Its scenario, under the name that it has in the comparison.
        stored: The same as its manifest has it.
    """

    entry: Entry
    scenario: Scenario
    stored: Scenario


def is_run_folder(text: str) -> bool:
    """Whether an argument means a run folder: one that exists, or a name or id that is no scenario and no file."""
    if text in shipped_scenarios():
        return False
    path = user_path(text)
    if name_fault(path) is None and path.exists():
        return path.is_dir() and entry_of(path, text) is not None
    return is_named(text)


def given_runs(arguments: Iterable[str]) -> dict[str, Given]:
    """The run folders among some scenario arguments.

    Args:
        arguments: Files, shipped names and run folders.

    Raises:
        WrongUse: If one is no finished run, or this version cannot read its scenario.
    """
    return {text: _given(found_entry(text)) for text in dict.fromkeys(arguments) if is_run_folder(text)}


def told_apart(given: Mapping[str, Given], names: Sequence[str]) -> dict[str, Given]:
    """Run folders of which those whose scenario has the name of another have the names of their folders instead.

    Args:
        given: The run folders.
        names: Names of all scenarios of the comparison, theirs among them.
    """
    return {text: _by_folder(one) if names.count(one.stored.name) > 1 else one for text, one in given.items()}


def _given(entry: Entry) -> Given:
    if entry.kind != RUN:
        runs = ", ".join(one.name for one in entry.inside)
        hint = f"; the runs inside it are {runs}" if runs else ""
        what = entry.fault or f"is no finished run but {entry.kind}"
        raise WrongUse(f"{entry.name}: {what}; give run folders or scenarios{hint}")
    try:
        scenario = scenario_in(entry.about)
    except (KeyError, ScenarioError) as error:
        raise WrongUse(f"{entry.name}: its scenario cannot be read by this version of irregsim: {error}") from None
    return Given(entry, scenario, scenario)


def _by_folder(one: Given) -> Given:
    name = one.entry.path.absolute().name
    if name == one.stored.name or not re.fullmatch(NAME_PATTERN, name):
        return one
    title = run_title(one.stored, name)
    return replace(one, scenario=replace(one.stored, name=name, title=title, description=title))


def run_title(stored: Scenario, name: str) -> dict[str, str]:
    """The title of a run whose scenario has the name of another: what it changes of the shipped one, else its title.

    "Baseline" would be the wrong name of a run of the baseline with other values.

    Args:
        stored: The scenario of the run.
        name: Name of its folder.

    Returns:
        By language; with the name of the folder behind it.
    """
    rows = []
    if stored.name in shipped_scenarios():
        rows = [row for row in diff_rows([load_scenario(stored.name), stored]) if lever_of(row["key"]) is not None]
    if not rows:
        return {lang: f"{text.partition('. ')[0]} ({name})" for lang, text in stored.title.items()}
    key, value = rows[0]["key"], list(rows[0].values())[-1]
    more = len({row["key"] for row in rows}) - 1
    out = {}
    for lang in LANGUAGES:
        change = f"{lever_name(key, lang)}: {lever_value(key, value, lang)}"
        told = label("compare.and_more", lang).format(change=change, number=more) if more else change
        out[lang] = f"{told} ({name})"
    return out


def with_their_settings(request: R, given: Mapping[str, Given]) -> R:
    """A request with the settings of the run folders in it, where it does not say otherwise itself.

    Args:
        request: What is asked.
        given: The run folders in it; at least one.

    Raises:
        WrongUse: If folders differ in a setting, or the request says another; with every fault, one a line.
    """
    changes: dict[str, Any] = {}
    faults = []
    if request.overrides or request.end is not None:
        faults.append("--set and --end change scenario files; a run folder is what was run: give the scenario instead")
    for key, field, option in _SHARED:
        values = {text: _setting(one.entry.about, key) for text, one in given.items()}
        value = next(iter(values.values()))
        if any(other != value for other in values.values()):
            told = ", ".join(f"{_said(one)} in {text}" for text, one in values.items())
            faults.append(f"{option}: the runs cannot be paired, since it is {told}; run one of them again")
            continue
        asked = getattr(request, field)
        # The draws of a folder are checked by their content, whatever they are called.
        if asked in (None, (), 1.0) or key == "draws":
            changes[field] = value if asked in (None, (), 1.0) else asked
        elif asked != value:
            text = next(iter(values))
            faults.append(f"{option} {_said(asked)}: it is {_said(value)} in {text}; leave it out, or give scenarios")
    if faults:
        raise WrongUse("\n".join(faults))
    if request.replicates is None and request.precision is None:
        changes["replicates"] = min(one.entry.replicates for one in given.values())
    changes["spells"] = request.spells and all(one.entry.about.get("spells") for one in given.values())
    return replace(request, **changes)


def _setting(about: Mapping[str, Any], key: str) -> Any:
    value = about.get(key)
    return tuple(value) if key == "without" and value is not None else value


def _said(value: Any) -> str:
    if value in (None, ()):
        return "not given"
    return ", ".join(value) if isinstance(value, tuple) else str(value)


def draws_fault(given: Mapping[str, Given], name: str) -> str | None:
    """Why the draws of a request are not those of the run folders in it; None where they are.

    Args:
        given: The run folders.
        name: Id of the draws that were chosen.
    """
    for text, one in given.items():
        theirs = one.entry.about.get("posterior_id")
        if theirs != name:
            return f"{text}: was run with the draws {theirs}, not {name}; give the folder of its posterior with --draws"
    return None


# ---------------------------------------------------------------------------------------------------------
# Finished runs


@dataclass(frozen=True)
class Match:
    """A finished run that a plan can use.

    Attributes:
        folder: The run.
        plan: The plan that it is a run of: another name of the scenario, or spells besides.
    """

    folder: RunFolder
    plan: Plan


def matches(
    plans: Sequence[Plan], replicates: int, own: Sequence[Path], given: Mapping[str, Given]
) -> list[Match | None]:
    """The finished run of each plan, whole, of the same content, code and versions, wherever it is; None where none is.

    Looked for in a folder of its own first, then among those that were given, then in ``outputs``.

    Args:
        plans: What a replicate of each is.
        replicates: How many there must be at least.
        own: A folder for each plan in which its run is looked for first.
        given: Run folders that were given as scenarios.
    """
    stored = {one.scenario.name: one.stored for one in given.values()}
    known = [one for one in with_inside(entries()) if one.kind == RUN]
    known = [*(one.entry for one in given.values()), *sorted(known, key=lambda one: one.name)]
    out: list[Match | None] = []
    for plan, place in zip(plans, own, strict=True):
        name = plan.scenario.name
        alike = [plan] if name not in stored else [replace(plan, scenario=stored[name]), plan]
        # What kept spells has all that a run without them has.
        alike += [replace(one, spells=True) for one in alike if not one.spells]
        out.append(next((one for other in alike if (one := _match(other, replicates, place, known))), None))
    return out


def _match(plan: Plan, replicates: int, place: Path, known: Sequence[Entry]) -> Match | None:
    key = part_key_of(plan)
    places = [place, *(one.path for one in known if one.about.get("part_key") == key)]
    folder = finished_run(plan, replicates, places, key=key)
    return None if folder is None else Match(folder, plan)


# ---------------------------------------------------------------------------------------------------------
# Results that are in the way


def in_the_way(
    out: Path, is_same: Callable[[Entry], bool], least: int, asked: Path | None = None
) -> tuple[Entry, str] | None:
    """The finished result in a folder that a command would replace by another, or by less of the same.

    Args:
        out: The folder that will be written into.
        is_same: Whether what is there is the same result, of any number of replicates.
        least: The same result is in the way where it has more replicates than this.
        asked: The folder that ``--out`` names, where the result is in a folder inside it; None for ``out`` itself.

    Returns:
        The result, and why it is not replaced, with what to do, in words; None where there is none.
    """
    entry = entry_of(out, str(out)) if out.is_dir() else None
    if entry is None or not entry.id:
        return None
    fewer = is_same(entry)
    if fewer and entry.replicates <= least:
        return None
    asked, number = asked or out, 2
    while is_there(asked.with_name(f"{asked.name}-{number}")):
        number += 1
    other = asked.with_name(f"{asked.name}-{number}")
    what = f"{entry.kind} {entry.id} of {', '.join(entry.scenarios) or 'the baseline'}, {entry.replicates} replicates"
    holds = f"has more replicates of the same result ({what})" if fewer else f"holds another result ({what})"
    return entry, f"{asked}: {holds}; add --replace to replace it, or keep it with --out {other}"


def known_replicates(out: Path, is_same: Callable[[Entry], bool]) -> int:
    """Replicates of a result that is finished in a folder; 0 where it is another, or none."""
    entry = entry_of(out, str(out)) if out.is_dir() else None
    return entry.replicates if entry is not None and entry.id and is_same(entry) else 0


def is_same_run(plan: Plan) -> Callable[[Entry], bool]:
    """Whether a folder has a run of a plan, of any number of replicates, in whatever version of the code."""
    content = plan.content()

    def same(entry: Entry) -> bool:
        made = entry.about.get("part_key") == part_key(content) or entry.id == run_id(content, entry.replicates)
        return entry.kind == RUN and made

    return same


def is_same_comparison(reference: str, plans: Mapping[str, Plan]) -> Callable[[Entry], bool]:
    """Whether a folder has a comparison, of any number of replicates.

    Args:
        reference: Name of the reference.
        plans: Plan of the run of every scenario, by its name in the comparison.
    """

    def same(entry: Entry) -> bool:
        runs = {name: run_id(plan.content(), entry.replicates) for name, plan in plans.items()}
        return (entry.kind, entry.about.get("reference"), entry.about.get("runs")) == (COMPARISON, reference, runs)

    return same


def expanded(arguments: Iterable[str]) -> list[str]:
    """Scenario arguments with every folder that is none of irregsim's replaced by the scenario files in it, by name.

    Raises:
        WrongUse: If a folder holds no scenario files.
    """
    out: list[str] = []
    for argument in arguments:
        path = Path(argument)
        if argument not in shipped_scenarios() and path.is_dir() and not is_run_folder(argument):
            # What systems and editors keep beside files, such as "._mine.yaml" and ".mine.yaml.swp", begins with a dot.
            files = sorted(str(file) for file in path.glob("*.yaml") if not file.name.startswith("."))
            if not files:
                raise WrongUse(f"{argument}: no scenario files (*.yaml) in this folder")
            out += files
        else:
            out.append(argument)
    return out
