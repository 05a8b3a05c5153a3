"""How well registers of the model agree with the published counts: intervals with error, coverage, what moved.

Tables in, tables out, on top of `irregsim.inference.check.counts`. The intervals there include random variation,
the spread of the draws and the noise of the register itself, but not the amount by which the published number may
differ from the model's register for reasons of definition (``error_log_sd`` of a target). Here that error is added: the
published number is taken as the model's count times a lognormal factor of median 1. The distribution of that product
over replicates is a mixture of lognormals, so its quantiles and tails are solved exactly and nothing is drawn.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt
from scipy.optimize import brentq
from scipy.special import ndtr
from scipy.stats import binomtest

from irregsim.inference.check.counts import INTERVALS, answers, check

if TYPE_CHECKING:
    import pandas as pd

    from irregsim.inference.targets import Move, Target

FloatArray = npt.NDArray[np.float64]

#: Columns that `judged` adds to those of `predictive.check`.
ADDED: Final = (
    "role",
    "block",
    "vintage",
    "error_log_sd",
    "of_prior",
    "lo50_error",
    "hi50_error",
    "lo90_error",
    "hi90_error",
    "tail_probability_error",
    "inside50_error",
    "inside90_error",
    "inside50_expected",
    "inside90_expected",
    "z",
)

#: Roles that are judged, in the order of all tables.
ROLES: Final = ("fit", "check")

#: Added to both counts before their logarithm is taken, so that a count of 0 has one.
_HALF: Final = 0.5

#: What is reported of a target before and after it moved.
_MOVED: Final = ("z", "inside50_error", "inside90_error")


# ---------------------------------------------------------------------------------------------------------
# Intervals with error

#: Mixtures end this many standard deviations beyond their outermost part.
_FARTHEST: Final = 9.0


def mixture_cdf(values: FloatArray, sd: float, x: float) -> float:
    """Probability that a value times its error is at or below ``x``.

    Args:
        values: Of the replicates, 0 or more, shape (n,), n at least 1.
        sd: Standard deviation of the logarithm of the error, 0 or more.
        x: Where, 0 or more. A value of 0 stays 0 whatever the error.
    """
    if sd == 0.0:
        return float(np.mean(values <= x))
    if x <= 0.0:
        return float(np.mean(values <= 0.0)) if x == 0.0 else 0.0
    positive = values[values > 0.0]
    below = float(ndtr((np.log(x) - np.log(positive)) / sd).sum()) + float(len(values) - len(positive))
    return below / len(values)


def mixture_quantile(values: FloatArray, sd: float, p: float) -> float:
    """Quantile of a value times its error.

    Args:
        values: As in `mixture_cdf`.
        sd: As there; with 0 the quantile of the values, interpolated as in `predictive.check`.
        p: Above 0, below 1.
    """
    positive = values[values > 0.0]
    if sd == 0.0:
        return float(np.quantile(values, p))
    if len(positive) == 0 or mixture_cdf(values, sd, 0.0) >= p:
        return 0.0
    low = float(np.log(positive.min())) - _FARTHEST * sd
    high = float(np.log(positive.max())) + _FARTHEST * sd
    return float(np.exp(brentq(lambda x: mixture_cdf(values, sd, float(np.exp(x))) - p, low, high, xtol=1e-12)))


def mixture_tail(values: FloatArray, sd: float, observed: float, *, one_sided: bool = False) -> float:
    """`predictive.tail_probability` of a value times its error.

    As there, the observed value counts among the replicates with half its weight, so the result is never 0.

    Args:
        values: As in `mixture_cdf`.
        sd: As there, above 0.
        observed: Published value, 0 or more.
        one_sided: Probability that the model's value is above instead.
    """
    n = len(values)
    equal = float(np.mean(values == 0.0)) if observed == 0.0 else 0.0
    above = (n * (1.0 - mixture_cdf(values, sd, observed) + 0.5 * equal) + 0.5) / (n + 1)
    return above if one_sided else min(1.0, 2.0 * min(above, 1.0 - above))


def distance_in_sd(values: FloatArray, sd: float, observed: float) -> float:
    """How many predictive standard deviations the published value is above the model's, on the log scale.

    Args:
        values: Of the replicates, shape (n,).
        sd: Error of the published number on the log scale.
        observed: Published value, 0 or more.

    Returns:
        Positive where the model counts too few; missing where nothing varies.
    """
    logs = np.log(values + _HALF)
    spread = float(np.sqrt(logs.var(ddof=1 if len(logs) > 1 else 0) + sd**2))
    return (float(np.log(observed + _HALF)) - float(logs.mean())) / spread if spread > 0.0 else float("nan")


# ---------------------------------------------------------------------------------------------------------
# Targets


def judged(
    registers: pd.DataFrame,
    targets: Sequence[Target],
    *,
    fitted: Collection[str] | None = None,
    of_prior: Collection[str] = (),
) -> pd.DataFrame:
    """`predictive.check` with roles, and with the error of the published numbers.

    Args:
        registers: As there.
        targets: Published counts.
        fitted: Ids of the targets that the draws were fitted to; every other target of role ``fit`` then counts as
            held out (``check``). None: roles are those of the table.
        of_prior: Ids of the targets that a prior was made from.

    Returns:
        Columns of `predictive.check`, then `ADDED`. Columns that end in ``_error`` are as those without, for the
        published number taken with its error; there a number that was published rounded is inside where any value
        that rounds to it does. ``inside50_expected`` is the share of the replicates themselves that
        are in the 50 % interval, ends included: above a half where counts are small. ``z`` is `distance_in_sd`.
    """
    import pandas as pd

    out = check(registers, targets)
    given = out["reason"].isna().to_numpy()
    values = answers(registers, [t for t, is_given in zip(targets, given, strict=True) if is_given])
    columns = iter(values.T)
    rows = []
    for target, is_given in zip(targets, given, strict=True):
        role = target.role
        if role == "fit" and fitted is not None and target.id not in fitted:
            role = "check"
        row: dict[str, object] = {
            "role": role,
            "block": target.block,
            "vintage": target.vintage,
            "error_log_sd": target.error_log_sd,
            "of_prior": target.id in of_prior,
        }
        if is_given:
            column = next(columns)
            row |= _with_error(column[np.isfinite(column)], target)
        rows.append(row)
    added = pd.DataFrame(rows, columns=list(ADDED), index=out.index)
    flags = dict.fromkeys(("inside50_error", "inside90_error"), "boolean")
    texts = ("role", "block", "vintage", "of_prior")
    numbers = dict.fromkeys([name for name in ADDED if name not in (*texts, *flags)], "float64")
    return pd.concat([out, added.astype({**numbers, **flags, "of_prior": "bool"})], axis=1)


def _with_error(values: FloatArray, target: Target) -> dict[str, object]:
    sd = target.error_log_sd or 0.0
    bound = target.use == "lower_bound"
    out: dict[str, object] = {}
    for name, (low, high) in INTERVALS.items():
        lo, hi = (mixture_quantile(values, sd, p) for p in (low, high))
        out |= {f"lo{name}_error": lo, f"hi{name}_error": hi}
        near = target.half_rounding
        out[f"inside{name}_error"] = hi > target.value if bound else lo - near <= target.value <= hi + near
        lo, hi = (float(x) for x in np.quantile(values, (low, high)))
        out[f"inside{name}_expected"] = float(np.mean((values >= lo) & (values <= hi)))
    if sd > 0.0:
        out["tail_probability_error"] = mixture_tail(values, sd, target.value, one_sided=bound)
    out["z"] = distance_in_sd(values, sd, target.value)
    return out


def worst(table: pd.DataFrame, number: int) -> pd.DataFrame:
    """Targets fitted or held out that are farthest off, in predictive standard deviations (`distance_in_sd`).

    Args:
        table: From `judged`.
        number: How many, at least 1.
    """
    counted = table[table["role"].isin(ROLES) & (table["use"] == "primary") & table["z"].notna()]
    order = counted["z"].abs().sort_values(ascending=False, kind="stable").index
    return counted.loc[order].head(number)


# ---------------------------------------------------------------------------------------------------------
# Coverage


def binomial_interval(hits: int, trials: int, level: float = 0.95) -> tuple[float, float]:
    """Exact interval of a share (Clopper and Pearson 1934), for independent trials.

    Args:
        hits: 0 to ``trials``.
        trials: 1 or more.
        level: Probability with which it covers, at least.
    """
    found = binomtest(hits, trials).proportion_ci(level, method="exact")
    return float(found.low), float(found.high)


def coverage(table: pd.DataFrame) -> pd.DataFrame:
    """How many published counts are in the intervals, for all targets of a role and by register.

    Counts of other scope, lower bounds and targets that the registers cannot give are left out.

    Args:
        table: From `judged`.

    Returns:
        A row for each role (``fit``, ``check``) and register and dimension, the first of each role with register
        ``all``; and interval (``50`` or ``90``): ``role``, ``register``, ``dimension``, ``interval``, ``targets``,
        ``inside``, ``share``, ``lo`` and ``hi`` (`binomial_interval` of the share, 95 %), ``expected`` (share of the
        replicates themselves inside), and ``inside_error``, ``share_error``, ``lo_error``, ``hi_error`` with the error
        of the published numbers.
    """
    import pandas as pd

    counted = table[table["median"].notna() & (table["use"] == "primary")]
    rows = []
    for role in ROLES:
        of_role = counted[counted["role"] == role]
        groups = [(("all", "all"), of_role)]
        groups += [((str(r), str(d)), g) for (r, d), g in of_role.groupby(["register", "dimension"], sort=False)]
        for (register, dimension), group in groups:
            if group.empty:
                continue
            for name in INTERVALS:
                row: dict[str, object] = {"role": role, "register": register, "dimension": dimension, "interval": name}
                row |= {"targets": len(group), "expected": float(group[f"inside{name}_expected"].mean())}
                for end in ("", "_error"):
                    hits = int(group[f"inside{name}{end}"].sum())
                    lo, hi = binomial_interval(hits, len(group))
                    row |= {f"inside{end}": hits, f"share{end}": hits / len(group), f"lo{end}": lo, f"hi{end}": hi}
                rows.append(row)
    columns = ("role", "register", "dimension", "interval", "targets", "inside", "share", "lo", "hi", "expected")
    return pd.DataFrame(rows, columns=[*columns, *(f"{name}_error" for name in ("inside", "share", "lo", "hi"))])


# ---------------------------------------------------------------------------------------------------------
# Series and editions


def bands(registers: pd.DataFrame, series: Sequence[tuple[str, str, str]]) -> pd.DataFrame:
    """Predictive intervals of whole series, for every year or month that the registers report.

    Args:
        registers: As in `predictive.check`.
        series: Register, dimension and key of each.

    Returns:
        Columns ``register``, ``dimension``, ``key``, ``period``, ``median``, ``lo50``, ``hi50``, ``lo90``, ``hi90``,
        periods in order. A replicate without a row counts 0; a series that the registers lack has no rows.
    """
    import pandas as pd

    replicates = np.unique(registers["replicate"].to_numpy())
    rows = []
    for register, dimension, key in series:
        of_register = registers[registers["register"] == register]
        chosen = of_register[(of_register["dimension"] == dimension) & (of_register["key"] == key)]
        if chosen.empty:
            continue
        reported = {str(period) for period in of_register["period"].unique()}
        periods = sorted(period for period in reported if len(period) in (4, 7))
        counts = chosen.assign(period=chosen["period"].astype(str)).pivot(
            index="period", columns="replicate", values="count"
        )
        values = counts.reindex(index=periods, columns=replicates).fillna(0).to_numpy(dtype="float64")
        cuts = {"median": np.median(values, axis=1)}
        for name, (low, high) in INTERVALS.items():
            cuts |= {f"lo{name}": np.quantile(values, low, axis=1), f"hi{name}": np.quantile(values, high, axis=1)}
        names = {"register": register, "dimension": dimension, "key": key}
        rows.append(pd.DataFrame({**dict.fromkeys(names), "period": periods, **cuts}).assign(**names))
    columns = ["register", "dimension", "key", "period", "median", "lo50", "hi50", "lo90", "hi90"]
    return pd.concat(rows, ignore_index=True)[columns] if rows else pd.DataFrame(columns=columns)


def moved(moves: Sequence[Move], old: pd.DataFrame, new: pd.DataFrame) -> pd.DataFrame:
    """What a new edition of the targets does to the fit.

    Args:
        moves: From `targets.compare`.
        old: From `judged`, with the targets before.
        new: From `judged`, with the targets now and the same registers.

    Returns:
        A row for each move: ``id``, ``role``, ``old`` and ``new`` (published values), ``ratio``, ``within_rounding``,
        ``changed`` (columns of the table that differ, joined by commas; ``new`` or ``gone`` for a whole row),
        ``vintage_old``, ``vintage_new``, and ``z``, ``inside50_error`` and ``inside90_error``, each ``_old`` and
        ``_new``; missing where there is nothing to compare.
    """
    import pandas as pd

    sides = {"old": old.set_index("id"), "new": new.set_index("id")}
    rows = []
    for move in moves:
        changed = "new" if move.old is None else "gone" if move.new is None else ", ".join(move.changed)
        row: dict[str, object] = {"id": move.id, "role": move.role, "old": move.old, "new": move.new}
        row |= {"ratio": move.ratio, "within_rounding": move.within_rounding, "changed": changed}
        row |= dict(zip(("vintage_old", "vintage_new"), move.vintages, strict=True))
        for name in _MOVED:
            row |= {
                f"{name}_{side}": table.at[move.id, name] if move.id in table.index else None
                for side, table in sides.items()
            }
        rows.append(row)
    columns = ["id", "role", "old", "new", "ratio", "within_rounding", "changed", "vintage_old", "vintage_new"]
    frame = pd.DataFrame(rows, columns=[*columns, *(f"{name}_{side}" for name in _MOVED for side in sides)])
    flags = {str(name): "boolean" for name in frame if str(name).startswith("inside")}
    return frame.astype({**dict.fromkeys(("old", "new", "ratio", "z_old", "z_new"), "float64"), **flags})
