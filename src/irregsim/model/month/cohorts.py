"""How many persons step 2 expects: new cohorts by route and country, month by month (docs/data.md).

Former asylum seekers follow the rejections, Dublin cases their own counts; other routes have a level in 2019, a trend
and a mix of countries.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from irregsim.model.values import At, Values
from irregsim.model.world import World
from irregsim.vocabulary import reference
from irregsim.vocabulary.codes import FIRST_YEAR, Feasibility, Route, year_of

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class ExpectedInflow:
    """Expected persons, at the scale of the simulation.

    Attributes:
        by_route: New persons a month, shape (months, routes, countries).
        penal_direct: Penal expulsions that go from prison to transport, who are never persons here; shape (months,
            countries).
    """

    by_route: FloatArray
    penal_direct: FloatArray


def final_rejections(values: Values) -> FloatArray:
    """Final duties to leave of former asylum seekers a month (docs/data.md).

    ``F(t) = (1-w) s (R * g)(t) + w k U(t)`` with R the first instance's rejections on the merits, g a gamma lag
    and U the appeal body's rejections. After 2020, U follows R by ``une_after_2020_ratio``; the last year is held.

    Args:
        values: Levers and one parameter draw.

    Returns:
        Persons a month in Norway, whatever the scale; shape (months,).
    """
    draw, months = values.draw, values.months
    first, appeal = reference.yearly_series("first_instance"), reference.yearly_series("appeal_body")
    error = np.exp(draw["missing_rejections_log_error"])
    first = {year: count * (error if year in (2018, 2020) else 1.0) for year, count in first.items()}
    ratio = draw["une_after_2020_ratio"]
    stated = dict(values.levers.asylum_rejections_per_year)
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


def expected_inflow(values: Values) -> ExpectedInflow:
    """Expected new persons in every month of a simulation.

    Args:
        values: Levers and one parameter draw. Reads the levers ``asylum_rejections_per_year``, ``never_asylum_inflow``
            and ``pandemic``.
    """
    draw, levers, months = values.draw, values.levers, values.months
    pandemic = np.asarray(levers.pandemic, dtype=np.float64)
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
    out[:, Route.ASYLUM_REJECTED] = final_rejections(values)[:, None] * asylum_mix
    dublin = reference.yearly_series("dublin")
    per_month = np.array([dublin.get(year_of(m), dublin[2020]) / 12 for m in range(months)])
    out[:, Route.DUBLIN] = per_month[:, None] * asylum_mix

    trend = np.exp(draw["never_asylum_inflow_log_trend"] * (np.minimum(year, 2019.99) - 2019.5) / 5)
    trend = trend * draw["pandemic_inflow_ratio"] ** pandemic * levers.never_asylum_inflow
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
            # In addition to those who were sent out, some who lost the visa inland stay on (F 4.6; M077).
            inland = draw["visa_lost_stays_ratio"] * (1.0 - draw["airport_share_of_short_stay"])
            out[:, start.route] = (inland * short_year / 12)[:, None] * (short / short.sum())
    penal_direct = (penal_year * direct / 12)[:, None] * (penal / penal.sum())
    return ExpectedInflow(out * values.scale, penal_direct * values.scale)


def conditions_ratio(world: World, at: At) -> FloatArray:
    """Ratio on expected inflow from the chance of a job and from conditions (F 8.3; both off or zero by default).

    Args:
        world: Reads the vacancies of the employers who are willing.
        at: Reads ``shelter_beds`` and ``shelter_free_bed_share``, ``conditions_per_bed``,
            ``arrival_from_conditions_log_ratio``, ``inflow_pull`` and ``inflow_pull_elasticity``.

    Returns:
        By route, shape (routes, 1).

    Mechanisms: M067, M071, M072.
    """
    jobs = max(1e-9, float(world.employers.jobs[world.employers.is_willing].sum()) / world.employers.reference_jobs)
    beds = float(np.sum(at.shelter_beds)) * at.shelter_free_bed_share
    conditions = np.log(jobs) + at.conditions_per_bed * beds
    ratio = np.ones((len(Route), 1))
    never = [r for r in Route if r not in (Route.ASYLUM_REJECTED, Route.DUBLIN, Route.SHORT_STAY)]
    ratio[never] *= np.exp(at.arrival_from_conditions_log_ratio * conditions)
    if at.inflow_pull:
        ratio[Route.WITHOUT_PERMIT] *= jobs**at.inflow_pull_elasticity
    return ratio
