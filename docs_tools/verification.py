"""Generated parts of docs/verification.md: claims of the report, and the baseline against every published count.

``python -m docs_tools.verification docs/verification.md --replicates 20`` runs the baseline at the median of every
prior and writes between the markers of the document. With ``--replicates 0`` nothing is run: only the
claims are written.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from docs_tools.odd import state_of
from irregsim import __version__
from irregsim.commands.in_memory import run
from irregsim.inference.check.counts import by_register, check, worst
from irregsim.inference.targets import targets
from irregsim.model.claims import claims, excused, neutral
from irregsim.model.parameters import parameters
from irregsim.study.identity import code_sha256, data_sha256
from irregsim.vocabulary.reference import DataError

if TYPE_CHECKING:
    import pandas as pd

    from irregsim.commands.in_memory import Result

#: Shipped scenario that is compared with the counts.
SCENARIO: Final = "baseline"

#: Names of the generated parts, in the order of the document.
PARTS: Final = ("claims", "baseline")

#: Columns of the table of targets.
HEAD: Final = (
    "target",
    "use",
    "published",
    "model, median",
    "50 %",
    "90 %",
    "model / published",
    "tail probability",
    "inside",
    "prior",
)
#: Columns of the summary by register, and of the list of the farthest.
SUMMARY_HEAD: Final = ("register", "dimension", "use", "targets", "given", "inside 50 %", "inside 90 %", "median ratio")
WORST_HEAD: Final = ("target", "published", "model, median", "90 %", "model / published", "distance")

#: How many targets are listed as farthest.
WORST: Final = 10

#: Dimensions too long for the eye; their rows are folded.
_FOLDED: Final = ("country_ground",)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [list(head), ["---"] * len(head), *[list(row) for row in rows]]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def _number(value: float) -> str:
    """A count or percentage: whole from 20 on, else one decimal where there is one; empty where missing."""
    if value != value:
        return ""
    return f"{value:.0f}" if abs(value) >= 20 or value == round(value) else f"{value:.1f}"


def _decimals(value: float) -> str:
    return "" if value != value else f"{value:.2f}"


def claims_part() -> str:
    """How many claims of the report are modelled, left out by a neutral setting, and tested."""
    states = Counter(state_of(id_) for id_ in claims())
    partly_tested = sum(state_of(id_) == "in part" for id_ in neutral())
    rows = [
        ("claims of the report", str(len(claims()))),
        ("implemented", str(states["yes"])),
        ("implemented in part (section 11 of odd.md says what is missing)", str(states["in part"])),
        ("not implemented", str(states["not yet"])),
        ("tested: effect present, and absent at the neutral setting", str(len(neutral()))),
        ("of these, implemented in part", str(partly_tested)),
        ("excused from that test, each with its reason (section 12 of odd.md)", str(len(excused()))),
    ]
    return _table(("claims", "number"), rows)


def prior_marks() -> frozenset[str]:
    """Ids of the targets that the prior of some parameter was made from."""
    return frozenset(id_ for what in parameters().values() for id_ in what.targets)


def _row(one: pd.Series, marked: frozenset[str]) -> tuple[str, ...]:
    start = (f"`{one['id']}`", str(one["use"]), _number(one["observed"]))
    prior = "yes" if one["id"] in marked else ""
    if isinstance(one["reason"], str):
        return (*start, "", "", "", "", "", f"not given: {one['reason']}", prior)
    inside = "50" if one["inside50"] else "90" if one["inside90"] else "no"
    return (
        *start,
        _number(one["median"]),
        f"{_number(one['lo50'])} to {_number(one['hi50'])}",
        f"{_number(one['lo90'])} to {_number(one['hi90'])}",
        _decimals(one["ratio"]),
        _decimals(one["tail_probability"]),
        inside,
        prior,
    )


def targets_table(checked: pd.DataFrame) -> str:
    """Every target, in a table for each register and dimension.

    Args:
        checked: From `predictive.check`.
    """
    marked = prior_marks()
    parts = []
    for (register, dimension), group in checked.groupby(["register", "dimension"], sort=False):
        table = _table(HEAD, [_row(one, marked) for _, one in group.iterrows()])
        title = f"`{register}`, {dimension}"
        if dimension in _FOLDED:
            parts.append(f"<details><summary>{title}: {len(group)} targets</summary>\n\n{table}\n</details>\n")
        else:
            parts.append(f"**{title}**\n\n{table}")
    return "\n".join(parts)


def summary_table(checked: pd.DataFrame) -> str:
    """How many targets of each register are inside the model's intervals."""
    rows = [
        (
            f"`{one['register']}`",
            str(one["dimension"]),
            str(one["use"]),
            *(str(one[name]) for name in ("targets", "given", "inside50", "inside90")),
            _decimals(one["median_ratio"]),
        )
        for _, one in by_register(checked).iterrows()
    ]
    return _table(SUMMARY_HEAD, rows)


def worst_table(checked: pd.DataFrame) -> str:
    """The targets farthest from the model."""
    rows = [
        (
            f"`{one['id']}`",
            _number(one["observed"]),
            _number(one["median"]),
            f"{_number(one['lo90'])} to {_number(one['hi90'])}",
            _decimals(one["ratio"]),
            f"{one['distance']:+.0f}",
        )
        for _, one in worst(checked, WORST).iterrows()
    ]
    return _table(WORST_HEAD, rows)


def reading(checked: pd.DataFrame) -> str:
    """Sentences on how many of the targets of the model's own scope are met."""
    out = []
    for text, chosen in (
        ("cells by country and ground", checked["dimension"].isin(_FOLDED)),
        ("other targets", ~checked["dimension"].isin(_FOLDED)),
    ):
        given = checked[chosen & (checked["use"] == "primary") & checked["median"].notna()]
        ratio = given["ratio"].dropna()
        near = int(((ratio > 1 / 1.25) & (ratio < 1.25)).sum())
        double = int(((ratio <= 0.5) | (ratio >= 2.0)).sum())
        out.append(
            f"Of the {len(given)} primary {text} that the run can give, {int(given['inside50'].sum())} are inside the "
            f"50 % interval and {int(given['inside90'].sum())} inside the 90 % interval. Of {len(ratio)} with a ratio, "
            f"{near} are within a quarter of the published count and {double} are off by a factor of two or more."
        )
    return "\n".join(f"- {line}" for line in out) + "\n"


def settings_line(result: Result) -> str:
    """Version and settings of the run, so that a reader sees what the table is of."""
    scenario = result.scenario
    years = f"{2009 + scenario.start // 12} to {2009 + scenario.end // 12}"
    return (
        f"irregsim {__version__}, scenario `{scenario.name}`, draws `point` (the median of every prior; nothing is "
        f"fitted), {result.replicates} replicates, seed {result.seed}, population scale 1, years {years}; data "
        f"`{data_sha256()[:12]}`, code `{code_sha256()[:12]}`.\n"
    )


def baseline_part(result: Result) -> str:
    """The run against every target: settings, reading, summary, the farthest, and the whole table.

    Args:
        result: A run at population scale 1.
    """
    checked = check(result.registers, targets())
    return "\n".join(
        (
            settings_line(result),
            reading(checked),
            "By register:\n",
            summary_table(checked),
            f"The {WORST} farthest:\n",
            worst_table(checked),
            "Every target:\n",
            targets_table(checked),
        )
    )


def replaced(text: str, part: str, content: str) -> str:
    """A document with one generated part rewritten.

    Args:
        text: With one ``<!-- generated: part -->`` and its ``<!-- end -->``.
        part: Name of the part.
        content: Markdown that ends with a line break.

    Raises:
        DataError: If the marker is missing, duplicate or has no end.
    """
    marker, end = f"<!-- generated: {part} -->\n", "<!-- end -->"
    if text.count(marker) != 1:
        raise DataError(f"the document must have one marker {marker.strip()}, not {text.count(marker)}")
    before, rest = text.split(marker)
    if end not in rest or "<!-- generated:" in rest.split(end)[0]:
        raise DataError(f"{marker.strip()} has no {end} of its own")
    return before + marker + content + end + rest.split(end, 1)[1]


def main(arguments: Sequence[str] | None = None) -> int:
    """Writes the generated parts of a document.

    Args:
        arguments: Of the command line; None: those of the process.

    Returns:
        0, or 2 for wrong use, with the reason on stderr.
    """
    parser = argparse.ArgumentParser(prog="python -m docs_tools.verification", description=__doc__)
    parser.add_argument("document", type=Path, help="such as docs/verification.md")
    parser.add_argument("--replicates", type=int, default=20, help="0: write only what needs no run (default: 20)")
    parser.add_argument("--seed", type=int, default=2021, help="seed of the run (default: 2021)")
    parser.add_argument("--jobs", type=int, default=None, help="processes (default: all cores)")
    options = parser.parse_args(arguments)
    if options.replicates < 0:
        parser.error(f"--replicates {options.replicates}: must be 0 or more")
    path: Path = options.document
    try:
        old = path.read_text(encoding="utf-8")
        new = replaced(old, "claims", claims_part())
        replaced(new, "baseline", "")  # a fault of the document shows before the run
    except (OSError, DataError) as error:
        print(f"{path}: {error}", file=sys.stderr)
        return 2
    if options.replicates:
        result = run(SCENARIO, replicates=options.replicates, seed=options.seed, jobs=options.jobs, draws="point")
        new = replaced(new, "baseline", baseline_part(result))
    if new != old:
        path.write_text(new, encoding="utf-8", newline="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
