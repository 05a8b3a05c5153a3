"""What pictures and the screen share of a sweep: which outcomes are shown, values in order, and their words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from irregsim.model.registers import REGISTERS
from irregsim.scenario.levers import REGISTRY, Lever, words
from irregsim.study.comparison.verdicts import CLEAR, PROBABLE, SAME
from irregsim.vocabulary.labels import label, labels
from irregsim.vocabulary.numbers import number

#: Longest value at an axis, such as a return agreement written out.
_LONGEST_VALUE: Final = 24

#: Families that say the same as a stock in another unit.
_SAID_TWICE: Final = ("person_months", "index", "duration")

_GRADES: Final[Mapping[str, int]] = {CLEAR: 2, PROBABLE: 1}

_LATENT: Final[Mapping[str, str | None]] = {f"register:{one.name}": one.latent for one in REGISTERS}

Row = Mapping[str, Any]
Axis = Mapping[str, Any]


def chosen_outcomes(rows: Sequence[Row], axes: Sequence[Axis], most: int) -> list[str]:
    """Outcomes that the levers are declared to move, then those with most and surest directions.

    A register is left out where what it lets one see is shown.

    Args:
        rows: Effects of the table ``sweep``, at least one.
        axes: The settings, as `sweeps.Design.to_mapping` has them.
        most: How many at most.
    """
    declared = [outcome for axis in axes if (lever := lever_of(axis)) is not None for outcome in lever.moves]
    score: dict[str, list[float]] = {}
    for row in rows:
        if row["certainty"] != SAME:
            size = abs(float(row["mean"])) / float(row["mc_se"]) if row["mc_se"] else 0.0
            told = score.setdefault(str(row["outcome"]), [0.0, 0.0])
            told[0] += _GRADES.get(str(row["certainty"]), 0)
            told[1] = max(told[1], size)
    first = [one for one in (_outcome(outcome) for outcome in declared) if one in score]
    others = sorted(score, key=lambda one: (-score[one][0], -score[one][1]))
    others = [one for one in others if one.partition(":")[0] not in _SAID_TWICE]
    out: list[str] = []
    for one in dict.fromkeys([*first, *others]):
        if len(out) < most and _LATENT.get(one) not in out:
            out.append(one)
    return out or [str(rows[0]["outcome"])]


def _outcome(declared: str) -> str:
    """An outcome as tables have it: levers name those of ``outcomes.parquet`` by their code alone."""
    return declared if ":" in declared else f"outcome:{declared}"


def lever_of(axis: Axis) -> Lever | None:
    """The lever or assumption that is varied; None where there is none of that name."""
    key = str(axis["key"])
    fitting = [one for one in REGISTRY if key == one.path or key.startswith(f"{one.path}.")]
    return max(fitting, key=lambda one: len(one.path), default=None)


def in_order(axis: Axis, used: Sequence[str]) -> list[str]:
    """Values of an axis with that of the reference: by size where all are numbers, else the reference first."""
    base = str(axis["base"])
    values = list(dict.fromkeys([base, *(value for value in map(str, axis["values"]) if value in used)]))
    numbers = [size_of(value) for value in values]
    return values if None in numbers else sorted(values, key=float)


def size_of(value: str) -> float | None:
    """A value as a number; None where it is none."""
    try:
        return float(value)
    except ValueError:
        return None


def farthest(values: Sequence[str], axis: Axis) -> str:
    """The value farthest from that of the reference; the last one where they are no numbers."""
    base, others = str(axis["base"]), [value for value in values if value != str(axis["base"])]
    if size_of(base) is None or any(size_of(value) is None for value in others):
        return others[-1]
    return max(others, key=lambda value: abs(float(value) - float(base)))


def value_words(value: str, base: str, lang: str) -> str:
    """A value in words; that of the reference is named, on a line of its own."""
    size = size_of(value)
    text = value if size is None else number(size, lang, decimals=_decimals(size))
    text = {"true": label("live.yes", lang), "false": label("live.no", lang)}.get(text, text)
    if value == base:
        return f"{text or '–'}\n{label('compare.as_reference', lang)}"
    return text if len(text) <= _LONGEST_VALUE else f"{text[: _LONGEST_VALUE - 1]}…"


def _decimals(size: float) -> int:
    return next((d for d in range(4) if round(size, d) == size), 3)


def axis_label(axis: Axis, lang: str) -> str:
    """A setting with its unit, and the month it is varied from."""
    lever = lever_of(axis)
    if lever is None:
        return str(axis["key"])
    own, place = words(lever, lang), str(axis["key"]).removeprefix(lever.path).lstrip(".")
    since = f", {label('compare.from_month', lang).format(month=axis['since'])}" if axis["since"] else ""
    return f"{f'{place}: ' if place else ''}{own.name} ({own.unit}){since}"


def unit_words(row: Row, lang: str) -> str:
    """The unit of an effect, and whether it is a sum or a mean."""
    key = f"unit.{row['unit']}"
    unit = label(key, lang) if key in labels() else str(row["unit"])
    how = label(f"compare.how_{row['kind']}", lang)
    return f"{unit}, {how}"
