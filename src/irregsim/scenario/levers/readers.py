"""What readers see of the levers: groups, words by language, and the fixed words of `explain`.

The words are in ``data/labels_levers.csv``: ``lever.<key>.name`` and ``.meaning`` of a lever or an assumption,
``lever_part.<key>.name`` and ``.meaning`` of a key of its entries. Units, who decides, reasons for having no direction
and the terms of an entry are shared, and named by short keys: ``lever_unit.beds``, ``lever_decides.udi_with_ngos``,
``lever_no_direction.no_order``, ``lever_merge.path``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from irregsim.scenario.levers.entry import Lever, Part
from irregsim.vocabulary.labels import label

GROUPS: tuple[str, ...] = ("return", "reception", "work", "control", "regularisation", "municipal", "assumptions")
"""Groups of levers, in the order in which readers meet them; headings by `heading`."""

_GROUP_OF: Mapping[str, str] = MappingProxyType(
    {
        "return_agreements": "return",
        "assisted_return": "return",
        "reception_centres": "reception",
        "fines": "work",
        "employer_sanctions_directive": "work",
        "work": "work",
        "controls": "control",
        "police": "control",
        "detention": "control",
        "regularisation": "regularisation",
        "municipal": "municipal",
    }
)
"""First part of a lever's key to its group."""


@dataclass(frozen=True)
class Words:
    """What readers see of a lever, or of a key of its entries, in one language.

    Attributes:
        name: Short name for a control; at most 38 characters.
        meaning: What it is.
        unit: Unit in words; empty for a key without one.
        who_decides: Who can set it; empty for a key of an entry.
        no_direction: Why there is no direction; empty where there is one, and for a key of an entry.
    """

    name: str
    meaning: str
    unit: str
    who_decides: str = ""
    no_direction: str = ""


def words(lever: Lever | Part, lang: str = "en") -> Words:
    """The words for a lever, or for a key of its entries.

    Args:
        lever: Either.
        lang: A language.

    Raises:
        KeyError: If there is no such language, or a word is missing; the message names its key.
    """
    if isinstance(lever, Part):
        own, unit = f"lever_part.{lever.words or lever.name}", _shared("unit", lever.unit, lang)
        return Words(label(f"{own}.name", lang), label(f"{own}.meaning", lang), unit)
    return Words(
        label(f"lever.{lever.key}.name", lang),
        label(f"lever.{lever.key}.meaning", lang),
        _shared("unit", lever.unit, lang),
        _shared("decides", lever.who_decides, lang),
        _shared("no_direction", lever.no_direction, lang),
    )


def _shared(kind: str, key: str, lang: str) -> str:
    return term(kind, key, lang) if key else ""


def group_of(lever: Lever) -> str:
    """The one of `GROUPS` in which readers find a lever or an assumption."""
    return lever.section if lever.section == "assumptions" else _GROUP_OF[lever.key.partition(".")[0]]


def heading(group: str, lang: str) -> str:
    """The words above one of `GROUPS`."""
    return label(f"lever_group.{group}", lang)


def term(kind: str, key: str, lang: str) -> str:
    """A term that entries share, in a language; names of keys of a file stay as they are written.

    Args:
        kind: ``unit``, ``decides``, ``no_direction``, ``merge``, ``identity``, ``by``, ``sign`` or ``basis``.
        key: As an entry has it.
        lang: A language.

    Raises:
        KeyError: If there is no such language or term.
    """
    return label(f"lever_{kind}.{key}", lang)
