"""`irregsim sensitivity`: what drives the findings of a comparison or a study, from the runs that are there.

A folder is analysed as it is: of a comparison the draws of its parameters, of a study (`irregsim explore`) also the
levers, assumptions and parameters that it varies. Scenarios are compared first (`irregsim.commands.compare`), which
reuses every finished run; the analysis itself simulates nothing.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from irregsim.commands.compare import RUNS, CompareRequest, compare_scenarios
from irregsim.commands.explain import found_outcome
from irregsim.commands.registry import (
    COMPARISON,
    EXPLORATION,
    EXPLORATION_ACCOUNT,
    OUTPUTS,
    SENSITIVITY,
    check_own_place,
    entries,
    found_entry,
    with_inside,
)
from irregsim.commands.registry import SENSITIVITY_ACCOUNT as ACCOUNT
from irregsim.commands.request import WrongUse
from irregsim.storage.folder import FolderError, RunFolder, opened_for_writing
from irregsim.storage.hashing import code_digest, sha256_of_file, sha256_of_text, write_json
from irregsim.storage.manifests import read_manifest
from irregsim.storage.paths import Damaged, user_path
from irregsim.study.comparison.differences import effects
from irregsim.study.comparison.pairs import Run, Runs
from irregsim.study.exploration.design import SCREENING
from irregsim.study.progress import Progress, Silent
from irregsim.study.sensitivity.shares import FEWEST_DRAWS
from irregsim.study.sensitivity.tables import TURN_COLUMNS, sensitivity_tables

if TYPE_CHECKING:
    import pandas as pd

#: Code that an analysis depends on besides the runs it reads.
CODE: Final = ("study/sensitivity", "study/comparison", "study/exploration", "commands/sensitivity.py")

#: Shown where no outcome is asked for.
USUAL: Final = ("exit:tvangsretur", "stock:fritt_fall", "stock:arbeidende", "outcome:homeless_person_months")


@dataclass(frozen=True)
class Sensitivity:
    """What drives the findings of a comparison, or of a study.

    Attributes:
        frames: Tables ``sensitivity``, ``chance``, ``turns`` (`sensitivity_tables`) and ``evidence`` of the comparison;
            of a study the last two are empty.
        about: ``comparison`` (id), ``reference``, ``scenarios``, ``replicates``, ``draws`` (distinct; of a study its
            points), ``source`` (kind of draws), ``scale``, and of a study its ``axes``.
        outcomes: Outcomes that are shown.
        folder: Where the tables are.
    """

    frames: Mapping[str, pd.DataFrame]
    about: Mapping[str, Any]
    outcomes: tuple[str, ...]
    folder: Path


def sensitivity(
    given: Sequence[str],
    outcomes: Sequence[str],
    out: str | None,
    request: Callable[[], CompareRequest],
    *,
    draw: Callable[[Sensitivity], Sequence[str]] = lambda done: (),
    progress: Progress | None = None,
    warn: Callable[[str], None] = print,
) -> Sensitivity:
    """Shares of variance of every key figure of a comparison, written into a folder.

    Args:
        given: The folder of one comparison or study (path, name or id), or scenarios.
        outcomes: Outcomes to show, as for `irregsim.commands.explain`; none for the usual ones.
        out: Folder for the tables; None for one in ``outputs`` named after the comparison.
        request: Makes the request for the comparison, where scenarios are given.
        draw: Draws the pictures into the folder, and returns the names of their files.
        progress: Notified of finished replicates.
        warn: Given each warning.

    Raises:
        WrongUse: If the folder is neither comparison nor study, its runs are gone, there are too few draws, or
            there is no such outcome.
        RunFailed: If a simulation fails or is stopped.
    """
    progress = progress or Silent()
    if out is not None:
        check_own_place(user_path(out), ACCOUNT)  # before anything is simulated
    entry = found_entry(given[0]) if len(given) == 1 else None
    if entry is not None and entry.kind == EXPLORATION:
        path, about, manifest, frames = _of_study(entry.path)
    else:
        opened = _compared(given, request, progress, warn)
        path, manifest = opened.path, opened.manifest
        about, frames = _of_comparison(opened, progress)
    place = user_path(out) if out is not None else Path(OUTPUTS) / f"sensitivity-{path.name}"
    check_own_place(place, ACCOUNT)
    known = list(dict.fromkeys(frames["sensitivity"]["outcome"]))
    shown = tuple(found_outcome(one, known) for one in outcomes) or tuple(
        known if "axes" in about else [one for one in USUAL if one in known]
    )
    done = Sensitivity(frames, about, shown, place)
    own = {name: frame for name, frame in frames.items() if name != "evidence"}
    try:
        with opened_for_writing(place):
            names = [name for table, rows in own.items() for name in write_frame(rows, place, table)]
            names += draw(done)
            # Last, so that its presence means that everything is there.
            write_json(place / ACCOUNT, account(about, manifest, place, names))
    except FolderError as error:
        raise WrongUse(str(error)) from None
    return done


def _of_comparison(opened: RunFolder, progress: Progress) -> tuple[dict[str, Any], dict[str, pd.DataFrame]]:
    """What a comparison is about, and its tables."""
    runs = _runs(opened)
    frame = runs.draws
    draws = int(frame["draw"].nunique())
    if draws < FEWEST_DRAWS:
        raise WrongUse(
            f"{opened.path}: {draws} distinct parameter draws, and fewer than {FEWEST_DRAWS} cannot tell hundreds of "
            f"parameters apart; compare with --draws posterior and --replicates {FEWEST_DRAWS} or more (300 is better)"
        )
    progress.phase("estimating shares of variance")
    try:
        frames = dict(sensitivity_tables(effects(runs), frame))
    finally:
        progress.close()
    manifest = opened.manifest
    about = {
        "comparison": str(manifest["run_id"]),
        "reference": runs.reference.name,
        "scenarios": [pair.name for pair in runs.pairs],
        "titles": {one.name: dict(one.scenario.title) for one in (runs.reference, *runs.scenarios)},
        "replicates": runs.replicates,
        "draws": draws,
        "source": str(manifest.get("draws", "")),
        "scale": float(manifest.get("scale", 1.0)),
    }
    return about, {**frames, "evidence": opened.table("evidence")}


def _of_study(path: Path) -> tuple[Path, dict[str, Any], Mapping[str, Any], dict[str, pd.DataFrame]]:
    """What a study is about, its account and its tables, as `irregsim explore` wrote them."""
    import pandas as pd

    again = "run irregsim explore again with its study (the points that are there are used)"
    frames = {}
    try:
        manifest = read_manifest(path / EXPLORATION_ACCOUNT)
        if manifest.get("design") == SCREENING:
            raise WrongUse(f"{path}: is a screening, and irregsim explore shows it; shares need `design: even`")
        for name, table in (("drivers", "sensitivity"), ("chance", "chance")):
            file = path / f"{name}.parquet"
            if sha256_of_file(file) != manifest["outputs"][file.name]["sha256"]:
                raise WrongUse(f"{file}: is not what irregsim explore wrote; {again}")
            frames[table] = pd.read_parquet(file)
    except (OSError, Damaged, KeyError):
        raise WrongUse(f"{path}: does not hold all tables of a study; {again}") from None
    frames["turns"] = pd.DataFrame(columns=list(TURN_COLUMNS))  # of boxes the study has a table of its own
    frames["evidence"] = pd.DataFrame(columns=["scenario", "outcome", "group", "grade", "share"])
    about = {
        "comparison": str(manifest["run_id"]),
        **{key: manifest[key] for key in ("reference", "scenarios", "titles", "replicates", "axes", "scale")},
        "draws": int(manifest["points"]),
        "source": str(manifest["draws"]),
    }
    return path, about, manifest, frames


def account(about: Mapping[str, Any], manifest: Mapping[str, Any], place: Path, names: Sequence[str]) -> dict[str, Any]:
    """What ``sensitivity.json`` says: what was analysed, with which code, and a hash of every file.

    Args:
        about: As of `Sensitivity`.
        manifest: Of the comparison.
        place: The folder.
        names: Of its files.
    """
    code = code_digest(CODE)
    kept = ("posterior_id", "gate", "seed", "scale", "replicates", "draws", "data_sha256", "code_sha256", "versions")
    return {
        "kind": SENSITIVITY,
        "run_id": sha256_of_text(f"{about['comparison']} {code}")[:16],
        "comparison": about["comparison"],
        "reference": about["reference"],
        "scenarios": about["scenarios"],
        "titles": about["titles"],
        "distinct_draws": about["draws"],
        **{key: manifest[key] for key in kept if key in manifest},
        "analysis_sha256": code,
        "outputs": {name: {"sha256": sha256_of_file(place / name)} for name in sorted(set(names))},
    }


def _compared(
    given: Sequence[str], request: Callable[[], CompareRequest], progress: Progress, warn: Callable[[str], None]
) -> RunFolder:
    """The comparison that is given, or one of the scenarios that are."""
    if len(given) == 1:
        entry = found_entry(given[0])
        if entry.kind != COMPARISON:
            raise WrongUse(
                f"{given[0]}: is no finished comparison or study; give the folder of one (irregsim runs), or two "
                "scenarios"
            )
        path = entry.path
    else:
        path = Path(str(compare_scenarios(request(), progress=progress, warn=warn).folder))
    try:
        return RunFolder.open(path)
    except FolderError as error:
        raise WrongUse(str(error)) from None


def _runs(opened: RunFolder) -> Runs:
    """The runs of a comparison: inside its folder, or wherever they are in ``outputs``."""
    manifest = opened.manifest
    others: dict[str, Path] | None = None
    found = []
    for name in (str(manifest["reference"]), *map(str, manifest["scenarios"])):
        place = opened.path / RUNS / name
        if not place.is_dir():
            if others is None:
                others = {one.id: one.path for one in with_inside(entries())}
            place = others.get(str(manifest["runs"][name]), place)
        try:
            found.append(Run(RunFolder.open(place), int(manifest["replicates"]), name))
        except FolderError:
            raise WrongUse(
                f"{opened.path}: the run of {name} is not there any more, and its tables are needed; run the command "
                "again that made the comparison"
            ) from None
    return Runs.of(found[0], found[1:])


def write_frame(rows: pd.DataFrame, place: Path, name: str) -> list[str]:
    """A table as Parquet and CSV, each whole or not there; their names."""
    names = [f"{name}.parquet", f"{name}.csv"]
    for file in names:
        scratch = place / f"tmp-{os.getpid()}-{file}"
        if file.endswith(".csv"):
            rows.to_csv(scratch, index=False)
        else:
            rows.to_parquet(scratch, index=False)
        scratch.replace(place / file)
    return names
