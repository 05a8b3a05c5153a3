"""Step 4, identity: whose identity the authorities have established, at first and in time (F 2.1, 9.1, 10.1)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.special import expit, logit

from irregsim.model.engine import Contest, Decided, Rule, with_children
from irregsim.model.values import At
from irregsim.model.world import Rows, World
from irregsim.vocabulary import reference
from irregsim.vocabulary.codes import Feasibility

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]

#: Lasting group of each citizenship: a stop of returns for some years gives nobody other papers.
_GROUP = np.array([int(g) for g in reference.lasting_feasibility_groups()])


def established_at_entry(at: At, country: IntArray, sought_asylum: BoolArray) -> FloatArray:
    """Chance that a newcomer's identity is established already, by citizenship and ground.

    Papers come most often from countries that take their citizens back, and from those who came with a visa; where
    return is hardly possible many withhold them (F 2.1, 9.1; M009).

    Args:
        at: Reads ``identity_established_share`` (former asylum seekers of the middle group),
            ``identity_high_log_odds``, ``identity_low_log_odds`` and ``identity_never_asylum_log_odds``.
        country: Shape (n,).
        sought_asylum: Shape (n,).
    """
    by_group = np.zeros(len(Feasibility))
    by_group[Feasibility.HIGH] = at.identity_high_log_odds
    by_group[[Feasibility.NONE, Feasibility.WEAK]] = at.identity_low_log_odds
    odds = logit(at.identity_established_share) + by_group[_GROUP[country]]
    return np.asarray(expit(odds + np.where(sought_asylum, 0.0, at.identity_never_asylum_log_odds)))


def identity_hazard(who: Rows, at: At) -> FloatArray:
    """Hazard that the identity of somebody is established: PU's work, where the country takes part.

    At-risk set: persons without established identity. M009, M075.

    Args:
        who: Reads ``country``.
        at: Reads ``identity_hazard`` (per month, effort of 2013, a country that cooperates fully), ``pu_effort`` and
            ``identity_cooperation`` (0 to 1, by citizenship: feasibility relative to the highest group's).
    """
    return np.asarray(at.identity_hazard * at.pu_effort * at.identity_cooperation[who.country])


class Identity(Contest):
    """Identities that are established this month, by work of the police and cooperation of the country."""

    name = "identity"
    step = 4
    rules = (
        Rule(
            channel="identity",
            hazard=identity_hazard,
            mechanisms=("M009", "M075"),
            source="F 9.1: great effort to clear identities, and better relations with the country; hazard assumed",
            grade="D",
        ),
    )

    def at_risk(self, world: World, at: At) -> IntArray:
        """Everybody free to act whose identity is not established."""
        p = world.population
        return np.flatnonzero(~p.is_identity_established & p.is_here & (p.guardian < 0) & (p.transport_due < 0))

    def settle(self, world: World, at: At, decided: Decided) -> None:
        """It holds for the children too, and for good."""
        world.population.is_identity_established[with_children(world, decided.of("identity"))] = True
