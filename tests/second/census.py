"""Counts of some persons by what they are, to compare those whom two programs draw."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from .state import CHILD, Person

AGES = (18, 25, 35, 50, 67)


def census(people: Iterable[tuple[Person, float, str]]) -> Counter:
    """How many there are of each kind.

    Args:
        people: Persons, the age of each in years, and the group of countries by feasibility.
    """
    found: Counter = Counter()
    for x, age, group in people:
        band = sum(age >= start for start in AGES)
        traits = {
            "begins": (x.route, x.strategy),
            "sex": (x.route, x.household, x.female),
            "age": (x.route, x.household, band),
        }
        if x.household == CHILD:
            traits |= {"years": int(age), "child ill": x.ill, "child status": x.child_status}
        else:
            ties = sum(t >= 0 for t in x.ties)
            traits |= {
                "identity": (x.sought, group, x.identity),
                "ill": (age >= 67, x.ill),
                "card": (x.sought, x.card),
                "forged": (x.route, x.forged),
                "ties": (x.sought, ties),
                "place": (x.sought, x.strategy, x.place),
                "decision": (x.route, x.decision),
                "held": (x.route, x.due >= 0),
                "children": len(x.children),
                "status": (x.household, x.child_status),
                "subtype": (x.female, x.subtype),
                "exploited": (x.strategy, x.exploited),
            }
        found.update(("newcomer", name, str(value)) for name, value in traits.items())
    return found
