"""A pytest plugin: which lines of the source each test runs, and what it costs (``scripts/mutants`` asks).

Loaded with ``-p helpers.lines_run``. It writes JSON to `OUT`, beside tests/, by name of a test: its ``seconds`` of
processor time, the ``lines`` that it runs by file from the root, and the ``shared`` fixtures that it needs. What a
fixture of several tests runs and costs has an entry of its own, whose name begins with `SHARED`. Lines that are run
while modules are imported are under the empty name.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections import defaultdict
from collections.abc import Generator
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

OUT = "lines.json"
SHARED = "fixture "

_ROOT = Path(__file__).resolve().parents[2]
_SOURCE = f"{_ROOT / 'src'}{os.sep}"

_lines: dict[str, dict[str, set[int]]] = defaultdict(lambda: defaultdict(set))
_seconds: dict[str, float] = defaultdict(float)
_shared: dict[str, list[str]] = {}
_now = ""


def _trace(frame: FrameType, event: str, argument: object) -> Any:
    """Follow a function of the source, and no other."""
    name = frame.f_code.co_filename
    if not name.startswith(_SOURCE):
        return None
    seen = _lines[_now][name[len(str(_ROOT)) + 1 :]]

    def line(frame: FrameType, event: str, argument: object) -> Any:
        if event == "line":
            seen.add(frame.f_lineno)
        return line

    return line


sys.settrace(_trace)


def _during(name: str) -> Generator[None, object, object]:
    """Lines and time go to this name, and afterwards to the one before it again."""
    global _now
    before, _now, start = _now, name, time.process_time()
    sys.settrace(_trace)
    try:
        return (yield)
    finally:
        spent = time.process_time() - start
        _seconds[name] += spent
        _seconds[before] -= spent
        _now = before
        sys.settrace(_trace)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """What a test runs with the fixtures that are its own."""
    known = item._fixtureinfo.name2fixturedefs  # type: ignore[attr-defined]
    _shared[item.nodeid] = sorted({_named(f) for all_of in known.values() for f in all_of if f.scope != "function"})
    return (yield from _during(item.nodeid))


@pytest.hookimpl(wrapper=True)
def pytest_fixture_setup(fixturedef: pytest.FixtureDef[object]) -> Generator[None, object, object]:
    """What a fixture of several tests runs."""
    return (yield from _during(_now if fixturedef.scope == "function" else _named(fixturedef)))


def pytest_sessionfinish() -> None:
    """Write what was seen."""
    sys.settrace(None)
    told = {
        name: {
            "seconds": max(0.0, _seconds[name]),
            "lines": {file: sorted(seen) for file, seen in _lines[name].items()},
            "shared": _shared.get(name, []),
        }
        for name in {"", *_seconds, *_lines, *_shared}
    }
    (_ROOT / OUT).write_text(json.dumps(told), encoding="utf-8")


def _named(fixture: pytest.FixtureDef[Any]) -> str:
    return f"{SHARED}{fixture.baseid}::{fixture.argname}"
