"""Grids of stored runs: what a static page with sliders shows, without the model.

Every combination of a few values of a few levers is simulated beside the reference. Only means and quantiles of
differences are stored, as the page with the model may show them (`irregsim.workshop.live.followed`). Nothing is
interpolated: a slider stops at the values that were simulated. ``python -m irregsim.workshop.grids FILE`` makes the
stored runs again, in a quarter of an hour on one core; a test makes one of them again.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from importlib.resources import files
from itertools import product
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import yaml

from irregsim.inference.posterior import choose
from irregsim.model.draws import Draws
from irregsim.scenario import Scenario, load_scenario
from irregsim.storage.hashing import canonical_json, sha256_of_text
from irregsim.study.identity import code_sha256
from irregsim.study.workers import in_order
from irregsim.vocabulary.disclosure import PERCENT
from irregsim.vocabulary.reference import DataError
from irregsim.workshop.exercises import material
from irregsim.workshop.live.followed import is_counted, outcome, outcomes
from irregsim.workshop.replicate_band import pairs_together

FloatArray = npt.NDArray[np.float64]

#: What a slider stops at: a number, yes or no, or one of a lever's words; None for what holds in the reference.
Value = float | bool | str | None

#: What is declared, and what was simulated.
DECLARED: Final = "grids.yaml"
STORED: Final = "grids.json"

#: Size of the population of the stored runs, relative to Norway's, and that of the run that a test repeats.
SCALE: Final = 0.25
CHECK_SCALE: Final = 0.02

#: A slider that chooses among scenarios.
SCENARIO: Final = "scenario"

#: Most combinations of a grid.
MOST: Final = 81

_ENDS: Final = (0.025, 0.975)


@dataclass(frozen=True)
class Slider:
    """A lever that is set.

    Attributes:
        lever: Its path below ``levers``, such as ``fines.employer_base_nok``; the whole path of an assumption, which
            holds on both sides; or ``scenario``, whose values are shipped scenarios.
        values: What is simulated, in order; None for what holds in the reference.
    """

    lever: str
    values: tuple[Value, ...]


def is_assumption(slider: Slider) -> bool:
    """Whether a slider sets what holds on both sides."""
    return slider.lever.startswith("assumptions.")


@dataclass(frozen=True)
class Grid:
    """A grid beside an exercise.

    Attributes:
        exercise: Name of the exercise, whose first month, last month and seed hold.
        start: Month from which the values hold, ``YYYY-MM``.
        replicates: Replicates of each combination, 2 or more.
        sliders: Three or four levers.
        outcomes: As in `irregsim.workshop.live.followed.outcomes`; ``NAME@CITY`` of a city.
    """

    exercise: str
    start: str
    replicates: int
    sliders: tuple[Slider, ...]
    outcomes: tuple[str, ...]

    def cells(self) -> list[tuple[Value, ...]]:
        """Every combination, the last slider fastest; the first of them is the reference."""
        return list(product(*(slider.values for slider in self.sliders)))

    def scenario(self, cell: Sequence[Value]) -> Scenario:
        """The scenario of a combination, or the baseline, with its values.

        Raises:
            ScenarioError: If a value cannot be used.
        """
        return load_scenario(self.of(cell), overrides=self.overrides(cell))

    def reference(self, cell: Sequence[Value]) -> Scenario:
        """The baseline with the assumptions of a combination."""
        kept = [value if is_assumption(one) else None for one, value in zip(self.sliders, cell, strict=True)]
        return load_scenario("baseline", overrides=self.overrides(kept))

    def of(self, cell: Sequence[Value]) -> str:
        """Name of the scenario of a combination."""
        named = (value for one, value in zip(self.sliders, cell, strict=True) if one.lever == SCENARIO)
        return str(next(named, None) or "baseline")

    def overrides(self, cell: Sequence[Value]) -> list[str]:
        """A combination as ``--set`` strings; agreements, which are a list in a file, as one."""
        agreements, out = [], []
        for slider, value in zip(self.sliders, cell, strict=True):
            if value is None or slider.lever == SCENARIO:
                continue
            if is_assumption(slider):
                out.append(f"{slider.lever}={json.dumps(value)}")
                continue
            lever, _, country = slider.lever.partition(".")
            if lever == "return_agreements":
                agreements.append({"country": country, "from": self.start, "effectiveness": value})
            else:
                out.append(f"levers.{slider.lever}=[{{from: {self.start}, value: {json.dumps(value)}}}]")
        if agreements:
            out.append(f"levers.return_agreements={json.dumps(agreements, ensure_ascii=False)}")
        return out


@cache
def grids() -> tuple[Grid, ...]:
    """All grids that are declared.

    Raises:
        DataError: If one cannot be used, with what is wrong.
    """
    path = files("irregsim") / "data" / "workshop" / DECLARED
    out = []
    for told in yaml.safe_load(path.read_text(encoding="utf-8")):
        sliders = tuple(Slider(one["lever"], tuple(one["values"])) for one in told["sliders"])
        grid = Grid(told["exercise"], str(told["from"]), told["replicates"], sliders, tuple(told["outcomes"]))
        wrong = []
        if grid.exercise not in [one.id for one in material().exercises]:
            wrong.append(f"no exercise {grid.exercise!r}")
        placed = [(name, *name_and_city(name)) for name in grid.outcomes]
        wrong += [f"no outcome {told!r}" for told, name, city in placed if name not in outcomes(city)]
        wrong += [f"{one.lever}: the first value is not null" for one in sliders if one.values[0] is not None]
        if len(grid.cells()) > MOST:
            wrong.append(f"{len(grid.cells())} combinations, at most {MOST}")
        if wrong:
            raise DataError(f"{DECLARED}: {'; '.join(wrong)}")
        out.append(grid)
    return tuple(out)


@dataclass(frozen=True)
class Cell:
    """What was simulated of one outcome with one combination.

    Attributes:
        mean: Mean of the paired differences from the reference in the last month; None where too few are behind it.
        lo: 2.5 % quantile over the replicates.
        hi: 97.5 % quantile.
    """

    mean: float | None
    lo: float | None
    hi: float | None

    @property
    def direction(self) -> str:
        """``up``, ``down`` or ``same``: the last where the interval includes zero, or nothing is known."""
        if self.lo is None or self.hi is None:
            return "same"
        if self.lo > 0:
            return "up"
        return "down" if self.hi < 0 else "same"


def name_and_city(told: str) -> tuple[str, str]:
    """An outcome of a grid, and its city, empty for the country."""
    name, _, city = told.partition("@")
    return name, city


def unit_of(name: str) -> str:
    """Unit of the differences of an outcome: percent of the reference, for what agencies count ``count``."""
    return "count" if is_counted(name) else PERCENT


def simulated(grid: Grid, replicates: Sequence[int], scale: float, jobs: int = 1) -> FloatArray:
    """Differences in the last month, by replicate, combination and outcome.

    Args:
        grid: The grid.
        replicates: Their numbers, without a gap.
        scale: Size of the population relative to Norway's.
        jobs: Processes.

    Returns:
        Shape (replicates, combinations, outcomes), in `unit_of`; missing where too few persons are behind a value.
    """
    asked = [(grid.scenario(cell), grid.reference(cell)) for cell in grid.cells()]
    chosen, _ = choose("posterior")
    draws = [chosen.values[chosen.index(j)] for j in replicates]
    work = partial(_replicate, grid, asked, draws, replicates[0], scale)
    return np.array(list(in_order(work, len(replicates), jobs)))


def _replicate(
    grid: Grid,
    asked: Sequence[tuple[Scenario, Scenario]],
    draws: Sequence[Mapping[str, float]],
    shift: int,
    scale: float,
    number: int,
) -> list[list[float]]:
    exercise = material().exercise(grid.exercise)
    chance = Draws(exercise.seed, number + shift)
    pairs = pairs_together(asked, draws[number], chance, scale, exercise.first, exercise.last)
    named = [name_and_city(name) for name in grid.outcomes]
    return [[float(outcome(pair, *one, rounded=False).difference[-1]) for one in named] for pair in pairs]


def _cells(values: FloatArray) -> list[list[float | None]]:
    """Mean and ends by combination, for values by replicate and combination; none where half the values are missing."""
    out: list[list[float | None]] = []
    for one in values.T:
        known = one[np.isfinite(one)]
        if len(known) < max(2, len(one) / 2):
            out.append([None, None, None])
            continue
        out.append([round(float(number), 2) for number in (known.mean(), *np.quantile(known, _ENDS))])
    return out


def hash_of(grid: Grid) -> str:
    """Hash of everything that determines the stored runs of a grid."""
    exercise = material().exercise(grid.exercise)
    cells = grid.cells()
    named = [load_scenario(name).sha256 for name in map(grid.of, cells) if name != "baseline"]
    told = [
        [*(grid.overrides(cell) for cell in cells), *named],
        [grid.start, grid.replicates, list(grid.outcomes), SCALE],
        [load_scenario("baseline").sha256, exercise.first, exercise.last, exercise.seed],
        [choose("posterior")[0].name, code_sha256()],
    ]
    return sha256_of_text(canonical_json(told))[:16]


def computed(grid: Grid, jobs: int = 1) -> dict[str, Any]:
    """All that is stored of a grid; about a second of processor time for each combination and replicate."""
    values = simulated(grid, range(grid.replicates), SCALE, jobs)
    return {
        "outcomes": {name: _cells(values[:, :, n]) for n, name in enumerate(grid.outcomes)},
        "check": checked(grid),
        "made_of": hash_of(grid),
    }


def checked(grid: Grid) -> list[float | None]:
    """Differences of a small run with every slider at its last value, to see that the model is still the same."""
    last = Grid(
        grid.exercise,
        grid.start,
        1,
        tuple(Slider(one.lever, (one.values[-1],)) for one in grid.sliders),
        grid.outcomes,
    )
    ((found,),) = simulated(last, [0], CHECK_SCALE).tolist()
    return [None if number != number else round(number, 2) for number in found]


@cache
def _file() -> dict[str, Any]:
    path = files("irregsim") / "data" / "workshop" / STORED
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def stored(grid: Grid) -> dict[str, list[Cell]]:
    """Stored runs of a grid: for each outcome the combinations in the order of `Grid.cells`.

    Raises:
        KeyError: If there are none.
    """
    told = _file()["grids"][grid.exercise]["outcomes"]
    return {name: [Cell(*one) for one in told[name]] for name in grid.outcomes}


def stored_check(grid: Grid) -> list[float | None]:
    """What `checked` gave when the runs were stored."""
    found: list[float | None] = _file()["grids"][grid.exercise]["check"]
    return found


def about() -> Mapping[str, Any]:
    """What made the stored runs: ``posterior``, ``version`` and ``scale``."""
    return {name: value for name, value in _file().items() if name != "grids"}


def main(arguments: Sequence[str] | None = None, make: Callable[[Grid, int], dict[str, Any]] = computed) -> None:
    """Makes the stored grids again and writes them into a file."""
    parser = argparse.ArgumentParser(prog="python -m irregsim.workshop.grids", description=main.__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--only", action="append", default=[], help="exercise whose grid is made; others are kept")
    chosen = parser.parse_args(arguments)
    from irregsim import __version__

    made: dict[str, Any] = {}
    if chosen.only and chosen.file.exists():
        made = json.loads(chosen.file.read_text(encoding="utf-8"))["grids"]
    for grid in grids():
        if chosen.only and grid.exercise not in chosen.only:
            continue
        print(f"{grid.exercise}: {len(grid.cells())} combinations", file=sys.stderr, flush=True)
        made[grid.exercise] = make(grid, chosen.jobs)
        told = {"version": __version__, "posterior": choose("posterior")[0].name, "scale": SCALE, "grids": made}
        # Completely or not at all; what is finished is kept if the work is stopped.
        part = chosen.file.with_suffix(".part")
        part.write_text(json.dumps(told, separators=(",", ":")) + "\n", encoding="utf-8", newline="\n")
        part.replace(chosen.file)


if __name__ == "__main__":
    main()
