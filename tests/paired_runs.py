"""Two small runs of the model that are paired, and lives written by hand, for tests of comparisons."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from irregsim.cli import main
from irregsim.present import plots
from irregsim.storage.folder import RunFolder
from irregsim.study.comparison.lives.states import LASTS, STATES, Overlay, Spells, Window, overlay
from irregsim.vocabulary.codes import month_number

#: What the scenario sets takes effect here; in June 2014 more persons come, so that some are in one run only.
FIRST, LAST = month_number("2014-01"), month_number("2015-12")
WINDOW = Window(FIRST, LAST)
REPLICATES = 2

_FILE = """\
schema: 1
name: {name}
title: {{nb: Kort, en: Short}}
description: Four years, for tests.
extends: baseline
period: {{start: 2012-01, end: {end}}}
{changes}
run: {{replicates: 2, seed: 7}}
"""

_CHANGES = """\
levers:
  reception_centres:
    stay_after_rejection: [{from: 2014-01, value: false}]
assumptions:
  never_asylum_inflow: [{from: 2014-06, value: 1.5}]
"""


def run(folder: Path, name: str, changes: str = "", end: str = "2015-12", *arguments: str) -> RunFolder:
    """A small run by the command, in a folder of its own."""
    file = folder / f"{name}.yaml"
    file.write_text(_FILE.format(name=name, changes=changes, end=end), encoding="utf-8")
    given = ["run", str(file), "--replicates", str(REPLICATES), "--scale", "0.05", "--jobs", "1", "--quiet", *arguments]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plots, "PLOTS", {})
        answer = CliRunner().invoke(main, [*given, "--out", str(folder / name)])
    assert answer.exit_code == 0, answer.output
    return RunFolder.open(folder / name)


def paired_runs(base: Path) -> tuple[RunFolder, RunFolder]:
    """Reference and scenario with spells; made once in a session's folder."""
    folder = base / "paired"
    if not folder.exists():
        folder.mkdir()
        run(folder, "reference", "", "2015-12", "--spells")
        run(folder, "scenario", _CHANGES, "2015-12", "--spells")
    return RunFolder.open(folder / "reference"), RunFolder.open(folder / "scenario")


#: A spell by hand: strategy, start, and where it lasts no longer: end, destination, cause.
Spell = tuple[str, int] | tuple[str, int, int, str, str]


def spells_by_hand(lives: dict[int, list[Spell]], entry: dict[int, int] | None = None) -> Spells:
    """Spells of some persons; each becomes irregular with the first spell unless ``entry`` says otherwise."""
    person = sorted(lives)
    rows = [spell for p in person for spell in lives[p]]
    causes = tuple(sorted({spell[4] for spell in rows if len(spell) == 5}))
    return Spells(
        person=np.array(person, dtype=np.uint64),
        sought_asylum=np.array([p % 2 == 0 for p in person]),
        entry=np.array([(entry or {}).get(p, lives[p][0][1]) for p in person], dtype=np.int64),
        offset=np.cumsum([0, *(len(lives[p]) for p in person)]),
        strategy=np.array([STATES.index(spell[0]) for spell in rows], dtype=np.int8),
        start=np.array([spell[1] for spell in rows], dtype=np.int64),
        end=np.array([spell[2] if len(spell) == 5 else LASTS for spell in rows], dtype=np.int64),
        destination=np.array([STATES.index(s[3]) if len(s) == 5 else -1 for s in rows], dtype=np.int8),
        cause=np.array([causes.index(s[4]) if len(s) == 5 else -1 for s in rows], dtype=np.int64),
        causes=causes,
    )


def overlay_by_hand(
    reference: dict[int, list[Spell]], scenario: dict[int, list[Spell]], window: Window, replicate: int = 0
) -> Overlay:
    """Lives by hand laid over each other."""
    return overlay(spells_by_hand(reference), spells_by_hand(scenario), replicate, window)
