"""Pictures of a running model: sound SVG in both languages, and what is drawn is what may be shown."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import irregsim
from irregsim.agents import PairedModel
from irregsim.present.plots.style import LIGHT_SHADE, SHADE
from irregsim.scenario import diff_rows, load_scenario
from irregsim.vocabulary.codes import EXITS, HIDDEN, STRATEGIES, Strategy, month_number
from irregsim.vocabulary.disclosure import PERCENT
from irregsim.vocabulary.labels import label, labels
from irregsim.vocabulary.numbers import drawn, rounded_effect, with_percent
from irregsim.workshop.live.followed import band, outcome, outcomes
from irregsim.workshop.live.lives import Spell, Twin, someone, twin, twins
from irregsim.workshop.live.network import Net, network
from irregsim.workshop.live.record import PANELS, Record
from irregsim.workshop.live.shown import Pair
from irregsim.workshop.live.snapshot import look
from irregsim.workshop.pictures import chart, registers
from irregsim.workshop.pictures.chart import Axes, ends_of, ticks, top_of, year_of_months
from irregsim.workshop.pictures.difference import draw_difference
from irregsim.workshop.pictures.history import draw_history
from irregsim.workshop.pictures.iceberg import draw_iceberg
from irregsim.workshop.pictures.life import draw_life
from irregsim.workshop.pictures.network import draw_network
from irregsim.workshop.pictures.registers import draw_registers
from irregsim.workshop.pictures.svg import Picture, Svg
from irregsim.workshop.pictures.tiles import draw_tiles
from irregsim.workshop.pictures.vessels import draw_vessels
from irregsim.workshop.pictures.words import PictureWords, outcome_name, panel_words
from test_labels import BANNED

pytestmark = pytest.mark.once

SCALE = 0.03
OVERRIDES = (
    "levers.reception_centres.stay_after_rejection=[{from: 2012-06, value: false}]",
    "levers.fines.worker_nok=[{from: 2013-01, value: 1}]",
    "levers.municipal.shelter={Oslo: [{from: 2014-01, value: 40}]}",
)
REFERENCE = load_scenario("baseline", end="2014-12")
SCENARIO = load_scenario("baseline", end="2014-12", overrides=OVERRIDES)
LAST = REFERENCE.end
NAMES = ("key", "from", "to", "reference", "value")
LEVERS = [dict(zip(NAMES, row.values(), strict=True)) for row in diff_rows([REFERENCE, SCENARIO])]
HOSTILE = "<script>alert(1)</script> & \"quotes\" 'so'"

LANGUAGES = ("nb", "en")


def words_in(lang: str, title: str | None = None) -> PictureWords:
    if title is not None:
        return PictureWords(lang, title, title, LEVERS)
    titles = [one.title[lang].partition(". ")[0] for one in (REFERENCE, SCENARIO)]
    return PictureWords(lang, titles[0], titles[1] + " 2", LEVERS)


class Scene:
    """A model at a month, with what is read from it.

    Attributes:
        pair: Both sides.
        net: The support network.
        followed: Somebody on both sides.
    """

    def __init__(self, model: PairedModel) -> None:
        one, other = model.reference_world, model.world
        record = Record.of(one)
        self.pair = Pair(record, record if one is other else Record.of(other), model.first)
        self.look = look(self.pair)
        self.net = network(one, other)
        self.month, self.has_parted = one.month, model.has_parted
        somebody = twins(one, other)
        self.followed = somebody[0] if somebody else twin(one, other, someone(other, 0) or 0)

    def of_nobody(self) -> Scene:
        """The same with nobody in it, before and after."""
        out = Scene.__new__(Scene)
        out.__dict__.update(self.__dict__)
        sides = [
            replace(one, stocks=one.stocks * 0, moves=one.moves * 0, exits=one.exits * 0, outcomes=one.outcomes * 0,
                    places=one.places * 0)
            for one in (self.pair.reference, self.pair.scenario)
        ]  # fmt: skip
        out.pair = Pair(sides[0], sides[1], self.pair.first)
        out.look = look(out.pair)
        return out


def paired(**arguments) -> PairedModel:
    return PairedModel(SCENARIO, REFERENCE, **{"scale": SCALE, "draws": "point", **arguments})


@pytest.fixture(scope="module")
def scenes() -> dict[str, Scene]:
    """One side and two, before and after the first whole year; a tiny world; and one of nobody."""
    out: dict[str, Scene] = {}
    model = paired()
    for _ in range(2):
        model.step()
    out["one side"] = Scene(model)
    while model.world.month < month_number("2012-09"):
        model.step()
    out["two sides"] = Scene(model)
    while model.world.month < month_number("2013-02"):
        model.step()
    out["two sides after a year"] = Scene(model)
    for name, scale in (("tiny", 0.001), ("nearly nobody", 0.0001)):
        model = paired(scale=scale, start="2012-05")
        for _ in range(4):
            model.step()
        out[name] = Scene(model)
    out["nobody"] = out["tiny"].of_nobody()
    assert not out["one side"].has_parted
    assert out["two sides"].has_parted
    assert (out["tiny"].pair.reference.stocks[-1] < 10).all()
    assert out["nearly nobody"].pair.base < 5
    return out


#: In the last two an index is missing, because nobody, or too few, were there at the start.
SCENES = ("one side", "two sides", "two sides after a year", "tiny", "nearly nobody", "nobody")
#: Outcomes that are drawn in all ways: an index, a stock, sums, a city, an amount, a register, few persons.
FOLLOWED = (
    ("index:hidden", ""),
    ("stock:synlig", ""),
    ("exit:videre", ""),
    ("outcome:offences_reported", ""),
    ("outcome:care_received", "Bergen"),
    ("outcome:fines_nok", ""),
    ("register:pu_orders/total/total", ""),
    ("exit:dod", ""),
)


def others(pair: Pair) -> list[Pair]:
    """Stand-ins for more runs: the same pair, and with a few persons more or less in free fall."""
    out = [pair]
    for more in (-1, 1, 2):
        sides = []
        for one in (pair.reference, pair.scenario):
            stocks = one.stocks.copy()
            stocks[:, Strategy.FRITT_FALL] = np.maximum(0, stocks[:, Strategy.FRITT_FALL] + more)
            sides.append(replace(one, stocks=stocks))
        out.append(Pair(sides[0], sides[1], pair.first))
    return out


def draw_outcome(scene: Scene, words: PictureWords, name: str, city: str, with_band: bool) -> Picture:
    spread = band(others(scene.pair), name, city) if with_band else None
    return draw_difference(outcome(scene.pair, name, city), words, scene.pair.first, LAST, spread)


#: Every picture by name, made of a scene and words.
PICTURES = {
    "vessels": lambda scene, words: draw_vessels(scene.look, words),
    "history": lambda scene, words: draw_history(scene.look, words, LAST),
    "history with a band": lambda scene, words: draw_history(
        scene.look, words, LAST, band(others(scene.pair), "index:hidden")
    ),
    "tiles": lambda scene, words: draw_tiles(scene.look, words),
    "iceberg": lambda scene, words: draw_iceberg(scene.look, words),
    "registers": lambda scene, words: draw_registers(scene.look, words, LAST),
    "registers of a small country": lambda scene, words: draw_registers(scene.look, words, LAST, SCALE),
    "network": lambda scene, words: draw_network(scene.net, words),
    "network with somebody marked": lambda scene, words: draw_network(scene.net, words, scene.followed.code),
    "life": lambda scene, words: draw_life(scene.followed, words, scene.month, both=scene.has_parted),
    **{
        f"difference of {name}{' in ' + city if city else ''}{' with a band' if with_band else ''}": (
            lambda scene, words, name=name, city=city, with_band=with_band: draw_outcome(
                scene, words, name, city, with_band
            )
        )
        for name, city in FOLLOWED
        for with_band in (False, True)
    },
}


# -- what every picture must be ----------------------------------------------------------------------------------

SVG = "{http://www.w3.org/2000/svg}"


def parsed(picture: Picture) -> ElementTree.Element:
    return ElementTree.fromstring(picture.svg)


def placed(
    element: ElementTree.Element, shift: tuple[float, float] = (0.0, 0.0)
) -> Iterator[tuple[ElementTree.Element, tuple[float, float]]]:
    """Every element, with how far the groups around it shift it."""
    moved = re.fullmatch(r"translate\(([-\d.]+) ([-\d.]+)\)", element.get("transform", "translate(0 0)"))
    assert moved is not None, "groups are shifted and nothing else"
    shift = (shift[0] + float(moved[1]), shift[1] + float(moved[2]))
    yield element, shift
    for child in element:
        yield from placed(child, shift)


def texts(root: ElementTree.Element, tag: str = "text") -> list[str]:
    return [element.text or "" for element in root.iter(f"{SVG}{tag}")]


def all_words(root: ElementTree.Element) -> list[str]:
    return [*texts(root), *texts(root, "title"), root.get("aria-label", "")]


def assert_sound(picture: Picture) -> ElementTree.Element:
    """Asserts what holds for every picture; gives its root."""
    root = parsed(picture)
    assert root.tag == f"{SVG}svg"
    assert root.get("role") == "img"
    assert root.get("aria-label") == picture.alt != ""
    left, top, width, height = (float(n) for n in root.get("viewBox", "").split())
    assert (left, top) == (0, 0)
    known = {f"{SVG}{tag}" for tag in ("svg", "g", "rect", "line", "path", "circle", "text", "title")}
    for element, (x, y) in placed(root):
        assert element.tag in known, element.tag
        for name, value in element.attrib.items():
            if name not in ("aria-label", "style", "font-family"):
                assert not re.search(r"nan|inf|None", value), (element.tag, name, value)
        if element.tag == f"{SVG}text":
            assert -60 <= x + float(element.get("x", "nan")) <= width + 60, (element.text, element.attrib)
            assert -60 <= y + float(element.get("y", "nan")) <= height + 60, (element.text, element.attrib)
        if element.tag == f"{SVG}rect":
            assert float(element.get("width", "nan")) > 0
            assert float(element.get("height", "nan")) > 0
        if element.tag == f"{SVG}circle":
            assert float(element.get("r", "nan")) > 0
    return root


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("scene", SCENES)
@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_is_sound(scenes, name, scene, lang):
    picture = PICTURES[name](scenes[scene], words_in(lang))
    root = assert_sound(picture)
    found = [text for text in all_words(root) if BANNED.search(text)]
    assert found == []
    assert not [text for text in all_words(root) if "{" in text or "}" in text], "every number is put in"
    assert PICTURES[name](scenes[scene], words_in(lang)).svg == picture.svg, "the same bytes every time"


@pytest.mark.parametrize("scene", SCENES)
@pytest.mark.parametrize("name", [name for name in PICTURES if not name.startswith("difference")])
def test_there_is_a_group_for_each_side(scenes, name, scene):
    if name.startswith(("life", "registers", "history")):
        return
    root = parsed(PICTURES[name](scenes[scene], words_in("en")))
    groups = [g.get("class") for g in root.iter(f"{SVG}g") if g.get("class") in ("reference", "scenario")]
    assert groups == (["reference", "scenario"] if scenes[scene].has_parted else ["reference"])


@pytest.mark.parametrize("city", ["", "Oslo", "Stavanger"])
def test_every_outcome_can_be_drawn(scenes, city):
    for name in outcomes(city):
        for lang in LANGUAGES:
            picture = draw_outcome(scenes["two sides after a year"], words_in(lang), name, city, True)
            root = assert_sound(picture)
            assert outcome_name(name, lang) in picture.alt
            assert not [text for text in all_words(root) if BANNED.search(text)]


#: Pictures that show the titles of both sides.
TITLED = ("vessels", "history", "history with a band", "tiles", "iceberg", "network")


@pytest.mark.parametrize("name", PICTURES)
def test_a_title_from_outside_is_text_and_nothing_else(scenes, name):
    scene = scenes["two sides after a year"]
    hostile = [{**row, "key": HOSTILE, "value": HOSTILE, "reference": HOSTILE} for row in LEVERS]
    words = PictureWords("en", HOSTILE, HOSTILE, hostile)
    root = assert_sound(PICTURES[name](scene, words))
    shown = re.sub(r"\s", "", "".join(texts(root)))
    if name in TITLED:
        assert shown.count(re.sub(r"\s", "", HOSTILE)) >= 2
    plain = assert_sound(PICTURES[name](scene, words_in("en")))
    assert {e.tag for e in root.iter()} == {e.tag for e in plain.iter()}, "no element comes from outside"
    assert {key for e in root.iter() for key in e.attrib} == {key for e in plain.iter() for key in e.attrib}


def test_a_long_title_does_not_run_out_of_the_picture(scenes):
    for name in TITLED:
        root = assert_sound(PICTURES[name](scenes["two sides"], words_in("nb", "Et langt navn " * 40)))
        assert not [text for text in texts(root) if len(text) > 200], name
        assert any(text.endswith("…") for text in texts(root)), name


#: Texts of one language only, as they stand alone in a picture.
ONLY = {
    lang: {texts_[lang] for texts_ in labels().values()} - {texts_[other] for texts_ in labels().values()}
    for lang, other in (("nb", "en"), ("en", "nb"))
}


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_speaks_one_language(scenes, name, lang):
    other = "en" if lang == "nb" else "nb"
    root = parsed(PICTURES[name](scenes["two sides after a year"], words_in(lang)))
    said = set(all_words(root))
    assert said & ONLY[other] == set()
    assert said & ONLY[lang], "it says something"


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("vessels", "live.own_scale"),
        ("vessels", "live.exit_tvangsretur"),
        ("tiles", "live.too_few"),
        ("iceberg", "live.below"),
        ("registers", "legend.observed"),
        ("network", "live.node_employer"),
        ("difference of index:hidden", "live.difference"),
        ("difference of index:hidden", "live.percent_of_reference"),
        ("history", "live.levers"),
        ("life", "legend.reference"),
    ],
)
def test_known_words_stand_in_the_right_language(scenes, name, key):
    scene = scenes["tiny" if key == "live.too_few" else "two sides after a year"]
    for lang, other in (("nb", "en"), ("en", "nb")):
        said = {text.lower() for text in texts(parsed(PICTURES[name](scene, words_in(lang))))}
        assert label(key, lang).lower() in said
        assert label(key, other).lower() not in said


# -- vessels -----------------------------------------------------------------------------------------------------


def vessel(root: ElementTree.Element, side: str, code: str) -> ElementTree.Element:
    (group,) = [g for g in root.iter(f"{SVG}g") if g.get("class") == side]
    (found,) = [g for g in group if g.get("class") == f"vessel {code}"]
    return found


def number(element: ElementTree.Element, name: str) -> float:
    return float(element.get(name, "nan"))


@pytest.mark.parametrize("scene", ["one side", "two sides", "two sides after a year"])
def test_a_vessel_is_as_deep_as_its_index(scenes, scene):
    seen = scenes[scene].look
    root = parsed(draw_vessels(seen, words_in("en")))
    units = []
    for name, side in zip(("reference", "scenario"), seen.sides, strict=False):
        for code in ("avhengig", "arbeidende", "marginalisert"):
            value = side.hidden[-1, HIDDEN.index(code)]
            outer, fluid = vessel(root, name, code).findall(f"{SVG}rect")
            assert value > 0
            units.append(number(fluid, "height") / value)
            assert number(fluid, "y") + number(fluid, "height") == pytest.approx(
                number(outer, "y") + number(outer, "height"), abs=0.02
            ), "it stands on the ground"
            assert number(fluid, "height") <= number(outer, "height")
        value = side.hidden[-1, HIDDEN.index("fritt_fall")]
        basin = vessel(root, name, "fritt_fall").findall(f"{SVG}rect")[1]
        units.append(number(basin, "width") / value)
    # Coordinates have two decimals; the least drawn here is some units deep.
    assert units == pytest.approx([units[0]] * len(units), rel=0.01)
    assert len({round(side.hidden[-1, 3], 3) for side in seen.sides}) == len(seen.sides), "the sides differ"


@pytest.mark.parametrize("scene", ["one side", "two sides after a year"])
def test_the_visible_have_a_scale_of_their_own_which_both_sides_share(scenes, scene):
    seen = scenes[scene].look
    root = parsed(draw_vessels(seen, words_in("en")))
    units = []
    for name, side in zip(("reference", "scenario"), seen.sides, strict=False):
        _, fluid = vessel(root, name, "synlig").findall(f"{SVG}rect")
        units.append(number(fluid, "height") / side.visible_index[-1])
        assert label("live.own_scale", "en") in texts(vessel(root, name, "synlig"))
    assert units == pytest.approx([units[0]] * len(units), rel=0.01)


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("scene", ["one side", "two sides after a year"])
def test_the_number_at_a_vessel_is_its_index(scenes, scene, lang):
    seen = scenes[scene].look
    root = parsed(draw_vessels(seen, words_in(lang)))
    for name, side in zip(("reference", "scenario"), seen.sides, strict=False):
        for code in STRATEGIES:
            value = side.visible_index[-1] if code == "synlig" else side.hidden[-1, HIDDEN.index(code)]
            (level,) = [t for t in vessel(root, name, code).iter(f"{SVG}text") if t.get("class") == "level"]
            assert level.text == str(round(value))


def test_the_level_of_the_reference_is_marked_in_the_scenario(scenes):
    seen = scenes["two sides after a year"].look
    root = parsed(draw_vessels(seen, words_in("en")))
    groups = {g.get("class"): g for g in root.iter(f"{SVG}g") if g.get("class") in ("reference", "scenario")}
    ghosts = {name: [e for e in group.iter() if e.get("class") == "ghost"] for name, group in groups.items()}
    assert (len(ghosts["reference"]), len(ghosts["scenario"])) == (0, 5)
    levels = {round(number(ghost, "y1"), 1) for ghost in ghosts["scenario"]}
    for code in ("avhengig", "arbeidende", "marginalisert", "synlig"):
        _, fluid = vessel(root, "reference", code).findall(f"{SVG}rect")
        assert round(number(fluid, "y"), 1) in levels, code


def test_arrows_have_points_of_the_index_rates_as_hints_and_none_of_few(scenes):
    seen = scenes["two sides after a year"].look
    root = parsed(draw_vessels(seen, words_in("nb")))
    shown = {e.text for e in root.iter(f"{SVG}text") if e.get("class") == "points"}
    flows = [flow for side in seen.sides for flow in side.flows if flow.destination in STRATEGIES]
    pipes = [flow for flow in flows if "fritt_fall" in (flow.origin, flow.destination)]
    drawn_flows = [*pipes, *(flow for flow in flows if flow.origin == "inflow")]
    assert shown == {drawn(flow.points, "nb") for flow in drawn_flows if flow.points is not None} != set()
    assert all(flow.points is None for flow in flows if flow.per_100 is None or flow.origin == "synlig")
    hints = " ".join(texts(root, "title"))
    rates = [flow for flow in pipes if flow.per_100 is not None and flow.origin in HIDDEN]
    assert rates and all(drawn(flow.per_100, "nb") in hints for flow in rates)
    few = [f for f in pipes if f.per_100 is None and f.origin in HIDDEN]
    assert few, "some arrow stands for fewer than five"
    for origin, key in ((few[0].origin, "live.few_went"), ("synlig", "live.no_rate")):
        assert label(key, "nb").format(origin=label(f"strategy.{origin}", "nb")) in hints


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_way_out_has_its_name_though_nobody_takes_it(scenes, lang):
    root = parsed(draw_vessels(scenes["one side"].look, words_in(lang)))
    shown = " ".join(texts(root))
    for code in EXITS:
        assert all(word in shown for word in label(f"live.exit_{code}", lang).split()), code


def test_ways_out_start_at_the_vessel_that_people_leave(scenes):
    seen = scenes["two sides after a year"].look
    root = parsed(draw_vessels(seen, words_in("en")))
    shown = sorted(e.get("class") for e in root.iter(f"{SVG}path") if (e.get("class") or "").startswith("exit "))
    left = [f for side in seen.sides for f in side.flows if f.destination in EXITS and f.origin in STRATEGIES]
    assert shown == sorted(f"exit {f.destination} from-{f.origin}" for f in left) != []
    assert any("from-synlig" in one for one in shown)


# -- the other pictures ------------------------------------------------------------------------------------------


def published_by_hand() -> dict[tuple[str, str, str], dict[int, float]]:
    """Published counts of the panels, read from the table without our own reader."""
    path = Path(next(iter(irregsim.__path__))) / "data" / "targets.csv"
    out: dict[tuple[str, str, str], dict[int, float]] = {panel: {} for panel in PANELS}
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            panel = (row["register"], row["dimension"], row["key"])
            year = row["period"][:4]
            whole = re.fullmatch(r"\d{4}(-(0[1-9]|1[0-2]))?", row["period"]) is not None
            if panel in out and row["use"] == "primary" and "percent" not in row["unit"] and whole and year >= "2012":
                out[panel][int(year)] = float(row["value"])
    return out


def test_published_points_are_those_of_the_targets(scenes):
    root = parsed(draw_registers(scenes["two sides after a year"].look, words_in("en"), month_number("2020-12")))
    points = [circle for circle in root.iter(f"{SVG}circle") if circle.find(f"{SVG}title") is not None]
    told = [circle.find(f"{SVG}title").text for circle in points]
    expected = [(year, value) for counts in published_by_hand().values() for year, value in counts.items()]
    assert len(expected) > 20
    assert sorted(told) == sorted(f"{year}: {value:g}" for year, value in expected)
    # Where they lie: in each panel on one scale from zero, and by year.
    for number_, counts in enumerate(published_by_hand().values()):
        bottom, left = 58 + number_ // 4 * 245 + 150, 50 + number_ % 4 * 320
        mine = {c.find(f"{SVG}title").text: c for c in points if left <= number(c, "cx") <= left + 262
                and bottom - 150 <= number(c, "cy") <= bottom}  # fmt: skip
        assert set(mine) == {f"{year}: {value:g}" for year, value in counts.items()}
        # The numbers at the axis stand 4 units below their lines.
        axis = {
            float(text.text.replace(",", "")): number(text, "y") - 4
            for text in root.iter(f"{SVG}text")
            if number(text, "x") == left - 6 and bottom - 150 <= number(text, "y") - 4 < bottom
        }
        unit = (bottom - axis[max(axis)]) / max(axis)
        for year, value in counts.items():
            assert number(mine[f"{year}: {value:g}"], "cy") == pytest.approx(bottom - unit * value, abs=0.05)
        places = {year: number(mine[f"{year}: {value:g}"], "cx") for year, value in counts.items()}
        assert places == pytest.approx({year: left + 262 * (year + 0.5 - 2012) / 9 for year in places}, abs=0.02)


def test_registers_have_the_spread_of_more_runs_behind_them(scenes):
    scene = scenes["two sides after a year"]
    bands = {panel: band(others(scene.pair), f"register:{'/'.join(panel)}") for panel in PANELS}
    plain, drawn = (
        parsed(draw_registers(scene.look, words_in("en"), month_number("2020-12"), 1.0, given)) for given in ({}, bands)
    )

    def areas(root) -> list[str]:
        return [path.get("d") for path in root.iter(f"{SVG}path") if path.get("fill-opacity") == "0.18"]

    known = [one for one in bands.values() if np.isfinite(one.reference[:, one.months % 12 == 11]).any()]
    assert areas(plain) == [] and len(areas(drawn)) == 2 * len(known) > len(PANELS)
    texts = [text.text for text in drawn.iter(f"{SVG}text")]
    assert f"shade: 95 % of {len(others(scene.pair))} runs" in texts


def test_only_counts_of_the_same_scope_and_of_a_time_are_published(monkeypatch):
    def target(**other):
        plain = {
            "dimension": "total",
            "key": "total",
            "use": "primary",
            "unit": "persons",
            "period": "2015",
            "value": 7.0,
        }
        return SimpleNamespace(**{**plain, **other})

    rows = [
        target(),
        target(period="2016-12", value=8.0),
        target(period="2011"),
        target(period="2016-2019"),
        target(period="2017", use="context"),
        target(period="2018", unit="percent of orders"),
        target(period="2019", key="Oslo"),
        target(period="2020", dimension="country"),
    ]
    monkeypatch.setattr(registers, "for_register", lambda name: rows if name == "pu_orders" else [])
    assert registers.published.__wrapped__(("pu_orders", "total", "total")) == {2015: 7.0, 2016: 8.0}


def test_the_iceberg_tells_registers_in_steps_of_five_and_an_index_below(scenes):
    scene = scenes["two sides after a year"]
    for side, shown in zip(
        scene.look.sides,
        [g for g in parsed(draw_iceberg(scene.look, words_in("en"))).iter(f"{SVG}g") if g.get("class")],
        strict=True,
    ):
        said = texts(shown)
        for panel in PANELS:
            assert drawn(float(round(side.registers[panel][2012] / 5) * 5), "en") in said
        assert label("live.below_index", "en").format(number=round(side.hidden[-1].sum())) in said
        for code in HIDDEN:
            name = label(f"strategy.{code}", "en").partition(" (")[0]
            assert f"{name} {drawn(round(side.hidden[-1, HIDDEN.index(code)]), 'en')}" in said


def test_before_the_first_whole_year_the_iceberg_has_no_counts(scenes):
    said = " ".join(texts(parsed(draw_iceberg(scenes["two sides"].look, words_in("en")))))
    assert label("live.above_none", "en") in said
    assert label("live.above", "en").format(year=2012) not in said


def test_the_history_ends_with_the_latest_month_and_names_the_levers(scenes):
    scene = scenes["two sides after a year"]
    picture = draw_history(scene.look, words_in("en"), LAST)
    root = parsed(picture)
    assert "February 2013" in picture.alt
    said = texts(root)
    assert label("live.levers", "en") in said
    assert label("live.no_levers", "en") not in said
    hints = texts(root, "title")
    assert [hint for hint in hints if hint.startswith("levers.reception_centres.stay_after_rejection: true → false")]
    none = texts(parsed(draw_history(scene.look, PictureWords("en", "a", "b"), LAST)))
    assert label("live.no_levers", "en") in none


def test_more_levers_than_find_room_are_counted(scenes):
    rows = [{"key": f"levers.x{n}", "from": "2012-01", "to": "2012-02", "reference": "1", "value": "2"}
            for n in range(8)]  # fmt: skip
    root = assert_sound(draw_history(scenes["two sides"].look, PictureWords("en", "a", "b", rows), LAST))
    assert label("live.more_levers", "en").format(number=3) in texts(root)
    assert [hint for hint in texts(root, "title") if hint.startswith("levers.x4: ")]
    assert not [hint for hint in texts(root, "title") if hint.startswith("levers.x5: ")]


def test_the_difference_says_what_a_band_tells(scenes):
    scene = scenes["two sides after a year"]
    found = outcome(scene.pair, "index:hidden")
    spread = band(others(scene.pair), "index:hidden")
    root = parsed(draw_difference(found, words_in("nb"), scene.pair.first, LAST, spread))
    said = " ".join(texts(root))
    ends = [float(end[-1]) for end in spread.difference]
    _, *numbers = rounded_effect(sum(ends) / 2, *ends, PERCENT, "nb")  # as tables write an interval
    low, high = (with_percent(one) for one in numbers)
    assert label("live.band_says", "nb").format(number=4, low=low, high=high) in said
    assert label("live.cannot_tell", "nb") not in said
    assert drawn(float(found.difference[-1]), "nb", signed=True) in said
    around = replace(spread, difference=np.stack([-np.ones(len(spread.months)), np.ones(len(spread.months))]))
    said = " ".join(texts(parsed(draw_difference(found, words_in("nb"), scene.pair.first, LAST, around))))
    assert label("live.cannot_tell", "nb") in said
    said = " ".join(texts(parsed(draw_difference(found, words_in("nb"), scene.pair.first, LAST))))
    assert label("live.one_run", "nb").partition(".")[0] in said


def test_a_difference_of_few_persons_says_so(scenes):
    pair = scenes["nearly nobody"].pair
    root = assert_sound(draw_difference(outcome(pair, "exit:dod"), words_in("en"), pair.first, LAST))
    assert label("live.few_behind", "en") in texts(root)


def test_tiles_have_all_districts_and_bars_that_add_up(scenes):
    scene = scenes["two sides"]
    root = parsed(draw_tiles(scene.look, words_in("en")))
    groups = [g for g in root.iter(f"{SVG}g") if g.get("class") in ("reference", "scenario")]
    for group, side in zip(groups, scene.look.sides, strict=True):
        tiles = [g for g in group if g.get("class") == "tile"]
        assert len(tiles) == 9
        for tile in tiles:
            name = texts(tile)[0]
            bars = [rect for rect in tile.findall(f"{SVG}rect") if rect.find(f"{SVG}title") is not None]
            wide = sum(number(bar, "width") for bar in bars)
            drawn = [side.shares[key] for key in (name, f"city:{name}") if key in side.shares]
            assert drawn
            assert wide % 132 == pytest.approx(0, abs=0.1) or wide % 132 == pytest.approx(132, abs=0.1)
            told = [text for text in texts(tile, "title") if text.endswith("%")]
            assert all(int(text.rpartition(": ")[2].removesuffix("\N{NO-BREAK SPACE}%")) % 5 == 0 for text in told)


def test_a_life_is_drawn_spell_by_spell():
    before = (
        Spell("synlig", 30, 36, "walkout"),
        Spell("fritt_fall", 36, 36, "choice"),
        Spell("avhengig", 36, None, ""),
    )
    after = (Spell("synlig", 30, 40, "onward"), Spell("videre", 40, None, ""))
    root = assert_sound(draw_life(Twin(7, (before, after), 36), words_in("en"), 47))
    spells = [rect for rect in root.iter(f"{SVG}rect") if rect.get("class") == "spell"]
    names = [rect.find(f"{SVG}title").text for rect in spells]
    assert names == ["“visible”", "“supported by others”", "“visible”", label("exit.videre", "en").partition(" (")[0]]
    months = 1100 / (48 - 30)
    widths = [number(rect, "width") / months for rect in spells]
    assert widths == pytest.approx([6, 12, 10, 8], abs=0.01)
    assert label("live.parting", "en").format(month="January 2012") in texts(root)
    one = assert_sound(draw_life(Twin(7, (before, before), None), words_in("en"), 47, both=False))
    assert len([rect for rect in one.iter(f"{SVG}rect") if rect.get("class") == "spell"]) == 2
    none = assert_sound(draw_life(Twin(7, ((), after), 30), words_in("en"), 47))
    assert label("live.not_come", "en") in texts(none)
    assert_sound(draw_life(Twin(7, ((), ()), None), words_in("en"), 47))


def test_the_network_marks_who_is_followed_and_draws_everybody(scenes):
    scene = scenes["two sides"]
    person = next(node for node, data in scene.net.graphs[0].nodes.items() if data["kind"] == "person")
    plain, marked = (parsed(draw_network(scene.net, words_in("en"), who)) for who in ("", person))
    for root in (plain, marked):
        drawn = [circle for circle in root.iter(f"{SVG}circle") if circle.get("class") == "person"]
        assert len(drawn) == sum(
            data["kind"] == "person" for graph in scene.net.graphs for data in graph.nodes.values()
        )
    rings = [[c for c in root.iter(f"{SVG}circle") if c.get("r") == "10"] for root in (plain, marked)]
    assert (len(rings[0]), len(rings[1])) == (0, sum(person in graph for graph in scene.net.graphs))


def test_a_network_of_nobody_can_be_drawn(scenes):
    graphs = tuple(graph.copy() for graph in scenes["two sides"].net.graphs)
    for graph in graphs:
        graph.remove_nodes_from(list(graph))
    assert_sound(draw_network(Net(graphs, {}, 0), words_in("nb")))


# -- charts ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "en", "nb"),
    [
        (0, "0", "0"),
        (-0.0, "0", "0"),
        (7, "7", "7"),
        (1234567, "1,234,567", "1\u00a0234\u00a0567"),
        (1234.5678, "1,235", "1\u00a0235"),
        (12.4, "12", "12"),
        (2.55, "2.5", "2,5"),
        (1.04, "1.0", "1,0"),
        (0.257, "0.26", "0,26"),
        (0.001, "0", "0"),
        (-0.001, "0", "0"),
        (-3, "−3", "−3"),
        (-0.5, "−0.50", "−0,50"),
        (-1500, "−1,500", "−1\u00a0500"),
        (float("nan"), "–", "–"),
    ],
)
def test_numbers_are_written_for_readers(value, en, nb):
    assert drawn(value, "en") == en
    assert drawn(value, "nb") == nb


@pytest.mark.parametrize(("value", "text"), [(3, "+3"), (-3, "−3"), (0, "0"), (0.25, "+0.25"), (float("nan"), "–")])
def test_numbers_may_have_a_sign(value, text):
    assert drawn(value, "en", signed=True) == text


def test_ticks_are_round_and_inside():
    assert ticks(0, 10, 5) == [0, 2, 4, 6, 8, 10]
    assert ticks(0, 130, 5) == [0, 50, 100]
    assert ticks(0, 130, 6) == [0, 25, 50, 75, 100, 125]
    assert ticks(-3, 3, 3) == [-2, 0, 2]
    assert ticks(2012, 2031, 8, whole=True) == [2015, 2020, 2025, 2030]
    assert ticks(2012, 2014.5, 8, whole=True) == [2012, 2013, 2014]
    assert ticks(0, 1, 4, whole=True) == [0, 1]


@given(st.floats(-1e6, 1e6), st.floats(0.01, 1e6), st.integers(2, 9), st.booleans())
@settings(deadline=None)
def test_ticks_never_lie_outside(low, length, most, whole):
    high = low + length
    found = ticks(low, high, most, whole=whole)
    assert all(low - 1e-6 <= tick <= high + 1e-6 for tick in found)
    assert found == sorted(set(found))
    assert not whole or all(tick == int(tick) for tick in found)


@pytest.mark.parametrize(
    ("values", "least", "top"),
    [
        ([], 1.0, 1.5),
        ([np.nan], 10.0, 15.0),
        ([3.0, np.nan], 1.0, 3.5),
        ([96.0], 1.0, 100.0),
        ([97.0], 1.0, 105.0),
        ([100.0], 1.0, 150.0),
        ([0.2], 0.1, 0.25),
        ([-50.0], 1.0, 1.5),
    ],
)
def test_the_top_of_an_axis_is_round_and_above_everything(values, least, top):
    assert top_of(np.array(values), least=least) == pytest.approx(top)


@given(st.lists(st.floats(0, 1e6), max_size=5), st.floats(0.1, 100))
def test_the_top_holds_all_values(values, least):
    top = top_of(np.array(values), least=least)
    largest = max([least, *values])
    assert largest * 1.04 <= top * (1 + 1e-9)
    assert top <= max(2 * largest, largest * 1.04 + 10 ** np.floor(np.log10(largest)) / 2 + 1e-9)


@pytest.mark.parametrize(
    ("series", "ends"),
    [
        ([], (-3.0, 3.0)),
        ([[np.nan, np.nan]], (-3.0, 3.0)),
        ([[0.0, 0.0]], (-3.0, 3.0)),
        ([[3.0, -1.0]], (-1.5, 3.5)),
        ([[3.0], [np.nan]], (-0.28, 3.5)),
        ([[-3.0, 0.0]], (-3.5, 0.28)),
        ([[0.1]], (-0.12, 1.5)),
    ],
)
def test_an_axis_of_differences_holds_zero_and_all_values(series, ends):
    assert ends_of(*(np.array(one) for one in series), least=3.0) == pytest.approx(ends)


def test_months_end_where_the_next_begins():
    assert year_of_months(np.array([month_number("2019-12"), month_number("2020-06")])).tolist() == [2020.0, 2020.5]


def test_lines_have_gaps_where_values_are_missing():
    svg = Svg(100, 100, "x")
    axes = Axes(svg, 10, 10, 80, 80, (0.0, 4.0), (0.0, 10.0), "en")
    x, y = np.arange(5.0), np.array([0.0, 5.0, np.nan, 10.0, np.nan])
    assert axes.points(x, y) == [[(10.0, 90.0), (30.0, 50.0)], [(70.0, 10.0)]]
    axes.line(x, y, "#000000")
    root = parsed(svg.done())
    assert [e.tag.removeprefix(SVG) for e in root] == ["path", "circle"], "a single value is a dot"
    empty = Svg(100, 100, "x")
    Axes(empty, 10, 10, 80, 80, (0.0, 4.0), (0.0, 10.0), "en").line(x, np.full(5, np.nan), "#000000")
    assert list(parsed(empty.done())) == []


def test_an_area_leaves_out_what_is_missing():
    svg = Svg(100, 100, "x")
    axes = Axes(svg, 0, 0, 100, 100, (0.0, 2.0), (0.0, 10.0), "en")
    axes.area(np.arange(3.0), np.array([0, np.nan, 0]), np.array([10, 5, 10]), "#000000")
    (path,) = parsed(svg.done())
    assert path.get("d") == "M0 0L100 0L100 100L0 100Z"


def test_months_of_assumptions_are_shaded_as_in_all_other_pictures(monkeypatch):
    monkeypatch.setattr(chart, "ASSUMED", ("2021-01", "2026-01"))
    partly, wholly = (50.0, 25.0, LIGHT_SHADE), (75.0, 25.0, SHADE)
    for last, shaded in ((2021.0, []), (2031.0, [partly, wholly])):
        svg = Svg(100, 100, "x")
        Axes(svg, 0, 0, 100, 100, (2011.0, last), (0.0, 1.0), "en").shade_assumptions(words=True)
        root = parsed(svg.done())
        rects = [(number(r, "x"), number(r, "width"), r.get("fill")) for r in root.iter(f"{SVG}rect")]
        assert rects == shaded
        told = ["partly assumed from 2021-01", "assumed from 2026-01"] if shaded else []
        assert [text.text for text in root.iter(f"{SVG}text")] == told


# -- the drawing itself ------------------------------------------------------------------------------------------


def test_a_rectangle_without_size_and_a_line_of_one_point_are_left_out():
    svg = Svg(10, 10, "x")
    svg.rect(0, 0, 0, 5, "#000000")
    svg.rect(0, 0, 5, -1, "#000000")
    svg.path([(1, 1)])
    svg.arrow(1, 1, 1, 1, 2, "#000000")
    assert list(parsed(svg.done())) == []


def test_attributes_are_rounded_and_those_that_are_none_left_out():
    svg = Svg(10.005, 20, 'a "b" <c>')
    svg.rect(1 / 3, 2.0, 3.10, 4, "#123456", hint="h & h", class_="k", stroke=None, fill_opacity=0.85)
    root = parsed(svg.done())
    assert root.get("aria-label") == 'a "b" <c>'
    (rect,) = root
    assert rect.attrib == {
        "x": "0.33",
        "y": "2",
        "width": "3.1",
        "height": "4",
        "fill": "#123456",
        "class": "k",
        "fill-opacity": "0.85",
    }
    assert rect.find(f"{SVG}title").text == "h & h"


def test_a_paragraph_is_cut_after_its_last_line():
    svg = Svg(300, 300, "x")
    end = svg.paragraph(10, 20, "one two three four five six seven eight nine ten", 60, 10, most=2)
    lines = list(parsed(svg.done()))
    assert [number(line, "y") for line in lines] == [20, 33]
    assert end == pytest.approx(46)
    assert lines[-1].text.endswith(" …")
    whole = Svg(300, 300, "x")
    whole.paragraph(10, 20, "one two", 600, 10, most=2)
    assert texts(parsed(whole.done())) == ["one two"]


def test_groups_close_also_when_something_fails():
    svg = Svg(10, 10, "x")
    with pytest.raises(KeyError), svg.group(class_="a"):
        raise KeyError
    svg.rect(0, 0, 1, 1, "#000000")
    group, rect = parsed(svg.done())
    assert (group.get("class"), list(group), rect.tag) == ("a", [], f"{SVG}rect")


@pytest.mark.parametrize("lang", LANGUAGES)
def test_panels_have_names_of_their_own(lang):
    names = [panel_words(panel, lang) for panel in PANELS]
    assert len(set(names)) == len(names)
    assert all(name[0].isupper() for name in names)
    assert [outcome_name(f"register:{'/'.join(panel)}", lang) for panel in PANELS] == names


def test_words_of_sides_and_months():
    words = PictureWords("nb", "A", "B")
    assert (words.title(0), words.title(1)) == ("A", "B")
    assert PictureWords("en").title(0) == label("legend.reference", "en")
    assert [words.month(month_number(m)) for m in ("2012-01", "2030-12")] == ["januar 2012", "desember 2030"]
    assert PictureWords("en").month(month_number("2024-03")) == "March 2024"
    assert SimpleNamespace(text=words("centre_count", number=3)).text == "mottak: 3"
