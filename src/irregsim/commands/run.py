"""What a command does from end to end: run a scenario into a folder, run it in memory, reproduce a folder."""

from __future__ import annotations

import csv
import datetime
import math
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from irregsim import __version__
from irregsim.present.export import FORMATS, WORKBOOK, frame_to_csv, hashes, missing_for, rounded, write_csv, write_xlsx
from irregsim.scenario import Scenario, changes_nothing, load_scenario
from irregsim.storage.folder import MANIFEST, FolderError, Parts, RunFolder, check_folder, commit, opened_for_writing
from irregsim.storage.hashing import write_json
from irregsim.storage.parquet import TableWriter, content_sha256, read_group, to_frame
from irregsim.study.identity import code_sha256, data_sha256, part_key, run_id, versions
from irregsim.study.progress import Progress, Silent
from irregsim.study.replicates import NUMERICS, DrawSet, Plan, ReplicateError, available_cores, run_parts
from irregsim.study.summaries import Series, published_summary, reader, summary
from irregsim.study.tables import draws_columns, schema_of, tables_of

if TYPE_CHECKING:
    import pandas as pd

#: Floating-point columns count as equal within this, relative to the larger number (1 at least).
TOLERANCE = 1e-12


class WrongUse(Exception):
    """The command cannot be carried out as given; the message says what to change. Exit code 2."""


class RunFailed(Exception):
    """The work was begun and did not succeed. Exit code 1."""


class Stopped(RunFailed):
    """The user stopped the work; what was finished is kept."""


@dataclass(frozen=True)
class Output:
    """What is written beside the exact tables.

    Attributes:
        format: ``parquet`` (nothing more), ``csv`` or ``xlsx``.
        lang: Language of the pictures, ``nb`` or ``en``.
        publish: CSV and workbook in the form for publication.
        show_levels: Levels of the hidden population as an interval, in pictures, on the screen, and with
            ``publish`` in CSV and workbook.
        pictures: Whether pictures are drawn; not for a folder that nobody will open.
    """

    format: str = "parquet"
    lang: str = "en"
    publish: bool = False
    show_levels: bool = False
    pictures: bool = True


@dataclass(frozen=True)
class Request:
    """A run as the user asked for it; None is what the scenario, the machine or what ships says.

    ``draws`` and ``per_draw`` are those of `irregsim.inference.posterior.choose`.
    """

    scenario: str
    replicates: int | None = None
    seed: int | None = None
    jobs: int | None = None
    draws: str | None = None
    per_draw: int | None = None
    scale: float = 1.0
    overrides: tuple[str, ...] = ()
    end: str | None = None
    without: tuple[str, ...] = ()
    out: str | None = None
    spells: bool = False
    output: Output = field(default_factory=Output)
    command: str = "irregsim run"


@dataclass(frozen=True)
class Finished:
    """A run that is done.

    Attributes:
        folder: The run folder.
        series: The headline series of every replicate.
        draws: Number of the parameter draw of every replicate.
        reused: How many replicates were there already.
        replaced: Run id of the other run that stood in the folder before, if any.
    """

    folder: RunFolder
    series: list[Series]
    draws: tuple[int, ...]
    reused: int
    replaced: str | None


# ---------------------------------------------------------------------------------------------------------
# Run


def choose_draws(draws: str | Path | None, per_draw: int | None, replicates: int) -> tuple[DrawSet, tuple[str, ...]]:
    """The parameter draws that a command asks for.

    Args:
        draws: ``posterior``, ``point``, ``prior``, the folder of a posterior, or None for the default.
        per_draw: Replicates per draw, or None.
        replicates: Replicates of the run.

    Returns:
        The draws, and what the user must be told about them, a line each.

    Raises:
        WrongUse: If there are no such draws, they cannot be used, or do not go with the number of replicates.
    """
    from irregsim.inference.posterior import PosteriorError, choose

    try:
        chosen, notes = choose(draws, per_draw)
    except PosteriorError as error:
        raise WrongUse(str(error)) from None
    fault = chosen.fault(replicates)
    if fault is not None:
        raise WrongUse(fault)
    return chosen, notes


def leave_out(draws: DrawSet, ids: Iterable[str], scenario: Scenario) -> tuple[DrawSet, tuple[str, ...]]:
    """Draws with some claims of the report left out.

    Args:
        draws: Parameter draws.
        ids: Claims to leave out, such as ``M047``.
        scenario: What will be run with them.

    Returns:
        The draws, and the claims, each once and rising.

    Raises:
        WrongUse: If a claim cannot be left out, or would stay in because the scenario replaces its parameter.
    """
    from irregsim.model.claims import UnknownClaim, checked, overruled, without

    try:
        left_out = checked(ids)
    except UnknownClaim as error:
        raise WrongUse("\n".join(f"--without: {line}" for line in str(error).splitlines())) from None
    stays = overruled(left_out, scenario.levers)
    if stays:
        raise WrongUse("\n".join(f"--without {line}" for line in stays))
    return replace(draws, values=tuple(without(draw, left_out) for draw in draws.values)), left_out


def run_scenario(
    request: Request, *, progress: Progress | None = None, warn: Callable[[str], None] = print
) -> Finished:
    """Run a scenario into its folder. Everything that can be wrong with the request is found before any work.

    Args:
        request: What to run.
        progress: Hears of finished replicates.
        warn: Given each warning, a line of text.

    Raises:
        ScenarioError: If the scenario cannot be used.
        WrongUse: If an option, or the folder, cannot be used.
        RunFailed: If the simulation fails or is stopped.
    """
    scenario = load_scenario(request.scenario, overrides=request.overrides, end=request.end)
    scenario = replace(
        scenario,
        replicates=scenario.replicates if request.replicates is None else request.replicates,
        seed=scenario.seed if request.seed is None else request.seed,
    )
    jobs = available_cores() if request.jobs is None else request.jobs
    for option, number in (("--replicates", scenario.replicates), ("--jobs", jobs)):
        if number < 1:
            raise WrongUse(f"{option} {number}: must be 1 or more")
    if not (math.isfinite(request.scale) and 0 < request.scale <= 10):
        raise WrongUse(f"--scale {request.scale:g}: must be above 0 and at most 10 (1 is the country)")
    if request.output.format not in FORMATS:
        raise WrongUse(f"--format {request.output.format}: must be one of {', '.join(FORMATS)}")
    draws, notes = choose_draws(request.draws, request.per_draw, scenario.replicates)
    draws, left_out = leave_out(draws, request.without, scenario)
    missing = missing_for(request.output.format)
    if missing:
        raise WrongUse(missing)
    out = Path(request.out) if request.out is not None else Path("outputs") / scenario.name
    try:
        check_folder(out)
    except FolderError as error:
        raise WrongUse(str(error)) from None
    if changes_nothing(scenario):
        warn(f"{request.scenario}: changes nothing: its values are those of {scenario.extends} throughout its period")
    for note in notes:
        warn(note)
    plan = Plan(scenario, draws, scenario.seed, scale=request.scale, spells=request.spells, without=left_out)
    return execute(
        plan, scenario.replicates, out, request.output, jobs=jobs, progress=progress, command=request.command
    )


def execute(
    plan: Plan,
    replicates: int,
    out: Path,
    output: Output,
    *,
    jobs: int = 1,
    progress: Progress | None = None,
    command: str = "irregsim run",
) -> Finished:
    """Run a plan into a folder, taking over whatever replicates of the same plan are there.

    Args:
        plan: What a replicate is.
        replicates: How many there shall be.
        out: The run folder; `check_folder` has been passed.
        output: What is written beside the tables.
        jobs: Processes.
        progress: Hears of finished replicates.
        command: The command without directories, for the manifest.

    Raises:
        WrongUse: If another process is writing into the folder.
        RunFailed: If the simulation fails or is stopped.
    """
    progress = progress or Silent()
    started, clock = datetime.datetime.now(datetime.UTC), time.monotonic()
    content = plan.content()
    key = part_key(content)
    try:
        with opened_for_writing(out) as work:
            parts = Parts(work / key, tables_of(plan.spells))
            earlier = _earlier(out)
            source = _Source(parts, earlier if earlier and earlier.manifest.get("part_key") == key else None)
            here = source.there(replicates)
            before = parts.count()
            progress.start(replicates, len(here))
            try:
                todo = [j for j in range(replicates) if j not in here]
                run_parts(plan, parts, todo, jobs=jobs, finished=lambda _: progress.advance())
            except KeyboardInterrupt:
                kept = len(here) + parts.count() - before
                raise Stopped(
                    f"stopped; {kept} of {replicates} replicates are kept in {out}, the same command continues"
                ) from None
            except ReplicateError as error:
                raise RunFailed(str(error)) from error
            progress.write()
            staging = work / f"{key}-staging"
            shutil.rmtree(staging, ignore_errors=True)
            staging.mkdir()
            manifest = {
                "run_id": run_id(content, replicates),
                "part_key": key,
                "scenario": plan.scenario.to_mapping(),
                "scenario_sha256": plan.scenario.sha256,
                "data_sha256": content["data_sha256"],
                "code_sha256": code_sha256(),
                "posterior_id": plan.draws.name,
                "draws": plan.draws.source,
                "per_draw": plan.draws.per_draw,
                "gate": _gate(plan.draws),
                "seed": plan.seed,
                "replicates": replicates,
                "scale": plan.scale,
                "spells": plan.spells,
                "without": list(plan.without),
                "format": output.format,
                "lang": output.lang,
                "publish": output.publish,
                "show_levels": output.show_levels,
                "numerics": NUMERICS,
                "versions": versions(),
                **git_state(),
                "command": command,
                "started": started.strftime("%Y-%m-%dT%H:%M:%SZ"),
            }
            series, names = _write_outputs(plan, replicates, source, RunFolder(staging, manifest), output)
            manifest["seconds"] = round(time.monotonic() - clock, 1)
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
        raise Stopped(f"stopped; all finished replicates are kept in {out}, the same command continues") from None
    finally:
        progress.close()
    numbers = tuple(plan.draws.index(j) for j in range(replicates))
    return Finished(RunFolder.open(out), series, numbers, len(here), replaced)


def _gate(draws: DrawSet) -> dict[str, Any] | None:
    """What the manifest tells of the gates of the fit; None where nothing was fitted."""
    return {"passed": not draws.red, "red": list(draws.red)} if draws.source == "posterior" else None


def _earlier(out: Path) -> RunFolder | None:
    try:
        return RunFolder.open(out)
    except FolderError:
        return None


class _Source:
    """Where each finished replicate is: a part of its own, or a row group of the folder's earlier tables."""

    def __init__(self, parts: Parts, earlier: RunFolder | None) -> None:
        self.parts = parts
        # Tables that were changed by hand are not taken over.
        self.earlier = earlier if earlier is not None and earlier.is_intact() else None

    def there(self, replicates: int) -> set[int]:
        old = set() if self.earlier is None else set(range(min(replicates, self.earlier.replicates)))
        return old | {j for j in self.parts.finished() if j < replicates}

    def read(self, replicate: int, name: str) -> Any:
        if self.earlier is not None and replicate < self.earlier.replicates:
            return read_group(self.earlier.table_path(name), replicate)
        return self.parts.read(replicate, name)


def _write_outputs(
    plan: Plan, replicates: int, source: _Source, staged: RunFolder, output: Output
) -> tuple[list[Series], dict[str, str | None]]:
    """Write every file but the manifest; returns the series and file name to content hash (None: no table)."""
    from irregsim.present import plots

    names: dict[str, str | None] = {}

    def merge(name: str) -> tuple[str, str]:
        with TableWriter(staged.table_path(name), schema_of(name)) as writer:
            for j in range(replicates):
                writer.write(source.read(j, name))
        return name, writer.content_sha256

    with ThreadPoolExecutor(min(4, available_cores())) as pool:
        for name, content in pool.map(merge, tables_of(plan.spells)):
            names[f"{name}.parquet"] = content
    names["draws.parquet"] = _write_draws(plan, replicates, staged.table_path("draws"))
    series = list(series_of(staged))
    numbers = [plan.draws.index(j) for j in range(replicates)]
    spread = summary(series, numbers)
    if output.publish:
        spread = rounded(published_summary(series, numbers), ["mean", "q025", "q25", "q50", "q75", "q975"])
    frame_to_csv(spread, staged.path / "summary.csv")
    names["summary.csv"] = None
    caveat = plan.draws.caveat
    options = plots.Options(output.lang, output.show_levels, caveat is None, caveat or "")
    folder = staged.path / "plots"
    folder.mkdir()
    for name, draw in plots.PLOTS.items() if output.pictures else ():
        drawing = draw(series, options)
        for file in plots.save(drawing, folder, name, str(staged.manifest["run_id"])):
            names[f"plots/{file}"] = None
    before = {file.name for file in staged.path.iterdir()}
    if output.format == "csv":
        write_csv(staged, staged.path, publish=output.publish, show_levels=output.show_levels)
    if output.format == "xlsx":
        write_xlsx(staged, staged.path / WORKBOOK, spread, publish=output.publish, show_levels=output.show_levels)
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


def git_state() -> dict[str, str | bool | None]:
    """Commit of the checkout that the package runs from, and whether files were changed; None outside one."""
    package = Path(__file__).resolve().parents[1]
    root = package.parents[1]
    nothing: dict[str, str | bool | None] = {"git_commit": None, "git_dirty": None}
    # An installed package may lie inside somebody else's repository: only our own layout counts.
    if package.parent.name != "src" or not (root / ".git").exists() or not (root / "pyproject.toml").is_file():
        return nothing
    try:
        commit_, status = (
            subprocess.run(
                ["git", "-C", str(root), *arguments], capture_output=True, text=True, check=True, timeout=10
            ).stdout.strip()
            for arguments in (["rev-parse", "HEAD"], ["status", "--porcelain", "--untracked-files=no"])
        )
    except (OSError, subprocess.SubprocessError):
        return nothing
    return {"git_commit": commit_, "git_dirty": bool(status)}


# ---------------------------------------------------------------------------------------------------------
# In memory


class NamedTables:
    """Shows the tables in ``frames`` as attributes; for dataclasses that have that field."""

    frames: Mapping[str, pd.DataFrame]

    def __getattr__(self, name: str) -> pd.DataFrame:
        # Called only for names that are no attributes; dunder names must fail so that copying works.
        frames = self.__dict__.get("frames", {})
        if name in frames:
            found: pd.DataFrame = frames[name]
            return found
        raise AttributeError(f"no table {name!r}; there are {', '.join(frames)}")

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
        notes: What must be known of the draws, a line each: that they are not calibrated, and why.
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


def run(
    scenario: Scenario | str | Path,
    *,
    replicates: int | None = None,
    seed: int | None = None,
    jobs: int | None = None,
    draws: str | Path | None = None,
    per_draw: int | None = None,
    scale: float = 1.0,
    spells: bool = False,
    without: Iterable[str] = (),
) -> Result:
    """Simulate a scenario and keep the tables in memory.

    Args:
        scenario: A scenario, a file, or the name of a shipped scenario.
        replicates: Replicates; default: what the scenario says.
        seed: Seed; default: what the scenario says.
        jobs: Processes; default: all cores. The tables are the same for any number.
        draws: Parameter draws: ``posterior``, ``point`` (the median of every prior), ``prior`` (draws of the priors)
            or the folder of a posterior; default: the posterior if one ships, else the point.
        per_draw: Replicates per draw, K, so that parameters and chance can be told apart (``result.summary``);
            ``replicates`` is then K times the number of draws used.
        scale: Population scale for trials, above 0; 1 is the country.
        spells: Keep the spells of every person too (``result.spells``).
        without: Claims of the report to leave out, such as ``["M047"]`` (docs/odd.md).

    Returns:
        The tables of the run.

    Raises:
        ScenarioError: If the scenario cannot be used.
        ValueError: If a number is out of range.
        WrongUse: If draws cannot be used, or a claim cannot be left out.
        RunFailed: If the simulation fails.
    """
    import pandas as pd
    import pyarrow as pa

    if isinstance(scenario, (str, Path)):
        scenario = load_scenario(scenario)
    replicates = scenario.replicates if replicates is None else replicates
    seed = scenario.seed if seed is None else seed
    jobs = available_cores() if jobs is None else jobs
    if replicates < 1 or jobs < 1 or not scale > 0:
        raise ValueError(f"replicates ({replicates}) and jobs ({jobs}) must be 1 or more, scale ({scale}) above 0")
    chosen, notes = choose_draws(draws, per_draw, replicates)
    chosen, left_out = leave_out(chosen, without, scenario)
    scenario = replace(scenario, replicates=replicates, seed=seed)
    plan = Plan(scenario, chosen, seed, scale=scale, spells=spells, without=left_out)
    with tempfile.TemporaryDirectory(prefix="irregsim-") as folder:
        parts = Parts(Path(folder), tables_of(spells))
        try:
            run_parts(plan, parts, range(replicates), jobs=jobs)
        except ReplicateError as error:
            raise RunFailed(str(error)) from error
        frames = {
            name: to_frame(pa.concat_tables([parts.read(j, name) for j in range(replicates)]))
            for name in tables_of(spells)
        }
    used = [chosen.index(j) for j in range(replicates)]
    frames["draws"] = pd.DataFrame(
        {"replicate": range(replicates), "draw": used}
        | {p: [float(chosen.values[d][p]) for d in used] for p in chosen.values[0]}
    )
    return Result(plan.scenario, seed, replicates, chosen.name, notes, frames)


# ---------------------------------------------------------------------------------------------------------
# Reproduce


@dataclass(frozen=True)
class Reproduction:
    """What came of running a folder again.

    Attributes:
        run_id: The run.
        compared: Names of all files that were compared.
        differ: Those that differ, with the reason.
        skipped: Files that could not be compared, with the reason.
        notes: Versions, data or code that are not those of the run.
    """

    run_id: str
    compared: tuple[str, ...]
    differ: Mapping[str, str]
    skipped: Mapping[str, str]
    notes: tuple[str, ...]


def reproduce(path: str | Path, *, jobs: int | None = None, progress: Progress | None = None) -> Reproduction:
    """Run a folder again from its manifest and draws alone, and compare every file as it is now.

    Args:
        path: A run folder.
        jobs: Processes; default: all cores.
        progress: Hears of finished replicates.

    Raises:
        WrongUse: If it is no finished run folder, or one that this version cannot read.
        RunFailed: If the run cannot be repeated.
    """
    try:
        folder = RunFolder.open(path)
    except FolderError as error:
        raise WrongUse(str(error)) from None
    manifest = folder.manifest
    if manifest.get("kind") == "comparison":
        runs = ", ".join(manifest["runs"])
        raise WrongUse(f"{path}: is the folder of a comparison; give the folder of one of its runs ({runs})")
    try:
        scenario = Scenario.from_mapping(manifest["scenario"])
        plan = Plan(
            scenario,
            _draws_of(folder),
            int(manifest["seed"]),
            scale=float(manifest["scale"]),
            spells=bool(manifest["spells"]),
            # The draws of the folder are those without the claims already.
            without=tuple(str(id_) for id_ in manifest["without"]),
        )
        output = Output(
            *(manifest[name] for name in ("format", "lang")),
            *(bool(manifest[name]) for name in ("publish", "show_levels")),
        )
        outputs = dict(manifest["outputs"])
        then, now = dict(manifest["versions"]), versions()
        notes = [
            f"{name} was {then[name]} and is {now.get(name, 'missing')}" for name in then if then[name] != now.get(name)
        ]
        if manifest["data_sha256"] != data_sha256():
            notes.append("the data files of irregsim are not those of the run")
        if manifest["code_sha256"] != code_sha256():
            notes.append("the code of irregsim is not that of the run")
    except (KeyError, TypeError, ValueError, OSError) as error:
        raise WrongUse(
            f"{path}: {MANIFEST} or draws.parquet cannot be used by irregsim {__version__} "
            f"({type(error).__name__}: {error}); it was written by irregsim "
            f"{manifest.get('versions', {}).get('irregsim', 'unknown')}"
        ) from None
    missing = missing_for(output.format)
    if missing:
        raise WrongUse(missing)
    with tempfile.TemporaryDirectory(prefix="irregsim-") as scratch:
        again = execute(
            plan,
            folder.replicates,
            Path(scratch) / "again",
            output,
            jobs=jobs or available_cores(),
            progress=progress,
        ).folder
        differ: dict[str, str] = {}
        skipped: dict[str, str] = {}
        for name in sorted({*outputs, *again.manifest["outputs"]}):
            if name.endswith((".png", ".svg")) and then["matplotlib"] != now["matplotlib"]:
                skipped[name] = "drawn by another version of matplotlib"
                continue
            reason = _difference(folder.path / name, again.path / name)
            if reason:
                differ[name] = reason
    compared = tuple(sorted({*outputs, *again.manifest["outputs"]} - set(skipped)))
    return Reproduction(str(manifest["run_id"]), compared, differ, skipped, tuple(notes))


def _draws_of(folder: RunFolder) -> DrawSet:
    frame = folder.draws().sort_values("replicate")
    first = frame.drop_duplicates("draw").sort_values("draw")
    # Draws are used from the first on, so those in use are the first ones of the set, without a gap.
    values = first.drop(columns=["replicate", "draw"]).to_dict("records")
    per_draw, gate = folder.manifest["per_draw"], folder.manifest["gate"]
    return DrawSet(
        str(folder.manifest["posterior_id"]),
        tuple({str(name): float(value) for name, value in row.items()} for row in values),
        None if per_draw is None else int(per_draw),
        str(folder.manifest["draws"]),
        () if gate is None else tuple(str(line) for line in gate["red"]),
    )


def _difference(was: Path, is_: Path) -> str | None:
    """Why two files are not the same, or None where they are."""
    if not was.is_file():
        return "is missing from the folder"
    if not is_.is_file():
        return "is not written by this run"
    if was.read_bytes() == is_.read_bytes():
        return None
    if was.suffix == ".parquet":
        return _table_difference(was, is_)
    if was.suffix == ".csv":
        return _csv_difference(was, is_)
    return "other bytes"


def _table_difference(was: Path, is_: Path) -> str | None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        if content_sha256(was) == content_sha256(is_):
            return None
        with pq.ParquetFile(was) as old, pq.ParquetFile(is_) as new:
            if old.schema_arrow != new.schema_arrow:
                return "other columns"
            if old.num_row_groups != new.num_row_groups:
                return f"{old.num_row_groups} replicates, but {new.num_row_groups} in the new run"
            for group in range(old.num_row_groups):
                reason = _values_differ(old.read_row_group(group), new.read_row_group(group))
                if reason:
                    return f"replicate {group}: {reason}"
    except (OSError, pa.ArrowException) as error:
        return f"cannot be read: {error}"
    return None


def _values_differ(old: Any, new: Any) -> str | None:
    import numpy as np
    import pyarrow as pa

    if old.num_rows != new.num_rows:
        return f"{old.num_rows} rows, but {new.num_rows} in the new run"
    for field_ in old.schema:
        a, b = old.column(field_.name), new.column(field_.name)
        if pa.types.is_floating(field_.type):
            x, y = a.to_numpy(), b.to_numpy()
            if not np.allclose(x, y, rtol=TOLERANCE, atol=TOLERANCE, equal_nan=True):
                return f"values of {field_.name}"
        elif not a.equals(b):
            return f"values of {field_.name}"
    return None


def _csv_difference(was: Path, is_: Path) -> str | None:
    with was.open(encoding="utf-8", newline="") as a, is_.open(encoding="utf-8", newline="") as b:
        try:
            for number, (old, new) in enumerate(_pairs(csv.reader(a), csv.reader(b)), start=1):
                if old is None or new is None or len(old) != len(new):
                    return f"line {number}"
                if not all(_same_cell(x, y) for x, y in zip(old, new, strict=True)):
                    return f"line {number}"
        except (csv.Error, UnicodeDecodeError) as error:
            return f"cannot be read: {error}"
    return None


def _pairs(a: Iterator[list[str]], b: Iterator[list[str]]) -> Iterator[tuple[list[str] | None, list[str] | None]]:
    import itertools

    yield from itertools.zip_longest(a, b)


def _same_cell(x: str, y: str) -> bool:
    if x == y:
        return True
    try:
        return math.isclose(float(x), float(y), rel_tol=TOLERANCE, abs_tol=TOLERANCE)
    except ValueError:
        return False
