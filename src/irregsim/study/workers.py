"""Work over several processes: results as they are finished, or in the order of the replicates.

The processes are loky's (part of joblib): they need nothing of the caller's script, so they work in a notebook and in
a script without ``if __name__ == "__main__"``, and they can be ended in the middle of their work. Added here: they
leave Ctrl-C to the process that started them, and end when that process is gone.
"""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import Future, as_completed, wait
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from typing import Any, Final, TypeVar

T = TypeVar("T")

#: Replicates handed out beyond one for each process: nobody waits, and few results wait for their turn.
AHEAD: Final = 2

#: Seconds between two questions whether to end.
_ASK: Final = 0.2

#: One thread per worker: the processes fill the cores, and a sum split over threads could round otherwise.
ONE_THREAD: Final = dict.fromkeys(
    ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"), "1"
)


class ReplicateError(Exception):
    """A replicate could not be simulated; the message names it and the reason."""


# ---------------------------------------------------------------------------------------------------------
# In the process that asks


class Workers:
    """Fresh processes that wait for work. End them, or they last as long as this process.

    Args:
        jobs: How many, at least 1.
        work: What `begin` asks for; sent to every process once. Must travel to another process, as what it returns
            must.
        idle: Seconds without work after which a process ends; the next work has a new one. None for never.
    """

    def __init__(self, jobs: int, work: Callable[[int], Any] | None = None, idle: float | None = None) -> None:
        from joblib.externals.loky import ProcessPoolExecutor

        # The system closes the held end when this process is gone, however it went; a worker notices that.
        self._heard, self._held = Pipe(duplex=False)
        self._pool = ProcessPoolExecutor(
            jobs, timeout=idle, initializer=_begin_worker, initargs=(self._heard, work), env=ONE_THREAD
        )

    def begin(self, replicate: int) -> Future[Any]:
        """Hands out one replicate of the work."""
        return self.submit(_work_here, replicate)

    def submit(self, function: Callable[..., T], *arguments: Any) -> Future[T]:
        """Hands out something else, which must travel to another process."""
        with _without_interrupt():  # a worker inherits this at its start, which may be now
            future: Future[T] = self._pool.submit(function, *arguments)
        return future

    def end(self, *, at_once: bool) -> None:
        """Ends the processes: when all that was handed out is done, or in the middle of it."""
        self._pool.shutdown(wait=True, kill_workers=at_once)
        self._heard.close()
        self._held.close()


@contextlib.contextmanager
def _workers(jobs: int, work: Callable[[int], Any]) -> Iterator[Workers]:
    """Processes for one piece of work, ended with it: at once where anything is raised, Ctrl-C among it."""
    pool = Workers(jobs, work)
    try:
        yield pool
    except BrokenProcessPool:
        pool.end(at_once=True)
        raise ReplicateError(
            "a worker process ended unexpectedly (often because memory ran out); finished replicates are kept, "
            "try again with fewer --jobs"
        ) from None
    except BaseException:
        pool.end(at_once=True)
        raise
    pool.end(at_once=False)


def as_finished(work: Callable[[int], T], replicates: Sequence[int], jobs: int) -> Generator[tuple[int, T], None, None]:
    """Results of some work for replicates, each as soon as it is there.

    Args:
        work: Takes the number of a replicate; must travel to another process (a function, or a partial of one).
        replicates: Their numbers.
        jobs: Processes, at least 1; with 1, or one replicate, all happens in this process.

    Yields:
        Number and result.

    Raises:
        ReplicateError: If a process ends unexpectedly. What ``work`` raises is raised here.
        KeyboardInterrupt: If stopped by the user; the workers are stopped too.
    """
    jobs = min(jobs, len(replicates))
    if jobs <= 1:
        yield from ((replicate, work(replicate)) for replicate in replicates)
        return
    with _workers(jobs, work) as pool:
        begun = {pool.begin(replicate): replicate for replicate in replicates}
        for future in as_completed(begun):
            yield begun[future], future.result()


def in_order(
    work: Callable[[int], T], replicates: int, jobs: int, stopped: Callable[[], bool] | None = None
) -> Generator[T, None, None]:
    """Results of some work for each replicate, in the order of the replicates.

    Args:
        work: As for `as_finished`.
        replicates: How many, 0 or more.
        jobs: As for `as_finished`.
        stopped: Asked now and then whether to end before all is done, without a result; None never to ask.

    Yields:
        One result a replicate. At most ``jobs + AHEAD`` of them exist before they are taken.

    Raises:
        ReplicateError: If a process ends unexpectedly. What ``work`` raises is raised here.
        KeyboardInterrupt: If stopped by the user; the workers are stopped too.
    """
    jobs = min(jobs, replicates)
    if jobs <= 1:
        yield from map(work, range(replicates))
        return
    with contextlib.suppress(_Ended), _workers(jobs, work) as pool:
        waiting: deque[Future[T]] = deque()
        for replicate in range(replicates):
            waiting.append(pool.begin(replicate))
            if len(waiting) >= jobs + AHEAD:
                yield _result(waiting.popleft(), stopped)
        while waiting:
            yield _result(waiting.popleft(), stopped)


class _Ended(BaseException):
    """The work was stopped before its end."""


def _result(future: Future[T], stopped: Callable[[], bool] | None) -> T:
    """A result when it is there; asks meanwhile whether to end."""
    while stopped is not None and not future.done():
        if stopped():
            raise _Ended
        wait([future], timeout=_ASK)
    return future.result()


class Elsewhere:
    """Processes that do what they are handed, while this one continues, and stay for the next piece of work.

    Args:
        jobs: How many, at least 1.
        idle: As for `Workers`.
    """

    def __init__(self, jobs: int = 1, idle: float | None = None) -> None:
        self._jobs, self._idle = jobs, idle
        self._pool = Workers(jobs, idle=idle)
        self._lock = threading.Lock()

    def __call__(self, work: Callable[[], T]) -> T:
        """Result of some work; waits for it.

        Args:
            work: Must travel to another process, as its result must.

        Raises:
            ReplicateError: If the process ends unexpectedly; the next piece of work has a new one. What ``work``
                raises is raised here.
        """
        with self._replaced_when_broken() as pool:
            return pool.submit(work).result()

    def in_order(
        self, work: Callable[[int], T], replicates: int, stopped: Callable[[], bool] | None = None
    ) -> Generator[T, None, None]:
        """As `in_order`, in these processes: what is at work when it is stopped runs to its end, unheard."""
        waiting: deque[Future[T]] = deque()
        with contextlib.suppress(_Ended), self._replaced_when_broken() as pool:
            try:
                for replicate in range(replicates):
                    waiting.append(pool.submit(work, replicate))
                    if len(waiting) >= self._jobs + AHEAD:
                        yield _result(waiting.popleft(), stopped)
                while waiting:
                    yield _result(waiting.popleft(), stopped)
            finally:
                for future in waiting:
                    future.cancel()

    def begin(self, first: Callable[[], object]) -> None:
        """Starts the processes, so that the first piece of work does not wait for them; returns at once.

        Args:
            first: What each does first, such as loading modules; must travel to another process.
        """
        for _ in range(self._jobs):
            self._pool.submit(first)

    @contextlib.contextmanager
    def _replaced_when_broken(self) -> Iterator[Workers]:
        """The processes; new ones next time, if one ends unexpectedly."""
        pool = self._pool
        try:
            yield pool
        except BrokenProcessPool:
            with self._lock:
                if self._pool is pool:
                    pool.end(at_once=True)
                    self._pool = Workers(self._jobs, idle=self._idle)
            raise ReplicateError("a worker process ended unexpectedly (often because memory ran out)") from None

    def close(self) -> None:
        """Ends the processes, whatever they do."""
        self._pool.end(at_once=True)


@contextlib.contextmanager
def _without_interrupt() -> Iterator[None]:
    """Keeps Ctrl-C from processes that are started meanwhile; this one has it, or a request to end, a moment later.

    An exception now would cut off what a new process is being told, and that process would complain.
    """
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    earlier = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        with _deferred():
            yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, earlier)


@contextlib.contextmanager
def _deferred() -> Iterator[None]:
    """Keeps handlers of the two signals back to the end; another thread may take a signal that this one blocks."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came: list[int] = []
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    handlers = {number: handler for number, handler in handlers.items() if callable(handler)}
    for number in handlers:
        signal.signal(number, lambda number, _: came.append(number))
    try:
        yield
    finally:
        for known, handler in handlers.items():
            signal.signal(known, handler)
        for late in came[:1]:
            signal.raise_signal(late)


# ---------------------------------------------------------------------------------------------------------
# In a worker

_work: Callable[[int], Any] | None = None  # set in worker processes only, once


def _begin_worker(parent: Connection, work: Callable[[int], Any] | None) -> None:
    global _work
    _work = work
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # where the system knows no mask
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()


def _end_with(parent: Connection) -> None:
    """Ends this worker when the process that started it is gone, however it went."""
    with contextlib.suppress(OSError):  # reset instead of closed, on Windows
        parent.poll(None)  # nothing is ever sent
    os._exit(1)


def _work_here(replicate: int) -> Any:
    assert _work is not None, "a worker has its work before its first replicate"
    return _work(replicate)
