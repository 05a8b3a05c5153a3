"""Run folders as a person finds them: lists, names, ids, removal; on real folders of the stand-in engine."""

from __future__ import annotations

import json
import os

import pytest
from click.testing import CliRunner

from irregsim.cli import main
from irregsim.commands import registry
from irregsim.commands.request import WrongUse
from irregsim.storage.folder import MANIFEST, MARKER, UNFINISHED, opened_for_writing
from run_tools import leave_pictures_out, short_scenario, use_fake

pytestmark = pytest.mark.once


def irregsim_(*arguments: str, **more):
    return CliRunner().invoke(main, [*arguments], prog_name="irregsim", **more)


def run(out: str, *more: str) -> None:
    answer = irregsim_("run", "short.yaml", "--jobs", "1", "--scale", "0.2", "--quiet", "--out", out, *more)
    assert answer.exit_code == 0, answer.output


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A folder of the user's own with two runs in outputs/, one of them deeper down."""
    use_fake(monkeypatch)
    leave_pictures_out(monkeypatch)
    short_scenario(tmp_path)
    monkeypatch.chdir(tmp_path)
    run("outputs/first", "--draws", "point")
    run("outputs/project/second", "--draws", "point", "--seed", "9", "--replicates", "2")
    return tmp_path


def ids():
    return {one.name: one.id for one in registry.entries()}


def test_a_list_names_what_every_folder_holds(here):
    answer = irregsim_("runs")
    assert answer.exit_code == 0
    rows = {line.split()[0]: line.split() for line in answer.stdout.splitlines() if line.strip()}
    assert rows["first"][1:4] == ["run", ids()["first"][:8], "short"]
    assert rows["first"][6:8] == ["3", "0.2"] and rows["project/second"][6] == "2"
    assert irregsim_("runs", "list", "outputs").stdout == answer.stdout
    assert "kjøring" in irregsim_("runs", "--lang", "nb").stdout
    assert {one["name"] for one in json.loads(irregsim_("runs", "--json").stdout)} == set(ids())


def test_a_list_of_nothing_says_how_to_make_a_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert "irregsim run baseline" in irregsim_("runs").stdout
    answer = irregsim_("runs", "list", "nowhere")
    assert answer.exit_code == 2 and "nowhere: there is no such folder" in answer.stderr


def test_a_run_is_found_by_path_name_and_id(here):
    first = ids()["first"]
    for text in ("outputs/first", "first", first, first[:4]):
        assert registry.found_entry(text).id == first
    assert registry.found_entry("project/second").replicates == 2
    with pytest.raises(WrongUse, match="did you mean first"):
        registry.found_entry("firts")
    with pytest.raises(WrongUse, match="no run folder"):
        registry.found_entry(first[:3])  # too short to be an id


def test_an_id_that_several_begin_with_is_refused_and_equal_results_are_one(here, monkeypatch):
    run("outputs/again", "--draws", "point")
    assert ids()["again"] == ids()["first"] != ids()["project/second"]
    assert registry.found_entry(ids()["first"][:6]).id == ids()["first"]
    assert "Same content: again = first" in irregsim_("runs").stdout
    monkeypatch.setattr(registry, "SHORTEST_ID", 0)
    with pytest.raises(WrongUse, match="begins several ids"):
        registry.found_entry("")


def test_show_says_what_was_run_and_whether_it_is_whole(here):
    shown = irregsim_("runs", "show", "first").stdout
    assert "Short" in shown and "2019-01 - 2021-12" in shown and "levers.fines.employer_base_nok" in shown
    assert "reused by run and compare" in shown and str(here) not in shown
    assert "files are as the manifest says" in irregsim_("runs", "show", "first", "--check").stdout
    with (here / "outputs/first/stocks.parquet").open("ab") as stream:
        stream.write(b"x")
    assert "changed or missing: stocks.parquet" in irregsim_("runs", "show", "first", "--check").stdout


def test_removing_asks_and_leaves_what_is_not_ours(here):
    mine = here / "outputs/first/notes.txt"
    mine.write_text("mine")
    assert irregsim_("runs", "remove", "first", input="n\n").exit_code == 1
    assert (here / "outputs/first" / MANIFEST).exists()
    answer = irregsim_("runs", "remove", "first", "project/second", input="y\n")
    assert answer.exit_code == 0 and "notes.txt" in answer.stdout
    assert sorted(os.listdir(here / "outputs/first")) == [MARKER, "notes.txt"]
    assert not (here / "outputs/project/second").exists() and mine.read_text() == "mine"
    assert registry.entries() == []


def test_a_manifest_cannot_have_files_of_others_removed(here):
    outside, folder = here / "outside.txt", here / "outputs/first"
    outside.write_text("mine")
    (folder / "kept").symlink_to(here)
    manifest = json.loads((folder / MANIFEST).read_text())
    manifest["outputs"]["kept/outside.txt"] = {"sha256": "0"}
    (folder / MANIFEST).write_text(json.dumps(manifest))
    assert irregsim_("runs", "remove", "first", "--yes").exit_code in (1, 2)
    assert outside.read_text() == "mine"


def test_nothing_is_removed_while_another_process_writes_or_where_nothing_is_ours(here):
    with opened_for_writing(here / "outputs/first"):
        answer = irregsim_("runs", "remove", "first", "--yes")
    assert answer.exit_code == 2 and "another run is writing there" in answer.stderr
    assert (here / "outputs/first" / MANIFEST).exists()
    (here / "mine").mkdir()
    assert irregsim_("runs", "remove", "mine", "--yes").exit_code == 2


def test_a_folder_is_renamed_where_it_is(here):
    id_ = ids()["first"]
    assert irregsim_("runs", "rename", "first", "before-the-budget").exit_code == 0
    assert ids()["before-the-budget"] == id_
    for name, words in (("../x", "not the name"), (".hidden", "not the name"), ("project", "already exists")):
        answer = irregsim_("runs", "rename", "before-the-budget", name)
        assert answer.exit_code == 2 and words in answer.stderr


def test_damaged_and_unfinished_folders_are_listed_as_such(here):
    (here / "outputs/first" / MANIFEST).write_text("{")
    part = here / "outputs/half" / UNFINISHED / "0123456789abcdef" / "000000"
    part.mkdir(parents=True)
    (here / "outputs/half" / MARKER).write_text((here / "outputs/first" / MARKER).read_text())
    found = {one.name: one for one in registry.entries()}
    assert found["first"].kind == registry.DAMAGED and "not JSON" in found["first"].fault
    assert (found["half"].kind, found["half"].kept) == (registry.UNDER_WAY, 1)
    listed = irregsim_("runs").stdout
    assert "damaged" in listed and "unfinished" in listed
    assert "1 replicates are finished" in irregsim_("runs", "show", "half").stdout


def test_links_are_not_followed_to_other_runs(here):
    (here / "outputs/link").symlink_to(here / "outputs/project")
    assert set(ids()) == {"first", "project/second"}


def test_open_shows_the_page_or_the_folder(here, monkeypatch):
    import click

    opened = []
    monkeypatch.setattr(click, "launch", lambda url: opened.append(url) or 0)
    assert irregsim_("runs", "open", "first").exit_code == 0
    (here / "outputs/first/report.html").write_text("page")
    irregsim_("runs", "open", "first")
    assert [os.path.relpath(one, here) for one in opened] == ["outputs/first", "outputs/first/report.html"]
    monkeypatch.setattr(click, "launch", lambda url: 3)
    answer = irregsim_("runs", "open", "first")
    assert answer.exit_code == 1 and "open the file yourself" in answer.stderr
