"""Step 3, ties: acquaintances are made and lost; people move between places (F 4.3, 4.4, 11.1)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from irregsim.model.centres import REMOTENESS
from irregsim.model.chance import pick
from irregsim.model.engine import Contest, Decided, Rule
from irregsim.model.hosts import slot_keys
from irregsim.model.population import Population
from irregsim.model.values import At
from irregsim.model.world import Rows, World
from irregsim.vocabulary import reference
from irregsim.vocabulary.codes import Strategy

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


def tie_forms_hazard(who: Rows, at: At) -> FloatArray:
    """Hazard of meeting one more person or congregation that would help.

    At-risk set: everybody outside detention. In a centre the hazard falls with remoteness (M022); a background with
    strong congregations meets more (M041), and who knows somebody is introduced to others of that circle.

    Args:
        who: Reads ``strategy``, ``centre``, ``country`` and ``has_tie``.
        at: Reads ``tie_forms_hazard`` (per month), ``remote_tie_ratio`` (0 to 1), ``congregation_tie_power``,
            ``introduction_ratio``.

    Returns:
        Events per person-month, shape (n,).
    """
    # Nobody but residents has a centre, and without one remoteness is 0.
    by_centre = at.tie_forms_hazard * (1.0 - (1.0 - at.remote_tie_ratio) * REMOTENESS)
    # What others of a circle do counts as an interaction.
    introduced = np.array([1.0, at.introduction_ratio if at.interactions else 1.0])
    by_country = _CONGREGATION**at.congregation_tie_power
    return np.asarray(by_centre[who.centre] * by_country[who.country] * introduced[who.has_tie.astype(np.int64)])


def tie_wears_hazard(who: Rows, at: At) -> FloatArray:
    """Hazard that one tie is lost for reasons other than use. Reads ``tie_wears_hazard`` (per month)."""
    return np.asarray(at.tie_wears_hazard * who.has_tie)


def city_move_hazard(who: Rows, at: At) -> FloatArray:
    """Hazard of moving to another place, outside centres and jobs.

    Higher for the marginalised and for those expelled (M082, M104). Dependents and workers stay where host and job
    are.

    Args:
        who: Reads ``strategy`` and ``decision``.
        at: Reads ``intercity_move_hazard`` (per month) and ``marginalised_move_ratio``.
    """
    ratio = np.where(who.strategy == Strategy.MARGINALISERT, at.marginalised_move_ratio, 1.0)
    ratio = np.where(who.decision >= 2, ratio * at.expelled_move_ratio, ratio)
    return np.asarray(at.intercity_move_hazard * ratio)


_CONGREGATION = np.array([c.congregation_ratio for c in reference.countries()])
_MARKET = np.array([p.market_ratio for p in reference.places()])
_PERSONS = np.array([p.former_asylum_share + p.never_asylum_share for p in reference.places()])


class Ties(Contest):
    """New ties fill the first empty slot; a worn tie empties the last one filled."""

    name = "ties"
    step = 3
    rules = (
        Rule(
            channel="tie_forms",
            hazard=tie_forms_hazard,
            mechanisms=("M017", "M022", "M041"),
            source="F 4.3; 4.4; rate assumed",
            grade="D",
        ),
        Rule(
            channel="tie_wears",
            hazard=tie_wears_hazard,
            mechanisms=("M019",),
            source="assumption",
            grade="D",
        ),
    )

    def at_risk(self, world: World, at: At) -> IntArray:
        """Everybody free to act."""
        return world.everyone()

    def settle(self, world: World, at: At, decided: Decided) -> None:
        """A new tie is made where one lives, often through somebody known already; a worn one is lost."""
        p, draws = world.population, world.draws
        rows = decided.of("tie_forms")
        keys = slot_keys(p.key[rows], 5)
        u = draws.uniform("tie_forms_host", world.month, keys)
        host = world.hosts.of(p.country[rows], p.place[rows], u)
        if at.interactions:
            # Help travels along ties: many new acquaintances are friends of somebody known already (F 4.4).
            known = p.tie_0[rows]
            known = np.where(known >= 0, known, np.maximum(p.tie_1[rows], p.tie_2[rows]))
            inside = draws.uniform("tie_within_circle", world.month, p.key[rows]) < at.tie_within_circle_share
            inside &= known >= 0
            host[inside] = world.hosts.fellow(known[inside], u[inside])
        add_tie(p, rows, host)
        rows = decided.of("tie_wears")
        for column in (p.tie_2, p.tie_1, p.tie_0):
            filled = column[rows] >= 0
            column[rows[filled]] = -1
            rows = rows[~filled]


class Moves(Contest):
    """Moves between places of those whom neither a host nor a job holds."""

    name = "moves"
    step = 3
    rules = (
        Rule(
            channel="city_move",
            hazard=city_move_hazard,
            mechanisms=("M082", "M104"),
            source="F 4.6; 9.1; 11.1",
            grade="D",
        ),
    )

    def at_risk(self, world: World, at: At) -> IntArray:
        """The marginalised and those in free fall who are free to act."""
        return world.among((Strategy.MARGINALISERT, Strategy.FRITT_FALL))

    def settle(self, world: World, at: At, decided: Decided) -> None:
        """To larger markets more often (M104)."""
        p, draws = world.population, world.draws
        rows = decided.of("city_move")
        cumulative = np.cumsum(destination_shares(at))
        where = pick(cumulative, draws.uniform("city_move_where", world.month, p.key[rows]))
        world.relocate(rows, where, "city_move")


def destination_shares(at: At) -> FloatArray:
    """Share of moves that go to each place: by persons, and by the size of its market (M104).

    Args:
        at: Reads ``market_size_power``.

    Returns:
        Shape (places,), with sum 1.
    """
    weight = _MARKET**at.market_size_power * _PERSONS
    return np.asarray(weight / weight.sum())


def add_tie(p: Population, rows: IntArray, host: IntArray) -> None:
    """Writes a new tie into the first empty slot of each person; a full set stays as it is."""
    for column in (p.tie_0, p.tie_1, p.tie_2):
        empty = (column[rows] < 0) & (host >= 0)
        column[rows[empty]] = host[empty]
        rows, host = rows[~empty], host[~empty]


def cut_ties(world: World, rows: IntArray, share: float) -> None:
    """Loses each tie of some persons with a probability; used when they are moved (M020).

    Args:
        world: The replicate.
        rows: Persons moved, shape (n,).
        share: Probability that a tie is lost.
    """
    p = world.population
    for slot, column in enumerate((p.tie_0, p.tie_1, p.tie_2)):
        u = world.draws.uniform("tie_lost_at_transfer", world.month, slot_keys(p.key[rows], slot))
        column[rows[u < share]] = -1


def lose_tie(world: World, rows: IntArray, host: IntArray) -> None:
    """Takes a used-up host out of each person's ties (ties are used up by use)."""
    if not world.values.levers.interactions:
        return
    p = world.population
    for column in (p.tie_0, p.tie_1, p.tie_2):
        same = column[rows] == host
        column[rows[same]] = -1
