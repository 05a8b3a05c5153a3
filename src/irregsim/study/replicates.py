"""Replicates of one scenario: which draw and which key each one has, and running them over processes.

Replicate j of every scenario uses draw j mod D (or draw j div K, with K replicates per draw) and the random
numbers of (seed, j), so that differences between scenarios are paired and nothing depends on how many processes
work, or in which order they finish.
"""

from __future__ import annotations

import contextlib
import importlib
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Final, Protocol

from irregsim import __version__
from irregsim.study.identity import data_sha256
from irregsim.study.workers import ReplicateError as ReplicateError
from irregsim.study.workers import as_finished

if TYPE_CHECKING:
    from irregsim.scenario import Scenario

#: Where the engine is; a worker process imports it by this name.
ENGINE = "irregsim.study.frames:run_replicate"

#: How numbers are made; a run under other numerics is another run.
NUMERICS: dict[str, str] = {"engine": "numpy", "floats": "64 bits", "random": "keyed splitmix64"}


@dataclass(frozen=True)
class DrawSet:
    """A set of equally weighted parameter draws in a fixed order.

    Attributes:
        name: Id of the posterior they come from; ``point`` is the one draw of all medians, ``prior`` draws of
            the priors.
        values: Parameter name to value, for each draw.
        per_draw: Replicates per draw, K: each draw is used for K replicates that follow each other. None: the
            draws are used in turn, again and again.
        source: Kind of draws: ``point``, ``prior`` or ``posterior``.
        red: What keeps a posterior from being called calibrated; empty when nothing does.
    """

    name: str
    values: tuple[Mapping[str, float], ...]
    per_draw: int | None = None
    source: str = "point"
    red: tuple[str, ...] = ()

    def index(self, replicate: int) -> int:
        """Number of the draw that a replicate uses: replicate mod D, or replicate div K.

        Raises:
            IndexError: If there are K replicates per draw, and the draws do not suffice.
        """
        if self.per_draw is None:
            return replicate % len(self.values)
        draw = replicate // self.per_draw
        if draw >= len(self.values):
            raise IndexError(f"replicate {replicate} would use draw {draw} of {len(self.values)}")
        return draw

    def used(self, replicates: int) -> int:
        """How many draws, counted from the first, some replicates use."""
        return min(len(self.values), -(-replicates // (self.per_draw or 1)))

    def fault(self, replicates: int) -> str | None:
        """Why these draws cannot serve a number of replicates, in words for the user; None where they can."""
        k = self.per_draw
        if k is None:
            return None
        if replicates % k:
            near = " or ".join(str(n) for n in (replicates // k * k, (replicates // k + 1) * k) if n)
            return f"--per-draw {k}: {replicates} replicates are no multiple of {k}; give --replicates {near}"
        if replicates > k * len(self.values):
            most = k * len(self.values)
            return f"--per-draw {k}: there are {len(self.values)} draws, so at most {most} replicates ({replicates})"
        return None

    @property
    def caveat(self) -> str | None:
        """Key of the sentence that tells why nothing is called calibrated; None for a fit without a red gate."""
        return caveat(self.source, self.red)


def caveat(source: str, red: Sequence[str]) -> str | None:
    """Key of the sentence that tells why a run is not called calibrated.

    Args:
        source: Kind of draws, as in `DrawSet`.
        red: Red gates.

    Returns:
        A key of the labels; None for a fit without a red gate.
    """
    if source == "posterior":
        return "sentence.gate_red" if red else None
    return "sentence.prior_draws" if source == "prior" else "sentence.uncalibrated"


@dataclass(frozen=True)
class Plan:
    """Everything that decides what a replicate is, whoever runs it.

    Attributes:
        scenario: The resolved scenario; its own ``replicates`` and ``seed`` are not used here.
        draws: Parameter draws.
        seed: Seed of the keyed random numbers.
        scale: Population scale (`scale_fault`); 1 is the country.
        spells: Whether spells are kept.
        without: Claims of the report that the draws leave out, rising.
        engine: ``module:function`` that simulates one replicate.
    """

    scenario: Scenario
    draws: DrawSet
    seed: int
    scale: float = 1.0
    spells: bool = False
    without: tuple[str, ...] = ()
    engine: str = field(default_factory=lambda: ENGINE)

    def content(self) -> dict[str, Any]:
        """What identifies the replicates, without their number: nothing of time, host, user or path."""
        # How many replicates, and the seed, may come from the file or the command: only what is used counts.
        scenario = replace(self.scenario, replicates=1, seed=0).to_mapping()
        for text in ("decides", "expects"):
            # What an author expects is no part of what is run: better words for it rename no run.
            scenario.pop(text, None)
        return {
            "scenario": scenario,
            "seed": self.seed,
            "draws": [dict(draw) for draw in self.draws.values],
            "per_draw": self.draws.per_draw or 1,
            "scale": self.scale,
            "spells": self.spells,
            "without": list(self.without),
            "data_sha256": data_sha256(),
            "version": __version__,
            "numerics": NUMERICS,
        }


def available_cores() -> int:
    """Cores this process may use, at least 1."""
    with contextlib.suppress(AttributeError):  # not on every system
        return max(1, len(os.sched_getaffinity(0)))
    return max(1, os.cpu_count() or 1)


#: Largest population scale: ten times the country, everywhere where a scale is given.
LARGEST_SCALE: Final = 10.0


def scale_fault(scale: float) -> str | None:
    """Why a population scale cannot be used, in words; None where it can.

    Args:
        scale: Size of the population relative to Norway's.
    """
    if 0 < scale <= LARGEST_SCALE:
        return None
    return f"must be above 0 and at most {LARGEST_SCALE:g} (1 is the country)"


class Store(Protocol):
    """Where finished replicates go; it must travel to worker processes."""

    def write(self, replicate: int, frames: Mapping[str, Any]) -> None:
        """Stores one finished replicate, whole or not at all."""


def run_parts(
    plan: Plan,
    parts: Store,
    replicates: Iterable[int],
    *,
    jobs: int = 1,
    finished: Callable[[int], None] = lambda replicate: None,
) -> None:
    """Simulate replicates and store each as soon as it is finished.

    Args:
        plan: What to simulate.
        parts: Where finished replicates are stored.
        replicates: Numbers of the replicates to run.
        jobs: Processes, at least 1. With 1, or one replicate, all happens in this process.
        finished: Called in this process with the number of each replicate when it is stored.

    Raises:
        ReplicateError: If the engine fails. Replicates that were finished stay stored.
        KeyboardInterrupt: If stopped by the user; the workers are stopped too.
    """
    with contextlib.closing(as_finished(partial(_simulate, plan, parts), list(replicates), jobs)) as found:
        for replicate, _ in found:
            finished(replicate)


def _simulate(plan: Plan, parts: Store, replicate: int) -> None:
    module, _, function = plan.engine.partition(":")
    engine = getattr(importlib.import_module(module), function)
    draw = plan.draws.values[plan.draws.index(replicate)]
    try:
        frames = engine(plan.scenario, draw, seed=plan.seed, replicate=replicate, scale=plan.scale, spells=plan.spells)
        parts.write(replicate, frames)
    except Exception as error:
        raise ReplicateError(f"replicate {replicate} failed: {type(error).__name__}: {error}") from error
