"""Round numbers along an axis, for pictures that are not drawn by Matplotlib."""

from __future__ import annotations


def ticks(low: float, high: float, most: int, *, whole: bool = False) -> list[float]:
    """Round numbers inside a range."""
    from matplotlib.ticker import MaxNLocator

    steps = [1, 2, 5, 10] if whole else [1, 2, 2.5, 5, 10]
    found = MaxNLocator(nbins=most, steps=steps, integer=whole).tick_values(low, high)
    inside = [float(tick) for tick in found if low - 1e-9 <= tick <= high + 1e-9]
    return [tick for tick in inside if not whole or tick == round(tick)]
