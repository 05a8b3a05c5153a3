"""The workshop's material: exercises with stored runs, plans, role cards, and the pages made of them."""

from __future__ import annotations

import re
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import yaml
from click.testing import CliRunner

from irregsim.cli import main
from irregsim.model.claims import claims
from irregsim.scenario.levers import find
from irregsim.vocabulary.labels import LANGUAGES, Text, labels
from irregsim.vocabulary.reference import DataError
from irregsim.workshop import stored_runs
from irregsim.workshop.exercises import FILES, PLACE, VIEWS, material, read_material, texts_of
from irregsim.workshop.handouts import PAGES, make_page, write_pages
from irregsim.workshop.live.followed import Outcome
from irregsim.workshop.set_up import set_up, stored_band
from irregsim.workshop.settings import Settings
from irregsim.workshop.stored_runs import about, checked, filled, stored
from test_labels import BANNED

pytestmark = pytest.mark.once

COMMITTED = Path(__file__).parents[1] / "docs" / "workshop"

VARIANTS = [(one.id, number) for one in material().exercises for number in range(len(one.variants))]


# -- the material ----------------------------------------------------------------------------------------------


def test_there_is_what_a_class_needs():
    found = material()
    asked = {"centre-closes", "fines", "agreement", "register-counts", "sign-flips", "health-model"}
    assert asked <= {one.id for one in found.exercises}
    assert {plan.minutes for plan in found.plans} == {45, 90, 120}
    assert {"municipality", "udi", "pu", "employer", "voluntary"} <= {role.id for role in found.roles}
    assert found.note.before and found.note.teacher


def test_words_differ_between_the_languages_and_none_is_banned():
    every = list(texts_of(material()))
    assert len(every) > 150
    assert {text("en") for text in every if text("nb") == text("en")} <= {"UDI", "PU"}
    assert [words for text in every for words in text.texts.values() if BANNED.search(words)] == []


def test_both_languages_name_the_same_numbers():
    for text in texts_of(material()):
        assert sorted(PLACE.findall(text("nb"))) == sorted(PLACE.findall(text("en"))), text.key


def test_claims_and_levers_are_there():
    known = set(claims())
    assert [claim for one in material().exercises for claim in one.claims if claim not in known] == []
    assert all(find(path) for role in material().roles for path in role.levers)
    assert {one.view for one in material().exercises} <= set(VIEWS)


def parts() -> dict[str, object]:
    folder = files("irregsim") / "data" / "workshop"
    return {name: yaml.safe_load((folder / f"{name}.yaml").read_text("utf-8")) for name in FILES}


def refused(change, rows=None) -> str:
    changed = parts()
    change(changed)
    with pytest.raises(DataError) as error:
        read_material(lambda name: yaml.safe_dump(changed[name], allow_unicode=True), rows)
    return str(error.value)


def set_in(part: str, *path: object):
    *way, last, value = path

    def change(changed) -> None:
        at = changed[part]
        for step in way:
            at = at[step]
        at[last] = value

    return change


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (set_in("exercises", 0, "variants", 0, "scenario", "no-such"), "no shipped scenario 'no-such'"),
        (set_in("exercises", 0, "variants", 0, "assume", ["levers.work.tax_card=1"]), "is not an assumption"),
        (set_in("exercises", 0, "predict", 0, "outcome", "stock:nobody"), "no outcome 'stock:nobody' of the country"),
        (set_in("exercises", 0, "predict", 0, "city", "Paris"), "no city 'Paris'"),
        (set_in("exercises", 0, "predict", 0, "variant", 4), "is of variant 4, which does not exist"),
        (set_in("exercises", 0, "predict", 0, "variant", 1), "is of variant 1, which does not exist"),
        (set_in("exercises", 0, "until", "2021-01"), "runs from 2022-01 to 2021-01"),
        (set_in("exercises", 2, "id", "centre-closes"), "duplicate exercise centre-closes"),
        (set_in("exercises", 0, "title", "Fines"), "words are not written here but in a table, under exercises.centre"),
        (set_in("exercises", 0, "id", "closing"), "exercises.closing.title: has no words; add its row"),
        (set_in("exercises", 0, "minutes", 61), "exercises.0.minutes: is 61; at most 60"),
        (set_in("exercises", 0, "minutes", True), "exercises.0.minutes: must be a whole number, found True"),
        (set_in("exercises", 0, "predict", []), "exercises.0.predict: has 0 entries; at least 2"),
        (set_in("exercises", 0, "predict", "one"), "exercises.0.predict: must be a list, found 'one'"),
        (set_in("exercises", 0, "claims", ["M1"]), r"exercises.0.claims.0: 'M1' does not have the form M\d{3}"),
        (set_in("exercises", 0, "view", "map"), "exercises.0.view: must be one of vessels, history, difference"),
        (set_in("plans", 0, "minutes", 50), "plans.0.minutes: must be one of 45, 90, 120, found 50"),
        (set_in("exercises", 0, "colour", "red"), "exercises.0.colour: no such key; known: id, minutes, variants"),
        (set_in("plans", 0, "stretches", 0, "minutes", 59), "its stretches add up to"),
        (set_in("plans", 0, "stretches", 0, "exercise", "none-such"), "no exercise 'none-such'"),
    ],
)
def test_what_is_not_sound_is_refused(change, told):
    assert told in refused(change)


@pytest.mark.parametrize(
    ("without", "more", "told"),
    [
        ("exercises.fines.title", "", "exercises.fines.title: has no words; add its row"),
        ("note.before.1", "", "note.before: has 0 rows of words; at least 1"),
        ("roles.udi.asks.2", "", "roles.udi.asks: has 1 rows of words; at least 2"),
        ("note.before.3", "", "note.before.4: nothing asks for this row (entries go by id"),
        ("", "plans.9.title", "plans.9.title: nothing asks for this row"),
    ],
)
def test_a_row_of_words_that_is_missing_or_spare_is_named(without, more, told):
    rows = {key: texts for key, texts in labels().items() if key != without}
    assert told in refused(lambda changed: None, {**rows, **({more: {"nb": "x", "en": "y"}} if more else {})})


def test_every_fault_is_told_at_once():
    def change(changed) -> None:
        set_in("exercises", 0, "variants", 0, "scenario", "no-such")(changed)
        set_in("plans", 0, "stretches", 0, "minutes", 59)(changed)

    told = refused(change)
    assert "no-such" in told and "add up to" in told


def test_an_exercise_that_is_not_there_is_told_with_those_that_are():
    with pytest.raises(KeyError, match="centre-closes"):
        material().exercise("closing")


# -- stored runs -----------------------------------------------------------------------------------------------


def made_up(monkeypatch, differences: np.ndarray) -> list[SimpleNamespace]:
    """Runs whose outcomes have these differences in three months, shape (runs, months), and 100 in the reference."""

    def outcome(pair, name, city, *, rounded, relative):
        ones = np.full(3, 100.0)
        months = np.array([11, 14, 17])
        return Outcome(name, city, "percent", months, ones, ones + pair.difference, pair.difference, False)

    monkeypatch.setattr(stored_runs, "outcome", outcome)
    return [SimpleNamespace(first=12, difference=row) for row in differences]


def test_runs_with_too_few_persons_are_left_out_of_an_effect_and_counted(monkeypatch):
    gone = np.nan
    runs = made_up(monkeypatch, np.array([[1.0, 2.0, gone], [gone, 4.0, 6.0], [gone, 6.0, 8.0], [gone, 0.0, -2.0]]))
    found = stored_runs.effect_of(runs, "outcome:care_received@Oslo", shown=2)
    assert found["mean"] == [None, 3.0, 4.0], "one of four is too few, three are enough"
    assert (found["replicates"], found["up"], found["shown"]) == (3, 0.667, 8.0)
    assert found["lo"][1:] == [pytest.approx(0.15), pytest.approx(-1.6)] and found["reference_ends"][0] == [100.0] * 3


def test_the_replicate_shown_is_the_most_usual_one(monkeypatch):
    exercise = material().exercise("centre-closes")
    ends = np.array([np.nan, 0.0, 9.0, 3.2, -20.0, 4.0])  # the median is 3.2
    runs = made_up(monkeypatch, np.repeat(ends[:, None], 3, axis=1))
    assert stored_runs.nearest(exercise, dict.fromkeys(range(len(exercise.variants)), runs)) == 3


@pytest.mark.parametrize(("exercise", "number"), VARIANTS)
def test_the_replicate_shown_says_what_the_stored_runs_say(exercise, number):
    """What a class sees on the screen lies in the stored band; where that is clear, on the same side of zero."""
    for one in material().exercise(exercise).predict:
        if one.variant == number:
            effect = stored(exercise, number).effects[one.key]
            assert effect.lo[-1] <= effect.shown <= effect.hi[-1]
            assert effect.direction == "same" or np.sign(effect.shown) == np.sign(effect.mean[-1])


def test_a_page_has_the_stored_band_while_an_exercise_runs_and_only_then():
    exercise = material().exercise("centre-closes")
    one = exercise.predict[0]
    settings = set_up(exercise, Settings(), one.variant)
    assert settings.replicate == stored_runs.shown_replicate(exercise.id)
    found = stored_band(settings, one.key)
    assert found is not None and found.n >= 20 and found.difference.shape == (2, len(found.months))
    assert (found.reference[0] <= found.reference[1]).all() and (found.scenario[0] <= found.scenario[1]).all()
    for other in (
        Settings(),
        replace(settings, seed=1),
        replace(settings, replicate=settings.replicate + 1),
        replace(settings, draws="point"),
    ):
        assert stored_band(other, one.key) is None
    assert stored_band(settings, "stock:none") is None


def test_every_number_is_stored_with_an_interval():
    for exercise in material().exercises:
        for number in range(len(exercise.variants)):
            found = stored(exercise.id, number)
            assert set(found.effects) == set(exercise.keys(number))
            for effect in found.effects.values():
                assert about()["replicates"] == 40 >= effect.replicates >= 20
                assert effect.months[-1] == exercise.last
                assert np.isfinite([effect.lo[-1], effect.mean[-1], effect.hi[-1]]).all()
                assert effect.lo[-1] <= effect.mean[-1] <= effect.hi[-1]
            assert found.frames[0].months[-1] == exercise.first - 1
            assert found.frames[-1].months[-1] == exercise.last


def test_before_the_policies_part_the_stored_sides_are_the_same():
    """The posterior and the seed are one for both; only what a policy changes may differ."""
    effect = stored("centre-closes").effects["index:hidden"]
    before = effect.months < 174  # July 2023, when the centres close
    assert before.sum() > 4
    assert (effect.mean[before] == 0).all() and effect.mean[-1] != 0


@pytest.mark.parametrize("lang", LANGUAGES)
def test_texts_are_filled(lang):
    for exercise in material().exercises:
        for text in (*exercise.reveal, *exercise.key, *exercise.discussion):
            assert "{{" not in filled(text, exercise, lang)
    text = filled(Text({"en": "{{index:hidden}}"}), material().exercise("centre-closes"), lang)
    assert re.fullmatch(r".*\d.*\u00a0%", text)


def compare(exercise: str, number: int) -> None:
    one = material().exercise(exercise)
    assert checked(one, number) == stored(exercise, number).check


def test_the_model_still_gives_what_was_stored():
    compare("centre-closes", 0)


@pytest.mark.slow
@pytest.mark.parametrize(("exercise", "number"), VARIANTS)
def test_the_model_still_gives_all_that_was_stored(exercise, number):
    compare(exercise, number)


# -- pages -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("name", PAGES)
def test_the_pages_in_docs_are_those_that_are_made(name, lang):
    text = make_page(name, lang)
    assert (COMMITTED / f"{name}-{lang}.html").read_text(encoding="utf-8") == text, (
        "run: irregsim workshop --out docs/workshop"
    )
    assert len(text.encode()) < 1_500_000
    words = re.sub(r"<(script|style|svg)\b.*?</\1>|<[^>]+>", " ", text, flags=re.DOTALL)
    assert BANNED.search(words) is None
    assert "{{" not in words and "nan" not in words.split()
    assert re.findall(r"(?:src|href)=\"(?!#|data:)[^\"]*", text) == []
    assert "://" not in re.sub(r"http://www\.w3\.org/[a-z0-9/]+", "", text)


def test_pages_are_written_whole_and_never_among_files_of_others(tmp_path):
    own, others = tmp_path / "own", tmp_path / "others"
    others.mkdir()
    (others / "mine.txt").write_text("mine", encoding="utf-8")
    refused = CliRunner().invoke(main, ["workshop", "--out", str(others), "--lang", "nb"])
    assert refused.exit_code == 2 and "contains files that irregsim did not write" in refused.output
    assert [path.name for path in others.iterdir()] == ["mine.txt"]
    for _ in range(2):  # a second time over its own
        done = CliRunner().invoke(main, ["workshop", "--out", str(own), "--lang", "nb"])
        assert done.exit_code == 0, done.output
    assert sorted(path.name for path in own.iterdir()) == sorted([".irregsim", *(f"{p}-nb.html" for p in PAGES)])
    assert (own / "workshop-nb.html").read_text(encoding="utf-8") == make_page("workshop", "nb")


def test_an_answer_is_not_on_the_page_that_students_get():
    for lang in LANGUAGES:
        handout, teacher = make_page("handouts", lang), make_page("teacher", lang)
        for exercise in material().exercises:
            key = filled(exercise.key[0], exercise, lang)
            assert key not in handout and key in teacher.replace("&#39;", "'").replace("&#34;", '"')


def test_a_static_page_reveals_after_a_prediction_and_asks_for_nothing(tmp_path):
    sync = pytest.importorskip("playwright.sync_api", reason="playwright comes with the extra dev")
    from browser_tools import FLAGS, chromium

    path = chromium()
    write_pages(tmp_path, ["en"])
    address = (tmp_path / "workshop-en.html").as_uri()
    with sync.sync_playwright() as p:
        browser = p.chromium.launch(executable_path=path, args=list(FLAGS))
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        requests, faults = [], []
        page.on("request", lambda request: requests.append(request.url))
        page.on(
            "console", lambda message: faults.append(message.text) if message.type in ("error", "warning") else None
        )
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.goto(address)
        box = page.locator(".exercise").first
        show, reveal = box.locator(".show"), box.locator(".reveal")
        assert show.is_disabled() and not reveal.is_visible()
        rows = box.locator(".predict")
        for number in range(rows.count()):
            assert show.is_disabled()
            rows.nth(number).locator("input").first.check()
        show.click()
        assert reveal.is_visible()
        assert box.locator("td.yours").first.inner_text() != ""
        month = box.locator(".chooser .month").first
        assert month.inner_text() == "December 2026"
        page.evaluate(
            "r => { r.value = r.min; r.dispatchEvent(new Event('input')); }",
            box.locator(".chooser input").first.element_handle(),
        )
        assert month.inner_text() == "December 2021"
        assert requests == [address] and faults == []
        # Without scripts nothing is hidden.
        plain = browser.new_context(java_script_enabled=False).new_page()
        plain.goto(address)
        assert plain.locator(".exercise .reveal").first.is_visible()
        browser.close()


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_variant_with_pictures_has_its_title_above_them(lang):
    sections = make_page("workshop", lang).split('<section class="exercise"')[1:]
    for exercise, section in zip(material().exercises, sections, strict=True):
        for number, variant in enumerate(exercise.variants):
            drawn = number == 0 or any(one.variant == number for one in exercise.predict)
            assert (f"<h3>{variant.title(lang)}</h3>" in section) == drawn
