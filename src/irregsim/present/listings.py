"""What a user can choose from, as aligned text: scenarios, levers, parameters, published counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from irregsim.inference.targets import Move, Target, compare, targets
from irregsim.present.terminal import table
from irregsim.scenario import DECIDERS, Scenario
from irregsim.scenario.explain import Value, value_text
from irregsim.scenario.in_force import centre_states, in_force
from irregsim.scenario.levers import REGISTRY, By, Kind, Lever, explain
from irregsim.scenario.levers import words as lever_words
from irregsim.vocabulary.codes import month_number, month_text
from irregsim.vocabulary.knowledge import DEFAULT_KNOWLEDGE
from irregsim.vocabulary.labels import Words, in_language, label
from irregsim.vocabulary.numbers import number, percent


def scenario_list(scenarios: Sequence[Scenario], lang: str) -> str:
    """Scenarios grouped by who decides on what they change.

    Args:
        scenarios: In the order in which each group lists them.
        lang: Language of titles and headings.
    """
    groups: dict[str, list[list[str]]] = {"": [], **{decider: [] for decider in DECIDERS}}
    for scenario in scenarios:
        who = scenario.decides
        named = "; ".join(label(f"decider.{one}", lang) for one in who) or "-"
        row = [scenario.name, in_language(scenario.title, lang), scenario.extends or "-", named]
        groups[who[0] if who else ""].append(row)
    words = Words(lang, "listing")
    heads = [words(head) for head in ("name", "title", "extends", "decides")]
    # One table, so that the columns of all groups are aligned.
    lines = table([heads, *(row for rows in groups.values() for row in rows)], left=4, indent="").splitlines()
    out = [lines.pop(0)]
    for decider, rows in groups.items():
        if rows:
            heading = label(f"decider.{decider}", lang) if decider else words("reference")
            out += ["", heading, *(lines.pop(0) for _ in rows)]
    return "\n".join([*out, "", words("explain", command="irregsim scenarios NAME")])


def lever_list(lang: str) -> str:
    """Levers and assumptions, a line each.

    Args:
        lang: Language of headings, units and deciders.
    """
    words = Words(lang, "listing")
    rows = [[words(head) for head in ("name", "unit", "range", "who_decides")]]
    for lever in REGISTRY:
        own = lever_words(lever, lang)
        rows.append([lever.path, own.unit, _range(lever, lang), own.who_decides])
    return table(rows, left=4, indent="") + "\n\n" + words("explain", command="irregsim levers NAME")


def lever_answer(name: str, levers: Sequence[Lever], baseline: Scenario, lang: str) -> str:
    """What somebody who asks for a lever is told: one explained, or several in a list, with the values in force.

    Args:
        name: What was asked for.
        levers: Those that match, at least one.
        baseline: The scenario whose values are shown.
        lang: Language of all words; keys and values stay as a file has them.

    Returns:
        Lines; with the reception centres, where any of the levers is set by centre.
    """
    say = Words(lang, "screen")
    month = month_number(DEFAULT_KNOWLEDGE)
    if len(levers) == 1:
        (lever,) = levers
        text = _in_force(in_force(baseline, lever, month), lever, lang)
        out = [explain(lever, lang), f"  {say('in_force', month=DEFAULT_KNOWLEDGE)}: {text}"]
    else:
        words = Words(lang, "listing")
        heads = [words("name"), say("head_in_force", month=DEFAULT_KNOWLEDGE), words("unit"), words("range")]
        rows = [heads]
        for lever in levers:
            text = _in_force(in_force(baseline, lever, month), lever, lang)
            rows.append([lever.path, _cut(text, 40), lever_words(lever, lang).unit, _range(lever, lang)])
        out = [say("several", number=len(levers), name=name), "", table(rows, left=4, indent="")]
        out += ["", words("explain", command="irregsim levers NAME")]
    if any(lever.kind is Kind.CENTRE_DATES or lever.by is By.CENTRE for lever in levers):
        out += ["", centre_list(baseline, month, lang)]
    return "\n".join(out)


def _in_force(values: Mapping[str, Value], lever: Lever, lang: str) -> str:
    """Values of a lever by place in few words: the commonest last, as that of all other places."""
    say = Words(lang, "screen")

    def text(value: Value) -> str:
        if lever.kind is Kind.CENTRE_DATES:
            return say("open" if value else "closed")
        if value is None:
            return say("as_in_data" if lever.by is By.CENTRE else "no_value")
        return value_text(value)

    if len(values) == 1:
        return text(next(iter(values.values())))
    told = {name: text(value) for name, value in values.items()}
    usual = Counter(told.values()).most_common(1)[0][0]
    others = [f"{name} {value}" for name, value in told.items() if value != usual]
    return ", ".join([*others, say("elsewhere", value=usual)]) if others else f"{usual} ({say('everywhere')})"


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1].rstrip(" ,") + "…"


def centre_list(scenario: Scenario, month: int, lang: str) -> str:
    """Reception centres with district, places and state in a month.

    Args:
        scenario: Whose values are shown.
        month: Months since 2009-01.
        lang: Language; the names of centres stay as a file has them.
    """
    say = Words(lang, "screen")
    rows = [[say(head) for head in ("centre", "district", "places", "kind", "state")]]
    for one in centre_states(scenario, month):
        word = "open" if one.is_open else "closed"
        state = say(word) if one.since is None else say(f"{word}_since", month=month_text(one.since))
        if one.turns is not None:
            state += say("turns_closed" if one.is_open else "turns_open", month=month_text(one.turns))
        places = say("pool", share=percent(one.pool_share, lang)) if one.places is None else number(one.places, lang)
        kind = label(f"centre_kind.{one.kind}", lang)
        rows.append([one.name, label(f"district.{one.district}", lang), places, kind, state])
    title = say("centres", month=month_text(month))
    return f"{title}\n\n{table(rows, left=5, indent='')}\n\n{say('pool_note')}"


def _range(lever: Lever, lang: str) -> str:
    if lever.options:
        return ", ".join(lever.options)
    to = label("lever_says.to", lang)
    return f"{lever.low:.12g} {to} {lever.high:.12g}" if lever.high > lever.low else "-"


def parameter_list(rows: Sequence[Mapping[str, str]]) -> str:
    """Parameters, a line each.

    Args:
        rows: From `irregsim.model.parameters.table_rows`.
    """
    heads = ["name", "median", "low", "high", "grade", "status", "unit"]
    grades = "Grades: A measured in a register, B stated in a source, C expert judgement, D modelling assumption."
    lines = table([heads, *([row[head] for head in heads] for row in rows)], left=1, indent="")
    return f"{lines}\n\n{grades}\nTo explain one: irregsim parameters NAME"


def target_list(every: bool) -> str:
    """Published counts, a line each.

    Args:
        every: The cells by citizenship too.
    """
    shown = [t for t in targets() if every or t.dimension != "country_ground"]
    rows = [["register", "dimension", "key", "period", "unit", "role", "vintage", "error", "value"]]
    for t in shown:
        error_sd = "-" if t.error_log_sd is None else f"{t.error_log_sd:.2f}"
        texts = [t.register, t.dimension, t.key, t.period, t.unit, t.role, t.vintage]
        rows.append([*texts, error_sd, ("more than " if t.use == "lower_bound" else "") + f"{t.value:.12g}"])
    lines = table(rows, left=7, indent="")
    if every:
        return lines
    return f"{lines}\n\nand {len(targets()) - len(shown)} cells by citizenship: irregsim targets --all"


def moved_list(revised: Sequence[Target]) -> str:
    """What another edition of the published counts changes.

    Args:
        revised: All counts of that edition.
    """
    moves = compare(targets(), revised)
    stay = len(revised) - sum(move.new is not None for move in moves)
    end = f"{len(moves)} changed, new or removed; {stay} unchanged."
    if not moves:
        return end
    rows = [["id", "role", "what", "editions", "old", "new", "ratio"], *map(_move_row, moves)]
    return table(rows, left=4, indent="") + "\n\n" + end


def _move_row(move: Move) -> list[str]:
    old, new = ("-" if value is None else f"{value:.12g}" for value in (move.old, move.new))
    ratio = "-" if move.ratio is None else f"{move.ratio:.3f}"
    what = "removed" if move.new is None else "new" if move.old is None else ", ".join(move.changed)
    if "value" in move.changed and move.within_rounding:
        what += " (within rounding)"
    return [move.id, move.role, what, " -> ".join(one or "-" for one in move.vintages), old, new, ratio]
