"""Leaving claims of the report out of a run: the neutral setting of each, applied to a parameter draw.

``data/neutral.csv`` says which parameters carry a claim and at which value its effect is gone; a claim that is a rule
of law, a definition or simply not in the model is listed in ``data/neutral_excused.csv`` with the reason (docs/odd.md).
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Final

from irregsim.model.parameters import parameters
from irregsim.vocabulary.reference import DataError, read_table

if TYPE_CHECKING:
    from irregsim.scenario import Levers

NEUTRAL_FILE: Final = "neutral.csv"
EXCUSED_FILE: Final = "neutral_excused.csv"

#: What ``value`` holds: a number, or the name of the parameter that this one is set equal to.
KINDS: Final = ("parameter", "equal")

#: Most claims that may go without a neutral setting.
MOST_EXCUSED: Final = 15

#: Levers of a scenario that replace what was drawn, and the parameters they replace (docs/scenarios.md).
REPLACED: Final[Mapping[str, tuple[str, ...]]] = {
    "return_risk": ("assisted_risk_slope", "walkout_risk_slope"),
    "departure_from_hardship": ("departure_from_hardship_log_ratio",),
    "arrival_from_conditions": ("arrival_from_conditions_log_ratio",),
}

_ID: Final = re.compile(r"M\d{3}")


@dataclass(frozen=True)
class Setting:
    """One parameter at its neutral value.

    Attributes:
        name: Of the parameter.
        value: The neutral value in the parameter's unit, or the name of the parameter it is set equal to.
    """

    name: str
    value: float | str

    def text(self) -> str:
        """As ``name = value``."""
        return f"{self.name} = {self.value if isinstance(self.value, str) else format(self.value, 'g')}"


@dataclass(frozen=True)
class Neutral:
    """How a claim is left out.

    Attributes:
        id: Of the claim, such as ``M034``.
        settings: What is set, in the order of the table.
        claim_effect: What the claim does in the model while it is in.
        reason: Why the claim is out at this setting, and what goes out with it.
    """

    id: str
    settings: tuple[Setting, ...]
    claim_effect: str
    reason: str


class UnknownClaim(ValueError):
    """A claim cannot be left out; the message says which and why."""


@cache
def claims() -> Mapping[str, str]:
    """Paraphrase of every claim of the report by its id."""
    return {row["id"]: row["paraphrase"] for row in read_table("report/mechanisms.csv")}


def read_neutral(rows: Iterable[Mapping[str, str]]) -> dict[str, Neutral]:
    """Neutral settings by claim, checked.

    Args:
        rows: With ``id``, ``kind``, ``name``, ``value``, ``claim_effect``, ``reason``; a claim may have several.

    Returns:
        By id, in ascending order.

    Raises:
        DataError: With every fault, one a line.
    """
    known, names = claims(), parameters()
    faults: list[str] = []
    found: dict[str, Neutral] = {}
    chosen: dict[str, float | str] = {}
    for row in rows:
        where = f"{NEUTRAL_FILE}: {row['id']} {row['name']}"
        value: float | str = row["value"]
        if row["id"] not in known:
            faults.append(f"{where}: {row['id']} is not a claim of mechanisms.csv")
        if row["name"] not in names:
            faults.append(f"{where}: there is no such parameter")
        if row["kind"] == "parameter":
            try:
                value = float(row["value"])
            except ValueError:
                value = math.nan
            if not math.isfinite(value):
                faults.append(f"{where}: value is {row['value']!r}, not a finite number")
                continue
        elif row["kind"] == "equal":
            if row["value"] not in names:
                faults.append(f"{where}: value is {row['value']!r}, not the name of a parameter")
        else:
            faults.append(f"{where}: kind is {row['kind']!r}, must be one of {', '.join(KINDS)}")
        faults += [f"{where}: {key} is empty" for key in ("claim_effect", "reason") if not row[key].strip()]
        # Claims that share a parameter must share its neutral value, or they could not be left out together.
        if chosen.setdefault(row["name"], value) != value:
            faults.append(f"{where}: another claim sets it to {chosen[row['name']]}")
        before = found.get(row["id"])
        setting = Setting(row["name"], value)
        if before is None:
            found[row["id"]] = Neutral(row["id"], (setting,), row["claim_effect"], row["reason"])
        elif (before.claim_effect, before.reason) != (row["claim_effect"], row["reason"]):
            faults.append(f"{where}: claim_effect and reason must be those of the claim's first row")
        elif setting.name in [one.name for one in before.settings]:
            faults.append(f"{where}: duplicate")
        else:
            found[row["id"]] = Neutral(row["id"], (*before.settings, setting), before.claim_effect, before.reason)
    if list(found) != sorted(found):
        faults.append(f"{NEUTRAL_FILE}: ids must be in ascending order, with the rows of a claim together")
    if faults:
        raise DataError("\n".join(faults))
    return found


@cache
def neutral() -> Mapping[str, Neutral]:
    """How each claim that can be left out is left out, by id.

    Raises:
        DataError: If the table contradicts itself; with every fault.
    """
    return read_neutral(read_table(NEUTRAL_FILE))


@cache
def excused() -> Mapping[str, str]:
    """Claims that cannot be left out, with the reason, by id.

    Raises:
        DataError: If the table has an unknown, duplicate or unexplained claim, or more than `MOST_EXCUSED`.
    """
    rows = read_table(EXCUSED_FILE)
    ids = [row["id"] for row in rows]
    faults = [f"{EXCUSED_FILE}: {id_} is not a claim of mechanisms.csv" for id_ in ids if id_ not in claims()]
    faults += [f"{EXCUSED_FILE}: {row['id']} has no reason" for row in rows if not (row["reason"] or "").strip()]
    faults += [f"{EXCUSED_FILE}: {id_} has a neutral setting in {NEUTRAL_FILE}" for id_ in ids if id_ in neutral()]
    if ids != sorted(set(ids)):
        faults.append(f"{EXCUSED_FILE}: ids must be in ascending order, each of them once")
    if len(ids) > MOST_EXCUSED:
        faults.append(f"{EXCUSED_FILE}: {len(ids)} claims are excused, at most {MOST_EXCUSED} may be")
    if faults:
        raise DataError("\n".join(faults))
    return {row["id"]: row["reason"] for row in rows}


def checked(ids: Iterable[str]) -> tuple[str, ...]:
    """Ids of claims to leave out, each once and rising.

    Args:
        ids: As a user gives them.

    Raises:
        UnknownClaim: If one is unknown, or excused; with every fault, one a line.
    """
    faults = []
    for id_ in dict.fromkeys(ids):
        if id_ in neutral():
            continue
        if id_ in excused():
            faults.append(f"{id_} cannot be left out: {excused()[id_]}")
        elif not _ID.fullmatch(id_):
            faults.append(f"{id_!r} is not a claim; claims are M001 to {max(claims())} (docs/odd.md, section 11)")
        elif id_ not in claims():
            faults.append(f"there is no claim {id_}; there are M001 to {max(claims())} (docs/odd.md, section 11)")
        else:
            faults.append(f"{id_} cannot be left out: the model does not have it (docs/odd.md, section 11)")
    if faults:
        raise UnknownClaim("\n".join(faults))
    return tuple(sorted(set(ids)))


def without(draw: Mapping[str, float], ids: Iterable[str]) -> dict[str, float]:
    """A parameter draw with some claims of the report left out.

    Args:
        draw: Value of every parameter by name.
        ids: Claims to leave out, such as ``M034``; none gives the draw as it is.

    Returns:
        A new draw. A parameter that is set equal to another takes its value after the claims before it are out, so
        that claims which level the same parameters can be left out together.

    Raises:
        UnknownClaim: If a claim is unknown or cannot be left out.
    """
    out = dict(draw)
    for id_ in checked(ids):
        for setting in neutral()[id_].settings:
            out[setting.name] = out[setting.value] if isinstance(setting.value, str) else setting.value
    return out


def overruled(ids: Iterable[str], levers: Levers) -> list[str]:
    """Why some claims would stay in although they are left out: the scenario replaces what was drawn.

    Args:
        ids: Claims to leave out.
        levers: Of the scenario.

    Returns:
        A line for each claim and lever that meet; none when all claims go out.
    """
    return [
        f"{id_}: the scenario sets assumptions.response.{lever}, which replaces {setting.name}; remove one of the two"
        for id_ in checked(ids)
        for setting in neutral()[id_].settings
        for lever, replaced in REPLACED.items()
        if setting.name in replaced and getattr(levers, lever) is not None
    ]
