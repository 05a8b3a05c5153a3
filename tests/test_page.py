"""The page in a real Chromium: it loads, plays, steps, is set, saves and loads, in both languages, and calls nobody."""

from __future__ import annotations

import contextlib
import re
import time
from contextlib import suppress
from pathlib import Path

import pytest

pytest.importorskip("solara", reason="the page comes with the extra viz")
playwright = pytest.importorskip("playwright.sync_api", reason="playwright comes with the extra dev")

from browser_tools import FLAGS, Served, Watch, chromium, served  # noqa: E402
from irregsim.scenario import load_scenario  # noqa: E402
from irregsim.vocabulary.labels import label  # noqa: E402

pytestmark = pytest.mark.once

#: A small country and an early month, so that a step takes a few milliseconds and the burn-in less than a second.
SMALL = ("--scale", "0.02", "--start", "2012-03", "--lang", "en", "--viewers", "3")

#: Milliseconds for whatever a page does at once; a slow machine may take them.
SOON = 60_000

TABS = ("vessels", "history", "difference", "tiles", "network", "iceberg", "life", "registers", "exercises", "mesa")


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    chromium()
    with served(tmp_path_factory.mktemp("served"), *SMALL) as one:
        yield one


@pytest.fixture(scope="module")
def browser():
    path = chromium()
    with playwright.sync_playwright() as p:
        one = p.chromium.launch(executable_path=path, args=list(FLAGS))
        yield one
        one.close()


class Seen:
    """A page that has been opened, with what a test asks of it."""

    def __init__(self, browser, server: Served, lang: str = "en") -> None:
        self.watch, self.server = Watch(), server
        self.context = browser.new_context(viewport={"width": 1440, "height": 900}, accept_downloads=True)
        self.page = self.context.new_page()
        self.page.set_default_timeout(SOON)
        self.watch.follow(self.page, server.address)
        self.page.goto(server.address)
        self.page.wait_for_selector(".irregsim-head")
        self.page.wait_for_selector(".irregsim-cards")
        self.lang = lang

    def words(self, key: str, **values: object) -> str:
        return label(key, self.lang).format(**values)

    @property
    def told(self) -> dict[str, str]:
        return dict(part.split("=") for part in self.page.text_content(".tally").split())

    @property
    def steps(self) -> int:
        return int(self.told["steps"])

    def button(self, name: str):
        return self.page.get_by_role("button", name=name, exact=True)

    def wait_for_steps(self, test: str) -> None:
        n = "Number(/steps=(\\d+)/.exec(document.querySelector('.tally').textContent)[1])"
        self.page.wait_for_function(f"() => {{ const n = {n}; return {test}; }}")

    def pause(self) -> None:
        """Stops a play, if it has not come to its last month by itself, which disables the button."""
        from playwright.sync_api import TimeoutError as TooLate

        with contextlib.suppress(TooLate):
            self.button("❚❚").click(timeout=5_000)

    def step(self, number: int = 1) -> None:
        for _ in range(number):
            before = self.steps
            self.button(self.words("page.mesa_step")).click()
            self.wait_for_steps(f"n > {before}")

    def tab(self, name: str) -> None:
        self.page.get_by_role("tab", name=self.words(f"page.tab_{name}"), exact=True).click()
        self.page.wait_for_selector(f".view-{name}")

    def picture(self) -> str:
        return self.page.inner_html(".irregsim-frame >> nth=0")

    def wait_for_picture(self, other: str, same: bool) -> None:
        """The picture comes a moment after the month: wait until it is that one, or another."""
        told = "(given) => (document.querySelector('.irregsim-frame').innerHTML === given[0]) === given[1]"
        self.page.wait_for_function(told, arg=[other, same])

    def open_group(self, group: str) -> None:
        self.page.locator(f".group-{group} .v-expansion-panel-header").click()

    def choose(self, label_text: str, option: str) -> None:
        """Chooses from a list, until it shows what was chosen: what is drawn anew meanwhile does not hear a click."""
        field = self.page.locator(".v-select", has=self.page.get_by_text(label_text, exact=True)).first
        menu = self.page.locator(".menuable__content__active")
        item = menu.locator(".v-list-item", has_text=option).first
        for _ in range(10):
            with suppress(playwright.TimeoutError):
                field.click(timeout=3000)
                menu.wait_for(timeout=3000)
                for _ in range(20):  # a long list is made as far as one scrolls
                    if item.count():
                        break
                    menu.evaluate("e => { e.scrollTop = 0; e.scrollTop = e.scrollHeight; }")
                    time.sleep(0.1)
                item.click(timeout=3000)
                self.page.locator(".v-select__selection", has_text=option).first.wait_for(timeout=5000)
                return
            self.page.keyboard.press("Escape")
        raise AssertionError(f"{option} could not be chosen")

    def upload(self, *files: Path) -> None:
        self.page.set_input_files(".irregsim-upload input[type=file]", [str(file) for file in files])

    def save(self, to: Path) -> Path:
        with self.page.expect_download() as download:
            self.page.locator(".irregsim-save").click()
        download.value.save_as(to)
        return to

    def check(self) -> None:
        """Nothing went wrong, and neither the page nor the server asked anybody outside this machine."""
        assert self.watch.faults == []
        assert self.watch.outside == []
        assert self.server.tried() == []
        assert "Traceback" not in self.page.inner_text("body")


@pytest.fixture
def seen(browser, server):
    one = Seen(browser, server)
    yield one
    one.check()
    one.context.close()


def test_the_page_says_what_it_is_and_what_must_be_said(seen):
    assert seen.told == {"month": "2012-02", "steps": "0", "parted": "false"}
    body = seen.page.inner_text("body")
    assert "February 2012" in body
    assert seen.words("page.care") in body
    assert "The persons are synthetic" in body
    for name in TABS:
        assert seen.page.get_by_role("tab", name=seen.words(f"page.tab_{name}"), exact=True).count() == 1
    # Mesa's controls come first in the sidebar, and its empty card is out of sight.
    sidebar = seen.page.inner_text(".v-navigation-drawer")
    assert sidebar.index(seen.words("page.mesa_controls")) < sidebar.index(seen.words("page.levers"))
    assert "Model Parameters" not in sidebar


def test_step_play_pause_and_reset(seen):
    before = seen.picture()
    seen.step()
    assert seen.told["month"] == "2012-03"
    seen.wait_for_picture(before, same=False)
    seen.button("▶").click()
    seen.wait_for_steps("n >= 12")
    seen.button("❚❚").click()
    time.sleep(1.0)
    stopped = seen.steps
    time.sleep(1.0)
    assert seen.steps == stopped
    seen.step()
    assert seen.steps == stopped + 1, "the page had come to the last month, whichever it left out before"
    seen.button(seen.words("page.mesa_reset")).click()
    seen.wait_for_steps("n === 0")
    seen.wait_for_picture(before, same=True)  # the same seed gives the same months
    for _ in range(3):
        seen.button("▶").click()
        seen.wait_for_steps("n >= 3")
        seen.button(seen.words("page.mesa_reset")).click()  # while it plays
        seen.wait_for_steps("n === 0")
    seen.step()


def test_fast_play_and_clicks_do_not_lose_the_page(seen):
    seen.button("▶").click()
    for name in ("history", "network", "difference", "mesa", "life", "vessels"):
        seen.tab(name)
        before = seen.steps
        # The months may be over before all views have been looked at: 2012 to 2030.
        seen.wait_for_steps(f"n > {before} || n >= 226")
    seen.pause()
    seen.button(seen.words("page.mesa_reset")).click()
    seen.wait_for_steps("n === 0")
    seen.step(2)


def test_every_view_shows_something_and_numbers_are_those_of_a_run(seen):
    from irregsim.inference.posterior import choose
    from irregsim.model import simulate
    from irregsim.model.draws import Draws
    from irregsim.model.values import Values
    from irregsim.vocabulary.codes import Strategy
    from irregsim.workshop.live.shown import index_of

    seen.step(2)
    for name in TABS:
        seen.tab(name)
        if name == "mesa":
            seen.page.locator(".view-mesa img, .view-mesa svg").first.wait_for()
        elif name == "exercises":
            assert seen.page.locator(".irregsim-exercise h2").count() == 1
        else:
            frame = seen.page.locator(f".view-{name} .irregsim-frame svg").first
            assert frame.get_attribute("role") == "img"
            if name == "life":  # one of two months has no room for its name, and a single year
                assert frame.locator(".spell").count() > 0 and re.search(r"20\d\d", frame.text_content())
            else:
                assert frame.locator("text").count() > 2
    # Replicate 0 of the same seed, scale and draw: the index of the last month, as the vessels show it.
    seen.tab("vessels")
    seen.step(3)
    seen.page.locator(".view-vessels svg[aria-label*='July 2012']").wait_for()
    levels = [int(text) for text in seen.page.locator(".view-vessels .vessel .level").all_text_contents()]
    chosen, _ = choose("posterior")
    scenario = load_scenario("baseline")
    world = simulate.start(Values(scenario.levers, chosen.values[0], 0.02), Draws(2021, 0))
    for _ in range(43):
        simulate.advance_month(world)
    stocks = world.history.stocks.reshape(len(world.history.stocks), len(Strategy), -1).sum(axis=2)
    hidden, visible = float(stocks[37, 1:].sum()), float(stocks[37, 0])
    assert levels[0] == round(100.0 * stocks[42, 0] / visible), "who lives in centres is counted"
    assert levels[1:] == [index_of(stocks[42, k], hidden) for k in range(1, 5)]


def test_a_slider_sets_a_lever_from_the_next_month_and_the_two_sides_part(seen, tmp_path):
    seen.step()
    seen.open_group("work")
    slider = seen.page.locator(".lever.fines-employer_base_nok [role=slider]")
    slider.focus()
    for _ in range(3):
        seen.page.keyboard.press("ArrowRight")
    undo = seen.page.get_by_role("button", name=re.compile("Undo: "))
    undo.first.wait_for()
    seen.step()
    assert seen.told["parted"] == "true"
    # The picture follows what the page says of itself, a moment later on a busy machine.
    seen.page.locator(".view-vessels g.scenario").wait_for(state="attached")
    assert seen.page.locator(".view-vessels g.scenario").count() == 1
    file = seen.save(tmp_path / "mine.yaml")
    text = file.read_text(encoding="utf-8")
    assert "from: 2012-04" in text
    levers, base = load_scenario(file).levers, load_scenario("baseline").levers
    assert levers.first_difference(base) == 39
    assert (levers.employer_base_nok[39:] > base.employer_base_nok[39]).all()
    seen.tab("history")
    assert "employer" in seen.page.text_content(".view-history").lower()


def test_a_lever_is_told_of_and_a_switch_and_a_choice_can_be_set(seen, tmp_path):
    seen.open_group("municipal")
    seen.page.locator(".lever.municipal-shelter .mdi-information-outline").hover()
    seen.page.wait_for_selector(".v-tooltip__content.menuable__content__active")
    told = seen.page.inner_text(".v-tooltip__content.menuable__content__active")
    for part in ("beds per night", "0 to 2000", "F 7.4", "M048"):
        assert part in told
    lever = seen.page.locator(".lever.municipal-health_model")
    lever.locator(".v-select").nth(0).click()
    seen.page.locator(".menuable__content__active .v-list-item", has_text="Stavanger").first.click()
    lever.locator(".v-select").nth(1).click()
    wanted = seen.words("health_model.municipal_open")
    seen.page.locator(".menuable__content__active .v-list-item", has_text=wanted).first.click()
    lever.get_by_role("button", name=re.compile("Undo")).wait_for()
    seen.open_group("control")
    box = seen.page.locator(".lever.police-no_removal_when_reporting")
    box.locator("input[role=switch]").focus()
    seen.page.keyboard.press("Space")
    box.get_by_role("button", name=re.compile("Undo")).wait_for()
    levers = load_scenario(seen.save(tmp_path / "mine.yaml")).levers
    assert levers.no_removal_when_reporting[38:].all()
    assert (levers.health_model[38:, 3] == 2).all() and not (levers.health_model[38:, 0] == 2).any()


def test_the_language_can_be_changed(seen):
    seen.page.locator(".irregsim-language .v-select, .v-select.irregsim-language").first.click()
    seen.page.locator(".menuable__content__active .v-list-item", has_text="Norsk").first.click()
    seen.page.locator(".view-vessels", has_text="«de avhengige»").wait_for()
    body = seen.page.inner_text("body")
    assert label("page.care", "nb") in body and label("page.care", "en") not in body
    # Mesa's words too.
    seen.page.wait_for_function("() => document.querySelector('.v-navigation-drawer').innerText.includes('Styring')")
    assert seen.page.get_by_role("button", name=label("page.mesa_step", "nb"), exact=True).count() == 1
    seen.page.get_by_text("Februar 2012").wait_for()


SCENARIO = """\
schema: 1
name: two-changes
title: {nb: To endringer, en: Two changes}
description: For a test.
extends: baseline
period: {start: 2012-01, end: 2014-12}
levers:
  work:
    tax_card: [{from: 2012-05, value: false}]
  municipal:
    shelter: {Bergen: [{from: 2012-06, value: 90}]}
run: {seed: 7}
"""


def test_a_scenario_file_is_loaded_run_and_saved_again(seen, tmp_path):
    file = tmp_path / "two-changes.yaml"
    file.write_text(SCENARIO, encoding="utf-8")
    seen.upload(file)
    seen.page.get_by_text("Two changes", exact=False).first.wait_for()
    assert seen.page.get_by_label(seen.words("page.seed")).input_value() == "7"
    seen.step(4)
    assert seen.told == {"month": "2012-06", "steps": "4", "parted": "true"}
    saved = load_scenario(seen.save(tmp_path / "again.yaml"))
    loaded = load_scenario(file)
    assert saved.levers == loaded.levers
    assert (saved.start, saved.end, saved.seed) == (loaded.start, loaded.end, 7)


def test_a_file_with_faults_is_refused_with_all_of_them_and_nothing_else_changes(seen, tmp_path):
    bad, reach = tmp_path / "bad.yaml", tmp_path / "reach.yaml"
    bad.write_text(SCENARIO.replace("Bergen", "Bergenn").replace("tax_card", "tax_cart"), encoding="utf-8")
    reach.write_text(SCENARIO.replace("extends: baseline", "extends: ../../../etc/passwd"), encoding="utf-8")
    seen.step()
    seen.upload(bad)
    seen.page.wait_for_selector(".irregsim-faults")
    told = seen.page.inner_text(".irregsim-faults")
    assert "Bergenn" in told and "tax_cart" in told and "did you mean" in told
    seen.upload(reach)
    seen.page.locator(".irregsim-faults", has_text="leads out of the folder").wait_for()
    assert seen.steps == 1
    seen.step()


def test_a_preset_is_compared_and_twins_can_be_followed(seen):
    seen.choose(seen.words("page.choose_scenario"), "remaining reception centres close")
    seen.page.get_by_text("compared with", exact=False).first.wait_for()
    seen.choose(seen.words("page.start"), "2023-01")
    seen.button(seen.words("page.use_settings")).click()
    seen.page.get_by_text("December 2022").wait_for(timeout=4 * SOON)
    seen.button("▶").click()
    seen.wait_for_steps("n >= 14")
    seen.pause()
    seen.tab("life")
    seen.choose(seen.words("page.twins"), "twin 1")
    seen.page.locator(".irregsim-events", has_text=seen.words("legend.scenario").capitalize()).wait_for()
    events = seen.page.inner_text(".irregsim-events")
    assert any(label(f"cause.{cause}", "en") in events for cause in ("no_place", "transfer_walkout", "choice"))
    text = seen.page.inner_text(".view-life")
    assert "Eritrea" not in text and "Etiopia" not in text


def test_more_runs_draw_a_band(seen):
    seen.step(3)
    seen.tab("difference")
    bare = seen.picture()
    seen.button(seen.words("page.run_more")).click()
    seen.page.get_by_text(re.compile(r"The band shows 95 % of 21 runs")).wait_for(timeout=4 * SOON)
    seen.wait_for_picture(bare, same=False)


def test_an_exercise_reveals_after_a_prediction(seen):
    seen.tab("exercises")
    box = seen.page.locator(".irregsim-exercise")
    rows = box.locator(".irregsim-prediction")
    reveal = box.get_by_role("button", name=re.compile("Predict first"))
    time.sleep(2.0)  # nothing is answered unless somebody chooses
    assert reveal.is_disabled() and f"({rows.count()} left)" in reveal.inner_text().lower()
    assert box.locator(".v-btn--active").count() == 0
    for number in range(rows.count()):
        rows.nth(number).get_by_role("button", name=seen.words("page.answer_up"), exact=True).click()
    box.get_by_role("button", name=seen.words("page.reveal"), exact=True).click()
    box.locator(".irregsim-reveal").wait_for()
    told = box.inner_text()
    assert seen.words("page.exercise_discuss") in told and "{{" not in told
    assert seen.words("page.not_run", month="2026-12") in told
    box.get_by_role("button", name=seen.words("page.set_up"), exact=True).click()
    seen.page.get_by_text("December 2021").wait_for()


def test_viewers_do_not_share_state_and_are_bounded(browser, server):
    pages = [Seen(browser, server), Seen(browser, server), Seen(browser, server)]
    try:
        pages[0].step(2)
        assert (pages[0].steps, pages[1].steps) == (2, 0)
        context = browser.new_context()
        fourth = context.new_page()
        fourth.goto(server.address)
        fourth.get_by_text("All 3 places on this page are in use", exact=False).wait_for(timeout=SOON)
        context.close()
        pages.pop().context.close()
        again = None
        for _ in range(40):  # a place is free once the server has heard that the page is closed
            time.sleep(0.5)
            context = browser.new_context()
            trial = context.new_page()
            trial.goto(server.address)
            trial.wait_for_selector(".irregsim-head, .v-alert", timeout=SOON)
            again = trial.locator(".irregsim-head").count()
            context.close()
            if again:
                break
        assert again
    finally:
        for one in pages:
            one.check()
            one.context.close()


def test_a_page_from_elsewhere_cannot_use_the_server(browser, server):
    context = browser.new_context(extra_http_headers={"Origin": "http://elsewhere.example"})
    page = context.new_page()
    answer = page.goto(server.address)
    assert answer is not None and answer.status == 403
    context.close()
