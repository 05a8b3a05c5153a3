"""Run-ups on disk: used where the content is the same, never where it is not, and bounded."""

from __future__ import annotations

import os

import pytest

from irregsim.inference.posterior import choose
from irregsim.scenario import load_scenario
from irregsim.storage.parquet import content_digest, table_from_frame
from irregsim.study import forks
from irregsim.study.forks import run_together
from irregsim.study.run_ups import RunUps, key_of
from irregsim.study.tables import tables_of
from irregsim.vocabulary.codes import month_number

DRAWS = choose("posterior")[0].values
HOW = {"seed": 2, "replicate": 1, "scale": 0.02, "spells": True}
END = "2012-09"


def fines(month, value=90000, **more):
    return load_scenario(
        "baseline", overrides=[f"levers.fines.worker_nok=[{{from: {month}, value: {value}}}]"], end=END
    )


def digests(frames):
    columns = tables_of(True)
    return {name: content_digest(table_from_frame(name, columns[name], frame, 0)) for name, frame in frames.items()}


@pytest.fixture
def months(monkeypatch):
    """Counts the months that are simulated."""
    counted = []
    real = forks.advance_month
    monkeypatch.setattr(forks, "advance_month", lambda world, parts: (counted.append(world.month), real(world, parts)))
    return counted


def test_the_second_time_only_the_months_after_the_change_are_simulated(tmp_path, months):
    baseline, first, second = load_scenario("baseline", end=END), fines("2012-04"), fines("2012-04", 120000)
    run_ups, parting = RunUps(tmp_path, 10**9), month_number("2012-04")
    both = dict(run_together([baseline, first], DRAWS[0], **HOW, run_ups=run_ups))
    assert len(months) == parting + 2 * (baseline.levers.months - parting)
    months.clear()
    (found,) = run_together([second], DRAWS[0], **HOW, partings=[parting], run_ups=run_ups)
    assert len(months) == second.levers.months - parting
    assert digests(found[1]) == digests(next(run_together([second], DRAWS[0], **HOW))[1])
    # What was kept has not changed what came of the others.
    assert digests(both[0]) == digests(next(run_together([baseline], DRAWS[0], **HOW))[1])


def test_other_content_is_another_run_up():
    baseline, parting = load_scenario("baseline", end=END).levers, month_number("2012-04")
    key = key_of(baseline, parting, DRAWS[0], **HOW)
    assert key == key_of(fines("2012-04").levers, parting, DRAWS[0], **HOW), "alike before the month"
    others = [
        key_of(fines("2012-03").levers, parting, DRAWS[0], **HOW),
        key_of(baseline, parting - 1, DRAWS[0], **HOW),
        key_of(baseline, parting, DRAWS[1], **HOW),
        *(
            key_of(baseline, parting, DRAWS[0], **{**HOW, name: value})
            for name, value in (("seed", 3), ("replicate", 2), ("scale", 0.03), ("spells", False))
        ),
        key_of(
            load_scenario("baseline", overrides=["assumptions.response.return_risk=0"], end=END).levers,
            parting,
            DRAWS[0],
            **HOW,
        ),
        key_of(
            load_scenario("baseline", overrides=["assumptions.asylum_rejections_per_year={2012: 500}"], end=END).levers,
            parting,
            DRAWS[0],
            **HOW,
        ),
    ]
    assert len({key, *others}) == len(others) + 1


def test_the_least_recently_used_go_first(tmp_path):
    run_ups = RunUps(tmp_path, 3000)
    for number, name in enumerate("abcd"):
        path = tmp_path / f"{name}.run-up"
        path.write_bytes(b"x" * 1000)
        os.utime(path, (number, number))
    (tmp_path / "mine.txt").write_text("not ours", encoding="utf-8")
    os.utime(tmp_path / "a.run-up")
    run_ups._make_room()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.run-up", "c.run-up", "d.run-up", "mine.txt"]


def test_a_damaged_run_up_and_a_folder_that_cannot_be_written_cost_time_only(tmp_path, months):
    baseline, first, parting = load_scenario("baseline", end=END), fines("2012-04"), month_number("2012-04")
    dict(run_together([baseline, first], DRAWS[0], **HOW, run_ups=RunUps(tmp_path, 10**9)))
    (kept,) = tmp_path.iterdir()
    kept.write_bytes(kept.read_bytes()[:-9])
    (tmp_path / "file").write_text("", encoding="utf-8")
    for folder in (tmp_path, tmp_path / "file" / "below"):
        months.clear()
        next(run_together([first], DRAWS[0], **HOW, partings=[parting], run_ups=RunUps(folder, 10**9)))
        assert len(months) == first.levers.months


def test_the_environment_says_where_and_how_much(tmp_path, monkeypatch):
    monkeypatch.setenv("IRREGSIM_CACHE", str(tmp_path))
    monkeypatch.setenv("IRREGSIM_CACHE_MB", "2.5")
    assert RunUps.of_user() == RunUps(tmp_path / "run-ups", 2_500_000)
    monkeypatch.setenv("IRREGSIM_CACHE_MB", "much")
    assert RunUps.of_user().room == 10**9
    monkeypatch.setenv("IRREGSIM_CACHE", "")
    assert RunUps.of_user().folder is None
