"""The documentation site: pages made from the code, links that leave docs/, and commands and snippets that work."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import click
import pytest
import yaml
from click.testing import CliRunner

from docs_tools import diagrams, pages, site
from docs_tools.cookbook import cookbook, recipe, terms
from irregsim.cli import main
from irregsim.model.month import MONTH
from irregsim.scenario import load_scenario
from irregsim.scenario.levers import REGISTRY
from irregsim.study.exploration.reading import read_study

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
SOURCES = (ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted(DOCS.rglob("*.md")))
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.DOTALL | re.MULTILINE)

#: Smaller than printed, so that a page can be walked through in a test; nothing else of a command is changed.
SIZES = {"--replicates": "2", "--scale": "0.02", "--jobs": "1"}

#: Pages whose commands are run one after the other, in a folder of their own.
WALKS = ("start.md", "first-note.md", "questions.md", "nb/start.md", "nb/forste-notat.md", "nb/sporsmal.md")


def blocks(path: Path, *languages: str) -> list[str]:
    return [text for language, text in BLOCK.findall(path.read_text(encoding="utf-8")) if language in languages]


def commands(path: Path) -> list[list[str]]:
    """The irregsim commands of a page as lists of arguments, without the name of the program."""
    lines = [line for text in blocks(path, "sh", "bash") for line in text.splitlines()]
    split = [shlex.split(line, comments=True) for line in lines if line.startswith("irregsim ")]
    return [words[1:] for words in split if "..." not in words]


COMMANDS = [(path.relative_to(ROOT).as_posix(), words) for path in SOURCES for words in commands(path)]


def parsed(words: list[str]) -> click.Context:
    """A command line as click reads it, not run; raises `click.UsageError` for what it does not know."""
    context = click.Context(main, info_name="irregsim")
    command: click.Command = main
    rest = list(words)
    while isinstance(command, click.Group) and rest:
        name, found, rest = command.resolve_command(context, rest)
        assert found is not None
        command = found
        context = command.make_context(name, list(rest), parent=context)
    return context


@pytest.mark.parametrize("name", pages.GENERATED)
def test_a_page_made_from_the_code_agrees_with_it(name):
    stored = (ROOT / name).read_text(encoding="utf-8")
    assert stored == pages.GENERATED[name](), "run `python -m docs_tools.pages` and look at what changed"


@pytest.mark.parametrize("lever", REGISTRY, ids=lambda one: one.path)
def test_every_recipe_is_a_scenario_that_is_read(lever, tmp_path):
    file = tmp_path / "my.yaml"
    file.write_text(recipe(lever), encoding="utf-8")
    assert load_scenario(file).name == f"my-{re.sub('[._]', '-', lever.key)}"


@pytest.mark.parametrize("lang", ["en", "nb"])
def test_the_cookbook_has_a_recipe_for_every_lever(lang):
    text = cookbook(lang)
    assert [lever.path for lever in REGISTRY if f"| | `{lever.path}` |" not in text] == []


def test_terms_are_whole_and_each_stands_once():
    rows = terms()
    assert [row for row in rows if not all(row.values())] == []
    for lang in ("en", "nb"):
        assert len({row[lang] for row in rows}) == len(rows)


@pytest.mark.parametrize("lang", ["en", "nb"])
def test_the_month_is_drawn_with_all_its_parts(lang):
    drawn = diagrams.month(lang)
    assert [part.name for part in MONTH if diagrams._words()[f"part.{part.name}"][lang] not in drawn] == []


@pytest.mark.parametrize(
    ("source", "text", "there"),
    [
        ("docs/nb/start.md", "[a](../effects.md#percent)", "[a](../effects.md#percent)"),
        ("docs/nb/start.md", "[a](../../CONTRIBUTING.md#tests)", "[a](../extending.md#tests)"),
        ("docs/runs.md", "[a](../README.md#two-commands)", "[a](index.md)"),
        ("docs/runs.md", "[a](../src/x.py) ![b](pictures/b.png)", "a ![b](pictures/b.png)"),
        ("docs/workshop.md", "[pages](workshop/) [w](workshop/w.html)", "pages [w](workshop/w.html)"),
        (
            "CONTRIBUTING.md",
            "[a](docs/verification.md#mutation) [b](https://x.org)",
            "[a](verification.md#mutation) [b](https://x.org)",
        ),
    ],
)
def test_links_lead_to_pages_of_the_site_or_are_left_out(source, text, there):
    assert site.with_links(text, source) == there


def test_every_page_is_in_the_navigation_once():
    class Loader(yaml.SafeLoader):
        pass

    Loader.add_multi_constructor("tag:yaml.org,2002:python/", lambda loader, suffix, node: None)
    said = yaml.load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"), Loader)

    def names(node):
        if isinstance(node, str):
            return [node]
        return [name for one in (node.values() if isinstance(node, dict) else node) for name in names(one)]

    pages_there = [path.relative_to(DOCS).as_posix() for path in DOCS.rglob("*.md")]
    made = [*site.OUTSIDE.values(), *(f"reference/{title}.md" for title in site.REFERENCE)]
    assert sorted(names(said["nav"])) == sorted([*pages_there, *made])


def test_modules_of_the_reference_exist():
    modules = [ROOT / "src" / name.replace(".", "/") for names in site.REFERENCE.values() for name in names]
    assert [path for path in modules if not (path.is_dir() or path.with_suffix(".py").is_file())] == []


@pytest.mark.parametrize(("page", "words"), COMMANDS, ids=[f"{page}: {' '.join(words)}" for page, words in COMMANDS])
def test_a_command_that_a_page_shows_is_one(page, words):
    assert parsed(words).command is not main


def test_a_command_that_does_not_exist_is_seen():
    for wrong in (
        ["comparee", "baseline"],
        ["compare", "baseline", "--replicate-count", "3"],
        ["run", "--scale", "x", "baseline"],
    ):
        with pytest.raises(click.UsageError):
            parsed(wrong)


def test_scenarios_that_pages_show_are_read(tmp_path):
    seen = 0
    for path in SOURCES:
        if path.name in ("cookbook.md", "oppskrifter.md"):
            continue  # its recipes have a test of their own
        for text in blocks(path, "yaml"):
            if text.startswith("schema: 1"):
                file = tmp_path / f"s{seen}.yaml"
                file.write_text(text, encoding="utf-8")
                if "\npolicies:" in text:
                    study = read_study(file)
                    assert (DOCS / "studies" / f"{study.name}.yaml").read_text(encoding="utf-8") == text
                else:
                    load_scenario(file)
                seen += 1
    assert seen >= 5


def test_the_sample_of_commands_that_only_list_says_something():
    for words in (["levers", "employer_base_nok"], ["scenarios"], ["levers", "bot", "--lang", "nb"]):
        answer = CliRunner().invoke(main, words)
        assert answer.exit_code == 0 and answer.output.strip(), (words, answer.output)


def small(words: list[str]) -> list[str]:
    """A command as printed, but for sizes."""
    if words[0] not in ("run", "compare"):
        return words
    out, skip = [], False
    for word in words:
        if not skip and word not in SIZES:
            out.append(word)
        skip = not skip and word in SIZES
    return [*out, *(word for pair in SIZES.items() for word in pair), "--draws", "point", "--end", "2027-12"]


@pytest.mark.slow
@pytest.mark.parametrize("page", WALKS)
def test_a_page_can_be_walked_through(page, tmp_path):
    pytest.importorskip("docx")
    for text in blocks(DOCS / page, "yaml"):
        (tmp_path / f"{yaml.safe_load(text)['name']}.yaml").write_text(text, encoding="utf-8")
    for words in commands(DOCS / page):
        if words[:2] == ["runs", "open"]:
            continue  # opens a browser
        done = subprocess.run(
            [sys.executable, "-m", "irregsim", *small(words)], cwd=tmp_path, capture_output=True, text=True, timeout=600
        )
        assert done.returncode == 0, (words, done.stdout[-2000:], done.stderr[-2000:])
