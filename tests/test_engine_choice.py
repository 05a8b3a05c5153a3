"""Which engine decides a month, and how machine code comes about without anybody waiting for it."""

from __future__ import annotations

import subprocess
import sys
from itertools import pairwise

import numpy as np
import pytest

from helpers.engines import Own, levers_of, needs_numba, world_of
from helpers.whole_world import digest
from irregsim.model import compiled
from irregsim.model.draws import Draws
from irregsim.model.engine import Contest
from irregsim.model.month import MONTH
from irregsim.model.parameters import point_draw
from irregsim.model.simulate import advance_month, start
from irregsim.model.values import Values

CONTESTS = {part.name for part in MONTH if isinstance(part, Contest)}


def halves(who, at):
    return np.where(who.is_female, 0.001, 0.002)


@pytest.fixture
def none_named(monkeypatch):
    """No engine is named, and this process has not looked for machine code yet; what it starts is counted, not run."""
    from irregsim.model.compiled import background

    started = []
    monkeypatch.delenv(compiled.ENGINE_VARIABLE, raising=False)
    for name, value in (("_months_begun", 0), ("_not_before", 0.0), ("_found_in", None), ("_LOOK_AGAIN", 0.0)):
        monkeypatch.setattr(compiled, name, value)
    monkeypatch.setattr(compiled, "is_on", False)
    monkeypatch.setattr(background, "_filler", None)
    monkeypatch.setattr(background, "_gave_up", False)
    monkeypatch.setattr(background.subprocess, "Popen", lambda command, **how: started.append(command))
    return started


def test_numpy_is_the_engine_where_none_is_named_and_nothing_can_be_kept(none_named, monkeypatch):
    monkeypatch.setenv("IRREGSIM_CACHE", "")
    for _ in range(30):
        compiled.begin_month()
        assert not compiled.is_on
    assert compiled.twin_of(MONTH[1]) is None
    assert not none_named


@needs_numba
def test_machine_code_takes_over_where_it_is_ready_and_no_engine_is_named(engine, none_named, monkeypatch):
    engine("numpy")
    expected = digest(world_of(months=30, scale=0.02))
    monkeypatch.delenv(compiled.ENGINE_VARIABLE)
    assert digest(world_of(months=24, scale=0.02)) and not compiled.is_on
    assert digest(world_of(months=30, scale=0.02)) == expected
    assert compiled.is_on and compiled.twin_of(MONTH[1]) is not None
    assert not none_named, "nothing is compiled that is there"
    own = Own(halves)
    assert compiled.twin_of(own) is None, "nobody waits for a rule of one's own either"


@needs_numba
def test_machine_code_that_is_not_ready_is_made_in_the_background(none_named, monkeypatch, tmp_path):
    monkeypatch.setenv("IRREGSIM_CACHE", str(tmp_path))
    world_of(months=24, scale=0.02)
    assert not none_named, "a few months are no reason to compile"
    compiled.begin_month()
    assert [command[1:] for command in none_named] == [["-m", "irregsim.model.compiled", "--background"]]
    assert not compiled.is_on


@needs_numba
def test_one_process_on_a_machine_makes_machine_code(none_named, monkeypatch, tmp_path):
    from irregsim.model.compiled import background

    monkeypatch.setenv("IRREGSIM_CACHE", str(tmp_path))
    background.root().mkdir()
    with background.lock(background.root(), wait=0):
        assert background.is_at_work() and not none_named
    assert background.is_at_work() and len(none_named) == 1


@needs_numba
def test_machine_code_of_other_files_is_not_complete(monkeypatch, tmp_path):
    from irregsim.model.compiled import background

    monkeypatch.setenv("IRREGSIM_CACHE", str(tmp_path))
    assert not background.is_complete()
    made, text = tmp_path / "made.nbi", tmp_path / "rule.py"
    text.write_text("RATE = 1", encoding="utf-8")
    made.touch()
    background.root().mkdir()
    monkeypatch.setattr(background, "sources", lambda: [str(text)])
    background.mark_complete([made])
    assert background.is_complete()
    text.write_text("RATE = 10", encoding="utf-8")
    assert not background.is_complete(), "a rule was changed"
    background.mark_complete([made])
    assert background.is_complete()
    with monkeypatch.context() as more:
        more.setattr(background, "sources", lambda: [str(tmp_path / "made.nbi"), str(text)])
        assert not background.is_complete(), "a file has come"
    assert background.is_complete()
    made.unlink()
    assert not background.is_complete(), "machine code was cleared away"


def test_the_process_in_the_background_ends_with_the_one_that_started_it():
    """However that ends: its end of the pipe closes."""
    code = (
        "from irregsim.model.compiled import background; background.go_with_starter(); import time; time.sleep(100); "
        "raise SystemExit(1)"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE) as process:
        assert process.poll() is None
        process.stdin.close()
        assert process.wait(timeout=60) == 0


def test_an_engine_that_cannot_be_had_is_refused_in_a_sentence(monkeypatch):
    monkeypatch.setenv(compiled.ENGINE_VARIABLE, "fortran")
    with pytest.raises(compiled.EngineRefused, match="IRREGSIM_ENGINE is 'fortran'; it can be auto, numpy or compiled"):
        world_of(months=1)
    monkeypatch.setenv(compiled.ENGINE_VARIABLE, "compiled")
    monkeypatch.setattr(compiled, "has_numba", lambda: False)
    with pytest.raises(compiled.EngineRefused, match=r"needs numba.*install irregsim\[fast\]"):
        world_of(months=1)


@needs_numba
def test_sums_of_probabilities_are_numpys(engine, monkeypatch):
    engine("compiled")
    monkeypatch.setattr(compiled, "twin_of", None)
    world = start(Values(levers_of("baseline"), point_draw(), 0.05), Draws(1, 0), False, True)
    advance_month(world)
    assert world.history.expected["death"][0].sum() > 0


@needs_numba
def test_numpy_decides_until_the_kernels_are_made(engine, monkeypatch, tmp_path):
    from irregsim.model.compiled import registry

    asked = []
    engine("compiled")
    monkeypatch.setenv("IRREGSIM_CACHE", str(tmp_path))  # nothing is made there
    monkeypatch.setattr(registry, "_twins", {})
    monkeypatch.setattr(registry, "_not_before", {})
    monkeypatch.setattr(registry, "_is_awaited", lambda contest: asked.append(contest.name) or True)
    waiting = digest(world_of(months=2))
    assert len(set(asked) & CONTESTS) >= 10
    assert all(not twin.is_loaded for _, twin in registry._twins.values())
    monkeypatch.undo()
    assert waiting == digest(world_of(months=2))


@needs_numba
def test_one_process_at_a_time_makes_kernels(engine):
    from irregsim.model.compiled import registry

    with registry._lock(wait=0):
        assert not registry.fill()
    assert registry.fill()


@needs_numba
def test_a_kernel_is_named_by_its_text(engine):
    from irregsim.model.compiled import store
    from irregsim.model.compiled.twin import Twin

    names = [store.name_of(Twin(part).text) for part in MONTH if isinstance(part, Contest)]
    assert names == [store.name_of(Twin(part).text) for part in MONTH if isinstance(part, Contest)]
    assert all(a != b for a, b in pairwise(sorted(names)))


@needs_numba
def test_a_kernel_that_was_changed_on_disk_is_written_again_and_never_loaded(tmp_path, monkeypatch):
    from irregsim.model.compiled import store

    monkeypatch.setenv("IRREGSIM_CACHE", str(tmp_path))
    text = "VALUE = 1\n"
    path = store.folder() / f"{store.name_of(text)}.py"
    path.write_text("raise RuntimeError('somebody else wrote this')\n", encoding="utf-8")
    module = store.module_of(text)
    assert module.VALUE == 1 and path.read_text(encoding="utf-8") == text
    del sys.modules[store.name_of(text)]
