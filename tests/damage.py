"""Ways in which a folder or a file can be damaged, by accident or on purpose, for tests that hand them to commands.

Each damage is a function of a folder, under a name that says what it does. The lists are complete and in a fixed order:
a fast test takes every so many of them, a slow one all.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from irregsim.storage.hashing import sha256_of_file

Damage = tuple[str, Callable[[Path], None]]

#: Values that a key of a JSON file does not expect.
ODD: tuple[Any, ...] = (
    None,
    True,
    False,
    0,
    -1,
    1,
    0.5,
    3,
    10**6,
    10**30,
    1e300,
    "",
    ".",
    "..",
    "2",
    "x" * 5000,
    "a\0b",
    "\x1b]0;title\a",
    "../../etc/passwd",
    [],
    [None],
    {},
    {"": {}},
    {"a": {"b": [1, {"c": None}]}},
)

#: Bytes that are no JSON mapping, or one that no program should read.
RAW: dict[str, bytes] = {
    "empty": b"",
    "null": b"null",
    "a list": b"[]",
    "a number": b"7",
    "cut off": b"{",
    "deep lists": b"[" * 100_000 + b"]" * 100_000,
    "deep mappings": b'{"a":' * 50_000 + b"1" + b"}" * 50_000,
    "rather deep": b'{"run_id":' + b"[" * 500 + b"]" * 500 + b"}",
    "not a number": b'{"run_id": NaN}',
    "too large a number": b'{"run_id": "x", "seed": 1e999}',
    "a number of many digits": b'{"run_id": ' + b"9" * 5000 + b"}",
    "half a character": b'{"run_id": "\\ud800", "versions": {"irregsim": "0"}, "outputs": {}}',
    "latin-1": b'{"run_id": "\xe6"}',
    "UTF-16": '{"run_id": "x"}'.encode("utf-16"),
    "zeros": b"\0" * 4096,
}


def _write(name: str, data: bytes) -> Callable[[Path], None]:
    def apply(folder: Path) -> None:
        (folder / name).write_bytes(data)

    return apply


def _set(name: str, keys: tuple[str, ...], value: Any) -> Callable[[Path], None]:
    """Sets a value deep in a JSON file."""

    def apply(folder: Path) -> None:
        found = json.loads((folder / name).read_text(encoding="utf-8"))
        place = found
        for key in keys[:-1]:
            place = place[key]
        place[keys[-1]] = value
        (folder / name).write_text(json.dumps(found), encoding="utf-8")

    return apply


def _without(name: str, key: str) -> Callable[[Path], None]:
    def apply(folder: Path) -> None:
        found = json.loads((folder / name).read_text(encoding="utf-8"))
        found.pop(key, None)
        (folder / name).write_text(json.dumps(found), encoding="utf-8")

    return apply


def _changed(name: str, change: Callable[[bytes], bytes]) -> Callable[[Path], None]:
    def apply(folder: Path) -> None:
        (folder / name).write_bytes(change((folder / name).read_bytes()))

    return apply


def _flipped(share: float, bit: int) -> Callable[[bytes], bytes]:
    def change(data: bytes) -> bytes:
        place = min(int(share * len(data)), len(data) - 1)
        return data[:place] + bytes([data[place] ^ (1 << bit)]) + data[place + 1 :]

    return change


def _replaced(name: str, make: Callable[[Path], object]) -> Callable[[Path], None]:
    """Puts something else in place of a file or folder."""

    def apply(folder: Path) -> None:
        place = folder / name
        if place.is_dir():
            shutil.rmtree(place)
        place.unlink(missing_ok=True)
        make(place)

    return apply


def json_damages(name: str, keys: tuple[tuple[str, ...], ...]) -> Iterator[Damage]:
    """Damages of a JSON file.

    Args:
        name: Of the file.
        keys: Paths of the keys that are given odd values.
    """
    for path in keys:
        for number, value in enumerate(ODD):
            yield f"{name}: {'.'.join(path)} is odd value {number}", _set(name, path, value)
        if len(path) == 1:
            yield f"{name}: no {path[0]}", _without(name, path[0])
    for words, data in RAW.items():
        yield f"{name}: {words}", _write(name, data)
    for share in (0.01, 0.2, 0.5, 0.8, 0.99):
        yield f"{name}: cut at {share}", _changed(name, lambda data, share=share: data[: int(share * len(data))])
        for bit in (0, 5, 7):
            yield f"{name}: bit {bit} flipped at {share}", _changed(name, _flipped(share, bit))


def kind_damages(name: str) -> Iterator[Damage]:
    """Something else in place of a file: nothing, a folder, a link, a pipe."""
    yield f"{name}: gone", _replaced(name, lambda place: None)
    yield f"{name}: a folder", _replaced(name, lambda place: place.mkdir())
    if os.name == "posix":
        yield f"{name}: a pipe", _replaced(name, os.mkfifo)
        yield f"{name}: a link to nowhere", _replaced(name, lambda place: place.symlink_to("nowhere"))
        yield f"{name}: a link to itself", _replaced(name, lambda place: place.symlink_to(place.name))
        yield f"{name}: a link to a device", _replaced(name, lambda place: place.symlink_to("/dev/zero"))


def _table(name: str, change: Callable[[Any], Any], *, listed: bool) -> Callable[[Path], None]:
    """Another table in place of a stored one; where it is listed, the manifest has its hash."""

    def apply(folder: Path) -> None:
        pq.write_table(change(pq.read_table(folder / name)), folder / name)
        if listed:
            manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
            manifest["outputs"][name]["sha256"] = sha256_of_file(folder / name)
            (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")

    return apply


def _with(table: Any, number: int, values: Any) -> Any:
    return table.set_column(number, table.column_names[number], values)


_TABLES: dict[str, Callable[[Any], Any]] = {
    "no rows": lambda table: table.slice(0, 0),
    "half of the rows": lambda table: table.slice(0, table.num_rows // 2),
    "no columns": lambda table: table.select([]),
    "a column less": lambda table: table.drop_columns(table.column_names[-1:]),
    "a column more": lambda table: table.append_column("more", pa.array([1.0] * table.num_rows)),
    "a column twice": lambda table: table.append_column(table.column_names[-1], table.column(-1)),
    "text for numbers": lambda table: _with(table, 0, pa.array(["x"] * table.num_rows)),
    "lists for numbers": lambda table: _with(table, -1 % table.num_columns, pa.array([[1]] * table.num_rows)),
    "nothing for numbers": lambda table: _with(table, 0, pa.nulls(table.num_rows)),
    "not a number": lambda table: _with(table, -1 % table.num_columns, pa.array([float("nan")] * table.num_rows)),
    "rows the other way round": lambda table: table.take(list(range(table.num_rows))[::-1]),
}


def table_damages(name: str) -> Iterator[Damage]:
    """Damages of a table in Parquet."""
    for words, change in _TABLES.items():
        yield f"{name}: {words}", _table(name, change, listed=False)
        yield f"{name}: {words}, and the manifest says so", _table(name, change, listed=True)
    for share in (0.0, 0.01, 0.3, 0.6, 0.95, 0.999):
        yield f"{name}: cut at {share}", _changed(name, lambda data, share=share: data[: int(share * len(data))])
        yield f"{name}: a bit flipped at {share}", _changed(name, _flipped(share, 3))
    yield f"{name}: text", _write(name, b"no table\n")


_KEYS = (
    "run_id part_key scenario scenario_sha256 data_sha256 code_sha256 gate numerics posterior_id draws per_draw seed "
    "replicates scale spells without format lang publish show_levels versions git_commit git_dirty command started "
    "seconds outputs kind"
)

MANIFEST_KEYS: tuple[tuple[str, ...], ...] = (
    *((key,) for key in _KEYS.split()),
    ("versions", "irregsim"),
    ("versions", "matplotlib"),
    ("outputs", "stocks.parquet"),
    ("outputs", "stocks.parquet", "sha256"),
    ("outputs", "../outside"),
    ("outputs", "plots"),
    ("outputs", "a/../../b"),
    ("scenario", "name"),
    ("scenario", "period"),
    ("scenario", "levers"),
    ("scenario", "extends"),
)


def run_folder_damages() -> list[Damage]:
    """Damages of a finished run."""
    found = [*json_damages("manifest.json", MANIFEST_KEYS)]
    for name in ("manifest.json", ".irregsim", "stocks.parquet", "draws.parquet", "summary.csv", "plots"):
        found += kind_damages(name)
    for name in ("stocks.parquet", "draws.parquet", "registers.parquet"):
        found += table_damages(name)
    found.append(("summary.csv: not text", _write("summary.csv", b'a,"\xff\n\0')))
    return found


POSTERIOR_KEYS: tuple[tuple[str, ...], ...] = (
    *((key,) for key in ("posterior_id", "draws", "irregsim", "command", "settings", "targets_vintage", "gate")),
    ("gate", "passed"),
    ("gate", "red"),
    ("parameters_sha256",),
)


def posterior_damages() -> list[Damage]:
    """Damages of the folder of a posterior."""
    found = [*json_damages("posterior.json", POSTERIOR_KEYS), *kind_damages("posterior.json")]
    for words, change in _TABLES.items():
        found.append((f"draws.parquet: {words}", _table("draws.parquet", change, listed=False)))
    return [*found, *kind_damages("draws.parquet")]


def part_damages() -> list[Damage]:
    """Damages of replicates 0, 1 and 2 of a run under way, by the folders they are in."""

    def swap(folder: Path) -> None:
        (folder / "000000").rename(folder / "swap")
        (folder / "000001").rename(folder / "000000")
        (folder / "swap").rename(folder / "000001")

    def renamed(folder: Path) -> None:
        (folder / "000002").rename(folder / "000007")

    def doubled(folder: Path) -> None:
        shutil.rmtree(folder / "000002")
        shutil.copytree(folder / "000001", folder / "000002")

    found: list[Damage] = [("swapped", swap), ("renamed", renamed), ("doubled", doubled)]
    found += json_damages("000001/digests.json", (("replicate",), ("tables",), ("tables", "stocks")))
    for name in ("000001/digests.json", "000001/stocks.parquet", "000001"):
        found += kind_damages(name)
    for share in (0.0, 0.3, 0.9):
        found.append((f"cut at {share}", _changed("000001/stocks.parquet", lambda d, s=share: d[: int(s * len(d))])))
    return found
