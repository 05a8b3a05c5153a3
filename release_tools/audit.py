"""Asks an advisory database about the locked versions: `python -m release_tools.audit`, in the release environment.

Exit code 1 if an advisory is known. Where nothing can be found out, a line says NOT AUDITED, and the exit code is 0:
that is no fault of the locks. A database that knows nothing of a version with a well-known advisory is none, and no
word of it is believed.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from release_tools.locks import FOLDER

#: Jinja2 before 2.10.1 lets a template out of its sandbox (CVE-2019-10906, PYSEC-2019-217).
CANARY: Final = "jinja2==2.10"

#: Locks that are asked about. dev holds core, test and viz.
LOCKS: Final = ("dev", "notebooks", "fast", "build", "docs", "release")

CLEAN, FOUND = 0, 1

#: Seconds that an answer about one lock may take.
LONGEST_SECONDS: Final = 120

_Ask = Callable[[Path], dict[str, Any] | None]


def ask(requirements: Path) -> dict[str, Any] | None:
    """What pip-audit reports of a file of exact versions; None if it reports nothing."""
    command = [sys.executable, "-m", "pip_audit", "--format", "json", "--progress-spinner", "off", "--timeout", "10"]
    command += ["--disable-pip", "--no-deps", "--requirement", str(requirements)]
    try:
        answer = subprocess.run(command, capture_output=True, text=True, timeout=LONGEST_SECONDS)
        found = json.loads(answer.stdout)
    except (subprocess.TimeoutExpired, ValueError, OSError):
        return None
    return found if isinstance(found, dict) else None


def advisories(report: dict[str, Any]) -> list[str]:
    """A line for each advisory in a report of pip-audit."""
    return [
        f"{one['name']} {one['version']}: {known['id']}, mended in {', '.join(known['fix_versions']) or 'no version'}"
        for one in report.get("dependencies", [])
        for known in one.get("vulns", [])
    ]


def unknown(report: dict[str, Any]) -> list[str]:
    """Packages in a report that the database could not be asked about."""
    return [str(one["name"]) for one in report.get("dependencies", []) if "skip_reason" in one]


def audit(locks: tuple[Path, ...], ask: _Ask = ask) -> tuple[int, list[str]]:
    """Asks about locks.

    Args:
        locks: Their files.
        ask: Reports on a file of exact versions.

    Returns:
        Exit code and what to tell, a line each.
    """
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "canary.txt"
        file.write_text(f"{CANARY}\n", encoding="utf-8")
        canary = ask(file)
    if canary is None or not advisories(canary):
        return CLEAN, [f"NOT AUDITED: no advisory database can be reached from here (it should know of {CANARY})"]
    found: set[str] = set()
    left: set[str] = set()
    for lock in locks:
        report = ask(lock)
        if report is None or not report.get("dependencies"):
            return CLEAN, [f"NOT AUDITED: no report on {lock.name}"]
        found.update(advisories(report))
        left.update(unknown(report))
    told = [f"not known to the database: {', '.join(sorted(left))}"] if left else []
    if found:
        return FOUND, [*sorted(found), *told]
    return CLEAN, ["no known advisory", *told]


def main() -> int:
    """Asks about the locks of the checkout and prints what was found."""
    code, lines = audit(tuple(FOLDER / f"{name}.lock" for name in LOCKS))
    print("\n".join(lines))
    return code


if __name__ == "__main__":
    sys.exit(main())
