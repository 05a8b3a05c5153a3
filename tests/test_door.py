"""The door of the page: who is answered, what is answered, what every answer says, and what broken sessions leave."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import http.client
import os
import re
import signal
import threading
import time
from collections import Counter
from contextlib import closing
from types import SimpleNamespace

import pytest

pytest.importorskip("solara", reason="the page comes with the extra viz")

from browser_tools import Served, served
from helpers.broken_sessions import KINDS, Holds, break_off, break_off_many
from irregsim.workshop.browser import door as doors
from irregsim.workshop.browser.door import Door, name_of, policy
from irregsim.workshop.browser.serve import ENDS
from irregsim.workshop.browser.server import Server
from irregsim.workshop.browser.sessions import KernelSessions

pytestmark = pytest.mark.once

OURS = frozenset({"localhost", "127.0.0.1", "::1"})
HERE = {"Host": "127.0.0.1:8765"}
KERNEL = "3d1a2b90-0000-4000-8000-000000000001"
PATHS = {"http": "/", "websocket": f"/jupyter/api/kernels/{KERNEL}/channels"}


async def page(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]})
    await send({"type": "http.response.body", "body": b"ours"})


def asked(kind: str, headers, *, path: str = "", query: str = "session_id=p", method="GET", app=page, **how):
    """What the application was asked, and what was sent by it or in its place."""
    reached, sent = [], []

    async def inside(scope, receive, send):
        reached.append(scope)
        if kind == "http":
            await app(scope, receive, send)

    async def receive():
        return {"type": f"{kind}.connect"}

    async def send(message):
        sent.append(message)

    pairs = headers.items() if isinstance(headers, dict) else headers
    scope = {
        "type": kind,
        "path": path or PATHS[kind],
        "query_string": query.encode(),
        "headers": [(k.lower().encode(), v.encode()) for k, v in pairs],
        **({"method": method} if kind == "http" else {}),
    }
    asyncio.run(Door(inside, how.pop("hosts", OURS), **how)(scope, receive, send))
    return bool(reached), sent


@pytest.mark.parametrize("kind", ["http", "websocket"])
@pytest.mark.parametrize(
    ("headers", "allowed"),
    [
        ({"Host": "127.0.0.1:8765"}, True),
        ({"Host": "localhost:8765"}, True),
        ({"Host": "LocalHost"}, True),
        ({"Host": "[::1]:8765"}, True),
        ({"Host": "[::1]"}, True),
        ({"Host": "127.0.0.1:8765", "Origin": "http://127.0.0.1:8765"}, True),
        ({"Host": "127.0.0.1:8765", "Origin": "https://127.0.0.1:8765"}, True),
        ({"Host": "[::1]:8765", "Origin": "http://[::1]:8765"}, True),
        ({"Host": "evil.example:8765"}, False),
        ({"Host": "127.0.0.1.evil.example"}, False),
        ({"Host": "localhost.evil.example:8765"}, False),
        ({"Host": "[::1].evil.example"}, False),
        ({"Host": "[::1].evil.example:8765"}, False),
        ({"Host": "[::1"}, False),
        ({"Host": "localhost."}, False),
        ({"Host": "localhost:8765.evil.example"}, False),
        ({"Host": "localhost:"}, False),
        ({"Host": "localhost:8765\n"}, False),
        ({"Host": "user@localhost"}, False),
        ({"Host": ""}, False),
        ({"Host": "[::2]:8765"}, False),
        ({}, False),
        ([("Host", "127.0.0.1"), ("Host", "evil.example")], False),
        ([("Host", "evil.example"), ("Host", "127.0.0.1")], False),
        ({"Host": "127.0.0.1:8765", "Origin": "http://evil.example"}, False),
        ({"Host": "127.0.0.1:8765", "Origin": "http://127.0.0.1:9999"}, False),
        ({"Host": "127.0.0.1:8765", "Origin": "http://localhost:8765"}, False),
        ({"Host": "127.0.0.1:8765", "Origin": "ftp://127.0.0.1:8765"}, False),
        ({"Host": "127.0.0.1:8765", "Origin": "127.0.0.1:8765"}, False),
        ({"Host": "127.0.0.1:8765", "Origin": "null"}, False),
        ({"Host": "127.0.0.1:8765", "Origin": "http://127.0.0.1:8765.evil.example"}, False),
        ([*HERE.items(), ("Origin", "http://127.0.0.1:8765"), ("Origin", "http://evil.example")], False),
        ({"Host": "evil.example", "Origin": "http://evil.example"}, False),
    ],
)
def test_only_those_are_answered_who_came_by_our_name_from_our_page(kind, headers, allowed):
    reached, sent = asked(kind, headers)
    assert reached is allowed
    if kind == "http":
        assert sent[0]["status"] == (200 if allowed else 403)
    else:
        assert sent == ([] if allowed else [{"type": "websocket.close", "code": 1008}])


@pytest.mark.parametrize("kind", ["http", "websocket"])
def test_where_others_may_come_any_name_is_answered_but_no_foreign_page(kind):
    anyone = frozenset()
    assert asked(kind, {"Host": "192.168.1.20:8765"}, hosts=anyone)[0]
    assert asked(kind, {"Host": "class.example:8765", "Origin": "http://class.example:8765"}, hosts=anyone)[0]
    assert not asked(kind, {"Host": "192.168.1.20:8765", "Origin": "http://evil.example"}, hosts=anyone)[0]


def test_the_life_of_the_server_itself_is_passed_on():
    async def receive():
        raise AssertionError("the door does not listen")

    reached = []

    async def app(*given):
        reached.append(given)

    given = ({"type": "lifespan"}, receive, receive)
    asyncio.run(Door(app, OURS)(*given))
    assert reached == [given]


@pytest.mark.parametrize(
    ("host", "name"),
    [("Localhost:80", "localhost"), ("[::1]:80", "::1"), ("a_b-c.d", "a_b-c.d"), ("a b", None), ("[::1]x", None)],
)
def test_a_name_is_read_without_its_port(host, name):
    assert name_of(host) == name


@pytest.fixture
def assets(tmp_path):
    """Files in place of the delivery network's, one of them in a folder, one a package by its name alone."""
    for name in ("@maker/app@1.0.0/main.js", "require/__main.js"):
        file = tmp_path / "cdn" / name
        file.parent.mkdir(parents=True)
        file.write_text("1", encoding="utf-8")
    (tmp_path / "secret.js").write_text("2", encoding="utf-8")
    return tmp_path / "cdn"


CLOSE = f"/_solara/api/close/{KERNEL}"


@pytest.mark.parametrize(
    ("method", "path", "query", "status"),
    [
        ("GET", "/", "", 200),
        ("HEAD", "/", "", 200),
        ("GET", "/readyz", "", 200),
        ("GET", "/static/main-vuetify.js", "", 200),
        ("GET", "/jupyter/nbextensions/jupyter-vue/nodeps.js", "", 200),
        ("GET", "/_solara/cdn/@maker/app@1.0.0/main.js", "", 200),
        ("GET", "/_solara/cdn/require", "", 200),
        ("POST", CLOSE, "session_id=p", 200),
        # What Solara would answer with a traceback, by fetching a file, or by removing a folder of the installation.
        ("POST", CLOSE, "", 400),
        ("GET", CLOSE, "session_id=p", 405),
        ("POST", "/_solara/api/close/x", "session_id=p", 404),
        ("GET", "/_solara/cdn/@maker/app@1.0.0/other.js", "", 404),
        ("GET", "/_solara/cdn/@maker/app@1.0.0", "", 404),
        ("GET", "/_solara/cdn/@maker/app@1.0.0/", "", 404),
        ("GET", "/_solara/cdn/", "", 404),
        ("GET", "/_solara/cdn/../secret.js", "", 404),
        ("GET", "/_solara/cdn/@maker/../../secret.js", "", 404),
        ("GET", "/_solara/cdn/@maker\\app@1.0.0\\main.js", "", 404),
        ("GET", "/_solara/cdn/a\0b", "", 404),
        ("GET", "/resourcez", "", 404),
        ("POST", f"/_solara/api/evict/{KERNEL}", "", 404),
        ("GET", "/elsewhere", "", 404),
        ("GET", "//", "", 404),
        ("POST", "/", "", 405),
        ("TRACE", "/static/main-vuetify.js", "", 405),
    ],
)
def test_only_what_the_page_asks_for_is_answered(assets, method, path, query, status):
    reached, sent = asked("http", HERE, method=method, path=path, query=query, assets=assets)
    assert sent[0]["status"] == status
    assert reached is (status == 200)
    assert {(b"x-content-type-options", b"nosniff"), (b"x-frame-options", b"SAMEORIGIN")} <= set(sent[0]["headers"])


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("/jupyter/api/kernels/x/channels", "session_id=p"),
        (f"/jupyter/api/kernels/{KERNEL}/channels", ""),
        (f"/jupyter/api/kernels/{KERNEL}/channels/more", "session_id=p"),
        ("/", "session_id=p"),
    ],
)
def test_only_sessions_of_a_page_are_opened(path, query):
    reached, sent = asked("websocket", HERE, path=path, query=query)
    assert (reached, sent) == (False, [{"type": "websocket.close", "code": 1008}])


def test_sessions_beyond_the_bound_are_refused_and_the_page_says_why():
    """Two are open; a third is refused, and so is the page, until one of them has ended."""
    ends = [asyncio.Event(), asyncio.Event()]
    entered, gone = [], []
    sessions = SimpleNamespace(has_room_for=lambda kernel: kernel != "no-room-for", gone=gone.append)

    async def app(scope, receive, send):
        if scope["type"] == "http":
            await page(scope, receive, send)
        else:
            entered.append(scope)
            await ends[len(entered) - 1].wait()

    async def work():
        door = Door(app, OURS, most=2, sessions=sessions, full="<p>full</p>")

        async def ask(kind, kernel=KERNEL):
            sent = []

            async def send(message):
                sent.append(message)

            async def receive():
                return {"type": f"{kind}.connect"}

            path = "/" if kind == "http" else f"/jupyter/api/kernels/{kernel}/channels"
            headers = [(b"host", b"127.0.0.1")]
            scope = {"type": kind, "path": path, "query_string": b"session_id=p", "headers": headers, "method": "GET"}
            await door(scope, receive, send)
            return sent

        assert await ask("websocket", "no-room-for") == [{"type": "websocket.close", "code": 1013}]
        first, second = (asyncio.create_task(ask("websocket")) for _ in ends)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert len(entered) == 2
        assert await ask("websocket") == [{"type": "websocket.close", "code": 1013}]
        refused = await ask("http")
        assert refused[0]["status"] == 503
        assert refused[1]["body"] == b"<p>full</p>"
        assert (b"retry-after", b"10") in refused[0]["headers"]
        ends[0].set()
        await first
        assert gone == [KERNEL]
        assert (await ask("http"))[0]["status"] == 200
        ends[1].set()
        await second
        assert gone == [KERNEL, KERNEL]

    asyncio.run(work())


@pytest.mark.parametrize("begins", [False, True])
def test_what_the_application_cannot_cope_with_is_a_line_and_no_traceback(caplog, begins):
    async def app(scope, receive, send):
        if begins:
            await send({"type": "http.response.start", "status": 500, "headers": []})
            await send({"type": "http.response.body", "body": b"its own words"})
        raise KeyError("session_id\nmore")

    _, sent = asked("http", HERE, app=app)
    assert [message.get("status") for message in sent] == [500, None]
    assert (sent[1]["body"] == b"its own words") is begins
    assert len(caplog.records) == 1
    assert "KeyError" in caplog.text and "Traceback" not in caplog.text
    assert "\n" not in caplog.records[0].getMessage()


def test_a_session_that_says_nothing_is_ended(monkeypatch):
    monkeypatch.setattr(doors, "SILENT", 0.05)
    heard = []

    async def app(scope, receive, send):
        heard.extend([await receive(), await receive()])

    async def work():
        messages = iter([{"type": "websocket.connect"}])

        async def receive():
            for one in messages:
                return one
            await asyncio.sleep(3600)

        scope = {"type": "websocket", "path": PATHS["websocket"], "query_string": b"session_id=p",
                 "headers": [(b"host", b"localhost")]}  # fmt: skip
        await asyncio.wait_for(Door(app, OURS)(scope, receive, receive), 30)

    asyncio.run(work())
    assert [message["type"] for message in heard] == ["websocket.connect", "websocket.disconnect"]


PAGE = """<!doctype html><script type="application/json">{"a": "</b>"}</script>
<script>let a = 1 < 2 && "&amp;";</script><script src="/static/x.js"></script><SCRIPT>
two()</SCRIPT><p onclick="no()">text</p>"""


def test_a_page_allows_its_own_scripts_by_their_hashes_and_no_other():
    found = policy(PAGE, "127.0.0.1:8765")
    hashed = [
        "'sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() + "'"
        for text in ('{"a": "</b>"}', 'let a = 1 < 2 && "&amp;";', "\ntwo()")
    ]
    rules = dict(rule.strip().split(" ", 1) for rule in found.split(";"))
    assert set(rules["script-src"].split()) == {"'self'", "'unsafe-eval'", *hashed}
    assert (rules["default-src"], rules["frame-ancestors"]) == ("'none'", "'self'")
    assert set(rules["connect-src"].split()) == {"'self'", "ws://127.0.0.1:8765", "wss://127.0.0.1:8765"}


def test_a_page_in_parts_is_sent_whole_with_its_policy():
    async def app(scope, receive, send):
        headers = [(b"Content-Type", b"text/html; charset=utf-8"), (b"X-Frame-Options", b"ALLOW")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        for part in (PAGE[:60], PAGE[60:]):
            await send({"type": "http.response.body", "body": part.encode(), "more_body": part == PAGE[:60]})

    _, (start, body) = asked("http", HERE, app=app)
    assert body["body"].decode() == PAGE
    headers = dict(start["headers"])
    assert headers[b"content-security-policy"].decode() == policy(PAGE, HERE["Host"])
    assert headers[b"x-frame-options"] == b"SAMEORIGIN"
    assert len(headers) == len(start["headers"])


def test_a_page_that_the_application_would_compress_has_the_policy_of_its_scripts():
    """As Solara compresses what a browser says it takes compressed; files are still sent so."""
    from starlette.middleware.gzip import GZipMiddleware

    text = PAGE + " " * 2000

    async def app(scope, receive, send):
        kind = b"text/html" if scope["path"] == "/" else b"text/javascript"
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", kind)]})
        await send({"type": "http.response.body", "body": text.encode()})

    takes = {**HERE, "Accept-Encoding": "gzip, deflate, br"}
    for path, is_compressed in (("/", False), ("/static/x.js", True)):
        _, sent = asked("http", takes, path=path, app=GZipMiddleware(app, minimum_size=1000))
        headers = dict(sent[0]["headers"])
        assert (headers.get(b"content-encoding") == b"gzip") is is_compressed
        if not is_compressed:
            assert b"".join(message["body"] for message in sent[1:]).decode() == text
            assert headers[b"content-security-policy"].decode() == policy(text, HERE["Host"])


def test_a_session_is_seen_once_its_page_has_reported_a_picture():
    server, drawn = Server(), []
    forget = server.follow("a", lambda: bool(drawn))
    assert not server.is_seen("a") and not server.is_seen("b")
    drawn.append(1)
    assert server.is_seen("a") and not server.is_seen("b")
    server.follow("a", lambda: False)
    forget()  # of an earlier page of the same session
    assert "a" in server._seen


class Context(SimpleNamespace):
    """A session of Solara's, as far as it matters."""

    def close(self, reason):
        self.closed.set()


def test_sessions_that_broke_off_are_freed_unless_they_were_seen_or_are_back(monkeypatch):
    from solara.server.kernel_context import PageStatus

    from irregsim.workshop.browser import sessions as module

    def context(status):
        return Context(page_status={"p": status}, closed=threading.Event())

    kept = {
        "seen": context(PageStatus.DISCONNECTED),
        "back": context(PageStatus.CONNECTED),
        "left": context(PageStatus.DISCONNECTED),
        "last": context(PageStatus.DISCONNECTED),
    }
    monkeypatch.setattr(module, "_contexts", lambda: kept)
    sessions = KernelSessions(4, {"seen"}.__contains__, grace=0.0)
    assert sessions.has_room_for("left") and not sessions.has_room_for("new")
    for kernel in ("gone before", *kept):
        sessions.gone(kernel)
    assert kept["last"].closed.wait(30)
    assert {name for name, one in kept.items() if one.closed.is_set()} == {"left", "last"}


# -- a server ---------------------------------------------------------------------------------------------------

SMALL = ("--scale", "0.02", "--start", "2012-03", "--lang", "en", "--viewers", "3")
MOST = 3 + doors.SPARE


def port_of(server: Served) -> int:
    return int(server.address.rpartition(":")[2])


def ask(port: int, method: str, path: str, **headers: str) -> tuple[int, dict[str, str], str]:
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=60)) as connection:
        connection.request(method, path, headers=headers)
        answer = connection.getresponse()
        return answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read().decode("utf-8", "replace")


def settled(server: Served, enough, seconds: float = 60.0) -> Holds:
    """What the server holds, once that is enough or it has had time."""
    late = time.monotonic() + seconds
    while not enough(found := Holds.of(server.process)) and time.monotonic() < late:
        time.sleep(0.5)
    return found


def broken(server: Served, number: int) -> None:
    """Opens broken sessions, and looks at threads, files, memory, the answers after them and the end of the server."""
    port = port_of(server)
    break_off_many(port, 3 * len(KINDS), at_once=3)  # libraries are loaded, and the first world is made
    time.sleep(10)
    before = Holds.of(server.process)
    answers = Counter(break_off_many(port, number))
    assert set(answers) <= {101, 403} and answers[101] > 0 and sum(answers.values()) == number, answers
    after = settled(server, lambda now: now.threads <= before.threads + MOST and now.files <= before.files + MOST)
    # A thread and two files for each place at most; of 600 sessions, 0.4 MB each would be 240 MB.
    assert after.threads <= before.threads + MOST, (before, after)
    assert after.files <= before.files + MOST, (before, after)
    assert after.memory <= before.memory + 60, (before, after)
    assert ask(port, "GET", "/")[0] == 200
    assert "Traceback" not in server.log.read_text(encoding="utf-8")
    begun = time.monotonic()
    os.kill(server.process, signal.SIGINT)
    while time.monotonic() - begun < 4 * ENDS and not ended(server):
        time.sleep(0.05)
    # The program has its own clock; the rest is for a machine that is busy with other tests.
    assert time.monotonic() - begun < 2 * ENDS


def ended(server: Served) -> bool:
    """Whether its process has ended (nobody has asked for its exit code yet)."""
    with open(f"/proc/{server.process}/stat", encoding="utf-8") as file:
        return file.read().rpartition(")")[2].split()[0] == "Z"


needs_proc = pytest.mark.skipif(not os.path.exists("/proc/self/fd"), reason="looks at /proc, which is Linux's")


@needs_proc
def test_broken_sessions_leave_nothing_and_bad_requests_no_traceback(tmp_path):
    with served(tmp_path, *SMALL) as server:
        port = port_of(server)
        status, headers, body = ask(port, "GET", "/", **{"Accept-Encoding": "gzip, deflate, br"})
        assert status == 200
        assert headers["content-security-policy"] == policy(body, f"127.0.0.1:{port}")
        assert headers["x-content-type-options"] == "nosniff"
        assert "server" not in headers
        for found in re.findall(r'(?:src|href)="(/[^"]+)"', body):
            status, headers, _ = ask(port, "GET", found)
            assert status == 200, found
            assert headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'self'"
        assert ask(port, "POST", f"/_solara/api/close/{KERNEL}?session_id=unknown")[0] == 200
        assert ask(port, "POST", f"/_solara/api/close/{KERNEL}")[0] == 400
        assert ask(port, "GET", "/_solara/cdn/@widgetti/nothing.js")[0] == 404
        assert ask(port, "GET", "/", Host="[::1].evil.example")[0] == 403
        assert break_off(port, "socket", path="stdin") == 403
        broken(server, 45)


@needs_proc
@pytest.mark.slow
def test_six_hundred_broken_sessions_leave_nothing(tmp_path):
    with served(tmp_path, *SMALL) as server:
        broken(server, 600)
