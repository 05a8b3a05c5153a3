"""Work on replicates of finished runs over several processes, with results in the order of the replicates."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Generator
from concurrent.futures import Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from typing import Any, Final, TypeVar

# The same discipline as for simulations: workers need nothing of the caller's script, leave Ctrl-C to this process,
# and end with it.
from irregsim.study.replicates import ReplicateError, _end_with_parent, _QuietSpawn, _stop

T = TypeVar("T")

#: Replicates handed out beyond one for each process: nobody waits, and few results wait for their turn.
AHEAD: Final = 2

#: Seconds between two questions whether to end.
_ASK: Final = 0.2

_work: Callable[[int], Any] | None = None  # set in worker processes only, once


def in_order(
    work: Callable[[int], T], replicates: int, jobs: int, stopped: Callable[[], bool] | None = None
) -> Generator[T, None, None]:
    """Results of some work for each replicate, in the order of the replicates.

    Args:
        work: Takes the number of a replicate; must travel to another process (a function, or a partial of one).
        replicates: How many, 0 or more.
        jobs: Processes, at least 1; with 1, or one replicate, all happens in this process.
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
    pool = ProcessPoolExecutor(jobs, mp_context=_QuietSpawn(), initializer=_begin, initargs=(work,))
    try:
        waiting: deque[Future[T]] = deque()
        for replicate in range(replicates):
            waiting.append(pool.submit(_work_here, replicate))
            if len(waiting) >= jobs + AHEAD:
                if _is_over(waiting[0], stopped):
                    _stop(pool)
                    return
                yield waiting.popleft().result()
        while waiting:
            if _is_over(waiting[0], stopped):
                _stop(pool)
                return
            yield waiting.popleft().result()
        pool.shutdown()
    except BrokenProcessPool:
        _stop(pool)
        raise ReplicateError(
            "a worker process ended unexpectedly (often for want of memory); all runs are kept, try again with fewer "
            "--jobs"
        ) from None
    except BaseException:
        _stop(pool)
        raise


def _is_over(future: Future[Any], stopped: Callable[[], bool] | None) -> bool:
    """Waits for a result; whether the work was stopped before it came."""
    while stopped is not None and not future.done():
        if stopped():
            return True
        wait([future], timeout=_ASK)
    return False


class Elsewhere:
    """One process that does what it is handed, one piece after the other, while this one goes on."""

    def __init__(self) -> None:
        self._pool = self._begun()
        self._lock = threading.Lock()

    @staticmethod
    def _begun() -> ProcessPoolExecutor:
        return ProcessPoolExecutor(1, mp_context=_QuietSpawn(), initializer=_watch_parent)

    def __call__(self, work: Callable[[], T]) -> T:
        """Result of some work; waits for it.

        Args:
            work: Must travel to another process, as its result must.

        Raises:
            ReplicateError: If the process ends unexpectedly; the next piece of work has a new one. What ``work``
                raises is raised here.
        """
        pool = self._pool
        try:
            return pool.submit(work).result()
        except BrokenProcessPool:
            with self._lock:
                if self._pool is pool:
                    self._pool = self._begun()
            raise ReplicateError("a worker process ended unexpectedly (often for want of memory)") from None

    def close(self) -> None:
        """Ends the process, whatever it does."""
        _stop(self._pool)


def _watch_parent() -> None:
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _begin(work: Callable[[int], Any]) -> None:
    global _work
    _work = work
    _watch_parent()


def _work_here(replicate: int) -> Any:
    assert _work is not None, "workers are told their work before their first replicate"
    return _work(replicate)
