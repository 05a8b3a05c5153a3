"""``--vary`` of ``irregsim compare``: one scenario with a setting at several values."""

from __future__ import annotations

from typing import Any

import click

from irregsim.cli.options import Command


def vary_option(command: Command) -> Command:
    """``--vary``."""
    return click.option(
        "--vary",
        multiple=True,
        metavar="KEY=V1,V2,...",
        help="Compare one scenario with itself at several values of a setting: --vary "
        "levers.assisted_return.support_nok=10000,40000,80000; from a month on: KEY@2024-01=V1,V2. Give it twice for a "
        "grid of two settings, with their interaction. At most 12 values each and 36 scenarios. Keeps no lives unless "
        "--spells is given.",
    )(command)


def swept_without_lives(context: click.Context, options: dict[str, Any]) -> None:
    """Takes lives out of a sweep, in place, where nobody asked for them: it is about numbers at many values."""
    given = context.get_parameter_source("spells") is click.core.ParameterSource.COMMANDLINE
    if options["vary"] and not given:
        options["spells"] = False
