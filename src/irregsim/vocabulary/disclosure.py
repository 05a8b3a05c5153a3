"""What a number may show of persons: the rule of disclosure, for every kind of number.

A unit is of one of these kinds (`kind_of`):

- a count of persons or cases: fewer than `SMALL`, but more than none, are not shown; others are in steps of `SMALL`;
- an amount (money, days, inspections): in steps of `SMALL`, small ones too, because they are not persons. An amount
  that is so much for every person (`PER_PERSON`) gives the number of persons back, so it is not shown where they are
  too few;
- an index, months or a percentage: one decimal.

Whole and part have the same rule: an effect is suppressed where there are too few both in the reference and in the
scenario, a share where its part is too small. Zero is shown, except in a single run that is watched month by month
(`irregsim.workshop.live`). Which numbers are published at all, and which in percent of the reference, is decided in
`irregsim.present.publication`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeVar, overload

import numpy as np
import numpy.typing as npt

from irregsim.vocabulary.outcomes import AMOUNTS, OUTCOMES

T = TypeVar("T")

#: Fewer persons than this are not shown, and counts are in steps of it.
SMALL: Final = 5

#: Unit of a change relative to the reference, which is 100.
PERCENT: Final = "percent"

#: Outcomes that are an amount for each person, and the outcome that counts the persons.
PER_PERSON: Final[Mapping[str, str]] = {one.code: one.persons for one in OUTCOMES if one.persons is not None}

#: In a single run amounts are in steps of what about five persons make at the size of the country.
STEPS_OF_ONE_RUN: Final[Mapping[str, float]] = {one.code: one.step for one in OUTCOMES if one.step is not None}


@dataclass(frozen=True)
class Kind:
    """How numbers of a unit are published.

    Attributes:
        is_count: Whether they count persons or cases, so that small ones are not shown.
        decimals: Decimals they keep; None where they are in steps of `SMALL`.
    """

    is_count: bool
    decimals: int | None


_COUNT: Final = Kind(is_count=True, decimals=None)
_AMOUNT: Final = Kind(is_count=False, decimals=None)
_RELATIVE: Final = Kind(is_count=False, decimals=1)

#: Units that are not counts; all other units are.
KINDS: Final[Mapping[str, Kind]] = {
    **dict.fromkeys(AMOUNTS, _AMOUNT),
    "index": _RELATIVE,
    "months": _RELATIVE,
    PERCENT: _RELATIVE,
}


def kind_of(unit: str) -> Kind:
    """The kind of a unit; one that is not in `KINDS` counts persons or cases."""
    return KINDS.get(unit, _COUNT)


@overload
def is_few(*sides: float, least: float = SMALL) -> bool: ...
@overload
def is_few(*sides: Any, least: float = SMALL) -> Any: ...
def is_few(*sides: Any, least: float = SMALL) -> Any:
    """Whether some, but fewer persons than allowed are behind a number, on all sides.

    Args:
        sides: Numbers of persons, such as in the reference and in the scenario, or both ends of an interval; numbers,
            arrays or columns of equal shape. Missing ones are ignored.
        least: The smallest number that may be shown.

    Returns:
        A truth value, or one for each place; false for none at all and where all are missing.
    """
    most = np.abs(sides[0])
    for side in sides[1:]:
        most = np.fmax(most, np.abs(side))
    few = (most > 0) & (most < least)
    return bool(few) if np.ndim(few) == 0 else few


def in_steps(values: T, step: float | npt.NDArray[np.float64] = SMALL) -> T:
    """Numbers to the nearest multiple of a step, halves to the even one; missing ones stay, no zero is negative.

    Args:
        values: A number, an array or a column.
        step: Of every number, or for each of them; above 0.
    """
    found: Any = np.round(values / step) * step + 0.0  # type: ignore[operator]
    return found  # type: ignore[no-any-return]


def rounded(values: T, unit: str) -> T:
    """Numbers of a unit in its steps or decimals, small ones too (see `is_few`); no zero is negative.

    Args:
        values: A number, an array or a column.
        unit: Such as ``persons``, ``NOK`` or ``index``.
    """
    decimals = kind_of(unit).decimals
    if decimals is None:
        return in_steps(values)
    found: Any = np.round(values, decimals) + 0.0  # type: ignore[call-overload]
    return found  # type: ignore[no-any-return]


def index_step(base: float) -> float:
    """Step of an index whose 100 are so many persons: 1, 2 or 5 times a power of ten, of `SMALL` persons or more.

    A step of fewer persons would give the base back.
    """
    least = max(10.0 ** -(_RELATIVE.decimals or 0), 100.0 * SMALL / base)
    power = 10.0 ** np.floor(np.log10(least) + 1e-9)
    return float(next(power * k for k in (1, 2, 5, 10) if power * k >= least * (1 - 1e-9)))


def interval_step(mean: float, lo: float, hi: float, unit: str) -> float:
    """Step in which an effect with its interval is shown: two digits of half the width of the interval.

    Without width it is two digits of the mean. Counts have steps of `SMALL` or more, amounts of 1 or more.

    Args:
        mean: Mean; not 0 where the interval has no width.
        lo: Lower end.
        hi: Upper end.
        unit: Unit.
    """
    half = 0.0 if has_no_width(lo, hi) else (hi - lo) / 2.0
    step = 10.0 ** (math.floor(math.log10(half if half > 0 else abs(mean))) - 1)
    kind = kind_of(unit)
    if kind.is_count:
        return max(step, float(SMALL))
    return step if kind.decimals is not None else max(step, 1.0)


def has_no_width(lo: float, hi: float) -> bool:
    """Whether both ends of an interval are the same number, but for the last digits of a ratio."""
    return hi - lo <= 1e-9 * max(abs(lo), abs(hi))


def beside_zero(value: float, step: float) -> float:
    """A number in steps, but never rounded to zero: what is not zero is at least one step from it, on its own side."""
    found = in_steps(value, step)
    return math.copysign(step, value) if found == 0.0 and value != 0.0 else found
