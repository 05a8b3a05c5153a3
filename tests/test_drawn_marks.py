"""Every picture shows its numbers: marks are read back from the figure and compared with the table beside it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure

import comparison_frames
import fake_engine
from helpers.drawn import (
    Mark,
    assert_drawn,
    band,
    bar,
    begins,
    columns,
    dot,
    dots,
    flat,
    line,
    marks_of,
    over_time,
    panels_of,
    when,
)
from irregsim.inference.targets import targets
from irregsim.present import plots
from irregsim.present.colours import COLOURS, colour_of
from irregsim.present.plots import compare
from irregsim.present.plots.compare import Inputs
from irregsim.present.plots.compare.effects import group_words
from irregsim.present.plots.compare.lives import STATES
from irregsim.present.plots.registers import PANELS, _observed
from irregsim.present.plots.style import Drawing
from irregsim.present.words import outcome_words, state_words
from irregsim.scenario import load_scenario
from irregsim.study.summaries import Series, reader
from irregsim.vocabulary.codes import HIDDEN, STRATEGIES
from irregsim.vocabulary.labels import label
from run_tools import short_scenario

pytestmark = pytest.mark.once

MODEL, INK, OBSERVED = "#56708A", "#333333", "#000000"
FRAMES = comparison_frames.frames()
SCENARIO = comparison_frames.SCENARIOS[0]
SIDES = ("reference", "scenario")


# ---------------------------------------------------------------------------------------------------------
# Pictures of a run


@pytest.fixture(scope="module")
def series(tmp_path_factory) -> list[Series]:
    scenario = load_scenario(short_scenario(tmp_path_factory.mktemp("scenario")))
    return [
        Series.of(reader(fake_engine.run_replicate(scenario, {}, seed=1, replicate=j, scale=0.5))) for j in range(4)
    ]


def spread_marks(rows: pd.DataFrame, x: list[float], colour: str) -> list[Mark]:
    low, middle, high = columns(rows, "q025", "q50", "q975")
    return [band(colour, x, low, high), line(colour, x, middle)]


@pytest.mark.parametrize("levels", [False, True], ids=["index", "levels"])
def test_strategies(series, levels):
    drawing = plots.PLOTS["strategies"](series, plots.Options(show_levels=levels))
    left, right = drawing.figure.axes
    wanted: dict[bool, list[Mark]] = {True: [], False: []}
    for code, rows in drawing.data.groupby("strategy", sort=False):
        x, colour = [when(month) for month in rows["month"]], COLOURS[str(code)]
        if levels and code in HIDDEN:
            low, high = columns(rows, "q025", "q975")
            wanted[False] += [band(colour, x, low, high), line(colour, x, low), line(colour, x, high)]
        else:
            wanted[code == "synlig"] += spread_marks(rows, x, colour)
    first, last = drawing.data["month"].min(), drawing.data["month"].max()
    wanted[True] += [
        dot(OBSERVED, when(t.period), t.value)
        for t in targets()
        if (t.register, t.dimension) == ("udi_return_duty_stock", "total") and first <= t.period <= last
    ]
    assert len(wanted[True]) > 2
    assert_drawn(left, wanted[True], name="strategies, left")
    assert_drawn(right, wanted[False], name="strategies, right")


def test_exits(series):
    drawing = plots.PLOTS["exits"](series, plots.Options())
    found = panels_of(drawing.figure)
    for code, rows in drawing.data.groupby("exit", sort=False):
        x = [when(str(year)) for year in rows["year"]]
        marks = [*spread_marks(rows, x, MODEL), *dots(MODEL, x, rows["q50"])]
        assert_drawn(found.pop(flat(label(f"exit.{code}", "en"))), marks, name=str(code))
    assert not found


def test_registers(series):
    drawing = plots.PLOTS["registers"](series, plots.Options())
    shown = [axes for axes in drawing.figure.axes if axes.axison]
    published = 0
    for (register, dimension, key), axes in zip(PANELS, shown, strict=True):
        data = drawing.data
        data = data[(data["register"] == register) & (data["dimension"] == dimension) & (data["key"] == key)]
        model = data[data["source"] == "model"]
        marks = spread_marks(model, [when(period) for period in model["period"]], MODEL)
        seen = data[data["source"] == "published"]
        for period, value in zip(seen["period"], seen["q50"], strict=True):
            marks.append(published_mark(period, value))
        published += len(seen)
        if len(data):
            assert_drawn(axes, marks, name=f"{register}/{dimension}/{key}")
        else:
            assert not marks_of(axes)
    assert published >= 9


def published_mark(period: str, value: float) -> Mark:
    """A count of a month or year is a point; a sum over years its yearly mean, as wide as the years."""
    if len(period) < 9:
        return dot(OBSERVED, when(period), value)
    start, end = (int(year) for year in period.split("-"))
    return line(OBSERVED, [start, end + 1], [value / (end - start + 1)] * 2)


def test_a_sum_over_years_is_a_line_as_wide_as_the_years(series):
    spans = [t for t in targets() if len(t.period) == 9 and (t.register, t.dimension, t.key) in PANELS]
    assert spans
    axes = Figure().subplots()
    for target in spans:
        _observed(axes, target)
    assert_drawn(axes, [published_mark(t.period, t.value) for t in spans])


# ---------------------------------------------------------------------------------------------------------
# Pictures of a comparison


@cache
def drawn(kind: str) -> Drawing:
    picture = next(one for one in compare.PICTURES if one.name == kind)
    about = comparison_frames.about(scenarios=comparison_frames.SCENARIOS if kind == "tradeoff" else (SCENARIO,))
    drawing = picture.draw(Inputs(FRAMES, about, SCENARIO if picture.is_slide else "", "en"))
    assert drawing is not None
    return drawing


def table(name: str) -> pd.DataFrame:
    frame = FRAMES[name]
    return frame[frame["scenario"].astype(str) == SCENARIO]


def interval(row, place: float, colour: str = MODEL) -> list[Mark]:
    """A dot with its 95 % and, where known, its 50 % interval."""
    marks = [dot(colour, row["mean"], place), line(colour, [row["lo"], row["hi"]], [place] * 2)]
    if "lo50" in row and row["lo50"] == row["lo50"]:
        marks.append(line(colour, [row["lo50"], row["hi50"]], [place] * 2))
    return marks


#: What a panel of a picture is expected to show: its name, the panel, its marks.
Expected = Iterator[tuple[str, Axes, list[Mark]]]


def forest() -> Expected:
    drawing = drawn("forest")
    rows = drawing.data.to_dict("records")
    yield "forest", drawing.figure.axes[0], [mark for place, row in enumerate(rows) for mark in interval(row, place)]


def main() -> Expected:
    drawing = drawn("main")
    rows = percent(table("key_figures")).set_index("outcome")
    found = [rows.loc[name] for name in drawing.data["outcome"]]
    # Beyond the axis is an arrow at its edge, which is no mark of a number.
    reach = drawing.figure.axes[0].get_xlim()[1]
    assert len(found) >= 3 and all(abs(row["mean"]) < reach for row in found)
    yield "main", drawing.figure.axes[0], [mark for place, row in enumerate(found) for mark in interval(row, place)]


def slide_main() -> Expected:
    rows = percent(table("key_figures")).set_index("outcome")
    found = [rows.loc[name] for name in drawn("slide_main").data["outcome"]]
    marks = [mark for place, row in enumerate(found) for mark in interval(row, place)]
    yield "slide_main", drawn("slide_main").figure.axes[0], marks


def slide_time() -> Expected:
    drawing = drawn("slide_time")
    (outcome,) = set(drawing.data["outcome"])
    colour = COLOURS.get(outcome.partition(":")[2], MODEL) if outcome.startswith("stock:") else MODEL
    yield outcome, drawing.figure.axes[0], over_time(drawing.data, colour, ends="lo hi lo80 hi80 lo50 hi50")


def tradeoff() -> Expected:
    drawing = drawn("tradeoff")
    groups = drawing.data.groupby("returns", sort=False)
    for (name, rows), axes in zip(groups, drawing.figure.axes, strict=True):
        marks = []
        for row in rows.to_dict("records"):
            marks.append(dot(MODEL, row["x"], row["y"]))
            marks.append(line(MODEL, [row["x_lo"], row["x_hi"]], [row["y"]] * 2))
            marks.append(line(MODEL, [row["x"]] * 2, [row["y_lo"], row["y_hi"]]))
        yield str(name), axes, marks


def percent(frame: pd.DataFrame) -> pd.DataFrame:
    """Effects and intervals in percent of the reference."""
    names = ["mean", "lo", "hi", "lo50", "hi50"]
    return frame.assign(**{name: 100 * frame[name] / frame["reference_mean"] for name in names})


def cities() -> Expected:
    drawing, rows = drawn("cities"), percent(table("cities"))
    assert_same_numbers(drawing.data, rows, ["city", "outcome"], ["mean", "lo", "hi"])
    order = list(dict.fromkeys(rows["outcome"]))
    for city, axes in panels_of(drawing.figure).items():
        here = rows[rows["city"].map(flat) == city].to_dict("records")
        yield city, axes, [mark for row in here for mark in interval(row, order.index(row["outcome"]))]


def groups() -> Expected:
    drawing, rows = drawn("groups"), percent(table("groups"))
    assert_same_numbers(drawing.data, rows, ["dimension", "group", "outcome"], ["mean", "lo", "hi"])
    found = panels_of(drawing.figure)
    names = [flat(text.get_text()) for text in drawing.figure.axes[0].get_yticklabels()]
    for outcome, here in rows.groupby("outcome", sort=False):
        axes = found[flat(outcome_words(str(outcome), "en"))]
        marks = []
        for row in here.to_dict("records"):
            marks += interval(row, names.index(flat(group_words(row["dimension"], row["group"], "en"))))
        yield str(outcome), axes, marks


def responses() -> Expected:
    drawing = drawn("responses")
    thirds = ("deterrence", "between", "displacement")
    found = panels_of(drawing.figure)
    for outcome, rows in drawing.data.groupby("outcome", sort=False):
        axes = found[flat(outcome_words(str(outcome), "en"))]
        marks = [mark for row in rows.to_dict("records") for mark in interval(row, thirds.index(row["third"]))]
        yield str(outcome), axes, marks


def stocks() -> Expected:
    drawing = drawn("stocks")
    found = panels_of(drawing.figure)
    for outcome, rows in drawing.data.groupby("outcome", sort=False):
        code = str(outcome).partition(":")[2]
        x = [when(month) for month in rows["month"]]
        marks = [*over_time(rows, COLOURS[code]), line(INK, x, rows["reference"])]
        yield code, found[flat(state_words(code, "en"))], marks


def exits() -> Expected:
    drawing = drawn("exits")
    found = panels_of(drawing.figure)
    for code, rows in drawing.data.groupby("exit", sort=False):
        yield str(code), found[flat(state_words(str(code), "en"))], over_time(rows, MODEL)


def fans() -> Expected:
    drawing = drawn("fans")
    found = panels_of(drawing.figure)
    for outcome, rows in drawing.data.groupby("outcome", sort=False):
        kind, _, code = str(outcome).partition(":")
        marks = over_time(
            rows, COLOURS.get(code, MODEL) if kind == "stock" else MODEL, ends="lo hi lo80 hi80 lo50 hi50"
        )
        yield str(outcome), found[flat(outcome_words(str(outcome), "en"))], marks


def iceberg() -> Expected:
    drawing = drawn("iceberg")
    found = panels_of(drawing.figure)
    for part, rows in drawing.data.groupby("part", sort=False):
        axes = found[flat(label(f"compare.iceberg_{part}", "en"))]
        yield str(part), axes, over_time(rows, COLOURS["synlig"] if part == "seen" else MODEL)


def registers() -> Expected:
    drawing = drawn("registers")
    found = panels_of(drawing.figure)
    for register, rows in drawing.data.groupby("register", sort=False):
        model, seen = (rows[rows["source"] == source] for source in ("model", "published"))
        # A stock is counted at the end of its month, a flow over its year.
        is_stock = register == "udi_return_duty_stock"
        x = [when(month if is_stock else month[:4]) for month in model["month"]]
        marks = [*over_time(model, MODEL, x=x), line(INK, x, model["reference"])]
        marks += dots(OBSERVED, [when(period) for period in seen["month"]], seen["mean"])
        yield str(register), found[flat(label(f"register_short.{register}", "en"))], marks


def displacement() -> Expected:
    drawing = drawn("displacement")
    flows, *accounts = drawing.figure.axes
    data = drawing.data
    moves = data[data["part"] == "moves"]
    yield "shares", flows, shares(moves)
    balance = data[data["part"] == "balance"]
    assert_same_numbers(
        balance,
        table("balance").rename(columns={"change_in_state": "mean"}).dropna(subset="mean"),
        ["state"],
        ["mean", "lo", "hi"],
    )
    units = [unit for unit in ("persons", "percent") if unit in set(balance["unit"])]
    for unit, axes in zip(units, accounts, strict=True):
        marks = []
        for place, row in enumerate(balance[balance["unit"] == unit].to_dict("records")):
            marks.append(bar(colour_of(row["state"]), 0.0, place - 0.35, row["mean"], place + 0.35))
            marks.append(line("#222222", [row["lo"], row["hi"]], [place] * 2))
        yield unit, axes, marks


def shares(moves: pd.DataFrame) -> list[Mark]:
    """Bars of where those of each place are, one after the other, of 100 percent in all."""
    marks = []
    order = [*STATES, "rest"]
    for place, source in enumerate(dict.fromkeys(moves["reference_state"])):
        left = 0.0
        here = moves[moves["reference_state"] == source].to_dict("records")
        for row in sorted(here, key=lambda row: order.index(row["scenario_state"])):
            colour = "white" if row["scenario_state"] == "rest" else colour_of(row["scenario_state"])
            marks.append(bar(colour, left, place - 0.33, left + 100.0 * row["share"], place + 0.33))
            left += 100.0 * row["share"]
        assert abs(left - 100.0) < 2.0, "each bar is all of them"
    return marks


def chronogram() -> Expected:
    drawing = drawn("chronogram")
    for side, cohort, axes in sides_and_cohorts(drawing):
        here = drawing.data[(drawing.data["side"] == side) & (drawing.data["cohort"] == cohort)]
        months = sorted(here["months_since"].unique())
        below, marks = np.zeros(len(months)), []
        for state in STATES:
            rows = here[here["state"] == state].set_index("months_since")["share"].reindex(months, fill_value=0.0)
            if rows.max() > 0.002:
                above = below + 100.0 * rows.to_numpy()
                marks.append(band(colour_of(state), months, below, above))
                below = above
        yield f"{side}, {cohort}", axes, marks


def sides_and_cohorts(drawing: Drawing) -> Iterator[tuple[str, str, Axes]]:
    """Panels of a grid of cohorts by sides."""
    cohorts = [cohort for cohort in ("present", "entered") if cohort in set(drawing.data["cohort"].astype(str))]
    shown = iter(drawing.figure.axes)
    for cohort in cohorts:
        for side in SIDES:
            axes = next(shown)
            assert axes.get_title(loc="left").lower().startswith(label(f"legend.{side}", "en").lower())
            yield side, cohort, axes


def sequences() -> Expected:
    drawing = drawn("sequences")
    data = drawing.data
    for side, cohort, axes in sides_and_cohorts(drawing):
        reference = data[(data["side"] == "reference") & (data["cohort"] == cohort)].sort_values("start")
        last = reference.groupby("life").last()
        # By the last state, then by when it began; the same line on both sides.
        order = sorted(
            last.index, key=lambda life: (STATES.index(last.loc[life, "state"]), last.loc[life, "start"], life)
        )
        here = data[(data["side"] == side) & (data["cohort"] == cohort)]
        marks = []
        for row in here.to_dict("records"):
            place = order.index(row["life"])
            ends = (row["start"], place - 0.5, row["start"] + row["months"], place + 0.5)
            marks.append(bar(colour_of(row["state"]), *ends))
        yield f"{side}, {cohort}", axes, marks


def steps(rows: pd.DataFrame, name: str) -> list[Mark]:
    """A difference in percentage points with its band."""
    months, middle, low, high = columns(rows.sort_values("months"), "months", name, "lo", "hi")
    return [line(MODEL, months, 100 * middle), band(MODEL, months, 100 * low, 100 * high)]


def survival() -> Expected:
    drawing = drawn("survival")
    assert set(drawing.data["side"]) == {"difference"}
    (cohort,) = set(drawing.data["cohort"])
    yield cohort, drawing.figure.axes[0], steps(drawing.data, "survival")


def incidence() -> Expected:
    drawing = drawn("incidence")
    assert set(drawing.data["side"]) == {"difference"}
    found = panels_of(drawing.figure)
    for code, rows in drawing.data.groupby("exit", sort=False, observed=True):
        yield str(code), found[flat(state_words(str(code), "en"))], steps(rows, "incidence")


def mean_time() -> Expected:
    drawing = drawn("mean_time")
    found = panels_of(drawing.figure)
    for cohort, rows in drawing.data.groupby("cohort", sort=False, observed=True):
        marks = []
        for row in rows.to_dict("records"):
            is_reference = row["side"] == "reference"
            place = STRATEGIES.index(row["strategy"]) + (-0.16 if is_reference else 0.16)
            colour = INK if is_reference else COLOURS[row["strategy"]]
            marks += interval({"mean": row["months"], "lo": row["lo"], "hi": row["hi"]}, place, colour)
        yield str(cohort), found[flat(label(f"compare.cohort_{cohort}", "en"))], marks


def twins() -> Expected:
    drawing = drawn("twins")
    pairs = table("twins").to_dict("records")
    place = {(row["person"], row["replicate"]): i for i, row in enumerate(pairs)}
    last = when(comparison_frames.MONTHS[-1])
    marks = []
    for row in drawing.data.to_dict("records"):
        y = place[row["person"], row["replicate"]] + (-0.19 if row["side"] == "reference" else 0.19)
        end = begins(row["end"]) if isinstance(row["end"], str) else last
        marks.append(bar(colour_of(row["state"]), begins(row["start"]), y - 0.15, end, y + 0.15))
    for i, row in enumerate(pairs):
        marks.append(line("black", [begins(row["first_parting"])] * 2, [i - 0.44, i + 0.44]))
    yield "twins", drawing.figure.axes[0], marks


PICTURES: dict[str, Callable[[], Expected]] = {
    one.__name__: one
    for one in (
        *(forest, stocks, displacement, exits, fans, responses, iceberg, registers, cities, groups, chronogram),
        *(sequences, mean_time, survival, incidence, twins, tradeoff, main, slide_main, slide_time),
    )
}


def assert_same_numbers(data: pd.DataFrame, rows: pd.DataFrame, keys: list[str], names: list[str]) -> None:
    """The table beside a picture has the numbers of the table it is drawn from."""
    left, right = (frame.set_index(keys)[names].astype(float).sort_index() for frame in (data, rows))
    pd.testing.assert_frame_equal(left, right, check_index_type=False)


def test_every_picture_of_a_comparison_is_here():
    assert set(PICTURES) == {one.name for one in compare.PICTURES if not one.is_of_sweep}


@pytest.mark.parametrize("kind", PICTURES)
def test_pictures_of_a_comparison(kind):
    panels = list(PICTURES[kind]())
    assert panels
    helping = {"tradeoff": ["#999999"]}.get(kind, [])
    for name, axes, marks in panels:
        assert_drawn(axes, marks, name=f"{kind}: {name}", steps=kind in ("survival", "incidence"), but=helping)
    # Panels that no number is expected in show none.
    known = {id(axes) for _, axes, _ in panels}
    for axes in drawn(kind).figure.axes:
        if id(axes) not in known:
            assert not marks_of(axes), f"{kind}: a panel shows marks without numbers"


def test_the_numbers_beside_the_trade_off_are_those_of_the_key_figures():
    figures = FRAMES["key_figures"].set_index(["scenario", "outcome"])
    for row in drawn("tradeoff").data.to_dict("records"):
        x = figures.loc[(row["scenario"], row["returns"])]
        y = figures.loc[(row["scenario"], "outcome:homeless_person_months")]
        assert [row[name] for name in ("x", "x_lo", "x_hi")] == [x["mean"], x["lo"], x["hi"]]
        assert [row[name] for name in ("y", "y_lo", "y_hi")] == [y["mean"], y["lo"], y["hi"]]
