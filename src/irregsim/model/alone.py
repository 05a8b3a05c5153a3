"""How one person decides alone in a part of the month: the same rules, asked only where the person's draw can matter.

A clock can ring inside the month only if its draw is below ``1 - exp(-hazard)``. So the person draws first, and asks a
rule only if the draw is below what the rule could give: below ``1 - exp(-bound)``. The bound is the highest hazard that
the rule itself gives persons with the same codes and flags at the corners of the box in which all at risk have their
months, ages, beliefs and other measured values; so nobody writes a second formula. Draws are pure functions of their
keys and no hazard is above its bound, so persons decide as they would together. Others have a say in which rules a
person asks, never in what is decided.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from irregsim.model.chance import first_clock
from irregsim.model.engine import Contest, Part, Rule
from irregsim.model.month import MONTH
from irregsim.model.values import At
from irregsim.model.world import Rows, World

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]

#: Columns with which hazards only rise or only fall, the others given: their least and highest values make the box. Of
#: a side job it matters only whether there is one. Every other column is a code or a flag, taken as it is.
MEASURED: Final = frozenset(
    {
        "months_in_strategy",
        "months_irregular",
        "age_years",
        "age_whole",
        "perceived_risk",
        "feasibility",
        "host_patience",
        "has_bed",
        "remoteness",
        "market_ratio",
        "side_employer",
    }
)
#: Rules whose hazards are highest at a corner, as tests verify: those of irregsim. Any other is always asked.
VERIFIED: Final = frozenset(rule for part in MONTH for rule in part.rules)
#: Corners beyond which no bound is worked out.
_MOST_CORNERS: Final = 100_000
#: More than rounding does to a hazard or a chance.
_MARGIN: Final = 1.0 + 1e-9
#: Columns that each rule was seen to read, in the order in which it first did.
_READ: dict[Rule, tuple[str, ...]] = {}


class BoundBroken(AssertionError):
    """A hazard is above its bound; the message says which, and what to do."""


class _Unread(Exception):
    """A rule reads a column that its corners do not have yet."""


class _Corners(Rows):
    """Corners of a box of values, as a rule sees persons: columns by name, all of shape (n,)."""

    def __init__(self, world: World, columns: Mapping[str, npt.NDArray[Any]]) -> None:
        super().__init__(world, np.empty(0, dtype=np.int64))
        self._n = len(next(iter(columns.values()))) if columns else 1
        self.__dict__.update(columns)

    def __len__(self) -> int:
        return self._n

    def __getattr__(self, name: str) -> npt.NDArray[Any]:
        raise _Unread(name)


class Box:
    """The values that persons at risk have in each column.

    Args:
        world: The replicate.
        rows: Rows at risk, shape (n,), n > 0.
    """

    def __init__(self, world: World, rows: IntArray) -> None:
        self._world = world
        self._who = world.rows(rows)
        self._axes: dict[str, tuple[npt.NDArray[Any], IntArray]] = {}

    def bounds(self, rule: Rule, at: At) -> FloatArray:
        """For each person, the highest hazard at the corners of those with the same codes and flags.

        Args:
            rule: One whose hazard only rises or only falls with each of `MEASURED`, the other columns given.
            at: Values of the month.

        Returns:
            Events per person-month, shape (n,); infinite where there are too many corners.
        """
        while True:
            names = _READ.get(rule, ())
            axes = [self._axis(name) for name in names]
            if math.prod(len(values) for values, _ in axes) > _MOST_CORNERS:
                return np.full(len(self._who), np.inf)
            grid = np.meshgrid(*(values for values, _ in axes), indexing="ij")
            corners = _Corners(self._world, {name: each.ravel() for name, each in zip(names, grid, strict=True)})
            try:
                with np.errstate(all="ignore"):
                    hazard = rule.hazard(corners, at)
            except _Unread as unread:
                _READ[rule] = (*names, str(unread))
                continue
            hazard = np.reshape(hazard, [len(values) for values, _ in axes])
            highest = hazard.max(axis=tuple(i for i, name in enumerate(names) if name in MEASURED), keepdims=True)
            bounds = np.broadcast_to(highest[tuple(where for _, where in axes)], (len(self._who),)) * _MARGIN
            return np.where(np.isnan(bounds), np.inf, bounds)

    def _axis(self, name: str) -> tuple[npt.NDArray[Any], IntArray]:
        """Values of a column at the corners, and for each person the place of the own one (0 where measured)."""
        found = self._axes.get(name)
        if found is None:
            column = getattr(self._who, name)
            if name in MEASURED:
                found = np.array([column.min(), column.max()]), np.zeros(len(column), dtype=np.int64)
            else:
                found = np.unique(column, return_inverse=True)
            self._axes[name] = found
        return found


class Alone:
    """Persons at risk in one part, who decide one by one.

    Args:
        part: The part, begun and not settled.
        world: The replicate.
        at: Values of the month.
        rows: Rows at risk, shape (n,), n > 0.
    """

    def __init__(self, part: Part, world: World, at: At, rows: IntArray) -> None:
        self.part, self._world, self._at, self._rows = part, world, at, rows
        # Sums of probabilities need every hazard, and a contest that decides in a way of its own is asked.
        own_way = getattr(part.decide, "__func__", None) is not Contest.decide
        self._draws_first = not own_way and not world.history.keep_expected
        if not self._draws_first:
            return
        box = Box(world, rows)
        bounds = np.full((len(part.rules), len(rows)), np.inf)
        for each, rule in zip(bounds, part.rules, strict=True):
            if rule in VERIFIED:
                each[:] = box.bounds(rule, at)
        self._bounds = bounds
        # Of plain numbers, which a single person reads faster than arrays.
        self._chances: list[list[float]] = (-np.expm1(-bounds) * _MARGIN).T.tolist()
        self._keys: list[int] = world.population.key[rows].tolist()
        self._salts: list[int] = world.draws.salts([rule.channel for rule in part.rules], world.month).tolist()

    def code(self, place: int) -> int:
        """What one person decides, as `Part.decide` would for that person.

        Args:
            place: Of the person among the rows at risk, 0 to n - 1.

        Returns:
            Code of an outcome, or -1 for nothing.

        Raises:
            BoundBroken: If the hazard of a rule that is asked is above its bound.
        """
        world, rows = self._world, self._rows[place : place + 1]
        if not self._draws_first:
            return int(self.part.decide(world, self._at, rows).code[0])
        key, one = self._keys[place], world.draws.one
        uniforms = [one(salt, key) for salt in self._salts]
        near = [k for k, chance in enumerate(self._chances[place]) if uniforms[k] < chance]
        if not near:
            return -1
        who = world.rows(rows)
        hazards = np.array([self.part.rules[k].hazard(who, self._at) for k in near])
        above = [k for k, hazard in zip(near, hazards[:, 0], strict=True) if not hazard <= self._bounds[k, place]]
        if above:
            raise BoundBroken(
                f"{self.part.rules[above[0]].channel}: a hazard in month {world.month} is above its bound, so it both "
                "rises and falls with one of MEASURED in model/alone.py: take the column out there"
            )
        winner = int(first_clock(hazards, np.array([[uniforms[k]] for k in near]))[0])
        return near[winner] if winner >= 0 else -1
