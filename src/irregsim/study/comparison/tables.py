"""The tables of a comparison: one declaration for each (docs/outputs.md explains what they mean).

A new one is a function that makes it, and its entry here. The comparison then makes it, writes it, publishes it by the
rules of its columns, puts it into the workbook, and shows it in its section of the page. Its words are the labels
``compare.<name>_caption`` and, for the columns shown, ``compare.c_<column>``; for a new section ``compare.h_<section>``
and ``compare.note_<section>``. One of one's own is registered the same way, before the command begins.

Only names and functions: libraries are imported by the one who makes the table.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from irregsim.study.comparison.declare import Basis, Column, Compared, Form, Kind, Rule, Table
from irregsim.vocabulary.labels import LANGUAGES

if TYPE_CHECKING:
    import pandas as pd

#: Every table by its name, in the order of the folder.
TABLES: Final[dict[str, Table]] = {}


def register(table: Table) -> None:
    """Adds a table.

    Raises:
        ValueError: If there is one of that name.
    """
    if table.name in TABLES:
        raise ValueError(f"a table called {table.name} already exists; give it another name")
    TABLES[table.name] = table


# ---------------------------------------------------------------------------------------------------------
# Columns that many tables have


def _texts(*names: str) -> tuple[Column, ...]:
    return tuple(Column(name) for name in names)


def _effects(*names: str, end_of: str = "") -> tuple[Column, ...]:
    return tuple(Column(name, Kind.UNIT, Rule.EFFECT, end_of) for name in names)


def _interval(name: str, kind: Kind, rule: Rule, ends: tuple[str, str] = ("lo", "hi")) -> tuple[Column, ...]:
    return (Column(name, kind, rule), *(Column(end, kind, rule, name) for end in ends))


def _in_percent(*names: str) -> tuple[Column, ...]:
    """Ends of intervals in percent of the reference of the same replicate, of columns in the unit of the row."""
    return tuple(Column(f"percent_{name}", Kind.PERCENT, Rule.EFFECT) for name in names)


_N: Final = Column("n", Kind.NUMBER)
_REFERENCE: Final = Column("reference_mean", Kind.UNIT, Rule.EFFECT)
_MEAN: Final = _interval("mean", Kind.UNIT, Rule.EFFECT)
_ERROR: Final = Column("mc_se", Kind.UNIT, Rule.EFFECT)


def _key_figures(*keys: str) -> tuple[Column, ...]:
    """Columns of effects over the window."""
    return (
        *_texts("scenario", *keys, "since", "to", "kind", "unit"),
        *(_REFERENCE, *_MEAN, *_effects("lo50", "hi50")),
        Column("share_positive", Kind.SHARE, Rule.OPEN),
        _ERROR,
        *_texts("verdict", "why"),
        Column("more_replicates", Kind.NUMBER, type="float64"),
        *(Column(f"rounded_text_{lang}", Kind.TEXT, Rule.EFFECT) for lang in LANGUAGES),
        _N,
        Column("share_negative", Kind.SHARE, Rule.OPEN),
        *_texts("certainty"),
        Column("false_discovery", Kind.SHARE, Rule.OPEN),
        *_texts(*(f"verdict_text_{lang}" for lang in LANGUAGES)),
        *_effects("reference_lo", "reference_hi"),
        *_in_percent("lo", "hi", "lo50", "hi50"),
    )


# ---------------------------------------------------------------------------------------------------------
# Who makes them


def _differences(compared: Compared) -> pd.DataFrame:
    from irregsim.study.comparison.differences import differences

    return differences(compared.effects, compared.runs.draw_numbers)


def _figures(compared: Compared) -> pd.DataFrame:
    from irregsim.study.comparison.key_figures import key_figures

    return key_figures(compared.effects, compared.runs.draw_numbers)


def _cities(compared: Compared) -> pd.DataFrame:
    from irregsim.study.comparison.key_figures import cities

    return cities(compared.runs, compared.units)


def _groups(compared: Compared) -> pd.DataFrame:
    from irregsim.study.comparison.key_figures import groups

    return groups(compared.runs)


def _responses(compared: Compared) -> pd.DataFrame:
    from irregsim.study.comparison.responses import responses

    return responses(compared.effects, compared.runs.draws)


def _evidence(compared: Compared) -> pd.DataFrame:
    from irregsim.study.comparison.evidence import evidence

    return evidence(compared.effects, compared.runs.draws)


def _measured(compared: Compared) -> pd.DataFrame:
    from irregsim.study.comparison.measured import measured

    return measured(compared.effects)


def _costs(compared: Compared) -> pd.DataFrame:
    from irregsim.study.comparison.costs import costs

    return costs(compared.effects)


def _causes(compared: Compared) -> pd.DataFrame:
    from irregsim.study.comparison.causes import causes

    return causes(compared.runs)


def _sweep(compared: Compared) -> pd.DataFrame | None:
    from irregsim.study.comparison.sweeps import sweep

    return None if compared.design is None else sweep(compared.runs, compared.effects, compared.design)


def _life(name: str) -> Callable[[Compared], pd.DataFrame | None]:
    """One of the tables that one pass over the lives makes together; none where no spells were kept."""
    return lambda compared: compared.lives.get(name)


# ---------------------------------------------------------------------------------------------------------
# Effects

register(
    Table(
        "differences",
        _differences,
        (
            *_texts("month", "scenario", "outcome"),
            *(_MEAN[0], *_effects("median"), *_MEAN[1:], *_effects("lo80", "hi80", "lo50", "hi50")),
            Column("share_of_draws_positive", Kind.SHARE, Rule.OPEN),
            Column("share_of_draws_negative", Kind.SHARE, Rule.OPEN),
            *(_ERROR, _REFERENCE),
            *_interval("cumulative_mean", Kind.UNIT, Rule.SO_FAR, ("cumulative_lo", "cumulative_hi")),
            Column("variance_saved", Kind.SHARE, Rule.OPEN),
            _N,
            *_in_percent("median", "lo", "hi", "lo80", "hi80", "lo50", "hi50", "cumulative_lo", "cumulative_hi"),
        ),
        Form.EFFECTS,
        keys=("scenario", "month"),
    )
)
register(Table("key_figures", _figures, _key_figures("outcome", "panel"), Form.EFFECTS))
register(Table("cities", _cities, _key_figures("city", "outcome"), Form.EFFECTS, keys=("scenario", "city")))
register(
    Table(
        "groups",
        _groups,
        _key_figures("dimension", "group", "outcome"),
        Form.EFFECTS,
        keys=("scenario", "dimension", "group"),
    )
)
register(
    Table(
        "responses",
        _responses,
        (*_texts("scenario", "outcome", "third", "unit"), _REFERENCE, *_MEAN, _N, *_in_percent("lo", "hi")),
        Form.EFFECTS,
        keys=("scenario", "third"),
        section="responses",
    )
)
register(
    Table(
        "evidence",
        _evidence,
        (
            *_texts("scenario", "outcome", "group", "grade"),
            *(Column(name, Kind.SHARE, Rule.OPEN) for name in ("share", "error", "by_chance")),
            Column("enters", Kind.FLAG),
            Column("draws", Kind.NUMBER),
        ),
        Form.COLUMNS,
        section="evidence",
    )
)
register(
    Table(
        "measured",
        _measured,
        (
            *(*_texts("scenario", "register"), Column("year", Kind.NUMBER), *_texts("rate_is")),
            *(
                column
                for part in ("change", "behaviour", "measurement", "outside")
                for column in _interval(part, Kind.COUNT, Rule.ROUNDED, (f"{part}_lo", f"{part}_hi"))
            ),
            *_texts("latent_outcome"),
            *_interval("latent", Kind.UNIT, Rule.EFFECT, ("latent_lo", "latent_hi")),
            Column("latent_reference", Kind.UNIT, Rule.WITHHELD),
            _N,
            *_in_percent("latent_lo", "latent_hi"),
        ),
        Form.EFFECTS,
        basis=Basis("latent_outcome", "latent_reference", "latent", "latent_unit", keeps_rows=True),
        keys=("scenario", "year"),
        section="measured",
    )
)
register(
    Table(
        "costs",
        _costs,
        (
            *_texts("scenario", "item", "outcome", "carrier", "receiver", "unit"),
            *(_REFERENCE, *_MEAN),
            Column("amount", Kind.MONEY, Rule.OPEN),
            Column("amount_year", Kind.NUMBER, type="float64"),
            *_interval("nok_mean", Kind.MONEY, Rule.EFFECT, ("nok_lo", "nok_hi")),
            *_texts("source", "grade"),
            *_in_percent("lo", "hi"),
        ),
        Form.EFFECTS,
        section="costs",
    )
)

# ---------------------------------------------------------------------------------------------------------
# Balance and lives

_PERSONS: Final = _interval("persons", Kind.COUNT, Rule.WITHHELD)
_TOTAL: Final = Column("total", Kind.COUNT, Rule.WITHHELD, type="int64")
_COHORT: Final = _texts("scenario", "side", "cohort")

register(
    Table(
        "balance",
        _life("balance"),
        (
            *_texts("scenario", "to_month", "kind", "state"),
            *_effects("reference_mean", "scenario_mean", "change_in_state"),
            *_effects("lo", "hi", end_of="change_in_state"),
            Column("entered", Kind.COUNT, Rule.WITHHELD),
            Column("left", Kind.COUNT, Rule.WITHHELD),
            _N,
            *_in_percent("lo", "hi"),
        ),
        Form.BALANCE,
        section="displacement",
    )
)
register(
    Table(
        "alluvial",
        _life("alluvial"),
        (*_texts("scenario", "to_month", "reference_state", "scenario_state"), *_PERSONS, _TOTAL, _N),
        Form.ELSEWHERE,
        whole=("scenario", "to_month", "reference_state"),
        section="displacement",
    )
)
register(
    Table(
        "chronogram",
        _life("chronogram"),
        (
            *(*_COHORT, Column("months_since", Kind.NUMBER), *_texts("state")),
            Column("share", Kind.SHARE, Rule.ROUNDED),
            Column("persons", Kind.COUNT, Rule.WITHHELD),
            _N,
        ),
        Form.CHRONOGRAM,
    )
)
register(
    Table(
        "sequences",
        _life("sequences"),
        (
            *(*_COHORT, Column("life", Kind.NUMBER), *_texts("person"), Column("replicate", Kind.NUMBER)),
            *(Column("sought_asylum", Kind.FLAG), Column("run", Kind.NUMBER), *_texts("state")),
            *(Column("start", Kind.NUMBER), Column("months", Kind.NUMBER)),
        ),
        Form.NEVER,
        is_for_readers=True,
        # Of those present, lives in centres could be counted against all of them.
        cohort_for_readers="entered",
    )
)
register(
    Table(
        "mean_time",
        _life("mean_time"),
        (*_COHORT, *_texts("strategy"), *_interval("months", Kind.MONTHS, Rule.ROUNDED), _N),
        Form.MEAN_TIME,
    )
)
register(
    Table(
        "transitions",
        _life("transitions"),
        (
            *(*_COHORT, *_texts("origin", "destination"), *_interval("rate", Kind.RATE, Rule.ROUNDED)),
            Column("moves", Kind.COUNT, Rule.WITHHELD),
            _N,
        ),
        Form.TRANSITIONS,
    )
)
register(
    Table(
        "survival",
        _life("survival"),
        (
            *(*_COHORT, Column("months", Kind.NUMBER), Column("at_risk", Kind.COUNT, Rule.WITHHELD)),
            *_interval("survival", Kind.SHARE, Rule.ROUNDED),
            _N,
        ),
        Form.ENTERED,
    )
)
register(
    Table(
        "incidence",
        _life("incidence"),
        (
            *(*_COHORT, *_texts("exit"), Column("months", Kind.NUMBER)),
            *_interval("incidence", Kind.SHARE, Rule.ROUNDED),
            _N,
        ),
        Form.ENTERED,
    )
)
register(
    Table(
        "twins",
        _life("twins"),
        (
            *(*_texts("scenario", "person"), Column("replicate", Kind.NUMBER)),
            *_texts("first_parting", "reference_state", "scenario_state", "cause_reference", "cause_scenario"),
            *(*_texts("first_month_apart"), Column("months_apart", Kind.NUMBER)),
            *(*_texts("end_reference", "end_scenario"), Column("sought_asylum", Kind.FLAG)),
        ),
        Form.NEVER,
        is_for_readers=True,
    )
)
register(
    Table(
        "twin_lives",
        _life("twin_lives"),
        (
            *(*_texts("scenario", "person"), Column("replicate", Kind.NUMBER), *_texts("side")),
            *(Column("run", Kind.NUMBER), *_texts("state", "start", "end", "cause")),
        ),
        Form.NEVER,
        is_for_readers=True,
    )
)
register(
    Table(
        "partings",
        _life("partings"),
        (
            *_texts("scenario", "cause_reference", "cause_scenario", "reference_state", "scenario_state"),
            *(*_PERSONS, _TOTAL, _N),
        ),
        Form.PARTS,
        whole=("scenario",),
    )
)
register(
    Table(
        "apart",
        _life("apart"),
        (
            *(*_texts("scenario", "month"), *_PERSONS),
            Column("share", Kind.SHARE, Rule.WITHHELD),
            _N,
        ),
        # Where a centre closes, those apart are those whom the register no longer counts, and their number over their
        # share is everybody.
        Form.NEVER,
    )
)

# ---------------------------------------------------------------------------------------------------------
# Why

register(
    Table(
        "causes",
        _causes,
        _key_figures("outcome", "origin", "destination", "cause"),
        Form.EFFECTS,
        keys=("scenario", "origin", "destination", "cause"),
    )
)

# ---------------------------------------------------------------------------------------------------------
# Sweeps

register(
    Table(
        "sweep",
        _sweep,
        _key_figures("vary_1", "value_1", "vary_2", "value_2", "part", "outcome", "panel"),
        Form.EFFECTS,
        keys=("scenario", "part"),
    )
)
