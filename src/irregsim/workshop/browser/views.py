"""The views of the page: what each tab shows of the model that runs."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any, Final

import numpy as np
import reacton.ipyvuetify as rv
import solara
import solara.lab
from mesa.visualization import make_plot_component, solara_viz
from mesa.visualization.utils import force_update, update_counter

from irregsim.present.colours import COLOURS
from irregsim.present.plots.style import assumption_spans
from irregsim.present.words import state_words, upper
from irregsim.vocabulary.codes import CITIES, HIDDEN, Strategy, month_text
from irregsim.vocabulary.labels import label
from irregsim.workshop.address import Shown, query_of
from irregsim.workshop.browser.exercise import Exercises, Guide, Use
from irregsim.workshop.browser.guide import Beside, slide_note
from irregsim.workshop.browser.parts import Drawn, MonthHead, Moving
from irregsim.workshop.browser.server import SERVER
from irregsim.workshop.browser.share import code_of
from irregsim.workshop.browser.words import Say
from irregsim.workshop.exercises import TABS
from irregsim.workshop.live.followed import outcomes
from irregsim.workshop.live.lives import Twin, said_number
from irregsim.workshop.pace import stepped_last
from irregsim.workshop.pictures.chart import ASSUMED, year_of_months
from irregsim.workshop.pictures.difference import draw_difference
from irregsim.workshop.pictures.history import draw_history
from irregsim.workshop.pictures.iceberg import draw_iceberg
from irregsim.workshop.pictures.life import draw_life
from irregsim.workshop.pictures.network import draw_network
from irregsim.workshop.pictures.registers import draw_registers
from irregsim.workshop.pictures.svg import LEGIBLE, Picture
from irregsim.workshop.pictures.tiles import draw_tiles
from irregsim.workshop.pictures.vessels import draw_vessels
from irregsim.workshop.pictures.words import PictureWords, outcome_name, short
from irregsim.workshop.replicate_band import warm_up
from irregsim.workshop.room import Room, RoomModel

#: A picture of nothing, for views without one: the page reports that it has drawn it.
NOTHING: Final = Picture("<svg width='0' height='0'></svg>", "")

#: Draws a picture of what may be shown.
Draw = Callable[[], Picture]


def show_month() -> None:
    """Stands in for Mesa's call after a step: leaves out the months that the page has no time for.

    Every such call has the whole page compared, controls included, which takes as long as a month.
    """
    pace = stepped_last()
    if pace is None or not pace.leaves_out(force_update):
        force_update()


solara_viz.force_update = show_month


@solara.component
def Views(
    room: Room, model: RoomModel, say: Say, tab: int, on_tab: Callable[[int], None], version: int, use: Use
) -> None:
    """Month, tabs and the chosen view; redrawn with the steps of Mesa's controls that `show_month` lets through."""
    update_counter.get()
    more, set_more = solara.use_state(0)
    # The same object every time, or `View` would be drawn with it.
    told = solara.use_memo(lambda: lambda: set_more(lambda n: n + 1), [])
    if room.model is not model:
        return  # another is being made
    state = (model.number, model.changes, tab, say.lang, version, more, room.space)
    View(room, say, tab, on_tab, use, told, room.pace.shown(state), state)


@solara.component
def View(
    room: Room,
    say: Say,
    tab: int,
    on_tab: Callable[[int], None],
    use: Use,
    told: Callable[[], None],
    frame: int,
    state: object,
) -> None:
    """What `Views` shows of one month.

    A component is drawn again only when what it is given has changed: so all that read the room are given ``frame``.
    """
    words = PictureWords(say.lang, *room.running.titles(say.lang), room.running.differences, room.space)
    Head(room, say, frame, told, tab)
    with solara.lab.Tabs(value=tab, on_value=on_tab, dark=False):
        for name in TABS:
            solara.lab.Tab(say(f"tab_{name}"))
    name = TABS[tab]
    model = room.model
    if model is not None:
        room.results.take(room.running, model.world.month, room.pair, room.exercise)
    if name != "exercises":
        Guide(room, say, frame, use, on_tab, told)

    def show(picture: Picture) -> None:
        Drawn(picture, frame, room.pace.drawn)

    last = room.running.scenario.end
    with rv.Html(tag="div", class_=f"irregsim-view view-{name}"):
        if name == "vessels":
            Moving(draw_vessels(room.look(), words), room.dots(), frame, room.pace.drawn)
        elif name == "history":
            show(draw_history(room.look(), words, last, room.band("index:hidden")))
            RunMore(room, say, told, frame)
        elif name == "difference":
            Difference(room, say, words, frame, told)
        elif name == "tiles":
            show(draw_tiles(room.look(), words))
        elif name == "network":
            show(draw_network(room.network(), words))
        elif name == "iceberg":
            show(draw_iceberg(room.look(), words))
        elif name == "life":
            OneLife(room, say, words, frame)
        elif name == "registers":
            show(draw_registers(room.look(), words, last, room.running.scale, room.register_bands()))
            RunMore(room, say, told, frame)
        elif name == "exercises":
            Exercises(room, say, frame, use, on_tab, told)
            show(NOTHING)  # so that the next month need not wait for a picture
        else:
            MesaPlot(room, say, frame)
        if name != "exercises":
            relative = name == "difference" and room.is_exercise
            note = say("note_difference_exercise") if relative else say(f"note_{name}")
            below = f"{note} {say('note_dots')}" if name == "vessels" else note
            rv.Html(tag="p", class_="irregsim-note", children=[below])
        Beside(say, name)


def assumed(month: int, lang: str) -> str:
    """What is said of a month that rests on assumptions; empty before."""
    told = [text for start, _, text in assumption_spans(ASSUMED, lang) if year_of_months(np.array([month]))[0] > start]
    return told[-1] if told else ""


#: Seconds between months that can be chosen, by the words for the speed.
SPEEDS: Final = {"fast": 0.0, "medium": 0.35, "slow": 1.0}


@solara.component
def Head(room: Room, say: Say, frame: int, told: Callable[[], None], tab: int) -> None:
    """The month, what is compared, and what must always be said."""
    code, set_code = solara.use_state({"link": "", "svg": ""})

    def size(sized: list[float]) -> None:
        wide, high = (float(one) for one in sized)
        space = (min(wide, 8000.0), min(high, 8000.0)) if wide > 200 and high > 200 else None
        if space != room.space:
            room.space = space
            told()

    model = room.model
    assert model is not None, "shown once there is a model"
    words = PictureWords(say.lang)
    month = model.world.month
    reference, scenario = room.running.titles(say.lang)
    compared = say("compared", scenario=scenario, reference=reference) if model.parts_at is not None else reference
    MonthHead(
        month=upper(words.month(month)),
        assumed=assumed(month, say.lang),
        compared=compared,
        care=say("care"),
        state=f"month={month_text(month)} steps={model.steps} parted={str(model.has_parted).lower()}",
        words=_bar_words(say) | {"slide_note": slide_note(room, say)},
        months=[
            (month_text(one), words.month(one))
            for one in range(model.first, room.running.scenario.end + 1)
            if one % 6 == 5 or one == room.running.scenario.end
        ],
        address=query_of(shown_in(room, say.lang), SERVER.settings),
        shared=SERVER.shared,
        code=code,
        order=list(room.order),
        event_coded=lambda link: set_code({"link": link, "svg": code_of(link)}),
        event_sized=size,
        event_until=lambda text: room.run_until(text),
        event_speed=lambda seconds: room.set_rest(seconds),
    )


def shown_in(room: Room, lang: str) -> Shown:
    """What a room shows, for the address of its page."""
    model = room.model
    has_run = model is not None and model.steps > 0
    return Shown(
        settings=room.settings,
        month=month_text(model.world.month) if model is not None and has_run else "",
        tab=room.tab,
        outcome=room.outcome_name,
        city=room.city,
        exercise=room.exercise,
        answers=room.answers,
        revealed=dict(room.revealed),
        lang="" if lang == SERVER.lang else lang,
    )


def _bar_words(say: Say) -> dict[str, Any]:
    """Words of the bar for a projector, and of the link to the page."""
    keys = ("title", "projector", "projector_off", "run_to", "speed", "play", "care_short",
            "share", "share_what", "share_local", "share_long", "link", "copy_link", "copied", "close",
            "slide", "slide_short")  # fmt: skip
    words: dict[str, Any] = {key: say(key) for key in keys}
    speeds = [(f"{seconds:g}", say(f"speed_{name}")) for name, seconds in SPEEDS.items()]
    return words | {"lang": say.lang, "step": say("mesa_step"), "speeds": speeds}


@solara.component
def RunMore(room: Room, say: Say, told: Callable[[], None], frame: int) -> None:
    """The button that draws the band, and how far it has come."""
    model, work = room.model, room.more

    def stop() -> None:
        room.stop_more()
        told()

    def begin() -> None:
        room.run_more(told)
        told()

    solara.use_effect(warm_up, [])  # so that they are there when the button is pressed
    with rv.Html(tag="div", class_="irregsim-more"):
        if work is not None and work.is_running:
            done = len(work.pairs)
            text = say("more_waits") if work.is_waiting else say("more_runs", done=done, total=work.total)
            rv.Html(tag="span", children=[text])
            rv.ProgressLinear(value=100 * done / work.total, style_="max-width:260px", height=6)
            solara.Button(say("stop"), small=True, outlined=True, on_click=stop)
            return
        can = model is not None and model.steps > 0
        solara.Button(say("run_more"), color="primary", outlined=True, small=True, disabled=not can, on_click=begin)
        if work is not None and work.pairs:
            rv.Html(tag="span", children=[say("more_done", n=len(work.pairs) + 1, month=month_text(work.until))])
        if work is not None and work.error:
            rv.Html(tag="span", children=[work.error])


@solara.component
def Difference(room: Room, say: Say, words: PictureWords, frame: int, told: Callable[[], None]) -> None:
    """One outcome of both sides and how the difference grows."""
    name, city = room.outcome_name, room.city
    country = say("country_whole")
    cities = {country: "", **{label(f"city.{one}", say.lang): one for one in CITIES}}
    names = {outcome_name(one, say.lang): one for one in outcomes(city)}
    if name not in names.values():
        name = next(iter(names.values()))

    def choose(text: str) -> None:
        room.outcome_name = names[text]
        told()

    def choose_city(text: str) -> None:
        room.city = cities[text]
        if room.outcome_name not in outcomes(room.city):
            room.outcome_name = ""
        told()

    with rv.Html(tag="div", style_="display:flex;gap:16px;align-items:center;flex-wrap:wrap"):
        shown = next(text for text, one in names.items() if one == name)
        solara.Select(label=say("outcome"), value=shown, values=list(names), on_value=choose,
                      dense=True, style="min-width:360px")  # fmt: skip
        where = next(text for text, one in cities.items() if one == city)
        solara.Select(label=say("where"), value=where, values=list(cities), on_value=choose_city, dense=True,
                      style="min-width:190px")  # fmt: skip
        RunMore(room, say, told, frame)
    assert room.model is not None, "shown once there is a model"
    picture = draw_difference(
        room.outcome(name, city), words, room.model.first, room.running.scenario.end, room.band(name, city)
    )
    Drawn(picture, frame, room.pace.drawn)


@solara.component
def OneLife(room: Room, say: Say, words: PictureWords, frame: int) -> None:
    """One synthetic person, month by month, on both sides; with the reason for each change."""
    model = room.model
    assert model is not None, "shown once there is a model"
    person, set_person = solara.use_state(None)
    number, set_number = solara.use_state(0)
    way, set_way = solara.use_state("")
    twins = room.twins()
    if person is None:
        # Twins who live differently are what a comparison is about; before there are any, anybody.
        person = twins[0].person if twins else room.someone(number, _strategy(way))

    def keep() -> None:
        # A person who is shown stays shown, even after leaving.
        set_person(person)

    solara.use_effect(keep, [person])

    def another() -> None:
        set_number(number + 1)
        set_person(room.someone(number + 1, _strategy(way)))

    def choose_way(text: str) -> None:
        code = ways[text]
        set_way(code)
        set_person(room.someone(number, _strategy(code)))

    ways = {say("any_way"): "", **{state_words(s.code, say.lang): s.code for s in Strategy}}
    with rv.Html(tag="div", style_="display:flex;gap:16px;align-items:center;flex-wrap:wrap"):
        shown = next(text for text, code in ways.items() if code == way)
        solara.Select(label=say("lives_now"), value=shown, values=list(ways), on_value=choose_way, dense=True,
                      style="min-width:280px")  # fmt: skip
        solara.Button(say("another"), small=True, outlined=True, on_click=another)
        if twins:
            told = {say("twin", number=i + 1): one.person for i, one in enumerate(twins)}
            current = next((text for text, one in told.items() if one == person), None)
            solara.Select(label=say("twins"), value=current, values=list(told), dense=True,
                          on_value=lambda text: set_person(told[text]), style="min-width:220px")  # fmt: skip
    if person is None:
        solara.Text(say("nobody"))
        Drawn(NOTHING, frame, room.pace.drawn)
        return
    twin = room.twin(person)
    Drawn(draw_life(twin, words, model.world.month, both=model.has_parted), frame, room.pace.drawn)
    with rv.Html(tag="div", class_="irregsim-life"):
        Facts(room, say, person, model.has_parted, frame)
        Events(twin, say, words, model.has_parted)


def _strategy(code: str) -> Strategy | None:
    return next((one for one in Strategy if one.code == code), None)


@solara.component
def Facts(room: Room, say: Say, person: int, both: bool, frame: int) -> None:
    """What is shown of the person now, side by side."""
    sides = room.facts(person)
    shown = sides if both else sides[1:]
    rows = [key for key in _TOLD if any(side is not None for side in shown)]
    with rv.Html(tag="table", class_="irregsim-facts"):
        rv.Html(tag="caption", children=[say("person", code=said_number(person))])
        if both:
            heads = ["", label("legend.reference", say.lang), label("legend.scenario", say.lang)]
            rv.Html(tag="tr", children=[rv.Html(tag="th", children=[upper(head)]) for head in heads])
        if not rows:
            rv.Html(tag="tr", children=[rv.Html(tag="td", children=[say("gone")])])
        for row, key in enumerate(rows):
            gone = "" if row else say("gone")  # said once
            cells = [gone if side is None else _fact(key, side, say) for side in shown]
            head = rv.Html(tag="th", children=[say(f"fact_{key}")])
            rv.Html(tag="tr", children=[head, *(rv.Html(tag="td", children=[cell]) for cell in cells)])


#: What is shown, in this order.
_TOLD: Final = (
    "place", "route", "household", "age", "years", "months", "provider", "side", "ties", "risk", "decision",
    "feasibility",
)  # fmt: skip


def _fact(key: str, side: dict[str, Any], say: Say) -> str:
    value = side[key]
    if key == "place":
        return label(str(value), say.lang)
    if key in ("route", "household", "decision", "feasibility", "side"):
        return label(f"{key}.{value}", say.lang)
    if key == "provider":
        return label(f"substrategy.{value}", say.lang) if value else "–"
    if key == "risk":
        return say(f"risk_{value}")
    if key == "age":
        return say("age_about", age=value)
    return str(value)


@solara.component
def Events(twin: Twin, say: Say, words: PictureWords, both: bool) -> None:
    """Every change of both lives in the order of months, with its cause and what is behind it."""
    sides = [("reference", twin.lives[0]), ("scenario", twin.lives[1])] if both else [("", twin.lives[0])]
    rows = []
    for side, life in sides:
        if life:
            rows.append((life[0].start, side, "", life[0].state, "start"))
        for before, after in itertools.pairwise(life):
            if before.end is not None:
                rows.append((before.end, side, before.state, after.state, before.cause))
    same = {row[:1] + row[2:] for row in rows if row[1] == "reference"} & {
        row[:1] + row[2:] for row in rows if row[1] == "scenario"
    }
    with rv.Html(tag="table", class_="irregsim-events"):
        heads = [say("month"), *([say("side")] if both else []), say("what"), say("why")]
        rv.Html(tag="tr", children=[rv.Html(tag="th", children=[head]) for head in heads])
        # Within a month and a side in the order in which it happened.
        for month, side, old, new, cause in sorted(dict.fromkeys(rows), key=lambda row: row[:2]):
            shared = (month, old, new, cause) in same
            if shared and side == "scenario":
                continue
            where = say("both_sides") if shared else upper(label(f"legend.{side}", say.lang)) if side else ""
            what = f"{state_words(old, say.lang)} → {state_words(new, say.lang)}" if old else state_words(new, say.lang)
            reason = rv.Html(tag="div", class_="irregsim-reason", children=[label(f"reason.{cause}", say.lang)])
            why = [label(f"cause.{cause}", say.lang), reason]
            cells = [[words.month(month)], *([[where]] if both else []), [what], why]
            rv.Html(tag="tr", children=[rv.Html(tag="td", children=cell) for cell in cells])


@solara.component
def MesaPlot(room: Room, say: Say, frame: int) -> None:
    """Mesa's own plot of what the model's data collector collects."""
    colours = {f"index_{code}": COLOURS[code] for code in HIDDEN}
    # Its value, not the room: functions that hold the same objects are taken for the same, and nothing is drawn again.
    space = room.space
    component = make_plot_component(colours, post_process=lambda axes: name_plot(axes, say, space))
    # Mesa gives the component and the number of a page.
    plot = component[0] if isinstance(component, tuple) else component
    plot(room.model)
    Drawn(NOTHING, frame, room.pace.drawn)


#: Pixels of an inch and points of an inch in Mesa's plot.
_DPI, _POINTS = 100.0, 72.0


def name_plot(axes: Any, say: Say, space: tuple[float, float] | None) -> None:
    """Puts words in the place of the codes in Mesa's plot, in large type where a projector shows it.

    Args:
        axes: Matplotlib's axes, as Mesa has drawn them.
        say: Words.
        space: As in `Room`.
    """
    size = LEGIBLE * _POINTS / _DPI if space is not None else 9.0
    if space is not None:
        # Beside it there is room for the names, which an image made smaller would take below what can be read.
        axes.figure.set_size_inches(max(300.0, space[0] - 420.0) / 0.9 / _DPI, 0.8 * space[1] / _DPI)
    axes.figure.set_dpi(_DPI)
    for line, code in zip(axes.get_lines(), HIDDEN, strict=True):
        line.set_label(short(code, say.lang))
    axes.legend(fontsize=size, loc="upper left", bbox_to_anchor=(1.01, 1.0), frameon=False)
    axes.tick_params(labelsize=size)
    axes.set_ylabel(label("axis.index_hidden", say.lang), fontsize=size, wrap=True)
    # Mesa writes its own word here afterwards.
    axes.xaxis.label.set_visible(False)
    axes.text(0.5, -2.6 * size / axes.figure.get_figheight() / _POINTS, say("mesa_steps"), fontsize=size,
              transform=axes.transAxes, ha="center", va="top")  # fmt: skip
