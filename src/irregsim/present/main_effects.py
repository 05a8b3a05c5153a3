"""Which effects of a scenario are shown first: those its levers are declared to move, and those that are clear.

The first page, the titles of the pictures and the pictures of the main effects all take them from here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from irregsim.model.registers import REGISTERS
from irregsim.present.words import certainty_of, has_direction, lever_of
from irregsim.study.comparison import verdicts

#: Main effects of a scenario, and how many of them may be there because a lever is declared to move them.
MOST: Final = 5
MOST_MEANT: Final = 3
LEAST: Final = 3

#: Always among the main effects: what nobody counts is what most ask for.
HIDDEN: Final = "stock:hidden"

#: Shown where too little else is, in this order.
_OTHERWISE: Final = ("stock:synlig", "exit:tvangsretur", "outcome:homeless_person_months", "stock:fritt_fall")

#: Registers that count the same persons as an outcome of the model: only one of the two is a main effect.
_SAME: Final[Mapping[str, str]] = {
    **{
        f"register:{one.name}": one.latent
        for one in REGISTERS
        if one.latent is not None and (one.is_stock or one.latent.startswith("exit:"))
    },
    "outcome:centre_bed_days": "stock:synlig",
}


def meant(levers: Iterable[Mapping[str, Any]], expected: Iterable[str] = ()) -> tuple[str, ...]:
    """Outcomes that a scenario is declared to move, each once.

    Args:
        levers: Rows of the levers in which it differs, with ``key``, as ``about["levers"]`` of a comparison.
        expected: Outcomes that the scenario itself names (`Scenario.expects`); these come first.
    """
    found = list(expected)
    for row in levers:
        lever = lever_of(str(row["key"]))
        if lever is not None:
            found += [name if ":" in name else f"outcome:{name}" for name, way in lever.moves.items() if way != "none"]
    return tuple(dict.fromkeys(found))


def subject(outcome: str) -> str:
    """What an outcome is about: one name for a stock, its person-months and its duration, and for what counts it."""
    outcome = _SAME.get(outcome, outcome)
    kind, _, name = outcome.partition(":")
    return f"stock:{name}" if kind in ("person_months", "duration", "index") else outcome


def by_certainty(row: Mapping[str, Any]) -> tuple[int, float]:
    """Key for sorting: the surest first, then the one that chance explains least."""
    chance = float(row.get("false_discovery", 1.0))
    return verdicts.CERTAINTIES.index(certainty_of(row)), chance if chance == chance else 1.0


def main_effects(rows: Sequence[Mapping[str, Any]], declared: Sequence[str]) -> list[Mapping[str, Any]]:
    """The effects of a scenario to show first.

    Args:
        rows: Its rows of ``key_figures``.
        declared: Outcomes that it is declared to move, from `meant`.

    Returns:
        `LEAST` to `MOST` rows, fewer where there are fewer, no two of the same subject: declared outcomes, the clear
        ones first, then the probable ones, in the order in which they are declared; other outcomes with a direction,
        the surest first; the hidden population.
    """
    by = {str(row["outcome"]): row for row in rows}
    found: list[Mapping[str, Any]] = []
    taken: set[str] = set()

    def add(candidates: Iterable[Mapping[str, Any]], most: int) -> None:
        for row in candidates:
            about = subject(str(row["outcome"]))
            if len(found) < most and about not in taken:
                taken.add(about)
                found.append(row)

    own = [by[name] for name in declared if name in by]
    # Not by size or chance within a grade: what a scenario is for would come after what follows from it.
    add(sorted(own, key=lambda row: by_certainty(row)[0]), MOST_MEANT)
    if HIDDEN in by:
        taken.add(HIDDEN)
    room = MOST - (HIDDEN in by)
    # An index of the hidden population is that population; its own row comes last.
    add(sorted((row for row in rows if has_direction(row)), key=by_certainty), room)
    add((by[name] for name in _OTHERWISE if name in by), LEAST - (HIDDEN in by))
    return [*found, *([by[HIDDEN]] if HIDDEN in by else [])]


def first_in_panel(rows: Sequence[Mapping[str, Any]], declared: Sequence[str], most: int) -> list[str]:
    """Outcomes of a panel in the order to show them: declared ones, then those with a direction, then the others.

    Args:
        rows: Rows of ``key_figures`` of one panel, of every scenario.
        declared: Outcomes that any of the scenarios is declared to move.
        most: How many at most.
    """
    names = list(dict.fromkeys(str(row["outcome"]) for row in rows))
    told = {str(row["outcome"]) for row in rows if has_direction(row)}
    order = [
        *(name for name in names if name in declared),
        *(name for name in names if name in told),
        *names,
    ]
    chosen = list(dict.fromkeys(order))[:most]
    return [name for name in names if name in chosen]
