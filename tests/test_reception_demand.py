"""Reception follows demand: places follow residents with a delay, and only a scenario's limit refuses anybody.

F 4.3 and 7.2: few arrive, then centres close, then residents are moved. Nothing tells of a quota for the rejected.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

import numpy as np
import pytest

from helpers.scenes import FALLING, Scene
from helpers.worlds import advance, baseline, branch, past, settings_of
from irregsim.model.centres import IS_ADAPTED, IS_ALTERNATIVE, IS_POOLED, NAMED, NO_LIMIT, PLACE_OF
from irregsim.model.draws import Draws
from irregsim.model.month.placing import counted_residents, ordinary_places, place_in_centres
from irregsim.model.parameters import point_draw
from irregsim.model.simulate import start
from irregsim.model.values import At, Values
from irregsim.model.world import World
from irregsim.scenario import Levers
from irregsim.vocabulary.codes import CAUSE_CODE, Route, Strategy, month_number

pytestmark = pytest.mark.once

ORDINARY = ~IS_ADAPTED & ~IS_ALTERNATIVE


def residents(world: World) -> np.ndarray:
    """Residents with a final rejection, as a mask."""
    p = world.population
    return np.asarray(p.is_here & (p.strategy == Strategy.SYNLIG) & (p.route != Route.DUBLIN))


def refused(world: World) -> int:
    """Households for whom no centre had a place, in all months."""
    table = world.history.binding.get("centres")
    return 0 if table is None else int(table.sum())


def lost_their_place(world: World) -> int:
    """Residents who were moved and found no place."""
    f = world.history.flow_counts()
    return int(f["persons"][(f["cause"] == CAUSE_CODE["no_place"]) & (f["origin"] == Strategy.SYNLIG)].sum())


def lived(end: str, scale: float, **changes: float) -> World:
    draw = point_draw()
    assert changes.keys() <= draw.keys()
    world = start(Values(baseline(end), {**draw, **changes}, scale), Draws(1, 0))
    return advance(world, month_number(end) + 1)


# -- nobody is refused in the baseline ---------------------------------------------------------------------------------


def test_nobody_is_refused_at_a_small_scale():
    world = lived("2019-12", 0.1)
    assert residents(world).sum() > 100
    assert refused(world) == lost_their_place(world) == 0


@pytest.mark.slow
def test_room_for_ten_times_as_many_hardly_changes_the_residents():
    """Full scale, medians of the priors: nobody is refused, so more room keeps nobody in a centre.

    Tolerance: 5 %, since more places in pools than in named centres also mean other places, and so other lives.
    """
    usual = lived("2019-12", 1.0)
    assert refused(usual) == lost_their_place(usual) == 0
    share = point_draw()["reception_occupancy_share"]
    roomy = lived("2019-12", 1.0, reception_occupancy_share=share / 10)
    assert roomy.centres.contracts[0] > 9 * usual.centres.contracts[0]
    there, more = int(residents(usual).sum()), int(residents(roomy).sum())
    assert there > 1000
    assert abs(more / there - 1.0) < 0.05, (there, more)


# -- closings follow arrivals ------------------------------------------------------------------------------------------


def months_of(others: list[float], delay: float, **values: object) -> tuple[Scene, np.ndarray, np.ndarray]:
    """Contracts and the closing share of pools, month by month, for a path of other residents."""
    s = Scene(point_draw())
    s.world.centres.__init__()
    contracts, closing, s.pools = [], [], []
    for number in others:
        at = s.under(other_residents=number, reception_delay_months=delay, reception_occupancy_share=0.85, **values)
        s.world.centres.open_month(at, 100)
        contracts.append(float(s.world.centres.contracts[0]))
        s.pools.append(float(s.world.centres.contracts[1]))
        closing.append(float(s.world.centres.closing_share[IS_POOLED].max()))
    return s, np.array(contracts), np.array(closing)


def test_contracts_follow_a_fall_with_a_delay_and_never_below_what_is_needed():
    path = [10_000.0] * 3 + [4_000.0] * 30
    s, contracts, closing = months_of(path, delay=4.0)
    needed = (np.array(path) + 100) / 0.85
    np.testing.assert_allclose(contracts[:3], needed[:3])
    assert (closing[:3] == 0).all()
    # Three quarters of what is too much is left after each month.
    k = np.arange(1, 31)
    np.testing.assert_allclose(contracts[3:], needed[3:] + (needed[2] - needed[3]) * 0.75**k)
    assert (contracts >= needed - 1e-9).all(), "more has closed than was asked for"
    # Pools give up what is given up; named centres keep their places until a date.
    pooled = np.array(s.pools)
    assert (pooled < contracts).all()
    np.testing.assert_allclose(closing[3:], 1.0 - pooled[3:] / pooled[2:-1], rtol=1e-6)
    # In all no more closes than the demand of the pools fell by.
    assert 1.0 - np.prod(1.0 - closing) < 1.0 - (pooled[0] - (needed[0] - needed[-1])) / pooled[0]
    # With no delay all closes in the month of the fall.
    _, at_once, _ = months_of(path, delay=1.0)
    np.testing.assert_allclose(at_once, needed)


def test_nothing_closes_while_demand_grows():
    _, contracts, closing = months_of([2_000.0, 6_000.0, 6_000.0, 9_000.0], delay=4.0)
    assert (np.diff(contracts) > 0).all() and (closing == 0).all()


def test_pools_share_what_the_named_centres_leave():
    s, contracts, _ = months_of([10_000.0], delay=4.0)
    places, is_open = s.world.centres.places, s.world.centres.is_open
    pooled, named = places[IS_POOLED].sum(), places[~IS_POOLED].sum()
    assert pooled + named == pytest.approx(contracts[0], rel=1e-9) and named > 0
    assert (places[~is_open] == 0).all() and (places[~ORDINARY] == 0).all()
    assert (s.world.centres.capacity[is_open & ORDINARY] == NO_LIMIT).all()
    # With less than the named centres have, pools have nothing, and no place is less than none.
    s, _, _ = months_of([0.0], delay=4.0, scale=1.0)
    assert (s.world.centres.places[IS_POOLED] == 0).all() and (s.world.centres.places >= 0).all()


def test_residents_move_when_others_leave():
    """In the baseline the fall of other residents in 2016-2018 closes units, and those who live there are moved."""
    world = past("2018-12", 0.1)
    f = world.history.flow_counts()
    year = 2009 + f["month"] // 12
    moved = f["cause"] == CAUSE_CODE["transfer"]
    calm, closing = (int(f["persons"][moved & np.isin(year, years)].sum()) for years in ((2012, 2013), (2016, 2017)))
    assert closing > 3 * calm > 0


# -- limits of a scenario ----------------------------------------------------------------------------------------------


def with_limit(s: Scene, limit: float) -> At:
    """Values of a month at full scale with a limit on every ordinary centre, and centres that have opened under it."""
    limits = np.where(IS_ADAPTED[:NAMED], np.nan, limit)
    at = s.under(centre_capacity=limits, other_residents=10_000.0, scale=1.0)
    s.world.centres.contracts[:] = 0.0
    s.world.centres.open_month(at, 0)
    return at


def placed(limit: float, seekers: int = 300, **persons: object) -> tuple[Scene, np.ndarray, np.ndarray]:
    """Single former asylum seekers who ask for a place where every ordinary centre has a limit."""
    s = Scene(point_draw())
    at = with_limit(s, limit)
    rows = s.add({**FALLING, "is_sought_asylum": True, **persons}, copies=seekers)
    got = place_in_centres(s.world, at, rows, "centre_rank")
    return s, rows, got


def test_a_limit_on_every_ordinary_centre_refuses_by_rank():
    s, rows, got = placed(10.0)
    open_centres = int((s.world.centres.is_open & ORDINARY).sum())
    room = 10 * open_centres
    assert 0 < room < len(rows)
    assert (got >= 0).sum() == room
    assert (np.bincount(got[got >= 0], minlength=len(PLACE_OF))[ORDINARY & s.world.centres.is_open] == 10).all()
    rank = s.world.draws.uniform("centre_rank", s.world.month, s.world.population.key[rows])
    assert rank[got >= 0].max() < rank[got < 0].min()
    assert s.world.history.binding["centres"][s.world.month] == len(rows) - room


def test_a_larger_limit_serves_the_same_persons_and_more():
    served = [
        set(np.flatnonzero(got >= 0).tolist()) for _, _, got in (placed(limit) for limit in (0.0, 3.0, 10.0, 1e6))
    ]
    assert served[0] == set() and len(served[3]) == 300
    assert all(few < many for few, many in pairwise(served))


def test_families_are_served_where_a_centre_has_room_for_all_of_them():
    s = Scene(point_draw())
    at = with_limit(s, 2.0)
    seeker = {**FALLING, "is_sought_asylum": True}
    head = s.add({**seeker, "household": 1})
    s.add({**seeker, "household": 2, "guardian": int(head[0])}, copies=2)
    assert place_in_centres(s.world, at, head, "centre_rank").tolist() == [-1]
    at = with_limit(s, 3.0)
    assert place_in_centres(s.world, at, head, "centre_rank")[0] >= 0


def limited(limit: float) -> Levers:
    levers = baseline("2014-12")
    return settings_of(levers, centre_capacity=(month_number("2014-01"), np.where(IS_ADAPTED[:NAMED], np.nan, limit)))


def test_a_limit_of_the_scenario_holds_in_every_month_and_some_find_no_place():
    """``reception_centres.capacity`` counts persons with a final rejection in Norway; the world is a tenth of it."""
    world = branch(past("2013-12", 0.1), limited(100.0))
    for _ in range(12):
        advance(world, 1)
        over = counted_residents(world)[ORDINARY] - world.centres.capacity[ORDINARY]
        # A child born to a resident needs no place of its own that month.
        born = np.bincount(
            world.population.centre[residents(world) & (world.population.birth_month == world.month)],
            minlength=len(PLACE_OF),
        )[ORDINARY]
        assert (over <= born).all(), over
    assert lost_their_place(world) > 0 and refused(world) > 0
    assert residents(world).sum() < residents(branch_without_limit()).sum()


def branch_without_limit() -> World:
    return advance(branch(past("2013-12", 0.1), baseline("2014-12")), 12)


def test_a_limit_that_binds_nowhere_changes_nobodys_life():
    world = advance(branch(past("2013-12", 0.1), limited(1e6)), 12)
    assert lost_their_place(world) == refused(world) == 0
    assert residents(world).sum() == residents(branch_without_limit()).sum()


# -- closing all -------------------------------------------------------------------------------------------------------


def closed(which: np.ndarray) -> Mapping[str, np.ndarray]:
    s = Scene(point_draw())
    at = s.under(centre_open=s.at.centre_open & ~which[:NAMED])
    s.world.centres.open_month(at, 0)
    seeker = {**FALLING, "is_sought_asylum": True}
    rejected, dublin = s.add(seeker, copies=50), s.add({**seeker, "route": int(Route.DUBLIN)}, copies=50)
    return {
        "places": ordinary_places(s.world).copy(),
        "rejected": place_in_centres(s.world, at, rejected, "centre_rank"),
        "dublin": place_in_centres(s.world, at, dublin, "centre_rank"),
    }


def test_closing_all_pools_leaves_the_named_centres():
    found = closed(IS_POOLED)
    assert (found["places"][IS_POOLED] == 0).all() and found["places"].any()
    assert not IS_POOLED[found["rejected"]].any() and (found["rejected"] >= 0).all()


def test_closing_all_pools_and_named_centres_leaves_no_ordinary_place():
    found = closed(ORDINARY)
    assert not found["places"].any()
    assert (found["rejected"] == -1).all()
    # Reception of those under a Dublin decision goes on.
    assert (found["dublin"] >= 0).all()
