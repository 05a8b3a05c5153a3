"""Content of the report of a comparison: words and numbers from its tables, ready for the template.

`render_report` takes tables by name and ``about``, a mapping with these keys (those marked * may be missing):

- ``comparison_id``, ``command``, ``seed``, ``replicates``, ``scale``, ``draws`` (``posterior``, ``prior``, ``point``);
- ``lang``*: ``nb`` or ``en`` (default);
- ``reference`` and ``scenarios``: names; ``titles``*: name to ``{nb, en}``; ``descriptions``*: name to text;
- ``period``: first and last month; ``fit_period``*: first and last month of the calibration period;
- ``first_effective``: scenario to month; ``run_ids``*: name to id; ``versions``*: name to version;
- ``levers``: scenario to rows of ``key``, ``from``, ``to``, ``reference``, ``value`` (as ``irregsim diff``);
- ``proof``: as ``proof.json``;
- ``cities``*: cities that get a fact sheet; ``caveat``*: key of the sentence for draws that are not calibrated;
- ``pictures``*: from `irregsim.plots.compare.draw_all`.

Levels of the hidden population are never on the page, only changes, shares and an index; small counts are rounded.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from markupsafe import Markup

from irregsim import __version__
from irregsim.colours import colour_of
from irregsim.labels import label, labels
from irregsim.levers import REGISTRY, By
from irregsim.pages import number, percent, picture, render, signed
from irregsim.vocabulary import month_number
from irregsim.wording import is_hidden, lever_words, outcome_words, short_title, state_words, title_of, upper

if TYPE_CHECKING:
    import pandas as pd

#: The four parts of the first page; none stands above another.
PANELS: Final = ("presence", "living", "labour", "services")

#: Rows of each of the four.
PANEL_ROWS: Final = 6

#: Twins in the chooser.
TWINS: Final = 12

#: Counts of persons below this are not told, others are rounded to it.
SMALL: Final = 5

#: Sections of pictures and tables in the order of the page: their pictures.
SECTIONS: Final[Mapping[str, tuple[str, ...]]] = {
    "effects": ("forest", "stocks", "exits", "fans"),
    "displacement": ("displacement",),
    "responses": ("responses",),
    "measured": ("iceberg", "registers"),
    "cities": ("cities",),
    "groups": ("groups",),
    "lives": ("chronogram", "sequences", "mean_time", "survival", "incidence"),
    "evidence": (),
    "costs": (),
}

#: Shows one twin at a time. Without it, and on paper when nothing was chosen, all are there.
SCRIPT: Final = """
"use strict";
document.querySelectorAll(".twins").forEach(function (box, n) {
  var lives = Array.from(box.querySelectorAll(".twin"));
  if (lives.length < 2) { return; }
  var bar = document.createElement("div");
  bar.className = "chooser";
  var name = document.createElement("label");
  var list = document.createElement("select");
  list.id = "twin-" + n;
  name.htmlFor = list.id;
  name.textContent = box.dataset.label;
  lives.forEach(function (life, i) {
    var option = document.createElement("option");
    option.value = String(i);
    option.textContent = life.getAttribute("aria-label");
    list.appendChild(option);
  });
  function show(i) {
    list.selectedIndex = (i + lives.length) % lives.length;
    lives.forEach(function (life, j) { life.hidden = j !== list.selectedIndex; });
  }
  function button(text, step) {
    var one = document.createElement("button");
    one.type = "button";
    one.textContent = text;
    one.addEventListener("click", function () { show(list.selectedIndex + step); });
    return one;
  }
  list.addEventListener("change", function () { show(list.selectedIndex); });
  bar.append(name, list, button(box.dataset.before, -1), button(box.dataset.next, 1));
  box.before(bar);
  show(0);
});
"""

Rows = list[dict[str, Any]]


def render_report(frames: Mapping[str, pd.DataFrame], about: Mapping[str, Any]) -> str:
    """The report of a comparison, as one HTML file that asks for nothing from outside.

    Args:
        frames: Tables of the comparison folder by name; parts of the page without a table are left out.
        about: What the comparison is about; keys above.

    Returns:
        The page.
    """
    page = _Page(frames, about)
    lang = page.lang
    sections = [one for one in map(page.section, SECTIONS) if one is not None]
    twins, cities = page.twins(), [page.city(name) for name in about.get("cities", ())]
    contents = [("findings", page.words("h_findings")), ("figures", page.words("h_figures"))]
    contents += [(one["id"], one["name"]) for one in sections]
    contents += [("twins", page.words("h_twins"))] if twins else []
    contents += [(f"city-{one['name']}", page.words("h_city", name=one["name"])) for one in cities]
    contents += [(name, page.words(f"h_{name}")) for name in ("levers", "proof", "limits", "again")]
    names = [page.title(name) for name in page.scenarios]
    digest = hashlib.sha256(SCRIPT.encode()).digest()
    return render(
        "compare.html",
        lang,
        version=__version__,
        title=page.words("title", names=_listed(names, lang)),
        asked=page.asked(),
        descriptions=[
            str(about.get("descriptions", {})[s]) for s in page.scenarios if about.get("descriptions", {}).get(s)
        ],
        cautions=page.cautions(),
        panels=[page.panel(panel) for panel in PANELS],
        contents=contents,
        scenarios=[page.scenario(name) for name in page.scenarios],
        of_all=page.pictures("tradeoff", ""),
        sections=sections,
        twins=twins,
        cities=cities,
        levers=[page.levers(name) for name in page.scenarios],
        proof=[page.proof(name) for name in page.scenarios],
        limits=page.limits(),
        command=about["command"],
        settings=page.settings(),
        script=Markup(SCRIPT),
        script_hash=f"sha256-{base64.b64encode(digest).decode('ascii')}",
    )


class _Page:
    """Parts of the page, each from its tables."""

    def __init__(self, frames: Mapping[str, pd.DataFrame], about: Mapping[str, Any]) -> None:
        self.frames, self.about = frames, about
        self.lang = str(about.get("lang", "en"))
        self.scenarios = [str(name) for name in about["scenarios"]]
        self._tables: Mapping[str, Callable[[str], list[dict[str, Any]]]] = {
            "displacement": self._displacement,
            "responses": self._responses,
            "measured": self._measured,
            "evidence": self._evidence,
            "costs": self._costs,
        }

    def words(self, key: str, **values: object) -> str:
        """The label ``compare.<key>``."""
        text = label(f"compare.{key}", self.lang)
        return text.format(**values) if values else text

    def title(self, name: str) -> str:
        """Title of a scenario."""
        return title_of(name, self.about, self.lang)

    def rows(self, table: str, scenario: str) -> Rows:
        """Rows of a table for a scenario; none where there is no such table."""
        frame = self.frames.get(table)
        if frame is None or frame.empty:
            return []
        chosen = frame[frame["scenario"].astype(str) == scenario]
        return [{str(key): value for key, value in row.items()} for row in chosen.to_dict("records")]

    def effect(self, row: Mapping[str, Any], *, unit: bool = True) -> str:
        """An effect with its interval and unit; or that it cannot be told."""
        if row["verdict"] == "cannot tell":
            return self.words("verdict_cannot_tell")
        text = str(row[f"rounded_text_{self.lang}"])
        # «count» and «index» add nothing to the name of a register or an index.
        return f"{text} {self.unit(row)}".strip() if unit and row.get("unit") not in ("count", "index") else text

    def unit(self, row: Mapping[str, Any]) -> str:
        """The unit in words; as it is where it has none."""
        key = f"unit.{row.get('unit', '')}"
        return label(key, self.lang) if key in labels() else ""

    def asked(self) -> str:
        """What was asked, in a sentence or two."""
        firsts = sorted({str(month) for month in self.about["first_effective"].values() if month})
        return self.words(
            "asked",
            names=_listed([self.title(name) for name in self.scenarios], self.lang),
            reference=short_title(str(self.about["reference"]), self.about, self.lang),
            months=_listed(firsts, self.lang),
            end=self.about["period"][1],
            replicates=number(float(self.about["replicates"]), self.lang),
        )

    def cautions(self) -> list[str]:
        """What must be known before anything else is read."""
        out = [self.words("caution_told")]
        if self.about.get("caveat"):
            out.append(label(str(self.about["caveat"]), self.lang))
        if float(self.about.get("scale", 1.0)) != 1.0:
            scale = number(float(self.about["scale"]), self.lang, decimals=2)
            out.append(self.words("caution_scale", scale=scale))
        out += [
            label(f"sentence.{key}", self.lang) for key in ("hidden_levels", "assumption_years", "synthetic_persons")
        ]
        return out

    def panel(self, panel: str) -> dict[str, Any]:
        """One of the four parts of the first page."""
        found: dict[str, dict[str, str]] = {}
        for name in self.scenarios:
            for row in self.rows("key_figures", name):
                if row["panel"] == panel:
                    found.setdefault(str(row["outcome"]), {})[name] = self.effect(row)
        heads = [self.title(name) for name in self.scenarios] if len(self.scenarios) > 1 else [self.words("c_effect")]
        rows = [[self.outcome(o), *(cells.get(name, "") for name in self.scenarios)] for o, cells in found.items()]
        return {
            "id": panel,
            "name": self.words(f"panel_{panel}"),
            "note": self.words("panel_note"),
            "heads": heads,
            "rows": rows[:PANEL_ROWS],
        }

    def outcome(self, outcome: str) -> str:
        """An outcome in words, with a capital first."""
        return upper(outcome_words(outcome, self.lang))

    def scenario(self, name: str) -> dict[str, Any]:
        """Findings in plain words, and the table of key figures."""
        rows = self.rows("key_figures", name)
        told = [row for row in rows if row["verdict"] != "cannot tell"]
        untold = [outcome_words(str(row["outcome"]), self.lang) for row in rows if row["verdict"] == "cannot tell"]
        return {
            "title": self.title(name),
            "findings": [self.finding(row) for row in told],
            "untold": self.words("untold", names=_listed(untold, self.lang)) if untold else "",
            "figures": self._figures(name, rows),
        }

    def finding(self, row: Mapping[str, Any]) -> str:
        """A finding as a sentence: what, which way, how much, when, and how sure."""
        share = float(row["share_positive"])
        return self.words(
            f"finding_{row['verdict']}",
            outcome=self.outcome(str(row["outcome"])),
            effect=self.effect(row),
            relative=self._relative(row),
            how=self.words("how_mean" if row.get("kind") == "mean" else "how_sum"),
            since=row["since"],
            to=row["to"],
            share=percent(share if row["verdict"] == "up" else 1.0 - share, self.lang),
        )

    def _relative(self, row: Mapping[str, Any]) -> str:
        text = "" if str(row["outcome"]).startswith("index:") else self._percent(row)
        return self.words("relative", percent=text) if text else ""

    def _percent(self, row: Mapping[str, Any]) -> str:
        """An effect in percent of the reference; empty where that is zero."""
        base = float(row["reference_mean"])
        if not base > 0:
            return ""
        share = 100.0 * float(row["mean"]) / base
        # What rounds to nothing has no sign.
        return signed(share, self.lang) if abs(share) >= 0.05 else number(0.0, self.lang, decimals=1)

    def _figures(self, name: str, rows: Rows) -> dict[str, Any]:
        heads = (
            "c_outcome",
            "c_unit",
            "c_reference",
            "c_effect",
            "c_percent",
            "c_positive",
            "c_error",
            "c_verdict",
            "c_more",
        )
        groups = []
        for panel in PANELS:
            cells = []
            for row in rows:
                if row["panel"] != panel:
                    continue
                hidden = is_hidden(str(row["outcome"]))
                base = float(row["reference_mean"])
                more = row.get("more_replicates")
                tells = row["verdict"] != "cannot tell"
                verdict = self.words(f"verdict_{row['verdict']}" if tells else "cannot_tell")
                # Missing where none are needed, and where no number would help.
                more = "" if str(more) in ("None", "nan", "<NA>") else number(float(str(more)), self.lang)
                cells.append(
                    [
                        self.outcome(str(row["outcome"])),
                        self.unit(row),
                        self.words("not_shown") if hidden else self._rounded(base, str(row["unit"])),
                        str(row[f"rounded_text_{self.lang}"]),
                        self._percent(row),
                        percent(float(row["share_positive"]), self.lang),
                        number(float(row["mc_se"]), self.lang),
                        verdict,
                        more,
                    ]
                )
            groups.append({"name": self.words(f"panel_{panel}"), "rows": cells})
        caption = f"{self.words('h_figures')}: {self.title(name)}"
        return self._table(caption, heads, groups, text=(1, 7))

    def _rounded(self, value: float, unit: str) -> str:
        """A level as it is published."""
        if unit in ("index", "months"):
            return number(value, self.lang)
        if 0 < value < SMALL:
            return self.words("fewer_than_five")
        return number(round(value / SMALL) * SMALL, self.lang)

    def _change(self, value: float) -> str:
        """A change in persons as it is published."""
        if abs(value) < SMALL:
            return self.words("under_five")
        return signed(round(value / SMALL) * SMALL, self.lang, decimals=0)

    def _table(
        self, caption: str, heads: Sequence[str], groups: Sequence[Mapping[str, Any]], text: Sequence[int] = ()
    ) -> dict[str, Any]:
        names = [self.words(head) for head in heads]
        return {"caption": caption, "heads": names, "groups": [g for g in groups if g["rows"]], "text": list(text)}

    def pictures(self, kind: str, scenario: str) -> Rows:
        """Pictures of a kind, ready for the page."""
        return [
            {
                "name": one["name"],
                "src": picture(one["svg"]),
                "alt": one["alt"],
                "caption": str(one["alt"]).partition(". ")[0] + ".",
            }
            for one in self.about.get("pictures", ())
            if one["kind"] == kind and one["scenario"] == scenario
        ]

    def section(self, name: str) -> dict[str, Any] | None:
        """A section of pictures and tables; None where no scenario has any."""
        parts = []
        for scenario in self.scenarios:
            plots = [one for kind in SECTIONS[name] for one in self.pictures(kind, scenario)]
            tables = self._tables[name](scenario) if name in self._tables else []
            if plots or tables:
                parts.append({"title": self.title(scenario), "plots": plots, "tables": tables})
        if not parts:
            return None
        return {"id": name, "name": self.words(f"h_{name}"), "note": self.words(f"note_{name}"), "parts": parts}

    def _displacement(self, scenario: str) -> list[dict[str, Any]]:
        tables = []
        balance = self.rows("balance", scenario)
        if balance:
            last = max(str(row["to_month"]) for row in balance)
            cells = [
                [
                    upper(state_words(str(row["state"]), self.lang)),
                    self._change(float(row["change_in_state"])),
                    f"{self._change(float(row['lo']))} – {self._change(float(row['hi']))}",
                ]
                for row in balance
                if str(row["to_month"]) == last
            ]
            caption = self.words("balance_caption", title=self.title(scenario), month=last)
            tables.append(self._table(caption, ("c_state", "c_change", "c_interval"), [{"name": "", "rows": cells}]))
        alluvial = self.rows("alluvial", scenario)
        if alluvial:
            last = max(str(row["to_month"]) for row in alluvial)
            moved = [r for r in alluvial if str(r["to_month"]) == last and r["reference_state"] != r["scenario_state"]]
            moved.sort(key=lambda row: -float(row["persons"]))
            cells = [
                [
                    upper(state_words(str(row["reference_state"]), self.lang)),
                    upper(state_words(str(row["scenario_state"]), self.lang)),
                    self._rounded(float(row["persons"]), "persons"),
                ]
                for row in moved
                if float(row["persons"]) >= SMALL
            ]
            caption = self.words("alluvial_caption", title=self.title(scenario), month=last)
            heads = ("c_in_reference", "c_in_scenario", "c_persons")
            tables.append(self._table(caption, heads, [{"name": "", "rows": cells}], text=(1,)))
        return tables

    def _responses(self, scenario: str) -> list[dict[str, Any]]:
        rows = self.rows("responses", scenario)
        found: dict[str, dict[str, str]] = {}
        for row in rows:
            mean, lo, hi = (signed(float(row[end]), self.lang, decimals=0) for end in ("mean", "lo", "hi"))
            text = f"{mean} ({lo} – {hi})"
            found.setdefault(str(row["outcome"]), {})[str(row["third"])] = text
        thirds = ("deterrence", "between", "displacement")
        cells = [[self.outcome(o), *(by.get(third, "") for third in thirds)] for o, by in found.items()]
        if not cells:
            return []
        caption = self.words("responses_caption", title=self.title(scenario))
        heads = ("c_outcome", *(f"third_{third}" for third in thirds))
        return [self._table(caption, heads, [{"name": "", "rows": cells}])]

    def _measured(self, scenario: str) -> list[dict[str, Any]]:
        rows = self.rows("measured", scenario)
        groups: dict[str, list[list[str]]] = {}
        for row in rows:
            cells = [str(row["year"])]
            for name in ("change", "behaviour", "measurement", "outside", "latent"):
                if name not in row:
                    cells.append("")
                    continue
                mean, lo, hi = (signed(float(row[f"{name}{end}"]), self.lang, decimals=0) for end in ("", "_lo", "_hi"))
                cells.append(f"{mean} ({lo} – {hi})")
            kind = str(row.get("rate_is", ""))
            cells[3] += f" {self.words(f'rate_{kind}')}" if kind in ("action", "choice") else ""
            latent = row.get("latent_outcome")
            name = upper(label(f"register_short.{row['register']}", self.lang))
            if latent:
                name += f" ({self.words('c_latent')}: {outcome_words(str(latent), self.lang)})"
            groups.setdefault(name, []).append(cells)
        if not groups:
            return []
        caption = self.words("measured_caption", title=self.title(scenario))
        heads = ("c_year", "c_register_change", "c_behaviour", "c_measurement", "c_outside", "c_latent")
        return [self._table(caption, heads, [{"name": name, "rows": cells} for name, cells in groups.items()])]

    def _evidence(self, scenario: str) -> list[dict[str, Any]]:
        groups: dict[str, list[list[str]]] = {}
        for row in self.rows("evidence", scenario):
            grade = f"grade.{row['grade']}"
            name = self.words("chance") if row["group"] == "chance" else upper(str(row["group"]).replace("_", " "))
            told = f"{row['grade']}: {label(grade, self.lang)}" if grade in labels() else ""
            cells = [name, told, percent(float(row["share"]), self.lang), percent(float(row["error"]), self.lang)]
            groups.setdefault(self.outcome(str(row["outcome"])), []).append(cells)
        if not groups:
            return []
        caption = self.words("evidence_caption", title=self.title(scenario))
        heads = ("c_group", "c_grade", "c_share", "c_share_error")
        return [self._table(caption, heads, [{"name": n, "rows": c} for n, c in groups.items()], text=(1,))]

    def _costs(self, scenario: str) -> list[dict[str, Any]]:
        groups: dict[str, list[list[str]]] = {}
        for row in self.rows("costs", scenario):
            has_price = row.get("nok_mean") is not None and row["nok_mean"] == row["nok_mean"]
            money = " – ".join(signed(float(row[f"nok_{end}"]), self.lang, decimals=0) for end in ("lo", "hi"))
            natural = " – ".join(signed(float(row[end]), self.lang, decimals=0) for end in ("lo", "hi"))
            source = f"{row['source']} ({row['grade']})" if has_price else self.words("no_source")
            outcome = str(row.get("outcome") or "")
            name = self.outcome(outcome) if outcome else str(row["item"])
            cells = [name, str(row["unit"]), natural, money if has_price else "", source]
            carrier = str(row["carrier"])
            key = f"compare.party_{carrier.replace(' ', '_').lower()}"
            groups.setdefault(upper(label(key, self.lang) if key in labels() else carrier), []).append(cells)
        if not groups:
            return []
        caption = self.words("costs_caption", title=self.title(scenario))
        heads = ("c_item", "c_unit", "c_natural", "c_money", "c_source")
        return [self._table(caption, heads, [{"name": n, "rows": c} for n, c in groups.items()], text=(1, 4))]

    def twins(self) -> list[dict[str, Any]]:
        """The chooser of twins: both lives of each, as lines and as a table."""
        out = []
        for name in self.scenarios:
            lives: dict[tuple[str, int], Rows] = {}
            for row in self.rows("twin_lives", name):
                lives.setdefault((str(row["person"]), int(row["replicate"])), []).append(row)
            told: Rows = []
            states: dict[str, None] = {}
            for row in self.rows("twins", name)[:TWINS]:
                runs = lives.get((str(row["person"]), int(row["replicate"])), [])
                told.append(self._twin(len(told) + 1, row, runs))
                states |= dict.fromkeys(str(run["state"]) for run in runs)
            if told:
                legend = [{"colour": colour_of(s), "name": state_words(s, self.lang)} for s in states]
                plots = self.pictures("twins", name)
                out.append({"title": self.title(name), "lives": told, "legend": legend, "plots": plots})
        return out

    def _twin(self, place: int, row: Mapping[str, Any], runs: Rows) -> dict[str, Any]:
        last = month_number(str(self.about["period"][1])) + 1
        first = min([month_number(str(run["start"])) for run in runs], default=month_number(str(row["first_parting"])))
        wide = max(1, last - first)
        lines, events = [], dict[str, dict[str, str]]()
        for side in ("reference", "scenario"):
            drawn = []
            for run in (run for run in runs if run["side"] == side):
                start = month_number(str(run["start"]))
                goes_on = not isinstance(run["end"], str)
                end = last if goes_on else month_number(str(run["end"]))
                state = str(run["state"])
                drawn.append(
                    {
                        "left": round(100.0 * (start - first) / wide, 3),
                        "width": round(100.0 * max(end - start, 0.4) / wide, 3),
                        "colour": colour_of(state),
                        "name": state_words(state, self.lang),
                    }
                )
                events.setdefault(str(run["start"]), {})[side] = state_words(state, self.lang)
                if not goes_on:
                    cause = self._cause(run.get("cause"))
                    there = events.setdefault(str(run["end"]), {})
                    there.setdefault(side, self.words("ended", cause=cause) if cause else self.words("ended_plain"))
            lines.append({"name": upper(label(f"legend.{side}", self.lang)), "runs": drawn})
        cells = [[month, by.get("reference", ""), by.get("scenario", "")] for month, by in sorted(events.items())]
        causes = [
            self._cause(row.get(f"cause_{side}")) or self.words("nothing_happened")
            for side in ("reference", "scenario")
        ]
        name = self.words("twin_number", number=place)
        told = self.words(
            "twin_told",
            month=row["first_parting"],
            reference=state_words(str(row["reference_state"]), self.lang),
            scenario=state_words(str(row["scenario_state"]), self.lang),
            cause_reference=causes[0],
            cause_scenario=causes[1],
            apart=row["months_apart"],
            end_reference=state_words(str(row["end_reference"]), self.lang),
            end_scenario=state_words(str(row["end_scenario"]), self.lang),
        )
        heads = ("c_month", "c_in_reference", "c_in_scenario")
        caption = self.words("twin_caption", name=name)
        parting = round(100.0 * (month_number(str(row["first_parting"])) - first) / wide, 3)
        table = self._table(caption, heads, [{"name": "", "rows": cells}], text=(1, 2))
        return {"name": name, "told": told, "lines": lines, "parting": parting, "table": table}

    def _cause(self, cause: object) -> str:
        if not isinstance(cause, str) or cause in ("", "none"):
            return ""
        key = f"cause.{cause}"
        return label(key, self.lang) if key in labels() else cause

    def city(self, city: str) -> dict[str, Any]:
        """Fact sheet of a city: what its municipality can change, what it cannot, and the effects there."""
        meanings: dict[bool, list[str]] = {True: [], False: []}
        for lever in REGISTRY:
            if lever.section == "levers":
                meaning = (lever.meaning_nb if self.lang == "nb" else lever.meaning).partition(". ")[0].rstrip(".")
                meanings[lever.by is By.CITY].append(f"{meaning}.")
        tables = []
        for name in self.scenarios:
            cells = [
                [self.outcome(str(row["outcome"])), self.effect(row), self._percent(row)]
                for row in self.rows("cities", name)
                if row["city"] == city
            ]
            if cells:
                caption = f"{label(f'city.{city}', self.lang)}: {self.title(name)}"
                tables.append(
                    self._table(caption, ("c_outcome", "c_effect", "c_percent"), [{"name": "", "rows": cells}])
                )
        return {"name": city, "can": meanings[True], "cannot": meanings[False], "tables": tables}

    def levers(self, name: str) -> dict[str, Any]:
        """Table of the levers and assumptions in which a scenario differs from the reference."""
        cells = [
            [
                str(row["key"]),
                lever_words(str(row["key"]), self.lang),
                *(str(row[name]) for name in ("from", "to", "reference", "value")),
            ]
            for row in self.about.get("levers", {}).get(name, ())
        ]
        heads = ("c_lever", "c_meaning", "c_from", "c_to", "c_reference", "c_scenario")
        caption = self.words("levers_caption", title=self.title(name), reference=self.about["reference"])
        return self._table(caption, heads, [{"name": "", "rows": cells}], text=(1, 4, 5))

    def proof(self, name: str) -> dict[str, Any]:
        """What `proof.json` says of a scenario, in words."""
        found = dict(self.about.get("proof", {}).get(name, {}))
        rows = [(self.words("p_effective"), str(found.get("first_effective_month", "")))]
        identical = self.words("p_identical_yes" if found.get("identical_before") else "p_identical_no")
        rows.append((self.words("p_before"), identical))
        rows.append((self.words("p_first"), str(found.get("first_month") or label("term.none", self.lang))))
        for key in ("table", "cell"):
            if found.get(key):
                value = found[key]
                if isinstance(value, Mapping):
                    value = ", ".join(f"{k}: {v}" for k, v in value.items())
                rows.append((self.words(f"p_{key}"), str(value)))
        cause = found.get("cause")
        if isinstance(cause, Mapping):
            move = (
                f"{state_words(str(cause['origin']), self.lang)} → {state_words(str(cause['destination']), self.lang)}"
            )
            rows.append((self.words("p_cause"), f"{cause['month']}: {move} ({self._cause(cause['cause'])})"))
        person = found.get("first_person")
        if isinstance(person, Mapping):
            states = [state_words(str(person.get(f"{side}_state")), self.lang) for side in ("reference", "scenario")]
            text = (
                f"{person['person']}, {person.get('first_parting', person.get('month', ''))}: {states[0]} / {states[1]}"
            )
            rows.append((self.words("p_person"), text))
        return {"title": self.title(name), "rows": rows}

    def limits(self) -> list[str]:
        """What the page does not show."""
        keys = ["limit_question", "limit_interval", "limit_no_net", "limit_ranking"]
        sentences = ["hidden_levels", "ideal_types", "small_cells", "knowledge_date", "synthetic_persons", "source"]
        return [self.words(key) for key in keys] + [label(f"sentence.{key}", self.lang) for key in sentences]

    def settings(self) -> list[tuple[str, str]]:
        """How to reproduce: ids, seed, versions."""
        about = self.about
        source = label(f"fit.source_{about['draws']}", self.lang)
        out = [
            (self.words("s_comparison"), str(about["comparison_id"])),
            (label("fit.s_replicates", self.lang), str(about["replicates"])),
            (label("fit.s_seed", self.lang), str(about["seed"])),
            (label("fit.s_draws", self.lang), source),
            (label("fit.s_scale", self.lang), number(float(about.get("scale", 1.0)), self.lang, decimals=2)),
        ]
        out += [
            (f"{label('fit.s_run', self.lang)}: {name}", str(run)) for name, run in about.get("run_ids", {}).items()
        ]
        versions = ", ".join(f"{name} {version}" for name, version in about.get("versions", {}).items())
        return [*out, (label("fit.s_versions", self.lang), versions)] if versions else out


def _listed(names: Sequence[str], lang: str) -> str:
    """Names in a row: a, b and c."""
    if len(names) < 2:
        return "".join(names)
    return f"{', '.join(names[:-1])} {'og' if lang == 'nb' else 'and'} {names[-1]}"
