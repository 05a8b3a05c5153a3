"""Step 8, control: who meets the police, and the four tracks from there (docs/odd.md; F 4.1, 4.6, 10)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from irregsim.model.chance import queue
from irregsim.model.districts import held_share
from irregsim.model.engine import Contest, Decided, Part, Rule, drawn, lookup, with_children
from irregsim.model.history import DISTRICT_OF
from irregsim.model.month.discretion import says_yes, sent_ratio, worthiness
from irregsim.model.month.exits import leave_onward, leave_temporarily
from irregsim.model.values import At
from irregsim.model.world import Rows, World
from irregsim.vocabulary.codes import (
    CAUSE_CODE,
    CAUSES,
    Decision,
    Exit,
    RegisterEvent,
    Strategy,
    Substrategy,
    is_exit,
)

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

ASYLUM, EXPELLED, PRISON = 0, 1, 2
#: By subtype, whether those who live by it are offenders.
_BY_CRIME = np.array([s.lives.by_crime for s in Substrategy])
_MET_IN_THE_STREET = tuple(strategy for strategy in Strategy if strategy != Strategy.MARGINALISERT)


def _intensity(who: Rows, at: At) -> FloatArray:
    return np.asarray((at.control_effort * at.district_control)[who.district] * open_life(who, at))


def open_life(who: Rows, at: At) -> FloatArray:
    """How openly persons live, relative to those without fear (F ch. 10, 4.3; M098).

    Args:
        who: Reads ``perceived_risk`` and ``strategy``; residents of centres are found there whatever they fear.
        at: Reads ``open_life_slope``.
    """
    return np.where(who.strategy == Strategy.SYNLIG, 1.0, who.risk_response(-at.open_life_slope))


def identity_control_hazard(who: Rows, at: At) -> FloatArray:
    """Hazard of meeting the police in identity and street control.

    Lower for those who are less on the street (F 4.4, 4.5; M030, M060, M062); a little higher where shelters are
    checked (M049). Persons without fear live more openly, and are met more often (M098). The marginalised are met by
    crime policing instead.

    Args:
        who: Reads ``strategy``, ``district``, ``has_bed``, ``perceived_risk``.
        at: Reads ``identity_control_hazard`` (per month, free fall, effort of 2019), ``dependent_control_ratio``,
            ``worker_control_ratio``, ``centre_control_ratio``, ``shelter_check_ratio``, ``control_effort``,
            ``district_control``, ``identity_checks`` (by district), ``open_life_slope``.

    Returns:
        Events per person-month, shape (n,).
    """
    ratio = [at.centre_control_ratio, at.dependent_control_ratio, at.worker_control_ratio, 0.0, 1.0]
    by_district = at.identity_control_hazard * at.control_effort * at.district_control * at.identity_checks
    hazard = lookup(np.outer(ratio, by_district), who.strategy, who.district)
    checked = (at.shelter_check_ratio - 1.0) * who.has_bed * (who.strategy == Strategy.FRITT_FALL)
    return np.asarray(hazard * open_life(who, at) * (1.0 + checked))


def crime_control_hazard(who: Rows, at: At) -> FloatArray:
    """Hazard that those who live by drugs or theft meet the police, who give priority to offenders (M074).

    Args:
        who: Reads ``strategy``, ``substrategy``, ``district``.
        at: Reads ``identity_control_hazard``, ``marginalised_control_ratio``, ``penal_priority``.
    """
    offends = (who.strategy == Strategy.MARGINALISERT) & _BY_CRIME[who.substrategy]
    hazard = at.identity_control_hazard * at.marginalised_control_ratio * at.penal_priority * _intensity(who, at)
    return np.where(offends, hazard, 0.0)


def sex_market_control_hazard(who: Rows, at: At) -> FloatArray:
    """Hazard that those who sell sex have their papers checked (M077).

    Args:
        who: Reads ``strategy``, ``substrategy``, ``district``.
        at: Reads ``identity_control_hazard``, ``marginalised_control_ratio``, ``identity_checks`` (by district).
    """
    sells = (who.strategy == Strategy.MARGINALISERT) & (who.substrategy == Substrategy.SEX_SALE)
    hazard = at.identity_control_hazard * at.marginalised_control_ratio * _intensity(who, at)
    return np.where(sells, hazard * at.identity_checks[who.district], 0.0)


class Meetings(Contest):
    """Rules by which persons meet the police; what follows is settled for all of them together, in `Tracks`."""

    def settle(self, world: World, at: At, decided: Decided) -> None:
        """They have met the police; how they were met has the name of the rule."""
        for rule in self.rules:
            meets_police(world, decided.of(rule.channel), rule.channel)


class StreetControl(Meetings):
    """Meetings with the police in the street, of all but the marginalised."""

    name = "street_control"
    step = 8
    rules = (
        Rule(
            channel="identity_control",
            hazard=identity_control_hazard,
            mechanisms=("M030", "M049", "M060", "M062", "M098"),
            source="F 4.3; 4.4; 10.2",
            grade="D",
        ),
    )

    def at_risk(self, world: World, at: At) -> IntArray:
        """Everybody free to act but the marginalised."""
        return world.among(_MET_IN_THE_STREET)


class CrimeControl(Meetings):
    """Meetings of the marginalised with the police: crime first, then the sale of sex."""

    name = "crime_control"
    step = 8
    rules = (
        Rule(
            channel="crime_control",
            hazard=crime_control_hazard,
            mechanisms=("M074", "M081"),
            source="F 4.6; 9.1",
            grade="C",
        ),
        Rule(
            channel="sex_market_control",
            hazard=sex_market_control_hazard,
            mechanisms=("M077",),
            source="F 4.6",
            grade="C",
        ),
    )

    def at_risk(self, world: World, at: At) -> IntArray:
        """The marginalised who are free to act."""
        return world.who(Strategy.MARGINALISERT)


def meets_police(world: World, rows: IntArray, cause: str) -> None:
    """Notes that persons have met the police this month; the first meeting counts.

    Args:
        world: The replicate.
        rows: Heads of household, shape (n,).
        cause: How they were met; a name in `vocabulary.CAUSES`.
    """
    p = world.population
    p.met[rows] = np.where(p.met[rows] < 0, CAUSE_CODE[cause], p.met[rows])


class Tracks(Part):
    """The four tracks (F 10.1), for all whom the police met.

    They met them at work, in the street, as offenders, or as victims who reported without protection.
    """

    name = "tracks"
    step = 8
    options = CAUSES

    def at_risk(self, world: World, at: At) -> IntArray:
        """Those who met the police, are still here and are not held."""
        p = world.population
        rows = np.flatnonzero(p.met >= 0)
        return np.asarray(rows[~is_exit(p.strategy[rows]) & (p.transport_due[rows] < 0) & (p.guardian[rows] < 0)])

    def decide(self, world: World, at: At, rows: IntArray) -> Decided:
        """How each was met, a cause."""
        return self.decided(rows, world.population.met[rows])

    def settle(self, world: World, at: At, decided: Decided) -> None:
        """Protection for victims, penal cases, then rejected asylum seekers and all others."""
        p = world.population
        rows, cause = decided.rows, decided.code
        p.met[:] = -1
        stays = np.ones(len(rows), dtype=np.bool_)
        # Who meets somebody that has committed no crime may look away (the shared rule of discretion; F 2.3, 11.2).
        met = np.flatnonzero(cause != CAUSE_CODE["crime_control"])
        who = world.rows(rows[met])
        looks_away = says_yes(at, at.police_look_away_share * worthiness(who, at), who.city)
        stays[met[drawn(world, "police_look_away", rows[met], looks_away)]] = False
        sells = np.flatnonzero(cause == CAUSE_CODE["sex_market_control"])
        victim = sells[drawn(world, "trafficking_identified", rows[sells], at.trafficking_identification_share)]
        leave_temporarily(world, at, rows[victim], "trafficking_protection")
        stays[victim] = False
        # A penal case: expelled under the penal ground, then from prison to transport (M074, M081).
        fresh = (cause == CAUSE_CODE["crime_control"]) & (p.decision[rows] != Decision.EXPELLED_PENAL)
        offends = np.flatnonzero(fresh)
        penal = offends[drawn(world, "track_penal", rows[offends], at.penal_ground_share)]
        stays[penal] = False
        guilty = rows[penal]
        p.decision[guilty] = int(Decision.EXPELLED_PENAL)
        p.is_convicted[guilty] = True
        world.set_cell(guilty)
        world.note(RegisterEvent.EXPULSION_PENAL, guilty)
        hold(world, at, guilty, PRISON, np.full(len(guilty), round(at.penal_sentence_months)))
        # Nobody under 18 and alone is sent away: a minor who left care goes free (F 9.1; M117).
        minor = stays & (p.birth_month[rows] > world.month - 18 * 12)
        p.is_shaken[rows[minor]] = True
        world.history.outcome("sent_away_from_site", world.month, p.place[rows[minor]])
        stays &= ~minor
        rows, cause = rows[stays], cause[stays]
        # Who vanished before a decision has no rejection to be sent by: the police begin a case, as with others (M115).
        asylum = p.is_sought_asylum[rows] & ~p.without_rejection(rows)
        _rejected(world, at, rows[asylum])
        _never_asylum(world, at, rows[~asylum], cause[~asylum])


def _rejected(world: World, at: At, rows: IntArray) -> None:
    """Former asylum seekers: returnable ones are held, others sent away and stay, shaken (M056, M059).

    No new decision is made. Reads ``shaken_risk_ratio`` by way of the perceived risk of those let go.
    """
    returnable = drawn(world, "pu_fetch_identity", rows, sent_ratio(world.rows(rows), at))
    world.population.is_shaken[rows[~returnable]] = True
    world.history.outcome("sent_away_from_site", world.month, world.population.place[rows[~returnable]])
    hold(world, at, rows[returnable], ASYLUM, np.full(int(returnable.sum()), 1))


def _never_asylum(world: World, at: At, rows: IntArray, cause: IntArray) -> None:
    """Never asylum: sent away from the place, bortvisning by the police, or an expulsion case at UDI.

    Mechanisms: M055, M058, M060, M061, M077, M088, M113. Who is only sent away from the place stays, shaken.
    """
    p = world.population
    away = drawn(world, "sent_away", rows, at.sent_away_share)
    p.is_shaken[rows[away]] = True
    world.history.outcome("sent_away_from_site", world.month, p.place[rows[away]])
    rows, cause = rows[~away], cause[~away]
    decided = p.decision[rows] >= 2
    bortvist = drawn(world, "track_bortvist", rows, np.where(decided, 0.0, at.bortvist_from_resident_share))
    refused = rows[bortvist]
    world.note(RegisterEvent.ORDER_BORTVIST, refused)
    goes = drawn(world, "track_transport", refused, sent_ratio(world.rows(refused), at))
    out = refused[goes]
    world.note(RegisterEvent.TRANSPORT_BORTVIST, out)
    world.hear_of(with_children(world, out))
    world.move(out, Exit.BORTVIST, cause[bortvist][goes])

    rows, decided, cause = rows[~bortvist], decided[~bortvist], cause[~bortvist]
    fresh = rows[~decided]
    delay = _delay(world, at, fresh)
    world.note(RegisterEvent.EXPULSION_IMMIGRATION_ACT, fresh, delay=delay)
    p.decision[fresh] = int(Decision.EXPELLED_IMMIGRATION_ACT)
    detained = drawn(world, "track_detained", rows, held_share(at)[DISTRICT_OF[p.place[rows]]])
    wait = np.ones(len(rows), dtype=np.int64)
    wait[~decided] = np.maximum(1, delay)
    held = hold(world, at, rows[detained], EXPELLED, wait[detained])
    is_loose = ~detained
    is_loose[detained] = ~held
    loose = rows[is_loose]
    leaves = drawn(world, "track_leaves", loose, at.leave_after_decision_share)
    leave_onward(world, at, loose[leaves], "leaves_after_decision")
    # The rest slip away with the decision held; a worker who was found does not go back to the same job.
    stays, why = loose[~leaves], cause[is_loose][~leaves]
    works = p.strategy[stays] == Strategy.ARBEIDENDE
    world.move(stays[works], Strategy.FRITT_FALL, why[works])


def _delay(world: World, at: At, rows: IntArray) -> IntArray:
    """Whole months until UDI has decided: one or two, mean ``decision_delay_months`` (1 to 2)."""
    u = world.draws.uniform("decision_delay", world.month, world.population.key[rows])
    whole = int(np.floor(at.decision_delay_months))
    return np.asarray(whole + (u < at.decision_delay_months - whole).astype(np.int64))


def hold(world: World, at: At, rows: IntArray, track: int, months: IntArray) -> npt.NDArray[np.bool_]:
    """Detains persons until their transport is due, while there are places; prison has no such limit here.

    Args:
        world: The replicate.
        at: Values of the month; reads ``detention_capacity`` (places) and ``detention_turnover_count`` (persons per
            place and month).
        rows: Persons, shape (n,).
        track: What the transport will be.
        months: Months until it, shape (n,).

    Returns:
        Who got a place, shape (n,).
    """
    p, month = world.population, world.month
    served = np.ones(len(rows), dtype=np.bool_)
    if len(rows) == 0:
        return served
    if track != PRISON and at.interactions:
        inside = np.flatnonzero(p.transport_due >= 0)
        inside = inside[(p.track[inside] != PRISON) & (p.guardian[inside] < 0) & ~is_exit(p.strategy[inside])]
        places = round(at.detention_capacity * at.detention_turnover_count * at.scale) - len(inside)
        rank = world.draws.uniform("detention_rank", month, p.key[rows])
        served = queue(np.zeros(len(rows), dtype=np.int64), np.array([places]), rank)
        world.history.binds("detention", month, int((~served).sum()))
    held = rows[served]
    p.transport_due[held] = month + months[served]
    p.track[held] = track
    orders = RegisterEvent.ORDER_ASYLUM if track == ASYLUM else RegisterEvent.ORDER_EXPELLED
    kids, where = world.population.children_of(held)
    everyone = np.concatenate([held, kids])
    wait = months[served]
    world.note(orders, everyone, delay=np.concatenate([wait, wait[where]]))
    return served


class Transport(Part):
    """Transports that are due: carried out where the return is feasible, else the person is released."""

    name = "transport"
    step = 8
    options = ("released", "sent")

    def at_risk(self, world: World, at: At) -> IntArray:
        """Held persons whose month has come."""
        p = world.population
        rows = np.flatnonzero(p.transport_due >= 0)
        return np.asarray(rows[(p.transport_due[rows] <= world.month) & ~is_exit(p.strategy[rows])])

    def decide(self, world: World, at: At, rows: IntArray) -> Decided:
        """Former asylum seekers were held because they can be sent; for the others the country decides (M009)."""
        p = world.population
        chance = np.where(p.track[rows] == ASYLUM, 1.0, sent_ratio(world.rows(rows), at))
        return self.decided(rows, drawn(world, "track_transport", rows, chance).astype(np.int64))

    def settle(self, world: World, at: At, decided: Decided) -> None:
        """Out of the country, or back to free fall with a decision held."""
        p = world.population
        sent, freed = decided.of("sent"), decided.of("released")
        kids, where = world.population.children_of(sent)
        everyone, track = np.concatenate([sent, kids]), np.concatenate([p.track[sent], p.track[sent][where]])
        asylum = everyone[track == ASYLUM]
        other = everyone[track != ASYLUM]
        world.note(RegisterEvent.TRANSPORT_ASYLUM, asylum)
        world.note(RegisterEvent.TRANSPORT_EXPELLED, other)
        world.hear_of(everyone)
        world.move(sent, Exit.TVANGSRETUR, "forced_transport")
        p.transport_due[freed] = -1
        falling = freed[p.strategy[freed] != Strategy.FRITT_FALL]
        world.move(falling, Strategy.FRITT_FALL, "released")
