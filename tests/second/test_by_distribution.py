"""A year of both programs from the same persons, arrivals too, and who arrives (docs/verification.md)."""

from __future__ import annotations

import pytest

from .census import census
from .compare import beginning, chances, families, newcomers_of_package, newcomers_of_second, of_package, of_second

SCALE, SEEDS, FEWER, MONTHS = 0.25, 30, 12, 12
#: Chance of a false alarm in all numbers of one test together.
ERROR = 0.003

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def package():
    return of_package(SCALE, range(100, 100 + SEEDS), MONTHS)


def test_both_programs_have_the_same_year(package):
    """Nothing parts them: each of six chances is above the error rate shared among them."""
    second = of_second(SCALE, range(SEEDS), MONTHS)
    found = {name: chances(counts, SEEDS) for name, counts in families(package, second).items()}
    assert min(p for pair in found.values() for p in pair) > ERROR / 6, found


def test_a_year_with_one_hazard_a_fifth_off_is_seen(package):
    """The same comparison, with fewer seeds, finds hosts who end stays a fifth more often."""
    second = of_second(SCALE, range(FEWER), MONTHS, host_ends_stay_hazard=0.072)
    counts = families(package[:FEWER], second)["flows"]
    assert chances(counts, FEWER)[0] <= ERROR / 6


def test_newcomers_are_drawn_alike():
    """Who comes in a month, and where each begins: some hundred counts of a few thousand newcomers."""
    seeds = 2 * SEEDS
    package = [census(people) for people in newcomers_of_package(beginning(SCALE), range(100, 100 + seeds))]
    second = [census(people) for people in newcomers_of_second(beginning(SCALE), SCALE, range(seeds))]
    counts = families(package, second)["newcomers"]
    assert len(counts) > 100
    assert min(chances(counts, seeds)) > ERROR / 2
