"""A sixth city and one more subtype, on their way through run, comparison, page, pictures, agents and help.

Run as a script in a process of its own, with `copied` on the path: a copy of the package in which both have their rows,
as CONTRIBUTING.md says. Prints what came out of it as JSON.
"""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import Any

CITY, DISTRICT, SUBTYPE = "Haugesund", "Sør-Vest", "begging"

#: The city's row, whose district has a city already, and the subtype's line, words and line of a rule.
ROWS = {
    "data/cities.csv": (None, f"{CITY},{DISTRICT},0.025,0.03,2,1.0,,by hand,D\n"),
    "data/labels.csv": (None, f"substrategy.{SUBTYPE},tigging,begging\n"),
    "vocabulary/codes.py": (
        "    PROPERTY = 8, ",
        "    BEGGING = 9, Lives(Strategy.MARGINALISERT, by_choice=True)\n",
    ),
    "model/month/choice.py": (
        "    out[PROPERTY] = ",
        '    out[OPTIONS.index("choice_begging")] = margin + 2.0\n',
    ),
}

SCENARIO = """\
schema: 1
name: {name}
title: {{nb: Kort, en: Short}}
description: For a test.
extends: baseline
period: {{start: 2012-01, end: 2012-12}}
{more}run: {{replicates: 2, seed: 3}}
"""

CHANGE = f"""\
levers:
  municipal:
    shelter:
      {CITY}: [{{from: 2012-07, value: 900}}]
"""


def copied(folder: Path, package: Path) -> Path:
    """A copy of the package with the rows, and the folder to put on the path.

    Args:
        folder: An empty folder.
        package: The folder ``irregsim`` of the package.
    """
    copy = folder / "src" / "irregsim"
    shutil.copytree(package, copy, ignore=shutil.ignore_patterns("__pycache__"))
    if (package.parents[1] / "scenarios").is_dir():
        shutil.copytree(package.parents[1] / "scenarios", folder / "scenarios")
    for name, (after, row) in ROWS.items():
        file = copy / name
        lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
        found = [k for k, line in enumerate(lines) if after is not None and line.startswith(after)]
        lines.insert(found[0] + 1 if after is not None else len(lines), row)
        file.write_text("".join(lines), encoding="utf-8")
    return copy.parent


def command(*arguments: str, succeeds: bool = True) -> str:
    """Output of a command of irregsim."""
    from click.testing import CliRunner

    from irregsim.cli import main

    answer = CliRunner().invoke(main, list(arguments))
    if (answer.exit_code == 0) != succeeds:
        raise RuntimeError(f"{arguments}: {answer.output}") from answer.exception
    return answer.output


def compared(folder: Path) -> dict[str, Any]:
    """What two runs and their comparison say."""
    import pandas as pd

    from irregsim.storage.folder import RunFolder

    files = []
    for name, more in (("reference", ""), ("changed", CHANGE)):
        files.append(folder / f"{name}.yaml")
        files[-1].write_text(SCENARIO.format(name=name, more=more), encoding="utf-8")
    out, given = folder / "out", ["--scale", "0.02", "--jobs", "1", "--quiet"]
    command("compare", *map(str, files), *given, "--out", str(out), "--no-spells", "--city", CITY)
    command("run", str(files[0]), *given, "--replicates", "1", "--out", str(folder / "run"))
    run = RunFolder.open(out / "runs" / "reference")
    stocks, side, outcomes = (
        pd.concat([run.replicate(name, j) for j in range(2)]) for name in ("stocks", "side_strategies", "outcomes")
    )
    cities = pd.read_parquet(out / "cities.parquet")
    here = cities[(cities["city"] == CITY) & (cities["outcome"] == "outcome:roofless_person_months")]
    return {
        "where": sorted({(d, c) for d, c in zip(stocks["district"], stocks["city"], strict=True) if d == DISTRICT}),
        "persons": int(stocks.loc[stocks["city"] == CITY, "persons"].sum()),
        "outcomes": sorted(outcomes.loc[outcomes["city"] == CITY, "outcome"].unique()),
        "by strategy": side[side["substrategy"] == SUBTYPE].groupby("strategy")["persons"].sum().to_dict(),
        "cities": sorted(cities["city"].unique()),
        "roofless": here["mean"].tolist(),
        "page": (out / "report.html").read_text(encoding="utf-8"),
        "drawn": pd.read_csv(out / "plots" / "compare-cities.csv")["city"].unique().tolist(),
    }


def watched(folder: Path) -> dict[str, Any]:
    """What agents and the workshop's pictures show, and what the values of a month are there."""
    from collections import Counter

    from irregsim.agents import Migrant, PairedModel
    from irregsim.inference.posterior import choose
    from irregsim.model.draws import CHANNELS
    from irregsim.model.registers.health import HEALTH
    from irregsim.model.values import OTHER_READINESS, Values
    from irregsim.scenario import load_scenario
    from irregsim.vocabulary.codes import CITIES
    from irregsim.vocabulary.labels import label
    from irregsim.workshop.live.record import Record
    from irregsim.workshop.live.shown import Pair
    from irregsim.workshop.live.snapshot import look
    from irregsim.workshop.pictures.tiles import draw_tiles
    from irregsim.workshop.pictures.words import PictureWords

    scenario, reference = (load_scenario(folder / f"{name}.yaml") for name in ("changed", "reference"))
    model = PairedModel(scenario, reference, scale=0.02, draws="point")
    for _ in range(8):
        model.step()
    people = list(model.agents_by_type[Migrant])
    other, one = Record.of(model.world), Record.of(model.reference_world)
    picture = draw_tiles(look(Pair(one, other, model.first)), PictureWords("en", "One", "Other", ()))
    draw = {**choose("point", None)[0].values[0], "discretion_city_effect_0": 1.0, OTHER_READINESS: -1.0}
    at = Values(scenario.levers, draw).at(model.world.month)
    return {
        "agents": [
            dict(Counter(agent.substrategy for agent in people)),
            sum(agent.city == CITY for agent in people),
        ],
        "tiles": picture.svg,
        "readiness": at.discretion_by_city.tolist(),
        "beds": [at.shelter_beds.tolist(), model.world.bed_share.tolist()],
        "order": list(CITIES),
        "health": HEALTH.dimensions["city"],
        "channel": CHANNELS[f"choice_{SUBTYPE}"],
        "words": [label(key, lang) for key in (f"city.{CITY}", f"substrategy.{SUBTYPE}") for lang in ("nb", "en")],
    }


def main(folder: Path) -> None:
    """Print what is seen of both."""
    found = {
        "help": " ".join(command("compare", "--help").split()),
        "refused": command("compare", "baseline", "shelter-five-cities", "--city", "Drammen", succeeds=False),
        **compared(folder),
        **watched(folder),
    }
    print(json.dumps(found, default=str))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
