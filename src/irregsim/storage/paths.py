"""Places in a run folder: none of them may be a link, and what is read there is a plain file of bounded size.

A run folder may come from somebody else. A link in it would let a command read, overwrite or remove files outside it,
and a pipe or a device would let it wait for ever. So kinds are asked of the entry itself, never of what it leads to.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any, Final

#: No record (manifest, posterior, digests) of ours is larger than this, in bytes, or nested deeper.
LARGEST: Final = 32 * 2**20
DEEPEST: Final = 60

#: Largest number that a record holds, in size.
_LARGEST_NUMBER: Final = 2.0**64

#: Longest name of a file in an account, in characters.
_LONGEST_NAME: Final = 200


class FolderError(Exception):
    """A folder that cannot be used as a run folder; the message says why and what to do."""


class Told(UserWarning):
    """A warning in words for users, which the program prints as it prints its others."""


class Damaged(ValueError):
    """A file is not what it should be; the message says how, without the name of the file."""


# ---------------------------------------------------------------------------------------------------------
# Kinds of entries


def _mode(path: Path) -> int:
    """Kind and permissions of the entry itself; 0 where there is none."""
    try:
        return os.lstat(path).st_mode
    except (OSError, ValueError):  # a name with a NUL is none
        return 0


def is_file(path: Path) -> bool:
    """Whether the entry is an ordinary file, and no link to one."""
    return stat.S_ISREG(_mode(path))


def is_folder(path: Path) -> bool:
    """Whether the entry is a folder, and no link to one."""
    return stat.S_ISDIR(_mode(path))


def is_link(path: Path) -> bool:
    """Whether the entry is a link."""
    return stat.S_ISLNK(_mode(path))


def is_there(path: Path) -> bool:
    """Whether there is an entry of any kind, a link to nowhere among them."""
    return bool(_mode(path))


def is_name_inside(name: str) -> bool:
    """Whether a name in an account can only be that of a file in the folder, on any system, as ``plots/b.svg`` is."""
    parts = name.split("/")
    return (
        len(name) <= _LONGEST_NAME
        and all(part not in ("", ".", "..") for part in parts)
        and not any(character in '\\:*?"<>|' or not character.isprintable() for character in name)
    )


def refuse_links(folder: Path, *names: str) -> None:
    """Refuse to go through a link below a folder; the folder itself may be one, which is its owner's choice.

    Args:
        folder: The folder.
        names: Paths below it, with ``/``.

    Raises:
        FolderError: If a component of a path is a link.
    """
    for name in names:
        place = folder
        for part in PurePosixPath(name).parts:
            place /= part
            if is_link(place):
                raise FolderError(
                    f"{place}: is a link, and none is followed inside a run folder; remove it, or choose another folder"
                )


def refuse_links_below(folder: Path) -> None:
    """Refuse a folder with a link anywhere in it, for commands that write into many places of one.

    Args:
        folder: The folder; it may be missing, and be a link itself.

    Raises:
        FolderError: If there is a link.
    """
    for place, folders, files in os.walk(folder):  # which goes through no link either
        refuse_links(Path(place), *folders, *files)


def fresh_folder(place: Path) -> Path:
    """An empty folder for work under way, in place of whatever an interrupted command left there.

    Args:
        place: Its path; a name of ours below ``.unfinished``.
    """
    remove(place)
    place.mkdir(parents=True)
    return place


def remove(place: Path) -> None:
    """Remove an entry, a link as the link it is."""
    if is_folder(place):
        shutil.rmtree(place)
    elif is_there(place):
        place.unlink(missing_ok=True)


# ---------------------------------------------------------------------------------------------------------
# Reading


def read_bytes(path: Path, largest: int = LARGEST, *, links: bool = False) -> bytes:
    """Bytes of an ordinary file; never waits for a pipe or a device.

    Args:
        path: The file.
        largest: Most bytes it may have.
        links: Whether it may be a link to such a file; not inside a run folder.

    Raises:
        FileNotFoundError: If there is nothing of that name.
        OSError: If it cannot be read.
        Damaged: If it is no ordinary file, or larger.
    """
    if is_link(path) and not links:
        raise Damaged("is a link")
    if not stat.S_ISREG(os.stat(path).st_mode):  # opening a device may already do something
        raise Damaged("is not an ordinary file")
    # Between the questions the entry may have changed.
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    if not links:
        flags |= getattr(os, "O_NOFOLLOW", 0)
    with open(os.open(path, flags), "rb") as stream:
        if not stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
            raise Damaged("is not an ordinary file")
        found = stream.read(largest + 1)
    if len(found) > largest:
        raise Damaged(f"is larger than {largest:,} bytes".replace(",", " "))
    return found


def read_record(path: Path, *, links: bool = False) -> dict[str, Any]:
    """A JSON mapping of bounded size and depth, with finite numbers and text that can be written again.

    Args:
        path: The file.
        links: As for `read_bytes`.

    Raises:
        FileNotFoundError: If there is nothing of that name.
        OSError: If it cannot be read.
        Damaged: If it holds anything else.
    """
    raw = read_bytes(path, links=links)
    try:
        found = json.loads(raw.decode("utf-8"), parse_constant=_refuse_constant)
    except RecursionError:
        raise Damaged(f"is nested deeper than {DEEPEST} levels") from None
    except UnicodeDecodeError:
        raise Damaged("is not text in UTF-8") from None
    except Damaged:
        raise
    except ValueError as error:
        raise Damaged(f"is not JSON: {error}") from None
    if not isinstance(found, dict):
        raise Damaged("is not a mapping")
    _check_values(found)
    return found


def _refuse_constant(word: str) -> None:
    raise Damaged(f"holds {word}, which is no number")


def _check_values(found: object) -> None:
    level: list[object] = [found]
    for _ in range(DEEPEST):
        inner: list[object] = []
        for value in level:
            if isinstance(value, dict):
                inner += [*value, *value.values()]
            elif isinstance(value, list):
                inner += value
            elif isinstance(value, str):
                _check_text(value)
            elif isinstance(value, (int, float)) and not abs(value) <= _LARGEST_NUMBER:
                raise Damaged("holds a number that is too large")
        level = inner
        if not level:
            return
    raise Damaged(f"is nested deeper than {DEEPEST} levels")


def _check_text(value: str) -> None:
    try:
        value.encode()
    except UnicodeEncodeError:
        raise Damaged("holds half a character (a lone surrogate)") from None


# ---------------------------------------------------------------------------------------------------------
# Names


def user_path(text: str | Path) -> Path:
    """A path as a user gave it, with a leading ``~`` read as the home folder.

    A shell does that for ``--out ~/x`` but not for ``--out=~/x``, and libraries differ.
    """
    try:
        return Path(text).expanduser()
    except RuntimeError:  # no such user, or no home
        return Path(text)


def name_fault(path: Path) -> str | None:
    """Why a path cannot be used for a run folder, in words; None where it can."""
    text = str(path)
    if "\0" in text:
        return "a name cannot hold a NUL character"
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return "the name is not UTF-8, which the tables need"
    return None


@contextlib.contextmanager
def naming(path: Path) -> Iterator[None]:
    """Let an error of the system that names no file name this one, such as that of a full disk."""
    try:
        yield
    except OSError as error:
        if error.filename is not None:
            raise
        raise OSError(error.errno or 0, error.strerror or str(error), str(path)) from error
