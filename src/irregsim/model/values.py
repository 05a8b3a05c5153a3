"""Values in force: the levers of a scenario and one draw of the parameters, month by month.

``Values.at(month)`` is what a rule may read besides the persons at risk. It holds every parameter under its own name,
every lever as a scalar, a flag or an array over districts or cities, and the drivers made from both (feasibility, paths
of effort). What a single step of the month makes of them for a whole simulation stays with that step: `Values.made`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from copy import copy
from functools import cached_property
from typing import Any, Final, TypeVar, cast

import numpy as np
import numpy.typing as npt

from irregsim.model import districts
from irregsim.model.draws import Draws
from irregsim.model.walks import log_walks, still
from irregsim.scenario import Levers
from irregsim.vocabulary import reference
from irregsim.vocabulary.codes import CITIES, DISTRICTS, FIRST_YEAR, OTHER_CITY, Feasibility, month_number

FloatArray = npt.NDArray[np.float64]
Made = TypeVar("Made")


class At:
    """Values in force in one month; attributes only. See `Values`."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self.__dict__.update(values)

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(f"no parameter, lever or driver is called {name}")


def log_path(months: int, knots: Sequence[tuple[str | int, float]]) -> FloatArray:
    """A dated ratio: levels at named months, joined by straight lines on the log scale.

    Args:
        months: Length of the path.
        knots: (month as text or number, level > 0), by ascending month; held before the first and after the last.
    """
    x = [month_number(month) if isinstance(month, str) else month for month, _ in knots]
    y = np.log([level for _, level in knots])
    return np.asarray(np.exp(np.interp(np.arange(months), x, y)))


def during(months: int, first: str, last: str) -> FloatArray:
    """1 from one month to another, both included, and 0 otherwise; shape (months,).

    Args:
        months: Length of the path.
        first: First month, ``YYYY-MM``.
        last: Last month.
    """
    month = np.arange(months)
    return ((month >= month_number(first)) & (month <= month_number(last))).astype(np.float64)


class Values:
    """Levers and one parameter draw, resolved for every month of a simulation.

    Args:
        levers: Resolved levers of a scenario, months 0 (2009-01) to its end.
        draw: Value of every parameter by name.
        scale: Size of the population relative to Norway's, above 0 to 1; smaller for trials.
    """

    def __init__(self, levers: Levers, draw: Mapping[str, float], scale: float = 1.0) -> None:
        self.levers = levers
        self.draw = dict(draw)
        self.scale = scale
        self.months = levers.months
        self.knowledge = levers.knowledge
        #: Logarithm of each driver relative to its last count, by month; 0 but in `of_replicate`.
        self.walks = still(self.months)
        # A driver has the name of the lever that it is made of, and takes its place: `control_effort`.
        self._paths = {**levers.monthly, **self._drivers()}
        self._made: dict[Callable[[Values], Any], Any] = {}
        self._fixed = {
            **levers.settings,
            **self.draw,
            "schemes": levers.regularisation,
            "scale": scale,
        }
        # `response` replaces what was drawn (docs/scenarios.md).
        if levers.departure_from_hardship is not None:
            self._fixed["departure_from_hardship_log_ratio"] = levers.departure_from_hardship
        if levers.arrival_from_conditions is not None:
            self._fixed["arrival_from_conditions_log_ratio"] = levers.arrival_from_conditions
        if levers.return_risk is not None:
            self._fixed["assisted_risk_slope"] = levers.return_risk
            self._fixed["walkout_risk_slope"] = levers.return_risk
        self._cache: tuple[int, At] | None = None

    def of_replicate(self, draws: Draws) -> Values:
        """The same values in one replicate, where drivers walk after their last count (`irregsim.model.walks`).

        Args:
            draws: Keyed draws of the replicate.

        Returns:
            These values themselves where nothing walks: before 2021, or where the scenario holds the drivers.
        """
        walks = log_walks(draws, self.draw, self.knowledge, self.months)
        if not self.levers.driver_walks:
            walks = still(self.months)
        if all(np.array_equal(self.walks[name], walk) for name, walk in walks.items()):
            return self
        other = copy(self)
        other.walks, other._made, other._cache = walks, {}, None
        other._paths = {**self.levers.monthly, **other._drivers()}
        return other

    def walk_ratio(self, driver: str) -> FloatArray:
        """A driver relative to its last level, by month; above 0, shape (months,)."""
        return np.asarray(np.exp(self.walks[driver]))

    def at(self, month: int) -> At:
        """Values in force in a month, 0 to months - 1."""
        if self._cache is None or self._cache[0] != month:
            values = dict(self._fixed)
            values["month"] = month
            for name, path in self._paths.items():
                values[name] = path[month]
            self._cache = (month, At(values))
        return self._cache[1]

    def made(self, make: Callable[[Values], Made]) -> Made:
        """What a step of the month makes once of levers and draw for all months, such as the expected inflow.

        Args:
            make: Makes it; a function of its own module, which is also its name here.
        """
        if make not in self._made:
            self._made[make] = make(self)
        return cast(Made, self._made[make])

    def agreement_begins(self, month: int) -> npt.NDArray[np.bool_]:
        """Countries where a return agreement comes into force in a month that makes more returns possible than before.

        Returns:
            Shape (countries,); none in the first month.
        """
        return np.asarray(self._agreement_begins[month])

    @cached_property
    def _agreement_begins(self) -> npt.NDArray[np.bool_]:
        agreement = np.nan_to_num(self.levers.agreement_effectiveness)
        begins = np.zeros(agreement.shape, dtype=np.bool_)
        begins[1:] = (agreement[1:] > self._paths["feasibility"][:-1]) & (agreement[:-1] == 0.0)
        return begins

    def _drivers(self) -> dict[str, npt.NDArray[Any]]:
        draw, levers, months = self.draw, self.levers, self.months
        pandemic = np.asarray(levers.pandemic, dtype=np.float64)
        control = log_path(
            months,
            [
                ("2013-12", draw["control_effort_2013_ratio"]),
                ("2015-01", draw["control_effort_2016_ratio"]),
                ("2016-12", draw["control_effort_2016_ratio"]),
                ("2018-01", 1.0),
            ],
        )
        control = control * draw["pandemic_control_ratio"] ** pandemic * levers.control_effort
        control = control * self.walk_ratio("control_effort")
        pu_effort = log_path(
            months,
            [
                ("2012-06", draw["pu_effort_2010_ratio"]),
                ("2013-01", 1.0),
                ("2013-12", 1.0),
                ("2014-07", draw["pu_effort_2015_ratio"]),
                ("2016-06", draw["pu_effort_2015_ratio"]),
                ("2018-01", draw["pu_effort_2018_ratio"]),
            ],
        )
        flight = (draw["pandemic_control_ratio"] * draw["pandemic_pu_flight_ratio"]) ** pandemic
        pu_effort = pu_effort * flight * levers.pu_effort * self.walk_ratio("pu_effort")
        dublin = log_path(
            months,
            [
                ("2011-12", 1.0),
                ("2012-01", draw["dublin_2013_ratio"]),
                ("2015-12", draw["dublin_2013_ratio"]),
                ("2016-01", 1.0),
            ],
        )
        scheme = log_path(months, [("2016-12", 1.0), ("2017-01", draw["assisted_scheme_2017_ratio"])])
        asylum_case = np.full(months, draw["asylum_case_expulsion_share"])
        peak = slice(month_number("2014-01"), month_number("2017-07"))
        asylum_case[peak] = np.minimum(1.0, asylum_case[peak] * draw["asylum_case_expulsion_2015_ratio"])
        year = FIRST_YEAR + (np.arange(months) + 0.5) / 12
        demand = np.exp(draw["job_demand_log_trend"] * (np.minimum(year, 2019.99) - 2019.5) / 5)
        cities = city_effects(draw)
        feasibility = self._feasibility(months)
        by_district = np.broadcast_to(districts.control_ratio(draw), (months, len(DISTRICTS)))
        kept = self._tax_cards_kept(months)
        return {
            "discretion_by_city": np.broadcast_to(
                np.exp(draw["discretion_city_log_sd"] * cities), (months, len(cities))
            ),
            "case_mix": np.broadcast_to(districts.case_mix(draw), by_district.shape),
            "job_demand_ratio": demand,
            "district_control": by_district,
            "work_control": by_district * districts.akrim_ratio(draw, months),
            "tax_card_kept_ratio": kept,
            "tax_card_withdrawn_hazard": np.maximum(0.0, -np.diff(np.log(kept), prepend=0.0)),
            "assisted_family_offer_nok": draw["assisted_family_offer_2016_nok"] * during(months, "2016-11", "2016-12"),
            "control_effort": control,
            "pu_effort": pu_effort,
            "dublin_effort": dublin * levers.dublin_rate * self.walk_ratio("dublin_rate"),
            "assisted_scheme": scheme * levers.assisted_scheme * self.walk_ratio("assisted_scheme"),
            "asylum_case_share": asylum_case,
            "feasibility": feasibility,
            "takes_hardly_back": self._takes_hardly_back(months),
            "identity_cooperation": np.minimum(1.0, feasibility / draw["feasibility_high_share"]),
            "assisted_willingness": self._willingness(months),
            "other_residents": log_path(months, list(reference.other_residents(self.knowledge))) * self.scale,
            "exit_control_detection_share": self._exit_detection(months),
        }

    def _exit_detection(self, months: int) -> FloatArray:
        """Share of leavers who are seen as overstayers: the Entry/Exit System breaks the series (fact U18).

        The police at the border have the effort of the rest: it walks with ``control_effort``.
        """
        ratio = self.draw["entry_exit_detection_ratio"] if self.knowledge.has("U18") else 1.0
        path = log_path(months, [("2025-09", 1.0), ("2026-04", ratio)])
        share = self.draw["exit_control_detection_share"] * path * self.walk_ratio("control_effort")
        return np.minimum(1.0, share)

    def _tax_cards_kept(self, months: int) -> FloatArray:
        """Share of tax cards not withdrawn in the cases of 2011 (fact U30); from 2015 the lever alone decides."""
        kept = 1.0 - self.draw["tax_card_withdrawn_2011_share"] if self.knowledge.has("U30") else 1.0
        return log_path(months, [("2010-12", 1.0), ("2011-12", kept), ("2014-12", kept), ("2015-01", 1.0)])

    def _willingness(self, months: int) -> FloatArray:
        """Assisted return by month and citizenship, relative to the middle group: a fact of its own (F 2.1; M003).

        Around the ratio of its group each citizenship that UDI's counts of assisted returns name has an effect of its
        own (partial pooling, ``assisted_willing_log_sd``); the others have that of their group.
        """
        ratio = np.exp(
            [self.draw[f"assisted_willing_{name}_log_ratio"] for name in ("none", "weak")]
            + [0.0]
            + [self.draw["assisted_willing_high_log_ratio"]]
        )
        out = np.ones((months, len(reference.countries())))
        for step in reference.feasibility_steps(self.knowledge):
            out[step.start :, step.country] = ratio[step.group]
        return np.asarray(out * np.exp(willingness_effects(self.draw)))

    def _takes_hardly_back(self, months: int) -> npt.NDArray[np.bool_]:
        """Countries that take hardly anybody back, by month: the two lowest groups, while no agreement is in force.

        By group and not by a limit on feasibility: the lower ratio of some years, or a low draw, must not make Iraq, to
        which returns are carried out (F 10.5), a country that takes nobody. An agreement counts from an effectiveness
        of ``temporary_permit_feasibility_limit`` on: that with Ethiopia of 2012 had hardly any (F 10.1).
        """
        low = np.zeros((months, len(reference.countries())), dtype=np.bool_)
        for step in reference.feasibility_steps(self.knowledge):
            low[step.start :, step.country] = step.group <= Feasibility.WEAK
        effectiveness = np.nan_to_num(self.levers.agreement_effectiveness)
        return np.asarray(low & (effectiveness < self.draw["temporary_permit_feasibility_limit"]))

    def _feasibility(self, months: int) -> FloatArray:
        """Feasibility of forced return by month and country, before identity: group level, raised by agreements.

        A ratio above 1 cannot raise it above 1; a suspended duty to leave keeps it at the level of its group.
        """
        draw = self.draw
        level = {
            Feasibility.NONE: draw["feasibility_none_share"],
            Feasibility.WEAK: draw["feasibility_weak_share"],
            Feasibility.MIDDLE: draw["feasibility_middle_share"],
            Feasibility.HIGH: draw["feasibility_high_share"],
        }
        out = np.zeros((months, len(reference.countries())))
        suspended = np.zeros(out.shape, dtype=np.bool_)
        for step in reference.feasibility_steps(self.knowledge):
            out[step.start :, step.country] = min(1.0, level[step.group] * step.ratio)
            suspended[step.start :, step.country] = step.is_suspended
        agreement = self.levers.agreement_effectiveness
        return np.where(np.isnan(agreement) | suspended, out, np.maximum(out, np.nan_to_num(agreement)))


#: Parameter of the readiness to help outside the cities, and in a city that has none of its own in ``cities.csv``.
OTHER_READINESS: Final = "discretion_city_effect_5"


def city_effects(draw: Mapping[str, float]) -> FloatArray:
    """Readiness of front-line staff to help, in standard deviations: each city, then all other places.

    Args:
        draw: Value of every parameter by name.

    Returns:
        Shape (cities + 1,), in the order of ``CITIES``. A city without a parameter of its own has that of all other
        places.

    Raises:
        DataError: If ``cities.csv`` names a parameter that there is not.
    """
    own = reference.readiness_parameters()
    missing = [f"{city}: no parameter {name}" for city, name in own.items() if name not in draw]
    if missing:
        raise reference.DataError(
            f"cities.csv: readiness_parameter of {'; '.join(missing)} (add it to parameters.csv as a row like that of "
            f"{OTHER_READINESS}, or leave the column empty: the city is then as all other places)"
        )
    return np.array([draw[own.get(place, OTHER_READINESS)] for place in (*CITIES, OTHER_CITY)])


#: Countries that UDI's counts of assisted returns name, by code: each has an effect ``assisted_willing_effect_``.
NAMED_BY_ASSISTED: Final = ("IQ", "AF", "SO", "RU")


def willingness_effects(draw: Mapping[str, float]) -> FloatArray:
    """Log ratio of assisted return of each citizenship to its group, shape (countries,); 0 where no count names it.

    Args:
        draw: Value of every parameter by name: ``assisted_willing_effect_`` and a country's code of two letters, in
            standard deviations of ``assisted_willing_log_sd``.
    """
    effects = np.zeros(len(reference.countries()))
    for country in reference.countries():
        if country.iso in NAMED_BY_ASSISTED:
            effects[country.index] = draw[f"assisted_willing_effect_{country.iso.lower()}"]
    return effects * draw["assisted_willing_log_sd"]
