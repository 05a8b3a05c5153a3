"""Step 3, births: children born to persons without legal stay (F 6.4)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from irregsim.model.draws import mix_array
from irregsim.model.engine import Contest, Decided, Rule
from irregsim.model.history import NO_PLACE
from irregsim.model.values import At
from irregsim.model.world import Rows, World
from irregsim.vocabulary.codes import CAUSE_CODE, INFLOW, Household, Strategy, Substrategy

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
UInt64Array = npt.NDArray[np.uint64]

_YOUNGEST, _OLDEST = 18, 45
_STEP = np.uint64(0x9E3779B97F4A7C15)


def birth_hazard(who: Rows, at: At) -> FloatArray:
    """Hazard that a woman gives birth.

    At-risk set: women of 18 to 44 years. Reads ``birth_hazard`` (per month). M106.
    """
    fertile = who.is_female & (who.age_years >= _YOUNGEST) & (who.age_years < _OLDEST)
    return np.asarray(at.birth_hazard * fertile)


class Births(Contest):
    """Children who are born here and share their mother's stay, strategy and place."""

    name = "births"
    step = 3
    rules = (
        Rule(
            channel="birth",
            hazard=birth_hazard,
            mechanisms=("M106",),
            source="F 6.4: children are born here; rate assumed",
            grade="D",
        ),
    )

    def at_risk(self, world: World, at: At) -> IntArray:
        """Everybody free to act."""
        return world.everyone()

    def settle(self, world: World, at: At, decided: Decided) -> None:
        """The child is a person of its own; the mother is a guardian from now on."""
        mothers = decided.of("birth")
        if len(mothers) == 0:
            return
        p = world.population
        p.household[mothers] = int(Household.GUARDIAN)
        ids = born_id(p.person_id[mothers], world.month)
        key = world.draws.keys(ids)
        lives_by = (p.strategy[mothers] == Strategy.ARBEIDENDE) | (p.strategy[mothers] == Strategy.MARGINALISERT)
        strategy = np.where(lives_by, int(Strategy.AVHENGIG), p.strategy[mothers])
        dependent = strategy == Strategy.AVHENGIG
        kids = p.add(
            person_id=ids,
            key=key,
            guardian=mothers,
            household=np.full(len(ids), int(Household.CHILD)),
            is_female=world.draws.uniform("birth_sex", -1, key) < 0.5,
            birth_month=np.full(len(ids), world.month),
            entry_month=np.full(len(ids), world.month),
            has_care_need=world.draws.uniform("birth_care_need", -1, key) < at.care_need_at_entry_share,
            strategy=strategy,
            substrategy=np.where(dependent, int(Substrategy.RELATIVE), p.substrategy[mothers]),
            strategy_start=np.full(len(ids), world.month),
            **{
                name: getattr(p, name)[mothers]
                for name in (
                    "country",
                    "route",
                    "place",
                    "is_sought_asylum",
                    "decision",
                    "is_identity_established",
                    "child_status",
                    "centre",
                    "host",
                )
            },
        )
        world.set_cell(kids)
        world.history.flow(
            world.month,
            CAUSE_CODE["birth"],
            INFLOW,
            p.strategy[kids],
            NO_PLACE,
            p.place[kids],
            p.country[kids],
        )


def born_id(mother: UInt64Array, month: int) -> UInt64Array:
    """Identity of a child born here: a function of the mother's and the month alone, so scenarios share their children.

    The first bit sets it apart from those who came; two of them are equal with a chance of 2**-63 a pair.

    Args:
        mother: Identities, shape (n,).
        month: Month number.
    """
    with np.errstate(over="ignore"):
        mixed = mix_array(mother ^ (np.uint64(month + 1) * _STEP))
    return np.asarray(mixed | np.uint64(1 << 63))
