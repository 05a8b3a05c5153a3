"""A ledger of the policies that a class has tried, to be saved as scenario files.

A policy counts as tried once it has been run for a year beside the reference. What is saved is what `irregsim run` and
`irregsim compare` read: one file for each policy, and its own reference where an assumption was changed.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from io import BytesIO
from typing import Final
from zipfile import ZIP_DEFLATED, ZipFile

from irregsim.vocabulary.codes import month_text
from irregsim.vocabulary.labels import LANGUAGES
from irregsim.workshop.settings import Settings

#: Months that a policy has been run for beside the reference before it counts as tried.
LEAST_MONTHS: Final = 12

#: Policies kept; the oldest goes first.
MOST: Final = 30


@dataclass(frozen=True)
class Tried:
    """A policy that was tried.

    Attributes:
        number: Its number, from 1.
        settings: What was set.
        until: Last month it was run to.
        known_by: The same for every settings that say the same policy against the same reference.
    """

    number: int
    settings: Settings
    until: int
    known_by: tuple[str, str]

    @property
    def name(self) -> str:
        """Its name in a file."""
        return f"policy-{self.number}"

    def title(self, lang: str) -> str:
        """What it is called: the scenario, or what was set."""
        return self.settings.titles(lang)[1]

    def files(self) -> dict[str, str]:
        """Files that a desk needs for it: the scenario, and its reference where that is not a shipped one."""
        titles = {lang: self.title(lang) for lang in LANGUAGES}
        told = f"Tried on the page of the workshop, from {self.settings.start} to {month_text(self.until)}."
        out = {f"{self.name}.yaml": self.settings.text(self.name, title=titles, description=told)}
        if self.settings.has_own_reference:
            name = f"{self.name}-reference"
            out[f"{name}.yaml"] = self.settings.text(name, reference=True)
        return out


class Ledger:
    """The policies that were tried on a page, in order.

    Attributes:
        tried: All that are kept.
    """

    def __init__(self) -> None:
        self.tried: list[Tried] = []
        self._number = 0
        # A hash takes as long as a month that runs, and the same settings come with every month.
        self._last: tuple[Settings | None, tuple[str, str]] = (None, ("", ""))

    def note(self, settings: Settings, first: int | None, month: int) -> bool:
        """Takes note of what runs; the same settings stand once, with the last month they were run to.

        Args:
            settings: What runs.
            first: Month in which scenario and reference first differ; None where they never do.
            month: Month that has been simulated.

        Returns:
            Whether there is a new policy.
        """
        if first is None or month - first + 1 < LEAST_MONTHS:
            return False
        if self._last[0] is not settings:
            self._last = (settings, (settings.scenario.sha256, settings.reference.sha256))
        known_by = self._last[1]
        for place, one in enumerate(self.tried):
            if one.known_by == known_by:
                self.tried[place] = replace(one, until=max(one.until, month))
                return False
        self._number += 1
        self.tried.append(Tried(self._number, settings, month, known_by))
        del self.tried[:-MOST]
        return True

    def archive(self) -> bytes:
        """Every file of every policy, as a zip: unpacked, a folder that `irregsim compare FOLDER` takes."""
        out = BytesIO()
        with ZipFile(out, "w", ZIP_DEFLATED) as archive:
            for one in self.tried:
                for name, text in one.files().items():
                    archive.writestr(name, text)
        return out.getvalue()
