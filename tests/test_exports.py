"""What is written for others: CSV for Norwegian spreadsheets, a readable workbook, a document and slides.

Every file is opened again by a reader that is not its writer where there is one (openpyxl), else by the library's own.
"""

from __future__ import annotations

import csv
import html
import re
import zipfile
from dataclasses import replace

import pandas as pd
import pytest

import comparison_frames as cf
from irregsim.present import export
from irregsim.present.formats import FORMATS, ComparisonTables
from irregsim.present.pages.compare import render_report
from irregsim.present.pages.compare_facts import Facts
from irregsim.present.pages.compare_first import answer_of
from irregsim.present.readable import of_comparison
from irregsim.vocabulary.labels import label

FORMULAS = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "plain"]
ESCAPED = ["'=1+1", "'+1", "'-1", "'@SUM(A1)", "'\t=1", "plain"]


def picture(path):
    """A small PNG, drawn as the pictures are."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(4, 3))
    figure.add_subplot().plot([0, 1])
    figure.savefig(path)


@pytest.fixture
def comparison(tmp_path):
    """The made-up comparison with one picture of all, and one of each scenario."""

    def make(lang="nb", **about):
        target = tmp_path / lang
        (target / "plots").mkdir(parents=True, exist_ok=True)
        pictures = []
        for name in ("", *cf.SCENARIOS):
            picture(target / "plots" / f"compare-{name}.png")
            alt = f"Picture of {name or 'all'}. The axis shows years."
            pictures.append({"name": f"compare-{name}", "alt": alt, "scenario": name, "section": "all"})
        told = cf.about(lang=lang, **about)
        return ComparisonTables(cf.exact(), cf.frames(), told, cf.UNITS, target, pictures)

    return make


# ---------------------------------------------------------------------------------------------------------
# CSV for Norwegian spreadsheets


def test_norwegian_csv_has_semicolons_decimal_commas_and_a_mark(tmp_path):
    frame = pd.DataFrame({"text": FORMULAS, "value": [1.5, -2.25, 0.0, 1e6, 3.0, None], "yes": [True, False] * 3})
    export.NORWEGIAN.write(frame, tmp_path, "table")
    file = tmp_path / "table-no.csv"
    assert file.read_bytes().startswith(b"\xef\xbb\xbftext;value;yes\n")
    with file.open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.DictReader(stream, delimiter=";"))
    assert [row["text"] for row in rows] == ESCAPED
    assert [row["value"] for row in rows] == ["1,5", "-2,25", "0,0", "1000000,0", "3,0", ""]
    assert [row["yes"] for row in rows[:2]] == ["true", "false"]


def test_csv_for_programs_keeps_every_text(tmp_path):
    export.PLAIN.write(pd.DataFrame({"text": FORMULAS}), tmp_path, "table")
    assert pd.read_csv(tmp_path / "table.csv")["text"].tolist() == FORMULAS


def test_norwegian_csv_of_a_comparison_holds_the_same_numbers(comparison):
    tables = comparison()
    FORMATS["csv-no"].of_comparison(tables)
    assert {file.name for file in tables.target.glob("*.csv")} == {f"{name}-no.csv" for name in tables.frames}
    found = pd.read_csv(tables.target / "key_figures-no.csv", sep=";", decimal=",", encoding="utf-8-sig")
    assert found["mean"].tolist() == tables.frames["key_figures"]["mean"].tolist()


# ---------------------------------------------------------------------------------------------------------
# The workbook


def workbook_of(tables):
    openpyxl = pytest.importorskip("openpyxl", reason="openpyxl comes with the extra dev")
    pytest.importorskip("xlsxwriter", reason="xlsxwriter comes with the extra excel")
    FORMATS["xlsx"].of_comparison(tables)
    return openpyxl.load_workbook(tables.target / "tables.xlsx")


@pytest.mark.parametrize("lang", ["nb", "en"])
def test_the_first_sheet_has_the_answers_of_the_page(comparison, lang):
    tables = comparison(lang)
    sheet = workbook_of(tables).worksheets[0]
    assert sheet.title == label("export.overview", lang)
    head, *rows = sheet.iter_rows(values_only=True)
    effect, outcome = (head.index(label(f"compare.{key}", lang)) for key in ("c_effect", "c_outcome"))
    certainty = head.index(label("compare.c_verdict", lang))
    page = html.unescape(re.sub(r"<[^>]+>", "\n", render_report(tables.readable, tables.about)))
    cells = {line.strip() for line in page.splitlines()}
    assert len(rows) == len(tables.readable["key_figures"]) > 20
    for row in rows:
        assert {row[effect], row[outcome], row[certainty]} <= cells
    # The numbers are those of the text.
    columns = [head.index(label(f"export.{key}", lang)) for key in ("difference", "low", "high")]
    plain = str.maketrans({"−": "-", "+": "", " ": "", "\N{NO-BREAK SPACE}": "", ",": "." if lang == "nb" else ""})
    seen = 0
    for row in rows:
        told = re.findall(r"[−+]?[\d\s,.]*\d", row[effect])
        if len(told) == 3 and row[columns[0]] is not None:
            if row[head.index(label("compare.c_unit", lang))] != label("export.percent_of_reference", lang):
                continue  # the texts of the made-up table are not rounded
            seen += 1
            assert [float(one.translate(plain)) for one in told] == [row[column] for column in columns]
    assert seen > 5


def test_no_number_of_the_first_sheet_is_a_hidden_level(comparison):
    tables = comparison("en")
    head, *rows = workbook_of(tables).worksheets[0].iter_rows(values_only=True)
    unit, outcome = head.index("Unit"), head.index("Outcome")
    hidden = [row for row in rows if row[outcome] in ("Hidden population", "“in free fall”: person-months")]
    assert hidden and {row[unit] for row in hidden} <= {"percent of the reference"}


def test_every_sheet_keeps_its_head_in_sight_and_can_be_filtered(comparison):
    book = workbook_of(comparison())
    for sheet in book.worksheets:
        if sheet.title != "about":
            assert sheet.freeze_panes == "A2" and sheet.auto_filter.ref.startswith("A1:"), sheet.title


@pytest.mark.parametrize("lang", ["nb", "en"])
def test_about_says_scale_and_seed(comparison, lang):
    book = workbook_of(comparison(lang, scale=0.25))
    about = {row[0]: row[1] for row in book["about"].iter_rows(values_only=True)}
    assert about[label("export.about_seed", lang)] == "2021"
    assert about[label("export.about_scale", lang)] == ("0,25" if lang == "nb" else "0.25")
    assert label("export.about_trial", lang) in about


@pytest.mark.parametrize("text", FORMULAS)
def test_no_text_becomes_a_formula(comparison, text):
    tables = comparison("nb", titles={name: {"nb": text} for name in ("baseline", *cf.SCENARIOS)})
    figures = tables.frames["key_figures"].assign(why=text)
    book = workbook_of(replace(tables, frames={**tables.frames, "key_figures": figures}))
    assert {cell.data_type for sheet in book.worksheets for row in sheet.iter_rows() for cell in row} <= set("snb")
    assert {row[0] for row in list(book.worksheets[0].iter_rows(values_only=True))[1:]} == {text}


# ---------------------------------------------------------------------------------------------------------
# Document and slides


@pytest.mark.parametrize("lang", ["nb", "en"])
def test_the_document_holds_question_cautions_findings_and_key_figures(comparison, lang):
    docx = pytest.importorskip("docx", reason="python-docx comes with the extra office")
    tables = comparison(lang, scale=0.25)
    FORMATS["docx"].of_comparison(tables)
    document = docx.Document(str(tables.target / "report.docx"))
    texts = [paragraph.text for paragraph in document.paragraphs]
    told = of_comparison(tables)
    assert texts[0] == told.title and set(told.lead) <= set(texts) and set(told.cautions) <= set(texts)
    assert label("sentence.hidden_levels", lang) in texts and "0,25" in " ".join(texts) + "0,25" * (lang == "en")
    facts = Facts(tables.readable, tables.about)
    assert {answer_of(facts, name) for name in cf.SCENARIOS} <= set(texts)
    assert told.source in texts and "40" in told.source and "2021" in told.source
    captions = [p.text for p in document.paragraphs if p.style.name == "Caption"]
    assert len(document.tables) == len(captions) == 2 * len(cf.SCENARIOS)
    cells = [[cell.text for cell in row.cells] for row in document.tables[1].rows]
    effects = [row[3] for row in told.overview.rows if row[0] == told.overview.rows[0][0]]
    assert [row[1] for row in cells[1:]] == effects
    assert document.core_properties.title == told.title
    # A picture of all, and one of each scenario, each with words for those who cannot see it.
    alts = [shape._inline.docPr.get("descr") for shape in document.inline_shapes]
    assert alts == [one.alt for one in told.pictures]


@pytest.mark.parametrize("lang", ["nb", "en"])
def test_a_slide_holds_one_picture_with_title_source_and_replicates(comparison, lang):
    pptx = pytest.importorskip("pptx", reason="python-pptx comes with the extra office")
    tables = comparison(lang)
    FORMATS["pptx"].of_comparison(tables)
    show = pptx.Presentation(str(tables.target / "pictures.pptx"))
    told = of_comparison(tables)
    first, *slides, last = show.slides
    assert first.shapes.title.text_frame.text == told.title
    assert last.shapes.title.text_frame.text == label("export.read_first", lang)
    assert [slide.shapes.title.text_frame.text for slide in slides] == [one.title for one in told.pictures]
    for slide, one in zip(slides, told.pictures, strict=True):
        shapes = list(slide.shapes)
        (drawn,) = [shape for shape in shapes if hasattr(shape, "image")]
        assert drawn._element.nvPicPr.cNvPr.get("descr") == one.alt
        assert told.source in [shape.text_frame.text for shape in shapes if shape.has_text_frame]
        assert one.alt in slide.notes_slide.notes_text_frame.text
    # Nothing leaves the slide, and nothing lies over anything else.
    for slide in show.slides:
        boxes = [(s.left, s.top, s.left + s.width, s.top + s.height) for s in slide.shapes]
        for left, top, right, bottom in boxes:
            assert left >= 0 and top >= 0 and right <= show.slide_width and bottom <= show.slide_height
        for i, a in enumerate(boxes):
            assert not any(a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3] for b in boxes[i + 1 :])


FILES = {"docx": "report.docx", "pptx": "pictures.pptx", "xlsx": "tables.xlsx"}


@pytest.mark.parametrize("name", FILES)
def test_office_files_have_the_same_bytes_every_time(comparison, name):
    if FORMATS[name].missing():
        pytest.skip(str(FORMATS[name].missing()))
    tables, file = comparison(), FILES[name]
    FORMATS[name].of_comparison(tables)
    before = (tables.target / file).read_bytes()
    with zipfile.ZipFile(tables.target / file) as archive:
        assert len({one.date_time for one in archive.infolist()}) == 1
    FORMATS[name].of_comparison(tables)
    assert (tables.target / file).read_bytes() == before
