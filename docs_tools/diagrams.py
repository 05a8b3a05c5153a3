"""Diagrams of the documentation: the month, the registers, the flow of data. SVG, drawn from what the code declares.

The parts of the month and their steps are those of `MONTH`, the registers those of `REGISTERS`; a part without words in
``diagram_words.csv`` is an error, so that a new one cannot be forgotten.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from functools import cache
from html import escape
from pathlib import Path
from typing import Final

from irregsim.model.month import MONTH
from irregsim.model.registers import REGISTERS
from irregsim.present.colours import colour_of
from irregsim.vocabulary.labels import label

WORDS: Final = Path(__file__).with_name("diagram_words.csv")

#: Width of every diagram, and of a letter of its text, in pixels (an upper bound for sans-serif at 13 px).
WIDTH: Final = 760
LETTER: Final = 6.9

_INK: Final = "#263238"
_PALE: Final = "#ECEFF1"
_LINE: Final = "#78909C"
_AGENCIES: Final = {"UDI": "#CFE3F1", "PU": "#F6E2BF", "SSB": "#CDE9DF"}


@cache
def _words() -> Mapping[str, Mapping[str, str]]:
    with WORDS.open(encoding="utf-8", newline="") as stream:
        return {row["key"]: row for row in csv.DictReader(stream)}


def _box(
    x: float, y: float, width: float, text: str, fill: str = _PALE, *, height: float = 28, bold: bool = False
) -> str:
    weight = ' font-weight="600"' if bold else ""
    return (
        f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" rx="5" fill="{fill}" stroke="{_LINE}"/>'
        f'<text x="{x + width / 2:g}" y="{y + height / 2 + 4.5:g}" text-anchor="middle"{weight}>{escape(text)}</text>'
    )


def _arrow(points: str) -> str:
    return f'<polyline points="{points}" fill="none" stroke="{_LINE}" stroke-width="1.5" marker-end="url(#end)"/>'


def _svg(height: float, title: str, body: list[str]) -> str:
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:g}" width="{WIDTH}" height="{height:g}" '
        f'role="img" font-family="sans-serif" font-size="13" fill="{_INK}">\n<title>{escape(title)}</title>\n'
        f'<defs><marker id="end" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" orient="auto">'
        f'<path d="M0 0 8 4 0 8z" fill="{_LINE}"/></marker></defs>\n'
        # White behind all of it, so that it can be read on a dark page.
        f'<rect width="{WIDTH}" height="{height:g}" fill="#fff"/>\n'
    )
    return head + "\n".join(body) + "\n</svg>\n"


def month(lang: str) -> str:
    """The steps of a month from top to bottom, with their parts and the number of rules of each.

    Args:
        lang: ``en`` or ``nb``.
    """
    says = {key: row[lang] for key, row in _words().items()}
    left, y, body = 60, 16.0, []
    body.append(_box(left, y, WIDTH - left - 16, says["month.first"], bold=True))
    for step in sorted({part.step for part in MONTH}):
        top = y = y + 42
        body.append(_arrow(f"{left + 90},{y - 14:g} {left + 90},{y - 1:g}"))
        x = start = left + 204.0
        for part in (one for one in MONTH if one.step == step):
            count = f" ({len(part.rules)})" if part.rules else ""
            text = says[f"part.{part.name}"] + count
            width = len(text) * LETTER + 18
            if x + width > WIDTH - 16:
                x, y = start, y + 34
            body.append(_box(x, y, width, text, "#fff"))
            x += width + 8
        body.append(_box(left, top, 192, f"{step}  {says[f'step.{step}']}", height=28 + y - top, bold=True))
    body.append(_arrow(f"{left + 90},{y + 28:g} {left + 90},{y + 41:g}"))
    y += 42
    body.append(_box(left, y, WIDTH - left - 16, says["month.last"], bold=True))
    body.append(_arrow(f"{left},{y + 14:g} 30,{y + 14:g} 30,30 {left - 1},30"))
    middle = (y + 44) / 2
    body.append(
        f'<text transform="translate(22 {middle:g}) rotate(-90)" text-anchor="middle">{says["month.again"]}</text>'
    )
    body.append(f'<text x="{WIDTH - 16}" y="{y + 46:g}" text-anchor="end">( ) {says["month.rules"]}</text>')
    return _svg(y + 56, says["month.title"], body)


def _latent(code: str | None, lang: str) -> str:
    """The words for what of the latent population a register sees a part of."""
    kind, _, name = (code or "").partition(":")
    if not kind:
        return _words()["registers.everybody"][lang]
    return (
        label("compare.hidden", lang)
        if name == "hidden"
        else label(f"{'strategy' if kind == 'stock' else kind}.{name}", lang)
    )


def registers(lang: str) -> str:
    """Registers on the right, what each sees a part of on the left, and below what none of them sees by itself.

    Args:
        lang: ``en`` or ``nb``.
    """
    says = {key: row[lang] for key, row in _words().items()}
    lefts = list(dict.fromkeys(one.latent for one in REGISTERS))
    body = [
        f'<text x="16" y="26" font-weight="600">{says["registers.left"]}</text>',
        f'<text x="400" y="26" font-weight="600">{says["registers.right"]}</text>',
    ]
    ordered = [one for code in lefts for one in REGISTERS if one.latent == code]
    y, centre = 40.0, {}
    for one in ordered:
        text = label(f"register_short.{one.name}", lang)
        agency = next((fill for name, fill in _AGENCIES.items() if f"({name})" in text), _PALE)
        body.append(_box(400, y, WIDTH - 416, text, agency))
        centre[one.name] = y + 14
        y += 38
    for code in lefts:
        mine = [centre[one.name] for one in ordered if one.latent == code]
        middle = sum(mine) / len(mine)
        state = (code or "").partition(":")[2]
        body.append(_box(16, middle - 14, 264, _latent(code, lang), "#fff"))
        body.append(f'<rect x="16" y="{middle - 14:g}" width="6" height="28" fill="{colour_of(state)}"/>')
        body += [_arrow(f"280,{middle:g} 399,{at:g}") for at in mine]
    seen = {(code or "").partition(":")[2] for code in lefts}
    unseen = [name for name in ("avhengig", "arbeidende", "marginalisert", "fritt_fall") if name not in seen]
    y += 14
    body.append(f'<line x1="16" x2="{WIDTH - 16}" y1="{y:g}" y2="{y:g}" stroke="{_LINE}" stroke-dasharray="5 4"/>')
    body.append(f'<text x="16" y="{y + 22:g}" font-weight="600">{says["registers.nobody"]}</text>')
    x = 16.0
    for name in unseen:
        body.append(_box(x, y + 34, 232, label(f"strategy.{name}", lang), "#fff"))
        body.append(f'<rect x="{x:g}" y="{y + 34:g}" width="6" height="28" fill="{colour_of(name)}"/>')
        x += 248
    return _svg(y + 78, says["registers.title"], body)


#: Boxes of the flow of data: key, column (0 to 1, of the width) and row; and what leads where.
_FLOW: Final = {
    "report": (0.0, 0, 0.48),
    "public": (0.52, 0, 0.48),
    "priors": (0.0, 1, 0.48),
    "targets": (0.52, 1, 0.48),
    "calibrate": (0.26, 2, 0.48),
    "posterior": (0.26, 3, 0.48),
    "baseline": (0.0, 3, 0.2),
    "scenario": (0.8, 3, 0.2),
    "run": (0.12, 4, 0.76),
    "tables": (0.26, 5, 0.48),
    "compare": (0.12, 6, 0.76),
    "page": (0.0, 7, 0.48),
    "explain": (0.52, 7, 0.48),
}
_LEADS: Final = (
    ("report", "priors"),
    ("public", "targets"),
    ("priors", "calibrate"),
    ("targets", "calibrate"),
    ("calibrate", "posterior"),
    ("baseline", "run"),
    ("posterior", "run"),
    ("scenario", "run"),
    ("run", "tables"),
    ("tables", "compare"),
    ("compare", "page"),
    ("compare", "explain"),
)


def flow(lang: str) -> str:
    """From the sources to what a reader gets.

    Args:
        lang: ``en`` or ``nb``.
    """
    room, body, at = WIDTH - 32, [], {}
    for key, (left, row, width) in _FLOW.items():
        x, y = 16 + left * room, 16.0 + row * 54
        is_command = _words()[f"flow.{key}"]["en"].startswith("irregsim")
        body.append(
            _box(x, y, width * room, _words()[f"flow.{key}"][lang], _PALE if is_command else "#fff", bold=is_command)
        )
        at[key] = (x, x + width * room, y)
    for start, end in _LEADS:
        (a, b, y), (c, d, z) = at[start], at[end]
        low, high = max(a, c), min(b, d)
        x = (low + high) / 2
        body.append(_arrow(f"{x:g},{y + 28:g} {x:g},{z - 1:g}"))
    return _svg(16 + 8 * 54, _words()["flow.title"][lang], body)
