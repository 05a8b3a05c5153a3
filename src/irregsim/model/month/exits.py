"""Step 9, exits: assisted return, onward travel, permits, schemes, death (F 2.1, 10.1)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from irregsim.model.engine import Contest, Decided, Part, Rule, drawn, lookup, tabulated, with_children
from irregsim.model.values import At
from irregsim.model.world import Rows, World
from irregsim.vocabulary.codes import Exit, Household, RegisterEvent, Substrategy

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]


def eligible_for_assistance(who: Rows, at: At) -> BoolArray:
    """Who may use the return scheme: former asylum seekers, or all where it is open to all (M005)."""
    return np.asarray((who.is_sought_asylum | bool(at.assisted_open_to_all)) & ~who.is_dublin)


def assisted_factor(who: Rows, at: At) -> FloatArray:
    """Ratio on assisted return from risk, time and the scheme: one sensitivity for centre, hiding and free fall.

    Args:
        who: Reads ``perceived_risk`` (0 to 1 a year), ``country``, ``months_irregular`` and ``household``.
        at: Reads ``assisted_risk_slope``, ``assisted_duration_power``, ``assisted_scheme``, ``assisted_support_nok``,
            ``assisted_support_elasticity``, ``assisted_information``, ``assisted_information_elasticity``,
            ``assisted_family_offer_nok`` (per child, on top) and ``children_per_guardian_mean``,
            ``assisted_willingness`` (by citizenship: where the state takes nobody back by force, fewer are willing).

    Returns:
        Ratio above 0, shape (n,). Mechanisms: M001-M004.
    """
    ratio = who.risk_response(at.assisted_risk_slope) * at.assisted_willingness[who.country]
    ratio = ratio * tabulated(lambda months: (1.0 + months / 6.0) ** at.assisted_duration_power, who.months_irregular)
    # The sum is lower once the deadline to leave has passed, a month after the rejection (F 2.1 fn 5; UDI).
    after = np.array([1.0, at.assisted_support_after_deadline_share])
    # What families are offered on top is counted per head: of the guardian and the children who go along.
    per_child = at.children_per_guardian_mean / (1.0 + at.children_per_guardian_mean)
    family = np.array([[0.0], [at.assisted_family_offer_nok * per_child]])
    support = np.maximum(at.assisted_support_nok * after + family, 100.0) / at.assisted_support_reference_nok
    information = max(at.assisted_information, 0.01)
    scheme = at.assisted_scheme * support**at.assisted_support_elasticity
    ratio = ratio * lookup(scheme, who.household == Household.GUARDIAN, who.months_irregular >= 1)
    return np.asarray(ratio * information**at.assisted_information_elasticity)


def hardship_ratio(who: Rows, at: At) -> FloatArray:
    """Ratio on leaving for persons with a strategy in hardship: wages withheld, violence, or debts for rent (M103)."""
    ratio = np.exp(at.departure_from_hardship_log_ratio)
    return np.asarray(1.0 + (ratio - 1.0) * (who.is_exploited | who.in_violence | who.pays_rent))


def assisted_return_hazard(who: Rows, at: At) -> FloatArray:
    """Hazard of assisted return from a centre or from hiding; from free fall it is an option of the choice.

    Args:
        who: Reads what `assisted_factor` and `eligible_for_assistance` read, and ``strategy``.
        at: Reads ``assisted_return_hazard`` (per month, in centres), ``assisted_hidden_ratio``,
            ``departure_from_hardship_log_ratio``.

    Returns:
        Events per person-month, shape (n,). Mechanisms: M001-M005.
    """
    hidden = at.assisted_hidden_ratio
    ratio = at.assisted_return_hazard * np.array([1.0, hidden, hidden, hidden, 0.0])[who.strategy]
    # A centre furthers return, alternative placement less so (F 7.2; M109).
    ratio = ratio * np.where(who.in_alternative_placement, at.alternative_return_ratio, 1.0)
    return np.asarray(ratio * eligible_for_assistance(who, at) * assisted_factor(who, at) * hardship_ratio(who, at))


def onward_hazard(who: Rows, at: At) -> FloatArray:
    """Hazard of onward travel or going home on one's own; from free fall it is an option of the choice.

    Args:
        who: Reads ``is_sought_asylum``, ``strategy``, ``substrategy``, ``months_irregular``.
        at: Reads ``onward_duration_power`` (who has stayed long is likelier to stay), and
            ``onward_former_asylum_hazard`` and ``onward_never_asylum_hazard`` (per month),
            ``onward_centre_ratio``, ``family_reunion_onward_ratio``, ``departure_from_hardship_log_ratio``.

    Returns:
        Events per person-month, shape (n,). Mechanisms: M006, M094, M103.
    """
    base = np.array([at.onward_never_asylum_hazard, at.onward_former_asylum_hazard])
    by_substrategy = np.ones(len(Substrategy))
    by_substrategy[Substrategy.PARTNER] = at.family_reunion_onward_ratio
    by_strategy = np.array([at.onward_centre_ratio, 1.0, 1.0, 1.0, 0.0])
    table = base[:, None, None] * by_strategy[:, None] * by_substrategy
    hazard = lookup(table, who.is_sought_asylum, who.strategy, who.substrategy)
    stays = tabulated(lambda months: (1.0 + months / 12.0) ** at.onward_duration_power, who.months_irregular)
    return np.asarray(hazard * stays * hardship_ratio(who, at))


def regularised_hazard(who: Rows, at: At) -> FloatArray:
    """Hazard of a permit by reversal, family or humanitarian ground (M053, M083, M093, M095).

    Higher for guardians of children who are citizens or have a permit; lower for those expelled, whom an entry ban
    also keeps from family routes.

    Args:
        who: Reads ``child_status``, ``decision``, ``substrategy``.
        at: Reads ``regularisation_hazard`` (per month), ``child_permit_ratio``, ``expelled_permit_ratio``,
            ``partner_permit_ratio``.
    """
    by_child = np.array([1.0, at.child_permit_ratio, at.child_permit_ratio])
    by_decision = np.array([1.0, 1.0, at.expelled_permit_ratio, at.expelled_permit_ratio])
    by_substrategy = np.ones(len(Substrategy))
    by_substrategy[Substrategy.PARTNER] = at.partner_permit_ratio
    table = at.regularisation_hazard * by_child[:, None, None] * by_decision[:, None] * by_substrategy
    return lookup(table, who.child_status, who.decision, who.substrategy)


def temporary_permit_hazard(who: Rows, at: At) -> FloatArray:
    """Hazard of a time-limited permit under section 74, for those who cooperate and cannot be returned all the same.

    At-risk set: former asylum seekers with established identity whose country takes hardly anybody back; who withholds
    the identity earns no permit (F 2.1; M096). After three years the immigration regulation (section 8-7) is wider.

    Args:
        who: Reads ``is_rejected``, ``is_identity_established``, ``country``, ``months_irregular``.
        at: Reads ``temporary_permit_hazard`` (per month), ``temporary_permit_long_ratio`` and ``takes_hardly_back`` (by
            citizenship: the two lowest groups of the month, no agreement in force).
    """
    cannot = at.takes_hardly_back[who.country]
    earns = who.is_rejected & who.is_identity_established & cannot
    long = np.where(who.months_irregular >= 36, at.temporary_permit_long_ratio, 1.0)
    return np.asarray(at.temporary_permit_hazard * earns * long)


def death_hazard(who: Rows, at: At) -> FloatArray:
    """Hazard of death by age (Gompertz). Reads ``death_hazard_at_30`` (per month), ``death_log_slope`` (per year)."""
    return tabulated(lambda years: at.death_hazard_at_30 * np.exp(at.death_log_slope * (years - 30.0)), who.age_whole)


class Departures(Contest):
    """Ways of leaving that a person or an office decides on, other than the police."""

    name = "departures"
    step = 9
    rules = (
        Rule(
            channel="assisted_return",
            hazard=assisted_return_hazard,
            mechanisms=("M001", "M002", "M003", "M004", "M005"),
            source="F 2.1",
            grade="B",
            enters=Exit.ASSISTERT_RETUR,
            cause="assisted_return",
            notes=(RegisterEvent.ASSISTED_RETURN,),
        ),
        Rule(
            channel="onward",
            hazard=onward_hazard,
            mechanisms=("M006", "M094", "M103"),
            source="F 4.4; 10.1; rate assumed",
            grade="D",
            enters=Exit.VIDERE,
            cause="onward",
        ),
        Rule(
            channel="regularised",
            hazard=regularised_hazard,
            mechanisms=("M053", "M083", "M093", "M095"),
            source="F 2.1; 4.7",
            grade="B",
            enters=Exit.REGULARISERT,
            cause="permit",
        ),
        Rule(
            channel="temporary_permit",
            hazard=temporary_permit_hazard,
            mechanisms=("M096",),
            source="F 2.1: 114 permits in 2019",
            grade="B",
            enters=Exit.MIDLERTIDIG,
            cause="temporary_permit",
        ),
        Rule(
            channel="death",
            hazard=death_hazard,
            mechanisms=(),
            source="order of magnitude of national mortality",
            grade="D",
        ),
    )

    def at_risk(self, world: World, at: At) -> IntArray:
        """Everybody free to act."""
        return world.everyone()

    def settle(self, world: World, at: At, decided: Decided) -> None:
        """Leaves the population; some are seen at the border, some will be back, and a guardian may die."""
        seen_at_exit(world, at, decided.of("onward"))
        back_later(world, at, decided.of("temporary_permit"))
        dead = decided.of("death")
        # Child welfare takes over the children of a guardian who dies: legal stay, an assumption.
        kids, _ = world.population.children_of(dead)
        world.move(kids, Exit.REGULARISERT, "family", with_children=False)
        world.move(dead, Exit.DOD, "death", with_children=False)
        super().settle(world, at, decided)


def leave_onward(world: World, at: At, rows: IntArray, cause: str) -> None:
    """Onward travel for another cause than the rule's own."""
    seen_at_exit(world, at, rows)
    world.move(rows, Exit.VIDERE, cause)


def seen_at_exit(world: World, at: At, rows: IntArray) -> None:
    """A leaver seen as overstayer at the outer border is expelled without any transport (M058).

    So a lever that sends people abroad raises that register (docs/odd.md).

    Args:
        world: The replicate.
        at: Values of the month; reads ``exit_control_detection_share``.
        rows: Heads of household about to leave, shape (n,).
    """
    p = world.population
    listed = p.is_sought_asylum[rows] & ~p.without_rejection(rows)
    # Nobody tells PU: the name stays on its list of those with a final rejection.
    world.note(RegisterEvent.LEFT_UNNOTICED, with_children(world, rows[listed]))
    never = rows[~listed & (p.decision[rows] < 2)]
    seen = never[drawn(world, "exit_control", never, at.exit_control_detection_share)]
    world.note(RegisterEvent.EXPULSION_IMMIGRATION_ACT, seen)


def leave_temporarily(world: World, at: At, rows: IntArray, cause: str) -> None:
    """Temporary legal stay for another cause than the rule's own."""
    back_later(world, at, rows)
    world.move(rows, Exit.MIDLERTIDIG, cause)


def back_later(world: World, at: At, rows: IntArray) -> None:
    """Sets the month in which a temporary stay ends, for the children too; reads ``temporary_permit_months``."""
    until = world.month + round(at.temporary_permit_months)
    world.population.back_due[with_children(world, rows)] = until


class Schemes(Part):
    """Regularisation schemes and amnesties in force: those eligible are granted stay with a monthly chance (M097)."""

    name = "schemes"
    step = 9
    options = ("not_granted", "granted")

    def at_risk(self, world: World, at: At) -> IntArray:
        """Persons whom some scheme in force admits."""
        schemes = [s for s in at.schemes if s.start <= at.month and (s.end is None or at.month <= s.end)]
        if not schemes:
            return np.empty(0, dtype=np.int64)
        rows = world.everyone()
        who = world.rows(rows)
        years = (who.months_irregular + np.where(who.is_sought_asylum, at.residence_before_months, 0.0)) / 12.0
        admitted = np.zeros(len(rows), dtype=np.bool_)
        for scheme in schemes:
            fits = (years >= scheme.min_years) & (who.age_years + years >= scheme.min_age_plus_years)
            if scheme.no_conviction:
                fits &= ~who.is_convicted
            if scheme.sought_asylum_only:
                fits &= who.is_sought_asylum
            if scheme.families_only:
                fits &= who.is_guardian
            admitted |= fits
        return rows[admitted]

    def decide(self, world: World, at: At, rows: IntArray) -> Decided:
        """Whether the application is granted this month."""
        granted = drawn(world, "scheme_regularised", rows, at.scheme_uptake_share)
        return self.decided(rows, granted.astype(np.int64))

    def settle(self, world: World, at: At, decided: Decided) -> None:
        """Legal stay."""
        world.move(decided.of("granted"), Exit.REGULARISERT, "scheme")
