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
from irregsim.model.claims import excused
from irregsim.model.draws import CHANNELS
from irregsim.model.history import DISTRICT_OF, OUTCOMES
from irregsim.scenario import DECIDERS, RESTS_ON, Scenario, changes_nothing, load_scenario, shipped_scenarios
from irregsim.scenario.expectations import outcome_names
from irregsim.scenario.levers import REGISTRY
from irregsim.vocabulary import reference
from irregsim.vocabulary.codes import DISTRICTS, month_number, month_text
from test_labels import BANNED

pytestmark = pytest.mark.once

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
    reasons = [text for expected in scenario.expects for text in expected.why.values()]
    return [*scenario.title.values(), *scenario.description.values(), *reasons, *told]


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
        assert min(len(text) for text in expected.why.values()) > 20


#: Short words of one language that are none of the other.
NORWEGIAN = re.compile(r"\b(og|ikke|som|det|på|av|er|et|blir|mottak|opphold)\b", re.IGNORECASE)
ENGLISH = re.compile(r"\b(the|and|is|are|of|who|not|they|more|fewer|than|centres?)\b", re.IGNORECASE)


@pytest.mark.parametrize("name", shipped_scenarios())
def test_what_a_reader_meets_stands_in_both_languages(name: str) -> None:
    # Read from the file itself: once read in, a text in one language counts for both.
    tree = tree_of(name)
    told = {key: tree[key] for key in ("title", "description")}
    told |= {f"why of {entry['outcome']}": entry["why"] for entry in tree.get("expects", ())}
    for what, texts in told.items():
        assert isinstance(texts, dict) and set(texts) == {"nb", "en"}, what
        assert texts["nb"] != texts["en"], what
        assert not ENGLISH.search(texts["nb"]), what
        assert not NORWEGIAN.search(texts["en"]), what


@pytest.mark.parametrize("name", CHILDREN)
def test_claims_that_a_reason_names_are_the_same_in_both_languages(name: str) -> None:
    for expected in shipped(name).expects:
        nb, en = (re.findall(r"M\d{3}|\([ABCD]\)|«", expected.why[lang].replace("“", "«")) for lang in ("nb", "en"))
        assert nb == en, expected.outcome


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


@pytest.mark.parametrize("generated", scenario_table.TABLES, ids=lambda one: one.name)
def test_the_tables_of_the_documents_are_in_step(generated: scenario_table.Generated) -> None:
    refresh = "run `PYTHONPATH=src:tests python -m helpers.scenario_table` and look at what changed"
    assert generated.as_it_stands() == generated.make(), refresh


def test_every_claim_has_a_scenario_or_another_way_to_be_put_to_use() -> None:
    found = scenario_table.exercised()
    assert list(found) == [f"M{number:03d}" for number in range(1, 118)]
    ways = [bool(one.expected_by or one.set_by or one.is_left_out) for one in found.values()]
    stuck = [id_ for id_, way in zip(found, ways, strict=True) if not way]
    assert [id_ for id_ in stuck if id_ not in excused()] == []


@pytest.mark.parametrize(
    ("id_", "expected_by", "set_by"),
    [
        # By its expectations, by its levers alone, and by neither.
        ("M099", {"safe-reporting-police", "safe-reporting-both", "package-humanitarian"}, set()),
        ("M101", set(), {"health-service-stavanger", "package-humanitarian"}),
        ("M036", set(), set()),
    ],
)
def test_what_puts_a_claim_to_use(id_: str, expected_by: set[str], set_by: set[str]) -> None:
    one = scenario_table.exercised()[id_]
    assert (set(one.expected_by), set(one.set_by)) == (expected_by, set_by)
    row = next(line for line in scenario_table.claims_table().splitlines() if line.startswith(f"| {id_} "))
    assert (f"`--without {id_}`" in row) == (not expected_by | set_by)


@pytest.mark.parametrize("name", CHILDREN)
def test_a_file_states_the_levers_in_which_it_differs(name: str) -> None:
    # Two ways to the same: keys of the file, and months in which resolved values differ from the parent's.
    stated = scenario_table.stated_levers(shipped_scenarios()[name])
    scenario = shipped(name)
    assert scenario.parent_levers is not None
    own = {field for lever in REGISTRY if lever.key in stated for field in lever.fields}
    differing = {
        field
        for lever in REGISTRY
        for field in lever.fields
        if not _same(getattr(scenario.levers, field), getattr(scenario.parent_levers, field))
    }
    assert differing <= own
    assert differing


def _same(one: Any, other: Any) -> bool:
    """Whether two resolved values are equal; NaN (as in the data) is equal to itself."""
    if isinstance(one, np.ndarray):
        return np.array_equal(one, other, equal_nan=one.dtype.kind == "f")
    return bool(one == other)


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
