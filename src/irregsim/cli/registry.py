"""Commands for run folders: `irregsim runs`, with list, show, rename, remove and open."""

from __future__ import annotations

import shutil
from typing import Any

import click

from irregsim.cli.errors import errors, failed, say
from irregsim.cli.options import screen_lang_option


def complete_run(_: click.Context, __: click.Parameter, typed: str) -> list[Any]:
    """Names of run folders, and folders."""
    from click.shell_completion import CompletionItem

    from irregsim.commands.registry import entries, with_inside

    names = [CompletionItem(one.name) for one in with_inside(entries()) if one.name.startswith(typed)]
    return [*names, CompletionItem(typed, type="dir")]


class _Runs(click.Group):
    """The group; without a command it lists."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """``irregsim runs`` and ``irregsim runs --all`` mean ``irregsim runs list``."""
        if not args or (args[0].startswith("-") and args[0] not in ctx.help_option_names):
            args = ["list", *args]
        return super().parse_args(ctx, args)


@click.group(cls=_Runs, short_help="List, show, rename, remove or open run folders.")
def runs() -> None:
    """List run folders, and show, rename, remove or open one. Without a command: list those in outputs/.

    A run folder is named by its path, by its name in the list, or by the first digits of its id (4 or more). Ids are
    made from content: equal results have equal ids. `irregsim compare` takes run folders in the same way.

    \b
    Example:
      irregsim runs
      irregsim runs show baseline
      irregsim compare baseline-2019 fines --lang nb
    """


@runs.command("list", short_help="List run folders.")
@click.argument("folder", required=False)
@click.option("--all", "every", is_flag=True, help="Also list the runs inside comparisons and fits.")
@click.option("--json", "as_json_", is_flag=True, help="Print JSON instead of a table.")
@screen_lang_option
def list_(folder: str | None, lang: str, *, every: bool, as_json_: bool) -> None:
    """List the run folders below FOLDER (default: outputs), the newest first.

    \b
    Example:
      irregsim runs list
      irregsim runs list project --all --lang nb
    """
    import json

    from irregsim.commands import registry, registry_text
    from irregsim.storage.paths import user_path

    with errors():
        found = registry.entries(None if folder is None else user_path(folder))
        if as_json_:
            text = json.dumps([registry_text.as_json(one) for one in found], indent=2, ensure_ascii=False)
        else:
            text = registry_text.list_text(found, folder or registry.OUTPUTS, lang, every=every)
    say(text)


@runs.command(short_help="Describe a run folder.")
@click.argument("run", shell_complete=complete_run)
@click.option("--check", is_flag=True, help="Compare the bytes of every file with the manifest.")
@screen_lang_option
def show(run: str, lang: str, *, check: bool) -> None:
    """Describe RUN: what was run, how and when, how long it took, and whether it can be used again.

    For its numbers: irregsim show RUN.

    \b
    Example:
      irregsim runs show baseline
      irregsim runs show 68ca912c --check
    """
    from irregsim.commands.registry import found_entry
    from irregsim.commands.registry_text import show_text

    with errors():
        text = show_text(found_entry(run), max(40, shutil.get_terminal_size().columns), lang, check=check)
    say(text)


@runs.command(short_help="Remove run folders.")
@click.argument("runs", nargs=-1, required=True, metavar="RUN...", shell_complete=complete_run)
@click.option("--yes", is_flag=True, help="Do not ask.")
@screen_lang_option
def remove(runs: tuple[str, ...], lang: str, *, yes: bool) -> None:
    """Remove RUN folders, with the runs inside them. Asks first. Only files that irregsim wrote are removed.

    Comparisons that are finished keep their tables and pages when a run that they used is removed.

    \b
    Example:
      irregsim runs remove trial-1 trial-2
    """
    from irregsim.commands.registry import found_entry, removed
    from irregsim.commands.registry_text import size_text
    from irregsim.vocabulary.labels import Words

    words = Words(lang, "runs")
    with errors():
        # Each once, and all found before the first is removed.
        found = list({one.path.absolute(): one for one in map(found_entry, runs)}.values())
        if not yes:
            for one in found:
                say(str(one.path))
            size = size_text(sum(one.size() for one in found), lang)
            click.confirm(words("ask_remove", n=len(found), size=size), abort=True)
        for one in found:
            if not one.path.exists():
                continue  # inside another
            left = removed(one)
            if left:
                names = ", ".join(left[:3])
                say(words("left", folder=one.path, n=len(left), names=names))
            else:
                say(words("removed", folder=one.path))


@runs.command(short_help="Give a run folder another name.")
@click.argument("run", shell_complete=complete_run)
@click.argument("name")
@screen_lang_option
def rename(run: str, name: str, lang: str) -> None:
    """Give RUN another NAME: the folder stays where it is, and nothing in it changes.

    \b
    Example:
      irregsim runs rename baseline baseline-before-the-budget
    """
    from irregsim.commands.registry import found_entry, renamed
    from irregsim.vocabulary.labels import Words

    with errors():
        one = found_entry(run)
        place = renamed(one, name)
    say(Words(lang, "runs")("renamed", folder=one.path, name=place))


@runs.command("open", short_help="Open the page of a run folder.")
@click.argument("run", shell_complete=complete_run)
def open_(run: str) -> None:
    """Open the page of RUN in the browser, or the folder of a run that has no page.

    \b
    Example:
      irregsim runs open fines-tripled-vs-baseline
    """
    from irregsim.commands.registry import found_entry, page_of

    with errors():
        place = page_of(found_entry(run)).absolute()
    say(str(place))
    if click.launch(str(place)) != 0:
        failed(f"{place}: no program could open it here; open the file yourself")
