"""All tables of balance, lives and twins in one pass over the replicates of two finished runs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from irregsim.storage.folder import FolderError, RunFolder
from irregsim.study.comparison.lives.balance import (
    Accounts,
    accounts,
    alluvial_table,
    balance_table,
    check_crossed,
    crossed,
)
from irregsim.study.comparison.lives.course_tables import lives_tables, smallest_keys
from irregsim.study.comparison.lives.courses import Lives, lives_of
from irregsim.study.comparison.lives.states import IntArray, Window, overlay, read_spells
from irregsim.study.comparison.lives.twins import Twins, first_parting, smallest, twins_of, twins_tables
from irregsim.study.comparison.pairs import Pair
from irregsim.study.workers import Hands, in_order
from irregsim.vocabulary.codes import month_number

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class PairedTables:
    """What one scenario changed relative to the reference.

    Attributes:
        tables: Name to table; only ``balance`` where a run has no spells.
        first_parting: The first person whose lives part, as `twins.first_parting` gives it; None without spells, or
            where no lives part.
    """

    tables: dict[str, pd.DataFrame]
    first_parting: dict[str, object] | None


@dataclass(frozen=True)
class Piece:
    """What one replicate contributes; small, so that it can wait for the others."""

    accounts: tuple[Accounts, Accounts]
    crossed: IntArray | None = None
    lives: Lives | None = None
    twins: Twins | None = None


def window_of(reference: RunFolder, scenario: RunFolder, first_effective: int) -> Window:
    """Months in which two runs are compared.

    Args:
        reference: The run of the reference.
        scenario: The run of the scenario.
        first_effective: First month in which the scenario's values differ from the reference's.

    Raises:
        FolderError: If the runs do not begin in the same month.
        ValueError: If the scenario takes effect after the last month of one of them.
    """
    periods = [run.manifest["scenario"]["period"] for run in (reference, scenario)]
    if periods[0]["start"] != periods[1]["start"]:
        raise FolderError(
            f"{scenario.path}: begins in {periods[1]['start']}, but {reference.path} in {periods[0]['start']}: "
            "runs are compared only from the same month on"
        )
    start = month_number(periods[0]["start"])
    return Window(max(first_effective, start), min(month_number(period["end"]) for period in periods))


def piece_of(reference: RunFolder, scenario: RunFolder, window: Window, spells: bool, replicate: int) -> Piece:
    """What one replicate contributes.

    Raises:
        BalanceError: If stocks, flows and spells do not concern the same persons.
    """
    both = (accounts(reference, replicate, window), accounts(scenario, replicate, window))
    if not spells:
        return Piece(both)
    lives = overlay(
        read_spells(reference, replicate, window), read_spells(scenario, replicate, window), replicate, window
    )
    table = crossed(lives)
    check_crossed(table, *both)
    return Piece(both, table, lives_of(lives), twins_of(lives))


def tables(pairs: Sequence[Pair], jobs: Hands = 1) -> dict[str, pd.DataFrame]:
    """Balance, lives and twins of all scenarios.

    Args:
        pairs: Each scenario with the reference.
        jobs: Processes, at least 1, or a crew of them.

    Returns:
        Name to table, as in `paired_tables`, the scenarios one after the other.
    """
    return joined([of_pair(one, jobs) for one in pairs])


def of_pair(one: Pair, jobs: Hands = 1) -> PairedTables:
    """`paired_tables` of one scenario and the reference, with the replicates that are compared."""
    return paired_tables(
        one.reference.folder,
        one.scenario.folder,
        name=one.name,
        first_effective=month_number(one.since),
        replicates=one.reference.replicates,
        jobs=jobs,
    )


def joined(scenarios: Sequence[PairedTables]) -> dict[str, pd.DataFrame]:
    """Tables of several scenarios, one below the other."""
    import pandas as pd

    found: dict[str, list[pd.DataFrame]] = {}
    for one in scenarios:
        for name, table in one.tables.items():
            found.setdefault(name, []).append(table)
    return {name: pd.concat(parts, ignore_index=True) for name, parts in found.items()}


def paired_tables(
    reference: RunFolder,
    scenario: RunFolder,
    *,
    name: str,
    first_effective: int,
    replicates: int | None = None,
    jobs: Hands = 1,
) -> PairedTables:
    """Balance, lives and twins of a scenario and the reference, paired by replicate.

    One replicate is in memory at a time (one for each process), besides the counts of those before it and a sample of
    lives that does not grow. The tables are the same whatever ``jobs`` is.

    Args:
        reference: Finished run of the reference.
        scenario: Finished run of the scenario, with the same seed, draws and scale.
        name: Name of the scenario in the tables.
        first_effective: First month (month number) in which the scenario's values differ from the reference's.
        replicates: How many are compared; default: all that both runs have.
        jobs: Processes, at least 1, or a crew of them.

    Returns:
        The tables ``balance`` and, where both runs have spells, ``alluvial``, ``chronogram``, ``sequences``,
        ``mean_time``, ``transitions``, ``survival``, ``incidence``, ``twins``, ``twin_lives``, ``partings`` and
        ``apart``.

    Raises:
        FolderError: As `window_of`.
        ValueError: As `window_of`.
        BalanceError: As `piece_of`, or if persons are not conserved.
        ReplicateError: If a worker process ends unexpectedly.
    """
    window = window_of(reference, scenario, first_effective)
    spells = all(bool(run.manifest["spells"]) for run in (reference, scenario))
    available = min(reference.replicates, scenario.replicates)
    replicates = available if replicates is None else min(replicates, available)
    pieces = gathered(in_order(partial(piece_of, reference, scenario, window, spells), replicates, jobs))
    made = {"balance": balance_table(name, [piece.accounts for piece in pieces], window)}
    if not spells:
        return PairedTables(made, None)
    made["alluvial"] = alluvial_table(name, [p.crossed for p in pieces if p.crossed is not None], window)
    made |= lives_tables(name, [piece.lives for piece in pieces if piece.lives is not None])
    twins = [piece.twins for piece in pieces if piece.twins is not None]
    made |= twins_tables(name, twins, window)
    return PairedTables(made, first_parting(twins))


def gathered(pieces: Iterable[Piece]) -> list[Piece]:
    """Pieces in order, of whose sampled lives only those are kept that can come into the sample of all."""
    out: list[Piece] = []
    for piece in pieces:
        out.append(piece)
        if len(out) > 1 and piece.lives is not None and piece.twins is not None:
            first, *_ = out
            assert first.lives is not None and first.twins is not None, "all replicates have spells, or none"
            out[0] = replace(
                first,
                lives=replace(first.lives, sample=smallest_keys([first.lives, piece.lives])),
                twins=replace(first.twins, sample=smallest([first.twins, piece.twins])),
            )
            out[-1] = replace(
                piece,
                lives=replace(piece.lives, sample=smallest_keys([])),
                twins=replace(piece.twins, sample=smallest([])),
            )
    return out
