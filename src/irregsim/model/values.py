"""Values in force: the levers of a scenario and one draw of the parameters, month by month.

``Values.at(month)`` is what a rule may read beside the persons at risk. It holds every parameter under its own name,
every lever as a scalar, a flag or an array over districts or cities, and the drivers made from both (inflow,
feasibility, paths of effort).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from irregsim.scenario import Levers
from irregsim.vocabulary import reference
from irregsim.vocabulary.codes import CITIES, DISTRICTS, FIRST_YEAR, Feasibility, Route, month_number, year_of

FloatArray = npt.NDArray[np.float64]

#: Levers that are one number or flag per month, copied to `At` under their own name.
MONTHLY = (
    "stay_after_rejection",
    "basic_allowance_nok",
    "employer_base_nok",
    "employer_per_workday_nok",
    "worker_nok",
    "documented_workdays_share",
    "directive_in_force",
    "directive_back_pay_months",
    "directive_duty_to_check",
    "directive_complaint_route",
    "tax_card",
    "confiscate_profit_share",
    "worker_consequences",
    "workplace_inspections",
    "identity_checks",
    "penal_priority",
    "no_removal_when_reporting",
    "detention_capacity",
    "assisted_support_nok",
    "assisted_open_to_all",
    "assisted_information",
    "shelter_beds",
    "nav_emergency_help",
    "alternative_placement",
    "health_model",
    "crisis_centre_admission",
    "centre_open",
    "centre_capacity",
    "pandemic",
)


class At:
    """Values in force in one month; attributes only. See `Values`."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self.__dict__.update(values)

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(f"no parameter, lever or driver is called {name}")


def log_path(months: int, knots: list[tuple[str, float]]) -> FloatArray:
    """A dated ratio: levels at named months, joined by straight lines on the log scale.

    Args:
        months: Length of the path.
        knots: (month as text, level > 0), by rising month; held before the first and after the last.
    """
    x = [month_number(month) for month, _ in knots]
    y = np.log([level for _, level in knots])
    return np.asarray(np.exp(np.interp(np.arange(months), x, y)))


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
        self.months = len(levers.stay_after_rejection)
        self._paths = self._drivers()
        self._fixed = {
            **self.draw,
            "interactions": levers.interactions,
            "inflow_pull": levers.inflow_pull,
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

    def at(self, month: int) -> At:
        """Values in force in a month, 0 to months - 1."""
        if self._cache is None or self._cache[0] != month:
            levers = self.levers
            values = dict(self._fixed)
            values["month"] = month
            for name in MONTHLY:
                values[name] = getattr(levers, name)[month]
            for name, path in self._paths.items():
                values[name] = path[month]
            self._cache = (month, At(values))
        return self._cache[1]

    def agreement_begins(self, month: int) -> npt.NDArray[np.bool_]:
        """Countries where a return agreement comes into force in a month that makes more returns possible than before.

        Returns:
            Shape (countries,); none in the first month.
        """
        agreement = np.nan_to_num(self.levers.agreement_effectiveness)
        if month == 0:
            return np.zeros(agreement.shape[1], dtype=np.bool_)
        return np.asarray((agreement[month] > self._paths["feasibility"][month - 1]) & (agreement[month - 1] == 0.0))

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
        pu_effort = pu_effort * flight * levers.pu_effort
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
        centres_open, places = self._reception(months)
        year = FIRST_YEAR + (np.arange(months) + 0.5) / 12
        demand = np.exp(draw["job_demand_log_trend"] * (np.minimum(year, 2019.99) - 2019.5) / 5)
        cities = np.array([draw[f"discretion_city_effect_{i}"] for i in range(len(CITIES) + 1)])
        cases = np.array([draw[f"district_case_effect_{i}"] for i in range(len(DISTRICTS))])
        return {
            "discretion_by_city": np.broadcast_to(
                np.exp(draw["discretion_city_log_sd"] * cities), (months, len(CITIES) + 1)
            ),
            "case_mix": np.broadcast_to(np.exp(draw["district_case_log_sd"] * cases), (months, len(DISTRICTS))),
            "job_demand_ratio": demand,
            "district_control": np.broadcast_to(np.exp(district_effects(draw)), (months, len(DISTRICTS))),
            "control_effort": control,
            "pu_effort": pu_effort,
            "dublin_effort": dublin * levers.dublin_rate,
            "assisted_scheme": scheme * levers.assisted_scheme,
            "asylum_case_share": asylum_case,
            "feasibility": self._feasibility(months),
            "inflow_mean": self._inflow(months, pandemic),
            "penal_direct_mean": self._penal_direct,
            "centre_units_closing_share": centres_open,
            "reception_places": places,
        }

    def _reception(self, months: int) -> tuple[FloatArray, FloatArray]:
        """Share of the national centres that close in a month, and places for persons with a final rejection."""
        path = reference.reception_path()
        x = [p[0] for p in path]
        units = np.exp(np.interp(np.arange(-1, months), x, np.log([p[1] for p in path])))
        places = np.exp(np.interp(np.arange(months), x, np.log([p[2] for p in path])))
        closing = np.maximum(0.0, 1.0 - units[1:] / units[:-1])
        return closing, places * self.draw["centre_places_for_rejected_share"] * self.scale

    def _feasibility(self, months: int) -> FloatArray:
        """Feasibility of forced return by month and country, before identity: group level, lifted by agreements."""
        draw = self.draw
        level = {
            Feasibility.NONE: draw["feasibility_none_share"],
            Feasibility.WEAK: draw["feasibility_weak_share"],
            Feasibility.MIDDLE: draw["feasibility_middle_share"],
            Feasibility.HIGH: draw["feasibility_high_share"],
        }
        out = np.zeros((months, len(reference.countries())))
        for step in reference.feasibility_steps():
            out[step.start :, step.country] = level[step.group] * step.ratio
        agreement = self.levers.agreement_effectiveness
        return np.where(np.isnan(agreement), out, np.maximum(out, np.nan_to_num(agreement)))

    def final_rejections(self, months: int) -> FloatArray:
        """Final duties to leave of former asylum seekers a month (docs/data.md).

        ``F(t) = (1-w) s (R * g)(t) + w k U(t)`` with R the first instance's rejections on the merits, g a gamma lag
        and U the appeal body's rejections. After 2020, U follows R by ``une_after_2020_ratio``; the last year is held.

        Returns:
            Persons a month, shape (months,).
        """
        draw = self.draw
        first, appeal = reference.yearly_series("first_instance"), reference.yearly_series("appeal_body")
        error = np.exp(draw["missing_rejections_log_error"])
        first = {year: count * (error if year in (2018, 2020) else 1.0) for year, count in first.items()}
        ratio = draw["une_after_2020_ratio"]
        stated = dict(self.levers.asylum_rejections_per_year)
        last_year = year_of(months - 1)
        for year in range(2007, last_year + 1):
            if year in stated:
                first[year] = stated[year]
            elif year not in first:
                first[year] = first[year - 1]
            if year > 2020:
                appeal[year] = first[year] * ratio
        history = 24  # 2007 and 2008 feed the lag
        r = np.repeat([first[y] for y in range(2007, last_year + 1)], 12)[: months + history] / 12.0
        u = np.repeat([appeal[y] for y in range(2007, last_year + 1)], 12)[: months + history] / 12.0
        mean, sd = draw["final_decision_lag_months"], draw["final_decision_lag_sd_months"]
        shape, rate = (mean / sd) ** 2, mean / sd**2
        lags = np.arange(0, 25)
        weight = (lags + 0.5) ** (shape - 1) * np.exp(-rate * (lags + 0.5))
        weight /= weight.sum()
        lagged = np.convolve(np.concatenate([np.full(24, r[0]), r]), weight)[24 : 24 + len(r)]
        w = draw["une_driver_share"]
        final = (1 - w) * draw["rejection_to_final_share"] * lagged + w * draw["une_final_share"] * u
        return np.asarray(final[history:])

    def _inflow(self, months: int, pandemic: FloatArray) -> FloatArray:
        """Expected new persons a month by route and country, shape (months, routes, countries), at this scale."""
        draw = self.draw
        countries = reference.countries()
        out = np.zeros((months, len(Route), len(countries)))
        year = FIRST_YEAR + (np.arange(months) + 0.5) / 12

        knots = np.array([2009.0, 2013.5, 2017.5])
        weights = np.array([c.asylum_weights for c in countries])
        # No table gives the country mix of rejections: an error of its own for each group of feasibility (of 2012).
        error = np.array([1.0] + [np.exp(draw[f"asylum_mix_{g.code}_log_error"]) for g in list(Feasibility)[1:]])
        weights = weights * error[[int(g) for g in reference.feasibility_group_of_2012()]][:, None]
        weights = weights / weights.sum(axis=0)
        asylum_mix = np.stack([np.interp(year, knots, row) for row in weights], axis=1)
        out[:, Route.ASYLUM_REJECTED] = self.final_rejections(months)[:, None] * asylum_mix
        dublin = reference.yearly_series("dublin")
        per_month = np.array([dublin.get(year_of(m), dublin[2020]) / 12 for m in range(months)])
        out[:, Route.DUBLIN] = per_month[:, None] * asylum_mix

        trend = np.exp(draw["never_asylum_inflow_log_trend"] * (np.minimum(year, 2019.99) - 2019.5) / 5)
        trend = trend * draw["pandemic_inflow_ratio"] ** pandemic * self.levers.never_asylum_inflow
        seen = np.array(
            [
                c.immigration_act_count * (draw["asylum_nationality_never_ratio"] if c.is_asylum_nationality else 1.0)
                for c in countries
            ]
        )
        tilt = {
            "work": np.array([c.work_tilt for c in countries]),
            "overstay": np.array([c.overstay_tilt for c in countries]),
            "permit_lost": np.array([c.permit_tilt for c in countries]),
        }
        yearly = {
            "work": draw["inflow_work_count"],
            "overstay": draw["inflow_overstay_count"],
            "permit_lost": draw["inflow_permit_lost_count"],
        }
        by_route = {
            Route.MARRIAGE_BROKEN: draw["marriage_broken_inflow_ratio"],
            Route.WORK_PERMIT_LOST: draw["contract_lost_inflow_ratio"],
            Route.AU_PAIR: draw["contract_lost_inflow_ratio"],
            Route.PERMIT_REVOKED: draw["permit_revoked_inflow_ratio"],
            Route.LAPSED_YOUNG: draw["lapsed_young_inflow_ratio"],
        }
        penal = np.array([float(c.penal_count) for c in countries])
        penal_trend = np.exp(draw["penal_expulsion_log_trend"] * (np.minimum(year, 2020.5) - 2019.5))
        penal_year = draw["inflow_penal_count"] * penal_trend * draw["pandemic_inflow_ratio"] ** pandemic
        direct = draw["penal_direct_removal_share"]
        short = np.array([c.short_stay_weight for c in countries])
        # The path of control effort says how many short-stay visitors are refused, whatever was drawn for inflow.
        short_year = draw["short_stay_sent_out_count"] * draw["pandemic_control_ratio"] ** pandemic
        for start in reference.route_starts():
            group = start.inflow_group
            if group in yearly:
                mix = seen * tilt[group]
                rate = yearly[group] * start.share / 12 * trend * by_route.get(start.route, 1.0)
                out[:, start.route] = rate[:, None] * (mix / mix.sum())
            elif group == "penal":
                out[:, start.route] = (penal_year * (1 - direct) / 12)[:, None] * (penal / penal.sum())
            elif group == "short_stay":
                out[:, start.route] = (short_year / 12)[:, None] * (short / short.sum())
            elif group == "visa_lost":
                # Beside those who were sent out, some who lost the visa inland stay on (F 4.6; M077).
                inland = draw["visa_lost_stays_ratio"] * (1.0 - draw["airport_share_of_short_stay"])
                out[:, start.route] = (inland * short_year / 12)[:, None] * (short / short.sum())
        self._penal_direct = (penal_year * direct / 12)[:, None] * (penal / penal.sum()) * self.scale
        return out * self.scale


def district_effects(draw: Mapping[str, float]) -> FloatArray:
    """Log control intensity of each district around the national mean (partial pooling), shape (9,)."""
    effects = np.array([draw[f"district_control_effect_{i}"] for i in range(len(DISTRICTS))])
    return effects * draw["district_control_log_sd"]
