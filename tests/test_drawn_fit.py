"""Every picture of a fit shows its numbers: marks read back from the figure are those of the table beside it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from helpers.drawn import Mark, assert_drawn, dot, flat, line, over_time, panels_of, when
from irregsim.inference.check import agreement
from irregsim.inference.targets import targets
from irregsim.present.plots import fit as fit_plots
from irregsim.vocabulary.labels import label

pytestmark = pytest.mark.once

MODEL, OBSERVED, NEWER = "#56708A", "#000000", "#D55E00"


@pytest.fixture(scope="module")
def fit_tables() -> fit_plots.FitTables:
    """Seven replicates that count something of every target; some targets fitted, one with a newer number."""
    rows = []
    for number, target in enumerate(targets()):
        for j in range(7):
            count = 5 + target.value * (0.7 + 0.1 * ((number + 3 * j) % 7))
            rows.append((target.period, j, target.register, target.dimension, target.key, count))
    counted = pd.DataFrame(rows, columns=["period", "replicate", "register", "dimension", "key", "count"])
    fitted = {t.id for t in targets() if t.role == "fit" and t.period[:4] <= "2016"}
    judged = agreement.judged(counted, targets(), fitted=fitted)
    after = judged.assign(observed=judged["observed"] * np.where(judged["register"] == "pu_orders", 1.0, 2.0))
    bands = agreement.bands(counted, fit_plots.fit_series())
    return fit_plots.FitTables(judged, bands, after, True, ("a sentence",), "en")


def newer_of(tables: fit_plots.FitTables, row: dict[str, object]) -> float | None:
    """Another vintage's number of a row of the table beside a picture, where it is another number."""
    assert tables.newer is not None
    id_ = "/".join(str(row[name]) for name in ("register", "dimension", "key", "period"))
    value = float(tables.newer.set_index("id").loc[id_, "observed"])
    return None if value == row["published"] else value


def of_series(tables: fit_plots.FitTables, rows: pd.DataFrame) -> list[Mark]:
    """Bands and median of the model over the years; published numbers, each with the interval with error."""
    model, published = (rows[rows["source"] == source] for source in ("model", "target"))
    marks = over_time(
        model.rename(columns={"median": "mean"}),
        MODEL,
        x=[when(p) for p in model["period"]],
        ends="lo90 hi90 lo50 hi50",
    )
    for row in published.to_dict("records"):
        period = str(row["period"])
        first, last = (int(year) for year in period.split("-")) if len(period) == 9 else (0, 0)
        years, x, newer = last - first + 1, when(period), newer_of(tables, row)
        if years > 1:
            marks.append(line(OBSERVED, [first, last + 1], [row["published"] / years] * 2))
        marks.append(dot(OBSERVED, x, row["published"] / years))
        marks.append(line(MODEL, [x, x], [row["lo90_error"] / years, row["hi90_error"] / years]))
        marks += [] if newer is None else [dot(NEWER, x, newer / years)]
    return marks


def of_cells(tables: fit_plots.FitTables, rows: pd.DataFrame, order: list[str]) -> list[Mark]:
    """A row for each cell, its periods below each other: three intervals, the median and the published number."""
    periods = sorted(rows["period"].unique())
    marks = []
    for row in rows[rows["key"].isin(order)].to_dict("records"):
        y = order.index(row["key"]) + (periods.index(row["period"]) - (len(periods) - 1) / 2) * 0.8 / len(periods)
        for low, high in (("lo90_error", "hi90_error"), ("lo90", "hi90"), ("lo50", "hi50")):
            marks.append(line(MODEL, [row[low], row[high]], [y, y]))
        marks += [dot("white", row["median"], y), dot(OBSERVED, row["published"], y)]
        newer = newer_of(tables, row)
        marks += [] if newer is None else [dot(NEWER, newer, y)]
    return marks


FIT_PICTURES = [f"fit-{register.replace('_', '-')}" for register in fit_plots.SERIES]


def test_every_picture_of_a_fit_is_here(fit_tables):
    by_country = {f"fit-by-citizenship-{ground}" for ground in fit_plots.GROUNDS}
    assert set(fit_plots.pictures(fit_tables)) == {*FIT_PICTURES, *by_country}


@pytest.mark.parametrize("name", FIT_PICTURES)
def test_pictures_of_a_fit(fit_tables, name):
    drawing = fit_plots.pictures(fit_tables)[name]()
    found = panels_of(drawing.figure)
    data = drawing.data
    is_cell = data["source"] == "cell"
    for (dimension, key), rows in data[~is_cell].groupby(["dimension", "key"]):
        of_work = dimension in ("employer", "worker")
        title = f"dimension.{dimension}" if of_work else "fit.whole_country" if key == "total" else f"key.{key}"
        axes = found.pop(flat(label(title, "en")))
        assert_drawn(axes, of_series(fit_tables, rows), name=f"{name}: {dimension}/{key}")
    for dimension, rows in data[is_cell].groupby("dimension"):
        title = label(f"dimension.{dimension}", "en")
        title += ", " + label("dimension.district", "en") if dimension in ("employer", "worker") else ""
        order = rows.sort_values("published", ascending=False, kind="stable")["key"].drop_duplicates().tolist()
        assert_drawn(found.pop(flat(title)), of_cells(fit_tables, rows, order), name=f"{name}: {dimension}")
    assert not found


@pytest.mark.parametrize("ground", fit_plots.GROUNDS)
def test_pictures_of_a_fit_by_citizenship(fit_tables, ground):
    drawing = fit_plots.pictures(fit_tables)[f"fit-by-citizenship-{ground}"]()
    rows = drawing.data
    order = rows.groupby("key")["published"].sum().sort_values(ascending=False, kind="stable").index.tolist()
    half = -(-len(order) // 2)
    for keys, axes in zip((order[:half], order[half:]), drawing.figure.axes, strict=True):
        assert_drawn(axes, of_cells(fit_tables, rows, keys), name=ground)
