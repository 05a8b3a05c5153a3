"""Effects over the whole time since the change: tables ``key_figures``, ``cities`` and ``groups``.

One number for each outcome: the sum, or for stocks, durations and the index the mean, over the months from the first
effective one to the end. The verdict is ``up`` or ``down`` where the direction is clear or probable
(`irregsim.study.comparison.verdicts`); otherwise it is ``cannot tell``, and ``why`` gives the reason.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

from irregsim.model.registers import REGISTERS
from irregsim.study.comparison.differences import ENDS, Effects, statistics
from irregsim.study.comparison.pairs import Pair, Run, Runs
from irregsim.study.comparison.relative import in_percent
from irregsim.study.comparison.series import coded, is_averaged, over_window
from irregsim.study.comparison.verdicts import (
    CANNOT_TELL,
    SAME,
    false_discovery,
    in_words,
    is_very_little,
    p_value,
    verdict,
)
from irregsim.vocabulary.codes import HIDDEN
from irregsim.vocabulary.disclosure import PERCENT
from irregsim.vocabulary.labels import LANGUAGES, label
from irregsim.vocabulary.numbers import rounded_text
from irregsim.vocabulary.outcomes import OUTCOMES, first_then_others, is_uncounted
from irregsim.vocabulary.outcomes import PANELS as PANEL_NAMES

if TYPE_CHECKING:
    import pandas as pd

FloatArray = npt.NDArray[np.float64]

#: Panel of every register and outcome, as they declare it.
_DECLARED: Final[Mapping[str, str]] = {
    **{f"outcome:{one.code}": one.panel for one in OUTCOMES},
    **{f"register:{one.name}": one.panel for one in REGISTERS if one.panel is not None},
}

#: Order in each panel; a register or outcome that is not named comes last in the panel that it declares.
_ORDER: Final[Mapping[str, tuple[str, ...]]] = {
    "presence": (
        "index:hidden",
        "stock:hidden",
        "stock:synlig",
        "stock:fritt_fall",
        "inflow",
        "exit:tvangsretur",
        "exit:assistert_retur",
        "exit:bortvist",
        "exit:videre",
        "exit:regularisert",
        "exit:midlertidig",
        "exit:dod",
        "register:udi_return_duty_stock",
        "register:pu_orders",
        "register:pu_returns_executed",
        "register:assisted_returns",
        "register:left_centre_without_address",
        "register:udi_expulsions",
    ),
    "living": (
        "outcome:homeless_person_months",
        "outcome:roofless_person_months",
        "person_months:fritt_fall",
        "stock:avhengig",
        "outcome:exploitative_dependence_person_months",
        "outcome:violent_relation_person_months",
        "stock:marginalisert",
        "outcome:child_months_in_centre",
        "outcome:child_months_outside",
        "outcome:child_centre_moves",
        "outcome:citizen_children_with_parent_at_risk",
        "duration:fritt_fall",
    ),
    "labour": (
        "stock:arbeidende",
        "outcome:exploitative_work_person_months",
        "outcome:wages_withheld_nok",
        "outcome:back_pay_nok",
        "outcome:inspections",
        "outcome:fines_nok",
        "register:ssb_sanctions",
        "duration:arbeidende",
    ),
    "services": (
        "outcome:care_needed",
        "outcome:care_sought",
        "outcome:care_received",
        "outcome:offences_reported",
        "outcome:offences_unreported",
        "outcome:detention_days",
        "outcome:centre_bed_days",
    ),
}

#: Key figures by panel, in the order of all tables: four equal panels, none above the other.
PANELS: Final[Mapping[str, tuple[str, ...]]] = {
    panel: first_then_others(
        tuple(one for one in _ORDER[panel] if _DECLARED.get(one, panel) == panel),
        tuple(one for one, declared in _DECLARED.items() if declared == panel),
    )
    for panel in PANEL_NAMES
}

#: Order of the outcomes by city, living conditions and services first; others that declare it come before stocks.
_CITY_ORDER: Final = (
    "outcome:homeless_person_months",
    "outcome:roofless_person_months",
    "outcome:exploitative_dependence_person_months",
    "outcome:violent_relation_person_months",
    "outcome:care_received",
    "outcome:care_sought",
    "outcome:offences_unreported",
    "outcome:child_months_outside",
)

#: Outcomes by city.
IN_CITIES: Final = (
    *first_then_others(_CITY_ORDER, tuple(f"outcome:{one.code}" for one in OUTCOMES if one.is_in_cities)),
    "stock:fritt_fall",
    "stock:hidden",
)

#: Groups of persons, and their outcomes.
DIMENSIONS: Final = ("sought_asylum", "sex", "age_group", "with_child", "duration", "feasibility_group")
IN_GROUPS: Final = ("person_months:fritt_fall", "person_months:hidden", "person_months:synlig")


def effect_row(
    outcome: str,
    reference: FloatArray,
    difference: FloatArray,
    unit: str,
    draws: npt.NDArray[np.int64],
    *,
    is_part: bool = True,
) -> dict[str, Any]:
    """Statistics of one effect over the window, as columns of `key_figures`.

    Args:
        outcome: Its name.
        reference: Values of the reference, shape (replicates,).
        difference: Effects, likewise.
        unit: Unit of both.
        draws: Number of the draw of every replicate.
        is_part: Whether a fall is a part of what there was, so that none is larger.
    """
    told = {name: float(value) for name, value in statistics(difference, draws).items()}
    mean, lo, hi, mc_se = (told[name] for name in ("mean", "lo", "hi", "mc_se"))
    base = float(reference.mean())
    up, down, n = told["share_of_draws_positive"], told["share_of_draws_negative"], len(difference)
    word, certainty, why, more = verdict(mean, up, down, mc_se, n)
    percent = _ends("percent", in_percent(difference, reference), ("lo", "hi", "lo50", "hi50"))
    little = base > 0.0 and is_very_little(100.0 * mean / base, percent["percent_lo"], percent["percent_hi"])
    same_way = up if word == "up" else down

    def text(lang: str) -> str:
        is_told = word != CANNOT_TELL
        if certainty == SAME or not is_uncounted(outcome) or not base > 0.0:
            return rounded_text(mean, lo, hi, unit, lang, told=is_told, whole=base if is_part else math.inf)
        # As the page has it: what nobody counts is in percent, with its sign, since the row is in another unit.
        relative = (100.0 * mean / base, percent["percent_lo"], percent["percent_hi"])
        return f"{rounded_text(*relative, PERCENT, lang, told=is_told)} {label(f'unit.{PERCENT}', lang)}"

    return {
        "unit": unit,
        "reference_mean": base,
        **{name: told[name] for name in ("mean", "lo", "hi", "lo50", "hi50")},
        "share_positive": up,
        "mc_se": mc_se,
        "verdict": word,
        "why": why,
        "more_replicates": more,
        **{f"rounded_text_{lang}": text(lang) for lang in LANGUAGES},
        "n": n,
        "share_negative": down,
        "certainty": certainty,
        "false_discovery": p_value(mean, mc_se, n),
        **{f"verdict_text_{lang}": in_words(word, certainty, same_way, lang, little=little) for lang in LANGUAGES},
        **_ends("reference", reference, ("lo", "hi")),
        **percent,
    }


def _ends(name: str, values: FloatArray, ends: Sequence[str]) -> dict[str, float]:
    """Ends of intervals over replicates by column."""
    return {f"{name}_{end}": float(np.quantile(values, ENDS[end])) for end in ends}


def finished(rows: list[dict[str, Any]], keys: Sequence[str]) -> pd.DataFrame:
    """The table of effects from rows of `effect_row`.

    `p_value` of every row is corrected for how many effects its scenario has here.
    """
    import pandas as pd

    columns = ["scenario", *keys, "since", "to", "kind", *effect_row("", np.zeros(2), np.zeros(2), "", np.arange(2))]
    out = pd.DataFrame(rows, columns=columns).astype({"more_replicates": "Int64"})
    for name in out["scenario"].unique():
        mine = out["scenario"] == name
        out.loc[mine, "false_discovery"] = false_discovery(out.loc[mine, "false_discovery"].to_list())
    return out


def window_of(effect: Effects) -> tuple[int, ...]:
    """Numbers of the months from the first effective one on."""
    return tuple(i for i, month in enumerate(effect.pair.months) if month >= effect.pair.since)


def window_values(effect: Effects, outcome: str) -> tuple[FloatArray, FloatArray] | None:
    """Reference and difference of an outcome over the window, each of shape (replicates,).

    Both are taken over the months in which every replicate of both runs has a value; None where there is none.
    """
    return values_since(effect, outcome, effect.pair.since)


def values_since(effect: Effects, outcome: str, since: str) -> tuple[FloatArray, FloatArray] | None:
    """The same over the months from one of them on, ``YYYY-MM``."""
    difference = effect.difference[outcome]
    places = [i for i, month in enumerate(effect.pair.months) if month >= since and np.isfinite(difference[i]).all()]
    if not places:
        return None
    return over_window(effect.reference[outcome], outcome, places), over_window(difference, outcome, places)


def key_outcomes() -> list[tuple[str, str]]:
    """Panel and outcome of every key figure, in order."""
    return [(panel, outcome) for panel, outcomes in PANELS.items() for outcome in outcomes]


def key_figures(all_effects: Sequence[Effects], draws: npt.NDArray[np.int64]) -> pd.DataFrame:
    """The key figures of every scenario.

    Args:
        all_effects: From `differences.effects`.
        draws: Number of the draw of every replicate.

    Returns:
        Columns ``scenario``, ``outcome``, ``panel``, ``since``, ``to``, ``kind`` (``mean`` or ``sum`` over the months),
        ``unit``, ``reference_mean``, ``mean``, ``lo``, ``hi``, ``lo50``, ``hi50``, ``share_positive``, ``mc_se``,
        ``verdict``, ``why``, ``more_replicates`` (missing where none are needed or none would help),
        ``rounded_text_<language>`` for each of `LANGUAGES` (``rounded_text_nb``, ``rounded_text_en``), ``n``,
        ``share_negative``, ``certainty`` (`verdicts.CERTAINTIES`), ``false_discovery`` (missing where no replicate
        differs), ``verdict_text_<language>``, ``reference_lo`` and ``reference_hi``, and ``percent_lo``,
        ``percent_hi``, ``percent_lo50``, ``percent_hi50``: ends of the effect in percent of the reference of the same
        replicate (`relative`).
    """
    rows = []
    for effect in all_effects:
        for panel, outcome in key_outcomes():
            found = window_values(effect, outcome) if outcome in effect.difference else None
            if found is None:
                continue
            rows.append(
                {
                    "scenario": effect.pair.name,
                    "outcome": outcome,
                    "panel": panel,
                    "since": effect.pair.since,
                    "to": effect.pair.months[-1],
                    "kind": "mean" if is_averaged(outcome) else "sum",
                    **effect_row(outcome, *found, effect.units.get(outcome, ""), draws),
                }
            )
    return finished(rows, ["outcome", "panel"])


# ---------------------------------------------------------------------------------------------------------
# Cities and groups


def cities(runs: Runs, units: Mapping[str, str]) -> pd.DataFrame:
    """Effects over the window in each city.

    Args:
        runs: The runs.
        units: Unit by outcome.

    Returns:
        Columns as `key_figures` without ``panel``, with ``city``.
    """
    return by_keys(runs, units, _city_values, ["city", "outcome"])


def groups(runs: Runs) -> pd.DataFrame:
    """Effects on person-months by group: who is affected. From January after the change on, since groups are yearly.

    Returns:
        Columns as `key_figures` without ``panel``, with ``dimension`` and ``group``.
    """
    return by_keys(runs, dict.fromkeys(IN_GROUPS, "person-months"), _group_values, ["dimension", "group", "outcome"])


def by_keys(
    runs: Runs, units: Mapping[str, str], values_of: Callable[[Run, int, Pair], pd.DataFrame], keys: list[str]
) -> pd.DataFrame:
    """Effects over the window on sums that are read one replicate at a time.

    Args:
        runs: The runs.
        units: Unit by outcome; persons for one that is not there.
        values_of: Of a run, a replicate and a pair: the columns ``keys`` and ``value``, the sum over the window; what
            a replicate has no row of is 0.
        keys: Columns that name a row; one is ``outcome``.

    Returns:
        Columns as `key_figures` without ``panel``, with ``keys``; rows by outcome, then by keys.
    """
    from irregsim.study.summaries import dense

    draws, n = runs.draw_numbers, runs.replicates
    rows = []
    for pair in runs.pairs:
        # Sums over the window are small tables: those of all replicates fit side by side.
        sides = [values_of(run, j, pair) for run in (pair.reference, pair.scenario) for j in range(n)]
        found, values = dense(sides, keys, "value")
        order = {outcome: i for i, outcome in enumerate((*IN_CITIES, *IN_GROUPS))}
        found = found.assign(_order=found["outcome"].map(order)).sort_values(["_order", *keys], kind="stable")
        for place, names in zip(found.index, found[keys].itertuples(index=False), strict=True):
            key = dict(zip(keys, map(str, names), strict=True))
            reference, difference = values[place, :n], values[place, n:] - values[place, :n]
            outcome = key["outcome"]
            rows.append(
                {
                    "scenario": pair.name,
                    **key,
                    "since": pair.since,
                    "to": pair.months[-1],
                    "kind": "mean" if is_averaged(outcome) else "sum",
                    **effect_row(outcome, reference, difference, units.get(outcome, "persons"), draws),
                }
            )
    return finished(rows, keys)


def _city_values(run: Run, replicate: int, pair: Pair) -> pd.DataFrame:
    import pandas as pd

    from irregsim.vocabulary.codes import CITIES

    outcomes = run.read("outcomes", replicate, ["month", "outcome", "city", "value"])
    outcomes = outcomes[_not_before(outcomes["month"], pair.since) & outcomes["city"].isin(CITIES)]
    lived = outcomes.assign(outcome=_as_outcome("outcome", outcomes["outcome"]))
    stocks = run.read("stocks", replicate, ["month", "strategy", "city", "persons"])
    stocks = stocks[_not_before(stocks["month"], pair.since) & stocks["city"].isin(CITIES)]
    months = sum(month >= pair.since for month in pair.months)
    present = stocks.assign(value=stocks["persons"] / months, outcome=_as_outcome("stock", stocks["strategy"]))
    hidden = present[present["strategy"].isin(HIDDEN)].assign(outcome="stock:hidden")
    parts = [frame[frame["outcome"].isin(IN_CITIES)] for frame in (lived, present, hidden)]
    both = pd.concat([part[["city", "outcome", "value"]].astype({"city": str, "outcome": str}) for part in parts])
    out: pd.DataFrame = both.groupby(["city", "outcome"])["value"].sum().reset_index()
    return out


def _as_outcome(family: str, column: pd.Series) -> pd.Series:
    """Codes as names of outcomes; every text is written once, and not every row."""
    named: pd.Series = column.astype("category").cat.rename_categories(lambda code: f"{family}:{code}")
    return named


def _not_before(months: pd.Series, since: str) -> npt.NDArray[np.bool_]:
    """Rows whose month is not before one; every text is compared once, and not every row."""
    numbers, texts = coded(months)
    return np.asarray(np.array([*(text >= since for text in texts), False])[numbers])


def _group_values(run: Run, replicate: int, pair: Pair) -> pd.DataFrame:
    import pandas as pd

    frame = run.read("groups", replicate)
    first = int(pair.since[:4]) + (pair.since[5:] != "01")
    frame = frame[frame["year"] >= first]
    strategy, strategies = coded(frame["strategy"])
    # Whole numbers, so that they may be added in any order.
    persons = frame["person_months"].to_numpy(dtype="float64")
    states = {f"person_months:{code}": [code] for code in strategies} | {"person_months:hidden": list(HIDDEN)}
    parts = []
    for dimension in DIMENSIONS:
        group, groups = coded(frame[dimension])
        shape = (len(groups), len(strategies))
        cell = group * len(strategies) + strategy
        sums = np.bincount(cell, weights=persons, minlength=shape[0] * shape[1]).reshape(shape)
        there = np.bincount(cell, minlength=shape[0] * shape[1]).reshape(shape) > 0
        for outcome in sorted(set(states) & set(IN_GROUPS)):
            chosen = [strategies.index(code) for code in states[outcome] if code in strategies]
            parts += [
                (dimension, name.lower(), outcome, sums[i, chosen].sum())
                for i, name in enumerate(groups)
                if there[i, chosen].any()
            ]
    return pd.DataFrame(parts, columns=["dimension", "group", "outcome", "value"])
