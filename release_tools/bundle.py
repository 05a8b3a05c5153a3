"""One folder from which irregsim is installed without internet: wheels of the core lock, hashes, and how to install.

    python -m release_tools.bundle --out bundle --python 3.12 --system linux --system windows

Wheels come from the package index that pip is set to use, each against its hash in ``requirements/core.lock``. Where
the index has no wheel of a package for a system, that is said, and the folder is made for the other systems.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from release_tools.locks import Locked, read

#: Pythons that a bundle is made for unless others are asked for, and those that the lock knows.
USUAL: Final = ("3.12",)
PYTHONS: Final = ("3.11", "3.12", "3.13")


@dataclass(frozen=True)
class System:
    """A kind of computer.

    Attributes:
        name: As asked for.
        tags: Platforms of wheels that it takes, as pip names them.
        markers: How locks know it.
    """

    name: str
    tags: tuple[str, ...]
    markers: Mapping[str, str]


def _system(name: str, tags: Sequence[str], platform: str, system: str, os_name: str, machine: str) -> System:
    markers = {"sys_platform": platform, "platform_system": system, "os_name": os_name, "platform_machine": machine}
    return System(name, tuple(tags), markers)


_GLIBC: Final = tuple(f"manylinux_2_{minor}_x86_64" for minor in range(28, 11, -1))
SYSTEMS: Final = {
    one.name: one
    for one in (
        _system("linux", (*_GLIBC, "manylinux2014_x86_64"), "linux", "Linux", "posix", "x86_64"),
        _system("macos-arm64", ("macosx_14_0_arm64",), "darwin", "Darwin", "posix", "arm64"),
        _system("macos-x86_64", ("macosx_14_0_x86_64",), "darwin", "Darwin", "posix", "x86_64"),
        _system("windows", ("win_amd64",), "win32", "Windows", "nt", "AMD64"),
    )
}


def packages_for(locked: Sequence[Locked], system: System, python: str) -> list[Locked]:
    """Packages of a lock that a system with a Python needs.

    Args:
        locked: The lock.
        system: The system.
        python: Such as ``3.12``.
    """
    environment = {
        **system.markers,
        "python_version": python,
        "python_full_version": f"{python}.0",
        "implementation_name": "cpython",
        "platform_python_implementation": "CPython",
        "extra": "",
    }
    return [one for one in locked if (marker := one.requirement.marker) is None or marker.evaluate(environment)]


def pip_download(packages: Sequence[Locked], system: System, python: str, wheels: Path) -> str:
    """Wheels of some packages into a folder; what went wrong in pip's words, empty where nothing did."""
    digits = python.replace(".", "")
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary", ":all:"]
    command += ["--require-hashes", "--implementation", "cp", "--python-version", python, "--dest", str(wheels)]
    command += [word for abi in (f"cp{digits}", "abi3", "none") for word in ("--abi", abi)]
    command += [word for tag in (*system.tags, "any") for word in ("--platform", tag)]
    with tempfile.TemporaryDirectory() as folder:
        wanted = Path(folder, "wanted.txt")
        # Markers have been evaluated: pip would ask them of the Python that it runs in.
        wanted.write_text("".join(line_of(one.name, one.version, one.hashes) for one in packages), encoding="utf-8")
        done = subprocess.run([*command, "-r", str(wanted)], capture_output=True, text=True, check=False)
    return "" if done.returncode == 0 else (done.stderr.strip() or f"pip ended with {done.returncode}")


def line_of(name: str, version: str, hashes: Sequence[str]) -> str:
    """A line of a requirements file with hashes."""
    return f"{name}=={version}" + "".join(f" \\\n    --hash=sha256:{one}" for one in hashes) + "\n"


def missing(packages: Sequence[Locked], system: System, python: str, wheels: Path, download: Download) -> list[str]:
    """Packages of which the index gave no wheel for a system, each asked for alone."""
    return [f"{one.name} {one.version}" for one in packages if download([one], system, python, wheels)]


Download = Callable[[Sequence[Locked], System, str, Path], str]


def bundle(
    out: Path,
    wheel: Path,
    systems: Sequence[str],
    pythons: Sequence[str],
    *,
    download: Download = pip_download,
    say: Callable[[str], None] = print,
) -> list[str]:
    """Makes the folder.

    Args:
        out: The folder; it must not be there, or be empty.
        wheel: Of irregsim itself.
        systems: Names in `SYSTEMS`.
        pythons: Of `PYTHONS`.
        download: Gets wheels.
        say: Given each line of what is done.

    Returns:
        Names of the requirements files: the systems and Pythons that it serves.

    Raises:
        FileExistsError: If there is something in the folder.
    """
    if out.exists() and any(out.iterdir()):
        raise FileExistsError(f"{out}: is not empty; remove it, or give another --out")
    wheels = out / "wheels"
    wheels.mkdir(parents=True)
    (wheels / wheel.name).write_bytes(wheel.read_bytes())
    version = wheel.name.split("-")[1]
    locked, served = read("core"), []
    for name in systems:
        for python in pythons:
            packages = packages_for(locked, SYSTEMS[name], python)
            if fault := download(packages, SYSTEMS[name], python, wheels):
                lacking = missing(packages, SYSTEMS[name], python, wheels, download)
                reason = f"no wheel of {', '.join(lacking)} from this index" if lacking else fault
                say(f"{name}, Python {python}: LEFT OUT, {reason}")
                continue
            file = f"{name}-py{python.replace('.', '')}.txt"
            lines = [line_of(one.name, one.version, one.hashes) for one in packages]
            own = line_of("irregsim", version, [digest(wheels / wheel.name)])
            (out / file).write_text("".join([own, *lines]), encoding="utf-8")
            served.append(file)
            say(f"{name}, Python {python}: {len(packages) + 1} packages")
    (out / "INSTALL.txt").write_text(install_text(served, version), encoding="utf-8")
    files = sorted(path for path in out.rglob("*") if path.is_file())
    sums = [f"{digest(path)}  {path.relative_to(out).as_posix()}\n" for path in files]
    (out / "SHA256SUMS").write_text("".join(sums), encoding="utf-8")
    return served


def digest(path: Path) -> str:
    """SHA-256 of a file in hexadecimal digits."""
    return sha256(path.read_bytes()).hexdigest()


def install_text(served: Sequence[str], version: str) -> str:
    """How to install from the folder, in Norwegian and English, for the systems that it serves."""
    commands = []
    for file in served:
        python = f"3.{file.partition('-py')[2].removesuffix('.txt')[1:]}"
        if file.startswith("windows"):
            begin, inside = f"py -{python}", "irregsim-env\\Scripts\\"
        else:
            begin, inside = f"python{python}", "irregsim-env/bin/"
        commands += [
            f"  {file.removesuffix('.txt')}:",
            f"    {begin} -m venv irregsim-env",
            f"    {inside}python -m pip install --no-index --find-links wheels --require-hashes -r {file}",
            f"    {inside}irregsim doctor",
            f"    {inside}irregsim run baseline --replicates 4",
            "",
        ]
    return "\n".join(
        [
            f"irregsim {version}",
            "",
            "NORSK",
            "Alt som trengs er i denne mappa, unntatt Python selv. Ingenting hentes fra internett.",
            "1. Kontroller filene (valgfritt): sha256sum -c SHA256SUMS",
            "2. Åpne en terminal i denne mappa, og skriv linjene for din maskin.",
            "3. irregsim doctor sier om installasjonen er i orden.",
            "",
            "ENGLISH",
            "All that is needed is in this folder, but for Python itself. Nothing is fetched from the internet.",
            "1. Check the files (optional): sha256sum -c SHA256SUMS",
            "2. Open a terminal in this folder, and write the lines for your machine.",
            "3. irregsim doctor says whether the installation is in order.",
            "",
            *(commands or ["  (no system: the package index gave no full set of wheels)"]),
        ]
    )


def built_wheel(folder: Path) -> Path:
    """The wheel of this checkout, built into a folder, with the hatchling that is here or else one of the index."""
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(folder)]
    here = ["--no-build-isolation"] if find_spec("hatchling") else []
    subprocess.run([*command, *here, str(Path(__file__).resolve().parents[1])], check=True)
    (wheel,) = folder.glob("irregsim-*.whl")
    return wheel


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; 1 where no system can be served."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--out", type=Path, default=Path("bundle"), help="the folder (default: bundle)")
    parser.add_argument("--system", action="append", choices=list(SYSTEMS), help="repeatable (default: all)")
    parser.add_argument("--python", action="append", choices=PYTHONS, help=f"repeatable (default: {', '.join(USUAL)})")
    parser.add_argument("--wheel", type=Path, help="wheel of irregsim (default: built from this checkout)")
    asked = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        wheel = asked.wheel or built_wheel(Path(folder))
        try:
            served = bundle(asked.out, wheel, asked.system or list(SYSTEMS), asked.python or list(USUAL))
        except FileExistsError as error:
            print(error, file=sys.stderr)
            return 2
    print(f"{asked.out}: {', '.join(served) or 'no system can be served'}")
    return 0 if served else 1


if __name__ == "__main__":
    sys.exit(main())
