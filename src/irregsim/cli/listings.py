"""Commands that list and explain: scenarios, levers, parameters, targets."""

from __future__ import annotations

import sys

import click

from irregsim.cli.errors import errors, known, say, wrong
from irregsim.cli.options import complete_lever, complete_scenario, screen_lang_option


@click.command(short_help="List or explain the shipped scenarios.")
@click.argument("name", required=False, shell_complete=complete_scenario)
@screen_lang_option
def scenarios(name: str | None, lang: str) -> None:
    """List the scenarios that come with irregsim, grouped by who decides on what they change.

    A scenario on which several decide is listed under the first of them; the last column names them all. With NAME,
    explain one: what it is about, what it sets, and what is expected and why.

    \b
    Example:
      irregsim scenarios --lang nb
      irregsim scenarios fines-tripled
    """
    from irregsim.present.listings import scenario_list
    from irregsim.scenario import load_scenario, shipped_scenarios
    from irregsim.scenario.explain import explain_scenario

    shipped = shipped_scenarios()
    if name is not None:
        known(name, shipped, "shipped scenario", "irregsim scenarios")
    with errors():
        if name is None:
            say(scenario_list([load_scenario(path) for path in shipped.values()], lang))
        else:
            say(explain_scenario(load_scenario(name), lang))


@click.command(short_help="List or explain levers and assumptions.")
@click.argument("name", required=False, shell_complete=complete_lever)
@screen_lang_option
def levers(name: str | None, lang: str) -> None:
    """List what a scenario can set; with NAME, explain one lever or assumption, and show the value in force.

    NAME may be a part of a key, or a word: those that match are listed. Where one is set by reception centre, the
    centres are listed too, with their districts, places and state.

    \b
    Example:
      irregsim levers
      irregsim levers fines
      irregsim levers centres
      irregsim levers fines.employer_per_workday_nok --lang nb
    """
    from irregsim.present.listings import lever_answer, lever_list
    from irregsim.scenario import load_scenario
    from irregsim.scenario.levers import REGISTRY, matching

    if name is None:
        say(lever_list(lang))
        return
    found = matching(name)
    if not found:
        parts = {lever.key.rpartition(".")[2] for lever in REGISTRY} | {lever.key.split(".")[0] for lever in REGISTRY}
        names = parts | {text for lever in REGISTRY for text in (lever.path, lever.key)}
        known(name, names, "lever or assumption", "irregsim levers")
    with errors():
        say(lever_answer(name, found, load_scenario("baseline"), lang))


@click.command(short_help="List or explain parameters.")
@click.argument("name", required=False)
@screen_lang_option
def parameters(name: str | None, lang: str) -> None:
    """List the parameters with the medians and 95 % ranges of their priors; with NAME, explain one.

    \b
    Example:
      irregsim parameters
      irregsim parameters onward_former_asylum_hazard
    """
    from irregsim.model.parameters import explain, table_rows
    from irregsim.present.listings import parameter_list

    rows = table_rows()
    if name is None:
        say(parameter_list(rows))
        return
    names = [row["name"] for row in rows]
    say(explain(known(name, names, "parameter", "irregsim parameters"), lang))


@click.command(short_help="List the published counts, or the changes in a new edition.")
@click.option("--all", "every", is_flag=True, help="Show the cells by citizenship too.")
@click.option("--compare", "other", metavar="FILE", help="Another edition of the whole table: list what changed.")
@click.option("--csv", "as_csv", is_flag=True, help="Print the whole table as CSV, to edit into another edition.")
def targets(every: bool, other: str | None, as_csv: bool) -> None:
    """List the published counts that the model's registers are compared with.

    role: fit (parameters are fitted to it), check (held out and compared with the fit), context (shown only).
    error: how much the count may differ from the model's register beyond noise (standard deviation of its logarithm).

    \b
    Example:
      irregsim targets
      irregsim targets --csv > revised.csv
      irregsim targets --compare revised.csv
    """
    from irregsim.inference.targets import read
    from irregsim.present.listings import moved_list, target_list
    from irregsim.vocabulary.reference import DataError

    if every + as_csv + (other is not None) > 1:
        wrong("use only one of --all, --compare, --csv")
    if as_csv:
        from importlib.resources import files

        click.echo((files("irregsim") / "data" / "targets.csv").read_bytes(), nl=False)
    elif other is not None:
        try:
            revised = read(other)
        except DataError as error:
            say(str(error), err=True)
            sys.exit(2)
        say(moved_list(revised))
    else:
        say(target_list(every))
