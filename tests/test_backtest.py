"""`irregsim backtest`: no later count leaks into a forecast, scores by year, and the command on a tiny bank."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from irregsim.cli import main
from irregsim.commands import backtest as command
from irregsim.commands.request import WrongUse
from irregsim.inference.calibration import backtest as work
from irregsim.inference.calibration import bank, counts, design, fitting, forecast
from irregsim.inference.targets import targets
from irregsim.present.pages import backtest as page

pytestmark = pytest.mark.once

#: A series of several years, so that a naive forecast can be made.
SERIES = tuple(one for one in targets() if one.role == "fit" and one.id.startswith("udi_expulsions/ground/straff"))
SETTINGS = fitting.Settings(first=60, second=40, draws=50, seed=4, near_waves=1)


@pytest.fixture
def tiny(tmp_path, monkeypatch):
    """A bank whose counts rise with the first parameters, and nothing is simulated."""
    pytest.importorskip("sklearn")
    slopes = np.random.default_rng(1).normal(0.0, 0.3, (3, len(SERIES)))
    middle = counts.observed(SERIES)

    def simulated(wave, those, column="count"):
        return middle[: len(those)] + wave.z[:, :3] @ slopes[:, : len(those)]

    monkeypatch.setattr(counts, "simulated", simulated)
    monkeypatch.setattr(command, "fitted_targets", lambda: SERIES)
    folder = tmp_path / "calibration"
    for number, (trials, scale) in enumerate(((60, 0.25), (40, 1.0))):
        place = folder / f"wave-{number}"
        bank.write_design(place, design.standard_normals(4, np.arange(trials), wave=number))
        told = {"model": "m", "version": "1", "scenario": "s", "seed": 4, "scale": scale}
        (place / "wave.json").write_text(json.dumps(told), encoding="utf-8")
        one = pd.DataFrame({"register": ["r"], "period": ["p"], "dimension": ["d"], "key": ["k"], "count": [1.0]})
        for trial in range(trials):
            bank.Trials(place).write(trial, {"registers": one})
    report = {"settings": vars(SETTINGS), "posterior_id": "abc"}
    (folder / "report.json").write_text(json.dumps(report), encoding="utf-8")
    return folder


@pytest.mark.slow
def test_no_later_count_leaks_into_a_forecast(tiny, monkeypatch):
    waves, model = work.stored(tiny, SETTINGS)
    assert model == "m" and [len(wave.z) for wave in waves] == [60, 40]
    year = work.years(SERIES)[2]
    before = work.backtest(SERIES, waves, SETTINGS, [year])
    later = np.array([forecast.year(one) > year for one in SERIES])
    real = counts.observed(SERIES)
    monkeypatch.setattr(counts, "observed", lambda those: np.where(later, real + 1.0, real))
    after = work.backtest(SERIES, waves, SETTINGS, [year])
    assert len(before) == later.sum() and all(row["year"] > row["known_to"] == year for row in before)
    for one, other in zip(before, after, strict=True):
        assert other["observed"] == pytest.approx(one["observed"] + 1.0)
        assert (one["mean"], one["sd"]) == (other["mean"], other["sd"])
        assert one["crps"] != other["crps"] and one["crps_last"] != other["crps_last"]


def row(year, known_to, crps, naive):
    both = {"crps": crps, "interval_score": 4 * crps}
    return {"known_to": known_to, "year": year, "observed": 1.0, "mean": 1.0, "sd": 1.0, "block": "b"} | both | naive


def test_scores_are_means_over_the_counts_that_both_have():
    none = dict.fromkeys(("crps_last", "interval_score_last", "crps_line", "interval_score_line"))
    last = none | {"crps_last": 1.0, "interval_score_last": 2.0}
    found = page.scores([row(2015, 2014, 0.2, last), row(2016, 2014, 0.6, last), row(2016, 2014, 9.0, none)])
    assert [(one["ahead"], one["naive"], one["counts"]) for one in found] == [
        ("all", "last", 2),
        ("1", "last", 1),
        ("2 or more", "last", 1),
    ]
    assert found[0]["crps"] == pytest.approx(0.4) and found[0]["interval_score"] == pytest.approx(1.6)
    assert {one["model_is"] for one in found} == {"better"}
    assert page.scores([row(2015, 2014, 1.05, last)])[0]["model_is"] == "equal"
    assert page.scores([row(2015, 2014, 1.2, last)])[0]["model_is"] == "worse"
    assert "| 2014 | 1 | last value | 1 | 0.20 | 1.00 |" in page.tables([row(2015, 2014, 0.2, last)])


@pytest.mark.slow
def test_the_command_writes_tables_and_says_what_they_stand_on(tiny, tmp_path):
    year = work.years(SERIES)[2]
    out = tmp_path / "out"
    done = CliRunner().invoke(main, ["backtest", str(tiny), "--year", str(year), "--out", str(out)])
    assert done.exit_code == 0, done.output
    about = json.loads((out / "backtest.json").read_text(encoding="utf-8"))
    assert about == {"years": [year], "trials": 100, "posterior": "abc", "model": "m", "is_installed_model": False}
    forecasts = pd.read_parquet(out / "forecasts.parquet")
    assert set(forecasts["known_to"]) == {year} and len(forecasts) == sum(forecast.year(x) > year for x in SERIES)
    assert (out / "backtest.md").read_text(encoding="utf-8").strip() in done.output
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "mine.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(WrongUse, match=r"--out: .*notes"):
        command.backtest(tiny, str(tmp_path / "notes"), [year])


def test_what_is_no_finished_bank_is_refused(tiny, tmp_path):
    with pytest.raises(WrongUse, match="no finished calibration"):
        command.backtest(tmp_path, str(tmp_path / "out"))
    with pytest.raises(WrongUse, match="--year 1999: counts are known up to"):
        command.backtest(tiny, str(tmp_path / "out"), [1999])
    trial = next((tiny / "wave-1").glob("0*.parquet"))
    kept = trial.read_bytes()
    trial.unlink()
    with pytest.raises(WrongUse, match="1 trials are missing"):
        command.backtest(tiny, str(tmp_path / "out"))
    trial.write_bytes(kept)
    told = json.loads((tiny / "wave-1" / "wave.json").read_text(encoding="utf-8")) | {"model": "other"}
    (tiny / "wave-1" / "wave.json").write_text(json.dumps(told), encoding="utf-8")
    with pytest.raises(WrongUse, match="another model"):
        command.backtest(tiny, str(tmp_path / "out"))
    assert not (tmp_path / "out").exists()
