"""Ctrl-C and a request to end at awkward moments, too little memory, full disks, and names of folders."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

import irregsim
from irregsim.cli import errors as cli_errors
from irregsim.cli import main
from irregsim.cli.errors import is_lack_of_memory
from irregsim.commands.run import RunRequest, run_scenario
from irregsim.storage.folder import MARKER, UNFINISHED, FolderError, check_folder, opened_for_writing
from irregsim.storage.parquet import table_from_frame, write_table
from irregsim.study.comparison.lives.balance import BalanceError
from irregsim.study.comparison.pairs import PairingError
from run_tools import leave_pictures_out, short_scenario, use_fake

SOURCE = str(Path(irregsim.__file__).resolve().parents[1])
TESTS = str(Path(__file__).resolve().parent)


@pytest.fixture(autouse=True)
def signals_as_in_a_terminal():
    """Whoever starts the tests in the background may have had Ctrl-C ignored in all that they start."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


posix = pytest.mark.skipif(os.name != "posix", reason="signals and limits of POSIX")

#: A program that is stopped at the moment it loads a module.
STOPPED = """
import os, signal, sys
module, number = sys.argv[1], int(sys.argv[2])
signal.signal(signal.SIGINT, signal.default_int_handler)
class Stop:
    def find_spec(self, name, path=None, target=None):
        if name == module:
            sys.meta_path.remove(self)
            os.kill(os.getpid(), number)
sys.meta_path.insert(0, Stop())
sys.argv = ["irregsim", *sys.argv[3:]]
from irregsim.cli import main
main(prog_name="irregsim")
"""


def program(code: str, *arguments: str, cwd: Path, **options) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([SOURCE, TESTS])}
    return subprocess.run(
        [sys.executable, "-c", code, *arguments],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        **options,
    )


@posix
@pytest.mark.once
@pytest.mark.parametrize(
    ("module", "number"),
    [
        ("click.core", signal.SIGINT),
        ("irregsim.vocabulary.labels", signal.SIGTERM),
        ("irregsim.commands.run", signal.SIGINT),
        *(
            pytest.param(module, number, marks=pytest.mark.slow)
            for module in ("click", "irregsim.cli.runs", "numpy", "numpy.linalg", "pyarrow.lib", "irregsim.study.forks")
            for number in (signal.SIGINT, signal.SIGTERM)
        ),
    ],
)
def test_a_signal_while_libraries_load_ends_the_program_without_a_word(tmp_path, module, number):
    short_scenario(tmp_path)
    command = ("run", "short.yaml", "--out", "out", "--jobs", "1", "--scale", "0.01", "--quiet")
    answer = program(STOPPED, module, str(int(number)), *command, cwd=tmp_path)
    if answer.returncode == 1:  # the work was begun, and what is finished is kept
        *before, last = answer.stderr.strip().splitlines()
        assert last.startswith("stopped; "), answer.stderr
        # Of the posterior that ships, where a check of it failed.
        assert all(line.startswith("warning: posterior ") or not line for line in before), answer.stderr
        assert (tmp_path / "out" / MARKER).exists()
    else:
        assert (answer.returncode, answer.stderr) == (128 + number, "")


@posix
def test_signals_are_handled_as_before_once_a_command_has_ended():
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    assert CliRunner().invoke(main, ["scenarios"]).exit_code == 0
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before


@posix
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_command_that_is_stopped_with_nothing_to_keep_says_nothing(number, code, capsys):
    with pytest.raises(SystemExit) as ended, cli_errors.errors():
        signal.raise_signal(number)
    assert ended.value.code == code
    assert capsys.readouterr() == ("", "")


@posix
def test_a_process_that_starts_others_is_stopped_only_when_they_know_their_work():
    from irregsim.study.workers import _without_interrupt

    begun = []
    for number in (signal.SIGINT, signal.SIGTERM):
        with pytest.raises(SystemExit), cli_errors.errors(), _without_interrupt():
            signal.raise_signal(number)
            os.kill(os.getpid(), number)
            time.sleep(0.01)
            begun.append(number)
    assert begun == [signal.SIGINT, signal.SIGTERM]


# ---------------------------------------------------------------------------------------------------------
# Memory, disk, and faults of runs that are compared


@pytest.mark.parametrize(
    ("error", "is_memory"),
    [
        (MemoryError(), True),
        (OSError(errno.ENOMEM, "Cannot allocate memory"), True),
        (ImportError("libarrow.so: failed to map segment from shared object"), True),
        (RuntimeError("can't start new thread"), True),
        (OSError(errno.ENOSPC, "No space left on device"), False),
        (ImportError("no module named x"), False),
        (RuntimeError("something else"), False),
    ],
)
def test_too_little_memory_is_known_in_any_librarys_words(error, is_memory, monkeypatch, capsys):
    monkeypatch.delenv("IRREGSIM_DEBUG", raising=False)
    wrapped = ValueError("numpy could not be loaded")
    wrapped.__cause__ = error
    assert is_lack_of_memory(error) == is_lack_of_memory(wrapped) == is_memory
    with pytest.raises(SystemExit if is_memory else ValueError), cli_errors.memory_errors():
        raise wrapped
    assert ("not enough memory" in capsys.readouterr().err) == is_memory


@posix
@pytest.mark.slow
@pytest.mark.parametrize("kilobytes", [300_000, 400_000, 500_000, 600_000, 700_000])
def test_a_run_in_too_little_memory_ends_in_a_sentence(tmp_path, kilobytes):
    import resource

    short_scenario(tmp_path)

    def limit():
        resource.setrlimit(resource.RLIMIT_AS, (kilobytes * 1024, kilobytes * 1024))

    code = "from irregsim.cli import main; main(prog_name='irregsim')"
    options = ("run", "short.yaml", "--out", "out", "--jobs", "1", "--replicates", "1", "--scale", "0.05")
    answer = program(code, *options, cwd=tmp_path, preexec_fn=limit)
    assert "Traceback" not in answer.stderr, answer.stderr
    assert answer.returncode == 0 or "memory" in answer.stderr.lower(), answer.stderr


@posix
def test_a_file_that_cannot_grow_is_named(tmp_path, capsys):
    """As on a full disk: the library's own words name no file."""
    import resource

    values = np.random.default_rng(1).random(100_000)
    table = table_from_frame("t", [("replicate", "int"), ("x", "float")], pd.DataFrame({"x": values}), 0)
    file = tmp_path / "table.parquet"
    earlier = resource.getrlimit(resource.RLIMIT_FSIZE)
    with pytest.raises(SystemExit) as ended, cli_errors.errors():
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, earlier[1]))
        try:
            write_table(table, file)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, earlier)
    assert ended.value.code == 1
    assert capsys.readouterr().err == f"Error: {file}: {os.strerror(errno.EFBIG)}\n"


def test_a_disk_error_without_a_name_is_told_with_the_folder_that_was_written(tmp_path):
    with pytest.raises(OSError, match="No space") as told, opened_for_writing(tmp_path / "out"):
        raise OSError(errno.ENOSPC, "No space left on device")
    assert told.value.filename == str(tmp_path / "out")


def test_faults_between_runs_that_are_compared_are_messages(capsys):
    with pytest.raises(SystemExit) as ended, cli_errors.errors():
        raise PairingError("c: seed is 1, but 2 in b; run them again")
    assert ended.value.code == 2
    with pytest.raises(SystemExit) as ended, cli_errors.errors():
        raise BalanceError("lives and stocks of a run do not concern the same persons")
    assert ended.value.code == 1
    assert "Traceback" not in capsys.readouterr().err
    with pytest.raises(AssertionError, match="a bug"), cli_errors.errors():
        raise AssertionError("a bug")


# ---------------------------------------------------------------------------------------------------------
# Names and scraps


def run(folder: Path, out: str, **changes):
    given = {"replicates": 1, "scale": 0.1, "jobs": 1, "draws": "point", "out": out, **changes}
    return run_scenario(RunRequest(str(folder / "short.yaml"), **given), warn=lambda text: None)


@pytest.fixture
def here(tmp_path, monkeypatch):
    use_fake(monkeypatch)
    leave_pictures_out(monkeypatch)
    short_scenario(tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_tilde_is_the_home_folder_for_every_part_of_a_run(here, monkeypatch):
    home = here / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("USERPROFILE", str(home))
    finished = run(here, "~/x")
    assert finished.folder.path == home / "x" and (home / "x" / "stocks.parquet").is_file()
    assert not (here / "~").exists()


@posix
def test_a_name_that_is_not_utf8_is_refused_in_a_sentence_before_any_work(here):
    name = os.fsdecode(b"\xff")
    answer = CliRunner().invoke(main, ["run", "short.yaml", "--out", name])
    assert answer.exit_code == 2 and "not UTF-8" in answer.output and not (here / name).exists()
    (here / name).mkdir()
    answer = CliRunner().invoke(main, ["reproduce", name])
    assert answer.exit_code == 2 and "not UTF-8" in answer.output


@posix
def test_a_scenario_whose_name_is_not_utf8_is_run_and_its_command_is_written_as_text(here):
    name = os.fsdecode(b"s\xff.yaml")
    (here / "short.yaml").rename(here / name)
    options = ["--out", "out", "--draws", "point", "--replicates", "1", "--jobs", "1", "--scale", "0.1", "--quiet"]
    answer = CliRunner().invoke(main, ["run", name, *options])
    assert answer.exit_code == 0, answer.output
    assert "s\\\\udcff.yaml" in (here / "out" / "manifest.json").read_text(encoding="utf-8")


@posix
@pytest.mark.parametrize("below", ["", "/deeper"])
def test_links_that_lead_nowhere_are_refused_in_a_sentence(here, below):
    (here / "dangling").symlink_to(here / "nowhere" / "at-all")
    (here / "loop").symlink_to(here / "loop")
    for name in ("dangling", "loop"):
        with pytest.raises(FolderError, match=r"link to nowhere|symbolic links"):
            check_folder(Path(name + below))
    with pytest.raises(FolderError, match="too long"):
        check_folder(Path("x" * 5000 + below))


def test_a_run_killed_before_its_marker_was_written_goes_on(here):
    out = here / "out"
    out.mkdir()
    old = out / f"{MARKER}.tmp-4711"
    old.write_text("", encoding="utf-8")
    os.utime(old, (1, 1))
    fresh = out / f"{MARKER}.tmp-4712"
    fresh.write_text("", encoding="utf-8")
    assert not any(entry.name == MARKER for entry in out.iterdir())
    run(here, "out")
    # One that was written a moment ago may belong to a process that is beginning.
    assert not old.exists() and fresh.exists()
    os.utime(fresh, (1, 1))
    run(here, "out")
    assert not fresh.exists()


def test_what_a_killed_process_was_putting_together_is_removed(here):
    run(here, "out")
    staging = here / "out" / UNFINISHED / f"{'0' * 16}-staging"
    staging.mkdir(parents=True)
    (staging / "stocks.parquet").write_text("half", encoding="utf-8")
    run(here, "out")
    assert not (here / "out" / UNFINISHED).exists()


def test_a_file_of_the_user_is_no_scrap(here):
    out = here / "out"
    out.mkdir()
    (out / f"{MARKER}.tmp-mine").write_text("mine", encoding="utf-8")
    with pytest.raises(FolderError, match="did not write"):
        check_folder(out)
