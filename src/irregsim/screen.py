"""Text for a screen of any kind: aligned tables and the summary of a run. No colours, no box lines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from irregsim.labels import label
from irregsim.summaries import EXITS, HIDDEN, LAST_OBSERVED_YEAR, hidden_index, hidden_shares

if TYPE_CHECKING:
    import pandas as pd

    from irregsim.summaries import Series

#: Years a summary shows, where the run has them; the last year of the run is always shown.
YEARS = (2012, 2019, 2020)

#: Registers a summary shows, and where the published count of the same cell is looked up.
_REGISTERS = (
    ("udi_return_duty_stock", "total", "total"),
    ("udi_expulsions", "ground", "utlendingsloven"),
    ("udi_expulsions", "ground", "straff"),
    ("pu_orders", "total", "total"),
    ("pu_orders", "track", "asylum"),
    ("pu_returns_executed", "track", "asylum"),
    ("pu_returns_executed", "track", "dublin"),
    ("assisted_returns", "total", "total"),
    ("ssb_sanctions", "employer", "total"),
    ("ssb_sanctions", "worker", "total"),
    ("left_centre_without_address", "total", "total"),
)


def table(rows: Sequence[Sequence[str]], *, left: int = 1, indent: str = "  ") -> str:
    """Rows of text in columns: the first ones to the left, the others to the right.

    Args:
        rows: All of the same length; the first may be a heading.
        left: How many columns are set to the left.
        indent: Before every line.
    """
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = []
    for row in rows:
        cells = [
            cell.ljust(width) if i < left else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append((indent + "  ".join(cells)).rstrip())
    return "\n".join(lines)


def run_summary(series: Sequence[Series], manifest: Mapping[str, Any], *, show_levels: bool = False) -> str:
    """What a run says on the screen: medians over replicates for a few years.

    Hidden strategies stand as an index and as shares, never in persons, unless ``show_levels``: then as an
    interval with the sentence that assumptions set it.

    Args:
        series: The series of every replicate.
        manifest: The run's manifest.
        show_levels: Whether levels of the hidden population were asked for.

    Returns:
        Lines of at most some 110 characters, without a final line break.
    """
    ends = {int(m[:4]): m for m in series[0].stocks.index}  # the last month of each year
    years = [y for y in YEARS if y in ends and ends[y].endswith("-12")]
    last = max(ends)
    if last not in years:
        years.append(last)
    heads = [f"{year}*" if year > LAST_OBSERVED_YEAR else str(year) for year in years]
    months = [ends[year] for year in years]
    blocks = [
        _table_of(
            "Persons in reception centres at the end of the year",
            heads,
            [("strategy.synlig", [[_cell(one.stocks, m, "synlig") for one in series] for m in months], "{:.0f}")],
        ),
        _hidden(series, months, heads),
    ]
    if show_levels:
        blocks.append(_levels(series, months, heads))
    blocks.append(
        _table_of(
            "Ways out during the year, persons",
            heads,
            [
                (f"exit.{code}", [[_cell(one.flows, y, code) for one in series] for y in years], "{:.0f}")
                for code in EXITS
            ],
        )
    )
    blocks.append(_registers(series, years, heads))
    notes = []
    if last > LAST_OBSERVED_YEAR:
        first = LAST_OBSERVED_YEAR + 1
        years_after = str(last) if last == first else f"{first}-{last}"
        notes.append(f"* {years_after} rests on stated assumptions, not on observed history.")
    notes.append(label("sentence.synthetic_persons", "en"))
    if manifest["posterior_id"] == "point":
        notes.append(label("sentence.uncalibrated", "en"))
    if manifest["without"]:
        notes.append("Left out of this run (--without):\n" + claim_lines(manifest["without"]))
    if manifest["scale"] != 1:
        notes.append(f"Population scale {manifest['scale']:g}: a trial; counts are not those of the country.")
    head = (
        f"{manifest['scenario']['name']}: {_replicates(len(series))}, seed {manifest['seed']}, "
        f"{series[0].stocks.index[0]} to {series[0].stocks.index[-1]}, run {manifest['run_id']}"
    )
    middle = "Medians over replicates." if len(series) > 1 else "One replicate: chance alone moves small numbers."
    return "\n\n".join([head + "\n" + middle, *blocks, "\n".join(notes)])


def claim_lines(ids: Sequence[str]) -> str:
    """Claims of the report in words, a line each."""
    from irregsim.without import claims

    return "\n".join(f"  {id_}  {claims()[id_]}" for id_ in ids)


def _replicates(n: int) -> str:
    return f"{n} replicate" + ("" if n == 1 else "s")


def _cell(table: pd.DataFrame, row: str | int, column: str) -> float:
    return float(table[column].loc[row])


def _median(values: Sequence[float]) -> float:
    import numpy as np

    return float(np.median(np.asarray(values, dtype="float64")))


def _table_of(title: str, heads: Sequence[str], rows: Sequence[tuple[str, Sequence[Sequence[float]], str]]) -> str:
    lines = [["", *heads]]
    for key, values, form in rows:
        lines.append([label(key, "en"), *(form.format(_median(v)) for v in values)])
    return f"{title}\n{table(lines)}"


def _hidden(series: Sequence[Series], months: Sequence[str], heads: Sequence[str]) -> str:
    index = [hidden_index(one.stocks).sum(axis=1, min_count=1) for one in series]
    shares = [hidden_shares(one.stocks) for one in series]
    lines = [["", *heads]]
    lines.append(["all, index (first month = 100)", *(f"{_median([i[m] for i in index]):.0f}" for m in months)])
    for code in HIDDEN:
        cells = (f"{_median([_cell(s, m, code) for s in shares]):.0f} %" for m in months)
        lines.append([label(f"strategy.{code}", "en"), *cells])
    return f"Outside reception centres at the end of the year: index, and shares of those outside\n{table(lines)}"


def _levels(series: Sequence[Series], months: Sequence[str], heads: Sequence[str]) -> str:
    import numpy as np

    lines = [["", *heads]]
    for code in (*HIDDEN, None):
        name = "all outside reception centres" if code is None else label(f"strategy.{code}", "en")
        chosen = list(HIDDEN) if code is None else [code]
        cells = []
        for month in months:
            low, high = np.quantile([one.stocks.loc[month, chosen].sum() for one in series], [0.025, 0.975])
            cells.append(f"{5 * round(low / 5)}-{5 * round(high / 5)}")
        lines.append([name, *cells])
    title = "Outside reception centres, persons: 95 % of replicates"
    return f"{title}\n{table(lines)}\n  {label('sentence.hidden_levels', 'en')}"


def _registers(series: Sequence[Series], years: Sequence[int], heads: Sequence[str]) -> str:
    from irregsim.targets import targets

    published = {
        (t.register, t.dimension, t.key, t.period): t.value
        for t in targets()
        if t.use == "primary" and "percent" not in t.unit
    }
    # A register counts whole years; one that the period does not fill is not shown as zero.
    counted = {str(period)[:4] for one in series for period in one.registers["period"].unique()}
    whole = [(year, head) for year, head in zip(years, heads, strict=True) if str(year) in counted]
    if not whole:
        return "Registers count whole years, and this period holds none."
    years, heads = [year for year, _ in whole], [head for _, head in whole]
    rows: list[tuple[str, list[tuple[str, str]]]] = []
    for register, dimension, key in _REGISTERS:
        name = f"register:{register}:{dimension}:{key}"
        counts = [one.registers[one.registers["outcome"] == name].set_index("period")["value"] for one in series]
        cells = []
        for year in years:
            period = f"{year}-12" if register == "udi_return_duty_stock" else str(year)
            model = _median([count.get(period, 0) for count in counts])
            seen = published.get((register, dimension, key, period))
            cells.append((f"{model:.0f}", "" if seen is None else f" ({seen:.0f})"))
        words = label(f"register_short.{register}", "en")
        if dimension in ("employer", "worker"):
            words += ": " + label(f"dimension.{dimension}", "en")
        elif key != "total":
            words += ": " + label(f"key.{key}", "en")
        rows.append((words, cells))
    widths = [max(len(cells[i][1]) for _, cells in rows) for i in range(len(years))]
    lines = [["", *(head + " " * width for head, width in zip(heads, widths, strict=True))]]
    for words, cells in rows:
        lines.append([words, *(m + seen.ljust(width) for (m, seen), width in zip(cells, widths, strict=True))])
    return f"Registers: model (published count)\n{table(lines)}"
