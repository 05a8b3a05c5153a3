"""Tables of the report of a comparison, each from one table of its folder."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, Final

from irregsim.present.pages.compare_declared import shown, slug
from irregsim.present.pages.compare_facts import PANELS, Facts, Rows
from irregsim.present.words import (
    effect_text,
    lever_meaning,
    lever_value,
    lever_words,
    outcome_words,
    state_words,
    upper,
    verdict_words,
)
from irregsim.scenario.levers import REGISTRY, By
from irregsim.study.comparison.tables import TABLES
from irregsim.vocabulary.disclosure import PERCENT
from irregsim.vocabulary.labels import label, labels
from irregsim.vocabulary.numbers import number, percent


def figures(facts: Facts, name: str, rows: Rows) -> dict[str, Any]:
    """The table of key figures of a scenario."""
    heads = (
        "c_outcome",
        "c_unit",
        "c_over",
        "c_reference",
        "c_effect",
        "c_per_year",
        "c_percent",
        "c_positive",
        "c_error",
        "c_verdict",
        "c_false",
        "c_more",
    )
    groups = []
    for panel in PANELS:
        cells = []
        for row in rows:
            if row["panel"] != panel:
                continue
            hidden = row["unit"] == PERCENT
            more = row.get("more_replicates")
            # Missing where none are needed, and where no number would help.
            more = "" if str(more) in ("None", "nan", "<NA>") else number(float(str(more)), facts.lang)
            cells.append(
                [
                    facts.outcome(str(row["outcome"])),
                    facts.unit(row),
                    facts.how(row),
                    facts.words("not_shown") if hidden else facts.reference(row),
                    effect_text(row, facts.lang),
                    facts.a_year(row),
                    facts.percent_of(row),
                    percent(float(row["share_positive"]), facts.lang),
                    number(float(row["mc_se"]), facts.lang),
                    verdict_words(row, facts.lang),
                    _p_value(facts, float(row.get("false_discovery", math.nan))),
                    more,
                ]
            )
        groups.append({"name": facts.words(f"panel_{panel}"), "rows": cells})
    caption = f"{facts.words('h_figures')}: {facts.title(name)}, {facts.years(name)}"
    return facts.table(caption, heads, groups, text=(1, 2, 9))


def _p_value(facts: Facts, value: float) -> str:
    """A p value with three decimals; empty where it is missing."""
    least = 0.001
    text = number(max(value, least), facts.lang, decimals=3) if value == value else ""
    return f"< {text}" if value < least else text


def balance(facts: Facts, scenario: str) -> list[dict[str, Any]]:
    """The balance of every account in the last month; what nobody counts never in persons."""
    rows = facts.rows("balance", scenario)
    if not rows:
        return []
    last = max(str(row["to_month"]) for row in rows)
    cells = []
    for row in rows:
        if str(row["to_month"]) != last or row["change_in_state"] != row["change_in_state"]:
            continue
        ends = (float(row[name]) for name in ("lo", "change_in_state", "hi"))
        low, mean, high = (facts.change(value, str(row["unit"])) for value in ends)
        between = low if low == high else f"{low} – {high}"
        cells.append([_state(facts, str(row["state"])), facts.unit(row), mean, between])
    caption = facts.words("balance_caption", title=facts.title(scenario), month=last)
    heads = ("c_state", "c_unit", "c_change", "c_interval")
    return [facts.table(caption, heads, [{"name": "", "rows": cells}], text=(1,))] if cells else []


def alluvial(facts: Facts, scenario: str) -> list[dict[str, Any]]:
    """Where those are in the last month who are elsewhere than in the reference, in shares."""
    rows = facts.rows("alluvial", scenario)
    if not rows:
        return []
    last = max(str(row["to_month"]) for row in rows)
    caption = facts.words("alluvial_caption", title=facts.title(scenario), month=last)
    moved = [row for row in rows if str(row["to_month"]) == last]
    return [facts.table(caption, ("c_in_scenario", "c_share"), _moved(facts, moved))]


def _moved(facts: Facts, rows: Rows) -> list[dict[str, Any]]:
    """Groups of the table of those who are elsewhere: a group for each place in the reference."""
    by: dict[str, list[list[str]]] = {}
    for row in rows:
        cells = [_state(facts, str(row["scenario_state"])), percent(float(row["share"]), facts.lang)]
        by.setdefault(str(row["reference_state"]), []).append(cells)
    lead = facts.words("c_in_reference")
    return [{"name": f"{lead}: {state_words(state, facts.lang)}", "rows": cells} for state, cells in by.items()]


def _state(facts: Facts, state: str) -> str:
    return upper(state_words(state, facts.lang))


def responses(facts: Facts, scenario: str) -> list[dict[str, Any]]:
    """Effects where the draws let people leave for hardship, where they do not, and in between."""
    rows = facts.rows("responses", scenario)
    found: dict[str, dict[str, str]] = {}
    for row in rows:
        effect = {"effect": row["mean"], "effect_lo": row["lo"], "effect_hi": row["hi"]}
        text = facts.between(effect, "effect", str(row.get("unit", "count")))
        found.setdefault(facts.outcome_over(row), {})[str(row["third"])] = text
    thirds = ("deterrence", "between", "displacement")
    cells = [[name, *(by.get(third, "") for third in thirds)] for name, by in found.items()]
    if not cells:
        return []
    caption = f"{facts.words('responses_caption', title=facts.title(scenario))}, {facts.years(scenario)}"
    heads = ("c_outcome", *(f"third_{third}" for third in thirds))
    return [facts.table(caption, heads, [{"name": "", "rows": cells}])]


def measured(facts: Facts, scenario: str) -> list[dict[str, Any]]:
    """The change of each register in parts, and the effect on what it counts."""
    rows = facts.rows("measured", scenario)
    groups: dict[str, list[list[str]]] = {}
    for row in rows:
        cells = [str(row["year"])]
        for name in ("change", "behaviour", "measurement", "outside", "latent"):
            if name not in row:
                cells.append("")
                continue
            unit = str(row.get("latent_unit", "count")) if name == "latent" else "count"
            cells.append(facts.between(row, name, unit))
        kind = str(row.get("rate_is", ""))
        cells[3] += f" {facts.words(f'rate_{kind}')}" if kind in ("action", "choice") else ""
        latent = row.get("latent_outcome")
        name = upper(label(f"register_short.{row['register']}", facts.lang))
        if latent:
            name += f" ({facts.words('c_latent')}: {outcome_words(str(latent), facts.lang)})"
        groups.setdefault(name, []).append(cells)
    if not groups:
        return []
    caption = facts.words("measured_caption", title=facts.title(scenario))
    heads = ("c_year", "c_register_change", "c_behaviour", "c_measurement", "c_outside", "c_latent")
    return [facts.table(caption, heads, [{"name": name, "rows": cells} for name, cells in groups.items()])]


def evidence(facts: Facts, scenario: str) -> list[dict[str, Any]]:
    """Shares of the variance of effects by group and grade of the parameters.

    Only groups that differ clearly from random variation have a row, and the remainder; the table ``evidence`` has all
    of them.
    """
    groups: dict[str, list[list[str]]] = {}
    for row in facts.rows("evidence", scenario):
        if not row["enters"] and row["group"] != "chance":
            continue
        grade = f"grade.{row['grade']}"
        key = f"compare.group_{slug(str(row['group']))}"
        group = label(key, facts.lang) if key in labels() else str(row["group"])
        name = upper(facts.words("chance") if row["group"] == "chance" else group)
        words = f"{row['grade']}: {label(grade, facts.lang)}" if grade in labels() else ""
        cells = [name, words, percent(float(row["share"]), facts.lang), _known(facts, row["error"])]
        groups.setdefault(facts.outcome(str(row["outcome"])), []).append(cells)
    if not groups:
        return []
    caption = facts.words("evidence_caption", title=facts.title(scenario))
    heads = ("c_group", "c_grade", "c_share", "c_share_error")
    return [facts.table(caption, heads, [{"name": n, "rows": c} for n, c in groups.items()], text=(1,))]


def _known(facts: Facts, share: float) -> str:
    """A share; empty where it is missing."""
    return percent(float(share), facts.lang) if share == share else ""


def costs(facts: Facts, scenario: str) -> list[dict[str, Any]]:
    """Items in natural units, in money where that has a source, by who carries them."""
    groups: dict[str, list[list[str]]] = {}
    for row in facts.rows("costs", scenario):
        has_price = row.get("nok_mean") is not None and row["nok_mean"] == row["nok_mean"]
        effect = {f"x{end}": row[name] for end, name in (("", "mean"), ("_lo", "lo"), ("_hi", "hi"))}
        natural = facts.between(effect, "x", str(row["unit"]))
        # The money for a few persons would give their number back.
        has_money = has_price and natural != facts.words("under_five")
        paid = {f"x{end}": row[f"nok{end or '_mean'}"] for end in ("", "_lo", "_hi")}
        money = facts.between(paid, "x", "NOK") if has_money else ""
        key = f"compare.source_{slug(str(row['source']))}"
        source = label(key, facts.lang) if key in labels() else str(row["source"])
        source = f"{source} ({row['grade']})" if has_price else facts.words("no_source")
        outcome = str(row.get("outcome") or "")
        name = facts.outcome(outcome) if outcome else str(row["item"])
        cells = [name, facts.unit(row) or str(row["unit"]), natural, money, source]
        carrier = str(row["carrier"])
        key = f"compare.party_{slug(carrier)}"
        groups.setdefault(upper(label(key, facts.lang) if key in labels() else carrier), []).append(cells)
    if not groups:
        return []
    caption = f"{facts.words('costs_caption', title=facts.title(scenario))}, {facts.years(scenario)}"
    heads = ("c_item", "c_unit", "c_natural", "c_money", "c_source")
    return [facts.table(caption, heads, [{"name": n, "rows": c} for n, c in groups.items()], text=(1, 4))]


def levels(facts: Facts) -> list[dict[str, Any]]:
    """Levels of the hidden strategies, where they were asked for: intervals only, with the sentence."""
    frame = facts.frames.get("levels")
    if frame is None or frame.empty:
        return []
    codes = list(dict.fromkeys(frame["strategy"].astype(str)))
    names = [upper(facts.words(one) if one == "all_hidden" else state_words(one, facts.lang)) for one in codes]
    out = []
    for name in (str(facts.about["reference"]), *facts.scenarios):
        by: dict[str, dict[str, str]] = {}
        for row in facts.rows("levels", name):
            low, high = (number(float(row[end]), facts.lang, decimals=0) for end in ("q025", "q975"))
            by.setdefault(str(row["month"]), {})[str(row["strategy"])] = f"{low} – {high}"
        cells = [[month, *(of.get(code, "") for code in codes)] for month, of in by.items()]
        caption = f"{facts.words('levels_caption')}: {facts.title(name)}"
        table = facts.table(caption, ("c_month",), [{"name": "", "rows": cells}])
        out.append({**table, "heads": [*table["heads"], *names]})
    return [table for table in out if table["groups"]]


def city(facts: Facts, city: str) -> dict[str, Any]:
    """Fact sheet of a city: what its municipality can change, what it cannot, and the effects there."""
    meanings: dict[bool, list[str]] = {True: [], False: []}
    for lever in REGISTRY:
        if lever.section == "levers":
            meanings[lever.by is By.CITY].append(f"{lever_meaning(lever, facts.lang)}.")
    tables = []
    for name in facts.scenarios:
        cells = [
            [facts.outcome_over(row), facts.effect(row), facts.percent_of(row)]
            for row in facts.rows("cities", name)
            if row["city"] == city
        ]
        if cells:
            caption = f"{label(f'city.{city}', facts.lang)}: {facts.title(name)}, {facts.years(name)}"
            tables.append(facts.table(caption, ("c_outcome", "c_effect", "c_percent"), [{"name": "", "rows": cells}]))
    return {"name": city, "can": meanings[True], "cannot": meanings[False], "tables": tables}


def levers(facts: Facts, name: str) -> dict[str, Any]:
    """Table of the levers and assumptions in which a scenario differs from the reference."""
    cells = [
        [
            str(row["key"]),
            lever_words(str(row["key"]), facts.lang),
            *(str(row[name]) for name in ("from", "to")),
            *(lever_value(str(row["key"]), str(row[name]), facts.lang) for name in ("reference", "value")),
        ]
        for row in facts.about.get("levers", {}).get(name, ())
    ]
    heads = ("c_lever", "c_meaning", "c_from", "c_to", "c_reference", "c_scenario")
    caption = facts.words(
        "levers_caption",
        title=facts.title(name),
        reference=facts.reference_title(),
    )
    return facts.table(caption, heads, [{"name": "", "rows": cells}], text=(1, 4, 5))


def _key_words(facts: Facts, key: str, value: str) -> str:
    """A key of a cell of a run's table in words."""
    return facts.cause(value) if key == "cause" else state_words(value, facts.lang)


def proof(facts: Facts, name: str) -> dict[str, Any]:
    """What `proof.json` says of a scenario, in words."""
    found = dict(facts.about.get("proof", {}).get(name, {}))
    rows = [(facts.words("p_effective"), str(found.get("first_effective_month", "")))]
    identical = facts.words("p_identical_yes" if found.get("identical_before") else "p_identical_no")
    rows.append((facts.words("p_before"), identical))
    rows.append((facts.words("p_first"), str(found.get("first_month") or label("term.none", facts.lang))))
    for key in ("table", "cell"):
        if found.get(key):
            value = found[key]
            if isinstance(value, Mapping):
                value = ", ".join(_key_words(facts, str(key), str(v)) for key, v in value.items())
            rows.append((facts.words(f"p_{key}"), str(value)))
    cause = found.get("cause")
    if isinstance(cause, Mapping):
        move = f"{state_words(str(cause['origin']), facts.lang)} → {state_words(str(cause['destination']), facts.lang)}"
        rows.append((facts.words("p_cause"), f"{cause['month']}: {move} ({facts.cause(cause['cause'])})"))
    person = found.get("first_person")
    if isinstance(person, Mapping):
        states = [state_words(str(person.get(f"{side}_state")), facts.lang) for side in ("reference", "scenario")]
        text = f"{person['person']}, {person.get('first_parting', person.get('month', ''))}: {states[0]} / {states[1]}"
        rows.append((facts.words("p_person"), text))
    return {"title": facts.title(name), "rows": rows}


#: Tables that are shown in a form of their own; others as their columns are declared (`compare_declared.shown`).
OWN_FORMS: Final[Mapping[str, Callable[[Facts, str], list[dict[str, Any]]]]] = {
    "balance": balance,
    "alluvial": alluvial,
    "responses": responses,
    "measured": measured,
    "evidence": evidence,
    "costs": costs,
}


def sections() -> tuple[str, ...]:
    """Sections of the page that show a table, in the order of the tables."""
    return tuple(dict.fromkeys(table.section for table in TABLES.values() if table.section))


def of_section(facts: Facts, section: str, scenario: str) -> list[dict[str, Any]]:
    """The tables of a section for the template; none where they have no rows for the scenario."""
    out = []
    for table in TABLES.values():
        if table.section != section:
            continue
        own = OWN_FORMS.get(table.name)
        out += own(facts, scenario) if own and not table.shown else shown(facts, table, scenario)
    return out
