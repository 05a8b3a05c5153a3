"""What the program stands on: locks with hashes, licences and advisories."""

from __future__ import annotations

import tomllib
from importlib.metadata import PackageNotFoundError, distribution, version
from pathlib import Path
from types import SimpleNamespace

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from release_tools import audit as auditing
from release_tools.licences import ALLOWED, is_allowed, licence_of
from release_tools.locks import FOLDER, for_system, read

pytestmark = pytest.mark.once

ROOT = Path(__file__).resolve().parents[1]
LOCKS = ("core", "viz", "notebooks", "test", "dev", "fast", "build", "docs", "release")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", LOCKS)
def test_every_package_of_a_lock_is_known_by_the_hashes_of_its_files(name):
    packages = read(name)
    assert packages
    assert [one.line for one in packages if not one.hashes] == []
    written = (FOLDER / f"{name}.lock").read_text(encoding="utf-8").count("--hash=")
    assert sum(len(one.hashes) for one in packages) == written, "every hash is a SHA-256 of a package"


def test_a_package_has_the_same_hashes_in_every_lock():
    known: dict[tuple[str, str], set[str]] = {}
    for name in LOCKS:
        for one in read(name):
            found = known.setdefault((one.name, one.version), set(one.hashes))
            assert found == set(one.hashes), (name, one.line)


def test_the_environment_installs_nothing_from_a_lock_without_its_hash():
    script = (ROOT / "scripts" / "environment").read_text(encoding="utf-8")
    lines = [line for line in script.splitlines() if "requirements/" in line and ".lock" in line and " -r " in line]
    assert len(lines) == 5
    assert [line for line in lines if "--require-hashes" not in line] == []
    assert "--no-build-isolation" in script, "what builds irregsim comes from a lock too"


@pytest.mark.parametrize(
    ("name", "asked"),
    [
        ("build", PROJECT["build-system"]["requires"]),
        ("docs", PROJECT["dependency-groups"]["docs"]),
        ("release", PROJECT["dependency-groups"]["release"]),
    ],
)
def test_the_locks_of_a_release_hold_what_pyproject_asks_for(name, asked):
    pins = for_system(read(name))
    wrong = [
        text
        for text in asked
        if not Requirement(text).specifier.contains(pins.get(canonicalize_name(Requirement(text).name), "0"))
    ]
    assert wrong == [], "run `make lock`"


# -- licences ---------------------------------------------------------------------------------------------------


def test_every_installed_package_of_the_locks_has_a_licence_that_goes_with_ours():
    """Of this environment, at the versions it has: a package that is not installed here is looked at where it is."""
    names = {name for lock in LOCKS for name in for_system(read(lock))}
    seen, wrong = 0, []
    for name in sorted(names):
        try:
            package = distribution(name)
        except PackageNotFoundError:
            continue
        seen += 1
        if not is_allowed(licence := licence_of(package)):
            wrong.append(f"{name} {package.version}: {licence or 'says nothing'}")
    assert wrong == [], "look at the licence, then leave the package out or add the licence to ALLOWED"
    assert seen >= len(for_system(read("core")))


@pytest.mark.parametrize(
    ("expression", "allowed"),
    [
        ("MIT", True),
        ("MIT AND PSF-2.0", True),
        ("MPL-2.0 AND MIT", True),
        ("GPL-3.0-only OR MIT", True),
        ("BSD-2-Clause AND Apache-2.0 WITH LLVM-exception", True),
        ("(MIT OR GPL-2.0-only) AND BSD-3-Clause", True),
        ("GPL-3.0-only", False),
        ("MIT AND GPL-3.0-only", False),
        ("(MIT AND GPL-2.0-only) OR LGPL-3.0-only", False),
        ("AGPL-3.0-or-later", False),
        ("GNU General Public License (GPL)", False),
        ("Proprietary", False),
        ("?", False),
        ("", False),
    ],
)
def test_an_expression_leaves_a_way_to_use_a_package_or_not(expression, allowed):
    assert is_allowed(expression) is allowed


class Told(dict):
    def get_all(self, key):
        return self.get(key)


@pytest.mark.parametrize(
    ("metadata", "licence"),
    [
        ({"License-Expression": "MIT", "License": "GPL"}, "MIT"),
        ({"Classifier": ["License :: OSI Approved :: MIT License", "Topic :: X"], "License": "GPL"}, "MIT"),
        ({"Classifier": ["License :: OSI Approved", "Topic :: X"], "License": "BSD"}, "BSD-3-Clause"),
        (
            {"Classifier": ["License :: OSI Approved :: BSD License", "License :: OSI Approved :: GNU GPL"]},
            "BSD-3-Clause AND GNU GPL",
        ),
        ({"License": "Apache 2.0\nmore text"}, "Apache-2.0"),
        ({"License": "GPLv3"}, "GPLv3"),
        ({}, ""),
    ],
)
def test_a_licence_is_read_from_what_a_package_says(metadata, licence):
    assert licence_of(SimpleNamespace(metadata=Told(metadata))) == licence


def test_no_licence_is_allowed_that_asks_users_for_their_own_code():
    assert [name for name in ALLOWED if "GPL" in name or "SSPL" in name] == []


# -- advisories -------------------------------------------------------------------------------------------------


def report(*packages):
    return {"dependencies": list(packages)}


BAD = {"name": "jinja2", "version": "2.10", "vulns": [{"id": "PYSEC-2019-217", "fix_versions": ["2.10.1"]}]}
GOOD = {"name": "click", "version": "8.1", "vulns": []}
SKIPPED = {"name": "private", "skip_reason": "not found"}


@pytest.mark.parametrize(
    ("canary", "found", "code", "words"),
    [
        (report(BAD), report(GOOD), auditing.CLEAN, "no known advisory"),
        (report(BAD), report(GOOD, SKIPPED), auditing.CLEAN, "not known to the database: private"),
        (report(BAD), report(GOOD, BAD), auditing.FOUND, "jinja2 2.10: PYSEC-2019-217, mended in 2.10.1"),
        (report({**BAD, "vulns": []}), report(GOOD), auditing.CLEAN, "NOT AUDITED"),
        (report(SKIPPED), report(GOOD), auditing.CLEAN, "NOT AUDITED"),
        (None, report(GOOD), auditing.CLEAN, "NOT AUDITED"),
        (report(BAD), None, auditing.CLEAN, "NOT AUDITED: no report on a.lock"),
        (report(BAD), report(), auditing.CLEAN, "NOT AUDITED: no report on a.lock"),
    ],
)
def test_advisories_are_told_and_silence_is_not_taken_for_safety(canary, found, code, words):
    asked = []

    def ask(file):
        asked.append(file.name)
        if file.name == "canary.txt":
            assert file.read_text(encoding="utf-8").strip() == auditing.CANARY
            return canary
        return found

    got, lines = auditing.audit((Path("a.lock"),), ask)
    assert got == code
    assert words in "\n".join(lines)
    assert asked[0] == "canary.txt"


def test_the_python_of_this_environment_has_the_locked_versions():
    """As far as a locked environment is asked for: 3.11 to 3.13."""
    import sys

    if sys.version_info[:2] > (3, 13):
        pytest.skip("newer than the locks")
    pins = for_system(read("core"))
    wrong = {name: (pin, version(name)) for name, pin in pins.items() if version(name) != pin}
    assert wrong == {}, "run `make test`, which refreshes the environment"
