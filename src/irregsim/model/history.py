"""What happened in a simulation: flows, stocks, register events, sums of probabilities, spells and outcomes.

The engine writes; tables and registers read. Counts are whole numbers; sums of probabilities are kept too, so that
expected counts can be scored without the noise of the draws.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import prod
from types import MappingProxyType
from typing import Final

import numpy as np
import numpy.typing as npt

from irregsim.model.compiled import twinned
from irregsim.vocabulary import outcomes, reference
from irregsim.vocabulary.codes import (
    CAUSES,
    CITIES,
    FIRST_YEAR,
    INFLOW,
    OPENING,
    STATE_CODES,
    Exit,
    Ground,
    RegisterEvent,
    Side,
    Strategy,
    Substrategy,
    is_exit,
)

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]

PLACES = len(reference.places())
GROUNDS = len(Ground)
CELLS = PLACES * GROUNDS
COUNTRIES = len(reference.countries())
NO_PLACE = PLACES  # the place of inflow, openings and exits in a flow code
OUTSIDE_STOCK = len(Strategy)  # the strategy of a register event that concerns nobody in a stock
DISTRICT_OF = np.array([p.district for p in reference.places()] + [-1])
CITY_OF = np.array([p.city for p in reference.places()])
CITY_CODES = len(CITIES) + 1

#: More months than any simulation has; a register's event may fall after the last.
_MONTHS = 1 << 20
#: Fields of a flow and of a register event in the order in which they are packed into one number, with the bound of
#: each: its codes are 0 up to, but not including, the bound.
FLOW: Final = MappingProxyType(
    {
        "month": _MONTHS,
        "origin": STATE_CODES,
        "destination": STATE_CODES,
        "cause": len(CAUSES),
        "origin_place": PLACES + 1,
        "destination_place": PLACES + 1,
        "country": COUNTRIES,
    }
)
#: How many numbers there are for the fields of a flow after its month.
_AFTER_MONTH: Final = prod(list(FLOW.values())[1:])
#: How many numbers there are for the fields of a flow after origin and destination.
_AFTER_STATES: Final = prod(list(FLOW.values())[3:])
EVENT: Final = MappingProxyType(
    {
        "month": _MONTHS,
        "event": len(RegisterEvent),
        "place": PLACES,
        "country": COUNTRIES,
        "strategy": OUTSIDE_STOCK + 1,
    }
)

#: How many numbers there are for the fields of a register event after its month.
_AFTER_EVENT_MONTH: Final = prod(list(EVENT.values())[1:])

#: Unit of every outcome, in the order of storage.
OUTCOMES: dict[str, str] = {outcome.code: outcome.unit for outcome in outcomes.OUTCOMES}
OUTCOME_INDEX = {name: i for i, name in enumerate(OUTCOMES)}


def pack(bounds: Mapping[str, int], *fields: npt.ArrayLike) -> IntArray:
    """Several small codes as one whole number; numbers sort as the codes do, the first field first.

    Args:
        bounds: Bound of each field by name, such as `FLOW`.
        fields: Codes in the order of ``bounds``; all broadcast to shape (n,).

    Returns:
        Shape (n,).

    Raises:
        ValueError: If a code is outside its bound, with the name of the field: it would change the fields before it.
    """
    codes = tuple(map(np.asarray, fields))
    try:
        return np.atleast_1d(np.ravel_multi_index(codes, tuple(bounds.values())))
    except ValueError:
        for (name, bound), code in zip(bounds.items(), codes, strict=True):
            wrong = code[(code < 0) | (code >= bound)]
            if wrong.size:
                raise ValueError(f"{name}: code {int(wrong[0])} is outside 0 to {bound - 1}") from None
        raise


def unpack(bounds: Mapping[str, int], packed: IntArray) -> dict[str, IntArray]:
    """The codes that `pack` made one number of, by field; each of the shape of ``packed``."""
    return dict(zip(bounds, np.unravel_index(packed, tuple(bounds.values())), strict=True))


def part(bounds: Mapping[str, int], packed: IntArray, first: str, last: str) -> IntArray:
    """What `pack` would make of some fields that follow each other, without reading the others.

    Args:
        bounds: Bound of each field by name, such as `FLOW`.
        packed: What `pack` made, shape (n,).
        first: Name of the first field that is wanted.
        last: Name of the last, the same or a later one.

    Returns:
        Shape (n,).
    """
    names, sizes = list(bounds), list(bounds.values())
    begin, end = names.index(first), names.index(last) + 1
    behind = prod(sizes[end:])
    found = packed // behind if behind > 1 else packed
    return found % prod(sizes[begin:end]) if begin else found


def _joined(parts: list[IntArray]) -> IntArray:
    return np.concatenate(parts) if parts else np.empty(0, dtype=np.int64)


@dataclass
class Spells:
    """Finished and open spells of single persons; kept only on request."""

    person: list[npt.NDArray[np.uint64]] = field(default_factory=list)
    strategy: list[IntArray] = field(default_factory=list)
    start: list[IntArray] = field(default_factory=list)
    end: list[IntArray] = field(default_factory=list)
    cause: list[IntArray] = field(default_factory=list)
    destination: list[IntArray] = field(default_factory=list)
    fixed: list[IntArray] = field(default_factory=list)


class History:
    """Record of one replicate.

    Args:
        months: Number of simulated months from 2009-01.
        keep_spells: Whether to keep the spells of single persons.
        keep_expected: Whether to keep sums of probabilities as well as the events.
    """

    def __init__(self, months: int, keep_spells: bool = False, keep_expected: bool = True) -> None:
        self.months = months
        self.keep_expected = keep_expected
        self._flow_codes: list[IntArray] = []
        self._event_codes: list[IntArray] = []
        self.stocks = np.zeros((months, PLACES * len(Strategy) * 2), dtype=np.int64)
        self.by_country = np.zeros((months, COUNTRIES * 2), dtype=np.int64)
        self.duty_in_centres = np.zeros((months, COUNTRIES), dtype=np.int64)
        self.dublin_in_centres = np.zeros((months, COUNTRIES), dtype=np.int64)
        self.without_rejection = np.zeros((months, COUNTRIES), dtype=np.int64)
        self.side = np.zeros((months, len(Strategy) * len(Substrategy) * len(Side)), dtype=np.int64)
        self.groups: dict[int, IntArray] = {}
        self.outcomes = np.zeros((months, len(OUTCOMES), CITY_CODES))
        self.expected: dict[str, FloatArray] = {}
        self.binding: dict[str, IntArray] = {}
        self.spells = Spells() if keep_spells else None

    # -- flows ---------------------------------------------------------------------------------------------------

    def flow(
        self,
        month: int,
        cause: npt.ArrayLike,
        origin: npt.ArrayLike,
        destination: npt.ArrayLike,
        origin_place: npt.ArrayLike,
        destination_place: npt.ArrayLike,
        country: IntArray,
    ) -> None:
        """Records moves of persons; all arrays broadcast to shape (n,).

        Raises:
            ValueError: If a code is outside its bound in `FLOW`.
        """
        self.add_flows(month, pack(FLOW, month, origin, destination, cause, origin_place, destination_place, country))

    def add_flows(self, month: int, packed: IntArray) -> None:
        """Records moves of one month that `pack` has made numbers of, shape (n,); they are not copied."""
        self._flow_codes.append(packed)

    def flow_counts(self) -> dict[str, IntArray]:
        """All flows, summed: month, cause, origin, destination, their places, country and persons."""
        codes = _joined(self._flow_codes)
        code, persons = np.unique(codes, return_counts=True)
        return unpack(FLOW, code) | {"persons": persons.astype(np.int64)}

    def moves_by_month(self) -> IntArray:
        """Persons moved in each month, by origin and destination code; shape (months, states, states)."""
        code = part(FLOW, self.codes()["flows"], "month", "destination")
        count = np.bincount(code, minlength=self.months * STATE_CODES * STATE_CODES)
        return count.reshape(self.months, STATE_CODES, STATE_CODES)

    # -- register events -----------------------------------------------------------------------------------------

    def register(
        self,
        month: int,
        event: RegisterEvent,
        place: npt.ArrayLike,
        country: npt.ArrayLike,
        delay: npt.ArrayLike = 0,
        strategy: npt.ArrayLike = OUTSIDE_STOCK,
    ) -> None:
        """Records what an agency writes down; events after the last month fall outside every table.

        Args:
            month: Month in which it happened.
            event: What is written down.
            place: Place index, shape (n,).
            country: Country index, shape (n,).
            delay: Months until it is written down.
            strategy: How the person lived when it happened; `OUTSIDE_STOCK` for someone who is in no stock.

        Raises:
            ValueError: If a code is outside its bound in `EVENT`.
        """
        when = np.asarray(month + np.asarray(delay, dtype=np.int64))
        self._event_codes.append(pack(EVENT, when, int(event), place, country, strategy))

    def add_events(self, packed: IntArray) -> None:
        """Records register events that `pack` has made numbers of, shape (n,); they are not copied."""
        self._event_codes.append(packed)

    def register_counts(self) -> dict[str, IntArray]:
        """All register events, summed: month, event, place, country, strategy and count."""
        codes = _joined(self._event_codes)
        code, count = np.unique(codes, return_counts=True)
        out = unpack(EVENT, code) | {"count": count.astype(np.int64)}
        keep = out["month"] < self.months
        return {name: column[keep] for name, column in out.items()}

    def events_by_year(self, years: range) -> IntArray:
        """Register events of some years by what they were, where and of whom.

        Args:
            years: Calendar years that follow each other, 2009 or later; months after the last one count nothing.

        Returns:
            Shape (years, register events, places, countries, strategies and `OUTSIDE_STOCK`).
        """
        codes = _joined(self._event_codes)
        begin, end = (12 * (year - FIRST_YEAR) for year in (years.start, years.stop))
        first = begin * _AFTER_EVENT_MONTH
        codes = codes[(codes >= first) & (codes < min(end, self.months) * _AFTER_EVENT_MONTH)] - first
        month = codes // _AFTER_EVENT_MONTH
        codes -= month * _AFTER_EVENT_MONTH
        kind = codes // EVENT["strategy"]
        strategy = codes - kind * EVENT["strategy"]
        # Strategies come first in memory, and last for the reader: most who read add them up, which is fast then.
        kinds = [EVENT[name] for name in ("event", "place", "country")]
        shape = (EVENT["strategy"], len(years), *kinds)
        cell = (strategy * len(years) + month // 12) * prod(kinds) + kind
        return np.moveaxis(np.bincount(cell, minlength=prod(shape)).reshape(shape), 0, -1)

    # -- sums of probabilities, limits, outcomes -----------------------------------------------------------------

    def expect(self, rule: str, month: int, cell: IntArray, chance: FloatArray) -> None:
        """Adds probabilities of a rule's event.

        Args:
            rule: Name of the rule.
            month: Month number.
            cell: Place x ground of each person, shape (n,).
            chance: Probability of the event for each person, shape (n,).
        """
        if not self.keep_expected:
            return
        table = self.expected.get(rule)
        if table is None:
            table = self.expected[rule] = np.zeros((self.months, CELLS))
        table[month] += np.bincount(cell, weights=chance, minlength=CELLS)

    def expect_many(self, rules: tuple[str, ...], month: int, cell: IntArray, chances: FloatArray) -> None:
        """Adds probabilities of several rules for the same persons; ``chances`` has shape (rules, n)."""
        for rule, chance in zip(rules, chances, strict=True):
            self.expect(rule, month, cell, chance)

    def binds(self, limit: str, month: int, persons: int) -> None:
        """Notes how many persons a limit turned away in a month."""
        table = self.binding.get(limit)
        if table is None:
            table = self.binding[limit] = np.zeros(self.months, dtype=np.int64)
        table[month] += persons

    @twinned
    def outcome(self, name: str, month: int, place: npt.ArrayLike, amount: npt.ArrayLike | None = None) -> None:
        """Adds to an outcome.

        Args:
            name: Code in `OUTCOMES`.
            month: Month number.
            place: Place of each person or event, shape (n,).
            amount: Amount of each, broadcast to shape (n,); 1 each where none is given.
        """
        city = CITY_OF[np.atleast_1d(place)]
        if len(city) == 0:
            return
        row = self.outcomes[month, OUTCOME_INDEX[name]]
        if amount is None:
            row += np.bincount(city, minlength=CITY_CODES)
            return
        weights = np.broadcast_to(np.asarray(amount, dtype=np.float64), city.shape)
        row += np.bincount(city, weights=weights, minlength=CITY_CODES)

    def copy(self, months: int) -> History:
        """An independent copy with room for another number of months."""
        other = type(self)(months, self.spells is not None, self.keep_expected)
        other._flow_codes = list(self._flow_codes)
        other._event_codes = list(self._event_codes)
        keep = min(months, self.months)
        for name in (
            "stocks",
            "by_country",
            "duty_in_centres",
            "dublin_in_centres",
            "without_rejection",
            "side",
            "outcomes",
        ):
            getattr(other, name)[:keep] = getattr(self, name)[:keep]
        other.groups = {year: table.copy() for year, table in self.groups.items()}
        for tables, mine in ((self.expected, other.expected), (self.binding, other.binding)):
            for rule, table in tables.items():
                fresh = np.zeros((months, *table.shape[1:]), dtype=table.dtype)
                fresh[:keep] = table[:keep]
                mine[rule] = fresh
        if self.spells is not None and other.spells is not None:
            for name, items in vars(self.spells).items():
                setattr(other.spells, name, list(items))
        return other

    def codes(self) -> dict[str, IntArray]:
        """Moves and register events as they are packed, in the order in which they were recorded."""
        return {"flows": _joined(self._flow_codes), "events": _joined(self._event_codes)}

    def moves_since(self, month: int) -> IntArray:
        """Moves of a month and those after it, as they are packed, in the order in which they were recorded."""
        flows = _joined(self._flow_codes)
        # Recorded month by month: all before the first of the month are smaller, and all after it are not.
        return flows[int(np.searchsorted(flows, month * _AFTER_MONTH)) :]

    def take_codes(self, codes: Mapping[str, IntArray]) -> None:
        """Replaces the present record by the one that `codes` gave."""
        self._flow_codes = [codes["flows"]]
        self._event_codes = [codes["events"]]

    # -- checks --------------------------------------------------------------------------------------------------

    def check_balance(self) -> None:
        """Asserts stock(t) = stock(t-1) + in - out, by month, strategy and sought-asylum-blind place.

        Raises:
            AssertionError: If persons appear or vanish without a flow.
        """
        flows = self.flow_counts()
        net = np.zeros((self.months, len(Strategy)), dtype=np.int64)
        into, out_of = flows["destination"] < len(Strategy), flows["origin"] < len(Strategy)
        np.add.at(net, (flows["month"][into], flows["destination"][into]), flows["persons"][into])
        np.subtract.at(net, (flows["month"][out_of], flows["origin"][out_of]), flows["persons"][out_of])
        stock = self.stocks.reshape(self.months, len(Strategy), PLACES, 2).sum(axis=(2, 3))
        assert np.array_equal(np.cumsum(net, axis=0), stock), "stocks and flows must balance exactly"
        sources = (flows["origin"] == INFLOW) | (flows["origin"] == OPENING)
        straight = sources & is_exit(flows["destination"])
        assert (flows["destination"][straight] == Exit.BORTVIST).all(), "only bortvist goes straight from inflow"


class WatchedHistory(History):
    """A history that also adds up the moves of each month, so that the whole record need not be read for them.

    Args:
        months: As in `History`.
        keep_spells: As in `History`.
        keep_expected: As in `History`.
    """

    def __init__(self, months: int, keep_spells: bool = False, keep_expected: bool = True) -> None:
        super().__init__(months, keep_spells, keep_expected)
        self._moves: dict[int, IntArray] = {}

    @classmethod
    def of(cls, history: History) -> WatchedHistory:
        """A watched history that continues a plain one, which must not be used afterwards."""
        other = cls(history.months, history.spells is not None, history.keep_expected)
        moves = history.moves_by_month()
        other.__dict__.update(vars(history))
        other._moves = {month: table for month, table in enumerate(moves) if table.any()}
        return other

    def moves_by_month(self) -> IntArray:
        """As `History.moves_by_month`, from what has been added up."""
        out = np.zeros((self.months, STATE_CODES, STATE_CODES), dtype=np.int64)
        for month, table in self._moves.items():
            out[month] = table
        return out

    def add_flows(self, month: int, packed: IntArray) -> None:
        """Records moves, as `History.add_flows` does."""
        super().add_flows(month, packed)
        states = packed // _AFTER_STATES % (STATE_CODES * STATE_CODES)
        self.moves(month)[:] += np.bincount(states, minlength=STATE_CODES * STATE_CODES).reshape(
            STATE_CODES, STATE_CODES
        )

    def moves(self, month: int) -> IntArray:
        """Persons moved in a month, by origin and destination code; shape (states, states)."""
        found = self._moves.get(month)
        if found is None:
            found = self._moves[month] = np.zeros((STATE_CODES, STATE_CODES), dtype=np.int64)
        return found

    def copy(self, months: int) -> WatchedHistory:
        """An independent copy with room for another number of months."""
        other = super().copy(months)
        assert isinstance(other, WatchedHistory), "a history is copied as what it is"
        other._moves = {month: table.copy() for month, table in self._moves.items()}
        return other
