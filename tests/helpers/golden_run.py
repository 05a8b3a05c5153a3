"""The golden run: a small population over the years 2012-2014, in whole numbers.

It says that something changed, not that it is wrong. Write it anew with the change that moved it, and say why there.
"""

from __future__ import annotations

import numpy as np

from irregsim.model.history import DISTRICT_OF, PLACES
from irregsim.model.parameters import point_draw
from irregsim.model.registers import REGISTERS, Observer
from irregsim.model.simulate import simulate
from irregsim.scenario import load_scenario
from irregsim.vocabulary.codes import CAUSES, DISTRICTS, RegisterEvent, Strategy, month_number, state_code

SCALE, SEED, REPLICATE, END = 0.05, 2021, 0, "2014-12"
YEARS = range(2012, 2015)

#: From a year to names to counts.
Counts = dict[str, dict[str, int]]


def golden_run() -> dict[str, Counts]:
    """Stocks at year end, flows, register events and published counts, by year and by name."""
    world = simulate(load_scenario("baseline", end=END), point_draw(), seed=SEED, replicate=REPLICATE, scale=SCALE)
    world.check()
    history = world.history
    history.check_balance()
    out: dict[str, Counts] = {"stocks": {}, "flows": {}, "events": {}, "registers": {}}
    stocks = history.stocks.reshape(history.months, len(Strategy), PLACES, -1).sum(axis=3)
    for year in YEARS:
        december = stocks[month_number(f"{year}-12")]
        by_district = np.zeros((len(Strategy), len(DISTRICTS)), dtype=np.int64)
        np.add.at(by_district, (slice(None), DISTRICT_OF[:PLACES]), december)
        out["stocks"][str(year)] = {
            f"{strategy.code} {district}": int(by_district[strategy, d])
            for strategy in Strategy
            for d, district in enumerate(DISTRICTS)
        }
    flows, events = history.flow_counts(), history.register_counts()
    for kind, table, size in (("flows", flows, "persons"), ("events", events, "count")):
        for i in range(len(table[size])):
            year = 2009 + int(table["month"][i]) // 12
            if year not in YEARS:
                continue
            if kind == "flows":
                ends = state_code(int(table["origin"][i])), state_code(int(table["destination"][i]))
                name = f"{ends[0]} > {ends[1]}: {CAUSES[table['cause'][i]]}"
            else:
                name = RegisterEvent(int(table["event"][i])).name.lower()
            counts = out[kind].setdefault(str(year), {})
            counts[name] = counts.get(name, 0) + int(table[size][i])
    for register in REGISTERS:
        for period, dimension, key, count in register.observe(
            Observer(history, world.draws, world.values.draw, YEARS, SCALE)
        ):
            if count and ":" not in key and dimension != "country":
                out["registers"].setdefault(period, {})[f"{register.name} {dimension} {key}"] = count
    return {kind: {year: dict(sorted(c.items())) for year, c in sorted(years.items())} for kind, years in out.items()}
