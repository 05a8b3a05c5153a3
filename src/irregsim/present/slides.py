"""A run or a comparison as slides: one picture a slide, with its title, where it is from and how many replicates."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from irregsim.present.packed import DATE, without_time
from irregsim.present.readable import Readable
from irregsim.vocabulary.labels import label

if TYPE_CHECKING:
    from pptx.slide import Slide

#: A wide slide and its margin, in centimetres.
SLIDE: Final = (33.867, 19.05)
MARGIN: Final = 1.2

#: Height of the title and of the line below the picture, in centimetres.
TITLE: Final = 2.2
FOOT: Final = 1.1

#: Layouts of the library's own template: a title with a subtitle, and a title alone.
_FIRST: Final = 0
_TITLED: Final = 5


def write(readable: Readable, path: Path) -> None:
    """Write the slides: the first says what was asked, the last what must be known.

    Args:
        readable: What they hold.
        path: The file.
    """
    import pptx
    from pptx.util import Cm, Pt

    show = pptx.Presentation()
    show.slide_width, show.slide_height = Cm(SLIDE[0]), Cm(SLIDE[1])
    first = show.slides.add_slide(show.slide_layouts[_FIRST])
    _title(first, readable.title, top=4.0, height=4.0, size=36)
    subtitle: Any = first.placeholders[1]
    _place(subtitle, 9.0, SLIDE[1] - 9.0 - FOOT - MARGIN)
    subtitle.text_frame.text = "\n".join(readable.lead)
    for paragraph in subtitle.text_frame.paragraphs:
        paragraph.font.size = Pt(18)
    _foot(first, readable.source)
    for picture in readable.pictures:
        slide = show.slides.add_slide(show.slide_layouts[_TITLED])
        _title(slide, picture.title, top=MARGIN / 2, height=TITLE, size=26)
        _add_picture(slide, picture.file, picture.alt)
        _foot(slide, readable.source)
        notes: Any = slide.notes_slide.notes_text_frame
        notes.text = f"{label('export.how_to_read', readable.lang)}: {picture.alt}"
    last = show.slides.add_slide(show.slide_layouts[_TITLED])
    _title(last, label("export.read_first", readable.lang), top=MARGIN / 2, height=TITLE, size=26)
    box = last.shapes.add_textbox(
        Cm(MARGIN), Cm(TITLE + MARGIN), Cm(SLIDE[0] - 2 * MARGIN), Cm(SLIDE[1] - TITLE - FOOT - 3 * MARGIN)
    ).text_frame
    box.word_wrap = True
    for i, text in enumerate(readable.cautions):
        paragraph = box.paragraphs[0] if i == 0 else box.add_paragraph()
        paragraph.text, paragraph.font.size, paragraph.space_after = text, Pt(18), Pt(8)
    _foot(last, readable.source)
    about = show.core_properties
    about.title, about.author, about.subject = readable.title, "irregsim", readable.source
    about.created = about.modified = DATE
    about.last_modified_by = "irregsim"
    show.save(str(path))
    without_time(path)


def _place(shape: Any, top: float, height: float) -> None:
    from pptx.util import Cm

    shape.left, shape.width = Cm(MARGIN), Cm(SLIDE[0] - 2 * MARGIN)
    shape.top, shape.height = Cm(top), Cm(height)


def _title(slide: Slide, text: str, *, top: float, height: float, size: int) -> None:
    from pptx.util import Pt

    title: Any = slide.shapes.title
    _place(title, top, height)
    title.text_frame.text = text
    title.text_frame.word_wrap = True
    for paragraph in title.text_frame.paragraphs:
        paragraph.font.size = Pt(size)


def _add_picture(slide: Slide, file: Path, alt: str) -> None:
    """A picture as large as there is room for, in the middle, with its words for those who cannot see it."""
    from pptx.util import Cm

    room = (SLIDE[0] - 2 * MARGIN, SLIDE[1] - TITLE - FOOT - 2 * MARGIN)
    shape: Any = slide.shapes.add_picture(str(file), 0, 0)
    ratio = min(Cm(room[0]) / shape.width, Cm(room[1]) / shape.height)
    shape.width, shape.height = int(shape.width * ratio), int(shape.height * ratio)
    shape.left = int((Cm(SLIDE[0]) - shape.width) / 2)
    shape.top = int(Cm(TITLE + MARGIN) + (Cm(room[1]) - shape.height) / 2)
    shape._element.nvPicPr.cNvPr.set("descr", alt)


def _foot(slide: Slide, text: str) -> None:
    from pptx.util import Pt

    box = slide.shapes.add_textbox(0, 0, 1, 1)
    _place(box, SLIDE[1] - FOOT - MARGIN / 3, FOOT)
    frame = box.text_frame
    frame.word_wrap = True
    frame.text = text
    for paragraph in frame.paragraphs:
        paragraph.font.size = Pt(11)
