"""Removing a folder of irregsim: its own files and nothing else."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from irregsim.storage.commit import MANIFEST, MARKER, UNFINISHED, is_own_file, outputs_of
from irregsim.storage.folder import INNER_FOLDERS, is_ours, opened_for_writing
from irregsim.storage.paths import FolderError, is_file, is_folder, is_link

#: Folders in which a comparison and a fit keep runs.
_RUNS: Final = "runs"
_RUN: Final = "run"


def runs_inside(path: Path) -> list[Path]:
    """Run folders that a folder of ours keeps inside it, links left out."""
    found = [path / _RUN]
    if is_folder(path / _RUNS):
        found += sorted(path / _RUNS / name for name in os.listdir(path / _RUNS))
    return [place for place in found if is_folder(place) and is_ours(place)]


def remove_folder(path: Path, accounts: Sequence[str] = (MANIFEST,)) -> list[str]:
    """Remove a folder that irregsim made, with the runs inside it. Files of others in it are left.

    Args:
        path: The folder.
        accounts: Names of the JSON files that may list what is in such a folder.

    Returns:
        Paths of what is left, below the folder; empty where the folder is gone.

    Raises:
        FolderError: If irregsim did not make it, it is a link, or another process is writing into it.
    """
    if is_link(path):
        raise FolderError(f"{path}: is a link; remove the folder that it leads to, or the link itself")
    if not is_ours(path):
        raise FolderError(f"{path}: is no folder of irregsim; nothing was removed")
    with opened_for_writing(path):
        for inner in runs_inside(path):
            remove_folder(inner, accounts)
        names: set[str] = set()
        for account in accounts:
            with contextlib.suppress(OSError, ValueError):
                names |= outputs_of(path / account)
        for name in sorted(names):
            if is_own_file(path, name):
                (path / name).unlink(missing_ok=True)
        for account in accounts:
            if is_file(path / account):
                (path / account).unlink()
        for name in INNER_FOLDERS:
            with contextlib.suppress(OSError):  # not there, or not empty
                (path / name).rmdir()
    # After the lock is given back: it is a file in there.
    if is_folder(path / UNFINISHED):
        shutil.rmtree(path / UNFINISHED)
    left = sorted(_left(path))
    if not left:
        (path / MARKER).unlink(missing_ok=True)
        path.rmdir()
    return left


def _left(path: Path) -> Iterator[str]:
    """What is in a folder besides the marker: files, links, and folders with nothing in them."""
    for place, folders, files in os.walk(path):
        here = Path(place)
        links = [name for name in folders if is_link(here / name)]
        empty = [""] if here != path and not folders and not files else []
        for name in (*files, *links, *empty):
            if here / name != path / MARKER:
                yield (here / name).relative_to(path).as_posix()
