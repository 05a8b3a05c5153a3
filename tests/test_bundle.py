"""The folder for a machine without internet: what a system needs, what is said of gaps, and an installation."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from release_tools import bundle as work
from release_tools.locks import for_system, read

HERE = f"{sys.version_info[0]}.{sys.version_info[1]}"


def empty_wheel(folder: Path) -> Path:
    wheel = folder / "irregsim-1.2.3-py3-none-any.whl"
    wheel.write_bytes(b"wheel")
    return wheel


def no_index(packages, system, python, wheels):
    """An index that has everything but one package on one system."""
    lacks = system.name == "macos-x86_64" and any(one.name == "scipy" for one in packages)
    for one in packages:
        (wheels / f"{one.name}-{one.version}.whl").write_text(one.name, encoding="utf-8")
    return "ERROR: No matching distribution" if lacks else ""


@pytest.mark.parametrize("python", work.PYTHONS)
@pytest.mark.parametrize("name", work.SYSTEMS)
def test_a_system_gets_what_the_lock_says_it_needs(name, python):
    system = work.SYSTEMS[name]
    markers = {**system.markers, "python_version": python, "python_full_version": f"{python}.0"}
    found = {one.name: one.version for one in work.packages_for(read("core"), system, python)}
    assert found == for_system(read("core"), markers) and "numpy" in found
    assert ("colorama" in found) == (name == "windows")


def test_a_gap_of_the_index_is_said_and_the_others_are_served(tmp_path):
    said = []
    systems = ["linux", "macos-x86_64", "windows"]
    served = work.bundle(tmp_path / "out", empty_wheel(tmp_path), systems, ["3.12"], download=no_index, say=said.append)
    assert served == ["linux-py312.txt", "windows-py312.txt"]
    (gap,) = [line for line in said if "LEFT OUT" in line]
    assert gap.startswith("macos-x86_64, Python 3.12") and "no wheel of scipy" in gap and "numpy" not in gap
    text = (tmp_path / "out" / "INSTALL.txt").read_text(encoding="utf-8")
    assert "macos" not in text and "py -3.12 -m venv" in text and "python3.12 -m venv" in text
    assert len(text.splitlines()) <= 45  # a page
    sums = (tmp_path / "out" / "SHA256SUMS").read_text(encoding="utf-8").splitlines()
    assert {line.partition("  ")[0] for line in sums} == {
        work.digest(path) for path in (tmp_path / "out").rglob("*") if path.is_file() and path.name != "SHA256SUMS"
    }
    lines = (tmp_path / "out" / "linux-py312.txt").read_text(encoding="utf-8")
    assert lines.startswith("irregsim==1.2.3 \\\n    --hash=sha256:") and "pandas==" in lines and ";" not in lines


def test_a_folder_with_something_in_it_is_left_alone(tmp_path):
    (tmp_path / "thesis.txt").touch()
    with pytest.raises(FileExistsError, match="is not empty"):
        work.bundle(tmp_path, empty_wheel(tmp_path), ["linux"], ["3.12"], download=no_index)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux" or HERE not in work.PYTHONS, reason="installs a bundle for Linux")
def test_the_folder_installs_into_an_empty_environment_without_an_index(tmp_path):
    made = subprocess.run(
        [
            sys.executable,
            "-m",
            "release_tools.bundle",
            "--system",
            "linux",
            "--python",
            HERE,
            "--out",
            tmp_path / "out",
        ],
        capture_output=True,
        text=True,
        cwd=Path(work.__file__).parents[1],
        check=False,
    )
    if made.returncode == 1:
        pytest.skip(f"the index gives no wheels: {made.stdout[-300:]}")
    assert made.returncode == 0, made.stderr
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "venv"], check=True)
    python = tmp_path / "venv" / "bin" / "python"
    file = f"linux-py{HERE.replace('.', '')}.txt"
    how = ["--no-index", "--find-links", "wheels", "--require-hashes", "-r", file]
    subprocess.run([python, "-m", "pip", "install", "--quiet", *how], cwd=tmp_path / "out", check=True)
    shown = subprocess.run(
        [python.with_name("irregsim"), "scenarios"], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert "package-restrictive" in shown.stdout
