"""Writes the golden files anew: ``PYTHONPATH=src python -m tests.golden.refresh [draws] [run]``.

Both are written when none is named. Do it in the same commit as the change that moved them, and say there why.
Channel numbers are fixed for ever: the command adds new channels and refuses to change or reuse a number.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from helpers import golden
from irregsim.model.draws import CHANNELS


def channel_faults(stored: dict[str, int], now: dict[str, int]) -> list[str]:
    """What is wrong with a registry of channels, given the one that is stored.

    Args:
        stored: Names and numbers ever used.
        now: The registry.
    """
    faults = [
        f"{name}: number {stored[name]} became {now[name]}"
        for name in stored
        if now.get(name, stored[name]) != stored[name]
    ]
    owner = {number: name for name, number in stored.items()}
    faults += [
        f"{name}: number {number} belongs to {owner[number]}"
        for name, number in now.items()
        if name not in stored and number in owner
    ]
    seen: dict[int, str] = {}
    for name, number in now.items():
        if number in seen:
            faults.append(f"{name}: number {number} is also that of {seen[number]}")
        seen.setdefault(number, name)
    return faults


def refresh_draws() -> None:
    """Channels and streams."""
    path = golden.FOLDER / "channels.json"
    stored = golden.read("channels") if path.exists() else {}
    faults = channel_faults(stored, CHANNELS)
    if faults:
        raise SystemExit("channel numbers are fixed for ever:\n" + "\n".join(faults))
    golden.write("channels", {**stored, **CHANNELS})
    golden.write("draws", golden.stream_hashes())


def refresh_run() -> None:
    """Whole-number counts of a small run."""
    from helpers.golden_run import golden_run

    golden.write("run", golden_run())


if __name__ == "__main__":
    wanted = sys.argv[1:] or ["draws", "run"]
    unknown = set(wanted) - {"draws", "run"}
    if unknown:
        raise SystemExit(f"no golden file called {', '.join(sorted(unknown))}: draws, run")
    if "draws" in wanted:
        refresh_draws()
    if "run" in wanted:
        refresh_run()
