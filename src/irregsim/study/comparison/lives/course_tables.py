"""Tables of life courses: means over replicates with 2.5 and 97.5 % quantiles.

Each is given for the reference, the scenario and the paired difference; what they count, and the cohorts, are those of
`irregsim.study.comparison.lives.courses`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from irregsim.study.comparison.lives.courses import CLOCKS, COHORTS, SAMPLE, FloatArray, Lives, Sampled
from irregsim.study.comparison.lives.states import EXITS, STATES, STRATEGIES, IntArray, person_text, quantiles
from irregsim.study.comparison.tables import TABLES

if TYPE_CHECKING:
    import pandas as pd

SIDES = ("reference", "scenario", "difference")

#: Time to exit is given up to the last month with as many at risk in every replicate: a step of a curve that is based
#: on fewer persons says nothing, and would be suppressed in what is published.
LEAST_AT_RISK = 5

CHRONOGRAM_COLUMNS = TABLES["chronogram"].names
SEQUENCE_COLUMNS = TABLES["sequences"].names
MEAN_TIME_COLUMNS = TABLES["mean_time"].names
TRANSITION_COLUMNS = TABLES["transitions"].names
STILL_PRESENT_COLUMNS = TABLES["survival"].names
INCIDENCE_COLUMNS = TABLES["incidence"].names


def lives_tables(name: str, lives: Sequence[Lives]) -> dict[str, pd.DataFrame]:
    """All tables of life courses.

    Args:
        name: Name of the scenario.
        lives: One for each replicate, in order.

    Returns:
        ``chronogram``, ``sequences``, ``mean_time``, ``transitions``, ``survival`` and ``incidence``, with the
        columns above.
    """
    still, gone = _time_to_exit_tables(name, lives)
    return {
        "chronogram": _chronogram(name, lives),
        "sequences": _sequences(name, lives),
        "mean_time": _mean_time(name, lives),
        "transitions": _transitions(name, lives),
        "survival": still,
        "incidence": gone,
    }


def _frame(rows: list[pd.DataFrame], name: str, columns: Sequence[str]) -> pd.DataFrame:
    import pandas as pd

    if not rows:
        return pd.DataFrame(columns=list(columns))
    return pd.concat(rows, ignore_index=True).assign(scenario=name)[list(columns)]


def _three(reference: FloatArray, scenario: FloatArray) -> Iterator[tuple[str, FloatArray]]:
    """Both sides and their difference; the first axis is the replicate."""
    yield from zip(SIDES, (reference, scenario, scenario - reference), strict=True)


def _spread(values: FloatArray, of: str) -> dict[str, FloatArray]:
    lo, hi = quantiles(values)
    return {of: values.mean(axis=0).ravel(), "lo": lo.ravel(), "hi": hi.ravel()}


def _chronogram(name: str, lives: Sequence[Lives]) -> pd.DataFrame:
    """Share of a cohort in each state, by month of its clock; of those whose month is within the run."""
    import pandas as pd

    rows = []
    for cohort in COHORTS:
        sides = [np.sum([life.state[cohort][i] for life in lives], axis=0) for i in (0, 1)]
        followed = [side.sum(axis=1) for side in sides]
        # Months that somebody is followed for, on both sides.
        months = np.flatnonzero((followed[0] > 0) & (followed[1] > 0))
        shares = [side[months] / total[months, None] for side, total in zip(sides, followed, strict=True)]
        persons = [total[months] / len(lives) for total in followed]
        for (side_name, share), count in zip(_three(*shares), (*persons, persons[1] - persons[0]), strict=True):
            rows.append(
                pd.DataFrame(
                    {
                        "side": side_name,
                        "cohort": cohort,
                        "months_since": np.repeat(months, len(STATES)),
                        "state": np.tile(STATES, len(months)),
                        "share": share.ravel(),
                        "persons": np.repeat(count, len(STATES)),
                        "n": len(lives),
                    }
                )
            )
    table = _frame(rows, name, CHRONOGRAM_COLUMNS)
    # A state that nobody of a cohort is ever in has no row.
    used = table.groupby(["cohort", "state"])["share"].transform(lambda share: (share != 0).any())
    return table[used].reset_index(drop=True)


def smallest_keys(lives: Sequence[Lives]) -> dict[str, tuple[Sampled, ...]]:
    """The sample of several replicates: of each cohort the lives with the smallest keys."""
    return {
        cohort: tuple(
            sorted((one for life in lives for one in life.sample[cohort]), key=lambda s: (s.key, s.replicate, s.person))
        )[: SAMPLE // 2]
        for cohort in COHORTS
    }


def _sequences(name: str, lives: Sequence[Lives]) -> pd.DataFrame:
    """A keyed sample of lives as runs of states, the same lives on both sides."""
    import pandas as pd

    out: list[tuple[object, ...]] = []
    number = 0
    for cohort in COHORTS:
        for sampled in smallest_keys(lives)[cohort]:
            for side, states in zip(SIDES[:2], sampled.states, strict=True):
                starts = np.flatnonzero(np.append(True, states[1:] != states[:-1]))
                lengths = np.diff(np.append(starts, len(states)))
                for run, (start, months) in enumerate(zip(starts, lengths, strict=True)):
                    out.append(
                        (
                            *(side, cohort, number, person_text(sampled.person), sampled.replicate),
                            *(sampled.sought_asylum, run, STATES[states[start]], int(start), int(months)),
                        )
                    )
            number += 1
    return pd.DataFrame(out, columns=list(SEQUENCE_COLUMNS[1:])).assign(scenario=name)[list(SEQUENCE_COLUMNS)]


def _mean_time(name: str, lives: Sequence[Lives]) -> pd.DataFrame:
    """Mean months in each strategy from the first effective month (or entry) to the end of the run, per person."""
    import pandas as pd

    rows = []
    strategies = slice(0, len(STRATEGIES))
    for cohort in COHORTS:
        used = [life for life in lives if min(life.persons[cohort]) > 0]
        if not used:
            continue
        # Those present are in row 0 at the end of the month before; their time begins with row 1.
        begin = 1 if cohort == "present" else 0
        sides = [
            np.array([life.state[cohort][i][begin:, strategies].sum(axis=0) / life.persons[cohort][i] for life in used])
            for i in (0, 1)
        ]
        for side, values in _three(sides[0], sides[1]):
            rows.append(
                pd.DataFrame(
                    {
                        "side": side,
                        "cohort": cohort,
                        "strategy": STRATEGIES,
                        **_spread(values, "months"),
                        "n": len(used),
                    }
                )
            )
    return _frame(rows, name, MEAN_TIME_COLUMNS)


def _transitions(name: str, lives: Sequence[Lives]) -> pd.DataFrame:
    """Moves per person-month (month-end stocks) in the strategy that is left; ``moves`` is their mean number."""
    import pandas as pd

    rows = []
    for cohort in COHORTS:
        begin = 1 if cohort == "present" else 0
        moves = [np.array([life.moves[cohort][i] for life in lives], dtype=np.float64) for i in (0, 1)]
        lived = [
            np.array([life.state[cohort][i][begin:, : len(STRATEGIES)].sum(axis=0) for life in lives]) for i in (0, 1)
        ]
        for origin, destination in np.argwhere((moves[0] + moves[1]).sum(axis=0)):
            exposed = (lived[0][:, origin] > 0) & (lived[1][:, origin] > 0)
            if not exposed.any():
                continue
            rates = [m[exposed, origin, destination] / e[exposed, origin] for m, e in zip(moves, lived, strict=True)]
            counts = [float(m[:, origin, destination].mean()) for m in moves]
            for (side, values), count in zip(_three(*rates), (*counts, counts[1] - counts[0]), strict=True):
                lo, hi = quantiles(values)
                rows.append(
                    (
                        *(side, cohort, STRATEGIES[origin], STATES[destination]),
                        *(values.mean(), lo, hi, count, int(exposed.sum())),
                    )
                )
    table = pd.DataFrame(rows, columns=list(TRANSITION_COLUMNS[1:])).assign(scenario=name)
    order = {side: number for number, side in enumerate(SIDES)}
    return table.sort_values("side", key=lambda s: s.map(order), kind="stable", ignore_index=True)[
        list(TRANSITION_COLUMNS)
    ]


def _time_to_exit_tables(name: str, lives: Sequence[Lives]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Still present, and cumulative incidence by exit, as long as enough are at risk in every replicate."""
    import pandas as pd

    still: list[pd.DataFrame] = []
    gone: list[pd.DataFrame] = []
    for cohort in CLOCKS:
        both = [[life.exits[cohort][i] for life in lives] for i in (0, 1)]
        end = min(_observed(curve.at_risk) for side in both for curve in side)
        if end == 0:
            continue
        months = np.arange(end)
        at_risk = [np.mean([c.at_risk[:end] for c in side], axis=0) for side in both]
        share = [np.array([c.still_present()[:end] for c in side]) for side in both]
        incidence = [np.array([c.incidence()[:end] for c in side]) for side in both]
        kinds = np.flatnonzero(np.any([i[:, -1].any(axis=0) for i in incidence], axis=0))
        counts = (*at_risk, at_risk[1] - at_risk[0])
        for (side, values), count in zip(_three(share[0], share[1]), counts, strict=True):
            still.append(
                pd.DataFrame(
                    {
                        "side": side,
                        "cohort": cohort,
                        "months": months,
                        "at_risk": count,
                        **_spread(values, "survival"),
                        "n": len(lives),
                    }
                )
            )
        for side, values in _three(incidence[0], incidence[1]):
            for kind in kinds:
                gone.append(
                    pd.DataFrame(
                        {
                            "side": side,
                            "cohort": cohort,
                            "exit": EXITS[kind],
                            "months": months,
                            **_spread(values[:, :, kind], "incidence"),
                            "n": len(lives),
                        }
                    )
                )
    return _frame(still, name, STILL_PRESENT_COLUMNS), _frame(gone, name, INCIDENCE_COLUMNS)


def _observed(at_risk: IntArray) -> int:
    """First month with fewer than `LEAST_AT_RISK` at risk, or the number of months."""
    few = np.flatnonzero(at_risk < LEAST_AT_RISK)
    return int(few[0]) if len(few) else len(at_risk)
