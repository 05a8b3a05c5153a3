"""The command `irregsim show`: numbers of a finished folder as one table."""

from __future__ import annotations

import click

from irregsim.cli.errors import errors, say
from irregsim.cli.options import screen_lang_option
from irregsim.cli.registry import complete_run
from irregsim.vocabulary.codes import CITIES


@click.command(short_help="Show numbers of a run or a comparison.")
@click.argument("folder", shell_complete=complete_run)
@click.option(
    "--outcome",
    "outcomes",
    multiple=True,
    metavar="NAME",
    help="An outcome: its code (exit:videre), the end of it (videre), or a part of its words. Repeatable.",
)
@click.option("--year", "years", type=click.IntRange(2009, 2200), multiple=True, help="A year. Repeatable.")
@click.option("--city", metavar="CITY", help=f"In a city: {', '.join(CITIES)}.")
@click.option("--group", metavar="DIMENSION", help="By group: sex, age_group, duration ..., or one: sex=female.")
@click.option("--scenario", "scenarios", multiple=True, metavar="NAME", help="Of a comparison: a scenario. Repeatable.")
@click.option("--show-levels", is_flag=True, help="Of a run: also levels of the hidden population, as an interval.")
@screen_lang_option
def show(
    folder: str,
    outcomes: tuple[str, ...],
    years: tuple[int, ...],
    city: str | None,
    group: str | None,
    scenarios: tuple[str, ...],
    lang: str,
    *,
    show_levels: bool,
) -> None:
    """Show numbers of FOLDER, a run or a comparison (its path, name or id), as one table.

    Of a run: mean and 95 % of the replicates, year by year. Of a comparison: the effects since the change, with --year
    at the end of that year. Numbers are rounded, small cells are left out, and hidden strategies are an index or in
    percent, as in what is published; the exact tables are in the folder.

    \b
    Example:
      irregsim show baseline --year 2025 --outcome synlig --outcome videre
      irregsim show fines-tripled-vs-baseline --outcome fines --year 2027 --lang nb
      irregsim show fines-tripled-vs-baseline --city Bergen
    """
    from irregsim.commands.show import shown
    from irregsim.present.numbers_of import Asked

    asked = Asked(outcomes, years, city, group, scenarios, lang)
    with errors():
        text = shown(folder, asked, show_levels=show_levels)
    say(text)
