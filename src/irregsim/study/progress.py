"""How far a long piece of work has come, on stderr: a bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

import contextlib
import sys
import time
from typing import Protocol, TextIO


class Progress(Protocol):
    """Notified of replicates as they are finished."""

    def start(self, total: int, done: int) -> None:
        """Begin, with ``done`` of ``total`` finished earlier."""

    def advance(self) -> None:
        """One more is finished."""

    def phase(self, name: str, total: int = 0) -> None:
        """Something else begins, such as writing pictures.

        Args:
            name: What it is, such as ``writing pictures``.
            total: How many steps it has; 0 where they are not counted.
        """

    def step(self) -> None:
        """A step of the phase is done."""

    def close(self) -> None:
        """The work has ended, finished or not."""


class Silent:
    """Says nothing."""

    def start(self, total: int, done: int) -> None:
        """Nothing."""

    def advance(self) -> None:
        """Nothing."""

    def phase(self, name: str, total: int = 0) -> None:
        """Nothing."""

    def step(self) -> None:
        """Nothing."""

    def close(self) -> None:
        """Nothing."""


class Lines:
    """A plain line now and then, for logs: at most some ten a phase, and none more often than every second.

    Args:
        stream: Where to write.
        noun: What is counted, in the plural.
    """

    def __init__(self, stream: TextIO, noun: str = "replicates") -> None:
        self._stream = stream
        self._noun = noun
        self._total = self._done = self._here = self._said = 0
        self._what = noun
        self._begun = self._last = time.monotonic()

    def start(self, total: int, done: int) -> None:
        """Say what there is to do."""
        self._total, self._done, self._here = total, done, done
        self._begun = self._last = time.monotonic()
        more = f", {done} of them finished earlier" if done else ""
        self._say(f"{total} {self._noun}{more}")

    def advance(self) -> None:
        """Say how far the work has come, where that is worth a line."""
        self._count("{done} of {total} {what}, {seconds:.0f} s")

    def phase(self, name: str, total: int = 0) -> None:
        """Say what begins."""
        self._what, self._total, self._done, self._here, self._said = name, total, 0, 0, 0
        self._begun = self._last = time.monotonic()
        self._say(name)

    def step(self) -> None:
        """Say how far it is, where that is worth a line."""
        self._count("{what} {done} of {total}, {seconds:.0f} s")

    def _count(self, line: str) -> None:
        self._done += 1
        now = time.monotonic()
        tenth = 10 * (self._done - self._here) // max(1, self._total - self._here)
        slow = now - self._last > 1.0
        if (self._done == self._total and self._total > 1) or (tenth > self._said and slow):
            self._said, self._last = tenth, now
            seconds = now - self._begun
            text = line.format(done=self._done, total=self._total, what=self._what, seconds=seconds)
            self._say(text)

    def _say(self, text: str) -> None:
        # A log on a full disk, or one that nobody reads any more, ends no run.
        with contextlib.suppress(OSError, ValueError):
            print(text, file=self._stream, flush=True)

    def close(self) -> None:
        """Nothing is left open."""


class Bar:
    """A bar with the time left, for a terminal; gone when the work is done.

    Args:
        noun: What is counted, in the plural.
    """

    def __init__(self, noun: str = "replicates") -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
        from rich.progress import Progress as RichProgress

        self._bar = RichProgress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("left:"),
            TimeRemainingColumn(),
            console=Console(stderr=True),
            transient=True,
        )
        self._task = self._bar.add_task(noun, total=None)

    def start(self, total: int, done: int) -> None:
        """Show the bar."""
        self._bar.update(self._task, total=total, completed=done)
        self._bar.start()

    def advance(self) -> None:
        """Move on by one."""
        self._bar.advance(self._task)

    def phase(self, name: str, total: int = 0) -> None:
        """An empty bar with the name of the phase; one that only moves where steps are not counted."""
        self._bar.reset(self._task, total=total or None, description=name)
        self._bar.start()

    def step(self) -> None:
        """Move on by one."""
        self._bar.advance(self._task)

    def close(self) -> None:
        """Take the bar away."""
        self._bar.stop()


def progress_for(*, quiet: bool, noun: str = "replicates") -> Progress:
    """The right kind for where stderr goes.

    Args:
        quiet: Whether to say nothing.
        noun: What is counted, in the plural.
    """
    if quiet:
        return Silent()
    return Bar(noun) if sys.stderr.isatty() else Lines(sys.stderr, noun)
