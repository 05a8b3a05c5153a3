"""The house: import layers, quick imports, and locks that agree with pyproject.toml."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from release_tools.locks import for_system, read

pytestmark = pytest.mark.once

ROOT = Path(__file__).resolve().parents[1]
SOURCE = ROOT / "src" / "irregsim"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
LOCKS = ("core", "test", "dev")
#: Each for one use; they hold core, and what they share with dev they have at its version.
USES = ("viz", "notebooks")
LOCKED_PYTHONS = ("3.11", "3.12", "3.13")
HEAVY = ("mesa", "matplotlib", "pandas")

PIN = re.compile(r"(?P<name>[a-z0-9][a-z0-9.-]*)==(?P<version>[0-9][A-Za-z0-9.+!]*)(?: ; .+)?")


def lines_of(lock: str) -> list[str]:
    return [one.line for one in read(lock)]


def pins_of(lock: str, python: str) -> dict[str, str]:
    """The version of each package that the lock gives a Linux machine with that Python."""
    environment = {
        **default_environment(),
        "python_version": python,
        "python_full_version": f"{python}.0",
        "platform_python_implementation": "CPython",
        "implementation_name": "cpython",
        "sys_platform": "linux",
        "platform_system": "Linux",
        "os_name": "posix",
    }
    return for_system(read(lock), environment)


def declared(lock: str) -> list[Requirement]:
    """What pyproject.toml asks for, with the extras of that lock (an extra may name others of our own)."""
    texts = list(PROJECT["project"]["dependencies"])
    extras = [] if lock == "core" else [lock]
    while extras:
        for text in PROJECT["project"]["optional-dependencies"][extras.pop()]:
            requirement = Requirement(text)
            if requirement.name == "irregsim":
                extras.extend(requirement.extras)
            else:
                texts.append(text)
    return [Requirement(text) for text in texts]


def test_importing_irregsim_loads_no_heavy_library():
    code = f"import sys, irregsim; print(*sorted(set({HEAVY!r}) & set(sys.modules)))"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.split() == []


@pytest.mark.parametrize("lock", LOCKS + USES)
def test_every_line_of_a_lock_is_an_exact_version_without_an_address(lock):
    lines = lines_of(lock)
    assert len(lines) > 20
    wrong = [line for line in lines if not PIN.fullmatch(line) or "://" in line or "@" in line]
    assert wrong == []


@pytest.mark.parametrize("python", LOCKED_PYTHONS)
@pytest.mark.parametrize("lock", LOCKS + USES)
def test_a_lock_holds_what_pyproject_asks_for(lock, python):
    pins = pins_of(lock, python)
    wrong = [
        f"{requirement}: locked at {pins.get(canonicalize_name(requirement.name))}"
        for requirement in declared(lock)
        if not requirement.specifier.contains(pins.get(canonicalize_name(requirement.name), "0"))
    ]
    assert wrong == [], "run `make lock`"


@pytest.mark.parametrize("python", LOCKED_PYTHONS)
def test_a_larger_lock_holds_the_smaller_one_unchanged(python):
    core, test, dev = (pins_of(lock, python) for lock in LOCKS)
    assert core.items() < test.items() < dev.items()
    for use in USES:
        pins = pins_of(use, python)
        assert core.items() < pins.items()
        assert [name for name in pins if name in dev and pins[name] != dev[name]] == []


def test_what_make_opens_for_a_class_comes_from_a_lock():
    """`make serve` and `make notebooks` install the lock of their use, which `scripts/environment` knows."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    known = (ROOT / "scripts" / "environment").read_text(encoding="utf-8")
    for target, use in (("serve", "viz"), ("notebooks", "notebooks")):
        assert re.search(rf"^{target}:.*\n\t@\$\(ENVIRONMENT\) {use}\n", makefile, re.MULTILINE), target
        assert f'{use}) covers="core {use}" extras="[{use}]"' in known


def lint_imports(source: Path, config: Path) -> subprocess.CompletedProcess[str]:
    pytest.importorskip("importlinter", reason="import-linter comes with the extra dev")
    code = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    command = [sys.executable, "-c", code, "--config", str(config), "--no-cache"]
    environment = {**os.environ, "PYTHONPATH": str(source), "COLUMNS": "200", "PYTHONUTF8": "1"}
    return subprocess.run(command, capture_output=True, text=True, env=environment, cwd=source)


def test_the_import_layers_hold():
    answer = lint_imports(ROOT / "src", ROOT / "pyproject.toml")
    assert answer.returncode == 0, answer.stdout + answer.stderr


@pytest.mark.parametrize(
    ("contract", "module", "line"),
    [
        ("Layers", "vocabulary/codes.py", "import irregsim.model.draws"),
        ("Layers", "storage/folder.py", "import irregsim.vocabulary.codes"),
        ("Layers", "study/comparison/differences.py", "import irregsim.present.words"),
        ("Mesa stays in agents and workshop", "model/draws.py", "from mesa import Model"),
        ("Solara stays in workshop", "present/terminal.py", "import solara"),
        ("Matplotlib stays in present.plots", "model/draws.py", "import matplotlib.pyplot"),
        ("No pandas in model, scenario and vocabulary", "model/draws.py", "import pandas"),
    ],
)
def test_a_wrong_import_breaks_its_contract(tmp_path, contract, module, line):
    copy = tmp_path / "irregsim"
    shutil.copytree(SOURCE, copy, ignore=shutil.ignore_patterns("data", "__pycache__"))
    with (copy / module).open("a", encoding="utf-8") as file:
        file.write(f"\n{line}\n")
    answer = lint_imports(tmp_path, ROOT / "pyproject.toml")
    assert answer.returncode != 0
    assert f"{contract} BROKEN" in answer.stdout


def test_every_module_has_its_place_in_the_layers():
    (layers,) = [c for c in PROJECT["tool"]["importlinter"]["contracts"] if c["type"] == "layers"]
    placed = set(re.findall(r"\w+", " ".join(layers["layers"])))
    modules = {path.stem for path in SOURCE.glob("*.py")}
    packages = {path.parent.name for path in SOURCE.glob("*/__init__.py")}
    assert (modules | packages) - {"__init__", "__main__", "data"} <= placed


def test_outputs_are_ignored_by_git_but_for_their_note():
    if shutil.which("git") is None or not (ROOT / ".git").exists():
        pytest.skip("not a git checkout")

    def ignored(path: str) -> bool:
        return subprocess.run(["git", "check-ignore", "-q", "--no-index", path], cwd=ROOT).returncode == 0

    assert ignored("outputs/baseline/manifest.json")
    assert ignored("outputs/baseline")
    assert not ignored("outputs/README.md")
