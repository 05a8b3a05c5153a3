"""Commands that simulate: run, compare, fit, calibrate, reproduce."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from irregsim.cli.errors import errors, say, warn
from irregsim.cli.options import (
    asked,
    cluster_option,
    complete_scenario,
    jobs_option,
    lang_option,
    output_options,
    plan_options,
    printed_language,
    quiet_option,
    replace_option,
    seed_option,
)
from irregsim.cli.sweeping import swept_without_lives, vary_option
from irregsim.vocabulary.codes import CITIES
from irregsim.vocabulary.labels import label


@click.command(short_help="Simulate a scenario into a run folder.")
@click.argument("scenario", shell_complete=complete_scenario)
@click.option("--replicates", type=click.IntRange(min=1), help="Number of replicates. Default: the scenario's.")
@seed_option("scenario")
@plan_options
@click.option("--out", metavar="DIR", help="Run folder. Default: outputs/<scenario name>.")
@output_options
@click.option("--spells", is_flag=True, help="Also write spells.parquet, one row per spell of a (synthetic) person.")
@click.pass_context
def run(context: click.Context, /, scenario: str, quiet: bool, only_plan: bool, **options: Any) -> None:
    """Simulate SCENARIO (a YAML file or a shipped name) into one run folder and print a summary.

    Ctrl-C stops within a second or two and keeps the finished replicates; run the same command again to resume.
    With more --replicates a finished run is extended.

    \b
    Example:
      irregsim run baseline --replicates 20 --jobs 2
      irregsim run baseline --draws prior --per-draw 4 --replicates 80
      irregsim run baseline --precision 10% --plan
      irregsim run my-scenario.yaml --set levers.fines.employer_base_nok=100000 --out outputs/fines
    """
    from irregsim.commands.run import RunRequest, run_scenario
    from irregsim.present.terminal import run_summary
    from irregsim.study.progress import progress_for

    request = RunRequest(scenario, **asked(context, options))
    if only_plan:
        from irregsim.commands.plan import plan_of_run

        with errors():
            say(plan_of_run(request, printed_language(context)))
        return
    with errors():
        finished = run_scenario(request, progress=progress_for(quiet=quiet), warn=warn)
    if finished.replaced:
        say(f"replaced the earlier run {finished.replaced} in {finished.folder.path}", err=True)
    if finished.reused and not quiet:
        say(f"{finished.reused} of the replicates reused from an earlier run", err=True)
    if not quiet:
        if finished.precise:
            say(finished.precise, err=True)
        manifest = finished.folder.manifest
        lang, show_levels = printed_language(context), request.output.show_levels
        say(run_summary(finished.series, manifest, draws=finished.draws, show_levels=show_levels, lang=lang))
        say("\n" + label("screen.written", lang).format(folder=finished.folder.path))


@click.command(short_help="Compare scenarios: paired differences, pictures, one page.")
@click.argument("scenarios", nargs=-1, required=True, shell_complete=complete_scenario)
@vary_option
@click.option("--reference", metavar="NAME", help="The scenario that the others are compared with. Default: the first.")
@click.option("--replicates", type=click.IntRange(min=2), help="Number of replicates. Default: the reference's.")
@seed_option("reference")
@plan_options
@click.option("--city", metavar="CITY", help=f"Add a fact sheet of a city to the page: {', '.join(CITIES)}.")
@click.option(
    "--spells/--no-spells",
    default=True,
    show_default=True,
    help="Keep the lives of the (synthetic) persons and compare them too; takes more disk space.",
)
@click.option("--out", metavar="DIR", help="Folder of the comparison. Default: in outputs, named by the scenarios.")
@output_options
@click.pass_context
def compare(
    context: click.Context,
    /,
    scenarios: tuple[str, ...],
    reference: str | None,
    city: str | None,
    quiet: bool,
    only_plan: bool,
    **options: Any,
) -> None:
    """Compare SCENARIOS (files, shipped names, folders of files, or runs) with the same draws and random numbers.

    Each replicate of a scenario is compared with the same replicate of the reference, which is the first scenario
    unless --reference names another. Writes tables, pictures and one page (report.html). Finished runs of the same
    content are reused, wherever they are in outputs. A run folder (its path, or its name or id in `irregsim runs`)
    stands for its scenario and brings its settings. With more --replicates a comparison is extended. Ctrl-C keeps what
    is finished.

    \b
    Example:
      irregsim compare baseline agreement-eritrea --replicates 40
      irregsim compare baseline shelter-five-cities nav-rule-2004 --city Bergen --lang nb
      irregsim compare my-scenarios/ --reference baseline --publish --format xlsx
      irregsim compare baseline --vary levers.assisted_return.support_nok@2024-01=10000,40000,80000
      irregsim compare outputs/baseline outputs/fines
    """
    from irregsim.commands.compare import PAGE, CompareRequest, compare_scenarios
    from irregsim.present.compare_summary import summary
    from irregsim.present.sweep_summary import sweep_summary
    from irregsim.study.progress import progress_for

    swept_without_lives(context, options)
    if options["overrides"] and not quiet:
        say("--set holds for every scenario, the reference too; to compare values, use --vary", err=True)
    request = CompareRequest(scenarios, reference, city, **asked(context, options))
    if only_plan:
        from irregsim.commands.plan import plan_of_comparison

        with errors():
            say(plan_of_comparison(request, printed_language(context)))
        return
    with errors():
        done = compare_scenarios(request, progress=progress_for(quiet=quiet), warn=warn)
    if done.replaced:
        say(f"replaced the earlier result {done.replaced} in {done.folder}", err=True)
    if not quiet:
        if done.precise:
            say(done.precise, err=True)
        for name in done.reused:
            say(f"reusing the finished run of {name}", err=True)
        lang = printed_language(context)
        say(
            sweep_summary(done.sweep, done.about, lang) if request.vary else summary(done.key_figures, done.about, lang)
        )
        page = Path(str(done.folder)) / PAGE
        say("\n" + label("screen.written_page", lang).format(folder=done.folder, page=page))


@click.command(short_help="Compare a posterior with every published count.")
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
@seed_option("scenario")
@jobs_option
@click.option(
    "--scale",
    type=float,
    default=1.0,
    show_default=True,
    help="Population scale for trials, above 0 and at most 10; counts are divided by it. 1 is the country.",
)
@click.option(
    "--targets",
    metavar="FILE",
    help="Another edition of the published counts (CSV, columns of data/targets.csv), compared with the built-in one.",
)
@click.option("--out", metavar="DIR", default="outputs/fit", show_default=True, help="Folder of the fit.")
@replace_option
@lang_option("Language of the page and the pictures.")
@quiet_option
@click.pass_context
def fit(
    context: click.Context,
    /,
    posterior_folder: str | None,
    targets: str | None,
    quiet: bool,
    **options: Any,
) -> None:
    """Posterior predictive check: compare the model, run with a posterior's draws, with every published count.

    Runs the baseline to 2020-12. Writes tables, pictures and one page (fit.html) that shows what was fitted, what was
    held out, how many counts are inside their intervals, and which differ most from the model. A finished run is
    reused. Ctrl-C keeps what is finished.

    \b
    Example:
      irregsim fit
      irregsim fit outputs/calibration/posterior --replicates 200 --lang nb
      irregsim fit --targets targets-2022.csv
    """
    from irregsim.commands import fit as work
    from irregsim.study.progress import progress_for

    request = work.FitRequest(posterior_folder, targets, **asked(context, options))
    with errors():
        done = work.fit(request, progress=progress_for(quiet=quiet), warn=warn)
    if done.replaced:
        say(f"replaced the earlier run {done.replaced} in {done.folder}", err=True)
    if not quiet:
        if done.reused:
            say(f"reusing the finished run in {done.folder / work.RUN_FOLDER}", err=True)
        say(work.summary(done))
        say(f"\nWritten to {done.folder}; the page is {done.folder / work.PAGE}")


@click.command(short_help="Fit the model to the registers.")
@click.option("--out", default="outputs/calibration", show_default=True, help="Folder for trials and posterior.")
@click.option("--first", type=click.IntRange(min=50), help="Trials of the first wave, from the priors.")
@click.option("--second", type=click.IntRange(min=20), help="Trials of each near wave, near the counts.")
@click.option(
    "--near-waves",
    type=click.IntRange(min=1),
    help="Near waves; one more than before continues a finished calibration.",
)
@click.option("--scale", type=float, help="Population scale of the first wave's trials, above 0 and at most 10.")
@click.option("--near-scale", type=float, help="Population scale of the near waves' trials, above 0 and at most 10.")
@click.option(
    "--until",
    type=click.IntRange(2020, 2030),
    help="Last year that is simulated; after 2020 for later counts of your own.",
)
@click.option("--draws", type=click.IntRange(min=10), help="Draws of the posterior.")
@click.option(
    "--truths", type=click.IntRange(min=5), help="Known truths from the prior that are fitted as a test of the method."
)
@click.option(
    "--near-truths",
    type=click.IntRange(min=5),
    help="Known truths near the counts that are fitted as a test of the method.",
)
@click.option("--seed", type=click.IntRange(0, 2**63 - 1), help="Random seed of designs, trials and sampler.")
@jobs_option
@cluster_option
@click.option(
    "--register",
    type=click.Path(exists=True, dir_okay=False),
    help="Fit again, with the trials of --out, to these counts of your own on top of the shipped ones (CSV).",
)
@click.option(
    "--second-method",
    is_flag=True,
    help="Check the finished fit in --out by another method with the same trials, and add it to the report.",
)
@quiet_option
def calibrate(
    out: str,
    jobs: int | None,
    cluster: str | None,
    quiet: bool,
    register: str | None,
    second_method: bool,
    **settings: int | float | None,
) -> None:
    """Fit the baseline to the published counts, and write a posterior folder with a report on the fit.

    Takes an hour or more on two cores with the usual settings. Can be interrupted and resumed with the same
    command. Results do not depend on --jobs. If a calibration check fails, results made with the posterior are not
    calibrated (docs/calibration.md). Needs scikit-learn (irregsim doctor says how to install it).

    \b
    Example:
      irregsim calibrate
      irregsim calibrate --near-waves 2
      irregsim calibrate --register my-counts.csv
      irregsim calibrate --second-method
      irregsim run baseline --draws outputs/calibration/posterior
    """
    from irregsim.commands import calibrate as command
    from irregsim.commands.request import Stopped
    from irregsim.inference.calibration import emulator
    from irregsim.inference.calibration.bank import OtherTrials
    from irregsim.storage.paths import user_path
    from irregsim.study.cluster import Cluster
    from irregsim.study.cluster import missing as cluster_missing
    from irregsim.study.progress import progress_for
    from irregsim.study.replicates import ReplicateError, available_cores

    if wanted := emulator.missing():
        say(wanted, err=True)
        sys.exit(2)
    if cluster is not None and (wanted := cluster_missing()):
        say(wanted, err=True)
        sys.exit(2)
    takes = "--register" if register is not None else "--second-method" if second_method else None
    if takes is not None and (given := [name for name, value in settings.items() if value is not None]):
        say(f"{takes} takes the settings of --out; leave out --{given[0].replace('_', '-')}", err=True)
        sys.exit(2)
    if register is not None and second_method:
        say("--register and --second-method are two commands: give one of them", err=True)
        sys.exit(2)
    with errors():
        command.check_folder(user_path(out))
        chosen = command.with_changes(**settings)
    workers: Any = (available_cores() if jobs is None else jobs) if cluster is None else Cluster(cluster)
    progress = progress_for(quiet=quiet, noun="trials")
    try:
        with errors():
            try:
                if second_method:
                    say(command.second_summary(command.second(user_path(out), jobs=workers, progress=progress)))
                    return
                if register is None:
                    done = command.calibrate(user_path(out), chosen, jobs=workers, progress=progress)
                else:
                    done = command.again(user_path(out), user_path(register), jobs=workers, progress=progress)
            except KeyboardInterrupt:
                raise Stopped(
                    f"stopped; finished trials are kept in {out}; run the same command again to resume"
                ) from None
    except OtherTrials as error:
        say(f"--out: {error}", err=True)
        sys.exit(2)
    except ReplicateError as error:
        say(str(error), err=True)
        sys.exit(1)
    say(command.summary(done))


@click.command(short_help="Run a folder again and compare.")
@click.argument("run_folder")
@jobs_option
@quiet_option
def reproduce(run_folder: str, jobs: int | None, quiet: bool) -> None:
    """Run RUN_FOLDER again from its manifest and draws, and check that every output is identical.

    Only the folder is needed. Integers and text must be equal, floating-point columns within 1e-12.
    Exit code 0: identical; 1: something differs.

    \b
    Example:
      irregsim reproduce outputs/baseline
    """
    from irregsim.commands import reproduce as command
    from irregsim.study.progress import progress_for

    with errors():
        found = command.reproduce(run_folder, jobs=jobs, progress=progress_for(quiet=quiet))
    for note in found.notes:
        say(f"note: {note}")
    for name, reason in found.skipped.items():
        say(f"not compared: {name}: {reason}")
    for name, reason in found.differ.items():
        say(f"differs: {name}: {reason}")
    if found.differ:
        say(f"differ: {len(found.differ)} of {len(found.compared)} files of run {found.run_id}")
        sys.exit(1)
    say(f"identical: {len(found.compared)} files of run {found.run_id}")
