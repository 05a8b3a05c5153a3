"""What makes two runs the same run: content, code, data and versions, and whether a finished run may be used again.

A replicate depends on its plan (scenario, draws, seed), on the code and the data that are named here, and on the
versions of a few libraries. Pictures, pages, words for readers and commands can change no replicate, and are not
among them.
"""

from __future__ import annotations

import importlib.metadata
import platform
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from irregsim import __version__
from irregsim.scenario import Scenario, ScenarioError
from irregsim.storage.folder import FolderError, RunFolder
from irregsim.storage.hashing import canonical_json, code_digest, data_digest, sha256_of_text
from irregsim.study.tables import tables_of

if TYPE_CHECKING:
    from irregsim.study.replicates import Plan

#: Key of a manifest: names of new centres, by theirs in the data. Beside the scenario, since names change no replicate.
NEW_CENTRES: Final = "new_centres"

#: Code that decides what happens in a replicate; a trial of a calibration depends on this and on what it keeps.
MODEL_CODE: Final = ("model", "scenario", "vocabulary")

#: Code that makes tables of a replicate and files of the tables.
TABLE_CODE: Final = ("storage", "study/frames.py", "study/tables.py")

#: Data that a replicate reads. What else is in ``data/`` comes in through the plan (scenario and draws), or is
#: read by those who compare and show.
MODEL_DATA: Final = (
    "centres.csv",
    "cities.csv",
    "countries.csv",
    "districts.csv",
    "external/unhcr_asylum_decisions_norway.csv",
    "feasibility.csv",
    "police_districts.csv",
    "policy_updates.csv",
    "reception_residents.csv",
    "rejections.csv",
    "route_mix.csv",
)

#: Libraries whose versions are in a manifest.
_LIBRARIES = ("numpy", "mesa", "pandas", "pyarrow", "matplotlib")

#: Those that can change the numbers in a table or its bytes; replicates are put together only where they
#: agree.
DECISIVE = ("irregsim", "python", "numpy", "pandas", "pyarrow")


@cache
def code_sha256() -> str:
    """Hash over the code that can change a replicate or its tables: what it does, not how it is explained."""
    return code_digest((*MODEL_CODE, *TABLE_CODE))


@cache
def data_sha256() -> str:
    """Hash over the data that a replicate reads (`MODEL_DATA`)."""
    return data_digest(MODEL_DATA)


def versions() -> dict[str, str]:
    """Versions of irregsim, Python and the libraries that make tables and pictures."""
    own = {"irregsim": __version__, "python": platform.python_version()}
    return own | {name: _installed(name) for name in _LIBRARIES}


@cache
def _installed(name: str) -> str:
    """Version of a library: read once, since its description is parsed and every kept world is looked up by it."""
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return "missing"


def decisive_versions() -> dict[str, str]:
    """Versions that can change the numbers in a table or its bytes."""
    known = versions()
    return {name: known[name] for name in DECISIVE}


def run_id(content: Mapping[str, Any], replicates: int) -> str:
    """Name of a run by its content: 16 hex digits, the same on every machine."""
    # Only the draws in use count: a longer set of which these are the first is the same run.
    used = content["draws"][: -(-replicates // content["per_draw"])]
    return sha256_of_text(canonical_json({**content, "draws": used, "replicates": replicates}))[:16]


def part_key(content: Mapping[str, Any]) -> str:
    """Key under which replicates may be put together: the content, the code and the versions that ran it.

    Stricter than `run_id`, because replicates of two versions of the code must never meet in one table.
    """
    made_by = {"code": code_sha256(), "versions": decisive_versions()}
    return sha256_of_text(canonical_json({**content, **made_by}))[:16]


def part_key_of(plan: Plan) -> str:
    """`part_key` of the replicates of a plan.

    The draws, which are most of the content and the same for all plans of a comparison, are written once.
    """
    made_by = {"code": code_sha256(), "versions": decisive_versions()}
    few = replace(plan, draws=replace(plan.draws, values=()))
    text = canonical_json({**few.content(), **made_by})
    empty = '"draws":[]'
    # No text can hold this, since its quotation marks would be escaped.
    assert text.count(empty) == 1, "the content has one list of draws"
    return sha256_of_text(text.replace(empty, f'"draws":{_Written.text_of(plan.draws.values)}'))[:16]


class _Written:
    """The draws that were written last, as text, kept with the draws themselves."""

    draws: tuple[Mapping[str, float], ...] = ()
    text = "[]"

    @classmethod
    def text_of(cls, draws: tuple[Mapping[str, float], ...]) -> str:
        if cls.draws is not draws:
            cls.draws, cls.text = draws, canonical_json([dict(draw) for draw in draws])
        return cls.text


def describes(manifest: Mapping[str, Any], plan: Plan) -> bool:
    """Whether a manifest with the part key of a plan says of everything else what the plan says.

    The key names what the replicates are. What reads the run reads the other keys, which anybody can edit, and a
    posterior of the same values may have another name.
    """
    if any(key not in manifest for key in ("replicates", "per_draw", "scenario", "gate", "draws")):
        return False  # damaged
    kept = {"posterior_id": plan.draws.name, "code_sha256": code_sha256(), **plan.content()}
    for key in ("seed", "scale", "spells", "without", "data_sha256", "code_sha256", "posterior_id"):
        if manifest.get(key) != kept[key]:
            return False
    if (manifest["per_draw"] or 1) != kept["per_draw"]:
        return False
    try:
        scenario = scenario_in(manifest)
    except ScenarioError:
        return False
    if canonical_json(scenario.to_mapping()) != canonical_json(manifest["scenario"]):
        return False  # written by hand
    return bool(replace(plan, scenario=scenario).content()["scenario"] == kept["scenario"])


def scenario_in(manifest: Mapping[str, Any]) -> Scenario:
    """The scenario that a manifest of a run holds, with the names that its file gave to new centres.

    Args:
        manifest: Of a run; one without `NEW_CENTRES` names new centres as the data do.

    Raises:
        KeyError: If it has no scenario.
        ScenarioError: If this version cannot read the scenario.
    """
    return replace(Scenario.from_mapping(manifest["scenario"]), new_names=dict(manifest.get(NEW_CENTRES, {})))


def scenario_record(scenario: Scenario) -> dict[str, Any]:
    """A scenario as a mapping that keeps the names its file gave to new centres; `of_record` reads it."""
    named = {NEW_CENTRES: dict(scenario.new_names)} if scenario.new_names else {}
    return {**scenario.to_mapping(), **named}


def of_record(record: Mapping[str, Any]) -> Scenario:
    """The scenario that `scenario_record` wrote.

    Args:
        record: The mapping; one without `NEW_CENTRES` names new centres as the data do.

    Raises:
        ScenarioError: If this version cannot read the scenario.
    """
    return scenario_in({"scenario": record, NEW_CENTRES: record.get(NEW_CENTRES, {})})


def finished_run(
    plan: Plan, replicates: int, places: Iterable[Path], *, exactly: bool = False, key: str | None = None
) -> RunFolder | None:
    """A finished run of the same plan, code and versions in one of some folders, whole, or None.

    Args:
        plan: What a replicate is.
        replicates: How many there must be at least.
        places: Folders to look in, in this order.
        exactly: Whether more replicates than that will not do.
        key: `part_key_of` the plan, where it is known already; None otherwise.
    """
    key = part_key_of(plan) if key is None else key
    for place in places:
        try:
            folder = RunFolder.open(place)
        except FolderError:
            continue
        if folder.manifest.get("part_key") != key or not describes(folder.manifest, plan):
            continue
        if folder.replicates < replicates or (exactly and folder.replicates > replicates):
            continue
        if folder.is_intact(tables_of(plan.spells)) and _holds_draws(folder, plan):
            return folder
    return None


def _holds_draws(folder: RunFolder, plan: Plan) -> bool:
    """Whether the table of draws has the draw that the plan gives to each replicate, with its values.

    The manifest lists a hash of the table, but whoever changes both is not to be believed: effects are explained by it.
    """
    try:
        frame = folder.draws()
        used = [plan.draws.index(replicate) for replicate in range(folder.replicates)]
        values = [plan.draws.values[draw] for draw in used]
    except (OSError, ValueError, IndexError):
        return False
    expected: dict[str, list[Any]] = {"replicate": list(range(len(used))), "draw": used}
    expected |= {name: [float(one[name]) for one in values] for name in plan.draws.values[0]}
    return sorted(frame.columns) == sorted(expected) and all(
        frame[name].tolist() == column for name, column in expected.items()
    )
