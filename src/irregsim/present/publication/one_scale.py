"""Hidden strategies on one scale only: in percent of the reference.

An effect in persons together with the same effect in percent (or as an index) reveals a level: -800 persons and
-4 % give 20 000. So wherever readers are shown what no register counts, they are shown it in percent, and never the
number; what registers count is shown in its own unit. The exact tables (Parquet) keep every unit; they are for the
analysis, not for readers.

Also, what enters less what leaves is what stays: the changes of all exits, of the inflow and of those in centres would
add up to the change of the hidden population. Onward travel, deaths and the inflow, which nobody counts, are therefore
in percent too (`words.is_uncounted`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from irregsim.present.words import is_uncounted
from irregsim.vocabulary.disclosure import PERCENT
from irregsim.vocabulary.labels import LANGUAGES
from irregsim.vocabulary.numbers import rounded_text

if TYPE_CHECKING:
    import pandas as pd

#: Columns that are rescaled, by table; where there is a reference for each row, it becomes 100.
SCALED: Final[Mapping[str, tuple[str, ...]]] = {
    "differences": ("mean", "median", "lo", "hi", "lo80", "hi80", "lo50", "hi50", "mc_se"),
    "key_figures": ("mean", "lo", "hi", "lo50", "hi50", "mc_se"),
    "cities": ("mean", "lo", "hi", "lo50", "hi50", "mc_se"),
    "groups": ("mean", "lo", "hi", "lo50", "hi50", "mc_se"),
    "responses": ("mean", "lo", "hi"),
    "costs": ("mean", "lo", "hi"),
}

_CUMULATIVE: Final = ("cumulative_mean", "cumulative_lo", "cumulative_hi")
_LATENT: Final = ("latent", "latent_lo", "latent_hi")
_MONEY: Final = ("nok_mean", "nok_lo", "nok_hi")


def one_scale(frames: Mapping[str, pd.DataFrame], units: Mapping[str, str]) -> dict[str, pd.DataFrame]:
    """Tables of a comparison with what is not counted in percent of the reference.

    Args:
        frames: Tables by name.
        units: Unit by outcome.

    Returns:
        All tables. Those of `SCALED` have a column ``unit``; rows in `PERCENT` have a ``reference_mean`` of 100
        (``cumulative_*``: in percent of the sum of the reference since the change), texts in percent, and no money.
        Rows without a reference above 0, of which there is no percentage, are left out. In ``measured`` the latent
        effect is in percent where ``latent_unit`` says so (missing without a reference above 0).
    """
    out = dict(frames)
    for name in SCALED:
        if name in frames:
            out[name] = _scaled(frames[name], name, units)
    if "measured" in frames:
        out["measured"] = _measured(frames["measured"], units)
    return out


def _scaled(frame: pd.DataFrame, name: str, units: Mapping[str, str]) -> pd.DataFrame:
    if frame.empty:
        return frame if "unit" in frame else frame.assign(unit="")
    outcome = frame["outcome"].astype(str)
    unit = frame["unit"] if "unit" in frame else outcome.map(lambda one: units.get(one, "persons"))
    hidden = outcome.map(is_uncounted).astype(bool)
    base = frame["reference_mean"].where(frame["reference_mean"] > 0)
    out = frame.assign(unit=unit.where(~hidden, PERCENT))
    for column in SCALED[name]:
        out[column] = frame[column].where(~hidden, 100.0 * frame[column] / base)
    if name == "differences":
        for column in _CUMULATIVE:
            out[column] = frame[column].where(~hidden, 100.0 * frame[column] / _so_far(frame, outcome))
    for column in (c for c in _MONEY if c in out):
        out[column] = out[column].where(~hidden)
    out["reference_mean"] = frame["reference_mean"].where(~hidden, 100.0)
    out = out[~(hidden & base.isna())].reset_index(drop=True)
    for lang in LANGUAGES:
        column = f"rounded_text_{lang}"
        if column in out:
            rows = zip(out[column], out["unit"], out["mean"], out["lo"], out["hi"], strict=True)
            out[column] = [
                rounded_text(mean, lo, hi, unit, lang) if unit == PERCENT else text for text, unit, mean, lo, hi in rows
            ]
    return out


def _so_far(frame: pd.DataFrame, outcome: pd.Series) -> pd.Series:
    """Sum of the reference from the first month that differs on; missing before it, and where it is 0."""
    by = [frame["scenario"].astype(str), outcome]
    differs = (frame[["mean", "lo", "hi", "mc_se"]] != 0).any(axis=1).astype(int).groupby(by).cummax() > 0
    total = frame["reference_mean"].where(differs, 0.0).groupby(by).cumsum()
    # Before the change nothing differs, and nothing of anything is nothing.
    return total.where(total > 0).where(differs, 1.0)


def _measured(frame: pd.DataFrame, units: Mapping[str, str]) -> pd.DataFrame:
    if frame.empty:
        return frame.assign(latent_unit="")
    outcome = frame["latent_outcome"].astype(str)
    hidden = outcome.map(is_uncounted).astype(bool)
    base = frame["latent_reference"].where(frame["latent_reference"] > 0)
    unit = outcome.map(lambda one: units.get(one, "persons"))
    scaled = {column: frame[column].where(~hidden, 100.0 * frame[column] / base) for column in _LATENT}
    reference = frame["latent_reference"].where(~hidden, 100.0)
    return frame.assign(latent_unit=unit.where(~hidden, PERCENT), latent_reference=reference, **scaled)
