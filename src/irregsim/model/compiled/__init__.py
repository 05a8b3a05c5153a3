"""The month compiled from the rules as they are written (docs/performance.md).

numpy is the reference and works alone. Where numba is installed, `engine.Contest.decide` asks here for the contest's
twin: the same rules, read from their own text, as loops over persons. Lives, tables and their bytes are the same. A
rule that cannot be read leaves its contest to numpy; `readable` lists which and why. ``IRREGSIM_ENGINE`` names one
engine; without it numpy begins, and machine code takes over where it is ready.
"""

from __future__ import annotations

import importlib.util
import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from functools import cache, partial
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

if TYPE_CHECKING:
    from irregsim.model.compiled.chooser import Chooser
    from irregsim.model.compiled.twin import Twin
    from irregsim.model.engine import Contest, Part, Selection

#: Environment variable that names the engine of a month.
ENGINE_VARIABLE: Final = "IRREGSIM_ENGINE"
ENGINES: Final = ("numpy", "compiled")
#: Name of the choice between them that is made where none is named.
AUTO: Final = "auto"
#: Months of a process that numpy decides before machine code is looked for: loading it takes as long as some twenty of
#: them, which few months would not make up for.
_MONTHS_BY_NUMPY: Final = 24
#: Seconds between two looks at whether it is ready.
_LOOK_AGAIN: Final = 2.0

F = TypeVar("F", bound=Callable[..., Any])
#: Whether the month that began last is compiled.
is_on = False
_months_begun = 0
_not_before = 0.0
#: Folder in which machine code was found to be complete.
_found_in: str | None = None
#: Module of each function that has a twin, by its name.
_twinned: dict[str, str] = {}
#: Functions whose twins stand in for them now: where each belongs, its name, and itself.
_replaced: list[tuple[Any, str, Any]] = []


class EngineRefused(ValueError):
    """The engine asked for cannot be had; the message says why and what to do."""


def engine_name() -> str:
    """The engine that the environment names: one of `ENGINES`, or `AUTO`, which is meant where none is named.

    Raises:
        EngineRefused: If there is no such engine, or it needs what is not installed.
    """
    name = os.environ.get(ENGINE_VARIABLE) or AUTO
    if name in (AUTO, "numpy"):
        return name
    if name not in ENGINES:
        raise EngineRefused(f"{ENGINE_VARIABLE} is {name!r}; it can be {AUTO}, {' or '.join(ENGINES)}")
    if not has_numba():
        raise EngineRefused(
            f"{ENGINE_VARIABLE}=compiled needs numba, which is not installed: install irregsim[fast], or leave the "
            "variable out to run on numpy (the results are the same)"
        )
    return name


@cache
def has_numba() -> bool:
    """Whether the package that makes machine code is installed."""
    return importlib.util.find_spec("numba") is not None


def twin_of(contest: Contest) -> Twin | None:
    """The compiled form of a contest, to decide with now.

    Returns:
        None where numpy is to decide: another engine is named, a rule cannot be read, or the kernel is still being
        compiled by the process in the background that the first call starts.

    Raises:
        EngineRefused: As `engine_name`.
    """
    return cast("Twin | None", _of(contest))


def chooser_of(part: Selection) -> Chooser | None:
    """The compiled form of a choice among options, as `twin_of` of a contest."""
    return cast("Chooser | None", _of(part))


def _of(part: Part) -> Twin | Chooser | None:
    name = engine_name()
    if name == "numpy" or (name == AUTO and not is_on):
        return None
    from irregsim.model.compiled import registry

    return registry.ready_twin(part, waits=name != AUTO)


def _is_found() -> bool:
    """Whether machine code is ready where no engine is named; has it made in the background where it is not."""
    global _months_begun, _not_before, _found_in
    from irregsim.model.compiled import background

    if not has_numba() or (folder := background.root()) is None:
        return False
    if str(folder) == _found_in:
        return True
    _months_begun += 1
    if _months_begun <= _MONTHS_BY_NUMPY or time.monotonic() < _not_before:
        return False
    if background.is_complete():
        _found_in = str(folder)
        return True
    background.is_at_work()
    _not_before = time.monotonic() + _LOOK_AGAIN
    return False


def twinned(function: F) -> F:
    """Marks a function that has a compiled twin (`machinery.TWINS`), which stands in for it in compiled months."""
    _twinned[function.__qualname__] = function.__module__
    return function


def begin_month() -> None:
    """Chooses the engine of the month that begins.

    Raises:
        EngineRefused: As `engine_name`.
    """
    global is_on
    name = engine_name()
    is_on = name == "compiled" or (name == AUTO and _is_found())
    if is_on and not _replaced:
        from irregsim.model.compiled import registry

        for name, twin in registry.ready_machinery().items():
            owner: Any = sys.modules[_twinned[name]]
            *path, last = name.split(".")
            for step in path:
                owner = getattr(owner, step)
            function = getattr(owner, last)
            # Who reads what a month does, as `irregsim explain`, reads the rules as they are written.
            twin.__wrapped__ = function  # type: ignore[attr-defined]
            _replaced.append((owner, last, function))
            setattr(owner, last, twin)
    elif _replaced and not is_on:
        for owner, last, function in _replaced:
            setattr(owner, last, function)
        _replaced.clear()


def readable(parts: Sequence[Part] | None = None) -> dict[str, dict[str, str | None]]:
    """Which rules the reader can read.

    Args:
        parts: Parts of a month; those of `month.MONTH` by default.

    Returns:
        By part and channel: None for a rule that can be read, else what in it cannot. A contest is compiled when all
        of its rules can be read. A choice among options has its function of utilities for a rule. Needs no numba.
    """
    from irregsim.model.compiled.reader import Reader
    from irregsim.model.compiled.tree import Unreadable
    from irregsim.model.engine import Contest, Selection

    def fault(read: Callable[[], object]) -> str | None:
        try:
            read()
        except Unreadable as error:
            return str(error)
        return None

    found: dict[str, dict[str, str | None]] = {}
    for part in _month_or(parts):
        if isinstance(part, Contest):
            found[part.name] = {r.channel: fault(partial(Reader().rule, r.hazard)) for r in part.rules}
        elif isinstance(part, Selection):
            found[part.name] = {"utilities": fault(partial(Reader().options, part))}
    return found


def prepare(parts: Sequence[Part] | None = None) -> Mapping[str, float]:
    """Compiles what is not compiled yet, in this process, or loads it; returns when all of it is ready.

    Args:
        parts: Parts of a month; those of `month.MONTH` by default.

    Returns:
        Processor seconds by contest, and of the machinery. Contests that cannot be read are left out.
    """
    from irregsim.model.compiled import registry

    return registry.prepare(_month_or(parts))


def _month_or(parts: Sequence[Part] | None) -> Sequence[Part]:
    if parts is not None:
        return parts
    from irregsim.model.month import MONTH

    return MONTH
