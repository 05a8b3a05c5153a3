"""A year of both programs from the same persons: stocks, exits by kind and flows by cause (docs/verification.md)."""

from __future__ import annotations

import pytest

from .compare import chances, families, of_package, of_second

SCALE, SEEDS, MONTHS = 0.25, 30, 12
#: Chance of a false alarm in all six numbers of one test together.
ERROR = 0.003

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def package():
    return of_package(SCALE, range(100, 100 + SEEDS), MONTHS)


def test_both_programs_have_the_same_year(package):
    """Nothing parts them: each of six chances is above the error rate shared among them."""
    found = {
        name: chances(counts, SEEDS)
        for name, counts in families(package, of_second(SCALE, range(SEEDS), MONTHS)).items()
    }
    assert min(p for pair in found.values() for p in pair) > ERROR / 6, found


def test_a_year_with_one_hazard_a_tenth_off_is_seen(package):
    """The same comparison finds hosts who end stays a tenth more often."""
    second = of_second(SCALE, range(SEEDS), MONTHS, host_ends_stay_hazard=0.066)
    counts = families(package, second)["flows"]
    assert chances(counts, SEEDS)[0] <= ERROR / 6
