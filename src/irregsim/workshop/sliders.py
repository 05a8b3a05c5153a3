"""The page with sliders: a grid of stored runs beside an exercise, which opens from a file and asks for nothing."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Any, Final

from markupsafe import Markup

from irregsim import __version__
from irregsim.present.pages import render
from irregsim.present.words import lever_of, lever_value
from irregsim.scenario import load_scenario
from irregsim.scenario.levers import Holds, Kind, number_text
from irregsim.scenario.levers import words as lever_words
from irregsim.vocabulary.codes import month_number
from irregsim.vocabulary.disclosure import PERCENT
from irregsim.vocabulary.labels import Words, in_language, label
from irregsim.vocabulary.numbers import country_name, month_words, number, plain, rounded_text, with_percent
from irregsim.workshop.exercises import material
from irregsim.workshop.grids import (
    SCALE,
    SCENARIO,
    Cell,
    Grid,
    Slider,
    Value,
    grids,
    is_assumption,
    name_and_city,
    stored,
    unit_of,
)
from irregsim.workshop.pictures.words import outcome_name
from irregsim.workshop.stored_runs import filled

#: Shows the combination that the sliders say: its texts and its interval. What is between two values is not shown.
SCRIPT: Final = """
"use strict";
document.querySelectorAll(".grid").forEach(function (box) {
  var cells = JSON.parse(box.dataset.cells), sizes = JSON.parse(box.dataset.sizes);
  var sliders = Array.from(box.querySelectorAll("input")), rows = Array.from(box.querySelectorAll("tbody tr"));
  function show() {
    var place = 0;
    sliders.forEach(function (one, i) {
      place = place * sizes[i] + Number(one.value);
      var said = JSON.parse(one.dataset.said)[Number(one.value)];
      one.setAttribute("aria-valuetext", said);
      one.nextElementSibling.textContent = said;
    });
    rows.forEach(function (row, i) {
      var cell = cells[i][place], reach = Number(row.dataset.reach) || 1;
      row.querySelector(".told").textContent = cell[0];
      row.querySelector(".way").textContent = cell[1];
      var there = cell.length > 2, span = row.querySelector(".span"), middle = row.querySelector(".middle");
      span.style.display = middle.style.display = there ? "" : "none";
      if (there) {
        ["x1", "x2"].forEach(function (end, k) {
          span.setAttribute(end, 100 * cell[3 + k] / reach);
          middle.setAttribute(end, 100 * cell[2] / reach);
        });
      }
    });
  }
  sliders.forEach(function (one) { one.addEventListener("input", show); });
  box.querySelector(".back").addEventListener("click", function () {
    sliders.forEach(function (one) { one.value = 0; });
    show();
  });
  show();
});
"""


def make_sliders(lang: str) -> str:
    """The page as text.

    Args:
        lang: Language.
    """
    words = Words(lang, "workshop")
    return render(
        "sliders.html",
        lang,
        title=words("title_sliders"),
        lead=words("lead_sliders"),
        version=__version__,
        before=[line(lang) for line in material().note.before],
        grids=[_grid(grid, lang, words) for grid in grids()],
        words=words,
        script=Markup(SCRIPT),
        script_hash=f"sha256-{base64.b64encode(hashlib.sha256(SCRIPT.encode()).digest()).decode()}",
    )


def _grid(grid: Grid, lang: str, words: Words) -> dict[str, Any]:
    exercise = material().exercise(grid.exercise)
    found = stored(grid)
    return {
        "id": grid.exercise,
        "title": exercise.title(lang),
        "background": exercise.background(lang),
        "question": exercise.question(lang),
        "hinges": filled(exercise.hinges, exercise, lang),
        "levers": [_slider(one, lang, words) for one in grid.sliders],
        "sizes": json.dumps([len(one.values) for one in grid.sliders]),
        "cells": json.dumps(
            [[_cell(cell, unit_of(name), lang, words) for cell in found[name]] for name in grid.outcomes],
            ensure_ascii=False,
            separators=(",", ":"),
        ),
        "outcomes": [{"name": _name(name, lang), "reach": _reach(found[name])} for name in grid.outcomes],
        "caption": words(
            "sliders_caption",
            start=month_words(month_number(grid.start), lang),
            until=month_words(exercise.last, lang),
        ),
        "made": words(
            "sliders_made", n=grid.replicates, size=plain(f"{100 * SCALE:g}", lang), combinations=len(grid.cells())
        ),
    }


def _slider(slider: Slider, lang: str, words: Words) -> dict[str, Any]:
    """Name of what a slider sets, and each of its values in words."""
    if slider.lever == SCENARIO:
        named = (in_language(load_scenario(str(value)).title, lang) for value in slider.values if value is not None)
        return {"name": words("sliders_scenario"), "said": [words("sliders_as_reference"), *named]}
    path = slider.lever if is_assumption(slider) else f"levers.{slider.lever}"
    return _lever(path, slider.values, lang, words)


def _lever(path: str, values: tuple[Value, ...], lang: str, words: Words) -> dict[str, Any]:
    """Name of a lever with its place, and each of its values in words."""
    lever = lever_of(path)
    assert lever is not None, f"{path} is a lever"
    told = lever_words(lever, lang)
    place = path.removeprefix(f"{lever.path}").lstrip(".")
    place = country_name(place, lang) if lever.kind is Kind.AGREEMENTS else place

    def said(value: Value) -> str:
        if value is None:
            return words("sliders_as_fitted" if lever.path.startswith("assumptions.") else "sliders_as_reference")
        if isinstance(value, str):
            return lever_value(path, value, lang)
        if lever.holds is Holds.TRUE_FALSE:
            return label("page.yes" if value else "page.no", lang)
        whole = float(value).is_integer()
        text = number(value, lang, decimals=0) if whole else plain(number_text(float(value)), lang)
        return text if lever.path.startswith("assumptions.") else f"{text} {told.unit}"

    return {"name": f"{told.name}, {place}" if place else told.name, "said": [said(value) for value in values]}


def _name(told: str, lang: str) -> str:
    name, city = name_and_city(told)
    return f"{outcome_name(name, lang)}, {city}" if city else outcome_name(name, lang)


def _cell(cell: Cell, unit: str, lang: str, words: Words) -> list[str | float]:
    """What a row says for a combination: text, direction, and where mean and ends are, if there are enough persons."""
    if cell.mean is None or cell.lo is None or cell.hi is None:
        return [words("sliders_few"), ""]
    told = rounded_text(cell.mean, cell.lo, cell.hi, unit, lang)
    is_changed = any((cell.mean, cell.lo, cell.hi))
    text = with_percent(told) if unit == PERCENT and is_changed else told
    return [text, label(f"page.answer_{cell.direction}", lang), cell.mean, cell.lo, cell.hi]


def _reach(cells: list[Cell]) -> float:
    """The farthest end of any interval of an outcome: every combination is drawn on the same axis."""
    return max(abs(end) for cell in cells for end in (cell.lo or 0.0, cell.hi or 0.0))
