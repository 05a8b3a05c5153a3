"""Each claim of the report has its effect in the model, with the sign it claims, and loses it at its neutral setting.

No simulation: a few persons are written into an otherwise empty world, and the rule is asked for its hazards, its
utilities or the probabilities it draws with, once under the medians of all parameters and once without the claim. An
effect is a difference or a log ratio between persons or situations that differ in nothing but what the claim names; it
must be exactly zero (to 1e-12) when the claim is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from helpers.scenes import (
    CONGREGATION,
    COUNTRY,
    DEALER,
    FALLING,
    FOR_SHELTER,
    GUEST,
    MARKET,
    MONTH,
    NEAR,
    PLACE,
    REMOTE,
    RESIDENT,
    SELLER,
    THIEF,
    WITH_CONGREGATION,
    WITH_PARTNER,
    WITH_RELATIVE,
    WORKER,
    Columns,
    Scene,
)
from irregsim.model import districts
from irregsim.model.centres import IS_ALTERNATIVE, REMOTENESS
from irregsim.model.chance import logit_shares, logit_weights
from irregsim.model.claims import claims, excused, neutral, without
from irregsim.model.employers import PRIVATE_HOUSEHOLD
from irregsim.model.history import DISTRICT_OF
from irregsim.model.month import (
    births,
    choice,
    control,
    exits,
    identity,
    inflow,
    labour,
    needs,
    network,
    newcomers,
    reception,
    support,
)
from irregsim.model.month.cohorts import conditions_ratio, expected_inflow
from irregsim.model.parameters import parameters, point_draw
from irregsim.model.registers import transports
from irregsim.model.simulate import learn
from irregsim.model.values import At
from irregsim.model.world import Rows
from irregsim.scenario.levers import HEALTH_MODELS, NAV_RULES
from irregsim.scenario.resolved import Scheme
from irregsim.vocabulary import reference
from irregsim.vocabulary.codes import (
    CAUSE_CODE,
    CITIES,
    DISTRICTS,
    Household,
    RegisterEvent,
    Route,
    Strategy,
    Substrategy,
    month_number,
)

pytestmark = pytest.mark.once

#: A place of alternative placement.
ALTERNATIVE = int(np.flatnonzero(IS_ALTERNATIVE)[0])

#: What counts as no effect.
NOTHING = 1e-12

#: A centre with a free bed in the city.
NEAR_BED = choice.BedOffer(True, 0.0)
NO_BED = choice.BedOffer(False, 0.0)

Effect = Callable[[Scene], float]


# -- forms of effects --------------------------------------------------------------------------------------------


def log_ratio(hazard: Callable[[Rows, At], np.ndarray], base: Columns, **exposed: Any) -> Effect:
    """Log of a hazard's ratio between two persons who differ in some columns, the exposed one on top."""

    def effect(s: Scene) -> float:
        plain, other = np.asarray(hazard(s.who(base, {**base, **exposed}), s.at), dtype=float)
        return float(np.log(other / plain))

    return effect


def level(hazard: Callable[[Rows, At], np.ndarray], person: Columns) -> Effect:
    """A hazard itself: the claim is that something happens at all."""
    return lambda s: float(np.asarray(hazard(s.who(person), s.at))[0])


def by_situation(hazard: Callable[[Rows, At], np.ndarray], person: Columns, before: Columns, after: Columns) -> Effect:
    """Log of a hazard's ratio between two situations of the same person."""

    def effect(s: Scene) -> float:
        who = s.who(person)
        return float(np.log(hazard(who, s.under(**after))[0] / hazard(who, s.under(**before))[0]))

    return effect


def utility(s: Scene, option: int, *persons: Columns, at: At | None = None) -> np.ndarray:
    """Utility of an option for persons in free fall, all options being open."""
    who = s.who(*({**FALLING, **person} for person in persons))
    yes = np.ones(len(persons), dtype=np.bool_)
    return choice.utilities(who, at or s.at, NEAR_BED, yes, yes)[option]


def utility_difference(option: int, base: Columns, **exposed: Any) -> Effect:
    """Difference of an option's utility between two persons in free fall."""

    def effect(s: Scene) -> float:
        plain, other = utility(s, option, base, {**base, **exposed})
        return float(other - plain)

    return effect


def share(option: int, person: Columns) -> Effect:
    """Probability with which a person in free fall chooses an option, all options being open."""

    def effect(s: Scene) -> float:
        who = s.who({**FALLING, **person})
        yes = np.ones(1, dtype=np.bool_)
        return float(logit_shares(logit_weights(choice.utilities(who, s.at, NEAR_BED, yes, yes)))[option, 0])

    return effect


def arrivals(*routes: Route) -> Effect:
    """Expected arrivals a month by some routes."""
    return lambda s: float(s.world.values.made(expected_inflow).by_route[s.world.month, list(routes)].sum())


def risk(s: Scene, country: str, level_: float) -> None:
    s.world.perceived[COUNTRY[country]] = level_


def with_risk(effect: Effect, low: str = "Nigeria", high: str = "Kosovo") -> Effect:
    """The effect where the second country's citizens perceive a high risk of forced return, the first one's none."""

    def changed(s: Scene) -> float:
        risk(s, low, 0.0)
        risk(s, high, 0.3)
        return effect(s)

    return changed


HIGH_RISK = {"country": COUNTRY["Kosovo"]}


def without_risk(effect: Effect) -> Effect:
    """The effect where nobody perceives a risk of forced return."""

    def changed(s: Scene) -> float:
        s.world.perceived[:] = 0.0
        return effect(s)

    return changed


def without_news(effect: Effect) -> Effect:
    """The effect where nothing is told in circles, so that a tie is nothing but a tie."""

    def changed(s: Scene) -> float:
        s.world.circle_news_share = 0.0
        return effect(s)

    return changed


def young(s_month: int, years: int) -> int:
    """Birth month of somebody of an age."""
    return s_month - years * 12


# -- effects of their own form -----------------------------------------------------------------------------------


def hears_of_returns(s: Scene) -> float:
    risk(s, "Kosovo", 0.0)
    s.add(RESIDENT, copies=20)
    s.world.forced[COUNTRY["Kosovo"]] = 10
    learn(s.world, s.at)
    return float(s.world.perceived[COUNTRY["Kosovo"]])


def hears_of_an_agreement(s: Scene) -> float:
    """Belief after the month in which an agreement comes into force and nobody is sent yet."""
    risk(s, "Eritrea", 0.0)
    s.world.values.agreement_begins = lambda month: np.arange(len(COUNTRY)) == COUNTRY["Eritrea"]  # type: ignore[method-assign]
    learn(s.world, s.at)
    return float(s.world.perceived[COUNTRY["Eritrea"]])


def hears_in_the_circle(s: Scene) -> float:
    """Walking out where returns were told of in the own circle, against another circle of the same country."""
    circle = s.world.hosts.circle
    s.world.perceived_in_circle[:] = 0.0
    s.world.perceived_in_circle[circle[0]] = 0.3
    s.world.perceived[:] = 0.0
    other = int(np.flatnonzero(circle != circle[0])[0])
    near, far = reception.walkout_hazard(s.who({**RESIDENT, "tie_0": 0}, {**RESIDENT, "tie_0": other}), s.at)
    return float(np.log(near / far))


def held_when_told(s: Scene) -> float:
    return s.chance("held_at_rejection", lambda: s.newcomers(Route.ASYLUM_REJECTED))


def turned_down(s: Scene) -> float:
    """Utility of a place in the remotest centre less one in the city, for somebody who knows a host."""
    who = s.who({**FALLING, "is_sought_asylum": True, "tie_0": 0})
    yes = np.ones(1, dtype=np.bool_)
    far, near = (
        choice.utilities(who, s.at, choice.BedOffer(True, remoteness), yes, yes)[choice.CENTRE, 0]
        for remoteness in (1.0, 0.0)
    )
    return float(far - near)


def fed_by_a_congregation(s: Scene) -> float:
    hosts = s.world.hosts
    fed = hosts.is_congregation_circle[hosts.circle[:-1]]
    if not fed.any():
        return 0.0
    one, other = int(np.flatnonzero(fed)[0]), int(np.flatnonzero(~fed)[0])
    return float(utility(s, choice.STAY, {"tie_0": one})[0] - utility(s, choice.STAY, {"tie_0": other})[0])


def job_news(s: Scene) -> float:
    circle = s.world.hosts.circle
    s.world.has_worker_in_circle[circle[0]] = True
    other = int(np.flatnonzero(circle != circle[0])[0])
    near, far = labour.offer_hazard(s.who({**FALLING, "tie_0": 0}, {**FALLING, "tie_0": other}), s.at)
    return float(np.log(near / far))


def foreign_are_not_charged(s: Scene) -> float:
    odds = s.world.employers.sanction_odds(s.at)
    return float(np.log(odds.min() / odds.max()))


def ill_are_helped_to_apply(s: Scene) -> float:
    """Utility of a centre place for the ill where municipal staff help them, less where nobody does."""
    here, elsewhere = (
        utility(s, choice.CENTRE, {"is_sought_asylum": True, "has_care_need": True}, at=s.under(**health(model)))[0]
        for model in ("municipal_open", "none")
    )
    return float(here - elsewhere)


def helped_by_child_welfare(s: Scene) -> float:
    """Chance of help for a guardian where nobody at NAV says yes."""
    who = s.who({**FALLING, "household": int(Household.GUARDIAN)})
    return float(helped(who, s.under(discretion_yes_share=0.0))[0])


def helped(who: Rows, at: At) -> np.ndarray:
    """Chance of help from NAV or child welfare while a reception centre takes people in."""
    return choice.nav_help(who, at, NEAR_BED)


def help_despite_a_bed(s: Scene) -> float:
    """Chance of help for a former asylum seeker where a centre is open, less where none is."""
    who = s.who({**FALLING, "is_sought_asylum": True})
    return float((choice.nav_help(who, s.at, NEAR_BED) - choice.nav_help(who, s.at, NO_BED))[0])


def health(model: str) -> Columns:
    return {"health_model": np.full(len(CITIES), HEALTH_MODELS.index(model))}


def has_no_identity(s: Scene) -> float:
    rows = s.newcomers(Route.ASYLUM_REJECTED)
    return float((~s.world.population.is_identity_established[rows]).mean())


def ill_are_fetched(s: Scene) -> float:
    well, ill = reception.pu_fetch_hazard(s.who(RESIDENT, {**RESIDENT, "has_care_need": True}), s.at)
    return float(ill / well - 1.0)


def ties_elsewhere(s: Scene) -> float:
    rows = s.newcomers(Route.WITHOUT_PERMIT)
    p, hosts = s.world.population, s.world.hosts
    # Who begins with a host or in a centre moved there; all others live where they were born into the model.
    rows = rows[(p.strategy[rows] >= Strategy.ARBEIDENDE) & (p.tie_0[rows] >= 0)]
    assert len(rows) > 50
    return float((hosts.place[p.tie_0[rows]] != p.place[rows]).mean())


def ties_lost(s: Scene) -> float:
    rows = s.add({**RESIDENT, "tie_0": 0}, copies=200)
    network.cut_ties(s.world, rows, s.at.tie_loss_at_transfer_share)
    return float((s.world.population.tie_0[rows] < 0).mean())


def care_given(s: Scene, person: Columns, model: str) -> float:
    """Chance of care for somebody who seeks it, in a city with a health model."""
    at = s.under(health_model=np.full(len(CITIES), HEALTH_MODELS.index(model)), care_sought_share=1.0)
    s.world.perceived[:] = 0.0
    rows = s.add(person)
    return s.chance("care_given", lambda: needs.Needs()._care(s.world, at, rows))


def care_sought(s: Scene, person: Columns) -> float:
    rows = s.add(person)
    return s.chance("care_sought", lambda: needs.Needs()._care(s.world, s.at, rows))


def walks_out_at_transfer(s: Scene) -> float:
    rows = s.add(RESIDENT)
    return s.chance("transfer_walkout", lambda: reception.Transfers().decide(s.world, s.at, rows))


def card(person: Columns, is_valid: bool, hazard: Callable[[Rows, At], np.ndarray]) -> Callable[[Scene], np.ndarray]:
    """Hazards of a worker without and with a tax card, where cards are valid or are not."""
    return lambda s: hazard(s.who(person, {**person, "has_tax_card": True}), s.under(tax_card=is_valid))


def card_shields(s: Scene) -> float:
    plain, carded = card(WORKER, True, labour.inspected_hazard)(s)
    return float(np.log(carded / plain))


def card_keeps(s: Scene) -> float:
    plain, carded = card(WORKER, True, labour.job_loss_hazard)(s)
    return float(np.log(carded / plain))


def card_withdrawn(s: Scene) -> float:
    plain, carded = card(WORKER, False, labour.tax_card_loss_hazard)(s)
    return float(carded - plain)


def card_withdrawn_early(s: Scene) -> float:
    """The extra hazard of 2011, while those rejected may keep the card."""
    at = s.world.values.at(month_number("2011-06"))
    return float(labour.tax_card_loss_hazard(s.who({**WORKER, "has_tax_card": True}), at)[0])


def aversion(s: Scene) -> float:
    """Utility of selling sex for a woman of 40 in her first month, less what is not aversion."""
    person = {"is_female": True, "birth_month": young(MONTH, 40), "strategy_start": MONTH}
    other = s.at.women_sex_sale_utility + s.at.market_size_power * np.log(MARKET[PLACE["Oslo"]])
    return float(utility(s, choice.SEX_SALE, person)[0] - other)


def bed_helps(s: Scene) -> float:
    s.world.bed_share[:] = 0.0
    without_bed = utility(s, choice.STAY, {})[0]
    s.world.bed_share[:] = 0.5
    # With a bed hardship is less, but that is a matter of leaving, not of staying.
    return float(utility(s, choice.STAY, {})[0] - without_bed)


def shelter_is_checked(s: Scene) -> float:
    s.world.bed_share[0] = 0.5
    alike = s.under(district_control=np.ones(len(DISTRICTS)))
    near, far = control.identity_control_hazard(s.who(FALLING, {**FALLING, "place": PLACE["Vest/Bergen"]}), alike)
    return float(np.log(near / far))


def nav(rule: str) -> Columns:
    return {"nav_emergency_help": np.full(len(CITIES), NAV_RULES.index(rule))}


def ticket_draws(s: Scene) -> float:
    at = s.under(**nav("rule_2014"), departure_from_hardship_log_ratio=0.0)
    return float(utility(s, choice.ONWARD, {}, at=at)[0] - s.at.onward_utility)


def asking_again(s: Scene) -> float:
    at = s.under(**nav("rule_2004"))
    return float(helped(s.who(FALLING), at)[0] - s.at.discretion_yes_share)


def permit_after_violence(admitted: bool) -> Effect:
    def effect(s: Scene) -> float:
        at = s.under(crisis_centre_admission=np.full(len(CITIES), admitted))
        rows = s.add({**WITH_PARTNER, "in_violence": True})
        part = support.Support()
        decided = part.decided(rows, np.full(1, part.outcomes["violence_breaks"]))
        return s.chance("crisis_centre", lambda: part.settle(s.world, at, decided))

    return effect


def found_at_work(channel: str, **columns: Any) -> Effect:
    """What follows for a worker who was found in an inspection."""

    def effect(s: Scene) -> float:
        rows = s.add({**WORKER, **columns})
        part = labour.Work()
        decided = part.decided(rows, np.full(1, part.outcomes["inspection"]))
        at = s.under(work_overlooked_share=0.0)
        return s.chance(channel, lambda: part.settle(s.world, at, decided))

    return effect


def colleagues_hear(s: Scene) -> float:
    """Chance that somebody who works beside a worker found fears a return more."""
    found, _ = s.add(WORKER, WORKER)
    return s.chance("colleague_news", lambda: labour.tell_colleagues(s.world, s.at, np.array([found])))


def met(channel: str, person: Columns, cause: str, **values: Any) -> Effect:
    """What follows for somebody met by the police who is not only sent away from the place."""

    def effect(s: Scene) -> float:
        rows = s.add(person)
        part = control.Tracks()
        at = s.under(**{"sent_away_share": 0.0, "police_look_away_share": 0.0, **values})
        decided = part.decided(rows, np.array([CAUSE_CODE[cause]]))
        return s.chance(channel, lambda: part.settle(s.world, at, decided))

    return effect


def looked_away(exposed: Columns) -> Effect:
    """Chance that the police look away from somebody, less from a person alone who can be sent."""

    def effect(s: Scene) -> float:
        share_ = s.at.police_look_away_share
        certain = {"feasibility": np.array([float(name != "Eritrea") for name in COUNTRY])}
        plain, other = (
            met("police_look_away", person, "identity_control", police_look_away_share=share_, **certain)(s)
            for person in (FALLING, {**FALLING, **exposed})
        )
        return other - plain

    return effect


def spared_when_reporting(s: Scene) -> float:
    """Chance that somebody who reports unprotected is not removed for it."""
    rows = s.add(WORKER)
    at = s.under(offence_reported_share=1.0, no_removal_when_reporting=False)
    return 1.0 - s.chance("reporter_removed", lambda: needs.Needs()._offences(s.world, at, rows))


def claimed_by_a_union(s: Scene) -> float:
    rows = s.add(WORKER)
    return s.chance("union_complaint", lambda: labour.complain(s.world, s.at, rows))


def detained(s: Scene) -> float:
    """Chance of detention when met with an expulsion held: Oslo less Bergen."""

    def chance(place: str) -> float:
        return met("track_detained", {**FALLING, "decision": 2, "place": PLACE[place]}, "identity_control")(s)

    return chance("Oslo") - chance("Vest/Bergen")


def pu_orders(s: Scene) -> float:
    """Orders that PU makes itself, of those of a year with one order in each place."""
    one = np.ones((1, len(PLACE), 1), dtype=np.int64) * 100
    observer = SimpleNamespace(
        years=[2018], draw=s.world.values.draw, events=lambda _: one, dispersed=lambda table, *_: table
    )
    counts = {key: count for _, _, key, count in transports.orders(observer)}  # type: ignore[arg-type]
    return float(counts["PU"])


def refused_at_the_airport(s: Scene) -> float:
    """Short-stay visitors refused in Øst beyond those who would have been met there as elsewhere."""

    def in_ost(at: At) -> int:
        world = Scene(s.world.values.draw).world
        inflow.Inflow()._short_stay(world, at, np.full(len(COUNTRY), 20))
        events = world.history.register_counts()
        there = (events["event"] == RegisterEvent.ORDER_BORTVIST) & (events["place"] == PLACE["Øst"])
        return int(events["count"][there].sum())

    return float(in_ost(s.at) - in_ost(s.under(airport_share_of_short_stay=0.0)))


def directive(**values: Any) -> Columns:
    off = {"directive_duty_to_check": False, "directive_complaint_route": False}
    return {"directive_in_force": True, "directive_back_pay_months": 3.0, **off, **values}


def papers_pass_a_check(s: Scene) -> float:
    at = s.under(**directive(directive_duty_to_check=True))
    plain, forged = labour.offer_hazard(s.who(FALLING, {**FALLING, "has_forged_papers": True}), at)
    return float(np.log(forged / plain))


def complaints(s: Scene) -> float:
    def chance(route: bool) -> float:
        rows = s.add(WORKER)
        at = s.under(**directive(directive_complaint_route=route))
        return s.chance("complaint", lambda: labour.complain(s.world, at, rows))

    return chance(True) - chance(False)


def cost(s: Scene, **values: Any) -> float:
    """Highest expected cost of an informal job, NOK a month."""
    at = s.under(**values)
    return float(s.world.employers.expected_cost(at, s.world.employers.inspections(at), 20.0).max())


def workdays_cost(s: Scene) -> float:
    # What documented days do to the odds of a sanction is another claim (M069).
    same = {"sanction_after_documentation_ratio": 1.0, "employer_per_workday_nok": 1000.0}
    return cost(s, documented_workdays_share=1.0, **same) - cost(s, documented_workdays_share=0.0, **same)


def proof_sanctions(s: Scene) -> float:
    def chance(share_: float) -> float:
        rows = s.add(WORKER)
        at = s.under(documented_workdays_share=share_)
        act = labour.inspect
        return s.chance("employer_sanctioned", lambda: act(s.world, at, rows, s.world.population.employer[rows]))

    return chance(1.0) - chance(0.0)


def districts_differ(s: Scene) -> float:
    employers = s.world.employers
    hazard = employers.inspections(s.at)
    hazard = hazard[employers.sector != PRIVATE_HOUSEHOLD]
    return float(np.log(hazard.max() / hazard.min()))


def own_effort(s: Scene) -> float:
    """Control in Oslo beyond what geography says."""
    draw = s.world.values.draw
    level = districts.control_ratio({**draw, "district_log_sd": 0.0})
    return float(np.log(districts.control_ratio(draw) / level)[DISTRICT_OF[PLACE["Oslo"]]])


def inspections_at_centres(s: Scene) -> float:
    """Inspections in Agder, which got a centre in 2015, relative to Innlandet, after it less before."""
    paths = [s.world.values.at(month_number(month)).work_control for month in ("2014-06", "2019-06")]
    before, after = (np.log(path[DISTRICTS.index("Agder")] / path[DISTRICTS.index("Innlandet")]) for path in paths)
    return float(after - before)


def control_in_oslo(s: Scene) -> float:
    oslo, other = control.identity_control_hazard(s.who(FALLING, {**FALLING, "place": PLACE["Vest/Bergen"]}), s.at)
    return float(np.log(oslo / other))


def jobs_draw(s: Scene) -> float:
    """Log ratio on inflow for work when twice the usual jobs are open."""
    s.world.employers.is_willing[:] = True
    ratio = conditions_ratio(s.world, s.under(inflow_pull=True, arrival_from_conditions_log_ratio=0.0))
    return float(np.log(ratio[Route.WITHOUT_PERMIT, 0]))


def beds_draw(s: Scene) -> float:
    def ratio(beds: float) -> float:
        at = s.under(shelter_beds=np.full(len(CITIES), beds))
        return float(conditions_ratio(s.world, at)[Route.VISA_OVERSTAY, 0])

    return float(np.log(ratio(100.0) / ratio(0.0)))


def homes_are_hidden(s: Scene) -> float:
    sector = s.world.employers.sector
    home, other = (
        int(np.flatnonzero(which)[0]) for which in (sector == PRIVATE_HOUSEHOLD, sector != PRIVATE_HOUSEHOLD)
    )
    alike = s.under(work_control=np.ones(len(DISTRICTS)))
    plain, hidden = labour.inspected_hazard(s.who({**WORKER, "employer": other}, {**WORKER, "employer": home}), alike)
    return float(np.log(hidden / plain))


def demand_grows(s: Scene) -> float:
    later, earlier = (s.world.values.at(month_number(m)).job_demand_ratio for m in ("2018-06", "2010-06"))
    return float(np.log(later / earlier))


def police_first(s: Scene) -> float:
    who = s.who(FALLING, DEALER)
    return float(np.log(control.crime_control_hazard(who, s.at)[1] / control.identity_control_hazard(who, s.at)[0]))


def drug_milieu(other: str) -> Effect:
    """Log ratio of ways out of the drug milieu, less the part of the other of two claims."""
    leave = log_ratio(support.way_out_hazard, THIEF, **DEALER)
    return lambda s: leave(s) - float(np.log(getattr(s.at, other)))


def market_fails(s: Scene) -> float:
    who = s.who(SELLER)
    return float(
        support.market_loss_hazard(who, s.under(pandemic=True))[0]
        - support.market_loss_hazard(who, s.under(pandemic=False))[0]
    )


def begin_in_a_centre(s: Scene) -> float:
    rows = s.newcomers(Route.ASYLUM_REJECTED, 60)
    return float((s.world.population.strategy[rows] == Strategy.SYNLIG).mean())


def first_stock_in_centres(s: Scene) -> float:
    first = Scene(s.world.values.draw, 0)
    first.world.employers.decide(first.at, first.world.employers.inspections(first.at))
    inflow.Inflow()._initial(first.world, first.at)
    p = first.world.population
    former = p.strategy[(p.route == Route.ASYLUM_REJECTED) & (p.guardian < 0)]
    assert len(former) > 100
    return float((former == Strategy.SYNLIG).mean())


def old_parents(s: Scene) -> float:
    """Share of visa overstayers whose age is not drawn as that of other adults."""
    rows = s.newcomers(Route.VISA_OVERSTAY)
    p, at = s.world.population, s.at
    u = s.world.draws.uniform("birth_age", -1, p.key[rows])
    ages = newcomers._gamma_ages(at.age_at_entry_mean_years - 18.0, at.age_at_entry_sd_years)
    adult = 18.0 + np.interp(u, newcomers.QUANTILES, ages)
    return float((p.birth_month[rows] != s.world.month - np.floor(adult * 12).astype(np.int64)).mean())


def scheme_grants(s: Scene) -> float:
    scheme = Scheme(MONTH - 1, None, 0.0, 0.0, False, False, False)
    at = s.under(schemes=(scheme,))
    s.add(FALLING)
    part = exits.Schemes()
    return s.chance("scheme_regularised", lambda: part.decide(s.world, at, part.at_risk(s.world, at)))


def offences_reported(s: Scene) -> float:
    def chance(safe: bool) -> float:
        rows = s.add(SELLER)
        at = s.under(no_removal_when_reporting=safe)
        return s.chance("offence_reported", lambda: needs.Needs()._offences(s.world, at, rows))

    return chance(True) - chance(False)


def moves_to_markets(s: Scene) -> float:
    p = reference.places()[PLACE["Oslo"]]
    all_ = sum(q.former_asylum_share + q.never_asylum_share for q in reference.places())
    persons = (p.former_asylum_share + p.never_asylum_share) / all_
    return float(np.log(network.destination_shares(s.at)[PLACE["Oslo"]] / persons))


# -- the table ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Case:
    """One effect of a claim.

    Attributes:
        id: Of the claim.
        name: What is compared, in short.
        sign: Sign of the effect while the claim is in.
        effect: Works it out in a scene.
        draw: Parameters off their median, where the median is the neutral value.
    """

    id: str
    name: str
    sign: int
    effect: Effect
    draw: Mapping[str, float] = field(default_factory=dict)


#: A resident whose rejection became final this month.
FORMER_NOW = {**RESIDENT, "entry_month": MONTH}
#: Of the middle group of countries.
FROM_IRAQ = {**RESIDENT, "country": COUNTRY["Irak"]}
CASES = (
    Case("M001", "assisted return by risk", 1, with_risk(log_ratio(
        exits.assisted_return_hazard, RESIDENT, **HIGH_RISK))),
    Case("M002", "belief after forced returns", 1, hears_of_returns),
    Case("M002", "belief after an agreement", 1, hears_of_an_agreement),
    *(Case("M003", f"assisted return, {name}", sign, without_risk(log_ratio(
        exits.assisted_return_hazard, FROM_IRAQ, country=COUNTRY[country])))
      for name, country, sign in (
          ("no agreement", "Eritrea", -1), ("weak cooperation", "Sudan", -1), ("all taken back", "Kosovo", 1))),
    Case("M003", "assisted return, a citizenship of its own", -1, without_risk(log_ratio(
        exits.assisted_return_hazard, FROM_IRAQ, country=COUNTRY["Afghanistan"])),
         {"assisted_willing_effect_af": -1.0}),
    Case("M004", "assisted return by time", -1, log_ratio(
        exits.assisted_return_hazard, FORMER_NOW, entry_month=MONTH - 24)),
    Case("M004", "assisted return after the deadline", -1, log_ratio(
        exits.assisted_return_hazard, FORMER_NOW, entry_month=MONTH - 1)),
    Case("M006", "ticket tied to departure", 1, ticket_draws),
    Case("M007", "fetched from the centre", 1, level(reception.pu_fetch_hazard, RESIDENT)),
    Case("M007", "Dublin transfer", 1, level(
        reception.dublin_transfer_hazard, {**RESIDENT, "route": int(Route.DUBLIN)})),
    Case("M008", "fetched, no agreement", -1, log_ratio(
        reception.pu_fetch_hazard, RESIDENT, country=COUNTRY["Eritrea"])),
    Case("M008", "fetched, weak cooperation", -1, log_ratio(
        reception.pu_fetch_hazard, RESIDENT, country=COUNTRY["Sudan"])),
    Case("M009", "without identity at entry", 1, has_no_identity),
    Case("M009", "identity established in time", 1, level(
        identity.identity_hazard, {**FALLING, "is_identity_established": False})),
    Case("M009", "risk without identity", -1, lambda s: s.world.unknown_risk_ratio - 1.0),
    Case("M010", "fetched when ill", -1, ill_are_fetched),
    Case("M011", "walking out by time", -1, log_ratio(reception.walkout_hazard, FORMER_NOW, entry_month=MONTH - 24)),
    Case("M013", "walking out by allowance", -1, by_situation(
        reception.walkout_hazard, RESIDENT, {"basic_allowance_nok": 2000.0}, {"basic_allowance_nok": 4000.0})),
    Case("M013", "centre place by allowance", 1, lambda s: float(np.diff([
        utility(s, choice.CENTRE, RESIDENT, at=s.under(basic_allowance_nok=nok))[0] for nok in (2000.0, 4000.0)])[0])),
    Case("M014", "walking out, families", -1, log_ratio(
        reception.walkout_hazard, RESIDENT, household=int(Household.GUARDIAN))),
    Case("M014", "centre place, families", 1, utility_difference(
        choice.CENTRE, {"is_sought_asylum": True}, household=int(Household.GUARDIAN))),
    Case("M014", "fetched, families", -1, log_ratio(
        reception.pu_fetch_hazard, RESIDENT, household=int(Household.GUARDIAN))),
    Case("M015", "walking out, ill", -1, log_ratio(reception.walkout_hazard, RESIDENT, has_care_need=True)),
    Case("M017", "ties in another place", 1, ties_elsewhere),
    Case("M018", "walking out, remote", 1, log_ratio(reception.walkout_hazard, RESIDENT, centre=REMOTE)),
    Case("M016", "walking out of the old", -1, log_ratio(
        reception.walkout_hazard, RESIDENT, birth_month=young(MONTH, 70))),
    Case("M019", "walking out with a tie", 1, without_news(log_ratio(reception.walkout_hazard, RESIDENT, tie_0=0))),
    Case("M020", "ties lost at a transfer", 1, ties_lost),
    Case("M022", "new ties, remote", -1, log_ratio(network.tie_forms_hazard, RESIDENT, centre=REMOTE)),
    Case("M023", "side jobs by allowance", -1, by_situation(
        labour.offer_hazard, RESIDENT, {"basic_allowance_nok": 2000.0}, {"basic_allowance_nok": 4000.0})),
    Case("M024", "side jobs of residents", 1, level(labour.offer_hazard, RESIDENT)),
    Case("M024", "side jobs of guests", 1, level(labour.offer_hazard, GUEST)),
    Case("M026", "care for residents", 1, lambda s: care_given(s, RESIDENT, "none") - care_given(s, FALLING, "none")),
    Case("M027", "asking for a centre place", 1, share(choice.CENTRE, {"is_sought_asylum": True})),
    Case("M028", "centre place, ill", 1, utility_difference(
        choice.CENTRE, {"is_sought_asylum": True}, has_care_need=True)),
    Case("M028", "centre place, helped to apply", 1, ill_are_helped_to_apply),
    Case("M029", "walking out at a transfer", 1, walks_out_at_transfer),
    Case("M029", "a place far away", -1, turned_down),
    Case("M030", "centre place by risk", -1, with_risk(utility_difference(
        choice.CENTRE, {"is_sought_asylum": True}, **HIGH_RISK))),
    Case("M030", "control with friends", -1, without_news(
        log_ratio(control.identity_control_hazard, FALLING, **GUEST))),
    Case("M031", "job lost with the card", 1, card_withdrawn),
    Case("M032", "inspection with a card", -1, card_shields),
    Case("M033", "job kept with a card", -1, card_keeps),
    Case("M034", "rent asked for", 1, level(support.rent_demand_hazard, GUEST)),
    Case("M035", "hosts tire", 1, log_ratio(support.host_ends_stay_hazard, GUEST, strategy_start=MONTH - 36)),
    Case("M036", "break-up", 1, level(support.break_up_hazard, WITH_PARTNER)),
    Case("M037", "violence begins", 1, level(support.violence_begins_hazard, WITH_PARTNER)),
    Case("M038", "leaving violence, safe reporting", 1, by_situation(
        support.violence_breaks_hazard, {**WITH_PARTNER, "in_violence": True},
        {"no_removal_when_reporting": False}, {"no_removal_when_reporting": True})),
    *(Case(id_, "leaving violence, crisis centre", 1, by_situation(
        support.violence_breaks_hazard, {**WITH_PARTNER, "in_violence": True},
        {"crisis_centre_admission": np.zeros(len(CITIES), dtype=np.bool_)},
        {"crisis_centre_admission": np.ones(len(CITIES), dtype=np.bool_)})) for id_ in ("M038", "M054")),
    Case("M039", "stay with a relative", -1, log_ratio(support.host_ends_stay_hazard, GUEST, **WITH_RELATIVE)),
    Case("M039", "stay with a partner", -1, log_ratio(support.break_up_hazard, FOR_SHELTER, **WITH_PARTNER)),
    Case("M040", "benefits stopped", 1, level(support.benefits_stopped_hazard, WITH_RELATIVE)),
    Case("M041", "stay with a congregation", -1, log_ratio(support.host_ends_stay_hazard, GUEST, **WITH_CONGREGATION)),
    Case("M041", "new ties by background", 1, lambda s: log_ratio(
        network.tie_forms_hazard, {**FALLING, "country": int(np.argmin(CONGREGATION))},
        country=int(np.argmax(CONGREGATION)))(s)),
    Case("M041", "congregations among hosts", 1, lambda s: float(
        (s.world.hosts.type == Substrategy.CONGREGATION).mean())),
    Case("M041", "food and small sums", 1, fed_by_a_congregation),
    Case("M041", "introduced by somebody", 1, log_ratio(network.tie_forms_hazard, FALLING, tie_0=0)),
    Case("M042", "moving in with a tie", 1, share(choice.DEPENDENCE, {"tie_0": 0})),
    Case("M043", "sex for shelter", 1, share(choice.SURVIVAL_SEX, {"is_female": True})),
    Case("M044", "taking a job", 1, share(choice.WORK, {"offer": 0})),
    Case("M045", "offers through a tie", 1, log_ratio(labour.offer_hazard, FALLING, tie_0=0)),
    Case("M045", "news of jobs in the circle", 1, job_news),
    Case("M046", "aversion to the margins", -1, aversion),
    Case("M046", "aversion above 50", -1, utility_difference(
        choice.DRUGS, {"birth_month": young(MONTH, 45)}, birth_month=young(MONTH, 55))),
    Case("M047", "drug sale by time", 1, utility_difference(
        choice.DRUGS, {"strategy_start": MONTH}, strategy_start=MONTH - 12)),
    Case("M047", "sex for shelter by time", 1, utility_difference(
        choice.SURVIVAL_SEX, {"strategy_start": MONTH, "is_female": True}, strategy_start=MONTH - 12)),
    Case("M048", "staying with a bed", 1, bed_helps),
    Case("M049", "control at shelters", 1, shelter_is_checked),
    Case("M049", "keeping away from shelters", 1, lambda s: float(choice.stay_away(s.at)[0])),
    Case("M050", "help for families", 1, log_ratio(helped, FALLING, household=int(Household.GUARDIAN))),
    Case("M050", "help through child welfare", 1, helped_by_child_welfare),
    Case("M051", "asking again", 1, asking_again),
    Case("M052", "help under the rule of 2014", -1, by_situation(
        helped, FALLING, nav("rule_2004"), nav("rule_2014"))),
    Case("M053", "permit through a child", 1, log_ratio(exits.regularised_hazard, FALLING, child_status=2)),
    Case("M053", "permit after abuse", 1, permit_after_violence(False)),
    Case("M053", "permit after abuse, admitted", 1, permit_after_violence(True)),
    Case("M056", "sent from the site", 1, found_at_work("worker_recognised")),
    Case("M057", "workers fined", 1, found_at_work("worker_sanctioned")),
    Case("M060", "detained in Oslo", 1, detained),
    Case("M061", "detained in Bergen", -1, lambda s: -detained(s)),
    Case("M062", "control in Oslo", 1, control_in_oslo),
    Case("M062", "a district's own effort", 1, own_effort, {"district_control_effect_0": 1.0}),
    Case("M062", "orders of PU", 1, pu_orders),
    Case("M062", "refused at the airport", 1, refused_at_the_airport),
    Case("M065", "inspection with forged papers", -1, log_ratio(
        labour.inspected_hazard, WORKER, has_forged_papers=True)),
    Case("M065", "offers with forged papers", 1, papers_pass_a_check),
    Case("M066", "complaints with a route", 1, complaints),
    Case("M067", "expected cost of a job", 1, cost),
    Case("M068", "cost of documented days", 1, workdays_cost),
    Case("M063", "held when told of the rejection", 1, held_when_told),
    Case("M069", "sanction after proof", 1, proof_sanctions),
    Case("M069", "foreign employers", -1, foreign_are_not_charged),
    Case("M070", "whom districts sanction", 1, lambda s: float(np.log(s.at.case_mix[0])),
         {"district_case_effect_0": 1.0}),
    Case("M070", "inspections by district", 1, districts_differ),
    Case("M070", "inspections at centres against work crime", 1, inspections_at_centres),
    Case("M071", "inflow by jobs", 1, jobs_draw),
    Case("M072", "inflow for work", 1, arrivals(Route.WITHOUT_PERMIT)),
    Case("M073", "inspection of homes", -1, homes_are_hidden),
    Case("M073", "demand over time", 1, demand_grows),
    Case("M074", "control of offenders", 1, police_first),
    Case("M075", "feasibility with cooperation", 1, lambda s: float(np.log(
        s.at.feasibility[COUNTRY["Afghanistan"]] / s.at.feasibility[COUNTRY["Sudan"]]))),
    Case("M076", "reflection period", 1, met("trafficking_identified", SELLER, "sex_market_control")),
    Case("M076", "reflection period of workers", 1, found_at_work("trafficking_identified", is_exploited=True)),
    Case("M077", "residents sent out", 1, met("track_bortvist", FALLING, "identity_control")),
    Case("M077", "visitors sent out", 1, arrivals(Route.SHORT_STAY)),
    Case("M077", "visitors who stay on", 1, arrivals(Route.VISA_LOST)),
    *(Case(id_, "leaving the drug milieu", -1, drug_milieu(other))
      for id_, other in (("M078", "no_treatment_ratio"), ("M079", "drug_debt_ratio"))),
    Case("M080", "market lost in the pandemic", 1, market_fails),
    Case("M081", "margins after an expulsion", 1, utility_difference(choice.DRUGS, {}, decision=3)),
    Case("M081", "way out after an expulsion", -1, log_ratio(support.way_out_hazard, THIEF, decision=3)),
    Case("M082", "moves of the marginalised", 1, log_ratio(network.city_move_hazard, FALLING, **DEALER)),
    Case("M082", "moves of the expelled", 1, log_ratio(network.city_move_hazard, FALLING, decision=2)),
    Case("M082", "seeking care after an expulsion", -1, lambda s: (
        care_sought(s, {**FALLING, "decision": 2}) - care_sought(s, FALLING))),
    Case("M083", "permit after an expulsion", 1, level(exits.regularised_hazard, {**FALLING, "decision": 2})),
    Case("M083", "permit after a penal expulsion", 1, level(exits.regularised_hazard, {**FALLING, "decision": 3})),
    Case("M084", "lapsed permits of the young", 1, arrivals(Route.LAPSED_YOUNG)),
    Case("M085", "broken marriages", 1, arrivals(Route.MARRIAGE_BROKEN)),
    Case("M086", "lost contracts", 1, arrivals(Route.WORK_PERMIT_LOST, Route.AU_PAIR)),
    Case("M087", "revoked permits", 1, arrivals(Route.PERMIT_REVOKED)),
    Case("M088", "overstayed visas", 1, arrivals(Route.VISA_OVERSTAY)),
    Case("M089", "beginning in a centre", 1, begin_in_a_centre),
    Case("M089", "first stock in centres", 1, first_stock_in_centres),
    Case("M090", "walking out", 1, level(reception.walkout_hazard, RESIDENT)),
    Case("M092", "old parents", 1, old_parents),
    Case("M093", "permit with a partner", 1, log_ratio(exits.regularised_hazard, GUEST, **WITH_PARTNER)),
    Case("M094", "leaving to apply", 1, log_ratio(exits.onward_hazard, GUEST, **WITH_PARTNER),
         {"family_reunion_onward_ratio": 1.8}),
    Case("M095", "permits", 1, level(exits.regularised_hazard, FALLING)),
    Case("M096", "time-limited permits", 1, level(
        exits.temporary_permit_hazard, {**RESIDENT, "country": COUNTRY["Eritrea"]})),
    Case("M097", "scheme", 1, scheme_grants),
    Case("M098", "walking out by risk", 1, with_risk(log_ratio(reception.walkout_hazard, RESIDENT, **HIGH_RISK))),
    Case("M098", "seeking care by risk", -1, with_risk(
        lambda s: care_sought(s, {**FALLING, **HIGH_RISK}) - care_sought(s, FALLING))),
    Case("M098", "a more open life", -1, with_risk(
        log_ratio(control.identity_control_hazard, FALLING, **HIGH_RISK))),
    Case("M098", "news in the own circle", 1, hears_in_the_circle),
    Case("M098", "taking a job by risk", -1, with_risk(utility_difference(choice.WORK, {"offer": 0}, **HIGH_RISK))),
    Case("M098", "news at work", 1, colleagues_hear),
    Case("M099", "reporting when safe", 1, offences_reported),
    Case("M100", "seeking care after a bill", -1, lambda s: (
        care_sought(s, {**FALLING, "has_bill": True}) - care_sought(s, FALLING))),
    Case("M101", "care need of the old", 1, log_ratio(
        needs.care_need_hazard, {**FALLING, "birth_month": young(MONTH, 40)}, birth_month=young(MONTH, 70))),
    Case("M102", "reconsidering", 1, level(choice.reconsider_hazard, GUEST)),
    Case("M103", "staying by time", -1, utility_difference(
        choice.STAY, {"strategy_start": MONTH}, strategy_start=MONTH - 12)),
    Case("M104", "margins by market", 1, utility_difference(
        choice.DRUGS, {"place": int(np.argmin(MARKET))}, place=int(np.argmax(MARKET)))),
    Case("M104", "moves to Oslo", 1, moves_to_markets),
    Case("M105", "arrivals by beds", 1, beds_draw, {"arrival_from_conditions_log_ratio": 0.3}),
    Case("M106", "births", 1, level(births.birth_hazard, {**FALLING, "is_female": True})),
    Case("M107", "claimed by a union", 1, claimed_by_a_union),
    Case("M108", "wage taken", 1, found_at_work("wage_taken")),
    *(Case("M109", f"{name} from alternative placement", -1, log_ratio(hazard, RESIDENT, centre=ALTERNATIVE))
      for name, hazard in (
          ("assisted return", exits.assisted_return_hazard), ("fetched", reception.pu_fetch_hazard))),
    Case("M110", "help despite a bed", -1, help_despite_a_bed),
    Case("M111", "looking away from a family", 1, looked_away({"household": int(Household.GUARDIAN)})),
    Case("M111", "looking away, no return", 1, looked_away({"country": COUNTRY["Eritrea"]})),
    Case("M112", "spared after a report", 1, spared_when_reporting),
    Case("M113", "sent away", 1, lambda s: met(
        "sent_away", FALLING, "identity_control", sent_away_share=s.at.sent_away_share)(s)),
    Case("M114", "cards withdrawn early", 1, card_withdrawn_early),
    Case("M115", "vanished before a decision", 1, arrivals(Route.VANISHED)),
    Case("M116", "minors who turn 18", 1, arrivals(Route.AGED_OUT, Route.LEFT_CARE)),
    Case("M117", "minors who leave care", 1, arrivals(Route.LEFT_CARE)),
)  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=[f"{case.id} {case.name}" for case in CASES])
def test_a_claim_has_its_effect_and_loses_it_when_left_out(case: Case):
    draw = {**point_draw(), **case.draw}
    there = case.effect(Scene(draw))
    assert there * case.sign > 1e-6, f"{there:g}; the claim: {claims()[case.id]}"
    gone = case.effect(Scene(without(draw, [case.id])))
    assert abs(gone) <= NOTHING, f"{gone:g} is left of {there:g}"


def test_every_claim_of_the_model_is_covered_or_excused():
    assert {case.id for case in CASES} == neutral().keys()
    assert neutral().keys() | excused().keys() == claims().keys()
    assert len(excused()) <= 15


def test_every_parameter_of_a_neutral_setting_matters_to_a_case():
    """Leaving one setting of a claim out of its neutral settings leaves an effect of some case."""
    idle = []
    for id_, what in neutral().items():
        cases = [case for case in CASES if case.id == id_]
        for setting in what.settings:
            if len(what.settings) == 1:
                continue
            draw = {**point_draw(), **{k: v for case in cases for k, v in case.draw.items()}}
            partly = {**without(draw, [id_]), setting.name: draw[setting.name]}
            if all(abs(case.effect(Scene(partly))) <= NOTHING for case in cases):
                idle.append(f"{id_} {setting.name}")
    assert idle == []


def test_a_parameter_off_its_median_stands_where_the_median_is_neutral():
    for case in CASES:
        for name, value in case.draw.items():
            assert parameters()[name].low <= value <= parameters()[name].high
            assert abs(case.effect(Scene(point_draw()))) <= NOTHING, f"{case.id}: the medians would do"


def test_districts_of_the_cases_are_the_ones_meant():
    assert DISTRICTS[DISTRICT_OF[PLACE["Oslo"]]] == "Oslo" and DISTRICTS[4] == "Agder"
    assert REMOTENESS[REMOTE] > REMOTENESS[NEAR] > 0
