"""The commands. No logic: each reads its options, calls a function of `irregsim.commands` or a listing, and prints.

Only click is imported here, so that ``irregsim --help`` and completion are quick; everything else is imported
by the command that needs it. Exit codes: 0 done, 1 failed, 2 wrong use, 130 and 143 stopped before anything was begun
(`irregsim.cli.signals`).
"""

from __future__ import annotations

import os
import sys
from typing import Any

from irregsim.cli.signals import leaving, leaving_if_program

with leaving_if_program():
    import click

    from irregsim import __version__
    from irregsim.cli import analysing, backtesting, explaining, listings, registry, runs, scenarios, showing, teaching
    from irregsim.cli.doctor import doctor
    from irregsim.cli.errors import memory_errors
    from irregsim.cli.model import model
    from irregsim.cli.streams import open_streams, plain_warnings
    from irregsim.study.garbage import seldom_collected

_SETTINGS = {"help_option_names": ["-h", "--help"], "max_content_width": 110}


class _Program(click.Group):
    """All commands, with what holds for each of them."""

    def main(self, *arguments: Any, **options: Any) -> Any:
        """Runs a command; Ctrl-C is quiet, and so is too little memory."""
        open_streams()
        with leaving(), memory_errors(), plain_warnings():
            return super().main(*arguments, **options)


@click.group(cls=_Program, context_settings=_SETTINGS)
@click.version_option(__version__, prog_name="irregsim")
def main() -> None:
    """Simulate how persons without legal stay in Norway get by, and what policy can change.

    Start with:  irregsim run baseline --replicates 4
    """
    # What a terminal cannot write is written as an escape, on stdout as on stderr.
    if getattr(sys.stdout, "errors", None) == "strict" and hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="backslashreplace")
    seldom_collected()
    # Sums must not depend on the number of threads; numpy's libraries read these when they are loaded.
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(name, "1")


for _command in (
    runs.run,
    runs.compare,
    explaining.explain,
    analysing.sensitivity,
    analysing.explore,
    runs.fit,
    runs.calibrate,
    backtesting.backtest,
    runs.reproduce,
    registry.runs,
    showing.show,
    scenarios.validate,
    scenarios.diff,
    scenarios.new,
    scenarios.schema,
    listings.scenarios,
    listings.levers,
    listings.parameters,
    listings.targets,
    model,
    teaching.serve,
    teaching.workshop,
    doctor,
):
    main.add_command(_command)
