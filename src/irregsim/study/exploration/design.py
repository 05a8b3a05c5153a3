"""What a study varies, and where its points are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from irregsim.model.draws import mix
from irregsim.scenario import Scenario
from irregsim.scenario.loading import Opened
from irregsim.scenario.settings import override

FloatArray = npt.NDArray[np.float64]

#: Bounds of a study; `irregsim.study.exploration.reading` refuses what is outside.
FEWEST_POINTS: Final = 32
MOST_POINTS: Final = 2000
MOST_POLICIES: Final = 6
MOST_RANGES: Final = 12
MOST_OUTCOMES: Final = 6
MOST_CHOICES: Final = 12
MOST_REPEATS: Final = 10

#: Where points are: spread evenly; or in blocks of moves of one thing at a time (`screening`). A block has its base, a
#: move of every axis, and `BESIDE`s: the base, a move to another draw and one to other random numbers.
EVEN, SCREENING = "even", "screening"
BESIDE: Final = 3
FEWEST_BLOCKS: Final = 8

#: What may be wanted of an outcome.
LOWER, HIGHER = "lower", "higher"

#: Digits of a value between two ends: what is simulated is what the tables say.
_DIGITS: Final = 6


@dataclass(frozen=True)
class Axis:
    """One thing that is not known: a lever or assumption with a range or choices, or a parameter with a range.

    Attributes:
        name: As in the study: ``PATH``, ``PATH@YYYY-MM``, or the name of a parameter.
        low: Lowest value; with choices 0.
        high: Highest value; with choices the number of the last.
        choices: Values in YAML, if it has choices.
        names: What the choices are called.
        only: Names of the policies it holds for; empty for all, and the reference.
        is_parameter: Whether it is a parameter of the model.
    """

    name: str
    low: float
    high: float
    choices: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    only: tuple[str, ...] = ()
    is_parameter: bool = False

    @property
    def key(self) -> str:
        """Path of the setting, or the name of the parameter."""
        return self.name.partition("@")[0]

    @property
    def month(self) -> str:
        """First month, ``YYYY-MM``; empty for the whole period."""
        return self.name.partition("@")[2]

    def number(self, u: float) -> float:
        """The value at a place of the design as a number: of choices, which one, from 0.

        Args:
            u: At least 0 and below 1.
        """
        if self.choices:
            return float(min(int(u * len(self.choices)), len(self.choices) - 1))
        value = float(f"{self.low + u * (self.high - self.low):.{_DIGITS}g}")
        return min(max(value, self.low), self.high)

    def text(self, number: float) -> str:
        """A value as a scenario file has it."""
        return self.choices[int(number)] if self.choices else repr(float(number))

    def holds_for(self, policy: str) -> bool:
        """Whether it holds for a policy, or the reference."""
        return not self.only or policy in self.only

    def to_mapping(self) -> dict[str, Any]:
        """As ``explore.json`` has it."""
        return {
            "name": self.name,
            "kind": "parameter" if self.is_parameter else "lever",
            **(
                {"choices": dict(zip(self.names, self.choices, strict=True))}
                if self.choices
                else {"low": self.low, "high": self.high}
            ),
            **({"only": list(self.only)} if self.only else {}),
        }


@dataclass(frozen=True)
class Study:
    """A study as its file says, checked.

    Attributes:
        name: Its name, which also names its folder.
        title: By language.
        reference: Name of the scenario that policies are compared with.
        policies: Names of the others, in their order.
        files: File of each, the reference first.
        since: Month number from which the effect of each policy is counted.
        titles: Title of every scenario by language.
        axes: What is not known; levers first.
        outcomes: Outcome to what is wanted of it: `LOWER`, `HIGHER`, or nothing.
        points: How many.
        seed: Of the points and of the random numbers.
        scale: Population scale.
        draws: Kind of parameter draws.
        notes: What the user must know, a line each.
        repeats: Simulations of a point, each with random numbers of its own; 1 when screening.
        kind: `EVEN` or `SCREENING`.
    """

    name: str
    title: Mapping[str, str]
    reference: str
    policies: tuple[str, ...]
    files: tuple[Opened, ...]
    since: tuple[int, ...]
    titles: Mapping[str, Mapping[str, str]]
    axes: tuple[Axis, ...]
    outcomes: Mapping[str, str]
    points: int
    seed: int
    scale: float
    draws: str
    notes: tuple[str, ...] = ()
    repeats: int = 1
    kind: str = EVEN

    @property
    def runs(self) -> int:
        """Simulations: run i is of point i // repeats."""
        return self.points * self.repeats

    @property
    def block(self) -> int:
        """Points of a block of moves."""
        return len(self.axes) + BESIDE

    def draw_number(self, point: int) -> int:
        """Number of the parameter draw of a point, before it is taken modulo how many there are."""
        if self.kind == EVEN:
            return point
        block, move = divmod(point, self.block)
        return 2 * block + (move == self.block - 2)

    def random_number(self, run: int) -> int:
        """Replicate whose random numbers a run has: its own; in a block all the same, but for the last move."""
        if self.kind == EVEN:
            return run
        block, move = divmod(run, self.block)
        return 2 * block + (move == self.block - 1)

    @cached_property
    def design(self) -> FloatArray:
        """The value of every axis in every point as a number, shape (points, axes)."""
        unit = (
            places(self.points, len(self.axes), self.seed)
            if self.kind == EVEN
            else moves(self.points // self.block, len(self.axes), self.seed)
        )
        return np.array([[axis.number(u) for axis, u in zip(self.axes, row, strict=True)] for row in unit.tolist()])

    def scenario(self, number: int, point: int) -> Scenario:
        """The reference (0) or a policy (from 1) in the world of a point.

        Raises:
            ScenarioError: If it cannot be used with the values of the point together.
        """
        name = (self.reference, *self.policies)[number]
        values = zip(self.axes, self.design[point].tolist(), strict=True)
        return self.files[number].scenario(
            [
                override(axis.key, axis.month, axis.text(value))
                for axis, value in values
                if not axis.is_parameter and axis.holds_for(name)
            ]
        )

    def draw(self, own: Mapping[str, float], point: int) -> dict[str, float]:
        """A parameter draw with the values of the point in place of its own."""
        values = zip(self.axes, self.design[point].tolist(), strict=True)
        return {**own, **{axis.name: value for axis, value in values if axis.is_parameter}}

    def content(self) -> dict[str, Any]:
        """What identifies its points, without their number: the first of more points are the same points."""
        return {
            "scenarios": [{**file.scenario().to_mapping(), "name": "", "title": ""} for file in self.files],
            "names": [self.reference, *self.policies],
            "since": list(self.since),
            "axes": [axis.to_mapping() for axis in self.axes],
            "outcomes": sorted(self.outcomes),
            "seed": self.seed,
            "scale": self.scale,
            "repeats": self.repeats,
            "kind": self.kind,
        }


def places(points: int, axes: int, seed: int) -> FloatArray:
    """Points spread evenly over the unit cube: the first of a Sobol sequence, turned by chance in every direction.

    Turned as by Cranley and Patterson (1976, Randomization of number theoretic methods for multiple integration, SIAM
    Journal on Numerical Analysis 13), with keyed numbers: no library's generator decides where they are.

    Args:
        points: How many, at least 1; the first of more are the same.
        axes: Sides of the cube, at least 1.
        seed: Of the turn.

    Returns:
        Shape (points, axes), at least 0 and below 1.
    """
    from scipy.stats.qmc import Sobol

    # A power of two keeps the sequence balanced; what is beyond the number asked for is cut.
    power = max(1, int(points - 1).bit_length())
    even = np.asarray(Sobol(axes, scramble=False).random_base2(power)[:points])
    turn = np.array([mix(mix(seed) ^ axis) >> 11 for axis in range(axes)], dtype=np.float64) / 2.0**53
    return (even + turn) % 1.0


def moves(blocks: int, axes: int, seed: int) -> FloatArray:
    """Blocks of moves over half of a side, round at its end: the base, each axis in turn, and the base twice more.

    Args:
        blocks: How many, at least 1; the first of more are the same.
        axes: Sides of the cube.
        seed: As for `places`, of which the bases are.

    Returns:
        Shape (blocks * (axes + `BESIDE`), axes), at least 0 and below 1.
    """
    base = places(blocks, axes, seed)
    out = np.repeat(base[:, None], axes + BESIDE, axis=1)
    for i in range(axes):
        out[:, 1 + i, i] = (base[:, i] + 0.5) % 1.0
    return out.reshape(-1, axes)
