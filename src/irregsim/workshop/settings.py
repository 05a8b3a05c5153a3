"""What a page has set: a scenario, and changes to its levers, as the same YAML that the command line runs.

Every change is handed to `load_scenario` as ``--set`` is, so a page can set nothing that a file cannot, and whatever is
wrong is refused with the same messages.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, cast

from irregsim.present.words import lever_change
from irregsim.scenario import Fault, Scenario, ScenarioError, diff_rows, load_scenario, shipped_scenarios
from irregsim.scenario.attributes import Form, Written, attributes, names_of
from irregsim.scenario.levers import By, Lever, find
from irregsim.scenario.writing.text import scenario_text
from irregsim.vocabulary.codes import month_number, month_text, year_of
from irregsim.vocabulary.labels import in_language, label

#: The scenario that others are compared with unless a page says otherwise.
REFERENCE: Final = "baseline"

#: Last month that a page runs to.
LAST: Final = month_number("2050-12")

#: Name of what a page saves until it is given one.
OWN_NAME: Final = "workshop"

#: Value of one lever: what is written in a scenario.
Value = Written

#: Lever path and place (city, district, centre; empty for none).
Key = tuple[str, str]


@dataclass(frozen=True)
class Change:
    """A lever as a page has set it.

    Attributes:
        steps: (month, value) by ascending month, for levers with a dated value; months are ``YYYY-MM``.
        whole: What is written for a lever of another kind (entries, or one value for the whole simulation); None
            where ``steps`` says it.
    """

    steps: tuple[tuple[str, Value], ...] = ()
    whole: Any = None

    def written(self) -> Any:
        """As it is written in a scenario file."""
        if self.steps:
            return [{"from": month, "value": value} for month, value in self.steps]
        return self.whole


@dataclass(frozen=True)
class Settings:
    """Everything that decides what a page shows; never changed, only replaced.

    Attributes:
        base: Shipped name or file of the scenario that changes are made to.
        reference_base: Shipped name or file of the reference.
        changes: What the page has set, by lever and place.
        start: First month shown, ``YYYY-MM``.
        seed: Random seed.
        replicate: Number of the replicate of `irregsim run` that is shown.
        scale: Size of the population relative to Norway's, above 0 and at most 10.
        draws: ``posterior``, ``point`` or the folder of a posterior, as for `irregsim run`.
        given: ``--set`` of the command that opened the page; changes come after them.
        end: Last month, ``YYYY-MM``; None for the scenario's own.
    """

    base: str = REFERENCE
    reference_base: str = REFERENCE
    changes: Mapping[Key, Change] = field(default_factory=lambda: MappingProxyType({}))
    start: str = "2020-01"
    seed: int = 2021
    replicate: int = 0
    scale: float = 1.0
    draws: str = "posterior"
    given: tuple[str, ...] = ()
    end: str | None = None

    # -- the scenarios -------------------------------------------------------------------------------------------

    @cached_property
    def scenario(self) -> Scenario:
        """The scenario with all changes.

        Raises:
            ScenarioError: If it cannot be used; with every fault.
        """
        return _bounded(load_scenario(self.base, overrides=self.overrides(), end=self.end))

    @cached_property
    def reference(self) -> Scenario:
        """The reference over the same period, with the changes of assumptions: nobody decides those.

        Raises:
            ScenarioError: As `scenario`; also if the periods cannot be made the same.
        """
        end = self.scenario.end
        loaded = load_scenario(self.reference_base, overrides=self.overrides("assumptions"))
        if loaded.end > end:
            loaded = load_scenario(self.reference_base, overrides=self.overrides("assumptions"), end=month_text(end))
        if (loaded.start, loaded.end) != (self.scenario.start, end):
            raise ScenarioError(
                [
                    Fault(
                        self.base,
                        1,
                        1,
                        "period",
                        f"{month_text(self.scenario.start)} to {month_text(end)} is not that of the reference "
                        f"{loaded.name} ({month_text(loaded.start)} to {month_text(loaded.end)}): give both the same",
                    )
                ]
            )
        return loaded

    def overrides(self, section: str = "") -> tuple[str, ...]:
        """What was given and the changes, as ``--set`` takes them; those of a section or all."""
        by_lever: dict[str, dict[str, Any]] = {}
        for (path, place), change in self.changes.items():
            if path.startswith(section):
                by_lever.setdefault(path, {})[place] = change.written()
        out = [text for text in self.given if text.startswith(section)]
        for path, places in by_lever.items():
            written = places.get("", places)
            out.append(f"{path}={json.dumps(written, ensure_ascii=False)}")
        return tuple(out)

    @cached_property
    def differences(self) -> list[dict[str, str]]:
        """Levers in which scenario and reference differ: ``key``, ``from``, ``to``, ``reference``, ``value``."""
        rows = [list(row.values()) for row in diff_rows([self.reference, self.scenario])]
        names = ("key", "from", "to", "reference", "value")
        return [dict(zip(names, row, strict=True)) for row in rows]

    # -- changes -------------------------------------------------------------------------------------------------

    def with_value(self, path: str, place: str, month: str, value: Value) -> Settings:
        """A lever set from a month on; what was set from that month or later is replaced.

        Args:
            path: Full path of a lever with a dated value.
            place: City, district or centre; empty for a lever without, or to set all places alike.
            month: First month, ``YYYY-MM``.
            value: As written in a scenario.
        """
        changes = dict(self.changes)
        lever = find(path)
        places = [place] if place or lever.by is By.NOTHING else places_of(lever)
        for one in places:
            earlier = changes.get((path, one), Change()).steps
            changes[path, one] = Change((*(step for step in earlier if step[0] < month), (month, value)))
        return replace(self, changes=MappingProxyType(changes))

    def with_whole(self, path: str, value: Any) -> Settings:
        """A lever of another kind set as a whole: entries, or one value for the whole simulation."""
        return replace(self, changes=MappingProxyType({**self.changes, (path, ""): Change(whole=value)}))

    def without(self, path: str, place: str | None = None) -> Settings:
        """A lever as the scenario has it: in one place, or in all."""
        kept = {
            key: change
            for key, change in self.changes.items()
            if key[0] != path or (place is not None and key[1] != place)
        }
        return replace(self, changes=MappingProxyType(kept))

    def checked(self) -> Settings:
        """The same settings, once both scenarios have been checked.

        Raises:
            ScenarioError: If not; with every fault.
        """
        assert self.scenario.end == self.reference.end, "both have the same period"
        return self

    # -- what is in force ----------------------------------------------------------------------------------------

    def value(self, lever: Lever, place: str, month: int) -> Value:
        """Value of a dated lever or a setting in a month of the scenario, as written.

        Args:
            lever: A lever of the kinds ``dated``, ``setting`` or ``years``.
            place: As in `with_value`; empty for the first place of a lever that has places.
            month: Month number within the scenario.
        """
        levers = self.scenario.levers
        one = attributes()[lever.fields[0]]
        if one.form is Form.YEARS:
            return levers.in_year(one.name, year_of(month))
        found: Any = getattr(levers, one.name)
        if one.form is Form.SETTING:
            return cast(Value, found)
        row = found[min(month, len(found) - 1)]
        return one.written(row if one.columns is None else row[one.columns.index(place) if place else 0])

    # -- files ---------------------------------------------------------------------------------------------------

    def text(
        self,
        name: str = OWN_NAME,
        *,
        reference: bool = False,
        title: Mapping[str, str] | None = None,
        description: str | None = None,
    ) -> str:
        """The scenario (or the reference) as a file that `irregsim run` takes.

        Args:
            name: Name of the scenario in the file.
            reference: Whether the reference is meant.
            title: Title by language instead of the scenario's.
            description: Description instead of the scenario's.

        Raises:
            ScenarioError: If the name cannot name a scenario.
        """
        scenario = self.reference if reference else self.scenario
        scenario = replace(scenario, seed=self.seed)
        if self.given or self.changes:
            # What was expected of the scenario was not said of one that has been changed since.
            scenario = replace(scenario, decides=(), expects=())
        base = self.reference_base if reference else self.base
        parent = load_scenario(base) if base in shipped_scenarios() else None
        if parent is not None and (parent.start, parent.end) != (scenario.start, scenario.end):
            parent = None
        return scenario_text(scenario, parent, name=name, title=title, description=description)

    @property
    def has_own_reference(self) -> bool:
        """Whether the reference is not a shipped scenario as it is: an assumption was changed in it, or its end."""
        if self.overrides("assumptions") or self.reference_base not in shipped_scenarios():
            return True
        return load_scenario(self.reference_base).end != self.reference.end

    def titles(self, lang: str) -> tuple[str, str]:
        """Titles of reference and scenario, up to the end of the first sentence.

        Where both have the same, but the page has set levers, the scenario is named after the first of them.
        """
        titles = [in_language(one.title, lang).partition(". ")[0] for one in (self.reference, self.scenario)]
        rows = self.differences if titles[0] == titles[1] else []
        if rows:
            first = lever_change(rows[0]["key"], rows[0]["value"], lang)
            more = len({row["key"] for row in rows}) - 1
            key = "page.own_changes" if more else "page.own_change"
            return titles[0], label(key, lang).format(change=first, number=more)
        return titles[0], titles[1]


def places_of(lever: Lever) -> tuple[str, ...]:
    """Places that a lever can be set for; none for one that holds for the country."""
    return names_of(lever.by)


def _bounded(scenario: Scenario) -> Scenario:
    if scenario.end > LAST:
        message = f"{month_text(scenario.end)} is after {month_text(LAST)}, the last month that a page can show"
        raise ScenarioError([Fault(scenario.name, 1, 1, "period.end", message)])
    return scenario


def load_file(path: str | Path, settings: Settings) -> Settings:
    """Settings with a scenario file as their scenario, and no changes; its seed is taken over.

    Raises:
        ScenarioError: If the file cannot be used.
    """
    scenario = _bounded(load_scenario(path, overrides=settings.given, end=settings.end))
    start = min(max(month_number(settings.start), scenario.start), scenario.end)
    new = replace(
        settings,
        base=str(path),
        changes=MappingProxyType({}),
        seed=scenario.seed,
        start=month_text(start),
    )
    return new.checked()
