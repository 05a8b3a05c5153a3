"""`irregsim compare`: scenarios with the same parameter draws and random numbers, and what differs.

Every scenario is run (or a finished run of the same content is used) with the same seed, draws and replicates; then
`irregsim.study.comparison` makes the tables of the differences, replicate by replicate. The folder of a comparison
holds the runs it made (``runs/<scenario>/``, run folders like any other), the tables, the pictures and one page
for readers (docs/outputs.md).
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Final

from irregsim import __version__
from irregsim.commands.compare_folder import PAGE as PAGE
from irregsim.commands.compare_folder import write_folder
from irregsim.commands.compare_tables import about_comparison, make_tables, run_ids, stored_plans
from irregsim.commands.estimate import WRITING
from irregsim.commands.from_folders import (
    Given,
    Match,
    draws_fault,
    expanded,
    given_runs,
    in_the_way,
    is_same_comparison,
    matches,
    told_apart,
    with_their_settings,
)
from irregsim.commands.in_memory import NamedTables, all_loaded
from irregsim.commands.manifest import Clock, manifest_of
from irregsim.commands.precisely import precision_of, until_precise
from irregsim.commands.registry import OUTPUTS
from irregsim.commands.request import Checked, Output, Request, RunFailed, Stopped, WrongUse, batches, checked, texts
from irregsim.commands.run import execute, simulate_together
from irregsim.commands.sweep import observed_years, swept
from irregsim.present.export import hashes
from irregsim.scenario import Scenario, changes_nothing, load_scenario
from irregsim.storage.folder import MANIFEST, FolderError, check_folder, commit, opened_for_writing
from irregsim.storage.hashing import canonical_json, sha256_of_text, write_json
from irregsim.storage.manifests import MOST_REPLICATES
from irregsim.storage.paths import fresh_folder, refuse_links, user_path
from irregsim.study.cluster import Cluster
from irregsim.study.comparison.pairs import Run, Runs, different_period, first_difference, same_values
from irregsim.study.precision import Precision
from irregsim.study.progress import Progress, Silent
from irregsim.study.replicates import Plan, ReplicateError
from irregsim.study.workers import Crew
from irregsim.vocabulary.codes import CITIES

if TYPE_CHECKING:
    import pandas as pd

    from irregsim.study.comparison.sweeps import Design

#: Where runs are made that are not there yet, inside the folder of the comparison.
RUNS: Final = "runs"

#: Scenarios besides the reference that the name of a folder has at most.
_NAMED: Final = 2

#: Processes that finish a comparison whose runs exist, and the replicates whose lives are worth one more.
_FINISHING, _LIVES_EACH = 3, 5

_TOO_FEW: Final = "give at least two scenarios (files, shipped names, or a folder of files)"


@dataclass(frozen=True)
class CompareRequest(Request):
    """A comparison as the user asked for it.

    Attributes:
        scenarios: Files, shipped names, folders of scenario files, and run folders (by path, name or id); two
            scenarios or more in all.
        reference: Name of the scenario that the others are compared with, or a file or shipped name, which is then
            added; None for the first.
        city: City of the fact sheet, or None.
        vary: Settings with several values each, as ``--vary``; the scenarios are then made from the one that is given.
    """

    scenarios: tuple[str, ...]
    reference: str | None = None
    city: str | None = None
    vary: tuple[str, ...] = field(default=(), kw_only=True)
    spells: bool = field(default=True, kw_only=True)
    command: str = field(default="irregsim compare", kw_only=True)

    # With fewer there is no Monte Carlo error.
    fewest: ClassVar[tuple[int, str]] = (2, "must be 2 or more, to separate an effect from random variation")

    def folders(self, scenarios: Sequence[Scenario]) -> tuple[Path, ...]:
        """The folder of the comparison: as asked, or in ``outputs`` by the names of the scenarios."""
        return (user_path(self.out) if self.out is not None else Path(OUTPUTS) / default_name(scenarios),)

    def own_faults(self, scenarios: Sequence[Scenario]) -> list[str]:
        """Scenarios that cannot be compared, and a city that is none of the five."""
        faults = scenario_faults(scenarios)
        if self.vary and self.reference is not None:
            faults.append(
                f"--reference {self.reference}: a sweep is compared with the scenario it is made from; leave it out"
            )
        if self.city is not None and self.city not in CITIES:
            faults.append(f"--city {self.city}: must be one of {', '.join(CITIES)}")
        return faults


@dataclass(frozen=True)
class Comparison(NamedTables):
    """A comparison that is done. Its tables are attributes with the names of the files, as ``comparison.differences``.

    Attributes:
        id: Name by content: 16 hex digits.
        reference: Name of the reference.
        scenarios: Names of the others.
        replicates: How many replicates are paired.
        frames: Table name to data frame.
        proof: From `comparison.proof.proof`.
        about: What the comparison is about, as the page needs it.
        folder: Where it is; None in memory.
        reused: Scenario to the folder of a finished run that was used.
        replaced: Id of the other result that was in the folder before, if any.
        precise: With ``--precision``, how precise the effects on the main outcomes are.
    """

    id: str
    reference: str
    scenarios: tuple[str, ...]
    replicates: int
    frames: Mapping[str, pd.DataFrame]
    proof: Mapping[str, Any]
    about: Mapping[str, Any]
    folder: Path | None
    reused: Mapping[str, Path]
    replaced: str | None = None
    precise: str = ""

    def __repr__(self) -> str:
        others = ", ".join(self.scenarios)
        return f"<irregsim comparison of {others} with {self.reference!r}: {self.replicates} replicates>"


# ---------------------------------------------------------------------------------------------------------
# What is compared


def default_name(scenarios: Sequence[Scenario]) -> str:
    """Name of a comparison by its scenarios, such as ``fines-tripled-vs-baseline``.

    Args:
        scenarios: The reference first.
    """
    reference, *others = [one.name for one in scenarios]
    if len(others) > _NAMED:
        others = [*others[: _NAMED - 1], f"{len(others) - _NAMED + 1}-others"]
    return "-and-".join(others) + f"-vs-{reference}"


def chosen_scenarios(request: CompareRequest, given: Mapping[str, Given] | None = None) -> list[Scenario]:
    """The scenarios of a request, the reference first.

    Args:
        request: What is asked.
        given: The run folders among them (`given_runs`); None for none.

    Raises:
        ScenarioError: If one cannot be used.
        WrongUse: If they cannot be compared.
    """

    def load(name: str) -> Scenario:
        if given is not None and name in given:
            return given[name].scenario
        return load_scenario(name, overrides=request.overrides, end=request.end, without=request.facts_left_out)

    scenarios = [load(name) for name in expanded(request.scenarios)]
    if request.reference is not None:
        named = [one for one in scenarios if one.name == request.reference]
        reference = named[0] if named else load(request.reference)
        same = [one for one in scenarios if one.name == reference.name and one == reference]
        scenarios = [reference, *(one for one in scenarios if not any(one is other for other in same))]
    return scenarios


def scenario_faults(scenarios: Sequence[Scenario]) -> list[str]:
    """Why scenarios cannot be paired, or why there would be nothing to show.

    Args:
        scenarios: The reference first, at least one.
    """
    if len(scenarios) < 2:
        return [_TOO_FEW]
    reference, *others = scenarios
    names = [one.name for one in scenarios]
    faults = [
        f"{names.count(name)} scenarios are called {name}; give each its own name"
        for name in dict.fromkeys(names)
        if names.count(name) > 1
    ]
    for one in others:
        if (one.start, one.end) != (reference.start, reference.end):
            faults.append(different_period(reference, one))
        elif changes_nothing(one):
            # The reference may be a parent under another name, or cut to another period.
            faults.append(f"{one.name}: changes nothing: its values are those of {one.extends} throughout its period")
        elif first_difference(reference, one) is None:
            faults.append(same_values(reference, one))
    return faults


# ---------------------------------------------------------------------------------------------------------
# The runs


def own_places(folder: Path, plans: Sequence[Plan]) -> list[Path]:
    """Where the runs of a comparison are made that are nowhere else."""
    return [folder / RUNS / plan.scenario.name for plan in plans]


def _runs(
    ready: Checked, request: CompareRequest, folder: Path, found: Sequence[Match | None], crew: Crew, progress: Progress
) -> Runs:
    """Every scenario run, or taken from where it was found finished."""
    plans, replicates = ready.plans, ready.replicates
    workers = ready.workers if isinstance(ready.workers, Cluster) else crew
    refuse_links(folder, *(f"{RUNS}/{plan.scenario.name}" for plan in plans))
    folders = {plan.scenario.name: match.folder for plan, match in zip(plans, found, strict=True) if match is not None}
    todo = [plan for plan in plans if plan.scenario.name not in folders]
    places = own_places(folder, todo)
    for place in places:
        check_folder(place)
    # The comparison has pictures of its own; those of a run are drawn when the scenario is run by itself.
    plain = Output(lang=request.output.lang, pictures=False)
    partings = {month for one in plans[1:] if (month := plans[0].scenario.levers.first_difference(one.scenario.levers))}
    try:
        each = None
        if todo:
            how: dict[str, Any] = {"jobs": workers, "partings": sorted(partings), "progress": progress}
            each = simulate_together(todo, places, replicates, **how)
        for plan, place in zip(todo, places, strict=True):
            progress.phase(f"writing the run of {plan.scenario.name}")
            done = execute(plan, replicates, place, plain, jobs=workers, command=request.command, each=each)
            folders[plan.scenario.name] = done.folder
    except ReplicateError as error:
        raise RunFailed(str(error)) from error
    first, *others = [Run(folders[plan.scenario.name], replicates, plan.scenario.name) for plan in plans]
    return Runs.of(first, others)


# ---------------------------------------------------------------------------------------------------------
# From end to end


def compare_scenarios(
    request: CompareRequest, *, progress: Progress | None = None, warn: Callable[[str], None] = print
) -> Comparison:
    """Compare scenarios into a folder. Everything that can be wrong with the request is found before any work.

    Finished replicates are kept as in a run, and a finished run of the same content is used: one in the folder of
    this comparison, one that was given, or one anywhere in ``outputs``. With more replicates, a comparison is extended.

    Args:
        request: What to compare.
        progress: Notified of finished replicates, counted over all runs.
        warn: Given each warning, a line of text.

    Raises:
        ScenarioError: If a scenario cannot be used.
        WrongUse: If the scenarios cannot be compared, or an option or the folder cannot be used.
        RunFailed: If a simulation fails or is stopped.
    """
    clock, progress = Clock(), progress or Silent()
    asked = prepared(request)
    request, ready, found = asked.request, asked.ready, asked.matches
    (out,) = ready.folders
    # A comparison of fewer replicates takes nothing away: the runs keep theirs.
    before = in_the_way(out, is_same_comparison(ready.plans[0].scenario.name, stored_plans(ready)), MOST_REPLICATES)
    if before is not None and not request.replace:
        raise WrongUse(before[1])
    for note in (*ready.notes, *asked.notes):
        warn(note)
    said = ""
    try:
        with opened_for_writing(out) as work, _crew(request, ready, found) as crew:
            if request.precision is not None:
                request, ready, found, said = _precise(asked, out, crew, progress)
            done, units, runs, simulated = _compared(request, ready, out, found, crew, progress, asked.design)
            staging = fresh_folder(work / "comparison")
            names = write_folder(staging, done.frames, done.about, units, request.output.format, runs, crew, progress)
            manifest = {
                "run_id": done.id,
                "kind": "comparison",
                "reference": done.reference,
                "scenarios": list(done.scenarios),
                "runs": run_ids(ready),
                "city": request.city,
                **manifest_of(ready.plans[0], done.replicates, request.output, request.command, clock),
                "seconds": clock.seconds,
                WRITING: round(time.monotonic() - simulated, 1),
                "outputs": hashes(staging, names),
            }
            write_json(staging / MANIFEST, manifest)
            commit(out, staging)
    except FolderError as error:
        raise WrongUse(str(error)) from None
    except KeyboardInterrupt:
        raise Stopped(f"stopped; all finished runs are kept in {out}; run the same command again to resume") from None
    finally:
        progress.close()
    return replace(done, folder=out, replaced=None if before is None else before[0].id, precise=said)


def _crew(request: CompareRequest, ready: Checked, found: Sequence[Match | None]) -> Crew:
    """Processes for a comparison: few, and this one among them, where nothing is left but to finish it."""
    if request.precision is not None or not all(found):
        return Crew(ready.jobs)
    # Lives are read replicate by replicate; for the rest, loading the libraries takes longer than more processes save.
    lives = ready.replicates // _LIVES_EACH if request.spells else 0
    return Crew(min(ready.jobs, max(_FINISHING, lives)), helped=True)


@dataclass(frozen=True)
class Prepared:
    """A request for a comparison, with everything that is known before any work.

    Attributes:
        request: With the settings of the run folders in it.
        ready: The same, checked.
        matches: The finished run of each scenario, None where there is none.
        given: Run folders that were given as scenarios.
        design: Which scenario has which values, in a sweep.
        notes: What to say besides what `ready` says.
    """

    request: CompareRequest
    ready: Checked
    matches: list[Match | None]
    given: Mapping[str, Given]
    design: Design | None = None
    notes: tuple[str, ...] = ()


def prepared(request: CompareRequest) -> Prepared:
    """A request with the settings of the run folders in it, checked, and the finished run of each scenario.

    Raises:
        ScenarioError: If a scenario cannot be used.
        WrongUse: As `compare_scenarios`.
    """
    if request.vary:
        scenarios, design = swept(request.scenarios, request.vary, request)
        ready = checked(batches(request)[0], scenarios)
        ready, found = with_found(ready, ready.folders[0])
        return Prepared(request, ready, found, {}, design, tuple(observed_years(scenarios)))
    named = expanded(request.scenarios)
    given = given_runs([*named, *([] if request.reference is None else [request.reference])])
    request = replace(with_their_settings(request, given) if given else request, scenarios=tuple(named))
    if given:
        given = told_apart(given, [one.name for one in chosen_scenarios(request, given)])
    ready = checked(batches(request)[0], chosen_scenarios(request, given))
    if fault := draws_fault(given, ready.draws.name):
        raise WrongUse(fault)
    ready, found = with_found(ready, ready.folders[0], given)
    return Prepared(request, ready, found, given)


def _precise(
    asked: Prepared, folder: Path, crew: Crew, progress: Progress
) -> tuple[CompareRequest, Checked, list[Match | None], str]:
    """Replicates until the effects on the main outcomes are precise enough, and what is said of that."""
    request, most, step = batches(asked.request)
    scenarios = [plan.scenario for plan in asked.ready.plans]
    months = [scenarios[0].levers.first_difference(one.levers, since=scenarios[0].start) for one in scenarios[1:]]
    since = min(month for month in months if month is not None)

    def found_at(now: CompareRequest) -> tuple[Checked, list[Match | None]]:
        return with_found(checked(now, scenarios), folder, asked.given)

    def at(now: CompareRequest) -> Precision:
        ready, found = found_at(now)
        own = own_places(folder, ready.plans)
        todo = [(plan, place) for plan, place, one in zip(ready.plans, own, found, strict=True) if one is None]
        if todo:
            workers = ready.workers if isinstance(ready.workers, Cluster) else crew
            plans, places = zip(*todo, strict=True)
            simulate_together(plans, places, ready.replicates, jobs=workers, partings=[], progress=progress)
        there = [place if one is None else one.folder for place, one in zip(own, found, strict=True)]
        return precision_of(ready.plans, there, ready.replicates, since)

    try:
        request, said = until_precise(request, most, step, at, progress)
    except ReplicateError as error:
        raise RunFailed(str(error)) from error
    return request, *found_at(request), said


def with_found(
    ready: Checked, folder: Path, given: Mapping[str, Given] | None = None
) -> tuple[Checked, list[Match | None]]:
    """A checked request that names the plans of the finished runs it uses, and these runs.

    Args:
        ready: The request.
        folder: Folder of the comparison.
        given: Run folders that were given as scenarios.
    """
    found = matches(ready.plans, ready.replicates, own_places(folder, ready.plans), given or {})
    stored = [plan if match is None else match.plan for plan, match in zip(ready.plans, found, strict=True)]
    return replace(ready, stored=tuple(stored)), found


def compare(
    scenarios: Iterable[Scenario | str | os.PathLike[str]],
    *,
    reference: str | None = None,
    replicates: int | None = None,
    seed: int | None = None,
    jobs: int | None = None,
    draws: str | os.PathLike[str] | None = None,
    per_draw: int | None = None,
    scale: float = 1.0,
    spells: bool = True,
    without: str | Iterable[str] = (),
) -> Comparison:
    """Compare scenarios and keep the tables in memory.

    Args:
        scenarios: Two or more: scenarios, files, or names of shipped scenarios.
        reference: Name of the one that the others are compared with; default: the first.
        replicates: 2 or more; default: what the reference says.
        seed: Seed; default: the reference's.
        jobs: Processes; default: all cores. The tables are the same for any number.
        draws: As in `irregsim.run`.
        per_draw: As there.
        scale: Population scale for trials, above 0 and at most 10; 1 is the country.
        spells: Whether the lives of the synthetic persons are compared, too.
        without: Claims of the report to leave out.

    Returns:
        The comparison; its tables are attributes, as ``comparison.key_figures``.

    Raises:
        ScenarioError: If a scenario cannot be used.
        WrongUse: If the scenarios cannot be compared, or an argument is out of range; with every fault. A
            ``ValueError``.
        RunFailed: If a simulation fails.
    """
    left_out = texts(without)
    them = all_loaded(scenarios, reference, left_out)
    if not them:
        raise WrongUse(_TOO_FEW)
    request = CompareRequest(
        scenarios=tuple(one.name for one in them),
        replicates=replicates,
        seed=seed,
        jobs=jobs,
        draws=draws,
        per_draw=per_draw,
        scale=scale,
        spells=spells,
        without=left_out,
        # The folder is gone before anybody could look at pictures in it.
        output=Output(pictures=False),
        command="irregsim.compare",
    )
    ready = checked(request, them, in_memory=True)
    with tempfile.TemporaryDirectory(prefix="irregsim-") as folder, Crew(ready.jobs) as crew:
        ready, found = with_found(ready, Path(folder))
        done, *_ = _compared(request, ready, Path(folder), found, crew, Silent())
    return replace(done, reused={})


def _compared(
    request: CompareRequest,
    ready: Checked,
    folder: Path,
    found: Sequence[Match | None],
    crew: Crew,
    progress: Progress,
    design: Design | None = None,
) -> tuple[Comparison, dict[str, str], Runs, float]:
    """The runs and all tables, and when the runs were there (`time.monotonic`)."""
    runs = _runs(ready, request, folder, found, crew, progress)
    simulated = time.monotonic()
    reused = {plan.scenario.name: one.folder.path for plan, one in zip(ready.plans, found, strict=True) if one}
    frames, proof, units = make_tables(runs, crew, design, progress)
    # By content alone, the reference first: the same comparison has the same name everywhere.
    id_ = sha256_of_text(canonical_json({"runs": list(run_ids(ready).values()), "version": __version__}))[:16]
    cities = () if request.city is None else (request.city,)
    about = {**about_comparison(request, ready, id_, cities), "proof": proof}
    if design is not None:
        about["sweep"] = design.to_mapping()
    others = tuple(pair.name for pair in runs.pairs)
    done = Comparison(id_, runs.reference.name, others, runs.replicates, frames, proof, about, None, reused)
    return done, units, runs, simulated
