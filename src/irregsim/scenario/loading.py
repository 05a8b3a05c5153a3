"""From a path to a resolved scenario, with ``--set`` and ``--end``."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from irregsim.scenario.faults import EnoughFaults, Fault, ScenarioError, and_more, hinted, near_file, shorten
from irregsim.scenario.file_checks import Checker
from irregsim.scenario.reading import (
    BASELINE,
    ReadFile,
    merge_file,
    read_file,
    scenario_of,
    shipped_levers,
    shipped_name,
    shipped_scenarios,
)
from irregsim.scenario.resolved import Scenario
from irregsim.scenario.settings import month_fault, override
from irregsim.scenario.yaml_nodes import TOP, Node, parse
from irregsim.vocabulary.codes import month_number, month_text
from irregsim.vocabulary.knowledge import UnknownFact, checked_facts


def load_scenario(
    path: str | os.PathLike[str],
    *,
    overrides: str | Sequence[str] = (),
    end: str | None = None,
    without: str | Sequence[str] = (),
) -> Scenario:
    """Read, check and resolve a scenario.

    Args:
        path: A YAML file, or the bare name of a shipped scenario (write ``./name`` for a file without an
            ending).
        overrides: ``--set`` strings, such as ``levers.fines.worker_nok=5000``, or one of them. Each acts like a child
            of the file.
        end: Last month (``YYYY-MM``) instead of the file's; what comes later is cut.
        without: Ids of facts (``U05``) that do not count as history.

    Returns:
        The resolved scenario.

    Raises:
        ScenarioError: With every fault found in the file, its parents and the overrides.
        TypeError: If the path is no path, or an override, the end or a fact is no text.
    """
    # One text is one of them, not a list of letters.
    overrides, without = ((one,) if isinstance(one, str) else tuple(one) for one in (overrides, without))
    for text in (*overrides, *without, *(() if end is None else (end,))):
        if not isinstance(text, str):
            raise TypeError(f"{text!r:.60} is no text: overrides, end and facts are given as text")
    given, shown = _found(path)
    faults: list[Fault] = []
    return _resolved(read_file(given, shown, [], faults), given, overrides, end, without, faults)


@dataclass(frozen=True)
class Opened:
    """A file that was read with its parents, of which many scenarios are made without reading it again.

    It travels to other processes, which then need no file.

    Attributes:
        read: The file and its parents.
        path: Where it was.
    """

    read: ReadFile
    path: Path

    def scenario(self, overrides: Sequence[str] = ()) -> Scenario:
        """The scenario with some ``--set``, as `load_scenario` has it.

        Args:
            overrides: ``--set`` strings.

        Raises:
            ScenarioError: With every fault in them.
        """
        return _resolved(self.read, self.path, tuple(overrides), None, (), [])


def open_scenario(path: Path, shown: str) -> Opened:
    """Reads a file of which scenarios are made.

    Args:
        path: The file.
        shown: Its name in messages.

    Raises:
        ScenarioError: With every fault in the file and its parents.
    """
    faults: list[Fault] = []
    read = read_file(path, shown, [], faults)
    if faults or read is None:
        raise ScenarioError(_in_order(faults))
    return Opened(read, path)


def _found(path: str | os.PathLike[str]) -> tuple[Path, str]:
    """Where a scenario that somebody named is, and its name in messages."""
    given = Path(path)
    shown = str(given) if isinstance(path, os.PathLike) else path
    shipped = shipped_scenarios()
    if shown in shipped:
        return shipped[shown], shipped_name(shown)
    if not os.path.exists(given) and given.suffix not in (".yaml", ".yml") and "/" not in shown:
        near = near_file(shown, Path(), shipped)
        message = hinted("no such file and no shipped scenario", near, f"shipped: {', '.join(shipped)}")
        raise ScenarioError([Fault(shown, 1, 1, "", message)])
    if not os.path.lexists(given) and (near := near_file(shown, given.parent, shipped)):
        raise ScenarioError([Fault(shown, 1, 1, "", hinted("no such file", near))])
    return given, shown


def _resolved(
    read: ReadFile | None,
    given: Path,
    overrides: Sequence[str],
    end: str | None,
    without: Sequence[str],
    faults: list[Fault],
) -> Scenario:
    """The scenario of a file, or every fault in it and in what is laid over it."""
    below = read
    for text in overrides:
        own = _override(text, below, faults)
        below = own or below
    last = _last_month(end, below, faults)
    left_out: tuple[str, ...] = ()
    try:
        left_out = checked_facts(without, None if below is None else below.as_known)
    except UnknownFact as error:
        faults += [Fault("--without", 1, 1, "", line) for line in str(error).splitlines()]
    if faults or read is None or below is None or last is None:
        raise ScenarioError(_in_order(faults))
    return scenario_of(read, below, last, is_baseline=_is_shipped(given, BASELINE), without=left_out)


def _is_shipped(path: Path, name: str) -> bool:
    shipped = shipped_scenarios().get(name)
    return shipped is not None and path.resolve() == shipped.resolve()


def _in_order(faults: Sequence[Fault]) -> list[Fault]:
    """Faults by place within each file, files in the order in which they were read."""
    files = list(dict.fromkeys(fault.file for fault in faults))
    unique = dict.fromkeys(faults)
    return sorted(unique, key=lambda fault: (files.index(fault.file), fault.line, fault.column))


def _override(text: str, below: ReadFile | None, faults: list[Fault]) -> ReadFile | None:
    """One ``--set`` as a layer over the file; its faults are reported at ``--set:1:1``."""
    shown = "--set"
    key, equals, value = text.partition("=")
    key, at, month = key.strip().partition("@")
    keys = key.split(".")
    if not equals or not all(keys):
        message = f"'{shorten(text)}' is not KEY=VALUE (such as levers.fines.worker_nok=5000)"
        faults.append(Fault(shown, 1, 1, "", message))
        return None
    if keys[0] in ("extends", "schema"):
        faults.append(Fault(shown, 1, 1, keys[0], "cannot be set; write another file"))
        return None
    if at:
        if fault := month_fault(key, month):
            faults.append(Fault(shown, 1, 1, shorten(key), fault))
            return None
        value = override(key, month, value).partition("=")[2]
    try:
        # `key:` with nothing after it is null in YAML, and so it is here.
        node = parse(value, shown) if value.strip() else Node("scalar", TOP)
    except ScenarioError as error:
        faults += [Fault(shown, 1, 1, shorten(key.strip()), fault.message) for fault in error.faults]
        return None
    for name in reversed(keys):
        node = Node("mapping", TOP, pairs=[(Node("scalar", TOP, name, name), node)])
    checker = Checker(shown, fixed=True)
    read: ReadFile | None = None
    try:
        document = checker.document(node, partial=True)
        if below is not None:
            document.name = document.name or below.document.name
            document.title = document.title or below.document.title
            document.description = document.description or below.document.description
            document.decides = document.decides or below.document.decides
            document.expects = document.expects or below.document.expects
            document.warnings = [*below.document.warnings, *document.warnings]
            read = merge_file(document, below, checker, history=False) if not checker.faults else None
    except EnoughFaults:
        checker.faults.append(and_more(checker.faults))
    faults += checker.faults
    return read


def _last_month(end: str | None, read: ReadFile | None, faults: list[Fault]) -> int | None:
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
    """Whether a scenario acts as its parent does, cut to the same period.

    False for a scenario without a parent. One that was rebuilt from a mapping knows its parent only if that
    is a shipped one.
    """
    parent = scenario.parent_levers
    if parent is None and scenario.extends in shipped_scenarios():
        parent = shipped_levers(str(scenario.extends), scenario.start, scenario.end, scenario.levers.knowledge.without)
    return parent is not None and scenario.levers.first_difference(parent) is None
