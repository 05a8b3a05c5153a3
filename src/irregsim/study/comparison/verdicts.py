"""How sure the direction of an effect is: three grades, and what chance alone would give.

An effect that is up or down in nearly every replicate is *clear*. One that is so in most of them, with a mean far from
zero, is *probable*: a single replicate may go the other way, but the mean does not. All others have *no clear
direction*, and an effect that is nought in every replicate is *no difference*, which is known and not unclear.

Many outcomes are looked at, so some would seem to change by chance. `by_chance` says how many at most, and
`false_discovery` corrects the paired test of each effect for their number (Benjamini and Hochberg 1995, Controlling
the false discovery rate, Journal of the Royal Statistical Society B 57).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from irregsim.vocabulary.labels import label
from irregsim.vocabulary.numbers import percent

FloatArray = npt.NDArray[np.float64]

#: Grades, the surest first.
CLEAR, PROBABLE, UNCLEAR, SAME = "clear", "probable", "no clear direction", "no difference"
CERTAINTIES: Final = (CLEAR, PROBABLE, UNCLEAR, SAME)

#: Least share of the replicates that go the same way, for the two grades that tell a direction.
CLEAR_SHARE: Final = 0.95
PROBABLE_SHARE: Final = 0.8

#: How many standard errors the mean of a probable effect is from zero, at least.
PROBABLE_ERRORS: Final = 3.0

#: Level of the test of the mean of a clear effect, and of the interval of a share.
LEVEL: Final = 0.05

#: Percent of the reference. An effect is called very little where its whole interval is nearer to zero than this: such
#: a change can be certain, because the same persons are compared, and still be of no use to anybody. A convention.
VERY_LITTLE: Final = 1.0

#: Why an effect has no clear direction: no replicate differs; there are too few replicates to say; the replicates go
#: both ways, however many are run.
NOTHING, MONTE_CARLO, INTERVAL = "no_replicate_differs", "monte_carlo", "interval"

#: Word of the column ``verdict`` for an effect without a direction.
CANNOT_TELL: Final = "cannot tell"

#: More replicates than this are not recommended to anybody.
MOST_REPLICATES: Final = 100_000


class Verdict(NamedTuple):
    """What can be said of the direction of an effect.

    Attributes:
        word: ``up``, ``down`` or `CANNOT_TELL`.
        certainty: Of `CERTAINTIES`; the first two have a direction.
        why: Why there is no direction (`NOTHING`, `MONTE_CARLO` or `INTERVAL`); else empty.
        more: How many more replicates would give it one, if mean, spread and shares stay as they are. None where it
            has one, where more would not help or their number is not known, and beyond `MOST_REPLICATES`.
    """

    word: str
    certainty: str
    why: str
    more: int | None


def verdict(mean: float, up: float, down: float, mc_se: float, n: int) -> Verdict:
    """Whether an effect has a direction, and how sure it is.

    Args:
        mean: Mean over replicates.
        up: Share of the replicates above zero, 0 to 1.
        down: Share of the replicates below zero.
        mc_se: Monte Carlo error of the mean.
        n: Replicates, 2 or more.

    Returns:
        `CLEAR` where `CLEAR_SHARE` of the replicates or more go the way of the mean, and the mean differs from zero
        (Student's t with n - 1 degrees of freedom at `LEVEL`: with few replicates all may go one way by chance).
        `PROBABLE` where `PROBABLE_SHARE` or more do, and the mean is `PROBABLE_ERRORS` errors or more from zero.
    """
    from scipy.special import stdtrit

    if up == down == 0.0:
        return Verdict(CANNOT_TELL, SAME, NOTHING, None)
    same = up if mean > 0 else down if mean < 0 else 0.0
    reach = float(stdtrit(n - 1, 1.0 - LEVEL / 2.0)) * mc_se
    far = PROBABLE_ERRORS * mc_se
    word = "up" if mean > 0 else "down"
    if same >= CLEAR_SHARE and abs(mean) > reach:
        return Verdict(word, CLEAR, "", None)
    if same >= PROBABLE_SHARE and abs(mean) >= far:
        return Verdict(word, PROBABLE, "", None)
    if same >= PROBABLE_SHARE:
        wanted = min(reach, far) if same >= CLEAR_SHARE else far
        needed = math.floor(n * (wanted / mean) ** 2) + 1
        return Verdict(CANNOT_TELL, UNCLEAR, MONTE_CARLO, None if needed > MOST_REPLICATES else max(1, needed - n))
    # Few replicates leave open whether the share is large enough.
    open_still = _highest_share(max(up, down), n) >= PROBABLE_SHARE
    return Verdict(CANNOT_TELL, UNCLEAR, MONTE_CARLO if open_still else INTERVAL, None)


def _highest_share(share: float, n: int) -> float:
    """Upper end of the exact interval of a share seen in n replicates (Clopper and Pearson 1934)."""
    from scipy.special import betaincinv

    seen = round(share * n)
    return 1.0 if seen == n else float(betaincinv(seen + 1, n - seen, 1.0 - LEVEL / 2.0))


def in_words(word: str, certainty: str, share: float, lang: str, *, little: bool = False) -> str:
    """A verdict for readers, such as ``probably up (in 88 % of the replicates)``.

    Args:
        word: ``up``, ``down`` or `CANNOT_TELL`.
        certainty: Of `CERTAINTIES`.
        share: Share of the replicates that go that way, 0 to 1.
        lang: Language.
        little: Whether the effect is very little (`is_very_little`); said of what has a direction.
    """
    grade = certainty.replace(" ", "_")
    key = f"compare.certainty_{grade}_{word}" if certainty in (CLEAR, PROBABLE) else f"compare.certainty_{grade}"
    return label(key, lang).format(share=percent(share, lang), little=but_little(little, lang))


def but_little(little: bool, lang: str) -> str:
    """What follows a direction where the effect is very little; nothing where it is not."""
    return label("compare.but_little", lang) if little else ""


def is_very_little(*percent_of_reference: float) -> bool:
    """Whether an effect is within `VERY_LITTLE` percent of its reference, however certain it is.

    Args:
        percent_of_reference: Mean and ends of its interval in percent of the reference; missing ones are passed over.
    """
    known = [abs(value) for value in percent_of_reference if value == value]
    return bool(known) and max(known) < VERY_LITTLE


def p_value(mean: float, mc_se: float, n: int) -> float:
    """Two-sided p value of the paired test of a mean difference: Student's t with n - 1 degrees of freedom.

    Args:
        mean: Mean of the paired differences.
        mc_se: Its Monte Carlo error, over draws where several replicates share each.
        n: Replicates, 2 or more.

    Returns:
        0 to 1; missing where no replicate differs, since nothing is tested then.
    """
    from scipy.special import stdtr

    if mc_se == 0.0:
        return math.nan if mean == 0.0 else 0.0
    return float(2.0 * stdtr(n - 1, -abs(mean) / mc_se))


def false_discovery(p_values: Sequence[float]) -> FloatArray:
    """P values corrected for how many effects were tested.

    Args:
        p_values: One for each effect of a scenario; missing ones are not tested, and not counted.

    Returns:
        In the same order: the least share of false discoveries among all effects told at that value or below.
    """
    # Five lines here: `scipy.stats.false_discovery_control` takes longer to import than any table takes to be made.
    values = np.array(p_values, dtype="float64")
    tested = np.flatnonzero(np.isfinite(values))
    rising = tested[np.argsort(values[tested], kind="stable")]
    corrected = values[rising] * (len(rising) / np.arange(1, len(rising) + 1))
    values[rising] = np.minimum(1.0, np.minimum.accumulate(corrected[::-1])[::-1])
    return values


@dataclass(frozen=True)
class ByChance:
    """What chance alone would give, if the scenario moved no outcome one way or the other.

    Attributes:
        looked_at: Outcomes that differ in some replicate.
        clear: How many of them at most would be expected to seem clear.
        told: How many of them at most would be expected to seem clear or probable.
    """

    looked_at: int
    clear: float
    told: float


def by_chance(certainties: Sequence[str], replicates: Sequence[int]) -> ByChance:
    """How many effects would seem clear or probable by chance.

    If a scenario moves an outcome neither way, each replicate goes up or down like a coin, and the mean passes its
    test as often as the level says; a grade needs both, so the rarer of the two bounds it. The bound holds for the
    expected number however outcomes hang together.

    Args:
        certainties: Grade of each effect.
        replicates: Replicates behind each.
    """
    from scipy.special import stdtr

    clear = told = 0.0
    looked_at = 0
    for certainty, n in zip(certainties, replicates, strict=True):
        if certainty == SAME:
            continue
        looked_at += 1
        is_clear = min(LEVEL, _coin(CLEAR_SHARE, n))
        clear += is_clear
        told += min(1.0, is_clear + min(float(2.0 * stdtr(n - 1, -PROBABLE_ERRORS)), _coin(PROBABLE_SHARE, n)))
    return ByChance(looked_at, clear, told)


def _coin(share: float, n: int) -> float:
    """Chance that so large a share or more of n fair coins fall the same way."""
    from scipy.special import bdtrc

    least = math.ceil(share * n - 1e-9)
    return min(1.0, 2.0 * float(bdtrc(least - 1, n, 0.5)))
