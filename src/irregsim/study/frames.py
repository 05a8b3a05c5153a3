"""From the history of a replicate to the tables of the run folder (docs/outputs.md)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from irregsim.model.history import (
    CITY_OF,
    COUNTRIES,
    DISTRICT_OF,
    FLOW,
    NO_PLACE,
    OUTCOMES,
    PLACES,
    History,
    pack,
    part,
    unpack,
)
from irregsim.model.population import person_code
from irregsim.model.registers import REGISTERS, Observer
from irregsim.model.simulate import AGE_GROUPS, DURATIONS, GROUP_SHAPE, feasibility_groups, simulate
from irregsim.model.world import World
from irregsim.scenario import Scenario
from irregsim.vocabulary import reference
from irregsim.vocabulary.codes import (
    CAUSE_CODE,
    CAUSES,
    CITIES,
    DISTRICTS,
    FIRST_YEAR,
    OPENING,
    OTHER_CITY,
    STATE_CODES,
    Feasibility,
    RegisterEvent,
    Route,
    Side,
    Strategy,
    Substrategy,
    is_exit,
    month_text,
    state_code,
    year_of,
)

if TYPE_CHECKING:
    import pandas as pd

IntArray = npt.NDArray[np.int64]
#: Whole numbers of any size.
Codes = npt.NDArray[np.signedinteger[Any]]

_CITY_NAMES = (*CITIES, OTHER_CITY)
_STRATEGIES = tuple(s.code for s in Strategy)
#: Texts of flow origins and destinations by code; code 5 is not used.
_STATES = tuple("" if i == len(Strategy) else state_code(i) for i in range(STATE_CODES))


def _text(codes: Codes, names: tuple[str, ...]) -> Any:
    """A text column from codes; -1 is missing."""
    import pandas as pd

    return pd.Categorical.from_codes(codes, dtype=_categories(names))


@lru_cache(maxsize=256)
def _categories(names: tuple[str, ...]) -> Any:
    """Names that a column may have; comparing them takes longer than a short column."""
    import pandas as pd

    return pd.CategoricalDtype(pd.Index(list(names)))


def _months(numbers: Codes, missing: npt.NDArray[np.bool_] | None = None) -> Any:
    """Months as text.

    Args:
        numbers: Month numbers, whole and signed; what is missing may be any number.
        missing: Which have no month; None for none.
    """
    known = numbers if missing is None else numbers[~missing]
    if len(known) == 0:
        return _text(np.full(len(numbers), -1), ())
    first = int(known.min())
    names = tuple(month_text(m) for m in range(first, int(known.max()) + 1))
    codes = numbers - first if missing is None else np.where(missing, -1, numbers - first)
    return _text(codes, names)


def run_replicate(
    scenario: Scenario,
    draw: Mapping[str, float],
    *,
    seed: int,
    replicate: int,
    scale: float = 1.0,
    spells: bool = False,
) -> dict[str, pd.DataFrame]:
    """One replicate as the tables of the run folder, without the column ``replicate``; see `simulate.simulate`."""
    # No table of the run folder holds sums of probabilities.
    world = simulate(scenario, draw, seed=seed, replicate=replicate, scale=scale, spells=spells, expected=False)
    return frames(world, scenario.start)


def frames(world: World, first: int) -> dict[str, pd.DataFrame]:
    """All tables of one replicate, without ``replicate``, from the first reported month on.

    Args:
        world: A finished replicate.
        first: First month reported (``period.start``).
    """
    history = world.history
    flows = history.moves_since(first)
    before = part(FLOW, flows, "month", "cause")
    years = _whole_years(first, history.months)
    events = history.events_by_year(years)
    out = {
        "stocks": _stocks(history, first),
        "flows": _flows(history, flows, before, first),
        "side_strategies": _side(history, first),
        "centres_by_country": _by_country(history, first),
        "exits_by_country": _exits(flows, before, first, history.months),
        "groups": _groups(history, first),
        "outcomes": _outcomes(history, first),
        "registers": _registers(world, events, years),
        "detection": _detection(history, events, years),
    }
    if history.spells is not None:
        out["spells"] = _spells(world, first)
    return out


def _frame(**columns: Any) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame(columns)


def _stocks(history: History, first: int) -> pd.DataFrame:
    table = history.stocks[first:].reshape(-1, len(Strategy), PLACES, 2)
    month, strategy, place, sought = np.nonzero(table)
    return _frame(
        month=_months(month + first),
        strategy=_text(strategy, _STRATEGIES),
        district=_text(DISTRICT_OF[place], DISTRICTS),
        city=_text(CITY_OF[place], _CITY_NAMES),
        sought_asylum=sought.astype(bool),
        persons=table[month, strategy, place, sought],
    )


#: Fields of the table of flows in the order of its rows. A district is one more than its code, since -1 means none.
_FLOW_ROWS = {name: FLOW[name] for name in ("month", "origin", "destination", "cause")} | {
    "origin_district": len(DISTRICTS) + 1,
    "destination_district": len(DISTRICTS) + 1,
}
_BY_DISTRICTS = _FLOW_ROWS["origin_district"] * _FLOW_ROWS["destination_district"]

#: What is packed behind the cause of a flow (places and country), as the two districts.
_DISTRICTS_BEHIND = np.ravel_multi_index(
    tuple((DISTRICT_OF + 1)[np.indices((PLACES + 1, PLACES + 1, COUNTRIES))[:2].reshape(2, -1)]),
    (_FLOW_ROWS["origin_district"], _FLOW_ROWS["destination_district"]),
)


def _flows(history: History, flows: IntArray, before: IntArray, first: int) -> pd.DataFrame:
    """Moves by district.

    Args:
        history: What happened.
        flows: Moves of the reported months, packed, shape (n,).
        before: Their fields up to the cause, packed.
        first: First reported month.
    """
    # Counted from the first month on the numbers are small, and those of half the bytes sort in half the time.
    lowest = pack(_FLOW_ROWS, first, 0, 0, 0, 0, 0)
    highest = pack(_FLOW_ROWS, history.months, 0, 0, 0, 0, 0) - lowest
    small = np.min_scalar_type(highest[0])
    behind = flows - before * len(_DISTRICTS_BEHIND)
    rows = (before - lowest // _BY_DISTRICTS).astype(small)
    rows *= small.type(_BY_DISTRICTS)
    rows += _DISTRICTS_BEHIND.astype(small).take(behind)
    # The stock before the first reported month opens the account.
    if first > 0:
        stock = history.stocks[first - 1].reshape(len(Strategy), PLACES, 2).sum(axis=2)
        strategy, place = np.nonzero(stock)
        cause, district = CAUSE_CODE["opening"], DISTRICT_OF[place] + 1
        opening = pack(_FLOW_ROWS, first, OPENING, strategy, cause, DISTRICT_OF[NO_PLACE] + 1, district) - lowest
        rows = np.concatenate([np.repeat(opening, stock[strategy, place]).astype(small), rows])
    code, persons = np.unique(rows, return_counts=True)
    fields = unpack(_FLOW_ROWS, code + lowest)
    return _frame(
        month=_months(fields["month"]),
        origin=_text(fields["origin"], _STATES),
        destination=_text(fields["destination"], _STATES),
        cause=_text(fields["cause"], CAUSES),
        origin_district=_text(fields["origin_district"] - 1, DISTRICTS),
        destination_district=_text(fields["destination_district"] - 1, DISTRICTS),
        persons=persons,
    )


def _side(history: History, first: int) -> pd.DataFrame:
    table = history.side[first:].reshape(-1, len(Strategy), len(Substrategy), len(Side))
    month, strategy, sub, side = np.nonzero(table)
    return _frame(
        month=_months(month + first),
        strategy=_text(strategy, _STRATEGIES),
        substrategy=_text(sub, tuple(s.code for s in Substrategy)),
        side_strategy=_text(side, tuple(s.code for s in Side)),
        persons=table[month, strategy, sub, side],
    )


_COUNTRY_NAMES = tuple(c.name for c in reference.countries())


def _by_country(history: History, first: int) -> pd.DataFrame:
    table = history.by_country[first:].reshape(-1, COUNTRIES, 2)
    month, country, place = np.nonzero(table)
    return _frame(
        month=_months(month + first),
        country=_text(country, _COUNTRY_NAMES),
        place=_text(place, ("synlig", "utenfor_mottak")),
        persons=table[month, country, place],
    )


def _exits(flows: IntArray, before: IntArray, first: int, months: int) -> pd.DataFrame:
    """Exits by country; ``flows`` and ``before`` as for `_flows`, ``months`` is the number of months of the history."""
    moves = before // len(CAUSES)
    moves -= first * STATE_CODES * STATE_CODES
    # There are fewer months and states than flows: what they mean is worked out once for each.
    month, _, destination = (axis.ravel() for axis in np.indices((months - first, STATE_CODES, STATE_CODES)))
    ends = np.flatnonzero(is_exit(destination).take(moves))
    shape = (months - first, COUNTRIES, STATE_CODES)
    cell = (month * prod(shape[1:]) + destination).take(moves.take(ends))
    cell += part(FLOW, flows.take(ends), "country", "country") * STATE_CODES
    table = np.bincount(cell, minlength=prod(shape)).reshape(shape)
    month, country, destination = np.nonzero(table)
    return _frame(
        month=_months(month + first),
        country=_text(country, _COUNTRY_NAMES),
        destination=_text(destination, _STATES),
        persons=table[month, country, destination],
    )


def _groups(history: History, first: int) -> pd.DataFrame:
    years = [year for year in sorted(history.groups) if year >= year_of(first)]
    table = np.stack([history.groups[year] for year in years]).reshape(len(years), *GROUP_SHAPE)
    year, strategy, sought, female, age, child, duration, group = np.nonzero(table)
    return _frame(
        year=np.array(years, dtype=np.int64)[year],
        strategy=_text(strategy, _STRATEGIES),
        sought_asylum=sought.astype(bool),
        sex=_text(female, ("male", "female")),
        age_group=_text(age, AGE_GROUPS),
        with_child=child.astype(bool),
        duration=_text(duration, DURATIONS),
        feasibility_group=_text(group, tuple(f.code for f in Feasibility)),
        person_months=table[year, strategy, sought, female, age, child, duration, group],
    )


def _outcomes(history: History, first: int) -> pd.DataFrame:
    table = history.outcomes[first:]
    month, outcome, city = (axis.ravel() for axis in np.indices(table.shape))
    units = tuple(dict.fromkeys(OUTCOMES.values()))
    unit = np.array([units.index(u) for u in OUTCOMES.values()])
    return _frame(
        month=_months(month + first),
        outcome=_text(outcome, tuple(OUTCOMES)),
        city=_text(city, _CITY_NAMES),
        value=table.ravel(),
        unit=_text(unit[outcome], units),
    )


def _whole_years(first: int, months: int) -> range:
    """Years wholly between the first reported month and the end.

    A register's year is whole: a period that begins or ends inside a year reports from the next, or to the last.
    """
    return range(year_of(first + 11), year_of(months))


def _registers(world: World, events: IntArray, years: range) -> pd.DataFrame:
    """Published counts; ``events`` are `History.events_by_year` of the years."""
    import pandas as pd

    rows = []
    if len(years):
        observer = Observer(world.history, world.draws, world.values.draw, years, world.values.scale, events=events)
        rows = [(period, r.name, dim, key, n) for r in REGISTERS for period, dim, key, n in r.observe(observer)]
    frame = pd.DataFrame(rows, columns=["period", "register", "dimension", "key", "count"])
    return frame.astype({"count": "int64"})


#: How a person lived when a register's event happened; the last is for those who were in no stock.
_LIVED = (*_STRATEGIES, "outside")


def _detection(history: History, counts: IntArray, years: range) -> pd.DataFrame:
    """Register events and the person-months they came from, by strategy and district.

    An event is counted in the year in which the agency records it, under the strategy and the place of the person when
    it happened. Cells of no event and no person-month are left out.

    Args:
        history: What happened.
        counts: `History.events_by_year` of the years.
        years: Whole calendar years.
    """
    happened = counts.sum(axis=3)
    months = slice((years.start - FIRST_YEAR) * 12, (years.start - FIRST_YEAR + len(years)) * 12)
    stocks = history.stocks[months].reshape(len(years), 12, len(Strategy), PLACES, 2).sum(axis=(1, 4))
    events = np.zeros((len(years), len(RegisterEvent), len(_LIVED), len(DISTRICTS)), dtype=np.int64)
    exposure = np.zeros((len(years), len(_LIVED), len(DISTRICTS)), dtype=np.int64)
    for place in range(PLACES):
        events[..., DISTRICT_OF[place]] += happened[:, :, place]
        exposure[:, : len(Strategy), DISTRICT_OF[place]] += stocks[:, :, place]

    pairs = [(number, event) for number, register in enumerate(REGISTERS) for event in register.events]
    register_of = np.array([number for number, _ in pairs])
    event_of = np.array([int(event) for _, event in pairs])
    table = events[:, event_of]
    beside = np.broadcast_to(exposure[:, None], table.shape)
    year, pair, lived, district = np.nonzero(table + beside)
    return _frame(
        year=year + years.start,
        register=_text(register_of[pair], tuple(register.name for register in REGISTERS)),
        event=_text(event_of[pair], tuple(event.name.lower() for event in RegisterEvent)),
        strategy=_text(lived, _LIVED),
        district=_text(district, DISTRICTS),
        events=table[year, pair, lived, district],
        person_months=beside[year, pair, lived, district],
    )


def _spells(world: World, first: int) -> pd.DataFrame:
    import pandas as pd

    spells = world.history.spells
    assert spells is not None
    end = np.concatenate(spells.end)
    keep = np.flatnonzero((end < 0) | (end >= first))
    person = np.concatenate(spells.person)[keep]
    # Spells are recorded as they end, so those of one person are in order of time already.
    order = np.argsort(person, kind="stable")
    person, order = person[order], keep[order]

    def column(parts: list[IntArray]) -> npt.NDArray[np.int32]:
        # Codes and months are small, and half the bytes are found in half the time.
        return np.concatenate(parts, dtype=np.int32, casting="same_kind").take(order)

    strategy, begun, end = column(spells.strategy), column(spells.start), end[order]
    begins = np.concatenate([[True], person[1:] != person[:-1]])[: len(person)]
    assert (begins[1:] | (begun[1:] >= begun[:-1])).all(), "spells of a person are recorded in order of time"
    # Rows are by person: each person's id is written once, and all else comes from codes.
    codes = pd.Index(list(map(person_code, person[begins].tolist())), dtype="str")
    sought, female, birth, route, country, entry = (
        column([fixed[number] for fixed in spells.fixed]) for number in (0, 1, 2, 4, 5, 6)
    )
    groups = feasibility_groups(world.month, world.values.knowledge)
    return pd.DataFrame(
        {
            "person": pd.Categorical.from_codes(np.cumsum(begins) - 1, categories=codes),
            "strategy": _text(strategy, _STRATEGIES),
            "start": _months(begun),
            "end": _months(end, end < 0),
            "cause_of_end": _text(column(spells.cause), CAUSES),
            "destination": _text(column(spells.destination), _STATES),
            "entry_month": _months(entry),
            "route": _text(route, tuple(r.code for r in Route)),
            "sought_asylum": sought.astype(bool),
            "sex": _text(female, ("male", "female")),
            "age_at_entry": np.maximum(0, entry - birth).astype(np.int64) // 12,
            "feasibility_group": _text(groups[country], tuple(f.code for f in Feasibility)),
        }
    )
