"""``irregsim doctor``: what is installed, and what to do about what is not."""

from __future__ import annotations

import sys

import click

from irregsim.cli.errors import say
from irregsim.cli.options import screen_lang_option


@click.command(short_help="Check the installation.")
@screen_lang_option
def doctor(lang: str) -> None:
    """Check Python, packages, engine, folders, memory, font and browser, and say what to do.

    Exit code 1 where something is missing that runs need; extras that are not installed are no fault.

    \b
    Example:
      irregsim doctor
      irregsim doctor --lang nb
    """
    from irregsim.commands.doctor import FAULT, examine, text

    checks = examine(lang)
    say(text(checks, lang))
    if any(one.state == FAULT for one in checks):
        sys.exit(1)
