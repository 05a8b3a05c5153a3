"""Both programs from one beginning: what is counted, and how unlikely it is that two sets of counts have one source."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from helpers.worlds import baseline, branch, past
from irregsim.model.draws import Draws
from irregsim.model.month import MONTH
from irregsim.model.month.inflow import Inflow, come_of_age
from irregsim.model.month.minors import come_of_age_outside_care
from irregsim.model.parameters import point_draw
from irregsim.model.simulate import advance_month, begin_month, start
from irregsim.model.values import Values
from irregsim.scenario import Levers
from irregsim.vocabulary import codes

from .arrivals import Arrivals
from .before_choice import reception_capacity
from .drivers import Drivers
from .month import advance
from .newcomers import Newcomers
from .state import STRATEGIES, Person
from .takeover import persons_of, take_over

UNTIL, END = "2018-12", "2019-12"
#: Months after which stocks are compared.
AFTER = (1, 6, 12)
#: Counts with fewer events than this, over all seeds of both programs, are compared together.
FEW = 20
SHUFFLES = 4999

Counts = dict[tuple[str, ...], npt.NDArray[np.float64]]


class NobodyComes(Inflow):
    """The first part of the month with nobody who arrives or comes back; who turns 18 does so as ever."""

    def begin(self, world: Any, at: Any) -> None:
        """Children and minors of 18 years."""
        come_of_age(world)
        come_of_age_outside_care(world)


WITHOUT_INFLOW = (NobodyComes(), *MONTH[1:])


def beginning(scale: float, seed: int = 1) -> Any:
    """The package's own population at the end of 2018, by the point draw."""
    return past(UNTIL, scale, seed)


def under(world: Any, levers: Levers, draw: dict[str, float]) -> Any:
    """The same state under other levers and parameters from now on, those too that the package reads once."""
    other = branch(world, levers, draw=draw)
    other.unknown_risk_ratio = draw["unknown_identity_risk_ratio"]
    other.shaken_risk_ratio = draw["shaken_risk_ratio"]
    other.circle_news_share = draw["news_through_ties_share"]
    return other


def states(scale: float, months: tuple[str, ...], end: str) -> Iterator[Any]:
    """The package's baseline by the point draw at the end of some months; drivers do not walk."""
    levers = baseline(end, "assumptions.driver_walks=false")
    world = start(Values(levers, point_draw(), scale), Draws(1, 0), keep_expected=False)
    for month in months:
        while world.month < codes.month_number(month):
            advance_month(world)
        yield world


def of_package(scale: float, seeds: range, months: int, arrivals: bool = True) -> list[Counter]:
    """What each seed's future holds in the package, with or without arrivals."""
    world, names, found = beginning(scale), state_names(), []
    for seed in seeds:
        other = branch(world, baseline(END), seed=seed)
        first = other.month + 1
        counts: Counter = Counter()
        for ahead in range(1, months + 1):
            advance_month(other, MONTH if arrivals else WITHOUT_INFLOW)
            table = other.history.stocks[other.month].reshape(len(STRATEGIES), -1).sum(axis=1)
            for name, n in zip(STRATEGIES, table, strict=True):
                counts["stock", str(ahead), name] = int(n)
        flows = other.history.flow_counts()
        keep = flows["month"] >= first
        columns = (flows[name][keep] for name in ("origin", "destination", "cause", "persons"))
        for origin, to, cause, n in zip(*columns, strict=True):
            if names[to] != "bortvist" or names[origin] != "inflow":  # visitors sent out are no persons of the model
                counts["flow", names[origin], names[to], codes.CAUSES[cause]] += int(n)
        found.append(counts)
    return found


def state_names() -> dict[int, str]:
    """Names of states by the package's code."""
    found = {int(code): code.name.lower() for kind in (codes.Strategy, codes.Exit) for code in kind}
    return found | {int(codes.INFLOW): "inflow", int(codes.OPENING): "opening"}


def of_second(scale: float, seeds: range, months: int, arrivals: bool = True, **other: float) -> list[Counter]:
    """What each seed's future holds in the second program.

    Args:
        scale: Scale of the population.
        seeds: One future each.
        months: How many months.
        arrivals: Whether anybody comes.
        **other: Parameters with another value than the point draw's.
    """
    world, draw, found = beginning(scale), point_draw() | other, []
    policy = baseline(END).monthly
    comes = Newcomers(Arrivals(draw, policy, world.month + 1 + months)) if arrivals else None
    for seed in seeds:
        w = take_over(world, draw, scale, seed, policy)
        counts: Counter = Counter()
        for ahead in range(1, months + 1):
            advance(w, comes)
            for x in w.here():
                counts["stock", str(ahead), x.strategy] += 1
        for (_, origin, to, cause), n in w.flows.items():
            counts["flow", origin, to, cause] += n
        found.append(counts)
    return found


def families(one: list[Counter], other: list[Counter]) -> dict[str, Counts]:
    """Counts of all seeds, the first program's before the second's: stocks, exits by kind, flows by cause."""
    seeds = [*one, *other]

    def counted(wanted: Any) -> Counts:
        names = sorted({wanted(key) for counts in seeds for key in counts} - {None})
        found = {
            name: np.array([sum(n for key, n in counts.items() if wanted(key) == name) for counts in seeds], float)
            for name in names
        }
        rare = [name for name, n in found.items() if n.sum() < FEW]
        rest = {name: n for name, n in found.items() if name not in rare}
        return rest | {("rare",): sum((found[name] for name in rare), np.zeros(len(seeds)))} if rare else rest

    exits = {code.name.lower() for code in codes.Exit}
    found = {
        "stocks": counted(lambda k: k[1:] if k[0] == "stock" and int(k[1]) in AFTER else None),
        "exits": counted(lambda k: (k[2],) if k[0] == "flow" and k[2] in exits else None),
        "flows": counted(lambda k: k[1:] if k[0] == "flow" else None),
        "newcomers": counted(lambda k: k[1:] if k[0] == "newcomer" else None),
    }
    return {name: counts for name, counts in found.items() if counts}


def newcomers_of_package(world: Any, seeds: range) -> Iterator[list[tuple[Person, float, str]]]:
    """Who comes to the package in the month after, for each seed, as persons of the second program."""
    groups = Drivers(point_draw(), 1.0, baseline(END).monthly)
    for seed in seeds:
        other = branch(world, baseline(END), seed=seed)
        at = begin_month(other)
        MONTH[0].run(other, at)
        yield [
            (x, (other.month - x.birth) / 12, groups.group(x.country, other.month))
            for x in persons_of(other.population)
            if x.entry == other.month
        ]


def newcomers_of_second(world: Any, scale: float, seeds: range) -> Iterator[list[tuple[Person, float, str]]]:
    """The same of the second program."""
    policy = baseline(END).monthly
    comes = Newcomers(Arrivals(point_draw(), policy, world.month + 2))
    for seed in seeds:
        w = take_over(world, point_draw(), scale, seed, policy)
        w.month += 1
        reception_capacity(w)
        heads = comes.arrive(w)
        people = [one for head in heads for one in (head, *head.children)]
        yield [(x, w.age(x), w.drivers.group(x.country, w.month)) for x in people]


def differences(table: npt.NDArray[np.float64], first: npt.NDArray[np.bool_]) -> npt.NDArray[np.float64]:
    """Welch's t of each count; shape (counts,), from shape (counts, seeds)."""
    a, b = table[:, first], table[:, ~first]
    se = np.sqrt(a.var(axis=1, ddof=1) / a.shape[1] + b.var(axis=1, ddof=1) / b.shape[1])
    return np.divide(b.mean(axis=1) - a.mean(axis=1), se, out=np.zeros(len(table)), where=se > 0)


def chances(counts: Counts, n: int) -> tuple[float, float]:
    """How often seeds shuffled between the programs lie as far apart, by the largest |t| and by the sum of squares.

    If both programs draw from one distribution every shuffle is as likely as the truth, whatever that distribution
    is and however counts hang together. So each number falls below a with a chance of at most a.
    """
    table, shuffle = np.array(list(counts.values())), np.random.default_rng(20191231)
    first = np.arange(table.shape[1]) < n
    true = differences(table, first)
    most, total = np.abs(true).max(), (true**2).sum()
    large, wide = 1, 1
    for _ in range(SHUFFLES):
        t = differences(table, shuffle.permutation(first))
        large += np.abs(t).max() >= most
        wide += (t**2).sum() >= total
    return large / (SHUFFLES + 1), wide / (SHUFFLES + 1)
