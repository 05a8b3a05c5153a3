"""Memory: many replicates leave nothing behind, neither in one process nor in workers."""

from __future__ import annotations

import gc
import json
import os
import tracemalloc
from pathlib import Path

import pytest

from irregsim.inference.posterior import choose
from irregsim.scenario import load_scenario
from irregsim.storage.folder import Parts
from irregsim.study.frames import run_replicate
from irregsim.study.replicates import Plan, Todo, run_parts
from irregsim.study.tables import tables_of

pytestmark = [pytest.mark.slow, pytest.mark.once]

#: Where workers write what they hold.
HELD = "IRREGSIM_TEST_HELD"


def plans(**how):
    """Two scenarios that part in February 2012, each of two months in the country of one person in a hundred."""
    change = "levers.fines.worker_nok=[{from: 2012-02, value: 1}]"
    scenarios = [load_scenario("baseline", overrides=list(changes), end="2012-02") for changes in ((), (change,))]
    draws = choose("posterior")[0]
    return [Plan(scenario, draws, 3, scale=0.01, spells=True, **how) for scenario in scenarios]


def to_do(folder: Path, planned, first: int, last: int) -> list[Todo]:
    """Some replicates of plans."""
    wanted = frozenset(range(first, last))
    return [Todo(plan, Parts(folder / str(number), tables_of(True)), wanted) for number, plan in enumerate(planned)]


def test_a_hundred_replicates_leave_nothing_behind(tmp_path):
    """What is held after a hundred replicates is what was held after twenty, to within a tenth of one replicate."""
    planned = plans()

    def held_after(first: int, last: int) -> int:
        run_parts(to_do(tmp_path, planned, first, last))
        gc.collect()
        return tracemalloc.get_traced_memory()[0]

    tracemalloc.start()
    try:
        early, peak_of_one = held_after(0, 20), tracemalloc.get_traced_memory()[1]
        late = held_after(20, 100)
    finally:
        tracemalloc.stop()
    assert late - early < 0.1 * peak_of_one, f"{early} bytes after 20 replicates, {late} after 100"


def traced(scenario, draw, *, replicate, **how):
    """The engine, which notes what its process held before each replicate, and the peak of those before."""
    if not tracemalloc.is_tracing():
        tracemalloc.start()
    gc.collect()
    held, peak = tracemalloc.get_traced_memory()
    with (Path(os.environ[HELD]) / str(os.getpid())).open("a", encoding="utf-8") as file:
        file.write(json.dumps([held, peak]) + "\n")
    return run_replicate(scenario, draw, replicate=replicate, **how)


def test_a_worker_holds_no_more_after_thirty_replicates(tmp_path, monkeypatch):
    """What a worker holds before its last replicate is what it held before its eleventh, to a tenth of one."""
    notes = tmp_path / "held"
    notes.mkdir()
    monkeypatch.setenv(HELD, str(notes))
    run_parts(to_do(tmp_path, plans(engine=f"{__name__}:traced"), 0, 30), jobs=2)
    told = {file.name: [json.loads(line) for line in file.read_text().splitlines()] for file in notes.iterdir()}
    assert str(os.getpid()) not in told, "workers worked, and this process did not"
    assert sum(map(len, told.values())) == 60
    lines = max(told.values(), key=len)
    (early, _), (late, peak) = lines[10], lines[-1]
    assert late - early < 0.1 * (peak - early), f"{early} bytes at first, {late} after {len(lines)} replicates"
