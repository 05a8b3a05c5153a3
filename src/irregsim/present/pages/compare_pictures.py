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
#: Paths of lines only; their stretches, each from one point on, and whether it is closed.
_STRAIGHT: Final = re.compile(r"(?:[ML] ?-?[\d.]+ -?[\d.]+ ?|z ?)+")
_STRETCHES: Final = re.compile(r"(M[^Mz]*)(z?)")
_VALUE: Final = re.compile(r"-?\d+\.?\d*")
#: What every text says of itself, said once; and turns by nothing.
_FONT: Final = "font-family: 'DejaVu Sans', sans-serif; "
_FONT_ONCE: Final = "text{font-family:DejaVu Sans,sans-serif}</style>"
_UNTURNED: Final = re.compile(r' transform="rotate\(-?0 [^)]*\)"')
_GROUP: Final = re.compile(r"(<g/?>|<g [^>]*>|</g>)")
_STYLE: Final = re.compile(r'style="[^"]*"')
_BETWEEN: Final = re.compile(r">\s+<")
_ATTRIBUTE: Final = re.compile(r"""="([^"']*)\"""")


def compact(svg: bytes) -> str:
    """A drawing without what is not drawn; lines to a tenth of a point (1/720 inch), too small to see.

    Args:
        svg: As `matplotlib` writes it; the separate file stays as it is.
    """
    text = _ABOUT.sub("", svg.decode("utf-8"))
    text = _PATHS.sub(lambda found: _path(" ".join(found[0].split())), text)
    text = _rounded(text.replace(_FONT, "").replace("</style>", _FONT_ONCE, 1), 2)
    text = _UNTURNED.sub("", text)
    pointed_at = set(_POINTED_AT.findall(text))
    text = _NAMED.sub(lambda found: found[0] if found[1] in pointed_at else "", text)
    for number, name in enumerate(sorted(set(_NAMED.findall(text)))):
        text = re.sub(rf'(#|(?<= id=")){name}\b', rf"\g<1>n{number}", text)
    text = _STYLE.sub(lambda found: found[0].replace(": ", ":").replace("; ", ";"), _without_bare_groups(text))
    # Single quotes need not be spelt out in an address.
    return _BETWEEN.sub("><", " ".join(_ATTRIBUTE.sub(r"='\1'", text).split()))


def _without_bare_groups(text: str) -> str:
    """Without groups that say nothing of what they hold."""
    out, open_groups = [], []
    for part in _GROUP.split(text):
        if part.startswith("<g") and _GROUP.fullmatch(part) and not part.endswith("/>"):
            open_groups.append(part != "<g>")
        bare = part in ("<g>", "<g/>") or (part == "</g>" and not open_groups.pop())
        out.append("" if bare else part)
    return "".join(out)


def _rounded(text: str, decimals: int) -> str:
    return _NUMBER.sub(lambda found: f"{float(found[0]):.{decimals}f}".rstrip("0").rstrip("."), text)


def _path(path: str) -> str:
    """A path in steps from point to point; points in line along an axis are one step."""
    if not _STRAIGHT.fullmatch(path):
        return _rounded(path, 1)
    return "".join(_stretch(points) + end for points, end in _STRETCHES.findall(path))


def _stretch(points: str) -> str:
    """Points joined by lines, as the first one and steps."""
    # Steps are between rounded points, so that no error adds up.
    numbers = [round(10.0 * float(one)) for one in _VALUE.findall(points)]
    x, y = numbers[0::2], numbers[1::2]
    steps: list[tuple[int, int]] = []
    for i in range(1, len(x)):
        step = (x[i] - x[i - 1], y[i] - y[i - 1])
        if steps and any(step[j] == steps[-1][j] == 0 and step[1 - j] * steps[-1][1 - j] >= 0 for j in (0, 1)):
            steps[-1] = (steps[-1][0] + step[0], steps[-1][1] + step[1])
        else:
            steps.append(step)
    steps_text = " ".join(f"{_tenths(value)}" for step in steps for value in step).replace(" -", "-")
    return f"M{_tenths(x[0])} {_tenths(y[0])}" + (f"l{steps_text}" if steps else "")


def _tenths(value: int) -> str:
    return f"{value / 10:g}".replace("0.", ".") if abs(value) < 10 else f"{value / 10:.1f}".removesuffix(".0")


def inside(svg: bytes) -> str:
    """A drawing as an address that holds it, for the ``src`` of an image."""
    # Only what an address or an attribute would break at is spelt out: a third shorter than base64.
    return "data:image/svg+xml," + quote(compact(svg), safe=" !$&*+,-./;=?@_~[]{}|^`'")
