"""A sweep: scenarios made from one, the interaction of two settings, and their pictures."""

from __future__ import annotations

import json
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from comparison_frames import about as about_frames
from irregsim.cli import main
from irregsim.commands import compare as comparing
from irregsim.commands.request import WrongUse
from irregsim.commands.sweep import MOST_CELLS, MOST_VALUES, observed_years, split_values, swept, varied
from irregsim.present.plots.compare import PICTURES, Inputs
from irregsim.present.plots.compare.sweeps import _cell_text, draw_grid, draw_sweep
from irregsim.scenario import Scenario, ScenarioError
from irregsim.study.comparison.key_figures import effect_row, finished
from irregsim.study.comparison.sweeps import EFFECT, INTERACTION, Axis, Design, sweep

pytestmark = pytest.mark.once

SUPPORT = "levers.assisted_return.support_nok"
FINES = "levers.fines.employer_base_nok"


def made(*vary, **changes):
    request = comparing.CompareRequest(("baseline",), vary=vary, end="2024-12", **changes)
    return swept(request.scenarios, request.vary, request)


# ---------------------------------------------------------------------------------------------------------
# What is asked


def test_values_are_split_at_commas_outside_brackets_and_quotation_marks():
    assert split_values("1, 2,3") == ["1", "2", "3"]
    assert split_values('[{from: 2024-01, value: 3}], {a: "x,y"} , "b,c"') == [
        "[{from: 2024-01, value: 3}]",
        '{a: "x,y"}',
        '"b,c"',
    ]
    asked = varied("levers.x@2024-01=1,2")
    assert (asked.key, asked.month, asked.values) == ("levers.x", "2024-01", ("1", "2"))
    assert asked.override("2") == "levers.x=[{from: 2024-01, value: 2}]"
    assert varied("levers.x=1,2").override("2") == "levers.x=2"


@pytest.mark.parametrize(
    ("scenarios", "vary", "words"),
    [
        (["baseline", "fines-tripled"], [f"{SUPPORT}=1"], "give one scenario, not 2"),
        (["baseline"], [f"{SUPPORT}"], "must be KEY=V1,V2"),
        (["baseline"], [f"{SUPPORT}=1,,2"], "a value is empty"),
        (["baseline"], [f"{SUPPORT}=1,1"], "a value is given twice"),
        (["baseline"], [f"{SUPPORT}=1", f"{SUPPORT}=2"], "give all values of a setting at once"),
        (["baseline"], [f"{SUPPORT}=1", f"{FINES}=2", "levers.fines.worker_nok=3"], "it was given 3 times"),
        (["baseline"], [f"{SUPPORT}={','.join(map(str, range(MOST_VALUES + 1)))}"], f"at most {MOST_VALUES} can"),
        (["baseline"], [f"{SUPPORT}=1,2,3,4,5,6", f"{FINES}=1,2,3,4,5"], f"41 scenarios .* at most {MOST_CELLS} can"),
        (["baseline"], [f"{SUPPORT}@2024=1"], "is not a month"),
        (["baseline"], ["levers.return_agreements@2024-01=[]"], "takes no month after @"),
        (["baseline"], ["levers.fines.worker_noc=1,2"], "--vary:1:1: levers.fines.worker_noc.*did you mean worker_nok"),
        (["baseline"], [f"{SUPPORT}=-1,x,3"], "(?s)-1 is outside.*found the text 'x'"),
        (["baseline"], ["assumptions.interactions=true"], "no value changes anything of baseline"),
    ],
)  # fmt: skip
def test_what_cannot_be_swept_is_refused_before_any_work(scenarios, vary, words, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    request = comparing.CompareRequest(tuple(scenarios), vary=tuple(vary))
    with pytest.raises((WrongUse, ScenarioError), match=words):
        comparing.compare_scenarios(request, warn=lambda text: None)
    answer = CliRunner().invoke(main, ["compare", *scenarios, *(word for one in vary for word in ("--vary", one))])
    assert answer.exit_code == 2 and "--vary" in answer.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_sweep_has_its_own_reference_and_set_says_what_it_touches(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    arguments = ["compare", "baseline", "--vary", f"{SUPPORT}@2024-01=1", "--reference", "fines-tripled"]
    answer = CliRunner().invoke(main, [*arguments, "--set", "levers.fines.worker_nok=1"])
    assert answer.exit_code == 2
    assert "a sweep is compared with the scenario it is made from" in answer.stderr
    assert "--set holds for every scenario, the reference too" in answer.stderr


# ---------------------------------------------------------------------------------------------------------
# The scenarios


def test_each_value_is_a_scenario_whose_name_and_title_say_it():
    (base, *others), design = made(f"{SUPPORT}@2024-01=30000,40000")
    assert base.name == "baseline"
    assert [one.name for one in others] == ["baseline-support_nok-30000", "baseline-support_nok-40000"]
    assert others[1].title["en"].endswith(": 40000 (2024-01)") and others[1].title["nb"].endswith(": 40000 (2024-01)")
    month = base.levers.first_difference(others[1].levers)
    assert month == (2024 - 2009) * 12
    assert others[1].levers.assisted_support_nok[month] == 40000.0
    assert design.axes == (Axis(SUPPORT, ("30000", "40000"), design.axes[0].base, "2024-01"),)
    assert float(design.axes[0].base) == base.levers.assisted_support_nok[month]
    # As in a manifest: what is run can be read back.
    assert Scenario.from_mapping(others[0].to_mapping()).sha256 == others[0].sha256


def test_a_value_that_the_scenario_has_is_the_scenario():
    (base, *others), _ = made("levers.detention.capacity@2024-01=10,90", f"{FINES}@2024-01=400000")
    has = base.levers.detention_capacity[-1]
    again = made(f"levers.detention.capacity@2024-01={has:g},90", f"{FINES}@2024-01=400000")
    assert len(others) == 5 and len(again[0]) == 1 + 3
    assert sorted(again[1].cells.values()) == [("", "400000"), ("90", ""), ("90", "400000")]
    assert float(again[1].axes[0].base) == has


def test_settings_of_all_scenarios_hold_in_a_sweep_too():
    scenarios, _ = made(f"{SUPPORT}@2024-01=30000", overrides=("levers.fines.worker_nok=1",))
    assert [one.levers.worker_nok[-1] for one in scenarios] == [1.0, 1.0]


def test_years_with_counts_are_not_changed_without_a_word():
    scenarios, _ = made(f"{SUPPORT}=1,2")
    (warning,) = observed_years(scenarios)
    assert "from 2012-01 on, in years that have counts" in warning and "KEY@2021-01=V1,V2" in warning
    assert observed_years(made(f"{SUPPORT}@2021-01=1,2")[0]) == []


# ---------------------------------------------------------------------------------------------------------
# The table


def effects_of(name, since, **differences):
    """Effects of one scenario on stocks: a difference for each of three months and two replicates."""
    difference = {outcome.replace("__", ":"): np.array(value, dtype=float) for outcome, value in differences.items()}
    return SimpleNamespace(
        pair=SimpleNamespace(name=name, since=since, months=("2024-01", "2024-02", "2024-03")),
        difference=difference,
        reference={outcome: np.full((3, 2), 100.0) for outcome in difference},
        units=dict.fromkeys(difference, "persons"),
    )


def test_the_interaction_is_what_both_do_less_what_each_does():
    design = Design(
        (Axis("levers.a", ("1",), "0"), Axis("levers.b", ("2",), "0")),
        {"a": ("1", ""), "b": ("", "2"), "ab": ("1", "2")},
    )
    effects = [
        effects_of("a", "2024-01", exit__tvangsretur=[[1, 2], [1, 2], [1, 2]]),
        # One that begins later is added up over the same months as the others.
        effects_of("b", "2024-02", exit__tvangsretur=[[0, 0], [4, 5], [4, 5]]),
        effects_of("ab", "2024-01", exit__tvangsretur=[[1, 2], [5, 9], [5, 9]]),
    ]
    runs = SimpleNamespace(draw_numbers=np.arange(2))
    table = sweep(runs, effects, design)
    found = table.set_index(["scenario", "part"])["mean"]
    assert found["a", EFFECT] == pytest.approx(np.mean([3, 6]))
    assert found["b", EFFECT] == pytest.approx(np.mean([8, 10]))
    assert found["ab", EFFECT] == pytest.approx(np.mean([11, 20]))
    assert found["ab", INTERACTION] == pytest.approx(np.mean([11 - 3 - 8, 20 - 6 - 10]))
    assert set(table["since"]) == {"2024-01"} and len(table) == 4
    both = table[table["part"] == INTERACTION].iloc[0]
    assert (both["value_1"], both["value_2"], both["lo"] >= 0.0, both["hi"] <= 4.0) == ("1", "2", True, True)
    # Effects that add up but for the rounding of their sums have no interaction at all.
    tenths = [
        effects_of("a", "2024-01", exit__tvangsretur=[[0.1, 0.1], [0.7, 0.7], [0.1, 0.1]]),
        effects_of("b", "2024-01", exit__tvangsretur=[[0.2, 0.2], [0.1, 0.1], [0.2, 0.2]]),
        effects_of("ab", "2024-01", exit__tvangsretur=[[0.1 + 0.2] * 2, [0.7 + 0.1] * 2, [0.1 + 0.2] * 2]),
    ]
    sums = [np.sum([0.1, 0.7, 0.1]), np.sum([0.2, 0.1, 0.2]), np.sum([0.1 + 0.2, 0.7 + 0.1, 0.1 + 0.2])]
    assert sums[2] - sums[0] - sums[1] != 0.0
    added = sweep(runs, tenths, design).set_index(["scenario", "part"])
    assert added.loc[("ab", INTERACTION), ["mean", "lo", "hi"]].tolist() == [0.0, 0.0, 0.0]
    # Rises that do not add up: the words do not stop at what there was (300 over the months).
    large = [
        effects_of("a", "2024-01", exit__tvangsretur=[[300, 310]] * 3),
        effects_of("b", "2024-01", exit__tvangsretur=[[300, 310]] * 3),
        effects_of("ab", "2024-01", exit__tvangsretur=[[300, 310]] * 3),
    ]
    told = sweep(runs, large, design).set_index(["scenario", "part"])
    assert told.loc[("ab", INTERACTION), "mean"] == -915.0
    assert told.loc[("ab", INTERACTION), "rounded_text_en"].startswith("\N{MINUS SIGN}915 ")
    # Alone there is none, nor where a cell of one value is missing.
    assert design.alone("a") is None
    assert Design(design.axes, {"b": ("", "2"), "ab": ("1", "2")}).alone("ab") is None


@pytest.fixture(scope="module")
def swept_folder(tmp_path_factory):
    """A small sweep of two settings, by the command."""
    place = tmp_path_factory.mktemp("sweep")
    file = place / "short.yaml"
    file.write_text(
        "schema: 1\nname: short\ntitle: {nb: Kort, en: Short}\ndescription: Three years.\nextends: baseline\n"
        "period: {start: 2012-01, end: 2014-12}\nrun: {replicates: 2, seed: 3}\n",
        encoding="utf-8",
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(place)
        arguments = ["--vary", "levers.reception_centres.stay_after_rejection@2013-04=false"]
        arguments += ["--vary", "levers.controls.identity_checks@2013-04=3"]
        arguments += ["--scale", "0.05", "--jobs", "1", "--draws", "prior", "--out", "out", "--lang", "nb"]
        answer = CliRunner().invoke(main, ["compare", "short.yaml", *arguments])
    assert answer.exit_code == 0, answer.output
    return place / "out", answer


def test_a_sweep_is_one_command(swept_folder):
    out, answer = swept_folder
    manifest = json.loads((out / "manifest.json").read_text(encoding="utf-8"))
    names = ["short-identity_checks-3", "short-stay_after_rejection-false",
             "short-stay_after_rejection-false-identity_checks-3"]  # fmt: skip
    assert sorted(manifest["scenarios"]) == names and manifest["reference"] == "short"
    assert not manifest["spells"] and not (out / "twins.parquet").exists()
    assert "in years that have counts" in answer.stderr
    table, figures = (pd.read_parquet(out / f"{name}.parquet") for name in ("sweep", "key_figures"))
    effect = table[table["part"] == EFFECT].set_index(["scenario", "outcome"])
    same = figures.set_index(["scenario", "outcome"])
    pd.testing.assert_series_equal(effect["mean"].sort_index(), same["mean"].sort_index())
    both = table[table["part"] == INTERACTION].set_index("outcome")["mean"]
    by = same["mean"].unstack("scenario")
    expected = by[names[2]] - by[names[0]] - by[names[1]]
    pd.testing.assert_series_equal(both.sort_index(), expected.sort_index(), check_names=False)
    assert ": samspill" in answer.stdout and "2013-04 til 2014-12" in answer.stdout
    assert "levers.controls.identity_checks: Identitetskontroller" in answer.stdout
    # Three scenarios, one picture; the page shows it.
    assert sorted(file.stem for file in (out / "plots").glob("*.png")) == ["compare-grid"]
    page = (out / "report.html").read_text(encoding="utf-8")
    assert "til høyre samspillet" in page and "Virkning av to virkemidler sammen" in page


# ---------------------------------------------------------------------------------------------------------
# Pictures


def frame(axes, cells, outcomes, interactions=()):
    """A table ``sweep`` made up of means, each with four replicates around it."""
    rows = []
    for name, values in cells.items():
        for part in (EFFECT, *([INTERACTION] if name in interactions else [])):
            for outcome, unit, means in outcomes:
                centre = means.get((name, part), 0.0)
                difference = centre + np.array([-2.0, -1.0, 1.0, 2.0]) * (abs(centre) / 6 + (centre == 0.0))
                keys = {f"vary_{i + 1}": axes[i].key if i < len(axes) else "" for i in range(2)}
                keys |= {f"value_{i + 1}": values[i] if i < len(values) else "" for i in range(2)}
                fixed = {"since": "2024-01", "to": "2030-12", "kind": "sum", "panel": "presence"}
                told = effect_row(outcome, np.full(4, 400.0), difference, unit, np.arange(4))
                rows.append({"scenario": name, **keys, "part": part, "outcome": outcome, **fixed, **told})
    return finished(rows, ["vary_1", "value_1", "vary_2", "value_2", "part", "outcome", "panel"])


def one_axis():
    axis = Axis(SUPPORT, ("5000", "40000", "80000"), "20000", "2024-01")
    cells = {f"s{value}": (value,) for value in axis.values}
    means = {(f"s{value}", EFFECT): mean for value, mean in zip(axis.values, (-40.0, 60.0, 130.0), strict=True)}
    falls = {key: -0.4 * mean for key, mean in means.items()}
    outcomes = [("exit:bortvist", "persons", {}), ("exit:assistert_retur", "persons", means),
                ("exit:tvangsretur", "persons", falls), ("outcome:detention_days", "days", falls)]  # fmt: skip
    return Design((axis,), cells), frame((axis,), cells, outcomes)


def two_axes(interacts=True):
    axes = (Axis(SUPPORT, ("40000", "80000"), "20000", "2024-01"), Axis(FINES, ("100000",), "50000", "2024-01"))
    cells = {"a": ("40000", ""), "b": ("80000", ""), "c": ("", "100000"), "ac": ("40000", "100000"),
             "bc": ("80000", "100000")}  # fmt: skip
    means = {("a", EFFECT): 50.0, ("b", EFFECT): 90.0, ("c", EFFECT): 15.0, ("ac", EFFECT): 70.0, ("bc", EFFECT): 160.0}
    means |= {("bc", INTERACTION): 55.0} if interacts else {}
    outcomes = [("exit:assistert_retur", "persons", means), ("stock:arbeidende", "persons", {})]
    return Design(axes, cells), frame(axes, cells, outcomes, ("ac", "bc"))


def inputs_of(design, table, lang="en"):
    titles = {name: {"en": name, "nb": name} for name in design.cells}
    told = about_frames(sweep=design.to_mapping(), scenarios=tuple(design.cells), lang=lang)
    told["titles"] = {**told["titles"], **titles}
    return Inputs({"sweep": table}, told, "", lang)


def texts(figure):
    from matplotlib.text import Text

    return [one.get_text() for one in figure.findobj(Text) if one.get_text()]


@pytest.mark.parametrize(
    ("lang", "message"),
    [
        ("en", "Assisted return: +130 (+90 to +170) persons at 80,000, clearly up"),
        ("nb", "Assistert retur: +130 (+90 til +170) personer ved 80\N{NO-BREAK SPACE}000, klart opp"),
    ],
)
def test_the_picture_of_one_setting_says_its_message_and_has_the_reference_at_its_value(lang, message):
    drawing = draw_sweep(inputs_of(*one_axis(), lang))
    title = drawing.figure.get_suptitle()
    assert title.startswith(message)
    panel = drawing.figure.axes[0]
    assert panel.get_title("left") == ("Assisted return" if lang == "en" else "Assistert retur")
    # By size: the value of the reference is between the others, at zero.
    assert [tick.get_text().strip().split(" (")[0].replace(",", "").replace("\N{NO-BREAK SPACE}", "")
            for tick in drawing.figure.axes[2].get_xticklabels()] == ["5000", "20000", "40000", "80000"]  # fmt: skip
    line = panel.lines[0]
    assert list(line.get_xdata()) == [5000.0, 20000.0, 40000.0, 80000.0]
    assert list(line.get_ydata()) == pytest.approx([-40.0, 0.0, 60.0, 130.0])
    # What a lever is declared to move is first; what does not move at all is last.
    assert next(iter(drawing.data["outcome"])) == "exit:assistert_retur"
    assert drawing.alt and draw_grid(inputs_of(*one_axis(), lang)) is None


def test_the_grid_has_every_pair_and_says_whether_effects_add_up():
    drawing = draw_grid(inputs_of(*two_axes()))
    assert drawing.figure.get_suptitle().startswith(
        "Assisted return: interaction in 1 of 2 cells, at most +55 (+35 to +75) persons"
    )
    effect, interaction = drawing.figure.axes[:2]
    assert "Effect" in effect.get_title("left") and "Interaction" in interaction.get_title("left")
    shown = [text.get_text().split("\n")[0] for text in effect.texts]
    # Across are the values of the first setting, the reference among them; down those of the second.
    assert shown == ["–", "+15", "+50", "+70", "+90", "+160"]
    assert [text.get_text().split("\n")[0] for text in interaction.texts][-1] == "+55"
    assert interaction.texts[-1].get_fontweight() == "bold"
    assert draw_sweep(inputs_of(*two_axes())) is None
    # Where there is no room for an interval on one line it has two, and none in a cell that is narrower still.
    row = {"rounded_text_en": "-0.025 (-0.129 to +0.126) percent", "certainty": "clear", "verdict": "down"}
    lines = [_cell_text(row, inputs_of(*two_axes()), room).split("\n")[1:-1] for room in (22, 13, 9)]
    assert lines == [["(-0.129 to +0.126)"], ["(-0.129", "to +0.126)"], []]
    flat = draw_grid(inputs_of(*two_axes(interacts=False)))
    assert flat.figure.get_suptitle().startswith("Assisted return: no clear interaction between the two")


def test_other_comparisons_have_no_picture_of_a_sweep():
    inputs = Inputs({"sweep": one_axis()[1]}, about_frames(), "", "en")
    assert draw_sweep(inputs) is None and draw_grid(inputs) is None
    assert [one.name for one in PICTURES if one.is_of_sweep] == ["sweep", "grid"]


def test_values_that_are_no_numbers_are_in_the_order_given():
    axis = Axis("levers.municipal.nav_emergency_help", ("rule_2004", "wide"), "rule_2014", "2024-01")
    cells = {"x": ("rule_2004",), "y": ("wide",)}
    means = {("x", EFFECT): 30.0, ("y", EFFECT): -30.0}
    table = frame((axis,), cells, [("exit:tvangsretur", "persons", means)])
    drawing = draw_sweep(inputs_of(Design((axis,), cells), table))
    assert list(drawing.figure.axes[0].lines[0].get_ydata()) == pytest.approx([0.0, 30.0, -30.0])
