"""What must hold exactly, whatever the seed, the parameters and the levers (docs/odd.md)."""

from __future__ import annotations

import copy
import os
from contextlib import contextmanager

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from helpers.lever_cases import DATED, IDLE, filled
from helpers.worlds import (
    advance,
    assert_same,
    baseline,
    branch,
    came,
    differences,
    drawn_parameters,
    lives,
    net_flows,
    past,
    settings_of,
    stock,
)
from irregsim.model.engine import Contest
from irregsim.model.month import MONTH
from irregsim.model.month.control import EXPELLED, hold
from irregsim.model.month.placing import place_in_centres, place_in_jobs, place_with_hosts
from irregsim.model.population import Population
from irregsim.model.simulate import advance_month, begin_month
from irregsim.model.values import At
from irregsim.model.world import World
from irregsim.vocabulary import reference
from irregsim.vocabulary.codes import CAUSES, Exit, Household, Route, Strategy, month_number

pytestmark = pytest.mark.once

SCALE = 0.02
UNTIL = "2013-12"
NOW = month_number(UNTIL)
END = "2014-12"

#: More examples, and new ones each time: IRREGSIM_EXAMPLES=20 python -m pytest tests/properties
TIMES = int(os.environ.get("IRREGSIM_EXAMPLES", "1"))

seeds = st.integers(0, 2**63 - 1)


def exact(examples: int) -> settings:
    return settings(
        max_examples=examples * TIMES,
        derandomize=TIMES == 1,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )


def here() -> World:
    return past(UNTIL, SCALE)


# -- persons are conserved ---------------------------------------------------------------------------------------


@given(seeds, st.integers(0, 10**6), st.lists(st.sampled_from(sorted(DATED)), max_size=4, unique=True))
@exact(12)
def test_persons_are_conserved_and_nobody_is_where_they_cannot_be(seed, draw_seed, chosen):
    """Every month, with parameters drawn from their priors and levers at an end of their range."""
    overrides = [filled(setting, "2014-01", END) for name in chosen for setting in DATED[name]]
    world = branch(here(), baseline(END, *overrides), seed=seed, draw=drawn_parameters(draw_seed))
    before = stock(world)
    for _ in range(4):
        advance_month(world)
        world.check()
        after = stock(world)
        month = world.month
        recorded = world.history.stocks[month].reshape(len(Strategy), -1).sum(axis=1)
        assert np.array_equal(after, recorded), "the record is the count of persons"
        assert np.array_equal(before + net_flows(world, month), after), "stock = stock + in - out"
        assert_persons_possible(world)
        before = after


def assert_persons_possible(world: World) -> None:
    """Limits and references that no person may break, whatever happened."""
    p, employers, hosts = world.population, world.employers, world.hosts
    gone = p.strategy >= 8
    assert len(np.unique(p.person_id)) == len(p), "an identity belongs to one person"
    for column in (p.centre, p.employer, p.side_employer, p.host):
        assert (column[gone] == -1).all(), "who has left holds no place, job or host"
    assert ((p.employer >= 0) == (p.strategy == Strategy.ARBEIDENDE))[~gone].all(), "a main job is work"
    assert not ((p.employer >= 0) & (p.side_employer >= 0)).any(), "one job at most"
    kids = np.flatnonzero(p.guardian >= 0)
    assert (gone[kids] == gone[p.guardian[kids]]).all(), "a child stays and leaves with its guardian"
    assert (p.place[kids] == p.place[p.guardian[kids]]).all(), "a child lives where its guardian lives"
    born_here = p.person_id[kids] >> np.uint64(63) == 1
    came = kids[~born_here]
    assert (p.person_id[came] & ~np.uint64(15) == p.person_id[p.guardian[came]]).all()
    assert (p.birth_month[kids[born_here]] == p.entry_month[kids[born_here]]).all()
    assert (p.centre[kids] == p.centre[p.guardian[kids]]).all()
    assert not (p.is_exploited & p.in_violence & (p.strategy == Strategy.SYNLIG)).any()
    resident = p.strategy == Strategy.SYNLIG
    assert world.centres.is_open[p.centre[resident]].all(), "no place in a closed centre"
    # A limit is on persons with a final rejection; those under a Dublin decision have places of their own.
    limited = resident & (p.route != Route.DUBLIN)
    assert (world.centres.capacity[p.centre[limited]] > 0).all(), "no place where none is allowed"
    guests = np.bincount(p.host[(p.host >= 0) & (p.guardian < 0)], minlength=len(hosts))
    assert (guests <= hosts.capacity).all()
    job = np.maximum(p.employer, p.side_employer)
    workers = np.bincount(job[job >= 0], minlength=len(employers))
    # Willingness and open jobs are those of this month's step 5; nobody is hired beyond them after it.
    assert (workers <= np.maximum(employers.open_jobs, 0)).all(), "no job without an employer who offers it"


EXIT_CAUSES = {
    Exit.TVANGSRETUR: {"pu_fetch", "dublin_transfer", "forced_transport"},
    Exit.ASSISTERT_RETUR: {"assisted_return", "choice"},
    Exit.BORTVIST: {"short_stay", "identity_control", "crime_control", "sex_market_control", "inspection"},
    Exit.VIDERE: {"onward", "choice", "leaves_after_decision"},
    Exit.REGULARISERT: {"permit", "scheme", "family"},
    Exit.MIDLERTIDIG: {"temporary_permit", "trafficking_protection"},
    Exit.DOD: {"death"},
}


@given(seeds, st.integers(0, 10**6))
@exact(4)
def test_every_exit_has_one_person_one_time_and_one_cause(seed, draw_seed):
    """A person leaves once, from a strategy, for one reason; again only after coming back."""
    scheme = "levers.regularisation=[{from: 2014-01, min_years: 3}]"
    world = branch(here(), baseline(END, scheme), seed=seed, draw=drawn_parameters(draw_seed))
    left: dict[int, int] = {}
    exits = []
    move = World.move

    def watched(self, rows, destination, cause, *args, **kwargs):
        kids, where = self.population.children_of(rows)
        target = np.broadcast_to(np.asarray(destination), rows.shape)
        for row, goal in zip([*rows, *kids], [*target, *target[where]], strict=True):
            if goal >= 8:
                assert self.population.strategy[row] < 8, "only who is here can leave"
                exits.append((int(self.population.person_id[row]), int(goal)))
        move(self, rows, destination, cause, *args, **kwargs)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(World, "move", watched)
        for _ in range(6):
            exits.clear()
            p = world.population
            was_gone = set(p.person_id[p.strategy >= 8].tolist())
            advance_month(world)
            people = [person for person, _ in exits]
            assert len(people) == len(set(people)), "nobody leaves twice in a month"
            for person, goal in exits:
                assert person not in left or left[person] == Exit.MIDLERTIDIG, "nobody leaves for good twice"
                left[person] = goal
            assert not was_gone & set(people) or all(left[q] for q in was_gone & set(people))
            f = world.history.flow_counts()
            now = (f["month"] == world.month) & (f["destination"] >= 8) & (f["origin"] < len(Strategy))
            by_exit = np.bincount(f["destination"][now], weights=f["persons"][now], minlength=15).astype(int)
            assert by_exit.tolist() == np.bincount([g for _, g in exits], minlength=15).tolist()
    assert len(left) > 20
    f = world.history.flow_counts()
    for destination, cause in zip(f["destination"], f["cause"], strict=True):
        if destination >= 8:
            assert CAUSES[cause] in EXIT_CAUSES[Exit(int(destination))]


# -- nothing before a lever bites, nothing from an idle lever ----------------------------------------------------


@given(st.sampled_from(sorted(DATED)), seeds, st.integers(1, 3))
@exact(40)
def test_a_lever_changes_nothing_before_it_bites(name, seed, wait):
    first = NOW + 1 + wait
    month = f"{2009 + first // 12}-{first % 12 + 1:02d}"
    one = branch(here(), baseline(END), seed=seed)
    settings_ = [filled(setting, month, END) for setting in DATED[name]]
    other = branch(here(), baseline(END, *settings_), seed=seed)
    advance(one, wait)
    advance(other, wait)
    assert_same(one, other)


@pytest.mark.parametrize("count", [0, 50_000])
def test_rejections_of_a_year_change_nothing_before_that_year(count):
    """A year's rejections feed final rejections with a lag, never with a lead."""
    other = baseline("2015-06", f"assumptions.asylum_rejections_per_year={{2015: {count}}}")
    one, changed = branch(here(), baseline("2015-06")), branch(here(), other)
    advance(one, 12)
    advance(changed, 12)
    assert_same(one, changed)
    later = range(one.month + 1, one.month + 7)
    advance(one, 6)
    advance(changed, 6)
    assert sum(came(one, month) for month in later) != sum(came(changed, month) for month in later)


@pytest.mark.parametrize("name", sorted(IDLE))
def test_an_idle_lever_changes_nothing(name):
    plain, changed = IDLE[name](baseline(END), NOW + 1)
    one, other = advance(branch(here(), plain), 4), advance(branch(here(), changed), 4)
    assert_same(one, other)


# -- order and company -------------------------------------------------------------------------------------------


#: Limits that turn people away every month, and controls that send many there.
SCARCE = (
    "levers.detention.capacity=[{from: 2014-01, value: 60}]",
    "levers.controls.identity_checks=[{from: 2014-01, value: 10}]",
    "levers.controls.workplace_inspections=[{from: 2014-01, value: 10}]",
    "levers.reception_centres.close=[{centre: Sør-Øst samlet, on: 2014-01}, {centre: Innlandet samlet, on: 2014-02}]",
    # Only a limit of the scenario refuses anybody.
    "levers.reception_centres.capacity={"
    + ", ".join(
        f"{centre.name}: [{{from: 2014-01, value: 60}}]"
        for centre in reference.centres()
        if centre.name not in ("Kristiansand", "Sør-Øst samlet", "Innlandet samlet")
    )
    + "}",
)


@given(seeds, st.integers(0, 10**6))
@exact(6)
def test_the_order_of_rows_cannot_matter(seed, shuffle_seed):
    levers = baseline(END, *SCARCE)
    one, other = branch(here(), levers, seed=seed), branch(here(), levers, seed=seed)
    rng = np.random.default_rng(shuffle_seed)
    for _ in range(5):
        other.population.take(rng.permutation(len(other.population)))
        advance_month(one)
        advance_month(other)
        assert_same(one, other, tolerance=1e-9)
    for limit in ("detention", "centres", "jobs", "hosts"):
        assert one.history.binding[limit][NOW + 1 :].sum() > 0, f"{limit} are not scarce, so order could not show"


def test_who_is_held_does_not_act():
    """Detention and prison stop everything but what happens to a place or a job without its holder."""
    world = branch(past(UNTIL, 0.3), baseline(END, "levers.controls.penal_priority=[{from: 2014-01, value: 10}]"))
    watched = 0
    for _ in range(6):
        p = world.population
        held = (p.transport_due > world.month + 1) & p.is_here & (p.guardian < 0)
        before = dict(
            zip(p.person_id[held].tolist(), zip(p.strategy[held], p.transport_due[held], strict=True), strict=True)
        )
        advance_month(world)
        p = world.population
        after = dict(zip(p.person_id.tolist(), zip(p.strategy, p.transport_due, strict=True), strict=True))
        for person, (strategy, due) in before.items():
            assert after[person][1] == due, "the transport is due when it was"
            if strategy in (Strategy.AVHENGIG, Strategy.MARGINALISERT, Strategy.FRITT_FALL):
                assert after[person][0] == strategy
                watched += 1
    assert watched > 30


@contextmanager
def reversed_rules():
    """Each contest hears its rules in the opposite order; what the codes mean stays."""
    decide = Contest.decide

    def backwards(self, world, at, rows):
        twin = copy.copy(self)
        twin.__dict__.clear()  # what was worked out once from the rules in their own order
        twin.rules = self.rules[::-1]
        decided = decide(twin, world, at, rows)
        return self.decided(decided.rows, np.where(decided.code >= 0, len(self.rules) - 1 - decided.code, -1))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Contest, "decide", backwards)
        yield


@given(seeds)
@exact(5)
def test_the_order_of_rules_cannot_matter(seed):
    assert sum(isinstance(part, Contest) and len(part.rules) > 1 for part in MONTH) > 5
    one, other = branch(here(), baseline(END), seed=seed), branch(here(), baseline(END), seed=seed)
    advance(one, 6)
    with reversed_rules():
        advance(other, 6)
    assert_same(one, other, tolerance=1e-9)


@given(seeds, st.integers(0, 10**6))
@exact(6)
def test_without_interactions_a_life_does_not_depend_on_who_else_is_there(seed, drop_seed):
    levers = baseline(END, "assumptions.interactions=false")
    world = past(UNTIL, SCALE, interactions=False)
    whole, part = branch(world, levers, seed=seed), branch(world, levers, seed=seed)
    p = part.population
    heads = np.flatnonzero(p.guardian < 0)
    stays = np.zeros(len(p), dtype=np.bool_)
    stays[heads] = np.random.default_rng(drop_seed).random(len(heads)) < 0.5
    kids = np.flatnonzero(p.guardian >= 0)
    stays[kids] = stays[p.guardian[kids]]
    dropped = set(p.person_id[~stays].tolist())
    assert len(dropped) > 50
    p.take(np.flatnonzero(stays))
    for _ in range(6):
        advance_month(whole)
        advance_month(part)
        all_lives, some_lives = lives(whole), lives(part)
        # With somebody go the children whom that person would have borne.
        both = zip(all_lives["person_id"].tolist(), all_lives["guardian_id"].tolist(), strict=True)
        keep = np.array([not {person, guardian} & dropped for person, guardian in both])
        differ = differences({name: column[keep] for name, column in all_lives.items()}, some_lives)
        assert differ == [], f"in month {whole.month}: {', '.join(differ)}"


def test_with_interactions_a_life_does_depend_on_others():
    """The test above could not fail if dropping persons changed nothing in any case."""
    whole, part = branch(here(), baseline(END)), branch(here(), baseline(END))
    p = part.population
    heads = np.flatnonzero(p.guardian < 0)
    stays = np.zeros(len(p), dtype=np.bool_)
    stays[heads[::2]] = True
    kids = np.flatnonzero(p.guardian >= 0)
    stays[kids] = stays[p.guardian[kids]]
    dropped = set(p.person_id[~stays].tolist())
    p.take(np.flatnonzero(stays))
    advance(whole, 6)
    advance(part, 6)
    all_lives, some_lives = lives(whole), lives(part)
    keep = np.array([i not in dropped for i in all_lives["person_id"].tolist()])
    assert differences({name: column[keep] for name, column in all_lives.items()}, some_lives) != []


@given(seeds, st.data())
@exact(3)
def test_a_decision_is_made_one_person_at_a_time_as_for_all_at_once(seed, data):
    """`decide` is a pure function of single rows, for each part of the month."""
    world = branch(here(), baseline(END), seed=seed)
    decided = 0
    for part in MONTH:
        run = type(part).run

        def watched(self, world, at, run=run):
            nonlocal decided
            twin = world.copy()
            self.begin(twin, at)
            rows = self.at_risk(twin, at)
            if len(rows):
                whole = self.decide(twin, at, rows)
                sample = data.draw(st.lists(st.integers(0, len(rows) - 1), min_size=1, max_size=4))
                for i in sample:
                    alone = self.decide(twin, at, rows[[i]])
                    assert alone.rows.tolist() == [rows[i]]
                    assert alone.code.tolist() == [whole.code[i]], self.name
                    decided += 1
            run(self, world, at)

        part.__dict__["run"] = watched.__get__(part)
    try:
        advance(world, 2)
    finally:
        for part in MONTH:
            part.__dict__.pop("run")
    assert decided > 20


# -- supersets ---------------------------------------------------------------------------------------------------


def ever_there(world: World, months: int) -> set[int]:
    """Identities of all who are or come in some months."""
    out = set(world.population.person_id.tolist())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Population, "drop_gone", lambda self: None)
        for _ in range(months):
            advance_month(world)
            out |= set(world.population.person_id.tolist())
    return out


def test_more_inflow_is_more():
    """The property below would hold if the drivers did nothing."""
    plain = ever_there(branch(here(), baseline(END)), 4)
    for setting in ("never_asylum_inflow=[{from: 2014-01, value: 5}]", "asylum_rejections_per_year={2014: 50000}"):
        more = ever_there(branch(here(), baseline(END, f"assumptions.{setting}")), 4)
        assert len(more) > len(plain) + 10, setting


@given(seeds, st.floats(1.0, 5.0))
@exact(8)
def test_more_inflow_is_the_same_persons_and_some_more(seed, ratio):
    """Of those who never sought asylum: more rejections can delay somebody, since cases wait for one appeal body."""
    setting = f"assumptions.never_asylum_inflow=[{{from: 2014-01, value: {ratio}}}]"
    fewer, more = branch(here(), baseline(END), seed=seed), branch(here(), baseline(END, setting), seed=seed)
    small, large = ever_there(fewer, 4), ever_there(more, 4)
    assert small <= large
    assert came(more, more.month) >= came(fewer, fewer.month)


# -- more places -------------------------------------------------------------------------------------------------
#
# In the first month only: later the persons served live other lives, and free other places.


def next_month(world: World) -> tuple[World, At]:
    """A branch at the beginning of its next month."""
    return world, begin_month(world)


@given(seeds, st.integers(0, 12), st.integers(0, 30))
@exact(25)
def test_more_places_in_centres_serve_the_same_single_persons_and_some_more(seed, few, extra):
    """Families come before single persons, so a family that now fits may go first: only singles are compared."""
    served = []
    for capacity in (few, few + extra):
        world, at = next_month(branch(here(), baseline(END), seed=seed))
        p = world.population
        alone = (p.strategy == Strategy.FRITT_FALL) & (p.household == Household.ALONE)
        # Persons under a Dublin decision have places of their own.
        rows = np.flatnonzero(alone & (p.route != Route.DUBLIN))
        p.centre[:] = -1
        world.centres.capacity[:] = 0
        world.centres.capacity[[3, 7, 8]] = capacity // 3
        got = place_in_centres(world, at, rows, "centre_rank")
        assert (np.bincount(got[got >= 0], minlength=len(world.centres.capacity)) <= world.centres.capacity).all()
        assert (got >= 0).sum() == min(len(rows), 3 * (capacity // 3))
        served.append(set(p.person_id[rows[got >= 0]].tolist()))
    assert served[0] <= served[1]


def test_closing_every_centre_leaves_dublin_cases_where_they_wait_for_their_transfer():
    """The limit and the closings are of places for the finally rejected; reception of newcomers goes on."""
    names = [centre.name for centre in reference.centres()]
    close = ", ".join(f"{{centre: {name}, on: 2014-01}}" for name in names)
    closed = branch(here(), baseline(END, f"levers.reception_centres.close=[{close}]"))
    kept = branch(here(), baseline(END))
    months = 6
    for world in (closed, kept):
        advance(world, months)
        world.check()
    waiting = []
    for world in (closed, kept):
        p = world.population
        resident = p.strategy == Strategy.SYNLIG
        waiting.append(int((resident & (p.route == Route.DUBLIN)).sum()))
    p = closed.population
    assert not ((p.strategy == Strategy.SYNLIG) & (p.route != Route.DUBLIN)).any(), "nobody else has a place"
    # Those whose unit closes may walk out; of newcomers none is turned away, and most who wait are newcomers.
    assert waiting[0] > 0.8 * waiting[1] > 0


@given(seeds, st.integers(0, 2), st.integers(0, 2), st.booleans())
@exact(25)
def test_more_vacancies_serve_the_same_seekers_and_some_more(seed, few, extra, ties_matter):
    world, at = next_month(branch(here(), baseline(END), seed=seed))
    p = world.population
    rows = np.flatnonzero(p.is_here & (p.employer < 0) & (p.guardian < 0))
    has_tie = ((p.tie_0[rows] >= 0) & ties_matter).astype(np.int64)
    base = np.arange(len(world.employers)) % 2 * few
    less, more = place_in_jobs(world, at, rows, has_tie, base), place_in_jobs(world, at, rows, has_tie, base + extra)
    assert ((less >= 0) <= (more >= 0)).all()
    for got, vacancies in ((less, base), (more, base + extra)):
        assert (np.bincount(got[got >= 0], minlength=len(world.employers)) <= vacancies).all()
        assert (world.employers.place[got[got >= 0]] == p.place[rows[got >= 0]]).all(), "a job is where the person is"


@given(seeds, st.integers(0, 3))
@exact(10)
def test_hosts_with_more_room_take_in_the_same_guests_and_some_more(seed, extra):
    served = []
    for more in (0, extra):
        world, at = next_month(branch(here(), baseline(END), seed=seed))
        p = world.population
        world.hosts = copy.copy(world.hosts)
        world.hosts.capacity = world.hosts.capacity + more
        rows = np.flatnonzero((p.strategy == Strategy.FRITT_FALL) & (p.guardian < 0))
        # All ask one of a few hosts, so that they are in each other's way.
        host = rows % 5
        served.append(place_with_hosts(world, at, rows, host))
    assert (served[0] <= served[1]).all()
    assert (~served[0]).any()


@given(seeds, st.integers(0, 40), st.integers(0, 400))
@exact(10)
def test_more_detention_places_hold_the_same_persons_and_some_more(seed, few, extra):
    served = []
    for places in (few, few + extra):
        levers = settings_of(baseline(END), detention_capacity=(NOW + 1, float(places)))
        world, at = next_month(branch(here(), levers, seed=seed))
        rows = world.everyone()
        served.append(hold(world, at, rows, EXPELLED, np.ones(len(rows), dtype=np.int64)))
    assert (served[0] <= served[1]).all()
    assert not served[0].all()
