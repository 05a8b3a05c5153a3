"""`--precision`: replicates in batches until the main outcomes are as precise as asked.

The number at which it ends follows from the results alone, so an interrupted command continues to the same number, and
what is written is what ``--replicates`` with that number writes.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from irregsim.commands.request import Request
from irregsim.commands.run import source_of
from irregsim.storage.folder import RunFolder, opened_for_writing
from irregsim.storage.parquet import to_frame
from irregsim.study.precision import Precision, main_values, next_batch, precision
from irregsim.study.progress import Progress
from irregsim.study.replicates import Plan
from irregsim.vocabulary.codes import FIRST_YEAR
from irregsim.vocabulary.labels import label

R = TypeVar("R", bound=Request)


def until_precise(
    request: R,
    most: int,
    step: int,
    at: Callable[[R], Precision],
    progress: Progress,
) -> tuple[R, str]:
    """Simulate batch after batch until the main outcomes are precise enough, or there are as many as allowed.

    Args:
        request: From `irregsim.commands.request.batches`; its ``precision`` in percent.
        most: Most replicates.
        step: Between batches.
        at: Simulates what is missing of a request and says how precise it is.
        progress: Told after each batch how many replicates are expected.

    Returns:
        The request with the replicates at which it ended, and what is said of that.
    """
    assert request.precision is not None
    target = request.precision / 100.0
    while True:
        try:
            found = at(request)
        except BaseException:
            progress.close()
            raise
        said = words_of(found)
        if found.share <= target:
            return request, said
        more = next_batch(found, target, most, step)
        if more <= found.replicates:
            return request, f"{said}; --precision {request.precision:g}% needs about {found.needed(target)} replicates"
        expected = min(found.needed(target), most)
        progress.phase(f"{said}; about {expected} replicates for ±{request.precision:g} %, next {more}")
        request = replace(request, replicates=more)


def words_of(found: Precision) -> str:
    """How precise the least precise main outcome is, in a sentence."""
    kind, _, code = found.worst.partition(":")
    name = label("compare.hidden" if code == "hidden" else f"{'strategy' if kind == 'stock' else kind}.{code}", "en")
    return f"{found.replicates} replicates: every main outcome to ±{100 * found.share:.2g} % or better ({name})"


def precision_of(
    plans: Sequence[Plan],
    places: Sequence[Path | RunFolder],
    replicates: int,
    since: int,
) -> Precision:
    """How precise the main outcomes of finished replicates are, wherever these lie.

    Args:
        plans: What a replicate of each is, the reference first; of one plan the means count, of more the differences.
        places: For each plan the folder in which it is under way, or a finished run.
        replicates: How many.
        since: First month that counts.
    """
    # Whole years only, but for a change in the last of them.
    year = FIRST_YEAR + min(-(-since // 12), plans[0].scenario.end // 12)
    values = [_values(plan, place, replicates, year) for plan, place in zip(plans, places, strict=True)]
    draws = [plans[0].draws.index(j) for j in range(replicates)]
    return precision(values[0], draws, values[1:])


def _values(plan: Plan, place: Path | RunFolder, replicates: int, year: int) -> npt.NDArray[np.float64]:
    with contextlib.ExitStack() as stack:
        if isinstance(place, RunFolder):
            folder = place
            rows = [
                main_values(lambda name, columns, j=j: folder.replicate(name, j, columns), year)  # type: ignore[misc]
                for j in range(replicates)
            ]
        else:
            source = source_of(plan, place, stack.enter_context(opened_for_writing(place)))
            rows = [
                main_values(
                    lambda name, columns, j=j: to_frame(source.read(j, name)[0].select(list(columns))),  # type: ignore[misc]
                    year,
                )
                for j in range(replicates)
            ]
    return np.stack(rows)
