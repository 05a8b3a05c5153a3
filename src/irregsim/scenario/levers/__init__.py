"""What a scenario can set: one entry per lever and per assumption.

A *lever* is something a government, an agency or a municipality can set. An *assumption* is a dated path that
no government sets. Reading a scenario, its JSON Schema, the ``levers`` command, the sliders and the direction
tests all read these entries; no list is kept twice.

Sources: ``F`` is Fafo-rapport 2021:15 with its section; ``T`` and ``M`` numbers are rows of its policy
timeline and its mechanisms. A direction in ``moves`` is what raising the lever (or turning it on) does, other
things equal; ``basis`` says where the direction comes from.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from irregsim.scenario.levers.assumptions import ASSUMPTIONS
from irregsim.scenario.levers.control_and_municipal import CONTROL_AND_MUNICIPAL
from irregsim.scenario.levers.entry import HEALTH_MODELS, NAV_RULES, By, Holds, Kind, Lever, Part
from irregsim.scenario.levers.readers import GROUPS, Words, group_of, heading, term, words
from irregsim.scenario.levers.reception_and_work import RECEPTION_AND_WORK
from irregsim.vocabulary.labels import LANGUAGES, labels
from irregsim.vocabulary.labels import Words as Say

__all__ = [
    "ASSUMPTIONS",
    "GROUPS",
    "HEALTH_MODELS",
    "LEVERS",
    "NAV_RULES",
    "REGISTRY",
    "By",
    "Holds",
    "Kind",
    "Lever",
    "Part",
    "Words",
    "default_text",
    "explain",
    "find",
    "group_of",
    "heading",
    "matching",
    "number_text",
    "range_text",
    "words",
]

LEVERS: tuple[Lever, ...] = RECEPTION_AND_WORK + CONTROL_AND_MUNICIPAL
"""All levers, in the order of the contract."""

REGISTRY: tuple[Lever, ...] = LEVERS + ASSUMPTIONS
"""Everything below ``levers`` and ``assumptions`` of a scenario."""


def find(name: str) -> Lever:
    """The lever or assumption of that name.

    Args:
        name: Key, with or without its section; the last part is enough where no two share it.

    Raises:
        KeyError: With the nearest names, if there is none or more than one.
    """
    exact = [lever for lever in REGISTRY if name in (lever.key, lever.path)]
    found = exact or [lever for lever in REGISTRY if lever.key.split(".")[-1] == name]
    if len(found) == 1:
        return found[0]
    if found:
        raise KeyError(f"{name!r} is more than one lever: {', '.join(lever.key for lever in found)}")
    from difflib import get_close_matches

    names = {lever.key: lever.key for lever in REGISTRY} | {lever.key.split(".")[-1]: lever.key for lever in REGISTRY}
    near = dict.fromkeys(names[close] for close in get_close_matches(name, names, n=3, cutoff=0.6))
    hint = f" (did you mean {' or '.join(near)}?)" if near else ""
    raise KeyError(f"no lever or assumption {name!r}{hint}")


def matching(text: str) -> list[Lever]:
    """Levers and assumptions that somebody means: by name, by the beginning of their keys, by group, or by words.

    Args:
        text: Such as ``fines``, ``levers.municipal``, ``centres`` or ``mottak``; in any language there are words in.

    Returns:
        The first of these that finds any, in the order of the registry: those of that name, with or without its
        section; those whose last part it is; those whose key begins with it, part by part; those of a group of that
        heading; those with it in a key, in a name, or at the beginning of a word of a meaning; those of a section that
        is also asked for by that word (rows ``asked_as``), such as ``bøter``.
    """
    word = " ".join(text.lower().split())
    bare = word.removeprefix("levers.").removeprefix("assumptions.").strip(".")
    if not bare:
        return []
    begins = rf"(?<!\w){re.escape(bare)}"
    ways: tuple[Callable[[Lever], bool], ...] = (
        lambda lever: word in (lever.key, lever.path),
        lambda lever: lever.key.rpartition(".")[2] == bare,
        lambda lever: lever.key.startswith(f"{bare}."),
        lambda lever: bare in (group_of(lever), *(heading(group_of(lever), lang).lower() for lang in LANGUAGES)),
        lambda lever: bare in lever.key,
        lambda lever: any(bare in words(lever, lang).name.lower() for lang in LANGUAGES),
        lambda lever: any(re.search(begins, words(lever, lang).meaning.lower()) for lang in LANGUAGES),
        lambda lever: bare in _asked_as(lever.key.partition(".")[0]),
    )
    return next((found for way in ways if (found := [lever for lever in REGISTRY if way(lever)])), [])


def _asked_as(section: str) -> set[str]:
    """Other words for the levers of a section, in any language."""
    rows = labels().get(f"asked_as.{section}", {})
    return {word for text in rows.values() for word in text.split(", ")}


def number_text(value: float) -> str:
    """A number without needless decimals: 5 rather than 5.0."""
    return str(int(value)) if float(value).is_integer() and abs(value) < 1e15 else repr(float(value))


def range_text(lever: Lever | Part, lang: str = "en") -> str:
    """The accepted values in words, such as ``0 to 1``. What a file says, such as ``true``, stays as it is written."""
    says = Say(lang, "lever_says")
    if lever.holds is Holds.NUMBER:
        return f"{number_text(lever.low)} {says('to')} {number_text(lever.high)}"
    if lever.holds is Holds.TRUE_FALSE:
        return f"true {says('or')} false"
    if isinstance(lever, Lever) and lever.options:
        return ", ".join(lever.options)
    named = lever.holds in (Holds.MONTH, Holds.COUNTRY, Holds.CENTRE, Holds.DISTRICT)
    return says(lever.holds.value if named else "text")


def default_text(lever: Lever, lang: str = "en") -> str:
    """The default, as it would be written in a scenario; in words where there are no entries."""
    if lever.default is None:
        return "null"
    if isinstance(lever.default, bool):
        return "true" if lever.default else "false"
    if isinstance(lever.default, float):
        return number_text(lever.default)
    return Say(lang, "lever_says")("none") if lever.default == () else str(lever.default)


def explain(lever: Lever | str, lang: str = "en") -> str:
    """One lever in plain words, as `irregsim levers NAME` prints it.

    Args:
        lever: The lever, or its name as for `find`.
        lang: A language. Keys, codes, values and the source stay as they are written.

    Returns:
        Lines without a final line break: path and name, meaning, unit, range, default, keys of an entry, what a
        scenario that extends another does to inherited entries, direction, who decides, source, mechanisms, example.

    Raises:
        KeyError: If there is no such lever or language.
    """
    lever = find(lever) if isinstance(lever, str) else lever
    own, says = words(lever, lang), Say(lang, "lever_says")
    rows = {"unit": own.unit}
    if lever.holds in (Holds.TRUE_FALSE, Holds.OPTION) or lever.high > lever.low:
        rows["values"] = range_text(lever, lang)
    rows["default"] = default_text(lever, lang)
    if lever.by:
        rows["set_by"] = term("by", lever.by.value, lang)
    parts = [f"    - {part.name}: {_part_text(part, lang)}" for part in lever.parts]
    rows["inherited"] = term("merge", lever.merge, lang)
    if lever.identity != "none":
        rows["identity"] = term("identity", lever.identity, lang)
    if lever.moves:
        arrows = ", ".join(f"{outcome} {term('sign', sign, lang)}" for outcome, sign in lever.moves.items())
        rows["moves"] = f"{arrows} ({term('basis', lever.basis, lang)})"
    else:
        rows["no_direction"] = own.no_direction
    rows["who_decides"] = own.who_decides
    rows["source"] = lever.source
    rows["mechanisms"] = ", ".join(lever.mechanisms) or says("none")
    rows["example"] = f"{lever.key.rpartition('.')[2]}: {lever.example}"
    lines = [f"  {says(key)}: {text}" for key, text in rows.items()]
    if parts:
        before = list(rows).index("inherited")
        lines[before:before] = [f"  {says('parts')}:", *parts]
    return "\n".join([f"{lever.path}: {own.name}", f"  {own.meaning}", *lines])


def _part_text(part: Part, lang: str) -> str:
    """A key of an entry: what it means, what may be written, and whether it must be."""
    own, says = words(part, lang), Say(lang, "lever_says")
    unit = f" ({own.unit})" if own.unit else ""
    need = says("required" if part.required else "optional")
    return f"{own.meaning} {says('accepts')}: {range_text(part, lang)}{unit}; {need}."
