"""Tables of the model description, made from the code: `docs/odd.md` between its markers.

What the code says of itself (parts, rules, claims of the report, parameters, registers) is written once, in the code,
and is copied into the document by ``python -m docs_tools.odd docs/odd.md``. A test compares the two.
"""

from __future__ import annotations

import ast
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Final

from irregsim.model.claims import claims, excused, neutral
from irregsim.model.month import MONTH
from irregsim.model.parameters import GRADES, STATUSES, Parameter, parameter_groups, parameters
from irregsim.model.plan import first_sentence, plan
from irregsim.model.registers import REGISTERS
from irregsim.scenario.levers import REGISTRY
from irregsim.study.comparison.chains import claims_in
from irregsim.vocabulary.reference import DataError, read_table

#: Claims that are modelled in part or not at all, with what is missing.
OPEN_FILE: Final = "mechanisms_open.csv"

_BLOCK: Final = re.compile(r"(<!-- generated: ([a-z-]+) -->\n)(.*?)(<!-- end -->)", re.DOTALL)
_MARKER: Final = re.compile(r"<!-- (?:generated:[^>]*|end) -->")


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table; line breaks and bars inside cells are made harmless."""
    lines = [list(head), ["---"] * len(head), *[list(row) for row in rows]]
    cells = [[" ".join(cell.split()).replace("|", "\\|") for cell in line] for line in lines]
    return "\n".join(f"| {' | '.join(line)} |" for line in cells) + "\n"


def _code(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def parts_table() -> str:
    """The parts of a month in order, with step, purpose and at-risk set."""
    rows = [
        (str(row["order"]), str(row["step"]), f"`{row['part']}`", row["what"], row["at_risk"], str(len(row["rules"])))
        for row in plan()
    ]
    return _table(("order", "step", "part", "what happens", "at risk", "rules"), rows)


def rules_table() -> str:
    """All competing hazards, by part."""
    rows = [
        (
            f"`{rule['channel']}`",
            f"`{row['part']}`",
            rule["what"],
            f"`{rule['enters']}` ({rule['cause']})" if rule["enters"] else "decided by the part",
            " ".join(rule["mechanisms"]) or "none",
            rule["source"],
            rule["grade"],
        )
        for row in plan()
        for rule in row["rules"]
    ]
    return _table(("rule", "part", "meaning", "leads to (cause)", "claims", "source", "grade"), rows)


def open_claims() -> dict[str, str]:
    """What is missing of the claims that are modelled in part or not at all, by id.

    Raises:
        DataError: With every fault of the file.
    """
    rows = read_table(OPEN_FILE)
    ids = [row["id"] for row in rows]
    faults = [f"{OPEN_FILE}: {id_} is no claim of mechanisms.csv" for id_ in ids if id_ not in claims()]
    faults += [f"{OPEN_FILE}: {row['id']} has no reason" for row in rows if not (row["reason"] or "").strip()]
    if ids != sorted(set(ids)):
        faults.append(f"{OPEN_FILE}: ids must rise, each once")
    if faults:
        raise DataError("\n".join(faults))
    return {row["id"]: row["reason"] for row in rows}


def _source_of(path: str) -> str:
    return files("irregsim").joinpath(*path.split("/")).read_text(encoding="utf-8")


def month_files() -> tuple[str, ...]:
    """Modules of the month, as paths in the package."""
    folder = files("irregsim").joinpath("model", "month")
    return tuple(sorted(f"model/month/{entry.name}" for entry in folder.iterdir() if entry.name.endswith(".py")))


@cache
def named_in_docstrings() -> Mapping[str, tuple[str, ...]]:
    """Procedures of the month whose docstrings name a claim, by id; such as ``control._rejected``."""
    found: dict[str, list[str]] = {}

    def visit(node: ast.AST, name: str) -> None:
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
            for id_ in sorted(claims_in(ast.get_docstring(node) or "")):
                found.setdefault(id_, []).append(name)
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.ClassDef | ast.FunctionDef):
                visit(child, f"{name}.{child.name}")

    for path in month_files():
        visit(ast.parse(_source_of(path)), path.removeprefix("model/month/").removesuffix(".py"))
    return {id_: tuple(names) for id_, names in found.items()}


def named() -> dict[str, tuple[tuple[str, ...], tuple[str, ...], int, tuple[str, ...]]]:
    """Where the code names each claim: rules, other procedures, number of parameters, levers; by id."""
    hazards = {rule.hazard.__name__ for part in MONTH for rule in part.rules}
    by_doc = named_in_docstrings()
    out = {}
    for id_ in claims():
        rules = tuple(rule.channel for part in MONTH for rule in part.rules if id_ in rule.mechanisms)
        # A rule's own hazard is shown as the rule.
        procedures = tuple(name for name in by_doc.get(id_, ()) if name.split(".")[-1] not in hazards)
        count = sum(id_ in what.mechanisms for what in parameters().values())
        levers = tuple(lever.key for lever in REGISTRY if id_ in lever.mechanisms)
        out[id_] = (rules, procedures, count, levers)
    return out


def state_of(id_: str) -> str:
    """``yes``, ``in part``, ``not yet``, or an empty text where neither the code nor the list of open claims has it.

    Args:
        id_: Id of a claim, such as ``M034``.
    """
    is_named = any(named()[id_]) or bool(named_in_docstrings().get(id_))
    if id_ in open_claims():
        return "in part" if is_named else "not yet"
    return "yes" if is_named else ""


def mechanisms_table() -> str:
    """Every claim of the report, and what in the code carries it."""
    where, missing = named(), open_claims()
    rows = []
    for id_, claim in claims().items():
        rules, procedures, count, levers = where[id_]
        rows.append(
            (
                id_,
                claim,
                state_of(id_),
                _code(rules),
                _code(procedures),
                str(count) if count else "",
                _code(levers),
                missing.get(id_, ""),
            )
        )
    head = ("id", "claim", "modelled", "rules", "procedures", "parameters", "levers", "what is not yet modelled")
    return _table(head, rows)


def mechanism_counts_table() -> str:
    """How many claims are modelled, in part or not."""
    count = Counter(state_of(id_) for id_ in claims())
    rows = [(state, str(count[state])) for state in ("yes", "in part", "not yet")]
    return _table(("modelled", "claims"), [*rows, ("all", str(len(claims())))])


def neutral_table() -> str:
    """How each claim is left out of a run."""
    rows = [
        (id_, what.claim_effect, ", ".join(f"`{setting.text()}`" for setting in what.settings), what.reason)
        for id_, what in neutral().items()
    ]
    return _table(("id", "what the claim does in the model", "left out by", "what that means"), rows)


def excused_table() -> str:
    """Claims that cannot be left out."""
    return _table(("id", "why it cannot be left out"), excused().items())


def parameters_table() -> str:
    """Number of parameters by group, evidence grade and use in calibration."""

    def row(title: str, group: Sequence[Parameter]) -> tuple[str, ...]:
        grade, status = Counter(what.grade for what in group), Counter(what.status for what in group)
        numbers = [len(group), *(grade[g] for g in GRADES), *(status[s] for s in STATUSES)]
        return (title, *(str(number) for number in numbers))

    groups = parameter_groups()
    rows = [row(title, group) for title, group in groups.items()]
    rows.append(row("all", [what for group in groups.values() for what in group]))
    return _table(("group", "parameters", *GRADES, *(f"`{status}`" for status in STATUSES)), rows)


def registers_table() -> str:
    """The agencies' tables, with their scope and source."""
    rows = [(f"`{r.name}`", first_sentence(r.observe), r.scope.whom, r.source) for r in REGISTERS]
    return _table(("register", "what is counted", "scope", "source"), rows)


def register_scopes_table() -> str:
    """What each agency's table counts and how, a row for every question."""
    rows = [(f"`{r.name}`", name, text) for r in REGISTERS for name, text in r.scope.items() if name != "whom"]
    return _table(("register", "question", "answer"), rows)


#: Tables by the name in their marker.
TABLES: Final[dict[str, Callable[[], str]]] = {
    "parts": parts_table,
    "rules": rules_table,
    "mechanism-counts": mechanism_counts_table,
    "mechanisms": mechanisms_table,
    "neutral": neutral_table,
    "excused": excused_table,
    "parameters": parameters_table,
    "registers": registers_table,
    "register-scopes": register_scopes_table,
}


def refreshed(text: str) -> str:
    """The document with its generated parts as the code has them now.

    Args:
        text: Markdown with ``<!-- generated: name -->`` ... ``<!-- end -->`` around each generated part.

    Raises:
        DataError: If a marker has no partner or an unknown name; with every fault.
    """
    blocks = list(_BLOCK.finditer(text))
    faults = [f"no table is called {b[2]!r} (there are {', '.join(TABLES)})" for b in blocks if b[2] not in TABLES]
    loose = _MARKER.findall(_BLOCK.sub("", text)) + [m for b in blocks for m in _MARKER.findall(b[3])]
    faults += [f"marker without its partner: {marker}" for marker in loose]
    if faults:
        raise DataError("\n".join(faults))
    return _BLOCK.sub(lambda block: f"{block[1]}{TABLES[block[2]]()}{block[4]}", text)


def main(arguments: Sequence[str]) -> int:
    """Rewrites the generated parts of a document.

    Args:
        arguments: The path of the document.

    Returns:
        0, or 2 for wrong use, with the reason on stderr.
    """
    if len(arguments) != 1:
        print("give one document: python -m docs_tools.odd docs/odd.md", file=sys.stderr)
        return 2
    path = Path(arguments[0])
    try:
        old = path.read_text(encoding="utf-8")
        new = refreshed(old)
    except OSError as error:
        print(f"{path}: {error.strerror}: name a document that exists, such as docs/odd.md", file=sys.stderr)
        return 2
    except DataError as error:
        print(f"{path}: {error}", file=sys.stderr)
        return 2
    if new != old:
        path.write_text(new, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
