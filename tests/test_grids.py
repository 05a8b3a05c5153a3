"""The grids of stored runs and the page with sliders: what it shows was simulated, and nothing between is made up."""

from __future__ import annotations

import json
import re
from html import unescape

import pytest

from irregsim.inference.posterior import choose
from irregsim.scenario import diff_rows, load_scenario
from irregsim.vocabulary.labels import LANGUAGES
from irregsim.vocabulary.reference import DataError
from irregsim.workshop import grids as grids_module
from irregsim.workshop.exercises import material
from irregsim.workshop.grids import Cell, about, checked, grids, is_assumption, main, stored, stored_check
from irregsim.workshop.handouts import make_page

pytestmark = pytest.mark.once

GRIDS = {grid.exercise: grid for grid in grids()}


def test_each_grid_has_three_or_four_sliders_and_its_runs():
    assert GRIDS
    for grid in GRIDS.values():
        assert 3 <= len(grid.sliders) <= 4
        found = stored(grid)
        assert {name: len(cells) for name, cells in found.items()} == dict.fromkeys(grid.outcomes, len(grid.cells()))
        assert material().exercise(grid.exercise).first <= 168


def test_the_first_combination_is_the_reference_and_every_other_is_not():
    base = load_scenario("baseline")
    for grid in GRIDS.values():
        first, *others = grid.cells()
        assert grid.overrides(first) == []
        assert {cell for cells in stored(grid).values() for cell in cells[:1]} == {Cell(0.0, 0.0, 0.0)}
        for cell in (others[0], others[-1]):
            if any(map(is_assumption, grid.sliders)):
                rows = diff_rows([grid.reference(cell), grid.scenario(cell)])
                assert not [row for row in rows if row["key"].startswith("assumptions.")]
                continue
            assert grid.reference(cell) == base
            assert grid.scenario(cell).levers.first_difference(base.levers, since=base.start) == 168
    assert about()["posterior"] == choose("posterior")[0].name


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.slow] if number else []) for number, name in enumerate(GRIDS)]
)
def test_the_model_still_gives_what_was_stored(name):
    """With every slider at its last value, in a fiftieth of the country."""
    assert checked(GRIDS[name]) == stored_check(GRIDS[name]), "run: python -m irregsim.workshop.grids"


def test_the_stored_runs_say_what_the_report_holds():
    """More inspections leave fewer in informal work, whatever else is set, and every slider counts."""
    grid = GRIDS["fines"]
    cells = dict(zip(grid.cells(), stored(grid)["stock:arbeidende"], strict=True))
    for base, share, _ in grid.cells():
        means = [cells[base, share, inspections].mean for inspections in grid.sliders[2].values]
        assert means == sorted(means, reverse=True)
    assert cells[None, None, 4].direction == "down"
    assert len({cell.mean for cell in cells.values()}) == len(cells)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_slider_stops_at_what_was_simulated_and_nowhere_else(lang):
    page = make_page("sliders", lang)
    sections = page.split('<section class="grid"')[1:]
    assert len(sections) == len(GRIDS)
    for section, grid in zip(sections, GRIDS.values(), strict=True):
        ends = [int(end) + 1 for end in re.findall(r'type="range"[^>]* min="0" max="(\d+)" step="1"', section)]
        assert ends == [len(slider.values) for slider in grid.sliders]
        cells = json.loads(unescape(re.search(r'data-cells="([^"]*)"', section)[1]))
        for shown, found in zip(cells, stored(grid).values(), strict=True):
            assert [cell[2:] for cell in shown] == [
                [] if one.mean is None else [one.mean, one.lo, one.hi] for one in found
            ]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_page_shows_the_combination_that_is_set(tmp_path, lang):
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright comes with the extra dev")
    from browser_tools import FLAGS, chromium

    path, file = chromium(), tmp_path / "sliders.html"
    file.write_text(make_page("sliders", lang), encoding="utf-8")
    grid = GRIDS["fines"]
    with playwright.sync_playwright() as p:
        browser = p.chromium.launch(executable_path=path, args=list(FLAGS))
        page, faults = browser.new_page(), []
        page.on("console", lambda told: faults.append(told.text))
        page.on("pageerror", lambda told: faults.append(str(told)))
        page.goto(file.as_uri())
        box = page.locator("#fines")
        told = lambda: box.locator("td.told").all_inner_texts()  # noqa: E731
        before = told()
        assert len(set(before)) == 1 and "%" not in before[0]
        sliders = box.locator("input[type=range]")
        for number, place in ((0, 1), (1, 2), (2, 1)):
            for _ in range(place):
                sliders.nth(number).press("ArrowRight")
        index = grid.cells().index((100000, 0.8, 2))
        cells = json.loads(box.get_attribute("data-cells"))
        assert told() == [cells[row][index][0] for row in range(len(grid.outcomes))]
        assert box.locator("output").first.inner_text().startswith("100")
        line = box.locator("svg .span").first
        reach = float(box.locator("tbody tr").first.get_attribute("data-reach"))
        assert float(line.get_attribute("x1")) == pytest.approx(
            100 * stored(grid)["stock:arbeidende"][index].lo / reach
        )
        box.locator("button.back").click()
        assert told() == before
        assert faults == []
        browser.close()


def test_what_cannot_be_a_grid_is_refused(monkeypatch):
    wrong = [
        {
            "exercise": "nothing",
            "from": "2023-01",
            "replicates": 2,
            "sliders": [{"lever": "fines.worker_nok", "values": [1, 2]}],
            "outcomes": ["stock:none"],
        }
    ]
    monkeypatch.setattr(grids_module.yaml, "safe_load", lambda text: wrong)
    grids.cache_clear()
    with pytest.raises(DataError, match=r"no exercise 'nothing'.*no outcome 'stock:none'.*first value is not null"):
        grids()
    monkeypatch.undo()
    grids.cache_clear()


def test_a_grid_is_made_again_alone_and_the_others_stay(tmp_path):
    file = tmp_path / "grids.json"
    main([str(file)], lambda grid, jobs: {"made": grid.exercise})
    main([str(file), "--only", "fines"], lambda grid, jobs: {"made": "again"})
    found = json.loads(file.read_text(encoding="utf-8"))
    assert found["grids"]["fines"] == {"made": "again"}
    assert found["grids"]["register-counts"] == {"made": "register-counts"}
    assert [path.name for path in tmp_path.iterdir()] == ["grids.json"]
