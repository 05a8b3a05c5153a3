"""What counts as history: states of knowledge, and the dated facts from 2010 on that belong to them.

A state of knowledge has every fact dated up to its month and not left out, and the counts of asylum decisions of its
years. Each fact of ``policy_updates.csv`` has an id (``U05``), dates, a source and a status: ``documented``, or
``recalled`` and so not verified; a recalled fact never acts. What follows the last fact of a driver is assumption.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from types import MappingProxyType
from typing import Any, Final

from irregsim.vocabulary.codes import month_number, month_text
from irregsim.vocabulary.shipped import DataError, read_table

#: Last year whose asylum decisions (UNHCR) count as history, by state of knowledge.
STATES: Final[Mapping[str, int]] = MappingProxyType({"2021-05": 2020, "2026-06": 2025})

#: State of knowledge where a scenario names none: the newest. Fits use months that are the same in all of them.
DEFAULT_KNOWLEDGE: Final = max(STATES)

#: State of manifests that were written before a scenario could name one.
FIRST_KNOWLEDGE: Final = "2021-05"

#: Last year that every driver has behind it in every state; facts and counts reach further one by one.
LAST_COMMON_YEAR: Final = 2020

UPDATES_FILE: Final = "policy_updates.csv"
STATUSES: Final = ("documented", "recalled")

#: How a fact acts. ``lever``: a value of the baseline's history; ``feasibility``, ``residents`` and ``ratio``: dated
#: rows or a path of a driver; ``confirms``: what the baseline says anyway is no assumption any more; ``history``: an
#: entry of scenarios/baseline.yaml, which cannot be left out; ``record``: no rule reads it.
EFFECTS: Final = ("lever", "feasibility", "residents", "ratio", "confirms", "history", "record")

#: Those that change something when they are left out; `history` cannot be, and no rule reads the others.
ACTING: Final = ("lever", "feasibility", "residents", "ratio")

#: Those that act in the model outside the levers, month by month.
_DRIVING: Final = ("feasibility", "residents", "ratio")

#: Driver of the counts of asylum decisions, for `assumption_starts`.
COUNTED_DRIVER: Final = "assumptions.asylum_rejections_per_year"


@dataclass(frozen=True)
class Fact:
    """One dated fact.

    Attributes:
        id: Such as ``U05``.
        start: Month in which it begins (month number, 2009-01 is 0).
        end: Its last month; None where it goes on.
        text: What happened.
        status: One of `STATUSES`.
        source: Where it is documented.
        effect: One of `EFFECTS`.
        target: Path of the lever, or name of the driver that it changes; empty for a record.
        value: For a lever, what the baseline says from then on, as in a scenario file; else empty.
        grade: Evidence grade of the number that the model makes of it, A to D.
        note: How the model takes it, or why no rule reads it.
    """

    id: str
    start: int
    end: int | None
    text: str
    status: str
    source: str
    effect: str
    target: str
    value: str
    grade: str
    note: str

    @property
    def last(self) -> int:
        """Last month that the fact itself dates."""
        return self.start if self.end is None else self.end

    @property
    def acts(self) -> bool:
        """Whether leaving it out can change anything."""
        return self.status == "documented" and self.effect in ACTING


class UnknownFact(ValueError):
    """A fact cannot be left out; the message says which, why, and what there is; a line for every fault."""


def read_facts(rows: Iterable[Mapping[str, str]]) -> dict[str, Fact]:
    """Facts by id from rows of the table, checked.

    Args:
        rows: With the columns of ``policy_updates.csv``, all as text.

    Raises:
        DataError: With every fault, one a line.
    """
    faults: list[str] = []
    found: dict[str, Fact] = {}
    for row in rows:
        where = f"{UPDATES_FILE}: {row['id']}"
        for key, allowed in (("status", STATUSES), ("effect", EFFECTS), ("grade", ("A", "B", "C", "D"))):
            if row[key] not in allowed:
                faults.append(f"{where}: {key} is {row[key]!r}, must be one of {', '.join(allowed)}")
        faults += [f"{where}: {key} is empty" for key in ("fact", "source", "note") if not row[key].strip()]
        if row["id"] in found:
            faults.append(f"{where}: duplicate")
        if (row["effect"] == "record") == bool(row["target"]):
            faults.append(f"{where}: a record has no target, every other fact has one")
        if (row["effect"] == "lever") != bool(row["value"]):
            faults.append(f"{where}: a lever's fact has a value, no other fact has one")
        if row["status"] == "recalled" and row["effect"] != "record":
            faults.append(f"{where}: what is only recalled must be a record until it is verified")
        try:
            start = month_number(row["from"][:7])
            end = month_number(row["to"][:7]) if row["to"] else None
        except ValueError as error:
            faults.append(f"{where}: {error} (write YYYY-MM-DD)")
            continue
        if end is not None and end < start:
            faults.append(f"{where}: to {row['to']} is before from {row['from']}")
        found[row["id"]] = Fact(
            id=row["id"],
            start=start,
            end=end,
            text=row["fact"],
            status=row["status"],
            source=row["source"],
            effect=row["effect"],
            target=row["target"],
            value=row["value"],
            grade=row["grade"],
            note=row["note"],
        )
    if list(found) != sorted(found):
        faults.append(f"{UPDATES_FILE}: ids must be in ascending order")
    if faults:
        raise DataError("\n".join(faults))
    return found


@cache
def facts() -> Mapping[str, Fact]:
    """Every fact of ``policy_updates.csv`` by id, recalled ones too.

    Raises:
        DataError: If the table contradicts itself; with every fault.
    """
    return MappingProxyType(read_facts(read_table(UPDATES_FILE)))


def is_fact(id_: str) -> bool:
    """Whether an id is meant as that of a fact (``U`` and digits), known or not."""
    return id_[:1] == "U" and id_[1:].isdigit()


def checked_facts(ids: Iterable[str], as_known: str | None = None) -> tuple[str, ...]:
    """Ids of facts to leave out, each once and rising.

    Args:
        ids: As a user gives them.
        as_known: State of knowledge that they are to be left out of; None where any may be meant.

    Raises:
        UnknownFact: If one is unknown, not verified, part of the baseline's file, or of a later month than the state;
            with every fault, one a line.
    """
    faults = []
    wanted = tuple(dict.fromkeys(ids))
    for id_ in wanted:
        fact = facts().get(id_)
        if fact is None:
            can = ", ".join(one.id for one in facts().values() if _can_go(one))
            faults.append(f"there is no fact {id_}; facts that can be left out are {can} (docs/data.md)")
        elif fact.status == "recalled":
            faults.append(f"{id_} is not verified and never acts: there is nothing to leave out")
        elif fact.effect == "history":
            faults.append(
                f"{id_} is written in the baseline itself ({fact.target}) and cannot be left out; set another value "
                "there with a scenario or --set"
            )
        elif as_known is not None and fact.start > month_number(as_known):
            faults.append(
                f"{id_} begins in {month_text(fact.start)} and is no history as known in {as_known}: there is nothing "
                f"to leave out; leave out --without {id_}, or choose a later state (--set as_known={DEFAULT_KNOWLEDGE})"
            )
    if faults:
        raise UnknownFact("\n".join(faults))
    return tuple(sorted(wanted))


def without_effect(ids: Iterable[str]) -> tuple[str, ...]:
    """A line for each fact that changes nothing when it is left out, with the reason of the table.

    Args:
        ids: As `checked_facts` gives them.
    """
    words = {"record": "no rule reads it", "confirms": "it confirms what the baseline assumed"}
    return tuple(
        f"--without {id_}: {words[fact.effect]}, so nothing changes. {fact.note}"
        for id_, fact in ((id_, facts()[id_]) for id_ in ids)
        if not fact.acts
    )


def _can_go(fact: Fact) -> bool:
    return fact.status == "documented" and fact.effect != "history"


@dataclass(frozen=True)
class Knowledge:
    """A state of knowledge, and the facts left out of it.

    Attributes:
        as_known: A key of `STATES`.
        without: Ids of facts left out, as `checked_facts` gives them.
    """

    as_known: str = DEFAULT_KNOWLEDGE
    without: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.as_known not in STATES:
            raise ValueError(f"as_known is {self.as_known!r}, must be one of {', '.join(STATES)}")

    @classmethod
    def of(cls, scenario: Mapping[str, Any]) -> Knowledge:
        """That of a resolved scenario in a manifest; one from before states of knowledge has the first of them."""
        return cls(
            str(scenario.get("as_known", FIRST_KNOWLEDGE)),
            checked_facts(str(id_) for id_ in scenario.get("facts_left_out", ())),
        )

    @property
    def last_counted(self) -> int:
        """Last year whose asylum decisions count as history."""
        return STATES[self.as_known]

    @cached_property
    def facts(self) -> Mapping[str, Fact]:
        """Facts that act, by id: documented, dated up to the state's month, and not left out."""
        until = month_number(self.as_known)
        return {
            id_: fact
            for id_, fact in facts().items()
            if fact.status == "documented" and fact.start <= until and id_ not in self.without
        }

    def has(self, id_: str) -> bool:
        """Whether what belongs to a fact acts; what belongs to none (an empty id) always does."""
        return not id_ or id_ in self.facts

    def _acts(self) -> dict[str, int]:
        """What acts in the model outside the levers, with its first month."""
        return {id_: fact.start for id_, fact in self.facts.items() if fact.effect in _DRIVING} | {
            str(year): month_number(f"{year}-01") for year in range(LAST_COMMON_YEAR + 1, self.last_counted + 1)
        }

    def first_difference(self, other: Knowledge) -> int | None:
        """First month in which two states act differently outside the levers; None where they never do."""
        mine, theirs = self._acts(), other._acts()
        apart = mine.keys() ^ theirs.keys()
        return min(({**mine, **theirs}[name] for name in apart), default=None)

    def acts_before(self, month: int) -> tuple[str, ...]:
        """What acts before a month outside the levers: ids of facts, and counted years; sorted."""
        return tuple(sorted(name for name, start in self._acts().items() if start < month))

    def text(self) -> str:
        """One line for people: the state, and what is left out."""
        out = f"known up to {self.as_known} (as_known)"
        return out + (f"; left out: {', '.join(self.without)}" if self.without else "")


def assumption_starts(known: str | Knowledge = DEFAULT_KNOWLEDGE) -> dict[str, str]:
    """Month from which each driver is assumption: the month after its last fact, and not before 2021-01.

    Args:
        known: A key of `STATES`, or a state with facts left out.

    Returns:
        ``YYYY-MM`` by driver (path of a lever or assumption, or name of a driver) for every driver that some fact
        changes; ``*`` for all others.

    Raises:
        ValueError: If there is no such state of knowledge.
    """
    knowledge = known if isinstance(known, Knowledge) else Knowledge(known)
    common = month_number(f"{LAST_COMMON_YEAR + 1}-01")
    until = month_number(knowledge.as_known)
    drivers = {fact.target: common for fact in facts().values() if fact.target}
    for fact in knowledge.facts.values():
        if fact.target:
            drivers[fact.target] = max(drivers[fact.target], min(fact.last, until) + 1)
    drivers[COUNTED_DRIVER] = month_number(f"{knowledge.last_counted + 1}-01")
    return {"*": month_text(common)} | {name: month_text(month) for name, month in sorted(drivers.items())}


def assumed_from(known: Iterable[Knowledge]) -> tuple[str, str]:
    """From when what is shown rests on assumptions in part, and from when on nothing else.

    Every driver reaches every outcome: who comes, who is sent away and who finds work share the same persons, jobs,
    beds and transports. So no outcome has a month of its own; the earliest and the latest of all drivers hold for all.

    Args:
        known: States of knowledge of what is shown, one or more.

    Returns:
        Month (``YYYY-MM``) after the last fact of the driver that is known shortest, and of the one that is known
        longest; the same where all end together.

    Raises:
        ValueError: If there is no state.
    """
    months = [month for one in known for month in assumption_starts(one).values()]
    if not months:
        raise ValueError("no state of knowledge is given")
    return min(months), max(months)
