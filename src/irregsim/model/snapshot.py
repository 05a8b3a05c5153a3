"""A world between two months as named arrays, and back: what changes in a replicate, without what its key decides.

Employers, hosts and their circles are drawn from the key of the replicate, so they are made again; what months have
changed is kept. A world that was kept and resumed continues exactly as it would have.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from irregsim.model.draws import Draws
from irregsim.model.population import Population
from irregsim.model.values import Values
from irregsim.model.world import World

Arrays = Mapping[str, npt.NDArray[Any]]

#: What months change of the world itself, of employers and of the record.
_WORLD: Final = (
    *("perceived", "forced", "forced_in_circle", "perceived_in_circle", "has_worker_in_circle", "bed_share"),
)
_EMPLOYERS: Final = ("perceived", "is_willing", "is_own_account", "open_jobs")
_MONTHLY: Final = (
    "stocks",
    "by_country",
    "duty_in_centres",
    "dublin_in_centres",
    "without_rejection",
    "side",
    "outcomes",
)


def freeze(world: World) -> dict[str, npt.NDArray[Any]]:
    """What months have changed in a world.

    Args:
        world: A replicate between two months, with a plain history that keeps no sums of probabilities.

    Returns:
        Arrays by name; some are views of the world's own.
    """
    history = world.history
    assert not history.keep_expected, "sums of probabilities are kept by tests only, and not here"
    out: dict[str, npt.NDArray[Any]] = {"month": np.array(world.month)}
    for kind, block in world.population.columns().items():
        out[f"population.{kind}"] = block
    out |= {f"centres.{name}": value for name, value in vars(world.centres).items()}
    out |= {f"employers.{name}": getattr(world.employers, name) for name in _EMPLOYERS}
    out |= {f"world.{name}": getattr(world, name) for name in _WORLD}
    until = world.month + 1
    out |= {f"history.{name}": getattr(history, name)[:until] for name in _MONTHLY}
    out |= {f"groups.{year}": table for year, table in history.groups.items()}
    out |= {f"binding.{name}": table[:until] for name, table in history.binding.items()}
    out |= {f"codes.{name}": codes for name, codes in history.codes().items()}
    if history.spells is not None:
        for name, items in vars(history.spells).items():
            out[f"spells.{name}"] = np.concatenate(items, axis=-1) if items else np.empty(0, dtype=np.int64)
    return out


def thaw(arrays: Arrays, values: Values, draws: Draws, keep_spells: bool) -> World:
    """The world that was kept, to continue under values that agree with its own up to now.

    Args:
        arrays: From `freeze`.
        values: Levers and parameters of the continuation.
        draws: Keyed draws of the same replicate.
        keep_spells: As when it was kept.
    """
    world = World(values, draws, keep_spells, keep_expected=False)
    world.month = int(arrays["month"])
    until = world.month + 1
    history = world.history
    parts: dict[str, dict[str, npt.NDArray[Any]]] = {}
    for key, array in arrays.items():
        kind, _, name = key.partition(".")
        parts.setdefault(kind, {})[name] = array
    world.population = Population.of(parts["population"])
    for name, array in parts["centres"].items():
        setattr(world.centres, name, array)
    for name in _EMPLOYERS:
        setattr(world.employers, name, parts["employers"][name])
    for name in _WORLD:
        setattr(world, name, parts["world"][name])
    for name in _MONTHLY:
        getattr(history, name)[:until] = parts["history"][name]
    history.groups = {int(year): table for year, table in parts.get("groups", {}).items()}
    for name, table in parts.get("binding", {}).items():
        whole = np.zeros((values.months, *table.shape[1:]), dtype=table.dtype)
        whole[:until] = table
        history.binding[name] = whole
    history.take_codes(parts["codes"])
    if history.spells is not None:
        for name, array in parts["spells"].items():
            setattr(history.spells, name, [array] if array.size else [])
    return world
