"""Employers who would consider informal work: who is willing this month, at what expected cost (F 8.3).

An employer offers informal jobs while the expected gain less the expected sanction exceeds what breaking the law
costs them otherwise (readiness). Readiness is spread over employers, so a dearer sanction stops some and not others.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri

from irregsim.model.chance import pick
from irregsim.model.draws import Draws
from irregsim.model.values import At
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


class Employers:
    """The registry of employers, drawn once per replicate.

    Args:
        draws: Keyed draws of the replicate.
        at: Values of the first month; reads ``employers_count``, ``informal_jobs_count``,
            ``employer_willingness_log_sd``, ``wage_gap_log_sd``, ``perceived_inspection_ratio``,
            ``foreign_employer_share``, ``foreign_employer_case_ratio``.
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
        self.readiness_z = ndtri(draws.uniform("employer_readiness", -1, self.key))
        self.gap_ratio = np.exp(at.wage_gap_log_sd * ndtri(draws.uniform("employer_perception", -1, self.key)))
        foreign = draws.uniform("employer_foreign", -1, self.key) < at.foreign_employer_share
        # Employers abroad are seldom charged, since a case against them is laborious (F 8.3, 8.4; M069).
        self.case_ratio = np.where(foreign, at.foreign_employer_case_ratio, 1.0)
        self.perceived = np.ones(count)  # own experience, as a ratio to the general perception
        self.is_willing = np.ones(count, dtype=np.bool_)
        self.open_jobs = np.zeros(count, dtype=np.int64)
        self.reference_jobs = float(self.jobs.sum()) * 0.5

    def __len__(self) -> int:
        return len(self.key)

    def sanction_odds(self, at: At) -> FloatArray:
        """Odds that a case in which a worker was found ends in a sanction, without documented workdays.

        Args:
            at: Reads ``employer_sanction_share`` and ``case_mix`` (ratio by district; M070).

        Returns:
            By employer, shape (employers,). Mechanisms: M069, M070.
        """
        odds = at.employer_sanction_share / (1.0 - at.employer_sanction_share)
        return np.asarray(odds * self.case_ratio * at.case_mix[_DISTRICT[self.place]])

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
        months = 1.0 / at.job_loss_hazard
        gain = at.wage_gap_nok * self.gap_ratio
        cost = self.expected_cost(at, inspections, months)
        # Readiness is a share of the gain: the median employer is as likely willing as not when the sanction costs
        # nothing extra, so that employer levers bind for some and not for others (an assumption, grade D).
        margin = (gain - cost) / gain
        threshold = np.exp(at.employer_willingness_log_sd * self.readiness_z)
        self.is_willing = margin > at.employer_margin_median * threshold
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
        for name in ("perceived", "is_willing", "open_jobs"):
            setattr(other, name, getattr(self, name).copy())
        return other
