"""What others may rely on: names, signatures, their page, types, exit codes; and all that says the version."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

import irregsim
from docs_tools import api
from irregsim.cli import main

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "api.md"

_PATH = "str | os.PathLike[str]"
_RUN = (
    f"replicates: int | None = None, seed: int | None = None, jobs: int | None = None, draws: {_PATH} | None = None, "
    "per_draw: int | None = None, scale: float = 1.0, spells: bool = {spells}, without: str | Iterable[str] = ()"
)

#: Signatures that were promised. Docs/api.md says what may be done to them.
PROMISED = {
    "load_scenario": (
        f"(path: {_PATH}, *, overrides: str | Sequence[str] = (), end: str | None = None, "
        "without: str | Sequence[str] = ()) -> Scenario"
    ),
    "run": f"(scenario: Scenario | {_PATH}, *, {_RUN.format(spells=False)}) -> Result",
    "compare": (
        f"(scenarios: Iterable[Scenario | {_PATH}], *, reference: str | None = None, {_RUN.format(spells=True)}) "
        "-> Comparison"
    ),
    "explore": (
        f"(study: {_PATH}, *, points: int | None = None, scale: float | None = None, draws: {_PATH} | None = None, "
        "jobs: int | None = None) -> Exploration"
    ),
    "ScenarioError": "(Exception)",
    "WrongUse": "(ValueError)",
    "RunFailed": "(Exception)",
}


def test_the_promised_names_are_these():
    assert {name for _, name in api.names()} == {
        *PROMISED,
        "IrregularMigrationModel",
        "Scenario",
        "Result",
        "Comparison",
        "Exploration",
    }
    assert set(irregsim.__all__) - {"__version__"} == set(api.PUBLIC["irregsim"])


@pytest.mark.parametrize(("module", "name"), [one for one in api.names() if one[1] in PROMISED])
def test_a_promised_signature_is_as_it_was(module, name):
    assert api.signature(module, name) == name + PROMISED[name]


def test_the_page_lists_what_is_promised():
    text = PAGE.read_text(encoding="utf-8")
    assert api.refreshed(text) == text, "run `python -m docs_tools.api docs/api.md` and look at what changed"


def test_wrong_use_of_the_page_maker_is_refused(tmp_path):
    assert api.main([]) == 2
    assert api.main([str(tmp_path / "none.md")]) == 2
    with pytest.raises(ValueError, match="no part between"):
        api.refreshed("nothing\n")


# -- types ------------------------------------------------------------------------------------------------------


def test_the_package_says_that_it_has_types():
    assert (ROOT / "src" / "irregsim" / "py.typed").is_file()


# -- exit codes -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("--version", 0),
        ("validate baseline", 0),
        ("levers fines.worker_nok", 0),
        ("no-such-command", 2),
        ("run baseline --no-such-option", 2),
        ("run no-such-scenario", 2),
        ("run baseline --scale 0", 2),
        ("compare baseline", 2),
        ("validate no-such-scenario", 2),
        ("levers no-such-lever-at-all", 2),
        ("show no-such-run", 2),
        ("reproduce no-such-folder", 2),
    ],
)
def test_exit_codes_are_those_of_the_page(tmp_path, monkeypatch, words, code):
    monkeypatch.chdir(tmp_path)
    assert CliRunner().invoke(main, words.split()).exit_code == code
    assert f"| {code} | " in PAGE.read_text(encoding="utf-8")


# -- version, citation, attribution -----------------------------------------------------------------------------


def test_all_that_says_a_version_says_the_same():
    cited = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    meta = json.loads((ROOT / "codemeta.json").read_text(encoding="utf-8"))
    assert cited["version"] == meta["version"] == irregsim.__version__
    assert f"## [{irregsim.__version__}]" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert {"cff-version", "message", "title", "authors"} <= set(cited), "what the format asks for"


def test_licence_and_attribution_are_files_of_the_package():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    named = [ROOT / name for name in project["license-files"]]
    assert all(path.is_file() for path in named)
    assert any("UNHCR" in path.read_text(encoding="utf-8") for path in named)
    assert project["license"] == yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))["license"]
