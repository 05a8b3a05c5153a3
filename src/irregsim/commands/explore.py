"""`irregsim explore STUDY.yaml`: in which worlds a finding turns, over levers, assumptions and parameters with ranges.

Each point of a study is a world: values of everything that is not known, a parameter draw and random numbers. The
reference and every policy live in it, so that their differences are paired. Finished points are kept in the folder
under a hash of what they are: the same command goes on after Ctrl-C, and a study with more points uses those there.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from irregsim.commands.in_memory import NamedTables
from irregsim.commands.registry import EXPLORATION, OUTPUTS, check_own_place
from irregsim.commands.registry import EXPLORATION_ACCOUNT as ACCOUNT
from irregsim.commands.request import MOST_JOBS, RunFailed, Stopped, WrongUse, choose_draws
from irregsim.commands.sensitivity import write_frame
from irregsim.storage.folder import FolderError, Parts, commit, opened_for_writing
from irregsim.storage.hashing import canonical_json, code_digest, sha256_of_file, sha256_of_text, write_json
from irregsim.storage.manifests import read_manifest
from irregsim.storage.paths import Damaged, fresh_folder, is_file, remove, user_path
from irregsim.study import replicates
from irregsim.study.cluster import Cluster, as_finished_on
from irregsim.study.cluster import missing as cluster_missing
from irregsim.study.exploration.design import FEWEST_POINTS, MOST_POINTS, Study
from irregsim.study.exploration.points import COLUMNS, TABLE, draw_of, read_points, simulate, simulated
from irregsim.study.exploration.reading import read_study
from irregsim.study.exploration.tables import Explored, exploration_tables
from irregsim.study.identity import code_sha256, data_sha256, part_key, versions
from irregsim.study.progress import Progress, Silent
from irregsim.study.replicates import NUMERICS, DrawSet, available_cores, real, scale_fault, whole, whole_fault
from irregsim.study.workers import ReplicateError, as_finished
from irregsim.vocabulary.codes import month_text

if TYPE_CHECKING:
    import pandas as pd

#: Code that a point depends on besides the model, and code that the analysis depends on besides the points.
POINT_CODE: Final = ("study/exploration/points.py", "study/exploration/design.py", "study/comparison/series.py")
CODE: Final = ("study/exploration", "study/sensitivity", "study/comparison/relative.py", "commands/explore.py")


@dataclass(frozen=True)
class Exploration(NamedTables):
    """A study that was explored. Its tables are attributes with the names of the files, as ``exploration.turns``.

    Attributes:
        study: The study.
        frames: Tables ``points``, ``parameters``, ``effects``, ``turns``, ``regret``, ``thresholds``, ``drivers`` and
            ``chance``; of a screening ``points``, ``parameters`` and ``screening`` (`exploration_tables`).
        account: What ``explore.json`` says, without the files.
        folder: Where they are; None in memory.
        kept: Points that were there already.
    """

    study: Study
    frames: Mapping[str, pd.DataFrame]
    account: Mapping[str, Any]
    folder: Path | None
    kept: int

    def __repr__(self) -> str:
        return f"<irregsim study {self.study.name!r}: {self.study.points} points, seed {self.study.seed}>"


def explore(
    study: str | os.PathLike[str],
    *,
    points: int | None = None,
    scale: float | None = None,
    draws: str | os.PathLike[str] | None = None,
    jobs: int | None = None,
) -> Exploration:
    """Explore a study and keep the tables in memory.

    Args:
        study: The study file (docs/explore.md).
        points: How many points instead of what it says.
        scale: Population scale instead of what it says, above 0 and at most 10; 1 is the country.
        draws: Parameter draws instead of what it says, as in `irregsim.run`.
        jobs: Processes; default: all cores. The tables are the same for any number.

    Returns:
        The study with its tables, which are attributes, as ``exploration.drivers``.

    Raises:
        ScenarioError: With every fault of the study and of the scenarios that it names.
        WrongUse: If an argument is out of range, or there are no such draws. A ``ValueError``.
        RunFailed: If a point cannot be simulated.
    """
    if not isinstance(study, str | os.PathLike):
        raise WrongUse(f"{study!r:.60}: must be a study file")
    with tempfile.TemporaryDirectory(prefix="irregsim-") as folder:
        try:
            done = explore_study(
                os.fspath(study),
                points=points,
                scale=scale,
                draws=draws,
                jobs=jobs,
                out=folder,
                in_memory=True,
                warn=lambda _: None,
            )
        except Stopped:  # nothing is kept
            raise KeyboardInterrupt from None
    return replace(done, folder=None)


def explore_study(
    file: str,
    *,
    points: int | None = None,
    scale: float | None = None,
    draws: str | os.PathLike[str] | None = None,
    jobs: int | None = None,
    cluster: str | None = None,
    out: str | None = None,
    replaces: bool = False,
    in_memory: bool = False,
    draw: Callable[[Exploration, Path], Sequence[str]] = lambda done, folder: (),
    progress: Progress | None = None,
    warn: Callable[[str], None] = print,
) -> Exploration:
    """Explores a study into a folder.

    Args:
        file: The study.
        points: How many points instead of what it says.
        scale: Population scale instead of what it says.
        draws: Parameter draws instead of what it says, as for `irregsim.inference.posterior.choose`.
        jobs: Processes; None for all cores.
        cluster: Address of a Dask scheduler that simulates instead; None for none.
        out: The folder; None for one in ``outputs`` named after the study.
        in_memory: Whether it comes from Python and the folder goes; faults then name arguments, not options.
        replaces: Whether another study in the folder may be replaced.
        draw: Draws the pictures into a folder, and returns the names of their files.
        progress: Notified of finished points.
        warn: Given each warning.

    Raises:
        ScenarioError: With every fault of the study and of the scenarios that it names.
        WrongUse: If a number is out of range, there are no such draws, or the folder cannot be used.
        RunFailed: If a point cannot be simulated, or the work is stopped; finished points are kept.
    """
    progress = progress or Silent()
    points, jobs, scale = whole(points), whole(jobs), real(scale)
    _check_numbers(points, scale, jobs, "" if in_memory else "--")
    if cluster is not None and (wanted := cluster_missing()):
        raise WrongUse(wanted)
    study = read_study(user_path(file), points=points, scale=scale)
    chosen, notes = choose_draws(study.draws if draws is None else draws, None, study.points)
    place = user_path(out) if out is not None else Path(OUTPUTS) / f"explore-{study.name}"
    key = _key(study, chosen)
    check_own_place(place, ACCOUNT, begun=key)
    if (fault := _in_the_way(place, key, study.points)) and not replaces:
        raise WrongUse(fault)
    for note in (*study.notes, *notes):
        warn(note)
    try:
        with opened_for_writing(place) as work:
            parts = Parts(work / key, {TABLE: COLUMNS})
            workers = Cluster(cluster) if cluster is not None else jobs or available_cores()
            kept = _simulated(study, chosen, parts, workers, None if in_memory else place, progress)
            progress.phase("looking for what turns them")
            frames = exploration_tables(Explored.of(study, chosen, *read_points(parts, study)))
            about = account(study, chosen, key)
            done = Exploration(study, frames, about, place, kept)
            _written(done, work, draw)
    except FolderError as error:
        raise WrongUse(str(error)) from None
    except KeyboardInterrupt:
        raise Stopped(f"stopped; all points are kept in {place}; run the same command again to go on") from None
    finally:
        progress.close()
    return done


def _check_numbers(points: Any, scale: Any, jobs: Any, dashes: str) -> None:
    faults = []
    if points is not None and (wrong := whole_fault(points, FEWEST_POINTS, MOST_POINTS)):
        faults.append(f"{dashes}points {points!s:.30}: {wrong}")
    if scale is not None and (wrong := scale_fault(scale)):
        faults.append(f"{dashes}scale {scale!s:.30}: {wrong}")
    if jobs is not None and (wrong := whole_fault(jobs, 1, MOST_JOBS)):
        faults.append(f"{dashes}jobs {jobs!s:.30}: {wrong}")
    if faults:
        raise WrongUse("\n".join(faults))


def _key(study: Study, draws: DrawSet) -> str:
    """Key under which points may be put together; without their number, since the first of more are the same."""
    return part_key(
        {
            **study.content(),
            "draws": [dict(one) for one in draws.values],
            "data_sha256": data_sha256(),
            "numerics": NUMERICS,
            "points": code_digest(POINT_CODE),
        }
    )


def _in_the_way(place: Path, key: str, points: int) -> str | None:
    """What is in a folder that would be lost, in words; None where nothing is."""
    if not is_file(place / ACCOUNT):
        return None
    there: Mapping[str, Any] = {}
    with contextlib.suppress(OSError, Damaged):
        there = read_manifest(place / ACCOUNT)
    hint = "give another --out, or --replace to write over it"
    if there.get("part_key") != key:
        return f"{place}: holds another study, or this one by other code or data ({there.get('name', '?')}); {hint}"
    if int(there.get("points", 0)) > points:
        return f"{place}: holds this study with {there['points']} points, more than {points}; {hint}"
    return None


def _simulated(
    study: Study, draws: DrawSet, parts: Parts, jobs: int | Cluster, place: Path | None, progress: Progress
) -> int:
    """Simulates the points that are not there yet; returns how many were."""
    parts.folder.mkdir(parents=True, exist_ok=True)
    here = {run for run in parts.finished() if run < study.runs}
    todo = [run for run in range(study.runs) if run not in here]
    progress.start(study.runs, len(here))
    try:
        with contextlib.closing(_finished(study, draws, parts, jobs, todo)) as found:
            for _ in found:
                progress.advance()
    except KeyboardInterrupt:
        there = sum(run < study.runs for run in parts.finished()) // study.repeats
        raise Stopped(
            f"stopped; {there} of {study.points} points are kept in {place}; run the same command again to go on"
        ) from None
    except ReplicateError as error:
        kept = "" if place is None else f"; finished points are kept in {place}"
        raise RunFailed(f"{error}{kept}") from error
    return len(here) // study.repeats


def _finished(
    study: Study, draws: DrawSet, parts: Parts, jobs: int | Cluster, todo: Sequence[int]
) -> Generator[int, None, None]:
    """Numbers of runs, each as soon as it is stored here."""
    if isinstance(jobs, int):
        work = partial(simulate, study, draws, parts, replicates.ENGINE)
        yield from (run for run, _ in as_finished(work, todo, jobs))
        return

    def asked(run: int) -> tuple[Any, ...]:
        return study, draw_of(study, draws, run), replicates.ENGINE, run  # only its own draw travels

    with contextlib.closing(as_finished_on(jobs, simulated, asked, todo)) as found:
        for run, frame in found:
            parts.write(run, {TABLE: frame})
            yield run


def account(study: Study, draws: DrawSet, key: str) -> dict[str, Any]:
    """What ``explore.json`` says but for its files: what was explored, with which draws, code and data.

    Args:
        study: The study.
        draws: Its parameter draws.
        key: Key of its points.
    """
    analysis = code_digest(CODE)
    return {
        "kind": EXPLORATION,
        "run_id": sha256_of_text(f"{key} {study.points} {canonical_json(dict(study.outcomes))} {analysis}")[:16],
        "part_key": key,
        "name": study.name,
        "title": dict(study.title),
        "reference": study.reference,
        "scenarios": list(study.policies),
        "titles": {name: dict(title) for name, title in study.titles.items()},
        "since": [month_text(month) for month in study.since],
        "axes": [axis.to_mapping() for axis in study.axes],
        "outcomes": dict(study.outcomes),
        "points": study.points,
        "repeats": study.repeats,
        "design": study.kind,
        "replicates": study.points,
        "seed": study.seed,
        "scale": float(study.scale),
        "draws": draws.source,
        "posterior_id": draws.name,
        "gate": {"passed": not draws.red, "red": list(draws.red)} if draws.source == "posterior" else None,
        "data_sha256": data_sha256(),
        "code_sha256": code_sha256(),
        "analysis_sha256": analysis,
        "versions": versions(),
    }


def _written(done: Exploration, work: Path, draw: Callable[[Exploration, Path], Sequence[str]]) -> None:
    """Puts the tables, the pictures and the account into the folder, all or none; then points of other studies go."""
    staging = fresh_folder(work / f"{done.account['part_key']}-staging")
    names = [name for table, rows in done.frames.items() for name in write_frame(rows, staging, table)]
    names += draw(done, staging)
    outputs = {name: {"sha256": sha256_of_file(staging / name)} for name in sorted(set(names))}
    write_json(staging / ACCOUNT, {**done.account, "outputs": outputs})
    assert done.folder is not None, "what is written has a folder"
    commit(done.folder, staging, ACCOUNT)
    for entry in work.iterdir():
        if entry.is_dir() and entry.name != done.account["part_key"]:
            remove(entry)
