"""What all registers share: events summed by year, and noise of the register's own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from hashlib import blake2b
from typing import Any, Final, Literal

import numpy as np
import numpy.typing as npt
from scipy.special import gammaincinv

from irregsim.model.chance import poisson_quantile
from irregsim.model.draws import Draws
from irregsim.model.history import History
from irregsim.vocabulary.codes import FIRST_YEAR, RegisterEvent
from irregsim.vocabulary.outcomes import Panel

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
#: Whole counts, or expected ones.
Numbers = npt.NDArray[Any]

#: One published number: period, dimension, key, count. Whole, but for an observer of expected counts.
Count = tuple[str, str, str, float]

#: A dimension of a register and one of its keys.
Cell = tuple[str, str]

#: The count of a register that has one number a year.
TOTAL: Final[Cell] = ("total", "total")

#: Keys of noise without a stored number begin here, far above every stored one.
_NAMED_NOISE: Final = 1 << 20


@dataclass(frozen=True)
class Noise:
    """One kind of noise of a register, with random numbers of its own.

    Attributes:
        name: The register and what varies, such as ``pu_orders:asylum``; no two are equal.
        number: What keys its random numbers. Never changed where it is given, because published results depend on
            it; a new register gives none, and the key is made from the name.
    """

    name: str
    number: int | None = None

    @property
    def key(self) -> int:
        """Whole number of 0 or more, below 2**41, that keys the random numbers."""
        if self.number is not None:
            return self.number
        return _NAMED_NOISE + int.from_bytes(blake2b(self.name.encode("utf-8"), digest_size=5).digest(), "big")

    def subjects(self, series: int) -> npt.NDArray[np.uint64]:
        """Subjects of the draws, one for each of some series (at most 4096)."""
        return np.arange(series, dtype=np.uint64) + np.uint64((7 << 60) + self.key * 4096)


class Observer:
    """Reads a history as an agency does.

    Args:
        history: What happened.
        draws: Keyed draws of the replicate; registers use channels of their own.
        draw: Parameter values by name.
        years: Years to report, in order; only whole years.
        scale: Size of the population relative to Norway's.
        is_expected: Whether to report what each register is expected to count of these events, without its own noise
            and without rounding. Exact for totals, since that noise has mean 1 and persons outside the latent
            population a stated mean; to first order for countries, whose noise is scaled to add up. The events
            themselves are those that happened.
        events: `History.events_by_year` of the years, where they are summed already.
    """

    def __init__(
        self,
        history: History,
        draws: Draws,
        draw: Mapping[str, float],
        years: range,
        scale: float = 1.0,
        is_expected: bool = False,
        events: IntArray | None = None,
    ) -> None:
        self.history = history
        self.draws = draws
        self.draw = draw
        self.years = years
        self.scale = scale
        self.is_expected = is_expected
        events = history.events_by_year(years) if events is None else events
        # No register counts by how people live.
        self._events: IntArray = events.sum(axis=-1)

    def events(self, event: RegisterEvent) -> IntArray:
        """Events by year, place and country, shape (years, 13, 36)."""
        return self._events[:, event]

    def dispersed(self, counts: Numbers, noise: Noise, size: float) -> Numbers:
        """Counts with the register's own noise: each series times a gamma number of mean 1 and variance 1/size.

        With the random variation of the events themselves this gives about the negative binomial of docs/data.md.

        Args:
            counts: Shape (years, series).
            noise: The register's own.
            size: Above 0; larger is less noise.
        """
        if self.is_expected:
            return counts
        keys = self.draws.keys(noise.subjects(counts.shape[1]))
        factor = np.stack(
            [
                gammaincinv(size, self.draws.uniform("register_dispersion", (year - FIRST_YEAR) * 12, keys)) / size
                for year in self.years
            ]
        )
        return np.asarray(np.floor(counts * factor + 0.5).astype(np.int64))

    def before_break(self, counts: Numbers, ratio: float, end: int) -> Numbers:
        """Counts as an earlier source or definition had them, rounded half up; those of later years as they are.

        Random variation within one year is small compared with the register's noise, so no draw is made for it.

        Args:
            counts: By the later source, 0 or more, shape (years, series).
            ratio: What the earlier source counts, relative to the later one; 0 or more.
            end: First year of the later source.
        """
        holds = np.array([y < end for y in self.years], dtype=bool)
        scaled = counts * ratio if self.is_expected else np.floor(counts * ratio + 0.5).astype(np.int64)
        return np.asarray(np.where(holds[:, None], scaled, counts))

    def divided(self, total: float, weights: Numbers) -> Numbers:
        """A total divided in proportion to weights: in whole numbers (`divided`), or exactly if counts are expected."""
        if not self.is_expected:
            return divided(int(total), weights.astype(np.float64))
        return np.asarray(total * weights / max(float(weights.sum()), 1e-300))

    def beside(self, channel: str, mean: FloatArray, noise: Noise) -> Numbers:
        """Counts from outside the latent population, as Poisson numbers of the observation model.

        Args:
            channel: Channel of the draws.
            mean: Expected counts by year and series, shape (years, series).
            noise: The register's own.
        """
        if self.is_expected:
            return mean
        keys = self.draws.keys(noise.subjects(mean.shape[1]))
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


#: What is counted.
Kind = Literal["stock", "decision", "order", "transport", "sanction", "return", "departure", "contact"]

#: What a rate of a register's events per person-month measures (docs/outputs.md, detection): how often an agency meets
#: and writes down (measurement), what the state does to a person (action), or what the person does (choice).
Rate = Literal["measurement", "action", "choice"]


@dataclass(frozen=True)
class Scope:
    """What a register counts and how; one sentence each, for the tables of the documents.

    Attributes:
        whom: All of it in a few words.
        kind: What one number counts.
        unit: Persons or decisions, and who is in it more than once.
        eu_eea: Citizens of the EU and EEA in or out.
        dublin: Persons under a Dublin decision in or out.
        pending: Persons whose case is still pending in or out.
        legal_residents: Persons with legal stay in or out.
        delay: From what happens until it is counted.
        cut_off: Day or period of the count, and late entries.
        coverage: Share of what happened that the agency wrote down.
        double_counting: Who may be counted twice.
        rounding: Of the published number.
        dispersion: Noise beyond the random variation of the events.
        breaks: Changes of definition or source.
    """

    whom: str
    kind: Kind
    unit: str
    eu_eea: str
    dublin: str
    pending: str
    legal_residents: str
    delay: str
    cut_off: str
    coverage: str
    double_counting: str
    rounding: str
    dispersion: str
    breaks: str

    def items(self) -> tuple[tuple[str, str], ...]:
        """Names of the fields as words, and their texts."""
        return tuple((_WORDS.get(f.name, f.name.replace("_", " ")), getattr(self, f.name)) for f in fields(self))


_WORDS = {"eu_eea": "EU/EEA", "dublin": "Dublin", "cut_off": "cut-off", "kind": "what is counted"}


@dataclass(frozen=True)
class Shown:
    """A series of a register that pictures and summaries show.

    Attributes:
        dimension: Of the register.
        key: One of its keys.
        while_running: Whether it is also shown while a model runs, where there is less room.
    """

    dimension: str
    key: str
    while_running: bool = True


def _only_total() -> dict[str, tuple[str, ...]]:
    return {TOTAL[0]: (TOTAL[1],)}


@dataclass(frozen=True)
class Register:
    """One agency's table. Summaries, comparisons, pictures and pages show what is said here.

    A register's words are the labels ``register.<name>`` and ``register_short.<name>``, and ``dimension.<dimension>``
    and ``key.<key>`` for dimensions and keys that are shown.

    Attributes:
        name: Name in registers.parquet.
        scope: What it counts, and how.
        source: Where the agency's figures are published.
        observe: From an observer to published counts.
        events: Events it is made of; none for a stock.
        rate: What a rate of these events measures.
        dimensions: Dimensions that published counts may have, each with its keys.
        total: Cells that add up to the count of the whole register; none where they add up to nothing that means
            anything, so that it has no total in summaries and comparisons.
        shown: Series of the country in pictures and summaries, in their order.
        shown_as_cells: Dimensions whose keys are shown side by side, where a fit has published counts of them.
        latent: Outcome of the population that the register lets one see a part of, such as ``stock:hidden``; None
            where there is none.
        panel: Part of a comparison's first page and key figures that the total belongs to; None to leave it out.
        noise: Every noise that ``observe`` draws.
    """

    name: str
    scope: Scope
    source: str
    observe: Callable[[Observer], list[Count]]
    events: tuple[RegisterEvent, ...]
    rate: Rate
    dimensions: Mapping[str, tuple[str, ...]] = field(default_factory=_only_total)
    total: tuple[Cell, ...] = (TOTAL,)
    shown: tuple[Shown, ...] = (Shown(*TOTAL),)
    shown_as_cells: tuple[str, ...] = ()
    latent: str | None = None
    panel: Panel | None = "presence"
    noise: tuple[Noise, ...] = ()

    @property
    def is_stock(self) -> bool:
        """Whether it counts persons at the end of December, in periods ``YYYY-12``, and not events of a year."""
        return self.scope.kind == "stock"
