"""What one lever is: its key, shape, unit, range, default, direction and source."""

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
    TEXT = "text"


class By(StrEnum):
    """What a lever is set by, where it is not one value for the country."""

    NOTHING = ""
    CENTRE = "centre"
    DISTRICT = "district"
    CITY = "city"


@dataclass(frozen=True)
class Part:
    """One key of an entry, such as ``effectiveness`` of a return agreement.

    Attributes:
        name: Key as written.
        holds: Type of the value.
        meaning: What it says, in English.
        meaning_nb: What it says, in Norwegian.
        name_words: Short words for the key, in English.
        name_words_nb: Short words for the key, in Norwegian.
        unit: Unit of a number, in English.
        unit_nb: Unit of a number, in Norwegian.
        low: Smallest number accepted.
        high: Largest number accepted.
        usual: Lowest, highest and step that a slider offers, as for `Lever`.
        required: Whether the entry must have it.
        nullable: Whether ``null`` is accepted (it removes an inherited entry).
        default: Value when it is left out and not required.
    """

    name: str
    holds: Holds
    meaning: str
    meaning_nb: str
    name_words: str
    name_words_nb: str
    unit: str = ""
    unit_nb: str = ""
    low: float = 0.0
    high: float = 0.0
    usual: tuple[float, float, float] | None = None
    required: bool = False
    nullable: bool = False
    default: float | bool | None = None


@dataclass(frozen=True)
class Lever:
    """One thing a scenario can set.

    Attributes:
        key: Dotted key below ``levers`` or ``assumptions``.
        name: Short name for a control, in English; at most 38 characters.
        name_nb: Short name for a control, in Norwegian; at most 38 characters.
        section: ``levers`` or ``assumptions``.
        kind: Shape of what is written.
        holds: Type of its value (of ``effectiveness``, ``on`` and so on where entries have parts).
        by: Centre, district or city, where it is set by one.
        unit: Unit in words, in English.
        unit_nb: Unit in words, in Norwegian.
        low: Smallest number accepted.
        high: Largest number accepted.
        usual: Lowest, highest and step that a slider offers, for a number. A file may say anything from ``low`` to
            ``high``, and a value may be between two steps (a basic allowance of 1992): a slider must not round what
            it was given.
        default: Value where neither the file nor any parent says anything.
        moves: Outcome to ``up``, ``down`` or ``none`` when the lever is raised or turned on.
        no_direction: Why there is no direction, where ``moves`` is empty; in English.
        no_direction_nb: The same in Norwegian.
        basis: ``from the report``, ``from theory`` or ``by construction``, for ``moves``.
        who_decides: Who can set it in Norway, in English.
        who_decides_nb: Who can set it in Norway, in Norwegian.
        source: Where meaning and values come from.
        meaning: What it is, in English.
        meaning_nb: What it is, in Norwegian.
        mechanisms: Ids of the report's claims that it works through.
        options: Values accepted, for an option.
        parts: Keys of an entry.
        identity: What makes two entries the same one.
        merge: What a child's entry does to an inherited one.
        nullable: Whether ``null`` may be written for the value.
        fields: Names of the fields of ``scenario.Levers`` that it fills.
        example: A small piece of YAML for its value.
    """

    key: str
    name: str
    name_nb: str
    section: Literal["levers", "assumptions"]
    kind: Kind
    holds: Holds
    unit: str
    unit_nb: str
    default: object
    who_decides: str
    who_decides_nb: str
    source: str
    meaning: str
    meaning_nb: str
    fields: tuple[str, ...]
    example: str
    by: By = By.NOTHING
    low: float = 0.0
    high: float = 0.0
    usual: tuple[float, float, float] | None = None
    moves: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    no_direction: str = ""
    no_direction_nb: str = ""
    basis: str = ""
    mechanisms: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    parts: tuple[Part, ...] = ()
    identity: str = "month"
    merge: str = "dated values override from their first date on; a single value overrides the whole path"
    nullable: bool = False

    @property
    def path(self) -> str:
        """Full dotted path in a scenario file."""
        return f"{self.section}.{self.key}"


MULTIPLE = "multiple of the baseline path, whose 2019 mean is 1"
"""Unit of a lever or assumption that scales a path."""

MULTIPLE_NB = "ganger referansebanen, som i snitt er 1 i 2019"
"""The same in Norwegian."""

FROM = Part(
    "from",
    Holds.MONTH,
    "First month in force.",
    "Første måned i kraft.",
    name_words="From",
    name_words_nb="Fra",
    required=True,
)
TO = Part(
    "to",
    Holds.MONTH,
    "Last month in force; left out: to the end.",
    "Siste måned i kraft; utelatt: ut perioden.",
    name_words="To",
    name_words_nb="Til og med",
)
REFERENCE = Part(
    "reference",
    Holds.TEXT,
    "Where the entry comes from.",
    "Hvor oppføringen er hentet fra.",
    name_words="Reference",
    name_words_nb="Kilde",
)


def moves_of(**outcomes: str) -> Mapping[str, str]:
    """Directions, with ``stock__x`` written for ``stock:x``."""
    return MappingProxyType({name.replace("__", ":"): sign for name, sign in outcomes.items()})
