"""The twins of this process, and the process in the background that compiles what is missing."""

from __future__ import annotations

import contextlib
import time
import weakref
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any, Final

import filelock
import numpy as np
import numpy.typing as npt

from irregsim.model.centres import COUNT as CENTRES
from irregsim.model.compiled import background, loops, store
from irregsim.model.compiled.chooser import Chooser
from irregsim.model.compiled.tree import Unreadable
from irregsim.model.compiled.twin import Twin
from irregsim.model.draws import Draws
from irregsim.model.engine import Contest, Part, Selection
from irregsim.model.parameters import point_draw
from irregsim.model.values import Values
from irregsim.model.world import World
from irregsim.scenario import load_scenario
from irregsim.vocabulary.codes import RegisterEvent, Strategy

#: Seconds between two looks at whether a kernel is ready.
_LOOK_AGAIN: Final = 0.5

#: What each part was read from, and what became of it; None where it cannot be read.
_twins: weakref.WeakKeyDictionary[Part, tuple[object, Twin | Chooser | None]] = weakref.WeakKeyDictionary()
_not_before: weakref.WeakKeyDictionary[Part, float] = weakref.WeakKeyDictionary()
_machinery_ready = False


def ready_twin(contest: Part, waits: bool = True) -> Twin | Chooser | None:
    """The twin of a part if it can decide now; see `compiled.twin_of` and `compiled.chooser_of`.

    Args:
        contest: A contest or a choice, of the model's own month or another.
        waits: Whether a kernel that nobody makes in the background is made here, which takes a second or so.
    """
    twin = _twin(contest)
    if twin is None or twin.is_loaded:
        return twin
    now = time.monotonic()
    if now < _not_before.get(contest, 0.0):
        return None
    if not twin.is_ready and (_is_awaited(contest) or not waits):
        _not_before[contest] = now + _LOOK_AGAIN
        return None
    twin.load()
    return twin


def _twin(contest: Part) -> Twin | Chooser | None:
    kept = _twins.get(contest)
    of = contest.utilities if isinstance(contest, Selection) else contest.rules
    if kept is None or kept[0] is not of:
        twin: Twin | Chooser | None = None
        with contextlib.suppress(Unreadable):
            if isinstance(contest, Selection):
                twin = Chooser(contest)
            elif isinstance(contest, Contest):
                twin = Twin(contest)
        _twins[contest] = kept = (of, twin)
    return kept[1]


def prepare(parts: Sequence[Part]) -> dict[str, float]:
    """See `compiled.prepare`."""
    with _lock(wait=-1):  # whoever is at it already leaves less to do
        seconds = _compile(_readable_twins(parts)) | {"machinery": _compile_machinery()}
        _mark_complete()
        return seconds


def _readable_twins(parts: Sequence[Part]) -> list[Twin | Chooser]:
    twins = [_twin(part) for part in parts]
    return [twin for twin in twins if twin is not None]


def _compile(twins: Sequence[Twin | Chooser]) -> dict[str, float]:
    seconds = {}
    for twin in twins:
        begun = time.process_time()
        twin.compile(_sample())
        seconds[twin.name] = time.process_time() - begun
    return seconds


def _lock(wait: float) -> filelock.BaseFileLock:
    own, shared = store.folder(), background.root()
    return background.lock(shared if shared is not None and shared in own.parents else own, wait)


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
        with _lock(wait=0.5):  # somebody may just look whether it is held
            _compile(_readable_twins(MONTH))
            _compile_machinery()
            _mark_complete()
    except filelock.Timeout:
        return False
    return True


def ready_machinery() -> Mapping[str, Callable[..., Any]]:
    """Twins of the machinery by the name of what they replace; none while they are being compiled."""
    global _machinery_ready
    from irregsim.model.compiled import machinery

    if not _machinery_ready:
        if not store.is_ready(machinery.text()) and _is_awaited():
            return {}
        _machinery_ready = True
    return machinery.TWINS


def _compile_machinery() -> float:
    """Compiles all loops of the machinery, or loads them; returns processor seconds."""
    from irregsim.model.compiled import arrivals, beginnings, keyed, machinery, places, stocks

    begun, world = time.process_time(), _sample().copy()
    nobody = np.full(1, -1)
    somebody = world.population.add(person_id=np.zeros(1, dtype=np.uint64))
    machinery.everyone(world)
    machinery.show(world.population)
    machinery.children_of(world.population, somebody)
    machinery.count_in(world.population.centre, 1)
    machinery.circles(world, nobody, nobody, nobody, nobody)
    keyed.finalise(world.population.key.copy())
    keyed.uniform(world.draws, "onward", 0, world.population.key)
    half = np.full(1, 0.5)
    places.by_sums(half, half, 0.5 * half)
    for count in (places.residents, places.guests, places.workers):
        count(world)
    one: npt.NDArray[np.int64] = np.ones(1, dtype=np.int64)
    places.hosts_at_hand(world, somebody, np.zeros(len(world.hosts) + 1, dtype=np.bool_))
    places.served(0 * one, one, half)
    places.in_centres(world, 0 * one, one, np.ones(CENTRES, dtype=np.int64), half, half)
    places.matched(world, 0 * one, one, half, np.ones(len(world.employers), dtype=np.int64))
    at = world.values.at(world.month)
    beginnings.begin(world, at, *arrivals.arrive(world, at, -1, 0 * one, 0 * one, one))
    stocks.record(world)
    stocks.communities(world)
    stocks.sums(None, world, world.values.at(world.month))
    machinery.note(world, RegisterEvent.HEALTH_CONTACT, somebody)
    machinery.set_cell(world, somebody)
    machinery.relocate(world, somebody, 0 * somebody, "city_move")
    stocks.outcome(world.history, "care_needed", 0, somebody)
    machinery.move(world, somebody, Strategy.FRITT_FALL, "choice")
    store.mark_ready(machinery.text())
    return time.process_time() - begun


def _mark_complete() -> None:
    """Says that the month's machine code is there, if all of the model's own month is."""
    from irregsim.model.compiled import machinery
    from irregsim.model.month import MONTH

    shared = [_stored(module) for module in (loops, machinery, *machinery.OTHERS)]
    if all(shared) and all(twin.is_ready for twin in _readable_twins(MONTH)):
        background.mark_complete({path for paths in shared for path in paths})


def _stored(module: ModuleType) -> set[Path]:
    """Files that list the machine code of a module's loops; none where it could not be stored."""
    folders = {loop.stats.cache_path for loop in vars(module).values() if hasattr(loop, "nopython_signatures")}
    if None in folders:
        return set()
    name = Path(str(module.__file__)).stem
    return {path for folder in folders for path in Path(folder).glob(f"{name}.*.nbi")}


def _is_awaited(contest: Part | None = None) -> bool:
    """Has a process in the background compile what the model's own month needs, and says whether to wait for it.

    Args:
        contest: A part whose kernel is missing; None where the machinery is.
    """
    from irregsim.model.month import MONTH

    return (contest is None or any(contest is part for part in MONTH)) and background.is_at_work()
