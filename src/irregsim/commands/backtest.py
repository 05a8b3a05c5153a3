"""`irregsim backtest`: forecasts of every year from what was known before it, scored against naive ones."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from irregsim.commands.calibrate import REPORT_FILE, fitted_targets
from irregsim.commands.registry import check_own_place
from irregsim.commands.request import WrongUse
from irregsim.inference.calibration import backtest as work
from irregsim.inference.calibration import fitting
from irregsim.inference.calibration.bank import model_sha256
from irregsim.present.pages import backtest as page
from irregsim.storage.folder import FolderError, opened_for_writing
from irregsim.storage.hashing import write_json
from irregsim.storage.paths import user_path
from irregsim.study.progress import Progress, Silent

if TYPE_CHECKING:
    import pandas as pd

#: What says that a folder is one of this command's.
ACCOUNT: Final = "backtest.json"


@dataclass(frozen=True)
class Backtest:
    """Scored forecasts.

    Attributes:
        rows: As `irregsim.inference.calibration.backtest.backtest` gives them.
        about: ``years``, ``trials``, ``posterior`` (id of the posterior of the bank), ``model`` (hash of the code and
            the data that the trials were made with) and ``is_installed_model`` (whether these are the ones here).
        folder: Where the tables are.
    """

    rows: Sequence[Mapping[str, Any]]
    about: Mapping[str, Any]
    folder: Path


def backtest(bank: Path, out: str, years: Sequence[int] = (), *, progress: Progress | None = None) -> Backtest:
    """Forecasts from the stored trials of a finished calibration; nothing is simulated.

    Args:
        bank: Folder of the calibration.
        out: Folder for ``forecasts`` and ``scores`` (Parquet and CSV), ``backtest.md`` and `ACCOUNT`.
        years: Years up to which counts are known; none for all that are possible.
        progress: Notified of finished years.

    Raises:
        WrongUse: If the folder holds no finished calibration, trials are missing or of several models, a year is not
            possible, or the place for the tables cannot be used.
    """
    progress = progress or Silent()
    place = user_path(out)
    check_own_place(place, ACCOUNT)
    try:
        told = json.loads((bank / REPORT_FILE).read_text(encoding="utf-8"))
        settings = fitting.Settings(**told["settings"])
    except (OSError, ValueError, KeyError, TypeError):
        raise WrongUse(
            f"{bank}: holds no finished calibration of this version; make one with irregsim calibrate --out {bank}"
        ) from None
    targets = fitted_targets()
    possible = work.years(targets)
    if wrong := [year for year in years if year not in possible]:
        raise WrongUse(
            f"--year {wrong[0]}: counts are known up to {possible[0]} to {possible[-1]}, with others after them; give "
            f"one of {', '.join(map(str, possible))}"
        )
    chosen = sorted(set(years)) or possible
    try:
        waves, model = work.stored(bank, settings)
        progress.start(len(chosen), 0)
        rows = work.backtest(targets, waves, settings, chosen, lambda _: progress.advance())
    except work.Unusable as error:
        raise WrongUse(str(error)) from None
    finally:
        progress.close()
    about = {
        "years": chosen,
        "trials": sum(len(wave.z) for wave in waves),
        "posterior": str(told.get("posterior_id", "")),
        "model": model,
        "is_installed_model": model == model_sha256(),
    }
    try:
        with opened_for_writing(place):
            _write(rows, about, place)
    except FolderError as error:
        raise WrongUse(str(error)) from None
    return Backtest(rows, about, place)


def _write(rows: Sequence[Mapping[str, Any]], about: Mapping[str, Any], place: Path) -> None:
    import pandas as pd

    frames: dict[str, pd.DataFrame] = {"forecasts": pd.DataFrame(rows), "scores": pd.DataFrame(page.scores(rows))}
    for name, frame in frames.items():
        frame.to_parquet(place / f"{name}.parquet", index=False)
        frame.to_csv(place / f"{name}.csv", index=False)
    (place / "backtest.md").write_text(page.tables(rows), encoding="utf-8", newline="\n")
    # Last, so that its presence means that everything is there.
    write_json(place / ACCOUNT, dict(about))
