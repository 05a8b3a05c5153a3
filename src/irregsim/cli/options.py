"""Options that several commands share, and the command as given."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from irregsim.present.formats import FORMATS
from irregsim.vocabulary.labels import LANGUAGES

Command = TypeVar("Command", bound=Callable[..., Any])


def complete_scenario(_: click.Context, __: click.Parameter, typed: str) -> list[Any]:
    """Shipped names, and files."""
    from click.shell_completion import CompletionItem

    from irregsim.scenario import shipped_scenarios

    names = [CompletionItem(name) for name in shipped_scenarios() if name.startswith(typed)]
    return [*names, CompletionItem(typed, type="file")]


def complete_lever(_: click.Context, __: click.Parameter, typed: str) -> list[Any]:
    """Keys of levers and assumptions."""
    from click.shell_completion import CompletionItem

    from irregsim.scenario.levers import REGISTRY

    return [CompletionItem(lever.key) for lever in REGISTRY if lever.key.startswith(typed)]


def set_options(command: Command) -> Command:
    """``--set`` and ``--end``: changes to a scenario on the command line."""
    command = click.option(
        "--set",
        "overrides",
        multiple=True,
        metavar="KEY=VALUE",
        help="Set one value of the scenario, by its full path: --set levers.fines.employer_base_nok=100000. "
        "From a month on: --set levers.fines.employer_base_nok@2027-01=100000. The value is read as YAML. Of several "
        "scenarios it is set in each, the reference too. Repeatable.",
    )(command)
    return click.option("--end", metavar="YYYY-MM", help="Last month; later months are left out.")(command)


def jobs_option(command: Command) -> Command:
    """``--jobs``."""
    return click.option(
        "--jobs",
        type=click.IntRange(min=1),
        help="Number of processes. Default: all cores. Results do not depend on it.",
    )(command)


def cluster_option(command: Command) -> Command:
    """``--cluster``."""
    return click.option(
        "--cluster",
        metavar="ADDRESS",
        help="A Dask scheduler (tcp://host:8786) whose workers simulate instead of processes on this machine "
        "(docs/scaling.md). The results are the same.",
    )(command)


def quiet_option(command: Command) -> Command:
    """``--quiet``."""
    return click.option(
        "--quiet", is_flag=True, help="Show no progress and no summary; errors and warnings are still shown."
    )(command)


def lang_option(help_: str, default: str = "en") -> Callable[[Command], Command]:
    """``--lang``."""
    return click.option("--lang", type=click.Choice(LANGUAGES), default=default, show_default=True, help=help_)


def system_language() -> str:
    """The language of the system (``LC_ALL``, ``LC_MESSAGES``, ``LANG``) where there are words in it, else English."""
    found = next((value for name in ("LC_ALL", "LC_MESSAGES", "LANG") if (value := os.environ.get(name))), "")
    code = {"no": "nb", "nn": "nb"}.get(found[:2].lower(), found[:2].lower())
    return code if code in LANGUAGES else "en"


def screen_lang_option(command: Command) -> Command:
    """``--lang`` of a command that only prints: the default is the system's language."""
    return click.option(
        "--lang",
        type=click.Choice(LANGUAGES),
        default=system_language,
        show_default="the system's (LANG), else en",
        help="Language of what is printed.",
    )(command)


def spoken_language() -> str:
    """Language of what goes wrong: ``--lang`` of the command that runs, where it is given, else the system's."""
    context = click.get_current_context(silent=True)
    return system_language() if context is None or "lang" not in context.params else printed_language(context)


def printed_language(context: click.Context) -> str:
    """Language of what a command that writes files prints: ``--lang`` where it is given, else the system's."""
    given = context.get_parameter_source("lang") is click.core.ParameterSource.COMMANDLINE
    return str(context.params["lang"]) if given else system_language()


def seed_option(whose: str) -> Callable[[Command], Command]:
    """``--seed``; the default is whose."""
    return click.option("--seed", type=click.IntRange(0, 2**63 - 1), help=f"Random seed. Default: the {whose}'s.")


if TYPE_CHECKING:
    _Text = click.ParamType[str]
else:
    _Text = click.ParamType  # takes no type before click 8.3


class _FormatChoice(_Text):
    """The formats that are registered when the command runs, not when this is loaded."""

    name = "format"

    def _choice(self) -> click.Choice[str]:
        return click.Choice(list(FORMATS))

    def get_metavar(self, param: click.Parameter, ctx: Any = None) -> str:
        """The names."""
        return f"[{'|'.join(FORMATS)}]"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """One of the names."""
        return self._choice().convert(value, param, ctx)

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[Any]:
        """The names that begin so."""
        return self._choice().shell_complete(ctx, param, incomplete)


def _together(*options: Callable[[Command], Command]) -> Callable[[Command], Command]:
    """One decorator for several, in the order in which ``--help`` lists them."""

    def add(command: Command) -> Command:
        for option in reversed(options):
            command = option(command)
        return command

    return add


class _Percent(_Text):
    """A percentage, with or without its sign."""

    name = "percent"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The number."""
        if isinstance(value, float):
            return value
        try:
            return float(str(value).strip().removesuffix("%"))
        except ValueError:
            self.fail(f"{value!r} is not a percentage (write 10%)", param, ctx)


#: What is simulated, besides the scenario.
plan_options = _together(
    click.option(
        "--precision",
        type=_Percent(),
        metavar="P%",
        help="Add replicates in batches until every main outcome is known to within P percent (half its 95 % interval; "
        "of a comparison in percent of the reference). --replicates is then the most there may be. Default most: 1000.",
    ),
    click.option(
        "--plan",
        "only_plan",
        is_flag=True,
        help="Only say what would be simulated and reused, and about how long it takes. Nothing is written.",
    ),
    jobs_option,
    cluster_option,
    click.option(
        "--draws",
        metavar="posterior|point|prior|DIR",
        help="Parameter values: posterior (draws fitted to the registers), point (the median of every prior), prior "
        "(draws of the priors), or the folder of a posterior. Default: posterior if one ships, else point.",
    ),
    click.option(
        "--per-draw",
        type=click.IntRange(min=1),
        metavar="K",
        help="Replicates per draw: replicate j uses draw j div K, and --replicates is K times the number of draws "
        "used. With K of 2 or more the summary of a run separates parameter uncertainty from random variation. "
        "Default: the draws in turn.",
    ),
    click.option(
        "--scale",
        type=float,
        default=1.0,
        show_default=True,
        help="Population scale for trials, above 0 and at most 10; 1 is the country.",
    ),
    set_options,
    click.option(
        "--without",
        multiple=True,
        metavar="M0XX|UXX",
        help="Leave out one causal claim of the report, by its id in docs/odd.md: --without M047; or one dated fact of "
        "the baseline's history, by its id in docs/data.md: --without U05. Repeatable.",
    ),
)

replace_option = click.option(
    "--replace",
    is_flag=True,
    help="Replace another result in the folder. Without it, a folder with another result is refused.",
)

#: What is written, where, and how.
output_options = _together(
    replace_option,
    lang_option("Language of pictures, pages and the summary."),
    click.option(
        "--format",
        "format_",
        type=_FormatChoice(),
        default="parquet",
        show_default=True,
        help="What is written besides the Parquet tables: "
        + "; ".join(f"{format_.name}: {format_.meaning}" for format_ in FORMATS.values())
        + ".",
    ),
    quiet_option,
    click.option(
        "--publish",
        is_flag=True,
        help="Round CSV and workbook, suppress small cells, leave out hidden levels and single lives.",
    ),
    click.option(
        "--show-levels",
        is_flag=True,
        help="Show levels of the hidden population, as an interval that depends on assumptions.",
    ),
)


def command_line(context: click.Context) -> str:
    """The command as given, with every path cut to its last part, so that no folder of the user's is stored."""
    words = ["irregsim", str(context.info_name)]
    for parameter in context.command.params:
        name = str(parameter.name)
        if context.get_parameter_source(name) is not click.core.ParameterSource.COMMANDLINE:
            continue
        value = context.params[name]
        if isinstance(parameter, click.Argument):
            words += [Path(one).name for one in (value if isinstance(value, tuple) else (value,))]
        elif parameter.opts and getattr(parameter, "is_flag", False):
            words.append((parameter.opts if value else parameter.secondary_opts)[-1])
        elif name in ("out", "draws", "targets"):  # a folder, or a word that stays as it is
            words += [parameter.opts[0], Path(value).name]
        else:
            for one in value if isinstance(value, tuple) else (value,):
                words += [parameter.opts[0], str(one)]
    # Bytes of a name that are no UTF-8 are written as escapes, since a manifest is text.
    return " ".join(words).encode("utf-8", "backslashreplace").decode()


def asked(context: click.Context, options: dict[str, Any]) -> dict[str, Any]:
    """Options of a command that simulates, as the fields of its request.

    Args:
        context: The command.
        options: Its options by name, but for those that are its own.
    """
    from irregsim.commands.request import Output

    names = {"format_": "format", "lang": "lang", "publish": "publish", "show_levels": "show_levels"}
    output = Output(**{field: options[name] for name, field in names.items() if name in options})
    rest = {name: value for name, value in options.items() if name not in names}
    return {**rest, "output": output, "command": command_line(context)}
