"""Compiled months against numpy, as the tables of docs/performance.md: ``python -m benchmarks.compiled``, with numba.

Processor time, the least of many repeats of the same work on the same state, both engines in turn in one process: such
numbers and their ratios hold on a busy machine too.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence

from irregsim.model import compiled
from irregsim.model.draws import Draws
from irregsim.model.engine import Contest
from irregsim.model.month import MONTH
from irregsim.model.parameters import point_draw
from irregsim.model.simulate import advance_month, begin_month, start
from irregsim.model.values import Values
from irregsim.model.world import World
from irregsim.scenario import load_scenario

#: Month of the measured state: five years, with centres, work and circles well settled.
_MONTH = 60


def main() -> None:
    """Measures and prints."""
    compiled.prepare()
    print(_table(("scale", "persons", "month, numpy", "compiled", "ratio"), [_month(s, n) for s, n in _SIZES]))
    print(_table(("contest", "at risk", "decide, numpy", "compiled", "ratio"), _decides()))
    print(_table(("scale", "replicate, numpy, s", "compiled, s", "ratio"), [_replicate(s) for s in (0.1, 1.0)]))
    print(_table(("start of a process", "processor seconds"), _starts()))


_SIZES = ((0.1, 60), (1.0, 30), (4.0, 12))


def _world(scale: float) -> World:
    return start(Values(load_scenario("baseline").levers, point_draw(), scale), Draws(1, 0), False, False)


def _settled(scale: float) -> World:
    _use("compiled")
    world = _world(scale)
    for _ in range(_MONTH):
        advance_month(world)
    return world


def _use(engine: str) -> None:
    os.environ[compiled.ENGINE_VARIABLE] = engine


def _least(work: Callable[[], object], repeats: int, before: Callable[[], object] = lambda: None) -> dict[str, float]:
    least = dict.fromkeys(compiled.ENGINES, float("inf"))
    for _ in range(repeats):
        for engine in compiled.ENGINES:
            _use(engine)
            before()
            begun = time.process_time()
            work()
            least[engine] = min(least[engine], time.process_time() - begun)
    return least


def _month(scale: float, repeats: int) -> tuple[object, ...]:
    world = _settled(scale)
    copies: list[World] = []
    least = _least(lambda: advance_month(copies.pop()), repeats, lambda: copies.append(world.copy()))
    persons = int(world.population.is_here.sum())
    by_numpy, by_loops = (least[engine] * 1e9 / persons for engine in compiled.ENGINES)
    return scale, f"{persons:,}", round(by_numpy), round(by_loops), f"{by_numpy / by_loops:.2f}"


def _decides() -> list[tuple[object, ...]]:
    world = _settled(1.0)
    at = begin_month(world)
    persons = int(world.population.is_here.sum())
    rows, sums = [], [0.0, 0.0]
    for part in MONTH:
        part.begin(world, at)
        risk = part.at_risk(world, at)
        if isinstance(part, Contest):
            least = _least(lambda part=part, risk=risk: part.decide(world, at, risk), 60)  # type: ignore[misc]
            pair = [least[engine] * 1e9 / persons for engine in compiled.ENGINES]
            sums = [a + b for a, b in zip(sums, pair, strict=True)]
            rows.append((part.name, f"{len(risk):,}", *(f"{x:.1f}" for x in pair), f"{pair[0] / pair[1]:.1f}"))
        if len(risk):
            part.settle(world, at, part.decide(world, at, risk))
    return [*rows, ("all", "", *(f"{x:.0f}" for x in sums), f"{sums[0] / sums[1]:.1f}")]


def _replicate(scale: float) -> tuple[object, ...]:
    def run() -> None:
        world = _world(scale)
        for _ in range(world.values.months):
            advance_month(world)

    least = _least(run, 3)
    by_numpy, by_loops = (least[engine] for engine in compiled.ENGINES)
    return scale, f"{by_numpy:.2f}", f"{by_loops:.2f}", f"{by_numpy / by_loops:.2f}"


def _starts() -> list[tuple[object, ...]]:
    prepare = "from irregsim.model import compiled; compiled.prepare()"
    with tempfile.TemporaryDirectory() as folder:
        cold = {**os.environ, "IRREGSIM_CACHE": folder, "NUMBA_CACHE_DIR": folder}
        return [
            ("import of the model", _seconds("import irregsim.model.month", dict(os.environ))),
            ("first start: all kernels are compiled", _seconds(prepare, cold)),
            ("later starts: all kernels are loaded", _seconds(prepare, cold)),
        ]


def _seconds(code: str, environment: dict[str, str]) -> str:
    code = f"import time; {code}; print(time.process_time())"
    answer = subprocess.run([sys.executable, "-c", code], env=environment, check=True, capture_output=True, text=True)
    return f"{float(answer.stdout):.1f}"


def _table(head: Sequence[str], rows: Sequence[tuple[object, ...]]) -> str:
    lines = ["| " + " | ".join(head) + " |", "| --- " + "| ---: " * (len(head) - 1) + "|"]
    lines += ["| " + " | ".join(map(str, row)) + " |" for row in rows]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
