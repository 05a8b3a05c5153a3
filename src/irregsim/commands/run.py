"""`irregsim run`: a scenario into a run folder."""

from __future__ import annotations

import contextlib
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from irregsim import __version__
from irregsim.commands.estimate import EACH, WRITING, seconds_each, work_of
from irregsim.commands.from_folders import in_the_way, is_same_run, known_replicates
from irregsim.commands.manifest import Clock, manifest_of
from irregsim.commands.request import Output, Request, RunFailed, Stopped, WrongUse, batches, checked
from irregsim.present.export import frame_to_csv, hashes, rounded
from irregsim.present.formats import FORMATS, RunTables
from irregsim.scenario import Scenario, ScenarioError, changes_nothing, load_scenario
from irregsim.storage.folder import MANIFEST, FolderError, Parts, RunFolder, commit, opened_for_writing
from irregsim.storage.hashing import write_json
from irregsim.storage.parquet import TableWriter, read_group
from irregsim.storage.paths import fresh_folder
from irregsim.study.identity import NEW_CENTRES, code_sha256, part_key, run_id
from irregsim.study.precision import Precision
from irregsim.study.progress import Progress, Silent
from irregsim.study.replicates import NUMERICS, DrawSet, Jobs, Plan, ReplicateError, Todo, available_cores, run_parts
from irregsim.study.summaries import Series, published_summary, summary
from irregsim.study.tables import draws_columns, schema_of, tables_of
from irregsim.vocabulary.codes import month_text
from irregsim.vocabulary.knowledge import assumed_from
from irregsim.vocabulary.labels import in_language, label
from irregsim.vocabulary.numbers import plain


@dataclass(frozen=True)
class RunRequest(Request):
    """A run as the user asked for it.

    Attributes:
        scenario: A file, or the name of a shipped scenario.
    """

    scenario: str
    command: str = field(default="irregsim run", kw_only=True)


@dataclass(frozen=True)
class Finished:
    """A run that is done.

    Attributes:
        folder: The run folder.
        series: The headline series of every replicate.
        draws: Number of the parameter draw of every replicate.
        reused: How many finished replicates were reused.
        replaced: Run id of the other result, or the longer run, that was in the folder before, if any.
        precise: With ``--precision``, how precise the main outcomes are.
    """

    folder: RunFolder
    series: list[Series]
    draws: tuple[int, ...]
    reused: int
    replaced: str | None
    precise: str = ""


def run_scenario(
    request: RunRequest, *, progress: Progress | None = None, warn: Callable[[str], None] = print
) -> Finished:
    """Run a scenario into its folder. Everything that can be wrong with the request is found before any work.

    Args:
        request: What to run.
        progress: Notified of finished replicates.
        warn: Given each warning, a line of text.

    Raises:
        ScenarioError: If the scenario cannot be used.
        WrongUse: If an option, or the folder, cannot be used.
        RunFailed: If the simulation fails or is stopped.
    """
    scenario = load_scenario(
        request.scenario, overrides=request.overrides, end=request.end, without=request.facts_left_out
    )
    ready = checked(batches(request)[0], [scenario])
    (plan,), (out,) = ready.plans, ready.folders
    if changes_nothing(scenario):
        warn(f"{request.scenario}: changes nothing: its values are those of {scenario.extends} throughout its period")
    for note in ready.notes:
        warn(note)
    known = 0 if request.precision is None else known_replicates(out, is_same_run(plan))
    before = in_the_way(out, is_same_run(plan), max(known, ready.replicates))
    if before is not None and not request.replace:
        raise WrongUse(before[1])
    said = ""
    if request.precision is not None:
        request, said = _precise(request, scenario, known, progress or Silent())
        ready = checked(request, [scenario])
        (plan,) = ready.plans
    done = execute(
        plan,
        ready.replicates,
        out,
        request.output,
        jobs=ready.workers,
        progress=progress,
        command=request.command,
        partings=_partings(scenario),
    )
    return replace(done, replaced=done.replaced if before is None else before[0].id, precise=said)


def _precise(request: RunRequest, scenario: Scenario, known: int, progress: Progress) -> tuple[RunRequest, str]:
    """Replicates until the main outcomes are precise enough: the request with their number, and what is said of it."""
    from irregsim.commands.precisely import precision_of, until_precise

    request, most, step = batches(request, known)

    def at(now: RunRequest) -> Precision:
        ready = checked(now, [scenario])
        partings = _partings(scenario)
        simulate_together(
            ready.plans, ready.folders, ready.replicates, jobs=ready.workers, partings=partings, progress=progress
        )
        return precision_of(ready.plans, ready.folders, ready.replicates, scenario.start)

    try:
        return until_precise(request, most, step, at, progress)
    except FolderError as error:
        raise WrongUse(str(error)) from None
    except ReplicateError as error:
        raise RunFailed(str(error)) from error
    except KeyboardInterrupt:
        raise Stopped("stopped; finished replicates are kept; run the same command again to resume") from None


def _partings(scenario: Scenario) -> list[int]:
    """The month in which a scenario parts from the shipped baseline, if it does after the first."""
    try:
        baseline = load_scenario("baseline", end=month_text(scenario.end), without=scenario.levers.knowledge.without)
    except ScenarioError:  # a period that ends after the baseline's
        return []
    month = baseline.levers.first_difference(scenario.levers)
    return [month] if month else []


def simulate_together(
    plans: Sequence[Plan],
    places: Sequence[Path],
    replicates: int,
    *,
    jobs: Jobs,
    partings: Sequence[int],
    progress: Progress,
) -> float | None:
    """Simulate what is missing of several runs at once, so that months they have in common are simulated once.

    Finished replicates are left in the folders' working places, where `execute` finds them.

    Args:
        plans: What a replicate of each run is.
        places: Folder of each run; `check_folder` has been passed.
        replicates: How many there shall be of each.
        jobs: Processes.
        partings: Months in which the scenarios part from others that are not simulated here.
        progress: Notified of finished replicates, counted over all runs.

    Returns:
        Seconds of one process for a whole replicate (`seconds_each`).

    Raises:
        FolderError: If another process is writing into a folder.
        ReplicateError: If the engine fails.
        KeyboardInterrupt: If the user stops the work; what is finished is kept.
    """
    with contextlib.ExitStack() as stack:
        todo = []
        for plan, place in zip(plans, places, strict=True):
            source = source_of(plan, place, stack.enter_context(opened_for_writing(place)))
            here = source.there(replicates)
            todo.append(Todo(plan, source.parts, frozenset(range(replicates)) - here))
        progress.start(len(plans) * replicates, sum(replicates - len(one.replicates) for one in todo))
        begun = time.monotonic()
        run_parts(todo, jobs=jobs, partings=partings, finished=lambda _: progress.advance())
        work = sum(share * len(one.replicates) for share, one in zip(work_of(plans), todo, strict=True))
        return seconds_each(time.monotonic() - begun, work, jobs)


def execute(
    plan: Plan,
    replicates: int,
    out: Path,
    output: Output,
    *,
    jobs: Jobs = 1,
    progress: Progress | None = None,
    command: str = "irregsim run",
    partings: Sequence[int] = (),
    each: float | None = None,
) -> Finished:
    """Run a plan into a folder, taking over whatever replicates of the same plan are there.

    Args:
        plan: What a replicate is.
        replicates: How many there shall be.
        out: The run folder; `check_folder` has been passed.
        output: What is written besides the tables.
        jobs: Processes.
        progress: Notified of finished replicates.
        command: The command without directories, for the manifest.
        partings: Months in which the scenario parts from others that are likely to be run, for its run-ups.
        each: Seconds of one process for a replicate, where replicates were simulated before.

    Raises:
        WrongUse: If another process is writing into the folder.
        RunFailed: If the simulation fails or is stopped.
    """
    progress = progress or Silent()
    clock = Clock()
    content = plan.content()
    key = part_key(content)
    try:
        with opened_for_writing(out) as work:
            source = source_of(plan, out, work)
            parts, earlier = source.parts, _earlier(out)
            here = source.there(replicates)
            before = parts.count()
            progress.start(replicates, len(here))
            begun = time.monotonic()
            try:
                todo = Todo(plan, parts, frozenset(range(replicates)) - here)
                run_parts([todo], jobs=jobs, partings=partings, finished=lambda _: progress.advance())
            except KeyboardInterrupt:
                kept = len(here) + parts.count() - before
                raise Stopped(
                    f"stopped; {kept} of {replicates} replicates are kept in {out}; "
                    "run the same command again to resume"
                ) from None
            except ReplicateError as error:
                raise RunFailed(str(error)) from error
            simulated = time.monotonic()
            each = seconds_each(simulated - begun, replicates - len(here), jobs) or each
            if each is None and source.earlier is not None:
                each = source.earlier.manifest.get(EACH)
            staging = fresh_folder(work / f"{key}-staging")
            manifest = {
                "run_id": run_id(content, replicates),
                "part_key": key,
                "scenario": plan.scenario.to_mapping(),
                # Most runs open none, and have no such key.
                **({NEW_CENTRES: dict(plan.scenario.new_names)} if plan.scenario.new_names else {}),
                "scenario_sha256": plan.scenario.sha256,
                "data_sha256": content["data_sha256"],
                "code_sha256": code_sha256(),
                "gate": _gate(plan.draws),
                "numerics": NUMERICS,
                **manifest_of(plan, replicates, output, command, clock),
            }
            series, names = _write_outputs(plan, replicates, source, RunFolder(staging, manifest), output, progress)
            manifest["seconds"] = clock.seconds
            manifest |= {EACH: each, WRITING: round(time.monotonic() - simulated, 1)}
            manifest["outputs"] = hashes(staging, names)
            write_json(staging / MANIFEST, manifest)
            replaced = None
            if earlier is not None and earlier.manifest["run_id"] != manifest["run_id"] and source.earlier is None:
                replaced = str(earlier.manifest["run_id"])
            commit(out, staging)
            shutil.rmtree(parts.folder, ignore_errors=True)
    except FolderError as error:
        raise WrongUse(str(error)) from None
    except KeyboardInterrupt:
        raise Stopped(
            f"stopped; all finished replicates are kept in {out}; run the same command again to resume"
        ) from None
    finally:
        progress.close()
    numbers = tuple(plan.draws.index(j) for j in range(replicates))
    return Finished(RunFolder.open(out), series, numbers, len(here), replaced)


def _gate(draws: DrawSet) -> dict[str, Any] | None:
    """What the manifest says about the calibration checks; None where nothing was fitted."""
    return {"passed": not draws.red, "red": list(draws.red)} if draws.source == "posterior" else None


def _earlier(out: Path) -> RunFolder | None:
    try:
        return RunFolder.open(out)
    except FolderError:
        return None


def source_of(plan: Plan, out: Path, work: Path) -> _Source:
    """Where finished replicates of a plan are in a folder that is open for writing."""
    key = part_key(plan.content())
    earlier = _earlier(out)
    same = earlier if earlier is not None and earlier.manifest.get("part_key") == key else None
    if same is not None and "replicates" not in same.manifest:
        same = None  # damaged
    return _Source(Parts(work / key, tables_of(plan.spells)), same)


class _Source:
    """Where each finished replicate is: a part of its own, or a row group of the folder's earlier tables."""

    def __init__(self, parts: Parts, earlier: RunFolder | None) -> None:
        self.parts = parts
        # Tables that were changed by hand are not taken over.
        self.earlier = earlier if earlier is not None and earlier.is_intact(parts.tables) else None

    def there(self, replicates: int) -> set[int]:
        old = set() if self.earlier is None else set(range(min(replicates, self.earlier.replicates)))
        return old | {j for j in self.parts.finished() if j < replicates}

    def read(self, replicate: int, name: str) -> tuple[Any, bytes | None]:
        """One table of a finished replicate, and its content digest where it is known."""
        if self.earlier is not None and replicate < self.earlier.replicates:
            return read_group(self.earlier.table_path(name), replicate), None
        return self.parts.read(replicate, name), self.parts.content_digest(replicate, name)


def _write_outputs(
    plan: Plan, replicates: int, source: _Source, staged: RunFolder, output: Output, progress: Progress
) -> tuple[list[Series], dict[str, str | None]]:
    """Write every file but the manifest; returns the series and file name to content hash (None: no table)."""
    from irregsim.present import plots

    names: dict[str, str | None] = {}

    def merge(name: str) -> tuple[str, str]:
        with TableWriter(staged.table_path(name), schema_of(name)) as writer:
            for j in range(replicates):
                writer.write(*source.read(j, name))
        return name, writer.content_sha256

    tables = tables_of(plan.spells)
    progress.phase("writing tables", len(tables))
    with ThreadPoolExecutor(min(4, available_cores())) as pool:
        for name, content in pool.map(merge, tables):
            names[f"{name}.parquet"] = content
            progress.step()
    names["draws.parquet"] = _write_draws(plan, replicates, staged.table_path("draws"))
    progress.phase("summing up replicates", replicates)
    series = []
    for one in series_of(staged):
        series.append(one)
        progress.step()
    numbers = [plan.draws.index(j) for j in range(replicates)]
    shown = rounded(published_summary(series, numbers), ["mean", "q025", "q25", "q50", "q75", "q975"])
    spread = shown if output.publish else summary(series, numbers)
    frame_to_csv(spread, staged.path / "summary.csv")
    names["summary.csv"] = None
    caveat = plan.draws.caveat
    assumed = assumed_from([plan.scenario.levers.knowledge])
    options = plots.Options(
        output.lang,
        output.show_levels,
        caveat is None,
        caveat or "",
        assumed,
        in_language(plan.scenario.title, output.lang),
        plan.scale,
        label("sentence.run_source", output.lang).format(
            version=__version__,
            id=staged.manifest["run_id"],
            replicates=replicates,
            draws=label(f"fit.source_{plan.draws.source}", output.lang),
            seed=plan.seed,
            scale=plain(f"{plan.scale:g}", output.lang),
        ),
        plan.draws.red,
    )
    folder = staged.path / "plots"
    folder.mkdir()
    drawn = plots.PLOTS if output.pictures else {}
    if drawn:
        progress.phase("writing pictures", len(drawn))
    pictures: dict[str, str] = {}
    for name, draw in drawn.items():
        drawing = draw(series, options)
        pictures[name] = drawing.alt
        for file in plots.save(drawing, folder, name, str(staged.manifest["run_id"])):
            names[f"plots/{file}"] = None
        progress.step()
    before = {file.name for file in staged.path.iterdir()}
    written = RunTables(
        staged,
        spread,
        shown,
        output.publish,
        output.show_levels,
        staged.path,
        output.lang,
        pictures,
        assumed,
        caveat,
    )
    FORMATS[output.format].of_run(written)
    names |= {file.name: None for file in staged.path.iterdir() if file.name not in before}
    return series, names


def _write_draws(plan: Plan, replicates: int, path: Path) -> str:
    import pyarrow as pa

    parameters = list(plan.draws.values[0])
    used = [plan.draws.index(j) for j in range(replicates)]
    columns: dict[str, list[Any]] = {"replicate": list(range(replicates)), "draw": used}
    columns |= {p: [float(plan.draws.values[d][p]) for d in used] for p in parameters}
    with TableWriter(path, draws_columns(parameters)) as writer:
        writer.write(pa.table(columns))  # one row group for all: many columns in many groups would be all heads
    return writer.content_sha256


def series_of(folder: RunFolder) -> Iterator[Series]:
    """Headline series of every replicate of a folder, in order."""
    for j in range(folder.replicates):
        yield Series.of(lambda name, columns, j=j: folder.replicate(name, j, columns))  # type: ignore[misc]
