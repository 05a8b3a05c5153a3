"""Kernels on disk: modules named by their text, so that each is compiled once on a machine.

A kernel is made by whoever needs it first, or by a process in the background (``python -m irregsim.model.compiled``).
It counts as ready once that process has compiled it: machine code is then found beside the module, and loading takes
some hundredths of a second.
"""

from __future__ import annotations

import atexit
import contextlib
import hashlib
import importlib.util
import os
import platform
import shutil
import sys
import tempfile
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Final

import llvmlite.binding
import numba
import numpy as np

from irregsim.model.compiled import loops
from irregsim.storage.caches import user_cache

_READY: Final = ".ready"


@cache
def shared_loops() -> str:
    """Identity of the loops that become part of every kernel."""
    return hashlib.sha256(Path(loops.__file__).read_bytes()).hexdigest()[:16]


def folder() -> Path:
    """Where kernels of this Python, numba and processor are; a folder of this process alone where none can be kept."""
    root = user_cache("kernels")
    if root is not None:
        with contextlib.suppress(OSError):
            (root / _made_by()).mkdir(parents=True, exist_ok=True)
            return root / _made_by()
    return _own_folder()


@cache
def _own_folder() -> Path:
    own = Path(tempfile.mkdtemp(prefix="irregsim-kernels-"))
    atexit.register(shutil.rmtree, own, ignore_errors=True)
    return own


@cache
def _made_by() -> str:
    """Name of what machine code depends on beside its text."""
    processor = (
        platform.machine(),
        llvmlite.binding.get_host_cpu_features().flatten(),
        llvmlite.binding.get_host_cpu_name(),
    )
    made_by = (platform.python_version(), numba.__version__, np.__version__, loops.__file__, *processor)
    return hashlib.sha256("\n".join(map(str, made_by)).encode()).hexdigest()[:16]


def name_of(text: str) -> str:
    """Name of the module of a kernel."""
    return f"irregsim_kernel_{hashlib.sha256(text.encode()).hexdigest()[:24]}"


def is_ready(text: str) -> bool:
    """Whether a kernel has been compiled on this machine."""
    return (folder() / f"{name_of(text)}{_READY}").exists()


def mark_ready(text: str) -> None:
    """Says that a kernel has been compiled."""
    (folder() / f"{name_of(text)}{_READY}").touch()


def _holds(path: Path, text: str) -> bool:
    """Whether a file is there and is this text: nothing else is ever loaded."""
    try:
        return path.read_text(encoding="utf-8") == text
    except (OSError, UnicodeDecodeError):
        return False


def module_of(text: str) -> ModuleType:
    """The module of a kernel; written first where it is not there.

    Raises:
        OSError: If it can be neither read nor written.
    """
    name = name_of(text)
    if name in sys.modules:
        return sys.modules[name]
    path = folder() / f"{name}.py"
    if not _holds(path, text):
        # Written whole under another name first: other processes may look for it now.
        handle, partial = tempfile.mkstemp(dir=path.parent, suffix=".part")
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        os.replace(partial, path)
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None and spec.loader is not None, "a file of Python has a loader"
    module = importlib.util.module_from_spec(spec)
    # Compiled code on disk names its module: it must be found there before it is loaded.
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module
