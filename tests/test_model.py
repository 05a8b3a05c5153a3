"""The Mesa shell: the same lives as `irregsim run`, seen as agents, on every Mesa that is allowed."""

import inspect
import re
from pathlib import Path

import mesa
import numpy as np
import pandas as pd
import pytest
from mesa.agent import AgentSet
from mesa.batchrunner import batch_run

import irregsim
from helpers.draw_sets import small_posterior
from irregsim.agents import STAGES, Employer, GoneError, Host, IrregularMigrationModel, Migrant, ReceptionCentre
from irregsim.agents import network as ties
from irregsim.inference import posterior
from irregsim.model import simulate
from irregsim.model.alone import Alone
from irregsim.model.draws import OWN_CHANNELS, Draws, add_channel
from irregsim.model.engine import Contest, Rule
from irregsim.model.history import CITY_OF, DISTRICT_OF
from irregsim.model.month import MONTH
from irregsim.model.parameters import point_draw
from irregsim.model.population import COLUMNS, person_code
from irregsim.model.values import Values
from irregsim.scenario import ScenarioError, load_scenario
from irregsim.study.frames import run_replicate
from irregsim.vocabulary.codes import CITIES, DISTRICTS, Exit, Route, Strategy, Substrategy, month_number, month_text
from irregsim.vocabulary.reference import countries, places

SCALE = 0.02
DIRECTIVE = {
    "from": "2017-01",
    "back_pay_months": 6,
    "duty_to_check": True,
    "complaint_route": True,
}
SCHEME = {"from": "2016-10", "min_years": 5, "sought_asylum_only": True}


def built(**arguments):
    # The point draw, whatever ships.
    arguments = {"scale": SCALE, "end": "2012-06", **({} if "draw" in arguments else {"draws": "point"}), **arguments}
    return IrregularMigrationModel(**arguments)


@pytest.fixture(scope="module")
def looked_at():
    """A model some months in, that tests may look at and must not step."""
    model = built()
    for _ in range(4):
        model.step()
    return model


def world_at(month, *, seed=2021, replicate=0, scale=SCALE, scenario=None):
    """What the engine itself makes of the same replicate, without Mesa."""
    scenario = scenario or load_scenario("baseline")
    world = simulate.start(Values(scenario.levers, point_draw(), scale), Draws(seed, replicate))
    for _ in range(month_number(month) + 1):
        simulate.advance_month(world)
    return world


# -- it is a Mesa model ------------------------------------------------------------------------------------------


def test_the_package_gives_the_class():
    assert irregsim.IrregularMigrationModel is IrregularMigrationModel
    assert issubclass(IrregularMigrationModel, mesa.Model)
    for kind in (Migrant, Employer, ReceptionCentre, Host):
        assert issubclass(kind, mesa.Agent)


def test_construction_ends_with_the_burn_in_and_a_step_is_a_month():
    model = built()
    assert (model.month, model.steps, model.running) == ("2011-12", 0, True)
    model.step()
    assert (model.month, model.steps) == ("2012-01", 1)


def test_the_last_month_ends_the_run_and_a_step_after_it_does_nothing():
    model = built(end="2012-02")
    model.run_model()
    assert (model.month, model.steps, model.running) == ("2012-02", 2, False)
    before = state_of(model.world)
    model.step()
    assert (model.month, model.steps, model.running) == ("2012-02", 2, False)
    assert_same_state(before, state_of(model.world))
    assert len(model.datacollector.get_model_vars_dataframe()) == 2
    with pytest.raises(RuntimeError, match="ends in 2012-02"):
        model.begin_month()


def test_constructing_again_gives_the_same_lives():
    one, other = built(), built()
    for model in (one, other):
        for _ in range(3):
            model.step()
    assert_same_state(state_of(one.world), state_of(other.world))
    assert lives(one) == lives(other)


@pytest.mark.once
def test_seed_and_replicate_make_other_lives():
    first = lives(built())
    assert lives(built(seed=7)) != first
    assert lives(built(replicate=1)) != first
    assert lives(built(rng=2021)) == first
    assert lives(built(seed=None)) == first, "the baseline's own seed is 2021"


def test_a_subclass_keeps_its_own_constructor():
    class Small(IrregularMigrationModel):
        def __init__(self, seed=5):
            super().__init__(seed=seed, scale=0.01, end="2012-01")
            self.seen = []

        def step(self):
            super().step()
            self.seen.append(self.month)

    model = Small()
    model.run_model()
    assert model.seen == ["2012-01"]
    assert list(inspect.signature(Small).parameters) == ["seed"]


def test_settings_are_levers_by_path():
    model = built(fines__employer_base_nok=123_000, assumptions__interactions=False)
    month = month_number("2012-03")
    assert model.resolved.levers.employer_base_nok[month] == 123_000
    assert model.resolved.levers.interactions is False
    assert built(fines__employer_base_nok=np.int64(9)).resolved.levers.employer_base_nok[month] == 9


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ({"fines__employer_base": 1}, ScenarioError, "employer_base_nok"),
        ({"scenario": "basline"}, ScenarioError, "baseline"),
        ({"scale": 0}, ValueError, "above 0"),
        ({"scale": 10.5}, ValueError, "at most 10 "),
        ({"seed": 1.5}, ValueError, "whole number"),
        ({"seed": -1}, ValueError, "whole number from 0"),
        ({"replicate": 0.5}, ValueError, "replicate is 0.5"),
        ({"seed": 1, "rng": 1}, ValueError, "give one of them"),
        ({"draws": "nowhere"}, ValueError, "there is no such folder"),
        ({"draws": "point", "draw": point_draw()}, ValueError, "give one of the two"),
    ],
)
def test_wrong_arguments_are_refused(arguments, error, words):
    with pytest.raises(error, match=words):
        built(**arguments)


@pytest.mark.once
def test_a_resolved_scenario_takes_no_settings():
    scenario = load_scenario("baseline", end="2012-06")
    with pytest.raises(TypeError, match="already resolved"):
        IrregularMigrationModel(scenario, scale=0.01, fines__worker_nok=1)
    assert lives(IrregularMigrationModel(scenario, scale=SCALE, draws="point")) == lives(built())


# -- the same lives as without Mesa ------------------------------------------------------------------------------


def lives(model):
    """Person -> what the agents' attributes say."""
    names = ["person", "strategy", "substrategy", "side_strategy", "district", "city", "months_in_strategy", "decision"]
    return {row[0]: tuple(row[1:]) for row in model.agents_by_type[Migrant].get(names)}


def lives_in(world):
    """The same from the columns of the engine."""
    p = world.population
    side = ("none", "work")
    decision = ("none", "duty_to_leave", "expelled_immigration_act", "expelled_penal")
    return {
        person_code(int(p.person_id[row])): (
            Strategy(p.strategy[row]).code,
            Substrategy(p.substrategy[row]).code,
            side[p.side[row]],
            DISTRICTS[DISTRICT_OF[p.place[row]]],
            (*CITIES, "other")[CITY_OF[p.place[row]]],
            world.month - p.strategy_start[row],
            decision[p.decision[row]],
        )
        for row in np.flatnonzero(p.is_here)
    }


@pytest.mark.once
def test_person_by_person_the_lives_are_those_of_the_engine():
    model = built(end="2013-06", seed=11, replicate=3)
    world = world_at("2011-12", seed=11, replicate=3, scenario=load_scenario("baseline", end="2013-06"))
    assert lives(model) == lives_in(world)
    while model.running:
        model.step()
        simulate.advance_month(world)
        assert lives(model) == lives_in(world), model.month
    assert_same_state(state_of(model.world), state_of(world))


@pytest.mark.once
def test_month_by_month_the_counts_are_those_of_a_run():
    frames = run_replicate(load_scenario("baseline", end="2013-12"), point_draw(), seed=2021, replicate=0, scale=SCALE)
    model = built(end="2013-12")
    seen = []
    while model.running:
        model.step()
        names = ["strategy", "district", "city", "sought_asylum"]
        people = pd.DataFrame(model.agents_by_type[Migrant].get(names), columns=names)
        seen.append(people.value_counts().rename("persons").reset_index().assign(month=model.month))
    mine = pd.concat(seen).set_index(["month", *names]).sort_index()["persons"]
    theirs = frames["stocks"].astype(dict.fromkeys(["month", *names[:3]], str)).set_index(["month", *names])
    pd.testing.assert_series_equal(mine, theirs.sort_index()["persons"], check_index_type=False)

    collected = model.datacollector.get_model_vars_dataframe().set_index("month")
    stocks = frames["stocks"].pivot_table(
        index="month", columns="strategy", values="persons", aggfunc="sum", observed=True
    )
    flows = frames["flows"].astype({"month": str, "origin": str, "destination": str})
    for strategy in Strategy:
        assert collected[strategy.code].tolist() == stocks[strategy.code].tolist()
    assert (collected["persons"] == stocks.sum(axis=1).to_numpy()).all()
    assert (collected["residents"] == collected["synlig"]).all()
    for exit in Exit:
        out = flows[flows["destination"] == exit.code].groupby("month")["persons"].sum()
        assert collected[exit.code].tolist() == out.reindex(collected.index, fill_value=0).tolist()
    come = flows[flows["origin"] == "inflow"].groupby("month")["persons"].sum()
    assert collected["inflow"].tolist() == come.reindex(collected.index, fill_value=0).tolist()
    assert collected[[e.code for e in Exit]].to_numpy().sum() > 50


@pytest.mark.slow
def test_the_draw_is_the_one_that_the_replicate_of_a_run_would_use(tmp_path, monkeypatch):
    monkeypatch.setattr(posterior, "SHIPPED", tmp_path / "ships")
    plain = {"scale": SCALE, "end": "2012-01"}
    median = lives(IrregularMigrationModel(**plain))
    assert median == lives(built(**plain)), "none ships: the medians"
    made = small_posterior(tmp_path / "ships", count=2)
    first = IrregularMigrationModel(**plain)
    assert lives(first) == lives(built(**plain, draw=made.draws[0])) != median
    assert lives(IrregularMigrationModel(**plain, replicate=3)) == lives(
        built(**plain, replicate=3, draw=made.draws[1])
    )
    assert lives(IrregularMigrationModel(**plain, draws=tmp_path / "ships")) == lives(first)
    assert lives(IrregularMigrationModel(**plain, draws="point")) == median
    first.step()
    stocks = irregsim.run(load_scenario("baseline", end="2012-01"), replicates=1, seed=2021, jobs=1, scale=SCALE).stocks
    by_strategy = stocks.groupby("strategy", observed=True)["persons"].sum()
    assert {s.code: first.stock(s) for s in Strategy} == by_strategy.to_dict()


# -- agents ------------------------------------------------------------------------------------------------------


def test_nothing_is_made_before_somebody_looks():
    model = built()
    model.step()
    assert model._migrants == {}
    first = model.agents
    assert model.agents is first, "kept until the next change"
    model.step()
    assert model.agents is not first


def test_agents_are_migrants_employers_centres_and_hosts(looked_at):
    model = looked_at
    counts = {kind: len(agents) for kind, agents in model.agents_by_type.items()}
    assert counts == {
        Migrant: model.persons,
        Employer: len(model.world.employers),
        ReceptionCentre: len(model.world.centres.capacity),
        Host: len(model.world.hosts),
    }
    assert set(model.agent_types) == set(counts)
    assert len(model.agents) == sum(counts.values())
    assert isinstance(model.agents, AgentSet)
    assert all(isinstance(agents, AgentSet) for agents in model.agents_by_type.values())
    assert len(set(model.agents.get("unique_id"))) == len(model.agents)
    assert len(set(model.agents.get("node"))) == len(model.agents)
    assert max(model.agents.get("unique_id")) < 2**63


def test_agent_sets_select_group_and_add_up(looked_at):
    people = looked_at.agents_by_type[Migrant]
    stock = np.bincount(looked_at.world.population.strategy, minlength=15)[:5]
    falling = people.select(lambda person: person.strategy == "fritt_fall")
    assert len(falling) == stock[Strategy.FRITT_FALL] > 0
    assert people.groupby("strategy").count() == {s.code: stock[s] for s in Strategy if stock[s]}
    months = people.agg("months_irregular", [min, max, sum])
    p, here = looked_at.world.population, looked_at.world.population.is_here
    expected = looked_at.world.month - p.entry_month[here]
    assert months == [expected.min(), expected.max(), expected.sum()]
    assert looked_at.agents.select(agent_type=Host, at_most=7).get("capacity") == [
        host.capacity for host in looked_at.hosts[:7]
    ]
    assert sorted(people.shuffle().get("person")) == sorted(people.get("person"))
    by_centre = looked_at.agents_by_type[ReceptionCentre].agg("residents_count", sum)
    assert by_centre == stock[Strategy.SYNLIG]
    jobs = looked_at.agents_by_type[Employer].agg("workers_count", sum)
    assert jobs == ((p.employer >= 0) & here).sum() + ((p.side_employer >= 0) & here).sum() > 0
    assert looked_at.agents_by_type[Host].agg("guests_count", sum) == ((p.host >= 0) & here).sum() > 0


def test_a_set_that_somebody_changed_is_whole_again_after_the_next_change():
    model = built()
    employers = model.employers
    assert model.agents_by_type[Employer] is model.agents_by_type[Employer]
    for spoil in (lambda agents: agents.shuffle(inplace=True), lambda agents: agents.remove(employers[0])):
        for agents in (model.agents, model.agents_by_type[Employer]):
            spoil(agents)
        model.begin_month()
        model.end_month()
        assert list(model.agents) == [*model.migrants, *employers, *model.centres, *model.hosts]
        assert list(model.agents_by_type[Employer]) == employers


def test_agents_point_at_each_other(looked_at):
    seen = set()
    for person in looked_at.migrants:
        if person.centre is not None:
            assert person in person.centre.residents and person.strategy == "synlig"
            seen.add("centre")
        if person.employer is not None:
            assert person in person.employer.workers and person.strategy == "arbeidende"
            seen.add("employer")
        if person.side_employer is not None:
            assert person in person.side_employer.side_workers and person.side_strategy == "work"
            seen.add("side_employer")
        if person.host is not None:
            assert person in person.host.guests and person.strategy == "avhengig"
            seen.add("host")
        if person.guardian is not None:
            assert person in person.guardian.children and person.household == "child"
            seen.add("guardian")
        for host in person.hosts_known:
            # Providers met by chance are of the same background too.
            assert host.country == person.country
            seen.add("hosts_known")
    assert seen == {"centre", "employer", "side_employer", "host", "guardian", "hosts_known"}


def test_attributes_read_the_columns(looked_at):
    world = looked_at.world
    p, here = world.population, np.flatnonzero(world.population.is_here)
    rows = {person_code(int(p.person_id[row])): int(row) for row in here}
    groups = simulate.feasibility_groups(world.month, world.values.knowledge)
    for person in looked_at.migrants:
        row = rows[person.person]
        assert person.sought_asylum == p.is_sought_asylum[row]
        assert person.route == Route(p.route[row]).code
        assert person.country == countries()[p.country[row]].name
        assert person.feasibility_group == ("none", "weak", "middle", "high")[groups[p.country[row]]]
        assert person.age_years == pytest.approx((world.month - p.birth_month[row]) / 12)
        assert person.sex == ("female" if p.is_female[row] else "male")
        assert person.entry_month == month_text(int(p.entry_month[row]))
        assert person.is_held == (p.transport_due[row] >= 0)
        assert (person.return_track is None) == (not person.is_held)
        assert 0 <= person.perceived_risk <= 1 and 0 <= person.feasibility <= 1
        assert person.unique_id == int(person.person, 16) // 2


def every_attribute(kind):
    return sorted(
        name
        for name in dir(kind)
        if not name.startswith("_") and not callable(getattr(kind, name)) and name not in ("random", "rng")
    )


@pytest.mark.parametrize("kind", [Migrant, Employer, ReceptionCentre, Host])
def test_every_attribute_is_documented_readable_and_cannot_be_set(looked_at, kind):
    agent = next(iter(looked_at.agents_by_type[kind]))
    names = every_attribute(kind)
    assert len(names) > 8
    for name in names:
        assert (inspect.getdoc(inspect.getattr_static(kind, name)) or "").strip(), name
        value = getattr(agent, name)
        assert not isinstance(value, np.generic | np.ndarray), name
        with pytest.raises(AttributeError):
            setattr(agent, name, value)
    with pytest.raises(TypeError, match="cannot be removed"):
        agent.remove()


def test_agents_cannot_be_set(looked_at):
    with pytest.raises(AttributeError, match="cannot be set"):
        looked_at.agents = []
    with pytest.raises(AttributeError, match="cannot be set"):
        looked_at.migrants[0].strategy = "synlig"


def test_a_person_keeps_the_agent_and_the_one_who_left_refuses():
    model = built(end="2014-12")
    people = model.agents_by_type[Migrant]
    first = {person.person: person for person in people}
    ids = {code: person.unique_id for code, person in first.items()}
    left = 0
    while model.running:
        model.step()
        now = {person.person: person for person in model.agents_by_type[Migrant]}
        for code, person in first.items():
            assert person.unique_id == ids[code] and person.is_here == (code in now)
            if not person.is_here:
                left += 1
                with pytest.raises(GoneError, match=f"{code} is no longer in the country"):
                    _ = person.strategy
        for code in first.keys() & now.keys():
            # Whoever stayed is the same object; whoever came back from a temporary stay is the same person.
            assert now[code].strategy == first[code].strategy
    assert left > 0
    stayed = [person for person in first.values() if person.is_here]
    assert 0 < len(stayed) < len(first)
    first.clear()
    del person
    assert set(people) == set(stayed), "a set somebody holds loses those who left and nobody else"


# -- collecting, batches -----------------------------------------------------------------------------------------


def test_agents_can_be_collected():
    model = built(end="2012-03")
    model.datacollector = mesa.DataCollector(
        model_reporters={"month": "month", "falling": lambda m: m.stock(Strategy.FRITT_FALL)},
        agenttype_reporters={Migrant: {"strategy": "strategy"}, ReceptionCentre: {"residents": "residents_count"}},
    )
    model.run_model()
    people = model.datacollector.get_agenttype_vars_dataframe(Migrant)
    table = model.datacollector.get_model_vars_dataframe()
    falling = people[people["strategy"] == "fritt_fall"].groupby("Step").size()
    assert table["falling"].tolist() == falling.tolist()
    assert table["month"].tolist() == ["2012-01", "2012-02", "2012-03"]
    residents = model.datacollector.get_agenttype_vars_dataframe(ReceptionCentre)
    assert residents.groupby("Step")["residents"].sum().tolist() == (
        people[people["strategy"] == "synlig"].groupby("Step").size().tolist()
    )


def expected_ends(seeds):
    out = {}
    for seed in seeds:
        model = built(seed=seed, end="2012-03")
        model.run_model()
        out[seed] = model.datacollector.get_model_vars_dataframe().iloc[-1].to_dict()
    return out


def test_batch_run_over_seeds_and_levers():
    parameters = {"seed": [1, 2], "scale": SCALE, "end": "2012-03", "draws": "point", "work__tax_card": [True, False]}
    rows = batch_run(IrregularMigrationModel, parameters, display_progress=False)
    assert [(row["seed"], row["work__tax_card"]) for row in rows] == [(1, True), (1, False), (2, True), (2, False)]
    ends = expected_ends([1, 2])
    for row in rows:
        assert row["month"] == "2012-03"
        if row["work__tax_card"]:  # the baseline's own value in 2012
            assert {name: row[name] for name in ends[1]} == ends[row["seed"]]
    assert ends[1] != ends[2]


@pytest.mark.skipif("rng" not in inspect.signature(batch_run).parameters, reason="this Mesa has no such argument")
def test_batch_run_over_the_rng_argument_of_newer_mesa():
    rows = batch_run(
        IrregularMigrationModel,
        {"scale": SCALE, "end": "2012-03", "draws": "point"},
        display_progress=False,
        rng=[1, 2],
    )
    ends = expected_ends([1, 2])
    assert [{name: row[name] for name in ends[1]} for row in rows] == [ends[1], ends[2]]


@pytest.mark.once
def test_batch_run_month_by_month():
    parameters = {"replicate": [0, 1], "scale": SCALE, "end": "2012-03"}
    rows = batch_run(IrregularMigrationModel, parameters, data_collection_period=1, display_progress=False)
    assert [(row["replicate"], row["month"]) for row in rows] == [
        (replicate, month) for replicate in (0, 1) for month in ("2012-01", "2012-02", "2012-03")
    ]


# -- the month, stage by stage -----------------------------------------------------------------------------------

#: Columns that hold row numbers, compared through the person in that row.
_ROW_COLUMNS = ("guardian",)


def state_of(world):
    """Everything that changes, with persons in the order of their identity."""
    p = world.population
    order = np.argsort(p.person_id)
    out = {name: getattr(p, name)[order] for name in COLUMNS if name not in _ROW_COLUMNS}
    guardian = p.guardian[order]
    out["guardian_id"] = np.where(guardian >= 0, p.person_id[guardian], np.uint64(0))
    for name in ("perceived", "is_willing", "open_jobs"):
        out[f"employers_{name}"] = getattr(world.employers, name).copy()
    for name in ("capacity", "closing_share", "is_open"):
        out[f"centres_{name}"] = getattr(world.centres, name).copy()
    for name in ("stocks", "by_country", "side", "duty_in_centres", "outcomes"):
        out[f"history_{name}"] = getattr(world.history, name).copy()
    out |= {f"flows_{name}": values for name, values in world.history.flow_counts().items()}
    out |= {f"registers_{name}": values for name, values in world.history.register_counts().items()}
    out |= {f"binding_{name}": values for name, values in world.history.binding.items()}
    out |= {name: getattr(world, name).copy() for name in ("perceived", "forced", "bed_share")}
    out["month"] = np.array(world.month)
    return out


def assert_same_state(one, other):
    assert one.keys() == other.keys()
    for name, values in one.items():
        assert np.array_equal(values, other[name]), name


def spy_on_decisions(monkeypatch):
    """Notes of every part how many persons each decision was for."""
    calls = {part.name: [] for part in MONTH}

    def watched(decide):
        def noted(part, world, at, rows):
            calls[part.name].append(len(rows))
            return decide(part, world, at, rows)

        return noted

    for kind in {Contest} | {type(part) for part in MONTH if not isinstance(part, Contest)}:
        monkeypatch.setattr(kind, "decide", watched(kind.decide))

    def code(alone, place, before=Alone.code):
        noted = calls[alone.part.name]
        count = len(noted)
        found = before(alone, place)
        # Who draws first decides without the part.
        noted += [1] * (len(noted) == count)
        return found

    monkeypatch.setattr(Alone, "code", code)
    return calls


@pytest.mark.parametrize(
    ("months", "settings", "idle"),
    [
        (12, {}, {"schemes"}),
        pytest.param(
            *(12, {"employer_sanctions_directive": DIRECTIVE, "regularisation": [SCHEME]}, set()),
            marks=pytest.mark.slow,
        ),
        (6, {"assumptions__interactions": False}, {"schemes"}),
    ],
    ids=["baseline", "directive and scheme", "no interactions"],
)
@pytest.mark.once
def test_the_month_stage_by_stage_gives_the_same_lives(monkeypatch, months, settings, idle):
    start = month_number("2016-07")
    end = month_text(start + months - 1)
    period = {"start": "2016-07", "end": "2018-12"}
    whole, staged = (built(scale=0.01, end=end, period=period, **settings) for _ in range(2))
    assert whole.month == "2016-06"
    calls = spy_on_decisions(monkeypatch)
    decided = dict.fromkeys(STAGES, 0)
    closed = 0
    while whole.running:
        whole.step()
        for sizes in calls.values():
            sizes.clear()
        staged.begin_month()
        for number, stage in enumerate(staged.stages):
            # In the order of rows, and in any other order.
            do = staged.agents.do if (number + staged.steps) % 2 else staged.agents.shuffle_do
            do(stage)
            # All decisions of the stage were one person's.
            assert set(calls[stage]) <= {1}, stage
            decided[stage] += len(calls[stage])
        staged.end_month()
        assert sum(len(sizes) for sizes in calls.values()) == sum(sum(sizes) for sizes in calls.values())
        assert_same_state(state_of(whole.world), state_of(staged.world))
        assert lives(whole) == lives(staged), whole.month
        closed += int((whole.world.centres.closing_share > 0).sum())
    assert closed > 0, "centres must close in these months for the test to see transfers"
    assert (staged.month, staged.steps, staged.running) == (end, months, False)
    pd.testing.assert_frame_equal(
        whole.datacollector.get_model_vars_dataframe(), staged.datacollector.get_model_vars_dataframe()
    )
    # Nobody decides on arrivals; so few employers may dismiss nobody.
    asked = {stage for stage, count in decided.items() if count}
    assert asked - {"dismissal"} == set(STAGES) - {"inflow", "dismissal"} - idle, decided


@pytest.mark.once
def test_whatever_is_asked_of_whom_the_same_lives_come_out():
    whole, some, mixed, ended = (built(end="2012-04") for _ in range(4))
    while whole.running:
        whole.step()
        some.begin_month()
        some.agents.do("residence")  # all stages before it in one go
        some.agents.select(lambda a: a.district == "Oslo").do("choice")  # some persons by themselves
        some.step()  # the rest of the month
        mixed.begin_month()
        for stage in mixed.stages:
            if stage == "choice":
                mixed.agents.do(stage)
            mixed.settle(stage)
        mixed.end_month()
        ended.begin_month()
        ended.end_month()
    expected = state_of(whole.world)
    for model in (some, mixed, ended):
        assert (model.steps, model.month, model.running) == (4, "2012-04", False)
        assert_same_state(expected, state_of(model.world))


def test_a_stage_shows_its_result_before_the_next():
    model = built()
    newcomers = {p.person for p in model.migrants}
    model.begin_month()
    assert {p.person for p in model.migrants} - newcomers, "who comes this month is there when it begins"
    model.settle("reconsider")
    falling = model.agents.select(lambda a: isinstance(a, Migrant) and a.strategy == "fritt_fall" and not a.is_held)
    heads = [person for person in falling if person.household != "child"]
    assert heads
    assert all(person.months_in_strategy >= 0 for person in heads)
    model.agents.do("choice")
    assert any(not person.is_here or person.strategy != "fritt_fall" for person in heads)


def test_stages_are_refused_out_of_turn():
    model = built()
    with pytest.raises(RuntimeError, match="no month is open"):
        model.agents.do("choice")
    with pytest.raises(RuntimeError, match="no month is open"):
        model.end_month()
    model.begin_month()
    with pytest.raises(RuntimeError, match="2012-01 is open"):
        model.begin_month()
    with pytest.raises(ValueError, match=r"'labour' is not a stage of the month; the stages are inflow, ties"):
        model.settle("labour")
    model.agents.do("choice")
    with pytest.raises(RuntimeError, match="support is over this month: choice has begun"):
        model.agents.do("support")
    model.agents.do("choice")  # again: everybody has answered


# -- the network -------------------------------------------------------------------------------------------------


def test_the_network_joins_persons_to_what_they_have(looked_at):
    graph = looked_at.network(limit=None)
    by_node = {agent.node: agent for agent in looked_at.agents}
    kind_of = {Migrant: "person", Employer: "employer", ReceptionCentre: "centre", Host: "host"}
    circles = {node for node, kind in graph.nodes(data="kind") if kind == "circle"}
    assert {graph.nodes[node]["type"] for node in circles} == {"congregation", "compatriots"}
    for node, about in graph.nodes(data=True):
        if node in circles:
            continue
        agent = by_node[node]
        assert (about["district"], about["city"]) == (agent.district, agent.city)
        assert about["kind"] == kind_of[type(agent)]
    kinds = dict.fromkeys(("tie", "guest", "resident", "worker", "side_worker", "co_national", "family", "member"), 0)
    for one, other, about in graph.edges(data=True):
        kinds[about["kind"]] += 1
        if about["kind"] == "member":
            known = by_node[other if one in circles else one]
            assert isinstance(known, Migrant | Host) and (one in circles) != (other in circles)
            continue
        person, thing = sorted((by_node[one], by_node[other]), key=lambda a: not isinstance(a, Migrant))
        match about["kind"]:
            case "tie":
                assert thing in person.hosts_known and thing is not person.host
            case "guest":
                assert person.host is thing
            case "resident":
                assert person.centre is thing
            case "worker":
                assert person.employer is thing
            case "side_worker":
                assert person.side_employer is thing
            case "family":
                assert thing is person.guardian or person is thing.guardian
            case "co_national":
                shared = circles & set(graph[one]) & set(graph[other])
                assert shared, "two persons who hear from one another belong to one circle"
    people = looked_at.migrants
    assert kinds["guest"] == sum(p.host is not None for p in people) > 0
    assert kinds["resident"] == sum(p.centre is not None for p in people) > 0
    assert kinds["worker"] == sum(p.employer is not None for p in people) > 0
    assert kinds["side_worker"] == sum(p.side_employer is not None for p in people) > 0
    assert kinds["family"] == sum(p.guardian is not None for p in people) > 0
    assert kinds["tie"] > 0


def test_whoever_knows_or_lives_with_hosts_of_one_circle_is_joined():
    world = world_at("2011-12")
    p, hosts = world.population, world.hosts
    # One host of a circle of several.
    congregation = int(np.flatnonzero(hosts.circle_size[hosts.circle[:-1]] > 1)[0])
    circle = np.flatnonzero(hosts.circle[:-1] == hosts.circle[congregation])
    other = int(np.flatnonzero(hosts.circle[:-1] != hosts.circle[congregation])[0])
    assert len(circle) > 1
    assert len(set(hosts.country[circle])) == len(set(hosts.place[circle])) == 1
    rows = np.flatnonzero(p.is_here & (p.host < 0) & (p.centre < 0) & (p.guardian < 0))[:4]
    for column in (p.tie_0, p.tie_1, p.tie_2, p.host):
        column[:] = -1
    p.host[rows[:2]], p.tie_0[rows[2]], p.tie_1[rows[3]] = congregation, circle[-1], other
    graph = ties.to_networkx(world, limit=None)
    names = [person_code(int(i)) for i in p.person_id[rows]]
    joined = {frozenset((a, b)) for a, b, kind in graph.edges(data="kind") if kind == "co_national"}
    assert joined == {frozenset(names[:2]), frozenset(names[1:3]), frozenset((names[0], names[2]))}
    has_congregation = bool((hosts.type[circle] == Substrategy.CONGREGATION).any())
    node = ties.circle_node(world, int(hosts.circle[congregation]))
    assert graph.nodes[node]["type"] == ("congregation" if has_congregation else "compatriots")


def test_a_larger_sample_holds_the_smaller_and_the_same_persons_are_followed():
    model = built()

    def sampled(limit):
        return {n for n, kind in model.network(limit).nodes(data="kind") if kind == "person"}

    small, large = sampled(20), sampled(60)
    assert (len(small), len(large)) == (20, 60) and small < large
    model.step()
    here = {person.person for person in model.migrants}
    assert small & here <= sampled(40)
    with pytest.raises(ValueError, match="0 or more"):
        model.network(-1)


def test_no_node_tells_a_citizenship(looked_at):
    graph = looked_at.network(limit=None)
    allowed = {"kind", "name", "type", "strategy", "sector", "district", "city"}
    assert {key for _, about in graph.nodes(data=True) for key in about} == allowed
    assert {key for _, _, about in graph.edges(data=True) for key in about} == {"kind"}
    names = {c.name for c in countries()} | {c.name_en for c in countries()} | {c.iso for c in countries()}
    # "Andre" is a district too.
    names -= {*DISTRICTS, *(p.name for p in places())}
    words = {str(value) for _, about in graph.nodes(data=True) for value in about.values()}
    assert not names & words


# -- its documentation -------------------------------------------------------------------------------------------


@pytest.mark.once
def test_the_examples_of_the_documentation_run():
    text = (Path(__file__).parents[1] / "docs" / "mesa.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```python\n(.*?)```", text, flags=re.DOTALL)
    assert len(blocks) >= 3
    names = {}
    for block in blocks:
        exec(compile(block, "docs/mesa.md", "exec"), names)
    assert names["model"].steps > 0


# -- models with parts of their own ------------------------------------------------------------------------------


class Homecoming(Contest):
    """Persons in free fall who are called home by their family: a rule that irregsim does not have."""

    name, step = "homecoming", 9

    def __init__(self, hazard):
        self.rules = (
            Rule(
                channel="homecoming",
                hazard=lambda who, at: np.full(len(who), hazard),
                mechanisms=(),
                source="a test",
                grade="D",
                enters=Exit.VIDERE,
                cause="onward",
            ),
        )

    def at_risk(self, world, at):
        return world.who(Strategy.FRITT_FALL)


def with_homecoming(hazard):
    add_channel("homecoming", OWN_CHANNELS + 1)
    cut = STAGES.index("departures")

    class Model(IrregularMigrationModel):
        parts = (*MONTH[:cut], Homecoming(hazard), *MONTH[cut:])

    return Model(scale=SCALE, end="2012-03", draws="point")


@pytest.mark.once
def test_a_part_of_ones_own_is_a_stage_and_without_effect_changes_nobody():
    plain, idle, busy = built(end="2012-03"), with_homecoming(0.0), with_homecoming(0.5)
    assert busy.stages == (*STAGES[:-2], "homecoming", *STAGES[-2:])
    assert plain.stages == STAGES
    for model in (plain, idle, busy):
        model.run_model()
    assert lives(plain) == lives(idle) != lives(busy)
    assert busy.stock(Strategy.FRITT_FALL) < plain.stock(Strategy.FRITT_FALL)


def test_a_part_of_ones_own_can_be_run_person_by_person():
    whole, staged = with_homecoming(0.5), with_homecoming(0.5)
    whole.step()
    staged.begin_month()
    for stage in staged.stages:
        staged.agents.do(stage)
    staged.end_month()
    assert lives(whole) == lives(staged)


def test_the_columns_can_be_simulated_with_a_part_of_ones_own():
    model = with_homecoming(0.5)
    model.run_model()
    scenario = load_scenario("baseline", end="2012-03")
    world = simulate.simulate(scenario, point_draw(), seed=2021, replicate=0, scale=SCALE, parts=model.parts)
    assert np.array_equal(world.history.stocks, model.world.history.stocks)


def test_a_part_cannot_take_a_name_that_agents_use():
    with pytest.raises(ValueError, match="cannot be called district"):
        type("Model", (IrregularMigrationModel,), {"parts": (type("D", (Homecoming,), {"name": "district"})(0.1),)})
