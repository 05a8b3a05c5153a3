"""Pages for readers: templates, and the numbers and words that go into them.

A page is one HTML file that asks for nothing from outside: pictures lie inside it, and its policy forbids everything
else. ``base.html`` holds what all pages share; each page is a module that prepares its content, and a template of the
same name.
"""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

from irregsim.vocabulary.labels import label

__all__ = ["number", "percent", "picture", "render", "signed"]


def render(template: str, lang: str, **content: Any) -> str:
    """Fill a template.

    Args:
        template: File name in this package.
        lang: ``nb`` or ``en``.
        content: What the template asks for; everything it asks for must be there.

    Returns:
        The page. All content is escaped.
    """
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent, encoding="utf-8"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.globals["label"] = lambda key, **values: (
        label(key, lang).format(**values) if values else label(key, lang)
    )
    return environment.get_template(template).render(lang=lang, **content)


def picture(svg: bytes) -> str:
    """A drawing as an address that holds it, for the ``src`` of an image."""
    return f"data:image/svg+xml;base64,{base64.b64encode(svg).decode('ascii')}"


def number(value: float, lang: str, *, decimals: int | None = None) -> str:
    """A number for readers; empty where missing.

    Args:
        value: Any number.
        lang: Decides on the signs for thousands and decimals.
        decimals: How many; None: none from 20 on and for whole numbers, else one.
    """
    if value != value:
        return ""
    if decimals is None:
        decimals = 0 if abs(value) >= 20 or value == round(value) else 1
    text = f"{value:,.{decimals}f}"
    if text.lstrip("-").strip("0.") == "":
        text = text.lstrip("-")  # no negative zero
    # A no-break space between thousands.
    return text.replace(",", " ").replace(".", ",") if lang == "nb" else text


def signed(value: float, lang: str, *, decimals: int = 1) -> str:
    """A number with its sign, minus as a minus sign; empty where missing."""
    text = number(value, lang, decimals=decimals)
    return text if text == "" else text.replace("-", "−") if value < 0 else f"+{text}"


def percent(share: float, lang: str) -> str:
    """A share as a whole percentage."""
    return f"{number(100.0 * share, lang, decimals=0)} %"
