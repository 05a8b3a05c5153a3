"""The page for a room: type that the last row reads, no text on another, keys, a phone and an old screen."""

from __future__ import annotations

import time

import pytest

pytest.importorskip("solara", reason="the page comes with the extra viz")
pytest.importorskip("playwright.sync_api", reason="playwright comes with the extra dev")

from browser_tools import chromium, served
from page_texts import Line, cut, lines, overlapping, too_small
from seen_page import SOON, TABS, Seen

pytestmark = [pytest.mark.once, pytest.mark.slow]

#: Smallest type for a projector, in pixels of the page.
LEAST = 18.0

#: Two sides that have parted, with twins and several levers.
PARTED = ("close-remaining-centres", "--scale", "0.1", "--start", "2023-04", "--lang", "en", "--viewers", "4")
STEPS = 9


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    chromium()
    with served(tmp_path_factory.mktemp("served"), *PARTED) as one:
        yield one


@pytest.fixture(scope="module", params=["nb", "en"])
def parted(request, browser, server):
    one = Seen(browser, server, request.param, path=f"/?month=2023-12&lang={request.param}")
    assert one.told == {"month": "2023-12", "steps": str(STEPS), "parted": "true"}
    yield one
    one.check()
    one.context.close()


def project(seen: Seen, on: bool = True) -> None:
    if bool(seen.page.locator(".irregsim-bar").count()) != on:
        seen.page.keyboard.press("p")
        seen.page.locator(".irregsim-bar").wait_for(state="attached" if on else "detached")


def settled(seen: Seen) -> list[Line]:
    """Texts of the page once they stay where they are."""
    before: list[Line] = []
    for _ in range(60):
        time.sleep(0.25)
        now = lines(seen.page)
        if now == before:
            return now
        before = now
    raise AssertionError("the page does not come to rest")


def resize(seen: Seen, width: int, height: int) -> None:
    seen.page.set_viewport_size({"width": width, "height": height})


@pytest.mark.parametrize("size", [(1280, 800), (1920, 1080)], ids=str)
@pytest.mark.parametrize("tab", TABS)
def test_type_is_large_and_no_text_lies_on_another(parted, tab, size):
    resize(parted, *size)
    project(parted)
    parted.tab(tab)
    found = settled(parted)
    assert len(found) > 10
    assert too_small(found, LEAST) == []
    assert overlapping(found) == []
    assert cut(found) == []
    assert parted.page.evaluate("() => document.documentElement.scrollWidth <= window.innerWidth")
    if tab == "mesa":  # its type is in an image, which is shown at its own size
        whole = "() => (one => one.clientWidth >= one.naturalWidth)(document.querySelector('.view-mesa img'))"
        parted.page.wait_for_function(whole)


@pytest.mark.parametrize("tab", TABS)
def test_an_old_projector_shows_every_tab(parted, tab):
    resize(parted, 1024, 768)
    project(parted)
    for name in TABS:
        box = parted.page.get_by_role("tab", name=parted.words(f"page.tab_{name}"), exact=True).bounding_box()
        assert box["x"] >= 0 and box["x"] + box["width"] <= 1024 and box["y"] >= 0, name
    parted.tab(tab)
    found = settled(parted)
    assert (too_small(found, LEAST), overlapping(found), cut(found)) == ([], [], [])


@pytest.mark.parametrize("size", [(1440, 900), (1280, 800), (1024, 768)], ids=str)
@pytest.mark.parametrize("tab", TABS)
def test_without_a_projector_no_text_lies_on_another(parted, tab, size):
    resize(parted, *size)
    project(parted, on=False)
    parted.tab(tab)
    found = [line for line in settled(parted) if line.place in ("picture", "page")]
    assert overlapping(found) == []
    assert cut(found) == []


def test_a_long_option_does_not_widen_the_sidebar(parted):
    resize(parted, 1280, 800)
    project(parted, on=False)
    sidebar = parted.page.locator(".v-navigation-drawer")
    assert 250 <= sidebar.bounding_box()["width"] <= 400
    cards = (
        "() => [...document.querySelectorAll('.irregsim-cards .v-card')].map((e) => e.getBoundingClientRect().right)"
    )
    rights = parted.page.evaluate(cards)
    assert len(rights) >= 3 and max(rights) <= 400
    assert sidebar.locator(".v-navigation-drawer__content").first.evaluate("e => e.scrollWidth - e.clientWidth") <= 1


def test_dark_mode_keeps_a_light_ground(browser, server):
    one = Seen(browser, server, color_scheme="dark")
    time.sleep(1.0)
    ground = one.page.evaluate("() => getComputedStyle(document.querySelector('.v-application')).backgroundColor")
    assert min(int(part) for part in ground.removeprefix("rgb(").removesuffix(")").split(",")) > 240
    assert one.page.locator(".theme--dark.v-application").count() == 0
    one.check()
    one.context.close()


def test_the_sidebar_can_be_closed_on_a_phone(browser, server):
    one = Seen(browser, server, size=(390, 844))
    page = one.page
    drawer, menu = page.locator(".v-navigation-drawer"), page.locator(".v-app-bar__nav-icon")

    def is_open() -> bool:
        return drawer.bounding_box()["x"] >= 0

    time.sleep(1.0)
    if not is_open():
        menu.click()
    page.wait_for_function("() => document.querySelector('.v-navigation-drawer').getBoundingClientRect().x >= 0")
    box = drawer.bounding_box()
    assert box["width"] < 390, "what is beside it closes it"
    page.mouse.click(385, 500)
    page.wait_for_function("() => document.querySelector('.v-navigation-drawer').getBoundingClientRect().right <= 1")
    for name in TABS:
        tab = page.get_by_role("tab", name=one.words(f"page.tab_{name}"), exact=True)
        assert tab.bounding_box()["x"] + tab.bounding_box()["width"] <= 390
    one.check()
    one.context.close()


def test_keys_step_play_and_pause_and_the_bar_runs_to_a_month(browser, server):
    one = Seen(browser, server)
    page = one.page
    project(one)
    page.keyboard.press("ArrowRight")
    one.wait_for_steps("n === 1")
    page.keyboard.press("Space")
    one.wait_for_steps("n >= 3")
    page.keyboard.press("Space")
    time.sleep(2.0)
    stopped = one.steps
    time.sleep(1.0)
    assert one.steps == stopped
    page.select_option(".bar-until", index=1)
    wanted = "2023-12" if stopped <= 8 else "2024-06"
    page.wait_for_function(
        f"() => document.querySelector('.tally').textContent.includes('month={wanted}')", timeout=SOON
    )
    time.sleep(1.5)
    assert one.told["month"] == wanted, "no further than asked"
    page.keyboard.press("p")
    page.locator(".irregsim-bar").wait_for(state="detached")
    one.check()
    one.context.close()


def test_setting_up_an_exercise_does_not_move_the_page(browser, server):
    one = Seen(browser, server, size=(1280, 800))
    page = one.page
    project(one)
    one.tab("exercises")
    button = page.get_by_role("button", name=one.words("page.set_up"), exact=True)
    button.scroll_into_view_if_needed()
    where = "() => document.querySelector('.irregsim-exercise h2').getBoundingClientRect().top"
    page.mouse.move(600, 400)
    page.mouse.wheel(0, 150)
    page.wait_for_function(f"() => ({where})() < 100")
    before = page.evaluate(where)
    button.click()
    page.wait_for_selector(".irregsim-making", timeout=SOON)
    page.wait_for_selector(".irregsim-exercise", timeout=SOON)
    page.wait_for_function(f"() => Math.abs(({where})() - {before}) < 2", timeout=5000)
    assert page.locator(".irregsim-bar").count() == 1, "the mode stays"
    one.check()
    one.context.close()
