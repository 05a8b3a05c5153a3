"""Every code a reader may meet has words in both languages, and none of the words is banned."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from matplotlib import rcParams

import irregsim
from irregsim.inference.targets import REGISTERS
from irregsim.model.parameters import GRADES, STATUSES
from irregsim.vocabulary import codes as v
from irregsim.vocabulary.labels import LANGUAGES, label, labels, read_labels
from irregsim.vocabulary.outcomes import OUTCOMES, PANELS
from irregsim.vocabulary.reference import DataError, centres
from irregsim.workshop.live.lives import told_cause

#: Words that judge, alarm or count persons as things. Both lists hold for both languages.
BANNED = re.compile(
    r"illegal|unlawful|unreturnable|\balien|clandestin|bogus|\bflood|\bswarm|\bsurge|\bwaves?\b|\binvasion|\binflux"
    r"|\bburden|\bthreat|\bmenace|\balarm|\bhunt|\bcatch|\bcaught|\bwins?\b|\bwon\b|\bsuccess|\bfailure"
    r"|\bulovlig|papirløs|ureturnerbar|\bflom|\bsverm|\bbølge|invasjon|\btrussel|\bbyrde|\bvinner|\bsuksess|fiasko"
    r"|\bjakt\b|\bfanget\b|\bfremmede\b",
    re.IGNORECASE,
)

#: A key as it stands in code: one of these kinds, a dot, a name.
KEY = r"(axis|cause|exit|legend|origin|outcome|sentence|strategy|term|title|use)\.[a-z_0-9]+"

CODES = [
    *(f"strategy.{s.code}" for s in v.Strategy),
    *(f"strategy_note.{s.code}" for s in v.Strategy),
    *(f"exit.{e.code}" for e in v.Exit),
    *(f"substrategy.{s.code}" for s in v.Substrategy),
    *(f"side.{s.code}" for s in v.Side),
    *(f"route.{r.code}" for r in v.Route),
    *(f"decision.{d.name.lower()}" for d in v.Decision),
    *(f"ground.{g.name.lower()}" for g in v.Ground),
    *(f"feasibility.{f.code}" for f in v.Feasibility),
    *(f"household.{h.name.lower()}" for h in v.Household),
    *(f"origin.{v.state_code(state)}" for state in (v.INFLOW, v.OPENING)),
    *(f"{kind}.{cause}" for kind in ("cause", "reason") for cause in {*v.CAUSES, *map(told_cause, v.CAUSES)}),
    *(f"district.{district}" for district in v.DISTRICTS),
    *(f"city.{city}" for city in (*v.CITIES, v.OTHER_CITY)),
    *(f"centre_kind.{centre.kind}" for centre in centres()),
    *(f"outcome.{outcome.code}" for outcome in OUTCOMES),
    *(f"compare.panel_{panel}" for panel in PANELS),
    *(f"age_group.{group}" for group in ("0-17", "18-66", "67+")),
    *(f"duration.{duration}" for duration in ("<1", "1-5", "5-10", "10-16", "16+")),
    *(f"{kind}.{register}" for kind in ("register", "register_short") for register in REGISTERS),
    *(f"grade.{grade}" for grade in GRADES),
    *(f"status.{status}" for status in STATUSES),
]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_code_has_words(language: str) -> None:
    missing = [code for code in dict.fromkeys(CODES) if code not in labels()]
    assert missing == []
    assert all(label(code, language) for code in CODES)


def test_no_label_is_left_of_a_code_that_is_gone() -> None:
    spaces = ("strategy", "exit", "substrategy", "side", "route", "cause", "reason", "feasibility", "outcome")
    known = set(CODES)
    assert [key for key in labels() if key.split(".")[0] in spaces and key not in known] == []


def test_every_key_written_in_the_code_has_words() -> None:
    keys: set[str] = set()
    for path in Path(next(iter(irregsim.__path__))).rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        if "irregsim.vocabulary.labels import" not in text:
            continue
        constants = [node.value for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Constant)]
        keys |= {c for c in constants if isinstance(c, str) and re.fullmatch(KEY, c)}
    # Matplotlib's settings are written the same way.
    assert keys - set(labels()) - set(rcParams) == set()


#: Where the pages and pictures of the workshop ask for words by a short key, and the kind of label it is of.
SHORT_KEYS = {
    "page": ("workshop/browser/*.py",),
    "live": ("workshop/pictures/*.py",),
    "workshop": (
        "workshop/handouts.py",
        "workshop/sliders.py",
        "present/pages/sliders.html",
        "present/pages/workshop.html",
        "present/pages/handouts.html",
        "present/pages/teacher.html",
    ),
}

#: Kinds whose short keys also stand elsewhere, as whole keys.
WHOLE_KEYS = re.compile(r"""label\(f?["'](page|live|workshop)\.([a-z0-9_{}.]+)["']""")


def asked_for(kind: str) -> set[str]:
    """Short keys of a kind in the code, with .+ where a key is put together."""
    root = Path(next(iter(irregsim.__path__)))
    found: set[str] = set()
    for pattern in SHORT_KEYS[kind]:
        for path in root.glob(pattern):
            text = path.read_text(encoding="utf-8")
            keys = re.findall(r"""\b(?:say|words)\(\s*f?["']([a-z0-9_{}.]+)["']""", text)
            found |= {key for key in keys if "." not in re.sub(r"{[^}]*}", "", key)}
            # A key that is chosen among several.
            found |= set(re.findall(r"""\b(?:say|words)\("[a-z_]+" if .+? else "([a-z_]+)"[,)]""", text))
    for path in root.rglob("*.py"):
        found |= {key for one, key in WHOLE_KEYS.findall(path.read_text(encoding="utf-8")) if one == kind}
    return {re.sub(r"{[^}]*}", ".+", key) for key in found}


@pytest.mark.parametrize("kind", SHORT_KEYS)
def test_every_short_key_has_words(kind: str) -> None:
    known = [key.partition(".")[2] for key in labels() if key.startswith(f"{kind}.")]
    asked = asked_for(kind)
    assert len(asked) > 5
    assert [key for key in sorted(asked) if not any(re.fullmatch(key, one) for one in known)] == []


@pytest.mark.parametrize("kind", SHORT_KEYS)
def test_no_short_key_is_left_that_nothing_asks_for(kind: str) -> None:
    root = Path(next(iter(irregsim.__path__)))
    code = "".join(path.read_text(encoding="utf-8") for path in root.rglob("*.py"))
    asked = asked_for(kind) - {".+"}
    known = [key.partition(".")[2] for key in labels() if key.startswith(f"{kind}.")]
    left = [key for key in known if not any(re.fullmatch(one, key) for one in asked)]
    # What is wrong, signs and Mesa's words are handed on as codes; some keys are written whole.
    ways = ('"{key}"', "{kind}.{key}'", '{kind}.{key}"')
    spoken = {key for key in left for way in ways if way.format(kind=kind, key=key) in code}
    spoken |= {key for key in left if key.startswith("mesa_") and f'"{key.removeprefix("mesa_")}"' in code}
    assert [key for key in left if key not in spoken] == []


def test_what_is_put_into_words_is_the_same_in_both_languages() -> None:
    def places(text: str) -> list[str]:
        return sorted(re.findall(r"{[a-z_]*}", text))

    assert [key for key, texts in labels().items() if places(texts["nb"]) != places(texts["en"])] == []


def test_no_banned_word_in_any_label() -> None:
    found = [(key, text) for key, texts in labels().items() for text in texts.values() if BANNED.search(text)]
    assert found == []


@pytest.mark.parametrize(
    "text",
    [
        "illegal migrants",
        "Ulovlige innvandrere",
        "papirløse",
        "unreturnable",
        "a wave of arrivals",
        "en trussel",
    ],
)
def test_the_ban_sees_what_it_is_for(text: str) -> None:
    assert BANNED.search(text)


@pytest.mark.parametrize("language", LANGUAGES)
def test_strategies_are_in_quotation_marks(language: str) -> None:
    for strategy in v.Strategy:
        assert re.match({"nb": r"«.+»", "en": r"“.+”"}[language], label(f"strategy.{strategy.code}", language))


def test_strategies_are_named_as_in_the_specification() -> None:
    assert [label(f"strategy.{s.code}", "en") for s in v.Strategy] == [
        "“visible” (in reception centre)",
        "“supported by others”",
        "“informally working”",
        "“marginalised livelihoods”",
        "“in free fall”",
    ]


@pytest.mark.parametrize("space", ["strategy", "exit", "outcome", "feasibility", "district", "register"])
@pytest.mark.parametrize("language", LANGUAGES)
def test_labels_of_one_kind_are_told_apart(space: str, language: str) -> None:
    texts = [label(key, language) for key in labels() if key.startswith(f"{space}.")]
    assert len(texts) == len(set(texts)) > 3


def test_the_sentence_about_hidden_levels_says_what_must_be_said() -> None:
    english, norwegian = (label("sentence.hidden_levels", lang) for lang in ("en", "nb"))
    assert "assumptions" in english
    assert "no estimate" in english
    assert "antakelser" in norwegian
    assert "ikke noe anslag" in norwegian
    assert label("term.population", "en") == "persons without legal stay"
    assert label("feasibility.none", "en") == "forced return not possible"
    assert "synthetic" in label("sentence.synthetic_persons", "en")


def test_an_unknown_key_is_refused_with_the_nearest() -> None:
    with pytest.raises(KeyError, match=r"no label 'strategy.synlige'.*did you mean strategy.synlig"):
        label("strategy.synlige")


def test_an_unknown_language_is_refused() -> None:
    with pytest.raises(KeyError, match="no language 'nn'; there are nb, en"):
        label("strategy.synlig", "nn")


def test_faults_of_the_table_come_all_at_once() -> None:
    rows = [
        {"key": "a", "nb": "x", "en": "y"},
        {"key": "a", "nb": "x", "en": "y"},
        {"key": "b", "nb": " ", "en": "y"},
        {"key": "c", "nb": "x", "en": ""},
        {"key": "d", "nb": "x"},
    ]
    others = [{"key": "b", "nb": "x", "en": "y"}, {"key": "e", "nb": "x", "en": "y", "nn": "z"}]
    with pytest.raises(DataError) as caught:
        read_labels({"labels.csv": rows, "labels_levers.csv": others})
    assert str(caught.value).splitlines() == [
        "labels.csv:3: duplicate a",
        "labels.csv:4: b has no text in nb",
        "labels.csv:5: c has no text in en",
        "labels.csv:6: expected the columns key,nb,en",
        "labels_levers.csv:2: duplicate b",
        "labels_levers.csv:3: expected the columns key,nb,en",
    ]
