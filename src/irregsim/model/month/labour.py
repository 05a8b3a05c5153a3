"""Step 5, the labour market: who is willing to hire, who is found, who loses a job, who is offered one (F 4.5, 8)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from irregsim.model.employers import DAYS_PER_MONTH
from irregsim.model.engine import Contest, Decided, Part, Rule, drawn
from irregsim.model.history import DISTRICT_OF
from irregsim.model.month.control import meets_police
from irregsim.model.month.discretion import sent_ratio
from irregsim.model.month.exits import leave_temporarily
from irregsim.model.month.placing import jobs_filled, place_in_jobs
from irregsim.model.month.reception import allowance_ratio
from irregsim.model.values import At
from irregsim.model.world import Rows, World
from irregsim.vocabulary.codes import RegisterEvent, Side, Strategy, is_exit

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


class Dismissal(Part):
    """Employers decide on jobs for the month; one who is no longer willing lets people go (M067).

    Within an employer the first in keyed rank keep their jobs when fewer are left.
    """

    name = "dismissal"
    step = 5
    options = ("let_go",)

    def begin(self, world: World, at: At) -> None:
        """Sets willingness and open jobs."""
        world.employers.decide(at, world.employers.inspections(at))

    def at_risk(self, world: World, at: At) -> IntArray:
        """Workers, with main or side jobs, beyond what their employer still offers."""
        p, employers = world.population, world.employers
        holder = np.flatnonzero((p.employer >= 0) | (p.side_employer >= 0))
        employer = np.maximum(p.employer[holder], p.side_employer[holder])
        if not at.interactions:
            return holder[~employers.is_willing[employer]]
        filled = np.bincount(employer, minlength=len(employers))
        # Where no worker is too many, all keep their jobs and need no rank.
        too_many = (filled > employers.open_jobs)[employer]
        holder, employer = holder[too_many], employer[too_many]
        if len(holder) == 0:
            return holder
        rank = world.draws.uniform("dismissal_rank", world.month, p.key[holder])
        order = np.lexsort((rank, employer))
        sorted_employer = employer[order]
        position = np.arange(len(order)) - np.searchsorted(sorted_employer, sorted_employer, side="left")
        return holder[order[position >= employers.open_jobs[sorted_employer]]]

    def decide(self, world: World, at: At, rows: IntArray) -> Decided:
        """Nobody is asked."""
        return self.decided(rows, np.zeros(len(rows), dtype=np.int64))

    def settle(self, world: World, at: At, decided: Decided) -> None:
        """Main jobs end in free fall; side jobs just end."""
        p = world.population
        rows = decided.of("let_go")
        end_side_job(world, rows[p.employer[rows] < 0])
        world.move(rows[p.employer[rows] >= 0], Strategy.FRITT_FALL, "employer_stops")


def end_side_job(world: World, rows: IntArray) -> None:
    """Takes away a side job."""
    p = world.population
    p.side_employer[rows] = -1
    p.side[rows] = np.where(p.side[rows] == Side.WORK, int(Side.NONE), p.side[rows])


def _found(who: Rows, at: At, district: IntArray, in_home: npt.NDArray[np.bool_]) -> FloatArray:
    intensity = at.control_effort * at.work_control * at.workplace_inspections
    # Forged papers of an EU state hide a worker, less so where employers must check (F 4.5; M065).
    hidden = at.forged_recognition_ratio
    recognised = np.where(who.has_forged_papers, hidden, 1.0)
    # A valid tax card makes the job itself regular, so an inspection finds nothing to sanction (M032).
    carded = np.where(who.has_tax_card & bool(at.tax_card), at.tax_card_inspection_ratio, 1.0)
    # Work in private homes is hardly ever inspected (F 8.1; M073).
    home = np.where(in_home, at.private_household_inspection_ratio, 1.0)
    return np.asarray(at.workplace_inspection_hazard * intensity[district] * recognised * carded * home)


def inspected_hazard(who: Rows, at: At) -> FloatArray:
    """Hazard that a worker is found in an inspection.

    Args:
        who: Reads ``employer_district``, ``has_forged_papers``, ``has_tax_card``.
        at: Reads ``workplace_inspection_hazard`` (per month, 2019), ``control_effort``, ``work_control``
            and ``workplace_inspections`` (by district), ``forged_recognition_ratio``, ``tax_card``,
            ``tax_card_inspection_ratio``.

    Returns:
        Events per person-month, shape (n,). Mechanisms: M055, M056, M062, M065, M070.
    """
    return _found(who, at, who.employer_district, who.employer_is_home)


def side_inspected_hazard(who: Rows, at: At) -> FloatArray:
    """The same for a side job, which is exposed as a main job is (docs/odd.md)."""
    return _found(who, at, who.side_employer_district, who.side_employer_is_home)


def job_loss_hazard(who: Rows, at: At) -> FloatArray:
    """Hazard that an informal job ends for reasons other than inspection (M064); a tax card halves it (M032, M033)."""
    carded = who.has_tax_card & bool(at.tax_card)
    return np.asarray(at.job_loss_hazard * np.where(carded, at.tax_card_job_loss_ratio, 1.0))


def tax_card_loss_hazard(who: Rows, at: At) -> FloatArray:
    """Extra hazard of losing the card, and the job with it (M031, M114).

    At-risk set: workers who still hold one from before. Cards were withdrawn in single cases first (2011), and are kept
    by nobody once rejected asylum seekers may not keep them (2015).

    Args:
        who: Reads ``has_tax_card``.
        at: Reads ``tax_card`` (whether those rejected keep it), ``tax_card_withdrawn_hazard`` while they do and
            ``tax_card_loss_2015_hazard`` when not (per month).
    """
    hazard = at.tax_card_withdrawn_hazard if at.tax_card else at.tax_card_loss_2015_hazard
    return np.where(who.has_tax_card, hazard, 0.0)


class Work(Contest):
    """What ends or endangers a main job."""

    name = "work"
    step = 5
    rules = (
        Rule(
            channel="inspection",
            hazard=inspected_hazard,
            mechanisms=("M055", "M056", "M062", "M065", "M070"),
            source="F 8.2; 8.3",
            grade="D",
        ),
        Rule(
            channel="job_loss",
            hazard=job_loss_hazard,
            mechanisms=("M032", "M033", "M064"),
            source="F 4.7",
            grade="D",
            enters=Strategy.FRITT_FALL,
            cause="job_loss",
        ),
        Rule(
            channel="tax_card_loss",
            hazard=tax_card_loss_hazard,
            mechanisms=("M031", "M032", "M114"),
            source="F 4.4; 4.5; T16",
            grade="C",
            enters=Strategy.FRITT_FALL,
            cause="tax_card_loss",
        ),
    )

    def at_risk(self, world: World, at: At) -> IntArray:
        """Persons with informal work as their primary strategy."""
        return world.who(Strategy.ARBEIDENDE)

    def settle(self, world: World, at: At, decided: Decided) -> None:
        """Sanctions for employer and worker, complaints, lost jobs; the found meet the police in step 8."""
        p = world.population
        found, lost, carded = decided.of("inspection"), decided.of("job_loss"), decided.of("tax_card_loss")
        complain(world, at, np.concatenate([lost, carded]))
        found = found[~overlooked(world, at, found)]
        inspect(world, at, found, p.employer[found])
        # Some who are exploited are seen to be possible victims of trafficking before anything else happens (M076).
        used = np.where(p.is_exploited[found], at.trafficking_identification_share * at.trafficking_worker_ratio, 0.0)
        victim = drawn(world, "trafficking_identified", found, used)
        leave_temporarily(world, at, found[victim], "trafficking_protection")
        found = found[~victim]
        p.has_tax_card[carded] = False
        if at.worker_consequences:
            meets_police(world, found, "inspection")
            tell_colleagues(world, at, found)
        away = drawn(world, "worker_recognised", found, at.sent_from_site_share)
        world.move(found[away], Strategy.FRITT_FALL, "inspection")
        super().settle(world, at, decided)


def tell_colleagues(world: World, at: At, found: IntArray) -> None:
    """Some who work for the same employer fear a return more after an inspection that found somebody (M002, M098).

    Args:
        world: The replicate.
        at: Values of the month; reads ``colleague_news_share``.
        found: Workers found who meet the police, shape (n,).
    """
    p = world.population
    if not at.interactions or len(found) == 0:
        return
    visited = np.zeros(len(world.employers) + 1, dtype=np.bool_)  # the last is no employer
    visited[p.employer[found]] = True
    same = visited[p.employer] & (p.strategy == Strategy.ARBEIDENDE) & (p.transport_due < 0)
    same[found] = False
    rows = np.flatnonzero(same)
    p.is_shaken[rows[drawn(world, "colleague_news", rows, at.colleague_news_share)]] = True


def side_job_ends_hazard(who: Rows, at: At) -> FloatArray:
    """Hazard that a side job ends. Reads ``job_loss_hazard``."""
    return np.full(len(who), at.job_loss_hazard)


class SideWork(Contest):
    """Side jobs of centre residents and dependents."""

    name = "side_work"
    step = 5
    rules = (
        Rule(
            channel="side_inspection",
            hazard=side_inspected_hazard,
            mechanisms=("M024", "M055", "M056"),
            source="F 4.5; 8.2",
            grade="D",
        ),
        Rule(
            channel="side_job_ends",
            hazard=side_job_ends_hazard,
            mechanisms=("M064",),
            source="F 4.7",
            grade="D",
        ),
    )

    def at_risk(self, world: World, at: At) -> IntArray:
        """Persons with a side job."""
        p = world.population
        rows = np.flatnonzero(p.side_employer >= 0)
        return np.asarray(rows[(p.transport_due[rows] < 0) & ~is_exit(p.strategy[rows])])

    def settle(self, world: World, at: At, decided: Decided) -> None:
        """A side job ends in both cases; the found meet the police."""
        p = world.population
        found = decided.of("side_inspection")
        found = found[~overlooked(world, at, found)]
        inspect(world, at, found, p.side_employer[found])
        end_side_job(world, np.concatenate([found, decided.of("side_job_ends")]))
        if at.worker_consequences:
            meets_police(world, found, "inspection")


def overlooked(world: World, at: At, rows: IntArray) -> npt.NDArray[np.bool_]:
    """Whose work the police overlook because they cannot be sent anyway, or seem to be refugees (F 8.4; M057).

    Args:
        world: The replicate.
        at: Values of the month; reads ``work_overlooked_share``, the share among those who cannot be sent at all.
        rows: Workers found, shape (n,).
    """
    return drawn(world, "work_overlooked", rows, at.work_overlooked_share * (1.0 - sent_ratio(world.rows(rows), at)))


def inspect(world: World, at: At, rows: IntArray, employer: IntArray) -> None:
    """What an inspection that finds a worker means for the employer and in fines.

    P(sanction | found) is low; documented workdays raise its odds and add the per-workday part. Foreign employers are
    seldom charged, and districts differ in whom they sanction (F 8.3; M068-M070).

    Args:
        world: The replicate.
        at: Values of the month.
        rows: Workers found, shape (n,).
        employer: Employer of each.
    """
    if len(rows) == 0:
        return
    p, employers = world.population, world.employers
    documented = drawn(world, "workdays_documented", rows, at.documented_workdays_share)
    mix = at.case_mix[DISTRICT_OF[employers.place[employer]]]
    odds = employers.sanction_odds(at)[employer] * np.where(documented, at.sanction_after_documentation_ratio, 1.0)
    sanctioned = drawn(world, "employer_sanctioned", rows, odds / (1.0 + odds))
    months = np.maximum(1, world.month - p.strategy_start[rows])
    days = DAYS_PER_MONTH * np.minimum(months, at.documented_months_cap)
    fine = at.employer_base_nok + np.where(documented, at.employer_per_workday_nok * days, 0.0)
    # Confiscation reaches a sanctioned employer's saved wages; back pay follows where the directive is in force.
    fine = fine + at.confiscate_profit_share * at.wage_gap_nok * employers.gap_ratio[employer] * months
    place = employers.place[employer]
    world.history.outcome("inspections", world.month, place)
    world.history.outcome("fines_nok", world.month, place[sanctioned], fine[sanctioned])
    if at.directive_in_force:
        pay_back(world, at, rows[sanctioned], place[sanctioned], documented[sanctioned])
    world.note(RegisterEvent.EMPLOYER_SANCTION, rows[sanctioned], place=place[sanctioned])
    if at.worker_consequences:
        # Where employers are charged, workers are less so, and the other way round (tabell 8.1; M070).
        odds = at.worker_sanction_share / (1.0 - at.worker_sanction_share) / mix
        fined = drawn(world, "worker_sanctioned", rows, odds / (1.0 + odds))
        world.note(RegisterEvent.WORKER_SANCTION, rows[fined], place=place[fined])
        world.history.outcome("fines_nok", world.month, place[fined], at.worker_nok)
        # The police may take the wage found on the worker as proceeds of a crime (F 8.3, 11.5).
        taken = drawn(world, "wage_taken", rows, at.wage_taken_share)
        informal = at.agreed_wage_nok - at.wage_gap_nok
        world.history.outcome("wages_withheld_nok", world.month, place[taken], max(0.0, informal))
    employers.learn(np.bincount(employer, minlength=len(employers)), at)


def pay_back(world: World, at: At, rows: IntArray, place: IntArray, documented: npt.NDArray[np.bool_]) -> None:
    """Back pay under the directive: the presumed months, or those worked where they are documented and more (F 8.3).

    Args:
        world: The replicate.
        at: Values of the month.
        rows: Workers, shape (n,).
        place: Place of the employer of each.
        documented: Whether the work of each is documented.
    """
    worked = np.where(documented, world.month - world.population.strategy_start[rows], 0)
    months = np.maximum(at.directive_back_pay_months, worked)
    world.history.outcome("back_pay_nok", world.month, place, months * at.agreed_wage_nok)


def complain(world: World, at: At, rows: IntArray) -> None:
    """Workers whose job ends and who report the employer: by a union, or by the directive's route (M066, M107).

    Those found in an inspection are not among them: their employer's case is open already. An own-account worker has
    nobody to complain of.
    """
    if len(rows) == 0:
        return
    p, employers = world.population, world.employers
    rows = rows[~employers.is_own_account[p.employer[rows]]]
    by_union = drawn(world, "union_complaint", rows, at.union_complaint_share)
    claims_wages(world, at, rows[by_union])
    if not (at.directive_in_force and at.directive_complaint_route):
        return
    rows = rows[~by_union]
    rows = rows[drawn(world, "complaint", rows, at.complaint_share)]
    employer = p.employer[rows]
    place = employers.place[employer]
    world.note(RegisterEvent.EMPLOYER_SANCTION, rows, place=place)
    world.history.outcome("offences_reported", world.month, place)
    world.history.outcome("fines_nok", world.month, place, at.employer_base_nok)
    documented = drawn(world, "workdays_documented", rows, at.documented_workdays_share)
    pay_back(world, at, rows, place, documented)
    employers.learn(np.bincount(employer, minlength=len(employers)), at)


def claims_wages(world: World, at: At, rows: IntArray) -> None:
    """A union gets the wages of the months worked paid, without police or sanction (F 4.5, 8.3; M107).

    Args:
        world: The replicate.
        at: Values of the month; reads ``agreed_wage_nok``.
        rows: Workers whose claim a union takes up, shape (n,).
    """
    p = world.population
    place = world.employers.place[p.employer[rows]]
    months = np.maximum(1, world.month - p.strategy_start[rows])
    world.history.outcome("back_pay_nok", world.month, place, months * at.agreed_wage_nok)


def offer_hazard(who: Rows, at: At) -> FloatArray:
    """Hazard of hearing of a job when vacancies are plenty.

    Seekers in free fall; knowing somebody raises it, and more so where somebody in the own circle works (M044, M045). A
    duty to check papers lowers the hiring of those without forged papers by the share who hire unknowingly.

    Args:
        who: Reads ``has_tie``, ``knows_worker``, ``has_forged_papers``, ``strategy``, ``age_years``,
            ``has_care_need``, ``pays_rent``.
        at: Reads ``job_offer_hazard``, ``no_tie_offer_ratio``, ``job_news_ratio``, ``side_job_hazard``,
            ``rent_side_job_ratio``, ``unknowing_hire_share``, ``directive_in_force``, ``directive_duty_to_check``,
            ``basic_allowance_nok``, ``allowance_side_job_elasticity``.

    Returns:
        Events per person-month, shape (n,). Mechanisms: M023, M034, M044, M045, M065, M073.
    """
    able = np.where((who.age_years < 67) & ~who.has_care_need, 1.0, 0.0)
    main = at.job_offer_hazard * np.where(who.has_tie, 1.0, at.no_tie_offer_ratio)
    news = np.where(who.knows_worker, at.job_news_ratio, 1.0)
    main = main * news
    allowance = allowance_ratio(at) ** -at.allowance_side_job_elasticity
    side = at.side_job_hazard * news * np.where(who.strategy == Strategy.SYNLIG, allowance, 1.0)
    side = side * np.where(who.pays_rent, at.rent_side_job_ratio, 1.0)
    hazard = np.where(who.strategy == Strategy.FRITT_FALL, main, side)
    if at.directive_in_force and at.directive_duty_to_check:
        hazard = hazard * np.where(who.has_forged_papers, 1.0, 1.0 - at.unknowing_hire_share)
    return np.asarray(hazard * able)


class Offers(Contest):
    """Vacancies are offered; a main job is taken or left in the choice step, a side job is taken at once.

    Offered just before the choice, so that those who lost a host or gave something up this month may take a job too.
    """

    name = "offers"
    step = 7
    rules = (
        Rule(
            channel="job_offer",
            hazard=offer_hazard,
            mechanisms=("M023", "M034", "M044", "M045", "M065"),
            source="F 4.4; 4.5; 4.7",
            grade="D",
        ),
    )

    def begin(self, world: World, at: At) -> None:
        """In which circles of the support network somebody works and hears of jobs (F 4.4)."""
        known = world.has_worker_in_circle
        known[:] = False
        if at.interactions:
            p = world.population
            known[world.circles(np.flatnonzero((p.employer >= 0) | (p.side_employer >= 0)))] = True
            known[-1] = False

    def at_risk(self, world: World, at: At) -> IntArray:
        """Persons in free fall, and residents and dependents without a side job."""
        p = world.population
        p.offer[:] = -1
        seeks = (p.strategy == Strategy.FRITT_FALL) | (
            ((p.strategy == Strategy.SYNLIG) | (p.strategy == Strategy.AVHENGIG)) & (p.side_employer < 0)
        )
        return np.flatnonzero(seeks & (p.guardian < 0) & (p.transport_due < 0))

    def settle(self, world: World, at: At, decided: Decided) -> None:
        """Ties first, then the market (docs/odd.md)."""
        p, employers = world.population, world.employers
        rows = decided.of("job_offer")
        who = world.rows(rows)
        closeness = who.has_tie.astype(np.int64) + who.knows_worker
        employer = place_in_jobs(world, at, rows, closeness, employers.open_jobs - jobs_filled(world))
        got = employer >= 0
        rows, employer = rows[got], employer[got]
        free_fall = p.strategy[rows] == Strategy.FRITT_FALL
        p.offer[rows[free_fall]] = employer[free_fall]
        side, side_employer = rows[~free_fall], employer[~free_fall]
        p.side[side] = int(Side.WORK)
        p.side_employer[side] = side_employer


def hire(world: World, at: At, rows: IntArray) -> None:
    """Takes the job on offer; some jobs are exploitative (F 4.5, 8.1; share assumed)."""
    p = world.population
    employer = p.offer[rows]
    world.move(rows, Strategy.ARBEIDENDE, "choice")
    p.employer[rows] = employer
    p.is_exploited[rows] = drawn(world, "exploited_at_work", rows, at.exploited_worker_share)
    if at.directive_in_force and at.directive_duty_to_check:
        # Where papers are checked, more workers get forged ones (F 4.5; M065).
        asked = rows[~p.has_forged_papers[rows] & ~p.is_sought_asylum[rows]]
        u = world.draws.uniform("hire_forged_papers", world.month, p.key[asked])
        p.has_forged_papers[asked[u < at.forged_papers_share]] = True
