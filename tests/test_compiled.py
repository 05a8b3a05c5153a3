"""The compiled month gives the lives that numpy gives, and what it cannot read stays with numpy."""

from __future__ import annotations

import functools
import importlib
import sys

import numpy as np
import pytest

from helpers.engines import Own, levers_of, needs_numba, same_by_both, world_of
from helpers.whole_world import digest
from irregsim.inference.posterior import prior_draws
from irregsim.model import centres, chance, compiled, draws
from irregsim.model.centres import count_in
from irregsim.model.chance import first_clock
from irregsim.model.engine import Contest, Selection, lookup, tabulated
from irregsim.model.history import COUNTRIES
from irregsim.model.month import MONTH, choice, inflow, newcomers, placing
from irregsim.model.parameters import point_draw
from irregsim.model.simulate import advance_month, begin_month, communities, record
from irregsim.model.values import Values
from irregsim.vocabulary.codes import Exit, RegisterEvent, Route, Strategy

#: Parts of the month that are read and how many rules each has; the choice has its utilities. What cannot be read
#: stands in `UNREAD` with why.
READ = {
    "ties": 2,
    "moves": 1,
    "births": 1,
    "residence": 4,
    "identity": 1,
    "work": 3,
    "side_work": 2,
    "support": 6,
    "livelihood": 2,
    "reconsider": 1,
    "offers": 1,
    "choice": 1,
    "street_control": 1,
    "crime_control": 2,
    "departures": 5,
    "needs": 2,
}
UNREAD: dict[str, str] = {}

SCENARIOS = ("baseline", "package-restrictive", "closures-2017-2020-undone")


# -- what is read ----------------------------------------------------------------------------------------------------


def test_every_rule_of_the_month_is_read_but_for_those_listed():
    found = compiled.readable()
    assert {name: len(rules) for name, rules in found.items()} == READ
    faults = {channel: why for rules in found.values() for channel, why in rules.items() if why is not None}
    assert faults == UNREAD


RATES = np.array([0.01, 0.02, 0.03])
MARK = 3


def _double(share, at):
    return np.minimum(2.0 * share, at.job_loss_hazard)


def calculates(who, at):
    months = np.maximum(0, who.months_in_strategy) // 6
    return np.asarray(np.clip(0.02 + 0.001 * -months, 0.0, 0.02) + _double(share=0.0 + who.has_bed, at=at))


def decides(who, at):
    rate = RATES[who.household]
    if at.interactions:
        rate = rate * np.where(who.is_female | ~who.has_tie, 0.5, 1.0)
    if at.pandemic:
        return rate
    return np.where((who.decision >= 2) & (who.age_years < 40.0), rate, np.log(1.0 + rate))


def tabulates(who, at):
    table = np.ones((2, len(Strategy))) * 0.01
    table[1] = 0.02
    late = tabulated(lambda months: np.sqrt(months) * at.job_loss_hazard / 10.0, who.months_irregular)
    return lookup(table, who.is_sought_asylum, who.strategy) + late * who.risk_response(-0.5) * (MARK != 2)


def reads_arrays(who, at):
    near = who.host_patience * 0.001 + 0.01 * who.knows_worker + 0.02 * who.in_congregation
    return np.full(len(who), 0.002) + np.where(who.host >= 0, near, who.remoteness / 100.0) * who.feasibility**2


def asks_persons(who, at):
    if who.is_female.any():
        return 0.1 * who.is_female
    return 0.0 * who.is_female


def adds_flags(who, at):
    return 0.01 * (who.is_female + who.is_exploited)


def takes_a_root(who, at):
    return np.sqrt(who.age_years) / 1000.0


def loops_over(who, at):
    out = 0.0 * who.age_years
    for month in range(3):
        out = out + month
    return out


def changes_in_place(who, at):
    out = 0.001 * who.age_years
    out *= 2.0
    return out


def cuts(who, at):
    return 0.001 * who.age_years[::1]


def reads_what_is_not_there(who, at):
    return 0.001 * who.shoe_size


def _decorated(function):
    @functools.wraps(function)
    def inner(who, at):
        return function(who, at)

    return inner


@_decorated
def is_decorated(who, at):
    return 0.001 * who.age_years


def closes_over(rate):
    def hazard(who, at):
        return rate * who.age_years

    return hazard


REFUSED = [
    (asks_persons, "is not a call that can be read"),
    (adds_flags, "calculates with two flags"),
    (takes_a_root, "np.sqrt"),
    (loops_over, "`for month in range(3)"),
    (changes_in_place, "`out *= 2.0` is not a form"),
    (cuts, "`who.age_years[::1]` is not a form"),
    (reads_what_is_not_there, "a person has no shoe_size"),
    (is_decorated, "reads function of the function that made it"),
    (closes_over(0.001), "reads rate of the function that made it"),
    (functools.partial(takes_a_root), "is not a plain function"),
]


@pytest.mark.parametrize(("hazard", "words"), REFUSED, ids=lambda x: getattr(x, "__name__", "")[:20])
def test_a_form_that_is_not_in_the_list_is_refused_by_name(hazard, words):
    (fault,) = compiled.readable([Own(hazard)])["own"].values()
    assert fault is not None
    assert words in fault


def test_a_rule_whose_file_was_edited_since_is_not_read(tmp_path, monkeypatch):
    path = tmp_path / "own_rules.py"
    path.write_text("def hazard(who, at):\n    return 0.001 * who.age_years\n", encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    hazard = importlib.import_module("own_rules").hazard
    monkeypatch.delitem(sys.modules, "own_rules")
    path.write_text("def hazard(who, at):\n    return 0.01 * who.age_years\n", encoding="utf-8")
    (fault,) = compiled.readable([Own(hazard)])["own"].values()
    assert fault is not None
    assert "edited since" in fault


# -- the same lives --------------------------------------------------------------------------------------------------


@needs_numba
@pytest.mark.parametrize("scenario", ["baseline", "high-arrivals-2009"])
def test_both_engines_give_the_same_world(engine, scenario):
    assert same_by_both(engine, scenario=scenario, months=30, seed=4)


@needs_numba
@pytest.mark.slow
@pytest.mark.parametrize("scenario", SCENARIOS)
@pytest.mark.parametrize("number", range(4))
def test_both_engines_give_the_same_world_over_draws_and_seeds(engine, scenario, number):
    draw = prior_draws(4)[number]
    assert same_by_both(engine, scenario=scenario, draw=draw, months=264, seed=number, scale=0.1)


@needs_numba
@pytest.mark.parametrize(("scenario", "number"), [("baseline", None), ("high-arrivals-2009", 3)])
def test_every_hazard_is_below_its_bound_and_every_code_the_same(engine, scenario, number):
    from irregsim.model.compiled.twin import verifying

    engine("compiled")
    draw = point_draw() if number is None else prior_draws(4)[number]
    with verifying():
        world_of(scenario, draw, months=18)


@needs_numba
@pytest.mark.slow
@pytest.mark.parametrize("scenario", SCENARIOS)
@pytest.mark.parametrize("number", range(6))
def test_every_hazard_is_below_its_bound_over_prior_draws(engine, scenario, number):
    from irregsim.model.compiled.twin import verifying

    engine("compiled")
    with verifying():
        world_of(scenario, prior_draws(6)[number], seed=number, months=264)


@needs_numba
def test_one_person_alone_decides_as_among_all(engine):
    engine("compiled")
    world = world_of(months=24)
    at = begin_month(world)
    for part in MONTH:
        part.begin(world, at)
        rows = part.at_risk(world, at)
        if isinstance(part, (Contest, Selection)) and len(rows):
            whole = part.decide(world, at, rows)
            few = np.unique(np.concatenate([np.flatnonzero(whole.code >= 0)[:10], np.arange(min(5, len(rows)))]))
            alone = [int(part.decide(world, at, rows[j : j + 1]).code[0]) for j in few]
            assert alone == whole.code[few].tolist(), part.name
        if len(rows):
            part.settle(world, at, part.decide(world, at, rows))


@needs_numba
def test_a_copy_goes_on_alike_under_either_engine(engine):
    engine("compiled")
    world = world_of(months=24)
    values = Values(levers_of("package-restrictive"), point_draw(), 0.05)
    ends = []
    for name in compiled.ENGINES:
        engine(name)
        copy = world.copy(values)
        for _ in range(12):
            advance_month(copy)
        ends.append(digest(copy))
    assert ends[0] == ends[1]
    assert ends[0] != digest(world)


@needs_numba
@pytest.mark.parametrize("months", [1, 23, 24])  # the first, and before and after the end of a year
def test_each_loop_of_the_machinery_does_what_numpy_does(engine, months):
    from irregsim.model.compiled import arrivals, beginnings, keyed, machinery, places, stocks

    world = world_of(months=months)
    at = begin_month(world)
    p = world.population
    p.transport_due[world.everyone()[::7]] = world.month + 1

    def after(function):
        copy = world.copy()
        return digest(copy), function(copy), digest(copy)

    heads = world.everyone()[::3]
    where = np.resize([*Strategy, Exit.VIDERE], len(heads)).astype(np.int64)
    subtype = np.resize([1, 0, 2], len(heads)).astype(np.int64)
    known = ("tie_0", "tie_1", "tie_2", "host")
    everyone, two = world.everyone(), (Strategy.SYNLIG, Strategy.FRITT_FALL)
    rows = world.who(Strategy.FRITT_FALL)
    u = world.draws.uniform("inflow", world.month, p.key[rows])
    mean = np.linspace(0.01, 8.0, len(rows))
    mean, u = mean[u > np.exp(-mean)], u[u > np.exp(-mean)]
    rank, spread = world.draws.uniforms(("centre_rank", "centre_where"), world.month, p.key[everyone])
    asked = np.arange(len(everyone)) % 7
    limits, jobs = np.array([3, 0, -1, 5, 10**6, 1, 2]), np.arange(len(world.employers)) % 4
    beds = 1 + asked % 3

    def some_left():
        """Every third centre has no limit, others have some beds or none."""
        return np.where(np.arange(centres.COUNT) % 3, np.arange(centres.COUNT) % 5, centres.NO_LIMIT)

    room = np.append(np.arange(len(world.hosts)) % 3 == 0, False)
    # Every route and many citizenships, with families.
    route, country = np.divmod(np.arange(len(Route) * COUNTRIES), COUNTRIES)
    groups = route, country, np.arange(len(route)) % 3
    changes = {"record", "Needs._sums", "World.move", "World.note", "_arrive", "_begin"}
    changes |= {"World.relocate", "World.set_cell", "History.outcome"}
    calls = {
        "World.who": (lambda w: w.who(Strategy.SYNLIG), lambda w: machinery.who(w, Strategy.SYNLIG)),
        "World.among": (lambda w: w.among(two), lambda w: machinery.among(w, two)),
        "World.everyone": (lambda w: w.everyone(), machinery.everyone),
        "Population._show": (lambda w: w.population._show(), lambda w: machinery.show(w.population)),
        "Population.children_of": (
            lambda w: w.population.children_of(everyone),
            lambda w: machinery.children_of(w.population, everyone),
        ),
        "World.move": (
            lambda w: w.move(heads, where, "reconsider", subtype),
            lambda w: machinery.move(w, heads, where, "reconsider", subtype),
        ),
        "World.note": (
            lambda w: w.note(RegisterEvent.LEFT_CENTRE, heads, where, w.population.place[heads]),
            lambda w: machinery.note(w, RegisterEvent.LEFT_CENTRE, heads, where, w.population.place[heads]),
        ),
        "World.relocate": (
            lambda w: w.relocate(heads, where % 5, "city_move"),
            lambda w: machinery.relocate(w, heads, where % 5, "city_move"),
        ),
        "World.set_cell": (
            lambda w: (w.population.cell.fill(0), w.set_cell(everyone)),
            lambda w: (w.population.cell.fill(0), machinery.set_cell(w, everyone)),
        ),
        "History.outcome": (
            lambda w: [w.history.outcome("fines_nok", 0, where % 5, x) for x in (None, 0.1, 0.1 * where)],
            lambda w: [stocks.outcome(w.history, "fines_nok", 0, where % 5, x) for x in (None, 0.1, 0.1 * where)],
        ),
        "_hosts_at_hand": (
            lambda w: choice._hosts_at_hand(w, everyone, room),
            lambda w: places.hosts_at_hand(w, everyone, room),
        ),
        "_finalise": (
            lambda w: draws._finalise(w.population.key.copy()),
            lambda w: keyed.finalise(w.population.key.copy()),
        ),
        "Draws.uniform": (
            lambda w: w.draws.uniform("onward", w.month, w.population.key),
            lambda w: keyed.uniform(w.draws, "onward", w.month, w.population.key),
        ),
        "_circles": (
            lambda w: w.circles(everyone),
            lambda w: machinery.circles(w, *(vars(w.population)[c][everyone] for c in known)),
        ),
        "count_in": (
            lambda w: count_in(w.population.host, len(w.hosts)),
            lambda w: machinery.count_in(w.population.host, len(w.hosts)),
        ),
        "record": (record, stocks.record),
        "communities": (communities, stocks.communities),
        "Needs._sums": (lambda w: MONTH[-1]._sums(w, at), lambda w: stocks.sums(None, w, at)),
        "_residents": (placing._residents, places.residents),
        "_guests": (placing._guests, places.guests),
        "_workers": (placing._workers, places.workers),
        "_served": (
            lambda w: chance._served(asked, limits, rank),
            lambda w: places.served(asked, limits, rank),
        ),
        "_matched": (
            lambda w: placing._matched(w, p.place[everyone], asked % 3, rank, jobs),
            lambda w: places.matched(w, p.place[everyone], asked % 3, rank, jobs),
        ),
        "_by_rank_in_centres": (
            lambda w: (placing._by_rank_in_centres(w, everyone, beds, left := some_left(), rank, spread), left),
            lambda w: (places.in_centres(w, everyone, beds, left := some_left(), rank, spread), left),
        ),
        "_arrive": (
            lambda w: newcomers._arrive(w, at, -1, *groups),
            lambda w: arrivals.arrive(w, at, -1, *groups),
        ),
        "_begin": (
            lambda w: inflow._begin(w, at, *newcomers._arrive(w, at, months, *groups)),
            lambda w: beginnings.begin(w, at, *newcomers._arrive(w, at, months, *groups)),
        ),
        "_by_sums": (
            lambda w: chance._by_sums(u, mean, np.exp(-mean)),
            lambda w: places.by_sums(u, mean, np.exp(-mean)),
        ),
    }
    assert calls.keys() == machinery.TWINS.keys()
    for name, (by_numpy, by_loops) in calls.items():
        before, expected, changed = after(by_numpy)
        _, found, also = after(by_loops)
        assert changed == also, name
        assert (before == changed) == (name not in changes), name
        pairs = zip(expected, found, strict=True) if isinstance(expected, tuple) else [(expected, found)]
        for one, other in pairs:
            assert one is other is None or np.array_equal(one, other), name
    one, other = world.copy().population, world.copy().population
    one._show()
    machinery.show(other)
    for name in ("kid_rows", "_kids_sorted", "_kid_count", "_kid_start"):
        assert np.array_equal(getattr(one, name), getattr(other, name)), name


# -- rules of one's own ----------------------------------------------------------------------------------------------


@needs_numba
def test_forms_of_the_list_mean_what_numpy_means(engine):
    from irregsim.model.compiled.twin import Twin

    world = world_of(months=24)
    at = begin_month(world)
    rows = world.everyone()
    own = Own(calculates, decides, tabulates, reads_arrays)
    assert set(compiled.readable([own])["own"].values()) == {None}
    for flag in (world.rows(rows).knows_worker, world.rows(rows).in_congregation):
        assert 0 < flag.sum() < len(rows)
    twin = Twin(own)
    twin.load()
    twin.verify(world, at, rows)
    code, found = twin.codes(world, at, rows)
    assert len(np.unique(code)) > len(own.rules) - 1
    assert np.array_equal(found, np.flatnonzero(code >= 0))


@needs_numba
def test_a_rule_that_cannot_be_read_leaves_its_part_to_numpy(engine):
    own = Own(takes_a_root)
    engine("compiled")
    assert compiled.twin_of(own) is None
    assert same_by_both(engine, months=14, parts=(*MONTH, own))


@needs_numba
def test_a_readable_rule_of_ones_own_is_compiled_when_first_asked(engine):
    own = Own(tabulates)
    engine("compiled")
    assert compiled.twin_of(own) is not None
    assert same_by_both(engine, months=14, parts=(*MONTH, own))


# -- a wrong bound cannot be missed ----------------------------------------------------------------------------------


@needs_numba
def test_a_bound_that_is_too_low_stops_the_run(engine, monkeypatch):
    from irregsim.model.compiled import ranges
    from irregsim.model.compiled.twin import BoundBroken, verifying

    true = ranges.limits
    monkeypatch.setattr(ranges, "limits", lambda world: 0.2 * true(world))
    engine("compiled")
    with pytest.raises(BoundBroken, match="above its bound"):
        world_of(months=24, scale=0.3)
    with pytest.raises(AssertionError, match="perceived_risk is"), verifying():
        world_of(months=2)


@needs_numba
def test_a_column_outside_its_range_is_found(engine):
    from irregsim.model.compiled import ranges

    world = world_of(months=6)
    ranges.check(world)
    world.population.decision[world.everyone()[3]] = 9
    with pytest.raises(AssertionError, match="decision is 9 in month 5, outside 0 to 3"):
        ranges.check(world)


@needs_numba
def test_a_person_whose_route_and_asylum_do_not_agree_stops_the_run(engine):
    from irregsim.model.compiled.twin import BoundBroken

    engine("compiled")
    world = world_of(months=6)
    flags = world.population.is_sought_asylum
    flags[world.everyone()[3]] ^= True
    with pytest.raises(BoundBroken, match="do not go together"):
        advance_month(world)


@needs_numba
def test_a_wrong_code_is_found(engine, monkeypatch):
    from irregsim.model.compiled import twin

    engine("compiled")
    monkeypatch.setattr(twin, "first_clock", lambda hazards, uniforms: first_clock(hazards * 1.2, uniforms))
    with pytest.raises(AssertionError, match="codes differ"), twin.verifying():
        world_of(months=6)
