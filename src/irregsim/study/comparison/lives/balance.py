"""Where did they go? An exact balance of who left or entered each strategy and exit relative to the reference.

Two accounts of the same difference. The *balance* adds up stocks and flows of the two runs: since nothing differs
before the first effective month,

    change of the five strategies + change of all exits since then = change of the inflow since then,

exactly, replicate by replicate. The *alluvial* table follows synthetic persons, who are the same in both runs: how many
are in one state in the reference and in another in the scenario at the same time. Its rows add up to where the
reference has them and its columns to where the scenario has them. The two differ in exits only: the alluvial table
counts persons by where they are, so those who came back from temporary legal stay have left that exit, and visitors
sent out within days of arrival (an event, not a stock) are not in it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from irregsim.storage.folder import RunFolder
from irregsim.study.comparison.lives.states import (
    EXITS,
    NOT_HERE_STATE,
    STATES,
    STRATEGIES,
    IntArray,
    Overlay,
    Window,
    quantiles,
)
from irregsim.study.comparison.relative import in_percent
from irregsim.study.comparison.tables import TABLES
from irregsim.vocabulary.codes import month_number, month_text

if TYPE_CHECKING:
    import pandas as pd

#: Rows of the balance: strategies, exits and the inflow.
ACCOUNTS: tuple[str, ...] = (*STRATEGIES, *EXITS, "inflow")
KINDS: tuple[str, ...] = (*["strategy"] * len(STRATEGIES), *["exit"] * len(EXITS), "inflow")

BALANCE_COLUMNS = TABLES["balance"].names
ALLUVIAL_COLUMNS = TABLES["alluvial"].names


class BalanceError(AssertionError):
    """Two accounts that must agree do not; a fault of the run or of this program."""


@dataclass(frozen=True)
class Accounts:
    """Whole numbers of one replicate of one run, at each reported month.

    Attributes:
        state: Persons in each strategy at the end of the month, and in exits and inflow since the first effective
            month; shape (months, accounts).
        entered: Who came in since then: into a strategy from anywhere else, by an exit; 0 for the inflow.
        left: Who went out of a strategy since then, or came with the inflow; 0 for exits.
    """

    state: IntArray
    entered: IntArray
    left: IntArray


def accounts(folder: RunFolder, replicate: int, window: Window) -> Accounts:
    """Stocks at the reported months, and flows from the first effective month up to each of them.

    Args:
        folder: A finished run.
        replicate: Number of the replicate.
        window: Months compared.
    """
    reported = np.array(window.reported())
    number = {account: code for code, account in enumerate(ACCOUNTS)}
    stocks = folder.replicate("stocks", replicate, ("month", "strategy", "persons"))
    month = _numbers(stocks["month"], month_number)
    strategy = _numbers(stocks["strategy"], number.__getitem__)
    at = np.searchsorted(reported, month)
    held = (at < len(reported)) & (reported[np.minimum(at, len(reported) - 1)] == month)
    state = np.zeros((len(reported), len(ACCOUNTS)), dtype=np.int64)
    np.add.at(state, (at[held], strategy[held]), stocks["persons"].to_numpy()[held])

    flows = folder.replicate("flows", replicate, ("month", "origin", "destination", "persons"))
    month = _numbers(flows["month"], month_number)
    # The stock that opens the account is there before the first effective month.
    origin, destination = (_numbers(flows[c], lambda text: number.get(text, -1)) for c in ("origin", "destination"))
    moved = (month >= window.first) & (month <= window.last) & (origin != destination) & (origin >= 0)
    until = np.searchsorted(reported, month[moved])
    persons = flows["persons"].to_numpy()[moved]
    entered, left = np.zeros_like(state), np.zeros_like(state)
    np.add.at(entered, (until, destination[moved]), persons)
    np.add.at(left, (until, origin[moved]), persons)
    entered, left = entered.cumsum(axis=0), left.cumsum(axis=0)
    for code, kind in enumerate(KINDS):
        if kind != "strategy":
            state[:, code] = entered[:, code] + left[:, code]
    return Accounts(state, entered, left)


def _numbers(column: pd.Series, number_of: Callable[[str], int]) -> IntArray:
    """Numbers of a column of categories; whole numbers also where there are none."""
    numbers = np.array([number_of(text) for text in column.cat.categories], dtype=np.int64)
    return np.asarray(numbers[column.cat.codes])


def check_balance(reference: Accounts, scenario: Accounts) -> None:
    """Persons are conserved between two runs that are equal before the first effective month.

    Raises:
        BalanceError: If they are not.
    """
    change = scenario.state - reference.state
    sign = np.array([-1 if kind == "inflow" else 1 for kind in KINDS])
    moved = (scenario.entered - reference.entered) - (scenario.left - reference.left)
    strategies = slice(0, len(STRATEGIES))
    if (change @ sign).any() or (change[:, strategies] != moved[:, strategies]).any():
        raise BalanceError(
            "the changes of strategies and exits do not add up to the change of the inflow: the runs are not equal "
            "before the first effective month (another seed, scale or version?)"
        )


def balance_table(name: str, pairs: Sequence[tuple[Accounts, Accounts]], window: Window) -> pd.DataFrame:
    """The balance over replicates.

    Args:
        name: Name of the scenario.
        pairs: Accounts of reference and scenario, a pair for each replicate.
        window: Months compared.

    Returns:
        `BALANCE_COLUMNS`: means over replicates; ``change_in_state`` with its 2.5 and 97.5 % quantiles ``lo`` and
        ``hi``; ``entered`` and ``left``, the mean changes of the flows into and out of the state since the first
        effective month, whose difference is ``change_in_state`` of a strategy; ``n`` replicates.

    Raises:
        BalanceError: If persons are not conserved.
    """
    import pandas as pd

    for reference, scenario in pairs:
        check_balance(reference, scenario)
    ref, sce = (np.stack([side.state for side in sides]) for sides in zip(*pairs, strict=True))
    change = (sce - ref).astype(np.float64)
    lo, hi = quantiles(change)
    ratio = in_percent(np.moveaxis(change, 0, -1), np.moveaxis(ref, 0, -1).astype(np.float64))
    percent_lo, percent_hi = quantiles(np.moveaxis(ratio, -1, 0))
    entered = np.mean([s.entered - r.entered for r, s in pairs], axis=0)
    left = np.mean([s.left - r.left for r, s in pairs], axis=0)
    months = [month_text(m) for m in window.reported()]
    size = len(ACCOUNTS)
    return pd.DataFrame(
        {
            "scenario": name,
            "to_month": np.repeat(months, size),
            "kind": np.tile(KINDS, len(months)),
            "state": np.tile(ACCOUNTS, len(months)),
            "reference_mean": ref.mean(axis=0).ravel(),
            "scenario_mean": sce.mean(axis=0).ravel(),
            "change_in_state": change.mean(axis=0).ravel(),
            "lo": lo.ravel(),
            "hi": hi.ravel(),
            "entered": entered.ravel(),
            "left": left.ravel(),
            "n": len(pairs),
            "percent_lo": percent_lo.ravel(),
            "percent_hi": percent_hi.ravel(),
        }
    )[list(BALANCE_COLUMNS)]


# ---------------------------------------------------------------------------------------------------------
# The same persons in both runs


def crossed(both: Overlay) -> IntArray:
    """Persons by state in the reference and in the scenario at each reported month; shape (months, states, states)."""
    states = len(STATES)
    out = []
    for month in both.window.reported():
        column = month - both.window.first + 1
        cell = both.reference.state[:, column].astype(np.int64) * states + both.scenario.state[:, column]
        out.append(np.bincount(cell, minlength=states * states).reshape(states, states))
    table = np.stack(out)
    # Those in neither are not counted: those who had left in one run and have not come in the other.
    table[:, NOT_HERE_STATE, NOT_HERE_STATE] = 0
    return table


def check_crossed(table: IntArray, reference: Accounts, scenario: Accounts) -> None:
    """Rows and columns of strategies add up to the stocks of the two runs.

    Raises:
        BalanceError: If they do not.
    """
    strategies = slice(0, len(STRATEGIES))
    for axis, side in ((2, reference), (1, scenario)):
        if (table.sum(axis=axis)[:, strategies] != side.state[:, strategies]).any():
            raise BalanceError("lives and stocks of a run do not concern the same persons")


def alluvial_table(name: str, tables: Sequence[IntArray], window: Window) -> pd.DataFrame:
    """Persons by state in the reference and in the scenario, over replicates.

    Args:
        name: Name of the scenario.
        tables: What `crossed` returns, for each replicate.
        window: Months compared.

    Returns:
        `ALLUVIAL_COLUMNS`: mean ``persons`` with 2.5 and 97.5 % quantiles, and ``total``, the sum over the ``n``
        replicates, by which rows and columns can be added without rounding. Cells that no replicate has are left
        out. Cells of equal states are those who are in the same place in both runs: of hidden strategies they are
        levels, which are published only on request.
    """
    import pandas as pd

    stacked = np.stack(tables)
    total = stacked.sum(axis=0)
    month, row, column = np.nonzero(total)
    lo, hi = quantiles(stacked[:, month, row, column].astype(np.float64))
    months, states = np.array([month_text(m) for m in window.reported()]), np.array(STATES)
    return pd.DataFrame(
        {
            "scenario": name,
            "to_month": months[month],
            "reference_state": states[row],
            "scenario_state": states[column],
            "persons": total[month, row, column] / len(tables),
            "lo": lo,
            "hi": hi,
            "total": total[month, row, column],
            "n": len(tables),
        }
    )[list(ALLUVIAL_COLUMNS)]
