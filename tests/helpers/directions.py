"""Whether a shipped scenario moves what it says: paired differences from its parent, replicate by replicate.

Both sides of a pair have one past (the baseline to the month before anything differs) and the same keyed draws, so the
difference is what the levers do.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt
from scipy import stats

from helpers.worlds import advance, baseline, branch
from irregsim.model.draws import Draws
from irregsim.model.history import OUTCOME_INDEX, PLACES
from irregsim.model.parameters import point_draw
from irregsim.model.registers import REGISTERS, Observer
from irregsim.model.simulate import start
from irregsim.model.values import Values
from irregsim.model.world import World
from irregsim.scenario import Levers, Scenario, load_scenario, shipped_scenarios
from irregsim.vocabulary import reference
from irregsim.vocabulary.codes import FIRST_YEAR, Exit, Strategy, month_text

SEED, SCALE, REPLICATES, MONTHS = 2021, 0.2, 12, 36

#: Replicates of scenarios whose effects are small in the window. In a first look 12 replicates gave forced returns 2.4
#: standard errors; 30 see an effect of that size nine times in ten. They are fresh ones, or the look would count twice.
MORE = {"high-arrivals-2015": range(12, 42)}

#: A declared direction counts as seen below this one-sided p value: the chance that a scenario without the effect
#: passes.
SEEN = 0.01

#: Below this one-sided p value the opposite direction counts as seen, and an `unsure` that is so clear is told.
OPPOSITE = 0.001

#: Parts of a register that make up its total, as (dimension, key); all others add up to ``total``.
TOTALS = {
    "udi_expulsions": (("ground", "utlendingsloven"), ("ground", "straff")),
    "ssb_sanctions": (("employer", "total"),),
}


@cache
def shipped(name: str) -> Scenario:
    """A shipped scenario, read once."""
    return load_scenario(name)


@cache
def first_difference(scenario: Scenario) -> int:
    """The first month in which a scenario or its parent has other values than the baseline.

    A parent counts too: the pair is compared from the month up to which both have the baseline's past.
    """
    reference = shipped("baseline").levers
    assert len(reference.stay_after_rejection) == scenario.end + 1, "shipped scenarios end when the baseline does"
    assert scenario.parent_levers is not None, "only a scenario that extends another differs from it"
    return min(_first(scenario.levers, reference), _first(scenario.parent_levers, reference))


def _first(one: Levers, other: Levers) -> int:
    months = [one.months]
    for name, array in vars(one).items():
        if isinstance(array, np.ndarray):
            reference = getattr(other, name)
            differs = array != reference
            if array.dtype.kind == "f":
                differs &= ~(np.isnan(array) & np.isnan(reference))
            when = np.flatnonzero(differs.reshape(one.months, -1).any(axis=1))
            months += [int(when[0])] if len(when) else []
    last_year = FIRST_YEAR + (one.months - 1) // 12
    for year in range(FIRST_YEAR, last_year + 1):
        if one.rejections_in_year(year) != other.rejections_in_year(year):
            months.append((year - FIRST_YEAR) * 12)
    for scheme in set(one.regularisation) ^ set(other.regularisation):
        months.append(scheme.start)
    for name in ("inflow_pull", "departure_from_hardship", "arrival_from_conditions", "return_risk", "interactions"):
        assert getattr(one, name) == getattr(other, name), f"{name} holds from 2009: no past to share"
    return min(months)


@cache
def branching_months() -> tuple[int, ...]:
    """Months in which shipped scenarios begin to differ from the baseline, in order."""
    names = [name for name in shipped_scenarios() if name != "baseline"]
    return tuple(sorted({first_difference(shipped(name)) for name in names}))


@cache
def shared_past(month: int, replicate: int) -> World:
    """The baseline's world before a branching month; continued from the branching month before it."""
    earlier = [m for m in branching_months() if m < month]
    levers = baseline(month_text(month - 1))
    if not earlier:
        world = start(Values(levers, point_draw(), SCALE), Draws(SEED, replicate))
        return advance(world, month)
    return advance(branch(shared_past(earlier[-1], replicate), levers), month - earlier[-1])


def baseline_past(month: int) -> World:
    """The past of the first replicate."""
    return shared_past(month, 0)


@cache
def levers_of(name: str, side: str) -> Levers:
    """Levers of a scenario or of its parent, over the window that is compared."""
    end = month_text(first_difference(shipped(name)) + MONTHS - 1)
    scenario = load_scenario(name, end=end)
    levers = scenario.levers if side == "own" else scenario.parent_levers
    assert levers is not None
    return levers


@cache
def _parent_measures(parent: str, name: str, first: int, replicate: int) -> dict[str, float]:
    # `name` is any child of that parent with that first month: the parent's levers are the same for all.
    return measures(advance(branch(shared_past(first, replicate), levers_of(name, "parent")), MONTHS), first)


def measures(world: World, first: int) -> dict[str, float]:
    """Every outcome that a scenario can name, summed from a month to the end of the world.

    Stocks are person-months; registers the whole years in the window.
    """
    history, out = world.history, {}
    stocks = history.stocks[first:].reshape(-1, len(Strategy), PLACES * 2).sum(axis=(0, 2))
    out |= {f"stock:{strategy.code}": float(stocks[strategy]) for strategy in Strategy}
    flows = history.flow_counts()
    for way in Exit:
        gone = (flows["month"] >= first) & (flows["destination"] == way)
        out[f"exit:{way.code}"] = float(flows["persons"][gone].sum())
    in_centres = history.by_country[first:, ::2].sum(axis=0)
    out |= {f"centre:{country.name}": float(in_centres[country.index]) for country in reference.countries()}
    for code, index in OUTCOME_INDEX.items():
        out[f"outcome:{code}"] = float(history.outcomes[first:, index].sum())
    for rule, table in history.expected.items():
        out[f"hazard:{rule}"] = float(table[first:].sum())
    years = range(FIRST_YEAR - (-first // 12), FIRST_YEAR + history.months // 12)
    observer = Observer(history, world.draws, world.values.draw, years, SCALE)
    for register in REGISTERS:
        parts = TOTALS.get(register.name)
        out[f"register:{register.name}"] = float(
            sum(
                count
                for period, dimension, key, count in register.observe(observer)
                if len(period) <= len("2019-12")
                and ((dimension, key) in parts if parts else (dimension, key) == ("total", "total"))
            )
        )
    return out


@dataclass(frozen=True)
class Effect:
    """Paired differences of one outcome from the parent.

    Attributes:
        outcome: Name of the outcome.
        differences: One per replicate, shape (replicates,).
        reference: Mean of the parent.
    """

    outcome: str
    differences: npt.NDArray[np.float64]
    reference: float

    def p_value(self, direction: str) -> float:
        """One-sided p value of a paired t test for ``up`` or ``down``; 1 where nothing ever differs."""
        signed = self.differences if direction == "up" else -self.differences
        spread = float(signed.std(ddof=1))
        if spread == 0.0:
            return 0.0 if signed.mean() > 0 else 1.0
        return float(stats.t.sf(signed.mean() / (spread / np.sqrt(len(signed))), len(signed) - 1))

    def __str__(self) -> str:
        mean, spread = self.differences.mean(), self.differences.std(ddof=1)
        error = spread / np.sqrt(len(self.differences))
        return (
            f"{self.outcome}: {mean:+.4g} (standard error {error:.3g}; parent {self.reference:.5g}; "
            f"p up {self.p_value('up'):.2g}, down {self.p_value('down'):.2g})"
        )


def effects(name: str, replicates: range | None = None) -> dict[str, Effect]:
    """Paired effects of a shipped scenario on everything it may name."""
    if replicates is None:
        replicates = MORE.get(name, range(REPLICATES))
    scenario = shipped(name)
    first = first_difference(scenario)
    own, parent = [], []
    for replicate in replicates:
        world = advance(branch(shared_past(first, replicate), levers_of(name, "own")), MONTHS)
        own.append(measures(world, first))
        sibling = _one_child(str(scenario.extends), first)
        parent.append(_parent_measures(str(scenario.extends), sibling, first, replicate))
    names = sorted(set().union(*own, *parent))
    out = {}
    for outcome in names:
        before = np.array([row.get(outcome, 0.0) for row in parent])
        after = np.array([row.get(outcome, 0.0) for row in own])
        out[outcome] = Effect(outcome, after - before, float(before.mean()))
    return out


@cache
def _one_child(parent: str, first: int) -> str:
    """The first shipped child of a parent that begins to differ in that month."""
    for name in shipped_scenarios():
        if name != "baseline":
            scenario = shipped(name)
            if scenario.extends == parent and first_difference(scenario) == first:
                return name
    raise AssertionError(f"nothing extends {parent} from {month_text(first)} on")
