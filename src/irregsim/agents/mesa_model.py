"""`IrregularMigrationModel`: a thin Mesa shell over `simulate.advance_month`.

The persons are columns; Mesa shows them. Nothing here draws a number or decides anything, so a model is exactly
replicate ``replicate`` of `irregsim run` with the same seed and draw.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Mapping
from functools import partial
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from mesa import Model
from mesa.agent import AgentSet
from mesa.datacollection import DataCollector

from irregsim.agents.agents import Employer, Host, Migrant, ReceptionCentre, View, let_take_part
from irregsim.agents.network import to_networkx
from irregsim.agents.stages import STAGES, OpenMonth
from irregsim.inference.posterior import choose
from irregsim.model import simulate
from irregsim.model.centres import COUNT as CENTRES
from irregsim.model.draws import Draws
from irregsim.model.engine import Part
from irregsim.model.history import WatchedHistory
from irregsim.model.month import MONTH
from irregsim.model.values import Values
from irregsim.model.world import World
from irregsim.scenario import Scenario, load_scenario
from irregsim.scenario.file_checks import LARGEST_SEED
from irregsim.study.replicates import real, scale_fault, whole, whole_fault
from irregsim.vocabulary.codes import INFLOW, Exit, Strategy, month_text

if TYPE_CHECKING:
    import networkx as nx

IntArray = npt.NDArray[np.int64]

_SECTIONS = ("levers", "assumptions", "period", "run")


class IrregularMigrationModel(Model):
    """Persons without legal stay, employers, hosts and reception centres in Norway, as a Mesa model, month by month.

    Construction includes the burn-in from 2009-01 to the month before the scenario's period; the first ``step()`` is
    its first month. The last month sets ``running`` to False; a ``step()`` after it does nothing and is not counted.

    Agents (`Migrant`, `Employer`, `ReceptionCentre`, `Host`) are views of the columns, made when ``agents``,
    ``agents_by_type`` or ``agent_types`` is read and kept until the next change.

    Args:
        scenario: Name of a shipped scenario, a file, or a `Scenario`.
        seed: Random seed of the run; None for the scenario's own.
        replicate: Number of the replicate, from 0.
        draw: Value of every parameter by name; None for the draw that the replicate of a run would use.
        scale: Size of the population relative to Norway's, above 0 and at most 10; smaller for trials.
        end: Last month, ``YYYY-MM``, instead of the scenario's.
        draws: Parameter draws, as `irregsim run --draws` takes them: ``posterior``, ``point``, ``prior`` or the folder
            of a posterior. None for those that a run uses by default. Not together with ``draw``.
        rng: Another name for ``seed``, which newer Mesa uses.
        **settings: Levers and assumptions by their path in a scenario file, with two underscores for each dot and
            ``levers`` left out: ``fines__employer_base_nok=100_000``, ``assumptions__interactions=False``.

    Raises:
        ScenarioError: If the scenario or a setting is at fault.
        TypeError: If settings or an end are given with a `Scenario`, which is resolved already.
        ValueError: If a number is out of range, or there are no such draws.

    Attributes:
        world: The state: columns, centres, employers, hosts, and the history so far.
        resolved: The resolved scenario. (Mesa 3.5 uses the name ``scenario`` for something else.)
        parts: Parts of a month, in order. A subclass may have others: it is another model then (docs/mesa.md).
        stages: Names of the parts, in order; each is also a method of every agent.
        datacollector: Collects, at the end of each month, what `REPORTERS` names.
        changes: Number that rises with every change of state; views are renewed by it.
    """

    parts: tuple[Part, ...] = MONTH
    stages: tuple[str, ...] = STAGES
    running: bool
    steps: int

    def __init__(
        self,
        scenario: str | Path | Scenario = "baseline",
        seed: int | None = None,
        replicate: int = 0,
        draw: Mapping[str, float] | None = None,
        scale: float = 1.0,
        end: str | None = None,
        *,
        draws: str | Path | None = None,
        rng: int | None = None,
        **settings: Any,
    ) -> None:
        self.resolved = _resolved(scenario, end, settings)
        seed = _seed(seed, rng, self.resolved)
        scale = real(scale)
        if wrong := scale_fault(scale):
            raise ValueError(f"scale {scale}: {wrong}")
        replicate = _whole("replicate", replicate)
        chance = Draws(seed, replicate)
        draw = _draw(draw, draws, replicate)
        # For shuffle_do and the like only: every draw of the simulation is keyed.
        super().__init__(rng=seed)
        self.changes = 0
        self._open: OpenMonth | None = None
        self._migrants: dict[int, Migrant] = {}
        self._rows: dict[int, int] = {}
        self._rows_of = self._views_of = -1
        self._sets: dict[type[View], tuple[int, AgentSet]] = {}
        self._fixed: tuple[list[Employer], list[ReceptionCentre], list[Host]] | None = None
        self._groups: tuple[int, IntArray] | None = None

        values = Values(self.resolved.levers, draw, scale)
        self.world: World = self._begun(values, chance)
        self.datacollector = DataCollector(model_reporters=dict(REPORTERS))

    def _begun(self, values: Values, chance: Draws) -> World:
        """The world after the burn-in, before the first month that is shown."""
        world = simulate.start(values, chance)
        world.history = WatchedHistory(values.months, keep_expected=False)
        for _ in range(self.resolved.start):
            simulate.advance_month(world, self.parts)
        return world

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "parts" in vars(cls):
            cls.stages = tuple(part.name for part in cls.parts)
            let_take_part(cls.stages)
        if "__init__" in vars(cls):
            cls.__signature__ = _without_self(cls.__init__)

    # -- the month -----------------------------------------------------------------------------------------------

    def step(self) -> None:
        """One month: a whole one, or what is left of the one that is open. Does nothing after the last month."""
        if not self.running:
            self.steps -= 1  # Mesa has counted the call
            return
        if self._open is None:
            simulate.advance_month(self.world, self.parts)
        else:
            self._open.end()
            self._open = None
        self._changed()
        if self.world.month >= self.resolved.end:
            self.running = False
        self.datacollector.collect(self)

    def begin_month(self) -> None:
        """Opens the next month, to be run stage by stage: newcomers are present, nobody has decided anything yet.

        Then ``model.agents.do(stage)`` for each of ``model.stages``: every person at risk decides in a call of its
        own, and limits (beds, jobs, hosts, places in detention) are resolved once the last has decided. Persons and
        stages that are left out decide together when a later stage, `settle` or `end_month` is reached, so the same
        lives come out whatever was asked of whom.

        Raises:
            RuntimeError: If a month is open already, or the last one is over.
        """
        if self._open is not None:
            raise RuntimeError(f"{self.month} is open: end_month() or step() ends it")
        if not self.running:
            raise RuntimeError(f"the scenario ends in {month_text(self.resolved.end)}: no month is left")
        self._open = OpenMonth(self.world, self.parts)
        self._changed()

    def settle(self, stage: str) -> None:
        """Settles a stage of the open month: those who were not asked decide, then limits are resolved.

        Args:
            stage: A name in ``stages``; stages before it are settled first.

        Raises:
            RuntimeError: If no month is open, or a later stage has begun.
            ValueError: If there is no such stage.
        """
        self._opened().settle(stage)
        self._changed()

    def end_month(self) -> None:
        """Ends the open month: settles what is left, records the month and collects data. Counts as one step.

        Raises:
            RuntimeError: If no month is open.
        """
        self._opened()
        self.step()

    def ask(self, stage: str, row: int) -> None:
        """One person decides in a stage of the open month; `Migrant` calls it. Who is not at risk is not asked.

        Args:
            stage: A name in ``stages``.
            row: Row of the person in the columns.

        Raises:
            RuntimeError: If no month is open, or a later stage has begun.
        """
        if (self._open or self._opened()).ask(stage, row):
            self._changed()

    def _opened(self) -> OpenMonth:
        if self._open is None:
            raise RuntimeError("no month is open: call begin_month() first")
        return self._open

    def _changed(self) -> None:
        self.changes += 1

    # -- what is there -------------------------------------------------------------------------------------------

    @property
    def month(self) -> str:
        """The month that ran last, or that is open; ``YYYY-MM``."""
        return month_text(self.world.month)

    def stock(self, strategy: Strategy) -> int:
        """Persons with a strategy as their primary one now."""
        return int((self.world.population.strategy == strategy).sum())

    @property
    def persons(self) -> int:
        """Persons without legal stay in the country now."""
        return int(self.world.population.is_here.sum())

    def exits(self, exit: Exit) -> int:
        """Persons who left in one way in the month that ran last."""
        return int(self._history().moves(self.world.month)[:, exit].sum())

    @property
    def inflow(self) -> int:
        """Persons who came in the month that ran last, visitors sent out within days included."""
        return int(self._history().moves(self.world.month)[INFLOW].sum())

    @property
    def residents(self) -> int:
        """Persons who live in reception centres now."""
        return int((self.world.population.centre >= 0).sum())

    def _history(self) -> WatchedHistory:
        history = self.world.history
        assert isinstance(history, WatchedHistory)
        return history

    def feasibility_groups(self) -> IntArray:
        """Feasibility group of each country this month, shape (countries,)."""
        month = max(self.world.month, 0)
        if self._groups is None or self._groups[0] != month:
            self._groups = (month, simulate.feasibility_groups(month, self.world.values.knowledge))
        return self._groups[1]

    def network(self, limit: int | None = 500) -> nx.Graph[str]:
        """The support network of a sample of persons; see `ties.to_networkx`. Agents name their ``node`` in it.

        Args:
            limit: Number of persons at most; None for all.
        """
        return to_networkx(self.world, limit)

    # -- agents --------------------------------------------------------------------------------------------------

    @property
    def agents(self) -> AgentSet:
        """All agents: migrants now in the country, employers, reception centres and hosts."""
        return self._set_of(View)

    @agents.setter
    def agents(self, agents: object) -> None:
        raise AttributeError("agents cannot be set: they show the state of the simulation")

    @property
    def agents_by_type(self) -> dict[type[View], AgentSet]:
        """The agents of each class."""
        return {kind: self._set_of(kind) for kind in self.agent_types}

    @property
    def agent_types(self) -> list[type[View]]:
        """Classes of agents: `Migrant`, `Employer`, `ReceptionCentre`, `Host`."""
        return [Migrant, Employer, ReceptionCentre, Host]

    @property
    def migrants(self) -> list[Migrant]:
        """Persons now in the country."""
        return self._look_at_people()

    @property
    def employers(self) -> list[Employer]:
        """All employers, by number."""
        return self._registries()[0]

    @property
    def centres(self) -> list[ReceptionCentre]:
        """All centres, open or not, by number."""
        return self._registries()[1]

    @property
    def hosts(self) -> list[Host]:
        """All hosts, by number."""
        return self._registries()[2]

    def migrants_at(self, rows: IntArray) -> list[Migrant]:
        """Agents of the persons in some rows of the columns, who must be in the country."""
        self._look_at_people()
        return [self._migrants[number] for number in self.world.population.person_id[rows].tolist()]

    def row_of(self, number: int) -> int:
        """Row of a person who is in the country, -1 for anybody else.

        Args:
            number: The person's identity, as in the column ``person_id``.
        """
        if self._rows_of != self.changes:
            p = self.world.population
            here = np.flatnonzero(p.is_here)
            self._rows = dict(zip(p.person_id[here].tolist(), here.tolist(), strict=True))
            self._rows_of = self.changes
        return self._rows.get(number, -1)

    def _registries(self) -> tuple[list[Employer], list[ReceptionCentre], list[Host]]:
        if self._fixed is None:
            self._fixed = (
                [Employer(self, i) for i in range(len(self.world.employers))],
                [ReceptionCentre(self, i) for i in range(CENTRES)],
                [Host(self, i) for i in range(len(self.world.hosts))],
            )
        return self._fixed

    def _look_at_people(self) -> list[Migrant]:
        # A view is kept as long as the person stays, so that an AgentSet somebody holds, which refers to its agents
        # weakly, loses those who left and nobody else.
        if self._views_of != self.changes:
            before, now = self._migrants, {}
            self.row_of(-1)
            for number, row in self._rows.items():
                view = before.get(number) or Migrant(self, number)
                view.show(row, self.changes)
                now[number] = view
            self._migrants, self._views_of = now, self.changes
        return list(self._migrants.values())

    def _set_of(self, kind: type[View]) -> AgentSet:
        """The agents of a class; the set that was given before the latest change if it would be made the same again.

        To make a set takes longer than to compare it, and most stages of a month bring or remove nobody.
        """
        seen, kept = self._sets.get(kind, (-1, None))
        if kept is None or seen != self.changes:
            people, registries = self._look_at_people(), self._registries()
            groups = dict(zip(self.agent_types, (people, *registries), strict=True))
            views = list(chain(*groups.values())) if kind is View else groups[kind]
            if kept is None or list(kept) != views:
                kept = AgentSet(views, random=self.random)
            self._sets[kind] = (self.changes, kept)
        return kept


def _stock(model: IrregularMigrationModel, strategy: Strategy) -> int:
    return model.stock(strategy)


def _exits(model: IrregularMigrationModel, exit: Exit) -> int:
    return model.exits(exit)


#: Reporters of the model's `DataCollector`: the month, stocks at its end by strategy, persons in all and in centres,
#: who came, and exits of the month by kind. None of them makes agents.
REPORTERS: dict[str, str | Callable[[IrregularMigrationModel], int]] = {
    "month": "month",
    **{strategy.code: partial(_stock, strategy=strategy) for strategy in Strategy},
    "persons": "persons",
    "residents": "residents",
    "inflow": "inflow",
    **{exit.code: partial(_exits, exit=exit) for exit in Exit},
}


def _resolved(scenario: str | Path | Scenario, end: str | None, settings: Mapping[str, Any]) -> Scenario:
    """The scenario with its settings."""
    if isinstance(scenario, Scenario):
        if settings or end is not None:
            given = ", ".join([*settings, *(["end"] if end is not None else [])])
            raise TypeError(f"{given}: give the scenario by name or file to change it; a Scenario is already resolved")
        return scenario
    return load_scenario(scenario, overrides=[_override(name, value) for name, value in settings.items()], end=end)


def _override(name: str, value: Any) -> str:
    """A setting as `irregsim run --set` takes it; JSON is YAML."""
    path = name.replace("__", ".")
    if path.split(".")[0] not in _SECTIONS:
        path = f"levers.{path}"
    if isinstance(value, np.generic):
        value = value.item()
    return f"{path}={json.dumps(value, ensure_ascii=False)}"


def _seed(seed: int | None, rng: int | None, scenario: Scenario) -> int:
    if seed is not None and rng is not None:
        raise ValueError("seed and rng mean the same: give one of them")
    given = seed if seed is not None else rng
    return scenario.seed if given is None else _whole("seed", given)


def _draw(draw: Mapping[str, float] | None, draws: str | Path | None, replicate: int) -> Mapping[str, float]:
    """The draw that was given, or the one that this replicate of a run would use."""
    if draw is not None:
        if draws is not None:
            raise ValueError("draw is one value of every parameter, draws a set of them: give one of the two")
        return draw
    chosen, _ = choose(draws)
    return chosen.values[chosen.index(replicate)]


def _whole(name: str, given: object) -> int:
    value = whole(given)
    if wrong := whole_fault(value, 0, LARGEST_SEED):
        raise ValueError(f"{name} is {given!r:.60}: {wrong}")
    assert isinstance(value, int), "it is without a fault"
    return value


def _without_self(function: Callable[..., Any]) -> inspect.Signature:
    signature = inspect.signature(function)
    return signature.replace(parameters=list(signature.parameters.values())[1:])


def _signature_for_batch_run() -> inspect.Signature:
    """The constructor's signature, without ``seed``.

    `batch_run` of Mesa 3.5 looks for a parameter called ``seed``. If there is one it overwrites the seeds among its
    ``parameters`` by those of its argument ``rng``, with None by default. Not seeing ``seed``, it gives those of
    ``rng`` as ``rng``, and both ways of asking for seeds work.
    """
    signature = _without_self(IrregularMigrationModel.__init__)
    return signature.replace(parameters=[p for p in signature.parameters.values() if p.name != "seed"])


IrregularMigrationModel.__signature__ = _signature_for_batch_run()
