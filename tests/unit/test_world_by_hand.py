"""What persons fear, which job is theirs where jobs have no limit, and other answers of the world, by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import stats

from helpers.scenes import COUNTRY, FALLING, PLACE, RESIDENT, Scene
from helpers.settling import child_of
from irregsim.model.centres import NO_LIMIT
from irregsim.model.employers import Employers
from irregsim.model.month import MONTH as PARTS
from irregsim.model.month.placing import place_in_centres, place_in_jobs, place_with_hosts
from irregsim.model.parameters import point_draw
from irregsim.vocabulary import reference
from irregsim.vocabulary.codes import CITIES

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
    # Without an established identity nobody can be sent, whatever the ground.
    risks = [0.1, heard, 0.1 * shaken_ratio, 0.4, 0.2, 0.05, min(1.0, 0.4 * shaken_ratio)]
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


def beds(**given: Any) -> dict[str, int]:
    """Most persons who may live in a centre, by name, and of alternative placement as ``in Oslo``, at a tenth."""
    s = Scene(point_draw())
    nan = np.full(len(CENTRE_NAMES), np.nan)
    usual = {"scale": 0.1, "centre_open": np.ones(len(nan), dtype=bool), "centre_capacity": nan}
    s.world.centres.open_month(s.under(**{**usual, **given}), 0)
    return dict(
        zip(
            ALL_NAMES,
            s.world.centres.capacity.tolist(),
            strict=True,
        )
    )


def one_centre(name: str, value: float, rest: float) -> np.ndarray:
    return np.array([value if name == centre else rest for centre in CENTRE_NAMES])


CENTRE_NAMES = [centre.name for centre in reference.centres()]
NEW_CENTRES = reference.new_centres()
ALL_NAMES = [*CENTRE_NAMES, *(f"new {centre.name}" for centre in NEW_CENTRES), *(f"in {city}" for city in CITIES)]
NAMED = {centre.name: centre.places for centre in reference.centres() if centre.places and centre.kind != "adapted"}
POOL = next(centre for centre in reference.centres() if centre.places is None)


def places(residents: int, **given: Any) -> dict[str, float]:
    """Places of centres by name for all residents, at a tenth, where none but these live."""
    s = Scene(point_draw())
    usual = {
        "scale": 0.1,
        "centre_open": np.ones(len(CENTRE_NAMES), dtype=bool),
        "other_residents": 0.0,
        "reception_occupancy_share": 0.8,
        "reception_delay_months": 4.0,
    }
    s.world.centres.contracts[:] = 0.0
    s.world.centres.open_month(s.under(**{**usual, **given}), residents)
    return dict(zip(CENTRE_NAMES, s.world.centres.places[: len(CENTRE_NAMES)].tolist(), strict=True))


def test_a_new_centre_has_its_places_and_refuses_nobody_and_the_pools_give_them_up():
    new = np.zeros(len(NEW_CENTRES))
    new[NEW_CENTRES[3].index] = 60.0
    assert beds()[f"new {NEW_CENTRES[3].name}"] == 0
    assert beds(new_centre_places=new)[f"new {NEW_CENTRES[3].name}"] == NO_LIMIT
    before, after = places(800), places(800, new_centre_places=new)
    assert {name: before[name] for name in NAMED} == {name: after[name] for name in NAMED}
    pools = [centre.name for centre in reference.centres() if centre.places is None]
    assert sum(before[name] - after[name] for name in pools) == pytest.approx(6.0)  # 60 at a tenth


def test_a_named_centre_has_its_own_places_and_a_pool_its_share_of_the_rest():
    made = places(800)
    assert {name: made[name] for name in NAMED} == pytest.approx({name: 0.1 * own for name, own in NAMED.items()})
    assert made[POOL.name] == pytest.approx((800 / 0.8 - 0.1 * sum(NAMED.values())) * POOL.pool_share)
    # Nothing is left for the pools where the named centres have it all.
    assert places(0)[POOL.name] == 0.0


@pytest.mark.parametrize(("capacity", "expected"), [(0.0, 0), (0.2, 1), (14.0, 1), (16.0, 2), (34.0, 3), (36.0, 4)])
def test_beds_of_a_lever_are_whole_and_one_at_least(capacity, expected):
    name = next(iter(NAMED))
    assert beds(centre_capacity=one_centre(name, capacity, np.nan))[name] == expected


def test_a_closed_centre_has_no_place_and_leaves_its_places_to_the_pools():
    name = max(NAMED, key=lambda name: NAMED[name])
    closed = one_centre(name, 0, 1).astype(bool)
    before, after = places(800), places(800, centre_open=closed)
    assert after[name] == 0.0 and beds(centre_open=closed)[name] == 0
    assert after[POOL.name] - before[POOL.name] == pytest.approx(0.1 * NAMED[name] * POOL.pool_share)


def test_alternative_placement_is_in_the_cities_that_have_it():
    oslo = np.array([city == "Oslo" for city in CITIES])
    made = beds(alternative_placement=oslo, alternative_placement_places=np.full(len(CITIES), 40.0))
    assert {city: made[f"in {city}"] for city in CITIES} == {city: 4 if city == "Oslo" else 0 for city in CITIES}


def test_a_centre_that_closes_empties_whole_once_and_a_pool_by_what_it_gives_up():
    s = Scene(point_draw())
    name = max(NAMED, key=lambda name: NAMED[name])
    number, pool = CENTRE_NAMES.index(name), CENTRE_NAMES.index(POOL.name)
    closed = one_centre(name, 0, 1).astype(bool)
    given = {"scale": 0.1, "reception_occupancy_share": 0.8, "reception_delay_months": 2.0, "other_residents": 0.0}
    s.world.centres.contracts[:] = 0.0
    at = s.under(**given, centre_open=np.ones(len(closed), dtype=bool))
    named = 0.1 * sum(NAMED.values())
    s.world.centres.open_month(at, 800)
    assert s.world.centres.closing_share[[number, pool]].tolist() == [0.0, 0.0], "nothing is known of before"
    # Half of the way, in a delay of two months, to what 400 residents need.
    s.world.centres.open_month(at, 400)
    assert s.world.centres.contracts.tolist() == pytest.approx([750.0, 750.0 - named])
    assert s.world.centres.closing_share[pool] == pytest.approx(1 - (750 - named) / (1000 - named))
    s.world.centres.open_month(at, 2000)
    assert s.world.centres.closing_share[pool] == 0.0, "nothing closes while more is needed"
    for share in (1.0, 0.0):
        s.world.centres.open_month(s.under(**given, centre_open=closed), 3000)
        assert s.world.centres.closing_share[number] == share


@pytest.mark.parametrize(("jobs", "mean"), [(3000.0, 3.0), (500.0, 1.0)])
def test_employers_have_one_job_and_the_rest_of_the_mean_each_by_a_draw(jobs, mean):
    """At least one job; the mean is twice the willing jobs per employer, since half of all jobs are willing."""
    s = Scene(point_draw())
    given = {"employers_count": 2000.0, "scale": 0.5, "foreign_employer_share": 0.25, "wage_gap_log_sd": 0.4}
    at = s.under(**given, informal_jobs_count=jobs, foreign_employer_case_ratio=0.2)
    made = Employers(s.world.draws, at)
    assert len(made) == 1000 and made.jobs.min() == 1
    u = s.world.draws.uniform("employer_jobs", -1, made.key)
    assert made.jobs.tolist() == (1 + np.floor(-np.log(u) * (mean - 1.0) + 0.5)).astype(int).tolist()
    assert made.reference_jobs == 0.5 * made.jobs.sum()
    z = stats.norm.ppf(s.world.draws.uniform("employer_perception", -1, made.key))
    assert np.log(made.gap_ratio) == pytest.approx(0.4 * z, rel=1e-9)
    assert set(made.case_ratio.tolist()) == {0.2, 1.0}
    assert abs((made.case_ratio == 0.2).mean() - 0.25) < 4 * np.sqrt(0.25 * 0.75 / 1000)


def test_there_are_employers_for_every_place_of_the_smallest_population():
    s = Scene(point_draw())
    assert len(Employers(s.world.draws, s.under(employers_count=100.0, scale=0.01))) == 13


def test_who_is_willing_and_how_many_jobs_are_open():
    s = Scene(point_draw())
    made = s.world.employers
    made.gap_ratio[:] = 1.0
    made.readiness[:] = np.linspace(0.0, 1.0, len(made))
    made.jobs[:] = 3
    made.reference_cost[:] = 0.0
    none = np.zeros(len(made))
    at = s.under(
        employer_elasticity=2.0, wage_pass_through_share=0.0, own_account_share=0.0, job_demand_ratio=0.5,
        directive_in_force=False, employer_forgetting_share=0.25,
    )  # fmt: skip
    made.perceived[:] = 3.0
    made.decide(at, none)
    # At the reference cost half of the jobs are offered; half of three jobs is 1.5.
    assert made.is_willing.tolist() == (made.readiness < 0.5).tolist()
    assert made.open_jobs.tolist() == np.where(made.readiness < 0.5, 2, 0).tolist()
    assert made.perceived.tolist() == [2.5] * len(made)
    # Where the reference was half of the gain dearer, twice the part is left: four times the jobs, at most all.
    made.reference_cost[:] = 0.5 * at.wage_gap_nok
    made.decide(at, none)
    assert made.is_willing.tolist() == (made.readiness < 1.0).tolist()
    # A cost above the gain leaves nothing, but for own-account work.
    made.reference_cost[:] = 0.0
    made.decide(s.under(**{**vars(at), "employer_base_nok": 1e9, "own_account_share": 0.4}), none + 1.0)
    assert made.is_own_account.tolist() == made.is_willing.tolist() == (made.readiness < 0.2).tolist()
    assert (made.sanction_odds(at) == 0.0)[made.is_own_account].all()


@pytest.mark.parametrize(("found", "steps"), [(0, 0), (1, 1), (3, 3), (9, 3)])
def test_an_employer_learns_from_three_found_at_most(found, steps):
    s = Scene(point_draw())
    made, numbers = s.world.employers, np.zeros(len(s.world.employers), dtype=np.int64)
    numbers[1] = found
    made.learn(numbers, s.under(employer_learning_ratio=0.5))
    assert made.perceived[:3].tolist() == [1.0, 1.0 + 0.5 * steps, 1.0]
    made.learn(numbers, s.under(interactions=False))
    assert made.perceived[1] == 1.0 + 0.5 * steps


def test_whom_a_host_has_no_room_for_is_turned_away():
    s = Scene(point_draw())
    s.world.hosts.capacity[:] = 1
    rows = s.add(FALLING, copies=4)
    host = np.array([5, 5, 6, -1])
    served = place_with_hosts(s.world, s.under(interactions=True), rows, host)
    assert served[:2].sum() == 1 and served[2:].tolist() == [True, False]
    assert s.world.history.binding["hosts"][s.world.month] == 1
    # Without limits everybody who asks somebody is taken in, and nobody is turned away.
    assert place_with_hosts(s.world, s.under(interactions=False), rows, host).tolist() == [True, True, True, False]
    assert s.world.history.binding["hosts"].sum() == 1


@pytest.mark.parametrize(
    ("where", "family", "ill", "served"),
    [
        ("Hå", True, False, True), ("Hå", False, False, True), ("Hå", False, True, True),
        # An adapted unit is for single persons with a need for care; alternative placement for families of its city.
        ("Kristiansand", True, False, False), ("Kristiansand", False, False, False),
        ("Kristiansand", False, True, True),
        ("in Oslo", True, False, True), ("in Bergen", True, False, False),
        ("in Oslo", False, False, False),
    ],
)  # fmt: skip
def test_whom_a_kind_of_place_is_for(where, family, ill, served):
    s = Scene(point_draw())
    number = ALL_NAMES.index(where)
    s.world.centres.capacity[:] = 0
    s.world.centres.capacity[number] = 2
    person = {**FALLING, "is_sought_asylum": True, "has_care_need": ill}
    rows = s.add({**person, "household": 1}, child_of(0, **person)) if family else s.add(person)
    centre = place_in_centres(s.world, s.under(interactions=True), rows[:1], "centre_rank")
    assert centre.tolist() == [number if served else -1]


def test_a_family_is_not_put_in_an_adapted_unit_where_the_ordinary_beds_are_apart():
    s = Scene(point_draw())
    s.world.centres.capacity[:] = 0
    ordinary = [n for n, c in enumerate(reference.centres()) if c.kind != "adapted"][:2]
    s.world.centres.capacity[[*ordinary, CENTRE_NAMES.index("Kristiansand")]] = [1, 1, 2]
    person = {**FALLING, "is_sought_asylum": True}
    rows = s.add({**person, "household": 1}, child_of(0, **person))
    assert place_in_centres(s.world, s.under(interactions=True), rows[:1], "centre_rank").tolist() == [-1]


def test_who_must_move_leaves_the_bed_before_another_is_looked_for():
    """In each ordinary centre: a full house whose residents all go along have their own beds again."""
    transfers = next(part for part in PARTS if part.name == "transfers")
    for number, centre in enumerate(reference.centres()):
        if centre.kind == "adapted":
            continue
        s = Scene(point_draw())
        s.world.centres.capacity[:] = 0
        s.world.centres.capacity[number] = 3
        s.world.centres.places[number] = 1.0
        rows = s.add({**RESIDENT, "centre": number}, copies=3)
        at = s.under(interactions=True, tie_loss_at_transfer_share=0.0)
        transfers.settle(s.world, at, transfers.decided(rows, np.full(3, transfers.outcomes["goes_along"])))
        assert s.world.population.centre[rows].tolist() == [number] * 3
        # And where they come from elsewhere.
        others = s.add({**RESIDENT, "centre": (number + 1) % len(CENTRE_NAMES)}, copies=2)
        s.world.centres.capacity[number] = 5
        transfers.settle(s.world, at, transfers.decided(others, np.full(2, transfers.outcomes["goes_along"])))
        assert s.world.population.centre[others].tolist() == [number] * 2


def test_what_is_heard_is_the_mean_over_the_circles_one_belongs_to():
    s = Scene(point_draw())
    world, circle = s.world, s.world.hosts.circle
    other = int(np.flatnonzero(circle != circle[0])[0])
    world.circle_news_share, world.shaken_risk_ratio = 0.5, 1.0
    world.perceived[:] = 0.1
    world.perceived_in_circle[circle[0]], world.perceived_in_circle[circle[other]] = 0.2, 0.8
    who = s.who({**FALLING, "tie_0": 0, "tie_1": other}, {**FALLING, "tie_2": other, "host": 0, "tie_0": 0})
    # Half of it is what the nation knows; a circle counts once, however often one meets it.
    assert who.perceived_risk.tolist() == pytest.approx([0.5 * 0.1 + 0.5 * 0.5] * 2, rel=1e-12)
