"""One setting by its key, with a month where it begins later: ``PATH`` or ``PATH@YYYY-MM``, as ``--set`` reads it."""

from __future__ import annotations

from irregsim.scenario.levers import REGISTRY, Kind
from irregsim.vocabulary.codes import month_number


def is_of(key: str, path: str) -> bool:
    """Whether a key is a lever, or a place or part of it."""
    return key == path or key.startswith(f"{path}.")


def month_fault(key: str, month: str) -> str | None:
    """Why a setting cannot begin in a month, in words; None where it can.

    Args:
        key: Full path of the setting.
        month: ``YYYY-MM``.
    """
    try:
        month_number(month)
    except ValueError as error:
        return str(error)
    lever = max((one for one in REGISTRY if is_of(key, one.path)), key=lambda one: len(one.path), default=None)
    if lever is not None and lever.kind is not Kind.DATED:
        return f"{lever.path} takes no month after @; write the dates into its values"
    return None


def override(key: str, month: str, value: str) -> str:
    """The ``--set`` of a value.

    Args:
        key: Full path of the setting.
        month: First month, ``YYYY-MM``; empty for the whole period.
        value: In YAML.
    """
    return f"{key}=[{{from: {month}, value: {value}}}]" if month else f"{key}={value}"
