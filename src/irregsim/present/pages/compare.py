"""Content of the report of a comparison: words and numbers from its tables, ready for the template.

`render_report` takes tables by name and ``about``, a mapping with these keys (those marked * may be missing):

- ``comparison_id``, ``command``, ``seed``, ``replicates``, ``scale``, ``draws`` (``posterior``, ``prior``, ``point``);
- ``lang``*: one of `LANGUAGES`; ``en`` if left out;
- ``reference`` and ``scenarios``: names; ``titles``*: name to ``{nb, en}``; ``descriptions``*: name to text;
- ``period``: first and last month; ``fit_period``*: first and last month of the calibration period;
- ``assumed``: months from which what is shown rests on assumptions in part, and alone (`assumed_from`);
- ``as_known``: states of knowledge of what is shown;
- ``first_effective``: scenario to month; ``run_ids``*: name to id; ``versions``*: name to version;
- ``levers``: scenario to rows of ``key``, ``from``, ``to``, ``reference``, ``value`` (as ``irregsim diff``);
- ``proof``: as ``proof.json``;
- ``sweep``*: settings and values of a sweep (`irregsim.study.comparison.sweeps.Design.to_mapping`);
- ``expects``*: scenario to outcomes that it says it moves; ``yaml``*: name to the text of its file; ``date``*: when;
- ``cities``*: cities that get a fact sheet; ``caveat``*: key of the sentence for draws that are not calibrated;
- ``pictures``*: from `irregsim.present.plots.compare.draw_all`.

Levels of the hidden population are never on the page, only changes, shares and an index; small counts are rounded.
"""

from __future__ import annotations

import base64
import hashlib
import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from markupsafe import Markup

from irregsim import __version__
from irregsim.present.pages import compare_tables as tables
from irregsim.present.pages import render
from irregsim.present.pages.compare_facts import Facts, Rows
from irregsim.present.pages.compare_first import first_screen
from irregsim.present.pages.compare_script import SCRIPT
from irregsim.present.pages.compare_twins import twins
from irregsim.present.plots.compare import SLIDES
from irregsim.present.plots.style import assumption_sentence
from irregsim.present.words import certainty_of, is_very_little, outcome_words, share_of
from irregsim.study.comparison import verdicts
from irregsim.vocabulary.labels import label
from irregsim.vocabulary.numbers import listed, number, percent
from irregsim.vocabulary.outcomes import first_then_others

if TYPE_CHECKING:
    import pandas as pd

#: Order of the sections of pictures and tables; others that a picture or a table names come last.
SECTIONS: Final = (
    "effects",
    "displacement",
    "responses",
    "measured",
    "cities",
    "groups",
    "lives",
    "evidence",
    "costs",
)

#: Sections that are printed; all others are folded, to be opened by whoever wants them.
OPEN: Final = ("effects", "displacement", "measured")

#: Sections of pictures that have a place of their own, and one that is not on the page.
_APART: Final = ("first", "figures", "twins", SLIDES)


def render_report(frames: Mapping[str, pd.DataFrame], about: Mapping[str, Any]) -> str:
    """The report of a comparison, as one HTML file that loads nothing from elsewhere.

    Args:
        frames: Tables of the comparison folder by name; parts of the page without a table are left out.
        about: What the comparison is about; keys above.

    Returns:
        The page.
    """
    page = _Page(frames, about)
    lang = page.lang
    sections = [one for one in map(page.section, page.sections()) if one is not None]
    lives, cities = twins(page), [tables.city(page, name) for name in about.get("cities", ())]
    contents = [("findings", page.words("h_findings"))]
    contents += [(one["id"], one["name"]) for one in sections if one["is_open"]]
    contents += [(f"city-{one['name']}", page.words("h_city", name=one["name"])) for one in cities]
    contents += [(name, page.words(f"h_{name}")) for name in ("limits", "again", "figures")]
    contents += [(one["id"], one["name"]) for one in sections if not one["is_open"]]
    contents += [("twins", page.words("h_twins"))] if lives else []
    contents += [("hidden-levels", page.words("h_levels"))] if about.get("show_levels") else []
    contents += [(name, page.words(f"h_{name}")) for name in ("levers", "proof")]
    names = [page.words("quoted", name=page.title(name)) for name in page.scenarios]
    digest = hashlib.sha256(SCRIPT.encode()).digest()
    return render(
        "compare.html",
        lang,
        version=__version__,
        title=page.words("title", names=listed(names, lang)),
        first=first_screen(page),
        contents=contents,
        scenarios=[page.scenario(name) for name in page.scenarios],
        of_figures=page.pictures("figures", ""),
        sections=sections,
        twins=lives,
        twin_plots=page.pictures("twins", ""),
        levels=tables.levels(page) if about.get("show_levels") else [],
        cities=cities,
        levers=[tables.levers(page, name) for name in page.scenarios],
        proof=[tables.proof(page, name) for name in page.scenarios],
        limits=page.limits(),
        command=about["command"],
        cite=page.cite(),
        yaml=list(about.get("yaml", {}).items()),
        descriptions=[
            str(about.get("descriptions", {})[s]) for s in page.scenarios if about.get("descriptions", {}).get(s)
        ],
        settings=page.settings(),
        script=Markup(SCRIPT),
        script_hash=f"sha256-{base64.b64encode(digest).decode('ascii')}",
    )


class _Page(Facts):
    """Parts of the page that need more than one table."""

    def scenario(self, name: str) -> dict[str, Any]:
        """Findings in plain words, and the table of key figures."""
        rows = self.rows("key_figures", name)
        by: dict[str, list[dict[str, Any]]] = {certainty: [] for certainty in verdicts.CERTAINTIES}
        for row in rows:
            by[certainty_of(row)].append(row)
        untold = []
        for certainty, key in ((verdicts.UNCLEAR, "untold"), (verdicts.SAME, "same")):
            names = [outcome_words(str(row["outcome"]), self.lang) for row in by[certainty]]
            untold += [self.words(key, names=listed(names, self.lang))] if names else []
        return {
            "title": self.title(name),
            "findings": [self.finding(row) for row in (*by[verdicts.CLEAR], *by[verdicts.PROBABLE])],
            "untold": [*untold, *self.by_chance(rows)],
            "figures": tables.figures(self, name, rows),
        }

    def finding(self, row: Mapping[str, Any]) -> str:
        """A finding as a sentence: what, which way, how much, when, and how sure."""
        return self.words(
            f"finding_{certainty_of(row)}_{row['verdict']}",
            outcome=self.outcome(str(row["outcome"])),
            effect=self.amount(row),
            relative=self._relative(row),
            how=self.how(row),
            since=row["since"],
            to=row["to"],
            per_year=self.words("a_year", effect=per_year) if (per_year := self.a_year(row)) else "",
            share=percent(share_of(row), self.lang),
            little=verdicts.but_little(is_very_little(row), self.lang),
        )

    def by_chance(self, rows: Rows) -> list[str]:
        """How many of the outcomes looked at would seem to change by chance alone; nothing where none differs."""
        found = verdicts.by_chance([certainty_of(row) for row in rows], [self.replicates(row) for row in rows])
        if not found.looked_at:
            return []
        clear, told = (number(math.ceil(10.0 * n) / 10.0, self.lang, decimals=1) for n in (found.clear, found.told))
        return [self.words("by_chance", number=number(found.looked_at, self.lang), clear=clear, told=told)]

    def _relative(self, row: Mapping[str, Any]) -> str:
        text = "" if str(row["outcome"]).startswith("index:") else self.percent_of(row)
        return self.words("relative", percent=text) if text else ""

    def sections(self) -> tuple[str, ...]:
        """Names of the sections of pictures and tables, in the order of the page."""
        named = [str(one["section"]) for one in self.about.get("pictures", ())]
        named += tables.sections()
        return first_then_others(SECTIONS, tuple(dict.fromkeys(name for name in named if name not in _APART)))

    def section(self, name: str) -> dict[str, Any] | None:
        """A section of pictures and tables; None where no scenario has any."""
        parts = []
        for scenario in self.scenarios:
            plots = self.pictures(name, scenario)
            made = tables.of_section(self, name, scenario)
            if plots or made:
                parts.append({"title": self.title(scenario), "plots": plots, "tables": made})
        of_all = self.pictures(name, "")
        if not parts and not of_all:
            return None
        return {
            "id": name,
            "name": self.words(f"h_{name}"),
            "note": self.words(f"note_{name}"),
            "plots": of_all,
            "parts": parts,
            "has_tables": any(part["tables"] for part in parts),
            "is_open": name in OPEN,
        }

    def cite(self) -> str:
        """How the comparison is cited."""
        about = self.about
        return self.words(
            "cite",
            names=listed([self.words("quoted", name=self.title(name)) for name in self.scenarios], self.lang),
            id=about["comparison_id"],
            date=about.get("date", ""),
            version=about.get("versions", {}).get("irregsim", __version__),
            replicates=number(float(about["replicates"]), self.lang),
        )

    def limits(self) -> list[str]:
        """What the page does not show."""
        keys = ["limit_question", "limit_interval", "limit_no_net", "limit_ranking"]
        sentences = ["hidden_levels", "ideal_types", "small_cells", "knowledge_date", "synthetic_persons", "source"]
        month = ", ".join(self.about["as_known"])
        told = [label(f"sentence.{key}", self.lang).replace("{month}", month) for key in sentences]
        told.append(assumption_sentence((str(self.about["assumed"][0]), str(self.about["assumed"][1])), self.lang))
        return [self.words(key) for key in keys] + told

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
