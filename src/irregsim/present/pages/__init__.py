"""Pages for readers: templates, and what goes into them.

A page is one HTML file that loads nothing from elsewhere: pictures are embedded, and its policy forbids everything
else. ``base.html`` holds what all pages share; each page is a module that prepares its content, and a template of the
same name.
"""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

from irregsim.vocabulary.labels import Words

__all__ = ["picture", "render"]


def render(template: str, lang: str, **content: Any) -> str:
    """Fill a template.

    Args:
        template: File name in this package.
        lang: Language.
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
    environment.globals["label"] = Words(lang)
    return environment.get_template(template).render(lang=lang, **content)


def picture(svg: bytes) -> str:
    """A drawing as an address that holds it, for the ``src`` of an image."""
    return f"data:image/svg+xml;base64,{base64.b64encode(svg).decode('ascii')}"
