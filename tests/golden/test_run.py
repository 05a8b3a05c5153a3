"""The golden run gives the counts that are stored, whatever the processor."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from helpers import golden
from helpers.golden_run import golden_run

ROOT = Path(__file__).resolve().parents[2]


def moved(now: dict[str, dict[str, dict[str, int]]]) -> list[str]:
    """What differs from the stored counts, a line each, the first forty."""
    stored = golden.read("run")
    lines = []
    for kind in sorted(stored.keys() | now.keys()):
        for year in sorted(stored.get(kind, {}).keys() | now.get(kind, {}).keys()):
            was, is_ = stored.get(kind, {}).get(year, {}), now.get(kind, {}).get(year, {})
            lines += [
                f"{kind} {year} {name}: {was.get(name, 0)} became {is_.get(name, 0)}"
                for name in sorted(was.keys() | is_.keys())
                if was.get(name, 0) != is_.get(name, 0)
            ]
    return lines[:40]


def test_the_golden_run_is_the_stored_one():
    assert moved(golden_run()) == [], f"if that is meant, say why in the commit: {golden.COMMAND} run"


def test_the_golden_run_is_large_enough_to_move():
    stored = golden.read("run")
    assert all(sum(counts.values()) > 300 for counts in stored["stocks"].values())
    assert all(len(counts) > 40 for counts in stored["flows"].values())
    assert all(len(counts) >= 10 for counts in stored["events"].values())
    assert len(stored["registers"]) >= len(("2012", "2013", "2014"))


def test_the_golden_run_is_the_same_without_the_processor_features_numpy_found():
    """Faster loops for logarithms and exponentials may differ in a last bit; no event hangs on one."""
    ask = "from numpy._core._multiarray_umath import __cpu_dispatch__ as d, __cpu_features__ as f; "
    answer = subprocess.run(
        [sys.executable, "-c", ask + "print(*[x for x in d if f[x]])"], capture_output=True, text=True, check=True
    )
    found = answer.stdout.split()
    code = ask + f"assert not any(f[x] for x in {found!r}); "
    code += "import json; from helpers.golden_run import golden_run; print(json.dumps(golden_run()))"
    environment = {
        **os.environ,
        "NPY_DISABLE_CPU_FEATURES": " ".join(found),
        "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT / "tests")]),
    }
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment)
    assert answer.returncode == 0, answer.stderr
    differ = moved(json.loads(answer.stdout))
    assert differ == [], f"with {' '.join(found) or 'no feature (none could be)'} switched off"
