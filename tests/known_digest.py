"""A small digest of what the baseline does after 2020, for comparison with a stored one."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np

from irregsim.model.month.asylum_cases import dublin_mix, queue
from irregsim.model.parameters import point_draw
from irregsim.model.simulate import simulate
from irregsim.model.values import Values
from irregsim.scenario import Scenario

#: Months whose values are kept: 2020-12, 2021-07, 2022-06, 2024-06, 2026-01, 2030-12.
MONTHS = (143, 150, 161, 185, 204, 263)


def digest_of(long: Scenario, short: Scenario) -> dict[str, Any]:
    """Drivers of a scenario to 2030 in some months, and the stocks and flows of a small world to 2022-06.

    Args:
        long: To 2030-12.
        short: The same to 2022-06.

    Returns:
        ``paths``: sums over places by driver and month; ``queue``: final duties to leave; ``world``: SHA-256 of whole
        numbers.
    """
    draw = point_draw()
    values = Values(long.levers, draw)
    paths = {}
    for name, path in sorted({**long.levers.monthly, **values._drivers()}.items()):
        rows = np.asarray(path, dtype=np.float64)[list(MONTHS)].reshape(len(MONTHS), -1)
        paths[name] = [float(x) for x in np.nansum(rows, axis=1)]
    cases = queue(values).in_simulation
    found = {"final": cases, "dublin": dublin_mix(values)}
    weights = np.arange(1, cases.shape[1] + 1)
    numbers = {name: [float(x) for x in (table[list(MONTHS)] @ weights)] for name, table in found.items()}
    world = simulate(short, draw, seed=3, replicate=0, scale=0.05)
    sha = hashlib.sha256()
    for table in (world.history.stocks, world.history.by_country):
        sha.update(np.ascontiguousarray(table, dtype=np.int64).tobytes())
    for table in (world.history.flow_counts(), world.history.register_counts()):
        for _, column in sorted(table.items()):
            sha.update(np.ascontiguousarray(column, dtype=np.int64).tobytes())
    return {"paths": paths, "queue": numbers, "world": sha.hexdigest()}
