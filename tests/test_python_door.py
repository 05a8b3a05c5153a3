"""What is asked from Python is bounded as on the command line, and takes numbers, paths and texts of any kind."""

from __future__ import annotations

from fractions import Fraction
from pathlib import PurePath

import numpy as np
import pandas as pd
import pytest

import irregsim
from irregsim.commands.request import WrongUse
from irregsim.scenario import load_scenario
from irregsim.vocabulary.codes import EXITS

pytestmark = pytest.mark.once

SHORT = "schema: 1\nname: short\nextends: baseline\nperiod: {start: 2012-01, end: 2012-01}\n"


class Place:
    """A path of another library."""

    def __init__(self, path):
        self._path = path

    def __fspath__(self):
        return str(self._path)


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "short.yaml"
    path.write_text(SHORT, encoding="utf-8")
    return path


WRONG = [
    ("seed", 2**63, r"seed 9223372036854775808: must be a whole number from 0 to 2\^63 - 1"),
    ("seed", 2**64, "seed 18446744073709551616: must be a whole number"),
    ("seed", -1, "seed -1: must be a whole number"),
    ("seed", 1.5, r"seed 1\.5: must be a whole number"),
    ("seed", "x", "seed 'x': must be a whole number"),
    ("seed", True, "seed True: must be a whole number"),
    ("replicates", 0, "replicates 0: must be "),
    ("replicates", 10**9, "replicates 1000000000: must be a whole number from . to 1000000"),
    ("replicates", 2.0, "replicates 2: must be a whole number"),
    ("replicates", "2", "replicates '2': must be a whole number"),
    ("jobs", 0, "jobs 0: must be 1 or more"),
    ("jobs", 1.5, r"jobs 1\.5: must be a whole number"),
    ("per_draw", 0, "per_draw 0: must be a whole number from 1"),
    ("per_draw", "2", "per_draw '2': must be a whole number"),
    ("scale", 1e9, r"scale 1e\+09: must be above 0 and at most 10"),
    ("scale", 10**400, "scale inf: must be above 0"),
    ("scale", np.float64("inf"), "scale inf: must be above 0"),
    ("scale", float("nan"), "scale nan: must be above 0"),
    ("scale", "1", "scale '1': must be above 0"),
    ("scale", True, "scale True: must be above 0"),
    ("spells", "no", "spells 'no': must be true or false"),
    ("without", 47, "47: must be text, or a list of texts"),
    ("without", [47], "47: must be text, or a list of texts"),
    ("without", "M9999", "M9999"),
    ("seed", "x" * 10_000, r"seed 'x{56}\.\.\.: must be"),
]


@pytest.mark.parametrize(("name", "value", "words"), WRONG)
def test_run_and_compare_refuse_before_any_work(file, name, value, words):
    short = load_scenario(file)
    other = load_scenario(file, overrides=["levers.fines.worker_nok=9", "name=other"])
    for ask in (lambda **how: irregsim.run(short, **how), lambda **how: irregsim.compare([short, other], **how)):
        with pytest.raises(ValueError, match=words):
            ask(**{"draws": "prior" if name == "per_draw" else "point", name: value})


@pytest.mark.parametrize(
    ("name", "value"), [("seed", 2**63), ("seed", -1), ("seed", 1.5), ("replicate", "0"), ("scale", "1"), ("scale", 11)]
)
def test_the_mesa_model_has_the_same_bounds(file, name, value):
    with pytest.raises(ValueError, match=f"^{name} "):
        irregsim.IrregularMigrationModel(str(file), **{name: value})


def test_numbers_of_any_library_give_the_same_run(file):
    how = {"draws": "point", "jobs": 1}
    plain = irregsim.run(file, seed=3, replicates=1, scale=0.0625, **how)
    others = (
        {"seed": np.int64(3), "replicates": np.uint8(1), "scale": np.float32(0.0625), "spells": np.False_},
        {"seed": np.arange(4)[3], "replicates": np.int32(1), "scale": Fraction(1, 16)},
    )
    for numbers in others:
        other = irregsim.run(file, **numbers, **how)
        assert (other.seed, type(other.seed), other.replicates) == (3, int, 1)
        pd.testing.assert_frame_equal(plain.stocks, other.stocks)
    model = irregsim.IrregularMigrationModel(str(file), seed=np.int64(3), scale=np.float32(0.0625), draws="point")
    model.step()
    assert model.persons == int(plain.stocks["persons"].sum())
    assert set(plain.flows["destination"].astype(str)) & set(EXITS)


@pytest.mark.parametrize("kind", [str, PurePath, Place])
def test_a_path_of_any_kind_is_a_file(file, kind):
    assert load_scenario(kind(file)).name == "short"
    assert irregsim.run(kind(file), replicates=1, jobs=1, scale=0.01, draws="point").scenario.name == "short"
    with pytest.raises(WrongUse, match="the folder of a posterior"):
        irregsim.run("baseline", draws=kind(file.parent / "nowhere"))


def test_one_text_is_one_scenario(file):
    for one in ("baseline", file, Place(file), load_scenario(file)):
        with pytest.raises(WrongUse, match="give at least two scenarios"):
            irregsim.compare(one)
    for none in ([], 5, None):
        with pytest.raises(WrongUse, match="give at least two scenarios"):
            irregsim.compare(none)
    with pytest.raises(WrongUse, match="5: must be a scenario, a file, or the name of a shipped scenario"):
        irregsim.run(5)
    with pytest.raises(WrongUse, match="no scenario is called 'x'"):
        irregsim.compare([file, "baseline"], reference="x")


def test_one_text_is_one_of_a_list(file):
    assert load_scenario(file, overrides="levers.fines.worker_nok=9").levers.worker_nok[-1] == 9
    assert load_scenario(file, without="U05").levers.knowledge.without == ("U05",)
    how = {"replicates": 1, "jobs": 1, "scale": 0.01, "draws": "point"}
    listed = irregsim.run(file, without=(one for one in ["M047", "U05"]), **how)
    assert listed.scenario.levers.knowledge.without == ("U05",)
    pd.testing.assert_frame_equal(
        irregsim.run(file, without="M047", **how).draws, irregsim.run(file, without=["M047"], **how).draws
    )


@pytest.mark.parametrize("wrong", [{"overrides": [5]}, {"end": 2012}, {"without": [5]}])
def test_what_is_no_text_is_named(file, wrong):
    with pytest.raises(TypeError, match="is no text"):
        load_scenario(file, **wrong)


def test_draws_that_are_no_text_are_refused_in_words():
    with pytest.raises(ValueError, match=r"draws 7: must be posterior, point, prior or a folder"):
        irregsim.run("baseline", draws=7, replicates=1, jobs=1, scale=0.01)
