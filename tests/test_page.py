"""The page in a real Chromium: it loads, plays, steps, is set, saves and loads, in both languages, and calls nobody."""

from __future__ import annotations

import re
import time

import pytest

pytest.importorskip("solara", reason="the page comes with the extra viz")
pytest.importorskip("playwright.sync_api", reason="playwright comes with the extra dev")

from browser_tools import chromium, served
from irregsim.scenario import ScenarioError, load_scenario
from irregsim.vocabulary.labels import label
from irregsim.workshop.exercises import material
from page_texts import cut, lines, overlapping, too_small
from seen_page import SOON, TABS, Seen

pytestmark = pytest.mark.once

#: A small country and an early month, so that a step takes a few milliseconds and the burn-in less than a second.
SMALL = ("--scale", "0.02", "--start", "2012-03", "--lang", "en", "--viewers", "3")


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    chromium()
    with served(tmp_path_factory.mktemp("served"), *SMALL) as one:
        yield one


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


@pytest.mark.slow
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


def test_the_language_can_be_changed(seen, tmp_path):
    seen.page.locator(".irregsim-language .v-select, .v-select.irregsim-language").first.click()
    seen.page.locator(".menuable__content__active .v-list-item", has_text="Norsk").first.click()
    seen.page.locator(".view-vessels", has_text="«de avhengige»").wait_for()
    body = seen.page.inner_text("body")
    assert label("page.care", "nb") in body and label("page.care", "en") not in body
    # Mesa's words too.
    seen.page.wait_for_function("() => document.querySelector('.v-navigation-drawer').innerText.includes('Styring')")
    assert seen.page.get_by_role("button", name=label("page.mesa_step", "nb"), exact=True).count() == 1
    seen.page.get_by_text("Februar 2012").wait_for()
    seen.page.wait_for_function("() => document.querySelector('.v-navigation-drawer').innerText.includes('Måneder: 0')")
    seen.lang = "nb"
    seen.step()
    # Faults of a file too, which are noted in English.
    bad = tmp_path / "bad.yaml"
    bad.write_text(SCENARIO.replace("Bergen", "Bergenn").replace("tax_card", "tax_cart"), encoding="utf-8")
    seen.upload(bad)
    seen.page.locator(".irregsim-faults", has_text="mente du Bergen?").wait_for()
    assert "did you mean" not in seen.page.inner_text(".irregsim-faults")
    seen.page.locator(".v-select.irregsim-language").first.click()
    seen.page.locator(".menuable__content__active .v-list-item", has_text="English").first.click()
    told = "() => document.querySelector('.v-navigation-drawer').innerText"
    seen.page.wait_for_function(f"() => ({told})().includes('Months: 1') && !({told})().includes('Måneder')")


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
    # A file in another code is refused by the reader of files, in its words, and not read as other letters.
    latin = tmp_path / "latin.yaml"
    latin.write_bytes(SCENARIO.replace("Two changes", "To på").encode("latin-1"))
    with pytest.raises(ScenarioError) as refused:
        load_scenario(latin)
    seen.upload(latin)
    seen.page.locator(".irregsim-faults", has_text=str(refused.value).partition(": ")[2]).wait_for()
    assert seen.steps == 1
    seen.step()


def test_type_for_a_projector_is_large_and_no_text_lies_on_another(seen):
    """A sample; tests/test_projector.py looks at every tab in both languages and several sizes."""
    seen.page.set_viewport_size({"width": 1280, "height": 800})
    seen.page.keyboard.press("p")
    seen.page.locator(".irregsim-bar").wait_for()
    seen.page.keyboard.press("ArrowRight")
    seen.wait_for_steps("n === 1")
    for name in ("vessels", "history"):
        seen.tab(name)
        seen.page.locator(f".view-{name} .irregsim-frame svg[aria-label*='March 2012']").wait_for()
        time.sleep(0.5)
        found = lines(seen.page)
        assert len(found) > 20
        assert (too_small(found, 18.0), overlapping(found), cut(found)) == ([], [], [])


def test_persons_of_a_sample_are_dots_in_the_vessels(seen):
    seen.page.wait_for_function(_INKED, arg=40)
    seen.step()
    # They come to rest: the same picture twice, half a second apart.
    still = f"() => {{ const now = ({_PIXELS})(), same = window.seen_ === now; window.seen_ = now; return same; }}"
    seen.page.wait_for_function(still, polling=500)
    at_rest = seen.page.evaluate(_PIXELS)
    seen.step()
    seen.page.wait_for_function(f"(before) => ({_PIXELS})() !== before", arg=at_rest)


#: Whether the canvas over the vessels has at least so many pixels drawn, and all of them as text.
_INKED = """(least) => { const one = document.querySelector('.irregsim-moving canvas');
  return one && one.width && one.getContext('2d').getImageData(0, 0, one.width, one.height).data
    .filter((v, i) => i % 4 === 3 && v > 0).length > least; }"""
_PIXELS = "() => document.querySelector('.irregsim-moving canvas').toDataURL()"


def test_a_preset_is_compared_and_twins_can_be_followed(seen):
    seen.choose(seen.words("page.choose_scenario"), "remaining reception centres close")
    # The page is made again with the new simulation; what is chosen on the one before is lost with it.
    seen.page.locator(".irregsim-head", has_text="compared with").wait_for()
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


@pytest.mark.slow
def test_more_runs_draw_a_band(seen):
    seen.step(3)
    seen.tab("difference")
    bare = seen.picture()
    seen.button(seen.words("page.run_more")).click()
    seen.page.get_by_text(re.compile(r"The band shows 95 % of 21 runs")).wait_for(timeout=4 * SOON)
    seen.wait_for_picture(bare, same=False)


def test_an_exercise_is_predicted_run_by_its_buttons_and_revealed_one_by_one(seen):
    """A small country: tests/test_exercise_page.py looks at what the exercises say, at full size."""
    exercise = material().exercises[0]
    seen.tab("exercises")
    box = seen.page.locator(".irregsim-exercise")
    rows = box.locator(".irregsim-prediction")
    reveal = box.locator(".irregsim-next")
    time.sleep(2.0)  # nothing is answered unless somebody chooses
    assert reveal.is_disabled() and f"({rows.count()} left)" in reveal.inner_text().lower()
    assert box.locator(".v-btn--active").count() == 0
    for number in range(rows.count()):
        rows.nth(number).get_by_role("button", name=seen.words("page.answer_up"), exact=True).click()
    slider = rows.nth(0).get_by_role("slider")
    slider.focus()
    seen.page.keyboard.press("ArrowRight")
    rows.nth(0).get_by_text("about +60\N{NO-BREAK SPACE}%").wait_for()
    box.locator(".press-1").click()
    seen.page.locator(".view-vessels").wait_for(timeout=2 * SOON)
    seen.page.wait_for_function("() => document.querySelector('.tally').textContent.includes('month=2023-06')")
    seen.page.locator(".irregsim-guide .press-2").click()
    seen.page.wait_for_function("() => document.querySelector('.tally').textContent.includes('month=2023-07')")
    time.sleep(1.0)
    assert seen.told == {"month": "2023-07", "steps": "19", "parted": "true"}
    seen.page.locator(".guide-back").click()
    cells = box.locator(".irregsim-reveal td")
    for shown in range(1, len(exercise.predict) + 1):
        box.locator(".irregsim-next").click()
        seen.page.wait_for_function(
            "(n) => Array.from(document.querySelectorAll('.irregsim-reveal tr')).slice(1)"
            ".filter((row) => !row.textContent.includes('…')).length >= n",
            arg=shown,
        )
    box.get_by_text(seen.words("page.exercise_discuss"), exact=True).wait_for()  # the last to be drawn
    texts = cells.all_text_contents()
    assert texts[1] == "up, about +60\N{NO-BREAK SPACE}%" and len(texts) == 4 * len(exercise.compared)
    assert seen.words("page.not_run", month="December 2026") in texts
    told = box.inner_text()
    assert seen.words("page.exercise_discuss") in told and "{{" not in told
    box.locator(".irregsim-clear").click()
    box.locator(".v-btn--active").first.wait_for(state="detached")
    assert box.locator(".irregsim-next").is_disabled()


def test_viewers_do_not_share_state_and_are_bounded(browser, server):
    pages = [Seen(browser, server), Seen(browser, server), Seen(browser, server)]
    try:
        pages[0].step(2)
        assert (pages[0].steps, pages[1].steps) == (2, 0)
        context = browser.new_context()
        fourth = context.new_page()
        fourth.goto(server.address)
        fourth.get_by_text("All 3 places on this page are in use", exact=False).wait_for(timeout=SOON)
        pages.pop().context.close()
        # Who waits is let in once the server has heard that the page is closed.
        fourth.wait_for_selector(".irregsim-head", timeout=SOON)
        context.close()
    finally:
        for one in pages:
            one.check()
            one.context.close()


def test_a_reload_comes_back_to_the_same_month_and_settings_and_leaving_warns(seen):
    warned = []
    seen.page.on("dialog", lambda dialog: (warned.append(dialog.type), dialog.accept()))
    seen.step()
    seen.open_group("work")
    seen.page.locator(".lever.fines-employer_base_nok [role=slider]").focus()
    seen.page.keyboard.press("ArrowRight")
    seen.page.get_by_role("button", name=re.compile("Undo: ")).first.wait_for()
    seen.step(3)
    seen.tab("exercises")
    seen.page.locator(".irregsim-prediction").first.get_by_role("button", name=seen.words("page.answer_up")).click()
    seen.tab("difference")
    seen.choose(seen.words("page.outcome"), "forced return")
    told = seen.told
    assert told == {"month": "2012-06", "steps": "4", "parted": "true"}
    seen.page.wait_for_function("() => location.search.includes('outcome=exit')")
    shown = seen.page.text_content(".view-difference .irregsim-frame")
    seen.page.reload()
    assert warned == ["beforeunload"]
    seen.page.wait_for_selector(".view-difference .irregsim-frame svg")
    assert seen.told == told
    assert seen.page.text_content(".view-difference .irregsim-frame") == shown
    seen.tab("exercises")
    answered = seen.page.locator(".irregsim-prediction").first.locator(".v-btn--active")
    assert answered.inner_text() == seen.words("page.answer_up")
    # The same by a link, on another page.
    seen.page.locator(".irregsim-to-share").click()
    link = seen.page.locator(".irregsim-share input").input_value()
    assert seen.page.locator(".share-code").count() == 0, "no other machine could open it"
    other = Seen(seen.context.browser, seen.server, path=link.removeprefix(seen.server.address))
    assert other.told == told
    other.check()
    other.context.close()


def test_what_an_address_says_that_cannot_be_is_left_out(browser, server):
    one = Seen(browser, server, path="/?scenario=/etc/passwd&tab=history&month=2012-05")
    assert one.told["month"] == "2012-05"
    one.page.wait_for_selector(".view-history")
    one.page.get_by_text(one.words("page.address_refused")).wait_for()
    one.check()
    one.context.close()


def test_a_page_from_elsewhere_cannot_use_the_server(browser, server):
    context = browser.new_context(extra_http_headers={"Origin": "http://elsewhere.example"})
    page = context.new_page()
    answer = page.goto(server.address)
    assert answer is not None and answer.status == 403
    context.close()
