"""`irregsim compare`: scenarios with the same parameter draws and random numbers, and what differs.

Every scenario is run (or a finished run of the same content is used) with the same seed, draws and replicates; then
`irregsim.study.comparison` makes the tables of the differences, replicate by replicate. The folder of a comparison
holds the runs it made (``runs/<scenario>/``, run folders like any other), the tables, the pictures and one page
for readers (docs/outputs.md).
"""

from __future__ import annotations

import datetime
import math
import shutil
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from irregsim import __version__
from irregsim.commands import run as workflow
from irregsim.commands.compare_folder import PAGE as PAGE
from irregsim.commands.compare_folder import write_folder
from irregsim.commands.run import NamedTables, Output, RunFailed, Stopped, WrongUse
from irregsim.present.export import FORMATS, hashes, missing_for
from irregsim.scenario import Scenario, changes_nothing, diff_rows, load_scenario, shipped_scenarios
from irregsim.storage.folder import MANIFEST, FolderError, RunFolder, check_folder, commit, opened_for_writing
from irregsim.storage.hashing import canonical_json, sha256_of_text, write_json
from irregsim.study.comparison.pairs import Run, Runs, different_period, first_difference, same_values
from irregsim.study.identity import code_sha256, data_sha256, finished_run, run_id, versions
from irregsim.study.progress import Progress, Silent
from irregsim.study.replicates import DrawSet, Plan, available_cores
from irregsim.vocabulary.codes import CITIES, month_text

if TYPE_CHECKING:
    import pandas as pd

#: Where runs are made that are not there yet, inside the folder of the comparison.
RUNS: Final = "runs"

#: Where finished runs are looked for besides.
OUTPUTS: Final = "outputs"

#: With fewer replicates there is no Monte Carlo error.
FEWEST_REPLICATES: Final = 2


@dataclass(frozen=True)
class CompareRequest:
    """A comparison as the user asked for it; None is what the reference, the machine or what ships says.

    Attributes:
        scenarios: Files, shipped names and folders of scenario files, two scenarios or more in all.
        reference: Name of the scenario that the others are compared with, or a file or shipped name, which is then
            added; None for the first.
        replicates: 2 or more; None for what the reference says.
        seed: None for the reference's.
        jobs: Processes; None for all cores.
        draws: As in `workflow.Request`.
        per_draw: As there.
        scale: Population scale, above 0; 1 is the country.
        overrides: ``--set`` for every scenario.
        end: Last month of every scenario.
        without: Claims of the report to leave out.
        out: Folder of the comparison.
        spells: Whether lives of the synthetic persons are kept and compared.
        city: City of the fact sheet, or None.
        output: What is written beside the tables.
        command: The command without directories.
    """

    scenarios: tuple[str, ...]
    reference: str | None = None
    replicates: int | None = None
    seed: int | None = None
    jobs: int | None = None
    draws: str | None = None
    per_draw: int | None = None
    scale: float = 1.0
    overrides: tuple[str, ...] = ()
    end: str | None = None
    without: tuple[str, ...] = ()
    out: str = "outputs/comparison"
    spells: bool = True
    city: str | None = None
    output: Output = field(default_factory=Output)
    command: str = "irregsim compare"


@dataclass(frozen=True)
class Comparison(NamedTables):
    """A comparison that is done. Its tables are attributes with the names of the files, as ``comparison.differences``.

    Attributes:
        id: Name by content: 16 hex digits.
        reference: Name of the reference.
        scenarios: Names of the others.
        replicates: How many replicates are paired.
        frames: Table name to data frame.
        proof: From `comparison.proof.proof`.
        about: What the comparison is about, as the page is told.
        folder: Where it lies; None in memory.
        reused: Scenario to the folder of a finished run that was used.
    """

    id: str
    reference: str
    scenarios: tuple[str, ...]
    replicates: int
    frames: Mapping[str, pd.DataFrame]
    proof: Mapping[str, Any]
    about: Mapping[str, Any]
    folder: Path | None
    reused: Mapping[str, Path]

    def __repr__(self) -> str:
        others = ", ".join(self.scenarios)
        return f"<irregsim comparison of {others} with {self.reference!r}: {self.replicates} replicates>"


# ---------------------------------------------------------------------------------------------------------
# What is compared


def expanded(arguments: Iterable[str]) -> list[str]:
    """Scenario arguments with every folder replaced by the scenario files in it, by name.

    Raises:
        WrongUse: If a folder holds no scenario files.
    """
    out: list[str] = []
    for argument in arguments:
        path = Path(argument)
        if argument not in shipped_scenarios() and path.is_dir():
            files = sorted(str(file) for file in path.glob("*.yaml"))
            if not files:
                raise WrongUse(f"{argument}: no scenario files (*.yaml) in this folder")
            out += files
        else:
            out.append(argument)
    return out


def chosen_scenarios(request: CompareRequest) -> list[Scenario]:
    """The scenarios of a request, the reference first.

    Raises:
        ScenarioError: If one cannot be used.
        WrongUse: If they cannot be compared.
    """

    def load(name: str) -> Scenario:
        return load_scenario(name, overrides=request.overrides, end=request.end)

    scenarios = [load(name) for name in expanded(request.scenarios)]
    if request.reference is not None:
        named = [one for one in scenarios if one.name == request.reference]
        reference = named[0] if named else load(request.reference)
        same = [one for one in scenarios if one.name == reference.name and one == reference]
        scenarios = [reference, *(one for one in scenarios if not any(one is other for other in same))]
    return scenarios


def check_scenarios(scenarios: Sequence[Scenario]) -> None:
    """Refuse scenarios that cannot be paired, or of which there is nothing to tell.

    Args:
        scenarios: The reference first.

    Raises:
        WrongUse: With every fault, one a line.
    """
    if len(scenarios) < 2:
        raise WrongUse("give two scenarios or more (files, shipped names, or a folder of files)")
    reference, *others = scenarios
    names = [one.name for one in scenarios]
    faults = [
        f"{names.count(name)} scenarios are called {name}; give each a name of its own"
        for name in dict.fromkeys(names)
        if names.count(name) > 1
    ]
    for one in others:
        if (one.start, one.end) != (reference.start, reference.end):
            faults.append(different_period(reference, one))
        elif changes_nothing(one):
            # The reference may be a parent under another name, or cut to another period.
            faults.append(f"{one.name}: changes nothing: its values are those of {one.extends} throughout its period")
        elif first_difference(reference, one) is None:
            faults.append(same_values(reference, one))
    if faults:
        raise WrongUse("\n".join(faults))


# ---------------------------------------------------------------------------------------------------------
# The runs


class _Joined:
    """One progress for all runs: their replicates counted together.

    Args:
        inner: Who is told.
        total: Replicates of all runs.
    """

    def __init__(self, inner: Progress, total: int) -> None:
        self._inner = inner
        inner.start(total, 0)

    def start(self, total: int, done: int) -> None:
        for _ in range(done):
            self._inner.advance()

    def advance(self) -> None:
        self._inner.advance()

    def write(self) -> None:
        """Nothing: the next run follows."""

    def close(self) -> None:
        """Nothing: the next run follows."""


def _run_ids(prepared: _Prepared) -> dict[str, str]:
    """Id of the run of every scenario with the replicates that are compared, whichever folder it is in."""
    return {plan.scenario.name: run_id(plan.content(), prepared.replicates) for plan in prepared.plans}


def _runs(
    plans: Sequence[Plan],
    replicates: int,
    folder: Path,
    output: Output,
    *,
    jobs: int,
    progress: Progress,
    command: str,
) -> tuple[Runs, dict[str, Path]]:
    """Every scenario run, or found finished; and which were found."""
    reused: dict[str, Path] = {}
    found: dict[str, RunFolder] = {}
    for plan in plans:
        name = plan.scenario.name
        there = finished_run(plan, replicates, (folder / RUNS / name, Path(OUTPUTS) / name))
        if there is not None:
            found[name], reused[name] = there, there.path
    todo = [plan for plan in plans if plan.scenario.name not in found]
    try:
        joined = _Joined(progress, replicates * len(todo)) if todo else Silent()
        for plan in todo:
            place = folder / RUNS / plan.scenario.name
            check_folder(place)
            plain = Output(lang=output.lang, pictures=output.pictures)
            done = workflow.execute(plan, replicates, place, plain, jobs=jobs, progress=joined, command=command)
            found[plan.scenario.name] = done.folder
        progress.write()
    finally:
        progress.close()
    first, *others = [Run(found[plan.scenario.name], replicates) for plan in plans]
    return Runs.of(first, others), reused


# ---------------------------------------------------------------------------------------------------------
# The tables


def make_tables(runs: Runs, jobs: int = 1) -> tuple[dict[str, pd.DataFrame], dict[str, Any], dict[str, str]]:
    """Every table of a comparison.

    Args:
        runs: The runs.
        jobs: Processes for the lives, at least 1; the tables are the same for any number.

    Returns:
        Tables by name, the proof of pairing, and the unit of every outcome.
    """
    from irregsim.study.comparison.costs import costs
    from irregsim.study.comparison.differences import differences, effects
    from irregsim.study.comparison.evidence import evidence
    from irregsim.study.comparison.key_figures import cities, groups, key_figures
    from irregsim.study.comparison.lives.tables import joined, of_pair
    from irregsim.study.comparison.measured import measured
    from irregsim.study.comparison.proof import proof, with_persons
    from irregsim.study.comparison.responses import responses

    told = proof(runs.pairs)
    _refuse_unequal(told, runs.reference.name)
    found = effects(runs)
    numbers, draws = runs.draw_numbers, runs.draws
    units = {outcome: unit for effect in found for outcome, unit in effect.units.items()}
    frames = {
        "differences": differences(found, numbers),
        "key_figures": key_figures(found, numbers),
        "cities": cities(runs, units),
        "groups": groups(runs),
        "responses": responses(found, draws),
        "evidence": evidence(found, draws),
        "measured": measured(found),
        "costs": costs(found),
    }
    # Always the balance; lives only where spells were kept.
    pieces = [of_pair(pair, jobs) for pair in runs.pairs]
    frames |= joined(pieces)
    for pair, piece in zip(runs.pairs, pieces, strict=True):
        told[pair.name] = with_persons(told[pair.name], piece.first_parting)
    return frames, told, units


def _refuse_unequal(proof: Mapping[str, Mapping[str, Any]], reference: str) -> None:
    """Nothing is told of runs that differ before the change: a rule would read the future, or chance not be keyed."""
    for name, told in proof.items():
        if not told["identical_before"]:
            raise RunFailed(
                f"{name} differs from {reference} in {told['first_month']} (table {told['table']}), before its first "
                f"effective month {told['first_effective_month']}; this is a fault of irregsim, please report it"
            )


def _about(request: CompareRequest, prepared: _Prepared, id_: str) -> dict[str, Any]:
    """What the page and the pictures are told besides the tables (`irregsim.present.pages.compare` lists the keys)."""
    scenarios, draws, replicates = prepared.scenarios, prepared.draws, prepared.replicates
    reference, *others = scenarios
    return {
        "comparison_id": id_,
        "run_ids": _run_ids(prepared),
        "reference": reference.name,
        "scenarios": [one.name for one in others],
        "titles": {one.name: dict(one.title) for one in scenarios},
        "descriptions": {
            one.name: one.description if isinstance(one.description, str) else one.description[request.output.lang]
            for one in scenarios
        },
        "decides": {one.name: list(one.decides) for one in scenarios},
        "period": (month_text(reference.start), month_text(reference.end)),
        "first_effective": {one.name: first_difference(reference, one) for one in others},
        "levers": {one.name: _levers(reference, one) for one in others},
        "caveat": draws.caveat,
        "draws": draws.source,
        "draws_used": draws.used(replicates),
        "posterior_id": draws.name,
        "red": list(draws.red),
        "replicates": replicates,
        "seed": prepared.seed,
        "scale": request.scale,
        "without": list(prepared.plans[0].without),
        "cities": [] if request.city is None else [request.city],
        "lang": request.output.lang,
        "publish": request.output.publish,
        "show_levels": request.output.show_levels,
        "spells": request.spells,
        "command": request.command,
        "versions": versions(),
        "data_sha256": data_sha256(),
        "code_sha256": code_sha256(),
    }


def _levers(reference: Scenario, scenario: Scenario) -> list[dict[str, str]]:
    """Rows of `irregsim diff`: ``key``, ``from``, ``to``, ``reference`` and ``value``."""
    rows = [list(row.values()) for row in diff_rows([reference, scenario])]
    return [dict(zip(("key", "from", "to", "reference", "value"), row, strict=True)) for row in rows]


# ---------------------------------------------------------------------------------------------------------
# From end to end


@dataclass(frozen=True)
class _Prepared:
    scenarios: list[Scenario]
    plans: list[Plan]
    draws: DrawSet
    replicates: int
    seed: int
    jobs: int
    notes: tuple[str, ...]


def _prepared(request: CompareRequest, scenarios: Sequence[Scenario]) -> _Prepared:
    """Everything that can be wrong with a request, found before any work."""
    check_scenarios(scenarios)
    replicates = scenarios[0].replicates if request.replicates is None else request.replicates
    seed = scenarios[0].seed if request.seed is None else request.seed
    jobs = available_cores() if request.jobs is None else request.jobs
    if replicates < FEWEST_REPLICATES:
        raise WrongUse(
            f"--replicates {replicates}: a comparison needs {FEWEST_REPLICATES} or more, to tell an effect from chance"
        )
    if jobs < 1:
        raise WrongUse(f"--jobs {jobs}: must be 1 or more")
    if not (math.isfinite(request.scale) and 0 < request.scale <= 10):
        raise WrongUse(f"--scale {request.scale:g}: must be above 0 and at most 10 (1 is the country)")
    if request.output.format not in FORMATS:
        raise WrongUse(f"--format {request.output.format}: must be one of {', '.join(FORMATS)}")
    if request.city is not None and request.city not in CITIES:
        raise WrongUse(f"--city {request.city}: must be one of {', '.join(CITIES)}")
    missing = missing_for(request.output.format)
    if missing:
        raise WrongUse(missing)
    draws, notes = workflow.choose_draws(request.draws, request.per_draw, replicates)
    plans = []
    for scenario in scenarios:
        chosen, left_out = workflow.leave_out(draws, request.without, scenario)
        one = replace(scenario, replicates=replicates, seed=seed)
        plans.append(Plan(one, chosen, seed, scale=request.scale, spells=request.spells, without=left_out))
    return _Prepared(list(scenarios), plans, draws, replicates, seed, jobs, notes)


def compare_scenarios(
    request: CompareRequest, *, progress: Progress | None = None, warn: Callable[[str], None] = print
) -> Comparison:
    """Compare scenarios into a folder. Everything that can be wrong with the request is found before any work.

    Finished replicates are kept as in a run, and a finished run of the same content is used: one in the folder of
    this comparison, or in ``outputs/<scenario>``. With more replicates, a comparison is extended.

    Args:
        request: What to compare.
        progress: Hears of finished replicates, counted over all runs.
        warn: Given each warning, a line of text.

    Raises:
        ScenarioError: If a scenario cannot be used.
        WrongUse: If the scenarios cannot be compared, or an option or the folder cannot be used.
        RunFailed: If a simulation fails or is stopped.
    """
    started, clock = datetime.datetime.now(datetime.UTC), time.monotonic()
    prepared = _prepared(request, chosen_scenarios(request))
    out = Path(request.out)
    try:
        check_folder(out)
    except FolderError as error:
        raise WrongUse(str(error)) from None
    for note in prepared.notes:
        warn(note)
    try:
        with opened_for_writing(out) as work:
            done, units, runs = _compared(request, prepared, out, progress or Silent())
            staging = work / "comparison"
            shutil.rmtree(staging, ignore_errors=True)
            staging.mkdir()
            names = write_folder(staging, done.frames, done.about, units, request.output.format, runs)
            manifest = {
                "run_id": done.id,
                "kind": "comparison",
                "reference": done.reference,
                "scenarios": list(done.scenarios),
                "runs": _run_ids(prepared),
                "posterior_id": prepared.draws.name,
                "draws": prepared.draws.source,
                "per_draw": prepared.draws.per_draw,
                "seed": prepared.seed,
                "replicates": done.replicates,
                "scale": request.scale,
                "spells": request.spells,
                "without": list(prepared.plans[0].without),
                "city": request.city,
                "format": request.output.format,
                "lang": request.output.lang,
                "publish": request.output.publish,
                "show_levels": request.output.show_levels,
                "versions": versions(),
                **workflow.git_state(),
                "command": request.command,
                "started": started.strftime("%Y-%m-%dT%H:%M:%SZ"),
                "seconds": round(time.monotonic() - clock, 1),
                "outputs": hashes(staging, names),
            }
            write_json(staging / MANIFEST, manifest)
            commit(out, staging)
    except FolderError as error:
        raise WrongUse(str(error)) from None
    except KeyboardInterrupt:
        raise Stopped(f"stopped; all finished runs are kept in {out}, the same command continues") from None
    return replace(done, folder=out)


def compare(
    scenarios: Iterable[Scenario | str | Path],
    *,
    reference: str | None = None,
    replicates: int | None = None,
    seed: int | None = None,
    jobs: int | None = None,
    draws: str | Path | None = None,
    per_draw: int | None = None,
    scale: float = 1.0,
    spells: bool = True,
    without: Iterable[str] = (),
) -> Comparison:
    """Compare scenarios and keep the tables in memory.

    Args:
        scenarios: Two or more: scenarios, files, or names of shipped scenarios.
        reference: Name of the one that the others are compared with; default: the first.
        replicates: 2 or more; default: what the reference says.
        seed: Seed; default: the reference's.
        jobs: Processes; default: all cores. The tables are the same for any number.
        draws: As in `irregsim.run`.
        per_draw: As there.
        scale: Population scale for trials, above 0; 1 is the country.
        spells: Whether the lives of the synthetic persons are compared, too.
        without: Claims of the report to leave out.

    Returns:
        The comparison; its tables are attributes, as ``comparison.key_figures``.

    Raises:
        ScenarioError: If a scenario cannot be used.
        WrongUse: If the scenarios cannot be compared, or an argument is out of range.
        RunFailed: If a simulation fails.
    """
    loaded = [one if isinstance(one, Scenario) else load_scenario(one) for one in scenarios]
    if reference is not None:
        first = [one for one in loaded if one.name == reference]
        if not first:
            raise WrongUse(f"no scenario is called {reference!r}; there are {', '.join(one.name for one in loaded)}")
        loaded = [first[0], *(one for one in loaded if one is not first[0])]
    request = CompareRequest(
        scenarios=tuple(one.name for one in loaded),
        replicates=replicates,
        seed=seed,
        jobs=jobs,
        draws=None if draws is None else str(draws),
        per_draw=per_draw,
        scale=scale,
        spells=spells,
        without=tuple(without),
        # The folder is gone before anybody could look at pictures in it.
        output=Output(pictures=False),
        command="irregsim.compare",
    )
    prepared = _prepared(request, loaded)
    with tempfile.TemporaryDirectory(prefix="irregsim-") as folder:
        done, _, _ = _compared(request, prepared, Path(folder), Silent())
    return replace(done, reused={})


def summary(done: Comparison, lang: str = "en") -> str:
    """What a comparison found, for a screen: the key figures that can be told, and what would tell more.

    Args:
        done: The comparison.
        lang: Language of the names of outcomes.
    """
    from irregsim.present.publication.one_scale import one_scale
    from irregsim.present.terminal import table
    from irregsim.present.words import outcome_words, title_of
    from irregsim.vocabulary.labels import label

    figures = one_scale({"key_figures": done.frames["key_figures"]}, {})["key_figures"]
    first, last = done.about["period"]
    lines = [f"Comparison {done.id}: {done.replicates} replicates, {first} to {last}, against {done.reference}"]
    for name in done.scenarios:
        rows = figures[figures["scenario"] == name]
        told = rows[rows["verdict"] != "cannot tell"]
        lines += ["", f"{name}: {title_of(name, done.about, lang)} (from {done.about['first_effective'][name]})"]
        if len(told):
            texts = zip(told["outcome"], told[f"rounded_text_{lang}"], told["unit"], told["kind"], strict=True)
            head = ["change", "95 % of replicates", "unit"]
            cells = [[outcome_words(o, lang), text, f"{unit}, {kind}"] for o, text, unit, kind in texts]
            lines.append(table([head, *cells], left=3))
        else:
            lines.append("  no effect can be told from nothing")
        lines += [f"  {line}" for line in _untold(rows, done.replicates)]
    if done.about["caveat"]:
        lines += ["", label(str(done.about["caveat"]), lang)]
    if done.about["scale"] != 1.0:
        lines.append(f"Population scale {done.about['scale']:g}: a trial; counts are not those of the country.")
    return "\n".join(lines)


def _untold(rows: pd.DataFrame, replicates: int) -> list[str]:
    """Why some key figures cannot be told, and how many more replicates would tell."""
    from irregsim.study.comparison.key_figures import INTERVAL, MONTE_CARLO, NOTHING

    why = {reason: int((rows["why"] == reason).sum()) for reason in (NOTHING, INTERVAL, MONTE_CARLO)}
    lines = []
    if why[NOTHING]:
        lines.append(f"{why[NOTHING]} outcomes are the same in every replicate")
    if why[INTERVAL]:
        lines.append(
            f"{why[INTERVAL]} outcomes cannot be told: replicates go both ways, and more of them would not help"
        )
    if why[MONTE_CARLO]:
        more = sorted(int(number) for number in rows["more_replicates"].dropna())
        line = f"{why[MONTE_CARLO]} outcomes cannot be told for want of replicates"
        if more:
            half = more[(len(more) - 1) // 2]
            line += f"; --replicates {replicates + half} would tell half of those that more can tell"
        lines.append(line)
    return lines


def _compared(
    request: CompareRequest, prepared: _Prepared, folder: Path, progress: Progress
) -> tuple[Comparison, dict[str, str], Runs]:
    """The runs and all tables."""
    runs, reused = _runs(
        prepared.plans,
        prepared.replicates,
        folder,
        request.output,
        jobs=prepared.jobs,
        progress=progress,
        command=request.command,
    )
    frames, proof, units = make_tables(runs, prepared.jobs)
    # By content alone, the reference first: the same comparison has the same name everywhere.
    id_ = sha256_of_text(canonical_json({"runs": list(_run_ids(prepared).values()), "version": __version__}))[:16]
    about = {**_about(request, prepared, id_), "proof": proof}
    others = tuple(pair.name for pair in runs.pairs)
    done = Comparison(id_, runs.reference.name, others, runs.replicates, frames, proof, about, None, reused)
    return done, units, runs
