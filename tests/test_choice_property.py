"""Closing an option moves only its takers: the exact property of the choice from free fall, in the month itself.

Said of the first month a lever bites, of the same persons at risk and without a binding limit (docs/odd.md, step 7).
The mathematics alone is tested in ``test_chance.py``; here the parts of the month run, with keyed draws and levers.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.worlds import baseline, branch, drawn_parameters, past, settings_of
from irregsim.model.chance import logit_shares, logit_weights
from irregsim.model.engine import Decided
from irregsim.model.month import MONTH, choice
from irregsim.model.month.choice import ASSISTED, CENTRE, OPTIONS, STAY, WORK, Choice
from irregsim.model.parameters import point_draw
from irregsim.model.population import COLUMNS
from irregsim.model.simulate import begin_month
from irregsim.model.values import At
from irregsim.model.world import World
from irregsim.scenario.levers import NAV_RULES
from irregsim.vocabulary.codes import month_number

pytestmark = pytest.mark.once

UNTIL, END, SCALE = "2016-05", "2016-12", 0.1
FROM = month_number(UNTIL) + 1
SELDOM = {"choice_sex_sale", "choice_drugs", "choice_property", "choice_survival_sex", "choice_assisted"}


def until_choice(world: World) -> tuple[At, Choice]:
    """The next month, up to the moment when those in free fall choose."""
    at = begin_month(world)
    for part in MONTH:
        if isinstance(part, Choice):
            part.begin(world, at)
            return at, part
        part.run(world, at)
    raise AssertionError("the month has a choice")


def decided(world: World) -> tuple[At, Choice, Decided]:
    """What everybody in free fall chooses in the next month, before limits."""
    at, part = until_choice(world)
    return at, part, part.decide(world, at, part.at_risk(world, at))


def by_person(world: World, made: Decided) -> dict[int, int]:
    """The option each person chose."""
    ids = world.population.person_id[made.rows]
    return dict(zip(ids.tolist(), made.code.tolist(), strict=True))


def situations(world: World, made: Decided) -> dict[int, tuple[Any, ...]]:
    """All columns of each person who chooses, but for the job on offer, which a lever may have taken away."""
    p = world.population
    columns = [getattr(p, name)[made.rows].tolist() for name in COLUMNS if name not in ("offer", "guardian")]
    return dict(zip(p.person_id[made.rows].tolist(), zip(*columns, strict=True), strict=True))


def assert_only_takers_move(before: dict[int, int], after: dict[int, int], option: int) -> int:
    """Asserts that persons differ only if they had chosen the option; returns how many had.

    Args:
        before: Option by person.
        after: The same, of the same persons at least.
        option: The one that is closed.
    """
    moved = {person for person, code in before.items() if code != after[person]}
    takers = {person for person, code in before.items() if code == option}
    assert moved <= takers, f"{len(moved - takers)} moved who had not chosen {OPTIONS[option]}"
    return len(takers)


# -- any option, any seed, any parameters ------------------------------------------------------------------------------


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**31), option=st.integers(0, len(OPTIONS) - 1), drawn=st.booleans())
def test_closing_an_option_moves_all_its_takers_and_nobody_else(seed: int, option: int, drawn: bool):
    draw = drawn_parameters(seed) if drawn else None
    world = branch(past(UNTIL, SCALE), baseline(END), seed=seed, draw=draw)
    at, part, before = decided(world)
    utilities = choice.utilities

    def closed(*given: Any) -> np.ndarray:
        out = utilities(*given)
        out[option] = -np.inf
        return out

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(choice, "utilities", closed)
        after = part.decide(world, at, before.rows)
    assert len(before.rows) > 0
    took = before.code == option
    assert np.array_equal(before.code != after.code, took)


def test_all_options_have_takers_where_the_property_is_tested():
    taken: set[str] = set()
    for seed in range(4):
        _, _, made = decided(branch(past(UNTIL, SCALE), baseline(END), seed=seed))
        taken |= {OPTIONS[code] for code in made.code}
    assert set(OPTIONS) - SELDOM <= taken


# -- by levers ---------------------------------------------------------------------------------------------------------

CLOSING = {
    "no right to stay": (CENTRE, {"stay_after_rejection": (FROM, False)}),
    "no centre": (CENTRE, {"centre_open": (FROM, False)}),
    "employers not willing": (WORK, {"employer_base_nok": (FROM, 1e12)}),
    "no return scheme": (ASSISTED, {"assisted_scheme": (FROM, 0.0)}),
}


@pytest.mark.parametrize("name", CLOSING)
def test_a_lever_that_closes_an_option_moves_only_its_takers_in_its_first_month(name):
    """Without interactions no place is scarce; compared are persons who meet the choice in the same situation.

    NAV helps whether or not a centre is open (M110 left out) and nobody works on own account, or the lever would change
    other options too.
    """
    option, paths = CLOSING[name]
    total = 0
    for seed in range(6):
        root = past(UNTIL, SCALE, interactions=False)
        levers = settings_of(baseline(END), interactions=False)
        draw = {**root.values.draw, "nav_despite_bed_share": 1.0, "own_account_share": 0.0}
        worlds = [branch(root, in_force, seed=seed, draw=draw) for in_force in (levers, settings_of(levers, **paths))]
        (_, part, before), (_, _, after) = (decided(world) for world in worlds)
        assert option not in after.code, "the lever closes the option"
        # A lever that closes a place to live also brings persons into free fall, or there by another way: those are
        # not at risk in the same state in both worlds, and the property says nothing of them.
        was, is_ = (situations(world, made) for world, made in zip(worlds, (before, after), strict=True))
        alike = {person for person, columns in was.items() if is_.get(person) == columns}
        assert len(alike) > 0.9 * len(was)
        old, new = (
            {person: code for person, code in by_person(world, made).items() if person in alike}
            for world, made in zip(worlds, (before, after), strict=True)
        )
        total += assert_only_takers_move(old, new, option)
        # And where no limit binds, what the others chose is what they get.
        ends = []
        for world, made in zip(worlds, (before, after), strict=True):
            part.settle(world, world.values.at(world.month), made)
            ends.append(situations(world, made))
        stay = [person for person, code in old.items() if code != option]
        assert [ends[0][person] for person in stay] == [ends[1][person] for person in stay]
    assert total >= 3, f"{total} takers in six worlds: too few to see anything"


def test_closing_the_return_scheme_does_so_with_interactions_too():
    """The scheme enters the month after the choice alone, so the persons at risk and the free places are the same."""
    total = 0
    for seed in range(6):
        levers = baseline(END)
        made = []
        for in_force in (levers, settings_of(levers, assisted_scheme=(FROM, 0.0))):
            world = branch(past(UNTIL, SCALE), in_force, seed=seed)
            made.append(by_person(world, decided(world)[2]))
        assert made[0].keys() == made[1].keys()
        total += assert_only_takers_move(made[0], made[1], ASSISTED)
        assert ASSISTED not in made[1].values()
    assert total >= 3


def test_worse_help_from_nav_moves_only_those_who_stayed_in_free_fall():
    """Help enters one option alone once neither the ticket nor the response to hardship is at work."""
    draw = {**point_draw(), "nav_ticket_utility": 0.0, "departure_from_hardship_log_ratio": 0.0, "nav_utility": 3.0}
    moved = 0
    for seed in range(4):
        made = []
        for rule in ("wide", "rule_2014"):
            levers = settings_of(baseline(END), nav_emergency_help=(FROM, NAV_RULES.index(rule)))
            world = branch(past(UNTIL, SCALE), levers, seed=seed, draw=draw)
            made.append(by_person(world, decided(world)[2]))
        assert made[0].keys() == made[1].keys()
        assert_only_takers_move(made[0], made[1], STAY)
        moved += sum(made[0][person] != made[1][person] for person in made[0])
    assert moved > 0


# -- the property is not a matter of course ------------------------------------------------------------------------


def test_a_choice_with_one_number_per_person_would_move_others():
    """Adding up the shares in the order of the options has the same shares, and not the property."""
    world = branch(past(UNTIL, SCALE), baseline(END))
    seen: list[np.ndarray] = []
    utilities = choice.utilities

    def watched(*given: Any) -> np.ndarray:
        seen.append(utilities(*given))
        return seen[-1]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(choice, "utilities", watched)
        _, _, made = decided(world)
    (options,) = seen
    u = world.draws.uniform(OPTIONS[0], world.month, world.population.key[made.rows])

    def added_up(options: np.ndarray) -> np.ndarray:
        return (np.cumsum(logit_shares(logit_weights(options)), axis=0) < u).sum(axis=0)

    before = added_up(options)
    options[STAY] = -np.inf
    after = added_up(options)
    assert ((before != STAY) & (before != after)).any()
