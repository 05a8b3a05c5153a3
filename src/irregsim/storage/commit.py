"""Putting a complete set of files in place of a folder's earlier ones, so that no reader takes half a set for a whole.

Only a command that was asked to write into a folder does this: a waiting set is finished by the next one of those, and
whoever only reads is told that it waits.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from pathlib import Path
from typing import Final

from irregsim.storage.paths import (
    Damaged,
    FolderError,
    is_file,
    is_folder,
    is_link,
    is_name_inside,
    is_there,
    read_bytes,
    read_record,
    refuse_links,
)

MARKER: Final = ".irregsim"
MANIFEST: Final = "manifest.json"
UNFINISHED: Final = ".unfinished"

#: Inside `UNFINISHED`: files that are complete and on their way to their places.
COMMIT: Final = "commit"

#: Inside `COMMIT`: name of the file that names the others, moved last.
_ACCOUNT: Final = ".account"


def commit(path: Path, staging: Path, account: str = MANIFEST) -> None:
    """Put a complete set of files in place of the folder's earlier ones.

    Every file is complete before the first is replaced, and a process that dies between two files leaves a
    note by which the next one finishes the work. The account of the files comes last.

    Args:
        path: The folder.
        staging: Folder inside ``.unfinished`` with every new file, the account among them.
        account: JSON file whose ``outputs`` names the files.

    Raises:
        FolderError: If a place is a link, leads out of the folder, or holds something that is no file; then nothing
            is moved, and the set is made again by the next command.
    """
    _new_files(path, staging)
    (staging / _ACCOUNT).write_text(account, encoding="utf-8")
    for file in staging.rglob("*"):
        if is_file(file):
            with file.open("rb+") as stream:
                os.fsync(stream.fileno())
    ready = path / UNFINISHED / COMMIT
    os.replace(staging, ready)
    finish_commit(path)


def is_waiting(path: Path) -> bool:
    """Whether files wait for their places in a folder, because a command is moving them, or was interrupted."""
    ready = path / UNFINISHED / COMMIT
    return is_folder(path / UNFINISHED) and is_folder(ready) and is_file(ready / _account_of(ready))


def finish_commit(path: Path) -> None:
    """Move files that wait for their place; does nothing where none wait. May be repeated.

    For a folder that is locked for writing. A set whose account is damaged is removed: what it was made of is still
    there, and the next command makes it again.

    Raises:
        FolderError: As `commit`.
    """
    refuse_links(path, f"{UNFINISHED}/{COMMIT}")
    ready = path / UNFINISHED / COMMIT
    if not is_folder(ready):
        return
    account = _account_of(ready)
    new = ready / account
    if is_there(new):  # else only the empty folder is left to remove
        with contextlib.suppress(Damaged):
            kept = outputs_of(new)
            for file, place in _new_files(path, ready):
                if file not in (new, ready / _ACCOUNT):
                    place.parent.mkdir(parents=True, exist_ok=True)
                    os.replace(file, place)
            _remove_outdated(path, account, kept)
            os.replace(new, path / account)
    shutil.rmtree(ready)


def _account_of(ready: Path) -> str:
    """Name of the account of a waiting set; the manifest where the note does not say another."""
    with contextlib.suppress(OSError, ValueError):
        name = read_bytes(ready / _ACCOUNT, 100).decode()
        if is_name_inside(name) and "/" not in name and name.endswith(".json"):
            return name
    return MANIFEST


def outputs_of(account: Path) -> set[str]:
    """Names of the files that an account lists.

    Raises:
        Damaged: If it lists none, or another's.
    """
    found = read_record(account).get("outputs")
    if not isinstance(found, dict):
        raise Damaged("lists no outputs")
    return set(found)


def _new_files(path: Path, ready: Path) -> list[tuple[Path, Path]]:
    """Every file of a set, with its place in the folder.

    Raises:
        FolderError: If something in the set is no file or folder, or a place cannot take a file.
    """
    found = []
    for entry in sorted(ready.rglob("*")):
        name = entry.relative_to(ready).as_posix()
        if is_folder(entry):
            continue
        if not is_file(entry):
            raise FolderError(f"{entry}: is not an ordinary file; remove it, or choose another folder")
        place = path / name
        refuse_links(path, name)
        inner = [path.joinpath(*Path(name).parts[:n]) for n in range(1, len(Path(name).parts))]
        for folder in inner:
            if is_there(folder) and not is_folder(folder):
                raise FolderError(f"{folder}: a folder is to be there; remove the file, or choose another folder")
        if is_folder(place):
            raise FolderError(f"{place}: a file is to be there; remove the folder, or choose another folder")
        found.append((entry, place))
    return found


def _remove_outdated(path: Path, account: str, kept: set[str]) -> None:
    """Remove files that the earlier account lists and the new one does not."""
    earlier: set[str] = set()
    with contextlib.suppress(OSError, ValueError):
        earlier = outputs_of(path / account)
    for name in sorted(earlier - kept):
        if is_own_file(path, name):
            (path / name).unlink(missing_ok=True)


def is_own_file(path: Path, name: str) -> bool:
    """Whether a name is that of a file of this folder itself: not outside it, no marker, and not in a run inside it."""
    # An account is a file that anybody can edit: nothing else is ever removed.
    parts = name.split("/")
    if not is_name_inside(name) or parts[-1] == MARKER or parts[0] == UNFINISHED:
        return False
    inner = [path.joinpath(*parts[:n]) for n in range(1, len(parts))]
    if any(is_link(folder) or is_there(folder / MARKER) for folder in inner):
        return False
    return is_file(path / name)
