"""The names that people's scripts rely on: commands, options, files, columns, manifest keys, Python names."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

import irregsim
from irregsim.cli import main
from irregsim.commands import compare as comparing
from irregsim.commands import in_memory
from irregsim.commands import run as workflow
from irregsim.model.parameters import point_draw
from irregsim.storage.hashing import sha256_of_file
from irregsim.storage.parquet import content_sha256
from irregsim.study import tables as run_tables
from irregsim.study.comparison import tables as comparison_tables
from irregsim.study.comparison.declare import Form
from run_tools import leave_pictures_out, short_scenario, use_fake

COMMANDS = {
    "run": "--replicates --seed --jobs --cluster --draws --per-draw --scale --set --end --out --lang --format --quiet "
    "--publish --show-levels --spells --without --replace --precision --plan",
    "compare": "--vary --reference --replicates --seed --jobs --cluster --draws --per-draw --scale --set --end "
    "--without --city --spells --out --lang --format --quiet --publish --show-levels --replace --precision --plan",
    "explain": "--scenario --json --lang",
    "sensitivity": "--outcome --replicates --seed --draws --per-draw --scale --set --end --jobs --cluster --out --lang "
    "--quiet",
    "explore": "--points --scale --draws --jobs --cluster --out --replace --lang --quiet",
    "validate": "--all --lang --set --end",
    "scenarios": "--lang",
    "levers": "--lang",
    "parameters": "--lang",
    "targets": "--all --compare --csv",
    "new": "--from --lang",
    "diff": "--set --end --lang",
    "calibrate": "--out --first --second --scale --near-scale --near-waves --draws --truths --near-truths --until "
    "--second-method --register --seed --jobs --cluster --quiet",
    "backtest": "--year --out --quiet",
    "fit": "--draws --replicates --seed --jobs --scale --targets --out --lang --replace --quiet",
    "reproduce": "--jobs --quiet",
    "schema": "",
    "model": "--time --end --scale",
    "serve": "--port --host --lang --seed --start --scale --draws --set --end --viewers --persons --class "
    "--class-host --class-port --phones --browse",
    "workshop": "--out --lang --quiet",
    "runs": "",
    "show": "--outcome --year --city --group --scenario --show-levels --lang",
    "doctor": "--lang",
}

#: As in the contract, column by column.
COLUMNS = {
    "stocks": "month replicate strategy district city sought_asylum persons",
    "flows": "month replicate origin destination cause origin_district destination_district persons",
    "side_strategies": "month replicate strategy substrategy side_strategy persons",
    "centres_by_country": "month replicate country place persons",
    "exits_by_country": "month replicate country destination persons",
    "groups": "year replicate strategy sought_asylum sex age_group with_child duration feasibility_group person_months",
    "outcomes": "month replicate outcome city value unit",
    "registers": "period replicate register dimension key count",
    "detection": "year replicate register event strategy district events person_months",
}

#: Tables of a comparison in their order, column by column.
_FIGURES = (
    "since to kind unit reference_mean mean lo hi lo50 hi50 share_positive mc_se verdict why more_replicates "
    "rounded_text_nb rounded_text_en n share_negative certainty false_discovery verdict_text_nb verdict_text_en "
    "reference_lo reference_hi percent_lo percent_hi percent_lo50 percent_hi50"
)
COMPARED = {
    "differences": "month scenario outcome mean median lo hi lo80 hi80 lo50 hi50 share_of_draws_positive "
    "share_of_draws_negative mc_se reference_mean cumulative_mean cumulative_lo cumulative_hi variance_saved n "
    "percent_median percent_lo percent_hi percent_lo80 percent_hi80 percent_lo50 percent_hi50 percent_cumulative_lo "
    "percent_cumulative_hi",
    "key_figures": f"scenario outcome panel {_FIGURES}",
    "cities": f"scenario city outcome {_FIGURES}",
    "groups": f"scenario dimension group outcome {_FIGURES}",
    "responses": "scenario outcome third unit reference_mean mean lo hi n percent_lo percent_hi",
    "evidence": "scenario outcome group grade share error by_chance enters draws",
    "measured": "scenario register year rate_is change change_lo change_hi behaviour behaviour_lo behaviour_hi "
    "measurement measurement_lo measurement_hi outside outside_lo outside_hi latent_outcome latent latent_lo latent_hi "
    "latent_reference n percent_latent_lo percent_latent_hi",
    "costs": "scenario item outcome carrier receiver unit reference_mean mean lo hi amount amount_year nok_mean nok_lo "
    "nok_hi source grade percent_lo percent_hi",
    "balance": "scenario to_month kind state reference_mean scenario_mean change_in_state lo hi entered left n "
    "percent_lo percent_hi",
    "alluvial": "scenario to_month reference_state scenario_state persons lo hi total n",
    "chronogram": "scenario side cohort months_since state share persons n",
    "sequences": "scenario side cohort life person replicate sought_asylum run state start months",
    "mean_time": "scenario side cohort strategy months lo hi n",
    "transitions": "scenario side cohort origin destination rate lo hi moves n",
    "survival": "scenario side cohort months at_risk survival lo hi n",
    "incidence": "scenario side cohort exit months incidence lo hi n",
    "twins": "scenario person replicate first_parting reference_state scenario_state cause_reference cause_scenario "
    "first_month_apart months_apart end_reference end_scenario sought_asylum",
    "twin_lives": "scenario person replicate side run state start end cause",
    "partings": "scenario cause_reference cause_scenario reference_state scenario_state persons lo hi total n",
    "apart": "scenario month persons lo hi share n",
    "causes": f"scenario outcome origin destination cause {_FIGURES}",
    "sweep": f"scenario vary_1 value_1 vary_2 value_2 part outcome panel {_FIGURES}",
}

#: Columns of them that nobody but the owner of the exact tables sees, and tables that are never published.
WITHHELD = {
    "measured": "latent_reference",
    "balance": "entered left",
    "alluvial": "persons lo hi total",
    "chronogram": "persons",
    "transitions": "moves",
    "survival": "at_risk",
    "partings": "persons lo hi total",
    "apart": "persons lo hi share",
}
NEVER_PUBLISHED = {"sequences", "twins", "twin_lives", "apart"}

MANIFEST_KEYS = (
    "run_id scenario scenario_sha256 data_sha256 posterior_id draws per_draw gate seed replicates without numerics "
    "versions git_commit git_dirty command started seconds outputs"
)


def test_the_commands_are_these_and_no_others_are_listed():
    assert set(main.commands) == set(COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_has_its_options_a_help_and_an_example(name):
    command = main.commands[name]
    options = {option for p in command.params if p.param_type_name == "option" for option in p.opts}
    assert options == set(COMMANDS[name].split())
    shown = CliRunner().invoke(main, [name, "--help"])
    assert shown.exit_code == 0
    # On a line of its own: click joins lines unless told not to.
    assert "\n  Example:\n" in shown.output and f"\n    irregsim {name}" in shown.output
    assert shown.output.isascii()
    for option in COMMANDS[name].split():
        assert option in shown.output


def test_the_tables_have_these_columns_in_this_order():
    assert {name: " ".join(c for c, _ in columns) for name, columns in run_tables.TABLES.items()} == COLUMNS
    spells = " ".join(column for column, _ in run_tables.SPELLS)
    assert spells.startswith("replicate person strategy start end cause_of_end ")


def test_the_tables_of_a_comparison_have_these_columns_in_this_order():
    # A new one comes behind them.
    tables = list(comparison_tables.TABLES.values())[: len(COMPARED)]
    assert [(table.name, " ".join(table.names)) for table in tables] == [*COMPARED.items()]
    assert all(table.is_stored for table in tables)


def test_what_of_a_comparison_is_withheld_is_this():
    tables = list(comparison_tables.TABLES.values())[: len(COMPARED)]
    assert {table.name: " ".join(table.withheld()) for table in tables if table.withheld()} == WITHHELD
    assert {table.name for table in tables if table.form is Form.NEVER} == NEVER_PUBLISHED


def test_no_table_of_persons_or_strategies_knows_a_citizenship():
    for name in [*run_tables.TABLES, "spells"]:
        columns = {column for column, _ in run_tables.schema_of(name)}
        assert not {"strategy", "person", "origin", "side_strategy"} & columns or "country" not in columns


def test_a_run_folder_has_these_files_and_manifest_keys(tmp_path, monkeypatch):
    use_fake(monkeypatch)
    leave_pictures_out(monkeypatch)
    scenario = short_scenario(tmp_path)
    request = workflow.RunRequest(
        str(scenario), out=str(tmp_path / "out"), replicates=1, jobs=1, scale=0.1, spells=True
    )
    folder = workflow.run_scenario(request).folder
    assert set(MANIFEST_KEYS.split()) <= set(folder.manifest)
    assert {"irregsim", "python", "numpy", "mesa"} <= set(folder.manifest["versions"])
    tables = {f"{name}.parquet" for name in [*COLUMNS, "spells", "draws"]}
    assert set(folder.manifest["outputs"]) == {*tables, "summary.csv"}
    for name, hashes in folder.manifest["outputs"].items():
        assert hashes["sha256"] == sha256_of_file(folder.path / name)
        assert ("content_sha256" in hashes) == name.endswith(".parquet")
        if name.endswith(".parquet"):
            assert hashes["content_sha256"] == content_sha256(folder.path / name)
    draws = folder.draws()
    assert list(draws.columns[:2]) == ["replicate", "draw"]
    assert set(draws.columns[2:]) == set(point_draw())


def test_the_python_names_are_these():
    assert set(irregsim.__all__) == {
        "IrregularMigrationModel",
        "__version__",
        "compare",
        "explore",
        "load_scenario",
        "run",
    }
    assert irregsim.run is in_memory.run
    assert irregsim.compare is comparing.compare
    assert set(irregsim.__all__) <= set(dir(irregsim))
    with pytest.raises(AttributeError, match="simulate_everything"):
        _ = irregsim.simulate_everything
