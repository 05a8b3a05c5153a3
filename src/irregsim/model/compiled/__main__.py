"""Compiles the kernels of the model's own month: ``python -m irregsim.model.compiled``."""

from __future__ import annotations

import contextlib
import os

from irregsim.model.compiled.registry import fill

if __name__ == "__main__":
    if hasattr(os, "nice"):
        with contextlib.suppress(OSError):
            os.nice(10)  # whoever waits for results goes first
    fill()
