"""What `validate` says of a file: what it changes itself, and what in it is probably not meant."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from irregsim.cli import main
from irregsim.scenario import changes_text, load_scenario, warnings_of
from irregsim.scenario.levers import REGISTRY, Kind

HEAD = "schema: 1\nname: mine\ntitle: {nb: a, en: a}\nextends: baseline\n"


def written(folder: Path, levers: str, name: str = "mine.yaml") -> Path:
    path = folder / name
    path.write_text(f"{HEAD}levers:\n{levers}", encoding="utf-8")
    return path


def test_what_the_file_itself_changes_comes_first_and_the_rest_on_request(tmp_path):
    scenario = load_scenario(written(tmp_path, "  fines: {worker_nok: [{from: 2024-01, value: 9000}]}\n"))
    text = changes_text(scenario, 80)
    assert (
        text.splitlines()
        == [
            "mine changes of baseline:",
            "  levers.fines.worker_nok from 2024-01 to 2030-12: 10000 -> 9000",
            "(all that holds, inherited entries too: --all)",
        ]
        or "levers.fines.worker_nok from 2024-01 to 2030-12" in text
    )
    assert "tax_card" not in text
    every = changes_text(scenario, 80, every=True)
    assert every.startswith("mine changes of baseline:\n") and "levers.work.tax_card" in every
    assert warnings_of(scenario) == []


@pytest.mark.parametrize("width", [40, 80, 120])
def test_no_line_is_wider_than_the_terminal(tmp_path, width):
    # Kristiansand's shelter opens and closes every winter.
    text = changes_text(load_scenario(written(tmp_path, "  detention: {capacity: 300}\n")), width, every=True)
    assert "levers.municipal.shelter" in text
    assert [line for line in text.splitlines() if len(line) > width and " " in line.strip()] == []


def test_months_before_the_last_year_of_counts_are_warned_of(tmp_path):
    bare = load_scenario(written(tmp_path, "  municipal: {shelter: {Bergen: 48}}\n"))
    (warning,) = warnings_of(bare)
    assert warning.startswith("changes months from 2012-01 on, in years that have counts (to 2020-12); ")
    assert "[{from: 2021-01, value: ...}]" in warning
    for month, count in (("2020-12", 1), ("2021-01", 0)):
        dated = f"  municipal: {{shelter: {{Bergen: [{{from: {month}, value: 48}}]}}}}\n"
        assert len(warnings_of(load_scenario(written(tmp_path, dated)))) == count


@pytest.mark.parametrize(
    ("levers", "told"),
    [
        (
            "close: [{centre: Bergen, on: 2024-07}]",
            "levers.reception_centres.close: Bergen is closed already in 2024-07 since 2020-12, and the entry takes "
            "the place of an inherited one; it would be open since 2020-12 until then; leave it out, or change "
            "the date",
        ),
        ("open: [{centre: Trondheim, on: 2024-07}]", "levers.reception_centres.open: Trondheim is open already in"),
        ("close: [{centre: Trondheim, on: 2024-07}]", ""),
        ("open: [{centre: Bergen, on: 2024-07}]", ""),
        ("close: [{centre: Trondheim, on: 2024-07}]\n    open: [{centre: Trondheim, on: 2026-01}]", ""),
        ("close: [{centre: Bergen, on: 2022-01}]\n    open: [{centre: Bergen, on: 2021-06}]", ""),
        ("close: [{centre: Bergen, on: null}]", ""),
    ],
)
def test_closing_what_is_closed_and_opening_what_is_open_is_warned_of(tmp_path, levers, told):
    scenario = load_scenario(written(tmp_path, f"  reception_centres:\n    {levers}\n"))
    if told:
        assert [text for text in scenario.warnings if text.startswith(told)] == list(scenario.warnings) != []
    else:
        assert scenario.warnings == ()


def test_the_command_shows_and_warns(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    written(tmp_path, "  reception_centres:\n    close: [{centre: Bergen, on: 2024-07}]\n")
    answer = CliRunner().invoke(main, ["validate", "mine.yaml"])
    assert answer.exit_code == 0 and answer.stdout.startswith("mine.yaml: OK\nmine changes of baseline:\n")
    assert "tax_card" not in answer.stdout
    assert "warning: mine.yaml: levers.reception_centres.close: Bergen is closed already" in answer.stderr
    assert "warning: mine.yaml: changes months from 2020-12 on" in answer.stderr
    assert "tax_card" in CliRunner().invoke(main, ["validate", "mine.yaml", "--all"]).stdout


@pytest.mark.parametrize("lever", [one for one in REGISTRY if one.section == "levers"], ids=lambda one: one.key)
def test_every_example_of_a_lever_has_a_date(tmp_path, lever):
    assert lever.kind is not Kind.SETTING
    head, _, tail = lever.key.partition(".")
    entry = f"  {head}:\n    {tail}: {lever.example}\n" if tail else f"  {head}: {lever.example}\n"
    scenario = load_scenario(written(tmp_path, entry))
    assert "20" in lever.example and not any("changes months" in text for text in warnings_of(scenario))
