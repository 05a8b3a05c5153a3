"""Pages for readers on a narrow screen and for those who hear them: nothing is cut off, every region has its name."""

from __future__ import annotations

import re
from collections import Counter
from functools import cache

import pytest

import comparison_frames
from irregsim.present.pages.compare import render_report
from irregsim.vocabulary.labels import LANGUAGES
from irregsim.workshop.handouts import PAGES, make_page

pytestmark = pytest.mark.once

LONG = "Bostedskommunenes etterfølgende boligsosialtjenesteutviklingsprogramsamarbeid"


@cache
def report(lang: str) -> str:
    """The report of two scenarios, with every part that there may be."""
    return render_report(comparison_frames.frames(), comparison_frames.about(lang=lang, pictures=[]))


def names_of_regions(page: str) -> Counter[str]:
    """How often each name of a region, an article or a group of navigation is there."""
    return Counter(re.findall(r'<(?:div[^>]* role="region"|article|nav)[^>]* aria-label="([^"]*)"', page))


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_region_of_a_report_of_two_scenarios_has_a_name_of_its_own(lang):
    names = names_of_regions(report(lang))
    assert len(names) > 30 and "" not in names
    assert [name for name, number in names.items() if number > 1] == []
    ids = Counter(re.findall(r' id="([^"]*)"', report(lang)))
    assert [name for name, number in ids.items() if number > 1] == []
    assert set(re.findall(r'aria-labelledby="([^"]*)"', report(lang))) <= set(ids)


def test_no_address_of_a_picture_holds_a_space():
    pages = [report("en"), *(make_page(name, "en") for name in PAGES)]
    found = [address for page in pages for address in re.findall(r'(?:src|href)="([^"]*)"', page)]
    assert found and not any(re.search(r"\s", address) for address in found)


@pytest.mark.parametrize("width", [320, pytest.param(360, marks=pytest.mark.slow)])
def test_no_page_is_wider_than_a_narrow_screen(tmp_path, width):
    """Tables scroll by themselves (WCAG 2.1, 1.4.10)."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright comes with the extra dev")
    from browser_tools import FLAGS, chromium

    path = chromium()
    pages = {f"report-{lang}": report(lang) for lang in LANGUAGES}
    pages |= {f"{name}-{lang}": make_page(name, lang) for name in PAGES for lang in LANGUAGES}
    pages["long"] = report("nb").replace("</h1>", f" {LONG}</h1>").replace("<dd>", f"<dd>{LONG}")
    wide = {}
    with playwright.sync_playwright() as p:
        browser = p.chromium.launch(executable_path=path, args=list(FLAGS))
        seen = browser.new_page(viewport={"width": width, "height": 800})
        for name, text in pages.items():
            file = tmp_path / f"{name}.html"
            file.write_text(text, encoding="utf-8")
            seen.goto(file.as_uri())
            seen.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
            if (found := seen.evaluate("document.documentElement.scrollWidth")) > width:
                wide[name] = found
        browser.close()
    assert wide == {}
