"""From a path to a resolved scenario: files, parents, ``--set`` and ``--end``."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from irregsim.scenario.faults import Fault, ScenarioError, hinted, nearest, shorten
from irregsim.scenario.file_checks import Checker, Document
from irregsim.scenario.inheritance import (
    Layer,
    check_centres,
    check_dates,
    defaults,
    merge,
    references_of,
    resolve,
    splice,
)
from irregsim.scenario.resolved import Levers, Scenario
from irregsim.scenario.yaml_nodes import TOP, Node, parse, read_text
from irregsim.vocabulary.codes import month_number, month_text

BASELINE = "baseline"
DEFAULT_REPLICATES = 20
DEFAULT_SEED = 2021
MOST_PARENTS = 20

_HERE = Path(__file__).resolve().parent


def shipped_scenarios() -> dict[str, Path]:
    """Scenarios that come with irregsim, by name.

    They lie inside an installed package; a checkout reads them from its ``scenarios`` folder.
    """
    for folder in (_HERE.parent / "shipped_scenarios", _HERE.parents[2] / "scenarios"):
        found = {path.stem: path for path in sorted(folder.glob("*.yaml"))}
        if BASELINE in found:
            return found
    return {}


@dataclass(frozen=True)
class _Read:
    """One file with all its parents behind it.

    Attributes:
        document: What the file itself says.
        layer: Its entries merged with its parents'.
        start: First month of its period.
        end: Last month.
        replicates: Replicates, its own or inherited.
        seed: Seed, its own or inherited.
        parent: The parent, if any.
    """

    document: Document
    layer: Layer
    start: int
    end: int
    replicates: int
    seed: int
    parent: _Read | None


def load_scenario(path: str | Path, *, overrides: Sequence[str] = (), end: str | None = None) -> Scenario:
    """Read, check and resolve a scenario.

    Args:
        path: A YAML file, or the bare name of a shipped scenario (write ``./name`` for a file without an
            ending).
        overrides: ``--set`` strings, such as ``levers.fines.worker_nok=5000``. Each acts like a child of the
            file.
        end: Last month (``YYYY-MM``) instead of the file's; what comes later is cut.

    Returns:
        The resolved scenario.

    Raises:
        ScenarioError: With every fault found in the file, its parents and the overrides.
    """
    given = Path(path)
    shown = str(path)
    shipped = shipped_scenarios()
    if shown in shipped:
        given, shown = shipped[shown], _shipped_name(shown)
    elif not os.path.exists(given) and given.suffix not in (".yaml", ".yml") and "/" not in shown:
        near = nearest(shown, shipped)
        message = hinted("no such file and no shipped scenario", near, f"shipped: {', '.join(shipped)}")
        raise ScenarioError([Fault(shown, 1, 1, "", message)])
    faults: list[Fault] = []
    read = _read(given, shown, [], faults)
    below = read
    for text in overrides:
        own = _override(text, below, faults)
        below = own or below
    last = _last_month(end, below, faults)
    if faults or read is None or below is None or last is None:
        raise ScenarioError(_in_order(faults))
    return _scenario(read, below, last, is_baseline=_is_shipped(given, BASELINE))


def _scenario(read: _Read, below: _Read, last: int, *, is_baseline: bool) -> Scenario:
    """The resolved scenario of a file (``read``) with its overrides (``below``)."""
    document = below.document
    levers = _levers(below.layer, below.start, last, is_baseline=is_baseline and below is read)
    parent = None if read.parent is None else _levers(read.parent.layer, below.start, last, is_baseline=False)
    return Scenario(
        name=document.name,
        title=document.title or {"nb": document.name, "en": document.name},
        description=document.description or "",
        decides=document.decides,
        expects=document.expects,
        extends=read.document.extends,
        start=below.start,
        end=last,
        replicates=below.replicates,
        seed=below.seed,
        levers=levers,
        references=references_of(below.layer, last),
        parent_levers=parent,
    )


def _levers(layer: Layer, start: int, last: int, *, is_baseline: bool) -> Levers:
    """Monthly values of a layer; before its period those of the shipped baseline."""
    own = resolve(layer, last + 1)
    if is_baseline or start == 0:
        return own
    return splice(resolve(_baseline_layer(), last + 1), own, start)


def _baseline_layer() -> Layer:
    """The shipped baseline's merged entries.

    Raises:
        ScenarioError: If it is missing or wrong.
    """
    path = shipped_scenarios().get(BASELINE)
    if path is None:
        raise ScenarioError([Fault(_shipped_name(BASELINE), 1, 1, "", "the shipped baseline is missing")])
    status = path.stat()
    return _cached_baseline(path, status.st_mtime_ns, status.st_size)


@lru_cache(maxsize=4)
def _cached_baseline(path: Path, _changed: int, _size: int) -> Layer:
    faults: list[Fault] = []
    read = _read(path, _shipped_name(BASELINE), [], faults)
    if faults or read is None:
        raise ScenarioError(faults)
    return read.layer


def _shipped_name(name: str) -> str:
    """How a shipped file is named in messages: without the folder it happens to lie in."""
    return f"shipped/{name}.yaml"


def _is_shipped(path: Path, name: str) -> bool:
    shipped = shipped_scenarios().get(name)
    return shipped is not None and path.resolve() == shipped.resolve()


def _in_order(faults: Sequence[Fault]) -> list[Fault]:
    """Faults by place within each file, files in the order in which they were read."""
    files = list(dict.fromkeys(fault.file for fault in faults))
    unique = dict.fromkeys(faults)
    return sorted(unique, key=lambda fault: (files.index(fault.file), fault.line, fault.column))


def _read(path: Path, shown: str, children: list[Path], faults: list[Fault]) -> _Read | None:
    """Read one file and its parents; None after a fault that leaves nothing to build on."""
    try:
        root = parse(read_text(path, shown), shown)
    except ScenarioError as error:
        faults += error.faults
        return None
    real = path.resolve()
    checker = Checker(shown)
    document = checker.document(root)
    parent: _Read | None = None
    parent_failed = False
    if document.extends is not None:
        parent, parent_failed = _parent(document, path, [*children, real], checker, faults)
    faults += checker.faults
    checker.faults = []
    # The baseline states its own history: what held in the years before its period.
    history = document.extends is None and document.name == BASELINE
    read = None if parent_failed or not document.usable else _merge(document, parent, checker, history=history)
    faults += checker.faults
    return read


def _merge(document: Document, parent: _Read | None, checker: Checker, *, history: bool) -> _Read | None:
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
    below: Layer = parent.layer if parent else defaults()
    check_dates(document, below, start, end, history=history, note=checker.fault)
    layer = merge(document, below, checker.fault)
    check_centres(layer, document, checker.fault)
    return _Read(
        document=document,
        layer=layer,
        start=start,
        end=end,
        replicates=document.replicates or (parent.replicates if parent else DEFAULT_REPLICATES),
        seed=document.seed if document.seed is not None else (parent.seed if parent else DEFAULT_SEED),
        parent=parent,
    )


def _parent(
    document: Document, path: Path, children: list[Path], checker: Checker, faults: list[Fault]
) -> tuple[_Read | None, bool]:
    """The parent of a file, and whether it could not be had."""
    extends = document.extends
    assert extends is not None, "called only for a file that extends another"
    mark = document.extends_mark

    def refuse(message: str) -> tuple[None, bool]:
        checker.fault(mark, "extends", message)
        return None, True

    shipped = shipped_scenarios()
    if extends in shipped:
        parent, shown = shipped[extends], _shipped_name(extends)
    elif re.match(r"[A-Za-z][A-Za-z0-9+.-]*:", extends):
        return refuse(f"'{shorten(extends)}' is an address; only files in this folder or below can be extended")
    elif extends.startswith(("/", "\\", "~")):
        return refuse(f"'{shorten(extends)}' is not relative; name a file in this folder or below")
    elif ".." in re.split(r"[/\\]", extends):
        return refuse(f"'{shorten(extends)}' leads out of the folder; name a file in this folder or below")
    elif not extends.endswith(".yaml"):
        near = nearest(extends, shipped)
        known = f"shipped: {', '.join(shipped)}; a file ends in .yaml"
        return refuse(hinted(f"no shipped scenario '{shorten(extends)}'", near, known))
    else:
        parent = path.parent / extends
        shown = str(Path(checker.shown).parent / extends)
        try:
            inside = parent.resolve().is_relative_to(path.parent.resolve())
            exists = parent.exists()
        except (OSError, ValueError, RuntimeError):
            return refuse(f"'{shorten(extends)}' is not a usable file name")
        if not inside:
            return refuse(f"'{shorten(extends)}' is a link out of the folder; copy the file here instead")
        if not exists:
            stem = extends.removesuffix(".yaml")
            hint = f"the shipped scenario is called {stem}, without .yaml" if stem in shipped else ""
            return refuse(hinted(f"there is no file '{shorten(extends)}' in this folder", hint))
    if parent.resolve() in children:
        loop = " -> ".join([*(child.name for child in children), parent.name])
        return refuse(f"a scenario cannot extend itself ({loop})")
    if len(children) > MOST_PARENTS:
        return refuse(f"more than {MOST_PARENTS} scenarios extend each other")
    read = _read(parent, shown, children, faults)
    return read, read is None


def _override(text: str, below: _Read | None, faults: list[Fault]) -> _Read | None:
    """One ``--set`` as a layer over the file; its faults stand at ``--set:1:1``."""
    shown = "--set"
    key, equals, value = text.partition("=")
    keys = key.strip().split(".")
    if not equals or not all(keys):
        message = f"'{shorten(text)}' is not KEY=VALUE (such as levers.fines.worker_nok=5000)"
        faults.append(Fault(shown, 1, 1, "", message))
        return None
    if keys[0] in ("extends", "schema"):
        faults.append(Fault(shown, 1, 1, keys[0], "cannot be set; write another file"))
        return None
    try:
        # `key:` with nothing after it is null in YAML, and so it is here.
        node = parse(value, shown) if value.strip() else Node("scalar", TOP)
    except ScenarioError as error:
        faults += [Fault(shown, 1, 1, key.strip(), fault.message) for fault in error.faults]
        return None
    for name in reversed(keys):
        node = Node("mapping", TOP, pairs=[(Node("scalar", TOP, name, name), node)])
    checker = Checker(shown, fixed=True)
    document = checker.document(node, partial=True)
    if below is None:
        faults += checker.faults
        return None
    document.name = document.name or below.document.name
    document.title = document.title or below.document.title
    document.description = document.description or below.document.description
    document.decides = document.decides or below.document.decides
    document.expects = document.expects or below.document.expects
    read = _merge(document, below, checker, history=False) if not checker.faults else None
    faults += checker.faults
    return read


def _last_month(end: str | None, read: _Read | None, faults: list[Fault]) -> int | None:
    """The last month to simulate."""
    if end is None:
        return None if read is None else read.end

    def refuse(message: str) -> None:
        faults.append(Fault("--end", 1, 1, "period.end", message))

    try:
        month = month_number(end)
    except ValueError:
        refuse(f"'{shorten(end)}' is not a month (write YYYY-MM)")
        return None
    if read is None:
        return None
    if not read.start <= month <= read.end:
        refuse(f"{end} is outside the period {month_text(read.start)} to {month_text(read.end)}")
        return None
    return month


def changes_nothing(scenario: Scenario) -> bool:
    """Whether a scenario's monthly values equal its parent's, cut to the same period.

    False for a scenario without a parent. One that was rebuilt from a mapping knows its parent only if that
    is a shipped one.
    """
    parent = scenario.parent_levers
    if parent is None and scenario.extends in shipped_scenarios():
        faults: list[Fault] = []
        name = str(scenario.extends)
        read = _read(shipped_scenarios()[name], _shipped_name(name), [], faults)
        if faults or read is None:
            raise ScenarioError(faults)
        parent = _levers(read.layer, scenario.start, scenario.end, is_baseline=False)
    return parent is not None and _same_effect(scenario.levers, parent, scenario.end)


def _same_effect(one: Levers, two: Levers, last: int) -> bool:
    """Whether levers act alike: equal, where a rejection count that only repeats what is held says nothing."""
    from dataclasses import replace

    from irregsim.vocabulary.codes import FIRST_YEAR, year_of

    years = range(FIRST_YEAR, year_of(last) + 1)

    def held(levers: Levers) -> Mapping[int, float | None]:
        return {year: levers.rejections_in_year(year) for year in years}

    return held(one) == held(two) and replace(one, asylum_rejections_per_year=()) == replace(
        two, asylum_rejections_per_year=()
    )
