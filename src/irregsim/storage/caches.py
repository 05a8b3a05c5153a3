"""Where this system keeps what can be made again."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Final

#: Environment variable with the folder for what can be made again; empty to keep nothing.
FOLDER_VARIABLE: Final = "IRREGSIM_CACHE"


def user_cache(name: str) -> Path | None:
    """A folder of this user on this machine for one kind of what can be made again, as the environment or system says.

    Args:
        name: Kind of content, such as ``kernels``.

    Returns:
        The folder, which need not exist; None where nothing is to be kept.
    """
    named = os.environ.get(FOLDER_VARIABLE)
    if named is not None:
        return Path(named) / name if named else None
    try:
        return _caches() / "irregsim" / name
    except (RuntimeError, OSError):  # a user without a home has no such folder
        return None


def _caches() -> Path:
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
