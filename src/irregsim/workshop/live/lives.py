"""Single lives while a model runs: what one synthetic person lived, and the same person on both sides.

A person is identified by sixteen digits that reveal nothing. Nothing is shown of citizenship, or of what kind of
violence or trade somebody is in; spells say how the person got by, and the cause of each change.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from irregsim.model.population import person_code
from irregsim.model.simulate import feasibility_groups
from irregsim.model.world import World
from irregsim.vocabulary.codes import (
    CAUSES,
    CITIES,
    DISTRICTS,
    Decision,
    Feasibility,
    Household,
    Route,
    Strategy,
    Substrategy,
    state_code,
)

IntArray = npt.NDArray[np.int64]

#: Persons followed have this age at least.
_ADULT_MONTHS = 18 * 12

#: Persons among whom one is chosen.
_SAMPLE = 40

#: Differing persons read for one shown, so that most of those shown have come on both sides.
_TWINS_READ = 4

_FIRST_EXIT = 8
#: End of a spell that continues; sorts after every month.
_GOES_ON = 1 << 40

#: Causes that would reveal violence, or what somebody sells or takes, and what is shown in their place.
_QUIET: Final = {
    "violence": "left_provider",
    "sex_market_control": "police_check",
    "crime_control": "police_check",
    "trafficking_protection": "other_permit",
}

#: Subtypes that are shown: who provides. What somebody sells or takes is not.
_TOLD = tuple(s for s in Substrategy if s.lives.with_hosts)


def told_cause(cause: str) -> str:
    """A cause of `vocabulary.CAUSES`, or what is shown in its place where it would say what was done to somebody."""
    return _QUIET.get(cause, cause)


def said_number(person: int) -> int:
    """A number from 1 to 9999 that a class can say, the same on both sides; made of the code, so it reveals nothing.

    Two persons may share one: it is a name, and nothing is looked up by it.
    """
    return int(person_code(person)[:12], 16) % 9999 + 1


@dataclass(frozen=True)
class Spell:
    """An unbroken stay in one state.

    Attributes:
        state: A strategy, or an exit with what follows it.
        start: Month it began.
        end: Month it ended, None if it continues.
        cause: Why it ended, as `told_cause` gives it; empty if it continues.
    """

    state: str
    start: int
    end: int | None
    cause: str


#: Spells in order.
Life = tuple[Spell, ...]


@dataclass(frozen=True)
class Twin:
    """The same person on both sides.

    Attributes:
        person: Identity.
        lives: In the reference and in the scenario; empty where the person never came.
        parting: First month in which something differs, None where nothing does.
    """

    person: int
    lives: tuple[Life, Life]
    parting: int | None

    @property
    def code(self) -> str:
        """Sixteen digits."""
        return person_code(self.person)


def life(world: World, person: int) -> Life:
    """What a person has lived so far.

    Args:
        world: A world that keeps spells.
        person: Identity, as in the column ``person_id``.

    Returns:
        Spells in order; the last continues unless the person has left. An exit follows the spell that led to it, and
        ends where the person comes back. Empty for somebody who has not come.
    """
    return lives_of(world, [person])[0]


def lives_of(world: World, persons: Sequence[int]) -> tuple[Life, ...]:
    """Several lives, as `life` gives each."""
    kept = world.history.spells
    assert kept is not None, "lives are read from spells"
    wanted = np.array(persons, dtype=np.uint64)
    found: dict[int, list[tuple[int, int, int, int, int]]] = {person: [] for person in persons}
    if kept.person:
        ids = np.concatenate(kept.person)
        at = np.flatnonzero(np.isin(ids, wanted))
        ends = np.cumsum([len(piece) for piece in kept.person])
        pieces = np.searchsorted(ends, at, side="right")
        # Few of many: each is looked up in the piece that holds it.
        for person, piece, i in zip(ids[at].tolist(), pieces.tolist(), (at - ends[pieces]).tolist(), strict=True):
            columns = (kept.start, kept.end, kept.strategy, kept.destination, kept.cause)
            start, end, strategy, destination, cause = (int(column[piece][i]) for column in columns)
            found[person].append((start, end, strategy, destination, cause))
    p = world.population
    now = np.flatnonzero(np.isin(p.person_id, wanted) & (p.strategy < len(Strategy)))
    for i in now.tolist():
        found[int(p.person_id[i])].append((int(p.strategy_start[i]), _GOES_ON, int(p.strategy[i]), -1, -1))
    return tuple(_life(found[person]) for person in persons)


def _life(rows: list[tuple[int, int, int, int, int]]) -> Life:
    out: list[Spell] = []
    # Stays of no length keep the order in which they were lived.
    rows.sort(key=lambda row: row[:2])
    for k, (start, end, strategy, destination, cause) in enumerate(rows):
        goes_on = end == _GOES_ON
        out.append(
            Spell(
                Strategy(strategy).code, start, None if goes_on else end, "" if goes_on else told_cause(CAUSES[cause])
            )
        )
        if destination >= _FIRST_EXIT:
            again = rows[k + 1][0] if k + 1 < len(rows) else None
            out.append(Spell(state_code(destination), end, again, "permit_ended" if again is not None else ""))
    return tuple(out)


def someone(world: World, number: int, strategy: Strategy | None = None) -> int | None:
    """A person of the country, the same for the same number: the one with that place among the lowest keys.

    Args:
        world: The world.
        number: Place, from 0; counted cyclically within a sample, so that nobody counts persons by asking.
        strategy: Way of getting by that the person has now; None for any.

    Returns:
        Identity of an adult; None where there is nobody.
    """
    p = world.population
    here = p.strategy == strategy if strategy is not None else p.strategy < len(Strategy)
    rows = np.flatnonzero(here & (p.guardian < 0) & (world.month - p.birth_month >= _ADULT_MONTHS))
    if len(rows) == 0:
        return None
    order = rows[np.argsort(p.key[rows], kind="stable")]
    return int(p.person_id[order[number % min(len(order), _SAMPLE)]])


def twins(reference: World, scenario: World, most: int = 12) -> tuple[Twin, ...]:
    """Persons whose two lives are in different states now, a keyed sample of them.

    Args:
        reference: World of the reference.
        scenario: World of the scenario, of the same month.
        most: Size of the sample.

    Returns:
        Adults with their lives on both sides: those who have come on both first, and each kind by ascending key.
    """
    if reference is scenario:
        return ()
    sides = [_states(world) for world in (reference, scenario)]
    everybody = np.unique(np.concatenate([ids for ids, _, _ in sides]))
    state = np.full((2, len(everybody)), -1, dtype=np.int64)
    key = np.zeros(len(everybody), dtype=np.uint64)
    for row, (ids, states, keys) in zip(state, sides, strict=True):
        place = np.searchsorted(everybody, ids)
        row[place] = states
        key[place] = keys
    differ = np.flatnonzero(state[0] != state[1])
    chosen = everybody[differ[np.argsort(key[differ], kind="stable")[: _TWINS_READ * most]]]
    persons = [int(person) for person in chosen]
    pairs = zip(persons, lives_of(reference, persons), lives_of(scenario, persons), strict=True)
    found = [Twin(person, (one, other), parting(one, other)) for person, one, other in pairs]
    return tuple(sorted(found, key=lambda one: not all(one.lives))[:most])


def twin(reference: World, scenario: World, person: int) -> Twin:
    """One person on both sides."""
    lives = (life(reference, person), life(scenario, person))
    return Twin(person, lives, parting(*lives))


def parting(one: Life, other: Life) -> int | None:
    """First month in which two lives differ; None where they are the same."""
    for a, b in zip(one, other, strict=False):
        if a == b:
            continue
        if (a.state, a.start) != (b.state, b.start):
            return min(a.start, b.start)
        return min(spell.end for spell in (a, b) if spell.end is not None)
    if len(one) == len(other):
        return None
    longer = one if len(one) > len(other) else other
    return longer[min(len(one), len(other))].start


def _states(world: World) -> tuple[npt.NDArray[np.uint64], IntArray, npt.NDArray[np.uint64]]:
    """Identity, state and key of the adults who are here, by ascending identity."""
    p = world.population
    adult = world.month - p.birth_month >= _ADULT_MONTHS
    rows = np.flatnonzero((p.strategy < len(Strategy)) & (p.guardian < 0) & adult)
    rows = rows[np.argsort(p.person_id[rows], kind="stable")]
    return p.person_id[rows], p.strategy[rows], p.key[rows]


def facts(world: World, person: int) -> dict[str, str | int] | None:
    """What may be shown of a person who is here: keys of labels, and numbers.

    Returns:
        ``route``, ``household``, ``sought_asylum`` (``true`` or ``false``), ``decision``, ``feasibility`` (group),
        ``age`` (of ten years, such as ``30``), ``years`` (whole ones without legal stay), ``months``
        (in the present spell),
        ``place`` (a city, else the district), ``risk`` (perceived yearly risk of forced return: ``low``, ``some``,
        ``high``), ``ties`` (hosts known), ``provider`` (who provides, empty where nobody does), ``side`` (side
        strategy), ``is_held``. None for somebody who is not here.
    """
    p = world.population
    found = np.flatnonzero((p.person_id == np.uint64(person)) & (p.strategy < len(Strategy)))
    if len(found) == 0:
        return None
    row = int(found[0])
    who = world.rows(found[:1])
    risk = float(who.perceived_risk[0])
    city = int(who.city[0])
    substrategy = Substrategy(int(p.substrategy[row]))
    return {
        "route": Route(int(p.route[row])).code,
        "household": Household(int(p.household[row])).name.lower(),
        "sought_asylum": "true" if p.is_sought_asylum[row] else "false",
        "decision": Decision(int(p.decision[row])).name.lower(),
        "feasibility": Feasibility(int(feasibility_groups(world.month, world.values.knowledge)[p.country[row]])).code,
        "age": int(who.age_years[0]) // 10 * 10,
        "years": int(who.months_irregular[0]) // 12,
        "months": int(who.months_in_strategy[0]),
        "place": f"city.{CITIES[city]}" if city < len(CITIES) else f"district.{DISTRICTS[int(who.district[0])]}",
        "risk": "low" if risk < 0.05 else "some" if risk < 0.25 else "high",
        "ties": sum(int(getattr(p, f"tie_{i}")[row] >= 0) for i in range(3)),
        "provider": substrategy.code if substrategy in _TOLD else "",
        "side": "work" if p.side_employer[row] >= 0 else "none",
        "is_held": int(p.transport_due[row] >= 0),
    }


def cause_codes(lives: Sequence[Life]) -> tuple[str, ...]:
    """Causes that occur in some lives, each once, in the order in which they do."""
    return tuple(dict.fromkeys(spell.cause for one in lives for spell in one if spell.cause))
