"""`irregsim compare SCENARIO --vary KEY=V1,V2`: the scenarios of a sweep, made from one.

Each value acts like ``--set KEY=value`` on the scenario; with ``KEY@2024-01`` from that month on. With two settings
there is a scenario for each value alone, too, since the interaction needs them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Final

from irregsim.commands.request import Request, WrongUse
from irregsim.present.words import lever_change
from irregsim.scenario import Scenario, ScenarioError, diff_rows, load_scenario
from irregsim.scenario.changes import LAST_COUNTED
from irregsim.scenario.settings import is_of, month_fault, override
from irregsim.study.comparison.sweeps import Axis, Design
from irregsim.vocabulary.codes import month_text
from irregsim.vocabulary.labels import LANGUAGES

#: Most values of one setting, and most scenarios that a sweep may run besides the one it is made from.
MOST_VALUES: Final = 12
MOST_CELLS: Final = 36

#: Settings that can be varied at once.
MOST_AXES: Final = 2

_LONGEST_NAME: Final = 64
_OPENING: Final = {"[": "]", "{": "}", "(": ")"}


@dataclass(frozen=True)
class Varied:
    """One ``--vary``, as given.

    Attributes:
        key: Full path of the setting.
        month: First month, ``YYYY-MM``; empty for the whole period.
        values: Values as written, in YAML.
    """

    key: str
    month: str
    values: tuple[str, ...]

    def override(self, value: str) -> str:
        """The ``--set`` that a value acts like."""
        return override(self.key, self.month, value)


def varied(text: str) -> Varied:
    """One ``--vary``, read.

    Args:
        text: ``KEY=V1,V2,...`` or ``KEY@YYYY-MM=V1,V2,...``; `split_values` says where a value ends.

    Raises:
        WrongUse: If it is not that.
    """
    key, equals, values = text.partition("=")
    key, at, month = key.strip().partition("@")
    where = f"--vary {text}"
    if not equals or not key:
        raise WrongUse(f"{where}: must be KEY=V1,V2,... (such as levers.assisted_return.support_nok=20000,40000,80000)")
    found = tuple(split_values(values))
    if not all(found):
        raise WrongUse(f"{where}: a value is empty")
    if len(set(found)) < len(found):
        raise WrongUse(f"{where}: a value is given twice")
    if len(found) > MOST_VALUES:
        raise WrongUse(f"{where}: {len(found)} values, and at most {MOST_VALUES} can be compared; give fewer")
    if at and (fault := month_fault(key, month)):
        raise WrongUse(f"{where}: {fault}")
    return Varied(key, month, found)


def split_values(text: str) -> list[str]:
    """Values between commas; commas inside brackets and quotation marks belong to a value."""
    out, closing, quote = [""], list[str](), ""
    for letter in text:
        if quote:
            quote = "" if letter == quote else quote
        elif letter in "\"'":
            quote = letter
        elif letter in _OPENING:
            closing.append(_OPENING[letter])
        elif closing and letter == closing[-1]:
            closing.pop()
        elif letter == "," and not closing:
            out.append("")
            continue
        out[-1] += letter
    return [one.strip() for one in out]


def swept(scenarios: Sequence[str], vary: Sequence[str], request: Request) -> tuple[list[Scenario], Design]:
    """The scenarios of a sweep, the one it is made from first, and which has which values.

    Args:
        scenarios: What the user named; one file or shipped name.
        vary: Every ``--vary``, one or two.
        request: What is asked besides: ``--set``, ``--end`` and facts left out hold for all of them.

    Raises:
        WrongUse: If it is not one scenario, or too much is asked, or no value changes anything.
        ScenarioError: If the scenario or a value cannot be used; with the faults of every value.
    """
    if len(scenarios) != 1:
        raise WrongUse(f"--vary makes its scenarios from one; give one scenario, not {len(scenarios)}")
    if len(vary) > MOST_AXES:
        raise WrongUse(f"--vary can be given once, or twice for a grid; it was given {len(vary)} times")
    axes = [varied(text) for text in vary]
    if len({axis.key for axis in axes}) < len(axes):
        raise WrongUse(f"--vary {axes[0].key}: given twice; give all values of a setting at once")
    cells = [cell for cell in product(*(("", *axis.values) for axis in axes)) if any(cell)]
    if len(cells) > MOST_CELLS:
        raise WrongUse(
            f"--vary: {len(cells)} scenarios (every pair of values, and each value alone), and at most {MOST_CELLS} "
            "can be compared; give fewer values"
        )
    (name,) = scenarios
    base = _loaded(name, request, ())
    made: list[Scenario] = []
    found: dict[str, tuple[str, ...]] = {}
    faults = []
    for cell in cells:
        chosen = [axis.override(value) for axis, value in zip(axes, cell, strict=True) if value]
        try:
            one = _loaded(name, request, chosen)
        except ScenarioError as error:
            faults += [replace(f, file="--vary") if f.file == "--set" else f for f in error.faults]
            continue
        # A value that the scenario has anyway is the scenario, and a pair with it is the other value alone.
        if any(one.levers.first_difference(other.levers, since=base.start) is None for other in (base, *made)):
            continue
        one = _named(one, base, axes, cell, {base.name, *found})
        made.append(one)
        found[one.name] = cell
    if faults:
        raise ScenarioError(dict.fromkeys(faults))
    if not made:
        raise WrongUse(f"--vary: no value changes anything of {base.name}")
    told = tuple(_axis(axis, place, base, made, found) for place, axis in enumerate(axes))
    return [base, *made], Design(told, found)


def observed_years(scenarios: Sequence[Scenario]) -> list[str]:
    """A warning where a sweep changes months that have counts, with what to write instead; none where it does not.

    Args:
        scenarios: From `swept`, the one it is made from first.
    """
    firsts = [one.levers.first_difference(scenarios[0].levers, since=one.start) for one in scenarios[1:]]
    early = [month for month in firsts if month is not None and month <= LAST_COUNTED]
    if not early:
        return []
    return [
        f"--vary changes months from {month_text(min(early))} on, in years that have counts (to "
        f"{month_text(LAST_COUNTED)}); to begin after them, give a month: KEY@{month_text(LAST_COUNTED + 1)}=V1,V2"
    ]


def _loaded(name: str, request: Request, more: Iterable[str]) -> Scenario:
    return load_scenario(name, overrides=(*request.overrides, *more), end=request.end, without=request.facts_left_out)


def _named(one: Scenario, base: Scenario, axes: Sequence[Varied], cell: Sequence[str], taken: set[str]) -> Scenario:
    """A scenario of the sweep with a name and a title that say its values."""
    told = [(axis, value) for axis, value in zip(axes, cell, strict=True) if value]
    words = [f"{axis.key.rpartition('.')[2]}-{re.sub('[^A-Za-z0-9]+', '-', value).strip('-')}" for axis, value in told]
    whole = re.sub(r"[^A-Za-z0-9_-]", "-", "-".join([base.name, *words]))[:_LONGEST_NAME]
    numbered = (f"{whole[: _LONGEST_NAME - 3]}-{n}" for n in range(2, MOST_CELLS + 2))
    name = next(name for name in (whole, *numbered) if name not in taken)
    titles = {lang: "; ".join(_title(axis, value, lang) for axis, value in told) for lang in LANGUAGES}
    return replace(one, name=name, title=titles, description=titles, expects=())


def _title(axis: Varied, value: str, lang: str) -> str:
    return lever_change(axis.key, value, lang) + (f" ({axis.month})" if axis.month else "")


def _axis(
    axis: Varied, place: int, base: Scenario, made: Sequence[Scenario], cells: dict[str, tuple[str, ...]]
) -> Axis:
    """An axis with the value that the scenario has where the setting is varied; none where that changes."""
    before = set()
    for one in made:
        cell = cells[one.name]
        if cell[place] and not any(value for i, value in enumerate(cell) if i != place):
            rows = [row for row in diff_rows([base, one]) if is_of(row["key"], axis.key)]
            before |= {list(row.values())[3] for row in rows}
    return Axis(axis.key, axis.values, before.pop() if len(before) == 1 else "", axis.month)
