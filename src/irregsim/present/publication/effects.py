"""Tables of a comparison as they may be published (docs/outputs.md has the rules).

Single lives stay out, what no register counts is in percent of the reference and never in persons
(`publication.one_scale`), and small cells are suppressed (`vocabulary.disclosure`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from irregsim.present.publication import lives as published_lives
from irregsim.present.publication.disclosure import in_units, persons_behind
from irregsim.present.publication.one_scale import one_scale
from irregsim.vocabulary.disclosure import is_few
from irregsim.vocabulary.labels import LANGUAGES

if TYPE_CHECKING:
    import pandas as pd

#: Columns of persons, cases or other natural units, by table that may be published.
COLUMNS: Final[Mapping[str, tuple[str, ...]]] = {
    "differences": (
        *("mean", "median", "lo", "hi", "lo80", "hi80", "lo50", "hi50", "mc_se", "reference_mean"),
        *("cumulative_mean", "cumulative_lo", "cumulative_hi"),
    ),
    "key_figures": ("mean", "lo", "hi", "lo50", "hi50", "mc_se", "reference_mean"),
    "cities": ("mean", "lo", "hi", "lo50", "hi50", "mc_se", "reference_mean"),
    "groups": ("mean", "lo", "hi", "lo50", "hi50", "mc_se", "reference_mean"),
    "responses": ("mean", "lo", "hi", "reference_mean"),
    "costs": ("mean", "lo", "hi", "nok_mean", "nok_lo", "nok_hi", "reference_mean"),
    "measured": tuple(
        f"{name}{end}"
        for name in ("change", "behaviour", "measurement", "outside", "latent")
        for end in ("", "_lo", "_hi")
    ),
    "evidence": (),
}

#: Columns that, with the outcome, name a row.
_KEYS: Final = ("scenario", "month", "city", "group", "level", "third", "year")


def published(frames: Mapping[str, pd.DataFrame], units: Mapping[str, str]) -> dict[str, pd.DataFrame]:
    """The published form of the tables that have one.

    Args:
        frames: Tables of a comparison by name.
        units: Unit by outcome.

    Returns:
        Tables by name, those of `COLUMNS` and of `published_lives.published`. A column ``suppressed`` marks rows that
        have no numbers because they rest on fewer than 5 persons in the reference and in the scenario;
        ``reference_mean`` is 100 where ``unit`` is percent.
    """
    figures = frames.get("key_figures")
    marked = {n: frames[n].assign(suppressed=_small(frames[n], units, figures)) for n in COLUMNS if n in frames}
    out = {name: _rounded(frame, name) for name, frame in one_scale(marked, units).items()}
    if "evidence" in out:
        out["evidence"] = out["evidence"].drop(columns="suppressed")
    return out | published_lives.published(frames)


def _small(frame: pd.DataFrame, units: Mapping[str, str], figures: pd.DataFrame | None) -> pd.Series:
    """Rows that rest on some, but fewer than 5 persons, on both sides."""
    import pandas as pd

    name = next((c for c in ("latent_outcome", "outcome") if c in frame), None)
    mean, reference = ("latent", "latent_reference") if name == "latent_outcome" else ("mean", "reference_mean")
    if frame.empty or name is None or reference not in frame:
        return pd.Series(False, index=frame.index, dtype=bool)
    outcomes = frame[name].astype(str)
    sides = _sides(frame.assign(outcome=outcomes), mean, reference)
    keys = [column for column in _KEYS if column in frame]
    # One table holds the persons behind amounts of the whole country: costs have rows of money only.
    more = [] if figures is None or keys != ["scenario"] else [_sides(figures, "mean", "reference_mean")]
    unit = outcomes.map(lambda outcome: units.get(outcome, "persons"))
    persons = persons_behind(sides, ("before", "after"), keys, unit, more)
    few: pd.Series = is_few(persons["before"], persons["after"])
    return few


def _sides(frame: pd.DataFrame, mean: str, reference: str) -> pd.DataFrame:
    """The table with the numbers ``before`` and ``after``: in the reference and in the scenario."""
    return frame.assign(before=frame[reference], after=frame[reference] + frame[mean])


def _rounded(frame: pd.DataFrame, name: str) -> pd.DataFrame:
    out = frame.copy()
    if out.empty:
        return out
    small = out["suppressed"].astype(bool)
    for column in COLUMNS[name]:
        latent = name == "measured" and column.startswith("latent")
        if name == "measured":
            unit = out["latent_unit"] if latent else out["latent_unit"].where(out["latent_unit"].isna(), "count")
        elif column.startswith("nok_"):
            unit = out["unit"].where(out["unit"].isna(), "NOK")
        else:
            unit = out["unit"]
        shown = in_units(out[column], unit)
        out[column] = shown.where(~small) if name != "measured" or latent else shown
    if name == "measured":
        return out.drop(columns="latent_reference")
    for lang in LANGUAGES:
        column = f"rounded_text_{lang}"
        if column in out:
            out[column] = out[column].where(~small, "")
    return out
