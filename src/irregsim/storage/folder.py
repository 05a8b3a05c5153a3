"""The run folder: parts, lock, staging, and a commit that is never visible half done.

A run folder holds Parquet tables with one row group per replicate, so that a longer run can take over the
replicates of a shorter one, and a ``manifest.json`` that says what they are. While a run is under way its
finished replicates are in ``.unfinished/<part key>/``; the files of the folder itself change only when
everything new is complete. docs/outputs.md explains the columns.

Nothing here knows the model: tables come in as data frames, and the caller decides what they say.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from irregsim.storage.hashing import canonical_json, sha256_of_file
from irregsim.storage.parquet import (
    Columns,
    TableError,
    coded_table,
    read_group,
    to_frame,
    write_table,
)

if TYPE_CHECKING:
    import pandas as pd

MARKER = ".irregsim"
MARKER_TEXT = "A run folder of irregsim. Files in it may be replaced by the next run that is written here.\n"
MANIFEST = "manifest.json"
UNFINISHED = ".unfinished"
_COMMIT = "commit"  # inside UNFINISHED: files that are complete and on their way to their places
_LOCK = "lock"
_DIGESTS = "digests.json"  # of a part: what is in each of its tables, and the bytes of the files
_ACCOUNT = ".account"  # inside _COMMIT: name of the file that names the others, moved last


class FolderError(Exception):
    """A folder that cannot be used as a run folder; the message says why and what to do."""


# ---------------------------------------------------------------------------------------------------------
# Parts of a run under way


class Parts:
    """Finished replicates of a run under way, one directory each, complete or absent.

    Args:
        folder: Working folder of this run. A part is written next to its place and then renamed, so a run that
            is killed leaves no half part under a final name.
        tables: Columns of every table of a part, by name.
    """

    def __init__(self, folder: Path, tables: Mapping[str, Columns]) -> None:
        self.folder = folder
        self.tables = dict(tables)

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
        if set(frames) != set(self.tables):
            raise TableError(f"tables {sorted(frames)}, but the run has {sorted(self.tables)}")
        scratch = self.folder / f"tmp-{replicate:06d}-{os.getpid()}"
        shutil.rmtree(scratch, ignore_errors=True)
        scratch.mkdir(parents=True)
        digests = {}
        for name, columns in self.tables.items():
            table, file = coded_table(name, columns, frames[name], replicate), scratch / f"{name}.parquet"
            content = write_table(table, file)
            digests[name] = {"content": content.hex(), "file": sha256_of_file(file)}
        (scratch / _DIGESTS).write_text(canonical_json(digests), encoding="utf-8")
        place = self.path(replicate)
        # A second process may have finished the same replicate; both are equal by construction.
        shutil.rmtree(place, ignore_errors=True)
        scratch.rename(place)

    def read(self, replicate: int, name: str) -> Any:
        """One table of a finished replicate, as a pyarrow table."""
        return read_group(self.path(replicate) / f"{name}.parquet", 0)

    def content_digest(self, replicate: int, name: str) -> bytes:
        """The `parquet.content_digest` of a table of a finished replicate."""
        return bytes.fromhex(self._digests(replicate)[name]["content"])

    def _digests(self, replicate: int) -> dict[str, dict[str, str]]:
        found: dict[str, dict[str, str]] = json.loads((self.path(replicate) / _DIGESTS).read_text(encoding="utf-8"))
        return found

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
        place = self.path(replicate)
        try:
            stored = {name: one["file"] for name, one in self._digests(replicate).items()}
            return stored == {name: sha256_of_file(place / f"{name}.parquet") for name in self.tables}
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return False


# ---------------------------------------------------------------------------------------------------------
# The folder


def check_folder(path: Path) -> None:
    """Refuse a place that a run must not write into. Looks only; makes nothing.

    Raises:
        FolderError: If the place is a file, holds files that irregsim did not write, or cannot be written.
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
            f"{path}: contains files that irregsim did not write, so nothing was written; "
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
            # A read-only folder cannot be repaired, but may be complete; one being written into repairs itself.
            with contextlib.suppress(OSError, FolderError), _locked(folder):
                finish_commit(folder)
        try:
            manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        except OSError:
            unfinished = " (an interrupted run is there; the same command resumes it)" if is_ours(folder) else ""
            raise FolderError(f"{path}: has no {MANIFEST}, so it is not a finished run{unfinished}") from None
        except ValueError as error:
            raise FolderError(f"{path}: {MANIFEST} cannot be read: {error}") from None
        if not isinstance(manifest, dict) or "run_id" not in manifest:
            raise FolderError(f"{path}: {MANIFEST} does not describe a run of irregsim")
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
        return to_frame(read_group(self.table_path(name), replicate, columns, coded=True))

    def draws(self) -> pd.DataFrame:
        """``draws.parquet``: replicate, draw and the value of every parameter."""
        return self.table("draws")

    def is_intact(self) -> bool:
        """Whether every simulated table has the bytes that the manifest lists."""
        for name, hashes in self.manifest["outputs"].items():
            file = self.path / name
            if name.endswith(".parquet") and not (file.is_file() and sha256_of_file(file) == hashes["sha256"]):
                return False
        return True


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
    """Hold the folder's lock; does nothing where no work was ever begun."""
    from filelock import FileLock, Timeout

    work = path / UNFINISHED
    if not work.is_dir():
        yield
        return
    lock = FileLock(work / _LOCK, blocking=False)
    try:
        lock.acquire()
    except Timeout:
        raise FolderError(
            f"{path}: another run is writing there; wait for it, or choose another folder with --out"
        ) from None
    try:
        yield
    finally:
        lock.release()


def commit(path: Path, staging: Path, account: str = MANIFEST) -> None:
    """Put a complete set of files in place of the folder's earlier ones.

    Every file is complete before the first is replaced, and a process that dies between two files leaves a
    note by which the next one finishes the work. The account of the files comes last.

    Args:
        path: The folder.
        staging: Folder inside ``.unfinished`` with every new file, the account among them.
        account: JSON file whose ``outputs`` names the files.
    """
    (staging / _ACCOUNT).write_text(account, encoding="utf-8")
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
    note = ready / _ACCOUNT
    account = note.read_text(encoding="utf-8") if note.exists() else MANIFEST
    new = ready / account
    if new.exists():  # else only the empty folder is left to remove
        for file in sorted(ready.rglob("*")):
            if file.is_file() and file not in (new, note):
                place = path / file.relative_to(ready)
                place.parent.mkdir(parents=True, exist_ok=True)
                os.replace(file, place)
        _remove_outdated(path, new)
        os.replace(new, path / account)
    shutil.rmtree(ready)


def _remove_outdated(path: Path, new: Path) -> None:
    """Remove files that the earlier account lists and the new one does not."""
    earlier: set[str] = set()
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        earlier = set(json.loads((path / new.name).read_text(encoding="utf-8"))["outputs"])
    kept = json.loads(new.read_text(encoding="utf-8"))["outputs"]
    for name in earlier.difference(kept):
        if _is_of(path, path / name):
            (path / name).unlink(missing_ok=True)


def _is_of(path: Path, file: Path) -> bool:
    """Whether a file is one of this folder's own: not outside it, no marker, and not in a run inside it."""
    # An account is a file that anybody can edit: nothing else is ever removed.
    root, place = path.resolve(), file.resolve()
    if not place.is_relative_to(root) or place.name == MARKER or place.is_dir():
        return False
    inner = [root / Path(*place.relative_to(root).parts[:n]) for n in range(1, len(place.relative_to(root).parts))]
    return not any((folder / MARKER).exists() for folder in inner)


def _write_synced(path: Path, text: str) -> None:
    """Write a small file under its final name in one step."""
    scratch = path.with_name(f"{path.name}.tmp-{os.getpid()}")
    with scratch.open("w", encoding="utf-8", newline="\n") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
    os.replace(scratch, path)
