"""Manifests as they are read: every key of the right kind, so that nothing after has to ask again.

Knows the kinds of the values, not what they mean: whether a scenario or a seed can be used is for those who use them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from irregsim.storage.paths import Damaged, is_name_inside, read_record

#: A run of more replicates than this was made by nobody; what says so is damaged.
MOST_REPLICATES: Final = 10_000_000

#: Faults that a message names.
_NAMED: Final = 5


def _is_text(value: object) -> bool:
    return isinstance(value, str) and len(value) <= 10_000 and value.isprintable()


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_texts(value: object) -> bool:
    return isinstance(value, list) and all(map(_is_text, value))


def _is_mapping_of_text(value: object) -> bool:
    return isinstance(value, Mapping) and all(_is_text(key) and _is_text(one) for key, one in value.items())


def _is_name(value: object) -> bool:
    return _is_text(value) and 0 < len(str(value)) <= 64


def _is_outputs(value: object) -> bool:
    return isinstance(value, Mapping) and all(is_name_inside(k) and _is_mapping_of_text(v) for k, v in value.items())


def _is_gate(value: object) -> bool:
    red = value.get("red") if isinstance(value, Mapping) else None
    return value is None or (isinstance(red, list) and all(isinstance(line, str) for line in red))


_KINDS: Final[Mapping[str, tuple[Callable[[object], bool], str]]] = {
    **dict.fromkeys(("run_id", "part_key"), (_is_name, "a name of 1 to 64 characters")),
    **dict.fromkeys(
        (
            "kind",
            "reference",
            "posterior_id",
            "draws",
            "format",
            "lang",
            "scenario_sha256",
            "data_sha256",
            "code_sha256",
        ),
        (_is_text, "text"),
    ),
    "command": (lambda v: isinstance(v, str), "text"),
    "started": (_is_text, "text"),
    **dict.fromkeys(("spells", "publish", "show_levels"), (lambda v: isinstance(v, bool), "true or false")),
    **dict.fromkeys(("without", "scenarios"), (_is_texts, "a list of texts")),
    **dict.fromkeys(("versions", "numerics", "runs", "new_centres"), (_is_mapping_of_text, "a mapping of texts")),
    "scenario": (lambda v: isinstance(v, Mapping), "a mapping"),
    "seed": (lambda v: _is_whole(v) and 0 <= v < 2**63, "a whole number from 0 to 2^63 - 1"),  # type: ignore[operator]
    "scale": (lambda v: isinstance(v, float) or _is_whole(v), "a number"),
    **dict.fromkeys(
        ("seconds", "seconds_per_replicate", "seconds_writing"),
        (lambda v: v is None or isinstance(v, float) or _is_whole(v), "null or a number"),
    ),
    "replicates": (
        lambda v: _is_whole(v) and 1 <= v <= MOST_REPLICATES,  # type: ignore[operator]
        f"a whole number from 1 to {MOST_REPLICATES}",
    ),
    "per_draw": (lambda v: v is None or (_is_whole(v) and v >= 1), "null or a whole number from 1"),  # type: ignore[operator]
    "gate": (_is_gate, "null or what docs/outputs.md says"),
    "git_commit": (lambda v: v is None or _is_text(v), "null or text"),
    "git_dirty": (lambda v: v is None or isinstance(v, bool), "null, true or false"),
    "outputs": (_is_outputs, "a mapping of names inside the folder to hashes"),
}

#: Keys without which nothing is a manifest.
_NEEDED: Final = ("run_id", "versions", "outputs")


def manifest_faults(manifest: Mapping[str, Any]) -> list[str]:
    """What is wrong with the kinds of the values of a manifest, a line each.

    Keys that a version does not know are let be. Keys that are missing are for those who read them, except
    ``run_id``, ``versions`` and ``outputs``, which every version has written.
    """
    faults = [f"{key} is missing" for key in _NEEDED if key not in manifest]
    faults += [
        f"{key} must be {words}" for key, (fits, words) in _KINDS.items() if key in manifest and not fits(manifest[key])
    ]
    if not faults and "irregsim" not in manifest["versions"]:
        faults.append("versions must have the one of irregsim")
    return faults


def read_manifest(path: Path) -> dict[str, Any]:
    """A manifest, checked.

    Args:
        path: The file.

    Raises:
        FileNotFoundError: If there is none.
        OSError: If it cannot be read.
        Damaged: If it is none, or damaged; the message names some of the faults.
    """
    manifest = read_record(path)
    if faults := manifest_faults(manifest):
        more = f"; and {len(faults) - _NAMED} more" if len(faults) > _NAMED else ""
        raise Damaged("; ".join(faults[:_NAMED]) + more)
    return manifest
