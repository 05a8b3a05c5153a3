"""Unaccompanied minors are some of the rejected: none is made, and their duty to leave begins at 18."""

from __future__ import annotations

import numpy as np
import pytest

from helpers.scenes import COUNTRY, FALLING, MONTH, Scene
from helpers.worlds import baseline
from irregsim.inference import posterior
from irregsim.model.asylum_counts import FIRST_COUNTED
from irregsim.model.month.asylum_cases import queue
from irregsim.model.month.cohorts import expected_inflow
from irregsim.model.month.control import Tracks
from irregsim.model.month.minors import (
    LONGEST,
    came_as_minors,
    come_of_age_outside_care,
    fates,
    minor_shares,
    months_to_adulthood,
)
from irregsim.model.parameters import point_draw
from irregsim.model.values import Values
from irregsim.vocabulary.codes import CAUSE_CODE, FIRST_YEAR, Decision, RegisterEvent, Route, Strategy

pytestmark = pytest.mark.once

END = "2026-12"
BEFORE = 12 * (FIRST_YEAR - FIRST_COUNTED)
#: A minor who left care, seventeen and a half years old.
MINOR = {
    **FALLING,
    "is_sought_asylum": True,
    "route": int(Route.LEFT_CARE),
    "decision": int(Decision.NONE),
    "country": COUNTRY["Marokko"],
    "birth_month": MONTH - 17 * 12 - 6,
}


def test_minors_are_taken_out_of_those_rejected():
    """Of any citizenship, up to any month: with adults never more persons than have a final duty to leave."""
    for number, draw in enumerate(posterior.prior_draws(300)):
        values = Values(baseline(END), draw)
        final, shares = values.made(queue).final, minor_shares(values)
        assert (shares >= 0.0).all() and (shares <= 1.0).all()
        inflow = expected_inflow(values).by_route / values.scale
        minors = inflow[:, Route.AGED_OUT] + inflow[:, Route.LEFT_CARE]
        np.testing.assert_allclose(minors, np.add(*came_as_minors(values)), rtol=1e-12)
        assert (inflow[:, [Route.AGED_OUT, Route.LEFT_CARE]] >= 0.0).all()
        # Rejected as minors: each at most once a person without legal stay, and not before the rejection.
        rejected = np.cumsum(shares * final, axis=0)
        earlier = rejected[BEFORE - 1]
        assert (np.cumsum(minors, axis=0) <= rejected[BEFORE:] * (1.0 + 1e-9) + 1e-12).all(), number
        together = np.cumsum(minors + inflow[:, Route.ASYLUM_REJECTED], axis=0)
        assert (together <= (np.cumsum(final[BEFORE:], axis=0) + earlier) * (1.0 + 1e-9) + 1e-12).all(), number


def test_all_rejected_minors_come_in_time_if_all_are_here():
    """Three years after the last rejection nobody is left in care, and nobody has come twice."""
    draw = {**point_draw(), "minor_without_residence_at_18_share": 1.0, "minor_left_care_in_norway_share": 1.0}
    draw |= {"minor_wait_months_mean": 6.0}
    values = Values(baseline("2030-12"), draw)
    aged_out, left_care = came_as_minors(values)
    rejected = minor_shares(values) * values.made(queue).final
    leaving, in_care = fates(6.0, draw["minor_leaves_care_hazard"], draw["minor_leaves_care_log_slope"])
    assert leaving.sum() + in_care.sum() == pytest.approx(1.0, rel=1e-12)
    for came, delays in ((aged_out, in_care), (left_care, leaving.sum(axis=1))):
        for month in (BEFORE, BEFORE + 40, BEFORE + 130):
            parts = sum(share * rejected[month - since] for since, share in enumerate(delays) if month >= since)
            np.testing.assert_allclose(came[month - BEFORE], parts, rtol=1e-9, atol=1e-12)


def test_the_wait_has_its_mean_and_the_hazard_of_leaving_rises_towards_18():
    leaving, in_care = fates(5.0, 0.0, 0.1)
    assert not leaving.any() and in_care[0] == 0.0
    # Three years cut off little of a mean of five months: (4/5) ** 36 of the tail.
    assert np.arange(LONGEST + 1) @ in_care == pytest.approx(5.0, abs=0.02)
    leaving, in_care = fates(5.0, 0.06, 0.1)
    share = (1 - 1 / 5.0) ** np.arange(LONGEST)
    share /= share.sum()
    # Who has one month to go leaves in that month; who has two may leave in the first or in the second.
    last, before = 1 - np.exp(-0.06), 1 - np.exp(-0.06 * np.exp(-0.1))
    assert leaving[0, 0] == pytest.approx(share[0] * last) and leaving[0, 1] == pytest.approx(share[1] * before)
    assert leaving[1, 0] == pytest.approx(share[1] * (1 - before) * last)
    assert in_care[1] == pytest.approx(share[0] * (1 - last))
    assert in_care[2] == pytest.approx(share[1] * (1 - before) * (1 - last))
    s = Scene({**point_draw(), "minor_wait_months_mean": 5.0, "minor_leaves_care_hazard": 0.06})
    steps = months_to_adulthood(s.at, np.linspace(1e-6, 1 - 1e-6, 1001))
    assert (np.diff(steps) >= 0).all() and 0.0 < steps[0] < 0.01 and LONGEST - 20 < steps[-1] <= LONGEST
    by_left = leaving.sum(axis=0) / leaving.sum()
    slope = s.world.values.draw["minor_leaves_care_log_slope"]
    assert (steps <= 1.0).mean() == pytest.approx(by_left[0], abs=2e-3 if slope == 0.1 else 0.05)


def test_ages_of_newcomers():
    for route, low, high in ((Route.AGED_OUT, 18 * 12, 18 * 12), (Route.LEFT_CARE, 18 * 12 - LONGEST - 1, 18 * 12 - 1)):
        s = Scene(point_draw())
        rows = s.newcomers(route)
        months = s.world.month - s.world.population.birth_month[rows]
        assert len(rows) == 400 and months.min() >= low and months.max() <= high
        assert not s.world.population.household[rows].any()


def test_the_duty_to_leave_of_a_minor_begins_at_18():
    s = Scene(point_draw())
    at_18 = {**MINOR, "birth_month": MONTH - 18 * 12}
    rows = s.add(
        MINOR, at_18, {**at_18, "decision": int(Decision.EXPELLED_PENAL)}, {**at_18, "route": int(Route.VANISHED)}
    )
    come_of_age_outside_care(s.world)
    p = s.world.population
    assert p.decision[rows].tolist() == [0, int(Decision.DUTY_TO_LEAVE), int(Decision.EXPELLED_PENAL), 0]
    assert s.world.rows(rows).is_rejected.tolist() == [False, True, True, False]
    assert p.without_rejection(rows).tolist() == [True, False, False, True]


def test_the_police_let_a_minor_go():
    s = Scene({**point_draw(), "police_look_away_share": 0.0, "sent_away_share": 0.0})
    rows = s.add(*[MINOR] * 30, *[{**MINOR, "birth_month": MONTH - 19 * 12}] * 30)
    p = s.world.population
    part = Tracks()
    part.settle(s.world, s.at, part.decided(rows, np.full(60, CAUSE_CODE["identity_control"])))
    assert (p.strategy[rows[:30]] == Strategy.FRITT_FALL).all() and not p.decision[rows[:30]].any()
    assert p.is_shaken[rows[:30]].all() and (p.transport_due[rows[:30]] < 0).all()
    # A year older, without a rejection all the same, they meet what others do.
    assert p.decision[rows[30:]].any()
    counts = s.world.history.register_counts()
    assert not (counts["event"] == RegisterEvent.ORDER_ASYLUM).any()
