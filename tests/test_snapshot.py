"""A world that was kept on disk and taken up again goes on exactly as it would have."""

from __future__ import annotations

import json

import numpy as np
import pytest

from irregsim.inference.posterior import choose
from irregsim.model.draws import Draws
from irregsim.model.simulate import advance_month, start
from irregsim.model.snapshot import freeze, thaw
from irregsim.model.values import Values
from irregsim.scenario import load_scenario
from irregsim.storage.arrays import read_arrays, write_arrays

DRAW = choose("posterior")[0].values[1]


def state(world):
    """Everything of a world that changes, as bytes: not a list kept in `snapshot`, but whatever is there."""
    found = {}

    def visit(name, thing):
        if isinstance(thing, np.ndarray):
            found[name] = (thing.dtype.str, thing.shape, thing.tobytes())
        elif isinstance(thing, dict):
            for key, value in thing.items():
                visit(f"{name}.{key}", value)
        elif isinstance(thing, list):
            visit(name, np.concatenate(thing, axis=-1) if thing else np.empty(0))
        elif isinstance(thing, (bool, int, float, str, type(None))):
            found[name] = thing
        elif hasattr(thing, "__dict__") and name.rpartition(".")[2] not in ("_values", "draws"):
            for key, value in vars(thing).items():
                if key not in ("_blocks",):  # room for more persons than there are
                    visit(f"{name}.{key}", value)

    visit("world", world)
    return found


@pytest.mark.parametrize("spells", [False, True])
def test_a_kept_world_goes_on_as_it_would_have(tmp_path, spells):
    levers = load_scenario("baseline", end="2013-06").levers
    values, draws = Values(levers, DRAW, 0.05), Draws(3, 1)
    world = start(values, draws, spells, keep_expected=False)
    for _ in range(30):
        advance_month(world)
    write_arrays(tmp_path / "world", freeze(world))
    arrays = read_arrays(tmp_path / "world")
    assert arrays is not None
    again = thaw(arrays, Values(levers, DRAW, 0.05), Draws(3, 1), spells)
    assert state(again) == state(world)
    for _ in range(24):
        advance_month(world)
        advance_month(again)
    assert state(again) == state(world)


def test_a_damaged_file_is_no_file(tmp_path):
    path = tmp_path / "arrays"
    assert read_arrays(path) is None
    write_arrays(path, {"a": np.arange(5), "b": np.array([True, False])})
    good = path.read_bytes()
    found = read_arrays(path)
    assert found is not None and found["a"].tolist() == [0, 1, 2, 3, 4] and found["b"].dtype == bool
    head, _, rest = good.partition(b"\n")
    for damaged in (
        good[:-3],
        good[:-1] + bytes([good[-1] ^ 1]),
        b"{}\n" + rest,
        json.dumps({**json.loads(head), "bytes": 2**60}).encode() + b"\n" + rest,
        json.dumps({**json.loads(head), "bytes": "many"}).encode() + b"\n" + rest,
        b"no json\n",
        b"",
    ):
        path.write_bytes(damaged)
        assert read_arrays(path) is None, damaged[:60]


def test_objects_are_neither_written_nor_read(tmp_path):
    with pytest.raises(ValueError):
        write_arrays(tmp_path / "arrays", {"a": np.array([object()], dtype=object)})
    assert list(tmp_path.iterdir()) == []
