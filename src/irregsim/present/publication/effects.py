"""Tables of a comparison as they may be published (docs/outputs.md tells the rules).

Single lives stay out, what no register counts is in percent of the reference and never in persons
(`comparison.one_scale`), counts are in steps of 5, and cells with fewer than 5 persons on both sides are left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from irregsim.present.export import SMALL
from irregsim.present.publication import lives as published_lives
from irregsim.present.publication.one_scale import one_scale
from irregsim.present.words import PERCENT
from irregsim.vocabulary.codes import AMOUNTS

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

#: Units that are not rounded as counts: decimals they keep.
_DECIMALS: Final = {"index": 1, "months": 1, PERCENT: 1}


def published(frames: Mapping[str, pd.DataFrame], units: Mapping[str, str]) -> dict[str, pd.DataFrame]:
    """The published form of the tables that have one.

    Args:
        frames: Tables of a comparison by name.
        units: Unit by outcome.

    Returns:
        Tables by name, those of `COLUMNS` and of `published_lives.published`. A column ``suppressed`` tells which rows
        have no numbers because they rest on fewer than 5 persons in the reference and in the scenario;
        ``reference_mean`` is 100 where ``unit`` is percent.
    """
    marked = {name: frames[name].assign(suppressed=_small(frames[name], units)) for name in COLUMNS if name in frames}
    out = {name: _rounded(frame, name) for name, frame in one_scale(marked, units).items()}
    if "evidence" in out:
        out["evidence"] = out["evidence"].drop(columns="suppressed")
    return out | published_lives.published(frames)


def _small(frame: pd.DataFrame, units: Mapping[str, str]) -> pd.Series:
    """Rows that rest on some, but fewer than 5 persons, on both sides."""
    import pandas as pd

    name = next((c for c in ("latent_outcome", "outcome") if c in frame), None)
    mean, reference = ("latent", "latent_reference") if name == "latent_outcome" else ("mean", "reference_mean")
    if frame.empty or name is None or reference not in frame:
        return pd.Series(False, index=frame.index, dtype=bool)
    unit = frame[name].astype(str).map(lambda outcome: units.get(outcome, "persons"))
    counts = ~unit.isin([*AMOUNTS, "index", "months"])
    before, after = frame[reference].abs(), (frame[reference] + frame[mean]).abs()
    most = pd.concat([before, after], axis=1).max(axis=1)
    return counts & (most > 0) & (most < SMALL)


def _rounded(frame: pd.DataFrame, name: str) -> pd.DataFrame:
    out = frame.copy()
    if out.empty:
        return out
    small = out["suppressed"].astype(bool)
    for column in COLUMNS[name]:
        latent = name == "measured" and column.startswith("latent")
        if name == "measured":
            unit = out["latent_unit"] if latent else out["latent_unit"].where(out["latent_unit"].isna(), "count")
        else:
            unit = out["unit"]
        values = out[column]
        kept = values.round(0)
        for kind, decimals in _DECIMALS.items():
            kept = kept.where(unit != kind, values.round(decimals))
        counts = ~unit.isin([*AMOUNTS, *_DECIMALS]) & (not column.startswith("nok_"))
        # Negative zero is no number for readers.
        shown = kept.where(~counts, (values / SMALL).round() * SMALL) + 0.0
        out[column] = shown.where(~small) if name != "measured" or latent else shown
    if name == "measured":
        return out.drop(columns="latent_reference")
    for lang in ("nb", "en"):
        column = f"rounded_text_{lang}"
        if column in out:
            out[column] = out[column].where(~small, "")
    return out
