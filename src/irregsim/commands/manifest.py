"""What the manifests of a run and of a comparison have in common."""

from __future__ import annotations

import datetime
import subprocess
import time
from pathlib import Path
from typing import Any

from irregsim.commands.request import Output
from irregsim.study.identity import versions
from irregsim.study.replicates import Plan


class Clock:
    """When the work began, and how long it has taken."""

    def __init__(self) -> None:
        self._started, self._clock = datetime.datetime.now(datetime.UTC), time.monotonic()

    @property
    def started(self) -> str:
        """Time of the beginning, UTC."""
        return self._started.strftime("%Y-%m-%dT%H:%M:%SZ")

    @property
    def seconds(self) -> float:
        """Seconds since then, to one decimal."""
        return round(time.monotonic() - self._clock, 1)


def manifest_of(plan: Plan, replicates: int, output: Output, command: str, clock: Clock) -> dict[str, Any]:
    """The keys that every manifest has, but for ``run_id``, ``seconds`` and ``outputs``.

    Args:
        plan: The run, or the reference of a comparison.
        replicates: How many.
        output: What is written besides the tables.
        command: The command without directories.
        clock: When the work began.
    """
    return {
        "posterior_id": plan.draws.name,
        "draws": plan.draws.source,
        "per_draw": plan.draws.per_draw,
        "seed": plan.seed,
        "replicates": replicates,
        "scale": plan.scale,
        "spells": plan.spells,
        "without": list(plan.without),
        "format": output.format,
        "lang": output.lang,
        "publish": output.publish,
        "show_levels": output.show_levels,
        "versions": versions(),
        **git_state(),
        "command": command,
        "started": clock.started,
    }


def git_state() -> dict[str, str | bool | None]:
    """Commit of the checkout that the package runs from, and whether files were changed; None outside one."""
    package = Path(__file__).resolve().parents[1]
    root = package.parents[1]
    nothing: dict[str, str | bool | None] = {"git_commit": None, "git_dirty": None}
    # An installed package may be inside somebody else's repository: only our own layout counts.
    if package.parent.name != "src" or not (root / ".git").exists() or not (root / "pyproject.toml").is_file():
        return nothing
    try:
        commit, status = (
            subprocess.run(
                ["git", "-C", str(root), *arguments], capture_output=True, text=True, check=True, timeout=10
            ).stdout.strip()
            for arguments in (["rev-parse", "HEAD"], ["status", "--porcelain", "--untracked-files=no"])
        )
    except (OSError, subprocess.SubprocessError):
        return nothing
    return {"git_commit": commit, "git_dirty": bool(status)}
