"""Months and pictures: who waits for whom, which months get a picture, and that the last one does."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest

from irregsim.workshop import pace as pace_module
from irregsim.workshop.pace import Pace, stepped_last

#: Seconds for whatever happens at once; a slow machine may take them.
SOON = 20


@pytest.fixture
def patient(monkeypatch):
    """Waits as long as a test, so that a wait that does not end fails it."""
    monkeypatch.setattr(pace_module, "_PATIENCE", SOON)


def elsewhere(work: Callable[[], object]) -> threading.Thread:
    thread = threading.Thread(target=work)
    thread.start()
    return thread


def hears(pace: Pace, frame: int) -> None:
    """The page's news, heard by a thread of its own."""
    elsewhere(lambda: pace.drawn(frame)).join(SOON)


def ends(thread: threading.Thread) -> bool:
    thread.join(0.2)
    return not thread.is_alive()


def test_before_the_first_picture_nobody_waits(patient):
    begun = time.monotonic()
    Pace().wait()
    assert time.monotonic() - begun < 1


def test_a_step_waits_until_the_picture_is_drawn(patient):
    pace = Pace()
    frame = pace.shown("a")
    waiting = elsewhere(pace.wait)
    assert not ends(waiting)
    hears(pace, frame)
    waiting.join(SOON)
    assert not waiting.is_alive()
    pace.wait()  # drawn: nobody waits any more


def test_news_of_an_old_picture_lets_nobody_go(patient):
    pace = Pace()
    old, new = pace.shown("a"), pace.shown("b")
    assert new > old
    waiting = elsewhere(pace.wait)
    hears(pace, old)
    assert not ends(waiting)
    hears(pace, new)
    waiting.join(SOON)
    assert not waiting.is_alive()


def test_the_same_picture_is_one_frame(patient):
    pace = Pace()
    frame = pace.shown("a")
    hears(pace, frame)
    assert pace.shown("a") == frame
    begun = time.monotonic()
    pace.wait()
    assert time.monotonic() - begun < 1, "it has been drawn already"
    other = pace.shown("b")
    assert pace.shown("a") == other + 1, "another picture again"


def test_the_thread_that_hears_from_the_page_never_waits(patient):
    pace = Pace()
    pace.drawn(pace.shown("a"))  # heard by this thread
    pace.shown("b")
    begun = time.monotonic()
    pace.wait()
    assert time.monotonic() - begun < 1
    waiting = elsewhere(pace.wait)
    assert not ends(waiting), "another thread does"
    pace.drawn(2)
    waiting.join(SOON)
    assert not waiting.is_alive()


def test_a_page_that_draws_nothing_holds_no_step_for_ever(monkeypatch):
    monkeypatch.setattr(pace_module, "_PATIENCE", 0.05)
    pace = Pace()
    pace.shown("a")
    begun = time.monotonic()
    pace.wait()
    assert 0.04 <= time.monotonic() - begun < SOON


# -- which months get a picture ----------------------------------------------------------------------------------


def quick_page(monkeypatch) -> list[float]:
    """A clock that the test sets; nothing has been drawn yet."""
    now = [100.0]
    monkeypatch.setattr(pace_module.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(pace_module, "_STILL", SOON)
    return now


def unasked() -> None:
    """Draws later, in tests that end before."""


def test_a_month_is_left_out_until_the_last_picture_is_drawn(monkeypatch):
    now, pace = quick_page(monkeypatch), Pace()
    assert not pace.leaves_out(unasked)
    frame = pace.shown("a")
    pace.ends()
    assert pace.leaves_out(unasked)
    hears(pace, frame)
    assert not pace.leaves_out(unasked)
    assert now == [100.0]


def test_pictures_take_a_third_of_the_time_at_most(monkeypatch):
    now, pace = quick_page(monkeypatch), Pace()
    assert not pace.leaves_out(unasked)
    frame = pace.shown("a")
    now[0] += 0.3  # so long it took to draw
    hears(pace, frame)
    now[0] += 60  # a pause costs nothing
    pace.begins()
    pace.ends()
    now[0] += 0.59
    assert pace.leaves_out(unasked)
    now[0] += 0.02
    assert not pace.leaves_out(unasked)


def test_a_picture_under_way_counts_as_long_as_it_has_taken(monkeypatch):
    now, pace = quick_page(monkeypatch), Pace()
    assert not pace.leaves_out(unasked)
    frame = pace.shown("a")
    now[0] += 0.2
    pace.begins()
    hears(pace, frame)
    pace.ends()
    assert pace.leaves_out(unasked)
    now[0] += 0.39
    assert pace.leaves_out(unasked)
    now[0] += 0.02
    assert not pace.leaves_out(unasked)


def test_a_first_picture_that_no_step_asked_for_costs_what_it_took(monkeypatch):
    """However long the machine has been on: its clock began then."""
    now, pace = quick_page(monkeypatch), Pace()
    now[0] = 1e6
    frame = pace.shown("a")
    now[0] += 0.1
    hears(pace, frame)
    pace.begins()
    pace.ends()
    now[0] += 0.21
    assert not pace.leaves_out(unasked)
    # The same for one that a click asked for, long after the last.
    hears(pace, pace.shown("b"))
    now[0] += 1e5
    frame = pace.shown("c")
    now[0] += 0.1
    hears(pace, frame)
    pace.begins()
    pace.ends()
    now[0] += 0.21
    assert not pace.leaves_out(unasked)


def test_a_play_that_is_held_at_its_month_gets_the_picture_of_it(monkeypatch):
    """It asks again and again without a month between, which is a pause too."""
    monkeypatch.setattr(pace_module, "_STILL", 0.2)
    pace, done = Pace(), threading.Event()
    pace.shown("a")
    pace.ends()
    late = time.monotonic() + SOON
    while not done.is_set() and time.monotonic() < late:
        assert pace.leaves_out(done.set)
        time.sleep(0.05)
    assert done.is_set()


def test_the_thread_that_hears_from_the_page_draws_every_month():
    pace = Pace()
    pace.drawn(pace.shown("a"))
    pace.shown("b")
    assert not pace.leaves_out(unasked)


def test_the_last_month_before_a_pause_gets_its_picture(monkeypatch):
    monkeypatch.setattr(pace_module, "_STILL", 0.2)
    pace, called = Pace(), []
    done = threading.Event()

    def later() -> None:
        called.append(time.monotonic())
        done.set()

    pace.shown("a")
    last = 0.0
    for _ in range(5):
        pace.ends()
        last = time.monotonic()
        assert pace.leaves_out(later)
        time.sleep(0.05)
    assert done.wait(SOON)
    assert len(called) == 1
    assert called[0] - last >= 0.19, "after a moment without a month, not in the middle of play"


def test_no_picture_is_drawn_later_where_one_has_come(monkeypatch):
    monkeypatch.setattr(pace_module, "_STILL", 0.05)
    pace, called = Pace(), []
    pace.shown("a")
    pace.ends()
    assert pace.leaves_out(lambda: called.append(True))
    timer = pace._later
    pace.shown("b")
    timer.join(SOON)
    assert pace._later is None and called == []


def test_months_run_ahead_of_the_picture_but_not_far(patient, monkeypatch):
    monkeypatch.setattr(pace_module, "_AHEAD", 2)
    pace = Pace()
    frame = pace.shown("a")
    begun = time.monotonic()
    pace.ends()
    pace.ends()
    assert time.monotonic() - begun < 1
    third = elsewhere(pace.ends)
    assert not ends(third)
    hears(pace, frame)
    third.join(SOON)
    assert not third.is_alive()


def test_the_pace_that_a_thread_has_stepped_last_is_known():
    one, other, found = Pace(), Pace(), []

    def step() -> None:
        found.append(stepped_last())
        one.ends()
        other.ends()
        found.append(stepped_last())

    elsewhere(step).join(SOON)
    assert found == [None, other]
