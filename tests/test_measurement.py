"""Behaviour or measurement: parts of a change, worked out by hand, and the table they are made from."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from irregsim.commands import run as workflow
from irregsim.model.history import History
from irregsim.model.parameters import point_draw
from irregsim.model.registers import REGISTERS
from irregsim.scenario import load_scenario
from irregsim.storage.folder import FolderError
from irregsim.study.comparison.detection_split import PARTS, split, split_folders
from irregsim.study.frames import _detection, run_replicate
from irregsim.study.tables import TABLES
from irregsim.vocabulary.codes import DISTRICTS, RegisterEvent, Strategy
from run_tools import leave_pictures_out, short_scenario, use_fake

pytestmark = pytest.mark.once

WORK, FALL, OUT = Strategy.ARBEIDENDE.code, Strategy.FRITT_FALL.code, "outside"
COLUMNS = [column for column, _ in TABLES["detection"]]


def table(*cells: tuple[str, str, int, int], replicate: int = 0, year: int = 2019) -> pd.DataFrame:
    """A table of one register from cells (strategy, district, events, person-months)."""
    rows = [(year, replicate, "pu_orders", "order_expelled", *cell) for cell in cells]
    return pd.DataFrame(rows, columns=COLUMNS)


def parts(reference: pd.DataFrame, changed: pd.DataFrame) -> tuple[float, ...]:
    """Change, exposure, rate and outside of two tables with one year, register and replicate."""
    out = split(reference, changed)
    assert len(out) == 1
    return tuple(float(value) for value in out.loc[0, ["change", *PARTS]])


# ---------------------------------------------------------------------------------------------------------
# Each part alone


def test_more_persons_at_the_same_rate_are_behaviour():
    assert parts(table((WORK, "Oslo", 10, 100)), table((WORK, "Oslo", 15, 150))) == (5, 5, 0, 0)


def test_the_same_persons_met_more_often_are_measurement():
    assert parts(table((WORK, "Oslo", 10, 100)), table((WORK, "Oslo", 25, 100))) == (15, 0, 15, 0)


def test_a_move_to_another_way_of_living_is_behaviour():
    # 50 person-months go from a rate of .1 to one of .4: 50 * .4 - 50 * .1 = 15.
    before = table((WORK, "Oslo", 10, 100), (FALL, "Oslo", 40, 100))
    after = table((WORK, "Oslo", 5, 50), (FALL, "Oslo", 60, 150))
    assert parts(before, after) == (15, 15, 0, 0)


def test_a_move_to_another_district_is_behaviour():
    before = table((WORK, "Oslo", 50, 100), (WORK, "Vest", 10, 100))
    after = table((WORK, "Oslo", 25, 50), (WORK, "Vest", 15, 150))
    assert parts(before, after) == (-20, -20, 0, 0)


def test_what_happens_outside_every_stock_is_a_part_of_its_own():
    before = table((WORK, "Oslo", 10, 100), (OUT, "Øst", 30, 0))
    after = table((WORK, "Oslo", 10, 100), (OUT, "Øst", 22, 0))
    assert parts(before, after) == (-8, 0, 0, -8)


def test_all_parts_at_once():
    # Work: 100 at .10 to 140 at .20, so (140 - 100) (.10 + .20) / 2 = 6 and (.20 - .10) (100 + 140) / 2 = 12.
    # Free fall: 80 at .50 to 40 at .25, so (40 - 80) (.50 + .25) / 2 = -15 and (.25 - .50) (80 + 40) / 2 = -15.
    before = table((WORK, "Oslo", 10, 100), (FALL, "Oslo", 40, 80), (OUT, "Øst", 7, 0))
    after = table((WORK, "Oslo", 28, 140), (FALL, "Oslo", 10, 40), (OUT, "Øst", 9, 0))
    assert parts(before, after) == pytest.approx((-10, -9, -3, 2))


# ---------------------------------------------------------------------------------------------------------
# Empty cells


def test_a_cell_that_is_empty_in_the_reference_is_exposure():
    assert parts(table((WORK, "Oslo", 10, 100)), table((WORK, "Oslo", 10, 100), (FALL, "Oslo", 6, 30))) == (6, 6, 0, 0)


def test_a_cell_that_is_emptied_is_exposure():
    before = table((WORK, "Oslo", 10, 100), (FALL, "Oslo", 6, 30))
    assert parts(before, table((WORK, "Oslo", 10, 100), (FALL, "Oslo", 0, 0))) == (-6, -6, 0, 0)


def test_events_of_a_cell_without_month_ends_are_outside():
    # Somebody fell and was met between two month ends: no person-month, so no rate.
    before, after = table((FALL, "Oslo", 2, 0)), table((FALL, "Oslo", 12, 40))
    assert parts(before, after) == (10, 12, 0, -2)
    assert parts(after, before) == (-10, -12, 0, 2)
    assert parts(before, table((FALL, "Oslo", 5, 0))) == (3, 0, 0, 3)


def test_persons_whom_nobody_ever_meets_change_nothing():
    assert parts(table((WORK, "Oslo", 0, 100)), table((WORK, "Oslo", 0, 900))) == (0, 0, 0, 0)


# ---------------------------------------------------------------------------------------------------------
# What holds for all tables

CELLS = [(strategy, district) for strategy in (WORK, FALL, OUT) for district in ("Oslo", "Vest")]
NUMBERS = st.tuples(st.integers(0, 10_000), st.sampled_from([0, 1, 7, 1_000, 250_000]) | st.integers(0, 10**6))


@st.composite
def tables(draw):
    """A table of some of the cells; nobody lives outside."""
    rows = []
    for strategy, district in draw(st.lists(st.sampled_from(CELLS), min_size=1, unique=True)):
        events, months = draw(NUMBERS)
        rows.append((strategy, district, events, 0 if strategy == OUT else months))
    return table(*rows)


@settings(max_examples=40)
@given(tables(), tables())
def test_parts_add_up_and_change_sign_when_the_runs_are_exchanged(one, other):
    there, back = split(one, other), split(other, one)
    assert there["change"][0] == other["events"].sum() - one["events"].sum()
    assert there.loc[0, list(PARTS)].sum() == pytest.approx(there["change"][0], rel=1e-12, abs=1e-6)
    for part in ("change", *PARTS):
        assert there[part][0] == pytest.approx(-back[part][0], rel=1e-9, abs=1e-6)
    assert there["reference"][0] == back["changed"][0] == one["events"].sum()


@pytest.mark.slow
@given(tables(), tables())
def test_parts_of_cells_add_up_to_those_of_the_register(one, other):
    whole = split(one, other)
    cells = split(one, other, by=("strategy", "district"))
    for part in PARTS:
        assert cells[part].sum() == pytest.approx(whole[part][0], rel=1e-9, abs=1e-6)
    assert (cells.loc[cells["strategy"] == OUT, ["exposure", "rate"]] == 0).all(axis=None)


@settings(max_examples=40)
@given(tables())
def test_a_run_beside_itself_has_no_parts(one):
    assert parts(one, one) == (0, 0, 0, 0)


# ---------------------------------------------------------------------------------------------------------
# Form, pairing and errors


def test_replicates_and_years_are_split_each_for_itself():
    before = pd.concat([table((WORK, "Oslo", 10, 100), replicate=r, year=y) for r in (0, 1) for y in (2018, 2019)])
    after = before.assign(events=[10, 11, 12, 13]).sample(frac=1, random_state=1)
    out = split(before, after)
    assert list(out.columns) == [
        "replicate", "year", "register", "event", "reference", "changed", "change", *PARTS, "rate_is"
    ]  # fmt: skip
    assert out[["replicate", "year", "change"]].values.tolist() == [
        [0, 2018, 0],
        [0, 2019, 1],
        [1, 2018, 2],
        [1, 2019, 3],
    ]
    over_years = split(before, after, by=("register",))
    assert over_years[["replicate", "change"]].values.tolist() == [[0, 1], [1, 5]]


def test_a_rate_of_forced_returns_is_an_action():
    before = table((WORK, "Oslo", 10, 100))
    meaning = {
        register.name: split(before.assign(register=register.name), before.assign(register=register.name))["rate_is"][0]
        for register in REGISTERS
    }
    assert meaning["pu_returns_executed"] == "action"
    assert meaning["udi_expulsions"] == meaning["pu_orders"] == meaning["ssb_sanctions"] == "measurement"
    assert meaning["assisted_returns"] == meaning["left_centre_without_address"] == "choice"


def test_categories_of_two_runs_may_differ():
    one, other = table((WORK, "Oslo", 10, 100)), table((FALL, "Vest", 3, 10), (WORK, "Oslo", 10, 100))
    texts = dict.fromkeys(["register", "event", "strategy", "district"], "category")
    assert split(one.astype(texts), other.astype(texts)).equals(split(one, other))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t.assign(replicate=1), "replicate 0, 1 is in only one of the two runs"),
        (lambda t: t.assign(year=2020), "year 2019, 2020 is in only one of the two runs"),
        (lambda t: t.drop(columns="replicate"), "changed: no column 'replicate'"),
        (lambda t: pd.concat([t, t]), "changed: duplicate 0, 2019, pu_orders, order_expelled, arbeidende, Oslo"),
    ],
)
def test_tables_that_cannot_be_paired_are_refused(change, message):
    one = table((WORK, "Oslo", 10, 100))
    with pytest.raises(ValueError, match=message):
        split(one, change(one))


def test_an_unknown_column_to_tell_apart_is_refused():
    one = table((WORK, "Oslo", 10, 100))
    with pytest.raises(ValueError, match="no column 'country'"):
        split(one, one, by=("country",))


def test_two_run_folders_are_split_and_other_seeds_refused(tmp_path, monkeypatch):
    use_fake(monkeypatch)
    leave_pictures_out(monkeypatch)
    scenario = str(short_scenario(tmp_path))

    def made(name: str, seed: int) -> str:
        request = workflow.RunRequest(scenario, out=str(tmp_path / name), replicates=2, jobs=1, scale=1.0, seed=seed)
        return str(workflow.run_scenario(request).folder.path)

    one, same, other = made("one", 1), made("same", 1), made("other", 2)
    out = split_folders(one, same)
    assert set(out["replicate"]) == {0, 1} and set(out["year"]) == {2019, 2020, 2021}
    assert (out["reference"] > 0).all() and (out[["change", *PARTS]] == 0).all(axis=None)
    with pytest.raises(FolderError, match="seed is 2, but 1 in"):
        split_folders(one, other)
    with pytest.raises(FolderError):
        split_folders(one, tmp_path / "nothing")


# ---------------------------------------------------------------------------------------------------------
# The table


def month(year: int, number: int) -> int:
    return (year - 2009) * 12 + number - 1


def test_events_stand_beside_person_months_of_their_strategy_and_district():
    made = History(132)  # 2009-01 to 2019-12
    # Stocks are kept by place, strategy and whether asylum was sought; Vest has two places, Bergen and the rest.
    stocks = made.stocks.reshape(132, 5, 13, 2)
    stocks[month(2019, 1) : month(2019, 3), Strategy.ARBEIDENDE, 8, 0] = 4
    stocks[month(2019, 1), Strategy.ARBEIDENDE, 9, 1] = 3
    stocks[month(2018, 12), Strategy.ARBEIDENDE, 8, 0] = 1000
    event = RegisterEvent.ORDER_EXPELLED
    made.register(month(2019, 1), event, [8, 9], 0, strategy=Strategy.ARBEIDENDE)
    made.register(month(2018, 12), event, 9, 0, delay=1, strategy=Strategy.ARBEIDENDE)
    made.register(month(2019, 5), event, 12, 3, strategy=Strategy.FRITT_FALL)
    made.register(month(2019, 5), event, 1, 3)
    made.register(month(2019, 12), event, 1, 3, delay=1)
    years = range(2019, 2020)
    found = _detection(made, made.events_by_year(years), years)
    found = found.astype({"event": str, "strategy": str, "district": str, "register": str})
    assert set(found["year"]) == {2019}
    # Every event has a row for a cell in which somebody lived, so that its rate of 0 is known.
    registered = sum(len(register.events) for register in REGISTERS)
    assert len(found) == registered + 2
    lived = found[(found["strategy"] == "arbeidende") & (found["district"] == "Vest")]
    assert len(lived) == registered and set(lived["person_months"]) == {4 + 4 + 3}
    ours = found[found["event"] == "order_expelled"].set_index(["strategy", "district"])
    assert ours[["events", "person_months"]].to_dict("index") == {
        ("arbeidende", "Vest"): {"events": 3, "person_months": 11},
        ("fritt_fall", "Andre"): {"events": 1, "person_months": 0},
        ("outside", "Øst"): {"events": 1, "person_months": 0},
    }
    assert set(ours["register"]) == {"pu_orders"}


def test_the_table_of_a_run_agrees_with_its_stocks_and_registers():
    tables_ = run_replicate(load_scenario("baseline", end="2013-12"), point_draw(), seed=1, replicate=0, scale=0.05)
    found, stocks = tables_["detection"], tables_["stocks"]
    assert found["events"].sum() > 100
    one = found[(found["event"] == "left_centre") & (found["strategy"] != "outside")]
    exposure = one.astype({"strategy": str, "district": str}).groupby(["year", "strategy", "district"])["person_months"]
    year = stocks["month"].astype(str).str[:4].astype(int).rename("year")
    persons = stocks.astype({"strategy": str, "district": str}).groupby([year, "strategy", "district"])["persons"]
    assert exposure.sum().to_dict() == persons.sum().to_dict()
    # Only those in a centre can leave it; short stays are in no stock.
    assert set(one.loc[one["events"] > 0, "strategy"]) == {"synlig"}
    visitors = found[(found["event"] == "transport_bortvist") & (found["strategy"] == "outside")]
    assert visitors["events"].sum() > 0 and set(visitors["person_months"]) == {0}
    assert list(found.columns) == [column for column in COLUMNS if column != "replicate"]
    assert set(found["district"]) == set(DISTRICTS)
    assert np.array_equal(found["year"], np.sort(found["year"]))


def test_a_period_without_a_whole_year_has_no_rows():
    tables_ = run_replicate(load_scenario("baseline", end="2012-06"), point_draw(), seed=1, replicate=0, scale=0.01)
    assert len(tables_["detection"]) == 0
    assert list(tables_["detection"].columns) == [column for column in COLUMNS if column != "replicate"]
