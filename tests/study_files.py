"""A small study of two short scenarios, and an engine of few rows, for tests of `irregsim explore`."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from irregsim.study import replicates
from irregsim.vocabulary.codes import month_text
from run_tools import TESTS, short_scenario

STUDY = """\
schema: 1
name: small
title: {en: Small, nb: Liten}
reference: first.yaml
policies: [short.yaml]
ranges:
  levers.fines.employer_base_nok@2020-06: {low: 10000, high: 200000, only: short}
  levers.work.tax_card@2021-01: {choices: [true, false]}
parameters:
  host_fatigue: {low: 0, high: 0.4}
outcomes:
  outcome:homeless_person_months: lower
  exit:tvangsretur:
points: 32
seed: 5
draws: point
"""


def small_study(folder: Path, text: str = STUDY) -> Path:
    """The study with its scenarios in a folder."""
    short = short_scenario(folder)
    first = short.read_text(encoding="utf-8").replace("name: short", "name: first").partition("levers:")[0]
    (folder / "first.yaml").write_text(first, encoding="utf-8")
    path = folder / "study.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def engine(scenario, draw, *, seed, replicate, scale=1.0, spells=False):
    """The tables that an exploration reads; more are homeless the higher the employer's fine, fewer with tax cards."""
    months = [month_text(month) for month in range(scenario.start, scenario.end + 1)]
    noise = np.random.default_rng([seed, replicate]).poisson(50, len(months))
    levers = scenario.levers
    fine, card = levers.employer_base_nok[scenario.start :], levers.tax_card[scenario.start :]
    value = scale * (noise + fine / 10_000.0 - 6.0 * card + 40.0 * draw["host_fatigue"])
    texts = {"month": months, "strategy": "fritt_fall", "origin": "fritt_fall", "destination": "tvangsretur"}
    frame = pd.DataFrame({**texts, "persons": noise, "outcome": "homeless_person_months", "value": value, "unit": "x"})
    registers = pd.DataFrame(columns=["period", "register", "dimension", "key", "count"])
    return {"stocks": frame, "flows": frame, "outcomes": frame, "registers": registers}


def use_engine(monkeypatch) -> None:
    """Run `engine` instead of the model, in worker processes too, in studies of 6 points."""
    monkeypatch.setattr(replicates, "ENGINE", "study_files:engine")
    monkeypatch.syspath_prepend(str(TESTS))
    for module in ("study.exploration.reading", "commands.explore"):
        monkeypatch.setattr(f"irregsim.{module}.FEWEST_POINTS", 6)
