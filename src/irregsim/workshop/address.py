"""What a page shows as the query of its address, so that a reload, the back button or a link brings it again.

An address is input from a stranger: every part is read by itself, checked and bounded, and one that cannot be used is
left out. Scenarios are shipped ones, or the one that the server was started with; no file is named.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode

from irregsim.scenario import ScenarioError, shipped_scenarios
from irregsim.scenario.levers import Kind, find
from irregsim.vocabulary.codes import CITIES, month_number, month_text
from irregsim.vocabulary.labels import LANGUAGES
from irregsim.workshop.exercises import ANSWERS, TABS, Exercise, Given, Predicted, material
from irregsim.workshop.live.followed import outcomes
from irregsim.workshop.settings import Change, Key, Settings, places_of

#: Longest query that is read or written, in characters; browsers and proxies take longer ones.
LONGEST: Final = 4000

#: Most parts of a query.
_MOST: Final = 80

#: Highest number of a replicate; the stored runs of exercises go to 39.
_REPLICATES: Final = 1000

#: Largest whole number of a seed, as for `irregsim run`.
_SEEDS: Final = 2**63

#: Answers to predictions, a letter each.
_LETTERS: Final = {answer: answer[0] for answer in ANSWERS}


@dataclass(frozen=True)
class Shown:
    """What a page shows, as far as an address says it.

    Attributes:
        settings: What is set.
        month: The latest month that has run, ``YYYY-MM``; empty where none has.
        tab: Number of the view.
        outcome: Outcome of the view of differences; empty for the first.
        city: Its city, or empty for the country.
        exercise: Name of the exercise that is open; empty for the first.
        answers: Predictions by exercise, then by name of what is predicted.
        revealed: How many results have been seen, by exercise.
        lang: Language; empty for that of the server.
        is_refused: Whether some part could not be used.
    """

    settings: Settings
    month: str = ""
    tab: int = 0
    outcome: str = ""
    city: str = ""
    exercise: str = ""
    answers: Mapping[str, Mapping[str, Given]] = field(default_factory=dict)
    revealed: Mapping[str, int] = field(default_factory=dict)
    lang: str = ""
    is_refused: bool = False


# -- writing ---------------------------------------------------------------------------------------------------


def query_of(shown: Shown, first: Settings) -> str:
    """The query of an address, without its question mark; what is as the server was started is left out.

    Args:
        shown: What the page shows.
        first: Settings with which the server was started.

    Returns:
        At most `LONGEST` characters. Where levers would make it longer, or where scenarios are files, it says what else
        is shown: a file keeps those.
    """
    s = shown.settings
    parts: list[tuple[str, str]] = []

    def add(name: str, value: object, usual: object) -> None:
        if value != usual:
            parts.append((name, str(value)))

    if is_in_address(s, first):
        add("scenario", s.base, first.base)
        add("reference", s.reference_base, first.reference_base)
        add("plain", "1" if not s.given else "", "1" if not first.given else "")
        parts += [("set", text) for text in replace(s, given=()).overrides()]
    add("start", s.start, first.start)
    add("seed", s.seed, first.seed)
    add("replicate", s.replicate, first.replicate)
    add("size", s.scale, first.scale)
    add("draws", s.draws, first.draws)
    rest = [("month", shown.month)] if shown.month else []
    rest += [("tab", TABS[shown.tab])] if shown.tab else []
    rest += [("outcome", shown.outcome)] if shown.outcome else []
    rest += [("city", shown.city)] if shown.city else []
    rest += [("exercise", shown.exercise)] if shown.exercise else []
    for name, given in shown.answers.items():
        written = _written(material().exercise(name), given)
        rest += [("predict", f"{name}.{written}")] if written.strip(",") else []
    rest += [("seen", f"{name}.{number}") for name, number in sorted(shown.revealed.items()) if number]
    rest += [("lang", shown.lang)] if shown.lang else []
    whole = urlencode(parts + rest, safe=":.,/")
    return whole if len(whole) <= LONGEST else urlencode(rest, safe=":.,/")


def is_in_address(settings: Settings, first: Settings) -> bool:
    """Whether scenario and reference are those of the server or shipped, so that an address can name them."""
    shipped = shipped_scenarios()
    return all(
        name in shipped or name == usual
        for name, usual in (
            (settings.base, first.base),
            (settings.reference_base, first.reference_base),
        )
    )


def _written(exercise: Exercise, given: Mapping[str, Given]) -> str:
    """What was predicted: a letter and how much for each, with commas between; nothing where it was not."""
    there = [given.get(one.name) for one in exercise.predict]
    return ",".join("" if one is None else f"{_LETTERS[one.answer]}{one.much or ''}" for one in there)


# -- reading ---------------------------------------------------------------------------------------------------


class _Refused(ValueError):
    """A part of an address cannot be used."""


def read_query(query: str, first: Settings) -> Shown:
    """What an address says; never fails.

    Args:
        query: From outside, without its question mark.
        first: Settings with which the server was started: they hold for all that it does not say.
    """
    if not query:
        return Shown(first)
    try:
        if len(query) > LONGEST:
            raise _Refused
        pairs = parse_qsl(query, max_num_fields=_MOST, errors="strict")
    except ValueError:
        return Shown(first, is_refused=True)
    said: dict[str, list[str]] = {}
    for name, value in pairs:
        said.setdefault(name, []).append(value)
    refused = False
    try:
        settings = _settings(said, first)
    except (_Refused, ScenarioError):
        settings, refused = first, True
    shown = Shown(settings)
    for name, read in _PARTS.items():
        if name in said:
            try:
                shown = read(said[name], shown)
            except _Refused:
                refused = True
    return replace(shown, is_refused=refused)


def _settings(said: Mapping[str, Sequence[str]], first: Settings) -> Settings:
    shipped = shipped_scenarios()

    def one(name: str, usual: str) -> str:
        return said[name][-1] if name in said else usual

    base, reference = one("scenario", first.base), one("reference", first.reference_base)
    if not (base in shipped or base == first.base) or not (reference in shipped or reference == first.reference_base):
        raise _Refused
    draws = one("draws", first.draws)
    if draws not in ("posterior", "point", first.draws):
        raise _Refused
    scale = _number(one("size", str(first.scale)), 0.0, max(1.0, first.scale))
    plain = one("plain", "1" if not first.given else "")
    settings = replace(
        first,
        base=base,
        reference_base=reference,
        given=() if plain == "1" else first.given,
        changes=MappingProxyType(_changes(said.get("set", ()))),
        start=_month(one("start", first.start)),
        seed=_whole(one("seed", str(first.seed)), _SEEDS),
        replicate=_whole(one("replicate", str(first.replicate)), _REPLICATES),
        scale=scale,
        draws=draws,
        # A last month that the command gave is of the scenario it was given for.
        end=first.end if base == first.base else None,
    ).checked()
    if not settings.scenario.start <= month_number(settings.start) <= settings.scenario.end:
        raise _Refused
    return settings


def _changes(texts: Sequence[str]) -> dict[Key, Change]:
    """What a page has set; whether a scenario takes it is checked with the scenario."""
    out: dict[Key, Change] = {}
    for text in texts:
        path, _, written = text.partition("=")
        try:
            lever = find(path)
            value = json.loads(written, parse_constant=_no_number)
        except (KeyError, ValueError, RecursionError):
            raise _Refused from None
        places = set(places_of(lever))
        by_place = isinstance(value, dict) and bool(value) and set(value) <= places
        for place, entry in value.items() if by_place else [("", value)]:
            steps = _steps(entry) if lever.kind is Kind.DATED else ()
            out[lever.path, place] = Change(steps) if steps else Change(whole=entry)
    return out


def _no_number(text: str) -> float:
    raise ValueError(f"{text} is no number")


def _steps(entry: Any) -> tuple[tuple[str, Any], ...]:
    """Months and values of a dated lever; empty where it is written otherwise."""
    if not isinstance(entry, list) or not all(isinstance(one, dict) and set(one) == {"from", "value"} for one in entry):
        return ()
    if not all(isinstance(one["value"], bool | int | float | str | None) for one in entry):
        raise _Refused
    return tuple((_month(one["from"]), one["value"]) for one in entry)


def _month(text: object) -> str:
    try:
        return month_text(month_number(str(text)))
    except ValueError:
        raise _Refused from None


def _whole(text: str, below: int) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) < 20 and int(text) < below):
        raise _Refused
    return int(text)


def _number(text: str, above: float, most: float) -> float:
    try:
        value = float(text)
    except ValueError:
        raise _Refused from None
    if not above < value <= most:
        raise _Refused
    return value


def _read_month(texts: Sequence[str], shown: Shown) -> Shown:
    month = _month(texts[-1])
    if not month_number(shown.settings.start) <= month_number(month) <= shown.settings.scenario.end:
        raise _Refused
    return replace(shown, month=month)


def _read_tab(texts: Sequence[str], shown: Shown) -> Shown:
    if texts[-1] not in TABS:
        raise _Refused
    return replace(shown, tab=TABS.index(texts[-1]))


def _read_city(texts: Sequence[str], shown: Shown) -> Shown:
    if texts[-1] not in CITIES:
        raise _Refused
    return replace(shown, city=texts[-1])


def _read_outcome(texts: Sequence[str], shown: Shown) -> Shown:
    if texts[-1] not in outcomes(shown.city):
        raise _Refused
    return replace(shown, outcome=texts[-1])


def _read_exercise(texts: Sequence[str], shown: Shown) -> Shown:
    return replace(shown, exercise=_exercise(texts[-1]).id)


def _exercise(name: str) -> Exercise:
    try:
        return material().exercise(name)
    except KeyError:
        raise _Refused from None


def _read_answers(texts: Sequence[str], shown: Shown) -> Shown:
    answers: dict[str, dict[str, Given]] = {}
    for text in texts:
        name, _, written = text.partition(".")
        exercise = _exercise(name)
        parts = written.split(",")
        if len(parts) != len(exercise.predict):
            raise _Refused
        given = zip(exercise.predict, parts, strict=True)
        answers[name] = {one.name: _given(part, one) for one, part in given if part}
    return replace(shown, answers=answers)


def _given(written: str, predicted: Predicted) -> Given:
    known = {letter: answer for answer, letter in _LETTERS.items()}
    if written[0] not in known:
        raise _Refused
    answer = known[written[0]]
    if answer == "same":
        much = 0 if written == "s" else -1
    else:
        much = _whole(written[1:], predicted.most + 1)
    if not (much == 0 if answer == "same" else much > 0):
        raise _Refused
    return Given(answer, much)


def _read_seen(texts: Sequence[str], shown: Shown) -> Shown:
    seen: dict[str, int] = {}
    for text in texts:
        name, _, number = text.partition(".")
        exercise = _exercise(name)
        # A result is seen by who has predicted it all.
        if len(shown.answers.get(exercise.id, {})) == len(exercise.predict):
            seen[exercise.id] = _whole(number, len(exercise.predict) + 1)
    return replace(shown, revealed=seen)


def _read_lang(texts: Sequence[str], shown: Shown) -> Shown:
    if texts[-1] not in LANGUAGES:
        raise _Refused
    return replace(shown, lang=texts[-1])


#: Readers of the parts that are no settings; each is given what those before it have read.
_PARTS: Final = {
    "month": _read_month,
    "tab": _read_tab,
    "city": _read_city,
    "outcome": _read_outcome,
    "exercise": _read_exercise,
    "predict": _read_answers,
    "seen": _read_seen,
    "lang": _read_lang,
}
