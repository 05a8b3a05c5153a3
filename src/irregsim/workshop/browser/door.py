"""The page's door: who is answered, what is answered, and what every answer says to the browser.

All requests pass here before they reach Solara. Who came by another name or from a page of another site is refused; so
is what the page never asks for, and a session beyond those that the server has room for. A request that Solara cannot
cope with is told of in a line, not in a traceback.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import logging
import re
from collections.abc import Awaitable, Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, Final, Protocol
from urllib.parse import parse_qs

Scope = dict[str, Any]
Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

_log = logging.getLogger("irregsim.workshop")

#: Sessions beyond the viewers: those who are told that all places are taken, and pages that are just being opened.
SPARE: Final = 4

#: Seconds within which a session must say something once it is open; a page does so at once.
SILENT: Final = 30.0

#: What a page may ask for. Names of folders are Solara's.
_FILES: Final = ("/static/", "/jupyter/nbextensions/")
_ASSETS: Final = "/_solara/cdn/"
_SESSION: Final = re.compile(r"/jupyter/api/kernels/(?P<kernel>[0-9A-Za-z-]{8,64})/channels")
_LEAVES: Final = re.compile(r"/_solara/api/close/[0-9A-Za-z-]{8,64}")

#: A host as a browser writes it: a name or an IPv4 address, or an IPv6 address in brackets, and a port or none.
_HOST: Final = re.compile(r"(?:\[(?P<six>[0-9a-f:.]+)\]|(?P<name>[0-9a-z_.-]+))(?::[0-9]{1,5})?", re.IGNORECASE)

#: Scripts of the page itself that are in its HTML are allowed one by one, by their hashes. Vue compiles the templates
#: of components in the browser, which takes ``unsafe-eval``; Vuetify sets style attributes. An event attribute or a
#: script that somebody brings into the page does not run, and nothing is fetched from or sent to another server.
_POLICY: Final = (
    "default-src 'none'; script-src 'self' 'unsafe-eval' {scripts}; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self' ws://{host} wss://{host}; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)

#: Of all that is no page: it is read by the page, and shows nothing if opened by itself.
_BARE: Final = "default-src 'none'; frame-ancestors 'self'"

_ALWAYS: Final = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"SAMEORIGIN"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
)


class Sessions(Protocol):
    """What the door asks about Solara's sessions."""

    def has_room_for(self, kernel: str) -> bool:
        """Whether a session may come, given those that are kept."""

    def gone(self, kernel: str) -> None:
        """A connection of a session has ended."""


class Door:
    """Lets in what belongs to the page, and nothing else.

    Args:
        app: The application inside.
        hosts: Names by which the server may be called; empty for any (an address was chosen that others reach).
        most: Sessions that may be open at once, at least 1.
        sessions: The sessions of the application; None for one without.
        assets: Folder of the files that Solara would otherwise fetch from a delivery network; None for none.
        full: What a browser is told, as HTML, while no session is free.
    """

    def __init__(
        self,
        app: Application,
        hosts: frozenset[str],
        *,
        most: int = 10,
        sessions: Sessions | None = None,
        assets: Path | None = None,
        full: str = "",
    ) -> None:
        self._app = app
        self._hosts = hosts
        self._most = most
        self._sessions = sessions
        self._assets = assets
        self._full = full
        self._open = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes on what is allowed."""
        if scope["type"] == "http":
            await self._http(scope, receive, send)
        elif scope["type"] == "websocket":
            await self._websocket(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    # -- answers -------------------------------------------------------------------------------------------------

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not self._allows(scope):
            await _say(send, 403, "This page is for this machine only.")
            return
        if wrong := self._wrong(scope):
            await _say(send, *wrong)
            return
        if scope["path"] == "/" and self._open >= self._most:
            await _say(send, 503, self._full, kind="text/html", more=((b"retry-after", b"10"),))
            return
        if scope["path"] == "/":
            # Scripts of a page are read to allow them, so it is not to be compressed.
            scope = {**scope, "headers": [pair for pair in scope["headers"] if pair[0] != b"accept-encoding"]}
        answer = _Answer(send, _header(scope, b"host"))
        try:
            await self._app(scope, receive, answer)
        except Exception as error:
            # Solara's own words would be a traceback, for whatever anybody cares to ask.
            _tell(scope, error)
            if not answer.has_begun:
                await _say(send, 500, "This request could not be answered.")

    def _wrong(self, scope: Scope) -> tuple[int, str] | None:
        """Why a request is not passed on: a status and words; None if it is."""
        method, path = scope["method"], scope["path"]
        if _LEAVES.fullmatch(path):
            if method != "POST":
                return 405, "Only POST is answered here."
            if not parse_qs(scope.get("query_string", b"").decode("latin-1")).get("session_id"):
                return 400, "session_id is missing."
            return None
        if not (path in ("/", "/readyz") or path.startswith((*_FILES, _ASSETS))):
            return 404, "There is no such page."
        if method not in ("GET", "HEAD"):
            return 405, "Only GET and HEAD are answered here."
        if path.startswith(_ASSETS) and not self._has_asset(path.removeprefix(_ASSETS)):
            return 404, "There is no such file."
        return None

    def _has_asset(self, path: str) -> bool:
        """Whether a file is installed. Solara would fetch one that is not, and remove a folder that is asked for."""
        if self._assets is None or "\\" in path or "\0" in path:
            return False
        parts = [part for part in path.split("/") if part not in ("", ".")]
        if not parts or ".." in parts:
            return False
        # A package by its name alone is kept as a file in its folder.
        one = self._assets.joinpath(*parts) if len(parts) > 1 else self._assets / parts[0] / "__main.js"
        return one.is_file()

    # -- sessions ------------------------------------------------------------------------------------------------

    async def _websocket(self, scope: Scope, receive: Receive, send: Send) -> None:
        found = _SESSION.fullmatch(scope["path"])
        kernel = found["kernel"] if found else ""
        query = parse_qs(scope.get("query_string", b"").decode("latin-1"))
        if not self._allows(scope) or not found or not query.get("session_id"):
            await _refuse(receive, send, 1008)
            return
        if self._open >= self._most or (self._sessions is not None and not self._sessions.has_room_for(kernel)):
            await _refuse(receive, send, 1013)
            return
        self._open += 1
        try:
            await self._app(scope, _heard_soon(receive), send)
        except Exception as error:
            _tell(scope, error)
        finally:
            self._open -= 1
            if self._sessions is not None:
                self._sessions.gone(kernel)

    # -- who came ------------------------------------------------------------------------------------------------

    def _allows(self, scope: Scope) -> bool:
        """Whether a request came by our name, and from a page of ours or from none."""
        names = [value for name, value in scope["headers"] if name == b"host"]
        origins = [value for name, value in scope["headers"] if name == b"origin"]
        if len(names) != 1 or len(origins) > 1:
            return False
        host = names[0].decode("latin-1")
        called = name_of(host)
        if called is None or (self._hosts and called not in self._hosts):
            return False
        # https where a server in front of this one has a certificate.
        return not origins or origins[0].decode("latin-1").lower() in (
            f"http://{host}".lower(),
            f"https://{host}".lower(),
        )


def name_of(host: str) -> str | None:
    """The name in a ``Host`` header, in lower case and without its port; None if it is not written as one."""
    found = _HOST.fullmatch(host)
    return None if found is None else (found["six"] or found["name"]).lower()


def policy(page: str, host: str) -> str:
    """The content security policy of a page.

    Args:
        page: The page, as HTML: the scripts in it are allowed, by their hashes.
        host: The server as the browser calls it, with its port.
    """
    found = _Scripts()
    found.feed(page)
    found.close()
    hashes = (base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in found.scripts)
    return _POLICY.format(scripts=" ".join(sorted({f"'sha256-{one}'" for one in hashes})), host=host)


class _Scripts(HTMLParser):
    """Collects the scripts that are in a page, each as it is written there."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=False)
        self.scripts: list[str] = []
        self._is_inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "script" and "src" not in dict(attrs):
            self._is_inside = True
            self.scripts.append("")

    def handle_endtag(self, tag: str) -> None:
        if tag == "script":
            self._is_inside = False

    def handle_data(self, data: str) -> None:
        if self._is_inside:
            self.scripts[-1] += data


class _Answer:
    """Sends an answer on with what every answer says; a page is held back until its scripts are known.

    Attributes:
        has_begun: Whether the browser has been sent anything.
    """

    def __init__(self, send: Send, host: str) -> None:
        self._send = send
        self._host = host
        self._page: Message | None = None
        self._body = b""
        self.has_begun = False

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = [(name.lower(), value) for name, value in message["headers"]]
            if dict(headers).get(b"content-type", b"").startswith(b"text/html"):
                self._page = {**message, "headers": headers}
                return
            await self._begin({**message, "headers": headers}, _BARE)
        elif self._page is not None and message["type"] == "http.response.body":
            self._body += message.get("body", b"")
            if message.get("more_body"):
                return
            await self._begin(self._page, policy(self._body.decode("utf-8", "replace"), self._host))
            self._page = None
            await self._send({"type": "http.response.body", "body": self._body})
        else:
            await self._send(message)

    async def _begin(self, message: Message, csp: str) -> None:
        self.has_begun = True
        own = {name for name, _ in _ALWAYS}
        kept = [(name, value) for name, value in message["headers"] if name not in own]
        await self._send({**message, "headers": [*kept, *_ALWAYS, (b"content-security-policy", csp.encode("latin-1"))]})


def _header(scope: Scope, name: bytes) -> str:
    return next((value.decode("latin-1") for key, value in scope["headers"] if key == name), "")


def _tell(scope: Scope, error: Exception) -> None:
    """A line about what the application could not cope with."""
    what = f"{type(error).__name__}: {error}".splitlines()[0][:200]
    _log.warning("%r was not answered (%s)", f"{scope.get('method', 'session')} {scope['path']}"[:200], what)


async def _say(
    send: Send, status: int, text: str, kind: str = "text/plain", more: tuple[tuple[bytes, bytes], ...] = ()
) -> None:
    head = [(b"content-type", f"{kind}; charset=utf-8".encode()), (b"cache-control", b"no-store"), *more, *_ALWAYS]
    head.append((b"content-security-policy", _BARE.encode()))
    await send({"type": "http.response.start", "status": status, "headers": head})
    await send({"type": "http.response.body", "body": text.encode()})


async def _refuse(receive: Receive, send: Send, code: int) -> None:
    await receive()
    await send({"type": "websocket.close", "code": code})


def _heard_soon(receive: Receive) -> Receive:
    """Messages of a session that ends if nothing at all is heard of it in time."""
    received = 0

    async def next_message() -> Message:
        nonlocal received
        received += 1
        if received != 2:  # the first says that somebody connects
            return await receive()
        try:
            return await asyncio.wait_for(receive(), SILENT)
        except TimeoutError:
            return {"type": "websocket.disconnect", "code": 1008}

    return next_message
