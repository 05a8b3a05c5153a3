"""`irregsim doctor`: what this installation has, what it lacks, and what to do about it."""

from __future__ import annotations

import importlib.metadata
import os
import shutil
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from irregsim import __version__
from irregsim.study import packages
from irregsim.vocabulary.labels import Words, label, labels

#: All is well; something is missing that most can do without; something is missing that runs need.
OK: Final = "ok"
OPTION: Final = "option"
FAULT: Final = "fault"

#: Oldest Python that works, and newest that is tested.
OLDEST: Final = (3, 11)
NEWEST: Final = (3, 13)

#: Least disk and memory that a run of usual size needs, in gigabytes: about a tenth of 100 replicates, and one process.
LEAST_DISK: Final = 1.0
LEAST_MEMORY: Final = 1.0

_GIGA: Final = 1e9


@dataclass(frozen=True)
class Check:
    """One thing that was looked at.

    Attributes:
        what: Its name.
        state: `OK`, `OPTION` or `FAULT`.
        found: What is there.
        to_do: What to do; empty where all is well.
    """

    what: str
    state: str
    found: str
    to_do: str = ""


def examine(lang: str) -> list[Check]:
    """Looks at Python, packages, engine, folders, memory, font and browser; changes nothing but a file it removes.

    Args:
        lang: Language of all words.
    """
    say = Words(lang, "doctor")
    out = []
    for look in (_python, _package, _extras, _engine, _posterior, _cache, _folder, _memory, _font, _browser):
        out += look(say)
    return out


def text(checks: list[Check], lang: str) -> str:
    """What was found, a line each, and below it what to do."""
    from irregsim.present.terminal import table

    say = Words(lang, "doctor")
    heads = [say("c_what"), say("c_state"), say("c_found")]
    rows = [[one.what, say(f"state_{one.state}"), one.found] for one in checks]
    to_do = [f"{one.what}: {one.to_do}" for one in checks if one.to_do and one.state != OK]
    faults = sum(one.state == FAULT for one in checks)
    end = say("faults", number=faults) if faults else say("all_well")
    return "\n".join([table([heads, *rows], left=3, indent=""), "", *to_do, *([""] if to_do else []), end])


def _python(say: Words) -> list[Check]:
    version = sys.version_info[:2]
    found = f"{sys.version.split()[0]} ({sys.executable})"
    if version < OLDEST:
        return [Check(say("python"), FAULT, found, say("python_do"))]
    return [Check(say("python"), OK, f"{found}, {say('python_untested')}" if version > NEWEST else found)]


def _package(say: Words) -> list[Check]:
    """The program itself and what it cannot do without, as its metadata say."""
    where = str(Path(__file__).resolve().parents[1])
    try:
        needed = [packages.name(one) for one in packages.requirements()]
    except importlib.metadata.PackageNotFoundError:
        return [Check(say("package"), FAULT, f"{__version__} ({where})", say("package_do"))]
    missing = _missing(needed)
    there = Check(
        say("dependencies"),
        FAULT if missing else OK,
        ", ".join(missing) if missing else say("all_there", number=len(needed)),
        say("dependencies_do", command=packages.install("")),
    )
    return [Check(say("package"), OK, f"{__version__} ({where})"), there]


def _extras(say: Words) -> list[Check]:
    """Every extra that there are words for; others are for those who work on irregsim."""
    out = []
    try:
        extras = importlib.metadata.metadata("irregsim").get_all("Provides-Extra") or []
    except importlib.metadata.PackageNotFoundError:
        return []
    for name in extras:
        if f"doctor.use_{name}" not in labels():
            continue
        missing = _missing([packages.name(one) for one in packages.requirements(name)])
        do = say("extra_do", use=say(f"use_{name}"), command=packages.install(name))
        found = ", ".join(missing) if missing else say(f"use_{name}")
        out.append(Check(say("extra", name=name), OPTION if missing else OK, found, do))
    return out


def _missing(names: list[str]) -> list[str]:
    out = []
    for name in names:
        try:
            importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            out.append(name)
    return out


def _engine(say: Words) -> list[Check]:
    from irregsim.model.compiled import AUTO, EngineRefused, engine_name, has_numba

    try:
        name = engine_name()
    except EngineRefused as error:
        return [Check(say("engine"), FAULT, str(error), str(error))]
    if name == "numpy" or not has_numba():
        return [Check(say("engine"), OK, say("engine_numpy"))]
    from irregsim.model.compiled import background

    ready = background.is_complete()
    return [Check(say("engine"), OK, say("engine_ready" if ready or name != AUTO else "engine_later"))]


def _posterior(say: Words) -> list[Check]:
    from irregsim.inference.posterior import PosteriorError, choose

    try:
        draws, _ = choose(None, None)
    except PosteriorError as error:
        return [Check(say("posterior"), FAULT, str(error), say("posterior_do"))]
    if draws.source != "posterior":
        return [Check(say("posterior"), OPTION, say("posterior_none"), say("posterior_do"))]
    told = [f"posterior {draws.name}", *([label(draws.caveat, say.lang)] if draws.caveat else [])]
    return [Check(say("posterior"), OK, ". ".join(told))]


def _cache(say: Words) -> list[Check]:
    from irregsim.storage.caches import user_cache

    folder = user_cache("kernels")
    if folder is None:
        return [Check(say("cache"), OPTION, say("cache_none"), say("cache_do"))]
    there = next(one for one in (folder, *folder.parents) if one.exists())
    state = OK if there.is_dir() and os.access(there, os.W_OK) else OPTION
    return [Check(say("cache"), state, str(folder), say("cache_do"))]


def _folder(say: Words) -> list[Check]:
    here = Path.cwd()
    try:
        with tempfile.NamedTemporaryFile(prefix=".irregsim-", dir=here):
            pass
    except OSError as error:
        return [Check(say("folder"), FAULT, f"{here}: {error.strerror}", say("folder_do"))]
    free = shutil.disk_usage(here).free / _GIGA
    found = f"{here}, {say('folder_free', size=f'{free:.0f}')}"
    return [Check(say("folder"), OK if free >= LEAST_DISK else FAULT, found, say("disk_do"))]


def _memory(say: Words) -> list[Check]:
    from irregsim.study.replicates import available_cores

    cores = available_cores()
    try:
        size = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / _GIGA
    except (AttributeError, ValueError, OSError):  # Windows does not say
        return [Check(say("memory"), OK, say("memory_unknown", cores=cores))]
    found = say("memory_found", size=f"{size:.0f}", cores=cores)
    return [Check(say("memory"), OK if size >= LEAST_MEMORY * cores else OPTION, found, say("memory_do"))]


def _font(say: Words) -> list[Check]:
    from irregsim.present.plots.style import FONT, font_file

    file = font_file()
    return [Check(say("font"), FAULT if file is None else OK, FONT, say("font_do"))]


def _browser(say: Words) -> list[Check]:
    import webbrowser

    try:
        found = webbrowser.get()
    except webbrowser.Error:
        return [Check(say("browser"), OPTION, say("browser_none"), say("browser_do"))]
    return [Check(say("browser"), OK, str(getattr(found, "name", type(found).__name__)))]


__all__ = ["FAULT", "OK", "OPTION", "Check", "examine", "text"]
