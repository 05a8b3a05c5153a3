"""Commands for a class: serve, workshop."""

from __future__ import annotations

import click

from irregsim.cli.errors import errors, say
from irregsim.cli.options import complete_scenario, lang_option, quiet_option, seed_option, set_options
from irregsim.vocabulary.labels import LANGUAGES


@click.command(short_help="Open the workshop's page in the browser.")
@click.argument("scenario", required=False, shell_complete=complete_scenario)
@click.option("--port", type=click.IntRange(1, 65535), help="Port. Default: the first free one from 8765 on.")
@click.option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    metavar="ADDRESS",
    help="Address to listen on. Any other than this machine's own makes the page reachable from "
    "other machines, without a password.",
)
@lang_option("Language the page opens in; it can be changed there.", default="nb")
@seed_option("scenario")
@click.option("--start", metavar="YYYY-MM", help="First month shown. Default: 2020-01.")
@click.option(
    "--scale",
    type=float,
    default=1.0,
    show_default=True,
    help="Population scale, above 0 and at most 10; smaller is faster. 1 is the country.",
)
@click.option(
    "--draws",
    metavar="posterior|point|prior|DIR",
    help="Parameter values: draw 0 of the set named here, as for run. Default: posterior if one ships, else point.",
)
@set_options
@click.option(
    "--viewers",
    type=click.IntRange(1, 50),
    default=6,
    show_default=True,
    help="Number of pages that may be open at once.",
)
@click.option(
    "--persons",
    type=click.IntRange(100, 1_000_000),
    default=60_000,
    show_default=True,
    help="Number of persons at which a model stops, so that one page cannot use up the machine.",
)
@click.option(
    "--class",
    "with_class",
    is_flag=True,
    help="Also open a small page for phones on the room's network, with a code in its address: predictions and the "
    "levers of groups, without names. The page with the model stays where --host says.",
)
@click.option(
    "--class-host",
    metavar="ADDRESS",
    help="With --class: address of this machine on the room's network. Default: the one that others see.",
)
@click.option(
    "--class-port",
    type=click.IntRange(1, 65535),
    help="With --class: port of the phones' page. Default: the first free one.",
)
@click.option(
    "--phones",
    type=click.IntRange(1, 200),
    default=60,
    show_default=True,
    help="With --class: number of phones at once.",
)
@click.option("--browse/--no-browse", default=True, show_default=True, help="Open the page in a browser.")
def serve(
    scenario: str | None,
    port: int | None,
    host: str,
    lang: str,
    seed: int | None,
    start: str | None,
    scale: float,
    draws: str | None,
    overrides: tuple[str, ...],
    end: str | None,
    viewers: int,
    persons: int,
    with_class: bool,
    class_host: str | None,
    class_port: int | None,
    phones: int,
    browse: bool,
) -> None:
    """Serve the workshop's page: the model in the browser, month by month, on this machine without internet access.

    With SCENARIO (a YAML file or a shipped name) the page opens with it. The settings on the page can be saved as a
    scenario file for `irregsim run`. Ctrl-C stops.

    \b
    Example:
      irregsim serve
      irregsim serve agreement-eritrea --lang en --start 2022-01
      irregsim serve my-scenario.yaml --port 9000 --scale 0.25
      irregsim serve --class
      irregsim serve --class --class-host 192.168.1.20 --phones 30
    """
    with errors():
        from irregsim.commands.request import WrongUse
        from irregsim.workshop.browser import serve as work

        work.needed()
        settings = work.first_settings(
            scenario, seed=seed, start=start, scale=scale, draws=draws, overrides=overrides, end=end
        )
        if not with_class and (class_host is not None or class_port is not None):
            raise WrongUse("--class-host and --class-port belong to --class; give that too")
        chosen = work.free_port(host, port)
        phones_at = None
        if with_class:
            room = work.room_host(class_host)
            phones_at = room, work.free_port(room, class_port, chosen + 1)
        if not work.is_local(host):
            say(
                f"warning: {host} can be reached from other machines. There is no password: anyone who reaches the "
                "page can use it and run simulations on this machine. On a shared network, stop it with Ctrl-C after "
                "class.",
                err=True,
            )
        work.serve(
            settings,
            host=host,
            port=chosen,
            lang=lang,
            viewers=viewers,
            persons=persons,
            browse=browse,
            ready=lambda address: _tell(address, work.phones_address()),
            phones_at=phones_at,
            phones=phones,
        )


def _tell(address: str, phones: str) -> None:
    """Prints where the page is, and where phones go, with a code to scan."""
    from irregsim.workshop.browser.share import printed

    say(f"irregsim is at {address} (Ctrl-C stops)")
    if phones:
        code = printed(phones)
        say(f"phones in the room go to {phones}" + (f"\n{code}" if code else ""))


@click.command(short_help="Write the workshop's pages: exercises, handouts, lesson plans.")
@click.option("--out", metavar="DIR", default="outputs/workshop", show_default=True, help="Folder of the pages.")
@click.option("--lang", type=click.Choice(LANGUAGES), help="Language of the pages. Default: both, one page in each.")
@quiet_option
def workshop(out: str, lang: str | None, quiet: bool) -> None:
    """Write pages for a class that open from a file: exercises, printable handouts, a page for the teacher.

    Nothing is simulated: the numbers come from stored runs that ship with irregsim. For the page with the model, use
    irregsim serve.

    \b
    Example:
      irregsim workshop
      irregsim workshop --lang nb --out kurs
    """
    from irregsim.storage.folder import opened_for_writing
    from irregsim.storage.paths import user_path
    from irregsim.workshop.handouts import write_pages

    with errors():
        place = user_path(out)
        with opened_for_writing(place):
            written = write_pages(place, LANGUAGES if lang is None else (lang,))
    if not quiet:
        for path in written:
            say(path)
