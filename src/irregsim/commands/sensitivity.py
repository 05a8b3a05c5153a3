"""`irregsim sensitivity`: what drives the findings of a comparison, from the runs that are there.

A folder of a comparison is analysed as it is. Scenarios are compared first (`irregsim.commands.compare`), which reuses
every finished run; the analysis itself simulates nothing.
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
from irregsim.storage.paths import user_path
from irregsim.study.comparison.differences import effects
from irregsim.study.comparison.pairs import Run, Runs
from irregsim.study.progress import Progress, Silent
from irregsim.study.sensitivity.shares import FEWEST_DRAWS
from irregsim.study.sensitivity.tables import sensitivity_tables

if TYPE_CHECKING:
    import pandas as pd

#: Code that an analysis depends on besides the runs it reads.
CODE: Final = ("study/sensitivity", "study/comparison", "commands/sensitivity.py")

#: Shown where no outcome is asked for.
USUAL: Final = ("exit:tvangsretur", "stock:fritt_fall", "stock:arbeidende", "outcome:homeless_person_months")


@dataclass(frozen=True)
class Sensitivity:
    """What drives the findings of a comparison.

    Attributes:
        frames: Tables ``sensitivity``, ``chance``, ``turns`` (`sensitivity_tables`) and ``evidence`` of the comparison.
        about: ``comparison`` (id), ``reference``, ``scenarios``, ``replicates``, ``draws`` (distinct), ``source`` (kind
            of draws), ``scale``.
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
        given: The folder of one comparison (path, name or id), or scenarios.
        outcomes: Outcomes to show, as for `irregsim.commands.explain`; none for the usual ones.
        out: Folder for the tables; None for one in ``outputs`` named after the comparison.
        request: Makes the request for the comparison, where scenarios are given.
        draw: Draws the pictures into the folder, and returns the names of their files.
        progress: Notified of finished replicates.
        warn: Given each warning.

    Raises:
        WrongUse: If the folder is no comparison, its runs are gone, there are too few draws, or there is no such
            outcome.
        RunFailed: If a simulation fails or is stopped.
    """
    progress = progress or Silent()
    if out is not None:
        check_own_place(user_path(out), ACCOUNT)  # before anything is simulated
    opened = _compared(given, request, progress, warn)
    runs = _runs(opened)
    frame = runs.draws
    draws = int(frame["draw"].nunique())
    if draws < FEWEST_DRAWS:
        raise WrongUse(
            f"{opened.path}: {draws} distinct parameter draws, and fewer than {FEWEST_DRAWS} cannot tell hundreds of "
            f"parameters apart; compare with --draws posterior and --replicates {FEWEST_DRAWS} or more (200 is better)"
        )
    name = opened.path.name
    place = user_path(out) if out is not None else Path(OUTPUTS) / f"sensitivity-{name}"
    check_own_place(place, ACCOUNT)
    progress.phase("estimating shares of variance")
    try:
        frames = dict(sensitivity_tables(effects(runs), frame))
    finally:
        progress.close()
    known = list(dict.fromkeys(frames["sensitivity"]["outcome"]))
    shown = tuple(found_outcome(one, known) for one in outcomes) or tuple(one for one in USUAL if one in known)
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
    done = Sensitivity({**frames, "evidence": opened.table("evidence")}, about, shown, place)
    try:
        with opened_for_writing(place):
            names = [name for table, rows in frames.items() for name in write_frame(rows, place, table)]
            names += draw(done)
            # Last, so that its presence means that everything is there.
            write_json(place / ACCOUNT, account(about, manifest, place, names))
    except FolderError as error:
        raise WrongUse(str(error)) from None
    return done


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
                f"{given[0]}: is no finished comparison; give the folder of one (irregsim runs), or two scenarios"
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
