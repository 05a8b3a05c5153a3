"""Kills at file operations: whatever is met is the earlier result or the new one, and the same command goes on."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from run_tools import short_scenario

pytestmark = [
    pytest.mark.once,
    pytest.mark.skipif(not hasattr(os, "fork") or sys.platform == "darwin", reason="forks a process for each kill"),
]

#: Forks a run for each kill. A child ends at once, without any clean-up, as it is about to change a file for the n-th
#: time; another child runs the same command to its end. Prints how many changes there are, and each kill with a fault.
KILLED = """
import json, os, shutil, sys
from pathlib import Path
import irregsim.present.plots as plots
import irregsim.study.replicates as experiment
from irregsim.commands.run import RunRequest, run_scenario
from irregsim.storage.folder import FolderError, RunFolder
from irregsim.study.identity import code_sha256, data_sha256, versions
from run_tools import tables_of
experiment.ENGINE = "fake_engine:run_replicate"
plots.PLOTS.clear()
here, every, kinds = Path(sys.argv[1]), int(sys.argv[2]), ("new", "replaced")
CHANGES = {"os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.truncate"}
said = here / "said"

def run(out, seed, replace, last=None):
    count = 0
    def watch(event, arguments):
        nonlocal count
        is_writing = event == "open" and (arguments[2] or 0) & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
        if (event in CHANGES or is_writing) and os.fspath(str(arguments[0])).startswith(str(here)):
            count += 1
            if count == last:
                os._exit(137)
    sys.addaudithook(watch)
    run_scenario(
        RunRequest(str(here / "short.yaml"), replicates=2, scale=0.05, jobs=1, draws="point", out=str(out), seed=seed,
                   replace=replace), warn=lambda text: None)
    return count

def child(*arguments):
    sys.stdout.flush()
    process = os.fork()
    if process == 0:
        try:
            said.write_text(str(run(*arguments)))
            os._exit(0)
        except BaseException as error:
            print(repr(error), file=sys.stderr)
            os._exit(1)
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])

code_sha256(), data_sha256(), versions()  # once, and not in each child

faults, tried = [], {}
for kind in kinds:
    first = here / kind
    if kind == "replaced":
        assert child(first, 1, False) == 0
        old = tables_of(first)
    whole = here / (kind + "-whole")
    if kind == "replaced":
        shutil.copytree(first, whole)
    assert child(whole, 2, kind == "replaced") == 0
    changes, new = int(said.read_text()), tables_of(whole)
    tried[kind] = [changes, 0]
    for last in range(1 + every // 2 if every > 1 else 1, changes + 1, every):
        out = here / f"{kind}-{last}"
        if kind == "replaced":
            shutil.copytree(first, out)
        code = child(out, 2, kind == "replaced", last)
        tried[kind][1] += 1
        if code != 137:
            faults.append([kind, last, f"exit {code}"])
        try:
            opened = RunFolder.open(out)
            found = tables_of(out)
            names = set(opened.manifest["outputs"])
            shown = {name: data for name, data in found.items() if name in names}
            expected = old if kind == "replaced" and opened.manifest["seed"] == 1 else new
            if shown != {name: data for name, data in expected.items() if name in names}:
                faults.append([kind, last, "neither the earlier result nor the new one"])
        except FolderError:
            pass  # told to be unfinished
        for scrap in out.glob(".irregsim.tmp-*"):
            os.utime(scrap, (1, 1))  # one of this moment may belong to a process that begins, and stays
        if child(out, 2, kind == "replaced") != 0:
            faults.append([kind, last, "the same command did not go on"])
        elif tables_of(out) != new:
            faults.append([kind, last, "other bytes than without the kill"])
        shutil.rmtree(out)
print(json.dumps([tried, faults]))
"""


def killed(tmp_path, every: int):
    short_scenario(tmp_path)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    command = [sys.executable, "-c", KILLED, str(tmp_path), str(every)]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=3000)
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.splitlines()[-1])


def test_a_run_killed_at_some_changes_of_files_goes_on(tmp_path):
    tried, faults = killed(tmp_path, 41)
    assert faults == []
    assert all(changes > 20 and kills >= 1 for changes, kills in tried.values()), tried


@pytest.mark.slow
def test_a_run_killed_at_each_change_of_a_file_goes_on(tmp_path):
    tried, faults = killed(tmp_path, 1)
    print(tried)
    assert faults == []
    assert all(changes == kills for changes, kills in tried.values())
