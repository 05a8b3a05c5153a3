"""How many persons step 2 expects: new cohorts by route and country, month by month (docs/data.md).

Former asylum seekers follow the queue of asylum cases (`asylum_cases`), Dublin cases their own counts, and those who
vanished before a decision the cases closed otherwise; unaccompanied minors are taken out of the first (`minors`). Other
routes have a level in 2019, a trend and a mix of countries.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from irregsim.model.month.asylum_cases import dublin_mix, queue, vanished
from irregsim.model.month.minors import came_as_minors, minor_shares
from irregsim.model.values import At, Values, log_path
from irregsim.model.world import World
from irregsim.scenario.levers import REGISTRY
from irregsim.vocabulary import reference
from irregsim.vocabulary.codes import FIRST_YEAR, Route, month_text, year_of

FloatArray = npt.NDArray[np.float64]

#: Most that jobs and conditions can multiply expected inflow by.
# Assumes: conditions raise arrivals no further than a scenario may raise their path; the response is a log ratio, and
# at the ends of its range it would otherwise ask for more persons than there are on Earth.
MOST_RATIO: Final = next(lever.high for lever in REGISTRY if lever.key == "never_asylum_inflow")
#: Most persons expected to arrive in one month: about as many as live in Norway. Values inside their ranges ask for
#: less, also at the largest scale; their columns take some 2 GB of memory.
MOST_ARRIVALS: Final = 5_000_000


class TooManyPersons(ValueError):
    """A world has, or would have, more persons than it may; the message says when, how many, and the bound.

    Args:
        month: Month number.
        persons: How many there are or are expected to arrive.
        most: The bound.
        words: What is said of them, with ``{persons}`` and ``{most}``.
    """

    def __init__(self, month: int, persons: float, most: int, words: str = "{persons} persons, more than {most}"):
        super().__init__(month, persons, most, words)
        self.month, self.persons, self.most, self._words = month, persons, most, words

    def __str__(self) -> str:
        said = self._words.format(persons=f"{self.persons:.0f}", most=self.most)
        return f"{month_text(self.month)}: {said}"


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


def expected_inflow(values: Values) -> ExpectedInflow:
    """Expected new persons in every month of a simulation.

    Args:
        values: Levers and one parameter draw. Reads the levers ``asylum_rejections_per_year``, ``never_asylum_inflow``
            and ``pandemic``, and how the drivers of inflow walk after their last count.
    """
    draw, levers, months = values.draw, values.levers, values.months
    pandemic = np.asarray(levers.pandemic, dtype=np.float64)
    countries = reference.countries()
    out = np.zeros((months, len(Route), len(countries)))
    year = FIRST_YEAR + (np.arange(months) + 0.5) / 12

    final = values.made(queue).in_simulation
    # Minors are taken out of those rejected: they are persons without legal stay from 18, or when they leave care.
    adults = final * (1.0 - minor_shares(values)[-len(final) :])
    out[:, Route.ASYLUM_REJECTED] = present_at_final(values)[:, None] * adults
    out[:, Route.AGED_OUT], out[:, Route.LEFT_CARE] = came_as_minors(values)
    dublin = reference.yearly_series("dublin")
    per_month = np.array([dublin.get(year_of(m), dublin[2020]) / 12 for m in range(months)])
    per_month = per_month * values.walk_ratio("dublin_cases")
    out[:, Route.DUBLIN] = per_month[:, None] * dublin_mix(values)
    out[:, Route.VANISHED] = vanished(values)

    trend = np.exp(draw["never_asylum_inflow_log_trend"] * (np.minimum(year, 2019.99) - 2019.5) / 5)
    trend = trend * draw["pandemic_inflow_ratio"] ** pandemic * levers.never_asylum_inflow
    trend = trend * values.walk_ratio("never_asylum_inflow")
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
    penal_year = penal_year * values.walk_ratio("penal_inflow")
    direct = draw["penal_direct_removal_share"]
    short = np.array([c.short_stay_weight for c in countries])
    # The path of control effort says how many short-stay visitors are refused, whatever was drawn for inflow.
    short_year = draw["short_stay_sent_out_count"] * draw["pandemic_control_ratio"] ** pandemic
    short_year = short_year * values.walk_ratio("control_effort")
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


def present_at_final(values: Values) -> FloatArray:
    """Share of those finally rejected who are in Norway by then, by month; shape (months,).

    Those who came in 2015 waited long, and many went on to other states: in 2016 Norway accepted to take back 2 736
    persons, one in eight of the residents of its centres (UDI). So fewer are left of the rejections of 2016 and 2017.
    Who is not here is no person of the model.

    Args:
        values: Reads ``present_at_final_share`` and ``present_at_final_2016_ratio``.
    """
    wave = values.draw["present_at_final_2016_ratio"]
    path = log_path(values.months, [("2015-12", 1.0), ("2016-06", wave), ("2017-12", wave), ("2018-12", 1.0)])
    return np.asarray(np.minimum(1.0, values.draw["present_at_final_share"] * path))


def conditions_ratio(world: World, at: At) -> FloatArray:
    """Ratio on expected inflow from the chance of a job and from conditions (F 8.3; both off or zero by default).

    No ratio is above `MOST_RATIO`.

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
    never = [r for r in range(Route.DUBLIN + 1, Route.VANISHED) if r != Route.SHORT_STAY]
    ratio[never] *= np.exp(min(at.arrival_from_conditions_log_ratio * conditions, np.log(MOST_RATIO)))
    if at.inflow_pull:
        ratio[Route.WITHOUT_PERMIT] *= jobs**at.inflow_pull_elasticity
    return np.minimum(ratio, MOST_RATIO)


def expected_arrivals(world: World, at: At) -> FloatArray:
    """Persons expected to arrive in a month, at the scale of the simulation, under the conditions of the moment.

    Args:
        world: The replicate.
        at: Values of the month.

    Returns:
        By route and, last, penal expulsions straight from prison; shape (routes + 1, countries).

    Raises:
        TooManyPersons: If they are more than `MOST_ARRIVALS`; no array of their size has been made then.
    """
    expected = world.values.made(expected_inflow)
    mean = expected.by_route[at.month] * conditions_ratio(world, at)
    mean = np.concatenate([mean, expected.penal_direct[at.month][None]])
    total = mean.sum()
    if not total <= MOST_ARRIVALS:  # not a number is too many, too
        words = "{persons} persons would arrive, more than {most}: take a smaller scale, or lower what raises inflow"
        raise TooManyPersons(at.month, float(total), MOST_ARRIVALS, words)
    return mean
