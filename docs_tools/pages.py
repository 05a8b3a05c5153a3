"""Pages and diagrams of the documentation made from the code: ``python -m docs_tools.pages`` writes them again.

A test compares them with what is stored. The tables inside docs/odd.md and docs/api.md have makers of their own.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

import yaml

from docs_tools import cookbook, diagrams

ROOT: Final = Path(__file__).resolve().parents[1]


def citing() -> str:
    """The page on how to cite, from ``CITATION.cff``."""
    told = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    authors = ", ".join(one["name"] for one in told["authors"])
    lines = [
        "# How to cite",
        "",
        f"{told['message']}",
        "",
        f"> {authors}. *{told['title']}*. Version {told['version']}. Licence {told['license']}.",
        "",
        "Cite with it what the finding stands on:",
        "",
    ]
    for one in told["references"]:
        names = " and ".join(author.get("family-names") or author["name"] for author in one["authors"])
        more = [str(one[key]) for key in ("number", "license", "year") if key in one]
        lines.append(f"- {names}: *{one['title']}*. {', '.join(more)}.")
    lines += [
        "",
        "Say also which run a number is from: `irregsim runs show FOLDER` prints its id, version, posterior and",
        "seed, and `irregsim reproduce FOLDER` repeats the run and says whether every table is identical. UNHCR's",
        "attribution is in `src/irregsim/data/external/NOTICE.md`. For programs: `CITATION.cff` and `codemeta.json`.",
    ]
    return "\n".join(lines) + "\n"


#: Every page and picture that is made from the code, by its path in the repository.
GENERATED: Final[Mapping[str, Callable[[], str]]] = {
    "docs/cookbook.md": lambda: cookbook.cookbook("en"),
    "docs/nb/oppskrifter.md": lambda: cookbook.cookbook("nb"),
    "docs/glossary.md": lambda: cookbook.glossary("en"),
    "docs/nb/ordliste.md": lambda: cookbook.glossary("nb"),
    "docs/citing.md": citing,
    "docs/pictures/month-en.svg": lambda: diagrams.month("en"),
    "docs/pictures/month-nb.svg": lambda: diagrams.month("nb"),
    "docs/pictures/registers-en.svg": lambda: diagrams.registers("en"),
    "docs/pictures/registers-nb.svg": lambda: diagrams.registers("nb"),
    "docs/pictures/flow-en.svg": lambda: diagrams.flow("en"),
    "docs/pictures/flow-nb.svg": lambda: diagrams.flow("nb"),
}


def main() -> int:
    """Writes all of them again, and says which have changed."""
    for name, make in GENERATED.items():
        path, text = ROOT / name, make()
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8", newline="\n")
            print(name)
    return 0


if __name__ == "__main__":
    sys.exit(main())
