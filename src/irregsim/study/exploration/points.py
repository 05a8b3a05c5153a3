"""One point of a study: the reference and every policy in the same world, with the same draw and random numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from irregsim.scenario import ScenarioError
from irregsim.storage.folder import Parts
from irregsim.storage.parquet import Columns, to_frame
from irregsim.study.comparison.series import INDEX, Collected, collect, hidden_index, over_window
from irregsim.study.exploration.design import FloatArray, Study
from irregsim.study.replicates import DrawSet, Plan, ReplicateError, in_memory
from irregsim.vocabulary.codes import month_text

if TYPE_CHECKING:
    import pandas as pd

#: The one table of a finished point. Levels stay in here, among unfinished work; what is shown is in percent.
TABLE: Final = "effects"
COLUMNS: Final[Columns] = (
    ("replicate", "int"),
    ("policy", "int"),
    ("outcome", "text"),
    ("reference", "float"),
    ("difference", "float"),
)


@dataclass(frozen=True)
class Here:
    """Tables of one simulation in memory, as `series.collect` reads them.

    Attributes:
        frames: By name.
        months: Reported months, in order.
    """

    frames: Mapping[str, pd.DataFrame]
    months: tuple[str, ...]
    replicates: int = 1

    def read(self, table: str, replicate: int, columns: Sequence[str] | None = None) -> pd.DataFrame:
        """Rows of a table; there is one replicate, whatever its number."""
        frame = self.frames[table]
        return frame if columns is None else frame[list(columns)]


def simulate(study: Study, draws: DrawSet, parts: Parts, engine: str, run: int) -> None:
    """Simulates one point once and stores it.

    Args:
        study: The study.
        draws: Parameter draws.
        parts: Where finished points are stored.
        engine: ``module:function`` that simulates one replicate, as in `Plan`.
        run: Number of the run (`Study.runs`).

    Raises:
        ReplicateError: If its values do not go together, or the engine fails; the message names the point.
    """
    parts.write(run, {TABLE: simulated(study, draw_of(study, draws, run), engine, run)})


def draw_of(study: Study, draws: DrawSet, run: int) -> DrawSet:
    """The one draw of a run, without the values that the study itself varies."""
    value = draws.values[study.draw_number(run // study.repeats) % len(draws.values)]
    return DrawSet(draws.name, (value,), source=draws.source)


def simulated(study: Study, own: DrawSet, engine: str, run: int) -> pd.DataFrame:
    """The effects of one simulation of a point, on this machine or another.

    It has the draw and the random numbers that the study says (`Study.draw_number`, `Study.random_number`); where
    points are spread evenly, point i has draw i (or i modulo their number), and run j the random numbers of (seed, j).

    Args:
        study: The study.
        own: The draw of the run (`draw_of`).
        engine: As for `simulate`.
        run: Its number.

    Returns:
        As `effects`.

    Raises:
        ReplicateError: As there.
    """
    point = run // study.repeats
    one = DrawSet(own.name, (study.draw(own.values[0], point),), source=own.source)
    try:
        scenarios = [study.scenario(number, point) for number in range(len(study.files))]
    except ScenarioError as error:
        reasons = "; ".join(f"{fault.path}: {fault.message}" for fault in error.faults)
        raise ReplicateError(f"point {point}: its values cannot be used together: {reasons}") from error
    how: dict[str, Any] = {"scale": study.scale, "engine": engine}
    plans = [(i, Plan(scenario, one, study.seed, **how)) for i, scenario in enumerate(scenarios)]
    frames = in_memory(plans, study.random_number(run))
    months = tuple(map(month_text, range(scenarios[0].start, scenarios[0].end + 1)))
    return effects([collect(Here(frames[i], months)) for i, _ in plans], study)


def effects(collected: Sequence[Collected], study: Study) -> pd.DataFrame:
    """Every outcome in the reference, and how much each policy changes it, over the months since it begins.

    Args:
        collected: Series of the reference and of every policy, of one replicate each.
        study: The study.

    Returns:
        The columns of `COLUMNS` but the first. What never had a value is missing.
    """
    import pandas as pd

    base = collected[0]
    rows: list[tuple[Any, ...]] = []
    for number, (changed, since) in enumerate(zip(collected[1:], study.since, strict=True)):
        for outcome in study.outcomes:
            one, other = (_values(side, base, outcome) for side in (base, changed))
            places = [
                i
                for i, month in enumerate(base.months)
                if month >= month_text(since) and np.isfinite(one[i]).all() and np.isfinite(other[i]).all()
            ]
            found = (np.nan, np.nan)
            if places:
                reference, scenario = (float(over_window(side, outcome, places)[0]) for side in (one, other))
                found = (reference, scenario - reference)
            rows.append((number, outcome, *found))
    return pd.DataFrame(rows, columns=[name for name, _ in COLUMNS[1:]]).astype({"policy": "int64"})


def _values(side: Collected, base: Collected, outcome: str) -> FloatArray:
    if outcome == INDEX:
        return hidden_index(base, side)
    # What a simulation has no rows of did not happen in it.
    return side.values.get(outcome, np.zeros((len(side.months), 1)))


def read_points(parts: Parts, study: Study) -> tuple[FloatArray, FloatArray]:
    """Finished points of a study, all of which are there.

    Returns:
        Reference and difference, each of shape (policies, outcomes, points, repeats).
    """
    shape = (len(study.policies), len(study.outcomes), study.runs)
    reference, difference = np.empty(shape), np.empty(shape)
    for run in range(study.runs):
        frame = to_frame(parts.read(run, TABLE))
        for values, name in ((reference, "reference"), (difference, "difference")):
            values[:, :, run] = frame[name].to_numpy(dtype="float64").reshape(shape[:2])
    each = (*shape[:2], study.points, study.repeats)
    return reference.reshape(each), difference.reshape(each)
