"""`irregsim fit`: the baseline with the draws of a posterior, compared with every published count.

The posterior predictive check runs the model itself at full scale, registers and all, and not the emulator that
replaced it in the fit. Its folder holds the run (``run/``, a run folder like any other), the comparison as tables, the
pictures, and one page for readers (docs/outputs.md).
"""

from __future__ import annotations

import csv
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from irregsim.commands.from_folders import in_the_way, is_same_run
from irregsim.commands.registry import FIT_ACCOUNT as ACCOUNT
from irregsim.commands.request import Output, Request, WrongUse, checked
from irregsim.commands.run import execute
from irregsim.inference import posterior
from irregsim.inference.targets import Target, compare, read, targets
from irregsim.model.parameters import parameters
from irregsim.present.export import frame_to_csv
from irregsim.scenario import Scenario, load_scenario
from irregsim.storage.folder import FolderError, RunFolder, commit, opened_for_writing
from irregsim.storage.hashing import canonical_json, sha256_of_file, sha256_of_text, write_json
from irregsim.storage.paths import fresh_folder, user_path
from irregsim.study.identity import finished_run
from irregsim.study.progress import Progress
from irregsim.study.replicates import DrawSet
from irregsim.vocabulary.labels import ALWAYS, LANGUAGES, in_language, label
from irregsim.vocabulary.reference import DataError

if TYPE_CHECKING:
    import pandas as pd

    from irregsim.present.pages.fit import Picture

#: What is run, and its last month: the last published count is of December 2020.
SCENARIO: Final = "baseline"
END: Final = "2020-12"

REPLICATES: Final = 100

RUN_FOLDER: Final = "run"
PAGE: Final = "fit.html"

#: In the folder of a posterior: why some counts are far from the model, written by hand. Columns ``id`` (of the
#: target), ``nb``, ``en``.
REASONS_FILE: Final = "reasons.csv"

#: How many counts are shown as farthest from the model.
WORST: Final = 5


@dataclass(frozen=True)
class FitRequest(Request):
    """A fit as the user asked for it; ``draws`` is ``posterior``, ``point`` or ``prior``. Replicate j uses draw j.

    Attributes:
        posterior: Folder of a posterior; None for what ``draws`` says.
        targets: CSV file with another edition of the targets; None for none.
    """

    posterior: str | None = None
    targets: str | None = None
    replicates: int | None = field(default=REPLICATES, kw_only=True)
    out: str | None = field(default="outputs/fit", kw_only=True)
    command: str = field(default="irregsim fit", kw_only=True)

    @property
    def parameters(self) -> str | os.PathLike[str] | None:
        """The folder of the posterior, or the kind of draws."""
        return self.posterior or self.draws

    @property
    def folder(self) -> Path:
        """The folder of the fit."""
        return user_path(self.out or "outputs/fit")

    def folders(self, scenarios: Sequence[Scenario]) -> tuple[Path, ...]:
        """The folder of the fit and that of its run."""
        return (self.folder, self.folder / RUN_FOLDER)

    def own_faults(self, scenarios: Sequence[Scenario]) -> list[str]:
        """Two kinds of draws at once, and targets that cannot be read."""
        faults = []
        if self.posterior is not None and self.draws is not None:
            faults.append("--draws: give either a posterior folder or --draws, not both")
        try:
            _newer(self.targets)
        except WrongUse as error:
            faults.append(str(error))
        return faults


@dataclass(frozen=True)
class Fit:
    """A fit that is done.

    Attributes:
        folder: Where it is.
        source: Kind of draws, as in `experiment.DrawSet`.
        red: Calibration checks that failed.
        scale: Population scale.
        judged: From `goodness.judged`.
        coverage: From `goodness.coverage`.
        worst: The `WORST` farthest, from `goodness.worst`.
        reasons: Why a target is far from the model, by id and language.
        moved: From `goodness.moved`; None without another edition.
        reused: Whether a finished run was used.
        replaced: Id of the other run, or the longer one, that was in the folder before, if any.
    """

    folder: Path
    source: str
    red: tuple[str, ...]
    scale: float
    judged: pd.DataFrame
    coverage: pd.DataFrame
    worst: pd.DataFrame
    reasons: Mapping[str, Mapping[str, str]]
    moved: pd.DataFrame | None
    reused: bool
    replaced: str | None = None


# ---------------------------------------------------------------------------------------------------------
# The run


def fit(
    request: FitRequest, *, progress: Progress | None = None, warn: Callable[[str], None] = lambda text: None
) -> Fit:
    """Run the baseline with a posterior's draws and compare it with every published count.

    Everything that can be wrong with the request is found before any work. Finished replicates are kept as in a run.

    Args:
        request: What to do.
        progress: Notified of finished replicates.
        warn: Given each warning, a line of text.

    Raises:
        WrongUse: If draws, targets, the folder or an option cannot be used, or the folder has another result.
        RunFailed: If the simulation fails or is stopped.
    """
    ready = checked(request, [load_scenario(SCENARIO, end=END, without=request.facts_left_out)])
    (plan,), (out, run_folder) = ready.plans, ready.folders
    about, reasons = _told_of(request, ready.draws)
    newer = _newer(request.targets)
    before = in_the_way(run_folder, is_same_run(plan), ready.replicates, out)
    if before is not None and not request.replace:
        raise WrongUse(before[1])
    for note in ready.notes:
        warn(note)
    try:
        with opened_for_writing(out) as work:
            folder = finished_run(plan, ready.replicates, [run_folder], exactly=True)
            reused = folder is not None
            if folder is None:
                folder = execute(
                    plan,
                    ready.replicates,
                    run_folder,
                    Output(lang=request.output.lang),
                    jobs=ready.workers,
                    progress=progress,
                    command=request.command,
                ).folder
            made = _compared(request, folder, ready.draws, about, reasons, newer)
            staging = fresh_folder(work / "fit")
            _write(staging, request, folder, ready.draws, about, made)
            commit(out, staging, ACCOUNT)
    except FolderError as error:
        raise WrongUse(str(error)) from None
    return replace(made.fit, reused=reused, replaced=None if before is None else before[0].id)


def _told_of(request: FitRequest, draws: DrawSet) -> tuple[Mapping[str, Any], dict[str, dict[str, str]]]:
    """What a posterior says of itself, and the reasons in its folder; neither for other draws."""
    if draws.source != "posterior":
        return {}, {}
    place = user_path(request.posterior) if request.posterior is not None else posterior.SHIPPED
    if not (place / posterior.ABOUT_FILE).is_file():  # the folder of a calibration, as `posterior.choose` takes it
        place = place / posterior.INSIDE
    return posterior.load(place).about, read_reasons(place)


def read_reasons(folder: Path) -> dict[str, dict[str, str]]:
    """Reasons in the folder of a posterior.

    Args:
        folder: Of the posterior.

    Returns:
        Target id to text by language; empty where there is no such file.

    Raises:
        WrongUse: If the file cannot be used; with every fault.
    """
    path = folder / REASONS_FILE
    if not path.is_file():
        return {}
    known = {target.id for target in targets()}
    faults, found = [], {}
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            reader = csv.DictReader(stream, strict=True)
            columns = tuple(reader.fieldnames or ())
            if columns[:1] != ("id",) or not set(ALWAYS) <= set(columns[1:]) <= set(LANGUAGES):
                raise WrongUse(f"{path}:1: expected the columns id,{','.join(LANGUAGES)}")
            for row in reader:
                where = f"{path}:{reader.line_num}"
                texts = {lang: row[lang] for lang in columns[1:] if row[lang] and row[lang].strip()}
                if row["id"] not in known:
                    faults.append(f"{where}: no target {row['id']!r} (irregsim targets --all lists them)")
                elif row["id"] in found:
                    faults.append(f"{where}: duplicate {row['id']}")
                elif None in row or not set(ALWAYS) <= set(texts):
                    faults.append(f"{where}: {row['id']} needs one text in each of {', '.join(ALWAYS)}")
                found[row["id"]] = texts
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise WrongUse(f"{path}: cannot be read: {error}") from None
    if faults:
        raise WrongUse("\n".join(faults))
    return found


def _newer(path: str | None) -> tuple[Target, ...] | None:
    if path is None:
        return None
    try:
        return read(path)
    except DataError as error:
        raise WrongUse(f"--targets: {error}") from None


# ---------------------------------------------------------------------------------------------------------
# The comparison


@dataclass(frozen=True)
class _Made:
    """Everything that is written."""

    fit: Fit
    bands: pd.DataFrame
    newer: pd.DataFrame | None


def _compared(
    request: FitRequest,
    folder: RunFolder,
    draws: DrawSet,
    about: Mapping[str, Any],
    reasons: Mapping[str, Mapping[str, str]],
    newer: tuple[Target, ...] | None,
) -> _Made:
    from irregsim.inference.check import agreement as goodness
    from irregsim.present.plots.fit import fit_series

    registers = folder.table("registers")
    if request.scale != 1.0:
        registers = registers.assign(count=registers["count"] / request.scale)
    ids = about.get("targets")
    fitted = frozenset(ids) if isinstance(ids, list) else None
    of_prior = frozenset(id_ for what in parameters().values() for id_ in what.targets)
    judged = goodness.judged(registers, targets(), fitted=fitted, of_prior=of_prior)
    after = moved = None
    if newer is not None:
        after = goodness.judged(registers, newer, fitted=fitted, of_prior=of_prior)
        moved = goodness.moved(compare(targets(), newer), judged, after)
    done = Fit(
        request.folder,
        draws.source,
        draws.red,
        request.scale,
        judged,
        goodness.coverage(judged),
        goodness.worst(judged, WORST),
        reasons,
        moved,
        False,
    )
    return _Made(done, goodness.bands(registers, fit_series()), after)


# ---------------------------------------------------------------------------------------------------------
# The folder


def _write(
    staging: Path, request: FitRequest, folder: RunFolder, draws: DrawSet, about: Mapping[str, Any], made: _Made
) -> None:
    from irregsim.present.pages.fit import FitContent, fit_page

    done = made.fit
    tables = {"fit": done.judged, "coverage": done.coverage, "bands": made.bands}
    if made.newer is not None and done.moved is not None:
        tables |= {"fit_newer": made.newer, "moved": done.moved}
    for name, table in tables.items():
        frame_to_csv(table, staging / f"{name}.csv")
    done.judged.to_parquet(staging / "fit.parquet", index=False, compression="zstd")
    (staging / "plots").mkdir()
    pictures = _pictures(staging / "plots", request, folder, draws, made)
    content = FitContent(
        lang=request.output.lang,
        source=done.source,
        red=done.red,
        scale=done.scale,
        replicates=folder.replicates,
        judged=done.judged,
        coverage=done.coverage,
        worst=done.worst,
        notes={target.id: target.note for target in targets()},
        reasons={id_: in_language(texts, request.output.lang) for id_, texts in done.reasons.items()},
        moved=done.moved,
        newer=made.newer,
        pictures=pictures,
        settings=_settings(request, folder, draws, about),
        command=request.command,
        check_command=f"irregsim reproduce {request.folder.name}/{RUN_FOLDER}",
    )
    (staging / PAGE).write_text(fit_page(content), encoding="utf-8", newline="\n")
    names = sorted(file.relative_to(staging).as_posix() for file in staging.rglob("*") if file.is_file())
    write_json(staging / ACCOUNT, _account(request, folder, draws, done, staging, names))


def _pictures(folder: Path, request: FitRequest, run: RunFolder, draws: DrawSet, made: _Made) -> list[Picture]:
    from irregsim.present.pages.fit import Picture
    from irregsim.present.plots import save
    from irregsim.present.plots.fit import FitTables, pictures

    lang = request.output.lang
    sentences = [label("sentence.synthetic_persons", lang)]
    if draws.caveat is not None:
        sentences.insert(0, label(draws.caveat, lang))
    tables = FitTables(
        made.fit.judged, made.bands, made.newer, draws.source == "posterior", tuple(sentences), request.output.lang
    )
    found = []
    for name, draw in pictures(tables).items():
        drawing = draw()
        save(drawing, folder, name, str(run.manifest["run_id"]))
        svg = (folder / f"{name}.svg").read_text(encoding="utf-8")
        # An image needs no declaration of its document type, which names an address.
        found.append(Picture(name, svg[svg.index("<svg") :].encode(), drawing.alt))
    return found


def _settings(
    request: FitRequest, folder: RunFolder, draws: DrawSet, about: Mapping[str, Any]
) -> list[tuple[str, str]]:
    manifest, lang = folder.manifest, request.output.lang
    rows = [("draws", label(f"fit.source_{draws.source}", lang))]
    if draws.source == "posterior":
        settings = ", ".join(f"{name} {value}" for name, value in about["settings"].items())
        rows += [
            ("posterior", f"{draws.name} ({len(draws.values)})"),
            ("made_by", f"{about['command']} ({settings})" if settings else str(about["command"])),
            ("vintage", str(about["targets_vintage"])),
        ]
    used = draws.used(folder.replicates)
    rows += [
        ("replicates", f"{folder.replicates} ({used})"),
        ("seed", str(manifest["seed"])),
        ("scale", f"{request.scale:g}"),
        ("run", f"{SCENARIO}, {manifest['scenario']['period']['start']} – {END}, {manifest['run_id']}"),
        ("versions", ", ".join(f"{name} {version}" for name, version in manifest["versions"].items())),
    ]
    if manifest.get("git_commit"):
        rows.append(("code", manifest["git_commit"][:12] + ("+" if manifest.get("git_dirty") else "")))
    return rows


def _account(
    request: FitRequest, folder: RunFolder, draws: DrawSet, done: Fit, staging: Path, names: list[str]
) -> dict[str, Any]:
    """What ``fit.json`` says: the numbers that tests and people read by program. No time, host or path."""
    rows = [vars(target) for target in targets()]
    overall = done.coverage[done.coverage["register"] == "all"]
    return {
        "run_id": folder.manifest["run_id"],
        "posterior_id": draws.name,
        "draws": draws.source,
        "gate": {"passed": not draws.red, "red": list(draws.red)} if draws.source == "posterior" else None,
        "replicates": folder.replicates,
        "seed": folder.manifest["seed"],
        "scale": request.scale,
        "lang": request.output.lang,
        "targets_sha256": sha256_of_text(canonical_json(rows)),
        "coverage": [
            {
                "role": row["role"],
                "interval": int(row["interval"]),
                "targets": int(row["targets"]),
                "inside": int(row["inside"]),
                "inside_error": int(row["inside_error"]),
                "expected": round(float(row["expected"]), 6),
            }
            for row in overall.to_dict("records")
        ],
        "worst": [{"id": row["id"], "z": round(float(row["z"]), 6)} for row in done.worst.to_dict("records")],
        "moved": None if done.moved is None else done.moved["id"].tolist(),
        "versions": folder.manifest["versions"],
        "command": request.command,
        "outputs": {name: {"sha256": sha256_of_file(staging / name)} for name in names},
    }


# ---------------------------------------------------------------------------------------------------------
# The screen


def summary(done: Fit) -> str:
    """Text for the screen, in English: calibration checks, coverage, the farthest counts, what changed."""
    from irregsim.inference.check_words import check_words, target_words
    from irregsim.present.pages.fit import gate_words, role_words, short_words
    from irregsim.present.terminal import table
    from irregsim.vocabulary.numbers import number, signed

    lines = [
        f"Calibration check: {gate_words(done.source, done.red, 'en')}",
        *(f"  failed: {check_words(line, 'en')}" for line in done.red),
        "",
    ]
    lines += [*short_words(done.coverage, done.source, done.scale, "en"), ""]
    rows = [["", "interval", "counts", "inside", "with error", "expected"]]
    for row in done.coverage[done.coverage["register"] == "all"].to_dict("records"):
        shares = [f"{100 * row['share']:.0f} %", f"{100 * row['share_error']:.0f} %", f"{100 * row['expected']:.0f} %"]
        rows.append([role_words(row["role"], done.source, "en"), f"{row['interval']} %", str(row["targets"]), *shares])
    lines += ["Coverage", table(rows), ""]
    rows = [["", "role", "published", "median", "90 % with error", "distance"]]
    for row in done.worst.to_dict("records"):
        words = target_words(row["register"], row["dimension"], row["key"], row["period"], "en")
        ends = " to ".join(number(row[f"{end}90_error"], "en") for end in ("lo", "hi"))
        cells = [number(row["observed"], "en"), number(row["median"], "en"), ends, signed(row["z"], "en")]
        rows.append([words, role_words(row["role"], done.source, "en"), *cells])
    lines += [f"The {len(done.worst)} counts farthest from the model, in predictive standard deviations"]
    lines += [table(rows, left=2)]
    if done.moved is not None:
        rows = [["", "before", "now", "distance before", "now"]]
        for row in done.moved.to_dict("records"):
            register, dimension, key, period = row["id"].split("/")
            words = target_words(register, dimension, key, period, "en")
            cells = [number(row[name], "en") for name in ("old", "new")]
            rows.append([words, *cells, *(signed(row[f"z_{side}"], "en") for side in ("old", "new"))])
        lines += ["", f"The other edition changes {len(rows) - 1} of the counts"]
        lines += [table(rows)] if len(rows) > 1 else []
    lines += ["", label("fit.limit_hidden", "en")]
    return "\n".join(lines)
