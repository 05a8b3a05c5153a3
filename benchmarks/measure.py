"""Where the time of a replicate goes, as the table of docs/performance.md.

``python -m benchmarks.measure docs/performance.md`` measures and writes between the markers of the document; without a
file it prints. Processor time of this thread, the least of several repeats, so that a busy machine disturbs little.
"""

from __future__ import annotations

import argparse
import platform
import re
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from irregsim.agents import IrregularMigrationModel
from irregsim.inference.posterior import choose
from irregsim.model.draws import Draws
from irregsim.model.month import MONTH
from irregsim.model.simulate import advance_month, begin_month, end_month, persons_here, simulate, start
from irregsim.model.values import Values
from irregsim.model.world import World
from irregsim.scenario import load_scenario
from irregsim.storage.folder import Parts
from irregsim.study.forks import run_together
from irregsim.study.frames import frames, run_replicate
from irregsim.study.tables import tables_of
from irregsim.vocabulary.codes import month_text

#: Months in which parts are measured, and how often each.
MONTHS = (60, 160)
REPEATS = 5

_BLOCK = re.compile(r"(<!-- generated: measured -->\n)(.*?)(<!-- end -->)", re.DOTALL)


@dataclass(frozen=True)
class Row:
    """One line of the table: what was measured, and its cost."""

    what: str
    nanoseconds: float
    note: str = ""


def least(work: Callable[[], object], repeats: int = REPEATS) -> float:
    """Seconds of processor time of this thread: the least of several repeats."""
    found = []
    for _ in range(repeats):
        begun = time.thread_time()
        work()
        found.append(time.thread_time() - begun)
    return min(found)


def world_at(month: int, scale: float = 1.0, scenario: str = "baseline") -> World:
    """The baseline's world before a month."""
    draw = choose("posterior")[0].values[0]
    world = start(Values(load_scenario(scenario).levers, draw, scale), Draws(1, 0), False, keep_expected=False)
    for _ in range(month):
        advance_month(world)
    return world


def bare_loop(persons: int) -> float:
    """Nanoseconds a person of the barest keyed month: one draw, one comparison, one write."""
    draws = Draws(1, 0)
    keys = draws.keys(np.arange(persons, dtype=np.uint64))
    state = np.zeros(persons, dtype=np.int64)

    def month() -> None:
        state[draws.uniform("onward", 7, keys) < 0.01] = 1

    return least(month, 50) / persons * 1e9


def month_rows(scale: float) -> Iterator[Row]:
    """Whole months at a population scale."""
    for month in MONTHS:
        world = world_at(month, scale)
        persons = persons_here(world)
        seconds = least(lambda world=world: advance_month(world.copy()))
        copy = least(world.copy)
        yield Row(f"month {month}, scale {scale:g}", (seconds - copy) / persons * 1e9, f"{persons:,} persons")


def part_rows() -> Iterator[Row]:
    """Each part of a month at full scale, and its record."""
    month = MONTHS[0]
    before = world_at(month)
    persons = persons_here(before)
    cost = dict.fromkeys((*(part.name for part in MONTH), "begin and record"), 1e9)
    for _ in range(REPEATS):
        world = before.copy()
        begun = time.thread_time()
        at = begin_month(world)
        spent = time.thread_time() - begun
        for part in MONTH:
            begun = time.thread_time()
            part.run(world, at)
            cost[part.name] = min(cost[part.name], time.thread_time() - begun)
        begun = time.thread_time()
        end_month(world, at)
        cost["begin and record"] = min(cost["begin and record"], spent + time.thread_time() - begun)
    for name, seconds in sorted(cost.items(), key=lambda item: -item[1]):
        yield Row(f"part {name}", seconds / persons * 1e9)


def alone_rows(scale: float = 0.1) -> Iterator[Row]:
    """Months over Mesa agents in which each person decides alone, against the same months in columns."""
    draw = choose("posterior")[0].values[0]
    period = {"start": month_text(MONTHS[0]), "end": month_text(MONTHS[0] + REPEATS)}
    staged, whole = (IrregularMigrationModel("baseline", 1, draw=draw, scale=scale, period=period) for _ in range(2))
    alone, together = [], []
    for _ in range(REPEATS):
        persons = staged.persons
        alone.append(least(lambda: _stage_by_stage(staged), 1) / persons)
        together.append(least(whole.step, 1) / persons)
    ratio = min(alone) / min(together)
    yield Row(f"each person alone, scale {scale:g}", min(alone) * 1e9, f"{ratio:.0f} times the same in columns")


def _stage_by_stage(model: IrregularMigrationModel) -> None:
    model.begin_month()
    for stage in model.stages:
        model.agents.do(stage)
    model.end_month()


def replicate_rows() -> Iterator[Row]:
    """A whole replicate, its tables and files, with and without lives; and scenarios that share their run-up."""
    draw = choose("posterior")[0].values[0]
    scenario = load_scenario("baseline")
    how = {"seed": 1, "replicate": 0, "scale": 1.0}
    for spells in (False, True):
        begun = time.thread_time()
        world = simulate(scenario, draw, spells=spells, expected=False, **how)
        months = time.thread_time() - begun
        person_months = int(world.history.stocks.sum())
        kind = "with lives" if spells else "without lives"
        yield Row(f"replicate {kind}: months", months / person_months * 1e9, f"{months:.1f} s")
        tables = least(lambda world=world: frames(world, scenario.start), 3)
        yield Row(f"replicate {kind}: tables", tables / person_months * 1e9, f"{tables:.2f} s")
        made = frames(world, scenario.start)
        with tempfile.TemporaryDirectory() as folder:
            parts = Parts(Path(folder), tables_of(spells))
            files = least(lambda parts=parts, made=made: parts.write(0, made), 3)
        yield Row(f"replicate {kind}: files", files / person_months * 1e9, f"{files:.2f} s")
    three = [load_scenario(name) for name in ("baseline", "tax-card-restored", "fines-tripled")]
    begun = time.thread_time()
    for one in three:
        run_replicate(one, draw, **how)
    alone = time.thread_time() - begun
    begun = time.thread_time()
    dict(run_together(three, draw, **how))
    together = time.thread_time() - begun
    yield Row("three scenarios forked, against three runs", float("nan"), f"{together / alone:.2f} of {alone:.1f} s")


def table() -> str:
    """All rows as Markdown, with the machine in general terms."""
    bare = bare_loop(25_000)
    rows = [Row("bare keyed loop, 25 000 persons", bare)]
    for scale in (0.1, 1.0, 4.0):
        rows += month_rows(scale)
    rows += [*alone_rows(), *part_rows(), *replicate_rows()]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    lines = [
        f"Python {platform.python_version()}, NumPy {np.__version__}, {platform.machine()}; peak memory {peak:.0f} MB.",
        "",
        "| what | ns per person-month | times the bare loop | note |",
        "| --- | --- | --- | --- |",
    ]
    for row in rows:
        known = row.nanoseconds == row.nanoseconds
        cells = (f"{row.nanoseconds:,.0f}", f"{row.nanoseconds / bare:,.0f}") if known else ("", "")
        lines.append(f"| {row.what} | {' | '.join(cells)} | {row.note} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Measure, and print or write into a document."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.measure", description=__doc__)
    parser.add_argument("document", nargs="?", type=Path)
    document = parser.parse_args().document
    measured = table()
    if document is None:
        sys.stdout.write(measured)
        return
    text = document.read_text(encoding="utf-8")
    filled, count = _BLOCK.subn(lambda found: f"{found[1]}{measured}{found[3]}", text)
    if count != 1:
        raise SystemExit(f"{document}: has no markers <!-- generated: measured --> and <!-- end -->")
    document.write_text(filled, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
