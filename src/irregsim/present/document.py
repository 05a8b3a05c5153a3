"""A run or a comparison as a Word document: what was asked, what was found, the key tables and the pictures."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from irregsim.present.packed import DATE, without_time
from irregsim.present.readable import Cell, Readable, Table
from irregsim.vocabulary.labels import label
from irregsim.vocabulary.numbers import number

if TYPE_CHECKING:
    from docx.document import Document as WordDocument

#: A4 and its margins, in centimetres.
PAGE: Final = (21.0, 29.7)
MARGIN: Final = 2.0

#: Languages of Word's spelling check.
LOCALES: Final = {"nb": "nb-NO", "en": "en-GB"}


def write(readable: Readable, path: Path) -> None:
    """Write a document.

    Args:
        readable: What it holds.
        path: The file.
    """
    import docx
    from docx.shared import Cm, Pt

    document = docx.Document()
    _set_up(document, readable)
    document.add_heading(readable.title, level=0)
    for text in (*readable.lead, readable.source):
        document.add_paragraph(text)
    document.add_heading(label("export.read_first", readable.lang), level=1)
    for text in readable.cautions:
        document.add_paragraph(text, style="List Bullet")
    for part in readable.parts:
        if part.heading:
            document.add_heading(part.heading, level=1)
        for text in part.paragraphs:
            document.add_paragraph(text)
        for text in part.points:
            document.add_paragraph(text, style="List Bullet")
        for table in part.tables:
            _add_table(document, table, readable.lang)
    for picture in (one for one in readable.pictures if one.is_key):
        document.add_heading(picture.title, level=2)
        shape = document.add_picture(str(picture.file), width=Cm(PAGE[0] - 2 * MARGIN))
        shape._inline.docPr.set("descr", picture.alt)
        document.paragraphs[-1].paragraph_format.keep_with_next = True
        note = document.add_paragraph(readable.source)
        for run in note.runs:
            run.font.size = Pt(8)
    document.add_heading(label("export.repeat", readable.lang), level=1)
    for name, value in readable.settings:
        document.add_paragraph(f"{name}: {value}")
    document.save(str(path))
    without_time(path)


def _set_up(document: WordDocument, readable: Readable) -> None:
    """Paper, language, font, foot line and properties."""
    from docx.oxml.ns import qn
    from docx.shared import Cm, Pt

    for section in document.sections:
        section.page_width, section.page_height = Cm(PAGE[0]), Cm(PAGE[1])
        section.left_margin = section.right_margin = section.top_margin = section.bottom_margin = Cm(MARGIN)
        foot = section.footer.paragraphs[0]
        foot.text = readable.source
        for run in foot.runs:
            run.font.size = Pt(8)
    normal: Any = document.styles["Normal"]
    normal.font.size = Pt(10)
    language = normal.element.get_or_add_rPr()
    mark = language.makeelement(qn("w:lang"), {qn("w:val"): LOCALES.get(readable.lang, readable.lang)})
    language.append(mark)
    about = document.core_properties
    about.title, about.author, about.subject, about.comments = readable.title, "irregsim", readable.source, ""
    about.created = about.modified = DATE
    about.last_modified_by, about.language = "irregsim", LOCALES.get(readable.lang, readable.lang)


def _add_table(document: WordDocument, table: Table, lang: str) -> None:
    """A table with its caption; its head is repeated on every page."""
    from docx.oxml.ns import qn
    from docx.shared import Pt

    caption = document.add_paragraph(table.caption, style="Caption")
    caption.paragraph_format.keep_with_next = True
    grid = document.add_table(rows=1, cols=len(table.heads), style="Light Grid Accent 1")
    head = grid.rows[0]._tr.get_or_add_trPr()
    head.append(head.makeelement(qn("w:tblHeader"), {}))
    # A table of python-docx looks for its cells anew at every call; the cells of a row are looked for once.
    lines = [list(table.heads), *table.rows]
    for i, line in enumerate(lines):
        cells = (grid.rows[0] if i == 0 else grid.add_row()).cells
        for cell, content in zip(cells, line, strict=True):
            run = cell.paragraphs[0].add_run(_text(content, lang))
            run.font.size = Pt(8)
    document.add_paragraph()


def _text(cell: Cell, lang: str) -> str:
    if cell is None:
        return ""
    return number(cell, lang) if isinstance(cell, float) else str(cell)
