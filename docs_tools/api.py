"""The public API as a page: names, signatures and docstrings, and what has been promised about the tables.

``python -m docs_tools.api docs/api.md`` writes the part between the markers again.
"""

from __future__ import annotations

import importlib
import inspect
import re
import sys
from collections.abc import Sequence
from pathlib import Path

from irregsim.study import tables as run_tables
from irregsim.study.comparison.tables import TABLES as COMPARED

#: What may be relied on, by the module it is imported from. A name that is not here may change without notice.
PUBLIC: dict[str, tuple[str, ...]] = {
    "irregsim": ("load_scenario", "run", "compare", "explore", "IrregularMigrationModel"),
    "irregsim.scenario": ("Scenario", "ScenarioError"),
    "irregsim.commands.request": ("WrongUse", "RunFailed"),
    "irregsim.commands.in_memory": ("Result",),
    "irregsim.commands.compare": ("Comparison",),
    "irregsim.commands.explore": ("Exploration",),
}

START, END = "<!-- generated: api -->", "<!-- end -->"
_BLOCK = re.compile(rf"{START}\n.*?{END}", re.DOTALL)


def signature(module: str, name: str) -> str:
    """A public name with its parameters, types and defaults, as it is written in the code.

    Args:
        module: Where it is imported from.
        name: Its name there.

    Raises:
        AttributeError: If there is no such name.
    """
    thing = getattr(importlib.import_module(module), name)
    if inspect.isclass(thing) and issubclass(thing, Exception):
        return f"{name}({', '.join(base.__name__ for base in thing.__bases__)})"
    # Annotations are text in the code, which the signature would show in quotation marks.
    return re.sub(r"(: |-> )'([^']*)'", r"\1\2", f"{name}{inspect.signature(thing)}")


def names() -> list[tuple[str, str]]:
    """Module and name of everything that is public, in the order of the page."""
    return [(module, name) for module, those in PUBLIC.items() for name in those]


def page_part() -> str:
    """What stands between the markers: each name with signature and docstring, and the columns of each table."""
    out = []
    for module, name in names():
        doc = inspect.getdoc(getattr(importlib.import_module(module), name)) or ""
        out += [f"### `{module}.{name}`", "", "```text", signature(module, name), "", doc, "```", ""]
    out += ["## Tables of a run", "", "| table | columns |", "|---|---|"]
    tables = {**run_tables.TABLES, "spells": run_tables.SPELLS}
    out += [f"| `{name}` | {', '.join(f'`{c}`' for c, _ in columns)} |" for name, columns in tables.items()]
    out += ["", "## Tables of a comparison", "", "| table | columns |", "|---|---|"]
    out += [f"| `{name}` | {', '.join(f'`{c}`' for c in table.names)} |" for name, table in COMPARED.items()]
    return "\n".join(out) + "\n"


def refreshed(text: str) -> str:
    """A page with the part between the markers made again.

    Raises:
        ValueError: If the page has no such part.
    """
    if not _BLOCK.search(text):
        raise ValueError(f"no part between {START} and {END}")
    return _BLOCK.sub(lambda _: f"{START}\n{page_part()}{END}", text)


def main(arguments: Sequence[str] | None = None) -> int:
    """Refreshes the page that is named."""
    given = sys.argv[1:] if arguments is None else list(arguments)
    if len(given) != 1 or not Path(given[0]).is_file():
        print("usage: python -m docs_tools.api docs/api.md", file=sys.stderr)
        return 2
    page = Path(given[0])
    page.write_text(refreshed(page.read_text(encoding="utf-8")), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
