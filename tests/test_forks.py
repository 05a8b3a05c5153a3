"""Scenarios that share their first years: every table is the same as if each had been run alone."""

from __future__ import annotations

from dataclasses import replace

import pytest

from irregsim.inference.posterior import choose
from irregsim.scenario import load_scenario, shipped_scenarios
from irregsim.storage.parquet import content_digest, table_from_frame
from irregsim.study.forks import run_together, shared_months
from irregsim.study.frames import run_replicate
from irregsim.study.tables import tables_of

pytestmark = pytest.mark.once

DRAW = choose("posterior")[0].values[3]


def digests(frames):
    columns = tables_of(True)
    return {name: content_digest(table_from_frame(name, columns[name], frame, 0)) for name, frame in frames.items()}


def alone(scenario, **how):
    return digests(run_replicate(scenario, DRAW, **how))


def check_equal(scenarios, **how):
    found = {}
    for number, frames in run_together(scenarios, DRAW, **how):
        assert number not in found
        found[number] = digests(frames)
    assert sorted(found) == list(range(len(scenarios)))
    for number, scenario in enumerate(scenarios):
        assert found[number] == alone(scenario, **how), scenario.name
    return found


@pytest.mark.slow
def test_forked_tables_are_those_of_full_runs():
    """Parting in 2023-01, in 2017-12, and from the very start."""
    end = "2023-12"
    loaded = [load_scenario(name, end=end) for name in ("baseline", "fines-tripled", "closures-2017-2020-undone")]
    always = load_scenario("baseline", overrides=["assumptions.response.return_risk=0"], end=end)
    same = replace(loaded[1], name="the-same-under-another-name")
    found = check_equal([*loaded, always, same], seed=5, replicate=3, scale=0.05, spells=True)
    assert found[1] == found[4] and len({tuple(sorted(one.items())) for one in found.values()}) == 4


@pytest.mark.slow
def test_forked_tables_of_every_shipped_scenario_are_those_of_full_runs():
    scenarios = [load_scenario(name) for name in shipped_scenarios()]
    check_equal(
        [*scenarios, load_scenario("fines-tripled", end="2023-12")], seed=5, replicate=3, scale=0.02, spells=True
    )


@pytest.mark.parametrize(
    ("names", "most"),
    [(("baseline", "tax-card-restored", "fines-tripled"), 0.70), (("baseline",), 1.0)],
)
def test_the_run_up_is_simulated_once(names, most):
    simulated, total = shared_months([load_scenario(name) for name in names])
    assert simulated <= most * total


def test_all_shipped_scenarios_share_most_months():
    simulated, total = shared_months([load_scenario(name) for name in shipped_scenarios()])
    assert simulated < 0.45 * total
