"""Controls made from the lever registry: grouped sliders, switches and choices with their unit, range and source."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import reacton.ipyvuetify as rv
import solara

from irregsim.present.words import centre_words
from irregsim.scenario.levers import (
    GROUPS,
    REGISTRY,
    By,
    Holds,
    Kind,
    Lever,
    Part,
    group_of,
    heading,
    number_text,
    range_text,
)
from irregsim.scenario.levers import words as words_of
from irregsim.vocabulary import reference
from irregsim.vocabulary.codes import DISTRICTS, month_number, year_of
from irregsim.vocabulary.labels import label, labels
from irregsim.vocabulary.numbers import country_name, month_words, plain
from irregsim.workshop.browser.parts import Hint
from irregsim.workshop.browser.words import Say
from irregsim.workshop.room import Room
from irregsim.workshop.settings import Settings, Value, places_of

#: Sets the room's levers: takes a function from settings to settings.
Set = Callable[[Callable[[Settings], Settings]], None]


@solara.component
def Levers(room: Room, say: Say, version: object, since: str, on_set: Set) -> None:
    """All levers and assumptions in groups that open and close.

    Args:
        room: The viewer's room.
        say: Words.
        version: Differs whenever settings, or values in force, have changed.
        since: First month of a change, or empty for the next month.
        on_set: Sets levers.
    """
    opened, set_opened = solara.use_state([])
    with rv.ExpansionPanels(multiple=True, accordion=True, v_model=opened, on_v_model=set_opened):
        for place, group in enumerate(GROUPS):
            levers = [lever for lever in REGISTRY if group_of(lever) == group]
            changed = sum(any(path == lever.path for path, _ in room.settings.changes) for lever in levers)
            with rv.ExpansionPanel(class_=f"irregsim-group group-{group}"):
                head = heading(group, say.lang) + (f" · {changed}" if changed else "")
                rv.ExpansionPanelHeader(children=[head])
                with rv.ExpansionPanelContent():
                    # Closed groups are not built: forty controls would slow every change.
                    if place in opened:
                        for lever in levers:
                            _Lever(room, lever, say, version, since, on_set)


@solara.component
def _Lever(room: Room, lever: Lever, say: Say, version: object, since: str, on_set: Set) -> None:
    words = words_of(lever, say.lang)
    is_set = any(path == lever.path for path, _ in room.settings.changes)
    with rv.Html(tag="div", class_=f"lever {lever.key.replace('.', '-')}", style_="margin:2px 0 14px"):
        with rv.Html(tag="div", style_="display:flex;align-items:center;gap:6px;font-size:14px"):
            rv.Html(tag="span", children=[words.name], style_="font-weight:600")
            Hint(_told(lever, say), say("about", name=words.name))
            if is_set:
                solara.Button(
                    icon_name="mdi-undo",
                    icon=True,
                    small=True,
                    on_click=lambda: on_set(lambda s: s.without(lever.path)),
                    attributes={"aria-label": say("undo", name=words.name)},
                )
        _control(room, lever, say, version, since, on_set)


def _told(lever: Lever, say: Say) -> list[str]:
    """What a control says about its lever: meaning, unit and range, source, who decides, direction."""
    words = words_of(lever, say.lang)
    lines = [words.meaning]
    if lever.kind in (Kind.DATED, Kind.SETTING, Kind.YEARS):
        lines.append(say("lever_range", range=range_text(lever, say.lang), unit=words.unit))
    lines.append(say("lever_source", source=lever.source))
    lines.append(say("lever_decides", who=words.who_decides))
    if lever.moves:
        told = [f"{_outcome(name, say)} {label(f'live.{sign}', say.lang)}" for name, sign in lever.moves.items()]
        lines.append(say("lever_moves", moves="; ".join(told), basis=label(f"live.basis_{lever.basis}", say.lang)))
    else:
        lines.append(say("lever_no_direction", why=words.no_direction))
    if lever.mechanisms:
        lines.append(say("lever_mechanisms", ids=", ".join(lever.mechanisms)))
    return lines


def _outcome(name: str, say: Say) -> str:
    for kind in ("outcome", "strategy", "exit", "register_short"):
        key = f"{kind}.{name.partition(':')[2] or name}"
        if key in labels():
            return label(key, say.lang)
    return name


def _control(room: Room, lever: Lever, say: Say, version: object, since: str, on_set: Set) -> None:
    if lever.kind is Kind.DATED:
        Dated(room, lever, say, version, since, on_set)
    elif lever.kind is Kind.SETTING:
        Setting(room, lever, say, version, on_set)
    elif lever.kind is Kind.YEARS:
        Years(room, lever, say, version, since, on_set)
    elif lever.kind is Kind.AGREEMENTS:
        Agreements(room, lever, say, version, since, on_set)
    elif lever.kind is Kind.CENTRE_DATES:
        CentreDates(room, lever, say, version, since, on_set)
    elif lever.kind is Kind.WINDOW:
        Window(room, lever, say, version, on_set)
    else:
        Entry(room, lever, say, version, since, on_set)


def begins(room: Room, since: str) -> str:
    """First month of a change: the one chosen, but no month that has been simulated."""
    return max(since, room.next_month)


# ---------------------------------------------------------------------------------------------------------
# One value


def _written(value: float, say: Say) -> str:
    """A number with all its decimals, as the language writes it."""
    return plain(number_text(value), say.lang)


@solara.component
def Number(
    value: float,
    usual: tuple[float, float, float],
    unit: str,
    on_value: Callable[[float], None],
    name: str,
    say: Say,
) -> None:
    """A slider that reports its value when it is released.

    Args:
        value: Present value; shown as it is, also between two steps.
        usual: Low and high end, and step.
        unit: Unit in words.
        on_value: Called with the new value.
        name: Of the lever, for those who cannot see it.
        say: Words, for the language of the number.
    """
    low, high, step = usual
    slider = rv.Slider(
        v_model=value,
        min=min(low, value),
        max=max(high, value),
        step=step,
        dense=True,
        hide_details=True,
        thumb_label=True,
        attributes={"aria-label": name},
    )

    def let_go(_widget: object, _event: object, data: Any) -> None:
        if isinstance(data, int | float) and float(data) != value:
            on_value(round(float(data), 6))

    rv.use_event(slider, "change", let_go)
    rv.Html(
        tag="div", children=[f"{_written(value, say)} {unit}"], style_="font-size:12.5px;color:#555", class_="value"
    )


@solara.component
def Dated(room: Room, lever: Lever, say: Say, version: object, since: str, on_set: Set) -> None:
    """A lever with a value from a month on, for the country or for a place."""
    places = places_of(lever)
    place, set_place = solara.use_state("")
    if places:
        everywhere = say("everywhere")
        words = {everywhere: "", **{_place_words(lever, one, say): one for one in places}}
        shown = next(text for text, one in words.items() if one == place)
        solara.Select(
            label=say("where"),
            value=shown,
            values=list(words),
            on_value=lambda text: set_place(words[text]),
            dense=True,
        )
    month = begins(room, since)
    value = room.settings.value(lever, place, month_number(month))

    def put(new: Value) -> None:
        on_set(lambda s: s.with_value(lever.path, place, begins(room, since), new))

    _value(lever, value, say, put)


def _place_words(lever: Lever, place: str, say: Say) -> str:
    return centre_words(place, say.lang) if lever.by is By.CENTRE else label(f"{lever.by.value}.{place}", say.lang)


def _value(lever: Lever, value: Value, say: Say, put: Callable[[Value], None]) -> None:
    words = words_of(lever, say.lang)
    if lever.holds is Holds.TRUE_FALSE:
        solara.Switch(label=say("yes") if value else say("no"), value=bool(value), on_value=put)
    elif lever.holds is Holds.OPTION:
        key = lever.key.rpartition(".")[2]
        options = {label(f"{key}.{option}", say.lang): option for option in lever.options}
        shown = next(text for text, option in options.items() if option == value)
        solara.Select(
            label=words.name, value=shown, values=list(options), on_value=lambda text: put(options[text]), dense=True
        )
    else:
        assert lever.usual is not None, "every number has a usual range"
        if value is None:
            solara.Button(say("set_value"), small=True, outlined=True, on_click=lambda: put(lever.usual[0]))
            rv.Html(tag="div", children=[say("as_in_data")], style_="font-size:12.5px;color:#555")
        else:
            Number(float(value), lever.usual, words.unit, put, words.name, say)


@solara.component
def Setting(room: Room, lever: Lever, say: Say, version: object, on_set: Set) -> None:
    """One value for the whole simulation, which starts again when it is changed."""
    value = room.settings.value(lever, "", 0)
    words = words_of(lever, say.lang)

    def put(new: Value) -> None:
        on_set(lambda s: s.with_whole(lever.path, new))

    if lever.holds is Holds.TRUE_FALSE:
        solara.Switch(label=say("yes") if value else say("no"), value=bool(value), on_value=put)
        return
    assert lever.usual is not None, "every number has a usual range"
    solara.Checkbox(label=say("as_drawn"), value=value is None, on_value=lambda drawn: put(None if drawn else 0.0))
    if value is not None:
        Number(float(value), lever.usual, words.unit, put, words.name, say)


@solara.component
def Years(room: Room, lever: Lever, say: Say, version: object, since: str, on_set: Set) -> None:
    """A count of each year from the one of the change on."""
    last = year_of(room.settings.scenario.end)
    year = min(first_year(room, since), last)
    solara.Text(say("from_year", year=year), style={"font-size": "12.5px"})
    assert lever.usual is not None, "every number has a usual range"

    def put(new: Value) -> None:
        year = first_year(room, since)
        earlier = room.settings.changes.get((lever.path, ""))
        kept = {y: n for y, n in (earlier.whole if earlier else {}).items() if int(y) < year}
        if year <= last:
            on_set(lambda s: s.with_whole(lever.path, {**kept, **{str(y): new for y in range(year, last + 1)}}))

    _value(lever, room.settings.value(lever, "", month_number(f"{year}-01")), say, put)


def first_year(room: Room, since: str) -> int:
    """First year of a change that holds for whole years: none that has begun to run."""
    month = month_number(begins(room, since))
    return year_of(month + 11)


# ---------------------------------------------------------------------------------------------------------
# Entries


def _entries(room: Room, lever: Lever) -> list[dict[str, Any]]:
    """Entries that the page has set for a lever."""
    change = room.settings.changes.get((lever.path, ""))
    return list(change.whole) if change is not None and isinstance(change.whole, list) else []


@solara.component
def Agreements(room: Room, lever: Lever, say: Say, version: object, since: str, on_set: Set) -> None:
    """Agreements with countries, one line each."""
    country, set_country = solara.use_state("Eritrea")
    effect, set_effect = solara.use_state(0.6)
    entries = _entries(room, lever)
    names = {
        country_name(one.name, say.lang): one.name for one in reference.countries() if not one.name.startswith("Andre")
    }
    solara.Select(
        label=say("country"),
        value=country_name(country, say.lang),
        values=list(names),
        on_value=lambda text: set_country(names[text]),
        dense=True,
    )
    part = next(part for part in lever.parts if part.name == "effectiveness")
    assert part.usual is not None, "every number has a usual range"
    Number(effect, part.usual, words_of(part, say.lang).name, set_effect, words_of(part, say.lang).name, say)

    def add() -> None:
        month = begins(room, since)
        new = {"country": country, "from": month, "effectiveness": effect}
        kept = [entry for entry in entries if (entry["country"], entry["from"]) != (country, month)]
        on_set(lambda s: s.with_whole(lever.path, [*kept, new]))

    solara.Button(say("add_agreement"), small=True, outlined=True, on_click=add)
    for entry in entries:
        told = (
            country_name(entry["country"], say.lang),
            _written(entry["effectiveness"], say),
            _from(entry["from"], say),
        )
        _Line(", ".join(told), say, lambda entry=entry: _drop(lever, entries, entry, on_set))


def _from(month: str, say: Say) -> str:
    """A month in words, as the head of the page has it."""
    return month_words(month_number(month), say.lang)


def _drop(lever: Lever, entries: Sequence[dict[str, Any]], entry: dict[str, Any], on_set: Set) -> None:
    kept = [one for one in entries if one is not entry]
    on_set(lambda s: s.with_whole(lever.path, kept) if kept else s.without(lever.path))


@solara.component
def _Line(text: str, say: Say, on_drop: Callable[[], None]) -> None:
    with rv.Html(tag="div", style_="display:flex;align-items:center;justify-content:space-between;font-size:13px"):
        rv.Html(tag="span", children=[text], class_="entry")
        solara.Button(icon_name="mdi-close", icon=True, small=True, on_click=on_drop,
                      attributes={"aria-label": say("remove", name=text)})  # fmt: skip


@solara.component
def CentreDates(room: Room, lever: Lever, say: Say, version: object, since: str, on_set: Set) -> None:
    """Centres that close (or open) from the month of the change on."""
    entries = _entries(room, lever)
    names = {centre_words(centre.name, say.lang): centre.name for centre in reference.centres()}
    chosen, set_chosen = solara.use_state(reference.centres()[3].name)
    solara.Select(
        label=say("centre"),
        value=centre_words(chosen, say.lang),
        values=list(names),
        on_value=lambda text: set_chosen(names[text]),
        dense=True,
    )

    def add() -> None:
        kept = [entry for entry in entries if entry["centre"] != chosen]
        on_set(lambda s: s.with_whole(lever.path, [*kept, {"centre": chosen, "on": begins(room, since)}]))

    opens = lever.key.endswith(".open")
    solara.Button(say("open_centre" if opens else "close_centre"), small=True, outlined=True, on_click=add)
    for entry in entries:
        told = f"{centre_words(entry['centre'], say.lang)}, {_from(entry['on'], say)}"
        _Line(told, say, lambda entry=entry: _drop(lever, entries, entry, on_set))
    if opens:
        NewCentre(room, lever, say, entries, since, on_set)


@solara.component
def NewCentre(room: Room, lever: Lever, say: Say, entries: Sequence[dict[str, Any]], since: str, on_set: Set) -> None:
    """A centre that is not in the data: its name, its district and how many places it has."""
    part = {one.name: one for one in lever.parts}
    words = {name: words_of(one, say.lang) for name, one in part.items() if name in ("centre", "district", "places")}
    usual = part["places"].usual
    assert usual is not None, "every number has a usual range"
    name, set_name = solara.use_state("")
    district, set_district = solara.use_state(DISTRICTS[0])
    places, set_places = solara.use_state(60.0)
    names = {label(f"district.{one}", say.lang): one for one in DISTRICTS}
    shown = next(text for text, one in names.items() if one == district)
    solara.InputText(label=say("new_centre"), value=name, on_value=set_name, continuous_update=True)
    solara.Select(label=words["district"].name, value=shown, values=list(names),
                  on_value=lambda text: set_district(names[text]), dense=True)  # fmt: skip
    Number(places, usual, words["places"].name, set_places, words["places"].name, say)

    def add() -> None:
        wanted = name.strip()
        kept = [entry for entry in entries if entry["centre"] != wanted]
        new = {"centre": wanted, "district": district, "places": int(places), "on": begins(room, since)}
        on_set(lambda s: s.with_whole(lever.path, [*kept, new]))

    solara.Button(say("open_new_centre"), small=True, outlined=True, disabled=not name.strip(), on_click=add)


@solara.component
def Window(room: Room, lever: Lever, say: Say, version: object, on_set: Set) -> None:
    """Months that can be left out, such as the pandemic."""
    change = room.settings.changes.get((lever.path, ""))
    is_on = change is None

    def put(on: bool) -> None:
        on_set(lambda s: s.without(lever.path) if on else s.with_whole(lever.path, None))

    solara.Switch(label=say("as_scenario") if is_on else say("left_out"), value=is_on, on_value=put)


@solara.component
def Entry(room: Room, lever: Lever, say: Say, version: object, since: str, on_set: Set) -> None:
    """One entry with several parts: the sanctions directive, or a regularisation scheme."""
    change = room.settings.changes.get((lever.path, ""))
    several = lever.kind is Kind.SCHEMES
    entry: dict[str, Any] | None = None
    if change is not None and change.whole:
        entry = change.whole[0] if several else change.whole
    parts = [part for part in lever.parts if part.name not in ("from", "to", "reference")]

    def put(new: dict[str, Any] | None) -> None:
        if new is None:
            on_set(lambda s: s.without(lever.path))
        else:
            on_set(lambda s: s.with_whole(lever.path, [new] if several else new))

    def switch(on: bool) -> None:
        first = {part.name: _first(part) for part in parts}
        put({"from": begins(room, since), **first} if on else None)

    told = say("in_force", month=_from(entry["from"], say)) if entry else say("not_set")
    solara.Switch(label=told, value=entry is not None, on_value=switch)
    if entry is None:
        return
    for part in parts:
        words = words_of(part, say.lang)

        def change_part(new: Any, part: Part = part) -> None:
            # It stays in force from the month it was: once that has run, another part needs a new beginning.
            put({**entry, part.name: new})

        if part.holds is Holds.TRUE_FALSE:
            solara.Checkbox(label=words.name, value=bool(entry[part.name]), on_value=change_part)
        elif part.usual is not None:
            solara.Text(words.name, style={"font-size": "13px"})
            Number(float(entry[part.name]), part.usual, words.unit, change_part, words.name, say)


def _first(part: Part) -> Any:
    """What a part has when its entry is switched on."""
    if part.holds is Holds.TRUE_FALSE:
        return bool(part.default)
    if part.default is not None:
        return float(part.default)
    assert part.usual is not None, "every number has a usual range"
    low, high, step = part.usual
    return low + step * round((high - low) / step / 4)
