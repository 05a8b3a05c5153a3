"""Which packages a part of the program needs beside the ones it always has, and the command that installs them.

A message names the packages themselves and not an extra of irregsim: `pip install 'irregsim[...]'` would look for
irregsim on the package index, where it need not be.
"""

from __future__ import annotations

import importlib.metadata
import os
import re
import shlex
import sys
from typing import Final

#: Whether the shell is one of Windows.
WINDOWS: Final = os.name == "nt"

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


def requirements(extra: str = "") -> list[str]:
    """What irregsim requires for an extra, as its metadata say: name and bounds, such as ``"xlsxwriter>=3.2"``.

    Args:
        extra: Name of the extra; empty for what is always required. One that there is not requires nothing.

    Returns:
        The requirements, in the order of the metadata; those of extras that the extra names among them.

    Raises:
        PackageNotFoundError: If irregsim is not installed, only on the path.
    """
    out: list[str] = []
    for line in importlib.metadata.requires("irregsim") or []:
        requirement, _, marker = line.partition(";")
        named = marker.partition("extra ==")[2].strip(" '\"")
        if named != extra or (not extra and "extra" in marker):
            continue
        requirement = requirement.strip()
        if name(requirement) == "irregsim":
            for inner in requirement.partition("[")[2].rstrip("]").split(","):
                out += requirements(inner.strip())
        else:
            out.append(requirement)
    return out


def name(requirement: str) -> str:
    """The name of the package in a requirement: ``"mesa"`` of ``"mesa[viz]<4,>=3.3"``."""
    found = _NAME.match(requirement)
    return found.group() if found else requirement


def install(extra: str, *packages: str) -> str:
    """The command that installs what an extra needs, for the Python that runs and the shell of this system.

    Args:
        extra: Name of the extra.
        packages: What is installed where there is no such extra, or irregsim is on the path only.
    """
    try:
        needed = requirements(extra)
    except importlib.metadata.PackageNotFoundError:
        needed = []
    # Double quotes, since the shells of Windows know no others around a "<".
    named = [f'"{one}"' if set(one) & set("<>[;") else one for one in needed or packages]
    return " ".join([python(), "-m", "pip", "install", *named])


def python() -> str:
    """The Python that runs, as a shell of this system calls it."""
    if not WINDOWS:
        return shlex.quote(sys.executable)
    # PowerShell takes a quoted path for a text unless it is called.
    return f'& "{sys.executable}"' if " " in sys.executable else sys.executable


__all__ = ["install", "name", "python", "requirements"]
