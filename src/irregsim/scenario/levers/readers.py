"""What readers see of the levers: groups, words by language, and the fixed words of `explain`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from irregsim.scenario.levers.entry import By, Holds, Lever, Part
from irregsim.vocabulary.labels import LANGUAGES

GROUPS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "return": {"nb": "Retur", "en": "Return"},
        "reception": {"nb": "Asylmottak", "en": "Reception centres"},
        "work": {"nb": "Arbeid og arbeidsgivere", "en": "Work and employers"},
        "control": {"nb": "Kontroll og politi", "en": "Control and police"},
        "regularisation": {"nb": "Regularisering", "en": "Regularisation"},
        "municipal": {"nb": "Kommunale tilbud", "en": "Municipal services"},
        "assumptions": {"nb": "Antakelser", "en": "Assumptions"},
    }
)
"""Headings for levers, by language, in the order in which readers meet them."""

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

SAYS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "en": {
            "required": "required",
            "optional": "may be left out",
            "unit": "unit",
            "values": "range",
            "set_by": "can be set by",
            "default": "default",
            "parts": "keys of an entry",
            "accepts": "Accepts",
            "moves": "expected when raised or turned on",
            "no_direction": "no expected direction",
            "who_decides": "who decides",
            "source": "source",
            "mechanisms": "mechanisms",
            "inherited": "in a scenario that extends another",
            "identity": "entries are matched by",
            "example": "example",
            "to": "to",
            "or": "or",
            "none": "none",
            "text": "text",
            Holds.MONTH: "a month, YYYY-MM",
            Holds.COUNTRY: "a country",
            Holds.CENTRE: "a reception centre",
        },
        "nb": {
            "required": "må være med",
            "optional": "kan utelates",
            "unit": "enhet",
            "values": "gyldige verdier",
            "set_by": "kan settes per",
            "default": "standardverdi",
            "parts": "nøkler i en oppføring",
            "accepts": "Godtar",
            "moves": "ventet når den heves eller slås på",
            "no_direction": "ingen ventet retning",
            "who_decides": "hvem avgjør",
            "source": "kilde",
            "mechanisms": "mekanismer",
            "inherited": "i et scenario som bygger på et annet",
            "identity": "oppføringer kjennes igjen på",
            "example": "eksempel",
            "to": "til",
            "or": "eller",
            "none": "ingen",
            "text": "tekst",
            Holds.MONTH: "en måned, ÅÅÅÅ-MM",
            Holds.COUNTRY: "et land",
            Holds.CENTRE: "et mottak",
        },
    }
)
"""Fixed words of ``explain``, by language."""

_TERMS_NB: Mapping[str, str] = MappingProxyType(
    {
        By.CENTRE: "mottak",
        By.DISTRICT: "politidistrikt",
        By.CITY: "by",
        "up": "opp",
        "down": "ned",
        "none": "ingen",
        "from the report": "ifølge rapporten",
        "from theory": "ut fra teori",
        "by construction": "slik modellen er bygd",
        "month": "måned",
        "year": "år",
        "centre and month": "mottak og måned",
        "district and month": "politidistrikt og måned",
        "city and month": "by og måned",
        "country and from": "country og from",
        "dated values override from their first date on; a single value overrides the whole path": "daterte verdier "
        "overstyrer fra og med første dato; en enkelt verdi overstyrer hele forløpet",
        "replaces": "erstatter",
        "replaces; null removes": "erstatter; null fjerner",
        "the same year replaces; null removes": "samme år erstatter; null fjerner",
        "added; the same country and from replaces; effectiveness null removes": "legges til; samme country og from "
        "erstatter; effectiveness null fjerner",
        "added; the same centre replaces; on null removes": "legges til; samme centre erstatter; on null fjerner",
        "added; the same from replaces; min_years null removes": "legges til; samme from erstatter; min_years null "
        "fjerner",
    }
)
"""Norwegian for the fixed terms of entries. Keys of a file, such as ``from``, stay as they are written."""


@dataclass(frozen=True)
class Words:
    """What readers see of a lever, or of a key of its entries, in one language.

    Attributes:
        name: Short name.
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
        lang: ``nb`` or ``en``.

    Raises:
        KeyError: If there is no such language.
    """
    if lang not in LANGUAGES:
        raise KeyError(f"no language {lang!r}; there are {', '.join(LANGUAGES)}")
    if isinstance(lever, Part):
        if lang == "nb":
            return Words(lever.name_words_nb, lever.meaning_nb, lever.unit_nb)
        return Words(lever.name_words, lever.meaning, lever.unit)
    if lang == "nb":
        return Words(lever.name_nb, lever.meaning_nb, lever.unit_nb, lever.who_decides_nb, lever.no_direction_nb)
    return Words(lever.name, lever.meaning, lever.unit, lever.who_decides, lever.no_direction)


def group_of(lever: Lever) -> str:
    """The key of `GROUPS` under which readers find a lever or an assumption."""
    return lever.section if lever.section == "assumptions" else _GROUP_OF[lever.key.partition(".")[0]]


def term(text: str, lang: str) -> str:
    """A fixed term of an entry in a language; one that is a key of a file stays as it is written."""
    return _TERMS_NB.get(text, text) if lang == "nb" else text
