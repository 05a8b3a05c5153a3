"""What `irregsim calibrate` does: the fit, its posterior folder and what is known about it."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np

from irregsim.commands.request import WrongUse
from irregsim.inference import posterior
from irregsim.inference.calibration import checks, design, fitting, forecast, neural
from irregsim.inference.check_words import check_words
from irregsim.inference.soft import soft_targets
from irregsim.inference.targets import Target, read, targets
from irregsim.present.pages import calibration_report as report
from irregsim.present.pages.calibration_tables import error_blocks, markdown
from irregsim.scenario import load_scenario
from irregsim.storage.folder import FolderError, check_place
from irregsim.storage.paths import is_folder, read_bytes, refuse_links_below
from irregsim.study.progress import Progress, Silent
from irregsim.study.replicates import Jobs, scale_fault
from irregsim.vocabulary.reference import DataError

#: Files of the output folder.
POSTERIOR_FOLDER: Final = "posterior"
REPORT_FILE: Final = "report.json"


@dataclass(frozen=True)
class Calibrated:
    """A finished calibration.

    Attributes:
        folder: Where everything is.
        posterior: The posterior as it would be loaded.
        found: What is known about the fit (`report.about`).
    """

    folder: Path
    posterior: posterior.Posterior
    found: dict[str, Any]


def check_folder(out: Path) -> None:
    """Refuse a folder that is not for a calibration. Looks only; makes nothing.

    Raises:
        FolderError: If no folder can be made or written there, or it holds a link, or files but no calibration.
    """
    check_place(out)
    if out.is_dir() and any(out.iterdir()) and not is_folder(out / fitting.FIRST_WAVE):
        raise FolderError(
            f"{out}: contains files but no calibration, so nothing was written; choose a new or empty folder with --out"
        )
    refuse_links_below(out)


def fitted_targets() -> tuple[Target, ...]:
    """The counts that are fitted, in the order of ``data/targets.csv``, and the soft targets after them."""
    return (*(target for target in targets() if target.role == "fit"), *soft_targets())


def with_register(file: Path, until: int) -> tuple[Target, ...]:
    """The counts that are fitted when a file of one's own counts comes on top of the shipped ones.

    Args:
        file: Table of targets (`targets.read`). A count of an id that ships replaces the shipped one; it is fitted
            where its role is ``fit``, and left out of the fit where it is not.
        until: Last year that the bank's trials hold.

    Raises:
        WrongUse: If the file cannot be read, has nothing to fit, or counts of years that the trials do not hold.
    """
    try:
        own = {target.id: target for target in read(file)}
    except DataError as error:
        raise WrongUse(f"--register: {error}") from None
    late = [one.id for one in own.values() if one.role == "fit" and forecast.year(one) > until]
    if late:
        raise WrongUse(
            f"--register: {file.name}: {', '.join(late)}: the trials of this folder end in {until}; make others with "
            f"--until, in another --out"
        )
    chosen = {target.id: target for target in fitted_targets()} | own
    if not any(target.role == "fit" for target in own.values()):
        raise WrongUse(f"--register: {file.name}: no count has the role fit, so the fit would be as it is")
    return tuple(target for target in chosen.values() if target.role == "fit")


def second(out: Path, *, jobs: Jobs = 1, progress: Progress | None = None) -> dict[str, Any]:
    """Compares a finished calibration with a second method on the same trials, and adds it to the report.

    Args:
        out: Folder of a finished calibration.
        jobs: Processes, or a cluster; nothing is simulated where all trials are there.
        progress: Notified of trials.

    Returns:
        What is known about the fit, the second method included.

    Raises:
        WrongUse: If the folder holds no finished calibration, or a package is not installed.
        OtherTrials: If the trials are of other code or data.
    """
    if (wanted := neural.missing()) is not None:
        raise WrongUse(f"--second-method: {wanted}")
    told, settings = _finished(out, "--second-method")
    progress = progress or Silent()
    try:
        fit = fitting.calibrate(
            load_scenario("baseline", end=settings.last_month),
            fitted_targets(),
            out,
            settings,
            jobs=jobs,
            start=progress.start,
            finished=lambda _: progress.advance(),
        )
    finally:
        progress.close()
    found = {**told, "second_method": report.second_method(fit)}
    posterior.mark_parted(out / POSTERIOR_FOLDER, report.parted(found))
    _write_report(out, found)
    return found


def _finished(out: Path, option: str) -> tuple[dict[str, Any], fitting.Settings]:
    """Report and settings of a finished calibration."""
    try:
        told = json.loads(read_bytes(out / REPORT_FILE).decode())
        return told, fitting.Settings(**told["settings"])
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        raise WrongUse(
            f"--out: {out} holds no finished calibration of this version; {option} needs its trials"
        ) from None


def again(out: Path, file: Path, *, jobs: Jobs = 1, progress: Progress | None = None) -> Calibrated:
    """Fits again to counts of one's own, with the trials of a finished calibration and the same checks.

    Only the hidden population and the model at full scale are simulated. What comes out is in a folder of its own
    below ``out``, named after the file; the first fit stays as it is.

    Args:
        out: Folder of a finished calibration.
        file: As for `with_register`.
        jobs: Processes, or a cluster; results do not depend on it.
        progress: Notified of finished trials.

    Raises:
        WrongUse: If the folder holds no finished calibration, or the file cannot be used.
        OtherTrials: If the trials are of other code or data.
        ReplicateError: If a trial fails; those finished stay.
    """
    _, settings = _finished(out, "--register")
    chosen = with_register(file, settings.until)
    own = out / f"register-{file.stem}"
    return _calibrate(out, own, chosen, settings, jobs=jobs, progress=progress, register=file.name)


def command_of(settings: fitting.Settings) -> str:
    """The command that makes a calibration."""
    usual = fitting.Settings()
    options = [
        f"--{name.replace('_', '-')} {value:g}" if isinstance(value, float) else f"--{name.replace('_', '-')} {value}"
        for name, value in vars(settings).items()
        if value != getattr(usual, name)
    ]
    return " ".join(["irregsim calibrate", *options])


def calibrate(out: Path, settings: fitting.Settings, *, jobs: Jobs = 1, progress: Progress | None = None) -> Calibrated:
    """Calibrates the baseline, or resumes where it was stopped.

    Args:
        out: Folder for the trials, the posterior and the report.
        settings: What the calibration is.
        jobs: Processes, or a cluster; results do not depend on it.
        progress: Notified of finished trials.

    Raises:
        OtherTrials: If the folder holds trials of another design, code or data.
        ReplicateError: If a trial fails; those finished stay.
    """
    return _calibrate(out, out, fitted_targets(), settings, jobs=jobs, progress=progress)


def _calibrate(
    bank: Path,
    out: Path,
    chosen: tuple[Target, ...],
    settings: fitting.Settings,
    *,
    jobs: Jobs,
    progress: Progress | None,
    register: str | None = None,
) -> Calibrated:
    """Fits with the trials in one folder, and writes what is found to the same or another."""
    progress = progress or Silent()
    scenario = load_scenario("baseline", end=settings.last_month)
    try:
        fit = fitting.calibrate(
            scenario,
            chosen,
            bank,
            settings,
            jobs=jobs,
            start=progress.start,
            finished=lambda _: progress.advance(),
        )
        wave: dict[str, Any] = {"jobs": jobs, "start": progress.start, "finished": lambda _: progress.advance()}
        hidden = checks.hidden(scenario, fit, out, **wave)
        centre = checks.centre(scenario, fit, out, **wave)
        progress.start(settings.truths + settings.near_truths, 0)
        found = {
            **report.about(fit, centre, lambda _: progress.advance(), jobs if isinstance(jobs, int) else 1),
            "hidden": hidden,
        }
    finally:
        progress.close()
    if register is not None:
        found["register"] = register
    return Calibrated(out, write(out, fit, found), found)


def write(out: Path, fit: fitting.Fit, found: dict[str, Any]) -> posterior.Posterior:
    """Writes the posterior and the report; the report last, so that its presence means a finished calibration."""
    register = f" --register {found['register']}" if "register" in found else ""
    draws = [design.values(row) for row in fit.draws]
    about = {
        "command": command_of(fit.settings) + register,
        "settings": vars(fit.settings),
        "targets_vintage": max(_day(target.vintage) for target in fit.targets),
        "targets": [target.id for target in fit.targets],
        "followed": [design.names()[i] for i in fit.emulator.followed],
        "gate": found["gate"],
    }
    made = posterior.write(out / POSTERIOR_FOLDER, draws, about)
    _write_report(out, {**found, "posterior_id": made.id})
    return made


def _write_report(out: Path, found: dict[str, Any]) -> None:
    text = json.dumps(found, indent=1, ensure_ascii=False, default=_plain) + "\n"
    scratch = out / f"{REPORT_FILE}.tmp-{os.getpid()}"
    scratch.write_text(text, encoding="utf-8", newline="\n")
    os.replace(scratch, out / REPORT_FILE)


def _day(vintage: str) -> str:
    """The last day that an edition's date can mean."""
    return {4: f"{vintage}-12-31", 7: f"{vintage}-28"}.get(len(vintage), vintage)


def _plain(value: object) -> object:
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"{type(value).__name__} cannot be written as JSON")


def summary(done: Calibrated) -> str:
    """What a user reads at the end."""
    found = done.found
    near, far = found["recovery"]["shipped"], found["recovery"]["prior"]
    lines = [
        f"posterior {done.posterior.id}: {len(done.posterior.draws)} draws from {found['trials']} trials, "
        f"{len(found['followed'])} parameters followed",
        f"counts fitted: {len(found['targets'])}; each forecast from the others, inside 50 % and 90 % intervals: "
        f"{100 * found['left_out']['inside_50']:.0f} % and {100 * found['left_out']['inside_90']:.0f} %",
        "effective error used, root mean square (stated error): "
        + ", ".join(f"{block} {used} ({stated})" for block, _, stated, *_, used in error_blocks(found["targets"])),
        f"known truths, 90 % intervals: {100 * far['coverage_90']:.0f} % of {far['truths']} from the prior, "
        f"{100 * near['coverage_90']:.0f} % of {near['truths']} near the counts",
    ]
    if found["gate"]["passed"]:
        lines.append("calibration checks: all passed")
    else:
        lines.append("a calibration check failed; results made with this posterior are not calibrated:")
        lines += [f"  {check_words(line, 'en')}" for line in found["gate"]["red"]]
    worst = sorted(found["targets"], key=lambda row: -abs(row["full_scale_distance"]))[:5]
    lines.append("counts farthest from the model at full scale:")
    lines += [
        f"  {row['id']}: {row['full_scale_distance']:+.1f} standard deviations of error, register noise and chance"
        for row in worst
    ]
    return "\n".join(lines)


def second_summary(found: dict[str, Any]) -> str:
    """What a user reads of the second method."""
    return markdown(found)["second-method"].replace("`", "").strip()


def with_changes(**changes: int | float | None) -> fitting.Settings:
    """The usual settings, with those given that are not None.

    Raises:
        WrongUse: If the population scale is out of range.
    """
    settings = replace(fitting.Settings(), **{name: value for name, value in changes.items() if value is not None})  # type: ignore[arg-type]
    for option, scale in (("--scale", settings.scale), ("--near-scale", settings.near_scale)):
        if wrong := scale_fault(scale):
            raise WrongUse(f"{option} {scale:g}: {wrong}")
    return settings
