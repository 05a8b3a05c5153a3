"""What users can do something about, as a message and an exit code: 1 failed, 2 wrong use."""

from __future__ import annotations

import contextlib
import errno
import os
import sys
from collections.abc import Collection, Iterator
from typing import NoReturn

from irregsim.cli.signals import exit_code, interruptible
from irregsim.cli.streams import print_text


def say(text: object = "", *, err: bool = False) -> None:
    """Prints text, in which words of a file or a folder's name may be, as what can only be read.

    Args:
        text: What is said.
        err: Whether it goes to stderr.
    """
    print_text(str(text), err=err)


def warn(text: str, word: str = "warning") -> None:
    """Prints a warning on stderr, behind that word."""
    say(f"{word}: {text}", err=True)


def wrong(text: str) -> NoReturn:
    """Ends the program: wrong use."""
    say(f"Error: {text}", err=True)
    sys.exit(2)


def known(name: str, names: Collection[str], what: str, listing: str) -> str:
    """The name, or the end of the program with the nearest ones.

    Args:
        name: What was asked for.
        names: What there is.
        what: Noun for one of them.
        listing: Command that lists them.
    """
    import difflib

    if name in names:
        return name
    near = difflib.get_close_matches(name, list(names), n=3)
    hint = f" (did you mean {' or '.join(near)}?)" if near else ""
    wrong(f"no {what} is called {name!r}{hint}; {listing} lists all")


def failed(text: str) -> NoReturn:
    """Ends the program: the work was begun and did not succeed."""
    say(f"Error: {text}", err=True)
    sys.exit(1)


@contextlib.contextmanager
def errors() -> Iterator[None]:
    """Turn what users can do something about into a message and an exit code; a bug keeps its traceback."""
    with interruptible():
        try:
            with _in_words():
                yield
        except KeyboardInterrupt as stopped:  # what had something to keep has said so
            sys.exit(exit_code(stopped))


@contextlib.contextmanager
def _in_words() -> Iterator[None]:
    from irregsim.commands.request import RunFailed, Stopped, WrongUse
    from irregsim.scenario import ScenarioError
    from irregsim.storage.paths import FolderError
    from irregsim.study.comparison.pairs import PairingError

    try:
        yield
    except ScenarioError as error:
        from irregsim.cli.options import spoken_language
        from irregsim.present.fault_words import fault_text

        lang = spoken_language()
        for fault in error.faults:
            say(fault_text(fault, lang), err=True)
        sys.exit(2)
    except (WrongUse, PairingError, FolderError) as error:
        wrong(str(error))
    except Stopped as error:
        say(f"\n{error}", err=True)
        sys.exit(1)
    except RunFailed as error:
        if error.__cause__ is not None and error.__cause__.__cause__ is not None and "IRREGSIM_DEBUG" in os.environ:
            raise
        failed(str(error))
    except AssertionError as error:
        from irregsim.study.comparison.lives.balance import BalanceError

        if not isinstance(error, BalanceError):
            raise
        failed(f"{error}; if a reused run was changed, remove its folder and run the same command again")
    except OSError as error:
        if is_lack_of_memory(error):
            raise
        # Libraries wrap the words of the system in their own.
        reason = os.strerror(error.errno) if error.errno else str(error.strerror or error)
        failed(f"{error.filename}: {reason}" if error.filename else reason)


@contextlib.contextmanager
def memory_errors() -> Iterator[None]:
    """Turn too little memory into a message, wherever it is met: also while libraries are loaded."""
    try:
        yield
    except Exception as error:
        if "IRREGSIM_DEBUG" in os.environ or not is_lack_of_memory(error):
            raise
        failed(
            "there was not enough memory; finished replicates are kept. Try again with fewer --jobs, "
            "a smaller --scale, or a shorter period (--end)"
        )


def is_lack_of_memory(error: BaseException) -> bool:
    """Whether an error, or one that caused it, says that the system gave no more memory, in any library's words."""
    seen: BaseException | None = error
    while seen is not None:
        words = str(seen).lower()
        if isinstance(seen, MemoryError) or (isinstance(seen, OSError) and seen.errno == errno.ENOMEM):
            return True
        if isinstance(seen, ImportError) and ("cannot allocate memory" in words or "failed to map segment" in words):
            return True
        if isinstance(seen, RuntimeError) and "can't start new thread" in words:
            return True
        seen = seen.__cause__ or seen.__context__
    return False
