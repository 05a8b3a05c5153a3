"""Asylum cases from the first rejection to the final duty to leave: a queue that neither makes nor loses persons.

Each citizenship has a queue of its own, fed by the rejections that UNHCR counts (docs/data.md). A share appeals; the
appeal body decides what is ready, as far as its decisions of the year go; some decisions are reversed. Cases under the
Dublin rules, and those withdrawn or closed because the applicant vanished, are no rejections and never enter it; of
the latter some are in Norway without a decision (`vanished`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from irregsim.model.asylum_counts import FIRST_COUNTED, decisions, most_decided, rejected_in
from irregsim.model.values import Values
from irregsim.vocabulary import reference
from irregsim.vocabulary.codes import FIRST_YEAR, year_of

FloatArray = npt.NDArray[np.float64]

#: Years whose country mix stands for all later ones.
_RECENT = 3


@dataclass(frozen=True)
class Queue:
    """What one draw makes of the cases, persons a month in Norway by citizenship, whatever the scale.

    Attributes:
        rejected: Rejected at first instance, shape (months since 2006-01, countries).
        waiting: Appeals that wait at the end of the month.
        at_start: Appeals that waited on 1 January 2006, shape (countries,).
        final: Final duties to leave.
    """

    rejected: FloatArray
    waiting: FloatArray
    at_start: FloatArray
    final: FloatArray

    @property
    def in_simulation(self) -> FloatArray:
        """Final duties to leave from the first simulated month on, shape (months, countries)."""
        return self.final[12 * (FIRST_YEAR - FIRST_COUNTED) :]


def queue(values: Values) -> Queue:
    """Runs every citizenship's queue from 2006 to the end of a simulation.

    In month t, with R rejections, a share a that appeals and B appeals waiting:
    ``D(t) = min(B(t) / m, phi U(t))`` are decided, ``B(t+1) = B(t) + a R(t) - D(t)``, and
    ``F(t) = (1-a) R(t-1) + (1 - reversed) D(t)`` become final. U are the appeal body's decisions of the year, of which
    a share phi concerns first appeals; what one citizenship leaves of it serves the others. After the last year that
    counts as history, U goes on from that year: it rises by `appeal_capacity_log_growth` in a year that begins with
    more ready than it can decide, and never falls. From the first counted year whose rejections a scenario states
    otherwise, the counted U answers to other cases: there it is the least that the body can decide.

    Args:
        values: Levers and one parameter draw. Reads the lever ``asylum_rejections_per_year``.
    """
    draw = values.draw
    end = year_of(values.months - 1)
    rejected = _yearly_rejections(values, end)
    counted, last = decisions(), values.knowledge.last_counted
    stated = [year for year, _ in values.levers.asylum_rejections_per_year if year >= FIRST_COUNTED]
    # Index of the first year in which the body's decisions are not simply those counted.
    open_from = min([last + 1, *stated]) - FIRST_COUNTED
    body = (counted.appeal_rejected + counted.appeal_granted)[: last - FIRST_COUNTED + 1]
    granted = counted.appeal_granted[: len(body)].sum(axis=1) / body.sum(axis=1)
    first_appeals = draw["first_appeal_share"]
    # Those who win are among the first appeals, not among the requests to look again at a case that is final.
    reversal = np.minimum(granted / first_appeals * np.exp(draw["reversal_log_error"]), 0.5)
    reversal = np.append(reversal, np.full(max(0, end - last), reversal[-_RECENT:].mean()))
    months = 12 * (end - FIRST_COUNTED + 1)
    appeals = draw["appeal_share"]
    waiting = draw["appeal_backlog_2006_count"] * body[0] / body[0].sum()
    at_start = waiting
    final, left = np.empty((2, months, rejected.shape[1]))
    monthly = rejected / 12.0
    before = monthly[0]
    total = first_appeals * body.sum(axis=1) / 12.0
    capacity, growth = total[0], np.exp(draw["appeal_capacity_log_growth"])
    for month in range(months):
        year = month // 12
        ready = waiting / draw["appeal_months_mean"]
        if month % 12 == 0:
            if year >= open_from and ready.sum() > capacity:
                capacity *= growth
            if year < len(total):
                capacity = total[year] if year < open_from else max(capacity, total[year])
        if year < open_from:
            own = first_appeals * body[year] / 12.0
            decided = np.minimum(ready, own)
            spare, rest = (own - decided).sum(), ready - decided
            if rest.sum() > 0:
                decided = decided + rest * min(1.0, spare / rest.sum())
        else:
            decided = ready * min(1.0, capacity / max(ready.sum(), capacity))
        new = monthly[year]
        final[month] = (1.0 - appeals) * before + (1.0 - reversal[year]) * decided
        waiting = waiting + appeals * new - decided
        left[month] = waiting
        before = new
    cut = 12 * (FIRST_YEAR - FIRST_COUNTED) + values.months
    return Queue(np.repeat(monthly, 12, axis=0)[:cut], left[:cut], at_start, final[:cut])


def _yearly_rejections(values: Values, end: int) -> FloatArray:
    """First-instance rejections by year since `FIRST_COUNTED` and country: counts with their errors, then as stated.

    A year stated by the lever takes the mix of its own count, later ones the mix of the last `_RECENT` counted; a year
    without either repeats the year before. After the last count that level walks (`irregsim.model.walks`), anew from
    every stated year; no year has more rejections than cases were ever decided on the merits in one (UNHCR).
    """
    draw, counted = values.draw, decisions().rejected[: values.knowledge.last_counted - FIRST_COUNTED + 1]
    # UNHCR rounds small cells to five, and some countries' groups may be filed otherwise than by UDI.
    group = np.array([int(g) for g in reference.lasting_feasibility_groups()])
    errors = np.array([0.0] + [draw[f"asylum_mix_{name}_log_error"] for name in ("weak", "middle", "high")])
    weighted = counted * np.exp(errors[group])
    weighted *= (counted.sum(axis=1) / weighted.sum(axis=1))[:, None] * np.exp(draw["rejections_log_error"])
    recent = weighted[-_RECENT:].sum(axis=0)
    out = np.empty((end - FIRST_COUNTED + 1, counted.shape[1]))
    stated = dict(values.levers.asylum_rejections_per_year)
    walk = np.concatenate([np.zeros(FIRST_YEAR - FIRST_COUNTED), values.walks["asylum_rejections"][::12]])
    known = 0
    for i in range(len(out)):
        year = FIRST_COUNTED + i
        out[i] = weighted[i] if i < len(weighted) else _walked(out[known], walk[i] - walk[known])
        if year in stated and i < len(weighted):
            out[i] = weighted[i] * (stated[year] / rejected_in(year))
        elif year in stated:
            out[i] = recent / recent.sum() * stated[year]
        known = i if i < len(weighted) or year in stated else known
    return out


def _walked(level: FloatArray, log_ratio: float) -> FloatArray:
    """Rejections of a year that nobody counted or stated; ``level`` are those of the last year that somebody did."""
    return np.asarray(level * min(np.exp(log_ratio), max(1.0, most_decided() / max(level.sum(), 1e-9))))


def dublin_mix(values: Values) -> FloatArray:
    """Share of each citizenship among cases closed without a decision on the merits, shape (months, countries).

    The country mix of persons under a Dublin decision: UNHCR counts them together with withdrawn and lapsed cases.
    """
    closed = decisions().closed[FIRST_YEAR - FIRST_COUNTED : values.knowledge.last_counted - FIRST_COUNTED + 1]
    share = closed / closed.sum(axis=1, keepdims=True)
    return np.asarray(share[np.minimum(np.arange(values.months) // 12, len(share) - 1)])


def vanished(values: Values) -> FloatArray:
    """Applicants who vanished before a decision and are in Norway, persons a month, shape (months, countries).

    UNHCR counts as otherwise closed what is neither granted nor rejected: Dublin cases, applications withdrawn, and
    cases closed because nobody knows where the applicant is (F 10.1; M115). Persons under a Dublin decision are persons
    of the model already, so they are taken off first, in each citizenship and year alike. Of the rest a share vanished
    and stayed; the others went home or on to another state. Where Dublin decisions are no longer counted, their share
    of the cases closed is that of the last `_RECENT` years in which they were, and never less than the model has.

    Args:
        values: Reads ``vanished_in_norway_share``.
    """
    closed = decisions().closed[FIRST_YEAR - FIRST_COUNTED : values.knowledge.last_counted - FIRST_COUNTED + 1]
    dublin = reference.yearly_series("dublin")
    last = max(dublin)
    total = closed.sum(axis=1)
    cases = np.array([dublin.get(FIRST_YEAR + i, dublin[last]) for i in range(len(total))])
    counted = slice(last - FIRST_YEAR + 1 - _RECENT, last - FIRST_YEAR + 1)
    usual = cases[counted].sum() / total[counted].sum()
    is_later = np.arange(len(total)) > last - FIRST_YEAR
    cases[is_later] = np.maximum(cases[is_later], usual * total[is_later])
    rest = closed * np.maximum(0.0, 1.0 - cases / total)[:, None]
    year = np.minimum(np.arange(values.months) // 12, len(rest) - 1)
    return np.asarray(values.draw["vanished_in_norway_share"] * rest[year] / 12.0)
