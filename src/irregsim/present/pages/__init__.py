"""Pages for readers: templates, and what goes into them.

A page is one HTML file that loads nothing from elsewhere: pictures are embedded, and its policy forbids everything
else. ``base.html`` holds what all pages share; each page is a module that prepares its content, and a template of the
same name.
"""

from __future__ import annotations

import base64
import re
from pathlib import Path
from typing import Any, Final

from irregsim.vocabulary.labels import Words

__all__ = ["isolated", "picture", "render"]

#: Marks around words of a file's author while a page is made: characters that are no characters (Unicode, 23.7).
_BEGIN, _END = "\ufdd0", "\ufdd1"
#: A title or a tag, in which marks are characters; or marked words.
_MARKED: Final = re.compile(rf"<title>.*?</title>|<[^<>]*>|{_BEGIN}([^{_BEGIN}{_END}<>]*){_END}", re.DOTALL)


def isolated(text: str) -> str:
    """Words of a file's author, whose direction of writing does not reach what is around them: ``<bdi>`` on a page."""
    return f"{_BEGIN}{text.replace(_BEGIN, '').replace(_END, '')}{_END}"


def _with_bdi(page: str) -> str:
    """A page with its marked words as elements; in titles and attributes, which have none, with Unicode's isolates."""

    def one(found: re.Match[str]) -> str:
        return found[0] if found[1] is None else f"<bdi>{found[1]}</bdi>"

    return _MARKED.sub(one, page).replace(_BEGIN, "\u2068").replace(_END, "\u2069")


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
    return _with_bdi(environment.get_template(template).render(lang=lang, **content))


def picture(svg: bytes) -> str:
    """A drawing as an address that holds it, for the ``src`` of an image."""
    return f"data:image/svg+xml;base64,{base64.b64encode(svg).decode('ascii')}"
