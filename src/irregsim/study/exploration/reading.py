"""A study file, checked as scenario files are: nodes in, a study or every fault out."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from irregsim.model.parameters import Parameter, parameters
from irregsim.scenario import Scenario, ScenarioError
from irregsim.scenario.changes import LAST_COUNTED
from irregsim.scenario.faults import EnoughFaults, Fault, and_more, hinted, shorten
from irregsim.scenario.file_checks import LARGEST_SEED, Checker
from irregsim.scenario.levers import number_text
from irregsim.scenario.loading import Opened, open_scenario
from irregsim.scenario.reading import named_file
from irregsim.scenario.settings import month_fault, override
from irregsim.scenario.value_checks import LONGEST_NAME, found, listed
from irregsim.scenario.yaml_nodes import Mark, Node, parse, read_text
from irregsim.study.comparison.key_figures import PANELS, key_outcomes
from irregsim.study.comparison.pairs import different_period
from irregsim.study.exploration.design import (
    BESIDE,
    EVEN,
    FEWEST_BLOCKS,
    FEWEST_POINTS,
    HIGHER,
    LOWER,
    MOST_CHOICES,
    MOST_OUTCOMES,
    MOST_POINTS,
    MOST_POLICIES,
    MOST_RANGES,
    MOST_REPEATS,
    SCREENING,
    Axis,
    Study,
)
from irregsim.study.replicates import LARGEST_SCALE
from irregsim.vocabulary.codes import month_text
from irregsim.vocabulary.labels import by_language

KEYS: Final = (
    "schema",
    "name",
    "title",
    "reference",
    "policies",
    "ranges",
    "parameters",
    "outcomes",
    "points",
    "seed",
    "scale",
    "draws",
    "repeats",
    "design",
)
_NEEDED: Final = {
    "schema": "write `schema: 1`",
    "name": "write `name: my-study`",
    "reference": "write `reference: baseline`",
    "policies": "write `policies: [package-restrictive]`",
    "ranges": "write `ranges: {levers.assisted_return.support_nok@2022-01: {low: 10000, high: 80000}}`",
    "outcomes": "write `outcomes: {outcome:homeless_person_months: lower}`",
}

#: Kinds of draws that a file may ask for; a folder would lead out of the file's own.
DRAWS: Final = ("posterior", "prior", "point")
USUAL_POINTS: Final = 128
USUAL_SEED: Final = 2021

#: Ends where there is no end, and what is nearly an end that is no value itself: for messages a person can read.
_FAR: Final = 1e12
_NEARLY: Final = 1e-9

#: Of the outcomes on life and services, those that say what the authorities do.
_OF_AUTHORITIES: Final = frozenset(
    {
        "outcome:inspections",
        "outcome:fines_nok",
        "register:ssb_sanctions",
        "outcome:detention_days",
        "outcome:offences_reported",
        "outcome:offences_unreported",
        "outcome:centre_bed_days",
    }
)

#: Outcomes that say how people live: one of them is in every study.
WELFARE: Final = frozenset({"stock:fritt_fall"}) | {
    outcome for panel in ("living", "labour", "services") for outcome in PANELS[panel] if outcome not in _OF_AUTHORITIES
}


def read_study(path: Path, *, points: int | None = None, scale: float | None = None) -> Study:
    """Reads and checks a study file.

    Args:
        path: The file.
        points: How many points instead of what it says.
        scale: Population scale instead of what it says.

    Raises:
        ScenarioError: With every fault in it, in the scenarios that it names, and in the ends of its ranges.
    """
    shown = str(path)
    root = parse(read_text(path, shown), shown)
    checker = _Checker(shown, path)
    study: Study | None = None
    try:
        study = checker.study(root, points, scale)
    except EnoughFaults:
        checker.faults.append(and_more(checker.faults))
    faults = [*checker.inside, *checker.faults]
    if faults or study is None:
        raise ScenarioError(sorted(dict.fromkeys(faults), key=lambda one: (one.file != shown, one.line, one.column)))
    return study


@dataclass
class _Said:
    """What a file says, as far as it could be read."""

    name: str = ""
    title: dict[str, str] = field(default_factory=dict)
    points: int = USUAL_POINTS
    seed: int = USUAL_SEED
    scale: float = 1.0
    draws: str = DRAWS[0]
    repeats: int = 1
    design: str = EVEN


class _Checker(Checker):
    """Checks a study and collects every fault.

    Attributes:
        inside: Faults of scenario files that it names.
        notes: What the user must know, a line each.
    """

    def __init__(self, shown: str, file: Path) -> None:
        super().__init__(shown)
        self.file = file
        self.inside: list[Fault] = []
        self.notes: list[str] = []

    def study(self, root: Node, points: int | None, scale: float | None) -> Study | None:
        if root.kind != "mapping":
            self.fault(root.mark, "", f"a study is a mapping of keys ({', '.join(KEYS)}), not {found(root)}")
            return None
        nodes = {key: node for key, _, node in self.pairs(root, "", dict.fromkeys(KEYS, ""), "key of a study")}
        for key, what in _NEEDED.items():
            if key not in nodes:
                self.fault(root.mark, key, f"is missing ({what})")
        said = self._said(nodes)
        said.points = said.points if points is None else points
        said.scale = said.scale if scale is None else scale
        outcomes = self._outcomes(nodes["outcomes"]) if "outcomes" in nodes else {}
        files, marks = self._scenarios(nodes)
        scenarios = [file.scenario() for file in files]
        names = [one.name for one in scenarios]
        axes, places = self._axes(nodes, names[1:])
        if said.design == SCREENING:
            said.points = self._blocks(said, len(axes), nodes)
        if self.faults or self.inside:
            return None
        for one, mark in zip(scenarios[1:], marks[1:], strict=True):
            if names.count(one.name) > 1:
                self.fault(mark, "policies", f"two scenarios are called {one.name}; give one another name")
            if (one.start, one.end) != (scenarios[0].start, scenarios[0].end):
                self.fault(mark, "policies", different_period(scenarios[0], one))
        if self.faults:
            return None
        since = self._tried(files, scenarios, axes, places)
        for one, month, mark in zip(scenarios[1:], since, marks[1:], strict=True):
            if month is None:
                self.fault(mark, "policies", f"{one.name} changes nothing: its values are those of {names[0]}")
        first = [month for month in since if month is not None]
        if self.faults or len(first) < len(since):
            return None
        return Study(
            said.name,
            said.title or by_language(said.name),
            names[0],
            tuple(names[1:]),
            tuple(files),
            tuple(first),
            {one.name: dict(one.title) for one in scenarios},
            tuple(axes),
            outcomes,
            said.points,
            said.seed,
            said.scale,
            said.draws,
            tuple(self.notes),
            said.repeats,
            said.design,
        )

    def _said(self, nodes: Mapping[str, Node]) -> _Said:
        """The keys that hold one value each."""
        said = _Said()
        readers: dict[str, Callable[[Node], object]] = {
            "schema": lambda node: self.integer(node, "schema", 1, 1, "the version of the form"),
            "name": self._name,
            "title": lambda node: by_language(text) if isinstance(text := self._texts(node, "title"), str) else text,
            "points": lambda node: self.integer(node, "points", FEWEST_POINTS, MOST_POINTS, "points"),
            "seed": lambda node: self.integer(node, "seed", 0, LARGEST_SEED, "a seed"),
            "scale": lambda node: self._scale(node),
            "draws": lambda node: self.one_of(node, "draws", DRAWS, "kind of draws"),
            "design": lambda node: self.one_of(node, "design", (EVEN, SCREENING), "design"),
            "repeats": lambda node: self.integer(node, "repeats", 1, MOST_REPEATS, "simulations of each point"),
        }
        for key, read in readers.items():
            value = read(nodes[key]) if key in nodes else None
            if value is not None and key != "schema":
                setattr(said, key, value)
        return said

    def _blocks(self, said: _Said, axes: int, nodes: Mapping[str, Node]) -> int:
        """As many points as whole blocks of moves have."""
        size = axes + BESIDE
        if said.repeats > 1:
            message = "a screening has a move to other random numbers in every block; leave repeats out"
            self.fault(nodes["repeats"].mark, "repeats", message)
        if said.points < FEWEST_BLOCKS * size:
            message = (
                f"{said.points} are too few: a screening of {axes} things has blocks of {size} points, and needs "
                f"{FEWEST_BLOCKS} blocks, {FEWEST_BLOCKS * size} points, or more"
            )
            self.fault((nodes.get("points") or nodes["design"]).mark, "points", message)
        whole = said.points // size * size
        if whole < said.points:
            self.notes.append(f"points: {said.points} are no whole blocks of {size}; {whole} are simulated")
        return whole

    def _scale(self, node: Node) -> float | None:
        scale = self.number(node, "scale", 0.0, LARGEST_SCALE, "size of the population, 1 is the country")
        if scale == 0.0:
            self.fault(node.mark, "scale", "must be above 0")
            return None
        return scale

    # ---- scenarios --------------------------------------------------------------------------------------

    def _scenarios(self, nodes: Mapping[str, Node]) -> tuple[list[Opened], list[Mark]]:
        """The reference and the policies; fewer after a fault."""
        named: list[tuple[str, Node]] = [("reference", nodes["reference"])] if "reference" in nodes else []
        if "policies" in nodes:
            node = nodes["policies"]
            if node.kind != "list" or not 1 <= len(node.items) <= MOST_POLICIES:
                count = f"{len(node.items)} in a list" if node.kind == "list" else found(node)
                self.fault(
                    node.mark,
                    "policies",
                    f"must be a list of 1 to {MOST_POLICIES} scenarios, such as [package-restrictive]; found {count}",
                )
            else:
                named += [(f"policies[{i}]", one) for i, one in enumerate(node.items)]
        files, marks = [], []
        for path, node in named:
            text = self.text(node, path)
            place = None if text is None else named_file(text, self.file, self.shown, "compared")
            if isinstance(place, str):
                self.fault(node.mark, path, place)
            elif place is not None:
                try:
                    files.append(open_scenario(*place))
                    marks.append(node.mark)
                except ScenarioError as error:
                    self.inside += error.faults
        return files, marks

    def _tried(
        self, files: Sequence[Opened], scenarios: Sequence[Scenario], axes: Sequence[Axis], places: Sequence[Mark]
    ) -> list[int | None]:
        """Every scenario at every end of every range; the first month in which each policy differs anywhere."""
        firsts: list[list[int]] = [[] for _ in files]

        def note(number: int, one: Scenario, reference: Scenario) -> None:
            month = one.levers.first_difference(reference.levers, since=reference.start)
            firsts[number] += [] if month is None else [month]

        for number, one in enumerate(scenarios):
            note(number, one, scenarios[0])
        for axis, mark in zip(axes, places, strict=True):
            if axis.is_parameter:
                continue
            ends = range(len(axis.choices)) if axis.choices else (axis.low, axis.high)
            for end in ends:
                made: dict[int, Scenario] = {}
                for number, (file, own) in enumerate(zip(files, scenarios, strict=True)):
                    if not axis.holds_for(own.name):
                        continue
                    try:
                        made[number] = file.scenario([override(axis.key, axis.month, axis.text(end))])
                    except ScenarioError as error:
                        for fault in error.faults:
                            where = f"ranges.{axis.name}"
                            self.fault(mark, where, f"{axis.text(end)} cannot be used in {own.name}: {fault.message}")
                        break
                early = [one.levers.first_difference(scenarios[n].levers, since=one.start) for n, one in made.items()]
                if any(month is not None and month <= LAST_COUNTED for month in early):
                    self._note_early(axis)
                for number, one in made.items():
                    note(number, one, made.get(0, scenarios[0]))
        return [min(months, default=None) for months in firsts[1:]]

    def _note_early(self, axis: Axis) -> None:
        line = f"ranges.{axis.name}: changes years that have counts (to {month_text(LAST_COUNTED)})"
        later = month_text(LAST_COUNTED + 1)
        if not axis.month and month_fault(axis.key, later) is None:
            line += f"; to begin after them write {axis.key}@{later}"
        if line not in self.notes:
            self.notes.append(line)

    # ---- what is not known ------------------------------------------------------------------------------

    def _axes(self, nodes: Mapping[str, Node], policies: Sequence[str]) -> tuple[list[Axis], list[Mark]]:
        axes: list[Axis] = []
        marks: list[Mark] = []
        for section, read in (("ranges", self._range), ("parameters", self._parameter)):
            node = nodes.get(section)
            if node is None:
                continue
            fewest = 1 if section == "ranges" else 0
            if node.kind != "mapping" or not fewest <= len(node.pairs) <= MOST_RANGES:
                count = f"{len(node.pairs)}" if node.kind == "mapping" else found(node)
                message = f"must be a mapping of {fewest} to {MOST_RANGES} {section}, found {count}"
                self.fault(node.mark, section, message)
                continue
            first: dict[str, Mark] = {}
            for key_node, child in node.pairs:
                key = key_node.text if key_node.kind == "scalar" else "?"
                path = f"{section}.{shorten(key)}"
                if (own := key.partition("@")[0]) in first:
                    self.fault(key_node.mark, path, f"duplicate (first on line {first[own].line}); keep one")
                    continue
                first[own] = key_node.mark
                axis = read(key, path, key_node, child, policies)
                if axis is not None:
                    axes.append(axis)
                    marks.append(key_node.mark)
        return axes, marks

    def _range(self, key: str, path: str, key_node: Node, node: Node, policies: Sequence[str]) -> Axis | None:
        setting, at, month = key.partition("@")
        if not setting.startswith(("levers.", "assumptions.")):
            message = (
                "is no full path of a lever or assumption, such as levers.fines.worker_nok or assumptions.response"
            )
            self.fault(key_node.mark, path, message)
            return None
        if at and (fault := month_fault(setting, month)):
            self.fault(key_node.mark, path, fault)
            return None
        parts = self._parts(node, path, {"low": "", "high": "", "choices": "", "only": ""})
        only: tuple[str, ...] = ()
        if "only" in parts:
            given = parts["only"].items if parts["only"].kind == "list" else [parts["only"]]
            texts = [self.one_of(one, f"{path}.only", policies, "policy") for one in given]
            only = tuple(text for text in texts if text is not None)
            if not only:
                return None
        if "choices" in parts:
            if "low" in parts or "high" in parts:
                self.fault(node.mark, path, "has choices and a range; keep one of them")
                return None
            choices = self._choices(parts["choices"], f"{path}.choices")
            if choices is None:
                return None
            return Axis(key, 0.0, len(choices) - 1.0, tuple(choices.values()), tuple(choices), only)
        ends = self._ends(node, path, parts, -_FAR, _FAR, "the unit of the lever")
        return None if ends is None else Axis(key, *ends, only=only)

    def _parts(self, node: Node, path: str, known: Mapping[str, str]) -> dict[str, Node]:
        if node.kind != "mapping":
            hint = "write {low: 10, high: 20}" + (", or {choices: [a, b]}" if "choices" in known else "")
            self.fault(node.mark, path, hinted(f"must be a mapping with {listed(known)}, found {found(node)}", hint))
            return {}
        return {key: child for key, _, child in self.pairs(node, path, known, "key here")}

    def _choices(self, node: Node, path: str) -> dict[str, str] | None:
        """Name of every choice to its value in YAML: a mapping, or a list of single values that name themselves."""
        given = [(one, one) for one in node.items] if node.kind == "list" else list(node.pairs)
        if not 2 <= len(given) <= MOST_CHOICES:
            count = f"{len(given)}" if node.kind != "scalar" else found(node)
            self.fault(node.mark, path, f"must be a list, or a mapping by name, of 2 to {MOST_CHOICES}, found {count}")
            return None
        out: dict[str, str] = {}
        for name, value in given:
            if name.kind != "scalar":
                hint = "choices: {no agreement: null, agreement: [...]}"
                self.fault(name.mark, path, f"a choice that is no single value needs a name (write {hint})")
                return None
            if name.text in out or not 0 < len(name.text.strip()) <= LONGEST_NAME or ";" in name.text:
                message = (
                    f"'{shorten(name.text)}' is no name of a choice (1 to {LONGEST_NAME} letters, no ;, each once)"
                )
                self.fault(name.mark, path, message)
                return None
            out[name.text] = flow(value)
        if len(set(out.values())) < len(out):
            self.fault(node.mark, path, "a value is given twice")
            return None
        return out

    def _ends(
        self, node: Node, path: str, parts: Mapping[str, Node], least: float, most: float, unit: str
    ) -> tuple[float, float] | None:
        """Two ends of a range, the first below the second."""
        if not parts:
            return None
        missing = [key for key in ("low", "high") if key not in parts]
        if missing:
            self.fault(node.mark, path, f"{' and '.join(missing)} missing (write {{low: 10, high: 20}})")
            return None
        low, high = (self.number(parts[key], f"{path}.{key}", least, most, unit) for key in ("low", "high"))
        if low is None or high is None:
            return None
        if not low < high:
            self.fault(node.mark, path, f"low {number_text(low)} is not below high {number_text(high)}")
            return None
        return low, high

    def _parameter(self, key: str, path: str, key_node: Node, node: Node, policies: Sequence[str]) -> Axis | None:
        known = parameters()
        if key not in known:
            message = hinted(
                f"no parameter '{shorten(key)}'", self.nearest(key, known), "irregsim parameters lists all"
            )
            self.fault(key_node.mark, path, message)
            return None
        least, most = support(known[key])
        if not least < most:
            self.fault(key_node.mark, path, f"is fixed at {number_text(least)} and has no range")
            return None
        parts = self._parts(node, path, {"low": "", "high": ""})
        ends = self._ends(node, path, parts, least, most, known[key].unit)
        if ends is not None and (ends[0] < known[key].low or ends[1] > known[key].high):
            usual = f"{number_text(known[key].low)} to {number_text(known[key].high)}"
            self.notes.append(f"{path}: goes beyond the 95 % range of its prior, {usual}")
        return None if ends is None else Axis(key, *ends, is_parameter=True)

    # ---- outcomes ---------------------------------------------------------------------------------------

    def _outcomes(self, node: Node) -> dict[str, str]:
        """Outcome to what is wanted of it; a list wants nothing of them."""
        known = [outcome for _, outcome in key_outcomes()]
        given = [(one, None) for one in node.items] if node.kind == "list" else list(node.pairs)
        if not 1 <= len(given) <= MOST_OUTCOMES:
            self.fault(node.mark, "outcomes", f"must be 1 to {MOST_OUTCOMES} outcomes, found {len(given)}")
            return {}
        out: dict[str, str] = {}
        for one, child in given:
            code = self.one_of(one, "outcomes", known, "outcome")
            if code is None:
                continue
            if code in out:
                self.fault(one.mark, f"outcomes.{code}", "is given twice")
            wanted: str | None = ""
            if child is not None and not (child.kind == "scalar" and child.value is None):
                wanted = self.one_of(child, f"outcomes.{code}", (LOWER, HIGHER), "wish")
            out[code] = wanted or ""
        if out and not WELFARE & out.keys():
            self.fault(
                node.mark,
                "outcomes",
                "are all about control and who is here; add one about how people live (such as "
                "outcome:homeless_person_months): policies are not compared by returns or arrests alone",
            )
        return out


def flow(node: Node) -> str:
    """A value on one line, as ``--set`` reads it."""
    if node.kind == "list":
        return "[" + ", ".join(flow(one) for one in node.items) + "]"
    if node.kind == "mapping":
        return "{" + ", ".join(f"{flow(key)}: {flow(value)}" for key, value in node.pairs) + "}"
    return json.dumps(node.text, ensure_ascii=False) if node.quoted else node.text


def support(parameter: Parameter) -> tuple[float, float]:
    """The values that a prior allows: its two ends, which are equal where the parameter is fixed."""
    if parameter.distribution == "fixed" or parameter.p2 is None:
        return parameter.p1, parameter.p1
    if parameter.distribution == "uniform":
        return parameter.p1, parameter.p2
    if parameter.distribution == "lognormal":
        return _NEARLY, _FAR
    if parameter.distribution in ("logitnormal", "beta"):
        return _NEARLY, 1.0 - _NEARLY
    return -_FAR, _FAR
