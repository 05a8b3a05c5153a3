"""The state of one replicate: persons, centres, employers, hosts and what has happened so far."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from irregsim.model.centres import IS_ALTERNATIVE, REMOTENESS, Centres
from irregsim.model.compiled import twinned
from irregsim.model.draws import Draws
from irregsim.model.employers import PRIVATE_HOUSEHOLD, Employers
from irregsim.model.history import CITY_OF, DISTRICT_OF, GROUNDS, NO_PLACE, History
from irregsim.model.hosts import Hosts
from irregsim.model.population import COLUMNS, Population
from irregsim.model.values import Values
from irregsim.vocabulary import reference
from irregsim.vocabulary.codes import (
    CAUSE_CODE,
    CITIES,
    STATE_CODES,
    Decision,
    Ground,
    Household,
    RegisterEvent,
    Route,
    Side,
    Strategy,
    Substrategy,
    is_exit,
)

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]


#: A child below this age has no place of its own in a centre.
INFANT_MONTHS = 12


class World:
    """Everything that changes in a replicate.

    Args:
        values: Levers and parameters by month.
        draws: Keyed draws of the replicate.
        keep_spells: Whether single spells are kept.
        keep_expected: Whether sums of probabilities are kept as well as the events.
    """

    def __init__(self, values: Values, draws: Draws, keep_spells: bool = False, keep_expected: bool = True) -> None:
        self.draws = draws
        self.values = values
        self.month = -1
        first = self.values.at(0)
        self.population = Population()
        self.centres = Centres()
        self.employers = Employers(draws, first)
        self.hosts = Hosts(draws, first)
        self.history = History(values.months, keep_spells, keep_expected)
        #: Perceived yearly chance of forced return by citizenship (docs/odd.md); learnt from events.
        self.perceived = np.minimum(1.0, first.initial_perceived_risk_ratio * first.feasibility)
        #: Persons without an established identity cannot be sent, and know it (F 2.1): perceived risk, as a ratio.
        self.unknown_risk_ratio = float(first.unknown_identity_risk_ratio)
        #: Who was met by the police and let go fears it more: perceived risk relative to before.
        self.shaken_risk_ratio = float(first.shaken_risk_ratio)
        #: Forced departures this month, by citizenship: what compatriots hear of.
        self.forced = np.zeros(len(reference.countries()), dtype=np.int64)
        #: The same by circle of the support network, shape (circles + 1,); the last entry is for nobody.
        self.forced_in_circle = np.zeros(self.hosts.circle_count + 1, dtype=np.int64)
        #: Perceived yearly chance of forced return in each circle, learnt from what happened to those in it.
        self.perceived_in_circle = np.append(self.perceived[self.hosts.circle_country], 0.0)
        #: Circles in which somebody has informal work this month, shape (circles + 1,).
        self.has_worker_in_circle = np.zeros(self.hosts.circle_count + 1, dtype=np.bool_)
        #: Weight of news through ties, against what is known nationally, in perceived risk.
        self.circle_news_share = float(first.news_through_ties_share) if first.interactions else 0.0
        #: Beds per night that are free for persons without legal stay, and who got one, are set in the choice step.
        self.bed_share = np.zeros(len(CITIES) + 1)

    @property
    def values(self) -> Values:
        """Levers and parameters by month, with the walks of this replicate's drivers."""
        return self._values

    @values.setter
    def values(self, values: Values) -> None:
        self._values = values.of_replicate(self.draws)

    def copy(self, values: Values | None = None) -> World:
        """An independent copy, to continue under other values from the next month on.

        Args:
            values: Values of the continuation; must agree with the present ones up to now.
        """
        other = World.__new__(World)
        other.__dict__.update(self.__dict__)
        other.values = values or self.values
        other.population = self.population.copy()
        other.centres = self.centres.copy()
        other.employers = self.employers.copy()
        other.history = self.history.copy(other.values.months)
        other.perceived = self.perceived.copy()
        other.forced = self.forced.copy()
        for name in ("forced_in_circle", "perceived_in_circle", "has_worker_in_circle", "bed_share"):
            setattr(other, name, getattr(self, name).copy())
        return other

    # -- moves ---------------------------------------------------------------------------------------------------

    @twinned
    def move(
        self,
        rows: IntArray,
        destination: int | IntArray,
        cause: str | IntArray,
        substrategy: int | IntArray = int(Substrategy.NONE),
        with_children: bool = True,
    ) -> None:
        """Moves persons to another strategy or out of the country; children go with their guardian.

        A person who leaves a strategy leaves its place, job or host with it.

        Args:
            rows: Persons to move, shape (n,); no children.
            destination: A `Strategy` or `Exit`, one for all or one each.
            cause: A name in `vocabulary.CAUSES`, or a code in `CAUSE_CODE` for each.
            substrategy: Subtype of the new strategy, one for all or one each.
            with_children: False where only the persons themselves move.
        """
        n = len(rows)
        if n == 0:
            return
        p = self.population
        target, subtype, why = np.empty((3, n), dtype=np.int64)
        target[:] = destination
        subtype[:] = substrategy
        why[:] = CAUSE_CODE[cause] if isinstance(cause, str) else cause
        kids, where = p.children_of(rows) if with_children else (rows[:0], rows[:0])
        if len(kids):
            here = ~is_exit(p.strategy[kids])
            kids, where = kids[here], where[here]
            # A child in a household that lives by work or at the margins depends on the guardian.
            kid_target = target[where]
            lives_by = (kid_target == Strategy.ARBEIDENDE) | (kid_target == Strategy.MARGINALISERT)
            kid_target = np.where(lives_by, int(Strategy.AVHENGIG), kid_target)
            kid_subtype = np.where(lives_by, int(Substrategy.RELATIVE), subtype[where])
            rows = np.concatenate([rows, kids])
            target = np.concatenate([target, kid_target])
            subtype = np.concatenate([subtype, kid_subtype])
            why = np.concatenate([why, why[where]])
        origin = p.strategy[rows]
        # A child of working parents who move on to a host stays "avhengig": no flow, no new spell.
        changed = origin != target
        if not changed.all():
            p.substrategy[rows[~changed]] = subtype[~changed]
            rows, target, subtype, origin = rows[changed], target[changed], subtype[changed], origin[changed]
            why = why[changed]
        gone = is_exit(target)
        place = p.place[rows]
        self.history.flow(self.month, why, origin, target, place, np.where(gone, NO_PLACE, place), p.country[rows])
        if self.history.spells is not None:
            self._end_spells(rows, why, target)
        p.strategy[rows] = target
        p.substrategy[rows] = subtype
        p.strategy_start[rows] = self.month
        p.side[rows] = int(Side.NONE)
        p.let_go(rows)
        p.transport_due[rows[gone]] = -1

    @twinned
    def relocate(self, rows: IntArray, place: IntArray, cause: str) -> None:
        """Moves persons to another place within their strategy; a move between districts is a flow.

        Args:
            rows: Persons, shape (n,).
            place: New place of each, shape (n,).
            cause: A name in `vocabulary.CAUSES`.
        """
        if len(rows) == 0:
            return
        p = self.population
        kids, where = p.children_of(rows)
        rows, place = np.concatenate([rows, kids]), np.concatenate([place, place[where]])
        old, strategy = p.place[rows], p.strategy[rows]
        across = (DISTRICT_OF[old] != DISTRICT_OF[place]) & ~is_exit(strategy)
        self.history.flow(
            self.month,
            CAUSE_CODE[cause],
            strategy[across],
            strategy[across],
            old[across],
            place[across],
            p.country[rows[across]],
        )
        p.place[rows] = place
        self.set_cell(rows)

    @twinned
    def note(
        self, event: RegisterEvent, rows: IntArray, delay: npt.ArrayLike = 0, place: IntArray | None = None
    ) -> None:
        """Records what an agency writes down about some persons; called before they move.

        Args:
            event: What is written down.
            rows: Persons, shape (n,).
            delay: Months until it is written down, one for all or one each.
            place: Where it is counted, shape (n,); by default where each person is.
        """
        if len(rows) == 0:
            return
        p = self.population
        where = p.place[rows] if place is None else place
        self.history.register(self.month, event, where, p.country[rows], delay, p.strategy[rows])

    def circles(self, rows: IntArray) -> IntArray:
        """Circles of the hosts that some persons know or live with, each once.

        Returns:
            Shape (4, n); the number of circles where there is no tie, or a tie in a circle that came before.
        """
        p = self.population
        return _circles(self, p.tie_0[rows], p.tie_1[rows], p.tie_2[rows], p.host[rows])

    def hear_of(self, rows: IntArray) -> None:
        """Forced departures of every kind: compatriots hear of them, first in the circles they belonged to.

        Args:
            rows: Persons returned, children too, shape (n,); called before they move.
        """
        if len(rows) == 0:
            return
        self.forced += np.bincount(self.population.country[rows], minlength=len(self.forced))
        self.forced_in_circle += np.bincount(self.circles(rows).ravel(), minlength=len(self.forced_in_circle))

    @twinned
    def set_cell(self, rows: IntArray) -> None:
        """Keeps the column of place x ground after a move, a decision or an arrival."""
        if len(rows) == 0:
            return
        p = self.population
        ground = np.where(p.is_sought_asylum[rows], int(Ground.ASYLUM), int(Ground.NEVER_ASYLUM))
        ground = np.where(p.route[rows] == Route.DUBLIN, int(Ground.DUBLIN), ground)
        ground = np.where(p.decision[rows] == Decision.EXPELLED_PENAL, int(Ground.PENAL), ground)
        p.cell[rows] = p.place[rows] * GROUNDS + ground

    def _end_spells(self, rows: IntArray, cause: IntArray, destination: IntArray) -> None:
        spells, p = self.history.spells, self.population
        assert spells is not None
        spells.person.append(p.person_id[rows])
        spells.strategy.append(p.strategy[rows])
        spells.start.append(p.strategy_start[rows])
        spells.end.append(np.full(len(rows), self.month))
        spells.cause.append(cause)
        spells.destination.append(destination)
        spells.fixed.append(self._fixed(rows))

    def _fixed(self, rows: IntArray) -> IntArray:
        """Attributes of persons that a spell table may carry: never the citizenship."""
        p = self.population
        return np.stack(
            [
                p.is_sought_asylum[rows].astype(np.int64),
                p.is_female[rows].astype(np.int64),
                p.birth_month[rows],
                p.household[rows],
                p.route[rows],
                p.country[rows],
                p.entry_month[rows],
            ]
        )

    def close_spells(self) -> None:
        """Writes the spells that are still open at the end, with no cause of end."""
        spells, p = self.history.spells, self.population
        if spells is None:
            return
        rows = np.flatnonzero(p.is_here)
        spells.person.append(p.person_id[rows])
        spells.strategy.append(p.strategy[rows])
        spells.start.append(p.strategy_start[rows])
        spells.end.append(np.full(len(rows), -1))
        spells.cause.append(np.full(len(rows), -1))
        spells.destination.append(np.full(len(rows), -1))
        spells.fixed.append(self._fixed(rows))

    # -- who -----------------------------------------------------------------------------------------------------

    @twinned
    def who(self, strategy: Strategy) -> IntArray:
        """Rows of the persons in a strategy who are free to act: no children, nobody held."""
        p = self.population
        return np.asarray(((p.strategy == strategy) & (p.guardian < 0) & (p.transport_due < 0)).nonzero()[0])

    @twinned
    def among(self, strategies: tuple[Strategy, ...]) -> IntArray:
        """Rows of the persons in any of some strategies who are free to act."""
        p = self.population
        within = np.zeros(STATE_CODES, dtype=np.bool_)
        within[list(strategies)] = True
        return np.asarray((within.take(p.strategy) & (p.guardian < 0) & (p.transport_due < 0)).nonzero()[0])

    @twinned
    def everyone(self) -> IntArray:
        """Rows of all persons in the country who are free to act: no children, nobody held."""
        p = self.population
        return np.asarray((p.is_here & (p.guardian < 0) & (p.transport_due < 0)).nonzero()[0])

    def rows(self, rows: IntArray) -> Rows:
        """A view of some persons for rules."""
        return Rows(self, rows)

    def check(self) -> None:
        """Asserts what must always hold (docs/odd.md).

        Raises:
            AssertionError: Naming the invariant.
        """
        p = self.population
        here = p.is_here
        synlig = p.strategy == Strategy.SYNLIG
        assert p.is_sought_asylum[synlig].all(), "only persons who sought asylum are ever synlig"
        assert ((p.centre >= 0) == synlig).all(), "a centre place is held by residents and nobody else"
        # Places are counted in beds of heads of household and their children alike, but for infants; Dublin cases have
        # their own.
        counted = synlig & (p.route != Route.DUBLIN) & (p.birth_month <= self.month - INFANT_MONTHS)
        residents = np.bincount(p.centre[counted], minlength=len(self.centres.capacity))
        if self.values.levers.interactions:
            assert (residents <= self.centres.capacity).all(), (
                "no centre holds more than the places left to the rejected"
            )
        working = (p.strategy == Strategy.ARBEIDENDE) & here
        assert (p.employer[working] >= 0).all(), "no job without an employer"
        dependent = (p.strategy == Strategy.AVHENGIG) & here
        assert ((p.host >= 0) | (p.guardian >= 0))[dependent].all(), "no dependence without a host"
        if self.values.levers.interactions:
            guests = np.bincount(p.host[dependent & (p.guardian < 0)], minlength=len(self.hosts))
            assert (guests <= self.hosts.capacity).all(), "no host has more guests than places"


class Rows:
    """Some persons, as a rule sees them: columns by name, gathered when first read.

    Besides the columns of the population it offers what belongs to a person's host, employer, place or time, such as
    ``months_in_strategy``, ``host_patience`` and ``perceived_risk``. All are arrays of shape (n,).
    """

    def __init__(self, world: World, rows: IntArray) -> None:
        self._world = world
        self.rows = rows

    def __len__(self) -> int:
        return len(self.rows)

    def risk_response(self, slope: float) -> FloatArray:
        """``exp(slope * 4 * perceived risk)``: one form of response to the risk of return for every rule (F 2.1).

        Args:
            slope: Log ratio per quarter of a yearly chance of forced return.
        """
        if self._world.circle_news_share > 0.0 or self._world.shaken_risk_ratio != 1.0:
            return np.asarray(np.exp(slope * 4.0 * self.perceived_risk))
        # Risk differs by citizenship and by whether identity is known: worked out for those, not for each person.
        table = np.exp(
            slope * 4.0 * np.stack([self._world.unknown_risk_ratio * self._world.perceived, self._world.perceived])
        )
        return np.asarray(table.ravel().take(self.can_be_sent * table.shape[1] + self.country))

    def __getattr__(self, name: str) -> npt.NDArray[Any]:
        value: npt.NDArray[Any]
        if name in COLUMNS:
            value = getattr(self._world.population, name).take(self.rows)
        else:
            maker = _DERIVED.get(name)
            if maker is None:
                raise AttributeError(f"a person has no {name}")
            value = maker(self, self._world)
        self.__dict__[name] = value
        return value


@twinned
def _circles(world: World, *columns: IntArray) -> IntArray:
    nobody = world.hosts.circle_count
    circle = world.hosts.circle[np.stack(columns)]
    for i, later in enumerate(circle):
        if i > 0:
            again = later == circle[0]
            for earlier in circle[1:i]:
                again |= later == earlier
            np.putmask(later, again, nobody)
    return np.asarray(circle)


def _perceived(who: Rows, world: World) -> FloatArray:
    """What is known nationally of one's country, and what is heard in the circles one belongs to (F 2.1, 4.3)."""
    risk = world.perceived.take(who.country)
    share = world.circle_news_share
    if share > 0.0:
        circle = who.circles
        told = world.perceived_in_circle.take(circle).sum(axis=0)
        count = (circle < world.hosts.circle_count).sum(axis=0, dtype=np.int8)
        told *= share
        told /= np.maximum(1, count)
        told += (1.0 - share) * risk
        np.copyto(risk, told, where=count > 0)
    risk *= np.where(who.can_be_sent, 1.0, world.unknown_risk_ratio)
    risk *= np.where(who.is_shaken, world.shaken_risk_ratio, 1.0)
    return np.asarray(np.minimum(1.0, risk, out=risk))


def _feasibility(who: Rows, world: World) -> FloatArray:
    return np.asarray(world.values.at(world.month).feasibility.take(who.country) * who.can_be_sent)


#: Size of the market for drugs and sex in each place, relative.
_MARKET = np.array([p.market_ratio for p in reference.places()])

#: Whether each centre is alternative placement; the last entry is for those in none.
_IN_ALTERNATIVE = np.append(IS_ALTERNATIVE, False)

_DERIVED: dict[str, Callable[[Rows, World], npt.NDArray[Any]]] = {
    "months_in_strategy": lambda who, world: world.month - who.strategy_start,
    "months_irregular": lambda who, world: np.maximum(0, world.month - who.entry_month),
    "age_years": lambda who, world: (world.month - who.birth_month) / 12.0,
    "age_whole": lambda who, world: (world.month - who.birth_month) // 12,
    "can_be_sent": lambda who, world: who.is_identity_established,
    "district": lambda who, world: DISTRICT_OF.take(who.place),
    "city": lambda who, world: CITY_OF.take(who.place),
    "market_ratio": lambda who, world: _MARKET.take(who.place),
    "is_guardian": lambda who, world: who.household == Household.GUARDIAN,
    "is_dublin": lambda who, world: who.route == Route.DUBLIN,
    "is_rejected": lambda who, world: (
        who.is_sought_asylum & (who.route != Route.DUBLIN) & (who.route != Route.VANISHED) & (who.decision > 0)
    ),
    "has_tie": lambda who, world: (who.tie_0 >= 0) | (who.tie_1 >= 0) | (who.tie_2 >= 0),
    "circles": lambda who, world: _circles(world, who.tie_0, who.tie_1, who.tie_2, who.host),
    "knows_worker": lambda who, world: np.asarray(world.has_worker_in_circle.take(who.circles).any(axis=0)),
    "in_congregation": lambda who, world: np.asarray(world.hosts.is_congregation_circle.take(who.circles).any(axis=0)),
    "host_patience": lambda who, world: world.hosts.patience[who.host],
    "host_is_exploitative": lambda who, world: world.hosts.is_exploitative[who.host],
    "employer_district": lambda who, world: DISTRICT_OF[world.employers.place[who.employer]],
    "side_employer_district": lambda who, world: DISTRICT_OF[world.employers.place[who.side_employer]],
    "age_over_66": lambda who, world: who.birth_month <= world.month - 67 * 12,
    "employer_is_home": lambda who, world: world.employers.sector[who.employer] == PRIVATE_HOUSEHOLD,
    "side_employer_is_home": lambda who, world: world.employers.sector[who.side_employer] == PRIVATE_HOUSEHOLD,
    "remoteness": lambda who, world: REMOTENESS[who.centre],
    "in_alternative_placement": lambda who, world: _IN_ALTERNATIVE[who.centre],
    "perceived_risk": _perceived,
    "feasibility": _feasibility,
    "has_bed": lambda who, world: world.bed_share[who.city],
}
