"""``irregsim backtest``: forecasts of past years, scored."""

from __future__ import annotations

import sys

import click

from irregsim.cli.errors import errors, say
from irregsim.cli.options import quiet_option


@click.command(short_help="Score forecasts of past years against naive ones.")
@click.argument("bank", default="outputs/calibration", metavar="[CALIBRATION_FOLDER]")
@click.option("--year", "years", type=int, multiple=True, help="Last year whose counts are known. Repeatable.")
@click.option("--out", metavar="DIR", default="outputs/backtest", show_default=True, help="Folder for the tables.")
@quiet_option
def backtest(bank: str, years: tuple[int, ...], out: str, quiet: bool) -> None:
    """Fit to what was known up to a year, and score forecasts of the counts after it.

    Uses the trials of a finished calibration (irregsim calibrate); nothing is simulated. Without --year, every year is
    taken up to which some counts are known and after which some follow. The naive forecasts are the last value and a
    straight line. Needs scikit-learn (irregsim doctor says how to install it). docs/backtest.md says what
    the scores mean, and shows those of the fit that ships.

    \b
    Example:
      irregsim backtest
      irregsim backtest outputs/calibration --year 2016 --out outputs/known-to-2016
    """
    from irregsim.commands import backtest as command
    from irregsim.inference.calibration import emulator
    from irregsim.present.pages import backtest as page
    from irregsim.storage.paths import user_path
    from irregsim.study.progress import progress_for

    if wanted := emulator.missing():
        say(wanted, err=True)
        sys.exit(2)
    with errors():
        done = command.backtest(user_path(bank), out, years, progress=progress_for(quiet=quiet, noun="years"))
    if not quiet:
        say(page.tables(done.rows))
    say(f"{done.folder}")
