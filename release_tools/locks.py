"""The locks in requirements/: exact versions, for which systems, and the hashes of the files that may be installed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

#: Where the locks are, in a checkout.
FOLDER = Path(__file__).resolve().parents[1] / "requirements"

_HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")


@dataclass(frozen=True)
class Locked:
    """A package in a lock.

    Attributes:
        line: The requirement as it is written, without hashes.
        hashes: SHA-256 of each file that may be installed, in hexadecimal digits.
    """

    line: str
    hashes: tuple[str, ...]

    @property
    def requirement(self) -> Requirement:
        """Name, version and the systems it is for."""
        return Requirement(self.line)

    @property
    def name(self) -> str:
        """Its name as package indexes compare it."""
        return str(canonicalize_name(self.requirement.name))

    @property
    def version(self) -> str:
        """The exact version."""
        return str(self.requirement.specifier).removeprefix("==")


def read(name: str, folder: Path = FOLDER) -> tuple[Locked, ...]:
    """The packages of a lock.

    Args:
        name: Name of the lock, such as ``core``.
        folder: Where the locks are.

    Raises:
        OSError: If there is no such lock.
        ValueError: If a line is no requirement.
    """
    text = (folder / f"{name}.lock").read_text(encoding="utf-8").replace("\\\n", " ")
    found = []
    for line in text.splitlines():
        if line.strip() and not line.startswith("#"):
            written = line.partition(" --hash=")[0].strip()
            found.append(Locked(written, tuple(_HASH.findall(line))))
    return tuple(found)


def for_system(packages: tuple[Locked, ...], environment: Mapping[str, str] | None = None) -> dict[str, str]:
    """Version of each package, by its name, on a system.

    Args:
        packages: Of a lock.
        environment: Markers of the system; None for this Python and machine.

    Raises:
        ValueError: If a lock gives two versions of a package.
    """
    markers: dict[str, str] = {**(environment or cast("Mapping[str, str]", default_environment()))}
    found: dict[str, str] = {}
    for one in packages:
        marker = one.requirement.marker
        if marker is None or marker.evaluate(markers):
            if one.name in found:
                raise ValueError(f"{one.name} is locked at {found[one.name]} and at {one.version}")
            found[one.name] = one.version
    return found
