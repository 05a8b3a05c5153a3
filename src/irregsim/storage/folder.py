"""The run folder: parts, lock, staging, and a commit that is never visible half done.

A run folder holds Parquet tables with one row group per replicate, so that a longer run can take over the
replicates of a shorter one, and a ``manifest.json`` that says what they are. While a run is under way its
finished replicates are in ``.unfinished/<part key>/``; the files of the folder itself change only when
everything new is complete. docs/outputs.md explains the columns.

Nothing here knows the model: tables come in as data frames, and the caller decides what they say.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import shutil
import time
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from irregsim.storage.commit import COMMIT, is_waiting, outputs_of
from irregsim.storage.commit import MANIFEST as MANIFEST
from irregsim.storage.commit import MARKER as MARKER
from irregsim.storage.commit import UNFINISHED as UNFINISHED
from irregsim.storage.commit import commit as commit
from irregsim.storage.commit import finish_commit as finish_commit
from irregsim.storage.hashing import canonical_json, sha256_of_file, sha256_of_text
from irregsim.storage.manifests import read_manifest
from irregsim.storage.parquet import (
    Columns,
    TableError,
    coded_table,
    holds_numbers,
    read_group,
    row_groups,
    to_frame,
    write_table,
)
from irregsim.storage.paths import (
    Damaged,
    Told,
    is_file,
    is_folder,
    is_link,
    is_name_inside,
    is_there,
    name_fault,
    naming,
    read_bytes,
    read_record,
    refuse_links,
    remove,
)
from irregsim.storage.paths import FolderError as FolderError

if TYPE_CHECKING:
    import pandas as pd

MARKER_TEXT = "A run folder of irregsim. Files in it may be replaced by the next run that is written here.\n"
#: Folders that commands make in a run folder, besides `UNFINISHED`.
INNER_FOLDERS = ("plots", "runs", "run")

_LOCK = "lock"
_DIGESTS = "digests.json"  # of a part: its number, what is in each of its tables, and the bytes of the files

#: What a file system without locks answers, such as NFS with "nolock".
_NO_LOCKS = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOTSUP)

#: Age from which a small file under way is that of a process that was killed: writing one takes milliseconds.
_SCRAP_SECONDS = 10.0

#: Small files under way to their final names (`_write_synced`), which a killed process leaves behind.
_SCRAP = re.compile(rf"{re.escape(MARKER)}\.tmp-[0-9]+")

#: Folder in which a killed process put a run together.
_STAGING = re.compile(r"[0-9a-f]{16}-staging")

#: What `Parts` names its folders: a finished replicate, and one under way in a process.
_PART = re.compile(r"[0-9]{6,12}")
_PART_UNDER_WAY = re.compile(r"tmp-[0-9]{6,12}-[0-9]+")


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
            with naming(file):
                content = write_table(table, file)
            digests[name] = {"content": content.hex(), "file": sha256_of_file(file)}
        account: dict[str, Any] = {"replicate": replicate, "tables": digests}
        account["sha256"] = sha256_of_text(canonical_json(account))
        with naming(scratch):
            (scratch / _DIGESTS).write_text(canonical_json(account), encoding="utf-8")
        place = self.path(replicate)
        # A second process may have finished the same replicate; both are equal by construction.
        shutil.rmtree(place, ignore_errors=True)
        scratch.rename(place)

    def read(self, replicate: int, name: str) -> Any:
        """One table of a finished replicate, as a pyarrow table."""
        return read_group(self.path(replicate) / f"{name}.parquet", 0)

    def content_digest(self, replicate: int, name: str) -> bytes:
        """The `parquet.content_digest` of a table of a finished replicate."""
        return bytes.fromhex(read_record(self.path(replicate) / _DIGESTS)["tables"][name]["content"])

    def finished(self) -> set[int]:
        """Numbers of the replicates that are here and whole; what is damaged or half done is removed.

        Raises:
            FolderError: If one of them is a link.
        """
        found: set[int] = set()
        if not is_folder(self.folder):
            return found
        for entry in sorted(self.folder.iterdir()):
            number = int(entry.name) if _PART.fullmatch(entry.name) else None
            if number is None and not _PART_UNDER_WAY.fullmatch(entry.name):
                continue  # nothing that was made here
            refuse_links(self.folder, entry.name)
            if number is not None and entry == self.path(number) and self._is_whole(number):
                found.add(number)
            else:
                remove(entry)
        return found

    def count(self) -> int:
        """How many replicates are here, without looking into them."""
        return sum(bool(_PART.fullmatch(entry.name)) for entry in self.folder.iterdir()) if self.folder.is_dir() else 0

    def _is_whole(self, replicate: int) -> bool:
        # A machine that lost power may have renamed a directory before its bytes reached the disk, and a folder that
        # was given another name is no other replicate.
        place = self.path(replicate)
        try:
            if not all(is_file(place / f"{name}.parquet") for name in self.tables):
                return False
            account = read_record(place / _DIGESTS)
            if account.pop("sha256", None) != sha256_of_text(canonical_json(account)):
                return False
            stored = {name: one["file"] for name, one in account["tables"].items()}
            there = {name: sha256_of_file(place / f"{name}.parquet") for name in self.tables}
            return bool(account["replicate"] == replicate and stored == there)
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return False


# ---------------------------------------------------------------------------------------------------------
# The folder


def check_folder(path: Path) -> None:
    """Refuse a place that a run must not write into. Looks only; makes nothing.

    Raises:
        FolderError: If the place is a file, holds files that irregsim did not write, or links where irregsim would
            write, or cannot be written.
    """
    try:
        _check_place(path)
    except OSError as error:  # such as a name that is too long
        raise FolderError(f"{path}: {error.strerror or error}; choose another --out") from None


def check_place(path: Path) -> None:
    """Refuse a place that is no folder, or where none can be made. Looks only; what is in a folder does not matter.

    Raises:
        FolderError: As `check_folder`.
    """
    try:
        _is_there(path)
    except OSError as error:
        raise FolderError(f"{path}: {error.strerror or error}; choose another --out") from None


def _is_there(path: Path) -> bool:
    """Whether a folder is there that can be written; False where it can be made."""
    if fault := name_fault(path):
        raise FolderError(f"{path!r}: {fault}; choose another --out")
    with contextlib.suppress(FileNotFoundError, NotADirectoryError):
        os.lstat(path)
    if not path.exists():
        parent = path.absolute()
        while not is_there(parent):
            parent = parent.parent
        if is_link(parent) and not parent.exists():
            raise FolderError(f"{path}: {parent} is a link to nowhere; remove it, or choose another --out")
        if not parent.is_dir():
            raise FolderError(f"{path}: {parent} is a file, so no folder can be made there; choose another --out")
        if not os.access(parent, os.W_OK | os.X_OK):
            raise FolderError(f"{path}: no permission to write in {parent}; choose another --out")
        return False
    if not path.is_dir():
        raise FolderError(f"{path}: is a file; --out must be a folder (new, empty, or an earlier run of irregsim)")
    if not os.access(path, os.R_OK | os.W_OK | os.X_OK):
        raise FolderError(f"{path}: no permission to write there; choose another --out")
    return True


def _check_place(path: Path) -> None:
    if not _is_there(path):
        return
    ours = is_ours(path)
    if not ours and any(not _is_scrap(entry) for entry in path.iterdir()):
        raise FolderError(
            f"{path}: contains files that irregsim did not write, so nothing was written; "
            "choose a new or empty folder with --out"
        )
    if ours:
        _check_kinds(path)


def _is_scrap(entry: Path) -> bool:
    return bool(_SCRAP.fullmatch(entry.name)) and is_file(entry)


def _check_kinds(path: Path) -> None:
    """Refuse links, and what is no file or folder, where irregsim writes in a folder of its own."""
    work = path / UNFINISHED
    inside = [f"{UNFINISHED}/{entry.name}" for entry in work.iterdir()] if is_folder(work) else []
    refuse_links(path, MARKER, MANIFEST, *INNER_FOLDERS, UNFINISHED, *inside)
    for name in (UNFINISHED, f"{UNFINISHED}/{COMMIT}", *INNER_FOLDERS):
        if is_there(path / name) and not is_folder(path / name):
            raise FolderError(f"{path / name}: is no folder; remove it, or choose another --out")
    for name in (MARKER, MANIFEST, f"{UNFINISHED}/{_LOCK}"):
        if is_there(path / name) and not is_file(path / name):
            raise FolderError(f"{path / name}: is not an ordinary file; remove it, or choose another --out")
    for account in path.glob("*.json"):
        with contextlib.suppress(OSError, Damaged):
            refuse_links(path, *filter(is_name_inside, outputs_of(account)))


def is_ours(path: Path) -> bool:
    """Whether a folder was made by irregsim: it has the marker, or a manifest with a run id."""
    with contextlib.suppress(OSError, ValueError):
        if read_bytes(path / MARKER, 1000).decode() == MARKER_TEXT:
            return True
    with contextlib.suppress(OSError, ValueError):
        manifest = read_record(path / MANIFEST)
        made_by = manifest.get("versions")
        return "run_id" in manifest and isinstance(made_by, dict) and "irregsim" in made_by
    return False


def damage(path: Path) -> str | None:
    """What is wrong with the manifest of a folder of ours that will be written into, in a sentence; None if nothing is.

    Args:
        path: The run folder; `check_folder` has been passed.
    """
    if not is_there(path / MANIFEST) or is_waiting(path):
        return None
    try:
        read_manifest(path / MANIFEST)
    except OSError as error:
        fault = f"cannot be read ({error.strerror or error})"
    except Damaged as error:
        fault = f"is damaged ({error})"
    else:
        return None
    return f"{path}: {MANIFEST} {fault}; what it describes is not used, and is made again"


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
        if fault := name_fault(folder):
            raise FolderError(f"{folder!r}: {fault}")
        if not folder.is_dir():
            raise FolderError(f"{path}: there is no such folder; give the folder of a finished run")
        refuse_links(folder, MANIFEST, UNFINISHED)
        if is_waiting(folder):
            raise FolderError(
                f"{path}: a command is putting new files in place there, or was interrupted while it did; "
                "wait for it, or run that command again, which finishes it at once"
            )
        try:
            manifest = read_manifest(folder / MANIFEST)
        except FileNotFoundError:
            unfinished = " (an interrupted run is there; the same command resumes it)" if is_ours(folder) else ""
            raise FolderError(f"{path}: has no {MANIFEST}, so it is not a finished run{unfinished}") from None
        except OSError as error:
            raise FolderError(f"{path}: {MANIFEST} cannot be read: {error.strerror or error}") from None
        except Damaged as error:
            raise FolderError(
                f"{path}: {MANIFEST} does not describe a run of irregsim: {error}; the command that made the folder "
                "makes it again"
            ) from None
        return cls(folder, manifest)

    @property
    def replicates(self) -> int:
        """Number of replicates in the tables."""
        return int(self.manifest["replicates"])

    def table_path(self, name: str) -> Path:
        """File of a table, which may be missing.

        Raises:
            FolderError: If it is a link, or no ordinary file.
        """
        place = self.path / f"{name}.parquet"
        if is_there(place) and not is_file(place):
            raise FolderError(f"{place}: is not an ordinary file, or a link; run the command again that made it")
        return place

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

    def is_intact(self, tables: Iterable[str]) -> bool:
        """Whether every table of a list is there, and has the bytes that the manifest lists and its replicates.

        Args:
            tables: Names of tables with a row group for every replicate.
        """
        outputs = self.manifest["outputs"]
        for name in (*tables, "draws"):
            file = self.path / f"{name}.parquet"
            if not is_file(file):
                return False
            try:
                if sha256_of_file(file) != outputs.get(file.name, {}).get("sha256"):
                    return False
                if not holds_numbers(file) if name == "draws" else row_groups(file) != self.replicates:
                    return False
            except (OSError, ValueError):
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
    with naming(path), _locked(path):
        finish_commit(path)
        _sweep(path)
        yield work
        # Only the lock is left when nothing is unfinished; then the whole folder can go.
        if [entry.name for entry in work.iterdir()] == [_LOCK]:
            shutil.rmtree(work, ignore_errors=True)


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Hold the folder's lock."""
    from filelock import FileLock, Timeout

    lock = FileLock(path / UNFINISHED / _LOCK, blocking=False)
    try:
        lock.acquire()
    except Timeout:
        raise FolderError(
            f"{path}: another run is writing there; wait for it, or choose another folder with --out"
        ) from None
    except NotImplementedError:
        _warn_of_no_lock(path)
    except OSError as error:
        if error.errno not in _NO_LOCKS:
            raise
        _warn_of_no_lock(path)
    try:
        yield
    finally:
        lock.release()


def _warn_of_no_lock(path: Path) -> None:
    warnings.warn(
        f"{path}: its file system has no locks, so a second run that writes there would not be noticed",
        Told,
        stacklevel=2,
    )


def _sweep(path: Path) -> None:
    """Remove what killed processes left: small files under way, and sets that were being put together."""
    for entry in path.iterdir():
        # One of this very moment belongs to a process that is about to be refused the lock.
        if _is_scrap(entry) and time.time() - entry.lstat().st_mtime > _SCRAP_SECONDS:
            entry.unlink(missing_ok=True)
    for entry in (path / UNFINISHED).iterdir():
        if _STAGING.fullmatch(entry.name):
            remove(entry)


def _write_synced(path: Path, text: str) -> None:
    """Write a small file under its final name in one step."""
    scratch = path.with_name(f"{path.name}.tmp-{os.getpid()}")
    remove(scratch)
    with scratch.open("x", encoding="utf-8", newline="\n") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
    os.replace(scratch, path)
