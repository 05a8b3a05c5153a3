"""No parameter and no lever stands in a table without being read by the model.

A run with every lever switched on is watched: which attributes of `At` the rules read, which numbers of the draw the
drivers and the registers read, which fields of `Levers` the values are made from.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import irregsim.model.values
from helpers.lever_cases import filled
from helpers.worlds import baseline
from irregsim.model.draws import Draws
from irregsim.model.parameters import parameters, point_draw
from irregsim.model.registers import REGISTERS, Observer
from irregsim.model.simulate import advance_month, start
from irregsim.model.values import At, Values
from irregsim.scenario import Levers
from irregsim.scenario.attributes import attributes
from irregsim.scenario.levers import REGISTRY

#: Rows of parameters.csv that nothing reads yet, and why.
NOT_YET_READ: dict[str, str] = {}

#: Fields of `Levers` that `At` offers under another name.
ALSO_CALLED = {"regularisation": "schemes"}

#: Every lever at work at once: some are on from the start, so that early months read them too.
ALL_ON = (
    "as_known=2026-06",  # what only later facts need is read too
    "levers.return_agreements=[{country: Eritrea, from: {month}, effectiveness: 0.5}]",
    "levers.reception_centres.close=[{centre: Sør-Øst samlet, on: {month}}]",
    "levers.employer_sanctions_directive="
    "{from: {month}, back_pay_months: 3, duty_to_check: true, complaint_route: true}",
    "levers.work.confiscate_profit_share=[{from: {month}, value: 0.1}]",
    "levers.police.no_removal_when_reporting=[{from: {month}, value: true}]",
    "levers.assisted_return.open_to_all=[{from: {month}, value: true}]",
    "levers.regularisation=[{from: {month}, min_years: 5, min_age_plus_years: 40, no_conviction: true}]",
    "levers.municipal.shelter=[{from: {month}, value: 50}]",
    "levers.municipal.nav_emergency_help=[{from: {month}, value: wide}]",
    "levers.municipal.alternative_placement=[{from: {month}, value: true}]",
    "levers.municipal.health_model=[{from: {month}, value: municipal_open}]",
    "levers.municipal.crisis_centre_admission=[{from: {month}, value: true}]",
    "assumptions.pandemic={from: {month}, to: {later}}",
    "assumptions.inflow_pull=true",
)


class Watched(dict[str, float]):
    """A draw that notes which of its numbers are asked for by name; copying it asks for none."""

    seen: set[str]

    def __getitem__(self, name: str) -> float:
        self.seen.add(name)
        return super().__getitem__(name)


class WatchedValues(Values):
    """Values that note what of the draw and of the levers they are made from."""

    def __init__(self, levers: Levers, draw: dict[str, float], scale: float, seen: set[str]) -> None:
        self._seen = seen
        super().__init__(WatchedLevers(levers, seen), draw, scale)  # type: ignore[arg-type]

    @property
    def draw(self) -> Watched:  # type: ignore[override]
        return self._draw

    @draw.setter
    def draw(self, given: dict[str, float]) -> None:
        self._draw = Watched(given)
        self._draw.seen = self._seen


class WatchedLevers:
    """Levers that note which of their fields are asked for by name.

    What `Values` copies to `At` as a whole (`Levers.monthly`, `Levers.settings`) counts once a rule reads it there.
    """

    def __init__(self, levers: Levers, seen: set[str]) -> None:
        self._levers, self._seen = levers, seen

    def __getattr__(self, name: str) -> object:
        if name in attributes() and name not in ALSO_CALLED:
            self._seen.add(f"lever {name}")
        return getattr(self._levers, name)


def watched_at(seen: set[str]) -> type[At]:
    class WatchedAt(At):
        def __getattribute__(self, name: str) -> object:
            if name == "__dict__":
                table = Watched(super().__getattribute__("__dict__"))
                table.seen = seen
                return table
            seen.add(name)
            return super().__getattribute__(name)

        def __init__(self, values: dict[str, object]) -> None:
            super().__getattribute__("__dict__").update(values)

    return WatchedAt


@pytest.fixture(scope="module")
def read() -> Iterator[set[str]]:
    """Names that a run with every lever on asks for, levers of `Levers` with the word "lever" before them."""
    seen: set[str] = set()
    end = "2015-12"
    levers = baseline(end, *(filled(setting, "2012-01", end) for setting in ALL_ON))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(irregsim.model.values, "At", watched_at(seen))
        values = WatchedValues(levers, point_draw(), 0.15, seen)
        world = start(values, Draws(2021, 0))
        for _ in range(values.months):
            advance_month(world)
    draw = Watched(point_draw())
    draw.seen = seen
    observer = Observer(world.history, world.draws, draw, range(2012, 2016), 0.15)
    for register in REGISTERS:
        register.observe(observer)
    yield seen


def test_every_parameter_is_read(read):
    unread = parameters().keys() - read
    assert unread == NOT_YET_READ.keys(), "read it, or say in NOT_YET_READ why not"


def test_the_watch_sees_what_is_not_read(read):
    """A parameter without a reader would not be in the set by accident: copies of whole tables are not reads."""
    draw = Watched({"a": 1.0, "b": 2.0})
    draw.seen = set()
    assert {**draw} == {"a": 1.0, "b": 2.0}
    assert dict(draw) == {"a": 1.0, "b": 2.0}
    assert draw.seen == set()
    assert draw["a"] == 1.0
    assert draw.seen == {"a"}
    assert "no_such_parameter" not in read
    at = watched_at(seen := set())({"walkout_hazard": 0.1, "onward_hazard": 0.2})
    assert at.walkout_hazard == 0.1
    assert at.__dict__["onward_hazard"] == 0.2
    assert seen == {"walkout_hazard", "onward_hazard"}
    with pytest.raises(AttributeError, match="no parameter, lever or driver"):
        _ = at.no_such_parameter


def test_every_field_of_the_levers_is_read(read):
    # A driver of the same name takes the place of the lever in `At`, so there only the lever itself will do.
    drivers = Values(baseline("2012-12"), point_draw())._drivers()
    unread = [
        name
        for name in attributes()
        if f"lever {name}" not in read and (name in drivers or ALSO_CALLED.get(name, name) not in read)
    ]
    assert unread == [], "read it in a rule, as at.NAME"


def test_every_lever_fills_a_field():
    assert [lever.path for lever in REGISTRY if not lever.fields] == []


def test_no_lever_has_the_name_of_a_parameter():
    """Both are attributes of `At`."""
    assert attributes().keys() & parameters().keys() == set()
