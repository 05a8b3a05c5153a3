"""Small wrong changes (scripts/mutants): which are made of a source, and where."""

from __future__ import annotations

import ast
import importlib.util
import sys
from importlib.machinery import SourceFileLoader
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def script():
    loader = SourceFileLoader("mutants_script", str(ROOT / "scripts" / "mutants"))
    spec = importlib.util.spec_from_loader(loader.name, loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[loader.name] = module  # its dataclass asks for it
    loader.exec_module(module)
    yield module
    del sys.modules[loader.name]


@pytest.mark.parametrize(
    ("source", "changed"),
    [
        ("a < b", {"(a <= b)"}),
        ("a == b != c", {"(a != b != c)", "(a == b == c)"}),
        ("a + b * c", {"(a - b * c)", "a + (b / c)"}),
        ("x = min(a, b)", {"x = max(a, b)"}),
        ("x = np.minimum(a, b)", {"x = np.maximum(a, b)"}),
        ("a and b", {"(a or b)"}),
        ("not a", {"(a)"}),
        ("x = 3", {"x = 4"}),
        ("x = 0.5", {"x = 0.75"}),
        ("x = True", {"x = False"}),
        ("x += y", {"x -= y", "pass"}),
        ("x[i] = y", {"pass"}),
        ("f(y)", {"pass"}),
        ("if not (ø or y):\n    f(ø)", {"if (ø or y):\n    f(ø)", "if not ((ø and y)):\n    f(ø)",
                                          "if not (ø or y):\n    pass"}),
    ],
)  # fmt: skip
def test_changes_of_a_place(script, source, changed):
    assert {script.applied(one, source) for one in script.mutants("x.py", source)} == changed


@pytest.mark.parametrize(
    "source", ['"""Words, 3."""', "assert a < 3", "raise ValueError(f'{a + 1}')", "x: Final[3] = y", "from a import b",
               "@f(3)\ndef g(): ...", "if TYPE_CHECKING:\n    x = 3", "x = y"],
)  # fmt: skip
def test_what_decides_nothing_is_left_alone(script, source):
    assert script.mutants("x.py", source) == []


def test_a_sample_is_the_same_every_time_and_a_larger_one_holds_it(script):
    path = ROOT / "src" / "irregsim" / "model" / "chance.py"
    found = script.mutants("src/irregsim/model/chance.py", path.read_text(encoding="utf-8"))
    small, large = (script.sample(found, number, 1) for number in (5, 9))
    assert len(small) == 5 and set(small) < set(large) and script.sample(found, 5, 1) == small
    assert script.sample(found, 5, 2) != small
    for one in large:
        ast.parse(script.applied(one, path.read_text(encoding="utf-8")))


def test_every_file_of_model_and_comparison_has_tests(script):
    source = ROOT / "src" / "irregsim"
    for folder in ("model", "study/comparison"):
        for file in (source / folder).rglob("*.py"):
            assert script.tests_of(file.relative_to(ROOT).as_posix()), file
