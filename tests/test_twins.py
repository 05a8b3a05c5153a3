"""Twins: when, where and by which cause two lives of one person part; by hand, and against the runs."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from irregsim.study.comparison.lives.states import EXITS, NOT_HERE, NOTHING, STATES, Window, person_text
from irregsim.study.comparison.lives.tables import paired_tables
from irregsim.study.comparison.lives.twins import (
    APART_COLUMNS,
    LIFE_COLUMNS,
    PARTING_COLUMNS,
    SAMPLE,
    TWIN_COLUMNS,
    first_parting,
    twins_of,
    twins_tables,
)
from irregsim.vocabulary.codes import CAUSES, month_number, month_text
from paired_runs import FIRST, LAST, REPLICATES, WINDOW, overlay_by_hand, paired_runs

pytestmark = pytest.mark.once

HAND = Window(10, 15)


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    return paired_runs(tmp_path_factory.getbasetemp())


@pytest.fixture(scope="module")
def made(folders):
    return paired_tables(*folders, name="changed", first_effective=FIRST)


@pytest.fixture(scope="module")
def tables(made) -> dict[str, pd.DataFrame]:
    return made.tables


def life(*spells):
    return {1: list(spells)}


def parting(reference, scenario) -> dict[str, object] | None:
    """The only twin of two lives, without what does not depend on them."""
    table = twins_tables("x", [twins_of(overlay_by_hand(reference, scenario, HAND))], HAND)["twins"]
    if not len(table):
        return None
    assert len(table) == 1
    return (
        table.drop(columns=["scenario", "person", "replicate", "sought_asylum", "first_month_apart"]).iloc[0].to_dict()
    )


def expected(month, states, causes, apart, ends) -> dict[str, object]:
    return {
        "first_parting": month_text(month),
        "reference_state": states[0],
        "scenario_state": states[1],
        "cause_reference": causes[0],
        "cause_scenario": causes[1],
        "months_apart": apart,
        "end_reference": ends[0],
        "end_scenario": ends[1],
    }


# ---------------------------------------------------------------------------------------------------------
# Each kind of parting, by hand

CENTRE = ("synlig", 5)


def test_something_happens_in_the_scenario_only():
    changed = life((*CENTRE, 12, "fritt_fall", "walkout"), ("fritt_fall", 12))
    assert parting(life(CENTRE), changed) == expected(
        12, ("synlig", "fritt_fall"), (NOTHING, "walkout"), 4, ("synlig", "fritt_fall")
    )


def test_something_happens_earlier_in_the_reference():
    before = life((*CENTRE, 11, "videre", "onward"))
    after = life((*CENTRE, 14, "tvangsretur", "pu_fetch"))
    assert parting(before, after) == expected(
        11, ("videre", "synlig"), ("onward", NOTHING), 5, ("videre", "tvangsretur")
    )


def test_the_same_month_leads_elsewhere():
    before = life((*CENTRE, 12, "tvangsretur", "pu_fetch"))
    after = life((*CENTRE, 12, "fritt_fall", "walkout"), ("fritt_fall", 12, 13, "videre", "onward"))
    assert parting(before, after) == expected(
        12, ("tvangsretur", "fritt_fall"), ("pu_fetch", "walkout"), 4, ("tvangsretur", "videre")
    )


def test_the_same_choice_leads_elsewhere():
    before = life(("fritt_fall", 5, 12, "avhengig", "choice"), ("avhengig", 12))
    after = life(("fritt_fall", 5, 12, "arbeidende", "choice"), ("arbeidende", 12))
    assert parting(before, after) == expected(
        12, ("avhengig", "arbeidende"), ("choice", "choice"), 4, ("avhengig", "arbeidende")
    )


def test_the_same_state_by_another_cause_is_a_parting_too():
    rest = ("fritt_fall", 12)
    before = life((*CENTRE, 12, "fritt_fall", "transfer_walkout"), rest)
    after = life((*CENTRE, 12, "fritt_fall", "walkout"), rest)
    both = overlay_by_hand(before, after, HAND)
    tables = twins_tables("x", [twins_of(both)], HAND)
    assert tables["partings"].drop(columns=["scenario", "persons", "lo", "hi", "n"]).to_dict("records") == [
        {
            "cause_reference": "transfer_walkout",
            "cause_scenario": "walkout",
            "reference_state": "fritt_fall",
            "scenario_state": "fritt_fall",
            "total": 1,
        }
    ]
    assert first_parting([twins_of(both)])["month"] == month_text(12), "the proof tells of it"
    assert len(tables["twins"]) == 0, "the sample does not: at the end of every month both are in the same state"


def test_a_life_goes_on_after_its_parting_and_may_meet_again():
    before = life((*CENTRE, 11, "fritt_fall", "walkout"), ("fritt_fall", 11, 13, "videre", "onward"))
    after = life((*CENTRE, 13, "videre", "onward"))
    assert parting(before, after) == expected(
        11, ("fritt_fall", "synlig"), ("walkout", NOTHING), 2, ("videre", "videre")
    )


def test_the_later_of_several_spells_is_the_first_to_differ():
    same = ((*CENTRE, 11, "fritt_fall", "walkout"), ("fritt_fall", 11, 12, "avhengig", "choice"))
    before, after = life(*same, ("avhengig", 12)), life(*same, ("avhengig", 12, 15, "fritt_fall", "break_up"))
    assert parting(before, after)["first_parting"] == month_text(15)


def test_somebody_comes_in_one_run_only():
    after = life(("arbeidende", 13))
    assert parting({}, after) == expected(13, (NOT_HERE, "arbeidende"), (NOTHING, "start"), 3, (NOT_HERE, "arbeidende"))
    assert parting(after, {}) == expected(13, ("arbeidende", NOT_HERE), ("start", NOTHING), 3, ("arbeidende", NOT_HERE))


def test_somebody_begins_in_another_way():
    assert parting(life(("arbeidende", 13)), life(("fritt_fall", 13))) == expected(
        13, ("arbeidende", "fritt_fall"), ("start", "start"), 3, ("arbeidende", "fritt_fall")
    )


@pytest.mark.parametrize("reverse", [False, True])
def test_somebody_comes_back_from_legal_stay_in_one_run_only(reverse):
    away = ("fritt_fall", 5, 11, "midlertidig", "temporary_permit")
    lives = (life(away), life(away, ("fritt_fall", 14)))
    states, causes = ("midlertidig", "fritt_fall"), (NOTHING, "permit_ended")
    if reverse:
        lives, states, causes = lives[::-1], states[::-1], causes[::-1]
    assert parting(*lives) == expected(14, states, causes, 2, states)


def test_equal_lives_do_not_part():
    lives = life((*CENTRE, 12, "fritt_fall", "walkout"), ("fritt_fall", 12))
    assert parting(lives, lives) is None
    assert first_parting([twins_of(overlay_by_hand(lives, lives, HAND))]) is None


def test_runs_without_anybody_are_no_error():
    tables = twins_tables("x", [twins_of(overlay_by_hand({}, {}, HAND))], HAND)
    assert {name: len(table) for name, table in tables.items()} == {
        "twins": 0,
        "twin_lives": 0,
        "partings": 0,
        "apart": HAND.months,
    }


def test_the_first_of_all_replicates_is_found():
    def at(month, person):
        before = {person: [CENTRE]}
        return before, {person: [(*CENTRE, month, "fritt_fall", "walkout"), ("fritt_fall", month)]}

    twins = [
        twins_of(overlay_by_hand(*at(month, person), HAND, j))
        for j, (month, person) in enumerate([(13, 5), (11, 9), (11, 2)])
    ]
    assert first_parting(twins) == {
        "month": month_text(11),
        "person": person_text(9),  # of the earlier replicate
        "replicate": 1,
        "reference_state": "synlig",
        "scenario_state": "fritt_fall",
        "cause_reference": NOTHING,
        "cause_scenario": "walkout",
        "events": [
            {"side": "scenario", "origin": "synlig", "destination": "fritt_fall", "cause": "walkout", "persons": 2}
        ],
    }


def test_lives_may_part_before_they_are_in_different_states():
    """By another cause to the same state: the parting is that event, and the states differ two months later."""
    before = life((*CENTRE, 11, "fritt_fall", "walkout"), ("fritt_fall", 11))
    after = life(
        (*CENTRE, 11, "fritt_fall", "right_to_stay_ended"),
        ("fritt_fall", 11, 13, "avhengig", "choice"),
        ("avhengig", 13),
    )
    table = twins_tables("x", [twins_of(overlay_by_hand(before, after, HAND))], HAND)["twins"]
    assert table["first_parting"].item() == month_text(11)
    assert table["first_month_apart"].item() == month_text(13)
    assert table["months_apart"].item() == 3


def test_the_most_frequent_event_of_the_first_month_comes_first():
    """Two who go by one cause and one by another, whatever order the words or the persons have."""
    before = {person: [CENTRE] for person in (1, 2, 3, 4)}
    after = {
        1: [(*CENTRE, 11, "tvangsretur", "pu_fetch")],
        2: [(*CENTRE, 11, "fritt_fall", "walkout"), ("fritt_fall", 11)],
        3: [(*CENTRE, 11, "fritt_fall", "walkout"), ("fritt_fall", 11)],
        4: [(*CENTRE, 12, "videre", "onward")],
    }
    for one, two, side in ((before, after, "scenario"), (after, before, "reference")):
        first = first_parting([twins_of(overlay_by_hand(one, two, HAND))])
        assert first["person"] == person_text(1)
        assert first["events"] == [
            {"side": side, "origin": "synlig", "destination": "fritt_fall", "cause": "walkout", "persons": 2},
            {"side": side, "origin": "synlig", "destination": "tvangsretur", "cause": "pu_fetch", "persons": 1},
        ]


# ---------------------------------------------------------------------------------------------------------
# Two runs of the model


def spells_of(folder) -> dict[tuple[int, str], list[tuple[object, ...]]]:
    """Spells of every person that reach into the window."""
    table = pd.read_parquet(folder.path / "spells.parquet")
    table = table[table["end"].isna() | (table["end"] >= "2014-01")]
    columns = table[["strategy", "start", "end", "cause_of_end", "destination"]].astype(object)
    rows = columns.where(columns.notna(), None).itertuples(index=False, name=None)
    lives: dict[tuple[int, str], list[tuple[object, ...]]] = {}
    for key, row in zip(zip(table["replicate"], table["person"], strict=True), rows, strict=True):
        lives.setdefault(key, []).append(row)
    return lives


@pytest.fixture(scope="module")
def lives(folders):
    return [spells_of(folder) for folder in folders]


def test_the_columns_are_those_that_readers_rely_on(tables):
    columns = {
        "twins": TWIN_COLUMNS,
        "twin_lives": LIFE_COLUMNS,
        "partings": PARTING_COLUMNS,
        "apart": APART_COLUMNS,
    }
    for name, wanted in columns.items():
        assert tuple(tables[name].columns) == wanted
        assert len(tables[name]) > 0
        assert not tables[name][[c for c in wanted if c not in ("end", "cause")]].isna().any(axis=None)
        assert not any(word in " ".join(wanted) for word in ("country", "citizen", "feasibility", "district", "age"))


def test_words_are_in_the_vocabulary(tables):
    twins = tables["twins"]
    for column in ("reference_state", "scenario_state", "end_reference", "end_scenario"):
        assert set(twins[column]) <= set(STATES)
    for column in ("cause_reference", "cause_scenario"):
        assert set(twins[column]) <= {*CAUSES, NOTHING}
    assert twins["person"].str.fullmatch("[0-9a-f]{16}").all()


def test_nobody_parts_before_the_scenario_takes_effect(made, tables):
    assert tables["twins"]["first_parting"].min() >= "2014-01"
    assert made.first_parting["month"] == "2014-01"
    assert made.first_parting["replicate"] == 0
    # All who stay in a centre lose their place at once.
    assert made.first_parting["cause_scenario"] == "right_to_stay_ended"


def test_every_life_that_differs_is_counted(lives, tables):
    keys = {*lives[0], *lives[1]}
    differ = {key for key in keys if lives[0].get(key) != lives[1].get(key)}
    assert 0 < len(differ) < len(keys)
    assert tables["partings"]["total"].sum() == len(differ)
    assert {(t.replicate, t.person) for t in tables["twins"].itertuples()} <= differ
    assert len(tables["twins"]) == min(SAMPLE, len(differ)) == SAMPLE
    assert (tables["twins"]["months_apart"] > 0).all()


def test_until_their_parting_twins_live_alike(lives, tables):
    def until(spells, month):
        """Spells as they were known before a month."""
        known = [s for s in spells or [] if s[1] < month]
        return [s if s[2] is not None and s[2] < month else (*s[:2], None, None, None) for s in known]

    for twin in tables["twins"].itertuples():
        one, two = (side.get((twin.replicate, twin.person)) for side in lives)
        month = twin.first_parting
        after = month_text(month_number(month) + 1)
        assert until(one, month) == until(two, month)
        assert until(one, after) != until(two, after)


def test_the_states_after_a_parting_are_those_of_the_spells(lives, tables):
    """Where one event happened in the month, the state right after it is the state at the end of the month."""
    checked = 0
    for twin in tables["twins"].itertuples():
        for side, told in zip(lives, (twin.reference_state, twin.scenario_state), strict=True):
            spells = side.get((twin.replicate, twin.person), [])
            if sum(s[1] == twin.first_parting for s in spells) > 1 or told in EXITS:
                continue
            there = [s for s in spells if s[1] <= twin.first_parting and (s[2] is None or s[2] > twin.first_parting)]
            ended = [s for s in spells if s[2] == twin.first_parting]
            if there and (not ended or ended[0][4] == there[0][0]):
                assert told == there[0][0]
                checked += 1
    assert checked > 100


def test_lives_of_the_sample_are_whole(lives, tables):
    by = dict(list(tables["twin_lives"].groupby(["replicate", "person", "side"])))
    for twin in tables["twins"].itertuples():
        for name, side in zip(("reference", "scenario"), lives, strict=True):
            spells = side.get((twin.replicate, twin.person))
            if spells is None:
                assert (twin.replicate, twin.person, name) not in by
                continue
            runs = by[twin.replicate, twin.person, name]
            strategies = runs[~runs["state"].isin(EXITS)]
            assert list(strategies["state"]) == [s[0] for s in spells]
            assert list(strategies["start"]) == [s[1] for s in spells]
            assert runs["state"].iloc[-1] == (twin.end_reference if name == "reference" else twin.end_scenario)
            assert runs["end"].isna().tolist() == [False] * (len(runs) - 1) + [True]
            assert (runs["start"].iloc[1:].to_numpy() == runs["end"].iloc[:-1].to_numpy()).all()


def test_who_is_apart_is_who_stands_beside_the_diagonal(tables):
    alluvial = tables["alluvial"].query("to_month == '2015-12' and reference_state != scenario_state")
    apart = tables["apart"].set_index("month")
    assert apart.loc["2015-12", "persons"] == pytest.approx(alluvial["total"].sum() / REPLICATES)
    assert list(apart.index) == [month_text(m) for m in range(FIRST, LAST + 1)]
    assert 0 < apart.loc["2015-12", "share"] < 1


def test_months_apart_are_those_of_the_states(lives, tables):
    def states(spells):
        out = [NOT_HERE] * WINDOW.months
        for strategy, start, end, _, destination in spells or []:
            first = max(month_number(start) - FIRST, 0)
            stop = WINDOW.months if end is None else month_number(end) - FIRST
            out[first:stop] = [strategy] * max(stop - first, 0)
            if destination in EXITS:
                out[stop:] = [destination] * (WINDOW.months - stop)
        return np.array(out)

    for twin in tables["twins"].itertuples():
        one, two = (states(side.get((twin.replicate, twin.person))) for side in lives)
        assert twin.months_apart == (one != two).sum()
        assert twin.first_month_apart == month_text(FIRST + int(np.flatnonzero(one != two)[0]))
        assert twin.first_month_apart >= twin.first_parting


def test_the_sample_depends_on_nothing_but_who_the_persons_are(folders, tables):
    """With one replicate more or less, a life that is in both samples is told alike, and the smallest keys stay."""
    fewer = paired_tables(*folders, name="changed", first_effective=FIRST, replicates=1).tables["twins"]
    of_first = tables["twins"][tables["twins"]["replicate"] == 0].reset_index(drop=True)
    assert 0 < len(of_first) < len(fewer)
    both = fewer.merge(of_first)
    assert len(both) == len(of_first)
