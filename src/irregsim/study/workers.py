"""Work over several processes: results as they are finished, or in the order of the replicates.

The processes are loky's (part of joblib): they need nothing of the caller's script, so they work in a notebook and in
a script without ``if __name__ == "__main__"``, and they can be ended in the middle of their work. Added here: they
leave Ctrl-C to the process that started them, and end when that process is gone.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import pickle
import signal
import tempfile
import threading
import warnings
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import Future, as_completed, wait
from concurrent.futures.process import BrokenProcessPool
from functools import lru_cache
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Final, TypeVar

from irregsim.storage.paths import Told
from irregsim.study.garbage import seldom_collected

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
        idle: Seconds without work after which a process ends; the next work has a new one. None for never.
    """

    def __init__(self, jobs: int, idle: float | None = None) -> None:
        from joblib.externals.loky import ProcessPoolExecutor

        # The system closes the held end when this process is gone, however it went; a worker notices that.
        self._heard, self._held = Pipe(duplex=False)
        self._idle = idle
        self._pool = ProcessPoolExecutor(
            jobs, timeout=idle, initializer=_begin_worker, initargs=(self._heard,), env=ONE_THREAD
        )

    def submit(self, function: Callable[..., T], *arguments: Any) -> Future[T]:
        """Hands out something, which must travel to another process."""
        if self._idle is not None:
            # A process that leaves as work arrives is replaced by loky's own thread, which says so. With warnings as
            # errors (-W error) that ended the thread, and whoever waited for the work waited for ever.
            warnings.filterwarnings("ignore", "A worker stopped while some jobs were given", UserWarning)
        with _without_interrupt():  # a worker inherits this at its start, which may be now
            future: Future[T] = self._pool.submit(function, *arguments)
        return future

    def end(self, *, at_once: bool) -> None:
        """Ends the processes: when all that was handed out is done, or in the middle of it."""
        self._pool.shutdown(wait=True, kill_workers=at_once)
        self._heard.close()
        self._held.close()


class Crew:
    """Processes that do one piece of work after the other, so that each loads what it needs once.

    A context manager: they begin with the first piece of work and end with the context, at once where anything is
    raised, Ctrl-C among it.

    Args:
        jobs: How many, at least 1; with 1 all work happens in the process that asks, and none is begun.
        helped: Whether the process that asks is one of them in `in_order`, and does not only wait. It has loaded what
            the work needs, and a process more loads it once more: for short pieces of work that is most of the time.
    """

    def __init__(self, jobs: int, *, helped: bool = False) -> None:
        self.jobs = jobs
        self.helped = helped and jobs > 1
        self._pool: Workers | None = None

    def __enter__(self) -> Crew:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._end(at_once=kind is not None)

    @contextlib.contextmanager
    def at(self, work: Callable[[int], T]) -> Iterator[Callable[[int], Future[T]]]:
        """The processes at a piece of work.

        Args:
            work: Takes the number of a replicate; must travel to another process, as what it returns must.

        Yields:
            Hands out one replicate.

        Raises:
            ReplicateError: If a process ends unexpectedly. Whatever is raised, the processes are ended at once.
        """
        from joblib.externals.loky.backend.reduction import dumps

        if self._pool is None:
            self._pool = Workers(self.jobs - self.helped)
        pool = self._pool
        # The work, which may hold all draws or tables, travels once to each process and not once a replicate.
        with tempfile.TemporaryDirectory(prefix="irregsim-", ignore_cleanup_errors=True) as folder:
            place = Path(folder, "work")
            place.write_bytes(dumps(work))
            try:
                yield lambda replicate: pool.submit(_work_at, str(place), replicate)
            except BrokenProcessPool:
                self._end(at_once=True)
                raise ReplicateError(
                    "a worker process ended unexpectedly (often because memory ran out); finished replicates are kept, "
                    "try again with fewer --jobs"
                ) from None
            except BaseException:
                self._end(at_once=True)
                raise

    def _end(self, *, at_once: bool) -> None:
        if self._pool is not None:
            self._pool.end(at_once=at_once)
            self._pool = None


#: Who does a piece of work: so many processes of its own, or those that do other work too.
Hands = int | Crew


def is_alone() -> bool:
    """Whether this process can have no others: it is a worker of another program, or the system shares no memory.

    The second is told once, since the work takes longer.
    """
    if multiprocessing.current_process().daemon:
        return True
    try:
        multiprocessing.Lock()
    except (OSError, ImportError) as error:
        warnings.warn(
            f"processes cannot share memory here ({getattr(error, 'strerror', None) or error}; on Linux it is "
            "/dev/shm), so all is done in one, as with --jobs 1",
            Told,
            stacklevel=2,
        )
        return True
    return False


@contextlib.contextmanager
def _handing_out(work: Callable[[int], T], replicates: int, jobs: Hands) -> Iterator[Callable[[int], Future[T]] | None]:
    """Hands out replicates of some work; None where it is to be done in this process."""
    most = jobs if isinstance(jobs, int) else jobs.jobs
    if min(most, replicates) <= 1 or is_alone():
        yield None
    elif isinstance(jobs, int):
        with Crew(min(jobs, replicates)) as crew, crew.at(work) as begin:
            yield begin
    else:
        with jobs.at(work) as begin:
            yield begin


def as_finished(
    work: Callable[[int], T], replicates: Sequence[int], jobs: Hands
) -> Generator[tuple[int, T], None, None]:
    """Results of some work for replicates, each as soon as it is there.

    Args:
        work: Takes the number of a replicate; must travel to another process (a function, or a partial of one).
        replicates: Their numbers.
        jobs: Processes, at least 1, or a crew; with 1, or one replicate, all happens in this process.

    Yields:
        Number and result.

    Raises:
        ReplicateError: If a process ends unexpectedly. What ``work`` raises is raised here.
        KeyboardInterrupt: If stopped by the user; the workers are stopped too.
    """
    with _handing_out(work, len(replicates), jobs) as begin:
        if begin is None:
            yield from ((replicate, work(replicate)) for replicate in replicates)
            return
        begun = {begin(replicate): replicate for replicate in replicates}
        for future in as_completed(begun):
            yield begun[future], future.result()


def in_order(
    work: Callable[[int], T], replicates: int, jobs: Hands, stopped: Callable[[], bool] | None = None
) -> Generator[T, None, None]:
    """Results of some work for each replicate, in the order of the replicates.

    Args:
        work: As for `as_finished`.
        replicates: How many, 0 or more.
        jobs: As for `as_finished`.
        stopped: Asked now and then whether to end before all is done, without a result; None never to ask.

    Yields:
        One result a replicate. At most ``AHEAD`` and one for each process exist before they are taken.

    Raises:
        ReplicateError: If a process ends unexpectedly. What ``work`` raises is raised here.
        KeyboardInterrupt: If stopped by the user; the workers are stopped too.
    """
    with contextlib.suppress(_Ended), _handing_out(work, replicates, jobs) as begin:
        if begin is None:
            yield from map(work, range(replicates))
            return
        most = AHEAD + (jobs if isinstance(jobs, int) else jobs.jobs)
        # Each of the others has one piece at work, and one that waits for it.
        supplied = 2 * (jobs.jobs - 1) if isinstance(jobs, Crew) and jobs.helped else replicates
        waiting: deque[Future[T]] = deque()
        for replicate in range(replicates):
            if sum(not one.done() for one in waiting) < supplied:
                waiting.append(begin(replicate))
            else:
                waiting.append(Future())
                waiting[-1].set_result(work(replicate))
            if len(waiting) >= most:
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


def _begin_worker(parent: Connection) -> None:
    seldom_collected()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # where the system knows no mask
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()


def _end_with(parent: Connection) -> None:
    """Ends this worker when the process that started it is gone, however it went."""
    with contextlib.suppress(OSError):  # reset instead of closed, on Windows
        parent.poll(None)  # nothing is ever sent
    os._exit(1)


@lru_cache(maxsize=1)
def _loaded(place: str) -> Callable[[int], Any]:
    """The work of this process, which is read once."""
    work: Callable[[int], Any] = pickle.loads(Path(place).read_bytes())
    return work


def _work_at(place: str, replicate: int) -> Any:
    return _loaded(place)(replicate)
