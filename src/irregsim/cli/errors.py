"""What users can do something about, as a message and an exit code: 1 failed, 2 wrong use."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Collection, Iterator
from typing import NoReturn

import click


def warn(text: str) -> None:
    """Prints a warning on stderr."""
    click.echo(f"warning: {text}", err=True)


def wrong(text: str) -> NoReturn:
    """Ends the program: wrong use."""
    click.echo(f"Error: {text}", err=True)
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


@contextlib.contextmanager
def errors() -> Iterator[None]:
    """Turn what users can do something about into a message and an exit code; a bug keeps its traceback."""
    from irregsim.commands.request import RunFailed, Stopped, WrongUse
    from irregsim.scenario import ScenarioError

    try:
        yield
    except ScenarioError as error:
        for fault in error.faults:
            click.echo(str(fault), err=True)
        sys.exit(2)
    except WrongUse as error:
        wrong(str(error))
    except Stopped as error:
        click.echo(f"\n{error}", err=True)
        sys.exit(1)
    except RunFailed as error:
        if error.__cause__ is not None and error.__cause__.__cause__ is not None and "IRREGSIM_DEBUG" in os.environ:
            raise
        click.echo(f"Error: {error}", err=True)
        sys.exit(1)
    except OSError as error:
        click.echo(f"Error: {error.filename or ''}: {error.strerror or error}", err=True)
        sys.exit(1)
