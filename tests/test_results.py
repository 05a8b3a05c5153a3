"""Tables and folders: exact schemas, hashes of content, and nothing half done under a final name."""

from __future__ import annotations

import contextlib
import json
import os

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

import fake_engine
from irregsim.scenario import load_scenario
from irregsim.storage import parquet
from irregsim.storage.folder import (
    MANIFEST,
    MARKER,
    MARKER_TEXT,
    UNFINISHED,
    FolderError,
    Parts,
    RunFolder,
    check_folder,
    commit,
    finish_commit,
    is_ours,
    opened_for_writing,
)
from irregsim.storage.parquet import TableError, TableWriter, content_digest, table_from_frame
from irregsim.study import tables as run_tables
from irregsim.study.tables import TABLES, tables_of
from run_tools import short_scenario


@pytest.fixture(scope="module")
def frames(tmp_path_factory):
    scenario = load_scenario(short_scenario(tmp_path_factory.mktemp("scenario")))
    return fake_engine.run_replicate(scenario, {}, seed=1, replicate=0, scale=0.2, spells=True)


@pytest.mark.parametrize("name", [*TABLES, "spells"])
def test_a_table_has_the_columns_of_its_schema_with_replicate_in_its_place(frames, name):
    table = table_from_frame(name, run_tables.schema_of(name), frames[name], 5)
    assert table.column_names == [column for column, _ in run_tables.schema_of(name)]
    assert table.column("replicate").to_pylist() == [5] * len(frames[name])
    for column, kind in run_tables.schema_of(name):
        type_ = {"text": "string", "int": "int64", "float": "double", "bool": "bool"}[kind.rstrip("?")]
        assert str(table.schema.field(column).type) == type_
        if column != "replicate":
            was = frames[name][column]
            found = table.column(column).to_pandas()
            assert [x for x in found if not pd.isna(x)] == [x for x in was if not pd.isna(x)]


def test_a_table_that_is_not_as_its_schema_says_is_refused(frames):
    registers = frames["registers"]
    bad = {
        "columns": registers.assign(extra=1),
        "must be int": registers.astype({"count": "float64"}),
        "must be text": registers.astype({"period": str}).assign(key=1),
        "are missing": registers.astype({"key": str}).assign(key=[None, *registers["key"][1:]]),
    }
    for words, frame in bad.items():
        with pytest.raises(TableError, match=words):
            table_from_frame("registers", TABLES["registers"], frame, 0)


texts = st.lists(st.sampled_from(["a", "b", "æ", "", None]), min_size=0, max_size=12)


@given(texts, st.integers(0, 2**31))
def test_the_content_hash_sees_values_and_not_how_they_are_stored(words, seed):
    numbers = np.random.default_rng(seed).integers(0, 5, len(words))
    plain = pa.table({"t": pa.array(words, pa.string()), "n": pa.array(numbers, pa.int64())})
    pieces = pa.concat_tables([plain.slice(0, len(words) // 2), plain.slice(len(words) // 2)])
    assert content_digest(plain) == content_digest(pieces)
    coded = pa.DictionaryArray.from_arrays(
        pa.array([{"": 4, "a": 3, "b": 2, "æ": 1}.get(word) for word in words], pa.int8()),
        pa.array(["unused", "æ", "b", "a", ""]),
    )
    assert coded.to_pylist() == words
    assert content_digest(plain.set_column(0, "t", coded)) == content_digest(plain)
    for i in range(len(words)):
        changed = list(words)
        changed[i] = "changed"
        other = plain.set_column(0, "t", pa.array(changed, pa.string()))
        assert content_digest(other) != content_digest(plain)
    if words:
        more = pa.array([int(numbers[0]) + 1, *numbers[1:].tolist()], pa.int64())
        assert content_digest(plain.set_column(1, "n", more)) != content_digest(plain)


def test_the_content_hash_survives_other_parquet_settings(frames, tmp_path):
    table = table_from_frame("outcomes", TABLES["outcomes"], frames["outcomes"], 0)
    for i, options in enumerate([{"compression": "none"}, {"compression": "gzip", "use_dictionary": False}]):
        path = tmp_path / f"{i}.parquet"
        pq.write_table(table, path, **options)
        with pq.ParquetFile(path) as file:
            assert content_digest(file.read()) == content_digest(table)


def test_text_is_written_to_the_same_bytes_from_codes_and_plain(tmp_path):
    """Texts that appear late, of which there are too many for codes, that are missing, and of which there are few."""
    rows = 60_000
    late = [str(i // 20_000 * 70 + i % 60) for i in range(rows)]  # more bits a code on each page
    many = [f"{i % 50_000:020d}" for i in range(rows)]
    some = [None if i % 3 else "abc"[i % 7 % 3] for i in range(rows)]
    plain = pa.table({name: pa.array(words, pa.string()) for name, words in [("l", late), ("m", many), ("s", some)]})
    unused = pa.array(["never", *dict.fromkeys(late)])
    place = {word: code for code, word in enumerate(unused.to_pylist())}
    codes = pa.array([place[word] for word in late])
    coded = plain.set_column(0, "l", pa.DictionaryArray.from_arrays(codes, unused))
    coded = coded.set_column(2, "s", plain["s"].dictionary_encode())
    for length in (0, 1, 17_000, rows):
        files = [tmp_path / f"{name}-{length}" for name in ("plain", "coded", "as-it-is")]
        found = [
            parquet.write_table(table.slice(0, length), file)
            for table, file in zip((plain, coded), files[:2], strict=True)
        ]
        pq.write_table(plain.slice(0, length), files[2], row_group_size=max(1, length), **parquet._PARQUET)
        assert len({file.read_bytes() for file in files}) == 1
        assert found == [content_digest(plain.slice(0, length))] * 2


def test_text_and_missing_text_do_not_hash_alike():
    one, other = (pa.table({"t": pa.array(words, pa.string())}) for words in (["a", None], ["a", ""]))
    assert content_digest(one) != content_digest(other)


def test_every_replicate_is_a_row_group_even_when_empty(frames, tmp_path):
    path = tmp_path / "registers.parquet"
    empty = frames["registers"].iloc[:0]
    with TableWriter(path, TABLES["registers"]) as writer:
        for j, frame in enumerate([frames["registers"], empty, frames["registers"]]):
            writer.write(table_from_frame("registers", TABLES["registers"], frame, j))
    with pq.ParquetFile(path) as file:
        assert file.metadata.num_row_groups == 3
        rows = len(frames["registers"])
        assert [file.metadata.row_group(j).num_rows for j in range(3)] == [rows, 0, rows]
        assert file.schema_arrow.metadata is None  # nothing of pandas, so nothing of its version
    assert parquet.content_sha256(path) == writer.content_sha256


def test_parts_come_back_as_they_were(frames, tmp_path):
    parts = Parts(tmp_path, tables_of(True))
    parts.write(3, frames)
    assert parts.finished() == {3}
    for name in parts.tables:
        assert parts.read(3, name).equals(table_from_frame(name, run_tables.schema_of(name), frames[name], 3))


def test_half_done_and_damaged_parts_are_removed_not_used(frames, tmp_path):
    parts = Parts(tmp_path, tables_of(True))
    for j in range(3):
        parts.write(j, frames)
    (tmp_path / "tmp-000007-1").mkdir()  # a worker was killed here
    (parts.path(0) / "flows.parquet").unlink()
    with (parts.path(2) / "stocks.parquet").open("r+b") as stream:  # bytes lost with the power
        stream.seek(100)
        stream.write(b"\0" * 200)
    assert parts.finished() == {1}
    assert [entry.name for entry in tmp_path.iterdir()] == ["000001"]


def test_a_part_must_have_every_table_of_the_run(frames, tmp_path):
    with pytest.raises(TableError, match="spells"):
        Parts(tmp_path, tables_of(False)).write(0, frames)
    assert list(tmp_path.iterdir()) == []


# ---------------------------------------------------------------------------------------------------------


def test_a_new_an_empty_and_an_own_folder_are_accepted(tmp_path):
    check_folder(tmp_path / "deep" / "new")
    assert not (tmp_path / "deep").exists()
    (tmp_path / "empty").mkdir()
    check_folder(tmp_path / "empty")
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / MARKER).write_text(MARKER_TEXT, encoding="utf-8")
    check_folder(tmp_path / "own")


@pytest.mark.parametrize(
    "content",
    [
        {"thesis.docx": "mine"},
        {MANIFEST: "{}"},
        {MANIFEST: "not json"},
        {MANIFEST: '["run_id"]'},
        {MANIFEST: '{"run_id": 1, "versions": {"another": "1"}}'},
        {MARKER: "something else"},
        {".hidden": ""},
    ],
)
def test_a_folder_with_anything_else_is_refused_and_left_alone(tmp_path, content):
    for name, text in content.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    with pytest.raises(FolderError, match="choose a new or empty folder"), opened_for_writing(tmp_path):
        pass
    assert {file.name: file.read_text(encoding="utf-8") for file in tmp_path.iterdir()} == content


def test_a_file_is_no_folder(tmp_path):
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(FolderError, match="is a file"):
        check_folder(tmp_path / "file")
    with pytest.raises(FolderError, match="is a file"):
        check_folder(tmp_path / "file" / "below")


@pytest.mark.skipif(os.name != "posix" or os.getuid() == 0, reason="needs a user whom permissions bind")
def test_a_folder_without_permission_is_refused(tmp_path):
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(FolderError, match="no permission"):
            check_folder(tmp_path / "new")
    finally:
        tmp_path.chmod(0o700)


def test_two_runs_cannot_write_into_one_folder(tmp_path):
    out = tmp_path / "out"
    with opened_for_writing(out), pytest.raises(FolderError, match="another run"), opened_for_writing(out):
        pass


def _stage(folder, names, text, account=MANIFEST):
    with opened_for_writing(folder) as work:
        staging = work / "staging"
        (staging / "plots").mkdir(parents=True)
        for name in names:
            (staging / name).write_text(text, encoding="utf-8")
        manifest = {"run_id": text, "versions": {"irregsim": "0"}, "outputs": {name: {} for name in names}}
        (staging / account).write_text(json.dumps(manifest), encoding="utf-8")
        commit(folder, staging, account)


def _content(folder):
    return {
        f.relative_to(folder).as_posix(): f.read_text(encoding="utf-8")
        for f in folder.rglob("*")
        if f.is_file() and f.name not in (MANIFEST, MARKER, "lock")
    }


def _everything(folder):
    return {f.relative_to(folder): f.read_bytes() for f in folder.rglob("*") if f.is_file()}


@pytest.mark.parametrize("survived", range(6))
def test_a_commit_that_is_cut_off_anywhere_is_finished_by_the_next_command(tmp_path, monkeypatch, survived):
    out = tmp_path / "out"
    _stage(out, ["a.csv", "b.csv", "plots/p.svg", "old.csv"], "old")
    (out / "notes.txt").write_text("the user's own", encoding="utf-8")
    moves = 0
    replace = os.replace

    def dying_replace(source, target):
        nonlocal moves
        moves += 1
        if moves > survived + 2:  # the first two are the marker and the move of the whole set
            raise SystemExit("killed")
        replace(source, target)

    names = ["a.csv", "b.csv", "plots/p.svg", "new.csv"]
    monkeypatch.setattr(os, "replace", dying_replace)
    try:
        _stage(out, names, "new")
    except SystemExit:
        assert survived < 5
    monkeypatch.setattr(os, "replace", replace)
    # Whatever stands under a final name is whole, and the old manifest stands until all is new.
    assert set(_content(out / "plots").values()) <= {"old", "new"}
    before = _everything(out)
    with contextlib.suppress(FolderError):
        RunFolder.open(out)
    assert _everything(out) == before, "whoever reads moves nothing"
    with opened_for_writing(out):
        pass
    folder = RunFolder.open(out)
    assert folder.manifest["run_id"] == "new"
    assert _content(out) == {**dict.fromkeys(names, "new"), "notes.txt": "the user's own"}
    finish_commit(out)  # again changes nothing
    assert RunFolder.open(out).manifest["run_id"] == "new"


@pytest.mark.parametrize("survived", range(4))
def test_a_folder_with_another_account_is_finished_too_and_keeps_the_runs_in_it(tmp_path, monkeypatch, survived):
    """The folder of a fit: its account is no manifest, and the run inside has files of the same names."""
    out, run = tmp_path / "fit", tmp_path / "fit" / "run"
    _stage(out, ["a.csv", "old.csv"], "old", "fit.json")
    _stage(run, ["old.csv"], "run")
    account = json.loads((out / "fit.json").read_text(encoding="utf-8"))
    account["outputs"] |= {"run/old.csv": {}, MARKER: {}, f"run/{MARKER}": {}}
    (out / "fit.json").write_text(json.dumps(account), encoding="utf-8")
    replace, moves = os.replace, []

    def dying_replace(source, target):
        moves.append(target)
        if len(moves) > survived + 2:
            raise SystemExit("killed")
        replace(source, target)

    monkeypatch.setattr(os, "replace", dying_replace)
    with contextlib.suppress(SystemExit):
        _stage(out, ["a.csv", "new.csv"], "new", "fit.json")
    monkeypatch.setattr(os, "replace", replace)
    with opened_for_writing(out):
        pass
    assert json.loads((out / "fit.json").read_text(encoding="utf-8"))["run_id"] == "new"
    assert {f.name: f.read_text(encoding="utf-8") for f in out.glob("*.csv")} == {"a.csv": "new", "new.csv": "new"}
    assert (out / MARKER).exists() and RunFolder.open(run).manifest["run_id"] == "run"
    assert (run / "old.csv").read_text(encoding="utf-8") == "run" and not (out / UNFINISHED).exists()


def test_nothing_outside_the_folder_is_removed(tmp_path):
    out, outside = tmp_path / "out", tmp_path / "outside.txt"
    outside.write_text("mine", encoding="utf-8")
    _stage(out, ["a.csv"], "old")
    manifest = json.loads((out / MANIFEST).read_text(encoding="utf-8"))
    manifest["outputs"]["../outside.txt"] = {}
    (out / MANIFEST).write_text(json.dumps(manifest), encoding="utf-8")
    _stage(out, ["b.csv"], "new")
    assert outside.read_text(encoding="utf-8") == "mine"
    assert not (out / "a.csv").exists()


def test_opening_says_what_is_wrong(tmp_path):
    with pytest.raises(FolderError, match="no such folder"):
        RunFolder.open(tmp_path / "nowhere")
    with pytest.raises(FolderError, match=r"not a finished run$"):
        RunFolder.open(tmp_path)
    with opened_for_writing(tmp_path / "begun") as work:
        (work / "part").mkdir()
    assert is_ours(tmp_path / "begun") and (tmp_path / "begun" / UNFINISHED / "part").is_dir()
    with pytest.raises(FolderError, match="the same command resumes it"):
        RunFolder.open(tmp_path / "begun")
