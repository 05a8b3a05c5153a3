"""Stored runs of the exercises: what the page reveals, and what static pages and handouts show.

Only what may be published is stored: indices, shares and differences in percent (`irregsim.workshop.live.shown`).
``python -m irregsim.workshop.stored_runs`` makes them again, in an hour or so; a test runs a small one again.
"""

from __future__ import annotations

import argparse
import json
import pickle
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from irregsim.inference.posterior import choose
from irregsim.model.draws import Draws
from irregsim.scenario import Scenario, load_scenario
from irregsim.storage.hashing import canonical_json, sha256_of_text
from irregsim.study.identity import code_sha256
from irregsim.study.replicates import available_cores
from irregsim.study.workers import in_order
from irregsim.vocabulary.codes import month_text
from irregsim.vocabulary.disclosure import PERCENT
from irregsim.vocabulary.labels import Text
from irregsim.vocabulary.numbers import about as about_number
from irregsim.vocabulary.numbers import rounded_text, with_percent
from irregsim.workshop.exercises import PLACE, Exercise, Variant, material
from irregsim.workshop.live.followed import Band, outcome
from irregsim.workshop.live.shown import Pair
from irregsim.workshop.live.snapshot import Flow, Look, SideLook, look
from irregsim.workshop.replicate_band import pairs_together

FloatArray = npt.NDArray[np.float64]

FILE: Final = "results.json"

#: Replicates of each variant.
REPLICATES: Final = 40

#: Least share of the replicates that must have enough persons behind an outcome for a value to be stored.
_MOST_HAVE: Final = 0.5

#: Size of the run that a test repeats.
CHECK_SCALE: Final = 0.02

#: A change below this, in percent, is none.
_NOTHING: Final = 0.05

#: Months between two stored values.
_STEP: Final = 3


@dataclass(frozen=True)
class Effect:
    """What the stored runs show of one outcome.

    Attributes:
        unit: ``percent``, of the reference: in exercises what agencies count is in percent too, so that no number of
            persons stands beside a part of the hidden population.
        is_year: Whether values are sums of twelve months.
        months: Month numbers, shape (n,).
        reference: Mean over replicates, as `looks.shown.outcome` shows it.
        scenario: Likewise.
        reference_ends: 2.5 % and 97.5 % quantiles of the reference, shape (2, n).
        scenario_ends: Likewise.
        mean: Mean of the paired differences.
        lo: 2.5 % quantile of the paired differences.
        hi: 97.5 % quantile.
        up: Share of replicates whose difference in the last month is above 0.
        replicates: How many have enough persons behind the last month; all statistics are over those that do.
        shown: Difference in the last month of the replicate that the page shows.
    """

    unit: str
    is_year: bool
    months: npt.NDArray[np.int64]
    reference: FloatArray
    scenario: FloatArray
    reference_ends: FloatArray
    scenario_ends: FloatArray
    mean: FloatArray
    lo: FloatArray
    hi: FloatArray
    up: float
    replicates: int
    shown: float

    def band(self) -> Band:
        """The spread of the stored runs, for the pictures."""
        return Band(self.replicates, self.months, self.reference_ends, self.scenario_ends, np.stack([self.lo, self.hi]))

    @property
    def direction(self) -> str:
        """``up``, ``down`` or ``same``: the last where the interval of the last month includes zero."""
        if self.lo[-1] > 0:
            return "up"
        return "down" if self.hi[-1] < 0 else "same"

    def text(self, lang: str) -> str:
        """The difference in the last month with its interval, in percent of the reference."""
        mean, lo, hi = (float(values[-1]) for values in (self.mean, self.lo, self.hi))
        if max(abs(mean), abs(lo), abs(hi)) < _NOTHING:
            return about_number(with_percent("0"), lang)
        return with_percent(rounded_text(mean, lo, hi, PERCENT, lang))


@dataclass(frozen=True)
class Stored:
    """Stored runs of one variant of an exercise.

    Attributes:
        effects: By key of the outcome.
        frames: What the replicate that the page shows has before the first month and at each year's end, for the
            vessels.
        check: Difference of each outcome in the last month of a small run, to see that the model is still the same.
    """

    effects: Mapping[str, Effect]
    frames: tuple[Look, ...]
    check: Mapping[str, float | None]


def pairs_of(
    exercise: Exercise, variants: Sequence[Variant], numbers: Sequence[int], scale: float = 1.0, jobs: int = 1
) -> list[list[Pair]]:
    """Runs of some variants, a list for each; what they and their references have in common is simulated once.

    Args:
        exercise: The exercise.
        variants: Some of its variants.
        numbers: Replicates, without a gap.
        scale: Size of the population relative to Norway's.
        jobs: Processes.
    """
    asked = [
        (load_scenario(one.scenario, overrides=one.assume), load_scenario("baseline", overrides=one.assume))
        for one in variants
    ]
    chosen, _ = choose("posterior")
    draws = [chosen.values[chosen.index(j)] for j in numbers]
    work = partial(_replicate, exercise, asked, draws, numbers[0], scale)
    found = list(in_order(work, len(numbers), jobs))
    return [[pairs[n] for pairs in found] for n in range(len(asked))]


def _replicate(
    exercise: Exercise,
    asked: Sequence[tuple[Scenario, Scenario]],
    draws: Sequence[Mapping[str, float]],
    shift: int,
    scale: float,
    number: int,
) -> list[Pair]:
    chance = Draws(exercise.seed, number + shift)
    return pairs_together(asked, draws[number], chance, scale, exercise.first, exercise.last)


def hash_of(exercise: Exercise, variant: Variant) -> int:
    """Hash of everything that determines the runs of a variant."""
    scenario = load_scenario(variant.scenario, overrides=variant.assume)
    told = [scenario.sha256, exercise.first, exercise.last, exercise.seed, choose("posterior")[0].name, code_sha256()]
    return int(sha256_of_text(canonical_json(told))[:16], 16)


def effect_of(pairs: Sequence[Pair], key: str, shown: int = 0) -> dict[str, Any]:
    """What is stored of an outcome.

    Args:
        pairs: Runs.
        key: Name of the outcome within a variant.
        shown: Place of the run that the page shows.
    """
    name, _, city = key.partition("@")
    found = [outcome(pair, name, city, rounded=False, relative=True) for pair in pairs]
    keep = [i for i, month in enumerate(found[0].months.tolist()) if _is_kept(month, found[0].months[-1], pairs[0])]
    sides = {
        side: _known(np.stack([getattr(one, side) for one in found])[:, keep]) for side in ("reference", "scenario")
    }
    difference = _known(np.stack([one.difference for one in found])[:, keep])
    cuts = _cuts(difference)
    last = difference[np.isfinite(difference[:, -1]), -1]
    return {
        "unit": found[0].unit,
        "is_year": found[0].is_year,
        "months": found[0].months[keep].tolist(),
        **{side: _rounded(_mean(values)) for side, values in sides.items()},
        **{f"{side}_ends": [_rounded(end) for end in _cuts(values)] for side, values in sides.items()},
        "mean": _rounded(_mean(difference)),
        "lo": _rounded(cuts[0]),
        "hi": _rounded(cuts[1]),
        "up": round(float((last > 0).mean()), 3) if len(last) else None,
        "replicates": len(last),
        "shown": _rounded(found[shown].difference[-1:])[0],
    }


def _known(values: FloatArray) -> FloatArray:
    """Values by replicate and month; none in months in which too few replicates have one."""
    few = np.isfinite(values).mean(axis=0) < _MOST_HAVE
    return np.where(few, np.nan, values)


def _mean(values: FloatArray) -> FloatArray:
    """Mean over the replicates that have a value."""
    return np.asarray(np.ma.masked_invalid(values).mean(axis=0).filled(np.nan))


def _cuts(values: FloatArray) -> FloatArray:
    """2.5 % and 97.5 % quantiles over the replicates that have a value, shape (2, months)."""
    out = np.full((2, values.shape[1]), np.nan)
    there = np.isfinite(values).any(axis=0)
    out[:, there] = np.nanquantile(values[:, there], (0.025, 0.975), axis=0)
    return out


def nearest(exercise: Exercise, pairs: Mapping[int, Sequence[Pair]]) -> int:
    """The replicate that the page shows: the one whose predicted outcomes lie nearest to their medians.

    Single runs scatter. One that lies far from the mean of the stored runs teaches something else than the exercise
    says, so the most usual one is shown; the stored band is drawn behind it.

    Args:
        exercise: The exercise.
        pairs: Runs of each of its variants, all of the same replicates.

    Returns:
        Its number: the least sum of squared distances from the medians at the last month, in standard deviations.
    """
    far = np.zeros(len(next(iter(pairs.values()))))
    for one in exercise.compared:
        shown = [outcome(pair, one.outcome, one.city, rounded=False, relative=True) for pair in pairs[one.variant]]
        values = np.array([found.difference[-1] for found in shown])
        spread = float(np.nanstd(values))
        if spread > 0.0:
            far += ((values - np.nanmedian(values)) / spread) ** 2
    return int(np.argmin(np.where(np.isfinite(far), far, np.inf)))


def _is_kept(month: int, last: int, pair: Pair) -> bool:
    """From a year before the first month shown, every third month up to the last."""
    return month >= pair.first - 12 and (last - month) % _STEP == 0


def _rounded(values: FloatArray) -> list[float | None]:
    return [None if value != value else round(float(value), 2) for value in values]


def _frame(pair: Pair, month: int) -> dict[str, Any]:
    """What may be shown at a month, for the vessels: the row before the first month, and that of the month."""
    shown = look(pair.until(month))
    rows = [int(pair.first - 1 - shown.months[0]), -1]
    sides = [
        {
            "hidden": [_rounded(side.hidden[row]) for row in rows],
            "visible_index": _rounded(side.visible_index[rows]),
            "flows": [[f.origin, f.destination, f.per_100, round(f.width, 3)] for f in side.flows],
        }
        for side in shown.sides
    ]
    return {"month": month, "sides": sides}


def computed(
    exercise: Exercise, replicates: int, jobs: int, keep: Path | None = None
) -> tuple[int, list[dict[str, Any]]]:
    """The replicate that the page shows in an exercise, and all else that is stored, for each of its variants.

    Args:
        exercise: The exercise.
        replicates: How many, 2 or more.
        jobs: Processes.
        keep: Folder in which runs are kept, so that new words or outcomes need no new runs; None to keep none.
    """
    pairs: dict[int, list[Pair]] = {}
    files: dict[int, Path] = {}
    for number, variant in enumerate(exercise.variants):
        if keep is not None:
            files[number] = keep / f"{variant.scenario}-{hash_of(exercise, variant):016x}-{replicates}.pickle"
            if files[number].exists():
                pairs[number] = pickle.loads(files[number].read_bytes())
    missing = [number for number in range(len(exercise.variants)) if number not in pairs]
    if missing:
        made = pairs_of(exercise, [exercise.variants[number] for number in missing], range(replicates), jobs=jobs)
        for number, found in zip(missing, made, strict=True):
            pairs[number] = found
            if number in files:
                files[number].write_bytes(pickle.dumps(found))
    months = [exercise.first - 1, *(m for m in range(exercise.first, exercise.last + 1) if m % 12 == 11)]
    shown = nearest(exercise, pairs)
    return shown, [
        {
            "effects": {key: effect_of(pairs[number], key, shown) for key in exercise.keys(number)},
            "frames": [_frame(pairs[number][shown], month) for month in months],
            "check": checked(exercise, number),
        }
        for number in range(len(exercise.variants))
    ]


def checked(exercise: Exercise, number: int) -> dict[str, float | None]:
    """Differences of a small run in the last month."""
    ((pair,),) = pairs_of(exercise, [exercise.variants[number]], [0], scale=CHECK_SCALE)
    out: dict[str, float | None] = {}
    for key in exercise.keys(number):
        name, _, city = key.partition("@")
        out[key] = _rounded(outcome(pair, name, city, rounded=False, relative=True).difference[-1:])[0]
    return out


# ---------------------------------------------------------------------------------------------------------
# Reading


@cache
def _file() -> dict[str, Any]:
    text = (files("irregsim") / "data" / "workshop" / FILE).read_text(encoding="utf-8")
    found: dict[str, Any] = json.loads(text)
    return found


@cache
def stored(exercise: str, variant: int = 0) -> Stored:
    """Stored runs of a variant of an exercise.

    Raises:
        KeyError: If there are none.
    """
    one = _file()["exercises"][exercise][variant]
    effects = {key: _effect(told) for key, told in one["effects"].items()}
    first = material().exercise(exercise).first
    return Stored(effects, tuple(_look(frame, first) for frame in one["frames"]), one["check"])


def _effect(told: Mapping[str, Any]) -> Effect:
    def values(name: str) -> FloatArray:
        return np.array(told[name], dtype=np.float64)

    return Effect(
        unit=told["unit"],
        is_year=told["is_year"],
        months=np.array(told["months"], dtype=np.int64),
        reference=values("reference"),
        scenario=values("scenario"),
        mean=values("mean"),
        lo=values("lo"),
        hi=values("hi"),
        up=told["up"],
        replicates=told["replicates"],
        reference_ends=values("reference_ends"),
        scenario_ends=values("scenario_ends"),
        shown=float(np.array(told["shown"], dtype=np.float64)),
    )


def shown_replicate(exercise: str) -> int:
    """Number of the replicate that the page shows in an exercise."""
    return int(_file()["shown"][exercise])


def about() -> Mapping[str, Any]:
    """What made the stored runs: ``replicates``, ``posterior``, ``version``."""
    return {name: value for name, value in _file().items() if name not in ("exercises", "shown")}


def _look(frame: Mapping[str, Any], first: int) -> Look:
    sides = [
        SideLook(
            hidden=np.array(side["hidden"], dtype=np.float64),
            visible=np.zeros(2),
            visible_index=np.array(side["visible_index"], dtype=np.float64),
            flows=tuple(Flow(*flow) for flow in side["flows"]),
            shares={},
            open_centres={},
            registers={},
        )
        for side in frame["sides"]
    ]
    return Look(np.array([first - 1, frame["month"]]), first, sides[0], sides[-1])


def filled(text: Text, exercise: Exercise, lang: str) -> str:
    """A text with the numbers of the stored runs put in."""

    def number(match: Any) -> str:
        variant, name, city = match.groups()
        key = f"{name}@{city}" if city else name
        return stored(exercise.id, int(variant or 0)).effects[key].text(lang)

    return PLACE.sub(number, text(lang))


def main(arguments: Sequence[str] | None = None) -> None:
    """Makes the stored runs again and writes them into a file."""
    parser = argparse.ArgumentParser(prog="python -m irregsim.workshop.stored_runs", description=main.__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("--replicates", type=int, default=REPLICATES)
    parser.add_argument("--jobs", type=int, default=available_cores())
    parser.add_argument("--keep", type=Path, help="folder that keeps finished runs for reuse")
    parser.add_argument("--only", action="append", default=[], help="exercise to run again; the others are kept")
    chosen = parser.parse_args(arguments)
    if chosen.keep is not None:
        chosen.keep.mkdir(parents=True, exist_ok=True)
    from irregsim import __version__

    draws, _ = choose("posterior")
    old = json.loads(chosen.file.read_text(encoding="utf-8")) if chosen.file.exists() else {"exercises": {}}
    made: dict[str, Any] = {}
    shown: dict[str, int] = {}
    for exercise in material().exercises:
        if chosen.only and exercise.id not in chosen.only:
            made[exercise.id], shown[exercise.id] = old["exercises"][exercise.id], old["shown"][exercise.id]
            continue
        print(f"{exercise.id}: {len(exercise.variants)} variants", file=sys.stderr, flush=True)
        shown[exercise.id], made[exercise.id] = computed(exercise, chosen.replicates, chosen.jobs, chosen.keep)
        told = {"version": __version__, "posterior": draws.name, "replicates": chosen.replicates, "scale": 1.0}
        text = json.dumps({**told, "shown": shown, "exercises": made}, ensure_ascii=False, separators=(",", ":"))
        # Completely or not at all; what is finished is kept if the work is stopped.
        part = chosen.file.with_suffix(".part")
        part.write_text(text + "\n", encoding="utf-8", newline="\n")
        part.replace(chosen.file)
    print(f"{chosen.file}: to {month_text(max(one.last for one in material().exercises))}", file=sys.stderr)


if __name__ == "__main__":
    main()
