"""What a command is asked, and the one place where that is checked: by run, compare and fit, and from Python."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar, Final, TypeVar

from irregsim.present.formats import FORMATS
from irregsim.scenario import Scenario
from irregsim.scenario.file_checks import LARGEST_SEED, MOST_REPLICATES
from irregsim.storage.folder import FolderError, check_folder, damage
from irregsim.storage.paths import user_path
from irregsim.study.cluster import Cluster
from irregsim.study.cluster import missing as cluster_missing
from irregsim.study.precision import FIRST, MOST
from irregsim.study.replicates import DrawSet, Jobs, Plan, available_cores, real, scale_fault, whole, whole_fault
from irregsim.vocabulary.knowledge import UnknownFact, checked_facts, is_fact, without_effect
from irregsim.vocabulary.labels import label

R = TypeVar("R", bound="Request")

#: Most processes; a machine has fewer cores.
MOST_JOBS: Final = 10_000
_LONGEST_SHOWN: Final = 60


class WrongUse(ValueError):
    """The command cannot be carried out as given; the message says what to change. Exit code 2."""


class RunFailed(Exception):
    """The work was begun and did not succeed. Exit code 1."""


class Stopped(RunFailed):
    """The user stopped the work; what was finished is kept."""


@dataclass(frozen=True)
class Output:
    """What is written besides the exact tables.

    Attributes:
        format: A name in `irregsim.present.formats.FORMATS`.
        lang: Language of pictures and pages.
        publish: CSV and workbook in the form for publication.
        show_levels: Levels of the hidden population as an interval, in pictures, on the screen, and with
            ``publish`` in CSV and workbook.
        pictures: Whether pictures are drawn; not for a folder that nobody will open.
    """

    format: str = "parquet"
    lang: str = "en"
    publish: bool = False
    show_levels: bool = False
    pictures: bool = True


@dataclass(frozen=True, kw_only=True)
class Request:
    """What every command that simulates can be asked; None is what the scenario, the machine or what ships says.

    Attributes:
        replicates: At least `fewest`; None for what the first scenario says.
        precision: Replicates are added in batches until the main outcomes are known to within so many percent
            (`irregsim.study.precision`); ``replicates`` is then the most there may be. None: exactly ``replicates``.
        seed: None for the first scenario's.
        jobs: Processes; None for all cores.
        cluster: Address of a Dask scheduler that simulates in place of processes here; None for none.
        draws: As for `irregsim.inference.posterior.choose`.
        per_draw: As there.
        scale: Population scale (`scale_fault`); 1 is the country.
        overrides: ``--set`` for every scenario.
        end: Last month of every scenario.
        without: Claims of the report and facts of the baseline's history to leave out.
        spells: Whether lives of the synthetic persons are kept.
        out: The folder; None for the command's own default.
        replace: Whether another finished result in the folder may be replaced.
        output: What is written besides the tables.
        command: The command without directories.
    """

    replicates: int | None = None
    precision: float | None = None
    seed: int | None = None
    jobs: int | None = None
    cluster: str | None = None
    draws: str | os.PathLike[str] | None = None
    per_draw: int | None = None
    scale: float = 1.0
    overrides: tuple[str, ...] = ()
    end: str | None = None
    without: tuple[str, ...] = ()
    spells: bool = False
    out: str | None = None
    replace: bool = False
    output: Output = field(default_factory=Output)
    command: str = "irregsim"

    def __post_init__(self) -> None:
        # From Python come numbers of any library, paths of any kind, and one text for a list of one.
        plain: dict[str, Any] = {
            name: whole(getattr(self, name)) for name in ("replicates", "seed", "jobs", "per_draw")
        }
        plain["scale"] = real(self.scale)
        if getattr(self.spells, "dtype", None) == "bool":
            plain["spells"] = bool(self.spells)
        plain |= {name: texts(getattr(self, name)) for name in ("overrides", "without")}
        for name, value in plain.items():
            object.__setattr__(self, name, value)

    #: Fewest replicates, and what is said where there are fewer.
    fewest: ClassVar[tuple[int, str]] = (1, "must be 1 or more")

    @property
    def parameters(self) -> str | os.PathLike[str] | None:
        """Where the parameter draws come from."""
        return self.draws

    def folders(self, scenarios: Sequence[Scenario]) -> tuple[Path, ...]:
        """Folders that will be written into.

        Args:
            scenarios: What will be run, the reference first.
        """
        return (user_path(self.out),) if self.out is not None else (Path("outputs") / scenarios[0].name,)

    @property
    def facts_left_out(self) -> tuple[str, ...]:
        """Those of ``without`` that are facts of the baseline's history, for `load_scenario`."""
        return tuple(id_ for id_ in self.without if is_fact(id_))

    def own_faults(self, scenarios: Sequence[Scenario]) -> list[str]:
        """Faults in what only this command is asked.

        Args:
            scenarios: What will be run, the reference first.
        """
        return []


def batches(request: R, known: int = 0) -> tuple[R, int, int]:
    """A request with a precision, at its first batch of replicates; one without stays as it is.

    Args:
        request: What is asked; its replicates are the most there may be.
        known: Finished replicates of the same result that are in its folder, of which none is thrown away.

    Returns:
        The request with the replicates of the first batch, the most there may be, and the step between batches.

    Raises:
        WrongUse: If the most allowed is less than one batch.
    """
    if request.precision is None:
        return request, 0, 1
    most = MOST if request.replicates is None else request.replicates
    step = math.lcm(FIRST, request.per_draw or 1)
    first = max(step, known)
    if most < first:
        raise WrongUse(f"--precision: the first batch has {first} replicates, more than --replicates {most} allows")
    return replace(request, replicates=first), most, step


@dataclass(frozen=True)
class Checked:
    """A request without a fault, with everything filled in.

    Attributes:
        plans: One for each scenario, in their order.
        draws: The draws as chosen, with no claim left out.
        replicates: How many.
        jobs: Processes of this machine.
        workers: Who simulates: these processes, or a cluster.
        folders: Folders to write into; none in memory.
        notes: What the user must know about the draws, about what is left out and about damaged folders, a line each.
        stored: The plans that finished runs were found under, where these have other names; empty where none were
            looked for.
    """

    plans: tuple[Plan, ...]
    draws: DrawSet
    replicates: int
    jobs: int
    workers: Jobs
    folders: tuple[Path, ...]
    notes: tuple[str, ...]
    stored: tuple[Plan, ...] = ()


def checked(request: Request, scenarios: Sequence[Scenario], *, in_memory: bool = False) -> Checked:
    """A request with everything filled in, or every fault in it. Looks only; makes nothing.

    Args:
        request: What is asked.
        scenarios: What will be run, the reference first.
        in_memory: Whether it comes from Python and no folder is written; faults then name arguments, not options.

    Raises:
        WrongUse: With every fault, one a line.
    """
    dashes = "" if in_memory else "--"
    replicates = scenarios[0].replicates if request.replicates is None else request.replicates
    seed = scenarios[0].seed if request.seed is None else request.seed
    jobs = available_cores() if request.jobs is None else request.jobs
    faults: list[str] = []

    def fault(name: str, value: object, words: str) -> None:
        faults.append(f"{dashes}{name} {value}: {words}")

    fewest, words = request.fewest
    if wrong := whole_fault(replicates, fewest, MOST_REPLICATES):
        fault("replicates", _shown(replicates), words if _is_below(replicates, fewest) else wrong)
        replicates = fewest
    if wrong := whole_fault(jobs, 1, MOST_JOBS):
        fault("jobs", _shown(jobs), "must be 1 or more" if _is_below(jobs, 1) else wrong)
        jobs = 1
    workers: Jobs = jobs
    if request.cluster is not None:
        workers = Cluster(request.cluster)
        if wanted := cluster_missing():
            faults.append(wanted)
    if wrong := whole_fault(seed, 0, LARGEST_SEED):
        fault("seed", _shown(seed), wrong)
    if wrong := scale_fault(request.scale):
        fault("scale", _shown(request.scale), wrong)
    spells: object = request.spells  # from Python it may be anything
    if not isinstance(spells, bool):
        fault("spells", _shown(spells), "must be true or false")
    per_draw = request.per_draw
    if per_draw is not None and (wrong := whole_fault(per_draw, 1, MOST_REPLICATES)):
        fault("per_draw" if in_memory else "per-draw", _shown(per_draw), wrong)
        per_draw = None
    if request.output.format not in FORMATS:
        fault("format", request.output.format, f"must be one of {', '.join(FORMATS)}")
    elif missing := FORMATS[request.output.format].missing():
        faults.append(missing)
    if request.precision is not None and not 0 < request.precision <= 100:
        fault("precision", f"{request.precision:g}", "must be above 0 and at most 100 percent")
    faults += request.own_faults(scenarios)
    draws, notes = DrawSet("none", ()), tuple[str, ...]()
    left_out: list[tuple[DrawSet, tuple[str, ...]]] = []
    try:
        draws, notes = choose_draws(request.parameters, per_draw, replicates)
        left_out += [leave_out(draws, request.without, scenario) for scenario in scenarios]
        notes += without_effect(request.facts_left_out)
    except WrongUse as error:
        faults.append(str(error))
    folders = () if in_memory else request.folders(scenarios)
    for folder in folders:
        try:
            check_folder(folder)
        except FolderError as error:
            faults.append(str(error))
    if faults:
        raise WrongUse("\n".join(faults))
    plans = tuple(
        Plan(
            replace(scenario, replicates=replicates, seed=seed),
            chosen,
            seed,
            scale=request.scale,
            spells=request.spells,
            without=claims,
        )
        for scenario, (chosen, claims) in zip(scenarios, left_out, strict=True)
    )
    notes = (*notes, *(note for note in map(damage, folders) if note is not None))
    if request.output.lang == "nb" and request.output.format == "csv":
        notes = (*notes, label("export.note_csv_no", "nb"))
    return Checked(plans, draws, replicates, jobs, workers, folders, notes)


def texts(given: Any) -> tuple[str, ...]:
    """One or more texts as a tuple; one text is not a list of letters.

    Raises:
        WrongUse: If it is none of both, such as a number.
    """
    if isinstance(given, str):
        return (given,)
    try:
        found = tuple(given)
    except TypeError:
        found = (given,)
    if wrong := [one for one in found if not isinstance(one, str)]:
        raise WrongUse(f"{_shown(wrong[0])}: must be text, or a list of texts")
    return found


def _shown(value: Any) -> str:
    """A value as a message has it: numbers as they are, short, and anything else as Python writes it."""
    text = f"{value:g}" if isinstance(value, float) else repr(value)
    return text if len(text) <= _LONGEST_SHOWN else text[: _LONGEST_SHOWN - 3] + "..."


def _is_below(value: Any, least: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value < least


def choose_draws(
    draws: str | os.PathLike[str] | None, per_draw: int | None, replicates: int
) -> tuple[DrawSet, tuple[str, ...]]:
    """The parameter draws that a command asks for.

    Args:
        draws: ``posterior``, ``point``, ``prior``, the folder of a posterior, or None for the default.
        per_draw: Replicates per draw, or None.
        replicates: Replicates of the run.

    Returns:
        The draws, and what the user must know about them, a line each.

    Raises:
        WrongUse: If there are no such draws, they cannot be used, or do not go with the number of replicates.
    """
    from irregsim.inference.posterior import PosteriorError, choose

    try:
        if not (draws is None or isinstance(draws, str | os.PathLike)):
            raise PosteriorError(f"draws {draws!r:.60}: must be posterior, point, prior or a folder")
        chosen, notes = choose(Path(draws) if isinstance(draws, os.PathLike) else draws, per_draw)
    except PosteriorError as error:
        raise WrongUse(str(error)) from None
    fault = chosen.fault(replicates)
    if fault is not None:
        raise WrongUse(fault)
    return chosen, notes


def leave_out(draws: DrawSet, ids: Sequence[str], scenario: Scenario) -> tuple[DrawSet, tuple[str, ...]]:
    """Draws with some claims of the report left out.

    Args:
        draws: Parameter draws.
        ids: Claims to leave out, such as ``M047``. Facts among them must be left out of the scenario already.
        scenario: What will be run with them.

    Returns:
        The draws, and the claims, each once and rising.

    Raises:
        WrongUse: If a claim cannot be left out, or would stay in because the scenario replaces its parameter.
    """
    from irregsim.model.claims import UnknownClaim, checked, overruled, without

    facts = [id_ for id_ in dict.fromkeys(ids) if is_fact(id_)]
    try:
        left_out = checked([id_ for id_ in ids if id_ not in facts])
        checked_facts(facts)
    except (UnknownClaim, UnknownFact) as error:
        raise WrongUse("\n".join(f"--without: {line}" for line in str(error).splitlines())) from None
    late = [id_ for id_ in facts if id_ not in scenario.levers.knowledge.without]
    if late:
        raise WrongUse(
            f"--without {', '.join(late)}: {scenario.name} was loaded with them; load it again with "
            f"irregsim.load_scenario(..., without={late})"
        )
    stays = overruled(left_out, scenario.levers)
    if stays:
        raise WrongUse("\n".join(f"--without {line}" for line in stays))
    return replace(draws, values=tuple(without(draw, left_out) for draw in draws.values)), left_out
