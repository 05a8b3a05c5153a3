"""A page that a test has opened: what it says, and what one does on it."""

from __future__ import annotations

import contextlib
import time
from contextlib import suppress
from pathlib import Path

from browser_tools import Served, Watch
from irregsim.vocabulary.labels import label

#: Milliseconds for whatever a page does at once; a slow machine may take them.
SOON = 60_000

TABS = ("vessels", "history", "difference", "tiles", "network", "iceberg", "life", "registers", "exercises", "mesa")


class Seen:
    """A page that has been opened, with what a test asks of it."""

    def __init__(
        self, browser, server: Served, lang: str = "en", size: tuple[int, int] = (1440, 900), path: str = "/", **context
    ) -> None:
        self.watch, self.server = Watch(), server
        viewport = {"width": size[0], "height": size[1]}
        self.context = browser.new_context(viewport=viewport, accept_downloads=True, **context)
        self.page = self.context.new_page()
        self.page.set_default_timeout(SOON)
        self.watch.follow(self.page, server.address)
        self.page.goto(server.address + path)
        self.page.wait_for_selector(".irregsim-head")
        self.page.wait_for_selector(".irregsim-cards", state="attached")  # a phone has the sidebar closed
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
        from playwright.sync_api import TimeoutError as TooLate

        field = self.page.locator(".v-select", has=self.page.get_by_text(label_text, exact=True)).first
        menu = self.page.locator(".menuable__content__active")
        item = menu.locator(".v-list-item", has_text=option).first
        for _ in range(10):
            with suppress(TooLate):
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
