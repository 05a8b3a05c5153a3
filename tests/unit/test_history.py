"""The record: codes of flows and events say what was written, sums and limits add up."""

import numpy as np
import pytest

from irregsim.model.history import (
    CELLS,
    CITY_CODES,
    CITY_OF,
    COUNTRIES,
    EVENT,
    FLOW,
    NO_PLACE,
    OUTCOMES,
    OUTSIDE_STOCK,
    PLACES,
    History,
    WatchedHistory,
    pack,
    part,
    unpack,
)
from irregsim.vocabulary.codes import CAUSES, INFLOW, Exit, RegisterEvent, Strategy


def test_a_flow_is_read_as_it_was_written():
    h = History(24)
    cause = len(CAUSES) - 1
    h.flow(23, cause, INFLOW, np.array([4, 4, 2]), NO_PLACE, np.array([12, 12, 0]), np.array([35, 35, 0]))
    h.flow(0, 3, 1, int(Exit.DOD), 5, NO_PLACE, np.array([7]))
    f = h.flow_counts()
    rows = set(zip(*(f[name].tolist() for name in sorted(f)), strict=True))
    assert sorted(f) == [
        "cause", "country", "destination", "destination_place", "month", "origin", "origin_place", "persons"
    ]  # fmt: skip
    assert rows == {
        (cause, 35, 4, 12, 23, INFLOW, NO_PLACE, 2),
        (cause, 0, 2, 0, 23, INFLOW, NO_PLACE, 1),
        (3, 7, int(Exit.DOD), NO_PLACE, 0, 1, 5, 1),
    }


def test_moves_of_a_month_are_added_up_as_they_are_recorded():
    h = WatchedHistory(24)
    two, one = np.array([35, 35]), np.array([0])
    h.flow(23, 3, int(Strategy.SYNLIG), int(Exit.VIDERE), NO_PLACE, NO_PLACE, two)
    h.flow(23, 2, np.array([4]), np.array([int(Strategy.SYNLIG)]), NO_PLACE, NO_PLACE, one)
    h.flow(22, 2, INFLOW, int(Strategy.SYNLIG), NO_PLACE, 0, one)
    moves = h.copy(24).moves(23)
    assert moves[Strategy.SYNLIG, Exit.VIDERE] == 2 and moves[4, Strategy.SYNLIG] == 1 and moves.sum() == 3
    assert h.moves(22)[INFLOW, Strategy.SYNLIG] == h.moves(22).sum() == 1
    assert h.flow_counts()["persons"].sum() == 4, "the record itself is kept too"


def test_an_event_is_written_down_when_the_agency_does():
    h = History(12)
    h.register(3, RegisterEvent.HEALTH_CONTACT, np.array([0, 12]), np.array([35, 1]))
    h.register(10, RegisterEvent.EXPULSION_PENAL, np.array([4, 4, 4]), np.array([2, 2, 2]), delay=np.array([1, 1, 5]))
    c = h.register_counts()
    rows = sorted(zip(c["month"], c["event"], c["place"], c["country"], c["count"], strict=True))
    # The third expulsion is decided after the last month and falls outside every table.
    assert [tuple(map(int, row)) for row in rows] == [
        (3, RegisterEvent.HEALTH_CONTACT, 0, 35, 1),
        (3, RegisterEvent.HEALTH_CONTACT, 12, 1, 1),
        (11, RegisterEvent.EXPULSION_PENAL, 4, 2, 2),
    ]


@pytest.mark.parametrize(
    ("field", "code"),
    [
        ("origin", 15),
        ("destination", 15),
        ("cause", len(CAUSES)),
        ("origin_place", NO_PLACE + 1),
        ("destination_place", -1),
        ("country", COUNTRIES),
    ],
)
def test_a_flow_with_a_code_outside_its_bound_is_refused(field, code):
    """It would be read as another flow: a country too many as the next place."""
    fields = {"cause": 0, "origin": 4, "destination": 2, "origin_place": 0, "destination_place": 0, "country": 0}
    h = History(12)
    h.flow(3, **{name: np.array([value, value]) for name, value in fields.items()})
    fields[field] = code
    with pytest.raises(ValueError, match=f"^{field}: code {code} is outside 0 to "):
        h.flow(3, **{name: np.array([0, value]) for name, value in fields.items()})
    assert h.flow_counts()["persons"].tolist() == [2]


@pytest.mark.parametrize(
    ("field", "code"), [("place", NO_PLACE), ("country", COUNTRIES), ("strategy", int(Exit.VIDERE)), ("delay", -4)]
)
def test_an_event_with_a_code_outside_its_bound_is_refused(field, code):
    fields = {"place": 0, "country": 0, "strategy": 0, "delay": 0}
    h = History(12)
    with pytest.raises(ValueError, match=r"is outside 0 to \d+$"):
        h.register(3, RegisterEvent.LEFT_CENTRE, **{**fields, field: np.array([0, code])})
    assert len(h.register_counts()["count"]) == 0


@pytest.mark.parametrize("bounds", [FLOW, EVENT])
def test_packed_codes_are_read_as_they_were_written_and_sort_as_they_do(bounds):
    last = {name: np.array([0, 1, bound - 1]) for name, bound in bounds.items()}
    packed = pack(bounds, *last.values())
    read = unpack(bounds, packed)
    assert {name: codes.tolist() for name, codes in read.items()} == {name: c.tolist() for name, c in last.items()}
    assert sorted(packed.tolist()) == packed.tolist()
    assert len(pack(bounds, *(0 for _ in bounds))) == 1


@pytest.mark.parametrize("bounds", [FLOW, EVENT])
def test_a_part_of_packed_codes_is_what_its_fields_make_alone(bounds):
    fields = {name: np.array([0, 1, bound - 1, bound // 2]) for name, bound in bounds.items()}
    packed, names = pack(bounds, *fields.values()), list(bounds)
    for begin in range(len(names)):
        for end in range(begin + 1, len(names) + 1):
            wanted = names[begin:end]
            alone = pack({name: bounds[name] for name in wanted}, *(fields[name] for name in wanted))
            assert part(bounds, packed, wanted[0], wanted[-1]).tolist() == alone.tolist()


def test_events_of_years_are_those_of_the_register_counts():
    h = History(30)  # 2009, 2010 and half of 2011
    assert h.events_by_year(range(2009, 2011)).sum() == 0
    h.register(11, RegisterEvent.HEALTH_CONTACT, np.array([0, 12]), np.array([35, 1]), strategy=Strategy.FRITT_FALL)
    h.register(11, RegisterEvent.LEFT_CENTRE, np.array([3, 3]), np.array([7, 7]), delay=np.array([1, 2]))
    h.register(29, RegisterEvent.LEFT_CENTRE, 3, np.array([7, 7]), delay=np.array([0, 1]))
    c = h.register_counts()
    table = np.zeros((3, len(RegisterEvent), PLACES, COUNTRIES, OUTSIDE_STOCK + 1), dtype=np.int64)
    np.add.at(table, (c["month"] // 12, c["event"], c["place"], c["country"], c["strategy"]), c["count"])
    # An event after the last month counts in no year, as it does in no table.
    assert table.sum(axis=(1, 2, 3, 4)).tolist() == [2, 2, 1]
    assert np.array_equal(h.events_by_year(range(2009, 2012)), table)
    assert np.array_equal(h.events_by_year(range(2010, 2011)), table[1:2])
    assert h.events_by_year(range(2010, 2010)).shape == (0, *table.shape[1:])


def test_an_empty_history_has_no_flows_and_no_events():
    h = History(3)
    assert len(h.flow_counts()["persons"]) == 0
    assert len(h.register_counts()["count"]) == 0
    h.check_balance()


def test_sums_outcomes_and_limits_add_up():
    h = History(2)
    h.expect("onward", 1, np.array([0, 0, CELLS - 1]), np.array([0.25, 0.5, 0.1]))
    h.expect("onward", 1, np.array([0]), np.array([0.25]))
    assert h.expected["onward"][1, 0] == 1.0
    assert h.expected["onward"][:, CELLS - 1].tolist() == [0.0, 0.1]
    h.binds("jobs", 1, 3)
    h.binds("jobs", 1, 2)
    assert h.binding["jobs"].tolist() == [0, 5]
    name = next(iter(OUTCOMES))
    h.outcome(name, 0, np.arange(PLACES), 2.0)
    by_city = h.outcomes[0, 0]
    assert by_city.sum() == 2.0 * PLACES
    assert by_city.tolist() == (2.0 * np.bincount(CITY_OF, minlength=CITY_CODES)).tolist()


def test_persons_who_appear_without_a_flow_are_found():
    h = History(2)
    h.flow(0, 0, INFLOW, np.array([4, 4]), NO_PLACE, 0, np.array([1, 1]))
    h.stocks[:, int(Strategy.FRITT_FALL) * PLACES * 2] = 2
    h.check_balance()
    h.stocks[1, int(Strategy.FRITT_FALL) * PLACES * 2] = 3
    with pytest.raises(AssertionError, match="balance"):
        h.check_balance()


def test_only_visitors_sent_out_go_straight_from_inflow_to_an_exit():
    h = History(1)
    h.flow(0, 0, INFLOW, int(Exit.BORTVIST), NO_PLACE, NO_PLACE, np.array([1]))
    h.check_balance()
    h.flow(0, 0, INFLOW, int(Exit.VIDERE), NO_PLACE, NO_PLACE, np.array([1]))
    with pytest.raises(AssertionError, match="bortvist"):
        h.check_balance()


def test_a_copy_keeps_the_past_and_has_room_for_another_future():
    h = History(3)
    h.expect("onward", 1, np.array([0]), np.array([0.5]))
    h.flow(1, 0, INFLOW, np.array([4]), NO_PLACE, 0, np.array([1]))
    h.stocks[1, 0] = 7
    longer, shorter = h.copy(5), h.copy(2)
    h.flow(2, 0, INFLOW, np.array([4]), NO_PLACE, 0, np.array([1]))
    h.expect("onward", 1, np.array([0]), np.array([0.5]))
    for other, months in ((longer, 5), (shorter, 2)):
        assert other.stocks.shape[0] == other.expected["onward"].shape[0] == months
        assert other.stocks[1, 0] == 7
        assert other.expected["onward"][1, 0] == 0.5
        assert other.flow_counts()["persons"].tolist() == [1]
