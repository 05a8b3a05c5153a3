"""A compiled decide beside a bare loop over the same keyed draws, in one process: no speed of a machine counts."""

from __future__ import annotations

import time

import numpy as np
import pytest

from helpers.engines import needs_numba, world_of
from irregsim.model.month import MONTH

pytestmark = [needs_numba, pytest.mark.once]

#: Persons asked, so many that what a call costs by itself is lost among them.
PERSONS = 300_000
#: Pairs of measurements, each side in turn; the least of each counts, since other work on a machine only ever adds.
PAIRS = 60
#: Most times the bare loop that a decide may take of persons who are under no bound, by contest. Measured on a machine
#: with a load from 1 to 16: 1.2 to 1.4 with five rules and 2.8 to 3.0 with one, since a person's group is found once,
#: whatever the number of rules, in about twice the time of a draw. Two passes more over all persons are too much.
MOST = {"departures": 1.6, "births": 3.4}


@pytest.fixture(scope="module")
def world(kernels):
    return world_of(months=24)


@pytest.mark.parametrize("name", MOST)
def test_a_decide_takes_little_more_than_its_draws(engine, world, name):
    from numba import njit

    from irregsim.model import compiled
    from irregsim.model.compiled.loops import bits

    engine("compiled")
    compiled.begin_month()
    part = next(part for part in MONTH if part.name == name)
    twin = compiled.twin_of(part)
    channels = tuple(rule.channel for rule in part.rules)
    at, keys, salts = world.values.at(world.month), world.population.key, world.draws.salts(channels, world.month)

    rows = part.at_risk(world, at)
    outcome = twin._decide(world, at, rows)
    u = world.draws.uniforms(channels, world.month, keys[rows])
    rows = rows[(u >= outcome.bound[:, outcome.group.astype(np.int64)]).all(axis=0)]
    assert len(rows) > 100
    rows = np.sort(np.resize(rows, PERSONS))

    @njit(nogil=True)
    def bare_loop(keys, rows, salts, bound, code):
        for r in range(len(salts)):
            for j in range(len(rows)):
                if bits(keys[np.uint64(rows[j])] ^ salts[r]) < bound[r]:
                    code[j] = r

    bound, code = np.zeros(len(salts), dtype=np.uint64), np.full(PERSONS, -1)
    calls = {
        "bare": lambda: bare_loop(keys, rows, salts, bound, code),
        "decide": lambda: part.decide(world, at, rows),
    }
    assert (part.decide(world, at, rows).code == -1).all()
    least = dict.fromkeys(calls, float("inf"))
    for _ in range(PAIRS):
        for side, call in calls.items():
            begun = time.thread_time()
            call()
            least[side] = min(least[side], time.thread_time() - begun)
    assert (code == -1).all()
    assert least["decide"] <= MOST[name] * least["bare"], least
