"""Moves by cause: how many more or fewer of each there were since the change (table ``causes``).

Which moves change an outcome follows from the states that it is of (`moves_of`): those into and out of them. What is
lived or counted in a state, such as nights without a roof, changes with who is in it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from irregsim.model.registers import REGISTERS
from irregsim.study.comparison.key_figures import by_keys
from irregsim.study.comparison.pairs import Pair, Run, Runs
from irregsim.vocabulary.codes import EXITS, HIDDEN, STRATEGIES

if TYPE_CHECKING:
    import pandas as pd

#: Strategies in which an outcome is lived or met; those that are named nowhere else. Offences, needs of care and their
#: like are met in all of them.
LIVED_IN: Final[Mapping[str, tuple[str, ...]]] = {
    "roofless_person_months": ("fritt_fall",),
    "homeless_person_months": ("fritt_fall", "avhengig"),
    "exploitative_work_person_months": ("arbeidende",),
    "exploitative_dependence_person_months": ("avhengig",),
    "violent_relation_person_months": ("avhengig",),
    "wages_withheld_nok": ("arbeidende",),
    "care_needed": STRATEGIES,
    "care_sought": STRATEGIES,
    "care_received": STRATEGIES,
    "child_months_in_centre": ("synlig",),
    "child_months_outside": HIDDEN,
    "child_centre_moves": ("synlig",),
    "citizen_children_with_parent_at_risk": STRATEGIES,
    "offences_reported": STRATEGIES,
    "offences_unreported": STRATEGIES,
    "detention_days": STRATEGIES,
    "centre_bed_days": ("synlig",),
    "inspections": ("arbeidende",),
    "fines_nok": ("arbeidende",),
    "back_pay_nok": ("arbeidende",),
    "sent_away_from_site": STRATEGIES,
}


@dataclass(frozen=True)
class Moves:
    """The moves that change an outcome.

    Attributes:
        states: States of the outcome, as in ``flows.parquet``.
        is_exact: Whether the outcome changes with these moves alone; else it is lived or counted in the states, and
            how often it is also depends on what persons meet there.
    """

    states: tuple[str, ...]
    is_exact: bool

    def way(self, origin: str, destination: str) -> str:
        """Whether a move goes ``in``, ``out`` or neither (empty)."""
        into, out_of = destination in self.states, origin in self.states
        return "" if into == out_of else "in" if into else "out"


def moves_of(outcome: str) -> Moves:
    """The moves that change an outcome; of an outcome that is not known here, all into and out of the strategies.

    Args:
        outcome: Such as ``stock:fritt_fall`` or ``register:pu_orders``.
    """
    kind, _, name = outcome.partition(":")
    if kind in ("stock", "person_months", "duration", "index"):
        return Moves(HIDDEN if name == "hidden" else (name,), kind in ("stock", "person_months", "index"))
    if kind == "exit" and name in EXITS:
        return Moves((name,), True)
    if kind == "inflow":
        return Moves(("inflow",), True)
    if kind == "register":
        latent = next((one.latent for one in REGISTERS if one.name == name), None)
        return Moves(moves_of(latent).states if latent else STRATEGIES, False)
    return Moves(LIVED_IN.get(name, STRATEGIES), False)


def causes(runs: Runs) -> pd.DataFrame:
    """Moves by origin, destination and cause over the window, without moves inside a strategy.

    Args:
        runs: The runs.

    Returns:
        Columns as `key_figures.key_figures` without ``panel``, with ``origin``, ``destination`` and ``cause``;
        ``outcome`` is ``flow:<origin>><destination>``, the unit is persons.
    """
    return by_keys(runs, {}, _moves, ["outcome", "origin", "destination", "cause"])


def _moves(run: Run, replicate: int, pair: Pair) -> pd.DataFrame:
    flows = run.read("flows", replicate, ["month", "origin", "destination", "cause", "persons"])
    # Text columns are categories: months are compared once each, and not once a row.
    month = flows["month"].cat
    flows = flows[np.array(month.categories >= pair.since)[month.codes]]
    keys = ["origin", "destination", "cause"]
    moves = flows.groupby(keys, observed=True)["persons"].sum().reset_index()
    moves[keys] = moves[keys].astype(str)
    moves = moves[(moves["origin"] != moves["destination"]) & (moves["origin"] != "opening")]
    out: pd.DataFrame = moves.assign(
        outcome="flow:" + moves["origin"] + ">" + moves["destination"], value=moves["persons"].astype(float)
    )[["outcome", *keys, "value"]]
    return out
