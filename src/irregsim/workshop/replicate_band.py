"""More runs of the same pair, in separate processes, for the band that a single run cannot give."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Mapping, Sequence
from functools import partial
from typing import Any, Final

from irregsim.inference.posterior import choose
from irregsim.model.draws import Draws
from irregsim.model.values import Values
from irregsim.scenario import Scenario
from irregsim.study.forks import kept_before, worlds_together
from irregsim.study.replicates import available_cores
from irregsim.study.run_ups import RunUps
from irregsim.study.workers import Elsewhere
from irregsim.workshop.live.record import Record
from irregsim.workshop.live.shown import Pair

#: Runs that the button adds.
MORE: Final = 20

#: One after the other, for all viewers: several at once would only take each other's processors.
_TURN = threading.Lock()


#: Seconds without work after which the processes end and free their memory.
_IDLE: Final = 600.0

_workers: Elsewhere | None = None


def _standing(jobs: int | None = None) -> Elsewhere:
    """Processes that stay for the next button; two at least, for this one has the page to serve."""
    global _workers
    if _workers is None:
        _workers = Elsewhere(jobs or max(2, available_cores()), _IDLE)
    return _workers


def in_order(
    work: Callable[[int], Pair], number: int, jobs: int | None = None, stopped: Callable[[], bool] | None = None
) -> Generator[Pair, None, None]:
    """Pairs in the order of their number, made in the processes that stay; with one job, in this process."""
    if jobs == 1:
        yield from map(work, range(number))
    else:
        yield from _standing(jobs).in_order(work, number, stopped)


def warm_up() -> None:
    """Starts the processes and lets them load the model; returns at once. Does nothing where they are there."""
    if _workers is None:
        _standing().begin(_load)


def _load() -> None:
    """What a process does first: with this module it has the model and its tables."""
    choose("posterior")


def close() -> None:
    """Ends the processes that stay, whatever they do."""
    global _workers
    if _workers is not None:
        _workers.close()
        _workers = None


def pair_of(
    scenario: Scenario,
    reference: Scenario,
    draws: Mapping[int, Mapping[str, float]],
    seed: int,
    scale: float,
    first: int,
    until: int,
    number: int,
    earlier: Sequence[int] = (),
) -> Pair:
    """Both sides of one replicate; one world until the two first differ.

    Args:
        scenario: The scenario.
        reference: The reference, over the same period.
        draws: Value of every parameter, by the replicate.
        seed: Random seed.
        scale: Size of the population relative to Norway's.
        first: First month shown.
        until: Last month simulated.
        number: Place among the replicates of ``draws``, from 0.
        earlier: Last months of earlier runs of the same pair, which are continued where they are kept.
    """
    replicate = list(draws)[number]
    (pair,) = pairs_together(
        [(scenario, reference)],
        draws[replicate],
        Draws(seed, replicate),
        scale,
        first,
        until,
        partings=(first, *(month + 1 for month in (*earlier, until) if month >= first)),
    )
    return pair


def pairs_together(
    asked: Sequence[tuple[Scenario, Scenario]],
    draw: Mapping[str, float],
    chance: Draws,
    scale: float,
    first: int,
    until: int,
    partings: Sequence[int] = (),
) -> list[Pair]:
    """Several pairs of one replicate; each stretch that any of their sides have in common is simulated once.

    Args:
        asked: Scenario and reference of each pair, all over the same period.
        draw: Value of every parameter by name.
        chance: Keyed draws of the replicate.
        scale: Size of the population relative to Norway's.
        first: First month shown.
        until: Last month simulated.
        partings: Months whose worlds are kept on disk besides those in which two sides part.
    """
    sides = [side for pair in asked for side in pair]
    run_ups = RunUps.of_user()
    found: dict[int, Record] = {}
    if until + 1 in partings:
        found = _kept(sides, draw, chance, scale, until, run_ups)
    if len(found) < len(sides):
        how: Any = {"scale": scale, "until": until, "partings": partings, "run_ups": run_ups}
        for group, world in worlds_together(sides, draw, chance, **how):
            found |= dict.fromkeys(group, Record.of(world))
    return [Pair(found[2 * n + 1], found[2 * n], first) for n in range(len(asked))]


def _kept(
    sides: Sequence[Scenario], draw: Mapping[str, float], chance: Draws, scale: float, until: int, run_ups: RunUps
) -> dict[int, Record]:
    """Records of sides whose last world is kept, by number, without reading the worlds on the way; none unless all."""
    found: dict[int, Record] = {}
    alike: dict[str, Record] = {}
    for number, side in enumerate(sides):
        name = side.levers.sha256_until(until + 1)
        if name not in alike:
            world = kept_before(Values(side.levers, draw, scale), chance, until + 1, run_ups=run_ups)
            if world is None:
                return {}
            alike[name] = Record.of(world)
        found[number] = alike[name]
    return found


class Runs:
    """Pairs that are made in separate processes; they can be watched and stopped.

    Args:
        work: Makes the pair of a number, from 0; must travel to another process.
        number: How many pairs.
        until: Last month simulated.
        told: Called, in a thread of its own, whenever a run is finished or the work ends.
        jobs: Processes; 1 for this one, None for as many as there are cores.

    Attributes:
        pairs: Finished runs, in the order of their numbers.
        until: Last month simulated.
        total: How many there will be.
        error: Why the work ended before its time, in words; empty if it did not.
        is_waiting: Whether other runs have to end first.
    """

    def __init__(
        self,
        work: Callable[[int], Pair],
        number: int,
        until: int,
        told: Callable[[], None],
        jobs: int | None = None,
    ) -> None:
        self.total, self.until = number, until
        self.pairs: list[Pair] = []
        self.error = ""
        self.is_waiting = True
        self._told = told
        self._stopped = threading.Event()
        self._work = work
        self._jobs = jobs
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        """Begins; returns at once."""
        self._thread.start()

    def stop(self) -> None:
        """Ends the work; what is finished stays."""
        self._stopped.set()

    @property
    def is_running(self) -> bool:
        """Whether runs are still to come."""
        return self._thread.is_alive() and not self._stopped.is_set()

    def wait(self, seconds: float | None = None) -> None:
        """Waits until the work has ended."""
        self._thread.join(seconds)

    def _run(self) -> None:
        with _TURN:
            if self._stopped.is_set():
                return
            self.is_waiting = False
            found = in_order(self._work, self.total, self._jobs, self._stopped.is_set)
            try:
                for pair in found:
                    self.pairs.append(pair)
                    self._told()
                    if self._stopped.is_set():
                        break
            except Exception as error:  # shown to the reader, whatever it was
                self.error = f"{type(error).__name__}: {error}"
            finally:
                found.close()
        self._stopped.set()
        self._told()


class More(Runs):
    """Runs of a pair besides the one on the page, in the order of their replicates: the lowest numbers but that one's.

    Args:
        scenario: The scenario.
        reference: The reference.
        draws: As for `irregsim run`.
        seed: Random seed.
        replicate: Number of the replicate on the page.
        scale: Size of the population relative to Norway's.
        first: First month shown.
        until: Last month simulated.
        told: As for `Runs`; likewise ``jobs``.
        number: How many runs.
        earlier: As for `pair_of`.
    """

    def __init__(
        self,
        scenario: Scenario,
        reference: Scenario,
        *,
        draws: str,
        seed: int,
        replicate: int = 0,
        scale: float,
        first: int,
        until: int,
        told: Callable[[], None],
        number: int = MORE,
        jobs: int | None = None,
        earlier: Sequence[int] = (),
    ) -> None:
        chosen, _ = choose(draws)
        others = [j for j in range(number + 1) if j != replicate][:number]
        by_replicate = {j: chosen.values[chosen.index(j)] for j in others}
        work = partial(pair_of, scenario, reference, by_replicate, seed, scale, first, until, earlier=tuple(earlier))
        super().__init__(work, number, until, told, jobs)
