"""Small tables from big ones: headline series of each replicate, and their spread over replicates.

Everything a reader is shown (summary.csv, the table on the screen, plots) starts from the few series made
here. A combination that a replicate has no row for counts as zero, because tables leave out rows of zero
persons.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from irregsim.model.registers import REGISTERS
from irregsim.vocabulary.codes import EXITS, HIDDEN, STRATEGIES
from irregsim.vocabulary.disclosure import PER_PERSON
from irregsim.vocabulary.knowledge import LAST_COMMON_YEAR
from irregsim.vocabulary.outcomes import AMOUNTS, COUNTED_OUTCOMES

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

#: Last year with observed history behind every driver; what comes later rests in part on stated assumptions
#: (`irregsim.vocabulary.knowledge.assumption_starts` says from when, driver by driver).
LAST_OBSERVED_YEAR = LAST_COMMON_YEAR

QUANTILES: tuple[tuple[str, float], ...] = (
    ("q025", 0.025),
    ("q25", 0.25),
    ("q50", 0.5),
    ("q75", 0.75),
    ("q975", 0.975),
)

#: Columns of a summary that separate parameter uncertainty from random variation; empty where impossible.
SHARES: tuple[str, ...] = ("parameter_share", "parameter_share_se")

#: Cells that add up to the total of a register: register, dimension and key.
_OF_TOTAL = frozenset((register.name, *cell) for register in REGISTERS for cell in register.total)

#: Dimensions too fine for a summary.
_FINE = ("country", "country_ground")

#: Reads some columns of a table of one replicate.
ReadColumns = Callable[[str, Sequence[str]], "pd.DataFrame"]


def monthly_stocks(read: ReadColumns) -> pd.DataFrame:
    """Persons by strategy at the end of each month, for one replicate.

    Args:
        read: Gives some columns of a table of that replicate.

    Returns:
        A frame with index ``month`` (YYYY-MM, ascending) and a column of counts for each of the five
        strategies; 0 in months without anybody.
    """
    import pandas as pd

    stocks = read("stocks", ["month", "strategy", "persons"])
    table = stocks.pivot_table(
        index="month", columns="strategy", values="persons", aggfunc="sum", fill_value=0, observed=True
    )
    table = table.reindex(columns=list(STRATEGIES), fill_value=0)
    table.index = table.index.astype(str)
    table.columns = list(STRATEGIES)
    months = sorted({*table.index, *_months(read)})
    return table.reindex(pd.Index(months, dtype="str", name="month"), fill_value=0).astype("int64")


def _months(read: ReadColumns) -> set[str]:
    """Months of a replicate: every one has outcomes, also where nobody is there."""
    return set(read("outcomes", ["month"])["month"].astype(str).unique())


def yearly_flows(read: ReadColumns) -> pd.DataFrame:
    """Persons leaving by each exit, and persons coming in, per calendar year, for one replicate.

    Returns:
        A frame with index ``year`` (int) and columns ``inflow`` and the codes of the exits; 0 in years without moves.
    """
    import pandas as pd

    flows = read("flows", ["month", "origin", "destination", "persons"])
    year = flows["month"].astype(str).str[:4].astype("int64").rename("year")
    exits = (
        flows["persons"].where(flows["destination"].isin(EXITS), 0).groupby([year, flows["destination"].astype(str)])
    )
    table = exits.sum().unstack(fill_value=0).reindex(columns=list(EXITS), fill_value=0)
    inflow = flows["persons"].where(flows["origin"] == "inflow", 0).groupby(year).sum()
    table.insert(0, "inflow", inflow)
    table.columns = ["inflow", *EXITS]
    years = sorted({*table.index, *(int(month[:4]) for month in _months(read))})
    return table.reindex(pd.Index(years, dtype="int64", name="year"), fill_value=0).astype("int64")


def register_series(registers: pd.DataFrame) -> pd.DataFrame:
    """Register counts by name, coarse dimensions only, with the totals under the register's bare name.

    Args:
        registers: The table of one replicate (columns ``period``, ``register``, ``dimension``, ``key``,
            ``count``).

    Returns:
        Columns ``period``, ``outcome`` (``register:<register>`` or ``register:<register>:<dimension>:<key>``)
        and ``value``.
    """
    import pandas as pd

    rows = registers.astype({"period": str, "register": str, "dimension": str, "key": str})
    rows = rows[~rows["dimension"].isin(_FINE)]
    named = rows[["period"]].assign(
        outcome="register:" + rows["register"] + ":" + rows["dimension"] + ":" + rows["key"], value=rows["count"]
    )
    of_total = pd.Series(
        [cell in _OF_TOTAL for cell in zip(rows["register"], rows["dimension"], rows["key"], strict=True)],
        index=rows.index,
        dtype=bool,
    )
    chosen = rows[of_total]
    totals = (
        chosen.assign(outcome="register:" + chosen["register"])
        .groupby(["period", "outcome"])["count"]
        .sum()
        .rename("value")
        .reset_index()
    )
    return pd.concat([totals, named], ignore_index=True)


@dataclass(frozen=True)
class Series:
    """Headline series of one replicate.

    Attributes:
        stocks: `monthly_stocks`.
        flows: `yearly_flows`.
        registers: `register_series`.
        outcomes: Columns ``outcome`` (``outcome:<code>``), ``period`` (year), ``unit`` and ``value``,
            national.
    """

    stocks: pd.DataFrame
    flows: pd.DataFrame
    registers: pd.DataFrame
    outcomes: pd.DataFrame

    @classmethod
    def of(cls, read: ReadColumns) -> Series:
        """The series of one replicate.

        Args:
            read: Gives some columns of a table of that replicate.
        """
        outcomes = read("outcomes", ["month", "outcome", "value", "unit"])
        yearly = outcomes.assign(
            period=outcomes["month"].astype(str).str[:4],
            outcome="outcome:" + outcomes["outcome"].astype(str),
            unit=outcomes["unit"].astype(str),
        )
        return cls(
            monthly_stocks(read),
            yearly_flows(read),
            register_series(read("registers", ["period", "register", "dimension", "key", "count"])),
            yearly.groupby(["outcome", "period", "unit"])["value"].sum().reset_index(),
        )


def headlines(series: Series) -> pd.DataFrame:
    """The main outcomes of one replicate.

    Returns:
        Columns ``outcome``, ``period``, ``unit`` and ``value``: ``stock:<strategy>`` at year ends and in the
        last month, ``inflow`` and ``exit:<exit>`` per year, ``register:...`` per period, ``outcome:<code>``
        per year.
    """
    import pandas as pd

    stocks = year_ends(series.stocks).rename_axis("period").rename(columns=lambda code: f"stock:{code}")
    flows = series.flows.rename(columns=lambda code: code if code == "inflow" else f"exit:{code}")
    flows.index = flows.index.astype(str).rename("period")
    parts = [
        _long(stocks).assign(unit="persons"),
        _long(flows).assign(unit="persons"),
        series.registers.assign(unit="count"),
        series.outcomes,
    ]
    columns = ["outcome", "period", "unit", "value"]
    return pd.concat([part[columns].astype({"value": "float64"}) for part in parts], ignore_index=True)


def _long(table: pd.DataFrame) -> pd.DataFrame:
    return table.melt(var_name="outcome", ignore_index=False).reset_index()


def year_ends(stocks: pd.DataFrame) -> pd.DataFrame:
    """Rows of `monthly_stocks` at year ends, and the last month where the run ends within a year."""
    months = stocks.index.astype(str)
    return stocks[[m.endswith("-12") or m == months[-1] for m in months]]


def published_headlines(series: Series) -> pd.DataFrame:
    """`headlines` in the form that may be published: what no register counts becomes an index.

    Hidden stocks have all hidden strategies together in the first month as 100; outcomes that no agency
    counts have their own first year as 100.
    """
    import pandas as pd

    table = headlines(series)
    hidden = table["outcome"].isin([f"stock:{code}" for code in HIDDEN])
    start = float(series.stocks.iloc[0][list(HIDDEN)].sum())
    reference = pd.Series(start if start > 0 else float("nan"), index=table.index)
    first = series.outcomes.sort_values("period").drop_duplicates("outcome").set_index("outcome")["value"]
    living = table["outcome"].str.startswith("outcome:") & ~table["outcome"].isin(
        [f"outcome:{code}" for code in COUNTED_OUTCOMES]
    )
    reference = reference.where(~living, table["outcome"].map(first.where(first > 0)))
    as_index = hidden | living
    persons = table["value"].where(~table["unit"].isin(AMOUNTS))
    for amount, counted in PER_PERSON.items():
        behind = table[table["outcome"] == f"outcome:{counted}"].set_index("period")["value"]
        persons = persons.where(table["outcome"] != f"outcome:{amount}", table["period"].map(behind))
    return table.assign(
        persons=persons,
        value=table["value"].where(~as_index, 100.0 * table["value"] / reference),
        unit=table["unit"].where(~as_index, "index"),
    )


def spread(values: np.ndarray) -> dict[str, np.ndarray]:
    """Mean and quantiles over the last axis.

    Args:
        values: Shape (..., replicates).

    Returns:
        ``mean``, ``q025``, ``q25``, ``q50``, ``q75``, ``q975``, each of shape (...).
    """
    import numpy as np

    cuts = np.quantile(values, [q for _, q in QUANTILES], axis=-1)
    return {"mean": values.mean(axis=-1), **{name: cuts[i] for i, (name, _) in enumerate(QUANTILES)}}


def parameter_share(values: np.ndarray, draws: Sequence[int]) -> tuple[np.ndarray, np.ndarray]:
    """Share of the variance over replicates that comes from parameters; the rest is random variation.

    One-way analysis of variance with random effects, draws being the groups (Searle, Casella and McCulloch 1992,
    ch. 3): with K replicates of each of a draws, the mean squares between (MSB) and within draws (MSW) give unbiased
    estimates of both components, (MSB - MSW) / K for parameters and MSW for random variation. The share is the first
    over the sum of both, 0 where the first is negative.

    Args:
        values: Shape (..., replicates).
        draws: Number of the draw of each replicate, shape (replicates,).

    Returns:
        The share, 0 to 1, and its Monte Carlo error: the jackknife over draws, which assumes no distribution, of
        the share before it is cut at 0. Both of shape (...). Missing unless there are 2 draws or more (3 for the
        error) of equally many replicates, 2 or more; and where nothing varies.
    """
    import numpy as np

    values = np.asarray(values, dtype="float64")
    share, error = np.full((2, *values.shape[:-1]), np.nan)
    counts = np.unique(np.asarray(draws), return_counts=True)[1]
    a, k = len(counts), int(counts[0]) if len(counts) else 0
    if a < 2 or k < 2 or (counts != k).any():
        return share, error
    # Less the first value: what does not vary is then exactly 0.
    shifted = (values - values[..., :1])[..., np.argsort(draws, kind="stable")]
    groups = shifted.reshape(*values.shape[:-1], a, k)
    means = groups.mean(axis=-1)
    within = ((groups - means[..., None]) ** 2).sum(axis=-1)
    far = (means - means.mean(axis=-1, keepdims=True)) ** 2
    between = far.sum(axis=-1)

    def ratio(squares: np.ndarray, inside: np.ndarray, n: int) -> np.ndarray:
        msb, msw = k * squares / (n - 1), inside / (n * (k - 1))
        total = msb + (k - 1) * msw
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray(np.where(total > 0, (msb - msw) / total, np.nan))

    share = np.clip(ratio(between, within.sum(axis=-1), a), 0.0, 1.0)
    if a > 2:
        # The sums of squares without one draw, in closed form.
        left = np.maximum(between[..., None] - far * a / (a - 1), 0.0)
        without = ratio(left, within.sum(axis=-1, keepdims=True) - within, a - 1)
        spread_of = ((without - without.mean(axis=-1, keepdims=True)) ** 2).sum(axis=-1)
        error = np.sqrt(spread_of * (a - 1) / a)
    return share, error


def dense(frames: Iterable[pd.DataFrame], keys: Sequence[str], value: str) -> tuple[pd.DataFrame, np.ndarray]:
    """Put the replicates side by side.

    Args:
        frames: One frame per replicate, in order.
        keys: Columns that name a row.
        value: Column of the value; rows with equal keys are added.

    Returns:
        The distinct keys, in order of first appearance, and values of shape (keys, replicates), 0 where a
        replicate has no such row.
    """
    import numpy as np
    import pandas as pd

    tables = [frame[[*keys, value]] for frame in frames]
    everything = _joined(tables)
    replicate = np.repeat(np.arange(len(tables)), [len(table) for table in tables])
    groups = everything.groupby(list(keys), sort=False, dropna=False, observed=True)
    number = groups.ngroup().to_numpy()
    values = np.zeros((groups.ngroups, len(tables)))
    np.add.at(values, (number, replicate), everything[value].to_numpy(dtype="float64"))
    distinct = everything.loc[~pd.Series(number).duplicated().to_numpy(), list(keys)].reset_index(drop=True)
    return distinct, values


def _joined(tables: list[pd.DataFrame]) -> pd.DataFrame:
    """Frames below each other, keeping categories: pandas alone would turn differing ones into text."""
    import pandas as pd
    from pandas.api.types import union_categoricals

    columns = {
        name: pd.Series(union_categoricals([table[name] for table in tables]))
        if all(table[name].dtype == "category" for table in tables)
        else pd.concat([table[name] for table in tables], ignore_index=True)
        for name in tables[0].columns
    }
    return pd.DataFrame(columns)


def summary(series: Sequence[Series], draws: Sequence[int]) -> pd.DataFrame:
    """Spread of the headlines over replicates: the content of summary.csv.

    Args:
        series: The series of every replicate, in order.
        draws: Number of the parameter draw of every replicate.

    Returns:
        Columns ``outcome``, ``period``, ``unit``, ``mean``, ``q025``, ``q25``, ``q50``, ``q75``, ``q975``,
        ``n`` (replicates), ``draws`` (distinct ones) and those of `SHARES`, ordered by kind of outcome as `headlines`
        has them, then by outcome and period.
    """
    return _summary([headlines(one) for one in series], draws).drop(columns="persons")


def published_summary(series: Sequence[Series], draws: Sequence[int]) -> pd.DataFrame:
    """`summary` of `published_headlines`, with a column ``persons`` (mean behind the row) for `rounded`."""
    return _summary([published_headlines(one) for one in series], draws)


def _summary(tables: list[pd.DataFrame], draws: Sequence[int]) -> pd.DataFrame:
    columns = ["outcome", "period", "unit"]
    keys, values = dense(tables, columns, "value")
    behind = "persons" if "persons" in tables[0] else "value"
    persons = dense(tables, columns, behind)[1].mean(axis=-1)
    shares = dict(zip(SHARES, parameter_share(values, draws), strict=True))
    table = keys.assign(**spread(values), n=len(tables), draws=len(set(draws)), **shares, persons=persons)
    kinds = {"stock": 0, "inflow": 1, "exit": 2, "register": 3, "outcome": 4}
    codes = {code: i for i, code in enumerate((*STRATEGIES, *EXITS))}
    parts = table["outcome"].str.split(":", n=1)
    order = table.assign(
        _kind=[kinds[p[0]] for p in parts], _code=[codes.get(p[-1], len(codes)) for p in parts]
    ).sort_values(["_kind", "_code", "outcome", "period"], kind="stable")
    return order.drop(columns=["_kind", "_code"]).reset_index(drop=True)


def hidden_index(stocks: pd.DataFrame) -> pd.DataFrame:
    """Stocks of the hidden strategies as an index: all hidden strategies together are 100 in the first month.

    One reference for all four keeps the parts additive: their sum is the index of the hidden population.

    Args:
        stocks: `monthly_stocks` of one replicate, or any frame with a column for each strategy, first row =
            start.

    Returns:
        A frame with the four hidden strategies as columns; missing values where nobody is hidden at the
        start.
    """
    hidden = stocks[list(HIDDEN)].astype("float64")
    start = float(hidden.iloc[0].sum())
    return 100.0 * hidden / (start if start > 0 else float("nan"))


def hidden_shares(stocks: pd.DataFrame) -> pd.DataFrame:
    """Shares of the four hidden strategies among all who hold one of them, in per cent."""
    hidden = stocks[list(HIDDEN)].astype("float64")
    return 100.0 * hidden.div(hidden.sum(axis=1).where(lambda total: total > 0), axis=0)


def reader(frames: Mapping[str, pd.DataFrame]) -> ReadColumns:
    """A `ReadColumns` over the tables of one replicate that are in memory."""

    def read(name: str, columns: Sequence[str]) -> pd.DataFrame:
        return frames[name][list(columns)]

    return read
