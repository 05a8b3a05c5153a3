"""The cookbook and the glossary, in both languages, made from the levers and from the words for readers.

A recipe for every lever and assumption: what it is, a whole scenario file that sets it, what is expected, who decides,
and the shipped scenarios that set it. Everything comes from the registry; nothing is listed here.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Final

import yaml

from irregsim.present.words import outcome_words
from irregsim.scenario import shipped_scenarios
from irregsim.scenario.levers import GROUPS, REGISTRY, Lever, default_text, group_of, heading, range_text, words
from irregsim.scenario.levers.readers import term
from irregsim.vocabulary.labels import Words as Say
from irregsim.vocabulary.labels import labels

TERMS: Final = Path(__file__).with_name("terms.csv")

_COOKBOOK: Final = {
    "en": """# Cookbook: every lever

A recipe for every lever and every assumption that a scenario can set. Each is a whole file: save it as `my.yaml`,
change country, place, month and value, and compare it with the baseline.

```sh
irregsim validate my.yaml                      # every fault at once, and what the file changes
irregsim compare baseline my.yaml --replicates 20 --scale 0.25 --no-spells
```

Leave out `--scale` for the whole country. Several recipes go into one file: put their lines below the same
`levers:`. Where a value is said with `from`, it is in force from that month on, and what was before stays.
[Scenario files](scenarios.md) says the rest.

This page is made from the declarations of the levers (`python -m docs_tools.pages`).
""",
    "nb": """# Oppskrifter: alle virkemidler

En oppskrift for hvert virkemiddel og hver antakelse som et scenario kan sette. Hver av dem er en hel fil: lagre den
som `my.yaml`, bytt land, sted, måned og verdi, og sammenlign med grunnscenariet.

```sh
irregsim validate my.yaml --lang nb            # alle feil på én gang, og hva filen endrer
irregsim compare baseline my.yaml --replicates 20 --scale 0.25 --no-spells --lang nb
```

Utelat `--scale` for hele landet. Flere oppskrifter kan stå i én fil: sett linjene under samme `levers:`. Står en
verdi med `from`, gjelder den fra og med den måneden, og det som gjaldt før, står. [Scenariofiler](../scenarios.md)
sier resten (på engelsk).

Siden er laget av beskrivelsene av virkemidlene (`python -m docs_tools.pages`).
""",
}

_GLOSSARY: Final = {
    "en": """# Glossary, Norwegian and English

Words of the field as irregsim uses them, and what the Norwegian names of codes mean in English. The tables after the
first are made from the words that pages and tables use.

## Terms
""",
    "nb": """# Ordliste, norsk og engelsk

Fagord slik irregsim bruker dem, og hva navn og koder heter på de to språkene. Tabellene etter den første er laget av
ordene som sider og tabeller bruker.

## Fagord
""",
}

#: Tables of the glossary: the first part of a key, and the heading in each language.
_KINDS: Final[Mapping[str, tuple[str, str]]] = {
    "strategy": ("Ways of getting by", "Måter å klare seg på"),
    "substrategy": ("Forms of a way of getting by", "Former for en måte å klare seg på"),
    "exit": ("Ways out", "Utganger"),
    "decision": ("Decisions", "Vedtak"),
    "route": ("Ways into a stay without permission", "Veier inn i opphold uten tillatelse"),
    "outcome": ("Living conditions, services and enforcement", "Levekår, tjenester og kontroll"),
    "register": ("Registers", "Registre"),
    "grade": ("Grades of evidence", "Grader av belegg"),
    "decider": ("Who decides", "Hvem som avgjør"),
}

_SAYS: Final = {
    "en": ("In the registry", "Shipped scenarios that set it", "code", "Norwegian", "English", "meaning"),
    "nb": (
        "I registeret over virkemidler",
        "Scenarioer som følger med og setter det",
        "kode",
        "norsk",
        "engelsk",
        "betydning",
    ),
}


def stated_levers(path: Path) -> set[str]:
    """Keys of the levers and assumptions that a scenario file states itself, inherited ones left aside."""
    tree = yaml.safe_load(path.read_text(encoding="utf-8"))
    found = set()
    for lever in REGISTRY:
        node = tree.get(lever.section, {})
        *groups, last = lever.key.split(".")
        for group in groups:
            node = node.get(group, {})
        if last in node:
            found.add(lever.key)
    return found


@cache
def _set_by() -> Mapping[str, tuple[str, ...]]:
    """Shipped scenarios that set each lever, by its key; the baseline sets most of them and is left out."""
    stated = {name: stated_levers(path) for name, path in shipped_scenarios().items() if name != "baseline"}
    return {lever.key: tuple(name for name in stated if lever.key in stated[name]) for lever in REGISTRY}


def recipe(lever: Lever) -> str:
    """A whole scenario file that sets one lever as its example does, without a final line break."""
    *groups, last = lever.key.split(".")
    lines = ["schema: 1", f"name: my-{lever.key.replace('.', '-').replace('_', '-')}", "extends: baseline"]
    lines.append(f"{lever.section}:")
    lines += [f"{'  ' * depth}{group}:" for depth, group in enumerate(groups, start=1)]
    lines.append(f"{'  ' * (len(groups) + 1)}{last}: {lever.example}")
    return "\n".join(lines)


def _entry(lever: Lever, lang: str) -> str:
    own, says = words(lever, lang), Say(lang, "lever_says")
    rows = [(says("unit"), own.unit)]
    if lever.options or lever.high > lever.low:
        rows.append((says("values"), range_text(lever, lang)))
    rows.append((says("default"), f"`{default_text(lever, lang)}`"))
    for part in lever.parts:
        need = says("required" if part.required else "optional")
        rows.append((f"`{part.name}`", f"{words(part, lang).meaning.rstrip('.')} ({need})."))
    if lever.moves:
        arrows = ", ".join(f"{_outcome(code, lang)} {term('sign', sign, lang)}" for code, sign in lever.moves.items())
        rows.append((says("moves"), f"{arrows} ({term('basis', lever.basis, lang)})"))
    else:
        rows.append((says("no_direction"), own.no_direction))
    rows += [(says("who_decides"), own.who_decides), (says("source"), lever.source)]
    if shipped := _set_by()[lever.key]:
        rows.append((_SAYS[lang][1], ", ".join(f"`{name}`" for name in shipped)))
    table = "\n".join(f"| {what} | {text.replace('|', chr(92) + '|')} |" for what, text in rows)
    head = f"### {own.name}\n\n{own.meaning}\n\n```yaml\n{recipe(lever)}\n```\n"
    return f"{head}\n| | `{lever.path}` |\n|---|---|\n{table}\n"


def _outcome(code: str, lang: str) -> str:
    """The words for an outcome as levers name it: ``stock:synlig``, or ``detention_days`` for an outcome."""
    return outcome_words(code if ":" in code else f"outcome:{code}", lang)


def cookbook(lang: str) -> str:
    """The page of recipes.

    Args:
        lang: ``en`` or ``nb``.
    """
    out = [_COOKBOOK[lang]]
    for group in GROUPS:
        out.append(f"## {heading(group, lang)[:1].upper()}{heading(group, lang)[1:]}\n")
        out += [_entry(lever, lang) for lever in REGISTRY if group_of(lever) == group]
    return "\n".join(out)


def terms() -> list[dict[str, str]]:
    """Terms of the field: ``en``, ``nb``, ``meaning_en``, ``meaning_nb``."""
    with TERMS.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def glossary(lang: str) -> str:
    """The page of words in both languages.

    Args:
        lang: ``en`` or ``nb``: of headings and meanings, and the language that is first.
    """
    first, second = (lang, "nb" if lang == "en" else "en")
    _, _, code, norwegian, english, meaning = _SAYS[lang]
    names = {"nb": norwegian, "en": english}
    out = [_GLOSSARY[lang], f"| {names[first]} | {names[second]} | {meaning} |", "|---|---|---|"]
    ordered = sorted(terms(), key=lambda row: row[first].lower())
    out += [f"| {row[first]} | {row[second]} | {row[f'meaning_{lang}']} |" for row in ordered]
    for kind, titles in _KINDS.items():
        out += [
            "",
            f"## {titles[0 if lang == 'en' else 1]}",
            "",
            f"| {code} | {names[first]} | {names[second]} |",
            "|---|---|---|",
        ]
        for key, texts in labels().items():
            if key.startswith(f"{kind}."):
                out.append(f"| `{key.partition('.')[2]}` | {texts[first]} | {texts[second]} |")
    return "\n".join(out) + "\n"
