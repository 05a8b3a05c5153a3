"""What one lever is: its key, shape, unit, range, default, direction and source. Its words are in a table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Literal

NAV_RULES: tuple[str, ...] = ("rule_2004", "rule_2014", "wide")
"""Rules of emergency help from NAV, from the first to the widest known; an index into it is stored."""

HEALTH_MODELS: tuple[str, ...] = ("ngo_centre", "municipal_asylum_only", "municipal_open", "none")
"""Ways in which a city gives primary health care to persons without legal stay."""


class Kind(StrEnum):
    """Shape of what a scenario writes for a lever."""

    AGREEMENTS = "agreements"
    CENTRE_DATES = "centre_dates"
    DATED = "dated"  # a bare value or a list of {from, value}
    DIRECTIVE = "directive"
    SCHEMES = "schemes"
    YEARS = "years"
    WINDOW = "window"
    SETTING = "setting"  # one value for the whole simulation


class Holds(StrEnum):
    """Type of one value."""

    NUMBER = "number"
    TRUE_FALSE = "true_false"
    OPTION = "option"
    MONTH = "month"
    COUNTRY = "country"
    CENTRE = "centre"
    DISTRICT = "district"
    TEXT = "text"


class By(StrEnum):
    """What a lever is set by, where it is not one value for the country."""

    NOTHING = ""
    CENTRE = "centre"
    DISTRICT = "district"
    CITY = "city"


@dataclass(frozen=True)
class Part:
    """One key of an entry, such as ``effectiveness`` of a return agreement. What readers see of it: `readers.words`.

    Attributes:
        name: Key as written.
        holds: Type of the value.
        words: Key of its words, where they are others than those of the keys of that name; empty where not.
        unit: Unit of a number, by the key of its words.
        low: Smallest number accepted.
        high: Largest number accepted.
        usual: Lowest, highest and step that a slider offers, as for `Lever`.
        required: Whether the entry must have it.
        nullable: Whether ``null`` is accepted (it removes an inherited entry).
        default: Value when it is left out and not required.
    """

    name: str
    holds: Holds
    words: str = ""
    unit: str = ""
    low: float = 0.0
    high: float = 0.0
    usual: tuple[float, float, float] | None = None
    required: bool = False
    nullable: bool = False
    default: float | bool | None = None


@dataclass(frozen=True)
class Lever:
    """One thing a scenario can set. What readers see of it, in every language, is in a table of words: `readers.words`.

    Attributes:
        key: Dotted key below ``levers`` or ``assumptions``.
        section: ``levers`` or ``assumptions``.
        kind: Shape of what is written.
        holds: Type of its value (of ``effectiveness``, ``on`` and so on where entries have parts).
        by: Centre, district or city, where it is set by one.
        unit: Unit, by the key of its words.
        low: Smallest number accepted.
        high: Largest number accepted.
        usual: Lowest, highest and step that a slider offers, for a number. A file may say anything from ``low`` to
            ``high``, and a value may be between two steps (a basic allowance of 1992): a slider must not round what
            it was given.
        default: Value where neither the file nor any parent says anything.
        moves: Outcome to ``up``, ``down`` or ``none`` when the lever is raised or turned on.
        no_direction: Why there is no direction, where ``moves`` is empty, by the key of its words.
        basis: What ``moves`` rests on: ``report``, ``theory`` or ``construction``.
        who_decides: Who can set it in Norway, by the key of its words.
        source: Where meaning and values come from.
        mechanisms: Ids of the report's claims that it works through.
        options: Values accepted, for an option.
        parts: Keys of an entry.
        identity: What makes two entries the same one, by the key of its words; ``none`` where there is only one.
        merge: What a child's entry does to an inherited one, by the key of its words.
        nullable: Whether ``null`` may be written for the value.
        fields: Names of the fields of ``scenario.Levers`` that it fills.
        example: A small piece of YAML for its value.
    """

    key: str
    section: Literal["levers", "assumptions"]
    kind: Kind
    holds: Holds
    unit: str
    default: object
    who_decides: str
    source: str
    fields: tuple[str, ...]
    example: str
    by: By = By.NOTHING
    low: float = 0.0
    high: float = 0.0
    usual: tuple[float, float, float] | None = None
    moves: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    no_direction: str = ""
    basis: str = ""
    mechanisms: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    parts: tuple[Part, ...] = ()
    identity: str = "month"
    merge: str = "path"
    nullable: bool = False

    @property
    def path(self) -> str:
        """Full dotted path in a scenario file."""
        return f"{self.section}.{self.key}"


FROM = Part("from", Holds.MONTH, required=True)
TO = Part("to", Holds.MONTH)
REFERENCE = Part("reference", Holds.TEXT)


def moves_of(**outcomes: str) -> Mapping[str, str]:
    """Directions, with ``stock__x`` written for ``stock:x``."""
    return MappingProxyType({name.replace("__", ":"): sign for name, sign in outcomes.items()})
