"""Replicates of one scenario: which draw and which key each one has, and running them over processes.

Replicate j of every scenario uses draw j mod D (or draw j div K, with K replicates per draw) and the random
numbers of (seed, j), so that differences between scenarios are paired and nothing depends on how many processes
work, or in which order they finish.
"""

from __future__ import annotations

import contextlib
import importlib
import math
import numbers
import operator
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Final, Protocol

from irregsim import __version__
from irregsim.scenario.file_checks import LARGEST_SEED
from irregsim.study.cluster import Cluster, as_finished_on
from irregsim.study.identity import data_sha256
from irregsim.study.workers import Hands, as_finished
from irregsim.study.workers import ReplicateError as ReplicateError

if TYPE_CHECKING:
    from irregsim.scenario import Scenario

#: Who works: processes of this machine, or a cluster.
Jobs = Hands | Cluster

#: Where the engine is; a worker process imports it by this name.
ENGINE = "irregsim.study.frames:run_replicate"

#: The engine that can simulate scenarios together.
SHIPPED_ENGINE: Final = ENGINE

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
        red: Calibration checks of a posterior that failed; empty if none did.
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

    def only(self, replicate: int) -> DrawSet:
        """The set of the one draw that a replicate uses, which any replicate of it uses."""
        return replace(self, values=(self.values[self.index(replicate)],), per_draw=None)

    def used(self, replicates: int) -> int:
        """How many draws, counted from the first, some replicates use."""
        return min(len(self.values), -(-replicates // (self.per_draw or 1)))

    def fault(self, replicates: int) -> str | None:
        """Why these draws do not suit a number of replicates, in words for the user; None where they can."""
        k = self.per_draw
        if k is None:
            return None
        if replicates % k:
            near = " or ".join(str(n) for n in (replicates // k * k, (replicates // k + 1) * k) if n)
            return f"--per-draw {k}: {replicates} is not a multiple of {k}; give --replicates {near}"
        if replicates > k * len(self.values):
            most = k * len(self.values)
            return f"--per-draw {k}: there are {len(self.values)} draws, so at most {most} replicates ({replicates})"
        return None

    @property
    def caveat(self) -> str | None:
        """Key of the sentence why results are not calibrated; None for a fit that passed its calibration checks."""
        return caveat(self.source, self.red)


def caveat(source: str, red: Sequence[str]) -> str | None:
    """Key of the sentence why a run is not calibrated.

    Args:
        source: Kind of draws, as in `DrawSet`.
        red: Calibration checks that failed.

    Returns:
        A key of the labels; None for a fit that passed its calibration checks.
    """
    if source == "posterior":
        return "sentence.gate_red" if red else None
    return "sentence.prior_draws" if source == "prior" else "sentence.uncalibrated"


@dataclass(frozen=True)
class Plan:
    """Everything that decides what a replicate is, wherever it runs.

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

    def is_paired_with(self, other: Plan, replicate: int) -> bool:
        """Whether a replicate of another plan differs from this one's by the scenario alone."""
        mine, theirs = (plan.draws.values[plan.draws.index(replicate)] for plan in (self, other))
        alike = [(plan.engine, plan.seed, plan.scale, plan.spells) for plan in (self, other)]
        return alike[0] == alike[1] and (mine is theirs or mine == theirs)

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


def whole(value: Any) -> Any:
    """A whole number of any library as an ``int``; what is none, a truth value among it, as it is."""
    if isinstance(value, bool):
        return value
    try:
        return operator.index(value)
    except TypeError:
        return value


def real(value: Any) -> Any:
    """A real number of any library as a ``float``; what is none, a truth value among it, as it is."""
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        return value
    try:
        return float(value)
    except OverflowError:
        return math.inf


def whole_fault(value: Any, low: int, high: int) -> str | None:
    """Why a value is no whole number from one to another, in words; None where it is.

    Args:
        value: After `whole`.
        low: Smallest allowed.
        high: Largest allowed.
    """
    if isinstance(value, int) and not isinstance(value, bool) and low <= value <= high:
        return None
    return f"must be a whole number from {low} to {'2^63 - 1' if high == LARGEST_SEED else high}"


def scale_fault(scale: Any) -> str | None:
    """Why a population scale cannot be used, in words; None where it can.

    Args:
        scale: Size of the population relative to Norway's, after `real`.
    """
    if isinstance(scale, int | float) and not isinstance(scale, bool) and 0 < scale <= LARGEST_SCALE:
        return None
    return f"must be above 0 and at most {LARGEST_SCALE:g} (1 is the country)"


class Store(Protocol):
    """Where finished replicates go; it must travel to worker processes."""

    def write(self, replicate: int, frames: Mapping[str, Any]) -> None:
        """Stores one finished replicate, whole or not at all."""


@dataclass(frozen=True)
class Todo:
    """Replicates of a plan that are to be simulated.

    Attributes:
        plan: What a replicate is.
        parts: Where finished replicates are stored.
        replicates: Their numbers.
    """

    plan: Plan
    parts: Store
    replicates: frozenset[int]


def run_parts(
    todo: Sequence[Todo],
    *,
    jobs: Jobs = 1,
    partings: Iterable[int] = (),
    finished: Callable[[int], None] = lambda replicate: None,
) -> None:
    """Simulate replicates of one or more plans and store each as soon as it is finished.

    A replicate of several plans is simulated in one go, so that months in which scenarios are alike are simulated
    once (`irregsim.study.forks`); what is stored is the same as one plan at a time.

    Args:
        todo: What to simulate.
        jobs: Processes, at least 1, a crew of them, or a cluster. With 1, or one replicate, all happens here.
        partings: Months in which these scenarios part from others, so that run-ups of those months are worth keeping.
        finished: Called in this process with the number of a replicate for each plan of which it is stored.

    Raises:
        ReplicateError: If the engine fails. Replicates that were finished stay stored.
        KeyboardInterrupt: If stopped by the user; the workers are stopped too.
    """
    replicates = sorted({replicate for one in todo for replicate in one.replicates})
    if isinstance(jobs, Cluster):
        _run_on(jobs, todo, replicates, finished)
        return
    work = partial(_simulate, tuple(todo), tuple(partings))
    with contextlib.closing(as_finished(work, replicates, jobs)) as found:
        for replicate, count in found:
            for _ in range(count):
                finished(replicate)


def _run_on(cluster: Cluster, todo: Sequence[Todo], replicates: Sequence[int], finished: Callable[[int], None]) -> None:
    """Simulate on a cluster, and store here."""

    def asked(replicate: int) -> tuple[list[tuple[int, Plan]], int]:
        # Only the draw of this replicate travels.
        mine = [(number, one.plan) for number, one in enumerate(todo) if replicate in one.replicates]
        return [(number, replace(plan, draws=plan.draws.only(replicate))) for number, plan in mine], replicate

    with contextlib.closing(as_finished_on(cluster, in_memory, asked, replicates)) as found:
        for replicate, made in found:
            for number, frames in made.items():
                todo[number].parts.write(replicate, frames)
                finished(replicate)


class _InMemory:
    """Keeps one finished replicate, to be sent back."""

    def __init__(self) -> None:
        self.frames: Mapping[str, Any] = {}

    def write(self, replicate: int, frames: Mapping[str, Any]) -> None:
        self.frames = frames


def trial_seconds(plan: Plan) -> float:
    """Seconds that the first replicate of a plan takes in this process, without loading what it needs."""
    import time

    importlib.import_module("irregsim.study.forks")  # loading it is no part of a replicate
    begun = time.monotonic()
    _simulate([Todo(plan, _InMemory(), frozenset([0]))], (), 0)
    return time.monotonic() - begun


def in_memory(plans: Sequence[tuple[int, Plan]], replicate: int) -> dict[int, Mapping[str, Any]]:
    """One replicate of some plans, kept nowhere.

    Args:
        plans: Each with its number.
        replicate: Number of the replicate.

    Returns:
        Tables by the number of the plan.

    Raises:
        ReplicateError: If the engine fails.
    """
    made = {number: _InMemory() for number, _ in plans}
    _simulate([Todo(plan, made[number], frozenset([replicate])) for number, plan in plans], (), replicate)
    return {number: one.frames for number, one in made.items()}


def _simulate(todo: Sequence[Todo], partings: Sequence[int], replicate: int) -> int:
    """One replicate of every plan that wants it; returns of how many."""
    from irregsim.model.simulate import TooManyPersons

    mine = [one for one in todo if replicate in one.replicates]
    try:
        for group in _of_one_draw(mine, replicate):
            for number, frames in _simulated([one.plan for one in group], partings, replicate):
                group[number].parts.write(replicate, frames)
    except TooManyPersons as error:
        raise ReplicateError(f"replicate {replicate} cannot be simulated: {error}") from error
    except Exception as error:
        raise ReplicateError(f"replicate {replicate} failed: {type(error).__name__}: {error}") from error
    return len(mine)


def _of_one_draw(todo: Iterable[Todo], replicate: int) -> list[list[Todo]]:
    """Plans whose replicate differs by the scenario alone, together; those of an engine of their own each alone."""
    groups: list[list[Todo]] = []
    for one in todo:
        for group in groups:
            if one.plan.engine == SHIPPED_ENGINE and one.plan.is_paired_with(group[0].plan, replicate):
                group.append(one)
                break
        else:
            groups.append([one])
    return groups


def _simulated(
    plans: Sequence[Plan], partings: Sequence[int], replicate: int
) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """Tables of a replicate of each plan, by the number of the plan."""
    first = plans[0]
    draw = first.draws.values[first.draws.index(replicate)]
    how: dict[str, Any] = {
        "seed": first.seed,
        "replicate": replicate,
        "scale": first.scale,
        "spells": first.spells,
    }
    if first.engine != SHIPPED_ENGINE:
        module, _, function = first.engine.partition(":")
        yield 0, getattr(importlib.import_module(module), function)(first.scenario, draw, **how)
        return
    from irregsim.study.forks import run_together
    from irregsim.study.run_ups import RunUps

    scenarios = [plan.scenario for plan in plans]
    yield from run_together(scenarios, draw, **how, partings=partings, run_ups=RunUps.of_user())
