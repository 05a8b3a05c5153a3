"""The words of the model: strategies, exits, routes, tracks and months.

Strategy and exit codes are Norwegian, as published in Fafo-rapport 2021:15; all else is English. The numbers
behind the names are storage codes: they never change, because stored tables and keyed random numbers
depend on them. Words for readers (Norwegian and English labels) live in ``data/labels.csv``.
"""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING, NamedTuple

from irregsim.vocabulary.shipped import read_table

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt


class Strategy(IntEnum):
    """Primary way of getting by (F 4.2-4.7). Every person in the model has exactly one."""

    SYNLIG = 0
    AVHENGIG = 1
    ARBEIDENDE = 2
    MARGINALISERT = 3
    FRITT_FALL = 4

    @property
    def code(self) -> str:
        """The published code, such as ``fritt_fall``."""
        return self.name.lower()


class Exit(IntEnum):
    """Ways of leaving the population. Codes continue after the strategies, so both fit one column."""

    TVANGSRETUR = 8
    ASSISTERT_RETUR = 9
    BORTVIST = 10
    VIDERE = 11
    REGULARISERT = 12
    MIDLERTIDIG = 13
    DOD = 14

    @property
    def code(self) -> str:
        """The published code, such as ``tvangsretur``."""
        return self.name.lower()


#: The lowest code of an exit: a state below it is a strategy (or, in a flow alone, `INFLOW` or `OPENING`).
FIRST_EXIT = int(min(Exit))


def is_exit(state: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    """Whether each of some states is an exit.

    Args:
        state: Codes of `Strategy` or `Exit`, as the population's column ``strategy`` holds them, of any shape.

    Returns:
        Flags of the same shape.
    """
    return state >= FIRST_EXIT


STRATEGIES: tuple[str, ...] = tuple(strategy.code for strategy in Strategy)
EXITS: tuple[str, ...] = tuple(exit_.code for exit_ in Exit)

#: Strategies that no register counts; their levels rest on assumptions (docs/odd.md).
HIDDEN: tuple[str, ...] = tuple(code for code in STRATEGIES if code != Strategy.SYNLIG.code)

#: Origins of a flow that are not strategies.
INFLOW = 6
OPENING = 7

#: Number of codes in a flow's origin or destination (strategies, inflow, opening, exits).
STATE_CODES = 15


def state_code(state: int) -> str:
    """Text of an origin or destination of a flow: a strategy, an exit, ``inflow`` or ``opening``.

    Raises:
        ValueError: If the number is not a state.
    """
    if state == INFLOW:
        return "inflow"
    if state == OPENING:
        return "opening"
    if state < INFLOW:
        return Strategy(state).code
    return Exit(state).code


class Lives(NamedTuple):
    """What a subtype is, as far as rules need not know its name.

    Attributes:
        strategy: The primary strategy that it is a subtype of.
        with_hosts: Whether some hosts are of this type, and those who stay with them are of this subtype.
        by_choice: Whether it is an option of its own in the choice from free fall, ``choice_`` and its code.
        loosely: Whether a guest stays for the time being, and is counted as homeless (NIBR).
        by_crime: Whether the police, who give priority to offenders, look for those who live by it (M074).
    """

    strategy: Strategy | None = None
    with_hosts: bool = False
    by_choice: bool = False
    loosely: bool = False
    by_crime: bool = False


_NOTHING = Lives()


class Substrategy(IntEnum):
    """Subtype of a strategy, kept because levers act on it (docs/odd.md): its code, and what it is.

    What is said here is what tables, options and pictures know of a subtype. Rules read it by name where it alone is
    meant. A new one takes the next code, at the end.
    """

    lives: Lives

    NONE = 0
    PARTNER = 1, Lives(Strategy.AVHENGIG, with_hosts=True)
    RELATIVE = 2, Lives(Strategy.AVHENGIG, with_hosts=True)
    FRIEND = 3, Lives(Strategy.AVHENGIG, with_hosts=True, loosely=True)
    CONGREGATION = 4, Lives(Strategy.AVHENGIG, with_hosts=True, loosely=True)
    SURVIVAL_SEX = 5, Lives(Strategy.AVHENGIG, by_choice=True, loosely=True)
    SEX_SALE = 6, Lives(Strategy.MARGINALISERT, by_choice=True)
    DRUGS = 7, Lives(Strategy.MARGINALISERT, by_choice=True, by_crime=True)
    PROPERTY = 8, Lives(Strategy.MARGINALISERT, by_choice=True, by_crime=True)

    def __new__(cls, code: int, lives: Lives = _NOTHING) -> Substrategy:
        """A whole number, its code."""
        member = int.__new__(cls, code)
        member._value_ = code
        member.lives = lives
        return member

    @property
    def code(self) -> str:
        """Text in tables, such as ``survival_sex``."""
        return self.name.lower()

    @property
    def option(self) -> str:
        """Name of its option in the choice from free fall; empty where it is none."""
        return f"choice_{self.code}" if self.lives.by_choice else ""


def chosen_subtypes(strategy: Strategy) -> dict[str, Substrategy]:
    """Subtypes of a strategy by the option that they are entered by from free fall, in the order of their codes."""
    return {s.option: s for s in Substrategy if s.option and s.lives.strategy == strategy}


class Side(IntEnum):
    """Side strategy in addition to the primary one (F 4.2, 4.5): at most one."""

    NONE = 0
    WORK = 1

    @property
    def code(self) -> str:
        """Text in tables."""
        return self.name.lower()


class Route(IntEnum):
    """How a person came to be without legal residence (docs/odd.md)."""

    ASYLUM_REJECTED = 0
    DUBLIN = 1
    FAMILY_PERMIT_LOST = 2
    MARRIAGE_BROKEN = 3
    WORK_PERMIT_LOST = 4
    AU_PAIR = 5
    STUDENT = 6
    PERMIT_REVOKED = 7
    VISA_OVERSTAY = 8
    WITHOUT_PERMIT = 9
    PENAL_EXPULSION = 10
    SHORT_STAY = 11
    VISA_LOST = 12
    LAPSED_YOUNG = 13
    VANISHED = 14
    AGED_OUT = 15
    LEFT_CARE = 16

    @property
    def code(self) -> str:
        """Text in tables, such as ``visa_overstay``."""
        return self.name.lower()


class Decision(IntEnum):
    """Return decision held by a person."""

    NONE = 0
    DUTY_TO_LEAVE = 1
    EXPELLED_IMMIGRATION_ACT = 2
    EXPELLED_PENAL = 3


class Ground(IntEnum):
    """Ground under which probabilities are summed: whose case a person's is."""

    ASYLUM = 0
    DUBLIN = 1
    NEVER_ASYLUM = 2
    PENAL = 3


class Feasibility(IntEnum):
    """Group of countries by how feasible a forced return is (docs/odd.md)."""

    NONE = 0
    WEAK = 1
    MIDDLE = 2
    HIGH = 3

    @property
    def code(self) -> str:
        """Text in tables."""
        return self.name.lower()


class Household(IntEnum):
    """Place of a person in a family."""

    ALONE = 0
    GUARDIAN = 1
    CHILD = 2


#: First simulated month; month 0 everywhere in the package.
FIRST_YEAR = 2009


def month_number(text: str) -> int:
    """Months since 2009-01 of a month written ``YYYY-MM``; negative before it.

    Raises:
        ValueError: If the text is not a month.
    """
    if len(text) != 7 or text[4] != "-" or not (text[:4] + text[5:]).isascii() or not (text[:4] + text[5:]).isdigit():
        raise ValueError(f"{text!r} is not a month (write YYYY-MM)")
    year, month = int(text[:4]), int(text[5:])
    if not 1 <= month <= 12:
        raise ValueError(f"{text!r} is not a month (01 to 12)")
    return (year - FIRST_YEAR) * 12 + month - 1


def month_text(month: int) -> str:
    """A month number written ``YYYY-MM``."""
    return f"{FIRST_YEAR + month // 12:04d}-{month % 12 + 1:02d}"


def year_of(month: int) -> int:
    """Calendar year of a month number."""
    return FIRST_YEAR + month // 12


DISTRICTS: tuple[str, ...] = tuple(row["district"] for row in read_table("districts.csv"))
"""Police districts of the report's tables, in the order of ``districts.csv``; ``Andre`` pools the rest."""

CITIES: tuple[str, ...] = tuple(row["city"] for row in read_table("cities.csv"))
"""The cities, in the order of ``cities.csv``: the five of the report, and those that are added after them."""

OTHER_CITY = "other"
"""Everywhere outside the cities."""

CAUSES: tuple[str, ...] = (
    "start",
    "opening",
    "permit_ended",
    "no_place",
    "family",
    # reception
    "walkout",
    "transfer",
    "transfer_walkout",
    "right_to_stay_ended",
    "pu_fetch",
    "dublin_transfer",
    "dublin_abscond",
    # labour
    "inspection",
    "job_loss",
    "tax_card_loss",
    "employer_stops",
    # support
    "host_ends_stay",
    "break_up",
    "violence",
    "benefits_stopped",
    "way_out",
    "market_loss",
    # choice
    "reconsider",
    "choice",
    # control
    "identity_control",
    "crime_control",
    "sex_market_control",
    "forced_transport",
    "leaves_after_decision",
    "short_stay",
    "released",
    # exits
    "assisted_return",
    "onward",
    "permit",
    "scheme",
    "temporary_permit",
    "trafficking_protection",
    "death",
    # moves
    "city_move",
    "birth",
)
"""Causes of a flow, in storage order: new causes are added at the end, none is renamed or moved."""

CAUSE_CODE: dict[str, int] = {name: code for code, name in enumerate(CAUSES)}


class RegisterEvent(IntEnum):
    """What an agency would write down at the moment something happens (docs/odd.md)."""

    EXPULSION_IMMIGRATION_ACT = 0
    EXPULSION_PENAL = 1
    ORDER_ASYLUM = 2
    ORDER_EXPELLED = 3
    ORDER_BORTVIST = 4
    TRANSPORT_ASYLUM = 5
    TRANSPORT_DUBLIN = 6
    TRANSPORT_EXPELLED = 7
    TRANSPORT_BORTVIST = 8
    EMPLOYER_SANCTION = 9
    WORKER_SANCTION = 10
    ASSISTED_RETURN = 11
    LEFT_CENTRE = 12
    HEALTH_CONTACT = 13
    LEFT_UNNOTICED = 14
    DUBLIN_LEFT_CENTRE = 15
