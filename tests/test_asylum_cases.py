"""The queue of asylum cases makes no persons and loses none, and repeats the counts it is fed with."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Mapping
from functools import cache
from importlib import resources

import numpy as np
import pytest

from helpers.worlds import baseline, settings_of
from irregsim.inference import posterior
from irregsim.model import asylum_counts
from irregsim.model.asylum_counts import FIRST_COUNTED, decisions, rejected_in
from irregsim.model.month.asylum_cases import Queue, dublin_mix, queue, vanished
from irregsim.model.month.cohorts import expected_inflow
from irregsim.model.parameters import parameters, point_draw
from irregsim.model.simulate import simulate
from irregsim.model.values import Values
from irregsim.scenario import Levers, load_scenario
from irregsim.vocabulary import reference
from irregsim.vocabulary.codes import FIRST_YEAR, Decision, Route, Strategy, month_number
from irregsim.vocabulary.knowledge import STATES

pytestmark = pytest.mark.once

END = "2026-12"
#: Last year of counts that is history, as known in May 2021.
LAST_COUNTED = 2020
KNOWN = "as_known=2021-05"
NEWEST = "as_known=2026-06"
COUNTRY = {c.name: c.index for c in reference.countries()}
#: UNHCR's rejections at first instance in Norway, all origins (its table of asylum decisions, read by hand).
PUBLISHED = {2006: 1273, 2009: 6212, 2010: 7655, 2013: 3134, 2016: 5767, 2019: 653, 2020: 361}
#: Origins in the EU and EEA that UNHCR's table of Norway has.
INSIDE = frozenset(
    """AUT BEL BGR CHE CYP CZE DEU DNK ESP EST FIN FRA GBR GRC HRV HUN IRL ISL ITA LTU LVA MLT NLD POL PRT ROU SVK SVN
    SWE""".split()  # noqa: SIM905
)


@cache
def rows() -> tuple[dict[str, str], ...]:
    """UNHCR's table as it is kept."""
    file = resources.files("irregsim.data").joinpath("external/unhcr_asylum_decisions_norway.csv")
    return tuple(csv.DictReader(file.read_text(encoding="utf-8").splitlines()))


def run(draw: Mapping[str, float], levers: Levers | None = None) -> Queue:
    return queue(Values(levers or baseline(END, KNOWN), draw))


def month(year: int) -> int:
    """First month of a year in the rows of a queue."""
    return 12 * (year - FIRST_COUNTED)


def decided(q: Queue, draw: Mapping[str, float]) -> np.ndarray:
    """Appeals decided a month, from what waits: ``D(t) = B(t) + a R(t) - B(t+1)``."""
    before = np.concatenate([q.at_start[None], q.waiting[:-1]])
    return np.asarray(before + draw["appeal_share"] * q.rejected - q.waiting)


def became_final_without_appeal(q: Queue, draw: Mapping[str, float]) -> np.ndarray:
    """``(1 - a) R(t-1)``, shape (months, countries); the month before the first is like the first."""
    before = np.concatenate([q.rejected[:1], q.rejected[:-1]])
    return np.asarray((1.0 - draw["appeal_share"]) * before)


def of_priors() -> tuple[Mapping[str, float], ...]:
    return posterior.prior_draws(300)


def of_the_shipped_posterior() -> tuple[Mapping[str, float], ...]:
    return posterior.load().draws


@pytest.mark.parametrize("draws", [of_priors, of_the_shipped_posterior])
def test_no_draw_makes_persons(draws):
    """Final duties to leave never exceed rejections and the backlog of 2006, of any citizenship, in any month."""
    for number, draw in enumerate(draws()):
        q = run(draw)
        there = q.at_start + np.cumsum(q.rejected, axis=0)
        final = np.cumsum(q.final, axis=0)
        assert (final <= there * (1.0 + 1e-12)).all(), number
        # Exactly: who was rejected waits, has won, may still appeal this month, or has a final duty to leave.
        share, d = 1.0 - draw["appeal_share"], decided(q, draw)
        won = np.cumsum(d + became_final_without_appeal(q, draw) - q.final, axis=0)
        accounted = final + won + q.waiting + share * (q.rejected - q.rejected[0])
        np.testing.assert_allclose(accounted, there, rtol=1e-9, atol=1e-9, err_msg=str(number))
        assert (won >= -1e-9).all() and (d >= -1e-9).all() and (q.waiting >= -1e-9).all(), number


def test_the_prior_holds_what_the_appeal_body_published():
    """UNE changed 12 % of its asylum decisions in 2018 and 17 % in 2019; over all years about one in eight (F 10.1).

    Tolerance: inside the central 95 % of the prior.
    """
    shares = []
    years = (slice(month(2018), month(2019)), slice(month(2019), month(2020)), slice(0, month(LAST_COUNTED + 1)))
    for draw in posterior.prior_draws(300):
        q = run(draw)
        d, appealed = decided(q, draw), q.final - became_final_without_appeal(q, draw)
        shares.append([1.0 - appealed[year].sum() / d[year].sum() for year in years])
    low, high = np.quantile(shares, [0.025, 0.975], axis=0)
    assert (low < [0.12, 0.17, 0.125]).all() and (high > [0.12, 0.17, 0.125]).all(), (low, high)


def test_the_appeal_body_decides_what_is_ready_and_no_more_than_it_decided():
    counted = decisions()
    body = (counted.appeal_rejected + counted.appeal_granted)[: LAST_COUNTED - FIRST_COUNTED + 1]
    binds = 0
    for draw in posterior.prior_draws(30):
        q = run(draw)
        ready = np.concatenate([q.at_start[None], q.waiting[:-1]]) / draw["appeal_months_mean"]
        d = decided(q, draw)
        assert (d <= ready + 1e-9).all()
        year = np.arange(len(d)) // 12
        known = year < len(body)
        capacity = draw["first_appeal_share"] * body[year[known]].sum(axis=1) / 12.0
        total = d[known].sum(axis=1)
        assert (total <= capacity + 1e-9).all()
        # Either all that is ready is decided, or all that the body decides is used up.
        full = total >= capacity - 1e-6
        np.testing.assert_allclose(d[known][~full], ready[known][~full], rtol=1e-9, atol=1e-9)
        binds += int(full.sum())
    assert binds > 0


@pytest.mark.parametrize("state", STATES)
def test_nobody_vanishes_whose_case_was_not_closed(state: str):
    """With Dublin cases never more than what UNHCR counts as otherwise closed, of any citizenship, in any month."""
    last, dublin = STATES[state], reference.yearly_series("dublin")
    closed = decisions().closed[FIRST_YEAR - FIRST_COUNTED : last - FIRST_COUNTED + 1] / 12.0
    year = np.minimum(np.arange(12 * (2026 - FIRST_YEAR + 1)) // 12, len(closed) - 1)
    counted = FIRST_YEAR + year <= max(dublin)
    for draw in posterior.prior_draws(300):
        values = Values(baseline(END, f"as_known={state}"), draw)
        gone, inflow = vanished(values), expected_inflow(values).by_route / values.scale
        np.testing.assert_allclose(inflow[:, Route.VANISHED], gone, rtol=1e-12)
        assert (gone >= 0.0).all()
        together = gone + np.where(gone > 0, inflow[:, Route.DUBLIN], 0.0)
        assert (together <= closed[year] * (1.0 + 1e-12)).all()
        # Exactly: the share of what Dublin cases leave, where these are counted.
        rest = closed[year] - inflow[:, Route.DUBLIN]
        np.testing.assert_allclose(
            gone[counted], draw["vanished_in_norway_share"] * rest[counted], rtol=1e-9, atol=1e-9
        )


def test_who_vanished_is_on_no_list_and_in_no_centre():
    """No resident of a centre, no final rejection whatever happens to them, and no name on PU's list."""
    draw = {**point_draw(), "vanished_in_norway_share": 0.9, "minor_rejection_share": 0.0}
    scenario = load_scenario("baseline", overrides=["period.end=2012-12"])
    world = simulate(scenario, draw, seed=1, replicate=0, scale=0.2)
    p, history = world.population, world.history
    came = np.flatnonzero(p.route == Route.VANISHED)
    here = came[p.is_here[came]]
    assert len(here) > 50 and (p.strategy[here] != Strategy.SYNLIG).all()
    assert not np.isin(p.decision[came], Decision.DUTY_TO_LEAVE).any()
    assert history.without_rejection[47].sum() == len(here)
    assert not history.without_rejection[:11].any()


@pytest.mark.parametrize("state", STATES)
def test_after_the_last_count_the_appeal_body_goes_on_from_there(state: str):
    """Its capacity rises only in years that begin with more ready than it can decide, and by the drawn rate."""
    last, rises = STATES[state], 0
    counted = decisions().appeal_rejected + decisions().appeal_granted
    for draw in posterior.prior_draws(100):
        q = run(draw, baseline("2030-12", f"as_known={state}"))
        ready = np.concatenate([q.at_start[None], q.waiting[:-1]]).sum(axis=1) / draw["appeal_months_mean"]
        total = decided(q, draw).sum(axis=1)
        capacity = draw["first_appeal_share"] * counted[last - FIRST_COUNTED].sum() / 12.0
        for t in range(month(last + 1), len(total)):
            if t % 12 == 0 and ready[t] > capacity:
                capacity *= np.exp(draw["appeal_capacity_log_growth"])
                rises += 1
            assert total[t] == pytest.approx(min(ready[t], capacity), rel=1e-9)
    assert rises > 0


@pytest.mark.parametrize("draws", [of_priors, of_the_shipped_posterior])
def test_after_the_last_count_no_year_brings_a_jump(draws):
    """Appeals decided a year rise from one year to the next no faster than they ever did while counted."""
    body = (decisions().appeal_rejected + decisions().appeal_granted).sum(axis=1)
    fastest = (body[1:] / body[:-1]).max()
    for number, draw in enumerate(draws()):
        q = run(draw, baseline("2030-12", NEWEST))
        yearly = decided(q, draw).sum(axis=1).reshape(-1, 12).sum(axis=1)
        ratio = yearly[STATES["2026-06"] - FIRST_COUNTED + 1 :] / yearly[STATES["2026-06"] - FIRST_COUNTED : -1]
        assert (ratio <= fastest * (1.0 + 1e-9)).all(), (number, ratio.max())


def test_the_growth_of_capacity_is_between_what_was_counted():
    body = (decisions().appeal_rejected + decisions().appeal_granted).sum(axis=1)
    rises = np.diff(np.log(body))
    rises = rises[rises > 0]
    growth = parameters()["appeal_capacity_log_growth"]
    # Rounded down, so that it never grows faster than it did.
    assert (growth.distribution, growth.p1, growth.p2) == (
        "uniform",
        *(np.floor(100 * rises[[rises.argmin(), rises.argmax()]]) / 100),
    )
    assert growth.acts_after_fit


def test_states_of_knowledge_are_the_same_to_2020():
    """The fit uses only those months."""
    for draw in posterior.prior_draws(10):
        new, old = (Values(baseline(END, f"as_known={state}"), draw) for state in STATES)
        n = month(2021)
        for one, two in zip((queue(new), dublin_mix(new)), (queue(old), dublin_mix(old)), strict=True):
            if isinstance(one, Queue):
                for name in ("rejected", "waiting", "final"):
                    np.testing.assert_array_equal(getattr(one, name)[:n], getattr(two, name)[:n])
            else:
                np.testing.assert_array_equal(one[: 12 * (2021 - FIRST_YEAR)], two[: 12 * (2021 - FIRST_YEAR)])


def test_stated_rejections_of_counted_years_are_not_held_to_what_was_decided_of_the_counted_ones():
    """5 000 rejections in 2023 instead of 590: the appeal body decides at least what it did, and more each year."""
    draw, known = point_draw(), baseline("2030-12", NEWEST)
    plain, more = run(draw, known), run(draw, settings_of(known, asylum_rejections_per_year=((2023, 5000.0),)))
    n = month(2023)
    np.testing.assert_array_equal(plain.final[:n], more.final[:n])
    body = (decisions().appeal_rejected + decisions().appeal_granted).sum(axis=1) * draw["first_appeal_share"] / 12.0
    by_year = decided(more, draw).sum(axis=1).reshape(-1, 12)
    for year in (2023, 2024, 2025):
        assert by_year[year - FIRST_COUNTED].max() >= body[year - FIRST_COUNTED]
    growth = np.exp(draw["appeal_capacity_log_growth"])
    for year in (2024, 2025, 2026):  # more is ready all the time
        grown = by_year[year - 1 - FIRST_COUNTED][-1] * growth
        least = body[year - FIRST_COUNTED] if year < 2026 else 0.0
        assert by_year[year - FIRST_COUNTED][0] == pytest.approx(max(grown, least))


def test_arrivals_are_those_with_a_final_duty_who_are_still_here():
    """Fewer of those who came in 2015 are still here; at a ratio of 1 the share is the same in every month."""
    draw = {**point_draw(), "present_at_final_2016_ratio": 0.5, "minor_rejection_share": 0.0}
    q = run(draw)
    assert len(q.in_simulation) == Values(baseline(END, KNOWN), draw).months
    np.testing.assert_array_equal(q.in_simulation[0], q.final[12 * (FIRST_YEAR - FIRST_COUNTED)])

    def share(ratio: float) -> np.ndarray:
        values = Values(baseline(END, KNOWN), {**draw, "present_at_final_2016_ratio": ratio})
        came = expected_inflow(values).by_route[:, Route.ASYLUM_REJECTED] / values.scale
        all_ = q.in_simulation.sum(axis=1)
        of_each = came.sum(axis=1) / all_
        np.testing.assert_allclose(came, of_each[:, None] * q.in_simulation, rtol=1e-9, err_msg="the mix stays")
        return np.asarray(of_each)

    always = draw["present_at_final_share"]
    np.testing.assert_allclose(share(1.0), always, rtol=1e-12)
    wave = share(0.5)
    months = {m: month_number(m) for m in ("2015-12", "2016-06", "2017-12", "2018-12")}
    np.testing.assert_allclose(wave[: months["2015-12"] + 1], always, rtol=1e-12)
    np.testing.assert_allclose(wave[months["2016-06"] : months["2017-12"] + 1], always / 2, rtol=1e-12)
    np.testing.assert_allclose(wave[months["2018-12"] :], always, rtol=1e-12)
    # Nobody is made: the share never exceeds one.
    assert share(3.0).max() == pytest.approx(1.0, rel=1e-12)


# -- counts ------------------------------------------------------------------------------------------------------------


def counted(level: str, column: str, year: int, origins: frozenset[str] | None = None) -> int:
    """A sum of UNHCR's table outside the EU and EEA, or of some origins."""
    return sum(
        int(r[column])
        for r in rows()
        if r["level"] == level
        and int(r["year"]) == year
        and (r["origin_iso3"] not in INSIDE if origins is None else r["origin_iso3"] in origins)
    )


@pytest.mark.parametrize("year", PUBLISHED)
def test_rejections_repeat_the_published_total_without_the_eu(year: int):
    eu = counted("FI", "rejected", year, INSIDE)
    assert rejected_in(year) == pytest.approx(PUBLISHED[year] - eu, rel=1e-12)
    assert 0 <= eu < 0.05 * PUBLISHED[year]


def test_every_decision_of_the_table_is_of_some_citizenship():
    table = decisions()
    for i in range(len(table.rejected)):
        year = FIRST_COUNTED + i
        assert table.rejected[i].sum() == pytest.approx(counted("FI", "rejected", year), rel=1e-12)
        assert table.closed[i].sum() == pytest.approx(counted("FI", "closed", year), rel=1e-12)
        assert table.appeal_rejected[i].sum() == pytest.approx(counted("AR", "rejected", year), rel=1e-12)
        granted = counted("AR", "recognised", year) + counted("AR", "other_protection", year)
        assert table.appeal_granted[i].sum() == pytest.approx(granted, rel=1e-12)
    # Reopened cases (RA) are no first decision and no appeal.
    assert {r["level"] for r in rows()} == {"FI", "AR", "RA"}


def test_serbia_and_kosovo_halve_what_unhcr_counts_together():
    table = decisions()
    for year in (2007, 2009, 2012):
        i, both = year - FIRST_COUNTED, counted("FI", "rejected", year, frozenset({"SRB"}))
        halves = table.rejected[i, COUNTRY["Serbia"]], table.rejected[i, COUNTRY["Kosovo"]]
        assert halves == (both / 2, both / 2) and both > 0
    shares: Counter[str] = Counter()
    for country in reference.countries():
        shares[country.iso3] += country.origin_share
    assert set(shares.values()) == {1.0}


def test_a_country_is_its_own_and_others_are_the_rest():
    table = decisions()
    i = 2010 - FIRST_COUNTED
    assert table.rejected[i, COUNTRY["Etiopia"]] == counted("FI", "rejected", 2010, frozenset({"ETH"})) > 100
    named = {c.iso3 for c in reference.countries()}
    rest = {r["origin_iso3"] for r in rows()} - named - INSIDE
    assert table.rejected[i, COUNTRY["Andre"]] == counted("FI", "rejected", 2010, rest) > 0


def test_errors_of_the_mix_move_no_total_and_the_common_error_moves_all():
    sure = {name: 0.0 for name in point_draw() if name.startswith(("asylum_mix_", "rejections_log"))}
    assert len(sure) == 4
    plain, mixed, more = (
        run({**point_draw(), **sure, **changes}).rejected
        for changes in ({}, {"asylum_mix_high_log_error": 0.2}, {"rejections_log_error": 0.1})
    )
    years = slice(0, 12 * (LAST_COUNTED - FIRST_COUNTED + 1))
    np.testing.assert_allclose(
        plain[years].sum(axis=1)[::12] * 12, decisions().rejected[: LAST_COUNTED - FIRST_COUNTED + 1].sum(axis=1)
    )
    np.testing.assert_allclose(mixed[years].sum(axis=1), plain[years].sum(axis=1))
    assert mixed[years, COUNTRY["Russland"]].sum() > plain[years, COUNTRY["Russland"]].sum()
    assert mixed[years, COUNTRY["Irak"]].sum() < plain[years, COUNTRY["Irak"]].sum()
    np.testing.assert_allclose(more[years], plain[years] * np.exp(0.1))


# -- forecasts ---------------------------------------------------------------------------------------------------------


def test_a_stated_year_runs_through_the_queue():
    """500 rejections in 2025 give final duties from the month after on, and none before: fewer than can be decided."""
    draw = point_draw()
    base = baseline(END, KNOWN)
    none, many = (
        run(draw, settings_of(base, asylum_rejections_per_year=((2024, 0.0), (2025, number), (2026, 0.0))))
        for number in (0.0, 500.0)
    )
    extra = (many.final - none.final).sum(axis=1)
    assert (extra[: month(2025) + 1] == 0).all()
    assert (extra[month(2025) + 1 :] > 0).all()
    a, m = draw["appeal_share"], draw["appeal_months_mean"]
    # By hand: twelve equal months, of which a share appeals and waits for m months on average.
    waits, by_hand = 0.0, []
    reversal = 1.0 - (extra[-1] / ((many.waiting - none.waiting)[-2].sum() / m))
    for t in range(24):
        ready, new = waits / m, 500 / 12 if t < 12 else 0.0
        before = 500 / 12 if 1 <= t <= 12 else 0.0
        by_hand.append((1 - a) * before + (1 - reversal) * ready)
        waits += a * new - ready
    np.testing.assert_allclose(extra[month(2025) :], by_hand, rtol=1e-9)
    assert 0.05 < reversal < 0.3
    # Nearly all are decided within the two years.
    assert 0.75 * 500 < extra.sum() < 500 - reversal * a * 0.9 * 500


def test_a_stated_year_takes_a_known_mix():
    """A counted year its own, a later one that of the last three counted together."""
    draw = point_draw()
    levers = settings_of(baseline(END, KNOWN), asylum_rejections_per_year=((2012, 1000.0), (2024, 1000.0)))
    q, plain = run(draw, levers), run(draw)
    stated, of_count = q.rejected[month(2012)], plain.rejected[month(2012)]
    np.testing.assert_allclose(stated, of_count * 1000.0 / rejected_in(2012))
    recent = sum(plain.rejected[month(year)] for year in (2018, 2019, 2020))
    np.testing.assert_allclose(q.rejected[month(2024)] * 12, 1000.0 * recent / recent.sum())
    # A year without either repeats the year before.
    np.testing.assert_array_equal(q.rejected[month(2025)], q.rejected[month(2024)])


def test_nothing_of_a_later_year_is_known_before_it():
    """The table goes on after the last counted year of the baseline, and the queue does not look there."""
    assert len(asylum_counts.decisions().rejected) > LAST_COUNTED - FIRST_COUNTED + 1
    draw = point_draw()
    long, short = run(draw), run(draw, baseline("2020-12", KNOWN))
    n = len(short.final)
    np.testing.assert_allclose(long.final[:n], short.final, rtol=1e-12)
    stated = settings_of(baseline(END, KNOWN), asylum_rejections_per_year=())
    np.testing.assert_array_equal(run(draw, stated).rejected[month(2023)], run(draw).rejected[month(2020)])


def test_the_mix_of_dublin_cases_is_a_mix():
    mix = dublin_mix(Values(baseline(END, KNOWN), point_draw()))
    assert mix.shape == (216, len(COUNTRY)) and (mix >= 0).all()
    np.testing.assert_allclose(mix.sum(axis=1), 1.0, rtol=1e-12)
    # Of its own year while it is counted, then of the last.
    closed = decisions().closed[2013 - FIRST_COUNTED]
    np.testing.assert_allclose(mix[12 * (2013 - FIRST_YEAR) + 5], closed / closed.sum())
    np.testing.assert_array_equal(mix[-1], mix[12 * (LAST_COUNTED - FIRST_YEAR)])
