"""`--plan`: what a command would simulate and reuse, and how long that takes. Nothing is written."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

from irregsim.commands.compare import CompareRequest, own_places, prepared
from irregsim.commands.estimate import pace_of, work_of, writing_seconds
from irregsim.commands.from_folders import Match, in_the_way, is_same_comparison, is_same_run
from irregsim.commands.registry import COMPARISON, RUN, entries, with_inside
from irregsim.commands.request import Checked, Request, batches, checked
from irregsim.commands.run import RunRequest
from irregsim.present.terminal import table
from irregsim.scenario import load_scenario
from irregsim.storage.folder import UNFINISHED, FolderError, Parts, RunFolder
from irregsim.storage.manifests import MOST_REPLICATES
from irregsim.study.cluster import Cluster
from irregsim.study.identity import part_key_of
from irregsim.study.replicates import Plan
from irregsim.study.tables import tables_of
from irregsim.vocabulary.labels import Words
from irregsim.vocabulary.numbers import number


def plan_of_run(request: RunRequest, lang: str = "") -> str:
    """What `irregsim run` would do.

    Args:
        request: What is asked.
        lang: Language of the plan; empty: that of what would be written.

    Raises:
        ScenarioError: As `irregsim.commands.run.run_scenario`.
        WrongUse: As there.
    """
    scenario = load_scenario(
        request.scenario, overrides=request.overrides, end=request.end, without=request.facts_left_out
    )
    ready = checked(batches(request)[0], [scenario])
    (plan,), (out,) = ready.plans, ready.folders
    before = in_the_way(out, is_same_run(plan), ready.replicates)
    return _text(request, ready, [None], [out], None if before is None else before[1], lang)


def plan_of_comparison(request: CompareRequest, lang: str = "") -> str:
    """What `irregsim compare` would do.

    Args:
        request: What is asked.
        lang: Language of the plan; empty: that of what would be written.

    Raises:
        ScenarioError: As `irregsim.commands.compare.compare_scenarios`.
        WrongUse: As there.
    """
    found = prepared(request)
    ready, (out,) = found.ready, found.ready.folders
    stored = {plan.scenario.name: one for plan, one in zip(ready.plans, ready.stored, strict=True)}
    before = in_the_way(out, is_same_comparison(ready.plans[0].scenario.name, stored), MOST_REPLICATES)
    places = own_places(out, ready.plans)
    return _text(found.request, ready, found.matches, places, None if before is None else before[1], lang)


def finished(plan: Plan, place: Path, replicates: int) -> int:
    """Replicates of a plan that are finished in a folder, in its tables or under way; only looks.

    Args:
        plan: What a replicate is.
        place: The folder, which need not exist.
        replicates: Only the first so many count.
    """
    key, there = part_key_of(plan), 0
    try:
        earlier = RunFolder.open(place)
        if earlier.manifest.get("part_key") == key:
            there = earlier.replicates
    except FolderError:
        pass
    parts = Parts(place / UNFINISHED / key, tables_of(plan.spells))
    return min(replicates, there + parts.count())


def _text(
    request: Request,
    ready: Checked,
    found: Sequence[Match | None],
    places: Sequence[Path],
    in_way: str | None,
    lang: str,
) -> str:
    lang = lang or request.output.lang
    words = Words(lang, "plan")
    rows, missing = [[words("scenario"), words("replicates"), words("reused"), words("from"), words("new")]], []
    for plan, match, place in zip(ready.plans, found, places, strict=True):
        n = ready.replicates
        there = n if match is not None else finished(plan, place, n)
        source = str(match.folder.path) if match is not None else str(place) if there else "-"
        missing.append(n - there)
        rows.append([plan.scenario.name, str(n), str(there), source, str(n - there)])
    known = with_inside(entries())
    lines = [table(rows, left=1, indent="")]
    seconds = 0.0
    if sum(missing):
        pace = pace_of(ready.plans[0], known)
        todo = [(plan, n) for plan, n in zip(ready.plans, missing, strict=True) if n]
        work = sum(share * n for share, (_, n) in zip(work_of([plan for plan, _ in todo]), todo, strict=True))
        elsewhere = isinstance(ready.workers, Cluster)
        seconds = pace.seconds * work / (1 if elsewhere else max(1, min(ready.jobs, sum(missing))))
        how = words("measured_in", name=pace.source) if pace.source else words("trial")
        each = number(pace.seconds, lang, decimals=1)
        lines.append(words("pace", seconds=each, how=how))
        if elsewhere:
            lines.append(words("cluster"))
        lines.append(words("simulating", time=_time(seconds, lang), jobs=ready.jobs))
    else:
        lines.append(words("nothing"))
    kind = RUN if len(ready.plans) == 1 else COMPARISON
    writing = writing_seconds(kind, ready.replicates * len(ready.plans), known)
    lines.append(words("writing_unknown") if writing is None else words("writing", time=_time(writing, lang)))
    if request.precision is not None:
        lines.append(words("precision", first=ready.replicates, target=f"{request.precision:g}"))
    lines.append(words("folder", folder=ready.folders[0]))
    if in_way is not None:
        lines.append(words("replaced" if request.replace else "refused", why=in_way))
    return "\n".join(lines)


def _time(seconds: float, lang: str) -> str:
    """A time as people say it: seconds below a minute and a half, then whole minutes."""
    words = Words(lang, "plan")
    if seconds < 90:
        return words("seconds", n=number(max(1.0, math.ceil(seconds)), lang, decimals=0))
    return words("minutes", n=number(math.ceil(seconds / 60), lang, decimals=0))
