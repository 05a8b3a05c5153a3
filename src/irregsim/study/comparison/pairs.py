"""Finished runs side by side: replicate j of a scenario with replicate j of the reference.

Both have the same draw and the same keyed random numbers, so every difference is paired. Tables are read one replicate
at a time and let go again: a comparison needs the room of two replicates, however many there are.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Final

from irregsim.scenario import Scenario
from irregsim.storage.folder import RunFolder
from irregsim.study.identity import scenario_in
from irregsim.vocabulary.codes import month_text

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

#: Settings that must agree before runs are paired.
PAIRING: Final = ("seed", "scale", "posterior_id", "per_draw", "data_sha256", "code_sha256", "without")


class PairingError(ValueError):
    """Runs cannot be paired by replicate; the message says why."""


@dataclass(frozen=True)
class Run:
    """A finished run, of which the first replicates are used.

    Attributes:
        folder: Where it is.
        replicates: How many are used; the folder may hold more.
        called: Name of the scenario here, where that is not the one that it was run under.
    """

    folder: RunFolder
    replicates: int
    called: str = ""

    @cached_property
    def scenario(self) -> Scenario:
        """What was run."""
        return scenario_in(self.folder.manifest)

    @property
    def name(self) -> str:
        """Name of the scenario."""
        return self.called or self.scenario.name

    @property
    def has_spells(self) -> bool:
        """Whether spells of persons were kept."""
        return bool(self.folder.manifest["spells"])

    @cached_property
    def months(self) -> tuple[str, ...]:
        """Reported months, in order."""
        return tuple(month_text(m) for m in range(self.scenario.start, self.scenario.end + 1))

    def read(self, table: str, replicate: int, columns: Sequence[str] | None = None) -> pd.DataFrame:
        """Rows of one replicate of a table, text as categories."""
        return self.folder.replicate(table, replicate, columns)


@dataclass(frozen=True)
class Pair:
    """A scenario and the reference.

    Attributes:
        reference: Run of the reference.
        scenario: Run of the scenario.
        since: First month in which a lever or assumption differs, ``YYYY-MM``.
    """

    reference: Run
    scenario: Run
    since: str

    @property
    def name(self) -> str:
        """Name of the scenario, as in the column ``scenario`` of every table."""
        return self.scenario.name

    @property
    def months(self) -> tuple[str, ...]:
        """Reported months, in order."""
        return self.reference.months

    @property
    def has_spells(self) -> bool:
        """Whether both runs kept the spells of persons."""
        return self.reference.has_spells and self.scenario.has_spells

    def both(
        self, table: str, columns: Sequence[str] | None = None
    ) -> Iterator[tuple[int, pd.DataFrame, pd.DataFrame]]:
        """A table of both runs, one replicate after the other.

        Args:
            table: Name of the table.
            columns: Which columns; None for all.

        Yields:
            Replicate, rows of the reference, rows of the scenario.
        """
        for j in range(self.reference.replicates):
            yield j, self.reference.read(table, j, columns), self.scenario.read(table, j, columns)


@dataclass(frozen=True)
class Runs:
    """Runs that can be paired.

    Attributes:
        reference: What the others are compared with.
        scenarios: The others, in the order they were given.
    """

    reference: Run
    scenarios: tuple[Run, ...]

    @classmethod
    def of(cls, reference: Run, scenarios: Sequence[Run]) -> Runs:
        """Runs, checked.

        Raises:
            PairingError: If settings, periods or numbers of replicates differ, two scenarios have one name, or a
                scenario has the values of the reference throughout.
        """
        runs = cls(reference, tuple(scenarios))
        names = [run.name for run in (reference, *scenarios)]
        for name in names:
            if names.count(name) > 1:
                raise PairingError(f"two scenarios are called {name}; give one of them another name")
        for run in scenarios:
            for key in PAIRING:
                one, other = (_setting(r, key) for r in (reference, run))
                if one != other:
                    raise PairingError(f"{run.name}: {key} is {other}, but {one} in {reference.name}; run them again")
            if run.months != reference.months:
                raise PairingError(different_period(reference.scenario, run.scenario))
            if run.replicates != reference.replicates:
                raise PairingError(
                    f"{run.name}: {run.replicates} replicates, but {reference.replicates} in {reference.name}"
                )
            if first_difference(reference.scenario, run.scenario) is None:
                raise PairingError(same_values(reference.scenario, run.scenario))
        return runs

    @cached_property
    def pairs(self) -> tuple[Pair, ...]:
        """Each scenario with the reference."""
        return tuple(
            Pair(self.reference, run, str(first_difference(self.reference.scenario, run.scenario)))
            for run in self.scenarios
        )

    @property
    def replicates(self) -> int:
        """How many replicates are paired."""
        return self.reference.replicates

    @cached_property
    def draws(self) -> pd.DataFrame:
        """Parameter values of every replicate: columns ``replicate``, ``draw`` and one for every parameter."""
        frame = self.reference.folder.draws()
        return frame[frame["replicate"] < self.replicates].sort_values("replicate").reset_index(drop=True)

    @property
    def draw_numbers(self) -> np.ndarray:
        """Number of the draw of every replicate, shape (replicates,)."""
        import numpy as np

        return np.asarray(self.draws["draw"], dtype="int64")


def _setting(run: Run, key: str) -> object:
    value = run.folder.manifest.get(key)
    # With one replicate a draw, and with the draws in turn, the same replicates use the same draws.
    return (value or 1) if key == "per_draw" else value


def first_difference(reference: Scenario, scenario: Scenario) -> str | None:
    """First reported month in which two scenarios set something differently, ``YYYY-MM``; None where they never do.

    Both have the same period. Settings hold for the whole simulation, so they count from its first reported month.
    """
    found = scenario.levers.first_difference(reference.levers, since=reference.start)
    return None if found is None else month_text(found)


def different_period(reference: Scenario, scenario: Scenario) -> str:
    """That two scenarios cannot be paired month by month, in words for the user."""
    (a, b), (c, d) = ((month_text(one.start), month_text(one.end)) for one in (reference, scenario))
    hint = "cut both with --end" if a == c else "give both the same period"
    return f"{scenario.name}: its period is {c} to {d}, but {a} to {b} in {reference.name}; {hint}"


def same_values(reference: Scenario, scenario: Scenario) -> str:
    """That there is nothing to compare, in words for the user."""
    return f"{scenario.name}: changes nothing: its values are those of {reference.name} throughout its period"
