"""Excel workbooks of a run and of a comparison: an overview in words, what it is about, and a sheet a table."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from irregsim import __version__
from irregsim.inference.check_words import caveat_words
from irregsim.present.export import LEVELS, Published, keys_of, levels, rounded
from irregsim.present.formats import ComparisonTables, RunTables
from irregsim.present.plots.style import assumption_sentence
from irregsim.storage.folder import RunFolder
from irregsim.study.summaries import dense, spread
from irregsim.study.tables import VALUE_COLUMNS, schema_of, tables_of
from irregsim.vocabulary.disclosure import SMALL
from irregsim.vocabulary.labels import Words, label
from irregsim.vocabulary.numbers import plain

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from irregsim.present.readable import Readable

#: Rows of a sheet, its head included.
EXCEL_ROWS: Final = 1_048_576

#: Columns given up, in this order, when a sheet would be longer than Excel's.
_COARSER: Final = (("origin_district", "destination_district"), ("cause",), ("city",), ("district",))

#: Widest column, in characters.
WIDEST: Final = 60

_SPREAD: Final = ("mean", "q025", "q50", "q975")

Sheet = tuple[str, Callable[[], "pd.DataFrame"]]


def write_run(tables: RunTables, path: Path) -> None:
    """Write the overview, a note, the summary, and a sheet per table summarised over replicates.

    Args:
        tables: A finished run.
        path: The workbook.
    """
    from irregsim.present.readable import of_run

    folder, manifest, say = tables.run, tables.run.manifest, Words(tables.lang, "export")
    period = manifest["scenario"]["period"]
    notes = [
        (say("about_run_id"), str(manifest["run_id"])),
        (say("about_scenario"), str(manifest["scenario"]["name"])),
        (say("about_replicates"), str(folder.replicates)),
        *_settings(manifest, (str(period["start"]), str(period["end"])), tables.lang),
        (say("about_overview"), say("overview_is_run")),
        (say("about_persons"), label("sentence.synthetic_persons", tables.lang)),
        (say("about_years"), assumption_sentence(tables.assumed, tables.lang)),
        (say("about_columns"), say("columns_are")),
    ]
    if tables.caveat:
        notes.append((say("about_parameters"), caveat_words(tables.caveat, tables.red, tables.lang)))
    if tables.publish:
        notes.append((say("about_published"), say("rounded_to", small=SMALL)))
    else:
        notes.append((say("about_levels"), say("levels_are")))
    sheets: list[Sheet] = [("summary", lambda: tables.summary)]
    if tables.publish:
        published = Published(folder)
        sheets += [
            (name, lambda name=name: _published_sheet(published, folder, name, notes, say))  # type: ignore[misc]
            for name in published.names()
        ]
        if tables.show_levels:
            sheets.append((LEVELS, lambda: levels(folder)))
    else:
        sheets += [
            (name, lambda name=name: _exact_sheet(folder, name, notes, say))  # type: ignore[misc]
            for name in tables_of(spells=False)
        ]
    _write(path, of_run(tables), notes, sheets)


def _settings(source: Mapping[str, Any], period: tuple[str, str], lang: str) -> list[tuple[str, str]]:
    """Rows of the sheet ``about`` that a run and a comparison have alike.

    Args:
        source: The manifest of a run, or what a comparison is about.
        period: First and last month.
        lang: Language.
    """
    say = Words(lang, "export")
    scale = float(source["scale"])
    rows = [
        (say("about_scale"), plain(f"{scale:g}", lang)),
        (say("about_seed"), str(source["seed"])),
        (say("about_draws"), label(f"fit.source_{source['draws']}", lang)),
        (say("about_period"), Words(lang, "compare")("years", since=period[0], to=period[1])),
        (say("about_version"), __version__),
    ]
    return [*rows, (say("about_trial"), say("trial_is"))] if scale != 1.0 else rows


def write_comparison(tables: ComparisonTables, path: Path) -> None:
    """Write the overview, what the comparison is about, units of the outcomes, and a sheet for each table.

    Args:
        tables: A finished comparison.
        path: The workbook.
    """
    import pandas as pd

    from irregsim.present.readable import of_comparison
    from irregsim.present.words import outcome_words
    from irregsim.study.comparison.series import is_averaged

    about = tables.about
    lang = str(about["lang"])
    say = Words(lang, "export")
    notes = [
        (say("about_comparison"), about["comparison_id"]),
        (say("about_reference"), about["reference"]),
        (say("about_scenarios"), ", ".join(about["scenarios"])),
        (say("about_replicates"), str(about["replicates"])),
        *_settings(about, about["period"], lang),
        (say("about_overview"), say("overview_is")),
        (say("about_differences"), say("differences_are")),
        (say("about_persons"), label("sentence.synthetic_persons", lang)),
        (say("about_years"), assumption_sentence(about["assumed"], lang)),
    ]
    if about["caveat"]:
        notes.append((say("about_parameters"), caveat_words(about["caveat"], about.get("red", ()), lang)))
    if about["publish"]:
        notes.append((say("about_published"), label("sentence.small_cells", lang)))
        notes.append((say("about_percent"), say("percent_is")))
    else:
        notes.append((say("about_levels"), say("levels_are")))
    notes += [(name, say("rows_cut")) for name, frame in tables.frames.items() if len(frame) >= EXCEL_ROWS]
    outcomes = [
        (name, outcome_words(name, lang), unit, "mean" if is_averaged(name) else "sum")
        for name, unit in sorted(tables.units.items())
    ]
    units = pd.DataFrame(outcomes, columns=["outcome", "meaning", "unit", "over_a_window"])
    sheets: list[Sheet] = [("units", lambda: units)]
    sheets += [(name, lambda frame=frame: frame) for name, frame in tables.frames.items()]  # type: ignore[misc]
    _write(path, of_comparison(tables), notes, sheets)


def _write(path: Path, readable: Readable, notes: list[tuple[str, str]], sheets: list[Sheet]) -> None:
    """Write a workbook.

    Args:
        path: The workbook.
        readable: The same for readers; its overview is the first sheet.
        notes: Rows of the second sheet; the others may add to them.
        sheets: Names, and what makes each table when its turn comes, so that only one is in memory.

    Raises:
        OSError: If it cannot be written, or the temporary folder cannot hold its parts; names the workbook.
    """
    from xlsxwriter.exceptions import FileCreateError

    try:
        _write_book(path, readable, notes, sheets)
    except FileCreateError as error:  # which is no OSError, and holds one
        cause = error.args[0] if error.args else None
        if not isinstance(cause, OSError):
            raise
        raise OSError(cause.errno or 0, cause.strerror or str(cause), str(cause.filename or path)) from error


def _write_book(path: Path, readable: Readable, notes: list[tuple[str, str]], sheets: list[Sheet]) -> None:
    import xlsxwriter

    # Text that begins with = or an address stays text; a fixed date keeps the bytes the same.
    options = {"strings_to_formulas": False, "strings_to_urls": False, "constant_memory": True}
    with xlsxwriter.Workbook(str(path), options) as book:
        book.set_properties({"title": readable.title, "created": datetime.datetime(2021, 5, 1)})
        bold = book.add_format({"bold": True, "bottom": 1, "text_wrap": True, "valign": "top"})
        overview = book.add_worksheet(label("export.overview", readable.lang))
        about = book.add_worksheet("about")
        _write_overview(book, overview, readable, bold)
        for name, make in sheets:
            _write_sheet(book.add_worksheet(name), make().head(EXCEL_ROWS - 1), bold)
        wrapped = book.add_format({"text_wrap": True, "valign": "top"})
        about.set_column(0, 0, 24)
        about.set_column(1, 1, 100, wrapped)
        for i, row in enumerate(notes):
            about.write_row(i, 0, row)


def _write_overview(book: Any, sheet: Any, readable: Readable, bold: Any) -> None:
    """The table in words: numbers with their decimals, columns as wide as what they hold, one page wide in print."""
    table = readable.overview
    forms = [book.add_format({"num_format": "#,##0" + ("." + "0" * n if n else "")}) for n in range(7)]
    for j, head in enumerate(table.heads):
        sheet.write_string(0, j, str(head), bold)
        longest = max((len(str(row[j])) for row in table.rows if row[j] is not None), default=0)
        sheet.set_column(j, j, min(WIDEST, max(10, longest + 2)))
    for i, row in enumerate(table.rows):
        decimals = table.decimals[i] if table.decimals else 0
        for j, cell in enumerate(row):
            if isinstance(cell, float):
                whole = cell == round(cell) and not decimals
                sheet.write_number(i + 1, j, cell, forms[0 if whole else min(decimals, len(forms) - 1)])
            elif cell is not None:
                sheet.write_string(i + 1, j, cell)
    _headed(sheet, len(table.rows), len(table.heads))
    sheet.set_landscape()
    sheet.set_paper(9)  # A4
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(0)
    # What a printed page says of itself; & begins a code in Excel.
    sheet.set_footer(f"&L{readable.source.replace('&', '&&')}&R&P"[:255])


def _headed(sheet: Any, rows: int, columns: int) -> None:
    """Keeps the head in sight and offers filters."""
    sheet.freeze_panes(1, 0)
    if columns:
        sheet.autofilter(0, 0, rows, columns - 1)


def _write_sheet(sheet: Any, frame: pd.DataFrame, bold: Any) -> None:
    for j, name in enumerate(frame.columns):
        sheet.write_string(0, j, str(name), bold)
        sheet.set_column(j, j, max(10, min(WIDEST, len(str(name)) + 4)))
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
    _headed(sheet, len(frame), len(frame.columns))


# ---------------------------------------------------------------------------------------------------------
# Tables of a run, summarised over replicates


def _exact_sheet(folder: RunFolder, name: str, notes: list[tuple[str, str]], say: Words) -> pd.DataFrame:
    first, *others = (column for column, _ in schema_of(name) if column in VALUE_COLUMNS)
    frames = (folder.replicate(name, j) for j in range(folder.replicates))
    keys, values = _fitting(frames, keys_of(name), [first, *others], name, notes, say)
    beside = {f"{other}_{q}": column for other in others for q, column in _chosen(values[other]).items()}
    return keys.assign(**_chosen(values[first]), **beside)


def _published_sheet(
    published: Published, folder: RunFolder, name: str, notes: list[tuple[str, str]], say: Words
) -> pd.DataFrame:
    frames = (published.replicate(name, j) for j in range(folder.replicates))
    keys_and_unit = list(dict.fromkeys([*keys_of(name), "unit"]))  # outcomes have a unit of their own
    keys, values = _fitting(frames, keys_and_unit, ["value", "persons"], name, notes, say)
    table = keys.assign(**_chosen(values["value"]), persons=values["persons"].mean(axis=-1))
    return rounded(table, _SPREAD)


def _chosen(values: np.ndarray) -> dict[str, np.ndarray]:
    cuts = spread(values)
    return {name: cuts[name] for name in _SPREAD}


def _fitting(
    frames: Iterator[pd.DataFrame],
    keys: list[str],
    values: list[str],
    name: str,
    notes: list[tuple[str, str]],
    say: Words,
) -> tuple[pd.DataFrame, dict[str, np.ndarray]]:
    """Replicates side by side, by as many columns as one sheet has room for."""
    tables = list(frames)
    for columns in ((), *_COARSER):
        keys = [key for key in keys if key not in columns]
        distinct, first = dense(tables, keys, values[0])
        if len(distinct) < EXCEL_ROWS:
            break
        notes.append((name, say("rows_summed")))
    return distinct, {values[0]: first, **{v: dense(tables, keys, v)[1] for v in values[1:]}}
