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
from irregsim.vocabulary.labels import LANGUAGES, label

assert TOP_KEYS[0] == "schema", "the text below follows the order of the contract"


def new_scenario_text(name: str, parent: str = "baseline", lang: str = "en") -> str:
    """Text of a scenario file: every lever as a comment with its meaning, range and an example.

    Args:
        name: Name of the new scenario.
        parent: What it extends: a shipped scenario's name, or a file relative to the folder of the new one.
        lang: Language of the comments. Keys and values are the same in every language.

    Raises:
        ScenarioError: If the name cannot name a scenario, or a shipped parent cannot be read.
    """
    if not re.fullmatch(NAME_PATTERN, name):
        message = "cannot name a folder (letters a to z, digits, - and _; at most 64)"
        raise ScenarioError([Fault(name, 1, 1, "name", message)])
    quoted = plain_text(name)
    lines = [
        f"# {label('new_file.about', lang)}",
        f"# {label('new_file.check', lang)}",
        "schema: 1",
        f"name: {quoted}",
        f"title: {{{', '.join(f'{lang}: {quoted}' for lang in LANGUAGES)}}}",
        # A comment: reports print a description, and one that nobody wrote would be printed too.
        f"# description: {label('new_file.description', lang)}",
        f"extends: {plain_text(parent)}",
    ]
    if parent.endswith(".yaml"):
        lines.append(f"# period: {{start: 2012-01, end: 2030-12}}   # {label('new_file.period', lang)}")
    else:
        base = load_scenario(parent)
        lines.append(f"period: {{start: {month_text(base.start)}, end: {month_text(base.end)}}}")
    for section in ("levers", "assumptions"):
        lines += ["", f"{section}:"]
        lines += _section([lever for lever in REGISTRY if lever.section == section], lang)
    lines += ["", "run:", "  # replicates: 20", "  # seed: 2021"]
    return "\n".join(lines) + "\n"


def plain_text(text: str) -> str:
    """Text as YAML, in quotes only where it would be read as something else."""
    plain = re.fullmatch(r"[\w./ -]+", text) and plain_value(text) == text and not text.startswith(("-", " "))
    return text if plain else json.dumps(text, ensure_ascii=False)


def _section(levers: list[Lever], lang: str) -> list[str]:
    lines: list[str] = []
    groups: set[str] = set()
    decides = label("new_file.decides", lang)
    for lever in levers:
        head, _, tail = lever.key.partition(".")
        indent = "  "
        if tail:
            if head not in groups:
                groups.add(head)
                lines.append(f"  {head}:")
            indent = "    "
        own = words(lever, lang)
        lines += textwrap.wrap(own.meaning, 100, initial_indent=f"{indent}# ", subsequent_indent=f"{indent}# ")
        # Where the unit is the values themselves (true or false), the values as a file writes them are enough.
        is_unit = range_text(lever) == words(lever).unit
        has_limits = lever.kind in (Kind.DATED, Kind.SETTING, Kind.YEARS) and not is_unit
        limits = f"{range_text(lever, lang)}; " if has_limits else ""
        unit = range_text(lever, lang) if is_unit else own.unit
        lines.append(f"{indent}# ({limits}{unit}; {decides}: {own.who_decides})")
        lines.append(f"{indent}# {tail or head}: {lever.example}")
    return lines
