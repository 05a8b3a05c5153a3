"""Behaviour or measurement: what the registers would have shown, and why (table ``measured``).

The change of a register's events and its parts (`irregsim.study.comparison.detection_split`), with the effect
on the latent population that the register is a keyhole to, in the same years and replicates.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

import numpy as np

from irregsim.model.registers import REGISTERS
from irregsim.study.comparison.detection_split import PARTS, split
from irregsim.study.comparison.differences import Effects
from irregsim.study.comparison.relative import in_percent
from irregsim.study.comparison.series import FloatArray, is_averaged
from irregsim.study.comparison.tables import TABLES

if TYPE_CHECKING:
    import pandas as pd

#: The latent outcome that is compared with each register; empty where it has none.
LATENT: Final = {register.name: register.latent or "" for register in REGISTERS}

#: Names of the parts of `measurement.split` in this table.
NAMES: Final = {"change": "change", **dict(zip(PARTS, ("behaviour", "measurement", "outside"), strict=True))}

_TOLD: Final = (*NAMES.values(), "latent")

COLUMNS: Final = TABLES["measured"].names


def measured(all_effects: Sequence[Effects]) -> pd.DataFrame:
    """Changes of the registers in parts, from the year of the first effective month on.

    Args:
        all_effects: From `differences.effects`.

    Returns:
        Columns `COLUMNS`: means over replicates, and 2.5 and 97.5 % quantiles (``_lo``, ``_hi``). ``measurement`` is
        the part of the rate; ``rate_is`` says whether that is a measurement, an action or a choice. ``latent`` is the
        effect on ``latent_outcome`` in the year: a mean of months for stocks, a sum for exits; ``latent_reference`` is
        its mean in the reference. A register without such
        an outcome has an empty text for it, and no numbers.
    """
    import pandas as pd

    parts = [_of(effect) for effect in all_effects]
    return pd.concat(parts, ignore_index=True)[list(COLUMNS)]


def _of(effect: Effects) -> pd.DataFrame:
    import pandas as pd

    first = int(effect.pair.since[:4])
    sides: tuple[list[pd.DataFrame], ...] = ([], [])
    for j, *both in effect.pair.both("detection"):
        for side, frame in zip(sides, both, strict=True):
            # The years before are not told, and splitting them would take most of the time.
            side.append(frame[frame["year"] >= first].assign(replicate=j))
    reference, scenario = (pd.concat(side, ignore_index=True) for side in sides)
    rows = split(reference, scenario, by=("year", "register")).rename(columns=NAMES)
    cells = list(zip(rows["register"], rows["year"], rows["replicate"], strict=True))
    rows = rows.assign(latent=[_latent(effect, register, year)[replicate] for register, year, replicate in cells])
    grouped = rows.groupby(["register", "year"])
    out = pd.DataFrame({"rate_is": grouped["rate_is"].first()})
    for name in _TOLD:
        out[name] = grouped[name].mean()
        out[f"{name}_lo"], out[f"{name}_hi"] = grouped[name].quantile(0.025), grouped[name].quantile(0.975)
    out = out.reset_index()
    out["latent_reference"] = [
        _latent(effect, register, year, effect.reference).mean()
        for register, year in zip(out["register"], out["year"], strict=True)
    ]
    for end, share in (("lo", 0.025), ("hi", 0.975)):
        out[f"percent_latent_{end}"] = [
            np.quantile(in_percent(_latent(effect, *cell), _latent(effect, *cell, effect.reference)), share)
            for cell in zip(out["register"], out["year"], strict=True)
        ]
    return out.assign(
        scenario=effect.pair.name, latent_outcome=out["register"].map(LATENT), n=effect.pair.reference.replicates
    )


def _latent(effect: Effects, register: str, year: int, series: Mapping[str, FloatArray] | None = None) -> FloatArray:
    outcome = LATENT[register]
    if not outcome:
        return np.full(effect.pair.reference.replicates, np.nan)
    chosen = [month.startswith(f"{year}-") for month in effect.pair.months]
    values = (effect.difference if series is None else series)[outcome][np.array(chosen)]
    return np.asarray(values.mean(axis=0) if is_averaged(outcome) else values.sum(axis=0))
