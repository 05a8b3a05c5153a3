"""``irregsim explain``: why a number of a comparison changed."""

from __future__ import annotations

import click

from irregsim.cli.errors import errors, say
from irregsim.cli.options import screen_lang_option
from irregsim.cli.registry import complete_run


@click.command(short_help="Say why a number of a comparison changed.")
@click.argument("folder", shell_complete=complete_run)
@click.argument("outcome")
@click.option("--scenario", metavar="NAME", help="One scenario of the comparison. Default: each of them.")
@click.option("--json", "as_json", is_flag=True, help="Print everything as JSON, with every rule that a lever acts on.")
@screen_lang_option
def explain(folder: str, outcome: str, scenario: str | None, lang: str, *, as_json: bool) -> None:
    """Say why OUTCOME changed in the comparison in FOLDER (its path, name or id).

    Shows what the number is, the effect, where the scenario first differs from the reference, the rules that the levers
    act on, the moves of persons (by cause) that changed most, and the claims and parameters behind them with
    their grades. OUTCOME is a code of key_figures (stock:arbeidende, or arbeidende) or a name, in quotation marks.

    \b
    Example:
      irregsim explain fines-tripled-vs-baseline stock:arbeidende
      irregsim explain outputs/fines-tripled-vs-baseline "persons found at work in inspections"
      irregsim explain agreement-eritrea-vs-baseline tvangsretur --lang nb
    """
    from irregsim.commands.explain import explain as work
    from irregsim.commands.explain import plain
    from irregsim.present.explanation import explanations

    with errors():
        found = work(folder, outcome, scenario)
    say(plain(found) if as_json else explanations(found, lang))
