"""Rows of the tables that come with irregsim, under ``data/``."""

from __future__ import annotations

import csv
from importlib.resources import files


class DataError(Exception):
    """A shipped table contradicts itself; the message names the file and every fault."""


def read_table(name: str) -> list[dict[str, str]]:
    """Rows of a shipped CSV file under ``data/``.

    Args:
        name: Path inside ``data/``, such as ``countries.csv``.
    """
    text = (files("irregsim") / "data" / name).read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))


def columns_of(name: str) -> tuple[str, ...]:
    """Names of the columns of a shipped CSV file under ``data/``; reads its first line only."""
    with (files("irregsim") / "data" / name).open(encoding="utf-8") as stream:
        return tuple(next(csv.reader(stream)))
