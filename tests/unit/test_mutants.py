"""Small wrong changes (scripts/mutants): which are made of a source, and where."""

from __future__ import annotations

import ast
import importlib.util
import sys
from importlib.machinery import SourceFileLoader
from pathlib import Path

import pytest

from helpers.one_change import replacements

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


def test_the_tests_of_a_change_are_those_of_its_line_then_of_its_file_and_quickest_first(script):
    def test(seconds, lines, *shared):
        return {"seconds": seconds, "lines": {"src/a/sums.py": lines}, "shared": list(shared)}

    record = script.Record(
        {
            "": test(0.0, [1, 2]),
            "fixture tests/test_b.py::made": test(5.0, [3]),
            "tests/test_b.py::test_by_a_fixture": test(0.1, [], "fixture tests/test_b.py::made"),
            "tests/test_b.py::test_by_it_again": test(0.2, [], "fixture tests/test_b.py::made"),
            "tests/test_b.py::test_slow": test(2.0, [3, 4]),
            "tests/test_b.py::test_quick": test(1.0, [3]),
            "tests/test_b.py::test_elsewhere": test(0.5, [9]),
            "tests/test_sums.py::test_of_the_file": test(0.7, [9]),
            "tests/test_b.py::test_of_nothing": test(0.0, []),
        }
    )
    (change,) = script.mutants("src/a/sums.py", "\n\nx = y + z\n")
    ids = ["test_quick", "test_slow", "test_by_a_fixture", "test_by_it_again"]
    chosen, seconds = record.of(change, 100.0)
    assert [name.split("::")[1] for name in chosen] == [*ids, "test_of_the_file", "test_elsewhere"]
    # What tests share is made once.
    assert seconds == pytest.approx(1.0 + 2.0 + 5.1 + 0.2 + 0.7 + 0.5)
    chosen, seconds = record.of(change, 3.8)
    assert [name.split("::")[1] for name in chosen] == ["test_quick", "test_slow", "test_of_the_file"]
    assert record.of(change, 0.0)[0] == ["tests/test_b.py::test_quick"], "one is asked whatever it costs"
    assert not record.is_read_at_once(change)
    (at_once,) = script.mutants("src/a/sums.py", "x = y + z\n")
    assert record.is_read_at_once(at_once)
    (unknown,) = script.mutants("src/a/other.py", "x = y + z\n")
    assert record.of(unknown, 100.0) == ([], 0.0)


def test_survivors_are_found_again_where_they_are_now(script):
    found = script.mutants("x.py", "a < b\nx = c + d\n")
    printed = f"seen      {found[0]}\nSURVIVED  {found[1]}{script.MOVES}\n"
    moved = script.mutants("x.py", "\n\na < b\nx = c + d\n")
    assert script.survivors_of(printed, moved) == moved[1:]


SOURCE = """
LIMIT = 3

def outer(x):
    def inner(y):
        return y + 1
    return inner(x) < LIMIT

class Thing:
    size = 2
    def half(self):
        return [part / 2 for part in self.parts]
"""


@pytest.mark.parametrize(
    ("old", "new", "functions"),
    [
        ("y + 1", "y - 1", {"outer"}),
        ("< LIMIT", "<= LIMIT", {"outer"}),
        ("part / 2", "part * 2", {"half"}),
        # Only lines have moved; not those of a class, whose first line is a part of it from Python 3.13 on.
        ("return [part", "\n\n        return [part", set()),
        ("LIMIT = 3", "LIMIT = 4", None),
        ("size = 2", "size = 3", None),
    ],
)
def test_a_change_is_of_these_functions_or_of_more_than_functions(old, new, functions):
    changed = replacements(SOURCE, SOURCE.replace(old, new), "x.py")
    assert (None if changed is None else {code.co_name for code in changed}) == functions
