"""The bank: trials of the baseline, each with its parameter values and what its registers would have counted.

A bank is made once and used for everything after: the fit, the forward test, leaving registers out, and the proof that
the method recovers known truths. Trials are stored one by one as they finish, so a bank can be stopped and continued,
and it is the same whatever the number of processes.
"""

from __future__ import annotations

import ast
import hashlib
import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

from irregsim import __version__
from irregsim.calibration import design
from irregsim.experiment import DrawSet, Plan, run_parts
from irregsim.results import canonical_json, sha256_of_text, write_json
from irregsim.vocabulary import FIRST_YEAR

if TYPE_CHECKING:
    import pandas as pd

    from irregsim.scenario import Scenario

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

ENGINE: Final = "irregsim.calibration.bank:observe"

#: Years whose registers a trial keeps.
YEARS: Final = range(2009, 2021)

#: Trials share this many sets of random numbers, so that trials differ by their parameters rather than by chance
#: (common random numbers), and no single set decides.
RANDOM_SETS: Final = 32


_MODEL_FILES: Final = (
    *("centres", "chance", "employers", "engine", "history", "hosts", "population", "reference", "simulate"),
    *("values", "vocabulary", "world"),
)
_MODEL_DATA: Final = (
    *("centres.csv", "countries.csv", "feasibility.csv", "places.csv", "reception_path.csv"),
    *("register_scope.csv", "rejections.csv", "route_mix.csv"),
)


class OtherTrials(ValueError):
    """A folder holds trials that are none of this calibration's; the message says which and what to do."""


@dataclass(frozen=True)
class Bank:
    """Finished trials.

    Attributes:
        z: Parameter values as standard normals (`design.varied`), shape (trials, parameters).
        registers: Counts in the columns of registers.parquet, at the trials' own population scale; ``replicate`` is
            the number of the trial. Beside ``count``, what the agencies counted, stands ``expected``: what they would
            count of the same events on average.
        scale: Population scale.
    """

    z: FloatArray
    registers: pd.DataFrame
    scale: float


def observe(
    scenario: Scenario,
    draw: Mapping[str, float],
    *,
    seed: int,
    replicate: int,
    scale: float,
    spells: bool,
) -> dict[str, pd.DataFrame]:
    """One trial: the baseline under some parameter values, seen by the agencies.

    The observation model is applied in full, with its scope and delay: once with its noise, and once for the counts
    to be expected of the same events.
    """
    import pandas as pd

    from irregsim.registers import REGISTERS, Observer
    from irregsim.simulate import simulate

    random_set = replicate % RANDOM_SETS
    world = simulate(scenario, draw, seed=seed, replicate=random_set, scale=scale, expected=False)
    whole = range(YEARS.start, min(YEARS.stop, FIRST_YEAR + world.history.months // 12))
    seen = []
    for is_expected in (False, True):
        observer = Observer(world.history, world.draws, world.values.draw, whole, scale, is_expected)
        seen.append(
            {(register.name, *cell): count for register in REGISTERS for *cell, count in register.observe(observer)}
        )
    counted, expected = seen
    # A cell without a row holds nobody; noise can empty it, and take one of its few.
    rows = [(*cell, int(counted.get(cell, 0)), float(expected.get(cell, 0.0))) for cell in {**counted, **expected}]
    columns = ("register", "period", "dimension", "key", "count", "expected")
    return {"registers": pd.DataFrame(rows, columns=list(columns))}


def count_hidden(
    scenario: Scenario,
    draw: Mapping[str, float],
    *,
    seed: int,
    replicate: int,
    scale: float,
    spells: bool,
) -> dict[str, pd.DataFrame]:
    """One trial that keeps nothing but the persons outside centres at the end of each year: what no register sees."""
    import pandas as pd

    from irregsim.simulate import simulate
    from irregsim.vocabulary import Strategy

    world = simulate(scenario, draw, seed=seed, replicate=replicate % RANDOM_SETS, scale=scale, expected=False)
    stocks = world.history.stocks.reshape(world.history.months, len(Strategy), -1).sum(axis=2)
    outside = stocks.sum(axis=1) - stocks[:, Strategy.SYNLIG]
    rows = [
        ("hidden", str(FIRST_YEAR + m // 12), "total", "total", int(outside[m])) for m in range(11, len(outside), 12)
    ]
    columns = ("register", "period", "dimension", "key", "count")
    return {"registers": pd.DataFrame(rows, columns=list(columns))}


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
        return {int(path.stem) for path in self.folder.glob("[0-9]*.parquet")} if self.folder.is_dir() else set()

    def read(self, number: int) -> pd.DataFrame:
        """Registers of one trial."""
        import pandas as pd

        return pd.read_parquet(self._path(number))


def model_sha256() -> str:
    """Hash over the code and the data that a trial runs, so that other changes leave a bank as it is."""
    package = Path(__file__).parent.parent
    digest = hashlib.sha256()
    files = [*sorted((package / "month").glob("*.py")), *sorted((package / "registers").glob("*.py"))]
    files += [package / f"{name}.py" for name in _MODEL_FILES] + [package / "data" / name for name in _MODEL_DATA]
    for file in files:
        digest.update(f"{file.relative_to(package).as_posix()}\n".encode())
        digest.update(_what_it_does(file) if file.suffix == ".py" else file.read_bytes())
    return digest.hexdigest()


def _what_it_does(file: Path) -> bytes:
    """A Python file without comments, layout and docstrings, which change no trial."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list) and body and isinstance(body[0], ast.Expr):
            first = body[0].value
            if isinstance(first, ast.Constant) and isinstance(first.value, str):
                del body[0]
    return ast.dump(tree).encode()


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
    jobs: int = 1,
    engine: str = ENGINE,
    start: Callable[[int, int], None] = lambda total, done: None,
    finished: Callable[[int], None] = lambda number: None,
) -> Bank:
    """Runs the trials of a wave that are not there yet, and reads them all.

    Args:
        scenario: The baseline, to the end of the last year that is compared.
        z: Design, shape (trials, parameters).
        folder: Where they are kept.
        seed: Seed of the trials' random numbers.
        scale: Population scale, above 0 to 1.
        jobs: Processes.
        engine: ``module:function`` that runs one trial.
        start: Told how many trials there are and how many were there already.
        finished: Told of each trial that is done.

    Raises:
        OtherTrials: If the folder holds trials of another design, code or data.
        ReplicateError: If a trial fails; those finished stay.
    """
    about = folder / "wave.json"
    own = identity(scenario, seed, scale, z)
    if about.is_file():
        there = json.loads(about.read_text(encoding="utf-8"))
        differs = sorted(key for key in own if there.get(key) != own[key])
        if differs:
            raise OtherTrials(
                f"{folder} holds trials of another {', '.join(differs)}: remove it, or give another --out"
            )
    else:
        folder.mkdir(parents=True, exist_ok=True)
        scratch = folder / f"tmp-wave-{os.getpid()}"
        write_json(scratch, own)
        scratch.replace(about)
    trials = Trials(folder)
    done = trials.finished()
    start(len(z), len(done))
    draws = DrawSet("design", tuple(design.values(row) for row in z))
    plan = Plan(scenario, draws, seed, scale=scale, engine=engine)
    run_parts(plan, trials, [i for i in range(len(z)) if i not in done], jobs=jobs, finished=finished)
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
