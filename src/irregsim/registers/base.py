"""What all registers share: events summed by year, and noise of the register's own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import gammaincinv

from irregsim.chance import poisson_quantile
from irregsim.draws import Draws
from irregsim.history import COUNTRIES, PLACES, History
from irregsim.vocabulary import FIRST_YEAR, RegisterEvent

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

#: One published number: period, dimension, key, count.
Count = tuple[str, str, str, int]


class Observer:
    """Reads a history as an agency does.

    Args:
        history: What happened.
        draws: Keyed draws of the replicate; registers use channels of their own.
        draw: Parameter values by name.
        years: Years to report, in order; only whole years.
        scale: Size of the population relative to Norway's.
    """

    def __init__(
        self, history: History, draws: Draws, draw: Mapping[str, float], years: range, scale: float = 1.0
    ) -> None:
        self.history = history
        self.draws = draws
        self.draw = draw
        self.years = years
        self.scale = scale
        counts = history.register_counts()
        self._cube: dict[int, IntArray] = {}
        year = FIRST_YEAR + counts["month"] // 12
        for event in RegisterEvent:
            cube = np.zeros((len(years), PLACES, COUNTRIES), dtype=np.int64)
            mine = (counts["event"] == event) & (year >= years.start) & (year < years.stop)
            index = (year[mine] - years.start, counts["place"][mine], counts["country"][mine])
            np.add.at(cube, index, counts["count"][mine])
            self._cube[event] = cube

    def events(self, event: RegisterEvent) -> IntArray:
        """Events by year, place and country, shape (years, 13, 36)."""
        return self._cube[event]

    def dispersed(self, counts: IntArray, register: int, size: float) -> IntArray:
        """Counts with the register's own noise: each series times a gamma number of mean 1 and variance 1/size.

        With the chance of the events themselves this gives about the negative binomial of docs/data.md.

        Args:
            counts: Shape (years, series).
            register: Number of the register, so that registers differ.
            size: Above 0; larger is less noise.
        """
        subject = np.arange(counts.shape[1], dtype=np.uint64) + np.uint64((7 << 60) + register * 4096)
        keys = self.draws.keys(subject)
        noise = np.stack(
            [
                gammaincinv(size, self.draws.uniform("register_dispersion", (year - FIRST_YEAR) * 12, keys)) / size
                for year in self.years
            ]
        )
        return np.asarray(np.floor(counts * noise + 0.5).astype(np.int64))

    def beside(self, channel: str, mean: FloatArray, register: int) -> IntArray:
        """Counts from outside the latent population, as Poisson numbers of the observation model.

        Args:
            channel: Channel of the draws.
            mean: Expected counts by year and series, shape (years, series).
            register: Number of the register.
        """
        subject = np.arange(mean.shape[1], dtype=np.uint64) + np.uint64((7 << 60) + register * 4096)
        keys = self.draws.keys(subject)
        rows = [
            poisson_quantile(self.draws.uniform(channel, (year - FIRST_YEAR) * 12, keys), row)
            for year, row in zip(self.years, mean, strict=True)
        ]
        return np.stack(rows)


def divided(total: int, weights: FloatArray) -> IntArray:
    """A total divided in proportion to weights, in whole numbers, by largest remainders: the parts add up.

    Args:
        total: Number to divide, 0 or more.
        weights: 0 or more, shape (parts,); if all are 0 the first part takes everything.
    """
    weights = weights if weights.sum() > 0 else np.eye(1, len(weights))[0]
    exact = total * weights / weights.sum()
    count = np.floor(exact).astype(np.int64)
    order = np.lexsort((np.arange(len(exact)), -(exact - count)))
    count[order[: total - int(count.sum())]] += 1
    return np.asarray(count)


@dataclass(frozen=True)
class Register:
    """One agency's table.

    Attributes:
        name: Name in registers.parquet.
        scope: What it counts, in words.
        source: Where the agency's figures stand.
        observe: From an observer to published counts.
    """

    name: str
    scope: str
    source: str
    observe: Callable[[Observer], list[Count]]
