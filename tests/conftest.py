"""What holds for all tests."""

from __future__ import annotations

import pytest
from hypothesis import settings

# How long an example takes depends on what else the machine does.
settings.register_profile("irregsim", deadline=None)
settings.load_profile("irregsim")

#: Files that take longest, and what they share cannot be divided: they begin first, so that no process waits for one at
#: the end (``--no-loadscope-reorder`` keeps this order).
FIRST = ("test_page", "test_experiment", "test_cli", "test_notebooks", "test_model", "test_workshop", "test_paired")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long files first; all else as it was."""
    order = {name: place for place, name in enumerate(FIRST)}
    items.sort(key=lambda item: order.get(item.path.stem, len(FIRST)))
