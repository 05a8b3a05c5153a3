"""One place for each new thing: what is declared once is seen everywhere (CONTRIBUTING.md says what to declare)."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from irregsim.model.history import OUTCOMES as HISTORY_OUTCOMES
from irregsim.model.registers import REGISTERS
from irregsim.present.pages.compare import SECTIONS
from irregsim.present.pages.compare_tables import sections as sections_of_tables
from irregsim.present.plots.compare import PICTURES
from irregsim.study.comparison.costs import all_costs
from irregsim.study.comparison.key_figures import PANELS
from irregsim.vocabulary.codes import CITIES
from irregsim.vocabulary.labels import labels
from irregsim.vocabulary.outcomes import AMOUNTS, OUTCOMES
from new_things import OUTCOME, PICTURE, REGISTER, WORDS

pytestmark = pytest.mark.once


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What a package with a register, an outcome, a picture and a statistic more shows."""
    script = Path(__file__).with_name("new_things.py")
    folder = tmp_path_factory.mktemp("new_things")
    answer = subprocess.run([sys.executable, str(script), str(folder)], capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stderr
    out: dict[str, Any] = json.loads(answer.stdout)
    return out


def test_a_register_of_ones_own_is_compared_without_a_latent_counterpart(found):
    assert found["panels"][0] == "presence"
    assert set(found["latent"]) == {""}  # and nothing crashed for want of one
    assert REGISTER in found["drawn"]


def test_a_register_of_ones_own_is_seen_on_screen_and_in_pictures(found):
    line = next(line for line in found["terminal"].splitlines() if "meetings in the street" in line)
    assert line.endswith("(40)")  # its published count, as beside a run of the whole country
    assert found["picture"]
    assert {f"register:{REGISTER}", f"register:{REGISTER}:total:total"} <= set(found["summary"])
    alt, sources = found["fit"]
    assert alt.startswith("Meetings in the street, told by an organisation")
    assert sources == ["model", "target"]
    assert found["live"] == 1  # one whole year


def test_a_register_of_ones_own_has_targets_and_expectations(found):
    assert any(line.startswith(REGISTER) for line in found["targets"].splitlines())
    assert {f"register:{REGISTER}", f"outcome:{OUTCOME}"} <= set(found["expects"])


def test_an_outcome_of_ones_own_is_compared_and_followed(found):
    assert found["panels"][1] == "living"
    assert found["cities"] == sorted(CITIES)
    assert found["followed"] == ["Meals missed", "Meetings in the street"]
    assert found["in a city"] == [f"outcome:{OUTCOME}"]


def test_what_no_agency_counts_of_it_is_an_index_for_readers(found):
    assert f"outcome:{OUTCOME}" in found["summary"]
    assert found["units"] == ["index"]


def test_a_picture_and_a_statistic_of_ones_own_are_in_their_section_of_the_page(found):
    assert f"compare-{PICTURE}.csv" in found["plots"]
    page = found["page"]
    start = page.index(f'id="{PICTURE}"')
    section = page[start : page.index("</section>", start)] if "</section>" in page[start:] else page[start:]
    for key in (f"compare.h_{PICTURE}", f"compare.note_{PICTURE}", f"compare.title_{PICTURE}", "compare.meals_caption"):
        assert WORDS[key] in section, key
    assert WORDS[f"outcome.{OUTCOME}"][1:] in page and WORDS[f"register_short.{REGISTER}"][1:] in page


#: Order of storage: outcomes are added at the end, and none is moved.
STORED_OUTCOMES = (
    "roofless_person_months",
    "homeless_person_months",
    "exploitative_work_person_months",
    "exploitative_dependence_person_months",
    "violent_relation_person_months",
    "wages_withheld_nok",
    "care_needed",
    "care_sought",
    "care_received",
    "child_months_in_centre",
    "child_months_outside",
    "child_centre_moves",
    "citizen_children_with_parent_at_risk",
    "offences_reported",
    "offences_unreported",
    "detention_days",
    "centre_bed_days",
    "inspections",
    "fines_nok",
    "back_pay_nok",
)


def test_stored_outcomes_keep_their_place():
    assert tuple(one.code for one in OUTCOMES)[: len(STORED_OUTCOMES)] == STORED_OUTCOMES
    assert list(HISTORY_OUTCOMES.items()) == [(one.code, one.unit) for one in OUTCOMES]
    assert len({one.code for one in OUTCOMES}) == len(OUTCOMES)


def test_outcomes_of_one_unit_reveal_the_same():
    kinds = {(one.unit, one.reveals) for one in OUTCOMES}
    assert len(kinds) == len({unit for unit, _ in kinds})
    assert set(AMOUNTS) == {"NOK", "days", "inspections"}
    codes = {one.code for one in OUTCOMES}
    # An amount that nobody counts would give the number of persons back: it says of whom it comes.
    assert {one.code for one in OUTCOMES if one.persons} == {
        one.code for one in OUTCOMES if one.reveals == "amount" and not one.is_counted
    }
    assert all(one.persons in codes for one in OUTCOMES if one.persons)


def test_every_outcome_is_a_key_figure_of_the_panel_that_it_declares():
    for panel, names in PANELS.items():
        named = {name.partition(":")[2] for name in names if name.startswith("outcome:")}
        assert named == {one.code for one in OUTCOMES if one.panel == panel}
        registers = {name.partition(":")[2] for name in names if name.startswith("register:")}
        assert registers == {one.name for one in REGISTERS if one.panel == panel}
        assert len(set(names)) == len(names)


def test_every_cost_is_of_an_outcome_or_a_move_that_is_compared():
    codes = {f"outcome:{one.code}" for one in OUTCOMES}
    assert all(cost.outcome in codes for cost in all_costs() if cost.outcome.startswith("outcome:"))


def test_every_picture_and_section_of_a_comparison_has_words():
    names = [one.name for one in PICTURES]
    assert len(set(names)) == len(names)
    titled = {key.removeprefix("compare.title_") for key in labels() if key.startswith("compare.title_")}
    assert titled == set(names)
    own = {"forest", "displacement"}  # their alternative text is made of numbers
    described = {key.removeprefix("compare.alt_") for key in labels() if key.startswith("compare.alt_")}
    assert described == set(names) - own
    sections = {*SECTIONS, *(one.section for one in PICTURES), *sections_of_tables()}
    apart = {"first", "figures", "twins", "slides"}
    assert [one for one in sections - apart if f"compare.h_{one}" not in labels()] == []
    assert [one for one in sections - apart if f"compare.note_{one}" not in labels()] == []
