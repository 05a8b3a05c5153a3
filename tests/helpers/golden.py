"""What the golden files hold, computed anew; `tests/golden/refresh.py` writes it, tests compare with it."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np

from irregsim.model.draws import CHANNELS, Draws

FOLDER = Path(__file__).resolve().parents[1] / "golden"
COMMAND = "PYTHONPATH=src python -m tests.golden.refresh"

#: Keys of the streams that are kept: edges of what is allowed, and what is used.
SEEDS = (0, 1, 2021, 2**63 - 1)
REPLICATES = (0, 1, 999)
MONTHS = (-1, 0, 1, 119, 263)


def subjects() -> np.ndarray:
    """Identities: small numbers, single bits, all bits, and the layout of persons; shape (200,)."""
    small = np.arange(64, dtype=np.uint64)
    bits = np.uint64(1) << np.arange(64, dtype=np.uint64)
    persons = (np.arange(71, dtype=np.uint64) << np.uint64(44)) + (np.arange(71, dtype=np.uint64) << np.uint64(4))
    return np.concatenate([small, bits, np.array([2**64 - 1], dtype=np.uint64), persons])


def stream_hashes(numbers: dict[str, int] = CHANNELS) -> dict[str, str]:
    """SHA-256 of keys and of uniforms of every channel, by channel; little-endian whatever the machine.

    Args:
        numbers: The channels to hash; their numbers only order them.
    """
    ids = subjects()
    keyed = [Draws(seed, replicate) for seed in SEEDS for replicate in REPLICATES]
    keys = [draws.keys(ids) for draws in keyed]
    whole = b"".join(k.astype("<u8").tobytes() for k in keys)
    out = {"keys": hashlib.sha256(whole).hexdigest()}
    for channel in sorted(numbers, key=lambda name: numbers[name]):
        digest = hashlib.sha256()
        for draws, key in zip(keyed, keys, strict=True):
            for month in MONTHS:
                # A draw is a multiple of 2**-54, so this whole number loses nothing.
                bits = (draws.uniform(channel, month, key) * 2.0**54).astype(np.uint64)
                digest.update(bits.astype("<u8").tobytes())
        out[channel] = digest.hexdigest()
    return out


def read(name: str) -> Any:
    """A golden file.

    Args:
        name: File name without its ending.
    """
    return json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))


def write(name: str, content: object) -> None:
    """Writes a golden file, in a form that shows changes line by line."""
    text = json.dumps(content, indent=1, ensure_ascii=False)
    (FOLDER / f"{name}.json").write_text(text + "\n", encoding="utf-8")
