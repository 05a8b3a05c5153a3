"""One trial of a calibration: the engines that worker processes call."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

import numpy as np

from irregsim.vocabulary.codes import FIRST_YEAR

if TYPE_CHECKING:
    import pandas as pd

    from irregsim.model.world import World
    from irregsim.scenario import Scenario

#: Trials share this many sets of random numbers, so that trials differ by their parameters rather than by random
#: variation (common random numbers), and no single set decides.
RANDOM_SETS: Final = 32


def observe(
    scenario: Scenario,
    draw: Mapping[str, float],
    *,
    seed: int,
    replicate: int,
    scale: float,
    spells: bool,
) -> dict[str, pd.DataFrame]:
    """One trial: the baseline under some parameter values, seen by the agencies.

    The observation model is applied in full, with its scope and delay: once with its noise, and once for the counts
    to be expected of the same events.
    """
    import pandas as pd

    from irregsim.model.registers import REGISTERS, Observer
    from irregsim.model.simulate import simulate

    random_set = replicate % RANDOM_SETS
    world = simulate(scenario, draw, seed=seed, replicate=random_set, scale=scale, expected=False)
    whole = range(FIRST_YEAR, FIRST_YEAR + world.history.months // 12)
    seen = []
    for is_expected in (False, True):
        observer = Observer(world.history, world.draws, world.values.draw, whole, scale, is_expected)
        seen.append(
            {(register.name, *cell): count for register in REGISTERS for *cell, count in register.observe(observer)}
        )
    counted, expected = seen
    # A cell without a row holds nobody; noise can empty it, and take one of its few.
    rows = [(*cell, int(counted.get(cell, 0)), float(expected.get(cell, 0.0))) for cell in {**counted, **expected}]
    rows += _soft(world, whole, scale)
    columns = ("register", "period", "dimension", "key", "count", "expected")
    return {"registers": pd.DataFrame(rows, columns=list(columns))}


#: What soft targets are compared with (`soft_targets.csv`): no register of the model, but its own state.
SOFT: Final = "state"


def _soft(world: World, years: range, scale: float) -> list[tuple[str, str, str, str, int, float]]:
    """Persons in free fall by month, and contacts with health services by city and year: what soft targets speak of."""
    from irregsim.model.registers import Observer
    from irregsim.vocabulary import reference
    from irregsim.vocabulary.codes import CITIES, RegisterEvent, Strategy, month_text

    months = world.history.months
    stocks = world.history.stocks.reshape(months, len(Strategy), -1).sum(axis=2)[:, Strategy.FRITT_FALL]
    rows = [(SOFT, month_text(month), "strategy", "fritt_fall", int(stocks[month])) for month in range(10, months, 12)]
    contacts = Observer(world.history, world.draws, world.values.draw, years, scale, True).events(
        RegisterEvent.HEALTH_CONTACT
    )
    city = np.array([place.city for place in reference.places()])
    for at, year in enumerate(years):
        by_place = contacts[at].sum(axis=-1)
        rows += [
            (SOFT, str(year), "health_city", name, int(by_place[city == i].sum())) for i, name in enumerate(CITIES)
        ]
    return [(*row, float(row[-1])) for row in rows]


def count_hidden(
    scenario: Scenario,
    draw: Mapping[str, float],
    *,
    seed: int,
    replicate: int,
    scale: float,
    spells: bool,
) -> dict[str, pd.DataFrame]:
    """One trial that keeps nothing but the persons outside centres at the end of each year: what no register sees."""
    import pandas as pd

    from irregsim.model.simulate import simulate
    from irregsim.vocabulary.codes import Strategy

    world = simulate(scenario, draw, seed=seed, replicate=replicate % RANDOM_SETS, scale=scale, expected=False)
    stocks = world.history.stocks.reshape(world.history.months, len(Strategy), -1).sum(axis=2)
    outside = stocks.sum(axis=1) - stocks[:, Strategy.SYNLIG]
    rows = [
        ("hidden", str(FIRST_YEAR + m // 12), "total", "total", int(outside[m])) for m in range(11, len(outside), 12)
    ]
    columns = ("register", "period", "dimension", "key", "count")
    return {"registers": pd.DataFrame(rows, columns=list(columns))}
