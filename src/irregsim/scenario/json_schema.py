"""JSON Schema of a scenario file, for editors; made from the same registry that checks it."""

from __future__ import annotations

from typing import Any

from irregsim.scenario.attributes import names_of
from irregsim.scenario.expectations import schema_of_decides, schema_of_expects
from irregsim.scenario.file_checks import LARGEST_SEED, MOST_REPLICATES, NAME_PATTERN
from irregsim.scenario.levers import REGISTRY, By, Holds, Kind, Lever, Part, words
from irregsim.scenario.value_checks import LONGEST_TEXT, country_names
from irregsim.vocabulary import reference
from irregsim.vocabulary.knowledge import DEFAULT_KNOWLEDGE, STATES
from irregsim.vocabulary.labels import LANGUAGES

Schema = dict[str, Any]

_MONTH: Schema = {"type": "string", "pattern": "^(2009|20[1-9][0-9]|2100)-(0[1-9]|1[0-2])$"}
_YEAR = "^(2009|20[1-9][0-9]|2100)$"
_TEXT: Schema = {"type": "string", "minLength": 1, "maxLength": LONGEST_TEXT}


def json_schema() -> Schema:
    """JSON Schema (2020-12) of a scenario file.

    It knows keys, types, ranges and names. Dates outside the period, parents and what a child may remove are
    beyond
    it: ``load_scenario`` decides.
    """
    texts: Schema = {"anyOf": [_TEXT, _mapping(dict.fromkeys(LANGUAGES, _TEXT)) | {"minProperties": 1}]}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "irregsim scenario",
        "type": "object",
        "additionalProperties": False,
        "required": ["schema", "name"],
        "properties": {
            "schema": {"const": 1, "description": "Version of the format."},
            "name": {
                "type": "string",
                "pattern": f"^{NAME_PATTERN}$",
                "description": "Name of the scenario and of its output folder.",
            },
            "title": texts | {"description": "Title, one text or by language."},
            "description": texts | {"description": "What the scenario is about."},
            "extends": _TEXT | {"description": "A shipped scenario's name, or a .yaml file in this folder or below."},
            "period": _mapping({"start": _MONTH, "end": _MONTH}) | {"description": "First and last reported month."},
            "levers": _section("levers"),
            "assumptions": _section("assumptions"),
            "as_known": {
                "enum": list(STATES),
                "description": f"Which facts count as history. Default: the parent's; {DEFAULT_KNOWLEDGE} without one.",
            },
            "decides": schema_of_decides(),
            "expects": schema_of_expects(texts),
            "run": _nullable(
                _mapping(
                    {
                        "replicates": {"type": "integer", "minimum": 1, "maximum": MOST_REPLICATES},
                        "seed": {"type": "integer", "minimum": 0, "maximum": LARGEST_SEED},
                    }
                )
            ),
        },
    }


def _mapping(properties: dict[str, Schema], required: tuple[str, ...] = ()) -> Schema:
    schema: Schema = {"type": "object", "additionalProperties": False, "properties": properties}
    return schema | ({"required": list(required)} if required else {})


def _nullable(schema: Schema) -> Schema:
    return {"anyOf": [schema, {"type": "null"}]}


def _section(section: str) -> Schema:
    properties: dict[str, Any] = {}
    for lever in REGISTRY:
        if lever.section == section:
            head, _, tail = lever.key.partition(".")
            own = words(lever)
            described = _lever(lever) | {"description": f"{own.meaning} Unit: {own.unit}. Source: {lever.source}."}
            if tail:
                properties.setdefault(head, _nullable(_mapping({})))["anyOf"][0]["properties"][tail] = described
            else:
                properties[head] = described
    return _nullable(_mapping(properties))


def _lever(lever: Lever) -> Schema:
    if lever.kind is Kind.SETTING:
        return _value(lever)
    if lever.kind is Kind.DATED:
        dated = {
            "type": "array",
            "minItems": 1,
            "items": _mapping({"from": _MONTH, "value": _value(lever), "reference": _TEXT}, ("from", "value")),
        }
        path: Schema = {"anyOf": [_value(lever), dated]}
        if not lever.by:
            return path
        by_name = _mapping(dict.fromkeys(names_of(lever.by), path))
        return by_name if lever.by is By.CENTRE else {"anyOf": [_value(lever), dated, by_name]}
    if lever.kind is Kind.YEARS:
        year = {"anyOf": [_value(lever), _parts(lever.parts)]}
        return {"type": "object", "patternProperties": {_YEAR: year}, "additionalProperties": False}
    entry = _parts(lever.parts)
    if lever.kind in (Kind.DIRECTIVE, Kind.WINDOW):
        return _nullable(entry)
    return {"type": "array", "items": entry}


def _parts(parts: tuple[Part, ...]) -> Schema:
    properties = {part.name: _value(part) | {"description": words(part).meaning} for part in parts}
    if any(part.holds is Holds.DISTRICT for part in parts):  # a new centre has a name of its own
        properties["centre"] = _TEXT | {"description": properties["centre"]["description"]}
    return _mapping(properties, tuple(part.name for part in parts if part.required))


def _value(spec: Lever | Part) -> Schema:
    schema: Schema
    if spec.holds is Holds.NUMBER:
        schema = {"type": "number", "minimum": spec.low, "maximum": spec.high}
    elif spec.holds is Holds.TRUE_FALSE:
        schema = {"type": "boolean"}
    elif spec.holds is Holds.MONTH:
        schema = _MONTH
    elif spec.holds is Holds.OPTION:
        schema = {"enum": list(spec.options) if isinstance(spec, Lever) else []}
    elif spec.holds is Holds.CENTRE:
        schema = {"enum": list(names_of(By.CENTRE))}
    elif spec.holds is Holds.DISTRICT:
        schema = {"enum": list(names_of(By.DISTRICT))}
    elif spec.holds is Holds.COUNTRY:
        names = [c.name for c in reference.countries()] + [c.name_en for c in reference.countries()]
        isos = [c.iso for c in reference.countries()]
        accepted = country_names()
        names = list(dict.fromkeys(name for name in names + isos if name.lower() in accepted))
        # The names for an editor to offer; what is accepted is a name in any case.
        schema = {"anyOf": [{"enum": names}, {"type": "string", "pattern": f"^({'|'.join(map(_any_case, names))})$"}]}
    else:
        schema = _TEXT
    return _nullable(schema) if spec.nullable else schema


def _any_case(name: str) -> str:
    """A pattern for a name in upper, lower or mixed case; patterns of JSON Schema know no flag for that."""

    def one(letter: str) -> str:
        if letter.upper() != letter.lower():
            return f"[{letter.upper()}{letter.lower()}]"
        return f"\\{letter}" if letter in ".()[]{}*+?^$|/\\" else letter

    return "".join(map(one, name))
