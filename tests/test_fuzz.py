"""Files with damage anywhere in them: each gives what it says or faults in words, never a traceback.

The ordinary tests take some examples, the same on every machine; the slow ones take many more.
"""

from __future__ import annotations

from importlib.resources import files

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from irregsim.inference.targets import read
from irregsim.scenario import ScenarioError, load_scenario
from irregsim.study.comparison.costs import read_costs
from irregsim.vocabulary.reference import DataError

pytestmark = pytest.mark.once

#: How often: in `make test`, and in `make test-slow`.
FEW, MANY = 12, 4000

DATA = files("irregsim") / "data"
COSTS = (DATA / "costs.yaml").read_text(encoding="utf-8")
TARGETS = (DATA / "targets.csv").read_text(encoding="utf-8")

#: What is put somewhere into a file.
SCRAPS = st.one_of(
    st.sampled_from(
        ("", "\n", "\r", "\0", "\t", ",", ":", "- ", "-1", "nan", "inf", "1e999", "9" * 400, "&a ", "*a", "<<: ")
    ),
    st.sampled_from(
        ("!!x ", "'", '"', "{", "[", "]", "}", "---\n", "\u2028", "\ufeff", "\x1b]0;x\a", "ØÆ", "e" + "\u0301" * 50)
    ),
    st.text(max_size=12),
)

#: Changes of a text: where (a share of its length), how much is cut, and what is put there.
EDITS = st.lists(st.tuples(st.floats(0, 1), st.integers(0, 40), SCRAPS), min_size=1, max_size=4)


def changed(text: str, edits) -> str:
    for share, cut, scrap in edits:
        place = int(share * len(text))
        text = text[:place] + scrap + text[place + cut :]
    return text


def often(number: int):
    checks = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large]
    return settings(max_examples=number, deadline=None, derandomize=True, database=None, suppress_health_check=checks)


def both(strategy):
    """Makes a quick test and a slow one of a function of (folder, example)."""

    def decorate(check):
        def few(tmp_path, example):
            check(tmp_path, example)

        def many(tmp_path, example):
            check(tmp_path, example)

        return often(FEW)(given(example=strategy)(few)), pytest.mark.slow(often(MANY)(given(example=strategy)(many)))

    return decorate


def in_words(error: Exception) -> None:
    text = str(error)
    assert text.strip() and "\x1b" not in text and len(text) < 200_000


@both(EDITS)
def _costs(tmp_path, edits):
    try:
        found = read_costs(changed(COSTS, edits))
    except DataError as error:
        in_words(error)
    else:
        assert isinstance(found, tuple)


test_damaged_costs_are_costs_or_faults, test_many_damaged_costs_are_costs_or_faults = _costs


@both(EDITS)
def _targets(tmp_path, edits):
    file = tmp_path / "own.csv"
    file.write_bytes(changed(TARGETS, edits).encode("utf-8", "surrogatepass"))
    try:
        found = read(file)
    except DataError as error:
        in_words(error)
    else:
        assert isinstance(found, tuple)


test_damaged_targets_are_targets_or_faults, test_many_damaged_targets_are_targets_or_faults = _targets


@both(
    st.lists(
        st.one_of(
            st.sampled_from(["0.yaml", "1.yaml", "2.yaml", "3.yaml", "baseline", "./1.yaml", "", ".", "/"]),
            st.text(max_size=10),
            st.integers(-1, 3),
            st.none(),
            st.lists(st.text(max_size=3), max_size=2),
        ),
        min_size=1,
        max_size=4,
    )
)
def _extends(tmp_path, parents):
    for number, parent in enumerate(parents):
        text = yaml.safe_dump({"schema": 1, "name": f"s{number}", "extends": parent}, allow_unicode=True)
        (tmp_path / f"{number}.yaml").write_bytes(text.encode("utf-8", "surrogatepass"))
    try:
        found = load_scenario(tmp_path / "0.yaml")
    except ScenarioError as error:
        assert error.faults
        in_words(error)
    else:
        assert found.start <= found.end


test_any_parents_give_a_scenario_or_faults, test_many_parents_give_a_scenario_or_faults = _extends


@both(EDITS)
def _scenario(tmp_path, edits):
    file = tmp_path / "own.yaml"
    text = changed(load_text(), edits)
    file.write_bytes(text.encode("utf-8", "surrogatepass"))
    try:
        found = load_scenario(file)
    except ScenarioError as error:
        assert error.faults
        assert all(fault.line >= 1 and fault.column >= 1 for fault in error.faults)
    else:
        assert found.start <= found.end


def load_text() -> str:
    return """\
schema: 1
name: own
title: {nb: Egen, en: My own}
extends: baseline
period: {start: 2012-01, end: 2030-12}
levers:
  fines:
    worker_nok: [{from: 2023-01, value: 5000}]
  return_agreements:
    - {country: Eritrea, from: 2023-01, effectiveness: 0.6}
  regularisation: {rule: rule_2014}
assumptions: {inflow_pull: true}
run: {replicates: 2, seed: 3}
"""


test_a_damaged_scenario_is_a_scenario_or_faults, test_many_damaged_scenarios_are_scenarios_or_faults = _scenario


@both(st.text(alphabet="lev.rsfinwok_=[]{}:,'\"- 0123456789\n\t\x1b\u2028&*", max_size=60))
def _override(tmp_path, text):
    try:
        load_scenario("baseline", overrides=[text])
    except ScenarioError as error:
        in_words(error)


test_any_settings_give_a_scenario_or_faults, test_many_settings_give_a_scenario_or_faults = _override
