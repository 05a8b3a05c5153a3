"""How long simulating takes: what earlier runs took, or a trial of one replicate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from irregsim.commands.registry import COMPARISON, RUN, Entry
from irregsim.study.cluster import Cluster
from irregsim.study.replicates import Jobs, Plan, trial_seconds
from irregsim.study.workers import Crew
from irregsim.vocabulary.codes import month_text

#: Keys of a manifest: seconds of one process for a whole replicate, and seconds for tables, pictures and page.
EACH: Final = "seconds_per_replicate"
WRITING: Final = "seconds_writing"


def work_of(plans: Sequence[Plan]) -> list[float]:
    """Work of a replicate of each plan, where a whole one is 1: months that plans have in common are simulated once.

    Args:
        plans: They are simulated together.
    """
    out = []
    for plan in plans:
        months = plan.scenario.end + 1
        parting = None if plan is plans[0] else plans[0].scenario.levers.first_difference(plan.scenario.levers)
        out.append(1.0 if parting is None else (months - parting) / months)
    return out


def seconds_each(elapsed: float, work: float, jobs: Jobs) -> float | None:
    """Seconds of one process for a whole replicate; None where nothing was simulated, or elsewhere.

    Args:
        elapsed: Seconds that simulating took.
        work: How many whole replicates that was.
        jobs: Who simulated.
    """
    if work <= 0 or isinstance(jobs, Cluster):
        return None
    processes = jobs.jobs if isinstance(jobs, Crew) else jobs
    return round(elapsed * min(processes, max(1.0, work)) / work, 3)


@dataclass(frozen=True)
class Pace:
    """How long a replicate takes.

    Attributes:
        seconds: Of one process, for a whole replicate of the first plan.
        source: Name of the run folder in which that was measured; empty for a trial.
    """

    seconds: float
    source: str


def pace_of(plan: Plan, known: Sequence[Entry]) -> Pace:
    """How long a replicate of a plan takes: as the newest run of the same kind took, or as a trial of one replicate.

    Args:
        plan: What a replicate is.
        known: Folders, the newest first.
    """
    for one in known:
        each = one.about.get(EACH)
        if one.kind != RUN or each is None or one.about.get("scale") != plan.scale:
            continue
        if one.about.get("spells") != plan.spells:
            continue
        period = one.about["scenario"].get("period", {}) if isinstance(one.about.get("scenario"), dict) else {}
        if str(period.get("end")) == month_text(plan.scenario.end):
            return Pace(float(each), one.name)
    return Pace(trial_seconds(plan), "")


def writing_seconds(kind: str, size: int, known: Sequence[Entry]) -> float | None:
    """Seconds for tables, pictures and page, as the newest result of that kind took; None where there is none.

    Args:
        kind: `RUN` or `COMPARISON`.
        size: Replicates times scenarios.
        known: Folders, the newest first.
    """
    for one in known:
        seconds, theirs = one.about.get(WRITING), one.replicates * len(one.scenarios)
        if one.kind == kind and seconds is not None and theirs > 0:
            # Pictures take the same for any number of replicates, so fewer replicates do not take less in proportion.
            return float(seconds) * max(1.0, size / theirs)
    return None


__all__ = ["COMPARISON", "EACH", "RUN", "WRITING", "Pace", "pace_of", "seconds_each", "work_of", "writing_seconds"]
