"""Statistics of a comparison from a few numbers, each by its definition."""

from __future__ import annotations

import numpy as np
import pytest

from irregsim.study.comparison import evidence
from irregsim.study.comparison.differences import mc_error, statistics, variance_saved

RNG = np.random.default_rng(3)


def standard(values: np.ndarray) -> np.ndarray:
    return (values - values.mean(axis=0)) / values.std(axis=0)


def shares_by_definition(columns: list[np.ndarray], y: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Least squares, over all pairs of some draws, of products of effects on products of parameters by group.

    Args:
        columns: A group's parameters each, shape (draws, parameters), first the constant.
        y: Effects, shape (draws,).
        rows: The draws that count.
    """
    one, other = np.triu_indices(len(rows), 1)
    one, other = rows[one], rows[other]
    products = np.stack([(part[one] * part[other]).mean(axis=1) for part in columns], axis=1)
    found, *_ = np.linalg.lstsq(products, y[one] * y[other], rcond=None)
    return found / y[rows].var()


def test_shares_of_a_variance_and_their_errors_are_those_of_pairs_of_draws():
    """A share is least squares over pairs of draws; its error is the jackknife's, over each draw left out."""
    n = 60
    first, second = standard(RNG.normal(size=(n, 2))), standard(RNG.normal(size=(n, 1)))
    effect = first[:, 0] + first[:, 1] + 1.2 * second[:, 0] + 0.3 * RNG.normal(size=n)
    y = standard(effect)
    found = evidence.shares(effect, np.hstack([first, second]), [("one", "B"), ("one", "B"), ("two", "C")])
    assert found["one", "B"].enters and found["two", "C"].enters
    parts = [np.ones((n, 1)), first, second]
    every = np.arange(n)
    whole = shares_by_definition(parts, y, every)[1:]
    assert whole.sum() < 1, "or the shares are scaled"
    without = np.stack([shares_by_definition(parts, y, np.delete(every, i)) for i in every])[:, 1:]
    errors = np.sqrt((n - 1) / n * ((without - without.mean(axis=0)) ** 2).sum(axis=0))
    rest = np.sqrt((n - 1) / n * ((without.sum(axis=1) - without.sum(axis=1).mean()) ** 2).sum())
    for place, key in enumerate((("one", "B"), ("two", "C"))):
        assert found[key].share == pytest.approx(whole[place], rel=1e-9)
        assert found[key].error == pytest.approx(errors[place], rel=1e-9)
    chance = found[evidence.CHANCE, ""]
    assert chance.share == pytest.approx(1 - whole.sum(), rel=1e-9)
    assert chance.error == pytest.approx(rest, rel=1e-9)
    assert sum(share.share for share in found.values()) == pytest.approx(1.0, rel=1e-12)


def test_pairing_saves_one_less_the_variance_of_the_difference_over_those_of_both_sides():
    reference, changed = np.array([[1.0, 2, 3], [4, 4, 4]]), np.array([[2.0, 4, 9], [4, 4, 4]])
    saved = variance_saved(reference, changed - reference)
    apart = reference[0].var() + changed[0].var()
    assert saved.tolist() == pytest.approx([1 - (changed - reference)[0].var() / apart, 0.0])
    assert saved[0] != pytest.approx(1 - (changed - reference)[0].var() / changed[0].var())


def test_statistics_of_differences_by_hand():
    made = statistics(np.array([-1.0, 0, 0, 3, 8]), np.arange(5))
    assert (made["mean"], made["median"]) == (2.0, 0.0)
    assert (made["share_of_draws_positive"], made["share_of_draws_negative"]) == (0.4, 0.2)
    assert made["mc_se"] == pytest.approx(np.std([-1, 0, 0, 3, 8], ddof=1) / np.sqrt(5))


def test_replicates_of_one_draw_count_together():
    """Two draws of two and four replicates: each draw's mean has the weight of its replicates."""
    values, draws = np.array([1.0, 3, 4, 4, 6, 6]), np.array([7, 7, 9, 9, 9, 9])
    far = np.array([2 / 6 * (2 - 4), 4 / 6 * (5 - 4)])
    assert mc_error(values, draws) == pytest.approx(np.sqrt((far**2).sum() * 2 / 1))
