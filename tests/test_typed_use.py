"""The types of the package reach a user: a script of theirs, the wheel that they install, and mypy --strict."""

from __future__ import annotations

import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SCRIPT = Path(__file__).with_name("typed_use.py")

#: Lines that are wrong, and what mypy says of each.
WRONG = {
    'irregsim.run("baseline", replicates="two")': 'Argument "replicates" to "run" has incompatible type "str"',
    'irregsim.compare("baseline", jobs=1.5)': 'Argument "jobs" to "compare" has incompatible type "float"',
    "irregsim.explore(3)": 'Argument 1 to "explore" has incompatible type "int"',
    'irregsim.compar(["baseline"])': 'Module has no attribute "compar"',
    'irregsim.run("baseline").replicates + "1"': "Unsupported operand types",
}


@pytest.fixture(scope="module")
def user(tmp_path_factory):
    """The Python of an environment with the wheel, and what it depends on, but no stubs of other packages."""
    pytest.importorskip("mypy", reason="mypy comes with the extra dev")
    folder = tmp_path_factory.mktemp("user")
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    made = subprocess.run([*pip, "wheel", "--no-deps", "-w", str(folder), str(ROOT)], capture_output=True, text=True)
    if made.returncode != 0:
        pytest.skip(f"a wheel cannot be built here: {made.stderr[-300:]}")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder / "venv")], check=True)
    python = next((folder / "venv").glob("[bS][ic][nr]*/python*"))
    (wheel,) = folder.glob("irregsim-*.whl")
    install = ["install", "--ignore-installed", "--no-deps", "--no-index", str(wheel)]
    subprocess.run([*pip, "--python", str(python), *install], check=True)
    (own,) = (folder / "venv").rglob("site-packages")
    others = folder / "others"
    others.mkdir()
    for one in Path(sysconfig.get_path("purelib")).iterdir():
        if not one.name.endswith((".pth", "-stubs")) and not one.name.startswith(
            ("__editable__", "irregsim", "types_")
        ):
            (others / one.name).symlink_to(one)
    (own / "others.pth").write_text(f"{others}\n", encoding="utf-8")
    return python


def checked(user: Path, script: Path, cache: Path) -> subprocess.CompletedProcess[str]:
    """What mypy says of a script, from the user's folder and with none of our settings."""
    options = ["--strict", "--python-executable", str(user), "--cache-dir", str(cache)]
    return subprocess.run(
        [sys.executable, "-m", "mypy", *options, script.name], cwd=script.parent, capture_output=True, text=True
    )


@pytest.mark.slow
@pytest.mark.once
@pytest.mark.skipif(sys.platform == "win32", reason="the environment is put together with links")
def test_a_users_script_passes_strict_checks_against_the_wheel_and_what_is_wrong_does_not(user, tmp_path):
    right = tmp_path / "right.py"
    right.write_text(SCRIPT.read_text(encoding="utf-8"), encoding="utf-8")
    found = checked(user, right, tmp_path / "cache")
    assert found.returncode == 0, found.stdout + found.stderr
    wrong = tmp_path / "wrong.py"
    wrong.write_text("\n".join(["import irregsim", *WRONG]) + "\n", encoding="utf-8")
    found = checked(user, wrong, tmp_path / "cache")
    lines = [line for line in found.stdout.splitlines() if ": error: " in line]
    assert len(lines) == len(WRONG), found.stdout
    for number, (line, said) in enumerate(zip(lines, WRONG.values(), strict=True), start=2):
        assert line.startswith(f"wrong.py:{number}: ") and said in line
