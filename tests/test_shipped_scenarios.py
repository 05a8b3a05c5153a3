"""Every shipped scenario: readable, referenced, in both languages, in plain words, and running."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import yaml

from helpers import scenario_table
from helpers.directions import first_difference, shipped
from helpers.worlds import advance, branch, past
from irregsim import reference
from irregsim.draws import CHANNELS
from irregsim.history import DISTRICT_OF, OUTCOMES
from irregsim.scenario import DECIDERS, RESTS_ON, Scenario, changes_nothing, load_scenario, shipped_scenarios
from irregsim.scenario.expectations import outcome_names
from irregsim.vocabulary import DISTRICTS, month_number, month_text
from test_labels import BANNED

CHILDREN = [name for name in shipped_scenarios() if name != "baseline"]
PACKAGES = ("package-restrictive", "package-humanitarian", "package-labour-market")

#: The key `on`, which PyYAML's own reader (YAML 1.1) takes for true; the package's does not.
ON = True

#: The scenarios that the project promises, beside the baseline.
PROMISED = [
    "agreement-eritrea-iran",
    "agreement-eritrea",
    "agreement-iran",
    "agreement-ethiopia-effective",
    "morocco-agreement-lost",
    "close-remaining-centres",
    "closures-2017-2020-undone",
    "no-stay-after-rejection",
    "higher-allowance",
    "alternative-placement-families",
    "fines-tripled",
    "per-workday-fine-only",
    "documented-workdays",
    "directive-without-complaint",
    "directive-with-complaint",
    "employer-not-worker",
    "inspections-doubled",
    "controls-east-to-west",
    "assisted-return-open",
    "tax-card-restored",
    "safe-reporting-police",
    "safe-reporting-crisis-centres",
    "safe-reporting-both",
    "nav-rule-2004",
    "health-service-stavanger",
    "shelter-five-cities",
    "regularisation-2021",
    "regularisation-broad",
    "family-amnesty-2004",
    "package-restrictive",
    "package-humanitarian",
    "package-labour-market",
    "no-pandemic",
    "high-arrivals-2009",
    "high-arrivals-2015",
    "package-restrictive-high-arrivals",
    "package-humanitarian-high-arrivals",
    "package-labour-market-high-arrivals",
]


def tree_of(name: str) -> dict[Any, Any]:
    tree = yaml.safe_load(shipped_scenarios()[name].read_text(encoding="utf-8"))
    assert isinstance(tree, dict)
    return tree


def entries(node: Any) -> Iterator[dict[Any, Any]]:
    """Entries in braces: dated values, agreements, centres, schemes, the directive, years."""
    if isinstance(node, dict):
        if {"from", ON, "value"} & node.keys():
            yield node
        else:
            for child in node.values():
                yield from entries(child)
    elif isinstance(node, list):
        for child in node:
            yield from entries(child)


def words_of(scenario: Scenario) -> list[str]:
    assert isinstance(scenario.description, dict)
    told = [text for row in scenario.references for text in row[2:]]
    return [*scenario.title.values(), *scenario.description.values(), *(e.why for e in scenario.expects), *told]


def test_what_was_promised_is_there() -> None:
    assert set(PROMISED) <= set(CHILDREN)
    assert len(CHILDREN) >= 24


@pytest.mark.parametrize("name", CHILDREN)
def test_a_file_is_complete(name: str) -> None:
    scenario = shipped(name)
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name)
    assert scenario.name == name
    assert (month_text(scenario.start), month_text(scenario.end)) == ("2012-01", "2030-12")
    assert not changes_nothing(scenario)
    assert scenario.decides
    assert scenario.expects
    tree = tree_of(name)
    for key in ("title", "description"):
        assert set(tree[key]) == {"nb", "en"}
        assert tree[key]["nb"] != tree[key]["en"]
    stressed = name.endswith("-high-arrivals")
    assert scenario.extends == (name.removesuffix("-high-arrivals") if stressed else "baseline")
    # The parent is what differs: a package with high arrivals differs from the package in arrivals alone.
    assert ("levers" in tree) != ("assumptions" in tree)
    assert ("nobody" in scenario.decides) == ("assumptions" in tree)


@pytest.mark.parametrize("name", CHILDREN)
def test_every_entry_has_a_reference_and_begins_when_the_others_do(name: str) -> None:
    tree = tree_of(name)
    found = list(entries(tree.get("levers"))) + list(entries(tree.get("assumptions")))
    assert found or name == "no-pandemic"  # which removes an entry, and says in a comment which
    assert [entry for entry in found if len(entry.get("reference", "")) < 8] == []
    # An assumed change says so, unless it takes something out of the baseline.
    for entry in found:
        removal = ON in entry and entry[ON] is None
        assert removal or re.search(r"\bD\b|\([ABCD]\)|UDI tabell", entry["reference"]), entry
    if name not in ("closures-2017-2020-undone", "no-pandemic"):
        assert first_difference(shipped(name)) >= month_number("2023-01")


@pytest.mark.parametrize("name", CHILDREN)
def test_words_are_plain(name: str) -> None:
    found = [text for text in words_of(shipped(name)) if BANNED.search(text)]
    assert found == []


@pytest.mark.parametrize("name", CHILDREN)
def test_what_is_expected_exists(name: str) -> None:
    for expected in shipped(name).expects:
        family, _, code = expected.outcome.partition(":")
        assert family != "hazard" or code in CHANNELS
        assert len(expected.why) > 20


def test_outcomes_of_expectations_are_those_of_the_history() -> None:
    assert {name.partition(":")[2] for name in outcome_names() if name.startswith("outcome:")} == set(OUTCOMES)


def test_every_decider_and_every_ground_is_used() -> None:
    loaded = [shipped(name) for name in CHILDREN]
    assert {word for one in loaded for word in one.decides} == set(DECIDERS)
    assert {expected.rests_on for one in loaded for expected in one.expects} == set(RESTS_ON)


def test_the_packages_are_equally_prominent() -> None:
    loaded = [shipped(name) for name in PACKAGES]
    keys = [len({path for path, _, _ in _own_paths(name)}) for name in PACKAGES]
    assert keys == [6, 6, 6]
    assert len({one.decides[0] for one in loaded}) == 1
    assert len({len(one.expects) for one in loaded}) == 1
    for lang in ("nb", "en"):
        lengths = [len(one.description[lang]) for one in loaded if isinstance(one.description, dict)]
        assert max(lengths) <= 1.15 * min(lengths), (lang, lengths)
        titles = [len(one.title[lang]) for one in loaded]
        assert max(titles) <= 1.5 * min(titles), (lang, titles)


def _own_paths(name: str) -> list[tuple[str, str, str]]:
    """Levers that a package sets; agreements count once."""
    levers = tree_of(name)["levers"]
    out = []
    for head, node in levers.items():
        if isinstance(node, dict) and "from" not in node:
            out += [(f"{head}.{tail}", head, tail) for tail in node]
        else:
            out.append((head, head, ""))
    return out


def test_moved_controls_keep_their_total() -> None:
    scenario = load_scenario("controls-east-to-west")
    places = reference.places()
    people = np.array([(p.former_asylum_share + p.never_asylum_share) / 2 for p in places])
    sanctions = np.array([float(p.employer_sanctions_count) for p in places])
    for name, weights in (("workplace_inspections", sanctions), ("identity_checks", people)):
        by_district = np.bincount(DISTRICT_OF[: len(places)], weights=weights, minlength=len(DISTRICTS))
        multiple = getattr(scenario.levers, name)[month_number("2023-01")]
        assert multiple @ by_district == pytest.approx(by_district.sum(), rel=1e-9)
        assert multiple[DISTRICTS.index("Oslo")] < 1 < multiple[DISTRICTS.index("Vest")]


def test_the_table_of_the_readme_is_in_step() -> None:
    assert scenario_table.in_readme() == scenario_table.table()


@pytest.mark.parametrize("name", CHILDREN)
def test_a_scenario_runs(name: str) -> None:
    scenario = shipped(name)
    first = first_difference(scenario)
    levers = load_scenario(name, end=month_text(first + 5)).levers
    world = branch(past(month_text(first - 1), 0.01), levers)
    for _ in range(6):
        advance(world, 1)
        world.check()
    world.history.check_balance()
    assert world.month == first + 5
