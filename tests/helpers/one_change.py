"""A pytest plugin: tests are collected once, and then run for one small change after another (scripts/mutants asks).

Loaded with ``-p helpers.one_change``. Each line of its input is JSON: ``path`` of a file of the source from the root
(empty for no change), its changed ``text``, ``tests`` by name, and ``seconds`` that they may take. In a fork the
functions that the change is in get their new code, and the tests are run until one fails. The answer, a line on the
file descriptor in `ANSWERS`, is ``passed``, ``failed``, ``timeout``, or ``elsewhere`` for a change that is in no
function (a constant of a module has been read already); before the first line it is ``ready``.
"""

from __future__ import annotations

import gc
import inspect
import json
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from types import CodeType, FunctionType

import pytest

_ROOT = Path(__file__).resolve().parents[2]

#: Names the file descriptor of the answers.
ANSWERS = "MUTANTS_ANSWERS"

# Taken before pytest captures the input.
_ASKED = os.fdopen(os.dup(0)) if ANSWERS in os.environ else None


def functions(code: CodeType) -> Iterator[CodeType]:
    """Outermost functions of a module's code: of its own, and of its classes."""
    for one in code.co_consts:
        if isinstance(one, CodeType):
            yield from [one] if one.co_flags & inspect.CO_OPTIMIZED else functions(one)


def meaning(code: CodeType, is_inside_too: bool = True) -> object:
    """What code does, whatever its lines; without the functions in it unless `is_inside_too`."""
    consts = [
        (meaning(one, is_inside_too) if is_inside_too or not one.co_flags & inspect.CO_OPTIMIZED else "")
        if isinstance(one, CodeType)
        else (type(one), repr(one))
        for one in code.co_consts
    ]
    return code.co_name, code.co_code, code.co_names, code.co_varnames, consts


def replacements(old: str, new: str, path: str) -> dict[CodeType, CodeType] | None:
    """New code of each function that differs between two texts of a file; None if more than functions does."""
    before, after = (compile(text, path, "exec", dont_inherit=True) for text in (old, new))
    ones, others = list(functions(before)), list(functions(after))
    if len(ones) != len(others) or meaning(before, False) != meaning(after, False):
        return None
    return {one: other for one, other in zip(ones, others, strict=True) if meaning(one) != meaning(other)}


def put_in(path: str, text: str) -> bool:
    """Whether the functions that are there now have the code of a changed text."""
    file = _ROOT / path
    new = replacements(file.read_text(encoding="utf-8"), text, str(file))
    if not new:
        return False
    live = [one for one in gc.get_objects() if isinstance(one, FunctionType) and one.__code__ in new]
    live = [one for one in live if one.__code__.co_filename == str(file)]
    if {one.__code__ for one in live} != new.keys():
        return False
    for function in live:
        function.__code__ = new[function.__code__]
    return True


def pytest_runtestloop(session: pytest.Session) -> bool:
    """Read what to try, and answer, until there is no more."""
    assert _ASKED is not None, "scripts/mutants loads this"
    answers = os.fdopen(int(os.environ[ANSWERS]), "w")
    items = {item.nodeid: item for item in session.items}
    gc.collect()
    gc.freeze()  # forks share what is there, as long as nobody counts it again
    print("ready", file=answers, flush=True)
    for line in _ASKED:
        asked = json.loads(line)
        end, child = time.monotonic() + asked["seconds"], os.fork()
        if child == 0:
            code = 3
            try:
                os.setsid()
                code = _tried(session, [items[name] for name in asked["tests"]], asked)
            finally:
                os._exit(code)
        while (done := os.waitpid(child, os.WNOHANG))[0] == 0 and time.monotonic() < end:
            time.sleep(0.005)
        if done[0] == 0:
            os.killpg(child, signal.SIGKILL)
            os.waitpid(child, 0)
        said = "timeout" if done[0] == 0 else {0: "passed", 1: "failed", 2: "elsewhere"}.get(done[1] >> 8, "broken")
        print(said, file=answers, flush=True)
    return True


def _tried(session: pytest.Session, items: list[pytest.Item], asked: dict[str, str]) -> int:
    gc.unfreeze()
    if asked["path"] and not put_in(asked["path"], asked["text"]):
        return 2
    before = session.testsfailed
    for item, after in zip(items, [*items[1:], None], strict=True):
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=after)
        if session.testsfailed > before:
            return 1
    return 0
