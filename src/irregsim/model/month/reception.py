"""Step 4, reception: places close, residents move on, walk out, are fetched or transferred (F 4.3, 7.2)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from irregsim.model.centres import PLACE_OF
from irregsim.model.engine import Contest, Decided, Part, Rule, drawn, lookup, tabulated, with_children
from irregsim.model.month.discretion import sent_ratio
from irregsim.model.month.network import cut_ties
from irregsim.model.month.placing import beds_of, counted_residents, ordinary_places, place_in_centres
from irregsim.model.values import At
from irregsim.model.world import Rows, World
from irregsim.vocabulary.codes import Exit, Household, RegisterEvent, Route, Strategy

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


class Transfers(Part):
    """Residents whose unit closes, or who are too many for what is left, go along, walk out or find no place.

    Mechanisms: M020, M021, M025. A closing is a due date, not a hazard; who walks out is a keyed share. Families may
    stay in alternative placement where the city has it.
    """

    name = "transfers"
    step = 4
    options = ("goes_along", "walks_out", "loses_right")

    def at_risk(self, world: World, at: At) -> IntArray:
        """Heads of household whose unit closes, and the last in rank of centres above capacity."""
        p = world.population
        heads = np.flatnonzero((p.strategy == Strategy.SYNLIG) & (p.guardian < 0))
        if len(heads) == 0:
            return heads
        centre = p.centre[heads]
        closes = world.draws.uniform("unit_closes", world.month, p.key[heads]) < world.centres.closing_share[centre]
        dublin = p.route[heads] == Route.DUBLIN
        over = world.centres.capacity[centre] == 0
        excess = counted_residents(world) - world.centres.capacity
        if at.interactions and (excess > 0).any():
            beds = np.where(dublin, 0, beds_of(world, heads))
            rank = world.draws.uniform("overflow_rank", world.month, p.key[heads])
            order = np.lexsort((rank, centre))
            sorted_centre, sorted_beds = centre[order], beds[order]
            running = np.cumsum(sorted_beds)
            first = np.searchsorted(sorted_centre, sorted_centre, side="left")
            used = running - (running[first] - sorted_beds[first])
            over[order] |= (used > world.centres.capacity[sorted_centre]) & ~dublin[order]
        # Where a final rejection ends the right to stay, only persons under a Dublin decision remain.
        leaves = ~dublin & (not at.stay_after_rejection)
        # A Dublin case moves on where another centre is open, and stays where none is: reception continues for them.
        stays = dublin & ~ordinary_places(world).any()
        return np.asarray(heads[(closes | over | leaves) & ~stays])

    def decide(self, world: World, at: At, rows: IntArray) -> Decided:
        """Whether each goes along; ending the right to stay leaves no choice."""
        p = world.population
        ratio = np.where(p.household[rows] > 0, at.family_walkout_ratio, 1.0)
        out = drawn(world, "transfer_walkout", rows, at.walkout_at_transfer_share * ratio)
        code = np.where(out, self.outcomes["walks_out"], self.outcomes["goes_along"])
        if not at.stay_after_rejection:
            code[p.route[rows] != Route.DUBLIN] = self.outcomes["loses_right"]
        return self.decided(rows, code)

    def settle(self, world: World, at: At, decided: Decided) -> None:
        """Walks out first, then finds places by rank for those who go along."""
        p = world.population
        world.move(decided.of("loses_right"), Strategy.FRITT_FALL, "right_to_stay_ended")
        out = decided.of("walks_out")
        world.note(RegisterEvent.LEFT_CENTRE, with_children(world, out))
        world.move(out, Strategy.FRITT_FALL, "transfer_walkout")
        rows = decided.of("goes_along")
        p.centre[with_children(world, rows)] = -1
        centre = place_in_centres(world, at, rows, "transfer_rank")
        found = centre >= 0
        moved = rows[found]
        p.transfer_count[moved] += 1
        kids, _ = world.population.children_of(moved)
        world.history.outcome("child_centre_moves", world.month, p.place[kids])
        cut_ties(world, moved[p.place[moved] != PLACE_OF[centre[found]]], at.tie_loss_at_transfer_share)
        move_in(world, moved, centre[found], "transfer")
        world.move(rows[~found], Strategy.FRITT_FALL, "no_place")


def move_in(world: World, rows: IntArray, centre: IntArray, cause: str) -> None:
    """Residents and their children live where their centre is.

    Args:
        world: The replicate.
        rows: Heads of household, shape (n,).
        centre: Centre of each.
        cause: Why they came; a name in `vocabulary.CAUSES`.
    """
    p = world.population
    kids, where = world.population.children_of(rows)
    p.centre[rows] = centre
    p.centre[kids] = centre[where]
    elsewhere = p.place[rows] != PLACE_OF[centre]
    world.relocate(rows[elsewhere], PLACE_OF[centre[elsewhere]], cause)


def walkout_hazard(who: Rows, at: At) -> FloatArray:
    """Hazard that a resident leaves the centre without an address.

    At-risk set: former asylum seekers in centres. Rises with perceived risk of forced return, remoteness and the
    number of transfers; lower for families, the ill and the old who are alone; falls with the allowance and with time,
    since those who remain are a selected group.

    Args:
        who: Reads ``perceived_risk``, ``household``, ``has_care_need``, ``remoteness``, ``months_irregular``,
            ``has_tie``, ``is_dublin``, ``age_over_66``.
        at: Reads ``walkout_hazard`` (per month), ``walkout_risk_slope``, ``family_walkout_ratio``,
            ``ill_walkout_ratio``, ``walkout_no_tie_ratio``, ``walkout_duration_power``, ``basic_allowance_nok``,
            ``allowance_walkout_elasticity``, ``remote_walkout_ratio``, ``elderly_walkout_ratio``.

    Returns:
        Events per person-month, shape (n,). Mechanisms: M007, M013-M019, M022, M090, M098.
    """
    level = at.walkout_hazard * allowance_ratio(at) ** -at.allowance_walkout_elasticity
    by_household = np.array([1.0, at.family_walkout_ratio, at.family_walkout_ratio])
    by_illness = np.array([1.0, at.ill_walkout_ratio])
    by_tie = np.array([at.walkout_no_tie_ratio, 1.0])
    table = level * by_household[:, None, None] * by_illness[:, None] * by_tie
    hazard = lookup(table, who.household, who.has_care_need, who.has_tie)
    hazard = hazard * (1.0 + (at.remote_walkout_ratio - 1.0) * who.remoteness)
    alone = who.age_over_66 & (who.household == Household.ALONE)
    hazard = hazard * (1.0 + (at.elderly_walkout_ratio - 1.0) * alone)
    hazard = hazard * tabulated(lambda months: (1.0 + months / 6.0) ** at.walkout_duration_power, who.months_irregular)
    return np.asarray(hazard * who.risk_response(at.walkout_risk_slope) * ~who.is_dublin)


def allowance_ratio(at: At) -> float:
    """Basic allowance relative to the reference, never below a hundredth: an elasticity has no meaning at nothing."""
    return max(float(at.basic_allowance_nok / at.allowance_reference_nok), 0.01)


def pu_fetch_hazard(who: Rows, at: At) -> FloatArray:
    """Hazard that PU fetches a returnable resident from the known address (M007-M011, M059, M063).

    Args:
        who: Reads ``feasibility``, ``has_care_need``, ``household``, ``is_dublin``, ``in_alternative_placement``.
        at: Reads ``pu_fetch_hazard`` (per month, effort of 2013), ``pu_effort`` (ratio), ``ill_fetch_ratio``,
            ``family_fetch_ratio``, ``alternative_return_ratio``.
    """
    known = np.where(who.in_alternative_placement, at.alternative_return_ratio, 1.0)
    return np.asarray(at.pu_fetch_hazard * at.pu_effort * sent_ratio(who, at) * ~who.is_dublin * known)


def dublin_transfer_hazard(who: Rows, at: At) -> FloatArray:
    """Hazard of transfer to another Dublin state (M007). Reads ``dublin_transfer_hazard`` and ``dublin_effort``."""
    return np.asarray(at.dublin_transfer_hazard * at.dublin_effort * who.is_dublin)


def dublin_abscond_hazard(who: Rows, at: At) -> FloatArray:
    """Hazard that a person under a Dublin decision absconds (M018). Reads ``dublin_abscond_hazard``."""
    return np.asarray(at.dublin_abscond_hazard * who.is_dublin)


class Residence(Contest):
    """What ends a stay in a centre, other than its closing."""

    name = "residence"
    step = 4
    rules = (
        Rule(
            channel="walkout",
            hazard=walkout_hazard,
            mechanisms=("M013", "M014", "M015", "M016", "M018", "M019", "M022", "M090", "M098"),
            source="F 4.3; 7.2",
            grade="C",
            enters=Strategy.FRITT_FALL,
            cause="walkout",
            notes=(RegisterEvent.LEFT_CENTRE,),
        ),
        Rule(
            channel="pu_fetch",
            hazard=pu_fetch_hazard,
            mechanisms=("M007", "M008", "M009", "M010", "M059"),
            source="F 4.3; 7.5; 10.1",
            grade="D",
            enters=Exit.TVANGSRETUR,
            cause="pu_fetch",
            notes=(RegisterEvent.ORDER_ASYLUM, RegisterEvent.TRANSPORT_ASYLUM),
        ),
        Rule(
            channel="dublin_transfer",
            hazard=dublin_transfer_hazard,
            mechanisms=("M007",),
            source="external/public_figures.csv, 2010-2011",
            grade="A",
            enters=Exit.TVANGSRETUR,
            cause="dublin_transfer",
            notes=(RegisterEvent.TRANSPORT_DUBLIN,),
        ),
        Rule(
            channel="dublin_abscond",
            hazard=dublin_abscond_hazard,
            mechanisms=("M018",),
            source="external/public_figures.csv, 2010-2011",
            grade="A",
            enters=Strategy.FRITT_FALL,
            cause="dublin_abscond",
            notes=(RegisterEvent.DUBLIN_LEFT_CENTRE,),
        ),
    )

    def at_risk(self, world: World, at: At) -> IntArray:
        """Residents free to act."""
        return world.who(Strategy.SYNLIG)

    def settle(self, world: World, at: At, decided: Decided) -> None:
        """Moves out, or out of the country; compatriots hear of those whom PU fetches."""
        world.hear_of(with_children(world, decided.of("pu_fetch")))
        super().settle(world, at, decided)
