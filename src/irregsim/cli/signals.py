"""Ctrl-C and a request to end (SIGTERM): the end at once while nothing is begun, an interruption after that.

Libraries take a second or two to load. An exception in the middle of that ends in tracebacks of other people's code, or
is swallowed by it; nothing is written yet, so the program just ends, with the exit code that shells expect: 130 for
Ctrl-C, 143 for a request to end. Once a command works, both raise `KeyboardInterrupt`, so that what is done is kept.
Only the standard library is imported here.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import PurePath
from typing import NoReturn

_SIGNALS = (signal.SIGINT, signal.SIGTERM)

_Handler = Callable[[int, object], NoReturn]


class Ended(KeyboardInterrupt):
    """A request to end, from a job system or a machine that shuts down; has the effect of Ctrl-C."""


def exit_code(stopped: KeyboardInterrupt) -> int:
    """Exit code of a command that was stopped before it had anything to keep: 128 and the number of the signal."""
    return 128 + (signal.SIGTERM if isinstance(stopped, Ended) else signal.SIGINT)


def _leave(number: int, _: object) -> NoReturn:
    os._exit(128 + number)


def _interrupt(number: int, _: object) -> NoReturn:
    raise Ended if number == signal.SIGTERM else KeyboardInterrupt


def leaving() -> contextlib.AbstractContextManager[None]:
    """Either signal ends the program at once and without a word: for as long as nothing is begun."""
    return _handled(_leave)


def leaving_if_program() -> contextlib.AbstractContextManager[None]:
    """As `leaving`, where this process is the program itself, and nothing where another program imports it."""
    started = PurePath(sys.argv[0] if sys.argv else "")
    is_program = started.stem == "irregsim" or (started.name == "__main__.py" and started.parent.name == "irregsim")
    return leaving() if is_program else contextlib.nullcontext()


def interruptible() -> contextlib.AbstractContextManager[None]:
    """Either signal raises `KeyboardInterrupt`."""
    return _handled(_interrupt)


@contextlib.contextmanager
def _handled(handler: _Handler) -> Iterator[None]:
    earlier = {}
    for number in _SIGNALS:
        was = signal.getsignal(number)
        # One that is ignored stays so: a shell ignores Ctrl-C for what runs in its background.
        if was is None or was == signal.SIG_IGN:
            continue
        try:
            earlier[number] = signal.signal(number, handler)
        except ValueError:  # not the main thread
            break
    try:
        yield
    finally:
        for number, was in earlier.items():
            signal.signal(number, was)
