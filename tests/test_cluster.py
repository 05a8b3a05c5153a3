"""Replicates on a real Dask scheduler: the same tables, also where a worker is killed in the middle."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from irregsim.commands.request import WrongUse
from irregsim.inference.posterior import choose
from irregsim.scenario import load_scenario
from irregsim.storage.folder import Parts
from irregsim.study.cluster import Cluster
from irregsim.study.replicates import Plan, ReplicateError, Todo, run_parts
from irregsim.study.tables import tables_of
from run_tools import TESTS
from study_files import STUDY, small_study, use_engine

pytest.importorskip("distributed", reason="Dask comes with the extra cluster")
pytestmark = pytest.mark.once

REPLICATES = frozenset(range(4))
HERE = {**os.environ, "PYTHONPATH": os.pathsep.join([str(TESTS), *sys.path])}
QUIET = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}


def worker_of(address: str, folder: Path) -> subprocess.Popen[bytes]:
    code = "from distributed.cli.dask_worker import main; main()"
    options = [
        "--nthreads",
        "1",
        "--no-nanny",
        "--no-dashboard",
        "--host",
        "127.0.0.1",
        "--local-directory",
        str(folder),
    ]
    return subprocess.Popen([sys.executable, "-c", code, address, *options], env=HERE, **QUIET)


@pytest.fixture(scope="module")
def scheduler(tmp_path_factory):
    """Address of a scheduler with two workers, and the workers."""
    folder = tmp_path_factory.mktemp("dask")
    file = folder / "scheduler.json"
    code = "from distributed.cli.dask_scheduler import main; main()"
    options = ["--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--no-jupyter", "--scheduler-file", str(file)]
    started = [subprocess.Popen([sys.executable, "-c", code, *options], env=HERE, cwd=folder, **QUIET)]
    try:
        until = time.monotonic() + 60
        while not file.exists():
            assert time.monotonic() < until and started[0].poll() is None, "the scheduler did not start"
            time.sleep(0.1)
        import json

        address = json.loads(file.read_text(encoding="utf-8"))["address"]
        workers = [worker_of(address, folder / str(i)) for i in range(2)]
        started += workers
        yield address, workers
    finally:
        for process in started:
            process.kill()
        for process in started:
            process.wait()


def plans(engine: str | None = None) -> list[Plan]:
    draws = choose("posterior")[0]
    change = "levers.fines.worker_nok=[{from: 2012-02, value: 1}]"
    loaded = [load_scenario("baseline", overrides=list(changes), end="2012-02") for changes in ((), (change,))]
    return [Plan(one, draws, 3, scale=0.01, spells=True, **({"engine": engine} if engine else {})) for one in loaded]


def stored(folder: Path, jobs, chosen, finished=lambda replicate: None) -> dict[str, bytes]:
    todo = [Todo(plan, Parts(folder / str(i), tables_of(True)), REPLICATES) for i, plan in enumerate(chosen)]
    run_parts(todo, jobs=jobs, finished=finished)
    return {str(file.relative_to(folder)): file.read_bytes() for file in sorted(folder.rglob("*.parquet"))}


def test_a_cluster_makes_the_same_bytes_also_when_a_worker_is_killed(tmp_path, scheduler):
    address, workers = scheduler
    here = stored(tmp_path / "here", 1, plans())
    done = []

    def finished(replicate: int) -> None:
        done.append(replicate)
        if len(done) == 2:
            workers[0].send_signal(signal.SIGKILL)

    there = stored(tmp_path / "there", Cluster(address), plans(), finished)
    assert workers[0].wait(10) == -signal.SIGKILL
    assert there == here and len(here) == 2 * len(REPLICATES) * len(tables_of(True))
    assert sorted(done) == sorted(list(REPLICATES) * 2)


def test_a_cluster_explores_a_study_as_this_machine_does(tmp_path, scheduler, monkeypatch):
    from irregsim.commands.explore import explore_study

    use_engine(monkeypatch)
    study = str(small_study(tmp_path, STUDY.replace("points: 32", "points: 6")))
    how = {"warn": lambda _: None}
    here = explore_study(study, jobs=1, out=str(tmp_path / "here"), **how)
    there = explore_study(study, cluster=scheduler[0], out=str(tmp_path / "there"), **how)
    assert here.account == there.account and here.kept == there.kept == 0
    for name in ("points", "effects", "drivers"):
        file = f"{name}.parquet"
        assert (tmp_path / "here" / file).read_bytes() == (tmp_path / "there" / file).read_bytes()
    monkeypatch.setattr("irregsim.commands.explore.cluster_missing", lambda: "install what is missing")
    with pytest.raises(WrongUse, match="install what is missing"):
        explore_study(study, cluster=scheduler[0], **how)


def test_what_fails_on_a_worker_names_the_replicate(tmp_path, scheduler):
    with pytest.raises(ReplicateError, match=r"replicate \d failed: ModuleNotFoundError"):
        stored(tmp_path, Cluster(scheduler[0]), plans("no_such_module:engine"))


def test_a_cluster_that_does_not_answer_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr("irregsim.study.cluster.PATIENCE", 1)
    with pytest.raises(ReplicateError, match=r"--cluster tcp://127.0.0.1:9: no scheduler with workers answers there"):
        stored(tmp_path, Cluster("tcp://127.0.0.1:9"), plans())


def test_workers_of_other_code_are_refused(tmp_path, scheduler, monkeypatch):
    monkeypatch.setattr("irregsim.study.cluster.code_sha256", lambda: "other")
    with pytest.raises(ReplicateError, match=r"is not like this process: code [0-9a-f]+ there, other here"):
        stored(tmp_path, Cluster(scheduler[0]), plans())


def test_without_dask_the_option_says_what_to_install(monkeypatch):
    from irregsim.commands.request import checked
    from irregsim.commands.run import RunRequest

    monkeypatch.setattr("irregsim.commands.request.cluster_missing", lambda: "install what is missing")
    request = RunRequest("baseline", cluster="tcp://127.0.0.1:9")
    with pytest.raises(WrongUse, match="install what is missing"):
        checked(request, [load_scenario("baseline")])
