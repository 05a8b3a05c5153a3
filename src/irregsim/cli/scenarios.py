"""Commands for scenario files: validate, diff, new, schema."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

import click

from irregsim.cli.errors import errors, say, warn, wrong
from irregsim.cli.options import complete_scenario, screen_lang_option, set_options


@click.command(short_help="Check scenario files.")
@click.argument("scenarios", nargs=-1, required=True, metavar="SCENARIO...", shell_complete=complete_scenario)
@click.option("--all", "every", is_flag=True, help="Show inherited entries too: when each lever is in force.")
@set_options
@screen_lang_option
def validate(scenarios: Sequence[str], overrides: tuple[str, ...], end: str | None, lang: str, *, every: bool) -> None:
    """Check scenario files; all faults at once, as file:line:col: key: what is wrong.

    For a valid file, show what it changes of its parent. Warn where that is nothing, where it changes years that have
    counts, and where it closes a centre that is closed. Exit code 2 if any file has a fault.

    \b
    Example:
      irregsim validate scenarios/baseline.yaml my-scenario.yaml
    """
    from irregsim.present.fault_words import fault_text
    from irregsim.scenario import ScenarioError, changes_nothing, changes_text, load_scenario, warnings_of
    from irregsim.vocabulary.labels import Words

    told = Words(lang, "screen")
    faulty, width = False, max(40, shutil.get_terminal_size().columns)
    for i, path in enumerate(scenarios):
        try:
            scenario = load_scenario(path, overrides=overrides, end=end)
        except ScenarioError as error:
            faulty = True
            for fault in error.faults:
                say(fault_text(fault, lang))
            continue
        if i:
            say()
        say(told("ok", file=path))
        say(changes_text(scenario, width, every=every, lang=lang))
        for text in warnings_of(scenario, lang):
            warn(f"{path}: {text}", told("warning"))
        if changes_nothing(scenario):
            warn(f"{path}: {told('changes_nothing', parent=scenario.extends)}", told("warning"))
    if faulty:
        sys.exit(2)


@click.command(short_help="Show where scenarios differ.")
@click.argument("scenarios", nargs=-1, required=True, metavar="A.yaml B.yaml...", shell_complete=complete_scenario)
@set_options
@screen_lang_option
def diff(scenarios: Sequence[str], overrides: tuple[str, ...], end: str | None, lang: str) -> None:
    """Show the values in which scenario files differ.

    \b
    Example:
      irregsim diff baseline my-scenario.yaml
    """
    from irregsim.present.terminal import table
    from irregsim.scenario import diff_rows, load_scenario
    from irregsim.vocabulary.labels import Words

    told = Words(lang, "screen")
    if len(scenarios) < 2:
        wrong("diff needs at least two scenarios: irregsim diff baseline my-scenario.yaml")
    with errors():
        loaded = [load_scenario(path, overrides=overrides, end=end) for path in scenarios]
    rows = diff_rows(loaded)
    if not rows:
        say(told("no_differences"))
        return
    heads = list(rows[0])
    # Names of scenarios stay; the three columns before them are words.
    words = [told(f"diff_{head}") if i < 3 else head for i, head in enumerate(heads)]
    say(table([words, *([str(row[head]) for head in heads] for row in rows)], left=len(heads), indent=""))


@click.command(short_help="Write a scenario file to edit.")
@click.argument("file", metavar="NAME.yaml")
@click.option(
    "--from",
    "parent",
    default="baseline",
    show_default=True,
    metavar="SCENARIO",
    help="Scenario to start from: a shipped name, or a file in the folder of the new one or below it.",
    shell_complete=complete_scenario,
)
@screen_lang_option
def new(file: str, parent: str, lang: str) -> None:
    """Write a commented scenario file to edit.

    \b
    Example:
      irregsim new fewer-places.yaml --from baseline
    """
    from irregsim.commands.new import write_scenario
    from irregsim.vocabulary.labels import Words

    with errors():
        write_scenario(Path(file), parent, lang)
    say(Words(lang, "screen")("new_written", file=file))


@click.command(short_help="Print the JSON Schema of scenarios.")
def schema() -> None:
    """Print the JSON Schema of a scenario file, for editors.

    \b
    Example:
      irregsim schema > scenario.schema.json
    """
    import json

    from irregsim.scenario import json_schema

    click.echo(json.dumps(json_schema(), indent=2, ensure_ascii=False))
