"""A register, an outcome and a picture of one's own, each declared once, on their way through the whole package.

Run as a script in a process of its own: they are declared before anything that reads the declarations is imported, as
if their lines were in the package. Prints what came out of it as JSON.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from irregsim.vocabulary import labels as words
from irregsim.vocabulary import outcomes

if TYPE_CHECKING:
    from irregsim.model.world import World

#: Every world that was simulated.
WORLDS: list[World] = []

REGISTER, OUTCOME, PICTURE, STATISTIC = "street_meetings", "meals_missed", "meals", "meals"

#: Words of each, in one language: the other is the same.
WORDS = {
    f"register.{REGISTER}": "meetings in the street, told by an organisation",
    f"register_short.{REGISTER}": "meetings in the street",
    f"outcome.{OUTCOME}": "meals missed",
    f"compare.title_{PICTURE}": "Meals in words",
    f"compare.alt_{PICTURE}": "One line.",
    f"compare.h_{PICTURE}": "A section of meals",
    f"compare.note_{PICTURE}": "A note on meals.",
    f"compare.{STATISTIC}_caption": "A table of meals",
}

#: A published count of the register, so that a fit has something to compare it with.
TARGET = {
    "register": REGISTER,
    "dimension": "total",
    "key": "total",
    "period": "2012",
    "value": "40",
    "unit": "count",
    "scope": "meetings",
    "source": "by hand",
    "use": "primary",
    "role": "check",
    "error_log_sd": "0.1",
    "rounding": "",
    "vintage": "2021",
    "block": "meetings",
    "note": "",
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
  reception_centres:
    stay_after_rejection: [{{from: 2012-07, value: false}}]
expects:
  - outcome: register:{REGISTER}
    direction: up
    rests_on: construction
    mechanisms: [M001]
    why: {{nb: Fordi., en: Because.}}
  - outcome: outcome:{OUTCOME}
    direction: up
    rests_on: construction
    mechanisms: [M001]
    why: {{nb: Fordi., en: Because.}}
"""


def declare_words() -> None:
    """Rows of ``labels.csv``."""
    read, rows = words.read_table, [{"key": key, "nb": text, "en": text} for key, text in WORDS.items()]
    words.read_table = lambda name: [*read(name), *(rows if name == "labels.csv" else [])]


def declare_outcome() -> None:
    """An entry of the outcomes, and the line that counts it."""
    mine = outcomes.Outcome(OUTCOME, "meals", "living", is_in_cities=True)
    outcomes.OUTCOMES = (*outcomes.OUTCOMES, mine)  # type: ignore[misc]
    from irregsim.model.history import History

    count = History.outcome

    def both(self: History, name: str, month: int, place: Any, amount: Any = 1.0) -> None:
        count(self, name, month, place, amount)
        if name == "homeless_person_months":
            count(self, OUTCOME, month, place, 3.0)

    History.outcome = both  # type: ignore[method-assign]


def declare_register() -> None:
    """A file of a register, its name in the tuple, and a target."""
    from dataclasses import replace

    from irregsim.model import registers
    from irregsim.model.registers import Noise, Observer, Register
    from irregsim.vocabulary import reference
    from irregsim.vocabulary.codes import RegisterEvent

    noise = Noise(REGISTER)

    def observe(observer: Observer) -> list[registers.Count]:
        events = observer.events(RegisterEvent.HEALTH_CONTACT).sum(axis=(1, 2))
        counts = observer.dispersed(events[:, None], noise, observer.draw["register_overdispersion"])[:, 0]
        return [(str(year), "total", "total", counts[i].item()) for i, year in enumerate(observer.years)]

    scope = replace(registers.REGISTERS[-1].scope, whom="meetings in the street", kind="contact")
    mine = Register(
        REGISTER, scope, "by hand", observe, (RegisterEvent.HEALTH_CONTACT,), rate="measurement", noise=(noise,)
    )
    registers.REGISTERS = (*registers.REGISTERS, mine)
    read = reference.read_table
    target = {"id": f"{REGISTER}/total/total/{TARGET['period']}", **TARGET}
    reference.read_table = lambda name: [*read(name), *([target] if name == "targets.csv" else [])]


def declare_on_the_page() -> None:
    """A picture, and a statistic of the page, in a section of their own."""
    import pandas as pd

    from irregsim.present.plots import compare as plots
    from irregsim.present.plots.style import Drawing, new_figure, settings
    from irregsim.study.comparison.declare import Column, Compared, Form, Table
    from irregsim.study.comparison.tables import register

    def draw(inputs: plots.Inputs) -> Drawing | None:
        rows = inputs.each()[0].outcome(f"outcome:{OUTCOME}")
        if rows is None:
            return None
        with settings():
            figure = new_figure()
            figure.suptitle(inputs.words(f"title_{PICTURE}"))
            figure.subplots().plot(rows["mean"].to_numpy())
        return Drawing(figure, rows, inputs.alt(PICTURE))

    def make(compared: Compared) -> pd.DataFrame:
        rows = [
            (effect.pair.name, f"outcome:{OUTCOME}", month)
            for effect in compared.effects
            for month in effect.pair.months[:2]
        ]
        return pd.DataFrame(rows, columns=["scenario", "outcome", "month"])

    kept = tuple(one for one in plots.PICTURES if one.name == "registers")
    plots.PICTURES = (*kept, plots.Picture(PICTURE, draw, PICTURE))  # type: ignore[misc]
    columns = (Column("scenario"), Column("outcome"), Column("month"))
    register(Table(STATISTIC, make, columns, Form.COLUMNS, section=PICTURE, shown=("outcome", "month")))


def command(*arguments: str) -> str:
    """Output of a command of irregsim that succeeds."""
    from click.testing import CliRunner

    from irregsim.cli import main

    answer = CliRunner().invoke(main, list(arguments))
    if answer.exit_code != 0:
        raise RuntimeError(f"{arguments}: {answer.output}") from answer.exception
    return answer.output


def compared(folder: Path) -> dict[str, Any]:
    """What a run and a comparison say."""
    import pandas as pd

    from irregsim.study import forks

    tables_of, files = forks.frames, []

    def kept(world: World, first: int) -> Any:
        WORLDS.append(world)
        return tables_of(world, first)

    forks.frames = kept
    for name, more in (("reference", ""), ("changed", CHANGE)):
        files.append(folder / f"{name}.yaml")
        files[-1].write_text(SCENARIO.format(name=name, more=more), encoding="utf-8")
    given = ["--scale", "0.01", "--draws", "prior", "--jobs", "1", "--quiet"]
    out = folder / "out"
    command("compare", *map(str, files), *given, "--out", str(out), "--no-spells")
    tables = {name: pd.read_parquet(out / f"{name}.parquet") for name in ("key_figures", "cities", "measured")}
    figures = tables["key_figures"].set_index("outcome")["panel"]
    measured = tables["measured"]
    return {
        "panels": [figures.get(f"register:{REGISTER}"), figures.get(f"outcome:{OUTCOME}")],
        "cities": sorted(tables["cities"].loc[tables["cities"]["outcome"] == f"outcome:{OUTCOME}", "city"].unique()),
        "latent": measured.loc[measured["register"] == REGISTER, "latent_outcome"].tolist(),
        "page": (out / "report.html").read_text(encoding="utf-8"),
        "plots": sorted(file.name for file in (out / "plots").glob("*.csv")),
        "drawn": sorted(set(pd.read_csv(out / "plots" / "compare-registers.csv")["register"])),
    }


def shown(folder: Path) -> dict[str, Any]:
    """What the screen, the pictures of a run and of a fit, and the workshop show."""
    from irregsim.inference.check import agreement
    from irregsim.inference.targets import targets
    from irregsim.present import plots
    from irregsim.present.plots.fit import FitTables, fit_series, pictures
    from irregsim.present.terminal import run_summary
    from irregsim.storage.folder import RunFolder
    from irregsim.study.summaries import Series, published_summary
    from irregsim.workshop.live import record
    from irregsim.workshop.live.followed import outcomes as followed
    from irregsim.workshop.pictures.words import outcome_name

    run = RunFolder.open(folder / "out" / "runs" / "reference")
    series = [Series.of(lambda name, columns, j=j: run.replicate(name, j, columns)) for j in range(2)]
    summary = published_summary(series, [0, 1])
    registers = run.table("registers")
    judged, bands = agreement.judged(registers, targets()), agreement.bands(registers, fit_series())
    drawn = pictures(FitTables(judged, bands, None, False, (), "en"))[f"fit-{REGISTER.replace('_', '-')}"]()
    panel = (REGISTER, "total", "total")
    names = followed()
    return {
        "terminal": run_summary(series, {**run.manifest, "scale": 1}),
        "summary": sorted({one for one in summary["outcome"] if REGISTER in one or OUTCOME in one}),
        "units": sorted(summary.loc[summary["outcome"] == f"outcome:{OUTCOME}", "unit"].unique()),
        "picture": REGISTER in set(plots.PLOTS["registers"](series, plots.Options("en")).data["register"]),
        "fit": [drawn.alt, sorted(set(drawn.data["source"]))],
        "live": len(record.counts(WORLDS[-1])[panel]),
        "followed": [outcome_name(one, "en") for one in names if REGISTER in one or OUTCOME in one],
        "in a city": [one for one in followed("Bergen") if OUTCOME in one],
    }


def main(folder: Path) -> None:
    """Declare all and print what is seen of it."""
    declare_words()
    declare_outcome()
    declare_register()
    declare_on_the_page()
    from irregsim.scenario.expectations import outcome_names

    found = {"targets": command("targets"), "expects": outcome_names(), **compared(folder), **shown(folder)}
    print(json.dumps(found, default=str))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
