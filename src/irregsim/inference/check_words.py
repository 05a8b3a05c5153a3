"""Failed checks of a fit, in the words and the language of a reader.

The account of a posterior keeps each failed check as a line of English with ids of counts, made from the rows
``check.*`` of ``data/labels.csv``. Here such a line is read back by the same rows, its counts get their names, and it
is written in another language.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from typing import Final

from irregsim.inference.targets import targets
from irregsim.vocabulary.labels import label, labels
from irregsim.vocabulary.numbers import country_name

#: What the keys of the rows begin with.
_ROWS: Final = "check."

#: Fields that hold ids of counts, separated by commas.
_COUNTS: Final = ("target", "targets")

_FIELD: Final = re.compile(r"\{(\w+)\}")


def check_line(kind: str, **values: str) -> str:
    """A failed check as accounts of posteriors keep it: English, with ids of counts.

    Args:
        kind: Row of the table of words, without ``check.``.
        values: Its fields.
    """
    return label(_ROWS + kind, "en").format(**values)


def check_words(line: str, lang: str) -> str:
    """A failed check in words.

    Args:
        line: As an account of a posterior has it.
        lang: One of `LANGUAGES`.

    Returns:
        The line with names of counts for their ids; as it is where it is of no known kind, such as one that somebody
        else wrote.
    """
    for key, form in _forms().items():
        if (found := form.fullmatch(line)) is not None:
            values = {name: _value(name, text, lang) for name, text in found.groupdict().items()}
            return label(key, lang).format(**values)
    return line


def caveat_words(key: object, red: Sequence[str], lang: str) -> str:
    """What is to be known of draws that are not calibrated, with the counts that the model does not reach.

    Args:
        key: Row of the table of words, as `irregsim.study.replicates.caveat` gives it; empty or None for none.
        red: Failed checks.
        lang: One of `LANGUAGES`.

    Returns:
        One sentence or two; empty where there is no caveat.
    """
    if not key:
        return ""
    form = _forms()[_ROWS + "not_reached"]
    far = [_value("target", found["target"], lang) for line in red if (found := form.fullmatch(line)) is not None]
    named = [label("sentence.not_reached", lang).format(targets="; ".join(far))] if far else []
    return " ".join([label(str(key), lang), *named])


@cache
def _forms() -> dict[str, re.Pattern[str]]:
    """What a line of each kind looks like, by the key of its row."""
    forms = {}
    for key in labels():
        if key.startswith(_ROWS):
            parts = _FIELD.split(label(key, "en"))
            whole = "".join(f"(?P<{part}>.+?)" if i % 2 else re.escape(part) for i, part in enumerate(parts))
            forms[key] = re.compile(whole)
    return forms


@cache
def _known() -> dict[str, tuple[str, str, str, str]]:
    return {one.id: (one.register, one.dimension, one.key, one.period) for one in targets()}


def _value(name: str, text: str, lang: str) -> str:
    if name in _COUNTS:
        return "; ".join(target_words(*_known()[one], lang) if one in _known() else one for one in text.split(", "))
    if lang == "nb" and re.fullmatch(r"[+-]?[\d,.]+(?: %)?", text):
        return text.translate({ord(","): " ", ord("."): ","})
    return text


def target_words(register: str, dimension: str, key: str, period: str, lang: str, *, full: bool = True) -> str:
    """A published number in words: what was counted, where, and when.

    Args:
        register: As in the targets.
        dimension: As there.
        key: As there; keys joined by ``+`` are named one by one.
        period: As there.
        lang: One of `LANGUAGES`.
        full: Whether to name the register.
    """
    parts = [label(f"register_short.{register}", lang)] if full else []
    if dimension in ("employer", "worker"):
        parts.append(label(f"dimension.{dimension}", lang))
    if dimension == "country_ground":
        country, _, ground = key.partition(":")
        parts += [country_name(country, lang), label(f"key.{ground}", lang)]
    elif dimension == "country":
        parts.append(" + ".join(country_name(name, lang) for name in key.split("+")))
    elif dimension in ("district", "employer", "worker") and key != "total":
        parts.append(label(f"district.{key}", lang))
    elif key != "total" or not full:
        parts.append(label("fit.whole_country" if key == "total" else f"key.{key}", lang))
    text = ", ".join([*parts, period.replace("-", "–") if len(period) == 9 else period])
    return text[0].upper() + text[1:]
