"""Run a folder again from its manifest and draws alone, and compare every file."""

from __future__ import annotations

import csv
import itertools
import math
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from irregsim import __version__
from irregsim.commands.request import Output, WrongUse
from irregsim.commands.run import execute
from irregsim.inference.posterior import WORDS
from irregsim.model.parameters import parameters
from irregsim.present.formats import FORMATS
from irregsim.scenario import Scenario
from irregsim.storage.folder import MANIFEST, FolderError, RunFolder
from irregsim.storage.parquet import content_sha256
from irregsim.storage.paths import is_file, is_link, refuse_links
from irregsim.study.identity import code_sha256, data_sha256, versions
from irregsim.study.progress import Progress
from irregsim.study.replicates import DrawSet, Plan, available_cores, scale_fault
from irregsim.vocabulary.labels import LANGUAGES

#: Floating-point columns count as equal within this, relative to the larger number (1 at least).
TOLERANCE: Final = 1e-12


@dataclass(frozen=True)
class Reproduction:
    """The result of running a folder again.

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
        progress: Notified of finished replicates.

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
        runs = ", ".join(manifest.get("runs", ()))
        raise WrongUse(f"{path}: this is the folder of a comparison; give the folder of one of its runs ({runs})")
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
        outputs = dict(manifest["outputs"])
        output = Output(
            format=manifest["format"],
            lang=manifest["lang"],
            publish=bool(manifest["publish"]),
            show_levels=bool(manifest["show_levels"]),
            # A run that was made for a comparison has none.
            pictures=any(name.startswith("plots/") for name in outputs),
        )
        if manifest["lang"] not in LANGUAGES:
            raise ValueError(f"lang {str(manifest['lang'])[:20]!r} is none of {', '.join(LANGUAGES)}")
        if wrong := scale_fault(plan.scale):
            raise ValueError(f"scale {plan.scale:g} {wrong}")
        then, now = dict(manifest["versions"]), versions()
        notes = [
            f"{name} was {then[name]} and is {now.get(name, 'missing')}" for name in then if then[name] != now.get(name)
        ]
        if manifest["data_sha256"] != data_sha256():
            notes.append("the data files of irregsim have changed since the run")
        if manifest["code_sha256"] != code_sha256():
            notes.append("the code of irregsim has changed since the run")
    except (KeyError, TypeError, ValueError, OSError, OverflowError, NotImplementedError, FolderError) as error:
        raise WrongUse(
            f"{path}: {MANIFEST} or draws.parquet cannot be used by irregsim {__version__} "
            f"({type(error).__name__}: {error}); it was written by irregsim {manifest['versions']['irregsim']}"
        ) from None
    if output.format not in FORMATS:
        raise WrongUse(f"{path}: was written with --format {output.format}, which is not registered here")
    if missing := FORMATS[output.format].missing():
        raise WrongUse(missing)
    try:
        refuse_links(folder.path, *outputs)
    except FolderError as error:
        raise WrongUse(str(error)) from None
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
            if name.endswith((".png", ".svg")) and then.get("matplotlib") != now["matplotlib"]:
                skipped[name] = "drawn by another version of matplotlib"
                continue
            reason = _difference(folder.path / name, again.path / name)
            if reason:
                differ[name] = reason
    compared = tuple(sorted({*outputs, *again.manifest["outputs"]} - set(skipped)))
    return Reproduction(str(manifest["run_id"]), compared, differ, skipped, tuple(notes))


def _draws_of(folder: RunFolder) -> DrawSet:
    """The draws that a folder was made with.

    Raises:
        ValueError: If they are not those of its replicates, a parameter has none, or one is not finite.
    """
    frame = folder.draws().sort_values("replicate")
    if frame["replicate"].tolist() != list(range(folder.replicates)):
        raise ValueError(f"draws.parquet has not one row for each of {folder.replicates} replicates")
    values = frame.drop(columns=["replicate", "draw"])
    lacks = [name for name in parameters() if name not in values]
    if lacks or set(values) - set(parameters()):
        raise ValueError(f"draws.parquet has other parameters; it lacks {', '.join(lacks) or 'none'}")
    if not np.isfinite(values.to_numpy(dtype="float64")).all():
        raise ValueError("draws.parquet holds values that are not finite")
    first = frame.drop_duplicates("draw").sort_values("draw")
    # Draws are used from the first on, so those in use are the first ones of the set, without a gap.
    rows = first.drop(columns=["replicate", "draw"]).to_dict("records")
    per_draw, gate = folder.manifest["per_draw"], folder.manifest["gate"]
    if folder.manifest["draws"] not in WORDS:
        raise ValueError(f"draws {str(folder.manifest['draws'])[:20]!r} is none of {', '.join(WORDS)}")
    found = DrawSet(
        str(folder.manifest["posterior_id"]),
        tuple({str(name): float(value) for name, value in row.items()} for row in rows),
        None if per_draw is None else int(per_draw),
        str(folder.manifest["draws"]),
        () if gate is None else tuple(str(line) for line in gate["red"]),
    )
    try:
        used = [found.index(j) for j in range(folder.replicates)]
    except IndexError as error:
        raise ValueError(f"draws.parquet: {error}") from None
    if frame["draw"].tolist() != used:
        raise ValueError("draws.parquet has other draws for some replicates than per_draw says")
    return found


def _difference(was: Path, is_: Path) -> str | None:
    """Why two files are not the same, or None where they are."""
    if is_link(was):
        return "is a link"
    if not is_file(was):
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
    except (OSError, ValueError, TypeError, KeyError, pa.ArrowException) as error:
        return f"cannot be read: {error}"
    return None


def _values_differ(old: Any, new: Any) -> str | None:
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
    yield from itertools.zip_longest(a, b)


def _same_cell(x: str, y: str) -> bool:
    if x == y:
        return True
    try:
        return math.isclose(float(x), float(y), rel_tol=TOLERANCE, abs_tol=TOLERANCE)
    except ValueError:
        return False
