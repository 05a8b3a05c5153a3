"""Parameter draws: written and read without loss, refused with every fault, and told apart from chance."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from helpers.draw_sets import ABOUT, RED, small_posterior
from irregsim.inference import posterior
from irregsim.inference.posterior import ABOUT_FILE, DRAWS_FILE, PosteriorError, choose, load, prior_draws, write
from irregsim.model.parameters import parameters, point_draw
from irregsim.study.summaries import parameter_share

pytestmark = pytest.mark.once


@pytest.fixture(autouse=True)
def nothing_ships(tmp_path, monkeypatch):
    monkeypatch.setattr(posterior, "SHIPPED", tmp_path / "none-ships")


def one_of(distribution):
    return next(name for name, what in parameters().items() if what.distribution == distribution)


# ---------------------------------------------------------------------------------------------------------
# Writing and reading


def test_a_posterior_is_read_as_it_was_written(tmp_path):
    draws = prior_draws(5)
    written = write(tmp_path / "fit", draws, {**ABOUT, "waves": 3})
    read = load(tmp_path / "fit")
    assert read == written
    assert read.draws == draws and read.red == ()
    assert list(read.draws[0]) == list(parameters())
    about = json.loads((tmp_path / "fit" / ABOUT_FILE).read_text(encoding="utf-8"))
    assert (about["posterior_id"], about["draws"], about["waves"]) == (read.id, 5, 3)
    assert about["gate"] == {"passed": True, "red": []} and about["parameters_sha256"]
    assert sorted(file.name for file in (tmp_path / "fit").iterdir()) == [DRAWS_FILE, ABOUT_FILE]


def test_the_id_is_over_the_draws_in_their_order_and_nothing_else(tmp_path):
    draws = prior_draws(4)
    first = write(tmp_path / "a", draws, ABOUT).id
    assert len(first) == 16 and int(first, 16) >= 0
    assert write(tmp_path / "b", draws, RED).id == first
    reordered = [dict(reversed(draw.items())) for draw in draws]
    assert write(tmp_path / "c", reordered, ABOUT).id == first, "columns stand in the order of the table"
    name = one_of("lognormal")
    touched = [{**draws[0], name: math.nextafter(draws[0][name], math.inf)}, *draws[1:]]
    others = [draws[:3], draws[::-1], touched]
    assert len({first, *(write(tmp_path / str(i), other, ABOUT).id for i, other in enumerate(others))}) == 4


def test_every_fault_of_draws_is_told_at_once_and_nothing_is_written(tmp_path):
    missing, nan, *_ = parameters()
    fixed = one_of("fixed")
    draws = [{**draw, "no_such": 1.0, nan: math.nan, fixed: 99.0} for draw in prior_draws(5)]
    for draw in draws:
        del draw[missing]
    share = [name for name, what in parameters().items() if what.distribution == "logitnormal"][-1]
    draws[3][share] = 1.01
    with pytest.raises(PosteriorError) as error:
        write(tmp_path / "fit", draws, {**ABOUT, "command": "irregsim calibrate --out somewhere/fit"})
    faults = str(error.value).splitlines()
    told = [
        "fit: no_such: is not a parameter",
        f"fit: {missing}: has no values",
        f"fit: {nan}: is not finite in draw 0, 1, 2 and 2 more",
        f"fit: {share}: is 1.01 in draw 3, must be 0 to 1",
    ]
    assert set(told) < set(faults)
    assert any(fault.startswith(f"fit: {fixed}: is 99.0 in draw 0, 1, 2 and 2 more, must be ") for fault in faults)
    assert any("names a directory" in fault for fault in faults)
    assert len(faults) == 6
    assert not (tmp_path / "fit").exists()


def test_draws_of_unlike_parameters_are_refused(tmp_path):
    first, second = prior_draws(2)
    name = one_of("beta")
    with pytest.raises(PosteriorError, match=f"draw 1: has no {name}"):
        write(tmp_path / "fit", [first, {n: v for n, v in second.items() if n != name}], ABOUT)
    with pytest.raises(PosteriorError, match="there are no draws"):
        write(tmp_path / "fit", [], ABOUT)


@pytest.mark.parametrize(
    ("distribution", "outside", "inside"),
    [
        ("lognormal", [0.0, -1.0, math.inf, math.nan], [1e-9, 1e9]),
        ("logitnormal", [-1e-9, 1.0 + 1e-9], [0.0, 1.0]),
        ("beta", [-1e-9, 1.0 + 1e-9], [0.0, 1.0]),
        ("normal", [-math.inf, math.nan], [-1e9, 1e9]),
        ("uniform", ["below", "above"], ["low", "high"]),
        ("fixed", ["below", "above"], ["low"]),
    ],
)
def test_a_value_must_be_one_that_its_prior_allows(distribution, outside, inside):
    name = one_of(distribution)
    what = parameters()[name]
    ends = {"low": what.p1, "high": what.p2, "below": math.nextafter(what.p1, -math.inf)}
    ends["above"] = math.nextafter(what.p1 if what.p2 is None else what.p2, math.inf)
    columns = {n: np.array([value]) for n, value in point_draw().items()}
    assert posterior.faults_in_draws(columns) == []
    for value in inside:
        assert posterior.faults_in_draws({**columns, name: np.array([ends.get(value, value)])}) == []
    for value in outside:
        (fault,) = posterior.faults_in_draws({**columns, name: np.array([ends.get(value, value)])})
        assert fault.startswith(f"{name}: is ")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"command": " "}, "command: must be"),
        ({"command": r"irregsim calibrate --out C:\anna"}, "names a directory"),
        ({"settings": "documented"}, "settings: must be a mapping"),
        ({"targets_vintage": "May 2021"}, "targets_vintage: is 'May 2021'"),
        ({"gate": True}, "gate: must be"),
        ({"gate": {"passed": True, "red": ["x"]}}, "passed is True, but red lists 1 failed checks"),
        ({"gate": {"passed": False, "red": []}}, "passed is False, but red lists 0 failed checks"),
        ({"gate": {"passed": False, "red": [" "]}}, "must describe a failed check"),
        ({"settings": {"x": math.nan}}, "cannot be written as JSON"),
    ],
)
def test_the_account_of_a_posterior_is_checked(change, words):
    assert posterior.faults_in_about(ABOUT) == []
    (fault,) = posterior.faults_in_about({**ABOUT, **change})
    assert words in fault


def test_a_posterior_that_was_changed_or_damaged_is_refused(tmp_path):
    folder = tmp_path / "fit"
    good = small_posterior(folder)
    table = pq.read_table(folder / DRAWS_FILE)
    whole = {file: file.read_bytes() for file in folder.iterdir()}

    def refused(words):
        with pytest.raises(PosteriorError, match=words):
            load(folder)
        for file, content in whole.items():
            file.write_bytes(content)
        assert load(folder) == good

    pq.write_table(table.slice(1), folder / DRAWS_FILE)
    refused(f"but posterior.json describes {good.id}")
    name = one_of("lognormal")
    i = table.column_names.index(name)
    pq.write_table(table.set_column(i, name, [pa.array([-1.0] * table.num_rows)]), folder / DRAWS_FILE)
    refused(f"{name}: is -1.0 in draw 0, 1, 2 and 3 more, must be above 0")
    pq.write_table(table.set_column(i, name, [pa.array([1] * table.num_rows)]), folder / DRAWS_FILE)
    refused(f"{name}: is not a column of 64-bit numbers")
    pq.write_table(table.drop_columns([name]), folder / DRAWS_FILE)
    refused(f"but posterior.json describes {good.id}")
    (folder / DRAWS_FILE).write_bytes(b"PAR1 and then nothing")
    refused("draws.parquet: cannot be read")
    (folder / DRAWS_FILE).unlink()
    (folder / ABOUT_FILE).write_text("{}", encoding="utf-8")
    with pytest.raises(PosteriorError) as error:
        load(folder)
    assert len(str(error.value).splitlines()) == 5, "the missing file, and four keys"
    (folder / ABOUT_FILE).write_text("[]", encoding="utf-8")
    refused("posterior.json: is not a mapping")


def test_a_fit_under_other_priors_is_not_called_calibrated(tmp_path, monkeypatch):
    small_posterior(tmp_path / "fit")
    monkeypatch.setattr(posterior, "parameters_sha256", lambda names=None: "other")
    (red,) = load(tmp_path / "fit").red
    assert "have changed since the fit" in red
    assert choose(tmp_path / "fit")[0].caveat == "sentence.gate_red"


def test_the_hash_of_the_parameters_sees_priors_and_not_words(monkeypatch):
    from dataclasses import replace

    before, known = posterior.parameters_sha256(), parameters()
    name = one_of("lognormal")
    for change, same in (({"note": "other words"}, True), ({"p1": 0.123}, False), ({"unit": "other"}, False)):
        other = {**known, name: replace(known[name], **change)}
        monkeypatch.setattr(posterior, "parameters", lambda other=other: other)
        assert (posterior.parameters_sha256() == before) is same


# ---------------------------------------------------------------------------------------------------------
# What a run uses


def test_by_default_the_posterior_is_used_that_ships_and_else_the_medians(tmp_path, monkeypatch):
    draws, notes = choose()
    assert (draws.name, draws.source, draws.values) == ("point", "point", (point_draw(),))
    assert len(notes) == 1 and "no posterior ships yet" in notes[0]
    assert choose("point") == (draws, ())
    assert posterior.shipped() is None
    with pytest.raises(PosteriorError, match="no posterior ships yet"):
        choose("posterior")
    with pytest.raises(PosteriorError, match="no posterior ships yet"):
        load()
    monkeypatch.setattr(posterior, "SHIPPED", tmp_path / "ships")
    made = small_posterior(tmp_path / "ships")
    assert posterior.shipped() == tmp_path / "ships" and load() == made
    draws, notes = choose()
    assert (draws.name, draws.source, draws.values, notes) == (made.id, "posterior", made.draws, ())
    assert draws.caveat is None
    assert choose("posterior") == choose(tmp_path / "ships") == (draws, ())
    assert choose("point")[0].name == "point"


def test_the_folder_of_a_calibration_stands_for_the_posterior_in_it(tmp_path):
    made = small_posterior(tmp_path / "fit" / "posterior")
    assert choose(tmp_path / "fit") == choose(tmp_path / "fit" / "posterior")
    assert choose(str(tmp_path / "fit"))[0].name == made.id


def test_a_red_gate_is_named(tmp_path):
    small_posterior(tmp_path / "fit", about=RED)
    draws, (note,) = choose(tmp_path / "fit")
    assert "a calibration check failed; results are not calibrated: pu_orders total 2019 is out of reach" in note
    assert draws.red == ("pu_orders total 2019 is out of reach",) and draws.caveat == "sentence.gate_red"


def test_a_warning_names_two_of_many_failed_checks_and_counts_the_others(tmp_path):
    red = [f"count {number} is out of reach" for number in range(5)]
    small_posterior(tmp_path / "fit", about={**RED, "gate": {"passed": False, "red": red}})
    draws, (note,) = choose(tmp_path / "fit")
    assert "count 1 is out of reach; and 3 more" in note and "count 2" not in note
    assert list(draws.red) == red


def test_a_parameter_that_came_after_the_fit_takes_its_prior_and_the_gate_says_so(tmp_path, monkeypatch):
    made = small_posterior(tmp_path / "fit")
    known = parameters()
    later = replace(known[one_of("lognormal")], name="unpaid_quit_hazard")
    # In the middle of the table: the place of a row must not matter.
    names = list(known)
    table = {name: known[name] for name in names[:9]} | {later.name: later} | {name: known[name] for name in names[9:]}
    monkeypatch.setattr(posterior, "parameters", lambda: table)
    draws, (note,) = choose(tmp_path / "fit")
    assert "not fitted, drawn from the prior: unpaid_quit_hazard; irregsim calibrate fits them" in note
    assert "have changed" not in note, "the priors that were fitted are as they were"
    assert draws.caveat == "sentence.gate_red" and load(tmp_path / "fit").unfitted == (later.name,)
    values = [draw[later.name] for draw in draws.values]
    assert values == posterior.prior_columns([later.name], len(values))[later.name] and len(set(values)) == len(values)
    assert [{n: v for n, v in draw.items() if n != later.name} for draw in draws.values] == list(made.draws)
    assert all(list(draw) == list(table) for draw in draws.values)
    with pytest.raises(PosteriorError, match="unpaid_quit_hazard: has no values"):
        posterior.write(tmp_path / "other", made.draws, ABOUT)


def test_replicates_per_draw_need_draws_that_differ(tmp_path):
    small_posterior(tmp_path / "fit", count=2)
    assert choose(tmp_path / "fit", 3)[0].per_draw == choose("prior", 3)[0].per_draw == 3
    for name in (None, "point"):
        with pytest.raises(PosteriorError, match="point is one draw"):
            choose(name, 2)
    with pytest.raises(PosteriorError, match="1 or more"):
        choose("prior", 0)


def test_draws_of_the_priors_are_keyed_by_name_and_number(monkeypatch):
    draws = prior_draws(20)
    assert prior_draws(5) == draws[:5]
    known = dict(parameters())
    left_out = known.pop(next(iter(known)))
    monkeypatch.setattr(posterior, "parameters", lambda: known)
    fewer = prior_draws(3)
    assert fewer == tuple({n: v for n, v in draw.items() if n != left_out.name} for draw in draws[:3])


def test_draws_of_the_priors_are_draws_of_the_priors():
    names = [name for name, what in parameters().items() if what.distribution != "fixed"]
    n = posterior.PRIOR_DRAWS
    table = np.array([[draw[name] for name in names] for draw in prior_draws()])
    assert table.shape == (n, len(names)) and n == 500
    # With 3 shares of some 300 parameters, 5.5 standard deviations are passed by chance once in 10^4 choices of keys.
    for share in (0.1, 0.5, 0.9):
        below = (table < [parameters()[name].quantile(share) for name in names]).sum(axis=0)
        assert np.abs(below - share * n).max() < 5.5 * math.sqrt(n * share * (1 - share))
    ranks = table.argsort(axis=0).argsort(axis=0)
    correlation = np.corrcoef(ranks.T)[np.triu_indices(len(names), 1)]
    assert np.abs(correlation).max() < 6.5 / math.sqrt(n), "some 45 000 pairs, 6.5 standard deviations"
    fixed = one_of("fixed")
    assert {draw[fixed] for draw in prior_draws(9)} == {parameters()[fixed].p1}


def test_the_posterior_that_ships_can_be_used(monkeypatch):
    monkeypatch.undo()
    if posterior.shipped() is None:
        pytest.skip("no posterior ships yet")
    found = load()
    assert len(found.draws) >= 100
    assert sum(file.stat().st_size for file in posterior.SHIPPED.iterdir()) <= 5_000_000
    # One that acts only after the last count needs no fit: it or its prior may come after one.
    fitted = [name for name, one in parameters().items() if not one.acts_after_fit]
    assert not set(fitted) & set(found.unfitted)
    known = [name for name in parameters() if name not in found.unfitted]
    assert found.about["parameters_sha256"] in (
        posterior.parameters_sha256(),
        posterior.parameters_sha256(fitted),
        posterior.parameters_sha256(known),
    ), "fit again: irregsim calibrate"
    assert not any("not fitted" in line for line in found.red)


# ---------------------------------------------------------------------------------------------------------
# Parameters and chance


def test_the_share_is_that_of_an_analysis_of_variance_by_hand():
    # Means 2, 5, 11; within: 2 + 2 + 8 = 12, between: 2 * (16 + 1 + 25) = 84. MSB = 42, MSW = 4.
    values = np.array([1.0, 3.0, 4.0, 6.0, 9.0, 13.0])
    share, error = parameter_share(values, [0, 0, 1, 1, 2, 2])
    assert share == pytest.approx(((42 - 4) / 2) / ((42 - 4) / 2 + 4))
    # Without each draw in turn: the same by hand for the two that are left.
    left = []
    for pair in ([4, 6, 9, 13], [1, 3, 9, 13], [1, 3, 4, 6]):
        a, b = np.array(pair[:2]), np.array(pair[2:])
        msb = (a.mean() - b.mean()) ** 2  # 2 * 2 * (half the difference)^2
        msw = (a.var() * 2 + b.var() * 2) / 2
        left.append((msb - msw) / (msb + msw))
    assert error == pytest.approx(math.sqrt(2 / 3 * ((np.array(left) - np.mean(left)) ** 2).sum()))


def test_the_share_does_not_depend_on_the_order_of_replicates_or_on_a_shift():
    rng = np.random.default_rng(1)
    values, draws = rng.normal(size=(7, 12)), np.repeat(np.arange(4), 3)
    order = rng.permutation(12)
    whole = parameter_share(values, draws.tolist())
    for other in (parameter_share(values[:, order], draws[order].tolist()), parameter_share(1e3 - 2 * values, draws)):
        np.testing.assert_allclose(other, whole, atol=1e-9)


def test_the_share_is_missing_where_nothing_tells_parameters_from_chance():
    values = np.arange(6.0)
    for draws in ([0] * 6, range(6), [0, 0, 0, 0, 1, 1], [0, 1, 2, 3, 4, 0]):
        assert np.isnan(parameter_share(values, draws)).all()
    twice = [0, 0, 0, 1, 1, 1]
    assert np.isfinite(parameter_share(values, twice)[0]) and np.isnan(parameter_share(values, twice)[1])
    # A mean of three equal numbers need not be that number in a computer.
    assert np.isnan(parameter_share(np.full(6, 0.1), twice)).all()
    assert parameter_share(np.array([0.1] * 3 + [0.7] * 3), twice)[0] == 1.0
    assert parameter_share(np.array([1.0, 2.0, 3.0, 3.0, 2.0, 1.0]), twice)[0] == 0.0, "cut at 0"


@pytest.mark.parametrize("truth", [0.2, 0.5, 0.9])
def test_the_share_and_its_error_are_right_where_the_truth_is_known(truth):
    # 4000 series of 60 draws with 3 replicates each, normal draws and skewed chance (variance 1, exponential).
    rng = np.random.default_rng(11)
    series, a, k = 4000, 60, 3
    parameters_ = rng.normal(scale=math.sqrt(truth), size=(series, a, 1))
    chance = (rng.exponential(size=(series, a, k)) - 1.0) * math.sqrt(1 - truth)
    share, error = parameter_share((parameters_ + chance).reshape(series, -1), np.repeat(np.arange(a), k))
    spread = share.std()
    # The ratio of two unbiased components has a bias of about 1/a; the mean of 4000 is known to spread / 63.
    assert abs(share.mean() - truth) < 0.015
    assert 0.85 < np.median(error) / spread < 1.15
    inside = (np.abs(share - truth) < 2 * error).mean()
    assert 0.90 < inside < 0.98
