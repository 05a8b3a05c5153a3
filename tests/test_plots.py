"""Pictures: what is drawn, in which colours and words, the same bytes every time, and levels only when asked for."""

from __future__ import annotations

import itertools
import subprocess
import sys
import xml.etree.ElementTree as ElementTree

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex, to_rgb

import fake_engine
from irregsim.inference.targets import targets
from irregsim.present import plots
from irregsim.present.plots import messages
from irregsim.present.plots.registers import PANELS
from irregsim.present.plots.strategies import year_fraction
from irregsim.present.plots.style import COLOURS, DASHES, LIGHT_SHADE, SHADE, apart
from irregsim.scenario import load_scenario
from irregsim.study.summaries import Series, reader
from irregsim.vocabulary.codes import EXITS, HIDDEN, STRATEGIES
from irregsim.vocabulary.labels import LANGUAGES, label
from run_tools import short_scenario

pytestmark = pytest.mark.once


@pytest.fixture(scope="module")
def series(tmp_path_factory):
    scenario = load_scenario(short_scenario(tmp_path_factory.mktemp("scenario")))
    return [
        Series.of(reader(fake_engine.run_replicate(scenario, {}, seed=1, replicate=j, scale=0.5))) for j in range(4)
    ]


def words_of(figure) -> list[str]:
    from matplotlib.text import Text

    return [text.get_text() for text in figure.findobj(Text) if text.get_text() and text.get_visible()]


def curves(axes):
    """Lines of more than two points: published points and means are shorter."""
    return [line for line in axes.lines if len(line.get_xdata()) > 2]


def test_the_strategies_picture_has_a_line_and_a_band_for_each_of_the_five(series):
    drawing = plots.PLOTS["strategies"](series, plots.Options())
    left, right = drawing.figure.axes
    assert len(curves(left)) == 1 and len(curves(right)) == 4
    assert len(left.collections) == 1 and len(right.collections) == 4
    colours = [line.get_color() for line in [*curves(left), *curves(right)]]
    assert colours == [COLOURS[code] for code in STRATEGIES]
    assert {label(f"strategy.{code}", "en") for code in STRATEGIES} <= set(words_of(drawing.figure))
    # The lines are the numbers beside the picture, and those are medians over replicates.
    for code, line in zip(STRATEGIES, [*curves(left), *curves(right)], strict=True):
        rows = drawing.data[drawing.data["strategy"] == code]
        assert np.array_equal(line.get_ydata(), rows["q50"])
        assert list(rows["unit"].unique()) == ["persons" if code == "synlig" else "index"]
    visible = drawing.data[drawing.data["strategy"] == "synlig"]["q50"]
    assert list(visible) == list(np.median([one.stocks["synlig"] for one in series], axis=0))


def test_hidden_strategies_are_an_index_whose_parts_start_at_a_hundred(series):
    data = plots.PLOTS["strategies"](series[:1], plots.Options()).data
    start = data[(data["month"] == data["month"].min()) & data["strategy"].isin(HIDDEN)]
    assert start["q50"].sum() == pytest.approx(100.0)


def test_levels_are_an_interval_without_a_middle_and_with_the_sentence(series):
    drawing = plots.PLOTS["strategies"](series, plots.Options(show_levels=True))
    hidden = drawing.data[drawing.data["strategy"].isin(HIDDEN)]
    assert hidden["q50"].isna().all() and (hidden["unit"] == "persons").all()
    text = " ".join(" ".join(words_of(drawing.figure)).split())
    assert label("sentence.hidden_levels", "en") in text
    assert label("sentence.hidden_levels", "en") not in " ".join(
        words_of(plots.PLOTS["strategies"](series, plots.Options()).figure)
    )


def test_the_exits_picture_has_one_panel_for_each_way_out(series):
    drawing = plots.PLOTS["exits"](series, plots.Options())
    panels = [axes for axes in drawing.figure.axes if axes.axison]
    assert len(panels) == len(EXITS)
    for code, axes in zip(EXITS, panels, strict=True):
        rows = drawing.data[drawing.data["exit"] == code]
        assert np.array_equal(axes.lines[0].get_ydata(), rows["q50"])
        assert list(rows["q50"]) == list(np.median([one.flows[code] for one in series], axis=0))
        assert " ".join(axes.get_title(loc="left").split()).lower() == label(f"exit.{code}", "en").lower()


def test_the_registers_picture_shows_every_published_count_of_its_period(series):
    drawing = plots.PLOTS["registers"](series, plots.Options())
    panels = [axes for axes in drawing.figure.axes if axes.axison]
    assert len(panels) == len(PANELS)
    shown = drawing.data[drawing.data["source"] == "published"]
    expected = {
        (t.register, t.dimension, t.key, t.period, t.value)
        for t in targets()
        if (t.register, t.dimension, t.key) in PANELS and t.use == "primary" and t.period in {"2019", "2020", "2021"}
    }
    expected |= {
        (t.register, t.dimension, t.key, t.period, t.value)
        for t in targets()
        if (t.register, t.dimension) == ("udi_return_duty_stock", "total") and t.period >= "2019"
    }
    rows = shown[["register", "dimension", "key", "period", "q50"]].itertuples(index=False, name=None)
    assert set(rows) == expected and len(expected) >= 9
    points = sum(len(axes.lines) - 1 for axes in panels)  # the first is the model's
    assert points == len(expected)
    for panel, axes in zip(PANELS, panels, strict=True):
        rows = drawing.data[
            (drawing.data["source"] == "model")
            & (drawing.data["register"] == panel[0])
            & (drawing.data["dimension"] == panel[1])
            & (drawing.data["key"] == panel[2])
        ]
        assert np.array_equal(axes.lines[0].get_ydata(), rows["q50"])


def test_pictures_of_uncalibrated_runs_say_so(series):
    for calibrated in (False, True):
        drawing = plots.PLOTS["registers"](series, plots.Options(calibrated=calibrated))
        text = " ".join(" ".join(words_of(drawing.figure)).split())
        assert (label("sentence.uncalibrated", "en") in text) == (not calibrated)
    for caveat in ("sentence.prior_draws", "sentence.gate_red"):
        drawing = plots.PLOTS["registers"](series, plots.Options(caveat=caveat))
        text = " ".join(" ".join(words_of(drawing.figure)).split())
        assert label(caveat, "en") in text and label("sentence.uncalibrated", "en") not in text


@pytest.mark.parametrize("name", plots.PLOTS)
def test_both_languages_have_their_own_words(series, name):
    english, norwegian = (
        set(words_of(plots.PLOTS[name](series, plots.Options(lang=lang)).figure)) for lang in ("en", "nb")
    )
    assert any("synthetic" in text for text in english) and any("syntetiske" in text for text in norwegian)
    shared = {text for text in english & norwegian if any(letter.isalpha() for letter in text)}
    assert shared == set()


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("assumed", [("2020-03", "2020-03"), ("2020-03", "2021-07"), ("2020-03", "2030-01")])
def test_what_rests_on_assumptions_is_shaded_from_its_month_on(series, assumed, lang):
    """In two shades with words of their own, or in one where every driver ends in the same month."""
    partly, wholly = assumed
    expected = [(2020 + 2 / 12, LIGHT_SHADE), (2021.5, SHADE)]
    expected = {"2020-03": [(2020 + 2 / 12, SHADE)], "2021-07": expected, "2030-01": expected[:1]}[wholly]
    for name in plots.PLOTS:
        figure = plots.PLOTS[name](series, plots.Options(lang, assumed=assumed)).figure
        axes = next(one for one in figure.axes if one.patches)
        found = [(one.get_x(), to_hex(one.get_facecolor()).upper()) for one in axes.patches]
        assert found == [(pytest.approx(start), colour) for start, colour in expected], name
        assert sum(one.get_width() for one in axes.patches) == pytest.approx(axes.get_xlim()[1] - expected[0][0])
        words = " ".join(" ".join(words_of(figure)).split())
        assert partly in words and (wholly in words or len(expected) == 1), name
    assert luminance(LIGHT_SHADE) > luminance(SHADE)  # told apart in grey


@pytest.mark.parametrize("name", plots.PLOTS)
def test_a_picture_has_the_same_bytes_every_time_and_names_its_run(series, name, tmp_path):
    files = []
    for i in range(2):
        folder = tmp_path / str(i)
        folder.mkdir()
        drawing = plots.PLOTS[name](series, plots.Options())
        files.append({f: (folder / f).read_bytes() for f in plots.save(drawing, folder, name, "0123456789abcdef")})
    assert files[0] == files[1]
    assert set(files[0]) == {f"{name}.png", f"{name}.svg", f"{name}.csv"}
    for ending in ("png", "svg"):
        assert b"0123456789abcdef" in files[0][f"{name}.{ending}"]
    assert files[0][f"{name}.png"].startswith(b"\x89PNG")
    ElementTree.fromstring(files[0][f"{name}.svg"])
    table = pd.read_csv(tmp_path / "0" / f"{name}.csv")
    assert list(table.columns) == list(drawing.data.columns) and len(table) == len(drawing.data)


def test_one_replicate_and_an_empty_world_can_be_drawn(series, tmp_path):
    nobody = Series(
        series[0].stocks * 0,
        series[0].flows * 0,
        series[0].registers.assign(value=0),
        series[0].outcomes.assign(value=0),
    )
    for name, draw in plots.PLOTS.items():
        plots.save(draw([nobody], plots.Options()), tmp_path, name, "x")


def test_a_band_that_runs_away_in_assumed_months_leaves_the_rest_readable_and_is_said(series):
    """One replicate of four a hundred times as large after the last known month: the axis ends where the known do."""
    assumed = ("2020-01", "2021-01")
    later = [month >= assumed[1] for month in series[0].stocks.index]
    wild = series[0].stocks.copy()
    wild.loc[later] *= 100
    changed = [Series(wild, series[0].flows, series[0].registers, series[0].outcomes), *series[1:]]
    usual, drawing = (
        plots.PLOTS["strategies"](given, plots.Options(assumed=assumed)).figure for given in (series, changed)
    )
    for before, after in zip(usual.axes, drawing.axes, strict=True):
        assert after.get_ylim()[1] <= 2 * before.get_ylim()[1]
    index = plots.PLOTS["strategies"](changed, plots.Options(assumed=assumed)).data
    highest = index[index["strategy"] == "avhengig"]["q975"].max()
    told = [text for text in words_of(drawing) if "the band reaches" in text]
    assert any(f"{highest:,.0f}" in text and label("strategy.avhengig", "en") in text for text in told)
    assert not any("the band reaches" in text for text in words_of(usual))


def test_titles_say_what_the_numbers_say():
    """Medians over replicates of the change over known months, the most usual exit, counts inside the band."""
    months = [f"{year}-{month:02d}" for year in (2019, 2020, 2021) for month in range(1, 13)]

    def one(last: float) -> Series:
        stocks = pd.DataFrame(10.0, index=months, columns=list(STRATEGIES))
        stocks.loc["2020-12", ["synlig", *HIDDEN]] = [10 * last, *([10.0] * len(HIDDEN))]
        stocks.loc["2021-12"] = 1000.0
        flows = pd.DataFrame(1.0, index=[2019, 2020, 2021], columns=list(EXITS))
        flows[EXITS[-1]] = 2.0 * len(EXITS)
        return Series(stocks, flows, pd.DataFrame(), pd.DataFrame())

    series = [one(0.5), one(0.25), one(0.9)]
    assert messages.stocks_change(series, "2021-01", "en") == (
        "From January 2019 to December 2020: 50\N{NO-BREAK SPACE}% fewer in reception centres, "
        "about as many in the hidden population"
    )
    share = round(100 * 2 * len(EXITS) / (3 * len(EXITS) - 1))
    assert messages.most_leave_by(series, "nb").endswith(f"{share}\N{NO-BREAK SPACE}% av alle veier ut, 2019–2021")
    assert messages.counts_inside([True, False, True], "en").startswith("2 of 3 published counts")
    assert messages.counts_inside([], "en") == ""


def test_the_light_shade_is_in_the_file(series, tmp_path):
    """A picture of few colours keeps it: paper and shade are near enough to be taken for one."""
    from PIL import Image

    drawing = plots.PLOTS["strategies"](series, plots.Options(assumed=("2020-01", "2021-01")))
    plots.save(drawing, tmp_path, "x", "0")
    image = np.asarray(Image.open(tmp_path / "x.png").convert("RGB"))
    shades = [[int(colour[i : i + 2], 16) for i in (1, 3, 5)] for colour in (LIGHT_SHADE, "#FFFFFF")]
    assert all((image == shade).all(axis=-1).mean() > 0.01 for shade in shades)


def luminance(colour: str) -> float:
    channels = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(colour)]
    return 0.2126 * channels[0] + 0.7152 * channels[1] + 0.0722 * channels[2]


def test_strategies_can_be_told_apart_in_grey_by_shade_or_by_dashes():
    assert set(COLOURS) == set(DASHES) == set(STRATEGIES)
    for one, other in itertools.combinations(STRATEGIES, 2):
        contrast = (luminance(COLOURS[one]) + 0.05) / (luminance(COLOURS[other]) + 0.05)
        assert max(contrast, 1 / contrast) > 1.5 or DASHES[one] != DASHES[other], (one, other)
    for code, colour in COLOURS.items():  # nothing too pale for a white slide, and no alarm red
        red, green, blue = to_rgb(colour)
        assert luminance(colour) < 0.5, code
        assert not (red > 0.7 and green < 0.35 and blue < 0.35), code


def test_drawing_needs_no_pyplot_and_leaves_the_settings_alone():
    code = (
        "import sys, matplotlib\nbefore = matplotlib.rcParams.copy()\n"
        "from irregsim.present.plots.style import settings, new_figure\n"
        "with settings(): new_figure()\n"
        "assert matplotlib.rcParams.copy() == before\n"
        "print('matplotlib.pyplot' in sys.modules)"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "False"


def test_months_stand_at_their_end_on_the_axis():
    assert year_fraction("2019-12") == 2020.0
    assert year_fraction("2020-06") == pytest.approx(2020.5)


def test_labels_are_moved_apart_and_keep_their_order():
    assert apart([1.0, 5.0, 9.0], 2.0) == [1.0, 5.0, 9.0]
    assert apart([5.0, 5.0], 2.0) in ([4.0, 6.0], [6.0, 4.0])
    moved = apart([1.0, 1.5, 2.0, 10.0], 2.0)
    assert sorted(moved) == moved and min(np.diff(moved)) >= 2.0 - 1e-12
    assert moved[3] == 10.0 and np.mean(moved[:3]) == pytest.approx(1.5)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_part_of_the_country_is_not_compared_with_published_counts_and_says_what_it_is(series, lang):
    for name in plots.PLOTS:
        options = plots.Options(lang, scenario="A title", scale=0.1, source="Run 0123")
        drawing = plots.PLOTS[name](series, options)
        words = " ".join(" ".join(words_of(drawing.figure)).split())
        assert label("compare.quoted", lang).format(name="A title") in words and "Run 0123" in words
        left_out = label("compare.registers_scale", lang).format(scale={"en": "0.1", "nb": "0,1"}[lang])
        assert (left_out in words) == (name != "exits")
        if name == "registers":
            assert set(drawing.data["source"]) == {"model"}
        if name == "strategies":
            circles = [line for line in drawing.figure.axes[0].lines if line.get_marker() == "o"]
            assert circles == []
