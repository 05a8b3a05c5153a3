"""Tables of a run as CSV, and in the form for publication, which workbooks share.

The tables of a run are exact. With ``--publish`` the CSV files and the workbook leave out what must not be
published and show the hidden strategies as an index (docs/odd.md; docs/outputs.md has the rules).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final

from irregsim.present.publication.disclosure import in_units, persons_behind
from irregsim.storage.folder import RunFolder
from irregsim.study.summaries import SHARES, dense, monthly_stocks, spread
from irregsim.study.tables import VALUE_COLUMNS, schema_of, tables_of
from irregsim.vocabulary.codes import HIDDEN
from irregsim.vocabulary.disclosure import in_steps, is_few
from irregsim.vocabulary.labels import label
from irregsim.vocabulary.outcomes import COUNTED_OUTCOMES

if TYPE_CHECKING:
    import pandas as pd

#: National levels of the hidden strategies, written only with ``--publish --show-levels``.
LEVELS = "levels"

#: What a spreadsheet takes for the beginning of a formula.
FORMULA_SIGNS: Final = ("=", "+", "-", "@", "\t", "\r")

#: Exits that agencies publish by citizenship.
_COUNTED_EXITS = ("tvangsretur", "assistert_retur")


def keys_of(name: str) -> list[str]:
    """Columns of a table that say of whom, where and when."""
    return [c for c, _ in schema_of(name) if c != "replicate" and c not in VALUE_COLUMNS]


def value_of(name: str) -> str:
    """Column of a table that holds the number."""
    return next(c for c, _ in schema_of(name) if c in VALUE_COLUMNS)


# ---------------------------------------------------------------------------------------------------------
# Published form


class Published:
    """Tables of one run as they may be published, before rounding.

    Every number is a ``value`` with a ``unit``; ``persons`` is the number of persons behind it and decides on
    suppression (it is dropped before writing). An index has the replicate's own hidden population at the end of the
    first month as 100, or for an outcome its own national monthly mean of the first twelve months.

    Args:
        folder: A finished run.
    """

    def __init__(self, folder: RunFolder) -> None:
        self._folder = folder
        self._start: dict[int, float] = {}

    def names(self) -> tuple[str, ...]:
        """Tables that may be published.

        Spells are lives of single persons, and detection shows where the police meet whom: neither is published.
        """
        return tuple(name for name in tables_of(spells=False) if name != "detection")

    def replicate(self, name: str, replicate: int) -> pd.DataFrame:
        """One replicate of a table.

        Args:
            name: Table name.
            replicate: Number of the replicate.

        Returns:
            The table's key columns, then ``value``, ``unit`` and ``persons`` (float; NaN where small cells
            hide nobody, such as amounts of money).
        """
        import pandas as pd

        frame = self._folder.replicate(name, replicate)
        if name == "outcomes":
            return self._outcomes(frame)
        keys, counts = keys_of(name), frame[value_of(name)].astype("float64")
        hidden = pd.Series(False, index=frame.index)
        scale = 1.0
        if name == "flows":
            hidden = frame["origin"].isin(HIDDEN) | frame["destination"].isin(HIDDEN)
        elif name == "centres_by_country":  # `utenfor_mottak` is hidden levels by country
            chosen = frame["place"] == "synlig"
            frame, counts, hidden = frame[chosen], counts[chosen], hidden[chosen]
        elif name == "exits_by_country":
            chosen = frame["destination"].isin(_COUNTED_EXITS)
            frame, counts, hidden = frame[chosen], counts[chosen], hidden[chosen]
        elif "strategy" in keys:
            hidden = frame["strategy"].isin(HIDDEN)
            scale = 12.0 if name == "groups" else 1.0  # person-months of a year against persons
        unit = {"registers": "count", "groups": "person-months"}.get(name, "persons")
        index = 100.0 * counts / (self._hidden_at_start(replicate) * scale)
        return frame[keys].assign(
            value=counts.where(~hidden, index), unit=hidden.map({True: "index", False: unit}), persons=counts
        )

    def _hidden_at_start(self, replicate: int) -> float:
        if replicate not in self._start:
            stocks = monthly_stocks(lambda name, columns: self._folder.replicate(name, replicate, columns))
            start = float(stocks.iloc[0][list(HIDDEN)].sum())
            self._start[replicate] = start if start > 0 else float("nan")
        return self._start[replicate]

    def _outcomes(self, frame: pd.DataFrame) -> pd.DataFrame:
        months = frame["month"].astype(str)
        first_year = sorted(months.unique())[:12]
        codes = frame["outcome"].astype(str)
        start = frame["value"].where(months.isin(first_year), 0.0).groupby(codes).sum() / max(1, len(first_year))
        reference = codes.map(start.where(start > 0)).astype("float64")
        counted = codes.isin(COUNTED_OUTCOMES)
        units = frame["unit"].astype(str)
        keys = [column for column in keys_of("outcomes") if column not in ("outcome", "unit")]
        return frame[keys_of("outcomes")].assign(
            value=frame["value"].where(counted, 100.0 * frame["value"] / reference),
            unit=units.where(counted, "index"),
            persons=persons_behind(frame, ["value"], keys, units)["value"],
        )


def rounded(frame: pd.DataFrame, columns: Sequence[str]) -> pd.DataFrame:
    """Round and suppress what is published.

    Args:
        frame: Columns ``unit``, ``persons`` (how many are behind a row) and the numbers.
        columns: The columns of numbers.

    Returns:
        The frame without ``persons``. Rows of few persons (`disclosure.is_few`) have no numbers and ``suppressed``
        true; others are as `disclosure.rounded` has them, shares of the variance (where there are any) to two decimals.
    """
    small = is_few(frame["persons"])
    out = frame.drop(columns="persons")
    for column in columns:
        out[column] = in_units(out[column], out["unit"]).where(~small)
    for column in (c for c in SHARES if c in out):
        out[column] = out[column].round(2).where(~small)
    return out.assign(suppressed=small)


def levels(folder: RunFolder) -> pd.DataFrame:
    """National levels of the hidden strategies at year ends, as an interval.

    Returns:
        Columns ``month``, ``strategy`` (a hidden strategy, or ``all_hidden``), ``q025``, ``q975``, ``note``.
    """
    import pandas as pd

    frames = []
    for j in range(folder.replicates):
        stocks = monthly_stocks(lambda name, columns, j=j: folder.replicate(name, j, columns))  # type: ignore[misc]
        stocks = stocks[[m.endswith("-12") for m in stocks.index]][list(HIDDEN)]
        stocks = stocks.assign(all_hidden=stocks.sum(axis=1))
        frames.append(stocks.rename_axis("month").melt(var_name="strategy", ignore_index=False).reset_index())
    keys, values = dense(frames, ["month", "strategy"], "value")
    cuts = spread(values)
    low, high = (in_steps(cuts[q]) for q in ("q025", "q975"))
    return pd.DataFrame(keys).assign(q025=low, q975=high, note=label("sentence.hidden_levels", "en"))


# ---------------------------------------------------------------------------------------------------------
# CSV


@dataclass(frozen=True)
class CsvForm:
    """One way of writing CSV.

    Attributes:
        ending: Between the name of a table and ``.csv``.
        separator: Between cells.
        decimal: Sign before decimals.
        encoding: Of the file; ``utf-8-sig`` begins with a byte order mark, which tells spreadsheets that it is UTF-8.
        is_for_spreadsheets: Whether text that a spreadsheet would take for a formula gets an apostrophe before it.
    """

    ending: str = ""
    separator: str = ","
    decimal: str = "."
    encoding: str = "utf-8"
    is_for_spreadsheets: bool = False

    def path(self, target: Path, name: str) -> Path:
        """The file of a table."""
        return target / f"{name}{self.ending}.csv"

    def write(self, frame: pd.DataFrame, target: Path, name: str) -> None:
        """Write a table, with one kind of line end on every system."""
        with self.path(target, name).open("w", encoding=self.encoding, newline="") as stream:
            self.add(frame, stream, heads=True)

    def add(self, frame: pd.DataFrame, stream: IO[str], *, heads: bool) -> None:
        """Write rows to a file that is open.

        Args:
            frame: The rows.
            stream: The file.
            heads: Whether the names of the columns come first.
        """
        frame = _plain_bools(frame)
        if self.is_for_spreadsheets:
            frame = frame.assign(
                **{str(c): _as_text(frame[c]) for c in frame.columns if frame[c].dtype.kind not in "iuf"}
            )
        frame.to_csv(stream, sep=self.separator, decimal=self.decimal, index=False, header=heads, lineterminator="\n")


#: CSV for programs, and as spreadsheets with Norwegian settings open it with a double click.
PLAIN: Final = CsvForm()
NORWEGIAN: Final = CsvForm("-no", ";", ",", "utf-8-sig", is_for_spreadsheets=True)


def _as_text(column: pd.Series) -> pd.Series:
    """Text that no spreadsheet takes for a formula; missing stays missing."""
    text = column.astype(object)
    return text.map(lambda cell: f"'{cell}" if isinstance(cell, str) and cell.startswith(FORMULA_SIGNS) else cell)


def write_csv(
    folder: RunFolder, target: Path, *, publish: bool = False, show_levels: bool = False, form: CsvForm = PLAIN
) -> None:
    """Write a CSV file for every table, all rows.

    Args:
        folder: A finished run.
        target: Folder to write into.
        publish: Write the published form (value, unit, suppressed) and no spells.
        show_levels: With ``publish``, write the levels too.
        form: How.
    """
    if not publish:
        for name in (*tables_of(bool(folder.manifest["spells"])), "draws"):
            if form is PLAIN:
                _csv_from_groups(folder, name, form.path(target, name))
            else:
                _written(form, target, name, _groups(folder, name))
        return
    published = Published(folder)
    for name in published.names():
        _written(form, target, name, (_published_rows(published, name, j) for j in range(folder.replicates)))
    if show_levels:
        form.write(levels(folder), target, LEVELS)


def _written(form: CsvForm, target: Path, name: str, frames: Iterable[pd.DataFrame]) -> None:
    """One table from its parts, so that only one part is in memory."""
    with form.path(target, name).open("w", encoding=form.encoding, newline="") as stream:
        for i, frame in enumerate(frames):
            form.add(frame, stream, heads=i == 0)


def _published_rows(published: Published, name: str, replicate: int) -> pd.DataFrame:
    frame = rounded(published.replicate(name, replicate), ["value"])
    frame.insert(1, "replicate", replicate)
    return frame


def _groups(folder: RunFolder, name: str) -> Iterator[pd.DataFrame]:
    """The exact rows of a table, a row group at a time."""
    import pyarrow.parquet as pq

    with pq.ParquetFile(folder.table_path(name)) as file:
        for group in range(file.metadata.num_row_groups):
            yield file.read_row_group(group).to_pandas()


def _csv_from_groups(folder: RunFolder, name: str, path: Path) -> None:
    import pyarrow.parquet as pq
    from pyarrow import csv

    with pq.ParquetFile(folder.table_path(name)) as file:
        # Numbers and codes need no quotes; a missing value is an empty cell.
        options = csv.WriteOptions(quoting_style="needed")
        with csv.CSVWriter(path, file.schema_arrow, write_options=options) as writer:
            for group in range(file.metadata.num_row_groups):
                writer.write_table(file.read_row_group(group))


def _plain_bools(frame: pd.DataFrame) -> pd.DataFrame:
    """Booleans as true and false, as the exact CSV files have them."""
    return frame.assign(
        **{c: frame[c].map({True: "true", False: "false"}) for c in frame.columns if frame[c].dtype == "bool"}
    )


def frame_to_csv(frame: pd.DataFrame, path: Path) -> None:
    """Write a frame as CSV in UTF-8 with one kind of line end on every system."""
    PLAIN.write(frame, path.parent, path.stem)


def hashes(folder: Path, names: Mapping[str, str | None]) -> dict[str, dict[str, str]]:
    """The manifest's ``outputs``: hashes of every file.

    Args:
        folder: Where the files are.
        names: File name to content hash, None for a file that is no table.
    """
    from irregsim.storage.hashing import sha256_of_file

    return {
        name: {"sha256": sha256_of_file(folder / name), **({"content_sha256": content} if content else {})}
        for name, content in sorted(names.items())
    }
