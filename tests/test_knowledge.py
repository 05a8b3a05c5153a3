"""What counts as history: states of knowledge, dated facts on and off, and where assumption begins."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

import irregsim
from irregsim.cli import main
from irregsim.commands.request import WrongUse
from irregsim.model.month.asylum_cases import dublin_mix, queue
from irregsim.model.parameters import point_draw
from irregsim.model.values import Values
from irregsim.present import plots
from irregsim.scenario import Levers, Scenario, ScenarioError, json_schema, load_scenario, scenario_text, timeline
from irregsim.scenario.loading import changes_nothing
from irregsim.scenario.reading import shipped_scenarios
from irregsim.storage.folder import MANIFEST
from irregsim.study import replicates as experiment
from irregsim.vocabulary import reference
from irregsim.vocabulary.codes import month_number
from irregsim.vocabulary.knowledge import (
    ACTING,
    DEFAULT_KNOWLEDGE,
    FIRST_KNOWLEDGE,
    STATES,
    Knowledge,
    UnknownFact,
    assumed_from,
    assumption_starts,
    checked_facts,
    facts,
    read_facts,
    without_effect,
)
from irregsim.vocabulary.shipped import DataError
from known_digest import digest_of

pytestmark = pytest.mark.once

STORED = Path(__file__).parent / "golden" / "known_2021_05.json"
OLD = "as_known=2021-05"
HELD = "assumptions.driver_walks=false"
NEWEST = max(STATES)
NEW = f"as_known={NEWEST}"
COUNTRY = {country.name: country.index for country in reference.countries()}
#: Facts that change nothing in the baseline: hardly anybody was sent there anyway, and only an agreement shows it.
SILENT = {"U20"}


@cache
def values(*without: str, as_known: str = NEWEST) -> Values:
    return Values(load_scenario("baseline", overrides=[f"as_known={as_known}"], without=without).levers, point_draw())


def paths(what: Values) -> dict[str, np.ndarray]:
    """Everything that a rule reads month by month, schemes as whether one is in force."""
    out = {name: np.asarray(path, dtype=np.float64) for name, path in what._paths.items()}
    in_force = [[s.is_in_force(month) for s in what.levers.regularisation] for month in range(what.months)]
    out["schemes"] = np.array([float(any(row)) for row in in_force])
    out["final"], out["dublin"] = queue(what).in_simulation, dublin_mix(what)
    return out


def changed(one: Values, two: Values) -> dict[str, int]:
    """First month in which each differs."""
    found = {}
    mine, theirs = paths(one), paths(two)
    for name, path in mine.items():
        apart = (path != theirs[name]) & ~(np.isnan(path) & np.isnan(theirs[name]))
        months = np.flatnonzero(apart.reshape(len(path), -1).any(axis=1))
        if len(months):
            found[name] = int(months[0])
    return found


# -- states ------------------------------------------------------------------------------------------------------------


def test_as_known_in_2021_all_is_as_it_was():
    """Drivers and stocks after 2020 equal those stored before any fact of 2021 or later was there.

    Drivers are held at their last level, as they were then.
    """
    stored = json.loads(STORED.read_text(encoding="utf-8"))
    now = digest_of(
        load_scenario("baseline", overrides=[OLD, HELD]),
        load_scenario("baseline", overrides=[OLD, HELD], end="2022-06"),
    )
    for part in ("paths", "queue"):
        for name, numbers in stored[part].items():
            np.testing.assert_allclose(now[part][name], numbers, rtol=1e-12, err_msg=name)
    assert now["world"] == stored["world"]


def test_states_differ_after_2020_only():
    found = changed(values(), values(as_known="2021-05"))
    assert {"final", "dublin", "feasibility", "other_residents", "employer_base_nok", "schemes"} <= found.keys()
    assert min(found.values()) >= month_number("2021-01")
    new, old = (load_scenario("baseline", overrides=[f"as_known={state}"]).levers for state in ("2026-06", "2021-05"))
    assert new.first_difference(old) == month_number("2021-01")
    assert new.sha256_until(month_number("2021-01")) == old.sha256_until(month_number("2021-01"))
    assert new.sha256_until(month_number("2021-02")) != old.sha256_until(month_number("2021-02"))


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("name", shipped_scenarios())
def test_every_shipped_scenario_loads_in_every_state(name: str, state: str):
    scenario = load_scenario(name, overrides=[f"as_known={state}"])
    assert scenario.levers.knowledge == Knowledge(state)
    again = Scenario.from_mapping(json.loads(json.dumps(scenario.to_mapping())))
    assert again == scenario and again.levers == scenario.levers
    assert name == "baseline" or not changes_nothing(scenario)


def test_a_child_has_its_parents_state_unless_it_names_one(tmp_path):
    head = "schema: 1\nname: {}\nextends: {}\n"
    (tmp_path / "old.yaml").write_text(head.format("old", "baseline") + "as_known: 2021-05\n", encoding="utf-8")
    (tmp_path / "child.yaml").write_text(head.format("child", "old.yaml"), encoding="utf-8")
    (tmp_path / "new.yaml").write_text(head.format("new", "old.yaml") + "as_known: 2026-06\n", encoding="utf-8")
    old, child, new = (load_scenario(tmp_path / f"{name}.yaml") for name in ("old", "child", "new"))
    assert child.levers == old.levers != new.levers
    assert new.levers == load_scenario("baseline", overrides=[NEW]).levers
    assert new.levers == load_scenario("baseline").levers
    assert dict(old.levers.asylum_rejections_per_year) == {2021: 300.0, 2022: 500.0, 2023: 600.0}
    assert new.levers.asylum_rejections_per_year == ()
    assert not changes_nothing(old) and changes_nothing(child) and not changes_nothing(new)


def test_an_unknown_state_is_refused_with_what_is_allowed(tmp_path):
    path = tmp_path / "x.yaml"
    path.write_text("schema: 1\nname: x\nextends: baseline\nas_known: 2024-01\n", encoding="utf-8")
    with pytest.raises(ScenarioError) as error:
        load_scenario(path)
    assert str(error.value).endswith(
        "x.yaml:4:11: as_known: '2024-01' is not a state of knowledge; write one of 2021-05, 2026-06, or leave it out "
        "for the parent's (2026-06 without one)"
    )
    with pytest.raises(ScenarioError, match="--set:1:1: as_known: '7' is not a state of knowledge"):
        load_scenario("baseline", overrides=["as_known='7'"])
    with pytest.raises(ValueError, match="must be one of 2021-05, 2026-06"):
        Knowledge("2020-01")
    assert json_schema()["properties"]["as_known"]["enum"] == list(STATES)


# -- facts -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("id_", [one.id for one in facts().values() if one.effect in ACTING])
def test_a_fact_changes_what_it_should_from_its_month_on(id_: str):
    fact, found = facts()[id_], changed(values(), values(id_))
    assert bool(found) == (id_ not in SILENT), found
    assert all(month >= fact.start for month in found.values()), found
    allowed = {
        "lever": {fact.target.rpartition(".")[2], "schemes"},
        "feasibility": {"feasibility", "identity_cooperation", "assisted_willingness", "takes_hardly_back"},
        "residents": {"other_residents"},
        "ratio": {fact.target, "tax_card_withdrawn_hazard"},
    }[fact.effect]
    assert found.keys() <= allowed
    if fact.effect == "feasibility":
        one, two = values()._paths["feasibility"], values(id_)._paths["feasibility"]
        country = COUNTRY[fact.target.removeprefix("feasibility ")]
        np.testing.assert_array_equal(np.delete(one, country, axis=1), np.delete(two, country, axis=1))
    mine, theirs = values().levers, values(id_).levers
    assert mine != theirs and mine.first_difference(theirs) in {fact.start, *found.values()}
    assert mine.sha256_until(fact.start) == theirs.sha256_until(fact.start)


@pytest.mark.parametrize("id_", [one.id for one in facts().values() if one.effect in ("record", "confirms")])
def test_what_is_only_on_record_changes_nothing(id_: str):
    if facts()[id_].status == "recalled":
        assert id_ not in Knowledge(NEWEST).facts
        with pytest.raises(UnknownFact, match="is not verified and never acts"):
            checked_facts([id_])
        return
    assert changed(values(), values(id_)) == {} and not facts()[id_].acts
    assert values().levers.first_difference(values(id_).levers) is None


def test_recalled_facts_are_off_and_the_others_are_on():
    recalled = {one.id for one in facts().values() if one.status == "recalled"}
    assert recalled == {"U27", "U28", "U29"}
    assert Knowledge(NEWEST).facts.keys() == facts().keys() - recalled
    assert all(one.start <= month_number("2021-05") for one in Knowledge("2021-05").facts.values())
    assert DEFAULT_KNOWLEDGE == NEWEST and Knowledge().facts == Knowledge(NEWEST).facts
    assert Knowledge.of({}).as_known == FIRST_KNOWLEDGE == "2021-05"


def test_a_suspension_stops_returns_whatever_the_agreement():
    agreement = "levers.return_agreements=[{country: Iran, from: 2023-01, effectiveness: 0.6}]"
    levers = load_scenario("baseline", overrides=[NEW, agreement]).levers
    path = Values(levers, point_draw())._paths["feasibility"][:, COUNTRY["Iran"]]
    none = point_draw()["feasibility_none_share"]
    told = [path[month_number(month)] for month in ("2025-12", "2026-01", "2026-04", "2026-05")]
    assert told == [0.6, none, none, 0.6]
    free = load_scenario("baseline", overrides=[NEW, agreement], without=["U20"]).levers
    assert (Values(free, point_draw())._paths["feasibility"][month_number("2023-01") :, COUNTRY["Iran"]] == 0.6).all()


def test_facts_of_levers_have_their_reference_and_a_child_replaces_them(tmp_path):
    rows = load_scenario("baseline", overrides=[NEW]).references
    assert ("levers.fines.employer_base_nok", "2021-09", "U03: domstol.no HR-2021-1780-A") in rows
    assert any(about == "2021-06" and text.startswith("U01: ") for _, about, text in rows)
    path = tmp_path / "x.yaml"
    text = "schema: 1\nname: x\nextends: baseline\nlevers: {regularisation: [{from: 2021-06, min_years: null}]}\n"
    path.write_text(text + f"as_known: {NEWEST}\n", encoding="utf-8")
    assert load_scenario(path).levers.regularisation == ()
    # Under a state that has no such scheme there is nothing to remove, and a message says so.
    path.write_text(text + "as_known: 2021-05\n", encoding="utf-8")
    with pytest.raises(ScenarioError, match="nothing to remove for 2021-06"):
        load_scenario(path)
    # Left out on the command line, it is not missed.
    path.write_text(text + f"as_known: {NEWEST}\n", encoding="utf-8")
    assert load_scenario(path, without=["U01"]).levers.regularisation == ()


def test_unknown_facts_and_those_of_the_file_are_refused_with_what_there_is():
    with pytest.raises(UnknownFact) as error:
        checked_facts(["U05", "U99", "U08"])
    lines = str(error.value).splitlines()
    assert lines[0].startswith("there is no fact U99; facts that can be left out are U01, U02, U03")
    assert lines[1].startswith("U08 is written in the baseline itself (levers.assisted_return.support_nok)")
    assert checked_facts(["U05", "U01", "U05"]) == ("U01", "U05")
    with pytest.raises(ScenarioError, match="--without:1:1: there is no fact U77"):
        load_scenario("baseline", without=["U77"])


ROW = {
    "id": "U01",
    "from": "2021-06-01",
    "to": "",
    "fact": "x",
    "status": "documented",
    "source": "y",
    "effect": "record",
    "target": "",
    "value": "",
    "grade": "D",
    "note": "z",
}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"status": "heard"}, "must be one of documented, recalled"),
        ({"effect": "law"}, "must be one of lever"),
        ({"grade": "E"}, "must be one of A, B, C, D"),
        ({"target": "levers.x"}, "a record has no target"),
        ({"effect": "lever", "target": "levers.x"}, "a lever's fact has a value"),
        ({"status": "recalled", "effect": "ratio", "target": "x"}, "must be a record until it is verified"),
        ({"to": "2020-01-01"}, "is before from"),
        ({"from": "spring"}, "write YYYY-MM-DD"),
        ({"note": ""}, "note is empty"),
    ],
)
def test_a_wrong_row_is_named(changes: dict[str, str], words: str):
    assert read_facts([ROW])["U01"].start == month_number("2021-06")
    with pytest.raises(DataError, match=words):
        read_facts([ROW | changes])


def test_every_dated_row_belongs_to_a_fact_that_there_is():
    rows = reference.read_table("feasibility.csv") + reference.read_table("reception_residents.csv")
    named = {row["fact"] for row in rows} - {""}
    assert named == {one.id for one in facts().values() if one.effect in ("feasibility", "residents")}


def test_assumption_starts_the_month_after_the_last_fact():
    new, old = assumption_starts(NEWEST), assumption_starts("2021-05")
    assert assumption_starts() == assumption_starts(DEFAULT_KNOWLEDGE)
    assert set(old.values()) == {"2021-01"} and new["*"] == "2021-01"
    assert new["assumptions.asylum_rejections_per_year"] == "2026-01"
    assert new["reception_residents"] == "2024-07"
    assert new["feasibility Ukraina"] == "2024-06" and new["feasibility Iran"] == "2026-05"
    assert new["levers.regularisation"] == "2022-01" and new["assumptions.pandemic"] == "2023-01"
    with pytest.raises(ValueError, match="must be one of"):
        assumption_starts("2030-01")


def test_what_is_shown_is_assumed_from_the_earliest_and_the_latest_driver_on():
    assert assumed_from([Knowledge("2021-05")]) == ("2021-01", "2021-01")
    assert assumed_from([Knowledge(NEWEST)]) == ("2021-01", "2026-05")
    assert assumed_from([Knowledge("2021-05"), Knowledge(NEWEST)]) == ("2021-01", "2026-05")
    # What is left out is no history: Iran (U20) and the border (U18) were known longest.
    assert assumed_from([Knowledge(NEWEST, ("U18", "U20"))]) == ("2021-01", "2026-02")
    with pytest.raises(ValueError, match="no state of knowledge"):
        assumed_from([])


def test_a_fact_that_is_no_history_yet_does_not_act_and_cannot_be_left_out():
    later = [one.id for one in facts().values() if one.effect in ACTING and one.start > month_number("2021-05")]
    assert {"U01", "U03"} <= set(later)
    base = values(as_known="2021-05")
    for id_ in later:
        assert id_ not in Knowledge("2021-05").facts
        with pytest.raises(ScenarioError, match=f"--without:1:1: {id_} begins in .* is no history as known in 2021-05"):
            load_scenario("baseline", overrides=[OLD], without=[id_])
        # A manifest that has it anyway can still be read.
        assert Knowledge("2021-05", (id_,)).first_difference(base.knowledge) is None
    load_scenario("baseline", overrides=[OLD], without=["U25"])
    with pytest.raises(UnknownFact, match="begins in 2022-01"):
        checked_facts(["U05"], "2021-05")


def test_leaving_out_what_no_rule_reads_is_told():
    idle = [one.id for one in facts().values() if one.effect in ("record", "confirms") and one.status == "documented"]
    lines = without_effect(idle)
    assert len(lines) == len(idle) >= 5 and all("nothing changes" in line for line in lines)
    assert lines[0].startswith("--without U05: no rule reads it, so nothing changes. ")
    assert without_effect([one.id for one in facts().values() if one.effect in ACTING]) == ()


# -- identity, commands ------------------------------------------------------------------------------------------------


def test_state_and_facts_are_part_of_the_identity():
    base = load_scenario("baseline", overrides=[NEW])
    others = [load_scenario("baseline", overrides=[OLD]), load_scenario("baseline", overrides=[NEW], without=["U05"])]
    assert len({one.sha256 for one in (base, *others)}) == 3
    assert others[1].to_mapping()["facts_left_out"] == ["U05"]
    assert "known up to 2026-06 (as_known); left out: U05" in timeline(others[1])
    # A mapping from before is of the first state.
    mapping = {k: v for k, v in others[0].to_mapping().items() if k not in ("as_known", "facts_left_out")}
    assert Scenario.from_mapping(mapping).levers == others[0].levers
    assert isinstance(replace(base).levers, Levers)


def test_a_written_file_says_its_state_and_refuses_single_facts(tmp_path):
    for state in STATES:
        says = load_scenario("fines-tripled", overrides=[f"as_known={state}"])
        text = scenario_text(says, load_scenario("fines-tripled"))
        assert (f"\nas_known: {state}\n" in text.replace('"', "")) == (state != DEFAULT_KNOWLEDGE)
    assert "as_known" not in scenario_text(load_scenario("fines-tripled"), load_scenario("fines-tripled"))
    with pytest.raises(ScenarioError, match=r"a file cannot leave out single facts \(U03\)"):
        scenario_text(load_scenario("fines-tripled", overrides=[NEW], without=["U03"]))


@pytest.fixture
def here(tmp_path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(experiment, "ENGINE", "fake_engine:run_replicate")
    monkeypatch.setattr(plots, "PLOTS", {})
    return tmp_path


def test_a_run_without_a_fact_says_so_and_can_be_reproduced(here: Path):
    options = {"--end": "2021-12", "--replicates": "1", "--jobs": "1", "--draws": "point", "--out": "out"}
    arguments = ["run", "baseline", *(word for pair in options.items() for word in pair), "--without", "U05"]
    arguments += ["--set", NEW]
    answer = CliRunner().invoke(main, [*arguments, "--without", "M047"])
    assert answer.exit_code == 0, answer.output
    assert "known up to 2026-06 (as_known); left out: U05" in answer.stdout
    assert facts()["U05"].text in answer.stdout
    assert "--without U05: no rule reads it, so nothing changes" in answer.stderr
    manifest = json.loads((here / "out" / MANIFEST).read_text(encoding="utf-8"))
    assert manifest["without"] == ["M047"] and manifest["scenario"]["facts_left_out"] == ["U05"]
    again = CliRunner().invoke(main, ["reproduce", "out", "--jobs", "1", "--quiet"])
    assert again.exit_code == 0 and "identical" in again.stdout, again.output


def test_an_unknown_fact_is_told_before_any_work(here: Path, monkeypatch):
    monkeypatch.setattr(experiment, "ENGINE", "no_such_module:run")
    answer = CliRunner().invoke(main, ["run", "baseline", "--draws", "point", "--without", "U99"])
    assert answer.exit_code == 2 and "there is no fact U99; facts that can be left out are U01, U02" in answer.stderr
    with pytest.raises(WrongUse, match="was loaded with them; load it again"):
        irregsim.run(load_scenario("baseline", end="2012-12"), replicates=1, jobs=1, draws="point", without=["U03"])
