"""Failed checks of a fit in words: every kind is read back, and readers see names of counts in their language."""

from __future__ import annotations

import re

import pytest

from irregsim.inference.check_words import caveat_words, check_line, check_words
from irregsim.inference.posterior import load
from irregsim.vocabulary.labels import LANGUAGES, label, labels

KINDS = [key.removeprefix("check.") for key in labels() if key.startswith("check.")]
RESIDENTS = "udi_return_duty_stock/total/total/2013-12"


def made(kind: str) -> str:
    fields = re.findall(r"\{(\w+)\}", label(f"check.{kind}", "en"))
    values = {"target": RESIDENTS, "targets": f"{RESIDENTS}, ssb_sanctions/worker/Vest/2016-2019", "parameters": "a, b"}
    return check_line(kind, **{name: values.get(name, "+1,234.5") for name in fields})


@pytest.mark.parametrize("kind", KINDS)
def test_a_failed_check_of_every_kind_is_read_back(kind):
    line = made(kind)
    english, norwegian = (check_words(line, lang) for lang in ("en", "nb"))
    assert norwegian != line and "{" not in norwegian
    assert RESIDENTS not in english + norwegian
    if "{target}" in label(f"check.{kind}", "en"):
        assert "Utreiseplikt i mottak (UDI), 2013-12" in norwegian and "1 234,5" in norwegian
        assert "Duty to leave in reception centres (UDI), 2013-12" in english and "1,234.5" in english
    elif "{targets}" in label(f"check.{kind}", "en"):
        assert "(UDI), 2013-12; Straffereaksjoner for arbeid (SSB), " in norwegian
    else:
        assert english == line, "nothing but names of counts differs in English"


def test_the_failed_checks_of_the_posterior_that_ships_are_all_of_a_known_kind():
    for line in load().red:
        assert check_words(line, "nb") != line


def test_a_line_of_somebody_else_and_an_unknown_count_stay_as_they_are():
    assert check_words("too hot", "nb") == "too hot"
    assert "a/b/c/d" in check_words(
        check_line("not_reached", target="a/b/c/d", value="1", own="2", distance="+9"), "nb"
    )


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_sentence_beside_results_names_the_counts_that_are_not_reached(lang):
    red = [made("not_reached"), made("truths")]
    told = caveat_words("sentence.gate_red", red, lang)
    assert told.startswith(label("sentence.gate_red", lang)) and told.endswith("(UDI), 2013-12.")
    assert caveat_words("sentence.gate_red", red[1:], lang) == label("sentence.gate_red", lang)
    assert caveat_words(None, red, lang) == ""
