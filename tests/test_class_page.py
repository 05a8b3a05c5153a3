"""A class in a real Chromium: a phone predicts, the projector shows histogram and reveal, and then all is gone."""

from __future__ import annotations

import re
import time
from importlib.resources import files

import pytest

pytest.importorskip("solara", reason="the page comes with the extra viz")
pytest.importorskip("playwright.sync_api", reason="playwright comes with the extra dev")

from browser_tools import Watch, chromium, served
from irregsim.vocabulary.labels import LANGUAGES, label
from irregsim.workshop.exercises import material
from irregsim.workshop.stored_runs import stored
from page_texts import cut, lines, overlapping, too_small
from seen_page import SOON, Seen

pytestmark = [pytest.mark.once, pytest.mark.slow]

EXERCISE = material().exercise("centre-closes")
PATH = f"/?tab=exercises&exercise={EXERCISE.id}"

_RUN = """async () => {
  const found = await axe.run(document, { resultTypes: ['violations'] });
  return found.violations.map((one) => [one.impact, one.id, one.nodes.map((node) => node.html.slice(0, 160))]);
}"""


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    chromium()
    arguments = ("--scale", "0.02", "--class", "--class-host", "127.0.0.1", "--viewers", "4")
    with served(tmp_path_factory.mktemp("served"), *arguments) as one:
        told, late = "", time.monotonic() + 30
        while "█" not in told and time.monotonic() < late:  # said a moment after the page can be opened
            time.sleep(0.1)
            told = one.log.read_text(encoding="utf-8")
        assert re.search(r"phones in the room go to http://127\.0\.0\.1:\d+/[a-z0-9]{8}\n", told), told
        assert "█" in told, "a code to scan"
        yield one


class Phone:
    """A phone that has scanned the code."""

    def __init__(self, browser, projector, lang: str) -> None:
        projector.locator(".class-address summary").click()
        self.address = f"http://{projector.locator('.class-link').inner_text()}"
        self.lang = lang
        self.watch = Watch()
        self.context = browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True)
        self.page = self.context.new_page()
        self.page.set_default_timeout(SOON)
        self.watch.follow(self.page, self.address.rpartition("/")[0])
        self.page.goto(f"{self.address}?lang={lang}")

    def words(self, key: str) -> str:
        return label(key, self.lang)

    def button(self, key: str, number: int = 0):
        return self.page.get_by_role("button", name=self.words(key), exact=True).nth(number)

    def check(self) -> None:
        """Nothing went wrong, nobody outside was asked, the page is no wider than the phone, and axe finds nothing."""
        assert self.watch.faults == []
        assert self.watch.outside == []
        assert self.page.evaluate("document.documentElement.scrollWidth") <= 390
        # Not by a script in the page, which its policy forbids.
        self.page.evaluate(files("axe_core_python").joinpath("axe.min.js").read_text(encoding="utf-8"))
        assert self.page.evaluate(_RUN) == []


@pytest.mark.parametrize("lang", LANGUAGES)
def test_predict_on_the_phone_see_the_histogram_and_the_reveal(browser, server, lang):
    pytest.importorskip("axe_core_python", reason="axe-core-python comes with the extra dev")
    seen = Seen(browser, server, lang, (1280, 800), path=f"{PATH}&lang={lang}")
    page = seen.page
    if page.locator(".class-begin").count():
        page.locator(".class-begin").click()
    page.locator(".class-ask").wait_for()
    phone = Phone(browser, page, lang)
    phone.page.get_by_text(phone.words("phone.screen")).wait_for()
    phone.check()

    page.locator(".class-ask").click()
    for number, answer in enumerate(("up", "same", "down")):
        phone.button(f"page.answer_{answer}", number).click()
    phone.page.get_by_text(phone.words("phone.sent")).wait_for()
    first = phone.page.get_by_role("slider").first
    first.focus()
    with phone.page.expect_response(lambda one: one.url.partition("?")[0].endswith("/answer")):
        phone.page.keyboard.press("End")
    phone.check()
    page.get_by_text(seen.words("page.class_answered", number=1, phones=1), exact=True).wait_for()

    phone.page.reload()  # the same phone: it counts once, and its answers are there
    phone.page.locator("[aria-pressed=true]").nth(2).wait_for()
    page.locator(".class-close").click()
    pictures = page.locator(".class-votes svg")
    pictures.nth(2).wait_for()
    assert page.locator(".class-votes .votes").count() == 3, "one bar in each"
    assert page.locator(".class-votes .band").count() == 0
    phone.page.get_by_text(phone.words("phone.screen")).wait_for()

    effect = stored(EXERCISE.id, 0).effects[EXERCISE.predict[0].key]
    page.locator(".irregsim-next").click()
    page.locator(".class-votes .band").wait_for()
    assert effect.text(lang) in pictures.first.text_content()
    page.keyboard.press("p")
    page.locator(".irregsim-bar").wait_for()
    page.wait_for_timeout(1500)
    found = lines(page)
    assert too_small(found, 18.0) == []
    assert overlapping(found) == []
    assert cut(found) == []
    page.keyboard.press("p")

    page.locator(".class-end").click()
    page.locator(".class-begin").wait_for()
    phone.page.get_by_text(phone.words("phone.ended")).wait_for()
    assert page.locator(".class-votes").count() == 0
    page.wait_for_function("() => !location.search.includes('predict')")
    phone.context.close()
    seen.check()
    seen.context.close()


def test_groups_choose_and_are_run(browser, server):
    seen = Seen(browser, server, "en", (1280, 800), path=f"{PATH}&lang=en")
    page = seen.page
    if page.locator(".class-begin").count():
        page.locator(".class-begin").click()
    page.locator(".class-groups summary").click()
    seen.choose(seen.words("page.groups_number"), "2")
    page.locator(".class-group").nth(1).wait_for()
    page.locator(".groups-ask").click()
    page.locator(".groups-close").wait_for()
    phone = Phone(browser, page, "en")
    phone.page.get_by_role("button", name="Group 1", exact=True).click()
    phone.button("phone.use").click()
    phone.page.get_by_text("median of 1 answers").wait_for()
    phone.check()
    typed = page.locator(".class-group").nth(1).get_by_label(seen.words("page.groups_typed"))
    typed.fill("2,5")
    typed.press("Tab")
    page.locator(".irregsim-groups td", has_text="2.5 ").wait_for()
    page.locator(".groups-run").click()
    cells = page.locator(".irregsim-groups td")
    page.wait_for_function(
        "() => !document.querySelector('.irregsim-groups').textContent.includes('…')", timeout=4 * SOON
    )
    told = cells.all_text_contents()
    assert told[0] == "1" and "250,000 NOK" in told[2] and told[6] == "2"
    assert all(re.search(r"%|–", cell) for cell in (*told[3:6], *told[9:12]))
    phone.context.close()
    seen.check()
    seen.context.close()


def test_hands_are_counted_without_phones(browser, tmp_path):
    with served(tmp_path, "--scale", "0.02", "--lang", "en") as server:
        seen = Seen(browser, server, "en", path=PATH)
        page = seen.page
        assert page.locator(".class-ask").count() == 0
        page.locator(".class-hands summary").click()
        name = seen.words("page.class_up_much", half="50\N{NO-BREAK SPACE}%")
        field = page.get_by_label(name).first
        field.fill("12")
        field.press("Tab")
        page.locator(".class-votes .votes").wait_for()
        assert "12" in page.locator(".class-votes svg").first.text_content()
        page.locator(".irregsim-reveal td", has_text="+80").wait_for()
        seen.check()
        seen.context.close()
