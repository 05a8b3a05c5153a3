"""What persons fear, which job is theirs where jobs have no limit, and other answers of the world, by hand."""

from __future__ import annotations

import numpy as np
import pytest

from helpers.scenes import COUNTRY, FALLING, PLACE, Scene
from irregsim.model.month.placing import place_in_jobs
from irregsim.model.parameters import point_draw

SLOPE = 0.7


@pytest.mark.parametrize("shaken_ratio", [1.0, 1.5, 3.0])
@pytest.mark.parametrize("news_share", [0.0, 0.25])
def test_every_response_to_risk_is_one_power_of_the_risk_each_perceives(shaken_ratio, news_share):
    s = Scene(point_draw())
    world = s.world
    world.shaken_risk_ratio, world.circle_news_share, world.unknown_risk_ratio = shaken_ratio, news_share, 0.5
    world.perceived[:] = 0.1
    world.perceived[COUNTRY["Irak"]] = 0.4
    world.perceived_in_circle[:-1] = 0.2
    seeker = {**FALLING, "is_sought_asylum": True, "country": COUNTRY["Irak"]}
    persons = (
        FALLING,
        {**FALLING, "tie_0": 0},
        {**FALLING, "is_shaken": True},
        {**seeker, "is_identity_established": True},
        {**seeker, "is_identity_established": False},
        {**FALLING, "is_identity_established": False},
        {**seeker, "is_shaken": True},
    )
    heard = (1 - news_share) * 0.1 + news_share * 0.2
    # Without an established identity a former asylum seeker cannot be sent; others can.
    risks = [0.1, heard, 0.1 * shaken_ratio, 0.4, 0.2, 0.1, min(1.0, 0.4 * shaken_ratio)]
    who = s.who(*persons)
    assert who.perceived_risk.tolist() == pytest.approx(risks, rel=1e-12)
    assert who.risk_response(SLOPE).tolist() == pytest.approx(np.exp(SLOPE * 4 * np.array(risks)), rel=1e-12)


@pytest.mark.parametrize("willing", [0, 1, 2])
def test_without_a_limit_any_willing_employer_of_ones_place_will_do(willing):
    s = Scene(point_draw())
    employers = s.world.employers
    oslo = np.flatnonzero(employers.place == PLACE["Oslo"])
    employers.is_willing[:] = False
    employers.is_willing[oslo[:willing]] = True
    # Before, in and after the only place with willing employers.
    rows = s.add(*({**FALLING, "place": place} for place in range(len(PLACE)) for _ in range(20)))
    got = place_in_jobs(s.world, s.under(interactions=False), rows, np.zeros(len(rows)), np.zeros(len(employers)))
    here = s.world.population.place[rows] == PLACE["Oslo"]
    assert (got[~here] == -1).all()
    assert set(got[here].tolist()) == (set(oslo[:willing].tolist()) or {-1})
