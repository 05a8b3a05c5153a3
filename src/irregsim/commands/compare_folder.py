"""The folder of a comparison: its tables, CSV files or workbook, pictures and page."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from irregsim.present.export import LEVELS, levels
from irregsim.present.formats import FORMATS, ComparisonTables
from irregsim.present.publication.effects import for_readers, published
from irregsim.storage.folder import RunFolder
from irregsim.storage.hashing import write_json
from irregsim.storage.parquet import TableWriter
from irregsim.study.comparison.pairs import Runs
from irregsim.study.comparison.tables import TABLES
from irregsim.study.identity import scenario_record
from irregsim.study.progress import Progress, Silent
from irregsim.study.workers import Hands
from irregsim.vocabulary.labels import label

if TYPE_CHECKING:
    import pandas as pd

#: The page for readers.
PAGE: Final = "report.html"

PROOF: Final = "proof.json"

#: Every scenario as it was run, by name.
SCENARIO_FILE: Final = "scenarios.json"


def write_table(frame: pd.DataFrame, path: Path) -> str:
    """Write a frame as Parquet, the same bytes for the same rows.

    Args:
        frame: Columns of text, whole numbers, floats and booleans; categories are written as text.
        path: The file.

    Returns:
        The content hash of its rows.
    """
    import pandas as pd
    import pyarrow as pa

    kinds = []
    for name in frame.columns:
        dtype = frame[name].dtype
        if dtype.kind in "iu" and frame[name].isna().any():
            frame = frame.assign(**{str(name): frame[name].astype("float64")})
            dtype = frame[name].dtype
        if isinstance(dtype, pd.CategoricalDtype) or dtype.kind == "O":
            kind = "text?"
        else:
            kind = {"b": "bool", "i": "int", "u": "int", "f": "float"}.get(dtype.kind, "text?")
        kinds.append((str(name), kind))
    arrays = [
        pa.array(frame[name].astype(object).where(frame[name].notna(), None), type=pa.string(), from_pandas=True)
        if kind == "text?"
        else pa.array(frame[name], from_pandas=kind != "bool")  # a missing number is null, not "not a number"
        for name, kind in kinds
    ]
    types = {"text?": pa.string(), "int": pa.int64(), "float": pa.float64(), "bool": pa.bool_()}
    schema = pa.schema([pa.field(name, types[kind]) for name, kind in kinds])
    table = pa.Table.from_arrays([a.cast(f.type) for a, f in zip(arrays, schema, strict=True)], schema=schema)
    with TableWriter(path, kinds) as writer:
        writer.write(table)
    return writer.content_sha256


def write_folder(
    staging: Path,
    frames: Mapping[str, pd.DataFrame],
    about: Mapping[str, Any],
    units: Mapping[str, str],
    format_: str,
    runs: Runs,
    jobs: Hands = 1,
    progress: Progress | None = None,
) -> dict[str, str | None]:
    """Write every file of a comparison but the manifest.

    Args:
        staging: An empty folder.
        frames: Exact tables by name.
        about: What the comparison is about (`irregsim.present.pages.compare` lists the keys).
        units: Unit by outcome.
        format_: What is written besides the Parquet tables, as ``--format``.
        runs: The runs, for levels where ``about["show_levels"]``.
        jobs: Processes that draw, at least 1, or a crew of them.
        progress: Notified of finished pictures.

    Returns:
        File name to content hash; None for a file that is no table.
    """
    from irregsim.present.pages.compare import render_report
    from irregsim.present.plots.compare import draw_all

    progress = progress or Silent()
    progress.phase("writing tables")
    asked = {LEVELS: levels_of(runs, about["lang"])} if about["show_levels"] else {}
    names: dict[str, str | None] = {
        f"{name}.parquet": write_table(frame, staging / f"{name}.parquet")
        for name, frame in {**stored(frames), **asked}.items()
    }
    write_json(staging / PROOF, dict(about["proof"]))
    every = (runs.reference, *runs.scenarios)
    write_json(staging / SCENARIO_FILE, {run.name: scenario_record(run.scenario) for run in every})
    shown = {**(published(stored(frames), units) if about["publish"] else stored(frames)), **asked}
    (staging / "plots").mkdir()
    for_page = {**for_readers(frames, units), **asked}
    pictures = draw_all(for_page, about, staging / "plots", about["lang"], jobs, progress)
    FORMATS[format_].of_comparison(ComparisonTables(shown, for_page, about, units, staging, pictures))
    progress.phase("writing the page")
    page = render_report(for_page, {**about, "pictures": pictures})
    (staging / PAGE).write_text(page, encoding="utf-8", newline="\n")
    files = sorted(file.relative_to(staging).as_posix() for file in staging.rglob("*") if file.is_file())
    return {name: names.get(name) for name in files}


def stored(frames: Mapping[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """Those of the tables that are written."""
    return {name: frame for name, frame in frames.items() if TABLES[name].is_stored}


def levels_of(runs: Runs, lang: str) -> pd.DataFrame:
    """National levels of the hidden strategies in every run, as intervals with the sentence.

    Args:
        runs: The runs.
        lang: Language of the sentence.

    Returns:
        Columns ``scenario`` (the reference first), ``month`` (each December), ``strategy`` (a hidden one or
        ``all_hidden``), ``q025``, ``q975`` (persons, to the nearest 5), ``note`` (the sentence).
    """
    import pandas as pd

    parts = []
    for run in (runs.reference, *runs.scenarios):
        folder = RunFolder(run.folder.path, {**run.folder.manifest, "replicates": run.replicates})
        frame = levels(folder).assign(note=label("sentence.hidden_levels", lang))
        frame.insert(0, "scenario", run.name)
        parts.append(frame)
    return pd.concat(parts, ignore_index=True)
