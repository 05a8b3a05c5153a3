"""`irregsim explore`: the file, the points, what turns, regret and thresholds against known ones, and the command."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from scipy.stats import binom

import irregsim
from irregsim.cli import main
from irregsim.commands import explore as work
from irregsim.commands import registry
from irregsim.present import exploration as words
from irregsim.present.plots.exploration import draw_outcome
from irregsim.scenario import ScenarioError
from irregsim.study.exploration.design import Axis, Study, places
from irregsim.study.exploration.flips import best_degree, flips
from irregsim.study.exploration.reading import WELFARE, read_study
from irregsim.study.exploration.tables import Explored, exploration_tables, regret
from irregsim.study.progress import Silent
from irregsim.study.replicates import DrawSet
from irregsim.study.sensitivity.boxes import find_box
from study_files import STUDY, small_study, use_engine

pytestmark = pytest.mark.once

HOMELESS, RETURNS = "outcome:homeless_person_months", "exit:tvangsretur"


@pytest.fixture
def few_permutations(monkeypatch):
    """As many as a clear box needs, where none is looked at."""
    for module in ("boxes", "shares"):
        monkeypatch.setattr(f"irregsim.study.sensitivity.{module}.PERMUTATIONS", 40)


# -- points -------------------------------------------------------------------------------------------------------


def test_points_are_spread_evenly_and_the_first_of_more_are_the_same():
    found = places(64, 5, seed=3)
    # Of 64 points of a Sobol sequence each 64th of a side has one, and a turn keeps their distances.
    gaps = np.diff(np.sort(found, axis=0), axis=0)
    assert gaps == pytest.approx(np.full((63, 5), 1 / 64))
    assert (found >= 0).all() and (found < 1).all()
    assert np.array_equal(places(40, 5, seed=3), found[:40])
    assert not np.array_equal(places(64, 5, seed=4), found)


def test_values_stay_within_their_ends_and_choices_are_equally_many():
    axis = Axis("levers.fines.worker_nok", 1.0, 1.0000001)
    assert all(axis.low <= axis.number(u) <= axis.high for u in (0.0, 0.5, 0.999999999))
    choice = Axis("levers.work.tax_card", 0.0, 2.0, ("a", "b", "c"), ("a", "b", "c"))
    numbers = [choice.number(u) for u in (np.arange(30) + 0.5) / 30]
    assert [numbers.count(one) for one in (0.0, 1.0, 2.0)] == [10, 10, 10]
    assert choice.text(2.0) == "c"


# -- where the sign flips -----------------------------------------------------------------------------------------


@pytest.mark.slow
def test_the_interval_of_a_threshold_holds_it_as_often_as_it_says():
    held, trials = 0, 40
    for trial in range(trials):
        random = np.random.default_rng(trial)
        x = random.uniform(10.0, 30.0, 100)
        found = flips(x, 0.4 * (x - 17.0) + random.standard_normal(100), 10.0, 30.0)
        assert [one.below for one in found][:1] == [-1]
        held += found[0].lo <= 17.0 <= found[0].hi
    # As many as miss only once in a thousand times where 95 % is right.
    assert held >= binom.ppf(0.001, trials, 0.95)


def test_an_effect_that_keeps_its_sign_or_is_noise_has_no_clear_threshold():
    random = np.random.default_rng(1)
    x = random.random(200)
    assert flips(x, 3.0 + x + 0.1 * random.standard_normal(200), 0.0, 1.0) == []
    clear = 0
    for trial in range(40):
        noise = np.random.default_rng(100 + trial).standard_normal(200)
        clear += any(one.is_clear for one in flips(x, noise, 0.0, 1.0))
    assert clear <= binom.ppf(0.999, 40, 0.05)


def test_a_bend_is_fitted_by_a_bend_and_its_two_flips_are_found():
    x = np.linspace(0.0, 1.0, 120)
    effect = (x - 0.2) * (x - 0.7) + 0.003 * np.random.default_rng(2).standard_normal(120)
    assert best_degree(2.0 * x - 1.0, effect) >= 2
    found = flips(x, effect, 0.0, 1.0)
    assert [one.below for one in found] == [1, -1]
    assert found[0].lo <= 0.2 <= found[0].hi and found[1].lo <= 0.7 <= found[1].hi


@pytest.mark.usefixtures("few_permutations")
def test_a_column_of_two_values_can_be_peeled():
    random = np.random.default_rng(3)
    x = np.stack([random.integers(0, 2, 200).astype(float), random.random(200)], axis=1)
    found = find_box(x, x[:, 0] == 1.0)
    assert found is not None and found.limits == ((0, 1.0, np.inf),) and found.coverage == found.density == 1.0
    found = find_box(x, x[:, 0] == 0.0)
    assert found is not None and found.limits == ((0, -np.inf, 0.0),)


# -- tables -------------------------------------------------------------------------------------------------------

A, B, CHOICE = "levers.fines.worker_nok@2022-01", "levers.assisted_return.support_nok", "levers.work.tax_card"


def explored(points=128, unit=1.0):
    """One policy lowers homelessness unless A is above .7 of its range; the other by 5 %; returns rise by 10 %."""
    study = Study(
        "made",
        {"en": "Made", "nb": "Laget"},
        "before",
        ("turns", "steady"),
        (),
        (150, 150),
        {name: {"en": name, "nb": name} for name in ("before", "turns", "steady")},
        (
            Axis(A, 0.0, 1000.0),
            Axis(B, 10.0, 20.0, only=("steady",)),
            Axis(CHOICE, 0.0, 1.0, ("true", "false"), ("true", "false")),
            Axis("host_fatigue", -0.2, 0.6, is_parameter=True),
        ),
        {HOMELESS: "lower", RETURNS: ""},
        points,
        1,
        1.0,
        "posterior",
    )
    random = np.random.default_rng(4)
    reference = np.full((2, 2, points), 200.0) * unit
    a = study.design[:, 0]
    effect = np.where(a > 700.0, 10.0, -10.0)
    difference = np.stack([np.stack([effect, np.full(points, 10.0)]), np.full((2, points), -5.0)])
    difference[1, 1] = 10.0
    draws = tuple({"host_patience_log_sd": float(one)} for one in random.random(points))
    return Explored(study, DrawSet("made", draws, source="posterior"), reference, 2.0 * unit * difference)


@pytest.fixture(scope="module")
def frames():
    return exploration_tables(explored())


def one(frame, **where):
    for column, value in where.items():
        frame = frame[frame[column] == value]
    (row,) = frame.to_dict("records")
    return row


def test_where_a_finding_turns_is_found_among_what_the_study_varies(frames):
    row = one(frames["turns"], policy="turns", outcome=HOMELESS)
    assert row["name"] == A and row["searched"] == "study" and row["is_clear"]
    assert row["coverage"] > 0.9 and row["density"] > 0.9
    assert 650.0 < row["low"] < 750.0 and np.isinf(row["high"])
    assert frames["turns"]["policy"].unique().tolist() == ["turns"]


def test_thresholds_are_told_of_every_range_that_holds_for_a_policy(frames):
    mine = frames["thresholds"]
    assert mine[(mine["policy"] == "turns") & (mine["outcome"] == HOMELESS)]["name"].tolist() == [
        A,
        CHOICE,
        "host_fatigue",
    ]
    row = one(mine, policy="turns", outcome=HOMELESS, name=A)
    assert row["kind"] == "flip" and row["stands_out"] and (row["sign_below"], row["sign_above"]) == (-1, 1)
    assert row["lo"] < row["at"] < row["hi"]
    assert set(mine[mine["policy"] == "steady"]["kind"]) == {"none"}


def test_regret_is_the_distance_to_the_best_of_the_same_point_the_reference_among_them(frames):
    found = {name: one(frames["regret"], policy=name) for name in ("before", "turns", "steady")}
    assert set(frames["regret"]["outcome"]) == {HOMELESS}  # of the other nothing is wanted
    share = float((explored().study.design[:, 0] > 700.0).mean())
    # Where it turns (+10) the steady one is best (-5), elsewhere it is itself (-10).
    assert found["turns"]["share_best"] == pytest.approx(1.0 - share)
    assert found["steady"]["share_best"] == pytest.approx(share) and found["before"]["share_best"] == 0.0
    assert found["turns"]["regret_worst"] == pytest.approx(15.0) and found["turns"]["effect_worst"] == 10.0
    assert found["turns"]["regret_median"] == 0.0 and found["turns"]["regret_q90"] == pytest.approx(15.0)
    assert found["steady"]["regret_median"] == pytest.approx(5.0) and found["before"]["effect_worst"] == 0.0


def test_what_is_wanted_turns_regret_around():
    done = explored()
    done.study.outcomes[HOMELESS] = "higher"
    found = regret(done)
    assert one(found, policy="steady")["regret_worst"] == pytest.approx(15.0)
    assert one(found, policy="before")["share_best"] == pytest.approx(float((done.study.design[:, 0] <= 700.0).mean()))


@pytest.mark.usefixtures("few_permutations")
def test_tables_tell_no_levels():
    one_unit, other = (exploration_tables(explored(32, unit)) for unit in (1.0, 7.0))
    for name, frame in one_unit.items():
        pd.testing.assert_frame_equal(frame, other[name])


def test_points_say_what_was_simulated(frames):
    points = frames["points"]
    assert len(points) == 2 * 128 and points["point"].tolist()[:4] == [0, 0, 1, 1]
    assert (
        points[points["policy"] == "turns"][B].isna().all() and not points[points["policy"] == "steady"][B].isna().any()
    )
    assert set(points[CHOICE]) == {"true", "false"}
    assert (np.sign(points[f"effect:{HOMELESS}"]) == points[f"sign:{HOMELESS}"]).all()
    assert frames["parameters"].columns.tolist() == ["point", "host_patience_log_sd"]


@pytest.mark.usefixtures("few_permutations")
def test_outcomes_without_a_value_are_left_out_and_those_without_an_effect_say_so():
    done = explored(64)
    done.reference[0, 1, 3] = np.nan
    done.difference[1, 0] = 0.0
    found = exploration_tables(done)
    assert found["effects"][["policy", "outcome"]].to_numpy().tolist() == [
        ["turns", HOMELESS],
        ["steady", HOMELESS],
        ["steady", RETURNS],
    ]
    about = {"titles": done.study.titles}
    assert words.finding(found, about, "turns", RETURNS, "en") == []
    assert words.finding(found, about, "steady", HOMELESS, "en") == [
        "“steady” does not change the time as homeless (NIBR's definition) in any point."
    ]


@pytest.mark.parametrize("lang", ["nb", "en"])
def test_sentences_say_which_way_and_when_it_turns(frames, lang):
    done = explored()
    about = work.account(done.study, done.draws, "key") | {"points": 128}
    text = words.summary(frames, about, lang)
    share = f"{100 * float((done.study.design[:, 0] <= 700.0).mean()):.0f}\N{NO-BREAK SPACE}%"
    senses = {"nb": ("senker", "øker særlig når", "høyst"), "en": ("lowers", "raises it mostly where", "at most")}
    assert f"{senses[lang][0]}" in text and share in text and senses[lang][1] in text
    assert words.axis_name(A, lang) in text and {"nb": "januar 2022", "en": "January 2022"}[lang] in text
    picture = draw_outcome(frames, about, done.study, HOMELESS, lang)
    assert set(picture.data["policy"]) == {"turns", "steady"} and picture.data["turned"].sum() > 0
    assert senses[lang][0] in picture.alt


# -- the file -----------------------------------------------------------------------------------------------------

WRONG = [
    ("schema: 1", "schema: 2", "study.yaml:1:9: schema: 2 is outside 1 to 1"),
    ("points: 32", "points: 31", "study.yaml:14:9: points: 31 is outside 32 to 2000"),
    ("seed: 5", "sead: 5", "no such key of a study (did you mean seed?)"),
    ("draws: point", "draws: ../elsewhere", "no kind of draws '../elsewhere'"),
    ("reference: first.yaml", "reference: ../first.yaml", "study.yaml:4:12: reference: '../first.yaml' leads out"),
    ("reference: first.yaml", "reference: http://x.org/a.yaml", "is an address; only files in this folder"),
    ("[short.yaml]", "[]", "must be a list of 1 to 6 scenarios"),
    ("[short.yaml]", "[shrt.yaml]", "policies[0]: there is no file 'shrt.yaml' in this folder"),
    ("[short.yaml]", "[short.yaml, first.yaml]", "two scenarios are called first"),
    ("[short.yaml]", "[short.yaml, fines-tripled]", "its period is"),
    ("low: 10000", "low: -5", "study.yaml:7:3: ranges.levers.fines.employer_base_nok@2020-06: -5.0 cannot be used"),
    ("low: 10000", "low: 200000", "low 200000 is not below high 200000"),
    ("low: 10000, ", "", "low missing"),
    ("@2020-06", "@2020-13", "'2020-13' is not a month"),
    ("levers.fines.employer_base_nok", "levers.fines.employers", "no such lever"),
    ("levers.fines.employer_base_nok", "fines", "is no full path of a lever"),
    ("only: short", "only: first", "no policy 'first'"),
    ("[true, false]", "[true]", "must be a list, or a mapping by name, of 2 to 12"),
    ("[true, false]", "[true, true]", "is no name of a choice"),
    ("[true, false]", "[true, maybe]", "maybe cannot be used in first"),
    ("[true, false]", "[[true], [false]]", "needs a name"),
    ("host_fatigue", "host_fatique", "no parameter 'host_fatique' (did you mean host_fatigue?)"),
    ("host_fatigue: {low: 0, high: 0.4}", "circle_hosts_count: {low: 1, high: 4}", "is fixed at 6"),
    ("host_fatigue: {low: 0, high: 0.4}", "exploitative_host_share: {low: 0.1, high: 1.5}", "1.5 is outside"),
    ("homeless_person_months: lower", "homeless_person_months: better", "no wish 'better'"),
    ("homeless_person_months", "homeless_months", "did you mean outcome:homeless_person_months?"),
    ("  outcome:homeless_person_months: lower\n", "", "policies are not compared by returns or arrests alone"),
]


@pytest.mark.parametrize(("right", "wrong", "said"), WRONG, ids=[wrong for _, wrong, _ in WRONG])
def test_faults_say_where_and_what_to_do(tmp_path, right, wrong, said):
    assert right in STUDY
    with pytest.raises(ScenarioError) as error:
        read_study(small_study(tmp_path, STUDY.replace(right, wrong)))
    assert said in str(error.value) and str(error.value).startswith(str(tmp_path))


@pytest.mark.parametrize("text", ["", "- 1", "a", "schema: !!python/object:os.system 1", "[" * 50])
def test_what_is_no_study_is_refused(tmp_path, text):
    with pytest.raises(ScenarioError, match=r"study\.yaml"):
        read_study(small_study(tmp_path, text))


def test_a_study_without_any_needed_key_names_them_all(tmp_path):
    with pytest.raises(ScenarioError) as error:
        read_study(small_study(tmp_path, "seed: 1"))
    assert [fault.path for fault in error.value.faults] == [
        *("schema", "name", "reference", "policies", "ranges", "outcomes"),
    ]


def test_faults_of_a_scenario_that_is_named_are_given_at_their_place(tmp_path):
    path = small_study(tmp_path)
    (tmp_path / "first.yaml").write_text("schema: 1\nname: first\nextends: baseline\nlever: 1\n", encoding="utf-8")
    with pytest.raises(ScenarioError, match=r"first\.yaml:4:1: lever: no such key of a scenario"):
        read_study(path)


def test_a_range_holds_for_all_or_for_the_policies_that_it_names(tmp_path):
    study = read_study(small_study(tmp_path))
    point = int(np.argmin(study.design[:, 1]))  # the first choice: true
    first, short = (study.scenario(number, point) for number in (0, 1))
    assert bool(first.levers.tax_card[-1]) and bool(short.levers.tax_card[-1])
    assert short.levers.employer_base_nok[-1] == study.design[point, 0] != first.levers.employer_base_nok[-1]
    assert study.draw({"host_fatigue": 9.0, "x": 1.0}, point) == {"host_fatigue": study.design[point, 2], "x": 1.0}
    assert study.since == (132,)  # January 2020: the policy's own fine, before the range begins


def test_choices_may_be_any_values_by_name_and_a_file_cannot_ask_for_control_alone(tmp_path):
    text = STUDY.replace(
        "  levers.work.tax_card@2021-01: {choices: [true, false]}\n",
        "  levers.return_agreements:\n    choices:\n      none works: []\n"
        "      works: [{country: Iran, from: 2020-01, effectiveness: 0.5}]\n",
    )
    study = read_study(small_study(tmp_path, text))
    assert study.axes[1].names == ("none works", "works")
    assert study.axes[1].choices == ("[]", "[{country: Iran, from: 2020-01, effectiveness: 0.5}]")
    assert HOMELESS in WELFARE
    assert not {RETURNS, "register:pu_orders", "outcome:detention_days", "index:hidden", "stock:hidden"} & WELFARE


# -- the command --------------------------------------------------------------------------------------------------


def asked(*arguments):
    return CliRunner().invoke(main, ["explore", *arguments])


class StopsAfter(Silent):
    """Ctrl-C after so many points."""

    def __init__(self, points):
        self.left = points

    def advance(self):
        self.left -= 1
        if self.left == 0:
            raise KeyboardInterrupt


SIX = STUDY.replace("points: 32", "points: 6")


def test_what_is_stopped_goes_on_and_more_points_are_added(tmp_path, monkeypatch):
    use_engine(monkeypatch)
    monkeypatch.chdir(tmp_path)
    study = str(small_study(tmp_path, SIX))
    how = {"jobs": 1, "warn": lambda _: None}
    with pytest.raises(work.Stopped, match="2 of 6 points are kept"):
        work.explore_study(study, out="found", progress=StopsAfter(2), **how)
    assert registry.found_entry("found").kind == registry.UNDER_WAY
    monkeypatch.setattr("irregsim.study.replicates.ENGINE", "no_such_module:engine")
    with pytest.raises(work.RunFailed, match="finished points are kept"):
        work.explore_study(study, out="found", **how)
    use_engine(monkeypatch)
    first = work.explore_study(study, out="found", **how)
    assert first.kept == 2
    whole = work.explore_study(study, out="other", **how)
    for name, frame in first.frames.items():
        pd.testing.assert_frame_equal(frame, whole.frames[name])
    assert first.account == whole.account
    more = work.explore_study(study, points=7, out="found", **how)
    assert more.kept == 6
    pd.testing.assert_frame_equal(more.frames["points"].iloc[: len(whole.frames["points"])], whole.frames["points"])
    with pytest.raises(work.WrongUse, match="7 points, more than 6"):
        work.explore_study(study, out="found", **how)
    with pytest.raises(work.WrongUse, match="holds another study"):
        work.explore_study(study, scale=0.5, out="found", **how)
    again = work.explore_study(study, out="found", replaces=True, **how)
    assert again.kept == 6 and again.account == whole.account


def test_effects_are_those_of_the_policy_in_the_same_point(tmp_path, monkeypatch):
    use_engine(monkeypatch)
    done = work.explore_study(str(small_study(tmp_path, SIX)), jobs=1, out=str(tmp_path / "found"), warn=lambda _: None)
    found = done.frames["points"]
    # The same random numbers on both sides: what is left is the fine, 50000 (or so) in the reference.
    study, point = done.study, 2
    fine = [study.scenario(number, point).levers.employer_base_nok[132:] for number in (0, 1)]
    apart = float((fine[1] - fine[0]).sum()) / 10_000.0
    random = np.random.default_rng([study.seed, point]).poisson(50, 36)[12:]
    card = study.scenario(0, point).levers.tax_card[132:]
    base = float((random + fine[0] / 10_000.0 - 6.0 * card + 40.0 * study.design[point, 2]).sum())
    assert found[f"effect:{HOMELESS}"][point] == pytest.approx(100.0 * apart / base)
    assert (found[f"effect:{RETURNS}"] == 0.0).all() and (found[f"sign:{RETURNS}"] == 0).all()


def test_the_command_writes_tables_and_pictures_and_the_folder_is_listed_and_removed(tmp_path, monkeypatch):
    use_engine(monkeypatch)
    monkeypatch.chdir(tmp_path)
    small_study(tmp_path, SIX)
    answer = asked("study.yaml", "--jobs", "1", "--lang", "en")
    assert answer.exit_code == 0, answer.output
    assert "Small: 6 points, compared with “Short”" in answer.output
    assert "Written to outputs/explore-small" in answer.output
    folder = tmp_path / "outputs" / "explore-small"
    about = json.loads((folder / "explore.json").read_text(encoding="utf-8"))
    assert about["kind"] == "exploration" and about["outcomes"] == {HOMELESS: "lower", RETURNS: ""}
    assert {"points.parquet", "points.csv", "turns.csv", "explore-exit-tvangsretur.png"} <= about["outputs"].keys()
    assert all((folder / name).is_file() for name in about["outputs"])
    entry = registry.found_entry("explore-small")
    assert (entry.kind, entry.scenarios, entry.replicates) == (registry.EXPLORATION, ("first", "short"), 6)
    shown = CliRunner().invoke(main, ["show", "explore-small"])
    assert shown.exit_code == 2 and "irregsim explore shows it again" in shown.output
    assert CliRunner().invoke(main, ["runs", "show", "explore-small"]).exit_code == 0
    assert registry.removed(entry) == [] and not folder.exists()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--points", "31"), "must be a whole number from 32 to 2000"),
        (("--scale", "0"), "must be above 0"),
        (("--draws", "nowhere"), "nowhere"),
    ],
)
def test_options_out_of_range_are_wrong_use(tmp_path, monkeypatch, options, said):
    monkeypatch.setattr("irregsim.study.replicates.ENGINE", "no_such_module:engine")
    monkeypatch.chdir(tmp_path)
    small_study(tmp_path)
    answer = asked("study.yaml", *options)
    assert answer.exit_code == 2 and said in answer.output and not (tmp_path / "outputs").exists()


def test_a_study_is_explored_in_memory(tmp_path, monkeypatch):
    use_engine(monkeypatch)
    monkeypatch.chdir(tmp_path)
    path = small_study(tmp_path, SIX)
    done = irregsim.explore(path, jobs=1)
    stored = work.explore_study(str(path), jobs=1, out="found", warn=lambda _: None)
    assert done.folder is None and repr(done) == "<irregsim study 'small': 6 points, seed 5>"
    assert done.account == stored.account and set(done.frames) == set(stored.frames)
    pd.testing.assert_frame_equal(done.drivers, stored.frames["drivers"])
    for wrong, said in (
        ({"points": "7"}, "points 7: must be a whole number"),
        ({"jobs": 0}, "jobs 0: must be"),
    ):
        with pytest.raises(work.WrongUse, match=f"^{said}"):
            irregsim.explore(path, **wrong)
    with pytest.raises(work.WrongUse, match="must be a study file"):
        irregsim.explore(3)
    monkeypatch.setattr("irregsim.study.replicates.ENGINE", "no_such_module:engine")
    with pytest.raises(work.RunFailed) as error:
        irregsim.explore(path, jobs=1)
    assert "kept" not in str(error.value)


@pytest.mark.slow
def test_a_point_is_what_a_comparison_of_its_scenarios_with_its_draw_is(tmp_path, monkeypatch):
    """The model itself: one point against a run of each scenario, put together by hand."""
    from irregsim.study.frames import run_replicate
    from irregsim.vocabulary.codes import month_text

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("irregsim.study.exploration.reading.FEWEST_POINTS", 8)
    path = str(small_study(tmp_path, STUDY.replace("points: 32", "points: 8")))
    done = work.explore_study(path, scale=0.02, jobs=2, out="found", warn=lambda _: None)
    study, point = done.study, 7
    from irregsim.commands.request import choose_draws

    draws, _ = choose_draws("point", None, 1)
    sums = []
    for number in (0, 1):
        scenario = study.scenario(number, point)
        tables = run_replicate(
            scenario, study.draw(draws.values[0], point), seed=study.seed, replicate=point, scale=0.02
        )
        outcomes = tables["outcomes"]
        mine = outcomes[
            (outcomes["outcome"] == "homeless_person_months") & (outcomes["month"].astype(str) >= "2020-01")
        ]
        assert month_text(study.since[0]) == "2020-01"
        sums.append(float(mine["value"].sum()))
    found = one(done.frames["points"], point=point)[f"effect:{HOMELESS}"]
    assert found == pytest.approx(100.0 * (sums[1] - sums[0]) / sums[0])
