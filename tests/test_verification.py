"""docs/verification.md: its generated parts are of these claims and these targets, and name tests that exist."""

from __future__ import annotations

import re
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest
from packaging.version import Version

from docs_tools import verification
from docs_tools.verification import HEAD, SUMMARY_HEAD, WORST, WORST_HEAD, baseline_part, claims_part, main, replaced
from irregsim import __version__
from irregsim.inference.check.counts import check
from irregsim.inference.targets import targets
from irregsim.model.parameters import parameters
from irregsim.vocabulary.reference import DataError

pytestmark = pytest.mark.once

ROOT = Path(__file__).resolve().parents[1]
DOCUMENT = ROOT / "docs" / "verification.md"
TEXT = DOCUMENT.read_text(encoding="utf-8")
REFRESH = "run `python -m docs_tools.verification docs/verification.md` (with --replicates 0 for the claims alone)"
TARGETS = {one.id: one for one in targets()}


def part(name: str) -> str:
    """What stands between the markers of a generated part."""
    found = re.search(rf"<!-- generated: {name} -->\n(.*?)<!-- end -->", TEXT, re.DOTALL)
    assert found, f"no part {name}"
    return found[1]


def tables(text: str) -> list[tuple[tuple[str, ...], list[tuple[str, ...]]]]:
    """Heads and rows of the Markdown tables in a text."""
    found = []
    for block in re.findall(r"(?:^\|.*\|\n)+", text, re.MULTILINE):
        lines = [tuple(cell.strip() for cell in line.strip("|").split("|")) for line in block.splitlines()]
        found.append((lines[0], lines[2:]))
    return found


def run_of(count: int) -> SimpleNamespace:
    """What `baseline_part` reads of a run, every target's own cell being ``count``."""
    rows = [
        (one.period, replicate, one.register, one.dimension, key, count + replicate)
        for one in targets()
        for key in one.key.split("+")
        for replicate in (0, 1)
    ]
    rows += [("2020-12", replicate, "udi_return_duty_stock", "total", "total", 10 * count) for replicate in (0, 1)]
    columns = ["period", "replicate", "register", "dimension", "key", "count"]
    registers = pd.DataFrame(rows, columns=columns).drop_duplicates(columns[:-1], keep="last")
    scenario = SimpleNamespace(name="baseline", start=36, end=263)
    return SimpleNamespace(registers=registers, scenario=scenario, replicates=2, seed=7)


# -- the document ------------------------------------------------------------------------------------------------------


def test_the_claims_are_those_of_the_tables():
    assert part("claims") == claims_part(), REFRESH


def test_every_target_stands_in_the_document_once_as_it_was_published():
    every = [row for head, rows in tables(part("baseline")) if head == HEAD for row in rows]
    assert sorted(row[0].strip("`") for row in every) == sorted(TARGETS), REFRESH
    for row in every:
        one = TARGETS[row[0].strip("`")]
        assert len(row) == len(HEAD)
        assert row[1] == one.use, REFRESH
        assert float(row[2]) == pytest.approx(one.value, abs=0.5), REFRESH
        given = row[8] in ("50", "90", "no")
        assert given or row[8].startswith("not given: "), row
        assert bool(row[3]) is given


def test_targets_that_a_prior_was_made_from_are_marked():
    marked = {id_ for what in parameters().values() for id_ in what.targets}
    rows = [row for head, rows in tables(part("baseline")) if head == HEAD for row in rows]
    assert {row[0].strip("`") for row in rows if row[9] == "yes"} == marked & TARGETS.keys(), REFRESH
    assert {row[9] for row in rows} == {"yes", ""}


def test_the_summary_adds_up_to_the_targets_and_ten_are_listed_as_farthest():
    found = dict(tables(part("baseline"))[:2])
    summary, farthest = found[SUMMARY_HEAD], found[WORST_HEAD]
    assert sum(int(row[3]) for row in summary) == len(TARGETS)
    assert all(int(row[5]) <= int(row[6]) <= int(row[4]) <= int(row[3]) for row in summary)
    assert len(farthest) == WORST
    assert {TARGETS[row[0].strip("`")].use for row in farthest} <= {"primary", "lower_bound"}


def test_the_run_behind_the_numbers_is_named():
    line = part("baseline").splitlines()[0]
    # A version that changes no number leaves the run as it is: the line names the one that made it.
    made_by = re.match(r"irregsim (\S+), scenario `baseline`, draws `point`", line)
    assert made_by, REFRESH
    assert Version(made_by[1]) <= Version(__version__)
    assert re.search(r"\d+ replicates, seed \d+, population scale 1, years 2012 to 20\d\d; data `[0-9a-f]{12}`", line)
    assert int(re.search(r"(\d+) replicates", line)[1]) >= 10, "too few for an interval of 90 %"


def test_the_tests_it_names_exist():
    named = set(re.findall(r"`(tests/[\w/*.]+\.py)`", TEXT))
    assert len(named) > 20
    assert [path for path in sorted(named) if not list(ROOT.glob(path))] == []


# -- the maker ---------------------------------------------------------------------------------------------------------


def test_a_run_is_written_with_its_settings_and_every_target():
    text = baseline_part(run_of(100))
    assert "2 replicates, seed 7, population scale 1, years 2012 to 2030" in text.splitlines()[0]
    rows = {row[0].strip("`"): row for head, rows in tables(text) if head == HEAD for row in rows}
    assert rows.keys() == TARGETS.keys()
    assert rows["pu_orders/district/Oslo/2019"][2:9] == ("298", "100", "100 to 101", "100 to 101", "0.34", "0.33", "no")
    assert rows["udi_expulsions/ground/straff/2018"][9] == "yes"
    share = rows["udi_return_duty_stock/country/Etiopia+Eritrea+Iran/2020-12"]
    assert share[2:4] == ("52", "30")
    assert "within a quarter" in text
    assert text.count("<details>") == text.count("</details>") == 1


def test_the_reading_counts_what_is_near_and_what_is_far():
    frame = run_of(100).registers
    near = [one for one in targets() if one.use == "primary" and 81 <= one.value <= 120 and ":" not in one.key]
    text = verification.reading(check(frame, near))
    assert f"Of {len(near)} with a ratio, {len(near)} are within a quarter" in text
    far = [one for one in targets() if one.dimension != "country_ground" and one.use == "primary" and one.value >= 1000]
    assert f"{len(far)} are off by a factor of two or more" in verification.reading(check(frame, far))


def test_only_what_needs_no_run_is_written_without_a_run(tmp_path, monkeypatch):
    monkeypatch.setattr(verification, "run", lambda *_, **__: pytest.fail("nothing is to be run"))
    document = tmp_path / "v.md"
    document.write_text(
        "a\n<!-- generated: claims -->\nold\n<!-- end -->\nb\n<!-- generated: baseline -->\nkept\n<!-- end -->\nc\n",
        encoding="utf-8",
    )
    assert main([str(document), "--replicates", "0"]) == 0
    assert document.read_text(encoding="utf-8") == (
        f"a\n<!-- generated: claims -->\n{claims_part()}<!-- end -->\nb\n"
        "<!-- generated: baseline -->\nkept\n<!-- end -->\nc\n"
    )


def test_the_run_goes_between_its_markers(tmp_path, monkeypatch):
    asked = {}

    def run(scenario, **options):
        asked.update(options, scenario=scenario)
        return run_of(50)

    monkeypatch.setattr(verification, "run", run)
    document = tmp_path / "v.md"
    document.write_text(
        "<!-- generated: claims -->\n<!-- end -->\n<!-- generated: baseline -->\n<!-- end -->\nc\n", encoding="utf-8"
    )
    assert main([str(document), "--replicates", "3", "--seed", "5", "--jobs", "1"]) == 0
    assert asked == {"scenario": "baseline", "replicates": 3, "seed": 5, "jobs": 1, "draws": "point"}
    text = document.read_text(encoding="utf-8")
    assert text == replaced(text, "baseline", baseline_part(run_of(50)))
    assert text.endswith("<!-- end -->\nc\n")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("nothing", "must have one marker"),
        ("<!-- generated: claims -->\n<!-- end -->\n" * 2, "must have one marker"),
        ("<!-- generated: claims -->\nno end", "has no <!-- end --> of its own"),
        ("<!-- generated: claims -->\n<!-- generated: baseline -->\n<!-- end -->", "has no <!-- end --> of its own"),
    ],
)
def test_wrong_markers_are_refused_before_the_run(tmp_path, capsys, text, words):
    with pytest.raises(DataError, match=words):
        replaced(text, "claims", "x\n")
    document = tmp_path / "v.md"
    document.write_text(text, encoding="utf-8")
    assert main([str(document)]) == 2
    assert words in capsys.readouterr().err
    assert document.read_text(encoding="utf-8") == text


def test_a_missing_document_and_wrong_numbers_are_wrong_use(tmp_path, capsys):
    assert main([str(tmp_path / "none.md")]) == 2
    assert "none.md" in capsys.readouterr().err
    with pytest.raises(SystemExit) as stopped:
        main([str(DOCUMENT), "--replicates", "-1"])
    assert stopped.value.code == 2
