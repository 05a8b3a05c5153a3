"""How a scenario file is laid out: block style, entries on one line where they fit, quotes only where needed."""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass

from irregsim.scenario.levers import number_text
from irregsim.scenario.writing.new_file import plain_text

_WIDTH = 120
_TYPED_SPACES = "\u00a0\u202f"  # no-break spaces, as in "15 000"

Row = dict[str, str]
"""An entry of a list: its values as YAML, by key."""


@dataclass(frozen=True)
class Flow:
    """A mapping that is written on one line where it fits."""

    row: Row


Branch = str | Flow | list[Flow] | dict[str, "Branch"]
"""What a key contains: a value as YAML, an entry, a list of entries or a mapping."""


def scalar(value: bool | float | str | None) -> str:
    """A value as YAML."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    return yaml_text(value) if isinstance(value, str) else number_text(value)


def yaml_text(text: str) -> str:
    """Text as YAML on one line, in quotes only where it would be read as something else."""
    # A colon between letters, as in stock:synlig, ends no key.
    bare = re.sub("(?<=[a-z]):(?=[a-zA-ZÆØÅ])", "", text)
    if plain_text(bare) == bare:
        return text
    letters = json.dumps(text, ensure_ascii=False)
    return "".join(one if one.isprintable() or one in _TYPED_SPACES else _escape(one) for one in letters)


def _escape(letter: str) -> str:
    return f"\\u{ord(letter):04x}" if ord(letter) < 0x10000 else f"\\U{ord(letter):08x}"


def _paragraph(text: str, indent: int) -> str:
    """Text as YAML after a key: in a block if it is long or has lines of its own."""
    typed = all(letter.isprintable() or letter in _TYPED_SPACES for letter in text.replace("\n", ""))
    pad = " " * indent
    if typed and "\n" in text:
        lines = text.split("\n")
        if all(line == line.rstrip() for line in lines) and text == text.strip():
            return "\n".join(["|-", *(pad + line if line else "" for line in lines)])
    elif typed and len(pad + text) > _WIDTH - 15:
        lines = textwrap.wrap(text, _WIDTH - indent, break_long_words=False, break_on_hyphens=False)
        if len(lines) > 1 and " ".join(lines) == text:
            return "\n".join([">-", *(pad + line for line in lines)])
    return yaml_text(text)


def paragraphs(texts: Mapping[str, str] | str, indent: int) -> Branch:
    """A text, or one for each language, as YAML after a key."""
    if isinstance(texts, str):
        return _paragraph(texts, indent)
    return {yaml_text(language): _paragraph(text, indent + 2) for language, text in texts.items()}


def block_lines(branches: Mapping[str, Branch], indent: int = 0) -> list[str]:
    """Lines of a mapping in block style, its entries on one line where they fit."""
    out: list[str] = []
    for key, branch in branches.items():
        head = f"{' ' * indent}{key}:"
        if isinstance(branch, str):
            out.append(f"{head} {branch}")
        elif isinstance(branch, dict):
            out += [head, *block_lines(branch, indent + 2)]
        elif isinstance(branch, Flow):
            one = f"{head} {_one_line(branch)}"
            out += [one] if len(one) <= _WIDTH else [head, *(block_lines(dict(branch.row), indent + 2))]
        else:
            out.append(head)
            for entry in branch:
                one = f"{' ' * indent}  - {_one_line(entry)}"
                block = block_lines(dict(entry.row), indent + 4)
                block[0] = f"{' ' * indent}  - {block[0].lstrip()}"
                out += [one] if len(one) <= _WIDTH else block
    return out


def _one_line(flow: Flow) -> str:
    return "{" + ", ".join(f"{key}: {value}" for key, value in flow.row.items()) + "}"
