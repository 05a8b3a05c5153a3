"""What holds for all tests."""

from __future__ import annotations

import sys
import time
from collections.abc import Generator
from pathlib import Path

import pytest
from hypothesis import settings

# How long an example takes depends on what else the machine does.
settings.register_profile("irregsim", deadline=None)
settings.load_profile("irregsim")

TESTS = Path(__file__).parent

#: Files that take longest, and what they share cannot be divided: they begin first, so that no process waits for one at
#: the end (``--no-loadscope-reorder`` keeps this order).
FIRST = ("test_page", "test_experiment", "test_cli", "test_notebooks", "test_model", "test_workshop", "test_paired")

#: Files of `make test-quick`, by their path in tests/: parts by themselves, without a process, a browser or a whole
#: run. All of them together must stay far below thirty seconds on two processors. A test among them that takes longer
#: than half a second is marked `whole`.
QUICK = ("unit/test_hazards",)

#: A quick test that uses more processor time than this, in seconds, fails in a quick run. Twice what is asked of it,
#: since a busy machine makes all slower.
QUICK_SECONDS = 1.0

#: What a quick test may not do: start another process.
STARTS = frozenset({"subprocess.Popen", "os.fork", "os.forkpty", "os.posix_spawn", "os.spawn", "os.exec", "os.system"})

_is_in_test = False


def pytest_configure(config: pytest.Config) -> None:
    """In a quick run no test may start a process."""
    if _is_quick(config):
        sys.addaudithook(_refuse_processes)


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """A quick run does not even read the other files."""
    is_other = collection_path.suffix == ".py" and _name(collection_path) not in QUICK
    return True if _is_quick(config) and is_other else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long files first; all else as it was. Tests of quick files get the mark ``quick``."""
    order = {name: place for place, name in enumerate(FIRST)}
    items.sort(key=lambda item: order.get(item.path.stem, len(FIRST)))
    for item in items:
        if _name(item.path) in QUICK and not any(item.get_closest_marker(name) for name in ("slow", "whole")):
            item.add_marker("quick")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Processes are refused from a test's first fixture to its last."""
    global _is_in_test
    _is_in_test = True
    try:
        return (yield)
    finally:
        _is_in_test = False


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """In a quick run a test that takes long fails."""
    start = time.process_time()
    result = yield
    seconds = time.process_time() - start
    if _is_quick(item.config) and seconds > QUICK_SECONDS:
        pytest.fail(f"took {seconds:.1f} s of processor time: mark it `whole`, or take its file out of QUICK")
    return result


def _is_quick(config: pytest.Config) -> bool:
    return bool(config.option.markexpr == "quick")


def _name(path: Path) -> str:
    return path.relative_to(TESTS).with_suffix("").as_posix() if path.is_relative_to(TESTS) else ""


def _refuse_processes(event: str, arguments: tuple[object, ...]) -> None:
    if _is_in_test and event in STARTS:
        raise RuntimeError(f"a quick test may not start a process ({event} {arguments[:1]})")
