"""More runs of the same pair, in separate processes, for the band that a single run cannot give."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from functools import partial
from typing import Final

from irregsim.inference.posterior import choose
from irregsim.model.draws import Draws
from irregsim.scenario import Scenario
from irregsim.study.forks import worlds_together
from irregsim.study.replicates import available_cores
from irregsim.study.run_ups import RunUps
from irregsim.study.workers import in_order
from irregsim.workshop.live.record import Record
from irregsim.workshop.live.shown import Pair

#: Runs that the button adds.
MORE: Final = 20

#: One after the other, for all viewers: several at once would only take each other's processors.
_TURN = threading.Lock()


def pair_of(
    scenario: Scenario,
    reference: Scenario,
    draws: Mapping[int, Mapping[str, float]],
    seed: int,
    scale: float,
    first: int,
    until: int,
    number: int,
    shift: int = 1,
) -> Pair:
    """Both sides of one replicate; one world until the two first differ.

    Args:
        scenario: The scenario.
        reference: The reference, over the same period.
        draws: Value of every parameter by replicate.
        seed: Random seed.
        scale: Size of the population relative to Norway's.
        first: First month shown.
        until: Last month simulated.
        number: Counted from 0.
        shift: Added to ``number`` for the replicate: replicate 0 is the one on the page.
    """
    replicate = number + shift
    found: dict[int, Record] = {}
    together = worlds_together(
        (reference, scenario),
        draws[replicate],
        Draws(seed, replicate),
        scale=scale,
        until=until,
        partings=(first,),
        run_ups=RunUps.of_user(),
    )
    for group, world in together:
        found |= dict.fromkeys(group, Record.of(world))
    return Pair(found[0], found[1], first)


class More:
    """Runs of a pair besides the one on the page; they can be watched and stopped.

    Args:
        scenario: The scenario.
        reference: The reference.
        draws: As for `irregsim run`.
        seed: Random seed.
        scale: Size of the population relative to Norway's.
        first: First month shown.
        until: Last month simulated.
        told: Called, in a thread of its own, whenever a run is finished or the work ends.
        number: How many runs.
        jobs: Processes.

    Attributes:
        pairs: Finished runs, replicate 1 first.
        until: Last month simulated.
        total: How many there will be.
        error: Why the work ended before its time, in words; empty if it did not.
        is_waiting: Whether other runs have to end first.
    """

    def __init__(
        self,
        scenario: Scenario,
        reference: Scenario,
        *,
        draws: str,
        seed: int,
        scale: float,
        first: int,
        until: int,
        told: Callable[[], None],
        number: int = MORE,
        jobs: int | None = None,
    ) -> None:
        chosen, _ = choose(draws)
        self.total, self.until = number, until
        self.pairs: list[Pair] = []
        self.error = ""
        self.is_waiting = True
        self._told = told
        self._stopped = threading.Event()
        by_replicate = {j: chosen.values[chosen.index(j)] for j in range(1, number + 1)}
        self._work = partial(pair_of, scenario, reference, by_replicate, seed, scale, first, until)
        # Two at least: one process would be this one, which has the page to serve.
        self._jobs = jobs or max(2, available_cores())
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
