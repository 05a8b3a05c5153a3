"""What commands print: both languages, near matches, levers that somebody means, and the reception centres."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

import comparison_frames as cf
from irregsim.cli import main
from irregsim.cli.options import system_language
from irregsim.present.compare_summary import summary
from irregsim.present.listings import lever_answer
from irregsim.scenario import load_scenario
from irregsim.scenario.in_force import centre_states, in_force
from irregsim.scenario.levers import REGISTRY, find, matching
from irregsim.vocabulary.codes import month_number
from irregsim.vocabulary.labels import LANGUAGES, label

OST = "schema: 1\nname: ost-close\ntitle: Øst\ndescription: Øst closes.\nextends: baseline\nlevers:\n"
OST += "  reception_centres:\n    close:\n      - {centre: Øst samlet, on: 2024-07}\n"


def irregsim(*arguments, **environment):
    return CliRunner(env={"LC_ALL": "", "LC_MESSAGES": "", "LANG": "C.UTF-8", **environment}).invoke(main, arguments)


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "ost-close.yaml").write_text(OST, encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize(
    ("environment", "lang"),
    [
        ({"LANG": "nb_NO.UTF-8"}, "nb"),
        ({"LANG": "nn_NO"}, "nb"),
        ({"LANG": "no"}, "nb"),
        ({"LANG": "en_GB.UTF-8"}, "en"),
        ({"LANG": "de_DE.UTF-8"}, "en"),
        ({"LANG": "C"}, "en"),
        ({"LANG": "en_GB.UTF-8", "LC_ALL": "nb_NO.UTF-8"}, "nb"),
        ({"LANG": "nb_NO.UTF-8", "LC_MESSAGES": "C"}, "en"),
        ({}, "en"),
    ],
)
def test_the_language_of_the_system(monkeypatch, environment, lang):
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert system_language() == lang


@pytest.mark.parametrize("command", [["levers", "fines"], ["scenarios"], ["scenarios", "fines-tripled"]])
def test_lists_follow_the_system_and_the_option_goes_before_it(command):
    norwegian, english = (irregsim(*command, LANG=lang).stdout for lang in ("nb_NO.UTF-8", "en_GB.UTF-8"))
    assert norwegian != english
    assert irregsim(*command, "--lang", "en", LANG="nb_NO.UTF-8").stdout == english
    assert irregsim(*command, "--lang", "nb").stdout == norwegian


def test_validate_speaks_norwegian(here):
    answer = irregsim("validate", "ost-close.yaml", "--lang", "nb")
    assert answer.exit_code == 0
    assert "ost-close.yaml: i orden" in answer.stdout and "ost-close endrer dette i baseline:" in answer.stdout
    assert "fra 2024-07 til 2030-12: true -> false" in " ".join(answer.stdout.split())
    assert "OK" in irregsim("validate", "ost-close.yaml").stdout
    (here / "bare.yaml").write_text(OST.partition("levers:")[0] + "levers: {detention: {capacity: 300}}\n")
    warned = irregsim("validate", "bare.yaml", "--lang", "nb").stderr
    assert "advarsel: bare.yaml: endrer måneder fra 2012-01 av" in warned and "{from: 2021-01, value: ...}" in warned


# ---------------------------------------------------------------------------------------------------------
# Near matches


@pytest.mark.parametrize(
    ("typed", "hint"),
    [
        ("ost-close", "did you mean ost-close.yaml?"),
        ("ost-clse.yaml", "did you mean ost-close.yaml?"),
        ("ost-clos", "did you mean ost-close.yaml?"),
        ("./ost-clos.yaml", "did you mean ./ost-close.yaml?"),
        ("fines-triple", "did you mean fines-tripled?"),
        ("fines-tripled.yaml", "the shipped scenario is called fines-tripled, without .yaml"),
    ],
)
def test_a_scenario_that_is_not_there_is_answered_with_the_nearest(here, typed, hint):
    for command in ("validate", "run"):
        answer = irregsim(command, typed)
        assert answer.exit_code == 2 and hint in answer.output and "agreement-iran" not in answer.output


def test_a_parent_that_is_not_there_is_answered_with_the_nearest(here):
    (here / "child.yaml").write_text(OST.replace("baseline", "ost-close"), encoding="utf-8")
    assert "did you mean ost-close.yaml?" in irregsim("validate", "child.yaml").output
    (here / "child.yaml").write_text(OST.replace("baseline", "ostclose.yaml"), encoding="utf-8")
    assert "did you mean ost-close.yaml?" in irregsim("validate", "child.yaml").output


def test_a_name_that_is_like_nothing_lists_what_there_is(here):
    assert "agreement-iran" in irregsim("run", "qqqqqq").output


# ---------------------------------------------------------------------------------------------------------
# Levers


def keys(name):
    return [lever.key for lever in matching(name)]


def test_levers_are_found_as_a_person_means_them():
    assert keys("fines.worker_nok") == keys("levers.fines.worker_nok") == keys("worker_nok") == ["fines.worker_nok"]
    assert keys("fines") == [lever.key for lever in REGISTRY if lever.key.startswith("fines.")]
    assert keys("close") == ["reception_centres.close"]
    assert set(keys("centres")) == {lever.key for lever in REGISTRY if "centres" in lever.key}
    assert set(keys("mottak")) >= {"reception_centres.close", "reception_centres.open"}
    assert keys("Asylmottak") == keys("reception") != []
    assert set(keys("bot")) >= {"fines.worker_nok", "fines.employer_base_nok"}
    assert keys("bøter") == keys("penalties") == keys("fines")
    assert keys("") == keys(".") == keys("levers.") == keys("nosuchthing") == []


@pytest.mark.parametrize("lang", LANGUAGES)
def test_levers_says_what_is_in_force(lang):
    told = irregsim("levers", "shelter", "--lang", lang).stdout
    baseline = load_scenario("baseline")
    values = in_force(baseline, find("municipal.shelter"), month_number("2026-06"))
    assert values["Bergen"] == 32 and "Bergen 32" in told
    assert label("screen.in_force", lang).format(month="2026-06") in told
    assert values["Oslo"] == 80 and "Oslo 80" in told and values["Stavanger"] == 0
    assert "30000" in irregsim("levers", "fines", "--lang", lang).stdout


def test_every_lever_has_a_value_in_force_in_both_languages():
    baseline = load_scenario("baseline")
    for lever in REGISTRY:
        texts = [lever_answer(lever.path, [lever], baseline, lang) for lang in LANGUAGES]
        for text, lang in zip(texts, LANGUAGES, strict=True):
            line = next(one for one in text.splitlines() if label("screen.in_force", lang)[:9] in one)
            assert not line.endswith(": ") and "nan" not in line


@pytest.mark.parametrize("lang", LANGUAGES)
def test_centres_are_listed_with_district_places_and_state(lang):
    text = irregsim("levers", "centres", "--lang", lang).stdout
    rows = {line.split("  ")[0]: line for line in text.splitlines()}
    states = centre_states(load_scenario("baseline"), month_number("2026-06"))
    assert {one.name for one in states} <= set(rows)
    for one in states:
        line = rows[one.name]
        assert label(f"district.{one.district}", lang) in line
        assert label(f"screen.{'open' if one.is_open else 'closed'}", lang) in line
        assert one.places is None or re.search(rf"\b{one.places:.0f}\b", line)
    assert "2020-12" in rows["Bergen"] and not next(one for one in states if one.name == "Bergen").is_open


def test_a_lever_nobody_knows_is_answered_with_the_nearest():
    answer = irregsim("levers", "finess")
    assert answer.exit_code == 2 and "did you mean fines" in answer.stderr


# ---------------------------------------------------------------------------------------------------------
# Summaries


def test_the_summary_of_a_comparison_is_in_one_language():
    figures = cf.key_figures().assign(why="", certainty="clear", share_negative=0.0, verdict="up")
    about = cf.about(scale=0.25)
    norwegian, english = (summary(figures, about, lang) for lang in ("nb", "en"))
    assert "40 gjentak, 2018-01 til 2024-12, sammenlignet med baseline" in norwegian
    assert "Befolkningsskala 0,25" in norwegian and "Population scale 0.25" in english
    for word in ("replicates", "direction", "compared", "scale", " to "):
        assert word not in norwegian and word in english


def test_a_new_file_and_differences_follow_the_system_s_language(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    written = irregsim("new", "mine.yaml", LANG="nb_NO.UTF-8").stdout
    assert written.startswith("Skrevet til mine.yaml.") and "# Et scenario for irregsim." in Path(
        "mine.yaml"
    ).read_text("utf-8")
    irregsim("new", "other.yaml", "--lang", "en", LANG="nb_NO.UTF-8")
    assert "# A scenario of irregsim." in Path("other.yaml").read_text("utf-8")
    more = ("diff", "baseline", "fines-tripled")
    assert irregsim(*more, LANG="nb_NO.UTF-8").stdout.split()[:5] == ["nøkkel", "fra", "til", *more[1:]]
    assert irregsim(*more).stdout.split()[:5] == ["key", "from", "to", *more[1:]]
    assert irregsim("diff", "baseline", "baseline", "--lang", "nb").stdout.strip() == "ingen forskjeller"
