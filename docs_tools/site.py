"""What the documentation site adds to docs/: CONTRIBUTING.md as a page, and the reference of the code. Hooks of MkDocs.

Links between Markdown files are written for the repository, where they hold too. Those that leave docs/ lead to the
page made of that file; those to files that are no page lose their link and keep their text.
"""

from __future__ import annotations

import posixpath
import re
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parents[1]

#: Files outside docs/ that are pages, and what the page is called.
OUTSIDE: Final = {"CONTRIBUTING.md": "extending.md"}

#: Where a link to a file outside docs/ leads that the site has other pages for.
INSTEAD: Final = {"README.md": "index.md"}

#: Packages with a page in the reference: those that somebody extends or calls, and not the screens.
REFERENCE: Final = {
    "scenario": ("irregsim.scenario", "irregsim.scenario.levers", "irregsim.scenario.levers.entry"),
    "model": (
        "irregsim.model.engine",
        "irregsim.model.draws",
        "irregsim.model.simulate",
        "irregsim.model.parameters",
        "irregsim.model.population",
        "irregsim.model.plan",
    ),
    "rules": (
        "irregsim.model.month.network",
        "irregsim.model.month.reception",
        "irregsim.model.month.labour",
        "irregsim.model.month.support",
        "irregsim.model.month.choice",
        "irregsim.model.month.control",
        "irregsim.model.month.exits",
        "irregsim.model.month.needs",
    ),
    "study": (
        "irregsim.study.replicates",
        "irregsim.study.comparison.differences",
        "irregsim.study.comparison.key_figures",
        "irregsim.study.sensitivity.shares",
        "irregsim.study.sensitivity.boxes",
        "irregsim.study.exploration.design",
        "irregsim.study.exploration.flips",
        "irregsim.study.exploration.tables",
    ),
    "commands": ("irregsim.commands.run", "irregsim.commands.compare", "irregsim.commands.in_memory"),
}

_LINK: Final = re.compile(r"(?<!!)\[((?:[^\[\]]|\[[^\]]*\])*)\]\(([^)\s#:]+)(#[^)\s]*)?\)")


def with_links(text: str, source: str) -> str:
    """A Markdown text with links that hold in the site.

    Args:
        text: Of the page.
        source: Its path in the repository, such as ``docs/nb/start.md``.

    Returns:
        The text: links within docs/ as they were where the page is there too, all others as the module says.
    """
    page = OUTSIDE.get(source, source.removeprefix("docs/"))

    def target(found: re.Match[str]) -> str:
        words, path, anchor = found[1], found[2], found[3] or ""
        there = posixpath.normpath(posixpath.join(posixpath.dirname(source), path))
        inside = INSTEAD.get(there) or OUTSIDE.get(there) or (there[5:] if there.startswith("docs/") else "")
        if not inside or not Path(inside).suffix:
            return words
        if there in INSTEAD:
            anchor = ""
        return f"[{words}]({posixpath.relpath(inside, posixpath.dirname(page) or '.')}{anchor})"

    return _LINK.sub(target, text)


def reference(title: str) -> str:
    """A page of the reference: what mkdocstrings is to print."""
    lines = [
        f"# Reference: {title}",
        "",
        "From the docstrings: what it is, shapes, units, ranges, errors and sources.",
        "",
    ]
    return "\n".join([*lines, *(f"::: {module}\n" for module in REFERENCE[title])])


def on_files(files: Any, config: Any) -> Any:
    """Adds the pages that are not in docs/ (hook of MkDocs)."""
    from mkdocs.structure.files import File

    for source, page in OUTSIDE.items():
        text = (ROOT / source).read_text(encoding="utf-8")
        files.append(File.generated(config, page, content=with_links(text, source)))
    for title in REFERENCE:
        files.append(File.generated(config, f"reference/{title}.md", content=reference(title)))
    return files


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Puts the links of a page of docs/ right (hook of MkDocs)."""
    path = page.file.src_uri
    return markdown if path in OUTSIDE.values() else with_links(markdown, f"docs/{path}")


def on_post_page(output: str, page: Any, **_: Any) -> str:
    """Says the language of Norwegian pages, for those who have them read out (hook of MkDocs)."""
    return output.replace('<html lang="en"', '<html lang="nb"', 1) if page.file.src_uri.startswith("nb/") else output
