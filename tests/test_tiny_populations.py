"""A population of few persons, or of none: every table, workbook, picture and page is written, with its types."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

import irregsim
from irregsim.cli import main
from irregsim.scenario import load_scenario
from irregsim.storage.parquet import to_frame
from irregsim.study.comparison.declare import Column, Form, Kind, Table
from irregsim.study.comparison.tables import TABLES
from irregsim.study.summaries import Series, hidden_index, reader, summary
from irregsim.study.tables import schema_of, tables_of

NOBODY, FEW = "1e-12", "1e-4"
ARROW = {"str": pa.string(), "int64": pa.int64(), "bool": pa.bool_(), "float64": pa.float64()}
OF_A_RUN = {"text": pa.string(), "int": pa.int64(), "bool": pa.bool_(), "float": pa.float64()}
HOW = ["--replicates", "2", "--jobs", "1", "--draws", "point", "--quiet"]
TINY = "schema: 1\nname: tiny\nextends: baseline\nlevers: {fines: {worker_nok: 900000}}\n"


def command(*arguments: str) -> None:
    done = CliRunner().invoke(main, [*arguments, *HOW])
    assert done.exit_code == 0, (done.output, done.exc_info)


@pytest.mark.parametrize(
    ("scale", "form"),
    [
        (NOBODY, "exact"),
        pytest.param(FEW, "published", marks=pytest.mark.slow),
        pytest.param(NOBODY, "published", marks=pytest.mark.slow),
        pytest.param(FEW, "exact", marks=pytest.mark.slow),
    ],
)
def test_a_run_of_nobody_is_written(tmp_path, scale, form):
    openpyxl = pytest.importorskip("openpyxl")
    published = ["--publish", "--show-levels"] if form == "published" else []
    command("run", "baseline", "--scale", scale, "--end", "2012-03", "--spells", "--format", "xlsx", "--out",
            str(tmp_path), *published)  # fmt: skip
    for name in tables_of(True):
        table = pq.read_table(tmp_path / f"{name}.parquet")
        assert [(f.name, f.type) for f in table.schema] == [
            (column, OF_A_RUN[kind.rstrip("?")]) for column, kind in schema_of(name)
        ]
        if scale == NOBODY and name not in ("outcomes", "registers"):
            assert table.num_rows == 0, name
    assert (tmp_path / "plots" / "strategies.svg").stat().st_size > 0
    sheets = openpyxl.load_workbook(tmp_path / "tables.xlsx", read_only=True).sheetnames
    assert {"about", "summary", "stocks", "flows"} <= set(sheets)


@pytest.mark.parametrize("scale", [NOBODY, pytest.param(FEW, marks=pytest.mark.slow)])
def test_a_comparison_of_nobody_is_written_with_its_types(tmp_path, scale):
    pytest.importorskip("xlsxwriter")
    (tmp_path / "tiny.yaml").write_text(TINY, encoding="utf-8")
    out = tmp_path / "out"
    command("compare", "baseline", str(tmp_path / "tiny.yaml"), "--scale", scale, "--end", "2012-03", "--format",
            "xlsx", "--publish", "--out", str(out))  # fmt: skip
    empty, missing = 0, 0
    for name, declared in TABLES.items():
        if not declared.is_stored or name == "sweep":  # made by `--vary` alone
            continue
        table = pq.read_table(out / f"{name}.parquet")
        assert {f.name: f.type for f in table.schema} == {c.name: ARROW[c.dtype] for c in declared.columns}, name
        empty += table.num_rows == 0
        for column in table.columns:
            if column.type == pa.float64() and len(column):
                assert not pc.any(pc.is_nan(column)).as_py(), "what is missing is null"
                missing += column.null_count
    assert empty >= 5 and missing > 0
    assert np.isfinite(pc.mean(pq.read_table(out / "costs.parquet")["amount"]).as_py()), "a mean passes over it"
    assert (out / "report.html").stat().st_size > 0


def test_a_run_of_nobody_has_every_month_in_its_summary():
    result = irregsim.run(load_scenario("baseline", end="2013-02"), replicates=2, jobs=1, draws="point", scale=1e-12)
    series = Series.of(reader({name: f[f["replicate"] == 0] for name, f in result.frames.items()}))
    assert list(series.stocks.index) == [f"2012-{m:02}" for m in range(1, 13)] + ["2013-01", "2013-02"]
    assert list(series.flows.index) == [2012, 2013]
    assert not series.stocks.to_numpy().any() and not series.flows.to_numpy().any()
    assert hidden_index(series.stocks).isna().all(axis=None), "nobody is no base of an index"
    told = summary([series], [0])
    assert set(told[told["outcome"] == "stock:synlig"]["period"]) == {"2012-12", "2013-02"}


def test_text_without_a_single_value_goes_with_text():
    empty, some = (to_frame(pa.table({"x": pa.array(values, pa.string())})) for values in ([], ["a"]))
    assert empty["x"].cat.categories.dtype == some["x"].cat.categories.dtype


def test_a_table_says_what_is_not_of_its_type():
    columns = (Column("scenario"), Column("n", Kind.NUMBER))
    table = Table("trial", lambda _: pd.DataFrame({"scenario": ["a"], "n": [np.nan]}), columns, Form.NEVER)
    with pytest.raises(ValueError, match=r"table trial: .*declare the types of its columns"):
        table.made(None)
    nothing = Table("trial", lambda _: pd.DataFrame(), columns, Form.NEVER)
    assert dict(nothing.made(None).dtypes) == {"scenario": "str", "n": "int64"}
