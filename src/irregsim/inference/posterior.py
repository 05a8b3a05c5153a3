"""Parameter draws that a run can use: a posterior, the medians of the priors, or draws of the priors.

A posterior is an equally weighted set of draws in a fixed order. It is a folder with ``draws.parquet`` (a column for
every parameter of ``data/parameters.csv``, a row for every draw) and ``posterior.json`` (what it is and how it was
made). One may ship with the package, as ``data/posterior``; `irregsim calibrate` writes others.
"""

from __future__ import annotations

import json
import math
import os
import re
import zlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from irregsim import __version__
from irregsim.inference.check_words import check_line, check_words
from irregsim.model.draws import Draws
from irregsim.model.parameters import Parameter, parameters, point_draw
from irregsim.storage.hashing import canonical_json, sha256_of_text
from irregsim.storage.parquet import content_digest
from irregsim.storage.paths import Damaged, read_bytes, read_record, user_path
from irregsim.study.replicates import DrawSet

FloatArray = npt.NDArray[np.float64]

#: Folder of the posterior that ships with the package, if there is one.
SHIPPED: Path = Path(__file__).parents[1] / "data" / "posterior"

DRAWS_FILE: Final = "draws.parquet"
ABOUT_FILE: Final = "posterior.json"

#: Where `irregsim calibrate` puts a posterior in its folder, next to its report.
INSIDE: Final = "posterior"

#: What ``--draws`` takes besides a folder.
WORDS: Final = ("posterior", "point", "prior")

#: Draws in the set that ``--draws prior`` uses.
PRIOR_DRAWS: Final = 500

#: Key of the draws of the priors: the same for every seed of a run, as the draws of a posterior are.
_PRIOR_SEED: Final = 0

#: Most bytes of a table of draws: those of a million draws are fewer.
_LARGEST_DRAWS: Final = 2**31

#: A fault names this many draws at most.
_NAMED: Final = 3
#: How many failed checks a warning names; the others are counted.
_CHECKS_NAMED: Final = 2


class PosteriorError(ValueError):
    """Draws cannot be used, or not be written; the message names every fault, one a line."""


@dataclass(frozen=True)
class Posterior:
    """An equally weighted set of parameter draws.

    Attributes:
        id: First 16 hexadecimal digits of the SHA-256 over names and values.
        draws: Value of every parameter by name, for each draw, in the fixed order.
        about: What ``posterior.json`` says.
        red: What keeps the fit from being called calibrated: failed calibration checks, that priors have changed since,
            and parameters that came later and were not fitted. Empty when all is well.
        unfitted: Parameters that the fit did not know; their values are draws of their priors.
    """

    id: str
    draws: tuple[Mapping[str, float], ...]
    about: Mapping[str, Any]
    red: tuple[str, ...]
    unfitted: tuple[str, ...] = ()


def shipped() -> Path | None:
    """Folder of the posterior that ships with the package; None while none does."""
    return SHIPPED if (SHIPPED / ABOUT_FILE).is_file() else None


def parameters_sha256(names: Collection[str] | None = None) -> str:
    """Hash over names, units and priors of parameters: other words in the table leave it as it is.

    Args:
        names: Which parameters; None for all.
    """
    chosen = [what for what in parameters().values() if names is None or what.name in names]
    priors = [[what.name, what.unit, what.distribution, what.p1, what.p2] for what in chosen]
    return sha256_of_text(canonical_json(priors))


# ---------------------------------------------------------------------------------------------------------
# Checks


def _inside(what: Parameter, values: FloatArray) -> npt.NDArray[np.bool_]:
    """Which values the parameter's prior allows."""
    if what.distribution == "lognormal":
        return np.asarray(values > 0.0)
    low, high = _ends(what)
    return np.asarray((values >= low) & (values <= high))


def _ends(what: Parameter) -> tuple[float, float]:
    if what.distribution == "fixed":
        return what.p1, what.p1
    if what.distribution == "uniform":
        assert what.p2 is not None  # the loader lets only `fixed` go without
        return what.p1, what.p2
    return (0.0, 1.0) if what.distribution in ("logitnormal", "beta") else (-math.inf, math.inf)


def _support(what: Parameter) -> str:
    if what.distribution == "fixed":
        return f"{what.p1!r}, which is fixed"
    if what.distribution == "lognormal":
        return "above 0"
    low, high = _ends(what)
    return f"{low:g} to {high:g}"


def faults_in_draws(columns: Mapping[str, FloatArray], *, complete: bool = True) -> list[str]:
    """What is wrong with a set of draws.

    Args:
        columns: Values by parameter, each of shape (draws,).
        complete: Whether every parameter must have values.

    Returns:
        A line for every fault: unknown parameters, missing ones where none may be, no draws, and for each parameter
        values that are not finite or that its prior does not allow.
    """
    known = parameters()
    faults = [f"{name}: is not a parameter" for name in columns if name not in known]
    if complete:
        faults += [f"{name}: has no values" for name in known if name not in columns]
    if not columns or not len(next(iter(columns.values()))):
        faults.append("there are no draws")
    for name, values in columns.items():
        finite = np.isfinite(values)
        if not finite.all():
            faults.append(f"{name}: is not finite in {_which(~finite)}")
        elif name in known and not (inside := _inside(known[name], values)).all():
            faults.append(
                f"{name}: is {float(values[~inside][0])!r} in {_which(~inside)}, must be {_support(known[name])}"
            )
    return faults


def _which(chosen: npt.NDArray[np.bool_]) -> str:
    numbers = np.flatnonzero(chosen)
    shown = ", ".join(str(number) for number in numbers[:_NAMED])
    more = f" and {len(numbers) - _NAMED} more" if len(numbers) > _NAMED else ""
    return f"draw {shown}{more}"


def faults_in_about(about: Mapping[str, Any]) -> list[str]:
    """What is wrong with the account of how a posterior was made.

    Args:
        about: ``command`` (text, without directories), ``settings`` (mapping), ``targets_vintage`` (date of the
            targets, ``YYYY-MM-DD``), ``gate`` (``passed``, and ``red``: a line for each failed calibration check), and
            ``parted``, which may be missing (names of parameters in which a second method parts from the fit).

    Returns:
        A line for every fault.
    """
    faults = []
    command, vintage, gate = (about.get(key) for key in ("command", "targets_vintage", "gate"))
    if not isinstance(command, str) or not command.strip():
        faults.append("command: must be the command that made it")
    elif re.search(r"[/\\]", command):
        faults.append(f"command: {command!r} names a directory; give last parts of paths only")
    if not isinstance(about.get("settings"), Mapping):
        faults.append("settings: must be a mapping")
    if not isinstance(vintage, str) or not re.fullmatch(r"\d{4}-\d\d-\d\d", vintage):
        faults.append(f"targets_vintage: is {vintage!r}, must be a date such as 2021-05-31")
    red = gate.get("red") if isinstance(gate, Mapping) else None
    if not isinstance(gate, Mapping) or not isinstance(red, Sequence) or isinstance(red, str):
        faults.append('gate: must be {"passed": true or false, "red": [one line for each failed check]}')
    elif gate.get("passed") is not (not red):
        faults.append(f"gate: passed is {gate.get('passed')!r}, but red lists {len(red)} failed checks")
    elif not all(isinstance(line, str) and line.strip() for line in red):
        faults.append("gate: every line of red must describe a failed check")
    parted = about.get("parted", [])
    if not isinstance(parted, Sequence) or isinstance(parted, str) or not all(isinstance(x, str) for x in parted):
        faults.append("parted: must be the names of parameters in which two methods part")
    try:
        canonical_json(about)
    except (TypeError, ValueError) as error:
        faults.append(f"cannot be written as JSON: {error}")
    return faults


# ---------------------------------------------------------------------------------------------------------
# Writing and reading


def write(folder: str | Path, draws: Sequence[Mapping[str, float]], about: Mapping[str, Any]) -> Posterior:
    """Write a posterior.

    Args:
        folder: Made if it is not there; other files in it are left alone.
        draws: Value of every parameter by name, for each draw, in the order that is to stay.
        about: How it was made; `faults_in_about` lists the keys. More keys may be given. ``posterior_id``, ``draws``,
            ``parameters_sha256`` and ``irregsim`` (version) are filled in here.

    Returns:
        The posterior as `load` gives it.

    Raises:
        PosteriorError: If draws or account are at fault; with every fault, and then nothing is written.
    """
    import pyarrow.parquet as pq

    folder = Path(folder)
    names = dict.fromkeys(name for draw in draws for name in draw)
    faults = [
        f"draw {number}: has no {name}" for number, draw in enumerate(draws) for name in names if name not in draw
    ]
    columns: dict[str, FloatArray] = {}
    if not faults:
        ordered = sorted(names, key=list({**parameters(), **names}).index)
        columns = {name: np.array([draw[name] for draw in draws], dtype=np.float64) for name in ordered}
        faults = faults_in_draws(columns)
    faults += faults_in_about(about)
    if faults:
        raise PosteriorError("\n".join(f"{folder.name}: {fault}" for fault in faults))
    table = _table(columns)
    account = {
        "posterior_id": _id(table),
        "draws": len(draws),
        "irregsim": __version__,
        **about,
        "parameters_sha256": parameters_sha256(),
    }
    folder.mkdir(parents=True, exist_ok=True)
    scratch = folder / f"{DRAWS_FILE}.tmp-{os.getpid()}"
    # No dictionary: values rarely repeat.
    pq.write_table(table, scratch, compression="zstd", compression_level=9, use_dictionary=False, store_schema=False)
    os.replace(scratch, folder / DRAWS_FILE)
    _write_account(folder, account)
    return load(folder)


def _write_account(folder: Path, account: Mapping[str, Any]) -> None:
    text = json.dumps(account, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    scratch = folder / f"{ABOUT_FILE}.tmp-{os.getpid()}"
    scratch.write_text(text, encoding="utf-8", newline="\n")
    os.replace(scratch, folder / ABOUT_FILE)


def _table(columns: Mapping[str, FloatArray]) -> Any:
    import pyarrow as pa

    return pa.table({name: pa.array(values, pa.float64()) for name, values in columns.items()})


def _id(table: Any) -> str:
    return content_digest(table).hex()[:16]


def mark_parted(folder: str | Path, names: Sequence[str]) -> None:
    """Note in a posterior's account in which parameters a second method parts from it; draws and id stay.

    Args:
        folder: Of a posterior.
        names: Parameters; none where the methods agree everywhere.
    """
    folder = Path(folder)
    _write_account(folder, {**read_record(folder / ABOUT_FILE), "parted": list(names)})


def load(folder: str | Path | None = None) -> Posterior:
    """Read a posterior and check it.

    A parameter that the draws lack, because it was added to the model after the fit, takes draws of its prior, and
    the posterior lists them among its failed checks.

    Args:
        folder: Its folder; None for the one that ships.

    Raises:
        PosteriorError: If there is none, or it cannot be used; with every fault.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    if folder is None and shipped() is None:
        raise PosteriorError("no posterior ships yet")
    place = SHIPPED if folder is None else Path(folder)
    name = "the shipped posterior" if folder is None else str(folder)
    faults: list[str] = []
    about: Mapping[str, Any] = {}
    try:
        about = read_record(place / ABOUT_FILE, links=True)
        faults += [f"{ABOUT_FILE}: {fault}" for fault in faults_in_about(about)]
    except (OSError, ValueError) as error:
        faults.append(f"{ABOUT_FILE}: {_reason(error)}")
    columns: dict[str, FloatArray] = {}
    found_id = ""
    try:
        # Read whole, so that nothing of the file is held open.
        table = pq.read_table(pa.BufferReader(read_bytes(place / DRAWS_FILE, _LARGEST_DRAWS, links=True)))
        doubled = sorted({n for n in table.column_names if table.column_names.count(n) > 1})
        other = [field.name for field in table.schema if field.type != pa.float64()]
        faults += [f"{DRAWS_FILE}: {n}: duplicate" for n in doubled]
        faults += [f"{DRAWS_FILE}: {n}: is not a column of 64-bit numbers" for n in other]
        if not doubled and not other:
            columns = {n: table.column(n).to_numpy() for n in table.column_names}
            faults += [f"{DRAWS_FILE}: {fault}" for fault in faults_in_draws(columns, complete=False)]
            found_id = _id(table)
    except (OSError, ValueError) as error:  # pyarrow's errors about broken files are among these
        faults.append(f"{DRAWS_FILE}: {_reason(error)}")
    if found_id and about and about.get("posterior_id") != found_id:
        faults.append(f"{DRAWS_FILE}: is posterior {found_id}, but {ABOUT_FILE} describes {about.get('posterior_id')}")
    if faults:
        raise PosteriorError("\n".join(f"{name}: {fault}" for fault in faults))
    red = tuple(str(line) for line in about["gate"]["red"])
    if about.get("parameters_sha256") != parameters_sha256(columns.keys()):
        red = (*red, check_line("priors_changed"))
    if about.get("parted"):
        red = (*red, check_line("parted", parameters=", ".join(about["parted"])))
    unfitted = tuple(n for n in parameters() if n not in columns)
    # No fit informs one that acts only after the last target; its prior is all there is.
    to_fit = [n for n in unfitted if not parameters()[n].acts_after_fit]
    if to_fit:
        red = (*red, check_line("not_fitted", parameters=", ".join(to_fit)))
    count = len(next(iter(columns.values())))
    later = prior_columns(unfitted, count)
    ordered = {n: later[n] if n in later else columns[n].tolist() for n in parameters()}
    draws = tuple(dict(zip(ordered, row, strict=True)) for row in zip(*ordered.values(), strict=True))
    return Posterior(found_id, draws, about, red, unfitted)


def _reason(error: Exception) -> str:
    if isinstance(error, Damaged):
        return str(error)
    return str(error.strerror or error) if isinstance(error, OSError) else f"cannot be read: {error}"


# ---------------------------------------------------------------------------------------------------------
# Which draws a run uses


def prior_columns(names: Iterable[str], count: int) -> dict[str, list[float]]:
    """Independent draws of some priors, each keyed by the parameter's name and the number of the draw.

    Args:
        names: Parameters.
        count: Draws, 1 or more.

    Returns:
        Values by parameter, ``count`` each.
    """
    known = parameters()
    keys = Draws(_PRIOR_SEED, 0).keys(np.arange(count, dtype=np.uint64))
    columns = {}
    for name in names:
        u = Draws(_PRIOR_SEED, 0).uniform("design", zlib.crc32(name.encode()), keys)
        columns[name] = [known[name].quantile(x) for x in u.tolist()]
    return columns


def prior_draws(count: int = PRIOR_DRAWS) -> tuple[Mapping[str, float], ...]:
    """Independent draws of the priors, keyed by the parameter's name and the number of the draw.

    A longer set begins with the shorter one, and a new parameter leaves the values of all others as they were.

    Args:
        count: How many, 1 or more.
    """
    columns = prior_columns(parameters(), count)
    return tuple(dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True))


def choose(draws: str | Path | None = None, per_draw: int | None = None) -> tuple[DrawSet, tuple[str, ...]]:
    """The parameter draws that a run asks for.

    Args:
        draws: ``posterior`` (the one that ships), ``point`` (the median of every prior), ``prior`` (draws of the
            priors), the folder of a posterior or of a calibration, or None: the posterior if one ships, else the point.
        per_draw: Replicates per draw, 1 or more, or None: draws are used in turn.

    Returns:
        The draws, and what the user must know about them, one line each.

    Raises:
        PosteriorError: If there are no such draws, or they cannot be used.
    """
    notes: list[str] = []
    what, why = draws, ""
    if what is None:
        what = "posterior" if shipped() is not None else "point"
        if what == "point":
            why = "no posterior ships yet, and "
            notes.append(
                "no posterior ships yet: parameters are the medians of their priors, which are not calibrated "
                "(--draws point)"
            )
    if what == "point":
        if per_draw is not None:
            raise PosteriorError(f"--per-draw: needs --draws posterior, prior or a folder; {why}point is one draw")
        return DrawSet("point", (point_draw(),)), tuple(notes)
    if per_draw is not None and per_draw < 1:
        raise PosteriorError(f"--per-draw {per_draw}: must be 1 or more")
    if what == "prior":
        return DrawSet("prior", prior_draws(), per_draw, "prior"), ()
    if what == "posterior":
        if shipped() is None:
            raise PosteriorError(
                "--draws posterior: no posterior ships yet; use --draws point (all medians), prior, or a folder"
            )
        found = load()
    else:
        folder = user_path(what)
        if not (folder / ABOUT_FILE).is_file() and (folder / INSIDE / ABOUT_FILE).is_file():
            folder = folder / INSIDE
        if not (folder / ABOUT_FILE).is_file() and not (folder / DRAWS_FILE).is_file():
            lacks = f"has no {ABOUT_FILE}" if folder.is_dir() else "there is no such folder"
            raise PosteriorError(
                f"--draws {what}: must be {', '.join(WORDS)} or the folder of a posterior, and {lacks}"
            )
        found = load(folder)
    if found.red:
        told = found.red[:_CHECKS_NAMED] if len(found.red) > _CHECKS_NAMED + 1 else found.red
        more = len(found.red) - len(told)
        rest = f"; and {more} more, which the manifest and the summary list" if more else ""
        notes.append(
            f"posterior {found.id}: a calibration check failed; results are not calibrated: "
            f"{'; '.join(check_words(line, 'en') for line in told)}{rest}"
        )
    return DrawSet(found.id, found.draws, per_draw, "posterior", found.red), tuple(notes)
