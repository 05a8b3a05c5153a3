"""What a page shows, in its address: written and read again, and nothing that a stranger writes does harm."""

from __future__ import annotations

import json
import socket
from dataclasses import replace
from types import MappingProxyType
from urllib.parse import parse_qsl, urlencode

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from irregsim.scenario.levers import REGISTRY, By, Holds, Kind
from irregsim.vocabulary.codes import month_number, month_text
from irregsim.workshop.address import LONGEST, Shown, query_of, read_query
from irregsim.workshop.exercises import TABS, Given, material
from irregsim.workshop.room import Room
from irregsim.workshop.set_up import is_set_up, set_up
from irregsim.workshop.settings import Settings, places_of

pytestmark = pytest.mark.once

#: Predictions of each kind.
GIVEN = (Given("up", 20), Given("same"), Given("down", 5))

FIRST = Settings(scale=0.25, start="2022-01")

NUMBERS = [
    lever for lever in REGISTRY if lever.kind is Kind.DATED and lever.holds not in (Holds.TRUE_FALSE, Holds.OPTION)
]


def same(one: Shown, other: Shown) -> bool:
    """Whether two pages show the same: settings by what decides them."""
    names = ("base", "reference_base", "start", "seed", "replicate", "scale", "draws", "given", "end")
    a, b = one.settings, other.settings
    return (
        replace(one, settings=a) == replace(other, settings=a)
        and all(getattr(a, name) == getattr(b, name) for name in names)
        and dict(a.changes) == dict(b.changes)
    )


def test_what_is_as_the_server_was_started_needs_no_address():
    assert query_of(Shown(FIRST), FIRST) == ""
    assert same(read_query("", FIRST), Shown(FIRST))


def test_everything_a_page_shows_is_read_again():
    settings = replace(FIRST, base="close-remaining-centres", seed=7, start="2023-04", scale=0.1, draws="point")
    settings = settings.with_value("levers.municipal.shelter", "Bergen", "2023-09", 90)
    settings = settings.with_value("levers.municipal.shelter", "Bergen", "2024-01", 100)
    settings = settings.with_value("levers.work.tax_card", "", "2024-02", False)
    agreement = {"country": "Eritrea", "from": "2024-03", "effectiveness": 0.6}
    settings = settings.with_whole("levers.return_agreements", [agreement])
    exercise = material().exercises[1]
    shown = Shown(
        settings=settings.checked(),
        month="2024-05",
        tab=TABS.index("difference"),
        outcome="outcome:care_received",
        city="Oslo",
        exercise=exercise.id,
        answers={exercise.id: dict(zip((one.name for one in exercise.predict), GIVEN, strict=True))},
        revealed={exercise.id: 2},
        lang="en",
    )
    assert same(read_query(query_of(shown, FIRST), FIRST), shown)


@pytest.mark.parametrize("exercise", material().exercises, ids=lambda one: one.id)
def test_an_exercise_is_set_up_again(exercise):
    for number in range(len(exercise.variants)):
        settings = set_up(exercise, FIRST, number)
        again = read_query(query_of(Shown(settings), FIRST), FIRST)
        assert not again.is_refused and is_set_up(exercise, again.settings, number)


@given(st.data())
@examples(max_examples=15)
def test_levers_are_read_again(data):
    settings = FIRST
    for _ in range(data.draw(st.integers(1, 4))):
        lever = data.draw(st.sampled_from(NUMBERS))
        low, high, step = lever.usual
        value = round(low + step * data.draw(st.integers(0, int((high - low) / step))), 9)
        month = f"{data.draw(st.integers(2022, 2026))}-{data.draw(st.integers(1, 12)):02d}"
        place = "" if lever.by is By.NOTHING else data.draw(st.sampled_from(sorted(places_of(lever))))
        settings = settings.with_value(lever.path, place, month, int(value) if float(value).is_integer() else value)
    shown = Shown(settings)
    again = read_query(query_of(shown, FIRST), FIRST)
    if again.is_refused:
        with pytest.raises(Exception):  # noqa: B017 - what no file may say, no address does
            settings.checked()
    else:
        assert same(again, shown)


@pytest.mark.parametrize(
    "query",
    [
        "scenario=/etc/passwd",
        "scenario=../baseline.yaml",
        "scenario=no-such",
        "reference=/tmp/x.yaml",
        "draws=/tmp",
        "draws=prior",
        "size=5",
        "size=nan",
        "size=-1",
        "size=0",
        "seed=-1",
        "seed=1e9",
        "seed=99999999999999999999",
        "seed=²",
        "replicate=1000",
        "start=1999-01",
        "start=2060-01",
        "start=now",
        "month=2021-12",
        "month=2099-01",
        "tab=settings",
        "tab=0",
        "city=Paris",
        "outcome=stock:nobody",
        "exercise=none",
        "predict=fines.x",
        "predict=fines.uuuuuuuu",
        "predict=fines.u5,d5,x5",
        "predict=fines.u5,d5,u",
        "predict=fines.u5,d5,u0",
        "predict=fines.u5,d5,d51",
        "predict=fines.u5,d5,s5",
        "predict=fines.u5,d5,d-5",
        "predict=fines.u5,d5",
        "lang=de",
        "set=levers.work.tax_card",
        "set=levers.work.tax_card=maybe",
        "set=levers.no.such=1",
        'set=levers.work.tax_card=[{"from":"2023-01","value":7}]',
        'set=levers.work.tax_card=[{"from":"2023-01","value":{"a":1}}]',
        "set=levers.municipal.shelter=NaN",
        "set=levers.municipal.shelter=" + "[" * 3000,
        "start=%ff",
        "&".join(["tab=vessels"] * 100),
        "x" * (LONGEST + 1),
    ],
)
def test_what_cannot_be_used_is_left_out(query):
    found = read_query(urlencode(dict([query.split("=", 1)])) if query.startswith("set=") else query, FIRST)
    assert found.is_refused
    assert same(replace(found, is_refused=False), Shown(FIRST))


def test_one_part_that_cannot_be_used_takes_no_other_with_it():
    found = read_query("tab=history&month=2099-01&seed=5&outcome=nonsense", FIRST)
    assert (found.tab, found.month, found.settings.seed, found.is_refused) == (TABS.index("history"), "", 5, True)


def test_a_result_is_seen_only_by_who_has_predicted_it():
    exercise = material().exercises[0]
    letters = ",".join(["u5"] * len(exercise.predict))
    assert read_query(f"seen={exercise.id}.1", FIRST).revealed == {}
    assert read_query(f"predict={exercise.id}.{letters[:-2]}&seen={exercise.id}.1", FIRST).revealed == {}
    assert read_query(f"predict={exercise.id}.{letters}&seen={exercise.id}.1", FIRST).revealed == {exercise.id: 1}


@given(st.text(max_size=300))
@examples(max_examples=60)
def test_no_text_is_a_fault(text):
    assert isinstance(read_query(text, FIRST), Shown)


@given(st.lists(st.tuples(
    st.sampled_from(["scenario", "reference", "set", "start", "seed", "replicate", "size", "draws", "plain", "month",
                     "tab", "outcome", "city", "exercise", "predict", "seen", "lang"]),
    st.text(max_size=40) | st.sampled_from([
        "baseline", "fines", "2022-05", "oslo", "Oslo", "vessels", "levers.work.tax_card=false",
        'levers.municipal.shelter={"Bergen":[{"from":"2023-01","value":5}]}', "fines.uuuuu",
        "assumptions.response.departure_from_hardship=1e400", "0.1", "1",
    ])), max_size=8))  # fmt: skip
@examples(max_examples=25)
def test_no_parts_are_a_fault_and_what_is_read_can_run(pairs):
    found = read_query(urlencode(pairs), FIRST)
    found.settings.checked()
    assert 0.0 < found.settings.scale <= 1.0


def test_files_of_a_viewer_are_not_in_an_address():
    own = replace(FIRST, base="/tmp/irregsim-x/own.yaml", seed=9)
    shown = Shown.__new__(Shown)  # its scenario is never read
    object.__setattr__(shown, "__dict__", {**Shown(FIRST).__dict__, "settings": own, "month": "2022-04"})
    assert dict(parse_qsl(query_of(shown, FIRST))) == {"seed": "9", "month": "2022-04"}


def test_an_address_stays_short():
    settings = FIRST
    for year in range(2022, 2051):
        for month in (1, 4, 7, 10):
            settings = settings.with_value("levers.municipal.shelter", "Bergen", f"{year}-{month:02d}", month)
    long = query_of(Shown(settings, month="2022-04", tab=2), FIRST)
    assert len(long) <= LONGEST
    assert dict(parse_qsl(long)) == {"month": "2022-04", "tab": "difference"}


def test_settings_of_the_command_hold_unless_the_page_has_left_them():
    first = replace(FIRST, given=("levers.work.tax_card=false",))
    assert read_query("tab=history", first).settings.given == first.given
    plain = replace(first, given=(), changes=MappingProxyType({}))
    assert read_query(query_of(Shown(plain), first), first).settings.given == ()


def test_a_room_comes_back_as_it_was():
    first = Settings(scale=0.02, start="2012-03", draws="point", end="2013-12")
    room = Room(first.with_value("levers.work.tax_card", "", "2012-05", False))
    model = room.make()
    for _ in range(4):
        model.step()
    shown = Shown(room.settings, month=month_text(model.world.month), tab=2)
    again = read_query(query_of(shown, first), first)
    other = Room(again.settings).make()
    other.run_to(month_number(again.month))
    assert (other.steps, other.world.month, other.has_parted) == (4, model.world.month, True)
    for one, two in ((model.world, other.world), (model.reference_world, other.reference_world)):
        assert np.array_equal(one.history.stocks, two.history.stocks)
    other.run_to(month_number("2012-01"))
    assert other.steps == 4, "what has run has run"
    other.is_left = True
    other.run_to(month_number("2013-12"))
    assert other.steps == 4, "nobody looks at it any more"


# -- the address that others type -------------------------------------------------------------------------------


@pytest.fixture
def share():
    pytest.importorskip("solara", reason="the page comes with the extra viz")
    from irregsim.workshop.browser import share

    return share


class OneAddress:
    """Stands in for a socket: this machine is seen at one address, and nothing is sent."""

    def __init__(self, *_kind: object) -> None:
        self.closed = False

    def __enter__(self):
        return self

    def __exit__(self, *_why: object) -> None:
        self.closed = True

    def connect(self, _where: object) -> None:
        pass

    def getsockname(self) -> tuple[str, int]:
        return "10.1.2.3", 5


def test_all_addresses_are_told_as_the_one_that_others_type(share, monkeypatch):
    monkeypatch.setattr(socket, "socket", OneAddress)
    assert share.typed("0.0.0.0") == "10.1.2.3" == share.typed("::")
    assert share.typed("192.168.0.4") == "192.168.0.4" and share.typed("school-pc") == "school-pc"


def test_without_a_network_the_name_of_the_machine_is_told(share, monkeypatch):
    class NoNetwork(OneAddress):
        def connect(self, _where: object) -> None:
            raise OSError

    monkeypatch.setattr(socket, "socket", NoNetwork)
    monkeypatch.setattr(socket, "gethostname", lambda: "school-pc")
    assert share.typed("0.0.0.0") == "school-pc"


def test_a_link_has_a_code_and_anything_else_has_none(share):
    pytest.importorskip("segno", reason="the code comes with the extra viz")
    code = share.code_of("http://10.1.2.3:8765/?tab=history&month=2023-05")
    assert code.startswith("<svg") and "viewBox" in code and "script" not in code
    for other in ("", "javascript:alert(1)", "http://x/?" + "y" * 600, None, 7, {"a": 1}):
        assert share.code_of(other) == ""


def test_an_address_says_values_as_files_do():
    settings = FIRST.with_value("levers.work.tax_card", "", "2023-01", False)
    said = dict(parse_qsl(query_of(Shown(settings), FIRST)))
    path, _, value = said["set"].partition("=")
    assert path == "levers.work.tax_card" and json.loads(value) == [{"from": "2023-01", "value": False}]
