"""Run folders as a person finds them: a list read from their manifests, and one by path, name or id.

There is no database: what is listed is what the folders say of themselves, read through the bounded reader of
manifests. A folder's name is its path below the folder that is looked into, such as ``baseline`` or
``fines-tripled-vs-baseline/runs/baseline``; its id is made from content, so equal results have equal ids wherever
they are.
"""

from __future__ import annotations

import contextlib
import difflib
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from irregsim.commands.request import WrongUse
from irregsim.storage.commit import is_waiting
from irregsim.storage.folder import MANIFEST, UNFINISHED, FolderError, check_folder, is_ours, opened_for_writing
from irregsim.storage.manifests import read_manifest
from irregsim.storage.paths import (
    Damaged,
    is_file,
    is_folder,
    is_link,
    is_there,
    name_fault,
    refuse_links_below,
    user_path,
)
from irregsim.storage.removal import remove_folder, runs_inside

#: Where commands write, and where names are looked up.
OUTPUTS: Final = "outputs"

#: What describes a fit in its folder.
FIT_ACCOUNT: Final = "fit.json"

#: What describes an analysis of what drives a comparison.
SENSITIVITY_ACCOUNT: Final = "sensitivity.json"

#: What describes an exploration of a study.
EXPLORATION_ACCOUNT: Final = "explore.json"

#: What describes a folder that has no manifest, and its kind.
_ACCOUNTS: Final = {
    FIT_ACCOUNT: "fit",
    SENSITIVITY_ACCOUNT: "sensitivity",
    EXPLORATION_ACCOUNT: "exploration",
}

#: How deep below the folder run folders are looked for, and how many folders are looked into at most.
DEEPEST: Final = 4
MOST: Final = 20_000

#: Fewest characters of an id that name a run.
SHORTEST_ID: Final = 4

#: Kinds of folders.
RUN, COMPARISON = "run", "comparison"
FIT, SENSITIVITY, EXPLORATION = _ACCOUNTS.values()
UNDER_WAY, DAMAGED = "unfinished", "damaged"


@dataclass(frozen=True)
class Entry:
    """A folder of irregsim.

    Attributes:
        path: Where it is.
        name: Path below the folder that was looked into.
        kind: `RUN`, `COMPARISON`, `FIT`, `SENSITIVITY`, `EXPLORATION`, `UNDER_WAY` (nothing is finished yet) or
            `DAMAGED`.
        about: What its manifest says (for a fit, ``fit.json``; for what drives a comparison, ``sensitivity.json``; for
            a study, ``explore.json``); empty where there is none.
        kept: Finished replicates of a run that is not finished.
        fault: What is damaged, in words.
        inside: Runs inside it.
    """

    path: Path
    name: str
    kind: str
    about: Mapping[str, Any] = field(default_factory=dict)
    kept: int = 0
    fault: str = ""
    inside: tuple[Entry, ...] = ()

    @property
    def id(self) -> str:
        """Its name by content, 16 hex digits; empty where it has none."""
        return str(self.about.get("run_id", ""))

    @property
    def scenarios(self) -> tuple[str, ...]:
        """Names of what was run, the reference first."""
        if self.kind in (COMPARISON, SENSITIVITY, EXPLORATION):
            return (str(self.about.get("reference", "?")), *map(str, self.about.get("scenarios", ())))
        scenario = self.about.get("scenario")
        return (str(scenario.get("name", "?")),) if isinstance(scenario, Mapping) else ()

    @property
    def replicates(self) -> int:
        """Finished replicates."""
        return int(self.about.get("replicates", self.kept))

    @property
    def started(self) -> str:
        """When its command began, as ``2026-11-30T01:30:25Z``; empty where it does not say."""
        return str(self.about.get("started", ""))

    def size(self) -> int:
        """Bytes of the files in it."""
        total = 0
        for place, _, files in os.walk(self.path):
            for file in files:
                with contextlib.suppress(OSError):
                    total += os.lstat(os.path.join(place, file)).st_size
        return total


def entry_of(path: Path, name: str) -> Entry | None:
    """A folder as it describes itself; None where irregsim did not make it.

    Args:
        path: The folder.
        name: Its name in lists.
    """
    if not is_there(path / MANIFEST) and not is_ours(path):
        return None
    inside = tuple(
        one
        for place in runs_inside(path)
        if (one := entry_of(place, f"{name}/{place.relative_to(path).as_posix()}")) is not None
    )
    if is_waiting(path):
        return Entry(path, name, DAMAGED, fault="files wait for their places; run its command again", inside=inside)
    try:
        manifest = read_manifest(path / MANIFEST)
    except FileNotFoundError:
        pass
    except (OSError, Damaged) as error:
        return Entry(path, name, DAMAGED, fault=f"{MANIFEST}: {error}", inside=inside)
    else:
        return Entry(path, name, COMPARISON if manifest.get("kind") == COMPARISON else RUN, manifest, inside=inside)
    for account, kind in _ACCOUNTS.items():
        if is_file(path / account):
            try:
                return Entry(path, name, kind, read_manifest(path / account), inside=inside)
            except (OSError, Damaged) as error:
                return Entry(path, name, DAMAGED, fault=f"{account}: {error}", inside=inside)
    kept = _kept(path)
    return None if kept is None and not inside else Entry(path, name, UNDER_WAY, kept=kept or 0, inside=inside)


def _kept(path: Path) -> int | None:
    """Finished replicates of the largest run that is under way in a folder; None where there is none."""
    work = path / UNFINISHED
    if not is_folder(work):
        return None
    parts = [place for place in work.iterdir() if is_folder(place)]
    return max((sum(one.name.isdigit() for one in place.iterdir()) for place in parts), default=0)


def entries(folder: Path | None = None) -> list[Entry]:
    """Every folder of irregsim below a folder, or that folder itself, the newest first.

    Args:
        folder: Where to look; None for `OUTPUTS`.

    Raises:
        WrongUse: If there is no such folder.
    """
    top = Path(OUTPUTS) if folder is None else folder
    if fault := name_fault(top):
        raise WrongUse(f"{top!r}: {fault}")
    if not top.is_dir():
        if folder is None:
            return []
        raise WrongUse(f"{top}: there is no such folder")
    itself = entry_of(top, top.name or str(top))
    found = [itself] if itself is not None else list(_below(top, top, DEEPEST, [MOST]))
    return sorted(found, key=lambda one: (one.started, one.name), reverse=True)


def _below(top: Path, place: Path, depth: int, left: list[int]) -> Iterator[Entry]:
    for name in sorted(os.listdir(place)):
        path = place / name
        if name.startswith(".") or name_fault(path) or not is_folder(path):
            continue
        left[0] -= 1
        if left[0] < 0:
            raise WrongUse(f"{top}: has more than {MOST} folders in it; give one in which runs are")
        one = entry_of(path, path.relative_to(top).as_posix())
        if one is not None:
            yield one
        elif depth > 1:
            with contextlib.suppress(PermissionError):
                yield from _below(top, path, depth - 1, left)


def with_inside(found: Sequence[Entry]) -> list[Entry]:
    """Folders, each followed by the runs inside it."""
    return [one for entry in found for one in (entry, *with_inside(entry.inside))]


def found_entry(text: str, folder: Path | None = None) -> Entry:
    """The folder that a person means.

    Args:
        text: A path; a name as `entries` has it; or the first digits of an id, at least `SHORTEST_ID`.
        folder: Where names and ids are looked up; None for `OUTPUTS`.

    Raises:
        WrongUse: If there is none, or several; the message says which, or names the nearest.
    """
    path = user_path(text)
    if name_fault(path) is None and path.is_dir() and (here := entry_of(path, text.rstrip("/"))) is not None:
        return here
    known = with_inside(entries(folder))
    for one in known:
        if one.name == text:
            return one
    if len(text) >= SHORTEST_ID and all(letter in "0123456789abcdef" for letter in text):
        same = [one for one in known if one.id.startswith(text)]
        if len({one.id for one in same}) > 1:
            names = ", ".join(f"{one.id} ({one.name})" for one in same)
            raise WrongUse(f"{text}: begins several ids: {names}; give more of its digits")
        if same:
            return same[0]
    near = difflib.get_close_matches(text, [one.name for one in known], n=1)
    hint = f"did you mean {near[0]}?" if near else "irregsim runs lists all"
    raise WrongUse(f"{text}: no run folder has this path, name or id ({hint})")


def is_named(text: str) -> bool:
    """Whether a text means a run folder: by its path, or by its name or id below `OUTPUTS`."""
    with contextlib.suppress(WrongUse):
        found_entry(text)
        return True
    return False


def removed(entry: Entry) -> list[str]:
    """Remove a folder with the runs inside it; files of others in it are left.

    Returns:
        Paths of what is left in it; empty where it is gone.

    Raises:
        WrongUse: If it cannot be removed.
    """
    try:
        return remove_folder(entry.path, (MANIFEST, *_ACCOUNTS))
    except FolderError as error:
        raise WrongUse(str(error)) from None


def renamed(entry: Entry, name: str) -> Path:
    """Give a folder another name, in the same place.

    Args:
        entry: The folder.
        name: The new name of the folder, not a path.

    Returns:
        Its new path.

    Raises:
        WrongUse: If the name cannot be used or is taken, or another process is writing into the folder.
    """
    place = entry.path.absolute().with_name(name) if name not in ("", ".", "..") and "/" not in name else None
    if place is None or place.name != name or name.startswith((".", "-")):
        raise WrongUse(f"{name!r}: is not the name of a folder (no path, and no . or - at its beginning)")
    if entry.path.name == name:
        return entry.path
    if is_there(place):
        raise WrongUse(f"{entry.path.with_name(name)}: already exists; choose another name")
    if is_link(entry.path):
        raise WrongUse(f"{entry.path}: is a link; rename it yourself")
    if entry.path.parent.name == "runs" and is_ours(entry.path.parent.parent):
        raise WrongUse(f"{entry.path}: is a part of {entry.path.parent.parent}, which looks for it under this name")
    try:
        check_folder(place)
        with opened_for_writing(entry.path):
            pass
        os.rename(entry.path, place)
    except FolderError as error:
        raise WrongUse(str(error)) from None
    return entry.path.with_name(name)


def check_own_place(path: Path, account: str, *, begun: str = "") -> None:
    """Refuses a folder for what a command writes that holds files of others, links, or a result of another kind.

    Args:
        path: The folder; it need not be there.
        account: What describes a result of the command in its folder.
        begun: Name of the folder inside `UNFINISHED` in which the command keeps what it has finished; empty for none.

    Raises:
        WrongUse: If it cannot be used; the message says why.
    """
    try:
        refuse_links_below(path)
        check_folder(path)
    except FolderError as error:
        raise WrongUse(f"--out: {error}") from None
    entry = entry_of(path, path.name)
    # A command that was stopped before it wrote anything leaves a folder with nothing in it.
    is_begun = entry is not None and entry.kind == UNDER_WAY and not entry.kept and not entry.inside
    is_begun = is_begun or (bool(begun) and is_folder(path / UNFINISHED / begun))
    if entry is not None and not is_begun and not is_file(path / account):
        raise WrongUse(f"--out {path}: holds another result ({entry.kind}); give another folder")


def page_of(entry: Entry) -> Path:
    """What shows a result to a person: its page, or the folder itself."""
    for page in ("report.html", "fit.html"):
        if is_file(entry.path / page):
            return entry.path / page
    return entry.path


__all__ = [
    "COMPARISON",
    "DAMAGED",
    "EXPLORATION",
    "EXPLORATION_ACCOUNT",
    "FIT",
    "OUTPUTS",
    "RUN",
    "SENSITIVITY",
    "SENSITIVITY_ACCOUNT",
    "UNDER_WAY",
    "Entry",
    "check_own_place",
    "entries",
    "entry_of",
    "found_entry",
    "is_named",
    "page_of",
    "removed",
    "renamed",
    "with_inside",
]
