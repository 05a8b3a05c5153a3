"""Each exercise on the page at full size: its buttons are pressed, and what it promises is seen on the screen."""

from __future__ import annotations

import re
import time

import pytest

pytest.importorskip("solara", reason="the page comes with the extra viz")
pytest.importorskip("playwright.sync_api", reason="playwright comes with the extra dev")

from browser_tools import chromium, served
from irregsim.vocabulary.numbers import MINUS
from irregsim.workshop.exercises import Exercise, material
from irregsim.workshop.stored_runs import stored
from seen_page import SOON, Seen

pytestmark = [pytest.mark.once, pytest.mark.slow]

NAMES = [one.id for one in material().exercises]


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    chromium()
    with served(tmp_path_factory.mktemp("served"), "--lang", "en", "--viewers", "2") as one:
        yield one


def press_all(seen: Seen, exercise: Exercise) -> None:
    """Presses the buttons of the steps in order, and waits for the month of each."""
    for number, press in enumerate(exercise.presses):
        if not seen.page.locator(".view-exercises").count():
            seen.tab("exercises")
        place = [one.step for one in exercise.presses[:number]].count(press.step)
        before = seen.page.evaluate("window.irregsimObeyed || 0")
        seen.page.locator(f".irregsim-exercise .press-{press.step}").nth(place).click()
        if press.until >= exercise.start and not press.months:
            told = f"month={press.until}"
            seen.page.wait_for_function(
                "([before, told]) => window.irregsimObeyed > before"
                " && document.querySelector('.tally')?.textContent.includes(told)",
                arg=[before, told],
                timeout=10 * SOON,
            )
            seen.page.locator(f".view-{press.view or exercise.view} .irregsim-frame").first.wait_for()
        time.sleep(2.0)  # the play stops, and the last picture is drawn


def number_of(text: str) -> float:
    """A number as a page writes it, in percent."""
    return float(re.sub(r"[^0-9.-]", "", text.replace(MINUS, "-").replace("+", "")))


@pytest.mark.parametrize("name", NAMES)
def test_the_steps_show_what_the_exercise_says(browser, server, name):
    exercise = material().exercise(name)
    seen = Seen(browser, server, path=f"/?tab=exercises&exercise={name}")
    rows = seen.page.locator(".irregsim-prediction")
    for number in range(rows.count()):
        rows.nth(number).get_by_role("button", name=seen.words("page.answer_same"), exact=True).click()
    press_all(seen, exercise)
    seen.tab("exercises")
    for _ in exercise.predict:
        seen.page.locator(".irregsim-next").click()
        time.sleep(0.5)
    seen.page.get_by_text(seen.words("page.exercise_discuss"), exact=True).wait_for()
    cells = seen.page.locator(".irregsim-reveal td").all_text_contents()
    for one, came in zip(exercise.compared, cells[2::4], strict=True):
        effect = stored(name, one.variant).effects[one.key]
        shown = number_of(came)
        assert effect.lo[-1] <= shown <= effect.hi[-1], f"{one.name}: {came}"
        if one in exercise.predict and effect.direction != "same":
            assert (shown > 0) == (effect.direction == "up"), f"{one.name}: {came}"
    seen.check()
    seen.context.close()
