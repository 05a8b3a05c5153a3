"""The run folder: table schemas, parts, hashes, and a commit that is never seen half done.

A run folder holds Parquet tables with one row group per replicate, so that a longer run can take over the
replicates of a shorter one, and a ``manifest.json`` that says what they are. While a run is under way its
finished replicates lie in ``.unfinished/<part key>/``; the files of the folder itself change only when
everything new is complete. docs/outputs.md tells readers what the columns mean.

Nothing here knows the model: tables come in as data frames, and whoever writes them decides what they say.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

#: Kind of a column: ``text`` (UTF-8, never missing), ``text?`` (may be missing), ``int`` (64 bits), ``float``
#: (64 bits, may be missing as NaN), ``bool`` (never missing).
Kind = str

#: Columns of every table, in the order of the files. ``replicate`` counts from 0.
TABLES: dict[str, tuple[tuple[str, Kind], ...]] = {
    "stocks": (
        ("month", "text"),
        ("replicate", "int"),
        ("strategy", "text"),
        ("district", "text"),
        ("city", "text"),
        ("sought_asylum", "bool"),
        ("persons", "int"),
    ),
    "flows": (
        ("month", "text"),
        ("replicate", "int"),
        ("origin", "text"),
        ("destination", "text"),
        ("cause", "text"),
        ("origin_district", "text?"),
        ("destination_district", "text?"),
        ("persons", "int"),
    ),
    "side_strategies": (
        ("month", "text"),
        ("replicate", "int"),
        ("strategy", "text"),
        ("substrategy", "text"),
        ("side_strategy", "text"),
        ("persons", "int"),
    ),
    "centres_by_country": (
        ("month", "text"),
        ("replicate", "int"),
        ("country", "text"),
        ("place", "text"),
        ("persons", "int"),
    ),
    "exits_by_country": (
        ("month", "text"),
        ("replicate", "int"),
        ("country", "text"),
        ("destination", "text"),
        ("persons", "int"),
    ),
    "groups": (
        ("year", "int"),
        ("replicate", "int"),
        ("strategy", "text"),
        ("sought_asylum", "bool"),
        ("sex", "text"),
        ("age_group", "text"),
        ("with_child", "bool"),
        ("duration", "text"),
        ("feasibility_group", "text"),
        ("person_months", "int"),
    ),
    "outcomes": (
        ("month", "text"),
        ("replicate", "int"),
        ("outcome", "text"),
        ("city", "text?"),
        ("value", "float"),
        ("unit", "text"),
    ),
    "registers": (
        ("period", "text"),
        ("replicate", "int"),
        ("register", "text"),
        ("dimension", "text"),
        ("key", "text"),
        ("count", "int"),
    ),
    "detection": (
        ("year", "int"),
        ("replicate", "int"),
        ("register", "text"),
        ("event", "text"),
        ("strategy", "text"),
        ("district", "text"),
        ("events", "int"),
        ("person_months", "int"),
    ),
}

#: Written only when asked for with ``--spells``. What comes after ``destination`` are the person's fixed
#: attributes. ``end``, ``cause_of_end`` and ``destination`` are missing for a spell that lasts beyond the last month.
SPELLS: tuple[tuple[str, Kind], ...] = (
    ("replicate", "int"),
    ("person", "text"),
    ("strategy", "text"),
    ("start", "text"),
    ("end", "text?"),
    ("cause_of_end", "text?"),
    ("destination", "text?"),
    ("entry_month", "text"),
    ("route", "text"),
    ("sought_asylum", "bool"),
    ("sex", "text"),
    ("age_at_entry", "int"),
    ("feasibility_group", "text"),
)

#: Columns that hold what was counted or summed; the others say of whom, where and when.
VALUE_COLUMNS = ("persons", "events", "person_months", "value", "count")

MARKER = ".irregsim"
MARKER_TEXT = "A run folder of irregsim. Files in it may be replaced by the next run that is written here.\n"
MANIFEST = "manifest.json"
UNFINISHED = ".unfinished"
_COMMIT = "commit"  # inside UNFINISHED: files that are complete and on their way to their places
_LOCK = "lock"

#: Fixed, because the bytes of a table must not depend on a library's defaults.
_PARQUET: dict[str, Any] = {
    "compression": "zstd",
    "compression_level": 3,
    "version": "2.6",
    "data_page_version": "1.0",
    "use_dictionary": True,
    "write_statistics": True,
    "store_schema": False,
}


class TableError(ValueError):
    """A table does not have the columns, kinds or values that its schema asks for."""


class FolderError(Exception):
    """A folder that cannot be used as a run folder; the message says why and what to do."""


def schema_of(name: str) -> tuple[tuple[str, Kind], ...]:
    """Columns and kinds of a table.

    Args:
        name: A key of `TABLES`, or ``spells``.

    Raises:
        KeyError: If there is no such table.
    """
    return SPELLS if name == "spells" else TABLES[name]


def table_names(spells: bool) -> tuple[str, ...]:
    """Names of the simulated tables of a run, in the order they are written."""
    return (*TABLES, "spells") if spells else tuple(TABLES)


def canonical_json(value: object) -> str:
    """JSON text that is the same for equal content: sorted keys, no blanks, no NaN."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def sha256_of_text(text: str) -> str:
    """Hexadecimal SHA-256 of a text in UTF-8."""
    return hashlib.sha256(text.encode()).hexdigest()


def sha256_of_file(path: Path) -> str:
    """Hexadecimal SHA-256 of a file's bytes."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


# ---------------------------------------------------------------------------------------------------------
# Tables


def _arrow_schema(columns: Sequence[tuple[str, Kind]]) -> Any:
    import pyarrow as pa

    types = {"text": pa.string(), "int": pa.int64(), "float": pa.float64(), "bool": pa.bool_()}
    return pa.schema([pa.field(column, types[kind.rstrip("?")]) for column, kind in columns])


def draws_columns(parameters: Iterable[str]) -> tuple[tuple[str, Kind], ...]:
    """Columns of ``draws.parquet``: replicate, draw, and one for every parameter."""
    return (("replicate", "int"), ("draw", "int"), *((name, "float") for name in parameters))


def table_from_frame(name: str, frame: pd.DataFrame, replicate: int) -> Any:
    """One replicate of a table in the form it is stored, with ``replicate`` put in its place.

    Args:
        name: Table name.
        frame: Rows in their final order, with the columns of the schema except ``replicate``. Text columns
            may be categorical. More columns than the schema has are an error, so that nothing is lost unseen.
        replicate: Number of the replicate, from 0.

    Returns:
        A pyarrow table with plain string columns.

    Raises:
        TableError: If columns, kinds or missing values are not those of the schema.
    """
    import pyarrow as pa

    columns = schema_of(name)
    wanted = [column for column, _ in columns if column != "replicate"]
    if list(frame.columns) != wanted:
        raise TableError(f"{name}: columns {list(frame.columns)}, but the table has {wanted}")
    schema = _arrow_schema(columns)
    arrays = []
    for column, kind in columns:
        type_ = schema.field(column).type
        if column == "replicate":
            arrays.append(pa.repeat(pa.scalar(replicate, type_), len(frame)))
            continue
        try:
            array = pa.array(frame[column])
            if kind.startswith("text") and not _holds_text(array.type):
                raise TableError(f"{name}.{column}: is {array.type}, but must be text")
            array = array.cast(type_)
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError, pa.ArrowTypeError) as error:
            raise TableError(f"{name}.{column}: is not {kind}: {error}") from error
        if kind in ("int", "float", "bool") and frame[column].dtype.kind != kind[0]:
            raise TableError(f"{name}.{column}: is {frame[column].dtype}, but must be {kind}")
        if array.null_count and kind not in ("text?", "float"):
            raise TableError(f"{name}.{column}: {array.null_count} values are missing, but none may be")
        arrays.append(array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array)
    return pa.Table.from_arrays(arrays, schema=schema)


def _holds_text(type_: Any) -> bool:
    import pyarrow as pa

    if pa.types.is_dictionary(type_):
        type_ = type_.value_type
    # A column in which every value is missing has no type of its own.
    return bool(pa.types.is_string(type_) or pa.types.is_large_string(type_) or pa.types.is_null(type_))


def content_digest(table: Any) -> bytes:
    """SHA-256 over the values of one replicate's table; the same for any Parquet library and version.

    Text counts as its distinct values in order of appearance and the place of each row among them; numbers as
    their little-endian bytes, with one form of NaN and no negative zero.
    """
    import numpy as np
    import pyarrow as pa

    digest = hashlib.sha256()
    digest.update(f"{table.num_rows}\n".encode())
    for field in table.schema:
        column = table.column(field.name).combine_chunks()
        if pa.types.is_string(field.type):
            kind = "text"
            coded = column.dictionary_encode()
            if isinstance(coded, pa.ChunkedArray):
                coded = coded.combine_chunks()
            texts = canonical_json(coded.dictionary.to_pylist())
            values = coded.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype("<i4")
        elif pa.types.is_boolean(field.type):
            kind, texts = "bool", ""
            values = column.to_numpy(zero_copy_only=False).astype("u1")
        elif pa.types.is_floating(field.type):
            kind, texts = "float", ""
            values = column.to_numpy(zero_copy_only=False).astype("<f8") + 0.0
            values[np.isnan(values)] = np.nan
        else:
            kind, texts = "int", ""
            values = column.to_numpy(zero_copy_only=False).astype("<i8")
        digest.update(f"{field.name}:{kind}\n{texts}\n".encode())
        digest.update(np.ascontiguousarray(values).tobytes())
    return digest.digest()


class TableWriter:
    """Writes one table, a row group per replicate, and keeps the hash of its content.

    Use as a context manager. The file is complete only after the context has ended without an error.
    """

    def __init__(self, path: Path, columns: Sequence[tuple[str, Kind]]) -> None:
        import pyarrow.parquet as pq

        self._writer = pq.ParquetWriter(path, _arrow_schema(columns), **_PARQUET)
        self._digest = hashlib.sha256()

    def __enter__(self) -> TableWriter:
        return self

    def __exit__(self, *_: object) -> None:
        self._writer.close()

    def write(self, table: Any) -> None:
        """Append one replicate as one row group (an empty one where the table has no rows)."""
        self._digest.update(content_digest(table))
        self._writer.write_table(table, row_group_size=max(1, table.num_rows))

    @property
    def content_sha256(self) -> str:
        """Hash over the content digests of the replicates written so far, in order."""
        return self._digest.hexdigest()


def read_group(path: Path, group: int, columns: Sequence[str] | None = None) -> Any:
    """One row group (one replicate) of a stored table, as a pyarrow table."""
    import pyarrow.parquet as pq

    with pq.ParquetFile(path) as file:
        return file.read_row_group(group, columns=None if columns is None else list(columns))


def content_sha256(path: Path) -> str:
    """Content hash of a stored table, as the manifest has it."""
    import pyarrow.parquet as pq

    digest = hashlib.sha256()
    with pq.ParquetFile(path) as file:
        for group in range(file.metadata.num_row_groups):
            digest.update(content_digest(file.read_row_group(group)))
    return digest.hexdigest()


# ---------------------------------------------------------------------------------------------------------
# Parts of a run under way


class Parts:
    """Finished replicates of a run under way, one directory each, complete or absent.

    Args:
        folder: Working folder of this run. A part is written beside its place and then renamed, so a run that
            is killed leaves no half part under a final name.
        spells: Whether parts hold the table of spells too.
    """

    def __init__(self, folder: Path, *, spells: bool) -> None:
        self.folder = folder
        self.tables = table_names(spells)

    def path(self, replicate: int) -> Path:
        """Directory of a finished replicate."""
        return self.folder / f"{replicate:06d}"

    def write(self, replicate: int, frames: Mapping[str, pd.DataFrame]) -> None:
        """Store one finished replicate.

        Args:
            replicate: Number of the replicate.
            frames: Table name to rows, as the engine returns them.

        Raises:
            TableError: If a table is missing, too many, or not as its schema says.
        """
        import pyarrow.parquet as pq

        if set(frames) != set(self.tables):
            raise TableError(f"tables {sorted(frames)}, but the run has {sorted(self.tables)}")
        scratch = self.folder / f"tmp-{replicate:06d}-{os.getpid()}"
        shutil.rmtree(scratch, ignore_errors=True)
        scratch.mkdir(parents=True)
        digests = {}
        for name in self.tables:
            table = table_from_frame(name, frames[name], replicate)
            digests[name] = content_digest(table).hex()
            pq.write_table(table, scratch / f"{name}.parquet", row_group_size=max(1, table.num_rows), **_PARQUET)
        (scratch / "digests.json").write_text(canonical_json(digests), encoding="utf-8")
        place = self.path(replicate)
        # A second process may have finished the same replicate; both are equal by construction.
        shutil.rmtree(place, ignore_errors=True)
        scratch.rename(place)

    def read(self, replicate: int, name: str) -> Any:
        """One table of a finished replicate, as a pyarrow table."""
        return read_group(self.path(replicate) / f"{name}.parquet", 0)

    def finished(self) -> set[int]:
        """Numbers of the replicates that are here and whole; anything damaged or half done is removed."""
        found: set[int] = set()
        if not self.folder.is_dir():
            return found
        for entry in sorted(self.folder.iterdir()):
            if entry.name.isdigit() and self._is_whole(int(entry.name)):
                found.add(int(entry.name))
            elif entry.is_dir():
                shutil.rmtree(entry)
        return found

    def count(self) -> int:
        """How many replicates are here, without looking into them."""
        return sum(entry.name.isdigit() for entry in self.folder.iterdir()) if self.folder.is_dir() else 0

    def _is_whole(self, replicate: int) -> bool:
        # A machine that lost power may have renamed a directory before its bytes reached the disk.
        try:
            stored = json.loads((self.path(replicate) / "digests.json").read_text(encoding="utf-8"))
            return bool(stored == {name: content_digest(self.read(replicate, name)).hex() for name in self.tables})
        except (OSError, ValueError):  # pyarrow's errors about broken files are among these
            return False


# ---------------------------------------------------------------------------------------------------------
# The folder


def check_folder(path: Path) -> None:
    """Refuse a place that a run must not write into. Looks only; makes nothing.

    Raises:
        FolderError: If the place is a file, holds things that are not irregsim's, or cannot be written.
    """
    if not path.exists():
        parent = path.absolute().parent
        while not parent.exists():
            parent = parent.parent
        if not parent.is_dir():
            raise FolderError(f"{path}: {parent} is a file, so no folder can be made there; choose another --out")
        if not os.access(parent, os.W_OK | os.X_OK):
            raise FolderError(f"{path}: no permission to write in {parent}; choose another --out")
        return
    if not path.is_dir():
        raise FolderError(f"{path}: is a file; --out must be a folder (new, empty, or an earlier run of irregsim)")
    if any(path.iterdir()) and not is_ours(path):
        raise FolderError(
            f"{path}: holds files that are not irregsim's, and nothing is written among them; "
            "choose a new or empty folder with --out"
        )
    if not os.access(path, os.W_OK | os.X_OK):
        raise FolderError(f"{path}: no permission to write there; choose another --out")


def is_ours(path: Path) -> bool:
    """Whether a folder was made by irregsim: it has the marker, or a manifest with a run id."""
    with contextlib.suppress(OSError, ValueError):
        if (path / MARKER).read_text(encoding="utf-8") == MARKER_TEXT:
            return True
    with contextlib.suppress(OSError, ValueError):
        manifest = json.loads((path / MANIFEST).read_text(encoding="utf-8"))
        return isinstance(manifest, dict) and "run_id" in manifest and "irregsim" in manifest.get("versions", {})
    return False


@dataclass(frozen=True)
class RunFolder:
    """A finished run on disk.

    Attributes:
        path: The folder.
        manifest: What ``manifest.json`` says (docs/outputs.md lists the keys).
    """

    path: Path
    manifest: dict[str, Any]

    @classmethod
    def open(cls, path: str | Path) -> RunFolder:
        """Open a finished run.

        Args:
            path: The run folder.

        Raises:
            FolderError: If there is no finished run there.
        """
        folder = Path(path)
        if not folder.is_dir():
            raise FolderError(f"{path}: there is no such folder; give the folder of a finished run")
        if is_ours(folder):
            # A read-only folder cannot be mended, but may be whole; one being written into mends itself.
            with contextlib.suppress(OSError, FolderError), _locked(folder):
                finish_commit(folder)
        try:
            manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        except OSError:
            unfinished = " (a run there was stopped; the same command continues it)" if is_ours(folder) else ""
            raise FolderError(f"{path}: has no {MANIFEST}, so it is no finished run{unfinished}") from None
        except ValueError as error:
            raise FolderError(f"{path}: {MANIFEST} cannot be read: {error}") from None
        if not isinstance(manifest, dict) or "run_id" not in manifest:
            raise FolderError(f"{path}: {MANIFEST} is not one of irregsim's run folders")
        return cls(folder, manifest)

    @property
    def replicates(self) -> int:
        """Number of replicates in the tables."""
        return int(self.manifest["replicates"])

    def table_path(self, name: str) -> Path:
        """File of a table."""
        return self.path / f"{name}.parquet"

    def table(self, name: str, columns: Sequence[str] | None = None) -> pd.DataFrame:
        """A whole table, with text columns as categories (they take a tenth of the room)."""
        import pyarrow.parquet as pq

        return to_frame(pq.read_table(self.table_path(name), columns=None if columns is None else list(columns)))

    def replicate(self, name: str, replicate: int, columns: Sequence[str] | None = None) -> pd.DataFrame:
        """The rows of one replicate."""
        return to_frame(read_group(self.table_path(name), replicate, columns))

    def draws(self) -> pd.DataFrame:
        """``draws.parquet``: replicate, draw and the value of every parameter."""
        return self.table("draws")

    def is_intact(self) -> bool:
        """Whether every simulated table has the bytes that the manifest tells of."""
        for name, hashes in self.manifest["outputs"].items():
            file = self.path / name
            if name.endswith(".parquet") and not (file.is_file() and sha256_of_file(file) == hashes["sha256"]):
                return False
        return True


def to_frame(table: Any) -> pd.DataFrame:
    """A pyarrow table as a data frame, text as categories in order of appearance."""
    import pyarrow as pa

    coded = [
        table.column(field.name).dictionary_encode() if pa.types.is_string(field.type) else table.column(field.name)
        for field in table.schema
    ]
    frame: pd.DataFrame = pa.Table.from_arrays(
        [c.unify_dictionaries() if isinstance(c, pa.ChunkedArray) else c for c in coded],
        names=table.schema.names,
    ).to_pandas()
    return frame


# ---------------------------------------------------------------------------------------------------------
# Working in a folder: lock, staging and commit


@contextlib.contextmanager
def opened_for_writing(path: Path) -> Iterator[Path]:
    """Make a run folder ready to be written into, for this process alone.

    Makes the folder with its marker, takes the lock, and finishes a commit that an earlier process did not.

    Args:
        path: The run folder; `check_folder` has been passed.

    Yields:
        The folder for work under way, ``.unfinished``.

    Raises:
        FolderError: If the folder may not be used, or another process is writing into it.
    """
    check_folder(path)
    path.mkdir(parents=True, exist_ok=True)
    _write_synced(path / MARKER, MARKER_TEXT)
    work = path / UNFINISHED
    work.mkdir(exist_ok=True)
    with _locked(path):
        finish_commit(path)
        yield work
        # Only the lock is left when nothing is unfinished; then the whole folder can go.
        if [entry.name for entry in work.iterdir()] == [_LOCK]:
            shutil.rmtree(work, ignore_errors=True)


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Hold the folder's lock; does nothing where no work was ever begun, or the system has no such locks."""
    work = path / UNFINISHED
    try:
        import fcntl
    except ImportError:  # Windows: two runs into one folder at once are the user's own doing there
        yield
        return
    if not work.is_dir():
        yield
        return
    with (work / _LOCK).open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise FolderError(
                f"{path}: another run is writing there; wait for it, or choose another folder with --out"
            ) from None
        yield


def commit(path: Path, staging: Path) -> None:
    """Put a complete set of files in place of the folder's earlier ones.

    Every file is complete before the first is replaced, and a process that dies between two files leaves a
    note by which the next one finishes the work. The manifest comes last.

    Args:
        path: The run folder.
        staging: Folder inside ``.unfinished`` with every file of the new run, ``manifest.json`` among them.
    """
    for file in staging.rglob("*"):
        if file.is_file():
            with file.open("rb+") as stream:
                os.fsync(stream.fileno())
    ready = path / UNFINISHED / _COMMIT
    os.replace(staging, ready)
    finish_commit(path)


def finish_commit(path: Path) -> None:
    """Move files that wait for their place; does nothing where none wait. May be repeated."""
    ready = path / UNFINISHED / _COMMIT
    if not ready.is_dir():
        return
    new_manifest = ready / MANIFEST
    if new_manifest.exists():  # else only the empty folder is left to remove
        for file in sorted(ready.rglob("*")):
            if file.is_file() and file != new_manifest:
                place = path / file.relative_to(ready)
                place.parent.mkdir(parents=True, exist_ok=True)
                os.replace(file, place)
        _remove_outdated(path, new_manifest)
        os.replace(new_manifest, path / MANIFEST)
    shutil.rmtree(ready)


def _remove_outdated(path: Path, new_manifest: Path) -> None:
    """Remove files that the earlier manifest lists and the new one does not."""
    try:
        earlier = json.loads((path / MANIFEST).read_text(encoding="utf-8"))["outputs"]
    except (OSError, ValueError, KeyError):
        return
    kept = json.loads(new_manifest.read_text(encoding="utf-8"))["outputs"]
    root = path.resolve()
    for name in earlier:
        file = path / name
        # A manifest is a file that anybody can edit: nothing outside the folder is ever removed.
        if name not in kept and file.resolve().is_relative_to(root):
            file.unlink(missing_ok=True)


def _write_synced(path: Path, text: str) -> None:
    """Write a small file under its final name in one step."""
    scratch = path.with_name(f"{path.name}.tmp-{os.getpid()}")
    with scratch.open("w", encoding="utf-8", newline="\n") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
    os.replace(scratch, path)


def write_json(path: Path, value: object) -> None:
    """Write readable JSON with a fixed layout."""
    text = json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    path.write_text(text, encoding="utf-8", newline="\n")
