"""Damaged folders: every damage is a message, none a traceback or a wait without end, and nothing wrong is used."""

from __future__ import annotations

import json
import os
import shutil
import signal

import pytest
from click.testing import CliRunner

import fake_engine
from damage import part_damages, posterior_damages, run_folder_damages
from irregsim.cli import main
from irregsim.commands.run import RunRequest, run_scenario
from irregsim.inference import posterior
from irregsim.model.parameters import point_draw
from irregsim.scenario import load_scenario
from irregsim.storage.folder import FolderError, Parts, RunFolder
from irregsim.storage.paths import is_name_inside
from irregsim.study.comparison.pairs import PAIRING, Run, Runs
from irregsim.study.identity import finished_run
from irregsim.study.replicates import Plan
from irregsim.study.tables import tables_of
from run_tools import leave_pictures_out, short_scenario, use_fake

pytestmark = pytest.mark.once

#: The ordinary tests take one damage of so many.
EVERY = 70

REPLICATES = 2
ASKED = ("--replicates", str(REPLICATES), "--scale", "0.05", "--jobs", "1", "--draws", "point", "--quiet")

#: What differs between two runs of the same.
OF_THE_MOMENT = ("started", "seconds", "command", "git_commit", "git_dirty", "seconds_writing", "seconds_per_replicate")


def both(argument, damages, every=EVERY):
    """A sample of the damages, and in the slow tests all others."""
    cases = [
        pytest.param(apply, id=name, marks=() if number % every == every // 2 else pytest.mark.slow)
        for number, (name, apply) in enumerate(damages)
    ]
    return pytest.mark.parametrize(argument, cases)


@pytest.fixture(autouse=True)
def no_test_waits_for_ever():
    """A pipe that is read hangs; the alarm makes that a failure."""
    if not hasattr(signal, "SIGALRM"):
        yield
        return

    def late(*_):
        raise TimeoutError("waits for something that never comes")

    earlier = signal.signal(signal.SIGALRM, late)
    signal.alarm(120)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, earlier)


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    place = tmp_path_factory.mktemp("finished")
    with pytest.MonkeyPatch.context() as patch:
        use_fake(patch)
        leave_pictures_out(patch)
        request = RunRequest(
            str(short_scenario(place)), replicates=REPLICATES, scale=0.05, jobs=1, draws="point", out=str(place / "out")
        )
        run_scenario(request)
    return place


@pytest.fixture
def here(finished, tmp_path, monkeypatch):
    """A copy of a finished run of the stand-in engine, in the working folder."""
    use_fake(monkeypatch)
    leave_pictures_out(monkeypatch)
    shutil.copytree(finished, tmp_path / "work")
    monkeypatch.chdir(tmp_path / "work")
    return tmp_path / "work"


def told(answer) -> bool:
    """Whether a command ended with an exit code and a message that a terminal can show."""
    assert answer.exception is None or isinstance(answer.exception, SystemExit), answer.exc_info
    assert answer.exit_code in (0, 1, 2) and "\x1b" not in answer.output
    return bool(answer.output.strip())


@both("damage", run_folder_damages())
def test_reproduce_says_what_is_wrong(here, damage):
    damage(here / "out")
    answer = CliRunner().invoke(main, ["reproduce", "out", "--jobs", "1", "--quiet"])
    assert told(answer)
    assert answer.exit_code != 1 or "differ" in answer.output, answer.output


@both("damage", run_folder_damages())
def test_the_same_command_repairs_a_folder_or_says_what_to_do(here, finished, damage):
    damage(here / "out")
    answer = CliRunner().invoke(main, ["run", "short.yaml", "--out", "out", *ASKED])
    assert answer.exit_code in (0, 2), answer.output
    assert told(answer) or answer.exit_code == 0
    if answer.exit_code == 2:
        assert any(word in answer.output for word in ("remove", "choose", "--replace")), answer.output
        return
    whole, repaired = (json.loads((one / "out/manifest.json").read_text("utf-8")) for one in (finished, here))
    assert {k: v for k, v in repaired.items() if k not in OF_THE_MOMENT} == {
        k: v for k, v in whole.items() if k not in OF_THE_MOMENT
    }
    for name in whole["outputs"]:
        assert (here / "out" / name).read_bytes() == (finished / "out" / name).read_bytes(), name


@both("damage", run_folder_damages())
def test_a_comparison_uses_a_finished_run_only_if_it_is_whole(here, finished, damage):
    """What is used again has the bytes of the run, and the settings by which runs are paired."""
    scenario = load_scenario(str(here / "short.yaml"))
    draws, _ = posterior.choose("point")
    plan = Plan(scenario, draws, scenario.seed, scale=0.05)
    assert finished_run(plan, REPLICATES, [here / "out"]) is not None
    damage(here / "out")
    found = finished_run(plan, REPLICATES, [here / "out"])
    if found is None:
        return
    whole = RunFolder.open(finished / "out")
    for key in PAIRING:
        mine, theirs = found.manifest[key], whole.manifest[key]
        # No number of replicates a draw is one.
        assert mine == theirs or (key == "per_draw" and (mine or 1) == (theirs or 1)), key
    assert Run(found, REPLICATES).months == Run(whole, REPLICATES).months
    for name in (*tables_of(False), "draws"):
        assert found.table_path(name).read_bytes() == whole.table_path(name).read_bytes()


def test_a_damaged_manifest_is_reported_before_it_is_made_again(here):
    (here / "out" / "manifest.json").write_text('{"run_id": 7}', encoding="utf-8")
    answer = CliRunner().invoke(main, ["run", "short.yaml", "--out", "out", *ASKED])
    assert answer.exit_code == 0
    assert "warning: out: manifest.json is damaged (versions is missing; outputs is missing; run_id" in answer.output
    again = CliRunner().invoke(main, ["run", "short.yaml", "--out", "out", *ASKED])
    assert (again.exit_code, again.output) == (0, "")


@pytest.fixture(scope="module")
def fitted(tmp_path_factory):
    """The folder of a posterior of three equal draws."""
    place = tmp_path_factory.mktemp("posterior")
    about = {
        "command": "irregsim calibrate",
        "settings": {"draws": 3},
        "targets_vintage": "2021-05-31",
        "gate": {"passed": True, "red": []},
    }
    posterior.write(place / "p", [point_draw()] * 3, about)
    return place / "p"


@both("damage", posterior_damages(), every=20)
def test_a_damaged_posterior_is_refused_in_words_or_is_the_same_draws(fitted, tmp_path, damage):
    folder = tmp_path / "p"
    shutil.copytree(fitted, folder)
    (tmp_path / "p" / "manifest.json").write_text('{"outputs": {"draws.parquet": {}}}', encoding="utf-8")
    damage(folder)
    try:
        found, _ = posterior.choose(folder)
    except posterior.PosteriorError as error:
        assert str(folder) in str(error)
    else:
        assert found.values == posterior.choose(fitted)[0].values


@both("damage", part_damages(), every=6)
def test_a_damaged_replicate_is_simulated_again(parts_of_three, tmp_path, damage):
    folder = tmp_path / "parts"
    shutil.copytree(parts_of_three.folder, folder)
    parts = Parts(folder, parts_of_three.tables)
    assert parts.finished() == {0, 1, 2}
    damage(folder)
    try:
        left = parts.finished()
    except FolderError as error:
        assert "is a link" in str(error)
        return
    assert left <= {0, 1, 2}
    for number in left:
        for name in parts.tables:
            assert parts.read(number, name).equals(parts_of_three.read(number, name))
    assert {entry.name for entry in folder.iterdir()} == {f"{number:06d}" for number in left}


@pytest.fixture(scope="module")
def parts_of_three(tmp_path_factory):
    place = tmp_path_factory.mktemp("parts")
    scenario = load_scenario(short_scenario(place))
    parts = Parts(place / "parts", tables_of(False))
    for number in range(3):
        parts.write(number, fake_engine.run_replicate(scenario, {}, seed=1, replicate=number, scale=0.05))
    return parts


def test_runs_with_one_replicate_a_draw_and_with_draws_in_turn_are_paired(here):
    """They use the same draws for the same replicates, so a run of one kind is used for a comparison of the other."""
    text = (here / "short.yaml").read_text(encoding="utf-8")
    other = text.replace("name: short", "name: other").replace("90000", "80000")
    (here / "other.yaml").write_text(other, encoding="utf-8")
    shared = {"replicates": REPLICATES, "scale": 0.05, "jobs": 1, "draws": "prior"}
    first = run_scenario(RunRequest("short.yaml", out="outputs/short", per_draw=1, **shared)).folder
    second = run_scenario(RunRequest("other.yaml", out="outputs/other", **shared)).folder
    assert (first.manifest["per_draw"], second.manifest["per_draw"]) == (1, None)
    assert Runs.of(Run(first, REPLICATES), [Run(second, REPLICATES)]).pairs[0].since == "2020-01"
    draws, _ = posterior.choose("prior")
    scenario = load_scenario("short.yaml")
    assert finished_run(Plan(scenario, draws, scenario.seed, scale=0.05), REPLICATES, [first.path]) is not None


@pytest.mark.parametrize("name", ["a.csv", "plots/b.svg", "plots/sub/c.png", ".hidden", "a b.csv", "ø.csv"])
def test_names_inside_a_folder_are_accepted(name):
    assert is_name_inside(name)


@pytest.mark.parametrize(
    "name",
    ["", ".", "..", "/", "/etc/passwd", "../a", "a/../b", "a//b", "a/", "C:x", "a\\b", "a\0b", "a\nb", "x" * 999],
)
def test_names_that_may_lead_elsewhere_are_refused(name):
    assert not is_name_inside(name)


@pytest.mark.skipif(os.name != "posix", reason="links")
def test_a_posterior_may_be_behind_links_as_some_installers_leave_the_shipped_one(fitted, tmp_path):
    folder = tmp_path / "linked"
    folder.mkdir()
    for file in fitted.iterdir():
        (folder / file.name).symlink_to(file)
    assert posterior.choose(folder)[0].values == posterior.choose(fitted)[0].values
