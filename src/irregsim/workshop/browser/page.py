"""The page that `irregsim serve` opens: Mesa's SolaraViz with its controls, our levers next to them and our views."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any, Final

import reacton.ipyvuetify as rv
import solara
import solara.lab
from mesa.visualization import SolaraViz
from mesa.visualization.utils import update_counter

from irregsim.model.simulate import TooManyPersons
from irregsim.scenario import Fault, ScenarioError, load_scenario, shipped_scenarios
from irregsim.scenario.yaml_nodes import MAX_BYTES, parse, read_text
from irregsim.vocabulary.codes import month_number, year_of
from irregsim.vocabulary.labels import LANGUAGES, in_language
from irregsim.workshop.address import Shown, read_query
from irregsim.workshop.browser.controls import Levers, Set
from irregsim.workshop.browser.guide import LedgerCard
from irregsim.workshop.browser.parts import Again, Faults, MesaWords, Upload
from irregsim.workshop.browser.server import SERVER
from irregsim.workshop.browser.style import STYLE
from irregsim.workshop.browser.views import Views
from irregsim.workshop.browser.words import HIDDEN, Say
from irregsim.workshop.ledger import Ledger
from irregsim.workshop.room import Room, RoomModel
from irregsim.workshop.settings import OWN_NAME, Settings, load_file

#: Sizes of the population that can be chosen, relative to Norway's.
SCALES: Final = (0.1, 0.25, 0.5, 1.0)

#: Languages by their own name.
BY_NAME: Final = {Say(lang)("this_language"): lang for lang in LANGUAGES}


@solara.component
def Page() -> None:
    """One viewer's page, if there is room for one more."""
    place, set_place = solara.use_state(0)
    tried, set_tried = solara.use_state(0)
    search = solara.use_router().search
    query = solara.use_memo(lambda: search or "", [])  # with which it was opened
    mine: dict[str, int | None] = solara.use_memo(dict, [])

    def come() -> None:
        if mine.get("place") is None:
            mine["place"] = SERVER.enter()
        set_place(mine["place"] or -1)

    def leave() -> Callable[[], None]:
        return lambda: SERVER.leave(mine.get("place"))

    solara.use_effect(come, [tried])
    solara.use_effect(leave, [])
    solara.Title("irregsim")
    solara.Style(STYLE)
    if place == -1:
        for lang in LANGUAGES:
            solara.Warning(Say(lang)("full", number=SERVER.most_viewers))
        Again(event_again=lambda _: set_tried(lambda n: n + 1))
    elif place > 0:
        Viewer(query)


@solara.component
def Viewer(query: str) -> None:
    """Makes the room and its first model as the address says, then shows them.

    Args:
        query: Query of the address with which the page was opened.
    """
    shown = solara.use_memo(lambda: read_query(query, SERVER.settings), [])
    lang, set_lang = solara.use_state(shown.lang or SERVER.lang)
    room = solara.use_memo(lambda: entered(shown), [])
    ledger = solara.use_memo(Ledger, [])
    making, set_making = solara.use_state(1)
    solara.use_effect(lambda: room.close, [])
    solara.use_effect(lambda: SERVER.follow(solara.get_kernel_id(), lambda: room.pace.was_seen), [])

    def make() -> tuple[int, RoomModel]:
        model = room.make()
        if shown.month and making == 1:
            model.run_to(month_number(shown.month))
        if shown.is_refused and making == 1:
            room.problem = "address_refused"
        return making, model

    made = solara.lab.use_task(make, dependencies=[making], raise_error=False)
    say = Say(lang)

    def begin_at_first() -> None:
        room.settings = SERVER.settings
        set_making(lambda n: n + 1)

    ready = made.finished and made.value is not None and made.value[0] == making
    with solara.AppBar():
        solara.Select(
            label="",
            value=next(word for word, code in BY_NAME.items() if code == lang),
            values=list(BY_NAME),
            on_value=lambda word: set_lang(BY_NAME[word]),
            dense=True,
            style="max-width:120px;margin-top:18px",
            classes=["irregsim-language"],
        )
    if made.error:
        with rv.Html(tag="div", class_="irregsim irregsim-making"):
            error = made.exception
            Faults(say, [say.too_many(error) if isinstance(error, TooManyPersons) else str(error)])
            solara.Button(say("first_settings"), outlined=True, on_click=begin_at_first)
        return
    if not ready:
        with rv.Html(tag="div", class_="irregsim irregsim-making"):
            solara.Text(say("making") if making > 1 or not shown.month else say("making_to", month=shown.month))
            rv.ProgressLinear(indeterminate=True)
        return
    begin = lambda: set_making(lambda n: n + 1)  # noqa: E731
    Classroom(room, say, made.value[1], making, begin, ledger).key(f"room-{making}")


def entered(shown: Shown) -> Room:
    """A room as an address says."""
    room = Room(shown.settings, SERVER.beginnings, SERVER.most_persons)
    room.tab, room.outcome_name, room.city = shown.tab, shown.outcome, shown.city
    room.exercise, room.revealed = shown.exercise, dict(shown.revealed)
    room.answers = {name: dict(given) for name, given in shown.answers.items()}
    return room


@solara.component
def Classroom(room: Room, say: Say, made: Any, generation: int, on_make: Callable[[], None], ledger: Ledger) -> None:
    """Mesa's controls, the cards next to them, and the views."""
    model = solara.use_reactive(made)
    version, set_version = solara.use_state(0)
    tab, set_tab = solara.use_state(room.tab)
    since, set_since = solara.use_state("")

    def show_tab(number: int) -> None:
        room.tab = number
        set_tab(number)

    def set_levers(change: Callable[[Settings], Settings]) -> None:
        room.set(change)
        set_version(lambda n: n + 1)

    def use(change: Callable[[Settings], Settings]) -> None:
        """Settings that start a new simulation: a scenario, a seed, a year, a size."""
        room.set(change)
        if room.faults:
            set_version(lambda n: n + 1)
        else:
            on_make()

    SolaraViz(
        model,
        components=[],
        model_params={"room": room},
        name=say("title"),
        play_interval=1,
        render_interval=1,
    )
    names = {"menu": say("menu"), "language": say("language"), "progress": say("mesa_information")}
    MesaWords(words=say.mesa(), hidden=HIDDEN, step=say("mesa_steps"), names=names)
    with Below(), rv.Html(tag="div", class_="irregsim irregsim-cards"):
        Notice(room, model.value, say, on_make, version)
        with solara.Card(say("scenario")):
            ScenarioCard(room, say, use, version)
        LedgerCard(room, model.value, ledger, say, use)
        with solara.Card(say("levers")):
            Since(room, say, since, set_since)
            LiveLevers(room, model.value, say, version, since, set_levers)
        with solara.Card(say("run_settings")):
            RunSettings(room, say, use, version)
    with rv.Html(tag="div", class_="irregsim irregsim-main"):
        Views(room, model.value, say, tab, show_tab, version, use)


@solara.component
def Below(children: list[solara.Element] = []) -> None:  # noqa: B006 - solara's way to take children
    """Puts its children into the sidebar below Mesa's controls: the sidebar sorts by depth."""
    _Deeper(children=children)


@solara.component
def _Deeper(children: list[solara.Element] = []) -> None:  # noqa: B006
    solara.Sidebar(children=children)


@solara.component
def LiveLevers(room: Room, model: RoomModel, say: Say, version: int, since: str, on_set: Set) -> None:
    """The levers, redrawn when a value in force changes in a month that runs."""
    update_counter.get()
    Levers(room, say, (version, model.number, room.in_force()), since, on_set)


@solara.component
def Notice(room: Room, model: RoomModel, say: Say, on_make: Callable[[], None], version: int) -> None:
    """What was refused, needs a new beginning or has stopped the model; looked at after every step."""
    update_counter.get()
    Faults(say, room.faults)
    if room.problem and room.problem != "refused":
        with rv.Alert(type="info", text=True, dense=True, class_="irregsim-notice"):
            error = room.stopped_by if room.problem == "too_many_persons" else None
            solara.Text(say(room.problem) if error is None else say.too_many(error))
            if room.problem == "needs_reset":
                solara.Button(say("begin_anew"), color="primary", small=True, on_click=on_make)


@solara.component
def ScenarioCard(room: Room, say: Say, use: Callable[..., None], version: int) -> None:
    """Choose a scenario and the reference; load and save files."""
    settings = room.settings
    shipped = {_title(name, say.lang): name for name in shipped_scenarios()}
    own = say("own_file", name=Path(settings.base).name)
    names = dict(shipped) if settings.base in shipped.values() else {own: settings.base, **shipped}

    def choose(text: str) -> None:
        base = names[text]
        use(lambda s: load_file(base, s))

    def load(files: list[dict[str, Any]]) -> None:
        folder = room.folder()
        use(lambda s: uploaded(files, folder, s, say))
        room.tidy()

    solara.Select(
        label=say("choose_scenario"),
        value=next(text for text, name in names.items() if name == settings.base),
        values=list(names),
        on_value=choose,
        dense=True,
    )
    references = dict(shipped)
    solara.Select(
        label=say("choose_reference"),
        value=next(
            (text for text, name in references.items() if name == settings.reference_base), next(iter(references))
        ),
        values=list(references),
        on_value=lambda text: use(lambda s: replace(s, reference_base=references[text])),
        dense=True,
    )
    with rv.Html(tag="div", style_="display:flex;gap:8px;flex-wrap:wrap;align-items:center;margin-top:6px"):
        Upload(label=say("load"), most=MAX_BYTES, event_loaded=load)
        with solara.FileDownload(lambda: room.settings.text(), f"{OWN_NAME}.yaml", mime_type="text/yaml"):
            solara.Button(say("save"), small=True, outlined=True, classes=["irregsim-save"])
        if settings.has_own_reference:
            name = f"{OWN_NAME}-reference"
            with solara.FileDownload(lambda: room.settings.text(name, reference=True), f"{name}.yaml",
                                     mime_type="text/yaml"):  # fmt: skip
                solara.Button(say("save_reference"), small=True, outlined=True)
    rv.Html(tag="p", class_="irregsim-command", children=[_command(room.settings)])


def _command(settings: Settings) -> str:
    """The command that compares the same at a desk."""
    reference = f"{OWN_NAME}-reference.yaml" if settings.has_own_reference else settings.reference_base
    options = [f"--seed {settings.seed}"]
    if settings.scale != 1.0:
        options.append(f"--scale {settings.scale:g}")
    if settings.draws != "posterior":
        options.append(f"--draws {settings.draws}")
    return f"irregsim compare {reference} {OWN_NAME}.yaml {' '.join(options)}"


@cache
def _title(name: str, lang: str) -> str:
    """Title of a shipped scenario up to the end of its first sentence."""
    return in_language(load_scenario(name).title, lang).partition(". ")[0]


def uploaded(files: list[dict[str, Any]], folder: Path, settings: Settings, say: Say) -> Settings:
    """Settings with an uploaded scenario; of several files, the one that no other extends.

    Args:
        files: ``name`` and ``text`` each. The text is None where a file is no UTF-8, which then has ``bytes``, a letter
            U+0000 to U+00FF each, or where it is too large.
        folder: An empty folder of the viewer's own; nothing outside it is read.
        settings: Present settings.
        say: Words of the faults.

    Raises:
        ScenarioError: If no file can be used.
    """
    texts: dict[str, bytes] = {}
    for file in files[:20]:
        # A name from outside: only its last part, and nothing but letters that a file of ours may have.
        name = Path(str(file.get("name", ""))).name
        plain = "".join(letter if letter.isalnum() or letter in "-_." else "-" for letter in name).lstrip(".")
        text, raw = file.get("text"), file.get("bytes")
        if not isinstance(text, str) and not isinstance(raw, str):
            raise ScenarioError([Fault(plain, 1, 1, "", say("too_large"))])
        name = plain if plain.endswith((".yaml", ".yml")) else f"{Path(plain).stem}.yaml"
        texts[name] = (
            text.encode("utf-8", "replace") if isinstance(text, str) else str(raw).encode("latin-1", "replace")
        )
    if not texts:
        return settings
    for name, content in texts.items():
        (folder / name).write_bytes(content)
    parents = {_parent(folder / name) for name in texts}
    roots = [name for name in texts if not {name, Path(name).stem} & parents]
    if len(roots) != 1:
        told = say("which_file", names=", ".join(roots or texts))
        raise ScenarioError([Fault((roots or list(texts))[0], 1, 1, "extends", told)])
    return load_file(folder / roots[0], settings)


def _parent(file: Path) -> str:
    """What a file extends, as written; empty if nothing or if it cannot be read (reported when it is loaded)."""
    try:
        pairs = parse(read_text(file, file.name), file.name).pairs
    except ScenarioError:
        return ""
    return next((value.text for key, value in pairs if key.text == "extends"), "")


@solara.component
def Since(room: Room, say: Say, since: str, set_since: Callable[[str], None]) -> None:
    """From when a change holds."""
    years = range(year_of(month_number(room.settings.start)), year_of(room.settings.scenario.end) + 1)
    words = {say("next_month"): "", **{say("from_january", year=year): f"{year}-01" for year in years}}
    shown = next((text for text, month in words.items() if month == since), next(iter(words)))
    solara.Select(
        label=say("since"), value=shown, values=list(words), on_value=lambda t: set_since(words[t]), dense=True
    )


@solara.component
def RunSettings(room: Room, say: Say, use: Callable[..., None], version: int) -> None:
    """Seed, first year, size and parameter draw; all start a new simulation."""
    s = room.settings
    seed, set_seed = solara.use_state(s.seed)
    scenario = s.scenario
    months = sorted({s.start, *(f"{year}-01" for year in range(year_of(scenario.start), year_of(scenario.end) + 1))})
    start, set_start = solara.use_state(s.start)
    sizes = {say("size", percent=f"{100 * scale:g}"): scale for scale in sorted({*SCALES, s.scale})}
    size, set_size = solara.use_state(next((t for t, v in sizes.items() if v == s.scale), next(iter(sizes))))
    draws = {say("draws_posterior"): "posterior", say("draws_point"): "point"}
    if s.draws not in draws.values():
        draws[Path(s.draws).name] = s.draws
    draw, set_draw = solara.use_state(next((t for t, v in draws.items() if v == s.draws), next(iter(draws))))

    def apply() -> None:
        new = {
            "seed": min(max(0, int(seed)), 2**63 - 1),
            "start": start,
            "scale": sizes[size],
            "draws": draws[draw],
        }
        use(lambda old: replace(old, **new))

    solara.InputInt(say("seed"), value=seed, on_value=set_seed, dense=True)
    solara.Select(label=say("start"), value=start, values=months, on_value=set_start, dense=True)
    solara.Select(label=say("population"), value=size, values=list(sizes), on_value=set_size, dense=True)
    solara.Select(label=say("draws"), value=draw, values=list(draws), on_value=set_draw, dense=True)
    solara.Button(say("use_settings"), small=True, outlined=True, on_click=apply)
    rv.Html(tag="p", class_="irregsim-note", children=[say("replicate_shown", number=s.replicate)])
