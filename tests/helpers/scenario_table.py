"""The tables of scenarios/README.md, docs/scenarios.md and docs/data.md, made from scenarios, registry and facts.

Write them anew after a change of a scenario, of the claims that a lever names, or of how a claim is left out:
``PYTHONPATH=src:tests python -m helpers.scenario_table``
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from docs_tools.cookbook import stated_levers
from irregsim.model.claims import claims, excused, neutral
from irregsim.scenario import DECIDERS, load_scenario, shipped_scenarios
from irregsim.scenario.levers import REGISTRY
from irregsim.vocabulary.codes import month_text
from irregsim.vocabulary.knowledge import facts
from irregsim.vocabulary.labels import label

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Exercised:
    """What puts a claim of the report to use.

    Attributes:
        expected_by: Shipped scenarios that expect an outcome through it.
        set_by: Other shipped scenarios that set a lever naming it.
        levers: Keys of the levers and assumptions that name it.
        is_left_out: Whether ``--without`` can leave it out.
    """

    expected_by: tuple[str, ...]
    set_by: tuple[str, ...]
    levers: tuple[str, ...]
    is_left_out: bool


@cache
def exercised() -> dict[str, Exercised]:
    """What puts each claim of the report to use, by id; the baseline is the reference and counts nowhere."""
    children = {name: path for name, path in shipped_scenarios().items() if name != "baseline"}
    named = {name: {id_ for e in load_scenario(name).expects for id_ in e.mechanisms} for name in children}
    stated = {name: stated_levers(path) for name, path in children.items()}
    out = {}
    for id_ in claims():
        levers = tuple(lever.key for lever in REGISTRY if id_ in lever.mechanisms)
        expected_by = tuple(name for name in children if id_ in named[name])
        set_by = tuple(name for name in children if name not in expected_by and stated[name] & set(levers))
        out[id_] = Exercised(expected_by, set_by, levers, id_ in neutral())
    return out


def table() -> str:
    """The scenarios grouped by the decider named first, as Markdown."""
    loaded = [load_scenario(name) for name in shipped_scenarios()]
    lines = []
    for decider in ("", *DECIDERS):
        rows = [one for one in loaded if (one.decides[0] if one.decides else "") == decider]
        if not rows:
            continue
        heading = label(f"decider.{decider}" if decider else "listing.reference")
        lines += ["", f"### {heading}", "", "| scenario | what it is | på norsk | decides |", "|---|---|---|---|"]
        for one in rows:
            title = {lang: text.replace("|", "\\|") for lang, text in one.title.items()}
            lines.append(f"| `{one.name}` | {title['en']} | {title['nb']} | {', '.join(one.decides) or '-'} |")
    return "\n".join(lines[1:]) + "\n"


def claims_table() -> str:
    """The claims of the report with the scenarios and levers that put them to use, as Markdown."""
    found = exercised()
    without_scenario = {id_: one for id_, one in found.items() if not one.expected_by and not one.set_by}
    by_option = sum(one.is_left_out for one in without_scenario.values())
    counts = [
        ("an outcome of a scenario is expected through it", sum(bool(one.expected_by) for one in found.values())),
        ("only a lever that names it is set by a scenario", sum(_only_set(one) for one in found.values())),
        ("no scenario; `--without` leaves it out", by_option),
        ("no scenario, and it cannot be left out", len(without_scenario) - by_option),
        ("all", len(found)),
    ]
    lines = ["| claims | how many |", "|---|---|", *(f"| {what} | {count} |" for what, count in counts)]
    lines += [
        "",
        "| id | claim | outcome expected through it by | lever set by | levers that name it | otherwise |",
        "|---|---|---|---|---|---|",
    ]
    for id_, one in found.items():
        other = _otherwise(id_) if id_ in without_scenario else ""
        cells = [id_, claims()[id_], *(_code(names) for names in (one.expected_by, one.set_by, one.levers)), other]
        lines.append(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |")
    return "\n".join(lines) + "\n"


def _only_set(one: Exercised) -> bool:
    return bool(one.set_by) and not one.expected_by


def _otherwise(id_: str) -> str:
    if id_ in neutral():
        return f"`--without {id_}`"
    assert id_ in excused(), f"{id_} can neither be left out nor is it excused"
    return "[cannot be left out](odd.md#12-leaving-a-claim-out)"


def _code(names: tuple[str, ...]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def facts_table() -> str:
    """Every dated fact: what happened, whether it is documented, and how the model takes it."""
    lines = ["| id | months | fact | status | effect | changes | grade | how |", "|---|---|---|---|---|---|---|---|"]
    for fact in facts().values():
        span = month_text(fact.start) + (" on" if fact.end is None else f" to {month_text(fact.end)}")
        target = f"`{fact.target}`" if fact.target else ""
        cells = (fact.id, span, fact.text, fact.status, fact.effect, target, fact.grade, fact.note)
        lines.append("| " + " | ".join(cell.replace("|", "/") for cell in cells) + " |")
    return "\n".join(lines) + "\n"


@dataclass(frozen=True)
class Generated:
    """A table between two marks of a document.

    Attributes:
        document: The file.
        name: Of the table, in its marks.
        make: Makes the table.
    """

    document: Path
    name: str
    make: Callable[[], str]

    @property
    def marks(self) -> tuple[str, str]:
        """Lines before and after the table."""
        return f"<!-- table of {self.name}: begin -->", f"<!-- table of {self.name}: end -->"

    def as_it_stands(self) -> str:
        """The table that the document has now."""
        begin, end = self.marks
        text = self.document.read_text(encoding="utf-8")
        return text[text.index(begin) + len(begin) : text.index(end)].strip("\n") + "\n"

    def refresh(self) -> None:
        """Writes the table into the document."""
        begin, end = self.marks
        text = self.document.read_text(encoding="utf-8")
        before, after = text[: text.index(begin) + len(begin)], text[text.index(end) :]
        self.document.write_text(f"{before}\n{self.make()}{after}", encoding="utf-8")


TABLES = (
    Generated(ROOT / "scenarios" / "README.md", "scenarios", table),
    Generated(ROOT / "docs" / "scenarios.md", "claims", claims_table),
    Generated(ROOT / "docs" / "data.md", "facts", facts_table),
)


if __name__ == "__main__":
    for generated in TABLES:
        generated.refresh()
