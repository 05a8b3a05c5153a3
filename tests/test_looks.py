"""What is seen of a simulation while it runs: exact records, what may be shown of them, and single lives."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from functools import cache
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from irregsim.agents import Beginnings, PairedModel
from irregsim.agents import network as ties
from irregsim.model.centres import NAMED
from irregsim.model.history import OUTCOME_INDEX, OUTCOMES, PLACES, Spells
from irregsim.model.parameters import point_draw
from irregsim.model.population import person_code
from irregsim.scenario import load_scenario
from irregsim.study.frames import run_replicate
from irregsim.vocabulary.codes import (
    CAUSE_CODE,
    CAUSES,
    CITIES,
    DISTRICTS,
    EXITS,
    HIDDEN,
    INFLOW,
    STATE_CODES,
    STRATEGIES,
    Exit,
    Household,
    Route,
    Strategy,
    month_number,
    month_text,
)
from irregsim.vocabulary.disclosure import PERCENT, index_step
from irregsim.vocabulary.labels import label
from irregsim.vocabulary.reference import centres, countries, places
from irregsim.workshop.live import lives, record
from irregsim.workshop.live.followed import band, is_counted, outcome, outcomes
from irregsim.workshop.live.lives import Spell, told_cause
from irregsim.workshop.live.network import network
from irregsim.workshop.live.record import PANELS, CountedYears, Record
from irregsim.workshop.live.shown import Pair
from irregsim.workshop.live.snapshot import Look, look

pytestmark = pytest.mark.once

SCALE, SEED = 0.03, 5
BASELINE = load_scenario("baseline", end="2013-12")
CLOSED = load_scenario(
    "baseline",
    end="2013-12",
    overrides=["levers.reception_centres.stay_after_rejection=[{from: 2012-06, value: false}]"],
)
SIDES = {"reference": BASELINE, "scenario": CLOSED}
FIRST = month_number("2012-01")

#: Countries by name; "Andre" is also the name of a district.
COUNTRIES = {country.name for country in countries()} - {"Andre"}


@pytest.fixture(scope="module")
def model() -> PairedModel:
    """Two years of both sides, to be looked at only."""
    made = PairedModel(CLOSED, BASELINE, scale=SCALE, seed=SEED, draws="point")
    while made.running:
        made.step()
    return made


@pytest.fixture(scope="module")
def pair(model) -> Pair:
    return Pair(Record.of(model.reference_world), Record.of(model.world), model.first)


@cache
def tables(side: str) -> dict[str, pd.DataFrame]:
    """Tables of the same replicate, as `irregsim run --spells` makes them."""
    return run_replicate(SIDES[side], point_draw(), seed=SEED, replicate=0, scale=SCALE, spells=True)


def world_of(model: PairedModel, side: str):
    return model.reference_world if side == "reference" else model.world


# -- records are the tables of the run folder --------------------------------------------------------------------


def by_month(table: pd.DataFrame, column: str, codes, values: str = "persons") -> np.ndarray:
    """Sums by month and code; months and codes without a row are 0."""
    months = [month_text(month) for month in range(FIRST, BASELINE.end + 1)]
    summed = table.astype({"month": str, column: str}).groupby(["month", column])[values].sum()
    return summed.unstack(fill_value=0).reindex(index=months, columns=list(codes), fill_value=0).to_numpy()


@pytest.mark.parametrize("side", SIDES)
def test_a_record_is_what_the_tables_of_the_same_replicate_say(pair, side):
    mine, theirs = getattr(pair, side), tables(side)
    assert mine.months == BASELINE.end + 1
    assert mine.scale == SCALE
    assert np.array_equal(mine.stocks[FIRST:], by_month(theirs["stocks"], "strategy", STRATEGIES))
    assert np.array_equal(mine.exits[FIRST:], by_month(theirs["flows"], "destination", EXITS))
    assert np.array_equal(mine.inflow[FIRST:], by_month(theirs["flows"], "origin", ["inflow"])[:, 0])
    table = theirs["outcomes"].astype({"month": str, "outcome": str, "city": str})
    assert np.array_equal(mine.outcomes[FIRST:].ravel(), table["value"].to_numpy(), equal_nan=False), (
        "both go by month, outcome and city"
    )
    assert table["outcome"].tolist()[: len(OUTCOMES) * 6 : 6] == list(OUTCOMES)
    assert table["city"].tolist()[:6] == [*CITIES, "other"]
    assert mine.stocks.sum() > 1000
    assert mine.exits[FIRST:].sum() > 100


@pytest.mark.parametrize("side", SIDES)
def test_the_moves_of_the_latest_month_are_its_flows(pair, side):
    flows = tables(side)["flows"].astype({"month": str, "origin": str, "destination": str})
    last = flows[flows["month"] == month_text(BASELINE.end)]
    names = {code: number for number, code in enumerate(STRATEGIES)}
    names |= {exit.code: int(exit) for exit in Exit} | {"inflow": INFLOW, "opening": 7}
    expected = np.zeros((STATE_CODES, STATE_CODES), dtype=np.int64)
    for origin, destination, persons in last[["origin", "destination", "persons"]].itertuples(index=False):
        expected[names[origin], names[destination]] += persons
    assert np.array_equal(getattr(pair, side).moves[-1], expected)
    assert expected.sum() > 20


@pytest.mark.parametrize("side", SIDES)
def test_the_moves_of_all_months_are_exits_inflow_and_changes_of_stocks(pair, side):
    mine = getattr(pair, side)
    assert mine.moves.shape == (mine.months, STATE_CODES, STATE_CODES)
    assert np.array_equal(mine.moves[:, :, list(Exit)].sum(axis=1), mine.exits)
    assert np.array_equal(mine.moves[:, INFLOW].sum(axis=1), mine.inflow)
    change = mine.moves[:, :, :5].sum(axis=1) - mine.moves[:, :5].sum(axis=2)
    assert np.array_equal(np.cumsum(change, axis=0), mine.stocks)


@pytest.mark.parametrize("side", SIDES)
def test_persons_by_place_are_those_of_the_latest_month(pair, side):
    stocks = tables(side)["stocks"].astype({"month": str, "district": str, "city": str, "strategy": str})
    last = stocks[stocks["month"] == month_text(BASELINE.end)]
    counted = last.groupby(["district", "city", "strategy"])["persons"].sum().to_dict()
    mine: dict[tuple[str, str, str], int] = {}
    for place in places():
        for number, code in enumerate(STRATEGIES):
            key = (DISTRICTS[place.district], place.city_name, code)
            mine[key] = mine.get(key, 0) + int(getattr(pair, side).places[place.index, number])
    assert {key: persons for key, persons in mine.items() if persons} == counted


@pytest.mark.parametrize("side", SIDES)
def test_registers_of_whole_years_are_those_of_the_tables(pair, side):
    table = tables(side)["registers"]
    expected = {
        panel: {
            int(row.period[:4]): row.count
            for row in table.rename(columns={"count": "n"}).assign(count=table["count"]).itertuples(index=False)
            if (row.register, row.dimension, row.key) == panel and len(row.period) in (4, 7)
        }
        for panel in PANELS
    }
    assert getattr(pair, side).registers == expected
    assert all(set(years) == {2012, 2013} for years in expected.values())


def test_centres_are_open_as_the_scenario_says(pair):
    assert np.array_equal(pair.reference.open_centres, BASELINE.levers.centre_open[BASELINE.end])
    assert len(pair.reference.open_centres) == NAMED == len(centres())


def test_a_year_is_counted_once_it_is_over_and_only_once(monkeypatch):
    calls = []
    real = record.counts
    monkeypatch.setattr(record, "counts", lambda world: calls.append(world.month) or real(world))
    model = PairedModel(BASELINE, BASELINE, scale=0.005, start="2012-11", draws="point")
    counted = CountedYears()
    for month in range(month_number("2012-11"), month_number("2013-03")):
        model.step()
        for _ in range(2):
            found = counted.of(model.world)
        assert found == real(model.world), month_text(month)
        whole = {2012} if month >= month_number("2012-12") else set()
        assert all(set(years) == whole for years in found.values()), month_text(month)
        made = Record.of(model.world, found)
        assert (made.months, made.registers) == (month + 1, found)
    assert calls == [month_number("2012-11"), month_number("2012-12")]


# -- what may be shown: by hand ----------------------------------------------------------------------------------

#: Months of a record made by hand: to 2012-06.
MONTHS = FIRST + 6


def by_hand(**columns) -> Record:
    """A record of nobody, with what is given put in.

    Args:
        columns: As in `Record`, but for ``stocks`` by strategy, as persons or as (month from which, persons), and for
            ``moves`` of the latest month by origin and destination.
    """
    stocks = np.zeros((MONTHS, len(Strategy)), dtype=np.int64)
    for code, given_ in columns.pop("stocks", {}).items():
        for start, persons in given_ if isinstance(given_, list) else [(0, given_)]:
            stocks[start:, STRATEGIES.index(code)] = persons
    moves = np.zeros((MONTHS, STATE_CODES, STATE_CODES), dtype=np.int64)
    for (origin, destination), persons in columns.pop("moves", {}).items():
        moves[-1, origin, destination] = persons
    standard = {
        "stocks": stocks,
        "exits": np.zeros((MONTHS, len(Exit)), dtype=np.int64),
        "inflow": np.zeros(MONTHS, dtype=np.int64),
        "moves": moves,
        "outcomes": np.zeros((MONTHS, len(OUTCOMES), len(CITIES) + 1)),
        "places": np.zeros((PLACES, len(Strategy)), dtype=np.int64),
        "open_centres": np.zeros(NAMED, dtype=bool),
        "registers": {panel: {} for panel in PANELS},
        "scale": 1.0,
    }
    return Record(**{**standard, **columns})


def alone(one: Record, first: int = FIRST) -> Pair:
    return Pair(one, one, first)


#: So many that an index has its finest steps.
HIDDEN_STOCKS = {"avhengig": [(0, 7000), (FIRST, 7700)], "arbeidende": 2000, "marginalisert": 3000, "fritt_fall": 1700}
#: Half of the finest step of an index.
HALF = 0.0501


def test_the_index_is_relative_to_all_hidden_in_the_reference_before_the_first_month():
    reference = by_hand(stocks=HIDDEN_STOCKS)
    scenario = by_hand(stocks={**HIDDEN_STOCKS, "fritt_fall": [(0, 1700), (FIRST, 3400)], "avhengig": [(0, 500)]})
    seen = look(Pair(reference, scenario, FIRST))
    assert seen.reference.hidden[0] == pytest.approx(100 * np.array([77, 20, 30, 17]) / 137, abs=HALF)
    expected = pytest.approx(100 * np.array([5, 20, 30, 34]) / 137, abs=HALF)
    assert seen.scenario.hidden[-1] == expected, "the reference's base"
    assert seen.months.tolist() == list(range(FIRST, MONTHS))
    assert (seen.first, seen.month, seen.has_parted) == (FIRST, MONTHS - 1, True)
    assert seen.sides == (seen.reference, seen.scenario)
    later = look(Pair(reference, scenario, FIRST + 3))
    assert later.reference.hidden[2] == pytest.approx(100 * np.array([77, 20, 30, 17]) / 144, abs=HALF)


def test_one_side_is_shown_while_both_are_the_same():
    seen = look(alone(by_hand(stocks=HIDDEN_STOCKS)))
    assert seen.scenario is seen.reference
    assert seen.sides == (seen.reference,)
    assert not seen.has_parted


@pytest.mark.parametrize("side", SIDES)
def test_of_a_run_too_the_hidden_are_an_index(pair, side):
    base = tables("reference")["flows"]
    opening = base[(base["origin"] == "opening") & base["destination"].isin(HIDDEN)]["persons"].sum()
    seen = getattr(look(pair), side)
    stocks = by_month(tables(side)["stocks"], "strategy", HIDDEN)
    assert seen.hidden == pytest.approx(100 * stocks / opening, abs=index_step(opening) / 2 + 1e-9)


@pytest.mark.parametrize(
    ("persons", "scale", "shown"),
    [(7, 0.02, 350), (7, 1.0, 5), (8, 1.0, 10), (0, 1.0, 0), (2, 1.0, 0), (101, 0.3, 335), (3, 0.01, 300)],
)
def test_persons_in_centres_are_shown_in_steps_of_five_at_the_size_of_the_country(persons, scale, shown):
    seen = look(alone(by_hand(stocks={**HIDDEN_STOCKS, "synlig": [(0, 40), (FIRST, persons)]}, scale=scale)))
    assert seen.reference.visible.tolist() == [shown] * 6
    assert seen.reference.visible_index == pytest.approx([100 * persons / 40] * 6)


@given(st.floats(5, 1e6))
def test_steps_of_an_index_are_round_and_of_five_persons_or_more(base):
    step = index_step(base)
    assert f"{step:e}"[0] in "125"
    assert f"{step:e}"[2:8] == "000000"
    assert step * base / 100 >= 5 * (1 - 1e-9)
    assert step == pytest.approx(0.1) or step * base / 100 <= 12.5 * (1 + 1e-9)


def test_too_few_in_centres_at_the_start_have_no_index():
    few = look(alone(by_hand(stocks={**HIDDEN_STOCKS, "synlig": [(0, 4), (FIRST, 90)]})))
    assert np.isnan(few.reference.visible_index).all()
    enough = look(alone(by_hand(stocks={**HIDDEN_STOCKS, "synlig": [(0, 5), (FIRST, 90)]})))
    assert enough.reference.visible_index.tolist() == [1800] * 6


def in_oslo(persons) -> Record:
    """A record with some persons in Oslo, by hidden strategy."""
    at = np.zeros((PLACES, len(Strategy)), dtype=np.int64)
    at[0, 1:] = persons
    return by_hand(stocks=HIDDEN_STOCKS, places=at)


@given(st.lists(st.integers(0, 400), min_size=4, max_size=4))
@settings(max_examples=60, deadline=None)
def test_shares_are_in_steps_of_five_and_add_up(persons):
    shares = look(alone(in_oslo(persons))).reference.shares
    total = sum(persons)
    if total < 5:
        assert shares["Oslo"] is None
    else:
        found = shares["Oslo"]
        assert (found % 5 == 0).all()
        assert found.sum() == 100
        assert (np.abs(found - 100 * np.array(persons) / total) < 5).all()
        more = np.array(persons)[:, None] > np.array(persons)
        assert (found[:, None] >= found)[more].all(), "more persons are never a smaller share"
    assert shares["city:Oslo"] is None if total < 5 else np.array_equal(shares["city:Oslo"], shares["Oslo"])
    assert set(shares) == {*DISTRICTS, *(f"city:{city}" for city in CITIES)}
    assert all(share is None for name, share in shares.items() if name not in ("Oslo", "city:Oslo"))


@pytest.mark.parametrize(
    "persons", [(0, 0, 0, 0), (1, 0, 0, 0), (1, 1, 1, 1), (0, 0, 0, 4), (2, 2, 1, 0), (0, 5, 0, 0)]
)
def test_fewer_than_five_persons_have_no_shares(persons):
    shares = look(alone(in_oslo(persons))).reference.shares
    assert (shares["Oslo"] is None) == (shares["city:Oslo"] is None) == (sum(persons) < 5)


def test_a_city_is_shown_beside_its_district():
    at = np.zeros((PLACES, len(Strategy)), dtype=np.int64)
    bergen = next(place.index for place in places() if place.city_name == "Bergen")
    around = next(p.index for p in places() if p.district == DISTRICTS.index("Vest") and p.index != bergen)
    at[bergen, Strategy.AVHENGIG], at[around, Strategy.FRITT_FALL], at[around, Strategy.SYNLIG] = 30, 10, 99
    shares = look(alone(by_hand(stocks=HIDDEN_STOCKS, places=at))).reference.shares
    assert shares["city:Bergen"].tolist() == [100, 0, 0, 0]
    assert shares["Vest"].tolist() == [75, 0, 0, 25]


def test_open_centres_stand_under_their_district():
    is_open = np.zeros(NAMED, dtype=bool)
    wanted = [number for number, centre in enumerate(centres()) if centre.name in ("Bergen", "Trondheim")]
    is_open[wanted] = True
    found = look(alone(by_hand(stocks=HIDDEN_STOCKS, open_centres=is_open))).reference.open_centres
    assert {name: names for name, names in found.items() if names} == {"Vest": ("Bergen",), "Trøndelag": ("Trondheim",)}
    assert set(found) == set(DISTRICTS)


def test_registers_are_shown_at_the_size_of_the_country():
    counts = {panel: {2012: 10.0 * number} for number, panel in enumerate(PANELS)}
    found = look(alone(by_hand(stocks=HIDDEN_STOCKS, registers=counts, scale=0.25))).reference.registers
    assert found == {panel: {2012: 40.0 * number} for number, panel in enumerate(PANELS)}


S, A, W, M, F = (int(strategy) for strategy in Strategy)


def flows_of(moves, **columns):
    """Flows by origin and destination of a record with 80 in free fall, 200 dependent and 50 newcomers."""
    stocks = {"synlig": 40, "avhengig": 200, "arbeidende": 9, "marginalisert": 3, "fritt_fall": 80}
    inflow = np.full(MONTHS, 50)
    one = by_hand(stocks=stocks, moves=moves, inflow=inflow, **columns)
    return {(flow.origin, flow.destination): flow for flow in look(alone(one)).reference.flows}


def test_flows_are_told_of_100_who_were_there_in_the_month():
    flows = flows_of({(F, A): 12, (A, F): 13, (INFLOW, S): 20, (A, int(Exit.VIDERE)): 7, (W, int(Exit.DOD)): 5})
    assert {key: flow.per_100 for key, flow in flows.items()} == {
        ("fritt_fall", "avhengig"): 12.9,  # 12 of 80 and 13 who came
        ("avhengig", "fritt_fall"): 6.1,  # 13 of 200 and 12 who came
        ("inflow", "synlig"): 40.0,
        ("avhengig", "videre"): 3.3,
        ("arbeidende", "dod"): 55.6,
    }


def test_the_stock_before_is_the_one_of_the_month_before():
    stocks = {"fritt_fall": [(0, 50), (MONTHS - 2, 80), (MONTHS - 1, 500)], "avhengig": 20}
    (flow,) = look(alone(by_hand(stocks=stocks, moves={(F, A): 20}))).reference.flows
    assert flow.per_100 == 25.0


def test_fewer_than_five_persons_have_no_number_and_one_width():
    flows = flows_of({(F, A): 1, (F, W): 4, (F, M): 5, (F, S): 45, (M, F): 0})
    assert [flows["fritt_fall", code].per_100 for code in ("avhengig", "arbeidende", "marginalisert")] == [
        None,
        None,
        6.2,
    ]
    widths = {flows["fritt_fall", code].width for code in ("avhengig", "arbeidende", "marginalisert")}
    assert len(widths) == 1, "one person is drawn as five are"
    assert widths.pop() == 0.25, "a ninth of the persons is nearer to a sixteenth than to a quarter, as powers of four"
    assert flows["fritt_fall", "synlig"].width == 1
    assert ("marginalisert", "fritt_fall") not in flows, "nobody moved"


@pytest.mark.parametrize("exit", list(Exit))
def test_of_exits_that_agencies_count_there_is_no_rate(exit):
    flow = flows_of({(F, int(exit)): 20})["fritt_fall", exit.code]
    assert (flow.per_100 is None) == (exit not in (Exit.VIDERE, Exit.DOD))
    assert flow.per_100 in (None, 25.0)


def test_nobody_before_means_no_rate():
    stocks = {"avhengig": 200, "arbeidende": 9}
    flows = look(alone(by_hand(stocks=stocks, moves={(F, A): 12, (INFLOW, S): 9}))).reference.flows
    assert [flow.per_100 for flow in flows] == [None, None]


def test_widths_of_both_sides_have_one_scale():
    sides = [by_hand(stocks=HIDDEN_STOCKS, moves={(F, A): persons}) for persons in (25, 100)]
    seen = look(Pair(*sides, FIRST))
    assert [side.flows[0].width for side in seen.sides] == [0.5, 1.0]


def test_moves_between_cities_are_no_flow_that_is_drawn():
    flows = flows_of({(F, A): 20, (A, A): 500})
    assert set(flows) == {("fritt_fall", "avhengig")}
    assert flows["fritt_fall", "avhengig"].width == 1


@pytest.mark.parametrize(
    ("persons", "width"),
    [(640, 1), (321, 1), (319, 0.5), (160, 0.5), (40, 0.25), (10, 0.125), (5, 0.0625), (1, 0.0625)],
)
def test_arrows_have_five_widths(persons, width):
    assert flows_of({(A, F): 640, (F, A): persons})["fritt_fall", "avhengig"].width == width


def test_of_100_no_more_than_100_go(pair):
    """Who falls in a month can leave in it: more may move than were there before."""
    moves = {(F, A): 62, (M, F): 40, (INFLOW, F): 10}
    one = by_hand(
        stocks={"fritt_fall": 29, "avhengig": 200, "marginalisert": 90}, moves=moves, inflow=np.full(MONTHS, 10)
    )
    told = {(flow.origin, flow.destination): flow.per_100 for flow in look(alone(one)).reference.flows}
    assert told["fritt_fall", "avhengig"] == 78.5, "62 of 79"
    for month in range(FIRST, pair.month + 1):
        for side in look(pair.until(month)).sides:
            assert all(flow.per_100 is None or flow.per_100 <= 100 for flow in side.flows)


def test_out_of_the_centres_there_is_no_rate():
    flows = flows_of({(S, F): 20, (A, F): 20})
    assert flows["synlig", "fritt_fall"].per_100 is None, "who lives in centres is counted: a rate would tell widths"
    assert flows["avhengig", "fritt_fall"].per_100 == 10.0


# -- outcomes: by hand -------------------------------------------------------------------------------------------


def rows(values) -> np.ndarray:
    """Monthly values: the same in every month, or those of the last months after zeros."""
    values = np.atleast_1d(values)
    return np.concatenate([np.full(MONTHS - len(values), values[0] if len(values) == 1 else 0), values])


def with_exits(code: str, values, **more) -> Record:
    exits = np.zeros((MONTHS, len(Exit)), dtype=np.int64)
    exits[:, EXITS.index(code)] = rows(values)
    return by_hand(exits=exits, **more)


def with_outcome(code: str, values, city: int = 5, **more) -> Record:
    table = np.zeros((MONTHS, len(OUTCOMES), len(CITIES) + 1))
    table[:, OUTCOME_INDEX[code], city] = rows(values)
    return by_hand(outcomes=table, **more)


def test_which_outcomes_are_counted():
    counted = [name for name in outcomes() if is_counted(name)]
    assert counted == [
        "stock:synlig",
        "exit:tvangsretur",
        "exit:assistert_retur",
        "exit:bortvist",
        "exit:regularisert",
        "exit:midlertidig",
        "outcome:child_months_in_centre",
        "outcome:child_centre_moves",
        "outcome:offences_reported",
        "outcome:detention_days",
        "outcome:centre_bed_days",
        "outcome:inspections",
        "outcome:fines_nok",
        "outcome:back_pay_nok",
        *(f"register:{'/'.join(panel)}" for panel in PANELS),
    ]
    assert len(outcomes()) == 1 + len(STRATEGIES) + len(EXITS) + len(OUTCOMES) + len(PANELS)


def test_a_hidden_stock_is_in_percent_of_the_reference_at_the_start():
    pair = Pair(
        by_hand(stocks={"fritt_fall": [(0, 4000), (FIRST, 5000)]}, scale=0.1),
        by_hand(stocks={"fritt_fall": [(0, 4000), (FIRST, 5000), (FIRST + 2, 6400)]}, scale=0.1),
        FIRST,
    )
    found = outcome(pair, "stock:fritt_fall")
    assert (found.name, found.city, found.unit, found.is_year) == ("stock:fritt_fall", "", PERCENT, False)
    assert found.months.tolist() == list(range(FIRST, MONTHS))
    assert found.reference == pytest.approx([125.0] * 6)
    assert found.scenario == pytest.approx([125.0, 125.0, 160.0, 160.0, 160.0, 160.0])
    assert found.difference == pytest.approx([0, 0, 28.0, 28.0, 28.0, 28.0]), "of the reference in the same month"


def test_all_hidden_together_are_the_index():
    pair = Pair(
        by_hand(stocks=HIDDEN_STOCKS), by_hand(stocks={**HIDDEN_STOCKS, "synlig": 7, "fritt_fall": 5300}), FIRST
    )
    found = outcome(pair, "index:hidden")
    assert (found.unit, found.is_year) == (PERCENT, False)
    assert found.reference == pytest.approx([100 * 144 / 137] * 6, abs=HALF)
    assert found.difference == pytest.approx([100 * 36 / 144] * 6)


def test_persons_in_centres_are_in_persons_in_steps_of_five():
    pair = Pair(by_hand(stocks={"synlig": 12}, scale=0.5), by_hand(stocks={"synlig": 9}, scale=0.5), FIRST)
    found = outcome(pair, "stock:synlig")
    assert found.unit == "persons"
    assert found.reference.tolist() == [25] * 6
    assert found.scenario.tolist() == [20] * 6
    assert found.difference.tolist() == [-5] * 6, "six persons"


def test_what_happens_is_a_sum_of_twelve_months():
    values = np.arange(MONTHS)
    found = outcome(alone(with_exits("tvangsretur", values, scale=0.5)), "exit:tvangsretur")
    assert (found.unit, found.is_year) == ("persons", True)
    assert found.reference.tolist() == [
        round(sum(range(month - 11, month + 1)) / 0.5 / 5) * 5 for month in range(FIRST, MONTHS)
    ]
    late = outcome(alone(with_exits("tvangsretur", [7] * 2)), "exit:tvangsretur")
    assert np.isnan(late.reference[:4]).all()
    assert late.reference[4:].tolist() == [5, 15]


def test_onward_travel_is_in_percent():
    reference = with_exits("videre", 10)
    scenario = with_exits("videre", [10] * (MONTHS - 1) + [16])
    found = outcome(Pair(reference, scenario, FIRST), "exit:videre")
    assert (found.unit, found.is_year) == (PERCENT, True)
    assert found.reference == pytest.approx([100] * 6)
    assert found.scenario == pytest.approx([100] * 5 + [105])
    assert found.difference == pytest.approx([0] * 5 + [5])


def test_a_living_condition_is_in_percent_and_of_a_city_where_asked():
    oslo, table = with_outcome("care_received", 8, city=0), with_outcome("care_received", 2, city=5)
    both = replace(oslo, outcomes=oslo.outcomes + table.outcomes)
    more = replace(both, outcomes=both.outcomes * 2)
    pair = Pair(both, more, FIRST)
    for city in ("", "Oslo"):
        found = outcome(pair, "outcome:care_received", city)
        assert (found.city, found.unit, found.is_year) == (city, PERCENT, True)
        assert found.difference == pytest.approx([100] * 6)
        assert found.scenario == pytest.approx([200] * 6)
    assert np.isnan(outcome(pair, "outcome:care_received", "Bergen").reference).all()


def test_a_counted_condition_is_in_its_unit():
    pair = Pair(with_outcome("offences_reported", 4, scale=0.5), with_outcome("offences_reported", 5, scale=0.5), FIRST)
    found = outcome(pair, "outcome:offences_reported")
    assert (found.unit, found.is_year) == ("offences", True)
    assert (found.reference[0], found.scenario[0], found.difference[0]) == (95, 120, 25), "of 96, 120 and 24"


def test_a_register_is_its_count_of_the_latest_whole_year():
    panel = ("pu_orders", "total", "total")
    years = [{2012: 7.0, 2013: 20.0}, {2012: 9.0, 2013: 32.0}]
    more = MONTHS + 20  # to 2014-02
    sides = []
    for counted in years:
        one = by_hand(registers={**{other: {} for other in PANELS}, panel: counted}, scale=0.5)
        sides.append(replace(one, stocks=np.zeros((more, 5), dtype=np.int64)))
    found = outcome(Pair(sides[0], sides[1], FIRST), "register:pu_orders/total/total")
    assert (found.unit, found.is_year) == ("count", False)
    first, second = month_number("2012-12") - FIRST, month_number("2013-12") - FIRST
    assert np.isnan(found.reference[:first]).all()
    assert found.reference[first:].tolist() == [15] * 12 + [40] * 3, "of 14 and 40"
    assert found.scenario[first:].tolist() == [20] * 12 + [65] * 3, "of 18 and 64"
    assert found.difference[first:].tolist() == [5] * 12 + [25] * 3, "of 4 and 24"
    assert second - first == 12
    assert np.isnan(outcome(Pair(sides[0], sides[1], FIRST), "register:assisted_returns/total/total").reference).all()


@pytest.mark.parametrize("month", ["2012-05", "2012-06", "2013-03", "2013-12"])
def test_a_pair_cut_to_an_earlier_month_is_as_it_was_then(pair, month):
    month = month_number(month)
    cut = pair.until(month)
    assert (cut.month, cut.first) == (month, pair.first)
    for name in outcomes():
        for side in ("reference", "scenario", "difference"):
            values = getattr(outcome(pair, name), side)[: month - FIRST + 1]
            assert np.array_equal(getattr(outcome(cut, name), side), values, equal_nan=True), name
    assert (cut.scenario is cut.reference) == (month < month_number("2012-06")), "one record while they are the same"
    assert pair.until(pair.month) is pair
    now, then = look(cut), look(pair)
    assert np.array_equal(now.scenario.hidden, then.scenario.hidden[: month - FIRST + 1])


# Sides are not the same where only what was lived differs: fines, nights.
def test_a_pair_cut_to_a_month_keeps_what_differs_without_a_move():
    pair = Pair(with_outcome("fines_nok", 10_000), with_outcome("fines_nok", 30_000), FIRST)
    before = outcome(pair, "outcome:fines_nok").difference
    assert before.tolist() == [250_000] * 6
    assert outcome(pair.until(MONTHS - 2), "outcome:fines_nok").difference.tolist() == [250_000] * 5


@pytest.mark.parametrize(
    ("code", "step"),
    [
        ("fines_nok", 50_000),
        ("back_pay_nok", 50_000),
        ("detention_days", 50),
        ("centre_bed_days", 200),
        ("inspections", 5),
    ],
)
def test_amounts_are_shown_in_steps_that_some_persons_make(code, step):
    """A fine of one worker, or the bed days of one resident, would tell of them."""
    pair = Pair(with_outcome(code, 0.11 * step, scale=0.5), with_outcome(code, 0.2 * step, scale=0.5), FIRST)
    found = outcome(pair, f"outcome:{code}")
    assert found.unit == OUTCOMES[code]
    assert (found.reference[0], found.scenario[0], found.difference[0]) == (3 * step, 5 * step, 2 * step)
    little = Pair(with_outcome(code, 0.02 * step), with_outcome(code, 0.07 * step), FIRST)
    assert np.isnan(outcome(little, f"outcome:{code}").reference).all()


def test_no_amount_is_told_of_a_city():
    told = {OUTCOMES[name.partition(":")[2]] for name in outcomes("Bergen")}
    assert told == {OUTCOMES[code] for code in OUTCOMES} - {"NOK", "days", "inspections"}


def test_wages_withheld_tell_no_more_of_persons_than_the_persons_do():
    """The sum is so much for each person's month: finer steps than theirs would give the months back."""
    months = [3, 3, 4, 5, 6, 8]

    def side(more: int) -> Record:
        table = np.zeros((MONTHS, len(OUTCOMES), len(CITIES) + 1))
        for n, month in enumerate(range(MONTHS - len(months), MONTHS)):
            table[month, OUTCOME_INDEX["exploitative_work_person_months"], 5] = months[n] + more
            table[month, OUTCOME_INDEX["wages_withheld_nok"], 5] = 9_000.0 * (months[n] + more)
        return by_hand(outcomes=table)

    pair = Pair(side(0), side(2), FIRST)
    persons = outcome(pair, "outcome:exploitative_work_person_months")
    wages = outcome(pair, "outcome:wages_withheld_nok")
    for field in ("reference", "scenario", "difference"):
        np.testing.assert_array_equal(getattr(wages, field), getattr(persons, field))


def test_a_life_tells_no_cause_that_says_what_was_done_to_somebody():
    told = {told_cause(cause) for cause in CAUSE_CODE}
    assert not told & {"violence", "sex_market_control", "crime_control", "trafficking_protection"}
    words = " ".join(
        label(f"{kind}.{one}", lang) for one in told for kind in ("cause", "reason") for lang in ("nb", "en")
    )
    assert not re.search(r"vold|violen|utnytt|exploit|sex|menneskehandel|trafficking|lovbrudd(?! og)", words)


@pytest.mark.parametrize("name", ["stock:synlig", "stock:fritt_fall"])
def test_fewer_than_five_on_both_sides_have_no_number(name):
    code = name.partition(":")[2]
    pair = Pair(
        by_hand(stocks={code: [(0, 40), (FIRST, 4), (FIRST + 3, 5)]}),
        by_hand(stocks={code: [(0, 40), (FIRST, 0), (FIRST + 2, 5), (FIRST + 4, 0)]}),
        FIRST,
    )
    found = outcome(pair, name)
    for values in (found.reference, found.scenario):
        assert np.isnan(values).tolist() == [True, True, False, False, False, False]
    # Relative to fewer than five there is no difference either: a hundred percent of one is one.
    few = name == "stock:fritt_fall"
    assert np.isnan(found.difference).tolist() == [True, True, few, False, False, False]


def test_nobody_in_the_reference_means_no_difference_in_percent():
    pair = Pair(
        by_hand(stocks={"fritt_fall": [(0, 4000), (FIRST, 0)]}),
        by_hand(stocks={"fritt_fall": [(0, 4000), (FIRST, 2000)]}),
        FIRST,
    )
    found = outcome(pair, "stock:fritt_fall")
    assert found.scenario == pytest.approx([50] * 6)
    assert np.isnan(found.difference).all()
    none = outcome(alone(by_hand(stocks={"fritt_fall": [(0, 0), (FIRST, 20)]})), "stock:fritt_fall")
    assert np.isnan(none.reference).all(), "there is nothing to be relative to"


@pytest.mark.parametrize("name", [name for name in outcomes() if not name.startswith("outcome:")])
def test_of_a_city_only_living_conditions_are_told(name):
    assert name not in outcomes("Oslo")
    with pytest.raises(ValueError, match=f"no outcome '{name}' of Oslo"):
        outcome(alone(by_hand()), name, "Oslo")


@pytest.mark.parametrize(
    ("name", "city", "words"),
    [
        ("stock:nobody", "", "no outcome 'stock:nobody' of the country"),
        ("outcome:care_received", "Larvik", "no outcome 'outcome:care_received' of Larvik"),
        ("outcome:care_received", "other", "of other"),
        ("flow:synlig>videre", "", "of the country"),
        ("inflow", "", "no outcome 'inflow'"),
    ],
)
def test_other_outcomes_and_places_are_refused(name, city, words):
    with pytest.raises(ValueError, match=words):
        outcome(alone(by_hand()), name, city)


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("name", ["exit:videre", "outcome:care_needed", "exit:assistert_retur"])
def test_of_a_run_too_sums_of_twelve_months_are_those_of_the_tables(pair, side, name):
    kind, _, code = name.partition(":")
    table = tables(side)["flows" if kind == "exit" else "outcomes"]
    column, values = ("destination", "persons") if kind == "exit" else ("outcome", "value")
    monthly = by_month(table, column, [code], values)[:, 0]
    last = monthly[-12:].sum()
    found = getattr(outcome(pair, name, rounded=False), side)[-1]
    if is_counted(name):
        assert found == round(last / SCALE / 5) * 5 != 0
    else:
        raw = pair.reference.exits[:, EXITS.index(code)] if kind == "exit" else None
        if raw is None:
            raw = pair.reference.outcomes[:, OUTCOME_INDEX[code]].sum(axis=1)
        base = raw[FIRST - 12 : FIRST].sum()
        assert found == pytest.approx(100 * last / base, abs=1e-6)
        shown = getattr(outcome(pair, name), side)[-1]
        assert shown == pytest.approx(found, abs=index_step(base) / 2 + 1e-6)


# -- no level of a hidden strategy -------------------------------------------------------------------------------

#: Hidden persons by strategy and month; numbers that nothing else here is near to.
LEVELS = {"avhengig": 7919, "arbeidende": 3571, "marginalisert": 2237, "fritt_fall": 1283}
LATER = {"avhengig": 7717, "arbeidende": 3413, "marginalisert": 2113, "fritt_fall": 1447}


def numbers_in(thing: object) -> Iterator[float]:
    """Every number in a value, however deep."""
    if is_dataclass(thing) and not isinstance(thing, type):
        for item in fields(thing):
            if item.name != "months":
                yield from numbers_in(getattr(thing, item.name))
    elif isinstance(thing, np.ndarray):
        yield from (float(value) for value in thing.ravel() if value == value)
    elif isinstance(thing, dict):
        for value in thing.values():
            yield from numbers_in(value)
    elif isinstance(thing, tuple | list):
        for value in thing:
            yield from numbers_in(value)
    elif isinstance(thing, int | float) and not isinstance(thing, bool):
        yield float(thing)


def levels_of(one: Record) -> set[float]:
    """Counts that nobody may be shown: hidden persons, by strategy and all, now and at the start, here and there, what
    moves between, comes and travels on; in the model and at the size of the country."""
    hidden = [STRATEGIES.index(code) for code in HIDDEN]
    found = {float(n) for n in one.stocks[:, hidden].ravel()} | {float(n) for n in one.stocks[:, hidden].sum(axis=1)}
    found |= {float(n) for n in one.stocks.sum(axis=1)}
    found |= {float(n) for n in one.places[:, hidden].ravel()} | {float(n) for n in one.places[:, hidden].sum(axis=1)}
    found |= {float(n) for n in one.moves[:, [*hidden, INFLOW]].ravel()} | {float(n) for n in one.moves[-1, S]}
    found |= {float(n) for n in one.inflow} | {float(n) for n in np.convolve(one.inflow, np.ones(12), "valid")}
    for code in ("videre", "dod"):
        exits = one.exits[:, EXITS.index(code)]
        found |= {float(n) for n in exits} | {float(n) for n in np.convolve(exits, np.ones(12), "valid")}
    found |= {n / one.scale for n in found}
    return {n for n in found if n > 100}


def told(numbers: Iterator[float], levels: set[float]) -> set[float]:
    """Levels that are among some numbers, exactly or rounded to steps of 1, 5 or 10."""
    steps = {level: {level, *(step * round(level / step) for step in (1, 5, 10))} for level in levels}
    return {level for number in numbers for level, near in steps.items() if any(abs(number - n) < 1e-6 for n in near)}


@pytest.fixture(scope="module", params=[1.0, 0.25])
def secret(request) -> Pair:
    """Both sides with numbers that tell themselves wherever they turn up."""
    sides = []
    for number in (0, 1):
        at = np.zeros((PLACES, len(Strategy)), dtype=np.int64)
        at[:, 1:] = np.arange(PLACES * 4).reshape(PLACES, 4) * 13 + 1009 + number
        at[:, 0] = 321
        exits = np.zeros((MONTHS, len(Exit)), dtype=np.int64)
        exits[:, EXITS.index("videre")], exits[:, EXITS.index("dod")] = 173 + number, 127 + number
        exits[:, EXITS.index("tvangsretur")] = 211
        stocks = {
            code: [(0, LEVELS[code]), (FIRST, LATER[code]), (FIRST + 3, LATER[code] + 37 * number)] for code in HIDDEN
        }
        sides.append(
            by_hand(
                stocks={**stocks, "synlig": 6007},
                moves={(F, A): 907, (A, F): 401, (INFLOW, A): 617, (F, int(Exit.VIDERE)): 229, (S, F): 163 + number},
                inflow=np.full(MONTHS, 1873 + number),
                exits=exits,
                outcomes=np.full((MONTHS, len(OUTCOMES), len(CITIES) + 1), 149.0 + number),
                places=at,
                registers={panel: {2012: 4001.0} for panel in PANELS},
                scale=request.param,
            )
        )
    return Pair(sides[0], sides[1], FIRST)


def hidden_levels(pair: Pair) -> set[float]:
    return levels_of(pair.reference) | levels_of(pair.scenario)


def test_no_number_of_a_look_is_a_hidden_level(secret):
    seen = look(secret)
    assert len(hidden_levels(secret)) > 60
    assert len(list(numbers_in(seen))) > 200
    assert told(numbers_in(seen), hidden_levels(secret)) == set()


@pytest.mark.parametrize("city", ["", *CITIES])
def test_no_number_of_an_outcome_is_a_hidden_level(secret, city):
    for name in outcomes(city):
        assert told(numbers_in(outcome(secret, name, city)), hidden_levels(secret)) == set(), name


def test_no_number_of_a_band_is_a_hidden_level(secret):
    for name in outcomes():
        assert told(numbers_in(band([secret, secret], name)), hidden_levels(secret)) == set(), name


def test_uncounted_conditions_are_not_shown_in_their_unit(secret):
    """The same sum of twelve months in every outcome: only those that are counted show it."""
    for side, amount in (("reference", 149.0), ("scenario", 150.0)):
        sums = {6 * 12 * amount, 6 * 12 * amount / secret.reference.scale}
        shows = {name for name in outcomes() if told(iter(getattr(outcome(secret, name), side)), sums)}
        counted = {name for name in outcomes() if name.startswith("outcome:") and is_counted(name)}
        # Sums of days and money are in steps so wide that they may, but need not, be these.
        wide = {name for name in counted if name.endswith(("_nok", "_days"))}
        assert counted - wide <= shows <= counted


def test_the_search_finds_persons_wherever_they_are_put(secret):
    """The search itself: if a level were shown, the tests above would fail."""
    seen, levels = look(secret), hidden_levels(secret)
    hidden = [STRATEGIES.index(code) for code in HIDDEN]
    persons = secret.reference.stocks[FIRST:, hidden].astype(float)
    at = secret.reference.places[0, hidden].astype(float)
    flow = replace(seen.reference.flows[0], per_100=907.0)
    for wrong in (
        {"hidden": persons},
        {"hidden": persons / secret.reference.scale},
        {"visible": persons.sum(axis=1)},
        {"visible": np.round(persons[:, 0] / 5) * 5},
        {"shares": {"Oslo": at}},
        {"flows": (flow,)},
        {"registers": {PANELS[0]: {2012: float(LEVELS["fritt_fall"])}}},
    ):
        assert told(numbers_in(replace(seen, scenario=replace(seen.scenario, **wrong))), levels), wrong
    videre = outcome(secret, "exit:videre")
    assert told(numbers_in(replace(videre, difference=videre.difference * 0 + 12 * 173)), levels)


# -- what a reader could work out --------------------------------------------------------------------------------


# Widths tell ratios of persons, and rates are of 100: with a rate out of the centres, whose persons are known, two
# ratios and a product would give every hidden stock.
def test_widths_rates_and_persons_in_centres_do_not_add_up_to_a_level(secret):
    side = look(secret).reference
    known = [
        (flow.per_100 / 100 * side.visible[-2], flow.width)
        for flow in side.flows
        if flow.origin == "synlig" and flow.per_100 is not None and flow.width
    ]
    worked_out = [
        (flow.origin, 100 * persons * (flow.width / width) ** 2 / flow.per_100)
        for persons, width in known
        for flow in side.flows
        if flow.origin in HIDDEN and flow.per_100
    ]
    near = [level == pytest.approx(LATER[code] / secret.reference.scale, rel=0.05) for code, level in worked_out]
    assert not near or np.mean(near) < 0.5, worked_out


# An index of whole persons has steps of 100 / base; the finest step that fits all of it would give the base.
def test_the_steps_of_the_index_do_not_tell_its_base(pair):
    values = look(pair).reference.hidden.ravel()
    whole = [n for n in range(1, 3000) if np.abs(values * n / 100 - np.round(values * n / 100)).max() < 1e-6]
    assert int(pair.base) not in whole


# Where the 100 of an index stands for a single person, the index would tell persons.
@pytest.mark.parametrize("name", ["stock:fritt_fall", "exit:videre", "outcome:violent_relation_person_months"])
def test_an_index_of_few_persons_is_not_shown(name):
    kind, _, code = name.partition(":")
    values = [0] * 11 + [1, 60]
    one = {
        "stock": lambda: by_hand(stocks={code: [(0, 1), (FIRST, 60)]}),
        "exit": lambda: with_exits(code, [1, *[0] * 4, 60]),
        "outcome": lambda: with_outcome(code, values),
    }[kind]()
    first = {"stock": FIRST, "exit": MONTHS - 5, "outcome": MONTHS - 1}[kind]
    found = outcome(alone(one, first), name)
    assert np.isnan(found.reference).all(), "100 is one person"


def test_an_index_of_all_hidden_that_are_few_is_not_shown():
    few = look(alone(by_hand(stocks={"fritt_fall": [(0, 1), (FIRST, 60)]})))
    assert np.isnan(few.reference.hidden).all(), "100 is one person"


# -- bands -------------------------------------------------------------------------------------------------------


def three() -> list[Pair]:
    """Three pairs with 40, 50 and 60 of 100 in free fall from the start on, and 44, 60 and 78 in the scenario."""
    out = []
    for reference, scenario in ((50, 60), (40, 44), (60, 78)):
        sides = [by_hand(stocks={"synlig": 20, "fritt_fall": [(0, 100), (FIRST, n)]}) for n in (reference, scenario)]
        out.append(Pair(sides[0], sides[1], FIRST))
    return out


def test_a_band_holds_all_but_a_fortieth_at_each_end():
    found = band(three(), "stock:fritt_fall")
    assert found.n == 3
    assert found.months.tolist() == list(range(FIRST, MONTHS))
    # Of three sorted numbers, 2.5 % lies a twentieth of the way from the first to the second.
    assert found.reference == pytest.approx(np.array([[40.5] * 6, [59.5] * 6]))
    assert found.scenario == pytest.approx(np.array([[44.8] * 6, [77.1] * 6]))
    assert found.difference == pytest.approx(np.array([[10.5] * 6, [29.5] * 6])), "of 20, 10 and 30: paired"


def test_a_band_ends_with_the_shortest_run():
    pairs = three()
    short = [replace(one, **{name: getattr(one, name)[:-2] for name in ("stocks", "exits", "inflow", "outcomes")})
             for one in (pairs[1].reference, pairs[1].scenario)]  # fmt: skip
    pairs[1] = Pair(short[0], short[1], FIRST)
    found = band(pairs, "stock:fritt_fall")
    assert found.months.tolist() == list(range(FIRST, MONTHS - 2))
    assert found.reference == pytest.approx(np.array([[40.5] * 4, [59.5] * 4]))


def test_a_band_is_missing_where_one_run_is():
    pairs = [*three(), Pair(*(by_hand(stocks={"fritt_fall": [(0, 100), (FIRST, 4)]}) for _ in range(2)), FIRST)]
    assert np.isnan(band(pairs, "stock:fritt_fall").reference).all()


def test_there_is_no_band_of_no_runs():
    assert band([], "index:hidden") is None


# -- lives -------------------------------------------------------------------------------------------------------


def recorded(side: str) -> dict[str, list[tuple[str, int, int | None, str, str]]]:
    """Spells of each person in the order in which they were recorded: strategy, start, end, cause, destination."""
    out: dict[str, list[tuple[str, int, int | None, str, str]]] = {}
    columns = ["person", "strategy", "start", "end", "cause_of_end", "destination"]
    for person, strategy, start, end, cause, where in tables(side)["spells"][columns].itertuples(index=False):
        goes_on = not isinstance(end, str)
        row = (strategy, month_number(start), None if goes_on else month_number(end))
        out.setdefault(person, []).append((*row, "" if goes_on else cause, where if isinstance(where, str) else ""))
    return out


def life_of_rows(spells) -> list[Spell]:
    """A life as `life` should tell it, from the rows of spells.parquet."""
    out: list[Spell] = []
    for number, (strategy, start, end, cause, where) in enumerate(spells):
        out.append(Spell(strategy, start, end, told_cause(cause)))
        if where in EXITS:
            back = spells[number + 1][1] if number + 1 < len(spells) else None
            out.append(Spell(where, end, back, "permit_ended" if back is not None else ""))
    return out


def reported(one: lives.Life) -> list[Spell]:
    """Of a life what spells.parquet holds: spells that were over before the period are left out there."""
    keep = [k for k, spell in enumerate(one) if spell.state in STRATEGIES and (spell.end is None or spell.end >= FIRST)]
    return list(one[keep[0] :]) if keep else []


def crowded(spells) -> bool:
    """Whether somebody passed through two states within one month."""
    short = [start for _, start, end, _, _ in spells if end == start]
    return len(short) > len(set(short))


@pytest.mark.parametrize("side", SIDES)
def test_lives_are_those_of_the_tables(model, side):
    world, expected = world_of(model, side), recorded(side)
    ids = {person_code(int(number)): int(number) for number in np.unique(np.concatenate(world.history.spells.person))}
    now = world.population
    ids |= {person_code(int(n)): int(n) for n in now.person_id[now.strategy < len(Strategy)]}
    plain = [person for person, spells in expected.items() if not crowded(spells)]
    found = lives.lives_of(world, [ids[person] for person in plain])
    assert len(plain) > 500
    for person, one in zip(plain, found, strict=True):
        assert reported(one) == life_of_rows(expected[person]), person
    assert lives.life(world, ids[plain[7]]) == found[7]
    exits = {spell.state for one in found for spell in one}
    assert exits > {"videre", "tvangsretur", "assistert_retur", *STRATEGIES}


@pytest.mark.parametrize("side", SIDES)
def test_lives_through_two_states_in_a_month_are_those_of_the_tables_too(model, side):
    world, expected = world_of(model, side), recorded(side)
    ids = {person_code(int(number)): int(number) for number in np.unique(np.concatenate(world.history.spells.person))}
    many = [person for person, spells in expected.items() if crowded(spells)]
    assert many, "some pass through two states in a month"
    for person in many:
        assert reported(lives.life(world, ids[person])) == life_of_rows(expected[person]), person


def world_by_hand(spells, now=()) -> SimpleNamespace:
    """A world with the spells of person 7, each (strategy, start, end, destination, cause), and who is here now."""
    kept = Spells()
    for strategy, start, end, destination, cause in spells:
        kept.person.append(np.array([7], dtype=np.uint64))
        for name, value in (("strategy", strategy), ("start", start), ("end", end), ("destination", destination)):
            getattr(kept, name).append(np.array([value]))
        kept.cause.append(np.array([CAUSE_CODE[cause]]))
    population = SimpleNamespace(
        person_id=np.array([7 for _ in now], dtype=np.uint64),
        strategy=np.array([strategy for strategy, _ in now], dtype=np.int64),
        strategy_start=np.array([start for _, start in now], dtype=np.int64),
    )
    return SimpleNamespace(history=SimpleNamespace(spells=kept), population=population)


def test_who_comes_back_from_a_temporary_stay_goes_on():
    spells = [(S, 3, 9, int(Exit.MIDLERTIDIG), "temporary_permit"), (F, 20, 22, A, "choice")]
    assert lives.life(world_by_hand(spells, [(A, 22)]), 7) == (
        Spell("synlig", 3, 9, "temporary_permit"),
        Spell("midlertidig", 9, 20, "permit_ended"),
        Spell("fritt_fall", 20, 22, "choice"),
        Spell("avhengig", 22, None, ""),
    )
    assert lives.life(world_by_hand(spells[:1]), 7)[-1] == Spell("midlertidig", 9, None, "")


def test_who_never_came_has_no_life_and_who_came_now_has_one_spell():
    assert lives.life(world_by_hand([], [(F, 4)]), 7) == (Spell("fritt_fall", 4, None, ""),)
    assert lives.life(world_by_hand([(S, 3, 9, F, "walkout")], [(F, 9)]), 8) == ()
    assert lives.lives_of(world_by_hand([]), [7, 8]) == ((), ())


def test_several_lives_at_once_are_those_of_each(model):
    p = model.world.population
    persons = [int(n) for n in p.person_id[p.strategy < len(Strategy)][:5]]
    assert lives.lives_of(model.world, persons) == tuple(lives.life(model.world, person) for person in persons)


IN_CENTRE = Spell("synlig", 5, 10, "walkout")


@pytest.mark.parametrize(
    ("one", "other", "month"),
    [
        ((), (), None),
        ((IN_CENTRE,), (IN_CENTRE,), None),
        ((Spell("synlig", 5, None, ""),), (IN_CENTRE, Spell("fritt_fall", 10, None, "")), 10),
        ((Spell("synlig", 5, 12, "walkout"),), (IN_CENTRE,), 10),
        ((Spell("synlig", 5, 10, "pu_fetch"),), (IN_CENTRE,), 10),
        ((IN_CENTRE, Spell("fritt_fall", 10, None, "")), (IN_CENTRE, Spell("avhengig", 10, None, "")), 10),
        ((IN_CENTRE, Spell("videre", 10, None, "")), (IN_CENTRE,), 10),
        ((), (Spell("fritt_fall", 8, None, ""),), 8),
        ((Spell("fritt_fall", 6, None, ""),), (IN_CENTRE,), 5),
        ((Spell("synlig", 6, 10, "walkout"),), (IN_CENTRE,), 5),
        (
            (IN_CENTRE, Spell("midlertidig", 10, 20, "permit_ended"), Spell("fritt_fall", 20, None, "")),
            (IN_CENTRE, Spell("midlertidig", 10, None, "")),
            20,
        ),
        (
            (IN_CENTRE, Spell("fritt_fall", 10, 11, "choice"), Spell("avhengig", 11, None, "")),
            (IN_CENTRE, Spell("fritt_fall", 10, 14, "choice"), Spell("avhengig", 14, None, "")),
            11,
        ),
    ],
)
def test_two_lives_part_in_the_first_month_in_which_something_differs(one, other, month):
    assert lives.parting(one, other) == month
    assert lives.parting(other, one) == month


def now_in(world, person: int) -> int:
    """Strategy of a person who is here, else -1."""
    p = world.population
    row = np.flatnonzero((p.person_id == np.uint64(person)) & (p.strategy < len(Strategy)))
    return int(p.strategy[row[0]]) if len(row) else -1


def test_twins_are_adults_who_live_differently_now(model):
    found = lives.twins(model.reference_world, model.world, most=1000)
    assert len(found) > 50
    for twin in found:
        assert now_in(model.reference_world, twin.person) != now_in(model.world, twin.person)
        assert twin.lives == (lives.life(model.reference_world, twin.person), lives.life(model.world, twin.person))
        assert twin.parting == lives.parting(*twin.lives)
        assert twin.code == person_code(twin.person)
    alone = set()
    for world in (model.reference_world, model.world):
        p = world.population
        mine = np.flatnonzero(np.isin(p.person_id, np.array([t.person for t in found], dtype=np.uint64)))
        mine = mine[p.strategy[mine] < len(Strategy)]
        alone |= set(p.person_id[mine[p.guardian[mine] < 0]].tolist())
        assert (world.month - p.birth_month[mine] >= 18 * 12).all()
    # Who has come of age is still of the household with a host, on one side perhaps and not on the other.
    assert {twin.person for twin in found} <= alone
    parted = [twin.parting for twin in found]
    assert min(parted) >= month_number("2012-06"), "nothing differs before the lever"


def test_children_and_those_who_live_alike_are_no_twins():
    def world(strategies) -> SimpleNamespace:
        count = len(strategies)
        population = SimpleNamespace(
            person_id=np.arange(count, dtype=np.uint64) + np.uint64(50),
            strategy=np.array(strategies),
            strategy_start=np.full(count, 90),
            # Of 18 years, of 17 without a guardian, a grown child of the first, of 40 years.
            birth_month=np.array([100 - 216, 100 - 215, 100 - 240, 100 - 480])[:count],
            guardian=np.array([-1, -1, 0, -1])[:count],
            key=np.array([3, 2, 1, 4], dtype=np.uint64)[:count],
        )
        return SimpleNamespace(month=100, population=population, history=SimpleNamespace(spells=Spells()))

    found = lives.twins(world([S, S, S, S]), world([F, F, F, S]))
    assert [twin.person for twin in found] == [50]
    found = lives.twins(world([S, S, S, S]), world([F, F, F]))
    assert [twin.person for twin in found] == [50, 53], "by rising key; one has not come"
    assert [twin.person for twin in lives.twins(world([8, S, S, A]), world([F, S, S, 11]))] == [50, 53], "or has left"
    assert lives.twins(world([8, S, S, A]), world([11, S, S, A])) == (), "both are gone"


def test_everybody_who_lives_differently_is_a_twin(model):
    sides = []
    for world in (model.reference_world, model.world):
        p = world.population
        grown = (p.strategy < len(Strategy)) & (p.guardian < 0) & (world.month - p.birth_month >= 18 * 12)
        sides.append(dict(zip(p.person_id[grown].tolist(), p.strategy[grown].tolist(), strict=True)))
    differ = {person for person in sides[0].keys() | sides[1].keys() if sides[0].get(person) != sides[1].get(person)}
    assert {twin.person for twin in lives.twins(model.reference_world, model.world, most=10_000)} == differ


def test_a_larger_sample_of_twins_holds_the_smaller(model):
    large = lives.twins(model.reference_world, model.world, most=60)
    assert lives.twins(model.reference_world, model.world) == large[:12]
    assert lives.twins(model.reference_world, model.world, most=3) == large[:3]
    keys = model.world.draws.keys(np.array([twin.person for twin in large], dtype=np.uint64))
    assert (np.diff(keys.astype(np.float64)) > 0).all(), "by rising key"


def test_there_are_no_twins_in_one_world(model):
    assert lives.twins(model.world, model.world) == ()


def test_somebody_can_be_followed_on_both_sides(model):
    person = lives.someone(model.world, 3)
    twin = lives.twin(model.reference_world, model.world, person)
    assert twin.person == person
    assert twin.lives == (lives.life(model.reference_world, person), lives.life(model.world, person))
    assert twin.parting == lives.parting(*twin.lives)


@pytest.mark.parametrize("strategy", [None, *Strategy])
def test_someone_is_the_same_adult_for_the_same_number(model, strategy):
    world = model.reference_world
    p = world.population
    here = (p.strategy == strategy) if strategy is not None else (p.strategy < len(Strategy))
    grown = here & (p.guardian < 0) & (world.month - p.birth_month >= 18 * 12)
    count = int(grown.sum())
    assert count > 3
    among = min(count, 40)  # a sample: nobody counts persons by asking until one comes again
    found = [lives.someone(world, number, strategy) for number in range(among)]
    assert [lives.someone(world, number + among, strategy) for number in (0, 2)] == [found[0], found[2]]
    keys = dict(zip(p.person_id.tolist(), p.key.tolist(), strict=True))
    assert found == sorted(p.person_id[grown].tolist(), key=keys.__getitem__)[:among]


def test_there_is_nobody_in_an_empty_country(model):
    empty = SimpleNamespace(
        month=60,
        population=SimpleNamespace(strategy=np.empty(0, int), guardian=np.empty(0, int), birth_month=np.empty(0, int)),
    )
    assert lives.someone(empty, 3) is None


FACTS = {
    "route", "household", "sought_asylum", "decision", "feasibility", "age", "years", "months", "place", "risk", "ties",
    "provider", "side", "is_held",
}  # fmt: skip


@pytest.mark.parametrize("side", SIDES)
def test_facts_tell_no_citizenship_and_nothing_of_trade_or_violence(model, side):
    world = world_of(model, side)
    p = world.population
    here = np.flatnonzero(p.strategy < len(Strategy))
    for person in p.person_id[here].tolist():
        found = lives.facts(world, person)
        assert set(found) == FACTS
        for key, value in found.items():
            assert key not in COUNTRIES
            assert str(value) not in COUNTRIES, (key, value)
            assert not any(name in str(value) for name in COUNTRIES), (key, value)
        assert found["provider"] in ("", "partner", "relative", "friend", "congregation")
        assert found["side"] in ("none", "work")
        assert found["age"] % 10 == 0
        assert isinstance(found["years"], int)


def test_facts_are_those_of_the_columns(model):
    world = model.world
    p = world.population
    for row in np.flatnonzero(p.strategy < len(Strategy))[::7].tolist():
        found = lives.facts(world, int(p.person_id[row]))
        assert found["route"] == Route(int(p.route[row])).code
        assert found["household"] == Household(int(p.household[row])).name.lower()
        assert found["sought_asylum"] == str(bool(p.is_sought_asylum[row])).lower()
        age = (world.month - p.birth_month[row]) / 12
        assert found["age"] <= age < found["age"] + 10
        years = max(0, world.month - p.entry_month[row]) / 12
        assert found["years"] <= years < found["years"] + 1
        assert found["months"] == world.month - p.strategy_start[row]
        assert found["ties"] == sum(int(tie[row] >= 0) for tie in (p.tie_0, p.tie_1, p.tie_2))
        place = places()[p.place[row]]
        known = f"city.{place.city_name}" if place.city_name in CITIES else f"district.{DISTRICTS[place.district]}"
        assert found["place"] == known
        assert found["is_held"] == int(p.transport_due[row] >= 0)


def test_who_has_gone_or_never_came_has_no_facts(model):
    spells = model.world.history.spells
    left = np.concatenate(spells.destination) >= int(min(Exit))
    gone = {int(n) for n in np.concatenate(spells.person)[left]}
    gone -= {int(n) for n in model.world.population.person_id[model.world.population.strategy < len(Strategy)]}
    assert len(gone) > 100
    assert {lives.facts(model.world, person) for person in list(gone)[:20]} == {None}
    assert lives.facts(model.world, 12345) is None


def test_causes_are_told_once_in_the_order_in_which_they_occur():
    one = (IN_CENTRE, Spell("fritt_fall", 10, 11, "choice"), Spell("avhengig", 11, None, ""))
    assert lives.cause_codes([one, (Spell("synlig", 1, 2, "choice"), Spell("videre", 2, 3, "permit_ended"))]) == (
        "walkout",
        "choice",
        "permit_ended",
    )
    assert set(lives.cause_codes([one])) < set(CAUSES)


# -- the network -------------------------------------------------------------------------------------------------

#: What a node may tell.
TOLD = {"kind", "name", "type", "district", "city", "strategy", "sector"}


@pytest.fixture(scope="module")
def net(model):
    return network(model.reference_world, model.world)


def test_the_network_has_the_persons_of_the_sample_on_both_sides(model, net):
    assert len(net.graphs) == 2
    for world, graph in zip((model.reference_world, model.world), net.graphs, strict=True):
        rows = ties.sample(world, 110)
        persons = {person_code(int(number)) for number in world.population.person_id[rows]}
        assert {node for node, data in graph.nodes.items() if data["kind"] == "person"} == persons
        for node, data in graph.nodes.items():
            if data["kind"] == "person":
                row = rows[[person_code(int(n)) for n in world.population.person_id[rows]].index(node)]
                assert data["strategy"] == Strategy(int(world.population.strategy[row])).code
    assert net.persons == 110
    small = network(model.reference_world, model.reference_world, most=20)
    assert (len(small.graphs), small.persons) == (1, 20)


def test_no_node_of_the_network_tells_a_citizenship(net):
    for graph in net.graphs:
        for node, data in graph.nodes.items():
            assert set(data) <= TOLD, "a new attribute must be thought about here"
            assert not any(name in str(value) for value in data.values() for name in COUNTRIES)
            assert not any(name in node for name in COUNTRIES)
        assert all(set(data) == {"kind"} for data in graph.edges.values())
        assert "co_national" not in {data["kind"] for data in graph.edges.values()}, "their circle joins them"


def test_every_node_with_a_tie_has_a_place_inside(net):
    tied = {node for graph in net.graphs for node, degree in graph.degree() if degree}
    assert set(net.places) == tied
    assert len(tied) > 50
    places_ = np.array(list(net.places.values()))
    assert np.abs(places_).max() == pytest.approx(1.0)
    assert len({(round(x, 6), round(y, 6)) for x, y in places_.tolist()}) == len(tied), "no two lie on each other"


def test_the_network_is_the_same_whenever_it_is_made(model, net):
    again = network(model.reference_world, model.world)
    assert again.places == net.places
    assert [sorted(graph.edges) for graph in again.graphs] == [sorted(graph.edges) for graph in net.graphs]


def test_a_node_keeps_about_its_place_from_month_to_month():
    model = PairedModel(CLOSED, BASELINE, scale=SCALE, seed=SEED, draws="point", start="2012-06")
    before = network(model.reference_world, model.world)
    for _ in range(3):
        model.step()
        after = network(model.reference_world, model.world, before)
        stay = sorted(before.places.keys() & after.places.keys())
        assert len(stay) > 40
        old, new = (np.array([one.places[node] for node in stay]) for one in (before, after))
        moved = np.linalg.norm(new - old, axis=1)
        # Another node's place, for comparison: every node against the next in the list.
        other = np.linalg.norm(new - np.roll(old, 1, axis=0), axis=1)
        assert (moved < other).mean() > 0.8
        assert np.median(moved) < np.median(other) / 3
        assert np.abs(np.array(list(after.places.values()))).max() <= 1.0 + 1e-9
        before = after


def test_places_follow_those_that_were_drawn_last(model, net):
    """However they came about: here all are turned by a quarter."""
    turned = replace(net, places={node: (-y, x) for node, (x, y) in net.places.items()})
    after = network(model.reference_world, model.world, turned)
    nodes = sorted(net.places)
    new, plain, quarter = (np.array([one.places[node] for node in nodes]) for one in (after, net, turned))
    assert (np.linalg.norm(new - quarter, axis=1) < np.linalg.norm(new - plain, axis=1)).mean() > 0.9


def test_an_empty_network_has_no_places():
    model = PairedModel(BASELINE, BASELINE, scale=SCALE, draws="point", beginnings=Beginnings(1))
    empty = network(model.world, model.world, most=0)
    assert (empty.places, empty.persons, len(empty.graphs)) == ({}, 0, 1)


def test_a_look_has_no_field_that_was_not_thought_about():
    """A new field needs a rule above, and its tests."""
    assert {item.name for item in fields(Look)} == {"months", "first", "reference", "scenario"}
    assert {item.name for item in fields(type(look(alone(by_hand(stocks=HIDDEN_STOCKS))).reference))} == {
        "hidden", "visible", "visible_index", "flows", "shares", "open_centres", "registers",
    }  # fmt: skip
