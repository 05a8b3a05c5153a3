"""A class that answers: predictions and groups in memory, and the phones' door over real HTTP."""

from __future__ import annotations

import http.client
import json
import math
import re
import socket
import threading
import time
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from importlib.resources import files
from itertools import pairwise

import pytest

from irregsim.vocabulary.labels import LANGUAGES, label, labels
from irregsim.workshop.exercises import Given, material
from irregsim.workshop.gathering import (
    CHOICES,
    FIRST_LEVERS,
    GROUPS,
    Allowance,
    Gathering,
    Group,
    Refused,
    levers_of_groups,
    new_code,
    usual_group,
)
from irregsim.workshop.group_runs import Asked, GroupRuns, asked_for, settings_of
from irregsim.workshop.live.followed import outcome
from irregsim.workshop.pictures.votes import draw_votes
from irregsim.workshop.pictures.words import PictureWords
from irregsim.workshop.settings import Settings
from irregsim.workshop.stored_runs import stored

EXERCISE = material().exercise("centre-closes")
FIRST = EXERCISE.predict[0]
FINE = "levers.fines.employer_base_nok"
SUPPORT = "levers.assisted_return.support_nok"


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def asked(**how) -> Gathering:
    gathering = Gathering(**how)
    gathering.ask(EXERCISE.id)
    return gathering


# -- predictions -------------------------------------------------------------------------------------------------


def test_two_answers_of_a_phone_count_once():
    gathering = asked()
    token = gathering.join()
    gathering.answer(token, FIRST.name, "up", 30)
    gathering.answer(token, FIRST.name, "down", 10)
    tally = gathering.tally(EXERCISE.id, FIRST)
    assert (tally.number, sum(tally.bars), gathering.answered(EXERCISE.id)) == (1, 1, 1)
    assert gathering.middle(EXERCISE.id, FIRST) == Given("down", 10)


@pytest.mark.parametrize(
    ("answer", "much"),
    [("up", 0), ("up", 15), ("up", 110), ("up", -10), ("up", 10.0), ("up", True), ("up", None), ("sideways", 10),
     (None, 10), (["up"], 10), ("down", "10")],
)  # fmt: skip
def test_what_is_no_choice_of_the_page_is_refused(answer, much):
    gathering = asked()
    token = gathering.join()
    with pytest.raises(Refused):
        gathering.answer(token, FIRST.name, answer, much)
    assert gathering.tally(EXERCISE.id, FIRST).number == 0


def test_nothing_is_taken_while_the_question_is_closed_nor_for_what_is_not_asked():
    gathering = asked()
    token = gathering.join()
    with pytest.raises(Refused):
        gathering.answer(token, "0|stock:synlig", "up", 10)
    with pytest.raises(Refused):
        gathering.answer("nobody", FIRST.name, "up", 10)
    gathering.close()
    with pytest.raises(Refused):
        gathering.answer(token, FIRST.name, "up", 10)


def test_bars_hold_every_answer_between_their_ends():
    gathering = asked()
    assert (FIRST.most, FIRST.step) == (100, 10)
    for much in range(10, 101, 10):
        for answer in ("up", "down"):
            gathering.answer(gathering.join(), FIRST.name, answer, much)
    gathering.answer(gathering.join(), FIRST.name, "same", "whatever")
    assert gathering.tally(EXERCISE.id, FIRST).bars == (2, 2, 2, 2, 2, 1, 2, 2, 2, 2, 2)
    # Of hands only halves of the scale are known, so phones are counted by halves with them.
    gathering.count(EXERCISE.id, FIRST.name, "up_much", 4)
    assert gathering.tally(EXERCISE.id, FIRST).bars == (5, 5, 1, 5, 9)


@pytest.mark.parametrize(
    ("hands", "middle"),
    [
        ({}, None),
        ({"same": 3}, Given("same")),
        ({"up_much": 5, "down_much": 4}, Given("up", 80)),  # 75, on a step of 10
        ({"up_little": 2, "down_little": 2}, Given("same")),
        ({"down_little": 3, "same": 1}, Given("down", 20)),
    ],
)
def test_the_median_of_hands_is_the_prediction_of_the_class(hands, middle):
    gathering = Gathering()
    for choice, number in hands.items():
        gathering.count(EXERCISE.id, FIRST.name, choice, number)
    assert gathering.middle(EXERCISE.id, FIRST) == middle


def test_hands_are_bounded_whatever_is_typed():
    gathering = Gathering()
    gathering.count(EXERCISE.id, FIRST.name, "same", -3)
    gathering.count(EXERCISE.id, FIRST.name, "up_much", 10**9)
    assert gathering.hands(EXERCISE.id, FIRST.name) == dict.fromkeys(CHOICES, 0) | {"up_much": 999}


def test_the_end_of_a_class_forgets_everything():
    gathering = asked()
    code, token = gathering.code, gathering.join()
    gathering.answer(token, FIRST.name, "up", 30)
    gathering.count(EXERCISE.id, FIRST.name, "same", 3)
    gathering.set_groups([usual_group(FINE), usual_group(SUPPORT)])
    gathering.end()
    assert (gathering.phones, gathering.groups, gathering.exercise) == (0, (), "")
    assert gathering.tally(EXERCISE.id, FIRST).number == 0
    assert gathering.allows(token) is None
    assert gathering.join() is None
    held = repr(vars(gathering))
    assert token not in held and "30" not in held
    gathering.begin()
    assert gathering.code != code and gathering.join() is not None


def test_codes_are_random_and_can_be_typed():
    codes = {new_code() for _ in range(200)}
    assert len(codes) == 200
    assert {len(code) for code in codes} == {8}
    assert not set("".join(codes)) & set("0o1il")


def test_who_is_silent_gives_the_place_to_another_only_where_all_are_taken():
    clock = Clock()
    gathering = asked(most=2, clock=clock)
    first = gathering.join()
    clock.now = 1000.0
    second = gathering.join()
    assert gathering.has_place(first), "there was room"
    assert gathering.join() is not None
    assert not gathering.has_place(first) and gathering.has_place(second)
    assert gathering.join() is None, "both were heard of just now"


def test_an_allowance_is_spent_and_earned_again():
    clock = Clock()
    allowance = Allowance(3, 0.5, clock)
    assert [allowance.take() for _ in range(4)] == [True, True, True, False]
    clock.now = 2.0
    assert [allowance.take(), allowance.take()] == [True, False]
    clock.now = 1e6
    assert [allowance.take() for _ in range(4)] == [True, True, True, False]


# -- groups ------------------------------------------------------------------------------------------------------


def groups(gathering: Gathering) -> None:
    gathering.set_groups([Group(FINE, 100_000, 300_000), Group(SUPPORT, 0, 50_000, typed=20_000)])


def test_the_value_of_a_group_is_the_median_of_its_phones_within_its_bounds():
    gathering = Gathering()
    groups(gathering)
    gathering.ask_groups()
    for value in (100_000, 200_000, 290_000):
        gathering.choose(gathering.join(), 1, value)
    gathering.choose(gathering.join(), 1, None)
    assert gathering.value(1) == (200_000.0, 3)
    assert gathering.value(2) == (20_000.0, 0), "what the teacher typed, where no phone has chosen"
    changes = gathering.join()
    gathering.choose(changes, 1, 300_000)
    gathering.choose(changes, 2, 12_500)
    assert gathering.value(1) == (200_000.0, 3)
    assert gathering.value(2) == (10_000.0, 1), "on a step of the lever"


@pytest.mark.parametrize(
    ("group", "value"), [(0, 1), (3, 1), (True, 1), ("1", 1), (1, 99_999), (1, 300_001), (1, "200000"), (1, True),
                         (1, math.nan), (1, math.inf)]
)  # fmt: skip
def test_a_value_outside_the_bounds_is_refused(group, value):
    gathering = Gathering()
    groups(gathering)
    gathering.ask_groups()
    with pytest.raises(Refused):
        gathering.choose(gathering.join(), group, value)


@pytest.mark.parametrize(
    "wrong",
    [
        [usual_group(FINE)],
        [usual_group(FINE)] * 7,
        [usual_group(FINE), Group("levers.fines.no_such", 0, 1)],
        [usual_group(FINE), Group("assumptions.response.departure_from_hardship", 0, 1)],
        [usual_group(FINE), Group(FINE, 200_000, 100_000)],
        [usual_group(FINE), Group(FINE, -1, 100_000)],
        [usual_group(FINE), Group(FINE, 0, 10**9)],
        [usual_group(FINE), Group(FINE, 0, math.nan)],
        [usual_group(FINE), Group(FINE, 0, 100_000, typed=200_000)],
    ],
)
def test_groups_are_two_to_six_and_within_the_usual_range(wrong):
    gathering = Gathering()
    with pytest.raises(Refused):
        gathering.set_groups(wrong)
    assert gathering.groups == ()


def test_values_go_with_the_bounds_they_were_chosen_for():
    gathering = Gathering()
    groups(gathering)
    gathering.ask_groups()
    one, two = gathering.join(), gathering.join()
    gathering.choose(one, 1, 200_000)
    gathering.choose(two, 2, 10_000)
    gathering.set_groups([gathering.groups[0], Group(SUPPORT, 20_000, 50_000)])
    assert gathering.chosen(one) == (1, 200_000.0)
    assert gathering.chosen(two) == (2, None)


def differences(path: str, value: float) -> set[tuple[str, str]]:
    made = settings_of(EXERCISE, Settings(), Asked(1, path, value))
    return {(row["key"], row["from"]) for row in made.differences}


def test_a_group_sets_its_lever_alone_from_the_first_month_of_the_exercise():
    assert differences(FINE, 400_000) == {(FINE, EXERCISE.start)}


@pytest.mark.slow
def test_every_lever_of_groups_can_be_run_at_both_ends_of_its_range():
    for lever in levers_of_groups():
        group = usual_group(lever.path)
        both = differences(lever.path, group.low) | differences(lever.path, group.high)
        assert both == {(lever.path, EXERCISE.start)}, "one end may be what the reference has"


def test_groups_begin_with_levers_that_they_can_set():
    assert len(FIRST_LEVERS) == GROUPS[1] == len({*FIRST_LEVERS})
    assert {*FIRST_LEVERS} <= {lever.path for lever in levers_of_groups()}


@pytest.mark.slow
def test_runs_of_groups_are_those_of_the_page():
    gathering = Gathering()
    gathering.set_groups([Group(FINE, 0, 500_000, 500_000), usual_group(FINE), Group(SUPPORT, 0, 100_000, 100_000)])
    found = asked_for(gathering)
    assert [one.number for one in found] == [1, 3], "a group without a value is left out"
    settings, told = Settings(scale=0.02), []
    runs = GroupRuns(EXERCISE, settings, found, lambda: told.append(1), jobs=1)
    assert runs.changes(0) is None
    runs.start()
    runs.wait(120)
    assert runs.error == "" and len(runs.pairs) == 2 and told
    from irregsim.workshop.room import Room

    model = Room(settings_of(EXERCISE, settings, found[1])).make()
    model.run_to(EXERCISE.last)
    for key, change in runs.changes(1).items():
        shown = outcome(model.room.pair(), key, relative=True).difference[-1]
        assert change == shown or (math.isnan(change) and math.isnan(shown))


@pytest.mark.slow
def test_what_a_group_chose_is_not_kept_on_disk(tmp_path, monkeypatch):
    """What is kept is the world before the first month, which all choices have in common."""
    from irregsim.study.run_ups import RunUps

    monkeypatch.setenv("IRREGSIM_CACHE", str(tmp_path))
    folder = RunUps.of_user().folder
    assert folder is not None

    def kept() -> set[str]:
        return {path.name for path in folder.iterdir()} if folder.exists() else set()

    found = []
    for value in (300_000.0, 410_000.0):
        runs = GroupRuns(EXERCISE, Settings(scale=0.02), [Asked(1, FINE, value)], lambda: None, jobs=1)
        runs.start()
        runs.wait(120)
        assert runs.error == "" and len(runs.pairs) == 1
        found.append(kept())
    assert found[0] and found[0] == found[1]


# -- the picture -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("place", [None, (620.0, 700.0), (930.0, 980.0)])
def test_the_picture_says_what_was_predicted_and_what_came_once_it_is_revealed(lang, place):
    gathering = asked()
    for answer, much in (("up", 10), ("up", 20), ("down", 100), ("same", 0)):
        gathering.answer(gathering.join(), FIRST.name, answer, much)
    tally, words = gathering.tally(EXERCISE.id, FIRST), PictureWords(lang, place=place)
    before = draw_votes(tally, "Name", words).svg
    effect = stored(EXERCISE.id, 0).effects[FIRST.key]
    after = draw_votes(tally, "Name", words, effect).svg
    assert before.count('class="votes"') == 3
    assert 'class="band"' not in before and effect.text(lang) not in before
    assert 'class="band"' in after and effect.text(lang) in after


def test_the_band_is_at_the_numbers_of_the_scale():
    """A change is drawn at the same place as the bar of those who predicted it."""
    from irregsim.workshop.pictures.votes import _px

    places = [_px(share) for share in (-1, -0.2, 0, 0.2, 1)]
    assert all(a < b for a, b in pairwise(places))
    assert places[0] - _px(-5) == 0 and _px(5) - places[4] == 0, "beyond the scale is drawn at its end"
    assert places[2] * 2 == places[1] + places[3] == places[0] + places[4]


# -- where it listens --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("given", ["0.0.0.0", "::", "no-such-name", "127.0.0.1:80", ""])
def test_phones_need_a_single_address(given, monkeypatch):
    pytest.importorskip("solara", reason="the page comes with the extra viz")
    from irregsim.workshop.browser import serve, share

    monkeypatch.setattr(share.socket, "socket", lambda *_: (_ for _ in ()).throw(OSError("no network")))
    with pytest.raises(serve.ServeError, match="--class-host"):
        serve.room_host(given or None)
    assert serve.room_host("192.0.2.7") == "192.0.2.7"


def test_a_port_that_is_taken_is_told_of():
    pytest.importorskip("uvicorn", reason="the door comes with the extra viz")
    from irregsim.workshop.browser.class_door import ClassDoor, start

    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        one.listen()
        with pytest.raises(OSError, match="in use"):
            start(ClassDoor(Gathering(), frozenset({"127.0.0.1"})), *one.getsockname())


@pytest.mark.parametrize("option", [("--class-host", "127.0.0.1"), ("--class-port", "9000")])
def test_where_phones_go_is_asked_only_with_a_class(option):
    pytest.importorskip("solara", reason="the page comes with the extra viz")
    from click.testing import CliRunner

    from irregsim.cli import main

    told = CliRunner().invoke(main, ["serve", *option])
    assert told.exit_code == 2 and "give that too" in told.output


# -- the door ----------------------------------------------------------------------------------------------------

pytestmark = pytest.mark.once


class Opened:
    """The phones' door, listening on loopback."""

    def __init__(self, gathering: Gathering) -> None:
        from irregsim.workshop.browser.class_door import ClassDoor, start

        with socket.socket() as one:
            one.bind(("127.0.0.1", 0))
            self.port = one.getsockname()[1]
        self.gathering = gathering
        self.stop = start(ClassDoor(gathering, frozenset({"127.0.0.1"}), "en"), "127.0.0.1", self.port)

    def ask(self, method: str, path: str, body: object = None, *, token: str = "", headers=None, code: str = ""):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        told = {"x-phone": token} if token else {}
        if body is not None:
            told["content-type"] = "application/json"
        sent = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        connection.request(method, f"/{code or self.gathering.code}{path}", sent, told | (headers or {}))
        answer = connection.getresponse()
        text = answer.read().decode()
        connection.close()
        found = json.loads(text) if answer.headers["content-type"] == "application/json" else text
        return answer, found

    def join(self) -> str:
        return self.ask("POST", "/join")[1]["token"]


@pytest.fixture
def opened(request):
    pytest.importorskip("uvicorn", reason="the door comes with the extra viz")
    one = Opened(asked(**getattr(request, "param", {})))
    yield one
    one.stop()


def test_the_page_is_small_runs_its_own_script_only_and_says_what_is_kept(opened):
    for lang in LANGUAGES:
        answer, page = opened.ask("GET", f"?lang={lang}")
        policy = answer.headers["content-security-policy"]
        assert answer.status == 200 and len(page.encode()) < 16_000
        assert f'<html lang="{lang}">' in page and label("phone.private", lang) in page
        assert "default-src 'none'" in policy and "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy and policy.count("'sha256-") == 2
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cache-control"] == "no-store"
        assert "set-cookie" not in answer.headers and "server" not in answer.headers


def test_every_word_of_a_phone_is_put_into_its_page_and_none_is_left():
    pytest.importorskip("uvicorn", reason="the door comes with the extra viz")
    from irregsim.workshop.browser import class_door

    script = (files("irregsim.workshop.browser") / "phone.js").read_text(encoding="utf-8")
    asked_by_script = set(re.findall(r"\bwords\.([a-z_]+)", script)) - {"lang"}
    assert asked_by_script == set(class_door._WORDS)
    known = {key.removeprefix("phone.") for key in labels() if key.startswith("phone.")}
    assert known == {*class_door._WORDS, "title", "wait", "private", "no_script"}


def test_thirty_phones_answer_and_each_counts_once(opened, record_property):
    """Thirty phones ask for the page, a place and the question, answer three times and look ten times."""
    pages = []

    def phone(number: int) -> list[float]:
        spent = []

        def timed(*what, **how):
            begun = time.monotonic()
            answer, found = opened.ask(*what, **how)
            spent.append(time.monotonic() - begun)
            assert answer.status == 200, found
            return found

        pages.append(len(timed("GET", "")))
        token = timed("POST", "/join")["token"]
        state = timed("GET", "/state", token=token)
        for one in state["asked"]:
            much = one["step"] * (1 + number % 10)
            timed("POST", "/answer", {"name": one["name"], "answer": "up", "much": much}, token=token)
        for _ in range(10):
            timed("GET", "/state", token=token)
        return spent

    tracemalloc.start()
    threads, begun, worked = threading.active_count(), time.monotonic(), time.process_time()
    with ThreadPoolExecutor(30) as pool:
        spent = sorted(one for found in pool.map(phone, range(30)) for one in found)
    whole, worked = time.monotonic() - begun, time.process_time() - worked
    memory = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert opened.gathering.phones == opened.gathering.answered(EXERCISE.id) == 30
    assert all(opened.gathering.tally(EXERCISE.id, one).number == 30 for one in EXERCISE.predict)
    assert threading.active_count() <= threads, "no thread for a phone"
    assert len(spent) == 30 * 16
    for name, value in (
        ("requests", len(spent)), ("median_s", spent[len(spent) // 2]), ("slowest_s", spent[-1]), ("whole_s", whole),
        ("processor_s", worked), ("peak_mb", memory / 1e6),
    ):  # fmt: skip
        record_property(name, value)


@pytest.mark.parametrize("opened", [{"most": 60}], indirect=True)
def test_the_sixty_first_phone_is_told_that_it_is_full(opened, monkeypatch):
    for _ in range(40):
        opened.join()
    # One address brings forty at once and the rest more slowly: the others come from another one.
    for _ in range(20):
        assert opened.gathering.join() is not None
    from irregsim.workshop.browser import class_door

    monkeypatch.setattr(class_door._ByAddress, "of", lambda self, address: Allowance(10, 1))
    answer, told = opened.ask("POST", "/join")
    assert (answer.status, told) == (503, {"error": "full"})
    assert opened.gathering.phones == 60


def test_an_address_brings_no_more_phones_than_a_class_has(opened):
    codes = [opened.ask("POST", "/join")[0].status for _ in range(45)]
    assert codes[:40] == [200] * 40 and 429 in codes[40:]
    opened.gathering.begin()
    assert [opened.ask("POST", "/join")[0].status for _ in range(30)] == [200] * 30, "another class comes at once"


def test_wrong_codes_find_nothing_and_are_bounded(opened):
    token = opened.join()
    right = opened.gathering.code
    for code in (right[:-1], f"{right}a", right.upper() + "x", "readyz", right[::-1] + "b"):
        answer, told = opened.ask("GET", "", code=code)
        assert (answer.status, told) == (404, "There is no such page.")
    codes = [opened.ask("GET", "", code="aaaaaaaa")[0].status for _ in range(8)]
    assert codes[-1] == 429
    assert opened.ask("GET", "")[0].status == 429, "nor does the right one let somebody new in for a while"
    assert opened.ask("GET", "/state", token=token)[0].status == 200, "who is in stays in"


def test_what_browsers_ask_for_by_themselves_is_no_guess(opened):
    for _ in range(12):
        assert opened.ask("GET", "", code="favicon.ico")[0].status == 404
    assert opened.ask("GET", "")[0].status == 200


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/join", 405), ("POST", "/state", 405), ("POST", "", 405), ("PUT", "/answer", 405),
        ("GET", "/readyz", 404), ("GET", "/../secrets", 404), ("GET", "/state/", 404),
        ("GET", "/jupyter/api/kernels", 404), ("POST", "/answer", 410), ("GET", "/state", 410),
    ],
)  # fmt: skip
def test_only_what_the_page_asks_for_is_answered(opened, method, path, status):
    answer, _ = opened.ask(method, path)
    assert answer.status == status
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    "query", ["?" + "&".join(["lang=nb"] * 50), "?lang=%00", "?lang=xx", "?lang=nb%ff", "?" + "a" * 3000]
)
def test_an_odd_query_is_answered_in_the_first_language(opened, query):
    answer, page = opened.ask("GET", query)
    assert answer.status == 200 and '<html lang="en">' in page


def test_what_the_door_cannot_cope_with_is_a_line_and_no_traceback(opened, monkeypatch, caplog, capfd):
    monkeypatch.setattr(opened.gathering, "join", lambda: 1 / 0)
    answer, told = opened.ask("POST", "/join")
    assert (answer.status, told) == (500, "This request could not be answered.")
    assert [one.getMessage() for one in caplog.records] == ["a phone was not answered (ZeroDivisionError)"]
    assert "Traceback" not in "".join(capfd.readouterr())


@pytest.mark.parametrize(
    "headers",
    [{"Host": "evil.example"}, {"Host": "127.0.0.1.evil.example:80"}, {"Host": "localhost"},
     {"Origin": "http://evil.example"}, {"Origin": "null"}],
)  # fmt: skip
def test_who_calls_by_another_name_or_from_another_site_is_refused(opened, headers):
    answer, _ = opened.ask("GET", "", headers=headers)
    assert answer.status == 403


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"x" * 3000, 413),
        (b"[" * 2000, 400),
        (b"", 400),
        (b"\xff\xfe", 400),
        ({"name": FIRST.name, "answer": "up", "much": 15}, 400),
        ({"name": "no|such", "answer": "up", "much": 10}, 400),
        ([1], 400),
        ({"name": FIRST.name, "answer": "up", "much": 10}, 200),
    ],
)
def test_bodies_are_bounded_and_read_with_care(opened, body, status):
    token = opened.join()
    answer, _ = opened.ask("POST", "/answer", body, token=token)
    assert answer.status == status
    assert opened.gathering.answered(EXERCISE.id) == (status == 200)


def test_another_sites_form_cannot_answer(opened):
    answer, _ = opened.ask("POST", "/answer", b"{}", token=opened.join(), headers={"content-type": "text/plain"})
    assert answer.status == 415


def test_a_phone_that_asks_all_the_time_is_slowed_down_and_no_other(opened):
    hasty, calm = opened.join(), opened.join()
    codes = [opened.ask("GET", "/state", token=hasty)[0].status for _ in range(40)]
    assert 429 in codes
    assert opened.ask("GET", "/state", token=calm)[0].status == 200


def test_a_connection_ends_whatever_it_does(opened, monkeypatch):
    from irregsim.workshop.browser import class_door

    monkeypatch.setattr(class_door, "LIFE", 0.3)
    monkeypatch.setattr(class_door, "PATIENCE", 0.1)
    head = f"POST /{opened.gathering.code}/answer HTTP/1.1\r\nHost: 127.0.0.1\r\nx-phone: {opened.join()}\r\n"
    slow = [b"", b"GET / HT", f"{head}content-type: application/json\r\ncontent-length: 9\r\n\r\n{{".encode()]
    for begun in slow:
        with socket.create_connection(("127.0.0.1", opened.port), 5) as one:
            one.sendall(begun)
            told = b""
            while part := _received(one):
                told += part
            assert told == b"" or told.startswith(b"HTTP/1.1 408"), begun


def _received(one: socket.socket) -> bytes:
    try:
        return one.recv(4096)
    except ConnectionResetError:
        return b""


def test_phones_choose_for_their_group_over_http(opened):
    groups(opened.gathering)
    opened.gathering.ask_groups()
    token = opened.join()
    state = opened.ask("GET", "/state?lang=nb", token=token)[1]
    assert [one["name"] for one in state["groups"]] == ["Grunnbot til arbeidsgivere", "Støtte ved assistert retur"]
    assert state["groups"][0]["value"] is None and state["groups"][1]["chosen"] == 0
    answer, state = opened.ask("POST", "/group?lang=nb", {"group": 1, "value": 250_000}, token=token)
    assert answer.status == 200 and state["mine"] == 250_000 and state["groups"][0]["chosen"] == 1
    assert opened.ask("POST", "/group", {"group": 1, "value": 400_000}, token=token)[0].status == 400


def test_after_the_end_phones_hear_of_it_and_nothing_is_left(opened):
    token, code = opened.join(), opened.gathering.code
    opened.ask("POST", "/answer", {"name": FIRST.name, "answer": "up", "much": 10}, token=token)
    opened.gathering.end()
    assert opened.ask("GET", "/state", token=token)[1] == {"stage": "end"}
    assert opened.ask("POST", "/join")[1] == {"stage": "end"}
    opened.gathering.begin()
    assert opened.ask("GET", "/state", token=token, code=code)[0].status == 404
    assert opened.ask("GET", "/state", token=token)[0].status == 410
    assert opened.gathering.tally(EXERCISE.id, FIRST).number == 0
