"""Keyed draws as loops, each the twin of a function of `draws`; as in `machinery`, the same bits."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from irregsim.model.compiled import loops
from irregsim.model.compiled.loops import compiled
from irregsim.model.draws import Draws, UInt64Array


@compiled
def _uniforms(mixed: Any, out: Any) -> None:
    for k in range(len(mixed)):
        out[k] = loops.uniform(mixed[k])


@compiled
def _drawn(keys: Any, salt: Any, out: Any) -> None:
    for k in range(len(keys)):
        out[k] = loops.uniform(keys[k] ^ salt)


def finalise(bits: UInt64Array) -> npt.NDArray[np.float64]:
    """Twin of `draws._finalise`."""
    out = np.empty(bits.shape)
    _uniforms(bits.reshape(-1), out.reshape(-1))
    return out


def uniform(draws: Draws, channel: str, month: int, keys: UInt64Array) -> npt.NDArray[np.float64]:
    """Twin of `Draws.uniform`."""
    out = np.empty(len(keys))
    _drawn(keys, draws.salt(channel, month), out)
    return out
