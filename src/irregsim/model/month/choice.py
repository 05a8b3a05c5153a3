"""Step 7, strategy choice: who goes where from free fall (docs/odd.md).

A multinomial logit over feasible options. Each option has a channel of its own, so closing one moves only those who
would have taken it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from irregsim.model.centres import REMOTENESS
from irregsim.model.compiled import twinned
from irregsim.model.engine import Contest, Decided, Rule, Selection, with_children
from irregsim.model.history import CITY_CODES, CITY_OF
from irregsim.model.hosts import slot_keys
from irregsim.model.month.discretion import nav_share, says_yes
from irregsim.model.month.exits import assisted_factor, eligible_for_assistance, seen_at_exit
from irregsim.model.month.labour import hire
from irregsim.model.month.network import add_tie
from irregsim.model.month.placing import (
    free_beds,
    free_host,
    guests_of,
    has_room,
    ordinary_places,
    place_in_centres,
    place_with_hosts,
    stay_with,
)
from irregsim.model.month.reception import move_in
from irregsim.model.values import At
from irregsim.model.world import Rows, World
from irregsim.scenario.levers import HEALTH_MODELS, NAV_RULES
from irregsim.vocabulary import reference
from irregsim.vocabulary.codes import CITIES, Exit, RegisterEvent, Strategy, Substrategy, chosen_subtypes

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]

#: Options of living at the margins, and what each lives by; and those of depending on a provider met by chance.
_MARKETS, _PROVIDERS = chosen_subtypes(Strategy.MARGINALISERT), chosen_subtypes(Strategy.AVHENGIG)
#: Options in the order of their codes; each name is a channel. Those of later subtypes follow.
_FIRST = (
    "choice_stay",
    "choice_centre",
    "choice_dependence",
    "choice_work",
    "choice_sex_sale",
    "choice_drugs",
    "choice_property",
    "choice_assisted",
    "choice_onward",
    "choice_survival_sex",
)
OPTIONS = tuple(dict.fromkeys((*_FIRST, *_MARKETS, *_PROVIDERS)))
STAY, CENTRE, DEPENDENCE, WORK, SEX_SALE, DRUGS, PROPERTY, ASSISTED, ONWARD, SURVIVAL_SEX = range(len(_FIRST))
_CLOSED = -np.inf
#: The least number above 0, so that no logarithm is taken of 0.
_LEAST = float(np.finfo(np.float64).tiny)
_MARGINS = [OPTIONS.index(option) for option in _MARKETS]
#: The city whose rule at NAV is that of all other places.
_NATIONAL = CITIES.index("Oslo")
#: City whose rule at NAV is in force in each city, and in all other places; shape (cities + 1,).
_RULE_OF = np.append(np.arange(len(CITIES)), _NATIONAL)
#: Where the choice leads, but for those taken in by a host: to a centre, to a market, out of the country.
_TARGETS = (Strategy.SYNLIG, *(Strategy.MARGINALISERT for _ in _MARKETS), Exit.ASSISTERT_RETUR, Exit.VIDERE)
_SUBTYPES = (Substrategy.NONE, *_MARKETS.values(), Substrategy.NONE, Substrategy.NONE)
_CITY_DISTRICT = np.array([next(p.district for p in reference.places() if p.city == c) for c in range(len(CITIES))])
_MUNICIPAL = np.array([name.startswith("municipal") for name in HEALTH_MODELS])


def reconsider_hazard(who: Rows, at: At) -> FloatArray:
    """Hazard of giving up a way of living to choose again (M102). Reads ``reconsider_hazard`` (per month)."""
    return np.where(who.strategy == Strategy.FRITT_FALL, 0.0, at.reconsider_hazard)


class Reconsider(Contest):
    """A few dependents, workers and marginalised who reconsider: they choose this month, from free fall."""

    name = "reconsider"
    step = 7
    rules = (
        Rule(
            channel="reconsider",
            hazard=reconsider_hazard,
            mechanisms=("M029", "M102"),
            source="F 4.7; 4.8; rate assumed",
            grade="D",
            enters=Strategy.FRITT_FALL,
            cause="reconsider",
        ),
    )

    def at_risk(self, world: World, at: At) -> IntArray:
        """Everybody with a strategy of their own outside centres."""
        return world.among((Strategy.AVHENGIG, Strategy.ARBEIDENDE, Strategy.MARGINALISERT))


class Choice(Selection):
    """Options, utilities, and what is scarce among them."""

    name = "choice"
    step = 7
    options = OPTIONS

    def begin(self, world: World, at: At) -> None:
        """Share of those in free fall in each city who sleep in a shelter (F 7.4).

        Free beds are what visitors from the EEA leave; they go by lot, so everybody who asks has the same share (M048).
        Where the police check papers at the shelters some stay away (M049).
        """
        p = world.population
        beds = np.append(at.shelter_beds, 0.0) * at.shelter_free_bed_share * at.scale
        come = 1.0 - stay_away(at)
        if at.interactions:
            falling = np.flatnonzero(p.strategy == Strategy.FRITT_FALL)
            demand = np.bincount(CITY_OF[p.place[falling]], minlength=CITY_CODES) * come
            world.bed_share = np.minimum(1.0, beds / np.maximum(1.0, demand)) * come
            world.history.binds("shelter", world.month, int(np.maximum(0, demand - np.floor(beds))[:-1].sum()))
        else:
            world.bed_share = np.where(beds > 0, at.shelter_free_bed_share, 0.0) * come

    def at_risk(self, world: World, at: At) -> IntArray:
        """Everybody in free fall who is free to act."""
        return world.who(Strategy.FRITT_FALL)

    def decide(self, world: World, at: At, rows: IntArray) -> Decided:
        """The option of highest random utility; adds choice probabilities to the history."""
        if len(rows) == 0:
            return self.decided(rows, np.empty(0, dtype=np.int64))
        room = has_room(world, at, guests_of(world))
        return self.select(world, at, rows, self.offer(world, at), *_hosts_at_hand(world, rows, room))

    @property
    def utilities(self) -> Callable[..., FloatArray]:
        """The function `utilities` of this module."""
        return utilities

    def offer(self, world: World, at: At) -> BedOffer:
        """Beds of the centres that still take somebody in."""
        free_now = free_beds(world) if at.interactions else world.centres.capacity
        return bed_offer(np.where(free_now > 0, ordinary_places(world), 0.0))

    def settle(self, world: World, at: At, decided: Decided) -> None:
        """Scarce places by rank; who is not served stays in free fall."""
        seek = decided.of("choice_centre")
        centre = place_in_centres(world, at, seek, "centre_rank")
        residents, centre = seek[centre >= 0], centre[centre >= 0]
        guests, host, kind, first_met = self._find_hosts(world, at, decided)
        hire(world, at, decided.of("choice_work"))
        assisted, onward = decided.of("choice_assisted"), decided.of("choice_onward")
        world.note(RegisterEvent.ASSISTED_RETURN, with_children(world, assisted))
        seen_at_exit(world, at, onward)

        others = (residents, *(decided.of(option) for option in _MARKETS), assisted, onward)
        count = [len(rows) for rows in others]
        world.move(
            np.concatenate([*others, guests]),
            np.repeat((*_TARGETS, Strategy.AVHENGIG), (*count, len(guests))),
            "choice",
            np.concatenate([np.repeat(_SUBTYPES, count), kind]),
        )
        move_in(world, residents, centre, "choice")
        stay_with(world, guests, host, "choice")
        add_tie(world.population, guests[first_met:], host[first_met:])

    def _find_hosts(self, world: World, at: At, decided: Decided) -> tuple[IntArray, IntArray, IntArray, int]:
        """Who is taken in; those who know a host ask before anybody meets one.

        Returns:
            Guests, the host of each, the subtype of each, and the place of the first who met the host by chance.
        """
        guests = guests_of(world)
        known = decided.of("choice_dependence")
        host = free_host(world, known, has_room(world, at, guests))
        served = place_with_hosts(world, at, known, host, guests=guests)
        taken_in = [(known[served], host[served], world.hosts.type[host[served]])]
        for option, subtype in _PROVIDERS.items():
            guests = guests + np.bincount(taken_in[-1][1], minlength=len(guests))
            rows = decided.of(option)
            host = _stranger(world, rows)
            served = place_with_hosts(world, at, rows, host, guests=guests)
            taken_in.append((rows[served], host[served], np.full(int(served.sum()), int(subtype))))
        rows, host, kind = (np.concatenate(column) for column in zip(*taken_in, strict=True))
        return rows, host, kind, len(taken_in[0][0])


def _stranger(world: World, rows: IntArray) -> IntArray:
    """A provider met by chance, of the same background."""
    p = world.population
    u = world.draws.uniform("tie_forms_host", world.month, slot_keys(p.key[rows], 7))
    return world.hosts.of(p.country[rows], p.place[rows], u)


@twinned
def _hosts_at_hand(world: World, rows: IntArray, room: BoolArray) -> tuple[BoolArray, BoolArray]:
    """Whether somebody known, and somebody met by chance, has a place, each of shape (n,); ``room`` by host."""
    return free_host(world, rows, room) >= 0, room[_stranger(world, rows)]


def stay_away(at: At) -> FloatArray:
    """Share of those in free fall who keep away from shelters for fear of police checks, by city (F 7.4; M049).

    Args:
        at: Reads ``shelter_avoid_share`` (at checks of 2019) and ``identity_checks`` (by district).

    Returns:
        Shape (cities + 1,); the last is for all other places.
    """
    checks = np.append(at.identity_checks[_CITY_DISTRICT], 1.0)
    return np.asarray(np.minimum(1.0, at.shelter_avoid_share * checks))


@dataclass(frozen=True)
class BedOffer:
    """What reception has to offer this month.

    Attributes:
        any: Whether any centre takes somebody in.
        remoteness: Mean remoteness of the places of those that do, 0 (city) to 1.
    """

    any: bool
    remoteness: float


def bed_offer(beds: FloatArray) -> BedOffer:
    """The offer of centres that still take somebody in, from the places of each; shape (centres,)."""
    total = float(beds.sum())
    return BedOffer(total > 0, float((beds * REMOTENESS[: len(beds)]).sum() / total) if total else 0.0)


def nav_help(who: Rows, at: At, bed: BedOffer) -> FloatArray:
    """Chance that somebody at NAV or in child welfare helps this month, after asking repeatedly.

    The shared rule of discretion (`says_yes`). Child-welfare workers argue for families (F 6.5, 7.3; M050). Emergency
    help is for those who can get no state accommodation (F 2.1, 7; M110), so not for whom a reception centre is open.

    Args:
        who: Reads ``city``, ``household`` and ``is_rejected``.
        at: Reads ``stay_after_rejection``, ``nav_despite_bed_share`` (relative to others), ``nav_emergency_help`` (by
            city), ``discretion_yes_share``, ``nav_rule_2014_ratio``,
            ``nav_wide_ratio``, ``asks_per_month``, ``family_discretion_ratio``, ``child_welfare_yes_share``,
            ``discretion_by_city``.
        bed: What reception has to offer.

    Returns:
        Probability, shape (n,). Mechanisms: M050-M052, M110.
    """
    # One chance for each city, kind of household and offer of reception: worked out for those, not for each person.
    city, kind = np.arange(CITY_CODES * 4) // 4, np.arange(CITY_CODES * 4) % 4
    is_family, has_bed = kind >= 2, kind % 2 == 1
    nav = says_yes(at, nav_share(at, by_nav_rule(at), city, is_family), city, at.asks_per_month)
    nav = nav * np.where(has_bed, at.nav_despite_bed_share, 1.0)
    child_welfare = says_yes(at, at.child_welfare_yes_share * is_family, city)
    helped = 1.0 - (1.0 - nav) * (1.0 - child_welfare)
    offered = who.is_rejected & (bed.any and bool(at.stay_after_rejection))
    return np.asarray(helped.take(who.city * 4 + (who.household > 0) * 2 + offered))


def by_nav_rule(at: At) -> FloatArray:
    """Ratio on discretion in each city, and outside them by the national rule of Oslo; shape (cities + 1,)."""
    ratio = {"rule_2004": 1.0, "rule_2014": at.nav_rule_2014_ratio, "wide": at.nav_wide_ratio}
    by_rule = np.array([ratio[rule] for rule in NAV_RULES])
    return np.asarray(by_rule[_nav_rule(at)])


def _nav_rule(at: At) -> IntArray:
    return np.asarray(at.nav_emergency_help[_RULE_OF])


def utilities(
    who: Rows, at: At, bed: BedOffer, has_host: npt.NDArray[np.bool_], can_provide: npt.NDArray[np.bool_]
) -> FloatArray:
    """Utility of each option for persons in free fall, minus infinity where it is not feasible.

    Args:
        who: Persons in free fall.
        at: Values of the month.
        bed: What reception has to offer.
        has_host: Whether some tie is willing and has a place, shape (n,).
        can_provide: Whether a provider met by chance has a place, shape (n,).

    Returns:
        Shape (options, n). Mechanisms: M001, M006, M027-M030, M042-M048, M050-M052, M103, M104.
    """
    months = who.months_in_strategy
    risk = who.perceived_risk
    pressure = at.free_fall_pressure * months
    roof = who.has_bed
    helped = nav_help(who, at, bed)
    # Response to hardship: no roof and no help; the prior of its effect includes zero (deterrence or displacement).
    hardship = (1.0 - roof) * (1.0 - helped)
    departs = at.departure_from_hardship_log_ratio * hardship
    conditional = _nav_rule(at)[who.city] == NAV_RULES.index("rule_2014")
    out = np.full((len(OPTIONS), len(who)), _CLOSED)

    stay = at.stay_utility - pressure + at.shelter_utility * roof + at.nav_utility * helped
    # Food and small sums from a congregation or ethnic network ease the fall (M041).
    out[STAY] = stay + at.congregation_help_utility * who.in_congregation
    allowance = at.allowance_utility_per_1000_nok * (at.basic_allowance_nok - at.allowance_reference_nok) / 1000.0
    centre = at.centre_utility + allowance - at.centre_visibility * at.assisted_risk_slope * 4.0 * risk
    centre = centre + at.care_centre_utility * who.has_care_need + at.family_centre_utility * who.is_guardian
    # Municipal health staff help the ill to apply for an adapted unit (M028).
    helps_apply = _MUNICIPAL[np.append(at.health_model, HEALTH_MODELS.index("none"))[who.city]]
    centre = centre + at.adapted_unit_help_utility * (who.has_care_need & helps_apply)
    # A place far away is turned down by those who have somebody near (M029).
    centre = centre - at.centre_remoteness_aversion * bed.remoteness * who.has_tie
    is_open = bed.any and bool(at.stay_after_rejection)
    out[CENTRE] = np.where(who.is_rejected & is_open, centre, _CLOSED)
    out[DEPENDENCE] = np.where(has_host, at.dependence_utility, _CLOSED)
    # Work is where the police look for people: who fears a return takes it less readily (F 2.1, 8.2; M098).
    out[WORK] = np.where(who.offer >= 0, at.work_utility - at.work_visibility * 4.0 * risk, _CLOSED)

    age = who.age_years
    young_man = ~who.is_female & (age < 35)
    margin = (
        -at.marginalised_aversion
        + at.pressure_to_crime_ratio * pressure
        + at.market_size_power * np.log(who.market_ratio)
    )
    margin = np.where(age > 50, margin - at.marginalised_age_aversion, margin)
    # Persons already expelled are pushed further into the margins (M081).
    margin = np.where(who.decision == 3, margin + at.expelled_margin_utility, margin)
    out[_MARGINS] = margin
    by_sex = np.array([-at.women_sex_sale_utility, at.women_sex_sale_utility])
    by_youth = np.array([-at.young_men_crime_utility, at.young_men_crime_utility])
    out[SEX_SALE] = margin + by_sex.take(who.is_female)
    drugs = margin + by_youth.take(young_man)
    out[DRUGS] = drugs
    out[PROPERTY] = drugs + at.property_utility

    # A scheme of no strength is no option.
    factor = np.where(eligible_for_assistance(who, at), assisted_factor(who, at), 0.0)
    scheme = np.where(factor > 0.0, np.log(np.maximum(factor, _LEAST)), _CLOSED)
    out[ASSISTED] = at.assisted_return_utility + departs + scheme
    ticket = at.nav_ticket_utility * helped * conditional
    out[ONWARD] = at.onward_utility + departs + ticket
    survival = -at.survival_sex_aversion + at.pressure_to_crime_ratio * pressure
    open_to = (who.is_female | (age < 25)) & (age < 60)
    out[SURVIVAL_SEX] = np.where(open_to & can_provide, survival, _CLOSED)
    return out
