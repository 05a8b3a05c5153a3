"""A real server and a real Chromium for tests of the page."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

#: Set where a test must not be skipped for want of a browser (``.ci/run`` does).
REQUIRED = "IRREGSIM_BROWSER"

#: Seconds for a server to answer; a machine that is busy with other things may take them.
PATIENCE = 600

#: Without a sandbox, since the checks may run as root; and without Chromium's own talk with its maker.
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)

#: Runs irregsim and writes down every address outside this machine that anything in it tries to reach.
_WATCHED = """
import sys
from ipaddress import ip_address

def watch(event, arguments):
    if event in ("socket.connect", "socket.getaddrinfo"):
        host = arguments[1][0] if event == "socket.connect" and isinstance(arguments[1], tuple) else arguments[0]
        if isinstance(host, bytes):
            host = host.decode()
        if not isinstance(host, str) or host in ("localhost", "", "0.0.0.0"):
            return
        try:
            if ip_address(host).is_loopback:
                return
        except ValueError:
            pass
        with open(sys.argv[1], "a") as file:
            file.write(f"{event} {host}\\n")

sys.addaudithook(watch)
from irregsim.cli import main
main(sys.argv[2:], prog_name="irregsim")
"""


def chromium() -> str:
    """Path of a Chromium; the test is skipped (or fails, where it must not be) without one."""
    for name in ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable"):
        found = shutil.which(name)
        if found:
            return found
    if os.environ.get(REQUIRED) == "required":
        pytest.fail("no Chromium here, and the browser's tests must run")
    pytest.skip("no Chromium here")


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@dataclass
class Served:
    """A server that answers.

    Attributes:
        address: Where.
        log: What it printed.
        outside: File with every address outside this machine that it tried to reach.
        seconds: From the command to the first answer.
        process: Its number.
    """

    address: str
    log: Path
    outside: Path
    seconds: float
    process: int

    def tried(self) -> list[str]:
        return self.outside.read_text(encoding="utf-8").splitlines() if self.outside.exists() else []


@contextmanager
def served(folder: Path, *arguments: str) -> Iterator[Served]:
    """`irregsim serve` in a process of its own, watched, until the block ends."""
    port = free_port()
    log, outside = folder / "serve.log", folder / "outside.txt"
    command = [sys.executable, "-c", _WATCHED, str(outside), "serve", "--no-browse", "--port", str(port), *arguments]
    begun = time.monotonic()
    with log.open("w", encoding="utf-8") as file:
        process = subprocess.Popen(command, stdout=file, stderr=subprocess.STDOUT, cwd=folder)
        try:
            address = f"http://127.0.0.1:{port}"
            _wait(address, process, log)
            yield Served(address, log, outside, time.monotonic() - begun, process.pid)
        finally:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _wait(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    late = time.monotonic() + PATIENCE
    while time.monotonic() < late:
        if process.poll() is not None:
            raise AssertionError(f"the server ended: {log.read_text(encoding='utf-8')}")
        try:
            with urllib.request.urlopen(f"{address}/readyz", timeout=2):
                return
        except OSError:
            time.sleep(0.1)
    raise AssertionError(f"the server does not answer: {log.read_text(encoding='utf-8')}")


@dataclass
class Watch:
    """What must not happen on a page.

    Attributes:
        faults: Errors of the page and its console, and answers of 400 and above.
        outside: Requests that leave the machine.
    """

    faults: list[str] = field(default_factory=list)
    outside: list[str] = field(default_factory=list)

    def follow(self, page: object, address: str) -> None:
        page.on("pageerror", lambda error: self.faults.append(f"page: {error}"))
        page.on("console", lambda m: self.faults.append(f"console: {m.text}") if m.type == "error" else None)
        page.on("response", lambda r: self.faults.append(f"{r.status} {r.url}") if r.status >= 400 else None)
        page.on("request", lambda r: self.outside.append(r.url) if not _is_here(r.url, address) else None)


def _is_here(url: str, address: str) -> bool:
    return url.startswith((f"{address}/", f"{address.replace('http', 'ws')}/", "data:", "blob:", "about:"))
