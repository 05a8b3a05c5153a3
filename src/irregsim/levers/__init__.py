"""What a scenario can set: one entry per lever and per assumption.

A *lever* is something a government, an agency or a municipality can set. An *assumption* is a dated path that
no government sets. Reading a scenario, its JSON Schema, the ``levers`` command, the sliders and the direction
tests all read these entries; no list is kept twice.

Sources: ``F`` is Fafo-rapport 2021:15 with its section; ``T`` and ``M`` numbers are rows of its policy
timeline and its mechanisms. A direction in ``moves`` is what raising the lever (or turning it on) does, other
things equal; ``basis`` says where the direction comes from.
"""

from __future__ import annotations

from irregsim.levers.assumptions import ASSUMPTIONS
from irregsim.levers.control_and_municipal import CONTROL_AND_MUNICIPAL
from irregsim.levers.entry import HEALTH_MODELS, NAV_RULES, By, Holds, Kind, Lever, Part
from irregsim.levers.reception_and_work import RECEPTION_AND_WORK

__all__ = [
    "ASSUMPTIONS",
    "HEALTH_MODELS",
    "LEVERS",
    "NAV_RULES",
    "REGISTRY",
    "By",
    "Holds",
    "Kind",
    "Lever",
    "Part",
    "default_text",
    "explain",
    "find",
    "number_text",
    "range_text",
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


def number_text(value: float) -> str:
    """A number without needless decimals: 5 rather than 5.0."""
    return str(int(value)) if float(value).is_integer() and abs(value) < 1e15 else repr(float(value))


def range_text(lever: Lever | Part) -> str:
    """The accepted values in words, such as ``0 to 1``."""
    if lever.holds is Holds.NUMBER:
        return f"{number_text(lever.low)} to {number_text(lever.high)}"
    if lever.holds is Holds.TRUE_FALSE:
        return "true or false"
    if isinstance(lever, Lever) and lever.options:
        return ", ".join(lever.options)
    return {Holds.MONTH: "a month, YYYY-MM", Holds.COUNTRY: "a country", Holds.CENTRE: "a reception centre"}.get(
        lever.holds, "text"
    )


def default_text(lever: Lever) -> str:
    """The default in words, as it would be written in a scenario."""
    if lever.default is None:
        return "null"
    if isinstance(lever.default, bool):
        return "true" if lever.default else "false"
    if isinstance(lever.default, float):
        return number_text(lever.default)
    return "none" if lever.default == () else str(lever.default)


def explain(name: str, lang: str = "en") -> str:
    """One lever in plain words: meaning, unit, range, default, source, direction, who decides, mechanisms.

    Args:
        name: Key as for ``find``.
        lang: ``nb`` or ``en``, for the meaning.

    Raises:
        KeyError: If there is no such lever.
    """
    lever = find(name)
    lines = [lever.path, f"  {lever.meaning_nb if lang == 'nb' else lever.meaning}"]
    if lever.parts and lever.kind is not Kind.YEARS:
        for part in lever.parts:
            need = "required" if part.required else "may be left out"
            unit = f", {part.unit}" if part.unit else ""
            lines.append(f"  - {part.name}: {range_text(part)}{unit} ({need}). {part.meaning}")
    else:
        lines.append(f"  values: {range_text(lever)} ({lever.unit})")
    if lever.by:
        lines.append(f"  set by: {lever.by.value}")
    lines.append(f"  default: {default_text(lever)}")
    if lever.moves:
        arrows = "; ".join(f"{outcome} {sign}" for outcome, sign in lever.moves.items())
        lines.append(f"  raising it moves: {arrows} ({lever.basis})")
    else:
        lines.append(f"  no direction: {lever.no_direction}")
    lines.append(f"  who decides: {lever.who_decides}")
    lines.append(f"  source: {lever.source}")
    lines.append(f"  mechanisms: {', '.join(lever.mechanisms) or 'none'}")
    lines.append(f"  in a child: {lever.merge} (identity: {lever.identity})")
    lines.append(f"  example: {lever.key.split('.')[-1]}: {lever.example}")
    return "\n".join(lines)
