"""Scenarios that are alike for years share those years: simulated once, then forked.

Two scenarios with the same draw, seed and scale have the same lives until the first month in which a lever or an
assumption differs. A comparison therefore simulates each stretch that scenarios have in common once, and copies the
world where they part. Every table is the same, byte for byte, as if each scenario had been run alone.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from irregsim.model.draws import Draws
from irregsim.model.engine import Part
from irregsim.model.month import MONTH
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
    """One replicate of several scenarios, as tables.

    Args:
        scenarios: One or more, of any periods.
        draw: Value of every parameter by name, the same for all.
        seed: Seed of the run.
        replicate: Number of the replicate.
        scale: Population scale, above 0; 1 is the country.
        spells: Whether to keep the spells of single persons.
        partings: As for `worlds_together`.
        run_ups: As for `worlds_together`.

    Yields:
        Number of a scenario in ``scenarios``, and its tables as `frames.run_replicate` gives them; each once, in
        the order in which they are finished.
    """
    how: Any = {"scale": scale, "spells": spells, "partings": partings, "run_ups": run_ups}
    for group, world in worlds_together(scenarios, draw, Draws(seed, replicate), **how):
        world.close_spells()
        for number in group:
            yield number, frames(world, scenarios[number].start)


def worlds_together(
    scenarios: Sequence[Scenario],
    draw: Mapping[str, float],
    draws: Draws,
    *,
    scale: float = 1.0,
    spells: bool = False,
    until: int | None = None,
    partings: Sequence[int] = (),
    run_ups: RunUps | None = None,
) -> Iterator[tuple[list[int], World]]:
    """One replicate of several scenarios, as worlds after a month.

    Args:
        scenarios: One or more, of any periods.
        draw: Value of every parameter by name, the same for all.
        draws: Keyed draws of the replicate.
        scale: Population scale, above 0; 1 is the country.
        spells: Whether to keep the spells of single persons.
        until: Last month simulated (month number); None for the last of each scenario.
        partings: More months at which scenarios part from others than those given here (a reference that is there
            already, or what somebody may ask for next): worlds of these months are kept in ``run_ups`` too.
        run_ups: Where worlds are kept in which scenarios part; None to keep none.

    Yields:
        Numbers of the scenarios in ``scenarios`` that are the same up to the end, and their world; each world once
        and as soon as it is finished. Nothing here reads or changes it afterwards.
    """

    def begun(number: int, month: int) -> World:
        """A scenario's world before a month if that is kept, or else before its first month."""
        values = Values(scenarios[number].levers, draw, scale)
        world = None if month < 1 else kept_before(values, draws, month, spells=spells, run_ups=run_ups)
        return world or start(values, draws, spells, keep_expected=False)

    def advance(world: World, stop: int, parts_there: bool) -> World:
        """On to a month, with the worlds kept that others may start from."""
        at = {*partings, stop} if parts_there else {month for month in partings if month < stop}
        return _advance(world, stop, at, spells, run_ups)

    def next_parting(group: Sequence[int]) -> tuple[int | None, list[int]]:
        month, apart = _next_parting(scenarios, group)
        return (None, []) if month is None or (until is not None and month > until) else (month, apart)

    def grown(group: list[int], world: World) -> Iterator[tuple[list[int], World]]:
        """Scenarios alike before the world's next month, whose values are those of the first of them."""
        lead = group[0]
        while group:
            month, apart = next_parting(group)
            stop = end_of(lead) if month is None else month
            world = advance(world, stop, parts_there=month is not None or stop in partings)
            if month is None:
                break
            group = [number for number in group if number not in apart]
            fork = world.copy(Values(scenarios[apart[0]].levers, draw, scale)) if month > 0 else begun(apart[0], 0)
            yield from grown(apart, fork)
        assert lead in group, "the first of a group never parts from itself"
        yield group, world

    def end_of(number: int) -> int:
        """Number of the months that are simulated of a scenario."""
        months = scenarios[number].levers.months
        return months if until is None else min(months, until + 1)

    for group in _same_length(scenarios):
        yield from grown(group, begun(group[0], next_parting(group)[0] or end_of(group[0]) - 1))


def world_before(
    values: Values,
    draws: Draws,
    month: int,
    *,
    spells: bool = False,
    run_ups: RunUps | None = None,
    parts: Sequence[Part] = MONTH,
    each_month: Callable[[World], None] | None = None,
) -> World:
    """The world before one month, from the kept one if there is one; it is kept otherwise.

    Args:
        values: Levers and one parameter draw, month by month.
        draws: Keyed draws of the replicate.
        month: The month that would run next.
        spells: Whether to keep the spells of single persons.
        run_ups: Where it is kept; None to keep none. It must be None where the parts are not those of `MONTH`: a
            run-up does not say of which parts it is.
        parts: Parts of a month.
        each_month: Called after each month that is simulated here; what it raises is raised here.
    """
    world = start(values, draws, spells, keep_expected=False)
    return _advance(world, month, {month}, spells, run_ups, parts, each_month)


def kept_before(
    values: Values, draws: Draws, month: int, *, spells: bool = False, run_ups: RunUps | None = None
) -> World | None:
    """The world before one month, where it is kept; arguments as for `world_before`."""
    if run_ups is None or month < 1:
        return None
    return run_ups.find(_key(values, draws, month, spells), values, draws, spells)


def _advance(
    world: World,
    stop: int,
    kept_at: Collection[int],
    spells: bool,
    run_ups: RunUps | None,
    parts: Sequence[Part] = MONTH,
    each_month: Callable[[World], None] | None = None,
) -> World:
    """On to the end of the month before one, from the last world on the way that is kept; the others are kept now."""
    for month in sorted((month for month in kept_at if world.month + 1 < month <= stop), reverse=True):
        kept = kept_before(world.values, world.draws, month, spells=spells, run_ups=run_ups)
        if kept is not None:
            world = kept
            break
    while world.month + 1 < stop:
        advance_month(world, parts)
        if each_month is not None:
            each_month(world)
        if run_ups is not None and world.month + 1 in kept_at:
            run_ups.keep(_key(world.values, world.draws, world.month + 1, spells), world)
    return world


def _key(values: Values, draws: Draws, month: int, spells: bool) -> str:
    """Name of the run-up before a month."""
    how: Any = {"seed": draws.seed, "replicate": draws.replicate, "scale": values.scale, "spells": spells}
    return key_of(values.levers, month, values.draw, **how)


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
