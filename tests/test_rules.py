"""Every rule says where it comes from, has a channel of its own, and happens as often as its probabilities say."""

from __future__ import annotations

import ast
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import irregsim.model.engine
from helpers.statistics import assert_martingale_plausible, visible_error
from helpers.worlds import advance, baseline, branch, past
from irregsim.model.draws import CHANNELS
from irregsim.model.engine import Contest, Rule
from irregsim.model.history import CELLS
from irregsim.model.month import MONTH, newcomers
from irregsim.model.month.choice import OPTIONS, Choice
from irregsim.model.month.exits import Departures
from irregsim.model.parameters import GRADES
from irregsim.model.simulate import begin_month
from irregsim.vocabulary.codes import CAUSES, Decision, Exit, Ground
from irregsim.vocabulary.reference import read_table

pytestmark = pytest.mark.once

ROOT = Path(__file__).resolve().parents[1]
RULES = [(part, rule) for part in MONTH for rule in part.rules]
MECHANISMS = {row["id"] for row in read_table("report/mechanisms.csv")}
NAMES = [rule.channel for _, rule in RULES]


@pytest.mark.parametrize("rule", [rule for _, rule in RULES], ids=NAMES)
def test_a_rule_states_its_channel_its_mechanisms_its_source_and_its_grade(rule: Rule):
    assert rule.channel in CHANNELS
    assert set(rule.mechanisms) <= MECHANISMS
    assert len(set(rule.mechanisms)) == len(rule.mechanisms)
    assert rule.source.strip()
    assert rule.grade in GRADES
    # A rule without a claim behind it is an assumption, and says so.
    assert rule.mechanisms or rule.grade == "D"
    assert rule.hazard.__doc__
    assert "azard" in rule.hazard.__doc__ or "same" in rule.hazard.__doc__


def test_a_channel_belongs_to_one_rule_and_a_name_to_one_part():
    assert [name for name, count in Counter(NAMES).items() if count > 1] == []
    assert [name for name, count in Counter(part.name for part in MONTH).items() if count > 1] == []
    assert len(RULES) > 25


def test_the_parts_stand_in_the_order_of_the_steps():
    steps = [part.step for part in MONTH]
    assert steps == sorted(steps)
    assert set(steps) == set(range(2, 10)), "steps 1 and 10 are the values of the month and its record"
    assert all(part.rules for part in MONTH if isinstance(part, Contest))


def test_causes_have_names_of_their_own():
    assert len(set(CAUSES)) == len(CAUSES)


# -- what a rule says as data ------------------------------------------------------------------------------------

PLAIN = {"channel": "onward", "hazard": lambda who, at: np.zeros(len(who)), "mechanisms": (), "source": "a test"}


@pytest.mark.parametrize(
    ("effect", "message"),
    [
        ({"enters": Exit.VIDERE, "cause": "wanderlust"}, "'wanderlust' is not a cause"),
        ({"enters": Exit.VIDERE}, "give both enters and cause"),
        ({"cause": "onward"}, "give both enters and cause"),
    ],
)
def test_a_rule_that_moves_people_says_where_and_why(effect, message):
    with pytest.raises(ValueError, match=f"^rule onward: {message}"):
        Rule(**PLAIN, grade="D", **effect)


def test_outcomes_are_asked_for_by_name():
    part = Departures()
    decided = part.decided(np.array([5, 6, 7]), np.array([part.outcomes["onward"], -1, part.outcomes["death"]]))
    assert decided.of("onward").tolist() == [5]
    assert decided.of("assisted_return").tolist() == []
    with pytest.raises(ValueError, match="no outcome is called 'travels_on'"):
        decided.of("travels_on")


def test_outcomes_are_named_once_and_for_all_parts():
    for part in MONTH:
        assert part.outcomes is part.outcomes, "not built again in every month"
        assert list(part.outcomes.values()) == list(range(len(part.outcomes)))
        if isinstance(part, Contest):
            assert list(part.outcomes) == [rule.channel for rule in part.rules]
    assert list(Choice().outcomes) == list(OPTIONS)


# -- channels ----------------------------------------------------------------------------------------------------

#: Calls that draw, and where their channels stand: literals, or one of these tuples by name.
DRAWING = {"uniform", "uniforms", "drawn", "place_in_centres", "place_with_hosts", "_find_beds"}
TUPLES = {name: getattr(newcomers, name) for name in ("HOUSEHOLD", "BIRTH", "CHILD_BIRTH", "TIE_BIRTH")}
TUPLES["options"] = OPTIONS  # of a part that is chosen from

#: Channels of one decision that is made in several functions, with the reason.
SEVERAL = {
    "inflow": "arrivals of a month by route and country, under keys of their own for each kind of arrival",
    "birth_age": "the age of a person: of heads of household, and of children",
    "birth_sex": "the sex of a person: of heads of household, and of children",
    "birth_care_need": "the health of a person: of heads of household, and of children",
    "birth_place": "the place of a person who arrives, whether they stay or not",
    "birth_substrategy": "how a newcomer lives: a guest with whom, somebody at the margins by what",
    "exploited_at_work": "whether a job is exploitative: one begun on arrival, one taken later",
    "workdays_documented": "whether a case against an employer has documented workdays: found, or reported",
    "trafficking_identified": "whether a victim is seen as one: at work, or in the market",
    "track_transport": "whether a transport goes: at once, or when it is due",
    "tie_forms_host": "whom somebody meets, under a key for each slot: a tie, or a provider met by chance",
    "job_rank": "who is first for a job: with limits, or without",
    "centre_where": "which centre: with limits, or for Dublin cases without",
}


def drawing_places() -> dict[str, set[str]]:
    """Functions of the model that draw on each channel, read from the source."""
    out: dict[str, set[str]] = {}

    def visit(node: ast.AST, where: str) -> None:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            where = f"{where}.{node.name}"
        if isinstance(node, ast.Call):
            function = node.func
            name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
            if name in DRAWING:
                given = [*node.args, *(keyword.value for keyword in node.keywords)]
                given += [part for argument in given if isinstance(argument, ast.Tuple) for part in argument.elts]
                for argument in given:
                    if isinstance(argument, ast.Constant) and argument.value in CHANNELS:
                        out.setdefault(str(argument.value), set()).add(where)
                    for channel in TUPLES.get(getattr(argument, "id", getattr(argument, "attr", "")), ()):
                        out.setdefault(channel, set()).add(where)
        for child in ast.iter_child_nodes(node):
            visit(child, where)

    for path in sorted((ROOT / "src" / "irregsim" / "model").rglob("*.py")):
        if path.parent.name == "compiled":
            continue  # a twin draws what the decision it stands for draws
        visit(ast.parse(path.read_text(encoding="utf-8")), path.stem)
    return out


def test_a_channel_is_drawn_for_one_decision():
    """A decision of another function needs a channel of its own, or a reason in `SEVERAL`."""
    places = drawing_places()
    assert len(places) > 80
    shared = {channel: sorted(where) for channel, where in places.items() if len(where) > 1}
    assert {channel: where for channel, where in shared.items() if channel not in SEVERAL} == {}
    assert SEVERAL.keys() - shared.keys() == set(), "no longer shared"
    assert places.keys() & set(NAMES) == set(), "the channel of a rule is the rule's own"
    assert places["hire_forged_papers"] == {"labour.hire"}


# -- events against the sums of their probabilities --------------------------------------------------------------

#: Chance that a correct model fails one of the comparisons below.
FALSE_ALARM = 1e-6
SCALE, UNTIL, END, MONTHS = 0.4, "2013-12", "2016-06", 30


def test_the_sum_of_a_rule_is_its_share_of_the_chance_that_anything_happens():
    """Exact: ``h / H (1 - exp(-H))`` summed over the persons at risk, h being the rule's hazard and H all of them."""
    world = branch(past(UNTIL, SCALE), baseline(END))
    compared = 0
    at = begin_month(world)
    for part in MONTH:
        part.begin(world, at)
        rows = part.at_risk(world, at)
        if not len(rows):
            continue
        if isinstance(part, Contest):
            who = world.rows(rows)
            hazards = np.stack([np.asarray(rule.hazard(who, at), dtype=np.float64) for rule in part.rules])
            before = [
                world.history.expected[rule.channel][world.month].copy()
                if rule.channel in world.history.expected
                else 0.0
                for rule in part.rules
            ]
            decided = part.decide(world, at, rows)
            total = hazards.sum(axis=0)
            any_event = 1.0 - np.exp(-total)
            for rule, hazard, was in zip(part.rules, hazards, before, strict=True):
                chance = np.divide(hazard * any_event, total, out=np.zeros_like(total), where=total > 0)
                by_cell = np.bincount(world.population.cell[rows], weights=chance, minlength=CELLS)
                added = world.history.expected[rule.channel][world.month] - was
                assert added == pytest.approx(by_cell, rel=1e-9, abs=1e-9), rule.channel
                compared += 1
        else:
            decided = part.decide(world, at, rows)
        part.settle(world, at, decided)
    assert compared > 25


@pytest.fixture(scope="module")
def counted() -> Iterator[tuple[Counter[str], dict[str, float]]]:
    """Events by channel, counted where they happen, and the history's sums of probabilities over the same months."""
    events: Counter[str] = Counter()
    world = branch(past(UNTIL, SCALE), baseline(END))
    first = world.month + 1
    contest, choice, drawn = Contest.decide, Choice.decide, irregsim.model.engine.drawn
    expelled = sys.modules["irregsim.model.month.inflow"]._asylum_case_expulsions

    def watched_contest(self, world, at, rows):
        decided = contest(self, world, at, rows)
        for code, rule in enumerate(self.rules):
            events[rule.channel] += int((decided.code == code).sum())
        return decided

    def watched_choice(self, world, at, rows):
        decided = choice(self, world, at, rows)
        for code, option in enumerate(OPTIONS):
            events[option] += int((decided.code == code).sum())
        return decided

    def watched_drawn(world, channel, rows, chance):
        happened = drawn(world, channel, rows, chance)
        assert happened.shape == rows.shape
        events[channel] += int(happened.sum())
        return happened

    def watched_expelled(world, at, rows):
        expelled(world, at, rows)
        p = world.population
        asylum = rows[p.is_sought_asylum[rows]]
        events["asylum_case_expulsion"] += int((p.decision[asylum] == Decision.EXPELLED_IMMIGRATION_ACT).sum())

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Contest, "decide", watched_contest)
        patch.setattr(Choice, "decide", watched_choice)
        for name, module in list(sys.modules.items()):
            if name.startswith("irregsim") and getattr(module, "drawn", None) is drawn:
                patch.setattr(module, "drawn", watched_drawn)
        patch.setattr(sys.modules["irregsim.model.month.inflow"], "_asylum_case_expulsions", watched_expelled)
        advance(world, MONTHS)
    expected = {rule: float(table[first : first + MONTHS].sum()) for rule, table in world.history.expected.items()}
    yield events, expected


def test_every_rule_keeps_its_sum_of_probabilities(counted):
    events, expected = counted
    assert set(NAMES) <= expected.keys()
    assert set(OPTIONS) <= expected.keys()
    assert {name for name, count in events.items() if count} <= expected.keys(), "events without a sum"
    assert all(np.isfinite(total) and total >= 0 for total in expected.values())


def test_events_are_as_many_as_the_sums_of_their_probabilities(counted):
    """Each sum is a martingale's compensator, so a bound holds whatever the dependence between persons is."""
    events, expected = counted
    assert len(expected) > 50
    seen = 0
    for rule, total in sorted(expected.items()):
        # The smallest relative error that is certain to be found with this many events; most rules show 20 percent.
        if total < 5:
            assert events[rule] <= 40, f"{rule}: {events[rule]} events, {total:.2f} expected"
            continue
        error = visible_error(total, FALSE_ALARM)
        assert_martingale_plausible(events[rule], total, false_alarm=FALSE_ALARM, must_see=error * 1.001)
        seen += error < 0.5
    assert seen > 30, "enough rules have enough events for the comparison to mean something"


def test_an_error_of_a_fifth_in_a_common_rule_would_be_found(counted):
    events, expected = counted
    for rule in ("job_loss", "job_offer", "choice_dependence", "care_need"):
        with pytest.raises(AssertionError):
            assert_martingale_plausible(events[rule], 1.3 * expected[rule], false_alarm=FALSE_ALARM, must_see=0.3)


def test_sums_stay_with_the_place_and_ground_of_the_persons(counted):
    """A sum is kept by place and ground: rules for one ground alone have nothing under the others."""
    world = past(UNTIL, SCALE)
    expected = world.history.expected
    rules = ("dublin_transfer", "track_bortvist", "walkout")
    table = {rule: expected[rule].sum(axis=0).reshape(-1, len(Ground)) for rule in rules}
    assert table["dublin_transfer"][:, Ground.DUBLIN].sum() > 0
    assert table["dublin_transfer"][:, [Ground.ASYLUM, Ground.NEVER_ASYLUM]].sum() == 0
    assert table["track_bortvist"][:, Ground.NEVER_ASYLUM].sum() > 0
    assert table["track_bortvist"][:, Ground.DUBLIN].sum() == 0
    applicants = table["track_bortvist"][:, Ground.ASYLUM].sum()
    assert 0 < applicants < table["track_bortvist"][:, Ground.NEVER_ASYLUM].sum(), "those who vanish undecided"
    assert table["walkout"][:, Ground.ASYLUM].sum() > 0
    assert table["walkout"][:, Ground.NEVER_ASYLUM].sum() == 0
    assert (table["walkout"].sum(axis=1) > 0).sum() > 5, "in many places"
