"""The folder of a comparison: its tables, CSV files or workbook, pictures and page."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from irregsim.present.export import LEVELS, WORKBOOK, frame_to_csv, levels
from irregsim.present.publication import lives as published_lives
from irregsim.present.publication.one_scale import one_scale
from irregsim.storage.folder import RunFolder
from irregsim.storage.hashing import write_json
from irregsim.storage.parquet import TableWriter
from irregsim.study.comparison.pairs import Runs
from irregsim.vocabulary.labels import label

if TYPE_CHECKING:
    import pandas as pd

#: The page for readers.
PAGE: Final = "report.html"

PROOF: Final = "proof.json"


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
        else pa.array(frame[name], from_pandas=kind == "int")
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
) -> dict[str, str | None]:
    """Write every file of a comparison but the manifest.

    Args:
        staging: An empty folder.
        frames: Exact tables by name.
        about: What the comparison is about (`irregsim.present.pages.compare` lists the keys).
        units: Unit by outcome.
        format_: What is written beside the Parquet tables, as ``--format``.
        runs: The runs, for levels where ``about["show_levels"]``.

    Returns:
        File name to content hash; None for a file that is no table.
    """
    from irregsim.present.pages.compare import render_report
    from irregsim.present.plots.compare import draw_all
    from irregsim.present.publication.effects import published

    asked = {LEVELS: levels_of(runs, about["lang"])} if about["show_levels"] else {}
    names: dict[str, str | None] = {
        f"{name}.parquet": write_table(frame, staging / f"{name}.parquet")
        for name, frame in {**frames, **asked}.items()
    }
    write_json(staging / PROOF, dict(about["proof"]))
    shown = {**(published(frames, units) if about["publish"] else frames), **asked}
    if format_ == "csv":
        for name, frame in shown.items():
            frame_to_csv(frame, staging / f"{name}.csv")
    if format_ == "xlsx":
        write_workbook(shown, staging / WORKBOOK, about, units)
    (staging / "plots").mkdir()
    for_page = {**for_readers(frames, units), **asked}
    pictures = draw_all(for_page, about, staging / "plots", about["lang"])
    page = render_report(for_page, {**about, "pictures": pictures})
    (staging / PAGE).write_text(page, encoding="utf-8", newline="\n")
    files = sorted(file.relative_to(staging).as_posix() for file in staging.rglob("*") if file.is_file())
    return {name: names.get(name) for name in files}


def for_readers(frames: Mapping[str, pd.DataFrame], units: Mapping[str, str]) -> dict[str, pd.DataFrame]:
    """Tables as the page and the pictures read them, from which no hidden level follows.

    Args:
        frames: Exact tables by name.
        units: Unit by outcome.

    Returns:
        Tables of effects as `one_scale.one_scale` has them, unrounded; balance and life courses in their published form
        (`published_lives`); of single synthetic lives the twins, and the sequences of those who enter later (of those
        present, lives in centres could be counted against all).
    """
    out = one_scale(frames, units) | published_lives.published(frames)
    out.pop("apart", None)
    if "sequences" in out:
        out["sequences"] = out["sequences"][out["sequences"]["cohort"].astype(str) == published_lives.ENTERED]
    return out


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


#: Rows of a sheet, its head included.
_EXCEL_ROWS: Final = 1_048_576


def write_workbook(
    frames: Mapping[str, pd.DataFrame], path: Path, about: Mapping[str, Any], units: Mapping[str, str]
) -> None:
    """Write one workbook: what it is about, units of the outcomes, and a sheet for each table.

    Args:
        frames: Tables by name.
        path: The workbook.
        about: What the comparison is about.
        units: Unit by outcome.
    """
    import xlsxwriter

    from irregsim.present.words import outcome_words
    from irregsim.study.comparison.series import is_averaged

    notes = [
        ("comparison", about["comparison_id"]),
        ("reference", about["reference"]),
        ("scenarios", ", ".join(about["scenarios"])),
        ("replicates", str(about["replicates"])),
        ("period", " to ".join(about["period"])),
        ("differences", "scenario less reference, of the same replicate; lo and hi: 2.5 and 97.5 % over replicates"),
        ("persons", label("sentence.synthetic_persons", "en")),
        ("years", label("sentence.assumption_years", "en")),
    ]
    if about["caveat"]:
        notes.append(("parameters", label(str(about["caveat"]), "en")))
    if about["publish"]:
        notes.append(("published", label("sentence.small_cells", "en")))
        notes.append(("percent", "what no register counts is in percent of the reference; see the column unit"))
    outcomes = [
        (name, outcome_words(name, "en"), unit, "mean" if is_averaged(name) else "sum")
        for name, unit in sorted(units.items())
    ]
    # Text that begins with = or an address stays text; a fixed date keeps the bytes the same.
    options = {"strings_to_formulas": False, "strings_to_urls": False, "constant_memory": True}
    with xlsxwriter.Workbook(str(path), options) as book:
        book.set_properties({"title": "irregsim", "created": datetime.datetime(2021, 5, 1)})
        cover = book.add_worksheet("about")
        cut = [name for name, frame in frames.items() if len(frame) >= _EXCEL_ROWS]
        notes += [(name, "cut where Excel's sheets end; the Parquet table is whole") for name in cut]
        for i, row in enumerate(notes):
            cover.write_row(i, 0, row)
        sheet = book.add_worksheet("units")
        for i, words in enumerate([("outcome", "meaning", "unit", "over_a_window"), *outcomes]):
            sheet.write_row(i, 0, words)
        for name, frame in frames.items():
            _write_sheet(book.add_worksheet(name), frame.head(_EXCEL_ROWS - 1))


def _write_sheet(sheet: Any, frame: pd.DataFrame) -> None:
    sheet.write_row(0, 0, [str(name) for name in frame.columns])
    columns = []
    for j, name in enumerate(frame.columns):
        kind = frame[name].dtype.kind
        write = {"b": sheet.write_boolean, "i": sheet.write_number, "u": sheet.write_number, "f": sheet.write_number}
        column = (j, write.get(kind, sheet.write_string), frame[name].isna().tolist(), frame[name].tolist())
        columns.append(column)
    # Row by row, because the workbook keeps only one row in memory.
    for i in range(len(frame)):
        for j, put, missing, values in columns:
            if not missing[i]:
                put(i + 1, j, values[i] if put != sheet.write_string else str(values[i]))
