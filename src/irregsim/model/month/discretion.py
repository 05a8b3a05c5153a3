"""Street-level discretion: one rule for every service and city (F 2.3, 7.5, 11.2; M051).

Whether a nurse, an officer at NAV, a child-welfare worker, a crisis centre or a police officer helps depends on who is
met. Each of them says yes with a probability of the service's own, raised or lowered by the city; people ask until
somebody does.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from irregsim.model.engine import lookup
from irregsim.model.values import At
from irregsim.model.world import Rows

FloatArray = npt.NDArray[np.float64]

_MOST = 0.99


def sent_ratio(who: Rows, at: At) -> FloatArray:
    """How far somebody can be sent: feasibility, less for the ill and for families with a child at school.

    One rule wherever the police meet a person: fetched from a centre, held when rejected, met in the street or at work
    (F 4.3, 10.1; M009, M010, M014).

    Args:
        who: Reads ``feasibility``, ``has_care_need`` and ``household``.
        at: Reads ``ill_fetch_ratio`` and ``family_fetch_ratio``, relative to others.

    Returns:
        0 to 1, shape (n,).
    """
    by_illness = np.array([1.0, at.ill_fetch_ratio])
    by_household = np.array([1.0, at.family_fetch_ratio, at.family_fetch_ratio])
    return np.asarray(who.feasibility * lookup(by_illness[:, None] * by_household, who.has_care_need, who.household))


def worthiness(who: Rows, at: At) -> FloatArray:
    """Ratio on the readiness of front-line staff by who stands before them (F 8.4, 11.2; M111).

    Families with children, and persons who cannot be sent anyway, are met with more leniency.

    Args:
        who: Reads ``household`` and ``feasibility``.
        at: Reads ``discretion_child_ratio`` and ``discretion_not_returnable_ratio``.
    """
    cannot = 1.0 + (at.discretion_not_returnable_ratio - 1.0) * (1.0 - who.feasibility)
    return np.asarray(np.where(who.household > 0, at.discretion_child_ratio, 1.0) * cannot)


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
