"""Who decides on a scenario, and what its author expects of it: text with the levers, never read by the model.

A shipped scenario names the outcomes it should move, in which direction, and what that rests on. Tests compare the
declared directions with paired runs (docs/scenarios.md).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from irregsim.scenario.faults import hinted, shorten
from irregsim.vocabulary import labels, reference
from irregsim.vocabulary import report_tables as tables
from irregsim.vocabulary.codes import Exit, Strategy
from irregsim.vocabulary.labels import ALWAYS, LANGUAGES, by_language

if TYPE_CHECKING:
    from irregsim.scenario.file_checks import Checker
    from irregsim.scenario.yaml_nodes import Mark, Node

DECIDERS: tuple[str, ...] = ("Storting", "ministry", "UDI", "police", "municipality", "NGO", "nobody")
"""Words of ``decides``, in the order in which lists show them; headings are the labels ``decider.<word>``."""

DIRECTIONS: tuple[str, ...] = ("up", "down", "unsure")
"""Words of ``direction``: against the parent, from the change on."""

RESTS_ON: tuple[str, ...] = ("report", "theory", "construction")
"""Words of ``rests_on``; what they mean is in the labels ``rests_on.<word>``."""

FAMILIES: tuple[str, ...] = ("stock", "exit", "register", "outcome", "centre", "hazard")
"""What an outcome of ``expects`` can be, before its colon."""

PARTS: tuple[str, ...] = ("outcome", "direction", "rests_on", "mechanisms", "why")
"""Keys of an entry of ``expects``; all required."""


@dataclass(frozen=True)
class Expectation:
    """One outcome that a scenario is expected to move.

    Attributes:
        outcome: Such as ``stock:synlig``, ``exit:tvangsretur``, ``register:udi_expulsions``,
            ``outcome:roofless_person_months`` or ``hazard:walkout`` (sum of a rule's probabilities).
        direction: One of `DIRECTIONS`.
        rests_on: One of `RESTS_ON`.
        mechanisms: Ids of the mechanisms it works through.
        why: The reason in words, by language.
    """

    outcome: str
    direction: str
    rests_on: str
    mechanisms: tuple[str, ...]
    why: dict[str, str]

    def to_mapping(self) -> dict[str, Any]:
        """JSON-able form, as written in a file."""
        return {
            "outcome": self.outcome,
            "direction": self.direction,
            "rests_on": self.rests_on,
            "mechanisms": list(self.mechanisms),
            "why": dict(self.why),
        }

    @classmethod
    def from_mapping(cls, row: Mapping[str, Any]) -> Expectation:
        """What `to_mapping` wrote. A ``why`` of one text, as written before it had languages, counts for all.

        Raises:
            KeyError: If a key is missing, or a language that every text has.
        """
        mechanisms = tuple(str(one) for one in row["mechanisms"])
        why = row["why"]
        if isinstance(why, Mapping):
            why = {**{language: why[language] for language in ALWAYS}, **why}
        words = {language: str(text) for language, text in by_language(why).items()}
        return cls(str(row["outcome"]), str(row["direction"]), str(row["rests_on"]), mechanisms, words)


@cache
def outcome_names() -> tuple[str, ...]:
    """Every outcome with a fixed name. Rules of the month (``hazard:``) are not known at this layer."""
    return (
        *(f"stock:{strategy.code}" for strategy in Strategy),
        *(f"exit:{way.code}" for way in Exit),
        *_named("register"),
        # Residents of one citizenship: where an agreement with that country is what the scenario is about.
        *(f"centre:{country.name}" for country in reference.countries()),
        *_named("outcome"),
    )


def _named(kind: str) -> list[str]:
    """Outcomes of a kind that have words for readers: those are all that there are (a test compares)."""
    return [f"{kind}:{key.removeprefix(f'{kind}.')}" for key in labels.labels() if key.startswith(f"{kind}.")]


@cache
def mechanism_ids() -> frozenset[str]:
    """Ids of the report's mechanisms."""
    return frozenset(row["id"] for row in tables.load("mechanisms"))


def read_decides(checker: Checker, node: Node) -> tuple[str, ...]:
    """Who decides: one word or a list of words; faults go to the checker."""
    if node.kind == "list" and not node.items:
        checker.fault(node.mark, "decides", "is an empty list (write `decides: nobody` for an assumption)")
        return ()
    if node.kind != "list":
        word = checker.one_of(node, "decides", DECIDERS, "decider")
        return () if word is None else (word,)
    words: list[str] = []
    for index, item in enumerate(node.items):
        word = checker.one_of(item, f"decides[{index}]", DECIDERS, "decider")
        if word is not None and word in words:
            checker.fault(item.mark, f"decides[{index}]", f"duplicate {word}; keep one")
        elif word is not None:
            words.append(word)
    if "nobody" in words and len(words) > 1:
        checker.fault(node.mark, "decides", "`nobody` cannot be combined with another decider; remove one")
    return tuple(words)


def read_expects(checker: Checker, node: Node) -> tuple[Expectation, ...]:
    """What is expected: a list of entries with different outcomes; faults go to the checker."""
    if node.kind != "list":
        checker.fault(node.mark, "expects", f"must be a list of entries with {', '.join(PARTS)}")
        return ()
    first: dict[str, Mark] = {}
    out: list[Expectation] = []
    for index, item in enumerate(node.items):
        entry = _entry(checker, item, f"expects[{index}]")
        if entry is None:
            continue
        if entry.outcome in first:
            where = f"first on line {first[entry.outcome].line}"
            checker.fault(item.mark, f"expects[{index}]", f"duplicate {entry.outcome} ({where}); keep one")
        else:
            first[entry.outcome] = item.mark
            out.append(entry)
    return tuple(out)


def _entry(checker: Checker, node: Node, path: str) -> Expectation | None:
    if node.kind != "mapping":
        checker.fault(node.mark, path, f"must be a mapping with {', '.join(PARTS)}")
        return None
    before = len(checker.faults)
    nodes = {key: child for key, _, child in checker.pairs(node, path, dict.fromkeys(PARTS, ""), "key here")}
    for part in PARTS:
        if part not in nodes and not any(key.text == part for key, _ in node.pairs):
            checker.fault(node.mark, f"{path}.{part}", "is missing")
    outcome = _outcome(checker, nodes["outcome"], f"{path}.outcome") if "outcome" in nodes else None
    words = {
        key: checker.one_of(nodes[key], f"{path}.{key}", known, what)
        for key, known, what in (("direction", DIRECTIONS, "direction"), ("rests_on", RESTS_ON, "ground"))
        if key in nodes
    }
    mechanisms = _mechanisms(checker, nodes["mechanisms"], f"{path}.mechanisms") if "mechanisms" in nodes else ()
    why = _why(checker, nodes["why"], f"{path}.why") if "why" in nodes else {}
    if words.get("rests_on") == "report" and "mechanisms" in nodes and not mechanisms and len(checker.faults) == before:
        mark = nodes["mechanisms"].mark
        checker.fault(mark, f"{path}.mechanisms", "is empty; name the mechanisms of the report that it rests on")
    if len(checker.faults) > before:
        return None
    return Expectation(str(outcome), str(words["direction"]), str(words["rests_on"]), mechanisms, why)


def _why(checker: Checker, node: Node, path: str) -> dict[str, str]:
    """The reason by language, as `labels.by_language` completes it."""
    if node.kind != "mapping":
        text = checker.text(node, path)
        return {} if text is None else by_language(text)
    if not node.pairs:
        how = ", ".join(f"{language}: ..." for language in LANGUAGES)
        checker.fault(node.mark, path, f"has no text (write {{{how}}}, or one text for all)")
    texts: dict[str, str] = {}
    for key, _, child in checker.pairs(node, path, dict.fromkeys(LANGUAGES, ""), "language"):
        text = checker.text(child, f"{path}.{key}")
        if text is not None:
            texts[key] = text
    return by_language(texts)


def _outcome(checker: Checker, node: Node, path: str) -> str | None:
    text = checker.text(node, path)
    if text is None:
        return None
    family, colon, name = text.partition(":")
    if family == "hazard" and colon and name.replace("_", "").isalpha() and name.islower() and name.isascii():
        return text
    if text in outcome_names():
        return text
    known = f"known: {', '.join(f'{one}:...' for one in FAMILIES)}"
    checker.fault(
        node.mark, path, hinted(f"no outcome '{shorten(text)}'", checker.nearest(text, outcome_names()), known)
    )
    return None


def _mechanisms(checker: Checker, node: Node, path: str) -> tuple[str, ...]:
    if node.kind != "list":
        checker.fault(node.mark, path, "must be a list of ids such as [M002, M008]")
        return ()
    out: list[str] = []
    for index, item in enumerate(node.items):
        text = checker.text(item, f"{path}[{index}]")
        if text is None:
            continue
        if text not in mechanism_ids():
            hint = checker.nearest(text, sorted(mechanism_ids()))
            checker.fault(item.mark, f"{path}[{index}]", hinted(f"no mechanism '{shorten(text)}'", hint))
        elif text in out:
            checker.fault(item.mark, f"{path}[{index}]", f"duplicate {text}; keep one")
        else:
            out.append(text)
    return tuple(out)


def schema_of_decides() -> dict[str, Any]:
    """JSON Schema of ``decides``."""
    word = {"enum": list(DECIDERS)}
    return {
        "anyOf": [word, {"type": "array", "items": word, "minItems": 1, "uniqueItems": True}],
        "description": "Who decides on the changes; name the one mainly responsible first.",
    }


def schema_of_expects(texts: Mapping[str, Any]) -> dict[str, Any]:
    """JSON Schema of ``expects``.

    Args:
        texts: Schema of a text, or of a text by language.
    """
    hazard = {"type": "string", "pattern": "^hazard:[a-z_]+$", "description": "Sum of a rule's probabilities."}
    properties = {
        "outcome": {"anyOf": [{"enum": list(outcome_names())}, hazard]},
        "direction": {"enum": list(DIRECTIONS), "description": "Compared with the parent, from the change on."},
        "rests_on": {"enum": list(RESTS_ON), "description": "Grounds for the direction."},
        "mechanisms": {"type": "array", "items": {"enum": sorted(mechanism_ids())}, "uniqueItems": True},
        "why": {**texts, "description": "The reason in words, one text or by language."},
    }
    entry = {"type": "object", "additionalProperties": False, "properties": properties, "required": list(PARTS)}
    return {"type": "array", "items": entry, "description": "Outcomes that the scenario is expected to move."}
