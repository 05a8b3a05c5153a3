"""The standard streams and the warnings of libraries, wherever the program is started: a service has no stderr."""

from __future__ import annotations

import contextlib
import os
import sys
import warnings
from collections.abc import Iterator
from typing import TextIO

import click

from irregsim.vocabulary.plain_text import plain


def open_streams() -> None:
    """Opens a standard stream that is closed, to nowhere.

    Else the next file that is opened takes its number, and what a library prints ends in that file.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free, which is this one
    if sys.stdout is None:
        sys.stdout = os.fdopen(1, "w", encoding="utf-8", closefd=False)
    if sys.stderr is None:
        sys.stderr = os.fdopen(2, "w", encoding="utf-8", closefd=False)


def print_text(text: str, *, err: bool = False) -> None:
    """Prints text as a reader of stdout takes it: one that has stopped reading is no fault of what was done.

    Args:
        text: What is said.
        err: Whether it goes to stderr; one that cannot be written, such as a log on a full disk, ends no run.

    Raises:
        OSError: If stdout cannot be written for another reason.
    """
    try:
        click.echo(plain(text), err=err)
    except BrokenPipeError:
        _to_nowhere(sys.stderr if err else sys.stdout)
    except OSError:
        if not err:
            raise
        _to_nowhere(sys.stderr)


def _to_nowhere(stream: TextIO) -> None:
    """Lets a stream go nowhere from now on, so that the end of the program does not fail at what is left in it."""
    with contextlib.suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)


@contextlib.contextmanager
def plain_warnings() -> Iterator[None]:
    """Prints warnings that are meant for users as the program prints its own, once each, and no library's.

    A library's warning is for programmers. They see it with ``python -W`` or PYTHONWARNINGS, as ever.
    """
    from irregsim.storage.paths import Told

    earlier = warnings.showwarning
    said: set[str] = set()

    def show(message: Warning | str, category: type[Warning], *rest: object) -> None:
        if not issubclass(category, Told):
            if sys.warnoptions:
                earlier(message, category, *rest)  # type: ignore[arg-type]
        elif str(message) not in said:
            said.add(str(message))
            print_text(f"warning: {message}", err=True)

    warnings.showwarning = show  # type: ignore[assignment]
    try:
        yield
    finally:
        warnings.showwarning = earlier
