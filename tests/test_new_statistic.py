"""A statistic of a comparison is one declaration and the function that makes it; all else follows (CONTRIBUTING.md)."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner

from comparison_frames import UNITS as UNITS_BY_HAND
from comparison_frames import exact
from irregsim.cli import main
from irregsim.present import plots
from irregsim.present.plots import compare as compare_plots
from irregsim.present.publication import lives
from irregsim.present.publication.effects import for_readers, published
from irregsim.present.words import outcome_words, upper
from irregsim.study.comparison.declare import Basis, Column, Compared, Form, Kind, Rule, Table
from irregsim.study.comparison.key_figures import key_outcomes, window_values
from irregsim.study.comparison.tables import TABLES, register
from irregsim.vocabulary.labels import label, labels

pytestmark = pytest.mark.once

NAME, SECTION = "signs", "signs"

SCENARIO = """\
schema: 1
name: {name}
title: {{nb: Kort, en: Short}}
description: A year and a half, for tests.
extends: baseline
period: {{start: 2012-01, end: 2013-06}}
{more}run: {{replicates: 2, seed: 3}}
"""

CHANGE = "levers:\n  reception_centres:\n    stay_after_rejection: [{from: 2012-07, value: false}]\n"

WORDS = {
    f"compare.{NAME}_caption": "Signs of {title}",
    "compare.c_above": "Share of replicates above",
    "compare.c_reference_mean": "Level in the reference",
    "compare.c_mean": "Mean effect",
    f"compare.h_{SECTION}": "A section of signs",
    f"compare.note_{SECTION}": "A note on signs.",
}

HIDDEN = "stock:hidden"

# -- the statistic: one declaration and its function -----------------------------------------------------------------


def signs(compared: Compared) -> pd.DataFrame:
    """Effects over the window, and the share of replicates in which they are above zero."""
    rows = []
    for effect in compared.effects:
        for _, outcome in key_outcomes():
            found = window_values(effect, outcome) if outcome in effect.difference else None
            if found is not None:
                level, change = found
                told = (level.mean(), change.mean(), change.min(), change.max(), (change > 0).mean(), level.sum())
                rows.append((effect.pair.name, outcome, compared.units[outcome], *map(float, told)))
    return pd.DataFrame(rows, columns=list(SIGNS.names))


SIGNS = Table(
    NAME,
    signs,
    (
        *(Column("scenario"), Column("outcome"), Column("unit")),
        *(Column("reference_mean", Kind.UNIT, Rule.EFFECT), Column("mean", Kind.UNIT, Rule.EFFECT)),
        *(Column("lo", Kind.UNIT, Rule.EFFECT, end_of="mean"), Column("hi", Kind.UNIT, Rule.EFFECT, end_of="mean")),
        *(Column("above", Kind.SHARE, Rule.OPEN), Column("all", Kind.COUNT)),  # nobody said that it may be published
    ),
    Form.EFFECTS,
    section=SECTION,
    shown=("outcome", "unit", "reference_mean", "mean", "above"),
)


@pytest.fixture(scope="module")
def out(tmp_path_factory) -> Path:
    """The folder of a published comparison, with the statistic registered before the command begins."""
    pytest.importorskip("xlsxwriter", reason="xlsxwriter comes with the extra excel")
    folder = tmp_path_factory.mktemp("statistic")
    for name, more in (("reference", ""), ("changed", CHANGE)):
        (folder / f"{name}.yaml").write_text(SCENARIO.format(name=name, more=more), encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setattr(plots, "PLOTS", {})
        patch.setattr(compare_plots, "PICTURES", ())
        for key, text in WORDS.items():
            patch.setitem(labels(), key, {"nb": text, "en": text})
        register(SIGNS)
        arguments = ["compare", "reference.yaml", "changed.yaml", "--scale", "0.03", "--draws", "prior", "--jobs", "1"]
        arguments += ["--no-spells", "--publish", "--format", "xlsx", "--out", "out"]
        answer = CliRunner().invoke(main, arguments)
        TABLES.pop(NAME)
        assert answer.exit_code == 0, answer.output
    return folder / "out"


@pytest.fixture(scope="module")
def sheet(out) -> pd.DataFrame:
    """The sheet of the workbook."""
    openpyxl = pytest.importorskip("openpyxl", reason="openpyxl comes with the extra test")
    book = openpyxl.load_workbook(out / "tables.xlsx", read_only=True)
    head, *rows = [list(row) for row in book[NAME].iter_rows(values_only=True)]
    return pd.DataFrame(rows, columns=head).set_index("outcome")


def test_it_is_made_and_stored_exactly(out):
    stored = pd.read_parquet(out / f"{NAME}.parquet")
    assert tuple(stored.columns) == SIGNS.names
    figures = pd.read_parquet(out / "key_figures.parquet")
    pd.testing.assert_series_equal(stored["mean"], figures["mean"])
    assert stored.set_index("outcome").loc[HIDDEN, "unit"] == "persons"


def test_it_is_published_by_the_rules_of_its_columns(out, sheet):
    assert set(sheet.columns) == {*SIGNS.names, "suppressed"} - {"all", "outcome"}
    stored = pd.read_parquet(out / f"{NAME}.parquet").set_index("outcome")
    hidden, exact_ = sheet.loc[HIDDEN], stored.loc[HIDDEN]
    assert hidden["unit"] == "percent" and hidden["reference_mean"] == 100.0
    assert hidden["mean"] == round(100.0 * exact_["mean"] / exact_["reference_mean"], 1) + 0.0
    assert hidden["above"] == exact_["above"]
    few = sheet[sheet["suppressed"].astype(bool)]
    assert len(few) and few[["reference_mean", "mean", "lo", "hi"]].isna().all(axis=None)
    counts = sheet[(sheet["unit"] == "persons") & ~sheet["suppressed"].astype(bool)]
    assert len(counts) and (counts[["reference_mean", "mean"]].astype(float) % 5 == 0).all(axis=None)


def test_it_is_shown_in_its_section_of_the_page(out):
    page = (out / "report.html").read_text(encoding="utf-8")
    assert f'href="#{SECTION}"' in page
    section = page[page.index(f'id="{SECTION}"') :]
    section = section[: section.index("</table>")]
    for key, text in WORDS.items():
        assert text.partition(" {")[0] in section, key
    rows = [re.sub("<[^>]*>", "|", row) for row in re.findall("<tr>.*?</tr>", section, flags=re.S)]
    name = upper(outcome_words(HIDDEN, "en"))
    (hidden,) = (row.strip("|").split("||") for row in rows if f"|{name}|" in row)
    assert hidden[1:3] == [label("unit.percent", "en"), label("compare.not_shown", "en")]


# -- what a declaration decides --------------------------------------------------------------------------------------


@pytest.fixture
def registered(monkeypatch):
    """Registers a table of two columns for one test."""
    frame = pd.DataFrame({"scenario": ["agreement-x"], "persons": [1234.0]})

    def add(form: Form, rule: Rule | None = None, **more: object) -> Table:
        columns = (Column("scenario"), Column("persons", Kind.COUNT, rule))
        table = Table("mine", lambda compared: frame, columns, form, **more)  # type: ignore[arg-type]
        monkeypatch.setitem(TABLES, "mine", table)
        return table

    return add, {"mine": frame}


def test_numbers_of_persons_are_withheld_unless_the_declaration_says_otherwise(registered):
    add, frames = registered
    add(Form.COLUMNS)
    assert list(published(frames, {})["mine"]) == ["scenario"] == list(for_readers(frames, {})["mine"])
    add(Form.COLUMNS, Rule.ROUNDED)
    assert published(frames, {})["mine"]["persons"].tolist() == [1235.0]
    assert for_readers(frames, {})["mine"]["persons"].tolist() == [1234.0]


def test_what_is_never_published_is_for_readers_only_where_that_is_declared(registered):
    add, frames = registered
    add(Form.NEVER)
    assert "mine" not in published(frames, {}) and "mine" not in for_readers(frames, {})
    add(Form.NEVER, Rule.ROUNDED, is_for_readers=True)
    assert "mine" not in published(frames, {})
    assert for_readers(frames, {})["mine"]["persons"].tolist() == [1234.0]


def test_a_table_that_is_not_declared_is_neither_published_nor_read():
    frames = {"unheard_of": pd.DataFrame({"scenario": ["x"], "persons": [1234.0]})}
    assert published(frames, {}) == {} == for_readers(frames, {})


def test_a_table_that_is_not_stored_is_in_no_file(registered):
    from irregsim.commands.compare_folder import stored

    add, frames = registered
    add(Form.COLUMNS)
    assert list(stored(frames)) == ["mine"]
    add(Form.COLUMNS, is_stored=False)
    assert list(stored(frames)) == []


def test_a_table_with_other_columns_than_declared_is_refused(registered):
    add, frames = registered
    table = add(Form.COLUMNS)
    assert table.made(None) is frames["mine"]  # type: ignore[arg-type]
    other = Table("mine", table.make, table.columns[:1], Form.COLUMNS)
    with pytest.raises(ValueError, match=r"mine: it was made with the columns scenario, persons, but declared with sc"):
        other.made(None)  # type: ignore[arg-type]


def test_a_name_is_given_once():
    with pytest.raises(ValueError, match="a table called costs already exists"):
        register(TABLES["costs"])


SCENARIO_COLUMN, PERSONS = Column("scenario"), Column("persons", Kind.COUNT)

FAULTS = [
    ({"name": "About"}, "the name must be 1 to 31 small letters"),
    ({"name": "units"}, "none of about, units, levels"),
    ({"columns": (PERSONS,)}, "column scenario is used but not declared"),
    ({"columns": (SCENARIO_COLUMN, PERSONS, PERSONS)}, "column persons is declared twice"),
    ({"section": "costs", "shown": ("persons",)}, "column persons is withheld, so it cannot be shown"),
    ({"shown": ("scenario",)}, "shown, but in no section"),
    ({"form": Form.NEVER, "section": "costs"}, "cannot be in a section"),
    ({"form": Form.EFFECTS}, "column outcome is used but not declared"),
    ({"columns": (SCENARIO_COLUMN, Column("x", Kind.UNIT, Rule.EFFECT))}, "column x is published as an effect"),
    ({"columns": (SCENARIO_COLUMN, Column("x", Kind.COUNT, Rule.OPEN))}, "x is count, which cannot be published as op"),
    ({"columns": (SCENARIO_COLUMN, Column("x", Kind.TEXT, Rule.ROUNDED))}, "x is text, which cannot be published as r"),
    (
        {
            "form": Form.EFFECTS,
            "columns": (SCENARIO_COLUMN, Column("o"), Column("a", Kind.UNIT), Column("t", rule=Rule.EFFECT)),
            "basis": Basis("o", "a", "a"),
        },
        "column a needs the two ends",
    ),
]


@pytest.mark.parametrize(("changes", "words"), FAULTS)
def test_a_declaration_that_contradicts_itself_is_refused(changes, words):
    good = {"name": "mine", "make": signs, "columns": (SCENARIO_COLUMN, PERSONS), "form": Form.COLUMNS}
    Table(**good)
    with pytest.raises(ValueError, match=words):
        Table(**{**good, **changes})


def test_every_form_has_somebody_who_makes_it():
    assert {*lives.FORMS, Form.EFFECTS, Form.COLUMNS, Form.NEVER} == set(Form)


def test_tables_made_by_hand_have_the_declared_columns():
    frames = exact()
    assert set(frames) <= set(TABLES)
    # A table made by hand may leave out what no picture and no page reads.
    extra = {(name, c) for name, frame in frames.items() for c in frame.columns if c not in TABLES[name].names}
    assert extra == set()
    for name, frame in for_readers(frames, UNITS_BY_HAND).items():
        assert not set(TABLES[name].withheld()) & set(frame.columns), name
