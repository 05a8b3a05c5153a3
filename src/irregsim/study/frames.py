"""From the history of a replicate to the tables of the run folder (docs/outputs.md)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from irregsim.model.history import CITY_OF, COUNTRIES, DISTRICT_OF, NO_PLACE, OUTCOMES, PLACES, History, summed
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

#: Flows or register events of a history, summed: columns by name.
Counts = Mapping[str, IntArray]

_CITY_NAMES = (*CITIES, OTHER_CITY)
_STRATEGIES = tuple(s.code for s in Strategy)
#: Texts of flow origins and destinations by code; code 5 is not used.
_STATES = tuple("" if i == len(Strategy) else state_code(i) for i in range(STATE_CODES))


def _text(codes: npt.ArrayLike, names: tuple[str, ...]) -> Any:
    """A text column from codes; -1 is missing."""
    import pandas as pd

    return pd.Categorical.from_codes(np.asarray(codes, dtype=np.int64), categories=pd.Index(list(names)))


def _months(numbers: IntArray, missing: npt.NDArray[np.bool_] | None = None) -> Any:
    """Months as text.

    Args:
        numbers: Month numbers; what is missing may be any number.
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
    flows, events = history.flow_counts(), history.register_counts()
    out = {
        "stocks": _stocks(history, first),
        "flows": _flows(history, flows, first),
        "side_strategies": _side(history, first),
        "centres_by_country": _by_country(history, first),
        "exits_by_country": _exits(flows, first),
        "groups": _groups(history, first),
        "outcomes": _outcomes(history, first),
        "registers": _registers(world, events, first),
        "detection": _detection(history, events, first),
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


def _flows(history: History, flows: Counts, first: int) -> pd.DataFrame:
    import pandas as pd

    keep = flows["month"] >= first
    columns = {name: values[keep] for name, values in flows.items()}
    month, origin, destination = columns["month"], columns["origin"], columns["destination"]
    cause = columns["cause"]
    origin_district = DISTRICT_OF[columns["origin_place"]]
    destination_district = DISTRICT_OF[columns["destination_place"]]
    persons = columns["persons"]
    # The stock before the first reported month opens the account.
    if first > 0:
        stock = history.stocks[first - 1].reshape(len(Strategy), PLACES, 2).sum(axis=2)
        strategy, place = np.nonzero(stock)
        month = np.concatenate([np.full(len(strategy), first), month])
        origin = np.concatenate([np.full(len(strategy), OPENING), origin])
        destination = np.concatenate([strategy, destination])
        cause = np.concatenate([np.full(len(strategy), CAUSE_CODE["opening"]), cause])
        origin_district = np.concatenate([np.full(len(strategy), DISTRICT_OF[NO_PLACE]), origin_district])
        destination_district = np.concatenate([DISTRICT_OF[place], destination_district])
        persons = np.concatenate([stock[strategy, place], persons])
    # Countries and places within a district are summed.
    rows = summed(
        persons,
        month=month,
        origin=origin,
        destination=destination,
        cause=cause,
        origin_district=origin_district,
        destination_district=destination_district,
    )
    return pd.DataFrame(
        {
            "month": _months(rows["month"]),
            "origin": _text(rows["origin"], _STATES),
            "destination": _text(rows["destination"], _STATES),
            "cause": _text(rows["cause"], CAUSES),
            "origin_district": _text(rows["origin_district"], DISTRICTS),
            "destination_district": _text(rows["destination_district"], DISTRICTS),
            "persons": rows["amount"],
        }
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


def _exits(flows: Counts, first: int) -> pd.DataFrame:
    keep = (flows["month"] >= first) & is_exit(flows["destination"])
    rows = summed(flows["persons"][keep], **{name: flows[name][keep] for name in ("month", "country", "destination")})
    return _frame(
        month=_months(rows["month"]),
        country=_text(rows["country"], _COUNTRY_NAMES),
        destination=_text(rows["destination"], _STATES),
        persons=rows["amount"],
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


def _registers(world: World, events: Counts, first: int) -> pd.DataFrame:
    import pandas as pd

    years = _whole_years(first, world.values.months)
    rows = []
    if len(years):
        observer = Observer(world.history, world.draws, world.values.draw, years, world.values.scale, counts=events)
        rows = [(period, r.name, dim, key, n) for r in REGISTERS for period, dim, key, n in r.observe(observer)]
    frame = pd.DataFrame(rows, columns=["period", "register", "dimension", "key", "count"])
    return frame.astype({"count": "int64"})


#: How a person lived when a register's event happened; the last is for those who were in no stock.
_LIVED = (*_STRATEGIES, "outside")


def _detection(history: History, counts: Counts, first: int) -> pd.DataFrame:
    """Register events and the person-months they came from, by strategy and district.

    An event is counted in the year in which the agency records it, under the strategy and the place of the person when
    it happened. Cells of no event and no person-month are left out.
    """
    years = _whole_years(first, history.months)
    assert (counts["strategy"] < len(_LIVED)).all(), "a register event concerns somebody in a stock, or nobody"
    when = FIRST_YEAR + counts["month"] // 12 - years.start
    events = np.zeros((len(years), len(RegisterEvent), len(_LIVED), len(DISTRICTS)), dtype=np.int64)
    keep = (when >= 0) & (when < len(years))
    cell = (when, counts["event"], counts["strategy"], DISTRICT_OF[counts["place"]])
    np.add.at(events, tuple(codes[keep] for codes in cell), counts["count"][keep])

    exposure = np.zeros((len(years), len(_LIVED), len(DISTRICTS)), dtype=np.int64)
    months = slice((years.start - FIRST_YEAR) * 12, (years.start - FIRST_YEAR + len(years)) * 12)
    stocks = history.stocks[months].reshape(len(years), 12, len(Strategy), PLACES, 2).sum(axis=(1, 4))
    for place in range(PLACES):
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
    person = np.concatenate(spells.person)
    strategy, begun = np.concatenate(spells.strategy), np.concatenate(spells.start)
    end, cause = np.concatenate(spells.end), np.concatenate(spells.cause)
    destination = np.concatenate(spells.destination)
    fixed = np.concatenate(spells.fixed, axis=1)
    keep = (end < 0) | (end >= first)
    order = np.flatnonzero(keep)[np.lexsort((begun[keep], person[keep]))]
    # Rows are by person: each person's id is written once, and all else comes from codes.
    ids, owner = np.unique(person[order], return_inverse=True)
    sought, female, birth, _, route, country, entry = fixed[:, order]
    groups = feasibility_groups(world.month, world.values.knowledge)
    return pd.DataFrame(
        {
            "person": _text(owner, tuple(map(person_code, ids.tolist()))),
            "strategy": _text(strategy[order], _STRATEGIES),
            "start": _months(begun[order]),
            "end": _months(end[order], end[order] < 0),
            "cause_of_end": _text(cause[order], CAUSES),
            "destination": _text(destination[order], _STATES),
            "entry_month": _months(entry),
            "route": _text(route, tuple(r.code for r in Route)),
            "sought_asylum": sought.astype(bool),
            "sex": _text(female, ("male", "female")),
            "age_at_entry": np.maximum(0, entry - birth) // 12,
            "feasibility_group": _text(groups[country], tuple(f.code for f in Feasibility)),
        }
    )
