"""Tables of a comparison as they may be published (docs/outputs.md tells the rules).

Single lives stay out, hidden strategies are told as changes and never as levels, counts are in steps of 5, and cells
with fewer than 5 persons on both sides are left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from irregsim.export import SMALL
from irregsim.summaries import AMOUNTS, HIDDEN
from irregsim.wording import is_hidden

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
    "responses": ("mean", "lo", "hi"),
    "costs": ("mean", "lo", "hi", "nok_mean", "nok_lo", "nok_hi"),
    "measured": tuple(
        f"{name}{end}"
        for name in ("change", "behaviour", "measurement", "outside", "latent")
        for end in ("", "_lo", "_hi")
    ),
    "evidence": (),
}

#: Units that are not rounded as counts: decimals they keep.
_DECIMALS: Final = {"index": 1, "months": 1}


def published(frames: Mapping[str, pd.DataFrame], units: Mapping[str, str]) -> dict[str, pd.DataFrame]:
    """The published form of the tables that have one.

    Args:
        frames: Tables of a comparison by name.
        units: Unit by outcome.

    Returns:
        Tables by name. Where there is a reference, a column ``suppressed`` tells which rows have no numbers because
        they rest on fewer than 5 persons in the reference and in the scenario; ``reference_mean`` is missing for what
        no register counts.
    """
    return {name: _published(frames[name], name, units) for name in COLUMNS if name in frames}


def _published(frame: pd.DataFrame, name: str, units: Mapping[str, str]) -> pd.DataFrame:
    import pandas as pd

    out = frame.copy()
    numbers = list(COLUMNS[name])
    if out.empty or not numbers:
        return out
    if "outcome" in out:
        unit = out["outcome"].astype(str).map(lambda outcome: units.get(outcome, "persons"))
    else:
        unit = pd.Series("count", index=out.index)
    counts = ~unit.isin([*AMOUNTS, *_DECIMALS])
    small = pd.Series(False, index=out.index)
    if "reference_mean" in out:
        before = out["reference_mean"].abs()
        after = (out["reference_mean"] + out["mean"]).abs()
        more = pd.concat([before, after], axis=1).max(axis=1)
        small = counts & (more > 0) & (more < SMALL)
    for column in numbers:
        values = out[column]
        kept = values.round(0)
        for kind, decimals in _DECIMALS.items():
            kept = kept.where(unit != kind, values.round(decimals))
        # Negative zero is no number for readers.
        out[column] = (kept.where(~counts, (values / SMALL).round() * SMALL) + 0.0).where(~small)
    if "reference_mean" in out:
        hidden = out["outcome"].astype(str).map(lambda outcome: is_hidden(outcome) or "hidden" in outcome)
        level = hidden & (unit != "index")
        # By city, group or citizenship no stay but that in centres is a published level.
        if name in ("cities", "groups"):
            level = level | out["outcome"].astype(str).map(lambda o: o.partition(":")[2] in HIDDEN)
        out["reference_mean"] = out["reference_mean"].where(~level)
        out["suppressed"] = small
        for lang in ("nb", "en"):
            column = f"rounded_text_{lang}"
            if column in out:
                out[column] = out[column].where(~small, "")
    return out
