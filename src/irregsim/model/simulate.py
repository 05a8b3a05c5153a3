"""Population in, history out: the month as a whole, and a replicate from 2009-01 to its end. No files, no Mesa."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from irregsim.model import compiled
from irregsim.model.compiled import twinned
from irregsim.model.draws import Draws
from irregsim.model.engine import Part
from irregsim.model.history import COUNTRIES, PLACES
from irregsim.model.month import MONTH
from irregsim.model.month.cohorts import TooManyPersons as TooManyPersons
from irregsim.model.month.cohorts import expected_arrivals
from irregsim.model.month.placing import counted_residents
from irregsim.model.values import At, Values
from irregsim.model.world import World
from irregsim.scenario import Scenario
from irregsim.vocabulary import reference
from irregsim.vocabulary.codes import Feasibility, Household, Route, Side, Strategy, Substrategy, year_of
from irregsim.vocabulary.knowledge import Knowledge

IntArray = npt.NDArray[np.int64]

#: Age groups, durations and codes of groups.parquet, in storage order (docs/outputs.md).
AGE_GROUPS = ("0-17", "18-66", "67+")
DURATIONS = ("<1", "1-5", "5-10", "10-16", "16+")
_DURATION_MONTHS = np.array([12, 60, 120, 192])
#: Its code by months without legal stay, up to the month from which it stays the same.
_DURATION_AT = np.searchsorted(_DURATION_MONTHS, np.arange(_DURATION_MONTHS[-1] + 1), side="right")
GROUP_SHAPE = (len(Strategy), 2, 2, len(AGE_GROUPS), 2, len(DURATIONS), len(Feasibility))


def start(values: Values, draws: Draws, keep_spells: bool = False, keep_expected: bool = True) -> World:
    """A replicate before its first month.

    Args:
        values: Levers and one parameter draw, month by month.
        draws: Keyed draws of the replicate.
        keep_spells: Whether to keep the spells of single persons.
        keep_expected: Whether to keep sums of probabilities as well as the events; lives are the same either way.
    """
    return World(values, draws, keep_spells, keep_expected)


def begin_month(world: World) -> At:
    """Step 1: the next month begins; its values are in force and centres have the places of the month."""
    compiled.begin_month()
    world.month += 1
    world.forced[:] = 0
    world.forced_in_circle[:] = 0
    at = world.values.at(world.month)
    # Without interactions nobody's place follows how many others need one.
    residents = int(counted_residents(world).sum()) if at.interactions else 0
    world.centres.open_month(at, residents)
    return at


def advance_month(world: World, parts: Sequence[Part] = MONTH) -> None:
    """One month: policy, its parts in order, learning, and the record of stocks.

    Args:
        world: The replicate, between two months.
        parts: Parts of the month; others than `MONTH` make another model (docs/mesa.md).
    """
    at = begin_month(world)
    for part in parts:
        part.run(world, at)
    end_month(world, at)


def end_month(world: World, at: At) -> None:
    """Step 10: what compatriots learn, and the month's stocks."""
    record(world)
    learn(world, at)
    world.population.drop_gone()


def learn(world: World, at: At) -> None:
    """Perceived risk of forced return follows, with delay, what happened to compatriots (F 2.1, 4.3; M002, M098).

    The yearly rate that the month's forced returns amount to is mixed into what was believed, with the weight
    ``risk_learning_share``: nationally, and in each circle of the support network by what happened there. An agreement
    that comes into force is news of its own: belief moves towards the risk of a country that takes people back, and
    fades again if nothing follows (F 4.3; Ethiopia's agreement of 2012). Without interactions the belief stays at its
    first level.
    """
    if not at.interactions:
        world.perceived = np.minimum(1.0, at.initial_perceived_risk_ratio * at.feasibility)
        return
    stock, members = communities(world)
    # A small community hears of few returns: the prior stock keeps one return from looking like a wave.
    rate = 12.0 * world.forced / (stock + world.forced + at.risk_learning_prior_persons)
    weight = at.risk_learning_share
    world.perceived = np.minimum(1.0, (1.0 - weight) * world.perceived + weight * rate)
    rate = 12.0 * world.forced_in_circle / (members + world.forced_in_circle + at.risk_learning_prior_persons)
    told = np.minimum(1.0, (1.0 - weight) * world.perceived_in_circle + weight * rate)
    new = world.values.agreement_begins(world.month)
    if new.any():
        expected = min(1.0, at.initial_perceived_risk_ratio * at.feasibility_high_share)
        share = at.agreement_fear_share
        world.perceived = _towards(world.perceived, expected, np.where(new, share, 0.0))
        told[:-1] = _towards(told[:-1], expected, np.where(new[world.hosts.circle_country], share, 0.0))
    told[-1] = 0.0
    world.perceived_in_circle = told


@twinned
def communities(world: World) -> tuple[IntArray, IntArray]:
    """Everybody in the country who hears of forced departures, but for persons under a Dublin decision.

    Returns:
        How many there are of each citizenship, shape (countries,), and how many belong to each circle of the support
        network, shape (circles + 1,); the last are those of no circle.
    """
    p = world.population
    hears = p.is_here & (p.route != Route.DUBLIN)
    stock = np.bincount(p.country[hears], minlength=COUNTRIES)
    circles = world.circles(np.flatnonzero(hears)).ravel()
    return stock, np.bincount(circles, minlength=world.hosts.circle_count + 1)


def _towards(belief: npt.NDArray[np.float64], level: float, share: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Beliefs moved up by a share of the way to a level; those above it stay."""
    return np.asarray(belief + share * np.maximum(0.0, level - belief))


@twinned
def record(world: World) -> None:
    """Writes the month's stocks into the history."""
    p, history, month = world.population, world.history, world.month
    here = np.flatnonzero(p.is_here)
    strategy, place, country = p.strategy[here], p.place[here], p.country[here]
    sought = p.is_sought_asylum[here].astype(np.int64)
    history.stocks[month] = np.bincount((strategy * PLACES + place) * 2 + sought, minlength=5 * PLACES * 2)
    outside = (strategy != Strategy.SYNLIG).astype(np.int64)
    history.by_country[month] = np.bincount(country * 2 + outside, minlength=COUNTRIES * 2)
    sub = (strategy * len(Substrategy) + p.substrategy[here]) * len(Side) + p.side[here]
    history.side[month] = np.bincount(sub, minlength=history.side.shape[1])
    if month % 12 == 11:
        resident = strategy == Strategy.SYNLIG
        dublin = p.route[here] == Route.DUBLIN
        history.duty_in_centres[month] = np.bincount(country[resident & ~dublin], minlength=COUNTRIES)
        history.dublin_in_centres[month] = np.bincount(country[resident & dublin], minlength=COUNTRIES)
        history.without_rejection[month] = np.bincount(country[p.without_rejection(here)], minlength=COUNTRIES)
    year = year_of(month)
    table = history.groups.get(year)
    if table is None:
        table = history.groups[year] = np.zeros(int(np.prod(GROUP_SHAPE)), dtype=np.int64)
    age = month - p.birth_month[here]
    age_group = (age >= 18 * 12).astype(np.int64) + (age >= 67 * 12)
    duration = _DURATION_AT.take(month - p.entry_month[here], mode="clip")
    code = (strategy * 2 + sought) * 2 + p.is_female[here]
    code = (code * 3 + age_group) * 2 + (p.household[here] != Household.ALONE)
    code = (code * 5 + duration) * 4 + feasibility_groups(month, world.values.knowledge)[country]
    table += np.bincount(code, minlength=len(table))


def feasibility_groups(month: int, knowledge: Knowledge) -> IntArray:
    """Feasibility group of each country in a month, as far as it counts as history; shape (countries,)."""
    out = np.zeros(COUNTRIES, dtype=np.int64)
    for step in reference.feasibility_steps(knowledge):
        if step.start <= month:
            out[step.country] = int(step.group)
    return out


def persons_here(world: World) -> int:
    """Persons without legal stay who are in the country."""
    return int(world.population.is_here.sum())


def check_size(world: World, most: int) -> None:
    """Refuses a world in which there are too many persons, or in which too many would arrive in the next month.

    Args:
        world: The replicate, between two months.
        most: Most persons in the country, and most who arrive in a month.

    Raises:
        TooManyPersons: If there are more; the world is as it was.
    """
    here = persons_here(world)
    if here > most:
        raise TooManyPersons(world.month, here, most)
    month = world.month + 1
    if month < world.values.months:
        arriving = float(expected_arrivals(world, world.values.at(month)).sum())
        if arriving > most:
            raise TooManyPersons(month, arriving, most, "{persons} persons would arrive, more than {most}")


def simulate(
    scenario: Scenario,
    draw: Mapping[str, float],
    *,
    seed: int,
    replicate: int,
    scale: float = 1.0,
    spells: bool = False,
    expected: bool = True,
    parts: Sequence[Part] = MONTH,
) -> World:
    """One replicate from 2009-01 to the end of the scenario.

    Args:
        scenario: A resolved scenario.
        draw: Value of every parameter by name.
        seed: Random seed of the run.
        replicate: Number of the replicate.
        scale: Size of the population relative to Norway's, above 0 to 1.
        spells: Whether to keep single spells.
        expected: Whether to keep sums of probabilities as well as the events, at some cost of time.
        parts: Parts of a month, as in `advance_month`.

    Returns:
        The world after the last month; its ``history`` holds the record.
    """
    world = start(Values(scenario.levers, draw, scale), Draws(seed, replicate), spells, expected)
    for _ in range(world.values.months):
        advance_month(world, parts)
    world.close_spells()
    return world
