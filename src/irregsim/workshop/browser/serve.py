"""`irregsim serve`: the page on an address of this machine, with bounds and without a call to the outside."""

from __future__ import annotations

import contextlib
import ipaddress
import os
import socket
import sys
import threading
import time
import warnings
import webbrowser
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from irregsim.commands.request import WrongUse, choose_draws
from irregsim.study.packages import install
from irregsim.study.replicates import scale_fault
from irregsim.study.workers import Elsewhere
from irregsim.vocabulary.codes import month_number, month_text
from irregsim.vocabulary.labels import LANGUAGES
from irregsim.workshop.browser.class_door import ClassDoor, start
from irregsim.workshop.browser.door import SPARE, Door
from irregsim.workshop.browser.sessions import KernelSessions
from irregsim.workshop.browser.share import typed
from irregsim.workshop.browser.words import Say
from irregsim.workshop.gathering import PHONES, Gathering
from irregsim.workshop.settings import Settings, load_file

#: The first port tried; the next free one is taken where none was asked for.
PORT: Final = 8765
_TRIED: Final = 20

#: Seconds from Ctrl-C to the end of the program, at most, and those that open pages have to go by themselves.
ENDS: Final = 5.0
_GRACEFUL: Final = 2

#: Solara would ask a delivery network for files that the installed assets lack: nothing answers here.
_NOWHERE: Final = "http://127.0.0.1:9/"

_ENVIRONMENT: Final = {
    "SOLARA_TELEMETRY_MIXPANEL_ENABLE": "false",
    "SOLARA_ASSETS_CDN": _NOWHERE,
    "SOLARA_CHECK_HOOKS": "off",
    "SOLARA_KERNEL_CULL_TIMEOUT": "2m",
    "SOLARA_THEME_SHOW_BANNER": "false",
    "SOLARA_THEME_TITLE": "irregsim",
    "SOLARA_THEME_LOADER": "plain",
    "SOLARA_MODE": "production",
    "SOLARA_SESSION_HTTPS_ONLY": "false",
}


class ServeError(WrongUse):
    """The page cannot be served as asked; the message says why and what to do."""


def needed() -> None:
    """Checks that what the page needs is installed.

    Raises:
        ServeError: If the extra ``viz`` is not installed, or not in the versions that work together.
    """
    from importlib.metadata import PackageNotFoundError, version

    missing = []
    for name in ("solara", "solara-assets", "ipyvue", "ipyvuetify"):
        try:
            found = version(name)
        except PackageNotFoundError:
            missing.append(name)
            continue
        # Mesa's page is written for Vue 2 (docs/workshop.md).
        if name.startswith("ipyvu") and int(found.partition(".")[0]) >= 3:
            missing.append(f"{name}<3 (found {found})")
    if missing:
        raise ServeError(f"the page needs {', '.join(missing)}; install it with: {install('viz', *missing)}")


def is_local(host: str) -> bool:
    """Whether an address can be reached from this machine only."""
    if host == "localhost":
        return True
    with contextlib.suppress(ValueError):
        return ipaddress.ip_address(host).is_loopback
    return False


def room_host(given: str | None) -> str:
    """The address of this machine on the room's network, where phones reach it.

    Args:
        given: As the teacher has given it; None to find it.

    Raises:
        ServeError: If none is found, or what was given is no single address.
    """
    host = typed(given or "0.0.0.0")  # which others see; nothing listens on all of them
    try:
        found = ipaddress.ip_address(host)
    except ValueError:
        found = None
    if found is None or found.is_unspecified:
        told = "no address of this machine on a network was found" if given is None else f"{given} is no IP address"
        raise ServeError(f"--class: {told}; connect to the room's network, or give the address with --class-host")
    return str(found)


def free_port(host: str, port: int | None, first: int = PORT) -> int:
    """The port asked for, or the first free one from one on.

    Raises:
        ServeError: If it is taken.
    """
    wanted = [port] if port is not None else range(first, first + _TRIED)
    for one in wanted:
        try:
            family = socket.AF_INET6 if ":" in host else socket.AF_INET
            with socket.socket(family) as trial:
                trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                trial.bind((host, one))
        except OSError as error:
            reason = error.strerror or str(error)
            continue
        return one
    if port is not None:
        raise ServeError(f"--port {port}: cannot listen on {host}:{port} ({reason}); give another port, or none")
    raise ServeError(f"no free port from {first} to {first + _TRIED - 1} on {host} ({reason}); give one with --port")


def first_settings(
    scenario: str | None,
    *,
    seed: int | None = None,
    start: str | None = None,
    scale: float = 1.0,
    draws: str | None = None,
    overrides: tuple[str, ...] = (),
    end: str | None = None,
) -> Settings:
    """What a viewer sees first; arguments as for `irregsim run`, ``start`` is the first month shown.

    Raises:
        ScenarioError: If the scenario cannot be used.
        WrongUse: If the first month, the scale or the draws cannot be.
    """
    if wrong := scale_fault(scale):
        raise ServeError(f"--scale {scale:g}: {wrong}")
    chosen, _ = choose_draws(draws, None, 1)
    settings = Settings(scale=scale, draws=draws or chosen.source, given=overrides, end=end)
    settings = load_file(scenario or settings.base, settings)
    settings = settings if seed is None else replace(settings, seed=seed)
    if start is not None:
        first, last = settings.scenario.start, settings.scenario.end
        try:
            month = month_number(start)
        except ValueError:
            month = -1
        if not first <= month <= last:
            raise ServeError(
                f"--start {start}: give a month from {month_text(first)} to {month_text(last)}, written YYYY-MM"
            )
        settings = replace(settings, start=start)
    return settings.checked()


def application(hosts: frozenset[str], viewers: int) -> Any:
    """The page as an ASGI application.

    Args:
        hosts: Names by which the server may be called; empty for any.
        viewers: Pages that may be used at once, at least 1.
    """
    for name, value in _ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    os.environ["SOLARA_APP"] = "irregsim.workshop.browser.page"
    from solara.server import settings
    from solara.server.starlette import app

    from irregsim.workshop.browser.server import SERVER

    most = viewers + SPARE
    return Door(
        app,
        hosts,
        most=most,
        # Those that are open, and those whose page was seen and may come back.
        sessions=KernelSessions(most + viewers, SERVER.is_seen),
        assets=settings.assets.proxy_cache_dir,
        full=_full(viewers),
    )


def _full(viewers: int) -> str:
    """A page that says that no place is free, and tries again by itself."""
    told = "".join(f"<p lang={lang}>{Say(lang)('full', number=viewers)}</p>" for lang in LANGUAGES)
    return f'<!doctype html><meta charset="utf-8"><meta http-equiv="refresh" content="10"><title>irregsim</title>{told}'


def serve(
    settings: Settings,
    *,
    host: str,
    port: int,
    lang: str,
    viewers: int,
    persons: int,
    browse: bool,
    ready: Callable[[str], None],
    phones_at: tuple[str, int] | None = None,
    phones: int = PHONES,
) -> None:
    """Serves the page until it is stopped.

    Args:
        settings: What a viewer sees first.
        host: Address to listen on.
        port: A free port.
        lang: Language a viewer sees first.
        viewers: Pages open at once, at least 1.
        persons: Persons in a world at which it stops.
        browse: Whether to open a browser.
        ready: Called with the address once the page can be opened.
        phones_at: Address and free port of the phones' page; None for none.
        phones: Phones at once.
    """
    from irregsim.workshop import replicate_band
    from irregsim.workshop.browser.server import SERVER

    SERVER.settings, SERVER.lang = settings, lang
    SERVER.most_viewers, SERVER.most_persons = viewers, persons
    local = frozenset({"localhost", "127.0.0.1", "::1", host}) if is_local(host) else frozenset()
    elsewhere = SERVER.beginnings.elsewhere = Elsewhere()
    # Begun before the page's libraries are loaded, so that both are ready at about the same time.
    threading.Thread(target=_begin, args=(settings,), daemon=True).start()
    app = application(local, viewers)
    import uvicorn

    server = uvicorn.Server(
        uvicorn.Config(
            app,
            host=host,
            port=port,
            log_level="warning",
            lifespan="on",
            server_header=False,
            timeout_graceful_shutdown=_GRACEFUL,
        )
    )
    address = _address(typed(host), port)
    close_class = _open_class(phones_at, phones, lang)
    SERVER.shared = "" if is_local(host) else f"{address}/"
    threading.Thread(target=_when_started, args=(server, address, browse, ready), daemon=True).start()
    earlier, ended = set(threading.enumerate()), threading.Event()
    threading.Thread(target=_end_in_time, args=(server, ended), daemon=True).start()
    # Issued for every page that is not requested by the name localhost; the cookie is set all the same.
    warnings.filterwarnings("ignore", message="Cookies with samesite")
    try:
        # Ctrl-C stops the server cleanly and is raised again afterwards.
        with contextlib.suppress(KeyboardInterrupt):
            server.run()
    finally:
        close_class()
        elsewhere.close()
        replicate_band.close()
        # A thread of a page that hangs would hold up the end of the program.
        late = time.monotonic() + ENDS
        for one in set(threading.enumerate()) - earlier:
            if not one.daemon:
                one.join(max(0.0, late - time.monotonic()))
        ended.set()


def _address(host: str, port: int) -> str:
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _open_class(at: tuple[str, int] | None, phones: int, lang: str) -> Callable[[], None]:
    """Opens the phones' door, if it was asked for; returns what closes it and forgets the class."""
    from irregsim.workshop.browser.server import SERVER

    if at is None:
        return lambda: None
    gathering = SERVER.gathering = Gathering(phones)
    SERVER.phones_at = f"{_address(*at)}/"
    try:
        stop = start(ClassDoor(gathering, frozenset({at[0]}), lang), *at)
    except OSError as error:
        reason = error.strerror or error
        told = f"--class: cannot listen on {at[0]}:{at[1]} ({reason})"
        raise ServeError(f"{told}; give another with --class-host or --class-port") from None

    def close() -> None:
        gathering.end()
        stop()

    return close


def phones_address() -> str:
    """Where phones go; empty where there is no page for them."""
    from irregsim.workshop.browser.server import SERVER

    return SERVER.phones_address


def _end_in_time(server: Any, ended: threading.Event) -> None:
    """Ends the program where the server has not ended in time after it was asked to: its threads may wait forever."""
    while not server.should_exit:
        if ended.wait(0.05):
            return
    if not ended.wait(ENDS - 0.5):
        sys.stdout.flush()
        os._exit(0)


def _begin(settings: Settings) -> None:
    """Makes the first beginning while the page is loading, so that the first viewer finds it ready."""
    from irregsim.workshop.browser.server import SERVER
    from irregsim.workshop.room import Room

    Room(settings, SERVER.beginnings).make()


def _when_started(server: Any, address: str, browse: bool, ready: Callable[[str], None]) -> None:
    while not server.started:
        if server.should_exit:
            return
        threading.Event().wait(0.05)
    ready(address)
    if browse:
        with contextlib.suppress(webbrowser.Error):
            webbrowser.open(address)
