"""The tables of one replicate where a period does not fill a year."""

from irregsim.model.parameters import point_draw
from irregsim.scenario import load_scenario
from irregsim.study.frames import run_replicate


def test_a_period_without_a_whole_year_has_months_and_no_register():
    scenario = load_scenario("baseline", end="2012-06")
    tables = run_replicate(scenario, point_draw(), seed=1, replicate=0, scale=0.01)
    assert sorted(tables["stocks"]["month"].unique()) == [f"2012-{month:02d}" for month in range(1, 7)]
    assert len(tables["registers"]) == 0
    assert list(tables["registers"].columns) == ["period", "register", "dimension", "key", "count"]


def test_a_register_reports_whole_years_only():
    scenario = load_scenario("baseline", end="2013-06", overrides=["period.start=2011-07"])
    tables = run_replicate(scenario, point_draw(), seed=1, replicate=0, scale=0.01)
    assert {period[:4] for period in tables["registers"]["period"]} == {"2012"}


def test_the_first_month_of_a_period_opens_with_the_stock_before_it():
    whole = run_replicate(load_scenario("baseline", end="2012-03"), point_draw(), seed=1, replicate=0, scale=0.02)
    later = load_scenario("baseline", end="2012-03", overrides=["period.start=2012-03"])
    part = run_replicate(later, point_draw(), seed=1, replicate=0, scale=0.02)
    before = whole["stocks"].query("month == '2012-02'").groupby("strategy", observed=True)["persons"].sum()
    opening = part["flows"].query("origin == 'opening'").groupby("destination", observed=True)["persons"].sum()
    assert before.to_dict() == opening.to_dict()
    assert set(part["stocks"]["month"]) == {"2012-03"}
