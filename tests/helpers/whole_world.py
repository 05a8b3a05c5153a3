"""All that a replicate holds, as one digest: two worlds with the same are the same, to the last bit."""

from __future__ import annotations

import hashlib

import numpy as np

from irregsim.model.world import World


def digest(world: World) -> str:
    """Digest of persons, employers, hosts, centres, beliefs and the whole record."""
    out = hashlib.sha256()

    def add(name, value):
        out.update(name.encode())
        if isinstance(value, dict):
            for key in sorted(value):
                add(str(key), value[key])
        elif isinstance(value, list):
            add("list", np.concatenate([np.ravel(x) for x in value]) if value else np.empty(0))
        elif isinstance(value, np.ndarray):
            out.update(f"{value.dtype}{value.shape}".encode())
            out.update(np.ascontiguousarray(value).tobytes())

    population = world.population
    for k, block in enumerate(population.blocks):
        add(f"block {k}", block[:, : len(population)])
    for part in (world, world.history, world.employers, world.hosts, world.centres):
        for name, value in sorted(vars(part).items()):
            add(name, value)
    if world.history.spells is not None:
        for name, value in sorted(vars(world.history.spells).items()):
            add(name, value)
    return out.hexdigest()
