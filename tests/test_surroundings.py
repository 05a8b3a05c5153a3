"""Where the program is started: without locks, shared memory or streams, on full disks, and the same bytes anywhere."""

from __future__ import annotations

import errno
import multiprocessing
import os
import subprocess
import sys
import warnings
from functools import partial
from pathlib import Path

import pytest
from click.testing import CliRunner

from irregsim.cli import main, streams
from irregsim.commands.run import RunRequest, run_scenario
from irregsim.present.plots import style
from irregsim.present.plots.compare.base import Inputs
from irregsim.storage.folder import FolderError, check_place, opened_for_writing
from irregsim.storage.paths import Told
from irregsim.study import workers
from run_tools import leave_pictures_out, short_scenario, start_command, tables_of, use_fake

pytestmark = pytest.mark.once

posix = pytest.mark.skipif(os.name != "posix", reason="numbers of open files")

ASKED = ("--replicates", "2", "--scale", "0.05", "--draws", "point", "--quiet")

# -- what a place lacks -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.EOPNOTSUPP])
def test_without_locks_a_run_is_written_with_one_warning(tmp_path, monkeypatch, number):
    fcntl = pytest.importorskip("fcntl")

    def refused(*_):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(fcntl, "flock", refused)
    with pytest.warns(Told, match="has no locks") as told, opened_for_writing(tmp_path / "out") as work:
        (work / "one").mkdir()
    assert len(told) == 1


def test_another_error_of_a_lock_is_an_error(tmp_path, monkeypatch):
    fcntl = pytest.importorskip("fcntl")

    def refused(*_):
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(fcntl, "flock", refused)
    with pytest.raises(OSError) as raised, opened_for_writing(tmp_path / "out"):
        pass
    assert raised.value.errno == errno.EIO


def where(number: int) -> tuple[int, int]:
    return number, os.getpid()


def test_a_worker_of_another_program_begins_no_processes(monkeypatch):
    monkeypatch.setattr(type(multiprocessing.current_process()), "daemon", property(lambda _: True))
    assert list(workers.in_order(where, 3, 2)) == [(number, os.getpid()) for number in range(3)]


def test_without_shared_memory_all_is_done_in_one_process_and_told(monkeypatch):
    def refused():
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr(multiprocessing, "Lock", refused)
    with pytest.warns(Told, match=r"cannot share memory here \(Read-only file system.*--jobs 1"):
        found = dict(workers.as_finished(partial(where), range(3), 2))
    assert {process for _, process in found.values()} == {os.getpid()}


@posix
@pytest.mark.parametrize("closed", [(2,), (0, 1, 2)])
def test_closed_streams_are_opened_to_nowhere_and_no_file_takes_their_number(closed, tmp_path):
    code = f"import os\nfor number in {closed}: os.close(number)\n"
    code += "from irregsim.cli.streams import open_streams, print_text\nopen_streams()\nprint_text('x', err=True)\n"
    code += f"print_text('y')\nfile = open({str(tmp_path / 'file')!r}, 'w')\nassert file.fileno() > 2\n"
    code += "import sys\nassert os.path.samestat(os.fstat(2), os.stat(os.devnull))\n"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True)
    assert done.returncode == 0


@posix
def test_who_stops_reading_does_not_make_a_finished_command_fail():
    code = "import time; from irregsim.cli.streams import print_text\ntime.sleep(0.3)\n"
    code += "for number in range(3000): print_text('x' * 80)\n"
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    process.stdout.close()
    assert process.wait(timeout=60) == 0
    assert process.stderr.read() == b""
    process.stderr.close()


def test_progress_that_cannot_be_written_ends_no_run():
    from irregsim.study.progress import Lines

    class Full:
        written = 0

        def write(self, text):
            self.written += 1
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    full = Full()
    lines = Lines(full)
    lines.start(1, 0)
    lines.phase("writing", 2)
    lines.step()
    lines.step()
    assert full.written == 3


def test_only_warnings_for_users_are_printed_and_each_once(capsys, monkeypatch):
    monkeypatch.setattr(sys, "warnoptions", [])
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        with streams.plain_warnings():
            for _ in range(2):
                warnings.warn("Glyph 1 missing", UserWarning, stacklevel=1)
                warnings.warn("there are no locks", Told, stacklevel=1)
    assert capsys.readouterr().err == "warning: there are no locks\n"


# -- words and files of others ------------------------------------------------------------------------------------


def test_a_title_that_the_font_cannot_show_is_drawn_as_the_name():
    title = "Avtale ኤርትራ"
    about = {"titles": {"one": {"en": title}, "base": {"en": "Blåbær – æøå"}}, "reference": "base"}
    inputs = Inputs({}, about, "one", "en")
    assert inputs.drawn_title() == "one" and inputs.drawn_reference() == "Blåbær – æøå"
    assert inputs.title() == title, "pages show it with the fonts of the browser"
    heading = style.Options(scenario=title).heading("title.registers")
    assert heading and title not in heading
    assert "Blåbær" in style.Options(scenario="Blåbær").heading("title.registers")


def test_an_error_of_the_workbook_library_is_one_of_the_system_with_the_name(tmp_path, monkeypatch):
    xlsxwriter = pytest.importorskip("xlsxwriter")
    from irregsim.present import workbook

    def full(*_):
        raise xlsxwriter.exceptions.FileCreateError(OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)))

    monkeypatch.setattr(workbook, "_write_book", full)
    with pytest.raises(OSError) as raised:
        workbook._write(tmp_path / "t.xlsx", None, [], [])
    assert raised.value.errno == errno.ENOSPC and raised.value.filename == str(tmp_path / "t.xlsx")


def test_hidden_files_of_a_folder_of_scenarios_are_passed_over(tmp_path):
    from irregsim.commands.from_folders import expanded

    short_scenario(tmp_path)
    (tmp_path / "._short.yaml").write_bytes(b"\0\5\x16\7\0\2\0\0Mac OS X        \0\2\xff\xfe")
    assert expanded([str(tmp_path)]) == [str(tmp_path / "short.yaml")]


def test_pages_of_a_class_are_not_mixed_with_files_of_others(tmp_path, monkeypatch):
    from irregsim.workshop import handouts

    monkeypatch.setattr(handouts, "make_page", lambda name, lang: name)
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "handouts-nb.html").write_text("my own text", encoding="utf-8")
    refused = CliRunner().invoke(main, ["workshop", "--out", str(mine)])
    assert refused.exit_code == 2 and "did not write" in refused.output
    assert (mine / "handouts-nb.html").read_text(encoding="utf-8") == "my own text"
    for _ in range(2):
        written = CliRunner().invoke(main, ["workshop", "--out", str(tmp_path / "new")])
        assert written.exit_code == 0, written.output


def test_a_calibration_into_a_file_is_refused_before_any_work(tmp_path):
    pytest.importorskip("sklearn")
    (tmp_path / "file").write_text("x", encoding="utf-8")
    answer = CliRunner().invoke(main, ["calibrate", "--out", str(tmp_path / "file")])
    assert answer.exit_code == 2 and "is a file" in answer.output
    with pytest.raises(FolderError):
        check_place(tmp_path / "file" / "below")
    check_place(tmp_path)


# -- the same bytes -----------------------------------------------------------------------------------------------


#: What differs from the run that the others are compared with. The first two are in the ordinary tests.
SURROUNDINGS = {
    "everything": {
        "cwd": "å b/c",
        "umask": 0o077,
        "TZ": "Pacific/Apia",
        "LC_ALL": "tr_TR.UTF-8",
        "PYTHONHASHSEED": "1",
        "jobs": "2",
        "OMP_NUM_THREADS": "7",
    },
    "C locale": {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    "POSIX locale": {"LC_ALL": "POSIX"},
    "Norwegian": {"LC_ALL": "nb_NO.ISO-8859-1", "LANG": "nb_NO"},
    "Kiritimati": {"TZ": "Pacific/Kiritimati"},
    "no zone": {"TZ": ""},
    "hash 0": {"PYTHONHASHSEED": "0"},
    "hash 4294967295": {"PYTHONHASHSEED": "4294967295"},
    "umask 000": {"umask": 0o000},
    "umask 077": {"umask": 0o077},
    "two processes": {"jobs": "2"},
    "optimised": {"PYTHONOPTIMIZE": "1"},
    "latin output": {"PYTHONIOENCODING": "latin-1"},
    "a folder with spaces": {"cwd": "a b"},
    "a folder with letters": {"cwd": "ኤርትራ"},
    "own settings of pictures": {"MPLBACKEND": "svg", "MATPLOTLIBRC": "own.rc"},
}


def bytes_in(folder: Path, surroundings: dict, monkeypatch) -> dict[str, bytes]:
    place = folder / str(surroundings.get("cwd", "plain"))
    place.mkdir(parents=True)
    short_scenario(place)
    (place / "own.rc").write_text("font.size: 31\nsvg.fonttype: none\n", encoding="utf-8")
    for name, value in surroundings.items():
        if name.isupper() or "_" in name:
            monkeypatch.setenv(name, value)
    before = os.umask(surroundings["umask"]) if "umask" in surroundings else None
    try:
        jobs = surroundings.get("jobs", "1")
        process = start_command(
            "run",
            "short.yaml",
            *ASKED,
            "--jobs",
            jobs,
            "--out",
            "out",
            cwd=place,
            pictures="MPLBACKEND" in surroundings,
        )
        _, told = process.communicate(timeout=300)
    finally:
        if before is not None:
            os.umask(before)
    assert process.returncode == 0, told
    return tables_of(place / "out")


@pytest.fixture(scope="module")
def usual(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        return bytes_in(tmp_path_factory.mktemp("usual"), {}, patch)


@posix
@pytest.mark.parametrize(
    "name",
    [pytest.param(one, marks=() if number < 2 else pytest.mark.slow) for number, one in enumerate(SURROUNDINGS)],
)
def test_a_run_has_the_same_bytes_in_all_surroundings(usual, tmp_path, monkeypatch, name):
    found = bytes_in(tmp_path, SURROUNDINGS[name], monkeypatch)
    if "MPLBACKEND" in SURROUNDINGS[name]:
        with pytest.MonkeyPatch.context() as patch:
            patch.delenv("MPLBACKEND")
            patch.delenv("MATPLOTLIBRC")
            expected = bytes_in(tmp_path / "again", {"MPLBACKEND": "agg"}, patch)
        assert any(file.endswith(".svg") for file in expected)
    else:
        expected = usual
    assert found.keys() == expected.keys() and len(found) > 5
    assert [file for file in found if found[file] != expected[file]] == []


# -- full disks ---------------------------------------------------------------------------------------------------

#: Runs a command on a small disk, then again on one that has grown, and so on with larger ones until twelve in a row
#: are enough. Says what went wrong, and how many sizes were enough and how many were not.
FULL = """
import os, subprocess, sys
from pathlib import Path
from click.testing import CliRunner
import irregsim.study.replicates as experiment
import irregsim.present.plots as plots
from irregsim.cli import main
from run_tools import short_scenario, tables_of
experiment.ENGINE = "fake_engine:run_replicate"
plots.PLOTS.clear()
place, ends, in_a_row = Path(sys.argv[1]), {0: 0, 1: 0}, 0
usual = None
asked = ["run", "/" + str(place.parent / "short.yaml").lstrip("/"), "--replicates", "2", "--scale", "0.05"]
asked += ["--draws", "point", "--quiet", "--jobs", "1", "--out", str(place / "out")]
for size in [65536, *map(int, sys.argv[2:])]:
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}k", "tmpfs", str(place)], check=True)
    first = CliRunner().invoke(main, asked)
    assert first.exit_code in (0, 1), (size, first.output, first.exc_info)
    assert isinstance(first.exception, SystemExit | None), (size, first.exc_info)
    if first.exit_code:
        assert "No space left on device" in first.output and str(place) in first.output, (size, first.output)
        ends[1] += 1
        in_a_row = 0
        subprocess.run(["mount", "-o", "remount,size=65536k", str(place)], check=True)
        again = CliRunner().invoke(main, asked)
        assert again.exit_code == 0, (size, again.output)
    else:
        ends[0] += 1
        in_a_row += 1
    found = tables_of(place / "out")
    usual = usual or found
    assert found == usual, size
    subprocess.run(["umount", "--lazy", str(place)], check=True)  # an error may hold a file open
    print(size, first.exit_code, flush=True)
    if in_a_row == 12:  # larger ones are large enough too
        break
print(ends[0], ends[1])
"""


def small_disks(tmp_path, sizes) -> tuple[int, int]:
    """How many sizes a run fitted into, and how many it did not; skips where no disk can be made."""
    if sys.platform != "linux" or os.geteuid() != 0:
        pytest.skip("makes small disks, for which one must be root of a Linux system")
    if subprocess.run(
        ["unshare", "-m", "mount", "-t", "tmpfs", "tmpfs", str(tmp_path)], capture_output=True
    ).returncode:
        pytest.skip("root may mount nothing here")
    place = tmp_path / "disk"
    place.mkdir()
    short_scenario(tmp_path)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    command = ["unshare", "-m", sys.executable, "-c", FULL, str(place), *map(str, sizes)]
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr
    fitted, full = done.stdout.split()[-2:]
    return int(fitted), int(full)


@pytest.mark.slow
def test_a_full_disk_ends_in_a_sentence_and_the_same_command_goes_on(tmp_path):
    fitted, full = small_disks(tmp_path, [8, 64, 160])
    assert fitted >= 1 and full >= 2


@pytest.mark.slow
def test_disks_of_many_sizes_end_in_a_sentence_and_the_same_command_goes_on(tmp_path):
    fitted, full = small_disks(tmp_path, range(4, 1204, 4))
    print(f"{fitted} sizes were enough, {full} were not")
    assert fitted >= 12 and full > 10


def test_the_comparison_of_bytes_sees_another_seed(tmp_path, monkeypatch):
    use_fake(monkeypatch)
    leave_pictures_out(monkeypatch)
    asked = {"replicates": 1, "scale": 0.05, "jobs": 1, "draws": "point"}
    scenario = str(short_scenario(tmp_path))
    made = [
        run_scenario(RunRequest(scenario, **asked, out=str(tmp_path / name), seed=seed)).folder.path
        for name, seed in (("a", 1), ("b", 1), ("c", 2))
    ]
    first, same, other = map(tables_of, made)
    assert first == same and first != other
