"""The tables of a comparison, and what its page and pictures need besides."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from irregsim.commands.request import Checked, Request, RunFailed
from irregsim.scenario import Scenario, ScenarioError, diff_rows
from irregsim.scenario.reading import BASELINE
from irregsim.scenario.writing.text import scenario_text
from irregsim.study.comparison.pairs import Runs, first_difference
from irregsim.study.identity import code_sha256, data_sha256, run_id, versions
from irregsim.study.progress import Progress, Silent
from irregsim.study.replicates import Plan
from irregsim.study.workers import Hands
from irregsim.vocabulary.codes import month_text
from irregsim.vocabulary.knowledge import assumed_from
from irregsim.vocabulary.labels import by_language, in_language

if TYPE_CHECKING:
    import pandas as pd

    from irregsim.study.comparison.sweeps import Design


def make_tables(
    runs: Runs, jobs: Hands = 1, design: Design | None = None, progress: Progress | None = None
) -> tuple[dict[str, pd.DataFrame], dict[str, Any], dict[str, str]]:
    """Every table of a comparison that is declared (`irregsim.study.comparison.tables`) and that the runs allow.

    Args:
        runs: The runs.
        jobs: Processes for the lives, at least 1, or a crew of them; the tables are the same for any number.
        design: Which scenario has which values, in a sweep.
        progress: Notified of finished tables.

    Returns:
        Tables by name, the proof of pairing, and the unit of every outcome.
    """
    from irregsim.study.comparison.declare import Compared
    from irregsim.study.comparison.proof import proof, with_persons
    from irregsim.study.comparison.tables import TABLES

    progress = progress or Silent()
    progress.phase("checking the pairing")
    told = proof(runs.pairs)
    _refuse_unequal(told, runs.reference.name)
    compared = Compared(runs, jobs, design)
    progress.phase("comparing, table", len(TABLES))
    frames = {}
    for name, table in TABLES.items():
        frame = table.made(compared)
        if frame is not None:
            frames[name] = frame
        progress.step()
    for pair, lives in zip(runs.pairs, compared.pairs, strict=True):
        told[pair.name] = with_persons(told[pair.name], lives.first_parting)
    return frames, told, compared.units


def _refuse_unequal(proof: Mapping[str, Mapping[str, Any]], reference: str) -> None:
    """Refuses runs that differ before the change: a rule reads the future, or random numbers are not keyed."""
    for name, told in proof.items():
        if not told["identical_before"]:
            raise RunFailed(
                f"{name} differs from {reference} in {told['first_month']} (table {told['table']}), before its first "
                f"effective month {told['first_effective_month']}; this is a fault of irregsim, please report it"
            )


def run_ids(ready: Checked) -> dict[str, str]:
    """Id of the run of every scenario with the replicates that are compared, whichever folder it is in."""
    return {name: run_id(plan.content(), ready.replicates) for name, plan in stored_plans(ready).items()}


def stored_plans(ready: Checked) -> dict[str, Plan]:
    """The plan that the run of every scenario is stored under, by the name of the scenario in the comparison."""
    pairs = zip(ready.plans, ready.stored or ready.plans, strict=True)
    return {plan.scenario.name: stored for plan, stored in pairs}


def about_comparison(request: Request, ready: Checked, id_: str, cities: Sequence[str]) -> dict[str, Any]:
    """What page and pictures need besides the tables (`irregsim.present.pages.compare` lists the keys).

    Args:
        request: What was asked.
        ready: The same, checked; the reference first.
        id_: Id of the comparison.
        cities: Cities with a fact sheet.
    """
    scenarios, draws, replicates = [plan.scenario for plan in ready.plans], ready.draws, ready.replicates
    reference, *others = scenarios
    return {
        "comparison_id": id_,
        "run_ids": run_ids(ready),
        "reference": reference.name,
        "scenarios": [one.name for one in others],
        "titles": {one.name: dict(one.title) for one in scenarios},
        "descriptions": {one.name: in_language(by_language(one.description), request.output.lang) for one in scenarios},
        "decides": {one.name: list(one.decides) for one in scenarios},
        "expects": {one.name: [told.outcome for told in one.expects] for one in others},
        "yaml": _texts(scenarios),
        "date": datetime.now(UTC).date().isoformat(),
        "period": (month_text(reference.start), month_text(reference.end)),
        "first_effective": {one.name: first_difference(reference, one) for one in others},
        "levers": {one.name: _levers(reference, one) for one in others},
        "assumed": assumed_from(one.levers.knowledge for one in scenarios),
        "as_known": sorted({one.levers.knowledge.as_known for one in scenarios}),
        "caveat": draws.caveat,
        "draws": draws.source,
        "draws_used": draws.used(replicates),
        "posterior_id": draws.name,
        "red": list(draws.red),
        "replicates": replicates,
        "seed": ready.plans[0].seed,
        "scale": request.scale,
        "without": list(ready.plans[0].without),
        "cities": list(cities),
        "lang": request.output.lang,
        "publish": request.output.publish,
        "show_levels": request.output.show_levels,
        "spells": request.spells,
        "command": request.command,
        "versions": versions(),
        "data_sha256": data_sha256(),
        "code_sha256": code_sha256(),
    }


def _texts(scenarios: Sequence[Scenario]) -> dict[str, str]:
    """The text of the file of each scenario but the shipped baseline, and but those that no file can say."""
    found = {}
    for one in scenarios:
        if one.name != BASELINE:
            with suppress(ScenarioError):
                found[one.name] = scenario_text(one)
    return found


def _levers(reference: Scenario, scenario: Scenario) -> list[dict[str, str]]:
    """Rows of `irregsim diff`: ``key``, ``from``, ``to``, ``reference`` and ``value``."""
    rows = [list(row.values()) for row in diff_rows([reference, scenario])]
    return [dict(zip(("key", "from", "to", "reference", "value"), row, strict=True)) for row in rows]
