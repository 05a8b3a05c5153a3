"""Pictures of a comparison: what is drawn is what the tables say, levels stay hidden, both languages, same bytes."""

from __future__ import annotations

import ast
import re
import xml.etree.ElementTree as ElementTree
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.text import Text

import comparison_frames
import irregsim
from irregsim.inference.targets import targets
from irregsim.present.colours import COLOURS, OTHER_COLOURS, colour_of
from irregsim.present.headline import size
from irregsim.present.main_effects import main_effects
from irregsim.present.plots.compare import PICTURES, Inputs, draw_all
from irregsim.present.plots.compare.base import intervals
from irregsim.present.plots.compare.displacement import moved, with_rest
from irregsim.present.plots.compare.effects import PANELS, _said
from irregsim.present.plots.compare.over_time import FANS
from irregsim.present.words import is_hidden, is_uncounted, outcome_words, state_words
from irregsim.vocabulary.codes import CITIES, EXITS, HIDDEN, STRATEGIES
from irregsim.vocabulary.labels import label, labels

pytestmark = pytest.mark.once

EXACT = comparison_frames.exact()
FRAMES = comparison_frames.frames()
SCENARIO = comparison_frames.SCENARIOS[0]
BY_NAME = {one.name: one for one in PICTURES}
EVERY = [(one.name, one.draw, SCENARIO if one.is_slide else "") for one in PICTURES if not one.is_of_sweep]


def inputs(scenario: str = SCENARIO, lang: str = "en", frames=FRAMES, **more) -> Inputs:
    return Inputs(frames, comparison_frames.about(**more), scenario, lang)


@cache
def drawn(kind: str, lang: str = "en", scenario: str = SCENARIO):
    """A picture of a scenario or of all, drawn once for all tests that look at it and change nothing."""
    every = comparison_frames.SCENARIOS if scenario == "all" else (scenario,)
    drawing = BY_NAME[kind].draw(inputs(scenario if BY_NAME[kind].is_slide else "", lang, scenarios=every))
    assert drawing is not None
    return drawing


def words_of(figure) -> list[str]:
    return [text.get_text() for text in figure.findobj(Text) if text.get_text() and text.get_visible()]


def titled(figure) -> dict[str, object]:
    """Panels by their title in one line."""
    return {" ".join(axes.get_title(loc="left").split()).lower(): axes for axes in figure.axes}


#: The axis of time begins two years before the change.
FIRST = "2019-06"


def difference(outcome: str) -> pd.DataFrame:
    frame = FRAMES["differences"]
    frame = frame[(frame["scenario"] == SCENARIO) & (frame["outcome"] == outcome)]
    return frame[frame["month"] >= FIRST].reset_index(drop=True)


#: Pictures of each make; the others are drawn in English in all tests and in Norwegian in the slow ones.
QUICK = ("stocks", "displacement", "forest", "twins", "tradeoff")


@pytest.mark.parametrize(
    "kind", [pytest.param(kind, marks=() if kind in QUICK else pytest.mark.slow) for kind, *_ in EVERY]
)
def test_every_picture_is_drawn_in_both_languages(kind) -> None:
    texts = {}
    for lang in ("en", "nb"):
        drawing = drawn(kind, lang)
        texts[lang] = set(words_of(drawing.figure))
        topic = label(f"compare.title_{kind}", lang).rstrip("?")
        assert any(topic in " ".join(text.split()) and "?," not in text for text in texts[lang])
        assert drawing.alt.startswith(label(f"compare.title_{kind}", lang))
        assert len(drawing.data) > 0
    # Names of cities, levers as written in a scenario, and two words are the same in both.
    same = {text for text in texts["en"] & texts["nb"] if re.search("[a-zæøå]{2}", text)}
    assert all(text in CITIES or " = " in text or text.lower() in ("scenario", "under 5") for text in same), same


@pytest.mark.parametrize(("kind", "draw", "scenario"), EVERY, ids=[kind for kind, *_ in EVERY])
def test_a_picture_without_its_table_is_left_out(kind, draw, scenario) -> None:
    assert draw(inputs(scenario, frames={})) is None
    empty = {name: frame.iloc[:0] for name, frame in FRAMES.items()}
    assert draw(inputs(scenario, frames=empty)) is None


def test_stocks_have_a_line_for_each_side_and_a_band_for_each_of_the_five() -> None:
    panels = titled(drawn("stocks").figure)
    for code in STRATEGIES:
        axes = panels[state_words(code, "en").lower()]
        reference, scenario = (line for line in axes.lines if len(line.get_xdata()) > 2)
        assert len(axes.collections) == 1
        assert scenario.get_color() == COLOURS[code]
        rows = difference(f"stock:{code}")
        assert set(reference.get_ydata()) == {100.0}
        expected = 100 * (rows["reference_mean"] + rows["mean"]) / rows["reference_mean"]
        assert np.allclose(scenario.get_ydata(), expected)


@pytest.mark.parametrize("kind", [kind for kind, *_ in EVERY])
def test_no_level_of_a_hidden_strategy_is_drawn_or_written(kind) -> None:
    drawing = drawn(kind)
    numbers = drawing.data.select_dtypes("number").to_numpy(dtype=float).ravel()
    # The smallest hidden level of the tables is 900; the diagonal of the alluvial table has 6800.
    for code in HIDDEN:
        assert not np.isclose(numbers, comparison_frames.LEVELS[code], rtol=0.02).any(), code
    assert not np.isclose(numbers, 6800.0).any()
    assert not {"reference_mean", "persons", "at_risk", "total"} & set(drawing.data)
    if "unit" in drawing.data:  # nothing that nobody counts is in persons beside its index
        rows = drawing.data.to_dict("records")
        outcomes = [str(row.get("outcome", f"exit:{row.get('exit')}")) for row in rows]
        uncounted = {row["unit"] for row, o in zip(rows, outcomes, strict=True) if is_uncounted(o)}
        assert uncounted <= {"percent", "index"}


def test_of_those_present_nothing_is_drawn_that_a_register_counts_the_number_of() -> None:
    chronogram = drawn("chronogram").data
    present = chronogram[chronogram["cohort"] == "present"]
    assert set(present["state"]) == {"fritt_fall"} and np.allclose(present["share"], 1.0)
    assert set(chronogram[chronogram["cohort"] == "entered"]["state"]) == {"synlig", "fritt_fall", "videre"}
    mean_time = drawn("mean_time").data
    assert set(mean_time[mean_time["cohort"] == "present"]["strategy"]) == set(HIDDEN)
    for kind in ("sequences", "survival", "incidence"):
        assert set(drawn(kind).data["cohort"]) == {"entered"}


def drawing_words(drawing) -> str:
    return " ".join(" ".join(words_of(drawing.figure)).split())


def test_exits_are_the_cumulative_differences() -> None:
    panels = titled(drawn("exits").figure)
    for code in EXITS:
        line = panels[state_words(code, "en").lower()].lines[0]
        outcome = f"exit:{code}"
        exact = EXACT["differences"].query("scenario == @SCENARIO and outcome == @outcome")
        expected, since = exact["cumulative_mean"], exact["month"] >= comparison_frames.SINCE
        if is_uncounted(outcome):  # in percent of the reference since the change
            total = exact["reference_mean"].where(since).cumsum()
            # It begins where the reference has had a tenth of its sum.
            expected = (100 * expected / total.where(total >= 0.1 * total.max())).where(since, 0.0)
        assert np.allclose(line.get_ydata(), expected[exact["month"] >= FIRST], equal_nan=True)


def test_fans_have_three_bands_and_a_line_each_and_begin_with_the_main_effects() -> None:
    drawing = drawn("fans")
    known = set(FRAMES["differences"]["outcome"])
    figures = FRAMES["key_figures"]
    rows = figures[figures["scenario"] == SCENARIO].to_dict("records")
    main = [row["outcome"] for row in main_effects(rows, inputs().declared)]
    shown = list(dict.fromkeys(drawing.data["outcome"]))
    assert len(shown) == 5 and set(main) & known <= set(shown) <= {*main, *FANS}
    assert "exit:tvangsretur" in shown, "what a return agreement is declared to move"
    panels = titled(drawing.figure)
    for outcome in shown:
        axes = panels[outcome_words(outcome, "en").lower()]
        assert len(axes.collections) == 3
        assert np.allclose(axes.lines[0].get_ydata(), difference(outcome)["mean"])


def test_a_forest_has_a_row_for_every_outcome_and_open_dots_where_nothing_can_be_told() -> None:
    drawing = drawn("forest")
    figures = FRAMES["key_figures"]
    figures = figures[(figures["scenario"] == SCENARIO) & (figures["reference_mean"] > 0)]
    assert list(drawing.data["outcome"]) == [
        outcome for panel in PANELS for outcome in figures[figures["panel"] == panel]["outcome"]
    ]
    axes = drawing.figure.axes[0]
    dots = [line for line in axes.lines if len(line.get_xdata()) == 1 and line.get_marker() == "o"]
    assert len(dots) == len(figures)
    verdicts = dict(zip(figures["outcome"], figures["verdict"], strict=True))
    for dot, outcome in zip(dots, drawing.data["outcome"], strict=True):
        assert (dot.get_markerfacecolor() == "white") == (verdicts[outcome] == "cannot tell"), outcome
    row = figures[figures["outcome"] == "exit:tvangsretur"].iloc[0]
    place = list(drawing.data["outcome"]).index("exit:tvangsretur")
    assert dots[place].get_xdata()[0] == pytest.approx(100 * row["mean"] / row["reference_mean"])


def test_displacement_has_a_part_of_a_bar_for_each_cell_that_can_be_told_and_one_for_the_rest() -> None:
    rows = FRAMES["alluvial"]
    cells = moved(rows[rows["scenario"] == SCENARIO])
    exact = EXACT["alluvial"].query("scenario == @SCENARIO and to_month == '2024-12'")
    elsewhere = exact[exact["reference_state"] != exact["scenario_state"]]
    told = elsewhere[elsewhere["persons"] >= 5]
    assert len(told) == len(elsewhere) - 1 and set(cells["to_month"]) == {"2024-12"}
    keys = ["reference_state", "scenario_state"]
    assert set(cells[keys].itertuples(index=False)) == set(told[keys].itertuples(index=False))
    # Most are elsewhere than in a centre, and most of those in another country; each place adds up.
    assert cells.iloc[0][keys].tolist() == ["synlig", "tvangsretur"]
    assert cells.iloc[0]["share"] == pytest.approx(80 / 135, abs=0.005)
    assert np.allclose(with_rest(cells).groupby("reference_state")["share"].sum(), 1.0, atol=0.016)
    # Of some places a part is too small to be shown: the bar is as long.
    part = cells.assign(share=cells["share"].where(cells["scenario_state"] != "tvangsretur", 0.1))
    rest = with_rest(part).query("scenario_state == 'rest'")
    assert rest["reference_state"].tolist() == ["synlig"]
    assert rest["share"].iloc[0] == pytest.approx(80 / 135 - 0.1, abs=0.01)


def test_the_balance_is_in_persons_only_where_a_register_counts() -> None:
    balance = drawn("displacement").data.query("part == 'balance'").set_index("state")
    assert balance.loc["synlig", "mean"] == -130.0  # to the nearest 5
    assert balance.loc["tvangsretur", "unit"] == "persons" and balance.loc["tvangsretur", "mean"] == 80.0
    assert balance.loc["fritt_fall", "unit"] == "percent"
    assert balance.loc["fritt_fall", "mean"] == pytest.approx(100 * (34.0 - 12.0) / 500.0)
    assert balance.loc["videre", "unit"] == "percent"


def test_registers_stand_beside_every_published_total_of_the_period() -> None:
    drawing = drawn("registers")
    published = drawing.data[drawing.data["source"] == "published"]
    expected = {
        ("udi_return_duty_stock", t.period, t.value)
        for t in targets()
        if t.register == "udi_return_duty_stock" and t.dimension == "total" and t.use == "primary"
        and "2018-01" <= t.period <= "2024-12"
    }  # fmt: skip
    rows = published[published["register"] == "udi_return_duty_stock"][["register", "month", "mean"]]
    assert set(rows.itertuples(index=False, name=None)) == expected and len(expected) >= 2
    grounds: dict[str, float] = {}
    for t in targets():
        if (t.register, t.dimension, t.period) == ("udi_expulsions", "ground", "2019"):
            grounds[t.key] = t.value
    row = published[(published["register"] == "udi_expulsions") & (published["month"] == "2019")]
    assert len(grounds) == 2 and row["mean"].iloc[0] == sum(grounds.values())
    marked = [axes for axes in drawing.figure.axes if any(line.get_label() == "calibration" for line in axes.lines)]
    assert len(marked) == len(comparison_frames.REGISTERS)


def test_counts_of_a_part_of_the_country_stand_beside_no_published_ones() -> None:
    drawing = BY_NAME["registers"].draw(inputs(scale=0.02))
    assert set(drawing.data["source"]) == {"model"}
    assert label("compare.registers_scale", "en").format(scale="0.02") in drawing_words(drawing)


def test_the_iceberg_is_an_index_of_seen_and_unseen() -> None:
    data = drawn("iceberg").data
    assert set(data["part"]) == {"seen", "unseen"}
    unseen = data[data["part"] == "unseen"]
    assert np.allclose(unseen["mean"], 100 + difference("index:hidden")["mean"])
    before = data[data["month"] < comparison_frames.SINCE]
    assert set(before["month"]) == {m for m in comparison_frames.MONTHS if FIRST <= m < comparison_frames.SINCE}
    assert np.allclose(before["mean"], 100.0)


def test_cities_have_a_panel_each() -> None:
    figure = drawn("cities").figure
    assert [axes.get_title(loc="left") for axes in figure.axes] == list(CITIES)
    for axes in figure.axes:
        assert len([line for line in axes.lines if line.get_marker() == "o"]) == 2


@pytest.mark.parametrize(
    ("row", "arrows"),
    [
        ({"mean": -3.0, "lo": -40.0, "hi": -1.0}, [("<", 6)]),
        ({"mean": 3.0, "lo": -40.0, "hi": 25.0}, [("<", 6), (">", 6)]),
        ({"mean": 30.0, "lo": 25.0, "hi": 40.0}, [(">", 6), (">", 6), (">", 9)]),
        ({"mean": 3.0, "lo": 1.0, "hi": 9.0}, []),
    ],
)
def test_what_goes_on_beyond_the_axis_has_an_arrow_at_its_edge(row: dict[str, float], arrows: list[object]) -> None:
    from matplotlib.figure import Figure

    axes = Figure().subplots()
    intervals(axes, [row], reach=20.0)
    found = [(line.get_marker(), line.get_markersize()) for line in axes.lines if line.get_marker() in ("<", ">")]
    assert found == arrows
    ends = [abs(x) for line in axes.lines if line.get_marker() in ("<", ">") for x in line.get_xdata()]
    assert all(0.95 * 20.0 < x < 20.0 for x in ends)


@pytest.mark.parametrize("lang", ["en", "nb"])
def test_the_words_beside_a_mean_off_the_scale_say_so_and_have_the_number_of_the_title(lang: str) -> None:
    row = {"outcome": "exit:assistert_retur", "unit": "persons", "verdict": "up", "certainty": "clear", "mean": 1458.0,
           "lo": 400.0, "hi": 6700.0, "reference_mean": 100.0, "share_positive": 1.0, "kind": "sum",
           "since": "2021-01", "to": "2022-12"}  # fmt: skip
    off, clear = {"en": ("off the scale", "Clearly up"), "nb": ("utenfor aksen", "Klart opp")}[lang]
    number = f"+{size(row, lang, short=True)}"
    assert _said(row, lang, 50.0) == f"{number} ({off}).\n{clear}"
    assert _said(row, lang, 2000.0) == f"{number}. {clear}"


def test_the_trade_off_has_every_scenario_by_name_and_no_ranking() -> None:
    drawing = drawn("tradeoff")
    assert set(drawing.data["scenario"]) == set(comparison_frames.SCENARIOS)
    texts = words_of(drawing.figure)
    for name in comparison_frames.SCENARIOS:
        title = comparison_frames.about()["titles"][name]["en"]
        assert sum(" ".join(text.split()) == title for text in texts) == 1


@pytest.mark.parametrize("kind", ["main", "fans", "forest", "registers", "slide_main"])
def test_a_picture_says_what_is_found_where_it_is_from_and_how_many_replicates_there_are(kind: str) -> None:
    words = drawing_words(drawn(kind))
    for told in ("0123456789abcdef", "40 replicates", label("fit.source_posterior", "en"), "population scale 1"):
        assert told in words
    message = {"forest": "clear or probable: ", "registers": "", "fans": "clearly"}
    assert message.get(kind, "forced returns clearly rises") in words.lower()


def test_all_scenarios_are_in_each_picture_but_slides() -> None:
    for one in PICTURES:
        if one.is_slide or one.is_of_sweep:
            continue
        drawing = drawn(one.name, scenario="all")
        assert set(drawing.data["scenario"]) == set(comparison_frames.SCENARIOS), one.name
        for name in comparison_frames.SCENARIOS:
            assert comparison_frames.about()["titles"][name]["en"] in drawing_words(drawing), one.name


def test_an_effect_off_the_scale_is_an_arrow_at_the_edge() -> None:
    figures = FRAMES["key_figures"].copy()
    far = (figures["outcome"] == "exit:tvangsretur") & (figures["scenario"] == SCENARIO)
    figures.loc[far, ["mean", "lo", "hi"]] *= 30.0
    every = inputs("", frames={**FRAMES, "key_figures": figures}, scenarios=(SCENARIO,))
    drawing = BY_NAME["main"].draw(every)
    axes = drawing.figure.axes[0]
    # The ends of intervals have smaller ones.
    arrows = [line for line in axes.lines if line.get_marker() == ">" and line.get_markersize() == 9]
    assert len(arrows) == 1 and 0 < arrows[0].get_xdata()[0] < axes.get_xlim()[1] < 400
    assert any(
        "%" in text.get_text() and "+470" in text.get_text() and "off the scale" in text.get_text()
        for text in axes.texts
    )


def test_twins_have_two_lines_each_and_a_mark_where_they_part() -> None:
    drawing = drawn("twins")
    axes = drawing.figure.axes[0]
    assert len(axes.patches) == 8 * (3 + 1)
    assert len([line for line in axes.lines if line.get_color() == "black"]) == 8
    assert label("compare.legend_parting", "en") in drawing_words(drawing)
    assert set(drawing.data["person"]) == {f"{i:016x}" for i in range(8)}


def test_lives_are_on_the_same_line_on_both_sides() -> None:
    drawing = drawn("sequences")
    for axes in drawing.figure.axes[:2]:
        ends = {round(bar.get_y() + 0.5) for bar in axes.patches}
        assert ends == set(range(30))
    totals = drawing.data.groupby(["side", "life"])["months"].sum()
    assert set(totals) == {43}


def test_nothing_is_drawn_in_red_or_green_but_the_strategies_own_colours() -> None:
    assert not set(COLOURS) & set(OTHER_COLOURS)
    for colour in OTHER_COLOURS.values():  # greys and grey-blues
        red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
        assert red <= green + 3 and green <= blue + 3
    assert {colour_of(state) for state in STRATEGIES} == set(COLOURS.values())
    assert colour_of("nowhere")


def test_all_pictures_are_written_with_the_comparison_inside_and_the_same_bytes(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(irregsim.present.plots.compare, "PICTURES", (BY_NAME["tradeoff"], BY_NAME["displacement"]))
    found = []
    frames = {name: FRAMES[name] for name in ("key_figures", "alluvial")}
    for i in range(2):
        folder = tmp_path / str(i)
        folder.mkdir()
        # Drawn here, and by processes of their own.
        shown = draw_all(frames, comparison_frames.about(scenarios=(SCENARIO,)), folder, "en", jobs=1 + i, svg=True)
        assert [(one["kind"], one["scenario"]) for one in shown] == [("tradeoff", ""), ("displacement", "")]
        for one in shown:
            drawing = (folder / f"{one['name']}.svg").read_bytes()
            assert (folder / f"{one['name']}.png").read_bytes() == one["png"]
            assert b"0123456789abcdef" in drawing and b"0123456789abcdef" in one["png"]
            ElementTree.fromstring(drawing)
            assert len(pd.read_csv(folder / f"{one['name']}.csv")) > 0
        found.append({file.name: file.read_bytes() for file in folder.iterdir()})
    assert found[0] == found[1] and len(found[0]) == 6


def test_a_month_without_anybody_in_the_reference_can_be_drawn() -> None:
    frame = FRAMES["differences"].copy()
    frame.loc[frame["outcome"] == "stock:marginalisert", "reference_mean"] = 0.0
    drawing = BY_NAME["stocks"].draw(inputs(frames={**FRAMES, "differences": frame}))
    rows = drawing.data[drawing.data["outcome"] == "stock:marginalisert"]
    assert rows["mean"].isna().all()
    drawing.figure.draw_without_rendering()


def test_outcomes_and_states_have_words() -> None:
    for lang in ("nb", "en"):
        for outcome in [*FANS, "inflow", "index:hidden", "stock:hidden", "duration:synlig", "flow:inflow>synlig"]:
            assert outcome_words(outcome, lang) != outcome
        assert state_words("not here", lang) == label("compare.not_here", lang)
    assert outcome_words("index:hidden", "en") != outcome_words("stock:hidden", "en")
    assert outcome_words("something:else", "en") == "something:else"


def test_what_no_register_counts_is_hidden() -> None:
    assert is_hidden("stock:arbeidende") and is_hidden("flow:synlig>fritt_fall") and is_hidden("stock:hidden")
    assert is_hidden("outcome:care_needed")
    assert not is_hidden("stock:synlig") and not is_hidden("exit:videre") and not is_hidden("outcome:inspections")
    assert is_uncounted("exit:videre") and is_uncounted("inflow") and is_uncounted("stock:arbeidende")
    assert not is_uncounted("exit:tvangsretur") and not is_uncounted("stock:synlig")


def test_every_label_of_a_comparison_is_used_and_every_used_one_is_there() -> None:
    root = Path(next(iter(irregsim.__path__)))
    files = [
        *(root / "present" / "plots" / "compare").glob("*.py"),
        *(root / "present" / "pages").glob("compare*"),
        *(root / "present" / name for name in ("words.py", "headline.py", "main_effects.py")),
        root / "vocabulary" / "numbers.py",
        root / "commands" / "from_folders.py",
        root / "study" / "comparison" / "verdicts.py",
    ]
    text = "\n".join(path.read_text(encoding="utf-8") for path in files)
    constants = {
        node.value
        for path in {*files, *(root / "present").glob("*.py")}
        if path.suffix == ".py"
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    known = {key.removeprefix("compare.") for key in labels() if key.startswith("compare.")}
    asked = set(re.findall(r"""words\("([a-z_]+)\"""", text)) | set(re.findall(r'label\("compare\.([a-z_]+)"', text))
    assert asked - known == set()
    # Keys put together from a prefix and a code.
    kinds = "title alt third cohort kind panel h note finding certainty how rate iceberg party p group source balance"
    kinds += " plain says centre sure part"
    prefixes = tuple(f"{kind}_" for kind in kinds.split())
    named = constants | {text.removeprefix("compare.") for text in constants}
    unused = {key for key in known - asked if key not in named and not key.startswith(prefixes)}
    assert unused == set()
