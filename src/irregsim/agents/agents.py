"""The agents as Mesa shows them: views of one row of the columns each, made when somebody looks.

A view holds no state of its own. Its attributes read what the columns say now, so they are right after every step, and
cannot be set. Attributes in words (strategy, district, ...) are the codes of the run folder's tables. Citizenship can
be read here, one person at a time, as ``country``; a table of strategies by citizenship is never to be made of it,
since no register could check it (docs/outputs.md).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, overload

import numpy as np
import numpy.typing as npt
from mesa.agent import Agent

from irregsim.agents.network import centre_kind, centre_name, centre_node, employer_node, host_node
from irregsim.agents.stages import STAGES
from irregsim.model.centres import PLACE_OF, REMOTENESS
from irregsim.model.employers import SECTORS
from irregsim.model.population import person_code
from irregsim.vocabulary import reference
from irregsim.vocabulary.codes import (
    DISTRICTS,
    Decision,
    Feasibility,
    Household,
    Route,
    Side,
    Strategy,
    Substrategy,
    month_text,
)

if TYPE_CHECKING:
    from irregsim.agents.mesa_model import IrregularMigrationModel
    from irregsim.model.population import Population

_CHILD_STATUS = ("none", "permit", "citizen")
_TRACKS = ("asylum", "expelled", "prison")
#: Ids of centres and employers are far below those of persons and hosts, which are 63 random bits.
_FIRST_EMPLOYER = 1_000_000


class GoneError(LookupError):
    """A person is asked for something after having left the country."""


class _Read:
    """An attribute that is read from the columns and cannot be set.

    Args:
        read: From the view to the value.
        doc: What it means.
    """

    def __init__(self, read: Callable[[Any], Any], doc: str) -> None:
        self._read = read
        self.__doc__ = doc

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    @overload
    def __get__(self, view: None, owner: type) -> _Read: ...
    @overload
    def __get__(self, view: object, owner: type) -> Any: ...
    def __get__(self, view: object | None, owner: type) -> Any:
        return self if view is None else self._read(view)

    def __set__(self, view: object, value: object) -> None:
        raise AttributeError(
            f"{type(view).__name__}.{self._name} cannot be set: agents show the state of the simulation, and rules, "
            "levers and parameters decide it"
        )


class View(Agent):
    """What all kinds of agents have in common.

    Attributes:
        model: The model.
        unique_id: A whole number, the same as long as the model lives; a person's is the same in every scenario.
        node: Name of the agent's node in `IrregularMigrationModel.network`.
        district: Police district.
        city: A city, or ``other``.
    """

    node: str
    model: IrregularMigrationModel

    def __init__(self, model: IrregularMigrationModel, number: int) -> None:
        # Agent.__init__ would register the view with the model and give it a running number; the model makes views
        # as they are asked for, so neither is wanted.
        self.model = model
        self.pos = None
        self._number = number

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.node}>"

    @property
    def unique_id(self) -> int:
        """A whole number of at most 63 bits."""
        raise NotImplementedError

    def remove(self) -> None:
        """Refuses: agents come and go by the rules.

        Raises:
            TypeError: Always.
        """
        raise TypeError(f"a {type(self).__name__} cannot be removed: agents come and go by the rules")

    def _place(self) -> int:
        """Index of the place where the agent is."""
        raise NotImplementedError

    district = _Read(lambda a: DISTRICTS[reference.places()[a._place()].district], "Police district.")
    city = _Read(lambda a: reference.places()[a._place()].city_name, "City, or ``other``.")

    def _take_part(self, stage: str) -> None:
        """Employers, hosts and centres decide nothing person by person: their limits act when a stage is settled."""


def _stage_method(stage: str) -> Callable[[View], None]:
    def take_part(self: View) -> None:
        self._take_part(stage)

    take_part.__name__ = stage
    take_part.is_stage = True  # type: ignore[attr-defined]
    take_part.__doc__ = f"Takes part in the stage ``{stage}`` of an open month, for ``model.agents.do({stage!r})``."
    return take_part


def let_take_part(stages: Iterable[str]) -> None:
    """Gives every agent a method for each stage that it has none for yet.

    Raises:
        ValueError: If the name of a stage is something else of an agent.
    """
    for stage in stages:
        if not hasattr(View, stage):
            setattr(View, stage, _stage_method(stage))
        elif not getattr(getattr(View, stage), "is_stage", False):
            raise ValueError(f"a part of the month cannot be called {stage}: agents use that name for something else")


let_take_part(STAGES)


def _column(name: str, doc: str, word: Callable[[int], Any] | None = None) -> _Read:
    """An attribute of a person that is a column, as a plain Python value or as a word."""
    if word is None:
        return _Read(lambda a: getattr(a._people(), name)[a._row()].item(), doc)
    return _Read(lambda a: word(int(getattr(a._people(), name)[a._row()])), doc)


def _derived(name: str, doc: str) -> _Read:
    """An attribute of a person that rules work out, such as the perceived risk."""
    return _Read(lambda a: getattr(a.model.world.rows(np.array([a._row()])), name)[0].item(), doc)


class Migrant(View):
    """A person without legal stay who is in the country, child or adult.

    Reading an attribute after the person has left raises `GoneError`; ``is_here``, ``person``, ``unique_id`` and
    ``node`` can always be read. A person who comes back from a temporary stay can be read again.

    Attributes:
        person: Sixteen digits that identify the person in every table, the same in every scenario.
    """

    def __init__(self, model: IrregularMigrationModel, number: int) -> None:
        super().__init__(model, number)
        self._code: str | None = None
        self._seen = -1
        self._at_row = -1

    @property
    def person(self) -> str:
        """Sixteen hexadecimal digits that identify the person and reveal nothing else."""
        if self._code is None:
            self._code = person_code(self._number)
        return self._code

    @property
    def node(self) -> str:  # type: ignore[override]
        """Name of the person's node in the network: ``person``."""
        return self.person

    @property
    def unique_id(self) -> int:
        """The first 63 bits of ``person`` as a number."""
        return int(self.person, 16) >> 1

    @property
    def is_here(self) -> bool:
        """Whether the person is in the country without legal stay now."""
        return self._find() >= 0

    def _people(self) -> Population:
        return self.model.world.population

    def _find(self) -> int:
        """The person's row, or -1; looked up again after every change, since rows are moved and reused."""
        if self._seen != self.model.changes:
            self._at_row = self.model.row_of(self._number)
            self._seen = self.model.changes
        return self._at_row

    def show(self, row: int, changes: int) -> None:
        """Called by the model with the person's row after its latest change."""
        self._at_row, self._seen = row, changes

    def _row(self) -> int:
        row = self._find()
        if row < 0:
            raise GoneError(f"person {self.person} is no longer in the country without legal stay")
        return row

    def _place(self) -> int:
        return int(self._people().place[self._row()])

    def _take_part(self, stage: str) -> None:
        self.model.ask(stage, self._find())

    def _of(self, column: str, views: list[Any]) -> Any:
        number = int(getattr(self._people(), column)[self._row()])
        return None if number < 0 else views[number]

    strategy = _column("strategy", "Primary way of getting by.", lambda c: Strategy(c).code)
    substrategy = _column("substrategy", "Subtype of the strategy, or ``none``.", lambda c: Substrategy(c).code)
    side_strategy = _column("side", "Side strategy, or ``none``.", lambda c: Side(c).code)
    months_in_strategy = _derived("months_in_strategy", "Months since the present spell began.")
    months_irregular = _derived("months_irregular", "Months since becoming irregular, 0 or more.")
    entry_month = _column("entry_month", "Month of becoming irregular, ``YYYY-MM``.", month_text)
    sought_asylum = _column("is_sought_asylum", "Whether the person ever sought asylum.")
    route = _column("route", "How the person came to be without legal stay.", lambda c: Route(c).code)
    decision = _column(
        "decision",
        "Return decision held: ``none``, ``duty_to_leave``, ``expelled_immigration_act`` or ``expelled_penal``.",
        lambda c: Decision(c).name.lower(),
    )
    household = _column("household", "``alone``, ``guardian`` or ``child``.", lambda c: Household(c).name.lower())
    child_status = _column(
        "child_status", "Status of a guardian's child: ``none``, ``permit``, ``citizen``.", lambda c: _CHILD_STATUS[c]
    )
    age_years = _derived("age_years", "Age in years.")
    sex = _column("is_female", "``female`` or ``male``.", lambda c: "female" if c else "male")
    country = _column("country", "Citizenship, by its name in tabell 10.4.", lambda c: reference.countries()[c].name)
    feasibility_group = _Read(
        lambda a: Feasibility(int(a.model.feasibility_groups()[a._people().country[a._row()]])).code,
        "How feasible forced return to the country is this month: ``none``, ``weak``, ``middle`` or ``high``.",
    )
    feasibility = _derived("feasibility", "Feasibility of a forced return, 0 to 1.")
    perceived_risk = _derived("perceived_risk", "Perceived yearly chance of forced return, 0 to 1.")
    is_identity_established = _column("is_identity_established", "Whether the identity is established.")
    has_forged_papers = _column("has_forged_papers", "Whether the person has forged papers.")
    has_care_need = _column("has_care_need", "Lasting illness, disability or dementia.")
    has_tax_card = _column("has_tax_card", "Tax card from the time as asylum seeker; a lever decides if it counts.")
    is_convicted = _column("is_convicted", "Whether the person has a conviction.")
    is_exploited = _column("is_exploited", "Whether wages are withheld.")
    in_violence = _column("in_violence", "Whether the person lives in a violent or exploitative relation.")
    pays_rent = _column("pays_rent", "Whether the host asks for rent.")
    is_held = _Read(
        lambda a: bool(a._people().transport_due[a._row()] >= 0), "Whether the person is in detention or prison."
    )
    return_track = _Read(
        lambda a: _TRACKS[int(a._people().track[a._row()])] if a.is_held else None,
        "``asylum``, ``expelled`` or ``prison`` of a held person, else None.",
    )
    transfer_count = _column("transfer_count", "How often a closing centre has moved the person.")
    employer = _Read(lambda a: a._of("employer", a.model.employers), "The `Employer` of the main job, or None.")
    side_employer = _Read(lambda a: a._of("side_employer", a.model.employers), "The same for a side job.")
    centre = _Read(lambda a: a._of("centre", a.model.centres), "The `ReceptionCentre` the person lives in, or None.")
    host = _Read(lambda a: a._of("host", a.model.hosts), "The `Host` the person lives with, or None.")

    @property
    def hosts_known(self) -> list[Host]:
        """Hosts the person could turn to, those first who are asked first."""
        people, row = self._people(), self._row()
        return [self.model.hosts[slot[row]] for slot in (people.tie_0, people.tie_1, people.tie_2) if slot[row] >= 0]

    @property
    def guardian(self) -> Migrant | None:
        """The guardian of a child, else None."""
        row = int(self._people().guardian[self._row()])
        return None if row < 0 else self.model.migrants_at(np.array([row]))[0]

    @property
    def children(self) -> list[Migrant]:
        """Children of a guardian who are in the country."""
        people = self._people()
        return self.model.migrants_at(np.flatnonzero((people.guardian == self._row()) & people.is_here))


class Employer(View):
    """An employer who would consider informal work (F 8)."""

    @property
    def node(self) -> str:  # type: ignore[override]
        """Name of the employer's node in the network."""
        return employer_node(self._number)

    @property
    def unique_id(self) -> int:
        """From 1 000 000 up."""
        return _FIRST_EMPLOYER + self._number

    def _place(self) -> int:
        return int(self.model.world.employers.place[self._number])

    def _rows_of(self, column: str) -> npt.NDArray[np.int64]:
        people = self.model.world.population
        return np.flatnonzero((getattr(people, column) == self._number) & people.is_here)

    @staticmethod
    def _employer(name: str, doc: str) -> _Read:
        return _Read(lambda a: getattr(a.model.world.employers, name)[a._number].item(), doc)

    sector = _Read(lambda a: SECTORS[int(a.model.world.employers.sector[a._number])], "Line of business.")
    jobs = _employer("jobs", "Informal jobs at most.")
    open_jobs = _employer("open_jobs", "Informal jobs offered this month, filled or not.")
    is_willing = _employer("is_willing", "Whether the employer offers informal work this month.")
    wage_gap_ratio = _employer("gap_ratio", "Wages saved per job, relative to the national wage gap.")
    perceived_risk_ratio = _employer("perceived", "Own experience of inspections, as a ratio to what all perceive.")

    @property
    def workers(self) -> list[Migrant]:
        """Persons whose main job is here."""
        return self.model.migrants_at(self._rows_of("employer"))

    @property
    def side_workers(self) -> list[Migrant]:
        """Persons whose side job is here."""
        return self.model.migrants_at(self._rows_of("side_employer"))

    workers_count = _Read(
        lambda a: len(a._rows_of("employer")) + len(a._rows_of("side_employer")), "Jobs filled, side jobs included."
    )


class ReceptionCentre(View):
    """A reception centre, the pooled centres of a district, or alternative placement in a city."""

    @property
    def node(self) -> str:  # type: ignore[override]
        """Name of the centre's node in the network."""
        return centre_node(self._number)

    @property
    def unique_id(self) -> int:
        """From 1 up."""
        return self._number + 1

    def _place(self) -> int:
        return int(PLACE_OF[self._number])

    def _rows(self) -> npt.NDArray[np.int64]:
        return np.flatnonzero(self.model.world.population.centre == self._number)

    name = _Read(lambda a: centre_name(a._number), "Name.")
    kind = _Read(lambda a: centre_kind(a._number), "``alternative`` for alternative placement, else as in the data.")
    remoteness = _Read(lambda a: float(REMOTENESS[a._number]), "0 (in a city) to 1.")
    capacity = _Read(
        lambda a: int(a.model.world.centres.capacity[a._number]), "Places for persons with a final rejection."
    )
    is_open = _Read(lambda a: bool(a.model.world.centres.is_open[a._number]), "Whether it is open this month.")
    residents_count = _Read(lambda a: len(a._rows()), "Places taken.")

    @property
    def residents(self) -> list[Migrant]:
        """Persons who live here."""
        return self.model.migrants_at(self._rows())


class Host(View):
    """A person with legal residence, or a congregation, who can provide (F 4.4, 7.3)."""

    @property
    def node(self) -> str:  # type: ignore[override]
        """Name of the host's node in the network."""
        return host_node(self.model.world, self._number)

    @property
    def unique_id(self) -> int:
        """The first 63 bits of the host's key."""
        return int(self.model.world.hosts.key[self._number]) >> 1

    def _place(self) -> int:
        return int(self.model.world.hosts.place[self._number])

    def _rows(self) -> npt.NDArray[np.int64]:
        people = self.model.world.population
        return np.flatnonzero((people.host == self._number) & people.is_here)

    type = _Read(
        lambda a: Substrategy(int(a.model.world.hosts.type[a._number])).code,
        "``partner``, ``relative``, ``friend`` or ``congregation``.",
    )
    country = _Read(lambda a: reference.countries()[int(a.model.world.hosts.country[a._number])].name, "Background.")
    capacity = _Read(lambda a: int(a.model.world.hosts.capacity[a._number]), "Households the host has room for.")
    patience = _Read(lambda a: float(a.model.world.hosts.patience[a._number]), "Ratio; 1 is the median host.")
    is_exploitative = _Read(
        lambda a: bool(a.model.world.hosts.is_exploitative[a._number]), "Whether the host takes advantage of guests."
    )
    guests_count = _Read(lambda a: len(a._rows()), "Guests, children included.")

    @property
    def guests(self) -> list[Migrant]:
        """Persons who live with the host, children included."""
        return self.model.migrants_at(self._rows())
