"""The table of scenarios/README.md, made from the scenario files.

Write it anew after a change of a scenario: ``PYTHONPATH=src:tests python -m helpers.scenario_table``
"""

from __future__ import annotations

from pathlib import Path

from irregsim.scenario import DECIDERS, load_scenario, shipped_scenarios

README = Path(__file__).resolve().parents[2] / "scenarios" / "README.md"
BEGIN, END = "<!-- table of scenarios: begin -->", "<!-- table of scenarios: end -->"


def table() -> str:
    """The scenarios grouped by the decider named first, as Markdown."""
    loaded = [load_scenario(name) for name in shipped_scenarios()]
    lines = []
    for decider, heading in {"": {"en": "Reference"}, **DECIDERS}.items():
        rows = [one for one in loaded if (one.decides[0] if one.decides else "") == decider]
        if not rows:
            continue
        lines += ["", f"### {heading['en']}", "", "| scenario | what it is | på norsk | decides |", "|---|---|---|---|"]
        for one in rows:
            title = {lang: text.replace("|", "\\|") for lang, text in one.title.items()}
            lines.append(f"| `{one.name}` | {title['en']} | {title['nb']} | {', '.join(one.decides) or '-'} |")
    return "\n".join(lines[1:]) + "\n"


def in_readme() -> str:
    """The table as it stands in the README."""
    text = README.read_text(encoding="utf-8")
    return text[text.index(BEGIN) + len(BEGIN) : text.index(END)].strip("\n") + "\n"


def refresh() -> None:
    """Writes the table into the README."""
    text = README.read_text(encoding="utf-8")
    before, after = text[: text.index(BEGIN) + len(BEGIN)], text[text.index(END) :]
    README.write_text(f"{before}\n{table()}{after}", encoding="utf-8")


if __name__ == "__main__":
    refresh()
