"""Without interactions the mean follows the product of the monthly step matrices (model.md section 11).

Identical persons live twelve months in the real engine (`advance_month`, all parts of `MONTH`). Beside them stands a
chain over a few states, whose step matrices are made from the rules' own hazards for one typical person per state, in
the order of the steps, with competing risks exact. The chain knows what the engine knows, but sums over chances instead
of drawing them, so the counts of independent lives are binomial around it.

What is quieted, by parameters alone, so that few states are enough: ties and moves between cities, side jobs, rent,
violence, exploitation, protection of victims and penal cases, differences between employers and hosts, and the
dependence on the length of a spell (host fatigue, pressure of free fall). Everything else acts: walking out, PU,
inspections and the tracks that follow, lost jobs and offers, tired hosts, ways out of the margins, reconsidering, the
choice from free fall, detention and transport, street and crime control, assisted return, onward travel, permits,
death, offences reported to the police. The dependence on months without legal stay and on age stays in: it is the same
for all who began together.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from helpers.statistics import assert_count_plausible
from helpers.worlds import advance, baseline, settings_of
from irregsim.model.draws import Draws
from irregsim.model.engine import Contest, Part
from irregsim.model.month import MONTH
from irregsim.model.month.choice import OPTIONS, BedOffer, Choice, utilities
from irregsim.model.month.inflow import Inflow
from irregsim.model.parameters import point_draw
from irregsim.model.simulate import begin_month, start
from irregsim.model.values import At, Values
from irregsim.model.world import World
from irregsim.vocabulary import reference
from irregsim.vocabulary.codes import Exit, Route, Strategy, Substrategy

MONTHS = 12
PERSONS = 100_000
SCALE = 0.1
FALSE_ALARM = 1e-6
#: Relative error of a share of a twentieth or more that is caught 99 times in 100.
MUST_SEE = 0.12

COUNTRY = next(c.index for c in reference.countries() if c.name == "Irak")
OSLO = next(p.index for p in reference.places() if p.name == "Oslo")
OSLO_CENTRE = next(c.index for c in reference.centres() if c.name == "Oslo")

#: No effect of what the chain has no state for.
QUIET = {
    "tie_forms_hazard": 0.0,
    "tie_wears_hazard": 0.0,
    "intercity_move_hazard": 0.0,
    "side_job_hazard": 0.0,
    "rent_demand_hazard": 0.0,
    "violence_onset_hazard": 0.0,
    "benefits_stopped_hazard": 0.0,
    "exploited_worker_share": 0.0,
    "trafficking_identification_share": 0.0,
    "penal_ground_share": 0.0,
    "police_look_away_share": 0.0,
    "shaken_risk_ratio": 1.0,
    "host_fatigue": 0.0,
    "free_fall_pressure": 0.0,
    "remote_walkout_ratio": 1.0,
    "wage_gap_log_sd": 0.0,
    "employer_elasticity": 1e-9,
    "own_account_share": 0.0,
    "work_overlooked_share": 0.0,
    "reporter_spared_share": 0.0,
    "birth_hazard": 0.0,
    "sector_share_private_household": 0.0,
    "host_patience_log_sd": 0.0,
    "host_congregation_share": 0.0,
    "host_partner_share": 0.0,
    "host_relative_share": 0.0,
    "exploitative_host_share": 0.0,
    "temporary_permit_hazard": 0.0,
}
#: Rare events are made common, so that a hundred thousand lives show them.
LOUD = {
    "pu_fetch_hazard": 0.3,
    "identity_control_hazard": 0.06,
    "workplace_inspection_hazard": 0.15,
    "offence_hazard": 0.15,
    "offence_reported_share": 0.4,
    "regularisation_hazard": 0.02,
    "death_hazard_at_30": 0.015,
    "reconsider_hazard": 0.05,
    "marginalised_aversion": 0.5,
    "onward_former_asylum_hazard": 0.03,
}

LIVING = ("centre", "host", "job", "sex_sale", "drugs", "property", "fall", "fall_with_offer")
STRATEGY = {
    "centre": Strategy.SYNLIG,
    "host": Strategy.AVHENGIG,
    "job": Strategy.ARBEIDENDE,
    "sex_sale": Strategy.MARGINALISERT,
    "drugs": Strategy.MARGINALISERT,
    "property": Strategy.MARGINALISERT,
    "fall": Strategy.FRITT_FALL,
    "fall_with_offer": Strategy.FRITT_FALL,
}
SUBSTRATEGY = {
    "host": Substrategy.FRIEND,
    "sex_sale": Substrategy.SEX_SALE,
    "drugs": Substrategy.DRUGS,
    "property": Substrategy.PROPERTY,
}


@dataclass(frozen=True)
class State:
    """A state of the chain.

    Attributes:
        way: A way of living, or the code of an exit.
        met: Whether the police were met and the tracks are still to come.
        held: Whether held for a transport of the next month.
    """

    way: str
    met: bool = False
    held: bool = False


STATES = (
    [State(way, met=met) for way in LIVING for met in (False, True)]
    + [State(way, held=True) for way in LIVING]
    + [State(exit_.code) for exit_ in Exit]
)
NUMBER = {state: i for i, state in enumerate(STATES)}


def quiet_values(**changes: float) -> Values:
    # The centre in Oslo is the only one, so that nobody's place changes.
    oslo_alone = np.arange(len(reference.centres())) == OSLO_CENTRE
    levers = settings_of(baseline("2012-12"), interactions=False, centre_open=(0, oslo_alone))
    return Values(levers, {**point_draw(), **QUIET, **LOUD, **changes}, SCALE)


def settle_down(world: World, ways: list[str]) -> None:
    """Identical persons, one per entry of ``ways``, in a world that nobody else lives in."""
    p, n = world.population, len(ways)
    ids = np.arange(n, dtype=np.uint64) + np.uint64(1 << 44)
    host = int(np.flatnonzero((world.hosts.country == COUNTRY) & (world.hosts.place == OSLO))[0])
    # One of the half who are willing, whatever it costs.
    employer = int(np.flatnonzero((world.employers.place == OSLO) & (world.employers.readiness < 0.5))[0])

    def only(way: str, value: int) -> np.ndarray:
        return np.array([value if w == way else -1 for w in ways])

    rows = p.add(
        person_id=ids,
        key=world.draws.keys(ids),
        country=np.full(n, COUNTRY),
        route=np.full(n, int(Route.ASYLUM_REJECTED)),
        place=np.full(n, OSLO),
        strategy=np.array([int(STRATEGY[way]) for way in ways]),
        substrategy=np.array([int(SUBSTRATEGY.get(way, Substrategy.NONE)) for way in ways]),
        birth_month=np.full(n, -30 * 12),
        is_sought_asylum=np.ones(n, dtype=np.bool_),
        decision=np.ones(n, dtype=np.int64),
        is_identity_established=np.ones(n, dtype=np.bool_),
        tie_0=np.full(n, host),
        centre=only("centre", OSLO_CENTRE),
        host=only("host", host),
        employer=only("job", employer),
        offer=only("fall_with_offer", employer),
    )
    world.set_cell(rows)


class Chain:
    """Step matrices of one month; rows are states before, columns states after.

    Args:
        world: One typical person per way of living, at the beginning of the month.
        at: Values of the month.
    """

    def __init__(self, world: World, at: At) -> None:
        self.world, self.at = world, at
        self.rows = {way: i for i, way in enumerate(LIVING)}
        self.part = {part.name: part for part in MONTH}

    def step(self, moves: dict[State, dict[State, float]]) -> np.ndarray:
        """A step matrix: where a state goes with which probability; the rest stays."""
        matrix = np.eye(len(STATES))
        for state, goals in moves.items():
            for goal, chance in goals.items():
                matrix[NUMBER[state], NUMBER[goal]] += chance
                matrix[NUMBER[state], NUMBER[state]] -= chance
        assert matrix.min() >= -1e-12
        return matrix

    def chances(self, name: str) -> dict[str, dict[str, float]]:
        """Chance of each rule of a contest to ring first within the month, by way of living at risk."""
        part = self.part[name]
        assert isinstance(part, Contest)
        out: dict[str, dict[str, float]] = {}
        at_risk = set(part.at_risk(self.world, self.at).tolist())
        for way, row in self.rows.items():
            if row in at_risk:
                who = self.world.rows(np.array([row]))
                hazards = np.array([float(np.asarray(rule.hazard(who, self.at))[0]) for rule in part.rules])
                total = hazards.sum()
                if total > 0:
                    any_event = 1.0 - np.exp(-total)
                    out[way] = {r.channel: any_event * h / total for r, h in zip(part.rules, hazards, strict=True)}
        return out

    def contest(self, name: str, goals: dict[str, str | None]) -> np.ndarray:
        """A contest whose events lead to another way of living or out; None changes no state of the chain."""
        moves: dict[State, dict[State, float]] = {}
        for way, by_rule in self.chances(name).items():
            for met in (False, True):
                start_ = State(way, met)
                moves[start_] = {}
                for rule, chance in by_rule.items():
                    if chance and goals[rule] is not None:
                        goal = goals[rule]
                        end = State(goal, met) if goal in LIVING else State(goal)
                        moves[start_][end] = moves[start_].get(end, 0.0) + chance
        return self.step(moves)

    def meetings(self, name: str, share: float = 1.0, rules: tuple[str, ...] = ()) -> np.ndarray:
        """A contest whose events are meetings with the police."""
        moves = {}
        for way, by_rule in self.chances(name).items():
            chance = share * sum(c for rule, c in by_rule.items() if not rules or rule in rules)
            moves[State(way)] = {State(way, met=True): chance}
        return self.step(moves)

    def work(self) -> np.ndarray:
        """Inspections: the found meet the police, and some are sent from the site; lost jobs."""
        by_rule = self.chances("work")["job"]
        sent = self.at.sent_from_site_share
        found, lost = by_rule["inspection"], by_rule["job_loss"] + by_rule["tax_card_loss"]
        moves: dict[State, dict[State, float]] = {}
        for met in (False, True):
            goals = {State("fall", True): found * sent}
            goals[State("fall", met)] = goals.get(State("fall", met), 0.0) + lost
            if not met:
                goals[State("job", True)] = found * (1 - sent)
            moves[State("job", met)] = goals
        return self.step(moves)

    def choice(self) -> np.ndarray:
        """The choice from free fall."""
        goals = ("fall", "centre", "host", "job", "sex_sale", "drugs", "property", "assistert_retur", "videre", None)
        part = self.part["choice"]
        assert isinstance(part, Choice)
        part.begin(self.world, self.at)
        # The part that makes offers begins by taking back those of the month before.
        employer = int(self.world.population.employer[self.rows["job"]])
        self.world.population.offer[self.rows["fall_with_offer"]] = employer
        moves: dict[State, dict[State, float]] = {}
        for way in ("fall", "fall_with_offer"):
            who = self.world.rows(np.array([self.rows[way]]))
            yes = np.array([True])
            value = utilities(who, self.at, BedOffer(True, 0.0), yes, yes)[:, 0]
            weights = np.exp(value)
            shares = weights / weights.sum()
            assert shares[OPTIONS.index("choice_survival_sex")] == 0
            for met in (False, True):
                goal = moves[State(way, met)] = {}
                for name, share in zip(goals, shares, strict=True):
                    end = State(name, met) if name in LIVING else State(name) if name else None
                    if share and end != State(way, met):
                        goal[end] = float(share)
        return self.step(moves)

    def tracks(self) -> np.ndarray:
        """The returnable are held; the others are sent away and stay."""
        moves = {}
        for way in LIVING:
            returnable = float(self.world.rows(np.array([self.rows[way]])).feasibility[0])
            moves[State(way, met=True)] = {State(way, held=True): returnable, State(way): 1 - returnable}
        return self.step(moves)

    def transport(self) -> np.ndarray:
        """Those held since last month are sent out."""
        return self.step({State(way, held=True): {State("tvangsretur"): 1.0} for way in LIVING})

    def month(self, order: tuple[Part, ...] = MONTH) -> np.ndarray:
        """The whole month: the product of the step matrices in the order of `MONTH`, or in another."""
        margins = {"way_out": "fall", "market_loss": "fall"}
        leaving = {
            "assisted_return": "assistert_retur",
            "onward": "videre",
            "regularised": "regularisert",
            "temporary_permit": "midlertidig",
            "death": "dod",
        }
        by_part = {
            "residence": lambda: self.contest("residence", {"walkout": "fall", "pu_fetch": "tvangsretur"}),
            "work": self.work,
            "offers": lambda: self.contest("offers", {"job_offer": "fall_with_offer"}),
            "support": lambda: self.contest("support", {"host_ends_stay": "fall"}),
            "livelihood": lambda: self.contest("livelihood", margins),
            "reconsider": lambda: self.contest("reconsider", {"reconsider": "fall"}),
            "choice": self.choice,
            "transport": self.transport,
            "street_control": lambda: self.meetings("street_control"),
            "crime_control": lambda: self.meetings("crime_control"),
            "tracks": self.tracks,
            "departures": lambda: self.contest("departures", leaving),
            "needs": lambda: self.meetings("needs", self.at.offence_reported_share, ("offence",)),
        }
        # Parts that change no state here: nobody comes, is born, moves, is moved, stops hiring, works beside, or has a
        # scheme, and everybody's identity is known.
        still = {"inflow", "births", "ties", "moves", "transfers", "identity", "dismissal", "side_work", "schemes"}
        assert by_part.keys() | still == {part.name for part in MONTH}, "the chain knows every part of the month"
        product = np.eye(len(STATES))
        for part in order:
            if part.name in by_part:
                product = product @ by_part[part.name]()
        return product


def chain_shares(values: Values, begins: str, order: tuple[Part, ...] = MONTH) -> np.ndarray:
    """Probability of each state after the months, from one way of living."""
    shares = np.zeros(len(STATES))
    shares[NUMBER[State(begins)]] = 1.0
    typical = start(values, Draws(1, 0))
    settle_down(typical, list(LIVING))
    for month in range(MONTHS):
        begin_month(typical)
        # What is believed follows the feasibility of the month before, with no learning.
        typical.perceived = np.minimum(1.0, 0.5 * values.at(max(month - 1, 0)).feasibility)
        at = values.at(month)
        typical.employers.decide(at, np.zeros(len(typical.employers)))
        shares = shares @ Chain(typical, at).month(order)
        # Held persons and offers: an offer is for the month, a state by the end of it is free fall.
        for met in (False, True):
            shares[NUMBER[State("fall", met)]] += shares[NUMBER[State("fall_with_offer", met)]]
            shares[NUMBER[State("fall_with_offer", met)]] = 0.0
    return shares


def by_strategy_and_exit(shares: np.ndarray) -> dict[str, float]:
    out = dict.fromkeys([*(s.code for s in Strategy), *(e.code for e in Exit)], 0.0)
    for state, share in zip(STATES, shares, strict=True):
        out[STRATEGY[state.way].code if state.way in LIVING else state.way] += float(share)
    return out


def lived(values: Values, begins: str, seed: int) -> dict[str, int]:
    """Persons by strategy and exit after the months, in the real engine."""
    world = start(values, Draws(seed, 0))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Inflow, "begin", lambda self, world, at: None)
        settle_down(world, [begins] * PERSONS)
        gone = np.zeros(15, dtype=np.int64)
        advance(world, MONTHS)
        flows = world.history.flow_counts()
        np.add.at(gone, flows["destination"], np.where(flows["destination"] >= 8, flows["persons"], 0))
    assert np.array_equal(world.employers.is_willing, world.employers.readiness < 0.5)
    p = world.population
    assert (p.place == OSLO).all()
    here = np.bincount(p.strategy[p.is_here], minlength=len(Strategy))
    assert here.sum() + gone.sum() == PERSONS
    return {s.code: int(here[s]) for s in Strategy} | {e.code: int(gone[e]) for e in Exit}


@pytest.mark.parametrize(("begins", "seed"), [("centre", 11), ("fall", 12), ("job", 13)])
def test_the_mean_is_the_product_of_the_step_matrices(begins, seed):
    values = quiet_values()
    expected = by_strategy_and_exit(chain_shares(values, begins))
    assert sum(expected.values()) == pytest.approx(1.0, abs=1e-9)
    counts = lived(values, begins, seed)
    compared = 0
    for name, share in expected.items():
        if share < 1e-12:
            assert counts[name] == 0, name
        elif share >= 0.05:
            assert_count_plausible(
                counts[name], trials=PERSONS, probability=share, false_alarm=FALSE_ALARM, must_see=MUST_SEE
            )
            compared += 1
        else:
            assert_count_plausible(
                counts[name], trials=PERSONS, probability=share, false_alarm=FALSE_ALARM, must_see=0.9
            )
    assert compared >= 4, expected


def test_a_wrong_chain_would_be_seen():
    """The comparison sees a hazard or a utility that is off, and another order of the steps."""
    values = quiet_values()
    right = by_strategy_and_exit(chain_shares(values, "fall"))
    counts = lived(values, "fall", 12)

    def fits(expected: dict[str, float]) -> bool:
        try:
            for name, share in expected.items():
                if share >= 0.02:
                    assert_count_plausible(
                        counts[name], trials=PERSONS, probability=share, false_alarm=FALSE_ALARM, must_see=0.5
                    )
        except AssertionError:
            return False
        return True

    assert fits(right)
    one_rule = by_strategy_and_exit(chain_shares(quiet_values(onward_former_asylum_hazard=0.04), "fall"))
    assert not fits(one_rule)
    better = point_draw()["dependence_utility"] + 0.1
    one_choice = by_strategy_and_exit(chain_shares(quiet_values(dependence_utility=better), "fall"))
    assert not fits(one_choice)
    assert not fits(by_strategy_and_exit(chain_shares(values, "fall", MONTH[::-1])))
