"""Viewers of the page that break off while it is loading, and what a server holds after them."""

from __future__ import annotations

import contextlib
import json
import socket
import struct
import threading
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

#: How far a broken session comes: the socket alone, a message that is no message, and the page's own first messages,
#: after which the server draws the page for a viewer who is not there.
KINDS = ("socket", "rubbish", "run")


@dataclass(frozen=True)
class Holds:
    """What a process holds.

    Attributes:
        threads: Its threads.
        files: Its open files and sockets.
        memory: Resident memory, MB.
    """

    threads: int
    files: int
    memory: float

    @classmethod
    def of(cls, process: int) -> Holds:
        """Of a process, by its number, as Linux tells it."""
        status = dict(
            line.split(":", 1) for line in Path(f"/proc/{process}/status").read_text(encoding="utf-8").splitlines()
        )
        files = len(list(Path(f"/proc/{process}/fd").iterdir()))
        return cls(int(status["Threads"]), files, int(status["VmRSS"].split()[0]) / 1024)


def _message(kind: str, **content: Any) -> str:
    header = {"msg_id": uuid.uuid4().hex, "msg_type": kind, "session": "s", "username": "", "version": "5.3"}
    return json.dumps(
        {"header": header, "channel": "shell", "parent_header": {}, "metadata": {}, "buffers": [], "content": content}
    )


def break_off(port: int, kind: str, path: str = "channels") -> int:
    """Opens a session and drops it without a word.

    Args:
        port: Of a server on 127.0.0.1.
        kind: One of `KINDS`.
        path: Last part of the address.

    Returns:
        101 if the server took it; else the status it refused it with, 0 if it could not be reached.
    """
    from websockets.exceptions import InvalidStatus, WebSocketException
    from websockets.sync.client import connect

    address = f"ws://127.0.0.1:{port}/jupyter/api/kernels/{uuid.uuid4()}/{path}?session_id={uuid.uuid4()}"
    cookie = {"Cookie": f"solara-session-id={uuid.uuid4()}"}
    try:
        with connect(address, open_timeout=60, close_timeout=0, additional_headers=cookie) as one:
            _speak(one, kind)
            # The connection is reset, as when a laptop is shut or a process killed; no closing message is sent.
            one.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            with contextlib.suppress(OSError):
                one.socket.shutdown(socket.SHUT_RDWR)
            one.socket.close()
    except InvalidStatus as refused:
        return int(refused.response.status_code)
    except (OSError, WebSocketException):
        return 0
    return 101


def _speak(one: Any, kind: str) -> None:
    """What is said before a session breaks off."""
    from websockets.exceptions import WebSocketException

    with contextlib.suppress(OSError, WebSocketException):
        if kind == "rubbish":
            one.send("{")
        elif kind == "run":
            comm = uuid.uuid4().hex
            one.send(_message("comm_open", comm_id=comm, target_name="solara.control", data={}))
            run = {"method": "run", "args": {"path": "", "appName": None, "themes": {}, "dark": False}}
            one.send(_message("comm_msg", comm_id=comm, data=run))
            one.recv(timeout=30)


def break_off_many(port: int, number: int, at_once: int = 20) -> list[int]:
    """Broken sessions of all kinds in turn, some at once; what each was answered."""
    answers: list[int] = []
    numbers = iter(range(number))
    lock = threading.Lock()

    def work() -> None:
        while True:
            with lock:
                one = next(numbers, None)
            if one is None:
                return
            answers.append(break_off(port, KINDS[one % len(KINDS)]))

    threads = [threading.Thread(target=work) for _ in range(at_once)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers
