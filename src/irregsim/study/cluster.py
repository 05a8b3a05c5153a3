"""Replicates on a Dask scheduler: the same work on other machines, tables stored here.

Workers get one replicate at a time (scenarios and one parameter draw, no files) and send its tables back, so they
need no shared folder; only the process that asks writes. A worker that is lost loses nothing: the scheduler gives its
replicates to others. Workers that run other code than this process are refused before any work.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from irregsim.study.identity import code_sha256, data_sha256, decisive_versions
from irregsim.study.packages import install
from irregsim.study.workers import ReplicateError

T = TypeVar("T")

#: Replicates handed out for each thread of the cluster: nobody waits, and few results wait to be stored.
AHEAD: Final = 3

#: Times a replicate is tried where its worker is lost.
RETRIES: Final = 3

#: Seconds to wait for the scheduler, and for its first worker.
PATIENCE: Final = 30


@dataclass(frozen=True)
class Cluster:
    """A Dask scheduler.

    Attributes:
        address: Such as ``tcp://10.0.0.5:8786``.
    """

    address: str


def missing() -> str | None:
    """What must be installed to use a cluster; None where it is there."""
    try:
        import distributed  # noqa: F401
    except ImportError:
        return f"--cluster needs distributed; install it with: {install('cluster', 'distributed')}"
    return None


def as_finished_on(
    cluster: Cluster, work: Callable[..., T], arguments: Callable[[int], tuple[Any, ...]], replicates: Sequence[int]
) -> Generator[tuple[int, T], None, None]:
    """Results of some work for replicates, each as soon as it is there.

    Args:
        cluster: Where to work.
        work: A function of a module that workers have; what it returns must travel.
        arguments: What it is called with for a replicate; must travel too, so it should be little.
        replicates: Their numbers.

    Yields:
        Number and result.

    Raises:
        ReplicateError: If the scheduler cannot be reached, has no workers or workers of other code, or a replicate
            fails.
        KeyboardInterrupt: If stopped by the user; what was handed out is cancelled.
    """
    from distributed import Client, as_completed

    try:
        client = Client(cluster.address, timeout=PATIENCE, set_as_default=False)
        client.wait_for_workers(1, timeout=PATIENCE)
    except (OSError, TimeoutError, ValueError) as error:
        raise ReplicateError(
            f"--cluster {cluster.address}: no scheduler with workers answers there ({error})"
        ) from None
    waiting = deque(replicates)
    begun: dict[Any, int] = {}
    try:
        _check_alike(client)
        ahead = AHEAD * max(1, sum(client.nthreads().values()))
        found = as_completed(loop=client.loop)

        def hand_out() -> None:
            while waiting and len(begun) < ahead:
                replicate = waiting.popleft()
                # The same call is not the same work for Dask: what it is asked is never taken from an earlier answer.
                future = client.submit(work, *arguments(replicate), pure=False, retries=RETRIES)
                begun[future] = replicate
                found.add(future)

        hand_out()
        while begun:
            future = next(found)
            replicate = begun.pop(future)
            try:
                result = future.result()
            except ReplicateError:
                raise
            except Exception as error:  # whatever the scheduler says of lost workers
                raise ReplicateError(f"replicate {replicate} failed: {type(error).__name__}: {error}") from error
            future.release()
            hand_out()
            yield replicate, result
    finally:
        client.cancel(list(begun), force=True)
        client.close(timeout=5)


def _identity() -> dict[str, Any]:
    """What must be the same on a worker."""
    return {"code": code_sha256(), "data": data_sha256(), **decisive_versions()}


def _check_alike(client: Any) -> None:
    """Refuse workers that would make other tables."""
    mine = _identity()
    for worker, theirs in client.run(_identity).items():
        unlike = [
            f"{name} {theirs.get(name)} there, {mine[name]} here" for name in mine if theirs.get(name) != mine[name]
        ]
        if unlike:
            raise ReplicateError(f"worker {worker} is not like this process: {'; '.join(unlike)}")
