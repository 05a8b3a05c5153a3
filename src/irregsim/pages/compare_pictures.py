"""Drawings as the page holds them: the same lines in fewer letters."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import quote

__all__ = ["compact", "inside"]

_NUMBER: Final = re.compile(r"-?\d+\.\d+")
_PATHS: Final = re.compile(r'(?<= d=")[^"]*')
_ABOUT: Final = re.compile(r"<metadata>.*?</metadata>|<!--.*?-->|<\?xml[^>]*>|<!DOCTYPE[^>]*>", re.DOTALL)
_NAMED: Final = re.compile(r' id="([^"]*)"')
_POINTED_AT: Final = re.compile(r"#([\w-]+)")
_ATTRIBUTE: Final = re.compile(r"""="([^"']*)\"""")


def compact(svg: bytes) -> str:
    """A drawing without what is not drawn; lines to a tenth of a point (1/720 inch), which no eye can tell.

    Args:
        svg: As `matplotlib` writes it; the file beside the page stays as it is.
    """
    text = _ABOUT.sub("", svg.decode("utf-8"))
    text = _PATHS.sub(lambda found: _rounded(" ".join(found[0].split()), 1), text)
    text = _rounded(text, 4)
    pointed_at = set(_POINTED_AT.findall(text))
    text = _NAMED.sub(lambda found: found[0] if found[1] in pointed_at else "", text)
    # Single quotes need not be spelt out in an address.
    return " ".join(_ATTRIBUTE.sub(r"='\1'", text).split())


def _rounded(text: str, decimals: int) -> str:
    return _NUMBER.sub(lambda found: f"{float(found[0]):.{decimals}f}".rstrip("0").rstrip("."), text)


def inside(svg: bytes) -> str:
    """A drawing as an address that holds it, for the ``src`` of an image."""
    # Only what an address or an attribute would break at is spelt out: a third shorter than base64.
    return "data:image/svg+xml," + quote(compact(svg), safe=" !$&*+,-./;=?@_~[]{}|^`'")
