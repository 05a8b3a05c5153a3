"""Scenarios that are alike for years share those years: simulated once, then forked.

Two scenarios with the same draw, seed and scale have the same lives until the first month in which a lever or an
assumption differs. A comparison therefore simulates each stretch that scenarios have in common once, and copies the
world where they part. Every table is the same, byte for byte, as if each scenario had been run alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from irregsim.model.draws import Draws
from irregsim.model.simulate import advance_month, start
from irregsim.model.values import Values
from irregsim.model.world import World
from irregsim.study.frames import frames
from irregsim.study.run_ups import RunUps, key_of

if TYPE_CHECKING:
    import pandas as pd

    from irregsim.scenario import Scenario


def run_together(
    scenarios: Sequence[Scenario],
    draw: Mapping[str, float],
    *,
    seed: int,
    replicate: int,
    scale: float = 1.0,
    spells: bool = False,
    partings: Sequence[int] = (),
    run_ups: RunUps | None = None,
) -> Iterator[tuple[int, dict[str, pd.DataFrame]]]:
    """One replicate of several scenarios.

    Args:
        scenarios: One or more, of any periods.
        draw: Value of every parameter by name, the same for all.
        seed: Seed of the run.
        replicate: Number of the replicate.
        scale: Population scale, above 0; 1 is the country.
        spells: Whether to keep the spells of single persons.
        partings: More months at which scenarios part from others than those given here (a reference that is there
            already): worlds of these months are kept in ``run_ups`` too.
        run_ups: Where worlds are kept in which scenarios part; None to keep none.

    Yields:
        Number of a scenario in ``scenarios``, and its tables as `frames.run_replicate` gives them; each once, in
        the order in which they are finished.
    """

    def key(number: int, month: int) -> str:
        levers = scenarios[number].levers
        return key_of(levers, month, draw, seed=seed, replicate=replicate, scale=scale, spells=spells)

    def begun(number: int, until: int = 0) -> World:
        """A scenario's world at the last parting that is kept up to a month, or else before its first month."""
        values, draws = Values(scenarios[number].levers, draw, scale), Draws(seed, replicate)
        if run_ups is not None:
            for month in sorted({*partings, until}, reverse=True):
                if 0 < month <= until and (kept := run_ups.find(key(number, month), values, draws, spells)):
                    return kept
        return start(values, draws, spells, keep_expected=False)

    def advance(world: World, lead: int, stop: int, parts_there: bool) -> None:
        """On to a month, with the worlds kept that others may start from."""
        marks = {month for month in partings if world.month + 1 < month < stop} | {stop}
        for month in sorted(marks):
            while world.month + 1 < month:
                advance_month(world)
            if run_ups is not None and (month < stop or parts_there):
                run_ups.keep(key(lead, month), world)

    def grown(group: list[int], world: World) -> Iterator[tuple[int, dict[str, pd.DataFrame]]]:
        """Scenarios alike before the world's next month, whose values are those of the first of them."""
        lead = group[0]
        while group:
            month, apart = _next_parting(scenarios, group)
            stop = world.values.months if month is None else month
            if world.month + 1 < stop:
                advance(world, lead, stop, parts_there=month is not None or stop in partings)
            if month is None:
                break
            group = [number for number in group if number not in apart]
            fork = world.copy(Values(scenarios[apart[0]].levers, draw, scale)) if month > 0 else begun(apart[0])
            yield from grown(apart, fork)
        world.close_spells()
        for number in group:
            yield number, frames(world, scenarios[number].start)
        assert lead in group, "the first of a group never parts from itself"

    for group in _same_length(scenarios):
        months = scenarios[group[0]].levers.months
        yield from grown(group, begun(group[0], _next_parting(scenarios, group)[0] or months - 1))


def shared_months(scenarios: Sequence[Scenario]) -> tuple[int, int]:
    """Months that `run_together` simulates, and months in all, over the scenarios."""
    total = sum(scenario.levers.months for scenario in scenarios)
    simulated = 0

    def walk(group: list[int], first: int) -> None:
        nonlocal simulated
        month, apart = _next_parting(scenarios, group)
        if month is None:
            simulated += scenarios[group[0]].levers.months - first
            return
        simulated += month - first
        walk([number for number in group if number not in apart], month)
        walk(apart, month)

    for group in _same_length(scenarios):
        walk(group, 0)
    return simulated, total


def _same_length(scenarios: Sequence[Scenario]) -> list[list[int]]:
    """Numbers of the scenarios by their number of months; only those can be compared month by month."""
    found: dict[int, list[int]] = {}
    for number, scenario in enumerate(scenarios):
        found.setdefault(scenario.levers.months, []).append(number)
    return list(found.values())


def _next_parting(scenarios: Sequence[Scenario], group: Sequence[int]) -> tuple[int | None, list[int]]:
    """First month in which some of a group differ from its first scenario, and which; None where none ever do."""
    lead = scenarios[group[0]].levers
    months = {number: lead.first_difference(scenarios[number].levers) for number in group[1:]}
    found = [month for month in months.values() if month is not None]
    if not found:
        return None, []
    return min(found), [number for number, month in months.items() if month == min(found)]
