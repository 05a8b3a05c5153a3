"""The commands. No logic: each reads its options, calls `irregsim.commands.run` or a listing, and prints.

Only click is imported here, so that ``irregsim --help`` and completion are quick; everything else is imported
by the command that needs it. Exit codes: 0 done, 1 failed, 2 wrong use.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

import click

from irregsim import __version__
from irregsim.cli.model import model

if TYPE_CHECKING:
    from irregsim.inference.targets import Move
    from irregsim.scenario.levers import Lever

Command = TypeVar("Command", bound=Callable[..., Any])

_SETTINGS = {"help_option_names": ["-h", "--help"], "max_content_width": 110}


@click.group(context_settings=_SETTINGS)
@click.version_option(__version__, prog_name="irregsim")
def main() -> None:
    """Simulate how persons without legal stay in Norway get by, and what policy changes.

    Start with:  irregsim run baseline --replicates 4
    """
    # Sums must not depend on the number of threads; read by numpy's libraries when they are loaded.
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(name, "1")
    # A request to end (from a job system, or the machine shutting down) is answered like Ctrl-C: keep what is
    # done.
    with contextlib.suppress(ValueError):  # not the main thread
        signal.signal(signal.SIGTERM, _interrupt)


main.add_command(model)


def _interrupt(*_: object) -> NoReturn:
    raise KeyboardInterrupt


def _complete_scenario(_: click.Context, __: click.Parameter, typed: str) -> list[Any]:
    from click.shell_completion import CompletionItem

    from irregsim.scenario import shipped_scenarios

    names = [CompletionItem(name) for name in shipped_scenarios() if name.startswith(typed)]
    return [*names, CompletionItem(typed, type="file")]


def _set_options(command: Command) -> Command:
    """``--set`` and ``--end``: changes to a scenario on the command line."""
    command = click.option(
        "--set",
        "overrides",
        multiple=True,
        metavar="KEY=VALUE",
        help="Set one value of the scenario, by its full path: --set levers.fines.employer_base_nok=100000. "
        "The value is read as YAML. Repeatable.",
    )(command)
    return click.option("--end", metavar="YYYY-MM", help="Last month; what comes later is cut.")(command)


def _jobs_option(command: Command) -> Command:
    return click.option(
        "--jobs",
        type=click.IntRange(min=1),
        help="Processes. Default: all cores. The results are the same for any number.",
    )(command)


def _quiet_option(command: Command) -> Command:
    return click.option("--quiet", is_flag=True, help="No progress and no summary; errors and warnings still show.")(
        command
    )


def _together(*options: Callable[[Command], Command]) -> Callable[[Command], Command]:
    """One decorator for several, in the order in which ``--help`` lists them."""

    def add(command: Command) -> Command:
        for option in reversed(options):
            command = option(command)
        return command

    return add


#: What is simulated, beside the scenario.
_plan_options = _together(
    _jobs_option,
    click.option(
        "--draws",
        metavar="posterior|point|prior|DIR",
        help="Parameter values: posterior (draws fitted to the registers), point (the median of every prior), prior "
        "(draws of the priors), or the folder of a posterior. Default: posterior if one ships, else point.",
    ),
    click.option(
        "--per-draw",
        type=click.IntRange(min=1),
        metavar="K",
        help="Replicates per draw: replicate j uses draw j div K, and --replicates is K times the number of draws "
        "used. With K of 2 or more the summary of a run tells parameters and chance apart. Default: each draw in turn.",
    ),
    click.option(
        "--scale", type=float, default=1.0, show_default=True, help="Population scale, for trials; 1 is the country."
    ),
    _set_options,
    click.option(
        "--without",
        multiple=True,
        metavar="M0XX",
        help="Leave out one causal claim of the report, by its id in docs/odd.md: --without M047. Repeatable.",
    ),
)

#: What is written, and how.
_output_options = _together(
    click.option(
        "--lang",
        type=click.Choice(["nb", "en"]),
        default="en",
        show_default=True,
        help="Language of pictures and pages.",
    ),
    click.option(
        "--format",
        "format_",
        type=click.Choice(["parquet", "csv", "xlsx"]),
        default="parquet",
        show_default=True,
        help="What is written beside the Parquet tables: nothing, <table>.csv each, or one workbook (tables.xlsx).",
    ),
    _quiet_option,
    click.option(
        "--publish",
        is_flag=True,
        help="CSV and workbook rounded, small cells left out, no level of the hidden population, no single lives.",
    ),
    click.option(
        "--show-levels", is_flag=True, help="Show levels of the hidden population, as an interval that assumptions set."
    ),
)


# ---------------------------------------------------------------------------------------------------------
# Running


@main.command(short_help="Simulate a scenario into a run folder.")
@click.argument("scenario", shell_complete=_complete_scenario)
@click.option("--replicates", type=click.IntRange(min=1), help="Number of replicates. Default: the scenario's.")
@click.option("--seed", type=click.IntRange(0, 2**63 - 1), help="Seed of all chance. Default: the scenario's.")
@_plan_options
@click.option("--out", metavar="DIR", help="Run folder. Default: outputs/<scenario name>.")
@_output_options
@click.option("--spells", is_flag=True, help="Also write spells.parquet, one row per spell of a (synthetic) person.")
@click.pass_context
def run(
    context: click.Context,
    scenario: str,
    replicates: int | None,
    seed: int | None,
    jobs: int | None,
    draws: str | None,
    per_draw: int | None,
    scale: float,
    overrides: tuple[str, ...],
    end: str | None,
    without: tuple[str, ...],
    out: str | None,
    lang: str,
    format_: str,
    quiet: bool,
    publish: bool,
    show_levels: bool,
    spells: bool,
) -> None:
    """Simulate SCENARIO (a YAML file or a shipped name) into one run folder and print a summary.

    Ctrl-C stops within a second or two and keeps the finished replicates; the same command continues. With
    more --replicates a finished run is extended.

    \b
    Example:
      irregsim run baseline --replicates 20 --jobs 2
      irregsim run baseline --draws prior --per-draw 4 --replicates 80
      irregsim run my-scenario.yaml --set levers.fines.employer_base_nok=100000 --out outputs/fines
    """
    from irregsim.commands import run as workflow
    from irregsim.present.terminal import run_summary
    from irregsim.study.progress import progress_for

    request = workflow.Request(
        scenario=scenario,
        replicates=replicates,
        seed=seed,
        jobs=jobs,
        draws=draws,
        per_draw=per_draw,
        scale=scale,
        overrides=overrides,
        end=end,
        without=without,
        out=out,
        spells=spells,
        output=workflow.Output(format=format_, lang=lang, publish=publish, show_levels=show_levels),
        command=_command_line(context),
    )
    with _errors():
        finished = workflow.run_scenario(request, progress=progress_for(quiet=quiet), warn=_warn)
    if finished.replaced and not quiet:
        click.echo(f"replaced the earlier run {finished.replaced} in {finished.folder.path}", err=True)
    if finished.reused and not quiet:
        click.echo(f"{finished.reused} of the replicates were there already", err=True)
    if not quiet:
        manifest = finished.folder.manifest
        click.echo(run_summary(finished.series, manifest, draws=finished.draws, show_levels=show_levels))
        click.echo(f"\nWritten to {finished.folder.path}")


@main.command(short_help="Compare scenarios: paired differences, pictures, one page.")
@click.argument("scenarios", nargs=-1, required=True, shell_complete=_complete_scenario)
@click.option("--reference", metavar="NAME", help="The scenario that the others are compared with. Default: the first.")
@click.option("--replicates", type=click.IntRange(min=2), help="Number of replicates. Default: the reference's.")
@click.option("--seed", type=click.IntRange(0, 2**63 - 1), help="Seed of all chance. Default: the reference's.")
@_plan_options
@click.option("--city", metavar="CITY", help="Add a fact sheet of one of the five cities to the page: --city Bergen.")
@click.option(
    "--spells/--no-spells",
    default=True,
    show_default=True,
    help="Keep the lives of the (synthetic) persons and compare them too; takes more room.",
)
@click.option("--out", metavar="DIR", default="outputs/comparison", show_default=True, help="Folder of the comparison.")
@_output_options
@click.pass_context
def compare(
    context: click.Context,
    scenarios: tuple[str, ...],
    reference: str | None,
    replicates: int | None,
    seed: int | None,
    jobs: int | None,
    draws: str | None,
    per_draw: int | None,
    scale: float,
    overrides: tuple[str, ...],
    end: str | None,
    without: tuple[str, ...],
    city: str | None,
    spells: bool,
    out: str,
    lang: str,
    format_: str,
    quiet: bool,
    publish: bool,
    show_levels: bool,
) -> None:
    """Compare SCENARIOS (files, shipped names, or folders of files) under the same draws and the same chance.

    Every difference is that of one replicate of a scenario and the same replicate of the reference, the first scenario
    unless --reference names another. Writes tables, pictures and one page (report.html). Finished runs of the same
    content are used, here and in outputs/<scenario>; with more --replicates a comparison is extended; Ctrl-C keeps what
    is finished.

    \b
    Example:
      irregsim compare baseline agreement-eritrea --replicates 40
      irregsim compare baseline shelter-five-cities nav-rule-2004 --city Bergen --lang nb
      irregsim compare my-scenarios/ --reference baseline --publish --format xlsx
    """
    from irregsim.commands import compare as comparing
    from irregsim.commands.run import Output
    from irregsim.study.progress import progress_for

    request = comparing.CompareRequest(
        scenarios=scenarios,
        reference=reference,
        replicates=replicates,
        seed=seed,
        jobs=jobs,
        draws=draws,
        per_draw=per_draw,
        scale=scale,
        overrides=overrides,
        end=end,
        without=without,
        out=out,
        spells=spells,
        city=city,
        output=Output(format=format_, lang=lang, publish=publish, show_levels=show_levels),
        command=_command_line(context),
    )
    with _errors():
        done = comparing.compare_scenarios(request, progress=progress_for(quiet=quiet), warn=_warn)
    if not quiet:
        for name in done.reused:
            click.echo(f"the run of {name} was there already", err=True)
        click.echo(comparing.summary(done))
        click.echo(f"\nWritten to {done.folder}; the page is {Path(out) / comparing.PAGE}")


@main.command(short_help="Compare a posterior with every published count.")
@click.argument("posterior_folder", required=False)
@click.option(
    "--draws",
    type=click.Choice(["posterior", "point", "prior"]),
    help="Instead of a folder: the posterior that ships, the medians of the priors, or draws of the priors. Default: "
    "posterior if one ships, else point.",
)
@click.option(
    "--replicates",
    type=click.IntRange(min=1),
    default=100,
    show_default=True,
    help="Number of replicates; replicate j uses draw j.",
)
@click.option("--seed", type=click.IntRange(0, 2**63 - 1), help="Seed of all chance. Default: the scenario's.")
@_jobs_option
@click.option(
    "--scale",
    type=float,
    default=1.0,
    show_default=True,
    help="Population scale, for trials; counts are divided by it. 1 is the country.",
)
@click.option(
    "--targets",
    metavar="FILE",
    help="Another vintage of the published counts (CSV, columns of data/targets.csv), laid beside the one that ships.",
)
@click.option("--out", metavar="DIR", default="outputs/fit", show_default=True, help="Folder of the fit.")
@click.option(
    "--lang",
    type=click.Choice(["nb", "en"]),
    default="en",
    show_default=True,
    help="Language of the page and the pictures.",
)
@_quiet_option
@click.pass_context
def fit(
    context: click.Context,
    posterior_folder: str | None,
    draws: str | None,
    replicates: int,
    seed: int | None,
    jobs: int | None,
    scale: float,
    targets: str | None,
    out: str,
    lang: str,
    quiet: bool,
) -> None:
    """Posterior predictive check: run the baseline to 2020-12 with a posterior's draws, beside every published count.

    Writes tables, pictures and one page (fit.html) that says what was fitted and what was held back, how many counts
    lie in their intervals, and which lie farthest out. A finished run is used again; Ctrl-C keeps what is finished.

    \b
    Example:
      irregsim fit
      irregsim fit outputs/calibration/posterior --replicates 200 --lang nb
      irregsim fit --targets targets-2022.csv
    """
    from irregsim.commands import fit as work
    from irregsim.study.progress import progress_for

    request = work.FitRequest(
        posterior=posterior_folder,
        draws=draws,
        replicates=replicates,
        seed=seed,
        jobs=jobs,
        scale=scale,
        targets=targets,
        out=out,
        lang=lang,
        command=_command_line(context),
    )
    with _errors():
        done = work.fit(request, progress=progress_for(quiet=quiet), warn=_warn)
    if not quiet:
        if done.reused:
            click.echo(f"the run was there already, in {done.folder / work.RUN_FOLDER}", err=True)
        click.echo(work.summary(done))
        click.echo(f"\nWritten to {done.folder}; the page is {done.folder / work.PAGE}")


@main.command(short_help="Open the workshop's page in the browser.")
@click.argument("scenario", required=False, shell_complete=_complete_scenario)
@click.option("--port", type=click.IntRange(1, 65535), help="Port. Default: the first free one from 8765 on.")
@click.option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    metavar="ADDRESS",
    help="Address to listen on. Any other than this machine's own lets others in, and there is no password.",
)
@click.option(
    "--lang",
    type=click.Choice(["nb", "en"]),
    default="nb",
    show_default=True,
    help="Language the page opens in; it can be changed there.",
)
@click.option("--seed", type=click.IntRange(0, 2**63 - 1), help="Seed of all chance. Default: the scenario's.")
@click.option("--start", metavar="YYYY-MM", help="First month shown. Default: 2020-01.")
@click.option(
    "--scale", type=float, default=1.0, show_default=True, help="Population scale; smaller is faster. 1 is the country."
)
@click.option(
    "--draws",
    metavar="posterior|point|prior|DIR",
    help="Parameter values: draw 0 of what is named, as for run. Default: posterior if one ships, else point.",
)
@_set_options
@click.option(
    "--viewers", type=click.IntRange(1, 50), default=6, show_default=True, help="Pages that may be open at once."
)
@click.option(
    "--persons",
    type=click.IntRange(100, 1_000_000),
    default=60_000,
    show_default=True,
    help="Persons in a model at which it stops, so that a page cannot take the whole machine.",
)
@click.option("--browse/--no-browse", default=True, show_default=True, help="Open a browser.")
def serve(
    scenario: str | None,
    port: int | None,
    host: str,
    lang: str,
    seed: int | None,
    start: str | None,
    scale: float,
    draws: str | None,
    overrides: tuple[str, ...],
    end: str | None,
    viewers: int,
    persons: int,
    browse: bool,
) -> None:
    """Serve the workshop's page: the model in the browser, month by month, on this machine and without internet.

    With SCENARIO (a YAML file or a shipped name) the page opens with it. What is set on the page is saved as a scenario
    file that `irregsim run` takes. Ctrl-C stops.

    \b
    Example:
      irregsim serve
      irregsim serve agreement-eritrea --lang en --start 2022-01
      irregsim serve my-scenario.yaml --port 9000 --scale 0.25
    """
    with _errors():
        from irregsim.workshop.browser import serve as work

        work.needed()
        settings = work.first_settings(
            scenario, seed=seed, start=start, scale=scale, draws=draws, overrides=overrides, end=end
        )
        chosen = work.free_port(host, port)
        if not work.is_local(host):
            click.echo(
                f"warning: {host} can be reached from other machines. There is no password: whoever reaches the page "
                "can use it, and what they set is run here. On a shared net, stop with Ctrl-C when the class is over.",
                err=True,
            )
        work.serve(
            settings,
            host=host,
            port=chosen,
            lang=lang,
            viewers=viewers,
            persons=persons,
            browse=browse,
            ready=lambda address: click.echo(f"irregsim is at {address} (Ctrl-C stops)"),
        )


@main.command(short_help="Write the workshop's pages: exercises, handouts, plans.")
@click.option("--out", metavar="DIR", default="outputs/workshop", show_default=True, help="Folder of the pages.")
@click.option("--lang", type=click.Choice(["nb", "en"]), help="Language of the pages. Default: both, a page in each.")
@_quiet_option
def workshop(out: str, lang: str | None, quiet: bool) -> None:
    """Write pages for a class that open from a file: exercises with stored runs, handouts to print, and the teacher's.

    Nothing is simulated: the numbers are those of the runs that ship. The page with the model is that of irregsim
    serve.

    \b
    Example:
      irregsim workshop
      irregsim workshop --lang nb --out kurs
    """
    from irregsim.workshop.handouts import write_pages

    with _errors():
        written = write_pages(Path(out), ("nb", "en") if lang is None else (lang,))
    if not quiet:
        for path in written:
            click.echo(path)


@main.command(short_help="Run a folder again; is it identical?")
@click.argument("run_folder")
@_jobs_option
@_quiet_option
def reproduce(run_folder: str, jobs: int | None, quiet: bool) -> None:
    """Run RUN_FOLDER again from its manifest and draws, and say whether every output is identical.

    Needs nothing but the folder. Integers and text must be equal, floating-point columns within 1e-12.
    Exit code 0: identical; 1: something differs.

    \b
    Example:
      irregsim reproduce outputs/baseline
    """
    from irregsim.commands import run as workflow
    from irregsim.study.progress import progress_for

    with _errors():
        found = workflow.reproduce(run_folder, jobs=jobs, progress=progress_for(quiet=quiet))
    for note in found.notes:
        click.echo(f"note: {note}")
    for name, reason in found.skipped.items():
        click.echo(f"not compared: {name}: {reason}")
    for name, reason in found.differ.items():
        click.echo(f"differs: {name}: {reason}")
    if found.differ:
        click.echo(f"differ: {len(found.differ)} of {len(found.compared)} files of run {found.run_id}")
        sys.exit(1)
    click.echo(f"identical: {len(found.compared)} files of run {found.run_id}")


# ---------------------------------------------------------------------------------------------------------
# Scenario files


@main.command(short_help="Fit the model to the registers.")
@click.option("--out", default="outputs/calibration", show_default=True, help="Folder for trials and posterior.")
@click.option("--first", type=click.IntRange(min=50), help="Trials of the first wave, from the priors.")
@click.option("--second", type=click.IntRange(min=20), help="Trials of the second wave, near the counts.")
@click.option("--scale", type=click.FloatRange(0, 1, min_open=True), help="Population scale of the trials.")
@click.option("--draws", type=click.IntRange(min=10), help="Draws of the posterior.")
@click.option("--truths", type=click.IntRange(min=5), help="Known truths from the prior that are fitted as a proof.")
@click.option("--near-truths", type=click.IntRange(min=5), help="Known truths near the counts.")
@click.option("--seed", type=click.IntRange(0, 2**63 - 1), help="Seed of designs, trials and sampler.")
@_jobs_option
@_quiet_option
def calibrate(out: str, jobs: int | None, quiet: bool, **settings: int | float | None) -> None:
    """Fit the baseline to the published counts, and write a posterior folder with what is known about the fit.

    Takes about an hour and a half on two cores with the usual settings. Can be stopped; the same command goes on. The
    number of processes changes no number. Nothing is called calibrated while a gate is red (docs/calibration.md).
    Needs scikit-learn: pip install 'irregsim[calibrate]'.

    \b
    Example:
      irregsim calibrate
      irregsim run baseline --draws outputs/calibration/posterior
    """
    from irregsim.commands import calibrate as command
    from irregsim.inference.calibration import emulator
    from irregsim.inference.calibration.bank import OtherTrials
    from irregsim.study.progress import progress_for
    from irregsim.study.replicates import ReplicateError, available_cores

    if wanted := emulator.missing():
        click.echo(wanted, err=True)
        sys.exit(2)
    try:
        done = command.calibrate(
            Path(out),
            command.with_changes(**settings),
            jobs=available_cores() if jobs is None else jobs,
            progress=progress_for(quiet=quiet, noun="trials"),
        )
    except OtherTrials as error:
        click.echo(f"--out: {error}", err=True)
        sys.exit(2)
    except ReplicateError as error:
        click.echo(str(error), err=True)
        sys.exit(1)
    except KeyboardInterrupt:
        click.echo(f"stopped; finished trials are kept in {out}, the same command continues", err=True)
        sys.exit(1)
    click.echo(command.summary(done))


@main.command(short_help="Check scenario files.")
@click.argument("scenarios", nargs=-1, required=True, metavar="SCENARIO...", shell_complete=_complete_scenario)
@_set_options
def validate(scenarios: Sequence[str], overrides: tuple[str, ...], end: str | None) -> None:
    """Check scenario files; every fault at once, as file:line:col: key: what is wrong.

    For a good file, show when each lever is in force, and warn where the scenario changes nothing. Exit code
    2 when any file has a fault.

    \b
    Example:
      irregsim validate scenarios/baseline.yaml my-scenario.yaml
    """
    from irregsim.scenario import ScenarioError, changes_nothing, load_scenario, timeline

    faulty = False
    for i, path in enumerate(scenarios):
        try:
            scenario = load_scenario(path, overrides=overrides, end=end)
        except ScenarioError as error:
            faulty = True
            for fault in error.faults:
                click.echo(str(fault))
            continue
        if i:
            click.echo()
        click.echo(f"{path}: good")
        click.echo(timeline(scenario))
        if changes_nothing(scenario):
            _warn(f"{path}: changes nothing: its values are those of {scenario.extends} throughout its period")
    if faulty:
        sys.exit(2)


@main.command(short_help="Show where scenarios differ.")
@click.argument("scenarios", nargs=-1, required=True, metavar="A.yaml B.yaml...", shell_complete=_complete_scenario)
@_set_options
def diff(scenarios: Sequence[str], overrides: tuple[str, ...], end: str | None) -> None:
    """Show the values in which scenario files differ.

    \b
    Example:
      irregsim diff baseline my-scenario.yaml
    """
    from irregsim.present.terminal import table
    from irregsim.scenario import diff_rows, load_scenario

    if len(scenarios) < 2:
        _wrong("diff needs two scenarios or more: irregsim diff baseline my-scenario.yaml")
    with _errors():
        loaded = [load_scenario(path, overrides=overrides, end=end) for path in scenarios]
    rows = diff_rows(loaded)
    if not rows:
        click.echo("no differences")
        return
    heads = list(rows[0])
    click.echo(table([heads, *([str(row[head]) for head in heads] for row in rows)], left=len(heads), indent=""))


@main.command(short_help="Write a scenario file to edit.")
@click.argument("file", metavar="NAME.yaml")
@click.option(
    "--from",
    "parent",
    default="baseline",
    show_default=True,
    metavar="SCENARIO",
    help="Scenario to start from: a shipped name, or a file beside or below the new one.",
    shell_complete=_complete_scenario,
)
def new(file: str, parent: str) -> None:
    """Write a commented scenario file to edit.

    \b
    Example:
      irregsim new fewer-places.yaml --from baseline
    """
    from irregsim.scenario import load_scenario, new_scenario_text

    path = Path(file)
    if path.suffix not in (".yaml", ".yml"):
        _wrong(f"{file}: the name of the new file must end in .yaml")
    if path.exists():
        _wrong(f"{file}: is there already, and is not overwritten; choose another name")
    if not path.parent.is_dir():
        _wrong(f"{file}: there is no folder {path.parent}; make it first")
    with _errors():
        text = new_scenario_text(path.stem, parent)
        try:
            with path.open("x", encoding="utf-8", newline="\n") as stream:
                stream.write(text)
        except OSError as error:
            _wrong(f"{file}: cannot be written: {error.strerror}")
        try:
            load_scenario(file)  # a parent that cannot be used is told now, not at the first run
        except BaseException:
            path.unlink()
            raise
    click.echo(f"Written to {file}. Edit it, then: irregsim validate {file}")


@main.command(short_help="Print the JSON Schema of scenarios.")
def schema() -> None:
    """Print the JSON Schema of a scenario file, for editors.

    \b
    Example:
      irregsim schema > scenario.schema.json
    """
    import json

    from irregsim.scenario import json_schema

    click.echo(json.dumps(json_schema(), indent=2, ensure_ascii=False))


# ---------------------------------------------------------------------------------------------------------
# Listings


@main.command(short_help="List or explain the shipped scenarios.")
@click.argument("name", required=False, shell_complete=_complete_scenario)
@click.option("--lang", type=click.Choice(["nb", "en"]), default="en", show_default=True, help="Language of the texts.")
def scenarios(name: str | None, lang: str) -> None:
    """List the scenarios that come with irregsim, grouped by who decides on what they change.

    A scenario on which several decide stands with the one named first; the last column names them all. With NAME,
    explain one: what it is about, what it sets, and what it expects and why.

    \b
    Example:
      irregsim scenarios --lang nb
      irregsim scenarios fines-tripled
    """
    from irregsim.present.terminal import table
    from irregsim.scenario import DECIDERS, load_scenario, shipped_scenarios
    from irregsim.scenario.explain import explain_scenario

    if name is not None:
        known = _known(name, shipped_scenarios(), "shipped scenario", "irregsim scenarios")
        with _errors():
            click.echo(explain_scenario(load_scenario(known), lang))
        return
    groups: dict[str, list[list[str]]] = {"": [], **{decider: [] for decider in DECIDERS}}
    with _errors():
        for name, path in shipped_scenarios().items():
            scenario = load_scenario(path)
            who = scenario.decides
            row = [name, scenario.title[lang], scenario.extends or "-", ", ".join(who) or "-"]
            groups[who[0] if who else ""].append(row)
    headings = {"": {"nb": "Referanse", "en": "Reference"}, **DECIDERS}
    heads = {"nb": ["navn", "tittel", "bygger på", "avgjør"], "en": ["name", "title", "extends", "decides"]}[lang]
    # One table, so that the columns of all groups stand below each other.
    lines = table([heads, *(row for rows in groups.values() for row in rows)], left=4, indent="").splitlines()
    click.echo(lines.pop(0))
    for decider, rows in groups.items():
        if rows:
            click.echo(f"\n{headings[decider][lang]}")
            for _ in rows:
                click.echo(lines.pop(0))
    click.echo({"nb": "\nForklar ett med: ", "en": "\nExplain one with: "}[lang] + "irregsim scenarios NAME")


@main.command(short_help="List or explain levers and assumptions.")
@click.argument("name", required=False)
def levers(name: str | None) -> None:
    """List what a scenario can set; with NAME, explain one lever or assumption.

    \b
    Example:
      irregsim levers
      irregsim levers fines.employer_per_workday_nok
    """
    from irregsim.present.terminal import table
    from irregsim.scenario.levers import ASSUMPTIONS, LEVERS

    entries = [*LEVERS, *ASSUMPTIONS]
    if name is not None:
        by_name = {lever.path: lever for lever in entries}
        by_name |= {lever.key: lever for lever in entries}
        click.echo(_lever_text(by_name[_known(name, by_name, "lever or assumption", "irregsim levers")]))
        return
    rows = [["name", "unit", "range", "who decides"]]
    rows += [[lever.path, lever.unit, _range(lever), lever.who_decides] for lever in entries]
    click.echo(table(rows, left=4, indent=""))
    click.echo("\nExplain one with: irregsim levers NAME")


def _range(lever: Lever) -> str:
    if lever.options:
        return ", ".join(lever.options)
    return f"{lever.low:.12g} to {lever.high:.12g}" if lever.high > lever.low else "-"


def _plain(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return f"{value:.12g}"
    return "none" if value in (None, (), "") else str(value)


def _lever_text(lever: Lever) -> str:
    lines = [lever.path, f"  {lever.meaning}", f"  {lever.meaning_nb}", f"  unit: {lever.unit}"]
    if _range(lever) != "-":
        lines.append(f"  {'options' if lever.options else 'range'}: {_range(lever)}")
    lines.append(f"  default: {_plain(lever.default)}")
    if lever.by:
        lines.append(f"  set by: {lever.by}")
    for part in lever.parts:
        span = f" ({part.low:.12g} to {part.high:.12g} {part.unit})" if part.high > part.low else ""
        need = "" if part.required else ", may be left out"
        lines.append(f"    {part.name}: {part.meaning}{span}{need}")
    lines.append(f"  in a scenario that extends another: {lever.merge}")
    if lever.moves:
        signs = ", ".join(f"{outcome} {sign}" for outcome, sign in lever.moves.items())
        lines.append(f"  raising it moves: {signs} ({lever.basis})")
    else:
        lines.append(f"  direction: none required: {lever.no_direction}")
    lines.append(f"  who decides: {lever.who_decides}")
    lines.append(f"  source: {lever.source}")
    lines.append(f"  mechanisms: {', '.join(lever.mechanisms) or 'none'}")
    lines.append(f"  example: {lever.key.rpartition('.')[2]}: {lever.example}")
    return "\n".join(lines)


@main.command(short_help="List or explain parameters.")
@click.argument("name", required=False)
@click.option("--lang", type=click.Choice(["nb", "en"]), default="en", show_default=True, help="Language of headings.")
def parameters(name: str | None, lang: str) -> None:
    """List the parameters with the medians and 95 % ranges of their priors; with NAME, explain one.

    \b
    Example:
      irregsim parameters
      irregsim parameters onward_former_asylum_hazard
    """
    from irregsim.model.parameters import explain, table_rows
    from irregsim.present.terminal import table

    rows = table_rows()
    if name is not None:
        known = {row["name"]: row for row in rows}
        click.echo(explain(_known(name, known, "parameter", "irregsim parameters"), lang))
        return
    heads = ["name", "median", "low", "high", "grade", "status", "unit"]
    click.echo(table([heads, *([row[head] for head in heads] for row in rows)], left=1, indent=""))
    click.echo("\nGrades: A measured in a register, B stated in a source, C expert judgement, D modelling assumption.")
    click.echo("Explain one with: irregsim parameters NAME")


@main.command(short_help="List the published counts, or what moved in a new vintage.")
@click.option("--all", "every", is_flag=True, help="The cells by citizenship too.")
@click.option("--compare", "other", metavar="FILE", help="Another vintage of the whole table: list what moved.")
@click.option("--csv", "as_csv", is_flag=True, help="The whole table as CSV, to be edited into another vintage.")
def targets(every: bool, other: str | None, as_csv: bool) -> None:
    """List the published counts that the model's registers are compared with.

    role: fit (parameters are fitted to it), check (laid beside the fit, never fitted), context (shown only).
    error: what the count may differ from the model's register beyond noise, as the standard deviation of its logarithm.

    \b
    Example:
      irregsim targets
      irregsim targets --csv > revised.csv
      irregsim targets --compare revised.csv
    """
    from irregsim.inference.targets import compare, read
    from irregsim.inference.targets import targets as all_targets
    from irregsim.present.terminal import table
    from irregsim.vocabulary.reference import DataError

    if every + as_csv + (other is not None) > 1:
        _wrong("--all, --compare and --csv go alone")
    if as_csv:
        from importlib.resources import files

        click.echo((files("irregsim") / "data" / "targets.csv").read_bytes(), nl=False)
        return
    if other is not None:
        try:
            revised = read(other)
        except DataError as error:
            click.echo(str(error), err=True)
            sys.exit(2)
        moves = compare(all_targets(), revised)
        if moves:
            rows = [["id", "role", "what", "vintages", "old", "new", "ratio"], *map(_move_row, moves)]
            click.echo(table(rows, left=4, indent="") + "\n")
        stay = len(revised) - sum(move.new is not None for move in moves)
        click.echo(f"{len(moves)} moved, are new or are gone; {stay} stay as they are.")
        return
    shown = [t for t in all_targets() if every or t.dimension != "country_ground"]
    rows = [["register", "dimension", "key", "period", "unit", "role", "vintage", "error", "value"]]
    for t in shown:
        error_sd = "-" if t.error_log_sd is None else f"{t.error_log_sd:.2f}"
        texts = [t.register, t.dimension, t.key, t.period, t.unit, t.role, t.vintage]
        rows.append([*texts, error_sd, ("more than " if t.use == "lower_bound" else "") + f"{t.value:.12g}"])
    click.echo(table(rows, left=7, indent=""))
    if not every:
        click.echo(f"\nand {len(all_targets()) - len(shown)} cells by citizenship: irregsim targets --all")


def _move_row(move: Move) -> list[str]:
    old, new = ("-" if value is None else f"{value:.12g}" for value in (move.old, move.new))
    ratio = "-" if move.ratio is None else f"{move.ratio:.3f}"
    what = "gone" if move.new is None else "new" if move.old is None else ", ".join(move.changed)
    if "value" in move.changed and move.within_rounding:
        what += " (within rounding)"
    return [move.id, move.role, what, " -> ".join(one or "-" for one in move.vintages), old, new, ratio]


# ---------------------------------------------------------------------------------------------------------
# Errors


def _known(name: str, known: Any, what: str, listing: str) -> str:
    """The name, or the end of the program with the nearest one."""
    import difflib

    if name in known:
        return name
    near = difflib.get_close_matches(name, list(known), n=3)
    hint = f" (did you mean {' or '.join(near)}?)" if near else ""
    _wrong(f"no {what} is called {name!r}{hint}; {listing} lists all")


def _warn(text: str) -> None:
    click.echo(f"warning: {text}", err=True)


def _wrong(text: str) -> NoReturn:
    click.echo(f"Error: {text}", err=True)
    sys.exit(2)


@contextlib.contextmanager
def _errors() -> Iterator[None]:
    """Turn what users can do something about into a message and an exit code; a bug keeps its traceback."""
    from irregsim.commands.run import RunFailed, Stopped, WrongUse
    from irregsim.scenario import ScenarioError

    try:
        yield
    except ScenarioError as error:
        for fault in error.faults:
            click.echo(str(fault), err=True)
        sys.exit(2)
    except WrongUse as error:
        _wrong(str(error))
    except Stopped as error:
        click.echo(f"\n{error}", err=True)
        sys.exit(1)
    except RunFailed as error:
        if error.__cause__ is not None and error.__cause__.__cause__ is not None and "IRREGSIM_DEBUG" in os.environ:
            raise
        click.echo(f"Error: {error}", err=True)
        sys.exit(1)
    except OSError as error:
        click.echo(f"Error: {error.filename or ''}: {error.strerror or error}", err=True)
        sys.exit(1)


def _command_line(context: click.Context) -> str:
    """The command as given, with every path cut to its last part, so that no folder of the user's is stored."""
    words = ["irregsim", str(context.info_name)]
    for parameter in context.command.params:
        name = str(parameter.name)
        if context.get_parameter_source(name) is not click.core.ParameterSource.COMMANDLINE:
            continue
        value = context.params[name]
        if isinstance(parameter, click.Argument):
            words += [Path(one).name for one in (value if isinstance(value, tuple) else (value,))]
        elif parameter.opts and getattr(parameter, "is_flag", False):
            words.append((parameter.opts if value else parameter.secondary_opts)[-1])
        elif name in ("out", "draws", "targets"):  # a folder, or a word that stays as it is
            words += [parameter.opts[0], Path(value).name]
        else:
            for one in value if isinstance(value, tuple) else (value,):
                words += [parameter.opts[0], str(one)]
    return " ".join(words)
