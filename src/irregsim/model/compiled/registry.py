"""The twins of this process, and the process in the background that compiles what is missing."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import time
import weakref
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any, Final

import filelock
import numpy as np

from irregsim.model.compiled import store
from irregsim.model.compiled.tree import Unreadable
from irregsim.model.compiled.twin import Twin
from irregsim.model.draws import Draws
from irregsim.model.engine import Contest, Part, Rule
from irregsim.model.parameters import point_draw
from irregsim.model.values import Values
from irregsim.model.world import World
from irregsim.scenario import load_scenario
from irregsim.vocabulary.codes import Strategy

#: Seconds between two looks at whether a kernel is ready.
_LOOK_AGAIN: Final = 0.5
_LOCK: Final = "filling.lock"

_twins: weakref.WeakKeyDictionary[Contest, tuple[tuple[Rule, ...], Twin | None]] = weakref.WeakKeyDictionary()
_not_before: weakref.WeakKeyDictionary[Contest, float] = weakref.WeakKeyDictionary()
_filler: subprocess.Popen[bytes] | None = None
_filled = False
_machinery_ready = False


def ready_twin(contest: Contest) -> Twin | None:
    """The twin of a contest if it can decide now; see `compiled.twin_of`."""
    twin = _twin(contest)
    if twin is None or twin.is_loaded:
        return twin
    now = time.monotonic()
    if now < _not_before.get(contest, 0.0):
        return None
    if not twin.is_ready and _fill(contest):
        _not_before[contest] = now + _LOOK_AGAIN
        return None
    twin.load()
    return twin


def _twin(contest: Contest) -> Twin | None:
    kept = _twins.get(contest)
    if kept is None or kept[0] is not contest.rules:
        twin = None
        with contextlib.suppress(Unreadable):
            twin = Twin(contest)
        _twins[contest] = kept = (contest.rules, twin)
    return kept[1]


def prepare(parts: Sequence[Part]) -> dict[str, float]:
    """See `compiled.prepare`."""
    with _lock(wait=-1):  # whoever is at it already leaves less to do
        return _compile(_readable_twins(parts)) | {"machinery": _compile_machinery()}


def _readable_twins(parts: Sequence[Part]) -> list[Twin]:
    twins = [_twin(part) for part in parts if isinstance(part, Contest)]
    return [twin for twin in twins if twin is not None]


def _compile(twins: Sequence[Twin]) -> dict[str, float]:
    seconds = {}
    for twin in twins:
        begun = time.process_time()
        twin.compile(_sample())
        seconds[twin.contest.name] = time.process_time() - begun
    return seconds


def _lock(wait: float) -> filelock.BaseFileLock:
    """A lock that one process at a time has while it compiles; waits so many seconds for it, -1 for ever."""
    return filelock.FileLock(store.folder() / _LOCK, timeout=wait)


@cache
def _sample() -> World:
    """A world without persons, for the types of its arrays."""
    world = World(Values(load_scenario("baseline").levers, point_draw(), 0.01), Draws(0, 0))
    world.month = 0
    return world


def fill() -> bool:
    """Compiles the kernels of the model's own month, unless another process is at it; returns whether it did."""
    from irregsim.model.month import MONTH

    try:
        with _lock(wait=0):
            _compile(_readable_twins(MONTH))
            _compile_machinery()
    except filelock.Timeout:
        return False
    return True


def ready_machinery() -> Mapping[str, Callable[..., Any]]:
    """Twins of the machinery by the name of what they replace; none while they are being compiled."""
    global _machinery_ready
    from irregsim.model.compiled import machinery

    if not _machinery_ready:
        if not store.is_ready(machinery.text()) and _fill():
            return {}
        _machinery_ready = True
    return machinery.TWINS


def _compile_machinery() -> float:
    """Compiles all loops of the machinery, or loads them; returns processor seconds."""
    from irregsim.model.compiled import machinery, places, stocks

    begun, world = time.process_time(), _sample().copy()
    nobody = np.full(1, -1)
    somebody = world.population.add(person_id=np.zeros(1, dtype=np.uint64))
    machinery.everyone(world)
    machinery.show(world.population)
    machinery.children_of(world.population, somebody)
    machinery.count_in(world.population.centre, 1)
    machinery.circles(world, nobody, nobody, nobody, nobody)
    machinery.finalise(world.population.key.copy())
    half = np.full(1, 0.5)
    places.by_sums(half, half, 0.5 * half)
    places.fill_beds(world.centres.capacity, 0, half, half, -nobody, nobody < 0, -nobody)
    stocks.record(world)
    stocks.communities(world)
    stocks.sums(None, world, world.values.at(world.month))
    machinery.move(world, somebody, Strategy.FRITT_FALL, "choice")
    store.mark_ready(machinery.text())
    return time.process_time() - begun


def _fill(contest: Contest | None = None) -> bool:
    """Has a process compile what the model's own month needs.

    Args:
        contest: A contest whose kernel is missing; None where the machinery is.

    Returns:
        Whether to wait for it: it is at work, and that is among what it makes.
    """
    global _filler, _filled
    from irregsim.model.month import MONTH

    if _filled or not (contest is None or any(contest is part for part in MONTH)):
        return False
    if _filler is None and _busy():
        return True
    if _filler is None:
        quiet = subprocess.DEVNULL
        command = [sys.executable, "-m", "irregsim.model.compiled"]
        try:
            _filler = subprocess.Popen(command, stdin=quiet, stdout=quiet, stderr=quiet, start_new_session=True)
        except OSError:
            _filled = True
            return False
    # Where it has ended and a kernel is missing still, it failed, or another process is at it.
    if _filler.poll() is not None:
        if _busy():
            return True
        _filled = True
        return False
    return True


def _busy() -> bool:
    try:
        with _lock(wait=0):
            return False
    except (filelock.Timeout, OSError):
        return True
