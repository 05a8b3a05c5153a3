"""The output formats: what can be written besides the Parquet tables. One entry each.

``--format`` offers what is registered here, and run and compare write it. A format of one's own is registered the same
way, before the command begins. Only names and functions: libraries are imported by the one who writes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from irregsim.study.packages import install

if TYPE_CHECKING:
    import pandas as pd

    from irregsim.present.export import CsvForm
    from irregsim.storage.folder import RunFolder

#: The workbook, the document and the slides, each one file.
WORKBOOK: Final = "tables.xlsx"
DOCUMENT: Final = "report.docx"
SLIDES: Final = "pictures.pptx"


@dataclass(frozen=True)
class RunTables:
    """A finished run, for a writer.

    Attributes:
        run: Its exact tables and manifest.
        summary: What summary.csv holds.
        shown: The summary in the form for publication, whether ``publish`` or not.
        publish: Whether to write the form for publication.
        show_levels: With ``publish``, national levels of the hidden strategies too, as intervals.
        target: Folder to write into.
        lang: Language of what is in words.
        pictures: What each picture shows, in sentences, by the name of its files in ``plots``.
        assumed: Months from which what is shown rests on assumptions in part, and alone.
        caveat: Key of the sentence for draws that are not calibrated; None where they are.
    """

    run: RunFolder
    summary: pd.DataFrame
    shown: pd.DataFrame
    publish: bool
    show_levels: bool
    target: Path
    lang: str
    pictures: Mapping[str, str]
    assumed: tuple[str, str]
    caveat: str | None

    @property
    def red(self) -> Sequence[str]:
        """Calibration checks that failed, as the manifest lists them."""
        return tuple((self.run.manifest.get("gate") or {"red": ()})["red"])


@dataclass(frozen=True)
class ComparisonTables:
    """A finished comparison, for a writer.

    Attributes:
        frames: Tables by name, in the form in which they may be written.
        readable: Tables by name as the page reads them.
        about: What the comparison is about (`irregsim.present.pages.compare` lists the keys).
        units: Unit by outcome.
        target: Folder to write into.
        pictures: As `irregsim.present.plots.compare.draw_all` returns them; their files are in ``plots``.
    """

    frames: Mapping[str, pd.DataFrame]
    readable: Mapping[str, pd.DataFrame]
    about: Mapping[str, Any]
    units: Mapping[str, str]
    target: Path
    pictures: Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class Format:
    """One format.

    Attributes:
        name: As after ``--format``.
        meaning: What is written, for ``--help``.
        of_run: Writes the tables of a run; what it leaves in the folder is part of the run.
        of_comparison: Writes those of a comparison.
        needs: Package that must be installed; empty for none.
        extra: Extra of irregsim that installs it.
    """

    name: str
    meaning: str
    of_run: Callable[[RunTables], None]
    of_comparison: Callable[[ComparisonTables], None]
    needs: str = ""
    extra: str = ""

    def missing(self) -> str | None:
        """What must be installed first, or None where nothing is missing."""
        import importlib.util

        if self.needs and importlib.util.find_spec(self.needs) is None:
            command = install(self.extra, self.needs)
            return f"--format {self.name} needs the package {self.needs}; install it with: {command}"
        return None


#: Every format by its name.
FORMATS: Final[dict[str, Format]] = {}


def register(format_: Format) -> None:
    """Adds a format.

    Raises:
        ValueError: If there is one of that name.
    """
    if format_.name in FORMATS:
        raise ValueError(f"a format called {format_.name} already exists")
    FORMATS[format_.name] = format_


def _nothing(tables: RunTables | ComparisonTables) -> None:
    pass


def _run_csv(tables: RunTables, form: CsvForm | None = None) -> None:
    from irregsim.present.export import PLAIN, write_csv

    form = form or PLAIN
    write_csv(tables.run, tables.target, publish=tables.publish, show_levels=tables.show_levels, form=form)
    if form is not PLAIN:
        form.write(tables.summary, tables.target, "summary")


def _comparison_csv(tables: ComparisonTables, form: CsvForm | None = None) -> None:
    from irregsim.present.export import PLAIN

    for name, frame in tables.frames.items():
        (form or PLAIN).write(frame, tables.target, name)


def _run_norwegian(tables: RunTables) -> None:
    from irregsim.present.export import NORWEGIAN

    _run_csv(tables, NORWEGIAN)


def _comparison_norwegian(tables: ComparisonTables) -> None:
    from irregsim.present.export import NORWEGIAN

    _comparison_csv(tables, NORWEGIAN)


def _run_xlsx(tables: RunTables) -> None:
    from irregsim.present.workbook import write_run

    write_run(tables, tables.target / WORKBOOK)


def _comparison_xlsx(tables: ComparisonTables) -> None:
    from irregsim.present.workbook import write_comparison

    write_comparison(tables, tables.target / WORKBOOK)


def _run_docx(tables: RunTables) -> None:
    from irregsim.present import document, readable

    document.write(readable.of_run(tables), tables.target / DOCUMENT)


def _comparison_docx(tables: ComparisonTables) -> None:
    from irregsim.present import document, readable

    document.write(readable.of_comparison(tables), tables.target / DOCUMENT)


def _run_pptx(tables: RunTables) -> None:
    from irregsim.present import readable, slides

    slides.write(readable.of_run(tables), tables.target / SLIDES)


def _comparison_pptx(tables: ComparisonTables) -> None:
    from irregsim.present import readable, slides

    slides.write(readable.of_comparison(tables), tables.target / SLIDES)


register(Format("parquet", "nothing", _nothing, _nothing))
register(Format("csv", "one <table>.csv per table", _run_csv, _comparison_csv))
register(
    Format(
        "csv-no",
        "one <table>-no.csv per table, as Norwegian spreadsheets read it: semicolon and decimal comma",
        _run_norwegian,
        _comparison_norwegian,
    )
)
register(Format("xlsx", f"one workbook ({WORKBOOK})", _run_xlsx, _comparison_xlsx, "xlsxwriter", "excel"))
register(Format("docx", f"a document with the key tables ({DOCUMENT})", _run_docx, _comparison_docx, "docx", "office"))
register(Format("pptx", f"a slide for each picture ({SLIDES})", _run_pptx, _comparison_pptx, "pptx", "office"))
