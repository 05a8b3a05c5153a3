"""Every command that writes a folder meets one with files of others, or with links: it says so, and changes nothing."""

from __future__ import annotations

import os
import shutil
from importlib.util import find_spec
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from irregsim.cli import main
from irregsim.commands import calibrate, sensitivity
from irregsim.inference.calibration import bank, fitting
from irregsim.storage.paths import FolderError, refuse_links_below
from irregsim.workshop import handouts
from study_files import small_study

pytestmark = pytest.mark.once

#: How each command with ``--out`` is asked, without that option.
COMMANDS = {
    "backtest": (),
    "calibrate": (),
    "compare": ("short.yaml", "baseline", "--quiet"),
    "explore": ("study.yaml", "--quiet"),
    "fit": ("--draws", "point", "--quiet"),
    "run": ("short.yaml", "--quiet"),
    "sensitivity": ("short.yaml", "baseline", "--quiet"),
    "workshop": (),
}
#: Other commands write no folder: `new` makes one file, and refuses one that is there; the rest print.
NO_FOLDER = {
    *("diff", "doctor", "explain", "levers", "model", "new", "parameters", "reproduce", "runs", "scenarios", "schema"),
    *("serve", "show", "targets", "validate"),
}

posix = pytest.mark.skipif(os.name != "posix", reason="makes links, which other systems refuse to most users")


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A working folder with a scenario and a folder of the user's; whatever would be simulated is an error."""
    monkeypatch.setattr("irregsim.study.replicates.ENGINE", "no_such_module:engine")
    monkeypatch.setattr(bank, "ENGINE", "no_such_module:engine")
    monkeypatch.setattr(handouts, "make_page", lambda name, lang: f"{name} {lang}")
    small_study(tmp_path)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "home" / "sub").mkdir(parents=True)
    (tmp_path / "home" / "thesis.txt").write_text("mine", encoding="utf-8")
    return tmp_path


def seen(folder: Path) -> dict[str, bytes | str | None]:
    """Everything in a folder, links as the links they are."""
    return {
        entry.relative_to(folder).as_posix(): str(entry.readlink())
        if entry.is_symlink()
        else (entry.read_bytes() if entry.is_file() else None)
        for entry in sorted(folder.rglob("*"))
    }


def asked(name: str, out: str):
    if name in ("backtest", "calibrate") and find_spec("sklearn") is None:
        pytest.skip(f"{name} needs scikit-learn")
    return CliRunner().invoke(main, [name, *COMMANDS[name], "--out", out])


def test_every_command_that_writes_a_folder_is_here():
    context = click.Context(main)
    writes = {
        name
        for name in main.list_commands(context)
        if any("--out" in one.opts for one in main.get_command(context, name).params)
    }
    assert writes == set(COMMANDS)
    assert set(main.list_commands(context)) == writes | NO_FOLDER


@pytest.mark.parametrize("file", ["notes.txt", ".hidden", "plots/mine.svg", "posterior/draws.parquet", "manifest.json"])
@pytest.mark.parametrize("name", COMMANDS)
def test_no_command_writes_among_files_of_others(here, name, file):
    (here / "mine" / file).parent.mkdir(parents=True, exist_ok=True)
    (here / "mine" / file).write_text("{}", encoding="utf-8")
    before = seen(here)
    answer = asked(name, "mine")
    assert answer.exit_code == 2, answer.output
    assert answer.output.startswith("Error: ") and "mine: " in answer.output
    assert seen(here) == before


@posix
@pytest.mark.parametrize("name", COMMANDS)
@pytest.mark.parametrize("kind", ["file", "below a file", "pipe", "loop"])
def test_a_place_that_can_be_no_folder_is_refused_before_any_work(here, name, kind):
    out = "place/below" if kind == "below a file" else "place"
    if kind == "pipe":
        os.mkfifo("place")
    elif kind == "loop":
        os.symlink("place", "place")
    else:
        Path("place").write_text("x", encoding="utf-8")
    answer = asked(name, out)
    assert answer.exit_code == 2 and answer.output.startswith("Error: "), answer.output
    assert "place" in answer.output and not Path("outputs").exists()


# -- links, in folders that seem to be of the command -------------------------------------------------------------


@posix
@pytest.mark.parametrize("place", ["wave-0", "wave-0/000000.parquet", "posterior", "posterior/draws.parquet",
                                   "report.json", "centre", "register-x"])  # fmt: skip
def test_a_calibration_goes_through_no_link(here, place):
    out = here / "fit"
    (out / place).parent.mkdir(parents=True, exist_ok=True)
    (out / fitting.FIRST_WAVE).mkdir(exist_ok=True)
    if place == fitting.FIRST_WAVE:
        (out / place).rmdir()
    (out / place).symlink_to(here / "home" / ("thesis.txt" if Path(place).suffix else ""))
    before = seen(here)
    with pytest.raises(FolderError, match="is a link" if place != fitting.FIRST_WAVE else "no calibration"):
        calibrate.check_folder(out)
    answer = asked("calibrate", "fit")
    assert answer.exit_code == 2 and seen(here) == before


@posix
@pytest.mark.parametrize("file", [sensitivity.ACCOUNT, "sensitivity.parquet", "tornado-short-stock-arbeidende.png"])
def test_what_drives_a_finding_is_written_through_no_link(here, file):
    (here / "found").mkdir()
    (here / "found" / sensitivity.ACCOUNT).write_text("{}", encoding="utf-8")
    (here / "found" / file).unlink(missing_ok=True)
    (here / "found" / file).symlink_to(here / "home" / "thesis.txt")
    before = seen(here)
    answer = asked("sensitivity", "found")
    assert answer.exit_code == 2 and "is a link" in answer.output and seen(here) == before


@posix
@pytest.mark.parametrize("file", ["explore.json", "points.parquet", "explore-exit-tvangsretur.png", ".unfinished/lock"])
def test_a_study_is_written_through_no_link(here, file):
    (here / "found" / ".unfinished").mkdir(parents=True)
    (here / "found" / ".irregsim").touch()
    (here / "found" / file).symlink_to(here / "home" / "thesis.txt")
    before = seen(here)
    answer = asked("explore", "found")
    assert answer.exit_code == 2 and "is a link" in answer.output and seen(here) == before


@posix
@pytest.mark.parametrize("name", ["handouts-nb.html", "handouts-nb.part"])
@pytest.mark.parametrize("kind", ["link", "pipe"])
def test_pages_of_a_class_are_written_through_no_link_and_wait_for_no_pipe(here, name, kind):
    assert asked("workshop", "class").exit_code == 0
    place = here / "class" / name
    place.unlink(missing_ok=True)
    place.symlink_to(here / "home" / "thesis.txt") if kind == "link" else os.mkfifo(place)
    home = seen(here / "home")
    answer = asked("workshop", "class")
    assert answer.exit_code == 0, answer.output
    assert seen(here / "home") == home
    assert (here / "class" / "handouts-nb.html").read_text(encoding="utf-8") == "handouts nb"
    assert not (here / "class" / "handouts-nb.html").is_symlink()


@posix
def test_links_are_found_wherever_they_are_below_a_folder(here):
    refuse_links_below(here / "nothing")
    refuse_links_below(here / "home")
    (here / "linked").symlink_to(here / "home")
    refuse_links_below(here / "linked")  # itself a link, which is its owner's choice
    (here / "home" / "sub" / "link").symlink_to("nowhere")
    for folder in (here / "home", here / "linked"):
        with pytest.raises(FolderError, match="sub/link: is a link"):
            refuse_links_below(folder)


# -- files of a calibration ---------------------------------------------------------------------------------------


def test_a_damaged_trial_is_named_and_what_is_no_trial_is_passed_over(tmp_path):
    trials = bank.Trials(tmp_path)
    for name in ("000001.parquet", "0x.parquet", "0².parquet", "000002.parquet.old"):
        (tmp_path / name).write_bytes(b"PAR1 cut off")
    assert trials.finished() == {1}
    with pytest.raises(bank.OtherTrials, match=r"000001.parquet is damaged .*; remove it, and run the same command"):
        trials.read(1)


@pytest.mark.parametrize("text", [b"", b"[]", b'{"settings": 7}', b"[" * 100_000, b"\xff"])
def test_a_damaged_report_of_a_calibration_is_told(tmp_path, text):
    (tmp_path / calibrate.REPORT_FILE).write_bytes(text)
    with pytest.raises(calibrate.WrongUse, match="no finished calibration"):
        calibrate.again(tmp_path, tmp_path / "own.csv")
    if os.name == "posix":
        (tmp_path / calibrate.REPORT_FILE).unlink()
        os.mkfifo(tmp_path / calibrate.REPORT_FILE)
        with pytest.raises(calibrate.WrongUse, match="no finished calibration"):
            calibrate.again(tmp_path, tmp_path / "own.csv")
        shutil.rmtree(tmp_path)
