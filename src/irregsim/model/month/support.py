"""Step 6, support: hosts tire, ask for rent, relations break; ways out of the margins (F 4.4, 4.6, 4.7, 9.2)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from irregsim.model.engine import Contest, Decided, Rule, drawn
from irregsim.model.month.discretion import says_yes
from irregsim.model.month.network import lose_tie
from irregsim.model.values import At
from irregsim.model.world import Rows, World
from irregsim.vocabulary.codes import Exit, Strategy, Substrategy

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


def _is_near(who: Rows) -> npt.NDArray[np.bool_]:
    return np.asarray((who.substrategy == Substrategy.PARTNER) | (who.substrategy == Substrategy.SURVIVAL_SEX))


def _fatigue(who: Rows, at: At) -> FloatArray:
    return np.asarray((1.0 + who.months_in_strategy / 12.0) ** at.host_fatigue / who.host_patience)


def host_ends_stay_hazard(who: Rows, at: At) -> FloatArray:
    """Hazard that a host asks the guest to leave.

    At-risk set: dependents but for partners. Hosts tire, so the hazard changes with the length of the spell; each has
    a patience of their own. Relatives tire more slowly, congregations too; a guest who owes rent and has no side job
    goes sooner.

    Args:
        who: Reads ``months_in_strategy``, ``host_patience``, ``substrategy``, ``pays_rent``, ``side_employer``.
        at: Reads ``host_ends_stay_hazard`` (per month, first month, friend), ``host_fatigue`` (power),
            ``partner_hazard_ratio`` (near relatives too), ``congregation_hazard_ratio``, ``rent_unpaid_ratio``.

    Returns:
        Events per person-month, shape (n,). Mechanisms: M034, M035, M039, M041.
    """
    ratio = np.where(who.substrategy == Substrategy.RELATIVE, at.partner_hazard_ratio, 1.0)
    ratio = np.where(who.substrategy == Substrategy.CONGREGATION, at.congregation_hazard_ratio, ratio)
    ratio = np.where(who.pays_rent & (who.side_employer < 0), ratio * at.rent_unpaid_ratio, ratio)
    return np.where(_is_near(who), 0.0, at.host_ends_stay_hazard * _fatigue(who, at) * ratio)


def break_up_hazard(who: Rows, at: At) -> FloatArray:
    """Hazard that a partner relation ends; survival sex ends as fast as a stay with a friend (M036, M043)."""
    ratio = np.where(who.substrategy == Substrategy.PARTNER, at.partner_hazard_ratio * at.break_up_ratio, 1.0)
    return np.where(_is_near(who), at.host_ends_stay_hazard * _fatigue(who, at) * ratio, 0.0)


def rent_demand_hazard(who: Rows, at: At) -> FloatArray:
    """Hazard that a friend begins to ask for rent (M034). Reads ``rent_demand_hazard`` (per month)."""
    asks = (who.substrategy == Substrategy.FRIEND) & ~who.pays_rent
    return np.where(asks, at.rent_demand_hazard, 0.0)


def violence_begins_hazard(who: Rows, at: At) -> FloatArray:
    """Hazard that a relation turns violent or exploitative; higher with an exploitative host (M037, M038, M043)."""
    near = _is_near(who) | who.host_is_exploitative
    ratio = np.where(who.host_is_exploitative, at.exploitative_violence_ratio, 1.0)
    return np.where(near & ~who.in_violence, at.violence_onset_hazard * ratio, 0.0)


def violence_breaks_hazard(who: Rows, at: At) -> FloatArray:
    """Hazard that violence or exploitation ends the stay.

    Without protection people stay (M038, M099); safe reporting and a crisis centre that admits make leaving easier.

    Args:
        who: Reads ``in_violence`` and ``city``.
        at: Reads ``violence_hazard`` (per month), ``safe_reporting_leave_ratio``, ``crisis_centre_leave_ratio``,
            ``no_removal_when_reporting``, ``crisis_centre_admission`` (by city).
    """
    admitted = admission_chance(at, who.city)
    ratio = at.safe_reporting_leave_ratio if at.no_removal_when_reporting else 1.0
    ratio = ratio * (1.0 + (at.crisis_centre_leave_ratio - 1.0) * admitted)
    hazard = at.violence_hazard * at.violence_exposure_ratio * ratio
    return np.where(who.in_violence, hazard, 0.0)


def admission_chance(at: At, city: IntArray) -> FloatArray:
    """Chance that a crisis centre admits: certain where that is the rule, else by discretion (F 4.7, 9.2; M051, M054).

    Args:
        at: Reads ``crisis_centre_admission`` (by city) and ``crisis_centre_yes_share``.
        city: City of each person, shape (n,).
    """
    return np.where(
        np.append(at.crisis_centre_admission, False)[city], 1.0, says_yes(at, at.crisis_centre_yes_share, city)
    )


def benefits_stopped_hazard(who: Rows, at: At) -> FloatArray:
    """Hazard that the provider's own benefits are cut while a relative lives there (M040).

    The only case in the report ended in concealment: the stay goes on, hidden and at the guest's expense.
    """
    return np.where(who.substrategy == Substrategy.RELATIVE, at.benefits_stopped_hazard, 0.0)


class Support(Contest):
    """What ends or sours a stay with somebody."""

    name = "support"
    step = 6
    rules = (
        Rule(
            channel="host_ends_stay",
            hazard=host_ends_stay_hazard,
            mechanisms=("M034", "M035", "M039", "M041"),
            source="F 4.4; 4.7",
            grade="C",
            enters=Strategy.FRITT_FALL,
            cause="host_ends_stay",
        ),
        Rule(
            channel="break_up",
            hazard=break_up_hazard,
            mechanisms=("M036", "M043"),
            source="F 4.7; 7.3",
            grade="C",
            enters=Strategy.FRITT_FALL,
            cause="break_up",
        ),
        Rule(
            channel="rent_demand",
            hazard=rent_demand_hazard,
            mechanisms=("M034",),
            source="F 4.4",
            grade="C",
        ),
        Rule(
            channel="violence_begins",
            hazard=violence_begins_hazard,
            mechanisms=("M037", "M038", "M043"),
            source="F 4.7; 9.2; rate assumed",
            grade="D",
        ),
        Rule(
            channel="violence_breaks",
            hazard=violence_breaks_hazard,
            mechanisms=("M037", "M038", "M053", "M054", "M099"),
            source="F 4.7; 9.2",
            grade="C",
        ),
        Rule(
            channel="benefits_stopped",
            hazard=benefits_stopped_hazard,
            mechanisms=("M040",),
            source="F 4.4; rate assumed",
            grade="D",
        ),
    )

    def at_risk(self, world: World, at: At) -> IntArray:
        """Dependents free to act."""
        return world.who(Strategy.AVHENGIG)

    def settle(self, world: World, at: At, decided: Decided) -> None:
        """Ends stays; a tie is used up by use. Some who leave a violent relation are permitted to stay."""
        p = world.population
        p.pays_rent[decided.of("rent_demand")] = True
        p.in_violence[decided.of("violence_begins")] = True
        cut = decided.of("benefits_stopped")
        p.pays_rent[cut] = True
        p.is_shaken[cut] = True
        for ends in ("host_ends_stay", "break_up", "violence_breaks"):
            rows = decided.of(ends)
            lose_tie(world, rows, p.host[rows])
        rows = decided.of("violence_breaks")
        city = world.rows(rows).city
        admitted = admission_chance(at, city)
        chance = at.abuse_permit_share + (at.abuse_permit_admitted_share - at.abuse_permit_share) * admitted
        permit = drawn(world, "crisis_centre", rows, chance)
        world.history.outcome("offences_reported", world.month, p.place[rows[permit]])
        world.move(rows[permit], Exit.REGULARISERT, "permit")
        world.move(rows[~permit], Strategy.FRITT_FALL, "violence")
        super().settle(world, at, decided)


def way_out_hazard(who: Rows, at: At) -> FloatArray:
    """Hazard of leaving the margins through help; debts and want of treatment hold people back (M078, M079, M083).

    Args:
        who: Reads ``substrategy``, ``has_care_need``, ``decision``.
        at: Reads ``way_out_hazard`` (per month), ``drug_debt_ratio``, ``no_treatment_ratio``,
            ``expelled_way_out_ratio``.
    """
    ratio = np.where(who.substrategy == Substrategy.DRUGS, at.drug_debt_ratio * at.no_treatment_ratio, 1.0)
    ratio = np.where(who.decision >= 2, ratio * at.expelled_way_out_ratio, ratio)
    return np.asarray(at.way_out_hazard * ratio)


def market_loss_hazard(who: Rows, at: At) -> FloatArray:
    """Hazard that the market fails; in the pandemic the sale of sex lost its income (M080)."""
    sells = who.substrategy == Substrategy.SEX_SALE
    extra = at.pandemic_sex_market_hazard if at.pandemic else 0.0
    return np.asarray(at.market_loss_hazard + np.where(sells, extra, 0.0))


class Livelihood(Contest):
    """What ends a life at the margins, other than the police; both ends lead to a new choice this month."""

    name = "livelihood"
    step = 6
    rules = (
        Rule(
            channel="way_out",
            hazard=way_out_hazard,
            mechanisms=("M078", "M079", "M081", "M083"),
            source="F 4.6; rate assumed",
            grade="D",
            enters=Strategy.FRITT_FALL,
            cause="way_out",
        ),
        Rule(
            channel="market_loss",
            hazard=market_loss_hazard,
            mechanisms=("M080",),
            source="F 7.3; 7.5; rate assumed",
            grade="D",
            enters=Strategy.FRITT_FALL,
            cause="market_loss",
        ),
    )

    def at_risk(self, world: World, at: At) -> IntArray:
        """The marginalised who are free to act."""
        return world.who(Strategy.MARGINALISERT)
