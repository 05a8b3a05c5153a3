"""`irregsim explain`: why a number of a comparison changed, from the files of its folder alone.

The effect, the moves and the first difference come from the tables of the comparison; the chain from lever to move
from what levers, rules and parts of the month say of themselves (`irregsim.study.comparison.chains`). Numbers have the
form that the page has them in: what no register counts is in percent of the reference.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from irregsim.commands.compare_folder import PROOF, SCENARIO_FILE
from irregsim.commands.registry import found_entry
from irregsim.commands.request import WrongUse
from irregsim.model.claims import claims, neutral
from irregsim.model.parameters import parameters
from irregsim.present.publication.effects import for_readers
from irregsim.present.words import outcome_words
from irregsim.scenario import Scenario, diff_rows
from irregsim.scenario.levers import REGISTRY
from irregsim.storage.folder import FolderError, RunFolder
from irregsim.storage.paths import Damaged, read_record
from irregsim.study.comparison.causes import moves_of
from irregsim.study.comparison.chains import Chain, Link, chains, makers
from irregsim.study.comparison.verdicts import SAME
from irregsim.study.identity import of_record
from irregsim.vocabulary.labels import LANGUAGES, label

if TYPE_CHECKING:
    import pandas as pd

#: Moves that are shown, those that changed most first.
MOST_MOVES: Final = 8

_AGAIN: Final = "run the command again that made it"

_EFFECT: Final = ("mean", "lo", "hi", "unit", "verdict", "certainty", "share_positive", "share_negative", "n")


@dataclass(frozen=True)
class Explained:
    """An explanation of one effect.

    Attributes:
        folder: Id of the comparison.
        outcome: Code of the outcome.
        scenario: Name of the scenario.
        reference: Name of the reference.
        titles: Titles of both by name, then by language.
        effect: The row of ``key_figures`` as readers see it.
        moves: States whose moves change it, and whether it changes with them alone.
        chain: For each lever that differs: ``lever``, ``changes`` (rows of `irregsim diff`), ``values`` and ``links``.
        flows: Moves that changed most: the row of ``causes`` as readers see it, with ``way``, ``makers`` and
            ``is_acted_on`` (whether a lever acts on a rule or part that makes it).
        claims: Claims of the report that carry it: ``id``, ``claim``, ``grade``, ``parameters`` (name to grade) and
            ``can_be_left_out``.
        evidence: Groups of parameters that the effect depends on: rows of ``evidence``; none with few draws.
        parting: What of ``proof.json`` says where the two first differ.
    """

    folder: str
    outcome: str
    scenario: str
    reference: str
    titles: Mapping[str, Mapping[str, str]]
    effect: Mapping[str, Any]
    moves: Mapping[str, Any]
    chain: tuple[Mapping[str, Any], ...]
    flows: tuple[Mapping[str, Any], ...]
    claims: tuple[Mapping[str, Any], ...]
    evidence: tuple[Mapping[str, Any], ...]
    parting: Mapping[str, Any]


def explain(folder: str | Path, outcome: str, scenario: str | None = None) -> list[Explained]:
    """Why an outcome of a comparison changed, for each scenario.

    Args:
        folder: Folder of a comparison, by path, or by name or id as `irregsim runs` lists it.
        outcome: Its code, with or without what is before the colon, or its name in any language.
        scenario: Name of one of its scenarios; None for all.

    Raises:
        WrongUse: If the folder is no comparison or lacks a file, or there is no such outcome or scenario in it.
    """
    opened = _opened(folder)
    figures, moves = _table(opened, "key_figures"), _table(opened, "causes")
    code = found_outcome(outcome, list(dict.fromkeys(figures["outcome"].astype(str))))
    names = list(map(str, opened.manifest["scenarios"]))
    if scenario is not None and scenario not in names:
        raise WrongUse(f"--scenario {scenario}: must be one of {', '.join(names)}")
    scenarios = {name: of_record(one) for name, one in _record(opened, SCENARIO_FILE).items()}
    proof = _record(opened, PROOF)
    evidence = _table(opened, "evidence")
    frames = for_readers({"key_figures": figures, "causes": moves}, {})
    reference = str(opened.manifest["reference"])
    out = []
    for name in [scenario] if scenario is not None else names:
        chain = chains(scenarios[reference], scenarios[name])
        flows = flows_of(code, _of(moves, name), _of(frames["causes"], name), chain)
        row = _of(frames["key_figures"], name)
        row = row[row["outcome"].astype(str) == code]
        if row.empty:
            continue
        out.append(
            Explained(
                folder=str(opened.manifest["run_id"]),
                outcome=code,
                scenario=name,
                reference=reference,
                titles={one: scenarios[one].title for one in (reference, name)},
                effect=_records(row)[0],
                moves={"states": moves_of(code).states, "is_exact": moves_of(code).is_exact},
                chain=tuple(_told(one, scenarios[reference], scenarios[name]) for one in chain),
                flows=flows,
                claims=claims_of(chain, flows),
                evidence=tuple(_weights(evidence, name, code)),
                parting=_without_persons(proof[name], publish=bool(opened.manifest.get("publish"))),
            )
        )
    if not out:
        raise WrongUse(f"{code}: no scenario of {folder} has a number of it for readers")
    return out


# ---------------------------------------------------------------------------------------------------------
# What is in the folder


def _opened(folder: str | Path) -> RunFolder:
    try:
        opened = RunFolder.open(found_entry(str(folder)).path)
    except FolderError as error:
        raise WrongUse(str(error)) from None
    if opened.manifest.get("kind") != "comparison":
        raise WrongUse(
            f"{folder}: is the folder of a run, and one run has nothing to be explained against; give the folder of a "
            "comparison (irregsim compare)"
        )
    return opened


def _table(opened: RunFolder, name: str) -> pd.DataFrame:
    try:
        frame = opened.table(name)
    except (FolderError, OSError, ValueError) as error:
        # The libraries name the file in words of their own.
        raise WrongUse(f"{opened.path}: the table {name} is missing or cannot be read; {_AGAIN}") from error
    # Units get a new one, percent, which a category would refuse.
    return frame.astype({column: object for column, kind in frame.dtypes.items() if kind == "category"})


def _record(opened: RunFolder, name: str) -> dict[str, Any]:
    try:
        return read_record(opened.path / name)
    except (OSError, Damaged, FolderError) as error:
        raise WrongUse(f"{opened.path}: {name} is missing or cannot be read; {_AGAIN}") from error


def found_outcome(asked: str, known: Sequence[str]) -> str:
    """The code of an outcome that is asked for in one of many ways.

    Args:
        asked: A code, the part of it after the colon, or a name in any language.
        known: Codes there are.

    Raises:
        WrongUse: With the nearest outcomes, if it is none or several of them.
    """
    names: dict[str, list[str]] = {}
    for code in known:
        for text in {code, code.partition(":")[2], *(outcome_words(code, lang) for lang in LANGUAGES)}:
            names.setdefault(text.casefold(), []).append(code)
    wanted = asked.strip().casefold()
    if asked in known:
        return asked
    found = list(dict.fromkeys(names.get(wanted, ())))
    if len(found) == 1:
        return found[0]
    if found:
        raise WrongUse(f"{asked!r} is the name of several outcomes: {', '.join(found)}")
    near = difflib.get_close_matches(wanted, names, n=4, cutoff=0.6)
    near += [text for text in names if wanted and wanted in text]
    codes = list(dict.fromkeys(code for text in near for code in names[text]))[:4]
    hint = f"did you mean {' or '.join(codes)}?" if codes else f"the outcomes of this comparison are {', '.join(known)}"
    raise WrongUse(f"no outcome of this comparison is called {asked!r}; {hint}")


def _of(frame: pd.DataFrame, scenario: str) -> pd.DataFrame:
    return frame[frame["scenario"].astype(str) == scenario]


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows with plain values, for JSON: texts as texts, missing numbers as None."""
    plain: list[dict[str, Any]] = json.loads(frame.to_json(orient="records", double_precision=15))
    return plain


# ---------------------------------------------------------------------------------------------------------
# What follows from it


def flows_of(
    outcome: str, exact: pd.DataFrame, readable: pd.DataFrame, chain: Sequence[Chain]
) -> tuple[dict[str, Any], ...]:
    """The moves into and out of the states of an outcome whose number changed most, in persons.

    Args:
        outcome: Its code.
        exact: Rows of ``causes`` of one scenario.
        readable: The same as readers see them.
        chain: Of the scenario.

    Returns:
        As `Explained.flows`. A move that readers see in percent and that the reference has none of has no number.
    """
    moves = moves_of(outcome)
    reached = {(link.part, link.rule) for one in chain for link in one.links}
    keys = ("origin", "destination", "cause")
    rows = {tuple(str(row[key]) for key in keys): row for row in _records(readable)}
    ordered = exact.assign(_size=exact["mean"].abs()).sort_values("_size", ascending=False, kind="stable")
    out: list[dict[str, Any]] = []
    for found in _records(ordered):
        origin, destination, cause = record = tuple(str(found[key]) for key in keys)
        way = moves.way(origin, destination)
        if not way or found["certainty"] == SAME:
            continue
        # What the reference has none of has no percentage, and its number would be a level.
        row = rows.get(record) or {**found, **dict.fromkeys(("mean", "lo", "hi")), "unit": "", **_none_there()}
        made = [(part.name, "" if rule is None else rule.channel) for part, rule in makers().get(cause, ())]
        grades = {rule.channel: rule.grade for _, rule in makers().get(cause, ()) if rule is not None}
        out.append(
            {
                **dict(zip(keys, record, strict=True)),
                **{name: row[name] for name in _EFFECT},
                **{name: text for name, text in row.items() if str(name).startswith("rounded_text_")},
                "way": way,
                "makers": [{"part": part, "rule": rule, "grade": grades.get(rule, "")} for part, rule in made],
                "is_acted_on": any(one in reached for one in made),
            }
        )
        if len(out) == MOST_MOVES:
            break
    return tuple(out)


def _none_there() -> dict[str, str]:
    return {f"rounded_text_{lang}": label("explain.none_there", lang) for lang in LANGUAGES}


def _told(chain: Chain, reference: Scenario, scenario: Scenario) -> dict[str, Any]:
    """A chain with what the scenario sets."""
    paths = [one.path for one in REGISTRY if one.fields == chain.lever.fields]
    rows = [list(row.values()) for row in diff_rows([reference, scenario])]
    heads = ("key", "from", "to", "reference", "value")
    changes = [
        dict(zip(heads, row, strict=True))
        for row in rows
        if any(row[0] == path or row[0].startswith(f"{path}.") for path in paths)
    ]
    return {
        "lever": chain.lever.path,
        "changes": changes,
        "values": list(chain.values),
        "links": [_plain(link) for link in chain.links],
    }


def _plain(link: Link) -> dict[str, Any]:
    return {
        "part": link.part,
        "step": link.step,
        "rule": link.rule,
        "reads": list(link.reads),
        "claims": list(link.claims),
        "grade": link.grade,
        "causes": list(link.causes),
    }


def claims_of(chain: Sequence[Chain], flows: Sequence[Mapping[str, Any]]) -> tuple[dict[str, Any], ...]:
    """Claims of the report that carry an effect, with the grades of what stands for them in the model.

    They are those of the levers, and those of the rules that levers act on and that make one of the moves. The grade of
    a claim is the weakest of the rules that implement it, and of the parameters where no rule does.

    Args:
        chain: Of the scenario.
        flows: From `flows_of`.
    """
    rules = {rule.channel: rule for found in makers().values() for _, rule in found if rule is not None}
    made = {one["rule"] for row in flows if row["is_acted_on"] for one in row["makers"]}
    reached = {link.rule for one in chain for link in one.links if link.rule}
    ids = {id_ for one in chain for id_ in one.lever.mechanisms}
    ids |= {id_ for name in made & reached for id_ in rules[name].mechanisms}
    out = []
    for id_ in sorted(ids):
        used = {name: one.grade for name, one in parameters().items() if id_ in one.mechanisms}
        grades = [rules[name].grade for name in sorted(reached & rules.keys()) if id_ in rules[name].mechanisms]
        out.append(
            {
                "id": id_,
                "claim": claims()[id_],
                "grade": max(grades or used.values(), default=""),
                "parameters": used,
                "can_be_left_out": id_ in neutral(),
            }
        )
    return tuple(out)


def _weights(evidence: pd.DataFrame, scenario: str, outcome: str) -> list[dict[str, Any]]:
    """Groups of parameters that enter, the largest share first, and the rest."""
    mine = _of(evidence, scenario)
    mine = mine[(mine["outcome"].astype(str) == outcome) & mine["enters"].astype(bool)]
    rows = _records(mine[["group", "grade", "share"]].sort_values("share", ascending=False, kind="stable"))
    return rows


def _without_persons(proof: Mapping[str, Any], *, publish: bool) -> dict[str, Any]:
    """Where two scenarios first differ; without the first person where no single lives are published."""
    keys = ("first_effective_month", "first_month", "table", "cell", "cause", "causes", "first_person")
    told = {key: proof.get(key) for key in keys}
    return {**told, "first_person": None} if publish else told


def plain(found: Sequence[Explained]) -> str:
    """Explanations as JSON: a list with an object for each, whose keys are the attributes of `Explained`."""
    return json.dumps([asdict(one) for one in found], indent=2, ensure_ascii=False, allow_nan=False)
