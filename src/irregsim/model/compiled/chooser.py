"""A choice among options that decides by a compiled loop: the same options as numpy, person by person."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from irregsim.model.chance import choose, logit_weights
from irregsim.model.compiled import store, twin
from irregsim.model.compiled.part import POSITION, Compiled
from irregsim.model.compiled.reader import read_options
from irregsim.model.compiled.writer import options_text
from irregsim.model.engine import Selection
from irregsim.model.values import At
from irregsim.model.world import World

IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]


class Chooser(Compiled):
    """The compiled form of a part in which everybody takes the option of highest random utility.

    Args:
        part: Its utilities must be readable.

    Raises:
        Unreadable: If they have a form that is not known.
    """

    def __init__(self, part: Selection) -> None:
        reading, flags = read_options(part)
        text = options_text(part.name, reading, store.shared_loops())
        super().__init__(part.name, reading, text, ("offer",))
        self._part = part
        self._flags = flags

    def for_nobody(self, world: World) -> None:
        """Decides for no person, for the types of arrays alone."""
        nobody: IntArray = np.empty(0, dtype=np.int64)
        none: BoolArray = np.empty(0, dtype=np.bool_)
        at = world.values.at(world.month)
        self._decide(world, at, nobody, self._part.offer(world, at), (none,) * self._flags)

    def codes(self, world: World, at: At, rows: IntArray, offer: object, flags: tuple[BoolArray, ...]) -> IntArray:
        """What each person chooses: the number of an option, shape (n,).

        Args:
            world: The replicate.
            at: Values of the month.
            rows: Persons, shape (n,).
            offer: What the month offers to all, as `Selection.offer` gives it.
            flags: Further flags of each person that the utilities read, each of shape (n,).
        """
        code = self._decide(world, at, rows, offer, flags)
        if twin.is_verifying():
            utilities = self._part.utilities(world.rows(rows), at, offer, *flags)
            uniforms = world.draws.uniforms(self._part.options, world.month, world.population.key[rows])
            expected = choose(logit_weights(utilities), uniforms)
            other = np.flatnonzero(code != expected)
            assert len(other) == 0, (
                f"{self.name}, month {world.month}: {len(other)} of {len(rows)} choices differ, first in row "
                f"{rows[other[0]]}: {code[other[0]]}, by numpy {expected[other[0]]}"
            )
        return code

    def _decide(self, world: World, at: At, rows: IntArray, offer: object, flags: tuple[BoolArray, ...]) -> IntArray:
        assert self._kernel is not None, "it is loaded before it decides"
        whole, marks, keys = world.population.blocks
        scalars, tables, shapes, raw = self._of_month(world, at, offer)
        code: IntArray = np.empty(len(rows), dtype=np.int64)
        self._kernel(
            whole,
            marks,
            keys[POSITION["key"]],
            rows,
            np.array(flags),
            world.draws.salts(self._part.options, world.month),
            scalars,
            tables,
            shapes,
            world.month,
            code,
            *raw,
        )
        return code
