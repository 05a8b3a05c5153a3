"""What a teacher takes away from the page: slides, policies that were tried, and texts beside the pictures."""

from __future__ import annotations

import io
import re
import subprocess
import zipfile
from dataclasses import replace
from types import MappingProxyType
from xml.etree import ElementTree

import pytest
from markupsafe import escape

from browser_tools import chromium
from irregsim.scenario import load_scenario
from irregsim.vocabulary.codes import month_text
from irregsim.vocabulary.labels import LANGUAGES, label, labels
from irregsim.workshop import ledger as ledgers
from irregsim.workshop.exercises import VIEWS, material
from irregsim.workshop.handouts import make_page
from irregsim.workshop.ledger import LEAST_MONTHS, Ledger
from irregsim.workshop.settings import Change, Settings
from irregsim.workshop.stored_runs import stored

pytestmark = pytest.mark.once

FINE = ("levers.fines.employer_base_nok", "")


def changed(value: float, **more) -> Settings:
    change = Change(steps=(("2023-01", value),))
    return Settings(changes=MappingProxyType({FINE: change, **more}))


# -- the ledger -----------------------------------------------------------------------------------------------------


def test_a_policy_is_noted_once_it_has_run_for_a_year_and_stands_once():
    ledger, one = Ledger(), changed(150_000)
    assert not ledger.note(one, None, 300)
    assert not ledger.note(one, 168, 168 + LEAST_MONTHS - 2)
    assert ledger.tried == []
    assert ledger.note(one, 168, 168 + LEAST_MONTHS - 1)
    assert not ledger.note(changed(150_000), 168, 200), "the same policy, set again"
    assert ledger.note(changed(300_000), 168, 190)
    assert [(entry.number, entry.until) for entry in ledger.tried] == [(1, 200), (2, 190)]


def test_as_many_are_kept_as_fit_and_numbers_stay(monkeypatch):
    monkeypatch.setattr(ledgers, "MOST", 2)
    ledger = Ledger()
    for value in range(4):
        ledger.note(changed(100_000 + value), 168, 190)
    assert [entry.number for entry in ledger.tried] == [3, 4]


def test_every_file_of_the_ledger_is_a_scenario_that_says_what_was_set(tmp_path):
    assumed = ("assumptions.response.departure_from_hardship", "")
    ledger = Ledger()
    ledger.note(changed(150_000), 168, 190)
    ledger.note(changed(300_000), 168, 190)
    own = changed(200_000)
    own = replace(own, changes=MappingProxyType({**own.changes, assumed: Change(whole=0.4)}))
    ledger.note(own, 168, 195)
    with zipfile.ZipFile(io.BytesIO(ledger.archive())) as archive:
        archive.extractall(tmp_path)
    files = sorted(tmp_path.iterdir())
    assert [file.name for file in files] == [
        "policy-1.yaml",
        "policy-2.yaml",
        "policy-3-reference.yaml",
        "policy-3.yaml",
    ]
    read = {file.stem: load_scenario(file) for file in files}
    for number, settings in ((1, changed(150_000)), (2, changed(300_000)), (3, own)):
        found = read[f"policy-{number}"]
        assert found.levers.first_difference(settings.scenario.levers) is None
        assert found.title == {lang: settings.titles(lang)[1] for lang in LANGUAGES}
        assert month_text(195 if number == 3 else 190) in found.description
    assert read["policy-3-reference"].levers.first_difference(own.reference.levers) is None


# -- texts ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("view", VIEWS)
def test_every_view_says_what_to_notice_and_what_to_try(view):
    for kind in ("notice", "try"):
        texts = labels()[f"page.{kind}_{view}"]
        assert len(set(texts.values())) == len(LANGUAGES)


# -- on the page ----------------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_picture_becomes_a_slide_and_a_policy_is_kept(tmp_path, lang):
    pytest.importorskip("solara", reason="the page comes with the extra viz")
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright comes with the extra dev")
    from PIL import Image

    from browser_tools import FLAGS, served
    from seen_page import TABS, Seen

    path = chromium()
    arguments = ("agreement-eritrea", "--scale", "0.02", "--start", "2022-06", "--lang", lang, "--seed", "77")
    with served(tmp_path, *arguments) as server, playwright.sync_playwright() as p:
        browser = p.chromium.launch(executable_path=path, args=list(FLAGS))
        seen = Seen(browser, server, lang, path="/?month=2024-06")
        seen.page.wait_for_selector(".irregsim-tried")
        for name in TABS:
            if name == "exercises":
                continue
            seen.tab(name)
            seen.page.locator(f".view-{name} .irregsim-frame > svg[viewBox], .view-{name} img").first.wait_for()
            files = {}
            for form in ("png", "svg"):
                with seen.page.expect_download() as given:
                    seen.page.locator(f".slide-{form}").click()
                assert given.value.suggested_filename == f"irregsim-{name}-2024-06.{form}"
                given.value.save_as(files.setdefault(form, tmp_path / f"{name}.{form}"))
            image = Image.open(files["png"]).convert("L")
            assert image.size == (1920, 1080)
            middle = image.crop((40, 200, 1880, 960)).getextrema()
            assert middle[1] - middle[0] > 100, "there is a picture between the title and the sentence"
            told = " ".join(ElementTree.parse(files["svg"]).getroot().itertext())
            for words in (label("page.care", lang).partition(".")[0], "77", "2024"):
                assert words in " ".join(told.split()), (name, words)
        with seen.page.expect_download() as given:
            seen.page.locator(".irregsim-save-all").click()
        given.value.save_as(tmp_path / "policies.zip")
        assert zipfile.ZipFile(tmp_path / "policies.zip").namelist() == ["policy-1.yaml"]
        seen.check()
        browser.close()


# -- handouts -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("lang", LANGUAGES)
def test_handouts_ask_and_do_not_answer(lang):
    text = make_page("handouts", lang)
    for exercise in material().exercises:
        for one in exercise.predict:
            told = stored(exercise.id, one.variant).effects[one.key].text(lang)
            assert told not in text, (exercise.id, one.key)
        for line in exercise.discussion:
            assert ("{{" in line(lang)) is (escape(line(lang)) not in text), "a question with a number is an answer"


@pytest.mark.parametrize("lang", LANGUAGES)
def test_an_exercise_is_printed_on_one_page_and_two_role_cards_on_one(tmp_path, lang):
    page, printed = tmp_path / "handouts.html", tmp_path / "handouts.pdf"
    page.write_text(make_page("handouts", lang), encoding="utf-8")
    command = [chromium(), "--headless", "--no-sandbox", "--disable-gpu", "--no-pdf-header-footer"]
    subprocess.run([*command, f"--print-to-pdf={printed}", page.as_uri()], capture_output=True, check=True, timeout=120)
    pages = len(re.findall(rb"/Type /Page\b", printed.read_bytes()))
    cards = -(-len(material().roles) // 2)
    assert pages == 1 + len(material().exercises) + cards
