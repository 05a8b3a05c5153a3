"""Pages of the workshop that open from a file: exercises with stored runs, handouts to print, and what the teacher has.

All are made from the shipped material and the stored runs, so they take seconds and are the same on every machine.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from markupsafe import Markup

from irregsim import __version__
from irregsim.present.pages import render
from irregsim.scenario import load_scenario
from irregsim.scenario.levers import find
from irregsim.scenario.levers import words as lever_words
from irregsim.storage.paths import remove
from irregsim.vocabulary.codes import Strategy, month_number
from irregsim.vocabulary.labels import LANGUAGES, Text, Words, in_language, label
from irregsim.vocabulary.numbers import month_words, percent
from irregsim.workshop.exercises import ANSWERS, Exercise, Predicted, material
from irregsim.workshop.live.followed import Band, Outcome
from irregsim.workshop.live.snapshot import Look
from irregsim.workshop.pictures.difference import draw_difference
from irregsim.workshop.pictures.vessels import draw_vessels
from irregsim.workshop.pictures.words import PictureWords, outcome_name
from irregsim.workshop.sliders import make_sliders
from irregsim.workshop.stored_runs import Effect, about, filled, stored

#: Pages by name of their file, without language.
PAGES: Final = ("workshop", "sliders", "handouts", "teacher")

#: Reveals when everything is predicted, and moves through the frames. Without it everything is there to read.
SCRIPT: Final = """
"use strict";
document.querySelectorAll(".exercise").forEach(function (box) {
  var show = box.querySelector(".show"), reveal = box.querySelector(".reveal");
  var asked = Array.from(box.querySelectorAll(".predict"));
  function left() { return asked.filter(function (one) { return !one.querySelector(":checked"); }).length; }
  function ask() {
    var n = left();
    show.disabled = n > 0;
    show.textContent = n > 0 ? show.dataset.left.replace("#", String(n)) : show.dataset.ready;
  }
  reveal.hidden = true;
  asked.forEach(function (one) { one.addEventListener("change", ask); });
  show.addEventListener("click", function () {
    box.querySelectorAll("td.yours").forEach(function (cell) {
      var given = box.querySelector("input[name='" + cell.dataset.for + "']:checked");
      cell.textContent = given ? given.parentElement.textContent.trim() : "";
    });
    asked.forEach(function (one) { one.disabled = true; });
    reveal.hidden = false;
    show.hidden = true;
  });
  ask();
});
document.querySelectorAll(".chooser").forEach(function (box) {
  var range = box.querySelector("input"), month = box.querySelector(".month");
  var frames = Array.from(box.nextElementSibling.children);
  range.addEventListener("input", function () {
    frames.forEach(function (one, i) { one.className = i === Number(range.value) ? "now" : ""; });
    month.textContent = frames[Number(range.value)].dataset.month;
  });
});
"""


def make_page(name: str, lang: str) -> str:
    """One of `PAGES`.

    Args:
        name: ``workshop`` (exercises that open from a file), ``sliders`` (grids of stored runs), ``handouts`` (to
            print) or ``teacher`` (plans, key, note).
        lang: Language.

    Returns:
        The page as text; it asks for nothing from outside.
    """
    if name == "sliders":
        return make_sliders(lang)
    found = material()

    words = Words(lang, "workshop")

    def stored_note(month: str) -> str:
        return label("page.stored_note", lang).format(month=month_words(month_number(month), lang))

    shared = {
        "title": words(f"title_{name}"),
        "lead": words(f"lead_{name}"),
        "version": __version__,
        "before": [line(lang) for line in found.note.before],
        "exercises": [_exercise(one, lang, pictures=name == "workshop") for one in found.exercises],
        "answers": [{"code": answer, "name": label(f"page.answer_{answer}", lang)} for answer in ANSWERS],
        "words": words,
        "stored_note": stored_note,
        "stored_head": label("page.stored_runs", lang).format(n=about()["replicates"]),
    }
    if name == "workshop":
        digest = base64.b64encode(hashlib.sha256(SCRIPT.encode()).digest()).decode()
        made = words("made", n=about()["replicates"])
        return render("workshop.html", lang, **shared, made=made, script=Markup(SCRIPT), script_hash=f"sha256-{digest}")
    if name == "handouts":
        return render(
            "handouts.html", lang, **shared, roles=[_role(one, lang) for one in found.roles], ways=_ways(lang)
        )
    teacher = [line(lang) for line in found.note.teacher]
    return render("teacher.html", lang, **shared, teacher=teacher, plans=_plans(lang))


def _ways(lang: str) -> list[dict[str, str]]:
    return [
        {"name": label(f"strategy.{s.code}", lang), "note": label(f"strategy_note.{s.code}", lang)} for s in Strategy
    ]


def _role(role: Any, lang: str) -> dict[str, Any]:
    return {
        "title": role.title(lang),
        "wants": role.wants(lang),
        "decides": role.decides(lang),
        "levers": [lever_words(find(path), lang).name for path in role.levers],
        "sees": role.sees(lang),
        "asks": [line(lang) for line in role.asks],
    }


def _plans(lang: str) -> list[dict[str, Any]]:
    out = []
    for plan in material().plans:
        stretches, at = [], 0
        for one in plan.stretches:
            title = material().exercise(one.exercise).title(lang) if one.exercise else ""
            stretches.append({"from": at, "to": at + one.minutes, "what": one.what(lang), "exercise": title})
            at += one.minutes
        out.append(
            {
                "minutes": plan.minutes,
                "title": plan.title(lang),
                "for_whom": plan.for_whom(lang),
                "goals": [goal(lang) for goal in plan.goals],
                "needs": plan.needs(lang),
                "stretches": stretches,
            }
        )
    return out


def _exercise(exercise: Exercise, lang: str, *, pictures: bool) -> dict[str, Any]:
    def paragraphs(texts: Sequence[Text]) -> list[str]:
        return [filled(text, exercise, lang) for text in texts]

    return {
        "id": exercise.id,
        "title": exercise.title(lang),
        "background": exercise.background(lang),
        "question": exercise.question(lang),
        "predicted": [_predicted(exercise, n, one, lang) for n, one in enumerate(exercise.predict)],
        "steps": [step(lang) for step in exercise.steps],
        "reveal": paragraphs(exercise.reveal),
        "key": paragraphs(exercise.key),
        "hinges": filled(exercise.hinges, exercise, lang),
        "discussion": [filled(line, exercise, lang) for line in exercise.discussion],
        "discussion_plain": [line(lang) for line in exercise.discussion if "{{" not in line(lang)],
        "claims": ", ".join(exercise.claims),
        "until": exercise.until,
        "about": label("workshop.key_about", lang).format(
            minutes=exercise.minutes,
            scenarios=", ".join(variant.scenario for variant in exercise.variants),
            start=exercise.start,
            until=exercise.until,
            seed=exercise.seed,
        ),
        "variants": [_variant(exercise, n, lang) for n in range(len(exercise.variants))] if pictures else [],
    }


def _predicted(exercise: Exercise, number: int, predicted: Predicted, lang: str) -> dict[str, Any]:
    effect = stored(exercise.id, predicted.variant).effects[predicted.key]
    return {
        "number": number,
        "name": predicted_words(exercise, predicted, lang),
        "told": f"{effect.text(lang)}: {label(f'page.answer_{effect.direction}', lang)}",
        "up": percent(effect.up, lang),
    }


def predicted_words(exercise: Exercise, predicted: Predicted, lang: str) -> str:
    """What is predicted, in words: the outcome, the city, and the variant where there are several."""
    text = outcome_name(predicted.outcome, lang)
    if predicted.city:
        text += f", {label(f'city.{predicted.city}', lang)}"
    if len(exercise.variants) > 1:
        text = f"{exercise.variants[predicted.variant].title(lang)}: {text}"
    return text


def _fewer(frames: tuple[Look, ...]) -> tuple[Look, ...]:
    """The frames of a page: all but the last year's but one, which shows least and would make the page too large."""
    return (*frames[:-2], frames[-1]) if len(frames) > 5 else frames


def _variant(exercise: Exercise, number: int, lang: str) -> dict[str, Any]:
    variant = exercise.variants[number]
    reference, scenario = (
        in_language(load_scenario(name).title, lang).partition(". ")[0] for name in ("baseline", variant.scenario)
    )
    words = PictureWords(lang, reference, scenario)
    found = stored(exercise.id, number)
    # Frames of the first variant: those of the others would make the page too large for little.
    frames = [
        {"month": words.month(frame.month), "svg": Markup(draw_vessels(frame, words).svg)}
        for frame in (_fewer(found.frames) if number == 0 else ())
    ]
    keys = [predicted.key for predicted in exercise.predict if predicted.variant == number]
    charts = [Markup(_chart(key, found.effects[key], exercise, words)) for key in keys[:4]]
    return {"title": variant.title(lang), "frames": frames, "charts": charts}


def _chart(key: str, effect: Effect, exercise: Exercise, words: PictureWords) -> str:
    name, _, city = key.partition("@")
    shown = Outcome(
        name, city, effect.unit, effect.months, effect.reference, effect.scenario, effect.mean, effect.is_year
    )
    nothing = np.full((2, len(effect.months)), np.nan)
    band = Band(effect.replicates, effect.months, nothing, nothing, np.stack([effect.lo, effect.hi]))
    return draw_difference(shown, words, exercise.first, exercise.last, band).svg


def write_pages(folder: Path, languages: Sequence[str] = LANGUAGES) -> list[Path]:
    """Writes all pages into a folder, each completely or not at all; other files in it stay.

    Args:
        folder: Made if it is not there.
        languages: Some of `LANGUAGES`.

    Returns:
        The files.
    """
    folder.mkdir(parents=True, exist_ok=True)
    out = []
    for lang in languages:
        for name in PAGES:
            path = folder / f"{name}-{lang}.html"
            part = path.with_suffix(".part")
            remove(part)  # whatever is there, a link or a pipe
            with part.open("x", encoding="utf-8", newline="\n") as stream:
                stream.write(make_page(name, lang))
            part.replace(path)
            out.append(path)
    return out
