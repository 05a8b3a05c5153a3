"""The text of `irregsim explain`: why a number changed, from what it is to the claims that carry it."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from irregsim.present.pages.compare_declared import slug
from irregsim.present.terminal import table
from irregsim.present.words import (
    effect_text,
    lever_value,
    outcome_words,
    short_title,
    state_words,
    upper,
    verdict_words,
)
from irregsim.scenario.levers import find, words
from irregsim.vocabulary.labels import Words, label, labels
from irregsim.vocabulary.numbers import listed, number, percent
from irregsim.vocabulary.outcomes import is_uncounted

if TYPE_CHECKING:
    from irregsim.commands.explain import Explained

_WIDTH: Final = 108

#: Lines of one kind that are shown; how many more there are is said.
_MOST_CHANGES: Final = 4
_MOST_LINKS: Final = 8
_MOST_PARAMETERS: Final = 4
_MOST_GROUPS: Final = 4


def explanation(one: Explained, lang: str) -> str:
    """An explanation for a screen.

    Args:
        one: From `irregsim.commands.explain.explain`.
        lang: One of `LANGUAGES`. Names of levers, rules and parameters, and the claims, are as in the files.
    """
    say = Words(lang, "explain")
    quoted = {
        name: label("compare.quoted", lang).format(name=short_title(name, {"titles": one.titles}, lang))
        for name in one.titles
    }
    parts = [
        ("h_what", _what(one, say)),
        ("h_effect", [_effect(one, lang)]),
        ("h_parting", list(_parting(one, say))),
        ("h_chain", list(_chain(one, say))),
        ("h_moves", _moves(one, say)),
        ("h_claims", list(_claims(one, say))),
        ("h_evidence", _evidence(one, say)),
    ]
    lines = [f"{upper(outcome_words(one.outcome, lang))} [{one.outcome}]"]
    lines.append(say("of", scenario=quoted[one.scenario], reference=quoted[one.reference]))
    for heading, body in parts:
        if body:
            lines += ["", say(heading), *body]
    return "\n".join(lines)


def _wrapped(text: str, indent: str = "  ", more: str = "") -> list[str]:
    """Lines of a text; those after the first are further in by ``more``, and without the dash of a list."""
    later = indent.replace("-", " ") + more
    return textwrap.wrap(text, _WIDTH, initial_indent=indent, subsequent_indent=later, break_on_hyphens=False)


def _unit(unit: str, lang: str) -> str:
    return label(f"unit.{unit}", lang) if f"unit.{unit}" in labels() else unit


def _what(one: Explained, say: Words) -> list[str]:
    """What the number is, over which months, and in which unit."""
    kind, _, name = one.outcome.partition(":")
    states = [state_words(state, say.lang) for state in one.moves["states"]]
    key = f"is_{kind}" if name != "hidden" else f"is_hidden_{kind}"
    key = key if f"explain.{key}" in labels() else "is_outcome"
    full = label(f"register.{name}", say.lang) if kind == "register" else outcome_words(one.outcome, say.lang)
    row = one.effect
    how = label(f"compare.how_{row['kind']}", say.lang)
    text = [
        say(key, name=upper(full), states=listed(states, say.lang)),
        say("over", how=how, since=row["since"], to=row["to"]),
    ]
    text.append(say("in_percent" if is_uncounted(one.outcome) else "in_unit", unit=_unit(str(row["unit"]), say.lang)))
    return _wrapped(" ".join(text))


def _effect(one: Explained, lang: str) -> str:
    row = one.effect
    unit = str(row["unit"])
    text = effect_text(row, lang)
    text += f" {_unit(unit, lang)}" if unit not in ("percent", "count") or not text.endswith(_unit(unit, lang)) else ""
    replicates = Words(lang, "explain")("replicates", number=number(float(row["n"]), lang))
    return f"  {text}: {verdict_words(row, lang)} ({replicates})"


def _move(origin: str, destination: str, cause: str, lang: str) -> str:
    """A move in words: from where, to where, why."""
    why = label(f"cause.{cause}", lang) if f"cause.{cause}" in labels() else cause
    return f"{state_words(origin, lang)} → {state_words(destination, lang)}: {why}"


def _parting(one: Explained, say: Words) -> Iterator[str]:
    """The month in which the two first differ, what happened, and to whom first."""
    told = one.parting
    if not told["first_month"]:
        yield from _wrapped(say("never_parts"))
        return
    yield from _wrapped(say("parts", since=told["first_effective_month"], month=told["first_month"]))
    causes = told["causes"] or ([told["cause"]] if told["cause"] else [])
    for event in causes[:_MOST_CHANGES]:
        move = _move(event["origin"], event["destination"], event["cause"], say.lang)
        side = say(f"only_{event['side']}") if event.get("side") else ""
        persons = event.get("persons")
        many = say("persons_over", number=number(float(persons), say.lang)) if persons else ""
        yield from _wrapped(f"{event['month']}: {move}{side}{many}", "    ", "  ")
    if person := told["first_person"]:
        states = [state_words(str(person[f"{side}_state"]), say.lang) for side in ("reference", "scenario")]
        yield from _wrapped(
            say("person", person=person["person"], month=person["month"], reference=states[0], scenario=states[1])
        )


def _chain(one: Explained, say: Words) -> Iterator[str]:
    """Each lever, what it is set to, and the rules and parts of the month that it acts on."""
    made = {(m["part"], m["rule"]) for row in one.flows for m in row["makers"]}
    for link in one.chain:
        lever = find(str(link["lever"]))
        yield f"  {lever.path}: {words(lever, say.lang).name}"
        for change in link["changes"][:_MOST_CHANGES]:
            place = str(change["key"]).removeprefix(lever.path).lstrip(".")
            place = f"{place}: " if place and not str(change["key"]).startswith("period") else ""
            key, sides = str(change["key"]), ("reference", "value")
            before, after = (lever_value(key, str(change[side]), say.lang) for side in sides)
            yield from _wrapped(f"{change['from']} .. {change['to']}: {place}{before} -> {after}", "    ")
        if len(link["changes"]) > _MOST_CHANGES:
            yield f"    {say('more', number=len(link['changes']) - _MOST_CHANGES)}"
        # What only shares a claim is shown where it makes one of the moves.
        shown = [row for row in link["links"] if row["reads"] or (row["part"], row["rule"]) in made]
        for row in shown[:_MOST_LINKS]:
            yield from _wrapped(_link(row, say, {str(move["cause"]) for move in one.flows}), "    - ")
        if len(link["links"]) > len(shown[:_MOST_LINKS]):
            yield f"    {say('more_links', number=len(link['links']) - len(shown[:_MOST_LINKS]))}"


def _link(row: Mapping[str, Any], say: Words, moved: set[str]) -> str:
    """A rule or a part: why it is reached, and the moves that follow; those that are shown, where it makes any."""
    key = "rule" if row["rule"] else "part"
    text = say(key, part=row["part"], rule=row["rule"], step=row["step"], grade=row["grade"])
    why = []
    if row["reads"]:
        why.append(say("reads", names=", ".join(row["reads"])))
    if row["claims"]:
        why.append(say("implements", ids=", ".join(row["claims"])))
    chosen = [cause for cause in row["causes"] if cause in moved] or row["causes"]
    causes = [label(f"cause.{cause}", say.lang) for cause in chosen]
    return f"{text}: {'; '.join(why)}" + (f" → {', '.join(causes)}" if causes else "")


def _moves(one: Explained, say: Words) -> list[str]:
    """The moves that changed most, as a table, and how to read it."""
    if not one.flows:
        return _wrapped(say("no_moves"))
    heads = [say(f"c_{name}") for name in ("move", "way", "acted_on", "made_by", "change", "unit", "direction")]
    rows = []
    for row in one.flows:
        makers = [f"{m['rule']} [{m['grade']}]" if m["rule"] else m["part"] for m in row["makers"]]
        unit = str(row["unit"])
        effect = effect_text(row, say.lang).removesuffix(f" {_unit('percent', say.lang)}")
        rows.append(
            [
                _move(row["origin"], row["destination"], row["cause"], say.lang),
                say(f"way_{row['way']}"),
                label("live.yes" if row["is_acted_on"] else "live.no", say.lang),
                ", ".join(makers),
                effect,
                _unit(unit, say.lang),
                verdict_words(row, say.lang),
            ]
        )
    note = say("exact" if one.moves["is_exact"] else "not_exact")
    return [table([heads, *rows], left=7), *_wrapped(note), *_wrapped(say("moves_note"))]


def _claims(one: Explained, say: Words) -> Iterator[str]:
    for row in one.claims:
        grade = f" [{row['grade']}]" if row["grade"] else ""
        yield from _wrapped(f"{row['id']}{grade} {row['claim']}", "  ", "  ")
        used = [f"{name} {one_grade}" for name, one_grade in list(row["parameters"].items())[:_MOST_PARAMETERS]]
        more = len(row["parameters"]) - len(used)
        text = say("parameters", names=", ".join(used)) if used else ""
        text += f" {say('more', number=more)}" if more > 0 else ""
        text += f" {say('left_out', id=row['id'])}" if row["can_be_left_out"] else ""
        if text.strip():
            yield from _wrapped(text.strip(), "       ")
    if one.claims:
        yield from _wrapped(say("grades", grades="; ".join(f"{g} {label(f'grade.{g}', say.lang)}" for g in "ABCD")))


def _evidence(one: Explained, say: Words) -> list[str]:
    """Groups of parameters by the share of the effect's variance over draws."""
    if not one.evidence:
        return _wrapped(say("no_evidence"))
    return [f"  {_group(row, say)}" for row in one.evidence[:_MOST_GROUPS]]


def _group(row: Mapping[str, Any], say: Words) -> str:
    key = "compare.chance" if row["group"] == "chance" else f"compare.group_{slug(str(row['group']))}"
    name = label(key, say.lang) if key in labels() else str(row["group"])
    grade = f" [{row['grade']}]" if row["grade"] else ""
    return f"{percent(float(row['share']), say.lang)}: {name}{grade}"


def explanations(found: Sequence[Explained], lang: str) -> str:
    """Several explanations, one below the other."""
    return "\n\n".join(explanation(one, lang) for one in found)
