"""How fast the page of `irregsim serve` plays in a real Chromium, and what a drawn month costs.

``PYTHONPATH=src:tests python -m benchmarks.page`` measures the cases of docs/performance.md and prints a table; options
choose others. Months a second depend on what else the machine does; processor time does less. It needs Chromium and
playwright, which the tests of the page need too.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from browser_tools import FLAGS, chromium, served

_TALLY = "document.querySelector('.tally').textContent"
_TICKS = os.sysconf("SC_CLK_TCK")

#: Counts the pictures that the page holds, by the words that name their month.
_COUNT = """
() => {
  window.pictures = 0;
  let last = "";
  const look = () => {
    const svg = document.querySelector(".irregsim-frame svg[aria-label]");
    const told = svg ? svg.getAttribute("aria-label") : "";
    if (told !== last) { last = told; window.pictures += 1; }
  };
  const what = { subtree: true, childList: true, attributes: true, attributeFilter: ["aria-label"] };
  new MutationObserver(look).observe(document.querySelector(".irregsim-main"), what);
}
"""


@dataclass(frozen=True)
class Played:
    """Some seconds of play.

    Attributes:
        months: Months that ran a second.
        shown: Pictures a second.
        server: Processor time of the server, milliseconds a month that ran.
        browser: Processor time of Chromium, milliseconds a picture.
        messages: Messages to the page, a picture.
        kilobytes: Their size, a picture.
    """

    months: float
    shown: float
    server: float
    browser: float
    messages: float
    kilobytes: float


def processor_seconds(process: int, *, children: bool) -> float:
    """Processor time of a process so far; with ``children`` also of all that descend from it and still run."""
    used, parents = {}, {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                told = (folder / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue  # has ended meanwhile
            parents[int(folder.name)] = int(told[1])
            used[int(folder.name)] = (int(told[11]) + int(told[12])) / _TICKS
    mine = {process}
    while children and (more := {one for one, parent in parents.items() if parent in mine} - mine):
        mine |= more
    return sum(used[one] for one in mine)


def _steps(page: Page) -> int:
    return int(dict(part.split("=") for part in page.text_content(".tally").split())["steps"])  # type: ignore[union-attr]


def play(serve: list[str], tab: str, warm: int, months: int, more: bool = False) -> Played:
    """Plays the page for some months.

    Args:
        serve: Arguments of `irregsim serve`.
        tab: Words on the tab that is seen; empty for the first one.
        warm: Months of play before those that are measured.
        months: Months that are measured; the scenario must not end before.
        more: Whether to press the button for more runs afterwards, twice, and print what it takes.
    """
    arguments = ("--lang", "en", *serve)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as p, served(Path(folder), *arguments) as s:
        browser = p.chromium.launch(executable_path=chromium(), args=list(FLAGS))
        page = browser.new_context(viewport={"width": 1440, "height": 900}).new_page()
        sent = [0, 0]

        def count(message: bytes | str) -> None:
            sent[0] += 1
            sent[1] += len(message)

        page.on("websocket", lambda socket: socket.on("framereceived", count))
        page.set_default_timeout(300_000)
        page.goto(s.address)
        page.wait_for_selector(".irregsim-cards")
        if tab:
            page.get_by_role("tab", name=tab, exact=True).click()
        page.evaluate(_COUNT)
        chrome = _child(os.getpid(), "chrom")
        page.get_by_role("button", name="▶", exact=True).click()

        def wait_for(steps: int) -> None:
            page.wait_for_function(f"() => Number(/steps=(\\d+)/.exec({_TALLY})[1]) >= {steps}", polling=50)

        def now() -> tuple[float, ...]:
            drawn = page.evaluate("() => window.pictures")
            used = (processor_seconds(s.process, children=False), processor_seconds(chrome, children=True))
            return (time.monotonic(), _steps(page), drawn, *used, *sent)

        wait_for(warm)
        before = now()
        wait_for(warm + months)
        wall, ran, shown, server, chromium_s, messages, size = (b - a for a, b in zip(before, now(), strict=True))
        page.get_by_role("button", name="❚❚", exact=True).click()
        if more:
            for press in (1, 2):
                page.wait_for_timeout(3000)
                begun = time.monotonic()
                page.get_by_role("button", name="Run 20 more", exact=True).click()
                page.get_by_text("The band shows 95 % of 21 runs").wait_for()
                print(f"press {press}: {time.monotonic() - begun:.1f} s at step {_steps(page)}", flush=True)
                page.get_by_role("button", name="▶", exact=True).click()
                page.wait_for_timeout(1500)
                page.get_by_role("button", name="❚❚", exact=True).click()
        browser.close()
    return Played(
        ran / wall,
        shown / wall,
        1000 * server / max(ran, 1),
        1000 * chromium_s / max(shown, 1),
        messages / max(shown, 1),
        size / 1000 / max(shown, 1),
    )


def _child(process: int, name: str) -> int:
    """A process that descends from another and has a name that begins so."""
    parents, names = {}, {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                before, _, after = (folder / "stat").read_text().rpartition(")")
            except OSError:
                continue
            parents[int(folder.name)], names[int(folder.name)] = int(after.split()[1]), before.partition("(")[2]
    for one in sorted(names):
        above = one
        while above in parents and above != process:
            above = parents[above]
        if above == process and names[one].startswith(name) and not names[parents[one]].startswith(name):
            return one
    raise RuntimeError(f"no process {name} was started")


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tab", default="", help="words on the tab that is seen, such as 'Over time'")
    parser.add_argument("--warm", type=int, default=15, help="months of play before (default 15)")
    parser.add_argument("--months", type=int, default=60, help="months measured (default 60)")
    parser.add_argument("--more", action="store_true", help="press the button for more runs afterwards, twice")
    parser.add_argument("serve", nargs="*", help="arguments of irregsim serve, after --")
    given = parser.parse_args()
    cases = [given.serve] if given.serve else [
        ["--start", "2012-01", "--scale", "0.25"],
        ["--start", "2012-01"],
        ["close-remaining-centres", "--start", "2023-01", "--scale", "0.25"],
        ["close-remaining-centres", "--start", "2023-01"],
    ]  # fmt: skip
    print("months/s  shown/s  server ms/month  browser ms/picture  messages/picture  kB/picture")
    for serve in cases:
        told = play(serve, given.tab, given.warm, given.months, given.more)
        print(
            f"{told.months:8.1f} {told.shown:8.1f} {told.server:16.1f} {told.browser:19.1f} {told.messages:17.1f} "
            f"{told.kilobytes:11.1f}  {' '.join(serve)}",
            flush=True,
        )


if __name__ == "__main__":
    main()
