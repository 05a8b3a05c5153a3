"""A scenario opens a reception centre that is not in the data: how it is written, checked, shown and simulated."""

from __future__ import annotations

import json
from types import SimpleNamespace

import numpy as np
import pytest
from click.testing import CliRunner

from irregsim.cli import main
from irregsim.model.centres import COUNT, IS_NEW, NAMED, PLACE_OF, REMOTENESS
from irregsim.model.parameters import point_draw
from irregsim.model.simulate import simulate
from irregsim.present.words import lever_change, lever_words
from irregsim.scenario import ScenarioError, diff_rows, load_scenario, scenario_text
from irregsim.scenario.levers import find
from irregsim.scenario.resolved import Scenario
from irregsim.storage.manifests import manifest_faults
from irregsim.study.identity import NEW_CENTRES, scenario_in
from irregsim.vocabulary import reference
from irregsim.vocabulary.codes import CITIES, DISTRICTS, month_number

HEAD = "schema: 1\nname: {name}\ntitle: New\ndescription: New.\nextends: {parent}\nlevers:\n  reception_centres:\n"
BODO = "{centre: Bodø, district: Andre, places: 60, on: 2024-07}"
OPEN = "levers.reception_centres.open"


@pytest.fixture
def scenario(tmp_path):
    def write(*entries, parent="baseline", name="new"):
        lines = "".join(f"      - {entry}\n" for entry in entries)
        path = tmp_path / f"{name}.yaml"
        path.write_text(f"{HEAD.format(name=name, parent=parent)}    open:\n{lines}", encoding="utf-8")
        return path

    return write


def places(loaded):
    """First month and places of every new centre that opens, by its name in the data."""
    array = loaded.levers.new_centre_places
    return {
        one.name: (int(np.flatnonzero(array[:, one.index])[0]), float(array[-1, one.index]))
        for one in reference.new_centres()
        if array[:, one.index].any()
    }


def test_there_are_as_many_in_each_district_outside_its_city_and_as_far_off_as_its_other_centres():
    new, where = reference.new_centres(), reference.places()
    per_district = [sum(where[one.place].district == d for one in new) for d in range(len(DISTRICTS))]
    assert per_district == [reference.NEW_IN_DISTRICT] * len(DISTRICTS)
    assert np.flatnonzero(IS_NEW).tolist() == list(range(NAMED, NAMED + len(new)))
    assert PLACE_OF[IS_NEW].tolist() == [one.place for one in new]
    assert NAMED + len(new) + len(CITIES) == COUNT and REMOTENESS[-1] == 0.0, "number -1 is read as the last"
    for one in new:
        district = where[one.place].district
        has_rest = any(p.district == district and p.city >= len(CITIES) for p in where)
        assert (where[one.place].city >= len(CITIES)) is has_rest
        pools = [c for c in reference.centres() if c.places is None and where[c.place].district == district]
        assert not pools or REMOTENESS[NAMED + one.index] == pools[0].remoteness


def test_no_shipped_scenario_has_one_and_their_identity_stays():
    baseline = load_scenario("baseline")
    assert not baseline.levers.new_centre_places.any() and baseline.new_names == {}
    assert "new_centre_places" not in baseline.to_mapping()["levers"]


def test_it_opens_in_its_month_and_survives_the_mapping(scenario):
    loaded = load_scenario(scenario(BODO))
    assert places(loaded) == {"Andre 1": (month_number("2024-07"), 60.0)}
    assert loaded.new_names == {"Andre 1": "Bodø"}
    again = Scenario.from_mapping(loaded.to_mapping())
    assert again == loaded and again.sha256 == loaded.sha256 != load_scenario("baseline").sha256
    assert loaded.levers.first_difference(load_scenario("baseline").levers) == month_number("2024-07")


def test_they_are_numbered_by_when_they_open(scenario):
    later = "{centre: Alta, district: Andre, places: 80, on: 2025-01}"
    other = "{centre: Voss, district: Vest, places: 40, on: 2023-01}"
    found = places(load_scenario(scenario(later, BODO, other)))
    assert found == {
        "Andre 1": (month_number("2024-07"), 60.0),
        "Andre 2": (month_number("2025-01"), 80.0),
        "Vest 1": (month_number("2023-01"), 40.0),
    }


def test_a_child_adds_replaces_and_takes_away(scenario):
    scenario(BODO)
    other = "{centre: Alta, district: Andre, places: 80, on: 2025-01}"
    assert len(places(load_scenario(scenario(other, parent="new.yaml", name="child")))) == 2
    moved = BODO.replace("60", "90")
    assert places(load_scenario(scenario(moved, parent="new.yaml", name="child")))["Andre 1"][1] == 90.0
    assert places(load_scenario(scenario("{centre: Bodø, on: null}", parent="new.yaml", name="child"))) == {}


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        (BODO.replace("Andre", "Andr"), "no police district 'Andr' (did you mean Andre?)"),
        (BODO.replace(", district: Andre", ""), "district: is missing: a new centre has a district and places"),
        (BODO.replace(", places: 60", ""), "places: is missing: a new centre has a district and places"),
        (BODO.replace("60", "0"), "0 is outside 1 to 5000, places"),
        (BODO.replace("60", "9000"), "9000 is outside 1 to 5000, places"),
        (BODO.replace("Bodø", "bergen"), "Bergen is there already; to open it again leave out district and places"),
        (BODO.replace("2024-07", "2041-07"), "is outside the period"),
        (BODO.replace("2024-07", "2024-13"), "month"),
        (BODO.replace("Bodø", "B" * 41), "must be a name of 1 to 40 characters, found 41"),
        ("{centre: Bodø, on: 2024-07}", "no reception centre 'Bodø'"),
        ("{centre: Bodø, on: null}", "nothing to remove for Bodø"),
    ],
)
def test_what_cannot_be_is_refused(scenario, entry, message):
    with pytest.raises(ScenarioError) as error:
        load_scenario(scenario(entry))
    assert message in str(error.value) and OPEN in str(error.value)


def test_duplicates_and_too_many_in_a_district_are_refused(scenario):
    with pytest.raises(ScenarioError, match="duplicate Bodø"):
        load_scenario(scenario(BODO, BODO.replace("2024-07", "2025-01")))
    more = [BODO.replace("Bodø", name) for name in ("Alta", "Vadsø", "Bodø")]
    with pytest.raises(ScenarioError, match="more than 2 new centres in Andre"):
        load_scenario(scenario(*more))


def test_commands_name_it(scenario):
    path = str(scenario(BODO))
    told = " ".join(CliRunner().invoke(main, ["validate", path, "--lang", "en"]).stdout.split())
    assert f"{OPEN}.new.Bodø from 2024-07 to 2030-12: 0 -> 60" in told
    (row,) = diff_rows([load_scenario("baseline"), load_scenario(path)])
    assert row["key"] == f"{OPEN}.new.Bodø" and (row["baseline"], row["new"]) == ("0", "60")
    nameless = Scenario.from_mapping(load_scenario(path).to_mapping())
    assert diff_rows([load_scenario("baseline"), nameless])[0]["key"] == f"{OPEN}.new.Andre 1"
    for lang, words in (("nb", "nytt mottak: Bodø"), ("en", "new reception centre: Bodø")):
        assert lever_words(row["key"], lang) == words
        assert lever_change(row["key"], "60", lang).startswith(f"{words}: 60 ")
        assert "60" not in lever_change(row["key"], "0", lang)


def test_it_is_written_to_a_file_again(scenario, tmp_path):
    loaded = load_scenario(scenario(BODO))
    path = tmp_path / "again.yaml"
    path.write_text(scenario_text(loaded), encoding="utf-8")
    again = load_scenario(path)
    assert again.levers == loaded.levers and again.new_names == loaded.new_names


@pytest.mark.once
def test_people_live_in_it_once_it_is_open_and_nothing_differs_before(scenario, monkeypatch):
    monkeypatch.setenv("IRREGSIM_ENGINE", "numpy")
    entry = BODO.replace("60", "2000").replace("2024-07", "2012-07")
    end = "2012-09"
    new, old = load_scenario(scenario(entry), end=end), load_scenario("baseline", end=end)
    worlds = [simulate(one, point_draw(), seed=1, replicate=0, scale=0.05) for one in (old, new)]
    here = [np.bincount(w.population.centre[w.population.centre >= 0], minlength=COUNT) for w in worlds]
    number = NAMED + next(one.index for one in reference.new_centres() if one.name == "Andre 1")
    assert here[0][IS_NEW].sum() == 0
    assert here[1][number] > 0 and here[1][IS_NEW].sum() == here[1][number]
    before = month_number("2012-07")
    moves = [world.history.moves_by_month()[:before] for world in worlds]
    assert moves[0].sum() > 0 and np.array_equal(*moves)


def test_a_run_folder_that_is_read_again_has_the_name_of_its_file(scenario):
    """The name is beside the scenario in the manifest, which stays the same to the last letter."""
    opened = load_scenario(scenario(BODO))
    manifest = {"scenario": opened.to_mapping(), NEW_CENTRES: dict(opened.new_names)}
    again = scenario_in(json.loads(json.dumps(manifest)))
    keys = [row["key"] for row in diff_rows([load_scenario("baseline"), again])]
    assert any(key.endswith("new.Bodø") for key in keys) and not any(key.endswith("Andre 1") for key in keys)
    assert again.to_mapping() == opened.to_mapping() and again.sha256 == opened.sha256
    del manifest[NEW_CENTRES]
    older = scenario_in(manifest)
    assert any(row["key"].endswith("Andre 1") for row in diff_rows([load_scenario("baseline"), older])), (
        "an older folder"
    )
    needed = {"run_id": "0" * 16, "versions": {"irregsim": "1"}, "outputs": {}}
    assert manifest_faults({**needed, NEW_CENTRES: {"Andre 1": "Bodø"}}) == []
    assert manifest_faults({**needed, NEW_CENTRES: {"Andre 1": 5}})


@pytest.mark.parametrize("lang", ["nb", "en"])
def test_the_workshop_page_opens_one(lang):
    solara, vuetify = pytest.importorskip("solara"), pytest.importorskip("ipyvuetify")
    pytest.importorskip("mesa")
    from irregsim.workshop.browser.controls import CentreDates
    from irregsim.workshop.browser.words import Say
    from irregsim.workshop.settings import Settings

    room = SimpleNamespace(settings=Settings(), next_month="2024-03")

    def on_set(change):
        room.settings = change(room.settings)

    shown = CentreDates(room, find(OPEN), Say(lang), 0, "2024-07", on_set)
    _, page = solara.render(shown, handle_error=False)
    try:
        button = page.find(vuetify.Btn).widgets[-1]
        assert button.disabled, "a centre has a name"
        (name,) = page.find(vuetify.TextField).widgets
        name.v_model = "Bodø"
        page.find(vuetify.Btn).widgets[-1].click()
    finally:
        page.close()
    (row,) = room.settings.differences
    assert (row["key"], row["from"], row["value"]) == (f"{OPEN}.new.Bodø", "2024-07", "60")
