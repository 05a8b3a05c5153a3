"""Street-level discretion: one rule for every service and city (F 2.3, 7.5, 11.2; M051).

Whether a nurse, an officer at NAV, a child-welfare worker, a crisis centre or a police officer helps depends on who is
met. Each of them says yes with a probability of the service's own, raised or lowered by the city; people ask until
somebody does.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from irregsim.model.values import At

FloatArray = npt.NDArray[np.float64]

_MOST = 0.99


def says_yes(at: At, share: npt.ArrayLike, city: npt.NDArray[np.int64], asks: float = 1.0) -> FloatArray:
    """Chance that somebody says yes.

    Args:
        at: Reads ``discretion_by_city``, the ratio of each city (the last for all other places).
        share: Share of the service's staff who say yes when asked once, in a city of ratio 1; shape (n,) or one number.
        city: City of each person, shape (n,).
        asks: How many are asked.

    Returns:
        Probability, shape (n,).
    """
    once = np.clip(share * at.discretion_by_city[city], 0.0, _MOST)
    return np.asarray(1.0 - (1.0 - once) ** asks)


def nav_share(at: At, by_rule: FloatArray, city: npt.NDArray[np.int64], is_family: npt.NDArray[np.bool_]) -> FloatArray:
    """Share at NAV who say yes: by the rule in force in the city, families more often (M050, M052).

    Args:
        at: Reads ``discretion_yes_share`` and ``family_discretion_ratio``.
        by_rule: Ratio of the rule in force in each city, and outside them; shape (cities + 1,).
        city: City of each person, shape (n,).
        is_family: Guardians and children, shape (n,).

    Returns:
        Shape (n,).
    """
    ratio = by_rule[city] * np.where(is_family, at.family_discretion_ratio, 1.0)
    return np.asarray(at.discretion_yes_share * ratio)
