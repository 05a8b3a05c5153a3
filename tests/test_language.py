"""A language is a column of words.

A third one, made in memory, goes through pages and pictures. In a copy of the package, a column more in the tables of
words goes through the commands, from the list of levers to the page of a comparison.
"""

from __future__ import annotations

import csv
import html
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import comparison_frames
import irregsim
from irregsim.present.pages.compare import render_report
from irregsim.present.words import centre_words, lever_change
from irregsim.scenario.levers import REGISTRY, explain, heading
from irregsim.vocabulary import labels, numbers
from irregsim.vocabulary.codes import month_number
from irregsim.vocabulary.labels import label
from irregsim.workshop.browser.words import Say
from irregsim.workshop.live.followed import Outcome
from irregsim.workshop.pictures.difference import draw_difference
from irregsim.workshop.pictures.words import PictureWords


@pytest.fixture
def pseudo(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The language ``xx``: every text in English between marks."""
    read = labels.read_table
    monkeypatch.setattr(labels, "read_table", lambda name: [{**row, "xx": f"⟦{row['en']}⟧"} for row in read(name)])
    monkeypatch.setattr(labels, "LANGUAGES", ("nb", "en", "xx"))
    labels.labels.cache_clear()
    yield "xx"
    labels.labels.cache_clear()


def test_languages_are_the_columns_of_the_table():
    assert labels.LANGUAGES == ("nb", "en")
    for table in labels.TABLES:
        assert tuple(labels.read_table(table)[0]) == ("key", *labels.LANGUAGES)


def test_a_page_in_a_third_language(pseudo):
    page = render_report(comparison_frames.frames(), comparison_frames.about(lang=pseudo))
    # Of the meaning of a lever only the first sentence is shown, which leaves its end behind.
    assert page.count("⟦") >= page.count("⟧") > 200
    # Effects have their words too, though the tables have no column for the language.
    assert re.search(r"⟦\S+ \(\S+ to \S+\)⟧", page)


def test_a_picture_in_a_third_language(pseudo):
    months = np.arange(month_number("2019-01"), month_number("2021-01"))
    values = np.linspace(90.0, 110.0, len(months))
    shown = Outcome("stock:fritt_fall", "", "percent", months, values, values + 5, values - 90, False)
    svg = draw_difference(shown, PictureWords(pseudo, "A", "B"), int(months[0]) + 12, int(months[-1])).svg
    assert svg.count("⟦") >= 3


def test_words_numbers_months_and_lists_in_a_third_language(pseudo):
    assert Say(pseudo)("mesa_step").startswith("⟦")
    assert labels.Words(pseudo, "compare")("no_change") == "⟦no change⟧"
    # Babel does not know it.
    assert numbers.number(-1234.5, pseudo, decimals=1) == "−1,234.5"
    assert numbers.month_words(month_number("2024-03"), pseudo) == "March 2024"
    assert numbers.listed(["a", "b", "c"], pseudo) == "a, b and c"


def test_levers_in_a_third_language(pseudo):
    for lever in REGISTRY:
        text = explain(lever, pseudo)
        assert text.startswith(f"{lever.path}: ⟦") and text.count("⟦") >= 12
    assert heading("work", pseudo) == "⟦Work and employers⟧"


@pytest.mark.parametrize(
    ("texts", "lang", "words"),
    [
        ({"nb": "a", "en": "b", "xx": "c"}, "xx", "c"),
        ({"nb": "a", "en": "b"}, "xx", "b"),
        ({"nb": "a"}, "xx", "a"),
        ({"nb": "a"}, "en", "a"),
        ({"xx": "c"}, "nb", "c"),
    ],
)
def test_a_missing_text_is_taken_from_english_then_from_norwegian(texts, lang, words):
    assert labels.in_language(texts, lang) == words
    assert labels.Text(texts)(lang) == words


def test_one_text_of_a_file_counts_for_all_languages_and_none_is_made_up_for_a_third(pseudo):
    assert labels.by_language("a") == {"nb": "a", "en": "a"}
    assert labels.by_language({"xx": "c"}) == {"nb": "c", "en": "c", "xx": "c"}
    assert list(labels.by_language({"en": "b", "nb": "a"})) == ["nb", "en"]


def test_words_that_a_third_language_lacks_are_no_fault(pseudo):
    rows = [{"key": "a", "nb": "x", "en": "y", "xx": " "}]
    assert labels.read_labels({"labels.csv": rows, "labels_levers.csv": [{"key": "b", "nb": "x", "en": "y"}]}) == {
        "a": {"nb": "x", "en": "y"},
        "b": {"nb": "x", "en": "y"},
    }


@pytest.mark.parametrize(("lang", "name"), [("nb", "Kina"), ("en", "China"), ("xx", "China"), ("fr", "Chine")])
def test_countries_have_the_names_of_the_tables_of_english_and_of_babel(lang, name):
    assert numbers.country_name("Kina", lang) == name
    assert numbers.country_name("nowhere", lang) == "nowhere"


def test_a_language_without_words_is_refused():
    with pytest.raises(KeyError, match="no language 'xx'; there are nb, en"):
        labels.label("compare.no_change", "xx")


@pytest.mark.parametrize(
    ("lang", "written"),
    [
        ("nb", ["1\u00a0234\u00a0567", "−1\u00a0234,50", "+0,3", "0", "46\u00a0%", "mars 2024", "a, b og c", "−0,25"]),
        ("en", ["1,234,567", "−1,234.50", "+0.3", "0", "46\u00a0%", "March 2024", "a, b and c", "−0.25"]),
    ],
)
def test_numbers_months_and_lists(lang, written):
    assert [
        numbers.number(1234567.0, lang),
        numbers.number(-1234.5, lang, decimals=2),
        numbers.signed(0.3, lang),
        numbers.signed(-0.004, lang, decimals=0),
        numbers.percent(0.456, lang),
        numbers.month_words(month_number("2024-03"), lang),
        numbers.listed(["a", "b", "c"], lang),
        numbers.plain("-0.25", lang),
    ] == written


@pytest.mark.parametrize(
    ("name", "lang", "words"),
    [
        ("Øst samlet", "en", "Øst police district, all centres"),
        ("Andre samlet", "nb", "andre politidistrikter, alle mottak"),
        ("Hå", "en", "Hå"),
    ],
)
def test_pooled_centres_are_named_by_their_district(name, lang, words):
    assert centre_words(name, lang) == words
    assert lever_change(f"levers.reception_centres.close.{name}", "false", lang).startswith(f"{words}: ")


# -- a copy of the package with a column more --------------------------------------------------------------------------

#: Words that the third language lacks.
LACKING = ("lever.fines.worker_nok.meaning", "exercises.fines.title", "decider.police")

SHORT = """\
schema: 1
name: {name}
title: {{nb: Kort, en: Short, sv: Kort på svenska}}
description: {{sv: En beskrivning.}}
extends: baseline
period: {{start: 2012-01, end: 2012-12}}
{levers}run: {{replicates: 2, seed: 3}}
"""

CHANGE = "levers: {reception_centres: {stay_after_rejection: [{from: 2012-07, value: false}]}}\n"

#: Prints what each command says, by its name; the first argument is a JSON list of names and arguments.
COMMANDS = """\
import json, sys
from click.testing import CliRunner
from irregsim.cli import main
said = {}
for name, arguments in json.loads(sys.argv[1]):
    answer = CliRunner().invoke(main, arguments)
    if answer.exit_code:
        raise SystemExit(f"{name}: {answer.output} {answer.exception!r}")
    said[name] = answer.output
print(json.dumps(said))
"""


def add_column(table: Path) -> None:
    """The language ``sv`` in a table of words: every text in English between marks."""
    with table.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    with table.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, [*rows[0], "sv"])
        writer.writeheader()
        writer.writerows({**row, "sv": "" if row["key"] in LACKING else f"⟦{row['en']}⟧"} for row in rows)


@pytest.fixture(scope="module")
def swedish(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """A folder with what the commands wrote in the third language, and what they said."""
    folder = tmp_path_factory.mktemp("swedish")
    package = Path(irregsim.__file__).parent
    shutil.copytree(package, folder / "src" / "irregsim", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(package.parents[1] / "scenarios", folder / "scenarios")
    for table in labels.TABLES:
        add_column(folder / "src" / "irregsim" / "data" / table)
    for name, change in (("one", ""), ("two", CHANGE)):
        (folder / f"{name}.yaml").write_text(SHORT.format(name=name, levers=change), encoding="utf-8")
    tiny = ["--scale", "0.01", "--draws", "prior", "--jobs", "1", "--quiet", "--no-spells"]
    commands = {
        "levers": ["levers"],
        "lever": ["levers", "fines.worker_nok"],
        "scenarios": ["scenarios"],
        "scenario": ["scenarios", "fines-tripled"],
        "parameter": ["parameters", "centre_start_share"],
        "workshop": ["workshop", "--out", "pages"],
        "compare": ["compare", "one.yaml", "two.yaml", *tiny, "--out", "out"],
    }
    told = [(name, [*arguments, "--lang", "sv"]) for name, arguments in commands.items()]
    told += [
        ("schema", ["schema"]),
        ("new", ["new", "three.yaml"]),
        ("validate", ["validate", "one.yaml", "three.yaml"]),
    ]
    answer = subprocess.run(
        [sys.executable, "-c", COMMANDS, json.dumps(told)],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder / "src")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 0, answer.stderr
    return folder, json.loads(answer.stdout)


@pytest.mark.once
@pytest.mark.slow
def test_commands_speak_a_third_language(swedish):
    _, said = swedish
    lines = said["lever"].splitlines()
    assert lines[0] == "levers.fines.worker_nok: ⟦Fine for workers⟧"
    assert lines[1] == f"  {label('lever.fines.worker_nok.meaning', 'en')}"  # it lacks this one
    assert all(line.strip().startswith("⟦") for line in lines[2:])
    assert re.search(r"levers.fines.worker_nok +⟦NOK per sanctioned worker⟧ +0 ⟦to⟧ 10000000 +⟦", said["levers"])
    assert "⟦The government and its ministries⟧" in said["scenarios"]
    assert label("decider.police", "en") in said["scenarios"].splitlines()
    # Its title is in its file, which has Norwegian and English.
    assert said["scenario"].startswith("fines-tripled: Fines")
    assert said["scenario"].count("⟦") > 8
    assert said["parameter"].count("⟦") > 8


@pytest.mark.once
def test_files_take_a_third_language(swedish):
    folder, said = swedish
    title = json.loads(said["schema"])["properties"]["title"]["anyOf"][1]
    assert list(title["properties"]) == ["nb", "en", "sv"]
    assert "title: {nb: three, en: three, sv: three}" in (folder / "three.yaml").read_text(encoding="utf-8")
    manifest = json.loads((folder / "out" / "runs" / "one" / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["scenario"]["title"]["sv"] == "Kort på svenska"
    assert manifest["scenario"]["description"]["en"] == "En beskrivning."


@pytest.mark.once
def test_the_workshop_is_written_in_a_third_language(swedish):
    folder, _ = swedish
    pages = {path.name: path.read_text(encoding="utf-8") for path in (folder / "pages").glob("*.html")}
    assert set(pages) == {"workshop-sv.html", "sliders-sv.html", "handouts-sv.html", "teacher-sv.html"}
    for page in pages.values():
        assert page.count("⟦") > 100
        title = label("exercises.fines.title", "en")
        assert title in page and f"⟦{title}" not in page  # it lacks this one
    on_pages = {
        "workshop": ("exercises.fines.question", "exercises.fines.discussion.1"),
        "handouts": ("exercises.fines.steps.2", "roles.udi.asks.1", "lever.controls.penal_priority.name"),
        "teacher": ("plans.1.goals.1", "note.teacher.2"),
    }
    for name, keys in on_pages.items():
        assert [key for key in keys if f"⟦{label(key, 'en')}⟧" not in html.unescape(pages[f"{name}-sv.html"])] == []
    assert "december 2026" in pages["workshop-sv.html"]  # from Babel


@pytest.mark.once
def test_a_comparison_has_a_column_and_a_page_of_a_third_language(swedish):
    import pandas as pd

    folder, _ = swedish
    for name in ("key_figures", "cities"):
        table = pd.read_parquet(folder / "out" / f"{name}.parquet")
        assert [one for one in table if one.startswith("rounded_text_")] == [
            "rounded_text_nb",
            "rounded_text_en",
            "rounded_text_sv",
        ]
        assert len(table) and table["rounded_text_sv"].str.startswith("⟦").all()
    page = (folder / "out" / "report.html").read_text(encoding="utf-8")
    assert '<html lang="sv"' in page and page.count("⟦") > 200
    assert "Kort på svenska" in page and "En beskrivning." in page
    meaning = label("lever.reception_centres.stay_after_rejection.meaning", "en").partition(". ")[0]
    assert f"⟦{meaning}" in page
