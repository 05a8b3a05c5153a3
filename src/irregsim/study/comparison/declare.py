"""What is said of a table of a comparison: who makes it, its columns, how it is published and where it is shown.

The tables themselves are declared in `irregsim.study.comparison.tables`. What is made, written, published and shown
follows from the declaration; nothing else lists tables or columns.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING, Final

from irregsim.vocabulary.disclosure import PERCENT

if TYPE_CHECKING:
    import pandas as pd

    from irregsim.study.comparison.differences import Effects
    from irregsim.study.comparison.lives.tables import PairedTables
    from irregsim.study.comparison.pairs import Runs
    from irregsim.study.comparison.sweeps import Design
    from irregsim.study.workers import Hands

#: A name that is a file, an attribute and a sheet: Excel has room for 31 characters.
_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,30}")

#: Sheets and tables that a comparison has besides.
_TAKEN: Final = ("about", "units", "levels", "summary")


class Kind(StrEnum):
    """What is in a column."""

    TEXT = "text"
    """Words and codes: scenario, outcome, month."""
    NUMBER = "number"
    """Whole numbers that are not about persons: a year, a place in an order, replicates, draws."""
    FLAG = "flag"
    """True or false."""
    UNIT = "number in the unit of its row"
    """A number of an outcome: in persons, kroner, months or whatever the outcome of the row is counted in."""
    COUNT = "count"
    """Persons or cases."""
    MONTHS = "months"
    """Months."""
    MONEY = "money"
    """NOK."""
    INDEX = "index"
    """An index, of which 100 is the base."""
    PERCENT = "percent"
    """Percent, -100 and up."""
    SHARE = "share"
    """0 to 1, or a difference of two shares."""
    RATE = "rate"
    """Events per person-month."""


#: Unit of the kinds that have one for the whole column, as the rule of disclosure knows it.
UNITS: Final = {
    Kind.COUNT: "count",
    Kind.MONTHS: "months",
    Kind.MONEY: "NOK",
    Kind.INDEX: "index",
    Kind.PERCENT: PERCENT,
}

#: Decimals in which the kinds without a unit are published.
DECIMALS: Final = {Kind.SHARE: 3, Kind.RATE: 4}

#: Type of a column in a data frame by its kind; of those not named here ``float64``, in which a number may be missing.
_TYPES: Final = {Kind.TEXT: "str", Kind.NUMBER: "int64", Kind.FLAG: "bool"}

#: Kinds that tell nothing of persons.
_HARMLESS: Final = (Kind.TEXT, Kind.NUMBER, Kind.FLAG)


class Rule(StrEnum):
    """How a column is published."""

    OPEN = "open"
    """As it is."""
    ROUNDED = "rounded"
    """In the steps of its unit, or in its decimals, small numbers too: what a register counts, and shares."""
    EFFECT = "effect"
    """A number of the row's outcome, or the text that tells it. Where no register counts the outcome, in percent of the
    reference (the reference itself is 100; a number in a unit of its own and not the outcome's, such as money, is
    missing). Rounded, and missing where fewer than 5 persons are behind it."""
    SO_FAR = "so far"
    """As an effect, but in percent of the sum of the reference since the change."""
    WITHHELD = "withheld"
    """Not at all: the published table has no such column, and neither the page nor a picture reads it."""


class Form(StrEnum):
    """How the rows of a table are published. `irregsim.present.publication` makes each form."""

    EFFECTS = "effects"
    """Rows of outcomes (`Basis`): each column by its rule, and ``suppressed`` where few persons are behind a row."""
    COLUMNS = "columns"
    """All rows, each column by its rule: tables that tell nothing of persons, or only in shares."""
    NEVER = "never"
    """Not published, such as single lives."""
    BALANCE = "balance"
    """Accounts: what registers count in persons, the rest in percent of the reference."""
    ELSEWHERE = "elsewhere"
    """Of those who are elsewhere than in the reference, the ``share`` that is in each state, of `Table.whole`."""
    PARTS = "parts"
    """Every number of persons as a ``share`` of `Table.whole`."""
    CHRONOGRAM = "chronogram"
    """Shares of a cohort; of those present only the hidden strategies, among themselves."""
    MEAN_TIME = "mean time"
    """Months of a cohort; of those present only in hidden strategies."""
    TRANSITIONS = "transitions"
    """Rates of a cohort; of those present only moves that no register counts."""
    ENTERED = "entered"
    """Only of those who entered since the change."""


@dataclass(frozen=True)
class Column:
    """A column of a table.

    Attributes:
        name: Its name in the files.
        kind: What is in it.
        rule: How it is published. Not given, words and numbers that are not about persons are open, and all else is
            withheld.
        end_of: The column that it is an end of an interval of, the lower end first; empty for others.
        type: Type in a data frame; empty for that of its kind. A number that may be missing is ``float64``.
    """

    name: str
    kind: Kind = Kind.TEXT
    rule: Rule | None = None
    end_of: str = ""
    type: str = ""

    @property
    def dtype(self) -> str:
        """Type in a data frame, rows or not: ``str``, ``int64``, ``bool`` or ``float64``."""
        return self.type or _TYPES.get(self.kind, "float64")

    @property
    def published(self) -> Rule:
        """The rule that holds."""
        if self.rule is not None:
            return self.rule
        return Rule.OPEN if self.kind in _HARMLESS else Rule.WITHHELD


@dataclass(frozen=True)
class Basis:
    """Which columns of a table of effects say what a row rests on.

    Attributes:
        outcome: The outcome of the row.
        reference: Its level in the reference; in percent it is 100.
        change: Its change, scenario less reference.
        unit: Its unit. Where the exact table has no such column, the form for readers gets it.
        keeps_rows: Whether a row stays, without its effect, where there is no reference above 0 to give a percentage
            of; for tables whose rows tell something else too.
    """

    outcome: str = "outcome"
    reference: str = "reference_mean"
    change: str = "mean"
    unit: str = "unit"
    keeps_rows: bool = False


@dataclass(frozen=True)
class Table:
    """A table of a comparison.

    Attributes:
        name: Of its file, its sheet, and the attribute of ``irregsim.compare(...)``.
        make: Makes it, with the columns that are declared; None where the runs have nothing to make it of.
        columns: In the order of the file. One is ``scenario``.
        form: How its rows are published.
        basis: Which columns say what a row rests on, for `Form.EFFECTS`.
        keys: Columns that, with the outcome, name a row.
        whole: Columns that name the whole that shares are of, for `Form.ELSEWHERE` and `Form.PARTS`.
        is_stored: Whether it is written: as Parquet file and in the other formats. One that is not is made for the
            page, the pictures and Python.
        is_for_readers: Whether the page and the pictures may read a table of `Form.NEVER`.
        cohort_for_readers: The only cohort they may read of it; empty for all rows.
        section: Section of the page that shows it as a table; empty where no section does.
        shown: Columns of that table on the page, in order. Ends of intervals are put behind their number. Empty where
            `irregsim.present.pages.compare_tables` writes the table in a form of its own.

    Raises:
        ValueError: If the declaration contradicts itself; with every fault.
    """

    name: str
    make: Callable[[Compared], pd.DataFrame | None]
    columns: tuple[Column, ...]
    form: Form
    basis: Basis = Basis()
    keys: tuple[str, ...] = ("scenario",)
    whole: tuple[str, ...] = ()
    is_stored: bool = True
    is_for_readers: bool = False
    cohort_for_readers: str = ""
    section: str = ""
    shown: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        faults = self._faults()
        if faults:
            raise ValueError("\n".join(f"table {self.name}: {fault}" for fault in faults))

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the columns, in order."""
        return tuple(column.name for column in self.columns)

    def column(self, name: str) -> Column:
        """The column of a name that is declared."""
        return next(column for column in self.columns if column.name == name)

    def ends_of(self, name: str) -> tuple[str, ...]:
        """The ends of the interval of a column, the lower first; none where it has no interval."""
        return tuple(column.name for column in self.columns if column.end_of == name)

    def withheld(self) -> tuple[str, ...]:
        """Names of the columns that nobody but the owner of the exact tables sees."""
        return tuple(column.name for column in self.columns if column.published is Rule.WITHHELD)

    def made(self, compared: Compared) -> pd.DataFrame | None:
        """The table of a comparison, its columns of the types that are declared.

        Raises:
            ValueError: If it does not have the columns that are declared, or a value is not of the type of its column.
        """
        frame = self.make(compared)
        if frame is not None and frame.shape == (0, 0):
            frame = frame.reindex(columns=list(self.names))  # made of nothing, so of no columns either
        if frame is not None and tuple(map(str, frame.columns)) != self.names:
            raise ValueError(
                f"table {self.name}: it was made with the columns {', '.join(map(str, frame.columns))}, but declared "
                f"with {', '.join(self.names)}; let the function and the declaration agree, in the same order"
            )
        return None if frame is None else self._typed(frame)

    def _typed(self, frame: pd.DataFrame) -> pd.DataFrame:
        """The frame with the declared types; text with rows stays as it was made, which may be as categories."""
        wrong = {
            column.name: column.dtype
            for column in self.columns
            if frame[column.name].dtype != column.dtype and (len(frame) == 0 or column.kind is not Kind.TEXT)
        }
        try:
            return frame.astype(wrong) if wrong else frame
        except (TypeError, ValueError) as error:
            raise ValueError(f"table {self.name}: {error}; declare the types of its columns") from error

    def _faults(self) -> list[str]:
        names = self.names
        out = []
        if not _NAME.fullmatch(self.name) or self.name in _TAKEN:
            out.append(
                "the name must be 1 to 31 small letters, digits and _, beginning with a letter, and none of "
                + ", ".join(_TAKEN)
            )
        out += [f"column {name} is declared twice" for name in dict.fromkeys(names) if names.count(name) > 1]
        needed = {"scenario", *self.keys, *self.whole, *self.shown, *(c.end_of for c in self.columns if c.end_of)}
        if self.form is Form.EFFECTS:
            needed |= {self.basis.outcome, self.basis.reference, self.basis.change}
        given = {*names, self.basis.unit} if self.form is Form.EFFECTS else set(names)
        out += [f"column {name} is used but not declared" for name in sorted(needed - given)]
        out += [
            f"column {c.name} is published as an effect, which needs the form {Form.EFFECTS} or {Form.BALANCE}"
            for c in self.columns
            if c.published in (Rule.EFFECT, Rule.SO_FAR) and self.form not in (Form.EFFECTS, Form.BALANCE)
        ]
        out += [
            f"column {c.name} is {c.kind}, which cannot be published as {c.published}"
            for c in self.columns
            if (c.published is Rule.ROUNDED and c.kind not in (*UNITS, *DECIMALS))
            or (c.published is Rule.EFFECT and c.kind not in (Kind.UNIT, Kind.TEXT, *UNITS))
            or (c.published is Rule.SO_FAR and c.kind is not Kind.UNIT)
            or (c.published is Rule.OPEN and c.kind in (Kind.UNIT, Kind.COUNT))
        ]
        told = any(c.kind is Kind.TEXT and c.published is Rule.EFFECT for c in self.columns)
        if told and len(self.ends_of(self.basis.change)) != 2:
            out.append(f"a text tells the effect, so column {self.basis.change} needs the two ends of its interval")
        out += [f"column {name} is withheld, so it cannot be shown" for name in self.shown if name in self.withheld()]
        if self.shown and not self.section:
            out.append("columns are shown, but in no section of the page; give section")
        if self.section and self.form is Form.NEVER and not self.is_for_readers:
            out.append(f"what is published as {Form.NEVER} cannot be in a section of the page")
        return out


@dataclass(frozen=True)
class Compared:
    """What tables are made of; each part is made once, when the first table asks for it.

    Attributes:
        runs: The runs that are compared.
        jobs: Processes for the lives, at least 1, or a crew of them; the tables are the same for any number.
        design: Which scenario has which values, in a sweep; None in another comparison.
    """

    runs: Runs
    jobs: Hands = 1
    design: Design | None = None

    @cached_property
    def effects(self) -> list[Effects]:
        """Series of every scenario and the reference, month by month and replicate by replicate."""
        from irregsim.study.comparison.differences import effects

        return effects(self.runs)

    @cached_property
    def units(self) -> dict[str, str]:
        """Unit of every outcome."""
        return {outcome: unit for effect in self.effects for outcome, unit in effect.units.items()}

    @cached_property
    def pairs(self) -> list[PairedTables]:
        """Balance and, where spells were kept, lives of every scenario, in the order of ``runs.pairs``."""
        from irregsim.study.comparison.lives.tables import of_pair

        return [of_pair(pair, self.jobs) for pair in self.runs.pairs]

    @cached_property
    def lives(self) -> dict[str, pd.DataFrame]:
        """The same of all scenarios, one below the other, by the name of the table."""
        from irregsim.study.comparison.lives.tables import joined

        return joined(self.pairs)
