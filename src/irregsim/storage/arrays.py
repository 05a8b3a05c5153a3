"""Named arrays in one file: compressed, checked when they are read, and never able to run code.

The file is a line of JSON (format, length of what follows uncompressed, its SHA-256) and a zstd-compressed NumPy
archive. Object arrays are refused in both directions, so nothing in a file is ever unpickled.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

_FORMAT: Final = "irregsim arrays 1"

#: No file of ours is larger; what claims to be is damaged.
_LARGEST: Final = 4 * 2**30

#: The first line is shorter than this.
_HEAD: Final = 1000


def write_arrays(path: Path, arrays: Mapping[str, npt.NDArray[Any]]) -> None:
    """Write arrays under their final name in one step.

    Args:
        path: The file; its folder is there.
        arrays: Numbers and flags by name.

    Raises:
        ValueError: If an array holds objects.
    """
    import pyarrow as pa

    stream = io.BytesIO()
    np.savez(stream, allow_pickle=False, **dict(arrays))
    raw = stream.getvalue()
    head = {"format": _FORMAT, "bytes": len(raw), "sha256": hashlib.sha256(raw).hexdigest()}
    scratch = path.with_name(f"{path.name}.tmp-{os.getpid()}")
    try:
        with scratch.open("wb") as file:
            file.write(json.dumps(head).encode() + b"\n")
            file.write(pa.Codec("zstd", 1).compress(raw, asbytes=True))
        os.replace(scratch, path)
    finally:
        scratch.unlink(missing_ok=True)


def read_arrays(path: Path) -> dict[str, npt.NDArray[Any]] | None:
    """Read arrays; None where there are none, or the file is damaged or another's.

    Args:
        path: The file.
    """
    import pyarrow as pa

    try:
        with path.open("rb") as file:
            head = json.loads(file.readline(_HEAD))
            packed = file.read()
        if head["format"] != _FORMAT or not 0 < int(head["bytes"]) <= _LARGEST:
            return None
        raw = pa.Codec("zstd").decompress(packed, int(head["bytes"]), asbytes=True)
        if hashlib.sha256(raw).hexdigest() != head["sha256"]:
            return None
        with np.load(io.BytesIO(raw), allow_pickle=False) as archive:
            return {name: archive[name] for name in archive.files}
    except (OSError, ValueError, KeyError, TypeError):  # pyarrow's errors are among these
        return None
