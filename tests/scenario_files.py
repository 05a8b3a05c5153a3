"""Small helpers for the scenario tests: write a file, read it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from irregsim.scenario import Scenario, ScenarioError, load_scenario
from irregsim.vocabulary.codes import month_number

BAD = Path(__file__).parent / "bad_scenarios"


def write(folder: Path, text: str, name: str = "child", extends: str | None = "baseline") -> Path:
    """Write a scenario whose head is filled in."""
    head = f"schema: 1\nname: {name}\n" + (f"extends: {extends}\n" if extends else "")
    path = folder / f"{name}.yaml"
    path.write_text(head + text, encoding="utf-8")
    return path


def child(folder: Path, text: str, **more: Any) -> Scenario:
    """Write and read a scenario."""
    name, extends = more.pop("name", "child"), more.pop("extends", "baseline")
    return load_scenario(write(folder, text, name, extends), **more)


def message_of(path: str | Path, **more: Any) -> str:
    """The text of the error of a file that must not load."""
    try:
        load_scenario(path, **more)
    except ScenarioError as error:
        return str(error)
    raise AssertionError(f"{path} was accepted")


def steps(array: np.ndarray, start: str = "2012-01") -> list[tuple[str, Any]]:
    """A monthly path as (month, value) where it changes, from a month on."""
    from irregsim.vocabulary.codes import month_text

    first = month_number(start)
    values = array.tolist()
    return [
        (month_text(month), values[month])
        for month in range(first, len(values))
        if month == first or values[month] != values[month - 1]
    ]
