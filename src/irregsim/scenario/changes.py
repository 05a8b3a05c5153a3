"""What a scenario file itself changes, and what in it is probably not meant."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from dataclasses import replace
from typing import cast

from irregsim.scenario.attributes import attributes
from irregsim.scenario.document import Document, Entry
from irregsim.scenario.explain import diff_rows, timeline
from irregsim.scenario.resolved import Levers, Scenario
from irregsim.vocabulary.codes import month_number, month_text
from irregsim.vocabulary.knowledge import LAST_COMMON_YEAR
from irregsim.vocabulary.labels import Words

#: Last month of the years that have counts in every edition of the data.
LAST_COUNTED = month_number(f"{LAST_COMMON_YEAR}-12")


def changes_text(scenario: Scenario, width: int, *, every: bool = False, lang: str = "en") -> str:
    """What a file changes of its parent, and with ``every`` what holds in it altogether.

    Args:
        scenario: Read from a file.
        width: Characters of a line, at least 40; no line is longer, but for a word that is.
        every: Whether inherited entries follow.
        lang: Language; keys and values stay as they are written.

    Returns:
        A line or more for every lever and stretch of months with other values; the whole timeline where there is no
        parent to compare with.
    """
    parent = scenario.parent_levers
    if parent is None:
        return timeline(scenario, width)
    before = replace(scenario, name="inherited", levers=parent, parent_levers=None)
    rows = diff_rows([before, replace(scenario, name="own")])
    say = Words(lang, "screen")
    lines = [say("changes", name=scenario.name, parent=scenario.extends)]
    for row in rows:
        values = f"{row['inherited']} -> {row['own']}"
        when = say("from_to", first=row["from"], last=row["to"]) if row["from"] else ""
        text = f"  {row['key']}{when}: {values}"
        lines += textwrap.wrap(text, width, subsequent_indent="    ", break_on_hyphens=False)
    if not rows:
        lines.append(f"  {say('nothing')}")
    if every:
        return "\n".join([*lines, "", timeline(scenario, width)])
    return "\n".join([*lines, *textwrap.wrap(say("all_hint"), width)])


def warnings_of(scenario: Scenario, lang: str = "en") -> list[str]:
    """What in a file is probably not meant: months of the past that it changes, and closings of what is closed.

    Args:
        scenario: Read from a file.
        lang: Language.

    Returns:
        Sentences for people; none where the file has no parent.
    """
    parent = scenario.parent_levers
    if parent is None:
        return []
    first = scenario.levers.first_difference(parent, since=scenario.start)
    out = list(scenario.warnings)
    if first is not None and first <= LAST_COUNTED:
        months = (month_text(one) for one in (first, LAST_COUNTED, LAST_COUNTED + 1))
        texts = dict(zip(("first", "last", "next"), months, strict=True))
        out.insert(0, Words(lang, "screen")("changes_counted", **texts))
    return out


def centre_warnings(document: Document, parent: Levers | None) -> tuple[str, ...]:
    """Centres that a file closes although they are closed, or opens although they are open.

    The same centre has one closing and one opening, so the entry takes the place of the inherited one: the centre
    that was to close is open until then.

    Args:
        document: The file; only its own entries are looked at.
        parent: Its parent's values; None where it has none, and all centres are open.
    """
    names = attributes()["centre_open"].columns or ()
    own = {word: _dates(document, word) for word in ("close", "open")}
    out = []
    for word, other, is_open in (("close", "open", False), ("open", "close", True)):
        for centre, month in own[word].items():
            turned = own[other].get(centre)
            if turned is not None and turned < month:
                continue  # the file itself opens it before it closes it, or the other way round
            path = None if parent is None else parent.centre_open[:, names.index(centre)]
            if path is None or month >= len(path):
                was, since = True, None
            else:
                was = bool(path[month - 1]) if month else True
                since = next((m for m in range(month - 1, 0, -1) if bool(path[m - 1]) is not was), None)
            if was is not is_open:
                continue
            state = "open" if is_open else "closed"
            began = f" since {month_text(since)}" if since is not None else ""
            effect = f"; it would be open{began} until then" if began and not is_open else ""
            out.append(
                f"levers.reception_centres.{word}: {centre} is {state} already in {month_text(month)}{began}, and the "
                f"entry takes the place of an inherited one{effect}; leave it out, or change the date"
            )
    return tuple(out)


def _dates(document: Document, word: str) -> Mapping[str, int]:
    """Month of each of a file's own closings or openings, by centre; without those that are taken away."""
    entries = cast(tuple[Entry, ...], document.given.get(f"levers.reception_centres.{word}", ()))
    months = {
        str(entry.values["centre"]): entry.month("on") for entry in entries if entry.values.get("district") is None
    }
    return {centre: month for centre, month in months.items() if month is not None}
