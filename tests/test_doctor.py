"""The check of an installation: what is there, what is missing, and what to do."""

from __future__ import annotations

import importlib.metadata
import re
import shlex
import shutil
import sys
import tomllib
from collections import namedtuple
from pathlib import Path

import pytest
from click.testing import CliRunner

from irregsim.cli import main
from irregsim.commands import doctor
from irregsim.study import packages
from irregsim.vocabulary.labels import LANGUAGES, label, labels

ROOT = Path(__file__).resolve().parents[1]


def states(lang="en"):
    return {one.what: one for one in doctor.examine(lang)}


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_sound_installation_is_told_so(lang, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    answer = CliRunner().invoke(main, ["doctor", "--lang", lang])
    assert answer.exit_code == 0, answer.output
    assert answer.output.rstrip().endswith(label("doctor.all_well", lang))
    assert sys.executable in answer.output and str(tmp_path) in answer.output
    assert list(tmp_path.iterdir()) == []


def test_whoever_lacks_an_extra_is_told_how_to_install_it(monkeypatch):
    version = importlib.metadata.version

    def without(name):
        if name.lower() == "xlsxwriter":
            raise importlib.metadata.PackageNotFoundError(name)
        return version(name)

    monkeypatch.setattr(importlib.metadata, "version", without)
    found = states()["extra: excel"]
    assert (found.state, found.found) == (doctor.OPTION, "xlsxwriter")
    assert '-m pip install "xlsxwriter>=3.2"' in found.to_do
    assert CliRunner().invoke(main, ["doctor"]).exit_code == 0


def test_a_required_package_that_is_missing_is_a_fault(monkeypatch):
    version = importlib.metadata.version

    def without(name):
        if name == "pandas":
            raise importlib.metadata.PackageNotFoundError(name)
        return version(name)

    monkeypatch.setattr(importlib.metadata, "version", without)
    answer = CliRunner().invoke(main, ["doctor", "--lang", "en"])
    assert answer.exit_code == 1 and "1 faults" in answer.output
    assert states()["required packages"].found == "pandas"


def test_no_room_an_unknown_engine_and_no_cache_are_told(monkeypatch):
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda place: usage(10, 10, 0))
    monkeypatch.setenv("IRREGSIM_ENGINE", "steam")
    monkeypatch.setenv("IRREGSIM_CACHE", "")
    found = states()
    assert found["this folder"].state == found["engine"].state == doctor.FAULT
    assert "steam" in found["engine"].found and found["this folder"].to_do
    assert found["cache folder"].state == doctor.OPTION


def test_every_extra_of_a_user_has_words():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = set(project["optional-dependencies"]) - {"dev", "test"}
    assert {key.removeprefix("doctor.use_") for key in labels() if key.startswith("doctor.use_")} == extras


def test_required_packages_are_read_from_the_metadata():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    declared = {re.split(r"[<>=\[]", line)[0].lower() for line in project["dependencies"]}
    assert {packages.name(line).lower() for line in packages.requirements()} == declared
    assert packages.requirements("excel") == ["xlsxwriter>=3.2"]
    assert packages.requirements("no-such-extra") == []


def test_an_extra_that_names_another_is_told_by_its_packages():
    found = packages.requirements("test")
    assert packages.requirements("calibrate")[0] in found and "irregsim" not in map(packages.name, found)


@pytest.mark.parametrize(
    ("system", "path", "begins"),
    [
        ("posix", "/a/b/python", "/a/b/python -m pip"),
        ("posix", "/a b/python", "'/a b/python' -m pip"),
        ("nt", "C:\\b\\python.exe", "C:\\b\\python.exe -m pip"),
        ("nt", "C:\\a b\\python.exe", '& "C:\\a b\\python.exe" -m pip'),
    ],
)
def test_the_command_that_installs_fits_the_shell_and_the_python(monkeypatch, system, path, begins):
    monkeypatch.setattr(packages, "WINDOWS", system == "nt")
    monkeypatch.setattr(sys, "executable", path)
    told = packages.install("excel")
    assert told == f'{begins} install "xlsxwriter>=3.2"'


def test_without_an_installation_the_packages_that_are_missing_are_told(monkeypatch):
    def none(name):
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "requires", none)
    assert packages.install("viz", "solara", "ipyvue<3").endswith('-m pip install solara "ipyvue<3"')


def test_the_command_for_the_page_is_one_that_pip_understands():
    """It is taken apart as a shell does, and each part is a requirement."""
    from packaging.requirements import Requirement

    for extra in ("viz", "notebooks", "office", "test"):
        told = shlex.split(packages.install(extra))
        assert told[1:4] == ["-m", "pip", "install"]
        assert [Requirement(one).name for one in told[4:]] == [
            packages.name(one) for one in packages.requirements(extra)
        ]


def test_nothing_names_a_package_that_no_index_has():
    """irregsim is on no index: a message that names it with an extra does not work."""
    texts = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "Makefile"]
    for folder, ends in (("docs", "md html"), ("src", "py csv yaml vue"), ("notebooks", "md ipynb")):
        texts += [path for end in ends.split() for path in (ROOT / folder).rglob(f"*.{end}")]
    told = re.compile(r"pip install ['\"]?irregsim(?:\[|$|['\" ])", re.MULTILINE)
    assert len(texts) > 300
    assert [path.name for path in texts if path.name != "packages.py" and told.search(path.read_text("utf-8"))] == []
