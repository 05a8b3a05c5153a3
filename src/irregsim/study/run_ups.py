"""Run-ups kept on disk: worlds at the month in which scenarios part, by content, within a bound.

After an edit of a scenario, only the months from the change on are simulated again. A run-up is
found by all that decides it (code, data, versions, draw, seed, replicate, scale, levers up to its month), so it never
goes stale; the least recently used ones are removed when there are too many. Results do not depend on what is kept.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from irregsim.model.draws import Draws
from irregsim.model.snapshot import freeze, thaw
from irregsim.model.values import Values
from irregsim.model.world import World
from irregsim.storage.arrays import read_arrays, write_arrays
from irregsim.storage.caches import user_cache
from irregsim.storage.hashing import canonical_json, sha256_of_text
from irregsim.study.identity import code_sha256, data_sha256, decisive_versions

if TYPE_CHECKING:
    from irregsim.scenario import Levers

#: Environment variable with the room for run-ups, in megabytes.
ROOM_VARIABLE: Final = "IRREGSIM_CACHE_MB"

#: Room for run-ups in megabytes, where nothing else is said.
ROOM_MB: Final = 1000

_SUFFIX: Final = ".run-up"


@dataclass(frozen=True)
class RunUps:
    """A folder of run-ups.

    Attributes:
        folder: Where they are kept; None to keep none.
        room: Bytes that they may take.
    """

    folder: Path | None
    room: int

    @classmethod
    def of_user(cls) -> RunUps:
        """The folder of this user on this machine, as the environment or the system says."""
        try:
            room = int(float(os.environ.get(ROOM_VARIABLE, ROOM_MB)) * 1e6)
        except (ValueError, OverflowError):
            room = ROOM_MB * 1_000_000
        return cls(user_cache("run-ups"), room)

    def find(self, key: str, values: Values, draws: Draws, keep_spells: bool) -> World | None:
        """The world of a key, to continue under some values; None where it is not kept, or its file is damaged."""
        if self.folder is None:
            return None
        path = self.folder / f"{key}{_SUFFIX}"
        arrays = read_arrays(path)
        if arrays is None:
            return None
        with contextlib.suppress(OSError):
            os.utime(path)  # by which the least recently used ones are found
        return thaw(arrays, values, draws, keep_spells)

    def keep(self, key: str, world: World) -> None:
        """Keep a world; what cannot be written is not kept, and nothing else happens."""
        if self.folder is None or self.room <= 0:
            return
        with contextlib.suppress(OSError):
            self.folder.mkdir(parents=True, exist_ok=True)
            write_arrays(self.folder / f"{key}{_SUFFIX}", freeze(world))
            self._make_room()

    def _make_room(self) -> None:
        assert self.folder is not None
        found = []
        for path in self.folder.glob(f"*{_SUFFIX}"):
            with contextlib.suppress(OSError):  # another process may have removed it
                stat = path.stat()
                found.append((stat.st_mtime_ns, path, stat.st_size))
        total = sum(size for _, _, size in found)
        for _, path, size in sorted(found):
            if total <= self.room:
                break
            with contextlib.suppress(OSError):
                path.unlink()
            total -= size


def key_of(
    levers: Levers, month: int, draw: Mapping[str, float], *, seed: int, replicate: int, scale: float, spells: bool
) -> str:
    """Name of a run-up by all that decides it: two scenarios with the same levers before the month have the same.

    Args:
        levers: Of a scenario.
        month: The month that would run next, 1 or more.
        draw: Value of every parameter by name.
        seed: Seed of the run.
        replicate: Number of the replicate.
        scale: Population scale.
        spells: Whether spells are kept.
    """
    made_by = {
        "code": code_sha256(),
        "data": data_sha256(),
        "versions": decisive_versions(),
        "draw": dict(draw),
        "seed": seed,
        "replicate": replicate,
        "scale": scale,
        "spells": spells,
        "month": month,
        "levers": levers.sha256_until(month),
    }
    return sha256_of_text(canonical_json(made_by))[:40]
