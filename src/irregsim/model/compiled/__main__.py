"""Compiles the kernels of the model's own month: ``python -m irregsim.model.compiled``."""

from __future__ import annotations

import sys

from irregsim.model.compiled import background

if __name__ == "__main__":
    if "--background" in sys.argv[1:]:
        background.go_with_starter()
    from irregsim.model.compiled.registry import fill

    fill()
