"""A language is a column of words: a third one, made in memory, goes through pages and pictures."""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np
import pytest

import comparison_frames
from irregsim.present.pages.compare import render_report
from irregsim.present.words import centre_words, lever_change
from irregsim.scenario.levers import readers
from irregsim.vocabulary import labels, numbers
from irregsim.vocabulary.codes import month_number
from irregsim.workshop.browser.words import Say
from irregsim.workshop.live.followed import Outcome
from irregsim.workshop.pictures.difference import draw_difference
from irregsim.workshop.pictures.words import PictureWords


@pytest.fixture
def pseudo(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The language ``xx``: every text in English between marks."""
    rows = [{**row, "xx": f"⟦{row['en']}⟧"} for row in labels.read_table("labels.csv")]
    monkeypatch.setattr(labels, "read_table", lambda name: rows)
    for module in (labels, readers):
        monkeypatch.setattr(module, "LANGUAGES", ("nb", "en", "xx"))
    labels.labels.cache_clear()
    yield "xx"
    labels.labels.cache_clear()


def test_languages_are_the_columns_of_the_table():
    assert tuple(labels.read_table("labels.csv")[0]) == ("key", *labels.LANGUAGES)
    assert labels.LANGUAGES == ("nb", "en")


def test_a_page_in_a_third_language(pseudo):
    page = render_report(comparison_frames.frames(), comparison_frames.about(lang=pseudo))
    assert page.count("⟦") == page.count("⟧") > 200
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
