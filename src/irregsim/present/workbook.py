"""Excel workbooks of a run and of a comparison: what it is about, and a sheet a table."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from irregsim.present.export import LEVELS, Published, keys_of, levels, rounded
from irregsim.present.formats import ComparisonTables, RunTables
from irregsim.storage.folder import RunFolder
from irregsim.study.summaries import dense, spread
from irregsim.study.tables import VALUE_COLUMNS, schema_of, tables_of
from irregsim.vocabulary.disclosure import SMALL
from irregsim.vocabulary.labels import label

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

#: Rows of a sheet, its head included.
EXCEL_ROWS: Final = 1_048_576

#: Columns given up, in this order, when a sheet would be longer than Excel's.
_COARSER: Final = (("origin_district", "destination_district"), ("cause",), ("city",), ("district",))

_SPREAD: Final = ("mean", "q025", "q50", "q975")

Sheet = tuple[str, Callable[[], "pd.DataFrame"]]


def write_run(tables: RunTables, path: Path) -> None:
    """Write a note, the summary, and a sheet per table summarised over replicates.

    Args:
        tables: A finished run.
        path: The workbook.
    """
    folder = tables.run
    notes = [
        ("run_id", str(folder.manifest["run_id"])),
        ("scenario", str(folder.manifest["scenario"]["name"])),
        ("replicates", str(folder.replicates)),
        ("persons", label("sentence.synthetic_persons", "en")),
        ("columns", "mean and quantiles over replicates; a replicate without a row counts as 0"),
    ]
    if tables.publish:
        notes.append(("published", f"rounded to {SMALL}; fewer than {SMALL} persons are not shown; see unit"))
    sheets: list[Sheet] = [("summary", lambda: tables.summary)]
    if tables.publish:
        published = Published(folder)
        sheets += [
            (name, lambda name=name: _published_sheet(published, folder, name, notes))  # type: ignore[misc]
            for name in published.names()
        ]
        if tables.show_levels:
            sheets.append((LEVELS, lambda: levels(folder)))
    else:
        sheets += [
            (name, lambda name=name: _exact_sheet(folder, name, notes))  # type: ignore[misc]
            for name in tables_of(spells=False)
        ]
    _write(path, notes, sheets)


def write_comparison(tables: ComparisonTables, path: Path) -> None:
    """Write what a comparison is about, units of the outcomes, and a sheet for each table.

    Args:
        tables: A finished comparison.
        path: The workbook.
    """
    import pandas as pd

    from irregsim.present.plots.style import assumption_sentence
    from irregsim.present.words import outcome_words
    from irregsim.study.comparison.series import is_averaged

    about = tables.about
    notes = [
        ("comparison", about["comparison_id"]),
        ("reference", about["reference"]),
        ("scenarios", ", ".join(about["scenarios"])),
        ("replicates", str(about["replicates"])),
        ("period", " to ".join(about["period"])),
        (
            "differences",
            "scenario minus reference, of the same replicate; lo and hi: 2.5 and 97.5 % quantiles over replicates",
        ),
        ("persons", label("sentence.synthetic_persons", "en")),
        ("years", assumption_sentence(about["assumed"], "en")),
    ]
    if about["caveat"]:
        notes.append(("parameters", label(str(about["caveat"]), "en")))
    if about["publish"]:
        notes.append(("published", label("sentence.small_cells", "en")))
        notes.append(
            ("percent", "outcomes that no register counts are in percent of the reference; see the column unit")
        )
    notes += [
        (name, "cut at Excel's limit of rows; the Parquet table is complete")
        for name, frame in tables.frames.items()
        if len(frame) >= EXCEL_ROWS
    ]
    outcomes = [
        (name, outcome_words(name, "en"), unit, "mean" if is_averaged(name) else "sum")
        for name, unit in sorted(tables.units.items())
    ]
    units = pd.DataFrame(outcomes, columns=["outcome", "meaning", "unit", "over_a_window"])
    sheets: list[Sheet] = [("units", lambda: units)]
    sheets += [(name, lambda frame=frame: frame) for name, frame in tables.frames.items()]  # type: ignore[misc]
    _write(path, notes, sheets)


def _write(path: Path, notes: list[tuple[str, str]], sheets: list[Sheet]) -> None:
    """Write a workbook.

    Args:
        path: The workbook.
        notes: Rows of the first sheet; the others may add to them.
        sheets: Names, and what makes each table when its turn comes, so that only one is in memory.
    """
    import xlsxwriter

    # Text that begins with = or an address stays text; a fixed date keeps the bytes the same.
    options = {"strings_to_formulas": False, "strings_to_urls": False, "constant_memory": True}
    with xlsxwriter.Workbook(str(path), options) as book:
        book.set_properties({"title": "irregsim", "created": datetime.datetime(2021, 5, 1)})
        about = book.add_worksheet("about")
        for name, make in sheets:
            _write_sheet(book.add_worksheet(name), make().head(EXCEL_ROWS - 1))
        for i, row in enumerate(notes):
            about.write_row(i, 0, row)


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


# ---------------------------------------------------------------------------------------------------------
# Tables of a run, summarised over replicates


def _exact_sheet(folder: RunFolder, name: str, notes: list[tuple[str, str]]) -> pd.DataFrame:
    first, *others = (column for column, _ in schema_of(name) if column in VALUE_COLUMNS)
    frames = (folder.replicate(name, j) for j in range(folder.replicates))
    keys, values = _fitting(frames, keys_of(name), [first, *others], name, notes)
    beside = {f"{other}_{q}": column for other in others for q, column in _chosen(values[other]).items()}
    return keys.assign(**_chosen(values[first]), **beside)


def _published_sheet(published: Published, folder: RunFolder, name: str, notes: list[tuple[str, str]]) -> pd.DataFrame:
    frames = (published.replicate(name, j) for j in range(folder.replicates))
    keys_and_unit = list(dict.fromkeys([*keys_of(name), "unit"]))  # outcomes have a unit of their own
    keys, values = _fitting(frames, keys_and_unit, ["value", "persons"], name, notes)
    table = keys.assign(**_chosen(values["value"]), persons=values["persons"].mean(axis=-1))
    return rounded(table, _SPREAD)


def _chosen(values: np.ndarray) -> dict[str, np.ndarray]:
    cuts = spread(values)
    return {name: cuts[name] for name in _SPREAD}


def _fitting(
    frames: Iterator[pd.DataFrame], keys: list[str], values: list[str], name: str, notes: list[tuple[str, str]]
) -> tuple[pd.DataFrame, dict[str, np.ndarray]]:
    """Replicates side by side, by as many columns as one sheet has room for."""
    tables = list(frames)
    for columns in ((), *_COARSER):
        keys = [key for key in keys if key not in columns]
        distinct, first = dense(tables, keys, values[0])
        if len(distinct) < EXCEL_ROWS:
            break
        notes.append((name, "summed over the finest columns, because an Excel sheet is limited to 1 048 576 rows"))
    return distinct, {values[0]: first, **{v: dense(tables, keys, v)[1] for v in values[1:]}}
