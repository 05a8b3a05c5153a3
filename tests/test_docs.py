"""The documents agree with the code, and their links lead somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from docs_tools import odd
from irregsim.model.month import MONTH
from irregsim.model.parameters import parameters
from irregsim.model.population import COLUMNS
from irregsim.model.registers import REGISTERS
from irregsim.vocabulary.reference import DataError

ROOT = Path(__file__).resolve().parents[1]
DOCUMENT = ROOT / "docs" / "odd.md"
DOCUMENTS = (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")))
REFRESH = "run `python -m docs_tools.odd docs/odd.md` and look at what changed"

LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
FENCE = re.compile(r"^```.*?^```", re.DOTALL | re.MULTILINE)


def anchors(text: str) -> set[str]:
    """Anchors that GitHub makes of the headings of a document."""
    headings = re.findall(r"^#+ (.+)$", FENCE.sub("", text), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def broken_links(document: Path) -> list[str]:
    """Links of a document to files or headings that do not exist."""
    text = document.read_text(encoding="utf-8")
    broken = []
    for link in LINK.findall(FENCE.sub("", text)):
        if "://" in link or link.startswith("mailto:"):
            continue
        path, _, anchor = link.partition("#")
        target = document.parent / path if path else document
        if not target.exists() or (anchor and anchor not in anchors(target.read_text(encoding="utf-8"))):
            broken.append(link)
    return broken


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_relative_links_lead_somewhere(document):
    assert broken_links(document) == []


def test_a_broken_link_is_found(tmp_path):
    document = tmp_path / "a.md"
    text = "# One here\n[x](a.md) [y](#one-here) [z](https://example.org/nowhere) [p](b.md) [q](a.md#two)\n"
    document.write_text(text + "```\n[code](c.md)\n```\n", encoding="utf-8")
    assert broken_links(document) == ["b.md", "a.md#two"]


def test_the_generated_parts_agree_with_the_code():
    text = DOCUMENT.read_text(encoding="utf-8")
    assert odd.refreshed(text) == text, REFRESH


def test_every_table_stands_in_the_document_once():
    names = re.findall(r"<!-- generated: ([a-z-]+) -->", DOCUMENT.read_text(encoding="utf-8"))
    assert sorted(names) == sorted(odd.TABLES)


def test_refreshing_writes_only_between_the_markers(tmp_path):
    copy = tmp_path / "odd.md"
    copy.write_text("before\n<!-- generated: registers -->\nstale\n<!-- end -->\nafter\n", encoding="utf-8")
    assert odd.main([str(copy)]) == 0
    table = odd.registers_table()
    assert copy.read_text(encoding="utf-8") == f"before\n<!-- generated: registers -->\n{table}<!-- end -->\nafter\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("<!-- generated: nothing-like-it -->\n<!-- end -->\n", "no table is called 'nothing-like-it'"),
        ("<!-- generated: parts -->\n| a |\n", "marker without its partner: <!-- generated: parts -->"),
        ("| a |\n<!-- end -->\n", "marker without its partner: <!-- end -->"),
        (
            "<!-- generated: parts -->\n<!-- generated: rules -->\n<!-- end -->\n",
            "marker without its partner: <!-- generated: rules -->",
        ),
    ],
)
def test_wrong_markers_are_refused(tmp_path, capsys, text, message):
    copy = tmp_path / "odd.md"
    copy.write_text(text, encoding="utf-8")
    assert odd.main([str(copy)]) == 2
    assert message in capsys.readouterr().err
    assert copy.read_text(encoding="utf-8") == text


@pytest.mark.parametrize("arguments", [[], ["one.md", "two.md"], ["no-such-file.md"]])
def test_wrong_use_ends_with_two(capsys, arguments):
    assert odd.main(arguments) == 2
    assert "docs/odd.md" in capsys.readouterr().err


def test_every_claim_is_modelled_or_listed_with_a_reason():
    assert len(odd.claims()) == 117
    assert [id_ for id_ in odd.claims() if not odd.state_of(id_)] == []


def test_rules_name_claims_that_exist():
    named = {id_ for part in MONTH for rule in part.rules for id_ in rule.mechanisms}
    named |= set(odd.named_in_docstrings())
    assert named - set(odd.claims()) == set()


def test_open_claims_are_checked(monkeypatch):
    rows = [{"id": "M199", "reason": "x"}, {"id": "M001", "reason": " "}]
    real = odd.read_table
    monkeypatch.setattr(odd, "read_table", lambda name: rows if name == odd.OPEN_FILE else real(name))
    with pytest.raises(DataError) as error:
        odd.open_claims()
    faults = str(error.value).splitlines()
    assert [fault.split(": ")[1] for fault in faults] == [
        "M199 is no claim of mechanisms.csv",
        "M001 has no reason",
        "ids must rise, each once",
    ]


def test_a_claim_that_nothing_names_is_seen(monkeypatch):
    real = odd.claims()
    monkeypatch.setattr(odd, "claims", lambda: {**real, "M199": "a claim"})
    assert odd.state_of("M199") == ""
    monkeypatch.setattr(odd, "open_claims", lambda: {"M199": "why"})
    assert odd.state_of("M199") == "not yet"


def test_a_range_of_claims_names_all_of_them():
    assert odd.claims_in("M001, M013-M016 and M2 or XM003") == {"M001", "M013", "M014", "M015", "M016"}


def test_the_document_tells_every_column_part_and_register():
    text = odd._BLOCK.sub("", DOCUMENT.read_text(encoding="utf-8"))
    names = (*COLUMNS, *(part.name for part in MONTH), *(register.name for register in REGISTERS))
    assert [name for name in names if f"`{name}`" not in text] == []


def test_the_document_names_only_parameters_that_exist():
    text = odd._BLOCK.sub("", DOCUMENT.read_text(encoding="utf-8"))
    endings = "share|hazard|ratio|utility|months|nok|slope|sd|mean|median|trend|persons|places|overdispersion"
    named = set(re.findall(rf"`([a-z][a-z0-9_]*_(?:{endings}))`", text))
    assert len(named) > 15
    assert named - set(parameters()) - set(COLUMNS) == set()
