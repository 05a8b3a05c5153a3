"""A stand-in for the engine: tables of the right form in milliseconds, a pure function of what they depend on."""

from __future__ import annotations

import os
import time

import numpy as np
import pandas as pd

from irregsim.inference.targets import REGISTERS, targets
from irregsim.model.history import OUTCOMES
from irregsim.study.tables import SPELLS, TABLES
from irregsim.vocabulary.codes import CITIES, DISTRICTS, Exit, Strategy, month_text, year_of

#: Seconds that one replicate takes, for tests that stop a run in the middle.
SLOW = "IRREGSIM_TEST_SECONDS"


def run_replicate(scenario, draw, *, seed, replicate, scale=1.0, spells=False):
    time.sleep(float(os.environ.get(SLOW, "0")))
    rng = np.random.default_rng([seed, replicate])
    months = [month_text(m) for m in range(scenario.start, scenario.end + 1)]
    years = list(range(year_of(scenario.start), year_of(scenario.end) + 1))
    fine = scenario.levers.employer_base_nok[scenario.start :]

    def counts(n, mean):
        return rng.poisson(mean * scale, n).astype("int64")

    def product(name, value, mean, **columns):
        """Every combination of the columns, the first varying slowest; zero rows left out."""
        grid = pd.MultiIndex.from_product(columns.values(), names=columns.keys()).to_frame(index=False)
        grid[value] = counts(len(grid), mean)
        grid = grid[grid[value] > 0].reset_index(drop=True)
        kinds = dict(TABLES[name])
        return grid.astype({c: "category" for c in grid if kinds[c].startswith("text")})[
            [c for c, _ in TABLES[name] if c != "replicate"]
        ]

    codes = [s.code for s in Strategy]
    tables = {
        "stocks": product(
            "stocks",
            "persons",
            20 + float(np.mean(fine)) / 10_000,
            month=months,
            strategy=codes,
            district=DISTRICTS[:3],
            city=["Oslo", "other"],
            sought_asylum=[False, True],
        ),
        "side_strategies": product(
            "side_strategies",
            "persons",
            30,
            month=months,
            strategy=codes,
            substrategy=["none", "partner"],
            side_strategy=["none", "work"],
        ),
        "centres_by_country": product(
            "centres_by_country",
            "persons",
            9,
            month=months,
            country=["Eritrea", "Iran"],
            place=["synlig", "utenfor_mottak"],
        ),
        "exits_by_country": product(
            "exits_by_country",
            "persons",
            3,
            month=months,
            country=["Eritrea", "Iran"],
            destination=["tvangsretur", "videre"],
        ),
        "groups": product(
            "groups",
            "person_months",
            50,
            year=years,
            strategy=codes,
            sought_asylum=[False, True],
            sex=["female", "male"],
            age_group=["18-66"],
            with_child=[False, True],
            duration=["<1", "1-5"],
            feasibility_group=["none", "high"],
        ),
    }
    flows = pd.concat(
        [
            pd.DataFrame(
                {
                    "month": month,
                    "origin": ["inflow", *codes, "synlig"],
                    "destination": ["fritt_fall", *[e.code for e in list(Exit)[:5]], "fritt_fall"],
                    "cause": "start",
                    "origin_district": [None, "Oslo", "Oslo", "Vest", "Vest", "Øst", "Oslo"],
                    "destination_district": ["Oslo", None, None, None, None, None, "Oslo"],
                    "persons": counts(7, 12) + 1,
                }
            )
            for month in months
        ],
        ignore_index=True,
    )
    texts = ["month", "origin", "destination", "cause", "origin_district", "destination_district"]
    tables["flows"] = flows.astype(dict.fromkeys(texts, "category"))
    outcomes = pd.MultiIndex.from_product([months, OUTCOMES, [*CITIES, None]], names=["month", "outcome", "city"])
    frame = outcomes.to_frame(index=False)
    frame["value"] = rng.random(len(frame)) * 100
    frame["unit"] = frame["outcome"].map(OUTCOMES)
    tables["outcomes"] = frame.astype(dict.fromkeys(["month", "outcome", "city", "unit"], "category"))
    rows = []
    cells = {(t.register, t.dimension, t.key) for t in targets() if t.dimension in REGISTERS[t.register]}
    for register, dimension, key in sorted(cells):
        for year in years:
            period = f"{year}-12" if register == "udi_return_duty_stock" else str(year)
            rows.append((period, register, dimension, key, int(rng.poisson(400 * scale))))
    registers = pd.DataFrame(rows, columns=["period", "register", "dimension", "key", "count"])
    registers = registers.sort_values(["period", "register", "dimension", "key"], ignore_index=True)
    tables["registers"] = registers.astype(
        dict.fromkeys(["period", "register", "dimension", "key"], "category")
    ).astype({"count": "int64"})
    grid = pd.MultiIndex.from_product(
        [years, [("pu_orders", "order_asylum")], [*codes, "outside"], DISTRICTS[:2]],
        names=["year", "of", "strategy", "district"],
    ).to_frame(index=False)
    grid.insert(1, "register", [register for register, _ in grid["of"]])
    grid.insert(2, "event", [event for _, event in grid.pop("of")])
    grid["events"] = counts(len(grid), 5)
    grid["person_months"] = np.where(grid["strategy"] == "outside", 0, counts(len(grid), 900))
    tables["detection"] = grid.astype(dict.fromkeys(["register", "event", "strategy", "district"], "category"))
    if spells:
        n = 30
        lives = pd.DataFrame(
            {
                "person": [f"{i * 7919:016x}" for i in range(n)],
                "strategy": "fritt_fall",
                "start": months[0],
                "end": [None if i % 3 else months[-1] for i in range(n)],
                "cause_of_end": [None if i % 3 else "onward" for i in range(n)],
                "destination": [None if i % 3 else "videre" for i in range(n)],
                "entry_month": months[0],
                "route": "visa_overstay",
                "sought_asylum": False,
                "sex": "female",
                "age_at_entry": np.arange(n) + 18,
                "feasibility_group": "high",
            }
        )
        assert [c for c, _ in SPELLS if c != "replicate"] == list(lives.columns)
        tables["spells"] = lives
    del draw
    return tables
