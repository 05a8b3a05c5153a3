"""A finding recomputed from the Parquet tables by the code of the page, which uses nothing of irregsim."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from irregsim.cli import main

PAGE = Path(__file__).resolve().parents[1] / "docs" / "effects.md"


@pytest.mark.slow
def test_the_code_of_the_page_finds_the_numbers_of_the_tables(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    small = ["--replicates", "3", "--scale", "0.02", "--end", "2024-12", "--draws", "prior", "--no-spells", "--quiet"]
    done = CliRunner().invoke(main, ["compare", "baseline", "fines-tripled", *small])
    assert done.exit_code == 0, done.output
    (code,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert "irregsim" not in code
    capsys.readouterr()
    found: dict[str, object] = {}
    exec(compile(code, str(PAGE), "exec"), found)
    said = dict(line.split(" ", 1) for line in capsys.readouterr().out.replace("same way", "same").splitlines())
    assert set(said) == {"mean", "interval", "same", "mc_se", "percent", "p"}
    row, difference, percent = found["row"], found["difference"], found["percent"]
    assert difference.std() > 0.0
    assert difference.mean() == pytest.approx(row["mean"], rel=1e-12)
    assert difference.quantile([0.025, 0.975]).tolist() == pytest.approx([row.lo, row.hi], rel=1e-12)
    assert (difference > 0).mean() == row.share_positive
    assert difference.std() / np.sqrt(row.n) == pytest.approx(row.mc_se, rel=1e-12)
    assert percent.quantile([0.025, 0.975]).tolist() == pytest.approx([row.percent_lo, row.percent_hi], rel=1e-12)
