"""The notebooks run without an error or a warning, hold no outputs, and keep to the words and rules of the project."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest

from test_labels import BANNED

pytestmark = pytest.mark.once

FOLDER = Path(__file__).resolve().parents[1] / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
PAIRS = [path for path in NOTEBOOKS if path.name.endswith(".nb.ipynb")]
#: Of a pair only the English one is run: its code is the other one's.
RUN = [path for path in NOTEBOOKS if path not in PAIRS]

SYNTHETIC = re.compile(r"synthetic|syntetisk", re.IGNORECASE)
MINUTES = re.compile(r"\*\*(Time|Tid):\*\* \d+ minut")
READERS = re.compile(r"\*\*(For):\*\* \w")
PLACE = re.compile(
    r"(?<![\w.~-])/(home|root|Users|tmp|work|usr|var|opt|mnt|etc|private)/|\b[A-Za-z]:\\\\|https?:|file://"
    r"|\b(pypi|artifactory|nexus|jfrog|localhost|mirror)\b|\d+\.\d+\.\d+\.\d+",
    re.IGNORECASE,
)
LINK = re.compile(r"\]\(([^)\s#]+)[^)]*\)")

#: Runs before the cells of a notebook: warnings are errors, but for the kernel's own; nothing reaches the network.
STRICT = """
import socket, warnings

def refuse(*_, **__):
    raise OSError("a notebook needs no network")

socket.getaddrinfo = socket.create_connection = refuse
warnings.simplefilter("error")
warnings.filterwarnings("default", module="ipykernel")
"""


def read(path: Path) -> dict[str, Any]:
    notebook: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return notebook


def cells(notebook: dict[str, Any], kind: str) -> dict[str, str]:
    """Texts of the cells of a kind, by id."""
    return {cell["id"]: "".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == kind}


def faults(notebook: dict[str, Any], folder: Path = FOLDER) -> list[str]:
    """What is wrong with a notebook as it is stored."""
    found = []
    if (notebook["nbformat"], notebook["nbformat_minor"]) != (4, 5):
        found.append("format is not 4.5")
    if notebook["metadata"].get("kernelspec", {}).get("name") != "python3":
        found.append("kernel is not python3")
    ids = [cell["id"] for cell in notebook["cells"]]
    found += [f"{id_}: stands twice" for id_ in sorted({id_ for id_ in ids if ids.count(id_) > 1})]
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code" and (cell["outputs"] or cell["execution_count"] is not None):
            found.append(f"{cell['id']}: holds an output or was counted")
    texts = cells(notebook, "markdown")
    for id_, text in texts.items():
        found += [f"{id_}: {word.group()!r} is banned" for word in BANNED.finditer(text)]
        found += [f"{id_}: {link} leads nowhere" for link in LINK.findall(text) if not (folder / link).is_file()]
    if not any(SYNTHETIC.search(text) for text in texts.values()):
        found.append("does not say that persons are synthetic")
    first = texts.get(ids[0], "")
    if not MINUTES.search(first) or not READERS.search(first):
        found.append("the first cell does not say how long it takes and for whom it is")
    found += [f"{place.group()!r} is a place" for place in PLACE.finditer(json.dumps(notebook, ensure_ascii=False))]
    return found


def differences(english: dict[str, Any], norwegian: dict[str, Any]) -> list[str]:
    """What differs between two notebooks that shall be one but for the language."""
    found = []
    if [c["id"] for c in english["cells"]] != [c["id"] for c in norwegian["cells"]]:
        found.append("other cells, or in another order")
    one, other = cells(english, "code"), cells(norwegian, "code")
    apart = [id_ for id_ in one if one[id_] != other.get(id_)]
    for id_ in apart:
        sets_language = 'LANG = "en"' in one[id_] and 'LANG = "nb"' in other.get(id_, "")
        if id_ != next(iter(one)) or not sets_language:
            found.append(f"{id_}: other code")
    if not apart:
        found.append("the first code cell does not set LANG")
    return found


def test_there_are_notebooks():
    assert len(RUN) >= 5
    assert {path.name.partition(".")[0] for path in PAIRS} == {path.name.partition(".")[0] for path in NOTEBOOKS}


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_stored_notebooks_are_sound(path):
    assert faults(read(path)) == []


@pytest.mark.parametrize("path", PAIRS, ids=lambda path: path.name)
def test_the_code_of_a_pair_is_the_same(path):
    english = path.with_name(path.name.replace(".nb.ipynb", ".en.ipynb"))
    assert differences(read(english), read(path)) == []


def test_the_folder_tells_of_each():
    text = (FOLDER / "README.md").read_text(encoding="utf-8")
    assert [path.name for path in NOTEBOOKS if path.name not in text] == []
    assert [link for link in LINK.findall(text) if not (FOLDER / link).is_file()] == []


#: Lines that a cell with a picture has, at most: who reads it reads what is shown, not how it is drawn.
PICTURE_LINES = 3

#: Processor time that a notebook may take: it is read in a class.
PROCESSOR_SECONDS = 30.0


def long_pictures(notebook: Any) -> list[str]:
    """Cells of a notebook that was run that show a picture and have too many lines."""
    pictures = {"image/png", "image/svg+xml"}
    shown = [c for c in notebook.cells if any(pictures & set(out.get("data", {})) for out in c.get("outputs", ()))]
    return [c.id for c in shown if len([line for line in c.source.splitlines() if line.strip()]) > PICTURE_LINES]


@pytest.mark.parametrize(
    "path",
    [
        # The two that take longest are slow tests.
        pytest.param(path, id=path.name, marks=[pytest.mark.slow] if path.name[:2] in ("02", "03") else [])
        for path in RUN
    ],
)
def test_a_notebook_runs(path, tmp_path):
    pytest.importorskip("nbclient")
    pytest.importorskip("ipykernel")
    before = spent_below()
    notebook = execute(read(path), tmp_path)
    assert before is None or spent_below() - before < PROCESSOR_SECONDS
    outputs = [(cell.id, output) for cell in notebook.cells for output in cell.get("outputs", ())]
    assert [(id_, out.text) for id_, out in outputs if out.get("name") == "stderr"] == []
    pictures = {"image/png", "image/svg+xml"}
    assert any(pictures & set(out.get("data", {})) for _, out in outputs), "it shows no picture"
    assert long_pictures(notebook) == []
    assert left_behind(tmp_path) == []


def spent_below() -> float | None:
    """Processor time of the programs that this one has started and that have ended, in seconds; None on Windows."""
    try:
        import resource
    except ImportError:
        return None
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    return spent.ru_utime + spent.ru_stime


def execute(notebook: dict[str, Any], folder: Path) -> Any:
    """A notebook after a run in a folder of its own, with a place of its own for what is temporary."""
    import nbformat
    from nbclient import NotebookClient

    whole = nbformat.reads(json.dumps(notebook), as_version=4)  # joins the lines of each cell
    whole.cells.insert(0, nbformat.v4.new_code_cell(STRICT, id="strict"))
    for name in ("here", "temporary", "profile"):
        (folder / name).mkdir(parents=True)
    env = os.environ | {name: str(folder / "temporary") for name in ("TMPDIR", "TEMP", "TMP")}
    client = NotebookClient(
        whole, timeout=600, kernel_name="python3", resources={"metadata": {"path": str(folder / "here")}}
    )
    return client.execute(env=env | {"IPYTHONDIR": str(folder / "profile")})


def left_behind(folder: Path) -> list[str]:
    return [file.name for name in ("here", "temporary") for file in (folder / name).iterdir()]


# -- the checks see what they are for -------------------------------------------------------------------------------


def small(*code: str, text: str = "**Time:** 5 minutes. **For:** all. Persons are synthetic.") -> dict[str, Any]:
    """A sound notebook, with some code."""
    notebook: dict[str, Any] = {
        "nbformat": 4,
        "nbformat_minor": 5,
        "metadata": {"kernelspec": {"name": "python3", "display_name": "Python 3"}},
        "cells": [{"cell_type": "markdown", "id": "about", "metadata": {}, "source": text}],
    }
    for number, source in enumerate(code):
        cell = {"cell_type": "code", "id": f"code-{number}", "metadata": {}, "source": source}
        notebook["cells"].append(cell | {"outputs": [], "execution_count": None})
    return notebook


def test_a_sound_notebook_has_no_faults():
    assert faults(small("1")) == []


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("**Time:** 5 minutes. **For:** all.", "synthetic"),
        ("**For:** all. Persons are synthetic.", "how long"),
        ("**Time:** 5 minutes. Persons are synthetic.", "for whom"),
        ("**Time:** 5 minutes. **For:** all. Persons are synthetic. A wave of arrivals.", "'wave' is banned"),
        ("**Time:** 5 minutes. **For:** all. Persons are synthetic. " + "/".join(["", "home", "a", ""]), "is a place"),
        ("**Time:** 5 minutes. **For:** all. Persons are synthetic. [x](nowhere.md)", "nowhere.md leads nowhere"),
    ],
)
def test_a_fault_of_the_text_is_seen(text, fault):
    assert fault in " ".join(faults(small("1", text=text)))


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"outputs": [{"output_type": "stream", "name": "stdout", "text": "1"}]}, "code-0: holds an output"),
        ({"execution_count": 1}, "code-0: holds an output or was counted"),
        ({"source": "open('/tmp/x')"}, "is a place"),
        ({"id": "about"}, "about: stands twice"),
    ],
)
def test_a_fault_of_a_cell_is_seen(change, fault):
    notebook = small("1")
    notebook["cells"][1] |= change
    assert any(fault in one for one in faults(notebook))


@pytest.mark.parametrize(("key", "value"), [("nbformat_minor", 4), ("metadata", {})])
def test_a_fault_of_the_format_is_seen(key, value):
    assert len(faults(small("1") | {key: value})) == 1


@pytest.mark.parametrize(
    ("norwegian", "fault"),
    [
        (('LANG = "nb"', "2"), "code-1: other code"),
        (('LANG = "nn"', "1"), "code-0: other code"),
        (('LANG = "en"', "1"), "does not set LANG"),
        (('LANG = "nb"', "1", "2"), "other cells"),
    ],
)
def test_a_difference_within_a_pair_is_seen(norwegian, fault):
    assert fault in " ".join(differences(small('LANG = "en"', "1"), small(*norwegian)))


def test_what_a_notebook_does_is_seen(tmp_path):
    pytest.importorskip("nbclient")
    pytest.importorskip("ipykernel")
    from nbclient.exceptions import CellExecutionError

    warning = "import warnings\ntry:\n    warnings.warn('x')\nexcept UserWarning:\n    print('a warning')"
    network = "import urllib.request as r\ntry:\n    r.urlopen('http://a.example')\nexcept OSError as e:\n    print(e)"
    files = "import tempfile\nopen('x', 'w').close()\ntempfile.mkdtemp(prefix='y')"
    message = "import sys\nprint('a message', file=sys.stderr)"
    notebook = execute(small(warning, network, files, message), tmp_path)
    texts = {cell.id: out for cell in notebook.cells for out in cell.get("outputs", ()) if "text" in out}
    assert texts["code-0"].text == "a warning\n"
    assert "a notebook needs no network" in texts["code-1"].text
    assert sorted(name[0] for name in left_behind(tmp_path)) == ["x", "y"]
    assert texts["code-3"].name == "stderr"
    shown = (
        "from irregsim.present.plots import lesson\nimport pandas as pd\n\ntable = pd.DataFrame({'synlig': [1.0]})\n"
    )
    notebook = execute(small(f"{shown}lesson.effects(table, 'en')", "1"), tmp_path / "long")
    assert long_pictures(notebook) == ["code-0"]
    with pytest.raises(CellExecutionError, match="ZeroDivisionError"):
        execute(small("1 / 0"), tmp_path / "again")
