"""Both programs from one beginning: what is counted, and how far two sets of counts may lie apart."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np

from helpers.worlds import baseline, branch, past
from irregsim.model.month import MONTH
from irregsim.model.month.inflow import Inflow, come_of_age
from irregsim.model.month.minors import come_of_age_outside_care
from irregsim.model.parameters import point_draw
from irregsim.model.simulate import advance_month
from irregsim.vocabulary import codes

from .month import advance
from .state import STRATEGIES
from .takeover import take_over

UNTIL = "2018-12"
END = "2019-12"


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


def under(world: Any, draw: dict[str, float]) -> Any:
    """The same state under other parameters from now on, those too that the package reads once."""
    other = branch(world, baseline(END), draw=draw)
    other.unknown_risk_ratio = draw["unknown_identity_risk_ratio"]
    other.shaken_risk_ratio = draw["shaken_risk_ratio"]
    other.circle_news_share = draw["news_through_ties_share"]
    return other


def of_package(scale: float, seeds: range, months: int) -> list[Counter]:
    """What each seed's future holds in the package, inflow switched off."""
    world = beginning(scale)
    found = []
    for seed in seeds:
        other = branch(world, baseline(END), seed=seed)
        first, counts = other.month + 1, Counter()
        for ahead in range(1, months + 1):
            advance_month(other, WITHOUT_INFLOW)
            table = other.history.stocks[other.month].reshape(5, -1).sum(axis=1)
            for name, n in zip(STRATEGIES, table, strict=True):
                counts["stock", ahead, name] = int(n)
        flows = other.history.flow_counts()
        keep = flows["month"] >= first
        names = state_names()
        for o, d, c, n in zip(*(flows[k][keep] for k in ("origin", "destination", "cause", "persons")), strict=True):
            counts["flow", names[o], names[d], codes.CAUSES[c]] += int(n)
        found.append(counts)
    return found


def state_names() -> dict[int, str]:
    """Names of states by the package's code."""
    found = {int(code): code.name.lower() for kind in (codes.Strategy, codes.Exit) for code in kind}
    return found | {int(codes.INFLOW): "inflow", int(codes.OPENING): "opening"}


def of_second(scale: float, seeds: range, months: int) -> list[Counter]:
    """What each seed's future holds in the second program."""
    world = beginning(scale)
    found = []
    for seed in seeds:
        w = take_over(world, point_draw(), scale, seed)
        counts = Counter()
        for ahead in range(1, months + 1):
            advance(w)
            for x in w.here():
                counts["stock", ahead, x.strategy] += 1
        for (_, origin, to, cause), n in w.flows.items():
            counts["flow", origin, to, cause] += n
        found.append(counts)
    return found


def table(one: list[Counter], other: list[Counter]) -> list[tuple[tuple, float, float, float]]:
    """Key, the two means and Welch's t of every count."""
    found = []
    for key in sorted({k for c in (*one, *other) for k in c}, key=str):
        a, b = (np.array([c[key] for c in side], dtype=float) for side in (one, other))
        se = np.sqrt(a.var(ddof=1) / len(a) + b.var(ddof=1) / len(b))
        found.append((key, a.mean(), b.mean(), (b.mean() - a.mean()) / se if se else 0.0))
    return found
