"""Reading a scenario file with all its parents, and resolving what it says month by month.

`loading.load_scenario` is the entry point for all other code; `writing.text` reads back here what it has written.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, cast

from irregsim.scenario.changes import centre_warnings
from irregsim.scenario.document import Document, Point
from irregsim.scenario.faults import EnoughFaults, Fault, ScenarioError, and_more, hinted, near_file, shorten
from irregsim.scenario.file_checks import Checker
from irregsim.scenario.inheritance import (
    Layer,
    State,
    check_centres,
    check_dates,
    defaults,
    merge,
    new_centre_entries,
    references_of,
    resolve,
    splice,
)
from irregsim.scenario.resolved import Levers, Scenario
from irregsim.scenario.yaml_nodes import TOP, Node, parse, read_text
from irregsim.vocabulary.codes import month_text
from irregsim.vocabulary.knowledge import COUNTED_DRIVER, DEFAULT_KNOWLEDGE, UPDATES_FILE, Fact, Knowledge
from irregsim.vocabulary.labels import by_language

BASELINE = "baseline"
DEFAULT_REPLICATES = 20
DEFAULT_SEED = 2021
MOST_PARENTS = 20

_HERE = Path(__file__).resolve().parent


def shipped_scenarios() -> dict[str, Path]:
    """Scenarios that come with irregsim, by name.

    They are inside an installed package; a checkout reads them from its ``scenarios`` folder.
    """
    for folder in (_HERE.parent / "shipped_scenarios", _HERE.parents[2] / "scenarios"):
        found = {path.stem: path for path in sorted(folder.glob("*.yaml"))}
        if BASELINE in found:
            return found
    return {}


@dataclass(frozen=True)
class ReadFile:
    """One file with all its parents behind it.

    Attributes:
        document: What the file itself says.
        layer: Its entries merged with its parents'.
        start: First month of its period.
        end: Last month.
        replicates: Replicates, its own or inherited.
        seed: Seed, its own or inherited.
        as_known: State of knowledge, its own or inherited.
        parent: The parent, if any.
    """

    document: Document
    layer: Layer
    start: int
    end: int
    replicates: int
    seed: int
    as_known: str
    parent: ReadFile | None

    @property
    def knowledge(self) -> Knowledge:
        """Its state of knowledge, with no fact left out: that of ``layer``."""
        return Knowledge(self.as_known)


def read_file(path: Path, shown: str, children: list[Path], faults: list[Fault]) -> ReadFile | None:
    """Read one file and its parents.

    Args:
        path: Where it is.
        shown: Its name in messages.
        children: Files that extend it, each by the next; for a file that extends itself.
        faults: Collects what is wrong.

    Returns:
        The file; None after a fault that leaves nothing to build on.
    """
    try:
        root = parse(read_text(path, shown), shown)
    except ScenarioError as error:
        faults += error.faults
        return None
    checker = Checker(shown)
    above: list[Fault] = []
    read: ReadFile | None = None
    try:
        document = checker.document(root)
        parent: ReadFile | None = None
        parent_failed = False
        if document.extends is not None:
            parent, parent_failed = _parent(document, path, [*children, path.resolve()], checker, above)
        # The baseline states its own history: what held in the years before its period.
        history = document.extends is None and document.name == BASELINE
        if document.usable and not parent_failed:
            read = merge_file(document, parent, checker, history=history)
    except EnoughFaults:
        checker.faults.append(and_more(checker.faults))
    faults += [*above, *checker.faults]
    return read


def merge_file(document: Document, parent: ReadFile | None, checker: Checker, *, history: bool) -> ReadFile | None:
    """A checked document over its parent; None where no period follows from them.

    Args:
        document: What the file says.
        parent: Its parent, or None.
        checker: Collects what is wrong.
        history: Whether it may say something about months before its period.
    """
    start = document.start if document.start is not None else (parent.start if parent else None)
    end = document.end if document.end is not None else (parent.end if parent else None)
    if start is None or end is None:
        for key, month in (("start", start), ("end", end)):
            if month is None and not any(fault.path == f"period.{key}" for fault in checker.faults):
                checker.fault(
                    document.mark, f"period.{key}", "is missing (a scenario without `extends` states its period)"
                )
        return None
    if end < start:
        mark = document.marks.get("end", document.marks.get("start", document.mark))
        checker.fault(mark, "period.end", f"{month_text(end)} is before the start, {month_text(start)}")
        return None
    as_known = document.as_known or (parent.as_known if parent else DEFAULT_KNOWLEDGE)
    below: Layer = known_layer(parent, Knowledge(as_known)) if parent else defaults()
    check_dates(document, below, start, end, history=history, note=checker.fault)
    layer = merge(document, below, checker.fault)
    check_centres(layer, document, checker.fault)
    if history:
        layer = with_facts(layer, Knowledge(as_known))
    return ReadFile(
        document=document,
        layer=layer,
        start=start,
        end=end,
        replicates=document.replicates or (parent.replicates if parent else DEFAULT_REPLICATES),
        seed=document.seed if document.seed is not None else (parent.seed if parent else DEFAULT_SEED),
        as_known=as_known,
        parent=parent,
    )


def known_layer(read: ReadFile, knowledge: Knowledge) -> Layer:
    """Entries of a file merged with its parents', where the baseline's history is that of a state of knowledge.

    Args:
        read: The file.
        knowledge: The state; the file's own needs no work.
    """
    if knowledge == read.knowledge:
        return read.layer
    below = known_layer(read.parent, knowledge) if read.parent else defaults()
    # What was there to remove has been checked under the file's own state; under another there may be nothing.
    layer = merge(read.document, below, lambda *_: None)
    is_history = read.parent is None and read.document.name == BASELINE
    return with_facts(layer, knowledge) if is_history else layer


def with_facts(layer: Layer, knowledge: Knowledge) -> dict[str, State]:
    """The baseline's own entries with those of the facts that are known, and without assumptions on counted years.

    Args:
        layer: Entries of the baseline's file.
        knowledge: What counts as history.

    Raises:
        ScenarioError: If the value of a fact in the table is not what a scenario file may say.
    """
    out = dict(layer)
    years = cast(dict[int, Point], out[COUNTED_DRIVER])
    out[COUNTED_DRIVER] = {year: point for year, point in years.items() if year > knowledge.last_counted}
    for fact in sorted(knowledge.facts.values(), key=lambda fact: (fact.start, fact.id)):
        if fact.effect == "lever":
            out = merge(_document_of(fact), out, lambda *_: None)
    return out


@cache
def _document_of(fact: Fact) -> Document:
    """A fact's value as a file would say it, with the fact as its reference."""
    shown = f"{UPDATES_FILE} {fact.id}"
    node = parse(fact.value, shown)
    reference = f"{fact.id}: {fact.source}"
    for item in node.items:
        item.pairs.append((Node("scalar", TOP, "reference", "reference"), Node("scalar", TOP, reference, reference)))
    for name in reversed(fact.target.split(".")):
        node = Node("mapping", TOP, pairs=[(Node("scalar", TOP, name, name), node)])
    checker = Checker(shown, fixed=True)
    document = checker.document(node, partial=True)
    if checker.faults:
        raise ScenarioError(checker.faults)
    return document


def _parent(
    document: Document, path: Path, children: list[Path], checker: Checker, faults: list[Fault]
) -> tuple[ReadFile | None, bool]:
    """The parent of a file, and whether it could not be had."""
    extends = document.extends
    assert extends is not None, "called only for a file that extends another"
    mark = document.extends_mark

    def refuse(message: str) -> tuple[None, bool]:
        checker.fault(mark, "extends", message)
        return None, True

    found = named_file(extends, path, checker.shown, "extended")
    if isinstance(found, str):
        return refuse(found)
    parent, shown = found
    if parent.resolve() in children:
        loop = " -> ".join([*(child.name for child in children), parent.name])
        return refuse(f"a scenario cannot extend itself ({loop})")
    if len(children) > MOST_PARENTS:
        return refuse(f"more than {MOST_PARENTS} scenarios extend each other")
    read = read_file(parent, shown, children, faults)
    return read, read is None


def named_file(name: str, beside: Path, shown: str, used: str) -> tuple[Path, str] | str:
    """A scenario that a file names: one that ships, or a file in its folder or below.

    Args:
        name: As written.
        beside: The file in which it is written.
        shown: Name of that file in messages.
        used: What may be done with files of the folder, such as ``extended``.

    Returns:
        Where it is, and its name in messages; or why it cannot be used, in words.
    """
    shipped = shipped_scenarios()
    if name in shipped:
        return shipped[name], shipped_name(name)
    if re.match(r"[A-Za-z][A-Za-z0-9+.-]*:", name):
        return f"'{shorten(name)}' is an address; only files in this folder or below can be {used}"
    if name.startswith(("/", "\\", "~")):
        return f"'{shorten(name)}' is not relative; name a file in this folder or below"
    if ".." in re.split(r"[/\\]", name):
        return f"'{shorten(name)}' leads out of the folder; name a file in this folder or below"
    if not name.endswith(".yaml"):
        near = near_file(name, beside.parent, shipped)
        known = f"shipped: {', '.join(shipped)}; a file ends in .yaml"
        return hinted(f"no shipped scenario '{shorten(name)}'", near, known)
    place = beside.parent / name
    try:
        inside = place.resolve().is_relative_to(beside.parent.resolve())
        exists = place.exists()
    except (OSError, ValueError, RuntimeError):
        return f"'{shorten(name)}' is not a usable file name"
    if not inside:
        return f"'{shorten(name)}' is a link out of the folder; copy the file here instead"
    if not exists:
        return hinted(f"there is no file '{shorten(name)}' in this folder", near_file(name, place.parent, shipped))
    return place, str(Path(shown).parent / name)


def scenario_of(
    read: ReadFile, below: ReadFile, last: int, *, is_baseline: bool, without: tuple[str, ...] = ()
) -> Scenario:
    """The resolved scenario of a file.

    Args:
        read: The file.
        below: The file with its overrides over it; the same where there are none.
        last: Last month.
        is_baseline: Whether the file is the shipped baseline, which states its own history.
        without: Ids of facts left out, as `checked_facts` gives them.
    """
    document = below.document
    knowledge = Knowledge(below.as_known, without)
    layer = known_layer(below, knowledge)
    levers = _levers(layer, below.start, last, knowledge, is_baseline=is_baseline and below is read)
    parent = None if read.parent is None else _parent_levers(read.parent, below.start, last, without)
    return Scenario(
        name=document.name,
        title=document.title or by_language(document.name),
        description=document.description or "",
        decides=document.decides,
        expects=document.expects,
        extends=read.document.extends,
        start=below.start,
        end=last,
        replicates=below.replicates,
        seed=below.seed,
        levers=levers,
        references=references_of(layer, last),
        parent_levers=parent,
        warnings=(*document.warnings, *centre_warnings(document, parent)),
        new_names={slot: str(entry.values["centre"]) for slot, entry in new_centre_entries(layer).items()},
    )


def _levers(layer: Layer, start: int, last: int, knowledge: Knowledge, *, is_baseline: bool) -> Levers:
    """Monthly values of a layer; before its period those of the shipped baseline, as far as it was known."""
    own = resolve(layer, last + 1, knowledge)
    if is_baseline or start == 0:
        return own
    return splice(resolve(known_layer(_baseline(), knowledge), last + 1, knowledge), own, start)


def _parent_levers(read: ReadFile, start: int, last: int, without: tuple[str, ...]) -> Levers:
    """Monthly values of a parent, in its own state of knowledge, over a child's period."""
    knowledge = Knowledge(read.as_known, without)
    return _levers(known_layer(read, knowledge), start, last, knowledge, is_baseline=False)


def shipped_levers(name: str, start: int, last: int, without: tuple[str, ...] = ()) -> Levers:
    """Monthly values of a shipped scenario over another period.

    Args:
        name: Its name.
        start: First month of the period.
        last: Last month.
        without: Ids of facts left out.

    Raises:
        ScenarioError: If it cannot be read.
    """
    return _parent_levers(read_shipped(name), start, last, without)


def first_month_of_history(names: Sequence[str]) -> dict[str, Any]:
    """What the shipped baseline has in force in 2009-01, whatever another scenario begins with.

    Args:
        names: Attributes of `Levers` that hold month by month.

    Returns:
        By name: a value, or an array over places.

    Raises:
        ScenarioError: If the baseline cannot be read.
        KeyError: If there is no monthly lever of a name.
    """
    first = _first_month(*_baseline_file())
    return {name: first[name] for name in names}


@lru_cache(maxsize=4)
def _first_month(path: Path, changed: int, size: int) -> dict[str, Any]:
    levers = resolve(known_layer(_cached_baseline(path, changed, size), Knowledge()), 1, Knowledge())
    return {name: values[0] for name, values in levers.monthly.items()}


def read_shipped(name: str) -> ReadFile:
    """A shipped scenario with its parents.

    Raises:
        ScenarioError: If it is missing or wrong.
    """
    path = shipped_scenarios().get(name)
    if path is None:
        raise ScenarioError([Fault(shipped_name(name), 1, 1, "", f"the shipped scenario {name} is missing")])
    faults: list[Fault] = []
    read = read_file(path, shipped_name(name), [], faults)
    if faults or read is None:
        raise ScenarioError(faults)
    return read


def _baseline() -> ReadFile:
    """The shipped baseline.

    Raises:
        ScenarioError: If it is missing or wrong.
    """
    return _cached_baseline(*_baseline_file())


def _baseline_file() -> tuple[Path, int, int]:
    """Where the shipped baseline is, when it was changed and how long it is: what a cache of it goes by."""
    path = shipped_scenarios().get(BASELINE)
    if path is None:
        raise ScenarioError([Fault(shipped_name(BASELINE), 1, 1, "", "the shipped baseline is missing")])
    status = path.stat()
    return path, status.st_mtime_ns, status.st_size


@lru_cache(maxsize=4)
def _cached_baseline(_path: Path, _changed: int, _size: int) -> ReadFile:
    return read_shipped(BASELINE)


def shipped_name(name: str) -> str:
    """How a shipped file is named in messages: without the folder it is in."""
    return f"shipped/{name}.yaml"
