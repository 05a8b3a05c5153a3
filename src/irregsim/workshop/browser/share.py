"""The address that others type or scan: which it is, and its picture as a QR code."""

from __future__ import annotations

import contextlib
import io
import ipaddress
import socket
from typing import Any, Final

#: Longest link of which a QR code is made, in characters: a longer one has squares too small for a phone to read from a
#: distance.
LONGEST: Final = 600

#: An address for documentation, where nobody is. A socket is directed at it to learn which of this machine's addresses
#: others see; nothing is sent.
_NOBODY: Final = ("192.0.2.1", 9)


def typed(host: str) -> str:
    """The address of this machine that others type for one that the page listens on.

    Args:
        host: As given; ``0.0.0.0`` and ``::`` are all addresses of this machine.

    Returns:
        An address or a name; the host as it was given where it is one address already, or where no other is known.
    """
    with contextlib.suppress(ValueError):
        if not ipaddress.ip_address(host).is_unspecified:
            return host
        with contextlib.suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
            one.connect(_NOBODY)
            found = str(one.getsockname()[0])
            if not ipaddress.ip_address(found).is_loopback:
                return found
        return socket.gethostname() or host
    return host


def code_of(link: object) -> str:
    """A QR code of a link as SVG.

    Args:
        link: From the page; anything but a link of moderate length has no code.

    Returns:
        The ``<svg>`` element; empty where there is no code, or where segno is not installed.
    """
    code = _made(link)
    if code is None:
        return ""
    out = io.BytesIO()
    code.save(out, kind="svg", xmldecl=False, svgns=False, omitsize=True, border=4)
    return out.getvalue().decode("utf-8")


def printed(link: str) -> str:
    """A QR code of a link in letters of a terminal, with a line break at its end; empty where there is none."""
    code = _made(link)
    if code is None:
        return ""
    out = io.StringIO()
    code.terminal(out, compact=True)
    return out.getvalue()


def _made(link: object) -> Any:
    if not isinstance(link, str) or len(link) > LONGEST or not link.startswith(("http://", "https://")):
        return None
    try:
        import segno
    except ModuleNotFoundError:
        return None
    return segno.make_qr(link, error="m")
