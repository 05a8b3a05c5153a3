"""The plan of a month, where its time goes, and a rule of one's own in it."""

from __future__ import annotations

import numpy as np
import pytest
from click.testing import CliRunner

from irregsim.agents.stages import OpenMonth
from irregsim.cli import main
from irregsim.model import simulate
from irregsim.model.draws import OWN_CHANNELS, Draws, add_channel
from irregsim.model.engine import Contest, Rule
from irregsim.model.month import MONTH
from irregsim.model.parameters import point_draw
from irregsim.model.plan import REST, STAGES, plan, timing
from irregsim.model.values import Values
from irregsim.scenario import load_scenario
from irregsim.vocabulary.codes import CAUSE_CODE, Exit, RegisterEvent, Strategy

SCALE, END = 0.02, "2012-03"


def test_the_plan_lists_every_part_and_rule_in_order():
    rows = plan()
    assert [row["part"] for row in rows] == [part.name for part in MONTH]
    assert [row["order"] for row in rows] == list(range(1, len(MONTH) + 1))
    assert [rule["channel"] for row in rows for rule in row["rules"]] == [r.channel for p in MONTH for r in p.rules]
    # Steps 1, the values of the month, and 10, the record, have no part.
    steps = [row["step"] for row in rows]
    assert steps == sorted(steps) and set(steps) == set(range(2, 10))
    assert all(row["what"] and row["at_risk"] for row in rows)
    by_name = {row["part"]: row for row in rows}
    assert by_name["inflow"]["at_risk"] == "nobody is asked"
    assert by_name["residence"]["at_risk"] == "Residents free to act"
    walkout, fetch, *_ = by_name["residence"]["rules"]
    assert (walkout["enters"], walkout["cause"], walkout["notes"]) == ("fritt_fall", "walkout", ("left_centre",))
    assert (fetch["enters"], fetch["notes"]) == ("tvangsretur", ("order_asylum", "transport_asylum"))
    death = by_name["departures"]["rules"][-1]
    assert (death["channel"], death["enters"], death["grade"]) == ("death", None, "D")


def test_the_time_of_a_replicate_is_shown_by_part_and_stage():
    rows = timing(load_scenario("baseline", end="2012-01"), point_draw(), scale=SCALE)
    assert [row["part"] for row in rows] == [*(part.name for part in MONTH), REST]
    assert sum(row["share"] for row in rows) == pytest.approx(1.0)
    for row in rows[:-1]:
        assert row["seconds"] == pytest.approx(sum(row[stage] for stage in STAGES))
        assert all(row[stage] >= 0 for stage in STAGES)
    by_name = {row["part"]: row for row in rows}
    assert by_name["inflow"]["begin"] > 0 and by_name["choice"]["decide"] > 0
    assert rows[-1]["begin"] is None
    # Per person and month of the same replicate as it is simulated without a clock.
    scenario = load_scenario("baseline", end="2012-01")
    world = simulate.start(Values(scenario.levers, point_draw(), SCALE), Draws(2021, 0))
    person_months = 0
    for _ in range(world.values.months):
        simulate.advance_month(world, MONTH)
        person_months += simulate.persons_here(world)
    for row in rows:
        assert row["microseconds"] == pytest.approx(row["seconds"] * 1e6 / person_months)


def test_a_timed_month_is_the_same_month():
    """Timing changes nobody: the replicate behind the table is the one that a run simulates."""
    scenario = load_scenario("baseline", end="2012-01")
    calls = []

    class Watch(Contest):
        """Nobody."""

        name, step = "watch", 9

        def begin(self, world, at):
            calls.append(world.population.strategy.copy())

    timing(scenario, point_draw(), seed=5, scale=SCALE, parts=(*MONTH, Watch()))
    timed, calls[:] = list(calls), []
    simulate.simulate(scenario, point_draw(), seed=5, replicate=0, scale=SCALE, parts=(*MONTH, Watch()))
    assert len(timed) == len(calls) == 37
    assert all(np.array_equal(one, other) for one, other in zip(timed, calls, strict=True))


def test_the_command_prints_the_plan():
    shown = CliRunner().invoke(main, ["model"])
    assert shown.exit_code == 0, shown.output
    lines = shown.output.splitlines()
    assert " 6. residence (step 4): What ends a stay in a centre, other than its closing" in lines
    assert "    at risk: Residents free to act" in lines
    assert "    - pu_fetch [D] -> tvangsretur (pu_fetch)" in lines
    assert "    - death [D] decided by the part" in lines
    assert "Process time" not in shown.output


def test_the_command_says_where_the_time_goes():
    shown = CliRunner().invoke(main, ["model", "--time", "--end", "2012-01", "--scale", str(SCALE)])
    assert shown.exit_code == 0, shown.output
    title = next(line for line in shown.output.splitlines() if line.startswith("Process time"))
    assert "2009-01 to 2012-01, scale 0.02" in title
    table = shown.output[shown.output.index(title) :].splitlines()[1:]
    assert [line.split()[0] for line in table[1:]] == [*(part.name for part in MONTH), REST]


@pytest.mark.parametrize(
    ("options", "words"),
    [(("--end", "2001-01"), "2001-01 is outside the period"), (("--scale", "0"), "must be above 0 and at most 10")],
)
def test_the_command_refuses_what_cannot_be_run(options, words):
    shown = CliRunner().invoke(main, ["model", "--time", *options])
    assert shown.exit_code == 2
    assert words in shown.output


# -- a new rule: CONTRIBUTING.md says what else it needs -------------------------------------------------------------


def sent_for_hazard(who, at):
    """Hazard of being sent for by relatives abroad, an assumption of this test."""
    return np.where(who.is_guardian, 0.5, 0.0)


class SentFor(Contest):
    """Relatives abroad send for families in free fall."""

    name, step = "sent_for", 9
    rules = (
        Rule(
            channel="sent_for",
            hazard=sent_for_hazard,
            mechanisms=(),
            source="a test",
            grade="D",
            enters=Exit.VIDERE,
            cause="family",
            notes=(RegisterEvent.LEFT_CENTRE,),
        ),
    )

    def at_risk(self, world, at):
        """Persons in free fall."""
        return world.who(Strategy.FRITT_FALL)


def parts_with_sent_for():
    add_channel("sent_for", OWN_CHANNELS + 77)
    return (*MONTH, SentFor())


def families_sent_for(world):
    flows = world.history.flow_counts()
    chosen = (flows["cause"] == CAUSE_CODE["family"]) & (flows["destination"] == Exit.VIDERE)
    return int(flows["persons"][chosen].sum())


def test_a_new_rule_needs_no_more_than_its_function_its_declaration_and_a_channel():
    parts, scenario = parts_with_sent_for(), load_scenario("baseline", end=END)
    world = simulate.simulate(scenario, point_draw(), seed=1, replicate=0, scale=SCALE, parts=parts)
    world.check()
    world.history.check_balance()
    heads = world.history.expected["sent_for"].sum()
    assert heads > 0
    # Guardians are moved with their children, so more persons leave than guardians are expected to.
    assert families_sent_for(world) > 1.1 * heads
    last = plan(parts)[-1]
    assert (last["part"], last["what"]) == ("sent_for", "Relatives abroad send for families in free fall")
    assert last["at_risk"] == "Persons in free fall"
    assert last["rules"][0]["enters"] == "videre" and last["rules"][0]["notes"] == ("left_centre",)


def test_a_new_rule_is_settled_person_by_person_too():
    parts, scenario = parts_with_sent_for(), load_scenario("baseline", end=END)
    whole, asked = (simulate.start(Values(scenario.levers, point_draw(), SCALE), Draws(1, 0)) for _ in range(2))
    for _ in range(30):
        simulate.advance_month(whole, parts)
        month = OpenMonth(asked, parts)
        month.settle("needs")
        for row in asked.who(Strategy.FRITT_FALL).tolist():
            month.ask("sent_for", row)
        month.end()
    assert families_sent_for(whole) == families_sent_for(asked) > 0
    assert np.array_equal(whole.population.strategy, asked.population.strategy)
