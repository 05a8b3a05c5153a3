"""A commented scenario to edit."""

from __future__ import annotations

import json
import re
import textwrap

from irregsim.scenario.faults import Fault, ScenarioError
from irregsim.scenario.file_checks import NAME_PATTERN, TOP_KEYS
from irregsim.scenario.levers import REGISTRY, Kind, Lever, range_text, words
from irregsim.scenario.loading import load_scenario
from irregsim.scenario.yaml_nodes import plain_value
from irregsim.vocabulary.codes import month_text
from irregsim.vocabulary.labels import LANGUAGES

assert TOP_KEYS[0] == "schema", "the text below follows the order of the contract"


def new_scenario_text(name: str, parent: str = "baseline") -> str:
    """Text of a scenario file: every lever as a comment with its meaning, range and an example.

    Args:
        name: Name of the new scenario.
        parent: What it extends: a shipped scenario's name, or a file relative to the folder of the new one.

    Raises:
        ScenarioError: If the name cannot name a scenario, or a shipped parent cannot be read.
    """
    if not re.fullmatch(NAME_PATTERN, name):
        message = "cannot name a folder (letters a to z, digits, - and _; at most 64)"
        raise ScenarioError([Fault(name, 1, 1, "name", message)])
    quoted = plain_text(name)
    lines = [
        "# A scenario of irregsim. Lines that begin with # are comments; remove the # to set a lever.",
        "# Check it with: irregsim validate THIS-FILE.yaml",
        "schema: 1",
        f"name: {quoted}",
        f"title: {{{', '.join(f'{lang}: {quoted}' for lang in LANGUAGES)}}}",
        "description: Describe what the scenario changes, and why.",
        f"extends: {plain_text(parent)}",
    ]
    if parent.endswith(".yaml"):
        lines.append("# period: {start: 2012-01, end: 2030-12}   # as in the parent if left out")
    else:
        base = load_scenario(parent)
        lines.append(f"period: {{start: {month_text(base.start)}, end: {month_text(base.end)}}}")
    for section in ("levers", "assumptions"):
        lines += ["", f"{section}:"]
        lines += _section([lever for lever in REGISTRY if lever.section == section])
    lines += ["", "run:", "  # replicates: 20", "  # seed: 2021"]
    return "\n".join(lines) + "\n"


def plain_text(text: str) -> str:
    """Text as YAML, in quotes only where it would be read as something else."""
    plain = re.fullmatch(r"[\w./ -]+", text) and plain_value(text) == text and not text.startswith(("-", " "))
    return text if plain else json.dumps(text, ensure_ascii=False)


def _section(levers: list[Lever]) -> list[str]:
    lines: list[str] = []
    groups: set[str] = set()
    for lever in levers:
        head, _, tail = lever.key.partition(".")
        indent = "  "
        if tail:
            if head not in groups:
                groups.add(head)
                lines.append(f"  {head}:")
            indent = "    "
        own = words(lever)
        lines += textwrap.wrap(own.meaning, 100, initial_indent=f"{indent}# ", subsequent_indent=f"{indent}# ")
        has_limits = lever.kind in (Kind.DATED, Kind.SETTING, Kind.YEARS) and range_text(lever) != own.unit
        limits = f"{range_text(lever)}; " if has_limits else ""
        lines.append(f"{indent}# ({limits}{own.unit}; decides: {own.who_decides})")
        lines.append(f"{indent}# {tail or head}: {lever.example}")
    return lines
