"""Memory: many replicates in one process leave nothing behind."""

from __future__ import annotations

import gc
import tracemalloc

import pytest

from irregsim.inference.posterior import choose
from irregsim.scenario import load_scenario
from irregsim.storage.folder import Parts
from irregsim.study.replicates import Plan, Todo, run_parts
from irregsim.study.tables import tables_of

pytestmark = [pytest.mark.slow, pytest.mark.once]


def test_a_hundred_replicates_leave_nothing_behind(tmp_path):
    """What is held after a hundred replicates is what was held after twenty, to within a tenth of one replicate."""
    change = "levers.fines.worker_nok=[{from: 2012-02, value: 1}]"
    scenarios = [load_scenario("baseline", overrides=list(changes), end="2012-02") for changes in ((), (change,))]
    draws = choose("posterior")[0]
    plans = [Plan(scenario, draws, 3, scale=0.01, spells=True) for scenario in scenarios]

    def held_after(first: int, last: int) -> int:
        todo = [
            Todo(plan, Parts(tmp_path / str(number), tables_of(True)), frozenset(range(first, last)))
            for number, plan in enumerate(plans)
        ]
        run_parts(todo)
        gc.collect()
        return tracemalloc.get_traced_memory()[0]

    tracemalloc.start()
    try:
        early, peak_of_one = held_after(0, 20), tracemalloc.get_traced_memory()[1]
        late = held_after(20, 100)
    finally:
        tracemalloc.stop()
    assert late - early < 0.1 * peak_of_one, f"{early} bytes after 20 replicates, {late} after 100"
