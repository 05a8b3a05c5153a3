"""Tables of a study: ``points``, ``effects``, ``turns``, ``regret``, ``thresholds``, and those of `drivers`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from irregsim.model.parameters import parameters
from irregsim.study.comparison.relative import in_percent
from irregsim.study.exploration.design import HIGHER, SCREENING, Axis, FloatArray, Study
from irregsim.study.exploration.drivers import driver_tables
from irregsim.study.exploration.flips import flips, mean_interval
from irregsim.study.exploration.screening import screening_table
from irregsim.study.replicates import DrawSet
from irregsim.study.sensitivity.boxes import Box, find_box
from irregsim.study.sensitivity.shares import FALSE_ALARM, first_order

if TYPE_CHECKING:
    import pandas as pd

EFFECTS: Final = ("policy", "outcome", "mean", "lo", "hi", "share_up", "share_down", "share_turned", "points")
TURNS: Final = (
    "policy",
    "outcome",
    "name",
    "kind",
    "grade",
    "low",
    "high",
    "choices",
    "share_turned",
    "coverage",
    "density",
    "mass",
    "by_chance",
    "is_clear",
    "searched",
    "points",
)
REGRET: Final = (
    "outcome",
    "wanted",
    "policy",
    "regret_median",
    "regret_q90",
    "regret_worst",
    "effect_worst",
    "share_best",
    "points",
)
THRESHOLDS: Final = (
    "policy",
    "outcome",
    "name",
    "share",
    "stands_out",
    "kind",
    "at",
    "lo",
    "hi",
    "choice",
    "sign_below",
    "sign_above",
    "share_found",
    "points",
)

#: Kinds of rows of ``thresholds``: a flip, a choice under which the sign is the other one, or none of both.
FLIP, CHOICE, NONE = "flip", "choice", "none"

#: What was searched for a box: what the study varies, or every parameter of the draws too.
OWN, ALL = "study", "all"


@dataclass(frozen=True)
class Explored:
    """A study that was simulated.

    Attributes:
        study: The study.
        draws: Its parameter draws.
        reference: Every outcome in the reference, in its own unit, shape (policies, outcomes, points); the mean of
            its repeats.
        difference: Policy less reference, likewise.
        each: Both for every repeat, shape (policies, outcomes, points, repeats); None without repeats.
    """

    study: Study
    draws: DrawSet
    reference: FloatArray
    difference: FloatArray
    each: tuple[FloatArray, FloatArray] | None = None

    @classmethod
    def of(cls, study: Study, draws: DrawSet, reference: FloatArray, difference: FloatArray) -> Explored:
        """From every repeat of every point (`points.read_points`)."""
        each = (reference, difference) if study.repeats > 1 else None
        return cls(study, draws, reference.mean(axis=-1), difference.mean(axis=-1), each)

    def percent(self, policy: int, outcome: int) -> FloatArray:
        """Effect in percent of the reference of the same point, shape (points,); missing where it has no value."""
        reference, difference = self.reference[policy, outcome], self.difference[policy, outcome]
        there = np.isfinite(reference) & np.isfinite(difference)
        out = np.full(len(there), np.nan)
        if there.any():
            out[there] = in_percent(difference[there], reference[there])
        return out

    def mean(self, policy: int, outcome: int) -> float:
        """The mean difference in percent of the mean reference, which no point with a small one can carry away."""
        there = np.isfinite(self.reference[policy, outcome]) & np.isfinite(self.difference[policy, outcome])
        base = float(self.reference[policy, outcome][there].sum())
        return 100.0 * float(self.difference[policy, outcome][there].sum()) / base if base > 0.0 else float("nan")

    def scaled(self, policy: int, outcome: int) -> FloatArray:
        """Differences in percent of the mean reference, shape (points,): their mean is `mean`."""
        base = float(self.reference[policy, outcome].mean())
        return np.asarray(100.0 * self.difference[policy, outcome] / base)

    def cases(self) -> Iterator[tuple[int, int, str, str, FloatArray, float]]:
        """Numbers and names of every policy and outcome, the effects and their mean; where every point has a value."""
        for i, policy in enumerate(self.study.policies):
            for j, outcome in enumerate(self.study.outcomes):
                effect, mean = self.percent(i, j), self.mean(i, j)
                if np.isfinite(effect).all() and np.isfinite(mean):
                    yield i, j, policy, outcome, effect, mean

    def axes_of(self, policy: str) -> list[tuple[Axis, FloatArray]]:
        """What is not known for a policy, with its value in every point."""
        study = self.study
        return [(axis, study.design[:, i]) for i, axis in enumerate(study.axes) if axis.holds_for(policy)]

    def draw_numbers(self) -> list[int]:
        """Number of the draw of every point."""
        return [self.study.draw_number(point) % len(self.draws.values) for point in range(self.study.points)]

    def drawn(self) -> dict[str, FloatArray]:
        """Parameters that vary over the points with their values; without those that the study itself varies."""
        used = [self.draws.values[number] for number in self.draw_numbers()]
        own = {axis.name for axis in self.study.axes}
        values = {
            name: np.array([float(draw[name]) for draw in used])
            for name in parameters()
            if name in used[0] and name not in own
        }
        return {name: column for name, column in values.items() if np.ptp(column) > 0.0}


def exploration_tables(done: Explored) -> dict[str, pd.DataFrame]:
    """All tables of a study.

    Returns:
        ``points``: a row for every point and policy: ``point``, ``draw``, ``policy``, a column for each thing that is
        not known, and for each outcome ``effect:<outcome>`` (percent of the reference of the point) and
        ``sign:<outcome>``. ``parameters``: the other parameters of the draw of every point. ``effects``, ``turns``,
        ``regret`` and ``thresholds``: columns `EFFECTS`, `TURNS`, `REGRET`, `THRESHOLDS`. ``drivers`` and ``chance``:
        `drivers.driver_tables`. Of a screening there are ``points``, ``parameters`` and ``screening``
        (`screening.screening_table`): its points are not spread as the others need it.
    """
    import pandas as pd

    drawn = done.drawn()
    worlds = {"points": _points(done), "parameters": pd.DataFrame({"point": np.arange(done.study.points), **drawn})}
    if done.study.kind == SCREENING:
        return {**worlds, "screening": screening_table(done)}
    thresholds = [
        row
        for i, j, policy, outcome, _, mean in done.cases()
        for row in _thresholds(done, policy, outcome, done.scaled(i, j), mean)
    ]
    return {
        **worlds,
        "effects": pd.DataFrame([_effect(*case) for case in done.cases()], columns=list(EFFECTS)),
        "turns": pd.DataFrame([row for case in done.cases() for row in _turns(done, drawn, *case[2:])], columns=TURNS),
        "regret": regret(done),
        "thresholds": pd.DataFrame(thresholds, columns=list(THRESHOLDS)),
        **driver_tables(done),
    }


def _points(done: Explored) -> pd.DataFrame:
    import pandas as pd

    study, numbers = done.study, np.arange(done.study.points)
    parts = []
    for i, policy in enumerate(study.policies):
        columns: dict[str, Any] = {"point": numbers, "draw": done.draw_numbers(), "policy": policy}
        for axis, values in zip(study.axes, study.design.T, strict=True):
            if axis.choices:
                columns[axis.name] = [axis.names[int(one)] if axis.holds_for(policy) else "" for one in values.tolist()]
            else:
                columns[axis.name] = values if axis.holds_for(policy) else np.nan
        for j, outcome in enumerate(study.outcomes):
            columns[f"effect:{outcome}"] = done.percent(i, j)
            columns[f"sign:{outcome}"] = np.nan_to_num(np.sign(done.difference[i, j])).astype("int64")
        parts.append(pd.DataFrame(columns))
    table = pd.concat(parts, ignore_index=True)
    return table.sort_values("point", kind="stable").reset_index(drop=True)


def _turned(effect: FloatArray, mean: float) -> Any:
    return effect * mean < 0.0


def _effect(_i: int, _j: int, policy: str, outcome: str, effect: FloatArray, mean: float) -> tuple[Any, ...]:
    lo, hi = np.quantile(effect, [0.025, 0.975])
    shares = (float((effect > 0).mean()), float((effect < 0).mean()), float(_turned(effect, mean).mean()))
    return (policy, outcome, mean, float(lo), float(hi), *shares, len(effect))


def _turns(
    done: Explored, drawn: Mapping[str, FloatArray], policy: str, outcome: str, effect: FloatArray, mean: float
) -> Iterator[tuple[Any, ...]]:
    """Limits of the box of points in which the sign is not that of the mean; none where too few turn, or nearly all.

    What the study varies is searched first, and all parameters of the draws with it only where that finds no box that
    is clear. Since these are two searches, a box is clear where chance is as good half as often as `FALSE_ALARM`.
    """
    mine, known = done.axes_of(policy), parameters()
    columns = [values for _, values in mine]
    turned = _turned(effect, mean)
    searched = OWN
    box = find_box(np.stack(columns, axis=1), turned)
    if drawn and box is not None and not _is_clear(box):
        searched = ALL
        box = find_box(np.stack([*columns, *drawn.values()], axis=1), turned)
    if box is None:
        return
    shares = (float(turned.mean()), box.coverage, box.density, box.mass, box.by_chance)
    told = (*shares, _is_clear(box), searched, len(effect))
    # A box without a limit is everything: no condition.
    for number, low, high in box.limits or ((-1, -np.inf, np.inf),):
        name, kind, grade, choices = "", NONE, "", ""
        if number >= len(mine):
            name, kind = list(drawn)[number - len(mine)], "parameter"
            grade = known[name].grade
        elif number >= 0:
            axis = mine[number][0]
            name, kind = axis.name, "parameter" if axis.is_parameter else "lever"
            grade = known[name].grade if axis.is_parameter else ""
            choices = "; ".join(one for i, one in enumerate(axis.names) if low <= i <= high)
        yield (policy, outcome, name, kind, grade, low, high, choices, *told)


def _is_clear(box: Box) -> bool:
    return bool(box.limits) and box.by_chance <= 0.5 * FALSE_ALARM


def regret(done: Explored) -> pd.DataFrame:
    """The table ``regret``."""
    import pandas as pd

    return pd.DataFrame(_regret(done), columns=list(REGRET))


def _regret(done: Explored) -> Iterator[tuple[Any, ...]]:
    """How far each policy, and the reference itself, is behind the best of the same point, in percent of the reference.

    Only for outcomes of which the study says what is wanted.
    """
    study = done.study
    for j, (outcome, wanted) in enumerate(study.outcomes.items()):
        own = [done.percent(i, j) for i in range(len(study.policies))]
        if not wanted or not all(np.isfinite(one).all() for one in own):
            continue
        effect = np.stack([np.zeros(study.points), *own])
        loss = -effect if wanted == HIGHER else effect
        behind = loss - loss.min(axis=0)
        for i, policy in enumerate((study.reference, *study.policies)):
            median, q90 = np.quantile(behind[i], [0.5, 0.9])
            worst = int(np.argmax(loss[i]))
            ends = (float(behind[i].max()), float(effect[i, worst]), float((behind[i] == 0.0).mean()))
            yield (outcome, wanted, policy, float(median), float(q90), *ends, study.points)


def _thresholds(
    done: Explored, policy: str, outcome: str, effect: FloatArray, mean: float
) -> Iterator[tuple[Any, ...]]:
    """For everything that is not known: where the sign of the mean effect flips, and how much goes with it."""
    mine = done.axes_of(policy)
    varies = [i for i, (_, values) in enumerate(mine) if np.ptp(values) > 0.0]
    shares: dict[int, tuple[float, bool]] = {}
    if np.ptp(effect) > 0.0 and varies:
        found = first_order(np.stack([mine[i][1] for i in varies], axis=1), effect)
        shares = {i: (float(found.share[k]), bool(found.stands_out[k])) for k, i in enumerate(varies)}
    for i, (axis, values) in enumerate(mine):
        share = shares.get(i, (0.0, False))
        rows: list[tuple[Any, ...]] = []
        if share[1]:  # else any flip may be chance
            rows = _choices(axis, values, effect, mean) if axis.choices else _flips(axis, values, effect)
        for row in rows or [(NONE, np.nan, np.nan, np.nan, "", 0, 0, np.nan)]:
            yield (policy, outcome, axis.name, *share, *row, len(effect))


def _flips(axis: Axis, values: FloatArray, effect: FloatArray) -> list[tuple[Any, ...]]:
    clear = [one for one in flips(values, effect, axis.low, axis.high) if one.is_clear]
    return [(FLIP, one.at, one.lo, one.hi, "", one.below, -one.below, one.found) for one in clear]


def _choices(axis: Axis, values: FloatArray, effect: FloatArray, mean: float) -> list[tuple[Any, ...]]:
    """Choices under which the sign of the mean effect is clearly not that of all points."""
    out = []
    for number, choice in enumerate(axis.names):
        own = effect[values == number]
        if len(own) < 2:
            continue
        at, lo, hi = mean_interval(own)
        if lo * hi > 0.0 and at * mean < 0.0:
            out.append((CHOICE, at, lo, hi, choice, int(np.sign(at)), int(np.sign(at)), np.nan))
    return out
