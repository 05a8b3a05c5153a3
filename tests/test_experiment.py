"""Running replicates: the same bytes however a run is divided, and nothing lost or half done when it is stopped."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq
import pytest

import irregsim
from irregsim.commands import run as workflow
from irregsim.commands.reproduce import reproduce
from irregsim.commands.request import WrongUse
from irregsim.inference.posterior import prior_draws
from irregsim.scenario import load_scenario
from irregsim.storage.folder import MANIFEST, UNFINISHED, RunFolder
from irregsim.storage.hashing import code_digest, data_digest
from irregsim.study import identity
from irregsim.study import replicates as experiment
from irregsim.study.identity import part_key, part_key_of, run_id, versions
from irregsim.study.progress import Lines
from irregsim.study.replicates import DrawSet, Plan, available_cores
from irregsim.study.tables import TABLES
from irregsim.study.workers import Crew, as_finished, in_order
from irregsim.vocabulary import labels
from irregsim.vocabulary.codes import EXITS
from run_tools import FAKE, TESTS, leave_pictures_out, short_scenario, start_command, tables_of, use_fake


@pytest.fixture
def scenario(tmp_path):
    return short_scenario(tmp_path)


def run(scenario, out, **options):
    quiet = workflow.RunRequest(str(scenario), out=str(out), scale=0.2, **{"jobs": 1, **options})
    return workflow.run_scenario(quiet, warn=lambda text: None)


@pytest.mark.slow
def test_the_bytes_do_not_depend_on_how_a_run_is_divided(scenario, tmp_path, monkeypatch):
    use_fake(monkeypatch)
    leave_pictures_out(monkeypatch)
    at_once = run(scenario, tmp_path / "at-once", replicates=3)
    assert at_once.reused == 0
    in_processes = run(scenario, tmp_path / "processes", replicates=3, jobs=2)
    first = run(scenario, tmp_path / "extended", replicates=1)
    extended = run(scenario, tmp_path / "extended", replicates=3, jobs=2)
    assert (extended.reused, extended.replaced) == (1, None)
    whole = tables_of(at_once.folder.path)
    assert {f"{name}.parquet" for name in [*TABLES, "draws"]} < set(whole)
    assert tables_of(in_processes.folder.path) == whole
    assert tables_of(extended.folder.path) == whole
    assert extended.folder.manifest["run_id"] == at_once.folder.manifest["run_id"] != first.folder.manifest["run_id"]
    with pytest.raises(WrongUse, match="more replicates of the same result"):
        run(scenario, tmp_path / "extended", replicates=2)
    shortened = run(scenario, tmp_path / "extended", replicates=2, replace=True)
    assert shortened.reused == 2
    assert tables_of(shortened.folder.path) == tables_of(run(scenario, tmp_path / "two", replicates=2).folder.path)


@pytest.mark.once
def test_extending_computes_only_what_is_missing(scenario, tmp_path, monkeypatch):
    use_fake(monkeypatch)
    leave_pictures_out(monkeypatch)
    run(scenario, tmp_path / "out", replicates=2)
    computed = []
    simulate = experiment._simulate
    monkeypatch.setattr(experiment, "_simulate", lambda plan, parts, j: computed.append(j) or simulate(plan, parts, j))
    run(scenario, tmp_path / "out", replicates=4)
    assert computed == [2, 3]


@pytest.mark.parametrize(
    "options",
    [
        {"seed": 8},
        pytest.param({"overrides": ("levers.fines.worker_nok=1",)}, marks=pytest.mark.slow),
        pytest.param({"end": "2021-06"}, marks=pytest.mark.slow),
        pytest.param({"spells": True}, marks=pytest.mark.slow),
    ],
    ids=["seed", "lever", "end", "spells"],
)
@pytest.mark.slow
def test_replicates_of_another_run_are_never_taken_over(scenario, tmp_path, monkeypatch, options):
    use_fake(monkeypatch)
    leave_pictures_out(monkeypatch)
    out = tmp_path / "out"
    first = run(scenario, out, replicates=2)
    with pytest.raises(WrongUse, match="another result"):
        run(scenario, out, replicates=3, **options)
    second = run(scenario, out, replicates=3, replace=True, **options)
    assert second.reused == 0
    assert second.replaced == first.folder.manifest["run_id"]
    assert tables_of(out) == tables_of(run(scenario, tmp_path / "fresh", replicates=3, **options).folder.path)


@pytest.mark.once
def test_tables_changed_by_hand_are_not_taken_over(scenario, tmp_path, monkeypatch):
    use_fake(monkeypatch)
    leave_pictures_out(monkeypatch)
    out = tmp_path / "out"
    run(scenario, out, replicates=2)
    whole = tables_of(out)
    path = out / "stocks.parquet"
    pq.write_table(pq.read_table(path).slice(1), path)
    again = run(scenario, out, replicates=2)
    assert again.reused == 0
    assert tables_of(out) == whole


COVERED = (*identity.MODEL_CODE, *identity.TABLE_CODE)


def test_the_hash_of_the_code_covers_all_that_a_replicate_loads():
    """Engine, tables and files: no module that takes part is left out of the hash."""
    code = "import sys, irregsim.study.frames, irregsim.storage.folder; "
    code += "print(*(name for name in sys.modules if name.startswith('irregsim.')))"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = {name.removeprefix("irregsim.").replace(".", "/") for name in answer.stdout.split()}
    assert {"model/draws", "model/month/exits", "model/registers/base", "storage/parquet"} <= loaded
    covered = tuple(name.removesuffix(".py") for name in COVERED)
    assert {name for name in loaded if not name.startswith(covered)} == {"study"}


def test_the_hash_of_the_data_covers_all_that_a_replicate_reads():
    """Every file that is opened below data/ while a replicate runs, or before, is hashed or part of the plan."""
    code = """
import sys
seen = set()
sys.addaudithook(lambda event, args: seen.add(str(args[0])) if event == "open" else None)
from irregsim.inference.posterior import choose
from irregsim.scenario import load_scenario
scenario = load_scenario("baseline", end="2012-02")
draw = choose("point", None)[0].values[0]
before = set(seen)
from irregsim.study.frames import run_replicate
run_replicate(scenario, draw, seed=1, replicate=0, scale=0.01, spells=False)
mark = "/irregsim/data/"
print(*sorted(path.replace(chr(92), "/").partition(mark)[2] for path in seen if mark in path.replace(chr(92), "/")))
"""
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    read = set(answer.stdout.split())
    # Scenario, draws and words come in through the plan.
    elsewhere = {*labels.TABLES, "parameters.csv", "report/mechanisms.csv"}
    assert read - elsewhere == set(identity.MODEL_DATA)


@pytest.mark.parametrize(
    ("name", "old", "new", "counts"),
    [
        ("present/colours.py", "#", "#0", False),
        ("data/labels.csv", "personer", "mennesker", False),
        ("model/draws.py", "0xBF58476D1CE4E5B9", "0xBF58476D1CE4E5BB", True),
        ("model/draws.py", '"""', '"""Some other words. ', False),
        ("data/cities.csv", "Oslo", "Osl", True),
    ],
)
def test_what_is_shown_makes_no_finished_replicate_void_and_what_is_done_does(tmp_path, name, old, new, counts):
    package = tmp_path / "irregsim"
    shutil.copytree(Path(irregsim.__file__).parent, package, ignore=shutil.ignore_patterns("__pycache__", "posterior"))

    def hashes() -> tuple[str, str]:
        return code_digest(COVERED, package), data_digest(identity.MODEL_DATA, package)

    first = hashes()
    file = package / name
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), encoding="utf-8")
    assert (hashes() != first) == counts


def test_the_run_id_names_content_and_the_part_key_also_the_code(scenario):
    loaded = load_scenario(scenario)
    draws = DrawSet("point", ({"a": 1.0},))
    content = Plan(loaded, draws, seed=1).content()
    for other in [
        Plan(loaded, draws, seed=2),
        Plan(loaded, draws, seed=1, scale=0.5),
        Plan(loaded, draws, seed=1, spells=True),
        Plan(loaded, DrawSet("point", ({"a": 1.5},)), seed=1),
        Plan(load_scenario(scenario, overrides=["levers.fines.worker_nok=1"]), draws, seed=1),
    ]:
        assert run_id(other.content(), 3) != run_id(content, 3)
    assert run_id(content, 3) != run_id(content, 4)
    assert run_id(content, 3) != run_id({**content, "data_sha256": "other"}, 3)
    key = part_key(content)
    several = DrawSet("prior", ({"a": 1.5}, {"a": 2.5}))
    for plan in (Plan(loaded, draws, seed=1), Plan(loaded, several, seed=1), Plan(loaded, draws, seed=1)):
        assert part_key_of(plan) == part_key(plan.content()), "the draws that were written last are those of the plan"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(identity, "versions", lambda: {**versions(), "numpy": "1"})
        assert part_key(content) != key
        patch.setattr(identity, "versions", lambda: {**versions(), "matplotlib": "1"})
        assert part_key(content) == key, "no picture can change a table"
    # Not what the scenario says of replicates and seed, but what is run.
    more = replace(loaded, replicates=loaded.replicates + 1, seed=99)
    assert Plan(more, draws, seed=1).content() == content
    json.dumps(content, allow_nan=False)


def test_draws_are_used_in_turn():
    draws = DrawSet("posterior", ({"a": 1.0}, {"a": 2.0}, {"a": 3.0}))
    assert [draws.index(j) for j in range(5)] == [0, 1, 2, 0, 1]
    assert [draws.used(n) for n in (1, 3, 5)] == [1, 3, 3]
    assert draws.fault(5) is None


def test_with_replicates_per_draw_each_draw_is_used_for_some_that_follow_each_other():
    draws = DrawSet("posterior", ({"a": 1.0}, {"a": 2.0}, {"a": 3.0}), per_draw=2)
    assert [draws.index(j) for j in range(6)] == [0, 0, 1, 1, 2, 2]
    assert [draws.used(n) for n in (1, 2, 4, 6)] == [1, 1, 2, 3]
    with pytest.raises(IndexError):
        draws.index(6)
    assert [draws.fault(n) for n in (2, 4, 6)] == [None, None, None]
    assert draws.fault(3) == "--per-draw 2: 3 is not a multiple of 2; give --replicates 2 or 4"
    assert draws.fault(1) == "--per-draw 2: 1 is not a multiple of 2; give --replicates 2"
    assert draws.fault(8) == "--per-draw 2: there are 3 draws, so at most 6 replicates (8)"


def test_only_the_draws_in_use_are_part_of_the_run_id(scenario):
    loaded = load_scenario(scenario)
    values = tuple({"a": float(i)} for i in range(6))

    def id_of(values, replicates, **options):
        return run_id(Plan(loaded, DrawSet("x", values, **options), seed=1).content(), replicates)

    assert id_of(values, 3) == id_of(values[:3], 3) == id_of((*values[:3], {"a": 9.0}), 3)
    assert id_of(values, 4) != id_of(values[:3], 4), "the fourth replicate has another draw"
    assert id_of(values, 4, per_draw=2) == id_of(values[:2], 4, per_draw=2) != id_of(values[:2], 4)
    assert id_of(values, 4, per_draw=1) == id_of(values, 4)
    # Not where they come from: the same numbers are the same run.
    assert id_of(values, 3, source="posterior", red=("x",)) == id_of(values, 3)


@pytest.mark.slow
def test_the_bytes_of_a_run_on_many_draws_do_not_depend_on_how_it_is_divided(scenario, tmp_path, monkeypatch):
    use_fake(monkeypatch)
    leave_pictures_out(monkeypatch)
    options = {"draws": "prior", "per_draw": 2}
    at_once = run(scenario, tmp_path / "at-once", replicates=6, **options)
    in_processes = run(scenario, tmp_path / "processes", replicates=6, jobs=2, **options)
    run(scenario, tmp_path / "extended", replicates=2, **options)
    extended = run(scenario, tmp_path / "extended", replicates=6, **options)
    assert (extended.reused, extended.replaced) == (2, None)
    whole = tables_of(at_once.folder.path)
    assert tables_of(in_processes.folder.path) == tables_of(extended.folder.path) == whole
    # Each draw in turn is another run, and nothing of it is taken over.
    in_turn = run(scenario, tmp_path / "extended", replicates=6, draws="prior", replace=True)
    assert in_turn.reused == 0 and in_turn.folder.manifest["run_id"] != at_once.folder.manifest["run_id"]


@pytest.mark.once
def test_a_failing_replicate_is_named_and_the_finished_ones_are_kept(scenario, tmp_path, monkeypatch):
    use_fake(monkeypatch)
    leave_pictures_out(monkeypatch)
    import fake_engine

    engine = fake_engine.run_replicate

    def failing(scenario, draw, *, replicate, **options):
        if replicate == 2:
            raise RuntimeError("no such road")
        return engine(scenario, draw, replicate=replicate, **options)

    monkeypatch.setattr(fake_engine, "run_replicate", failing)
    with pytest.raises(workflow.RunFailed, match="replicate 2 failed: RuntimeError: no such road"):
        run(scenario, tmp_path / "out", replicates=4)
    assert not (tmp_path / "out" / MANIFEST).exists()
    monkeypatch.setattr(fake_engine, "run_replicate", engine)
    finished = run(scenario, tmp_path / "out", replicates=4)
    assert finished.reused == 2
    assert not (tmp_path / "out" / UNFINISHED).exists()
    assert tables_of(tmp_path / "out") == tables_of(run(scenario, tmp_path / "fresh", replicates=4).folder.path)


def test_an_error_in_a_worker_process_comes_back_in_words(scenario, tmp_path, monkeypatch):
    monkeypatch.setattr(experiment, "ENGINE", "json:loads")
    with pytest.raises(workflow.RunFailed, match=r"replicate [01] failed: TypeError"):
        run(scenario, tmp_path / "out", replicates=2, jobs=2)


# ---------------------------------------------------------------------------------------------------------
# Stopping


def wait_for(condition, seconds=60.0):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)


def finished_parts(out: Path) -> list[Path]:
    return sorted(out.glob(f"{UNFINISHED}/*/0*"))


def final_files(out: Path) -> set[str]:
    return {f.relative_to(out).as_posix() for f in out.rglob("*") if f.is_file() and UNFINISHED not in f.parts}


def processes_of_group(group: int) -> list[str]:
    """Command lines of the living processes of a process group."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            state, _, its_group = (entry / "stat").read_text().rpartition(")")[2].split()[:3]
            if int(its_group) == group and state != "Z":
                found.append((entry / "cmdline").read_text().replace("\0", " "))
        except (OSError, ValueError):
            continue
    return found


needs_proc = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks at processes through /proc")


@needs_proc
@pytest.mark.parametrize(
    "how", ["ctrl-c", *(pytest.param(how, marks=pytest.mark.slow) for how in ("kill", "terminate"))]
)
@pytest.mark.once
def test_a_run_that_is_stopped_keeps_what_is_finished_and_goes_on_from_there(scenario, tmp_path, monkeypatch, how):
    out = tmp_path / "out"
    command = ["run", "short.yaml", "--out", "out", "--replicates", "6", "--jobs", "2", "--scale", "0.2"]
    process = start_command(*command, cwd=tmp_path, seconds_per_replicate=0.8)
    wait_for(lambda: len(finished_parts(out)) >= 2)
    begun = time.monotonic()
    if how == "ctrl-c":
        os.killpg(process.pid, signal.SIGINT)  # what a terminal does: to all processes in front
    elif how == "terminate":
        process.terminate()
    else:
        process.kill()
    _, errors = process.communicate(timeout=30)
    assert time.monotonic() - begun < 4.0  # two seconds, and some for a busy machine
    wait_for(lambda: processes_of_group(process.pid) == [], seconds=10)  # no worker is left behind
    assert final_files(out) == {".irregsim"}
    kept = len(finished_parts(out))
    assert 2 <= kept < 6
    if how != "kill":
        assert process.returncode == 1
        assert f"stopped; {kept} of 6 replicates are kept in out; run the same command again to resume" in errors
        assert "Traceback" not in errors
    again = start_command(*command, cwd=tmp_path)
    _, errors = again.communicate(timeout=120)
    assert again.returncode == 0, errors
    assert f"{kept} of the replicates reused from an earlier run" in errors
    assert f"6 replicates, {kept} of them finished earlier" in errors
    use_fake(monkeypatch)
    leave_pictures_out(monkeypatch)
    assert tables_of(out) == tables_of(run(scenario, tmp_path / "at-once", replicates=6).folder.path)


@pytest.mark.slow
@needs_proc
def test_a_run_killed_again_and_again_never_shows_half_a_file(scenario, tmp_path):
    out = tmp_path / "out"
    first = start_command("run", "short.yaml", "--out", "out", "--replicates", "2", "--scale", "0.2", cwd=tmp_path)
    assert first.wait(timeout=120) == 0
    first.communicate()
    before = tables_of(out)
    old = (out / MANIFEST).read_bytes()
    for seconds in (0.6, 1.2, 1.8, 2.4, 3.0, 3.6):
        arguments = [
            "run",
            "short.yaml",
            "--out",
            "out",
            "--replicates",
            "3",
            "--seed",
            "99",
            "--scale",
            "0.2",
            "--replace",
        ]
        process = start_command(*arguments, "--jobs", "1", cwd=tmp_path)
        try:
            process.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        if (out / MANIFEST).read_bytes() != old:
            break
        files = {n: b for n, b in tables_of(out).items() if not n.startswith(UNFINISHED)}
        ready = out / UNFINISHED / "commit"
        if not ready.exists():  # unless it died in the middle of a commit, which the next command finishes
            assert files == before
    folder = RunFolder.open(out)
    assert folder.is_intact(TABLES)


def test_a_script_needs_no_main_guard(scenario, tmp_path):
    script = tmp_path / "script.py"
    script.write_text(
        "import irregsim, irregsim.study.replicates\n"
        "print('started')\n"
        f"irregsim.study.replicates.ENGINE = {FAKE!r}\n"
        "result = irregsim.run('short.yaml', replicates=2, jobs=2, scale=0.1)\n"
        "print(sorted(result.stocks['replicate'].unique().tolist()))\n",
        encoding="utf-8",
    )
    source = str(Path(irregsim.__file__).resolve().parents[1])
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([source, str(TESTS)])}
    answer = subprocess.run(
        [sys.executable, str(script)], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60
    )
    assert answer.stdout == "started\n[0, 1]\n", answer.stderr


def process_of(replicate: int) -> int:
    return os.getpid()


def fails(replicate: int) -> None:
    raise OSError(f"replicate {replicate}")


# The library's thread may be handing out the next piece of work while its list is emptied.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
@pytest.mark.once
def test_a_crew_does_one_piece_of_work_after_the_other_and_is_gone_when_one_fails():
    with Crew(2) as crew:
        seen = {process for _, process in as_finished(process_of, range(8), crew)} | {*in_order(process_of, 8, crew)}
        assert os.getpid() not in seen and len(seen) <= 2
        with pytest.raises(OSError, match="replicate"):
            list(in_order(fails, 8, crew))
        assert not seen & {*in_order(process_of, 8, crew)}, "others work after a failure"
        assert [*in_order(process_of, 1, crew)] == [os.getpid()]


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
@pytest.mark.once
def test_the_process_that_asks_can_be_one_of_a_crew():
    with Crew(2, helped=True) as crew:
        assert list(in_order(abs, 8, crew)) == list(range(8))
        seen = {*in_order(process_of, 8, crew)}
        assert os.getpid() in seen and len(seen) == 2
        with pytest.raises(OSError, match="replicate"):
            list(in_order(fails, 8, crew))
    with Crew(1, helped=True) as crew:
        assert {*in_order(process_of, 3, crew)} == {os.getpid()}


ASK_A_WORKER = """import os, sys, threading
from irregsim.study.workers import as_finished, in_order

def seen(replicate):
    threads = {os.environ[name] for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")}
    return replicate, os.getpid(), threads, getattr(sys.modules["__main__"], "__file__", "")

found = [*in_order(seen, 3, 2), *(what for _, what in as_finished(seen, [3, 4], 2))]
assert sorted(one[0] for one in found) == [0, 1, 2, 3, 4], found
assert [one[0] for one in found[:3]] == [0, 1, 2], found
assert all(one[2] == {"1"} for one in found), found
assert os.getpid() not in {one[1] for one in found}
assert "OMP_NUM_THREADS" not in os.environ and os.environ["OPENBLAS_NUM_THREADS"] == "7"
print("as asked")
"""


def in_a_process(*arguments: str, cwd: Path, **environment: str) -> subprocess.Popen:
    source = str(Path(irregsim.__file__).resolve().parents[1])
    base = {k: v for k, v in os.environ.items() if k not in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")}
    return subprocess.Popen(
        [sys.executable, *arguments],
        cwd=cwd,
        env={**base, "PYTHONPATH": os.pathsep.join([source, str(TESTS)]), **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


@pytest.mark.once
@pytest.mark.parametrize("way", ["script", "-c"])
def test_workers_have_one_thread_for_sums_and_take_functions_of_a_script_or_a_notebook(tmp_path, way):
    (tmp_path / "script.py").write_text(ASK_A_WORKER, encoding="utf-8")
    given = ["script.py"] if way == "script" else ["-c", ASK_A_WORKER]
    answer, errors = in_a_process(*given, cwd=tmp_path, OPENBLAS_NUM_THREADS="7").communicate(timeout=60)
    assert (answer, errors) == ("as asked\n", "")


@needs_proc
@pytest.mark.once
def test_workers_end_when_the_process_that_started_them_is_killed(tmp_path):
    code = "import time; from irregsim.study.workers import in_order; list(in_order(lambda _: time.sleep(60), 2, 2))"
    process = in_a_process("-c", code, cwd=tmp_path)

    def workers():
        return [line for line in processes_of_group(process.pid) if "popen_loky" in line]

    wait_for(lambda: len(workers()) == 2)
    time.sleep(1.0)  # so that they are at work
    process.kill()
    process.communicate()
    wait_for(lambda: processes_of_group(process.pid) == [], seconds=5)


def test_there_is_at_least_one_core():
    assert 1 <= available_cores() <= (os.cpu_count() or 1)


def test_parts_of_a_run_in_memory_leave_nothing_behind(scenario, tmp_path, monkeypatch):
    use_fake(monkeypatch)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    result = irregsim.run(str(scenario), replicates=2, jobs=1, scale=0.1)
    assert list(tmp_path.glob("irregsim-*")) == []
    assert set(result.frames) == {*TABLES, "draws"}


def test_plain_lines_say_begin_and_end_and_little_between(capsys):
    lines = Lines(sys.stderr)
    lines.start(1000, 10)
    for _ in range(990):
        lines.advance()
    said = capsys.readouterr().err.splitlines()
    assert said[0] == "1000 replicates, 10 of them finished earlier"
    assert said[-1].startswith("1000 of 1000 replicates")
    assert len(said) <= 12
    lines.phase("writing pictures", 33)
    for _ in range(33):
        lines.step()
    lines.phase("writing the page")
    lines.close()
    said = capsys.readouterr().err.splitlines()
    assert (said[0], said[-1]) == ("writing pictures", "writing the page")
    assert said[-2].startswith("writing pictures 33 of 33, ") and len(said) <= 13


# ---------------------------------------------------------------------------------------------------------
# The model itself, small


@pytest.mark.once
def test_the_model_gives_the_same_bytes_for_any_number_of_processes_and_can_be_reproduced(tmp_path, monkeypatch):
    leave_pictures_out(monkeypatch)
    scenario = tmp_path / "one-year.yaml"
    text = "schema: 1\nname: one-year\nextends: baseline\nperiod: {start: 2012-01, end: 2012-12}\n"
    scenario.write_text(text, encoding="utf-8")
    folders = []
    for jobs in (1, 2):
        request = workflow.RunRequest(
            str(scenario), replicates=2, jobs=jobs, scale=0.05, spells=True, out=str(tmp_path / str(jobs))
        )
        folders.append(workflow.run_scenario(request, warn=lambda text: None).folder)
    assert tables_of(folders[0].path) == tables_of(folders[1].path)
    stocks, flows = (folders[0].table(name) for name in ("stocks", "flows"))
    months = [f"2012-{m:02d}" for m in range(1, 13)]
    for name in ("stocks", "flows", "outcomes", "side_strategies", "centres_by_country"):
        table = folders[0].table(name)
        for j in (0, 1):
            assert sorted(table.loc[table["replicate"] == j, "month"].unique()) == months
    assert (stocks["persons"] > 0).all() and (flows["persons"] > 0).all()
    # The folder's own account: opening, coming in and going out make the stock at the end.
    gone = flows["destination"].isin(EXITS)
    come = flows["origin"].isin(["inflow", "opening"])
    for j in (0, 1):
        mine = flows["replicate"] == j
        end = stocks[(stocks["replicate"] == j) & (stocks["month"] == "2012-12")]["persons"].sum()
        assert end == flows.loc[mine & come, "persons"].sum() - flows.loc[mine & gone, "persons"].sum()
    found = reproduce(folders[0].path, jobs=1)
    assert found.differ == {} and len(found.compared) == len(folders[0].manifest["outputs"])


@pytest.mark.slow
def test_with_the_model_draws_differ_in_their_parameters_and_replicates_of_a_draw_by_chance(tmp_path, monkeypatch):
    leave_pictures_out(monkeypatch)
    monkeypatch.chdir(tmp_path)
    result = irregsim.run("baseline", replicates=4, draws="prior", per_draw=2, scale=0.02, jobs=2)
    assert result.draws["draw"].tolist() == [0, 0, 1, 1]
    for j, draw in enumerate([0, 0, 1, 1]):
        values = result.draws.loc[j].drop(["replicate", "draw"])
        assert values.to_dict() == prior_draws(2)[draw]
    last = [
        frame["persons"].sum() for _, frame in result.stocks[result.stocks["month"] == "2030-12"].groupby("replicate")
    ]
    assert len(set(last)) == 4
    assert (result.summary["draws"] == 2).all() and result.summary["parameter_share"].notna().mean() > 0.5
