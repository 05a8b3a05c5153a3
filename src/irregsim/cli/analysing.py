"""``irregsim sensitivity`` and ``irregsim explore``: what drives a finding, and when it turns."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from irregsim.cli.errors import errors, say, warn
from irregsim.cli.options import (
    asked,
    cluster_option,
    jobs_option,
    lang_option,
    printed_language,
    quiet_option,
    replace_option,
    seed_option,
    set_options,
)
from irregsim.cli.registry import complete_run
from irregsim.vocabulary.labels import label


@click.command(short_help="Say what drives the findings of a comparison or study.")
@click.argument("given", nargs=-1, required=True, metavar="FOLDER|SCENARIO...", shell_complete=complete_run)
@click.option("--outcome", "outcomes", multiple=True, help="Code or name of an outcome to show. Repeatable.")
@click.option("--replicates", type=click.IntRange(min=2), help="Replicates of scenarios. Default: the first's.")
@seed_option("first scenario")
@click.option("--draws", metavar="posterior|prior|DIR", help="Parameter draws of scenarios, as in irregsim compare.")
@click.option(
    "--per-draw",
    type=click.IntRange(min=1),
    metavar="K",
    help="Replicates per draw of scenarios. With 2 or more, random variation is told apart from parameters.",
)
@click.option("--scale", type=float, default=1.0, show_default=True, help="Population scale of scenarios, for trials.")
@set_options
@jobs_option
@cluster_option
@click.option("--out", metavar="DIR", help="Folder for the tables. Default: outputs/sensitivity-<comparison>.")
@lang_option("Language of the text and the pictures.")
@quiet_option
@click.pass_context
def sensitivity(
    context: click.Context,
    /,
    given: tuple[str, ...],
    outcomes: tuple[str, ...],
    out: str | None,
    quiet: bool,
    **options: Any,
) -> None:
    """Say what drives the findings of a comparison or study, and when a finding turns.

    Give the FOLDER of a finished comparison (path, name or id): nothing is simulated. Or give SCENARIOs (the reference
    first): they are compared as by irregsim compare, which reuses finished runs and resumes after Ctrl-C. Needs at
    least 60 parameter draws; 300 or more are better. Of the FOLDER of a study (irregsim explore) it says which of its
    levers, assumptions and parameters drive the effects. Writes tables (Parquet and CSV) and a picture of each outcome.

    \b
    Example:
      irregsim sensitivity fines-tripled-vs-baseline
      irregsim sensitivity fines-tripled-vs-baseline --outcome arbeidende --lang nb
      irregsim sensitivity baseline fines-tripled --replicates 400 --per-draw 2
      irregsim sensitivity explore-two-packages
    """
    from irregsim.commands import sensitivity as work
    from irregsim.commands.compare import CompareRequest
    from irregsim.present.plots.sensitivity import save_tornados
    from irregsim.present.sensitivity import summary
    from irregsim.study.progress import progress_for

    def request() -> CompareRequest:
        return CompareRequest(given, spells=False, **asked(context, options))

    def draw(done: work.Sensitivity) -> list[str]:
        return save_tornados(done.frames, done.about, done.outcomes, done.folder, str(options["lang"]))

    progress = progress_for(quiet=quiet)
    with errors():
        done = work.sensitivity(given, outcomes, out, request, draw=draw, progress=progress, warn=warn)
    if not quiet:
        lang = printed_language(context)
        say(summary(done.frames, done.about, done.outcomes, lang))
        say("\n" + label("screen.written", lang).format(folder=done.folder))


@click.command(short_help="Say in which worlds policies lower or raise an outcome.")
@click.argument("study", metavar="STUDY.yaml", type=click.Path())
@click.option("--points", type=int, help="How many points, 32 to 2000. Default: the study's.")
@click.option("--scale", type=float, help="Population scale, for trials. Default: the study's.")
@click.option("--draws", metavar="posterior|prior|point|DIR", help="Parameter draws. Default: the study's.")
@jobs_option
@cluster_option
@click.option("--out", metavar="DIR", help="Folder for the tables. Default: outputs/explore-<name>.")
@replace_option
@lang_option("Language of the text and the pictures.")
@quiet_option
@click.pass_context
def explore(
    context: click.Context,
    /,
    study: str,
    lang: str,
    *,
    replace: bool,
    quiet: bool,
    **options: Any,
) -> None:
    """Say in which worlds policies lower or raise an outcome, and which of them does well in most.

    The STUDY names a reference, policies, and levers, assumptions and parameters with ranges (docs/explore.md). Each
    point is one world, simulated once for the reference and every policy. Writes tables (Parquet and CSV) and a picture
    of each outcome: when a finding turns, regret, and values at which its sign flips; with design: screening, what
    matters at all (Morris). Ctrl-C keeps finished points, the same command goes on, and more points are added to those
    there.

    \b
    Example:
      irregsim explore study.yaml --points 32 --scale 0.02
      irregsim explore study.yaml --jobs 4 --lang nb
    """
    from irregsim.commands import explore as work
    from irregsim.present import exploration, screening
    from irregsim.present.plots.exploration import save_outcomes
    from irregsim.present.plots.screening import save_moves
    from irregsim.study.exploration.design import SCREENING
    from irregsim.study.progress import progress_for

    def draw(done: work.Exploration, folder: Path) -> list[str]:
        if done.study.kind == SCREENING:
            return save_moves(done.frames, done.account, folder, lang)
        return save_outcomes(done.frames, done.account, done.study, folder, lang)

    progress = progress_for(quiet=quiet, noun="points")
    with errors():
        done = work.explore_study(study, **options, replaces=replace, draw=draw, progress=progress, warn=warn)
    if not quiet:
        printed = printed_language(context)
        words = screening if done.study.kind == SCREENING else exploration
        say(words.summary(done.frames, done.account, printed))
        say("\n" + label("screen.written", printed).format(folder=done.folder))
