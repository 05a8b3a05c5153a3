"""What may be shown of a scenario and its reference while they run (docs/workshop.md has the rules).

The hidden strategies are an index (all of them together, in the reference, are 100 in the month before the first one
shown), shares or differences, never persons. What agencies count is in persons, in steps of 5. An index has steps of
five persons or more, so that its steps do not reveal its base; arrows have five widths. Moves of fewer than 5 persons,
and what is relative to fewer than 5, have no number; neither has zero, since in a single run it is no more certain
than one.

A level is not shown, but it is not secret either: anyone who compares the number of persons that a policy moves with
the jump of an index gets about the model's own level, which assumptions set (`irregsim run --show-levels` gives it as
an interval).

Here are the two sides and the scale of their index; `snapshot` has the state of a month, `followed` single outcomes
over time.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from irregsim.vocabulary.codes import HIDDEN, STRATEGIES, month_number
from irregsim.vocabulary.disclosure import SMALL, in_steps, index_step
from irregsim.workshop.live.record import Record

FloatArray = npt.NDArray[np.float64]

#: The first month that is ever drawn: what comes before is burn-in.
DRAWN_FROM: Final = month_number("2012-01")

#: Ways out that an agency counts, so that their rates would reveal the size of what they leave.
COUNTED_EXITS: Final = ("tvangsretur", "assistert_retur", "bortvist", "regularisert", "midlertidig")

#: Columns of the hidden strategies in a record's stocks.
HIDDEN_COLUMNS: Final = np.array([STRATEGIES.index(code) for code in HIDDEN])


@dataclass(frozen=True)
class Pair:
    """Both sides of one replicate.

    Attributes:
        reference: Record of the reference.
        scenario: Record of the scenario; the same object while the two have not parted.
        first: First month shown.
    """

    reference: Record
    scenario: Record
    first: int

    @property
    def month(self) -> int:
        """The latest month."""
        return self.reference.months - 1

    def until(self, month: int) -> Pair:
        """The pair as it was at the end of an earlier month; one record for both while the two are the same."""
        if month >= self.month:
            return self
        reference = self.reference.until(month)
        if self.scenario is self.reference:
            return Pair(reference, reference, self.first)
        scenario = self.scenario.until(month)
        return Pair(reference, reference if scenario.is_same(reference) else scenario, self.first)

    @property
    def base(self) -> float:
        """Hidden persons in the reference before the first month shown: what the index has as 100."""
        return float(self.reference.stocks[self.first - 1, HIDDEN_COLUMNS].sum())


def index_of(persons: float, base: float) -> float:
    """Persons as an index, in its steps; missing where the base is too small."""
    return float(percent_of(np.array([persons]), base, step_of(base))[0])


def step_of(base: float) -> float | None:
    """Step of an index whose 100 are so many persons; None where they are too few for one."""
    return index_step(base) if base >= SMALL else None


def percent_of(values: npt.NDArray[np.generic], base: float, step: float | None) -> FloatArray:
    """Values in percent of a base, in steps; all missing without a step or a base."""
    if step is None or not base > 0:
        return np.full(values.shape, np.nan)
    # Steps such as 0.1 leave a trace in the last digits.
    return np.asarray(np.round(in_steps(100.0 * values.astype(np.float64) / base, step), 9) + 0.0)
