"""Faults of a scenario file in Norwegian: what the page shows to a class."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from irregsim.cli import main
from irregsim.present.fault_words import TABLE, fault_line, fault_words
from irregsim.scenario import ScenarioError, load_scenario
from irregsim.vocabulary.shipped import read_table
from test_labels import BANNED

pytestmark = pytest.mark.once

BROKEN = sorted((Path(__file__).parent / "bad_scenarios").glob("*.yaml"))

#: English words of which a message is made; keys and values of a file are none of them.
ENGLISH = re.compile(
    r"\b(must|found|write it|did you mean|is missing|known:|such as|outside|keep one|delete it|is not|the text"
    r"|the number|share of|cannot|first on line)\b|^duplicate"
)


@pytest.mark.filterwarnings("ignore")
def messages():
    out = set()
    for file in BROKEN:
        try:
            load_scenario(str(file))
        except ScenarioError as error:
            out |= {fault.message for fault in error.faults}
    return sorted(out)


def test_every_kind_of_fault_has_norwegian_words():
    found = messages()
    assert len(found) > 150
    assert [one for one in found if fault_words(one, "nb") == one] == []
    assert [said for one in found if ENGLISH.search(said := fault_words(one, "nb"))] == []
    assert [one for one in found if fault_words(one, "en") != one] == []


@pytest.mark.parametrize(
    ("noted", "said"),
    [
        ("no such lever (did you mean replicates?)", "det finnes ikke noe slikt virkemiddel (mente du replicates?)"),
        (
            "must be a number from 0 to 1 (share of sanctioned cases), found the text '40 %' (write 0.4)",
            "må være et tall fra 0 til 1 (andel av sakene som ender med reaksjon), fant teksten '40 %' (skriv 0.4)",
        ),
        (
            "must be text, found the text 'a (of b), found {0}'",
            "må være tekst, fant teksten 'a (of b), found {0}'",
        ),
        (
            "no such key here (decimals have a point, not a comma: 0.6)",
            "det finnes ingen slik nøkkel her (desimaler skrives med punktum, ikke komma: 0.6)",
        ),
        (
            "levers.return_agreements takes no month after @; write the dates into its values",
            "levers.return_agreements kan ikke ha en måned etter @; skriv datoene i verdiene",
        ),
        ("is missing (Last month.)", "mangler (Siste måned.)"),
        ("something new (did you mean x?)", "something new (did you mean x?)"),
        ("must be text)))((", "must be text)))(("),
    ],
)
def test_a_message_is_put_together_from_its_parts(noted, said):
    assert fault_words(noted, "nb") == said


def test_the_path_stays_in_front():
    told = "levers.controls.identity_checks.Sør-Øst[0]: is missing"
    assert fault_line(told, "nb") == "levers.controls.identity_checks.Sør-Øst[0]: mangler"
    assert fault_line(told, "en") == told
    assert fault_line("not YAML: x", "nb") == "ikke YAML: x"


@pytest.mark.parametrize(
    ("lang", "said"),
    [
        ("nb", "bad.yaml:1:1: schema: må være 1, fant tallet 2"),
        ("en", "bad.yaml:1:1: schema: must be 1, found the number 2"),
    ],
)
def test_validate_speaks_the_language_and_says_where_as_editors_read_it(tmp_path, monkeypatch, lang, said):
    monkeypatch.chdir(tmp_path)
    Path("bad.yaml").write_text("schema: 2\nname: a\nextends: baseline\n", encoding="utf-8")
    answer = CliRunner().invoke(main, ["validate", "bad.yaml", "--lang", lang])
    assert answer.exit_code == 2
    assert [re.sub(r":\d+:\d+:", ":1:1:", line) for line in answer.output.splitlines()] == [said]
    missing = CliRunner().invoke(main, ["validate", "nowhere.yaml", "--lang", lang])
    assert missing.output.startswith("nowhere.yaml: ")


@pytest.mark.parametrize("command", ["run", "compare", "diff"])
def test_every_command_says_faults_in_the_language_of_the_system_or_the_one_asked_for(tmp_path, monkeypatch, command):
    file = tmp_path / "x.yaml"
    file.write_text("schema: 1\nname: x\nextends: baseline\nlevers:\n  fines:\n    foo: 1\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    arguments = [command, *(["baseline"] if command != "run" else []), "x.yaml"]
    said = {}
    for language in ("nb_NO.UTF-8", "en_GB.UTF-8"):
        for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
            monkeypatch.setenv(name, language)
        said[language[:2]] = CliRunner().invoke(main, arguments).output
    assert "x.yaml:6:5: levers.fines.foo: det finnes ikke noe slikt virkemiddel" in said["nb"]
    assert "x.yaml:6:5: levers.fines.foo: no such lever" in said["en"]
    if command != "diff":
        assert "virkemiddel" in CliRunner().invoke(main, [*arguments, "--lang", "nb"]).output


def test_rows_have_as_many_places_in_both_languages_and_no_word_that_judges():
    for row in read_table(TABLE):
        places = len(re.findall(r"\{=?\}", row["en"]))
        assert {int(one) for one in re.findall(r"\{(\d)\}", row["nb"])} == set(range(places)), row
        assert not BANNED.search(row["nb"]), row


def test_a_long_message_of_a_file_takes_no_time():
    """What stands in a message is cut at sixty letters; ten times as many must not hold up a page."""
    assert fault_words("must be text, found the text '" + "(), found " * 60 + "'", "nb").startswith("må være tekst")
