"""Clocks, choices, queues and quantiles: exact where the mathematics is exact."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import stats

from helpers.statistics import assert_cells_plausible, assert_count_plausible
from irregsim.model.chance import (
    choose,
    first_clock,
    logit_shares,
    logit_weights,
    pick,
    poisson_quantile,
    queue,
)
from irregsim.model.draws import CHANNELS, Draws

pytestmark = pytest.mark.once

exact = settings(derandomize=True, deadline=None, max_examples=100)
unit = st.floats(2.0**-53, 1.0 - 2.0**-53)
PERSONS = 200_000


def uniforms(count: int, n: int = PERSONS, seed: int = 1) -> np.ndarray:
    """Draws of the package's own, shape (count, n)."""
    draws = Draws(seed, 0)
    keys = draws.keys(np.arange(n, dtype=np.uint64))
    return np.stack([draws.uniform(channel, 0, keys) for channel in list(CHANNELS)[:count]])


def clock_shares(hazards: np.ndarray) -> np.ndarray:
    """Probability that each rule rings first inside the month, and that none does; shape (rules + 1,)."""
    total = hazards.sum()
    return np.append(hazards / total * -np.expm1(-total), np.exp(-total))


# -- hazards and clocks ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "hazards", [(0.02, 0.05, 0.01), (1.5, 0.8, 0.2), (0.3,), (5.0, 0.1), (0.4, 0.4, 0.4, 0.4, 0.4)]
)
def test_competing_clocks_win_with_their_exact_probabilities(hazards):
    hazard = np.array(hazards)
    n = PERSONS
    winner = first_clock(np.repeat(hazard[:, None], n, axis=1), uniforms(len(hazard)))
    counts = np.array([(winner == rule).sum() for rule in [*range(len(hazard)), -1]])
    assert_cells_plausible(counts, clock_shares(hazard), false_alarm=1e-6)
    for count, share in zip(counts, clock_shares(hazard), strict=True):
        if share > 0.04:
            assert_count_plausible(int(count), trials=n, probability=share, false_alarm=1e-6, must_see=0.08)


def test_hazards_taken_for_probabilities_would_be_seen():
    """The test above has the power to tell 1 - exp(-h) from h, and shared from separate clocks."""
    hazard = np.array([0.3, 0.4])
    u = uniforms(2)
    naive = np.where(u[0] < hazard[0], 0, np.where(u[1] < hazard[1], 1, -1))
    shared = np.where(u[0] < hazard[0], 0, np.where(u[0] < hazard.sum(), 1, -1))
    for wrong in (naive, shared):
        counts = np.array([(wrong == rule).sum() for rule in (0, 1, -1)])
        with pytest.raises(AssertionError):
            assert_cells_plausible(counts, clock_shares(hazard), false_alarm=1e-6)


@st.composite
def contests(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    """Hazards and uniforms of a few rules and persons; clocks of one person never ring at the same instant."""
    shape = (draw(st.integers(1, 5)), draw(st.integers(1, 8)))
    hazards = draw(hnp.arrays(np.float64, shape, elements=st.one_of(st.just(0.0), st.floats(1e-6, 10.0))))
    draws = draw(hnp.arrays(np.float64, shape, elements=unit, unique=True))
    return hazards, draws


def ring(hazards: np.ndarray, u: np.ndarray) -> np.ndarray:
    """When each clock rings, in months; infinite where the hazard is 0."""
    with np.errstate(divide="ignore"):
        return -np.log1p(-u) / hazards


@given(contests())
@exact
def test_the_earliest_clock_inside_the_month_wins(contest):
    hazards, u = contest
    times = ring(hazards, u)
    winner = first_clock(hazards, u)
    for person, rule in enumerate(winner):
        if rule < 0:
            assert (times[:, person] >= 1.0).all()
        else:
            assert times[rule, person] == times[:, person].min() < 1.0
            assert hazards[rule, person] > 0


@given(contests(), st.randoms(use_true_random=False))
@exact
def test_the_order_of_rules_and_of_persons_cannot_matter(contest, random):
    hazards, u = contest
    times = ring(hazards, u)
    if any(len(np.unique(column[np.isfinite(column)])) < np.isfinite(column).sum() for column in times.T):
        return  # two clocks of one person at one instant: keyed draws do not give that
    rules, persons = list(range(hazards.shape[0])), list(range(hazards.shape[1]))
    random.shuffle(rules)
    random.shuffle(persons)
    plain = first_clock(hazards, u)
    mixed = first_clock(hazards[np.ix_(rules, persons)], u[np.ix_(rules, persons)])
    named = [rules[w] if w >= 0 else -1 for w in mixed]
    assert named == plain[persons].tolist()


@given(contests(), st.integers(0, 4), st.floats(0.0, 1.0))
@exact
def test_a_lower_hazard_takes_events_of_its_own_rule_alone(contest, rule, ratio):
    """Nobody else's event is lost, and whoever keeps an event keeps it; some others may now be first."""
    hazards, u = contest
    rule %= len(hazards)
    lower = hazards.copy()
    lower[rule] *= ratio
    before, after = first_clock(hazards, u), first_clock(lower, u)
    others = before != rule
    assert np.array_equal(before[others], after[others])
    assert not ((before != rule) & (after == rule)).any()


# -- choice ------------------------------------------------------------------------------------------------------


def choose_by(utilities: np.ndarray, u: np.ndarray) -> np.ndarray:
    return choose(logit_weights(utilities), u)


def softmax(utilities: np.ndarray) -> np.ndarray:
    """The multinomial logit, written out: shape (options,)."""
    with np.errstate(under="ignore"):
        weights = np.exp(np.array(utilities, dtype=np.float64))
    return weights / weights.sum()


@pytest.mark.parametrize("utilities", [(0.0, 0.0), (1.0, -0.5, 0.3), (2.0, 0.0, -1.0, 0.5), (0.6, -np.inf, 1.0)])
def test_choices_have_the_shares_of_the_logit(utilities):
    value = np.array(utilities)
    option = choose_by(np.repeat(value[:, None], PERSONS, axis=1), uniforms(len(value)))
    counts = np.bincount(option, minlength=len(value))
    feasible = np.isfinite(value)
    assert counts[~feasible].sum() == 0
    assert_cells_plausible(counts[feasible], softmax(value)[feasible], false_alarm=1e-6)
    wrong = value.copy()
    wrong[0] += 0.06
    with pytest.raises(AssertionError):
        assert_cells_plausible(counts[feasible], softmax(wrong)[feasible], false_alarm=1e-6)


def test_logit_shares_are_the_formula_and_survive_large_utilities():
    value = np.array([[1.0, 1000.0, 0.3], [0.0, 999.0, -0.2], [-np.inf, -np.inf, 1.5]])
    shares = logit_shares(logit_weights(value))
    assert shares[:, 2] == pytest.approx(softmax(value[:, 2]))
    assert shares[:, :2] == pytest.approx(np.array([[0.7310585786] * 2, [0.2689414214] * 2, [0, 0]]))


def test_a_choice_is_the_highest_utility_with_a_gumbel_number():
    """One logarithm and a division stand for utility plus Gumbel number (McFadden 1974)."""
    u = uniforms(4, 20_000)
    utilities = 3.0 * uniforms(8, 20_000)[4:] - 1.0
    assert np.array_equal(choose_by(utilities, u), np.argmax(utilities - np.log(-np.log(u)), axis=0))


#: Steps coarse enough that no two options are ever as good to the last bit, where rounding would decide.
coarse_unit = st.integers(1, 2**20 - 1).map(lambda k: k / 2**20)
coarse_utility = st.integers(-40, 40).map(lambda k: k / 8)


@st.composite
def choices(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    shape = (draw(st.integers(2, 6)), draw(st.integers(1, 8)))
    utilities = draw(hnp.arrays(np.float64, shape, elements=coarse_utility))
    return utilities, draw(hnp.arrays(np.float64, shape, elements=coarse_unit, unique=True))


@given(choices(), st.integers(0, 5))
@exact
def test_closing_an_option_moves_only_its_takers(choice, closed):
    utilities, u = choice
    closed %= len(utilities)
    before = choose_by(utilities, u)
    after = choose_by(np.where(np.arange(len(utilities))[:, None] == closed, -np.inf, utilities), u)
    takers = before == closed
    assert np.array_equal(before[~takers], after[~takers])
    assert (after != closed).all()


@given(choices(), st.integers(0, 5), st.integers(1, 24).map(lambda k: k / 8))
@exact
def test_a_better_option_draws_people_to_itself_alone(choice, better, gain):
    utilities, u = choice
    better %= len(utilities)
    before = choose_by(utilities, u)
    after = choose_by(np.where(np.arange(len(utilities))[:, None] == better, utilities + gain, utilities), u)
    moved = before != after
    assert (after[moved] == better).all()
    assert (after[before == better] == better).all()


# -- queues ------------------------------------------------------------------------------------------------------


@st.composite
def queues(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    places = draw(st.integers(1, 5))
    n = draw(st.integers(0, 20))
    asked = draw(hnp.arrays(np.int64, n, elements=st.integers(0, places - 1)))
    limits = draw(hnp.arrays(np.int64, places, elements=st.integers(-2, 6)))
    return asked, limits, draw(hnp.arrays(np.float64, n, elements=unit, unique=True))


@given(queues())
@exact
def test_a_queue_serves_the_lowest_ranks_up_to_the_limit(case):
    asked, limits, rank = case
    served = queue(asked, limits, rank)
    for place, limit in enumerate(limits):
        here = asked == place
        assert served[here].sum() == min(here.sum(), max(0, limit))
        if served[here].any() and (~served[here]).any():
            assert rank[here & served].max() < rank[here & ~served].min()


@given(queues(), st.lists(st.integers(0, 4), min_size=5, max_size=5))
@exact
def test_more_places_serve_the_same_persons_and_some_more(case, more):
    asked, limits, rank = case
    before = queue(asked, limits, rank)
    after = queue(asked, limits + np.array(more[: len(limits)]), rank)
    assert (after >= before).all()


@given(queues(), st.randoms(use_true_random=False))
@exact
def test_the_order_of_rows_cannot_matter_in_a_queue(case, random):
    asked, limits, rank = case
    order = list(range(len(asked)))
    random.shuffle(order)
    order = np.array(order, dtype=np.int64)
    assert np.array_equal(queue(asked[order], limits, rank[order]), queue(asked, limits, rank)[order])


# -- quantiles and picks -----------------------------------------------------------------------------------------

means = st.one_of(st.just(0.0), st.floats(1e-4, 500.0))


@given(st.lists(st.tuples(unit, means), min_size=1, max_size=20))
@exact
def test_poisson_quantiles_are_those_of_scipy(pairs):
    u, mean = (np.array(column) for column in zip(*pairs, strict=True))
    k = poisson_quantile(u, mean)
    assert np.array_equal(k[mean == 0], np.zeros((mean == 0).sum()))
    # Smallest k with P(X <= k) >= u; one step is left to rounding where u lies on a step of the distribution.
    some = mean > 0
    tiny = 1e-9
    assert (stats.poisson.cdf(k[some], mean[some]) >= u[some] * (1 - tiny)).all()
    assert (stats.poisson.cdf(k[some] - 1, mean[some]) < u[some] * (1 + tiny)).all()


@given(unit, st.lists(means, min_size=2, max_size=20))
@exact
def test_poisson_quantiles_grow_with_the_mean(u, values):
    mean = np.sort(np.array(values))
    k = poisson_quantile(np.full(len(mean), u), mean)
    assert (np.diff(k) >= 0).all()


@pytest.mark.parametrize("mean", [0.5, 2.0, 7.5, 8.0, 8.5, 20.0, 40.0])
def test_a_poisson_quantile_at_and_between_the_steps_of_the_distribution(mean):
    """The smallest k whose probability is reached: k at its own step, and the next one just above."""
    k = np.arange(int(mean) + 15)
    u = stats.poisson.cdf(k, mean)
    inside = (u > 2.0**-52) & (u < 1 - 1e-9)
    k, u = k[inside], u[inside]
    means = np.full(len(k), mean)
    assert poisson_quantile(u * (1 - 1e-9), means).tolist() == k.tolist()
    assert poisson_quantile(u * (1 + 1e-9), means).tolist() == (k + 1).tolist()
    if mean > 8:  # below, the probabilities are added up in another order than SciPy's
        assert poisson_quantile(u, means).tolist() == k.tolist()


def test_poisson_quantiles_of_uniforms_are_poisson():
    u = uniforms(1)[0]
    k = poisson_quantile(u, np.full(len(u), 3.7))
    expected = stats.poisson.pmf(np.arange(12), 3.7)
    counts = np.bincount(np.minimum(k, 12), minlength=13)
    assert_cells_plausible(counts, np.append(expected, 1 - expected.sum()), false_alarm=1e-6)


@given(st.lists(st.floats(0.01, 1.0), min_size=1, max_size=8), st.lists(unit, min_size=1, max_size=20))
@exact
def test_a_pick_is_the_cell_its_uniform_falls_into(weights, draws):
    cumulative = np.cumsum(np.array(weights) / sum(weights))
    u = np.array(draws)
    index = pick(cumulative, u)
    assert ((index >= 0) & (index < len(weights))).all()
    below = np.where(index > 0, cumulative[np.maximum(index - 1, 0)], 0.0)
    assert (below <= u).all()
    # The last cell takes what rounding of the sum leaves above it.
    assert ((u < cumulative[index]) | (index == len(weights) - 1)).all()


def test_picks_have_their_shares():
    shares = np.array([0.5, 0.2, 0.05, 0.25])
    index = pick(np.cumsum(shares), uniforms(1)[0])
    assert_cells_plausible(np.bincount(index, minlength=4), shares, false_alarm=1e-6)
