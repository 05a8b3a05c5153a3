"""Names of outcomes, states and levers in words, shared by the pictures and the page of a comparison."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any, Final

from irregsim.scenario.explain import NEW
from irregsim.scenario.levers import REGISTRY, Holds, Kind, Lever
from irregsim.scenario.levers import words as lever_words_of
from irregsim.study.comparison import verdicts
from irregsim.vocabulary import reference
from irregsim.vocabulary.codes import DISTRICTS, month_number
from irregsim.vocabulary.disclosure import PERCENT
from irregsim.vocabulary.labels import in_language, label, labels
from irregsim.vocabulary.numbers import country_name, listed, month_words, number, percent, plain, rounded_text
from irregsim.vocabulary.outcomes import is_hidden as is_hidden
from irregsim.vocabulary.outcomes import is_uncounted as is_uncounted

#: State of somebody who is in the country in one of two scenarios only, or not yet.
NOT_HERE: Final = "not here"

#: Kind of outcome to the label of what follows its colon.
_KINDS: Final[Mapping[str, str]] = {
    "stock": "strategy",
    "person_months": "strategy",
    "duration": "strategy",
    "exit": "exit",
    "register": "register_short",
    "outcome": "outcome",
}


def upper(text: str) -> str:
    """A text with its first letter as a capital."""
    return text[:1].upper() + text[1:]


def state_words(state: str, lang: str) -> str:
    """A strategy, an exit, an origin or `NOT_HERE` in words; other codes as they are."""
    if state == NOT_HERE:
        return label("compare.not_here", lang)
    for kind in ("strategy", "exit", "origin"):
        if f"{kind}.{state}" in labels():
            return label(f"{kind}.{state}", lang)
    return state


def outcome_words(outcome: str, lang: str) -> str:
    """An outcome of ``differences.parquet`` in words.

    Args:
        outcome: Such as ``stock:fritt_fall`` or ``flow:synlig>videre``.
        lang: Language.

    Returns:
        Its name; the code itself where it has none.
    """
    kind, _, name = outcome.partition(":")
    if outcome == "inflow":
        return label("origin.inflow", lang)
    if outcome == "index:hidden":
        return label("compare.hidden_index", lang)
    if name == "hidden":
        text = label("compare.hidden", lang)
        return label(f"compare.kind_{kind}", lang).format(name=text) if kind == "person_months" else text
    if kind == "flow":
        origin, _, destination = name.partition(">")
        return f"{state_words(origin, lang)} → {state_words(destination, lang)}"
    key = f"{_KINDS.get(kind, kind)}.{name}"
    if key not in labels():
        return outcome
    text = label(key, lang)
    return label(f"compare.kind_{kind}", lang).format(name=text) if kind in ("person_months", "duration") else text


def plain_words(outcome: str, lang: str) -> str:
    """An outcome in words for a sentence that is read without any explanation.

    Args:
        outcome: As for `outcome_words`.
        lang: Language.
    """
    key = f"compare.plain_{'_'.join(outcome.split(':'))}"
    return label(key, lang) if key in labels() else outcome_words(outcome, lang)


def series_words(register: str, dimension: str, key: str, lang: str) -> str:
    """A series of a register in words: the register, and which part of it.

    Args:
        register: Its name.
        dimension: Dimension of the series.
        key: Its key; ``total`` for the whole dimension.
        lang: One of `LANGUAGES`.
    """
    text = label(f"register_short.{register}", lang)
    if key != "total":
        return f"{text}: {label(f'key.{key}', lang)}"
    return text if dimension == "total" else f"{text}: {label(f'dimension.{dimension}', lang)}"


def effect_text(row: Mapping[str, Any], lang: str) -> str:
    """An effect with its interval, rounded: as the table has it, or made here where it is older than the language.

    Args:
        row: Of a table with the columns ``mean``, ``lo``, ``hi``, ``unit`` and ``rounded_text_<language>``.
        lang: Language.
    """
    found = row.get(f"rounded_text_{lang}")
    if found is not None:
        return str(found)
    mean, lo, hi = (float(row[name]) for name in ("mean", "lo", "hi"))
    return rounded_text(mean, lo, hi, str(row["unit"]), lang, told=has_direction(row))


def certainty_of(row: Mapping[str, Any]) -> str:
    """How sure the direction of an effect is, of `verdicts.CERTAINTIES`; from its verdict where the table is older."""
    found = row.get("certainty")
    if isinstance(found, str):
        return found
    if has_direction(row):
        return verdicts.CLEAR
    return verdicts.SAME if row["mean"] == row["lo"] == row["hi"] == 0.0 else verdicts.UNCLEAR


def share_of(row: Mapping[str, Any]) -> float:
    """Share of the replicates that go the way of the verdict, 0 to 1; missing where the table has none."""
    up = float(row.get("share_positive", math.nan))
    return up if row["verdict"] == "up" else float(row.get("share_negative", 1.0 - up))


def verdict_words(row: Mapping[str, Any], lang: str) -> str:
    """The direction of an effect in words, how sure it is, and whether it is very little."""
    little = is_very_little(row)
    return verdicts.in_words(str(row["verdict"]), certainty_of(row), share_of(row), lang, little=little)


def is_very_little(row: Mapping[str, Any]) -> bool:
    """Whether an effect is very little beside its reference (`verdicts.is_very_little`).

    Args:
        row: Of a table of effects, as the folder has it or as readers see it.

    Returns:
        False without a reference above zero, since there is nothing to measure it by.
    """
    if str(row.get("unit", "")) == PERCENT:
        return verdicts.is_very_little(*(float(row[name]) for name in ("mean", "lo", "hi")))
    base = float(row.get("reference_mean", math.nan))
    if not base > 0:
        return False
    ends = [float(row.get(f"percent_{end}", 100.0 * float(row[end]) / base)) for end in ("lo", "hi")]
    return verdicts.is_very_little(100.0 * float(row["mean"]) / base, *ends)


def graded(row: Mapping[str, Any], text: str, lang: str) -> str:
    """An effect as it may be told: its text where it is clear, with the share of the replicates where it is probable.

    Args:
        row: Of a table with the columns ``verdict``, ``certainty``, ``share_positive`` and ``share_negative``.
        text: The effect with its interval and unit.
        lang: Language.

    Returns:
        That, and that it is very little where it is (`is_very_little`); or that there is no clear direction or no
        difference.
    """
    certainty = certainty_of(row)
    if certainty not in (verdicts.CLEAR, verdicts.PROBABLE):
        return verdict_words(row, lang)
    if certainty == verdicts.PROBABLE:
        text = label("compare.probably", lang).format(effect=text, share=percent(share_of(row), lang))
    return label("compare.very_little", lang).format(effect=text) if is_very_little(row) else text


def has_direction(row: Mapping[str, Any]) -> bool:
    """Whether the effect of a row is said to go up or down, clearly or probably."""
    return row.get("verdict") in ("up", "down")


def account(kind: str, state: str) -> str:
    """The outcome that an account of the table ``balance`` is: kind ``strategy``, ``exit`` or ``inflow``."""
    return {"strategy": f"stock:{state}", "exit": f"exit:{state}"}.get(kind, "inflow")


def lever_meaning(lever: Lever, lang: str) -> str:
    """The meaning of a lever cut to its first sentence, without its full stop."""
    return lever_words_of(lever, lang).meaning.partition(". ")[0].rstrip(".")


def lever_of(key: str) -> Lever | None:
    """The lever of a full key path as in ``irregsim diff``, such as ``levers.municipal.shelter.Bergen``."""
    bare = _bare(key)
    fitting = (one for one in REGISTRY if bare == one.key or bare.startswith(one.key + "."))
    return max(fitting, key=lambda one: len(one.key), default=None)


def _bare(key: str) -> str:
    return key.removeprefix("levers.").removeprefix("assumptions.")


def lever_words(key: str, lang: str) -> str:
    """The place a lever is set for, and its meaning cut to its first sentence.

    Args:
        key: Full key path as in ``irregsim diff``: ``levers.municipal.shelter.Bergen``.
        lang: Language.
    """
    found = lever_of(key)
    if found is None:
        return key
    place = _bare(key)[len(found.key) + 1 :]
    if place.startswith(f"{NEW}."):
        return label("present.new_centre", lang).format(name=place.removeprefix(f"{NEW}."))
    if found.kind is Kind.CENTRE_DATES:
        return f"{centre_words(place, lang)}: {label('compare.centre_is_open', lang)}"
    meaning = lever_meaning(found, lang)
    return f"{place}: {meaning}" if place else meaning


def centre_words(name: str, lang: str) -> str:
    """A reception centre in words: a named one as it is, the pool of a district's other centres by the district."""
    for centre in reference.centres():
        if centre.name == name and centre.places is None:
            district = DISTRICTS[reference.places()[centre.place].district]
            return label("present.all_centres", lang).format(district=label(f"district.{district}", lang))
    return name


def lever_change(key: str, value: str, lang: str) -> str:
    """A lever and its value in few words, such as ``Bergen: Emergency shelter, 48``.

    Args:
        key: Full key path as in ``irregsim diff``.
        value: As ``irregsim diff`` shows it.
        lang: Language.
    """
    found = lever_of(key)
    if found is None:
        return f"{key}: {value}"
    place = _bare(key)[len(found.key) + 1 :]
    if place.startswith(f"{NEW}."):
        name = label("present.new_centre", lang).format(name=place.removeprefix(f"{NEW}."))
        state = label("present.new_places", lang).format(number=value)
        return f"{name}: {state if value != '0' else label('live.centre_closed', lang)}"
    if found.kind is Kind.CENTRE_DATES:
        place = centre_words(place, lang)
        return f"{place}: {label('live.centre_open' if value == 'true' else 'live.centre_closed', lang)}"
    text = _value_words(found, value, lang)
    name = lever_words_of(found, lang).name
    return f"{place}: {name}, {text}" if place else f"{name}: {text}"


#: What a value of several parts is made of in ``irregsim diff``, and the label that says it.
_PARTS: Final[Mapping[str, str]] = {
    r"([\d.]+) years": "years",
    r"age and years ([\d.]+)": "age_and_years",
    "no conviction": "no_conviction",
    "sought asylum": "sought_asylum",
    "families": "families",
    r"back pay ([\d.]+) months": "back_pay",
    "duty to check": "duty_to_check",
    "complaint route": "complaint_route",
}

#: Levers whose value has several parts, each with its own unit.
_OF_PARTS: Final = frozenset({Kind.SCHEMES, Kind.DIRECTIVE})


def _parts_words(value: str, lang: str) -> str:
    return "; ".join(", ".join(_part_words(part, lang) for part in one.split(", ")) for one in value.split("; "))


def _part_words(part: str, lang: str) -> str:
    for pattern, key in _PARTS.items():
        if found := re.fullmatch(pattern, part):
            return label(f"value_part.{key}", lang).format(number=plain(found[1], lang) if found.groups() else "")
    return part


def _value_words(lever: Lever, value: str, lang: str) -> str:
    if lever.kind in _OF_PARTS and value != "none":
        return _parts_words(value, lang)
    words = {"true": label("live.yes", lang), "false": label("live.no", lang), "none": label("live.none", lang)}
    for option in lever.options:
        key = f"{lever.key.rpartition('.')[2]}.{option}"
        if value == option and key in labels():
            return label(key, lang)
    return words.get(value, value)


def lever_name(key: str, lang: str) -> str:
    """The name of a lever with the place it is set for and the unit of its number; the key of one that is not known."""
    found = lever_of(key)
    if found is None:
        return key
    place = _bare(key)[len(found.key) + 1 :]
    if place.startswith(f"{NEW}."):
        return upper(label("present.new_centre", lang).format(name=place.removeprefix(f"{NEW}.")))
    if found.kind is Kind.CENTRE_DATES:
        return upper(centre_words(place, lang))
    if found.kind is Kind.AGREEMENTS:
        place = country_name(place, lang)
    words = lever_words_of(found, lang)
    name = f"{words.name}, {place}" if place else words.name
    return (
        f"{name} ({words.unit})" if found.holds is Holds.NUMBER and words.unit and found.kind not in _OF_PARTS else name
    )


def lever_value(key: str, value: str, lang: str) -> str:
    """A value of a lever in words, a number as the language writes it.

    Args:
        key: Full key path as in ``irregsim diff``.
        value: As ``irregsim diff`` shows it.
        lang: Language.
    """
    found = lever_of(key)
    if found is None:
        return value
    if f".{NEW}." in f".{_bare(key)}":
        closed = label("compare.centre_closed", lang)
        return closed if value == "0" else label("present.new_places", lang).format(number=value)
    if found.kind is Kind.CENTRE_DATES:
        return label("compare.centre_open" if value == "true" else "compare.centre_closed", lang)
    text = _value_words(found, value, lang)
    try:
        amount = float(value)
    except ValueError:
        return text
    return number(amount, lang, decimals=0) if abs(amount) >= 1000 else plain(f"{amount:g}", lang)


def unequal_periods(about: Mapping[str, Any], lang: str) -> str:
    """That the scenarios of a comparison begin to change something in different months, and which in which.

    Args:
        about: What the comparison is about; of it ``scenarios``, ``first_effective`` and ``titles``.
        lang: Language.

    Returns:
        A sentence or two; empty in a sweep, and where all that change anything begin in the same month.
    """
    by: dict[str, list[str]] = {}
    for name in about["scenarios"]:
        if month := about.get("first_effective", {}).get(name):
            title = label("compare.quoted", lang).format(name=short_title(name, about, lang))
            by.setdefault(str(month), []).append(title)
    if len(by) < 2 or about.get("sweep"):
        return ""
    starts = [f"{month_words(month_number(month), lang)}: {listed(names, lang)}" for month, names in sorted(by.items())]
    return label("compare.caution_periods", lang).format(starts="; ".join(starts))


def short_title(name: str, about: Mapping[str, Any], lang: str) -> str:
    """The title of a scenario up to the end of its first sentence."""
    return title_of(name, about, lang).partition(". ")[0]


def title_of(name: str, about: Mapping[str, Any], lang: str) -> str:
    """Title of a scenario: from ``about["titles"]``, else its name."""
    found = about.get("titles", {}).get(name)
    return in_language(found, lang) if found else name
