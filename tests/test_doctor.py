"""The check of an installation: what is there, what is missing, and what to do."""

from __future__ import annotations

import importlib.metadata
import re
import shutil
import sys
import tomllib
from collections import namedtuple
from pathlib import Path

import pytest
from click.testing import CliRunner

from irregsim.cli import main
from irregsim.commands import doctor
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
    assert "pip install 'irregsim[excel]'" in found.to_do
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
    assert {name.lower() for name in doctor._required("")} == declared
    assert doctor._required("excel") == ["xlsxwriter"]
