"""Whether the month's machine code is there, and the process that makes it while numpy decides.

Nothing here needs numba, which takes some tenths of a second to load: it is loaded where machine code is ready, or by
the process in the background. That process ends with the one that started it; what it has made by then is kept.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.metadata
import json
import os
import platform
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import filelock
import numpy as np

from irregsim.storage.caches import user_cache

_PACKAGE: Final = Path(__file__).resolve().parents[2]
#: Where the text of the rules, and all that is compiled with them, comes from.
_TEXT: Final = ("model", "vocabulary")
_LOCK: Final = "filling.lock"

_filler: subprocess.Popen[bytes] | None = None
_gave_up = False


def root() -> Path | None:
    """The folder for machine code of this user on this machine; None where nothing is to be kept."""
    return user_cache("kernels")


def lock(folder: Path, wait: float) -> filelock.BaseFileLock:
    """A lock that one process at a time has while it compiles; waits so many seconds for it, -1 for ever."""
    return filelock.FileLock(folder / _LOCK, timeout=wait)


def is_complete() -> bool:
    """Whether all machine code of the model's own month has been made of the files as they are now."""
    note = _note()
    if note is None:
        return False
    try:
        kept = json.loads(note.read_text(encoding="utf-8"))
        return bool(kept["text"] == _stamps(sources()) and all(map(os.path.exists, kept["made"])))
    except (OSError, ValueError, LookupError, TypeError):
        return False


def mark_complete(made: Iterable[Path]) -> None:
    """Says that all machine code of the model's own month is there.

    Args:
        made: Files that hold it; where one is gone, or a file of the model changes, it is no longer complete.
    """
    note = _note()
    if note is None:
        return
    handle, partial = tempfile.mkstemp(dir=note.parent, suffix=".part")
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        json.dump({"text": _stamps(sources()), "made": sorted(map(str, made))}, file)
    os.replace(partial, note)


def sources() -> list[str]:
    """Files whose text machine code is made of, in order."""
    return sorted(str(path) for part in _TEXT for path in (_PACKAGE / part).rglob("*.py"))


def _stamps(paths: Iterable[str]) -> list[list[object]]:
    """Size and time of change of files, by which numba too knows what is up to date."""
    return [[path, (found := os.stat(path)).st_size, found.st_mtime_ns] for path in paths]


def _note() -> Path | None:
    """File that says so for this Python and numba; None where nothing is to be kept."""
    folder = root()
    if folder is None:
        return None
    made_by = (platform.python_version(), importlib.metadata.version("numba"), np.__version__, platform.machine())
    name = hashlib.sha256("\n".join((*made_by, str(_PACKAGE))).encode()).hexdigest()[:16]
    return folder / f"{name}.complete"


def is_at_work() -> bool:
    """Has a process compile what the model's own month lacks, unless one does already.

    Returns:
        Whether one does: False where nothing can be kept, or where it has ended and that did not help.
    """
    global _filler, _gave_up
    folder = root()
    if folder is None or _gave_up:
        return False
    if _filler is not None and _filler.poll() is None:
        return True
    if _is_locked(folder):
        return True
    if _filler is not None:
        _gave_up = True
        return False
    command = [sys.executable, "-m", "irregsim.model.compiled", "--background"]
    try:
        _filler = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,  # nothing is written to it: it closes when this process ends, in whatever way
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
    except OSError:
        _gave_up = True
        return False
    return True


def _is_locked(folder: Path) -> bool:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with lock(folder, wait=0):
            return False
    except (filelock.Timeout, OSError):
        return True


def go_with_starter() -> None:
    """In the background: lower priority, and the end of this process as soon as the one that started it is gone."""
    if hasattr(os, "nice"):
        with contextlib.suppress(OSError):
            os.nice(10)  # whoever waits for results goes first
    threading.Thread(target=_wait_and_end, daemon=True).start()


def _wait_and_end() -> None:
    with contextlib.suppress(OSError, ValueError):
        sys.stdin.buffer.read()
    os._exit(0)
