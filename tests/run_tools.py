"""Helpers for tests of run folders: a short scenario, the stand-in engine, and commands in processes of their own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import irregsim
from irregsim.present import plots
from irregsim.study import replicates as experiment

TESTS = Path(__file__).resolve().parent
FAKE = "fake_engine:run_replicate"

SHORT = """\
schema: 1
name: short
title: {nb: Kort, en: Short}
description: Three years, for tests.
extends: baseline
period: {start: 2019-01, end: 2021-12}
levers:
  fines:
    employer_base_nok:
      - {from: 2020-01, value: 90000}
run: {replicates: 3, seed: 7}
"""


def short_scenario(folder: Path) -> Path:
    """A scenario of three years in a folder."""
    path = folder / "short.yaml"
    path.write_text(SHORT, encoding="utf-8")
    return path


def use_fake(monkeypatch) -> None:
    """Run the stand-in engine instead of the model, in worker processes too."""
    monkeypatch.setattr(experiment, "ENGINE", FAKE)
    monkeypatch.syspath_prepend(str(TESTS))


def leave_pictures_out(monkeypatch) -> None:
    """Pictures take most of the time of a short run; what is not about them does without."""
    monkeypatch.setattr(plots, "PLOTS", {})


def start_command(*arguments: str, cwd: Path, seconds_per_replicate: float = 0.0, pictures: bool = False):
    """Start ``irregsim ...`` in a process (and process group) of its own, with the stand-in engine."""
    # Tests that run in the background of a shell inherit an ignored Ctrl-C; a user's terminal never does.
    code = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); "
    code += f"import irregsim.study.replicates as e; e.ENGINE = {FAKE!r}; "
    if not pictures:
        code += "import irregsim.present.plots; irregsim.present.plots.PLOTS.clear(); "
    code += "from irregsim.cli import main; "
    source = str(Path(irregsim.__file__).resolve().parents[1])
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([source, str(TESTS)]),
        "IRREGSIM_TEST_SECONDS": str(seconds_per_replicate),
    }
    return subprocess.Popen(
        [sys.executable, "-c", code + "main(prog_name='irregsim')", *arguments],
        cwd=cwd,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def tables_of(folder: Path) -> dict[str, bytes]:
    """Bytes of every table, picture and summary of a run folder, by name."""
    return {
        file.relative_to(folder).as_posix(): file.read_bytes()
        for file in sorted(folder.rglob("*"))
        if file.is_file() and file.name not in ("manifest.json", ".irregsim")
    }
