"""The bank: trials of the baseline, each with its parameter values and what its registers would have counted.

A bank is made once and used for everything after: the fit, the forward test, leaving registers out, and the proof that
the method recovers known truths. Trials are stored one by one as they finish, so a bank can be stopped and continued,
and it is the same whatever the number of processes.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

from irregsim import __version__
from irregsim.inference.calibration import design
from irregsim.storage.hashing import canonical_json, code_digest, data_digest, sha256_of_text, write_json
from irregsim.storage.paths import read_record
from irregsim.study.identity import MODEL_CODE, MODEL_DATA
from irregsim.study.replicates import DrawSet, Jobs, Plan, Todo, run_parts

if TYPE_CHECKING:
    import pandas as pd

    from irregsim.scenario import Scenario

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

#: In the folder of each wave: its design.
DESIGN_FILE: Final = "design.parquet"

ENGINE: Final = "irregsim.inference.calibration.trials:observe"


class OtherTrials(ValueError):
    """A folder holds trials of another calibration; the message says which and what to do."""


@dataclass(frozen=True)
class Bank:
    """Finished trials.

    Attributes:
        z: Parameter values as standard normals (`design.varied`), shape (trials, parameters).
        registers: Counts in the columns of registers.parquet, at the trials' own population scale; ``replicate`` is
            the number of the trial. ``count`` is what the agencies counted, ``expected`` what they would count of
            the same events on average.
        scale: Population scale.
    """

    z: FloatArray
    registers: pd.DataFrame
    scale: float


class Trials:
    """Where the trials of one wave are kept, one file each, whole or absent.

    Args:
        folder: Working folder of the wave.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def _path(self, number: int) -> Path:
        return self.folder / f"{number:06d}.parquet"

    def write(self, replicate: int, frames: Mapping[str, pd.DataFrame]) -> None:
        """Stores one trial under its number."""
        self.folder.mkdir(parents=True, exist_ok=True)
        scratch = self.folder / f"tmp-{replicate:06d}-{os.getpid()}"
        frames["registers"].to_parquet(scratch, index=False)
        scratch.replace(self._path(replicate))

    def finished(self) -> set[int]:
        """Numbers of the trials that are there."""
        names = [path.stem for path in self.folder.glob("[0-9]*.parquet")] if self.folder.is_dir() else []
        return {int(name) for name in names if name.isascii() and name.isdigit()}

    def read(self, number: int) -> pd.DataFrame:
        """Registers of one trial.

        Raises:
            OtherTrials: If the file is damaged.
        """
        import pandas as pd

        place = self._path(number)
        try:
            return pd.read_parquet(place)
        except (OSError, ValueError) as error:
            reason = str(error).splitlines()[0]
            raise OtherTrials(f"{place} is damaged ({reason}); remove it, and run the same command again") from None


def write_design(folder: Path, z: FloatArray) -> None:
    """Stores the design of a wave, a column for each parameter, so that its trials can be used by any later fit."""
    import pandas as pd

    folder.mkdir(parents=True, exist_ok=True)
    scratch = folder / f"tmp-design-{os.getpid()}"
    pd.DataFrame(z, columns=list(design.names())).to_parquet(scratch, index=False)
    scratch.replace(folder / DESIGN_FILE)


def stored_design(folder: Path) -> FloatArray | None:
    """The design of a wave that was begun; None where there is none.

    A near wave was chosen by the fit of its day. Its trials are trials of the model wherever they lie, so another
    likelihood or other counts use them as they are.

    Raises:
        OtherTrials: If it is a design of other parameters.
    """
    import pandas as pd

    place = folder / DESIGN_FILE
    if not place.is_file():
        return None
    frame = pd.read_parquet(place)
    if tuple(frame.columns) != design.names():
        raise OtherTrials(f"{folder} holds trials of other parameters: remove it, or give another --out")
    return frame.to_numpy(dtype=np.float64)


def model_sha256() -> str:
    """Hash over the code and the data that a trial runs, so that other changes leave a bank as it is."""
    code = code_digest((*MODEL_CODE, "inference/calibration/trials.py"))
    return sha256_of_text(f"{code} {data_digest(MODEL_DATA)}")


def identity(scenario: Scenario, seed: int, scale: float, z: FloatArray) -> dict[str, Any]:
    """What a wave's trials depend on; another code, data or design is another wave."""
    return {
        "scenario": scenario.sha256,
        "seed": seed,
        "scale": scale,
        "design": sha256_of_text(canonical_json([sorted(design.values(row).items()) for row in z])),
        "model": model_sha256(),
        "version": __version__,
    }


def run_wave(
    scenario: Scenario,
    z: FloatArray,
    folder: Path,
    *,
    seed: int,
    scale: float,
    jobs: Jobs = 1,
    engine: str = ENGINE,
    replaces: bool = False,
    start: Callable[[int, int], None] = lambda total, done: None,
    finished: Callable[[int], None] = lambda number: None,
) -> Bank:
    """Runs the trials of a wave that are not there yet, and reads them all.

    Args:
        scenario: The baseline, to the end of the last year that is compared.
        z: Design, shape (trials, parameters).
        folder: Where they are kept.
        seed: Random seed of the trials.
        scale: Population scale, above 0 to 1.
        jobs: Processes.
        engine: ``module:function`` that runs one trial.
        replaces: Whether trials of another design in the folder are removed instead of refused: for what depends on the
            posterior and is made anew with it.
        start: Called with the number of trials and how many of them are already finished.
        finished: Called for each trial that is done.

    Raises:
        OtherTrials: If the folder holds trials of another design, code or data.
        ReplicateError: If a trial fails; those finished stay.
    """
    about = folder / "wave.json"
    own = identity(scenario, seed, scale, z)
    if about.is_file():
        try:
            there = read_record(about)
        except ValueError as error:
            raise OtherTrials(f"{about} {error}: remove {folder}, or give another --out") from None
        differs = sorted(key for key in own if there.get(key) != own[key])
        if differs == ["design"] and replaces:
            shutil.rmtree(folder)
        elif differs:
            raise OtherTrials(
                f"{folder} holds trials of another {', '.join(differs)}: remove it, or give another --out"
            )
    if not about.is_file():
        write_design(folder, z)
        scratch = folder / f"tmp-wave-{os.getpid()}"
        write_json(scratch, own)
        scratch.replace(about)
    trials = Trials(folder)
    done = trials.finished()
    start(len(z), len(done))
    draws = DrawSet("design", tuple(design.values(row) for row in z))
    plan = Plan(scenario, draws, seed, scale=scale, engine=engine)
    todo = Todo(plan, trials, frozenset(range(len(z))) - done)
    run_parts([todo], jobs=jobs, finished=finished)
    return read_wave(folder, z, scale)


def read_wave(folder: Path, z: FloatArray, scale: float) -> Bank:
    """The trials of a wave, all of which are there."""
    import pandas as pd

    trials = Trials(folder)
    frames = [trials.read(number).assign(replicate=number) for number in range(len(z))]
    registers = pd.concat(frames, ignore_index=True)
    for name in ("register", "period", "dimension", "key"):
        registers[name] = registers[name].astype("category")
    return Bank(z, registers, scale)
