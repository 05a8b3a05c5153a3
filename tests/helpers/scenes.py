"""A few persons written into an otherwise empty world, to ask single rules about them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from helpers.worlds import baseline
from irregsim.model.centres import REMOTENESS
from irregsim.model.draws import Draws
from irregsim.model.month import inflow
from irregsim.model.values import At, Values
from irregsim.model.world import Rows, World
from irregsim.vocabulary import reference
from irregsim.vocabulary.codes import Decision, Route, Strategy, Substrategy, month_number

#: A month before the pandemic and after the changes of 2014-2018.
MONTH = month_number("2018-06")

COUNTRY = {c.name: i for i, c in enumerate(reference.countries())}
PLACE = {p.name: i for i, p in enumerate(reference.places())}
CONGREGATION = np.array([c.congregation_ratio for c in reference.countries()])
MARKET = np.array([p.market_ratio for p in reference.places()])
#: The remotest ordinary centre, and the one in Oslo.
REMOTE, NEAR = int(np.argmax(REMOTENESS)), next(c.index for c in reference.centres() if c.name == "Oslo")

Columns = Mapping[str, Any]

#: Persons as rules see them; a case changes what it is about.
RESIDENT: Columns = {"strategy": int(Strategy.SYNLIG), "is_sought_asylum": True, "centre": NEAR}
FALLING: Columns = {"strategy": int(Strategy.FRITT_FALL)}
GUEST: Columns = {"strategy": int(Strategy.AVHENGIG), "substrategy": int(Substrategy.FRIEND), "host": 0}
WORKER: Columns = {"strategy": int(Strategy.ARBEIDENDE), "employer": 0}
SELLER: Columns = {"strategy": int(Strategy.MARGINALISERT), "substrategy": int(Substrategy.SEX_SALE)}
DEALER: Columns = {"strategy": int(Strategy.MARGINALISERT), "substrategy": int(Substrategy.DRUGS)}
THIEF: Columns = {"strategy": int(Strategy.MARGINALISERT), "substrategy": int(Substrategy.PROPERTY)}
WITH_PARTNER: Columns = {**GUEST, "substrategy": int(Substrategy.PARTNER)}
WITH_RELATIVE: Columns = {**GUEST, "substrategy": int(Substrategy.RELATIVE)}
WITH_CONGREGATION: Columns = {**GUEST, "substrategy": int(Substrategy.CONGREGATION)}
FOR_SHELTER: Columns = {**GUEST, "substrategy": int(Substrategy.SURVIVAL_SEX)}


class Scene:
    """An empty world in some month under some draw, and the persons written into it."""

    def __init__(self, draw: Mapping[str, float], month: int = MONTH) -> None:
        self.world = World(Values(baseline("2021-12"), draw, 0.1), Draws(1, 0))
        self.world.month = month
        self.at = self.world.values.at(month)
        self.world.centres.open_month(self.at, 0)
        self._count = 0

    def under(self, **values: Any) -> At:
        """The month's values with some changed: another situation."""
        return At({**vars(self.at), **values})

    def add(self, *persons: Columns, copies: int = 1) -> np.ndarray:
        """Writes persons into the world; a column not given is that of a man of 30, a year without legal stay."""
        month = self.world.month
        usual = {
            "country": COUNTRY["Nigeria"],
            "route": int(Route.VISA_OVERSTAY),
            "place": PLACE["Oslo"],
            "entry_month": month - 12,
            "strategy_start": month - 6,
            "birth_month": month - 30 * 12,
            "is_identity_established": True,
        }
        all_ = [{**usual, **person} for person in persons for _ in range(copies)]
        for person in all_:
            if person.get("is_sought_asylum") and person["route"] == Route.VISA_OVERSTAY:
                person["route"] = int(Route.ASYLUM_REJECTED)
            if person.get("is_sought_asylum") and person["route"] != Route.VANISHED:
                person.setdefault("decision", int(Decision.DUTY_TO_LEAVE))
        names = {name for person in all_ for name in person}
        empty = {"host", "centre", "employer", "side_employer", "offer", "guardian", "tie_0", "tie_1", "tie_2"}
        empty |= {"met", "transport_due", "back_due"}
        ids = np.arange(self._count, self._count + len(all_)).astype(np.uint64)
        self._count += len(all_)
        columns = {n: np.array([person.get(n, -1 if n in empty else 0) for person in all_]) for n in names}
        rows = self.world.population.add(person_id=ids, key=self.world.draws.keys(ids), **columns)
        self.world.set_cell(rows)
        return rows

    def who(self, *persons: Columns) -> Rows:
        """A view of new persons for a rule."""
        return self.world.rows(self.add(*persons))

    def chance(self, channel: str, act: Callable[[], object]) -> float:
        """Sum of the probabilities that something draws with on a channel."""

        def total() -> float:
            table = self.world.history.expected.get(channel)
            return 0.0 if table is None else float(table.sum())

        before = total()
        act()
        return total() - before

    def newcomers(self, route: Route, count: int = 400, country: str = "Somalia") -> np.ndarray:
        """Rows of heads of household who arrive this month."""
        at, world = self.at, self.world
        world.employers.decide(at, world.employers.inspections(at))
        groups = (np.array([int(route)]), np.array([COUNTRY[country]]), np.array([count]))
        return inflow.admit(world, at, world.month, *groups)
