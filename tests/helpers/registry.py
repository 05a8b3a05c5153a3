"""The registry of levers with entries that no file has, and rows of words for them: all that a new lever must have."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pytest

from irregsim.scenario import levers
from irregsim.scenario.levers import Lever
from irregsim.vocabulary import labels


@contextmanager
def registry_with(*new: Lever, words: Mapping[str, Mapping[str, str]] | None = None) -> Iterator[None]:
    """More entries in the registry, everywhere in irregsim, as if they were in the files of `scenario.levers`.

    Args:
        new: The entries.
        words: Rows of ``labels_levers.csv`` by key, then by language.
    """
    rows = {**labels.labels(), **(words or {})}
    old = {name: getattr(levers, name) for name in ("REGISTRY", "LEVERS", "ASSUMPTIONS")}
    sections = {name: tuple(lever for lever in new if lever.section == name.lower()) for name in old}
    added = {name: entries + (new if name == "REGISTRY" else sections[name]) for name, entries in old.items()}
    modules = [module for name, module in list(sys.modules.items()) if name.partition(".")[0] == "irregsim"]
    with pytest.MonkeyPatch.context() as patch:
        for module in modules:
            for name, entries in old.items():
                if vars(module).get(name) is entries:
                    patch.setattr(module, name, added[name])
        patch.setattr(labels, "labels", lambda: rows)
        _forget(modules)
        yield
    _forget(modules)


def _forget(modules: list[Any]) -> None:
    """Clear what is kept of the registry as it was."""
    for module in modules:
        if module.__name__.startswith("irregsim.scenario"):
            for value in list(vars(module).values()):
                if hasattr(value, "cache_clear"):
                    value.cache_clear()
