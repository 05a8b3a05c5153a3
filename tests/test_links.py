"""Folders that come from somebody else: no link in one is followed, and whoever only reads one moves nothing."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from irregsim.cli import main
from irregsim.commands.run import RunRequest, run_scenario
from irregsim.inference.posterior import choose
from irregsim.scenario import load_scenario
from irregsim.storage.folder import MANIFEST, MARKER, UNFINISHED, FolderError, RunFolder, commit, opened_for_writing
from irregsim.study.identity import finished_run
from irregsim.study.replicates import Plan
from run_tools import leave_pictures_out, short_scenario, tables_of, use_fake

pytestmark = pytest.mark.skipif(os.name != "posix", reason="makes links, which other systems refuse to most users")

OPTIONS = ("--replicates", "2", "--scale", "0.1", "--jobs", "1", "--draws", "point", "--quiet")


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A finished run of the stand-in engine, with its scenario beside it."""
    place = tmp_path_factory.mktemp("finished")
    with pytest.MonkeyPatch.context() as patch:
        use_fake(patch)
        leave_pictures_out(patch)
        request = RunRequest(
            str(short_scenario(place)), replicates=2, scale=0.1, jobs=1, draws="point", out=str(place / "out")
        )
        run_scenario(request)
    return place


@pytest.fixture
def here(finished, tmp_path, monkeypatch):
    """A copy of it in the working folder, and a folder of the user's that nothing may touch."""
    use_fake(monkeypatch)
    leave_pictures_out(monkeypatch)
    shutil.copytree(finished, tmp_path / "work")
    home = tmp_path / "home"
    (home / "documents").mkdir(parents=True)
    (home / "000000").mkdir()
    (home / "documents" / "thesis.txt").write_text("mine", encoding="utf-8")
    (home / "000000" / "photo").write_text("mine", encoding="utf-8")
    (home / "profile").write_text("mine", encoding="utf-8")
    monkeypatch.chdir(tmp_path / "work")
    return tmp_path


def home_of(here: Path) -> dict[str, str]:
    home = here / "home"
    return {f.relative_to(home).as_posix(): f.read_text("utf-8") if f.is_file() else "" for f in home.rglob("*")}


def command(*arguments: str):
    return CliRunner().invoke(main, arguments)


def key_of(out: Path) -> str:
    return json.loads((out / MANIFEST).read_text(encoding="utf-8"))["part_key"]


def waiting(out: Path, names: dict[str, str]) -> None:
    """A set of files that waits to be put in place, as an interrupted command leaves it."""
    ready = out / UNFINISHED / "commit"
    for name, text in names.items():
        (ready / name).parent.mkdir(parents=True, exist_ok=True)
        (ready / name).write_text(text, encoding="utf-8")
    manifest = json.loads((out / MANIFEST).read_text(encoding="utf-8"))
    manifest["outputs"] |= {name: {} for name in names}
    (ready / MANIFEST).write_text(json.dumps(manifest), encoding="utf-8")


#: Where a link may stand in a run folder; ``KEY`` is the key of the replicates under way.
PLACES = [
    MARKER,
    MANIFEST,
    "plots",
    "runs",
    "run",
    "stocks.parquet",
    "draws.parquet",
    "summary.csv",
    UNFINISHED,
    f"{UNFINISHED}/lock",
    f"{UNFINISHED}/commit",
    f"{UNFINISHED}/commit/new.csv",
    f"{UNFINISHED}/commit/new",
    f"{UNFINISHED}/KEY",
    f"{UNFINISHED}/KEY-staging",
    f"{UNFINISHED}/KEY/000000",
    f"{UNFINISHED}/KEY/000001",
    f"{UNFINISHED}/KEY/tmp-000000-1",
]


@pytest.mark.parametrize("place", PLACES)
def test_a_run_goes_through_no_link_inside_its_folder(here, place):
    out = here / "work" / "out"
    if place.startswith(f"{UNFINISHED}/commit/"):
        waiting(out, {"a.csv": "new"})
    link = out / place.replace("KEY", key_of(out))
    link.parent.mkdir(parents=True, exist_ok=True)
    if link.is_dir():
        shutil.rmtree(link)
    link.unlink(missing_ok=True)
    before = home_of(here)
    is_name_of_a_file = Path(place).suffix or place in (MARKER, f"{UNFINISHED}/lock")
    link.symlink_to(here / "home" / ("profile" if is_name_of_a_file else ""))
    # More replicates than there are, so that something is to be written.
    answer = command("run", "short.yaml", "--out", "out", *OPTIONS, "--replicates", "3")
    assert home_of(here) == before
    assert answer.exit_code == 2, answer.output
    assert str(Path("out", place.replace("KEY", key_of(out) if place != MANIFEST else ""))) in answer.output
    assert answer.output.startswith("Error: ") and ("link" in answer.output or "ordinary file" in answer.output)
    # What the message says to do is enough, and nothing was lost.
    link.unlink()
    assert command("run", "short.yaml", "--out", "out", *OPTIONS, "--replicates", "3").exit_code == 0
    assert home_of(here) == before


def test_a_link_to_the_run_folder_itself_is_the_choice_of_whoever_made_it(here):
    (here / "large").mkdir()
    (here / "work" / "elsewhere").symlink_to(here / "large")
    assert command("run", "short.yaml", "--out", "elsewhere", *OPTIONS).exit_code == 0
    assert tables_of(here / "large") == tables_of(here / "work" / "out")


def everything(folder: Path) -> dict[str, bytes | str]:
    return {
        f.relative_to(folder).as_posix(): str(f.readlink()) if f.is_symlink() else f.read_bytes()
        for f in folder.rglob("*")
        if f.is_symlink() or f.is_file()
    }


@pytest.mark.parametrize("linked", [False, True])
def test_whoever_only_reads_finishes_no_commit(here, linked):
    out = here / "work" / "out"
    waiting(out, {"plots2/profile": "theirs"})
    if linked:
        (out / "plots2").symlink_to(here / "home")
    before, home = everything(here / "work"), home_of(here)
    with pytest.raises(FolderError, match="run that command again"):
        RunFolder.open(out)
    answer = command("reproduce", "out", "--jobs", "1", "--quiet")
    assert answer.exit_code == 2 and "run that command again" in answer.output, answer.output
    assert everything(here / "work") == before and home_of(here) == home


def test_a_comparison_uses_no_folder_in_which_a_commit_waits_and_leaves_it_alone(here):
    """It looks for finished runs in outputs/ by itself, where it was not asked to write."""
    theirs = here / "work" / "outputs" / "short"
    shutil.copytree(here / "work" / "out", theirs)
    waiting(theirs, {"plots2/profile": "theirs"})
    (theirs / "plots2").symlink_to(here / "home")
    before, home = everything(theirs), home_of(here)
    scenario = load_scenario("short.yaml")
    point, _ = choose("point")
    plan = Plan(scenario, point, scenario.seed, scale=0.1)
    assert finished_run(plan, 2, (here / "work" / "out",)) is not None
    assert finished_run(plan, 2, (theirs,)) is None
    assert everything(theirs) == before and home_of(here) == home


@pytest.mark.parametrize("place", ["runs", "runs/short", "runs/other", "plots", "report.html", "key_figures.parquet"])
def test_a_comparison_goes_through_no_link_inside_its_folder(here, place, monkeypatch):
    monkeypatch.setattr("irregsim.study.replicates.ENGINE", "no_such_module:engine")
    text = (here / "work" / "short.yaml").read_text(encoding="utf-8")
    other = text.replace("name: short", "name: other").replace("90000", "80000")
    (here / "work" / "other.yaml").write_text(other, encoding="utf-8")
    out = here / "work" / "both"
    out.mkdir()
    manifest = {"run_id": "0" * 16, "versions": {"irregsim": "0"}, "outputs": {"report.html": {}}}
    manifest["outputs"]["key_figures.parquet"] = {}
    (out / MANIFEST).write_text(json.dumps(manifest), encoding="utf-8")
    (out / place).parent.mkdir(exist_ok=True)
    (out / place).symlink_to(here / "home" / ("profile" if Path(place).suffix else ""))
    before = home_of(here)
    answer = command("compare", "short.yaml", "other.yaml", "--out", "both", "--replace", *OPTIONS)
    assert answer.exit_code == 2 and str(Path("both", place)) in answer.output and "link" in answer.output
    assert home_of(here) == before


@pytest.mark.parametrize("place", ["run", "plots", "run/plots", f"run/{UNFINISHED}", "fit.csv"])
def test_a_fit_goes_through_no_link_inside_its_folder(here, place, monkeypatch):
    monkeypatch.setattr("irregsim.study.replicates.ENGINE", "no_such_module:engine")
    out = here / "work" / "fit"
    with opened_for_writing(out), opened_for_writing(out / "run"):
        pass
    (out / "fit.json").write_text('{"outputs": {"fit.csv": {}}}', encoding="utf-8")
    if place == "run":
        shutil.rmtree(out / "run")
    (out / place).symlink_to(here / "home" / ("profile" if Path(place).suffix else ""))
    before = home_of(here)
    answer = command("fit", "--draws", "point", "--out", "fit", "--replicates", "2", "--jobs", "1", "--quiet")
    assert home_of(here) == before
    assert answer.exit_code == 2 and str(Path("fit", place)) in answer.output and "link" in answer.output, answer.output


@pytest.mark.parametrize("place", ["fit.json", "fit.csv", "plots2", "plots2/a.svg"])
def test_what_is_met_only_when_files_are_put_in_place_is_refused_before_the_first_is_moved(here, place):
    out = here / "work" / "fit"
    with opened_for_writing(out) as work:
        (out / place).parent.mkdir(exist_ok=True)
        (out / place).symlink_to(here / "home" / ("profile" if Path(place).suffix else ""))
        staging = work / "fit"
        (staging / "plots2").mkdir(parents=True)
        for name in ("a.csv", "fit.csv", "plots2/a.svg"):
            (staging / name).write_text("new", encoding="utf-8")
        (staging / "fit.json").write_text('{"outputs": {}}', encoding="utf-8")
        before = home_of(here)
        with pytest.raises(FolderError, match="is a link"):
            commit(out, staging, "fit.json")
        assert home_of(here) == before and not (out / "a.csv").exists()
        (out / place).unlink()
        commit(out, staging, "fit.json")
        assert (out / "plots2" / "a.svg").read_text(encoding="utf-8") == "new"


def test_only_names_of_ours_are_removed_from_the_work_under_way(here):
    """An interrupted run leaves parts; what else is there is not ours to remove before the run is done."""
    from irregsim.storage.folder import Parts

    parts = Parts(here / "parts", {})
    for name in ("²", "notes", "000001x", "tmp-x", "000000000000000007"):
        (parts.folder / name).mkdir(parents=True)
    for name in ("000003", "0000004"):
        (parts.folder / name).write_text("no part", encoding="utf-8")
    (parts.folder / "tmp-000002-77").mkdir()
    assert parts.finished() == set()
    assert {entry.name for entry in parts.folder.iterdir()} == {"²", "notes", "000001x", "tmp-x", "000000000000000007"}
