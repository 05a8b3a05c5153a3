"""The served page by the rules of axe: no violation that is serious or worse, in seven states of it."""

from __future__ import annotations

from collections.abc import Callable
from importlib.resources import files

import pytest

pytest.importorskip("solara", reason="the page comes with the extra viz")
pytest.importorskip("axe_core_python", reason="axe-core-python comes with the extra dev")
playwright = pytest.importorskip("playwright.sync_api", reason="playwright comes with the extra dev")

from browser_tools import FLAGS, chromium, served  # noqa: E402
from seen_page import Seen  # noqa: E402

pytestmark = [pytest.mark.once, pytest.mark.slow]

#: Asks for the rules of WCAG to 2.1 AA and of good practice; answers with those that are broken.
_RUN = """async () => {
  const found = await axe.run(document, { resultTypes: ['violations'] });
  return found.violations.map((one) => [one.impact, one.id,
    one.nodes.map((node) => node.html.slice(0, 160)).slice(0, 5)]);
}"""


def violations(seen: Seen) -> list[list[object]]:
    if not seen.page.evaluate("() => 'axe' in window"):
        seen.page.evaluate(files("axe_core_python").joinpath("axe.min.js").read_text(encoding="utf-8"))
    return [one for one in seen.page.evaluate(_RUN) if one[0] in ("serious", "critical")]


@pytest.fixture(scope="module")
def seen(tmp_path_factory):
    path = chromium()
    folder = tmp_path_factory.mktemp("served")
    arguments = ("close-remaining-centres", "--scale", "0.1", "--start", "2023-04", "--lang", "nb")
    with served(folder, *arguments) as server, playwright.sync_playwright() as p:
        browser = p.chromium.launch(executable_path=path, args=list(FLAGS))
        one = Seen(browser, server, "nb", path="/?month=2023-12")
        yield one
        one.check()
        browser.close()


def vessels(seen: Seen) -> None:
    seen.tab("vessels")


def levers(seen: Seen) -> None:
    seen.open_group("municipal")
    seen.page.locator(".lever.municipal-health_model .v-select").first.wait_for()


def difference(seen: Seen) -> None:
    seen.tab("difference")


def life(seen: Seen) -> None:
    seen.tab("life")


def exercise(seen: Seen) -> None:
    seen.tab("exercises")
    first = seen.page.locator(".irregsim-prediction").first
    first.get_by_role("button", name=seen.words("page.answer_up"), exact=True).click()
    first.get_by_role("slider").wait_for(state="attached")  # its thumb has no size of its own
    seen.page.locator(".class-hands summary").click()
    seen.page.locator(".class-groups summary").click()
    seen.choose(seen.words("page.groups_number"), "2")
    seen.page.locator(".class-group").nth(1).wait_for()


def shared(seen: Seen) -> None:
    seen.page.locator(".irregsim-to-share").click()


def projected(seen: Seen) -> None:
    if seen.page.locator(".irregsim-share[open]").count():
        seen.page.locator(".share-close").click()
    seen.tab("history")
    seen.page.keyboard.press("p")
    seen.page.locator(".irregsim-bar").wait_for()


@pytest.mark.parametrize(
    "state", [vessels, levers, difference, life, exercise, shared, projected], ids=lambda one: one.__name__
)
def test_no_rule_that_matters_is_broken(seen, state: Callable[[Seen], None]):
    state(seen)
    assert violations(seen) == []


def test_the_page_says_its_language_and_has_one_heading(seen):
    assert seen.page.get_attribute("html", "lang") == "nb"
    assert seen.page.locator("h1").count() == 1
