"""`irregsim new`: a commented scenario file to edit."""

from __future__ import annotations

from pathlib import Path

from irregsim.commands.request import WrongUse
from irregsim.scenario import load_scenario, new_scenario_text, shipped_scenarios


def write_scenario(path: Path, parent: str, lang: str = "en") -> None:
    """Write a new scenario file.

    Args:
        path: The file, which must not exist.
        parent: Scenario to start from: a shipped name, or a file in the folder of the new one or below it.
        lang: Language of the comments.

    Raises:
        ScenarioError: If the parent cannot be used; no file is left.
        WrongUse: If the file cannot be written, or has the name of a shipped scenario.
    """
    if path.suffix not in (".yaml", ".yml"):
        raise WrongUse(f"{path}: the name of the new file must end in .yaml")
    if path.exists():
        raise WrongUse(f"{path}: already exists; not overwritten. Choose another name")
    if path.stem in shipped_scenarios():
        raise WrongUse(
            f"{path}: a scenario that comes with irregsim is called {path.stem}, and commands mean that one; "
            f"choose another name, such as my-{path.name}"
        )
    if not path.parent.is_dir():
        raise WrongUse(f"{path}: the folder {path.parent} does not exist; create it first")
    text = new_scenario_text(path.stem, parent, lang)
    try:
        with path.open("x", encoding="utf-8", newline="\n") as stream:
            stream.write(text)
    except OSError as error:
        raise WrongUse(f"{path}: cannot be written: {error.strerror}") from None
    try:
        load_scenario(path)  # a parent that cannot be used is reported now, not at the first run
    except BaseException:
        path.unlink()
        raise
