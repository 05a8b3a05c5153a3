"""A city is its row, and a subtype is its line: with both added to a copy of the package, everything follows."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

import irregsim
from irregsim.model.draws import CHANNELS, OWN_CHANNELS
from irregsim.model.month.choice import OPTIONS
from irregsim.vocabulary import reference
from irregsim.vocabulary.codes import CITIES, Strategy, Substrategy, chosen_subtypes
from irregsim.vocabulary.shipped import DataError, read_table
from new_rows import CITY, DISTRICT, SUBTYPE, copied


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What a package with a city and a subtype more shows."""
    source = copied(tmp_path_factory.mktemp("package"), Path(irregsim.__file__).parent)
    script, folder = Path(__file__).with_name("new_rows.py"), tmp_path_factory.mktemp("new_rows")
    answer = subprocess.run(
        [sys.executable, str(script), str(folder)],
        env={**os.environ, "PYTHONPATH": str(source)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 0, answer.stderr
    out: dict[str, Any] = json.loads(answer.stdout)
    return out


pytestmark = pytest.mark.once


@pytest.mark.slow
def test_a_sixth_city_comes_after_the_others_and_has_people(found):
    assert found["order"] == [*CITIES, CITY]
    assert found["where"] == [[DISTRICT, city] for city in (CITY, "Stavanger", "other")]
    assert found["persons"] > 0
    assert {"roofless_person_months", "care_needed"} <= set(found["outcomes"])


@pytest.mark.slow
def test_a_sixth_city_has_levers_and_is_compared(found):
    beds, shares = found["beds"]
    assert beds[-1] == 900.0 and shares[-2] > 0.0 == shares[-1]  # of the city, and of all other places
    assert found["cities"] == found["drawn"] == sorted([*CITIES, CITY])
    assert len(found["roofless"]) == 1 and found["roofless"][0] < 0.0


@pytest.mark.slow
def test_a_sixth_city_without_a_parameter_of_its_own_is_as_all_other_places(found):
    oslo, *between, city, other = found["readiness"]
    assert city == other < 1.0 < oslo
    assert between == [1.0] * 4


@pytest.mark.slow
def test_a_sixth_city_is_no_city_of_the_report(found):
    assert found["health"] == list(CITIES)


@pytest.mark.slow
def test_a_sixth_city_is_on_the_page_in_help_and_in_the_message(found):
    assert f'id="city-{CITY}"' in found["page"] and f"Fact sheet: {CITY}" in found["page"]
    assert f"Kristiansand, {CITY}." in found["help"]
    assert f"Kristiansand, {CITY}" in found["refused"]
    assert found["words"][:2] == [CITY, CITY]


@pytest.mark.slow
def test_a_second_city_of_a_district_has_a_bar_of_its_own_inside_the_tile(found):
    root = ElementTree.fromstring(found["tiles"])
    name = "{http://www.w3.org/2000/svg}"
    tiles = [g for g in root.iter(f"{name}g") if g.get("class") == "tile"]
    texts = {"".join(t.itertext()): t for tile in tiles for t in tile.iter(f"{name}text")}
    tile = next(g for g in tiles if any("".join(t.itertext()).startswith(CITY) for t in g.iter(f"{name}text")))
    frame = next(tile.iter(f"{name}rect"))
    top, high = float(frame.get("y", "")), float(frame.get("height", ""))
    assert top < float(texts["Stavanger"].get("y", "")) < float(texts[CITY].get("y", "")) < top + high
    ends = [float(r.get("y", "")) + float(r.get("height", "")) for r in tile.iter(f"{name}rect")]
    assert max(ends) <= top + high
    whole = float(root.get("viewBox", "").split()[3])
    assert all(float(next(g.iter(f"{name}rect")).get("y", "")) + high <= whole for g in tiles)


@pytest.mark.slow
def test_one_more_subtype_is_chosen_and_lived(found):
    assert list(found["by strategy"]) == ["marginalisert"]
    assert found["by strategy"]["marginalisert"] > 0
    by_subtype, in_city = found["agents"]
    assert by_subtype[SUBTYPE] > 0 and in_city > 0
    assert found["words"][2:] == ["tigging", "begging"]


@pytest.mark.slow
def test_one_more_subtype_has_a_channel_that_follows_from_its_code(found):
    assert found["channel"] == 1000 + len(Substrategy)
    assert max(CHANNELS.values()) < 1000 < found["channel"] < OWN_CHANNELS


def test_options_keep_their_order_and_are_those_of_the_subtypes():
    chosen = {**chosen_subtypes(Strategy.MARGINALISERT), **chosen_subtypes(Strategy.AVHENGIG)}
    assert set(chosen) == {"choice_sex_sale", "choice_drugs", "choice_property", "choice_survival_sex"}
    assert {s for s in Substrategy if s.option} == set(chosen.values())
    assert OPTIONS[4:7] == tuple(chosen)[:3] and OPTIONS[-1] == "choice_survival_sex"


def test_the_codes_of_subtypes_are_numbers_from_0():
    assert [int(s) for s in Substrategy] == list(range(len(Substrategy)))
    assert Substrategy(3) is Substrategy.FRIEND
    assert Substrategy.FRIEND.lives.strategy == Strategy.AVHENGIG


@pytest.fixture
def tables(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[dict[str, str]]]:
    """Rows of both tables, to be changed."""
    held = {name: read_table(name) for name in ("cities.csv", "districts.csv")}
    monkeypatch.setattr(reference, "read_table", lambda name: held[name])
    return held


def test_places_are_the_cities_of_a_district_and_what_they_leave(tables):
    places = reference.places.__wrapped__()
    assert [p.name for p in places if p.name.startswith("Vest")] == ["Vest/Bergen", "Vest/other"]
    assert next(p for p in places if p.name == "Vest/other").former_asylum_share == 0.03
    assert sum(p.name == "Oslo" for p in places) == 1 and len(places) == 13


@pytest.mark.parametrize(
    ("table", "row", "change", "fault"),
    [
        ("cities.csv", "Bergen", {"district": "Vset"}, r"cities.csv: Bergen: no district 'Vset'; there are Oslo, Øst"),
        ("cities.csv", "Bergen", {"former_asylum_share": "0.2"}, r"Vest: its cities have 0.08 more than its former_"),
        ("cities.csv", "Oslo", {"employer_sanctions_2016_2019": "110"}, r"Oslo: what its cities leave needs a name"),
        ("districts.csv", "Øst", {"never_asylum_share": "0.15"}, r"never_asylum_share adds up to 1.01, not 1"),
    ],
)
def test_faults_of_the_tables_say_where_and_what(tables, table, row, change, fault):
    key = table.replace("ies.csv", "y").replace("s.csv", "")
    next(one for one in tables[table] if one[key] == row).update(change)
    with pytest.raises(DataError, match=fault):
        reference.places.__wrapped__()
