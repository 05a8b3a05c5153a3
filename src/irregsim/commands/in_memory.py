"""A run from Python, with its tables in memory."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from irregsim.commands.request import RunFailed, WrongUse, checked, texts
from irregsim.commands.run import RunRequest
from irregsim.scenario import Scenario, load_scenario
from irregsim.storage.folder import Parts
from irregsim.storage.parquet import to_frame
from irregsim.study.replicates import ReplicateError, Todo, run_parts
from irregsim.study.summaries import Series, reader, summary
from irregsim.study.tables import tables_of
from irregsim.vocabulary.knowledge import is_fact

if TYPE_CHECKING:
    import pandas as pd


class NamedTables:
    """Shows the tables in ``frames`` as attributes; for dataclasses that have that field."""

    frames: Mapping[str, pd.DataFrame]

    def __getattr__(self, name: str) -> pd.DataFrame:
        # Called only for names that are no attributes; dunder names must fail so that copying works.
        frames = self.__dict__.get("frames", {})
        if name in frames:
            found: pd.DataFrame = frames[name]
            return found
        raise AttributeError(f"no table {name!r}; the tables are {', '.join(frames)}")

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *self.frames})


@dataclass(frozen=True)
class Result(NamedTables):
    """A run in memory. Its tables are attributes with the names of the files, such as ``result.stocks``.

    Attributes:
        scenario: What was run.
        seed: Seed.
        replicates: Number of replicates.
        posterior_id: Id of the posterior that the parameter draws come from, or ``point`` or ``prior``.
        notes: What must be known about the draws, one line each: that they are not calibrated, and why.
        frames: Table name to data frame, ``draws`` among them; columns as in the run folder, text as
            categories.
    """

    scenario: Scenario
    seed: int
    replicates: int
    posterior_id: str
    notes: tuple[str, ...]
    frames: Mapping[str, pd.DataFrame]

    def __repr__(self) -> str:
        return f"<irregsim run of {self.scenario.name!r}: {self.replicates} replicates, seed {self.seed}>"

    @property
    def summary(self) -> pd.DataFrame:
        """What summary.csv would hold: mean and quantiles of the main outcomes over replicates."""
        series = [
            Series.of(reader({n: f[f["replicate"] == j] for n, f in self.frames.items()}))
            for j in range(self.replicates)
        ]
        return summary(series, self.frames["draws"]["draw"].tolist())


def loaded(scenario: object, without: tuple[str, ...]) -> Scenario:
    """A scenario as it was given from Python: itself, a file, or the name of a shipped one.

    Args:
        scenario: What was given.
        without: Claims and facts left out; a file is read without these facts.

    Raises:
        ScenarioError: If the file cannot be used.
        WrongUse: If it is none of these.
    """
    if isinstance(scenario, Scenario):
        return scenario
    if isinstance(scenario, str | os.PathLike):
        return load_scenario(scenario, without=[id_ for id_ in without if is_fact(id_)])
    raise WrongUse(f"{scenario!r:.60}: must be a scenario, a file, or the name of a shipped scenario")


def all_loaded(scenarios: object, reference: str | None, without: tuple[str, ...]) -> list[Scenario]:
    """Scenarios as they were given from Python to be compared, the reference first.

    Args:
        scenarios: One or more; one text is one scenario, not a list of letters.
        reference: Name of the one that the others are compared with; None for the first.
        without: As for `loaded`.

    Returns:
        The scenarios; none where nothing that can hold any was given.

    Raises:
        ScenarioError: If a file cannot be used.
        WrongUse: If one is no scenario, or none has the name of the reference.
    """
    given = [scenarios] if isinstance(scenarios, str | os.PathLike | Scenario) else scenarios
    them = [loaded(one, without) for one in given] if isinstance(given, Iterable) else []
    if reference is None or not them:
        return them
    first = [one for one in them if one.name == reference]
    if not first:
        names = ", ".join(one.name for one in them)
        raise WrongUse(f"no scenario is called {reference!r:.60}; the scenarios are {names}")
    return [first[0], *(one for one in them if one is not first[0])]


def run(
    scenario: Scenario | str | os.PathLike[str],
    *,
    replicates: int | None = None,
    seed: int | None = None,
    jobs: int | None = None,
    draws: str | os.PathLike[str] | None = None,
    per_draw: int | None = None,
    scale: float = 1.0,
    spells: bool = False,
    without: str | Iterable[str] = (),
) -> Result:
    """Simulate a scenario and keep the tables in memory.

    Args:
        scenario: A scenario, a file, or the name of a shipped scenario.
        replicates: Replicates; default: what the scenario says.
        seed: Seed; default: what the scenario says.
        jobs: Processes; default: all cores. The tables are the same for any number.
        draws: Parameter draws: ``posterior``, ``point`` (the median of every prior), ``prior`` (draws of the priors)
            or the folder of a posterior; default: the posterior if one ships, else the point.
        per_draw: Replicates per draw, K, which separates parameter uncertainty from random variation
            (``result.summary``); ``replicates`` is then K times the number of draws used.
        scale: Population scale for trials, above 0 and at most 10; 1 is the country.
        spells: Keep the spells of every person too (``result.spells``).
        without: Claims of the report to leave out, such as ``["M047"]`` (docs/odd.md); one may be given as text.

    Returns:
        The tables of the run.

    Raises:
        ScenarioError: If the scenario cannot be used.
        WrongUse: If a number is out of range, draws cannot be used, or a claim cannot be left out; with every fault. A
            ``ValueError``.
        RunFailed: If the simulation fails.
    """
    import pandas as pd
    import pyarrow as pa

    left_out = texts(without)
    scenario = loaded(scenario, left_out)
    request = RunRequest(
        scenario.name,
        replicates=replicates,
        seed=seed,
        jobs=jobs,
        draws=draws,
        per_draw=per_draw,
        scale=scale,
        spells=spells,
        without=left_out,
        command="irregsim.run",
    )
    ready = checked(request, [scenario], in_memory=True)
    (plan,) = ready.plans
    chosen, count = plan.draws, ready.replicates
    with tempfile.TemporaryDirectory(prefix="irregsim-") as folder:
        parts = Parts(Path(folder), tables_of(plan.spells))
        try:
            run_parts([Todo(plan, parts, frozenset(range(count)))], jobs=ready.workers)
        except ReplicateError as error:
            raise RunFailed(str(error)) from error
        frames = {
            name: to_frame(pa.concat_tables([parts.read(j, name) for j in range(count)]))
            for name in tables_of(plan.spells)
        }
    used = [chosen.index(j) for j in range(count)]
    frames["draws"] = pd.DataFrame(
        {"replicate": range(count), "draw": used}
        | {p: [float(chosen.values[d][p]) for d in used] for p in chosen.values[0]}
    )
    return Result(plan.scenario, plan.seed, count, chosen.name, ready.notes, frames)
