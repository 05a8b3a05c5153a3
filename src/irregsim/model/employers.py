"""Employers who would consider informal work: who is willing this month, at what expected cost (F 8.3).

Informal jobs follow what is left of the gain after the expected sanction, relative to the first month, with an
elasticity (`employer_elasticity`): no single threshold decides. Part of what informal work gets dearer is taken from
the wage, and part of the jobs that employers give up goes on as own-account work, for which no employer can be charged.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri

from irregsim.model.chance import pick
from irregsim.model.draws import Draws
from irregsim.model.values import At
from irregsim.scenario import first_month_of_history
from irregsim.vocabulary import reference

FloatArray = npt.NDArray[np.float64]

SECTORS: tuple[str, ...] = (
    "construction",
    "car_wash",
    "courier",
    "restaurant",
    "cleaning",
    "private_household",
    "other",
)
PRIVATE_HOUSEHOLD = SECTORS.index("private_household")
_DISTRICT = np.array([p.district for p in reference.places()])
#: Workdays in a full month of informal work (five a week; an assumption, grade D).
DAYS_PER_MONTH = 20.0


#: Share of the jobs in the registry that are offered at the cost of the first month: the rest is room to grow.
_WILLING = 0.5
#: Levers that decide what a sanction costs, and how often there is one.
_RULES: Final = (
    "employer_base_nok",
    "employer_per_workday_nok",
    "documented_workdays_share",
    "confiscate_profit_share",
    "directive_in_force",
    "workplace_inspections",
)
#: Least share of the gain that is taken to be left in the first month.
_LEAST = 0.05


def job_share(at: At, reference: FloatArray, cost: FloatArray) -> FloatArray:
    """Share of the registry's jobs that employers offer: ``((1 - c/g) / (1 - c0/g)) ** elasticity`` of one half.

    The reduced form has no threshold of its own. For scale: Arizona's mandate to check every worker, with loss of the
    licence, took about 17 % of the unauthorised population of working age in two years (PPIC); how dear that mandate
    was to an employer is not known, so the elasticity keeps a wide prior.

    Args:
        at: Reads ``employer_elasticity`` and ``wage_pass_through_share``, the part of a change in cost that the worker
            bears by a lower wage.
        reference: Expected sanction of the first month relative to the gain, shape (n,).
        cost: The same this month.

    Returns:
        0 to 1, shape (n,).
    """
    borne = reference + (1.0 - at.wage_pass_through_share) * (cost - reference)
    left = np.maximum(0.0, 1.0 - borne) / np.maximum(_LEAST, 1.0 - reference)
    return np.asarray(np.minimum(1.0, _WILLING * left**at.employer_elasticity))


class Employers:
    """The registry of employers, drawn once per replicate.

    Args:
        draws: Keyed draws of the replicate.
        at: Values of the first month; reads ``employers_count``, ``informal_jobs_count``,
            ``wage_gap_log_sd``, ``foreign_employer_share``, ``foreign_employer_case_ratio``, and what
            `expected_cost` and `inspections` read.
    """

    def __init__(self, draws: Draws, at: At) -> None:
        count = max(13, round(at.employers_count * at.scale))
        number = np.arange(count, dtype=np.uint64)
        self.key = draws.keys(number + np.uint64(1 << 61))
        share = np.array([p.employer_sanctions_count for p in reference.places()], dtype=np.float64)
        cumulative = np.cumsum(share / share.sum())
        self.place = pick(cumulative, draws.uniform("employer_place", -1, self.key))
        sectors = np.array([at.__dict__[f"sector_share_{name}"] for name in SECTORS])
        self.sector = pick(np.cumsum(sectors / sectors.sum()), draws.uniform("employer_sector", -1, self.key))
        # Jobs per employer: at least one; the mean makes half of all jobs willing at the reference cost.
        mean_jobs = max(1.0, 2.0 * at.informal_jobs_count / at.employers_count)
        extra = -np.log(draws.uniform("employer_jobs", -1, self.key)) * (mean_jobs - 1.0)
        self.jobs = 1 + np.floor(extra + 0.5).astype(np.int64)
        self.readiness = draws.uniform("employer_readiness", -1, self.key)
        self.gap_ratio = np.exp(at.wage_gap_log_sd * ndtri(draws.uniform("employer_perception", -1, self.key)))
        foreign = draws.uniform("employer_foreign", -1, self.key) < at.foreign_employer_share
        # Employers abroad are seldom charged, since a case against them is laborious (F 8.3, 8.4; M069).
        self.case_ratio = np.where(foreign, at.foreign_employer_case_ratio, 1.0)
        self.perceived = np.ones(count)  # own experience, as a ratio to the general perception
        self.is_willing = np.ones(count, dtype=np.bool_)
        self.open_jobs = np.zeros(count, dtype=np.int64)
        self.is_own_account = np.zeros(count, dtype=np.bool_)
        self.reference_jobs = float(self.jobs.sum()) * _WILLING
        #: Expected sanction per job and month under the rules of January 2009, NOK, whatever a scenario has from then
        #: on: what the number of jobs belongs to.
        then = At({**vars(at), **first_month_of_history(_RULES)})
        self.reference_cost = self.expected_cost(then, self.inspections(then), 1.0 / at.job_loss_hazard)

    def __len__(self) -> int:
        return len(self.key)

    def inspections(self, at: At) -> FloatArray:
        """Hazard that a worker is found in an inspection, per month, by employer (F 8.2, 8.3; M055, M070, M073).

        Args:
            at: Reads ``workplace_inspection_hazard``, ``workplace_inspections``, ``control_effort``,
                ``work_control`` and ``private_household_inspection_ratio``.
        """
        intensity = at.control_effort * at.work_control * at.workplace_inspections
        home = np.where(self.sector == PRIVATE_HOUSEHOLD, at.private_household_inspection_ratio, 1.0)
        return np.asarray(at.workplace_inspection_hazard * intensity[_DISTRICT[self.place]] * home)

    def sanction_odds(self, at: At) -> FloatArray:
        """Odds that a case in which a worker was found ends in a sanction, without documented workdays.

        Args:
            at: Reads ``employer_sanction_share`` and ``case_mix`` (ratio by district; M070).

        Returns:
            By employer, shape (employers,). Mechanisms: M069, M070.
        """
        odds = at.employer_sanction_share / (1.0 - at.employer_sanction_share)
        return np.asarray(odds * self.case_ratio * at.case_mix[_DISTRICT[self.place]] * ~self.is_own_account)

    def expected_cost(self, at: At, inspections: FloatArray, months: float) -> FloatArray:
        """Expected sanction per month of one informal job, NOK, as employers perceive it.

        Args:
            at: Values of the month.
            inspections: Hazard of an inspection that finds a worker, per month, by employer, shape (employers,).
            months: Mean length of a job, months.

        Returns:
            NOK per job and month, shape (employers,). Mechanisms: M067, M068, M069.
        """
        fine = at.employer_base_nok + at.employer_per_workday_nok * at.documented_workdays_share * (
            DAYS_PER_MONTH * min(months, at.documented_months_cap)
        )
        documented = at.documented_workdays_share
        # Documented days raise the odds that a case ends in a sanction (F 8.3).
        odds = self.sanction_odds(at) * (1.0 + documented * (at.sanction_after_documentation_ratio - 1.0))
        sanctioned = odds / (1.0 + odds)
        confiscated = at.confiscate_profit_share * at.wage_gap_nok * self.gap_ratio * months
        back_pay = 0.0
        complaint = 0.0
        if at.directive_in_force:
            # Back pay is owed for the presumed months, and for longer only where the work is documented, which is rare
            # (F 8.3): the directive's presumption exists because the months worked cannot be proved.
            presumed = at.directive_back_pay_months
            due = presumed + documented * max(0.0, months - presumed)
            back_pay = due * at.agreed_wage_nok * (1.0 + at.payroll_tax_share)
            if at.directive_complaint_route:
                complaint = at.job_loss_hazard * at.complaint_share
        # What is perceived too high or too low is the product of both chances of the police's way (F 8.3); a complaint
        # by one's own worker is not guessed at from afar.
        caught = inspections * sanctioned * at.perceived_inspection_ratio + complaint
        return np.asarray(caught * self.perceived * (fine + confiscated + back_pay))

    def decide(self, at: At, inspections: FloatArray) -> None:
        """Sets who is willing and how many jobs each has open this month.

        Args:
            at: Values of the month.
            inspections: Hazard of being found, per month, by employer.
        """
        # Experience fades towards the general perception.
        self.perceived += at.employer_forgetting_share * (1.0 - self.perceived)
        gain = at.wage_gap_nok * self.gap_ratio
        # An own-account worker has no employer to charge, but what an employer there would expect to pay still counts.
        self.is_own_account[:] = False
        cost = self.expected_cost(at, inspections, 1.0 / at.job_loss_hazard)
        share = job_share(at, self.reference_cost / gain, cost / gain)
        # Who gives up first is fixed for each employer, so a dearer sanction stops some and the same ones again.
        offers = self.readiness < share
        own = share + at.own_account_share * np.maximum(0.0, _WILLING - share)
        self.is_own_account = ~offers & (self.readiness < own)
        self.is_willing = offers | self.is_own_account
        demand = at.job_demand_ratio
        self.open_jobs = np.where(self.is_willing, np.floor(self.jobs * demand + 0.5).astype(np.int64), 0)

    def learn(self, found: npt.NDArray[np.int64], at: At) -> None:
        """Employers whose workers were found, or who were reported, perceive a higher risk from then on.

        Args:
            found: Workers found this month by employer, shape (employers,).
            at: Values of the month; reads ``employer_learning_ratio``.
        """
        if at.interactions:
            self.perceived += at.employer_learning_ratio * np.minimum(found, 3)

    def copy(self) -> Employers:
        """An independent copy; what never changes is shared."""
        other = Employers.__new__(Employers)
        other.__dict__.update(self.__dict__)
        for name in ("perceived", "is_willing", "is_own_account", "open_jobs"):
            setattr(other, name, getattr(self, name).copy())
        return other
