"""The phones' door: a small page and its few endpoints on the room's network, apart from the page with the model.

It listens on a port of its own and knows nothing of Solara. Only who has the code of the address is answered, by the
address's own name. Every connection is one request and short; bodies, phones, requests and wrong codes are bounded.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import logging
import re
import secrets  # noqa: TID251 - compares the code in constant time
import socket
import threading
from collections import OrderedDict
from collections.abc import Callable
from importlib.resources import files
from typing import Any, Final

from irregsim.scenario.levers import find
from irregsim.scenario.levers import words as lever_words
from irregsim.vocabulary.labels import LANGUAGES, Words
from irregsim.workshop.browser.door import Message, Receive, Scope, Send, name_of
from irregsim.workshop.browser.words import value_words
from irregsim.workshop.exercises import ANSWERS, material
from irregsim.workshop.gathering import Allowance, Gathering, Refused
from irregsim.workshop.handouts import predicted_words

_log = logging.getLogger("irregsim.workshop")

#: Longest body of a request, in bytes; an answer of a phone has some hundred.
BODY: Final = 2048

#: Seconds within which the body of a request must be there, and a connection must be done with.
PATIENCE: Final = 5.0
LIFE: Final = 10.0

#: Connections at once: all of them, and of one address.
CONNECTIONS: Final = 256
_OF_ONE: Final = 64

#: Wrong codes of one address, and of all together, before nobody new is let in for a while; earned again a second.
WRONG: Final = (10, 1 / 6)
_WRONG_OF_ALL: Final = (200, 3.0)

#: Phones that one address may bring at once, and a second: a school's network may show all of them as one.
JOINS: Final = (40, 1 / 3)

#: Addresses that are kept in mind; the one not heard of for longest goes first.
_ADDRESSES: Final = 512

_CODE: Final = re.compile(r"/(?P<code>[0-9a-z]{1,64})(?P<rest>/(?:join|state|answer|group))?")

_LANG: Final = re.compile(rb"lang=([a-z]{2})")

#: Keys of the words that the page needs, below ``phone``.
_WORDS: Final = (
    "screen", "ended", "full", "lost", "sent", "how_much", "group", "choose_group", "value", "group_value", "use",
)  # fmt: skip

#: Asked for by browsers and machines, by nobody who guesses.
_BY_ITSELF: Final = ("/", "/favicon.ico", "/robots.txt")


def _text(name: str) -> str:
    return (files("irregsim.workshop.browser") / name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


class Pages:
    """The phones' page in every language, and the policy that goes with it.

    Attributes:
        by_language: The page, ready to be sent.
        policy: Its content security policy: one script and one style, by their hashes, and requests to this door.
    """

    def __init__(self) -> None:
        script, style, page = _text("phone.js"), _text("phone.css"), _text("phone.html")
        self.policy = (
            f"default-src 'none'; script-src {_hash(script)}; style-src {_hash(style)}; connect-src 'self'; "
            "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        )
        self.by_language = {lang: _filled(page, script, style, lang).encode() for lang in LANGUAGES}


def _filled(page: str, script: str, style: str, lang: str) -> str:
    phone = Words(lang, "phone")
    words: dict[str, Any] = {key: phone(key) for key in _WORDS}
    words |= {f"answer_{answer}": Words(lang, "page")(f"answer_{answer}") for answer in ANSWERS}
    other = next(one for one in LANGUAGES if one != lang)
    words |= {"lang": lang}
    put = {
        "{lang}": lang,
        "{other}": other,
        "{other_words}": Words(other, "page")("this_language"),
        "{title}": phone("title"),
        "{wait}": phone("wait"),
        "{private}": phone("private"),
        "{no_script}": phone("no_script"),
        "{words}": json.dumps(words, ensure_ascii=False).replace("<", "\\u003c"),
        "{script}": script,
        "{style}": style,
    }
    for place, text in put.items():
        page = page.replace(place, text)
    return page


class ClassDoor:
    """Answers phones, as an ASGI application.

    Args:
        gathering: The class.
        hosts: Names by which phones may call, with or without a port; never empty.
        lang: Language that a phone sees first.
    """

    def __init__(self, gathering: Gathering, hosts: frozenset[str], lang: str = "nb") -> None:
        self._gathering = gathering
        self._hosts = hosts
        self._lang = lang
        self._pages = Pages()
        self._wrong = _ByAddress(*WRONG)
        self._joins, self._joins_of = _ByAddress(*JOINS), gathering.code
        self._wrong_of_all = Allowance(*_WRONG_OF_ALL)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request; a socket is refused."""
        if scope["type"] == "lifespan":
            await _lifespan(receive, send)
        elif scope["type"] == "http":
            try:
                answer = await self._answered(scope, receive)
            except Exception as error:
                _log.warning("a phone was not answered (%s)", type(error).__name__)
                answer = 500, "This request could not be answered."
            await self._send(send, *answer)
        else:
            await receive()
            await send({"type": "websocket.close", "code": 1008})

    async def _answered(self, scope: Scope, receive: Receive) -> tuple[int, object]:
        """Status, and what is answered: a text, a page, or an object."""
        if not self._is_called_right(scope):
            return 403, "This address is not known here."
        address = (scope.get("client") or ("",))[0]
        found = _CODE.fullmatch(scope["path"])
        is_right = secrets.compare_digest((found["code"] if found else "").encode(), self._gathering.code.encode())
        token = _header(scope, b"x-phone")
        if scope["path"] not in _BY_ITSELF:
            if not (is_right and self._gathering.has_place(token)) and self._is_shut(address):
                return 429, "Too many wrong addresses. Wait a minute."
            if not is_right:
                self._wrong.of(address).take()
                self._wrong_of_all.take()
        if found is None or not is_right:
            return 404, "There is no such page."
        rest = found["rest"] or ""
        method = "GET" if rest in ("", "/state") else "POST"
        if scope["method"] != method:
            return 405, f"Only {method} is answered here."
        lang = self._language(scope)
        if not rest:
            return 200, self._pages.by_language[lang]
        if self._gathering.stage == "end":
            return 200, {"stage": "end"}
        if rest == "/join":
            return self._join(address)
        allowed = self._gathering.allows(token)
        if not allowed:
            return (410, {"error": "gone"}) if allowed is None else (429, {"error": "often"})
        if rest == "/state":
            return 200, self._state(token, lang)
        return await self._take(rest, token, scope, receive, lang)

    def _is_shut(self, address: str) -> bool:
        return self._wrong_of_all.is_spent or self._wrong.of(address).is_spent

    def _is_called_right(self, scope: Scope) -> bool:
        """Whether a request came by our name, and from our page or from none."""
        names = [value.decode("latin-1") for key, value in scope["headers"] if key == b"host"]
        origins = [value.decode("latin-1").lower() for key, value in scope["headers"] if key == b"origin"]
        if len(names) != 1 or name_of(names[0]) not in self._hosts:
            return False
        return all(origin == f"http://{names[0]}".lower() for origin in origins)

    def _language(self, scope: Scope) -> str:
        found = _LANG.fullmatch(scope.get("query_string", b""))
        lang = found[1].decode() if found else self._lang
        return lang if lang in LANGUAGES else self._lang

    # -- endpoints -------------------------------------------------------------------------------------------------

    def _join(self, address: str) -> tuple[int, object]:
        if self._joins_of != self._gathering.code:  # a class that begins, in which all come at once
            self._joins, self._joins_of = _ByAddress(*JOINS), self._gathering.code
        if not self._joins.of(address).take():
            return 429, {"error": "often"}
        token = self._gathering.join()
        return (503, {"error": "full"}) if token is None else (200, {"token": token})

    async def _take(self, what: str, token: str, scope: Scope, receive: Receive, lang: str) -> tuple[int, object]:
        """Takes a prediction or the value of a group."""
        if _header(scope, b"content-type").partition(";")[0] != "application/json":
            return 415, {"error": "json"}
        body = await _body(scope, receive)
        if isinstance(body, int):
            return body, {"error": "body"}
        try:
            told = json.loads(body)
            if not isinstance(told, dict):
                raise Refused("an object is expected")
            if what == "/answer":
                self._gathering.answer(token, str(told.get("name")), told.get("answer"), told.get("much"))
            else:
                self._gathering.choose(token, told.get("group"), told.get("value"))
        except (Refused, ValueError, RecursionError):
            return 400, {"error": "refused"}
        return 200, self._state(token, lang)

    def _state(self, token: str, lang: str) -> dict[str, object]:
        """What a phone shows now."""
        gathering = self._gathering
        state: dict[str, object] = {"stage": gathering.stage, "phones": gathering.phones}
        if gathering.stage == "predict":
            exercise, given = material().exercise(gathering.exercise), gathering.given(token)
            state |= {
                "title": exercise.title(lang),
                "question": exercise.question(lang),
                "asked": [
                    {
                        "name": one.name,
                        "words": predicted_words(exercise, one, lang),
                        "most": one.most,
                        "step": one.step,
                        "mine": [given[one.name].answer, given[one.name].much] if one.name in given else None,
                    }
                    for one in exercise.predict
                ],
            }
        elif gathering.stage == "groups":
            group, value = gathering.chosen(token)
            state |= {
                "group": group,
                "mine": value,
                "groups": [self._group(n, lang) for n in range(len(gathering.groups))],
            }
        return state

    def _group(self, place: int, lang: str) -> dict[str, object]:
        group = self._gathering.groups[place]
        lever = find(group.lever)
        assert lever.usual is not None, "every lever of groups has a usual range"
        words = lever_words(lever, lang)
        value, number = self._gathering.value(place + 1)
        return {
            "number": place + 1,
            "name": words.name,
            "unit": words.unit,
            "low": group.low,
            "high": group.high,
            "step": lever.usual[2],
            "value": None if value is None else value_words(value, lang),
            "chosen": number,
        }

    async def _send(self, send: Send, status: int, told: object) -> None:
        kind, policy = b"application/json", "default-src 'none'; frame-ancestors 'none'"
        if isinstance(told, bytes):
            body, kind, policy = told, b"text/html; charset=utf-8", self._pages.policy
        elif isinstance(told, str):
            body, kind = told.encode(), b"text/plain; charset=utf-8"
        else:
            body = json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode()
        head = [
            (b"content-type", kind),
            (b"content-length", str(len(body)).encode()),
            (b"content-security-policy", policy.encode()),
            (b"connection", b"close"),  # a request each, so that nobody keeps a connection
            *_ALWAYS,
        ]
        await send({"type": "http.response.start", "status": status, "headers": head})
        await send({"type": "http.response.body", "body": body})


_ALWAYS: Final = (
    (b"cache-control", b"no-store"),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
)


class _ByAddress:
    """An allowance for each address; the one not heard of for longest is forgotten."""

    def __init__(self, burst: float, rate: float) -> None:
        self._how = burst, rate
        self._kept: OrderedDict[str, Allowance] = OrderedDict()

    def of(self, address: str) -> Allowance:
        found = self._kept.setdefault(address, Allowance(*self._how))
        self._kept.move_to_end(address)
        while len(self._kept) > _ADDRESSES:
            self._kept.popitem(last=False)
        return found


def _header(scope: Scope, name: bytes) -> str:
    return next((value.decode("latin-1") for key, value in scope["headers"] if key == name), "")


async def _body(scope: Scope, receive: Receive) -> bytes | int:
    """The body of a request; a status where it is too long or does not come in time."""
    length = _header(scope, b"content-length")
    if length.isdecimal() and (len(length) > 9 or int(length) > BODY):
        return 413
    body = b""
    try:
        async with asyncio.timeout(PATIENCE):
            while True:
                message: Message = await receive()
                if message["type"] != "http.request":
                    return 400
                part: bytes = message.get("body", b"")
                body += part
                if len(body) > BODY:
                    return 413
                if not message.get("more_body"):
                    return body
    except TimeoutError:
        return 408


async def _lifespan(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return


# -- the server ----------------------------------------------------------------------------------------------------


def start(door: ClassDoor, host: str, port: int) -> Callable[[], None]:
    """Listens in a thread of its own.

    Args:
        door: The application.
        host: Address to listen on.
        port: A free port.

    Returns:
        Stops listening; returns at once.

    Raises:
        OSError: If the address or the port cannot be listened on.
    """
    import uvicorn

    server = uvicorn.Server(
        uvicorn.Config(
            door,
            http=_protocol(),
            ws="none",
            log_level="error",
            access_log=False,
            server_header=False,
            limit_concurrency=CONNECTIONS,
            h11_max_incomplete_event_size=8192,
            timeout_graceful_shutdown=1,
        )
    )
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.create_server((host, port), family=family, backlog=CONNECTIONS)
    threading.Thread(target=server.run, args=([listening],), name="irregsim-class", daemon=True).start()

    def stop() -> None:
        server.should_exit = True

    return stop


def _protocol() -> Any:
    """Uvicorn's HTTP with an end for every connection, and a bound for those of one address."""
    from uvicorn.protocols.http.h11_impl import H11Protocol

    open_of: dict[str, int] = {}

    class Brief(H11Protocol):  # type: ignore[misc, unused-ignore]
        """A connection that ends after `LIFE`, whatever it does."""

        def connection_made(self, transport: Any) -> None:
            super().connection_made(transport)
            self.address = self.client[0] if self.client else ""
            open_of[self.address] = open_of.get(self.address, 0) + 1
            self.end = self.loop.call_later(LIFE, transport.abort)
            if open_of[self.address] > _OF_ONE:
                transport.abort()

        def connection_lost(self, exc: Exception | None) -> None:
            self.end.cancel()
            open_of[self.address] -= 1
            if not open_of[self.address]:
                del open_of[self.address]
            super().connection_lost(exc)

    return Brief
