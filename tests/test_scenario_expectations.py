"""`decides` and `expects` of a scenario file: read, kept, not inherited, and no part of what is simulated."""

from __future__ import annotations

import json

import pytest
import yaml
from click.testing import CliRunner

from irregsim.cli import main
from irregsim.scenario import (
    DECIDERS,
    Expectation,
    Scenario,
    ScenarioError,
    changes_nothing,
    json_schema,
    load_scenario,
    shipped_scenarios,
)
from irregsim.scenario.expectations import DIRECTIONS, PARTS, RESTS_ON, outcome_names
from irregsim.scenario.explain import explain_scenario
from irregsim.vocabulary.labels import label
from scenario_files import child, message_of, write

pytestmark = pytest.mark.once

FINE = "levers: {fines: {worker_nok: 9000}}\n"
ENTRY = """expects:
  - outcome: stock:synlig
    direction: down
    rests_on: report
    mechanisms: [M007, M008]
    why: {nb: Beboere har en kjent adresse., en: Residents live at a known address.}
  - {outcome: "hazard:walkout", direction: unsure, rests_on: construction, mechanisms: [], why: Both ways.}
"""


def test_what_is_written_is_read(tmp_path):
    scenario = child(tmp_path, "decides: [UDI, municipality]\n" + ENTRY)
    assert scenario.decides == ("UDI", "municipality")
    first, second = scenario.expects
    assert first == Expectation(
        "stock:synlig",
        "down",
        "report",
        ("M007", "M008"),
        {"nb": "Beboere har en kjent adresse.", "en": "Residents live at a known address."},
    )
    assert second.why == {"nb": "Both ways.", "en": "Both ways."}  # one text counts for both
    assert (second.outcome, second.direction, second.mechanisms) == ("hazard:walkout", "unsure", ())


@pytest.mark.parametrize("lang", ["nb", "en"])
def test_a_reason_in_one_language_counts_for_the_other(tmp_path, lang):
    reason = "{nb: Beboere har en kjent adresse., en: Residents live at a known address.}"
    scenario = child(tmp_path, ENTRY.replace(reason, f"{{{lang}: A word.}}"))
    assert scenario.expects[0].why == {"nb": "A word.", "en": "A word."}


def test_one_decider_needs_no_list(tmp_path):
    for decider in DECIDERS:
        assert child(tmp_path, f"decides: {decider}\n").decides == (decider,)


def test_both_may_be_left_out(tmp_path):
    scenario = child(tmp_path, FINE)
    assert (scenario.decides, scenario.expects) == ((), ())
    assert child(tmp_path, "expects: []\n").expects == ()


def test_a_child_does_not_inherit_them(tmp_path):
    write(tmp_path, "decides: police\n" + FINE + ENTRY, name="parent")
    scenario = child(tmp_path, "levers: {work: {tax_card: true}}\n", extends="parent.yaml")
    assert (scenario.decides, scenario.expects) == ((), ())
    assert scenario.levers.worker_nok[-1] == 9000


def test_set_keeps_them_and_can_state_them(tmp_path):
    path = write(tmp_path, "decides: police\n" + FINE + ENTRY)
    kept = load_scenario(path, overrides=["levers.work.tax_card=true"])
    assert (kept.decides, len(kept.expects)) == (("police",), 2)
    assert load_scenario(path, overrides=["decides=[UDI, NGO]"]).decides == ("UDI", "NGO")
    assert "--set:1:1: decides: no decider 'udi'" in message_of(path, overrides=["decides=udi"])


def test_they_come_back_from_a_mapping(tmp_path):
    scenario = child(tmp_path, "decides: [ministry]\n" + FINE + ENTRY)
    mapping = json.loads(json.dumps(scenario.to_mapping()))
    assert Scenario.from_mapping(mapping) == scenario
    assert Scenario.from_mapping(mapping).expects == scenario.expects
    # Manifests of before reasons had languages hold one text.
    mapping["expects"][0]["why"] = "Residents live at a known address."
    assert set(Scenario.from_mapping(mapping).expects[0].why.values()) == {"Residents live at a known address."}
    # A reason without one of the languages is nothing that was ever written.
    mapping["expects"][0]["why"] = {"nb": "Beboere har en kjent adresse."}
    with pytest.raises(ScenarioError, match="KeyError: 'en'"):
        Scenario.from_mapping(mapping)
    # Manifests of before these keys lack them.
    del mapping["decides"], mapping["expects"]
    old = Scenario.from_mapping(mapping)
    assert (old.decides, old.expects, old.sha256) == ((), (), scenario.sha256)


def test_they_change_nothing(tmp_path):
    plain = child(tmp_path, FINE)
    told = child(tmp_path, "decides: police\n" + FINE + ENTRY)
    assert told.levers == plain.levers
    assert told.sha256 == plain.sha256
    assert told != plain
    assert changes_nothing(child(tmp_path, "decides: police\n" + ENTRY))


def test_the_schema_knows_them():
    properties = json_schema()["properties"]
    assert properties["decides"]["anyOf"][0]["enum"] == list(DECIDERS)
    entry = properties["expects"]["items"]
    assert entry["required"] == list(PARTS) == list(entry["properties"])
    assert entry["properties"]["direction"]["enum"] == list(DIRECTIONS)
    assert entry["properties"]["rests_on"]["enum"] == list(RESTS_ON)
    assert set(outcome_names()) == set(entry["properties"]["outcome"]["anyOf"][0]["enum"])
    why, title = entry["properties"]["why"], properties["title"]
    assert why["anyOf"] == title["anyOf"]
    assert {kind["type"] for kind in why["anyOf"]} == {"string", "object"}


@pytest.mark.parametrize(
    "outcome",
    ["stock:fritt_fall", "exit:bortvist", "register:pu_orders", "outcome:fines_nok", "hazard:pu_fetch_identity"],
)
def test_every_family_of_outcomes_is_accepted(tmp_path, outcome):
    text = yaml.safe_dump(
        {
            "expects": [
                {"outcome": outcome, "direction": "up", "rests_on": "theory", "mechanisms": [], "why": "A reason."}
            ]
        }
    )
    assert child(tmp_path, text).expects[0].outcome == outcome


@pytest.mark.parametrize(("lang", "own"), [("en", "Fines of employers tripled"), ("nb", "Tredoblede bøter til")])
def test_the_list_is_grouped_by_who_decides(lang, own):
    answer = CliRunner().invoke(main, ["scenarios", "--lang", lang])
    assert answer.exit_code == 0, answer.output
    lines = answer.stdout.splitlines()
    headings = [lines.index(words) for words in (label(f"decider.{one}", lang) for one in DECIDERS) if words in lines]
    assert len(headings) >= 5
    assert headings == sorted(headings)

    def group(name: str) -> str:
        row = next(i for i, line in enumerate(lines) if line.split(" ")[0] == name)
        return lines[max(i for i in headings if i < row)]

    assert group("fines-tripled") == label("decider.police", lang)
    assert group("agreement-eritrea") == label("decider.ministry", lang)
    assert group("no-pandemic") == label("decider.nobody", lang)
    assert any(line.startswith("fines-tripled") and own in line for line in lines)
    assert next(i for i, line in enumerate(lines) if line.startswith("baseline")) < headings[0]


@pytest.mark.parametrize("name", shipped_scenarios())
@pytest.mark.parametrize("lang", ["nb", pytest.param("en", marks=pytest.mark.slow)])
def test_a_shipped_scenario_is_told_in_one_language(name, lang):
    scenario = load_scenario(name)
    text = explain_scenario(scenario, lang)
    flat = " ".join(text.split())
    other = "en" if lang == "nb" else "nb"
    assert text.splitlines()[0] == f"{name}: {scenario.title[lang]}"
    assert " ".join(scenario.description[lang].split()) in flat
    assert scenario.description[other] not in flat
    for expected in scenario.expects:
        assert expected.why[lang] in flat
        assert expected.why[other] not in flat
        assert f"[{expected.outcome}]: {words_of_direction(expected.direction, lang)}" in flat
        assert label(f"rests_on.{expected.rests_on}", lang) in flat
    # Wrapped: only what a scenario sets (paths and values) may be long.
    assert max(len(line) for line in text.splitlines() if " -> " not in line) <= 120


def words_of_direction(direction, lang):
    norwegian = {"up": "opp", "down": "ned", "unsure": "ingen klar retning"}
    return norwegian[direction] if lang == "nb" else direction.replace("unsure", "no clear direction")


def test_a_scenario_is_told_with_what_it_sets_and_expects(tmp_path):
    scenario = child(tmp_path, "description: One text.\ndecides: [UDI, NGO]\n" + FINE + ENTRY)
    assert explain_scenario(scenario, "en").splitlines() == [
        "child: child",
        "  One text.",
        "  decides: The Directorate of Immigration (UDI); Voluntary organisations",
        "  period: 2012-01 .. 2030-12",
        "  extends: baseline",
        "",
        "  changes, compared with baseline:",
        "    levers.fines.worker_nok, 2012-01 .. 2030-12: 8000 -> 9000",
        "",
        "  expected effect compared with baseline, from the change on:",
        f"    {label('strategy.synlig', 'en')} [stock:synlig]: down",
        "      Residents live at a known address.",
        "      rests on: the report says so (M007, M008)",
        "    total probability in the rule walkout [hazard:walkout]: no clear direction",
        "      Both ways.",
        "      rests on: the model is built that way",
    ]
    rule = "    samlet sannsynlighet i regelen walkout [hazard:walkout]: ingen klar retning"
    assert rule in explain_scenario(scenario, "nb")


def test_a_scenario_that_states_little_is_told_so(tmp_path):
    lines = explain_scenario(child(tmp_path, ""), "nb").splitlines()
    assert "  avgjør: ikke oppgitt" in lines
    assert lines[-1] == "  ingen forventet virkning er oppgitt"
    assert not any("endrer, sammenlignet" in line for line in lines)  # nothing differs from the parent
    assert "changes, compared with" not in explain_scenario(load_scenario("baseline"), "en")
    # From a manifest nothing is known of the parent: what is expected stands, what is set is left out.
    kept = Scenario.from_mapping(child(tmp_path, FINE + ENTRY, name="kept").to_mapping())
    told = explain_scenario(kept, "en")
    assert "changes, compared with" not in told and "[stock:synlig]: down" in told


def test_a_scenario_may_have_the_name_of_its_parent(tmp_path):
    scenario = child(tmp_path, FINE, name="baseline")
    assert "    levers.fines.worker_nok, 2012-01 .. 2030-12: 8000 -> 9000" in explain_scenario(scenario).splitlines()


@pytest.mark.parametrize("lang", ["nb", "en"])
def test_the_command_explains_one_scenario(lang):
    answer = CliRunner().invoke(main, ["scenarios", "fines-tripled", "--lang", lang])
    assert answer.exit_code == 0, answer.output
    assert answer.stdout == explain_scenario(load_scenario("fines-tripled"), lang) + "\n"


def test_a_scenario_that_does_not_ship_is_hinted_at():
    answer = CliRunner().invoke(main, ["scenarios", "fines-triple"])
    assert answer.exit_code == 2
    assert "did you mean fines-tripled" in answer.stderr
